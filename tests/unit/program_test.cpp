#include "program/program.h"

#include <set>

#include "program/vocabulary.h"
#include "program_text.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const Operator& first_operator(const Result<ParsedProgram>& parsed) {
  return parsed->program.blocks.front().operators.front();
}

std::vector<ValueId> slot(const std::vector<std::pair<std::string, std::vector<ValueId>>>& slots,
                          const std::string& name) {
  for (const auto& [candidate, ids] : slots) {
    if (candidate == name) return ids;
  }
  return {};
}

std::vector<std::string> names(const Program& program, const std::vector<ValueId>& ids) {
  std::vector<std::string> result;
  result.reserve(ids.size());
  for (const ValueId id : ids) result.push_back(program.values[id].name);
  return result;
}

// The first operator's attribute, after `change` had the operator.
template <typename Change>
Attribute attribute(const std::string& type, const std::string& name, Change change) {
  ProgramText text = one_operator(type);
  change(*text.desc.mutable_blocks(0)->mutable_ops(1));
  const auto parsed = text.parse();
  EXPECT_THAT(parsed, Succeeds());
  const auto& attributes = first_operator(parsed).attributes;
  EXPECT_TRUE(attributes.contains(name)) << name;
  const auto found = attributes.find(name);
  return found == attributes.end() ? Attribute() : found->second;
}

TEST(SingleAssignment, NameThatIsWrittenTwiceIsTwoValues) {
  ProgramText text;
  text.input("x", {4});
  text.var("t", {4});
  text.var("y", {4});
  text.op("relu", {{"X", {"x"}}}, {{"Out", {"t"}}});
  text.op("tanh", {{"X", {"t"}}}, {{"Out", {"t"}}});
  text.op("exp", {{"X", {"t"}}}, {{"Out", {"y"}}});
  text.fetch("y");
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  const auto& operators = parsed->program.blocks[0].operators;
  const ValueId first = slot(operators[0].outputs, "out")[0];
  const ValueId second = slot(operators[1].outputs, "out")[0];
  EXPECT_NE(first, second);
  EXPECT_EQ(slot(operators[1].inputs, "x")[0], first);
  EXPECT_EQ(slot(operators[2].inputs, "x")[0], second);
}

TEST(SingleAssignment, BatchNormThatWritesItsOwnInputs) {
  ProgramText text;
  text.input("x", {-1, 2, 4, 4});
  for (const char* name : {"scale", "bias", "mean", "variance"}) text.param(name, {2});
  text.var("y", {-1, 2, 4, 4});
  text.op("batch_norm",
          {{"X", {"x"}}, {"Scale", {"scale"}}, {"Bias", {"bias"}}, {"Mean", {"mean"}}, {"Variance", {"variance"}}},
          {{"Y", {"y"}}, {"MeanOut", {"mean"}}, {"VarianceOut", {"variance"}}});
  text.fetch("y");
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  const Operator& op = first_operator(parsed);
  EXPECT_THAT(parsed->parameters, testing::Contains(slot(op.inputs, "mean")[0]));
  EXPECT_NE(slot(op.inputs, "mean")[0], slot(op.outputs, "mean_out")[0]);
}

TEST(SingleAssignment, FetchTakesTheLastWrite) {
  ProgramText text = one_operator("relu", {4});
  text.desc.mutable_blocks(0)->mutable_ops()->RemoveLast();
  text.op("tanh", {{"X", {"y"}}}, {{"Out", {"y"}}});
  text.fetch("y");
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_EQ(parsed->program.fetches[0].second, slot(parsed->program.blocks[0].operators[1].outputs, "out")[0]);
}

TEST(Interface, ColumnsDecideTheOrder) {
  ProgramText text;
  text.input("b", {1}, VarType::FP32, 1);
  text.input("a", {1}, VarType::FP32, 0);
  text.fetch("b", 1);
  text.fetch("a", 0);
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_THAT(names(parsed->program, parsed->program.feeds), ElementsAre("a", "b"));
  EXPECT_THAT(parsed->program.fetches, ElementsAre(Pair("a", testing::_), Pair("b", testing::_)));
}

