// Statistics: moments, counts, sums of groups.
#include <cmath>
#include <limits>

#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// Constant axes of a reduction; none: all.
Ints reduced_axes(OpContext& op, Value x) {
  Ints axes;
  if (op.has_number("axis")) {
    const auto constant = op.ints("axis").constant();
    if (!constant) op.fail("the axes are computed at run time", "export it with constant axes");
    axes = normalize_axes(op, *constant, rank_of(op, x));
  }
  return axes.empty() ? count_from(0, rank_of(op, x)) : axes;
}

// How many elements are reduced to one, of rank 0 in x's type.
Value reduced_count(Builder& g, Value x, const Ints& axes) {
  Value count = g.ints({1});
  for (const int64_t axis : axes) count = g.mul(count, g.dim(x, axis));
  return g.cast(as_scalar(g, count), x.dtype());
}

// Σ (x - mean)² / max(0, n - correction)
Value variance_of(OpContext& op, Value x, double correction) {
  Builder& g = op.graph();
  const Ints axes = reduced_axes(op, x);
  const bool keepdim = op.attr<bool>("keepdim", false);
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  if (axes.empty()) return g.div(g.sub(x, x), number(std::max(0.0, 1 - correction)));
  const Value centred = g.sub(x, g.reduce("ReduceMean", x, axes, true));
  const Value squares = g.reduce("ReduceSumSquare", centred, axes, keepdim);
  Value divisor;
  int64_t count = 1;
  for (const int64_t axis : axes) count = x.dim(axis) < 0 ? -1 : count < 0 ? -1 : count * x.dim(axis);
  if (count >= 0) {
    divisor = number(std::max(0.0, static_cast<double>(count) - correction));
  } else {
    divisor = g.max(g.sub(reduced_count(g, x, axes), number(correction)), number(0));
  }
  return g.div(squares, divisor);
}

double correction_of(OpContext& op) {
  if (!op.attr<bool>("unbiased", true)) return 0;
  return op.attr<double>("correction", 1.0);
}

void variance(OpContext& op) { op.out("out", variance_of(op, op.in("x"), 0)); }
void var(OpContext& op) { op.out("out", variance_of(op, op.in("x"), correction_of(op))); }
void std_deviation(OpContext& op) { op.out("out", op.graph().sqrt(variance_of(op, op.in("x"), correction_of(op)))); }

// The sum without the NaNs.
void nansum(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const DType wanted = op.attr<DType>("dtype", DType::kUndefined);
  DType dtype = wanted;
  if (dtype == DType::kUndefined) {
    const bool grows = x.dtype() == DType::kBool || x.dtype() == DType::kInt32;
    dtype = grows ? DType::kInt64 : x.dtype();
  }
  if (is_floating(x.dtype())) x = g.where(g.node("IsNaN", {x}), g.scalar(0, x.dtype()), x);
  x = g.cast(x, dtype);
  const Ints axes = reduced_axes(op, x);
  op.out("out", axes.empty() ? x : g.reduce("ReduceSum", x, axes, op.attr<bool>("keepdim", false)));
}

// --- counting -----------------------------------------------------------------------------------------------------

// How often each of the numbers 0 … count - 1 stands in `places` (int64 [n]), or the sum of the weights there; other
// numbers are not counted. `count` is int64 [1].
Value counts_of(Builder& g, Value places, Value count, Value weights, DType dtype) {
  const Value one = g.scalar(1, dtype);
  const Value zero = g.scalar(0, dtype);
  // Up to 15 nothing scatters a sum: every element is compared with every number.
  if (g.opset() < 16) {
    const Value hits = g.equal(g.unsqueeze(positions(g, count), {1}), g.unsqueeze(places, {0}));
    const Value terms = weights ? g.where(hits, g.unsqueeze(weights, {0}), zero) : g.cast(hits, dtype);
    return g.reduce("ReduceSum", terms, Ints{1}, false);
  }
  const Value inside = g.logical_and(g.less(places, count), g.logical_not(g.less(places, g.scalar_i64(0))));
  const Value terms = weights ? g.where(inside, weights, zero) : g.where(inside, one, zero);
  const Value empty = g.expand(zero, count);
  return g.node("ScatterElements", {empty, g.where(inside, places, g.scalar_i64(0)), terms},
                {{"axis", int64_t{0}}, {"reduction", std::string("add")}}, {dtype, empty.dims()});
}

