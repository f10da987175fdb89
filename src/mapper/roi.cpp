// Pooling of regions, and convolutions whose taps move.
#include <array>
#include <cmath>
#include <functional>

#include "mapper/detection.h"
#include "mapper/indices.h"
#include "mapper/lod.h"
#include "mapper/loops.h"
#include "mapper/rounding.h"
#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// What the operators that pool regions have in common: x [N, C, H, W], boxes [R, 4], boxes_num [N] or the
// boxes' sequences (LoD).
struct Regions {
  Value x;
  Value boxes;
  Value images;  // int64 [R]
  int64_t height;
  int64_t width;
  double scale;
};

Regions read_regions(OpContext& op) {
  Builder& g = op.graph();
  Regions r;
  r.x = op.in("x");
  if (rank_of(op, r.x) != 4) op.fail("an input of rank " + std::to_string(r.x.rank()));
  r.boxes = op.in("boxes");
  if (!op.has("boxes_num") && r.x.dim(0) == 1) {
    r.images = g.expand(g.ints({0}), g.dim(r.boxes, 0));
  } else {
    r.images = image_of_each_row(g, counts_of_images(op, "boxes_num", "boxes"), g.dim(r.boxes, 0));
  }
  r.height = op.attr<int64_t>("pooled_height", 1);
  r.width = op.attr<int64_t>("pooled_width", 1);
  r.scale = op.attr<double>("spatial_scale", 1.0);
  return r;
}

// ONNX Runtime 1.32 has no kernel for RoiAlign and MaxRoiPool of opset 22 and newer: there, region by region.
struct Region {
  Value map;                   // [C, H, W] of its image
  std::array<Value, 4> edges;  // its box, scaled, of rank 0: left, top, right, bottom
};

void out_by_region(OpContext& op, const Regions& r, const std::function<Value(const Region&)>& pool) {
  Builder& g = op.graph();
  const Value boxes = g.cast(r.boxes, r.x.dtype());
  const Turn all = repeat(g, as_scalar(g, g.dim(boxes, 0)), {}, [&](Value number, const auto&) -> Turn {
    Region region;
    region.map = g.gather(r.x, g.gather(r.images, number, 0), 0);
    const std::vector<Value> edges = g.split(g.gather(boxes, number, 0), {1, 1, 1, 1}, 0);
    for (size_t i = 0; i < 4; ++i) region.edges[i] = as_scalar(g, edges[i]);
    return {{}, {pool(region)}};
  });
  // What is made in no turn has no dimensions.
  const Value y = all.recorded.front();
  op.out("out", g.reshape(y, g.concat_ints({g.dim(boxes, 0), g.dim(r.x, 1), g.ints({r.height, r.width})})));
}

// Where along an axis of a region's map its bins lie.
struct Along {
  Value first;    // the part of the map that the bins reach, int64 [1]
  Value behind;   // int64 [1]
  Value weights;  // [bins, behind - first]
};

// The part of the region's map that the bins reach.
Value reached(Builder& g, const Region& region, const Along& rows, const Along& columns) {
  return g.slice(region.map, g.concat_ints({rows.first, columns.first}), g.concat_ints({rows.behind, columns.behind}),
                 g.ints({1, 2}));
}

Dims pooled_dims(const Regions& r, int64_t channels) { return {r.boxes.dim(0), channels, r.height, r.width}; }

// Means of points that are interpolated linearly, sampling_ratio² in each bin, or as many as it has pixels (-1). The
// half pixel of `aligned` came to ONNX at 16.
void roi_align(OpContext& op) {
  Builder& g = op.graph();
  const Regions r = read_regions(op);
  const bool aligned = op.attr<bool>("aligned", false);
  if (aligned) g.need_opset(16, "RoiAlign with half pixels");
  NodeAttributes attributes = {{"output_height", r.height},
                               {"output_width", r.width},
                               {"sampling_ratio", std::max<int64_t>(op.attr<int64_t>("sampling_ratio", -1), 0)},
                               {"spatial_scale", static_cast<float>(r.scale)}};
  if (g.opset() >= 16)
    attributes.emplace_back("coordinate_transformation_mode",
                            std::string(aligned ? "half_pixel" : "output_half_pixel"));
  const Value y =
      g.node("RoiAlign", {r.x, r.boxes, r.images}, std::move(attributes), {r.x.dtype(), pooled_dims(r, r.x.dim(1))});
  op.out("out", y);
}

