// Comparison, logic and bits.
#include <cstdlib>

#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

void not_equal(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  op.out("out", g.logical_not(g.equal(x, y)));
}

void less_equal(OpContext& op) {
  const auto [x, y] = broadcast_operands(op);
  op.out("out", op.graph().less_equal(x, y));
}

void greater_equal(OpContext& op) {
  const auto [x, y] = broadcast_operands(op);
  op.out("out", op.graph().greater_equal(x, y));
}

// Whether all elements of a bool tensor are true.
Value all_true(Builder& g, Value x) {
  if (x.rank() == 0) return x;
  if (x.is_static()) return g.reduce("ReduceMin", x, std::nullopt, false);
  // ONNX Runtime knows no least element of nothing.
  const Value others = g.reduce("ReduceSum", g.cast(g.logical_not(x), DType::kInt64), std::nullopt, false);
  return g.equal(others, g.scalar_i64(0));
}

// Same shape and same elements. Shapes that could be broadcast are different all the same.
void equal_all(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = g.cast(op.in("y"), x.dtype());
  bool same_shape = x.rank() == y.rank();
  for (int64_t i = 0; i < x.rank() && same_shape; ++i) {
    same_shape = x.dim(i) < 0 || y.dim(i) < 0 || x.dim(i) == y.dim(i);
  }
  if (!same_shape) {
    op.out("out", g.scalar(0, DType::kBool));
    return;
  }
  if (x.rank() == 0 || (x.is_static() && y.is_static())) return op.out("out", all_true(g, g.equal(x, y)));
  const Value same = all_true(g, g.equal(g.shape(x), g.shape(y)));
  // Slice takes ends that are computed from opset 10 on.
  if (g.opset() < 10) return op.out("out", g.logical_and(all_true(g, g.equal(x, y)), same));
  // As many elements as both have, since those of other shapes cannot be compared.
  const Value flat_x = g.flatten_to_1d(x);
  const Value flat_y = g.flatten_to_1d(y);
  const Value count = g.min(g.shape(flat_x), g.shape(flat_y));
  const auto first = [&](Value v) { return g.slice(v, g.ints({0}), count, g.ints({0})); };
  op.out("out", g.logical_and(all_true(g, g.equal(first(flat_x), first(flat_y))), same));
}

// A tolerance: a tensor, a number, or, in .pdmodel files, the text of one.
Value tolerance(OpContext& op, std::string_view name, DType dtype) {
  const auto found = op.op().attributes.find(name);
  if (!op.has(name) && found != op.op().attributes.end() && std::holds_alternative<std::string>(found->second)) {
    return op.graph().scalar(std::strtod(std::get<std::string>(found->second).c_str(), nullptr), dtype);
  }
  return op.scalar_value(name, dtype);
}

// |x - y| ≤ atol + rtol · |y|, or both the same; a NaN is close to nothing, or to a NaN if `equal_nan`.
Value is_close(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = g.cast(op.in("y"), x.dtype());
  const Value limit = g.add(tolerance(op, "atol", x.dtype()), g.mul(tolerance(op, "rtol", x.dtype()), g.abs(y)));
  Value close = g.logical_or(g.equal(x, y), g.less_equal(g.abs(g.sub(x, y)), limit));
  if (op.attr<bool>("equal_nan", false)) {
    close = g.logical_or(close, g.logical_and(g.node("IsNaN", {x}), g.node("IsNaN", {y})));
  }
  return close;
}

void isclose(OpContext& op) { op.out("out", is_close(op)); }

void allclose(OpContext& op) { op.out("out", all_true(op.graph(), is_close(op))); }

// Of other types than bool, all that isn't 0 is true.
template <FixedString OnnxOp>
void logical(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  op.out("out", g.node(OnnxOp.text, {g.cast(x, DType::kBool), g.cast(y, DType::kBool)}));
}

void logical_not(OpContext& op) { op.out("out", op.graph().logical_not(op.graph().cast(op.in("x"), DType::kBool))); }

template <FixedString Logical, FixedString Bitwise>
void bitwise(OpContext& op) {
  const auto [x, y] = broadcast_operands(op);
  op.out("out", op.graph().node(x.dtype() == DType::kBool ? Logical.text : Bitwise.text, {x, y}));
}

// In two's complement ~x is -1 - x; of unsigned types, the largest number less x.
void bitwise_not(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (x.dtype() == DType::kBool) {
    op.out("out", g.logical_not(x));
  } else {
    op.out("out", g.sub(g.scalar(x.dtype() == DType::kUInt8 ? 255 : -1, x.dtype()), x));
  }
}

constexpr MapperEntry kEntries[] = {
    {"equal", 7, binary<"Equal">},
    {"not_equal", 7, not_equal},
    {"less_than", 7, binary<"Less">},
    {"less_equal", 7, less_equal},
    {"greater_than", 7, binary<"Greater">},
    {"greater_equal", 7, greater_equal},
    {"equal_all", 7, equal_all},
    {"isclose", 11, isclose},
    {"allclose", 11, allclose},
    {"accuracy_check", 11, isclose, "the error where the operands differ: the element is false instead"},
    {"logical_and", 7, logical<"And">},
    {"logical_or", 7, logical<"Or">},
    {"logical_xor", 7, logical<"Xor">},
    {"logical_not", 7, logical_not},
    {"bitwise_and", 7, bitwise<"And", "BitwiseAnd">},
    {"bitwise_or", 7, bitwise<"Or", "BitwiseOr">},
    {"bitwise_xor", 7, bitwise<"Xor", "BitwiseXor">},
    {"bitwise_not", 7, bitwise_not},
};

}  // namespace

extern const MapperTable kComparisonMappers = kEntries;

}  // namespace paddle2onnx
