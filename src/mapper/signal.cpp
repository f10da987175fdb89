// Fourier transforms, and signals as overlapping frames.
#include <bit>
#include <cmath>
#include <numbers>

#include "graph/complex.h"
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

struct Spectrum {
  Value re;
  Value im;
};

// Applies a matrix [n, m] along an axis of extent n.
Value along(Builder& g, Value x, int64_t axis, Value matrix) {
  Ints perm = count_from(0, x.rank());
  std::swap(perm[static_cast<size_t>(axis)], perm.back());
  return g.transpose(g.matmul(g.transpose(x, perm), matrix), perm);
}

// waves(2π · row · column / n), scaled by weight(column or row)
template <typename Wave>
Value wave_matrix(Builder& g, DType dtype, int64_t rows, int64_t columns, int64_t n, Wave wave) {
  std::vector<double> values;
  values.reserve(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < rows; ++i) {
    // The product modulo n: whole turns cost digits.
    for (int64_t j = 0; j < columns; ++j)
      values.push_back(wave(i, 2 * std::numbers::pi * static_cast<double>(i * j % n) / static_cast<double>(n)));
  }
  return g.constant(from_doubles(dtype, {rows, columns}, values));
}

// Whether a transform of n numbers (-1: not known) is a product with a matrix of constants. Below opset 17 there is no
// other way. Above it the product is faster than ONNX Runtime's DFT for some thousand numbers, and if n is no power of
// two far more exact: of 400 numbers around 1, DFT is off by 2e-3, the product by 3e-5, in a sixtieth of the time.
bool by_matrix(Builder& g, int64_t n) {
  if (n < 0) g.need_opset(17, "DFT of an axis of unknown extent");
  const int64_t largest = n > 0 && std::has_single_bit(static_cast<uint64_t>(n)) ? 1024 : 4096;
  return g.opset() < 17 || (n >= 0 && n <= largest);
}

// Σ x e^(-2πikt/n) along an axis; of real numbers (no imaginary part) the first half only, if `onesided`.
Spectrum forward_transform(Builder& g, Spectrum x, int64_t axis, bool onesided) {
  const DType dtype = x.re.dtype();
  if (const int64_t n = x.re.dim(axis); by_matrix(g, n)) {
    const int64_t columns = onesided ? n / 2 + 1 : n;
    const Value cosine = wave_matrix(g, dtype, n, columns, n, [](int64_t, double a) { return std::cos(a); });
    const Value sine = wave_matrix(g, dtype, n, columns, n, [](int64_t, double a) { return std::sin(a); });
    if (!x.im) return {along(g, x.re, axis, cosine), g.neg(along(g, x.re, axis, sine))};
    return {g.add(along(g, x.re, axis, cosine), along(g, x.im, axis, sine)),
            g.sub(along(g, x.im, axis, cosine), along(g, x.re, axis, sine))};
  }
  const int64_t rank = x.re.rank();
  Value packed = g.unsqueeze(x.re, {rank});
  if (x.im) packed = g.concat({packed, g.unsqueeze(x.im, {rank})}, rank);
  // ONNX Runtime wants a batch.
  const bool vector = rank == 1;
  if (vector) packed = g.unsqueeze(packed, {0});
  Dims dims = *packed.dims();
  dims.back() = 2;
  const int64_t on = axis + (vector ? 1 : 0);
  int64_t& extent = dims[static_cast<size_t>(on)];
  if (onesided && extent >= 0) extent = extent / 2 + 1;
  NodeAttributes attributes = {{"onesided", int64_t{onesided}}};
  std::vector<Value> inputs = {packed};
  if (g.opset() < 20) {
    attributes.emplace_back("axis", on);
  } else {
    inputs.insert(inputs.end(), {Value(), g.scalar_i64(on)});
  }
  Value out = g.node("DFT", inputs, attributes, {dtype, dims});
  if (vector) out = g.squeeze(out, {0});
  const std::vector<Value> parts = g.split(out, {1, 1}, rank);
  return {g.squeeze(parts[0], {rank}), g.squeeze(parts[1], {rank})};
}

// The same with e^(+2πikt/n), which is the forward transform with the parts exchanged before and after.
Spectrum transform(Builder& g, const Spectrum& x, int64_t axis, bool forward, bool onesided = false) {
  if (forward) return forward_transform(g, x, axis, onesided);
  if (!x.im) {
    const Spectrum y = forward_transform(g, x, axis, onesided);
    return {y.re, g.neg(y.im)};
  }
  const Spectrum y = forward_transform(g, {x.im, x.re}, axis, onesided);
  return {y.im, y.re};
}

