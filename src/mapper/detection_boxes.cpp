// Boxes of detection heads: priors and anchors, coding against them, YOLO's boxes, overlaps.
#include <cmath>

#include "mapper/detection.h"
#include "mapper/indices.h"
#include "mapper/lod.h"
#include "mapper/loops.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

void need_floats(const OpContext& op, Value x) {
  if (x.dtype() != DType::kFloat32 && x.dtype() != DType::kFloat64)
    op.fail("elements of type " + std::string(to_string(x.dtype())));
}

// A dimension as a number of rank 0 in a floating type.
Value extent(Builder& g, Value x, int64_t axis, DType dtype) { return as_scalar(g, g.cast(g.dim(x, axis), dtype)); }

// Centers of the cells of a grid of `n` (int64 [1]): (i + offset) · step, [n].
Value centers(Builder& g, Value n, double offset, Value step) {
  return g.mul(shifted(g, positions_as(g, n, step.dtype()), offset), step);
}

// Boxes of P kinds around the centers of all cells, [H, W, P, 4] from parts that broadcast to [H, W, P].
Value boxes_of_cells(Builder& g, const std::vector<Value>& corners, Value shape) {
  std::vector<Value> parts;
  parts.reserve(corners.size());
  for (const Value& corner : corners) parts.push_back(g.unsqueeze(g.expand(corner, shape), {3}));
  return g.concat(parts, 3);
}

Value along_height(Builder& g, Value x) { return g.reshape(x, Ints{-1, 1, 1}); }
Value along_width(Builder& g, Value x) { return g.reshape(x, Ints{1, -1, 1}); }

// The feature map and the image of the priors' operators.
struct MapAndImage {
  Value map;    // [N, C, H, W]
  Value image;  // [N, C, H, W]
  Value by_w;   // how far apart the cells are in the image, of rank 0
  Value by_h;
  Value image_w;  // of rank 0
  Value image_h;
};

MapAndImage read_map_and_image(OpContext& op, std::string_view map, std::string_view image) {
  Builder& g = op.graph();
  MapAndImage m;
  m.map = op.in(map);
  m.image = op.in(image);
  if (rank_of(op, m.map) != 4 || rank_of(op, m.image) != 4) op.fail("a feature map or image that is not of rank 4");
  need_floats(op, m.map);
  const DType dtype = m.map.dtype();
  m.image_w = extent(g, m.image, 3, dtype);
  m.image_h = extent(g, m.image, 2, dtype);
  const auto step_w = op.attr<double>("step_w", 0.0);
  const auto step_h = op.attr<double>("step_h", 0.0);
  const bool steps = step_w != 0 && step_h != 0;
  m.by_w = steps ? g.scalar(step_w, dtype) : g.div(m.image_w, extent(g, m.map, 3, dtype));
  m.by_h = steps ? g.scalar(step_h, dtype) : g.div(m.image_h, extent(g, m.map, 2, dtype));
  return m;
}

void out_variances(OpContext& op, std::string_view name, Value shape, DType dtype, bool flatten) {
  Builder& g = op.graph();
  const auto numbers = op.attr<std::vector<double>>("variances");
  const auto count = static_cast<int64_t>(numbers.size());
  const Value one = g.constant(from_doubles(dtype, {count}, numbers));
  const Value all = g.expand(one, g.concat_ints({shape, g.ints({count})}));
  op.out(name, flatten ? g.reshape(all, Ints{-1, count}) : all);
}

Value list_of(Builder& g, const std::vector<double>& numbers, DType dtype) {
  return g.constant(from_doubles(dtype, {static_cast<int64_t>(numbers.size())}, numbers));
}

