#include "program/fusions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

namespace paddle2onnx {
namespace {

using Ints = std::vector<int64_t>;
using Slots = std::vector<std::pair<std::string, std::vector<ValueId>>>;
using Attributes = std::map<std::string, Attribute, std::less<>>;

// --- reading an operator --------------------------------------------------------------------------------------------

const std::vector<ValueId>* values_of(const Slots& slots, std::string_view name) {
  const auto slot = std::ranges::find(slots, name, [](const auto& item) -> std::string_view { return item.first; });
  return slot == slots.end() || slot->second.empty() ? nullptr : &slot->second;
}

std::optional<ValueId> operand(const Operator& op, std::string_view name) {
  const auto* ids = values_of(op.inputs, name);
  return ids == nullptr ? std::nullopt : std::optional(ids->front());
}

std::optional<ValueId> result(const Operator& op, std::string_view name) {
  const auto* ids = values_of(op.outputs, name);
  return ids == nullptr ? std::nullopt : std::optional(ids->front());
}

template <typename T>
T convert(const Attribute& attribute, T fallback) {
  if (const auto* exact = std::get_if<T>(&attribute)) return *exact;
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, bool>) {
    if (const auto* number = std::get_if<int64_t>(&attribute)) return static_cast<T>(*number);
  }
  return fallback;
}

template <typename T>
T attribute_of(const Operator& op, std::string_view name, T fallback) {
  const auto found = op.attributes.find(name);
  return found == op.attributes.end() ? fallback : convert(found->second, std::move(fallback));
}

// The same, and the operator has it no more.
template <typename T>
T take(Operator& op, std::string_view name, T fallback) {
  const auto found = op.attributes.find(name);
  if (found == op.attributes.end()) return fallback;
  T value = convert(found->second, std::move(fallback));
  op.attributes.erase(found);
  return value;
}

void rename(Operator& op, std::string_view from, std::string_view to) {
  const auto found = op.attributes.find(from);
  if (found == op.attributes.end()) return;
  Attribute value = std::move(found->second);
  op.attributes.erase(found);
  op.attributes.insert_or_assign(std::string(to), std::move(value));
}

void drop(Operator& op, std::string_view name) {
  const auto found = op.attributes.find(name);
  if (found != op.attributes.end()) op.attributes.erase(found);
}

// --- writing operators ----------------------------------------------------------------------------------------------

// The operators that one is taken apart into.
class Parts {
 public:
  Parts(Program& program, const Operator& whole, std::vector<Operator>& operators)
      : program_(program), whole_(whole), operators_(operators), first_(operators.size()) {}

  // One more operator with one result, of an unknown shape unless it is told.
  ValueId add(std::string_view name, Slots inputs, Attributes attributes, const ProgramType& type,
              std::string_view output = "out") {
    Operator op;
    op.name = name;
    op.source_name = whole_.source_name;
    op.source = whole_.source;
    op.scope = whole_.scope;
    op.inputs = std::move(inputs);
    op.attributes = std::move(attributes);
    const ValueId made = new_value(name, type);
    op.outputs.emplace_back(output, std::vector<ValueId>{made});
    operators_.push_back(std::move(op));
    return made;
  }

  // The operator itself.
  void add(Operator op) { operators_.push_back(std::move(op)); }

  ValueId new_value(std::string_view part, const ProgramType& type) {
    ProgramValue value;
    const Slots& outputs = whole_.outputs;
    const bool named = !outputs.empty() && !outputs.front().second.empty();
    value.name = (named ? program_.values[outputs.front().second.front()].name : whole_.name) + "." + std::string(part);
    value.type = type;
    program_.values.push_back(std::move(value));
    return static_cast<ValueId>(program_.values.size() - 1);
  }

  Operator& last() { return operators_.back(); }

