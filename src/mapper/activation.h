// What other families take of the activations.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// x · Φ(x), exact: Gelu from opset 20, by Erf below.
Value exact_gelu(Builder& g, Value x);

// The same with Φ by tanh (Hendrycks and Gimpel, arXiv:1606.08415).
Value tanh_gelu(Builder& g, Value x);

}  // namespace paddle2onnx
