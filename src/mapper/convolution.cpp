// Convolutions and transposed convolutions.
#include <algorithm>
#include <limits>

#include "mapper/quantization.h"
#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// The attributes that all convolutions have, for `rank` spatial axes.
struct Convolution {
  int64_t rank;
  int64_t groups;
  bool same;  // padding_algorithm SAME
  Ints strides;
  Ints dilations;
  Paddings paddings;
};

Convolution read_convolution(OpContext& op, Value filter) {
  Convolution c;
  if (!filter.has_rank() || filter.rank() < 3) op.fail("a filter of unknown rank");
  c.rank = filter.rank() - 2;
  c.groups = op.attr<int64_t>("groups", 1);
  const auto axes = static_cast<size_t>(c.rank);
  c.strides = for_each_axis(op, op.attr<Ints>("strides", Ints(axes, 1)), c.rank, "strides");
  c.dilations = for_each_axis(op, op.attr<Ints>("dilations", Ints(axes, 1)), c.rank, "dilations");
  c.paddings = read_paddings(op, op.attr<Ints>("paddings", Ints(axes, 0)), c.rank);
  const auto algorithm = op.attr<std::string>("padding_algorithm", "EXPLICIT");
  c.same = algorithm == "SAME";
  if (c.same) c.dilations.assign(axes, 1);  // Paddle drops them
  if (c.same || algorithm == "VALID") c.paddings = {Ints(axes, 0), Ints(axes, 0)};
  return c;
}

// Sets the paddings of SAME where the sizes tell all of them; false if some are known at run time only.
bool settle_same_padding(Convolution& c, Value x, Value filter) {
  Paddings settled = c.paddings;
  for (int64_t i = 0; i < c.rank; ++i) {
    const auto axis = static_cast<size_t>(i);
    const int64_t kernel = filter.dim(i + 2);
    // With stride 1 every size gets kernel - 1.
    const int64_t in = c.strides[axis] == 1 ? std::max<int64_t>(x.dim(i + 2), 1) : x.dim(i + 2);
    if (in < 0 || kernel < 0) return false;
    const int64_t zeros = same_padding(in, kernel, c.strides[axis]);
    settled.before[axis] = zeros / 2;
    settled.after[axis] = zeros - zeros / 2;
  }
  c.paddings = settled;
  return true;
}

NodeAttributes attributes_of(const Convolution& c, Value filter) {
  NodeAttributes attributes = {{"dilations", c.dilations}, {"group", c.groups}, {"strides", c.strides}};
  Ints kernel;
  for (int64_t i = 2; i < filter.rank(); ++i) kernel.push_back(filter.dim(i));
  if (std::ranges::count(kernel, -1) == 0) attributes.emplace_back("kernel_shape", kernel);
  return attributes;
}

// out[n, m, …] = bias[m] + Σ over the m'th group's channels and the window of x · filter. The filter is
// [M, C / groups, …] in either data format.
void convolution(OpContext& op) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  const Value x = image(op, "input");
  const Value filter = weight(op, "filter", x.dtype(), 0);
  Convolution c = read_convolution(op, filter);
  const bool at_run_time = c.same && !settle_same_padding(c, x, filter);
  NodeAttributes attributes = attributes_of(c, filter);
  if (at_run_time) {
    attributes.emplace_back("auto_pad", std::string("SAME_UPPER"));
  } else {
    attributes.emplace_back("pads", onnx_pads(c.paddings.before, c.paddings.after));
  }
  Dims dims = {x.dim(0), filter.dim(0)};
  for (size_t i = 0; i < static_cast<size_t>(c.rank); ++i) {
    const int64_t kernel = filter.dim(static_cast<int64_t>(i) + 2);
    dims.push_back(at_run_time || kernel < 0
                       ? -1
                       : window_count(x.dim(static_cast<int64_t>(i) + 2), c.dilations[i] * (kernel - 1) + 1,
                                      c.strides[i], c.paddings.before[i], c.paddings.after[i]));
  }
  // Paddle's optimiser takes what was added behind, [1, M, 1, 1].
  Value bias = op.in_or_none("bias");
  if (bias && bias.rank() != 1) bias = g.flatten_to_1d(bias);
  const Value y = g.node("Conv", {x, filter, bias}, std::move(attributes), {x.dtype(), dims});
  op.out("out", last ? channels_to_back(g, y) : y);
}