TEST(Interface, FeedAndFetchVariablesAreNoParameters) {
  ProgramText text = linear_program();
  for (const auto& [name, type] :
       {std::pair("feed", VarType::FEED_MINIBATCH), std::pair("fetch", VarType::FETCH_LIST)}) {
    auto& variable = *text.desc.mutable_blocks(0)->add_vars();
    variable.set_name(name);
    variable.mutable_type()->set_type(type);
    variable.set_persistable(true);
  }
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_THAT(names(parsed->program, parsed->parameters), ElementsAre("w"));
}

TEST(Interface, ProgramWithoutFetchIsRefused) {
  ProgramText text;
  text.input("x", {1});
  EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram));
}

TEST(Interface, MalformedFeedIsRefused) {
  ProgramText text = one_operator("relu");
  text.op("feed", {}, {{"Out", {"x", "y"}}});
  EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram));
}

TEST(Interface, FeedInAnInnerBlockIsRefused) {
  ProgramText text = one_operator("relu");
  text.op("feed", {}, {{"Out", {"x"}}}, text.block(0));
  EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram));
}

TEST(Version, OfThePaddleThatWroteIt) {
  ProgramText text = one_operator("relu");
  EXPECT_EQ(text.parse()->program.version, "2.6.2");
  text.desc.mutable_version()->set_version(3003001);
  EXPECT_EQ(text.parse()->program.version, "3.3.1");
  text.desc.mutable_version()->set_version(0);
  EXPECT_EQ(text.parse()->program.version, "");
}

// --- translation

TEST(Translation, OperatorOperandsAndResultsAreRenamed) {
  const auto parsed = linear_program().parse();
  ASSERT_THAT(parsed, Succeeds());
  const Operator& op = first_operator(parsed);
  EXPECT_EQ(op.name, "matmul");
  EXPECT_EQ(op.source_name, "matmul_v2");
  EXPECT_THAT(names(parsed->program, slot(op.inputs, "x")), ElementsAre("x"));
  EXPECT_THAT(names(parsed->program, slot(op.inputs, "y")), ElementsAre("w"));
  EXPECT_THAT(names(parsed->program, slot(op.outputs, "out")), ElementsAre("h"));
}

TEST(Translation, AttributesAreRenamed) {
  const Attribute transposed = attribute("matmul_v2", "transpose_x", [](OpDesc& op) { set(op, "trans_x", true); });
  EXPECT_EQ(transposed, Attribute(true));
}

TEST(Translation, AbsentAttributesHavePaddlesDefaults) {
  const auto nothing = [](OpDesc&) {};
  EXPECT_EQ(attribute("matmul_v2", "transpose_y", nothing), Attribute(false));
  EXPECT_EQ(attribute("argsort", "axis", nothing), Attribute(int64_t{-1}));
  EXPECT_NEAR(std::get<double>(attribute("leaky_relu", "negative_slope", nothing)), 0.02, 1e-8);
  EXPECT_EQ(attribute("pool2d", "strides", nothing), Attribute(std::vector<int64_t>{1, 1}));
  EXPECT_EQ(attribute("pool2d", "data_format", nothing), Attribute("NCHW"));
}

TEST(Translation, AttributeOfTheFileWinsOverTheDefault) {
  EXPECT_EQ(attribute("argsort", "axis", [](OpDesc& op) { set(op, "axis", 2); }), Attribute(int64_t{2}));
}

TEST(Translation, UnknownOperatorKeepsItsNames) {
  ProgramText text;
  text.input("x", {1});
  text.var("y", {1});
  set(text.op("my_own_op", {{"Some", {"x"}}, {"Empty", {}}}, {{"Result", {"y"}}}), "level", 3);
  text.fetch("y");
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  const Operator& op = first_operator(parsed);
  EXPECT_EQ(op.name, "my_own_op");
  EXPECT_EQ(op.inputs.size(), 1) << "slots without arguments are absent";
  EXPECT_THAT(names(parsed->program, slot(op.inputs, "Some")), ElementsAre("x"));
  EXPECT_THAT(names(parsed->program, slot(op.outputs, "Result")), ElementsAre("y"));
  EXPECT_EQ(op.attributes.at("level"), Attribute(int64_t{3}));
}

