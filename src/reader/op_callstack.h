// The attribute op_callstack: Python's stack where an operator was made.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace paddle2onnx {

// "net.py:12 (forward)": the innermost frame that is the user's, not one of the paddle package; empty if there is none.
// The attribute alternates `  File "net.py", line 12, in forward` and the line's text.
std::string user_source(std::span<const std::string_view> callstack);

}  // namespace paddle2onnx
