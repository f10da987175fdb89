// Mixtures of experts: a gate chooses for each token (or each expert chooses tokens), experts are feed-forward layers.
// The kernels sort tokens by experts; here every expert computes every token, and what was not chosen gets the weight
// 0, unless the number of tokens of each expert is known.
#include <limits>

#include "mapper/activation.h"
#include "mapper/attention.h"
#include "mapper/indices.h"
#include "mapper/tables.h"
#include "mapper/weight_only.h"

namespace paddle2onnx {
namespace {

constexpr int64_t kMost = 1 << 24;  // of experts and their rows, which constants count

// x as rows of its last axis.
Value rows_of(OpContext& op, Value x) {
  if (!x.has_rank() || x.rank() < 2 || x.dim(-1) < 1) op.fail("tokens of an unknown size");
  return x.rank() == 2 ? x : op.graph().reshape(x, Ints{-1, x.dim(-1)});
}

// x / divisor and the rest, of int64 that are not negative.
std::pair<Value, Value> divided(Builder& g, Value x, Value divisor) {
  const Value quotient = g.div(x, divisor);
  return {quotient, g.sub(x, g.mul(quotient, divisor))};
}

Value sorted_order(Builder& g, Value keys) { return g.topk(keys, g.dim(keys, 0), 0, false, true).second; }

// The experts of each token and what they weigh, [tokens, k].
struct Choice {
  Value experts;  // int64
  Value weights;  // float32
};

Choice choose(OpContext& op, Value weights, int64_t k, Value bias = {}) {
  Builder& g = op.graph();
  const int64_t experts = weights.rank() == 2 ? weights.dim(1) : -1;
  if (experts < 1 || experts > kMost || k < 1 || k > experts)
    op.fail(std::to_string(k) + " of " + (experts < 0 ? "an unknown number of" : std::to_string(experts)) + " experts");
  if (!bias) {
    const auto [values, indices] = g.topk(weights, g.ints({k}), 1, true, true);
    return {indices, values};
  }
  // The bias counts for the choice alone.
  const Value indices = g.topk(g.add(weights, g.flatten_to_1d(bias)), g.ints({k}), 1, true, true).second;
  return {indices,
          g.node("GatherElements", {weights, indices}, {{"axis", int64_t{1}}}, {weights.dtype(), indices.dims()})};
}

// [tokens, k] with 1 for a token's expert, [tokens, k, experts] of float32.
Value marks(Builder& g, Value experts, int64_t count) {
  return g.cast(g.equal(g.unsqueeze(experts, {2}), g.ints(count_from(0, count))), DType::kFloat32);
}

int64_t topk_of(const OpContext& op) { return op.attr<int64_t>("moe_topk", 2); }

// The weights of all experts: [experts, hidden, inner] and [experts, inner / 2, hidden], activated by swiglu between.
struct Layers {
  Value first;
  Value bias;  // [experts, 1, inner], or none
  Value second;
};

Layers read_layers(OpContext& op, DType dtype) {
  Builder& g = op.graph();
  const auto method = op.attr<std::string>("quant_method", "None");
  const auto matrices = [&](std::string_view name, std::string_view scale) {
    const Value w = op.in(name);
    if (w.rank() != 3 || !w.is_static()) op.fail("weights of an unknown shape");
    if (method != "weight_only_int8" && method != "weight_only_int4") {
      if (!is_floating(w.dtype())) op.fail("the quant_method '" + method + "'");
      return g.cast(w, dtype);
    }
    return stacked_matrices(op, w, method == "weight_only_int8" ? 8 : 4, op.in(scale), dtype);
  };
  Layers layers{matrices("ffn1_weight", "ffn1_scale"), {}, matrices("ffn2_weight", "ffn2_scale")};
  const int64_t experts = layers.first.dim(0);
  if (experts < 1 || experts > kMost || layers.second.dim(0) != experts)
    op.fail("weights of " + std::to_string(experts) + " and " + std::to_string(layers.second.dim(0)) + " experts");
  if (const Value bias = op.in_or_none("ffn1_bias"))
    layers.bias = g.reshape(bias, Ints{layers.first.dim(0), 1, layers.first.dim(2)});
  return layers;
}

// What every expert makes of every row, [experts, rows, hidden].
Value fed_forward(OpContext& op, Value rows, const Layers& layers) {
  Builder& g = op.graph();
  Value y = g.matmul(g.unsqueeze(rows, {0}), layers.first);
  if (layers.bias) y = g.add(y, layers.bias);
  return g.matmul(activate(op, y, "swiglu"), layers.second);
}

// Σ weight · y over the experts: y [experts, rows, hidden], weights [rows, experts] of float32.
Value mixed(Builder& g, Value y, Value weights) {
  const Value by_expert = g.unsqueeze(g.transpose(weights, {1, 0}), {2});
  return g.reduce("ReduceSum", g.mul(g.cast(y, DType::kFloat32), by_expert), Ints{0}, false);
}

// Without group_moe: its kernel tells the winners of the groups apart by rounding errors of 1.
void refuse_groups(const OpContext& op) {
  if (op.attr<bool>("group_moe", false))
    op.fail("group_moe, whose kernel orders the winners of the groups, which all count 1, by their rounding errors");
}

// The gate is a matrix, [hidden, experts].
void fused_moe(OpContext& op) {
  Builder& g = op.graph();
  refuse_groups(op);
  const Value x = op.in("x");
  const Value rows = rows_of(op, x);
  const Value logits = g.matmul(g.cast(rows, DType::kFloat32), g.cast(op.in("gate_weight"), DType::kFloat32));
  const Choice choice = choose(op, g.softmax(logits, 1), topk_of(op));
  Value weights = choice.weights;
  if (op.attr<bool>("norm_topk_prob", true)) weights = g.div(weights, g.reduce("ReduceSum", weights, Ints{1}, true));
  const Layers layers = read_layers(op, x.dtype());
  const int64_t experts = layers.first.dim(0);
  if (logits.dim(1) != experts) op.fail("a gate for " + std::to_string(logits.dim(1)) + " experts");
  Value y = fed_forward(op, rows, layers);
  if (const Value bias = op.in_or_none("ffn2_bias")) y = g.add(y, g.reshape(bias, Ints{experts, 1, -1}));
  const Value of_experts =
      g.reduce("ReduceSum", g.mul(marks(g, choice.experts, experts), g.unsqueeze(weights, {2})), Ints{1}, false);
  const Value out = g.cast(mixed(g, y, of_experts), x.dtype());
  op.out("out", x.rank() == 2 ? out : g.reshape(out, g.shape(x)));
}

// Tokens by experts: for each expert how many go to it and to those before it, and where each choice goes.
struct Sorted {
  Value order;   // int64 [tokens · k]: the choice (token · k + number) at each place
  Value places;  // int64 [tokens · k]: the place of each choice
  Value ends;    // int64 [experts]
};

// `by_number`: of the choices of an expert, the tokens' first ones come first.
Sorted sorted_by_experts(OpContext& op, const Choice& choice, int64_t k, int64_t experts, bool by_number) {
  Builder& g = op.graph();
  const Value flat = g.flatten_to_1d(choice.experts);
  const Value count = g.dim(flat, 0);
  const Value index = positions(g, count);
  const Value step = g.ints({k});
  const auto [token, number] = divided(g, index, step);
  const Value place = by_number ? g.add(g.mul(number, g.div(count, step)), token) : index;
  Sorted sorted;
  sorted.order = sorted_order(g, g.add(g.mul(flat, count), place));
  sorted.places = sorted_order(g, sorted.order);
  const Value passed = g.less(g.unsqueeze(flat, {1}), g.ints(count_from(1, experts + 1)));
  sorted.ends = g.reduce("ReduceSum", g.cast(passed, DType::kInt64), Ints{0}, false);
  return sorted;
}

// The rows of tokens one behind the other, sorted by the experts that they go to.
void moe_dispatch(OpContext& op) {
  Builder& g = op.graph();
  refuse_groups(op);
  const Value rows = rows_of(op, op.in("x"));
  Value gate = rows_of(op, op.in("gating_output"));
  if (!op.attr<bool>("topk_only_mode", false)) gate = g.softmax(gate, 1);
  const int64_t k = topk_of(op);
  const Choice choice = choose(op, gate, k);
  const Sorted sorted = sorted_by_experts(op, choice, k, gate.dim(1), false);
  op.out("permute_input", g.gather(rows, g.div(sorted.order, g.ints({k})), 0));
  op.out("token_nums_per_expert", sorted.ends);
  op.out("permute_indices_per_token",
         g.cast(g.transpose(g.reshape(sorted.places, Ints{-1, k}), {1, 0}), DType::kInt32));
  op.out("expert_scales_float", choice.weights);
  op.out("top_k_indices", g.cast(choice.experts, DType::kInt32));
}

// Each expert on its rows: token_nums_per_expert says where they end.
void moe_ffn(OpContext& op) {
  Builder& g = op.graph();
  const Value rows = op.in("permute_input");
  if (rows.rank() != 2) op.fail("rows that aren't [rows, hidden]");
  const Layers layers = read_layers(op, rows.dtype());
  const int64_t experts = layers.first.dim(0);
  const Value ends = g.cast(op.in("token_nums_per_expert"), DType::kInt64);
  const Value row = g.unsqueeze(positions(g, g.dim(rows, 0)), {1});
  const Value starts = g.concat({g.ints({0}), g.slice(ends, {0}, {experts - 1}, {0})}, 0);
  const Value own = g.logical_and(g.less(row, ends), g.logical_not(g.less(row, starts)));  // [rows, experts]
  op.out("ffn_out", g.cast(mixed(g, fed_forward(op, rows, layers), g.cast(own, DType::kFloat32)), rows.dtype()));
}

// The results for each token, weighed.
void moe_reduce(OpContext& op) {
  Builder& g = op.graph();
  const Value rows = op.in("ffn_out");
  const Value experts = op.in("top_k_indices");
  const int64_t k = experts.dim(1);
  if (rows.rank() != 2 || experts.rank() != 2 || k < 1) op.fail("an unknown number of experts for each token");
  const Value places = g.cast(g.transpose(op.in("permute_indices_per_token"), {1, 0}), DType::kInt64);
  Value y = g.cast(g.gather(rows, places, 0), DType::kFloat32);  // [tokens, k, hidden]
  if (const Value bias = op.in_or_none("ffn2_bias")) {
    const Value biases = g.cast(g.reshape(bias, Ints{-1, rows.dim(1)}), DType::kFloat32);
    y = g.add(y, g.gather(biases, g.cast(experts, DType::kInt64), 0));
  }
  const Value weights = g.reshape(g.cast(op.in("expert_scales_float"), DType::kFloat32), Ints{-1, k});
  Value out = g.reduce("ReduceSum", g.mul(y, g.unsqueeze(weights, {2})), Ints{1}, false);
  if (op.attr<bool>("norm_topk_prob", false)) out = g.div(out, g.reduce("ReduceSum", weights, Ints{1}, true));
  const double factor = op.attr<double>("routed_scaling_factor", 1);
  if (factor != 1) out = g.mul(out, g.scalar(factor, DType::kFloat32));
  op.out("output", g.cast(out, rows.dtype()));
}

// Experts choose tokens: of each sequence of 128, every expert takes the 8 that its gate is greatest for.
void moe(OpContext& op) {
  Builder& g = op.graph();
  constexpr int64_t kLength = 128;
  constexpr int64_t kTaken = kLength / 16;
  const Value x = op.in("x");
  const Value first = op.in("bmm0");
  const Value second = op.in("bmm1");
  if (x.rank() != 3 || x.dim(1) != kLength || x.dim(2) < 1)
    op.fail("sequences of another length than 128, which its kernel is for");
  if (first.rank() != 3 || !first.is_static() || second.rank() != 3 || !second.is_static())
    op.fail("weights that aren't [experts, hidden, inner] and [experts, inner, hidden]");
  const Value scores = op.in("gate");
  if (scores.rank() != 3 || scores.dim(2) != first.dim(0) || first.dim(0) < 1 || first.dim(0) > kMost)
    op.fail("a gate that isn't [batch, 128, experts]");
  const auto activation = op.attr<std::string>("act_type", "gelu");
  if (activation != "gelu" && activation != "relu") op.fail("act_type '" + activation + "'");
  const int64_t experts = first.dim(0);
  const int64_t hidden = x.dim(2);
  const Value gate = g.transpose(g.softmax(scores, 2), {0, 2, 1});  // [batch, experts, 128]
  const auto [weights, taken] = g.topk(gate, g.ints({kTaken}), 2, true, true);
  // [batch, experts · 8, 128], with 1 for the token
  const Value marked = g.equal(g.reshape(taken, Ints{-1, experts * kTaken, 1}), g.ints(count_from(0, kLength)));
  const Value mark = g.cast(marked, x.dtype());
  Value y = g.reshape(g.matmul(mark, x), Ints{-1, experts, kTaken, hidden});
  const auto bias = [&](std::string_view name) { return g.reshape(op.in(name), Ints{experts, 1, -1}); };
  y = g.add(g.matmul(y, first), bias("bias0"));
  y = activation == "gelu" ? exact_gelu(g, y) : g.relu(y);
  y = g.mul(g.add(g.matmul(y, second), bias("bias1")), g.unsqueeze(weights, {3}));
  const Value back = g.matmul(g.transpose(mark, {0, 2, 1}), g.reshape(y, Ints{-1, experts * kTaken, hidden}));
  op.out("out", g.add(x, back));
}

// y[i] = Σ weight[i, k] · x[index[i, k]]
void moe_combine(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value rows = g.gather(x, as_indices(g, op.in("scatter_index")), 0);
  const Value weights = g.unsqueeze(g.cast(op.in("combine_weights"), x.dtype()), {2});
  op.out("y", g.reduce("ReduceSum", g.mul(rows, weights), Ints{1}, false));
}

// Rows of tokens for experts that take at most `capacity` of them, each expert's in as many rows (use_pad), or one
// behind the other. What is too much gets the weight 0. Rows that nothing goes to are zeros.
void moe_gate_dispatch(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value gate = op.in("gate_logits");
  const auto k = op.attr<int64_t>("k");
  const auto capacity = op.attr<int64_t>("capacity");
  const bool padded = op.attr<bool>("use_pad");
  if (x.rank() != 2 || capacity < 1 || capacity > kMost) op.fail("a capacity of " + std::to_string(capacity));
  const Choice choice = choose(op, gate, k, op.in_or_none("corr_bias"));
  const int64_t experts = gate.dim(1);
  const Sorted sorted = sorted_by_experts(op, choice, k, experts, padded);
  const Value ends = sorted.ends;
  const Value starts = experts == 1 ? g.ints({0}) : g.concat({g.ints({0}), g.slice(ends, {0}, {experts - 1}, {0})}, 0);
  const Value flat = g.flatten_to_1d(choice.experts);
  const Value limit = g.ints({capacity});
  const Value within = g.sub(sorted.places, g.gather(starts, flat, 0));  // the place among those of its expert
  const Value kept = g.less(within, limit);
  const Value place = padded ? g.add(g.mul(flat, limit), within) : sorted.places;
  const Value index = g.mul(place, g.cast(kept, DType::kInt64));
  op.out("scatter_index", g.cast(g.transpose(g.reshape(index, Ints{-1, k}), {1, 0}), DType::kInt32));
  const Value weights = g.mul(choice.weights, g.reshape(g.cast(kept, DType::kFloat32), Ints{-1, k}));
  op.out("combine_weights", weights);
  op.out("expert_offset", ends);
  op.out("expert_id", g.cast(choice.experts, DType::kInt32));

  const Value tokens = g.div(sorted.order, g.ints({k}));
  const auto masked = [&](Value rows, Value there) {
    return g.mul(rows, g.cast(g.unsqueeze(there, {1}), rows.dtype()));
  };
  if (!padded) return op.out("y", masked(g.gather(x, tokens, 0), g.gather(kept, sorted.order, 0)));
  // By Reshape: through Unsqueeze, onnx's checker takes numbers that it knows for a list still.
  const auto column = [&](Value v) { return g.reshape(v, Ints{-1, 1}); };
  const Value row = g.add(column(starts), g.ints(count_from(0, capacity)));  // [experts, capacity]
  const Value last = g.sub(g.dim(tokens, 0), g.scalar_i64(1));
  const Value there = g.flatten_to_1d(g.less(row, column(ends)));
  op.out("y", masked(g.gather(x, g.gather(tokens, g.min(g.flatten_to_1d(row), last), 0), 0), there));
}

// The numbers of experts of one kind of tokens among those of two kinds, which take turns in lots of
// num_expert_per_modality.
void expand_modality_expert_id(OpContext& op) {
  Builder& g = op.graph();
  const Value given = op.in("expert_id");
  const int64_t k = given.dim(1);
  if (given.rank() != 2 || k < 1 || k > kMost) op.fail("an unknown number of experts for each token");
  const auto number = [&](std::string_view name) {
    const auto value = op.attr<int64_t>(name);
    if (value < 0 || value > kMost) op.fail(std::string(name) + " " + std::to_string(value));
    return value;
  };
  Value id = g.cast(given, DType::kInt64);
  if (op.attr<bool>("is_group_expert", false)) {
    Ints first;
    const int64_t size = number("group_size");
    for (int64_t i = 0; i < k; ++i) first.push_back(i * size);
    id = g.add(id, g.ints(first));
  }
  const int64_t lot = number("num_expert_per_modality");
  if (lot > 0) {
    const auto [rank, within] = divided(g, id, g.scalar_i64(lot));
    id = g.add(g.add(g.mul(rank, g.scalar_i64(2 * lot)), within), g.scalar_i64(number("modality_offset") * lot));
  }
  op.out("expert_id_out", g.cast(id, given.dtype()));
}

// Runs of rows of lhs, each by a matrix of its own.
void batched_gemm(OpContext& op) {
  Builder& g = op.graph();
  const Value lhs = op.in("lhs");
  const Value rhs = op.in("rhs");
  const auto sizes = op.attr<Ints>("batch_sizes");
  const bool turned = op.attr<bool>("trans_lhs", false);
  int64_t sum = 0;
  for (const int64_t size : sizes) {
    if (size < 0 || size > std::numeric_limits<int32_t>::max()) op.fail("a run of " + std::to_string(size) + " rows");
    sum += size;
  }
  if (lhs.rank() != 2 || sizes.empty() || (lhs.dim(0) >= 0 && lhs.dim(0) != sum))
    op.fail("rows that aren't a matrix of the " + std::to_string(sum) + " in its runs");
  const std::vector<Value> runs = g.split(lhs, sizes, 0);
  std::vector<Value> out;
  if (turned) {
    // Of each run its transpose by the same run of rhs.
    if (op.attr<bool>("trans_rhs", false)) op.fail("trans_lhs together with trans_rhs");
    const std::vector<Value> others = g.split(rhs, sizes, 0);
    for (size_t i = 0; i < runs.size(); ++i)
      out.push_back(g.unsqueeze(g.matmul(g.transpose(runs[i], {1, 0}), others[i]), {0}));
    return op.out("output", g.concat(out, 0));
  }
  if (rhs.rank() != 3 || (rhs.dim(0) >= 0 && rhs.dim(0) != static_cast<int64_t>(sizes.size())))
    op.fail("matrices that aren't [runs, rows, columns]");
  const Value matrices = op.attr<bool>("trans_rhs", false) ? g.transpose(rhs, {0, 2, 1}) : rhs;
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto number = static_cast<int64_t>(i);
    out.push_back(g.matmul(runs[i], g.squeeze(g.slice(matrices, {number}, {number + 1}, {0}), {0})));
  }
  op.out("output", out.size() == 1 ? out.front() : g.concat(out, 0));
}

constexpr std::string_view kGroups = "group_moe";

constexpr MapperEntry kEntries[] = {
    {"batched_gemm", 7, batched_gemm},
    {"expand_modality_expert_id", 7, expand_modality_expert_id},
    {"fused_moe", 7, fused_moe, kGroups},
    {"moe", 9, moe, "sequences of another length than 128"},
    {"moe_combine", 7, moe_combine},
    {"moe_dispatch", 11, moe_dispatch, kGroups},
    {"moe_ffn", 9, moe_ffn},
    {"moe_gate_dispatch", 11, moe_gate_dispatch},
    {"moe_reduce", 7, moe_reduce},
};

}  // namespace

extern const MapperTable kExpertMappers = kEntries;

}  // namespace paddle2onnx
