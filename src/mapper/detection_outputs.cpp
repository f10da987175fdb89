// Whole ends of detectors in one operator: boxes decoded from what the network predicts, and suppressed.
#include "mapper/detection.h"
#include "mapper/indices.h"
#include "mapper/rounding.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// --- RetinaNet ------------------------------------------------------------------------------------------------------

// What is left of a level of the pyramid: the nms_top_k best of its boxes and classes.
struct LevelBest {
  Value scores;  // [B, K]; kNever where it is not above the threshold
  Value labels;  // int64 [B, K]
  Value boxes;   // [B, K, 4]
};

// bboxes [B, M, 4] are deltas of the anchors [M, 4]; scores [B, M, C]. Height, width (of the unscaled image) and scale
// are [B, 1, 1].
LevelBest decode_level(OpContext& op, Value deltas, Value scores, Value anchors, const std::vector<Value>& last,
                       Value scale, double threshold) {
  Builder& g = op.graph();
  const DType dtype = scores.dtype();
  const Value images = g.dim(scores, 0);
  const Value classes = g.dim(scores, 2);
  const Value flat = g.reshape(scores, g.concat_ints({images, g.ints({-1})}));
  const Value count = at_most(g, op.attr<int64_t>("nms_top_k"), g.dim(flat, 1));
  const auto [best, index] = g.topk(flat, count, 1, true, true);
  LevelBest level;
  level.scores = g.where(g.greater(best, g.scalar(threshold, dtype)), best, g.scalar(kNever, dtype));
  const Value place = g.div(index, classes);  // among the M
  level.labels = g.sub(index, g.mul(place, classes));
  const Value first = g.mul(g.unsqueeze(positions(g, images), {1}), g.dim(deltas, 1));
  const std::vector<Value> d = last_axis_parts(op, g.gather(g.reshape(deltas, Ints{-1, 4}), g.add(place, first), 0), 4);
  const std::vector<Value> a = last_axis_parts(op, g.gather(anchors, place, 0), 4);
  std::vector<Value> corners(4);
  for (size_t i = 0; i < 2; ++i) {
    const Value side = shifted(g, g.sub(a[i + 2], a[i]), 1);
    const Value center = g.add(g.mul(d[i], side), g.add(a[i], scaled(g, side, 0.5)));
    const Value half = scaled(g, g.mul(g.exp(d[i + 2]), side), 0.5);
    const auto within = [&](Value x) { return g.max(g.min(g.div(x, scale), last[i]), g.scalar(0, dtype)); };
    corners[i] = within(g.sub(center, half));
    corners[i + 2] = within(shifted(g, g.add(center, half), -1));
  }
  level.boxes = g.concat(corners, 2);
  return level;
}

// Of each level the boxes whose scores are above the threshold (of the last one, above 0), suppressed by class. The
// keep_top_k best of each image by descending score; labels begin with 1.
void retinanet_detection_output(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> deltas = op.ins("BBoxes");
  const std::vector<Value> scores = op.ins("Scores");
  const std::vector<Value> anchors = op.ins("Anchors");
  if (scores.empty() || deltas.size() != scores.size() || anchors.size() != scores.size())
    op.fail("not as many lists of boxes and anchors as of scores");
  const DType dtype = scores.front().dtype();
  const Value images = g.dim(scores.front(), 0);
  const std::vector<Value> info = last_axis_parts(op, g.unsqueeze(op.in("ImInfo"), {1}), 3);  // height, width, scale
  // The last pixel across and down.
  std::vector<Value> last;
  for (const size_t side : {1, 0}) last.push_back(shifted(g, halves_away_from_zero(g, g.div(info[side], info[2])), -1));

  std::vector<Value> all_scores;
  std::vector<Value> all_labels;
  std::vector<Value> all_boxes;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (rank_of(op, scores[i]) != 3 || rank_of(op, deltas[i]) != 3) op.fail("boxes or scores that are not of rank 3");
    const double threshold = i + 1 < scores.size() ? op.attr<double>("score_threshold") : 0;
    const LevelBest level = decode_level(op, deltas[i], scores[i], anchors[i], last, info[2], threshold);
    all_scores.push_back(level.scores);
    all_labels.push_back(level.labels);
    all_boxes.push_back(level.boxes);
  }
  const Value score = g.concat(all_scores, 1);  // [B, K]
  const Value label = g.concat(all_labels, 1);
  const Value box = g.concat(all_boxes, 1);
  const Value own = g.equal(g.unsqueeze(label, {1}), g.reshape(positions(g, g.dim(scores.front(), 2)), Ints{1, -1, 1}));
  Suppression s;
  s.boxes = box;
  s.scores = g.where(own, g.unsqueeze(score, {1}), g.scalar(kNever, dtype));
  s.iou_threshold = op.attr<double>("nms_threshold");
  s.score_threshold = std::numeric_limits<float>::lowest();
  s.eta = op.attr<double>("nms_eta", 1.0);
  s.pixels = true;
  const Suppressed kept = suppress(op, s);
  const Value number = g.add(g.mul(kept.images, g.dim(score, 1)), kept.places);
  const Value kept_scores = g.gather(g.flatten_to_1d(score), number, 0);
  const Value counts = rows_of_each_image(g, kept.images, images);
  const Value order = best_of_each_image(g, kept.images, kept_scores, counts, op.attr<int64_t>("keep_top_k"));
  const auto column = [&](Value x) { return g.unsqueeze(g.gather(x, order, 0), {1}); };
  const Value labels = g.cast(g.add(kept.classes, g.scalar_i64(1)), dtype);
  const Value boxes = g.gather(g.gather(g.reshape(box, Ints{-1, 4}), number, 0), order, 0);
  op.out_as_computed("Out", g.concat({column(labels), column(kept_scores), boxes}, 1));
}

