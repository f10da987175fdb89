// Reshaping and repeating: the same elements under other dimensions.
#include <algorithm>

#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// 0 copies a dimension, -1 infers one: as in ONNX.
void reshape(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const IntsArgument shape = op.ints("shape");
  if (auto dims = shape.constant(); dims && x.has_rank()) {
    // A 0 that has nothing to copy is meant: there are no elements, so any empty tensor is the result.
    for (size_t i = 0; i < dims->size(); ++i) {
      if ((*dims)[i] == 0 && static_cast<int64_t>(i) < x.rank()) (*dims)[i] = x.dim(static_cast<int64_t>(i));
    }
    const bool behind =
        dims->size() > x.dims()->size() && std::ranges::count(dims->begin() + x.rank(), dims->end(), int64_t{0}) > 0;
    if (behind && element_count(*dims) == 0) return op.out("out", g.filled(0, x.dtype(), *dims));
  }
  op.out("out", g.reshape(x, shape.value));
}

void view_shape(OpContext& op) {
  const Ints dims = op.attr<Ints>("dims");
  if (std::ranges::any_of(dims, [](int64_t d) { return d == 0 || d < -1; })) op.fail("a size that Paddle refuses");
  op.out("out", op.graph().reshape(op.in("input"), dims));
}

// Named dimensions that are not 1 stay; no axes: all that are 1.
void squeeze(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const IntsArgument axes = op.ints("axis");
  const auto named = axes.constant();
  if (!named) {
    // Which dimensions go is known at run time only; how many, Paddle declares.
    g.need_opset(13, "Squeeze with computed axes");
    const auto declared = op.out_dims("out");
    return op.out("out", g.node("Squeeze", {x, axes.value}, {},
                                {x.dtype(), declared ? std::optional(Dims(declared->size(), -1)) : std::nullopt}));
  }
  const int64_t rank = rank_of(op, x);
  Ints gone;
  for (const int64_t axis : named->empty() ? count_from(0, rank) : *named) {
    if (rank == 0) break;  // 0 and -1 are allowed there
    const int64_t at = normalize_axis(op, axis, rank);
    const bool may_be_one = x.dim(at) == 1 || (x.dim(at) < 0 && !named->empty());
    if (may_be_one && !is_in(gone, at)) gone.push_back(at);
  }
  op.out("out", g.squeeze(x, gone));
}

// The axes are inserted one after the other, each in the result so far.
void unsqueeze(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const IntsArgument axes = op.ints("axis");
  if (!axes.count_known) op.fail("the number of axes is not known");
  if (const auto named = axes.constant(); named && x.has_rank()) {
    Ints places;  // of the new dimensions in the result
    for (const int64_t axis : *named) {
      const int64_t rank = x.rank() + static_cast<int64_t>(places.size());
      const int64_t at = normalize_axis(op, axis, rank + 1);
      for (int64_t& place : places) place += place >= at ? 1 : 0;
      places.push_back(at);
    }
    return op.out("out", g.unsqueeze(x, places));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    if (const auto axis = known_number(axes, i)) {
      x = g.unsqueeze(x, {*axis});
      continue;
    }
    g.need_opset(13, "Unsqueeze with computed axes");
    const auto dims = x.has_rank() ? std::optional(Dims(static_cast<size_t>(x.rank()) + 1, -1)) : std::nullopt;
    x = g.node("Unsqueeze", {x, number_at(op, "axis", axes, i)}, {}, {x.dtype(), dims});
  }
  op.out("out", x);
}

// The product of dimensions, int64 [1].
Value product(Builder& g, Value x, int64_t first, int64_t last) {
  Value result = g.ints({1});
  for (int64_t i = first; i < last; ++i) result = i == first ? g.dim(x, i) : g.mul(result, g.dim(x, i));
  return result;
}

// start_axis … stop_axis become one dimension.
void flatten(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  if (rank == 0) return op.out("out", g.reshape(x, Ints{1}));
  const int64_t start = normalize_axis(op, op.attr<int64_t>("start_axis", 1), rank);
  const int64_t stop = normalize_axis(op, op.attr<int64_t>("stop_axis", -1), rank);
  const auto merged = element_count(std::span(*x.dims()).subspan(start, stop - start + 1));
  std::vector<Value> parts;
  // One dimension can be left to Reshape, and those before keep their places. Only known zeros need to be told from
  // copies.
  bool inferred = !merged;
  for (int64_t i = 0; i < start; ++i) parts.push_back(g.ints({x.dim(i) >= 0 ? x.dim(i) : 0}));
  parts.push_back(merged ? g.ints({*merged}) : g.ints({-1}));
  for (int64_t i = stop + 1; i < rank; ++i) {
    const bool infer = x.dim(i) < 0 && !inferred;
    inferred |= infer;
    parts.push_back(infer ? g.ints({-1}) : g.dim(x, i));
  }
  op.out("out", g.reshape(x, g.concat_ints(parts)));
}

