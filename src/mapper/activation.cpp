// Activations: functions of one tensor, element by element or along one axis.
#include <cmath>
#include <numbers>

#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// GELU(x) = x · Φ(x). Φ through Erf, exact, or by the tanh form, as the operator asks (Hendrycks and Gimpel,
// arXiv:1606.08415).
void gelu_decomposed(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  Value phi;
  if (op.attr<bool>("approximate", false)) {
    const Value cube = g.mul(g.mul(x, x), x);
    const Value inner = g.mul(number(std::sqrt(2 / std::numbers::pi)), g.add(x, g.mul(number(0.044715), cube)));
    phi = g.add(g.tanh(inner), number(1));
  } else {
    phi = g.add(g.erf(g.div(x, number(std::numbers::sqrt2))), number(1));
  }
  op.out("out", g.mul(g.mul(x, number(0.5)), phi));
}

void gelu(OpContext& op) {
  const bool approximate = op.attr<bool>("approximate", false);
  op.out("out", op.graph().node("Gelu", {op.in("x")}, {{"approximate", std::string(approximate ? "tanh" : "none")}}));
}

// A softmax of a rank-0 tensor is that of one element.
template <FixedString OnnxOp>
void softmax_like(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t axis = op.attr<int64_t>("axis", -1);
  if (x.rank() == 0) {
    op.out("out", g.reshape(g.softmax(g.reshape(x, Ints{1}), 0, OnnxOp.text), Ints{}));
    return;
  }
  op.out("out", g.softmax(x, normalize_axis(op, axis, x.rank()), OnnxOp.text));
}

void leaky_relu(OpContext& op) {
  const double slope =
      op.has_attr("negative_slope") ? op.attr<double>("negative_slope") : op.attr<double>("alpha", 0.02);
  op.out("out", op.graph().node("LeakyRelu", {op.in("x")}, {{"alpha", static_cast<float>(slope)}}));
}

constexpr MapperEntry kEntries[] = {
    {"relu", 7, unary<"Relu">},
    {"sigmoid", 7, unary<"Sigmoid">},
    {"tanh", 7, unary<"Tanh">},
    {"softsign", 7, unary<"Softsign">},
    {"gelu", 7, gelu_decomposed},
    {"gelu", 20, gelu},
    {"leaky_relu", 7, leaky_relu},
    {"softmax", 7, softmax_like<"Softmax">},
    {"log_softmax", 7, softmax_like<"LogSoftmax">},
};

}  // namespace

extern const MapperTable kActivationMappers = kEntries;

}  // namespace paddle2onnx
