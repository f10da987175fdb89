// Suppression of boxes that overlap better ones.
#include "mapper/detection.h"
#include "mapper/indices.h"
#include "mapper/loops.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// What belongs to all classes but the background, along an axis, and the class that the i-th of them is.
class Foreground {
 public:
  Foreground(Builder& g, Value all, int64_t axis, int64_t background) : values_(all), background_(background) {
    const int64_t classes = all.dim(axis);
    if (background < 0 || (classes >= 0 && background >= classes)) {
      background_ = -1;
      return;
    }
    const Value after = g.slice(all, Ints{background + 1}, Ints{kToTheEnd}, Ints{axis});
    const Value before = g.slice(all, Ints{0}, Ints{background}, Ints{axis});
    values_ = background == 0 ? after : classes == background + 1 ? before : g.concat({before, after}, axis);
  }

  Value values() const { return values_; }
  Value label(Builder& g, Value place) const {
    if (background_ < 0) return place;
    if (background_ == 0) return g.add(place, g.scalar_i64(1));
    return g.add(place, g.cast(g.greater_equal(place, g.scalar_i64(background_)), DType::kInt64));
  }

 private:
  Value values_;
  int64_t background_;
};

// Scores [..., M] with all but the k best of each row set to a score that never passes.
Value best_alone(Builder& g, Value scores, int64_t k) {
  const int64_t last = scores.rank() - 1;
  if (k < 0 || (scores.dim(last) >= 0 && scores.dim(last) <= k)) return scores;
  const auto [values, places] = g.topk(scores, at_most(g, k, g.dim(scores, last)), last, true, true);
  const Value none = g.expand(g.scalar(kNever, scores.dtype()), g.shape(scores));
  return g.node("ScatterElements", {none, places, values}, {{"axis", last}});
}

// Rows (label, score, box) of an image's detections.
struct Detections {
  Value images;   // int64 [S]
  Value labels;   // int64 [S]
  Value scores;   // [S]
  Value boxes;    // [S, 4]
  Value numbers;  // int64 [S], Paddle's index of each; none where nobody asks
};

// Leaves the keep_top_k best of each image, in their order. Returns how many each image has, int64 [image_count].
Value keep_best(OpContext& op, Detections& d, Value image_count) {
  Builder& g = op.graph();
  const Value counts = rows_of_each_image(g, d.images, image_count);
  const auto limit = op.attr<int64_t>("keep_top_k", -1);
  if (limit < 0) return counts;
  const Value best = best_of_each_image(g, d.images, d.scores, counts, limit);
  const Value rows = g.topk(best, g.dim(best, 0), 0, false, true).first;
  for (Value* column : {&d.images, &d.labels, &d.scores, &d.boxes, &d.numbers}) {
    if (*column) *column = g.gather(*column, rows, 0);
  }
  return smaller(g, counts, g.scalar_i64(limit));
}

Value rows_of(Builder& g, const Detections& d) {
  return g.concat({g.unsqueeze(g.cast(d.labels, d.boxes.dtype()), {1}), g.unsqueeze(d.scores, {1}), d.boxes}, 1);
}

void out_detections(OpContext& op, const Detections& d, Value counts) {
  Builder& g = op.graph();
  const Value rows = rows_of(g, d);
  // Paddle declares as many rows as there are boxes.
  op.out_as_computed("out", rows);
  if (op.wants("index")) op.out_as_computed("index", g.cast(g.unsqueeze(d.numbers, {1}), DType::kInt32));
  op.out("nms_rois_num", g.cast(counts, DType::kInt32));
  op.out("roisnum", g.cast(counts, DType::kInt32));
  for (const auto* name : {"out", "index"}) op.set_lod(name, Lod{.lengths = counts});
}

