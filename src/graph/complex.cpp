#include "graph/complex.h"

#include <algorithm>
#include <array>
#include <numbers>

#include "graph/onnx_ops.h"

namespace paddle2onnx {
namespace {

struct Pair {
  Value re;
  Value im;
};

Pair parts(Builder& g, Value z) { return {g.real(z), g.imag(z)}; }

Value join(Builder& g, const Pair& z) { return g.complex(z.re, z.im); }

Pair multiply(Builder& g, const Pair& a, const Pair& b) {
  return {g.sub(g.mul(a.re, b.re), g.mul(a.im, b.im)), g.add(g.mul(a.re, b.im), g.mul(a.im, b.re))};
}

Value squared_size(Builder& g, const Pair& z) { return g.add(g.mul(z.re, z.re), g.mul(z.im, z.im)); }

Value size_of(Builder& g, const Pair& z) { return g.sqrt(squared_size(g, z)); }

// x · z̄ / |z|²
Pair divide(Builder& g, const Pair& x, const Pair& z) {
  const Value size = squared_size(g, z);
  const Pair product = multiply(g, x, {z.re, g.neg(z.im)});
  return {g.div(product.re, size), g.div(product.im, size)};
}

Value half_of(Builder& g, Value x) { return g.mul(x, g.scalar(0.5, x.dtype())); }
Value sinh(Builder& g, Value x) { return half_of(g, g.sub(g.exp(x), g.exp(g.neg(x)))); }
Value cosh(Builder& g, Value x) { return half_of(g, g.add(g.exp(x), g.exp(g.neg(x)))); }
Value sin(Builder& g, Value x) { return g.node("Sin", {x}); }
Value cos(Builder& g, Value x) { return g.node("Cos", {x}); }

// √z = √((|z| + a) / 2) ± i √((|z| - a) / 2), the sign of the imaginary part b.
Pair square_root(Builder& g, const Pair& z) {
  const Value size = size_of(g, z);
  const Value re = g.sqrt(half_of(g, g.add(size, z.re)));
  const Value im = g.sqrt(half_of(g, g.relu(g.sub(size, z.re))));
  const Value below = g.less(z.im, g.scalar(0, z.im.dtype()));
  return {re, g.where(below, g.neg(im), im)};
}

// Operators that do the same with both parts: they move elements, or are linear.
constexpr std::array<std::string_view, 26> kPartwise = {
    "Add",       "Compress", "Concat", "CumSum",  "Expand",     "Flatten",   "Gather",  "GatherElements",
    "GatherND",  "Identity", "Neg",    "Pad",     "ReduceMean", "ReduceSum", "Reshape", "ScatterElements",
    "ScatterND", "Slice",    "Split",  "Squeeze", "Sub",        "Sum",       "Tile",    "Transpose",
    "Trilu",     "Unsqueeze"};

std::vector<Value> partwise(Builder& g, std::string_view op_type, const std::vector<Value>& inputs,
                            const NodeAttributes& attributes, const std::vector<NodeResult>& results) {
  std::vector<Value> real = inputs;
  std::vector<Value> imaginary = inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i] || !is_typed_input(op_type, i)) continue;
    real[i] = g.real(inputs[i]);
    imaginary[i] = g.imag(inputs[i]);
  }
  std::vector<NodeResult> part_results = results;
  for (NodeResult& result : part_results) result.dtype = part_dtype(result.dtype);
  const std::vector<Value> re = g.nodes(op_type, real, attributes, part_results);
  const std::vector<Value> im = g.nodes(op_type, imaginary, attributes, part_results);
  std::vector<Value> joined;
  for (size_t i = 0; i < re.size(); ++i) joined.push_back(g.complex(re[i], im[i]));
  return joined;
}

// A product of two operands, linear in each.
Value bilinear(Builder& g, std::string_view op_type, const std::vector<Value>& inputs, const NodeAttributes& attributes,
               NodeResult result) {
  result.dtype = part_dtype(result.dtype);
  const auto product = [&](Value a, Value b) { return g.node(op_type, {a, b}, attributes, result); };
  const Value& x = inputs[0];
  const Value& y = inputs[1];
  if (!is_complex(x.dtype())) return g.complex(product(x, g.real(y)), product(x, g.imag(y)));
  if (!is_complex(y.dtype())) return g.complex(product(g.real(x), y), product(g.imag(x), y));
  const auto [a, b] = parts(g, x);
  const auto [c, d] = parts(g, y);
  return g.complex(g.sub(product(a, c), product(b, d)), g.add(product(a, d), product(b, c)));
}

