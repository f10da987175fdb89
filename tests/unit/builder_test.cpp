#include "graph/builder.h"

#include <limits>
#include <stdexcept>

#include "graph/onnx_ops.h"
#include "program_text.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::ElementsAre;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

struct Built {
  explicit Built(int opset = 17) : g(graph, opset) {}
  Value input(DType dtype, std::optional<Dims> dims) { return g.new_value("x", dtype, std::move(dims)); }
  Value floats(std::optional<Dims> dims) { return input(DType::kFloat32, std::move(dims)); }
  const Node& last() const { return graph.nodes.back(); }
  std::vector<std::string> ops() const {
    std::vector<std::string> names;
    for (const Node& node : graph.nodes) names.push_back(node.op_type);
    return names;
  }

  Graph graph;
  Builder g;
};

template <typename T>
std::optional<T> attribute(const Node& node, const std::string& name) {
  for (const auto& [key, value] : node.attributes) {
    if (key == name) return std::get<T>(value);
  }
  return std::nullopt;
}
std::optional<Ints> ints_of(const Node& node, const std::string& name) { return attribute<Ints>(node, name); }
Ints constant_of(Value value) { return as_ints(*value.constant()); }

// The opset that a call needs, or 0.
template <typename Call>
int needed(Call call) {
  try {
    call();
  } catch (const OpsetTooLow& low) {
    return low.needed;
  }
  return 0;
}

// --- axes as attribute or as input

class AxesOpset : public testing::TestWithParam<int> {};

TEST_P(AxesOpset, SqueezeAndUnsqueezeHaveAnInputFrom13) {
  Built b(GetParam());
  EXPECT_EQ(b.g.squeeze(b.floats(Dims{2, 1, 3}), {-2}).dims(), (Dims{2, 3}));
  const auto check = [&](const char* op) {
    EXPECT_EQ(b.last().op_type, op);
    if (GetParam() < 13) {
      EXPECT_EQ(ints_of(b.last(), "axes"), Ints{1});
    } else {
      EXPECT_EQ(constant_of(b.last().inputs.at(1)), Ints{1});
      EXPECT_TRUE(b.last().attributes.empty());
    }
  };
  check("Squeeze");
  EXPECT_EQ(b.g.unsqueeze(b.floats(Dims{2, 3}), {1}).dims(), (Dims{2, 1, 3}));
  check("Unsqueeze");
}

TEST_P(AxesOpset, ReduceSumHasAnInputFrom13AndTheOthersFrom18) {
  for (const char* op : {"ReduceSum", "ReduceMax"}) {
    Built b(GetParam());
    EXPECT_EQ(b.g.reduce(op, b.floats(Dims{2, -1, 3}), Ints{-1}, false).dims(), (Dims{2, -1}));
    EXPECT_EQ(attribute<int64_t>(b.last(), "keepdims"), 0);
    if (GetParam() >= (std::string(op) == "ReduceSum" ? 13 : 18)) {
      EXPECT_EQ(constant_of(b.last().inputs.at(1)), Ints{2});
    } else {
      EXPECT_EQ(ints_of(b.last(), "axes"), Ints{2});
    }
  }
}

TEST_P(AxesOpset, SliceHasInputsFrom10) {
  Built b(GetParam());
  EXPECT_EQ(b.g.slice(b.floats(Dims{5, -1}), {1}, {kMax}, {0}).dims(), (Dims{4, -1}));
  if (GetParam() < 10) {
    EXPECT_EQ(ints_of(b.last(), "starts"), Ints{1});
    EXPECT_EQ(ints_of(b.last(), "axes"), Ints{0});
  } else {
    EXPECT_EQ(constant_of(b.last().inputs.at(2)), Ints{kMax});
    EXPECT_EQ(b.last().inputs.size(), 4) << "steps of 1 are left out";
  }
}

