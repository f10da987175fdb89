#include "graph/fold.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>

namespace paddle2onnx {
namespace {

// Folding must not blow a model up: a result may be as big as the inputs, or small.
constexpr int64_t kSmall = 1 << 16;

template <typename T>
const T* attribute(const NodeAttributes& attributes, std::string_view name) {
  const auto found =
      std::ranges::find(attributes, name, [](const auto& item) -> std::string_view { return item.first; });
  return found == attributes.end() ? nullptr : std::get_if<T>(&found->second);
}

int64_t int_attribute(const NodeAttributes& attributes, std::string_view name, int64_t fallback) {
  const auto* value = attribute<int64_t>(attributes, name);
  return value == nullptr ? fallback : *value;
}

// Integers given as the attribute `name` (older opsets) or as constant input `index`.
std::optional<std::vector<int64_t>> ints_operand(const std::vector<Value>& inputs, size_t index,
                                                 const NodeAttributes& attributes, std::string_view name) {
  if (const auto* list = attribute<std::vector<int64_t>>(attributes, name)) return *list;
  if (index < inputs.size() && inputs[index] && inputs[index].constant() != nullptr)
    return as_ints(*inputs[index].constant());
  return std::nullopt;
}

Dims contiguous_strides(const Dims& dims) {
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i];
  }
  return strides;
}

// A tensor of bytes that are computed when they are read: at once if they are few, else when the model is written, so
// that weights in another form take no memory.
Tensor computed(DType dtype, Dims dims, std::shared_ptr<const ComputedBytes> source) {
  constexpr size_t kAtOnce = 4096;
  const Bytes bytes =
      Bytes::computed(std::move(source), static_cast<size_t>(element_count(dims).value_or(0)) * item_size(dtype));
  if (bytes.size() <= kAtOnce) return make_tensor(dtype, std::move(dims), bytes.copy());
  return {dtype, std::move(dims), bytes};
}

// The tensor whose element at index i is source[offset + Σ i·strides], strides in elements.
class StridedBytes : public ComputedBytes {
 public:
  StridedBytes(Tensor source, Dims dims, Dims strides, int64_t offset)
      : source_(std::move(source)),
        item_(item_size(source_.dtype)),
        dims_(std::move(dims)),
        strides_(std::move(strides)),
        sizes_(contiguous_strides(dims_)),
        offset_(offset) {
    for (size_t axis = 0; axis < dims_.size(); ++axis) {
      if (dims_[axis] > 1 && strides_[axis] == 1) run_axis_ = axis;
    }
  }

  void read(size_t begin, std::span<std::byte> out) const override {
    auto at = static_cast<int64_t>(begin / item_);
    const auto end = at + static_cast<int64_t>(out.size() / item_);
    while (at < end) {
      const int64_t inner = run_axis_ < dims_.size() ? sizes_[run_axis_] : 1;
      const auto to = out.subspan(static_cast<size_t>(at) * item_ - begin);
      if (run_axis_ == dims_.size() || at % inner != 0 || end - at < inner) {
        source_.bytes.read(source_index(at) * item_, to.first(item_));
        ++at;
        continue;
      }
      // Elements that are neighbours along the run axis are neighbours in the source, too: as many of them as fit into
      // `out`, for each index of the axes behind.
      const int64_t length = std::min(dims_[run_axis_] - at / inner % dims_[run_axis_], (end - at) / inner);
      read_runs(at, inner, length, to);
      at += inner * length;
    }
  }

 private:
  // Where the element with this number lies in the source.
  size_t source_index(int64_t number) const {
    int64_t index = offset_;
    for (size_t axis = 0; axis < dims_.size(); ++axis) {
      index += number / sizes_[axis] * strides_[axis];
      number %= sizes_[axis];
    }
    return static_cast<size_t>(index);
  }

  void read_runs(int64_t first, int64_t inner, int64_t length, std::span<std::byte> to) const {
    const auto bytes = static_cast<size_t>(length) * item_;
    if (inner == 1) return source_.bytes.read(source_index(first) * item_, to.first(bytes));
    // Several runs at a time, so that what is written at one place fills a cache line.
    constexpr int64_t kTogether = 16;
    std::vector<std::byte> runs(bytes * kTogether);
    for (int64_t i = 0; i < inner; i += kTogether) {
      const auto count = static_cast<size_t>(std::min(kTogether, inner - i));
      for (size_t j = 0; j < count; ++j) {
        source_.bytes.read(source_index(first + i + static_cast<int64_t>(j)) * item_,
                           std::span(runs).subspan(j * bytes, bytes));
      }
      std::byte* place = to.data() + static_cast<size_t>(i) * item_;
      const auto step = static_cast<size_t>(inner) * item_;
      const auto scatter = [&](auto item) {
        for (size_t k = 0; k < bytes; k += sizeof(item), place += step) {
          for (size_t j = 0; j < count; ++j)
            std::memcpy(place + j * sizeof(item), runs.data() + j * bytes + k, sizeof(item));
        }
      };
      switch (item_) {
        case 1: scatter(uint8_t{}); break;
        case 2: scatter(uint16_t{}); break;
        case 4: scatter(uint32_t{}); break;
        default: scatter(uint64_t{}); break;
      }
    }
  }

