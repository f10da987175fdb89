// Arithmetic, comparison and logic of two tensors, with broadcasting; functions of one tensor that are no activations.
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// Both operands, for a numpy broadcast. In older programs `axis` k ≥ 0 puts y's first dimension at x's dimension k: y
// gets trailing dimensions of 1. If y has the higher rank, x is the one that is placed.
std::pair<Value, Value> broadcast_operands(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = op.in("y");
  const int64_t axis = op.attr<int64_t>("axis", -1);
  if (axis < 0 || x.rank() == y.rank()) return {x, y};
  const bool y_is_placed = x.rank() > y.rank();
  Value& placed = y_is_placed ? y : x;
  const int64_t missing = (y_is_placed ? x : y).rank() - axis - placed.rank();
  if (missing < 0)
    op.fail("axis " + std::to_string(axis) + " leaves no room for an operand of rank " + std::to_string(placed.rank()));
  Ints axes;
  for (int64_t i = 0; i < missing; ++i) axes.push_back(placed.rank() + i);
  placed = g.unsqueeze(placed, axes);
  return {x, y};
}

template <FixedString OnnxOp>
void binary(OpContext& op) {
  const auto [x, y] = broadcast_operands(op);
  op.out("out", op.graph().node(OnnxOp.text, {x, y}));
}

// out = scale · x + bias, or scale · (x + bias). Paddle computes in x's type.
void scale(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const bool bias_after_scale = op.attr<bool>("bias_after_scale", true);
  const ScalarArgument factor = op.scalar("scale");
  const ScalarArgument offset = op.scalar("bias");
  const auto multiply = [&] {
    if (factor.number != 1.0) x = g.mul(x, op.scalar_value("scale", x.dtype()));
  };
  const auto add = [&] {
    if (offset.number != 0.0) x = g.add(x, op.scalar_value("bias", x.dtype()));
  };
  if (bias_after_scale) {
    multiply();
    add();
  } else {
    add();
    multiply();
  }
  op.out("out", x);
}

constexpr MapperEntry kEntries[] = {
    {"add", 7, binary<"Add">},
    {"subtract", 7, binary<"Sub">},
    {"multiply", 7, binary<"Mul">},
    {"scale", 7, scale},
};

}  // namespace

extern const MapperTable kElementwiseMappers = kEntries;

}  // namespace paddle2onnx
