// What the operators of detection heads share: corners of boxes, overlaps, suppression, rows that belong to images.
#pragma once

#include <limits>

#include "mapper/mapper.h"

namespace paddle2onnx {

inline constexpr double kNever = -std::numeric_limits<double>::infinity();  // a score that no threshold lets pass

// The last axis of x in parts of one element each: the corners of boxes [..., 4] as four [..., 1].
std::vector<Value> last_axis_parts(OpContext& op, Value x, int64_t count);

// x times a constant, plus a constant; both of x's type.
Value scaled(Builder& g, Value x, double factor);
Value shifted(Builder& g, Value x, double term);

// 0, 1, … n - 1 in a type; n is int64 [1].
Value positions_as(Builder& g, Value n, DType dtype);

// Intersection over union of boxes (xmin, ymin, xmax, ymax), each given as four corners that broadcast against the
// other's. Boxes of pixels reach one further than their coordinates (`pixels`): their sides are max - min + 1. Boxes
// that do not touch have none, boxes with max < min have no area; 0 where both areas are 0.
Value overlaps(Builder& g, const std::vector<Value>& a, const std::vector<Value>& b, bool pixels);

// The best boxes of each image and class, by descending score; K is as many as the fullest of them has, at least 1.
struct Ranked {
  Value count;     // K, int64 [1]
  Value scores;    // [B, C, K]
  Value places;    // among the M, int64 [B, C, K]
  Value boxes;     // [B, C, K, 4]
  Value numbers;   // among those of all images, int64 [B, C, K]
  Value is_there;  // bool [B, C, K]: its score is above the threshold
};
// Of boxes [B, M, 4] and scores [B, C, M]: the `limit` best (negative: all) whose scores are above the threshold.
Ranked rank_boxes(Builder& g, Value boxes, Value scores, double score_threshold, int64_t limit);

// Greedy suppression, for each image and class alone: by ONNX's NonMaxSuppression, or where the threshold adapts in a
// loop.
struct Suppression {
  Value boxes;                            // [B, M, 4]
  Value scores;                           // [B, C, M]
  double iou_threshold = 0;               // what overlaps more is suppressed
  std::optional<double> score_threshold;  // what has not more takes no part
  bool pixels = false;                    // sides of boxes are max - min + 1
  std::optional<int64_t> limit;           // how many are kept of each image and class
  // Below 1: what the threshold is multiplied by whenever a box is kept, as long as it is above 0.5.
  double eta = 1;
};
struct Suppressed {  // int64 [S] each, by image, class, descending score
  Value images;
  Value classes;
  Value places;  // among the M
};
Suppressed suppress(OpContext& op, const Suppression& s);

// Which image each of `rows` (int64 [1]) rows belongs to, where `counts` ([B], any integer type) says how many rows
// each image has: int64 [rows].
Value image_of_each_row(Builder& g, Value counts, Value rows);

// How many of a list's rows belong to each image, [images]: the operand that says so, else what their LoD says.
Value counts_of_images(OpContext& op, std::string_view numbers, std::string_view rows, size_t index = 0);

// How many rows each of `image_count` (int64 [1]) images has: int64 [B]. `images` is int64 [S].
Value rows_of_each_image(Builder& g, Value images, Value image_count);

// The `limit` best rows of each image (negative: all), by image and descending score: int64. Rows stand by image;
// `counts`, int64 [B], says how many each image has. Of equal scores the first rows come first.
Value best_of_each_image(Builder& g, Value images, Value scores, Value counts, int64_t limit);

// The places of the true elements of a bool [n], ascending: int64 [S].
Value places_of(Builder& g, Value mask);
// The elements of x along the first axis where the mask is true.
Value keep_rows(Builder& g, Value x, Value mask);
// Indices that sort x [n]; equal elements keep their order.
Value sorting_order(Builder& g, Value x, bool descending);
// Elementwise minimum and maximum of integers, at every opset that has Where.
Value smaller(Builder& g, Value a, Value b);
Value larger(Builder& g, Value a, Value b);
// min(k, n), int64 [1]; k < 0: n.
Value at_most(Builder& g, int64_t k, Value n);

}  // namespace paddle2onnx