// SSD's priors: around the center of each cell of the feature map, in parts of the image, boxes of min_size with each
// aspect ratio and one of sqrt(min_size · max_size).
void prior_box(OpContext& op) {
  Builder& g = op.graph();
  const MapAndImage m = read_map_and_image(op, "input", "image");
  const Value input = m.map;
  const DType dtype = input.dtype();
  const auto min_sizes = op.attr<std::vector<double>>("min_sizes");
  const auto max_sizes = op.attr<std::vector<double>>("max_sizes", {});
  if (!max_sizes.empty() && max_sizes.size() != min_sizes.size()) op.fail("not as many max_sizes as min_sizes");
  // Each ratio once, 1 first, with its reciprocal if they are flipped.
  std::vector<double> ratios = {1};
  for (const double ratio : op.attr<std::vector<double>>("aspect_ratios", {})) {
    if (std::ranges::any_of(ratios, [&](double known) { return std::abs(known - ratio) < 1e-6; })) continue;
    ratios.push_back(ratio);
    if (op.attr<bool>("flip", false)) ratios.push_back(1 / ratio);
  }
  const bool max_second = op.attr<bool>("min_max_aspect_ratios_order", false);
  std::vector<double> widths;  // halves
  std::vector<double> heights;
  const auto add = [&](double width, double height) {
    widths.push_back(width / 2);
    heights.push_back(height / 2);
  };
  for (size_t i = 0; i < min_sizes.size(); ++i) {
    const double size = min_sizes[i];
    const auto add_larger = [&] {
      if (!max_sizes.empty()) add(std::sqrt(size * max_sizes[i]), std::sqrt(size * max_sizes[i]));
    };
    for (size_t k = 0; k < ratios.size(); ++k) {
      add(size * std::sqrt(ratios[k]), size / std::sqrt(ratios[k]));
      if (k == 0 && max_second) add_larger();
    }
    if (!max_second) add_larger();
  }

  const auto offset = op.attr<double>("offset", 0.5);
  const Value x = along_width(g, centers(g, g.dim(input, 3), offset, m.by_w));
  const Value y = along_height(g, centers(g, g.dim(input, 2), offset, m.by_h));
  const Value w = list_of(g, widths, dtype);
  const Value h = list_of(g, heights, dtype);
  const Value shape = g.concat_ints({g.dim(input, 2), g.dim(input, 3), g.ints({static_cast<int64_t>(widths.size())})});
  Value boxes = boxes_of_cells(g,
                               {g.div(g.sub(x, w), m.image_w), g.div(g.sub(y, h), m.image_h),
                                g.div(g.add(x, w), m.image_w), g.div(g.add(y, h), m.image_h)},
                               shape);
  if (op.attr<bool>("clip", false)) boxes = g.clip(boxes, 0, 1);
  op.out("out", boxes);
  out_variances(op, "var", shape, dtype, false);
}

