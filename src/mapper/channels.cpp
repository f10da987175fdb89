// Operators that trade channels, places and time of an image against each other.
#include <limits>

#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// x taken apart to `parts`, these put in the order `perm`, and joined again to the shape `joined`; 0 copies a
// dimension.
Value rearrange(Builder& g, Value x, const std::vector<Value>& parts, const Ints& perm,
                const std::vector<Value>& joined) {
  return g.reshape(g.transpose(g.reshape(x, g.concat_ints(parts)), perm), g.concat_ints(joined));
}

Value times(Builder& g, Value a, int64_t factor) { return g.mul(a, g.ints({factor})); }
Value by(Builder& g, Value a, int64_t divisor) { return g.div(a, g.ints({divisor})); }

// [N, C · r², H, W] → [N, C, H · r, W · r]: a channel's r² neighbours become one channel's r × r block.
void pixel_shuffle(OpContext& op) {
  Builder& g = op.graph();
  const int64_t r = op.attr<int64_t>("upscale_factor", 1);
  const bool last = channels_last(op);
  const Value x = image(op, "x");
  const Value block = g.ints({r});
  const Value y = rearrange(
      g, x, {g.ints({0}), by(g, g.dim(x, 1), r * r), block, block, g.dim(x, 2), g.dim(x, 3)}, {0, 1, 4, 2, 5, 3},
      {g.ints({0}), by(g, g.dim(x, 1), r * r), times(g, g.dim(x, 2), r), times(g, g.dim(x, 3), r)});
  op.out("out", last ? channels_to_back(g, y) : y);
}

void pixel_shuffle_crd(OpContext& op) {
  Builder& g = op.graph();
  const int64_t r = op.attr<int64_t>("upscale_factor", 1);
  const bool last = channels_last(op);
  const Value x = image(op, "x");
  const auto scaled = [&](int64_t axis) { return x.dim(axis) < 0 ? -1 : x.dim(axis) * r; };
  const Dims dims = {x.dim(0), x.dim(1) < 0 ? -1 : x.dim(1) / (r * r), scaled(2), scaled(3)};
  const Value y = g.node("DepthToSpace", {x}, {{"blocksize", r}, {"mode", std::string("CRD")}}, {x.dtype(), dims});
  op.out("out", last ? channels_to_back(g, y) : y);
}

// [N, C, H, W] → [N, C · r², H / r, W / r], the inverse of pixel_shuffle.
void pixel_unshuffle(OpContext& op) {
  Builder& g = op.graph();
  const int64_t r = op.attr<int64_t>("downscale_factor", 1);
  const bool last = channels_last(op);
  const Value x = image(op, "x");
  const Value block = g.ints({r});
  const Value y = rearrange(
      g, x, {g.ints({0}), g.dim(x, 1), by(g, g.dim(x, 2), r), block, by(g, g.dim(x, 3), r), block}, {0, 1, 3, 5, 2, 4},
      {g.ints({0}), times(g, g.dim(x, 1), r * r), by(g, g.dim(x, 2), r), by(g, g.dim(x, 3), r)});
  op.out("out", last ? channels_to_back(g, y) : y);
}

// The channels as [groups, C / groups] become [C / groups, groups].
void shuffle_channels(OpContext& op) {
  Builder& g = op.graph();
  const int64_t groups = op.has_attr("groups") ? op.attr<int64_t>("groups") : op.attr<int64_t>("group", 1);
  const Value x = ranked(op, "x", 4);
  if (channels_last(op)) {
    const Value grouped = g.concat_ints({g.ints({0, -1, groups}), by(g, g.dim(x, -1), groups)});
    op.out("out", g.reshape(g.transpose(g.reshape(x, grouped), {0, 1, 3, 2}), g.shape(x)));
  } else {
    const Value grouped = g.concat_ints({g.ints({0, groups}), by(g, g.dim(x, 1), groups), g.ints({-1})});
    op.out("out", g.reshape(g.transpose(g.reshape(x, grouped), {0, 2, 1, 3}), g.shape(x)));
  }
}

// The largest of `groups` neighbouring channels: [.., C, ..] → [.., C / groups, ..].
void maxout(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 1);
  const int64_t groups = op.attr<int64_t>("groups");
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", 1), x.rank());
  std::vector<Value> parts;
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (i != axis) {
      parts.push_back(g.dim(x, i));
    } else {
      parts.push_back(by(g, g.dim(x, i), groups));
      parts.push_back(g.ints({groups}));
    }
  }
  op.out("out", g.reduce("ReduceMax", g.reshape(x, g.concat_ints(parts)), Ints{axis + 1}, false));
}

