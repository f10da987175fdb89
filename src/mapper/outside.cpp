#include "mapper/outside.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <stdexcept>

#include "mapper/registry.h"

namespace paddle2onnx {
namespace {

constexpr std::string_view kPaddleDomain = "Paddle";

// Kernel hints and marks of training; an operator's meaning does not depend on them.
constexpr std::array<std::string_view, 16> kHints = {
    "op_device",         "with_quant_attr",  "struct_name",      "use_cudnn",         "use_mkldnn",        "use_onednn",
    "use_quantizer",     "mkldnn_data_type", "onednn_data_type", "workspace_size_MB", "exhaustive_search", "use_addto",
    "force_fp32_output", "op_role",          "stop_gradient",    "persistable"};

constexpr std::array<std::pair<DType, ElementType>, 17> kTypes = {{
    {DType::kBool, ElementType::kBool},
    {DType::kInt8, ElementType::kInt8},
    {DType::kUInt8, ElementType::kUInt8},
    {DType::kInt16, ElementType::kInt16},
    {DType::kUInt16, ElementType::kUInt16},
    {DType::kInt32, ElementType::kInt32},
    {DType::kUInt32, ElementType::kUInt32},
    {DType::kInt64, ElementType::kInt64},
    {DType::kUInt64, ElementType::kUInt64},
    {DType::kFloat16, ElementType::kFloat16},
    {DType::kBFloat16, ElementType::kBFloat16},
    {DType::kFloat32, ElementType::kFloat32},
    {DType::kFloat64, ElementType::kFloat64},
    {DType::kComplex64, ElementType::kComplex64},
    {DType::kComplex128, ElementType::kComplex128},
    {DType::kFloat8E4M3FN, ElementType::kFloat8E4M3FN},
    {DType::kFloat8E5M2, ElementType::kFloat8E5M2},
}};

ElementType element_type_of(DType dtype) {
  const auto found = std::ranges::find(kTypes, dtype, &std::pair<DType, ElementType>::first);
  return found == kTypes.end() ? ElementType::kUndefined : found->second;
}

DType dtype_of(ElementType type) {
  const auto found = std::ranges::find(kTypes, type, &std::pair<DType, ElementType>::second);
  return found == kTypes.end() ? DType::kUndefined : found->first;
}

// pd_op.relu_ is relu.
std::string_view bare(std::string_view name) {
  if (const size_t dot = name.find('.'); dot != std::string_view::npos) name.remove_prefix(dot + 1);
  if (name.ends_with('_')) name.remove_suffix(1);
  return name;
}

bool is_named(const Operator& op, std::string_view name) {
  return name == op.name || name == op.source_name || bare(name) == bare(op.source_name);
}

AttributeValue node_attribute(const Attribute& attribute) {
  return std::visit(
      [](const auto& value) -> AttributeValue {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool>) {
          return int64_t{value};
        } else if constexpr (std::is_same_v<T, double>) {
          return static_cast<float>(value);
        } else if constexpr (std::is_same_v<T, DType>) {
          return static_cast<int64_t>(element_type_of(value));
        } else if constexpr (std::is_same_v<T, std::vector<bool>>) {
          return std::vector<int64_t>(value.begin(), value.end());
        } else if constexpr (std::is_same_v<T, std::vector<double>>) {
          return std::vector<float>(value.begin(), value.end());
        } else {
          return value;
        }
      },
      attribute);
}

// All operands in order, all attributes, all results as Paddle declares them.
void emit_custom(OpContext& op, const CustomOperator& target) {
  std::vector<Value> inputs;
  for (const auto& [name, ids] : op.op().inputs) {
    const auto values = op.ins(name);
    inputs.insert(inputs.end(), values.begin(), values.end());
  }
  NodeAttributes attributes;
  for (const auto& [name, attribute] : op.op().attributes) {
    if (std::ranges::count(kHints, name) == 0) attributes.emplace_back(name, node_attribute(attribute));
  }
  std::vector<NodeResult> results;
  for (const auto& [name, ids] : op.op().outputs) {
    for (size_t i = 0; i < ids.size(); ++i) results.push_back({op.out_dtype(name, i), op.out_dims(name, i)});
  }
  if (results.empty()) op.fail("an operator without results cannot be a node");
  const auto values =
      op.graph().nodes(target.op_type, inputs, std::move(attributes), std::move(results), target.domain);
  auto value = values.begin();
  for (const auto& [name, ids] : op.op().outputs) {
    for (size_t i = 0; i < ids.size(); ++i) op.out(name, *value++, i);
  }
}

// The interface over an OpContext. What the room throws is kept and thrown again when the mapper is back.
class Mapping final : public OperatorMapping {
 public:
  explicit Mapping(OpContext& op) : op_(op) {}

