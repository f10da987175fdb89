// What other families take of the weights of 8 and 4 bits.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// The matrices [k, n] of several layers in a type, [layers, k, n]. `stored` has the bytes of weight_quantize for the
// architectures from 75 on under the dimensions [layers, k, n · bits / 8]; scale is [layers, n].
Value stacked_matrices(OpContext& op, Value stored, int64_t bits, Value scale, DType dtype);

}  // namespace paddle2onnx
