// Interpolation of images to another size.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "mapper/indices.h"
#include "mapper/rounding.h"
#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

enum class Method { kNearest, kLinear, kCubic };

// What an interpolation is told of one axis.
struct Axis {
  std::optional<int64_t> size;  // of the result, if it is known
  double scale = 0;             // 0: the sizes tell the ratio
};

struct Interpolation {
  Method method;
  bool align_corners;
  bool half_pixel;            // align_mode 0: the centres of pixels are aligned
  bool one_is_first = true;   // a result of one pixel is the image's first, not what lies in its middle
  bool cuts_weights = false;  // of integers
  std::vector<Axis> axes;
  Value sizes;   // int64 [axes], of the result; none if only `scales` are there
  Value scales;  // float32 [axes], computed
};

// The sizes of the result, by what is given first: a list of tensors, a tensor, a scale (tensor or attribute), numbers.
Interpolation read_interpolation(OpContext& op, Value x, Method method) {
  Builder& g = op.graph();
  Interpolation r;
  r.method = method;
  r.align_corners = op.attr<bool>("align_corners", true);
  r.half_pixel = method == Method::kCubic || op.attr<int64_t>("align_mode", 1) == 0;
  const auto rank = static_cast<size_t>(x.rank() - 2);
  // Paddle 3.3 aligns the centres of one pixel too, but not in its kernels for two axes.
  r.one_is_first = method != Method::kLinear || !r.half_pixel || r.align_corners || rank == 2 ||
                   op.attr<bool>("one_is_first", false);
  // Its kernel for one axis has weights of x's type, too: those of integers are 0 and 1.
  r.cuts_weights = method == Method::kLinear && rank == 1 && !op.attr<bool>("one_is_first", false);
  r.axes.resize(rank);
  const bool by_size_tensor = op.has("size_tensor") || op.has("out_size");

  std::vector<double> scale;
  if (!by_size_tensor && op.has("scale_tensor")) {
    const Value tensor = op.in("scale_tensor");
    if (tensor.constant() != nullptr) {
      scale = as_doubles(*tensor.constant());
    } else {
      const Value flat = g.cast(tensor.rank() == 1 ? tensor : g.flatten_to_1d(tensor), DType::kFloat32);
      r.scales = flat.dim(0) == static_cast<int64_t>(rank) || flat.dim(0) < 0
                     ? flat
                     : g.concat(std::vector<Value>(rank, flat), 0);
    }
  } else if (op.has_attr("scale")) {
    scale = op.attr<std::vector<double>>("scale");
  }
  if (scale.size() == 1) scale.resize(rank, scale.front());
  const bool by_scale = scale.size() == rank && std::ranges::all_of(scale, [](double s) { return s > 0; });
  if (by_scale && !op.attr<bool>("scale_gives_size_only", false)) {
    for (size_t i = 0; i < rank; ++i) r.axes[i].scale = static_cast<float>(scale[i]);
  }

  if (by_size_tensor) {
    const IntsArgument sizes = op.ints(op.has("size_tensor") ? "size_tensor" : "out_size");
    if (sizes.count_known && sizes.size() != rank)
      op.fail(std::to_string(sizes.size()) + " sizes for " + std::to_string(rank) + " axes");
    r.sizes = sizes.value;
    for (size_t i = 0; i < sizes.size(); ++i) r.axes[i].size = sizes.elements[i];
    return r;
  }
  if (r.scales && op.attr<bool>("scale_gives_size_only", false)) {
    std::vector<Value> dims;
    for (int64_t i = 2; i < x.rank(); ++i) dims.push_back(g.dim(x, i));
    r.sizes = g.cast(g.mul(g.cast(g.concat_ints(dims), DType::kFloat32), r.scales), DType::kInt64);
    r.scales = {};
  }
  if (r.scales || r.sizes) return r;
  if (by_scale) {
    std::vector<Value> parts;
    for (size_t i = 0; i < rank; ++i) {
      const auto factor = static_cast<float>(scale[i]);
      const int64_t in = x.dim(static_cast<int64_t>(i) + 2);
      if (in >= 0) {
        r.axes[i].size = static_cast<int64_t>(static_cast<float>(in) * factor);
        parts.push_back(g.ints({*r.axes[i].size}));
      } else if (factor == std::floor(factor)) {
        parts.push_back(g.mul(g.dim(x, static_cast<int64_t>(i) + 2), g.ints({static_cast<int64_t>(factor)})));
      } else {
        const Value size = g.cast(g.dim(x, static_cast<int64_t>(i) + 2), DType::kFloat32);
        parts.push_back(g.cast(g.mul(size, g.scalar(factor, DType::kFloat32)), DType::kInt64));
      }
    }
    r.sizes = g.concat_ints(parts);
    return r;
  }
  static constexpr std::string_view kNames[] = {"out_d", "out_h", "out_w"};
  Ints sizes;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t size = op.attr<int64_t>(kNames[3 - rank + i], 0);
    if (size <= 0) op.fail("neither a size nor a scale");
    sizes.push_back(size);
    r.axes[i].size = size;
  }
  r.sizes = g.ints(sizes);
  return r;
}

