// Random numbers, drawn when the ONNX file runs: with Paddle's distribution, not with Paddle's numbers. An attribute
// `seed` of the operator counts. Shapes are int64 [n]; the types are float32 and float64.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// MapperEntry::lossy of what draws them.
inline constexpr std::string_view kRandom = "random numbers: ONNX Runtime draws its own";

// From [low, high); needs opset 7.
Value uniform_numbers(OpContext& op, Value shape, double low, double high, DType dtype);

// With mean 1, none of them 0.
Value exponential_numbers(OpContext& op, Value shape, DType dtype);

}  // namespace paddle2onnx
