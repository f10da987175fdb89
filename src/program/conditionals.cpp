#include "program/conditionals.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_map>
#include <unordered_set>

namespace paddle2onnx {
namespace {

// Between two parts of one conditional stand only the negation of its condition, a cast, and constants.
constexpr size_t kReach = 64;

// A condition traced through negations and casts.
struct Condition {
  ValueId root;
  bool negated;
};

class Merger {
 public:
  explicit Merger(Program& program) : program_(program) {
    for (size_t id = 0; id < program.blocks.size(); ++id) select_by_conditional(static_cast<BlockId>(id));
    for (const Block& block : program.blocks) {
      for (const Operator& op : block.operators) note_source(op);
    }
  }

  void run() {
    for (size_t block = 0; block < program_.blocks.size(); ++block) merge_in(block);
  }

 private:
  static ValueId single(const std::vector<std::pair<std::string, std::vector<ValueId>>>& slots) {
    return slots.front().second.front();
  }

  void select_by_conditional(BlockId id) {
    for (size_t i = 0; i < program_.blocks[id].operators.size(); ++i) {
      const Operator select = program_.blocks[id].operators[i];
      const auto is_single = [](const auto& slot) { return slot.second.size() == 1; };
      if (select.name != "select_input" || select.inputs.size() != 3 || select.outputs.size() != 1 ||
          !std::ranges::all_of(select.inputs, is_single) || !is_single(select.outputs.front()))
        continue;
      Operator conditional = select;
      conditional.name = "if";
      conditional.inputs = {{"cond", select.inputs[0].second}};
      conditional.outputs.front().first = "out";
      for (const size_t chosen : {2, 1}) {
        conditional.blocks.push_back(static_cast<BlockId>(program_.blocks.size()));
        program_.blocks.push_back({id, {}, {}, select.inputs[chosen].second});
      }
      program_.blocks[id].operators[i] = std::move(conditional);
    }
  }

  void note_source(const Operator& op) {
    if (op.name != "logical_not" && op.name != "cast") return;
    const auto is_single = [](const auto& slots) { return slots.size() == 1 && slots.front().second.size() == 1; };
    if (!is_single(op.inputs) || !is_single(op.outputs)) return;
    const ValueId source = single(op.inputs);
    if (program_.values[source].type.dtype == DType::kBool)
      sources_.emplace(single(op.outputs), Condition{source, op.name == "logical_not"});
  }

  Condition condition_of(const Operator& op) const {
    Condition condition{single(op.inputs), false};
    for (auto found = sources_.find(condition.root); found != sources_.end(); found = sources_.find(condition.root))
      condition = {found->second.root, condition.negated != found->second.negated};
    return condition;
  }

  bool uses(const std::vector<ValueId>& ids, const std::unordered_set<ValueId>& values) const {
    return std::ranges::any_of(ids, [&](ValueId id) { return values.contains(id); });
  }

  bool uses(const Operator& op, const std::unordered_set<ValueId>& values) const {
    if (std::ranges::any_of(op.inputs, [&](const auto& slot) { return uses(slot.second, values); })) return true;
    return std::ranges::any_of(op.blocks, [&](BlockId id) {
      const Block& block = program_.blocks[id];
      return uses(block.results, values) ||
             std::ranges::any_of(block.operators, [&](const Operator& inner) { return uses(inner, values); });
    });
  }

  void replace(std::vector<ValueId>& ids, const std::unordered_map<ValueId, ValueId>& by) {
    for (ValueId& id : ids) {
      if (const auto found = by.find(id); found != by.end()) id = found->second;
    }
  }

  void replace(Block& block, const std::unordered_map<ValueId, ValueId>& by) {
    replace(block.results, by);
    for (Operator& op : block.operators) {
      for (auto& [slot, ids] : op.inputs) replace(ids, by);
      for (const BlockId inner : op.blocks) replace(program_.blocks[inner], by);
    }
  }

  // The branch of `later` runs behind that of `first`, under the same condition: what `first` gives is known there.
  void append_branch(BlockId first, const std::vector<ValueId>& first_out, BlockId later) {
    Block& head = program_.blocks[first];
    Block& tail = program_.blocks[later];
    std::unordered_map<ValueId, ValueId> known;
    for (size_t i = 0; i < first_out.size(); ++i) known.emplace(first_out[i], head.results[i]);
    replace(tail, known);
    for (Operator& op : tail.operators) {
      for (const BlockId inner : op.blocks) program_.blocks[inner].parent = first;
    }
    std::ranges::move(tail.operators, std::back_inserter(head.operators));
    head.results.insert(head.results.end(), tail.results.begin(), tail.results.end());
    tail = Block{tail.parent, {}, {}, {}};
  }

  void merge_in(size_t block) {
    std::vector<Operator>& operators = program_.blocks[block].operators;
    for (size_t j = 1; j < operators.size(); ++j) {
      Operator& later = operators[j];
      if (later.name != "if") continue;
      const Condition condition = condition_of(later);
      for (size_t i = j; i-- > 0 && j - i <= kReach;) {
        Operator& first = operators[i];
        if (first.name != "if" || first.blocks.empty()) continue;
        const Condition other = condition_of(first);
        if (other.root != condition.root) continue;
        const std::vector<ValueId> given = first.outputs.front().second;
        const std::unordered_set<ValueId> values(given.begin(), given.end());
        const auto between = std::span(operators).subspan(i + 1, j - i - 1);
        if (std::ranges::any_of(between, [&](const Operator& op) { return uses(op, values); })) break;
        const size_t same = other.negated == condition.negated ? 0 : 1;
        append_branch(first.blocks[0], given, later.blocks[same]);
        append_branch(first.blocks[1], given, later.blocks[1 - same]);
        auto& out = first.outputs.front().second;
        const auto& more = later.outputs.front().second;
        out.insert(out.end(), more.begin(), more.end());
        later = std::move(first);
        first = Operator{};  // removed below
        break;
      }
    }
    std::erase_if(operators, [](const Operator& op) { return op.name.empty(); });
  }

  Program& program_;
  std::unordered_map<ValueId, Condition> sources_;
};

}  // namespace

void merge_conditionals(Program& program) { Merger(program).run(); }

}  // namespace paddle2onnx
