// Region proposals: where in the image the second stage of a detector looks, and at which level of the pyramid.
#include <cmath>
#include <limits>

#include "mapper/detection.h"
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// The anchors' boxes [N, K, 4] after the deltas that the network predicts, within the image. Height and width are [N,
// 1, 1].
std::vector<Value> decode_proposals(OpContext& op, Value anchors, Value variances, Value deltas, Value height,
                                    Value width, double more) {
  Builder& g = op.graph();
  const DType dtype = deltas.dtype();
  const std::vector<Value> a = last_axis_parts(op, anchors, 4);
  const std::vector<Value> d = last_axis_parts(op, g.mul(variances, deltas), 4);
  std::vector<Value> corners(4);
  for (size_t i = 0; i < 2; ++i) {
    const Value side = shifted(g, g.sub(a[i + 2], a[i]), more);
    const Value center = g.add(g.mul(d[i], side), g.add(a[i], scaled(g, side, 0.5)));
    // Paddle's limit for the growth of a side.
    const Value growth = g.exp(g.min(d[i + 2], g.scalar(std::log(1000.0 / 16.0), dtype)));
    const Value half = scaled(g, g.mul(growth, side), 0.5);
    const Value last = shifted(g, i == 0 ? width : height, -more);
    const auto within = [&](Value x) { return g.max(g.min(x, last), g.scalar(0, dtype)); };
    corners[i] = within(g.sub(center, half));
    corners[i + 2] = within(shifted(g, g.add(center, half), -more));
  }
  return corners;
}