// Two dimensions: those before the axis and those from it on.
void flatten_to_2d(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const int64_t axis = op.attr<int64_t>("axis", 1);
  if (axis < 0 || axis > rank) op.fail("axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
  const auto before = element_count(std::span(*x.dims()).first(axis));
  const auto behind = element_count(std::span(*x.dims()).subspan(axis));
  if (before || behind) return op.out("out", g.reshape(x, Ints{before.value_or(-1), behind.value_or(-1)}));
  if (axis == 1) return op.out("out", g.reshape(x, Ints{0, -1}));
  op.out("out", g.reshape(x, g.concat_ints({product(g, x, 0, axis), g.ints({-1})})));
}

void transpose(OpContext& op) {
  const Value x = op.in("x");
  const Ints perm = op.attr<Ints>("perm");
  if (perm.size() <= 1) return op.out("out", x);
  op.out("out", op.graph().transpose(x, normalize_axes(op, perm, static_cast<int64_t>(perm.size()))));
}

// Numpy broadcast to the shape; -1 keeps a dimension, as 1 does in ONNX. Paddle declares 1 for what it doesn't know.
void expand(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const IntsArgument shape = op.ints("shape");
  const Value result = g.expand(x, g.abs(shape.value));
  const auto dims = shape.constant();
  if (!dims || is_in(*dims, -1)) return op.out_as_computed("out", result);
  op.out("out", result);
}

void expand_as(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (op.has("y")) return op.out("out", g.expand(x, g.shape(op.in("y"))));
  op.out("out", g.expand(x, g.abs(op.ints("target_shape").value)));
}

// x is repeated along each dimension; the shorter of shape and repeats gets ones in front.
Value tiled(OpContext& op, Value x, Value repeats) {
  Builder& g = op.graph();
  const int64_t rank = rank_of(op, x);
  const int64_t count = repeats.dim(0);
  if (count < 0) op.fail("the number of repeats is not known");
  if (count > rank) x = g.unsqueeze(x, count_from(0, count - rank));
  if (count < rank) repeats = g.concat({g.ints(Ints(static_cast<size_t>(rank - count), 1)), repeats}, 0);
  const Tensor* times = repeats.constant();
  const bool once = times != nullptr && std::ranges::all_of(as_ints(*times), [](int64_t n) { return n == 1; });
  return once ? x : g.tile(x, repeats);
}

void tile(OpContext& op) { op.out("out", tiled(op, op.in("x"), op.ints("repeat_times").value)); }

// Paddle 1.x's expand_as: x is repeated until it has target's shape.
void tile_as(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", tiled(op, x, g.div(g.shape(op.in("target")), g.shape(x))));
}

// Every tensor is broadcast to the shapes of all others.
void broadcast_tensors(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> xs = op.ins("input");
  for (size_t i = 0; i < xs.size(); ++i) {
    Value x = xs[i];
    for (size_t k = 0; k < xs.size(); ++k) {
      if (k != i) x = g.expand(x, g.shape(xs[k]));
    }
    op.out("out", x, i);
  }
}

void view_slice(OpContext& op) {
  op.out("out", op.graph().slice(op.in("input"), Ints{op.attr<int64_t>("begin_idx")}, Ints{op.attr<int64_t>("end_idx")},
                                 Ints{0}));
}

// The same bytes as another type: ONNX has no form for it but where nothing changes.
void view_dtype(OpContext& op) {
  const Value x = op.in("input");
  const DType dtype = op.attr<DType>("dtype");
  if (dtype != x.dtype())
    op.fail("bytes of " + std::string(to_string(x.dtype())) + " read as " + std::string(to_string(dtype)));
  op.out("out", x);
}

// Windows of `size` elements, `step` apart, along an axis: […, n, …] → […, windows, …, size].
void tensor_unfold(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  const int64_t rank = rank_of(op, x);
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis"), rank);
  const auto size = op.attr<int64_t>("size");
  const auto step = op.attr<int64_t>("step");
  if (size < 1 || step < 1) op.fail("windows of " + std::to_string(size) + ", " + std::to_string(step) + " apart");
  const Value limit = as_scalar(g, g.sub(g.dim(x, axis), g.ints({size - 1})));
  const Value starts = g.range(g.scalar_i64(0), limit, g.scalar_i64(step));
  const Value windows = g.gather(x, g.add(g.unsqueeze(starts, {1}), g.ints(count_from(0, size))), axis);
  Ints perm = count_from(0, axis + 1);
  for (int64_t i = axis + 2; i <= rank; ++i) perm.push_back(i);
  perm.push_back(axis + 1);
  op.out("out", g.transpose(windows, perm));
}

// The shape that two shapes broadcast to.
void shape_broadcast(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = op.in("y");
  if (x.dim(0) < 0 || y.dim(0) < 0) op.fail("shapes of unknown rank");
  const int64_t rank = std::max(x.dim(0), y.dim(0));
  const auto fill = [&](Value v) {
    const Value ones =
        g.constant(from_ints(v.dtype(), {rank - v.dim(0)}, Ints(static_cast<size_t>(rank - v.dim(0)), 1)));
    return v.dim(0) == rank ? v : g.concat({ones, v}, 0);
  };
  x = fill(x);
  y = fill(y);
  op.out("out", g.where(g.equal(x, g.scalar(1, x.dtype())), y, x));
}

constexpr MapperEntry kEntries[] = {
    {"reshape", 7, reshape},
    {"view_shape", 7, view_shape},
    {"squeeze", 7, squeeze},
    {"unsqueeze", 7, unsqueeze},
    {"flatten", 7, flatten},
    {"flatten2", 7, flatten_to_2d},
    {"transpose", 7, transpose},
    {"expand", 7, expand},
    {"expand_as", 8, expand_as},
    {"tensor_unfold", 7, tensor_unfold},
    {"view_dtype", 7, view_dtype, "another type than the operand's"},
    {"view_slice", 7, view_slice},
    {"tile", 7, tile},
    {"tile_as", 7, tile_as},
    {"broadcast_tensors", 8, broadcast_tensors},
    {"shape_broadcast", 7, shape_broadcast},
};

}  // namespace

extern const MapperTable kLayoutMappers = kEntries;

}  // namespace paddle2onnx
