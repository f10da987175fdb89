#include "mapper/mapper.h"

#include <algorithm>
#include <cmath>

#include "graph/complex.h"
#include "mapper/indices.h"

namespace paddle2onnx {
namespace {

// Numbers of an attribute as a list, whatever their type; nothing if it holds no numbers.
template <typename T>
std::optional<std::vector<T>> numbers_of(const Attribute& attribute) {
  const auto convert = [](const auto& list) { return std::vector<T>(list.begin(), list.end()); };
  if (const auto* list = std::get_if<std::vector<int64_t>>(&attribute)) return convert(*list);
  if (const auto* list = std::get_if<std::vector<double>>(&attribute)) return convert(*list);
  if (const auto* list = std::get_if<std::vector<bool>>(&attribute)) return convert(*list);
  if (const auto* number = std::get_if<int64_t>(&attribute)) return std::vector<T>{static_cast<T>(*number)};
  if (const auto* number = std::get_if<double>(&attribute)) return std::vector<T>{static_cast<T>(*number)};
  if (const auto* flag = std::get_if<bool>(&attribute)) return std::vector<T>{static_cast<T>(*flag)};
  return std::nullopt;
}

template <typename T>
std::optional<T> convert_attribute(const Attribute& attribute) {
  if (const auto* exact = std::get_if<T>(&attribute)) return *exact;
  if constexpr (std::is_same_v<T, DType>) {
    if (const auto* number = std::get_if<int64_t>(&attribute)) return dtype_of_framework(*number);
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, int64_t> || std::is_same_v<T, double>) {
    const auto numbers = numbers_of<T>(attribute);
    if (numbers && numbers->size() == 1) return numbers->front();
  } else if constexpr (std::is_same_v<T, std::vector<int64_t>> || std::is_same_v<T, std::vector<double>> ||
                       std::is_same_v<T, std::vector<bool>>) {
    return numbers_of<typename T::value_type>(attribute);
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    // An empty list of a PIR program doesn't say of what.
    const auto* list = std::get_if<std::vector<int64_t>>(&attribute);
    if (list != nullptr && list->empty()) return T{};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Ints> IntsArgument::constant() const {
  if (!count_known) return std::nullopt;
  Ints numbers;
  for (const auto& element : elements) {
    if (!element) return std::nullopt;
    numbers.push_back(*element);
  }
  return numbers;
}

const std::vector<ValueId>* OpContext::find(const std::vector<std::pair<std::string, std::vector<ValueId>>>& slots,
                                            std::string_view name) const {
  const auto slot = std::ranges::find(slots, name, [](const auto& item) -> std::string_view { return item.first; });
  return slot == slots.end() ? nullptr : &slot->second;
}

bool OpContext::has(std::string_view name) const {
  const auto* ids = find(op_.inputs, name);
  return ids != nullptr && !ids->empty();
}

std::vector<Value> OpContext::ins(std::string_view name) {
  std::vector<Value> values;
  const auto* ids = find(op_.inputs, name);
  if (ids == nullptr) return values;
  for (const ValueId id : *ids) {
    if (!values_[id])
      fail("operand '" + std::string(name) + "' is '" + program_.values[id].name +
           "', which no operator before has written");
    values.push_back(values_[id]);
  }
  return values;
}

Value OpContext::in_or_none(std::string_view name) {
  const auto values = ins(name);
  return values.empty() ? Value() : values.front();
}

Value OpContext::in(std::string_view name) {
  const Value value = in_or_none(name);
  if (!value) fail("the operand '" + std::string(name) + "' is missing");
  if (value.dtype() == DType::kUndefined)
    fail("operand '" + std::string(name) + "' is no tensor of a known element type");
  return value;
}

bool OpContext::wants(std::string_view name, size_t index) const {
  const auto* ids = find(op_.outputs, name);
  return ids != nullptr && index < ids->size() && used_[(*ids)[index]];
}

size_t OpContext::out_count(std::string_view name) const {
  const auto* ids = find(op_.outputs, name);
  return ids == nullptr ? 0 : ids->size();
}

bool OpContext::wants(std::string_view name) const {
  const auto* ids = find(op_.outputs, name);
  return ids != nullptr && std::ranges::any_of(*ids, [&](ValueId id) { return used_[id]; });
}

DType OpContext::out_dtype(std::string_view name, size_t index) const {
  const auto* ids = find(op_.outputs, name);
  return ids == nullptr || index >= ids->size() ? DType::kUndefined : program_.values[(*ids)[index]].type.dtype;
}

std::optional<Dims> OpContext::out_dims(std::string_view name, size_t index) const {
  const auto* ids = find(op_.outputs, name);
  return ids == nullptr || index >= ids->size() ? std::nullopt : program_.values[(*ids)[index]].type.dims;
}

void OpContext::out(std::string_view name, Value value, size_t index) {
  const auto* ids = find(op_.outputs, name);
  if (ids == nullptr || index >= ids->size()) return;
  const ValueId id = (*ids)[index];
  ValueInfo& info = *value.info();
  const ProgramValue& declared = program_.values[id];
  if (!info.constant) {
    // A value that an operator passes on has been told all that is known of it.
    const bool fresh = info.name.empty();
    if (fresh) info.name = builder_.unique_value_name(declared.name);
    for (const auto& [slot, operands] : op_.inputs) {
      for (const ValueId operand : operands)
        info.misdeclared |= values_[operand] && values_[operand].info()->misdeclared;
      for (const ValueId operand : operands)
        info.varying_rank |= !info.dims && values_[operand] && values_[operand].info()->varying_rank;
    }
    const bool is_unwritten =
        info.sequence && declared.type.dims && element_count(*declared.type.dims).value_or(1) == 0;
    const bool is_empty = info.sequence && (!declared.type.dims || declared.type.dims->empty());
    if (is_unwritten || is_empty || (info.varying_rank && !info.dims)) {
      // What is declared doesn't help: of an array it may be what it was before anything was written to it.
    } else if (!info.dims) {
      info.dims = declared.type.dims;
      if (info.dims && info.misdeclared) std::ranges::fill(*info.dims, -1);
    } else if (fresh && !info.misdeclared && declared.type.dims && declared.type.dims->size() == info.dims->size()) {
      for (size_t i = 0; i < info.dims->size(); ++i) {
        if ((*info.dims)[i] < 0) (*info.dims)[i] = (*declared.type.dims)[i];
      }
    }
  }
  // What is known of a complex value is known of its parts.
  for (ValueInfo* part : {info.real_part, info.imaginary_part}) {
    if (part == nullptr || part->constant) continue;
    part->misdeclared |= info.misdeclared;
    if (!part->dims || (info.dims && part->dims->size() == info.dims->size())) part->dims = info.dims;
  }
  values_[id] = value;
}

void OpContext::out_as_computed(std::string_view name, Value value, size_t index) {
  if (!value.is_static()) value.info()->misdeclared = true;
  out(name, value, index);
}

template <typename T>
T OpContext::attr(std::string_view name) const {
  const auto found = op_.attributes.find(name);
  if (found == op_.attributes.end()) fail("the attribute '" + std::string(name) + "' is missing");
  const auto value = convert_attribute<T>(found->second);
  if (!value) fail("the attribute '" + std::string(name) + "' has an unexpected type");
  return *value;
}

template bool OpContext::attr(std::string_view) const;
template int64_t OpContext::attr(std::string_view) const;
template double OpContext::attr(std::string_view) const;
template std::string OpContext::attr(std::string_view) const;
template std::vector<bool> OpContext::attr(std::string_view) const;
template std::vector<int64_t> OpContext::attr(std::string_view) const;
template std::vector<double> OpContext::attr(std::string_view) const;
template std::vector<std::string> OpContext::attr(std::string_view) const;
template DType OpContext::attr(std::string_view) const;

IntsArgument OpContext::ints(std::string_view name) {
  IntsArgument result;
  const std::vector<Value> operands = ins(name);
  if (operands.empty()) {
    const auto numbers = attr<std::vector<int64_t>>(name);
    result.value = builder_.ints(numbers);
  } else if (operands.size() == 1) {
    const Value x = builder_.cast(operands.front(), DType::kInt64);
    result.value = x.rank() == 1 ? x : x.rank() == 0 ? as_one_dimension(builder_, x) : builder_.flatten_to_1d(x);
  } else {
    std::vector<Value> parts;
    parts.reserve(operands.size());
    for (const Value& operand : operands)
      parts.push_back(as_one_dimension(builder_, builder_.cast(operand, DType::kInt64)));
    result.value = builder_.concat(parts, 0);
  }
  if (const auto elements = known_elements(result.value)) {
    result.elements = *elements;
    result.count_known = true;
  } else if (result.value.dim(0) >= 0) {
    result.elements.resize(static_cast<size_t>(result.value.dim(0)));
    result.count_known = true;
  }
  return result;
}

ScalarArgument OpContext::scalar(std::string_view name) {
  ScalarArgument result;
  const Value operand = in_or_none(name);
  if (!operand) {
    const auto found = op_.attributes.find(name);
    if (found != op_.attributes.end() && std::holds_alternative<int64_t>(found->second))
      result.integer = std::get<int64_t>(found->second);
    result.number = attr<double>(name);
    return result;
  }
  if (const Tensor* tensor = operand.constant()) {
    if (tensor->count() != 1)
      fail("operand '" + std::string(name) + "' has " + std::to_string(tensor->count()) +
           " elements where one is expected");
    result.number = as_doubles(*tensor).at(0);
    if (is_integer(tensor->dtype)) result.integer = as_ints(*tensor).at(0);
  } else if (const auto elements = known_elements(operand); elements && elements->size() == 1 && elements->front()) {
    result.integer = elements->front();
    result.number = static_cast<double>(*elements->front());
  } else {
    result.value = operand;
  }
  return result;
}

Value OpContext::scalar_value(std::string_view name, DType dtype) {
  const ScalarArgument argument = scalar(name);
  if (argument.integer && !is_complex(dtype)) return builder_.constant(from_ints(dtype, {}, {*argument.integer}));
  if (argument.number) return builder_.scalar(*argument.number, dtype);
  const Value x = builder_.cast(argument.value, dtype);
  if (x.rank() == 0) return x;
  return x.rank() == 1 ? builder_.squeeze(x, {0}) : builder_.reshape(x, Ints{});
}

Lod OpContext::lod(std::string_view name, size_t index) {
  const auto* ids = find(op_.inputs, name);
  if (ids == nullptr || index >= ids->size()) fail("the operand '" + std::string(name) + "' is missing");
  return blocks_.lod((*ids)[index]);
}

bool OpContext::carries_lod(std::string_view name) const {
  const auto* ids = find(op_.inputs, name);
  return ids != nullptr && !ids->empty() && blocks_.carries_lod(ids->front());
}

void OpContext::set_lod(std::string_view name, std::optional<Lod> lod) {
  const auto* ids = find(op_.outputs, name);
  if (ids == nullptr) return;
  for (const ValueId id : *ids) blocks_.set_lod(id, lod);
}

void OpContext::set_lod(std::string_view name, size_t index, std::optional<Lod> lod) {
  const auto* ids = find(op_.outputs, name);
  if (ids != nullptr && index < ids->size()) blocks_.set_lod((*ids)[index], lod);
}

void OpContext::fail(std::string message, std::string hint) const {
  throw MapperFailure{std::move(message), std::move(hint)};
}

int64_t normalize_axis(const OpContext& op, int64_t axis, int64_t rank) {
  const int64_t normal = axis < 0 ? axis + rank : axis;
  if (normal < 0 || normal >= rank)
    op.fail("axis " + std::to_string(axis) + " does not exist in a tensor of rank " + std::to_string(rank));
  return normal;
}

Ints normalize_axes(const OpContext& op, Ints axes, int64_t rank) {
  for (int64_t& axis : axes) axis = normalize_axis(op, axis, rank);
  return axes;
}

std::pair<Value, Value> broadcast_operands(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value y = op.in("y");
  // A real number among complex ones is one of them; otherwise the type is x's.
  if (is_complex(y.dtype()) && !is_complex(x.dtype())) {
    x = g.cast(x, y.dtype());
  } else {
    y = g.cast(y, x.dtype());
  }
  const int64_t axis = op.attr<int64_t>("axis", -1);
  if (axis < 0 || x.rank() == y.rank()) return {x, y};
  const bool y_is_placed = x.rank() > y.rank();
  Value& placed = y_is_placed ? y : x;
  const int64_t missing = (y_is_placed ? x : y).rank() - axis - placed.rank();
  if (missing < 0)
    op.fail("axis " + std::to_string(axis) + " leaves no room for an operand of rank " + std::to_string(placed.rank()));
  if (missing == 0) return {x, y};
  // Of full rank, as Paddle 3 writes it.
  Ints axes = count_from(0, axis);
  for (int64_t i = 0; i < missing; ++i) axes.push_back(axis + placed.rank() + i);
  placed = g.unsqueeze(placed, axes);
  return {x, y};
}

}  // namespace paddle2onnx
