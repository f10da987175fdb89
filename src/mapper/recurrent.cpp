// Recurrent networks.
#include <array>
#include <limits>
#include <ranges>

#include "mapper/attention.h"
#include "mapper/lod.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

constexpr std::string_view kInFloat32 = "computed in float32: ONNX Runtime has no kernel for float64";

// Layers of which each reads the output of the one before; in a bidirectional layer both directions lie side by side.
struct Network {
  std::string mode;  // LSTM, GRU, RNN_TANH or RNN_RELU
  int64_t hidden;
  int64_t layers;
  int64_t directions;
  std::vector<Value> weights;  // input and recurrent weights of each layer and direction, then their biases
  Value x;                     // [time, batch, input]
  Value lengths;               // [batch]; none: all sequences are as long as x
  std::vector<Value> states;   // the hidden state, an LSTM's cell state: [layers · directions, batch, hidden]
};

struct NetworkResult {
  Value out;                  // [time, batch, directions · hidden], zeros behind a sequence's end
  std::vector<Value> states;  // the last ones
};

// Rows of a weight or bias [gates · hidden, …] with the gates in another order: gate i is the given order[i].
Value reorder_gates(Builder& g, Value rows, const Ints& order, int64_t hidden) {
  if (order.size() == 1) return rows;
  const std::vector<Value> gates = g.split(rows, Ints(order.size(), hidden), 0);
  std::vector<Value> in_order;
  for (const int64_t gate : order) in_order.push_back(gates[static_cast<size_t>(gate)]);
  return g.concat(in_order, 0);
}

// Whether a value is known to be all zeros: the initial states that Paddle's layers make for a batch of any size.
bool is_zero(const Graph& graph, Value x) {
  if (const Tensor* tensor = x.constant())
    return std::ranges::all_of(tensor->bytes, [](std::byte byte) { return byte == std::byte{}; });
  const auto produces = [&](const Node& node) { return std::ranges::count(node.outputs, x) > 0; };
  const auto producer = std::find_if(graph.nodes.rbegin(), graph.nodes.rend(), produces);
  return producer != graph.nodes.rend() && producer->op_type == "Expand" && is_zero(graph, producer->inputs.front());
}

NetworkResult run_network(OpContext& op, const Network& net) {
  Builder& g = op.graph();
  const bool lstm = net.mode == "LSTM";
  const bool gru = net.mode == "GRU";
  if (!lstm && !gru && net.mode != "RNN_TANH" && net.mode != "RNN_RELU") op.fail("the mode '" + net.mode + "'");
  const size_t cells = static_cast<size_t>(net.layers * net.directions);
  if (net.weights.size() != 4 * cells)
    op.fail(std::to_string(net.weights.size()) + " weights and biases where " + std::to_string(cells) +
            " cells need four each");
  if (net.layers > 1) refuse_training(op, "dropout_prob");  // between the layers

  if (net.x.dtype() == DType::kFloat64) op.lossy(std::string(kInFloat32));

  // Paddle has the gates i f c o (LSTM) and r z c (GRU), ONNX i o f c and z r c.
  const Ints order = lstm ? Ints{0, 3, 1, 2} : gru ? Ints{1, 0, 2} : Ints{0};
  NodeAttributes attributes = {{"hidden_size", net.hidden},
                               {"direction", std::string(net.directions == 2 ? "bidirectional" : "forward")}};
  if (net.mode == "RNN_RELU")
    attributes.emplace_back("activations", std::vector<std::string>(static_cast<size_t>(net.directions), "Relu"));
  // Paddle's reset gate acts on the recurrent product with its bias, not on the state.
  if (gru) attributes.emplace_back("linear_before_reset", int64_t{1});

  const Ints per_layer(static_cast<size_t>(net.layers), net.directions);
  std::vector<std::vector<Value>> first_states;
  for (const Value& state : net.states) {
    // ONNX's default is zeros.
    first_states.push_back(is_zero(g.graph(), state) ? std::vector<Value>(per_layer.size())
                                                     : g.split(state, per_layer, 0));
  }
  std::vector<std::vector<Value>> last_states(net.states.size());
  const Value lengths = net.lengths ? g.cast(net.lengths, DType::kInt32) : Value();
  // The last state of an empty sequence is its first; ONNX Runtime has zeros.
  const auto last_state = [&](Value first, Value last) {
    if (!lengths || !first) return last;
    const Value empty = g.unsqueeze(g.equal(lengths, g.constant(from_ints(DType::kInt32, {}, {0}))), {1});
    return g.where(empty, first, last);
  };

  Value x = net.x;
  for (size_t layer = 0; layer < static_cast<size_t>(net.layers); ++layer) {
    // [directions, …] of the k-th of a cell's two weights or, with `first` behind the weights, biases.
    const auto stacked = [&](size_t first, size_t k) {
      std::vector<Value> parts;
      for (size_t d = 0; d < static_cast<size_t>(net.directions); ++d) {
        const size_t cell = layer * static_cast<size_t>(net.directions) + d;
        parts.push_back(g.unsqueeze(reorder_gates(g, net.weights[first + 2 * cell + k], order, net.hidden), {0}));
      }
      return g.concat(parts, 0);
    };
    const Value bias = g.concat({stacked(2 * cells, 0), stacked(2 * cells, 1)}, 1);
    std::vector<Value> inputs = {x, stacked(0, 0), stacked(0, 1), bias, lengths};
    for (const auto& states : first_states) inputs.push_back(states[layer]);

    const Dims state_dims = {net.directions, x.dim(1), net.hidden};
    std::vector<NodeResult> results = {{x.dtype(), Dims{x.dim(0), net.directions, x.dim(1), net.hidden}}};
    results.resize(1 + net.states.size(), {x.dtype(), state_dims});
    const std::vector<Value> outputs = g.nodes(lstm ? "LSTM" : gru ? "GRU" : "RNN", inputs, attributes, results);
    for (size_t i = 0; i < net.states.size(); ++i)
      last_states[i].push_back(last_state(first_states[i][layer], outputs[i + 1]));
    // [time, directions, batch, hidden] to [time, batch, directions · hidden]
    x = net.directions == 1 ? g.squeeze(outputs[0], {1})
                            : g.reshape(g.transpose(outputs[0], {0, 2, 1, 3}), Ints{0, 0, net.directions * net.hidden});
  }

  NetworkResult result{x, {}};
  for (const auto& states : last_states) result.states.push_back(g.concat(states, 0));
  return result;
}

