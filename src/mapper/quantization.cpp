// Quantized programs. A scale is the largest absolute value s; a number x stands for the integer x · bound / s, where
// bound is the largest integer, 2^(bits - 1) - 1. All is symmetric: Paddle's kernels read no zero point.
//
// 8 bits become QuantizeLinear and DequantizeLinear with the step s / 127 from opset 13; all else is arithmetic. (From
// 10 on there are both for whole tensors, but ONNX Runtime's optimiser then puts integer kernels around weights whose
// channels had to stay floats, and is off by more than a step.)
#include "mapper/quantization.h"

#include <cmath>
#include <span>

#include "mapper/indices.h"
#include "mapper/rounding.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// What a scale of 0 is taken for: it says that all numbers are 0, which a tiny step gives as well.
constexpr double kTiny = 1e-30;

enum class Rounding { kHalfToEven = 0, kHalfAway = 1 };

double bound_of(int64_t bits) { return std::ldexp(1.0, static_cast<int>(bits) - 1) - 1; }

// A scale for the whole tensor (rank 0) or for each element of one axis ([C]), float32.
struct Scale {
  Value value;
  std::optional<int64_t> axis;

  // For a numpy broadcast with a tensor of this rank.
  Value along(Builder& g, int64_t rank) const { return axis ? g.unsqueeze(value, count_from(1, rank - *axis)) : value; }
};

Scale read_scale(OpContext& op, Value given, Value x, int64_t axis) {
  Builder& g = op.graph();
  given = g.cast(given, DType::kFloat32);
  if (!given.is_static()) op.fail("a scale of unknown shape");
  const int64_t count = *element_count(*given.dims());
  if (count == 1) return {g.reshape(given, Ints{}), std::nullopt};
  if (axis < 0) op.fail("a scale of " + std::to_string(count) + " numbers without an axis");
  axis = normalize_axis(op, axis, rank_of(op, x));
  if (x.dim(axis) >= 0 && x.dim(axis) != count)
    op.fail("a scale of " + std::to_string(count) + " numbers for " + std::to_string(x.dim(axis)) +
            " channels (scales of groups have no ONNX form here)");
  return {g.reshape(given, Ints{count}), axis};
}

std::vector<double> numbers_of(Value constant) { return as_doubles(*constant.constant()); }

// How many elements of a constant stand behind the axis; all of them without one.
size_t inner_count(Value x, std::optional<int64_t> axis) {
  int64_t count = 1;
  for (int64_t i = axis ? *axis + 1 : 0; i < x.rank(); ++i) count *= x.dim(i);
  return static_cast<size_t>(std::max<int64_t>(count, 1));
}

// The largest absolute value of a tensor, or of each channel.
Scale measured_scale(OpContext& op, Value x, std::optional<int64_t> axis = std::nullopt) {
  Builder& g = op.graph();
  if (x.constant() != nullptr) {
    const std::vector<double> numbers = numbers_of(x);
    std::vector<double> largest(axis ? static_cast<size_t>(x.dim(*axis)) : 1, 0);
    const size_t inner = inner_count(x, axis);
    for (size_t i = 0; i < numbers.size(); ++i) {
      double& most = largest[i / inner % largest.size()];
      most = std::max(most, std::abs(numbers[i]));
    }
    const Dims dims = axis ? Dims{x.dim(*axis)} : Dims{};
    return {g.constant(from_doubles(DType::kFloat32, dims, largest)), axis};
  }
  x = g.cast(x, DType::kFloat32);
  if (!axis) return {g.reduce("ReduceMax", g.abs(x), std::nullopt, false), std::nullopt};
  Ints others = count_from(0, rank_of(op, x));
  std::erase(others, *axis);
  return {others.empty() ? g.abs(x) : g.reduce("ReduceMax", g.abs(x), others, false), axis};
}

