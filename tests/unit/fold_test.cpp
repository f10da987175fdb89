#include "graph/fold.h"

#include <cmath>
#include <limits>

#include "graph/builder.h"
#include "program_text.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::ElementsAre;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

class Fold : public testing::Test {
 protected:
  Value constant(Tensor tensor) { return g.constant(std::move(tensor)); }
  Value ints(const Ints& values) { return g.ints(values); }
  Value numbers(DType dtype, const Dims& dims, const std::vector<double>& values) {
    return constant(from_doubles(dtype, dims, values));
  }
  // 0, 1, 2, … of these dimensions.
  Value counted(const Dims& dims) {
    Ints values(static_cast<size_t>(element_count(dims).value()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(i);
    return constant(from_ints(DType::kInt32, dims, values));
  }
  std::optional<Tensor> fold(std::string_view op, const std::vector<Value>& inputs,
                             const NodeAttributes& attributes = {}, DType dtype = DType::kInt64) {
    auto tensors = fold_node(op, inputs, attributes, 1, dtype);
    if (!tensors) return std::nullopt;
    return tensors->front();
  }
  // The result as integers, or nothing if it is not folded.
  std::optional<Ints> folded(std::string_view op, const std::vector<Value>& inputs,
                             const NodeAttributes& attributes = {}, DType dtype = DType::kInt64) {
    const auto tensor = fold(op, inputs, attributes, dtype);
    if (!tensor) return std::nullopt;
    return as_ints(*tensor);
  }

  Graph graph;
  Builder g{graph, 17};
};

TEST_F(Fold, IntegerArithmetic) {
  EXPECT_EQ(folded("Add", {ints({1, 2}), ints({10})}), (Ints{11, 12}));
  EXPECT_EQ(folded("Sub", {ints({1}), ints({3})}), Ints{-2});
  EXPECT_EQ(folded("Mul", {ints({4}), ints({-3})}), Ints{-12});
  EXPECT_EQ(folded("Neg", {ints({4})}), Ints{-4});
  EXPECT_EQ(folded("Abs", {ints({-4})}), Ints{4});
  EXPECT_EQ(folded("Min", {ints({4}), ints({2}), ints({3})}), Ints{2});
  EXPECT_EQ(folded("Max", {ints({4}), ints({2})}), Ints{4});
}

TEST_F(Fold, IntegerDivisionIsTowardsZeroAndModFollowsTheDivisor) {
  EXPECT_EQ(folded("Div", {ints({7, -7}), ints({2})}), (Ints{3, -3}));
  EXPECT_EQ(folded("Mod", {ints({7, -7}), ints({3})}), (Ints{1, 2}));
  EXPECT_EQ(folded("Mod", {ints({7}), ints({-3})}), Ints{-2});
}

TEST_F(Fold, FmodFollowsTheDividend) {
  EXPECT_EQ(folded("Mod", {ints({7, -7}), ints({3})}, {{"fmod", int64_t{1}}}).value_or(Ints{1, -1}), (Ints{1, -1}));
}

TEST_F(Fold, DivisionByZeroAndOverflowAreLeftToTheRuntime) {
  EXPECT_EQ(folded("Div", {ints({1}), ints({0})}), std::nullopt);
  EXPECT_EQ(folded("Mod", {ints({1}), ints({0})}), std::nullopt);
  EXPECT_EQ(folded("Div", {ints({kMin}), ints({-1})}), std::nullopt);
  EXPECT_EQ(folded("Mod", {ints({kMin}), ints({-1})}), std::nullopt);
  EXPECT_EQ(folded("Add", {ints({kMax}), ints({1})}), std::nullopt);
  EXPECT_EQ(folded("Sub", {ints({kMin}), ints({1})}), std::nullopt);
  EXPECT_EQ(folded("Mul", {ints({kMax}), ints({2})}), std::nullopt);
  EXPECT_EQ(folded("Neg", {ints({kMin})}), std::nullopt);
  EXPECT_EQ(folded("Abs", {ints({kMin})}), std::nullopt);
}

TEST_F(Fold, NarrowTypesThatWouldWrapAreLeftToTheRuntime) {
  const Value big = constant(from_ints(DType::kInt32, {1}, {2000000000}));
  EXPECT_EQ(folded("Add", {big, big}, {}, DType::kInt32), std::nullopt);
  EXPECT_EQ(folded("Add", {big, constant(from_ints(DType::kInt32, {1}, {5}))}, {}, DType::kInt32), Ints{2000000005});
}

TEST_F(Fold, ComparisonsAndLogic) {
  EXPECT_EQ(folded("Less", {ints({1, 2}), ints({2})}, {}, DType::kBool), (Ints{1, 0}));
  EXPECT_EQ(folded("GreaterOrEqual", {ints({1, 2}), ints({2})}, {}, DType::kBool), (Ints{0, 1}));
  const Value flags = constant(from_ints(DType::kBool, {2}, {1, 0}));
  EXPECT_EQ(folded("Not", {flags}, {}, DType::kBool), (Ints{0, 1}));
  EXPECT_EQ(folded("Xor", {flags, constant(from_ints(DType::kBool, {1}, {1}))}, {}, DType::kBool), (Ints{0, 1}));
  EXPECT_EQ(folded("Where", {flags, ints({5, 6}), ints({7, 8})}), (Ints{5, 8}));
}

TEST_F(Fold, FloatArithmeticRoundsOnce) {
  const auto sum =
      fold("Add", {numbers(DType::kFloat16, {1}, {2048}), numbers(DType::kFloat16, {1}, {1})}, {}, DType::kFloat16);
  ASSERT_TRUE(sum);
  EXPECT_THAT(as_doubles(*sum), ElementsAre(2048.0)) << "a tie goes to even";
  EXPECT_THAT(as_doubles(*fold("Reciprocal", {numbers(DType::kFloat32, {1}, {4})}, {}, DType::kFloat32)),
              ElementsAre(0.25));
  EXPECT_THAT(as_doubles(*fold("Ceil", {numbers(DType::kFloat64, {2}, {1.2, -1.2})}, {}, DType::kFloat64)),
              ElementsAre(2.0, -1.0));
}

TEST_F(Fold, NaNIsLeftToTheRuntime) {
  const Value nan = numbers(DType::kFloat32, {1}, {std::nan("")});
  EXPECT_EQ(fold("Max", {nan, numbers(DType::kFloat32, {1}, {1})}, {}, DType::kFloat32), std::nullopt);
}

TEST_F(Fold, OperatorsOfFloatsThatAreNotExactAreLeftToTheRuntime) {
  EXPECT_FALSE(fold("Exp", {numbers(DType::kFloat32, {1}, {1})}, {}, DType::kFloat32));
}

TEST_F(Fold, ShapesThatDoNotFitAreLeftToTheRuntime) { EXPECT_FALSE(fold("Add", {ints({1, 2}), ints({1, 2, 3})})); }

TEST_F(Fold, BroadcastOfBigResultsIsLeftToTheRuntime) {
  EXPECT_FALSE(fold("Add", {counted({1000, 1}), counted({1, 1000})}, {}, DType::kInt32));
}

TEST_F(Fold, UnknownInputsAreNotFolded) {
  EXPECT_FALSE(fold("Add", {ints({1}), g.new_value("x", DType::kInt64, Dims{1})}));
  EXPECT_FALSE(fold("Slice", {ints({1}), Value()}));
}

TEST_F(Fold, Cast) {
  EXPECT_EQ(folded("Cast", {numbers(DType::kFloat32, {2}, {1.9, -1.9})}, {}, DType::kInt32), (Ints{1, -1}));
  EXPECT_EQ(folded("Cast", {numbers(DType::kFloat32, {2}, {0, 0.5})}, {}, DType::kBool), (Ints{0, 1}));
}

TEST_F(Fold, Reshape) {
  EXPECT_EQ(fold("Reshape", {counted({2, 3}), ints({-1})})->dims, Dims{6});
  EXPECT_EQ(fold("Reshape", {counted({2, 3}), ints({0, 1, -1})})->dims, (Dims{2, 1, 3}));
  EXPECT_FALSE(fold("Reshape", {counted({2, 3}), ints({4})}));
  EXPECT_FALSE(fold("Reshape", {counted({2, 3}), ints({-1, -1})}));
  EXPECT_FALSE(fold("Reshape", {counted({2, 3}), ints({4, -1})}));
  EXPECT_FALSE(fold("Reshape", {counted({6}), ints({6, 0})})) << "0 copies a dimension that is not there";
  EXPECT_FALSE(fold("Reshape", {counted({6}), ints({kMax, kMax, -1})}));
}

TEST_F(Fold, SqueezeAndUnsqueezeWithAxesOfBothForms) {
  EXPECT_EQ(fold("Squeeze", {counted({1, 2, 1}), ints({-1})})->dims, (Dims{1, 2}));
  EXPECT_EQ(fold("Squeeze", {counted({1, 2, 1})}, {{"axes", Ints{0}}})->dims, (Dims{2, 1}));
  EXPECT_EQ(fold("Unsqueeze", {counted({2}), ints({0, -1})})->dims, (Dims{1, 2, 1}));
  EXPECT_FALSE(fold("Squeeze", {counted({1, 2}), ints({1})})) << "is not 1";
  EXPECT_FALSE(fold("Squeeze", {counted({1, 2}), ints({2})}));
  EXPECT_FALSE(fold("Unsqueeze", {counted({2}), ints({5})}));
}

TEST_F(Fold, Transpose) {
  EXPECT_EQ(folded("Transpose", {counted({2, 3})}, {{"perm", Ints{1, 0}}}), (Ints{0, 3, 1, 4, 2, 5}));
  EXPECT_FALSE(fold("Transpose", {counted({2, 3})}, {{"perm", Ints{1}}}));
  EXPECT_FALSE(fold("Transpose", {counted({2, 3})}, {{"perm", Ints{0, 2}}}));
}

TEST_F(Fold, Concat) {
  EXPECT_EQ(folded("Concat", {counted({2, 1}), counted({2, 2})}, {{"axis", int64_t{-1}}}), (Ints{0, 0, 1, 1, 2, 3}));
  EXPECT_EQ(folded("Concat", {counted({0, 2}), counted({1, 2})}, {{"axis", int64_t{0}}}), (Ints{0, 1}));
  EXPECT_FALSE(fold("Concat", {counted({2, 1}), counted({3, 1})}, {{"axis", int64_t{1}}}));
  EXPECT_FALSE(fold("Concat", {counted({2}), ints({1})}, {{"axis", int64_t{0}}})) << "other types";
  EXPECT_FALSE(fold("Concat", {counted({2}), counted({2})}, {{"axis", int64_t{3}}}));
}

TEST_F(Fold, Slice) {
  const Value x = counted({2, 5});
  EXPECT_EQ(folded("Slice", {x, ints({1}), ints({-1}), ints({1})}), (Ints{1, 2, 3, 6, 7, 8}));
  EXPECT_EQ(folded("Slice", {x, ints({-1}), ints({kMin}), ints({1}), ints({-2})}), (Ints{4, 2, 0, 9, 7, 5}));
  EXPECT_EQ(folded("Slice", {x}, {{"starts", Ints{1}}, {"ends", Ints{2}}, {"axes", Ints{0}}}), (Ints{5, 6, 7, 8, 9}));
  EXPECT_EQ(fold("Slice", {x, ints({4}), ints({2}), ints({1})})->dims, (Dims{2, 0}));
  EXPECT_FALSE(fold("Slice", {x, ints({0}), ints({1}), ints({1}), ints({0})})) << "a step of 0";
  EXPECT_FALSE(fold("Slice", {x, ints({0}), ints({1}), ints({2})}));
  EXPECT_FALSE(fold("Slice", {x, ints({0}), ints({1, 2}), ints({1})}));
}

TEST_F(Fold, SliceWithHugeSteps) {
  EXPECT_EQ(folded("Slice", {counted({3, 5}), ints({1}), ints({kMax}), ints({0}), ints({kMax})}),
            (Ints{5, 6, 7, 8, 9}));
  EXPECT_EQ(folded("Slice", {counted({3, 5}), ints({1}), ints({kMin}), ints({0}), ints({-kMax})}),
            (Ints{5, 6, 7, 8, 9}));
}

TEST_F(Fold, Split) {
  const auto parts = fold_node("Split", {counted({2, 3}), ints({1, 2})}, {{"axis", int64_t{1}}}, 2, DType::kInt32);
  ASSERT_TRUE(parts);
  EXPECT_EQ(as_ints((*parts)[0]), (Ints{0, 3}));
  EXPECT_EQ(as_ints((*parts)[1]), (Ints{1, 2, 4, 5}));
  EXPECT_FALSE(fold_node("Split", {counted({3}), ints({1, 5})}, {}, 2, DType::kInt32));
}

TEST_F(Fold, Gather) {
  const Value x = counted({3, 2});
  EXPECT_EQ(folded("Gather", {x, ints({2, -3})}), (Ints{4, 5, 0, 1}));
  EXPECT_EQ(fold("Gather", {x, constant(from_ints(DType::kInt64, {}, {1}))}, {{"axis", int64_t{1}}})->dims, Dims{3});
  EXPECT_FALSE(fold("Gather", {x, ints({3})}));
  EXPECT_FALSE(fold("Gather", {x, ints({0})}, {{"axis", int64_t{2}}}));
}

TEST_F(Fold, ExpandTileAndConstantOfShape) {
  EXPECT_EQ(folded("Expand", {counted({2, 1}), ints({2, 2})}), (Ints{0, 0, 1, 1}));
  EXPECT_EQ(folded("Tile", {counted({2}), ints({2})}), (Ints{0, 1, 0, 1}));
  EXPECT_EQ(folded("ConstantOfShape", {ints({2})}, {{"value", from_ints(DType::kInt64, {1}, {7})}}), (Ints{7, 7}));
}

TEST_F(Fold, WhatWouldBlowTheModelUpIsLeftToTheRuntime) {
  EXPECT_FALSE(fold("Expand", {counted({1}), ints({1000000})}));
  EXPECT_FALSE(fold("Tile", {counted({1}), ints({1000000})}));
  EXPECT_FALSE(fold("ConstantOfShape", {ints({1000, 1000})}));
  EXPECT_FALSE(fold("Range", {g.scalar_i64(0), g.scalar_i64(kMax), g.scalar_i64(1)}));
  EXPECT_FALSE(fold("Tile", {counted({2}), ints({kMax})}));
  EXPECT_FALSE(fold("Expand", {counted({1}), ints({kMax, kMax})}));
}

TEST_F(Fold, Range) {
  EXPECT_EQ(folded("Range", {g.scalar_i64(5), g.scalar_i64(0), g.scalar_i64(-2)}), (Ints{5, 3, 1}));
  EXPECT_EQ(folded("Range", {g.scalar_i64(0), g.scalar_i64(0), g.scalar_i64(1)}), Ints{});
  EXPECT_EQ(folded("Range", {g.scalar_i64(kMax - 1), g.scalar_i64(kMax), g.scalar_i64(2)}), Ints{kMax - 1});
  EXPECT_FALSE(fold("Range", {g.scalar_i64(0), g.scalar_i64(3), g.scalar_i64(0)}));
}

TEST_F(Fold, ReductionsOfShapes) {
  EXPECT_EQ(folded("ReduceProd", {ints({2, 3, 4})}), Ints{24});
  EXPECT_EQ(fold("ReduceSum", {ints({2, 3})}, {{"keepdims", int64_t{0}}})->dims, Dims{});
  EXPECT_FALSE(fold("ReduceProd", {ints({kMax, 2})}));
  EXPECT_FALSE(fold("ReduceSum", {counted({2, 2})})) << "matrices are left to the runtime";
}

// --- ranges of slices, as ONNX defines them

struct RangeCase {
  int64_t extent, start, end, step, first, count;
};

class SliceRange : public testing::TestWithParam<RangeCase> {};

TEST_P(SliceRange, IsThatOfOnnx) {
  const auto& c = GetParam();
  const auto [first, count] = slice_range(c.extent, c.start, c.end, c.step);
  EXPECT_EQ(count, c.count);
  EXPECT_TRUE(count == 0 || first == c.first) << first;
}

INSTANTIATE_TEST_SUITE_P(Fold, SliceRange,
                         testing::Values(RangeCase{5, 1, 3, 1, 1, 2}, RangeCase{5, -2, kMax, 1, 3, 2},
                                         RangeCase{5, 0, -1, 2, 0, 2}, RangeCase{5, 9, 10, 1, 0, 0},
                                         RangeCase{5, kMin, kMax, 1, 0, 5}, RangeCase{5, -1, kMin, -1, 4, 5},
                                         RangeCase{5, kMax, kMin, -2, 4, 3}, RangeCase{5, 1, 3, -1, 0, 0},
                                         RangeCase{0, 0, kMax, 1, 0, 0}, RangeCase{0, -1, kMin, -1, 0, 0},
                                         RangeCase{5, 0, kMax, kMax, 0, 1}, RangeCase{5, 4, kMin, -kMax, 4, 1},
                                         RangeCase{5, 4, kMin, kMin, 4, 1}));

// --- what is known in part

TEST_F(Fold, KnownElementsOfConstantsAreThoseOfIntegerVectors) {
  EXPECT_EQ(known_elements(ints({1, 2})), (Elements{1, 2}));
  EXPECT_EQ(known_elements(numbers(DType::kFloat32, {1}, {1})), std::nullopt);
  EXPECT_EQ(known_elements(counted({2, 2})), std::nullopt);
  EXPECT_EQ(known_elements(Value()), std::nullopt);
}

class PartlyKnown : public Fold {
 protected:
  void SetUp() override {
    x = g.new_value("x", DType::kInt64, Dims{3});
    x.info()->elements = Elements{std::nullopt, 6, 4};
  }
  Value x;
};

TEST_F(PartlyKnown, Concat) {
  EXPECT_EQ(fold_elements("Concat", {ints({1}), x}, {}), (Elements{1, std::nullopt, 6, 4}));
  const Value two = g.new_value("u", DType::kInt64, Dims{2});
  EXPECT_EQ(fold_elements("Concat", {two, ints({1})}, {}), (Elements{std::nullopt, std::nullopt, 1}));
  EXPECT_EQ(fold_elements("Concat", {g.new_value("u", DType::kInt64, Dims{-1}), ints({1})}, {}), std::nullopt);
}

TEST_F(PartlyKnown, GatherAndSlice) {
  EXPECT_EQ(fold_elements("Gather", {x, ints({-1, 0})}, {}), (Elements{4, std::nullopt}));
  EXPECT_EQ(fold_elements("Gather", {x, ints({3})}, {}), std::nullopt);
  EXPECT_EQ(fold_elements("Slice", {x, ints({1}), ints({kMax}), ints({0})}, {}), (Elements{6, 4}));
  EXPECT_EQ(fold_elements("Slice", {x, ints({-1}), ints({kMin}), ints({0}), ints({-1})}, {}),
            (Elements{4, 6, std::nullopt}));
  EXPECT_EQ(fold_elements("Slice", {x, ints({0}), ints({1}), ints({0}), ints({0})}, {}), std::nullopt);
}

TEST_F(PartlyKnown, Arithmetic) {
  EXPECT_EQ(fold_elements("Mul", {x, ints({2})}, {}), (Elements{std::nullopt, 12, 8}));
  EXPECT_EQ(fold_elements("Sub", {ints({10}), x}, {}), (Elements{std::nullopt, 4, 6}));
  EXPECT_EQ(fold_elements("Div", {x, ints({0})}, {}), (Elements{std::nullopt, std::nullopt, std::nullopt}));
  EXPECT_EQ(fold_elements("Add", {x, ints({1, 2})}, {}), std::nullopt);
}

}  // namespace
}  // namespace paddle2onnx
