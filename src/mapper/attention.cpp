// Attention, and the parts of transformers that Paddle fuses into one operator.
#include <cmath>
#include <limits>
#include <numeric>

#include "mapper/activation.h"
#include "mapper/attention.h"
#include "mapper/indices.h"
#include "mapper/normalization.h"
#include "mapper/quantization.h"
#include "mapper/tables.h"

namespace paddle2onnx {

void refuse_training(OpContext& op, std::string_view rate) {
  if (op.attr<bool>("is_test", true) || !op.has_number(rate) || op.scalar(rate).number == 0.0) return;
  op.fail(std::string(rate) + " in training mode: the result is random", "call eval() on the layer before the export");
}

Value causal_mask(OpContext& op, Value x, int64_t rows_axis, Value y, int64_t columns_axis) {
  Builder& g = op.graph();
  const double infinity = std::numeric_limits<double>::infinity();
  const int64_t rows = x.dim(rows_axis);
  const int64_t columns = y.dim(columns_axis);
  constexpr int64_t kMostNumbers = 1 << 20;  // of a mask that is a constant of the model; a larger one is computed
  if (rows >= 0 && columns >= 0 && rows <= kMostNumbers && columns <= kMostNumbers && rows * columns <= kMostNumbers) {
    std::vector<double> numbers;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) numbers.push_back(j <= i ? 0 : -infinity);
    }
    return g.constant(from_doubles(x.dtype(), {rows, columns}, numbers));
  }
  const Value height = g.squeeze(g.dim(x, rows_axis), {0});
  const Value width = g.squeeze(g.dim(y, columns_axis), {0});
  const auto count = [&](Value limit) { return g.range(g.scalar_i64(0), limit, g.scalar_i64(1)); };
  return g.where(g.greater(g.unsqueeze(count(width), {0}), g.unsqueeze(count(height), {1})),
                 g.scalar(-infinity, x.dtype()), g.scalar(0, x.dtype()));
}

Value attend(Builder& g, Value q, Value k, Value v, double factor, Value mask) {
  // With a mask by parts: ONNX Runtime 1.32 takes none that is repeated along an axis, and gives numbers where the
  // mask hides everything, which is NaN to Paddle.
  if (g.opset() >= 23 && !mask && q.dtype() == DType::kFloat32) {
    return g.node("Attention", {q, k, v}, {{"scale", static_cast<float>(factor)}},
                  {q.dtype(), Dims{q.dim(0), q.dim(1), q.dim(2), v.dim(3)}});
  }
  Value scores = g.matmul(q, g.transpose(k, {0, 1, 3, 2}));
  if (factor != 1.0) scores = g.mul(scores, g.scalar(factor, scores.dtype()));
  if (mask) scores = g.add(scores, mask);
  return g.matmul(g.softmax(scores, 3), v);
}

Value attend_flash(OpContext& op, Value q, Value k, Value v, double factor, Value mask, Value causal) {
  Builder& g = op.graph();
  if (!mask) return attend(g, q, k, v, factor, causal);
  if (mask.rank() != 4) op.fail("an attn_mask that isn't [batch, heads, rows, columns]");
  if (causal) mask = g.add(mask, causal);
  const Value out = attend(g, q, k, v, factor, mask);
  // The largest number of a row: below all finite ones where it hides everything.
  const Value most = g.cast(g.reduce("ReduceMax", mask, Ints{3}, true), DType::kFloat32);
  const Value hidden = g.less(most, g.scalar(std::numeric_limits<float>::lowest(), DType::kFloat32));
  return g.where(hidden, g.scalar(0, out.dtype()), out);
}

Value activate(OpContext& op, Value x, std::string_view method) {
  Builder& g = op.graph();
  if (method == "gelu") return exact_gelu(g, x);
  if (method == "relu") return g.relu(x);
  if (method != "geglu" && method != "swiglu")
    op.fail("act_method '" + std::string(method) + "', which Paddle's kernel does not know");
  const std::vector<Value> halves = g.split_evenly(x, 2, rank_of(op, x) - 1);
  const Value gate = method == "geglu" ? exact_gelu(g, halves[0]) : g.mul(halves[0], g.sigmoid(halves[0]));
  return g.mul(gate, halves[1]);
}

Pairs pairs_of(int64_t size, bool neighbours, int64_t parts) {
  const int64_t half = neighbours ? 1 : size / parts / 2;
  Pairs pairs;
  for (int64_t i = 0; i < size; ++i) {
    const bool first = i / half % 2 == 0;
    pairs.partners.push_back(first ? i + half : i - half);
    pairs.signs.push_back(first ? -1 : 1);
  }
  return pairs;
}

Value repeat_heads(OpContext& op, Value x, int64_t times) {
  Builder& g = op.graph();
  if (times == 1) return x;
  const Value copies = g.concat(std::vector<Value>(static_cast<size_t>(times), g.unsqueeze(x, {2})), 2);
  return g.reshape(copies, g.concat_ints({g.dim(x, 0), g.mul(g.dim(x, 1), g.ints({times})), g.dim(x, 2), g.dim(x, 3)}));
}

