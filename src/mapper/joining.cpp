// Joining and taking apart; reordering along axes.
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

int64_t constant_axis(OpContext& op, std::string_view name) {
  const ScalarArgument axis = op.scalar(name);
  if (!axis.known()) op.fail("an axis that is computed at run time", "ONNX needs a constant axis here");
  return axis.integer.value_or(static_cast<int64_t>(*axis.number));
}

// Tensors of rank 0 are joined as those of one element.
void concat(OpContext& op) {
  Builder& g = op.graph();
  std::vector<Value> xs = op.ins("x");
  if (xs.empty()) op.fail("there is nothing to join");
  for (Value& x : xs) {
    if (rank_of(op, x) == 0) x = g.reshape(x, Ints{1});
  }
  op.out("out", g.concat(xs, normalize_axis(op, constant_axis(op, "axis"), xs.front().rank())));
}

void stack(OpContext& op) {
  Builder& g = op.graph();
  std::vector<Value> xs = op.ins("x");
  if (xs.empty()) op.fail("there is nothing to stack");
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", 0), rank_of(op, xs.front()) + 1);
  for (Value& x : xs) x = g.unsqueeze(x, {axis});
  op.out("out", g.concat(xs, axis));
}

void bind_all(OpContext& op, std::string_view name, const std::vector<Value>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) op.out(name, parts[i], i);
}

void split(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t axis = normalize_axis(op, constant_axis(op, "axis"), rank_of(op, x));
  const IntsArgument sections = op.has_number("sections") ? op.ints("sections") : IntsArgument{};
  if (sections.size() == 0) {
    const auto count = op.attr<int64_t>("num", static_cast<int64_t>(op.out_count("out")));
    if (count <= 0) op.fail("a split into " + std::to_string(count) + " parts");
    return bind_all(op, "out", g.split_evenly(x, count, axis));
  }
  const int64_t extent = x.dim(axis);
  auto sizes = sections.constant();
  if (!sizes) {
    g.need_opset(13, "Split with computed sizes");
    std::optional<Dims> dims = x.dims();
    std::vector<NodeResult> results;
    for (size_t i = 0; i < sections.size(); ++i) {
      dims->at(static_cast<size_t>(axis)) = known_number(sections, i).value_or(-1);
      results.push_back({x.dtype(), dims});
    }
    Value amounts = sections.value;
    if (std::ranges::count(sections.elements, std::optional<int64_t>(-1)) > 0) {
      // -1 is what the others leave: extent - Σ others = extent - Σ all - 1.
      const Value rest = g.sub(g.dim(x, axis), g.add(g.reduce("ReduceSum", amounts, Ints{0}, true), g.ints({1})));
      amounts = g.where(g.equal(amounts, g.ints({-1})), rest, amounts);
    }
    return bind_all(op, "out", g.nodes("Split", {x, amounts}, {{"axis", axis}}, std::move(results)));
  }
  const auto open = std::ranges::find(*sizes, -1);
  if (open != sizes->end() && extent >= 0) {
    *open = 0;
    int64_t sum = 0;
    for (const int64_t size : *sizes) sum += size;
    *open = extent - sum;
  } else if (open != sizes->end()) {
    // The parts before the open one are counted from the start, those behind it from the end.
    std::vector<Value> parts;
    int64_t start = 0;
    int64_t left = 0;  // elements behind the part
    for (auto size = open + 1; size != sizes->end(); ++size) left += *size;
    for (auto size = sizes->begin(); size != sizes->end(); ++size) {
      const bool last = size + 1 == sizes->end();
      const int64_t end = size < open ? start + *size : left == 0 ? kToTheEnd : -left;
      parts.push_back(g.slice(x, Ints{start}, Ints{end}, Ints{axis}));
      start = end;
      if (size >= open && !last) left -= *(size + 1);
    }
    return bind_all(op, "out", parts);
  }
  bind_all(op, "out", g.split(x, *sizes, axis));
}

// One part for each element along the axis, without the axis.
template <FixedString Operand, FixedString Result>
void take_apart(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in(Operand.text);
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", 0), rank_of(op, x));
  const size_t count = op.out_count(Result.text);
  std::vector<Value> parts = g.split(x, Ints(count, 1), axis);
  for (Value& part : parts) part = g.squeeze(part, {axis});
  bind_all(op, Result.text, parts);
}

// The i-th result holds the i-th input along axis i, and is the same along the others.
void meshgrid(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> inputs = op.ins("inputs");
  const auto rank = static_cast<int64_t>(inputs.size());
  std::vector<Value> sizes;
  sizes.reserve(inputs.size());
  for (const Value& input : inputs) sizes.push_back(rank_of(op, input) == 0 ? g.ints({1}) : g.dim(input, 0));
  const Value shape = g.concat_ints(sizes);
  for (int64_t i = 0; i < rank; ++i) {
    Ints layout(static_cast<size_t>(rank), 1);
    layout[static_cast<size_t>(i)] = -1;
    op.out("out", g.expand(g.reshape(inputs[static_cast<size_t>(i)], layout), shape), static_cast<size_t>(i));
  }
}

// --- reordering -----------------------------------------------------------------------------------------------------

