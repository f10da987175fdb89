// Functions of one tensor, element by element or running along an axis.
#include <cmath>
#include <limits>
#include <numbers>

#include "graph/complex.h"
#include "mapper/rounding.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// Of integers, Paddle computes exponentials and logarithms in float32.
Value as_floating(OpContext& op, Value x) {
  return is_floating(x.dtype()) || is_complex(x.dtype()) ? x : op.graph().cast(x, DType::kFloat32);
}

template <FixedString OnnxOp>
void floating_unary(OpContext& op) {
  op.out("out", op.graph().node(OnnxOp.text, {as_floating(op, op.in("x"))}));
}

void square(OpContext& op) {
  const Value x = op.in("x");
  op.out("out", op.graph().mul(x, x));
}

void rsqrt(OpContext& op) { op.out("out", op.graph().node("Reciprocal", {op.graph().sqrt(op.in("x"))})); }

// The logarithm to the base 2 or 10.
template <int Base>
void log_to_base(OpContext& op) {
  Builder& g = op.graph();
  const Value x = as_floating(op, op.in("x"));
  op.out("out", g.mul(g.log(x), g.scalar(1 / std::log(Base), x.dtype())));
}

// e^x - 1 = tanh(x / 2) · (e^x + 1), which loses no digits where x is near 0.
void expm1(OpContext& op) {
  Builder& g = op.graph();
  const Value x = as_floating(op, op.in("x"));
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  op.out("out", g.mul(g.tanh(g.mul(x, number(0.5))), g.add(g.exp(x), number(1))));
}

// ln(1 + x)
void log1p(OpContext& op) {
  Builder& g = op.graph();
  const Value x = as_floating(op, op.in("x"));
  op.out("out", g.log(g.add(x, g.scalar(1, x.dtype()))));
}

// ln(u) · x / d, where u = 1 + x and d = u - 1 are rounded: what the sum has lost cancels out.
void accurate_log1p(OpContext& op) {
  Builder& g = op.graph();
  const Value x = as_floating(op, op.in("x"));
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  const Value u = g.add(x, number(1));
  const Value d = g.sub(u, number(1));
  const Value correction = g.where(g.equal(d, x), number(1), g.div(x, d));
  op.out("out", g.where(g.equal(d, number(0)), x, g.mul(g.log(u), correction)));
}

// The sign of x, times |x| rounded down and one more where `goes_up` says so of the whole and the rest.
template <typename GoesUp>
Value rounded_size(Builder& g, Value x, GoesUp goes_up) {
  const Value size = g.abs(x);
  const Value whole = g.floor(size);
  return g.mul(g.node("Sign", {x}), g.add(whole, g.cast(goes_up(whole, g.sub(size, whole)), x.dtype())));
}

}  // namespace

Value halves_away_from_zero(Builder& g, Value x) {
  return rounded_size(g, x, [&](Value, Value rest) { return g.logical_not(g.less(rest, g.scalar(0.5, x.dtype()))); });
}

namespace {

// A half goes up where the whole is odd.
Value halves_to_even(Builder& g, Value x) {
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  return rounded_size(g, x, [&](Value whole, Value rest) {
    const Value odd = g.less(g.mul(g.floor(g.mul(whole, number(0.5))), number(2)), whole);
    return g.logical_and(g.logical_not(g.less(rest, number(0.5))), g.logical_or(g.less(number(0.5), rest), odd));
  });
}

Value onnx_round(Builder& g, Value x) { return g.node("Round", {x}); }

// Halves went away from zero up to Paddle 3.0, and go to the even neighbour since.
template <Value (*ToEven)(Builder&, Value)>
void round(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  const int64_t decimals = op.attr<int64_t>("decimals", 0);
  if (!is_floating(x.dtype())) {
    if (decimals < 0) op.fail("negative decimals of integers");
    op.out("out", x);
    return;
  }
  const Value power = number(std::pow(10.0, std::abs(decimals)));
  const Value scaled = decimals == 0 ? x : decimals > 0 ? g.mul(x, power) : g.div(x, power);
  const bool away = op.attr<bool>("halves_away_from_zero", false);
  const Value rounded = away ? halves_away_from_zero(g, scaled) : ToEven(g, scaled);
  op.out("out", decimals == 0 ? rounded : decimals > 0 ? g.div(rounded, power) : g.mul(rounded, power));
}

void trunc(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.has("input") ? op.in("input") : op.in("x");
  op.out("out", is_floating(x.dtype()) ? g.mul(g.node("Sign", {x}), g.floor(g.abs(x))) : x);
}

// ONNX has Sinh and Cosh from opset 9 on. ONNX Runtime has no kernels of float64 for them, for Tan neither: in float32
// they were infinite from 90 on, and the tangent of large numbers off.
template <FixedString OpType, void (*Formula)(OpContext&)>
void unless_double(OpContext& op) {
  if (op.in("x").dtype() == DType::kFloat64) return Formula(op);
  floating_unary<OpType>(op);
}

void sinh(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  const Value far = g.mul(g.sub(g.exp(x), g.exp(g.neg(x))), number(0.5));
  if (x.dtype() != DType::kFloat64 || g.opset() < 9) return op.out("out", far);
  // Near 0 the difference loses its digits: the series, to the 13th power.
  const Value square = g.mul(x, x);
  Value series = number(1);
  for (int64_t n = 6; n >= 1; --n)
    series = g.add(number(1), g.mul(g.mul(square, number(1.0 / static_cast<double>(2 * n * (2 * n + 1)))), series));
  op.out("out", g.where(g.less(g.abs(x), number(0.5)), g.mul(x, series), far));
}

void tan(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.div(g.node("Sin", {x}), g.node("Cos", {x})));
}

