#include "mapper/lod.h"

#include "mapper/indices.h"

namespace paddle2onnx {
namespace {

// The dimensions of x but the first few, int64 [rank - first].
Value dims_from(Builder& g, Value x, int64_t first) {
  return g.slice(g.shape(x), Ints{first}, Ints{kToTheEnd}, Ints{0});
}

// bool [sequences, time]: where the sequences are on a grid.
Value mask_of(Builder& g, const Sequences& s, Value time) {
  return g.less(steps_to(g, time), g.unsqueeze(s.lengths, {1}));
}

RowPlaces places_in(Builder& g, Value mask) {
  // Row by row, which is the order of the rows.
  const Value places = g.node("NonZero", {mask}, {}, {DType::kInt64, Dims{2, -1}});
  const std::vector<Value> parts = g.split_evenly(places, 2, 0);
  return {g.squeeze(parts[0], {0}), g.squeeze(parts[1], {0})};
}

}  // namespace

Sequences sequences_of(OpContext& op, std::string_view name, size_t index) {
  Builder& g = op.graph();
  const Lod lod = op.lod(name, index);
  if (lod.lengths) return consecutive(g, lod.lengths);
  const Value starts = g.slice(lod.offsets, Ints{0}, Ints{-1}, Ints{0});
  return {starts, g.sub(g.slice(lod.offsets, Ints{1}, Ints{kToTheEnd}, Ints{0}), starts)};
}

Sequences consecutive(Builder& g, Value lengths) {
  return {g.node("CumSum", {lengths, g.scalar_i64(0)}, {{"exclusive", int64_t{1}}}), lengths};
}

Value ends_of(Builder& g, const Sequences& s) { return g.add(s.starts, s.lengths); }

Value count_of(Builder& g, const Sequences& s) { return g.shape(s.lengths); }

Value steps_to(Builder& g, Value n) {
  constexpr int kRange = 11;
  if (g.opset() >= kRange || n.constant() != nullptr) return positions(g, n);
  const Value ones =
      g.node("ConstantOfShape", {n}, {{"value", from_ints(DType::kInt64, {1}, {1})}}, {DType::kInt64, Dims{-1}});
  return g.squeeze(g.node("NonZero", {ones}, {}, {DType::kInt64, Dims{1, -1}}), {0});
}

Value longest(Builder& g, const Sequences& s) { return g.reduce("ReduceMax", s.lengths, Ints{0}, true); }

RowPlaces places_of_rows(Builder& g, const Sequences& s) { return places_in(g, mask_of(g, s, longest(g, s))); }

Value take_rows(Builder& g, Value x, const Sequences& s) {
  const RowPlaces places = places_of_rows(g, s);
  return g.gather(x, g.add(g.gather(s.starts, places.sequence, 0), places.step), 0);
}

Grid make_grid(Builder& g, Value x, const Sequences& s, const GridOptions& options) {
  const Value time =
      options.time ? options.time : g.reduce("ReduceMax", g.concat({s.lengths, g.ints({1})}, 0), Ints{0}, true);
  const Value mask = mask_of(g, s, time);
  const Value first = g.unsqueeze(options.reversed ? g.sub(ends_of(g, s), g.ints({1})) : s.starts, {1});
  const Value steps = steps_to(g, time);
  Grid grid;
  grid.rows = g.where(mask, options.reversed ? g.sub(first, steps) : g.add(first, steps), g.dim(x, 0));
  RowPlaces places = places_in(g, mask);
  if (options.reversed) places.step = g.sub(g.sub(g.gather(s.lengths, places.sequence, 0), g.ints({1})), places.step);
  if (options.time_first) {
    grid.rows = g.transpose(grid.rows, {1, 0});
    grid.places = g.add(g.mul(places.step, count_of(g, s)), places.sequence);
  } else {
    grid.places = g.add(g.mul(places.sequence, time), places.step);
  }
  return grid;
}

Value on_grid(Builder& g, Value x, const Grid& grid, Value fill) {
  return g.gather(g.concat({x, fill}, 0), grid.rows, 0);
}

Value off_grid(Builder& g, Value x, const Grid& grid) {
  return g.gather(g.reshape(x, g.concat_ints({g.ints({-1}), dims_from(g, x, 2)})), grid.places, 0);
}

Value row_of(Builder& g, Value x, double value) {
  return g.expand(g.scalar(value, x.dtype()), g.concat_ints({g.ints({1}), dims_from(g, x, 1)}));
}

}  // namespace paddle2onnx
