// Special functions: gamma, Bessel and error functions, and what looks into the bits of numbers.
//
// ONNX has none of them. They are computed in float64 whatever the operand's type, so that series and asymptotic
// expansions lose nothing that float32 could hold.
#include "mapper/special.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <vector>

#include "mapper/loops.h"
#include "mapper/tables.h"

namespace paddle2onnx {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Value number(Builder& g, double value) { return g.scalar(value, DType::kFloat64); }

// The polynomial with these coefficients, the highest power's first.
Value polynomial(Builder& g, Value x, std::span<const double> coefficients) {
  Value sum = g.scalar(coefficients.front(), x.dtype());
  for (const double coefficient : coefficients.subspan(1)) {
    sum = g.add(g.mul(sum, x), g.scalar(coefficient, x.dtype()));
  }
  return sum;
}

}  // namespace

// y times a polynomial of w = -ln(1 - y²), another one in the tails. M. Giles, "Approximating the erfinv function", GPU
// Computing Gems, 2011: single precision.
Value inverse_erf(Builder& g, Value y) {
  static constexpr double kCentre[] = {2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
                                       -0.00125372503, -0.00417768164, 0.246640727,    1.50140941};
  static constexpr double kTail[] = {-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
                                     -0.0076224613,   0.00943887047,  1.00167406,    2.83297682};
  const auto like = [&](double value) { return g.scalar(value, y.dtype()); };
  const Value w = g.neg(g.log(g.mul(g.sub(like(1), y), g.add(like(1), y))));
  const Value centre = polynomial(g, g.sub(w, like(2.5)), kCentre);
  const Value tail = polynomial(g, g.sub(g.sqrt(w), like(3)), kTail);
  const Value inside = g.mul(y, g.where(g.less(w, like(5)), centre, tail));
  const Value edge = g.mul(y, like(kInfinity));
  return g.where(g.less(g.abs(y), like(1)), inside, edge);
}