// The same before ONNX Runtime has a kernel. A point's weights are the product of those of its row and its column, and
// so are the sums over the points of a bin: the map between two matrices.
void roi_align_by_region(OpContext& op) {
  Builder& g = op.graph();
  const Regions r = read_regions(op);
  const DType dtype = r.x.dtype();
  const bool aligned = op.attr<bool>("aligned", false);
  const auto sampling_ratio = op.attr<int64_t>("sampling_ratio", -1);
  const Value zero = g.scalar(0, dtype);
  const auto along = [&](const Region& region, size_t low, int64_t axis, int64_t bins) {
    const auto edge = [&](size_t i) { return shifted(g, scaled(g, region.edges[i], r.scale), aligned ? -0.5 : 0); };
    const Value start = edge(low);
    Value length = g.sub(edge(low + 2), start);
    if (!aligned) length = g.max(length, g.scalar(1, dtype));
    const Value bin = scaled(g, length, 1.0 / static_cast<double>(bins));
    // Points in each bin, int64 of rank 0; none in one that ends before it starts.
    Value count = g.scalar_i64(sampling_ratio);
    if (sampling_ratio <= 0) count = larger(g, g.cast(g.ceil(bin), DType::kInt64), g.scalar_i64(0));
    const Value some = g.cast(larger(g, count, g.scalar_i64(1)), dtype);
    const Value within = g.div(shifted(g, positions_as(g, g.unsqueeze(count, {0}), dtype), 0.5), some);
    const Value number = g.unsqueeze(positions_as(g, g.ints({bins}), dtype), {1});
    const Value point = g.add(start, g.mul(bin, g.add(number, within)));  // [bins, count]
    // Points up to a pixel outside of the map are moved to its edge, others are 0.
    const Value extent = g.cast(g.dim(region.map, axis), dtype);
    const Value exists = g.logical_and(g.greater_equal(point, g.scalar(-1, dtype)), g.less_equal(point, extent));
    const Value last = shifted(g, extent, -1);
    const auto inside = [&](Value x) { return g.max(g.min(x, last), zero); };
    const Value end = g.add(start, length);
    Along a;
    a.first = g.cast(g.floor(inside(g.unsqueeze(g.min(start, end), {0}))), DType::kInt64);
    a.behind = g.add(g.cast(g.ceil(inside(g.unsqueeze(g.max(start, end), {0}))), DType::kInt64), g.ints({1}));
    const Value pixel = g.cast(g.range(as_scalar(g, a.first), as_scalar(g, a.behind), g.scalar_i64(1)), dtype);
    const Value apart = g.abs(g.sub(g.unsqueeze(inside(point), {2}), pixel));  // [bins, count, pixels]
    const Value weight = g.mul(g.relu(g.sub(g.scalar(1, dtype), apart)), g.cast(g.unsqueeze(exists, {2}), dtype));
    a.weights = g.div(g.reduce("ReduceSum", weight, Ints{1}, false), some);
    return a;
  };
  out_by_region(op, r, [&](const Region& region) {
    const Along rows = along(region, 1, 1, r.height);
    const Along columns = along(region, 0, 2, r.width);
    return g.matmul(g.matmul(rows.weights, reached(g, region, rows, columns)), g.transpose(columns.weights, {1, 0}));
  });
}

// The largest of each bin of whole pixels.
void roi_pool(OpContext& op) {
  Builder& g = op.graph();
  if (op.wants("arg_max")) op.fail("the places of the largest elements: ONNX's MaxRoiPool does not tell them");
  const Regions r = read_regions(op);
  // ONNX Runtime's kernel is float32's.
  const Value number = g.unsqueeze(g.cast(r.images, DType::kFloat32), {1});
  const Value rois = g.concat({number, g.cast(r.boxes, DType::kFloat32)}, 1);
  const Value y = g.node("MaxRoiPool", {g.cast(r.x, DType::kFloat32), rois},
                         {{"pooled_shape", Ints{r.height, r.width}}, {"spatial_scale", static_cast<float>(r.scale)}},
                         {DType::kFloat32, pooled_dims(r, r.x.dim(1))});
  op.out("out", g.cast(y, r.x.dtype()));
}