namespace {

// --- parts ----------------------------------------------------------------------------------------------------------

struct Norm {
  Value out;
  Value mean;
  Value variance;
};

// (x - mean) / √(variance + epsilon) · scale + bias over the dimensions from `begin` on. Scale and bias are vectors of
// all the normalized elements; float16 is computed in float32, in which the statistics are.
Norm layer_norm(OpContext& op, Value x, int64_t begin, double epsilon, Value scale, Value bias) {
  Builder& g = op.graph();
  if (!x.has_rank()) op.fail("the rank of its operand is not known");
  begin = normalize_axis(op, begin, x.rank());
  Ints axes(static_cast<size_t>(x.rank() - begin));
  std::iota(axes.begin(), axes.end(), begin);
  const DType given = x.dtype();
  const DType computed = parameter_dtype(given);
  x = g.cast(x, computed);
  Norm norm;
  norm.mean = g.reduce("ReduceMean", x, axes, true);
  const Value centred = g.sub(x, norm.mean);
  norm.variance = g.reduce("ReduceMean", g.mul(centred, centred), axes, true);
  norm.out = g.div(centred, g.sqrt(g.add(norm.variance, g.scalar(epsilon, x.dtype()))));
  if (scale) norm.out = g.mul(norm.out, g.cast(shaped_as_axes(g, scale, x, begin), computed));
  if (bias) norm.out = g.add(norm.out, g.cast(shaped_as_axes(g, bias, x, begin), computed));
  norm.out = g.cast(norm.out, given);
  return norm;
}

// The same as one node, without the statistics. It would compute float64 in float32.
Norm layer_norm_17(OpContext& op, Value x, int64_t begin, double epsilon, Value scale, Value bias) {
  Builder& g = op.graph();
  if (!x.has_rank() || !scale || begin != x.rank() - 1 || x.dtype() == DType::kFloat64)
    return layer_norm(op, x, begin, epsilon, scale, bias);
  const DType computed = scale.dtype();
  const Value y = g.node("LayerNormalization", {g.cast(x, computed), scale, bias ? g.cast(bias, computed) : bias},
                         {{"axis", begin}, {"epsilon", static_cast<float>(epsilon)}}, {computed, x.dims()});
  return {g.cast(y, x.dtype()), {}, {}};
}

// A norm's parameter of rows, or nothing where there's none.
Value row_parameter(OpContext& op, std::string_view name, Value rows) {
  const Value v = op.in_or_none(name);
  if (v && v.dim(0) >= 0 && rows.dim(-1) >= 0 && v.dim(0) != rows.dim(-1))
    op.fail("'" + std::string(name) + "' of " + std::to_string(v.dim(0)) + " numbers for rows of " +
            std::to_string(rows.dim(-1)) + ", which Paddle's kernel normalizes whatever begin_norm_axis says");
  return v;
}

using LayerNorm = Norm (*)(OpContext&, Value, int64_t, double, Value, Value);

// Dropout at inference: nothing, or the expected part that was kept in training.
Value dropped_out(OpContext& op, Value x, std::string_view rate, std::string_view mode) {
  Builder& g = op.graph();
  refuse_training(op, rate);
  if (op.attr<std::string>(mode, "downgrade_in_infer") == "upscale_in_train") return x;
  const ScalarArgument probability = op.scalar(rate);
  if (!probability.known()) op.fail("a probability of dropout that is known at run time only");
  const double kept = 1 - *probability.number;
  return kept == 1 ? x : g.mul(x, g.scalar(kept, x.dtype()));
}

// The dropout that Paddle fuses with a bias: a rate of 1 leaves nothing, whatever the mode.
Value dropped_out_with_bias(OpContext& op, Value x, std::string_view rate, std::string_view mode) {
  Builder& g = op.graph();
  if (op.has_number(rate) && std::abs(op.scalar(rate).number.value_or(0) - 1) < 1e-5)
    return g.mul(x, g.scalar(0, x.dtype()));
  return dropped_out(op, x, rate, mode);
}

// --- attention ------------------------------------------------------------------------------------------------------

Value part_of(Builder& g, Value v, int64_t i) { return g.squeeze(g.slice(v, {i}, {i + 1}, {0}), {0}); }

// Queries, keys and values of x [batch, length, hidden]: [3, batch, heads, length, size].
Value split_heads(Builder& g, Value x, Value matrix, Value bias, int64_t heads, int64_t size) {
  Value projected = g.matmul(x, matrix);
  if (bias) projected = g.add(projected, g.reshape(bias, Ints{-1}));
  return g.transpose(g.reshape(projected, Ints{0, 0, 3, heads, size}), {2, 0, 3, 1, 4});
}

Value merge_heads(Builder& g, Value x, int64_t width) {
  return g.reshape(g.transpose(x, {0, 2, 1, 3}), Ints{0, 0, width});
}

// Query, key and value by one weight [hidden, 3, heads · size]; then attention of all heads.
void multihead_matmul(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");  // [batch, length, hidden]
  const Value w = op.in("w");
  const auto heads = op.attr<int64_t>("head_number", 1);
  const int64_t width = w.dim(-1);
  if (w.rank() != 3 || width < 0 || heads < 1 || width % heads != 0)
    op.fail("a weight that isn't [hidden, 3, heads · size]");
  const Value mask = op.in_or_none("bias_qk");  // [batch, 1, 1, length], [1, 1, length, length] or of each head
  if (mask && mask.rank() != 4) op.fail("a bias_qk of rank " + std::to_string(mask.rank()));
  const Value split = split_heads(g, x, g.reshape(w, Ints{w.dim(0), 3 * width}), op.in("bias"), heads, width / heads);
  const Value out =
      attend(g, part_of(g, split, 0), part_of(g, split, 1), part_of(g, split, 2), op.attr<double>("alpha", 1.0), mask);
  op.out("out", merge_heads(g, out, width));
}

// Attention on [batch, length, 3, heads, size].
void self_dp_attention(OpContext& op) {
  Builder& g = op.graph();
  const Value split = g.transpose(op.in("x"), {2, 0, 3, 1, 4});
  const Value out =
      attend(g, part_of(g, split, 0), part_of(g, split, 1), part_of(g, split, 2), op.attr<double>("alpha", 1.0), {});
  op.out("out", g.transpose(out, {0, 2, 1, 3}));
}

// Attention on [batch, length, heads, size]; a group of query heads may share a key and value head. Causal masks of
// Paddle's branch of FlashAttention 2 begin in the first corner, whatever the lengths.
void flash_attn(OpContext& op) {
  Builder& g = op.graph();
  const Value q = op.in("q");
  const Value k = op.in("k");
  const int64_t size = q.dim(3);
  const int64_t heads = q.dim(2);
  const int64_t shared_heads = k.dim(2);
  if (q.rank() != 4 || size < 0 || heads < 0 || shared_heads < 1 || heads % shared_heads != 0)
    op.fail("operands that aren't [batch, length, heads, size] with known heads and size");
  if (op.attr<bool>("return_softmax", false)) op.fail("return_softmax, which is a training aid");
  refuse_training(op, "dropout");
  const auto repeated = [&](Value v) { return repeat_heads(op, g.transpose(v, {0, 2, 1, 3}), heads / shared_heads); };
  const Value causal = op.attr<bool>("causal", false) ? causal_mask(op, q, 1, k, 1) : Value();
  const Value out = attend_flash(op, g.transpose(q, {0, 2, 1, 3}), repeated(k), repeated(op.in("v")),
                                 1 / std::sqrt(static_cast<double>(size)), op.in_or_none("attn_mask"), causal);
  op.out("out", g.transpose(out, {0, 2, 1, 3}));
}

// Attention on [batch, length, heads, size] of cuDNN. A bias is added before the scores are scaled, or behind.
void fused_dot_product_attention(OpContext& op) {
  Builder& g = op.graph();
  const auto masked = op.attr<std::string>("mask_type_str", "none");
  const auto biased = op.attr<std::string>("bias_type_str", "none");
  if (op.attr<bool>("is_training", false) && op.attr<double>("dropout_probability", 0) != 0)
    op.fail("dropout_probability in training mode: the result is random", "call eval() on the layer before the export");
  if (masked != "none" && masked != "causal") op.fail("the mask_type '" + masked + "': lengths within a batch");
  const Value q = op.in("q");
  const double factor = op.attr<double>("scaling_factor", 1);
  Value mask;
  if (biased != "none") {
    mask = op.in("bias");
    if (biased == "pre_scale_bias") mask = g.mul(mask, g.scalar(factor, mask.dtype()));
  }
  if (masked == "causal") {
    const Value causal = causal_mask(op, q, 1, op.in("k"), 1);
    mask = mask ? g.add(mask, causal) : causal;
  }
  const auto to_front = [&](Value x) { return g.transpose(x, {0, 2, 1, 3}); };
  op.out("out", to_front(attend(g, to_front(q), to_front(op.in("k")), to_front(op.in("v")), factor, mask)));
}

void softmax_mask(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.softmax(g.add(x, g.cast(op.in("mask"), x.dtype())), -1));
}

