// Matrix products and embeddings.
#include <cmath>
#include <limits>
#include <numeric>

#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();

void need_rank(const OpContext& op, Value x, std::string_view name) {
  if (!x.has_rank()) op.fail("the rank of operand '" + std::string(name) + "' is not known");
}

// x with its last two dimensions exchanged.
Value transpose_matrix(Builder& g, Value x) {
  Ints perm(static_cast<size_t>(x.rank()));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return g.transpose(x, perm);
}

Value multiplied(OpContext& op, Value x, double factor) {
  Builder& g = op.graph();
  return factor == 1.0 ? x : g.mul(x, g.scalar(factor, x.dtype()));
}

// A product of matrices, numpy's rules: vectors are rows on the left and columns on the right, and are not transposed.
void matmul(OpContext& op) {
  Builder& g = op.graph();
  const auto operand = [&](std::string_view name, std::string_view flag) {
    const Value x = op.in(name);
    if (!op.attr<bool>(flag, false)) return x;
    need_rank(op, x, name);
    return x.rank() < 2 ? x : transpose_matrix(g, x);
  };
  op.out("out", g.matmul(operand("x", "transpose_x"), operand("y", "transpose_y")));
}

// The matrix product of 1.x: alpha · X' · Y'. A vector is a row on the left and a column on the right, and can be
// transposed; batches are equal in number, or one side has none.
void legacy_matmul(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = op.in("y");
  need_rank(op, x, "x");
  need_rank(op, y, "y");
  const bool row = x.rank() == 1;
  const bool column = y.rank() == 1;
  if (row) x = g.unsqueeze(x, {0});
  if (column) y = g.unsqueeze(y, {1});
  if (op.attr<bool>("transpose_x", false)) x = transpose_matrix(g, x);
  if (op.attr<bool>("transpose_y", false)) y = transpose_matrix(g, y);
  // As many batches in another arrangement: the result has x's.
  if (x.rank() > 2 && y.rank() > 2 && (x.rank() != y.rank() || (x.is_static() && y.is_static()))) {
    const Ints batch(x.dims()->begin(), x.dims()->end() - 2);
    if (batch != Ints(y.dims()->begin(), y.dims()->end() - 2)) {
      std::vector<Value> shape;
      for (int64_t i = 0; i + 2 < x.rank(); ++i) shape.push_back(g.dim(x, i));
      shape.push_back(g.dim(y, -2));
      shape.push_back(g.dim(y, -1));
      y = g.reshape(y, g.concat_ints(shape));
    }
  }
  Value out;
  if (const int64_t heads = op.attr<int64_t>("head_number", 1); heads > 1) {
    // Head i multiplies the i-th part of x's columns with the i-th part of y's rows; the results stand side by side.
    const int64_t inner = x.dim(-1);
    if (inner < 0 || inner % heads != 0 || x.rank() > 3 || y.rank() > 3 || y.dim(-2) != inner || y.dim(-1) < 0)
      op.fail("head_number " + std::to_string(heads) + " with these shapes");
    const auto zeros = [](Value v) { return Ints(static_cast<size_t>(v.rank() - 2), 0); };
    Ints split_columns = zeros(x);
    for (const int64_t d : {int64_t{0}, heads, inner / heads}) split_columns.push_back(d);
    Ints split_rows = zeros(y);
    for (const int64_t d : {heads, inner / heads, y.dim(-1)}) split_rows.push_back(d);
    const bool batched = x.rank() == 3;
    const Ints heads_first = batched ? Ints{0, 2, 1, 3} : Ints{1, 0, 2};
    out = g.matmul(g.transpose(g.reshape(x, split_columns), heads_first), g.reshape(y, split_rows));
    const bool out_batched = out.rank() == 4;
    out = g.transpose(out, out_batched ? Ints{0, 2, 1, 3} : Ints{1, 0, 2});
    out = g.reshape(out, out_batched ? Ints{0, 0, heads * y.dim(-1)} : Ints{0, heads * y.dim(-1)});
  } else {
    out = g.matmul(x, y);
  }
  out = multiplied(op, out, op.attr<double>("alpha", 1.0));
  // Only a dimension of 1 that a vector brought in goes away; two vectors give one element, not a scalar.
  if (row && out.dim(-2) == 1) {
    out = g.squeeze(out, {-2});
    if (column && out.dim(-1) == 1) return op.out("out", out);
  } else if (column && out.dim(-1) == 1) {
    out = g.squeeze(out, {-1});
  }
  op.out("out", out);
}

