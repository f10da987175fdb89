// What the operators with weights need to know of quantized programs.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// The weight `operand` in the type that the operator computes in. Quantized programs store weights as integers under a
// floating declaration: as they are, where an operator behind brings in the scale, or with the scale in attributes
// (quantize_weight_bits, <name>_quant_scale: a list along `channel_axis`, or one number).
Value weight(OpContext& op, std::string_view operand, DType computed, int64_t channel_axis);

// int8 of x · scale · quant_max_bound, rounded half to even (quant_round_type 0) or away from zero, and limited to
// [quant_min_bound, quant_max_bound]: what operators with a quantised result do to it. `scale` is an attribute.
Value quantised_result(OpContext& op, Value x, std::string_view scale = "quant_scale");
inline constexpr std::string_view kFloat8Results = "a result quantised to float8";

}  // namespace paddle2onnx
