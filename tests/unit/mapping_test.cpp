// The registry, and what the driver makes of a whole program.
#include <set>

#include "mapper/catalogue.h"
#include "mapper/map_program.h"
#include "mapper/registry.h"
#include "pass/pass.h"
#include "program_text.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

// --- registry

TEST(Registry, HasEachOperatorAndOpsetOnce) {
  std::set<std::pair<std::string_view, int>> seen;
  for (const MapperEntry& entry : all_mappers()) {
    EXPECT_TRUE(seen.insert({entry.op, entry.since}).second) << entry.op << " at " << entry.since;
  }
}

TEST(Registry, EntriesAreWhole) {
  for (const MapperEntry& entry : all_mappers()) {
    EXPECT_NE(entry.map, nullptr) << entry.op;
    EXPECT_GE(entry.since, min_opset_version()) << entry.op;
    EXPECT_LE(entry.since, max_opset_version()) << entry.op;
  }
}

// gelu has two mappers: one that spells Erf out from 9 on, one with the operator of 20.
TEST(Registry, NewestMapperThatTheOpsetAllowsIsPicked) {
  const Mapper spelled_out = find_mapper("gelu", 9).map;
  ASSERT_NE(spelled_out, nullptr);
  EXPECT_EQ(find_mapper("gelu", 19).map, spelled_out);
  EXPECT_NE(find_mapper("gelu", 20).map, spelled_out);
  EXPECT_EQ(find_mapper("gelu", 99).map, find_mapper("gelu", 20).map);
}

TEST(Registry, OperatorThatNeedsANewerOpset) {
  EXPECT_EQ(find_mapper("det", 10).map, nullptr);
  EXPECT_EQ(find_mapper("det", 10).first_opset, 11);
}

TEST(Registry, UnknownOperator) {
  EXPECT_EQ(find_mapper("no_such_operator", 17).map, nullptr);
  EXPECT_EQ(find_mapper("no_such_operator", 17).first_opset, 0);
}

// --- catalogue

TEST(Catalogue, EveryOperatorIsMappedOrHasAReason) {
  for (const OperatorInfo& op : list_operators()) {
    EXPECT_TRUE(op.supported || !op.reason.empty()) << op.name;
    EXPECT_FALSE(op.pdmodel.empty() && op.pir.empty()) << op.name;
  }
}

TEST(Catalogue, WhatIsMappedHasNoReasonAgainstIt) {
  for (const OperatorInfo& op : list_operators()) {
    if (op.opsets.empty()) continue;
    EXPECT_EQ(op.reason, "") << op.name << " has a mapper: take its reason out of known_operators.inc";
  }
}

TEST(Catalogue, HoldsTheWholeRegistry) {
  std::set<std::string> listed;
  for (const OperatorInfo& op : list_operators()) {
    if (op.supported) listed.insert(op.name);
    if (op.supported) listed.insert(op.pir.begin(), op.pir.end());
  }
  for (const MapperEntry& entry : all_mappers()) EXPECT_TRUE(listed.contains(std::string(entry.op))) << entry.op;
}

TEST(Catalogue, TellsFormsAndTestedOpsets) {
  const auto operators = list_operators();
  const auto gelu = std::ranges::find(operators, "gelu", &OperatorInfo::name);
  ASSERT_NE(gelu, operators.end());
  EXPECT_THAT(gelu->opsets, ElementsAre(7, 20));
  EXPECT_EQ(gelu->tested_opsets.front(), 7);
  EXPECT_EQ(gelu->tested_opsets.back(), max_opset_version());
}

TEST(Catalogue, ReasonsByAnyName) {
  EXPECT_EQ(reason_without_mapper("auc"), "training only: a metric");
  EXPECT_EQ(reason_without_mapper("hsigmoid_loss"), reason_without_mapper("hierarchical_sigmoid"));
  EXPECT_EQ(reason_without_mapper("relu"), "");
  EXPECT_EQ(reason_without_mapper("no_such_operator"), "");
}

