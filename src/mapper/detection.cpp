#include "mapper/detection.h"

#include <limits>

#include "mapper/indices.h"

namespace paddle2onnx {

std::vector<Value> last_axis_parts(OpContext& op, Value x, int64_t count) {
  if (!x.has_rank() || x.rank() == 0) op.fail("the rank of '" + x.name() + "' is not known");
  if (x.dim(-1) >= 0 && x.dim(-1) != count) {
    op.fail("boxes of " + std::to_string(x.dim(-1)) + " numbers where " + std::to_string(count) + " are expected");
  }
  return op.graph().split(x, Ints(static_cast<size_t>(count), 1), x.rank() - 1);
}

Value scaled(Builder& g, Value x, double factor) { return factor == 1 ? x : g.mul(x, g.scalar(factor, x.dtype())); }

Value shifted(Builder& g, Value x, double term) { return term == 0 ? x : g.add(x, g.scalar(term, x.dtype())); }

Value positions_as(Builder& g, Value n, DType dtype) { return g.cast(positions(g, n), dtype); }

Value overlaps(Builder& g, const std::vector<Value>& a, const std::vector<Value>& b, bool pixels) {
  const double more = pixels ? 1 : 0;
  const DType dtype = a[0].dtype();
  const Value zero = g.scalar(0, dtype);
  const auto area = [&](const std::vector<Value>& box) {
    const Value w = g.sub(box[2], box[0]);
    const Value h = g.sub(box[3], box[1]);
    const Value valid = g.logical_and(g.greater_equal(w, zero), g.greater_equal(h, zero));
    return g.where(valid, g.mul(shifted(g, w, more), shifted(g, h, more)), zero);
  };
  // Paddle asks whether the boxes touch in the corners themselves, of which those of an invalid box (max < min) may lie
  // on the wrong side.
  const auto touch = [&](size_t low, size_t high) {
    return g.logical_and(g.less_equal(b[low], a[high]), g.greater_equal(b[high], a[low]));
  };
  const auto shared = [&](size_t low, size_t high) {
    return shifted(g, g.sub(g.min(a[high], b[high]), g.max(a[low], b[low])), more);
  };
  const Value common = g.mul(shared(0, 2), shared(1, 3));
  const Value all = g.sub(g.add(area(a), area(b)), common);
  const Value some = g.logical_and(g.logical_and(touch(0, 2), touch(1, 3)), g.logical_not(g.equal(common, zero)));
  // Where nothing is shared there may be nothing to divide by either.
  return g.where(some, g.div(common, g.where(some, all, g.scalar(1, dtype))), zero);
}

Suppressed suppress(OpContext& op, const Suppression& s) {
  Builder& g = op.graph();
  // NonMaxSuppression is float32's alone, and its sides are max - min. A box of pixels that reaches one further has the
  // same overlap: only boxes less than a pixel apart differ, which Paddle takes for apart. A box with max < min, which
  // it would turn round, is left without an area: it suppresses nothing and nothing suppresses it, as in Paddle (unless
  // several such lie on each other).
  const std::vector<Value> corner = last_axis_parts(op, g.cast(s.boxes, DType::kFloat32), 4);
  const auto end = [&](size_t low, size_t high) {
    if (!s.pixels) return g.max(corner[low], corner[high]);
    return g.where(g.less(corner[high], corner[low]), corner[low], shifted(g, corner[high], 1));
  };
  const Value boxes = g.concat({corner[0], corner[1], end(0, 2), end(1, 3)}, -1);
  const int64_t limit = s.limit.value_or(std::numeric_limits<int32_t>::max());
  const Value iou = g.constant(from_doubles(DType::kFloat32, {1}, {s.iou_threshold}));
  const Value score =
      s.score_threshold ? g.constant(from_doubles(DType::kFloat32, {1}, {*s.score_threshold})) : Value();
  const Value selected =
      g.node("NonMaxSuppression", {boxes, g.cast(s.scores, DType::kFloat32), g.ints({limit}), iou, score}, {},
             {DType::kInt64, Dims{-1, 3}});
  const std::vector<Value> columns = g.split(selected, {1, 1, 1}, 1);
  return {g.squeeze(columns[0], {1}), g.squeeze(columns[1], {1}), g.squeeze(columns[2], {1})};
}

Value image_of_each_row(Builder& g, Value counts, Value rows) {
  if (counts.dim(0) == 1) return g.expand(g.ints({0}), rows);
  // As many images end at or before a row as stand before its own.
  const Value ends = g.node("CumSum", {g.cast(counts, DType::kInt64), g.scalar_i64(0)});
  const Value ended = g.greater_equal(g.unsqueeze(positions(g, rows), {1}), g.unsqueeze(ends, {0}));
  return g.reduce("ReduceSum", g.cast(ended, DType::kInt64), Ints{1}, false);
}

Value rows_of_each_image(Builder& g, Value images, Value image_count) {
  const Value same = g.equal(g.unsqueeze(positions(g, image_count), {1}), g.unsqueeze(images, {0}));
  return g.reduce("ReduceSum", g.cast(same, DType::kInt64), Ints{1}, false);
}

Value places_of(Builder& g, Value mask) {
  return g.squeeze(g.node("NonZero", {mask}, {}, {DType::kInt64, Dims{1, -1}}), {0});
}

Value keep_rows(Builder& g, Value x, Value mask) { return g.gather(x, places_of(g, mask), 0); }

Value sorting_order(Builder& g, Value x, bool descending) { return g.topk(x, g.dim(x, 0), 0, descending, true).second; }

// (Min and Max of integers came late.)
Value smaller(Builder& g, Value a, Value b) { return g.where(g.less(a, b), a, b); }
Value larger(Builder& g, Value a, Value b) { return g.where(g.less(a, b), b, a); }

Value at_most(Builder& g, int64_t k, Value n) { return k < 0 ? n : smaller(g, g.ints({k}), n); }

void refuse_adaptive_threshold(OpContext& op, double eta, double threshold) {
  if (eta < 1 && threshold > 0.5)
    op.fail("an adaptive threshold (eta " + std::to_string(eta) + "): ONNX's NonMaxSuppression has one threshold",
            "export with eta 1, or with a threshold of at most 0.5, where Paddle's does not adapt either");
}

}  // namespace paddle2onnx
