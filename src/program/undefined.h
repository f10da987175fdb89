// Variables that one way through a program leaves undefined.
#pragma once

namespace paddle2onnx {

// What Paddle's Python (RETURN_NO_VALUE_MAGIC_NUM of paddle/jit/dy2static) and the reader here write to a variable that
// has no value yet, as a float32 of one element whatever the variable's type: it says nothing on what comes later.
constexpr float kUndefined = 1.77113e+27F;

}  // namespace paddle2onnx
