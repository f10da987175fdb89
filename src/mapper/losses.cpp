// Loss functions and other comparisons of predictions with labels. They stand at the end of networks that were exported
// with their evaluation.
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

Value number(Builder& g, double value, Value like) { return g.scalar(value, like.dtype()); }

// 1 where a class is the labelled one: `label` has extent 1 where x has the classes. Other labels than classes give
// zeros.
Value labelled(OpContext& op, Value x, Value label, int64_t axis) {
  Builder& g = op.graph();
  Ints shape(static_cast<size_t>(x.rank() - axis), 1);
  shape.front() = -1;
  const Value classes = g.reshape(positions(g, g.dim(x, axis)), shape);
  return g.cast(g.equal(g.cast(label, DType::kInt64), classes), x.dtype());
}

// The element of the labelled class, extent 1 along the axis; 0 where the label is `ignored`.
Value of_label(OpContext& op, Value x, Value label, int64_t axis, int64_t ignored) {
  Builder& g = op.graph();
  const Value here = g.cast(label, DType::kInt64);
  const Value skip = g.equal(here, g.scalar_i64(ignored));
  // Up to 10 nothing gathers element by element.
  if (g.opset() < 11) {
    const Value chosen = g.mul(labelled(op, x, here, axis), g.cast(g.logical_not(skip), x.dtype()));
    return g.reduce("ReduceSum", g.mul(x, chosen), Ints{axis}, true);
  }
  Dims dims = *x.dims();
  dims[static_cast<size_t>(axis)] = 1;
  const Value picked = g.node("GatherElements", {x, g.where(skip, g.scalar_i64(0), here)}, {{"axis", axis}},
                              {x.dtype(), std::move(dims)});
  return g.where(skip, number(g, 0, x), picked);
}

// ln(p), where Paddle puts ±1e20 in the place of ±∞.
Value tolerable_log(Builder& g, Value p) { return g.clip(g.log(p), -1e20, 1e20); }

// A label of as many dimensions as x, with extent 1 along the axis.
Value placed_label(OpContext& op, Value x, Value label, int64_t axis) {
  return label.rank() == x.rank() ? label : op.graph().unsqueeze(label, {axis});
}

void cross_entropy_with_softmax(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  Value label = op.in("label");
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", -1), rank_of(op, x));
  const bool soft = op.attr<bool>("soft_label", false);
  Value log_p;
  if (op.attr<bool>("use_softmax", true)) {
    // Paddle's CPU cuts the exponents at -64.
    const Value exponent = g.clip(g.sub(x, g.reduce("ReduceMax", x, Ints{axis}, true)), -64, std::nullopt);
    log_p = g.sub(exponent, g.log(g.reduce("ReduceSum", g.exp(exponent), Ints{axis}, true)));
    if (op.wants("softmax")) op.out("softmax", g.softmax(x, axis));
  } else {
    log_p = tolerable_log(g, x);
    if (op.wants("softmax")) op.out("softmax", g.identity(x));
  }
  if (soft) return op.out("loss", g.neg(g.reduce("ReduceSum", g.mul(label, log_p), Ints{axis}, true)));
  label = placed_label(op, x, label, axis);
  op.out("loss", g.neg(of_label(op, log_p, label, axis, op.attr<int64_t>("ignore_index", -100))));
}

// The cross_entropy of 1.x, of probabilities.
void cross_entropy(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t last = rank_of(op, x) - 1;
  if (op.attr<bool>("soft_label", false)) {
    return op.out("out", g.neg(g.reduce("ReduceSum", g.mul(op.in("label"), tolerable_log(g, x)), Ints{last}, true)));
  }
  const Value label = placed_label(op, x, op.in("label"), last);
  const int64_t ignored = op.attr<int64_t>("ignore_index", -100);
  op.out("out", g.neg(of_label(op, tolerable_log(g, x), label, last, ignored)));
  if (op.wants("match_x")) op.out("match_x", of_label(op, x, label, last, ignored));
}

