// Systems of linear equations and decompositions. ONNX has none of them: matrices of a known size are taken apart row
// by row, in as many nodes as the size asks for.
#include "mapper/decompositions.h"

#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

constexpr int64_t kLargest = 64;
constexpr std::string_view kRestriction = "matrices whose size is not known or above 64";

int64_t unrolled(const OpContext& op, int64_t size) {
  if (size < 1 || size > kLargest)
    op.fail("a matrix whose size is not known or above " + std::to_string(kLargest), "ONNX has no operator for it");
  return size;
}

// A part of the last two dimensions.
Value block(Builder& g, Value x, int64_t row, int64_t row_end, int64_t column, int64_t column_end) {
  return g.slice(x, {row, column}, {row_end, column_end}, {x.rank() - 2, x.rank() - 1});
}
Value row_of(Builder& g, Value x, int64_t row) { return block(g, x, row, row + 1, 0, kToTheEnd); }
Value rows_from(Builder& g, Value x, int64_t row) { return block(g, x, row, kToTheEnd, 0, kToTheEnd); }
Value column_of(Builder& g, Value x, int64_t column) { return block(g, x, 0, kToTheEnd, column, column + 1); }

Value transposed(Builder& g, Value x) {
  Ints perm = count_from(0, x.rank());
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return g.transpose(x, perm);
}

// The row with the number `place` (int64 [.., 1, 1]) among the `count` rows of x.
struct Pivot {
  Value here;  // bool [.., rows, 1]
  Value row;   // [.., 1, columns]
};

Pivot pick_row(Builder& g, Value x, int64_t count, Value place) {
  const Value numbers = g.unsqueeze(g.ints(count_from(0, count)), {1});
  const Value here = g.equal(numbers, place);
  const Value alone = g.where(here, x, g.scalar(0, x.dtype()));
  return {here, g.reduce("ReduceSum", alone, Ints{alone.rank() - 2}, true)};
}

// Where the largest number of a column [.., rows, 1] stands, [.., 1, 1].
Value place_of_largest(Builder& g, Value column) {
  Dims dims = *column.dims();
  dims[dims.size() - 2] = 1;
  return g.node("ArgMax", {g.abs(column)}, {{"axis", column.rank() - 2}, {"keepdims", int64_t{1}}},
                {DType::kInt64, std::move(dims)});
}

// L · X = B of a lower triangle, from the first row; of an upper one, from the last.
Value substitution(OpContext& op, Value a, Value b, bool upper, bool unit) {
  Builder& g = op.graph();
  const int64_t n = unrolled_size(op, a);
  std::vector<Value> rows(static_cast<size_t>(n));
  for (int64_t step = 0; step < n; ++step) {
    const int64_t i = upper ? n - 1 - step : step;
    // b holds the rows that are not solved yet.
    const int64_t at = upper ? n - 1 - step : 0;
    Value row = row_of(g, b, at);
    if (!unit) row = g.div(row, block(g, a, i, i + 1, i, i + 1));
    rows[static_cast<size_t>(i)] = row;
    if (step + 1 == n) break;
    const Value others = upper ? block(g, b, 0, at, 0, kToTheEnd) : rows_from(g, b, 1);
    const Value column = upper ? block(g, a, 0, i, i, i + 1) : block(g, a, i + 1, kToTheEnd, i, i + 1);
    b = g.sub(others, g.mul(column, row));
  }
  return g.concat(rows, rows.front().rank() - 2);
}

}  // namespace

int64_t unrolled_size(const OpContext& op, Value matrices) {
  if (rank_of(op, matrices) < 2) op.fail("a matrix of rank " + std::to_string(matrices.rank()));
  if (matrices.dim(-1) >= 0 && matrices.dim(-2) >= 0 && matrices.dim(-1) != matrices.dim(-2))
    op.fail("matrices that are not square");
  return unrolled(op, matrices.dim(-1) >= 0 ? matrices.dim(-1) : matrices.dim(-2));
}