// Priors of a fixed size with each ratio, density² of them in each cell, evenly over a square of the mean step.
void density_prior_box(OpContext& op) {
  Builder& g = op.graph();
  const MapAndImage m = read_map_and_image(op, "Input", "Image");
  const Value input = m.map;
  const DType dtype = input.dtype();
  const auto sizes = op.attr<std::vector<double>>("fixed_sizes", {});
  const auto ratios = op.attr<std::vector<double>>("fixed_ratios", {});
  const auto densities = op.attr<Ints>("densities", {});
  if (densities.size() != sizes.size()) op.fail("not as many densities as fixed_sizes");
  // Offsets of the centers in parts of whole shifts: (density's shift) · (d + 1/2).
  std::vector<double> widths;
  std::vector<double> heights;
  std::vector<double> across;
  std::vector<double> down;
  Ints density;
  for (size_t s = 0; s < sizes.size(); ++s) {
    if (densities[s] < 1) op.fail("a density below 1");
    for (const double ratio : ratios) {
      for (int64_t i = 0; i < densities[s]; ++i) {
        for (int64_t j = 0; j < densities[s]; ++j) {
          widths.push_back(sizes[s] * std::sqrt(ratio) / 2);
          heights.push_back(sizes[s] / std::sqrt(ratio) / 2);
          across.push_back(static_cast<double>(j) + 0.5);
          down.push_back(static_cast<double>(i) + 0.5);
          density.push_back(densities[s]);
        }
      }
    }
  }
  // The mean step and the shifts are whole numbers.
  const Value mean_step = g.cast(scaled(g, g.add(m.by_w, m.by_h), 0.5), DType::kInt64);
  const Value shift = g.cast(g.div(mean_step, g.ints(density)), dtype);
  const Value half = scaled(g, g.cast(mean_step, dtype), 0.5);
  const auto offset = op.attr<double>("offset", 0.5);
  const auto center = [&](int64_t axis, Value step, const std::vector<double>& places) {
    const Value cells = centers(g, g.dim(input, axis), offset, step);
    const Value start = g.sub(axis == 3 ? along_width(g, cells) : along_height(g, cells), half);
    return g.add(start, g.mul(shift, list_of(g, places, dtype)));
  };
  const Value x = center(3, m.by_w, across);
  const Value y = center(2, m.by_h, down);
  const Value w = list_of(g, widths, dtype);
  const Value h = list_of(g, heights, dtype);
  const Value shape = g.concat_ints({g.dim(input, 2), g.dim(input, 3), g.ints({static_cast<int64_t>(widths.size())})});
  // The image's edges limit the boxes whatever `clip` says, each corner on its own side alone.
  const auto low = [&](Value v) { return g.max(v, g.scalar(0, dtype)); };
  const auto high = [&](Value v) { return g.min(v, g.scalar(1, dtype)); };
  Value boxes = boxes_of_cells(g,
                               {low(g.div(g.sub(x, w), m.image_w)), low(g.div(g.sub(y, h), m.image_h)),
                                high(g.div(g.add(x, w), m.image_w)), high(g.div(g.add(y, h), m.image_h))},
                               shape);
  if (op.attr<bool>("clip", false)) boxes = g.clip(boxes, 0, 1);
  const bool flatten = op.attr<bool>("flatten_to_2d", false);
  op.out("Boxes", flatten ? g.reshape(boxes, Ints{-1, 4}) : boxes);
  out_variances(op, "Variances", shape, dtype, flatten);
}

// Faster R-CNN's anchors, in pixels: around each cell a box for each ratio and size. Their base is the stride's area,
// with sides in whole pixels.
void anchor_generator(OpContext& op) {
  Builder& g = op.graph();
  const Value input = op.in("input");
  if (rank_of(op, input) != 4) op.fail("a feature map of rank " + std::to_string(input.rank()));
  need_floats(op, input);
  const DType dtype = input.dtype();
  const auto stride = op.attr<std::vector<double>>("stride");
  if (stride.size() != 2) op.fail("stride has not two numbers");
  std::vector<double> widths;  // halves, less half a pixel
  std::vector<double> heights;
  for (const double ratio : op.attr<std::vector<double>>("aspect_ratios")) {
    for (const double size : op.attr<std::vector<double>>("anchor_sizes")) {
      const double base_w = std::round(std::sqrt(stride[0] * stride[1] / ratio));
      const double base_h = std::round(base_w * ratio);
      widths.push_back(0.5 * (size / stride[0] * base_w - 1));
      heights.push_back(0.5 * (size / stride[1] * base_h - 1));
    }
  }
  const auto offset = op.attr<double>("offset", 0.5);
  const auto center = [&](int64_t axis, double step) {
    return shifted(g, scaled(g, positions_as(g, g.dim(input, axis), dtype), step), offset * (step - 1));
  };
  const Value x = along_width(g, center(3, stride[0]));
  const Value y = along_height(g, center(2, stride[1]));
  const Value w = list_of(g, widths, dtype);
  const Value h = list_of(g, heights, dtype);
  const Value shape = g.concat_ints({g.dim(input, 2), g.dim(input, 3), g.ints({static_cast<int64_t>(widths.size())})});
  op.out("anchors", boxes_of_cells(g, {g.sub(x, w), g.sub(y, h), g.add(x, w), g.add(y, h)}, shape));
  out_variances(op, "variances_out", shape, dtype, false);
}

