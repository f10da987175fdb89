#include "program/cut.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace paddle2onnx {
namespace {

struct Suppressor {
  std::string_view op;
  std::array<std::string_view, 2> operands;  // boxes, scores
};

constexpr Suppressor kSuppressors[] = {
    {"locality_aware_nms", {"BBoxes", "Scores"}},
    {"matrix_nms", {"bboxes", "scores"}},
    {"multiclass_nms", {"bboxes", "scores"}},
    {"multiclass_nms3", {"bboxes", "scores"}},
};

const Suppressor* find_suppressor(const Operator& op) {
  const auto* found = std::ranges::find(kSuppressors, std::string_view(op.name), &Suppressor::op);
  return found == std::end(kSuppressors) ? nullptr : found;
}

using Slots = std::vector<std::pair<std::string, std::vector<ValueId>>>;

template <typename Use>
void for_each_value(const Slots& slots, const Use& use) {
  for (const auto& [name, ids] : slots) std::ranges::for_each(ids, use);
}

// All that an operator reads, its blocks' too: those read values of outer blocks without saying so.
template <typename Use>
void for_each_operand(const Program& program, const Operator& op, const Use& use) {
  for_each_value(op.inputs, use);
  for (const BlockId id : op.blocks) {
    const Block& block = program.blocks[id];
    for (const Operator& inner : block.operators) for_each_operand(program, inner, use);
    std::ranges::for_each(block.results, use);
  }
}

// Whether each value follows from one of the suppressors' results.
std::vector<bool> behind_suppressors(const Program& program) {
  std::vector<bool> behind(program.values.size());
  for (const Operator& op : program.blocks.front().operators) {
    bool reads = find_suppressor(op) != nullptr;
    for_each_operand(program, op, [&](ValueId id) { reads = reads || behind[id]; });
    if (reads) for_each_value(op.outputs, [&](ValueId id) { behind[id] = true; });
  }
  return behind;
}

// Whether each value is needed for the outputs; `live` says so of each operator of the main block. An operator on a
// tensor array changes it in place.
std::vector<bool> needed_values(const Program& program, std::vector<bool>& live) {
  std::vector<bool> needed(program.values.size());
  for (const auto& [name, id] : program.fetches) needed[id] = true;
  const auto& operators = program.blocks.front().operators;
  live.assign(operators.size(), false);
  for (size_t i = operators.size(); i-- > 0;) {
    bool used = false;
    for_each_value(operators[i].outputs, [&](ValueId id) { used = used || needed[id]; });
    for_each_operand(program, operators[i], [&](ValueId id) {
      used = used || (needed[id] && program.values[id].type.kind == ProgramType::Kind::kTensorArray);
    });
    if (!used) continue;
    live[i] = true;
    for_each_operand(program, operators[i], [&](ValueId id) { needed[id] = true; });
  }
  return needed;
}

}  // namespace

Result<void> cut_before_nms(Program& program) {
  Block& main = program.blocks.front();
  std::vector<std::pair<std::string, ValueId>> cut;
  for (const Operator& op : main.operators) {
    const Suppressor* suppressor = find_suppressor(op);
    if (suppressor == nullptr) continue;
    for (const std::string_view name : suppressor->operands) {
      const auto slot =
          std::ranges::find(op.inputs, name, [](const auto& item) -> std::string_view { return item.first; });
      if (slot == op.inputs.end() || slot->second.empty())
        return fail(kMalformedProgram, "'" + op.source_name + "' has no operand '" + std::string(name) + "'");
      const ValueId id = slot->second.front();
      if (std::ranges::count(cut, id, &std::pair<std::string, ValueId>::second) == 0)
        cut.emplace_back(program.values[id].name, id);
    }
  }
  if (cut.empty()) {
    const bool inside = std::ranges::any_of(program.blocks, [](const Block& block) {
      return std::ranges::any_of(block.operators, [](const Operator& op) { return find_suppressor(op) != nullptr; });
    });
    return fail(kBadOption,
                inside ? "the suppression of boxes stands inside control flow and cannot be cut off"
                       : "the model has no suppression of boxes (multiclass_nms, matrix_nms, …) that could be removed",
                "convert it without --remove_nms");
  }

  const std::vector<bool> behind = behind_suppressors(program);
  std::vector<bool> live;
  const std::vector<bool> needed_before = needed_values(program, live);
  const auto first = std::ranges::find_if(program.fetches, [&](const auto& fetch) { return behind[fetch.second]; });
  const auto place = first - program.fetches.begin();
  std::erase_if(program.fetches, [&](const auto& fetch) { return behind[fetch.second]; });
  program.fetches.insert(program.fetches.begin() + place, cut.begin(), cut.end());

  const std::vector<bool> needed = needed_values(program, live);
  std::vector<Operator> kept;
  for (size_t i = 0; i < main.operators.size(); ++i) {
    if (live[i]) kept.push_back(std::move(main.operators[i]));
  }
  main.operators = std::move(kept);
  std::erase_if(program.feeds, [&](ValueId id) { return needed_before[id] && !needed[id]; });
  return {};
}

}  // namespace paddle2onnx
