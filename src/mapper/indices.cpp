#include "mapper/indices.h"

#include <numeric>

namespace paddle2onnx {

int64_t rank_of(const OpContext& op, Value x) {
  if (!x.has_rank()) op.fail("the rank of '" + x.name() + "' is not known");
  return x.rank();
}

Ints count_from(int64_t first, int64_t last) {
  Ints numbers(static_cast<size_t>(std::max<int64_t>(last - first, 0)));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

bool is_in(const Ints& list, int64_t value) { return std::ranges::count(list, value) > 0; }

std::optional<int64_t> known_number(const IntsArgument& numbers, size_t i) {
  return numbers.count_known ? numbers.elements.at(i) : std::nullopt;
}

Value number_at(OpContext& op, std::string_view name, const IntsArgument& numbers, size_t i) {
  Builder& g = op.graph();
  if (const auto number = known_number(numbers, i)) return g.ints({*number});
  const std::vector<Value> list = op.ins(name);
  if (list.size() > 1) return as_one_dimension(g, g.cast(list.at(i), DType::kInt64));
  if (numbers.value.dim(0) == 1) return numbers.value;
  const auto at = static_cast<int64_t>(i);
  return g.slice(numbers.value, Ints{at}, Ints{at + 1}, Ints{0});
}

Value as_one_dimension(Builder& g, Value number) {
  if (number.rank() == 0) return g.unsqueeze(number, {0});
  return number.rank() == 1 && number.dim(0) == 1 ? number : g.reshape(number, Ints{1});
}

Value as_scalar(Builder& g, Value one) { return g.squeeze(one, {0}); }

Value positions(Builder& g, Value n) { return g.range(g.scalar_i64(0), as_scalar(g, n), g.scalar_i64(1)); }

Value element_count_of(Builder& g, Value x) {
  if (x.is_static()) return g.scalar_i64(*element_count(*x.dims()));
  return g.node("Size", {x}, {}, {DType::kInt64, Dims{}});
}

Value element_numbers(Builder& g, Value x) {
  return g.reshape(g.range(g.scalar_i64(0), element_count_of(g, x), g.scalar_i64(1)), g.shape(x));
}

Value as_indices(Builder& g, Value index) {
  return index.dtype() == DType::kInt32 ? index : g.cast(index, DType::kInt64);
}

Value flat_index(OpContext& op, Value index) {
  return rank_of(op, index) > 1 ? op.graph().flatten_to_1d(index) : index;
}

Value spread_index(Builder& g, Value index, Value updates, int64_t axis) {
  Ints others;
  for (int64_t i = 0; i < updates.rank(); ++i) {
    if (i != axis) others.push_back(i);
  }
  return g.expand(g.unsqueeze(g.cast(index, DType::kInt64), others), g.shape(updates));
}

Value scattered_elements(Builder& g, Value x, Value index, Value updates, int64_t axis, std::string_view reduction) {
  NodeAttributes attributes = {{"axis", axis}};
  if (reduction != "none") {
    g.need_opset(reduction == "add" || reduction == "mul" ? 16 : 18,
                 "ScatterElements with reduction " + std::string(reduction));
    attributes.emplace_back("reduction", std::string(reduction));
  }
  return g.node("ScatterElements", {x, as_indices(g, index), updates}, std::move(attributes));
}

Value shape_with_batch(OpContext& op) {
  Builder& g = op.graph();
  const Ints shape = op.attr<Ints>("shape");
  const int64_t to = normalize_axis(op, op.attr<int64_t>("output_dim_idx", 0), static_cast<int64_t>(shape.size()));
  const Value input = op.in("input");
  const int64_t from = normalize_axis(op, op.attr<int64_t>("input_dim_idx", 0), rank_of(op, input));
  std::vector<Value> parts;
  for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i)
    parts.push_back(i == to ? g.dim(input, from) : g.ints({shape[static_cast<size_t>(i)]}));
  return g.concat_ints(parts);
}

DType dtype_or(const OpContext& op, DType fallback) {
  const DType dtype = op.attr<DType>("dtype", fallback);
  return dtype == DType::kUndefined ? fallback : dtype;
}

Value values_of_attributes(const OpContext& op, Builder& g, DType dtype, const Dims& dims) {
  const auto count = static_cast<size_t>(element_count(dims).value_or(0));
  for (const std::string_view name : {"values", "fp32_values", "fp64_values", "fp16_values", "int32_values",
                                      "int64_values", "int8_values", "uint8_values", "bool_values"}) {
    const auto found = op.op().attributes.find(name);
    if (found == op.op().attributes.end()) continue;
    // Integers must not pass through floats: they have more digits.
    const bool integral = std::holds_alternative<std::vector<int64_t>>(found->second);
    const auto size = integral ? op.attr<std::vector<int64_t>>(name).size() : op.attr<std::vector<double>>(name).size();
    if (size == 0 && count > 0) continue;
    if (size != count) {
      op.fail("the attribute '" + std::string(name) + "' has " + std::to_string(size) + " numbers for a shape of " +
              std::to_string(count) + " elements");
    }
    return g.constant(integral ? from_ints(dtype, dims, op.attr<std::vector<int64_t>>(name))
                               : from_doubles(dtype, dims, op.attr<std::vector<double>>(name)));
  }
  if (count > 0) op.fail("no attribute holds the values");
  return g.constant(from_ints(dtype, dims, {}));
}

}  // namespace paddle2onnx