void cosh(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.mul(g.add(g.exp(x), g.exp(g.neg(x))), g.scalar(0.5, x.dtype())));
}

// Paddle's own form: ln(x / (1 - x)), of x limited to [eps, 1 - eps] unless eps is 0.
void logit(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const double eps = op.attr<double>("eps", 1e-6);
  if (eps > 0) x = g.clip(x, eps, 1 - eps);
  op.out("out", g.log(g.div(x, g.sub(g.scalar(1, x.dtype()), x))));
}

// x to a power that is an attribute or a tensor; of integers, the power is cut to an integer.
void pow(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const ScalarArgument exponent = op.scalar("y");
  if (exponent.number == 2.0) {
    op.out("out", g.mul(x, x));
  } else if (exponent.number == 1.0) {
    op.out("out", x);
  } else {
    op.out("out", g.pow(x, op.scalar_value("y", x.dtype())));
  }
}

// x limited to [min, max]; of integers, the limits are cut to integers.
void clip(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.clip(x, op.scalar_value("min", x.dtype()), op.scalar_value("max", x.dtype())));
}

// --- NaN and infinity ---------------------------------------------------------------------------------------------

double largest(DType dtype) {
  switch (dtype) {
    case DType::kFloat16: return 65504;
    case DType::kBFloat16: return 0x1.FEp127;
    case DType::kFloat32: return std::numeric_limits<float>::max();
    default: return std::numeric_limits<double>::max();
  }
}

// Of integers: nothing is different from itself.
Value never(Builder& g, Value x) { return g.logical_not(g.equal(x, x)); }

Value is_infinite(Builder& g, Value x) {
  if (!is_floating(x.dtype())) return never(g, x);
  return g.greater(g.abs(x), g.scalar(largest(x.dtype()), x.dtype()));
}

Value is_nan(Builder& g, Value x) { return is_floating(x.dtype()) ? g.node("IsNaN", {x}) : never(g, x); }

Value is_finite(Builder& g, Value x) {
  if (!is_floating(x.dtype())) return g.equal(x, x);
  return g.less_equal(g.abs(x), g.scalar(largest(x.dtype()), x.dtype()));
}

template <Value (*Test)(Builder&, Value)>
void test_elements(OpContext& op) {
  op.out("out", Test(op.graph(), op.in("x")));
}

// The operators of Paddle 1.x, which answer for the whole tensor with one element.
template <Value (*Test)(Builder&, Value), FixedString Reduce>
void test_tensor(OpContext& op) {
  Builder& g = op.graph();
  const Value one = g.reduce(Reduce.text, g.flatten_to_1d(Test(g, op.in("x"))), Ints{0}, true);
  const DType dtype = op.out_dtype("out");
  op.out("out", g.cast(one, dtype == DType::kUndefined ? DType::kBool : dtype));
}

// --- along an axis ------------------------------------------------------------------------------------------------

// The operand and the axis that a running operator works on: `flatten` makes one axis of all.
struct Running {
  Value x;
  int64_t axis;
  bool is_scalar;  // the operand has rank 0, and so has the result
  bool is_flattened;
  Value computed_axis;  // int64 of rank 0, where the axis is known at run time only
};

Running running_operand(OpContext& op, std::string_view axis_name) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const bool flatten = op.attr<bool>("flatten", false);
  if (x.rank() == 0) return {g.reshape(x, Ints{1}), 0, !flatten, flatten, {}};
  if (flatten) return {x.rank() == 1 ? x : g.flatten_to_1d(x), 0, false, true, {}};
  int64_t axis = -1;
  if (op.has_number(axis_name)) {
    const ScalarArgument argument = op.scalar(axis_name);
    if (!argument.known()) return {x, 0, false, false, op.scalar_value(axis_name, DType::kInt64)};
    axis = static_cast<int64_t>(*argument.number);
  }
  return {x, normalize_axis(op, axis, x.rank()), false, false, {}};
}

