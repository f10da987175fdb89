// Special functions that mappers of several families compute with.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// x such that erf(x) is y, of floats, to 7 digits. y = ±1 gives ±∞, beyond them is NaN.
Value inverse_erf(Builder& g, Value y);

}  // namespace paddle2onnx
