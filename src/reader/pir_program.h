// Reads the JSON of a PIR program (inference.json of Paddle 3).
#pragma once

#include <cstddef>
#include <span>

#include "reader/parsed_program.h"

namespace paddle2onnx {

// Builtin operators on lists of values (combine, split, slice) dissolve into operands and results that are lists. Fails
// with kMalformedProgram or kFormatNotSupported; the message doesn't name the file. A version of the format that is not
// known is a warning only.
Result<ParsedProgram> parse_pir_program(std::span<const std::byte> bytes);

// Whether the bytes start like a PIR program.
bool looks_like_pir_program(std::span<const std::byte> bytes);

}  // namespace paddle2onnx
