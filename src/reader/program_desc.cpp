#include "reader/program_desc.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <unordered_map>

#include "framework.pb.h"
#include "program/conditionals.h"
#include "program/undefined.h"
#include "program/vocabulary.h"
#include "reader/op_callstack.h"
#include "reader/outer_writes.h"

namespace paddle2onnx {
namespace {

using framework::OpDesc;
using framework::VarDesc;
using framework::VarType;

constexpr int kMaxRank = 64;
constexpr int kMaxNesting = 64;  // of blocks: twice what an ONNX file can hold

// Splits at a separator; an empty text has no parts.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <typename T>
T parse_number(std::string_view text) {
  T number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// A default of vocabulary.inc: "i:5", "I:[1,1]", "s:NCHW".
Attribute parse_default(char type, std::string_view text) {
  const auto items = [&] { return split(text.substr(1, text.size() - 2), ','); };
  switch (type) {
    case 'b': return text == "true";
    case 'i': return parse_number<int64_t>(text);
    case 'f': return parse_number<double>(text);
    case 'I': {
      std::vector<int64_t> numbers;
      for (const auto item : items()) numbers.push_back(parse_number<int64_t>(item));
      return numbers;
    }
    case 'F': {
      std::vector<double> numbers;
      for (const auto item : items()) numbers.push_back(parse_number<double>(item));
      return numbers;
    }
    case 'B': {
      std::vector<bool> flags;
      for (const auto item : items()) flags.push_back(item == "true");
      return flags;
    }
    case 'S': {
      std::vector<std::string> strings;
      for (const auto item : items()) strings.emplace_back(item);
      return strings;
    }
    default: return std::string(text);
  }
}

// A vocabulary row taken apart, once per operator name of the file.
struct Translation {
  struct Operand {
    std::string_view name;
    std::vector<std::string_view> slots;
  };
  struct AttributeRule {
    std::string_view name;
    std::string_view legacy;
    std::optional<Attribute> fallback;
  };
  std::string_view name;  // empty: the operator keeps all of its own names
  std::vector<Operand> inputs;
  std::vector<Operand> outputs;
  std::vector<AttributeRule> attributes;

  explicit Translation(const VocabularyRow* row) {
    if (row == nullptr) return;
    name = row->name;
    inputs = operands(row->inputs);
    outputs = operands(row->outputs);
    for (const auto item : split(row->attributes, ' ')) {
      const size_t colon = item.find(':');
      const auto names = split(item.substr(0, colon), '=');
      AttributeRule rule{names.front(), names.back(), std::nullopt};
      if (colon != std::string_view::npos) rule.fallback = parse_default(item[colon + 1], item.substr(colon + 3));
      attributes.push_back(std::move(rule));
    }
  }

  std::string_view attribute_name(std::string_view legacy) const {
    const auto rule = std::ranges::find(attributes, legacy, &AttributeRule::legacy);
    return rule == attributes.end() ? legacy : rule->name;
  }

 private:
  static std::vector<Operand> operands(std::string_view column) {
    std::vector<Operand> result;
    for (const auto item : split(column, ' ')) {
      const size_t equals = item.find('=');
      result.push_back(
          {item.substr(0, equals), split(equals == std::string_view::npos ? item : item.substr(equals + 1), '|')});
    }
    return result;
  }
};

// Every scalar has the type of its own; a list is of integers if all are.
Attribute scalars_attribute(const google::protobuf::RepeatedPtrField<framework::Scalar>& scalars) {
  const auto all = [&](auto predicate) { return std::ranges::all_of(scalars, predicate); };
  const auto is = [](auto type) { return [type](const framework::Scalar& scalar) { return scalar.type() == type; }; };
  const auto number = [](const framework::Scalar& s) {
    return s.type() == framework::Scalar::BOOLEAN ? (s.b() ? 1.0 : 0.0)
           : s.type() == framework::Scalar::LONG  ? static_cast<double>(s.i())
                                                  : s.r();
  };
  if (scalars.empty()) return std::vector<int64_t>{};
  if (all(is(framework::Scalar::BOOLEAN))) {
    std::vector<bool> flags;
    for (const auto& scalar : scalars) flags.push_back(scalar.b());
    return flags;
  }
  if (all(is(framework::Scalar::LONG))) {
    std::vector<int64_t> numbers;
    for (const auto& scalar : scalars) numbers.push_back(scalar.i());
    return numbers;
  }
  if (std::ranges::any_of(scalars, is(framework::Scalar::COMPLEX128))) {
    // No mapper reads strings where it expects numbers: it will say so with the operator's place.
    return std::vector<std::string>{"complex"};
  }
  std::vector<double> numbers;
  for (const auto& scalar : scalars) numbers.push_back(number(scalar));
  return numbers;
}

std::optional<Attribute> convert_attribute(const OpDesc::Attr& attribute) {
  const auto ints = [](const auto& list) { return std::vector<int64_t>(list.begin(), list.end()); };
  const auto doubles = [](const auto& list) { return std::vector<double>(list.begin(), list.end()); };
  switch (attribute.type()) {
    case OpDesc::INT: return int64_t{attribute.i()};
    case OpDesc::LONG: return int64_t{attribute.l()};
    case OpDesc::FLOAT: return double{attribute.f()};
    case OpDesc::FLOAT64: return attribute.float64();
    case OpDesc::STRING: return attribute.s();
    case OpDesc::BOOLEAN: return attribute.b();
    case OpDesc::INTS: return ints(attribute.ints());
    case OpDesc::LONGS: return ints(attribute.longs());
    case OpDesc::FLOATS: return doubles(attribute.floats());
    case OpDesc::FLOAT64S: return doubles(attribute.float64s());
    case OpDesc::STRINGS: return std::vector<std::string>(attribute.strings().begin(), attribute.strings().end());
    case OpDesc::BOOLEANS: return std::vector<bool>(attribute.bools().begin(), attribute.bools().end());
    case OpDesc::SCALARS: return scalars_attribute(attribute.scalars());
    case OpDesc::SCALAR: {
      const auto& scalar = attribute.scalar();
      if (scalar.type() == framework::Scalar::BOOLEAN) return scalar.b();
      if (scalar.type() == framework::Scalar::LONG) return int64_t{scalar.i()};
      if (scalar.type() == framework::Scalar::FLOAT64) return scalar.r();
      return std::string("complex");
    }
    default: return std::nullopt;
  }
}

std::string version_text(int64_t version) {
  if (version <= 0) return {};
  return std::to_string(version / 1000000) + "." + std::to_string(version / 1000 % 1000) + "." +
         std::to_string(version % 1000);
}

bool is_dtype_attribute(std::string_view name) { return name == "dtype" || name == "out_dtype" || name == "in_dtype"; }

class ProgramBuilder {
 public:
  explicit ProgramBuilder(const framework::ProgramDesc& desc) : desc_(desc) {}

  Result<ParsedProgram> build() {
    if (desc_.blocks().empty()) return fail(kMalformedProgram, "the program has no blocks");
    const int blocks = desc_.blocks_size();
    scopes_.resize(static_cast<size_t>(blocks));
    visited_.resize(static_cast<size_t>(blocks));
    program().blocks.resize(static_cast<size_t>(blocks));
    program().format = "ProgramDesc";
    program().version = version_text(desc_.version().version());
    for (int i = 0; i < blocks; ++i) {
      const int parent = desc_.blocks(i).parent_idx();
      // Parents come first, so that walking up ends.
      if (i > 0 && (parent < 0 || parent >= i)) {
        return fail(kMalformedProgram,
                    "block " + std::to_string(i) + " has the impossible parent " + std::to_string(parent));
      }
      if (i > 0) program().blocks[i].parent = static_cast<BlockId>(parent);
      if (auto status = declare_variables(i); !status) return tl::make_unexpected(status.error());
    }
    // Control flow adds its blocks itself, so that each reads the values of its moment. Blocks of other operators are
    // added so that all that they need is told.
    for (int i = 0; i < blocks; ++i) {
      if (visited_[static_cast<size_t>(i)]) continue;
      if (auto status = add_operators(i); !status) return tl::make_unexpected(status.error());
    }
    merge_conditionals(program());
    std::ranges::stable_sort(feeds_, {}, &Column::index);
    std::ranges::stable_sort(fetches_, {}, &Column::index);
    for (const Column& feed : feeds_) program().feeds.push_back(feed.value);
    for (const Column& fetch : fetches_)
      program().fetches.emplace_back(program().values[fetch.value].name, fetch.value);
    if (program().fetches.empty()) {
      return fail(kMalformedProgram, "the program has no fetch operator, so it has no outputs",
                  "export it for inference with paddle.jit.save or paddle.static.save_inference_model");
    }
    return std::move(parsed_);
  }

 private:
  struct Column {
    int64_t index;
    ValueId value;
  };
  struct Scope {
    std::unordered_map<std::string, const VarDesc*> declarations;
    std::unordered_map<std::string, ValueId> values;  // the newest of each name
  };

  Program& program() { return parsed_.program; }

  Result<ProgramType> convert_type(const VarDesc& variable) {
    const auto& type = variable.type();
    ProgramType result;
    const auto tensor = [&](const VarType::TensorDesc& description) -> Result<void> {
      result.dtype = dtype_of_framework(description.data_type());
      if (description.dims_size() > kMaxRank)
        return fail(kMalformedProgram, "variable '" + variable.name() + "' has an impossible rank");
      result.dims.emplace(description.dims().begin(), description.dims().end());
      for (int64_t& dim : *result.dims) dim = std::max<int64_t>(dim, -1);
      return {};
    };
    Result<void> status;
    if (type.type() == VarType::DENSE_TENSOR) {
      if (type.has_dense_tensor()) {
        status = tensor(type.dense_tensor().tensor());
        result.lod_level = std::max(0, type.dense_tensor().lod_level());
      }
    } else if (type.type() == VarType::DENSE_TENSOR_ARRAY) {
      result.kind = ProgramType::Kind::kTensorArray;
      if (type.has_tensor_array()) status = tensor(type.tensor_array().tensor());
    } else {
      result.kind = ProgramType::Kind::kOther;
    }
    if (!status) return tl::make_unexpected(status.error());
    return result;
  }

  Result<void> declare_variables(int block) {
    Scope& scope = scopes_[static_cast<size_t>(block)];
    for (const VarDesc& variable : desc_.blocks(block).vars()) {
      scope.declarations[variable.name()] = &variable;
      // `feed` and `fetch` are persistable, but no tensors.
      if (!variable.persistable() || variable.type().type() != VarType::DENSE_TENSOR) continue;
      auto value = new_value(block, variable.name());
      if (!value) return tl::make_unexpected(value.error());
      parsed_.parameters.push_back(*value);
    }
    return {};
  }

  // The innermost block around `block`, or that itself, that declares a name; the main one if none does.
  int declaring_block(int block, const std::string& name) const {
    int at = block;
    while (at > 0 && !scopes_[static_cast<size_t>(at)].declarations.contains(name)) at = desc_.blocks(at).parent_idx();
    return at;
  }

  const VarDesc* find_declaration(int block, const std::string& name) const {
    const auto& declarations = scopes_[static_cast<size_t>(declaring_block(block, name))].declarations;
    const auto found = declarations.find(name);
    return found == declarations.end() ? nullptr : found->second;
  }

  Result<ValueId> new_value(int block, const std::string& name) {
    ProgramValue value;
    value.name = name;
    if (const VarDesc* declaration = find_declaration(block, name)) {
      auto type = convert_type(*declaration);
      if (!type) return tl::make_unexpected(type.error());
      value.type = std::move(*type);
    } else {
      value.type.kind = ProgramType::Kind::kOther;
    }
    const auto id = static_cast<ValueId>(program().values.size());
    program().values.push_back(std::move(value));
    scopes_[static_cast<size_t>(block)].values[name] = id;
    return id;
  }

  std::optional<ValueId> newest(int block, const std::string& name) const {
    for (int at = block; at >= 0; at = at == 0 ? -1 : desc_.blocks(at).parent_idx()) {
      const auto& values = scopes_[static_cast<size_t>(at)].values;
      if (const auto found = values.find(name); found != values.end()) return found->second;
    }
    return std::nullopt;
  }

  bool is_array(int block, const std::string& name) const {
    const VarDesc* declaration = find_declaration(block, name);
    return declaration != nullptr && declaration->type().type() == VarType::DENSE_TENSOR_ARRAY;
  }

  // The value that a name stands for now. An array begins to exist, empty, where it is declared. Anything else that
  // nothing has written yet gets a value without a producer; the conversion reports it if an operator needs it.
  Result<ValueId> read(int block, const std::string& name) {
    if (const auto value = newest(block, name)) return *value;
    if (is_array(block, name)) return add_source("create_array", declaring_block(block, name), name);
    return new_value(block, name);
  }

  // The value of a name before control flow writes it. One that nothing has written yet has no defined contents.
  Result<ValueId> read_before_write(int block, const std::string& name) {
    if (newest(block, name) || is_array(block, name)) return read(block, name);
    return add_source("full", block, name,
                      {{"shape", std::vector<int64_t>{}}, {"value", double{kUndefined}}, {"dtype", DType::kFloat32}});
  }

  // An operator without operands at the present end of a block.
  Result<ValueId> add_source(const char* op_name, int block, const std::string& name,
                             std::map<std::string, Attribute, std::less<>> attributes = {}) {
    auto value = new_value(block, name);
    if (!value) return value;
    Operator op;
    op.name = op.source_name = op_name;
    op.outputs.push_back({"out", {*value}});
    op.attributes = std::move(attributes);
    program().blocks[static_cast<size_t>(block)].operators.push_back(std::move(op));
    return value;
  }

  template <typename Vars, typename Resolve>
  Result<void> convert_operands(const Vars& vars, const std::vector<Translation::Operand>& rules, Resolve resolve,
                                std::vector<std::pair<std::string, std::vector<ValueId>>>& operands) {
    const auto add = [&](std::string_view name, const OpDesc::Var& var) -> Result<void> {
      std::vector<ValueId> ids;
      for (const std::string& argument : var.arguments()) {
        auto id = resolve(argument);
        if (!id) return tl::make_unexpected(id.error());
        ids.push_back(*id);
      }
      operands.emplace_back(name, std::move(ids));
      return {};
    };
    const auto known = [&](const std::string& slot) {
      return std::ranges::any_of(rules, [&](const auto& rule) { return std::ranges::count(rule.slots, slot) > 0; });
    };
    for (const auto& rule : rules) {
      for (const auto slot : rule.slots) {
        const auto var = std::ranges::find_if(
            vars, [&](const OpDesc::Var& v) { return v.parameter() == slot && v.arguments_size() > 0; });
        if (var == vars.end()) continue;
        if (auto status = add(rule.name, *var); !status) return status;
        break;
      }
    }
    for (const OpDesc::Var& var : vars) {
      if (var.arguments_size() == 0 || known(var.parameter())) continue;
      if (auto status = add(var.parameter(), var); !status) return status;
    }
    return {};
  }

  const Translation& translation(const std::string& type) {
    auto found = translations_.find(type);
    if (found == translations_.end()) found = translations_.emplace(type, Translation(find_vocabulary_row(type))).first;
    return found->second;
  }

  Result<void> add_operators(int block) {
    visited_[static_cast<size_t>(block)] = true;
    for (const OpDesc& op : desc_.blocks(block).ops()) {
      if (auto status = add_operator(block, op); !status) return status;
    }
    return {};
  }

  Result<void> add_operator(int block, const OpDesc& desc) {
    const std::string& type = desc.type();
    if (type == "feed" || type == "fetch") return add_column(block, desc);
    if (type == "while") return add_while(block, desc);
    if (type == "recurrent") return add_recurrent(block, desc);
    if (type == "pylayer") return add_pylayer(block, desc);
    if ((type == "conditional_block" || type == "conditional_block_infer") && has_scalar_condition(desc))
      return add_conditional(block, desc);
    if (type == "select_input" && arguments(desc.inputs(), "X").size() == 2) return add_select_input(block, desc);
    if (type == "select_output") return add_select_output(block, desc);
    const Translation& rules = translation(desc.type());
    Operator op;
    op.source_name = desc.type();
    op.name = rules.name.empty() ? desc.type() : std::string(rules.name);
    // Forms that the ones above don't take.
    if (type.starts_with("conditional_block")) op.name += " on operands with elements";
    if (type == "select_input") op.name += " of other than two values";
    if (op.name == "array_write") {
      // In the file the array is a result only, which changes.
      const auto array = arguments(desc.outputs(), "Out");
      auto before = array.size() == 1 ? read_before_write(block, array.front())
                                      : fail(kMalformedProgram, "a write_to_array operator is malformed");
      if (!before) return tl::make_unexpected(before.error());
      op.inputs.push_back({"array", {*before}});
    }
    if (op.name == "fake_channel_wise_quantize_abs_max") {
      // At inference the kernel reads the scale from the variable that it would write in training, a parameter.
      const auto scale = arguments(desc.outputs(), "OutScale");
      const auto before = scale.size() == 1 ? newest(block, scale.front()) : std::nullopt;
      if (before) op.inputs.push_back({"in_scale", {*before}});
    }
    auto status = convert_operands(
        desc.inputs(), rules.inputs, [&](const std::string& name) { return read(block, name); }, op.inputs);
    if (status) status = convert_attributes(block, desc, rules, op);
    if (status) {
      status = convert_operands(
          desc.outputs(), rules.outputs, [&](const std::string& name) { return new_value(block, name); }, op.outputs);
    }
    if (!status) return status;
    name_array_operator(op);
    program().blocks[static_cast<size_t>(block)].operators.push_back(std::move(op));
    return {};
  }

  // Operators that take tensors and arrays alike are two of this vocabulary.
  void name_array_operator(Operator& op) {
    const auto is_array = [&](const auto& slots) {
      return std::ranges::any_of(slots, [&](const auto& slot) {
        return !slot.second.empty() &&
               program().values[slot.second.front()].type.kind == ProgramType::Kind::kTensorArray;
      });
    };
    if (!is_array(op.inputs)) return;
    if (op.name == "assign") op.name = "assign_array";
    if (op.name == "add_n") op.name = "add_n_array";
    if (op.name == "slice") op.name = is_array(op.outputs) ? "slice_array" : "slice_array_dense";
  }

  // --- control flow: program.h states the form --------------------------------------------------------------------

  template <typename Vars>
  static std::vector<std::string> arguments(const Vars& vars, std::string_view slot) {
    const auto var = std::ranges::find_if(vars, [&](const OpDesc::Var& v) { return v.parameter() == slot; });
    if (var == vars.end()) return {};
    return {var->arguments().begin(), var->arguments().end()};
  }

  // Without it a conditional block runs if its operands have elements: a form that nothing has written for years.
  static bool has_scalar_condition(const OpDesc& desc) {
    return std::ranges::any_of(
        desc.attrs(), [](const auto& attribute) { return attribute.name() == "is_scalar_condition" && attribute.b(); });
  }

  // An operator with the one block that `desc` refers to, which nothing has visited yet.
  Result<Operator> begin_control_flow(int block, const OpDesc& desc, const char* name) {
    Operator op;
    op.source_name = desc.type();
    op.name = name;
    if (auto status = convert_attributes(block, desc, translation(desc.type()), op); !status)
      return tl::make_unexpected(status.error());
    op.attributes.clear();
    if (op.name == "pylayer" && op.blocks.size() == 2) op.blocks.pop_back();  // the way back
    if (op.blocks.size() != 1) return fail(kMalformedProgram, "a " + desc.type() + " operator needs one block");
    const auto inner = static_cast<int>(op.blocks.front());
    if (desc_.blocks(inner).parent_idx() != block || visited_[static_cast<size_t>(inner)])
      return fail(kMalformedProgram, "a " + desc.type() + " operator in block " + std::to_string(block) +
                                         " refers to block " + std::to_string(inner) + ", which is not its own");
    if (++depth_ > kMaxNesting)
      return fail(kMalformedProgram, "blocks are nested more than " + std::to_string(kMaxNesting) + " deep");
    return op;
  }

  void end_control_flow(int block, Operator op) {
    --depth_;
    program().blocks[static_cast<size_t>(block)].operators.push_back(std::move(op));
  }

  // The newest values of names, one of which may have none.
  template <typename Read>
  Result<std::vector<ValueId>> values_of(const std::vector<std::string>& names, Read read_one) {
    std::vector<ValueId> values;
    for (const std::string& name : names) {
      Result<ValueId> value = read_one(name);
      if (!value) return tl::make_unexpected(value.error());
      values.push_back(*value);
    }
    return values;
  }

  // The loop's values are the outer variables that its body writes, the condition among them.
  Result<void> add_while(int block, const OpDesc& desc) {
    auto op = begin_control_flow(block, desc, "while");
    if (!op) return tl::make_unexpected(op.error());
    const int body = static_cast<int>(op->blocks.front());
    const auto condition = arguments(desc.inputs(), "Condition");
    if (condition.size() != 1) return fail(kMalformedProgram, "a while operator needs one condition");
    const std::vector<std::string> names = outer_writes(desc_, body);

    const auto create = [&](int at) { return [this, at](const std::string& name) { return new_value(at, name); }; };
    auto before = values_of(names, [&](const std::string& name) { return read_before_write(block, name); });
    if (!before) return tl::make_unexpected(before.error());
    auto first = read(block, condition.front());
    if (!first) return tl::make_unexpected(first.error());
    auto in_body = values_of(names, create(body));
    if (!in_body) return tl::make_unexpected(in_body.error());
    if (auto status = add_operators(body); !status) return status;
    auto next = read(body, condition.front());
    if (!next) return tl::make_unexpected(next.error());
    auto results = values_of(names, [&](const std::string& name) { return read(body, name); });
    if (!results) return tl::make_unexpected(results.error());
    auto after = values_of(names, create(block));
    if (!after) return tl::make_unexpected(after.error());

    Block& loop = program().blocks[static_cast<size_t>(body)];
    loop.arguments = std::move(*in_body);
    loop.results = {*next};
    loop.results.insert(loop.results.end(), results->begin(), results->end());
    op->inputs = {{"cond", {*first}}, {"x", std::move(*before)}};
    op->outputs = {{"out", std::move(*after)}};
    end_control_flow(block, std::move(*op));
    return {};
  }

  // A block for each step along the first axis of some tensors, whose parts have the names of the whole in it. What a
  // step leaves in `states` is in `ex_states` in the next one.
  Result<void> add_recurrent(int block, const OpDesc& desc) {
    auto op = begin_control_flow(block, desc, "recurrent");
    if (!op) return tl::make_unexpected(op.error());
    const int body = static_cast<int>(op->blocks.front());
    std::vector<std::string> ex_states;
    std::vector<std::string> states;
    op->attributes["reverse"] = false;
    for (const auto& attribute : desc.attrs()) {
      if (attribute.name() == "reverse") op->attributes["reverse"] = attribute.b();
      if (attribute.name() == "ex_states") ex_states = {attribute.strings().begin(), attribute.strings().end()};
      if (attribute.name() == "states") states = {attribute.strings().begin(), attribute.strings().end()};
    }
    const std::vector<std::string> sequences = arguments(desc.inputs(), "inputs");
    const std::vector<std::string> initial = arguments(desc.inputs(), "initial_states");
    const std::vector<std::string> outputs = arguments(desc.outputs(), "outputs");
    if (initial.size() != states.size() || ex_states.size() != states.size())
      return fail(kMalformedProgram, "a recurrent operator has " + std::to_string(initial.size()) +
                                         " initial states for " + std::to_string(states.size()) + " states");

    const auto get = [&](int at) { return [this, at](const std::string& name) { return read(at, name); }; };
    const auto create = [&](int at) { return [this, at](const std::string& name) { return new_value(at, name); }; };
    auto whole = values_of(sequences, get(block));
    if (!whole) return tl::make_unexpected(whole.error());
    auto first = values_of(initial, get(block));
    if (!first) return tl::make_unexpected(first.error());
    auto parts = values_of(sequences, create(body));
    if (!parts) return tl::make_unexpected(parts.error());
    auto before = values_of(ex_states, create(body));
    if (!before) return tl::make_unexpected(before.error());
    if (auto status = add_operators(body); !status) return status;
    auto next = values_of(states, get(body));
    if (!next) return tl::make_unexpected(next.error());
    auto results = values_of(outputs, get(body));
    if (!results) return tl::make_unexpected(results.error());
    auto after = values_of(outputs, create(block));
    if (!after) return tl::make_unexpected(after.error());

    Block& step = program().blocks[static_cast<size_t>(body)];
    step.arguments = std::move(*parts);
    step.arguments.insert(step.arguments.end(), before->begin(), before->end());
    step.results = std::move(*next);
    step.results.insert(step.results.end(), results->begin(), results->end());
    op->inputs = {{"inputs", std::move(*whole)}, {"initial_states", std::move(*first)}};
    op->outputs = {{"outputs", std::move(*after)}};
    end_control_flow(block, std::move(*op));
    return {};
  }

  // An `if` whose second block changes nothing. What the first one writes and nothing has written before is undefined
  // if it doesn't run: the operator that selects between two such blocks takes the defined one.
  Result<void> add_conditional(int block, const OpDesc& desc) {
    auto op = begin_control_flow(block, desc, "if");
    if (!op) return tl::make_unexpected(op.error());
    const int body = static_cast<int>(op->blocks.front());
    const auto condition = arguments(desc.inputs(), "Cond");
    if (condition.size() != 1) return fail(kMalformedProgram, "a conditional_block operator needs one condition");
    const std::vector<std::string> names = outer_writes(desc_, body);

    auto unchanged = values_of(names, [&](const std::string& name) { return read_before_write(block, name); });
    if (!unchanged) return tl::make_unexpected(unchanged.error());
    auto cond = read(block, condition.front());
    if (!cond) return tl::make_unexpected(cond.error());
    if (auto status = add_operators(body); !status) return status;
    auto changed = values_of(names, [&](const std::string& name) { return read(body, name); });
    if (!changed) return tl::make_unexpected(changed.error());
    auto after = values_of(names, [&](const std::string& name) { return new_value(block, name); });
    if (!after) return tl::make_unexpected(after.error());

    program().blocks[static_cast<size_t>(body)].results = std::move(*changed);
    op->blocks.push_back(add_block(block, std::move(*unchanged)));
    op->inputs = {{"cond", {*cond}}};
    op->outputs = {{"out", std::move(*after)}};
    end_control_flow(block, std::move(*op));
    return {};
  }

  // A block that runs once: what a PyLayer of the user's does forward. It reads the outer variables by their names.
  Result<void> add_pylayer(int block, const OpDesc& desc) {
    auto op = begin_control_flow(block, desc, "pylayer");
    if (!op) return tl::make_unexpected(op.error());
    const int body = static_cast<int>(op->blocks.front());
    const std::vector<std::string> names = outer_writes(desc_, body);
    if (auto status = add_operators(body); !status) return status;
    auto written = values_of(names, [&](const std::string& name) { return read(body, name); });
    if (!written) return tl::make_unexpected(written.error());
    auto after = values_of(names, [&](const std::string& name) { return new_value(block, name); });
    if (!after) return tl::make_unexpected(after.error());

    program().blocks[static_cast<size_t>(body)].results = std::move(*written);
    op->outputs = {{"out", std::move(*after)}};
    end_control_flow(block, std::move(*op));
    return {};
  }

  // Out is the second of X where Mask is true.
  Result<void> add_select_input(int block, const OpDesc& desc) {
    const auto mask = arguments(desc.inputs(), "Mask");
    const auto out = arguments(desc.outputs(), "Out");
    if (mask.size() != 1 || out.size() != 1) return fail(kMalformedProgram, "a select_input operator is malformed");
    auto values = values_of(arguments(desc.inputs(), "X"), [&](const std::string& name) { return read(block, name); });
    if (!values) return tl::make_unexpected(values.error());
    auto cond = read(block, mask.front());
    if (!cond) return tl::make_unexpected(cond.error());
    auto selected = new_value(block, out.front());
    if (!selected) return tl::make_unexpected(selected.error());
    Operator op;
    op.source_name = desc.type();
    op.name = "if";
    op.inputs = {{"cond", {*cond}}};
    op.outputs = {{"out", {*selected}}};
    op.blocks.push_back(add_block(block, {values->at(1)}));
    op.blocks.push_back(add_block(block, {values->at(0)}));
    program().blocks[static_cast<size_t>(block)].operators.push_back(std::move(op));
    return {};
  }

  // X goes to the one of Out that Mask tells; what the others hold, nothing reads.
  Result<void> add_select_output(int block, const OpDesc& desc) {
    const auto x = arguments(desc.inputs(), "X");
    if (x.size() != 1) return fail(kMalformedProgram, "a select_output operator is malformed");
    auto value = read(block, x.front());
    if (!value) return tl::make_unexpected(value.error());
    for (const std::string& name : arguments(desc.outputs(), "Out"))
      scopes_[static_cast<size_t>(block)].values[name] = *value;
    return {};
  }

  // A block without operators, behind those of the file.
  BlockId add_block(int parent, std::vector<ValueId> results) {
    Block& added = program().blocks.emplace_back();
    added.parent = static_cast<BlockId>(parent);
    added.results = std::move(results);
    return static_cast<BlockId>(program().blocks.size() - 1);
  }

  Result<void> convert_attributes(int block, const OpDesc& desc, const Translation& rules, Operator& op) {
    for (const auto& attribute : desc.attrs()) {
      if (attribute.name() == "op_callstack") {
        op.source = user_source(std::vector<std::string_view>(attribute.strings().begin(), attribute.strings().end()));
        continue;
      }
      if (attribute.name() == "op_namescope" || attribute.name() == "op_role" || attribute.name() == "op_role_var")
        continue;
      const std::string name(rules.attribute_name(attribute.name()));
      if (attribute.type() == OpDesc::BLOCK || attribute.type() == OpDesc::BLOCKS) {
        std::vector<int64_t> ids(attribute.blocks_idx().begin(), attribute.blocks_idx().end());
        if (attribute.type() == OpDesc::BLOCK) ids = {attribute.block_idx()};
        for (const int64_t id : ids) {
          if (id <= block || id >= desc_.blocks_size()) {
            return fail(kMalformedProgram, "operator " + desc.type() + " refers to block " + std::to_string(id) +
                                               ", which does not exist below block " + std::to_string(block));
          }
          op.blocks.push_back(static_cast<BlockId>(id));
        }
      } else if (attribute.type() == OpDesc::VAR || attribute.type() == OpDesc::VARS) {
        // A tensor in the place of a number: an operand of the attribute's name.
        std::vector<ValueId> ids;
        std::vector<std::string> names(attribute.vars_name().begin(), attribute.vars_name().end());
        if (attribute.type() == OpDesc::VAR) names = {attribute.var_name()};
        for (const std::string& variable : names) {
          auto id = read(block, variable);
          if (!id) return tl::make_unexpected(id.error());
          ids.push_back(*id);
        }
        if (!ids.empty()) op.inputs.emplace_back(name, std::move(ids));
      } else if (auto value = convert_attribute(attribute)) {
        if (is_dtype_attribute(name) && std::holds_alternative<int64_t>(*value)) {
          value = dtype_of_framework(std::get<int64_t>(*value));
        }
        op.attributes.insert_or_assign(name, std::move(*value));
      } else {
        return fail(kMalformedProgram, "attribute '" + attribute.name() + "' of operator " + desc.type() +
                                           " has the unknown type " + std::to_string(attribute.type()));
      }
    }
    for (const auto& rule : rules.attributes) {
      if (!rule.fallback || op.attributes.contains(rule.name)) continue;
      Attribute value = *rule.fallback;
      if (is_dtype_attribute(rule.name)) value = dtype_of_framework(std::get<int64_t>(value));
      op.attributes.emplace(rule.name, std::move(value));
    }
    return {};
  }

  Result<void> add_column(int block, const OpDesc& desc) {
    const bool is_feed = desc.type() == "feed";
    const auto& vars = is_feed ? desc.outputs() : desc.inputs();
    const auto slot =
        std::ranges::find_if(vars, [&](const OpDesc::Var& v) { return v.parameter() == (is_feed ? "Out" : "X"); });
    if (block != 0 || slot == vars.end() || slot->arguments_size() != 1) {
      return fail(kMalformedProgram, "a " + desc.type() + " operator is malformed");
    }
    int64_t column = 0;
    for (const auto& attribute : desc.attrs()) {
      if (attribute.name() == "col") column = attribute.i();
    }
    auto value = is_feed ? new_value(block, slot->arguments(0)) : read(block, slot->arguments(0));
    if (!value) return tl::make_unexpected(value.error());
    (is_feed ? feeds_ : fetches_).push_back({column, *value});
    return {};
  }

  const framework::ProgramDesc& desc_;
  ParsedProgram parsed_;
  std::vector<Scope> scopes_;
  std::vector<bool> visited_;  // blocks whose operators are in the program
  int depth_ = 0;              // of the block in work
  std::vector<Column> feeds_;
  std::vector<Column> fetches_;
  std::unordered_map<std::string, Translation> translations_;
};

}  // namespace

Result<ParsedProgram> parse_program_desc(std::span<const std::byte> bytes) {
  google::protobuf::Arena arena;  // a great program has millions of small parts
  auto& desc = *google::protobuf::Arena::CreateMessage<framework::ProgramDesc>(&arena);
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !desc.ParsePartialFromArray(bytes.data(), static_cast<int>(bytes.size())) || !desc.IsInitialized()) {
    return fail(kMalformedProgram, "the program does not parse: the file is damaged or incomplete");
  }
  return ProgramBuilder(desc).build();
}

bool looks_like_program_desc(std::span<const std::byte> bytes) {
  // Field 1, length-delimited, whose own first field is idx (field 1, varint). The length may be more than there is: a
  // file that was cut off is a program all the same.
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(std::min<size_t>(bytes.size(), 64)));
  uint32_t length = 0;
  return stream.ReadTag() == 0x0a && stream.ReadVarint32(&length) && stream.ReadTag() == 0x08;
}

}  // namespace paddle2onnx
