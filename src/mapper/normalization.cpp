// Normalisations: (x - mean) / √(variance + ε), with statistics that are given or those of x itself.
#include <cmath>
#include <numeric>

#include "mapper/normalization.h"
#include "mapper/quantization.h"
#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {

DType parameter_dtype(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 ? DType::kFloat32 : dtype;
}

Value shaped_as_axes(Builder& g, Value parameter, Value x, int64_t first) {
  if (!parameter || first == x.rank() - 1) return parameter;
  std::vector<Value> shape;
  for (int64_t i = first; i < x.rank(); ++i) shape.push_back(g.dim(x, i));
  return g.reshape(parameter, g.concat_ints(shape));
}

namespace {

Ints axes_between(int64_t first, int64_t last) {
  Ints axes(static_cast<size_t>(std::max<int64_t>(last - first, 0)));
  std::iota(axes.begin(), axes.end(), first);
  return axes;
}

// v [C] in the shape [C, 1, …] or wherever the axis `axis` of `rank` is, for a numpy broadcast.
Value along_axis(Builder& g, Value v, int64_t axis, int64_t rank) {
  return g.unsqueeze(v, axes_between(1, rank - axis));
}

// The mean and the (biased) variance of x over `axes`, which stay as 1.
struct Moments {
  Value mean;
  Value variance;
  Value centred;  // x - mean
};

Moments moments(Builder& g, Value x, const Ints& axes) {
  Moments m;
  m.mean = g.reduce("ReduceMean", x, axes, true);
  m.centred = g.sub(x, m.mean);
  m.variance = g.reduce("ReduceMean", g.mul(m.centred, m.centred), axes, true);
  return m;
}

// centred / √(variance + ε)
Value standardize(Builder& g, const Moments& m, double epsilon) {
  return g.div(m.centred, g.sqrt(g.add(m.variance, g.scalar(epsilon, m.variance.dtype()))));
}

Value ones_or(Builder& g, Value given, double number, DType dtype, int64_t count) {
  return given ? given : g.filled(number, dtype, {count});
}

double epsilon_of(const OpContext& op) { return op.attr<double>("epsilon", 1e-5); }

// out = scale · (x - mean) / √(variance + ε) + bias, per channel. The statistics are the given ones, or in training
// mode those of x, which then also move the given ones: mean_out = momentum · mean + (1 - momentum) · mean(x).
void batch_norm(OpContext& op) {
  Builder& g = op.graph();
  Value x = image(op, "x", 2);
  const DType dtype = x.dtype();
  const bool last = channels_last(op) && x.rank() > 2;
  const Value given_mean = op.in("mean");
  const Value given_variance = op.in("variance");
  const DType computed = given_mean.dtype();
  x = g.cast(x, computed);
  const int64_t channels = given_mean.dim(0) >= 0 ? given_mean.dim(0) : x.dim(1);
  Value scale = op.in_or_none("scale");
  Value bias = op.in_or_none("bias");
  if ((!scale || !bias) && channels < 0) op.fail("no scale or bias, and an unknown number of channels");
  scale = g.cast(ones_or(g, scale, 1, computed, channels), computed);
  bias = g.cast(ones_or(g, bias, 0, computed, channels), computed);

  const bool trains = (!op.attr<bool>("is_test", false) || op.attr<bool>("trainable_statistics", false)) &&
                      !op.attr<bool>("use_global_stats", false);
  Value mean = given_mean;
  Value variance = given_variance;
  if (trains) {
    Ints axes = axes_between(2, x.rank());
    axes.insert(axes.begin(), 0);
    const Moments own = moments(g, x, axes);
    mean = g.reshape(own.mean, Ints{-1});
    variance = g.reshape(own.variance, Ints{-1});
    const ScalarArgument momentum = op.has("MomentumTensor") ? op.scalar("MomentumTensor") : op.scalar("momentum");
    if (!momentum.known()) op.fail("a momentum that is known at run time only");
    const auto moved = [&](Value old, Value fresh) {
      return g.add(g.mul(old, g.scalar(*momentum.number, computed)),
                   g.mul(fresh, g.scalar(1 - *momentum.number, computed)));
    };
    if (op.wants("mean_out")) op.out("mean_out", moved(given_mean, mean));
    if (op.wants("variance_out")) op.out("variance_out", moved(given_variance, variance));
  } else {
    op.out("mean_out", given_mean);
    op.out("variance_out", given_variance);
  }
  op.out("saved_mean", mean);
  if (op.wants("saved_variance")) {
    const Value deviation = g.sqrt(g.add(variance, g.scalar(epsilon_of(op), computed)));
    op.out("saved_variance", g.node("Reciprocal", {deviation}, {}, {computed, variance.dims()}));
  }
  const Value y = g.cast(
      g.node("BatchNormalization", {x, scale, bias, mean, variance}, {{"epsilon", static_cast<float>(epsilon_of(op))}}),
      dtype);
  op.out("out", last ? channels_to_back(g, y) : y);
}

// The parts of a layer norm that both forms need: scale and bias in the shape of the normalised axes.
struct LayerNorm {
  Value x;
  int64_t axis;
  Value scale;
  Value bias;
};

LayerNorm read_layer_norm(OpContext& op) {
  Builder& g = op.graph();
  LayerNorm n;
  n.x = ranked(op, "x", 1);
  n.axis = normalize_axis(op, op.attr<int64_t>("begin_norm_axis", -1), n.x.rank());  // fast_ln has none: the last
  n.scale = shaped_as_axes(g, op.in_or_none("scale"), n.x, n.axis);
  n.bias = shaped_as_axes(g, op.in_or_none("bias"), n.x, n.axis);
  return n;
}

void layer_norm_statistics(OpContext& op, const LayerNorm& n) {
  if (!op.wants("mean") && !op.wants("variance")) return;
  Builder& g = op.graph();
  const Value x = g.cast(n.x, parameter_dtype(n.x.dtype()));
  const Moments m = moments(g, x, axes_between(n.axis, n.x.rank()));
  op.out("mean", g.squeeze(m.mean, axes_between(n.axis, n.x.rank())));
  op.out("variance", g.squeeze(m.variance, axes_between(n.axis, n.x.rank())));
}

// out = scale · (x - mean) / √(variance + ε) + bias over the axes from begin_norm_axis on.
void layer_norm_decomposed(OpContext& op) {
  Builder& g = op.graph();
  const LayerNorm n = read_layer_norm(op);
  const DType computed = parameter_dtype(n.x.dtype());
  Value y = standardize(g, moments(g, g.cast(n.x, computed), axes_between(n.axis, n.x.rank())), epsilon_of(op));
  if (n.scale) y = g.mul(y, g.cast(n.scale, computed));
  if (n.bias) y = g.add(y, g.cast(n.bias, computed));
  op.out("out", g.cast(y, n.x.dtype()));
  layer_norm_statistics(op, n);
}

void layer_norm(OpContext& op) {
  Builder& g = op.graph();
  const LayerNorm n = read_layer_norm(op);
  Dims normalized;
  for (int64_t i = n.axis; i < n.x.rank(); ++i) normalized.push_back(n.x.dim(i));
  // LayerNormalization needs a scale, and computes float64 in float32.
  if (n.x.dtype() == DType::kFloat64 || (!n.scale && !element_count(normalized))) return layer_norm_decomposed(op);
  const Value scale = n.scale ? n.scale : g.filled(1, parameter_dtype(n.x.dtype()), normalized);
  const Value bias = n.bias ? g.cast(n.bias, scale.dtype()) : n.bias;
  const Value y = g.node("LayerNormalization", {g.cast(n.x, scale.dtype()), scale, bias},
                         {{"axis", n.axis}, {"epsilon", static_cast<float>(epsilon_of(op))}});
  op.out("out", g.cast(y, n.x.dtype()));
  layer_norm_statistics(op, n);
}

// (x - mean) / √(variance + ε) over all axes behind the first two, where x is [N, C, …].
Value normalize_instances(Builder& g, Value x, Value scale, Value bias, double epsilon) {
  const int64_t rank = x.rank();
  const int64_t channels = x.dim(1);
  if (x.dtype() == DType::kFloat64 || channels < 0 || rank < 3) {
    // InstanceNormalization has no float64.
    Value y = standardize(g, moments(g, x, axes_between(2, rank)), epsilon);
    if (scale) y = g.mul(y, along_axis(g, scale, 1, rank));
    return bias ? g.add(y, along_axis(g, bias, 1, rank)) : y;
  }
  return g.node("InstanceNormalization",
                {x, ones_or(g, scale, 1, x.dtype(), channels), ones_or(g, bias, 0, x.dtype(), channels)},
                {{"epsilon", static_cast<float>(epsilon)}});
}

// Each channel of each image is normalised by itself.
void instance_norm(OpContext& op) {
  Builder& g = op.graph();
  const Value given = ranked(op, "x", 2);
  const DType computed = parameter_dtype(given.dtype());
  const Value x = g.cast(given, computed);
  const auto parameter = [&](std::string_view name) {
    const Value v = op.in_or_none(name);
    return v ? g.cast(v, computed) : v;
  };
  Value y;
  if (x.rank() == 2) {
    // One element is its own mean: what is left of the normalised value is 0.
    y = g.sub(x, x);
    if (const Value scale = parameter("scale")) y = g.mul(y, scale);
    if (const Value bias = parameter("bias")) y = g.add(y, bias);
  } else {
    y = normalize_instances(g, x, parameter("scale"), parameter("bias"), epsilon_of(op));
  }
  op.out("y", g.cast(y, given.dtype()));
  if (op.wants("saved_mean") || op.wants("saved_variance")) {
    const Moments m = moments(g, x, axes_between(2, x.rank()));
    const Value deviation = g.sqrt(g.add(m.variance, g.scalar(epsilon_of(op), computed)));
    op.out("saved_mean", g.reshape(m.mean, Ints{-1}));
    op.out("saved_variance", g.reshape(g.node("Reciprocal", {deviation}, {}, {computed, m.mean.dims()}), Ints{-1}));
  }
}

// The channels in `groups` parts, each of which is normalised by itself; scale and bias are per channel.
void normalize_groups(OpContext& op, Value given) {
  Builder& g = op.graph();
  const bool last = channels_last(op) && given.rank() > 2;
  const DType computed = parameter_dtype(given.dtype());
  const Value x = g.cast(given, computed);
  const int64_t groups = op.attr<int64_t>("groups", -1);
  if (groups <= 0) op.fail("groups " + std::to_string(groups));
  const Value grouped = g.reshape(x, Ints{0, groups, -1});
  const auto parameter = [&](std::string_view name) {
    const Value given_one = op.in_or_none(name);
    return given_one ? g.cast(given_one, computed) : given_one;
  };
  const Value scale = parameter("scale");
  const Value bias = parameter("bias");
  Value y;
  // The operator of 18 scales groups, that of 21 channels; both compute in float32.
  if (g.opset() >= 21 && computed != DType::kFloat64 && x.rank() > 2 && x.dim(1) >= 0) {
    y = g.node("GroupNormalization",
               {x, ones_or(g, scale, 1, computed, x.dim(1)), ones_or(g, bias, 0, computed, x.dim(1))},
               {{"num_groups", groups}, {"epsilon", static_cast<float>(epsilon_of(op))}}, {computed, x.dims()});
  } else {
    y = g.reshape(normalize_instances(g, grouped, {}, {}, epsilon_of(op)), g.shape(x));
    if (scale) y = g.mul(y, along_axis(g, scale, 1, x.rank()));
    if (bias) y = g.add(y, along_axis(g, bias, 1, x.rank()));
  }
  const auto activation = op.attr<std::string>("activation", "");
  if (activation == "silu") {
    y = g.mul(y, g.sigmoid(y));
  } else if (!activation.empty()) {
    op.fail("activation '" + activation + "', which Paddle's kernel does not know");
  }
  y = g.cast(y, given.dtype());
  op.out("y", last ? channels_to_back(g, y) : y);
  if (op.wants("mean") || op.wants("variance")) {
    const Moments m = moments(g, grouped, Ints{2});
    op.out("mean", g.reshape(m.mean, Ints{0, groups}));
    op.out("variance", g.reshape(m.variance, Ints{0, groups}));
  }
}

void group_norm(OpContext& op) { normalize_groups(op, image(op, "x", 2)); }

// The same of x and a residual, which is as large as x or a number for each channel; silu may stand behind.
void add_group_norm_silu(OpContext& op) {
  Builder& g = op.graph();
  const auto layout = op.attr<std::string>("data_format", "NCHW");
  if (layout != "NHWC") op.fail("data_format '" + layout + "', which Paddle's kernel does not know");
  const Value x = ranked(op, "x", 2);
  if (!op.has("residual")) return normalize_groups(op, image(op, "x", 2));
  const Value residual = ranked(op, "residual", 1);
  const bool per_channel = residual.dim(-1) == x.dim(-1) && element_count(*residual.dims()) == x.dim(-1);
  bool fits = per_channel || residual.rank() == x.rank();
  for (int64_t i = 0; fits && !per_channel && i < x.rank(); ++i)
    fits = x.dim(i) < 0 || residual.dim(i) < 0 || x.dim(i) == residual.dim(i);
  if (!fits) op.fail("a residual that is neither as large as x nor a number for each channel");
  const Value sum = g.add(x, residual);
  op.out("residual_out", sum);
  normalize_groups(op, x.rank() > 2 ? channels_to_front(g, sum) : sum);
}

// out = x · mid^-β, mid = k + α · Σ x² over n neighbouring channels. ONNX divides α by n.
void lrn(OpContext& op) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  const Value x = image(op, "x", 4);
  const int64_t n = op.attr<int64_t>("n", 5);
  const double alpha = op.attr<double>("alpha", 1e-4);
  const double beta = op.attr<double>("beta", 0.75);
  const double k = op.attr<double>("k", 2);
  const Value y = g.node("LRN", {x},
                         {{"alpha", static_cast<float>(alpha * static_cast<double>(n))},
                          {"beta", static_cast<float>(beta)},
                          {"bias", static_cast<float>(k)},
                          {"size", n}});
  op.out("out", last ? channels_to_back(g, y) : y);
  if (op.wants("mid_out")) {
    // Σ over the neighbours: the mean of a window of n rows of [N, 1, C, H · W], times n.
    const Value squares = g.reshape(g.mul(x, x), Ints{0, 1, x.dim(1) < 0 ? 0 : x.dim(1), -1});
    const int64_t front = (n - 1) / 2;
    const Value mean = g.node(
        "AveragePool", {squares},
        {{"kernel_shape", Ints{n, 1}}, {"pads", Ints{front, 0, n - 1 - front, 0}}, {"count_include_pad", int64_t{1}}},
        {x.dtype(), squares.dims()});
    const Value sum = g.mul(g.reshape(mean, g.shape(x)), g.scalar(alpha * static_cast<double>(n), x.dtype()));
    const Value mid = g.add(sum, g.scalar(k, x.dtype()));
    op.out("mid_out", last ? channels_to_back(g, mid) : mid);
  }
}