// Where Paddle takes the pixel at `out` from: its ratio and its arithmetic in float32.
float ratio_of(const Interpolation& r, const Axis& axis, int64_t in) {
  const int64_t out = *axis.size;
  if (out <= 1 && r.one_is_first) return 0;
  if (r.align_corners) return static_cast<float>(in - 1) / static_cast<float>(out - 1);
  if (axis.scale > 0) return static_cast<float>(1. / axis.scale);
  return static_cast<float>(in) / static_cast<float>(out);
}

// The nearest pixels of one axis.
Ints nearest_pixels(const Interpolation& r, const Axis& axis, int64_t in) {
  const float ratio = ratio_of(r, axis, in);
  Ints pixels;
  for (int64_t i = 0; i < *axis.size; ++i) {
    const auto at = static_cast<int64_t>(r.align_corners ? static_cast<double>(ratio * static_cast<float>(i)) + 0.5
                                                         : ratio * static_cast<float>(i));
    pixels.push_back(std::min(at, in - 1));
  }
  return pixels;
}

// One matrix [out, in] with the weights of one axis.
Tensor weights(const Interpolation& r, const Axis& axis, int64_t in, DType dtype) {
  const int64_t out = *axis.size;
  std::vector<double> matrix(static_cast<size_t>(out * in), 0);
  const float ratio = ratio_of(r, axis, in);
  const auto put = [&](int64_t row, int64_t column, double weight) {
    matrix[static_cast<size_t>(row * in + std::clamp<int64_t>(column, 0, in - 1))] += weight;
  };
  for (int64_t i = 0; i < out; ++i) {
    const auto place = static_cast<float>(i);
    float at = !r.align_corners && r.half_pixel ? ratio * (place + 0.5F) - 0.5F : ratio * place;
    if (r.method == Method::kCubic) {
      constexpr double kA = -0.75;
      const double first = std::floor(at);
      const double t = at - first;
      const auto column = static_cast<int64_t>(first);
      const auto near = [](double d) { return ((kA + 2) * d - (kA + 3)) * d * d + 1; };
      const auto far = [](double d) { return ((kA * d - 5 * kA) * d + 8 * kA) * d - 4 * kA; };
      put(i, column - 1, far(t + 1));
      put(i, column, near(t));
      put(i, column + 1, near(1 - t));
      put(i, column + 2, far(2 - t));
    } else {
      at = std::max(at, 0.F);
      const auto column = std::min(static_cast<int64_t>(at), in - 1);
      put(i, column, 1 - (at - static_cast<double>(column)));
      put(i, column + 1, at - static_cast<double>(column));
    }
  }
  return from_doubles(dtype, {out, in}, matrix);
}

bool all_sizes_known(const Interpolation& r, Value x) {
  for (size_t i = 0; i < r.axes.size(); ++i) {
    if (!r.axes[i].size || x.dim(static_cast<int64_t>(i) + 2) < 0) return false;
  }
  return true;
}

// Nearest pixels as Paddle's float32 arithmetic picks them, gathered one axis after the other.
Value nearest_by_gathering(Builder& g, Value x, const Interpolation& r) {
  for (size_t i = 0; i < r.axes.size(); ++i) {
    const auto axis = static_cast<int64_t>(i) + 2;
    const int64_t in = x.dim(axis);
    if (r.axes[i].size && in >= 0) {
      if (*r.axes[i].size != in) x = g.gather(x, g.ints(nearest_pixels(r, r.axes[i], in)), axis);
      continue;
    }
    const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
    const Value size = g.dim(x, axis);
    const Value wanted = g.slice(r.sizes, Ints{static_cast<int64_t>(i)}, Ints{static_cast<int64_t>(i) + 1}, Ints{0});
    const Value places = g.cast(g.range(g.scalar_i64(0), g.squeeze(wanted, {0}), g.scalar_i64(1)), DType::kFloat32);
    Value ratio;
    if (r.align_corners) {
      const Value one = g.ints({1});
      ratio = g.div(g.cast(g.sub(size, one), DType::kFloat32), g.cast(g.max(g.sub(wanted, one), one), DType::kFloat32));
    } else if (r.axes[i].scale > 0) {
      ratio = number(1. / r.axes[i].scale);
    } else {
      ratio = g.div(g.cast(size, DType::kFloat32), g.cast(wanted, DType::kFloat32));
    }
    Value at = g.mul(places, ratio);
    if (r.align_corners) at = g.add(at, number(0.5));
    const Value pixel = g.cast(at, DType::kInt64);
    x = g.gather(x, g.where(g.less(pixel, size), pixel, g.sub(size, g.ints({1}))), axis);
  }
  return x;
}