// Boxes against priors (their centers and sides): encoded, [N, 4] against [M, 4] to [N, M, 4],
//   (center - prior's center) / prior's side / variance,  log|side / prior's side| / variance
// or decoded, [N, M, 4] with the prior of each column (axis 0) or row (axis 1). Sides of boxes that are not normalized
// are max - min + 1.
void box_coder(OpContext& op) {
  Builder& g = op.graph();
  const Value prior = op.in("prior_box");
  const Value target = op.in("target_box");
  const DType dtype = target.dtype();
  const double more = op.attr<bool>("box_normalized", true) ? 0 : 1;
  const auto code = op.attr<std::string>("code_type", "encode_center_size");
  const auto variance = op.attr<std::vector<double>>("variance", {});
  if (!variance.empty() && variance.size() != 4) op.fail("variance has not four numbers");
  if (rank_of(op, prior) != 2) op.fail("priors of rank " + std::to_string(prior.rank()));
  const bool encode = code == "encode_center_size";
  if (!encode && code != "decode_center_size") op.fail("code_type '" + code + "'");
  const auto axis = op.attr<int64_t>("axis", 0);
  if (axis != 0 && axis != 1) op.fail("axis " + std::to_string(axis));
  if (rank_of(op, target) != (encode ? 2 : 3)) op.fail("target boxes of rank " + std::to_string(target.rank()));
  // Priors and their variances are columns of [N, M, 1].
  const auto against_columns = [&](Value x) { return g.unsqueeze(x, {encode || axis == 0 ? 0 : 1}); };
  const std::vector<Value> p = last_axis_parts(op, against_columns(prior), 4);
  std::vector<Value> v;
  if (op.has("prior_box_var")) {
    v = last_axis_parts(op, against_columns(op.in("prior_box_var")), 4);
  } else if (!variance.empty()) {
    for (const double number : variance) v.push_back(g.scalar(number, dtype));
  }
  const auto side = [&](const std::vector<Value>& box, size_t i) {
    return shifted(g, g.sub(box[i + 2], box[i]), more);
  };
  const std::vector<Value> t = last_axis_parts(op, encode ? g.unsqueeze(target, {1}) : target, 4);
  std::vector<Value> out(4);
  for (size_t i = 0; i < 2; ++i) {
    const Value prior_side = side(p, i);
    const Value prior_center = g.add(p[i], scaled(g, prior_side, 0.5));
    if (encode) {
      const Value center = scaled(g, g.add(t[i + 2], t[i]), 0.5);
      out[i] = g.div(g.sub(center, prior_center), prior_side);
      out[i + 2] = g.log(g.abs(g.div(side(t, i), prior_side)));
      if (!v.empty()) {
        out[i] = g.div(out[i], v[i]);
        out[i + 2] = g.div(out[i + 2], v[i + 2]);
      }
    } else {
      const auto varied = [&](size_t k) { return v.empty() ? t[k] : g.mul(v[k], t[k]); };
      const Value center = g.add(g.mul(varied(i), prior_side), prior_center);
      const Value half = scaled(g, g.mul(g.exp(varied(i + 2)), prior_side), 0.5);
      out[i] = g.sub(center, half);
      out[i + 2] = shifted(g, g.add(center, half), -more);
    }
  }
  op.out("output_box", g.concat(out, 2));
}

// Boxes within the image that im_info (height, width, scale) describes: 0 to round(side / scale) - 1. They are [N, M,
// 4], or [R, 4] of one image or of those that the LoD tells.
void box_clip(OpContext& op) {
  Builder& g = op.graph();
  const Value boxes = op.in("input");
  const Value info = op.in("im_info");
  const bool one = info.dim(0) == 1;
  Value image;  // of each box
  if (!one && rank_of(op, boxes) == 2) image = image_of_each_row(g, sequences_of(op, "input").lengths, g.dim(boxes, 0));
  const std::vector<Value> part = last_axis_parts(op, info, 3);  // [N, 1]
  const auto limit = [&](size_t i) {
    // Round takes halves to the even number; Paddle takes them up.
    const Value size = g.floor(shifted(g, g.div(part[i], part[2]), 0.5));
    const Value last = shifted(g, size, -1);
    return one ? g.reshape(last, Ints{}) : image ? g.gather(last, image, 0) : g.unsqueeze(last, {2});
  };
  const std::vector<Value> corner = last_axis_parts(op, boxes, 4);
  std::vector<Value> out;
  for (size_t i = 0; i < 4; ++i)
    out.push_back(g.max(g.min(corner[i], limit(i % 2 == 0 ? 1 : 0)), g.scalar(0, boxes.dtype())));
  op.out("output", g.concat(out, -1));
}