// multiclass_nms of one operand of boxes for all images: boxes [B, M, 4] and scores [B, C, M], or boxes [M, C, 4] and
// scores [M, C] of the regions of all images, of which rois_num [B], or the LoD of the boxes, belong to each. What has
// not more than score_threshold is dropped, of the rest the nms_top_k best of each image and class are suppressed by
// class, and of what is left the keep_top_k best of each image are kept. Rows are by image, class, and descending score
// (by region).
Detections multiclass_detections(OpContext& op, Value& counts) {
  Builder& g = op.graph();
  const Value boxes = op.in("bboxes");
  const Value scores = op.in("scores");
  if (rank_of(op, boxes) != 3) op.fail("boxes of rank " + std::to_string(boxes.rank()));
  if (boxes.dim(2) != 4)
    op.fail("boxes that are polygons of " + (boxes.dim(2) < 0 ? "any number of" : std::to_string(boxes.dim(2) / 2)) +
            " points: ONNX has no intersection of polygons");
  const bool regions = rank_of(op, scores) == 2;
  const auto nms_top_k = op.attr<int64_t>("nms_top_k", -1);
  const auto background = op.attr<int64_t>("background_label", 0);
  const Foreground foreground(g, scores, 1, background);

  Suppression s;
  s.iou_threshold = op.attr<double>("nms_threshold", 0.3);
  s.eta = op.attr<double>("nms_eta", 1.0);
  s.score_threshold = op.attr<double>("score_threshold");
  s.pixels = !op.attr<bool>("normalized", true);
  Detections d;
  const DType dtype = scores.dtype();
  const Value flat_boxes = g.reshape(boxes, Ints{-1, 4});
  Value image_count;
  if (regions) {
    // To ONNX each class is an image, and each image a class to which only its own regions belong.
    const Value of_each = counts_of_images(op, "rois_num", "bboxes");
    image_count = g.dim(of_each, 0);
    const Value rows = g.dim(scores, 0);
    const Value classes = g.dim(scores, 1);
    const Value image = image_of_each_row(g, of_each, rows);
    const Value own = g.equal(g.unsqueeze(positions(g, image_count), {1}), g.unsqueeze(image, {0}));
    const Value by_class = g.unsqueeze(g.transpose(foreground.values(), {1, 0}), {1});
    s.scores = best_alone(g, g.where(own, by_class, g.scalar(kNever, dtype)), nms_top_k);
    s.boxes = Foreground(g, g.transpose(boxes, {1, 0, 2}), 0, background).values();
    const Suppressed kept = suppress(op, s);
    const Value labels = foreground.label(g, kept.images);
    const Value numbers = g.add(g.mul(kept.places, classes), labels);
    // By image, class and region, in place of class, image and score.
    const Value group = g.add(g.mul(kept.classes, classes), labels);
    const Value order = sorting_order(g, g.add(g.mul(group, rows), kept.places), false);
    d.images = g.gather(kept.classes, order, 0);
    d.labels = g.gather(labels, order, 0);
    d.numbers = g.gather(numbers, order, 0);
    d.scores = g.gather(g.flatten_to_1d(scores), d.numbers, 0);
    d.boxes = g.gather(flat_boxes, d.numbers, 0);
  } else {
    image_count = g.dim(scores, 0);
    s.scores = best_alone(g, foreground.values(), nms_top_k);
    s.boxes = boxes;
    const Suppressed kept = suppress(op, s);
    d.images = kept.images;
    d.labels = foreground.label(g, kept.classes);
    const Value places = g.dim(scores, 2);
    d.numbers = g.add(g.mul(kept.images, places), kept.places);
    const Value group = g.add(g.mul(kept.images, g.dim(scores, 1)), d.labels);
    d.scores = g.gather(g.flatten_to_1d(scores), g.add(g.mul(group, places), kept.places), 0);
    d.boxes = g.gather(flat_boxes, d.numbers, 0);
  }
  counts = keep_best(op, d, image_count);
  return d;
}

void multiclass_nms3(OpContext& op) {
  Value counts;
  const Detections d = multiclass_detections(op, counts);
  out_detections(op, d, counts);
}

