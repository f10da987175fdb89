// Matrix products and embeddings.
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "mapper/activation.h"
#include "mapper/decompositions.h"
#include "mapper/quantization.h"
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
// Whether Paddle declares a batch of 1, the greater of -1 and 1, where one side has an unknown number and the other one
// that is repeated.
bool declares_batch_of_one(const Value& x, const Value& y) {
  for (int64_t axis = -3; x.rank() + axis >= 0 && y.rank() + axis >= 0; --axis) {
    if (std::max(x.dim(axis), y.dim(axis)) == 1 && std::min(x.dim(axis), y.dim(axis)) < 0) return true;
  }
  return false;
}

void matmul(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = weight(op, "y", x.dtype(), 1);
  // What a custom operator gives has no known type.
  const bool known = x.dtype() != DType::kUndefined && y.dtype() != DType::kUndefined;
  if (known && x.dtype() != y.dtype())
    op.fail("operands of " + std::string(to_string(x.dtype())) + " and " + std::string(to_string(y.dtype())),
            "cast one of them in the model");
  bool transpose_x = op.attr<bool>("transpose_x", false);
  bool transpose_y = op.attr<bool>("transpose_y", false);
  if (transpose_x) need_rank(op, x, "x");
  if (transpose_y) need_rank(op, y, "y");
  transpose_x = transpose_x && x.rank() > 1;
  transpose_y = transpose_y && y.rank() > 1;
  // Xᵀ · v is v · X: no transposition. (ONNX Runtime 1.32 gets the former wrong where it fuses it.)
  if ((transpose_x && y.rank() == 1) || (transpose_y && x.rank() == 1)) return op.out("out", g.matmul(y, x));
  if (transpose_x) x = transpose_matrix(g, x);
  if (transpose_y) y = transpose_matrix(g, y);
  const Value product = g.matmul(x, y);
  if (declares_batch_of_one(x, y)) return op.out_as_computed("out", product);
  op.out("out", product);
}

// The matrix product of 1.x: alpha · X' · Y'. A vector is a row on the left and a column on the right, and can be
// transposed; batches are equal in number, or one side has none.
void legacy_matmul(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = weight(op, "y", x.dtype(), 1);
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
  // The dimension that a vector brought in goes away, unless it was transposed to one that isn't 1.
  Ints axes;
  if (row && out.dim(-2) == 1) axes.push_back(-2);
  if (column && out.dim(-1) == 1) axes.push_back(-1);
  op.out("out", g.squeeze(out, axes));
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
  const Value y = weight(op, "y", x.dtype(), 1);
  const int64_t x_rows = op.attr<int64_t>("x_num_col_dims", 1);
  const int64_t y_rows = op.attr<int64_t>("y_num_col_dims", 1);
  const Value product = product_with_weight(op, x, x_rows, as_matrix(op, y, y_rows, "y"));
  if (y_rows == y.rank() - 1 && y_rows == 1) return op.out("out", product);
  std::vector<Value> shape;
  for (int64_t i = 0; i < x_rows; ++i) shape.push_back(g.dim(x, i));
  for (int64_t i = y_rows; i < y.rank(); ++i) shape.push_back(g.dim(y, i));
  op.out("out", g.reshape(product, g.concat_ints(shape)));
}

// input · weight + bias; the weight [in, out], or [out, in] with transpose_weight.
void linear(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  Value w = weight(op, "weight", x.dtype(), 1);
  if (op.attr<bool>("transpose_weight", false)) w = transpose_matrix(g, w);
  Value out = g.matmul(x, w);
  if (Value bias = op.in_or_none("bias")) out = g.add(out, bias);
  op.out("out", out);
}

// activation(x · w + bias)
void fc(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  Value w = op.in("w");
  // Rows and columns that only pad the weight's memory.
  if (op.attr<bool>("padding_weights", false)) w = g.slice(w, {0, 0}, {-4, -4}, {0, 1});
  Value out = product_with_weight(op, x, op.attr<int64_t>("in_num_col_dims", 1), w);
  if (Value bias = op.in_or_none("bias")) {
    // As many rows as the product has, or one.
    const bool rows = bias.rank() > 2 || (bias.rank() == 2 && bias.dim(0) != 1);
    out = g.add(out, bias.rank() == 1 ? bias : rows ? g.reshape(bias, g.shape(out)) : g.reshape(bias, Ints{-1}));
  }
  const auto activation = op.attr<std::string>("activation_type", "");
  if (activation == "relu") {
    out = g.relu(out);
  } else if (activation == "gelu") {
    out = exact_gelu(g, out);
  } else if (!activation.empty() && activation != "identity") {
    op.fail("activation_type '" + activation + "', which Paddle's kernel does not know");
  }
  op.out("out", out);
}