// softmax of the lower triangle; zeros above.
void softmax_mask_upper_triangle(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  op.out("Out", g.softmax(g.add(x, causal_mask(op, x, -2, x, -1)), -1));
}

// Rotary position embedding of [batch, length, heads, size]: x · cos + rotated(x) · sin, where rotated takes each pair
// (a, b) to (-b, a). Pairs are neighbours, or elements of the two halves. ONNX's RotaryEmbedding (23) has one angle for
// both of a pair; Paddle's tables give each its own, and may differ. Since Paddle 3.3 tables may be narrower than the
// heads, of which the rest stays as it is.
void rotary_embedding(OpContext& op) {
  Builder& g = op.graph();
  const Value q = op.in("q");
  const Value positions = op.in_or_none("position_ids");
  Value sin = op.in_or_none("sin");
  Value cos = op.in_or_none("cos");
  const int64_t width = q.dim(3);
  const int64_t size = sin && cos ? sin.dim(-1) : width;
  if (q.rank() != 4 || width < 0 || size < 0 || size > width || size % 2 != 0)
    op.fail("operands that aren't [batch, length, heads, size] with a known, even size");
  const bool time_major = op.attr<bool>("time_major", false);  // [length, batch, heads, size]
  const bool neighbours = op.attr<bool>("use_neox_rotary_style", true);
  const auto [partners, signs] = pairs_of(size, neighbours);

  // Both tables as [batch or 1, length, 1, size].
  if (sin && cos) {
    const auto arranged = [&](Value table) {
      if (!positions) return g.reshape(table, Ints{1, -1, 1, size});
      return g.unsqueeze(g.gather(g.reshape(table, Ints{-1, size}), positions, 0), {2});
    };
    sin = arranged(sin);
    cos = arranged(cos);
  } else {
    if (positions) op.fail("position_ids without sines and cosines, which Paddle's versions before 3.2 do not look at");
    std::vector<double> frequencies;
    const double base = op.attr<double>("rotary_emb_base", 10000.0);
    for (int64_t i = 0; i < size; ++i) {
      const int64_t pair = i - i % 2;  // of neighbours, even where the halves are rotated
      frequencies.push_back(std::pow(base, -static_cast<double>(pair) / static_cast<double>(size)));
    }
    const Value steps = g.range(g.scalar_i64(0), g.squeeze(g.dim(q, time_major ? 0 : 1), {0}), g.scalar_i64(1));
    const Value angles = g.mul(g.unsqueeze(g.cast(steps, DType::kFloat32), {0, 2, 3}),
                               g.constant(from_doubles(DType::kFloat32, {size}, frequencies)));
    sin = g.cast(g.node("Sin", {angles}), q.dtype());
    cos = g.cast(g.node("Cos", {angles}), q.dtype());
  }
  if (time_major) {
    sin = g.transpose(sin, {1, 0, 2, 3});
    cos = g.transpose(cos, {1, 0, 2, 3});
  }
  sin = g.mul(sin, g.constant(from_doubles(sin.dtype(), {size}, signs)));
  const Value order = g.ints(partners);
  const auto rotate = [&](std::string_view operand, std::string_view result) {
    const Value x = op.in_or_none(operand);
    if (!x) return;
    const Value turned = size == width ? x : g.slice(x, {0}, {size}, {3});
    const Value y = g.add(g.mul(turned, cos), g.mul(g.gather(x, order, 3), sin));
    op.out(result, size == width ? y : g.concat({y, g.slice(x, {size}, {width}, {3})}, 3));
  };
  rotate("q", "out_q");
  rotate("k", "out_k");
  rotate("v", "out_v");
}