  Tensor source_;
  size_t item_;
  Dims dims_;
  Dims strides_;
  Dims sizes_;  // elements behind one step along each axis of the result
  int64_t offset_;
  size_t run_axis_ = dims_.size();  // the axis along which neighbours are neighbours in the source
};

Tensor strided_view(const Tensor& source, const Dims& dims, const Dims& strides, int64_t offset) {
  const Dims contiguous = contiguous_strides(dims);
  bool in_one_piece = element_count(dims) != 0 && !source.bytes.are_computed();
  for (size_t i = 0; i < dims.size(); ++i) in_one_piece &= dims[i] == 1 || strides[i] == contiguous[i];
  if (in_one_piece) {
    const size_t item = item_size(source.dtype);
    return {source.dtype, dims,
            source.bytes.part(static_cast<size_t>(offset) * item,
                              static_cast<size_t>(element_count(dims).value_or(0)) * item)};
  }
  return computed(source.dtype, dims, std::make_shared<StridedBytes>(source, dims, strides, offset));
}

// Pieces of several tensors, one piece of each in turn.
class InterleavedBytes : public ComputedBytes {
 public:
  // `outer`: how many pieces each part falls into; > 0.
  InterleavedBytes(const std::vector<const Tensor*>& parts, int64_t outer) {
    for (const Tensor* part : parts) {
      parts_.push_back(part->bytes);
      runs_.push_back(part->bytes.size() / static_cast<size_t>(outer));
      round_ += runs_.back();
    }
  }

  void read(size_t begin, std::span<std::byte> out) const override {
    size_t turn = begin / round_;
    size_t at = begin % round_;  // in the rest of the round that starts with part i
    for (size_t i = 0; !out.empty(); i = i + 1 == parts_.size() ? (++turn, 0) : i + 1) {
      if (at >= runs_[i]) {
        at -= runs_[i];
        continue;
      }
      const size_t count = std::min(runs_[i] - at, out.size());
      parts_[i].read(turn * runs_[i] + at, out.first(count));
      out = out.subspan(count);
      at = 0;
    }
  }

 private:
  std::vector<Bytes> parts_;
  std::vector<size_t> runs_;
  size_t round_ = 0;
};

// Slices of one tensor, picked along an axis.
class GatheredBytes : public ComputedBytes {
 public:
  // `run`: bytes of a slice; > 0. `positions` are in [0, extent).
  GatheredBytes(Bytes source, std::vector<int64_t> positions, int64_t extent, size_t run)
      : source_(std::move(source)), positions_(std::move(positions)), extent_(static_cast<size_t>(extent)), run_(run) {}

  void read(size_t begin, std::span<std::byte> out) const override {
    for (size_t slice = begin / run_, at = begin % run_; !out.empty(); ++slice, at = 0) {
      const size_t outer = slice / positions_.size();
      const auto position = static_cast<size_t>(positions_[slice % positions_.size()]);
      const size_t count = std::min(run_ - at, out.size());
      source_.read((outer * extent_ + position) * run_ + at, out.first(count));
      out = out.subspan(count);
    }
  }

 private:
  Bytes source_;
  std::vector<int64_t> positions_;
  size_t extent_;
  size_t run_;
};

std::optional<Dims> broadcast_dims(const Dims& a, const Dims& b) {
  Dims result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i) {
    const size_t behind = result.size() - i;
    const int64_t x = behind <= a.size() ? a[a.size() - behind] : 1;
    const int64_t y = behind <= b.size() ? b[b.size() - behind] : 1;
    if (x == y || y == 1) {
      result[i] = x;
    } else if (x == 1) {
      result[i] = y;
    } else if (x < 0 || y < 0) {
      result[i] = std::max(x, y);  // the known one is > 1, so the unknown one is 1 or equal to it
    } else {
      return std::nullopt;
    }
  }
  return result;
}