// x → relu(x · w + bias), for each layer.
void repeated_fc_relu(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> weights = op.ins("w");
  const std::vector<Value> biases = op.ins("bias");
  if (weights.empty() || weights.size() != biases.size()) op.fail("as many weights as biases are needed");
  Value x = op.in("x");
  for (size_t i = 0; i < weights.size(); ++i) {
    x = g.relu(g.add(g.matmul(x, weights[i]), g.reshape(biases[i], Ints{-1})));
    if (i + 1 < weights.size()) op.out("relu_out", x, i);
  }
  op.out("out", x);
}

// scalar · ((x · y)² - x² · y²), squares element by element.
void squared_mat_sub(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("y");
  const auto squared = [&](Value v) { return g.mul(v, v); };
  const Value squared_x = squared(x);
  const Value squared_y = squared(y);
  const Value squared_xy = squared(g.matmul(x, y));
  op.out("squared_x", squared_x);
  op.out("squared_y", squared_y);
  op.out("squared_xy", squared_xy);
  op.out("out", multiplied(op, g.sub(squared_xy, g.matmul(squared_x, squared_y)), op.attr<double>("scalar", 1.0)));
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

// out[b, k] = xᵇ · Wₖ · yᵇ + bias[k]
void bilinear(OpContext& op) {
  Builder& g = op.graph();
  const Value rows = g.matmul(g.unsqueeze(op.in("x"), {0}), op.in("weight"));  // [k, b, n]
  Value out = g.transpose(g.reduce("ReduceSum", g.mul(rows, op.in("y")), Ints{-1}, false), {1, 0});
  if (Value bias = op.in_or_none("bias")) out = g.add(out, bias);
  op.out("out", out);
}

// x's determinants.
Value determinant(OpContext& op, Value x) {
  need_rank(op, x, "x");
  if (x.rank() < 2) op.fail("a matrix of rank " + std::to_string(x.rank()));
  return op.graph().node("Det", {x}, {}, {x.dtype(), Dims(x.dims()->begin(), x.dims()->end() - 2)});
}

// The sign and the logarithm of the absolute value, as two results.
void sign_and_log(OpContext& op) {
  Builder& g = op.graph();
  const Value value = determinant(op, op.in("x"));
  op.out("sign", g.node("Sign", {value}));
  op.out("logdet", g.log(g.abs(value)));
}

void det(OpContext& op) { op.out("out", determinant(op, op.in("x"))); }

// {sign, ln |det|} of the determinant.
void slogdet(OpContext& op) {
  Builder& g = op.graph();
  const Value value = determinant(op, op.in("x"));
  op.out("out", g.concat({g.unsqueeze(g.node("Sign", {value}), {0}), g.unsqueeze(g.log(g.abs(value)), {0})}, 0));
}

// x's inverses: the solutions of x · y = identity.
Value inverted(OpContext& op, Value x) {
  const int64_t size = unrolled_size(op, x);
  std::vector<double> numbers(static_cast<size_t>(size * size), 0.0);
  for (int64_t i = 0; i < size; ++i) numbers[static_cast<size_t>(i * size + i)] = 1.0;
  return solution(op, x, op.graph().constant(from_doubles(x.dtype(), {size, size}, numbers)));
}

void inverse(OpContext& op) { op.out("out", inverted(op, op.in("x"))); }

// xⁿ by repeated squaring.
void matrix_power(OpContext& op) {
  Builder& g = op.graph();
  Value power = op.in("x");
  auto n = op.attr<int64_t>("n");
  if (n < 0) {
    power = inverted(op, power);
    n = -n;
  }
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

// The labels of each operand, and those of the result behind them; the ellipsis is '.'.
std::vector<std::string> labels_of(std::string equation) {
  std::vector<std::string> terms(1);
  for (size_t i = 0; i < equation.size(); ++i) {
    if (equation.compare(i, 3, "...") == 0) {
      terms.back() += '.';
      i += 2;
    } else if (equation[i] == ',' || equation[i] == '-') {
      terms.emplace_back();
    } else if (equation[i] != '>') {
      terms.back() += equation[i];
    }
  }
  return terms;
}

// A dimension of the result from those of two operands that share it, of which one may be 1.
int64_t shared_dim(int64_t a, int64_t b) { return a == 1 || b > 1 ? b : b == 1 || a > 1 ? a : -1; }

// The dimensions of each label; the ellipsis has as many as in the operand where it stands for the most.
std::map<char, Dims> label_dims(const std::vector<std::string>& terms, const std::vector<Value>& operands) {
  std::map<char, Dims> dims;
  for (size_t k = 0; k < operands.size(); ++k) {
    int64_t axis = 0;
    for (const char label : terms[k]) {
      const int64_t count = label == '.' ? operands[k].rank() - static_cast<int64_t>(terms[k].size()) + 1 : 1;
      Dims& known = dims[label];
      const auto missing = count - static_cast<int64_t>(known.size());
      if (missing > 0) known.insert(known.begin(), static_cast<size_t>(missing), 1);
      for (int64_t i = 0; i < count; ++i, ++axis) {
        int64_t& dim = known[known.size() - static_cast<size_t>(count - i)];
        dim = shared_dim(dim, operands[k].dim(axis));
      }
    }
  }
  return dims;
}

void einsum(OpContext& op) {
  Builder& g = op.graph();
  const std::string equation = explicit_equation(op.attr<std::string>("equation"));
  std::vector<Value> operands = op.ins("x");
  const std::vector<std::string> terms = labels_of(equation);
  if (operands.empty() || terms.size() != operands.size() + 1) op.fail("the equation '" + equation + "'");
  for (const Value& operand : operands) need_rank(op, operand, "x");
  std::map<char, Dims> dims = label_dims(terms, operands);
  // In ONNX an ellipsis stands for as many dimensions in every operand.
  for (size_t k = 0; k < operands.size(); ++k) {
    const size_t at = terms[k].find('.');
    if (at == std::string::npos) continue;
    const auto missing = dims['.'].size() + terms[k].size() - 1 - operands[k].dims()->size();
    Ints axes(missing);
    std::iota(axes.begin(), axes.end(), static_cast<int64_t>(at));
    operands[k] = g.unsqueeze(operands[k], axes);
  }
  Dims out;
  for (const char label : terms.back()) out.insert(out.end(), dims[label].begin(), dims[label].end());
  op.out("out", g.node("Einsum", operands, {{"equation", equation}}, {operands.front().dtype(), out}));
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
    const bool zero =
        known != nullptr && std::ranges::all_of(known->bytes, [](std::byte b) { return b == std::byte{}; });
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

// activation(x' · y' + bias) of matrices; dimensions in front of x's last one are rows, and those behind the first one
// where x is transposed. The GELU of cuBLASLt, whose epilogues these are, is that by tanh.
void gemm_epilogue(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = weight(op, "y", x.dtype(), 1);
  need_rank(op, x, "x");
  if (op.attr<bool>("trans_x", false)) {
    Ints perm(static_cast<size_t>(x.rank()));
    std::iota(perm.begin(), perm.end(), 1);
    perm.back() = 0;
    x = g.transpose(x, perm);
  }
  if (op.attr<bool>("trans_y", false)) y = transpose_matrix(g, y);
  Value out = g.add(g.matmul(x, y), op.in("bias"));
  if (op.wants("reserve_space")) op.fail("the reserve_space of its backward pass");
  const auto activation = op.attr<std::string>("activation", "none");
  if (activation == "relu") {
    out = g.relu(out);
  } else if (activation == "gelu") {
    out = tanh_gelu(g, out);
  } else if (activation != "none" && !activation.empty()) {
    op.fail("activation '" + activation + "', which Paddle's kernel does not know");
  }
  op.out("out", out);
}

// activation(scale · x · yᵀ + bias) of 8-bit floats, in float32, as one of 16 bits. (Its kernel reads x and y in this
// arrangement whatever the attributes say.)
void float8_gemm(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("y");
  if (x.dtype() != DType::kFloat8E4M3FN || y.dtype() != DType::kFloat8E4M3FN)
    op.fail("operands that aren't float8_e4m3fn, as which its kernel reads them");
  if (op.attr<bool>("transpose_x", false) || !op.attr<bool>("transpose_y", false))
    op.fail("another arrangement than transpose_y alone");
  need_rank(op, x, "x");
  if (y.rank() != x.rank() || x.rank() < 2) op.fail("operands of different ranks");
  const Value products = g.matmul(g.cast(x, DType::kFloat32), transpose_matrix(g, g.cast(y, DType::kFloat32)));
  Value out = g.mul(products, g.scalar(op.attr<double>("scale", 1), DType::kFloat32));
  if (const Value bias = op.in_or_none("bias")) out = g.add(out, g.cast(bias, DType::kFloat32));
  const auto activation = op.attr<std::string>("activation_type", op.attr<std::string>("act", "identity"));
  if (activation == "relu") {
    out = g.relu(out);
  } else if (activation == "gelu") {
    out = tanh_gelu(g, out);
  } else if (activation != "identity") {
    op.fail("activation_type '" + activation + "', which Paddle's kernel does not know");
  }
  const auto dtype = op.attr<std::string>("output_dtype", "float16");
  if (dtype != "float16" && dtype != "bfloat16") op.fail("output_dtype '" + dtype + "'");
  op.out("out", g.cast(out, dtype == "float16" ? DType::kFloat16 : DType::kBFloat16));
}

// x · yᵀ / (h · w) of two images as [channels, h · w].
void flow_of_solution_procedure(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("y");
  if (x.rank() != 4 || y.rank() != 4) op.fail("operands that are not [batch, channels, height, width]");
  const auto rows = [&](Value v) { return g.reshape(v, Ints{0, 0, -1}); };
  const Value area = g.cast(g.mul(g.dim(x, 2), g.dim(x, 3)), x.dtype());
  op.out("out", g.div(g.matmul(rows(x), g.transpose(rows(y), {0, 2, 1})), area));
}

// Row i of rank_offset is the rank of instance i, then max_rank pairs of another rank and the instance that has it;
// ranks count from 1, 0 stands for none. out[i] = Σ x[instance] · W[rank of i, other rank] over the pairs.
void rank_attention(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value parameters = op.in("rank_param");
  const auto ranks = op.attr<int64_t>("max_rank", 3);
  if (x.rank() != 2 || x.dim(1) < 0 || parameters.rank() != 2 || ranks < 1)
    op.fail("operands that are not matrices with a known number of features");
  const Value offsets = g.cast(op.in("rank_offset"), DType::kInt64);
  // [instances, pairs]
  const auto columns = [&](int64_t first, int64_t end, int64_t step) {
    Ints numbers;
    for (int64_t i = first; i < end; i += step) numbers.push_back(i);
    return g.gather(offsets, g.ints(numbers), 1);
  };
  const Value own = columns(0, 1, 1);
  const Value other = columns(1, 2 * ranks + 1, 2);
  const Value zero = g.scalar_i64(0);
  const Value there = g.logical_and(g.less(zero, own), g.less(zero, other));
  const auto or_first = [&](Value v) { return g.where(there, v, zero); };
  const Value one = g.scalar_i64(1);
  const Value place = g.add(g.mul(g.sub(own, one), g.scalar_i64(ranks)), g.sub(other, one));
  const Value weights = g.gather(g.reshape(parameters, Ints{ranks * ranks, x.dim(1), -1}), or_first(place), 0);
  const Value rows = g.gather(x, or_first(columns(2, 2 * ranks + 1, 2)), 0);
  const Value kept = g.mul(rows, g.unsqueeze(g.cast(there, x.dtype()), {2}));
  // [instances, pairs, 1, features] · [instances, pairs, features, outputs]
  const Value products = g.squeeze(g.matmul(g.unsqueeze(kept, {2}), weights), {2});
  op.out("out", g.reduce("ReduceSum", products, Ints{1}, false));
  if (!op.wants("input_help") && !op.wants("ins_rank")) return;
  if (op.attr<int64_t>("max_size", 0) > 0) op.fail("max_size, with which training pads the intermediate results");
  op.out("input_help", g.reshape(kept, Ints{0, ranks * x.dim(1)}));
  op.out("ins_rank", g.cast(own, x.dtype()));
}

constexpr MapperEntry kEntries[] = {
    {"fp8_fp8_half_gemm_fused", 19, float8_gemm, "other arrangements than transpose_y alone"},
    {"fsp", 7, flow_of_solution_procedure},
    {"fused_gemm_epilogue", 7, gemm_epilogue},
    {"rank_attention", 9, rank_attention, "max_size, where the intermediate results are wanted"},
    {"matmul", 7, matmul},
    {"legacy_matmul", 7, legacy_matmul},
    {"matmul_with_flatten", 7, matmul_with_flatten},
    {"linear_v2", 7, linear},
    {"fc", 7, fc},
    {"fusion_repeated_fc_relu", 7, repeated_fc_relu},
    {"fusion_squared_mat_sub", 7, squared_mat_sub},
    {"bmm", 7, bmm},
    {"mv", 7, mv},
    {"dot", 7, dot},
    {"addmm", 7, addmm},
    {"baddbmm", 7, addmm},
    {"multi_dot", 7, multi_dot},
    {"kron", 7, kron},
    {"cross", 7, cross},
    {"bilinear", 7, bilinear},
    {"inverse", 9, inverse},
    {"matrix_power", 7, matrix_power},
    {"det", 11, det},
    {"slogdet", 11, slogdet},
    {"slogdet_v2", 11, sign_and_log},
    {"einsum", 12, einsum},
    {"embedding", 7, embedding},
    {"lookup_table", 7, lookup_table},
};

}  // namespace

extern const MapperTable kLinearMappers = kEntries;

}  // namespace paddle2onnx
