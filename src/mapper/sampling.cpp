// Sampling an image where a grid says, and the grid of an affine map.
#include "mapper/indices.h"
#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// --- grid_sample ----------------------------------------------------------------------------------------------------

// x is [N, C, (D,) H, W]; the grid [N, …, 2 or 3] has places in it, the last axis of x first, from -1 at one border of
// the image to 1 at the other. Paddle's kernels compute in x's type.
struct GridSample {
  Value x;
  Value grid;
  std::string mode;
  std::string padding;
  bool align_corners;
  int64_t axes;  // 2 or 3
};

GridSample read_grid_sample(OpContext& op) {
  GridSample s{op.in("x"),
               op.in("grid"),
               op.attr<std::string>("mode", "bilinear"),
               op.attr<std::string>("padding_mode", "zeros"),
               op.attr<bool>("align_corners", true),
               op.in("x").rank() - 2};
  if (s.axes != 2 && s.axes != 3) op.fail("an operand of rank " + std::to_string(s.x.rank()) + "; 4 or 5 is expected");
  if (s.mode != "bilinear" && s.mode != "nearest") op.fail("mode '" + s.mode + "', which Paddle does not know");
  if (s.padding != "zeros" && s.padding != "border" && s.padding != "reflection")
    op.fail("padding_mode '" + s.padding + "', which Paddle does not know");
  return s;
}

std::optional<Dims> sampled_dims(const GridSample& s) {
  Dims dims = {s.x.dim(0), s.x.dim(1)};
  for (int64_t i = 0; i < s.axes; ++i) dims.push_back(s.grid.has_rank() ? s.grid.dim(1 + i) : -1);
  return dims;
}

// The same by Gather: the 2^axes pixels around each place, weighted by how near they are.
void grid_sample_by_gather(OpContext& op) {
  Builder& g = op.graph();
  const GridSample s = read_grid_sample(op);
  const DType dtype = s.x.dtype();
  const auto number = [&](double value) { return g.scalar(value, dtype); };

  struct Pixel {
    Value index;   // int64 [N, …], within the image
    Value weight;  // none: 1
  };
  Value nowhere;                           // [N, …], not a number where a coordinate isn't
  std::vector<std::vector<Pixel>> pixels;  // for each spatial axis the lower and the upper one, or the nearest
  for (int64_t i = 0; i < s.axes; ++i) {
    const int64_t column = s.axes - 1 - i;
    const Value size = g.cast(g.dim(s.x, 2 + i), dtype);  // [1]
    const Value last = g.sub(size, number(1));
    Value place = g.squeeze(g.slice(s.grid, {column}, {column + 1}, {s.axes + 1}), {s.axes + 1});
    const Value half = g.mul(g.add(place, number(1)), number(0.5));
    place = s.align_corners ? g.mul(half, last) : g.sub(g.mul(half, size), number(0.5));
    if (s.padding == "reflection") {
      // At the centres of the outer pixels, or at their outer borders: a wave of the period 2 · extent.
      const Value extent = s.align_corners ? last : size;
      const Value from = g.abs(s.align_corners ? place : g.add(place, number(0.5)));
      const Value period = g.mul(extent, number(2));
      const Value rest = g.sub(from, g.mul(g.floor(g.div(from, period)), period));
      const Value folded = g.min(rest, g.sub(period, rest));
      place = s.align_corners ? folded : g.sub(folded, number(0.5));
    }
    const auto within = [&](Value v) { return g.max(g.min(v, last), number(0)); };
    if (s.padding != "zeros") place = within(place);

    // Paddle takes halves to the even pixel.
    const bool nearest = s.mode == "nearest";
    const Value low = nearest ? g.node("Round", {place}) : g.floor(place);
    nowhere = nowhere ? g.add(nowhere, place) : place;
    std::vector<Pixel> ends;
    for (int64_t end = 0; end < (nearest ? 1 : 2); ++end) {
      const Value at = end == 0 ? low : g.add(low, number(1));
      const Value inside = within(at);
      Value weight;
      if (!nearest) weight = end == 0 ? g.sub(number(1), g.sub(place, low)) : g.sub(place, low);
      if (s.padding == "zeros") {
        // A pixel that had to be moved into the image counts nothing: 1 - min(|at - inside|, 1) for whole numbers.
        const Value known = g.sub(number(1), g.min(g.abs(g.sub(at, inside)), number(1)));
        weight = weight ? g.mul(weight, known) : known;
      }
      // What is not a number becomes the lowest one, of which Gather would make an error.
      Value index = g.cast(inside, DType::kInt64);
      if (g.opset() >= 9) index = g.where(g.less(index, g.scalar_i64(0)), g.scalar_i64(0), index);
      ends.push_back({index, weight});
    }
    pixels.push_back(std::move(ends));
  }

  // x as a table of pixels, [N · … , C]; the first of image n is n · (D ·) H · W.
  Ints perm = {0};
  for (int64_t i = 0; i < s.axes; ++i) perm.push_back(2 + i);
  perm.push_back(1);
  const Value table = g.reshape(g.transpose(s.x, perm), g.concat_ints({g.ints({-1}), g.dim(s.x, 1)}));
  const Value images = g.unsqueeze(positions(g, g.dim(s.x, 0)), count_from(1, s.axes + 1));
  Value sum;
  const int64_t corners = s.mode == "nearest" ? 1 : int64_t{1} << s.axes;
  for (int64_t corner = 0; corner < corners; ++corner) {
    Value index = images;
    Value weight;
    for (int64_t i = 0; i < s.axes; ++i) {
      const Pixel& pixel = pixels[static_cast<size_t>(i)][static_cast<size_t>(corner >> i & 1)];
      index = g.add(g.mul(index, g.dim(s.x, 2 + i)), pixel.index);
      if (pixel.weight) weight = weight ? g.mul(weight, pixel.weight) : pixel.weight;
    }
    Value part = g.gather(table, index, 0);
    if (weight) part = g.mul(part, g.unsqueeze(weight, {s.axes + 1}));
    sum = sum ? g.add(sum, part) : part;
  }
  Ints back = {0, s.axes + 1};
  for (int64_t i = 0; i < s.axes; ++i) back.push_back(1 + i);
  Value out = g.transpose(sum, back);
  if (s.mode == "nearest" && g.opset() >= 9)
    out = g.where(g.node("IsNaN", {g.unsqueeze(nowhere, {int64_t{1}})}), g.scalar(0, dtype), out);
  op.out("out", out);
}

