// Operators that Paddle's optimiser joined, taken apart.
#include "program/fusions.h"

#include "program_text.h"

namespace paddle2onnx {
namespace {

using test::OpDesc;
using test::ProgramText;
using test::set;
using testing::ElementsAre;

// x, y and z → the operator → out.
ProgramText joined(const std::string& type, const test::Slots& inputs, const std::string& output) {
  ProgramText text;
  for (const auto& [name, column] : {std::pair("x", 0), {"y", 1}, {"z", 2}})
    text.input(name, {-1, 3, 4}, test::VarType::FP32, column);
  text.var("out", {-1, 3, 4});
  text.op(type, inputs, {{output, {"out"}}});
  text.fetch("out");
  return text;
}

OpDesc& operator_of(ProgramText& text) { return *text.desc.mutable_blocks(0)->mutable_ops(3); }

// "add(x, y) → sum", one line for each operator.
std::vector<std::string> operators_of(const ProgramText& text) {
  const auto parsed = text.parse();
  std::vector<std::string> lines;
  if (!parsed) return {parsed.error().message};
  const auto names = [&](const auto& slots) {
    std::string list;
    for (const auto& [slot, ids] : slots) {
      for (const ValueId id : ids) list += (list.empty() ? "" : ", ") + parsed->program.values[id].name;
    }
    return list;
  };
  for (const Operator& op : parsed->program.blocks.front().operators)
    lines.push_back(op.name + "(" + names(op.inputs) + ") → " + names(op.outputs));
  return lines;
}

TEST(Fusions, AreAppliedInTheOrderOfTheKernel) {
  ProgramText text = joined("fused_conv2d", {{"Input", {"x"}}, {"Filter", {"y"}}, {"ResidualData", {"z"}}}, "Output");
  set(operator_of(text), "fuse_residual_connection", true);
  set(operator_of(text), "fuse_activation", "relu");
  EXPECT_THAT(operators_of(text),
              ElementsAre("conv2d(x, y) → out.conv2d", "add(out.conv2d, z) → out.add", "relu(out.add) → out"));
}

TEST(Fusions, OfOperandsComeFirst) {
  ProgramText text = joined("fused_matmul", {{"X", {"x"}}, {"Y", {"y"}}}, "Out");
  set(operator_of(text), "fused_reshape_X", std::vector<int>{0, 0, 2, 2});
  set(operator_of(text), "fused_transpose_X", std::vector<int>{0, 2, 1, 3});
  set(operator_of(text), "matmul_alpha", 0.5F);
  EXPECT_THAT(operators_of(text), ElementsAre("reshape(x) → out.reshape", "transpose(out.reshape) → out.transpose",
                                              "matmul(out.transpose, y) → out.matmul", "scale(out.matmul) → out"));
}

TEST(Fusions, AResidualThatIsNotUsedGoes) {
  ProgramText text = joined("fused_conv2d", {{"Input", {"x"}}, {"Filter", {"y"}}, {"ResidualData", {"z"}}}, "Output");
  EXPECT_THAT(operators_of(text), ElementsAre("conv2d(x, y) → out"));
}

TEST(Fusions, WhatHasNoneStaysAsItIs) {
  EXPECT_THAT(operators_of(joined("elementwise_add", {{"X", {"x"}}, {"Y", {"y"}}}, "Out")),
              ElementsAre("add(x, y) → out"));
}

TEST(Fusions, WhatIsUnknownStaysToBeRefused) {
  ProgramText text = joined("fused_elementwise_add", {{"X", {"x"}}, {"Y", {"y"}}}, "Out");
  set(operator_of(text), "fuse_activation", "cube");
  EXPECT_THAT(operators_of(text), ElementsAre("add(x, y) → out"));
  EXPECT_TRUE(text.parse()->program.blocks[0].operators[0].attributes.contains("fuse_activation"));
}

TEST(Fusions, OfUnknownFunctionsStay) {
  ProgramText text = joined("fused_elemwise_activation", {{"X", {"x"}}, {"Y", {"y"}}}, "Out");
  set(operator_of(text), "functor_list", std::vector<std::string>{"elementwise_add", "cos"});
  EXPECT_THAT(operators_of(text), ElementsAre("fused_elemwise_activation(x, y) → out"));
}

TEST(Fusions, WithoutTheirOperandsStay) {
  for (const char* type : {"resnet_unit", "resnet_basic_block", "fused_scale_bias_add_relu",
                           "fused_elemwise_activation", "fused_scale_bias_relu_conv_bn"}) {
    EXPECT_THAT(operators_of(joined(type, {}, "Y")), ElementsAre(std::string(type) + "() → out"));
  }
}

}  // namespace
}  // namespace paddle2onnx