// Functions of one number; nothing if there is no form.
Value function(Builder& g, std::string_view op_type, const Pair& z) {
  if (op_type == "Abs") return size_of(g, z);
  if (op_type == "Reciprocal") return join(g, divide(g, {g.scalar(1, z.re.dtype()), g.scalar(0, z.re.dtype())}, z));
  if (op_type == "Sqrt") return join(g, square_root(g, z));
  if (op_type == "Exp") {
    const Value size = g.exp(z.re);
    return g.complex(g.mul(size, cos(g, z.im)), g.mul(size, sin(g, z.im)));
  }
  if (op_type == "Log") return g.complex(g.log(size_of(g, z)), angle_of(g, z.im, z.re));
  if (op_type == "Sin") return g.complex(g.mul(sin(g, z.re), cosh(g, z.im)), g.mul(cos(g, z.re), sinh(g, z.im)));
  if (op_type == "Cos") return g.complex(g.mul(cos(g, z.re), cosh(g, z.im)), g.neg(g.mul(sin(g, z.re), sinh(g, z.im))));
  if (op_type == "Sinh") return g.complex(g.mul(sinh(g, z.re), cos(g, z.im)), g.mul(cosh(g, z.re), sin(g, z.im)));
  if (op_type == "Cosh") return g.complex(g.mul(cosh(g, z.re), cos(g, z.im)), g.mul(sinh(g, z.re), sin(g, z.im)));
  if (op_type == "Tanh") {
    const Pair sine = {g.mul(sinh(g, z.re), cos(g, z.im)), g.mul(cosh(g, z.re), sin(g, z.im))};
    const Pair cosine = {g.mul(cosh(g, z.re), cos(g, z.im)), g.mul(sinh(g, z.re), sin(g, z.im))};
    return join(g, divide(g, sine, cosine));
  }
  if (op_type == "IsNaN") return g.logical_or(g.node("IsNaN", {z.re}), g.node("IsNaN", {z.im}));
  return {};
}

}  // namespace

bool is_complex(DType dtype) { return dtype == DType::kComplex64 || dtype == DType::kComplex128; }

DType complex_dtype(DType part) { return part == DType::kFloat64 ? DType::kComplex128 : DType::kComplex64; }

DType part_dtype(DType complex) {
  if (complex == DType::kComplex64) return DType::kFloat32;
  return complex == DType::kComplex128 ? DType::kFloat64 : complex;
}

bool has_complex_input(const std::vector<Value>& inputs) {
  return std::ranges::any_of(inputs, [](const Value& v) { return v && is_complex(v.dtype()); });
}

std::vector<Value> complex_nodes(Builder& g, std::string_view op_type, const std::vector<Value>& inputs,
                                 const NodeAttributes& attributes, const std::vector<NodeResult>& results) {
  if (op_type == "Shape" || op_type == "Size") return {g.node(op_type, {g.real(inputs[0])}, attributes, results[0])};
  if (op_type == "Cast" && is_complex(results[0].dtype)) {
    const DType part = part_dtype(results[0].dtype);
    return {g.complex(g.cast(g.real(inputs[0]), part), g.cast(g.imag(inputs[0]), part))};
  }
  if (op_type == "Where" && !is_complex(inputs[0].dtype())) {
    const Pair a = parts(g, inputs[1]);
    const Pair b = parts(g, inputs[2]);
    return {g.complex(g.where(inputs[0], a.re, b.re), g.where(inputs[0], a.im, b.im))};
  }
  if (op_type == "Equal") {
    const Pair a = parts(g, inputs[0]);
    const Pair b = parts(g, inputs[1]);
    return {g.logical_and(g.equal(a.re, b.re), g.equal(a.im, b.im))};
  }
  if (op_type == "Mul" || op_type == "MatMul" || (op_type == "Einsum" && inputs.size() == 2))
    return {bilinear(g, op_type, inputs, attributes, results[0])};
  if (op_type == "Div") {
    if (!is_complex(inputs[1].dtype()))
      return {g.complex(g.div(g.real(inputs[0]), inputs[1]), g.div(g.imag(inputs[0]), inputs[1]))};
    return {join(g, divide(g, parts(g, inputs[0]), parts(g, inputs[1])))};
  }
  const bool alters = std::ranges::any_of(attributes, [](const auto& a) { return a.first == "reduction"; });
  if (std::ranges::count(kPartwise, op_type) > 0 && !alters) return partwise(g, op_type, inputs, attributes, results);
  if (inputs.size() == 1) {
    if (op_type == "Einsum") return partwise(g, op_type, inputs, attributes, results);
    if (const Value result = function(g, op_type, parts(g, inputs[0]))) return {result};
  }
  throw NoComplexForm{"an operand of " + std::string(op_type)};
}

// From the angle in the first octant: atan(min / max) of the absolute values.
Value angle_of(Builder& g, Value y, Value x) {
  const DType dtype = y.dtype();
  const auto number = [&](double value) { return g.scalar(value, dtype); };
  // Of -0 too.
  const auto is_negative = [&](Value v) {
    return g.logical_or(g.less(v, number(0)), g.less(g.node("Reciprocal", {v}), number(0)));
  };
  const Value width = g.abs(x);
  const Value height = g.abs(y);
  const Value larger = g.max(width, height);
  const Value smaller = g.min(width, height);
  // 0 / 0 and inf / inf.
  const Value diagonal = g.where(g.equal(larger, number(0)), number(0), number(1));
  const Value ratio = g.where(g.equal(smaller, larger), diagonal, g.div(smaller, larger));
  const Value octant = g.node("Atan", {ratio});
  const Value quadrant = g.where(g.greater(height, width), g.sub(number(std::numbers::pi / 2), octant), octant);
  const Value half = g.where(is_negative(x), g.sub(number(std::numbers::pi), quadrant), quadrant);
  return g.where(is_negative(y), g.neg(half), half);
}

}  // namespace paddle2onnx