  void finish() const {
    if (error_) std::rethrow_exception(error_);
    for (const auto& [slot, ids] : op_.op().outputs) {
      if (op_.wants(slot) && std::ranges::count(given_, slot) == 0)
        op_.fail("its mapper gives no value for the result '" + slot + "'");
    }
  }

  std::string name() const override { return op_.op().name; }
  int opset() const override { return op_.graph().opset(); }
  std::vector<std::string> inputs() const override { return names_of(op_.op().inputs); }
  std::vector<std::string> outputs() const override { return names_of(op_.op().outputs); }
  std::vector<std::string> attributes() const override { return names_of(op_.op().attributes); }
  size_t output_count(std::string_view name) const override { return op_.out_count(name); }

  size_t input_count(std::string_view name) const override {
    const auto& slots = op_.op().inputs;
    const auto slot = std::ranges::find(slots, name, [](const auto& item) -> std::string_view { return item.first; });
    return slot == slots.end() ? 0 : slot->second.size();
  }

  GraphValue input(std::string_view name, size_t index) override {
    return guarded<GraphValue>([&] {
      const auto values = op_.ins(name);
      if (index >= values.size()) {
        op_.fail("the operand '" + std::string(name) + "' has " + std::to_string(values.size()) +
                 " tensors, its mapper asks for number " + std::to_string(index));
      }
      return handle(values[index]);
    });
  }

  std::optional<OperatorAttribute> attribute(std::string_view name) const override {
    const auto found = op_.op().attributes.find(name);
    if (found == op_.op().attributes.end()) return std::nullopt;
    return std::visit(
        [](const auto& value) -> OperatorAttribute {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, DType>) {
            return element_type_of(value);
          } else {
            return value;
          }
        },
        found->second);
  }

  OutputType declared_output(std::string_view name, size_t index) const override {
    return {element_type_of(op_.out_dtype(name, index)), op_.out_dims(name, index)};
  }

  ElementType element_type(GraphValue value) const override {
    return is_known(value) ? element_type_of(values_[value.number - 1].dtype()) : ElementType::kUndefined;
  }

  std::optional<std::vector<int64_t>> dims(GraphValue value) const override {
    return is_known(value) ? values_[value.number - 1].dims() : std::nullopt;
  }

  GraphValue constant(ElementType type, const std::vector<int64_t>& dims, std::span<const std::byte> bytes) override {
    return guarded<GraphValue>([&] {
      const DType dtype = dtype_of(type);
      const auto count = element_count(dims);
      if (!count || static_cast<size_t>(*count) * item_size(dtype) != bytes.size() || item_size(dtype) == 0)
        op_.fail("its mapper makes a constant of " + std::to_string(bytes.size()) + " bytes, which does not fit");
      return handle(op_.graph().constant(make_tensor(dtype, dims, std::vector(bytes.begin(), bytes.end()))));
    });
  }

  std::vector<GraphValue> nodes(std::string_view op_type, const std::vector<GraphValue>& inputs,
                                const std::vector<NodeAttribute>& attributes, const std::vector<OutputType>& outputs,
                                std::string_view domain) override {
    return guarded<std::vector<GraphValue>>([&] {
      if (outputs.empty()) op_.fail("its mapper makes a node without outputs");
      std::vector<Value> operands;
      operands.reserve(inputs.size());
      for (const GraphValue input : inputs) operands.push_back(value_of(input));
      NodeAttributes converted;
      for (const NodeAttribute& attribute : attributes) {
        std::visit([&](const auto& value) { converted.emplace_back(attribute.name, value); }, attribute.value);
      }
      std::vector<NodeResult> results;
      results.reserve(outputs.size());
      for (const OutputType& output : outputs) results.push_back({dtype_of(output.type), output.dims});
      std::vector<GraphValue> handles;
      for (const Value value : op_.graph().nodes(op_type, operands, std::move(converted), std::move(results), domain))
        handles.push_back(handle(value));
      return handles;
    });
  }

