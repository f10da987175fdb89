#include "graph/onnx_ops.h"

#include <algorithm>
#include <array>
#include <span>

namespace paddle2onnx {
namespace {

struct Since {
  std::string_view op;
  int opset;
};

// Operators of ai.onnx that came after opset 7, the first that this project targets. Max and Min are older, but do not
// broadcast before 8.
constexpr Since kSince[] = {
    {"Acosh", 9},
    {"AffineGrid", 20},
    {"Asinh", 9},
    {"Atanh", 9},
    {"Attention", 23},
    {"Bernoulli", 15},
    {"BitCast", 26},
    {"BitShift", 11},
    {"BitwiseAnd", 18},
    {"BitwiseNot", 18},
    {"BitwiseOr", 18},
    {"BitwiseXor", 18},
    {"BlackmanWindow", 17},
    {"CastLike", 15},
    {"Celu", 12},
    {"CenterCropPad", 18},
    {"Col2Im", 18},
    {"Compress", 9},
    {"ConcatFromSequence", 11},
    {"ConstantOfShape", 9},
    {"ConvInteger", 10},
    {"Cosh", 9},
    {"CumProd", 26},
    {"CumSum", 11},
    {"DFT", 17},
    {"DeformConv", 19},
    {"DequantizeLinear", 10},
    {"Det", 11},
    {"DynamicQuantizeLinear", 11},
    {"Einsum", 12},
    {"Erf", 9},
    {"Expand", 8},
    {"EyeLike", 9},
    {"GatherElements", 11},
    {"GatherND", 11},
    {"Gelu", 20},
    {"GreaterOrEqual", 12},
    {"GridSample", 16},
    {"GroupNormalization", 18},
    {"HammingWindow", 17},
    {"HannWindow", 17},
    {"HardSwish", 14},
    {"IsInf", 10},
    {"IsNaN", 9},
    {"LayerNormalization", 17},
    {"LessOrEqual", 12},
    {"MatMulInteger", 10},
    {"Max", 8},
    {"MaxUnpool", 9},
    {"MeanVarianceNormalization", 9},
    {"MelWeightMatrix", 17},
    {"Min", 8},
    {"Mish", 18},
    {"Mod", 10},
    {"NegativeLogLikelihoodLoss", 12},
    {"NonMaxSuppression", 10},
    {"NonZero", 9},
    {"OneHot", 9},
    {"QLinearConv", 10},
    {"QLinearMatMul", 10},
    {"QuantizeLinear", 10},
    {"RMSNormalization", 23},
    {"Range", 11},
    {"Resize", 10},
    {"ReverseSequence", 10},
    {"RoiAlign", 10},
    {"RotaryEmbedding", 23},
    {"Round", 11},
    {"STFT", 17},
    {"Scan", 8},
    {"Scatter", 9},
    {"ScatterElements", 11},
    {"ScatterND", 11},
    {"SequenceAt", 11},
    {"SequenceConstruct", 11},
    {"SequenceEmpty", 11},
    {"SequenceErase", 11},
    {"SequenceInsert", 11},
    {"SequenceLength", 11},
    {"SequenceMap", 17},
    {"Shrink", 9},
    {"Sign", 9},
    {"Sinh", 9},
    {"SoftmaxCrossEntropyLoss", 12},
    {"SplitToSequence", 11},
    {"SwiGLU", 28},
    {"Swish", 24},
    {"TensorScatter", 24},
    {"ThresholdedRelu", 10},
    {"Trilu", 14},
    {"Unique", 11},
    {"Where", 9},
};
static_assert(std::ranges::is_sorted(kSince, {}, &Since::op));

struct Kernels {
  std::string_view op;
  int opset;
  std::string_view types;  // codes as in code_of()
};

constexpr Kernels kKernels[] = {
#include "graph/kernels.inc"
};
static_assert(std::ranges::is_sorted(kKernels, {}, &Kernels::op));

char code_of(DType dtype) {
  switch (dtype) {
    case DType::kBool: return 'b';
    case DType::kInt8: return 'c';
    case DType::kUInt8: return 'C';
    case DType::kInt16: return 's';
    case DType::kUInt16: return 'S';
    case DType::kInt32: return 'i';
    case DType::kUInt32: return 'I';
    case DType::kInt64: return 'l';
    case DType::kUInt64: return 'L';
    case DType::kFloat16: return 'h';
    case DType::kBFloat16: return 'g';
    case DType::kFloat32: return 'f';
    case DType::kFloat64: return 'd';
    default: return '?';
  }
}

// Types that hold every value of a type, the preferred first.
std::span<const DType> exact_wider_types(DType dtype) {
  static constexpr std::array kOfBool = {DType::kUInt8, DType::kInt32, DType::kInt64, DType::kFloat32};
  static constexpr std::array kOfInt8 = {DType::kInt16, DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64};
  static constexpr std::array kOfSmall = {DType::kInt32, DType::kInt64, DType::kFloat32, DType::kFloat64};
  static constexpr std::array kOfInt32 = {DType::kInt64, DType::kFloat64};
  static constexpr std::array kOfHalf = {DType::kFloat32, DType::kFloat64};
  switch (dtype) {
    case DType::kBool: return kOfBool;
    case DType::kInt8: return kOfInt8;
    case DType::kUInt8:
    case DType::kInt16:
    case DType::kUInt16: return kOfSmall;
    case DType::kInt32:
    case DType::kUInt32: return kOfInt32;
    case DType::kFloat16:
    case DType::kBFloat16: return kOfHalf;
    case DType::kFloat32: {
      static constexpr std::array kDouble = {DType::kFloat64};
      return kDouble;
    }
    default: return {};
  }
}

// Where no exact type is ever available: the best that there is.
std::span<const DType> lossy_types(DType dtype) {
  static constexpr std::array kOfInt = {DType::kInt64, DType::kFloat64, DType::kFloat32};
  static constexpr std::array kOfDouble = {DType::kFloat32};
  if (dtype == DType::kFloat64) return kOfDouble;
  if (is_integer(dtype)) return kOfInt;
  return {};
}

// (Not std::ranges::equal_range, whose result clang 14 cannot read in GCC's library.)
std::span<const Kernels> kernels_of(std::string_view op_type) {
  return {std::ranges::lower_bound(kKernels, op_type, {}, &Kernels::op),
          std::ranges::upper_bound(kKernels, op_type, {}, &Kernels::op)};
}

// The types that the definition of `opset` takes, or nothing if the operator was not measured.
const Kernels* kernels_at(std::string_view op_type, int opset) {
  const Kernels* best = nullptr;
  for (const Kernels& row : kernels_of(op_type)) {
    if (row.opset <= opset) best = &row;
  }
  return best;
}

bool takes(const Kernels& row, DType dtype) { return row.types.find(code_of(dtype)) != std::string_view::npos; }

}  // namespace

int first_opset(std::string_view op_type) {
  const auto row = std::ranges::lower_bound(kSince, op_type, {}, &Since::op);
  return row != std::end(kSince) && row->op == op_type ? row->opset : 1;
}

DType fixed_result_dtype(std::string_view op_type) {
  static constexpr std::string_view kBool[] = {
      "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "IsNaN", "IsInf", "Not", "And", "Or", "Xor"};
  static constexpr std::string_view kInt64[] = {"Shape", "Size", "ArgMax", "ArgMin", "NonZero", "NonMaxSuppression"};
  if (std::ranges::count(kBool, op_type) > 0) return DType::kBool;
  if (std::ranges::count(kInt64, op_type) > 0) return DType::kInt64;
  return DType::kUndefined;
}

int onnx_dtype(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return 1;
    case DType::kUInt8: return 2;
    case DType::kInt8: return 3;
    case DType::kUInt16: return 4;
    case DType::kInt16: return 5;
    case DType::kInt32: return 6;
    case DType::kInt64: return 7;
    case DType::kBool: return 9;
    case DType::kFloat16: return 10;
    case DType::kFloat64: return 11;
    case DType::kUInt32: return 12;
    case DType::kUInt64: return 13;
    case DType::kComplex64: return 14;
    case DType::kComplex128: return 15;
    case DType::kBFloat16: return 16;
    case DType::kFloat8E4M3FN: return 17;
    case DType::kFloat8E5M2: return 19;
    case DType::kUndefined: return 0;
  }
  return 0;
}

ComputeType computable_dtype(std::string_view op_type, int opset, DType dtype) {
  const Kernels* row = kernels_at(op_type, opset);
  if (row == nullptr || takes(*row, dtype) || code_of(dtype) == '?') return {dtype, 0};
  for (const DType wider : exact_wider_types(dtype)) {
    if (takes(*row, wider)) return {wider, 0};
  }
  for (const Kernels& later : kernels_of(op_type)) {
    if (later.opset <= opset) continue;
    if (takes(later, dtype)) return {dtype, later.opset};
    for (const DType wider : exact_wider_types(dtype)) {
      if (takes(later, wider)) return {wider, later.opset};
    }
  }
  for (const DType lossy : lossy_types(dtype)) {
    if (takes(*row, lossy)) return {lossy, 0};
  }
  return {dtype, 0};
}

bool is_typed_input(std::string_view op_type, size_t input) {
  // The operators with inputs beside the data that may happen to have the data's type (indices, axes, sizes).
  static constexpr std::string_view kFirstOnly[] = {
      "CumProd", "CumSum",  "Expand", "Gather", "GatherElements", "GatherND",  "Resize",     "Reshape", "Slice",
      "Split",   "Squeeze", "Tile",   "TopK",   "Trilu",          "Unsqueeze", "GridSample", "Upsample"};
  static constexpr std::string_view kFirstAndThird[] = {"Pad", "ScatterElements", "ScatterND"};
  if (op_type == "Where") return input > 0;
  if (op_type == "OneHot") return input == 2;
  if (op_type.starts_with("Reduce") || std::ranges::count(kFirstOnly, op_type) > 0) return input == 0;
  if (std::ranges::count(kFirstAndThird, op_type) > 0) return input == 0 || input == 2;
  return true;
}

}  // namespace paddle2onnx
