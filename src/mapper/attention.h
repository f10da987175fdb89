// What the operators of attention share.
#pragma once

#include <vector>

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

// Of a rotary embedding: which element each one is paired with, and the sign that this one gets. Pairs are neighbours,
// or elements of the two halves of each of `parts` equal parts.
struct Pairs {
  Ints partners;
  std::vector<double> signs;
};
Pairs pairs_of(int64_t size, bool neighbours, int64_t parts = 1);

// 0 where `allowed`, else what softmax turns into 0.
Value hiding(Builder& g, Value allowed, DType dtype);

// The keys and values of earlier tokens, each [batch, heads, positions, size].
struct Cache {
  Value keys;
  Value values;
};

// Reads a cache [2, batch, heads, positions, size] of the kernels that generate text. The memory of its keys holds
// pieces of 16 bytes: [batch, heads, size / piece, positions, piece].
Cache read_cache(OpContext& op, Value cache);
Value written(Builder& g, const Cache& cache);

// The cache with the keys and values [batch, heads, length, size] of a text in front. Of its tokens only as many count
// as `lengths` says for each of the batch (float32 [batch, 1, 1, 1]; none: all).
Cache with_beginning(OpContext& op, const Cache& cache, Value keys, Value values, Value lengths);

// One more token, of which query, key and value are [batch, heads, 1, size]: they go to the position `at` of the cache
// (float32 [batch or 1, 1, 1, 1]), and what is behind is hidden. The mask may be shorter than the cache; for some
// kernels it does not count where the token itself is.
struct Step {
  Value seen;
  Cache cache;
};
Step next_token(OpContext& op, const Cache& cache, Value q, Value k, Value v, Value at, Value mask,
                bool masks_itself = true);

}  // namespace paddle2onnx
