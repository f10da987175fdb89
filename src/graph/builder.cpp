#include "graph/builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "graph/complex.h"
#include "graph/fold.h"
#include "graph/onnx_ops.h"

namespace paddle2onnx {
namespace {

Ints normalized(Ints axes, int64_t rank) {
  for (int64_t& axis : axes) {
    if (axis < 0) axis += rank;
  }
  return axes;
}

// An axis that the caller has not checked against the rank. Mapping an operator ends with std::out_of_range.
int64_t checked_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) throw std::out_of_range("axis");
  return axis < 0 ? axis + rank : axis;
}

bool contains(const Ints& list, int64_t value) { return std::ranges::count(list, value) > 0; }

// All of x's dimensions, each unknown if the rank is known only.
std::optional<Dims> unknown_dims(int64_t rank) {
  if (rank < 0) return std::nullopt;
  return Dims(static_cast<size_t>(rank), -1);
}

// What kernels.inc calls a node: its reduction has kernels of its own.
std::string kernel_name(std::string_view op_type, const NodeAttributes& attributes) {
  const auto found = std::ranges::find(attributes, "reduction", &NodeAttributes::value_type::first);
  const auto* reduction = found == attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
  return std::string(op_type) + (reduction == nullptr ? "" : ":" + *reduction);
}

}  // namespace

void Builder::need_opset(int opset, std::string_view what) const {
  if (opset_ < opset) throw OpsetTooLow{opset, std::string(what)};
}

std::string Builder::unique_value_name(std::string_view wanted) {
  auto found = value_names_.find(wanted);
  if (found == value_names_.end()) {
    value_names_.emplace(wanted, 0);
    return std::string(wanted);
  }
  std::string name;
  do {
    name = std::string(wanted) + "." + std::to_string(++found->second);
  } while (value_names_.contains(name));
  value_names_.emplace(name, 0);
  return name;
}

Value Builder::new_value(std::string name, DType dtype, std::optional<Dims> dims) {
  ValueInfo& info = graph_.values.emplace_back();
  info.name = std::move(name);
  info.dtype = dtype;
  info.dims = std::move(dims);
  return Value(&info);
}

// --- nodes ----------------------------------------------------------------------------------------------------------

Value Builder::node(std::string_view op_type, std::vector<Value> inputs, NodeAttributes attributes, NodeResult result) {
  return nodes(op_type, std::move(inputs), std::move(attributes), {std::move(result)}).front();
}