// `slice` has StartsTensorList and StartsTensor for its starts.
ProgramText slice_program(const Slots& starts) {
  ProgramText text;
  text.input("x", {4, 4});
  for (const char* name : {"s", "s0", "s1"}) text.var(name, {1}, VarType::INT64);
  text.var("y", {4, 4});
  Slots inputs = {{"Input", {"x"}}};
  inputs.insert(inputs.end(), starts.begin(), starts.end());
  OpDesc& op = text.op("slice", inputs, {{"Out", {"y"}}});
  set(op, "axes", std::vector<int>{0, 1});
  set(op, "starts", std::vector<int>{1, 1});
  set(op, "ends", std::vector<int>{2, 2});
  text.fetch("y");
  return text;
}

TEST(Translation, SlotsWithAlternativesAreOneOperand) {
  for (const auto& [slots, expected] : std::vector<std::pair<Slots, std::vector<std::string>>>{
           {{{"StartsTensor", {"s"}}}, {"s"}},
           {{{"StartsTensorList", {"s0", "s1"}}}, {"s0", "s1"}},
           {{{"StartsTensor", {}}, {"StartsTensorList", {"s0", "s1"}}}, {"s0", "s1"}},
           {{{"StartsTensor", {"s"}}, {"StartsTensorList", {}}}, {"s"}}}) {
    const auto parsed = slice_program(slots).parse();
    ASSERT_THAT(parsed, Succeeds());
    EXPECT_EQ(names(parsed->program, slot(first_operator(parsed).inputs, "starts")), expected);
  }
}

TEST(Translation, WithoutTensorsTheAttributeIsLeft) {
  const auto parsed = slice_program({}).parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_TRUE(slot(first_operator(parsed).inputs, "starts").empty());
  EXPECT_EQ(first_operator(parsed).attributes.at("starts"), Attribute(std::vector<int64_t>{1, 1}));
}

TEST(Translation, VariableInPlaceOfANumberIsAnOperand) {
  ProgramText text = one_operator("my_op");
  text.var("k", {1}, VarType::INT32);
  OpDesc& op = *text.desc.mutable_blocks(0)->mutable_ops(1);
  new_attr(op, "depth", OpDesc::VAR).set_var_name("k");
  set_variables(op, "shape", {"k", "x"});
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_THAT(names(parsed->program, slot(first_operator(parsed).inputs, "depth")), ElementsAre("k"));
  EXPECT_THAT(names(parsed->program, slot(first_operator(parsed).inputs, "shape")), ElementsAre("k", "x"));
}

TEST(Translation, EmptyListOfVariablesIsNoOperand) {
  ProgramText text = one_operator("my_op");
  set_variables(*text.desc.mutable_blocks(0)->mutable_ops(1), "shape", {});
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_EQ(first_operator(parsed).inputs.size(), 1);
}

// --- attributes

TEST(Attributes, OfEveryType) {
  const auto same = [](auto expected, auto fill) {
    EXPECT_EQ(attribute("my_op", "a", [&](OpDesc& op) { fill(new_attr(op, "a", OpDesc::INT)); }), Attribute(expected));
  };
  same(int64_t{-3}, [](auto& a) { a.set_i(-3); });
  same(int64_t{1} << 40, [](auto& a) { a.set_type(OpDesc::LONG), a.set_l(int64_t{1} << 40); });
  same(0.5, [](auto& a) { a.set_type(OpDesc::FLOAT), a.set_f(0.5); });
  same(0.1, [](auto& a) { a.set_type(OpDesc::FLOAT64), a.set_float64(0.1); });
  same(std::string("s"), [](auto& a) { a.set_type(OpDesc::STRING), a.set_s("s"); });
  same(true, [](auto& a) { a.set_type(OpDesc::BOOLEAN), a.set_b(true); });
  same(std::vector<int64_t>{1, 2}, [](auto& a) { a.set_type(OpDesc::INTS), a.add_ints(1), a.add_ints(2); });
  same(std::vector<int64_t>{1, 2}, [](auto& a) { a.set_type(OpDesc::LONGS), a.add_longs(1), a.add_longs(2); });
  same(std::vector<double>{0.5}, [](auto& a) { a.set_type(OpDesc::FLOATS), a.add_floats(0.5); });
  same(std::vector<double>{0.1}, [](auto& a) { a.set_type(OpDesc::FLOAT64S), a.add_float64s(0.1); });
  same(std::vector<std::string>{"s"}, [](auto& a) { a.set_type(OpDesc::STRINGS), a.add_strings("s"); });
  same(std::vector<bool>{true, false},
       [](auto& a) { a.set_type(OpDesc::BOOLEANS), a.add_bools(true), a.add_bools(false); });
}

