// Order: places of extremes, the first k, sorting and searching.
#include <limits>

#include "mapper/indices.h"
#include "mapper/loops.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// The place of the first of the largest or smallest elements.
template <FixedString OnnxOp>
void arg_extremum(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const int64_t rank = x.rank();
  const bool flatten = op.attr<bool>("flatten", false) || rank == 0;
  const bool keepdims = op.attr<bool>("keepdims", false);
  int64_t axis = 0;
  if (flatten) {
    x = rank == 1 ? x : g.flatten_to_1d(x);
  } else {
    const ScalarArgument argument = op.scalar("axis");
    if (!argument.known()) op.fail("a computed axis", "export with a constant axis");
    axis = normalize_axis(op, static_cast<int64_t>(*argument.number), rank);
  }
  std::optional<Dims> dims = x.dims();
  if (dims) {
    if (keepdims && !flatten) {
      dims->at(static_cast<size_t>(axis)) = 1;
    } else {
      dims->erase(dims->begin() + axis);
    }
  }
  Value place =
      g.node(OnnxOp.text, {x}, {{"axis", axis}, {"keepdims", int64_t{keepdims && !flatten}}}, {DType::kInt64, dims});
  if (flatten && keepdims && rank > 0) place = g.reshape(place, Ints(static_cast<size_t>(rank), 1));
  DType dtype = op.attr<DType>("dtype", DType::kInt64);
  if (dtype == DType::kUndefined) dtype = DType::kInt64;
  op.out("out", g.cast(place, dtype));
}

// A tensor of rank 0 is sorted as one of one element.
struct Sortable {
  Value x;
  int64_t axis;
  bool is_scalar;
};

Sortable sortable_operand(OpContext& op) {
  const Value x = op.in("x");
  if (x.rank() == 0) return {op.graph().reshape(x, Ints{1}), 0, true};
  return {x, normalize_axis(op, op.attr<int64_t>("axis", -1), x.rank()), false};
}

void out_sorted(OpContext& op, const Sortable& s, Value values, Value indices) {
  Builder& g = op.graph();
  op.out("out", s.is_scalar ? g.reshape(values, Ints{}) : values);
  op.out("indices", s.is_scalar ? g.reshape(indices, Ints{}) : indices);
}

// `sorted` = false leaves the order open: sorted is right there too.
void topk(OpContext& op) {
  Builder& g = op.graph();
  const Sortable s = sortable_operand(op);
  const IntsArgument k = op.ints("k");
  const auto [values, indices] = g.topk(s.x, k.value, s.axis, op.attr<bool>("largest", true), true);
  out_sorted(op, s, values, indices);
}

// ONNX's TopK keeps the order of equal elements, so that this is stable.
void argsort(OpContext& op) {
  Builder& g = op.graph();
  const Sortable s = sortable_operand(op);
  const bool descending = op.attr<bool>("descending", false);
  const auto [values, indices] = g.topk(s.x, g.dim(s.x, s.axis), s.axis, descending, true);
  out_sorted(op, s, values, indices);
}

// The k-th smallest is the last of the k smallest.
void kthvalue(OpContext& op) {
  Builder& g = op.graph();
  const Sortable s = sortable_operand(op);
  const auto k = op.ints("k").constant();
  if (!k || k->size() != 1) op.fail("a computed k", "export with a constant k");
  const auto [values, indices] = g.topk(s.x, g.ints(*k), s.axis, false, true);
  const auto last = [&](Value x) {
    x = g.slice(x, Ints{k->front() - 1}, Ints{k->front()}, Ints{s.axis});
    return op.attr<bool>("keepdim", false) && !s.is_scalar ? x : g.squeeze(x, {s.axis});
  };
  op.out("out", last(values));
  op.out("indices", last(indices));
}