void rnn(OpContext& op) {
  const auto mode = op.attr<std::string>("mode", "RNN_TANH");
  const std::vector<Value> states = op.ins("pre_state");
  if (states.size() != (mode == "LSTM" ? 2 : 1)) op.fail("it needs initial states");
  const NetworkResult result = run_network(op, {.mode = mode,
                                                .hidden = op.attr<int64_t>("hidden_size"),
                                                .layers = op.attr<int64_t>("num_layers", 1),
                                                .directions = op.attr<bool>("is_bidirec", false) ? 2 : 1,
                                                .weights = op.ins("weight_list"),
                                                .x = op.in("x"),
                                                .lengths = op.in_or_none("sequence_length"),
                                                .states = states});
  op.out("out", result.out);
  for (size_t i = 0; i < result.states.size(); ++i) op.out("state", result.states[i], i);
}

void cudnn_lstm(OpContext& op) {
  const std::vector<Value> weights = op.ins("weight_list");
  if (weights.empty()) op.fail("weights in one block of memory, as cuDNN arranges it", "export with a newer Paddle");
  const NetworkResult result = run_network(op, {.mode = "LSTM",
                                                .hidden = op.attr<int64_t>("hidden_size", 100),
                                                .layers = op.attr<int64_t>("num_layers", 1),
                                                .directions = op.attr<bool>("is_bidirec", false) ? 2 : 1,
                                                .weights = weights,
                                                .x = op.in("x"),
                                                .lengths = op.in_or_none("sequence_length"),
                                                .states = {op.in("init_h"), op.in("init_c")}});
  op.out("out", result.out);
  op.out("last_h", result.states[0]);
  op.out("last_c", result.states[1]);
}