std::optional<Tensor> expanded(const Tensor& source, const Dims& target) {
  const auto dims = broadcast_dims(source.dims, target);
  if (!dims || !element_count(*dims) || *element_count(*dims) > std::max(kSmall, source.count())) return std::nullopt;
  Dims strides(dims->size(), 0);
  const Dims own = contiguous_strides(source.dims);
  for (size_t i = 0; i < own.size(); ++i) {
    if (source.dims[i] != 1) strides[dims->size() - own.size() + i] = own[i];
  }
  return strided_view(source, *dims, strides, 0);
}

std::optional<Tensor> sliced(const Tensor& source, const std::vector<int64_t>& starts, const std::vector<int64_t>& ends,
                             std::vector<int64_t> axes, std::vector<int64_t> steps) {
  const auto rank = static_cast<int64_t>(source.dims.size());
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    return std::nullopt;
  Dims dims = source.dims;
  Dims strides = contiguous_strides(source.dims);
  int64_t offset = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    if (axis < 0 || axis >= rank || steps[i] == 0) return std::nullopt;
    const auto [begin, count] = slice_range(source.dims[static_cast<size_t>(axis)], starts[i], ends[i], steps[i]);
    offset += begin * strides[static_cast<size_t>(axis)];
    dims[static_cast<size_t>(axis)] = count;
    // A step beyond the extent takes one element, and could overflow here.
    strides[static_cast<size_t>(axis)] *= count > 1 ? steps[i] : 1;
  }
  if (element_count(dims) == 0) return make_tensor(source.dtype, dims, std::vector<std::byte>{});
  return strided_view(source, dims, strides, offset);
}

std::optional<Tensor> concatenated(const std::vector<const Tensor*>& parts, int64_t axis) {
  const auto rank = static_cast<int64_t>(parts.front()->dims.size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return std::nullopt;
  Dims dims = parts.front()->dims;
  dims[static_cast<size_t>(axis)] = 0;
  for (const Tensor* part : parts) {
    if (static_cast<int64_t>(part->dims.size()) != rank || part->dtype != parts.front()->dtype) return std::nullopt;
    for (int64_t i = 0; i < rank; ++i) {
      if (i != axis && part->dims[static_cast<size_t>(i)] != dims[static_cast<size_t>(i)]) return std::nullopt;
    }
    int64_t& extent = dims[static_cast<size_t>(axis)];
    if (__builtin_add_overflow(extent, part->dims[static_cast<size_t>(axis)], &extent)) return std::nullopt;
  }
  if (element_count(dims).value_or(0) == 0) return make_tensor(parts.front()->dtype, dims, std::vector<std::byte>{});
  const int64_t outer = element_count(std::span(dims).first(static_cast<size_t>(axis))).value_or(0);
  return computed(parts.front()->dtype, dims, std::make_shared<InterleavedBytes>(parts, outer));
}

std::optional<Tensor> gathered(const Tensor& source, const Tensor& indices, int64_t axis) {
  const auto rank = static_cast<int64_t>(source.dims.size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return std::nullopt;
  const int64_t extent = source.dims[static_cast<size_t>(axis)];
  Dims dims(source.dims.begin(), source.dims.begin() + axis);
  dims.insert(dims.end(), indices.dims.begin(), indices.dims.end());
  dims.insert(dims.end(), source.dims.begin() + axis + 1, source.dims.end());
  const auto count = element_count(dims);
  if (!count || *count > std::max(kSmall, source.count())) return std::nullopt;
  auto positions = as_ints(indices);
  for (int64_t& position : positions) {
    if (position < 0) position += extent;
    if (position < 0 || position >= extent) return std::nullopt;
  }
  if (*count == 0) return make_tensor(source.dtype, dims, std::vector<std::byte>{});
  const size_t run =
      static_cast<size_t>(element_count(std::span(source.dims).subspan(static_cast<size_t>(axis) + 1)).value_or(0)) *
      item_size(source.dtype);
  return computed(source.dtype, dims, std::make_shared<GatheredBytes>(source.bytes, std::move(positions), extent, run));
}

std::optional<Tensor> tiled(const Tensor& source, const std::vector<int64_t>& repeats) {
  if (repeats.size() != source.dims.size()) return std::nullopt;
  Dims interleaved;
  Dims target;
  Dims result;
  for (size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] < 0 || __builtin_mul_overflow(repeats[i], source.dims[i], &result.emplace_back()))
      return std::nullopt;
    interleaved.insert(interleaved.end(), {1, source.dims[i]});
    target.insert(target.end(), {repeats[i], source.dims[i]});
  }
  if (element_count(result) == 0) return make_tensor(source.dtype, result, std::vector<std::byte>{});
  auto wide = expanded(reshaped(source, interleaved), target);
  if (!wide) return std::nullopt;
  return reshaped(*wide, result);
}

