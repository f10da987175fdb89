// Poolings: the largest or the mean of windows, of fixed size or adapted to the size of the result.
#include <algorithm>
#include <limits>
#include <numeric>

#include "mapper/indices.h"
#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// The windows [start, end) of one axis, as int64 [windows], cut to the input. Constant if sizes and input are.
struct AxisWindows {
  Value starts;
  Value ends;
};

// Adaptive: window i of n goes from floor(i · in / n) to ceil((i + 1) · in / n).
AxisWindows adaptive_windows(Builder& g, Value in, Value count) {
  Value index;
  if (const auto n = known_elements(count); n && n->front()) {
    Ints numbers(static_cast<size_t>(*n->front()));
    std::iota(numbers.begin(), numbers.end(), 0);
    index = g.ints(numbers);
  } else {
    index = g.range(g.scalar_i64(0), g.squeeze(count, {0}), g.scalar_i64(1));
  }
  const Value one = g.ints({1});
  return {g.div(g.mul(index, in), count), g.div(g.add(g.mul(g.add(index, one), in), g.sub(count, one)), count)};
}

std::optional<Ints> known(Value v) {
  if (v.constant() == nullptr) return std::nullopt;
  return as_ints(*v.constant());
}

// x with one axis replaced by two: [windows, elements of the longest window]. Windows that are shorter go on with
// `fill` (of rank 0), or with their last element if there is none.
Value gather_windows(Builder& g, Value x, int64_t axis, const AxisWindows& windows, Value fill) {
  const auto starts = known(windows.starts);
  const auto ends = known(windows.ends);
  Value indices;
  if (starts && ends && x.dim(axis) >= 0) {
    int64_t longest = 0;
    for (size_t i = 0; i < starts->size(); ++i) longest = std::max(longest, (*ends)[i] - (*starts)[i]);
    Ints numbers;
    bool short_ones = false;
    for (size_t i = 0; i < starts->size(); ++i) {
      for (int64_t k = 0; k < longest; ++k) {
        const int64_t at = (*starts)[i] + k;
        short_ones |= at >= (*ends)[i];
        numbers.push_back(at < (*ends)[i] ? at : fill ? x.dim(axis) : (*ends)[i] - 1);
      }
    }
    if (!short_ones) fill = {};
    indices = g.constant(from_ints(DType::kInt64, {static_cast<int64_t>(starts->size()), longest}, numbers));
  } else {
    const Value longest = g.reduce("ReduceMax", g.sub(windows.ends, windows.starts), Ints{0}, false);
    const Value at = g.add(g.unsqueeze(windows.starts, {1}), g.range(g.scalar_i64(0), longest, g.scalar_i64(1)));
    const Value end = g.unsqueeze(windows.ends, {1});
    indices = g.where(g.less(at, end), at, fill ? g.dim(x, axis) : g.sub(end, g.ints({1})));
  }
  if (fill) {
    // It stands behind the last element.
    Ints pads(static_cast<size_t>(2 * x.rank()), 0);
    pads[static_cast<size_t>(x.rank() + axis)] = 1;
    x = g.pad(x, g.ints(pads), "constant", fill);
  }
  return g.gather(x, indices, axis);
}

enum class Pooling { kMax, kAverage, kSum };

// Poolings whose windows differ in size: one axis after the other is gathered into its windows, and those reduced.
Value pool_by_gathering(Builder& g, Value x, const std::vector<AxisWindows>& windows, Pooling pooling,
                        Value fill = {}) {
  const auto rank = static_cast<int64_t>(windows.size());
  if (pooling != Pooling::kMax) fill = g.scalar(0, x.dtype());
  for (int64_t i = 0; i < rank; ++i) {
    const AxisWindows& axis = windows[static_cast<size_t>(i)];
    x = gather_windows(g, x, i + 2, axis, fill);
    x = g.reduce(pooling == Pooling::kMax ? "ReduceMax" : "ReduceSum", x, Ints{i + 3}, false);
    if (pooling != Pooling::kAverage) continue;
    Ints behind;
    for (int64_t k = 1; k < rank - i; ++k) behind.push_back(k);
    x = g.div(x, g.cast(g.unsqueeze(g.sub(axis.ends, axis.starts), behind), x.dtype()));
  }
  return x;
}