void roi_pool_by_region(OpContext& op) {
  Builder& g = op.graph();
  if (op.wants("arg_max")) op.fail("the places of the largest elements: ONNX's MaxRoiPool does not tell them");
  const Regions r = read_regions(op);
  const DType dtype = r.x.dtype();
  const Value lowest = g.scalar(kNever, dtype);
  const auto along = [&](const Region& region, size_t low, int64_t axis, int64_t bins) {
    const auto edge = [&](size_t i) { return halves_away_from_zero(g, scaled(g, region.edges[i], r.scale)); };
    const Value start = edge(low);
    const Value length = g.max(shifted(g, g.sub(edge(low + 2), start), 1), g.scalar(1, dtype));
    const Value bin = scaled(g, length, 1.0 / static_cast<double>(bins));
    const Value extent = g.cast(g.dim(region.map, axis), dtype);
    const auto inside = [&](Value x) { return g.max(g.min(g.add(x, start), extent), g.scalar(0, dtype)); };
    const Value number = positions_as(g, g.ints({bins}), dtype);
    const Value from = inside(g.floor(g.mul(number, bin)));  // [bins]
    const Value to = inside(g.ceil(g.mul(shifted(g, number, 1), bin)));
    Along a;
    // At least a pixel, which no bin may have.
    a.first = g.cast(g.min(g.slice(from, Ints{0}, Ints{1}, Ints{0}), shifted(g, extent, -1)), DType::kInt64);
    a.behind =
        larger(g, g.cast(g.slice(to, Ints{-1}, Ints{kToTheEnd}, Ints{0}), DType::kInt64), g.add(a.first, g.ints({1})));
    const Value pixel = g.cast(g.range(as_scalar(g, a.first), as_scalar(g, a.behind), g.scalar_i64(1)), dtype);
    const Value own =
        g.logical_and(g.greater_equal(pixel, g.unsqueeze(from, {1})), g.less(pixel, g.unsqueeze(to, {1})));
    a.weights = g.where(own, g.scalar(0, dtype), lowest);
    return a;
  };
  out_by_region(op, r, [&](const Region& region) {
    const Along rows = along(region, 1, 1, r.height);
    const Along columns = along(region, 0, 2, r.width);
    const Value map = reached(g, region, rows, columns);  // [C, h, w]
    const Value across =
        g.reduce("ReduceMax", g.add(g.unsqueeze(map, {1}), g.unsqueeze(rows.weights, {2})), Ints{2}, false);
    const Value y = g.reduce("ReduceMax", g.add(g.unsqueeze(across, {2}), columns.weights), Ints{3}, false);
    return g.where(g.greater(y, lowest), y, g.scalar(0, dtype));  // 0 in an empty bin
  });
}