// --- programs

struct Mapped {
  MappedGraph result;
  std::vector<Diagnostic> diagnostics;

  explicit operator bool() const { return result.graph != nullptr; }
  std::vector<std::string> ops() const {
    std::vector<std::string> names;
    for (const Node& node : result.graph->nodes) names.push_back(node.op_type);
    return names;
  }
};

Mapped map(const ProgramText& text, const MapOptions& options) {
  Mapped mapped;
  const auto parsed = text.parse();
  EXPECT_THAT(parsed, Succeeds());
  mapped.result = map_program(parsed->program, options, mapped.diagnostics);
  return mapped;
}

Mapped map(const ProgramText& text, int opset = 17, bool auto_upgrade = true) {
  return map(text, MapOptions{.opset_version = opset, .auto_upgrade_opset = auto_upgrade});
}

TEST(Program, InputsAndOutputsHavePaddlesNames) {
  const Mapped mapped = map(one_operator("relu"));
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped.result.graph->inputs.at(0).name(), "x");
  EXPECT_EQ(mapped.result.graph->outputs.at(0).name(), "y");
  EXPECT_THAT(mapped.ops(), ElementsAre("Relu"));
}

TEST(Program, OutputKeepsItsNameWhereItIsWrittenTwice) {
  ProgramText text;
  text.input("x", {4});
  text.var("y", {4});
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"y"}}});
  text.op("tanh", {{"X", {"y"}}}, {{"Out", {"y"}}});
  text.fetch("y");
  const Mapped mapped = map(text);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped.result.graph->nodes[1].outputs[0].name(), "y");
  EXPECT_NE(mapped.result.graph->nodes[0].outputs[0].name(), "y");
}

TEST(Program, InputThatIsAnOutputGetsAnIdentity) {
  ProgramText text;
  text.input("x", {4});
  text.fetch("x");
  const Mapped mapped = map(text);
  ASSERT_TRUE(mapped);
  EXPECT_THAT(mapped.ops(), ElementsAre("Identity"));
  EXPECT_NE(mapped.result.graph->outputs[0].name(), "x") << "ONNX wants them to differ";
}

TEST(Program, ValueThatIsFetchedTwiceIsTwoOutputs) {
  ProgramText text = one_operator("relu");
  text.fetch("y", 1);
  const Mapped mapped = map(text);
  ASSERT_TRUE(mapped);
  ASSERT_THAT(mapped.result.graph->outputs, SizeIs(2));
  EXPECT_EQ(mapped.result.graph->outputs[0].name(), "y");
  EXPECT_NE(mapped.result.graph->outputs[1].name(), "y");
}

// Nothing had rank 0 before Paddle 2.5: [1] is declared where a slice leaves nothing else, and what follows counts on
// it.
TEST(Program, SliceOfAllAxesKeepsTheRankThatAnOlderOneDeclares) {
  for (const bool older : {true, false}) {
    ProgramText text;
    text.input("x", {4});
    text.var("y", older ? Dims{1} : Dims{});
    OpDesc& slice = text.op("slice", {{"Input", {"x"}}}, {{"Out", {"y"}}});
    set(slice, "axes", std::vector<int>{0});
    set(slice, "starts", std::vector<int>{1});
    set(slice, "ends", std::vector<int>{2});
    set(slice, "decrease_axis", std::vector<int>{0});
    text.fetch("y");
    const Mapped mapped = map(text);
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped.result.graph->outputs.at(0).rank(), older ? 1 : 0);
  }
}

TEST(Program, OutputThatNothingWritesIsAnError) {
  ProgramText text;
  text.input("x", {4});
  text.var("y", {4});
  text.fetch("y");
  const Mapped mapped = map(text);
  EXPECT_FALSE(mapped);
  ASSERT_THAT(mapped.diagnostics, SizeIs(1));
  EXPECT_EQ(mapped.diagnostics[0].code, kMalformedProgram);
}