// bins of equal width between min and max, or between the extremes of the elements if both are the same; the last bin
// has its right border.
void histogram(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("input");
  if (x.rank() != 1) x = g.flatten_to_1d(x);
  const auto bins = op.attr<int64_t>("bins", 100);
  const auto low = op.attr<double>("min", 0.0);
  const auto high = op.attr<double>("max", 0.0);
  const bool density = op.attr<bool>("density", false);
  if (bins < 1) op.fail("a histogram of " + std::to_string(bins) + " bins");
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  Value first = number(low);
  Value last = number(high);
  if (low == high) {
    first = g.reduce("ReduceMin", x, Ints{0}, false);
    last = g.reduce("ReduceMax", x, Ints{0}, false);
    // All the same: one to either side.
    const Value flat = g.cast(g.equal(first, last), x.dtype());
    first = g.sub(first, flat);
    last = g.add(last, flat);
  }
  const Value width = g.sub(last, first);
  const Value place = g.div(g.mul(g.sub(x, first), number(static_cast<double>(bins))), width);
  const Value outside = g.logical_or(g.less(x, first), g.greater(x, last));
  Value bin = g.cast(place, DType::kInt64);
  const Value final_bin = g.scalar_i64(bins - 1);
  bin = g.where(g.less(final_bin, bin), final_bin, bin);
  bin = g.where(outside, g.scalar_i64(-1), bin);
  const Value weight = op.in_or_none("weight");
  DType dtype = op.out_dtype("out");
  if (dtype == DType::kUndefined) dtype = density ? DType::kFloat32 : DType::kInt64;
  const DType counted = weight ? weight.dtype() : DType::kInt64;
  Value counts = counts_of(g, bin, g.ints({bins}), weight ? g.flatten_to_1d(weight) : Value(), counted);
  if (density) {
    counts = g.cast(counts, dtype);
    const Value all = g.reduce("ReduceSum", counts, Ints{0}, true);
    const Value bin_width = g.div(g.cast(width, dtype), g.scalar(static_cast<double>(bins), dtype));
    counts = g.div(counts, g.mul(all, bin_width));
  }
  op.out("out", g.cast(counts, dtype));
}

// How often each of 0, 1, … max(x) stands in x; at least `minlength` counts.
void bincount(OpContext& op) {
  Builder& g = op.graph();
  const Value x = g.cast(op.in("x"), DType::kInt64);
  const Value shortest = g.reshape(op.scalar_value("minlength", DType::kInt64), Ints{1});
  const Value count =
      g.add(g.reduce("ReduceMax", g.concat({x, g.sub(shortest, g.ints({1}))}, 0), Ints{0}, true), g.ints({1}));
  const Value weights = op.in_or_none("weights");
  DType dtype = DType::kInt64;
  if (weights) dtype = weights.dtype() == DType::kFloat32 ? DType::kFloat32 : DType::kFloat64;
  op.out_as_computed("out", counts_of(g, x, count, weights ? g.cast(weights, dtype) : Value(), dtype));
}

// How often each of low … high - 1 stands in x.
void int_bincount(OpContext& op) {
  Builder& g = op.graph();
  const auto low = op.attr<int64_t>("low");
  const auto high = op.attr<int64_t>("high");
  if (high < low) op.fail("numbers from " + std::to_string(low) + " to " + std::to_string(high));
  const Value x = g.cast(g.flatten_to_1d(op.in("x")), DType::kInt64);
  const DType dtype = op.out_dtype("out");
  const Value counts = counts_of(g, g.sub(x, g.scalar_i64(low)), g.ints({high - low}), {}, DType::kInt64);
  op.out("out", dtype == DType::kUndefined ? counts : g.cast(counts, dtype));
}

// {how many NaNs, infinities and zeros}, {the largest, the smallest, the mean}. What Paddle stops at, or prints,
// passes.
void check_numerics(OpContext& op) {
  Builder& g = op.graph();
  const Value x = g.cast(g.flatten_to_1d(op.in("tensor")), DType::kFloat32);
  const auto count = [&](Value hits) { return g.reduce("ReduceSum", g.cast(hits, DType::kInt64), Ints{0}, true); };
  const Value infinite = g.equal(g.abs(x), g.scalar(std::numeric_limits<double>::infinity(), DType::kFloat32));
  op.out("stats",
         g.concat({count(g.node("IsNaN", {x})), count(infinite), count(g.equal(x, g.scalar(0, x.dtype())))}, 0));
  const auto reduce = [&](std::string_view type) { return g.reduce(type, x, Ints{0}, true); };
  op.out("values", g.concat({reduce("ReduceMax"), reduce("ReduceMin"), reduce("ReduceMean")}, 0));
}

// --- groups -------------------------------------------------------------------------------------------------------

