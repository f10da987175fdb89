// PIR programs, written out as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "reader/pir_program.h"

namespace paddle2onnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Result<ParsedProgram> parse(const std::string& json) { return parse_pir_program(std::as_bytes(std::span(json))); }

std::string program(const std::string& operators, const std::string& version = "4") {
  return R"({"base_code":{"magic":"pir","trainable":true,"version":)" + version +
         R"(},"program":{"regions":[{"#":"region_0","blocks":[{"#":"block_0","args":[],"ops":[)" + operators +
         R"(]}]}]}})";
}

std::string tensor(const std::string& dims, const std::string& dtype = "0.t_f32") {
  return R"({"#":"0.t_dtensor","D":[{"#":")" + dtype + R"("},)" + dims + R"(,"NCHW",[],0]})";
}

std::string result(int id, const std::string& type) {
  return R"({"%":)" + std::to_string(id) + R"(,"TT":)" + type + "}";
}

std::string attribute(const std::string& name, const std::string& value) {
  return R"({"N":")" + name + R"(","AT":)" + value + "}";
}

std::string integer(int64_t value) { return R"({"#":"0.a_i64","D":)" + std::to_string(value) + "}"; }
std::string text(const std::string& value) { return R"({"#":"0.a_str","D":")" + value + R"("})"; }

// `operands`: ids; `results` and `attributes`: JSON, comma-separated.
std::string op(const std::string& name, const std::vector<int>& operands, const std::string& results,
               const std::string& attributes = "", const std::string& more = "") {
  std::string ids;
  for (const int id : operands) ids += (ids.empty() ? "" : ",") + (R"({"%":)" + std::to_string(id) + "}");
  return R"({"#":")" + name + R"(","A":[)" + attributes + R"(],"I":[)" + ids + R"(],"O":[)" + results + "]" + more +
         "}";
}

std::string input(int id, const std::string& name, const std::string& dims) {
  return op("1.data", {}, result(id, tensor(dims)), attribute("name", text(name)));
}

std::string fetch(int operand, int id, int64_t column = 0) {
  return op("1.fetch", {operand}, result(id, tensor("[2]")),
            attribute("name", text("fetch_name_" + std::to_string(column))) + "," + attribute("col", integer(column)));
}

std::string parameter(int id, const std::string& name, const std::string& facts = "[1,0,1]") {
  return R"({"#":"p","A":[0,1,1,")" + name + R"("],"DA":[],"O":)" + result(id, tensor("[3]")) + R"(,"OA":)" + facts +
         R"(,"QA":[]})";
}

const Operator& only(const Result<ParsedProgram>& parsed, size_t index = 0) {
  return parsed->program.blocks.at(0).operators.at(index);
}

TEST(Pir, GivesOperandsAndResultsTheirNames) {
  const auto parsed = parse(program(input(1, "img", "[-1,3,8,8]") + "," + parameter(2, "w") + "," +
                                    op("1.conv2d", {1, 2}, result(3, tensor("[-1,4,6,6]"))) + "," + fetch(3, 4)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Program& program = parsed->program;
  EXPECT_EQ(program.format, "PIR");
  ASSERT_THAT(program.feeds, SizeIs(1));
  EXPECT_EQ(program.values[program.feeds[0]].name, "img");
  EXPECT_THAT(*program.values[program.feeds[0]].type.dims, ElementsAre(-1, 3, 8, 8));
  ASSERT_THAT(parsed->parameters, SizeIs(1));
  EXPECT_EQ(program.values[parsed->parameters[0]].name, "w");
  EXPECT_EQ(only(parsed).name, "conv2d");
  EXPECT_EQ(only(parsed).inputs.at(0).first, "input");
  EXPECT_EQ(only(parsed).inputs.at(1).first, "filter");
  EXPECT_EQ(only(parsed).outputs.at(0).first, "out");
  ASSERT_THAT(program.fetches, SizeIs(1));
  EXPECT_EQ(program.fetches[0].first, "fetch_name_0");
  EXPECT_EQ(program.fetches[0].second, only(parsed).outputs.at(0).second.at(0));
}

TEST(Pir, AnInPlaceTwinIsTheOperator) {
  const auto parsed =
      parse(program(input(1, "x", "[2]") + "," + op("1.relu_", {1}, result(2, tensor("[2]"))) + "," + fetch(2, 3)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(only(parsed).name, "relu");
  EXPECT_EQ(only(parsed).source_name, "relu_");
}

TEST(Pir, AnOperatorOfOneDnnIsTheOperator) {
  const std::string attributes = attribute("fuse_activation", text("relu")) + "," +
                                 attribute("fuse_residual_connection", R"({"#":"0.a_bool","D":true})");
  const auto parsed =
      parse(program(input(1, "x", "[-1,3,8,8]") + "," + parameter(2, "w") + "," +
                    op("onednn_op.fused_conv2d", {1, 2, 0, 1}, result(3, tensor("[-1,3,8,8]")), attributes) + "," +
                    op("onednn_op.relu_", {3}, result(4, tensor("[-1,3,8,8]"))) + "," + fetch(4, 5)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  std::vector<std::string> names;
  for (const Operator& op : parsed->program.blocks.at(0).operators) names.push_back(op.name);
  EXPECT_THAT(names, ElementsAre("conv2d", "add", "relu", "relu"));
}

TEST(Pir, SortsInputsAndOutputsByColumn) {
  const auto feed = [](int id, const char* name, int64_t column) {
    return op("1.feed", {}, result(id, tensor("[2]")),
              attribute("name", text(name)) + "," + attribute("col", integer(column)));
  };
  const auto parsed =
      parse(program(feed(1, "second", 1) + "," + feed(2, "first", 0) + "," + fetch(1, 3, 1) + "," + fetch(2, 4, 0)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->program.values[parsed->program.feeds[0]].name, "first");
  EXPECT_EQ(parsed->program.fetches[0].first, "fetch_name_0");
  EXPECT_EQ(parsed->program.fetches[0].second, parsed->program.feeds[0]);
}

TEST(Pir, TakesShadowOutputsForOutputs) {
  const auto parsed =
      parse(program(input(1, "x", "[2]") + "," + op("0.shadow_output", {1}, "", attribute("output_name", text("y")))));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->program.fetches.at(0).first, "y");
}

TEST(Pir, AbsentOperandsAndResultsAreNotListed) {
  const auto parsed = parse(
      program(input(1, "x", "[2,4]") + "," +
              op("1.layer_norm", {1, 0, 0},
                 result(2, tensor("[2,4]")) + "," + result(3, R"({"#":"NULL"})") + "," + result(4, tensor("[2]"))) +
              "," + fetch(2, 5)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(only(parsed).inputs, SizeIs(1));
  ASSERT_THAT(only(parsed).outputs, SizeIs(2));
  EXPECT_EQ(only(parsed).outputs[1].first, "variance");
}

TEST(Pir, ListsDissolve) {
  const std::string pair = R"({"#":"0.t_vec","D":[)" + tensor("[1]") + "," + tensor("[2]") + "]}";
  const auto parsed =
      parse(program(input(1, "a", "[1]") + "," + input(2, "b", "[2]") + "," + op("0.combine", {1, 2}, result(3, pair)) +
                    "," + op("1.meshgrid", {3}, result(4, pair)) + "," +
                    op("0.split", {4}, result(5, tensor("[1]")) + "," + result(6, tensor("[2]"))) + "," +
                    op("0.slice", {4}, result(7, tensor("[2]")), attribute("index", integer(1))) + "," +
                    fetch(5, 8, 0) + "," + fetch(7, 9, 1)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Operator& meshgrid = only(parsed);
  EXPECT_THAT(parsed->program.blocks[0].operators, SizeIs(1));
  EXPECT_THAT(meshgrid.inputs.at(0).second, ElementsAre(parsed->program.feeds[0], parsed->program.feeds[1]));
  ASSERT_THAT(meshgrid.outputs.at(0).second, SizeIs(2));
  EXPECT_EQ(parsed->program.fetches[0].second, meshgrid.outputs[0].second[0]);
  EXPECT_EQ(parsed->program.fetches[1].second, meshgrid.outputs[0].second[1]);
}

TEST(Pir, ReadsEveryKindOfAttribute) {
  const std::string attributes =
      attribute("flag", R"({"#":"0.a_bool","D":true})") + "," + attribute("whole", R"({"#":"0.a_i32","D":-3})") + "," +
      attribute("real", R"({"#":"0.a_f32","D":0.5})") + "," + attribute("round", R"({"#":"0.a_f64","D":2})") + "," +
      attribute("endless", R"({"#":"0.a_f64","VD":"-INF"})") + "," +
      attribute("none", R"({"#":"0.a_f64","VD":"NaN"})") + "," +
      attribute("shape", R"({"#":"1.a_intarray","D":[-1,4]})") + "," +
      attribute("dtype", R"({"#":"1.a_dtype","D":"bfloat16"})") + "," +
      attribute("place", R"({"#":"1.a_place","D":[1,0,""]})") + "," +
      attribute("layout", R"({"#":"1.a_layout","D":"NHWC"})") + "," +
      attribute("numbers", R"({"#":"0.a_array","D":[{"#":"0.a_i64","D":1},{"#":"0.a_f64","D":1.5}]})") + "," +
      attribute("names", R"({"#":"0.a_array","D":[{"#":"0.a_str","D":"a"}]})") + "," +
      attribute("empty", R"({"#":"0.a_array","D":[]})") + "," + attribute("struct_name", text("/Net/Conv2D_1/")) + "," +
      attribute("op_callstack",
                R"({"#":"0.a_array","D":[{"#":"0.a_str","D":"  File \"net.py\", line 7, in forward"}]})");
  const auto parsed = parse(program(op("1.full", {}, result(1, tensor("[2]")), attributes) + "," + fetch(1, 2)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const auto& read = only(parsed).attributes;
  EXPECT_EQ(read.at("flag"), Attribute(true));
  EXPECT_EQ(read.at("whole"), Attribute(int64_t{-3}));
  EXPECT_EQ(read.at("real"), Attribute(0.5));
  EXPECT_EQ(read.at("round"), Attribute(2.0));
  EXPECT_EQ(read.at("endless"), Attribute(-INFINITY));
  EXPECT_TRUE(std::isnan(std::get<double>(read.at("none"))));
  EXPECT_EQ(read.at("shape"), Attribute(std::vector<int64_t>{-1, 4}));
  EXPECT_EQ(read.at("dtype"), Attribute(DType::kBFloat16));
  EXPECT_FALSE(read.contains("place"));
  EXPECT_EQ(read.at("layout"), Attribute(std::string("NHWC")));
  EXPECT_EQ(read.at("numbers"), Attribute(std::vector<double>{1, 1.5}));
  EXPECT_EQ(read.at("names"), Attribute(std::vector<std::string>{"a"}));
  EXPECT_EQ(read.at("empty"), Attribute(std::vector<int64_t>{}));
  EXPECT_EQ(only(parsed).scope, "Net/Conv2D_1");
  EXPECT_EQ(only(parsed).source, "net.py:7 (forward)");
}

TEST(Pir, WhatIsNotPersistableIsNotInTheParameterFile) {
  const auto parsed =
      parse(program(parameter(1, "state__non_persistable", "[0,1,0]") + "," + parameter(2, "w") + "," + fetch(2, 3)));
  ASSERT_TRUE(parsed);
  ASSERT_THAT(parsed->parameters, SizeIs(1));
  EXPECT_EQ(parsed->program.values[parsed->parameters[0]].name, "w");
}

TEST(Pir, WithoutFactsTheNameTellsWhatTheParameterFilePerhapsHas) {
  const auto bare = [](int id, const std::string& name) {
    return R"({"#":"p","A":[0,1,1,")" + name + R"("],"O":)" + result(id, tensor("[0]")) + "}";
  };
  const auto parsed = parse(program(bare(1, "state__non_persistable") + "," + bare(2, "w") + "," + fetch(2, 3)));
  ASSERT_TRUE(parsed);
  const auto name_of = [&](ValueId id) { return parsed->program.values[id].name; };
  ASSERT_THAT(parsed->parameters, SizeIs(1));
  EXPECT_EQ(name_of(parsed->parameters[0]), "w");
  ASSERT_THAT(parsed->perhaps_saved, SizeIs(1));
  EXPECT_EQ(name_of(parsed->perhaps_saved[0]), "state__non_persistable");
}

TEST(Pir, ReadsBranches) {
  const auto region = [](const std::string& operators) {
    return R"({"#":"region_1","blocks":[{"#":"block_1","args":[],"ops":[)" + operators + "]}]}";
  };
  const auto branches = [&](const std::string& otherwise) {
    return program(input(1, "c", "[]") + "," + input(2, "x", "[2]") + "," +
                   op("1.if", {1}, result(3, tensor("[2]")), "",
                      R"(,"regions":[)" +
                          region(op("1.relu", {2}, result(4, tensor("[2]"))) + "," + op("2.yield", {4}, "")) + "," +
                          region(op("2.yield", {2}, "")) + "]") +
                   otherwise + "," + fetch(3, 5));
  };
  const auto parsed = parse(branches(""));
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_THAT(parsed->program.blocks, SizeIs(3));
  EXPECT_THAT(only(parsed).blocks, ElementsAre(1, 2));
  EXPECT_EQ(only(parsed).inputs.at(0).first, "cond");
  EXPECT_THAT(only(parsed).outputs.at(0).second, SizeIs(1));
  EXPECT_THAT(parsed->program.blocks[2].results, ElementsAre(parsed->program.feeds[1]));
  EXPECT_EQ(parsed->program.blocks[1].parent, BlockId{0});
  // A branch's own value is not seen outside of it.
  const auto outside = parse(branches("," + op("1.relu", {4}, result(6, tensor("[2]")))));
  ASSERT_FALSE(outside);
  EXPECT_THAT(outside.error().message, HasSubstr("block 0, operator 3 (relu)"));
  EXPECT_THAT(outside.error().message, HasSubstr("%4"));
}

TEST(Pir, ReadsLoops) {
  const auto loop = [](const std::string& yielded) {
    return program(input(1, "x", "[2]") + "," + op("1.any", {1}, result(2, tensor("[]", "0.t_bool"))) + "," +
                   op("1.while", {2, 1}, result(3, tensor("[2]")), "",
                      R"(,"regions":[{"#":"region_1","blocks":[{"#":"block_1","args":[{"#":-1,"TT":)" + tensor("[2]") +
                          R"(}],"ops":[)" + op("1.relu", {-1}, result(4, tensor("[2]"))) + "," + yielded + "]}]}]") +
                   "," + fetch(3, 5));
  };
  const auto parsed = parse(loop(op("2.yield", {2, 4}, "")));
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Operator& op_while = only(parsed, 1);
  EXPECT_THAT(op_while.inputs.at(1).second, ElementsAre(parsed->program.feeds[0]));
  const Block& body = parsed->program.blocks.at(1);
  EXPECT_THAT(body.arguments, SizeIs(1));
  EXPECT_THAT(body.results, SizeIs(2));
  const auto incomplete = parse(loop(op("2.yield", {4}, "")));
  ASSERT_FALSE(incomplete);
  EXPECT_THAT(incomplete.error().message, HasSubstr("(while)"));
}

TEST(Pir, MoreOperandsThanKnownAreNotPassedOver) {
  const auto parsed =
      parse(program(input(1, "x", "[2]") + "," + op("1.relu", {1, 1}, result(2, tensor("[2]"))) + "," + fetch(2, 3)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(only(parsed).name, "relu with 2 operands");
}

TEST(Pir, TheNumberOfOperandsTellsTheGeneration) {
  const auto parsed = parse(program(input(1, "x", "[2,4]") + "," + parameter(2, "w") + "," +
                                    op("1.rms_norm", {1, 0, 0, 2, 0}, result(3, tensor("[2,4]"))) + "," +
                                    op("1.rms_norm", {1, 2}, result(4, tensor("[2,4]"))) + "," + fetch(3, 5)));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(only(parsed, 0).inputs.at(1).first, "norm_weight");
  EXPECT_EQ(only(parsed, 1).inputs.at(1).first, "scale");
}

// Kernels whose numbers changed with a version: the attribute tells mappers, which never see versions.
TEST(Pir, AnOlderFilesOperatorsSayHowTheyBehave) {
  struct Change {
    const char* name;
    size_t operands;
    int last_version;
    const char* attribute;
  };
  constexpr Change kChanges[] = {
      {"digamma", 1, 1, "undefined_at_zero"},
      {"round", 1, 1, "halves_away_from_zero"},
      {"trace", 1, 1, "lower_axis_is_rows"},
      {"put_along_axis", 3, 3, "mean_truncates"},
  };
  for (const auto& [name, operands, last_version, attribute] : kChanges) {
    const auto operators = input(1, "x", "[2,2]") + "," +
                           op(std::string("1.") + name, std::vector<int>(operands, 1), result(2, tensor("[2,2]"))) +
                           "," + op("1.relu", {2}, result(3, tensor("[2,2]"))) + "," + fetch(3, 4);
    for (int version = 1; version <= 4; ++version) {
      SCOPED_TRACE(std::string(name) + " of version " + std::to_string(version));
      const auto parsed = parse(program(operators, std::to_string(version)));
      ASSERT_TRUE(parsed) << parsed.error().message;
      ASSERT_EQ(only(parsed).name, name);
      EXPECT_EQ(only(parsed).attributes.contains(attribute), version <= last_version);
      EXPECT_THAT(only(parsed, 1).attributes, IsEmpty());
    }
  }
}

TEST(Pir, AnInPlaceTwinOfAnOlderFileBehavesLikeTheOperator) {
  const auto operators = input(1, "x", "[2]") + "," + op("1.round_", {1}, result(2, tensor("[2]"))) + "," + fetch(2, 3);
  EXPECT_EQ(only(parse(program(operators, "1"))).attributes.at("halves_away_from_zero"), Attribute(true));
  EXPECT_FALSE(only(parse(program(operators, "2"))).attributes.contains("halves_away_from_zero"));
}

TEST(Pir, AnUnknownVersionIsAWarning) {
  const auto parsed = parse(program(input(1, "x", "[2]") + "," + fetch(1, 2), "9"));
  ASSERT_TRUE(parsed);
  ASSERT_THAT(parsed->warnings, SizeIs(1));
  EXPECT_EQ(parsed->warnings[0].severity, Severity::kWarning);
  EXPECT_THAT(parsed->warnings[0].message, HasSubstr("version 9"));
  EXPECT_THAT(parse(program(input(1, "x", "[2]") + "," + fetch(1, 2), "1"))->warnings, IsEmpty());
}

TEST(Pir, AnUnknownTagIsNamedWithItsOperatorAndTheVersion) {
  const auto unknown = [](const std::string& operators) {
    const auto parsed = parse(program(operators + "," + fetch(1, 2), "7"));
    EXPECT_FALSE(parsed);
    return parsed ? std::string() : parsed.error().message;
  };
  const std::string attribute_tag =
      unknown(op("1.full", {}, result(1, tensor("[2]")), attribute("value", R"({"#":"0.a_new","D":1})")));
  EXPECT_THAT(attribute_tag, HasSubstr("a_new"));
  EXPECT_THAT(attribute_tag, HasSubstr("(full)"));
  EXPECT_THAT(attribute_tag, HasSubstr("version 7"));
  EXPECT_THAT(unknown(op("1.full", {}, result(1, R"({"#":"0.t_new","D":[]})"))), HasSubstr("t_new"));
  EXPECT_THAT(unknown(op("1.full", {}, result(1, tensor("[2]", "0.t_f4")))), HasSubstr("t_f4"));
  EXPECT_THAT(unknown(op("1.full", {}, result(1, tensor("[2]")), attribute("dtype", R"({"#":"1.a_dtype","D":"f4"})"))),
              HasSubstr("'f4'"));
}

TEST(Pir, RefusesWhatIsDamaged) {
  const auto message = [](const std::string& json) {
    const auto parsed = parse(json);
    EXPECT_FALSE(parsed) << json;
    return parsed ? std::string() : parsed.error().message;
  };
  EXPECT_THAT(message("{"), HasSubstr("does not parse"));
  EXPECT_THAT(message("[]"), HasSubstr("'base_code' is missing"));
  EXPECT_THAT(message(R"({"base_code":{"magic":"rip","version":1},"program":{}})"), HasSubstr("magic"));
  EXPECT_THAT(message(R"({"base_code":{"magic":"pir","version":1},"program":{"regions":[]}})"), HasSubstr("regions"));
  EXPECT_THAT(message(program("")), HasSubstr("no outputs"));
  EXPECT_THAT(message(program(fetch(7, 8))), HasSubstr("%7"));
  EXPECT_THAT(message(program(input(1, "x", "[2]") + "," + input(1, "y", "[2]") + "," + fetch(1, 2))),
              HasSubstr("defined twice"));
  EXPECT_THAT(message(program(input(1, "x", "2") + "," + fetch(1, 2))), HasSubstr("is no list"));
  EXPECT_THAT(message(program(input(1, "x", R"(["a"])") + "," + fetch(1, 2))), HasSubstr("is no integer"));
  EXPECT_THAT(message(program(R"({"#":"p","A":[0,1,1],"O":)" + result(1, tensor("[3]")) + "}," + fetch(1, 2))),
              HasSubstr("name is missing"));
  EXPECT_THAT(message(program(input(1, "x", "[2]") + "," + op("0.combine", {1}, "") + "," + fetch(1, 2))),
              HasSubstr("not one result"));
  EXPECT_THAT(message(program(input(1, "x", "[2]") + "," +
                              op("0.slice", {1}, result(2, tensor("[2]")), attribute("index", integer(1))) + "," +
                              fetch(1, 3))),
              HasSubstr("outside the list"));
}

TEST(Pir, EveryTruncationIsAnErrorAndNoCrash) {
  const std::string whole = program(input(1, "x", "[2]") + "," + parameter(2, "w") + "," +
                                    op("1.add", {1, 2}, result(3, tensor("[2]"))) + "," + fetch(3, 4));
  ASSERT_TRUE(parse(whole));
  for (size_t length = 0; length < whole.size(); ++length) EXPECT_FALSE(parse(whole.substr(0, length))) << length;
}

TEST(Pir, EveryDamagedByteIsReadOrRefused) {
  const std::string whole = program(input(1, "x", "[2]") + "," + parameter(2, "w") + "," +
                                    op("1.add", {1, 2}, result(3, tensor("[2]"))) + "," + fetch(3, 4));
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const char byte : {'\0', '-', '9', '"', '[', '}'}) {
      std::string damaged = whole;
      damaged[i] = byte;
      (void)parse(damaged);
    }
  }
}

}  // namespace
}  // namespace paddle2onnx