std::vector<Value> Builder::nodes(std::string_view op_type, std::vector<Value> inputs, NodeAttributes attributes,
                                  std::vector<NodeResult> results, std::string_view domain) {
  const bool standard = domain.empty();
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  if (standard && has_complex_input(inputs)) return complex_nodes(*this, op_type, inputs, attributes, results);

  // The type that the operator computes in.
  DType own = DType::kUndefined;
  for (size_t i = 0; i < inputs.size() && own == DType::kUndefined; ++i) {
    if (inputs[i] && (!standard || is_typed_input(op_type, i))) own = inputs[i].dtype();
  }
  if (results.at(0).dtype == DType::kUndefined) {
    const DType fixed = standard ? fixed_result_dtype(op_type) : DType::kUndefined;
    results.front().dtype = fixed == DType::kUndefined ? own : fixed;
  }
  if (standard && !results.front().dims) results.front().dims = infer_dims(op_type, inputs, attributes);

  if (standard) {
    if (auto tensors = fold_node(op_type, inputs, attributes, results.size(), results.front().dtype)) {
      // A weight in another form keeps its name (with a number behind it).
      const auto weight = std::ranges::find_if(inputs, [](Value input) { return input.info()->parameter; });
      const std::string name = weight == inputs.end() ? "" : weight->name();
      std::vector<Value> values;
      for (Tensor& tensor : *tensors) values.push_back(constant(std::move(tensor), name));
      return values;
    }
    need_opset(first_opset(op_type), op_type);
    // Max and Min did not broadcast before 8.
    const bool alike = std::ranges::all_of(inputs, [&](Value v) { return !v || v.dims() == inputs.front().dims(); });
    if ((op_type == "Max" || op_type == "Min") && !alike) need_opset(8, std::string(op_type) + " with broadcasting");
    // No operator takes bfloat16 before 13.
    const bool bfloat = std::ranges::any_of(results, [](const auto& r) { return r.dtype == DType::kBFloat16; }) ||
                        std::ranges::any_of(inputs, [](Value x) { return x && x.dtype() == DType::kBFloat16; });
    if (bfloat) need_opset(13, std::string(op_type) + " on bfloat16");
  }

  DType computed = own;
  if (standard) {
    const ComputeType type = computable_dtype(kernel_name(op_type, attributes), opset_, own);
    // Before 12 they take no 64-bit integers, but a comparison does.
    if (type.needs_opset > 0 && (op_type == "Max" || op_type == "Min") && inputs.size() == 2) {
      const auto [a, b] = std::pair(inputs[0], inputs[1]);
      return {where(op_type == "Max" ? greater(a, b) : less(a, b), a, b)};
    }
    if (type.needs_opset > 0) need_opset(type.needs_opset, std::string(op_type) + " on " + std::string(to_string(own)));
    computed = type.dtype;
  }
  if (computed != own) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i] && is_typed_input(op_type, i) && inputs[i].dtype() == own) inputs[i] = cast(inputs[i], computed);
    }
  }

  std::vector<Value> outputs;
  std::vector<Value> final_outputs;
  for (size_t i = 0; i < results.size(); ++i) {
    const bool widened =
        computed != own && results[i].dtype == own && (i > 0 || fixed_result_dtype(op_type) == DType::kUndefined);
    outputs.push_back(new_value("", widened ? computed : results[i].dtype, results[i].dims));
  }
  const bool is_list = outputs.front().rank() == 0 || outputs.front().rank() == 1;
  if (standard && outputs.size() == 1 && is_list && is_integer(outputs.front().dtype())) {
    if (auto elements = fold_elements(op_type, inputs, attributes)) {
      if (std::ranges::all_of(*elements, [](const auto& e) { return e.has_value(); }) && outputs.front().is_static()) {
        Ints numbers;
        for (const auto& element : *elements) numbers.push_back(*element);
        if (static_cast<int64_t>(numbers.size()) == element_count(*outputs.front().dims())) {
          return {constant(from_ints(results.front().dtype, *outputs.front().dims(), numbers))};
        }
      }
      outputs.front().info()->elements = std::move(elements);
    }
  }
  current_->nodes.push_back(
      {std::string(op_type), std::string(domain), scope_, std::move(inputs), outputs, std::move(attributes)});
  for (size_t i = 0; i < outputs.size(); ++i) final_outputs.push_back(cast(outputs[i], results[i].dtype));
  return final_outputs;
}

// --- inner graphs ---------------------------------------------------------------------------------------------------

std::shared_ptr<Graph> Builder::inner_graph(std::vector<Value> inputs, const std::function<void()>& emit) {
  auto inner = std::make_shared<Graph>();
  inner->inputs = std::move(inputs);
  Graph* const outer = std::exchange(current_, inner.get());
  const std::string scope = scope_;
  try {
    emit();
  } catch (...) {
    current_ = outer;
    throw;
  }
  current_ = outer;
  scope_ = scope;
  return inner;
}

void Builder::set_outputs(Graph& inner, const std::vector<Value>& outputs) {
  std::unordered_set<const ValueInfo*> free;
  for (const Node& node : inner.nodes) {
    for (const Value& output : node.outputs) free.insert(output.info());
  }
  for (const Value& output : outputs) {
    Value value = output;
    if (free.erase(value.info()) == 0) {
      if (value.is_sequence()) need_opset(14, "Identity of a sequence");
      value = new_value_like(*output.info());
      inner.nodes.push_back({"Identity", "", scope_, {output}, {value}, {}});
    }
    inner.outputs.push_back(value);
  }
}