// A pooling with fixed windows, as a node of MaxPool or AveragePool takes it.
struct Window {
  Ints kernel;
  Ints strides;
  Paddings paddings;
  bool same = false;       // SAME_UPPER of a size that is known at run time only
  bool ceil_mode = false;  // of the node
};

NodeAttributes attributes_of(const Window& w) {
  NodeAttributes attributes = {{"kernel_shape", w.kernel}, {"strides", w.strides}};
  if (w.ceil_mode) attributes.emplace_back("ceil_mode", int64_t{1});
  if (w.same) {
    attributes.emplace_back("auto_pad", std::string("SAME_UPPER"));
  } else {
    attributes.emplace_back("pads", onnx_pads(w.paddings.before, w.paddings.after));
  }
  return attributes;
}

Dims pooled_dims(const Window& w, Value x) {
  Dims dims = {x.dim(0), x.dim(1)};
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    dims.push_back(w.same ? -1
                          : window_count(x.dim(static_cast<int64_t>(i) + 2), w.kernel[i], w.strides[i],
                                         w.paddings.before[i], w.paddings.after[i], w.ceil_mode));
  }
  return dims;
}

// The largest of each window, and where the program asks for it, at which place of the image that is.
struct Pooled {
  Value values;
  Value indices;  // int64, counted in [H, W] or [D, H, W]
};

Value elements_of_image(Builder& g, Value x) {
  Value count;
  for (int64_t i = 2; i < x.rank(); ++i) count = count ? g.mul(count, g.dim(x, i)) : g.dim(x, i);
  return count;
}

// a mod b of integers that are not negative.
Value remainder(Builder& g, Value a, Value b) { return g.sub(a, g.mul(g.div(a, b), b)); }

Pooled max_pool_node(Builder& g, Value x, const Window& w, bool with_indices) {
  const Dims dims = pooled_dims(w, x);
  if (!with_indices) return {g.node("MaxPool", {x}, attributes_of(w), {x.dtype(), dims}), {}};
  g.need_opset(8, "MaxPool with indices");
  const auto results = g.nodes("MaxPool", {x}, attributes_of(w), {{x.dtype(), dims}, {DType::kInt64, dims}});
  // ONNX counts in the whole tensor.
  return {results[0], remainder(g, results[1], elements_of_image(g, x))};
}

// The same with windows of different sizes: all axes are gathered, then the windows brought together.
Pooled max_pool_with_indices_by_gathering(Builder& g, Value x, const std::vector<AxisWindows>& windows) {
  const auto rank = static_cast<int64_t>(windows.size());
  Value gathered = x;
  for (int64_t i = 0; i < rank; ++i)
    gathered = gather_windows(g, gathered, 2 + 2 * i, windows[static_cast<size_t>(i)], {});
  // [N, C, h, kh, w, kw] → [N, C, h, w, kh · kw]
  Ints perm = {0, 1};
  for (int64_t i = 0; i < rank; ++i) perm.push_back(2 + 2 * i);
  for (int64_t i = 0; i < rank; ++i) perm.push_back(3 + 2 * i);
  std::vector<Value> shape = {g.ints({0, 0})};
  std::vector<Value> lengths;
  for (int64_t i = 0; i < rank; ++i) {
    shape.push_back(g.dim(gathered, 2 + 2 * i));
    lengths.push_back(g.dim(gathered, 3 + 2 * i));
  }
  shape.push_back(g.ints({-1}));
  gathered = g.reshape(g.transpose(gathered, perm), g.concat_ints(shape));
  std::optional<Dims> dims = gathered.dims();
  if (dims) dims->pop_back();
  Value place = g.node("ArgMax", {gathered}, {{"axis", rank + 2}, {"keepdims", int64_t{0}}}, {DType::kInt64, dims});
  const Value values = g.reduce("ReduceMax", gathered, Ints{rank + 2}, false);
  // The place in the window, taken apart from the last axis on, gives that in the image.
  Value index;
  Value step;
  for (int64_t i = rank - 1; i >= 0; --i) {
    const auto axis = static_cast<size_t>(i);
    Ints behind;
    for (int64_t k = 1; k < rank - i; ++k) behind.push_back(k);
    const Value own = i > 0 ? remainder(g, place, lengths[axis]) : place;
    if (i > 0) place = g.div(place, lengths[axis]);
    const Value at = g.add(g.unsqueeze(windows[axis].starts, behind), own);
    index = index ? g.add(index, g.mul(at, step)) : at;
    step = step ? g.mul(step, g.dim(x, i + 2)) : g.dim(x, i + 2);
  }
  return {values, index};
}