// Whether Resize's formula for nearest pixels, in float32, gives Paddle's on all axes.
bool resize_agrees(const Interpolation& r, Value x) {
  for (size_t i = 0; i < r.axes.size(); ++i) {
    const int64_t in = x.dim(static_cast<int64_t>(i) + 2);
    const int64_t out = *r.axes[i].size;
    const Ints pixels = nearest_pixels(r, r.axes[i], in);
    const float scale = static_cast<float>(out) / static_cast<float>(in);
    for (int64_t k = 0; k < out; ++k) {
      const auto place = static_cast<float>(k);
      const float at = !r.align_corners ? place / scale
                       : out == 1       ? 0
                                        : place * static_cast<float>(in - 1) / static_cast<float>(out - 1);
      const float picked = r.align_corners ? std::floor(at + 0.5F) : std::floor(at);
      if (std::min(static_cast<int64_t>(picked), in - 1) != pixels[static_cast<size_t>(k)]) return false;
    }
  }
  return true;
}

// x times a matrix [out, in] along an axis; `size` is out, or -1.
Value along_axis(Builder& g, Value matrix, Value x, int64_t axis, int64_t size) {
  Dims dims = *x.dims();
  dims[static_cast<size_t>(axis)] = size;
  // The axis is multiplied from the left where it is the last but one; else it is swapped to the end.
  if (axis == x.rank() - 2) return g.node("MatMul", {matrix, x}, {}, {x.dtype(), dims});
  Ints perm(static_cast<size_t>(x.rank()));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[static_cast<size_t>(axis)], perm.back());
  std::swap(dims[static_cast<size_t>(axis)], dims.back());
  const Value product = g.node("MatMul", {g.transpose(x, perm), g.transpose(matrix, {1, 0})}, {}, {x.dtype(), dims});
  return g.transpose(product, perm);
}

// Linear and cubic interpolation of known sizes as one matrix product per axis; exact at any opset and for float64.
Value interpolate_by_matrices(Builder& g, Value x, const Interpolation& r) {
  for (size_t i = 0; i < r.axes.size(); ++i) {
    const auto axis = static_cast<int64_t>(i) + 2;
    const int64_t in = x.dim(axis);
    if (*r.axes[i].size == in) continue;
    x = along_axis(g, g.constant(weights(r, r.axes[i], in, x.dtype())), x, axis, *r.axes[i].size);
  }
  return x;
}

// The pixels before and behind each place of a result along an axis, int64 [size], and their weights, float32 in a
// shape that broadcasts with x. The arithmetic is Paddle's in float32, step by step.
struct Sides {
  Value before;
  Value behind;
  Value weight_before;
  Value weight_behind;
};

Sides sides_of(Builder& g, Value x, const Interpolation& r, size_t i) {
  const Axis& axis = r.axes[i];
  const auto at = static_cast<int64_t>(i) + 2;
  const int64_t in = x.dim(at);
  const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
  const bool centred = r.half_pixel && !r.align_corners;
  const auto arranged = [&](Value v) { return g.unsqueeze(v, count_from(1, x.rank() - at)); };
  if (axis.size && in >= 0) {
    const float ratio = ratio_of(r, axis, in);
    Ints before;
    Ints behind;
    std::vector<double> far;
    std::vector<double> near;
    for (int64_t k = 0; k < *axis.size; ++k) {
      const auto place = static_cast<float>(k);
      const float pixel = std::max(centred ? ratio * (place + 0.5F) - 0.5F : ratio * place, 0.F);
      before.push_back(std::min(static_cast<int64_t>(pixel), in - 1));
      behind.push_back(std::min(before.back() + 1, in - 1));
      const float rest = pixel - static_cast<float>(before.back());
      far.push_back(rest);
      near.push_back(1.F - rest);
    }
    const auto vector = [&](const std::vector<double>& v) {
      return arranged(g.constant(from_doubles(DType::kFloat32, {*axis.size}, v)));
    };
    return {g.ints(before), g.ints(behind), vector(near), vector(far)};
  }

  const Value size = g.dim(x, at);
  const Value in_size = g.cast(size, DType::kFloat32);
  const auto of_axis = [&](Value v) {
    return g.slice(v, Ints{static_cast<int64_t>(i)}, Ints{static_cast<int64_t>(i) + 1}, Ints{0});
  };
  const Value wanted = r.sizes ? of_axis(r.sizes) : g.cast(g.mul(in_size, of_axis(r.scales)), DType::kInt64);
  const Value out_size = g.cast(wanted, DType::kFloat32);
  Value ratio;
  if (r.align_corners) {
    const Value steps = g.sub(out_size, number(1));
    ratio = g.div(g.sub(in_size, number(1)), g.where(g.less(steps, number(1)), number(1), steps));
  } else if (axis.scale > 0) {
    ratio = number(1 / axis.scale);
  } else if (r.scales) {
    ratio = g.div(number(1), of_axis(r.scales));
  } else {
    ratio = g.div(in_size, out_size);
  }
  if (centred && r.one_is_first) ratio = g.where(g.less(out_size, number(2)), number(0), ratio);
  Value pixel = g.cast(g.range(g.scalar_i64(0), g.squeeze(wanted, {0}), g.scalar_i64(1)), DType::kFloat32);
  if (centred) {
    pixel = g.relu(g.sub(g.mul(g.add(pixel, number(0.5)), ratio), number(0.5)));
  } else {
    pixel = g.mul(pixel, ratio);
  }
  const auto within = [&](Value v) { return g.where(g.less(v, size), v, g.sub(size, g.ints({1}))); };
  const Value before = within(g.cast(pixel, DType::kInt64));
  const Value rest = g.sub(pixel, g.cast(before, DType::kFloat32));
  return {before, within(g.add(before, g.ints({1}))), arranged(g.sub(number(1), rest)), arranged(rest)};
}

