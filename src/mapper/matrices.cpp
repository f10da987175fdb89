// Matrices by their diagonals: identity, triangles, vectors laid on a diagonal and read from it.
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// column - row of each place of a matrix, int64 [rows, columns]; both sizes are int64 [1].
Value distance_from_diagonal(Builder& g, Value rows, Value columns) {
  return g.sub(g.unsqueeze(positions(g, columns), {0}), g.unsqueeze(positions(g, rows), {1}));
}

void eye(OpContext& op) {
  Builder& g = op.graph();
  const DType dtype = dtype_or(op, DType::kFloat32);
  const Value rows = g.reshape(op.scalar_value("num_rows", DType::kInt64), Ints{1});
  const bool square = !op.has_number("num_columns") || op.scalar("num_columns").number.value_or(0) < 0;
  const Value columns = square ? rows : g.reshape(op.scalar_value("num_columns", DType::kInt64), Ints{1});
  op.out("out", g.cast(g.equal(distance_from_diagonal(g, rows, columns), g.scalar_i64(0)), dtype));
}

// The part on and below the diagonal (lower), or on and above it; zeros elsewhere.
void keep_triangle(OpContext& op, bool lower) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (rank_of(op, x) < 2) op.fail("a triangle of a tensor of rank " + std::to_string(x.rank()));
  const Value distance = distance_from_diagonal(g, g.dim(x, -2), g.dim(x, -1));
  const Value diagonal = g.scalar_i64(op.attr<int64_t>("diagonal", 0));
  // No Greater and Less of integers below 9, but the same question can be asked of a constant.
  const Value outside = lower ? g.less(diagonal, distance) : g.less(distance, diagonal);
  op.out("out", g.where(outside, g.scalar(0, x.dtype()), x));
}

void tril_triu_decomposed(OpContext& op) { keep_triangle(op, op.attr<bool>("lower", false)); }
void tril_decomposed(OpContext& op) { keep_triangle(op, true); }
void triu_decomposed(OpContext& op) { keep_triangle(op, false); }

void trilu(OpContext& op, bool lower) {
  Builder& g = op.graph();
  const Value diagonal = g.scalar_i64(op.attr<int64_t>("diagonal", 0));
  op.out("out", g.node("Trilu", {op.in("x"), diagonal}, {{"upper", int64_t{!lower}}}));
}

void tril_triu(OpContext& op) { trilu(op, op.attr<bool>("lower", false)); }
void tril(OpContext& op) { trilu(op, true); }
void triu(OpContext& op) { trilu(op, false); }

// The last dimension of x becomes the diagonal of matrices (the last two dimensions); `padding` elsewhere.
Value on_diagonal(OpContext& op, Value x, int64_t offset, Value padding) {
  Builder& g = op.graph();
  const int64_t away = std::abs(offset);
  const Value size = g.add(g.dim(x, -1), g.ints({away}));
  if (away > 0) {
    // Above the diagonal a row holds x's element of its own number, below it a column does.
    Ints dims(x.dims()->begin(), x.dims()->end());
    std::vector<Value> shape;
    for (int64_t i = 0; i + 1 < x.rank(); ++i) shape.push_back(g.dim(x, i));
    shape.push_back(g.ints({away}));
    x = g.concat({x, g.expand(g.scalar(0, x.dtype()), g.concat_ints(shape))}, x.rank() - 1);
  }
  const Value spread = g.unsqueeze(x, {offset >= 0 ? x.rank() : x.rank() - 1});
  const Value here = g.equal(distance_from_diagonal(g, size, size), g.scalar_i64(offset));
  return g.where(here, spread, padding);
}

// The diagonals of the last two dimensions: in the flattened matrix every (columns + 1)-th element.
Value diagonal_of(OpContext& op, Value x, int64_t offset) {
  Builder& g = op.graph();
  const int64_t rank = x.rank();
  // Away from the main diagonal: drop the columns before it, or the rows above it.
  x = g.slice(x, Ints{std::abs(offset)}, Ints{kToTheEnd}, Ints{offset >= 0 ? rank - 1 : rank - 2});
  const Value columns = g.dim(x, -1);
  // Rows below the last column would begin another diagonal.
  x = g.slice(x, g.ints({0}), columns, g.ints({rank - 2}));
  std::vector<Value> shape;
  for (int64_t i = 0; i < rank - 2; ++i) shape.push_back(g.dim(x, i));
  shape.push_back(g.mul(g.dim(x, -2), columns));
  const Value flat = g.reshape(x, g.concat_ints(shape));
  return g.slice(flat, g.ints({0}), g.ints({kToTheEnd}), g.ints({rank - 2}), g.add(columns, g.ints({1})));
}

// The axes 0 … rank - 1 with two of them last.
Ints with_last(int64_t rank, int64_t first, int64_t second) {
  Ints perm;
  for (int64_t i = 0; i < rank; ++i) {
    if (i != first && i != second) perm.push_back(i);
  }
  perm.insert(perm.end(), {first, second});
  return perm;
}