// x is [N · T, C, H, W]. The first channels come from the step before, as many next ones from the step behind, 0 where
// there is none; the rest stay.
void temporal_shift(OpContext& op) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  const Value x = image(op, "x");
  const int64_t steps = op.attr<int64_t>("seg_num");
  const auto ratio = static_cast<float>(op.attr<double>("shift_ratio", 0.25));
  // The channels are cut in the shape [N, T, C, …].
  const Value clips = g.reshape(x, g.concat_ints({g.ints({-1, steps}), g.dim(x, 1), g.dim(x, 2), g.dim(x, 3)}));
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  const auto shifted = [&](Value part, int64_t by_steps) {
    Ints pads(10, 0);
    pads[by_steps > 0 ? 1 : 6] = 1;
    const Value padded = g.pad(part, g.ints(pads));
    return by_steps > 0 ? g.slice(padded, Ints{0}, Ints{steps}, Ints{1})
                        : g.slice(padded, Ints{1}, Ints{kEnd}, Ints{1});
  };
  std::vector<Value> parts;
  if (const int64_t channels = x.dim(1); channels >= 0) {
    const auto first = static_cast<int64_t>(static_cast<float>(channels) * ratio);
    const auto second = static_cast<int64_t>(static_cast<float>(channels) * 2 * ratio);
    const auto cut = [&](int64_t from, int64_t to) { return g.slice(clips, Ints{from}, Ints{to}, Ints{2}); };
    if (first > 0) parts.push_back(shifted(cut(0, first), 1));
    if (second > first) parts.push_back(shifted(cut(first, second), -1));
    if (channels > second) parts.push_back(cut(second, kEnd));
  } else {
    // In float32, as Paddle does.
    const Value channels_f32 = g.cast(g.dim(x, 1), DType::kFloat32);
    const Value first = g.cast(g.mul(channels_f32, g.scalar(ratio, DType::kFloat32)), DType::kInt64);
    const Value second = g.cast(g.mul(channels_f32, g.scalar(2 * ratio, DType::kFloat32)), DType::kInt64);
    const auto cut = [&](Value from, Value to) { return g.slice(clips, from, to, g.ints({2})); };
    parts = {shifted(cut(g.ints({0}), first), 1), shifted(cut(first, second), -1), cut(second, g.ints({kEnd}))};
  }
  const Value y = g.reshape(g.concat(parts, 2), g.shape(x));
  op.out("out", last ? channels_to_back(g, y) : y);
}

// What unfold and fold are told of the windows of one axis.
struct Columns {
  Ints kernel;
  Ints strides;
  Ints dilations;
  Paddings paddings;
};

Columns read_columns(OpContext& op) {
  Columns c;
  c.kernel = for_each_axis(op, op.attr<Ints>("kernel_sizes"), 2, "kernel_sizes");
  c.strides = for_each_axis(op, op.attr<Ints>("strides", {1, 1}), 2, "strides");
  c.dilations = for_each_axis(op, op.attr<Ints>("dilations", {1, 1}), 2, "dilations");
  // top, left, bottom, right
  const auto pads = op.attr<Ints>("paddings", {0, 0});
  if (pads.size() == 4) {
    c.paddings = {{pads[0], pads[1]}, {pads[2], pads[3]}};
  } else {
    c.paddings = read_paddings(op, pads, 2);
  }
  return c;
}

