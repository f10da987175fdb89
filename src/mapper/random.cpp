#include "mapper/random.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "mapper/indices.h"
#include "mapper/special.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// As of ONNX Runtime 1.32.
constexpr std::string_view kNoKernel =
    "random numbers: ONNX Runtime has no kernels for random operators as opset 22 defines them; ask for opset 21 or "
    "lower";

// The type that random numbers of a type are drawn in.
DType drawn_dtype(DType dtype) { return dtype == DType::kFloat64 ? dtype : DType::kFloat32; }

// Numbers of a distribution under a shape (int64 [n]). ONNX's RandomUniform and RandomNormal take the shape from a
// tensor in their …Like forms only.
Value draw(OpContext& op, std::string_view op_type, NodeAttributes attributes, Value shape, DType dtype) {
  Builder& g = op.graph();
  if (g.opset() >= 22) op.lossy(std::string(kNoKernel));
  // 0, or -1: a new sequence in each run.
  if (const auto seed = op.attr<int64_t>("seed", 0); seed > 0)
    attributes.emplace_back("seed", static_cast<float>(seed));
  const DType drawn = drawn_dtype(dtype);
  const Value model = g.expand(g.scalar(0, drawn), shape);
  return g.cast(g.node(op_type, {model}, std::move(attributes), {drawn, model.dims()}), dtype);
}

}  // namespace

Value uniform_numbers(OpContext& op, Value shape, double low, double high, DType dtype) {
  NodeAttributes attributes = {{"low", static_cast<float>(low)}, {"high", static_cast<float>(high)}};
  return draw(op, "RandomUniformLike", std::move(attributes), shape, dtype);
}

// -ln of uniform numbers, which are never 0.
Value exponential_numbers(OpContext& op, Value shape, DType dtype) {
  Builder& g = op.graph();
  const double smallest = dtype == DType::kFloat64 ? 0x1p-60 : 0x1p-30;
  const Value uniform = g.max(uniform_numbers(op, shape, 0, 1, dtype), g.scalar(smallest, dtype));
  return g.neg(g.log(uniform));
}