Tensor cast_at_once(const Tensor& source, DType dtype) {
  return is_floating(source.dtype) ? from_doubles(dtype, source.dims, as_doubles(source))
                                   : from_ints(dtype, source.dims, as_ints(source));
}

class CastBytes : public ComputedBytes {
 public:
  CastBytes(Tensor source, DType dtype) : source_(std::move(source)), dtype_(dtype) {}

  void read(size_t begin, std::span<std::byte> out) const override {
    constexpr size_t kElements = 4096;
    const size_t to = item_size(dtype_);
    const size_t from = item_size(source_.dtype);
    for (size_t at = 0; at < out.size(); at += kElements * to) {
      const size_t count = std::min(kElements, (out.size() - at) / to);
      std::vector<std::byte> some(count * from);
      source_.bytes.read((begin + at) / to * from, some);
      const Tensor piece = make_tensor(source_.dtype, {static_cast<int64_t>(count)}, std::move(some));
      cast_at_once(piece, dtype_).bytes.read(0, out.subspan(at, count * to));
    }
  }

 private:
  Tensor source_;
  DType dtype_;
};

std::optional<Tensor> cast(const Tensor& source, DType dtype) {
  if (dtype == source.dtype) return source;
  const auto numeric = [](DType d) { return d == DType::kBool || is_integer(d) || is_floating(d); };
  if (!numeric(dtype) || !numeric(source.dtype)) return std::nullopt;
  return computed(dtype, source.dims, std::make_shared<CastBytes>(source, dtype));
}

// Element by element over the broadcast operands, in T.
template <typename T, typename Read, typename Write>
std::optional<Tensor> elementwise(const std::vector<const Tensor*>& operands, Read read, Write write,
                                  const std::function<std::optional<T>(const std::vector<T>&)>& compute) {
  Dims dims;
  for (const Tensor* operand : operands) {
    const auto wider = broadcast_dims(dims, operand->dims);
    if (!wider) return std::nullopt;
    dims = *wider;
  }
  const auto count = element_count(dims);
  if (!count || *count > kSmall) return std::nullopt;
  std::vector<std::vector<T>> columns;
  for (const Tensor* operand : operands) {
    const auto wide = expanded(*operand, dims);
    if (!wide) return std::nullopt;
    columns.push_back(read(*wide));
  }
  std::vector<T> result;
  std::vector<T> row(operands.size());
  for (size_t i = 0; i < static_cast<size_t>(*count); ++i) {
    for (size_t k = 0; k < columns.size(); ++k) row[k] = columns[k][i];
    const auto value = compute(row);
    if (!value) return std::nullopt;
    result.push_back(*value);
  }
  return write(dims, result);
}

// What an operator does with integers (and bools, as 0 and 1); nothing: not foldable, or an overflow.
std::optional<int64_t> integer_result(std::string_view op, const std::vector<int64_t>& v) {
  int64_t result = 0;
  if (op == "Add") return __builtin_add_overflow(v[0], v[1], &result) ? std::nullopt : std::optional(result);
  if (op == "Sub") return __builtin_sub_overflow(v[0], v[1], &result) ? std::nullopt : std::optional(result);
  if (op == "Mul") return __builtin_mul_overflow(v[0], v[1], &result) ? std::nullopt : std::optional(result);
  if (op == "Div" || op == "Mod") {
    if (v[1] == 0 || (v[0] == std::numeric_limits<int64_t>::min() && v[1] == -1)) return std::nullopt;
    if (op == "Div") return v[0] / v[1];
    const int64_t remainder = v[0] % v[1];
    return remainder != 0 && (remainder < 0) != (v[1] < 0) ? remainder + v[1] : remainder;
  }
  if (op == "Neg") return __builtin_sub_overflow(int64_t{0}, v[0], &result) ? std::nullopt : std::optional(result);
  if (op == "Abs") return v[0] == std::numeric_limits<int64_t>::min() ? std::nullopt : std::optional(std::abs(v[0]));
  if (op == "Min") return *std::ranges::min_element(v);
  if (op == "Max") return *std::ranges::max_element(v);
  if (op == "Equal") return v[0] == v[1];
  if (op == "Less") return v[0] < v[1];
  if (op == "Greater") return v[0] > v[1];
  if (op == "LessOrEqual") return v[0] <= v[1];
  if (op == "GreaterOrEqual") return v[0] >= v[1];
  if (op == "Not") return v[0] == 0;
  if (op == "And") return v[0] != 0 && v[1] != 0;
  if (op == "Or") return v[0] != 0 || v[1] != 0;
  if (op == "Xor") return (v[0] != 0) != (v[1] != 0);
  if (op == "Where") return v[0] != 0 ? v[1] : v[2];
  return std::nullopt;
}