// --- YOLO -----------------------------------------------------------------------------------------------------------

struct Head {
  Value objectness;     // [N, M]
  Value boxes;          // [N, M, 4]
  Value probabilities;  // [N, M, classes]
};

// One of yolo_box_head's results. Height and width of the unscaled image are [N, 1, 1, 1, 1].
Head read_head(OpContext& op, const std::string& which, const std::vector<Value>& image) {
  Builder& g = op.graph();
  const Value x = op.in("boxes" + which);
  if (rank_of(op, x) != 4) op.fail("a map of rank " + std::to_string(x.rank()));
  if (x.dim(2) >= 0 && x.dim(3) >= 0 && x.dim(2) != x.dim(3))
    op.fail("a map that is not as high as it is wide, of which Paddle reads a part");
  const DType dtype = x.dtype();
  const auto anchors = op.attr<std::vector<double>>("anchors" + which);
  const auto kinds = static_cast<int64_t>(anchors.size() / 2);
  const auto classes = op.attr<int64_t>("class_num");
  const auto ratio = static_cast<double>(op.attr<int64_t>("downsample_ratio" + which));
  const Value by_kind =
      g.reshape(x, g.concat_ints({g.dim(x, 0), g.ints({kinds, 5 + classes}), g.dim(x, 2), g.dim(x, 3)}));
  const std::vector<Value> part = g.split(by_kind, {1, 1, 1, 1, 1, classes}, 2);
  std::vector<Value> corners(4);
  for (const size_t i : {0, 1}) {  // across, down
    const int64_t axis = i == 0 ? 3 : 2;
    const Value cells = g.cast(g.dim(x, axis), dtype);
    const Value cell =
        g.reshape(positions_as(g, g.dim(x, axis), dtype), i == 0 ? Ints{1, 1, 1, 1, -1} : Ints{1, 1, 1, -1, 1});
    std::vector<double> sizes;
    for (size_t k = i; k < anchors.size(); k += 2) sizes.push_back(anchors[k]);
    const Value anchor = g.constant(from_doubles(dtype, {1, kinds, 1, 1, 1}, sizes));
    const Value extent = image[1 - i];
    const Value center = g.div(g.mul(g.add(part[i], cell), extent), cells);
    const Value half = scaled(g, g.div(g.mul(g.mul(part[i + 2], anchor), extent), scaled(g, cells, ratio)), 0.5);
    corners[i] = g.max(g.sub(center, half), g.scalar(0, dtype));
    corners[i + 2] = g.min(g.add(center, half), shifted(g, extent, -1));
  }
  const auto as_list = [&](Value y, int64_t count) {
    return g.reshape(g.transpose(y, {0, 1, 3, 4, 2}), g.concat_ints({g.dim(x, 0), g.ints({-1, count})}));
  };
  return {g.squeeze(as_list(part[4], 1), {2}), as_list(g.concat(corners, 2), 4),
          as_list(g.mul(part[5], part[4]), classes)};
}