// Overlaps of all boxes of x [N, 4] with all of y [M, 4]: [N, M].
void iou_similarity(OpContext& op) {
  Builder& g = op.graph();
  std::vector<Value> a = last_axis_parts(op, op.in("X"), 4);
  std::vector<Value> b = last_axis_parts(op, op.in("Y"), 4);
  for (Value& corner : b) corner = g.transpose(corner, {1, 0});
  // Other than in suppression, sides below zero are zero, and so are overlaps of nothing.
  const DType dtype = a[0].dtype();
  const double more = op.attr<bool>("box_normalized", true) ? 0 : 1;
  const auto side = [&](Value low, Value high) { return shifted(g, g.sub(high, low), more); };
  const auto shared = [&](size_t i) {
    return g.max(side(g.max(a[i], b[i]), g.min(a[i + 2], b[i + 2])), g.scalar(0, dtype));
  };
  const auto area = [&](const std::vector<Value>& box) { return g.mul(side(box[0], box[2]), side(box[1], box[3])); };
  const Value common = g.mul(shared(0), shared(1));
  const Value all = g.sub(g.add(area(a), area(b)), common);
  op.out("Out", g.div(common, shifted(g, all, 1e-10)));
}

// Offsets of a text's corners [N, 2k, H, W], in pixels of a map of a quarter of the image's size, to the corners: 4 ·
// column - x in even channels, 4 · row - y in odd ones.
void polygon_box_transform(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("Input");
  if (rank_of(op, x) != 4 || x.dim(1) < 0 || x.dim(1) % 2 != 0)
    op.fail("an input that is not [N, 2k, H, W] with a known k");
  const DType dtype = x.dtype();
  const Value columns = g.reshape(scaled(g, positions_as(g, g.dim(x, 3), dtype), 4), Ints{1, 1, 1, -1});
  const Value rows = g.reshape(scaled(g, positions_as(g, g.dim(x, 2), dtype), 4), Ints{1, 1, -1, 1});
  const Value even = g.constant([&] {
    std::vector<double> pattern;
    for (int64_t i = 0; i < x.dim(1); ++i) pattern.push_back(i % 2 == 0 ? 1 : 0);
    return from_doubles(dtype, {1, x.dim(1), 1, 1}, pattern);
  }());
  const Value base = g.add(g.mul(even, columns), g.mul(g.sub(g.scalar(1, dtype), even), rows));
  op.out("Output", g.sub(base, x));
}