// -y · ln(x) - (1 - y) · ln(1 - x), with logarithms of at least -100
void bce_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  const Value y = op.in("label");
  const Value one = number(g, 1, x);
  const auto log = [&](Value p) { return g.clip(g.log(p), -100, std::nullopt); };
  op.out("out", g.sub(g.mul(g.sub(y, one), log(g.sub(one, x))), g.mul(y, log(x))));
}

// ½ r² where |r| ≤ δ, else δ · (|r| - ½ δ); r = label - input
void huber_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  const double delta = op.attr<double>("delta", 1.0);
  const Value residual = g.sub(op.in("label"), x);
  const Value size = g.abs(residual);
  const Value near = g.mul(g.mul(residual, residual), number(g, 0.5, x));
  const Value far = g.mul(g.sub(size, number(g, delta / 2, x)), number(g, delta, x));
  op.out("out", g.where(g.greater(size, number(g, delta, x)), far, near));
  if (op.wants("residual")) op.out("residual", residual);
}

// 0/1 as -1/1
Value as_sign(Builder& g, Value label) { return g.sub(g.mul(label, number(g, 2, label)), number(g, 1, label)); }

// max(0, 1 - x · y) of y = ±1
void hinge_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("logits");
  op.out("loss", g.relu(g.sub(number(g, 1, x), g.mul(x, as_sign(g, op.in("labels"))))));
}

// -4z where z < -1, (1 - z)² where z < 1, else 0; z = x · y of y = ±1
void modified_huber_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value z = g.mul(x, as_sign(g, op.in("y")));
  const Value margin = g.relu(g.sub(number(g, 1, x), z));
  op.out("out", g.where(g.less(z, number(g, -1, x)), g.mul(z, number(g, -4, x)), g.mul(margin, margin)));
  if (op.wants("intermediate")) op.out("intermediate", z);
}

// -y · ln(x + ε) - (1 - y) · ln(1 - x + ε)
void log_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  const Value y = op.in("label");
  const Value one = number(g, 1, x);
  const Value epsilon = number(g, op.attr<double>("epsilon", 1e-4), x);
  const Value hit = g.mul(y, g.log(g.add(x, epsilon)));
  const Value miss = g.mul(g.sub(one, y), g.log(g.add(g.sub(one, x), epsilon)));
  op.out("out", g.sub(g.neg(hit), miss));
}

// A loss of all elements; of older programs it has rank 1.
void out_total(OpContext& op, std::string_view name, Value total) {
  const auto declared = op.out_dims(name);
  op.out(name, declared && declared->size() == 1 ? op.graph().reshape(total, Ints{1}) : total);
}

void reduce_loss(OpContext& op, Value loss, std::string_view reduction) {
  Builder& g = op.graph();
  const Value flat = g.flatten_to_1d(loss);
  if (reduction == "none") return op.out("out", loss);
  if (reduction == "mean") return out_total(op, "out", g.reduce("ReduceMean", flat, Ints{0}, false));
  const Value sum = g.reduce("ReduceSum", flat, Ints{0}, false);
  if (reduction == "sum") return out_total(op, "out", sum);
  if (reduction != "batchmean") op.fail("the reduction '" + std::string(reduction) + "'");
  out_total(op, "out", g.div(sum, g.cast(as_scalar(g, g.dim(loss, 0)), loss.dtype())));
}

// y · (ln(y) - x), 0 where y ≤ 0; of labels that are logarithms e^y · (y - x)
void kldiv_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("label");
  Value loss;
  if (op.attr<bool>("log_target", false)) {
    loss = g.mul(g.exp(y), g.sub(y, x));
  } else {
    const Value zero = number(g, 0, x);
    loss = g.where(g.greater(y, zero), g.mul(y, g.sub(g.log(y), x)), zero);
  }
  reduce_loss(op, loss, op.attr<std::string>("reduction", "mean"));
}