std::vector<Value> Builder::nodes_like(std::string_view op_type, std::vector<Value> inputs, NodeAttributes attributes,
                                       const std::vector<ValueInfo>& types) {
  need_opset(first_opset(op_type), op_type);
  const bool sequences = std::ranges::any_of(types, [](const ValueInfo& type) { return type.sequence; });
  if (sequences && (op_type == "If" || op_type == "Loop")) need_opset(13, std::string(op_type) + " on sequences");
  std::vector<Value> values;
  values.reserve(types.size());
  for (const ValueInfo& type : types) values.push_back(new_value_like(type));
  current_->nodes.push_back({std::string(op_type), "", scope_, std::move(inputs), values, std::move(attributes)});
  return values;
}

Value Builder::new_value_like(const ValueInfo& info) {
  Value value = new_value("", info.dtype, info.dims);
  value.info()->sequence = info.sequence;
  value.info()->misdeclared = info.misdeclared;
  value.info()->varying_rank = info.varying_rank;
  return value;
}

void Builder::go_back(State state) {
  graph_.values.resize(state.values);
  value_names_ = std::move(state.value_names);
  shared_constants_ = std::move(state.shared_constants);
}

// --- constants ------------------------------------------------------------------------------------------------------

Value Builder::constant(Tensor tensor, std::string_view name) {
  constexpr size_t kShared = 256;  // bytes; bigger ones are hardly ever equal
  std::string key;
  if (name.empty() && tensor.bytes.size() <= kShared) {
    key = std::string(to_string(tensor.dtype));
    for (const int64_t dim : tensor.dims) key += "," + std::to_string(dim);
    key += ":";
    key.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    if (const auto found = shared_constants_.find(key); found != shared_constants_.end()) return found->second;
  }
  Value value = new_value(unique_value_name(name.empty() ? "const" : name), tensor.dtype, tensor.dims);
  value.info()->constant = std::move(tensor);
  value.info()->parameter = !name.empty();
  if (!key.empty()) shared_constants_.emplace(std::move(key), value);
  return value;
}

Value Builder::ints(const Ints& values) {
  return constant(from_ints(DType::kInt64, {static_cast<int64_t>(values.size())}, values));
}

Value Builder::scalar(double value, DType dtype) {
  if (is_complex(dtype)) return complex(scalar(value, part_dtype(dtype)), scalar(0, part_dtype(dtype)));
  return constant(from_doubles(dtype, {}, {value}));
}

Value Builder::filled(double value, DType dtype, const Dims& dims) {
  return constant(
      from_doubles(dtype, dims, std::vector<double>(static_cast<size_t>(element_count(dims).value_or(0)), value)));
}

// --- complex numbers ------------------------------------------------------------------------------------------------

Value Builder::complex(Value real, Value imaginary) {
  const Value z = new_value("", complex_dtype(real.dtype()), real.rank() == 0 ? imaginary.dims() : real.dims());
  z.info()->real_part = real.info();
  z.info()->imaginary_part = imaginary.info();
  return z;
}

Value Builder::real(Value z) {
  if (!is_complex(z.dtype())) return z;
  if (z.info()->real_part == nullptr) throw NoComplexForm{"the input '" + z.name() + "' of the model"};
  return Value(z.info()->real_part);
}

Value Builder::imag(Value z) {
  if (!is_complex(z.dtype())) return z.rank() == 0 ? scalar(0, z.dtype()) : expand(scalar(0, z.dtype()), shape(z));
  if (z.info()->imaginary_part == nullptr) throw NoComplexForm{"the input '" + z.name() + "' of the model"};
  return Value(z.info()->imaginary_part);
}