// Sum, mean or extremes of the rows that share a number; numbers are sorted, and rows of absent ones are zeros.
void segment_pool(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value ids = g.cast(op.in("segment_ids"), DType::kInt64);
  const auto type = op.attr<std::string>("pooltype", "SUM");
  const Value count = g.add(g.slice(ids, Ints{-1}, Ints{kToTheEnd}, Ints{0}), g.ints({1}));
  const int64_t rank = rank_of(op, x);
  // [groups, rows, 1, …]
  const Value members = g.equal(g.unsqueeze(positions(g, count), {1}), g.unsqueeze(ids, {0}));
  const Value spread = g.unsqueeze(members, count_from(2, rank + 1));
  const Value rows = g.unsqueeze(x, {0});
  const auto pooled = [&](std::string_view reduce, Value neutral) {
    return g.reduce(reduce, g.where(spread, rows, neutral), Ints{1}, false);
  };
  const Value sizes = g.reduce("ReduceSum", g.cast(spread, x.dtype()), Ints{1}, false);
  const Value zero = g.scalar(0, x.dtype());
  Value out;
  if (type == "SUM") {
    out = pooled("ReduceSum", zero);
  } else if (type == "MEAN") {
    out = g.div(pooled("ReduceSum", zero), g.add(sizes, g.cast(g.equal(sizes, zero), x.dtype())));
  } else if (type == "MAX" || type == "MIN") {
    const bool largest = type == "MAX";
    // What no element is beyond.
    const bool narrow = x.dtype() == DType::kInt32;
    const int64_t high = narrow ? std::numeric_limits<int32_t>::max() : std::numeric_limits<int64_t>::max();
    const double infinity = std::numeric_limits<double>::infinity();
    const Value neutral = is_floating(x.dtype()) ? g.scalar(largest ? -infinity : infinity, x.dtype())
                                                 : g.constant(from_ints(x.dtype(), {}, {largest ? -high - 1 : high}));
    out = pooled(largest ? "ReduceMax" : "ReduceMin", neutral);
    out = g.where(g.equal(sizes, zero), zero, out);
  } else {
    op.fail("the pooltype '" + type + "'");
  }
  op.out_as_computed("out", out);
  if (op.wants("summed_ids")) op.out_as_computed("summed_ids", g.reshape(sizes, Ints{-1, 1}));
}

// x summed to the shape of the target, as the gradient of a broadcast is.
void reduce_as(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const Value target = op.in("target");
  const int64_t missing = rank_of(op, x) - rank_of(op, target);
  if (missing < 0) op.fail("a target of higher rank");
  if (x.dtype() == DType::kBool) x = g.cast(x, DType::kInt64);
  Ints axes = count_from(0, missing);
  bool known = true;
  for (int64_t i = 0; i < target.rank(); ++i) {
    const int64_t wanted = target.dim(i);
    const int64_t own = x.dim(missing + i);
    if (wanted == 1 && own != 1) axes.push_back(missing + i);
    known &= wanted >= 0 || own == 1;
  }
  if (known) {
    Ints leading = count_from(0, missing);
    const Value sum = axes.empty() ? x : g.reduce("ReduceSum", x, axes, true);
    return op.out("out", g.squeeze(sum, leading));
  }
  g.need_opset(13, "ReduceSum with computed axes");
  Value shape = g.shape(target);
  if (missing > 0) shape = g.concat({g.ints(Ints(static_cast<size_t>(missing), 1)), shape}, 0);
  const Value differs = g.logical_not(g.equal(shape, g.shape(x)));
  const Value over =
      g.reshape(g.node("NonZero", {g.cast(differs, DType::kInt64)}, {}, {DType::kInt64, Dims{1, -1}}), Ints{-1});
  const Value sum = g.node("ReduceSum", {x, over}, {{"keepdims", int64_t{1}}, {"noop_with_empty_axes", int64_t{1}}},
                           {x.dtype(), Dims(static_cast<size_t>(x.rank()), -1)});
  op.out("out", g.reshape(sum, g.shape(target)));
}

// Each part of x along the axis scaled down to a p-norm of at most max_norm.
void renorm(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", -1), rank);
  const double p = op.attr<double>("p", 2.0);
  const double limit = op.attr<double>("max_norm", 1.0);
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  Ints others;
  for (int64_t i = 0; i < rank; ++i) {
    if (i != axis) others.push_back(i);
  }
  const Value powers = g.pow(g.abs(x), number(p));
  const Value norm = g.pow(others.empty() ? powers : g.reduce("ReduceSum", powers, others, true), number(1 / p));
  const Value factor = g.div(number(limit), g.add(norm, number(1e-7)));
  op.out("out", g.mul(x, g.where(g.greater(norm, number(limit)), factor, number(1))));
}

