// Element types, and tensors as views of memory that somebody else owns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace paddle2onnx {

enum class DType : uint8_t {
  kUndefined,
  kBool,
  kInt8,
  kUInt8,
  kInt16,
  kUInt16,
  kInt32,
  kUInt32,
  kInt64,
  kUInt64,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
  kFloat8E4M3FN,
  kFloat8E5M2,
};

std::string_view to_string(DType dtype);  // "float32"
size_t item_size(DType dtype);            // bytes of one element; 0 for kUndefined
bool is_floating(DType dtype);            // float16, bfloat16, float32, float64
bool is_integer(DType dtype);             // signed and unsigned, without bool
bool is_signed_integer(DType dtype);

// Paddle's number of an element type in programs, parameter files and attributes; kUndefined for containers and unknown
// numbers. Its SIZE_T is uint64.
DType dtype_of_framework(int64_t number);

// Dimensions; -1 stands for one that is known at run time only.
using Dims = std::vector<int64_t>;

// The number of elements, or nothing if a dimension is unknown or negative or the product (of those that
// are not 0) overflows.
std::optional<int64_t> element_count(std::span<const int64_t> dims);

// A constant: little-endian, row-major. `bytes` usually are a part of a mapped parameter file.
struct Tensor {
  DType dtype = DType::kUndefined;
  Dims dims;
  Bytes bytes;

  int64_t count() const { return element_count(dims).value_or(0); }
};

// A tensor that owns a copy of `values`.
template <typename T>
Tensor make_tensor(DType dtype, Dims dims, const std::vector<T>& values) {
  auto storage = std::make_shared<std::vector<T>>(values);
  return {dtype, std::move(dims), {std::as_bytes(std::span<const T>(*storage)), storage}};
}

Tensor make_tensor(DType dtype, Dims dims, std::vector<std::byte> bytes);
// The same bytes under other dimensions with as many elements.
Tensor reshaped(const Tensor& tensor, Dims dims);

// The elements, converted by value. Floats are truncated towards zero by as_ints; dtype must not be complex or float8.
std::vector<int64_t> as_ints(const Tensor& tensor);
std::vector<double> as_doubles(const Tensor& tensor);
// A tensor of `dtype` from numbers, with C++'s conversions; float16 and bfloat16 round to nearest even.
Tensor from_doubles(DType dtype, Dims dims, const std::vector<double>& values);
Tensor from_ints(DType dtype, Dims dims, const std::vector<int64_t>& values);

}  // namespace paddle2onnx