  // What was made is a result of the whole.
  void give(ValueId made, std::optional<ValueId> to) {
    if (!to) return;
    for (size_t i = first_; i < operators_.size(); ++i) {
      for (Slots* slots : {&operators_[i].inputs, &operators_[i].outputs}) {
        for (auto& [slot, ids] : *slots) std::ranges::replace(ids, made, *to);
      }
    }
  }

  const ProgramType& type(ValueId id) const { return program_.values[id].type; }
  ProgramType unshaped(ValueId id) const {
    ProgramType type = program_.values[id].type;
    type.dims.reset();
    return type;
  }

 private:
  Program& program_;
  const Operator& whole_;
  std::vector<Operator>& operators_;
  size_t first_;
};

// An operator on one tensor, or on what stands before it and another one.
struct Step {
  std::string name;
  Attributes attributes;
  std::optional<ValueId> y = {};
  bool times_x = false;  // its result is multiplied with its operand
};

ValueId follow(Parts& parts, const std::vector<Step>& steps, ValueId x, const ProgramType& type) {
  for (const Step& step : steps) {
    Slots inputs = {{"x", {x}}};
    if (step.y) inputs.emplace_back("y", std::vector<ValueId>{*step.y});
    const ValueId made = parts.add(step.name, std::move(inputs), step.attributes, type);
    x = step.times_x ? parts.add("multiply", {{"x", {x}}, {"y", {made}}}, {}, type) : made;
  }
  return x;
}

// What an activation is in the vocabulary: oneDNN's primitives with their alpha and beta
// (phi/backends/onednn/onednn_reuse.h), cuDNN's without. Nothing: no kernel of Paddle knows it.
std::optional<std::vector<Step>> activation(std::string_view name, double alpha, double beta) {
  const auto one = [](std::string_view op, Attributes attributes = {}) {
    return std::vector<Step>{{std::string(op), std::move(attributes)}};
  };
  if (name.empty() || name == "identity") return std::vector<Step>();
  for (const std::string_view plain : {"abs", "sigmoid", "sqrt", "tanh", "mish"}) {
    if (name == plain) return one(name);
  }
  if (name == "relu") return alpha == 0 ? one("relu") : one("leaky_relu", {{"negative_slope", alpha}});
  if (name == "leaky_relu") return one("leaky_relu", {{"negative_slope", alpha}});
  // The limit is beta, in older programs alpha.
  if (name == "relu6") return one("relu6", {{"threshold", beta > 0 ? beta : alpha > 0 ? alpha : 6.0}});
  if (name == "clip") return one("clip", {{"min", alpha}, {"max", beta}});
  if (name == "gelu" || name == "gelu_erf") return one("gelu", {{"approximate", false}});
  if (name == "gelu_tanh") return one("gelu", {{"approximate", true}});
  if (name == "swish") return one("swish", {{"beta", alpha}});
  if (name == "hard_sigmoid") return one("hardsigmoid", {{"slope", alpha}, {"offset", beta}});
  if (name == "hard_swish") {
    const bool usual = (alpha == 0 && beta == 0) || (std::abs(alpha - 1.0 / 6) < 1e-6 && beta == 0.5);
    if (usual) return one("hardswish");
    std::vector<Step> steps = one("hardsigmoid", {{"slope", alpha}, {"offset", beta}});
    steps.front().times_x = true;
    return steps;
  }
  return std::nullopt;
}

// --- oneDNN's optimiser ---------------------------------------------------------------------------------------------

constexpr std::string_view kHosts[] = {
    "add",      "batch_norm", "conv2d",   "conv2d_transpose", "conv2d_transpose_bias",
    "conv3d",   "divide",     "fc",       "legacy_matmul",    "matmul",
    "multiply", "softplus",   "subtract", "transpose"};

// Whether there is anything to look at: these operators are most of a network.
bool carries_fusions(const Operator& op) {
  return std::ranges::count(kHosts, std::string_view(op.name)) > 0 &&
         std::ranges::any_of(op.attributes, [](const auto& attribute) {
           const std::string_view name = attribute.first;
           return name.starts_with("fuse") || name.starts_with("Scale_") || name.starts_with("scale_") ||
                  name == "act_type" || name == "activation" || name == "matmul_alpha" || name == "output_data_type";
         });
}

// One name and one spelling for each attribute.
void normalise(Operator& op) {
  // cuDNN's; the residual needs no flag there.
  if (op.name == "conv2d" && op.attributes.contains("activation")) {
    rename(op, "activation", "fuse_activation");
    op.attributes.insert_or_assign("fuse_residual_connection", operand(op, "residual").has_value());
    if (attribute_of<std::string>(op, "fuse_activation", "") == "swish")
      op.attributes.insert_or_assign("fuse_alpha", 1.0);
  }
  // In training mode, whatever the program is for; channels are last, and cuDNN has a least epsilon.
  if (op.name == "batch_norm" && op.attributes.contains("act_type")) {
    rename(op, "act_type", "fuse_activation");
    op.attributes.insert_or_assign("data_format", std::string("NHWC"));
    op.attributes.insert_or_assign("epsilon", std::max(attribute_of(op, "epsilon", 1e-5), 1e-5));
    op.attributes.insert_or_assign("fuse_residual_connection", operand(op, "residual").has_value());
  }
  if (op.name == "matmul" && op.attributes.contains("matmul_alpha")) {
    rename(op, "trans_x", "transpose_x");
    rename(op, "trans_y", "transpose_y");
    op.attributes.insert_or_assign("fuse_residual_connection", operand(op, "residual").has_value());
  }
  if (op.name == "transpose" && !op.attributes.contains("perm")) rename(op, "axis", "perm");
  // oneDNN's softplus is the same curve everywhere.
  if (op.source_name == "fused_softplus") op.attributes.insert_or_assign("threshold", 20.0);
  if (take(op, "fuse_relu", false) || take(op, "fuse_with_relu", false))
    op.attributes.insert_or_assign("fuse_activation", std::string("relu"));
  if (take(op, "fuse_brelu", false)) {
    op.attributes.insert_or_assign("fuse_activation", std::string("relu6"));
    rename(op, "fuse_brelu_threshold", "fuse_alpha");
  }
  // PIR writes them small.
  for (const auto& [small, great] : {std::pair("_x", "_X"), {"_y", "_Y"}, {"_out", "_Out"}}) {
    for (const std::string name : {"fused_reshape", "fused_transpose"}) rename(op, name + small, name + great);
  }
  // Numbers of quantisation.
  for (const std::string name : {"in", "out", "weights", "in_eltwise", "x", "y"})
    rename(op, "scale_" + name, "Scale_" + name);
}

Step reshape(Ints shape) { return {"reshape", {{"shape", std::move(shape)}}}; }
Step transpose(Ints perm) { return {"transpose", {{"perm", std::move(perm)}}}; }

// A reshape and a transposition, which Paddle looks at only where it is given both; empty if it has none.
std::pair<Ints, Ints> take_both(Operator& op, const std::string& of) {
  const Ints shape = attribute_of(op, "fused_reshape_" + of, Ints());
  const Ints perm = attribute_of(op, "fused_transpose_" + of, Ints());
  if (shape.empty() != perm.empty()) return {};
  return {take(op, "fused_reshape_" + of, Ints()), take(op, "fused_transpose_" + of, Ints())};
}

// Axes in the order in which one after the other gives what they give at once.
bool ascending(Ints& axes) {
  if (axes.size() > 1 && std::ranges::any_of(axes, [](int64_t axis) { return axis < 0; })) return false;
  std::ranges::sort(axes);
  return true;
}

// What an operand goes through first.
void take_front(Operator& op, Parts& parts, bool channels_last_filter) {
  const auto before = [&](std::string_view name, const std::vector<Step>& steps) {
    const auto x = operand(op, name);
    if (steps.empty() || !x) return;
    const ValueId made = follow(parts, steps, *x, parts.unshaped(*x));
    for (auto& [slot, ids] : op.inputs) {
      if (slot == name) ids = {made};
    }
  };
  if (channels_last_filter) before("filter", {transpose({0, 3, 1, 2})});
  if (op.name == "conv2d" && take(op, "fuse_relu_before_depthwise_conv", false)) before("input", {{"relu", {}}});
  if (op.name == "matmul" || op.name == "legacy_matmul") {
    for (const auto& [of, name] : {std::pair("X", "x"), std::pair("Y", "y")}) {
      auto [shape, perm] = take_both(op, of);
      if (!shape.empty()) before(name, {reshape(std::move(shape)), transpose(std::move(perm))});
    }
  }
  if (op.name == "transpose") {
    Ints axes = take(op, "fused_squeeze2_axes", Ints());
    if (!axes.empty()) before("x", {{"squeeze", {{"axis", std::move(axes)}}}});
  }
}

// What its result goes through.
std::vector<Step> take_behind(Operator& op, bool& reshaped) {
  std::vector<Step> steps;
  const auto scaled = [&](std::string_view name) {
    const double factor = take(op, name, 1.0);
    if (factor != 1) steps.push_back({"scale", {{"scale", factor}, {"bias", 0.0}}});
  };
  if (op.name == "matmul") scaled("matmul_alpha");
  if (op.name == "matmul" || op.name == "legacy_matmul") {
    auto [shape, perm] = take_both(op, "Out");
    if (!shape.empty()) {
      steps.push_back(transpose(std::move(perm)));
      steps.push_back(reshape(std::move(shape)));
      reshaped = true;
    }
  }
  const auto residual = operand(op, "residual");
  if (residual && attribute_of(op, "fuse_residual_connection", false)) {
    drop(op, "fuse_residual_connection");
    // The sum is activated, not the product.
    if (op.name == "fc" && attribute_of<std::string>(op, "activation_type", "") == "relu") {
      steps.push_back({"add", {}, residual});
      steps.push_back({take<std::string>(op, "activation_type", ""), {}});
    } else {
      steps.push_back({"add", {}, residual});
    }
  }
  if (!op.attributes.contains("fuse_residual_connection") || residual)
    std::erase_if(op.inputs, [](const auto& slot) { return slot.first == "residual"; });

  const auto activated = activation(attribute_of<std::string>(op, "fuse_activation", ""),
                                    attribute_of(op, "fuse_alpha", 0.0), attribute_of(op, "fuse_beta", 0.0));
  if (activated) {
    for (const std::string_view name : {"fuse_activation", "fuse_alpha", "fuse_beta"}) drop(op, name);
    steps.insert(steps.end(), activated->begin(), activated->end());
  }
  scaled("fused_output_scale");
  if (op.name == "transpose") {
    // What is scaled, shifted or of another type is quantised.
    rename(op, "scale", "Scale_out");
    rename(op, "shift", "Shift");
    if (attribute_of<std::string>(op, "output_data_type", "") == "fp32") drop(op, "output_data_type");
  }
  if (Ints axes = attribute_of(op, "fused_unsqueeze2_axes", Ints()); !axes.empty() && ascending(axes)) {
    drop(op, "fused_unsqueeze2_axes");
    steps.push_back({"unsqueeze", {{"axis", std::move(axes)}}});
    reshaped = true;
  }
  if (Ints shape = take(op, "fused_reshape2_shape", Ints()); !shape.empty()) {
    steps.push_back(reshape(std::move(shape)));
    reshaped = true;
  }
  return steps;
}

void take_host_apart(Program& program, Operator op, std::vector<Operator>& operators) {
  const bool last = attribute_of<std::string>(op, "data_format", "NCHW") == "NHWC";
  const bool cudnn = op.name == "conv2d" && op.attributes.contains("activation");
  normalise(op);
  const auto out = result(op, "out");
  if (!out) return operators.push_back(std::move(op));
  const Operator whole = op;
  Parts parts(program, whole, operators);
  take_front(op, parts, cudnn && last);
  bool reshaped = false;
  std::vector<Step> steps = take_behind(op, reshaped);
  Ints sizes = take(op, "split_channels", Ints());
  const auto pieces =
      values_of(op.outputs, "outputs") == nullptr ? std::vector<ValueId>() : *values_of(op.outputs, "outputs");
  if (!pieces.empty()) std::erase_if(op.outputs, [](const auto& slot) { return slot.first == "outputs"; });
  if (steps.empty()) {
    parts.add(std::move(op));
  } else {
    const ProgramType type = reshaped ? parts.unshaped(*out) : parts.type(*out);
    const ValueId plain = parts.new_value(op.name, type);
    for (auto& [slot, ids] : op.outputs) {
      if (slot == "out") ids = {plain};
    }
    parts.add(std::move(op));
    parts.give(follow(parts, steps, plain, type), out);
  }
  if (!pieces.empty() && !sizes.empty()) {
    parts.add("split", {{"x", {*out}}}, {{"sections", std::move(sizes)}, {"axis", int64_t{last ? 3 : 1}}},
              parts.unshaped(*out));
    parts.last().outputs = {{"out", pieces}};
  }
}

// --- operators that are several -------------------------------------------------------------------------------------

// functor_list {f, g} is f(x, g(y)) where f has two operands, f(g(x, y)) where it has one. False: no such functions.
// (fluid/operators/fused/fused_elemwise_activation_op.h)
bool take_compound_apart(const Operator& whole, Parts& parts) {
  const auto functors = attribute_of(whole, "functor_list", std::vector<std::string>());
  const auto x = operand(whole, "x");
  const auto y = operand(whole, "y");
  const auto out = result(whole, "out");
  if (functors.size() != 2 || !x || !y || !out) return false;
  const auto binary = [](std::string_view name) -> std::string_view {
    return name == "elementwise_add" ? "add" : name == "elementwise_mul" ? "multiply" : "";
  };
  const bool binary_last = !binary(functors[0]).empty();
  const std::string_view joins = binary(functors[binary_last ? 0 : 1]);
  const std::string& name = functors[binary_last ? 1 : 0];
  Attributes attributes;
  if (name == "scale") {
    attributes = {{"scale", attribute_of(whole, "scale", 0.0)}, {"bias", 0.0}};
  } else if (name == "gelu") {
    attributes = {{"approximate", true}};
  } else if (name != "relu" && name != "tanh" && name != "sigmoid") {
    return false;
  }
  if (joins.empty()) return false;
  const Attributes axis = {{"axis", attribute_of(whole, "axis", int64_t{-1})}};
  ValueId inner = 0;
  ValueId outer = 0;
  if (binary_last) {
    inner = parts.add(name, {{"x", {*y}}}, attributes, parts.unshaped(*y));
    outer = parts.add(joins, {{"x", {*x}}, {"y", {inner}}}, axis, parts.type(*out));
  } else {
    inner = parts.add(joins, {{"x", {*x}}, {"y", {*y}}}, axis, parts.type(*out));
    outer = parts.add(name, {{"x", {inner}}}, attributes, parts.type(*out));
  }
  parts.give(outer, out);
  parts.give(inner, result(whole, "intermediate_out"));
  return true;
}

// Each operand transposed and made a matrix, all side by side.
bool take_concat_apart(const Operator& whole, Parts& parts) {
  const auto* xs = values_of(whole.inputs, "x");
  const auto out = result(whole, "out");
  if (xs == nullptr || !out) return false;
  std::vector<ValueId> matrices;
  for (const ValueId x : *xs) {
    const Step turn = transpose(attribute_of(whole, "trans_axis", Ints()));
    const Step flatten = {"flatten2", {{"axis", attribute_of(whole, "flatten_axis", int64_t{1})}}};
    matrices.push_back(follow(parts, {turn, flatten}, x, parts.unshaped(x)));
  }
  const Attributes axis = {{"axis", attribute_of(whole, "concat_axis", int64_t{1})}};
  parts.give(parts.add("concat", {{"x", std::move(matrices)}}, axis, parts.type(*out)), out);
  return true;
}

// The convolutions and norms of the operators of a residual network, whose parameters have names of their own.
class Residual {
 public:
  Residual(const Operator& whole, Parts& parts, bool trains)
      : whole_(whole),
        parts_(parts),
        trains_(trains),
        format_(attribute_of<std::string>(whole, "data_format", "NCHW")) {}