// s / 127 as ONNX takes it.
Value step_of(Builder& g, const Scale& scale, Rounding rounding) {
  // Quotients that are half way between two integers move outwards, those next to them with them: a step that is
  // smaller by two units of the last place makes QuantizeLinear, which rounds halves to even, round them away from
  // zero.
  const double towards = rounding == Rounding::kHalfAway ? 1 - std::ldexp(1.0, -23) : 1;
  if (scale.value.constant() == nullptr) {
    const Value safe = g.max(scale.value, g.scalar(kTiny, DType::kFloat32));
    return g.mul(safe, g.scalar(towards / 127, DType::kFloat32));
  }
  std::vector<double> steps = numbers_of(scale.value);
  for (double& step : steps) step = std::max(step, kTiny) / 127 * towards;
  return g.constant(from_doubles(DType::kFloat32, *scale.value.dims(), steps));
}

// ONNX Runtime has no kernel of the definition of 28.
bool has_nodes(const Builder& g, double bound) { return bound == 127 && g.opset() >= 13 && g.opset() < 28; }

// scale / divisor, and number / scale; of a constant a constant.
Value divided(Builder& g, Value scale, double divisor) {
  if (scale.constant() == nullptr) return g.div(scale, g.scalar(divisor, DType::kFloat32));
  std::vector<double> numbers = numbers_of(scale);
  for (double& number : numbers) number /= divisor;
  return g.constant(from_doubles(DType::kFloat32, *scale.dims(), numbers));
}

Value inverse(Builder& g, double number, Value scale) {
  if (scale.constant() == nullptr)
    return g.div(g.scalar(number, DType::kFloat32), g.max(scale, g.scalar(kTiny, DType::kFloat32)));
  std::vector<double> numbers = numbers_of(scale);
  for (double& s : numbers) s = number / std::max(s, kTiny);
  return g.constant(from_doubles(DType::kFloat32, *scale.dims(), numbers));
}

NodeAttributes axis_attribute(const Scale& scale) {
  return scale.axis ? NodeAttributes{{"axis", *scale.axis}} : NodeAttributes{};
}

Value zero_points(Builder& g, Value step) {
  return g.constant(from_ints(DType::kInt8, *step.dims(),
                              std::vector<int64_t>(static_cast<size_t>(element_count(*step.dims()).value_or(0)), 0)));
}

// Round, before opset 11 by Floor: a half that was taken up to an odd number goes down again.
Value rounded_to_even(Builder& g, Value x) {
  if (g.opset() >= 11) return g.node("Round", {x});
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  const Value up = g.floor(g.add(x, number(0.5)));
  const Value odd = g.sub(up, g.mul(g.floor(g.mul(up, number(0.5))), number(2)));
  const Value no_half = g.ceil(g.sub(number(0.5), g.sub(up, x)));  // 0 if x is a half, else 1
  return g.sub(up, g.mul(odd, g.sub(number(1), no_half)));
}

// The integers that stand for a constant.
Value quantized_constant(Builder& g, Value x, const Scale& scale, double bound, Rounding rounding) {
  const Dims& dims = *x.dims();
  std::vector<double> numbers = numbers_of(x);
  const std::vector<double> scales = numbers_of(scale.value);
  const size_t inner = inner_count(x, scale.axis);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double s = scale.axis ? scales[i / inner % scales.size()] : scales.at(0);
    if (rounding == Rounding::kHalfAway) {
      numbers[i] = s > 0 ? std::round(std::clamp(numbers[i], -s, s) * bound / s) : 0;
    } else {
      numbers[i] = s > 0 ? std::clamp(std::nearbyint(numbers[i] * bound / s), -bound - 1, bound) : 0;
    }
  }
  const DType dtype = bound == 127 ? DType::kInt8 : DType::kFloat32;
  return g.constant(from_doubles(dtype, dims, numbers), x.info()->parameter ? x.name() : "");
}

