// Matrices of 8 and 4 bits for linear layers. A weight [k, n] is stored as [n, k] int8, or [n/2, k] of two numbers to a
// byte, the lower half first: unsigned (+128, +8), and in an order that the tensor cores of a GPU architecture want.
// With h = 16 / bits, the numbers of the architectures from 75 on lie as
//   [n/h, k/64, n: h, k: 8/h, k: 4, k: 2, k: h] for a k of [k/64, 8/h, h, 4, 2] and an n of [n/h, h];
// those of 70 in rows of n, whose runs of 2h numbers lie as [2, h] for [h, 2].
#include "mapper/weight_only.h"

#include <optional>

#include "mapper/indices.h"
#include "mapper/rounding.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

struct Layout {
  int64_t bits = 8;
  bool rows = false;  // of architecture 70

  int64_t h() const { return 16 / bits; }
  double offset() const { return bits == 8 ? 128 : 8; }
  double bound() const { return bits == 8 ? 127 : 7; }
};

Layout layout_of(const OpContext& op, bool four_bits, int64_t arch) {
  static constexpr int64_t kArchitectures[] = {70, 75, 80, 86, 89, 90};
  if (std::ranges::count(kArchitectures, arch) == 0)
    op.fail("the layout of the GPU architecture " + std::to_string(arch));
  return {four_bits ? 4 : 8, arch == 70};
}

int64_t group_size_of(const OpContext& op) {
  const auto size = op.attr<int64_t>("group_size", -1);
  if (size != -1 && size <= 0) op.fail("group_size " + std::to_string(size));
  return size;
}

// The matrix [k, n] of whole numbers of a type.
Value numbers_of(OpContext& op, Value stored, const Layout& layout, DType dtype) {
  Builder& g = op.graph();
  if (stored.dtype() != DType::kInt8 || rank_of(op, stored) != 2) op.fail("a weight that is no int8 matrix");
  const int64_t k = stored.dim(1);
  const int64_t h = layout.h();
  if (k < 1 || (!layout.rows && k % 64 != 0))
    op.fail("a weight of " + (k < 0 ? "an unknown number of" : std::to_string(k)) +
            " rows, which have to be a multiple of 64");
  if (const Tensor* tensor = stored.constant()) {
    // The same bytes.
    Tensor bytes = *tensor;
    bytes.dtype = DType::kUInt8;
    stored = g.constant(bytes, stored.info()->parameter ? stored.name() : "");
  }
  const int64_t per_byte = 8 / layout.bits;
  Value bytes = layout.rows ? g.transpose(g.reshape(stored, Ints{-1, 2, h / per_byte}), {0, 2, 1})
                            : g.transpose(g.reshape(stored, Ints{-1, k / 64, h, 8 / h, 4, 2, h / per_byte}),
                                          {1, 3, 6, 4, 5, 0, 2});
  const auto number = [&](double value) { return g.scalar(value, dtype); };
  const bool is_signed = stored.dtype() == DType::kInt8;
  const auto unpacked = [&](Value x) {
    x = g.cast(x, dtype);
    return is_signed ? g.where(g.less(x, number(0)), g.add(x, number(256)), x) : x;
  };
  if (layout.bits == 4) {
    // The byte's two numbers are neighbours along the axis of h.
    const Value both = unpacked(layout.rows ? g.reshape(bytes, Ints{-1, 1, 2}) : g.reshape(bytes, Ints{k / 16, 1, -1}));
    const Value upper = g.floor(g.mul(both, number(1.0 / 16)));
    const Value lower = g.sub(both, g.mul(upper, number(16)));
    bytes = g.concat({lower, upper}, 1);
  }
  const Value matrix = g.reshape(bytes, Ints{k, -1});
  return g.sub(layout.bits == 4 ? matrix : unpacked(matrix), number(layout.offset()));
}

// [k, n] · scale, which is one number for each column, [n], or for each group of rows in it, [k / size, n].
Value scaled(OpContext& op, Value matrix, Value scale, int64_t group_size, bool divides = false) {
  Builder& g = op.graph();
  const auto apply = [&](Value x, Value s) { return divides ? g.div(x, s) : g.mul(x, s); };
  if (group_size < 0) return apply(matrix, scale);
  const Value groups = g.reshape(matrix, g.concat_ints({g.ints({-1, group_size}), g.dim(matrix, 1)}));
  return g.reshape(apply(groups, g.unsqueeze(scale, {1})), g.shape(matrix));
}