TEST_P(AxesOpset, SplitHasAnInputFrom13) {
  Built b(GetParam());
  const auto parts = b.g.split(b.floats(Dims{-1, 5}), {2, 3}, -1);
  ASSERT_EQ(parts.size(), 2);
  EXPECT_EQ(parts[1].dims(), (Dims{-1, 3}));
  EXPECT_EQ(attribute<int64_t>(b.last(), "axis"), 1);
  if (GetParam() < 13) {
    EXPECT_EQ(ints_of(b.last(), "split"), (Ints{2, 3}));
  } else {
    EXPECT_EQ(constant_of(b.last().inputs.at(1)), (Ints{2, 3}));
  }
}

TEST_P(AxesOpset, PadHasInputsFrom11) {
  Built b(GetParam());
  const Value padded =
      b.g.pad(b.floats(Dims{2, -1}), b.g.ints({1, 0, 2, 0}), "constant", b.g.scalar(0.5, DType::kFloat32));
  EXPECT_EQ(padded.dims(), (Dims{5, -1}));
  if (GetParam() < 11) {
    EXPECT_EQ(ints_of(b.last(), "pads"), (Ints{1, 0, 2, 0}));
    EXPECT_EQ(attribute<float>(b.last(), "value"), 0.5F);
  } else {
    EXPECT_EQ(constant_of(b.last().inputs.at(1)), (Ints{1, 0, 2, 0}));
    EXPECT_EQ(b.last().inputs.size(), 3);
  }
}

TEST_P(AxesOpset, ClipHasInputsFrom11) {
  Built b(GetParam());
  b.g.clip(b.floats(Dims{2}), 0.0, std::nullopt);
  EXPECT_EQ(b.last().op_type, "Clip");
  if (GetParam() < 11) {
    EXPECT_EQ(attribute<float>(b.last(), "min"), 0.0F);
    EXPECT_EQ(attribute<float>(b.last(), "max"), std::nullopt);
  } else {
    EXPECT_EQ(b.last().inputs.size(), 2) << "an absent upper limit is left out";
  }
}

TEST_P(AxesOpset, TopKHasAnInputFrom10) {
  Built b(GetParam());
  const auto [values, indices] = b.g.topk(b.floats(Dims{-1, 9}), b.g.ints({3}), -1, true, true);
  EXPECT_EQ(values.dims(), (Dims{-1, 3}));
  EXPECT_EQ(indices.dtype(), DType::kInt64);
  EXPECT_EQ(b.last().inputs.size(), GetParam() < 10 ? 1 : 2);
  EXPECT_EQ(attribute<int64_t>(b.last(), "k"), GetParam() < 10 ? std::optional<int64_t>(3) : std::nullopt);
  EXPECT_EQ(attribute<int64_t>(b.last(), "largest"), GetParam() < 11 ? std::nullopt : std::optional<int64_t>(1));
}

TEST_P(AxesOpset, TopKOfTheSmallestNegatesUpTo10) {
  Built b(GetParam());
  b.g.topk(b.floats(Dims{9}), b.g.ints({3}), 0, false, true);
  if (GetParam() < 11) {
    EXPECT_THAT(b.ops(), ElementsAre("Neg", "TopK", "Neg"));
  } else {
    EXPECT_THAT(b.ops(), ElementsAre("TopK"));
    EXPECT_EQ(attribute<int64_t>(b.last(), "largest"), 0);
  }
}

TEST_P(AxesOpset, SoftmaxOfAnInnerAxisIsMovedToTheEndUpTo12) {
  Built b(GetParam());
  const Value y = b.g.softmax(b.floats(Dims{-1, 4, 5}), 1);
  EXPECT_EQ(y.dims(), (Dims{-1, 4, 5}));
  if (GetParam() < 13) {
    EXPECT_THAT(b.ops(), ElementsAre("Transpose", "Softmax", "Transpose"));
    EXPECT_EQ(ints_of(b.graph.nodes[0], "perm"), (Ints{0, 2, 1}));
    EXPECT_EQ(attribute<int64_t>(b.graph.nodes[1], "axis"), 2);
  } else {
    EXPECT_THAT(b.ops(), ElementsAre("Softmax"));
    EXPECT_EQ(attribute<int64_t>(b.last(), "axis"), 1);
  }
}

TEST_P(AxesOpset, SoftmaxOfTheLastAxisIsOneNode) {
  Built b(GetParam());
  b.g.softmax(b.floats(Dims{-1, 4, 5}), -1);
  EXPECT_THAT(b.ops(), ElementsAre("Softmax"));
}