// The integers that stand for x: int8 if a node makes them, else float32.
Value quantize(OpContext& op, Value x, const Scale& scale, double bound, Rounding rounding, bool saturates = true) {
  Builder& g = op.graph();
  if (x.constant() != nullptr && scale.value.constant() != nullptr)
    return quantized_constant(g, x, scale, bound, rounding);
  x = g.cast(x, DType::kFloat32);
  const int64_t rank = scale.axis ? rank_of(op, x) : 0;
  const Value s = scale.along(g, rank);
  // Half away from zero, Paddle clips to -127; ONNX to -128, as Paddle does half to even.
  const bool clips = saturates && rounding == Rounding::kHalfAway;
  if (clips) {
    x = !scale.axis && scale.value.constant() != nullptr ? g.clip(x, -numbers_of(s).at(0), numbers_of(s).at(0))
                                                         : g.max(g.min(x, s), g.neg(s));
  }
  if (has_nodes(g, bound)) {
    const Value step = step_of(g, scale, rounding);
    return g.node("QuantizeLinear", {x, step, zero_points(g, step)}, axis_attribute(scale), {DType::kInt8, x.dims()});
  }
  const Value scaled = g.mul(x, inverse(g, bound, s));
  if (rounding == Rounding::kHalfToEven) return g.clip(rounded_to_even(g, scaled), -bound - 1, bound);
  const Value half = g.scalar(0.5, DType::kFloat32);
  return g.sub(g.relu(g.floor(g.add(half, scaled))), g.relu(g.floor(g.sub(half, scaled))));
}

// The numbers that integers stand for, float32.
Value dequantize(OpContext& op, Value q, const Scale& scale, double bound) {
  Builder& g = op.graph();
  if (q.dtype() == DType::kInt8 && has_nodes(g, bound)) {
    const Value step = step_of(g, scale, Rounding::kHalfToEven);
    return g.node("DequantizeLinear", {q, step, zero_points(g, step)}, axis_attribute(scale),
                  {DType::kFloat32, q.dims()});
  }
  const Value s = scale.along(g, scale.axis ? rank_of(op, q) : 0);
  if (q.constant() != nullptr && s.constant() != nullptr) {
    std::vector<double> numbers = numbers_of(q);
    const std::vector<double> scales = numbers_of(scale.value);
    const size_t inner = inner_count(q, scale.axis);
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] *= scales[scale.axis ? i / inner % scales.size() : 0] / bound;
    return g.constant(from_doubles(DType::kFloat32, *q.dims(), numbers), q.info()->parameter ? q.name() : "");
  }
  return g.mul(g.cast(q, DType::kFloat32), divided(g, s, bound));
}

// x in front of a Cast from int8, the other half of a pair.
Value as_int8(Builder& g, Value x) {
  if (x.dtype() == DType::kInt8) return x;
  if (const Tensor* tensor = x.constant()) {
    const std::vector<double> numbers = as_doubles(*tensor);
    const bool fits =
        std::ranges::all_of(numbers, [](double n) { return n == std::nearbyint(n) && std::abs(n) <= 128 && n != 128; });
    return fits ? g.constant(from_doubles(DType::kInt8, tensor->dims, numbers), x.info()->parameter ? x.name() : "")
                : x;
  }
  const auto& nodes = g.graph().nodes;
  const auto producer =
      std::find_if(nodes.rbegin(), nodes.rend(), [&](const Node& node) { return node.outputs.front() == x; });
  const bool cast = producer != nodes.rend() && producer->op_type == "Cast";
  return cast && producer->inputs.front().dtype() == DType::kInt8 ? producer->inputs.front() : x;
}

Rounding rounding_of(const OpContext& op, int64_t fallback) {
  const auto type = op.attr<int64_t>("round_type", fallback);
  if (type != 0 && type != 1) op.fail("round_type " + std::to_string(type));
  return type == 0 ? Rounding::kHalfToEven : Rounding::kHalfAway;
}

double bound_of(const OpContext& op) {
  const auto bits = op.attr<int64_t>("bit_length", 8);
  if (bits < 2 || bits > 24) op.fail("bit_length " + std::to_string(bits));
  return bound_of(bits);
}

