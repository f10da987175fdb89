// Arithmetic of two tensors, with broadcasting, and the few operators that combine more of them or scale one.
#include "graph/complex.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// Of bool operands the product is And.
void multiply(OpContext& op) {
  const auto [x, y] = broadcast_operands(op);
  op.out("out", op.graph().node(x.dtype() == DType::kBool ? "And" : "Mul", {x, y}));
}

// x - fmod(x, y) is the quotient towards zero times y, without rounding.
struct Division {
  Value rest;     // of the sign of y, as Python's
  Value borrows;  // bool: one less than the quotient towards zero
  Value towards_zero_rest;
};

Division float_division(Builder& g, Value x, Value y) {
  const Value zero = g.scalar(0, x.dtype());
  const Value rest = g.node("Mod", {x, y}, {{"fmod", int64_t{1}}});
  const Value wrong_sign = g.less(g.mul(g.node("Sign", {rest}), g.node("Sign", {y})), zero);
  return {g.where(wrong_sign, g.add(rest, y), rest), wrong_sign, rest};
}

// x - floor(x / y) · y: of the sign of y, for integers and floats.
void remainder(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  op.out("out", is_floating(x.dtype()) ? float_division(g, x, y).rest : g.node("Mod", {x, y}));
}

// floor(x / y). For floats as Python: of the exact quotient, not of the rounded one (1 // 0.1 is 9).
void floor_divide(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  if (!is_floating(x.dtype())) {
    op.out("out", g.div(g.sub(x, g.node("Mod", {x, y})), y));
    return;
  }
  const Division division = float_division(g, x, y);
  const Value towards_zero = g.div(g.sub(x, division.towards_zero_rest), y);
  const Value floor = g.node("Round", {g.sub(towards_zero, g.cast(division.borrows, x.dtype()))});
  op.out("out", g.where(g.equal(y, g.scalar(0, x.dtype())), g.div(x, y), floor));
}

// fmax, fmin: a NaN loses against a number.
template <FixedString OnnxOp>
void ignoring_nan(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  Value result = g.node(OnnxOp.text, {x, y});
  if (is_floating(x.dtype())) {
    result = g.where(g.node("IsNaN", {x}), y, g.where(g.node("IsNaN", {y}), x, result));
  }
  op.out("out", result);
}

// y where x is 0, else whether x is positive.
void heaviside(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  const Value zero = g.scalar(0, x.dtype());
  op.out("out", g.where(g.equal(x, zero), y, g.cast(g.greater(x, zero), x.dtype())));
}

// The angle of the point (x, y); of integers, in float64.
void atan2(OpContext& op) {
  Builder& g = op.graph();
  const auto [y, x] = broadcast_operands(op);
  const DType dtype = is_floating(y.dtype()) ? y.dtype() : DType::kFloat64;
  op.out("out", angle_of(g, g.cast(y, dtype), g.cast(x, dtype)));
}

// x with the sign of y, which counts for -0 too.
void copysign(OpContext& op) {
  Builder& g = op.graph();
  auto [x, y] = broadcast_operands(op);
  const DType dtype = x.dtype();
  if (!is_floating(dtype)) {
    x = g.cast(x, DType::kInt64);
    y = g.cast(y, DType::kInt64);
  }
  const Value zero = g.scalar(0, x.dtype());
  Value negative = g.less(y, zero);
  if (is_floating(dtype)) negative = g.logical_or(negative, g.less(g.node("Reciprocal", {y}), zero));
  const Value size = g.abs(x);
  op.out("out", g.cast(g.where(negative, g.neg(size), size), dtype));
}

// out = scale · x + bias, or scale · (x + bias). Paddle computes in x's type: of integers, both are cut to integers.
void scale(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const bool bias_after_scale = op.attr<bool>("bias_after_scale", true);
  const DType dtype = x.dtype();
  const bool logical = dtype == DType::kBool;
  const ScalarArgument factor = op.scalar("scale");
  const ScalarArgument offset = op.has_number("bias") ? op.scalar("bias") : ScalarArgument{{}, 0.0, {}};
  if (factor.number == 1.0 && offset.number == 0.0) return op.out("out", x);
  // The numbers, and what comes of them, may lie outside of a narrow type, whose results wrap around.
  if (dtype == DType::kUInt8 || dtype == DType::kInt8 || dtype == DType::kInt16) x = g.cast(x, DType::kInt32);
  const auto multiply = [&] {
    if (factor.number != 1.0) x = g.node(logical ? "And" : "Mul", {x, op.scalar_value("scale", x.dtype())});
  };
  const auto add = [&] {
    if (offset.number != 0.0) x = g.node(logical ? "Or" : "Add", {x, op.scalar_value("bias", x.dtype())});
  };
  if (bias_after_scale) {
    multiply();
    add();
  } else {
    add();
    multiply();
  }
  op.out("out", g.cast(x, dtype));
}

// The sum of a list of tensors.
void add_n(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> inputs = op.ins("inputs");
  if (inputs.empty()) op.fail("the operand 'inputs' is empty");
  if (inputs.size() > 2 && is_floating(inputs.front().dtype())) {
    op.out("out", g.node("Sum", inputs));
    return;
  }
  Value sum = inputs.front();
  for (size_t i = 1; i < inputs.size(); ++i) sum = g.add(sum, inputs[i]);
  op.out("out", sum);
}

// x + weight · (y - x)
void lerp(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.add(x, g.mul(op.in("weight"), g.sub(op.in("y"), x))));
}

constexpr MapperEntry kEntries[] = {
    {"add", 7, binary<"Add">},
    {"subtract", 7, binary<"Sub">},
    {"multiply", 7, multiply},
    {"divide", 7, binary<"Div">},
    {"floor_divide", 7, floor_divide},
    {"remainder", 10, remainder},
    {"elementwise_pow", 7, binary<"Pow">},
    {"maximum", 8, binary<"Max">},
    {"minimum", 8, binary<"Min">},
    {"fmax", 8, ignoring_nan<"Max">},
    {"fmin", 8, ignoring_nan<"Min">},
    {"heaviside", 9, heaviside},
    {"atan2", 11, atan2},
    {"copysign", 9, copysign},
    {"scale", 7, scale},
    {"add_n", 7, add_n},
    {"lerp", 7, lerp},
};

}  // namespace

extern const MapperTable kElementwiseMappers = kEntries;

}  // namespace paddle2onnx