// out = x / norm, norm = √(Σ x² + ε) over one axis.
void l2_norm(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 1);
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis"), x.rank());
  const Value squares = g.reduce("ReduceSumSquare", x, Ints{axis}, true);
  const Value norm = g.sqrt(g.add(squares, g.scalar(op.attr<double>("epsilon", 1e-10), x.dtype())));
  op.out("out", g.div(x, norm));
  op.out("norm", norm);
}

// y = scale · x / √(mean(x²) + ε) over the last axes, as many as normalized_shape has. In Paddle 2.6 and 3.0 over those
// from begin_norm_axis on, with a bias and a residual added to x first and a bias to the result.
void rms_norm(OpContext& op) {
  Builder& g = op.graph();
  Value x = ranked(op, "x", 1);
  const DType dtype = x.dtype();
  const bool old = op.has("norm_weight");
  const bool quantises = op.attr<double>("quant_scale", -1) > 0;
  if (const Value residual = op.in_or_none("residual")) {
    if (const Value bias = op.in_or_none("bias")) x = g.add(x, bias);
    x = g.add(x, residual);
    op.out("residual_out", x);
  }
  const DType computed = parameter_dtype(dtype);
  x = g.cast(x, computed);
  const auto shape = op.attr<Ints>("normalized_shape", {});
  const int64_t first = old ? normalize_axis(op, op.attr<int64_t>("begin_norm_axis", 1), x.rank())
                            : x.rank() - std::max<int64_t>(static_cast<int64_t>(shape.size()), 1);
  const Ints axes = axes_between(first, x.rank());
  const Value mean = g.reduce("ReduceMean", g.mul(x, x), axes, true);
  const Value root = g.sqrt(g.add(mean, g.scalar(epsilon_of(op), computed)));
  const Value inverse = g.node("Reciprocal", {root}, {}, {computed, mean.dims()});
  const auto shaped = [&](Value v) { return g.cast(shaped_as_axes(g, v, x, first), computed); };
  Value y = g.mul(x, inverse);
  if (const Value scale = op.in_or_none(old ? "norm_weight" : "scale")) y = g.mul(y, shaped(scale));
  if (const Value bias = op.in_or_none("norm_bias")) y = g.add(y, shaped(bias));
  op.out(old ? "out" : "y", quantises ? quantised_result(op, y) : g.cast(y, dtype));
  op.out(old ? "inv_var" : "invvar", g.squeeze(inverse, axes));
}

