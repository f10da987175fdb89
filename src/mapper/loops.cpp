#include "mapper/loops.h"

namespace paddle2onnx {

Turn repeat(Builder& g, Value count, const std::vector<Value>& states, const TurnFunction& turn) {
  const auto fresh = [&](std::string_view name, DType dtype, std::optional<Dims> dims) {
    return g.new_value(g.unique_value_name(name), dtype, std::move(dims));
  };
  std::vector<Value> inputs = {fresh("turn", DType::kInt64, Dims{}), fresh("continues", DType::kBool, Dims{})};
  std::vector<Value> before;
  before.reserve(states.size());
  for (const Value& state : states) before.push_back(fresh("state", state.dtype(), state.dims()));
  inputs.insert(inputs.end(), before.begin(), before.end());
  Turn result;
  const auto body = g.inner_graph(inputs, [&] { result = turn(inputs[0], before); });
  std::vector<Value> outputs = {result.again ? result.again : g.scalar(1, DType::kBool)};
  outputs.insert(outputs.end(), result.states.begin(), result.states.end());
  outputs.insert(outputs.end(), result.recorded.begin(), result.recorded.end());
  g.set_outputs(*body, outputs);

  std::vector<ValueInfo> types(states.size() + result.recorded.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const bool is_state = i < states.size();
    const Value like = is_state ? states[i] : result.recorded[i - states.size()];
    types[i].dtype = like.dtype();
    types[i].dims = like.dims();
    if (is_state || !like.dims()) continue;
    // With a condition there may be fewer.
    const bool known = count.constant() != nullptr && !result.again;
    types[i].dims->insert(types[i].dims->begin(), known ? as_ints(*count.constant()).front() : -1);
  }
  std::vector<Value> operands = {count, Value()};
  operands.insert(operands.end(), states.begin(), states.end());
  const std::vector<Value> all = g.nodes_like("Loop", operands, {{"body", body}}, types);
  const auto split = all.begin() + static_cast<std::ptrdiff_t>(states.size());
  return {{all.begin(), split}, {split, all.end()}};
}

}  // namespace paddle2onnx