void grid_sample_node(OpContext& op, bool renamed) {
  Builder& g = op.graph();
  const GridSample s = read_grid_sample(op);
  // The definition of 20 calls it linear; before, there were images only.
  const bool nearest = s.mode == "nearest";
  const std::string mode = nearest ? "nearest" : renamed ? "linear" : "bilinear";
  const DType dtype = s.grid.dtype();
  // Whoever divides by a depth of 0 has infinities in the grid, for which ONNX Runtime's kernel takes the first pixel.
  // At the border, Paddle's stays there; otherwise the nearest pixel of such a place is 0, and an interpolated one not
  // a number.
  Value grid = s.grid;
  if (s.padding == "border") grid = g.max(g.min(grid, g.scalar(2, dtype)), g.scalar(-2, dtype));
  const Value sampled =
      g.node("GridSample", {s.x, grid},
             {{"align_corners", static_cast<int64_t>(s.align_corners)}, {"mode", mode}, {"padding_mode", s.padding}},
             {s.x.dtype(), sampled_dims(s)});
  // 0, or not a number: [N, 1, …].
  const Value nowhere =
      g.unsqueeze(g.reduce("ReduceSum", g.mul(grid, g.scalar(0, dtype)), Ints{s.axes + 1}, false), {int64_t{1}});
  op.out("out",
         nearest ? g.where(g.node("IsNaN", {nowhere}), g.scalar(0, s.x.dtype()), sampled) : g.add(sampled, nowhere));
}

void grid_sample_16(OpContext& op) {
  // ONNX Runtime has no kernel for float64.
  if (op.in("x").rank() == 5 || op.in("x").dtype() == DType::kFloat64) return grid_sample_by_gather(op);
  grid_sample_node(op, false);
}

void grid_sample_20(OpContext& op) {
  if (op.in("x").dtype() == DType::kFloat64) return grid_sample_by_gather(op);
  grid_sample_node(op, true);
}

// --- affine_grid ----------------------------------------------------------------------------------------------------