void add_scalar(framework::Scalar& scalar, bool value) {
  scalar.set_type(framework::Scalar::BOOLEAN);
  scalar.set_b(value);
}
void add_scalar(framework::Scalar& scalar, int64_t value) {
  scalar.set_type(framework::Scalar::LONG);
  scalar.set_i(value);
}
void add_scalar(framework::Scalar& scalar, double value) {
  scalar.set_type(framework::Scalar::FLOAT64);
  scalar.set_r(value);
}

TEST(Attributes, ScalarsKeepTheirKind) {
  const auto of = [](auto value) {
    return attribute("my_op", "a",
                     [&](OpDesc& op) { add_scalar(*new_attr(op, "a", OpDesc::SCALAR).mutable_scalar(), value); });
  };
  EXPECT_EQ(of(true), Attribute(true));
  EXPECT_EQ(of(int64_t{7}), Attribute(int64_t{7}));
  EXPECT_EQ(of(0.1), Attribute(0.1));
}

TEST(Attributes, ListsOfScalarsAreOfTheirCommonType) {
  const auto of = [](auto... values) {
    return attribute("my_op", "a", [&](OpDesc& op) {
      auto& attr = new_attr(op, "a", OpDesc::SCALARS);
      (add_scalar(*attr.add_scalars(), values), ...);
    });
  };
  EXPECT_EQ(of(true, false), Attribute(std::vector<bool>{true, false}));
  EXPECT_EQ(of(int64_t{1}, int64_t{2}), Attribute(std::vector<int64_t>{1, 2}));
  EXPECT_EQ(of(int64_t{1}, 2.5), Attribute(std::vector<double>{1, 2.5}));
  EXPECT_EQ(of(), Attribute(std::vector<int64_t>{}));
}

TEST(Attributes, ComplexScalarsAreNoNumbers) {
  const Attribute value = attribute("my_op", "a", [](OpDesc& op) {
    auto& scalar = *new_attr(op, "a", OpDesc::SCALARS).add_scalars();
    scalar.set_type(framework::Scalar::COMPLEX128);
  });
  EXPECT_TRUE(std::holds_alternative<std::vector<std::string>>(value));
}

TEST(Attributes, OlderGenerationOfValuesKeepsItsNames) {
  // assign_value of 2.6.2 has fp32_values, int64_values, … where 3.x has `values`.
  EXPECT_EQ(attribute("assign_value", "int64_values",
                      [](OpDesc& op) { new_attr(op, "int64_values", OpDesc::LONGS).add_longs(5); }),
            Attribute(std::vector<int64_t>{5}));
}

TEST(Attributes, DTypeNumbersAreElementTypes) {
  EXPECT_EQ(attribute("cast", "dtype", [](OpDesc& op) { set(op, "out_dtype", 2); }), Attribute(DType::kInt32));
}

TEST(Attributes, DefaultDTypeIsAnElementType) {
  EXPECT_EQ(attribute("arg_max", "dtype", [](OpDesc&) {}), Attribute(DType::kInt64));
}

TEST(Attributes, UnknownTypeIsRefused) {
  ProgramText text = one_operator("relu");
  new_attr(*text.desc.mutable_blocks(0)->mutable_ops(1), "a", OpDesc::INT).set_type(99);
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, FailsWith(kMalformedProgram));
  EXPECT_THAT(parsed.error().message, HasSubstr("'a'"));
  EXPECT_THAT(parsed.error().message, HasSubstr("99"));
}

// --- the user's line

std::string source_of(const std::vector<std::string>& callstack) {
  ProgramText text = one_operator("relu");
  set(*text.desc.mutable_blocks(0)->mutable_ops(1), "op_callstack", callstack);
  return first_operator(text.parse()).source;
}