// --- casts and shapes -----------------------------------------------------------------------------------------------

Value Builder::cast(Value x, DType dtype) {
  if (x.dtype() == dtype) return x;
  if (is_complex(dtype) && !is_complex(x.dtype())) {
    const Value real = cast(x, part_dtype(dtype));
    return complex(real, imag(real));
  }
  const auto is_float8 = [](DType type) { return type == DType::kFloat8E4M3FN || type == DType::kFloat8E5M2; };
  if (is_float8(dtype) || is_float8(x.dtype())) need_opset(19, "Cast of 8-bit floats");
  return node("Cast", {x}, {{"to", int64_t{onnx_dtype(dtype)}}}, {dtype, x.dims()});
}

Value Builder::shape(Value x) {
  if (x.is_static()) return ints(*x.dims());
  Value result =
      node("Shape", {x}, {}, {DType::kInt64, x.has_rank() ? std::optional(Dims{x.rank()}) : std::optional(Dims{-1})});
  if (x.has_rank()) {
    Elements elements;
    for (const int64_t dim : *x.dims()) elements.push_back(dim >= 0 ? std::optional(dim) : std::nullopt);
    result.info()->elements = std::move(elements);
  }
  return result;
}

Value Builder::dim(Value x, int64_t axis) {
  if (x.dim(axis) >= 0) return ints({x.dim(axis)});
  if (axis < 0 && x.has_rank()) axis += x.rank();
  if (axis == -1) return slice(shape(x), Ints{-1}, Ints{std::numeric_limits<int64_t>::max()}, Ints{0});
  return slice(shape(x), Ints{axis}, Ints{axis + 1}, Ints{0});
}

Value Builder::reshape(Value x, const Ints& shape) {
  Dims dims(shape);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0) dims[i] = x.dim(static_cast<int64_t>(i));
  }
  const auto unknown = std::ranges::find(dims, -1);
  if (unknown != dims.end() && x.is_static() && std::ranges::count(dims, -1) == 1) {
    *unknown = 1;
    const int64_t known = element_count(dims).value_or(0);
    *unknown = known > 0 ? *element_count(*x.dims()) / known : -1;
  }
  if (x.is_static() && *x.dims() == dims) return x;
  return node("Reshape", {x, ints(shape)}, {}, {x.dtype(), dims});
}

Value Builder::reshape(Value x, Value shape) {
  if (shape.constant() != nullptr) return reshape(x, as_ints(*shape.constant()));
  std::optional<Dims> dims = unknown_dims(shape.dim(0));
  if (const auto elements = known_elements(shape)) {
    Ints target;
    for (const auto& element : *elements) target.push_back(element.value_or(-1));
    // One dimension that is known at run time only can be left to Reshape: no shape arithmetic remains.
    const auto is_copy_of_none = [&](size_t i) { return target[i] == 0 && x.dim(static_cast<int64_t>(i)) == 0; };
    bool plain = std::ranges::count(target, -1) <= 1;
    for (size_t i = 0; i < target.size(); ++i) plain &= target[i] >= -1 && !is_copy_of_none(i);
    if (plain) return reshape(x, target);
    dims.emplace(target);
    for (size_t i = 0; i < target.size(); ++i) {
      if (target[i] == 0) (*dims)[i] = x.dim(static_cast<int64_t>(i));
    }
  }
  return node("Reshape", {x, shape}, {}, {x.dtype(), dims});
}

Value Builder::squeeze(Value x, Ints axes) {
  if (axes.empty()) return x;
  std::optional<Dims> dims;
  if (x.has_rank()) {
    axes = normalized(std::move(axes), x.rank());
    std::ranges::sort(axes);
    dims.emplace();
    for (int64_t i = 0; i < x.rank(); ++i) {
      if (!contains(axes, i)) dims->push_back(x.dim(i));
    }
  }
  if (opset_ < 13) return node("Squeeze", {x}, {{"axes", axes}}, {x.dtype(), dims});
  return node("Squeeze", {x, ints(axes)}, {}, {x.dtype(), dims});
}