// Since Paddle 3, the kernels of quantize_linear and dequantize_linear read the largest integer from an attribute of
// its own, and pay no attention to the bits.
double bound_of_pair(const OpContext& op) {
  if (op.attr<bool>("bound_by_bit_length", false) || !op.has_attr("qmax")) return bound_of(op);
  const auto bound = op.attr<int64_t>("qmax");
  if (bound < 1 || bound >= 1 << 24) op.fail("qmax " + std::to_string(bound));
  return static_cast<double>(bound);
}

void refuse_float8(const OpContext& op) {
  if (std::abs(op.attr<int64_t>("qmin", -128)) == 448 || std::abs(op.attr<int64_t>("qmin", -128)) == 57344)
    op.fail("float8, told by a qmin of " + std::to_string(op.attr<int64_t>("qmin")));
}

// The scale that training has left.
Scale given_scale(OpContext& op, Value x) {
  if (!op.attr<bool>("is_test", false)) op.fail("training (is_test is false), where the scale moves with each batch");
  op.out("out_scale", op.in("in_scale"));
  return read_scale(op, op.in("in_scale"), x, -1);
}

// --- pairs ----------------------------------------------------------------------------------------------------------

void quantize_linear(OpContext& op) {
  const Value x = op.in("x");
  // A note for tools of what could be quantized: Paddle computes nothing.
  if (op.attr<bool>("only_observer", false)) return op.out("y", x);
  refuse_float8(op);
  if (!op.attr<bool>("is_test", true)) op.fail("training (is_test is false), where the scale is that of the batch");
  const Scale scale = read_scale(op, op.in("scale"), x, op.attr<int64_t>("quant_axis", 0));
  const Value q = quantize(op, x, scale, bound_of_pair(op), rounding_of(op, 0));
  op.out("y", op.graph().cast(q, op.out_dtype("y") == DType::kInt8 ? DType::kInt8 : x.dtype()));
}

void dequantize_linear(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (op.attr<bool>("only_observer", false)) return op.out("y", x);
  refuse_float8(op);
  const Scale scale = read_scale(op, op.in("scale"), x, op.attr<int64_t>("quant_axis", 0));
  const DType dtype = is_floating(op.out_dtype("y")) ? op.out_dtype("y") : DType::kFloat32;
  const double bound = bound_of_pair(op);
  op.out("y", g.cast(dequantize(op, bound == 127 ? as_int8(g, x) : x, scale, bound), dtype));
}

// --- quantizers that leave integers in a floating tensor ------------------------------------------------------------

void put_integers(OpContext& op, Value x, const Scale& scale, bool saturates) {
  op.out("out", op.graph().cast(quantize(op, x, scale, bound_of(op), rounding_of(op, 1), saturates), x.dtype()));
}

void fake_quantize_by_given(OpContext& op) {
  const Value x = op.in("x");
  put_integers(op, x, given_scale(op, x), true);
}

void fake_quantize_by_largest(OpContext& op) {
  const Value x = op.in("x");
  const Scale scale = measured_scale(op, x);
  op.out("out_scale", op.graph().reshape(scale.value, Ints{1}));
  put_integers(op, x, scale, false);
}

Scale largest_of_channels(OpContext& op, Value x) {
  const Scale scale = measured_scale(op, x, normalize_axis(op, op.attr<int64_t>("quant_axis", 0), rank_of(op, x)));
  op.out("out_scale", scale.value);
  return scale;
}

// Of the scale that training has left, where there is one.
void fake_channel_wise_quantize(OpContext& op) {
  const Value x = op.in("x");
  if (!op.attr<bool>("is_test", false) || !op.has("in_scale"))
    return put_integers(op, x, largest_of_channels(op, x), false);
  op.out("out_scale", op.in("in_scale"));
  put_integers(op, x, read_scale(op, op.in("in_scale"), x, op.attr<int64_t>("quant_axis", 0)), true);
}

// --- quantizers and dequantizers in one -----------------------------------------------------------------------------

