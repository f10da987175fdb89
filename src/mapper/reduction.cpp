// Reductions along axes: sums, means, extremes, norms.
#include <cmath>
#include <limits>

#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// The axes of a reduction: all, numbers, or numbers known at run time only.
struct Axes {
  bool all = false;
  Ints numbers;
  Value computed;
  bool count_known = false;
  int64_t count = 0;  // of the computed ones
};

// No axes, or `reduce_all`, are all of them.
Axes axes_of(OpContext& op, Value x) {
  Axes axes;
  if (op.attr<bool>("reduce_all", false) || !op.has_number("axis") || x.rank() == 0) {
    axes.all = true;
    return axes;
  }
  const IntsArgument argument = op.ints("axis");
  if (const auto numbers = argument.constant()) {
    axes.all = numbers->empty();
    axes.numbers = x.has_rank() ? normalize_axes(op, *numbers, x.rank()) : *numbers;
  } else {
    axes.computed = argument.value;
    axes.count_known = argument.count_known;
    axes.count = static_cast<int64_t>(argument.size());
  }
  return axes;
}

bool keeps_dims(OpContext& op) { return op.attr<bool>(op.has_attr("keepdim") ? "keepdim" : "keep_dim", false); }

Value reduce(Builder& g, std::string_view op_type, Value x, const Axes& axes, bool keepdims) {
  if (x.rank() == 0) return x;
  if (axes.all) return g.reduce(op_type, x, std::nullopt, keepdims);
  if (!axes.computed) return g.reduce(op_type, x, axes.numbers, keepdims);
  g.need_opset(op_type == "ReduceSum" ? 13 : 18, std::string(op_type) + " with computed axes");
  std::optional<Dims> dims;
  if (x.has_rank() && (keepdims || axes.count_known))
    dims.emplace(static_cast<size_t>(x.rank() - (keepdims ? 0 : axes.count)), -1);
  return g.node(op_type, {x, axes.computed}, {{"keepdims", int64_t{keepdims}}}, {x.dtype(), dims});
}

template <FixedString OnnxOp>
void reduction(OpContext& op) {
  const Value x = op.in("x");
  op.out("out", reduce(op.graph(), OnnxOp.text, x, axes_of(op, x), keeps_dims(op)));
}

// The sum, in another type if `dtype` says so; of bool and int32 in int64.
void sum(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  DType dtype = op.attr<DType>("dtype", DType::kUndefined);
  if (dtype == DType::kUndefined) {
    const bool grows = x.dtype() == DType::kBool || x.dtype() == DType::kInt32;
    dtype = grows ? DType::kInt64 : x.dtype();
  }
  x = g.cast(x, dtype);
  op.out("out", reduce(g, "ReduceSum", x, axes_of(op, x), keeps_dims(op)));
}

// all, any: of other types than bool, all that isn't 0 is true.
template <FixedString OnnxOp>
void truth(OpContext& op) {
  Builder& g = op.graph();
  const Value x = g.cast(op.in("x"), DType::kBool);
  op.out("out", reduce(g, OnnxOp.text, x, axes_of(op, x), keeps_dims(op)));
}

// The old `mean`, of all elements.
void mean_all(OpContext& op) {
  Axes all;
  all.all = true;
  op.out("out", reduce(op.graph(), "ReduceMean", op.in("x"), all, false));
}

// max + ln Σ e^(x - max)
void logsumexp(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Axes axes = axes_of(op, x);
  const bool keepdims = keeps_dims(op);
  const Value largest = reduce(g, "ReduceMax", x, axes, true);
  const Value sum = reduce(g, "ReduceSum", g.exp(g.sub(x, largest)), axes, keepdims);
  op.out("out", g.add(g.log(sum), keepdims ? largest : reduce(g, "ReduceMax", x, axes, false)));
}