// [N, C, H, W] → [N, C · kh · kw, windows]: each window becomes a column. Rows and columns of all windows are gathered.
void unfold(OpContext& op) {
  Builder& g = op.graph();
  Value x = ranked(op, "x", 4);
  const Columns c = read_columns(op);
  x = g.pad(x,
            g.ints({0, 0, c.paddings.before[0], c.paddings.before[1], 0, 0, c.paddings.after[0], c.paddings.after[1]}));
  for (size_t i = 0; i < 2; ++i) {
    const auto axis = static_cast<int64_t>(2 + 2 * i);  // H, then W behind [kernel, windows] of H
    const int64_t span = c.dilations[i] * (c.kernel[i] - 1) + 1;
    Ints offsets;
    for (int64_t k = 0; k < c.kernel[i]; ++k) offsets.push_back(k * c.dilations[i]);
    Value starts;
    if (x.dim(axis) >= 0) {
      Ints numbers(static_cast<size_t>((x.dim(axis) - span) / c.strides[i] + 1));
      for (size_t k = 0; k < numbers.size(); ++k) numbers[k] = static_cast<int64_t>(k) * c.strides[i];
      starts = g.ints(numbers);
    } else {
      const Value limit = g.squeeze(g.sub(g.dim(x, axis), g.ints({span - 1})), {0});
      starts = g.range(g.scalar_i64(0), limit, g.scalar_i64(c.strides[i]));
    }
    x = g.gather(x, g.add(g.unsqueeze(g.ints(offsets), {1}), starts), axis);
  }
  // [N, C, kh, rows, kw, columns]
  const int64_t window = c.kernel[0] * c.kernel[1];
  const Value columns = times(g, g.dim(x, 1), window);
  op.out("out", g.reshape(g.transpose(x, {0, 1, 2, 4, 3, 5}), g.concat_ints({g.ints({0}), columns, g.ints({-1})})));
}

// The inverse: [N, C · kh · kw, windows] → [N, C, H, W], with the sum where windows overlap.
struct Fold {
  Value x;
  Ints size;
  Columns columns;
};

Fold read_fold(OpContext& op) {
  Fold f{ranked(op, "x", 3), for_each_axis(op, op.attr<Ints>("output_sizes"), 2, "output_sizes"), read_columns(op)};
  return f;
}

// A transposed convolution with one filter for each place of the window, which is 1 there.
void fold_by_convolution(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, size, c] = read_fold(op);
  const int64_t window = c.kernel[0] * c.kernel[1];
  if (x.dim(1) < 0) op.fail("an unknown number of channels");
  const int64_t channels = x.dim(1) / window;
  Ints windows;
  Ints rest;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t span = c.dilations[i] * (c.kernel[i] - 1) + 1;
    const int64_t padded = size[i] + c.paddings.before[i] + c.paddings.after[i];
    windows.push_back((padded - span) / c.strides[i] + 1);
    rest.push_back((padded - span) % c.strides[i]);
  }
  std::vector<double> filter(static_cast<size_t>(channels * window * window), 0);
  for (int64_t i = 0; i < channels * window; ++i) filter[static_cast<size_t>(i * window + i % window)] = 1;
  const Value weights = g.constant(from_doubles(x.dtype(), {channels * window, 1, c.kernel[0], c.kernel[1]}, filter));
  const Value image = g.reshape(x, Ints{0, x.dim(1), windows[0], windows[1]});
  op.out("out", g.node("ConvTranspose", {image, weights},
                       {{"dilations", c.dilations},
                        {"group", channels},
                        {"kernel_shape", c.kernel},
                        {"output_padding", rest},
                        {"pads", onnx_pads(c.paddings.before, c.paddings.after)},
                        {"strides", c.strides}},
                       {x.dtype(), Dims{x.dim(0), channels, size[0], size[1]}}));
}

void fold(OpContext& op) {
  Builder& g = op.graph();
  if (op.in("x").dtype() != DType::kFloat32) return fold_by_convolution(op);  // ONNX Runtime has no other kernel
  const auto [x, size, c] = read_fold(op);
  const int64_t channels = x.dim(1) < 0 ? -1 : x.dim(1) / (c.kernel[0] * c.kernel[1]);
  op.out("out", g.node("Col2Im", {x, g.ints(size), g.ints(c.kernel)},
                       {{"dilations", c.dilations},
                        {"pads", onnx_pads(c.paddings.before, c.paddings.after)},
                        {"strides", c.strides}},
                       {x.dtype(), Dims{x.dim(0), channels, size[0], size[1]}}));
}

constexpr MapperEntry kEntries[] = {
    {"channel_shuffle", 7, shuffle_channels},
    {"fold", 7, fold_by_convolution},
    {"fold", 18, fold},
    {"maxout", 7, maxout},
    {"pixel_shuffle", 7, pixel_shuffle},
    {"pixel_shuffle", 11, pixel_shuffle_crd},
    {"pixel_unshuffle", 7, pixel_unshuffle},
    {"shuffle_channel", 7, shuffle_channels},
    {"temporal_shift", 7, temporal_shift},
    {"unfold", 7, unfold},
};

}  // namespace

extern const MapperTable kChannelMappers = kEntries;

}  // namespace paddle2onnx
