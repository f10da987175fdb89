#include "common/dtype.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace paddle2onnx {
namespace {

struct DTypeInfo {
  std::string_view name;
  size_t size;
};

// In the order of the enumeration.
constexpr std::array<DTypeInfo, 18> kDTypes = {{{"undefined", 0},
                                                {"bool", 1},
                                                {"int8", 1},
                                                {"uint8", 1},
                                                {"int16", 2},
                                                {"uint16", 2},
                                                {"int32", 4},
                                                {"uint32", 4},
                                                {"int64", 8},
                                                {"uint64", 8},
                                                {"float16", 2},
                                                {"bfloat16", 2},
                                                {"float32", 4},
                                                {"float64", 8},
                                                {"complex64", 8},
                                                {"complex128", 16},
                                                {"float8_e4m3fn", 1},
                                                {"float8_e5m2", 1}}};

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  const uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0) {  // zero and subnormals: mantissa * 2^-24
    const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t bits =
      exponent == 31 ? sign | 0x7f800000u | (mantissa << 13) : sign | ((exponent + 112) << 23) | (mantissa << 13);
  return std::bit_cast<float>(bits);
}

uint16_t double_to_half(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return sign | 0x7e00;
  const double magnitude = std::fabs(value);
  if (magnitude >= 65520.0) return sign | 0x7c00;  // rounds to infinity
  if (magnitude < std::ldexp(1.0, -14)) return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(magnitude, 24)));
  int exponent = 0;
  const double fraction = std::frexp(magnitude, &exponent);                               // in [0.5, 1)
  const auto mantissa = static_cast<uint32_t>(std::nearbyint(std::ldexp(fraction, 11)));  // 1024 … 2048
  // A mantissa of 2048 carries into the exponent by itself.
  return sign | static_cast<uint16_t>(((exponent + 13) << 10) + static_cast<int>(mantissa));
}

float bfloat_to_float(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t double_to_bfloat(double value) {
  const auto nearest = static_cast<float>(value);
  auto bits = std::bit_cast<uint32_t>(nearest);
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  // Rounding twice could make a tie: the float is the one towards zero, with its last bit for "and something more".
  if (std::isfinite(nearest) && static_cast<double>(nearest) != value) {
    if (std::fabs(static_cast<double>(nearest)) > std::fabs(value)) --bits;
    bits |= 1;
  }
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Calls visit(index, element) with each element as its C++ type; 16-bit floats come as float.
template <typename Visit>
void for_each(const Tensor& tensor, Visit visit) {
  const auto count = static_cast<size_t>(tensor.count());
  const auto all = [&]<typename T>(T, auto convert) {
    std::array<T, 1024> elements;
    for (size_t i = 0; i < count; i += elements.size()) {
      const auto some = std::span(elements).first(std::min(elements.size(), count - i));
      tensor.bytes.read(i * sizeof(T), std::as_writable_bytes(some));
      for (size_t k = 0; k < some.size(); ++k) visit(i + k, convert(some[k]));
    }
  };
  const auto as_is = [](auto element) { return element; };
  switch (tensor.dtype) {
    case DType::kBool:
    case DType::kUInt8: return all(uint8_t{}, as_is);
    case DType::kInt8: return all(int8_t{}, as_is);
    case DType::kInt16: return all(int16_t{}, as_is);
    case DType::kUInt16: return all(uint16_t{}, as_is);
    case DType::kInt32: return all(int32_t{}, as_is);
    case DType::kUInt32: return all(uint32_t{}, as_is);
    case DType::kInt64: return all(int64_t{}, as_is);
    case DType::kUInt64: return all(uint64_t{}, as_is);
    case DType::kFloat32: return all(float{}, as_is);
    case DType::kFloat64: return all(double{}, as_is);
    case DType::kFloat16: return all(uint16_t{}, half_to_float);
    case DType::kBFloat16: return all(uint16_t{}, bfloat_to_float);
    default: return;
  }
}

// Out-of-range conversions are undefined in C++: they saturate here.
template <typename To, typename From>
To convert_number(From value) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(value)) return 0;
    if (value <= static_cast<From>(std::numeric_limits<To>::lowest())) return std::numeric_limits<To>::lowest();
    if (value >= static_cast<From>(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
  }
  return static_cast<To>(value);
}

template <typename From>
Tensor from_numbers(DType dtype, Dims dims, const std::vector<From>& values) {
  std::vector<std::byte> bytes(values.size() * item_size(dtype));
  const auto all = [&](auto convert) {
    for (size_t i = 0; i < values.size(); ++i) {
      const auto element = convert(values[i]);
      std::memcpy(bytes.data() + i * sizeof(element), &element, sizeof(element));
    }
  };
  switch (dtype) {
    case DType::kBool: all([](From v) { return static_cast<uint8_t>(v != 0); }); break;
    case DType::kInt8: all([](From v) { return convert_number<int8_t>(v); }); break;
    case DType::kUInt8: all([](From v) { return convert_number<uint8_t>(v); }); break;
    case DType::kInt16: all([](From v) { return convert_number<int16_t>(v); }); break;
    case DType::kUInt16: all([](From v) { return convert_number<uint16_t>(v); }); break;
    case DType::kInt32: all([](From v) { return convert_number<int32_t>(v); }); break;
    case DType::kUInt32: all([](From v) { return convert_number<uint32_t>(v); }); break;
    case DType::kInt64: all([](From v) { return convert_number<int64_t>(v); }); break;
    case DType::kUInt64: all([](From v) { return convert_number<uint64_t>(v); }); break;
    case DType::kFloat16: all([](From v) { return double_to_half(static_cast<double>(v)); }); break;
    case DType::kBFloat16: all([](From v) { return double_to_bfloat(static_cast<double>(v)); }); break;
    case DType::kFloat32: all([](From v) { return static_cast<float>(v); }); break;
    case DType::kFloat64: all([](From v) { return static_cast<double>(v); }); break;
    default: bytes.clear(); break;
  }
  return make_tensor(dtype, std::move(dims), std::move(bytes));
}

}  // namespace