// The same of the last elements of [batch, length, heads, size], as many as the tables [1, length, 1, …] have: the
// neighbours go apart, to the two halves, which are the pairs.
void partial_rotary_embedding(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value cos = op.in("cos");
  const Value sin = op.in("sin");
  const int64_t width = x.dim(-1);
  const int64_t size = cos.dim(-1);
  if (x.rank() != 4 || cos.rank() != 4 || sin.rank() != 4 || size < 2 || size % 2 != 0 || size > width)
    op.fail("operands that aren't [batch, length, heads, size] with tables of a known, even size");
  Ints apart;
  for (int64_t i = 0; i < size; ++i) apart.push_back(width - size + (i < size / 2 ? 2 * i : 2 * i - size + 1));
  const auto [partners, signs] = pairs_of(size, false);
  Ints across;
  for (const int64_t i : partners) across.push_back(apart[static_cast<size_t>(i)]);
  const Value turned = g.mul(sin, g.constant(from_doubles(sin.dtype(), {size}, signs)));
  const Value y = g.add(g.mul(g.gather(x, g.ints(apart), 3), cos), g.mul(g.gather(x, g.ints(across), 3), turned));
  op.out("out", size == width ? y : g.concat({g.slice(x, {0}, {width - size}, {3}), y}, 3));
}

// --- normalization of sums ------------------------------------------------------------------------------------------

template <LayerNorm normalize>
void skip_layernorm(OpContext& op) {
  const Value sum = op.graph().add(op.in("x"), op.in("y"));
  if (sum.rank() != 3) op.fail("operands that aren't [batch, length, hidden]");
  const Value scale = row_parameter(op, "scale", sum);
  op.out("out", normalize(op, sum, 2, op.attr<double>("epsilon", 1e-5), scale, row_parameter(op, "bias", sum)).out);
}

// The sum of several embeddings, normalized.
template <LayerNorm normalize>
void embedding_layernorm(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> ids = op.ins("ids");
  const std::vector<Value> tables = op.ins("embs");
  if (ids.empty() || ids.size() != tables.size()) op.fail("as many lists of ids as embeddings are needed");
  Value sum;
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool column = ids[i].rank() == 3 && ids[i].dim(2) == 1;
    const Value rows = g.gather(tables[i], column ? g.squeeze(ids[i], {2}) : ids[i], 0);
    sum = sum ? g.add(sum, rows) : rows;
  }
  op.out("out",
         normalize(op, sum, sum.rank() - 1, op.attr<double>("epsilon", 1e-5), op.in("scale"), op.in("bias")).out);
}

// layer_norm(activation(x · w + bias0) + y)
template <LayerNorm normalize>
void fc_layernorm(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const auto rows = op.attr<int64_t>("x_num_col_dims", 1);
  if (rows < 1 || rows >= rank_of(op, x)) op.fail("x_num_col_dims " + std::to_string(rows));
  if (rows < x.rank() - 1) {
    Ints shape(static_cast<size_t>(rows), 0);
    shape.push_back(op.in("w").dim(0));
    x = g.reshape(x, shape);
  }
  Value out = g.matmul(x, op.in("w"));
  if (Value bias = op.in_or_none("bias0")) out = g.add(out, g.reshape(bias, Ints{-1}));
  const auto activation = op.attr<std::string>("activation_type", "");
  if (activation == "relu") {
    out = g.relu(out);
  } else if (!activation.empty()) {
    op.fail("activation_type '" + activation + "', which Paddle's kernel does not know");
  }
  const Value sum = g.add(out, op.in("y"));
  const bool statistics = op.wants("mean") || op.wants("variance");
  const Norm norm =
      (statistics ? layer_norm : normalize)(op, sum, rank_of(op, sum) - 1, op.attr<double>("epsilon", 1e-5),
                                            row_parameter(op, "scale", sum), row_parameter(op, "bias1", sum));
  op.out("out", norm.out);
  if (!statistics) return;
  op.out("mean", g.cast(g.flatten_to_1d(norm.mean), sum.dtype()));
  op.out("variance", g.cast(g.flatten_to_1d(norm.variance), sum.dtype()));
}