// One step of a gated recurrent unit on an input that is already projected to the three gates u, r, c.
// origin_mode: hidden = u · previous + (1 - u) · c; else (1 - u) · previous + u · c.
void gru_unit(OpContext& op) {
  Builder& g = op.graph();
  const auto activate = [&](std::string_view attribute, int64_t fallback, Value v) {
    constexpr std::array<std::string_view, 4> kActivations = {"Identity", "Sigmoid", "Tanh", "Relu"};
    const auto which = op.attr<int64_t>(attribute, fallback);
    if (which < 0 || which >= static_cast<int64_t>(kActivations.size()))
      op.fail(std::string(attribute) + " " + std::to_string(which));
    return which == 0 ? v : g.node(kActivations[static_cast<size_t>(which)], {v});
  };
  const Value previous = op.in("hidden_prev");
  const Value weight = op.in("weight");
  const int64_t size = weight.dim(0);
  if (size < 0) op.fail("the size of the state is not known");
  Value x = op.in("input");
  if (Value bias = op.in_or_none("bias")) x = g.add(x, bias);

  // The weight is [size, 2 · size] for the gates and [size, size] for the candidate, one behind the other in memory.
  const Value flat = g.flatten_to_1d(weight);
  const std::vector<Value> parts = g.split(flat, {2 * size * size, size * size}, 0);
  const std::vector<Value> projected = g.split(x, {2 * size, size}, 1);
  const Value gates = activate("gate_activation", 1,
                               g.add(projected[0], g.matmul(previous, g.reshape(parts[0], Ints{size, 2 * size}))));
  const std::vector<Value> update_reset = g.split(gates, {size, size}, 1);
  const Value update = update_reset[0];
  const Value reset = g.mul(update_reset[1], previous);
  const Value candidate =
      activate("activation", 2, g.add(projected[1], g.matmul(reset, g.reshape(parts[1], Ints{size, size}))));
  const bool origin = op.attr<bool>("origin_mode", false);
  const Value kept = origin ? previous : candidate;
  const Value other = origin ? candidate : previous;
  op.out("hidden", g.add(g.mul(update, g.sub(kept, other)), other));
  op.out("reset_hidden_prev", reset);
  op.out("gate", g.concat({gates, candidate}, 1));
}

// --- lstm and gru of older programs: x is [rows, gates · size], projected to the gates already, and its rows are
// sequences of different lengths (LoD)
// ---------------------------------------------------------------------------------------

// What x was before it was projected: ONNX's operators project themselves.
struct Projection {
  Value x;       // [rows, input]
  Value weight;  // [input, gates · size]
  Value bias;    // gates · size elements, or none
};

std::optional<Projection> projection_of(const Graph& graph, Value projected) {
  const auto find = [&](const auto& self, Value x) -> const Node* {
    const auto makes = [&](const Node& node) { return std::ranges::count(node.outputs, x) > 0; };
    const auto found = std::find_if(graph.nodes.rbegin(), graph.nodes.rend(), makes);
    if (found == graph.nodes.rend()) return nullptr;
    // PIR has reshapes around a product that change nothing.
    const Value source = found->inputs.front();
    const bool same = found->op_type == "Reshape" && x.rank() == 2 && source.rank() == 2 && x.dim(1) == source.dim(1);
    return same ? self(self, source) : &*found;
  };
  const Node* node = find(find, projected);
  Value bias;
  if (node != nullptr && node->op_type == "Add") {
    bias = node->inputs[1];
    if (bias.constant() == nullptr || bias.constant()->count() != projected.dim(1)) return std::nullopt;
    node = find(find, node->inputs[0]);
  }
  if (node == nullptr || node->op_type != "MatMul") return std::nullopt;
  const Projection found = {node->inputs[0], node->inputs[1], bias};
  if (found.weight.constant() == nullptr || found.weight.rank() != 2 || found.x.rank() != 2) return std::nullopt;
  return found;
}

// Paddle's name of an activation, in ONNX's recurrent operators.
std::string activation_name(OpContext& op, std::string_view attribute, std::string_view fallback) {
  const auto name = op.attr<std::string>(attribute, std::string(fallback));
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kNames = {
      {{"sigmoid", "Sigmoid"}, {"tanh", "Tanh"}, {"relu", "Relu"}, {"identity", "Affine"}}};
  const auto found = std::ranges::find(kNames, name, [](const auto& row) { return row.first; });
  if (found == kNames.end()) op.fail(std::string(attribute) + " '" + name + "'");
  return std::string(found->second);
}

Value activate(Builder& g, const std::string& name, Value x) { return name == "Affine" ? x : g.node(name, {x}); }

