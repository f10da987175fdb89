// Eigenvalues of symmetric matrices and singular values by Jacobi's method, in float64 whatever the operand's type.
//
// A turn of the loop rotates n/2 disjoint pairs of axes: i and n/2 + i. Then the axes change places as players of a
// tournament do, so that in n - 1 turns each meets every other (R. Brent and F. Luk, 1985). The first one stays where
// it is: if n is odd, that is one more axis of zeros, which nothing turns.
#include <limits>

#include "graph/complex.h"
#include "mapper/indices.h"
#include "mapper/loops.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

constexpr std::string_view kRestriction = "complex matrices; matrices whose size is not known or above 4096";
constexpr std::string_view kSigns = "each vector may have the other sign";
constexpr int64_t kLargest = 4096;   // of a matrix's sides: unit matrices become constants of the model
constexpr int64_t kMostSweeps = 40;  // about ten are enough
constexpr double kRounding = 1e-14;

Value number(Builder& g, double value) { return g.scalar(value, DType::kFloat64); }

Value transposed(Builder& g, Value x) {
  Ints perm = count_from(0, x.rank());
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return g.transpose(x, perm);
}

// A matrix operand in float64.
Value matrix_of(OpContext& op, std::string_view name) {
  const Value x = op.in(name);
  if (is_complex(x.dtype())) op.fail("a complex matrix");
  if (rank_of(op, x) < 2) op.fail("a matrix of rank " + std::to_string(x.rank()));
  if (x.dim(-1) < 1 || x.dim(-2) < 1) op.fail("a matrix whose size is not known", "ONNX has no operator for it");
  if (x.dim(-1) > kLargest || x.dim(-2) > kLargest)
    op.fail("a matrix of " + std::to_string(x.dim(-2)) + " × " + std::to_string(x.dim(-1)) +
            ", whose sides may be 4096 at most");
  return op.graph().cast(x, DType::kFloat64);
}

// float64 [n, n]
Value unit_matrix(Builder& g, int64_t n) {
  std::vector<double> numbers(static_cast<size_t>(n * n), 0.0);
  for (int64_t i = 0; i < n; ++i) numbers[static_cast<size_t>(i * n + i)] = 1.0;
  return g.constant(from_doubles(DType::kFloat64, {n, n}, numbers));
}

// Rows and columns of zeros in front of those of a matrix.
Value padded(Builder& g, Value x, int64_t rows, int64_t columns) {
  if (rows == 0 && columns == 0) return x;
  Ints pads(static_cast<size_t>(2 * x.rank()), 0);
  pads[static_cast<size_t>(x.rank() - 2)] = rows;
  pads[static_cast<size_t>(x.rank() - 1)] = columns;
  return g.pad(x, g.ints(pads));
}

Value without_first(Builder& g, Value x, const Ints& axes) {
  return g.slice(x, Ints(axes.size(), 1), Ints(axes.size(), kToTheEnd), axes);
}

// Where the axes of the next turn are now.
Value next_places(Builder& g, int64_t n) {
  const int64_t half = n / 2;
  if (half == 1) return g.ints({0, 1});
  Ints places = {0, half};
  for (int64_t i = 1; i + 1 < half; ++i) places.push_back(i);
  for (int64_t i = half + 1; i < n; ++i) places.push_back(i);
  places.push_back(half - 1);
  return g.ints(places);
}

// The rotation that makes r of [[p, r], [r, q]] zero, by the smaller of both angles.
struct Rotation {
  Value cosine;
  Value sine;
};

Rotation rotation(Builder& g, Value p, Value q, Value r) {
  const Value zero = number(g, 0);
  const Value one = number(g, 1);
  const Value difference = g.sub(q, p);
  const Value twice = g.mul(r, number(g, 2));
  const Value length = g.sqrt(g.add(g.mul(difference, difference), g.mul(twice, twice)));
  const Value size = g.add(g.abs(difference), length);
  const Value sign = g.where(g.less(difference, zero), number(g, -1), one);
  const Value turns = g.greater(size, zero);
  const Value tangent = g.where(turns, g.div(g.mul(twice, sign), g.where(turns, size, one)), zero);
  const Value cosine = g.node("Reciprocal", {g.sqrt(g.add(g.mul(tangent, tangent), one))});
  return {cosine, g.mul(tangent, cosine)};
}