// The most frequent element (the smallest of them) and the last place where it stands: each element is compared with
// all.
void mode(OpContext& op) {
  Builder& g = op.graph();
  const Sortable s = sortable_operand(op);
  Ints perm;
  for (int64_t i = 0; i < s.x.rank(); ++i) perm.push_back(i);
  std::swap(perm[static_cast<size_t>(s.axis)], perm.back());
  const Value x = g.transpose(s.x, perm);
  const int64_t last = x.rank() - 1;
  const auto [sorted, places] = g.topk(x, g.dim(x, last), last, false, true);
  const Value same = g.equal(g.unsqueeze(sorted, {-1}), g.unsqueeze(sorted, {-2}));
  const Value frequency = g.reduce("ReduceSum", g.cast(same, DType::kInt64), Ints{-1}, false);
  // Sorted, so that the first place of the largest frequency belongs to the smallest such element. Its run ends
  // `largest frequency` - 1 later.
  Dims dims = *x.dims();
  dims.back() = 1;
  const Value first = g.node("ArgMax", {frequency}, {{"axis", last}, {"keepdims", int64_t{1}}}, {DType::kInt64, dims});
  const Value run = g.reduce("ReduceMax", frequency, Ints{-1}, true);
  const Value end = g.sub(g.add(first, run), g.scalar_i64(1));
  const auto picked = [&](Value from) {
    Value y = g.node("GatherElements", {from, end}, {{"axis", last}}, {from.dtype(), dims});
    if (s.is_scalar) return g.reshape(y, Ints{});
    if (!op.attr<bool>("keepdim", false)) {
      // The axis stands last; without it the others are in the order of a swap.
      y = g.transpose(y, perm);
      return g.squeeze(y, {s.axis});
    }
    return g.transpose(y, perm);
  };
  op.out("out", picked(sorted));
  op.out("indices", picked(places));
}

// The middle of the sorted elements, or the mean of the two in the middle. Without the NaNs, and NaN if there is
// nothing else; or NaN if there is any. The place of the (lower) middle is the first such element of the reduced axes;
// of a mean, both places are given, along an axis behind the others.
void middle(OpContext& op, bool ignores_nan) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const bool keepdim = op.attr<bool>("keepdim", true);
  Ints axes;
  if (op.has_number("axis")) {
    const auto constant = op.ints("axis").constant();
    if (!constant) op.fail("the axes are computed at run time", "export it with constant axes");
    axes = normalize_axes(op, *constant, x.rank());
  }
  if (axes.empty()) {
    for (int64_t i = 0; i < x.rank(); ++i) axes.push_back(i);
  }
  std::ranges::sort(axes);
  // The axes become one, behind the others.
  Ints perm;
  std::vector<Value> shape;
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (std::ranges::count(axes, i) > 0) continue;
    perm.push_back(i);
    shape.push_back(g.dim(x, i));
  }
  perm.insert(perm.end(), axes.begin(), axes.end());
  shape.push_back(g.ints({-1}));
  x = g.reshape(g.transpose(x, perm), g.concat_ints(shape));
  const int64_t last = static_cast<int64_t>(shape.size()) - 1;

  const bool floating = is_floating(x.dtype());
  const Value number = floating ? g.logical_not(g.node("IsNaN", {x})) : g.equal(x, x);
  const Value count = g.reduce("ReduceSum", g.cast(number, DType::kInt64), Ints{last}, true);
  // NaNs go to the end.
  if (floating) x = g.where(number, x, g.scalar(std::numeric_limits<double>::infinity(), x.dtype()));
  const auto [sorted, places] = g.topk(x, g.dim(x, last), last, false, true);
  const auto at = [&](Value from, Value place) {
    return g.node("GatherElements", {from, place}, {{"axis", last}}, {from.dtype(), place.dims()});
  };
  const Value two = g.scalar_i64(2);
  const Value lower_place = g.div(g.max(g.sub(count, g.scalar_i64(1)), g.scalar_i64(0)), two);
  const Value upper_place = g.div(count, two);
  const bool average = op.attr<std::string>("mode", "avg") == "avg";
  Value median = at(sorted, lower_place);
  if (average) {
    // Of integers too, the mean is a float.
    const DType dtype = floating || op.out_dtype("out") == x.dtype() ? x.dtype() : DType::kFloat32;
    median = g.div(g.add(g.cast(median, dtype), g.cast(at(sorted, upper_place), dtype)), g.scalar(2, dtype));
  }
  Value undefined;
  if (floating) {
    undefined = ignores_nan ? g.equal(count, g.scalar_i64(0)) : g.less(count, g.dim(x, last));
    median = g.where(undefined, g.scalar(std::numeric_limits<double>::quiet_NaN(), x.dtype()), median);
  }
  const auto shaped = [&](Value v) {
    v = g.squeeze(v, {last});
    return keepdim ? g.unsqueeze(v, axes) : v;
  };
  op.out("out", shaped(median));
  if (!op.wants("medians")) return;
  // Of what is not defined, the place is -1, or that of the first NaN.
  Value nowhere = g.scalar_i64(-1);
  if (floating && !ignores_nan) {
    Dims dims = *x.dims();
    dims.back() = 1;
    nowhere = g.node("ArgMax", {g.cast(g.logical_not(number), DType::kInt64)},
                     {{"axis", last}, {"keepdims", int64_t{1}}}, {DType::kInt64, dims});
  }
  const auto place = [&, from = places](Value rank) {
    const Value found = at(from, rank);
    return shaped(undefined ? g.where(undefined, nowhere, found) : found);
  };
  if (!average) return op.out("medians", place(lower_place));
  const Value lower = place(lower_place);
  const int64_t behind = lower.rank();
  op.out("medians", g.concat({g.unsqueeze(lower, {behind}), g.unsqueeze(place(upper_place), {behind})}, behind));
}

