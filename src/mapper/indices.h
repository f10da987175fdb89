// What the mappers of shapes, slices, indices and constants share.
#pragma once

#include <limits>

#include "mapper/mapper.h"

namespace paddle2onnx {

// Limits of a Slice that lie behind the last and before the first element of any dimension.
inline constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kBeforeTheStart = std::numeric_limits<int64_t>::min();

// The rank of a value; fails if it is not known.
int64_t rank_of(const OpContext& op, Value x);

// first, first + 1, … last - 1
Ints count_from(int64_t first, int64_t last);

bool is_in(const Ints& list, int64_t value);

// What is known of the i-th number of an argument.
std::optional<int64_t> known_number(const IntsArgument& numbers, size_t i);

// The i-th number of the argument `name`, int64 [1]: a constant, the member of the list of tensors, or a part of the
// tensor.
Value number_at(OpContext& op, std::string_view name, const IntsArgument& numbers, size_t i);

// One number, of rank 0 or of any shape of ones, as [1].
Value as_one_dimension(Builder& g, Value number);

// An int64 [1] as rank 0.
Value as_scalar(Builder& g, Value one);

// 0, 1, … n - 1, int64 [n]; n is int64 [1].
Value positions(Builder& g, Value n);

// How many elements x has, int64 of rank 0.
Value element_count_of(Builder& g, Value x);

// The number of each element in row-major order, int64 under x's shape.
Value element_numbers(Builder& g, Value x);

// A tensor of indices in a type that ONNX takes: int64 unless it is int32.
Value as_indices(Builder& g, Value index);

// An index of rank 1, for operators that take [n] and [n, 1] alike.
Value flat_index(OpContext& op, Value index);

// The index [n] along one axis under the shape of the updates, int64.
Value spread_index(Builder& g, Value index, Value updates, int64_t axis);

// x with the updates at the places that the index, of their shape, gives along the axis: put there ("none") or joined
// to what is there ("add", "mul": needs opset 16; "min", "max": 18).
Value scattered_elements(Builder& g, Value x, Value index, Value updates, int64_t axis, std::string_view reduction);

// The attribute `shape` with one dimension taken from the operand `input`, int64 [n].
Value shape_with_batch(OpContext& op);

// The dtype attribute, or another type where it says none.
DType dtype_or(const OpContext& op, DType fallback);

// The numbers of assign_value and set_value: `values` of newer files, fp32_values, int64_values, … of older ones.
Value values_of_attributes(const OpContext& op, Builder& g, DType dtype, const Dims& dims);

}  // namespace paddle2onnx
