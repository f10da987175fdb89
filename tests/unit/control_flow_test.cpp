// Control flow and tensor arrays: blocks in the readers, inner graphs in the builder, the passes and the mappers.
#include "graph/builder.h"
#include "mapper/map_program.h"
#include "pass/pass.h"
#include "program/conditionals.h"
#include "program/in_place.h"
#include "program_text.h"
#include "reader/outer_writes.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> names_of(const Program& program, const std::vector<ValueId>& ids) {
  std::vector<std::string> names;
  names.reserve(ids.size());
  for (const ValueId id : ids) names.push_back(program.values[id].name);
  return names;
}

std::vector<std::string> operators_of(const Block& block) {
  std::vector<std::string> names;
  for (const Operator& op : block.operators) names.push_back(op.name);
  return names;
}

const std::vector<ValueId>& slot(const std::vector<std::pair<std::string, std::vector<ValueId>>>& slots,
                                 const std::string& name) {
  static const std::vector<ValueId> kNone;
  for (const auto& [slot, ids] : slots) {
    if (slot == name) return ids;
  }
  return kNone;
}

void flag_condition(OpDesc& op, int block) {
  set_block(op, "sub_block", block);
  set(op, "is_scalar_condition", true);
}

// --- loops of .pdmodel files

// while (c) { x = relu(x); t = tanh(x) (the body's own); c = x < limit }
ProgramText loop_program() {
  ProgramText text;
  text.input("x", {-1, 4});
  text.input("limit", {1}, VarType::FP32, 1);
  text.var("c", {1}, VarType::BOOL);
  text.op("less_than", {{"X", {"x"}}, {"Y", {"limit"}}}, {{"Out", {"c"}}});
  const int body = text.block(0);
  text.var("t", {-1, 4}, VarType::FP32, body);
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"x"}}}, body);
  text.op("tanh", {{"X", {"x"}}}, {{"Out", {"t"}}}, body);
  text.op("less_than", {{"X", {"t"}}, {"Y", {"limit"}}}, {{"Out", {"c"}}}, body);
  set_block(text.op("while", {{"X", {"x", "limit"}}, {"Condition", {"c"}}}, {{"Out", {"x", "c"}}}), "sub_block", body);
  text.fetch("x");
  return text;
}

TEST(OuterWrites, AreWhatABlockDoesNotDeclare) {
  const ProgramText text = loop_program();
  EXPECT_THAT(outer_writes(text.desc, 1), ElementsAre("x", "c"));
}

TEST(OuterWrites, OfInnerBlocksCountUnlessDeclaredOnTheWay) {
  ProgramText text;
  const int outer = text.block(0);
  const int inner = text.block(outer);
  text.var("own", {1}, VarType::FP32, outer);
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"own"}}}, inner);
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"y"}}}, inner);
  set_block(text.op("conditional_block", {{"Cond", {"c"}}}, {{"Out", {"own", "y"}}}, outer), "sub_block", inner);
  EXPECT_THAT(outer_writes(text.desc, outer), ElementsAre("y"));
  EXPECT_THAT(outer_writes(text.desc, inner), ElementsAre("own", "y"));
}

TEST(Loop, CarriesWhatItsBodyWrites) {
  const auto parsed = loop_program().parse();
  ASSERT_THAT(parsed, Succeeds());
  const Program& program = parsed->program;
  const Operator& loop = program.blocks[0].operators.back();
  EXPECT_EQ(loop.name, "while");
  EXPECT_THAT(names_of(program, slot(loop.inputs, "x")), ElementsAre("x", "c"));
  EXPECT_THAT(names_of(program, slot(loop.inputs, "cond")), ElementsAre("c"));
  const Block& body = program.blocks[loop.blocks.at(0)];
  EXPECT_THAT(names_of(program, body.arguments), ElementsAre("x", "c"));
  EXPECT_THAT(names_of(program, body.results), ElementsAre("c", "x", "c"));
  // relu reads the argument and gives the next value; the fetch reads what the loop gives.
  EXPECT_EQ(slot(body.operators[0].inputs, "x").at(0), body.arguments[0]);
  EXPECT_EQ(slot(body.operators[0].outputs, "out").at(0), body.results[1]);
  EXPECT_EQ(program.fetches.at(0).second, slot(loop.outputs, "out").at(0));
}

