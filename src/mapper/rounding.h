// Rounding, as operators of several families do it.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// The nearest whole number of floats; of a half the one farther from zero (C's round).
Value halves_away_from_zero(Builder& g, Value x);

}  // namespace paddle2onnx