TEST(Program, OperandThatNothingWritesIsAnError) {
  ProgramText text;
  text.var("x", {4});
  text.var("y", {4});
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"y"}}});
  text.fetch("y");
  const Mapped mapped = map(text);
  EXPECT_FALSE(mapped);
  ASSERT_THAT(mapped.diagnostics, SizeIs(1));
  EXPECT_THAT(mapped.diagnostics[0].message, HasSubstr("'x'"));
}

// --- what is not supported

ProgramText unsupported_program() {
  ProgramText text;
  text.input("x", {4});
  for (const char* name : {"a", "b", "c", "y"}) text.var(name, {4});
  OpDesc& first = text.op("own_op", {{"X", {"x"}}}, {{"Out", {"a"}}});
  set(first, "op_callstack", std::vector<std::string>{R"(  File "net.py", line 12, in forward)"});
  text.op("relu", {{"X", {"a"}}}, {{"Out", {"b"}}});
  text.op("own_op", {{"X", {"b"}}}, {{"Out", {"c"}}});
  text.op("other_op", {{"X", {"c"}}}, {{"Out", {"y"}}});
  text.fetch("y");
  return text;
}

TEST(Unsupported, AllAreReportedAtOnce) {
  const Mapped mapped = map(unsupported_program());
  EXPECT_FALSE(mapped);
  ASSERT_THAT(mapped.diagnostics, SizeIs(2));
  EXPECT_EQ(mapped.diagnostics[0].op, "own_op");
  EXPECT_EQ(mapped.diagnostics[1].op, "other_op");
  for (const Diagnostic& diagnostic : mapped.diagnostics) EXPECT_EQ(diagnostic.code, kUnsupportedOperator);
}

TEST(Unsupported, CountPlacesOutputsAndSource) {
  const Diagnostic diagnostic = map(unsupported_program()).diagnostics.at(0);
  EXPECT_THAT(diagnostic.message, HasSubstr("(2 times)"));
  EXPECT_EQ(diagnostic.place, "block 0, operator 0; block 0, operator 2");
  EXPECT_THAT(diagnostic.outputs, ElementsAre("a"));
  EXPECT_EQ(diagnostic.source, "net.py:12 (forward)");
}

TEST(Unsupported, ReasonIsTold) {
  EXPECT_THAT(map(one_operator("auc")).diagnostics.at(0).message, HasSubstr("training only: a metric"));
}

TEST(Unsupported, WhatAnOptimiserPutIntoANeighbour) {
  ProgramText text = one_operator("relu");
  OpDesc& op = *text.desc.mutable_blocks(0)->mutable_ops(1);
  ASSERT_EQ(op.type(), "relu");
  set(op, "fuse_residual_connection", false);
  EXPECT_TRUE(map(text));
  set(op, "fuse_activation", "swish");
  const Mapped mapped = map(text);
  ASSERT_FALSE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("fuse_activation is set"));
}

TEST(Lossy, WhatAnOptimiserRounds) {
  ProgramText text = one_operator("relu");
  set(*text.desc.mutable_blocks(0)->mutable_ops(1), "mkldnn_data_type", "bfloat16");
  const Mapped mapped = map(text);
  ASSERT_TRUE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("the optimised model computes it in bfloat16"));
}

TEST(Unsupported, LayersWithoutTheirWeights) {
  ProgramText text;
  text.input("x", {2, 3, 4});
  text.input("w", {3, 2, 2, 4});
  text.var("out", {2, 3, 4});
  text.op("fused_multi_transformer", {{"X", {"x"}}, {"QKVW", {"w"}}}, {{"Out", {"out"}}});
  text.fetch("out");
  const Mapped mapped = map(text);
  ASSERT_FALSE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("0 of 'out_linear_weights' for 1 layers"));
}