// x as a matrix whose rows are its first `rows` dimensions and whose columns are the others.
Value as_matrix(OpContext& op, Value x, int64_t rows, std::string_view name) {
  Builder& g = op.graph();
  need_rank(op, x, name);
  if (rows < 1 || rows >= x.rank())
    op.fail("operand '" + std::string(name) + "' of rank " + std::to_string(x.rank()) + " cannot be cut at dimension " +
            std::to_string(rows));
  if (x.rank() == 2) return x;
  const Ints& dims = *x.dims();
  const auto columns = element_count(std::span(dims).subspan(static_cast<size_t>(rows)));
  if (columns && *columns > 0) return g.reshape(x, Ints{-1, *columns});
  const auto height = element_count(std::span(dims).first(static_cast<size_t>(rows)));
  if (height && *height > 0) return g.reshape(x, Ints{*height, -1});
  const Dims unknown = {-1, -1};
  return g.node("Flatten", {x}, {{"axis", rows}}, {x.dtype(), unknown});
}

// x · w, where x's dimensions from `rows` on are flattened and w is a matrix. The others are kept.
Value product_with_weight(OpContext& op, Value x, int64_t rows, Value w) {
  Builder& g = op.graph();
  need_rank(op, x, "x");
  if (rows < 1 || rows >= x.rank())
    op.fail("an operand of rank " + std::to_string(x.rank()) + " cannot be cut at dimension " + std::to_string(rows));
  if (rows < x.rank() - 1) {
    Ints shape(static_cast<size_t>(rows), 0);
    const auto columns = element_count(std::span(*x.dims()).subspan(static_cast<size_t>(rows)));
    shape.push_back(columns.value_or(w.dim(0)));
    x = g.reshape(x, shape);
  }
  return g.matmul(x, w);
}

// Both operands flattened to matrices; the result has the dimensions of x before the cut and those of y behind it.
void matmul_with_flatten(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("y");
  const int64_t x_rows = op.attr<int64_t>("x_num_col_dims", 1);
  const int64_t y_rows = op.attr<int64_t>("y_num_col_dims", 1);
  const Value product = product_with_weight(op, x, x_rows, as_matrix(op, y, y_rows, "y"));
  if (y_rows == y.rank() - 1 && y_rows == 1) return op.out("out", product);
  std::vector<Value> shape;
  for (int64_t i = 0; i < x_rows; ++i) shape.push_back(g.dim(x, i));
  for (int64_t i = y_rows; i < y.rank(); ++i) shape.push_back(g.dim(y, i));
  op.out("out", g.reshape(product, g.concat_ints(shape)));
}

// activation(x · w + bias)
void fc(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  Value w = op.in("w");
  // Rows and columns that only pad the weight's memory.
  if (op.attr<bool>("padding_weights", false)) w = g.slice(w, {0, 0}, {-4, -4}, {0, 1});
  Value out = product_with_weight(op, x, op.attr<int64_t>("in_num_col_dims", 1), w);
  if (Value bias = op.in_or_none("bias")) out = g.add(out, bias.rank() == 1 ? bias : g.reshape(bias, Ints{-1}));
  const auto activation = op.attr<std::string>("activation_type", "");
  if (activation == "relu") {
    out = g.relu(out);
  } else if (!activation.empty()) {
    op.fail("activation_type '" + activation + "', which Paddle's kernel does not know");
  }
  op.out("out", out);
}

void bmm(OpContext& op) { op.out("out", op.graph().matmul(op.in("x"), op.in("y"))); }

void mv(OpContext& op) { op.out("out", op.graph().matmul(op.in("x"), op.in("vec"))); }

// Σ x · y over the last dimension.
void dot(OpContext& op) {
  Builder& g = op.graph();
  op.out("out", g.reduce("ReduceSum", g.mul(op.in("x"), op.in("y")), Ints{-1}, false));
}

// beta · input + alpha · (x · y)
void addmm(OpContext& op) {
  Builder& g = op.graph();
  const Value product = multiplied(op, g.matmul(op.in("x"), op.in("y")), op.attr<double>("alpha", 1.0));
  op.out("out", g.add(multiplied(op, op.in("input"), op.attr<double>("beta", 1.0)), product));
}

void multi_dot(OpContext& op) {
  const std::vector<Value> matrices = op.ins("x");
  if (matrices.empty()) op.fail("no operands");
  Value out = matrices.front();
  for (size_t i = 1; i < matrices.size(); ++i) out = op.graph().matmul(out, matrices[i]);
  op.out("out", out);
}