// All windows of adaptive pooling are alike if this holds; then kernel and stride are returned.
std::optional<std::pair<int64_t, int64_t>> even_windows(int64_t in, int64_t count) {
  if (in < 0 || count <= 0) return std::nullopt;
  const int64_t stride = count > 1 ? in / count : in;
  const int64_t kernel = in - (count - 1) * stride;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t start = i * in / count;
    const int64_t end = ((i + 1) * in + count - 1) / count;
    if (start != i * stride || end != start + kernel) return std::nullopt;
  }
  return std::pair(kernel, stride);
}

// The sizes of an adaptive pooling's result, one for each axis.
IntsArgument adaptive_counts(OpContext& op, int64_t rank) {
  IntsArgument counts = op.ints("kernel_size");
  if (counts.count_known && counts.size() == 1 && rank > 1) {
    counts.value = op.graph().concat_ints(std::vector<Value>(static_cast<size_t>(rank), counts.value));
    counts.elements.resize(static_cast<size_t>(rank), counts.elements[0]);
  }
  if (counts.count_known && counts.size() != static_cast<size_t>(rank))
    op.fail(std::to_string(counts.size()) + " sizes of the result for " + std::to_string(rank) + " spatial axes");
  counts.elements.resize(static_cast<size_t>(rank));
  return counts;
}

std::vector<AxisWindows> all_adaptive_windows(Builder& g, Value x, const IntsArgument& counts) {
  std::vector<AxisWindows> windows;
  for (int64_t i = 0; i < x.rank() - 2; ++i)
    windows.push_back(adaptive_windows(g, g.dim(x, i + 2), g.slice(counts.value, Ints{i}, Ints{i + 1}, Ints{0})));
  return windows;
}

Pooled adaptive_pool(OpContext& op, Value x, bool average, bool with_indices) {
  Builder& g = op.graph();
  const int64_t rank = x.rank() - 2;
  const IntsArgument counts = adaptive_counts(op, rank);
  bool all_ones = true;
  bool even = true;
  Window window;
  for (int64_t i = 0; i < rank; ++i) {
    const auto count = counts.elements[static_cast<size_t>(i)];
    if (count && *count <= 0) op.fail("a result of size " + std::to_string(*count));
    all_ones &= count == 1;
    const auto same = even_windows(x.dim(i + 2), count.value_or(-1));
    even &= same.has_value();
    window.kernel.push_back(same ? same->first : 0);
    window.strides.push_back(same ? same->second : 0);
  }
  if (all_ones && !with_indices) {
    Dims dims(static_cast<size_t>(rank) + 2, 1);
    dims[0] = x.dim(0);
    dims[1] = x.dim(1);
    return {g.node(average ? "GlobalAveragePool" : "GlobalMaxPool", {x}, {}, {x.dtype(), dims}), {}};
  }
  if (even) {
    window.paddings = {Ints(static_cast<size_t>(rank), 0), Ints(static_cast<size_t>(rank), 0)};
    if (!average) return max_pool_node(g, x, window, with_indices);
    return {g.node("AveragePool", {x}, attributes_of(window), {x.dtype(), pooled_dims(window, x)}), {}};
  }
  const std::vector<AxisWindows> windows = all_adaptive_windows(g, x, counts);
  if (with_indices) return max_pool_with_indices_by_gathering(g, x, windows);
  return {pool_by_gathering(g, x, windows, average ? Pooling::kAverage : Pooling::kMax), {}};
}

// What Paddle's maxima begin with, also those of float64.
Value lowest(Builder& g, DType dtype) {
  const double number = dtype == DType::kFloat16    ? -65504.0
                        : dtype == DType::kBFloat16 ? -std::numeric_limits<double>::infinity()
                                                    : double{std::numeric_limits<float>::lowest()};
  return g.scalar(number, dtype);
}

Value pad_image(Builder& g, Value x, const Paddings& paddings, Value fill = {}) {
  Ints before = {0, 0};
  Ints after = {0, 0};
  before.insert(before.end(), paddings.before.begin(), paddings.before.end());
  after.insert(after.end(), paddings.after.begin(), paddings.after.end());
  return g.pad(x, g.ints(onnx_pads(before, after)), "constant", fill);
}