// -w[label] · x[label]; the mean is weighted, and 0 where nothing has a weight.
void nll_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("input");
  const Value label = op.in("label");
  if (rank_of(op, x) < 2) op.fail("an input of rank " + std::to_string(x.rank()));
  const int64_t ignored = op.attr<int64_t>("ignore_index", -100);
  const Value classes = g.unsqueeze(label, {1});
  const Value picked = g.squeeze(of_label(op, x, classes, 1, ignored), {1});
  Value weight;
  if (const Value weights = op.in_or_none("weight")) {
    Ints shape(static_cast<size_t>(x.rank()), 1);
    shape[1] = -1;
    const Value per_class =
        g.opset() < 11 ? g.reshape(weights, shape) : g.expand(g.reshape(weights, shape), g.shape(x));
    weight = g.squeeze(of_label(op, per_class, classes, 1, ignored), {1});
  } else {
    const Value skip = g.equal(g.cast(label, DType::kInt64), g.scalar_i64(ignored));
    weight = g.cast(g.logical_not(skip), x.dtype());
  }
  const Value loss = g.neg(g.mul(picked, weight));
  const Value total = g.reduce("ReduceSum", g.flatten_to_1d(weight), Ints{0}, false);
  const auto reduction = op.attr<std::string>("reduction", "mean");
  if (reduction == "mean") {
    const Value sum = g.reduce("ReduceSum", g.flatten_to_1d(loss), Ints{0}, false);
    const Value nothing = g.cast(g.logical_not(g.greater(g.abs(total), number(g, 0, x))), x.dtype());
    out_total(op, "out", g.div(sum, g.add(total, nothing)));
  } else {
    reduce_loss(op, loss, reduction);
  }
  // Paddle leaves the total weight unwritten where nothing is reduced.
  if (op.wants("total_weight")) {
    out_total(op, "total_weight", reduction == "none" ? number(g, 0, x) : total);
  }
}

// ln(1 + e^-|x|)
Value softplus_of_minus_size(Builder& g, Value x) { return g.log(g.add(g.exp(g.neg(g.abs(x))), number(g, 1, x))); }

// max(x, 0) - x · y + ln(1 + e^-|x|), 0 where y is the ignored index; `normalize` divides by how many are not.
// Weights of positive labels: (1 - y) · x + (1 + (w - 1) y) (ln(1 + e^-|x|) + max(-x, 0)), the factor being an operand.
// Paddle 2 multiplied the logarithm alone.
void sigmoid_cross_entropy(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("label");
  Value tail = softplus_of_minus_size(g, x);
  const Value weight = op.in_or_none("pos_weight");
  const bool whole = weight && !op.attr<bool>("weighs_logarithm_only", false);
  if (whole) tail = g.add(tail, g.relu(g.neg(x)));
  if (weight) tail = g.mul(tail, weight);
  Value loss = g.add(whole ? g.mul(g.sub(number(g, 1, x), y), x) : g.sub(g.relu(x), g.mul(x, y)), tail);
  const Value ignored = number(g, static_cast<double>(op.attr<int64_t>("ignore_index", -100)), x);
  const Value counts = g.greater(g.abs(g.sub(y, ignored)), number(g, 1e-5, x));
  loss = g.where(counts, loss, number(g, 0, x));
  if (op.attr<bool>("normalize", false)) {
    const Value count = g.reduce("ReduceSum", g.flatten_to_1d(g.cast(counts, x.dtype())), Ints{0}, false);
    loss = g.div(loss, g.max(count, number(g, 1e-5, x)));
  }
  op.out("out", loss);
}

