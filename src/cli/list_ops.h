// `paddle2onnx list-ops`: what the converter makes of each of Paddle's operators.
#pragma once

#include <string>

namespace paddle2onnx::cli {

std::string operators_as_text();
std::string operators_as_json();
std::string operators_as_markdown();  // docs/operators.md

}  // namespace paddle2onnx::cli