  void output(std::string_view name, GraphValue value, size_t index) override {
    guarded<int>([&] {
      if (!value) op_.fail("its mapper gives no value for the result '" + std::string(name) + "'");
      if (index >= op_.out_count(name)) op_.fail("it has no result '" + std::string(name) + "'");
      op_.out(name, value_of(value), index);
      given_.emplace_back(name);
      return 0;
    });
  }

  void fail(std::string message) override {
    guarded<int>([&]() -> int { op_.fail(std::move(message)); });
  }

 private:
  template <typename Slots>
  static std::vector<std::string> names_of(const Slots& slots) {
    std::vector<std::string> names;
    names.reserve(slots.size());
    for (const auto& [name, value] : slots) names.push_back(name);
    return names;
  }

  template <typename T, typename Function>
  T guarded(Function&& function) {
    if (error_) return {};
    try {
      return function();
    } catch (...) {
      error_ = std::current_exception();
      return {};
    }
  }

  bool is_known(GraphValue value) const { return value.number >= 1 && value.number <= values_.size(); }

  GraphValue handle(Value value) {
    values_.push_back(value);
    return {static_cast<uint32_t>(values_.size())};
  }

  Value value_of(GraphValue value) const {
    if (value && !is_known(value)) op_.fail("its mapper uses a value of another operator");
    return value ? values_[value.number - 1] : Value();
  }

  OpContext& op_;
  std::vector<Value> values_;
  std::vector<std::string> given_;
  std::exception_ptr error_;
};

void run_outside(OpContext& op, const OutsideMapper& mapper) {
  op.graph().need_opset(mapper.first_opset, op.op().name);
  Mapping mapping(op);
  std::string thrown;
  try {
    mapper.map(mapping);
  } catch (const std::exception& error) {
    thrown = std::string("its mapper throws: ") + error.what();
  } catch (...) {
    thrown = "its mapper throws";
  }
  if (!thrown.empty()) op.fail(thrown);
  mapping.finish();
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  });
}

}  // namespace

Result<CustomOperator> parse_custom_operator(const std::string& op, const std::string& target) {
  const size_t colons = target.find("::");
  CustomOperator result;
  result.domain = colons == std::string::npos ? std::string(kPaddleDomain) : target.substr(0, colons);
  result.op_type = colons == std::string::npos ? target : target.substr(colons + 2);
  if (!is_identifier(result.domain) || !is_identifier(result.op_type)) {
    return fail(kBadOption, "custom operator '" + op + "': '" + target + "' is not domain::Operator",
                "for example my.domain::MyOperator");
  }
  if (result.domain == "ai.onnx") {
    return fail(kBadOption, "custom operator '" + op + "': ai.onnx is ONNX's own domain",
                "name a domain that your runtime's operators are registered in");
  }
  return result;
}

const CustomOperator* OutsideMappers::find_custom(const Operator& op) const {
  const auto found = std::ranges::find_if(custom_, [&](const auto& item) { return is_named(op, item.first); });
  return found == custom_.end() ? nullptr : &found->second;
}

const OutsideMapper* OutsideMappers::find_mapper(const Operator& op) const {
  const bool builtin = paddle2onnx::find_mapper(op.name, 0).first_opset > 0;
  const auto found = std::ranges::find_if(mappers_, [&](const OutsideMapper& mapper) {
    return mapper.map && is_named(op, mapper.op) && (mapper.override_builtin || !builtin);
  });
  return found == mappers_.end() ? nullptr : &*found;
}

bool OutsideMappers::has(const Operator& op) const { return find_custom(op) != nullptr || find_mapper(op) != nullptr; }

void OutsideMappers::map(OpContext& op) const {
  if (const CustomOperator* custom = find_custom(op.op())) {
    emit_custom(op, *custom);
  } else if (const OutsideMapper* mapper = find_mapper(op.op())) {
    run_outside(op, *mapper);
  }
}

std::vector<std::string> OutsideMappers::unused(const Program& program) const {
  std::vector<std::string> names;
  for (const auto& custom : custom_) {
    const std::string& name = custom.first;
    const bool used = std::ranges::any_of(program.blocks, [&](const Block& block) {
      return std::ranges::any_of(block.operators, [&](const Operator& op) { return is_named(op, name); });
    });
    if (!used) names.push_back(name);
  }
  return names;
}

}  // namespace paddle2onnx