TEST(Source, IsTheInnermostFrameOutsideOfPaddle) {
  EXPECT_EQ(source_of({R"(  File "/home/u/main.py", line 3, in <module>)", "    net(x)",
                       R"(  File "/home/u/net.py", line 12, in forward)", "    return F.relu(x)",
                       R"(  File "/usr/lib/python3/site-packages/paddle/nn/functional.py", line 9, in relu)",
                       "    helper.append_op("}),
            "/home/u/net.py:12 (forward)");
}

TEST(Source, OfWindows) {
  EXPECT_EQ(source_of({R"(  File "C:\net.py", line 12, in forward)",
                       R"(  File "C:\Python\Lib\site-packages\paddle\nn\functional.py", line 9, in relu)"}),
            R"(C:\net.py:12 (forward))");
}

TEST(Source, OwnFolderMayBeNamedPaddle) {
  EXPECT_EQ(source_of({R"(  File "/home/u/paddle/net.py", line 12, in forward)",
                       R"(  File "/usr/lib/python3/dist-packages/paddle/nn/functional.py", line 9, in relu)"}),
            "/home/u/paddle/net.py:12 (forward)");
}

TEST(Source, GeneratedCodeIsSkipped) {
  EXPECT_EQ(source_of({R"(  File "net.py", line 5, in f)", R"(  File "<string>", line 1, in <lambda>)"}),
            "net.py:5 (f)");
}

TEST(Source, MalformedFramesAreSkipped) {
  EXPECT_EQ(source_of({"File \"", "File \"a.py\"", "no frame", ", line 5", "File \"b.py\", line "}), "");
}

TEST(Source, IsEmptyWithoutCallstack) { EXPECT_EQ(first_operator(one_operator("relu").parse()).source, ""); }

// --- blocks

TEST(Blocks, ImpossibleParentsAreRefused) {
  for (const int parent : {-1, 1, 2, 7}) {
    ProgramText text = one_operator("relu");
    text.block(parent);
    EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram)) << parent;
  }
}

TEST(Blocks, OperatorsOwnBlocksBelowTheirOwn) {
  for (const int block : {-1, 0, 2}) {
    ProgramText text = one_operator("relu");
    text.block(0);
    set_block(text.op("own_op", {}, {}), "sub_block", block);
    EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram)) << block;
  }
  ProgramText text = one_operator("relu");
  const int body = text.block(0);
  set_block(text.op("own_op", {}, {}), "sub_block", body);
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_THAT(parsed->program.blocks[0].operators.back().blocks, ElementsAre(1));
}

TEST(Blocks, NamesResolveInTheParents) {
  ProgramText text = one_operator("relu");
  const int body = text.block(0);
  const int inner = text.block(body);
  text.op("tanh", {{"X", {"x"}}}, {{"Out", {"z"}}}, inner);
  const auto parsed = text.parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_THAT(slot(parsed->program.blocks[2].operators[0].inputs, "x"), ElementsAre(parsed->program.feeds[0]));
}

TEST(Blocks, ProgramWithoutBlocksIsRefused) {
  EXPECT_THAT(parse_program_desc(bytes_of("")), FailsWith(kMalformedProgram));
}

TEST(Values, ImpossibleRankIsRefused) {
  ProgramText text = one_operator("relu");
  text.param("w", Dims(65, 1));
  EXPECT_THAT(text.parse(), FailsWith(kMalformedProgram));
}

TEST(Values, NegativeDimensionsAreUnknown) {
  const auto parsed = one_operator("relu", {-7, 4}).parse();
  ASSERT_THAT(parsed, Succeeds());
  EXPECT_EQ(parsed->program.values[parsed->program.feeds[0]].type.dims, (Dims{-1, 4}));
}

// --- hostile files