// What an operator does with floats, rounded once to the result's type. NaN is not folded: its sign and payload are the
// runtime's.
std::optional<double> float_result(std::string_view op, const std::vector<double>& v) {
  if (std::ranges::any_of(v, [](double x) { return std::isnan(x); })) return std::nullopt;
  if (op == "Add") return v[0] + v[1];
  if (op == "Sub") return v[0] - v[1];
  if (op == "Mul") return v[0] * v[1];
  if (op == "Div") return v[0] / v[1];
  if (op == "Neg") return -v[0];
  if (op == "Abs") return std::fabs(v[0]);
  if (op == "Min") return *std::ranges::min_element(v);
  if (op == "Max") return *std::ranges::max_element(v);
  if (op == "Sqrt") return std::sqrt(v[0]);
  if (op == "Floor") return std::floor(v[0]);
  if (op == "Ceil") return std::ceil(v[0]);
  if (op == "Reciprocal") return 1 / v[0];
  if (op == "Where") return v[0] != 0 ? v[1] : v[2];
  if (op == "Equal") return v[0] == v[1];
  if (op == "Less") return v[0] < v[1];
  if (op == "Greater") return v[0] > v[1];
  return std::nullopt;
}

std::optional<Tensor> arithmetic(std::string_view op, const std::vector<const Tensor*>& operands, DType dtype) {
  const auto integral = [](const Tensor* t) {
    return t->dtype == DType::kBool || (is_integer(t->dtype) && t->dtype != DType::kUInt64);
  };
  if (std::ranges::all_of(operands, integral)) {
    auto result = elementwise<int64_t>(
        operands, [](const Tensor& t) { return as_ints(t); },
        [&](const Dims& dims, const std::vector<int64_t>& values) { return from_ints(DType::kInt64, dims, values); },
        [&](const std::vector<int64_t>& v) { return integer_result(op, v); });
    if (!result) return std::nullopt;
    // Narrow types wrap around at run time: what does not fit is left to the runtime.
    auto narrow = cast(*result, dtype);
    if (!narrow || as_ints(*narrow) != as_ints(*result)) return std::nullopt;
    return narrow;
  }
  const auto numeric = [&](const Tensor* t) { return is_floating(t->dtype) || integral(t); };
  if (!std::ranges::all_of(operands, numeric)) return std::nullopt;
  return elementwise<double>(
      operands, [](const Tensor& t) { return as_doubles(t); },
      [&](const Dims& dims, const std::vector<double>& values) { return from_doubles(dtype, dims, values); },
      [&](const std::vector<double>& v) { return float_result(op, v); });
}

bool is_arithmetic(std::string_view op) {
  static constexpr std::string_view kOps[] = {
      "Add",  "Sub",       "Mul",   "Div",  "Mod",     "Neg",         "Abs",
      "Min",  "Max",       "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual",
      "Not",  "And",       "Or",    "Xor",  "Where",   "Sqrt",        "Floor",
      "Ceil", "Reciprocal"};
  return std::ranges::count(kOps, op) > 0;
}

std::optional<Tensor> ranged(const Tensor& start, const Tensor& limit, const Tensor& delta) {
  if (!is_integer(start.dtype)) return std::nullopt;
  const auto [first, last, step] = std::tuple(as_ints(start), as_ints(limit), as_ints(delta));
  if (first.size() != 1 || last.size() != 1 || step.size() != 1 || step[0] == 0) return std::nullopt;
  std::vector<int64_t> values;
  for (int64_t at = first[0]; step[0] > 0 ? at < last[0] : at > last[0];) {
    if (static_cast<int64_t>(values.size()) == kSmall) return std::nullopt;
    values.push_back(at);
    if (__builtin_add_overflow(at, step[0], &at)) break;
  }
  return from_ints(start.dtype, {static_cast<int64_t>(values.size())}, values);
}

std::optional<Tensor> reduced_to_scalar(std::string_view op, const Tensor& source, const NodeAttributes& attributes) {
  if (!is_integer(source.dtype) || source.dims.size() > 1) return std::nullopt;
  const auto values = as_ints(source);
  int64_t result = op == "ReduceProd" ? 1 : 0;
  for (const int64_t value : values) {
    if (op == "ReduceProd" ? __builtin_mul_overflow(result, value, &result)
                           : __builtin_add_overflow(result, value, &result))
      return std::nullopt;
  }
  Dims dims;
  if (int_attribute(attributes, "keepdims", 1) != 0) dims.assign(source.dims.size(), 1);
  return from_ints(source.dtype, dims, {result});
}

}  // namespace