// The mean of each bin of whole pixels, of its own channel: [N, C · height · width, H, W] → [R, C, height, width]. The
// sum over a bin is a product with a mask from either side.
void psroi_pool(OpContext& op) {
  Builder& g = op.graph();
  const Regions r = read_regions(op);
  const DType dtype = r.x.dtype();
  const auto channels = op.attr<int64_t>("output_channels");
  const std::vector<Value> corner = last_axis_parts(op, r.boxes, 4);  // [R, 1]
  struct Bins {
    Value mask;  // [R, bins, extent], 1 in the bin
    Value size;  // [R, bins]
  };
  const auto bins_of = [&](size_t low, int64_t bins, int64_t axis) {
    const Value start = scaled(g, halves_away_from_zero(g, corner[low]), r.scale);
    const Value end = scaled(g, shifted(g, halves_away_from_zero(g, corner[low + 2]), 1), r.scale);
    const Value length = g.max(g.sub(end, start), g.scalar(0.1, dtype));
    const Value bin = scaled(g, length, 1.0 / static_cast<double>(bins));
    std::vector<double> numbers;
    for (int64_t i = 0; i <= bins; ++i) numbers.push_back(static_cast<double>(i));
    const Value extent = g.cast(g.dim(r.x, axis), dtype);
    const auto edge = [&](const std::vector<double>& of, bool up) {
      const Value at = g.add(g.mul(bin, g.constant(from_doubles(dtype, {1, bins}, of))), start);
      return g.max(g.min(up ? g.ceil(at) : g.floor(at), extent), g.scalar(0, dtype));
    };
    const Value from = edge({numbers.begin(), numbers.end() - 1}, false);  // [R, bins]
    const Value to = edge({numbers.begin() + 1, numbers.end()}, true);
    const Value pixel = g.reshape(positions_as(g, g.dim(r.x, axis), dtype), Ints{1, 1, -1});
    const Value inside =
        g.logical_and(g.greater(pixel, g.unsqueeze(shifted(g, from, -1), {2})), g.less(pixel, g.unsqueeze(to, {2})));
    return Bins{g.cast(inside, dtype), g.sub(to, from)};
  };
  const Bins rows = bins_of(1, r.height, 2);
  const Bins columns = bins_of(0, r.width, 3);
  // [R, C, height, width, H, W]
  const Value own = g.gather(r.x, r.images, 0);
  const Value by_bin = g.reshape(
      own, g.concat_ints({g.dim(own, 0), g.ints({channels, r.height, r.width}), g.dim(r.x, 2), g.dim(r.x, 3)}));
  const Value across = g.matmul(by_bin, g.unsqueeze(columns.mask, {1, 2, 5}));                  // [R, C, h, w, H, 1]
  const Value sum = g.squeeze(g.matmul(g.unsqueeze(rows.mask, {1, 3, 4}), across), {4, 5});     // [R, C, h, w]
  const Value area = g.mul(g.unsqueeze(rows.size, {1, 3}), g.unsqueeze(columns.size, {1, 2}));  // [R, 1, h, w]
  const Value some = g.greater(area, g.scalar(0, dtype));
  op.out("out", g.where(some, g.div(sum, g.where(some, area, g.scalar(1, dtype))), g.scalar(0, dtype)));
}

// The sum over the four neighbours of each place (y, x) of what `part` gives for them: their row, their column, their
// weight.
Value interpolate(Builder& g, Value y, Value x, const std::function<Value(Value, Value, Value)>& part) {
  const Value one = g.scalar(1, y.dtype());
  const Value top = g.floor(y);
  const Value left = g.floor(x);
  const Value below = g.sub(y, top);
  const Value beyond = g.sub(x, left);
  Value sum;
  for (const int64_t down : {0, 1}) {
    for (const int64_t right : {0, 1}) {
      const Value row = shifted(g, top, static_cast<double>(down));
      const Value column = shifted(g, left, static_cast<double>(right));
      const Value weight = g.mul(down == 1 ? below : g.sub(one, below), right == 1 ? beyond : g.sub(one, beyond));
      const Value found = part(row, column, weight);
      sum = sum ? g.add(sum, found) : found;
    }
  }
  return sum;
}