Value Builder::unsqueeze(Value x, Ints axes) {
  if (axes.empty()) return x;
  std::optional<Dims> dims;
  if (x.has_rank()) {
    const int64_t rank = x.rank() + static_cast<int64_t>(axes.size());
    axes = normalized(std::move(axes), rank);
    std::ranges::sort(axes);
    dims.emplace();
    int64_t next = 0;
    for (int64_t i = 0; i < rank; ++i) dims->push_back(contains(axes, i) ? 1 : x.dim(next++));
  }
  if (opset_ < 13) return node("Unsqueeze", {x}, {{"axes", axes}}, {x.dtype(), dims});
  return node("Unsqueeze", {x, ints(axes)}, {}, {x.dtype(), dims});
}

Value Builder::transpose(Value x, Ints perm) {
  const auto rank = static_cast<int64_t>(perm.size());
  perm = normalized(std::move(perm), rank);
  if (std::ranges::is_sorted(perm)) return x;
  std::optional<Dims> dims;
  if (x.has_rank()) {
    dims.emplace();
    for (const int64_t axis : perm) dims->push_back(x.dim(axis));
  }
  return node("Transpose", {x}, {{"perm", perm}}, {x.dtype(), dims});
}

Value Builder::expand(Value x, Value shape) {
  std::optional<Dims> dims;
  auto target = known_elements(shape);
  if (!target && shape.dim(0) >= 0) target.emplace(static_cast<size_t>(shape.dim(0)));
  if (target && x.has_rank()) {
    const size_t rank = std::max(target->size(), x.dims()->size());
    dims.emplace(rank, -1);
    for (size_t i = 0; i < rank; ++i) {
      const size_t behind = rank - i;
      const int64_t own = behind <= x.dims()->size() ? x.dim(-static_cast<int64_t>(behind)) : 1;
      const auto wanted = behind <= target->size() ? (*target)[target->size() - behind] : std::optional<int64_t>(1);
      if (wanted && *wanted != 1) {
        (*dims)[i] = *wanted;
      } else if (wanted || own > 1) {
        (*dims)[i] = own;
      }
    }
    if (x.is_static() && *x.dims() == *dims) return x;
  }
  return node("Expand", {x, shape}, {}, {x.dtype(), dims});
}

Value Builder::concat(const std::vector<Value>& xs, int64_t axis) {
  if (xs.size() == 1) return xs.front();
  std::optional<Dims> dims = xs.at(0).dims();
  if (dims && axis < 0) axis += static_cast<int64_t>(dims->size());
  for (size_t i = 1; i < xs.size() && dims; ++i) {
    if (xs[i].rank() != static_cast<int64_t>(dims->size())) {
      dims.reset();
      break;
    }
    for (int64_t k = 0; k < xs[i].rank(); ++k) {
      int64_t& dim = (*dims)[static_cast<size_t>(k)];
      const int64_t other = xs[i].dim(k);
      if (k == axis) {
        dim = dim < 0 || other < 0 ? -1 : dim + other;
      } else if (dim < 0) {
        dim = other;
      }
    }
  }
  return node("Concat", xs, {{"axis", axis}}, {xs.front().dtype(), dims});
}