// Rolled to the right by `shift` (int64 [1]): what stands behind the point dim - shift mod dim comes first.
Value rolled(Builder& g, Value x, Value shift, int64_t axis) {
  const int64_t extent = x.dim(axis);
  const auto known = known_elements(shift);
  Value point;
  if (known && known->size() == 1 && known->front() && (extent >= 0 || std::abs(*known->front()) <= 1)) {
    int64_t by = *known->front();
    if (extent >= 0) by = extent == 0 ? 0 : ((by % extent) + extent) % extent;
    if (by == 0) return x;
    point = g.ints({-by});
  } else {
    const Value size = g.dim(x, axis);
    point = g.sub(size, g.node("Mod", {shift, g.max(size, g.ints({1}))}));
  }
  const Value on = g.ints({axis});
  return g.concat({g.slice(x, point, g.ints({kToTheEnd}), on), g.slice(x, g.ints({0}), point, on)}, axis);
}

void roll(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const IntsArgument shifts = op.ints("shifts");
  const Ints axes = op.attr<Ints>("axis", Ints{});
  const int64_t rank = rank_of(op, x);
  if (rank == 0) return op.out("out", x);
  if (axes.empty()) {
    const Value flat = rolled(g, g.flatten_to_1d(x), number_at(op, "shifts", shifts, 0), 0);
    return op.out("out", g.reshape(flat, g.shape(x)));
  }
  Value result = x;
  for (size_t i = 0; i < axes.size(); ++i)
    result = rolled(g, result, number_at(op, "shifts", shifts, i), normalize_axis(op, axes[i], rank));
  op.out("out", result);
}

void flip(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto named = op.ints("axis").constant();
  if (!named) op.fail("axes that are computed at run time", "give constant axes");
  const Ints axes = normalize_axes(op, *named, rank_of(op, x));
  if (axes.empty()) return op.out("out", x);
  const size_t n = axes.size();
  op.out("out", g.slice(x, Ints(n, -1), Ints(n, kBeforeTheStart), axes, Ints(n, -1)));
}

// Each element `repeats` times in a row along the axis.
void repeat_interleave(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", 0), rank);
  const IntsArgument repeats = op.ints("repeats");
  if (repeats.count_known && repeats.size() == 1) {
    // [a, d, b] → [a, d, r, b] → [a, d·r, b]
    std::vector<Value> wide;
    std::vector<Value> merged;
    for (int64_t i = 0; i < rank; ++i) {
      const Value dim = g.dim(x, i);
      wide.push_back(dim);
      if (i == axis) wide.push_back(repeats.value);
      merged.push_back(i == axis ? g.mul(dim, repeats.value) : dim);
    }
    const Value copies = g.expand(g.unsqueeze(x, {axis + 1}), g.concat_ints(wide));
    return op.out("out", g.reshape(copies, g.concat_ints(merged)));
  }
  if (const auto counts = repeats.constant()) {
    Ints index;
    for (size_t i = 0; i < counts->size(); ++i)
      index.insert(index.end(), static_cast<size_t>((*counts)[i]), static_cast<int64_t>(i));
    return op.out("out", g.gather(x, g.ints(index), axis));
  }
  // Place p of the result belongs to the first element whose running total is beyond p.
  const Value totals = g.node("CumSum", {repeats.value, g.scalar_i64(0)});
  const Value place = positions(g, g.reduce("ReduceSum", repeats.value, Ints{0}, true));
  const Value passed = g.logical_not(g.less(g.unsqueeze(place, {1}), g.unsqueeze(totals, {0})));
  const Value index = g.reduce("ReduceSum", g.cast(passed, DType::kInt64), Ints{1}, false);
  op.out("out", g.gather(x, index, axis));
}

// The columns from start_index on, `length` of them (-1: all), of every operand.
std::vector<Value> columns_of_all(OpContext& op) {
  Builder& g = op.graph();
  const auto start = op.attr<int64_t>("start_index", 0);
  const auto length = op.attr<int64_t>("length", -1);
  std::vector<Value> parts;
  for (const Value& x : op.ins("x")) {
    if (rank_of(op, x) != 2) op.fail("an operand of rank " + std::to_string(x.rank()) + "; 2 is expected");
    // A start from the end may make an end of 0, which would mean the first column.
    const bool to_the_end = length < 0 || (start < 0 && start + length >= 0);
    parts.push_back(g.slice(x, Ints{start}, Ints{to_the_end ? kToTheEnd : start + length}, Ints{1}));
  }
  if (parts.empty()) op.fail("no operands");
  return parts;
}

void partial_concat(OpContext& op) { op.out("out", op.graph().concat(columns_of_all(op), 1)); }

void partial_sum(OpContext& op) {
  std::vector<Value> parts = columns_of_all(op);
  Value sum = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) sum = op.graph().add(sum, parts[i]);
  op.out("out", sum);
}

constexpr MapperEntry kEntries[] = {
    {"concat", 7, concat},
    {"stack", 7, stack},
    {"split", 7, split},
    {"split_with_num", 7, split},
    {"unbind", 7, take_apart<"input", "out">},
    {"unstack", 7, take_apart<"x", "out">},
    {"meshgrid", 8, meshgrid},
    {"partial_concat", 7, partial_concat},
    {"partial_sum", 7, partial_sum},
    {"roll", 7, roll},
    {"flip", 10, flip},
    {"reverse", 10, flip},
    {"repeat_interleave", 7, repeat_interleave},
    {"repeat_interleave_with_tensor_index", 7, repeat_interleave},
};

}  // namespace

extern const MapperTable kJoiningMappers = kEntries;

}  // namespace paddle2onnx
