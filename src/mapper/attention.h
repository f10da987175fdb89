// What the operators of attention share.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// 0 where a row may look (up to the diagonal that begins in the first corner), -inf behind: [rows, columns], as many as
// x and y have along the axes.
Value causal_mask(OpContext& op, Value x, int64_t rows_axis, Value y, int64_t columns_axis);

// Fails where a dropout of this attribute or operand is in training mode (is_test is false).
void refuse_training(OpContext& op, std::string_view rate);

// [batch, heads, …] with each head `times` times in a row.
Value repeat_heads(OpContext& op, Value x, int64_t times);

// The activation of a feed-forward part: gelu, relu, or geglu and swiglu, which multiply the activated first half of
// the last axis with the second.
Value activate(OpContext& op, Value x, std::string_view method);

// softmax(factor · q · kᵀ + mask) · v for [batch, heads, length, size]. NaN for a row whose mask is -inf all along.
Value attend(Builder& g, Value q, Value k, Value v, double factor, Value mask);

// The same of FlashAttention 2, which gives zeros for such a row. `mask` is an operand, [batch, heads or 1, rows,
// columns], or none; `causal` hides no row wholly.
Value attend_flash(OpContext& op, Value q, Value k, Value v, double factor, Value mask, Value causal);

}  // namespace paddle2onnx
