#include "common/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "program_text.h"

namespace paddle2onnx {
namespace {

using test::text_of;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

uint16_t bits16(DType dtype, double value) {
  const Tensor tensor = from_doubles(dtype, {}, {value});
  uint16_t bits = 0;
  std::memcpy(&bits, tensor.bytes.data(), sizeof(bits));
  return bits;
}
uint16_t half(double value) { return bits16(DType::kFloat16, value); }
uint16_t bfloat(double value) { return bits16(DType::kBFloat16, value); }

double from_bits16(DType dtype, uint16_t bits) { return as_doubles(make_tensor<uint16_t>(dtype, {}, {bits})).at(0); }

TEST(Float16, ExactNumbers) {
  EXPECT_EQ(half(0.0), 0x0000);
  EXPECT_EQ(half(-0.0), 0x8000);
  EXPECT_EQ(half(1.0), 0x3c00);
  EXPECT_EQ(half(-2.0), 0xc000);
  EXPECT_EQ(half(65504.0), 0x7bff);
}

TEST(Float16, TiesGoToEven) {
  EXPECT_EQ(half(1.0 + std::ldexp(1.0, -11)), 0x3c00);
  EXPECT_EQ(half(1.0 + 3 * std::ldexp(1.0, -11)), 0x3c02);
  EXPECT_EQ(half(std::nextafter(1.0 + std::ldexp(1.0, -11), 2.0)), 0x3c01) << "just above a tie";
}

TEST(Float16, RoundingCarriesIntoTheExponent) { EXPECT_EQ(half(2.0 - std::ldexp(1.0, -12)), 0x4000); }

TEST(Float16, OverflowIsInfinity) {
  EXPECT_EQ(half(65519.99), 0x7bff);
  EXPECT_EQ(half(65520.0), 0x7c00);
  EXPECT_EQ(half(-1e300), 0xfc00);
  EXPECT_EQ(half(kInf), 0x7c00);
}

TEST(Float16, Subnormals) {
  EXPECT_EQ(half(std::ldexp(1.0, -24)), 0x0001);
  EXPECT_EQ(half(std::ldexp(1.0, -25)), 0x0000) << "tie with zero";
  EXPECT_EQ(half(std::ldexp(1.5, -25)), 0x0001);
  EXPECT_EQ(half(-std::ldexp(3.0, -24)), 0x8003);
  EXPECT_EQ(half(std::ldexp(1.0, -14) - std::ldexp(1.0, -26)), 0x0400) << "rounds up to the smallest normal number";
  EXPECT_DOUBLE_EQ(from_bits16(DType::kFloat16, 0x8003), -std::ldexp(3.0, -24));
}

TEST(Float16, NaNStaysNaN) {
  EXPECT_EQ(half(kNaN) & 0x7c00, 0x7c00);
  EXPECT_NE(half(kNaN) & 0x03ff, 0);
  EXPECT_TRUE(std::isnan(from_bits16(DType::kFloat16, 0x7c01)));
}

TEST(Float16, EveryNumberSurvivesTheWayToDoubleAndBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const double value = from_bits16(DType::kFloat16, static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(half(value), bits);
  }
}

TEST(BFloat16, TiesGoToEven) {
  EXPECT_EQ(bfloat(1.0), 0x3f80);
  EXPECT_EQ(bfloat(1.0 + std::ldexp(1.0, -8)), 0x3f80);
  EXPECT_EQ(bfloat(1.0 + 3 * std::ldexp(1.0, -8)), 0x3f82);
}

TEST(BFloat16, RoundsOnceFromDouble) {
  // A float in between would make a tie of it.
  EXPECT_EQ(bfloat(1.0 + std::ldexp(1.0, -8) + std::ldexp(1.0, -40)), 0x3f81);
  EXPECT_EQ(bfloat(1.0 + 3 * std::ldexp(1.0, -8) - std::ldexp(1.0, -40)), 0x3f81);
}

TEST(BFloat16, OverflowIsInfinity) {
  EXPECT_EQ(bfloat(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(bfloat(-1e300), 0xff80);
  EXPECT_EQ(bfloat(-kInf), 0xff80);
}

TEST(BFloat16, NaNStaysNaN) { EXPECT_TRUE(std::isnan(from_bits16(DType::kBFloat16, bfloat(kNaN)))); }

TEST(BFloat16, EveryNumberSurvivesTheWayToDoubleAndBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const double value = from_bits16(DType::kBFloat16, static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(bfloat(value), bits);
  }
}

TEST(Conversion, FloatsAreTruncatedTowardsZero) {
  EXPECT_EQ(as_ints(from_doubles(DType::kFloat32, {4}, {1.9, -1.9, 0.5, -0.5})), (std::vector<int64_t>{1, -1, 0, 0}));
}

TEST(Conversion, FloatsSaturateInInt64) {
  const Tensor tensor = from_doubles(DType::kFloat64, {4}, {1e30, -1e30, kInf, kNaN});
  constexpr auto kMax = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(as_ints(tensor), (std::vector<int64_t>{kMax, std::numeric_limits<int64_t>::min(), kMax, 0}));
}

TEST(Conversion, FloatsSaturateInNarrowTypes) {
  EXPECT_EQ(as_ints(from_doubles(DType::kInt8, {3}, {300.0, -300.0, -1.5})), (std::vector<int64_t>{127, -128, -1}));
  EXPECT_EQ(as_ints(from_doubles(DType::kUInt8, {2}, {300.0, -1.0})), (std::vector<int64_t>{255, 0}));
}

TEST(Conversion, BoolIsWhetherNotZero) {
  EXPECT_EQ(text_of(from_doubles(DType::kBool, {3}, {0.0, 0.25, -7.0}).bytes), std::string("\0\1\1", 3));
}

TEST(Conversion, EveryNumericTypeHoldsSmallIntegers) {
  for (const DType dtype :
       {DType::kInt8, DType::kUInt8, DType::kInt16, DType::kUInt16, DType::kInt32, DType::kUInt32, DType::kInt64,
        DType::kUInt64, DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    const Tensor tensor = from_ints(dtype, {3}, {0, 1, 100});
    EXPECT_EQ(tensor.bytes.size(), 3 * item_size(dtype)) << to_string(dtype);
    EXPECT_EQ(as_ints(tensor), (std::vector<int64_t>{0, 1, 100})) << to_string(dtype);
    EXPECT_EQ(as_doubles(tensor), (std::vector<double>{0, 1, 100})) << to_string(dtype);
  }
}

TEST(Conversion, Int64IsExact) {
  const std::vector<int64_t> values = {std::numeric_limits<int64_t>::min(), (int64_t{1} << 53) + 1};
  EXPECT_EQ(as_ints(from_ints(DType::kInt64, {2}, values)), values);
}

TEST(Conversion, ComplexHasNoNumbers) { EXPECT_TRUE(from_doubles(DType::kComplex64, {1}, {1}).bytes.empty()); }

TEST(ElementCount, IsTheProduct) {
  EXPECT_EQ(element_count(Dims{}), 1);
  EXPECT_EQ(element_count(Dims{2, 3, 4}), 24);
  EXPECT_EQ(element_count(Dims{5, 0}), 0);
}

TEST(ElementCount, UnknownAndNegativeDimensionsHaveNone) {
  EXPECT_EQ(element_count(Dims{2, -1}), std::nullopt);
  EXPECT_EQ(element_count(Dims{-5}), std::nullopt);
  EXPECT_EQ(element_count(Dims{0, -1}), std::nullopt);
}

TEST(ElementCount, OverflowHasNone) {
  constexpr int64_t kBig = int64_t{1} << 32;
  EXPECT_EQ(element_count(Dims{kBig, kBig}), std::nullopt);
  EXPECT_EQ(element_count(Dims{kBig, kBig / 4}), int64_t{1} << 62);
}

// Strides are products too: a zero must not hide that they overflow.
TEST(ElementCount, ZeroDoesNotHideAnOverflow) {
  constexpr int64_t kBig = int64_t{1} << 62;
  EXPECT_EQ(element_count(Dims{0, kBig, kBig}), std::nullopt);
  EXPECT_EQ(element_count(Dims{kBig, kBig, 0}), std::nullopt);
}

TEST(DTypeNumbers, OfPaddle) {
  EXPECT_EQ(dtype_of_framework(0), DType::kBool);
  EXPECT_EQ(dtype_of_framework(5), DType::kFloat32);
  EXPECT_EQ(dtype_of_framework(22), DType::kBFloat16);
  EXPECT_EQ(dtype_of_framework(38), DType::kUInt64);
}

TEST(DTypeNumbers, ContainersAndUnknownNumbersAreNone) {
  for (const int64_t number : {-1, 7, 9, 10, 17, 31, 39, 1000}) {
    EXPECT_EQ(dtype_of_framework(number), DType::kUndefined) << number;
  }
}

TEST(DTypeKinds, BoolIsNoInteger) {
  EXPECT_FALSE(is_integer(DType::kBool));
  EXPECT_TRUE(is_integer(DType::kUInt64));
  EXPECT_FALSE(is_integer(DType::kFloat16));
  EXPECT_FALSE(is_floating(DType::kFloat8E4M3FN));
}

TEST(Tensors, ReshapedSharesTheBytes) {
  const Tensor tensor = from_ints(DType::kInt32, {6}, {1, 2, 3, 4, 5, 6});
  const Tensor view = reshaped(tensor, {2, 3});
  EXPECT_EQ(view.bytes.data(), tensor.bytes.data());
  EXPECT_EQ(view.dims, (Dims{2, 3}));
}

}  // namespace
}  // namespace paddle2onnx