TEST(Unsupported, DiagonalBeyondTheResult) {
  ProgramText text;
  text.var("out", {1 << 20, 1 << 20});
  OpDesc& op = text.op("uniform_random", {}, {{"Out", {"out"}}});
  set(op, "shape", std::vector<int>{1 << 20, 1 << 20});
  set(op, "diag_num", int{1 << 30});
  set(op, "diag_step", int{1 << 30});
  text.fetch("out");
  const Mapped mapped = map(text);
  ASSERT_FALSE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("on a diagonal"));
}

TEST(Unsupported, DropoutInTrainingMode) {
  ProgramText text;
  for (const char* name : {"x", "y"}) text.input(name, {4});
  text.var("out", {4});
  OpDesc& op = text.op("fused_dropout_add", {{"x", {"x"}}, {"y", {"y"}}}, {{"out", {"out"}}});
  set(op, "p", 0.5F);
  set(op, "mode", "upscale_in_train");
  set(op, "is_test", false);
  text.fetch("out");
  const Mapped mapped = map(text);
  ASSERT_FALSE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("p in training mode"));
}

// --- sequences in one tensor (LoD)

// y = sequence_softmax of x · 1, beside an input z; x has this many levels.
ProgramText sequence_program(int levels, const std::string& operand = "h") {
  ProgramText text;
  text.input("z", {-1, 1});
  text.input("x", {-1, 1}, VarType::FP32, 1);
  text.var("w", {4, 1});
  set(text.op("fill_constant", {}, {{"Out", {"w"}}}), "shape", std::vector<int>{4, 1});
  for (const char* name : {"h", "y"}) text.var(name, {-1, 1});
  for (auto& variable : *text.desc.mutable_blocks(0)->mutable_vars()) {
    if (variable.name() != "z" && variable.name() != "w")
      variable.mutable_type()->mutable_dense_tensor()->set_lod_level(levels);
  }
  text.op("elementwise_mul", {{"X", {"z"}}, {"Y", {"x"}}}, {{"Out", {"h"}}});
  text.op("sequence_softmax", {{"X", {operand}}}, {{"Out", {"y"}}});
  text.fetch("y");
  return text;
}

std::vector<std::string> input_names(const Mapped& mapped) {
  std::vector<std::string> names;
  for (const Value& input : mapped.result.graph->inputs) names.push_back(input.name());
  return names;
}

TEST(Lod, OfAnInputIsAnInputBehindTheOthers) {
  const Mapped mapped = map(sequence_program(1));
  ASSERT_TRUE(mapped);
  EXPECT_THAT(input_names(mapped), ElementsAre("z", "x", "x.lod"));
  const Value offsets = mapped.result.graph->inputs.back();
  EXPECT_EQ(offsets.dtype(), DType::kInt64);
  EXPECT_EQ(offsets.rank(), 1);
}

TEST(Lod, IsNoInputWhereNothingReadsIt) {
  ProgramText text = one_operator("relu");
  for (auto& variable : *text.desc.mutable_blocks(0)->mutable_vars())
    variable.mutable_type()->mutable_dense_tensor()->set_lod_level(1);
  const Mapped mapped = map(text);
  ASSERT_TRUE(mapped);
  EXPECT_THAT(input_names(mapped), ElementsAre("x"));
}

TEST(Lod, OfTheInputThatIsDeclaredToHaveIt) {
  EXPECT_THAT(input_names(map(sequence_program(1))), testing::Contains("x.lod"));
  // None is: the first one's then, as Paddle shares that of the first operand.
  EXPECT_THAT(input_names(map(sequence_program(0))), testing::Contains("z.lod"));
}

TEST(Lod, OfSeveralLevelsIsRefused) {
  const Mapped mapped = map(sequence_program(2));
  ASSERT_FALSE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("'h' are divided further"));
}

TEST(Lod, OfAConstantIsRefused) {
  const Mapped mapped = map(sequence_program(1, "w"));
  ASSERT_FALSE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("'w' is not divided into sequences"));
}