// YOLO's head x [N, A · (5 + classes), H, W] (with A more channels of predicted overlaps before them if iou_aware) to
// boxes in the pixels of each image, [N, A · H · W, 4], and scores, [N, A · H · W, classes]; both are 0 where the
// objectness is below conf_thresh.
void yolo_box(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  if (rank_of(op, x) != 4) op.fail("an input of rank " + std::to_string(x.rank()));
  const DType dtype = x.dtype();
  const auto anchors = op.attr<std::vector<double>>("anchors");
  const auto kinds = static_cast<int64_t>(anchors.size() / 2);
  const auto classes = op.attr<int64_t>("class_num");
  const bool iou_aware = op.attr<bool>("iou_aware", false);
  const Value rows = g.dim(x, 2);
  const Value columns = g.dim(x, 3);
  Value iou;
  if (iou_aware) {
    iou = g.sigmoid(g.unsqueeze(g.slice(x, Ints{0}, Ints{kinds}, Ints{1}), {2}));
    x = g.slice(x, Ints{kinds}, Ints{kToTheEnd}, Ints{1});
  }
  x = g.reshape(
      x, g.concat_ints({g.dim(x, 0), g.ints({kinds, 5 + classes}), rows, columns}));  // [N, A, 5 + classes, H, W]
  const std::vector<Value> part = g.split(x, {1, 1, 1, 1, 1, classes}, 2);

  // [N, 1, 1, 1, 1]
  const Value size = g.cast(op.in("img_size"), dtype);
  const std::vector<Value> sides = g.split(size, {1, 1}, 1);
  const Value image_h = g.reshape(sides[0], Ints{-1, 1, 1, 1, 1});
  const Value image_w = g.reshape(sides[1], Ints{-1, 1, 1, 1, 1});
  const auto scale = op.attr<double>("scale_x_y", 1.0);
  const auto center = [&](Value raw, Value cell, Value image, Value cells) {
    const Value inside = shifted(g, scaled(g, g.sigmoid(raw), scale), -0.5 * (scale - 1));
    return g.div(g.mul(g.add(inside, cell), image), g.cast(cells, dtype));
  };
  const auto half = [&](Value raw, size_t which, Value image, Value cells) {
    std::vector<double> numbers;
    for (size_t i = which; i < anchors.size(); i += 2) numbers.push_back(anchors[i]);
    const Value anchor = g.constant(from_doubles(dtype, {1, kinds, 1, 1, 1}, numbers));
    const Value input = scaled(g, g.cast(cells, dtype), static_cast<double>(op.attr<int64_t>("downsample_ratio")));
    return scaled(g, g.div(g.mul(g.mul(g.exp(raw), anchor), image), input), 0.5);
  };
  const Value column = g.reshape(positions_as(g, columns, dtype), Ints{1, 1, 1, 1, -1});
  const Value row = g.reshape(positions_as(g, rows, dtype), Ints{1, 1, 1, -1, 1});
  const Value cx = center(part[0], column, image_w, columns);
  const Value cy = center(part[1], row, image_h, rows);
  const Value w = half(part[2], 0, image_w, columns);
  const Value h = half(part[3], 1, image_h, rows);
  std::vector<Value> corners = {g.sub(cx, w), g.sub(cy, h), g.add(cx, w), g.add(cy, h)};
  if (op.attr<bool>("clip_bbox", true)) {
    corners[0] = g.max(corners[0], g.scalar(0, dtype));
    corners[1] = g.max(corners[1], g.scalar(0, dtype));
    corners[2] = g.min(corners[2], shifted(g, image_w, -1));
    corners[3] = g.min(corners[3], shifted(g, image_h, -1));
  }
  Value objectness = g.sigmoid(part[4]);
  if (iou_aware) {
    const auto factor = op.attr<double>("iou_aware_factor", 0.5);
    objectness = g.mul(g.pow(objectness, g.scalar(1 - factor, dtype)), g.pow(iou, g.scalar(factor, dtype)));
  }
  const Value zero = g.scalar(0, dtype);
  const Value unlikely = g.less(objectness, g.scalar(op.attr<double>("conf_thresh"), dtype));
  const auto out = [&](std::string_view name, Value all, int64_t count) {
    const Value y = g.transpose(g.where(unlikely, zero, all), {0, 1, 3, 4, 2});  // [N, A, H, W, count]
    // The number of boxes is declared wrongly where the map's size is not known.
    op.out_as_computed(name, g.reshape(y, g.concat_ints({g.dim(y, 0), g.ints({-1, count})})));
  };
  out("boxes", g.concat(corners, 2), 4);
  out("scores", g.mul(objectness, g.sigmoid(part[5])), classes);
}