// The steps of a recurrence, for what ONNX's operators don't give. `step` makes the next states of these and of a
// step's part of x. All states of all steps: [time, sequences, size] each.
std::vector<Value> scan(Builder& g, const std::vector<Value>& first, Value x,
                        const std::function<std::vector<Value>(const std::vector<Value>&, Value)>& step) {
  std::vector<Value> states;
  std::vector<ValueInfo> types;
  const auto type = [&](DType dtype, Dims dims) {
    types.emplace_back();
    types.back().dtype = dtype;
    types.back().dims = std::move(dims);
  };
  for (const Value& state : first) {
    states.push_back(g.new_value(g.unique_value_name("state"), state.dtype(), state.dims()));
    type(state.dtype(), *state.dims());
  }
  for (const Value& state : first) type(state.dtype(), {x.dim(0), state.dim(0), state.dim(1)});
  const Value now = g.new_value(g.unique_value_name("step"), x.dtype(), Dims{x.dim(1), x.dim(2)});
  std::vector<Value> inputs = states;
  inputs.push_back(now);
  std::vector<Value> outputs;
  const auto body = g.inner_graph(inputs, [&] { outputs = step(states, now); });
  outputs.resize(2 * first.size());
  std::copy_n(outputs.begin(), first.size(), outputs.begin() + static_cast<std::ptrdiff_t>(first.size()));
  g.set_outputs(*body, outputs);
  std::vector<Value> operands = first;
  operands.push_back(x);
  const std::vector<Value> made =
      g.nodes_like("Scan", operands, {{"num_scan_inputs", int64_t{1}}, {"body", body}}, types);
  return {made.begin() + static_cast<std::ptrdiff_t>(first.size()), made.end()};
}

struct SequenceNetwork {
  std::optional<Projection> projection;  // if x is not projected, or what it was before is known
  Value x;                               // [rows, gates · size], if it is projected
  Sequences sequences;
  int64_t size;
  Value bias;                 // [gates · size], or none
  std::vector<Value> states;  // the first ones, [sequences, size]; none: zeros
};

void warn_of_float64(OpContext& op, DType dtype) {
  if (dtype == DType::kFloat64) op.lossy(std::string(kInFloat32));
}

// Where nothing is, the network may compute what it likes: no step of a sequence comes behind. So there's no need to
// tell lengths, and a sequence read from its end is one whose rows are in reverse.
Grid grid_of(OpContext& op, const SequenceNetwork& net, Value x) {
  return make_grid(op.graph(), x, net.sequences, {.time_first = true, .reversed = op.attr<bool>("is_reverse", false)});
}

// x projected and with its bias, on the grid.
Value projected_on_grid(Builder& g, const SequenceNetwork& net, const Grid& grid) {
  const Value x = net.bias ? g.add(net.x, net.bias) : net.x;
  return on_grid(g, x, grid, row_of(g, x, 0));
}

// The hidden states by an operator of ONNX. `attributes`: the activations.
Value run_sequence_network(OpContext& op, const SequenceNetwork& net, std::string_view type, Value weight,
                           Value recurrent, Value bias, Value peepholes, NodeAttributes attributes) {
  Builder& g = op.graph();
  const Value rows = net.projection->x;
  const Grid grid = grid_of(op, net, rows);
  const Value x = on_grid(g, rows, grid, row_of(g, rows, 0));
  warn_of_float64(op, x.dtype());
  const auto stacked = [&](Value v) { return v ? g.unsqueeze(v, {0}) : v; };
  std::vector<Value> inputs = {x, stacked(weight), stacked(recurrent), stacked(bias), Value()};
  for (const Value& state : net.states) inputs.push_back(stacked(state));
  if (peepholes) {
    inputs.resize(7);
    inputs.push_back(stacked(peepholes));
  }
  while (!inputs.back()) inputs.pop_back();
  attributes.emplace_back("hidden_size", net.size);
  // The factor and the summand of every Affine: the identity has 1 and 0.
  const auto& activations = std::get<std::vector<std::string>>(attributes.front().second);
  if (const auto count = static_cast<size_t>(std::ranges::count(activations, "Affine")); count > 0) {
    attributes.emplace_back("activation_alpha", std::vector<float>(count, 1));
    attributes.emplace_back("activation_beta", std::vector<float>(count, 0));
  }
  const Dims dims = {x.dim(0), 1, x.dim(1), net.size};
  const Value out = g.nodes(type, inputs, attributes, {{x.dtype(), dims}}).front();
  return off_grid(g, g.squeeze(out, {1}), grid);
}

std::vector<Value> first_states(OpContext& op, const SequenceNetwork& net, DType dtype) {
  Builder& g = op.graph();
  std::vector<Value> states = net.states;
  for (Value& state : states) {
    if (!state) {
      state = g.expand(g.scalar(0, dtype), g.concat_ints({count_of(g, net.sequences), g.ints({net.size})}));
    }
  }
  return states;
}