Value dequantized(OpContext& op, Value stored, const Layout& layout, Value scale, DType dtype) {
  const int64_t group_size = group_size_of(op);
  if (rank_of(op, scale) != (group_size < 0 ? 1 : 2)) op.fail("a scale of rank " + std::to_string(scale.rank()));
  if (group_size > 0 && stored.dim(1) % group_size != 0)
    op.fail(std::to_string(stored.dim(1)) + " rows in groups of " + std::to_string(group_size));
  return scaled(op, numbers_of(op, stored, layout, dtype), op.graph().cast(scale, dtype), group_size);
}

// The layout is that of the architectures from 75 on, whatever weight_quantize was told.
void weight_dequantize(OpContext& op) {
  const auto algo = op.attr<std::string>("algo", "weight_only_int8");
  if (algo != "weight_only_int8" && algo != "weight_only_int4") op.fail("the algorithm '" + algo + "'");
  const Value scale = op.in("scale");
  const DType dtype = is_floating(op.out_dtype("out")) ? op.out_dtype("out") : scale.dtype();
  op.out("out", dequantized(op, op.in("x"), layout_of(op, algo == "weight_only_int4", 80), scale, dtype));
}

// x · weight + bias. The kernel rounds the weight to x's type before it multiplies.
void weight_only_linear(OpContext& op) {
  Builder& g = op.graph();
  const auto stored_as = op.attr<std::string>("weight_dtype", "int8");
  if (stored_as != "int8" && stored_as != "int4") op.fail("a weight of " + stored_as);
  const Layout layout = layout_of(op, stored_as == "int4", op.attr<int64_t>("arch", 80));
  const Value x = op.in("x");
  const Value weight = dequantized(op, op.in("weight"), layout, op.in("weight_scale"), x.dtype());
  const Value product = g.matmul(x, weight);
  op.out("out", op.has("bias") ? g.add(product, g.cast(op.in("bias"), x.dtype())) : product);
}

// x · weightᵀ + bias with the rows of x in 8 bits, but for columns that have a number over the threshold in any row.
// The weight [n, k] is plain; its kernel, of all versions, takes it for one of weight_quantize's layout where it
// multiplies those columns, and so does this.
void llm_int8_linear(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value stored = op.in("weight");
  const DType dtype = x.dtype();
  if (!is_floating(dtype) || rank_of(op, x) < 1) op.fail("an operand that is no tensor of floats");
  const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
  const Value scale = g.flatten_to_1d(g.cast(op.in("weight_scale"), DType::kFloat32));
  const Value limit = g.cast(g.scalar(op.attr<double>("threshold", 6), dtype), DType::kFloat32);
  const Value of_outliers = g.cast(g.mul(numbers_of(op, stored, {8, false}, DType::kFloat32), scale), dtype);

  const Value wide = g.cast(x, DType::kFloat32);
  const Value size = g.abs(wide);
  const Value over = g.cast(g.greater(size, limit), DType::kFloat32);
  const Value outliers = g.reduce("ReduceMax", g.reshape(over, Ints{-1, stored.dim(1)}), Ints{0}, false);  // [k]
  const Value range = g.reduce("ReduceMax", g.mul(size, g.sub(number(1), over)), Ints{-1}, true);
  const Value nothing = g.cast(g.logical_not(g.greater(range, number(0))), DType::kFloat32);
  const Value steps = g.mul(g.mul(wide, number(127)), g.div(number(1), g.add(range, nothing)));
  const Value q = g.mul(g.clip(halves_away_from_zero(g, steps), -127, 127), g.sub(number(1), outliers));
  const Value products = g.matmul(q, g.transpose(g.cast(stored, DType::kFloat32), {1, 0}));
  const Value inner = g.div(g.mul(g.mul(products, range), scale), number(127));
  const Value out = g.add(g.matmul(g.mul(x, g.cast(outliers, dtype)), of_outliers), g.cast(inner, dtype));
  op.out("out", op.has("bias") ? g.add(out, g.cast(op.in("bias"), dtype)) : out);
}