// Deformable position-sensitive pooling. `Trans` [R, 2 · classes, part_h, part_w] moves the bins of each class across
// and down, in parts of the region; a bin is the mean of sample_per_part² points that lie in the map, and TopCount says
// how many do. The channel is that of the bin's group of group_size.
void deformable_psroi_pooling(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("Input");
  if (rank_of(op, x) != 4) op.fail("an input of rank " + std::to_string(x.rank()));
  const Value rois = op.in("ROIs");
  const DType dtype = x.dtype();
  const bool moves = !op.attr<bool>("no_trans", false);
  const auto scale = op.attr<double>("spatial_scale");
  const auto channels = op.attr<int64_t>("output_dim");
  const Ints group = for_each_axis(op, op.attr<Ints>("group_size"), 2, "group_size");
  const auto sizes = std::array{op.attr<int64_t>("pooled_height"), op.attr<int64_t>("pooled_width")};
  const Ints parts = for_each_axis(op, op.attr<Ints>("part_size"), 2, "part_size");
  const auto samples = op.attr<int64_t>("sample_per_part");
  const std::vector<Value> corner = last_axis_parts(op, rois, 4);  // [R, 1]
  Value trans;
  int64_t classes = 1;
  if (moves) {
    trans = op.in("Trans");
    if (rank_of(op, trans) != 4 || trans.dim(1) < 2) op.fail("Trans without a known number of classes");
    classes = trans.dim(1) / 2;
  }
  const int64_t of_class = std::max<int64_t>(channels / classes, 1);

  // Which part, and which group, each bin is in, [bins].
  const auto places_in = [&](size_t axis, int64_t count) {
    Ints places;
    for (int64_t i = 0; i < sizes[axis]; ++i) places.push_back(std::min(i * count / sizes[axis], count - 1));
    return places;
  };
  // Points along an axis (0: down), [R, D, bins or 1, bins or 1, samples or 1, samples or 1].
  const auto points = [&](size_t axis) {
    const size_t low = 1 - axis;
    const Value start = shifted(g, scaled(g, halves_away_from_zero(g, corner[low]), scale), -0.5);
    const Value end = shifted(g, scaled(g, shifted(g, halves_away_from_zero(g, corner[low + 2]), 1), scale), -0.5);
    const Value length = g.unsqueeze(g.max(g.sub(end, start), g.scalar(0.1, dtype)), {2, 3, 4, 5});  // [R, 1, …]
    Ints of_bins(6, 1);
    of_bins[2 + axis] = -1;
    Ints of_samples(6, 1);
    of_samples[4 + axis] = -1;
    const Value bin = g.reshape(positions_as(g, g.ints({sizes[axis]}), dtype), of_bins);
    const Value sample = g.reshape(positions_as(g, g.ints({samples}), dtype), of_samples);
    const Value size = scaled(g, length, 1.0 / static_cast<double>(sizes[axis]));
    const Value inside = g.add(bin, scaled(g, sample, 1.0 / static_cast<double>(samples)));
    Value at = g.add(g.unsqueeze(start, {2, 3, 4, 5}), g.mul(size, inside));
    if (moves) {
      // [R, classes, 2, part_h, part_w] to [R, D, bins, bins]
      const Value by_class =
          g.reshape(trans, g.concat_ints({g.dim(rois, 0), g.ints({classes, 2}), g.dim(trans, 2), g.dim(trans, 3)}));
      Ints class_of;
      for (int64_t i = 0; i < channels; ++i) class_of.push_back(i / of_class);
      Value move = g.gather(by_class, g.scalar_i64(static_cast<int64_t>(low)), 2);
      move = g.gather(move, g.ints(class_of), 1);
      move = g.gather(g.gather(move, g.ints(places_in(0, parts[0])), 2), g.ints(places_in(1, parts[1])), 3);
      at = g.add(at, g.mul(g.unsqueeze(scaled(g, move, op.attr<double>("trans_std")), {4, 5}), length));
    }
    return at;
  };
  const Value y = points(0);
  const Value across = points(1);
  const auto within = [&](Value v, int64_t axis) {
    const Value extent = g.cast(g.dim(x, axis), dtype);
    return g.logical_and(g.greater_equal(v, g.scalar(-0.5, dtype)), g.less_equal(v, shifted(g, extent, -0.5)));
  };
  const auto clipped = [&](Value v, int64_t axis) {
    return g.max(g.min(v, shifted(g, g.cast(g.dim(x, axis), dtype), -1)), g.scalar(0, dtype));
  };
  Ints channel;
  for (int64_t d = 0; d < channels; ++d) {
    for (const int64_t gh : places_in(0, group[0])) {
      for (const int64_t gw : places_in(1, group[1])) channel.push_back((d * group[0] + gh) * group[1] + gw);
    }
  }
  const Value area = g.mul(g.dim(x, 2), g.dim(x, 3));
  Value map = g.mul(g.constant(from_ints(DType::kInt64, {1, channels, sizes[0], sizes[1], 1, 1}, channel)), area);
  if (x.dim(0) != 1) {
    const Value image = image_of_each_row(g, sequences_of(op, "ROIs").lengths, g.dim(rois, 0));
    map = g.add(map, g.mul(g.reshape(image, Ints{-1, 1, 1, 1, 1, 1}), g.mul(g.dim(x, 1), area)));
  }
  const Value pixels = g.flatten_to_1d(x);
  const Value value = interpolate(g, clipped(y, 2), clipped(across, 3), [&](Value row, Value column, Value weight) {
    const auto index = [&](Value v, int64_t axis) { return g.cast(clipped(v, axis), DType::kInt64); };
    const Value at = g.add(g.add(g.mul(index(row, 2), g.dim(x, 3)), index(column, 3)), map);
    return g.mul(g.gather(pixels, at, 0), weight);
  });
  const Value counts = g.cast(g.logical_and(within(y, 2), within(across, 3)), dtype);  // [R, D, h, w, samples, samples]
  const Value sum = g.reduce("ReduceSum", g.mul(value, counts), Ints{4, 5}, false);
  const Value every = g.expand(counts, g.shape(value));
  const Value count = g.reduce("ReduceSum", every, Ints{4, 5}, false);
  op.out("Output", g.div(sum, g.max(count, g.scalar(1, dtype))));
  op.out("TopCount", count);
}