// The pairs along an axis turned, and put where the next turn wants them.
Value turned(Builder& g, Value x, const Rotation& by, int64_t axis, Value places) {
  const std::vector<Value> halves = g.split_evenly(x, 2, axis);
  const Value first = g.sub(g.mul(by.cosine, halves[0]), g.mul(by.sine, halves[1]));
  const Value second = g.add(g.mul(by.sine, halves[0]), g.mul(by.cosine, halves[1]));
  return g.gather(g.concat({first, second}, axis), places, axis);
}

Value any(Builder& g, Value condition) {
  const Value count = g.reduce("ReduceSum", g.cast(condition, DType::kFloat64), std::nullopt, false);
  return g.greater(count, number(g, 0));
}

// Matrices divided by their largest elements, and these, [.., 1, 1].
std::pair<Value, Value> scaled_down(Builder& g, Value x) {
  const Value largest = g.reduce("ReduceMax", g.abs(x), Ints{x.rank() - 2, x.rank() - 1}, true);
  const Value scale = g.where(g.greater(largest, number(g, 0)), largest, number(g, 1));
  return {g.div(x, scale), scale};
}

Value taken(Builder& g, Value x, Value places, int64_t axis) {
  return g.node("GatherElements", {x, places}, {{"axis", axis}}, {x.dtype(), places.dims()});
}

// The columns of matrices [.., m, n] with these numbers, [.., k].
Value columns_at(Builder& g, Value x, Value places) {
  const int64_t axis = x.rank() - 1;
  const Value rows =
      g.mul(g.unsqueeze(g.ints(Ints(static_cast<size_t>(x.dim(-2)), 1)), {1}), g.unsqueeze(places, {axis - 1}));
  return taken(g, x, rows, axis);
}

struct Spectrum {
  Value values;   // [.., n], ascending
  Value vectors;  // their columns, [.., n, n]; none if nobody asked
};

// Of symmetric matrices, of which one triangle is read.
Spectrum eigenvalues(OpContext& op, std::string_view name, bool upper, bool with_vectors) {
  Builder& g = op.graph();
  Value a = matrix_of(op, name);
  const int64_t size = a.dim(-1);
  const int64_t row_axis = a.rank() - 2;
  const int64_t column_axis = a.rank() - 1;
  if (a.dim(-2) != size) op.fail("a matrix that is not square");
  const Value rows = g.unsqueeze(g.ints(count_from(0, size)), {1});
  const Value columns = g.ints(count_from(0, size));
  const Value given = upper ? g.less(columns, rows) : g.less(rows, columns);
  const auto [small, scale] = scaled_down(g, g.where(given, transposed(g, a), a));
  const bool odd = size % 2 != 0;
  a = padded(g, small, odd ? 1 : 0, odd ? 1 : 0);
  const int64_t n = size + (odd ? 1 : 0);
  const Value unit = unit_matrix(g, n);
  const Value half_unit = unit_matrix(g, n / 2);
  const Value off_diagonal = g.sub(number(g, 1), unit);
  const Value places = next_places(g, n);

  std::vector<Value> states = {a};
  if (with_vectors) states.push_back(g.expand(unit, g.shape(a)));
  const auto turn = [&](Value, const std::vector<Value>& now) -> Turn {
    const std::vector<Value> halves = g.split_evenly(now[0], 2, row_axis);
    const std::vector<Value> top = g.split_evenly(halves[0], 2, column_axis);
    const std::vector<Value> bottom = g.split_evenly(halves[1], 2, column_axis);
    const auto diagonal = [&](Value block) {
      return g.reduce("ReduceSum", g.mul(block, half_unit), Ints{column_axis}, true);
    };
    const Rotation by_rows = rotation(g, diagonal(top[0]), diagonal(bottom[1]), diagonal(top[1]));
    const Rotation by_columns = {transposed(g, by_rows.cosine), transposed(g, by_rows.sine)};
    const Value next = turned(g, turned(g, now[0], by_rows, row_axis, places), by_columns, column_axis, places);
    Turn result;
    result.states = {next};
    if (with_vectors) result.states.push_back(turned(g, now[1], by_columns, column_axis, places));
    result.again = any(g, g.greater(g.abs(g.mul(next, off_diagonal)), number(g, kRounding)));
    return result;
  };
  const std::vector<Value> last = repeat(g, g.scalar_i64(kMostSweeps * (n - 1)), states, turn).states;
  Value values = g.reduce("ReduceSum", g.mul(last[0], unit), Ints{column_axis}, false);
  if (odd) values = without_first(g, values, {row_axis});
  const auto [sorted, order] = g.topk(values, g.ints({size}), row_axis, false, true);
  Spectrum result;
  result.values = g.mul(sorted, g.squeeze(scale, {column_axis}));
  if (with_vectors)
    result.vectors = columns_at(g, odd ? without_first(g, last[1], {row_axis, column_axis}) : last[1], order);
  return result;
}