// Scales are the largest numbers divided by the bound, rounded to the weight's type; llm.int8 has float32 and no
// layout.
void weight_quantize(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto algo = op.attr<std::string>("algo", "weight_only_int8");
  const bool plain = algo == "llm.int8";
  if (!plain && algo != "weight_only_int8" && algo != "weight_only_int4") op.fail("the algorithm '" + algo + "'");
  const Layout layout = layout_of(op, algo == "weight_only_int4", op.attr<int64_t>("arch", 80));
  if (!is_floating(x.dtype()) || rank_of(op, x) != 2) op.fail("a weight that is no matrix of floats");
  const int64_t k = x.dim(0);
  const int64_t n = x.dim(1);
  const int64_t h = layout.h();
  if (k < 1 || n < 1) op.fail("a matrix whose size is not known");
  if (!plain && (layout.rows ? k * n % (2 * h) != 0 || n % (8 / layout.bits) != 0 : k % 64 != 0 || n % h != 0))
    op.fail("a matrix of " + std::to_string(k) + " × " + std::to_string(n) + ", whose rows have to be a multiple of 64",
            "Paddle leaves a part of the result unwritten");
  int64_t group_size = group_size_of(op);
  if (group_size > 0 && k % group_size != 0)
    op.fail(std::to_string(k) + " rows in groups of " + std::to_string(group_size));

  const Value w = g.cast(x, DType::kFloat32);
  const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
  const Value size = g.abs(w);
  const Value largest = group_size < 0
                            ? g.reduce("ReduceMax", size, Ints{0}, false)
                            : g.reduce("ReduceMax", g.reshape(size, Ints{-1, group_size, n}), Ints{1}, false);
  const Value scale = g.cast(g.div(largest, number(layout.bound())), plain ? DType::kFloat32 : x.dtype());
  op.out("scale", scale);
  // 0 / 0 becomes the bound: Paddle's comparisons with NaN and its conversion to an integer give these.
  const Value step = g.cast(scale, DType::kFloat32);
  const Value nothing = g.cast(g.logical_not(g.greater(step, number(0))), DType::kFloat32);
  const Value quotient = scaled(op, w, g.add(step, nothing), group_size, true);
  const Value rounded = g.clip(halves_away_from_zero(g, quotient), -layout.bound(), layout.bound());
  const Value unknown = g.mul(nothing, number(layout.bits == 8 ? layout.bound() : -layout.bound()));
  Value q = group_size < 0
                ? g.add(rounded, unknown)
                : g.reshape(g.add(g.reshape(rounded, Ints{-1, group_size, n}), g.unsqueeze(unknown, {1})), Ints{k, n});
  if (plain) return op.out("out", g.cast(g.transpose(q, {1, 0}), DType::kInt8));

  q = g.add(q, number(layout.offset()));
  q = layout.rows ? g.transpose(g.reshape(q, Ints{-1, h, 2}), {0, 2, 1})
                  : g.transpose(g.reshape(q, Ints{k / 64, 8 / h, h, 4, 2, n / h, h}), {5, 0, 6, 1, 3, 4, 2});
  if (layout.bits == 4) {
    const std::vector<Value> halves = g.split(g.reshape(q, Ints{-1, 2}), {1, 1}, 1);
    q = g.add(halves[0], g.mul(halves[1], number(16)));
  }
  q = g.where(g.less(q, number(128)), q, g.sub(q, number(256)));
  op.out("out", g.cast(g.reshape(q, Ints{n * layout.bits / 8, k}), DType::kInt8));
}

}  // namespace

Value stacked_matrices(OpContext& op, Value stored, int64_t bits, Value scale, DType dtype) {
  Builder& g = op.graph();
  const int64_t layers = stored.dim(0);
  const int64_t k = stored.dim(1);
  if (stored.rank() != 3 || layers < 1 || k < 1 || stored.dim(2) < 1 || rank_of(op, scale) != 2)
    op.fail("weights that aren't [layers, rows, columns] with scales [layers, columns]");
  // Layers follow each other as the columns of one matrix do.
  const Value matrix = numbers_of(op, g.reshape(stored, Ints{-1, k}), {bits, false}, dtype);
  const Value matrices = g.transpose(g.reshape(matrix, Ints{k, layers, -1}), {1, 0, 2});
  return g.mul(matrices, g.unsqueeze(g.cast(scale, dtype), {1}));
}

namespace {

constexpr std::string_view kArchitectures = "other GPU architectures than 70, 75, 80, 86, 89 and 90";

constexpr MapperEntry kEntries[] = {
    {"llm_int8_linear", 9, llm_int8_linear},
    {"weight_dequantize", 9, weight_dequantize},
    {"weight_only_linear", 7, weight_only_linear, kArchitectures},
    {"weight_quantize", 9, weight_quantize, kArchitectures},
};

}  // namespace

extern const MapperTable kWeightOnlyMappers = kEntries;

}  // namespace paddle2onnx