TEST(Lod, OfAPoolIsNone) {
  ProgramText text = sequence_program(1);
  for (const char* name : {"p", "q"}) text.var(name, {-1, 1});
  text.op("sequence_pool", {{"X", {"y"}}}, {{"Out", {"p"}}});
  text.op("sequence_softmax", {{"X", {"p"}}}, {{"Out", {"q"}}});
  text.fetch("q", 1);
  const Mapped mapped = map(text);
  ASSERT_FALSE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("'p' is not divided into sequences"));
}

TEST(Lod, NameThatIsTakenGetsANumber) {
  ProgramText text = sequence_program(1);
  text.input("x.lod", {4}, VarType::FP32, 2);
  EXPECT_THAT(input_names(map(text)), ElementsAre("z", "x", "x.lod", AllOf(StartsWith("x.lod"), testing::Ne("x.lod"))));
}

// --- results that cannot be Paddle's

ProgramText random_program() {
  ProgramText text;
  for (const char* name : {"a", "b"}) text.var(name, {4});
  set(text.op("uniform_random", {}, {{"Out", {"a"}}}), "shape", std::vector<int>{4});
  set(text.op("gaussian_random", {}, {{"Out", {"b"}}}), "shape", std::vector<int>{4});
  text.fetch("a");
  text.fetch("b", 1);
  return text;
}

TEST(Lossy, IsAWarning) {
  const Mapped mapped = map(random_program());
  EXPECT_TRUE(mapped);
  ASSERT_THAT(mapped.diagnostics, SizeIs(2));
  for (const Diagnostic& diagnostic : mapped.diagnostics) {
    EXPECT_EQ(diagnostic.code, kLossy);
    EXPECT_EQ(diagnostic.severity, Severity::kWarning);
  }
}

TEST(Lossy, IsRefusedByStrictWithAllNames) {
  const Mapped mapped = map(random_program(), MapOptions{.strict = true});
  EXPECT_FALSE(mapped);
  ASSERT_THAT(mapped.diagnostics, SizeIs(2));
  EXPECT_THAT(mapped.diagnostics[0].message, HasSubstr("uniform_random"));
  EXPECT_THAT(mapped.diagnostics[1].message, HasSubstr("gaussian_random"));
  for (const Diagnostic& diagnostic : mapped.diagnostics) EXPECT_EQ(diagnostic.severity, Severity::kError);
}

TEST(Lossy, StrictTakesWhatIsExact) { EXPECT_TRUE(map(one_operator("relu"), MapOptions{.strict = true})); }

// --- what is not supported, many times

TEST(Unsupported, ManyPlacesAreCounted) {
  ProgramText text = one_operator("relu");
  for (int i = 0; i < 20; ++i) text.op("own_op", {{"X", {"x"}}}, {{"Out", {"z"}}});
  const Diagnostic diagnostic = map(text).diagnostics.at(0);
  EXPECT_THAT(diagnostic.message, HasSubstr("(20 times)"));
  EXPECT_THAT(diagnostic.place, HasSubstr("and 12 more"));
}

TEST(Unsupported, InnerBlocksAreLookedInto) {
  ProgramText text = one_operator("relu");
  const int block = text.block(0);
  text.op("own_op", {{"X", {"x"}}}, {{"Out", {"z"}}}, block);
  set_block(text.op("own_loop", {}, {}), "sub_block", block);
  const Mapped mapped = map(text);
  EXPECT_FALSE(mapped);
  EXPECT_EQ(mapped.diagnostics.at(0).place, "block 0, operator 1");
  EXPECT_EQ(mapped.diagnostics.at(1).place, "block 1, operator 0");
}

TEST(Unsupported, ImpossibleAttributesAreErrorsOfTheOperator) {
  ProgramText text;
  text.input("x", {4});
  text.var("y", {4});
  set(text.op("softmax", {{"X", {"x"}}}, {{"Out", {"y"}}}), "axis", 5);
  text.fetch("y");
  for (const int opset : {11, 17}) {
    const Mapped mapped = map(text, opset);
    EXPECT_FALSE(mapped);
    ASSERT_THAT(mapped.diagnostics, SizeIs(1));
    EXPECT_EQ(mapped.diagnostics[0].code, kUnsupportedAttribute);
  }
}