// Gates c i f o and peepholes i f o in Paddle, i o f c and i o f in ONNX. `recurrent` is [size, 4 · size], `biases`
// those of the gates and, if they are used, the peepholes.
void run_lstm(OpContext& op, SequenceNetwork net, Value recurrent, Value biases) {
  Builder& g = op.graph();
  const int64_t size = net.size;
  const std::string gate = activation_name(op, "gate_activation", "sigmoid");
  const std::string candidate = activation_name(op, "candidate_activation", "tanh");
  const std::string out = activation_name(op, "cell_activation", "tanh");
  const bool peep = op.attr<bool>("use_peepholes", true);
  const std::vector<Value> parts =
      g.split(g.flatten_to_1d(biases), peep ? Ints{4 * size, 3 * size} : Ints{4 * size}, 0);
  net.bias = parts[0];
  if (net.projection && !op.wants("cell")) {
    const auto in_order = [&](Value rows) { return reorder_gates(g, rows, {1, 3, 2, 0}, size); };
    const Value more = net.projection->bias ? in_order(g.flatten_to_1d(net.projection->bias))
                                            : g.filled(0, biases.dtype(), {4 * size});
    op.out("hidden",
           run_sequence_network(op, net, "LSTM", in_order(g.transpose(net.projection->weight, {1, 0})),
                                in_order(g.transpose(recurrent, {1, 0})), g.concat({in_order(net.bias), more}, 0),
                                peep ? reorder_gates(g, parts[1], {0, 2, 1}, size) : Value(),
                                {{"activations", std::vector<std::string>{gate, candidate, out}}}));
    return;
  }
  const Grid grid = grid_of(op, net, net.x);
  const Value x = projected_on_grid(g, net, grid);
  std::vector<Value> peepholes;
  if (peep) peepholes = g.split(parts[1], {size, size, size}, 0);
  const auto step = [&](const std::vector<Value>& states, Value now) {
    const std::vector<Value> sums = g.split(g.add(now, g.matmul(states[0], recurrent)), Ints(4, size), 1);
    const auto gated = [&](size_t i, Value c) {
      return activate(g, gate, peep ? g.add(sums[i], g.mul(c, peepholes[i - 1])) : sums[i]);
    };
    const Value next =
        g.add(g.mul(activate(g, candidate, sums[0]), gated(1, states[1])), g.mul(states[1], gated(2, states[1])));
    return std::vector<Value>{g.mul(gated(3, next), activate(g, out, next)), next};
  };
  const std::vector<Value> all = scan(g, first_states(op, net, x.dtype()), x, step);
  op.out("hidden", off_grid(g, all[0], grid));
  op.out("cell", off_grid(g, all[1], grid));
}

// Gates u r c, as in ONNX. `weight` is [size, 2 · size] for the gates and [size, size] for the candidate, one behind
// the other in memory. origin_mode: hidden = u · previous + (1 - u) · c, which is ONNX's; else u and 1 - u change
// places.
void run_gru(OpContext& op, SequenceNetwork net, Value weight) {
  Builder& g = op.graph();
  const int64_t size = net.size;
  const std::string gate = activation_name(op, "gate_activation", "sigmoid");
  const std::string candidate = activation_name(op, "activation", "tanh");
  const bool origin = op.attr<bool>("origin_mode", false);
  const std::vector<Value> flat = g.split(g.flatten_to_1d(weight), {2 * size * size, size * size}, 0);
  const Value gates = g.reshape(flat[0], Ints{size, 2 * size});
  const Value last = g.reshape(flat[1], Ints{size, size});
  if (net.projection && (origin || gate == "Sigmoid")) {
    // 1 - sigmoid(x) is sigmoid(-x).
    const auto turned = [&](Value rows) {
      if (origin) return rows;
      const std::vector<Value> parts = g.split(rows, {size, 2 * size}, 0);
      return g.concat({g.neg(parts[0]), parts[1]}, 0);
    };
    Value bias;
    if (net.bias || net.projection->bias) {
      const auto part = [&](Value v) {
        return v ? turned(g.flatten_to_1d(v)) : g.filled(0, weight.dtype(), {3 * size});
      };
      bias = g.concat({part(net.bias), part(net.projection->bias)}, 0);
    }
    const Value recurrent = g.concat({g.transpose(gates, {1, 0}), g.transpose(last, {1, 0})}, 0);
    op.out("hidden",
           run_sequence_network(op, net, "GRU", turned(g.transpose(net.projection->weight, {1, 0})), turned(recurrent),
                                bias, {}, {{"activations", std::vector<std::string>{gate, candidate}}}));
    return;
  }
  const Grid grid = grid_of(op, net, net.x);
  const Value x = projected_on_grid(g, net, grid);
  const auto step = [&](const std::vector<Value>& states, Value now) {
    const Value previous = states[0];
    const std::vector<Value> parts = g.split(now, {2 * size, size}, 1);
    const std::vector<Value> update_reset =
        g.split(activate(g, gate, g.add(parts[0], g.matmul(previous, gates))), {size, size}, 1);
    const Value c = activate(g, candidate, g.add(parts[1], g.matmul(g.mul(update_reset[1], previous), last)));
    const Value kept = origin ? previous : c;
    const Value other = origin ? c : previous;
    return std::vector<Value>{g.add(g.mul(update_reset[0], g.sub(kept, other)), other)};
  };
  op.out("hidden", off_grid(g, scan(g, first_states(op, net, x.dtype()), x, step)[0], grid));
}

