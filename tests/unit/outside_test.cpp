// Operators that are mapped from outside: --custom_ops, and the mappers of a program that uses the library.
#include "mapper/outside.h"

#include <onnx/onnx_pb.h>

#include <map>
#include <stdexcept>

#include "program_text.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct Converted {
  Conversion conversion;
  onnx::ModelProto model;

  const onnx::NodeProto& node(int index = 0) const { return model.graph().node(index); }
  std::string first_message() const {
    return conversion.diagnostics.empty() ? "" : conversion.diagnostics.front().message;
  }
};

Converted converted(const ProgramText& text, const Options& options) {
  const std::string program = text.bytes();
  ModelSource source;
  source.model_bytes = bytes_of(program);
  std::vector<std::byte> bytes;
  Converted result;
  result.conversion = convert(source, options, bytes);
  if (result.conversion.ok()) {
    EXPECT_TRUE(result.model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  }
  return result;
}

// x and two more operands, an optional one absent, to y.
ProgramText own_program() {
  ProgramText text;
  text.input("x", {-1, 4});
  text.input("a", {4}, VarType::INT64, 1);
  text.input("b", {4}, VarType::INT64, 2);
  text.var("y", {-1, 8});
  text.var("n", {-1}, VarType::INT32);
  OpDesc& op =
      text.op("own_op", {{"X", {"x"}}, {"Rest", {"a", "b"}}, {"Bias", {}}}, {{"Out", {"y"}}, {"Count", {"n"}}});
  set(op, "factor", 2.5F);
  set(op, "size", int64_t{8});
  set(op, "mode", "fast");
  set(op, "flag", true);
  set(op, "steps", std::vector<int>{1, 2});
  set(op, "use_cudnn", true);
  text.fetch("y");
  text.fetch("n", 1);
  return text;
}

Options with_custom(const std::string& op, const std::string& target) {
  Options options;
  options.custom_ops = {{op, target}};
  return options;
}

// --- custom operators

TEST(CustomOperator, HasAllOperandsAttributesAndResults) {
  const Converted result = converted(own_program(), with_custom("own_op", "my.domain::OwnOp"));
  ASSERT_TRUE(result.conversion.ok()) << result.first_message();
  const onnx::NodeProto& node = result.node();
  EXPECT_EQ(node.op_type(), "OwnOp");
  EXPECT_EQ(node.domain(), "my.domain");
  EXPECT_THAT(node.input(), ElementsAre("x", "a", "b"));
  EXPECT_THAT(node.output(), ElementsAre("y", "n"));
  std::map<std::string, onnx::AttributeProto> attributes;
  for (const auto& attribute : node.attribute()) attributes[attribute.name()] = attribute;
  EXPECT_EQ(attributes.size(), 5);
  EXPECT_EQ(attributes["factor"].f(), 2.5F);
  EXPECT_EQ(attributes["size"].i(), 8);
  EXPECT_EQ(attributes["mode"].s(), "fast");
  EXPECT_EQ(attributes["flag"].i(), 1);
  EXPECT_THAT(attributes["steps"].ints(), ElementsAre(1, 2));
}

TEST(CustomOperator, KeepsPaddlesTypesAndShapes) {
  const Converted result = converted(own_program(), with_custom("own_op", "my.domain::OwnOp"));
  ASSERT_TRUE(result.conversion.ok());
  const auto& type = result.model.graph().output(1).type().tensor_type();
  EXPECT_EQ(type.elem_type(), onnx::TensorProto::INT32);
  EXPECT_EQ(type.shape().dim_size(), 1);
}

TEST(CustomOperator, ImportsItsDomain) {
  const Converted result = converted(own_program(), with_custom("own_op", "my.domain::OwnOp"));
  ASSERT_EQ(result.model.opset_import_size(), 2);
  EXPECT_EQ(result.model.opset_import(1).domain(), "my.domain");
  EXPECT_EQ(result.model.opset_import(1).version(), 1);
}

TEST(CustomOperator, WithoutADomainIsInPaddles) {
  const Converted result = converted(own_program(), with_custom("own_op", "OwnOp"));
  ASSERT_TRUE(result.conversion.ok());
  EXPECT_EQ(result.node().domain(), "Paddle");
}

TEST(CustomOperator, TakesTheOperatorByAnyOfItsNames) {
  ProgramText text;
  for (const int column : {0, 1}) text.input(column == 0 ? "x" : "z", {4}, VarType::FP32, column);
  text.var("y", {4});
  text.op("elementwise_add", {{"X", {"x"}}, {"Y", {"z"}}}, {{"Out", {"y"}}});
  text.fetch("y");
  for (const char* name : {"elementwise_add", "add"}) {
    const Converted result = converted(text, with_custom(name, "d::MyAdd"));
    ASSERT_TRUE(result.conversion.ok()) << name;
    EXPECT_EQ(result.node().op_type(), "MyAdd") << name;
  }
}

TEST(CustomOperator, WithTheNameOfAnOnnxOperatorIsNotTakenForIt) {
  const Converted result = converted(own_program(), with_custom("own_op", "d::Shape"));
  ASSERT_TRUE(result.conversion.ok()) << result.first_message();
  EXPECT_EQ(result.model.graph().output(0).type().tensor_type().elem_type(), onnx::TensorProto::FLOAT);
}

TEST(CustomOperator, ThatTheModelHasNotIsAWarning) {
  const Converted result = converted(one_operator("relu"), with_custom("own_op", "d::OwnOp"));
  ASSERT_TRUE(result.conversion.ok());
  ASSERT_THAT(result.conversion.diagnostics, SizeIs(1));
  EXPECT_EQ(result.conversion.diagnostics[0].severity, Severity::kWarning);
  EXPECT_THAT(result.first_message(), HasSubstr("own_op"));
}

TEST(CustomOperator, BadTargetsAreUsageErrors) {
  for (const char* target : {"", "::Op", "d::", "d::a b", "a::b::c", "ai.onnx::Relu"}) {
    const Converted result = converted(own_program(), with_custom("own_op", target));
    EXPECT_EQ(result.conversion.status, Status::kUsage) << target;
    EXPECT_THAT(result.first_message(), HasSubstr("own_op"));
  }
}

// --- mappers of the calling program

Options with_mapper(OutsideMapper mapper) {
  Options options;
  options.mappers.push_back(std::move(mapper));
  return options;
}

void twice(OperatorMapping& op) {
  const GraphValue factor = op.constant<float>({}, {2.0F});
  op.output(op.outputs().front(), op.node("Mul", {op.input(op.inputs().front()), factor}));
}

TEST(OutsideMapper, MapsAnOperatorThatTheConverterDoesNotKnow) {
  const Converted result = converted(one_operator("own_op"), with_mapper({.op = "own_op", .map = twice}));
  ASSERT_TRUE(result.conversion.ok()) << result.first_message();
  EXPECT_EQ(result.node().op_type(), "Mul");
}

TEST(OutsideMapper, LeavesBuiltInOperatorsAlone) {
  const Converted result = converted(one_operator("relu"), with_mapper({.op = "relu", .map = twice}));
  ASSERT_TRUE(result.conversion.ok());
  EXPECT_EQ(result.node().op_type(), "Relu");
}

TEST(OutsideMapper, OverridesThemWhereAsked) {
  const Converted result =
      converted(one_operator("relu"), with_mapper({.op = "relu", .map = twice, .override_builtin = true}));
  ASSERT_TRUE(result.conversion.ok());
  EXPECT_EQ(result.node().op_type(), "Mul");
}

TEST(OutsideMapper, SeesTheOperator) {
  std::vector<std::string> seen;
  const auto look = [&](OperatorMapping& op) {
    seen = {op.name(),
            std::to_string(op.opset()),
            std::to_string(op.input_count("Rest")),
            std::to_string(op.input_count("Bias")),
            std::to_string(op.number("factor", 0)),
            std::get<std::string>(*op.attribute("mode"))};
    EXPECT_FALSE(op.attribute("absent"));
    EXPECT_EQ(op.element_type(op.input("Rest", 1)), ElementType::kInt64);
    EXPECT_THAT(*op.dims(op.input("X")), ElementsAre(-1, 4));
    EXPECT_EQ(op.declared_output("Count").type, ElementType::kInt32);
    const auto values = op.nodes("Own", {op.input("X")}, {{"k", int64_t{3}}},
                                 {op.declared_output("Out"), op.declared_output("Count")}, "d");
    op.output("Out", values.at(0));
    op.output("Count", values.at(1));
  };
  const Converted result = converted(own_program(), with_mapper({.op = "own_op", .map = look}));
  ASSERT_TRUE(result.conversion.ok()) << result.first_message();
  EXPECT_THAT(seen, ElementsAre("own_op", "17", "2", "0", "2.500000", "fast"));
  EXPECT_EQ(result.node().attribute(0).i(), 3);
}

TEST(OutsideMapper, RaisesTheOpset) {
  Options options = with_mapper({.op = "own_op", .map = twice, .first_opset = 18});
  EXPECT_EQ(converted(one_operator("own_op"), options).conversion.summary.opset_version, 18);
  options.auto_upgrade_opset = false;
  EXPECT_EQ(converted(one_operator("own_op"), options).conversion.status, Status::kUnsupported);
}

TEST(OutsideMapper, ErrorsComeBackAsDiagnostics) {
  const std::vector<std::pair<std::function<void(OperatorMapping&)>, std::string>> mappers = {
      {[](OperatorMapping& op) { op.fail("only on Sundays"); }, "only on Sundays"},
      {[](OperatorMapping&) { throw std::runtime_error("thrown out"); }, "thrown out"},
      {[](OperatorMapping&) { throw 1; }, "throws"},
      {[](OperatorMapping&) {}, "gives no value for the result"},
      {[](OperatorMapping& op) { op.input("Absent"); }, "Absent"},
      {[](OperatorMapping& op) { op.output("Absent", op.input("X")); }, "has no result 'Absent'"},
      {[](OperatorMapping& op) { op.node("Relu", {GraphValue{77}}); }, "another operator"},
      {[](OperatorMapping& op) { op.constant<float>({3}, {1.0F}); }, "does not fit"},
      {[](OperatorMapping& op) { op.nodes("Relu", {}, {}, {}); }, "without outputs"},
  };
  for (const auto& [map, message] : mappers) {
    const Converted result = converted(one_operator("own_op"), with_mapper({.op = "own_op", .map = map}));
    EXPECT_EQ(result.conversion.status, Status::kUnsupported) << message;
    EXPECT_THAT(result.first_message(), HasSubstr(message));
  }
}

TEST(OutsideMapper, TheFirstErrorCounts) {
  const auto map = [](OperatorMapping& op) {
    op.fail("first");
    op.fail("second");
    EXPECT_FALSE(op.node("Relu", {op.input("X")}));
  };
  const Converted result = converted(one_operator("own_op"), with_mapper({.op = "own_op", .map = map}));
  EXPECT_THAT(result.first_message(), HasSubstr("first"));
  EXPECT_THAT(result.conversion.diagnostics, SizeIs(1));
}

}  // namespace
}  // namespace paddle2onnx
