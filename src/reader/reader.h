// From bytes to a Program: finds the files of a model, tells their format by content and parses them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "program/program.h"

namespace paddle2onnx {

struct LoadedModel {
  Program program;
  std::string model_file;
  std::string params_file;  // empty for a model without weights, a folder where each weight has a file
  std::vector<Diagnostic> warnings;
};

// Every error names the file. Weights of the program are views of mapped files that the tensors keep alive; where the
// source is in memory, its bytes must outlive the program.
Result<LoadedModel> load_model(const ModelSource& source);

}  // namespace paddle2onnx