struct DeformableConvolution {
  Value x;       // [N, C, H, W]
  Value offset;  // [N, groups · 2 · taps, OH, OW]: down and across, for each tap
  Value filter;  // [M, C / groups, KH, KW]
  Value mask;    // [N, groups · taps, OH, OW], or none
  Ints strides;
  Ints paddings;
  Ints dilations;
  int64_t groups;
  int64_t offset_groups;
};

DeformableConvolution read_deformable(OpContext& op) {
  DeformableConvolution c;
  c.x = op.in("x");
  c.offset = op.in("offset");
  c.filter = op.in("filter");
  c.mask = op.in_or_none("mask");
  for (const Value& v : {c.x, c.offset, c.filter}) {
    if (rank_of(op, v) != 4) op.fail("an operand of rank " + std::to_string(v.rank()));
  }
  if (c.filter.dim(2) < 0 || c.filter.dim(3) < 0) op.fail("a filter of unknown size");
  c.strides = for_each_axis(op, op.attr<Ints>("strides", {1, 1}), 2, "strides");
  c.paddings = for_each_axis(op, op.attr<Ints>("paddings", {0, 0}), 2, "paddings");
  c.dilations = for_each_axis(op, op.attr<Ints>("dilations", {1, 1}), 2, "dilations");
  c.groups = op.attr<int64_t>("groups", 1);
  c.offset_groups = op.attr<int64_t>("deformable_groups", 1);
  return c;
}

Dims deformable_dims(const DeformableConvolution& c) {
  Dims dims = {c.x.dim(0), c.filter.dim(0)};
  for (size_t i = 0; i < 2; ++i) {
    const auto axis = static_cast<int64_t>(i) + 2;
    dims.push_back(window_count(c.x.dim(axis), c.dilations[i] * (c.filter.dim(axis) - 1) + 1, c.strides[i],
                                c.paddings[i], c.paddings[i]));
  }
  return dims;
}

void deformable_conv(OpContext& op) {
  Builder& g = op.graph();
  const DeformableConvolution c = read_deformable(op);
  op.out("out", g.node("DeformConv", {c.x, c.filter, c.offset, Value(), c.mask},
                       {{"dilations", c.dilations},
                        {"group", c.groups},
                        {"kernel_shape", Ints{c.filter.dim(2), c.filter.dim(3)}},
                        {"offset_group", c.offset_groups},
                        {"pads", onnx_pads(c.paddings, c.paddings)},
                        {"strides", c.strides}},
                       {c.x.dtype(), deformable_dims(c)}));
}