  bool complete() const { return complete_; }

  ValueId conv(ValueId x, const std::string& suffix, int64_t stride, int64_t padding, int64_t dilation) {
    ValueId w = required("filter" + suffix);
    const auto& dims = parts_.type(w).dims;
    // [M, height, width, C]; a filter of size 1 may lie as [M, C, 1, 1], which is the same.
    const bool flat = dims && dims->size() == 4 && (*dims)[2] == 1 && (*dims)[1] != 1;
    if (format_ == "NHWC" && !flat)
      w = parts_.add("transpose", {{"x", {w}}}, {{"perm", Ints{0, 3, 1, 2}}}, parts_.unshaped(w));
    const Attributes attributes = {
        {"strides", Ints{stride, stride}},
        {"paddings", Ints{padding, padding}},
        {"dilations", Ints{dilation, dilation}},
        {"padding_algorithm", attribute_of<std::string>(whole_, "padding_algorithm", "EXPLICIT")},
        {"groups", attribute_of(whole_, "group", int64_t{1})},
        {"data_format", format_}};
    return parts_.add("conv2d", {{"input", {x}}, {"filter", {w}}}, attributes, parts_.unshaped(x));
  }

  ValueId norm(ValueId x, const std::string& suffix) {
    Slots inputs = {{"x", {x}}};
    for (const auto& [slot, name] :
         {std::pair("scale", "scale"), {"bias", "bias"}, {"mean", "mean"}, {"variance", "var"}}) {
      const ValueId given = required(name + suffix);
      const bool vector = parts_.type(given).dims && parts_.type(given).dims->size() == 1;
      const Step flat = reshape({-1});
      inputs.emplace_back(slot,
                          std::vector<ValueId>{vector ? given : follow(parts_, {flat}, given, parts_.unshaped(given))});
    }
    const Attributes attributes = {{"epsilon", attribute_of(whole_, "epsilon", 1e-5)},
                                   {"momentum", attribute_of(whole_, "momentum", 0.9)},
                                   {"is_test", !trains_},
                                   {"data_format", format_}};
    return parts_.add("batch_norm", std::move(inputs), attributes, parts_.unshaped(x));
  }