// How many elements the last window of ceil_mode reaches farther than the padded input.
int64_t more_for_ceil(const Window& w, size_t axis, int64_t in) {
  const int64_t before = w.paddings.before[axis];
  const int64_t after = w.paddings.after[axis];
  const int64_t count = window_count(in, w.kernel[axis], w.strides[axis], before, after, true);
  return std::max<int64_t>((count - 1) * w.strides[axis] + w.kernel[axis] - (in + before + after), 0);
}

// Brings ceil_mode into the window: as the node's own attribute where that agrees with Paddle, which it does where no
// window lies wholly behind the input; else as paddings behind. Of a size that is known at run time only, stride - 1
// more elements give as many windows: floor((n + stride - 1 - kernel) / stride) = ceil((n - kernel) / stride). Paddings
// that are too wide for the node become part of x, as `fill`.
Value settle_ceil_mode(OpContext& op, Value x, Window& w, Value fill) {
  Builder& g = op.graph();
  bool differs = false;
  bool expressible = g.opset() >= 10 && !w.same;
  Ints extra;
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    const int64_t in = x.dim(static_cast<int64_t>(i) + 2);
    extra.push_back(in < 0 ? w.strides[i] - 1 : more_for_ceil(w, i, in));
    differs |= extra[i] != 0;
    // The last window begins before the padding behind the input.
    expressible &= w.paddings.after[i] + extra[i] < w.kernel[i];
  }
  if (!differs) return x;
  if (w.same) {
    // ceil(in / stride) windows are what SAME gives anyway, unless the stride leaves gaps.
    for (size_t i = 0; i < w.kernel.size(); ++i) {
      if (w.kernel[i] < w.strides[i]) op.fail("ceil_mode with SAME paddings, gaps between windows and dynamic size");
    }
    return x;
  }
  if (expressible) {
    w.ceil_mode = true;
    return x;
  }
  bool fits = true;
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    w.paddings.after[i] += extra[i];
    fits &= w.paddings.after[i] < w.kernel[i];
  }
  if (fits) return x;
  if (!fill) op.fail("ceil_mode where a window may lie wholly in the padding");
  x = pad_image(g, x, w.paddings, fill);
  w.paddings = {Ints(w.kernel.size(), 0), Ints(w.kernel.size(), 0)};
  return x;
}

// Inclusive averages with SAME paddings of a size that is known at run time only: the zeros that count become part of
// x, as many behind as in front. One more, where their number is odd, is left to ceil_mode or, with stride 1, to the
// window.
Value settle_counted_same(OpContext& op, Value x, Window& w) {
  Builder& g = op.graph();
  std::vector<Value> halves;
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    const int64_t kernel = w.kernel[i];
    const int64_t stride = w.strides[i];
    const auto axis = static_cast<int64_t>(i) + 2;
    if (kernel < stride) op.fail("an inclusive average with SAME paddings, gaps between windows and dynamic size");
    w.paddings.before[i] = 0;
    if (stride == 1 || x.dim(axis) >= 0) {
      const int64_t zeros = same_padding(std::max<int64_t>(x.dim(axis), 1), kernel, stride);
      halves.push_back(g.ints({zeros / 2}));
      w.paddings.after[i] = zeros % 2;
      continue;
    }
    // (ceil(in / stride) - 1) · stride + kernel - in
    const Value in = g.dim(x, axis);
    const Value windows = g.div(g.add(in, g.ints({stride - 1})), g.ints({stride}));
    const Value zeros = g.sub(g.add(g.mul(windows, g.ints({stride})), g.ints({kernel - stride})), in);
    halves.push_back(g.div(zeros, g.ints({2})));
    w.paddings.after[i] = 0;
  }
  std::vector<Value> pads = {g.ints({0, 0})};
  pads.insert(pads.end(), halves.begin(), halves.end());
  pads.push_back(g.ints({0, 0}));
  pads.insert(pads.end(), halves.begin(), halves.end());
  w.same = false;
  w.ceil_mode = true;
  return g.pad(x, g.concat_ints(pads));
}