std::pair<int64_t, int64_t> slice_range(int64_t extent, int64_t start, int64_t end, int64_t step) {
  const auto place = [&](int64_t position, int64_t low, int64_t high) {
    if (position < 0) position += extent;
    return std::clamp(position, low, high);
  };
  if (step > 0) {
    const int64_t first = place(start, 0, extent);
    const int64_t last = place(end, 0, extent);
    return {first, last > first ? (last - first - 1) / step + 1 : 0};
  }
  if (extent == 0) return {0, 0};
  const int64_t first = place(start, 0, extent - 1);
  const int64_t last = place(end, -1, extent - 1);
  // Towards zero, and without negating a step that has no opposite.
  return {first, first > last ? 1 - (first - last - 1) / step : 0};
}

std::optional<std::vector<Tensor>> fold_node(std::string_view op, const std::vector<Value>& inputs,
                                             const NodeAttributes& attributes, size_t outputs, DType dtype) {
  std::vector<const Tensor*> operands;
  for (const Value& input : inputs) {
    if (!input) return std::nullopt;
    operands.push_back(input.constant());
    if (operands.back() == nullptr) return std::nullopt;
  }
  if (operands.empty()) return std::nullopt;
  const Tensor& x = *operands.front();
  const auto rank = static_cast<int64_t>(x.dims.size());
  const auto one = [](std::optional<Tensor> tensor) -> std::optional<std::vector<Tensor>> {
    if (!tensor) return std::nullopt;
    return std::vector<Tensor>{std::move(*tensor)};
  };

  // Mod with fmod is another function.
  if (is_arithmetic(op) && int_attribute(attributes, "fmod", 0) == 0) return one(arithmetic(op, operands, dtype));
  if (op == "Identity") return one(x);
  if (op == "Cast") return x.count() <= kSmall ? one(cast(x, dtype)) : std::nullopt;
  if (op == "Reshape" && operands.size() == 2) {
    Dims dims = as_ints(*operands[1]);
    int64_t known = 1;
    int64_t inferred = -1;
    for (size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] == 0 && int_attribute(attributes, "allowzero", 0) == 0) {
        if (i >= x.dims.size()) return std::nullopt;
        dims[i] = x.dims[i];
      }
      if (dims[i] == -1) {
        if (inferred >= 0) return std::nullopt;
        inferred = static_cast<int64_t>(i);
      } else if (dims[i] < 0 || __builtin_mul_overflow(known, dims[i], &known)) {
        return std::nullopt;
      }
    }
    if (inferred >= 0) {
      if (known == 0 || x.count() % known != 0) return std::nullopt;
      dims[static_cast<size_t>(inferred)] = x.count() / known;
    }
    if (element_count(dims) != x.count()) return std::nullopt;
    return one(reshaped(x, dims));
  }
  if (op == "Unsqueeze" || op == "Squeeze") {
    auto axes = ints_operand(inputs, 1, attributes, "axes");
    if (!axes) return std::nullopt;
    const int64_t out_rank = op == "Unsqueeze" ? rank + static_cast<int64_t>(axes->size()) : rank;
    for (int64_t& axis : *axes) {
      if (axis < 0) axis += out_rank;
      if (axis < 0 || axis >= out_rank) return std::nullopt;
    }
    Dims dims;
    size_t next = 0;
    for (int64_t i = 0; i < out_rank; ++i) {
      const bool listed = std::ranges::count(*axes, i) > 0;
      if (op == "Squeeze") {
        if (listed && x.dims[static_cast<size_t>(i)] != 1) return std::nullopt;
        if (!listed) dims.push_back(x.dims[static_cast<size_t>(i)]);
      } else {
        if (!listed && next >= x.dims.size()) return std::nullopt;
        dims.push_back(listed ? 1 : x.dims[next++]);
      }
    }
    return one(reshaped(x, dims));
  }
  if (op == "Transpose") {
    const auto* perm = attribute<std::vector<int64_t>>(attributes, "perm");
    if (perm == nullptr || perm->size() != x.dims.size()) return std::nullopt;
    const Dims own = contiguous_strides(x.dims);
    Dims dims;
    Dims strides;
    for (const int64_t axis : *perm) {
      if (axis < 0 || axis >= rank) return std::nullopt;
      dims.push_back(x.dims[static_cast<size_t>(axis)]);
      strides.push_back(own[static_cast<size_t>(axis)]);
    }
    return one(strided_view(x, dims, strides, 0));
  }
  if (op == "Concat") return one(concatenated(operands, int_attribute(attributes, "axis", 0)));
  if (op == "Slice") {
    const auto starts = ints_operand(inputs, 1, attributes, "starts");
    const auto ends = ints_operand(inputs, 2, attributes, "ends");
    if (!starts || !ends) return std::nullopt;
    return one(sliced(x, *starts, *ends, ints_operand(inputs, 3, attributes, "axes").value_or(Dims{}),
                      ints_operand(inputs, 4, attributes, "steps").value_or(Dims{})));
  }
  if (op == "Split") {
    auto sizes = ints_operand(inputs, 1, attributes, "split");
    int64_t axis = int_attribute(attributes, "axis", 0);
    if (axis < 0) axis += rank;
    if (!sizes || sizes->size() != outputs || axis < 0 || axis >= rank) return std::nullopt;
    std::vector<Tensor> parts;
    int64_t at = 0;
    for (const int64_t size : *sizes) {
      auto part = sliced(x, {at}, {at + size}, {axis}, {1});
      if (!part || part->dims[static_cast<size_t>(axis)] != size) return std::nullopt;
      parts.push_back(std::move(*part));
      at += size;
    }
    return parts;
  }
  if (op == "Gather" && operands.size() == 2)
    return one(gathered(x, *operands[1], int_attribute(attributes, "axis", 0)));
  if (op == "Expand" && operands.size() == 2) return one(expanded(x, as_ints(*operands[1])));
  if (op == "Tile" && operands.size() == 2) return one(tiled(x, as_ints(*operands[1])));
  if (op == "Range" && operands.size() == 3) return one(ranged(x, *operands[1], *operands[2]));
  if (op == "ReduceProd" || op == "ReduceSum") return one(reduced_to_scalar(op, x, attributes));
  if (op == "ConstantOfShape") {
    const auto* value = attribute<Tensor>(attributes, "value");
    const Tensor zero = from_doubles(DType::kFloat32, {1}, {0});
    return one(expanded(reshaped(value == nullptr ? zero : *value, {}), as_ints(x)));
  }
  return std::nullopt;
}