// Linear interpolation of whole numbers, whose fractions are cut off: near a whole number the last bit counts, so the
// products are added up in the order of Paddle's kernels.
Value linear_of_integers(Builder& g, Value x, const Interpolation& r) {
  const size_t axes = r.axes.size();
  std::vector<Sides> sides;
  for (size_t i = 0; i < axes; ++i) sides.push_back(sides_of(g, x, r, i));
  if (r.cuts_weights) return g.gather(x, sides[0].before, 2);
  Value sum;
  for (size_t corner = 0; corner < size_t{1} << axes; ++corner) {
    const auto is_behind = [&](size_t i) { return (corner >> (axes == 2 ? i : axes - 1 - i) & 1) != 0; };
    Value part = x;
    for (size_t i = 0; i < axes; ++i)
      part = g.gather(part, is_behind(i) ? sides[i].behind : sides[i].before, static_cast<int64_t>(i) + 2);
    for (size_t i = 0; i < axes; ++i)
      part = g.mul(part, is_behind(i) ? sides[i].weight_behind : sides[i].weight_before);
    sum = sum ? g.add(sum, part) : part;
  }
  return sum;
}

Dims resized_dims(const Interpolation& r, Value x) {
  Dims dims = {x.dim(0), x.dim(1)};
  for (const Axis& axis : r.axes) dims.push_back(axis.size.value_or(-1));
  return dims;
}

// Upsample and the first Resize know neither sizes nor alignments: ratios of sizes, places by x / scale. Nothing where
// that isn't what the operator asks for.
Value resize_before_11(OpContext& op, Value x, const Interpolation& r) {
  Builder& g = op.graph();
  if (r.align_corners || r.method == Method::kCubic || (r.method == Method::kLinear && r.half_pixel)) return {};
  // ONNX Runtime's Upsample has no kernel for float64.
  if (g.opset() < 10 && x.dtype() == DType::kFloat64) return {};
  std::vector<float> scales = {1, 1};
  bool grows = true;
  for (size_t i = 0; i < r.axes.size(); ++i) {
    const int64_t in = x.dim(static_cast<int64_t>(i) + 2);
    float scale = 0;
    if (r.axes[i].size && in >= 0) {
      scale = static_cast<float>(*r.axes[i].size) / static_cast<float>(in);
      // The size has to come out in float32 and in float64.
      if (static_cast<int64_t>(static_cast<float>(in) * scale) != *r.axes[i].size ||
          static_cast<int64_t>(static_cast<double>(in) * static_cast<double>(scale)) != *r.axes[i].size)
        return {};
      // The ratio is that of the sizes, or a scale that says the same.
      if (r.axes[i].scale > 0 && static_cast<float>(r.axes[i].scale) != scale) return {};
    } else {
      scale = static_cast<float>(r.axes[i].scale);
      if (scale == 0 || scale != std::floor(scale)) return {};
    }
    grows &= scale >= 1;
    scales.push_back(scale);
  }
  const std::string mode = r.method == Method::kNearest ? "nearest" : "linear";
  const NodeResult result = {x.dtype(), resized_dims(r, x)};
  // Upsample does not shrink; the first Resize rounds up where it shrinks to nearest pixels.
  if (!grows && (g.opset() < 10 || r.method == Method::kNearest)) return {};
  if (g.opset() < 9) return g.node("Upsample", {x}, {{"mode", mode}, {"scales", scales}}, result);
  const std::vector<double> numbers(scales.begin(), scales.end());
  const Value factors = g.constant(from_doubles(DType::kFloat32, {static_cast<int64_t>(numbers.size())}, numbers));
  return g.node(g.opset() < 10 ? "Upsample" : "Resize", {x, factors}, {{"mode", mode}}, result);
}