// The same as one node, where it has no more to say.
void rms_norm_23(OpContext& op) {
  const Value x = ranked(op, "x", 1);
  const bool plain = op.has("scale") && op.in("scale").dtype() == x.dtype() && !op.wants("invvar");
  const auto shape = op.attr<Ints>("normalized_shape", {});
  if (!plain || op.has("residual") || op.has("norm_weight") || x.dtype() == DType::kFloat16 ||
      x.dtype() == DType::kBFloat16)
    return rms_norm(op);
  const int64_t first = x.rank() - std::max<int64_t>(static_cast<int64_t>(shape.size()), 1);
  const Value scale = shaped_as_axes(op.graph(), op.in("scale"), x, first);
  op.out("y",
         op.graph().node("RMSNormalization", {x, scale},
                         {{"axis", first}, {"epsilon", static_cast<float>(epsilon_of(op))}}, {x.dtype(), x.dims()}));
}

// out = weight / σ, σ = uᵀ W v: the largest singular value, by power_iters steps of power iteration from u and v.
void spectral_norm(OpContext& op) {
  Builder& g = op.graph();
  const Value weight = op.in("weight");
  const int64_t dim = normalize_axis(op, op.attr<int64_t>("dim", 0), weight.rank());
  const Value epsilon = g.scalar(op.attr<double>("eps", 1e-12), weight.dtype());
  Ints perm = {dim};
  for (int64_t i = 0; i < weight.rank(); ++i) {
    if (i != dim) perm.push_back(i);
  }
  const Value moved = g.transpose(weight, perm);
  const Value matrix = g.reshape(moved, Ints{moved.dim(0) < 0 ? 0 : moved.dim(0), -1});
  const auto unit = [&](Value v) {
    return g.div(v, g.add(g.sqrt(g.reduce("ReduceSumSquare", v, Ints{0, 1}, true)), epsilon));
  };
  Value u = g.reshape(op.in("u"), Ints{1, -1});
  Value v = g.reshape(op.in("v"), Ints{-1, 1});
  for (int64_t i = 0; i < op.attr<int64_t>("power_iters", 1); ++i) {
    v = unit(g.transpose(g.matmul(u, matrix), {1, 0}));
    u = unit(g.transpose(g.matmul(matrix, v), {1, 0}));
  }
  const Value sigma = g.reshape(g.matmul(g.matmul(u, matrix), v), Ints{1});
  op.out("out", g.div(weight, sigma));
}