Value solution(OpContext& op, Value a, Value b) {
  Builder& g = op.graph();
  const int64_t n = unrolled_size(op, a);
  std::vector<Value> upper;       // the rows of the triangle, [.., 1, n - j]
  std::vector<Value> right_side;  // [.., 1, k]
  for (int64_t j = 0; j < n; ++j) {
    const Value place = place_of_largest(g, column_of(g, a, 0));
    const Pivot pivot = pick_row(g, a, n - j, place);
    const Pivot right = pick_row(g, b, n - j, place);
    upper.push_back(pivot.row);
    right_side.push_back(right.row);
    if (j + 1 == n) break;
    // The first row moves to the pivot's place.
    a = rows_from(g, g.where(pivot.here, row_of(g, a, 0), a), 1);
    b = rows_from(g, g.where(right.here, row_of(g, b, 0), b), 1);
    const Value factor = g.div(column_of(g, a, 0), column_of(g, pivot.row, 0));
    a = block(g, g.sub(a, g.mul(factor, pivot.row)), 0, kToTheEnd, 1, kToTheEnd);
    b = g.sub(b, g.mul(factor, right.row));
  }
  Value x;
  for (int64_t j = n - 1; j >= 0; --j) {
    const Value row = upper[static_cast<size_t>(j)];
    Value rest = right_side[static_cast<size_t>(j)];
    if (x) rest = g.sub(rest, g.matmul(block(g, row, 0, kToTheEnd, 1, kToTheEnd), x));
    const Value found = g.div(rest, column_of(g, row, 0));
    x = x ? g.concat({found, x}, found.rank() - 2) : found;
  }
  return x;
}