Value Builder::slice(Value x, const Ints& starts, const Ints& ends, const Ints& axes, const Ints& steps) {
  std::optional<Dims> dims = x.dims();
  const Ints strides = steps.empty() ? Ints(starts.size(), 1) : steps;
  if (ends.size() != starts.size() || axes.size() != starts.size() || strides.size() != starts.size() ||
      contains(strides, 0))
    throw std::out_of_range("slice");
  if (dims) {
    for (size_t i = 0; i < axes.size(); ++i) {
      int64_t& dim = (*dims)[static_cast<size_t>(checked_axis(axes[i], x.rank()))];
      if (dim >= 0) dim = slice_range(dim, starts[i], ends[i], strides[i]).second;
    }
  }
  const bool plain = std::ranges::all_of(strides, [](int64_t step) { return step == 1; });
  const bool whole = std::ranges::equal(starts, ends, [](int64_t start, int64_t end) {
    return start == 0 && end >= std::numeric_limits<int32_t>::max();
  });
  if (plain && (whole || (x.is_static() && dims == x.dims()))) return x;
  if (opset_ < 10) {
    if (!plain) need_opset(10, "Slice with steps");
    return node("Slice", {x}, {{"starts", starts}, {"ends", ends}, {"axes", axes}}, {x.dtype(), dims});
  }
  // Shape inference of the definition of opset 10 alone takes a dimension of unknown extent for uncut.
  if (!dims || std::ranges::any_of(axes, [&](int64_t axis) { return x.dim(axis) < 0; }))
    need_opset(11, "Slice of a dimension of unknown extent");
  return node("Slice", {x, ints(starts), ints(ends), ints(axes), plain ? Value() : ints(strides)}, {},
              {x.dtype(), dims});
}

Value Builder::slice(Value x, Value starts, Value ends, Value axes, Value steps) {
  const auto constant_ints = [](Value v) {
    return v && v.constant() != nullptr ? std::optional(as_ints(*v.constant())) : std::nullopt;
  };
  const auto [first, last, on] = std::tuple(constant_ints(starts), constant_ints(ends), constant_ints(axes));
  const auto by = constant_ints(steps);
  if (first && last && on && (by || !steps)) return slice(x, *first, *last, *on, by.value_or(Ints{}));
  need_opset(10, "Slice with computed limits");
  std::optional<Dims> dims = x.dims();
  if (dims) {
    for (int64_t axis : on.value_or(Ints{})) dims->at(static_cast<size_t>(axis < 0 ? axis + x.rank() : axis)) = -1;
    if (!on) dims = unknown_dims(x.rank());
  }
  return node("Slice", {x, starts, ends, axes, steps}, {}, {x.dtype(), dims});
}

std::vector<Value> Builder::split(Value x, const Ints& sizes, int64_t axis) {
  if (axis < 0 && x.has_rank()) axis += x.rank();
  std::vector<NodeResult> results;
  for (const int64_t size : sizes) {
    std::optional<Dims> dims = x.dims();
    if (dims) dims->at(static_cast<size_t>(axis)) = size;
    results.push_back({x.dtype(), dims});
  }
  if (sizes.size() == 1) return {x};
  if (opset_ < 13) return nodes("Split", {x}, {{"axis", axis}, {"split", sizes}}, std::move(results));
  return nodes("Split", {x, ints(sizes)}, {{"axis", axis}}, std::move(results));
}

std::vector<Value> Builder::split_evenly(Value x, int64_t count, int64_t axis) {
  if (count == 1) return {x};
  if (x.dim(axis) >= 0) return split(x, Ints(static_cast<size_t>(count), x.dim(axis) / count), axis);
  std::vector<NodeResult> results(static_cast<size_t>(count), {x.dtype(), x.dims()});
  NodeAttributes attributes = {{"axis", axis}};
  // The number of outputs says it all until 17; then it wants to be said.
  if (opset_ >= 18) attributes.emplace_back("num_outputs", count);
  return nodes("Split", {x}, std::move(attributes), std::move(results));
}

Value Builder::gather(Value x, Value indices, int64_t axis) {
  std::optional<Dims> dims;
  if (x.has_rank()) axis = checked_axis(axis, x.rank());
  if (x.has_rank() && indices.has_rank()) {
    const auto at = x.dims()->begin() + axis;
    dims.emplace(x.dims()->begin(), at);
    dims->insert(dims->end(), indices.dims()->begin(), indices.dims()->end());
    dims->insert(dims->end(), at + 1, x.dims()->end());
  }
  return node("Gather", {x, indices}, {{"axis", axis}}, {x.dtype(), dims});
}