namespace {

void erfinv(OpContext& op) {
  const Value y = op.in("x");
  if (y.dtype() == DType::kFloat64) op.lossy("in single precision: 7 digits instead of 16");
  op.out("out", inverse_erf(op.graph(), y));
}

// A function of float64, of operands of any floating type; of integers, Paddle computes in float32.
template <Value (*Function)(Builder&, Value)>
void in_float64(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const DType dtype = is_floating(x.dtype()) ? x.dtype() : DType::kFloat32;
  op.out("out", g.cast(Function(g, g.cast(x, DType::kFloat64)), dtype));
}

// --- the gamma function -------------------------------------------------------------------------------------------

// ln Γ(x) of x ≥ ½: Lanczos' approximation with g = 7 and 9 terms (P. Godfrey's coefficients, 15 digits).
Value log_gamma_right(Builder& g, Value x) {
  static constexpr double kG = 7;
  static constexpr double kCoefficients[] = {676.5203681218851,     -1259.1392167224028,  771.32342877765313,
                                             -176.61502916214059,   12.507343278686905,   -0.13857109526572012,
                                             9.9843695780195716e-6, 1.5056327351493116e-7};
  Value sum = number(g, 0.99999999999980993);
  double k = 0;
  for (const double coefficient : kCoefficients) {
    sum = g.add(sum, g.div(number(g, coefficient), g.add(x, number(g, k))));
    k += 1;
  }
  // (x - ½) · (ln t - 1) - g, t = x + g - ½: no difference of infinities.
  const Value half = g.sub(x, number(g, 0.5));
  const Value t = g.add(x, number(g, kG - 0.5));
  const Value power = g.sub(g.mul(half, g.sub(g.log(t), number(g, 1))), number(g, kG));
  return g.add(g.add(power, g.log(sum)), number(g, std::log(2 * std::numbers::pi) / 2));
}

// ln |Γ(x)|. On the left ln(π / |sin πx|) - ln Γ(1 - x); ∞ at 0, -1, -2, …
Value log_gamma(Builder& g, Value x) {
  const Value size = g.abs(x);
  const Value left = g.less(x, number(g, 0.5));
  const Value right = log_gamma_right(g, g.where(left, g.sub(number(g, 1), x), x));
  const Value fraction = g.sub(size, g.floor(size));
  const Value sine = g.abs(g.node("Sin", {g.mul(fraction, number(g, std::numbers::pi))}));
  const Value reflected = g.sub(g.sub(number(g, std::log(std::numbers::pi)), g.log(sine)), right);
  const Value finite = g.where(left, reflected, right);
  return g.where(g.equal(size, number(g, kInfinity)), size, finite);
}

// How far arguments are shifted to the right before an asymptotic expansion is used.
constexpr int kShift = 10;

// x, x + 1, … x + kShift - 1, in a new last dimension
Value shifted(Builder& g, Value x) {
  std::vector<double> steps;
  steps.reserve(kShift);
  for (int k = 0; k < kShift; ++k) steps.push_back(k);
  return g.add(g.unsqueeze(x, {-1}), g.constant(from_doubles(DType::kFloat64, {kShift}, steps)));
}

// Bernoulli's numbers B₂, B₄, … B₁₆
constexpr double kBernoulli[] = {1.0 / 6,  -1.0 / 30,       1.0 / 42, -1.0 / 30,
                                 5.0 / 66, -691.0 / 2730.0, 7.0 / 6,  -3617.0 / 510};

// ψ(x) of x > 0: ψ(y) ~ ln y - 1/(2y) - Σ B₂ₖ / (2k y²ᵏ) (DLMF 5.11.2) at y = x + n, less Σ 1/(x + k), k < n.
Value digamma_right(Builder& g, Value x) {
  const Value below = g.reduce("ReduceSum", g.node("Reciprocal", {shifted(g, x)}), Ints{-1}, false);
  const Value inverse = g.node("Reciprocal", {g.add(x, number(g, kShift))});
  std::vector<double> coefficients;  // of powers of 1/y², the highest first, without a constant
  for (int k = static_cast<int>(std::size(kBernoulli)); k > 0; --k)
    coefficients.push_back(kBernoulli[k - 1] / (2.0 * k));
  coefficients.push_back(0);
  const Value series = polynomial(g, g.mul(inverse, inverse), coefficients);
  const Value log = g.log(g.add(x, number(g, kShift)));
  return g.sub(g.sub(g.sub(log, g.mul(inverse, number(g, 0.5))), series), below);
}

// On the left ψ(1 - x) - π / tan πx; ∓∞ at ±0 as in Paddle 3 (2.6 has NaN), NaN at -1, -2, …
Value digamma(Builder& g, Value x) {
  const Value zero = number(g, 0);
  const Value left = g.logical_not(g.greater(x, zero));
  const Value right = digamma_right(g, g.where(left, g.sub(number(g, 1), x), x));
  const Value fraction = g.sub(x, g.floor(x));
  const Value angle = g.mul(fraction, number(g, std::numbers::pi));
  const Value cotangent = g.div(g.node("Cos", {angle}), g.node("Sin", {angle}));
  const Value reflected = g.sub(right, g.mul(cotangent, number(g, std::numbers::pi)));
  const Value whole = g.equal(fraction, zero);
  const Value value = g.where(left, g.where(whole, number(g, kNan), reflected), right);
  const Value pole = g.where(g.equal(x, zero), g.neg(g.node("Reciprocal", {x})), value);
  return g.where(g.equal(x, number(g, kInfinity)), x, pole);
}

// With a pole at 0, as Paddle has it since 3.1.
Value digamma_with_pole(Builder& g, Value x) {
  return g.where(g.equal(x, number(g, 0)), g.neg(g.node("Reciprocal", {x})), digamma(g, x));
}

void digamma_of_any_age(OpContext& op) {
  if (op.attr<bool>("undefined_at_zero", false)) {
    in_float64<digamma>(op);
  } else {
    in_float64<digamma_with_pole>(op);
  }
}

// Hurwitz's ζ(s, x) = Σ (x + k)⁻ˢ of x ≥ 0 by the Euler-Maclaurin formula (DLMF 25.11.28).
Value zeta_right(Builder& g, double s, Value x) {
  const auto power = [&](Value base, double exponent) { return g.pow(base, number(g, exponent)); };
  const Value head = g.reduce("ReduceSum", power(shifted(g, x), -s), Ints{-1}, false);
  const Value y = g.add(x, number(g, kShift));
  const Value integral = g.div(power(y, 1 - s), number(g, s - 1));
  std::vector<double> coefficients;
  double factor = s;  // s (s + 1) … (s + 2k - 2) / (2k)!
  for (size_t k = 1; k <= std::size(kBernoulli); ++k) {
    const double twice = 2.0 * static_cast<double>(k);
    factor /= twice * (twice - 1);
    coefficients.insert(coefficients.begin(), kBernoulli[k - 1] * factor);
    factor *= (s + twice - 1) * (s + twice);
  }
  const Value inverse = g.node("Reciprocal", {y});
  const Value series = polynomial(g, g.mul(inverse, inverse), coefficients);
  const Value first = g.mul(power(y, -s), g.add(number(g, 0.5), g.mul(series, inverse)));
  return g.add(g.add(head, integral), first);
}

// ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n + 1, x). The terms of ζ with a negative base are a difference of two ζ of positive
// arguments.
void polygamma(OpContext& op) {
  const auto n = op.attr<int64_t>("n");
  if (n < 0) op.fail("the derivative of order " + std::to_string(n));
  if (n == 0) return in_float64<digamma>(op);
  Builder& g = op.graph();
  const Value operand = op.in("x");
  const Value x = g.cast(operand, DType::kFloat64);
  const double s = static_cast<double>(n) + 1;
  const Value zero = number(g, 0);
  const Value one = number(g, 1);
  const Value left = g.less(x, zero);
  const Value fraction = g.sub(x, g.floor(x));
  const Value right = zeta_right(g, s, g.where(left, fraction, x));
  const Value negative = g.sub(zeta_right(g, s, g.sub(one, fraction)), zeta_right(g, s, g.sub(one, g.min(x, zero))));
  const Value all = n % 2 == 0 ? g.sub(right, negative) : g.add(right, negative);
  const double sign = n % 2 == 0 ? -1 : 1;
  const Value result = g.mul(g.where(left, all, right), number(g, sign * std::tgamma(s)));
  op.out("out", g.cast(result, operand.dtype()));
}

// Q(a, x) = Γ(a, x) / Γ(a). Below max(1, a) it is 1 - P(a, x) by the power series (DLMF 8.7.1), else the even part of
// the continued fraction (DLMF 8.9.2) by Lentz's algorithm. There are as many turns as the slowest element asks for,
// about √a. As in Paddle's kernel it is 1 where an argument is not positive, and NaN at x = ∞.
void gammaincc(OpContext& op) {
  constexpr int64_t kMostTurns = 1'000'000;
  constexpr double kRounding = 1e-15;  // a smaller change is none
  Builder& g = op.graph();
  const Value a = g.cast(op.in("x"), DType::kFloat64);
  const Value x = g.cast(op.in("y"), DType::kFloat64);
  const Value zero = number(g, 0);
  const Value one = number(g, 1);
  const Value outside = g.logical_or(g.less_equal(a, zero), g.less_equal(x, zero));
  const Value small = g.logical_or(g.less(x, one), g.less(x, a));
  // What is not asked for gets arguments that are done at once.
  const Value inside_a = g.where(outside, one, a);
  const Value inside_x = g.where(outside, one, x);
  const Value series_x = g.where(small, inside_x, zero);
  const Value fraction_a = g.where(small, one, inside_a);
  const Value fraction_x = g.where(small, one, inside_x);

  const Value ones = g.add(g.mul(series_x, zero), one);
  const Value b = g.sub(g.add(fraction_x, one), fraction_a);
  const Value d = g.node("Reciprocal", {b});
  // The last term of the series and its sum; b, c, d and the value of the fraction.
  const std::vector<Value> start = {ones, ones, b, g.mul(ones, number(g, 1e30)), d, d};
  const auto turn = [&](Value turn_number, const std::vector<Value>& states) -> Turn {
    const Value n = g.add(g.cast(turn_number, DType::kFloat64), one);
    const Value term = g.div(g.mul(states[0], series_x), g.add(inside_a, n));
    const Value sum = g.add(states[1], term);
    const Value numerator = g.mul(n, g.sub(fraction_a, n));
    const Value next_b = g.add(states[2], number(g, 2));
    const Value next_c = g.add(next_b, g.div(numerator, states[3]));
    const Value next_d = g.node("Reciprocal", {g.add(next_b, g.mul(numerator, states[4]))});
    const Value change = g.mul(next_c, next_d);
    const Value unfinished = g.logical_or(g.greater(term, g.mul(sum, number(g, kRounding))),
                                          g.greater(g.abs(g.sub(change, one)), number(g, kRounding)));
    const Value count = g.reduce("ReduceSum", g.cast(unfinished, DType::kFloat64), std::nullopt, false);
    return {{term, sum, next_b, next_c, next_d, g.mul(states[5], change)}, {}, g.greater(count, zero)};
  };
  const std::vector<Value> found = repeat(g, g.scalar_i64(kMostTurns), start, turn).states;
  // xᵃ e⁻ˣ / Γ(a)
  const Value power = g.sub(g.mul(inside_a, g.log(inside_x)), inside_x);
  const Value factor = g.exp(g.sub(power, log_gamma(g, inside_a)));
  const Value lower = g.div(g.mul(factor, found[1]), inside_a);
  const Value value = g.where(small, g.sub(one, lower), g.mul(factor, found[5]));
  op.out("out", g.cast(g.where(outside, one, value), op.in("x").dtype()));
}

// --- the modified Bessel functions --------------------------------------------------------------------------------

// e^-|x| · I_ν(x), or I_ν(x), ν = 0 or 1.
template <int Order, bool Scaled>
Value bessel_i(Builder& g, Value x) {
  constexpr double kBorder = 20;  // from here on the asymptotic expansion has 16 digits
  constexpr int kPowers = 56;     // that the power series needs up to there
  constexpr int kTerms = 24;      // of the asymptotic expansion
  const Value size = g.abs(x);
  // (x/2)^ν Σ (x²/4)ᵏ / (k! (k + ν)!) (DLMF 10.25.2): no term is negative. In powers of (x / border)², since ONNX
  // Runtime takes the addition of a number for nothing that is 0 in float32.
  std::vector<double> powers;
  double coefficient = 1;
  for (int k = 0; k < kPowers; ++k) {
    powers.insert(powers.begin(), coefficient);
    coefficient *= kBorder * kBorder / (4 * (k + 1.0) * (k + 1.0 + Order));
  }
  const Value near = g.min(size, number(g, kBorder));
  const Value relative = g.mul(near, number(g, 1 / kBorder));
  Value inside = polynomial(g, g.mul(relative, relative), powers);
  if (Order == 1) inside = g.mul(inside, g.mul(near, number(g, 0.5)));
  if (Scaled) inside = g.mul(inside, g.exp(g.neg(near)));
  // e^x / √(2πx) · Σ (-1)ᵏ aₖ(ν) / xᵏ (DLMF 10.40.1), aₖ = Π (4ν² - (2j - 1)²) / (k! 8ᵏ)
  std::vector<double> terms;
  coefficient = 1;
  for (int k = 0; k < kTerms; ++k) {
    terms.insert(terms.begin(), coefficient);
    const double odd = 2.0 * k + 1;
    coefficient *= -(4.0 * Order * Order - odd * odd) / (8 * (k + 1.0));
  }
  const Value far = g.max(size, number(g, kBorder));
  Value outside = g.mul(polynomial(g, g.node("Reciprocal", {far}), terms),
                        g.node("Reciprocal", {g.sqrt(g.mul(far, number(g, 2 * std::numbers::pi)))}));
  // e^x in two steps: it overflows before the quotient does.
  const Value half_exp = g.exp(g.mul(far, number(g, 0.5)));
  if (!Scaled) outside = g.mul(g.mul(outside, half_exp), half_exp);
  const Value value = g.where(g.less(size, number(g, kBorder)), inside, outside);
  return Order == 1 ? g.mul(value, g.node("Sign", {x})) : value;
}

// --- rounding and bits --------------------------------------------------------------------------------------------

// The next float32 from x towards y. In float64: x moved by a little more than half the distance of its neighbours, and
// rounded.
void nextafter(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  if (x.dtype() != DType::kFloat32) op.fail("operands of " + std::string(to_string(x.dtype())) + ", float32 only");
  const Value from = g.cast(x, DType::kFloat64);
  const Value to = g.cast(y, DType::kFloat64);
  const double half_step = 0x1p-24 * (1 + 0x1p-20);
  const Value step = g.max(g.mul(g.abs(from), number(g, half_step)), number(g, 0x1p-149));
  const Value moved = g.cast(g.where(g.greater(to, from), g.add(from, step), g.sub(from, step)), DType::kFloat32);
  const Value nan = g.logical_or(g.node("IsNaN", {x}), g.node("IsNaN", {y}));
  op.out("out", g.where(nan, g.add(x, y), g.where(g.equal(x, y), y, moved)));
}

// Halves to the even neighbour.
void rint(OpContext& op) {
  const Value x = op.in("x");
  op.out("out", is_floating(x.dtype()) ? op.graph().node("Round", {x}) : x);
}

// x / y towards zero
void trunc_divide(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  const Value quotient = g.div(x, y);
  if (!is_floating(x.dtype())) return op.out("out", quotient);
  op.out("out", g.mul(g.node("Sign", {quotient}), g.floor(g.abs(quotient))));
}

DType unsigned_of(DType dtype) {
  switch (dtype) {
    case DType::kInt8: return DType::kUInt8;
    case DType::kInt16: return DType::kUInt16;
    case DType::kInt32: return DType::kUInt32;
    case DType::kInt64: return DType::kUInt64;
    default: return dtype;
  }
}

// ONNX shifts unsigned numbers only: those of the operand's width, and ONNX Runtime has no kernel for 16 bits. A shift
// by no number of the type's bits leaves nothing, or the sign.
template <bool Left>
void shift(OpContext& op) {
  Builder& g = op.graph();
  const auto [x, y] = broadcast_operands(op);
  const DType dtype = x.dtype();
  const bool is_signed = is_signed_integer(dtype);
  const bool keeps_sign = !Left && is_signed && op.attr<bool>("is_arithmetic", true);
  const DType same_width = unsigned_of(dtype);
  const DType computed = same_width == DType::kUInt16 ? DType::kUInt32 : same_width;
  const auto number = [&](int64_t value) { return g.constant(from_ints(dtype, {}, {value})); };
  // A negative number is shifted as its complement, which fills from the left with what becomes ones again.
  const Value negative = keeps_sign ? g.less(x, number(0)) : Value();
  const Value bits = keeps_sign ? g.where(negative, g.sub(number(-1), x), x) : x;
  const auto width = static_cast<int64_t>(8 * item_size(dtype));
  Value inside = g.less(y, number(width));
  if (is_signed) inside = g.logical_and(inside, g.logical_not(g.less(y, number(0))));
  const Value amount = g.where(inside, y, number(0));
  const auto as_computed = [&](Value v) { return g.cast(g.cast(v, same_width), computed); };
  Value shifted = g.node("BitShift", {as_computed(bits), as_computed(amount)},
                         {{"direction", std::string(Left ? "LEFT" : "RIGHT")}}, {computed, {}});
  shifted = g.where(inside, g.cast(g.cast(shifted, same_width), dtype), number(0));
  op.out("out", keeps_sign ? g.where(negative, g.sub(number(-1), shifted), shifted) : shifted);
}

constexpr MapperEntry kEntries[] = {
    {"bitwise_left_shift", 11, shift<true>},
    {"bitwise_right_shift", 11, shift<false>},
    {"digamma", 11, digamma_of_any_age},
    {"erfinv", 9, erfinv, {}, {}, "of float64: in single precision"},
    {"gammaincc", 11, gammaincc},
    {"gammaln", 11, in_float64<log_gamma>},
    {"i0", 9, in_float64<bessel_i<0, false>>},
    {"i0e", 9, in_float64<bessel_i<0, true>>},
    {"i1", 9, in_float64<bessel_i<1, false>>},
    {"i1e", 9, in_float64<bessel_i<1, true>>},
    {"lgamma", 11, in_float64<log_gamma>},
    {"nextafter", 11, nextafter, "numbers of other types than float32"},
    {"polygamma", 9, polygamma},
    {"rint", 11, rint},
    {"trunc_divide", 7, trunc_divide},
};

}  // namespace

extern const MapperTable kSpecialMappers = kEntries;

}  // namespace paddle2onnx