// The activations of YOLO's head alone, which Paddle's TensorRT pass splits yolo_box into: x, y, objectness and classes
// through Sigmoid, width and height through Exp.
void yolo_box_head(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (rank_of(op, x) != 4) op.fail("an input of rank " + std::to_string(x.rank()));
  const auto kinds = static_cast<int64_t>(op.attr<Ints>("anchors").size() / 2);
  const auto classes = op.attr<int64_t>("class_num");
  const Value by_kind =
      g.reshape(x, g.concat_ints({g.dim(x, 0), g.ints({kinds, 5 + classes}), g.dim(x, 2), g.dim(x, 3)}));
  const std::vector<Value> part = g.split(by_kind, {2, 2, 1 + classes}, 2);
  const Value y = g.concat({g.sigmoid(part[0]), g.exp(part[1]), g.sigmoid(part[2])}, 2);
  op.out("out", g.reshape(y, g.shape(x)));
}

// The boxes of each region and class [N, C · 4], decoded from deltas of its prior [N, 4]; and of each region the box of
// its best class but the first, or the prior where no score is above -1.
void box_decoder_and_assign(OpContext& op) {
  Builder& g = op.graph();
  const Value prior = op.in("PriorBox");
  const Value scores = op.in("BoxScore");
  const Value target = op.in("TargetBox");
  if (rank_of(op, prior) != 2 || rank_of(op, scores) != 2 || rank_of(op, target) != 2)
    op.fail("an operand that is not of rank 2");
  const DType dtype = target.dtype();
  const Value regions = g.dim(scores, 0);
  const Value classes = g.dim(scores, 1);
  const std::vector<Value> p = last_axis_parts(op, g.unsqueeze(prior, {1}), 4);  // [N, 1, 1]
  const std::vector<Value> variance = last_axis_parts(op, op.in("PriorBoxVar"), 4);
  const std::vector<Value> t =
      last_axis_parts(op, g.reshape(target, g.concat_ints({regions, classes, g.ints({4})})), 4);
  std::vector<Value> corners(4);
  for (size_t i = 0; i < 2; ++i) {
    const Value side = shifted(g, g.sub(p[i + 2], p[i]), 1);
    const Value center = g.add(g.mul(g.mul(variance[i], t[i]), side), g.add(p[i], scaled(g, side, 0.5)));
    const Value growth = g.min(g.mul(variance[i + 2], t[i + 2]), g.scalar(op.attr<double>("box_clip"), dtype));
    const Value half = scaled(g, g.mul(g.exp(growth), side), 0.5);
    corners[i] = g.sub(center, half);
    corners[i + 2] = shifted(g, g.add(center, half), -1);
  }
  const Value boxes = g.concat(corners, 2);  // [N, C, 4]
  op.out("DecodeBox", g.reshape(boxes, g.shape(target)));
  if (scores.dim(1) == 1) return op.out("OutputAssignBox", prior);
  const Value others = g.slice(scores, Ints{1}, Ints{kToTheEnd}, Ints{1});
  const Value best = g.node("ArgMax", {others}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}},
                            {DType::kInt64, Dims{scores.dim(0)}});
  const Value row = g.add(g.add(g.mul(positions(g, regions), classes), best), g.scalar_i64(1));
  const Value some = g.greater(g.reduce("ReduceMax", others, Ints{1}, true), g.scalar(-1, scores.dtype()));
  op.out("OutputAssignBox", g.where(some, g.gather(g.reshape(boxes, Ints{-1, 4}), row, 0), prior));
}

