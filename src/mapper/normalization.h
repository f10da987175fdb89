// What other families take of the normalisations.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// The type that statistics and parameters of a norm have: Paddle keeps them in float32 beside a float16 x.
DType parameter_dtype(DType dtype);

// A parameter [K] in the shape of x's axes from `first` on, which have K elements; nothing of nothing.
Value shaped_as_axes(Builder& g, Value parameter, Value x, int64_t first);

}  // namespace paddle2onnx
