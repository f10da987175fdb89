// Activations: functions of one tensor, element by element or along one axis.
#include <cmath>
#include <numbers>

#include "mapper/activation.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// GELU(x) = x · Φ(x). Φ through Erf, exact, or by the tanh form, as the operator asks (Hendrycks and Gimpel,
// arXiv:1606.08415).
Value gelu_formula(Builder& g, Value x, bool approximate) {
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  if (!approximate) return g.mul(g.mul(x, number(0.5)), g.add(g.erf(g.div(x, number(std::numbers::sqrt2))), number(1)));
  const Value cube = g.mul(g.mul(x, x), x);
  const Value inner = g.mul(number(std::sqrt(2 / std::numbers::pi)), g.add(x, g.mul(number(0.044715), cube)));
  return g.mul(g.mul(x, number(0.5)), g.add(g.tanh(inner), number(1)));
}

Value gelu_node(Builder& g, Value x, bool approximate) {
  return g.node("Gelu", {x}, {{"approximate", std::string(approximate ? "tanh" : "none")}});
}

Value best_gelu(Builder& g, Value x, bool approximate) {
  return g.opset() >= 20 ? gelu_node(g, x, approximate) : gelu_formula(g, x, approximate);
}

}  // namespace

Value exact_gelu(Builder& g, Value x) { return best_gelu(g, x, false); }

Value tanh_gelu(Builder& g, Value x) { return best_gelu(g, x, true); }

namespace {

void gelu_decomposed(OpContext& op) {
  op.out("out", gelu_formula(op.graph(), op.in("x"), op.attr<bool>("approximate", false)));
}

void gelu(OpContext& op) { op.out("out", gelu_node(op.graph(), op.in("x"), op.attr<bool>("approximate", false))); }

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

float number(OpContext& op, std::string_view name, double fallback) {
  return static_cast<float>(op.attr<double>(name, fallback));
}

// x where it is positive, else slope · x. Of float64 ONNX Runtime has no kernel for the operators.
Value leaky_relu_of(Builder& g, Value x, double slope) {
  if (x.dtype() == DType::kFloat64) return g.sub(g.relu(x), g.mul(g.relu(g.neg(x)), g.scalar(slope, x.dtype())));
  return g.node("LeakyRelu", {x}, {{"alpha", static_cast<float>(slope)}});
}

void leaky_relu(OpContext& op) {
  op.out("out", leaky_relu_of(op.graph(), op.in("x"), op.attr<double>("negative_slope", 0.02)));
}

// At inference the slope is the middle of the interval that training draws it from.
void rrelu(OpContext& op) {
  const double lower = op.attr<double>("lower", 0.125);
  const double upper = op.attr<double>("upper", 1.0 / 3);
  if (!op.attr<bool>("is_test", false) && lower != upper)
    op.fail("it is in training mode: the slope is random", "call eval() on the layer before the export");
  op.out("out", leaky_relu_of(op.graph(), op.in("x"), (lower + upper) / 2));
}

void relu6(OpContext& op) { op.out("out", op.graph().clip(op.in("x"), 0, op.attr<double>("threshold", 6.0))); }

void hardtanh(OpContext& op) {
  op.out("out", op.graph().clip(op.in("x"), op.attr<double>("t_min", 0.0), op.attr<double>("t_max", 24.0)));
}

void elu(OpContext& op) { op.out("out", op.graph().node("Elu", {op.in("x")}, {{"alpha", number(op, "alpha", 1.0)}})); }

void selu(OpContext& op) {
  op.out("out", op.graph().node("Selu", {op.in("x")},
                                {{"alpha", number(op, "alpha", 1.6732632423543772848170429916717)},
                                 {"gamma", number(op, "scale", 1.0507009873554804934193349852946)}}));
}

// max(0, x) + min(0, α · (e^(x/α) - 1))
void celu_decomposed(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value alpha = g.scalar(op.attr<double>("alpha", 1.0), x.dtype());
  const Value curve = g.mul(alpha, g.sub(g.exp(g.div(x, alpha)), g.scalar(1, x.dtype())));
  op.out("out", g.sub(g.relu(x), g.relu(g.neg(curve))));
}

void celu(OpContext& op) {
  if (op.in("x").dtype() == DType::kFloat64) {
    celu_decomposed(op);
    return;
  }
  op.out("out", op.graph().node("Celu", {op.in("x")}, {{"alpha", number(op, "alpha", 1.0)}}));
}

// max(0, min(1, slope · x + offset))
Value hardsigmoid_of(Builder& g, Value x, double slope, double offset) {
  if (x.dtype() == DType::kFloat64)
    return g.clip(g.add(g.mul(x, g.scalar(slope, x.dtype())), g.scalar(offset, x.dtype())), 0, 1);
  return g.node("HardSigmoid", {x}, {{"alpha", static_cast<float>(slope)}, {"beta", static_cast<float>(offset)}});
}

void hardsigmoid(OpContext& op) {
  op.out("out", hardsigmoid_of(op.graph(), op.in("x"), op.attr<double>("slope", 0.2), op.attr<double>("offset", 0.5)));
}

// x · max(0, min(1, x / 6 + 1/2)). Older programs carry a threshold, a scale and an offset; Paddle takes no notice.
void hardswish_decomposed(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.mul(x, hardsigmoid_of(g, x, 1.0 / 6, 0.5)));
}