struct SingularValues {
  Value values;  // [.., k], descending
  Value left;    // columns times values, [.., m, k], and
  Value right;   // columns [.., n, k] of a matrix [.., m, n] with m ≥ n = k; none if nobody asked
};

// The columns of a matrix with at least as many rows are turned until they are orthogonal (M. Hestenes, 1958).
SingularValues singular_values(Builder& g, Value x, bool with_vectors) {
  const int64_t row_axis = x.rank() - 2;
  const int64_t column_axis = x.rank() - 1;
  const int64_t size = x.dim(-1);
  const bool odd = size % 2 != 0;
  const int64_t n = size + (odd ? 1 : 0);
  const auto [small, scale] = scaled_down(g, x);
  const Value places = next_places(g, n);
  const auto product = [&](Value a, Value b) { return g.reduce("ReduceSum", g.mul(a, b), Ints{row_axis}, true); };

  // The columns, for how many turns none of them has moved, and the product of all rotations.
  std::vector<Value> states = {padded(g, small, 0, odd ? 1 : 0), number(g, 0)};
  if (with_vectors) {
    const Value first = g.slice(states[0], {0}, {1}, {row_axis});
    const Value unit = unit_matrix(g, n);
    states.push_back(g.expand(unit, g.shape(g.mul(g.mul(first, number(g, 0)), unit))));
  }
  const auto turn = [&](Value, const std::vector<Value>& now) -> Turn {
    const std::vector<Value> halves = g.split_evenly(now[0], 2, column_axis);
    const Value p = product(halves[0], halves[0]);
    const Value q = product(halves[1], halves[1]);
    const Value r = product(halves[0], halves[1]);
    const Value lengths = g.mul(g.sqrt(p), g.sqrt(q));
    const Value moved = any(g, g.greater(g.abs(r), g.max(g.mul(lengths, number(g, kRounding)), number(g, 1e-60))));
    const Value quiet = g.where(moved, number(g, 0), g.add(now[1], number(g, 1)));
    const Rotation by = rotation(g, p, q, r);
    Turn result;
    result.states = {turned(g, now[0], by, column_axis, places), quiet};
    if (with_vectors) result.states.push_back(turned(g, now[2], by, column_axis, places));
    result.again = g.less(quiet, number(g, static_cast<double>(n - 1)));
    return result;
  };
  std::vector<Value> last = repeat(g, g.scalar_i64(kMostSweeps * (n - 1)), states, turn).states;
  if (odd) last[0] = without_first(g, last[0], {column_axis});
  const Value lengths = g.sqrt(g.squeeze(product(last[0], last[0]), {row_axis}));
  const auto [sorted, order] = g.topk(lengths, g.ints({size}), row_axis, true, true);
  SingularValues result;
  result.values = g.mul(sorted, g.squeeze(scale, {column_axis}));
  if (!with_vectors) return result;
  result.left = g.mul(columns_at(g, last[0], order), scale);
  result.right = columns_at(g, odd ? without_first(g, last[2], {row_axis, column_axis}) : last[2], order);
  return result;
}

Value tall(Builder& g, Value x) { return x.dim(-2) < x.dim(-1) ? transposed(g, x) : x; }

void eigvalsh(OpContext& op) {
  const bool with_vectors = op.wants("eigenvectors");
  const Spectrum found = eigenvalues(op, "x", op.attr<std::string>("uplo", "L") == "U", with_vectors);
  op.out("eigenvalues", op.graph().cast(found.values, op.in("x").dtype()));
  if (!with_vectors) return;
  op.lossy(std::string(kSigns));
  op.out("eigenvectors", op.graph().cast(found.vectors, op.in("x").dtype()));
}

// Vectors have the sign that the rotations give them: LAPACK's is another one as often as not.
void eigh(OpContext& op) {
  const Spectrum found = eigenvalues(op, "x", op.attr<std::string>("UPLO", "L") == "U", true);
  op.out("out_w", op.graph().cast(found.values, op.in("x").dtype()));
  op.out("out_v", op.graph().cast(found.vectors, op.in("x").dtype()));
}