void nanmedian(OpContext& op) { middle(op, true); }
void median(OpContext& op) { middle(op, false); }

// How many elements of the sorted sequence are smaller than the value (or not larger, from the right).
void searchsorted(OpContext& op) {
  Builder& g = op.graph();
  const Value values = op.in("values");
  Value sequence = op.in("sorted_sequence");
  if (sequence.rank() > 1) sequence = g.unsqueeze(sequence, {-2});
  const Value value = g.unsqueeze(values, {-1});
  const Value before = op.attr<bool>("right", false) ? g.less_equal(sequence, value) : g.less(sequence, value);
  const DType dtype = op.attr<bool>("out_int32", false) ? DType::kInt32 : DType::kInt64;
  op.out("out", g.reduce("ReduceSum", g.cast(before, dtype), Ints{-1}, false));
}

// For each of some slices across an axis, [rows, columns]: the largest element, then the largest outside of its row and
// column, and so on, until rows or columns are used up. 1 where an element of any slice was chosen, else 0.
void similarity_focus(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (rank_of(op, x) != 4) op.fail("an operand of rank " + std::to_string(x.rank()));
  const auto axis = op.attr<int64_t>("axis");
  if (axis < 1 || axis > 3) op.fail("axis " + std::to_string(axis));
  Ints others = {1, 2, 3};
  std::erase(others, axis);
  const Ints places = op.attr<Ints>("indexes");
  const Value slices = g.transpose(g.gather(x, g.ints(places), axis), {0, axis, others[0], others[1]});
  // Below all others there is place for those that are not free.
  const double lowest = x.dtype() == DType::kFloat64 ? std::numeric_limits<double>::lowest()
                                                     : static_cast<double>(std::numeric_limits<float>::lowest());
  const Value low = g.scalar(lowest, x.dtype());
  const Value values = g.where(g.greater(slices, low), slices, low);
  const Value rows = g.dim(x, others[0]);
  const Value columns = g.dim(x, others[1]);
  const Value flat = g.concat_ints({g.ints({0, 0}), g.mul(rows, columns)});
  const Value grid = g.concat_ints({g.ints({0, 0}), rows, columns});
  const Value numbers = positions(g, g.mul(rows, columns));
  const Value nothing = g.expand(g.scalar(0, DType::kFloat32), g.shape(slices));
  const auto choose = [&](Value, const std::vector<Value>& states) -> Turn {
    const Value used = g.greater(states[1], g.scalar(0, DType::kFloat32));
    const Value infinity = g.scalar(-std::numeric_limits<double>::infinity(), x.dtype());
    const Value candidates = g.reshape(g.where(used, infinity, values), flat);
    const Value place = g.node("ArgMax", {candidates}, {{"axis", int64_t{2}}, {"keepdims", int64_t{1}}},
                               {DType::kInt64, Dims{slices.dim(0), slices.dim(1), 1}});
    const Value chosen = g.reshape(g.cast(g.equal(numbers, place), DType::kFloat32), grid);
    const Value row = g.reduce("ReduceMax", chosen, Ints{3}, true);
    const Value column = g.reduce("ReduceMax", chosen, Ints{2}, true);
    return {{g.max(states[0], chosen), g.max(states[1], g.max(row, column))}, {}};
  };
  const Value turns = as_scalar(g, g.min(rows, columns));
  const Value chosen = repeat(g, turns, {nothing, nothing}, choose).states[0];
  const Value any = g.unsqueeze(g.reduce("ReduceMax", chosen, Ints{1}, false), {axis});
  op.out("out", g.cast(g.expand(any, g.shape(x)), x.dtype()));
}

constexpr MapperEntry kEntries[] = {
    {"argmax", 7, arg_extremum<"ArgMax">},
    {"argmin", 7, arg_extremum<"ArgMin">},
    {"argsort", 7, argsort},
    {"kthvalue", 7, kthvalue},
    {"median", 12, median},
    {"mode", 11, mode},
    {"nanmedian", 12, nanmedian},
    {"searchsorted", 7, searchsorted},
    {"similarity_focus", 9, similarity_focus},
    {"topk", 7, topk},
};

}  // namespace

extern const MapperTable kSortingMappers = kEntries;

}  // namespace paddle2onnx