// The size of the state, of a recurrent weight [size, gates · size].
int64_t state_size(OpContext& op, Value weight) {
  if (weight.dim(0) < 0) op.fail("the size of the state is not known");
  return weight.dim(0);
}

void refuse_batched(OpContext& op, std::initializer_list<std::string_view> results) {
  for (const std::string_view name : results) {
    if (op.wants(name)) op.fail("the result '" + std::string(name) + "', which only training needs");
  }
}

void lstm(OpContext& op) {
  Builder& g = op.graph();
  refuse_batched(op, {"batch_gate", "batch_cell_pre_act"});
  const Value x = op.in("input");
  run_lstm(op,
           {projection_of(g.graph(), x),
            x,
            sequences_of(op, "input"),
            state_size(op, op.in("weight")),
            {},
            {op.in_or_none("h0"), op.in_or_none("c0")}},
           op.in("weight"), op.in("bias"));
}

void gru(OpContext& op) {
  Builder& g = op.graph();
  refuse_batched(op, {"batch_gate", "batch_reset_hidden_prev", "batch_hidden"});
  const Value x = op.in("input");
  const Value bias = op.in_or_none("bias");
  run_gru(op,
          {projection_of(g.graph(), x),
           x,
           sequences_of(op, "input"),
           state_size(op, op.in("weight")),
           bias ? g.flatten_to_1d(bias) : bias,
           {op.in_or_none("h0")}},
          op.in("weight"));
}

// With the projection; without its bias, which is that of the gates.
SequenceNetwork fused_network(OpContext& op, std::vector<Value> states) {
  if (op.attr<double>("scale_data", 1) != 1 || op.attr<bool>("force_fp32_output", false))
    op.fail("int8 as oneDNN has it", "convert the program that was exported, not the optimised one");
  const Value x = op.in("x");
  const Value weight = op.in("weight_x");
  return {Projection{x, weight, {}},
          op.graph().matmul(x, weight),
          sequences_of(op, "x"),
          state_size(op, op.in("weight_h")),
          {},
          std::move(states)};
}

void fusion_lstm(OpContext& op) {
  const SequenceNetwork net = fused_network(op, {op.in_or_none("h0"), op.in_or_none("c0")});
  run_lstm(op, net, op.in("weight_h"), op.in("bias"));
}

void fusion_gru(OpContext& op) {
  if (op.attr<bool>("origin_mode", false)) op.fail("origin_mode, which only some of Paddle's kernels take notice of");
  SequenceNetwork net = fused_network(op, {op.in_or_none("h0")});
  if (const Value bias = op.in_or_none("bias")) net.bias = op.graph().flatten_to_1d(bias);
  run_gru(op, net, op.in("weight_h"));
}

// The embeddings of words are their projections, with the bias of the gates in them: of `bias` only peepholes are read.
void fused_embedding_fc_lstm(OpContext& op) {
  Builder& g = op.graph();
  // Paddle's kernel takes the identity for done, and the forgotten cell for the new one.
  if (activation_name(op, "cell_activation", "tanh") == "Affine")
    op.fail("the cell_activation 'identity', for which Paddle's kernel puts out the forgotten cell, not the new one");
  const Value ids = g.cast(g.flatten_to_1d(op.in("ids")), DType::kInt64);
  const int64_t size = state_size(op, op.in("weight_h"));
  const Value none = g.filled(0, op.in("embeddings").dtype(), {4 * size});
  const Value given = g.flatten_to_1d(op.in("bias"));
  const bool peep = op.attr<bool>("use_peepholes", true);
  run_lstm(op,
           {std::nullopt,
            g.gather(op.in("embeddings"), ids, 0),
            sequences_of(op, "ids"),
            size,
            {},
            {op.in_or_none("h0"), op.in_or_none("c0")}},
           op.in("weight_h"), peep ? g.concat({none, g.slice(given, {4 * size}, {7 * size}, {0})}, 0) : none);
}