// Kernel, strides and paddings of a pooling of x [N, C, …].
Window read_window(OpContext& op, Value x) {
  const int64_t rank = x.rank() - 2;
  const auto axes = static_cast<size_t>(rank);
  const auto kernel = op.ints("kernel_size").constant();
  if (!kernel) op.fail("a kernel size that is known at run time only");
  Window w;
  w.kernel = for_each_axis(op, *kernel, rank, "kernel sizes");
  w.strides = for_each_axis(op, op.attr<Ints>("strides", Ints(axes, 1)), rank, "strides");
  w.paddings = read_paddings(op, op.attr<Ints>("paddings", Ints(axes, 0)), rank);
  const auto algorithm = op.attr<std::string>("padding_algorithm", "EXPLICIT");
  if (algorithm == "VALID" || algorithm == "SAME") w.paddings = {Ints(axes, 0), Ints(axes, 0)};
  if (algorithm == "SAME") {
    for (size_t i = 0; i < axes; ++i) {
      const int64_t in = w.strides[i] == 1 ? 1 : x.dim(static_cast<int64_t>(i) + 2);
      w.same |= in < 0;
      const int64_t zeros = in < 0 ? 0 : same_padding(in, w.kernel[i], w.strides[i]);
      w.paddings.before[i] = zeros / 2;
      w.paddings.after[i] = zeros - zeros / 2;
    }
  }
  return w;
}

// pool2d, pool3d, max_pool2d_with_index, max_pool3d_with_index
Pooled pool(OpContext& op, Value x, bool average, bool with_indices) {
  Builder& g = op.graph();
  const int64_t rank = x.rank() - 2;
  const auto axes = static_cast<size_t>(rank);
  const Paddings none = {Ints(axes, 0), Ints(axes, 0)};
  if (op.attr<bool>("adaptive", false)) return adaptive_pool(op, x, average, with_indices);
  if (op.attr<bool>("global_pooling", false)) {
    Dims dims(axes + 2, 1);
    dims[0] = x.dim(0);
    dims[1] = x.dim(1);
    if (!with_indices) {
      return {g.node(average ? "GlobalAveragePool" : "GlobalMaxPool", {x}, {}, {x.dtype(), dims}), {}};
    }
    // One window: the image in a row.
    const Value row = g.reshape(x, Ints{0, 0, -1});
    const Value place = g.node("ArgMax", {row}, {{"axis", int64_t{2}}, {"keepdims", int64_t{1}}},
                               {DType::kInt64, Dims{dims[0], dims[1], 1}});
    Ints behind;
    for (int64_t i = 1; i < rank; ++i) behind.push_back(i + 2);
    return {g.unsqueeze(g.reduce("ReduceMax", row, Ints{2}, true), behind), g.unsqueeze(place, behind)};
  }

  Window w = read_window(op, x);
  const bool ceil_mode = op.attr<bool>("ceil_mode", false);
  if (!average) {
    bool wide = false;
    for (size_t i = 0; i < axes; ++i) wide |= std::max(w.paddings.before[i], w.paddings.after[i]) >= w.kernel[i];
    if (wide) {
      if (with_indices) op.fail("paddings that are as wide as the kernel, with indices");
      x = pad_image(g, x, w.paddings, lowest(g, x.dtype()));
      w.paddings = none;
    }
    if (ceil_mode) x = settle_ceil_mode(op, x, w, with_indices ? Value() : lowest(g, x.dtype()));
    return max_pool_node(g, x, w, with_indices);
  }

  // exclusive: zeros of the padding do not count. Else they do, but none that lie farther behind the input than the
  // padding in front is wide: those that count become part of x then.
  const bool exclusive = op.attr<bool>("exclusive", true);
  bool reaches_farther = false;
  for (size_t i = 0; i < axes && !w.same; ++i) {
    reaches_farther |= (ceil_mode && w.strides[i] > 1) || w.paddings.after[i] > w.paddings.before[i];
    if (exclusive && std::max(w.paddings.before[i], w.paddings.after[i]) >= w.kernel[i])
      op.fail("exclusive average of windows that lie wholly in the padding");
  }
  bool count_pad = !exclusive;
  if (count_pad && w.same) {
    x = settle_counted_same(op, x, w);
    count_pad = false;
  } else if (count_pad && reaches_farther) {
    Paddings counted = {w.paddings.before, none.after};
    for (size_t i = 0; i < axes; ++i) {
      const int64_t in = x.dim(static_cast<int64_t>(i) + 2);
      int64_t& after = w.paddings.after[i];
      if (ceil_mode && in >= 0) after += more_for_ceil(w, i, in);
      if (ceil_mode && in < 0 && w.strides[i] > 1 && after < w.paddings.before[i])
        op.fail("an inclusive average with ceil_mode, a dynamic size and less padding behind than in front");
      counted.after[i] = std::min(after, w.paddings.before[i]);
      after -= counted.after[i];
      w.paddings.before[i] = 0;
      if (after >= w.kernel[i]) op.fail("ceil_mode where a window lies wholly behind the padded input");
    }
    x = pad_image(g, x, counted);
    count_pad = false;
  }
  if (ceil_mode && !w.ceil_mode) x = settle_ceil_mode(op, x, w, {});
  NodeAttributes attributes = attributes_of(w);
  if (count_pad) attributes.emplace_back("count_include_pad", int64_t{1});
  return {g.node("AveragePool", {x}, std::move(attributes), {x.dtype(), pooled_dims(w, x)}), {}};
}