Value resize(OpContext& op, Value x, const Interpolation& r) {
  Builder& g = op.graph();
  g.need_opset(11, "Resize");
  const bool by_scale = r.scales || std::ranges::all_of(r.axes, [](const Axis& axis) { return axis.scale > 0; });
  NodeAttributes attributes;
  const bool middle =
      !r.one_is_first && std::ranges::any_of(r.axes, [](const Axis& axis) { return axis.size.value_or(1) == 1; });
  const char* place = r.align_corners ? "align_corners"
                      : !r.half_pixel ? "asymmetric"
                      : middle        ? "half_pixel"
                                      : "pytorch_half_pixel";
  if (r.method == Method::kNearest && !r.align_corners) place = "asymmetric";
  attributes.emplace_back("coordinate_transformation_mode", std::string(place));
  if (r.method == Method::kNearest) {
    attributes.emplace_back("mode", std::string("nearest"));
    attributes.emplace_back("nearest_mode", std::string(r.align_corners ? "round_prefer_ceil" : "floor"));
  } else {
    attributes.emplace_back("mode", std::string(r.method == Method::kLinear ? "linear" : "cubic"));
    if (r.method == Method::kCubic) attributes.emplace_back("cubic_coeff_a", -0.75F);
  }
  const NodeResult result = {x.dtype(), resized_dims(r, x)};
  // An unused input is left out from 13 on, and empty before.
  const Value none = g.opset() >= 13 ? Value() : g.constant(from_doubles(DType::kFloat32, {0}, {}));
  if (by_scale) {
    Value scales = g.constant(from_doubles(DType::kFloat32, {2}, {1, 1}));
    if (r.scales) {
      scales = g.concat({scales, r.scales}, 0);
    } else {
      std::vector<double> numbers = {1, 1};
      for (const Axis& axis : r.axes) numbers.push_back(axis.scale);
      scales = g.constant(from_doubles(DType::kFloat32, {static_cast<int64_t>(numbers.size())}, numbers));
    }
    return g.node("Resize", {x, none, scales}, std::move(attributes), result);
  }
  const Value sizes = g.concat({g.dim(x, 0), g.dim(x, 1), r.sizes}, 0);
  return g.node("Resize", {x, none, none, sizes}, std::move(attributes), result);
}

// ONNX Runtime moves a Transpose behind Resize, whose cubic mode then refuses the channels in the last place: batch and
// channels are joined in between.
Value resize_between_reshapes(OpContext& op, Value x, const Interpolation& r) {
  Builder& g = op.graph();
  const Value joined = g.reshape(x, g.concat_ints({g.ints({1, -1}), g.dim(x, 2), g.dim(x, 3)}));
  const Value y = resize(op, joined, r);
  return g.reshape(y, g.concat_ints({g.dim(x, 0), g.dim(x, 1), g.dim(y, 2), g.dim(y, 3)}));
}

// A single pixel of a cubic result lies half a pixel before the first one in Paddle, where Resize takes the first
// itself. So the first pixel of an axis that has one becomes what Paddle makes of it, whatever the axis' extent; of one
// whose size is known at run time only, if it is 1 then.
Value settle_single_pixels(Builder& g, Value x, const Interpolation& r) {
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  for (size_t i = 0; i < r.axes.size(); ++i) {
    const bool known = r.axes[i].size.has_value();
    // An axis that grows has one pixel in the end only if it has one now, which stays the same.
    if (known ? r.axes[i].size != 1 : !r.sizes || r.axes[i].scale >= 1) continue;
    const auto axis = static_cast<int64_t>(i) + 2;
    const Value first = g.slice(x, {0}, {1}, {axis});
    const Value second = g.slice(g.slice(x, {0}, {2}, {axis}), {-1}, {kToTheEnd}, {axis});  // the first, if it is alone
    // The weights at a distance of half a pixel: those of the two pixels before the first one are the first's, too.
    const Value pixel = g.sub(g.mul(first, number(1.09375)), g.mul(second, number(0.09375)));
    if (!known) {
      const Value size = g.slice(r.sizes, Ints{static_cast<int64_t>(i)}, Ints{static_cast<int64_t>(i) + 1}, Ints{0});
      x = g.where(g.less(size, g.ints({2})), pixel, x);
    } else if (r.axes[i].scale > 0) {
      x = g.expand(pixel, g.shape(x));
    } else {
      x = pixel;  // an axis of one pixel stays as it is
    }
  }
  return x;
}