TEST(HostileProgram, MessageWithoutRequiredFieldsIsRefusedSilently) {
  testing::internal::CaptureStderr();  // protobuf would log it by itself
  EXPECT_THAT(parse_program_desc(bytes_of(std::string("\x0a\x02\x08\x00", 4))), FailsWith(kMalformedProgram));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

std::string rich_program() {
  ProgramText text = slice_program({{"StartsTensorList", {"s0", "s1"}}});
  OpDesc& op = text.op("while", {{"X", {"x"}}, {"Condition", {"s"}}}, {{"Out", {"x"}}});
  set_block(op, "sub_block", text.block(0));
  set(op, "op_callstack", std::vector<std::string>{R"(  File "n.py", line 2, in f)"});
  set(op, "dtype", 5);
  set_variables(op, "shape", {"s"});
  add_scalar(*new_attr(op, "v", OpDesc::SCALARS).add_scalars(), 1.5);
  text.op("assign", {{"X", {"x"}}}, {{"Out", {"x"}}}, 1);
  text.param("w", {2, 2});
  return text.bytes();
}

TEST(HostileProgram, EveryChangedBitGivesAProgramOrAnError) {
  const std::string bytes = rich_program();
  ASSERT_THAT(parse_program_desc(bytes_of(bytes)), Succeeds());
  size_t refused = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto parsed = parse_program_desc(bytes_of(changed));
      if (parsed) continue;
      ++refused;
      ASSERT_EQ(parsed.error().code / 100, 3) << "byte " << i << " bit " << bit;
    }
  }
  EXPECT_GT(refused, bytes.size()) << "most changes of lengths and tags cannot go unseen";
}

// --- the vocabulary

const VocabularyRow kRows[] = {
#include "program/vocabulary.inc"
};

TEST(Vocabulary, IsSortedWithoutDuplicates) {
  for (size_t i = 1; i < std::size(kRows); ++i) EXPECT_LT(kRows[i - 1].legacy, kRows[i].legacy);
}

TEST(Vocabulary, EveryRowIsFound) {
  for (const VocabularyRow& row : kRows) {
    const VocabularyRow* found = find_vocabulary_row(row.legacy);
    ASSERT_NE(found, nullptr) << row.legacy;
    EXPECT_EQ(found->name, row.name);
  }
  EXPECT_EQ(find_vocabulary_row("no_such_operator"), nullptr);
  EXPECT_EQ(find_vocabulary_row(""), nullptr);
}

TEST(Vocabulary, EveryRowIsWellFormed) {
  const auto split = [](std::string_view text, char separator) {
    std::vector<std::string> parts;
    std::string part;
    std::istringstream stream{std::string(text)};
    while (std::getline(stream, part, separator)) parts.push_back(part);
    return parts;
  };
  for (const VocabularyRow& row : kRows) {
    EXPECT_THAT(std::string(row.name), testing::MatchesRegex("[a-z_0-9]+")) << row.legacy;
    for (const std::string_view column : {row.inputs, row.outputs}) {
      std::set<std::string> seen;
      for (const std::string& operand : split(column, ' ')) {
        EXPECT_THAT(operand, testing::MatchesRegex("[A-Za-z_0-9@]+(=[A-Za-z_0-9@]+(\\|[A-Za-z_0-9@]+)*)?"))
            << row.legacy;
        EXPECT_TRUE(seen.insert(operand.substr(0, operand.find('='))).second) << row.legacy << ": " << operand;
      }
    }
    std::set<std::string> seen;
    for (const std::string& rule : split(row.attributes, ' ')) {
      const std::string number = "-?[0-9.]+(e[-+]?[0-9]+)?";
      EXPECT_THAT(rule, testing::ContainsRegex("^[A-Za-z_0-9@]+(=[A-Za-z_0-9@]+)?(:b:(true|false)|:i:-?[0-9]+|:f:(" +
                                               number + "|-?inf)|:s:.*|:[IFBS]:\\[.*\\])?$"))
          << row.legacy;
      EXPECT_TRUE(seen.insert(rule.substr(0, rule.find_first_of("=:"))).second) << row.legacy << ": " << rule;
    }
  }
}

TEST(Vocabulary, DefaultsOfEveryRowCanBeRead) {
  for (const VocabularyRow& row : kRows) {
    // Those that are malformed without operands or a block.
    if (row.legacy == "feed" || row.legacy == "fetch" || row.legacy == "while" || row.legacy == "recurrent") continue;
    EXPECT_THAT(one_operator(std::string(row.legacy)).parse(), Succeeds()) << row.legacy;
  }
}

}  // namespace
}  // namespace paddle2onnx