void pool_by_type(OpContext& op) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  const Value x = image(op, "x");
  const auto type = op.attr<std::string>("pooling_type");
  if (type != "max" && type != "avg") op.fail("pooling_type '" + type + "'");
  if (type == "max" && op.attr<bool>("adaptive", false))
    op.fail("adaptive max pooling by pool2d, which Paddle's own kernels do not agree on",
            "adaptive_max_pool2d exports max_pool2d_with_index");
  const Value y = pool(op, x, type == "avg", false).values;
  op.out("out", last ? channels_to_back(g, y) : y);
}

void max_pool_with_index(OpContext& op) {
  Builder& g = op.graph();
  const Pooled pooled = pool(op, ranked(op, "x", 3), false, op.wants("mask"));
  op.out("out", pooled.values);
  if (pooled.indices) {
    const DType declared = op.out_dtype("mask");
    op.out("mask", g.cast(pooled.indices, declared == DType::kUndefined ? DType::kInt32 : declared));
  }
}

// cuDNN's form of max_pool2d; its indices are for the backward pass alone.
void max_pool2d_v2(OpContext& op) {
  if (op.wants("saved_idx")) op.fail("the indices of cuDNN's backward pass");
  if (op.attr<bool>("adaptive", false)) op.fail("adaptive, which Paddle lacks too");
  const bool last = channels_last(op);
  const Value y = pool(op, image(op, "x", 4), false, false).values;
  op.out("out", last ? channels_to_back(op.graph(), y) : y);
}

// (Σ x^p)^(1/p) over windows; x keeps its sign, so that an odd p of a negative sum gives NaN, as in Paddle.
void lp_pool(OpContext& op) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  Value x = image(op, "x", 4);
  const int64_t rank = x.rank() - 2;
  const double p = op.attr<double>("norm_type", 2.0);
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  const Value powers = p == 1 ? x : p == 2 ? g.mul(x, x) : g.pow(x, number(p));
  Value sum;
  if (op.attr<bool>("global_pooling", false)) {
    sum = g.reduce("ReduceSum", powers, count_from(2, 2 + rank), true);
  } else if (op.attr<bool>("adaptive", false)) {
    sum = pool_by_gathering(g, powers, all_adaptive_windows(g, x, adaptive_counts(op, rank)), Pooling::kSum);
  } else {
    // The mean of all elements of a window, zeros included, times their number. One more window, where ceil_mode gives
    // one, is what stride - 1 zeros behind the image give.
    Window w = read_window(op, x);
    const bool ceil_mode = op.attr<bool>("ceil_mode", false);
    double area = 1;
    bool wide = false;
    for (size_t i = 0; i < w.kernel.size(); ++i) {
      area *= static_cast<double>(w.kernel[i]);
      if (ceil_mode && !w.same) w.paddings.after[i] += w.strides[i] - 1;
      wide |= std::max(w.paddings.before[i], w.paddings.after[i]) >= w.kernel[i];
      if (ceil_mode && w.same && w.kernel[i] < w.strides[i])
        op.fail("ceil_mode with SAME paddings, gaps between windows and dynamic size");
    }
    Value padded = powers;
    if (wide) {
      padded = pad_image(g, padded, w.paddings);
      w.paddings = {Ints(w.kernel.size(), 0), Ints(w.kernel.size(), 0)};
    }
    NodeAttributes attributes = attributes_of(w);
    attributes.emplace_back("count_include_pad", int64_t{1});
    sum = g.mul(g.node("AveragePool", {padded}, std::move(attributes), {x.dtype(), pooled_dims(w, padded)}),
                number(area));
  }
  const Value y = p == 1 ? sum : p == 2 ? g.sqrt(sum) : g.pow(sum, number(1 / p));
  op.out("out", last ? channels_to_back(g, y) : y);
}

