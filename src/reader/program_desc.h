// Reads the ProgramDesc message of a .pdmodel or __model__ file.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "program/program.h"

namespace paddle2onnx {

struct ParsedProgram {
  Program program;
  std::vector<ValueId> parameters;  // persistable tensors, still without data
};

// Fails with kMalformedProgram, or kUnsupportedDType. The message doesn't name the file.
Result<ParsedProgram> parse_program_desc(std::span<const std::byte> bytes);

// Whether the bytes parse as the start of a ProgramDesc (field 1, a BlockDesc).
bool looks_like_program_desc(std::span<const std::byte> bytes);

}  // namespace paddle2onnx