namespace {

Value normal_numbers(OpContext& op, Value shape, double mean, double deviation, DType dtype) {
  NodeAttributes attributes = {{"mean", static_cast<float>(mean)}, {"scale", static_cast<float>(deviation)}};
  return draw(op, "RandomNormalLike", std::move(attributes), shape, dtype);
}

// -ln of exponential numbers: the largest of xᵢ + gᵢ is that of i with probability ∝ e^xᵢ.
Value gumbel_numbers(OpContext& op, Value shape, DType dtype) {
  Builder& g = op.graph();
  const double smallest = dtype == DType::kFloat64 ? 0x1p-60 : 0x1p-30;
  return g.neg(g.log(g.max(exponential_numbers(op, shape, dtype), g.scalar(smallest, dtype))));
}

// float16 and bfloat16 are drawn in float32.
Value in_drawn_dtype(Builder& g, Value x) { return g.cast(x, drawn_dtype(x.dtype())); }

// --- creation -----------------------------------------------------------------------------------------------------

// Paddle's CPU kernel sets `diag_num` elements of the flat result, each `diag_step` + 1 behind the other, to
// `diag_val`.
Value with_diagonal(OpContext& op, Value x) {
  const auto count = op.attr<int64_t>("diag_num", 0);
  if (count <= 0) return x;
  Builder& g = op.graph();
  if (!x.is_static()) op.fail("numbers on a diagonal (diag_num) of a result whose shape is known at run time only");
  const auto step = op.attr<int64_t>("diag_step", 0);
  const int64_t size = element_count(*x.dims()).value_or(0);
  if (step < 0 || step >= size || count - 1 > (size - 1) / (step + 1))
    op.fail("more numbers on a diagonal (diag_num, diag_step) than the result has elements");
  if (count > 1 << 20) op.fail("a diagonal (diag_num) of more than a million numbers");
  Ints places;
  for (int64_t i = 0; i < count; ++i) places.push_back(i * (step + 1));
  const Value numbers = g.expand(g.scalar(op.attr<double>("diag_val", 0), x.dtype()), g.ints({count}));
  const Value flat = g.node("ScatterElements", {g.flatten_to_1d(x), g.ints(places), numbers}, {{"axis", int64_t{0}}});
  return g.reshape(flat, *x.dims());
}

// Limits that are computed at run time stretch numbers from [0, 1).
void uniform(OpContext& op) {
  Builder& g = op.graph();
  const DType dtype = dtype_or(op, DType::kFloat32);
  const Value shape = op.ints("shape").value;
  const ScalarArgument low = op.scalar("min");
  const ScalarArgument high = op.scalar("max");
  if (low.known() && high.known())
    return op.out("out", with_diagonal(op, uniform_numbers(op, shape, *low.number, *high.number, dtype)));
  const Value from = op.scalar_value("min", dtype);
  const Value width = g.sub(op.scalar_value("max", dtype), from);
  op.out("out", with_diagonal(op, g.add(g.mul(uniform_numbers(op, shape, 0, 1, dtype), width), from)));
}

void uniform_batch_size_like(OpContext& op) {
  op.out("out", with_diagonal(op, uniform_numbers(op, shape_with_batch(op), op.attr<double>("min", -1),
                                                  op.attr<double>("max", 1), dtype_or(op, DType::kFloat32))));
}

// Whole numbers low … high - 1. Drawn in float64, which tells all of int32 apart.
Value whole_numbers(OpContext& op, Value shape, double low, double high, DType dtype) {
  Builder& g = op.graph();
  return g.cast(g.floor(uniform_numbers(op, shape, low, high, DType::kFloat64)), dtype);
}

void randint(OpContext& op) {
  op.out("out", whole_numbers(op, op.ints("shape").value, op.attr<double>("low"), op.attr<double>("high"),
                              dtype_or(op, DType::kInt64)));
}

void gaussian(OpContext& op) {
  op.out("out", normal_numbers(op, op.ints("shape").value, op.attr<double>("mean", 0), op.attr<double>("std", 1),
                               dtype_or(op, DType::kFloat32)));
}

// The order of random numbers is a random permutation.
void randperm(OpContext& op) {
  Builder& g = op.graph();
  const Value count = g.reshape(op.scalar_value("n", DType::kInt64), Ints{1});
  const Value numbers = uniform_numbers(op, count, 0, 1, DType::kFloat64);
  op.out("out", g.cast(g.topk(numbers, count, 0, true, true).second, dtype_or(op, DType::kInt64)));
}

// Φ(x)
double normal_distribution(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

// Φ⁻¹ of uniform numbers between Φ(a) and Φ(b). Φ⁻¹(p) = √2 · erf⁻¹(2p - 1).
void truncated_gaussian(OpContext& op) {
  Builder& g = op.graph();
  const DType dtype = dtype_or(op, DType::kFloat32);
  const double a = op.attr<double>("a", -2.0);
  const double b = op.attr<double>("b", 2.0);
  const double mean = op.attr<double>("mean", 0.0);
  const double deviation = op.attr<double>("std", 1.0);
  const Value numbers = uniform_numbers(op, op.ints("shape").value, 2 * normal_distribution(a) - 1,
                                        2 * normal_distribution(b) - 1, drawn_dtype(dtype));
  const Value standard = g.mul(inverse_erf(g, numbers), g.scalar(std::numbers::sqrt2, numbers.dtype()));
  const Value scaled =
      g.add(g.mul(g.clip(standard, a, b), g.scalar(deviation, numbers.dtype())), g.scalar(mean, numbers.dtype()));
  op.out("out", g.cast(scaled, dtype));
}

// The seed that a dropout would draw with.
void seed(OpContext& op) {
  const auto number = op.attr<int64_t>("seed", 0);
  if (number == 0) op.lossy(std::string(kRandom));
  op.out("out", op.graph().constant(from_ints(DType::kInt32, {1}, {number})));
}

// --- in the place of an operand -------------------------------------------------------------------------------------

// Paddle's kernel looks at none of the attributes of a diagonal.
void uniform_inplace(OpContext& op) {
  const Value x = op.in("x");
  op.out("out",
         uniform_numbers(op, op.graph().shape(x), op.attr<double>("min", -1), op.attr<double>("max", 1), x.dtype()));
}

void gaussian_inplace(OpContext& op) {
  const Value x = op.in("x");
  op.out("out",
         normal_numbers(op, op.graph().shape(x), op.attr<double>("mean", 0), op.attr<double>("std", 1), x.dtype()));
}

void exponential(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value numbers = exponential_numbers(op, g.shape(x), drawn_dtype(x.dtype()));
  op.out("out", g.cast(g.mul(numbers, g.scalar(1 / op.attr<double>("lam", 1.0), numbers.dtype())), x.dtype()));
}

void random_whole(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", whole_numbers(op, g.shape(x), op.attr<double>("from"), op.attr<double>("to"), x.dtype()));
}

// --- of an operand's distribution -----------------------------------------------------------------------------------

// 1 with probability x
void bernoulli(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value p = in_drawn_dtype(g, x);
  op.out("out", g.cast(g.less(uniform_numbers(op, g.shape(x), 0, 1, p.dtype()), p), x.dtype()));
}

// Draws from classes with probability ∝ x: without replacement the first of ln xᵢ + gᵢ in descending order, with it one
// such drawing for each sample.
void multinomial(OpContext& op) {
  Builder& g = op.graph();
  const Value x = in_drawn_dtype(g, op.in("x"));
  const int64_t rank = rank_of(op, x);
  const Value log_p = g.log(x);
  const Value samples = g.reshape(op.scalar_value("num_samples", DType::kInt64), Ints{1});
  if (!op.attr<bool>("replacement", false)) {
    const Value keys = g.add(log_p, gumbel_numbers(op, g.shape(x), x.dtype()));
    return op.out("out", g.topk(keys, samples, rank - 1, true, true).second);
  }
  // [.., samples, classes]
  std::vector<Value> shape;
  for (int64_t i = 0; i + 1 < rank; ++i) shape.push_back(g.dim(x, i));
  shape.push_back(samples);
  shape.push_back(g.dim(x, -1));
  const Value keys = g.add(g.unsqueeze(log_p, {rank - 1}), gumbel_numbers(op, g.concat_ints(shape), x.dtype()));
  Dims dims = *x.dims();
  dims.back() = keys.dim(-2);
  op.out("out", g.node("ArgMax", {keys}, {{"axis", rank}, {"keepdims", int64_t{0}}}, {DType::kInt64, dims}));
}

// One of the likeliest classes of each row that together have the probability `ps`. `truncated`: the first, in falling
// order, up to which the probabilities sum up to a random part of `ps`; if it's below the threshold, the last one that
// isn't (among the first 20, else any that isn't). Else: one drawn by the probabilities, of those that are not below
// the threshold. The first where there is none, or all sum up to less. Paddle's seeds begin sequences of cuRAND.
void top_p_sampling(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (x.rank() != 2) op.fail("probabilities that are not [batch, classes]");
  const auto [sorted, classes] = g.topk(g.cast(x, DType::kFloat32), g.dim(x, 1), 1, true, true);
  const Value sums = g.node("CumSum", {sorted, g.scalar_i64(1)});
  const Value ps = g.reshape(g.cast(op.in("ps"), DType::kFloat32), Ints{-1, 1});
  const Value column = g.concat_ints({g.dim(x, 0), g.ints({1})});
  Value high_enough;
  if (const Value threshold = op.in_or_none("threshold"))
    high_enough = g.logical_not(g.less(sorted, g.reshape(g.cast(threshold, DType::kFloat32), Ints{-1, 1})));
  const auto first_of = [&](Value places, Value condition) { return g.where(condition, places, g.scalar_i64(0)); };
  const auto pick = [&](Value v, Value place) { return g.node("GatherElements", {v, place}, {{"axis", int64_t{1}}}); };

  Value place;
  if (op.attr<std::string>("mode", "truncated") == "truncated") {
    const Value goal = g.mul(uniform_numbers(op, column, 0, 1, DType::kFloat32), ps);
    const Value passed = g.reduce("ReduceSum", g.cast(g.less(sums, goal), DType::kInt64), Ints{1}, true);
    place = first_of(passed, g.less(passed, g.dim(x, 1)));
    if (high_enough) {
      const Value count = g.reduce("ReduceSum", g.cast(high_enough, DType::kInt64), Ints{1}, true);
      const Value one = g.scalar_i64(1);
      const Value any = g.mul(uniform_numbers(op, column, 0, 1, DType::kFloat32), g.cast(count, DType::kFloat32));
      const Value other =
          g.where(g.less(place, g.scalar_i64(20)), g.sub(count, one), g.cast(g.floor(any), DType::kInt64));
      place = g.where(g.less(place, count), place, first_of(other, g.less(g.scalar_i64(0), count)));
    }
  } else {
    Value drawn = g.less(g.sub(sums, sorted), ps);
    if (high_enough) drawn = g.logical_and(drawn, high_enough);
    const Value keys = g.div(sorted, exponential_numbers(op, g.shape(sorted), DType::kFloat32));
    place = g.node("ArgMax", {g.where(drawn, keys, g.scalar(0, DType::kFloat32))},
                   {{"axis", int64_t{1}}, {"keepdims", int64_t{1}}}, {DType::kInt64, Dims{x.dim(0), 1}});
    place = first_of(place, g.logical_not(g.less(g.reduce("ReduceMax", sums, Ints{1}, true), ps)));
  }
  op.out("out", g.cast(pick(sorted, place), x.dtype()));
  op.out("ids", pick(classes, place));
  if (const auto k = op.attr<int64_t>("k", 0); k > 0) {
    const auto first = [&](Value v) { return g.slice(v, Ints{0}, Ints{k}, Ints{1}); };
    if (op.wants("topk_scores")) op.out("topk_scores", g.cast(first(sorted), x.dtype()));
    if (op.wants("topk_ids")) op.out("topk_ids", first(classes));
  }
}

// softmax((x + g) / temperature), or 1 at its largest element.
void gumbel_softmax(OpContext& op) {
  Builder& g = op.graph();
  const Value operand = op.in("x");
  const Value x = in_drawn_dtype(g, operand);
  if (rank_of(op, x) == 0) return op.out("out", g.add(g.sub(operand, operand), g.scalar(1, operand.dtype())));
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", -1), x.rank());
  const Value keys = g.mul(g.add(x, gumbel_numbers(op, g.shape(x), x.dtype())),
                           g.scalar(1 / op.attr<double>("temperature", 1.0), x.dtype()));
  if (!op.attr<bool>("hard", false)) return op.out("out", g.cast(g.softmax(keys, axis), operand.dtype()));
  Dims dims = *x.dims();
  dims[static_cast<size_t>(axis)] = 1;
  const Value place = g.node("ArgMax", {keys}, {{"axis", axis}, {"keepdims", int64_t{1}}}, {DType::kInt64, dims});
  Ints column(static_cast<size_t>(x.rank() - axis), 1);
  column.front() = -1;
  const Value classes = g.reshape(positions(g, g.dim(x, axis)), column);
  op.out("out", g.cast(g.equal(place, classes), operand.dtype()));
}

// How many of `count` trials of probability `prob` succeed; as many are drawn as the largest count wants.
void binomial(OpContext& op) {
  Builder& g = op.graph();
  const auto [count, prob] = std::pair(g.cast(op.in("count"), DType::kInt64), in_drawn_dtype(g, op.in("prob")));
  const Value most = g.reduce("ReduceMax", g.flatten_to_1d(count), Ints{0}, true);
  const Value counts = g.unsqueeze(count, {-1});
  const Value p = g.unsqueeze(prob, {-1});
  const Value taken = g.less(positions(g, most), counts);  // [.., trials]
  // A shape for operands that are broadcast: that of their sum.
  const Value both = g.add(g.cast(taken, p.dtype()), p);
  const Value success = g.logical_and(g.less(uniform_numbers(op, g.shape(both), 0, 1, p.dtype()), p), taken);
  op.out("out", g.reduce("ReduceSum", g.cast(success, DType::kInt64), Ints{-1}, false));
}

// How many events of a Poisson process of rate 1, whose distances are exponential, happen before the time x. As many
// are drawn as will practically ever happen: 12 standard deviations above the largest mean.
void poisson(OpContext& op) {
  Builder& g = op.graph();
  const Value operand = op.in("x");
  const Value x = in_drawn_dtype(g, operand);
  const auto number = [&](double value) { return g.scalar(value, x.dtype()); };
  const Value largest = g.reduce("ReduceMax", g.flatten_to_1d(x), Ints{0}, true);
  const Value most = g.add(g.add(largest, g.mul(g.sqrt(largest), number(12))), number(30));
  const Value events = g.cast(g.ceil(most), DType::kInt64);
  const Value shape = x.rank() == 0 ? events : g.concat({g.shape(x), events}, 0);
  const Value distances = exponential_numbers(op, shape, x.dtype());
  const Value times = g.node("CumSum", {distances, g.scalar_i64(x.rank())});
  const Value before = g.cast(g.less(times, g.unsqueeze(x, {-1})), operand.dtype());
  op.out("out", g.reduce("ReduceSum", before, Ints{-1}, false));
}

// Numbers of the gamma distribution of shape α. G. Marsaglia, W. Tsang, "A simple method for generating gamma
// variables", 2000: d (1 + c z)³ of normal z, accepted in more than 95 of 100 trials; so 16 trials are as good as
// endlessly many. α < 1 is drawn as α + 1 and multiplied by u^(1/α).
Value gamma_numbers(OpContext& op, Value alpha) {
  constexpr int64_t kTrials = 16;
  Builder& g = op.graph();
  const DType dtype = alpha.dtype();
  const auto number = [&](double value) { return g.scalar(value, dtype); };
  rank_of(op, alpha);
  const Value small = g.less(alpha, number(1));
  const Value shape_parameter = g.where(small, g.add(alpha, number(1)), alpha);
  const Value d = g.unsqueeze(g.sub(shape_parameter, number(1.0 / 3)), {0});
  const Value c = g.node("Reciprocal", {g.sqrt(g.mul(d, number(9)))});
  const Value trials = g.ints({kTrials});
  const Value shape = alpha.rank() == 0 ? trials : g.concat({trials, g.shape(alpha)}, 0);
  const Value z = normal_numbers(op, shape, 0, 1, dtype);
  const Value root = g.add(g.mul(c, z), number(1));
  const Value positive = g.greater(root, number(0));
  const Value v = g.where(positive, g.mul(root, g.mul(root, root)), number(1));
  const Value bound = g.add(g.mul(g.mul(z, z), number(0.5)), g.mul(d, g.add(g.sub(number(1), v), g.log(v))));
  const Value log_u = g.neg(exponential_numbers(op, shape, dtype));
  const Value accepted = g.cast(g.logical_and(positive, g.less(log_u, bound)), DType::kInt32);
  Dims dims = *alpha.dims();
  dims.insert(dims.begin(), 1);
  const Value first =
      g.node("ArgMax", {accepted}, {{"axis", int64_t{0}}, {"keepdims", int64_t{1}}}, {DType::kInt64, dims});
  const Value drawn =
      g.squeeze(g.node("GatherElements", {g.mul(d, v), first}, {{"axis", int64_t{0}}}, {dtype, dims}), {0});
  const Value shrink = g.exp(g.neg(g.div(exponential_numbers(op, g.shape(alpha), dtype), alpha)));
  return g.where(small, g.mul(drawn, shrink), drawn);
}

void standard_gamma(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.cast(gamma_numbers(op, in_drawn_dtype(g, x)), x.dtype()));
}

// Gamma numbers divided by their sum.
void dirichlet(OpContext& op) {
  Builder& g = op.graph();
  const Value alpha = op.in("alpha");
  const Value numbers = gamma_numbers(op, in_drawn_dtype(g, alpha));
  op.out("out", g.cast(g.div(numbers, g.reduce("ReduceSum", numbers, Ints{-1}, true)), alpha.dtype()));
}

// The first class at which the sum of the probabilities exceeds a uniform number.
void sampling_id(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value sums = g.node("CumSum", {x, g.scalar_i64(1)});
  const Value numbers = uniform_numbers(op, g.concat({g.dim(x, 0), g.ints({1})}, 0), op.attr<double>("min", 0.0),
                                        op.attr<double>("max", 1.0), x.dtype());
  const Value before = g.cast(g.logical_not(g.greater(sums, numbers)), DType::kInt64);
  const Value place = g.reduce("ReduceSum", before, Ints{1}, false);
  op.out("out", g.node("Min", {place, g.sub(g.dim(x, 1), g.ints({1}))}));
}

constexpr MapperEntry kEntries[] = {
    {"bernoulli", 8, bernoulli, {}, kRandom},
    {"binomial", 11, binomial, {}, kRandom},
    {"dirichlet", 11, dirichlet, {}, kRandom},
    {"exponential", 9, exponential, {}, kRandom},
    {"gaussian", 7, gaussian, {}, kRandom},
    {"gaussian_inplace", 9, gaussian_inplace, {}, kRandom},
    {"gumbel_softmax", 8, gumbel_softmax, {}, kRandom},
    {"multinomial", 8, multinomial, {}, kRandom},
    {"poisson", 11, poisson, {}, kRandom},
    {"randint", 7, randint, {}, kRandom},
    {"random", 7, random_whole, {}, kRandom},
    {"randperm", 7, randperm, {}, kRandom},
    {"sampling_id", 12, sampling_id, {}, kRandom},
    {"seed", 7, seed, {}, {}, kRandom},
    {"standard_gamma", 11, standard_gamma, {}, kRandom},
    {"top_p_sampling", 11, top_p_sampling, {}, kRandom},
    {"truncated_gaussian_random", 9, truncated_gaussian, {}, kRandom},
    {"uniform", 7, uniform, {}, kRandom},
    {"uniform_inplace", 8, uniform_inplace, {}, kRandom},
    {"uniform_random_batch_size_like", 7, uniform_batch_size_like, {}, kRandom},
};

}  // namespace

extern const MapperTable kRandomMappers = kEntries;

}  // namespace paddle2onnx