Value Builder::tile(Value x, Value repeats) {
  std::optional<Dims> dims = unknown_dims(x.rank());
  if (const auto times = known_elements(repeats); times && dims && times->size() == dims->size()) {
    for (size_t i = 0; i < dims->size(); ++i) {
      const int64_t own = (*x.dims())[i];
      if ((*times)[i] && own >= 0) (*dims)[i] = own * *(*times)[i];
    }
  }
  return node("Tile", {x, repeats}, {}, {x.dtype(), dims});
}

Value Builder::pad(Value x, Value pads, std::string_view mode, Value fill) {
  std::optional<Dims> dims = unknown_dims(x.rank());
  if (const auto amounts = known_elements(pads); amounts && dims && amounts->size() == 2 * dims->size()) {
    for (size_t i = 0; i < dims->size(); ++i) {
      const auto before = (*amounts)[i];
      const auto after = (*amounts)[i + dims->size()];
      const int64_t own = (*x.dims())[i];
      if (own >= 0 && before && after) (*dims)[i] = own + *before + *after;
    }
  }
  if (opset_ < 11) {
    if (pads.constant() == nullptr) need_opset(11, "Pad with computed sizes");
    NodeAttributes attributes = {{"mode", std::string(mode)}, {"pads", as_ints(*pads.constant())}};
    if (fill) {
      if (fill.constant() == nullptr) need_opset(11, "Pad with a computed value");
      const double number = as_doubles(*fill.constant()).at(0);
      const auto rounded = static_cast<float>(number);
      if (x.dtype() != DType::kFloat32 && static_cast<double>(rounded) != number && !std::isnan(number))
        need_opset(11, "Pad with a value that is no float32");
      attributes.emplace_back("value", rounded);
    }
    return node("Pad", {x}, std::move(attributes), {x.dtype(), dims});
  }
  return node("Pad", {x, pads, fill}, {{"mode", std::string(mode)}}, {x.dtype(), dims});
}

// --- arithmetic
// -------------------------------------------------------------------------------------------------------

Value Builder::clip(Value x, std::optional<double> low, std::optional<double> high) {
  return clip(x, low ? scalar(*low, x.dtype()) : Value(), high ? scalar(*high, x.dtype()) : Value());
}

Value Builder::clip(Value x, Value low, Value high) {
  if (!low && !high) return x;
  const auto is_constant = [](Value limit) { return !limit || limit.constant() != nullptr; };
  const DType dtype = x.dtype();
  const bool in_float32 = dtype == DType::kFloat32 || dtype == DType::kFloat16 || dtype == DType::kBFloat16;
  if (opset_ >= 12 || (opset_ == 11 && in_float32)) return node("Clip", {x, low, high});
  // Up to 10 the limits are attributes, and up to 11 the operator is float32's alone.
  if (in_float32 && is_constant(low) && is_constant(high)) {
    NodeAttributes attributes;
    if (low) attributes.emplace_back("min", static_cast<float>(as_doubles(*low.constant()).at(0)));
    if (high) attributes.emplace_back("max", static_cast<float>(as_doubles(*high.constant()).at(0)));
    return node("Clip", {x}, std::move(attributes));
  }
  if (low) x = max(x, low);
  return high ? min(x, high) : x;
}

// --- comparison
// -------------------------------------------------------------------------------------------------------

Value Builder::less_equal(Value a, Value b) {
  if (opset_ >= 12) return node("LessOrEqual", {a, b});
  return logical_or(less(a, b), equal(a, b));
}

Value Builder::greater_equal(Value a, Value b) {
  if (opset_ >= 12) return node("GreaterOrEqual", {a, b});
  return logical_or(greater(a, b), equal(a, b));
}