// layer_norm(residual + dropout(x + bias))
template <LayerNorm normalize>
void bias_dropout_residual_layernorm(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  if (Value bias = op.in_or_none("bias")) x = g.add(x, bias);
  const Value sum = g.add(op.in("residual"), dropped_out_with_bias(op, x, "dropout_rate", "dropout_implementation"));
  op.out("bias_dropout_residual_out", sum);
  op.out("y", normalize(op, sum, sum.rank() - 1, op.attr<double>("ln_epsilon", 1e-5), op.in_or_none("ln_scale"),
                        op.in_or_none("ln_bias"))
                  .out);
}

// residual_out = x + bias + residual_alpha · residual; out = layer_norm(residual_out), or the sum itself where the norm
// has no parameters. Without a residual, the bias is not looked at. It is a vector of all the normalized elements.
template <LayerNorm normalize>
void bias_residual_layernorm(OpContext& op) {
  Builder& g = op.graph();
  Value sum = op.in("x");
  const Value weight = op.in_or_none("norm_weight");
  const Value shift = op.in_or_none("norm_bias");
  const int64_t begin = normalize_axis(op, op.attr<int64_t>("begin_norm_axis", 1), rank_of(op, sum));
  if (const Value residual = op.in_or_none("residual")) {
    if (const Value bias = op.in_or_none("bias")) sum = g.add(sum, shaped_as_axes(g, bias, sum, begin));
    const double alpha = op.attr<double>("residual_alpha", 1);
    sum = g.add(sum, alpha == 1 ? residual : g.mul(residual, g.scalar(alpha, sum.dtype())));
    if (!weight && !shift) return op.out("out", sum);
    op.out("residual_out", sum);
  } else if (!weight && !shift) {
    op.fail("neither a residual nor a norm's parameters: a sum to Paddle's kernel on the CPU, a norm on the GPU");
  }
  const bool quantised = op.attr<double>("quant_scale", -1) > 0;
  if (quantised) sum = g.cast(sum, DType::kFloat32);
  const Value out = normalize(op, sum, begin, op.attr<double>("epsilon", 1e-5), weight, shift).out;
  op.out("out", quantised ? quantised_result(op, out) : out);
}

void dropout_add(OpContext& op) { op.out("out", op.graph().add(dropped_out(op, op.in("x"), "p", "mode"), op.in("y"))); }

// --- whole layers ---------------------------------------------------------------------------------------------------

void refuse_rings(const OpContext& op) {
  if (op.attr<int64_t>("ring_id", -1) >= 0) op.fail("ring_id: a layer whose weights are divided over several devices");
}

// A layer's operand, with the norm where it stands before the layer.
template <LayerNorm normalize>
Value normed_before(OpContext& op, Value x, std::string_view epsilon, std::string_view scale, std::string_view bias) {
  if (!op.attr<bool>("pre_layer_norm", false)) return x;
  return normalize(op, x, x.rank() - 1, op.attr<double>(epsilon, 1e-5), op.in_or_none(scale), op.in_or_none(bias)).out;
}

// What a layer adds to its operand x, and the norm behind it.
template <LayerNorm normalize>
Value with_residual(OpContext& op, Value x, Value added, std::string_view scale, std::string_view bias) {
  const Value sum = op.attr<bool>("add_residual", true) ? op.graph().add(x, added) : added;
  if (op.attr<bool>("pre_layer_norm", false)) return sum;
  op.out("bias_dropout_residual_out", sum);
  const double epsilon = op.attr<double>(op.has_attr("ln_epsilon") ? "ln_epsilon" : "ln2_epsilon", 1e-5);
  return normalize(op, sum, x.rank() - 1, epsilon, op.in_or_none(scale), op.in_or_none(bias)).out;
}

// Self-attention of all heads of x [batch, length, hidden], with the norm before or behind it. The weight of queries,
// keys and values is [3, heads, size, hidden], or [hidden, 3 · heads · size] (transpose_qkv_wb); cache_kv [2, batch,
// heads, length before, size].
template <LayerNorm normalize>
void fused_attention(OpContext& op) {
  Builder& g = op.graph();
  refuse_rings(op);
  const Value x = op.in("x");
  const Value operand = normed_before<normalize>(op, x, "epsilon", "ln_scale", "ln_bias");
  Value w = op.in("qkv_weight");
  const bool matrix = op.attr<bool>("transpose_qkv_wb", false);
  if (x.rank() != 3 || w.rank() != (matrix ? 2 : 4) || !w.is_static()) op.fail("a weight of another form");
  const int64_t heads = matrix ? op.attr<int64_t>("num_heads", 0) : w.dim(1);
  if (heads < 1 || (matrix && w.dim(1) % (3 * heads) != 0)) op.fail("a weight that isn't one of whole heads");
  const int64_t size = matrix ? w.dim(1) / (3 * heads) : w.dim(2);
  if (!matrix) w = g.transpose(g.reshape(w, Ints{3 * heads * size, -1}), {1, 0});
  const Value split = split_heads(g, operand, w, op.in_or_none("qkv_bias"), heads, size);
  Value k = part_of(g, split, 1);
  Value v = part_of(g, split, 2);
  if (const Value cache = op.in_or_none("cache_kv")) {
    k = g.concat({part_of(g, cache, 0), k}, 2);
    v = g.concat({part_of(g, cache, 1), v}, 2);
    op.out("cache_kv_out", g.concat({g.unsqueeze(k, {0}), g.unsqueeze(v, {0})}, 0));
  }
  const double factor = 1 / std::sqrt(static_cast<double>(size));
  const Value seen = dropped_out(op, attend(g, part_of(g, split, 0), k, v, factor, op.in_or_none("src_mask")),
                                 "attn_dropout_rate", "attn_dropout_implementation");
  Value out = g.matmul(merge_heads(g, seen, heads * size), op.in("out_linear_weight"));
  if (const Value bias = op.in_or_none("out_linear_bias")) out = g.add(out, bias);
  out = dropped_out_with_bias(op, out, "dropout_rate", "dropout_implementation");
  op.out("out", with_residual<normalize>(op, x, out, "ln_scale_2", "ln_bias_2"));
}

