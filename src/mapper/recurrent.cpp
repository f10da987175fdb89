// Recurrent networks.
#include <array>
#include <ranges>

#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

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

  if (net.x.dtype() == DType::kFloat64) op.lossy("computed in float32: ONNX Runtime has no kernel for float64");

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

// Sequences of different lengths in one tensor: their limits (LoD) come with the data, and are no tensor.
void reads_lod(OpContext& op) {
  op.fail("its sequences are limited by level-of-detail data (LoD), which ONNX does not have",
          "use paddle.nn.LSTM or paddle.nn.GRU with sequence_length");
}

// out[b, t, d] = Σᵢ x[b, t + i, d] · filter[i, d]: a look ahead, zeros behind the end. A convolution of each channel.
void row_conv(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value filter = op.in("filter");
  if (x.rank() != 3) return reads_lod(op);
  const int64_t width = filter.dim(0);
  const int64_t channels = filter.dim(1);
  if (width < 0 || channels < 0) op.fail("a filter whose size is not known");
  const Value kernel = g.unsqueeze(g.transpose(filter, {1, 0}), {1});
  const Value out = g.node("Conv", {g.transpose(x, {0, 2, 1}), kernel},
                           {{"group", channels}, {"kernel_shape", Ints{width}}, {"pads", Ints{0, width - 1}}},
                           {x.dtype(), Dims{x.dim(0), channels, x.dim(1)}});
  op.out("out", g.transpose(out, {0, 2, 1}));
}

// Merges repeated tokens and drops blanks; what is left moves to the front of its row, padding follows.
void ctc_align(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");  // [batch, time]
  if (!op.has("input_length")) return reads_lod(op);
  const Value lengths = g.cast(op.in("input_length"), DType::kInt64);  // [batch, 1]
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
  const Value count = g.node("CumSum", {g.cast(kept, DType::kInt64), g.scalar_i64(1)});
  // What is dropped goes to a column behind the last, which is cut off.
  const Value target = g.where(kept, g.sub(count, g.scalar_i64(1)), time);
  const Value padding =
      g.expand(number(op.attr<int64_t>("padding_value", 0)), g.concat_ints({batch, g.add(time, g.ints({1}))}));
  const Value aligned = g.node("ScatterElements", {padding, target, x}, {{"axis", int64_t{1}}});
  op.out("output", g.slice(aligned, {0}, {-1}, {1}));
  const Value total = g.reduce("ReduceSum", g.cast(kept, DType::kInt64), Ints{1}, true);
  op.out("output_length", g.cast(total, x.dtype()));
}

constexpr MapperEntry kEntries[] = {
    {"rnn", 7, rnn},           {"cudnn_lstm", 7, cudnn_lstm}, {"gru_unit", 7, gru_unit},
    {"row_conv", 7, row_conv}, {"ctc_align", 11, ctc_align},
};

}  // namespace

extern const MapperTable kRecurrentMappers = kEntries;

}  // namespace paddle2onnx