TEST_P(AxesOpset, LessOrEqualIsSpelledOutUpTo11) {
  Built b(GetParam());
  const auto compare = [&] { b.g.less_equal(b.floats(Dims{2}), b.floats(Dims{2})); };
  if (GetParam() < 11) {
    EXPECT_EQ(needed(compare), 11) << "Equal of floats";
    return;
  }
  compare();
  if (GetParam() < 12) {
    EXPECT_EQ(b.last().op_type, "Or");
  } else {
    EXPECT_THAT(b.ops(), ElementsAre("LessOrEqual"));
  }
}

INSTANTIATE_TEST_SUITE_P(Builder, AxesOpset, testing::Values(7, 9, 10, 11, 12, 13, 17, 18),
                         testing::PrintToStringParamName());

TEST(Builder, ReductionOverAllAxesNamesNone) {
  for (const int opset : {7, 13, 18}) {
    Built b(opset);
    EXPECT_EQ(b.g.reduce("ReduceSum", b.floats(Dims{2, -1}), std::nullopt, true).dims(), (Dims{1, 1}));
    EXPECT_EQ(b.last().inputs.size(), 1);
    EXPECT_EQ(ints_of(b.last(), "axes"), std::nullopt);
  }
}

TEST(Builder, ReductionOverNoAxesIsTheValueItself) {
  Built b;
  const Value x = b.floats(Dims{2});
  EXPECT_EQ(b.g.reduce("ReduceSum", x, Ints{}, false), x);
}

// --- what an opset does not have

TEST(OpsetNeeds, OperatorThatIsYounger) {
  Built b(8);
  EXPECT_EQ(needed([&] { b.g.erf(b.floats(Dims{2})); }), 9);
  EXPECT_EQ(needed([&] { b.g.node("Gelu", {b.floats(Dims{2})}); }), 20);
  EXPECT_TRUE(b.graph.nodes.empty());
}

TEST(OpsetNeeds, SliceWithStepsOrComputedLimits) {
  Built b(9);
  const Value x = b.floats(Dims{8});
  const Value n = b.input(DType::kInt64, Dims{1});
  EXPECT_EQ(needed([&] { b.g.slice(x, {0}, {8}, {0}, {2}); }), 10);
  EXPECT_EQ(needed([&] { b.g.slice(x, b.g.ints({0}), n, b.g.ints({0})); }), 10);
}

TEST(OpsetNeeds, PadWithComputedSizes) {
  Built b(10);
  EXPECT_EQ(needed([&] { b.g.pad(b.floats(Dims{8}), b.input(DType::kInt64, Dims{2})); }), 11);
}

TEST(OpsetNeeds, TopKWithComputedK) {
  Built b(9);
  EXPECT_EQ(needed([&] { b.g.topk(b.floats(Dims{8}), b.input(DType::kInt64, Dims{1}), 0, true, true); }), 10);
}

TEST(OpsetNeeds, ConstantLimitsAsValuesAreAttributesUpTo9) {
  Built b(9);
  b.g.slice(b.floats(Dims{8}), b.g.ints({1}), b.g.ints({3}), b.g.ints({0}));
  EXPECT_EQ(ints_of(b.last(), "ends"), Ints{3});
}

// --- element types

TEST(ElementTypes, Int8IsAddedInInt32At7) {
  Built b(7);
  const Value sum = b.g.add(b.input(DType::kInt8, Dims{2}), b.input(DType::kInt8, Dims{2}));
  EXPECT_THAT(b.ops(), ElementsAre("Cast", "Cast", "Add", "Cast"));
  EXPECT_EQ(b.graph.nodes[2].outputs[0].dtype(), DType::kInt32);
  EXPECT_EQ(sum.dtype(), DType::kInt8);
}

TEST(ElementTypes, Int8IsAddedAsItIsAt14) {
  Built b(14);
  EXPECT_EQ(b.g.add(b.input(DType::kInt8, Dims{2}), b.input(DType::kInt8, Dims{2})).dtype(), DType::kInt8);
  EXPECT_THAT(b.ops(), ElementsAre("Add"));
}