// out = scale · x + bias, per channel.
void affine_channel(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 2);
  const bool last = op.attr<std::string>("data_layout", "AnyLayout") == "NHWC";
  const int64_t axis = last ? x.rank() - 1 : 1;
  const Value scaled = g.mul(x, along_axis(g, op.in("scale"), axis, x.rank()));
  op.out("out", g.add(scaled, along_axis(g, op.in("bias"), axis, x.rank())));
}

// Y = (X - means) · scales, means = sum / size, scales = √(size / square sum). With slot_dim, columns come in slots of
// that many, and a slot that begins with 0 is 0. Scale and shift are optional.
void data_norm(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  const Value size = op.in("BatchSize");
  const Value means = g.div(op.in("BatchSum"), size);
  const Value scales = g.sqrt(g.div(size, op.in("BatchSquareSum")));
  Value y = g.mul(g.sub(x, means), scales);
  const int64_t slot = op.attr<int64_t>("slot_dim", -1);
  if (slot > 0) {
    const Value slots = g.reshape(x, Ints{0, -1, slot});
    const Value first = g.slice(slots, Ints{0}, Ints{1}, Ints{2});
    const Value full = g.greater(g.abs(first), g.scalar(1e-7, x.dtype()));
    y = g.reshape(g.where(full, g.reshape(y, Ints{0, -1, slot}), g.scalar(0, x.dtype())), g.shape(x));
  } else if (op.attr<bool>("enable_scale_and_shift", false)) {
    y = g.add(g.mul(y, op.in("scale_w")), op.in("bias"));
  }
  op.out("Y", y);
  op.out("Means", means);
  op.out("Scales", scales);
}

constexpr MapperEntry kEntries[] = {
    {"add_group_norm_silu", 7, add_group_norm_silu},
    {"affine_channel", 7, affine_channel},
    {"batch_norm", 7, batch_norm},
    {"data_norm", 7, data_norm},
    {"group_norm", 7, group_norm},
    {"instance_norm", 7, instance_norm},
    {"layer_norm", 7, layer_norm_decomposed},
    {"layer_norm", 17, layer_norm},
    {"lrn", 7, lrn},
    {"norm", 7, l2_norm},
    {"fast_rms_norm", 7, rms_norm},
    {"fused_rms_norm_ext", 7, rms_norm},
    {"fused_rms_norm_quant", 7, rms_norm, kFloat8Results},
    {"rms_norm", 7, rms_norm},
    {"fast_rms_norm", 23, rms_norm_23},
    {"fused_rms_norm_ext", 23, rms_norm_23},
    {"rms_norm", 23, rms_norm_23},
    {"spectral_norm", 7, spectral_norm},
};

}  // namespace

extern const MapperTable kNormalizationMappers = kEntries;

}  // namespace paddle2onnx