// Every element of x times y as a block: dimensions of x and y are interleaved, multiplied, and joined in pairs.
void kron(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = op.in("y");
  need_rank(op, x, "x");
  need_rank(op, y, "y");
  const int64_t rank = std::max(x.rank(), y.rank());
  const auto leading_ones = [&](Value v) {
    Ints axes(static_cast<size_t>(rank - v.rank()));
    std::iota(axes.begin(), axes.end(), 0);
    return g.unsqueeze(v, axes);
  };
  x = leading_ones(x);
  y = leading_ones(y);
  Ints even;
  Ints odd;
  std::vector<Value> shape;
  for (int64_t i = 0; i < rank; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
    shape.push_back(g.mul(g.dim(x, i), g.dim(y, i)));
  }
  const Value blocks = g.mul(g.unsqueeze(x, odd), g.unsqueeze(y, even));
  op.out("out", rank == 0 ? blocks : g.reshape(blocks, g.concat_ints(shape)));
}

// The vector product along an axis of 3 elements: (a₁b₂ - a₂b₁, a₂b₀ - a₀b₂, a₀b₁ - a₁b₀).
void cross(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("y");
  need_rank(op, x, "x");
  constexpr int64_t kFirstOfThree = 9;  // Paddle's default: the first axis that has three elements
  int64_t axis = op.attr<int64_t>("axis", kFirstOfThree);
  if (axis == kFirstOfThree) {
    const auto three = std::ranges::find(*x.dims(), 3);
    if (three == x.dims()->end()) op.fail("no axis is known to have three elements");
    axis = three - x.dims()->begin();
  }
  axis = normalize_axis(op, axis, x.rank());
  const Value next = g.ints({1, 2, 0});
  const Value last = g.ints({2, 0, 1});
  op.out("out", g.sub(g.mul(g.gather(x, next, axis), g.gather(y, last, axis)),
                      g.mul(g.gather(x, last, axis), g.gather(y, next, axis))));
}

// The p-norm of x - y as a scalar. p = 0 counts what differs.
void dist(OpContext& op) {
  Builder& g = op.graph();
  const Value distance = g.abs(g.sub(op.in("x"), op.in("y")));
  const auto number = [&](double value) { return g.scalar(value, distance.dtype()); };
  const auto reduce = [&](std::string_view with, Value v) { return g.reduce(with, v, std::nullopt, false); };
  const double p = op.attr<double>("p", 2.0);
  Value out;
  if (p == 0) {
    out = reduce("ReduceSum", g.cast(g.greater(distance, number(0)), distance.dtype()));
  } else if (std::isinf(p)) {
    out = reduce(p > 0 ? "ReduceMax" : "ReduceMin", distance);
  } else if (p == 1) {
    out = reduce("ReduceSum", distance);
  } else {
    out = g.pow(reduce("ReduceSum", g.pow(distance, number(p))), number(1 / p));
  }
  op.out("out", out);
}

// out[b, k] = xᵇ · Wₖ · yᵇ + bias[k]
void bilinear(OpContext& op) {
  Builder& g = op.graph();
  const Value rows = g.matmul(g.unsqueeze(op.in("x"), {0}), op.in("weight"));  // [k, b, n]
  Value out = g.transpose(g.reduce("ReduceSum", g.mul(rows, op.in("y")), Ints{-1}, false), {1, 0});
  if (Value bias = op.in_or_none("bias")) out = g.add(out, bias);
  op.out("out", out);
}

// xⁿ by repeated squaring.
void matrix_power(OpContext& op) {
  Builder& g = op.graph();
  Value power = op.in("x");
  auto n = op.attr<int64_t>("n");
  if (n < 0) op.fail("n " + std::to_string(n) + ": ONNX has no inverse of a matrix");
  if (n == 0) {
    // The identity, as often as there are matrices.
    const int64_t size = power.dim(-1);
    if (size < 0) op.fail("n 0 of a matrix whose size is not known");
    std::vector<double> numbers(static_cast<size_t>(size * size), 0.0);
    for (int64_t i = 0; i < size; ++i) numbers[static_cast<size_t>(i * size + i)] = 1.0;
    return op.out("out", g.expand(g.constant(from_doubles(power.dtype(), {size, size}, numbers)), g.shape(power)));
  }
  Value out;
  for (;; power = g.matmul(power, power)) {
    if (n % 2 == 1) out = out ? g.matmul(out, power) : power;
    n /= 2;
    if (n == 0) break;
  }
  op.out("out", out);
}