void svdvals(OpContext& op) {
  Builder& g = op.graph();
  const Value values = singular_values(g, tall(g, matrix_of(op, "x")), false).values;
  op.out("s", g.cast(values, op.in("x").dtype()));
}

// How many singular values, or sizes of eigenvalues, are above the larger of two limits: `absolute`, and `relative`
// times the largest of them. Both are of the operand's type; none: 0.
void count_values(OpContext& op, Value absolute, Value relative) {
  Builder& g = op.graph();
  const DType dtype = op.in("x").dtype();
  const Value all = op.attr<bool>("hermitian", false) ? g.abs(eigenvalues(op, "x", false, false).values)
                                                      : singular_values(g, tall(g, matrix_of(op, "x")), false).values;
  const Value values = g.cast(all, dtype);
  Value limit = absolute;
  if (relative) {
    const Value largest = g.reduce("ReduceMax", values, Ints{values.rank() - 1}, false);
    const Value product = g.mul(g.cast(relative, dtype), largest);
    limit = limit ? g.where(g.greater(g.cast(limit, dtype), product), g.cast(limit, dtype), product) : product;
  }
  limit = g.cast(limit, dtype);
  const Value above = g.greater(values, limit.rank() == 0 ? limit : g.unsqueeze(limit, {-1}));
  const DType counted = op.attr<bool>("counts_in_int32", false) ? DType::kInt32 : DType::kInt64;
  op.out("out", g.reduce("ReduceSum", g.cast(above, counted), Ints{-1}, false));
}

// The limit that Paddle takes where the program says none.
Value default_limit(OpContext& op) {
  const Value x = op.in("x");
  const double epsilon = x.dtype() == DType::kFloat64 ? std::numeric_limits<double>::epsilon()
                                                      : static_cast<double>(std::numeric_limits<float>::epsilon());
  const int64_t size = std::max(x.dim(-1), x.dim(-2));
  return op.graph().scalar(epsilon * static_cast<double>(size), x.dtype());
}

void matrix_rank(OpContext& op) {
  Builder& g = op.graph();
  matrix_of(op, "x");
  const Value absolute = op.has("TolTensor")     ? op.in("TolTensor")
                         : op.has("atol_tensor") ? op.in("atol_tensor")
                                                 : g.scalar(op.attr<double>("tol", 0.0), op.in("x").dtype());
  count_values(op, absolute, op.attr<bool>("use_default_tol", true) ? default_limit(op) : Value());
}

void matrix_rank_atol_rtol(OpContext& op) {
  matrix_of(op, "x");
  count_values(op, op.in("atol"), op.has("rtol") ? op.in("rtol") : default_limit(op));
}

// Orthonormal columns [.., m, k] of what the columns of `left` leave: those of lengths that are none are replaced by
// others from the complement of the rest, and as many as are missing follow.
Value completed(Builder& g, const SingularValues& found, Value scale, int64_t k) {
  const int64_t column_axis = found.left.rank() - 1;
  const int64_t m = found.left.dim(-2);
  const int64_t n = found.left.dim(-1);
  const Value sizes = g.unsqueeze(found.values, {column_axis - 1});
  const Value there = g.greater(sizes, g.mul(scale, number(g, 1e-30)));
  const Value columns = g.where(there, g.div(found.left, g.where(there, sizes, number(g, 1))), number(g, 0));
  const Value projector = g.sub(unit_matrix(g, m), g.matmul(columns, transposed(g, columns)));
  const SingularValues others = singular_values(g, projector, true);
  const Value both = g.concat({columns, others.left}, column_axis);
  const Value count =
      g.reduce("ReduceSum", g.cast(g.squeeze(there, {column_axis - 1}), DType::kInt64), Ints{column_axis - 1}, true);
  const Value numbers = g.ints(count_from(0, k));
  const Value places = g.where(g.less(numbers, count), numbers, g.add(numbers, g.sub(g.scalar_i64(n), count)));
  return columns_at(g, both, places);
}

// A = U · diag(s) · Vᵀ. Vectors have the sign that the rotations give them.
void svd(OpContext& op) {
  Builder& g = op.graph();
  const DType dtype = op.in("x").dtype();
  const Value x = matrix_of(op, "x");
  const bool wide = x.dim(-2) < x.dim(-1);
  const Value a = tall(g, x);
  const int64_t k = op.attr<bool>("full_matrices", false) ? a.dim(-2) : a.dim(-1);
  const SingularValues found = singular_values(g, a, true);
  const Value left = completed(g, found, scaled_down(g, a).second, k);
  op.out("u", g.cast(wide ? found.right : left, dtype));
  op.out("s", g.cast(found.values, dtype));
  op.out("vh", g.cast(transposed(g, wide ? left : found.right), dtype));
}

