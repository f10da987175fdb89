// Pooling of regions, and convolutions whose taps move.
#include <cmath>

#include "mapper/detection.h"
#include "mapper/indices.h"
#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// What the operators that pool regions have in common: x [N, C, H, W], boxes [R, 4], boxes_num [N].
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
  if (op.has("boxes_num")) {
    r.images = image_of_each_row(g, op.in("boxes_num"), g.dim(r.boxes, 0));
  } else if (r.x.dim(0) == 1) {
    r.images = g.expand(g.ints({0}), g.dim(r.boxes, 0));
  } else {
    op.fail("regions without boxes_num: which belongs to which image stood in the LoD, which ONNX lacks");
  }
  r.height = op.attr<int64_t>("pooled_height", 1);
  r.width = op.attr<int64_t>("pooled_width", 1);
  r.scale = op.attr<double>("spatial_scale", 1.0);
  return r;
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

// The mean of each bin of whole pixels, of its own channel: [N, C · height · width, H, W] → [R, C, height, width]. The
// sum over a bin is a product with a mask from either side.
void psroi_pool(OpContext& op) {
  Builder& g = op.graph();
  const Regions r = read_regions(op);
  const DType dtype = r.x.dtype();
  const auto channels = op.attr<int64_t>("output_channels");
  const std::vector<Value> corner = last_axis_parts(op, r.boxes, 4);  // [R, 1]
  // Round takes halves to the even number; Paddle takes them away from zero.
  const auto rounded = [&](Value v) { return g.mul(g.node("Sign", {v}), g.floor(shifted(g, g.abs(v), 0.5))); };
  struct Bins {
    Value mask;  // [R, bins, extent], 1 in the bin
    Value size;  // [R, bins]
  };
  const auto bins_of = [&](size_t low, int64_t bins, int64_t axis) {
    const Value start = scaled(g, rounded(corner[low]), r.scale);
    const Value end = scaled(g, shifted(g, rounded(corner[low + 2]), 1), r.scale);
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

  const Value one = g.scalar(1, dtype);
  const Value zero = g.scalar(0, dtype);
  const Value top = g.floor(y);
  const Value left = g.floor(x);
  const Value below = g.sub(y, top);
  const Value beyond = g.sub(x, left);
  Value sampled;
  for (const int64_t down : {0, 1}) {
    for (const int64_t right : {0, 1}) {
      const Value row = shifted(g, top, static_cast<double>(down));
      const Value column = shifted(g, left, static_cast<double>(right));
      const auto inside = [&](Value place, Value extent) {
        return g.logical_and(g.greater(place, g.scalar(-1, dtype)), g.less(place, g.cast(extent, dtype)));
      };
      const Value exists = g.logical_and(inside(row, height), inside(column, width));
      const Value weight = g.mul(down == 1 ? below : g.sub(one, below), right == 1 ? beyond : g.sub(one, beyond));
      const auto index = [&](Value place) { return g.cast(g.where(exists, place, zero), DType::kInt64); };
      const Value at = g.add(g.add(g.mul(index(row), width), index(column)), starts);
      const Value found = g.gather(pixels, at, 0);  // [N · groups, taps, OH, OW, C / groups]
      const Value part = g.mul(found, g.unsqueeze(g.where(exists, weight, zero), {4}));
      sampled = sampled ? g.add(sampled, part) : part;
    }
  }
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

constexpr std::string_view kLod = "regions whose images are told by the LoD";

constexpr MapperEntry kEntries[] = {
    {"deformable_conv", 9, deformable_conv_by_gathering},
    {"deformable_conv", 19, deformable_conv},
    {"psroi_pool", 9, psroi_pool, kLod},
    {"roi_align", 10, roi_align, kLod},
    {"roi_pool", 8, roi_pool, "regions whose images are told by the LoD; the places of the largest elements"},
};

}  // namespace

extern const MapperTable kRoiMappers = kEntries;

}  // namespace paddle2onnx