// At each step a fully connected layer of each row of the sequence and the cell before tells how much of the row goes
// into the step: scores s = relu([x, c] · attention_weight + attention_bias), then relu(s · scalar + scalar_bias), and
// softmax of them. Gates f i o c; lstm_weight is that of the hidden state, then that of what the step gets. With the
// identity for the cell's activation, the kernel takes the forgotten cell for it, not the new one.
void attention_lstm(OpContext& op) {
  Builder& g = op.graph();
  const std::string gate = activation_name(op, "gate_activation", "sigmoid");
  const std::string candidate = activation_name(op, "candidate_activation", "tanh");
  const std::string out = activation_name(op, "cell_activation", "tanh");
  const Value rows = op.in("x");
  const Value weight = op.in("lstm_weight");
  const int64_t columns = rows.dim(1);
  if (columns < 0 || weight.dim(1) < 0 || weight.dim(1) % 4 != 0) op.fail("the size of x or of the state is not known");
  const int64_t size = weight.dim(1) / 4;
  const std::vector<Value> attention = g.split(op.in("attention_weight"), {columns, size}, 0);
  const std::vector<Value> weights = g.split(weight, {size, columns}, 0);
  const Value bias = g.reshape(op.in("lstm_bias"), Ints{1, 4 * size});
  const auto number = [&](std::string_view name) {
    const Value v = op.in_or_none(name);
    return v ? g.reshape(v, Ints{1, 1, 1}) : v;
  };
  const Value scalar = number("attention_scalar");
  const Value scalar_bias = number("attention_scalar_bias");

  const Grid grid = make_grid(g, rows, sequences_of(op, "x"));
  const Value x = on_grid(g, rows, grid, row_of(g, rows, 0));  // [sequences, time, columns]
  Value scores = g.matmul(x, attention[0]);                    // [sequences, time, 1]
  if (const Value b = number("attention_bias")) scores = g.add(scores, b);
  const Value nothing = g.expand(g.scalar(0, rows.dtype()), g.concat_ints({g.dim(rows, 0), g.ints({1})}));
  const Value outside = on_grid(g, nothing, grid, row_of(g, nothing, -std::numeric_limits<double>::infinity()));

  const auto step = [&](const std::vector<Value>& states, Value) {
    Value s = g.relu(g.add(scores, g.unsqueeze(g.matmul(states[1], attention[1]), {1})));
    if (scalar) {
      s = g.mul(s, scalar);
      s = g.relu(scalar_bias ? g.add(s, scalar_bias) : s);
    }
    const Value part = g.transpose(g.softmax(g.add(s, outside), 1), {0, 2, 1});
    const Value now = g.squeeze(g.matmul(part, x), {1});  // [sequences, columns]
    const Value sums = g.add(g.add(g.matmul(now, weights[1]), g.matmul(states[0], weights[0])), bias);
    const std::vector<Value> gates = g.split(sums, {3 * size, size}, 1);
    const std::vector<Value> fio = g.split(activate(g, gate, gates[0]), Ints(3, size), 1);
    const Value forgotten = g.mul(fio[0], states[1]);
    const Value next = g.add(forgotten, g.mul(fio[1], activate(g, candidate, gates[1])));
    return std::vector<Value>{g.mul(fio[2], out == "Affine" ? forgotten : activate(g, out, next)), next};
  };
  const Value c0 = op.in("c0");
  const Value h0 = op.in_or_none("h0");
  const Value first = h0 ? h0 : g.expand(g.scalar(0, c0.dtype()), g.shape(c0));
  // The steps read nothing of their own.
  const std::vector<Value> all = scan(g, {first, c0}, g.transpose(outside, {1, 0, 2}), step);
  op.out("hidden", off_grid(g, g.transpose(all[0], {1, 0, 2}), grid));
  op.out("cell", off_grid(g, g.transpose(all[1], {1, 0, 2}), grid));
}

// out[b, t, d] = Σᵢ x[b, t + i, d] · filter[i, d]: a look ahead, zeros behind the end. A convolution of each channel.
void row_conv(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const Value filter = op.in("filter");
  std::optional<Grid> grid;
  if (x.rank() == 2) {  // sequences behind one another
    grid = make_grid(g, x, sequences_of(op, "x"));
    x = on_grid(g, x, *grid, row_of(g, x, 0));
  } else if (x.rank() != 3) {
    op.fail("x is neither a batch of sequences nor sequences behind one another");
  }
  const int64_t width = filter.dim(0);
  const int64_t channels = filter.dim(1);
  if (width < 0 || channels < 0) op.fail("a filter whose size is not known");
  const Value kernel = g.unsqueeze(g.transpose(filter, {1, 0}), {1});
  const Value out = g.node("Conv", {g.transpose(x, {0, 2, 1}), kernel},
                           {{"group", channels}, {"kernel_shape", Ints{width}}, {"pads", Ints{0, width - 1}}},
                           {x.dtype(), Dims{x.dim(0), channels, x.dim(1)}});
  const Value result = g.transpose(out, {0, 2, 1});
  op.out("out", grid ? off_grid(g, result, *grid) : result);
}

