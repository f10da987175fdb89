#include "program/in_place.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace paddle2onnx {
namespace {

const std::vector<ValueId>* slot_of(const std::vector<std::pair<std::string, std::vector<ValueId>>>& slots,
                                    std::string_view name) {
  const auto slot = std::ranges::find(slots, name, [](const auto& item) -> std::string_view { return item.first; });
  return slot == slots.end() || slot->second.size() != 1 ? nullptr : &slot->second;
}

// Which operand an operator changes and the result that is the same tensor afterwards.
struct Change {
  ValueId operand;
  ValueId result;
};

std::optional<Change> change_of(const Operator& op) {
  struct Rule {
    std::string_view source_name, operand, result;
  };
  // Where it is not the first operand and result.
  static constexpr Rule kRules[] = {{"array_pop", "array", "array_out"},
                                    {"assign_out_", "output", "out"},
                                    {"fused_multi_transformer_", "cache_kvs", "cache_kv_outs"},
                                    {"masked_multihead_attention_", "cache_kv", "cache_kv_out"},
                                    {"where_", "x", "out"}};
  const auto* rule = std::ranges::find(kRules, op.source_name, &Rule::source_name);
  if (rule != std::end(kRules)) {
    const auto* operand = slot_of(op.inputs, rule->operand);
    const auto* result = slot_of(op.outputs, rule->result);
    if (operand == nullptr || result == nullptr) return std::nullopt;
    return Change{operand->front(), result->front()};
  }
  // These change statistics only, which stay as they are in inference, or scratch memory.
  static constexpr std::string_view kStatistics[] = {"batch_norm", "fused_bn", "quantize", "moving_average", "rnn_"};
  const std::string& name = op.source_name;
  const bool ends_so = name.size() > 1 && name.ends_with('_');
  if (!ends_so || std::ranges::any_of(kStatistics, [&](auto part) { return name.find(part) != std::string::npos; }))
    return std::nullopt;
  if (op.inputs.empty() || op.outputs.empty()) return std::nullopt;
  const auto& operand = op.inputs.front().second;
  const auto& result = op.outputs.front().second;
  if (operand.size() != 1 || result.size() != 1) return std::nullopt;
  return Change{operand.front(), result.front()};
}

class Separator {
 public:
  explicit Separator(Program& program) : program_(program) {}

  void run() {
    bool any = false;
    for (size_t id = 0; id < program_.blocks.size(); ++id) {
      const Block& block = program_.blocks[id];
      for (const ValueId argument : block.arguments) home_.emplace(argument, id);
      for (const Operator& op : block.operators) {
        for (const auto& [slot, ids] : op.outputs) {
          for (const ValueId value : ids) home_.emplace(value, id);
        }
        if (const auto change = change_of(op)) {
          before_.emplace(change->result, change->operand);
          any = true;
        }
      }
    }
    if (!any) return;
    visit(0);
    for (auto& [name, value] : program_.fetches) value = newest(value);
  }

 private:
  // The variable that a value is one state of: its first state. A result is defined behind its operand, so this ends.
  ValueId variable_of(ValueId value) const {
    for (auto found = before_.find(value); found != before_.end(); found = before_.find(value)) value = found->second;
    return value;
  }

  ValueId newest(ValueId value) const {
    const auto found = newest_.find(variable_of(value));
    return found == newest_.end() ? value : found->second;
  }

  // Variables of outer blocks that a block or blocks inside it change, each once.
  void collect_changed(BlockId id, std::vector<ValueId>& changed) const {
    std::vector<ValueId> found;
    for (const Operator& op : program_.blocks[id].operators) {
      if (const auto change = change_of(op)) found.push_back(variable_of(change->operand));
      for (const BlockId inner : op.blocks) collect_changed(inner, found);
    }
    for (const ValueId variable : found) {
      const auto home = home_.find(variable);
      const bool own = home != home_.end() && home->second == id;
      if (!own && std::ranges::count(changed, variable) == 0) changed.push_back(variable);
    }
  }

  ValueId new_state(ValueId variable) {
    ProgramValue state = program_.values[variable];
    state.data.reset();
    program_.values.push_back(std::move(state));
    return static_cast<ValueId>(program_.values.size() - 1);
  }

  static std::vector<ValueId>& list(std::vector<std::pair<std::string, std::vector<ValueId>>>& slots,
                                    std::string_view name) {
    const auto slot = std::ranges::find(slots, name, [](const auto& item) -> std::string_view { return item.first; });
    return slot == slots.end() ? slots.emplace_back(name, std::vector<ValueId>()).second : slot->second;
  }

  void visit(BlockId id) {
    for (Operator& op : program_.blocks[id].operators) {
      const auto change = change_of(op);
      for (auto& [slot, ids] : op.inputs) {
        for (ValueId& value : ids) value = newest(value);
      }
      if (change) newest_[variable_of(change->operand)] = change->result;
      if (!op.blocks.empty()) visit_blocks(op);
    }
    for (ValueId& result : program_.blocks[id].results) result = newest(result);
  }

  void visit_blocks(Operator& op) {
    std::vector<ValueId> changed;
    for (const BlockId inner : op.blocks) collect_changed(inner, changed);
    const auto before = newest_;
    for (const BlockId inner : op.blocks) {
      newest_ = before;
      for (const ValueId variable : changed) {
        if (op.name != "while") continue;
        list(op.inputs, "x").push_back(newest(variable));
        program_.blocks[inner].arguments.push_back(newest_[variable] = new_state(variable));
      }
      visit(inner);
      for (const ValueId variable : changed) program_.blocks[inner].results.push_back(newest(variable));
    }
    newest_ = before;
    for (const ValueId variable : changed) list(op.outputs, "out").push_back(newest_[variable] = new_state(variable));
  }

  Program& program_;
  std::unordered_map<ValueId, size_t> home_;     // the block that defines a value
  std::unordered_map<ValueId, ValueId> before_;  // the operand that became a result
  std::unordered_map<ValueId, ValueId> newest_;  // state of a variable
};

}  // namespace

void separate_in_place(Program& program) { Separator(program).run(); }

}  // namespace paddle2onnx