// Two linear layers with an activation between, and the norm before or behind them.
template <LayerNorm normalize>
void fused_feedforward(OpContext& op) {
  Builder& g = op.graph();
  refuse_rings(op);
  const Value x = op.in("x");
  Value y = normed_before<normalize>(op, x, "ln1_epsilon", "ln1_scale", "ln1_bias");
  const auto linear = [&](Value v, std::string_view weight, std::string_view bias) {
    const Value product = g.matmul(v, op.in(weight));
    const Value shift = op.in_or_none(bias);
    return shift ? g.add(product, shift) : product;
  };
  y = linear(y, "linear1_weight", "linear1_bias");
  const auto activation = op.attr<std::string>("act_method", "gelu");
  if (activation != "relu" && activation != "gelu")
    op.fail("act_method '" + activation + "', which Paddle's kernel does not know");
  y = activate(op, y, activation);
  y = dropped_out_with_bias(op, y, "dropout1_prob", "dropout1_implementation");
  y = dropped_out_with_bias(op, linear(y, "linear2_weight", "linear2_bias"), "dropout2_prob",
                            "dropout2_implementation");
  op.out("out", with_residual<normalize>(op, x, y, "ln2_scale", "ln2_bias"));
}

// The lists of operands of a stack of layers: as long as the first, or, where they may be, empty.
class LayerOperands {
 public:
  LayerOperands(OpContext& op, std::string_view name, size_t layers, bool required) : values_(op.ins(name)) {
    if ((required || !values_.empty()) && values_.size() != layers)
      op.fail(std::to_string(values_.size()) + " of '" + std::string(name) + "' for " + std::to_string(layers) +
              " layers");
  }
  Value operator[](size_t i) const { return values_.empty() ? Value() : values_[i]; }

 private:
  std::vector<Value> values_;
};