// Of each image's anchors the pre_nms_top_n with the best scores become boxes; small ones are dropped, overlapping ones
// suppressed, and the post_nms_top_n best of the rest are the proposals, by image and descending score. An image
// without any gets one empty box of score 0. The older form has im_info (height, width, scale), where the smallest side
// counts in the unscaled image, in place of im_shape (height, width).
void generate_proposals(OpContext& op) {
  Builder& g = op.graph();
  const Value all_scores = op.in("scores");
  const Value all_deltas = op.in("bbox_deltas");
  if (rank_of(op, all_scores) != 4 || rank_of(op, all_deltas) != 4) op.fail("scores or deltas that are not of rank 4");
  const bool by_info = op.has("im_info");
  const Value image = op.in(by_info ? "im_info" : "im_shape");
  const DType dtype = all_scores.dtype();
  const double more = op.attr<bool>("pixel_offset", true) ? 1 : 0;
  const auto threshold = op.attr<double>("nms_thresh");
  const auto pre_top_n = op.attr<int64_t>("pre_nms_top_n");
  const auto post_top_n = op.attr<int64_t>("post_nms_top_n");
  if (threshold <= 0)
    op.fail("nms_thresh " + std::to_string(threshold) +
            ": without suppression Paddle leaves the order of proposals open");

  // [N, A, H, W] → [N, H · W · A], as the anchors [H, W, A, 4] stand.
  const Value images = g.dim(all_scores, 0);
  const Value scores = g.reshape(g.transpose(all_scores, {0, 2, 3, 1}), g.concat_ints({images, g.ints({-1})}));
  const Value deltas = g.reshape(g.transpose(all_deltas, {0, 2, 3, 1}), Ints{-1, 4});
  const Value count = g.dim(scores, 1);
  const auto [best, places] =
      g.topk(scores, pre_top_n <= 0 ? count : at_most(g, pre_top_n, count), 1, true, true);  // [N, K]
  const Value first = g.mul(g.unsqueeze(positions(g, images), {1}), count);
  const Value own_deltas = g.gather(deltas, g.add(places, first), 0);  // [N, K, 4]
  const Value anchors = g.gather(g.reshape(op.in("anchors"), Ints{-1, 4}), places, 0);
  const Value variances = g.gather(g.reshape(op.in("variances"), Ints{-1, 4}), places, 0);
  const std::vector<Value> part = last_axis_parts(op, g.unsqueeze(image, {1}), by_info ? 3 : 2);  // [N, 1, 1]
  const std::vector<Value> box = decode_proposals(op, anchors, variances, own_deltas, part[0], part[1], more);

  const Value least = g.scalar(std::max(op.attr<double>("min_size"), 1.0), dtype);
  Value large;
  const auto require = [&](Value condition) { large = large ? g.logical_and(large, condition) : condition; };
  for (size_t i = 0; i < 2; ++i) {
    const Value extent = g.sub(box[i + 2], box[i]);
    require(g.greater_equal(shifted(g, by_info ? g.div(extent, part[2]) : extent, more), least));
    // The center lies in the image.
    if (more > 0)
      require(g.less_equal(g.add(box[i], scaled(g, shifted(g, extent, more), 0.5)), i == 0 ? part[1] : part[0]));
  }
  const Value valid = g.squeeze(large, {2});  // [N, K]
  // One more box, which takes part where no other does.
  const Value any = g.greater(g.reduce("ReduceMax", g.cast(valid, DType::kInt32), Ints{1}, true),
                              g.constant(from_ints(DType::kInt32, {}, {0})));
  const Value never = g.scalar(kNever, dtype);
  const Value none = g.scalar(0, dtype);
  const Value candidates = g.concat({g.where(valid, best, never), g.where(any, never, none)}, 1);  // [N, K + 1]
  const Value empty = g.expand(g.filled(0, dtype, {1, 1, 4}), g.concat_ints({images, g.ints({1, 4})}));
  const Value boxes = g.concat({g.concat(box, 2), empty}, 1);

  Suppression s;
  s.boxes = boxes;
  s.scores = g.unsqueeze(candidates, {1});
  s.iou_threshold = threshold;
  s.eta = op.attr<double>("eta", 1.0);
  s.score_threshold = std::numeric_limits<float>::lowest();
  s.pixels = more > 0;
  if (post_top_n > 0) s.limit = post_top_n;
  const Suppressed kept = suppress(op, s);
  const Value number = g.add(g.mul(kept.images, g.dim(candidates, 1)), kept.places);
  op.out_as_computed("rpn_rois", g.gather(g.reshape(boxes, Ints{-1, 4}), number, 0));
  op.out_as_computed("rpn_roi_probs", g.unsqueeze(g.gather(g.flatten_to_1d(candidates), number, 0), {1}));
  const Value counts = rows_of_each_image(g, kept.images, images);
  op.out("rpn_rois_num", g.cast(counts, DType::kInt32));
  for (const auto* name : {"rpn_rois", "rpn_roi_probs"}) op.set_lod(name, Lod{.lengths = counts});
}

