// What --remove_nms leaves of a program.
#include "program/cut.h"

#include "program_text.h"

namespace paddle2onnx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A program by names: operators {name, {operand, values}, {results}}.
class Sketch {
 public:
  Sketch() { program.blocks.emplace_back(); }

  ValueId value(const std::string& name) {
    const auto found = std::ranges::find(program.values, name, &ProgramValue::name);
    if (found != program.values.end()) return static_cast<ValueId>(found - program.values.begin());
    program.values.push_back({name, {}, std::nullopt});
    return static_cast<ValueId>(program.values.size() - 1);
  }
  void add(const std::string& op, const std::vector<std::pair<std::string, std::string>>& inputs,
           const std::vector<std::string>& outputs, BlockId block = 0) {
    Operator made;
    made.name = made.source_name = op;
    for (const auto& [slot, name] : inputs) made.inputs.push_back({slot, {value(name)}});
    for (const std::string& name : outputs) made.outputs.push_back({name, {value(name)}});
    program.blocks[block].operators.push_back(std::move(made));
  }
  void feed(const std::string& name) { program.feeds.push_back(value(name)); }
  void fetch(const std::string& name, const std::string& of) { program.fetches.emplace_back(name, value(of)); }

  std::vector<std::string> fetched() const {
    std::vector<std::string> names;
    for (const auto& [name, id] : program.fetches) names.push_back(name + "=" + program.values[id].name);
    return names;
  }
  std::vector<std::string> operators() const {
    std::vector<std::string> names;
    for (const Operator& op : program.blocks.front().operators) names.push_back(op.name);
    return names;
  }
  std::vector<std::string> feeds() const {
    std::vector<std::string> names;
    for (const ValueId id : program.feeds) names.push_back(program.values[id].name);
    return names;
  }

  Program program;
};

Sketch detector() {
  Sketch s;
  s.feed("image");
  s.feed("scale");
  s.feed("unused");
  s.add("conv2d", {{"input", "image"}}, {"boxes"});
  s.add("sigmoid", {{"x", "image"}}, {"scores"});
  s.add("multiclass_nms3", {{"bboxes", "boxes"}, {"scores", "scores"}}, {"out", "index", "count"});
  s.add("scale", {{"x", "out"}, {"by", "scale"}}, {"scaled"});
  return s;
}

TEST(CutBeforeNms, BoxesAndScoresBecomeTheOutputs) {
  Sketch s = detector();
  s.fetch("detections", "scaled");
  s.fetch("count", "count");
  ASSERT_TRUE(cut_before_nms(s.program).has_value());
  EXPECT_THAT(s.fetched(), ElementsAre("boxes=boxes", "scores=scores"));
  EXPECT_THAT(s.operators(), ElementsAre("conv2d", "sigmoid"));
}

TEST(CutBeforeNms, InputsOfTheRestAreGone) {
  Sketch s = detector();
  s.fetch("detections", "scaled");
  ASSERT_TRUE(cut_before_nms(s.program).has_value());
  // What no operator ever used is not the cut's affair.
  EXPECT_THAT(s.feeds(), ElementsAre("image", "unused"));
}

TEST(CutBeforeNms, OtherOutputsKeepTheirPlaces) {
  Sketch s = detector();
  s.add("tanh", {{"x", "image"}}, {"features"});
  s.fetch("features", "features");
  s.fetch("detections", "scaled");
  s.fetch("image", "image");
  ASSERT_TRUE(cut_before_nms(s.program).has_value());
  EXPECT_THAT(s.fetched(), ElementsAre("features=features", "boxes=boxes", "scores=scores", "image=image"));
}

TEST(CutBeforeNms, SeveralOfTheSameBoxes) {
  Sketch s = detector();
  s.add("matrix_nms", {{"bboxes", "boxes"}, {"scores", "others"}}, {"out2"});
  s.fetch("first", "out");
  s.fetch("second", "out2");
  ASSERT_TRUE(cut_before_nms(s.program).has_value());
  EXPECT_THAT(s.fetched(), ElementsAre("boxes=boxes", "scores=scores", "others=others"));
}

TEST(CutBeforeNms, BlocksOfOperatorsCount) {
  Sketch s = detector();
  s.program.blocks.emplace_back();
  s.add("tanh", {{"x", "out"}}, {"inner"}, 1);  // reads what the suppression gives, from within
  s.add("if", {{"cond", "image"}}, {"chosen"});
  s.program.blocks.front().operators.back().blocks = {1};
  s.fetch("chosen", "chosen");
  ASSERT_TRUE(cut_before_nms(s.program).has_value());
  EXPECT_THAT(s.fetched(), ElementsAre("boxes=boxes", "scores=scores"));
  EXPECT_THAT(s.operators(), ElementsAre("conv2d", "sigmoid"));
}

TEST(CutBeforeNms, NothingToCut) {
  Sketch s;
  s.feed("image");
  s.add("tanh", {{"x", "image"}}, {"out"});
  s.fetch("out", "out");
  const auto result = cut_before_nms(s.program);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, kBadOption);
  EXPECT_THAT(result.error().message, HasSubstr("no suppression of boxes"));
  EXPECT_THAT(s.fetched(), ElementsAre("out=out"));
}

TEST(CutBeforeNms, SuppressionInsideControlFlow) {
  Sketch s = detector();
  s.program.blocks.push_back(s.program.blocks.front());
  s.program.blocks.front().operators.clear();
  const auto result = cut_before_nms(s.program);
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message, HasSubstr("inside control flow"));
}

TEST(CutBeforeNms, DamagedProgram) {
  Sketch s;
  s.add("multiclass_nms3", {{"bboxes", "boxes"}}, {"out"});
  const auto result = cut_before_nms(s.program);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, kMalformedProgram);
}

}  // namespace
}  // namespace paddle2onnx