Ints inverse(const Ints& perm) {
  Ints result(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) result[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  return result;
}

// Paddle declares nonsense for the diagonals of unknown dimensions.
void diagonal(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const int64_t first = normalize_axis(op, op.attr<int64_t>("axis1", 0), rank);
  const int64_t second = normalize_axis(op, op.attr<int64_t>("axis2", 1), rank);
  op.out_as_computed("out",
                     diagonal_of(op, g.transpose(x, with_last(rank, first, second)), op.attr<int64_t>("offset", 0)));
}

// The sum of the diagonal. Up to 3.0 Paddle took the lower of the two axes for the rows, in whichever order they were
// given.
void trace(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  int64_t rows = normalize_axis(op, op.attr<int64_t>("axis1", 0), rank);
  int64_t columns = normalize_axis(op, op.attr<int64_t>("axis2", 1), rank);
  if (op.attr<bool>("lower_axis_is_rows", false) && rows > columns) std::swap(rows, columns);
  const Value matrices = g.transpose(x, with_last(rank, rows, columns));
  const Value diagonal = diagonal_of(op, matrices, op.attr<int64_t>("offset", 0));
  op.out("out", g.reduce("ReduceSum", diagonal, Ints{rank - 2}, false));
}

// A vector becomes a matrix, a matrix gives its diagonal.
void diag(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const int64_t offset = op.attr<int64_t>("offset", 0);
  if (rank_of(op, x) == 2) return op.out_as_computed("out", diagonal_of(op, x, offset));
  if (x.rank() == 0) x = g.reshape(x, Ints{1});
  op.out_as_computed("out", on_diagonal(op, x, offset, g.scalar(op.attr<double>("padding_value", 0), x.dtype())));
}

void diag_embed(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  const int64_t rank = rank_of(op, x) + 1;
  const int64_t first = normalize_axis(op, op.attr<int64_t>("dim1", -2), rank);
  const int64_t second = normalize_axis(op, op.attr<int64_t>("dim2", -1), rank);
  const Value matrices = on_diagonal(op, x, op.attr<int64_t>("offset", 0), g.scalar(0, x.dtype()));
  op.out_as_computed("out", g.transpose(matrices, inverse(with_last(rank, first, second))));
}

// Row and column numbers of the lower or upper triangle, [2, n].
void triangle_indices(OpContext& op, std::string_view rows_name, std::string_view columns_name, bool lower) {
  const auto rows = op.attr<int64_t>(rows_name);
  const auto columns = op.attr<int64_t>(columns_name);
  const auto offset = op.attr<int64_t>("offset", 0);
  Ints first;
  Ints second;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      if (lower ? column - row > offset : column - row < offset) continue;
      first.push_back(row);
      second.push_back(column);
    }
  }
  const auto count = static_cast<int64_t>(first.size());
  first.insert(first.end(), second.begin(), second.end());
  op.out("out", op.graph().constant(from_ints(dtype_or(op, DType::kInt64), {2, count}, first)));
}

void tril_indices(OpContext& op) { triangle_indices(op, "rows", "cols", true); }
void triu_indices(OpContext& op) { triangle_indices(op, "row", "col", false); }

// `value` on the diagonal of a matrix, or where all indices of a tensor of more dimensions are equal. Paddle walks the
// elements' numbers in steps of one more along every dimension, shifted by `offset` within the row; without wrap it
// stops behind as many rows as there are columns.
void fill_diagonal(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  if (rank < 2) op.fail("the diagonal of a tensor of rank " + std::to_string(rank));
  const int64_t offset = op.attr<int64_t>("offset", 0);
  const Value zero = g.ints({0});
  const Value columns = g.dim(x, 1);
  Value stride = g.ints({1});
  Value below = g.ints({1});  // elements that one step along a dimension passes
  for (int64_t axis = rank - 1; axis > 0; --axis) {
    below = g.mul(below, g.dim(x, axis));
    stride = g.add(stride, below);
  }
  const Value start = g.sub(element_numbers(g, x), g.ints({offset}));
  const Value shifted = g.add(g.node("Mod", {start, columns}), g.ints({offset}));
  Value here = g.equal(g.node("Mod", {start, stride}), zero);
  for (const Value& outside : {g.less(start, zero), g.less(shifted, zero)})
    here = g.logical_and(here, g.logical_not(outside));
  here = g.logical_and(here, g.less(shifted, columns));
  if (!op.attr<bool>("wrap", false)) here = g.logical_and(here, g.less(start, g.mul(columns, columns)));
  op.out("out", g.where(here, g.scalar(op.attr<double>("value", 0), x.dtype()), x));
}

// y on the diagonals that diagonal would read.
void fill_diagonal_tensor(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const int64_t first = normalize_axis(op, op.attr<int64_t>("dim1", 0), rank);
  const int64_t second = normalize_axis(op, op.attr<int64_t>("dim2", 1), rank);
  const Value numbers = g.transpose(element_numbers(g, x), with_last(rank, first, second));
  const Value places = diagonal_of(op, numbers, op.attr<int64_t>("offset", 0));
  const Value flat =
      g.node("ScatterElements", {g.flatten_to_1d(x), g.flatten_to_1d(places), g.flatten_to_1d(op.in("y"))},
             {{"axis", int64_t{0}}});
  op.out("out", g.reshape(flat, g.shape(x)));
}

constexpr MapperEntry kEntries[] = {
    {"eye", 7, eye},
    {"tril_triu", 7, tril_triu_decomposed},
    {"tril_triu", 14, tril_triu},
    {"tril", 7, tril_decomposed},
    {"tril", 14, tril},
    {"triu", 7, triu_decomposed},
    {"triu", 14, triu},
    {"diag", 9, diag},
    {"diagonal", 10, diagonal},
    {"diag_embed", 9, diag_embed},
    {"trace", 10, trace},
    {"tril_indices", 7, tril_indices},
    {"triu_indices", 7, triu_indices},
    {"fill_diagonal", 9, fill_diagonal},
    {"fill_diagonal_tensor", 11, fill_diagonal_tensor},
};

}  // namespace

extern const MapperTable kMatrixMappers = kEntries;

}  // namespace paddle2onnx