// The same before opset 19: the taps' places by arithmetic, their four neighbours gathered and weighed, and the
// convolution a product of matrices.
void deformable_conv_by_gathering(OpContext& op) {
  Builder& g = op.graph();
  const DeformableConvolution c = read_deformable(op);
  const DType dtype = c.x.dtype();
  const int64_t kernel_h = c.filter.dim(2);
  const int64_t kernel_w = c.filter.dim(3);
  const int64_t taps = kernel_h * kernel_w;
  const Value batch = g.dim(c.x, 0);
  const Value out_h = g.dim(c.offset, 2);
  const Value out_w = g.dim(c.offset, 3);
  const Value area = g.mul(out_h, out_w);
  const Value height = g.dim(c.x, 2);
  const Value width = g.dim(c.x, 3);

  // Places without their offsets, [1, taps, OH or 1, OW or 1].
  const auto grid = [&](size_t axis, Value count) {
    std::vector<double> tap;
    for (int64_t i = 0; i < taps; ++i) {
      const int64_t place = axis == 0 ? i / kernel_w : i % kernel_w;
      tap.push_back(static_cast<double>(place * c.dilations[axis] - c.paddings[axis]));
    }
    const Value windows = scaled(g, positions_as(g, count, dtype), static_cast<double>(c.strides[axis]));
    const Value along = g.reshape(windows, axis == 0 ? Ints{1, 1, -1, 1} : Ints{1, 1, 1, -1});
    return g.add(along, g.constant(from_doubles(dtype, {1, taps, 1, 1}, tap)));
  };
  // [N · groups, taps, 2, OH, OW]
  const Value offsets = g.reshape(c.offset, g.concat_ints({g.ints({-1, taps, 2}), out_h, out_w}));
  const std::vector<Value> moves = g.split(offsets, {1, 1}, 2);
  const Value y = g.add(g.squeeze(moves[0], {2}), grid(0, out_h));
  const Value x = g.add(g.squeeze(moves[1], {2}), grid(1, out_w));

  // Pixels as rows of the channels of one group: [N · groups · H · W, C / groups]
  const Value grouped =
      g.reshape(c.x, g.concat_ints({g.mul(batch, g.ints({c.offset_groups})), g.ints({-1}), g.mul(height, width)}));
  const Value channels = g.dim(grouped, 1);
  const Value pixels = g.reshape(g.transpose(grouped, {0, 2, 1}), g.concat_ints({g.ints({-1}), channels}));
  const Value starts = g.mul(g.reshape(positions(g, g.dim(grouped, 0)), Ints{-1, 1, 1, 1}), g.mul(height, width));

  const Value zero = g.scalar(0, dtype);
  Value sampled = interpolate(g, y, x, [&](Value row, Value column, Value weight) {
    const auto inside = [&](Value place, Value extent) {
      return g.logical_and(g.greater(place, g.scalar(-1, dtype)), g.less(place, g.cast(extent, dtype)));
    };
    const Value exists = g.logical_and(inside(row, height), inside(column, width));
    const auto index = [&](Value place) { return g.cast(g.where(exists, place, zero), DType::kInt64); };
    const Value at = g.add(g.add(g.mul(index(row), width), index(column)), starts);
    const Value found = g.gather(pixels, at, 0);  // [N · groups, taps, OH, OW, C / groups]
    return g.mul(found, g.unsqueeze(g.where(exists, weight, zero), {4}));
  });
  if (c.mask) {
    const Value mask = g.reshape(c.mask, g.concat_ints({g.ints({-1, taps}), out_h, out_w}));
    sampled = g.mul(sampled, g.unsqueeze(mask, {4}));
  }
  // [N, conv's groups, C / conv's groups · taps, OH · OW]
  const Value columns =
      g.reshape(g.transpose(sampled, {0, 4, 1, 2, 3}), g.concat_ints({batch, g.ints({c.groups, -1}), area}));
  const Value filter = g.reshape(c.filter, g.concat_ints({g.ints({c.groups, -1}), g.ints({c.filter.dim(1) * taps})}));
  const Value product = g.matmul(filter, columns);  // [N, groups, M / groups, OH · OW]
  op.out("out", g.reshape(product, g.concat_ints({batch, g.ints({-1}), out_h, out_w})));
}

constexpr std::string_view kPlaces = "the places of the largest elements";

constexpr MapperEntry kEntries[] = {
    {"deformable_conv", 9, deformable_conv_by_gathering},
    {"deformable_conv", 19, deformable_conv},
    {"deformable_psroi_pooling", 11, deformable_psroi_pooling, "regions of several images"},
    {"psroi_pool", 9, psroi_pool},
    {"roi_align", 10, roi_align},
    {"roi_align", 22, roi_align_by_region},
    {"roi_pool", 8, roi_pool, kPlaces},
    {"roi_pool", 22, roi_pool_by_region, kPlaces},
};

}  // namespace

extern const MapperTable kRoiMappers = kEntries;

}  // namespace paddle2onnx