// Windows of 1, 2, 4, … per axis, each level pooled and flattened, one behind the other. A level of n windows has the
// kernel and stride k = ceil(in / n) and (n · k - in + 1) / 2 elements of padding in front.
void spatial_pyramid_pool(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 4);
  const auto type = op.attr<std::string>("pooling_type");
  if (type != "max" && type != "avg") op.fail("pooling_type '" + type + "'");
  const auto height = op.attr<int64_t>("pyramid_height");
  if (height < 1 || height > 20) op.fail("a pyramid of height " + std::to_string(height));
  const Value zero = g.ints({0});
  std::vector<Value> levels;
  for (int64_t n = 1; n < int64_t{1} << height; n *= 2) {
    std::vector<AxisWindows> windows;
    for (const int64_t axis : {2, 3}) {
      const Value in = g.dim(x, axis);
      const Value kernel = g.div(g.add(in, g.ints({n - 1})), g.ints({n}));
      const Value padding = g.div(g.add(g.sub(g.mul(kernel, g.ints({n})), in), g.ints({1})), g.ints({2}));
      const Value start = g.sub(g.mul(g.ints(count_from(0, n)), kernel), padding);
      const Value end = g.add(start, kernel);
      windows.push_back({g.where(g.less(start, zero), zero, start), g.where(g.less(in, end), in, end)});
    }
    // A window may lie wholly in the padding.
    const Value y = type == "avg" ? pool_by_gathering(g, x, windows, Pooling::kAverage)
                                  : pool_by_gathering(g, x, windows, Pooling::kMax, lowest(g, x.dtype()));
    levels.push_back(g.reshape(y, Ints{0, -1}));
  }
  op.out_as_computed("out", levels.size() == 1 ? levels.front() : g.concat(levels, 1));
}

// --- fractional ---------------------------------------------------------------------------------------------------

// The windows of one axis: with α = (in - kernel) / (out - 1), or in / out without a kernel, window i begins at
// ⌊(i + u) · α⌋ - ⌊u · α⌋ and has the size of the kernel or reaches to the next one. All in float32, as in Paddle.
AxisWindows fractional_windows(OpContext& op, Value size, int64_t out, int64_t kernel, float random) {
  Builder& g = op.graph();
  if (out < 1 || kernel < 0 || (kernel > 0 && out == 1)) op.fail("a result of size " + std::to_string(out));
  if (const auto in = known(size); in && in->front() < out - 1 + std::max<int64_t>(kernel, 1))
    op.fail("a result of size " + std::to_string(out) + " of an axis of " + std::to_string(in->front()));
  const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
  const auto to_float = [&](Value v) { return g.cast(v, DType::kFloat32); };
  const auto cut_off = [&](Value v) { return g.cast(v, DType::kInt64); };
  const auto count = static_cast<double>(out);
  Value alpha;
  Value u = number(random);
  if (kernel > 0) {
    alpha = g.div(to_float(g.sub(size, g.ints({kernel}))), number(count - 1));
  } else {
    alpha = g.div(to_float(size), number(count));
    const Value base = g.div(size, g.ints({out}));
    const Value first = g.sub(g.div(to_float(g.add(base, g.ints({2}))), alpha), number(1));
    const Value last = g.sub(g.div(to_float(g.sub(g.add(size, g.ints({1})), base)), alpha), number(count - 1));
    u = g.mul(u, g.where(g.less(first, last), first, last));
  }
  const auto begin_of = [&](int64_t window) {
    const Value indices = to_float(g.ints(count_from(window, window + out)));
    return g.sub(cut_off(g.mul(g.add(indices, u), alpha)), cut_off(g.mul(u, alpha)));
  };
  const Value starts = begin_of(0);
  const Value ends = kernel > 0 ? g.add(starts, g.ints({kernel})) : begin_of(1);
  return {starts, g.where(g.less(size, ends), size, ends)};
}