// Merges repeated tokens and drops blanks; what is left moves to the front of its row, padding follows.
void ctc_align(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("input");  // [batch, time]; without lengths, sequences behind one another (LoD)
  const bool padded = op.has("input_length");
  Value lengths;  // [batch, 1]
  if (padded) {
    lengths = g.cast(op.in("input_length"), DType::kInt64);
  } else {
    const Sequences s = sequences_of(op, "input");
    x = g.flatten_to_1d(x);
    x = on_grid(g, x, make_grid(g, x, s), row_of(g, x, 0));
    lengths = g.unsqueeze(s.lengths, {1});
  }
  const auto number = [&](int64_t value) { return g.constant(from_ints(x.dtype(), {}, {value})); };
  const Value batch = g.dim(x, 0);
  const Value time = g.dim(x, 1);

  const Value steps = g.range(g.scalar_i64(0), g.squeeze(time, {0}), g.scalar_i64(1));
  Value kept = g.logical_and(g.logical_not(g.equal(x, number(op.attr<int64_t>("blank", 0)))), g.less(steps, lengths));
  if (op.attr<bool>("merge_repeated", true)) {
    const Value none = g.expand(number(-1), g.concat_ints({batch, g.ints({1})}));
    const Value before = g.concat({none, g.slice(x, {0}, {-1}, {1})}, 1);
    kept = g.logical_and(kept, g.logical_not(g.equal(x, before)));
  }
  const Value total = g.reduce("ReduceSum", g.cast(kept, DType::kInt64), Ints{1}, true);
  if (!padded) {
    const Value places = g.node("NonZero", {g.flatten_to_1d(kept)}, {}, {DType::kInt64, Dims{1, -1}});
    const Value rows = g.gather(g.flatten_to_1d(x), g.squeeze(places, {0}), 0);
    // Nothing at all is a single -1.
    const Value none = g.cast(g.equal(g.dim(rows, 0), g.ints({0})), DType::kInt64);
    op.out_as_computed("output", g.unsqueeze(g.concat({rows, g.expand(number(-1), none)}, 0), {1}));
    return op.set_lod("output", Lod{.lengths = g.squeeze(total, {1})});
  }
  const Value count = g.node("CumSum", {g.cast(kept, DType::kInt64), g.scalar_i64(1)});
  // What is dropped goes to a column behind the last, which is cut off.
  const Value target = g.where(kept, g.sub(count, g.scalar_i64(1)), time);
  const Value padding =
      g.expand(number(op.attr<int64_t>("padding_value", 0)), g.concat_ints({batch, g.add(time, g.ints({1}))}));
  const Value aligned = g.node("ScatterElements", {padding, target, x}, {{"axis", int64_t{1}}});
  op.out("output", g.slice(aligned, {0}, {-1}, {1}));
  op.out("output_length", g.cast(total, x.dtype()));
}

constexpr std::string_view kNoIdentity = "sequences of several levels; the cell_activation 'identity'";
constexpr std::string_view kOneLevel = "sequences of several levels; the results that only training needs";

constexpr std::string_view kOfFloat64 = "of float64: computed in float32";

constexpr MapperEntry kEntries[] = {
    {"rnn", 7, rnn, {}, {}, kOfFloat64},
    {"cudnn_lstm", 7, cudnn_lstm, {}, {}, kOfFloat64},
    {"gru_unit", 7, gru_unit},
    {"row_conv", 7, row_conv},
    {"ctc_align", 11, ctc_align, "sequences of several levels"},
    {"attention_lstm", 9, attention_lstm, "sequences of several levels", {}, kOfFloat64},
    {"fused_embedding_fc_lstm", 9, fused_embedding_fc_lstm, kNoIdentity, {}, kOfFloat64},
    {"fusion_gru", 9, fusion_gru, kOneLevel, {}, kOfFloat64},
    {"fusion_lstm", 9, fusion_lstm, kOneLevel, {}, kOfFloat64},
    {"gru", 9, gru, kOneLevel, {}, kOfFloat64},
    {"lstm", 9, lstm, kOneLevel, {}, kOfFloat64},
};

}  // namespace

extern const MapperTable kRecurrentMappers = kEntries;

}  // namespace paddle2onnx