// A stack of layers of self-attention and a feed-forward part, each with a norm before or behind it. Weights of
// queries, keys and values are [3, heads, size, hidden] (trans_qkvw) or [hidden, 3, heads, size]; where groups of heads
// share keys and values, [heads + 2 · groups, size, hidden] or [hidden, heads + 2 · groups, size]. Paddle's kernel
// drops nothing out, whatever the attributes say.
//
// With caches, x is a text (it goes to their beginning), or one token (time_step; it goes behind those in the caches).
// Which tokens of a text a token sees, src_mask says; of lengths without a mask, those before it. From 2.6 on Paddle's
// kernel lets tokens look back only, whatever the mask is. Tokens behind seq_lengths give 0.
template <LayerNorm normalize>
void fused_multi_transformer(OpContext& op) {
  Builder& g = op.graph();
  refuse_rings(op);
  for (const std::string_view name : {"pre_caches", "rotary_tensor", "beam_offset"}) {
    if (!op.ins(name).empty()) op.fail("its operand '" + std::string(name) + "'");
  }
  if (op.attr<double>("residual_alpha", 1) != 1) op.fail("residual_alpha");
  const int64_t groups = std::max<int64_t>(op.attr<int64_t>("gqa_group_size", -1), 0);
  const bool before = op.attr<bool>("pre_layer_norm", true);
  const bool root = op.attr<std::string>("norm_type", "layernorm") == "rmsnorm";
  const double epsilon = op.attr<double>("epsilon", 1e-5);
  const auto activation = op.attr<std::string>("act_method", "gelu");
  const size_t layers = op.ins("qkv_weights").size();
  if (layers == 0) op.fail("no layers");
  const auto list = [&](std::string_view name, bool required = false) {
    return LayerOperands(op, name, layers, required);
  };
  const auto plus = [&](Value x, Value bias) { return bias ? g.add(x, bias) : x; };
  const auto norm = [&](Value x, Value scale, Value bias) {
    if (!root) return normalize(op, x, x.rank() - 1, epsilon, scale, bias).out;
    const Value mean = g.reduce("ReduceMean", g.mul(x, x), Ints{-1}, true);
    return plus(g.mul(g.div(x, g.sqrt(g.add(mean, g.scalar(epsilon, x.dtype())))), scale), bias);
  };

  const LayerOperands qkv_weights = list("qkv_weights", true);
  const LayerOperands qkv_biases = list("qkv_biases");
  const LayerOperands linear_weights = list("out_linear_weights", true);
  const LayerOperands linear_biases = list("out_linear_biases");
  const LayerOperands scales = list("ln_scales", root);
  const LayerOperands shifts = list("ln_biases");
  const LayerOperands ffn_scales = list("ffn_ln_scales", root);
  const LayerOperands ffn_shifts = list("ffn_ln_biases");
  const LayerOperands ffn1_weights = list("ffn1_weights", true);
  const LayerOperands ffn1_biases = list("ffn1_biases");
  const LayerOperands ffn2_weights = list("ffn2_weights", true);
  const LayerOperands ffn2_biases = list("ffn2_biases");
  const LayerOperands caches = list("cache_kvs");
  const bool turned = op.attr<bool>("trans_qkvw", true);
  Value mask = op.in_or_none("src_mask");
  Value x = op.in("x");
  const auto as_places = [&](Value v) { return g.reshape(g.cast(v, DType::kFloat32), Ints{-1, 1, 1, 1}); };
  const Value given = op.in_or_none("seq_lengths");
  const Value lengths = given ? as_places(given) : Value();  // [batch, 1, 1, 1]
  Value at;                                                  // the place of the one token
  if (const Value time = op.in_or_none("time_step")) {
    if (!caches[0]) op.fail("time_step without caches");
    at = lengths ? lengths : as_places(time);
  } else {
    op.lossy(
        "from Paddle 2.6 on its kernel lets a text's tokens look back only, whatever src_mask is; here, as before, "
        "src_mask says");
    if (lengths) {
      if (!mask) mask = causal_mask(op, x, 1, x, 1);
      const Value places = g.cast(positions(g, g.dim(x, 1)), DType::kFloat32);
      mask = g.add(mask, hiding(g, g.less(places, lengths), x.dtype()));
    }
  }
  for (size_t i = 0; i < layers; ++i) {
    const Value w = qkv_weights[i];
    if (x.rank() != 3 || w.rank() != (groups > 0 ? 3 : 4) || !w.is_static()) op.fail("weights of another form");
    const int64_t size = w.dim(turned ? -2 : -1);
    const int64_t every = (turned ? w.dim(0) : w.dim(1)) * (groups > 0 ? 1 : w.dim(turned ? 1 : 2));  // with k and v
    const int64_t shared = groups > 0 ? groups : every / 3;
    const int64_t heads = every - 2 * shared;
    if (size < 1 || heads < 1 || heads % shared != 0 || (groups == 0 && every % 3 != 0))
      op.fail("weights of " + std::to_string(every) + " heads of queries, keys and values");
    const Value matrix =
        turned ? g.transpose(g.reshape(w, Ints{every * size, -1}), {1, 0}) : g.reshape(w, Ints{-1, every * size});
    Value qkv = g.matmul(before ? norm(x, scales[i], shifts[i]) : x, matrix);
    if (qkv_biases[i]) qkv = g.add(qkv, g.flatten_to_1d(qkv_biases[i]));
    const std::vector<Value> parts =
        g.split(g.transpose(g.reshape(qkv, Ints{0, 0, every, size}), {0, 2, 1, 3}), {heads, shared, shared}, 1);
    Value out;
    if (at) {
      const Step step = next_token(op, read_cache(op, caches[i]), parts[0], parts[1], parts[2], at, mask, false);
      op.out("cache_kv_outs", written(g, step.cache), i);
      out = step.seen;
    } else {
      const auto repeated = [&](Value v) { return repeat_heads(op, v, heads / shared); };
      out = attend(g, parts[0], repeated(parts[1]), repeated(parts[2]), 1 / std::sqrt(static_cast<double>(size)), mask);
      if (caches[i]) {
        const Cache cache = with_beginning(op, read_cache(op, caches[i]), parts[1], parts[2], lengths);
        op.out("cache_kv_outs", written(g, cache), i);
      }
    }
    const Value seen = merge_heads(g, out, heads * size);
    x = g.add(x, plus(g.matmul(seen, linear_weights[i]), linear_biases[i]));
    if (!before) x = norm(x, scales[i], shifts[i]);

    Value y = before ? norm(x, ffn_scales[i], ffn_shifts[i]) : x;
    y = activate(op, plus(g.matmul(y, ffn1_weights[i]), ffn1_biases[i]), activation);
    x = g.add(x, plus(g.matmul(y, ffn2_weights[i]), ffn2_biases[i]));
    if (!before) x = norm(x, ffn_scales[i], ffn_shifts[i]);
  }
  if (lengths && !at) {
    const Value place = g.cast(g.unsqueeze(positions(g, g.dim(x, 1)), {1}), DType::kFloat32);
    x = g.where(g.less(place, g.squeeze(lengths, {3})), x, g.scalar(0, x.dtype()));
  }
  op.out("out", x);
}

// Attention over the last but one axis of query [batch, rows, length, hidden] (to key, where it's given), whose result
// a sigmoid of the query opens or closes. Weights are [hidden, heads, size], all three in one [3, heads, size, hidden].
void fused_gate_attention(OpContext& op) {
  Builder& g = op.graph();
  const Value query = op.in("query");
  const bool merged = op.attr<bool>("merge_qkv", true);
  const Value shaped = op.in(merged ? "qkv_weight" : "query_weight");
  if (query.rank() != 4 || shaped.rank() != (merged ? 4 : 3) || !shaped.is_static())
    op.fail("operands that aren't [batch, rows, length, hidden] with weights of a known shape");
  const int64_t heads = shaped.dim(1);
  const int64_t size = shaped.dim(2);
  const auto matrix = [&](Value w) { return g.reshape(w, Ints{w.dim(0), heads * size}); };
  // [batch, rows, length, heads, size]
  const auto projected = [&](Value x, Value w) { return g.reshape(g.matmul(x, w), Ints{0, 0, 0, heads, size}); };
  const auto to_front = [&](Value x) { return g.transpose(x, {0, 1, 3, 2, 4}); };
  const auto operand = [&](Value x, int64_t i, std::string_view name) {
    if (!merged) return to_front(projected(x, matrix(op.in(name))));
    const Value w = g.reshape(g.slice(shaped, {i}, {i + 1}, {0}), Ints{heads * size, -1});
    return to_front(projected(x, g.transpose(w, {1, 0})));
  };
  const Value memory = merged || !op.has("key") ? query : op.in("key");
  const Value q = operand(query, 0, "query_weight");
  const Value k = operand(memory, 1, "key_weight");
  const Value v = operand(memory, 2, "value_weight");
  Value scores = g.matmul(q, g.transpose(k, {0, 1, 2, 4, 3}));
  scores = g.mul(scores, g.scalar(1 / std::sqrt(static_cast<double>(size)), scores.dtype()));
  for (const std::string_view name : {"nonbatched_bias", "src_mask"}) {
    if (const Value bias = op.in_or_none(name)) scores = g.add(scores, bias);
  }
  Value out = to_front(g.matmul(g.softmax(scores, 4), v));
  if (op.attr<bool>("has_gating", true)) {
    Value gate = projected(query, matrix(op.in("gate_weight")));
    if (const Value bias = op.in_or_none("gate_bias")) gate = g.add(gate, bias);
    out = g.mul(out, g.sigmoid(gate));
  }
  out = g.matmul(g.reshape(out, Ints{0, 0, 0, heads * size}),
                 g.reshape(op.in("out_linear_weight"), Ints{heads * size, -1}));
  if (const Value bias = op.in_or_none("out_linear_bias")) out = g.add(out, bias);
  op.out("out", out);
}