TEST(ElementTypes, MaxOfInt64IsAComparisonBeforeItHasTheType) {
  Built b(11);
  EXPECT_EQ(b.g.max(b.input(DType::kInt64, Dims{2}), b.input(DType::kInt64, Dims{2})).dtype(), DType::kInt64);
  EXPECT_THAT(b.ops(), ElementsAre("Greater", "Where"));
  Built low(8);
  EXPECT_EQ(needed([&] { low.g.min(low.input(DType::kInt64, Dims{2}), low.input(DType::kInt64, Dims{2})); }), 9);
}

TEST(ElementTypes, ClipOfInt64BeforeItHasTheType) {
  Built b(11);
  b.g.clip(b.input(DType::kInt64, Dims{2}), 0.0, 5.0);
  EXPECT_THAT(b.ops(), ElementsAre("Greater", "Where", "Less", "Where"));
}

TEST(ElementTypes, PowOfInt64AsksForTheOpsetThatHasIt) {
  Built b(11);
  EXPECT_EQ(needed([&] { b.g.pow(b.input(DType::kInt64, Dims{2}), b.input(DType::kInt64, Dims{2})); }), 12);
}

TEST(ElementTypes, Float64OfAFloat32KernelIsComputedWithLoss) {
  Built b(17);
  EXPECT_EQ(b.g.node("Softplus", {b.input(DType::kFloat64, Dims{2})}).dtype(), DType::kFloat64);
  EXPECT_THAT(b.ops(), ElementsAre("Cast", "Softplus", "Cast"));
}

TEST(ElementTypes, ComparisonsOfWidenedOperandsAreBool) {
  Built b(7);
  EXPECT_EQ(b.g.equal(b.input(DType::kInt8, Dims{2}), b.input(DType::kInt8, Dims{2})).dtype(), DType::kBool);
  EXPECT_EQ(b.last().op_type, "Equal");
}

TEST(ElementTypes, SizesAreNotWidened) {
  Built b(11);
  EXPECT_EQ(b.g.pad(b.input(DType::kInt16, Dims{2}), b.g.ints({1, 0})).dtype(), DType::kInt16);
  EXPECT_THAT(b.ops(), ElementsAre("Cast", "Pad", "Cast"));
  EXPECT_EQ(b.graph.nodes[1].inputs[1].dtype(), DType::kInt64);
}

TEST(ElementTypes, InputsThatHaveATypeOfTheirOwn) {
  EXPECT_TRUE(is_typed_input("Gather", 0));
  EXPECT_FALSE(is_typed_input("Gather", 1));
  EXPECT_FALSE(is_typed_input("Pad", 1));
  EXPECT_TRUE(is_typed_input("Pad", 2));
  EXPECT_FALSE(is_typed_input("Where", 0));
  EXPECT_TRUE(is_typed_input("Where", 1));
  EXPECT_FALSE(is_typed_input("ReduceSum", 1));
  EXPECT_TRUE(is_typed_input("Add", 1));
}

TEST(ElementTypes, IndicesAreNotWidened) {
  Built b(13);
  b.g.expand(b.input(DType::kBFloat16, Dims{1}), b.input(DType::kInt64, Dims{1}));
  EXPECT_THAT(b.ops(), ElementsAre("Cast", "Expand", "Cast"));
  EXPECT_EQ(b.graph.nodes[1].inputs[1].dtype(), DType::kInt64);
}

TEST(ElementTypes, BFloat16NeedsOpset13) {
  Built b(12);
  EXPECT_THROW(b.g.cast(b.input(DType::kBFloat16, Dims{2}), DType::kFloat32), OpsetTooLow);
  EXPECT_THROW(b.g.cast(b.input(DType::kFloat32, Dims{2}), DType::kBFloat16), OpsetTooLow);
}

TEST(ElementTypes, OpsetAndTypesAreData) {
  EXPECT_EQ(computable_dtype("Add", 7, DType::kFloat32).dtype, DType::kFloat32);
  EXPECT_EQ(computable_dtype("Add", 7, DType::kUInt8).dtype, DType::kInt32);
  EXPECT_EQ(computable_dtype("Clip", 11, DType::kInt64).needs_opset, 12);
  EXPECT_EQ(computable_dtype("NoSuchOperator", 7, DType::kInt8).dtype, DType::kInt8);
  EXPECT_EQ(computable_dtype("Relu", 7, DType::kComplex64).dtype, DType::kComplex64) << "left as it is";
}