// {largest or smallest element along an axis, the first place where it stands}
template <FixedString Extremum, FixedString Place>
void extremum_with_index(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const bool flatten = op.attr<bool>("flatten", false) || rank == 0;
  const bool keepdim = op.attr<bool>("keepdim", false) && rank > 0;
  int64_t axis = 0;
  if (!flatten) {
    const std::optional<int64_t> dim = op.has_number("dim") ? op.scalar("dim").integer : -1;
    if (!dim) op.fail("a dim that is known at run time only");
    axis = normalize_axis(op, *dim, rank);
  }
  if (flatten && rank != 1) x = g.flatten_to_1d(x);
  Dims dims = *x.dims();
  if (keepdim && !flatten) {
    dims[static_cast<size_t>(axis)] = 1;
  } else {
    dims.erase(dims.begin() + axis);
  }
  Value value = g.reduce(Extremum.text, x, Ints{axis}, keepdim && !flatten);
  Value place =
      g.node(Place.text, {x}, {{"axis", axis}, {"keepdims", int64_t{keepdim && !flatten}}}, {DType::kInt64, dims});
  if (flatten && keepdim) {
    const Ints ones(static_cast<size_t>(rank), 1);
    value = g.reshape(value, ones);
    place = g.reshape(place, ones);
  }
  op.out("values", value);
  op.out("indices", place);
}

// --- of features --------------------------------------------------------------------------------------------------

// Shows and clicks, the first two columns, as logarithms: ln(s + 1), ln(c + 1) - ln(s + 1); or without them.
void cvm(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto column = [&](int64_t first, int64_t last) { return g.slice(x, Ints{first}, Ints{last}, Ints{1}); };
  const Value others = column(2, kToTheEnd);
  if (!op.attr<bool>("use_cvm", true)) return op.out("out", others);
  const auto log = [&](Value v) { return g.log(g.add(v, g.scalar(1, x.dtype()))); };
  const Value shows = log(column(0, 1));
  op.out("out", g.concat({shows, g.sub(log(column(1, 2)), shows), others}, 1));
}

// α · x + β · (sin t / 10000^(k / (h - 1)) in the first half of the features, cos in the second)
void add_position_encoding(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (rank_of(op, x) != 3 || x.dim(2) < 0 || x.dim(2) % 2 != 0)
    op.fail("features whose number is not known or odd, or an operand that is not [batch, time, features]");
  const int64_t half = x.dim(2) / 2;
  std::vector<double> scale;
  for (int64_t k = 0; k < half; ++k) {
    const double exponent = half > 1 ? static_cast<double>(k) / static_cast<double>(half - 1) : 1.0;
    scale.push_back(1 / std::pow(10000.0, exponent));
  }
  const Value time = g.unsqueeze(g.cast(positions(g, g.dim(x, 1)), DType::kFloat64), {1});
  const Value angle = g.mul(time, g.constant(from_doubles(DType::kFloat64, {half}, scale)));
  const Value waves = g.cast(g.concat({g.node("Sin", {angle}), g.node("Cos", {angle})}, 1), x.dtype());
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  op.out("out", g.add(g.mul(x, number(op.attr<double>("alpha", 1))), g.mul(waves, number(op.attr<double>("beta", 1)))));
}

// x[s] · w[s] + bias[s]
void batch_fc(OpContext& op) {
  Builder& g = op.graph();
  const Value product = g.matmul(op.in("input"), op.in("w"));
  op.out("out", g.add(product, g.unsqueeze(op.in("bias"), {1})));
}

constexpr MapperEntry kEntries[] = {
    {"add_position_encoding", 7, add_position_encoding},
    {"batch_fc", 7, batch_fc},
    {"bincount", 11, bincount},
    {"cvm", 7, cvm},
    {"check_numerics", 11, check_numerics},
    {"histogram", 9, histogram},
    {"int_bincount", 7, int_bincount},
    {"max_with_index", 7, extremum_with_index<"ReduceMax", "ArgMax">},
    {"min_with_index", 7, extremum_with_index<"ReduceMin", "ArgMin">},
    {"nansum", 9, nansum},
    {"reduce_as", 7, reduce_as},
    {"renorm", 9, renorm},
    {"segment_pool", 11, segment_pool},
    {"std", 7, std_deviation},
    {"var", 7, var},
    {"variance", 7, variance},
};

}  // namespace

extern const MapperTable kStatisticsMappers = kEntries;

}  // namespace paddle2onnx