namespace {

// A right side of one dimension is a vector, and one of the matrices' shape without the last dimension a batch of them.
bool are_vectors(OpContext& op, Value a, Value b) {
  if (rank_of(op, b) == 1) return true;
  if (b.rank() != rank_of(op, a) - 1) return false;
  bool certain = true;
  for (int64_t i = 0; i < b.rank(); ++i) {
    if (a.dim(i) >= 0 && b.dim(i) >= 0 && a.dim(i) != b.dim(i)) return false;
    certain &= (a.dim(i) < 0) == (b.dim(i) < 0);
  }
  // Paddle's kernel compares when it runs. What may be either, a matrix for a batch of open size, is what it looks
  // like.
  const bool fits_as_matrix = b.rank() >= 2 && b.dim(-2) >= 0 && b.dim(-2) == a.dim(-1);
  return certain || !fits_as_matrix;
}

void solve(OpContext& op) {
  Builder& g = op.graph();
  const Value a = op.in("x");
  const Value b = op.in("y");
  const bool vector = are_vectors(op, a, b);
  const Value x = solution(op, a, vector ? g.unsqueeze(b, {b.rank()}) : b);
  op.out("out", vector ? g.squeeze(x, {x.rank() - 1}) : x);
}

void triangular_solve(OpContext& op) {
  Builder& g = op.graph();
  Value a = op.in("x");
  bool upper = op.attr<bool>("upper", true);
  rank_of(op, a);
  if (op.attr<bool>("transpose", false)) {
    a = transposed(g, a);
    upper = !upper;
  }
  op.out("out", substitution(op, a, op.in("y"), upper, op.attr<bool>("unitriangular", false)));
}

// L · Lᵀ · X = B, or Uᵀ · U · X = B
void cholesky_solve(OpContext& op) {
  Builder& g = op.graph();
  const Value factor = op.in("y");
  rank_of(op, factor);
  const bool upper = op.attr<bool>("upper", false);
  const Value other = transposed(g, factor);
  const Value lower = upper ? other : factor;
  const Value half = substitution(op, lower, op.in("x"), false, false);
  op.out("out", substitution(op, upper ? factor : other, half, true, false));
}

// A = L · Lᵀ from the lower triangle, column by column; or A = Uᵀ · U from the upper one.
void cholesky(OpContext& op) {
  Builder& g = op.graph();
  Value a = op.in("x");
  const int64_t n = unrolled_size(op, a);
  const bool upper = op.attr<bool>("upper", false);
  if (upper) a = transposed(g, a);
  std::vector<Value> columns;
  for (int64_t j = 0; j < n; ++j) {
    const Value column = g.div(column_of(g, a, 0), g.sqrt(block(g, a, 0, 1, 0, 1)));
    Ints pads(static_cast<size_t>(2 * a.rank()), 0);
    pads[static_cast<size_t>(a.rank() - 2)] = j;
    columns.push_back(j == 0 ? column : g.pad(column, g.ints(pads)));
    if (j + 1 == n) break;
    const Value below = rows_from(g, column, 1);
    a = g.sub(block(g, a, 1, kToTheEnd, 1, kToTheEnd), g.mul(below, transposed(g, below)));
  }
  const Value l = g.concat(columns, a.rank() - 1);
  op.out("out", upper ? transposed(g, l) : l);
}

// Rows and columns of a matrix by number, for masks: [n, 1] and [n].
Value row_numbers(Builder& g, int64_t n) { return g.unsqueeze(g.ints(count_from(0, n)), {1}); }
Value column_numbers(Builder& g, int64_t n) { return g.ints(count_from(0, n)); }

// P · A = L · U in one matrix, as LAPACK does: in column j the largest element on or below the diagonal comes up.
void lu(OpContext& op) {
  Builder& g = op.graph();
  Value a = op.in("x");
  if (rank_of(op, a) < 2) op.fail("a matrix of rank " + std::to_string(a.rank()));
  if (!op.attr<bool>("pivot", true)) op.fail("without pivoting");
  const int64_t m = unrolled(op, a.dim(-2));
  const int64_t n = unrolled(op, a.dim(-1));
  const Value zero = g.scalar(0, a.dtype());
  const Value rows = row_numbers(g, m);
  const Value columns = column_numbers(g, n);
  std::vector<Value> pivots;
  for (int64_t j = 0; j < std::min(m, n); ++j) {
    const Value candidates = g.where(g.less(rows, g.scalar_i64(j)), zero, column_of(g, a, j));
    // Of nothing but zeros, the first is above the diagonal.
    const Value largest = place_of_largest(g, candidates);
    const Value place = g.where(g.less(largest, g.scalar_i64(j)), g.scalar_i64(j), largest);
    const Pivot pivot = pick_row(g, a, m, place);
    pivots.push_back(g.squeeze(place, {a.rank() - 1}));
    a = g.where(pivot.here, row_of(g, a, j), a);
    a = g.where(g.equal(rows, g.scalar_i64(j)), pivot.row, a);
    const Value below = g.less(g.scalar_i64(j), rows);
    const Value diagonal = column_of(g, pivot.row, j);
    const Value divisor = g.where(g.greater(g.abs(diagonal), zero), diagonal, g.scalar(1, a.dtype()));
    const Value factor = g.where(below, g.div(column_of(g, a, j), divisor), zero);
    const Value behind = g.where(g.less(g.scalar_i64(j), columns), pivot.row, zero);
    const Value here = g.logical_and(below, g.equal(columns, g.scalar_i64(j)));
    a = g.where(here, factor, g.sub(a, g.mul(factor, behind)));
  }
  op.out("out", a);
  const Value places = g.concat(pivots, pivots.front().rank() - 1);
  op.out("pivots", g.cast(g.add(places, g.scalar_i64(1)), DType::kInt32));
  if (op.wants("infos")) {
    std::vector<Value> batch;
    for (int64_t i = 0; i + 2 < a.rank(); ++i) batch.push_back(g.dim(a, i));
    // Of one matrix, Paddle 2 gives a list of one.
    const Value zero_info = g.scalar(0, DType::kInt32);
    const bool list = op.out_dims("infos").value_or(Dims{}).size() == 1;
    if (batch.empty() && list) batch.push_back(g.ints({1}));
    op.out("infos", batch.empty() ? zero_info : g.expand(zero_info, g.concat_ints(batch)));
  }
}

// Rows of x exchanged as the pivots tell, first to last: row i with row pivots[i] - 1.
Value exchanged(Builder& g, Value x, Value pivots) {
  const int64_t n = x.dim(-2) >= 0 ? x.dim(-2) : pivots.dim(-1);
  const Value rows = row_numbers(g, n);
  const Value places = g.unsqueeze(g.sub(g.cast(pivots, DType::kInt64), g.scalar_i64(1)), {-1});
  for (int64_t i = 0; i < pivots.dim(-1); ++i) {
    const Pivot pivot = pick_row(g, x, n, row_of(g, places, i));
    x = g.where(pivot.here, row_of(g, x, i), x);
    x = g.where(g.equal(rows, g.scalar_i64(i)), pivot.row, x);
  }
  return x;
}

Value identity_matrix(Builder& g, int64_t n, DType dtype) {
  std::vector<double> numbers(static_cast<size_t>(n * n), 0.0);
  for (int64_t i = 0; i < n; ++i) numbers[static_cast<size_t>(i * n + i)] = 1.0;
  return g.constant(from_doubles(dtype, {n, n}, numbers));
}

// A = P · L · U of the matrix that lu gives.
void lu_unpack(OpContext& op) {
  Builder& g = op.graph();
  const Value a = op.in("x");
  const Value pivots = op.in("y");
  if (rank_of(op, a) < 2) op.fail("a matrix of rank " + std::to_string(a.rank()));
  const int64_t m = unrolled(op, a.dim(-2));
  const int64_t n = unrolled(op, a.dim(-1));
  const int64_t k = std::min(m, n);
  unrolled(op, pivots.dim(-1));
  const Value zero = g.scalar(0, a.dtype());
  if (op.wants("l")) {
    const Value below = g.less(column_numbers(g, k), row_numbers(g, m));
    const Value ones = g.cast(g.equal(column_numbers(g, k), row_numbers(g, m)), a.dtype());
    op.out("l", g.add(g.where(below, block(g, a, 0, m, 0, k), zero), ones));
  }
  if (op.wants("u")) {
    const Value below = g.less(column_numbers(g, n), row_numbers(g, k));
    op.out("u", g.where(below, zero, block(g, a, 0, k, 0, n)));
  }
  if (op.wants("pmat")) op.out("pmat", transposed(g, exchanged(g, identity_matrix(g, m, a.dtype()), pivots)));
}

// A · X = B, or Aᵀ · X = B, of the matrix and the pivots that lu gives.
void lu_solve(OpContext& op) {
  Builder& g = op.graph();
  const Value a = op.in("lu");
  const Value b = op.in("b");
  const Value pivots = op.in("pivots");
  const int64_t n = unrolled_size(op, a);
  unrolled(op, pivots.dim(-1));
  const auto trans = op.attr<std::string>("trans", "N");
  if (trans == "N") {
    const Value half = substitution(op, a, exchanged(g, b, pivots), false, true);
    return op.out("out", substitution(op, a, half, true, false));
  }
  const Value t = transposed(g, a);
  const Value half = substitution(op, t, b, false, false);
  const Value x = substitution(op, t, half, true, true);
  // The exchanges undone: the transposed permutation.
  const Value permutation = exchanged(g, identity_matrix(g, n, a.dtype()), pivots);
  op.out("out", g.matmul(transposed(g, permutation), x));
}

// A = Q · R by Householder's reflections, with LAPACK's signs: column j is reflected to -sign(first element) · its
// norm, and stays if nothing but that element is there.
void qr(OpContext& op) {
  Builder& g = op.graph();
  const Value a = op.in("x");
  if (rank_of(op, a) < 2) op.fail("a matrix of rank " + std::to_string(a.rank()));
  const int64_t m = unrolled(op, a.dim(-2));
  const int64_t n = unrolled(op, a.dim(-1));
  const int64_t k = std::min(m, n);
  const auto mode = op.attr<std::string>("mode", "reduced");
  if (mode != "reduced" && mode != "complete" && mode != "r") op.fail("the mode '" + mode + "'");
  const DType dtype = a.dtype();
  const Value zero = g.scalar(0, dtype);
  const Value one = g.scalar(1, dtype);
  const Value rows = row_numbers(g, m);
  Value r = a;
  Value q = identity_matrix(g, m, dtype);
  const int64_t axis = a.rank() - 2;
  for (int64_t j = 0; j < k && j + 1 < m; ++j) {
    const Value column = column_of(g, r, j);
    const Value first = block(g, r, j, j + 1, j, j + 1);
    const Value below = g.where(g.less(g.scalar_i64(j), rows), column, zero);
    const Value rest = g.reduce("ReduceSumSquare", below, Ints{axis}, true);
    const Value norm = g.sqrt(g.add(rest, g.mul(first, first)));
    const Value reflected = g.where(g.less(first, zero), norm, g.neg(norm));
    const Value v = g.where(g.equal(rows, g.scalar_i64(j)), g.sub(first, reflected), below);
    const Value size = g.reduce("ReduceSumSquare", v, Ints{axis}, true);
    const Value stays = g.logical_not(g.greater(rest, zero));
    const Value factor = g.where(stays, zero, g.div(g.scalar(2, dtype), g.where(stays, one, size)));
    const Value scaled = g.mul(v, factor);
    r = g.sub(r, g.mul(scaled, g.matmul(transposed(g, v), r)));
    q = g.sub(q, g.mul(g.matmul(q, v), transposed(g, scaled)));
  }
  const bool whole = mode == "complete";
  const int64_t height = whole ? m : k;
  const Value under = g.less(column_numbers(g, n), row_numbers(g, height));
  op.out("r", g.where(under, zero, block(g, r, 0, height, 0, n)));
  if (mode != "r" && op.wants("q")) op.out("q", block(g, q, 0, m, 0, height));
}

constexpr MapperEntry kEntries[] = {
    {"cholesky", 7, cholesky, kRestriction},
    {"cholesky_solve", 7, cholesky_solve, kRestriction},
    {"lu", 9, lu, kRestriction},
    {"lu_solve", 9, lu_solve, kRestriction},
    {"lu_unpack", 9, lu_unpack, kRestriction},
    {"qr", 9, qr, kRestriction},
    {"solve", 9, solve, kRestriction},
    {"triangular_solve", 7, triangular_solve, kRestriction},
};

}  // namespace

extern const MapperTable kDecompositionMappers = kEntries;

}  // namespace paddle2onnx