void hardswish(OpContext& op) {
  if (op.in("x").dtype() == DType::kFloat64) {
    hardswish_decomposed(op);
  } else {
    unary<"HardSwish">(op);
  }
}

// x where |x| > threshold, else 0
void hardshrink(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value far = g.greater(g.abs(x), g.scalar(op.attr<double>("threshold", 0.5), x.dtype()));
  op.out("out", g.mul(x, g.cast(far, x.dtype())));
}

// x - t beyond t, x + t before -t, else 0
void softshrink_decomposed(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value t = g.scalar(op.attr<double>("threshold", 0.5), x.dtype());
  op.out("out", g.sub(g.relu(g.sub(x, t)), g.relu(g.sub(g.neg(x), t))));
}

void softshrink(OpContext& op) {
  const float t = number(op, "threshold", 0.5);
  op.out("out", op.graph().node("Shrink", {op.in("x")}, {{"lambd", t}, {"bias", t}}));
}

// x where x > threshold, else `value`
void thresholded_relu(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const double value = op.attr<double>("value", 0.0);
  const Value above = g.greater(x, g.scalar(op.attr<double>("threshold", 1.0), x.dtype()));
  op.out("out", value == 0 ? g.mul(x, g.cast(above, x.dtype())) : g.where(above, x, g.scalar(value, x.dtype())));
}

// One slope for all, for each channel or for each element of a sample.
void prelu(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  Value slope = op.in("alpha");
  const auto mode = op.attr<std::string>("mode", "all");
  const bool channels_last = op.attr<std::string>("data_format", "NCHW").ends_with("C");
  if (mode == "all") {
    slope = g.reshape(slope, x.rank() == 0 ? Ints{} : Ints{1});
  } else if (mode == "channel") {
    Ints shape = {-1};
    if (!channels_last && x.rank() > 2) shape.resize(static_cast<size_t>(x.rank() - 1), 1);
    slope = g.reshape(slope, shape);
  } else if (mode == "element") {
    // As many numbers as a sample has, whatever their own shape.
    Ints shape;
    for (int64_t i = 1; i < x.rank(); ++i) shape.push_back(x.dim(i));
    if (slope.rank() != x.rank() && std::ranges::count(shape, -1) <= 1) slope = g.reshape(slope, shape);
  } else {
    op.fail("mode '" + mode + "' is unknown");
  }
  if (x.dtype() == DType::kFloat64) {
    op.out("out", g.sub(g.relu(x), g.mul(g.relu(g.neg(x)), slope)));
  } else {
    op.out("out", g.node("PRelu", {x, slope}, {}, {x.dtype(), x.dims()}));
  }
}

void logsigmoid(OpContext& op) {
  Builder& g = op.graph();
  op.out("out", g.neg(g.node("Softplus", {g.neg(op.in("x"))})));
}

// x · sigmoid(β · x). ONNX Runtime loads Swish at some of the opsets from 24 on only.
void swish(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const double beta = op.attr<double>("beta", 1.0);
  op.out("out", g.mul(x, g.sigmoid(beta == 1 ? x : g.mul(x, g.scalar(beta, x.dtype())))));
}

// ln(1 + e^(β·x)) / β, and x itself where β·x > threshold. From 20 on these are the same number in float32.
Value softplus_of(Builder& g, Value x, double beta, double threshold) {
  const Value scale = g.scalar(beta, x.dtype());
  const Value scaled = beta == 1 ? x : g.mul(x, scale);
  Value curve = g.node("Softplus", {scaled});
  if (beta != 1) curve = g.div(curve, scale);
  return threshold >= 20 ? curve : g.where(g.greater(scaled, g.scalar(threshold, x.dtype())), x, curve);
}