  ValueId sum(ValueId x, ValueId y) { return parts_.add("add", {{"x", {x}}, {"y", {y}}}, {}, parts_.unshaped(x)); }

  ValueId required(std::string_view name) {
    const auto found = operand(whole_, name);
    complete_ = complete_ && found;
    return found.value_or(0);
  }

  int64_t number(std::string_view name, int64_t fallback) const { return attribute_of(whole_, name, fallback); }

 private:
  const Operator& whole_;
  Parts& parts_;
  bool trains_;
  bool complete_ = true;
  std::string format_;
};

// relu(norm(conv(x)) + z), with z, norm(conv(z)) or nothing. (phi/kernels/fusion/gpu/resnet_unit_kernel.cu)
bool take_unit_apart(const Operator& whole, Parts& parts) {
  const bool tests = attribute_of(whole, "is_test", false) || attribute_of(whole, "use_global_stats", false);
  Residual r(whole, parts, !tests);
  const auto out = result(whole, "out");
  const int64_t padding = r.number("padding", 0);
  const int64_t dilation = r.number("dilation", 1);
  const auto steps = activation(attribute_of<std::string>(whole, "act_type", "relu"), 0, 0);
  if (!out || !steps) return false;
  const ValueId conv = r.conv(r.required("x"), "_x", r.number("stride", 1), padding, dilation);
  ValueId y = r.norm(conv, "_x");
  std::optional<ValueId> conv_z;
  if (attribute_of(whole, "has_shortcut", false)) {
    conv_z = r.conv(r.required("z"), "_z", r.number("stride_z", 1), padding, dilation);
    y = r.sum(y, r.norm(*conv_z, "_z"));
  } else if (attribute_of(whole, "fuse_add", false)) {
    y = r.sum(y, r.required("z"));
  }
  if (!r.complete()) return false;
  parts.give(follow(parts, *steps, y, parts.type(*out)), out);
  parts.give(conv, result(whole, "conv_x"));
  if (conv_z) parts.give(*conv_z, result(whole, "conv_z"));
  return true;
}

// relu(norm2(conv2(relu(norm1(conv1(x))))) + x or norm3(conv3(x))).
// (fluid/operators/fused/resnet_basic_block_op_xpu.cc)
bool take_block_apart(const Operator& whole, Parts& parts) {
  const bool tests = (attribute_of(whole, "is_test", false) && !attribute_of(whole, "trainable_statistics", false)) ||
                     attribute_of(whole, "use_global_stats", false);
  Residual r(whole, parts, !tests);
  const auto out = result(whole, "out");
  const auto steps = activation(attribute_of<std::string>(whole, "act_type", "relu"), 0, 0);
  if (!out || !steps) return false;
  const auto stage = [&](ValueId x, const std::string& n) {
    const ValueId conv =
        r.conv(x, n, r.number("stride" + n, 1), r.number("padding" + n, 0), r.number("dilation" + n, 1));
    return r.norm(conv, n);
  };
  const ValueId x = r.required("x");
  const ValueId first = stage(x, "1");
  const ValueId second = stage(follow(parts, *steps, first, parts.unshaped(first)), "2");
  const ValueId y = r.sum(second, attribute_of(whole, "has_shortcut", false) ? stage(x, "3") : x);
  if (!r.complete()) return false;
  parts.give(follow(parts, *steps, y, parts.type(*out)), out);
  return true;
}

// x · scale + bias, per channel of the last axis.
std::optional<ValueId> scaled(const Operator& whole, Parts& parts, const std::string& x, const std::string& suffix) {
  const auto value = operand(whole, x);
  const auto scale = operand(whole, "scale" + suffix);
  const auto bias = operand(whole, "bias" + suffix);
  if (!value || !scale || !bias) return std::nullopt;
  const ProgramType type = parts.type(*value);
  const ValueId product = parts.add("multiply", {{"x", {*value}}, {"y", {*scale}}}, {}, type);
  return parts.add("add", {{"x", {product}}, {"y", {*bias}}}, {}, type);
}

// relu(x1 · scale1 + bias1 + x2), or x2 · scale2 + bias2.
// (phi/kernels/fusion/gpu/fused_scale_bias_add_relu_kernel.cu)
bool take_scaled_sum_apart(const Operator& whole, Parts& parts) {
  const auto a = scaled(whole, parts, "x1", "1");
  const auto b = attribute_of(whole, "fuse_dual", false) ? scaled(whole, parts, "x2", "2") : operand(whole, "x2");
  const auto out = result(whole, "out");
  if (!a || !b || !out) return false;
  const ValueId sum = parts.add("add", {{"x", {*a}}, {"y", {*b}}}, {}, parts.type(*out));
  parts.give(parts.add("relu", {{"x", {sum}}}, {}, parts.type(*out)), out);
  return true;
}

// conv(relu(x · scale + bias)), or of x alone, and the norm of its result as a factor and a shift for each channel.
// (phi/kernels/fusion/gpu/fused_scale_bias_relu_conv_bn_kernel.cu)
bool take_scaled_conv_apart(const Operator& whole, Parts& parts) {
  const bool prologue = attribute_of(whole, "fuse_prologue", true);
  auto x = prologue ? scaled(whole, parts, "x", "") : operand(whole, "x");
  const auto out = result(whole, "out");
  const auto filter = operand(whole, "w");
  const auto scale = operand(whole, "bn_scale");
  const auto bias = operand(whole, "bn_bias");
  const auto mean = operand(whole, "input_running_mean");
  const auto variance = operand(whole, "input_running_var");
  if (!x || !out || !filter || !scale || !bias || !mean || !variance) return false;
  if (prologue) x = parts.add("relu", {{"x", {*x}}}, {}, parts.type(*x));
  Attributes attributes = {{"data_format", std::string("NHWC")}};
  for (const std::string_view name : {"strides", "paddings", "dilations", "padding_algorithm", "groups"}) {
    if (const auto found = whole.attributes.find(name); found != whole.attributes.end()) attributes.insert(*found);
  }
  const ValueId conv = parts.add("conv2d", {{"input", {*x}}, {"filter", {*filter}}}, attributes, parts.type(*out));
  attributes = {{"data_format", std::string("NHWC")}, {"is_test", false}};
  for (const std::string_view name : {"epsilon", "momentum"}) attributes.emplace(name, attribute_of(whole, name, 1e-5));
  const ProgramType& channels = parts.type(*scale);
  const ValueId norm_mean =
      parts.add("batch_norm",
                {{"x", {conv}}, {"scale", {*scale}}, {"bias", {*bias}}, {"mean", {*mean}}, {"variance", {*variance}}},
                attributes, channels, "saved_mean");
  const ValueId inverse = parts.new_value("deviation", channels);
  parts.last().outputs.emplace_back("saved_variance", std::vector<ValueId>{inverse});
  const ValueId factor = parts.add("multiply", {{"x", {*scale}}, {"y", {inverse}}}, {}, channels);
  const ValueId moved = parts.add("multiply", {{"x", {norm_mean}}, {"y", {factor}}}, {}, channels);
  const ValueId shift = parts.add("subtract", {{"x", {*bias}}, {"y", {moved}}}, {}, channels);
  for (const auto& [made, name] : {std::pair(factor, "eq_scale"), std::pair(shift, "eq_bias")}) {
    const auto given = result(whole, name);
    if (given)
      parts.give(parts.add("cast", {{"x", {made}}}, {{"dtype", parts.type(*out).dtype}}, parts.type(*given)), given);
  }
  parts.give(conv, out);
  parts.give(norm_mean, result(whole, "saved_mean"));
  parts.give(inverse, result(whole, "saved_var"));
  return true;
}

// Adds the parts of an operator; false: they cannot be told, and the operator stays.
using TakeApart = bool (*)(const Operator& whole, Parts& parts);

constexpr std::pair<std::string_view, TakeApart> kWholes[] = {
    {"fused_elemwise_activation", take_compound_apart},
    {"fused_elemwise_add_activation", take_compound_apart},
    {"fused_scale_bias_add_relu", take_scaled_sum_apart},
    {"fused_scale_bias_relu_conv_bn", take_scaled_conv_apart},
    {"fusion_transpose_flatten_concat", take_concat_apart},
    {"resnet_basic_block", take_block_apart},
    {"resnet_unit", take_unit_apart},
};

}  // namespace

void take_fusions_apart(Program& program) {
  for (Block& block : program.blocks) {
    std::vector<Operator> operators;
    operators.reserve(block.operators.size());
    for (Operator& op : block.operators) {
      const auto* whole = std::ranges::find(kWholes, std::string_view(op.name), [](const auto& w) { return w.first; });
      if (whole != std::end(kWholes)) {
        const size_t before = operators.size();
        Parts parts(program, op, operators);
        if (whole->second(op, parts)) continue;
        operators.resize(before);
        operators.push_back(std::move(op));
      } else if (carries_fusions(op)) {
        take_host_apart(program, std::move(op), operators);
      } else {
        operators.push_back(std::move(op));
      }
    }
    block.operators = std::move(operators);
  }
}

}  // namespace paddle2onnx
