// Reads the ProgramDesc message of a .pdmodel or __model__ file.
#pragma once

#include <cstddef>
#include <span>

#include "reader/parsed_program.h"

namespace paddle2onnx {

// Fails with kMalformedProgram, or kUnsupportedDType. The message doesn't name the file.
Result<ParsedProgram> parse_program_desc(std::span<const std::byte> bytes);

// Whether the bytes parse as the start of a ProgramDesc (field 1, a BlockDesc).
bool looks_like_program_desc(std::span<const std::byte> bytes);

}  // namespace paddle2onnx