// The numbers of a half spectrum x to n real ones along an axis; n is that of the attribute, or 2 (m - 1) of m.
Value to_real(OpContext& op, const Spectrum& x, int64_t axis, bool forward, int64_t n) {
  Builder& g = op.graph();
  const int64_t given = x.re.dim(axis);
  if (n == 0 && given >= 0) n = 2 * (given - 1);
  if (by_matrix(g, n == 0 ? -1 : n)) {
    const int64_t half = n / 2 + 1;
    const DType dtype = x.re.dtype();
    const auto first = [&](Value v) { return g.slice(v, Ints{0}, Ints{half}, Ints{axis}); };
    // All but the first number and the middle one of an even n stand for their mirror images too.
    const auto weight = [&](int64_t k) { return k == 0 || 2 * k == n ? 1.0 : 2.0; };
    const double sign = forward ? 1 : -1;
    const Value cosine =
        wave_matrix(g, dtype, half, n, n, [&](int64_t k, double a) { return weight(k) * std::cos(a); });
    const Value sine =
        wave_matrix(g, dtype, half, n, n, [&](int64_t k, double a) { return sign * weight(k) * std::sin(a); });
    return g.add(along(g, first(x.re), axis, cosine), along(g, first(x.im), axis, sine));
  }
  // The mirror images, conjugated: x[(n - 1) / 2], … x[1].
  const auto mirrored = [&](Value v, bool conjugate) {
    const Value head = n == 0 ? v : g.slice(v, Ints{0}, Ints{n / 2 + 1}, Ints{axis});
    const Value tail = g.slice(v, Ints{n == 0 ? -2 : (n - 1) / 2}, Ints{0}, Ints{axis}, Ints{-1});
    return g.concat({head, conjugate ? g.neg(tail) : tail}, axis);
  };
  return transform(g, {mirrored(x.re, false), mirrored(x.im, true)}, axis, forward).re;
}

// What a transform over axes whose extents multiply to n is multiplied with, of rank 0; none: nothing.
Value scale_of(OpContext& op, const std::vector<Value>& extents, DType dtype, bool forward) {
  Builder& g = op.graph();
  const auto normalization = op.attr<std::string>("normalization", "backward");
  double exponent = 0;
  if (normalization == "ortho") {
    exponent = -0.5;
  } else if (normalization == "forward") {
    exponent = forward ? -1 : 0;
  } else if (normalization == "backward") {
    exponent = forward ? 0 : -1;
  } else {
    op.fail("the normalization '" + normalization + "'");
  }
  if (exponent == 0) return {};
  Value count = g.ints({1});
  for (const Value& extent : extents) count = g.mul(count, extent);
  count = as_scalar(g, count);
  if (const Tensor* known = count.constant()) return g.scalar(std::pow(as_doubles(*known).at(0), exponent), dtype);
  return g.pow(g.cast(count, dtype), g.scalar(exponent, dtype));
}

Value scaled(Builder& g, Value x, Value scale) { return scale ? g.mul(x, scale) : x; }

struct Transform {
  Value x;
  Ints axes;
  bool forward;
};

Transform transform_of(OpContext& op) {
  const Value x = op.in("x");
  const Ints axes = normalize_axes(op, op.attr<Ints>("axes"), rank_of(op, x));
  if (axes.empty()) op.fail("a transform of no axes");
  return {x, axes, op.attr<bool>("forward", true)};
}

void fft_c2c(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, axes, forward] = transform_of(op);
  Spectrum z = {g.real(x), g.imag(x)};
  std::vector<Value> extents;
  for (const int64_t axis : axes) {
    extents.push_back(g.dim(x, axis));
    z = transform(g, z, axis, forward);
  }
  const Value scale = scale_of(op, extents, z.re.dtype(), forward);
  op.out_as_computed("out", g.complex(scaled(g, z.re, scale), scaled(g, z.im, scale)));
}

void fft_r2c(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, axes, forward] = transform_of(op);
  Spectrum z = {x, {}};
  std::vector<Value> extents;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    extents.push_back(g.dim(x, *axis));
    z = transform(g, z, *axis, forward, axis == axes.rbegin() && op.attr<bool>("onesided", true));
  }
  const Value scale = scale_of(op, extents, z.re.dtype(), forward);
  op.out_as_computed("out", g.complex(scaled(g, z.re, scale), scaled(g, z.im, scale)));
}

void fft_c2r(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, axes, forward] = transform_of(op);
  Spectrum z = {g.real(x), g.imag(x)};
  std::vector<Value> extents;
  for (size_t i = 0; i + 1 < axes.size(); ++i) {
    extents.push_back(g.dim(x, axes[i]));
    z = transform(g, z, axes[i], forward);
  }
  const Value out = to_real(op, z, axes.back(), forward, op.attr<int64_t>("last_dim_size", 0));
  extents.push_back(g.dim(out, axes.back()));
  op.out_as_computed("out", scaled(g, out, scale_of(op, extents, out.dtype(), forward)));
}

// --- frames -------------------------------------------------------------------------------------------------------