// Paddle's kernel gives all boxes whose objectness reaches conf_thresh, by image, class and descending probability;
// those that are suppressed have the score 0. Where there are none: one row of zeros. Boxes of no class (-1) stand
// first, those without objectness last. (It reads neither clip_bbox nor scale_x_y.)
void yolo_box_post(OpContext& op) {
  Builder& g = op.graph();
  const Value size = g.div(op.in("image_shape"), op.in("image_scale"));  // [N, 2]
  std::vector<Value> image;
  for (const Value& side : last_axis_parts(op, size, 2)) image.push_back(g.reshape(side, Ints{-1, 1, 1, 1, 1}));
  std::vector<Value> objectnesses;
  std::vector<Value> all_boxes;
  std::vector<Value> all_probabilities;
  for (const char* which : {"0", "1", "2"}) {
    const Head head = read_head(op, which, image);
    objectnesses.push_back(head.objectness);
    all_boxes.push_back(head.boxes);
    all_probabilities.push_back(head.probabilities);
  }
  const Value objectness = g.concat(objectnesses, 1);  // [N, M]
  const Value boxes = g.concat(all_boxes, 1);
  const Value probabilities = g.concat(all_probabilities, 1);
  const DType dtype = boxes.dtype();
  const Value zero = g.scalar(0, dtype);
  const Value images = g.dim(boxes, 0);
  const auto classes = op.attr<int64_t>("class_num");
  const Value probability = g.reduce("ReduceMax", probabilities, Ints{2}, false);
  const Value likeliest = g.node("ArgMax", {probabilities}, {{"axis", int64_t{2}}, {"keepdims", int64_t{0}}},
                                 {DType::kInt64, objectness.dims()});
  const Value has_class = g.greater(probability, zero);
  const Value group = g.where(has_class, g.add(likeliest, g.scalar_i64(1)), g.scalar_i64(0));  // the class and 1
  const Value rank = g.where(has_class, probability, objectness);
  const Value candidate = g.greater_equal(objectness, g.scalar(op.attr<double>("conf_thresh"), dtype));
  const Value active = g.logical_and(candidate, g.logical_not(g.equal(objectness, zero)));

  // Paddle compares the boxes as if their first corners were their centers.
  const std::vector<Value> corner = last_axis_parts(op, boxes, 4);
  std::vector<Value> moved(4);
  for (const size_t i : {0, 1}) {
    const Value half = scaled(g, g.sub(corner[i + 2], corner[i]), 0.5);
    moved[i] = g.sub(corner[i], half);
    moved[i + 2] = g.add(corner[i], half);
  }
  Suppression s;
  s.boxes = g.concat(moved, 2);
  const Value every = g.reshape(positions(g, g.ints({classes + 1})), Ints{1, -1, 1});
  const Value own = g.logical_and(g.equal(g.unsqueeze(group, {1}), every), g.unsqueeze(active, {1}));
  s.scores = g.where(own, g.unsqueeze(rank, {1}), g.scalar(kNever, dtype));
  s.iou_threshold = op.attr<double>("nms_threshold");
  s.score_threshold = std::numeric_limits<float>::lowest();
  const Suppressed kept = suppress(op, s);
  const Value number = g.add(g.mul(kept.images, g.dim(boxes, 1)), kept.places);
  const Value flat = g.flatten_to_1d(objectness);
  const Value none = g.expand(zero, g.shape(flat));
  const Value score = g.node("ScatterElements", {none, number, g.gather(flat, number, 0)}, {{"axis", int64_t{0}}});

  const Value rows = places_of(g, g.flatten_to_1d(candidate));
  const Value last = g.where(active, group, g.scalar_i64(classes + 1));
  const Value first_of_image = g.mul(g.unsqueeze(positions(g, images), {1}), g.scalar_i64(classes + 2));
  const Value by_rank = g.gather(rows, sorting_order(g, g.gather(g.flatten_to_1d(rank), rows, 0), true), 0);
  const Value groups = g.gather(g.flatten_to_1d(g.add(first_of_image, last)), by_rank, 0);
  const Value order = g.gather(by_rank, sorting_order(g, groups, false), 0);
  const auto column = [&](Value x) { return g.unsqueeze(g.gather(g.flatten_to_1d(x), order, 0), {1}); };
  const Value label = g.cast(g.sub(group, g.scalar_i64(1)), dtype);
  const Value found = g.concat({column(label), column(score), g.gather(g.reshape(boxes, Ints{-1, 4}), order, 0)}, 1);
  const Value nothing = g.cast(g.equal(g.dim(found, 0), g.ints({0})), DType::kInt64);
  const Value row = g.expand(zero, g.concat_ints({nothing, g.ints({6})}));
  op.out_as_computed("out", g.concat({found, row}, 0));
  const Value counts = g.reduce("ReduceSum", g.cast(candidate, DType::kInt64), Ints{1}, false);
  op.out("nms_rois_num", g.cast(counts, DType::kInt32));
}

constexpr MapperEntry kEntries[] = {
    {"retinanet_detection_output", 10, retinanet_detection_output},
    {"yolo_box_post", 11, yolo_box_post, "maps that are not square"},
};

}  // namespace

extern const MapperTable kDetectionOutputMappers = kEntries;

}  // namespace paddle2onnx
