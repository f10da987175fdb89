#include "pass/pass.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>

namespace paddle2onnx {
namespace {

// Values that a node's subgraphs use from outside count as used by the node.
void collect_uses(const Node& node, std::unordered_set<const ValueInfo*>& used) {
  for (const Value& input : node.inputs) used.insert(input.info());
  for (const auto& [name, attribute] : node.attributes) {
    const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute);
    if (body == nullptr) continue;
    for (const Node& inner : (*body)->nodes) collect_uses(inner, used);
    for (const Value& output : (*body)->outputs) used.insert(output.info());
  }
}

class Names {
 public:
  std::string unique(const std::string& wanted) {
    const auto [found, fresh] = taken_.emplace(wanted, 0);
    if (fresh) return wanted;
    for (;;) {
      std::string name = wanted + "_" + std::to_string(++found->second);
      if (taken_.emplace(name, 0).second) return name;
    }
  }

 private:
  std::map<std::string, int> taken_;
};

void take_value_names(const Graph& graph, Names& names) {
  for (const ValueInfo& value : graph.values) {
    if (!value.name.empty()) names.unique(value.name);
  }
  for (const Node& node : graph.nodes) {
    for (const auto& [name, attribute] : node.attributes) {
      if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute)) take_value_names(**body, names);
    }
  }
}

void assign_names(Graph& graph, Names& nodes, Names& values) {
  for (Node& node : graph.nodes) {
    node.name = nodes.unique(node.name.empty() ? node.op_type : node.name + "/" + node.op_type);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      ValueInfo& info = *node.outputs[i].info();
      if (info.name.empty()) info.name = values.unique(node.name + "_out" + (i == 0 ? "" : std::to_string(i)));
    }
    for (auto& [name, attribute] : node.attributes) {
      if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute)) assign_names(**body, nodes, values);
    }
  }
}

}  // namespace

void remove_dead_nodes(Graph& graph) {
  std::unordered_set<const ValueInfo*> used;
  for (const Value& output : graph.outputs) used.insert(output.info());
  std::vector<bool> live(graph.nodes.size());
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    live[i] = std::ranges::any_of(node.outputs, [&](const Value& output) { return used.contains(output.info()); });
    if (live[i]) collect_uses(node, used);
  }
  size_t kept = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!live[i]) continue;
    if (kept != i) graph.nodes[kept] = std::move(graph.nodes[i]);
    ++kept;
  }
  graph.nodes.resize(kept);
}

void assign_names(Graph& graph) {
  Names nodes;
  Names values;
  take_value_names(graph, values);
  assign_names(graph, nodes, values);
}

void run_passes(Graph& graph, bool optimize) {
  // First, so that later passes see live nodes only.
  if (optimize) remove_dead_nodes(graph);
  // Last: passes make and remove nodes.
  assign_names(graph);
}

}  // namespace paddle2onnx