// (Σ |x|^p)^(1/p); the number of elements that aren't 0 for p = 0, the extremes of |x| for ±∞.
Value norm(Builder& g, Value x, double p, const Axes& axes, bool keepdims) {
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  if (p == 0) {
    const Value counts = g.cast(g.greater(g.abs(x), number(0)), x.dtype());
    return reduce(g, "ReduceSum", counts, axes, keepdims);
  }
  if (x.rank() == 0) return g.abs(x);
  if (p == 1) return reduce(g, "ReduceL1", x, axes, keepdims);
  if (p == 2) return reduce(g, "ReduceL2", x, axes, keepdims);
  if (std::isinf(p)) return reduce(g, p > 0 ? "ReduceMax" : "ReduceMin", g.abs(x), axes, keepdims);
  return g.pow(reduce(g, "ReduceSum", g.pow(g.abs(x), number(p)), axes, keepdims), number(1 / p));
}

void p_norm(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  Axes axes;
  axes.all = op.attr<bool>("asvector", false) || x.rank() == 0;
  if (!axes.all) axes.numbers = {normalize_axis(op, op.attr<int64_t>("axis", -1), x.rank())};
  op.out("out", norm(g, x, op.attr<double>("porder", 2.0), axes, keeps_dims(op)));
}

void frobenius_norm(OpContext& op) {
  const Value x = op.in("x");
  op.out("out", norm(op.graph(), x, 2, axes_of(op, x), keeps_dims(op)));
}

// The norm of x - y, of all elements.
void dist(OpContext& op) {
  Builder& g = op.graph();
  Axes all;
  all.all = true;
  op.out("out", norm(g, g.sub(op.in("x"), op.in("y")), op.attr<double>("p", 2.0), all, false));
}

// Σ |x|
void l1_norm(OpContext& op) {
  Axes all;
  all.all = true;
  op.out("out", norm(op.graph(), op.in("x"), 1, all, false));
}

// Σ x², of rank 1
void squared_l2_norm(OpContext& op) {
  Builder& g = op.graph();
  op.out("out", g.reduce("ReduceSumSquare", g.flatten_to_1d(op.in("x")), Ints{0}, true));
}

// (1 - ε) · label + ε · prior, where the prior is 1 / classes if none is given.
void label_smooth(OpContext& op) {
  Builder& g = op.graph();
  const Value label = op.in("label");
  const double epsilon = op.attr<double>("epsilon", 0.0);
  const auto number = [&](double value) { return g.scalar(value, label.dtype()); };
  const Value kept = g.mul(label, number(1 - epsilon));
  Value prior = op.in_or_none("prior_dist");
  if (prior) {
    prior = g.mul(prior, number(epsilon));
  } else if (label.dim(-1) > 0) {
    prior = number(epsilon / static_cast<double>(label.dim(-1)));
  } else {
    prior = g.div(number(epsilon), g.cast(g.dim(label, -1), label.dtype()));
  }
  op.out("out", g.add(kept, prior));
}

// x · max_norm / max(|x|, max_norm)
void clip_by_norm(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value limit = g.scalar(op.attr<double>("max_norm"), x.dtype());
  const Value size = x.rank() == 0 ? g.abs(x) : g.reduce("ReduceL2", x, std::nullopt, false);
  op.out("out", g.mul(x, g.div(limit, g.max(size, limit))));
}

constexpr MapperEntry kEntries[] = {
    {"all", 7, truth<"ReduceMin">},
    {"amax", 7, reduction<"ReduceMax">},
    {"amin", 7, reduction<"ReduceMin">},
    {"any", 7, truth<"ReduceMax">},
    {"clip_by_norm", 8, clip_by_norm},
    {"dist", 7, dist},
    {"frobenius_norm", 7, frobenius_norm},
    {"l1_norm", 7, l1_norm},
    {"label_smooth", 7, label_smooth},
    {"logsumexp", 7, logsumexp},
    {"max", 7, reduction<"ReduceMax">},
    {"mean", 7, reduction<"ReduceMean">},
    {"mean_all", 7, mean_all},
    {"min", 7, reduction<"ReduceMin">},
    {"p_norm", 7, p_norm},
    {"prod", 7, reduction<"ReduceProd">},
    {"squared_l2_norm", 7, squared_l2_norm},
    {"sum", 7, sum},
};

}  // namespace

extern const MapperTable kReductionMappers = kEntries;

}  // namespace paddle2onnx