void put_numbers(OpContext& op, Value x, const Scale& scale, bool saturates) {
  const Value q = quantize(op, x, scale, bound_of(op), rounding_of(op, 1), saturates);
  op.out("out", op.graph().cast(dequantize(op, q, scale, bound_of(op)), x.dtype()));
}

void fake_quantize_dequantize_by_given(OpContext& op) {
  const Value x = op.in("x");
  put_numbers(op, x, given_scale(op, x), true);
}

void fake_quantize_dequantize_by_largest(OpContext& op) {
  const Value x = op.in("x");
  const Scale scale = measured_scale(op, x);
  op.out("out_scale", op.graph().reshape(scale.value, Ints{1}));
  put_numbers(op, x, scale, false);
}

void fake_channel_wise_quantize_dequantize(OpContext& op) {
  const Value x = op.in("x");
  put_numbers(op, x, largest_of_channels(op, x), false);
}

// --- dequantizers of results of integer weights and integer activations ---------------------------------------------

// out = x · scale / max_range
void dequantize_by_range(OpContext& op) {
  Builder& g = op.graph();
  const Value scale = read_scale(op, op.in("scale"), op.in("x"), -1).value;
  const Value x = g.cast(op.in("x"), DType::kFloat32);
  op.out("out", g.mul(x, divided(g, scale, op.attr<double>("max_range"))));
}

// One scale: that of a weight, along quant_axis. Two: those of the weight's channels, which are the axis x_num_col_dims
// of a result, and that of the activation.
void fake_channel_wise_dequantize(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const std::vector<Value> scales = op.ins("scales");
  const auto bits = op.attr<Ints>("quant_bits", {8});
  if (scales.empty() || scales.size() > 2 || bits.size() < scales.size())
    op.fail(std::to_string(scales.size()) + " scales and " + std::to_string(bits.size()) + " quant_bits");
  const int64_t axis = scales.size() == 1 ? op.attr<int64_t>("quant_axis", 0) : op.attr<int64_t>("x_num_col_dims", 1);
  Value factor = read_scale(op, scales[0], x, axis).along(g, rank_of(op, x));
  double range = bound_of(bits[0]);
  if (scales.size() == 2) {
    const Value activation = read_scale(op, scales[1], x, -1).value;
    range *= bound_of(bits[1]);
    if (activation.constant() != nullptr) {
      range /= std::max(numbers_of(activation).at(0), kTiny);
    } else {
      factor = g.mul(factor, activation);
    }
  }
  op.out("out", g.mul(g.cast(x, DType::kFloat32), divided(g, factor, range)));
}

// --- others ---------------------------------------------------------------------------------------------------------

// A recorder of scales: x passes.
void moving_average_scale(OpContext& op) { op.out("out", op.in("x")); }

// x in [-128, 127] is an index: dict[x], or -dict[x + 128] of a negative one.
void dequantize_log(OpContext& op) {
  Builder& g = op.graph();
  const Value dict = g.flatten_to_1d(op.in("dict"));
  const Value both = g.concat({dict, g.neg(dict)}, 0);
  const Value x = g.cast(op.in("x"), DType::kInt64);
  // -128 … -1 stand in the second half, at x + 256.
  const Value negative = g.cast(g.less(g.cast(x, DType::kFloat32), g.scalar(0, DType::kFloat32)), DType::kInt64);
  op.out("out", g.gather(both, g.add(x, g.mul(negative, g.scalar_i64(256))), 0));
}

void apply_per_channel_scale(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (rank_of(op, x) != 2)
    op.fail("an operand of rank " + std::to_string(x.rank()) + ", of which Paddle scales a part");
  op.out("out", g.mul(x, g.cast(op.in("scales"), x.dtype())));
}