TEST(Unsupported, AttributesOfAnotherTypeAreErrorsOfTheOperator) {
  ProgramText text = one_operator("my");
  OpDesc& op = *text.desc.mutable_blocks(0)->mutable_ops(1);
  op.set_type("softmax");
  set(op, "axis", "last");
  const Mapped mapped = map(text);
  EXPECT_FALSE(mapped);
  EXPECT_THAT(mapped.diagnostics.at(0).message, HasSubstr("'axis'"));
}

// --- the opset

ProgramText gelu_program() { return one_operator("gelu"); }

TEST(Opset, IsRaisedToTheLowestThatSuffices) {
  const Mapped mapped = map(gelu_program(), 7);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped.result.opset_version, 9);
  ASSERT_THAT(mapped.diagnostics, SizeIs(1));
  EXPECT_EQ(mapped.diagnostics[0].code, kOpsetRaised);
  EXPECT_EQ(mapped.diagnostics[0].severity, Severity::kNote);
  EXPECT_THAT(mapped.diagnostics[0].message, AllOf(HasSubstr("from 7 to 9"), HasSubstr("gelu")));
}

TEST(Opset, IsKeptWhereItSuffices) {
  const Mapped mapped = map(gelu_program(), 11);
  ASSERT_TRUE(mapped);
  EXPECT_EQ(mapped.result.opset_version, 11);
  EXPECT_THAT(mapped.diagnostics, IsEmpty());
}

TEST(Opset, TooLowIsAnErrorThatNamesAllWhereRaisingIsNotAllowed) {
  ProgramText text = gelu_program();
  text.var("d", {4, 4});
  text.var("z", {1});
  text.feed("d", 1);
  text.op("determinant", {{"Input", {"d"}}}, {{"Out", {"z"}}});
  const Mapped mapped = map(text, 7, false);
  EXPECT_FALSE(mapped);
  ASSERT_THAT(mapped.diagnostics, SizeIs(1));
  EXPECT_EQ(mapped.diagnostics[0].code, kOpsetTooLow);
  EXPECT_EQ(mapped.diagnostics[0].severity, Severity::kError);
  EXPECT_THAT(mapped.diagnostics[0].message, AllOf(HasSubstr("gelu needs 9"), HasSubstr("determinant needs 11")));
}

TEST(Opset, TooLowAndUnsupportedAreBothReported) {
  ProgramText text = gelu_program();
  text.op("own_op", {{"X", {"y"}}}, {{"Out", {"z"}}});
  std::set<int> codes;
  for (const Diagnostic& diagnostic : map(text, 7, false).diagnostics) codes.insert(diagnostic.code);
  EXPECT_THAT(codes, ElementsAre(kUnsupportedOperator, kOpsetTooLow));
}

// --- hostile files, through all rooms

// Any change of a byte gives a model or an error with a status, and no internal error.
TEST(HostileModel, EveryChangedByteGivesAModelOrAnError) {
  ProgramText text = linear_program();
  text.op("softmax", {{"X", {"y"}}}, {{"Out", {"z"}}});
  const std::string program = text.bytes();
  const std::string params = float_record({4, 3}, 1);
  Options options;
  options.check = false;  // onnx's checker is not what is tested
  for (size_t i = 0; i < program.size(); ++i) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string changed = program;
      changed[i] = static_cast<char>(changed[i] ^ change);
      ModelSource source;
      source.model_bytes = bytes_of(changed);
      source.params_bytes = bytes_of(params);
      std::vector<std::byte> model;
      const Conversion conversion = convert(source, options, model);
      ASSERT_NE(conversion.status, Status::kInternal)
          << "byte " << i << ": " << to_string(conversion.diagnostics.back());
      ASSERT_EQ(conversion.ok(), !model.empty());
    }
  }
}