// The mean over the other classes of ln(1 + e^(x - x[label])).
void bpr_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t last = rank_of(op, x) - 1;
  const Value label = placed_label(op, x, op.in("label"), last);
  const Value above = g.sub(x, of_label(op, x, label, last, -1));
  const Value terms = g.log(g.add(g.exp(above), number(g, 1, x)));
  const Value others = g.mul(terms, g.sub(number(g, 1, x), labelled(op, x, label, last)));
  const Value count = g.cast(g.sub(g.dim(x, last), g.ints({1})), x.dtype());
  op.out("out", g.div(g.reduce("ReduceSum", others, Ints{last}, true), count));
}

// ln(1 + e^o) - y · o, o = left - right
void rank_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value o = g.sub(op.in("left"), op.in("right"));
  op.out("out", g.sub(g.log(g.add(g.exp(o), number(g, 1, o))), g.mul(op.in("label"), o)));
}

// A click z and a teacher's score s share one label: -2 (z = 0, no s), -1 (z = 1, no s), s (z = 0), 1 + s (z = 1). The
// sum of the cross entropies of those that are there.
void teacher_student_sigmoid_loss(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("label");
  const auto below = [&](double limit) { return g.less(y, number(g, limit, x)); };
  const Value clicked = g.logical_or(g.logical_and(below(0), g.logical_not(below(-1))), g.logical_not(below(1)));
  const Value z = g.cast(clicked, x.dtype());
  const Value negative = g.add(g.relu(x), softplus_of_minus_size(g, x));  // cross entropy of the label 0
  const Value click = g.sub(negative, g.mul(x, z));
  const Value teacher = g.sub(negative, g.mul(x, g.sub(y, z)));
  op.out("out", g.where(below(0), click, g.add(click, teacher)));
}

void identity_loss(OpContext& op) {
  static constexpr std::string_view kReductions[] = {"sum", "mean", "none"};
  const auto reduction = op.attr<int64_t>("reduction", 1);
  if (reduction < 0 || reduction > 2) op.fail("the reduction " + std::to_string(reduction));
  const Value x = op.in("x");
  if (reduction == 2) return op.out("out", op.graph().identity(x));
  reduce_loss(op, x, kReductions[reduction]);
}

// How many rows have their label among the predicted indices.
void accuracy(OpContext& op) {
  Builder& g = op.graph();
  const Value indices = g.cast(op.in("indices"), DType::kInt64);
  Value label = g.cast(op.in("label"), DType::kInt64);
  if (label.rank() == 1) label = g.unsqueeze(label, {1});
  const Value hits = g.reduce("ReduceMax", g.cast(g.equal(indices, label), DType::kInt32), Ints{1}, false);
  const Value correct = g.reduce("ReduceSum", hits, Ints{0}, false);
  const Value total = g.cast(as_scalar(g, g.dim(indices, 0)), DType::kInt32);
  // float32, whatever type of scores the program declares.
  out_total(op, "accuracy", g.div(g.cast(correct, DType::kFloat32), g.cast(total, DType::kFloat32)));
  out_total(op, "correct", correct);
  out_total(op, "total", total);
}

constexpr MapperEntry kEntries[] = {
    {"cross_entropy_with_softmax", 7, cross_entropy_with_softmax},
    {"cross_entropy", 7, cross_entropy},
    {"cross_entropy2", 7, cross_entropy},
    {"bce_loss", 7, bce_loss},
    {"huber_loss", 9, huber_loss},
    {"hinge_loss", 7, hinge_loss},
    {"modified_huber_loss", 9, modified_huber_loss},
    {"log_loss", 7, log_loss},
    {"kldiv_loss", 9, kldiv_loss},
    {"nll_loss", 7, nll_loss},
    {"sigmoid_cross_entropy_with_logits", 9, sigmoid_cross_entropy},
    {"bpr_loss", 7, bpr_loss},
    {"rank_loss", 7, rank_loss},
    {"teacher_student_sigmoid_loss", 9, teacher_student_sigmoid_loss},
    {"identity_loss", 7, identity_loss},
    {"accuracy", 7, accuracy},
};

}  // namespace

extern const MapperTable kLossMappers = kEntries;

}  // namespace paddle2onnx