// input [N, 2, 3] or [N, 3, 4] and the shape [N, C, (D,) H, W] of an image → the places of its pixels after the map,
// [N, (D,) H, W, 2 or 3], the last axis first.
struct AffineGrid {
  Value theta;
  IntsArgument shape;
  bool align_corners;
  int64_t axes;
};

AffineGrid read_affine_grid(OpContext& op) {
  AffineGrid a{op.in("input"), op.ints("output_shape"), op.attr<bool>("align_corners", true), op.in("input").dim(1)};
  if (a.theta.rank() != 3 || (a.axes != 2 && a.axes != 3) || a.theta.dim(2) != a.axes + 1)
    op.fail("an operand that is neither [N, 2, 3] nor [N, 3, 4]");
  if (a.shape.count_known && a.shape.size() != static_cast<size_t>(a.axes + 2))
    op.fail("an output_shape of " + std::to_string(a.shape.size()) + " numbers");
  return a;
}

void affine_grid_by_matmul(OpContext& op) {
  Builder& g = op.graph();
  const AffineGrid a = read_affine_grid(op);
  const DType dtype = a.theta.dtype();
  // [(D,) H, W, axes + 1]: the place of each pixel, and 1.
  std::vector<Value> sizes;
  for (int64_t i = 0; i < a.axes; ++i)
    sizes.push_back(number_at(op, "output_shape", a.shape, static_cast<size_t>(2 + i)));
  const Value extents = g.concat_ints(sizes);
  std::vector<Value> columns;
  for (int64_t i = a.axes - 1; i >= 0; --i) {
    const Value n = sizes[static_cast<size_t>(i)];
    const Value size = as_scalar(g, g.cast(n, dtype));
    const Value at = g.mul(g.cast(positions(g, n), dtype), g.scalar(2, dtype));
    // From -1 to 1: the centres of the outer pixels, or their outer borders. One pixel with align_corners is 0 / 0, as
    // in Paddle.
    const Value line = a.align_corners ? g.sub(g.div(at, g.sub(size, g.scalar(1, dtype))), g.scalar(1, dtype))
                                       : g.sub(g.div(g.add(at, g.scalar(1, dtype)), size), g.scalar(1, dtype));
    Ints around = count_from(0, i);
    for (int64_t k = i + 1; k <= a.axes; ++k) around.push_back(k);
    columns.push_back(g.expand(g.unsqueeze(line, around), g.concat_ints({extents, g.ints({1})})));
  }
  columns.push_back(g.expand(g.scalar(1, dtype), g.concat_ints({extents, g.ints({1})})));
  const Value base = g.reshape(g.concat(columns, a.axes), Ints{-1, a.axes + 1});
  const Value grid = g.matmul(base, g.transpose(a.theta, {0, 2, 1}));
  op.out("output", g.reshape(grid, g.concat_ints({g.ints({0}), extents, g.ints({a.axes})})));
}

void affine_grid(OpContext& op) {
  Builder& g = op.graph();
  const AffineGrid a = read_affine_grid(op);
  Dims dims = {a.theta.dim(0)};
  bool single = false;
  for (int64_t i = 0; i < a.axes; ++i) {
    dims.push_back(known_number(a.shape, static_cast<size_t>(2 + i)).value_or(-1));
    single |= dims.back() == 1;
  }
  dims.push_back(a.axes);
  // ONNX wants the number of maps among the sizes, and one pixel is another thing to it.
  if (single && a.align_corners) return affine_grid_by_matmul(op);
  const Value sizes = a.shape.count_known ? a.shape.value : g.slice(a.shape.value, Ints{0}, Ints{a.axes + 2}, Ints{0});
  const Value image = g.slice(sizes, Ints{1}, Ints{a.axes + 2}, Ints{0});
  op.out("output", g.node("AffineGrid", {a.theta, g.concat_ints({g.dim(a.theta, 0), image})},
                          {{"align_corners", static_cast<int64_t>(a.align_corners)}}, {a.theta.dtype(), dims}));
}

constexpr MapperEntry kEntries[] = {
    {"affine_grid", 7, affine_grid_by_matmul}, {"affine_grid", 20, affine_grid},
    {"grid_sample", 8, grid_sample_by_gather}, {"grid_sample", 16, grid_sample_16},
    {"grid_sample", 20, grid_sample_20},
};

}  // namespace

extern const MapperTable kSamplingMappers = kEntries;

}  // namespace paddle2onnx