// Frames of a signal along an axis (the first or the last one): [frames, length] in the front, [length, frames] behind.
Value framed(OpContext& op, Value x, int64_t axis, int64_t length, int64_t hop) {
  Builder& g = op.graph();
  if (length < 1 || hop < 1) op.fail("frames of " + std::to_string(length) + " elements every " + std::to_string(hop));
  const Value room = g.sub(g.dim(x, axis), g.ints({length}));
  const Value count = g.add(g.div(room, g.ints({hop})), g.ints({1}));
  const Value starts = g.mul(positions(g, count), g.ints({hop}));
  const Value offsets = g.ints(count_from(0, length));
  const bool front = axis == 0 && op.attr<int64_t>("axis", -1) == 0;
  const Value places = front ? g.add(g.unsqueeze(starts, {1}), offsets) : g.add(g.unsqueeze(offsets, {1}), starts);
  return g.gather(x, places, axis);
}

void frame(OpContext& op) {
  const Value x = op.in("x");
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", -1), rank_of(op, x));
  op.out("out", framed(op, x, axis, op.attr<int64_t>("frame_length"), op.attr<int64_t>("hop_length")));
}

// The sum of frames [.., length, frames] at their places. Cut into parts of one hop, the k-th parts of the frames stand
// side by side, k hops behind the first parts.
void overlap_add(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const auto hop = op.attr<int64_t>("hop_length");
  if (rank < 2 || hop < 1) op.fail("frames of rank " + std::to_string(rank) + " every " + std::to_string(hop));
  const bool front = op.attr<int64_t>("axis", -1) == 0;
  if (front) {
    // [frames, length, ..] to [.., length, frames]
    Ints perm = count_from(2, rank);
    perm.insert(perm.end(), {1, 0});
    x = g.transpose(x, perm);
  }
  const int64_t length = x.dim(rank - 2);
  if (length < 0) op.fail("frames whose length is not known", "export it with a constant frame length");
  const int64_t parts = (length + hop - 1) / hop;
  const int64_t surplus = parts * hop - length;
  const auto padded = [&](Value v, int64_t axis, int64_t before, int64_t after) {
    if (before == 0 && after == 0) return v;
    Ints pads(static_cast<size_t>(2 * rank), 0);
    pads[static_cast<size_t>(axis)] = before;
    pads[static_cast<size_t>(rank + axis)] = after;
    return g.pad(v, g.ints(pads));
  };
  x = padded(x, rank - 2, 0, surplus);
  const std::vector<Value> pieces = g.split(x, Ints(static_cast<size_t>(parts), hop), rank - 2);
  Value sum;
  for (int64_t k = 0; k < parts; ++k) {
    const Value placed = padded(pieces[static_cast<size_t>(k)], rank - 1, k, parts - 1 - k);
    sum = sum ? g.add(sum, placed) : placed;
  }
  Ints perm = count_from(0, rank);
  std::swap(perm[static_cast<size_t>(rank) - 1], perm[static_cast<size_t>(rank) - 2]);
  std::vector<Value> shape;
  for (int64_t i = 0; i + 2 < rank; ++i) shape.push_back(g.dim(x, i));
  shape.push_back(g.ints({-1}));
  Value out = g.reshape(g.transpose(sum, perm), g.concat_ints(shape));
  if (surplus > 0) out = g.slice(out, Ints{0}, Ints{-surplus}, Ints{rank - 2});
  if (front) {
    Ints back = count_from(0, rank - 2);
    back.insert(back.begin(), rank - 2);
    out = g.transpose(out, back);
  }
  op.out("out", out);
}

// The spectra of windowed frames: [.., frequencies, frames].
void stft(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto n = op.attr<int64_t>("n_fft");
  const int64_t last = rank_of(op, x) - 1;
  const Value window = g.unsqueeze(op.in("window"), {1});
  const Value frames = g.mul(framed(op, x, last, n, op.attr<int64_t>("hop_length")), window);
  Spectrum z = {g.real(frames), is_complex(frames.dtype()) ? g.imag(frames) : Value()};
  z = forward_transform(g, z, last, op.attr<bool>("onesided", true) && !z.im);
  Value scale;
  if (op.attr<bool>("normalized", false)) scale = g.scalar(1 / std::sqrt(static_cast<double>(n)), z.re.dtype());
  op.out_as_computed("out", g.complex(scaled(g, z.re, scale), scaled(g, z.im, scale)));
}

constexpr MapperEntry kEntries[] = {
    {"fft_c2c", 7, fft_c2c}, {"fft_c2r", 7, fft_c2r},         {"fft_r2c", 7, fft_r2c},
    {"frame", 7, frame},     {"overlap_add", 7, overlap_add}, {"stft", 7, stft},
};

}  // namespace

extern const MapperTable kSignalMappers = kEntries;

}  // namespace paddle2onnx