std::string_view to_string(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].name; }

size_t item_size(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].size; }

bool is_floating(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kFloat32 || dtype == DType::kFloat64;
}

bool is_integer(DType dtype) { return dtype >= DType::kInt8 && dtype <= DType::kUInt64; }

bool is_signed_integer(DType dtype) {
  return dtype == DType::kInt8 || dtype == DType::kInt16 || dtype == DType::kInt32 || dtype == DType::kInt64;
}

DType dtype_of_framework(int64_t number) {
  switch (number) {
    case 0: return DType::kBool;
    case 1: return DType::kInt16;
    case 2: return DType::kInt32;
    case 3: return DType::kInt64;
    case 4: return DType::kFloat16;
    case 5: return DType::kFloat32;
    case 6: return DType::kFloat64;
    case 19: return DType::kUInt64;
    case 20: return DType::kUInt8;
    case 21: return DType::kInt8;
    case 22: return DType::kBFloat16;
    case 23: return DType::kComplex64;
    case 24: return DType::kComplex128;
    case 32: return DType::kFloat8E4M3FN;
    case 33: return DType::kFloat8E5M2;
    case 36: return DType::kUInt16;
    case 37: return DType::kUInt32;
    case 38: return DType::kUInt64;
    default: return DType::kUndefined;
  }
}

std::optional<int64_t> element_count(std::span<const int64_t> dims) {
  // A zero does not excuse the others: strides are products of some of the dimensions.
  int64_t count = 1;
  bool empty = false;
  for (const int64_t dim : dims) {
    if (dim == 0) {
      empty = true;
    } else if (dim < 0 || __builtin_mul_overflow(count, dim, &count)) {
      return std::nullopt;
    }
  }
  return empty ? 0 : count;
}

Tensor make_tensor(DType dtype, Dims dims, std::vector<std::byte> bytes) {
  auto storage = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return {dtype, std::move(dims), {*storage, storage}};
}

Tensor reshaped(const Tensor& tensor, Dims dims) { return {tensor.dtype, std::move(dims), tensor.bytes}; }

std::vector<int64_t> as_ints(const Tensor& tensor) {
  std::vector<int64_t> values(static_cast<size_t>(tensor.count()));
  for_each(tensor, [&](size_t i, auto element) { values[i] = convert_number<int64_t>(element); });
  return values;
}

std::vector<double> as_doubles(const Tensor& tensor) {
  std::vector<double> values(static_cast<size_t>(tensor.count()));
  for_each(tensor, [&](size_t i, auto element) { values[i] = static_cast<double>(element); });
  return values;
}

Tensor from_doubles(DType dtype, Dims dims, const std::vector<double>& values) {
  return from_numbers(dtype, std::move(dims), values);
}

Tensor from_ints(DType dtype, Dims dims, const std::vector<int64_t>& values) {
  return from_numbers(dtype, std::move(dims), values);
}

}  // namespace paddle2onnx