// Rows of w: the least and the largest number, then a byte for each number, four in the place of a float.
void lookup_table_dequant(OpContext& op) {
  Builder& g = op.graph();
  const Value w = op.in("w");
  const Tensor* tensor = w.constant();
  if (tensor == nullptr || tensor->dtype != DType::kFloat32 || w.rank() != 2 || w.dim(1) < 2)
    op.fail("a table that is no float32 parameter of rank 2 with at least 2 columns");
  const auto rows = static_cast<size_t>(w.dim(0));
  const auto columns = static_cast<size_t>(w.dim(1));
  const std::vector<double> numbers = as_doubles(*tensor);
  const std::span<const std::byte> bytes = tensor->bytes.view();
  std::vector<double> table;
  for (size_t row = 0; row < rows; ++row) {
    const auto low = static_cast<float>(numbers[row * columns]);
    const auto high = static_cast<float>(numbers[row * columns + 1]);
    const float step = (high - low) / 256;
    for (size_t i = 8; i < columns * 4; ++i)
      table.push_back(step * static_cast<float>(std::to_integer<int>(bytes[row * columns * 4 + i])) + low);
  }
  const auto padding = op.attr<int64_t>("padding_idx", -1);
  const int64_t width = (w.dim(1) - 2) * 4;
  if (padding >= 0 && padding < w.dim(0)) std::fill_n(table.begin() + padding * width, width, 0.0);
  Value ids = op.in("ids");
  if (rank_of(op, ids) > 0 && ids.dim(-1) == 1) ids = g.squeeze(ids, {ids.rank() - 1});
  op.out("out", g.gather(g.constant(from_doubles(DType::kFloat32, {w.dim(0), width}, table), w.name()),
                         as_indices(g, ids), 0));
}

// A linear layer of 8-bit integers, w [k, n]: x · scale_in · bound is rounded, the products are divided by both scales.
void quant_linear(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const Value w = op.in("w");
  const DType dtype = x.dtype();
  const auto rows = op.attr<int64_t>("in_num_col_dims", 1);
  if (op.attr<bool>("padding_weights", false)) op.fail("padding_weights, a layout of CPU kernels");
  if (rank_of(op, w) != 2 || !w.is_static() || w.dtype() != DType::kInt8) op.fail("a weight that is no int8 matrix");
  if (rows < 1 || rows >= rank_of(op, x)) op.fail("in_num_col_dims " + std::to_string(rows));
  if (rows < x.rank() - 1) {
    Ints shape(static_cast<size_t>(rows), 0);
    shape.push_back(w.dim(0));
    x = g.reshape(x, shape);
  }
  const double high = op.attr<double>("quant_max_bound", 127);
  const double scale = op.attr<double>("scale_in", 1);
  std::vector<double> divisors = op.attr<std::vector<double>>("scale_weights");
  if (static_cast<int64_t>(divisors.size()) != w.dim(1))
    op.fail(std::to_string(divisors.size()) + " scales for " + std::to_string(w.dim(1)) + " columns");
  for (double& divisor : divisors) divisor *= high * high * scale;
  const Value y = g.mul(g.cast(x, DType::kFloat32), g.scalar(high * scale, DType::kFloat32));
  // Not to the nearest: the kernel's rounding away from zero goes to the next whole number whatever the fraction is.
  const Value rounded = op.attr<int64_t>("quant_round_type", 1) == 0
                            ? rounded_to_even(g, y)
                            : g.sub(g.ceil(g.relu(y)), g.ceil(g.relu(g.neg(y))));
  const Value q = g.clip(rounded, op.attr<double>("quant_min_bound", -127), high);
  const Value product = g.matmul(q, g.cast(w, DType::kFloat32));
  const Value out = g.cast(g.div(product, g.constant(from_doubles(DType::kFloat32, {w.dim(1)}, divisors))), dtype);
  const Value bias = op.in_or_none("bias");
  if (!bias) return op.out("out", out);
  // Without a bias, the kernel does not look at the activation.
  const Value sum = g.add(out, g.flatten_to_1d(bias));
  op.out("out", op.attr<std::string>("activation_type", "") == "relu" ? g.relu(sum) : sum);
}