std::optional<Elements> known_elements(Value value) {
  if (!value) return std::nullopt;
  if (const Tensor* tensor = value.constant()) {
    if (!is_integer(tensor->dtype) || tensor->dims.size() > 1 || tensor->count() > kSmall) return std::nullopt;
    const auto numbers = as_ints(*tensor);
    return Elements(numbers.begin(), numbers.end());
  }
  return value.info()->elements;
}

std::optional<Elements> fold_elements(std::string_view op, const std::vector<Value>& inputs,
                                      const NodeAttributes& attributes) {
  if (inputs.empty() || !inputs.front()) return std::nullopt;
  auto x = known_elements(inputs.front());
  if (op == "Concat") {
    Elements all;
    for (const Value& input : inputs) {
      const auto part = known_elements(input);
      if (part) {
        all.insert(all.end(), part->begin(), part->end());
      } else if (input && is_integer(input.dtype()) && input.rank() == 1 && input.dim(0) >= 0 && input.dim(0) <= 64) {
        all.insert(all.end(), static_cast<size_t>(input.dim(0)), std::nullopt);
      } else {
        return std::nullopt;
      }
    }
    return all;
  }
  if (!x) return std::nullopt;
  if (op == "Cast" || op == "Identity" || op == "Reshape" || op == "Squeeze" || op == "Unsqueeze") return x;
  if (op == "Gather") {
    const Tensor* indices = inputs[1].constant();
    if (indices == nullptr || indices->dims.size() > 1 || inputs.front().rank() != 1) return std::nullopt;
    Elements picked;
    for (int64_t index : as_ints(*indices)) {
      if (index < 0) index += static_cast<int64_t>(x->size());
      if (index < 0 || index >= static_cast<int64_t>(x->size())) return std::nullopt;
      picked.push_back((*x)[static_cast<size_t>(index)]);
    }
    return picked;
  }
  if (op == "Slice") {
    const auto starts = ints_operand(inputs, 1, attributes, "starts");
    const auto ends = ints_operand(inputs, 2, attributes, "ends");
    const auto steps = ints_operand(inputs, 4, attributes, "steps").value_or(Dims{1});
    if (!starts || !ends || starts->size() != 1 || ends->size() != 1 || steps.size() != 1 || steps[0] == 0)
      return std::nullopt;
    const auto [begin, count] = slice_range(static_cast<int64_t>(x->size()), (*starts)[0], (*ends)[0], steps[0]);
    Elements picked;
    for (int64_t i = 0; i < count; ++i) picked.push_back((*x)[static_cast<size_t>(begin + i * steps[0])]);
    return picked;
  }
  if (op == "Neg" || op == "Abs") {
    Elements result;
    for (const auto& element : *x) result.push_back(element ? integer_result(op, {*element}) : std::nullopt);
    return result;
  }
  if ((op == "Add" || op == "Sub" || op == "Mul" || op == "Div" || op == "Min" || op == "Max") && inputs.size() == 2) {
    const auto y = known_elements(inputs[1]);
    if (!y || (x->size() != y->size() && x->size() != 1 && y->size() != 1)) return std::nullopt;
    Elements result;
    for (size_t i = 0; i < std::max(x->size(), y->size()); ++i) {
      const auto a = (*x)[x->size() == 1 ? 0 : i];
      const auto b = (*y)[y->size() == 1 ? 0 : i];
      result.push_back(a && b ? integer_result(op, {*a, *b}) : std::nullopt);
    }
    return result;
  }
  return std::nullopt;
}