TEST(ElementTypes, FirstOpsets) {
  EXPECT_EQ(first_opset("Add"), 1);
  EXPECT_EQ(first_opset("Where"), 9);
  EXPECT_EQ(first_opset("LayerNormalization"), 17);
}

TEST(ElementTypes, CastToTheSameTypeIsTheValueItself) {
  Built b;
  const Value x = b.floats(Dims{2});
  EXPECT_EQ(b.g.cast(x, DType::kFloat32), x);
}

// --- dimensions

struct BroadcastCase {
  Dims a;
  Dims b;
  std::optional<Dims> expected;
};

class Broadcast : public testing::TestWithParam<BroadcastCase> {};

TEST_P(Broadcast, OfTheOperands) {
  Built b;
  EXPECT_EQ(b.g.add(b.floats(GetParam().a), b.floats(GetParam().b)).dims(), GetParam().expected);
  EXPECT_EQ(b.g.add(b.floats(GetParam().b), b.floats(GetParam().a)).dims(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Builder, Broadcast,
                         testing::Values(BroadcastCase{{2, 3}, {3}, Dims{2, 3}},
                                         BroadcastCase{{2, 1}, {1, 3}, Dims{2, 3}},
                                         BroadcastCase{{-1, 3}, {3}, Dims{-1, 3}}, BroadcastCase{{-1}, {5}, Dims{5}},
                                         BroadcastCase{{-1}, {1}, Dims{-1}}, BroadcastCase{{-1}, {-1}, Dims{-1}},
                                         BroadcastCase{{0}, {1}, Dims{0}}, BroadcastCase{{}, {2}, Dims{2}},
                                         BroadcastCase{{2}, {3}, std::nullopt}, BroadcastCase{{0}, {3}, std::nullopt}));

TEST(Dimensions, UnknownRankStaysUnknown) {
  Built b;
  EXPECT_EQ(b.g.add(b.floats(std::nullopt), b.floats(Dims{2})).dims(), std::nullopt);
  EXPECT_EQ(b.g.relu(b.floats(std::nullopt)).dims(), std::nullopt);
}

TEST(Dimensions, OfMatMul) {
  const auto product = [](const Dims& a, const Dims& c) {
    Built b;
    return b.g.matmul(b.floats(a), b.floats(c)).dims();
  };
  EXPECT_EQ(product({-1, 4}, {4, 3}), (Dims{-1, 3}));
  EXPECT_EQ(product({4}, {4}), Dims{});
  EXPECT_EQ(product({4}, {2, 4, 3}), (Dims{2, 3}));
  EXPECT_EQ(product({2, 5, 4}, {4}), (Dims{2, 5}));
  EXPECT_EQ(product({7, 1, 5, 4}, {2, 4, 3}), (Dims{7, 2, 5, 3}));
}

TEST(Dimensions, OfGatherTransposeTileAndConcat) {
  Built b;
  EXPECT_EQ(b.g.gather(b.floats(Dims{2, 3, 4}), b.input(DType::kInt64, Dims{5, 6}), 1).dims(), (Dims{2, 5, 6, 4}));
  EXPECT_EQ(b.g.transpose(b.floats(Dims{2, -1, 4}), {2, 0, 1}).dims(), (Dims{4, 2, -1}));
  EXPECT_EQ(b.g.tile(b.floats(Dims{2, -1}), b.g.ints({3, 2})).dims(), (Dims{6, -1}));
  EXPECT_EQ(b.g.concat({b.floats(Dims{2, -1}), b.floats(Dims{3, 4})}, 0).dims(), (Dims{5, 4}));
  EXPECT_EQ(b.g.concat({b.floats(Dims{2, -1}), b.floats(Dims{2, 4})}, -1).dims(), (Dims{2, -1}));
}

TEST(Dimensions, OfExpand) {
  Built b;
  EXPECT_EQ(b.g.expand(b.floats(Dims{3, 1}), b.g.ints({2, 1, 4})).dims(), (Dims{2, 3, 4}));
  EXPECT_EQ(b.g.expand(b.floats(Dims{-1}), b.g.ints({1})).dims(), Dims{-1});
}

TEST(Dimensions, OfReshape) {
  Built b;
  EXPECT_EQ(b.g.reshape(b.floats(Dims{2, 3, 4}), Ints{0, -1}).dims(), (Dims{2, 12}));
  EXPECT_EQ(b.g.reshape(b.floats(Dims{-1, 3, 4}), Ints{0, -1}).dims(), (Dims{-1, -1}));
  EXPECT_EQ(b.g.reshape(b.floats(Dims{0, 3}), Ints{-1, 3}).dims(), (Dims{0, 3}));
}

TEST(Dimensions, UselessMovementIsTheValueItself) {
  Built b;
  const Value x = b.floats(Dims{2, 3});
  EXPECT_EQ(b.g.reshape(x, Ints{2, -1}), x);
  EXPECT_EQ(b.g.transpose(x, {0, 1}), x);
  EXPECT_EQ(b.g.squeeze(x, {}), x);
  EXPECT_EQ(b.g.expand(x, b.g.ints({1, 3})), x);
  EXPECT_EQ(b.g.concat({x}, 0), x);
  EXPECT_TRUE(b.graph.nodes.empty());
}

// Attributes come from the file, so they may be impossible. Caught where the mapper was called.
TEST(ImpossibleArguments, AreOutOfRange) {
  Built b;
  const Value x = b.floats(Dims{2, 3});
  const Value i = b.input(DType::kInt64, Dims{1});
  EXPECT_THROW(b.g.gather(x, i, 2), std::out_of_range);
  EXPECT_THROW(b.g.gather(x, i, -3), std::out_of_range);
  EXPECT_THROW(b.g.slice(x, {0}, {1}, {2}), std::out_of_range);
  EXPECT_THROW(b.g.slice(x, {0}, {1}, {0}, {0}), std::out_of_range) << "a step of 0";
  EXPECT_THROW(b.g.slice(x, {0}, Ints{}, {0}), std::out_of_range);
  EXPECT_THROW(b.g.split(x, {1, 2}, 5), std::out_of_range);
  EXPECT_THROW(b.g.split(x, {}, 0), std::out_of_range);
  EXPECT_THROW(b.g.concat({}, 0), std::out_of_range);
  EXPECT_THROW(b.g.topk(x, b.g.ints({1}), 7, true, true), std::out_of_range);
  EXPECT_TRUE(b.graph.nodes.empty());
}

TEST(ImpossibleArguments, HugeStepsTakeOneElement) {
  Built b;
  EXPECT_EQ(b.g.slice(b.floats(Dims{5}), {1}, {kMax}, {0}, {kMax}).dims(), Dims{1});
  EXPECT_EQ(b.g.slice(b.floats(Dims{5}), {3}, {-kMax}, {0}, {-kMax}).dims(), Dims{1});
  EXPECT_EQ(b.g.slice(b.floats(Dims{5}), {3}, {-kMax}, {0}, {-kMax - 1}).dims(), Dims{1});
}

TEST(SoftmaxOfUnknownRank, NeedsTheOpsetWithoutFlattening) {
  Built b(11);
  EXPECT_EQ(needed([&] { b.g.softmax(b.floats(std::nullopt), 1); }), 13);
}

// --- constants

TEST(Constants, EqualSmallOnesAreShared) {
  Built b;
  EXPECT_EQ(b.g.ints({1, 2}), b.g.ints({1, 2}));
  EXPECT_NE(b.g.ints({1, 2}), b.g.ints({2, 1}));
  EXPECT_NE(b.g.ints({1}), b.g.scalar_i64(1)) << "another rank";
  EXPECT_NE(b.g.scalar(0, DType::kFloat32), b.g.scalar(0, DType::kInt32)) << "another type";
  EXPECT_NE(b.g.scalar(0.0, DType::kFloat32), b.g.scalar(-0.0, DType::kFloat32));
}

TEST(Constants, NamedOnesAreNotShared) {
  Built b;
  const Tensor one = from_ints(DType::kInt64, {1}, {1});
  EXPECT_NE(b.g.constant(one, "w"), b.g.constant(one, "w"));
  EXPECT_EQ(b.graph.values[0].name, "w");
  EXPECT_EQ(b.graph.values[1].name, "w.1");
}

// --- shape arithmetic

TEST(ShapeArithmetic, StaticShapeIsAConstant) {
  Built b;
  const Value shape = b.g.shape(b.floats(Dims{2, 3}));
  ASSERT_NE(shape.constant(), nullptr);
  EXPECT_EQ(constant_of(shape), (Ints{2, 3}));
  EXPECT_TRUE(b.graph.nodes.empty());
}

TEST(ShapeArithmetic, KnownDimensionOfADynamicShapeIsAConstant) {
  Built b;
  EXPECT_EQ(constant_of(b.g.dim(b.floats(Dims{-1, 3}), -1)), Ints{3});
  EXPECT_EQ(b.g.dim(b.floats(Dims{-1, 3}), 0).constant(), nullptr);
}

// reshape(x, [x.shape[0], x.shape[1] * 2, -1]) as a Paddle program computes it.
TEST(ShapeArithmetic, ShapeSliceConcatReshapeIsOneReshape) {
  Built b;
  const Value x = b.floats(Dims{-1, 6, 4});
  const Value shape = b.g.shape(x);
  const Value batch = b.g.slice(shape, {0}, {1}, {0});
  const Value width = b.g.mul(b.g.slice(shape, {1}, {2}, {0}), b.g.ints({2}));
  const Value y = b.g.reshape(x, b.g.concat({batch, width, b.g.ints({2})}, 0));
  EXPECT_EQ(y.dims(), (Dims{-1, 12, 2}));
  ASSERT_EQ(b.last().op_type, "Reshape");
  EXPECT_EQ(constant_of(b.last().inputs.at(1)), (Ints{-1, 12, 2}));
}

TEST(ShapeArithmetic, StaticShapeSliceConcatReshapeLeavesNothingElse) {
  Built b;
  const Value x = b.floats(Dims{5, 6, 4});
  const Value shape = b.g.shape(x);
  const Value rest = b.g.div(b.g.slice(shape, {1}, {2}, {0}), b.g.ints({3}));
  b.g.reshape(x, b.g.concat({b.g.gather(shape, b.g.ints({0}), 0), rest, b.g.ints({12})}, 0));
  EXPECT_THAT(b.ops(), ElementsAre("Reshape"));
  EXPECT_EQ(constant_of(b.last().inputs.at(1)), (Ints{5, 2, 12}));
}

TEST(ShapeArithmetic, TwoUnknownDimensionsAreComputed) {
  Built b;
  const Value x = b.floats(Dims{-1, -1, 4});
  const Value y = b.g.reshape(x, b.g.shape(x));
  EXPECT_EQ(y.dims(), (Dims{-1, -1, 4}));
  EXPECT_THAT(b.ops(), ElementsAre("Shape", "Reshape"));
}

TEST(ShapeArithmetic, CastKeepsWhatIsKnown) {
  Built b;
  const Value shape = b.g.cast(b.g.shape(b.floats(Dims{-1, 6})), DType::kInt32);
  EXPECT_EQ(constant_of(b.g.slice(shape, {1}, {2}, {0})), Ints{6});
}

// Elements are followed for rank 0 and 1 only: in a matrix they would be mistaken for a row.
TEST(ShapeArithmetic, MatricesAreNotFollowed) {
  Built b;
  const Value shape = b.g.shape(b.floats(Dims{-1, 6}));
  const Value column = b.g.unsqueeze(shape, {1});  // [[?], [6]]
  const Value row = b.g.unsqueeze(shape, {0});     // [[?, 6]]
  EXPECT_FALSE(b.g.add(column, row).info()->elements) << "is [2, 2]";
  EXPECT_FALSE(b.g.slice(row, {1}, {2}, {0}).info()->elements) << "is empty";
}

}  // namespace
}  // namespace paddle2onnx