constexpr std::string_view kNoFloat8 = "float8 (qmin -448 or -57344); scales of groups";
constexpr std::string_view kNoFloat8NoTraining = "float8 (qmin -448 or -57344); scales of groups; training";

constexpr MapperEntry kEntries[] = {
    {"apply_per_channel_scale", 7, apply_per_channel_scale},
    {"dequantize_abs_max", 7, dequantize_by_range},
    {"dequantize_linear", 7, dequantize_linear, kNoFloat8},
    {"dequantize_log", 7, dequantize_log},
    {"fake_channel_wise_dequantize_max_abs", 7, fake_channel_wise_dequantize},
    {"fake_channel_wise_quantize_abs_max", 8, fake_channel_wise_quantize},
    {"fake_channel_wise_quantize_dequantize_abs_max", 8, fake_channel_wise_quantize_dequantize},
    {"fake_dequantize_max_abs", 7, dequantize_by_range},
    {"fake_quantize_abs_max", 8, fake_quantize_by_largest},
    {"fake_quantize_dequantize_abs_max", 8, fake_quantize_dequantize_by_largest},
    {"fake_quantize_dequantize_moving_average_abs_max", 7, fake_quantize_dequantize_by_given, "training"},
    {"fake_quantize_moving_average_abs_max", 7, fake_quantize_by_given, "training"},
    {"fake_quantize_range_abs_max", 7, fake_quantize_by_given, "training"},
    {"lookup_table_dequant", 7, lookup_table_dequant, "a table that is no parameter"},
    {"moving_average_abs_max_scale", 7, moving_average_scale},
    {"quant_linear", 7, quant_linear},
    {"quantize_linear", 7, quantize_linear, kNoFloat8NoTraining},
};

}  // namespace

Value quantised_result(OpContext& op, Value x, std::string_view scale) {
  Builder& g = op.graph();
  const double high = op.attr<double>("quant_max_bound", 127);
  if (std::abs(high - 448) < 1e-3) op.fail(std::string(kFloat8Results));
  const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
  Value y = g.mul(g.cast(x, DType::kFloat32), number(op.attr<double>(scale) * high));
  if (op.attr<int64_t>("quant_round_type", 1) == 0) {
    y = g.node("Round", {y});
  } else {
    y = halves_away_from_zero(g, y);
  }
  return g.cast(g.clip(y, op.attr<double>("quant_min_bound", -127), high), DType::kInt8);
}

Value weight(OpContext& op, std::string_view operand, DType computed, int64_t channel_axis) {
  Builder& g = op.graph();
  const Value w = op.in(operand);
  if (w.constant() == nullptr || !is_integer(w.dtype()) || !is_floating(computed)) return w;
  if (!op.attr<std::string>("quantization_type", "").starts_with("post_weight")) {
    // Integers that a dequantizer behind the operator scales. The factor 1 keeps them in one byte each.
    const Scale one{g.scalar(127, DType::kFloat32), std::nullopt};
    return g.cast(dequantize(op, w, one, 127), computed);
  }
  // The attribute holds steps, where all other scales are the largest values.
  const auto bits = op.attr<int64_t>("quantize_weight_bits", 8);
  const std::string suffix = "_quant_scale";
  for (const auto& [name, attribute] : op.op().attributes) {
    if (!name.ends_with(suffix) || name.substr(0, name.size() - suffix.size()) != w.name()) continue;
    std::vector<double> steps = op.attr<std::vector<double>>(name);
    const auto count = static_cast<int64_t>(steps.size());
    for (double& step : steps) step *= bound_of(bits);
    const Scale scale = read_scale(op, g.constant(from_doubles(DType::kFloat32, {count}, steps)), w, channel_axis);
    return g.cast(dequantize(op, w, scale, bound_of(bits)), computed);
  }
  op.fail("the weight '" + w.name() + "' is stored as integers, and no attribute holds its scale");
}

extern const MapperTable kQuantizationMappers = kEntries;

}  // namespace paddle2onnx