// The rows, or where there are none a single -1: [1, 1].
void out_rows_or_mark(OpContext& op, std::string_view name, Value rows) {
  Builder& g = op.graph();
  const Value none = g.cast(g.equal(g.dim(rows, 0), g.ints({0})), DType::kInt64);  // 1 or 0, int64 [1]
  const Value mark = g.expand(g.constant(from_doubles(rows.dtype(), {1}, {-1})), none);
  const Value columns = g.sub(g.ints({6}), g.mul(none, g.ints({5})));
  op.out_as_computed(name,
                     g.reshape(g.concat({g.flatten_to_1d(rows), mark}, 0), g.concat_ints({g.ints({-1}), columns})));
}

void multiclass_nms(OpContext& op) {
  Value counts;
  out_rows_or_mark(op, "out", rows_of(op.graph(), multiclass_detections(op, counts)));
  op.set_lod("out", std::nullopt);  // not that of the boxes
}

// EAST's suppression. The boxes [B, M, 4] of a class stand along the text: one that overlaps the one before it is
// merged into that, weighed by their scores, which add up. Then the merged ones are suppressed. The boxes of the next
// class are those that are left by the merging for this one, and all rows have the boxes of the last.
void locality_aware_nms(OpContext& op) {
  Builder& g = op.graph();
  const Value boxes = op.in("BBoxes");
  const Value all_scores = op.in("Scores");
  if (rank_of(op, boxes) != 3 || rank_of(op, all_scores) != 3) op.fail("boxes or scores that are not of rank 3");
  if (boxes.dim(2) != 4) op.fail("boxes that are polygons: ONNX has no intersection of polygons");
  const DType dtype = boxes.dtype();
  const auto threshold = op.attr<double>("nms_threshold", 0.3);
  const bool pixels = !op.attr<bool>("normalized", true);
  const Foreground foreground(g, all_scores, 1, op.attr<int64_t>("background_label", -1));
  const Value classes_first = g.transpose(foreground.values(), {1, 0, 2});  // [C, B, M]
  const Value images = g.dim(boxes, 0);
  const Value places = g.dim(boxes, 1);
  const Value classes = g.dim(classes_first, 0);
  const Value place = positions(g, places);
  const Value first_of_image = g.mul(positions(g, images), places);  // in boxes as one list, [B]

  const auto merge = [&](Value number, const std::vector<Value>& states) -> Turn {
    const Value at = g.add(g.unsqueeze(number, {0}), g.ints({1}));
    const Value head = states[2];  // [B], what the next one may be merged into
    const auto row = [&](Value list, Value index) { return g.gather(list, g.add(first_of_image, index), 0); };
    const auto box_and_score = [&](Value index) {
      return std::pair(row(g.reshape(states[0], Ints{-1, 4}), index), row(g.reshape(states[1], Ints{-1, 1}), index));
    };
    const auto [head_box, head_score] = box_and_score(head);  // [B, 4], [B, 1]
    const auto [box, score] = box_and_score(at);
    const Value overlap = overlaps(g, last_axis_parts(op, box, 4), last_axis_parts(op, head_box, 4), pixels);
    const Value merges = g.greater(overlap, g.scalar(threshold, dtype));  // [B, 1]
    const Value sum = g.add(score, head_score);
    const Value merged = g.div(g.add(g.mul(box, score), g.mul(head_box, head_score)), sum);
    const Value here = g.logical_and(merges, g.equal(place, g.unsqueeze(head, {1})));  // [B, M]
    const Value next = g.where(g.squeeze(merges, {1}), head, at);
    const Value begins = g.cast(g.equal(place, g.unsqueeze(next, {1})), DType::kInt32);
    return {{g.where(g.unsqueeze(here, {2}), g.unsqueeze(merged, {1}), states[0]), g.where(here, sum, states[1]), next,
             larger(g, states[3], begins)},
            {}};
  };
  const Value start = g.expand(g.ints({0}), images);
  const Value start_heads =
      g.expand(g.cast(g.equal(place, g.ints({0})), DType::kInt32), g.concat_ints({images, places}));
  const Turn merged = repeat(g, as_scalar(g, classes), {boxes}, [&](Value number, const auto& states) -> Turn {
    const Value scores = g.gather(classes_first, number, 0);
    const Turn end =
        repeat(g, as_scalar(g, g.sub(places, g.ints({1}))), {states[0], scores, start, start_heads}, merge);
    return {{end.states[0]}, {end.states[0], end.states[1], end.states[3]}};
  });

  // To the suppression each class of each image is an image.
  const Value scores = merged.recorded[1];  // [C, B, M]
  const Value candidates = g.where(g.cast(merged.recorded[2], DType::kBool), scores, g.scalar(kNever, dtype));
  Suppression s;
  s.boxes = g.reshape(merged.recorded[0], g.concat_ints({g.ints({-1}), places, g.ints({4})}));
  s.scores =
      best_alone(g, g.reshape(candidates, g.concat_ints({g.ints({-1, 1}), places})), op.attr<int64_t>("nms_top_k", -1));
  s.iou_threshold = threshold;
  s.score_threshold = op.attr<double>("score_threshold");
  s.eta = op.attr<double>("nms_eta", 1.0);
  s.pixels = pixels;
  const Suppressed kept = suppress(op, s);
  const Value group_class = g.div(kept.images, images);
  const Value group_image = g.sub(kept.images, g.mul(group_class, images));
  // By image, class and descending score, in place of class and image.
  const Value order = sorting_order(g, g.add(g.mul(group_image, classes), group_class), false);
  Detections d;
  d.images = g.gather(group_image, order, 0);
  d.labels = foreground.label(g, g.gather(group_class, order, 0));
  d.scores = g.gather(g.flatten_to_1d(scores), g.gather(g.add(g.mul(kept.images, places), kept.places), order, 0), 0);
  const Value box = g.add(g.mul(group_image, places), kept.places);
  d.boxes = g.gather(g.reshape(merged.states[0], Ints{-1, 4}), g.gather(box, order, 0), 0);
  keep_best(op, d, images);
  out_rows_or_mark(op, "Out", rows_of(g, d));
}