TEST(Loop, OfABlockThatIsNotItsOwnIsMalformed) {
  ProgramText text = loop_program();
  text.desc.mutable_blocks(1)->set_parent_idx(0);
  set_block(text.op("while", {{"X", {"x"}}, {"Condition", {"c"}}}, {{"Out", {"x"}}}), "sub_block", 1);
  EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram));
}

TEST(Loop, WithoutConditionIsMalformed) {
  ProgramText text = loop_program();
  text.desc.mutable_blocks(0)->mutable_ops(3)->mutable_inputs(1)->clear_arguments();
  EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram));
}

TEST(Loop, WithoutBlockIsMalformed) {
  ProgramText text = loop_program();
  text.desc.mutable_blocks(0)->mutable_ops(3)->clear_attrs();
  EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram));
}

TEST(Loop, BlocksNestedWithoutEndAreMalformed) {
  ProgramText text;
  text.input("c", {1}, VarType::BOOL);
  for (int block = 0; block < 1000; ++block) {
    const int inner = text.block(block);
    set_block(text.op("while", {{"Condition", {"c"}}}, {{"Out", {"c"}}}, block), "sub_block", inner);
  }
  text.fetch("c");
  EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram));
}

// y, of x [steps, 4] and the state h: { next = x + before; y = relu(next) }
ProgramText recurrent_program(const std::vector<std::string>& states = {"next"}) {
  ProgramText text;
  text.input("x", {-1, 4});
  text.input("h", {4}, VarType::FP32, 1);
  text.var("y", {-1, 4});
  const int step = text.block(0);
  for (const char* name : {"x", "before", "next", "y"}) text.var(name, {4}, VarType::FP32, step);
  text.op("elementwise_add", {{"X", {"x"}}, {"Y", {"before"}}}, {{"Out", {"next"}}}, step);
  text.op("relu", {{"X", {"next"}}}, {{"Out", {"y"}}}, step);
  OpDesc& op = text.op("recurrent", {{"inputs", {"x"}}, {"initial_states", {"h"}}}, {{"outputs", {"y"}}});
  set_block(op, "sub_block", step);
  set(op, "ex_states", std::vector<std::string>{"before"});
  set(op, "states", states);
  set(op, "reverse", true);
  text.fetch("y");
  return text;
}

TEST(Recurrent, PartsHaveTheNamesOfTheWhole) {
  const auto parsed = recurrent_program().parse();
  ASSERT_THAT(parsed, Succeeds());
  const Program& program = parsed->program;
  const Operator& op = program.blocks[0].operators.back();
  EXPECT_EQ(std::get<bool>(op.attributes.at("reverse")), true);
  const Block& step = program.blocks[op.blocks.at(0)];
  EXPECT_THAT(names_of(program, step.arguments), ElementsAre("x", "before"));
  EXPECT_THAT(names_of(program, step.results), ElementsAre("next", "y"));
  EXPECT_NE(step.arguments[0], slot(op.inputs, "inputs").at(0));
  EXPECT_EQ(slot(step.operators[0].inputs, "x").at(0), step.arguments[0]);
  EXPECT_EQ(program.fetches.at(0).second, slot(op.outputs, "outputs").at(0));
}

TEST(Recurrent, StatesThatDoNotFitAreMalformed) {
  EXPECT_THAT(recurrent_program({}).parse(), FailsWith(kMalformedProgram));
  EXPECT_THAT(recurrent_program({"next", "y"}).parse(), FailsWith(kMalformedProgram));
}