// The shortest of the X for which A · X is nearest to B. All drivers but "gels" leave out singular values up to rcond
// times the largest.
void lstsq(OpContext& op) {
  Builder& g = op.graph();
  const Value x = matrix_of(op, "x");
  const Value y = matrix_of(op, "y");
  const DType dtype = op.in("x").dtype();
  const int64_t m = x.dim(-2);
  const int64_t n = x.dim(-1);
  const int64_t row_axis = x.rank() - 2;
  const auto driver = op.attr<std::string>("driver", "gels");
  if (driver != "gels" && driver != "gelsy" && driver != "gelsd" && driver != "gelss")
    op.fail("the driver '" + driver + "'");
  if (x.rank() != y.rank())
    op.fail("operands of ranks " + std::to_string(x.rank()) + " and " + std::to_string(y.rank()));

  const SingularValues found = singular_values(g, tall(g, x), true);
  Value limit = number(g, 0);
  if (driver != "gels") {
    const Value rcond = op.scalar_value("rcond", DType::kFloat64);
    const double epsilon = dtype == DType::kFloat64 ? std::numeric_limits<double>::epsilon()
                                                    : static_cast<double>(std::numeric_limits<float>::epsilon());
    const Value relative = g.where(g.less(rcond, number(g, 0)), number(g, epsilon), rcond);
    limit = g.mul(g.reduce("ReduceMax", found.values, Ints{row_axis}, true), relative);
  }
  const Value counts = g.greater(found.values, limit);
  const Value sizes = g.where(counts, found.values, number(g, 1));
  const Value weights =
      g.unsqueeze(g.where(counts, g.node("Reciprocal", {g.mul(sizes, sizes)}), number(g, 0)), {row_axis});
  const Value both = g.mul(m < n ? found.left : found.right, weights);
  const Value solution = g.matmul(both, g.matmul(transposed(g, m < n ? found.right : found.left), y));

  // Of a batch of one, Paddle's kernel forgets that it is one.
  bool one = x.rank() > 2;
  for (int64_t i = 0; i < row_axis; ++i) one &= x.dim(i) == 1;
  const Value result = g.cast(solution, dtype);
  if (one) {
    op.out_as_computed("solution", g.reshape(result, Ints{n, y.dim(-1)}));
  } else {
    op.out("solution", result);
  }
  if (op.wants("rank")) {
    if (driver == "gels") op.fail("the rank, which the driver gels does not tell");
    op.out("rank", g.reduce("ReduceSum", g.cast(counts, DType::kInt32), Ints{row_axis}, false));
  }
  if (op.wants("singular_values")) {
    if (driver == "gels" || driver == "gelsy")
      op.fail("the singular values, which the driver " + driver + " does not tell");
    op.out("singular_values", g.cast(found.values, dtype));
  }
  if (!op.wants("residuals")) return;
  const bool of_any_rank = op.attr<bool>("residuals_of_any_rank", false);
  if (m <= n || (driver == "gelsy" && !of_any_rank))
    return op.out_as_computed("residuals", g.constant(from_doubles(dtype, {0}, {})));
  if (driver != "gels" && !of_any_rank)
    op.fail("residuals of the driver " + driver + ", which are there or not, depending on the ranks");
  const Value rest = g.sub(g.matmul(x, solution), y);
  op.out_as_computed("residuals", g.cast(g.reduce("ReduceSumSquare", rest, Ints{row_axis}, false), dtype));
}

constexpr MapperEntry kEntries[] = {
    {"eigh", 11, eigh, kRestriction, {}, kSigns},
    {"eigvalsh", 11, eigvalsh, kRestriction},
    {"lstsq", 11, lstsq,
     "complex matrices; matrices whose size is not known or above 4096; residuals of gelsd and gelss since Paddle 3.1"},
    {"matrix_rank", 11, matrix_rank, kRestriction},
    {"matrix_rank_atol_rtol", 11, matrix_rank_atol_rtol, kRestriction},
    {"matrix_rank_tol", 11, matrix_rank, kRestriction},
    {"svd", 11, svd, kRestriction, kSigns},
    {"svdvals", 11, svdvals, kRestriction},
};

}  // namespace

extern const MapperTable kEigenvalueMappers = kEntries;

}  // namespace paddle2onnx