// Without a random_u Paddle draws one in every run; a model gets the middle.
void fractional_max_pool(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 4);
  const int64_t rank = x.rank() - 2;
  auto random = static_cast<float>(op.attr<double>("random_u", 0.0));
  if (random == 0) {
    op.lossy("its windows are random in Paddle; random_u is 0.5 here");
    random = 0.5F;
  }
  const Ints sizes = for_each_axis(op, op.attr<Ints>("output_size"), rank, "sizes of the result");
  const Ints none(static_cast<size_t>(rank), 0);
  const Ints kernel = for_each_axis(op, op.attr<Ints>("kernel_size", none), rank, "kernel sizes");
  std::vector<AxisWindows> windows;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Value size = g.dim(x, static_cast<int64_t>(i) + 2);
    windows.push_back(fractional_windows(op, size, sizes[i], kernel[i], random));
  }
  if (!op.wants("mask")) return op.out("out", pool_by_gathering(g, x, windows, Pooling::kMax));
  const Pooled pooled = max_pool_with_indices_by_gathering(g, x, windows);
  op.out("out", pooled.values);
  op.out("mask", g.cast(pooled.indices, DType::kInt32));
}

// Puts each element where the index, counted in the image, says; the rest is 0. Without output_size the image is as
// large as the pooling's input was: (in - 1) · stride + kernel - 2 · padding.
void unpool(OpContext& op) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  const Value x = image(op, "x");
  const Value given = image(op, "indices");
  const int64_t rank = x.rank() - 2;
  const IntsArgument wanted = op.ints("output_size");
  std::vector<Value> sizes;
  const auto known_sizes = wanted.constant();
  if (known_sizes && std::ranges::all_of(*known_sizes, [](int64_t size) { return size <= 0; })) {
    const auto axes = static_cast<size_t>(rank);
    const Ints kernel = for_each_axis(op, op.attr<Ints>("ksize"), rank, "kernel sizes");
    const Ints strides = for_each_axis(op, op.attr<Ints>("strides", Ints(axes, 1)), rank, "strides");
    const std::string_view name = op.has_attr("padding") ? "padding" : "paddings";
    const Ints paddings = for_each_axis(op, op.attr<Ints>(name, Ints(axes, 0)), rank, "paddings");
    for (size_t i = 0; i < axes; ++i) {
      const Value steps = g.mul(g.sub(g.dim(x, static_cast<int64_t>(i) + 2), g.ints({1})), g.ints({strides[i]}));
      sizes.push_back(g.add(steps, g.ints({kernel[i] - 2 * paddings[i]})));
    }
  } else {
    for (int64_t i = 0; i < rank; ++i) {
      const int64_t at = static_cast<int64_t>(wanted.size()) - rank + i;
      sizes.push_back(g.slice(wanted.value, Ints{at}, Ints{at + 1}, Ints{0}));
    }
  }
  Value count = sizes[0];
  for (int64_t i = 1; i < rank; ++i) count = g.mul(count, sizes[static_cast<size_t>(i)]);
  const Value zeros = g.expand(g.scalar(0, x.dtype()), g.concat_ints({g.dim(x, 0), g.dim(x, 1), count}));
  const Value indices = g.cast(g.reshape(given, Ints{0, 0, -1}), DType::kInt64);
  const Value scattered =
      g.node(g.opset() < 11 ? "Scatter" : "ScatterElements", {zeros, indices, g.reshape(x, Ints{0, 0, -1})},
             {{"axis", int64_t{2}}}, {x.dtype(), zeros.dims()});
  sizes.insert(sizes.begin(), g.ints({0, 0}));
  const Value y = g.reshape(scattered, g.concat_ints(sizes));
  op.out_as_computed("out", last ? channels_to_back(g, y) : y);
}

constexpr std::string_view kWithoutRandom = "without random_u its windows are random in Paddle";

constexpr MapperEntry kEntries[] = {
    {"fractional_max_pool2d", 7, fractional_max_pool, {}, {}, kWithoutRandom},
    {"fractional_max_pool3d", 7, fractional_max_pool, {}, {}, kWithoutRandom},
    {"lp_pool2d", 7, lp_pool},
    {"max_pool2d_v2", 7, max_pool2d_v2},
    {"max_pool2d_with_index", 7, max_pool_with_index},
    {"max_pool3d_with_index", 7, max_pool_with_index},
    {"pool2d", 7, pool_by_type},
    {"pool3d", 7, pool_by_type},
    {"spp", 7, spatial_pyramid_pool},
    {"unpool", 9, unpool},
    {"unpool3d", 9, unpool},
};

}  // namespace

extern const MapperTable kPoolingMappers = kEntries;

}  // namespace paddle2onnx