void out_running(OpContext& op, const Running& running, Value result, std::string_view name = "out") {
  // Paddle declares the product of two open dimensions, -1 · -1, as 1.
  if (running.is_flattened) return op.out_as_computed(name, result);
  op.out(name, running.is_scalar ? op.graph().reshape(result, Ints{}) : result);
}

void cumsum(OpContext& op) {
  Builder& g = op.graph();
  const Running r = running_operand(op, "axis");
  out_running(op, r,
              g.node("CumSum", {r.x, r.computed_axis ? r.computed_axis : g.scalar_i64(r.axis)},
                     {{"exclusive", int64_t{op.attr<bool>("exclusive", false)}},
                      {"reverse", int64_t{op.attr<bool>("reverse", false)}}}));
}

void cumprod(OpContext& op) {
  Builder& g = op.graph();
  const Running r = running_operand(op, "dim");
  out_running(op, r,
              g.node("CumProd", {r.x, g.scalar_i64(r.axis)},
                     {{"exclusive", int64_t{op.attr<bool>("exclusive", false)}},
                      {"reverse", int64_t{op.attr<bool>("reverse", false)}}}));
}

// Every prefix of x along an axis as a row of its own: [.., n (prefix), n (element)], other elements `neutral`. What
// reduces the last dimension then runs along the axis.
struct Prefixes {
  Value members;  // bool [n, n]
  Value rows;     // x with the axis last, [.., 1, n]
  Ints perm;      // that moves the axis to the end, and back
};

Prefixes prefixes_of(OpContext& op, const Running& r) {
  Builder& g = op.graph();
  if (r.computed_axis) op.fail("the axis is computed at run time", "export it with a constant axis");
  Ints perm;
  for (int64_t i = 0; i < r.x.rank(); ++i) perm.push_back(i);
  std::swap(perm[static_cast<size_t>(r.axis)], perm.back());
  const Value count = g.squeeze(g.dim(r.x, r.axis), {0});
  const Value positions = g.range(g.scalar_i64(0), count, g.scalar_i64(1));
  const Value row = g.unsqueeze(positions, {1});
  const bool exclusive = op.attr<bool>("exclusive", false);
  const bool reverse = op.attr<bool>("reverse", false);
  Value members;
  if (reverse) {
    members = exclusive ? g.greater(positions, row) : g.greater_equal(positions, row);
  } else {
    members = exclusive ? g.less(positions, row) : g.less_equal(positions, row);
  }
  return {members, g.unsqueeze(g.transpose(r.x, perm), {-2}), perm};
}

// Up to opset 25 ONNX has no product that runs along an axis.
void cumprod_of_prefixes(OpContext& op) {
  Builder& g = op.graph();
  const Running r = running_operand(op, "dim");
  const Prefixes p = prefixes_of(op, r);
  const Value factors = g.where(p.members, p.rows, g.scalar(1, r.x.dtype()));
  out_running(op, r, g.transpose(g.reduce("ReduceProd", factors, Ints{-1}, false), p.perm));
}

// ln Σ e^x of each prefix, from the largest element as the origin.
void logcumsumexp(OpContext& op) {
  Builder& g = op.graph();
  const Running r = running_operand(op, "axis");
  const Prefixes p = prefixes_of(op, r);
  const Value terms = g.where(p.members, p.rows, g.scalar(-std::numeric_limits<double>::infinity(), r.x.dtype()));
  const Value largest_term = g.reduce("ReduceMax", terms, Ints{-1}, true);
  // Where all terms are -inf so is the result, and no difference of infinities must be taken.
  const Value origin = g.where(is_infinite(g, largest_term), g.scalar(0, r.x.dtype()), largest_term);
  const Value sum = g.reduce("ReduceSum", g.exp(g.sub(terms, origin)), Ints{-1}, false);
  Value result = g.add(g.log(sum), g.squeeze(origin, {-1}));
  // Paddle starts from the lowest number, not from -inf: so much is nothing, and -inf.
  result = g.max(result, g.scalar(-largest(r.x.dtype()), r.x.dtype()));
  out_running(op, r, g.transpose(result, p.perm));
}