// Regions to the levels of a pyramid by their size: level floor(log2(√area / refer_scale + 1e-6) + refer_level), within
// min_level and max_level. restore_index tells where each region stands in the levels' regions one after the other.
void distribute_fpn_proposals(OpContext& op) {
  Builder& g = op.graph();
  const Value rois = op.in("fpn_rois");
  if (rank_of(op, rois) != 2) op.fail("regions of rank " + std::to_string(rois.rank()));
  const DType dtype = rois.dtype();
  const auto min_level = op.attr<int64_t>("min_level");
  const auto max_level = op.attr<int64_t>("max_level");
  if (max_level < min_level || max_level - min_level > 64)
    op.fail("levels from " + std::to_string(min_level) + " to " + std::to_string(max_level));
  const double more = op.attr<bool>("pixel_offset", true) ? 1 : 0;
  const std::vector<Value> corner = last_axis_parts(op, rois, 4);
  const Value w = g.sub(corner[2], corner[0]);
  const Value h = g.sub(corner[3], corner[1]);
  const Value zero = g.scalar(0, dtype);
  const Value proper = g.logical_and(g.greater_equal(w, zero), g.greater_equal(h, zero));
  const Value area = g.where(proper, g.mul(shifted(g, w, more), shifted(g, h, more)), zero);
  const Value scale = g.div(g.sqrt(area), g.scalar(static_cast<double>(op.attr<int64_t>("refer_scale")), dtype));
  const Value octaves = g.div(g.log(shifted(g, scale, 1e-6)), g.scalar(std::log(2.0), dtype));
  const Value exact = g.floor(shifted(g, octaves, static_cast<double>(op.attr<int64_t>("refer_level"))));
  const Value level = g.cast(
      g.squeeze(g.clip(exact, static_cast<double>(min_level), static_cast<double>(max_level)), {1}), DType::kInt64);

  Value image;  // of each region
  Value images;
  const bool told = op.wants("multi_level_rois_num");
  if (told || op.has("rois_num") || op.carries_lod("fpn_rois")) {
    const Value of_each = counts_of_images(op, "rois_num", "fpn_rois");
    images = g.dim(of_each, 0);
    image = image_of_each_row(g, of_each, g.dim(rois, 0));
  }
  op.set_lod("multi_fpn_rois", std::nullopt);  // not that of fpn_rois
  std::vector<Value> order;
  for (int64_t i = min_level; i <= max_level; ++i) {
    const auto index = static_cast<size_t>(i - min_level);
    const Value rows = places_of(g, g.equal(level, g.scalar_i64(i)));
    order.push_back(rows);
    op.out_as_computed("multi_fpn_rois", g.gather(rois, rows, 0), index);
    if (!image) continue;
    const Value of_each = rows_of_each_image(g, g.gather(image, rows, 0), images);
    op.set_lod("multi_fpn_rois", index, Lod{.lengths = of_each});
    if (told) op.out("multi_level_rois_num", g.cast(of_each, DType::kInt32), index);
  }
  // The inverse of the order.
  const Value restore = sorting_order(g, g.concat(order, 0), false);
  op.out_as_computed("restore_index", g.cast(g.unsqueeze(restore, {1}), DType::kInt32));
}

// The post_nms_topn regions with the best scores of all levels and images, by image and descending score.
void collect_fpn_proposals(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> levels = op.ins("multi_level_rois");
  const std::vector<Value> level_scores = op.ins("multi_level_scores");
  if (levels.empty() || levels.size() != level_scores.size()) op.fail("not as many lists of scores as of regions");
  std::vector<Value> counts;
  std::vector<Value> image;
  std::vector<Value> scores;
  for (size_t i = 0; i < levels.size(); ++i) {
    counts.push_back(counts_of_images(op, "multi_level_rois_num", "multi_level_rois", i));
    image.push_back(image_of_each_row(g, counts[i], g.dim(levels[i], 0)));
    scores.push_back(g.flatten_to_1d(level_scores[i]));
  }
  const Value all = g.concat(scores, 0);
  const Value best = g.topk(all, at_most(g, op.attr<int64_t>("post_nms_topn"), g.dim(all, 0)), 0, true, true).second;
  const Value images = g.gather(g.concat(image, 0), best, 0);
  const Value rows = counts[0].dim(0) == 1 ? best : g.gather(best, sorting_order(g, images, false), 0);
  op.out_as_computed("fpn_rois", g.gather(g.concat(levels, 0), rows, 0));
  const Value of_each = rows_of_each_image(g, images, g.dim(counts[0], 0));
  op.out("rois_num", g.cast(of_each, DType::kInt32));
  op.set_lod("fpn_rois", Lod{.lengths = of_each});
}

constexpr MapperEntry kEntries[] = {
    {"collect_fpn_proposals", 7, collect_fpn_proposals},
    {"distribute_fpn_proposals", 11, distribute_fpn_proposals},
    {"generate_proposals", 11, generate_proposals, "no suppression"},
};

}  // namespace

extern const MapperTable kProposalMappers = kEntries;

}  // namespace paddle2onnx
