// What becomes of each operator of Paddle: the registry, and the reasons for what is not in it.
#pragma once

#include <string_view>

namespace paddle2onnx {

// Why an operator, by its name in a file of either format or in this project's vocabulary, has no mapper; empty if
// nobody has said so.
std::string_view reason_without_mapper(std::string_view op);

}  // namespace paddle2onnx