std::optional<Dims> infer_dims(std::string_view op, const std::vector<Value>& inputs, const NodeAttributes&) {
  static constexpr std::string_view kLikeFirst[] = {"Neg",
                                                    "Abs",
                                                    "Exp",
                                                    "Log",
                                                    "Sqrt",
                                                    "Tanh",
                                                    "Sigmoid",
                                                    "Erf",
                                                    "Floor",
                                                    "Ceil",
                                                    "Round",
                                                    "Relu",
                                                    "LeakyRelu",
                                                    "Elu",
                                                    "Selu",
                                                    "Celu",
                                                    "Softplus",
                                                    "Softsign",
                                                    "HardSigmoid",
                                                    "HardSwish",
                                                    "ThresholdedRelu",
                                                    "Sign",
                                                    "Sin",
                                                    "Cos",
                                                    "Tan",
                                                    "Asin",
                                                    "Acos",
                                                    "Atan",
                                                    "Sinh",
                                                    "Cosh",
                                                    "Asinh",
                                                    "Acosh",
                                                    "Atanh",
                                                    "Reciprocal",
                                                    "IsNaN",
                                                    "IsInf",
                                                    "Not",
                                                    "Softmax",
                                                    "LogSoftmax",
                                                    "Hardmax",
                                                    "Clip",
                                                    "Cast",
                                                    "Identity",
                                                    "Shrink",
                                                    "Gelu",
                                                    "Mish",
                                                    "Swish",
                                                    "CumSum",
                                                    "CumProd",
                                                    "Trilu",
                                                    "BatchNormalization",
                                                    "InstanceNormalization",
                                                    "GroupNormalization",
                                                    "LayerNormalization",
                                                    "RMSNormalization",
                                                    "LRN",
                                                    "PRelu",
                                                    "ScatterND",
                                                    "ScatterElements",
                                                    "BitwiseNot"};
  static constexpr std::string_view kBroadcast[] = {"Add",
                                                    "Sub",
                                                    "Mul",
                                                    "Div",
                                                    "Mod",
                                                    "Pow",
                                                    "Min",
                                                    "Max",
                                                    "Equal",
                                                    "Less",
                                                    "Greater",
                                                    "LessOrEqual",
                                                    "GreaterOrEqual",
                                                    "And",
                                                    "Or",
                                                    "Xor",
                                                    "Where",
                                                    "Sum",
                                                    "Mean",
                                                    "BitwiseAnd",
                                                    "BitwiseOr",
                                                    "BitwiseXor"};
  if (inputs.empty() || !inputs.front()) return std::nullopt;
  if (std::ranges::count(kLikeFirst, op) > 0) return inputs.front().dims();
  if (std::ranges::count(kBroadcast, op) > 0) {
    Dims dims;
    for (const Value& input : inputs) {
      if (!input || !input.dims()) return std::nullopt;
      auto wider = broadcast_dims(dims, *input.dims());
      if (!wider) return std::nullopt;
      dims = std::move(*wider);
    }
    return dims;
  }
  if (op == "MatMul" && inputs[0].rank() >= 1 && inputs[1].rank() >= 1) {
    // A vector is a row on the left and a column on the right; the dimension that this adds is not in the result.
    const Dims& a = *inputs[0].dims();
    const Dims& b = *inputs[1].dims();
    auto dims = broadcast_dims(Dims(a.begin(), a.size() > 1 ? a.end() - 2 : a.begin()),
                               Dims(b.begin(), b.size() > 1 ? b.end() - 2 : b.begin()));
    if (!dims) return std::nullopt;
    if (a.size() > 1) dims->push_back(a[a.size() - 2]);
    if (b.size() > 1) dims->push_back(b.back());
    return dims;
  }
  return std::nullopt;
}

}  // namespace paddle2onnx