// Paddle's matrix_nms: no box is dropped for overlapping a better one, its score decays. For each class the boxes above
// score_threshold, the nms_top_k best of them, stand by descending score; with o the overlap of two of them
//   score'[i] = score[i] · min(1, min over j < i of decay(o[i, j], max over k < j of o[j, k]))
//   decay(o, m) = (1 - o) / (1 - m), or exp((m² - o²) · sigma)
// Of each image the keep_top_k best above post_threshold are kept, by descending score'.
void matrix_nms(OpContext& op) {
  Builder& g = op.graph();
  const Value boxes = op.in("bboxes");
  if (rank_of(op, boxes) != 3 || boxes.dim(2) != 4) op.fail("boxes that are not [images, boxes, 4]");
  const Value all_scores = op.in("scores");
  if (rank_of(op, all_scores) != 3) op.fail("scores of rank " + std::to_string(all_scores.rank()));
  const DType dtype = all_scores.dtype();
  const Foreground foreground(g, all_scores, 1, op.attr<int64_t>("background_label", 0));
  const Value scores = foreground.values();
  const Value image_count = g.dim(scores, 0);
  const auto zero = g.scalar(0, dtype);
  const auto one = g.scalar(1, dtype);

  const Ranked ranked = rank_boxes(g, boxes, scores, op.attr<double>("score_threshold"), op.attr<int64_t>("nms_top_k"));
  const Value k = ranked.count;
  std::vector<Value> as_rows;
  std::vector<Value> as_columns;
  for (const Value& corner : last_axis_parts(op, ranked.boxes, 4)) {
    as_rows.push_back(corner);
    as_columns.push_back(g.transpose(corner, {0, 1, 3, 2}));
  }
  const Value place = positions(g, k);
  const Value better = g.less(g.unsqueeze(place, {0}), g.unsqueeze(place, {1}));  // [k, k], j < i
  const Value overlap =
      g.where(better, overlaps(g, as_rows, as_columns, !op.attr<bool>("normalized", true)), zero);  // [B, C, i, j]
  const Value worst =
      g.transpose(g.reduce("ReduceMax", overlap, Ints{3}, true), {0, 1, 3, 2});  // m of each j, in the columns
  Value decay;
  if (op.attr<bool>("use_gaussian", false)) {
    const Value sigma = g.scalar(op.attr<double>("gaussian_sigma", 2.0), dtype);
    decay = g.exp(g.mul(g.sub(g.mul(worst, worst), g.mul(overlap, overlap)), sigma));
  } else {
    // A box that lies exactly on a better one (m = 1) lets nothing decay.
    const Value rest = g.sub(one, worst);
    const Value covered = g.less_equal(rest, zero);
    decay = g.where(covered, one, g.div(g.sub(one, overlap), g.where(covered, one, rest)));
  }
  decay = g.where(better, g.min(decay, one), one);
  const Value decayed = g.mul(ranked.scores, g.reduce("ReduceMin", decay, Ints{3}, false));
  const Value kept =
      g.logical_and(ranked.is_there, g.greater(decayed, g.scalar(op.attr<double>("post_threshold", 0.0), dtype)));

  const Value by_image = g.concat_ints({image_count, g.ints({-1})});
  const Value score = g.reshape(g.where(kept, decayed, g.scalar(kNever, dtype)), by_image);  // [B, C · k]
  const auto [sorted, order] =
      g.topk(score, at_most(g, op.attr<int64_t>("keep_top_k"), g.dim(score, 1)), 1, true, true);
  const Value taken = g.greater(sorted, g.scalar(kNever, dtype));
  const Value rows = places_of(g, g.flatten_to_1d(taken));
  // The number of each kept row in [B, C, k].
  const Value row_start = g.mul(g.unsqueeze(positions(g, image_count), {1}), g.dim(score, 1));
  const Value picked = g.gather(g.flatten_to_1d(g.add(order, row_start)), rows, 0);
  const Value classes = g.reshape(positions(g, g.dim(scores, 1)), Ints{1, -1, 1});
  Detections d;
  d.labels = foreground.label(g, g.gather(g.flatten_to_1d(g.expand(classes, g.shape(ranked.places))), picked, 0));
  d.scores = g.gather(g.flatten_to_1d(sorted), rows, 0);
  d.numbers = g.gather(g.flatten_to_1d(ranked.numbers), picked, 0);
  d.boxes = g.gather(g.reshape(boxes, Ints{-1, 4}), d.numbers, 0);
  out_detections(op, d, g.reduce("ReduceSum", g.cast(taken, DType::kInt64), Ints{1}, false));
}

// The boxes stand by descending score: each is kept unless it overlaps one that is kept before it.
void nms(OpContext& op) {
  Builder& g = op.graph();
  const Value boxes = op.in("x");
  if (rank_of(op, boxes) != 2) op.fail("boxes of rank " + std::to_string(boxes.rank()));
  Suppression s;
  s.boxes = g.unsqueeze(boxes, {0});
  s.scores = g.unsqueeze(g.neg(positions_as(g, g.dim(boxes, 0), DType::kFloat32)), {0, 1});
  s.iou_threshold = op.attr<double>("threshold", 1.0);
  op.out_as_computed("out", suppress(op, s).places);
}

constexpr std::string_view kPolygons = "polygons";

constexpr MapperEntry kEntries[] = {
    {"locality_aware_nms", 11, locality_aware_nms, kPolygons},
    {"matrix_nms", 11, matrix_nms, kPolygons},
    {"multiclass_nms", 10, multiclass_nms, kPolygons},
    {"multiclass_nms3", 10, multiclass_nms3, kPolygons},
    {"nms", 11, nms},
};

}  // namespace

extern const MapperTable kNmsMappers = kEntries;

}  // namespace paddle2onnx