// The largest or smallest element of each prefix, and the last place where it stands. A NaN stays.
template <FixedString Reduce>
void running_extremum(OpContext& op) {
  Builder& g = op.graph();
  const Running r = running_operand(op, "axis");
  const Prefixes p = prefixes_of(op, r);
  const bool largest_wanted = std::string_view(Reduce.text) == "ReduceMax";
  const DType dtype = r.x.dtype();
  Value neutral;
  if (is_floating(dtype)) {
    neutral = g.scalar(
        largest_wanted ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity(), dtype);
  } else {
    const bool small = dtype == DType::kInt32;
    const int64_t low = small ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int64_t>::min();
    const int64_t high = small ? std::numeric_limits<int32_t>::max() : std::numeric_limits<int64_t>::max();
    neutral = g.constant(from_ints(dtype, {}, {largest_wanted ? low : high}));
  }
  Value values = g.reduce(Reduce.text, g.where(p.members, p.rows, neutral), Ints{-1}, true);
  Value strangers;  // what is not a number: ONNX Runtime's reductions may lose it
  if (is_floating(dtype)) {
    strangers = g.logical_and(g.node("IsNaN", {p.rows}), p.members);
    const Value any = g.cast(g.reduce("ReduceMax", g.cast(strangers, DType::kFloat32), Ints{-1}, true), DType::kBool);
    values = g.where(any, g.scalar(std::numeric_limits<double>::quiet_NaN(), dtype), values);
  }
  out_running(op, r, g.transpose(g.squeeze(values, {-1}), p.perm), "out");
  if (!op.wants("indices")) return;
  const Value count = g.squeeze(g.dim(r.x, r.axis), {0});
  const Value positions = g.range(g.scalar_i64(0), count, g.scalar_i64(1));
  Value hits = g.logical_and(g.equal(p.rows, values), p.members);
  if (strangers) hits = g.logical_or(hits, strangers);
  const Value last = g.reduce("ReduceMax", g.where(hits, positions, g.scalar_i64(0)), Ints{-1}, false);
  out_running(op, r, g.cast(g.transpose(last, p.perm), op.attr<DType>("dtype", DType::kInt64)), "indices");
}

constexpr MapperEntry kEntries[] = {
    {"abs", 7, unary<"Abs">},
    {"acos", 7, floating_unary<"Acos">},
    {"acosh", 9, floating_unary<"Acosh">},
    {"asin", 7, floating_unary<"Asin">},
    {"asinh", 9, floating_unary<"Asinh">},
    {"atan", 7, floating_unary<"Atan">},
    {"atanh", 9, floating_unary<"Atanh">},
    {"ceil", 7, unary<"Ceil">},
    {"clip", 7, clip},
    {"cos", 7, floating_unary<"Cos">},
    {"cosh", 7, cosh},
    {"cosh", 9, unless_double<"Cosh", cosh>},
    {"cummax", 11, running_extremum<"ReduceMax">},
    {"cummin", 11, running_extremum<"ReduceMin">},
    {"cumprod", 9, cumprod_of_prefixes},
    {"cumprod", 26, cumprod},
    {"cumsum", 11, cumsum},
    {"erf", 9, unary<"Erf">},
    {"exp", 7, floating_unary<"Exp">},
    {"expm1", 7, expm1},
    {"floor", 7, unary<"Floor">},
    {"isfinite", 7, test_elements<is_finite>},
    {"isfinite_all", 11, test_tensor<is_finite, "ReduceMin">},
    {"isinf", 7, test_elements<is_infinite>},
    {"isinf_any", 7, test_tensor<is_infinite, "ReduceMax">},
    {"isnan", 7, test_elements<is_nan>},
    {"isnan_any", 7, test_tensor<is_nan, "ReduceMax">},
    {"log", 7, floating_unary<"Log">},
    {"log10", 7, log_to_base<10>},
    {"log1p", 7, log1p},
    {"log1p", 11, accurate_log1p},
    {"log2", 7, log_to_base<2>},
    {"logcumsumexp", 9, logcumsumexp},
    {"logit", 7, logit},
    {"pow", 7, pow},
    {"reciprocal", 7, unary<"Reciprocal">},
    {"round", 9, round<halves_to_even>},
    {"round", 11, round<onnx_round>},
    {"rsqrt", 7, rsqrt},
    {"sign", 9, unary<"Sign">},
    {"sin", 7, floating_unary<"Sin">},
    {"sinh", 7, sinh},
    {"sinh", 9, unless_double<"Sinh", sinh>},
    {"sqrt", 7, unary<"Sqrt">},
    {"square", 7, square},
    {"tan", 7, unless_double<"Tan", tan>},
    {"trunc", 7, trunc},
};

}  // namespace

extern const MapperTable kMathMappers = kEntries;

}  // namespace paddle2onnx