// Pairs of rows and columns of dist [K, M], the largest element of rows and columns without a partner first, as long as
// there is one that is not 0: which row each column has (-1: none), int32 [1, M], and the element. With match_type
// per_prediction a column without a row then takes that of its largest element, if it reaches dist_threshold.
void bipartite_match(OpContext& op) {
  Builder& g = op.graph();
  const Value dist = op.in("dist_mat");
  if (rank_of(op, dist) != 2) op.fail("a matrix of rank " + std::to_string(dist.rank()));
  const auto type = op.attr<std::string>("match_type", "bipartite");
  if (type != "bipartite" && type != "per_prediction") op.fail("match_type '" + type + "'");
  const DType dtype = dist.dtype();
  const Value rows = g.dim(dist, 0);
  const Value columns = g.dim(dist, 1);
  const Value by_column = g.transpose(dist, {1, 0});  // Of equal elements Paddle takes the first of the first column.
  const Value never = g.scalar(-1, dtype);
  const Value some = g.greater_equal(by_column, g.scalar(1e-6, dtype));
  // (From 130 rows on Paddle sorts instead, and 0 is 0.)
  const Value sorts = g.greater_equal(rows, g.ints({130}));
  const Value matters = g.logical_or(some, g.logical_and(sorts, g.greater(by_column, g.scalar(0, dtype))));
  const Value worth = g.where(matters, by_column, never);  // [M, K]

  const Value no_row = g.expand(g.scalar_i64(-1), columns);
  const Value no_dist = g.expand(g.scalar(0, dtype), columns);
  const Value taken = g.expand(g.constant(from_ints(DType::kInt32, {}, {0})), rows);
  const Turn end = repeat(
      g, as_scalar(g, smaller(g, rows, columns)), {no_row, no_dist, taken},
      [&](Value /*number*/, const std::vector<Value>& states) -> Turn {
        const Value free_column = g.equal(states[0], g.scalar_i64(-1));
        const Value free_row = g.logical_not(g.cast(states[2], DType::kBool));
        const Value free = g.logical_and(g.unsqueeze(free_column, {1}), g.unsqueeze(free_row, {0}));
        const Value open = g.flatten_to_1d(g.where(free, worth, never));
        const Value largest = g.reduce("ReduceMax", open, Ints{0}, false);
        const Value place =
            g.node("ArgMax", {open}, {{"axis", int64_t{0}}, {"keepdims", int64_t{0}}}, {DType::kInt64, Dims{}});
        const Value column = g.div(place, as_scalar(g, rows));
        const Value row = g.sub(place, g.mul(column, as_scalar(g, rows)));
        const Value found = g.greater(largest, g.scalar(0, dtype));
        const Value here = g.logical_and(found, g.equal(positions(g, columns), column));
        const Value own = g.cast(g.logical_and(found, g.equal(positions(g, rows), row)), DType::kInt32);
        return {{g.where(here, row, states[0]), g.where(here, largest, states[1]), g.add(states[2], own)}, {}, found};
      });
  Value match = end.states[0];
  Value match_dist = end.states[1];
  if (type == "per_prediction") {
    const Value reaches =
        g.logical_and(some, g.greater_equal(by_column, g.scalar(op.attr<double>("dist_threshold", 0.5), dtype)));
    const Value open = g.where(reaches, by_column, never);
    const Value largest = g.reduce("ReduceMax", open, Ints{1}, false);
    const Value row =
        g.node("ArgMax", {open}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}, {DType::kInt64, Dims{dist.dim(1)}});
    const Value takes = g.logical_and(g.equal(match, g.scalar_i64(-1)), g.greater(largest, g.scalar(0, dtype)));
    match = g.where(takes, row, match);
    match_dist = g.where(takes, largest, match_dist);
  }
  op.out_as_computed("col_to_row_match_indices", g.unsqueeze(g.cast(match, DType::kInt32), {0}));
  op.out_as_computed("col_to_row_match_dist", g.unsqueeze(match_dist, {0}));
}

constexpr MapperEntry kEntries[] = {
    {"anchor_generator", 7, anchor_generator},
    {"bipartite_match", 11, bipartite_match, "matrices of several images in one, told apart by the LoD"},
    {"box_clip", 8, box_clip, "boxes of several images in one list"},
    {"box_coder", 7, box_coder},
    {"box_decoder_and_assign", 8, box_decoder_and_assign},
    {"density_prior_box", 7, density_prior_box},
    {"iou_similarity", 8, iou_similarity},
    {"polygon_box_transform", 7, polygon_box_transform},
    {"prior_box", 7, prior_box},
    {"yolo_box", 9, yolo_box},
    {"yolo_box_head", 7, yolo_box_head},
};

}  // namespace

extern const MapperTable kDetectionBoxMappers = kEntries;

}  // namespace paddle2onnx