// The gradient of a convolution with respect to its input. The filter is [C, M / groups, …]. Each axis has the size
// stride · (in - 1) + dilation · (kernel - 1) + 1 - before - after + output_padding; output_size states it otherwise.
void transposed_convolution(OpContext& op) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  const Value x = image(op, "x");
  const Value filter = weight(op, "filter", x.dtype(), 1);
  Convolution c = read_convolution(op, filter);
  const auto axes = static_cast<size_t>(c.rank);
  const bool cut_later = c.same && !settle_same_padding(c, x, filter);

  Ints spans;
  for (size_t i = 0; i < axes; ++i) {
    const int64_t kernel = filter.dim(static_cast<int64_t>(i) + 2);
    if (kernel < 0) op.fail("a filter of unknown size");
    spans.push_back(c.dilations[i] * (kernel - 1) + 1);
  }
  Ints output_padding = op.attr<Ints>("output_padding", {});
  output_padding = output_padding.empty() ? Ints(axes, 0) : for_each_axis(op, output_padding, c.rank, "output_padding");
  const IntsArgument size = op.has_number("output_size") ? op.ints("output_size") : IntsArgument{};
  const bool has_size = size.value && !(size.count_known && size.size() == 0);
  if (has_size && size.size() != axes) op.fail("output_size has not as many numbers as there are spatial axes");

  // The wanted size, if it can only be cut out of a larger result.
  Value cut_to;
  if (has_size) {
    const auto wanted = size.constant();
    for (size_t i = 0; i < axes; ++i) {
      const int64_t in = x.dim(static_cast<int64_t>(i) + 2);
      const int64_t least = c.strides[i] * (in - 1) + spans[i] - c.paddings.before[i] - c.paddings.after[i];
      const bool known = wanted && in >= 0 && !cut_later;
      output_padding[i] = known ? (*wanted)[i] - least : c.strides[i] - 1;
      if (known && (output_padding[i] < 0 || output_padding[i] >= c.strides[i]))
        op.fail("output_size " + std::to_string((*wanted)[i]) + " where " + std::to_string(least) + " to " +
                std::to_string(least + c.strides[i] - 1) + " are possible");
      // One size only is possible with stride 1.
      if (!known && c.strides[i] > 1) cut_to = size.value;
    }
  }

  NodeAttributes attributes = attributes_of(c, filter);
  attributes.emplace_back("pads", onnx_pads(c.paddings.before, c.paddings.after));
  if (std::ranges::any_of(output_padding, [](int64_t p) { return p != 0; }))
    attributes.emplace_back("output_padding", output_padding);
  const int64_t channels = filter.dim(1) < 0 ? -1 : filter.dim(1) * c.groups;
  Dims dims = {x.dim(0), channels};
  for (size_t i = 0; i < axes; ++i) {
    const int64_t in = x.dim(static_cast<int64_t>(i) + 2);
    dims.push_back(in < 0 ? -1
                          : c.strides[i] * (in - 1) + spans[i] - c.paddings.before[i] - c.paddings.after[i] +
                                output_padding[i]);
  }
  Value y = g.node("ConvTranspose", {x, filter, op.in_or_none("bias")}, std::move(attributes), {x.dtype(), dims});

  if (cut_later || cut_to) {
    std::vector<Value> starts;
    std::vector<Value> ends;
    Ints on;
    for (size_t i = 0; i < axes; ++i) {
      const auto axis = static_cast<int64_t>(i) + 2;
      on.push_back(axis);
      Value start = g.ints({0});
      Value end = cut_to ? g.slice(cut_to, Ints{axis - 2}, Ints{axis - 1}, Ints{0}) : Value();
      if (cut_later) {
        // The zeros of SAME: max((ceil(in / stride) - 1) · stride + kernel - in, 0), half of them before.
        const Value stride = g.ints({c.strides[i]});
        const Value in = g.dim(x, axis);
        const Value windows = g.div(g.add(in, g.ints({c.strides[i] - 1})), stride);
        const Value spare = g.sub(g.add(g.mul(g.sub(windows, g.ints({1})), stride), g.ints({spans[i]})), in);
        const Value zeros = g.max(spare, g.ints({0}));
        start = g.div(zeros, g.ints({2}));
        const Value full = g.add(g.mul(g.sub(in, g.ints({1})), stride), g.ints({spans[i] + output_padding[i]}));
        end = g.add(start, end ? end : g.sub(full, zeros));
      }
      starts.push_back(start);
      ends.push_back(end);
    }
    y = g.slice(y, g.concat_ints(starts), g.concat_ints(ends), g.ints(on));
  }
  // Paddle adds output_padding to a size of -1.
  op.out_as_computed("out", last ? channels_to_back(g, y) : y);
}