// --- passes

TEST(DeadNodes, AreRemovedFromTheEnd) {
  ProgramText text = one_operator("relu");
  text.op("tanh", {{"X", {"x"}}}, {{"Out", {"a"}}});
  text.op("exp", {{"X", {"a"}}}, {{"Out", {"b"}}});
  const Mapped mapped = map(text);
  ASSERT_TRUE(mapped);
  ASSERT_THAT(mapped.result.graph->nodes, SizeIs(3));
  remove_dead_nodes(*mapped.result.graph);
  EXPECT_THAT(mapped.ops(), ElementsAre("Relu"));
}

TEST(DeadNodes, StayWithoutOptimisation) {
  ProgramText text = one_operator("relu");
  text.op("tanh", {{"X", {"x"}}}, {{"Out", {"a"}}});
  const Mapped mapped = map(text);
  ASSERT_TRUE(mapped);
  run_passes(*mapped.result.graph, false);
  EXPECT_THAT(mapped.result.graph->nodes, SizeIs(2));
}

// x → Abs (used in the branch only) and an If whose branch gives that.
std::unique_ptr<Graph> graph_with_branch() {
  auto graph = std::make_unique<Graph>();
  Builder g(*graph, 17);
  const Value x = g.new_value("x", DType::kFloat32, Dims{2});
  const Value condition = g.new_value("condition", DType::kBool, Dims{});
  graph->inputs = {x, condition};
  const Value inner = g.abs(x);
  g.neg(x);  // dead
  const auto branch = [&] {
    auto body = std::make_shared<Graph>();
    Builder b(*body, 17);
    body->outputs = {b.relu(inner)};
    return body;
  };
  const Value y =
      g.node("If", {condition}, {{"then_branch", branch()}, {"else_branch", branch()}}, {DType::kFloat32, Dims{2}});
  graph->outputs = {y};
  return graph;
}

TEST(DeadNodes, WhatASubgraphUsesIsAlive) {
  const auto graph = graph_with_branch();
  remove_dead_nodes(*graph);
  ASSERT_THAT(graph->nodes, SizeIs(2));
  EXPECT_EQ(graph->nodes[0].op_type, "Abs");
  EXPECT_EQ(graph->nodes[1].op_type, "If");
}

void collect_names(const Graph& graph, std::vector<std::string>& nodes, std::vector<std::string>& values) {
  for (const Node& node : graph.nodes) {
    nodes.push_back(node.name);
    for (const Value& output : node.outputs) values.push_back(output.name());
    for (const auto& [name, attribute] : node.attributes) {
      if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute)) collect_names(**body, nodes, values);
    }
  }
}

TEST(Names, AreUniqueInSubgraphsToo) {
  const auto graph = graph_with_branch();
  assign_names(*graph);
  std::vector<std::string> nodes;
  std::vector<std::string> values;
  collect_names(*graph, nodes, values);
  EXPECT_EQ(std::set(nodes.begin(), nodes.end()).size(), nodes.size());
  EXPECT_EQ(std::set(values.begin(), values.end()).size(), values.size());
  for (const std::string& name : values) EXPECT_NE(name, "");
}

TEST(Names, AreScopeAndOperator) {
  const Mapped relu = map(one_operator("relu"));
  ASSERT_TRUE(relu);
  run_passes(*relu.result.graph, true);
  EXPECT_THAT(relu.result.graph->nodes[0].name, AllOf(StartsWith("relu_0"), HasSubstr("Relu")));
}

TEST(Names, ThatAreThereAreKept) {
  Graph graph;
  Builder g(graph, 17);
  const Value x = g.new_value("Relu_out", DType::kFloat32, Dims{2});
  graph.outputs = {g.relu(x)};
  assign_names(graph);
  EXPECT_EQ(x.name(), "Relu_out");
  EXPECT_EQ(graph.outputs[0].name(), "Relu_out_1");
}

}  // namespace
}  // namespace paddle2onnx