TEST(Loop, ArrayBeginsWhereItIsDeclared) {
  ProgramText text = loop_program();
  auto& array = text.var("steps", {});
  array.mutable_type()->set_type(VarType::DENSE_TENSOR_ARRAY);
  array.mutable_type()->mutable_tensor_array()->mutable_tensor()->set_data_type(VarType::FP32);
  text.var("i", {1}, VarType::INT64, 1);
  text.op("lod_array_length", {{"X", {"steps"}}}, {{"Out", {"i"}}}, 1);
  text.op("write_to_array", {{"X", {"x"}}, {"I", {"i"}}}, {{"Out", {"steps"}}}, 1);
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  const Program& program = parsed->program;
  EXPECT_THAT(operators_of(program.blocks[0]), ElementsAre("less_than", "create_array", "while"));
  const Block& body = program.blocks[1];
  EXPECT_THAT(names_of(program, body.arguments), ElementsAre("x", "c", "steps"));
  const Operator& write = body.operators.back();
  EXPECT_EQ(write.name, "array_write");
  EXPECT_EQ(slot(write.inputs, "array").at(0), body.arguments[2]);
  EXPECT_EQ(slot(write.outputs, "out").at(0), body.results[3]);
}

// --- conditionals of .pdmodel files

// y = c ? relu(x) : tanh(x), as Paddle 2 writes it.
ProgramText conditional_program() {
  ProgramText text;
  text.input("x", {-1, 4});
  text.input("c", {1}, VarType::BOOL, 1);
  for (const char* name : {"a", "b", "y"}) text.var(name, {-1, 4});
  text.var("not_c", {1}, VarType::BOOL);
  text.var("mask", {1}, VarType::INT32);
  const int first = text.block(0);
  const int second = text.block(0);
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"a"}}}, first);
  text.op("tanh", {{"X", {"x"}}}, {{"Out", {"b"}}}, second);
  flag_condition(text.op("conditional_block", {{"Cond", {"c"}}, {"Input", {"x"}}}, {{"Out", {"a"}}}), first);
  text.op("logical_not", {{"X", {"c"}}}, {{"Out", {"not_c"}}});
  flag_condition(text.op("conditional_block", {{"Cond", {"not_c"}}, {"Input", {"x"}}}, {{"Out", {"b"}}}), second);
  set(text.op("cast", {{"X", {"c"}}}, {{"Out", {"mask"}}}), "out_dtype", int{VarType::INT32});
  text.op("select_input", {{"X", {"b", "a"}}, {"Mask", {"mask"}}}, {{"Out", {"y"}}});
  text.fetch("y");
  return text;
}

TEST(Conditional, ItsPartsBecomeOne) {
  const auto parsed = conditional_program().parse();
  ASSERT_THAT(parsed, Succeeds());
  const Program& program = parsed->program;
  EXPECT_THAT(operators_of(program.blocks[0]), Contains("if").Times(1));
  const Operator& conditional = program.blocks[0].operators.back();
  ASSERT_EQ(conditional.name, "if");
  EXPECT_THAT(names_of(program, slot(conditional.inputs, "cond")), ElementsAre("c"));
  const auto& out = slot(conditional.outputs, "out");
  EXPECT_EQ(program.fetches.at(0).second, out.back());
  const Block& yes = program.blocks[conditional.blocks.at(0)];
  const Block& no = program.blocks[conditional.blocks.at(1)];
  EXPECT_THAT(operators_of(yes), Contains("relu"));
  EXPECT_THAT(operators_of(no), Contains("tanh"));
  EXPECT_EQ(program.values[yes.results.back()].name, "a");
  EXPECT_EQ(program.values[no.results.back()].name, "b");
}

TEST(Conditional, WhatStandsBetweenAndUsesItKeepsItsPartsApart) {
  ProgramText text = conditional_program();
  // The result of the first block is read before the second one runs.
  auto& ops = *text.desc.mutable_blocks(0)->mutable_ops();
  text.var("z", {-1, 4});
  text.op("sigmoid", {{"X", {"a"}}}, {{"Out", {"z"}}});
  for (int i = ops.size() - 1; i > 3; --i) ops.SwapElements(i, i - 1);
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_THAT(operators_of(parsed->program.blocks[0]), Contains("if").Times(2));
}