constexpr std::string_view kGeneration = "pre_caches, rotary tensors, beams, ring_id";
constexpr std::string_view kRings = "ring_id: weights divided over several devices";

// What all queries together give each key: softmax(q·kᵀ / √size) summed over the queries, from the logarithms of the
// softmax's sums that flash_attn gives, whose rows may be more than the queries.
void reduced_attention_scores(OpContext& op) {
  Builder& g = op.graph();
  const Value q = op.in("q");
  const Value k = op.in("k");
  const Value sums = op.in("softmax_lse");
  if (q.rank() != 4 || k.rank() != 4 || sums.rank() != 3)
    op.fail("q and k of other ranks than 4, or sums of another than 3");
  if (q.dim(3) <= 0 || q.dim(2) <= 0 || k.dim(2) <= 0 || q.dim(2) % k.dim(2) != 0)
    op.fail("heads whose number or size is not known, or that cannot share the keys' evenly");
  const auto heads = [&](Value x) { return g.transpose(g.cast(x, DType::kFloat32), {0, 2, 1, 3}); };
  const Value keys = repeat_heads(op, heads(k), q.dim(2) / k.dim(2));
  const double scale = 1 / std::sqrt(static_cast<double>(q.dim(3)));
  const Value scores = g.mul(g.matmul(heads(q), g.transpose(keys, {0, 1, 3, 2})), g.scalar(scale, DType::kFloat32));
  const Value used = g.slice(sums, g.ints({0}), g.dim(q, 1), g.ints({2}));
  const Value shares = g.exp(g.sub(scores, g.unsqueeze(used, {3})));
  op.out("reduced_scores", g.reduce("ReduceSum", shares, Ints{2}, true));
}

constexpr std::string_view kSourceMask = "of a text, whose src_mask Paddle ignores from 2.6 on";

constexpr MapperEntry kEntries[] = {
    {"calc_reduced_attn_scores", 7, reduced_attention_scores},
    {"fused_attention", 7, fused_attention<layer_norm>, kRings},
    {"fused_attention", 17, fused_attention<layer_norm_17>, kRings},
    {"fused_dot_product_attention", 7, fused_dot_product_attention, "lengths within a batch (masks of padding)"},
    {"fused_feedforward", 7, fused_feedforward<layer_norm>, kRings},
    {"fused_feedforward", 17, fused_feedforward<layer_norm_17>, kRings},
    {"fused_gate_attention", 7, fused_gate_attention},
    {"fused_multi_transformer", 7, fused_multi_transformer<layer_norm>, kGeneration, {}, kSourceMask},
    {"fused_multi_transformer", 17, fused_multi_transformer<layer_norm_17>, kGeneration, {}, kSourceMask},
    {"multihead_matmul", 7, multihead_matmul},
    {"self_dp_attention", 7, self_dp_attention},
    {"flash_attn", 7, flash_attn},
    {"fused_partial_rope", 7, partial_rotary_embedding},
    {"fused_rotary_position_embedding", 7, rotary_embedding},
    {"fused_softmax_mask", 7, softmax_mask},
    {"fused_softmax_mask_upper_triangle", 7, softmax_mask_upper_triangle},
    {"skip_layernorm", 7, skip_layernorm<layer_norm>},
    {"skip_layernorm", 17, skip_layernorm<layer_norm_17>},
    {"fused_embedding_eltwise_layernorm", 7, embedding_layernorm<layer_norm>},
    {"fused_embedding_eltwise_layernorm", 17, embedding_layernorm<layer_norm_17>},
    {"fused_fc_elementwise_layernorm", 7, fc_layernorm<layer_norm>},
    {"fused_fc_elementwise_layernorm", 17, fc_layernorm<layer_norm_17>},
    {"fused_bias_dropout_residual_layer_norm", 7, bias_dropout_residual_layernorm<layer_norm>},
    {"fused_bias_dropout_residual_layer_norm", 17, bias_dropout_residual_layernorm<layer_norm_17>},
    {"fused_bias_residual_layernorm", 7, bias_residual_layernorm<layer_norm>, kFloat8Results},
    {"fused_bias_residual_layernorm", 17, bias_residual_layernorm<layer_norm_17>, kFloat8Results},
    {"fused_dropout_add", 7, dropout_add},
};

}  // namespace

extern const MapperTable kAttentionMappers = kEntries;

}  // namespace paddle2onnx