// {sign, ln |det|} of the determinant.
void slogdet(OpContext& op) {
  Builder& g = op.graph();
  const Value det = g.node("Det", {op.in("x")}, {}, {DType::kUndefined, op.out_dims("out")});
  const Value sign = g.node("Sign", {det});
  op.out("out", g.concat({g.unsqueeze(sign, {0}), g.unsqueeze(g.log(g.abs(det)), {0})}, 0));
}

// --- einsum
// -----------------------------------------------------------------------------------------------------------

// The equation with its result spelled out: without '->', the labels that occur once, in alphabetical order, behind the
// ellipsis.
std::string explicit_equation(const std::string& given) {
  std::string equation;
  std::ranges::copy_if(given, std::back_inserter(equation), [](char c) { return c != ' '; });
  if (equation.find("->") != std::string::npos) return equation;
  std::string once;
  for (const char label : equation) {
    if (std::isalpha(static_cast<unsigned char>(label)) != 0 && std::ranges::count(equation, label) == 1) once += label;
  }
  std::ranges::sort(once);
  return equation + "->" + (equation.find("...") != std::string::npos ? "..." : "") + once;
}

void einsum(OpContext& op) {
  const std::string equation = explicit_equation(op.attr<std::string>("equation"));
  const std::vector<Value> operands = op.ins("x");
  if (operands.empty()) op.fail("no operands");
  op.out("out",
         op.graph().node("Einsum", operands, {{"equation", equation}}, {operands.front().dtype(), op.out_dims("out")}));
}

// --- embeddings -----------------------------------------------------------------------------------------------------

// Rows of the weight. The row padding_idx gives zeros, whatever stands there.
Value look_up(OpContext& op, Value weight, Value ids) {
  Builder& g = op.graph();
  const int64_t padding = op.attr<int64_t>("padding_idx", -1);
  if (padding >= 0) {
    const int64_t rows = weight.dim(0);
    if (rows >= 0 && padding >= rows)
      op.fail("padding_idx " + std::to_string(padding) + " of an embedding with " + std::to_string(rows) + " rows");
    const Value row = g.slice(weight, {padding}, {padding + 1}, {0});
    const Tensor* known = row.constant();
    const bool zero = known != nullptr && std::ranges::all_of(known->bytes, [](std::byte b) { return b == std::byte{}; });
    if (!zero) {
      const Value zeros = weight.dim(1) >= 0 ? g.filled(0, weight.dtype(), {1, weight.dim(1)})
                                             : g.expand(g.scalar(0, weight.dtype()), g.shape(row));
      weight = g.concat({g.slice(weight, {0}, {padding}, {0}), zeros, g.slice(weight, {padding + 1}, {kEnd}, {0})}, 0);
    }
  }
  const bool indexing = ids.dtype() == DType::kInt32 || ids.dtype() == DType::kInt64;
  return g.gather(weight, indexing ? ids : g.cast(ids, DType::kInt64), 0);
}

void embedding(OpContext& op) { op.out("out", look_up(op, op.in("weight"), op.in("x"))); }

// The embedding of 1.x: ids have a last dimension of 1, in whose place the embedding stands.
void lookup_table(OpContext& op) {
  Value ids = op.in("ids");
  need_rank(op, ids, "ids");
  op.out("out", look_up(op, op.in("w"), op.graph().squeeze(ids, {ids.rank() - 1})));
}

constexpr MapperEntry kEntries[] = {
    {"matmul", 7, matmul},
    {"legacy_matmul", 7, legacy_matmul},
    {"matmul_with_flatten", 7, matmul_with_flatten},
    {"fc", 7, fc},
    {"bmm", 7, bmm},
    {"mv", 7, mv},
    {"dot", 7, dot},
    {"addmm", 7, addmm},
    {"baddbmm", 7, addmm},
    {"multi_dot", 7, multi_dot},
    {"kron", 7, kron},
    {"cross", 7, cross},
    {"dist", 7, dist},
    {"bilinear", 7, bilinear},
    {"matrix_power", 7, matrix_power},
    {"det", 11, unary<"Det">},
    {"slogdet", 11, slogdet},
    {"einsum", 12, einsum},
    {"embedding", 7, embedding},
    {"lookup_table", 7, lookup_table},
};

}  // namespace

extern const MapperTable kLinearMappers = kEntries;

}  // namespace paddle2onnx