void interpolate(OpContext& op, Method method) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  const Value given = image(op, "x");
  const DType dtype = given.dtype();
  // Pixels of integers are interpolated as floats and cut off.
  Value x = method != Method::kNearest && !is_floating(dtype) ? g.cast(given, DType::kFloat32) : given;
  const Interpolation r = read_interpolation(op, x, method);
  const bool all_known = all_sizes_known(r, x);
  // Resize places the only pixel of a cubic result otherwise.
  bool single = false;
  for (const Axis& axis : r.axes) single |= axis.size == 1;

  Value y;
  const bool wide_integer = dtype == DType::kInt64 || dtype == DType::kFloat64;
  if (method == Method::kLinear && !is_floating(dtype)) {
    y = linear_of_integers(g, x, r);
  } else if (method == Method::kNearest && ((all_known && !resize_agrees(r, x)) || (wide_integer && !r.scales))) {
    y = nearest_by_gathering(g, x, r);
  } else {
    if (g.opset() < 11) y = resize_before_11(op, x, r);
    if (!y && method == Method::kNearest && g.opset() < 11 && all_known) y = nearest_by_gathering(g, x, r);
    const bool special = dtype == DType::kFloat64 || (single && method == Method::kCubic);
    if (!y && method != Method::kNearest && all_known && (g.opset() < 11 || special))
      y = interpolate_by_matrices(g, x, r);
    if (!y && method == Method::kCubic && !r.align_corners) x = settle_single_pixels(g, x, r);
    if (!y) y = last && method == Method::kCubic ? resize_between_reshapes(op, x, r) : resize(op, x, r);
  }
  y = g.cast(y, dtype);
  // Paddle declares the size that out_h and out_w say, even if a tensor gives another.
  op.out_as_computed("output", last ? channels_to_back(g, y) : y);
}

template <Method method>
void interpolation(OpContext& op) {
  interpolate(op, method);
}

// --- antialias ----------------------------------------------------------------------------------------------------

// A filter at the distance d ≥ 0 from its middle; the cubic one has the coefficient -0.5 there.
double filter(Method method, double d) {
  if (method == Method::kLinear) return std::max(0., 1 - d);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? -0.5 * (((d - 5) * d + 8) * d - 4) : 0;
}

Value filter(Builder& g, Method method, Value d) {
  const auto number = [&](double value) { return g.scalar(value, d.dtype()); };
  const auto times = [&](Value a, double value) { return g.mul(a, number(value)); };
  const auto plus = [&](Value a, double value) { return g.add(a, number(value)); };
  if (method == Method::kLinear) return g.relu(g.sub(number(1), d));
  const Value near = plus(g.mul(g.mul(plus(times(d, 1.5), -2.5), d), d), 1);
  const Value far = times(plus(g.mul(plus(g.mul(plus(d, -5), d), 8), d), -4), -0.5);
  return g.where(g.less(d, number(1)), near, g.where(g.less(d, number(2)), far, number(0)));
}

// The weights [out, in] of one axis: the filter, stretched by the ratio where the image shrinks, laid on the centre of
// each pixel of the result; every row sums up to 1. Of x's type, or float32 if they are computed.
Value antialias_weights(Builder& g, const Interpolation& r, size_t i, Value x, Value size) {
  const Axis& axis = r.axes[i];
  const auto at = static_cast<int64_t>(i) + 2;
  if (axis.size && x.dim(at) >= 0) {
    const int64_t in = x.dim(at);
    const int64_t out = *axis.size;
    double ratio = static_cast<double>(in) / static_cast<double>(out);
    if (axis.scale > 0) ratio = 1 / axis.scale;
    if (r.align_corners) ratio = out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0;
    std::vector<double> matrix;
    for (int64_t k = 0; k < out; ++k) {
      const double centre = ratio * (static_cast<double>(k) + 0.5);
      double sum = 0;
      for (int64_t j = 0; j < in; ++j) {
        const double distance = std::abs(static_cast<double>(j) + 0.5 - centre) / std::max(ratio, 1.);
        matrix.push_back(filter(r.method, distance));
        sum += matrix.back();
      }
      for (int64_t j = 0; j < in; ++j) matrix[static_cast<size_t>(k * in + j)] /= sum;
    }
    return g.constant(from_doubles(x.dtype(), {out, in}, matrix));
  }
  const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
  const Value in = g.dim(x, at);
  const Value in_size = g.cast(in, DType::kFloat32);
  const Value out_size = g.cast(size, DType::kFloat32);
  Value ratio;
  if (r.align_corners) {
    const Value steps = g.sub(out_size, number(1));
    const Value steps_or_one = g.where(g.less(steps, number(1)), number(1), steps);
    ratio = g.where(g.less(steps, number(1)), number(0), g.div(g.sub(in_size, number(1)), steps_or_one));
  } else if (axis.scale > 0) {
    ratio = number(1 / axis.scale);
  } else if (r.scales) {
    const auto first = static_cast<int64_t>(i);
    ratio = g.div(number(1), g.slice(r.scales, Ints{first}, Ints{first + 1}, Ints{0}));
  } else {
    ratio = g.div(in_size, out_size);
  }
  const auto centres = [&](Value count) {
    const Value pixels = g.range(g.scalar_i64(0), g.squeeze(count, {0}), g.scalar_i64(1));
    return g.add(g.cast(pixels, DType::kFloat32), number(0.5));
  };
  const Value stretch = g.where(g.less(ratio, number(1)), number(1), ratio);
  const Value distance = g.sub(g.unsqueeze(centres(in), {0}), g.unsqueeze(g.mul(centres(size), ratio), {1}));
  const Value matrix = filter(g, r.method, g.div(g.abs(distance), stretch));
  return g.div(matrix, g.reduce("ReduceSum", matrix, Ints{1}, true));
}