TEST(Conditional, OneBlockAloneKeepsTheOldValueOtherwise) {
  ProgramText text;
  text.input("x", {-1, 4});
  text.input("c", {1}, VarType::BOOL, 1);
  const int block = text.block(0);
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"x"}}}, block);
  flag_condition(text.op("conditional_block", {{"Cond", {"c"}}}, {{"Out", {"x"}}}), block);
  text.fetch("x");
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  const Program& program = parsed->program;
  const Operator& conditional = program.blocks[0].operators.at(0);
  EXPECT_EQ(program.blocks[conditional.blocks.at(1)].results.at(0), program.feeds[0]);
}

// --- changes in place

// a, b: values 0 and 1; an operator that changes a; one that reads a.
TEST(InPlace, ReadersBehindAChangeReadItsResult) {
  Program program;
  for (const char* name : {"a", "b", "c"}) program.values.push_back({name, {}, std::nullopt});
  program.blocks.resize(1);
  program.blocks[0].operators = {{"relu", "relu_", {{"x", {0}}}, {{"out", {1}}}, {}, {}, "", ""},
                                 {"tanh", "tanh", {{"x", {0}}}, {{"out", {2}}}, {}, {}, "", ""}};
  separate_in_place(program);
  EXPECT_THAT(program.blocks[0].operators[0].inputs[0].second, ElementsAre(0));
  EXPECT_THAT(program.blocks[0].operators[1].inputs[0].second, ElementsAre(1));
}

TEST(InPlace, LoopsCarryWhatTheirBodiesChange) {
  Program program;
  for (const char* name : {"array", "x", "c", "i", "result", "length"})
    program.values.push_back({name, {}, std::nullopt});
  program.blocks.resize(2);
  program.blocks[1].operators = {
      {"array_write", "array_write_", {{"array", {0}}, {"x", {1}}, {"i", {3}}}, {{"out", {4}}}, {}, {}, "", ""}};
  program.blocks[1].results = {2};
  program.blocks[0].operators = {{"create_array", "create_array", {}, {{"out", {0}}}, {}, {}, "", ""},
                                 {"while", "while", {{"cond", {2}}, {"x", {}}}, {{"out", {}}}, {}, {1}, "", ""},
                                 {"array_length", "array_length", {{"x", {0}}}, {{"out", {5}}}, {}, {}, "", ""}};
  separate_in_place(program);
  const Operator& loop = program.blocks[0].operators[1];
  const Block& body = program.blocks[1];
  EXPECT_THAT(slot(loop.inputs, "x"), ElementsAre(0));
  ASSERT_THAT(body.arguments, SizeIs(1));
  EXPECT_EQ(slot(body.operators[0].inputs, "array").at(0), body.arguments[0]);
  EXPECT_THAT(body.results, ElementsAre(2, 4));
  ASSERT_THAT(slot(loop.outputs, "out"), SizeIs(1));
  EXPECT_EQ(program.blocks[0].operators[2].inputs[0].second.at(0), slot(loop.outputs, "out").at(0));
}

TEST(InPlace, ConditionalsGiveWhatOneBranchChanges) {
  Program program;
  for (const char* name : {"x", "c", "changed", "y"}) program.values.push_back({name, {}, std::nullopt});
  program.blocks.resize(3);
  program.blocks[1].operators = {{"relu", "relu_", {{"x", {0}}}, {{"out", {2}}}, {}, {}, "", ""}};
  program.blocks[0].operators = {{"if", "if", {{"cond", {1}}}, {{"out", {}}}, {}, {1, 2}, "", ""},
                                 {"tanh", "tanh", {{"x", {0}}}, {{"out", {3}}}, {}, {}, "", ""}};
  separate_in_place(program);
  EXPECT_THAT(program.blocks[1].results, ElementsAre(2));
  EXPECT_THAT(program.blocks[2].results, ElementsAre(0));
  const auto& out = slot(program.blocks[0].operators[0].outputs, "out");
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(program.blocks[0].operators[1].inputs[0].second.at(0), out[0]);
}

