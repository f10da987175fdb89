#include "cli/list_ops.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "paddle2onnx/paddle2onnx.h"

namespace paddle2onnx::cli {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(quoted(text));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

// "7", or "7, 17" with the first opset of each form.
std::string opsets_of(const OperatorInfo& op) { return fmt::format("{}", fmt::join(op.opsets, ", ")); }

std::string remarks_of(const OperatorInfo& op) {
  std::vector<std::string> remarks;
  if (!op.reason.empty()) remarks.push_back(op.reason);
  if (!op.restriction.empty()) remarks.push_back("refused: " + op.restriction);
  if (!op.lossy.empty()) remarks.push_back("not exact: " + op.lossy);
  return fmt::format("{}", fmt::join(remarks, "; "));
}

struct Counts {
  size_t known = 0;      // operators of Paddle 2 and 3
  size_t supported = 0;  // of these
  size_t rare = 0;       // supported besides
};

Counts count(const std::vector<OperatorInfo>& operators) {
  Counts counts;
  for (const OperatorInfo& op : operators) {
    counts.rare += op.rare ? 1 : 0;
    counts.known += op.rare ? 0 : 1;
    counts.supported += op.supported && !op.rare ? 1 : 0;
  }
  return counts;
}

constexpr std::string_view kMarkdownHead = R"(# Operators

<!-- Written by `paddle2onnx list-ops --markdown` (the CMake target `operators_document`); a test compares. -->

The converter maps **{supported} of the {known} operators** of Paddle, from the programs of Paddle 1 to those of Paddle 3 (all but those of backward
passes; the others have no ONNX form, or are for training, other machines or several processes, as the reasons at the end say),
and {rare} more that only Paddle's fusion passes or very old versions write. `paddle2onnx list-ops [--json]` prints the same.

- *operator*: its name in messages, Paddle's current one; `.pdmodel` and `PIR`: its names in the two file formats
- *opset*: the first that it can be written in; further numbers are the opsets from which it has a better form. Some attributes or
  types need more than the first; the converter then raises the opset, or names the one that is needed
- *tested*: the opsets at which its results are compared with Paddle's

What is not finite passes as it does through Paddle's kernels, but for these, where a rewrite would cost every model: `relu` keeps
what is not a number, of which Paddle makes 0; the larger or smaller of numbers some of which are none (`maximum` of Paddle 2, max pooling,
maxout, `max` and `min`, sorting, top-k, NMS, Viterbi) hangs on the order in which a kernel compares; Paddle's CPU kernels alone make
no number of some infinities (`sqrt`, `softshrink`, `logsigmoid`, `hypot`) and end `log_softmax` at -64 unless its axis is the last.

## Supported

| operator | .pdmodel | PIR | opset | tested | remarks |
|---|---|---|---|---|---|
)";

std::string code_list(const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format("`{}`", fmt::join(names, "` `"));
}

}  // namespace

std::string operators_as_text() {
  const auto operators = list_operators();
  size_t width = 0;
  for (const OperatorInfo& op : operators) width = std::max(width, op.name.size());
  std::string text;
  for (const OperatorInfo& op : operators) {
    const std::string opset = !op.supported ? "no" : op.opsets.empty() ? "yes" : "opset " + opsets_of(op);
    std::vector<std::string> names;
    for (const auto* list : {&op.pdmodel, &op.pir}) {
      for (const std::string& name : *list) {
        if (name != op.name && std::ranges::count(names, name) == 0) names.push_back(name);
      }
    }
    const std::string remarks = remarks_of(op);
    std::string line = fmt::format("{:{}}  {:12}", op.name, width, opset);
    if (!names.empty()) line += fmt::format("  in files: {}", fmt::join(names, ", "));
    if (!remarks.empty()) line += (names.empty() ? "  " : "; ") + remarks;
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  const Counts counts = count(operators);
  return text + fmt::format("{} of {} operators, and {} of Paddle's passes and early versions\n", counts.supported,
                            counts.known, counts.rare);
}

std::string operators_as_json() {
  const auto operators = list_operators();
  const Counts counts = count(operators);
  std::string text =
      fmt::format("{{\"known\": {}, \"supported\": {}, \"operators\": [\n", counts.known, counts.supported);
  for (const OperatorInfo& op : operators) {
    text += fmt::format(
        "{{\"name\": {}, \"pdmodel\": {}, \"pir\": {}, \"supported\": {}, \"rare\": {}, \"opsets\": [{}], "
        "\"tested_opsets\": [{}], \"restriction\": {}, \"lossy\": {}, \"reason\": {}}}{}\n",
        quoted(op.name), quoted_list(op.pdmodel), quoted_list(op.pir), op.supported, op.rare,
        fmt::join(op.opsets, ", "), fmt::join(op.tested_opsets, ", "), quoted(op.restriction), quoted(op.lossy),
        quoted(op.reason), &op == &operators.back() ? "" : ",");
  }
  return text + "]}\n";
}

std::string operators_as_markdown() {
  const auto operators = list_operators();
  const Counts counts = count(operators);
  std::string text = fmt::format(fmt::runtime(kMarkdownHead), fmt::arg("supported", counts.supported),
                                 fmt::arg("known", counts.known), fmt::arg("rare", counts.rare));
  for (const OperatorInfo& op : operators) {
    if (!op.supported) continue;
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", op.name, code_list(op.pdmodel), code_list(op.pir),
                        opsets_of(op), fmt::join(op.tested_opsets, " "), remarks_of(op));
  }
  text += "\n## Not supported\n\n| operator | .pdmodel | PIR | reason |\n|---|---|---|---|\n";
  for (const OperatorInfo& op : operators) {
    if (op.supported) continue;
    text += fmt::format("| `{}` | {} | {} | {} |\n", op.name, code_list(op.pdmodel), code_list(op.pir), op.reason);
  }
  return text;
}

}  // namespace paddle2onnx::cli