// Weights in fixed point: in each row whole numbers of 16 bits, divided by the largest power of two that lets them have
// so few bits, at most 2^22.
Value in_fixed_point(Builder& g, Value matrix) {
  constexpr int kMostBits = 22;
  constexpr double kFull = 32767.5;
  if (const Tensor* tensor = matrix.constant()) {
    std::vector<double> numbers = as_doubles(*tensor);
    const auto columns = static_cast<size_t>(matrix.dim(1));
    for (size_t row = 0; row + columns <= numbers.size(); row += columns) {
      const std::span<double> weights(&numbers[row], columns);
      double largest = 0;
      for (const double weight : weights) largest = std::max(largest, std::abs(weight));
      int bits = 0;
      while (bits < kMostBits && std::ldexp(largest, bits + 1) < kFull) ++bits;
      for (double& weight : weights) weight = std::ldexp(std::round(std::ldexp(weight, bits)), -bits);
    }
    return g.constant(from_doubles(DType::kFloat64, tensor->dims, numbers));
  }
  std::vector<double> limits;
  std::vector<double> steps;
  for (int bits = 0; bits < kMostBits; ++bits) {
    limits.push_back(std::ldexp(kFull, -bits - 1));
    steps.push_back(std::ldexp(1, bits));
  }
  const auto row = [&](const std::vector<double>& v) {
    return g.constant(from_doubles(DType::kFloat32, {1, kMostBits}, v));
  };
  // 2^n = 1 + 2^0 + … + 2^(n - 1)
  const Value small = g.cast(g.less(g.reduce("ReduceMax", g.abs(matrix), Ints{1}, true), row(limits)), DType::kFloat32);
  const Value power =
      g.add(g.reduce("ReduceSum", g.mul(small, row(steps)), Ints{1}, true), g.scalar(1, DType::kFloat32));
  return g.cast(g.div(halves_away_from_zero(g, g.mul(matrix, power)), power), DType::kFloat64);
}

// A matrix for each axis, as ONNX Runtime's Resize with antialias (18) gives other numbers: 1.32 was 0.02 to 1.6 off
// Paddle's in all sizes and coordinate modes that were tried.
void interpolate_with_antialias(OpContext& op) {
  Builder& g = op.graph();
  const bool last = channels_last(op);
  const Value given = image(op, "x", 4);
  const auto name = op.attr<std::string>("interp_method", "bilinear");
  if (name != "bilinear" && name != "bicubic") op.fail("antialias of the interpolation '" + name + "'");
  // Of integers, the last axis is done first, in fixed point, and rounded to a byte.
  const bool bytes = !is_floating(given.dtype());
  Value x = bytes ? g.cast(given, DType::kFloat64) : given;
  const Interpolation r = read_interpolation(op, x, name == "bilinear" ? Method::kLinear : Method::kCubic);
  for (size_t k = 0; k < r.axes.size(); ++k) {
    const size_t i = bytes ? r.axes.size() - 1 - k : k;
    const auto axis = static_cast<int64_t>(i) + 2;
    if (r.axes[i].size == x.dim(axis) && r.axes[i].scale == 0) continue;
    const Ints first = {static_cast<int64_t>(i)};
    const Ints end = {static_cast<int64_t>(i) + 1};
    Value size;
    if (r.sizes) {
      size = g.slice(r.sizes, first, end, Ints{0});
    } else {
      const Value in = g.cast(g.dim(x, axis), DType::kFloat32);
      size = g.cast(g.mul(in, g.slice(r.scales, first, end, Ints{0})), DType::kInt64);
    }
    Value weights = antialias_weights(g, r, i, x, size);
    weights = bytes ? in_fixed_point(g, weights) : g.cast(weights, x.dtype());
    x = along_axis(g, weights, x, axis, r.axes[i].size.value_or(-1));
    if (bytes) x = g.clip(g.floor(g.add(x, g.scalar(0.5, DType::kFloat64))), 0, 255);
  }
  x = g.cast(x, given.dtype());
  op.out_as_computed("output", last ? channels_to_back(g, x) : x);
}