void softplus(OpContext& op) {
  op.out("out", softplus_of(op.graph(), op.in("x"), op.attr<double>("beta", 1.0), op.attr<double>("threshold", 20.0)));
}

// x · tanh(softplus(x))
void mish_decomposed(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.mul(x, g.tanh(softplus_of(g, x, 1, op.attr<double>("lambda", 20.0)))));
}

void mish(OpContext& op) {
  if (op.attr<double>("lambda", 20.0) < 20) {
    mish_decomposed(op);
    return;
  }
  op.out("out", op.graph().node("Mish", {op.in("x")}));
}

void tanh_shrink(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.sub(x, g.tanh(x)));
}

// b · tanh(a · x)
void stanh(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value a = g.scalar(op.attr<double>("scale_a", 0.67), x.dtype());
  const Value b = g.scalar(op.attr<double>("scale_b", 1.7159), x.dtype());
  op.out("out", g.mul(b, g.tanh(g.mul(a, x))));
}

// ln(1 + e^x) of x limited to ±threshold
void soft_relu(OpContext& op) {
  Builder& g = op.graph();
  const double limit = op.attr<double>("threshold", 40.0);
  op.out("out", g.node("Softplus", {g.clip(op.in("x"), -limit, limit)}));
}

// silu(x) · y; without y, of the two halves of the last axis.
void swiglu(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = op.in_or_none("y");
  if (!y) {
    const int64_t width = x.dim(-1);
    if (width < 0) op.fail("the size of the last axis is not known");
    const auto halves = g.split(x, {width / 2, width / 2}, x.rank() - 1);
    x = halves[0];
    y = halves[1];
  }
  op.out("out", g.mul(g.mul(x, g.sigmoid(x)), y));
}

// At inference, mode upscale_in_train is the identity; downgrade_in_infer multiplies by 1 - p, the share that training
// keeps.
void dropout(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const ScalarArgument p = op.scalar("p");
  if (!op.attr<bool>("is_test", false) && p.number != 0.0)
    op.fail("it is in training mode: its result is random", "call eval() on the layer before the export");
  if (op.attr<std::string>("mode", "downgrade_in_infer") == "upscale_in_train" || p.number == 0.0) {
    op.out("out", x);
    return;
  }
  const Value kept =
      p.known() ? g.scalar(1 - *p.number, x.dtype()) : g.sub(g.scalar(1, x.dtype()), op.scalar_value("p", x.dtype()));
  op.out("out", g.mul(x, kept));
}

constexpr MapperEntry kEntries[] = {
    {"celu", 7, celu_decomposed},
    {"celu", 12, celu},
    {"dropout", 7, dropout},
    {"elu", 7, elu},
    {"gelu", 7, gelu_decomposed},
    {"gelu", 20, gelu},
    {"hardshrink", 7, hardshrink},
    {"hardsigmoid", 7, hardsigmoid},
    {"hardswish", 7, hardswish_decomposed},
    {"hardswish", 14, hardswish},
    {"hardtanh", 7, hardtanh},
    {"leaky_relu", 7, leaky_relu},
    {"log_softmax", 7, softmax_like<"LogSoftmax">},
    {"logsigmoid", 7, logsigmoid},
    {"mish", 7, mish_decomposed},
    {"mish", 18, mish},
    {"prelu", 7, prelu},
    {"relu", 7, unary<"Relu">},
    {"relu6", 7, relu6},
    {"rrelu", 7, rrelu},
    {"selu", 7, selu},
    {"sigmoid", 7, unary<"Sigmoid">},
    {"silu", 7, swish},
    {"soft_relu", 7, soft_relu},
    {"softmax", 7, softmax_like<"Softmax">},
    {"softplus", 7, softplus},
    {"softshrink", 7, softshrink_decomposed},
    {"softshrink", 9, softshrink},
    {"softsign", 7, unary<"Softsign">},
    {"stanh", 7, stanh},
    {"swiglu", 7, swiglu},
    {"swish", 7, swish},
    {"tanh", 7, unary<"Tanh">},
    {"tanh_shrink", 7, tanh_shrink},
    {"thresholded_relu", 7, thresholded_relu},
};

}  // namespace

extern const MapperTable kActivationMappers = kEntries;

}  // namespace paddle2onnx