TEST(InPlace, StatisticsOfNormsStay) {
  Program program;
  for (const char* name : {"x", "mean", "out", "y"}) program.values.push_back({name, {}, std::nullopt});
  program.blocks.resize(1);
  program.blocks[0].operators = {
      {"batch_norm", "batch_norm_", {{"x", {0}}, {"mean", {1}}}, {{"out", {2}}}, {}, {}, "", ""},
      {"tanh", "tanh", {{"x", {0}}}, {{"out", {3}}}, {}, {}, "", ""}};
  separate_in_place(program);
  EXPECT_THAT(program.blocks[0].operators[1].inputs[0].second, ElementsAre(0));
}

// --- inner graphs

struct Built {
  Graph graph;
  Builder g{graph, 17};
  Value x = g.new_value("x", DType::kFloat32, Dims{-1, 4});
  Built() { graph.inputs = {x}; }
};

TEST(InnerGraph, OutputsThatAreNotMadeThereAreCopied) {
  Built built;
  Builder& g = built.g;
  const Value one = g.scalar(1, DType::kFloat32);
  Value y;
  const auto inner = g.inner_graph({}, [&] { y = g.relu(built.x); });
  g.set_outputs(*inner, {y, y, one, built.x});
  ASSERT_THAT(inner->nodes, SizeIs(4));  // Relu, and an Identity for each but the first
  EXPECT_EQ(inner->outputs[0], y);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(inner->nodes[i].op_type, "Identity");
    EXPECT_EQ(inner->nodes[i].outputs[0], inner->outputs[i]);
  }
  EXPECT_THAT(built.graph.nodes, IsEmpty());
}

TEST(InnerGraph, IsLeftWhenAMapperGivesUp) {
  Built built;
  EXPECT_THROW(built.g.inner_graph({}, [&] { built.g.need_opset(99, "nothing"); }), OpsetTooLow);
  built.g.relu(built.x);
  EXPECT_THAT(built.graph.nodes, SizeIs(1));
}

TEST(InnerGraph, GoingBackDropsValuesAndNames) {
  Built built;
  Builder& g = built.g;
  const size_t before = built.graph.values.size();
  auto state = g.state();
  EXPECT_EQ(g.unique_value_name("y"), "y");
  g.scalar(3, DType::kFloat32);
  g.go_back(std::move(state));
  EXPECT_EQ(built.graph.values.size(), before);
  EXPECT_EQ(g.unique_value_name("y"), "y");
}

// A loop of three values: `sum` grows by `step`, `step` stays, `count` is used by nothing.
TEST(DeadNodes, ValuesOfALoopThatNothingUses) {
  Built built;
  Builder& g = built.g;
  const ValueInfo type = {.name = "", .dtype = DType::kFloat32, .dims = Dims{-1, 4}};
  const Value turn = g.new_value("turn", DType::kInt64, Dims{});
  const Value goes = g.new_value("goes", DType::kBool, Dims{});
  const Value sum = g.new_value("sum", DType::kFloat32, Dims{-1, 4});
  const Value step = g.new_value("step", DType::kFloat32, Dims{-1, 4});
  const Value count = g.new_value("count", DType::kFloat32, Dims{-1, 4});
  std::vector<Value> next;
  const auto body = g.inner_graph({turn, goes, sum, step, count}, [&] {
    next = {goes, g.add(sum, step), g.exp(step), g.add(count, sum)};
  });
  g.set_outputs(*body, next);
  const auto out =
      g.nodes_like("Loop", {g.scalar_i64(3), Value(), built.x, built.x, built.x}, {{"body", body}}, {type, type, type});
  built.graph.outputs = {out[0]};
  remove_dead_nodes(built.graph);
  const Node& loop = built.graph.nodes.back();
  EXPECT_THAT(loop.inputs, SizeIs(4));
  EXPECT_THAT(loop.outputs, SizeIs(2));
  EXPECT_THAT(body->inputs, ElementsAre(turn, goes, sum, step));
  EXPECT_THAT(body->outputs, SizeIs(3));
  EXPECT_THAT(body->nodes, SizeIs(3));  // Identity of the condition, Add, Exp
}