// A matrix of coefficients for each pixel, interpolated from a grid [N, coefficients, depth, rows, columns] at the
// pixel's place and at the depth that the guide says, times the pixel's channels, and a 1 behind them if there is an
// offset.
void bilateral_slice(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 4);
  Value grid = ranked(op, "grid", 5);
  const Value guide = g.cast(ranked(op, "guide", 3), DType::kFloat32);
  const bool offset = op.attr<bool>("has_offset", false);
  const int64_t inputs = x.dim(1) + (offset ? 1 : 0);
  if (x.dim(1) < 1 || grid.dim(1) < 0 || grid.dim(1) % inputs != 0)
    op.fail("a grid whose coefficients are no whole number of rows of " + std::to_string(inputs));
  const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
  const auto numbers_to = [&](Value count) {
    return g.cast(g.range(g.scalar_i64(0), g.squeeze(count, {0}), g.scalar_i64(1)), DType::kFloat32);
  };
  const auto limited = [&](Value v, Value last) {
    const Value positive = g.relu(v);
    return g.where(g.less(last, positive), last, positive);
  };
  // relu(1 - |a - b|): of whole numbers 1 where they are equal.
  const auto tent = [&](Value a, Value b) { return g.relu(g.sub(number(1), g.abs(g.sub(a, b)))); };
  // Linear interpolation between the centres of cells, one axis after the other; cells at the border go on behind it.
  for (const int64_t axis : {2, 3}) {
    const Value cells = g.cast(g.dim(grid, axis + 1), DType::kFloat32);
    const Value pixels = g.dim(x, axis);
    const Value place = g.sub(
        g.div(g.mul(g.add(numbers_to(pixels), number(0.5)), cells), g.cast(pixels, DType::kFloat32)), number(0.5));
    const Value at = limited(place, g.sub(cells, number(1)));
    const Value matrix = tent(g.unsqueeze(at, {1}), g.unsqueeze(numbers_to(g.dim(grid, axis + 1)), {0}));
    grid = along_axis(g, g.cast(matrix, x.dtype()), grid, axis + 1, x.dim(axis));
  }
  // In depth the distance is √(d² + 1e-8), so that the two weights do not quite add up to 1.
  const Value depth = g.dim(grid, 2);
  const Value last = g.sub(g.cast(depth, DType::kFloat32), number(1));
  const Value at = g.sub(g.mul(guide, g.cast(depth, DType::kFloat32)), number(0.5));
  const Value first = g.floor(at);
  const Value cells = g.reshape(numbers_to(depth), Ints{1, -1, 1, 1});
  const auto share = [&](Value cell) {
    const Value d = g.sub(cell, at);
    const Value weight = g.relu(g.sub(number(1), g.sqrt(g.add(g.mul(d, d), number(1e-8)))));
    return g.mul(g.unsqueeze(weight, {1}), tent(g.unsqueeze(limited(cell, last), {1}), cells));
  };
  const Value weights = g.cast(g.add(share(first), share(g.add(first, number(1)))), x.dtype());  // [N, depth, H, W]
  const Value coefficients = g.reduce("ReduceSum", g.mul(grid, g.unsqueeze(weights, {1})), Ints{2}, false);
  const Value rows =
      g.reshape(coefficients, g.concat_ints({g.ints({0, grid.dim(1) / inputs, inputs}), g.dim(x, 2), g.dim(x, 3)}));
  Value pixels = x;
  if (offset) {
    const Value channel = g.slice(x, Ints{0}, Ints{1}, Ints{1});
    pixels = g.concat({x, g.expand(g.scalar(1, x.dtype()), g.shape(channel))}, 1);
  }
  op.out_as_computed("out", g.reduce("ReduceSum", g.mul(rows, g.unsqueeze(pixels, {1})), Ints{2}, false));
}

constexpr MapperEntry kEntries[] = {
    {"bilateral_slice", 9, bilateral_slice},
    {"bicubic_interp", 7, interpolation<Method::kCubic>},
    {"bilinear_interp", 7, interpolation<Method::kLinear>},
    {"linear_interp", 7, interpolation<Method::kLinear>},
    {"nearest_interp", 7, interpolation<Method::kNearest>},
    {"trilinear_interp", 7, interpolation<Method::kLinear>},
    {"interp_antialias", 7, interpolate_with_antialias},
};

}  // namespace

extern const MapperTable kInterpolationMappers = kEntries;

}  // namespace paddle2onnx
