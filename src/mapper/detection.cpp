#include "mapper/detection.h"

#include <limits>
#include <tuple>

#include "mapper/indices.h"
#include "mapper/lod.h"
#include "mapper/loops.h"

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

Ranked rank_boxes(Builder& g, Value boxes, Value scores, double score_threshold, int64_t limit) {
  const DType dtype = scores.dtype();
  const Value never = g.scalar(kNever, dtype);
  const Value passes = g.greater(scores, g.scalar(score_threshold, dtype));
  const Value most = g.reshape(
      g.reduce("ReduceMax", g.reduce("ReduceSum", g.cast(passes, DType::kInt64), Ints{2}, false), std::nullopt, false),
      Ints{1});
  Ranked r;
  r.count = at_most(g, limit, larger(g, most, g.ints({1})));
  std::tie(r.scores, r.places) = g.topk(g.where(passes, scores, never), r.count, 2, true, true);
  r.is_there = g.greater(r.scores, never);
  const Value first = g.mul(g.reshape(positions(g, g.dim(scores, 0)), Ints{-1, 1, 1}), g.dim(boxes, 1));
  r.numbers = g.add(r.places, first);
  r.boxes = g.gather(g.reshape(boxes, Ints{-1, 4}), r.numbers, 0);
  return r;
}

namespace {

// A turn for each place: its boxes are kept unless they overlap one that is kept already.
Suppressed suppress_adaptively(OpContext& op, const Suppression& s) {
  Builder& g = op.graph();
  const DType dtype = s.boxes.dtype();
  const Ranked ranked =
      rank_boxes(g, s.boxes, g.cast(s.scores, dtype), s.score_threshold.value_or(kNever), /*limit=*/-1);
  std::vector<Value> corners;  // [B, C, K]
  for (const Value& corner : last_axis_parts(op, ranked.boxes, 4)) corners.push_back(g.squeeze(corner, {3}));
  const Value place = positions(g, ranked.count);
  const Value extent = g.shape(ranked.scores);
  const Value none = g.expand(g.constant(from_ints(DType::kInt32, {}, {0})), extent);
  const Value one_each = g.concat_ints({g.slice(extent, Ints{0}, Ints{2}, Ints{0}), g.ints({1})});
  const Value threshold = g.expand(g.scalar(s.iou_threshold, dtype), one_each);
  const Turn end = repeat(
      g, as_scalar(g, ranked.count), {none, threshold}, [&](Value number, const std::vector<Value>& states) -> Turn {
        const Value at = g.unsqueeze(number, {0});
        std::vector<Value> own;
        own.reserve(corners.size());
        for (const Value& corner : corners) own.push_back(g.gather(corner, at, 2));
        const Value hits =
            g.mul(states[0], g.cast(g.greater(overlaps(g, own, corners, s.pixels), states[1]), DType::kInt32));
        const Value hit = g.cast(g.reduce("ReduceMax", hits, Ints{2}, true), DType::kBool);
        const Value keep = g.logical_and(g.gather(ranked.is_there, at, 2), g.logical_not(hit));  // [B, C, 1]
        const Value adapts = g.logical_and(keep, g.greater(states[1], g.scalar(0.5, dtype)));
        const Value here = g.cast(g.logical_and(keep, g.equal(place, at)), DType::kInt32);
        return {{g.add(states[0], here), g.where(adapts, g.mul(states[1], g.scalar(s.eta, dtype)), states[1])}, {}};
      });
  Value kept = g.cast(end.states[0], DType::kBool);
  if (s.limit) {
    const Value so_far = g.node("CumSum", {end.states[0], g.scalar_i64(2)});
    kept = g.logical_and(kept, g.less(g.cast(so_far, DType::kInt64), g.scalar_i64(*s.limit + 1)));
  }
  const Value where = g.node("NonZero", {kept}, {}, {DType::kInt64, Dims{3, -1}});
  const std::vector<Value> index = g.split(where, {1, 1, 1}, 0);
  const Value numbers = places_of(g, g.flatten_to_1d(kept));
  return {g.squeeze(index[0], {0}), g.squeeze(index[1], {0}), g.gather(g.flatten_to_1d(ranked.places), numbers, 0)};
}

}  // namespace

Suppressed suppress(OpContext& op, const Suppression& s) {
  if (s.eta < 1 && s.iou_threshold > 0.5) return suppress_adaptively(op, s);
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

Value counts_of_images(OpContext& op, std::string_view numbers, std::string_view rows, size_t index) {
  const std::vector<Value> counts = op.ins(numbers);
  if (counts.empty()) return sequences_of(op, rows, index).lengths;
  if (index >= counts.size()) op.fail("not as many '" + std::string(numbers) + "' as lists of rows");
  return counts[index];
}

Value rows_of_each_image(Builder& g, Value images, Value image_count) {
  const Value same = g.equal(g.unsqueeze(positions(g, image_count), {1}), g.unsqueeze(images, {0}));
  return g.reduce("ReduceSum", g.cast(same, DType::kInt64), Ints{1}, false);
}

Value best_of_each_image(Builder& g, Value images, Value scores, Value counts, int64_t limit) {
  if (counts.dim(0) == 1) return g.topk(scores, at_most(g, limit, g.dim(scores, 0)), 0, true, true).second;
  const Value by_score = sorting_order(g, scores, true);
  const Value by_image = g.gather(by_score, sorting_order(g, g.gather(images, by_score, 0), false), 0);
  if (limit < 0) return by_image;
  const Value starts = g.node("CumSum", {counts, g.scalar_i64(0)}, {{"exclusive", int64_t{1}}});
  const Value rank = g.sub(positions(g, g.dim(scores, 0)), g.gather(starts, images, 0));
  return keep_rows(g, by_image, g.less(rank, g.scalar_i64(limit)));
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

}  // namespace paddle2onnx