// How alike the surroundings of a place in one image are to those of places around it in the other: the mean over the
// channels and a window of their product, for each displacement of 0, ±stride2, … up to max_displacement in both axes.
void correlation(OpContext& op) {
  Builder& g = op.graph();
  const auto pad = op.attr<int64_t>("pad_size");
  const auto kernel = op.attr<int64_t>("kernel_size");
  const auto reach = op.attr<int64_t>("max_displacement");
  const auto stride1 = op.attr<int64_t>("stride1");
  const auto stride2 = op.attr<int64_t>("stride2");
  const int64_t radius = (kernel - 1) / 2;
  if (pad < 0 || kernel < 1 || kernel % 2 == 0 || stride1 < 1 || stride2 < 1 ||
      reach < radius + reach / stride2 * stride2)
    op.fail("an even kernel, or a window that reaches in front of the image");
  const auto padded = [&](std::string_view name) {
    return g.pad(ranked(op, name, 4), g.ints({0, 0, pad, pad, 0, 0, pad, pad}));
  };
  const Value x = padded("input1");
  const Value y = padded("input2");
  const auto cut = [&](Value v, int64_t down, int64_t right) {
    const auto end = [&](int64_t shift) {
      const int64_t behind = reach + radius - shift;
      return behind > 0 ? -behind : std::numeric_limits<int64_t>::max();
    };
    return g.slice(v, Ints{reach - radius + down, reach - radius + right}, Ints{end(down), end(right)}, Ints{2, 3});
  };
  const Value centre = cut(x, 0, 0);
  const int64_t steps = reach / stride2;
  std::vector<Value> products;
  for (int64_t down = -steps; down <= steps; ++down) {
    for (int64_t right = -steps; right <= steps; ++right)
      products.push_back(g.reduce("ReduceMean", g.mul(centre, cut(y, down * stride2, right * stride2)), Ints{1}, true));
  }
  Value out = products.size() == 1 ? products.front() : g.concat(products, 1);
  if (kernel > 1 || stride1 > 1) {
    Dims dims = *out.dims();
    for (const size_t axis : {2, 3}) dims[axis] = window_count(dims[axis], kernel, stride1, 0, 0);
    out = g.node("AveragePool", {out}, {{"kernel_shape", Ints{kernel, kernel}}, {"strides", Ints{stride1, stride1}}},
                 {out.dtype(), dims});
  }
  op.out_as_computed("out", out);
}

constexpr MapperEntry kEntries[] = {
    {"conv2d", 7, convolution},
    {"conv2d_transpose", 7, transposed_convolution},
    {"conv2d_transpose_bias", 7, transposed_convolution},
    {"conv3d", 7, convolution},
    {"correlation", 7, correlation, "an even kernel; a window that reaches in front of the image"},
    {"conv3d_transpose", 7, transposed_convolution},
    {"depthwise_conv2d", 7, convolution},
    {"depthwise_conv2d_bias", 7, convolution},
    {"depthwise_conv2d_transpose", 7, transposed_convolution},
    {"depthwise_conv3d_bias", 7, convolution},
};

}  // namespace

extern const MapperTable kConvolutionMappers = kEntries;

}  // namespace paddle2onnx
