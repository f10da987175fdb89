#include "pass/pass.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "common/bytes.h"

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

std::shared_ptr<Graph> body_of(Node& node, std::string_view attribute) {
  for (auto& [name, value] : node.attributes) {
    if (name == attribute) return std::get<std::shared_ptr<Graph>>(value);
  }
  return nullptr;
}

void erase_at(std::vector<Value>& values, size_t index) {
  values.erase(values.begin() + static_cast<ptrdiff_t>(index));
}

// Results of a conditional that nothing uses.
void remove_dead_results(Node& node, const std::unordered_set<const ValueInfo*>& used) {
  for (size_t i = node.outputs.size(); i-- > 0;) {
    if (used.contains(node.outputs[i].info())) continue;
    erase_at(node.outputs, i);
    for (const auto* branch : {"then_branch", "else_branch"}) erase_at(body_of(node, branch)->outputs, i);
  }
}

// Values of a loop that nothing uses, in the body neither, but to compute themselves.
void remove_dead_loop_values(Node& node, const std::unordered_set<const ValueInfo*>& used) {
  constexpr size_t kBefore = 2;  // inputs of node and body before the values: the turns and the condition
  const std::shared_ptr<Graph> body = body_of(node, "body");
  const size_t count = node.inputs.size() < kBefore ? 0 : node.inputs.size() - kBefore;
  std::unordered_map<const ValueInfo*, const Node*> producers;
  for (const Node& inner : body->nodes) {
    for (const Value& output : inner.outputs) producers.emplace(output.info(), &inner);
  }
  std::unordered_map<const ValueInfo*, size_t> arguments;
  for (size_t i = 0; i < count; ++i) arguments.emplace(body->inputs[kBefore + i].info(), i);

  // From what is used to what it is made of. The body's results: the condition, the values, then what is collected.
  std::vector<bool> needed(count);
  std::vector<const ValueInfo*> open;
  std::unordered_set<const ValueInfo*> seen;
  const auto add = [&](const ValueInfo* value) {
    if (value != nullptr && seen.insert(value).second) open.push_back(value);
  };
  const auto need = [&](size_t value) {
    if (!needed[value]) add(body->outputs[1 + value].info());
    needed[value] = true;
  };
  add(body->outputs.front().info());
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (i >= count) {
      add(body->outputs[1 + i].info());
    } else if (used.contains(node.outputs[i].info())) {
      need(i);
    }
  }
  while (!open.empty()) {
    const ValueInfo* value = open.back();
    open.pop_back();
    if (const auto argument = arguments.find(value); argument != arguments.end()) need(argument->second);
    const auto producer = producers.find(value);
    if (producer == producers.end()) continue;
    std::unordered_set<const ValueInfo*> operands;
    collect_uses(*producer->second, operands);
    for (const ValueInfo* operand : operands) add(operand);
  }
  for (size_t i = count; i-- > 0;) {
    if (needed[i]) continue;
    erase_at(node.inputs, kBefore + i);
    erase_at(node.outputs, i);
    erase_at(body->inputs, kBefore + i);
    erase_at(body->outputs, 1 + i);
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
  std::unordered_map<std::string, int> taken_;
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

// FNV-1a over words of 8 bytes.
uint64_t hash_bytes(uint64_t hash, std::span<const std::byte> bytes) {
  for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof(word), bytes.size() - at));
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 32;
  }
  return hash;
}

class ConstantMerger {
 public:
  void merge(Graph& graph) {
    for (Node& node : graph.nodes) {
      for (Value& input : node.inputs) {
        if (input && input.constant() != nullptr) input = Value(first_like(input.info()));
      }
      for (auto& [name, attribute] : node.attributes) {
        if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute)) merge(**body);
      }
    }
  }

 private:
  // Type, dimensions and a few bytes.
  static std::string sample(const Tensor& tensor) {
    constexpr size_t kSample = 64;
    std::string key(1, static_cast<char>(tensor.dtype));
    for (const int64_t dim : tensor.dims) key += std::to_string(dim) + ",";
    const size_t item = item_size(tensor.dtype);
    const size_t size = tensor.bytes.size();
    for (const size_t at : {size_t{0}, size / 2 / item * item, size - std::min(size, kSample) / item * item}) {
      const size_t count = std::min(kSample / item * item, size - at);
      key.resize(key.size() + count);
      tensor.bytes.read(at, std::as_writable_bytes(std::span(key)).last(count));
    }
    return key;
  }

  static uint64_t whole_hash(const Bytes& bytes) {
    std::vector<std::byte> piece(std::min(bytes.size(), size_t{1} << 20));
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t at = 0; at < bytes.size(); at += piece.size()) {
      const auto some = std::span(piece).first(std::min(piece.size(), bytes.size() - at));
      bytes.read(at, some);
      hash = hash_bytes(hash, some);
    }
    return hash;
  }

  // Constants with one sample. The first has no hash as long as there is no second.
  struct Alike {
    ValueInfo* first;
    std::unordered_map<uint64_t, ValueInfo*> by_hash;
  };

  ValueInfo* first_like(ValueInfo* value) {
    const auto [known, fresh] = merged_.emplace(value, value);
    if (!fresh || item_size(value->dtype) == 0) return known->second;
    const auto [found, unlike] = alike_.emplace(sample(*value->constant), Alike{value, {}});
    if (unlike) return value;
    Alike& alike = found->second;
    if (alike.by_hash.empty()) alike.by_hash.emplace(whole_hash(alike.first->constant->bytes), alike.first);
    const auto [equal, other] = alike.by_hash.emplace(whole_hash(value->constant->bytes), value);
    if (!other && same_content(equal->second->constant->bytes, value->constant->bytes)) known->second = equal->second;
    return known->second;
  }

  std::unordered_map<ValueInfo*, ValueInfo*> merged_;
  std::unordered_map<std::string, Alike> alike_;
};

}  // namespace

void remove_dead_nodes(Graph& graph) {
  std::unordered_set<const ValueInfo*> used;
  for (const Value& output : graph.outputs) used.insert(output.info());
  std::vector<bool> live(graph.nodes.size());
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    Node& node = graph.nodes[i];
    live[i] = std::ranges::any_of(node.outputs, [&](const Value& output) { return used.contains(output.info()); });
    if (!live[i]) continue;
    if (node.op_type == "If") remove_dead_results(node, used);
    if (node.op_type == "Loop") remove_dead_loop_values(node, used);
    for (auto& [name, attribute] : node.attributes) {
      if (auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute)) remove_dead_nodes(**body);
    }
    collect_uses(node, used);
  }
  size_t kept = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!live[i]) continue;
    if (kept != i) graph.nodes[kept] = std::move(graph.nodes[i]);
    ++kept;
  }
  graph.nodes.resize(kept);
}

void merge_equal_constants(Graph& graph) {
  ConstantMerger merger;
  merger.merge(graph);
}

void assign_names(Graph& graph) {
  Names nodes;
  Names values;
  take_value_names(graph, values);
  assign_names(graph, nodes, values);
}

void run_passes(Graph& graph, bool optimize) {
  // First, so that later passes see live nodes only.
  if (optimize) {
    remove_dead_nodes(graph);
    merge_equal_constants(graph);
  }
  // Last: passes make and remove nodes.
  assign_names(graph);
}

}  // namespace paddle2onnx
