// The command line: Paddle2ONNX's flags, and what this version makes of them.
#pragma once

#include <string>
#include <vector>

#include "paddle2onnx/paddle2onnx.h"

namespace paddle2onnx::cli {

struct CommandLine {
  ModelSource source;
  Options options;
  std::string save_file;
  bool verbose = false;
  bool quiet = false;

  // Set where the command ends at once: help, version, or a usage error.
  bool finished = false;
  int exit_code = 0;
  std::string output;  // for standard output
  std::vector<Diagnostic> errors;
};

// `arguments` without the program's name.
CommandLine parse(std::vector<std::string> arguments);

}  // namespace paddle2onnx::cli