// --- mapping

MappedGraph map(const ProgramText& text, std::vector<Diagnostic>& diagnostics, int opset = 17) {
  const auto parsed = text.parse();
  EXPECT_THAT(parsed, Succeeds());
  MapOptions options;
  options.opset_version = opset;
  return map_program(parsed->program, options, diagnostics);
}

TEST(Mapping, OfALoopAndAConditional) {
  std::vector<Diagnostic> diagnostics;
  const MappedGraph loop = map(loop_program(), diagnostics);
  ASSERT_NE(loop.graph, nullptr);
  run_passes(*loop.graph, true);
  EXPECT_EQ(loop.graph->nodes.back().op_type, "Loop");
  EXPECT_THAT(loop.graph->nodes.back().outputs, SizeIs(1));  // the condition is used in the loop only
  const MappedGraph conditional = map(conditional_program(), diagnostics);
  ASSERT_NE(conditional.graph, nullptr);
  run_passes(*conditional.graph, true);
  EXPECT_EQ(conditional.graph->nodes.back().op_type, "If");
  EXPECT_THAT(conditional.graph->nodes.back().outputs, SizeIs(1));
  EXPECT_THAT(diagnostics, IsEmpty());
}

TEST(Mapping, UnsupportedOperatorsOfInnerBlocksAreToldOnceWithTheirPlace) {
  ProgramText text = loop_program();
  text.op("own_op", {{"X", {"t"}}}, {{"Out", {"x"}}}, 1);
  text.op("other_op", {{"X", {"x"}}}, {{"Out", {"x"}}}, 1);
  std::vector<Diagnostic> diagnostics;
  EXPECT_EQ(map(text, diagnostics).graph, nullptr);
  ASSERT_THAT(diagnostics, SizeIs(2));
  EXPECT_EQ(diagnostics[0].op, "own_op");
  EXPECT_EQ(diagnostics[0].place, "block 1, operator 3");
  EXPECT_EQ(diagnostics[1].op, "other_op");
}

TEST(Mapping, ValueWhoseTypeChangesInTheLoopIsAnError) {
  ProgramText text = loop_program();
  set(text.op("cast", {{"X", {"x"}}}, {{"Out", {"x"}}}, 1), "out_dtype", int{VarType::INT64});
  std::vector<Diagnostic> diagnostics;
  EXPECT_EQ(map(text, diagnostics).graph, nullptr);
  ASSERT_THAT(diagnostics, SizeIs(1));
  EXPECT_THAT(diagnostics[0].message, HasSubstr("float32 before a turn"));
}

TEST(Mapping, NestingDeeperThanReadersOfOnnxGoIsAnError) {
  ProgramText text;
  text.input("c", {1}, VarType::BOOL);
  text.input("x", {4}, VarType::FP32, 1);
  for (int block = 0; block < 40; ++block) {
    const int inner = text.block(block);
    flag_condition(text.op("conditional_block", {{"Cond", {"c"}}}, {{"Out", {"x"}}}, block), inner);
  }
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"x"}}}, 40);
  text.fetch("x");
  std::vector<Diagnostic> diagnostics;
  EXPECT_EQ(map(text, diagnostics).graph, nullptr);
  ASSERT_FALSE(diagnostics.empty());
  EXPECT_THAT(diagnostics[0].message, HasSubstr("nested"));
}

}  // namespace
}  // namespace paddle2onnx