// --- reductions
// -------------------------------------------------------------------------------------------------------

Value Builder::reduce(std::string_view op_type, Value x, const std::optional<Ints>& axes, bool keepdims) {
  NodeAttributes attributes = {{"keepdims", int64_t{keepdims}}};
  std::optional<Dims> dims;
  Ints over;
  if (x.has_rank()) {
    if (axes) {
      over = normalized(*axes, x.rank());
    } else {
      over.resize(static_cast<size_t>(x.rank()));
      std::iota(over.begin(), over.end(), 0);
    }
    dims.emplace();
    for (int64_t i = 0; i < x.rank(); ++i) {
      if (!contains(over, i)) {
        dims->push_back(x.dim(i));
      } else if (keepdims) {
        dims->push_back(1);
      }
    }
  } else if (axes) {
    over = *axes;
  } else if (!keepdims) {
    dims.emplace();
  }
  if (axes && axes->empty()) return x;
  // Axes became an input at 13 for ReduceSum and at 18 for the others. All axes: none are named.
  const bool as_input = opset_ >= (op_type == "ReduceSum" ? 13 : 18);
  if (!axes) return node(op_type, {x}, std::move(attributes), {x.dtype(), dims});
  if (as_input) return node(op_type, {x, ints(over)}, std::move(attributes), {x.dtype(), dims});
  attributes.emplace_back("axes", over);
  return node(op_type, {x}, std::move(attributes), {x.dtype(), dims});
}

Value Builder::softmax(Value x, int64_t axis, std::string_view op_type) {
  if (opset_ >= 13) return node(op_type, {x}, {{"axis", axis}});
  // Up to 12 the operator flattens to two dimensions at the axis: the same for the last axis, else it must be moved
  // there.
  if (!x.has_rank()) need_opset(13, std::string(op_type) + " of a tensor of unknown rank");
  if (axis < 0) axis += x.rank();
  if (axis == x.rank() - 1) return node(op_type, {x}, {{"axis", axis}});
  axis = checked_axis(axis, x.rank());
  Ints perm(static_cast<size_t>(x.rank()));
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[static_cast<size_t>(axis)], perm.back());
  return transpose(node(op_type, {transpose(x, perm)}, {{"axis", x.rank() - 1}}), perm);
}

std::pair<Value, Value> Builder::topk(Value x, Value k, int64_t axis, bool largest, bool sorted) {
  if (axis < 0 && x.has_rank()) axis += x.rank();
  std::optional<Dims> dims = x.dims();
  const auto count = known_elements(k);
  if (dims) dims->at(static_cast<size_t>(axis)) = count && count->size() == 1 ? (*count)[0].value_or(-1) : -1;
  const std::vector<NodeResult> results = {{x.dtype(), dims}, {DType::kInt64, dims}};
  const auto pair = [](const std::vector<Value>& values) { return std::pair(values[0], values[1]); };
  if (opset_ >= 11) {
    return pair(
        nodes("TopK", {x, k}, {{"axis", axis}, {"largest", int64_t{largest}}, {"sorted", int64_t{sorted}}}, results));
  }
  // Up to 10 there are the largest only, of floats, and sorted.
  if (!largest) {
    const auto [values, indices] = topk(neg(x), k, axis, true, sorted);
    return {neg(values), indices};
  }
  if (opset_ == 10) return pair(nodes("TopK", {x, k}, {{"axis", axis}}, results));
  if (k.constant() == nullptr) need_opset(10, "TopK with a computed k");
  return pair(nodes("TopK", {x}, {{"axis", axis}, {"k", as_ints(*k.constant()).at(0)}}, results));
}

Value Builder::range(Value start, Value limit, Value delta) {
  return node("Range", {start, limit, delta}, {}, {start.dtype(), Dims{-1}});
}

}  // namespace paddle2onnx
