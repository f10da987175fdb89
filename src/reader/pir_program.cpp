#include "reader/pir_program.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <unordered_map>

#include "program/conditionals.h"
#include "program/fusions.h"
#include "program/in_place.h"
#include "program/vocabulary.h"
#include "reader/op_callstack.h"

namespace paddle2onnx {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// Versions of the format: 1 (Paddle 3.0.0) to 4 (3.3.1). They differ in types of attributes, which are read by value.
constexpr int64_t kNewestVersion = 4;
constexpr size_t kMaxRank = 64;

// Where a kernel's numbers changed between versions: an operator of a file up to this version gets an attribute that
// the vocabulary gives to those of .pdmodel files too.
struct OlderBehaviour {
  std::string_view name;
  int64_t last_version;
  std::string_view attribute;
};
constexpr OlderBehaviour kOlderBehaviours[] = {
    {"digamma", 1, "undefined_at_zero"},
    {"round", 1, "halves_away_from_zero"},
    {"trace", 1, "lower_axis_is_rows"},
    {"put_along_axis", 3, "mean_truncates"},
    {"linear_interp", 3, "one_is_first"},
    {"trilinear_interp", 3, "one_is_first"},
    {"matrix_rank", 1, "counts_in_int32"},
    {"matrix_rank_tol", 1, "counts_in_int32"},
    {"matrix_rank_atol_rtol", 1, "counts_in_int32"},
    {"lstsq", 1, "residuals_of_any_rank"},
};

struct TypeName {
  std::string_view name;
  DType dtype;
};

// Element types as type tags (0.t_f32) …
constexpr TypeName kTypeTags[] = {
    {"t_bool", DType::kBool},         {"t_i8", DType::kInt8},
    {"t_ui8", DType::kUInt8},         {"t_i16", DType::kInt16},
    {"t_i32", DType::kInt32},         {"t_i64", DType::kInt64},
    {"t_index", DType::kInt64},       {"t_bf16", DType::kBFloat16},
    {"t_f16", DType::kFloat16},       {"t_f32", DType::kFloat32},
    {"t_f64", DType::kFloat64},       {"t_c64", DType::kComplex64},
    {"t_c128", DType::kComplex128},   {"t_f8e4m3fn", DType::kFloat8E4M3FN},
    {"t_f8e5m2", DType::kFloat8E5M2},
};

// … and as the values of a dtype attribute. "Undefined(ALL_DTYPE)" means the operand's type.
constexpr TypeName kDTypeNames[] = {
    {"Undefined(ALL_DTYPE)", DType::kUndefined},
    {"bool", DType::kBool},
    {"int8", DType::kInt8},
    {"uint8", DType::kUInt8},
    {"int16", DType::kInt16},
    {"uint16", DType::kUInt16},
    {"int32", DType::kInt32},
    {"uint32", DType::kUInt32},
    {"int64", DType::kInt64},
    {"uint64", DType::kUInt64},
    {"bfloat16", DType::kBFloat16},
    {"float16", DType::kFloat16},
    {"float32", DType::kFloat32},
    {"float64", DType::kFloat64},
    {"complex64", DType::kComplex64},
    {"complex128", DType::kComplex128},
    {"float8_e4m3fn", DType::kFloat8E4M3FN},
    {"float8_e5m2", DType::kFloat8E5M2},
    {"pstring", DType::kUndefined},
};

std::optional<DType> find_dtype(std::span<const TypeName> names, std::string_view name) {
  const auto found = std::ranges::find(names, name, &TypeName::name);
  return found == names.end() ? std::nullopt : std::optional(found->dtype);
}

// "0.t_f32" is {0, "t_f32"}: dialects are numbered, builtin 0, the operators 1, control flow 2. Others are written by
// name, or with a higher number.
std::string_view without_dialect(std::string_view tag) {
  const size_t dot = tag.rfind('.');
  return dot == std::string_view::npos ? tag : tag.substr(dot + 1);
}

// What a value id of the file stands for: one value, or the parts of a list.
struct Slot {
  std::vector<ValueId> ids;
};

class PirReader {
 public:
  Result<ParsedProgram> read(element root) {
    read_header(root);
    const element module = at(root, "program");
    parsed_.program.format = "PIR";
    parsed_.program.blocks.emplace_back();
    read_region(only_item(at(module, "regions"), "the program's regions"), 0);
    if (error_) return tl::make_unexpected(std::move(*error_));
    std::ranges::stable_sort(feeds_, {}, &Feed::column);
    std::ranges::stable_sort(fetches_, {}, &Fetch::column);
    for (const Feed& feed : feeds_) parsed_.program.feeds.push_back(feed.value);
    for (const Fetch& fetch : fetches_) parsed_.program.fetches.emplace_back(fetch.name, fetch.value);
    if (parsed_.program.fetches.empty()) {
      return fail(kMalformedProgram, "the program has no fetch operator, so it has no outputs",
                  "export it for inference with paddle.jit.save or paddle.static.save_inference_model");
    }
    separate_in_place(parsed_.program);
    merge_conditionals(parsed_.program);
    take_fusions_apart(parsed_.program);
    return std::move(parsed_);
  }

 private:
  struct Feed {
    int64_t column;
    ValueId value;
  };
  struct Fetch {
    int64_t column;
    std::string name;
    ValueId value;
  };

  // --- errors: the first one is kept; from then on reading gives empty values and soon ends

  void malformed(const std::string& what) {
    if (error_) return;
    const std::string where = place_.empty() ? "" : place_ + ": ";
    error_ = error(kMalformedProgram, "the program is damaged or incomplete: " + where + what);
  }

  void unknown(const std::string& what) {
    if (error_) return;
    error_ = error(kFormatNotSupported,
                   place_ + ": " + what + " is not known (the file has version " + std::to_string(version_) +
                       " of the format, this reader knows 1 to " + std::to_string(kNewestVersion) + ")",
                   "export the model with a Paddle up to 3.3, or ask for support of this version");
  }

  // --- typed access to JSON

  element at(element object_like, const char* key) {
    element value;
    if (!error_ && object_like[key].get(value) != simdjson::SUCCESS) malformed(std::string("'") + key + "' is missing");
    return value;
  }
  bool has(element object_like, const char* key) {
    element value;
    return !error_ && object_like[key].get(value) == simdjson::SUCCESS;
  }
  array list(element value, const char* what) {
    array items;
    if (!error_ && value.get(items) != simdjson::SUCCESS) malformed(std::string(what) + " is no list");
    return items;
  }
  std::string_view text(element value, const char* what) {
    std::string_view result;
    if (!error_ && value.get(result) != simdjson::SUCCESS) malformed(std::string(what) + " is no text");
    return result;
  }
  int64_t integer(element value, const char* what) {
    int64_t result = 0;
    if (!error_ && value.get(result) != simdjson::SUCCESS) malformed(std::string(what) + " is no integer");
    return result;
  }
  double number(element value, const char* what) {
    double result = 0;
    if (!error_ && value.get(result) != simdjson::SUCCESS) malformed(std::string(what) + " is no number");
    return result;
  }
  element only_item(element value, const char* what) {
    element item;
    const array items = list(value, what);
    if (error_) return item;
    if (items.size() != 1 || items.at(0).get(item) != simdjson::SUCCESS)
      malformed(std::string(what) + " should be one, but are " + std::to_string(items.size()));
    return item;
  }
  std::vector<element> items(element value, const char* what) {
    std::vector<element> result;
    const array all = list(value, what);
    if (error_) return result;
    for (const element item : all) result.push_back(item);
    return result;
  }

  // --- the file's frame

  void read_header(element root) {
    const element header = at(root, "base_code");
    if (error_) return;
    if (text(at(header, "magic"), "'magic'") != "pir") malformed("'magic' is not \"pir\"");
    version_ = integer(at(header, "version"), "'version'");
    if (!error_ && (version_ < 1 || version_ > kNewestVersion)) {
      Diagnostic warning =
          error(kUnknownFormatVersion, "the program has version " + std::to_string(version_) +
                                           " of PIR's format; 1 to " + std::to_string(kNewestVersion) + " are known");
      warning.severity = Severity::kWarning;
      parsed_.warnings.push_back(std::move(warning));
    }
  }

  Block& block(BlockId id) { return parsed_.program.blocks[id]; }

  // The one block of a region, read into the block `id`.
  void read_region(element region, BlockId id) {
    if (error_) return;
    const element content = only_item(at(region, "blocks"), "a region's blocks");
    if (error_) return;
    const size_t defined = defined_.size();
    if (has(content, "args")) read_arguments(at(content, "args"), id);
    // Keyword arguments are named, not numbered; no exporter writes any.
    if (has(content, "kwargs") && !error_) {
      object named;
      if (at(content, "kwargs").get(named) == simdjson::SUCCESS && named.size() > 0)
        unknown("a block with keyword arguments");
    }
    const array operators = list(at(content, "ops"), "'ops'");
    if (error_) return;
    size_t index = 0;
    for (const element op : operators) {
      const std::string outer =
          std::exchange(place_, "block " + std::to_string(id) + ", operator " + std::to_string(index++));
      read_operator(op, id);
      if (error_) return;
      place_ = outer;
    }
    // What a block defines is seen in it and in its inner blocks only.
    for (; defined_.size() > defined; defined_.pop_back()) slots_.erase(defined_.back());
  }

  void read_arguments(element arguments, BlockId id) {
    for (const element argument : items(arguments, "'args'")) {
      // {"#": -1, "TT": type}
      const int64_t number = integer(at(argument, "#"), "a block argument's number");
      if (error_) return;
      const element type = at(argument, "TT");
      if (error_) return;
      const Slot slot = define(number, type, "argument_" + std::to_string(-number));
      if (error_) return;
      if (slot.ids.size() != 1) return malformed("a block argument is a list");
      block(id).arguments.push_back(slot.ids.front());
    }
  }

  // --- values and types

  ValueId new_value(std::string name, ProgramType type) {
    auto& values = parsed_.program.values;
    if (values.size() >= std::numeric_limits<ValueId>::max()) malformed("there are too many values");
    values.push_back({std::move(name), std::move(type), std::nullopt});
    return static_cast<ValueId>(values.size() - 1);
  }

  bool is_absent(element type) { return !error_ && text(at(type, "#"), "a type's tag") == "NULL"; }

  // Binds a value id of the file, a list of values for a list type.
  Slot define(int64_t number, element type, const std::string& name) {
    Slot slot;
    if (number == 0) malformed("a result has the id 0");
    const std::string_view tag = without_dialect(text(at(type, "#"), "a type's tag"));
    if (error_) return slot;
    if (tag == "t_vec") {
      size_t part = 0;
      for (const element item : items(at(type, "D"), "a list type"))
        slot.ids.push_back(new_value(name + "_" + std::to_string(part++), read_type(item)));
    } else {
      slot.ids.push_back(new_value(name, read_type(type)));
    }
    if (error_) return slot;
    if (!slots_.emplace(number, slot).second) malformed("the value %" + std::to_string(number) + " is defined twice");
    defined_.push_back(number);
    return slot;
  }

  ProgramType read_type(element type) {
    ProgramType result;
    const std::string_view tag = without_dialect(text(at(type, "#"), "a type's tag"));
    if (error_) return result;
    if (tag == "t_dtensor" || tag == "t_dense_tensor_array") {
      // [element type, dims, layout, …]
      const std::vector<element> parts = items(at(type, "D"), "a tensor's type");
      if (error_) return result;
      if (parts.size() < 2) {
        malformed("a tensor's type is incomplete");
        return result;
      }
      if (tag == "t_dense_tensor_array") result.kind = ProgramType::Kind::kTensorArray;
      result.dtype = element_type(parts[0]);
      result.dims.emplace();
      for (const element dim : items(parts[1], "a tensor's dims"))
        result.dims->push_back(std::max<int64_t>(-1, integer(dim, "a dimension")));
      if (result.dims->size() > kMaxRank) malformed("a tensor has an impossible rank");
      return result;
    }
    result.kind = ProgramType::Kind::kOther;
    static constexpr std::array<std::string_view, 7> kOthers = {
        "t_stack", "t_inlet", "t_outlet", "t_selected_rows", "t_sparse_coo_tensor", "t_sparse_csr_tensor", "NULL"};
    if (find_dtype(kTypeTags, tag).has_value() || std::ranges::count(kOthers, tag) > 0) return result;
    unknown("the type '" + std::string(tag) + "'");
    return result;
  }

  DType element_type(element type) {
    const std::string_view tag = without_dialect(text(at(type, "#"), "a type's tag"));
    if (error_) return DType::kUndefined;
    const auto dtype = find_dtype(kTypeTags, tag);
    if (!dtype) unknown("the element type '" + std::string(tag) + "'");
    return dtype.value_or(DType::kUndefined);
  }

  // The operands of an operator; an absent optional one is empty.
  std::vector<Slot> operands(element op) {
    std::vector<Slot> result;
    for (const element operand : items(at(op, "I"), "'I'")) {
      const int64_t number = integer(at(operand, "%"), "an operand's id");
      if (error_) break;
      if (number == 0) {
        result.emplace_back();
        continue;
      }
      const auto found = slots_.find(number);
      if (found == slots_.end()) {
        malformed("it reads the value %" + std::to_string(number) + ", which nothing before it defines");
        break;
      }
      result.push_back(found->second);
    }
    return result;
  }

  // The one value that an operand or attribute must be.
  ValueId single(const std::vector<Slot>& slots, size_t index, const char* what) {
    if (index >= slots.size() || slots[index].ids.size() != 1) {
      malformed(std::string(what) + " is not one value");
      return 0;
    }
    return slots[index].ids.front();
  }

  // --- attributes

  // {"#": tag, "D": value}; nothing for what says nothing about the computation (a place).
  std::optional<Attribute> read_attribute(element attribute) {
    const std::string_view tag = without_dialect(text(at(attribute, "#"), "an attribute's tag"));
    if (error_) return std::nullopt;
    if (tag == "a_f32" || tag == "a_f64") return read_real(attribute);
    if (tag == "a_place") return std::nullopt;
    const element data = at(attribute, "D");
    if (error_) return std::nullopt;
    if (tag == "a_bool") {
      bool flag = false;
      if (data.get(flag) != simdjson::SUCCESS) malformed("a flag is neither true nor false");
      return flag;
    }
    if (tag == "a_i32" || tag == "a_i64" || tag == "a_index") return integer(data, "an integer attribute");
    if (tag == "a_str" || tag == "a_tensorname" || tag == "a_layout")
      return std::string(text(data, "a text attribute"));
    if (tag == "a_array") return read_array(data);
    if (tag == "a_intarray") {
      std::vector<int64_t> numbers;
      for (const element item : items(data, "an integer list")) numbers.push_back(integer(item, "a list's item"));
      return numbers;
    }
    if (tag == "a_dtype") {
      const std::string_view name = text(data, "a dtype");
      if (error_) return std::nullopt;
      const auto dtype = find_dtype(kDTypeNames, name);
      if (!dtype) unknown("the dtype '" + std::string(name) + "'");
      return dtype.value_or(DType::kUndefined);
    }
    if (tag == "a_type") return read_type(data).dtype;
    // No mapper reads text where it expects a number: it will say so with the operator's place.
    if (tag == "a_c64" || tag == "a_c128") return std::string("complex");
    unknown("the attribute tag '" + std::string(tag) + "'");
    return std::nullopt;
  }

  // What JSON cannot write stands under VD.
  double read_real(element attribute) {
    if (!has(attribute, "VD")) return number(at(attribute, "D"), "a real attribute");
    const std::string_view name = text(at(attribute, "VD"), "'VD'");
    if (name == "INF") return std::numeric_limits<double>::infinity();
    if (name == "-INF") return -std::numeric_limits<double>::infinity();
    if (name != "NaN") unknown("the number '" + std::string(name) + "'");
    return std::numeric_limits<double>::quiet_NaN();
  }

  // A list of attributes of one kind. An empty one has no element type: it converts to a list of anything.
  Attribute read_array(element data) {
    std::vector<Attribute> parts;
    for (const element item : items(data, "a list attribute")) {
      if (auto part = read_attribute(item)) parts.push_back(std::move(*part));
      if (error_) return std::vector<int64_t>{};
    }
    if (parts.empty()) return std::vector<int64_t>{};
    const auto all = [&](auto holds) { return std::ranges::all_of(parts, holds); };
    if (all([](const Attribute& a) { return std::holds_alternative<bool>(a); })) return gather<bool>(parts);
    if (all([](const Attribute& a) { return std::holds_alternative<int64_t>(a); })) return gather<int64_t>(parts);
    if (all([](const Attribute& a) { return std::holds_alternative<std::string>(a); }))
      return gather<std::string>(parts);
    // Scalars of several kinds are numbers.
    std::vector<double> numbers;
    for (const Attribute& part : parts) {
      if (const auto* real = std::get_if<double>(&part)) {
        numbers.push_back(*real);
      } else if (const auto* whole = std::get_if<int64_t>(&part)) {
        numbers.push_back(static_cast<double>(*whole));
      } else if (const auto* flag = std::get_if<bool>(&part)) {
        numbers.push_back(*flag ? 1 : 0);
      } else {
        unknown("a list of attributes of several kinds");
        break;
      }
    }
    return numbers;
  }

  template <typename T>
  static std::vector<T> gather(const std::vector<Attribute>& parts) {
    std::vector<T> result;
    result.reserve(parts.size());
    for (const Attribute& part : parts) result.push_back(std::get<T>(part));
    return result;
  }

  void read_attributes(element op, Operator& result) {
    if (!has(op, "A")) return;
    for (const element entry : items(at(op, "A"), "'A'")) {
      const std::string_view name = text(at(entry, "N"), "an attribute's name");
      const element value = at(entry, "AT");
      if (error_) return;
      if (name == "op_callstack") {
        result.source = read_callstack(value);
        continue;
      }
      auto attribute = read_attribute(value);
      if (error_) return;
      if (!attribute) continue;
      if (name == "struct_name" && std::holds_alternative<std::string>(*attribute)) {
        result.scope = scope_of(std::get<std::string>(*attribute));
      } else {
        result.attributes.insert_or_assign(std::string(name), std::move(*attribute));
      }
    }
  }

  // The layer's path "/LeNet/Conv2D/".
  static std::string scope_of(std::string_view path) {
    const size_t first = path.find_first_not_of('/');
    if (first == std::string_view::npos) return {};
    return std::string(path.substr(first, path.find_last_not_of('/') - first + 1));
  }

  std::string read_callstack(element value) {
    std::vector<std::string_view> frames;
    if (!has(value, "D")) return {};
    for (const element frame : items(at(value, "D"), "'op_callstack'")) {
      if (!error_ && has(frame, "D")) frames.push_back(text(at(frame, "D"), "a frame"));
    }
    return error_ ? std::string() : user_source(frames);
  }

  // --- operators

  void read_operator(element op, BlockId id) {
    const std::string_view tag = text(at(op, "#"), "an operator's name");
    if (error_) return;
    const std::string_view name = without_dialect(tag);
    place_ += " (" + std::string(name) + ")";
    if (tag == "p") return read_parameter(op);
    if (tag == "0.combine" || tag == "0.split" || tag == "0.slice") return read_list_operator(op, name);
    if (tag == "0.constant") return read_constant(op);
    // A value that training wrote back to a parameter.
    if (tag == "0.set_parameter") return;
    Operator result;
    read_attributes(op, result);
    if (error_) return;
    if (tag == "2.yield") return read_yield(op, id);
    if (id == 0 && (name == "data" || name == "feed" || name == "fetch" || name == "shadow_output")) {
      return read_interface(op, name, result);
    }
    // In models saved behind its optimiser, Paddle writes oneDNN's operators so; it doesn't read them again.
    constexpr std::string_view kOwn[] = {"0.", "1.", "2.", "onednn_op."};
    const bool own = std::ranges::any_of(kOwn, [&](std::string_view dialect) { return tag.starts_with(dialect); });
    result.source_name = own ? name : tag;
    name_operands(op, result);
    for (const auto& [operator_name, last_version, attribute] : kOlderBehaviours) {
      if (result.name == operator_name && version_ <= last_version) result.attributes.emplace(attribute, true);
    }
    read_results(op, result);
    if (error_) return;
    const size_t index = block(id).operators.size();
    block(id).operators.push_back(std::move(result));
    if (has(op, "regions")) read_regions(op, id, index);
  }

  // {"#":"p","A":[is_distributed, is_parameter, need_clip, name],"O":{"%":8,"TT":…},"OA":[persistable, …]}
  void read_parameter(element op) {
    const std::vector<element> facts = items(at(op, "A"), "'A'");
    if (error_) return;
    if (facts.size() < 4) return malformed("the name is missing");
    const std::string name(text(facts[3], "the name"));
    add_parameter(at(op, "O"), name, list_of(op, name));
  }

  // A layer's scratch tensor (a recurrent network's state of its dropout) has no value that inference reads, and is not
  // in the parameter file, unless the layer was built in static mode. Programs saved with trainable=False have no OA:
  // the name says what it is, not whether it was saved.
  std::vector<ValueId>* list_of(element op, const std::string& name) {
    if (!has(op, "OA")) return name.ends_with("__non_persistable") ? &parsed_.perhaps_saved : &parsed_.parameters;
    const std::vector<element> facts = items(at(op, "OA"), "'OA'");
    const bool saved = error_ || facts.empty() || integer(facts.front(), "'persistable'") != 0;
    return saved ? &parsed_.parameters : nullptr;
  }

  // builtin.constant: a tensor of the parameter file, by its name.
  void read_constant(element op) {
    Operator facts;
    read_attributes(op, facts);
    if (error_) return;
    const auto name = facts.attributes.find("value");
    if (name == facts.attributes.end() || !std::holds_alternative<std::string>(name->second))
      return malformed("the name is missing");
    add_parameter(only_item(at(op, "O"), "a constant's results"), std::get<std::string>(name->second),
                  &parsed_.parameters);
  }

  // `list`: which of the program's lists it stands in; none if it has no data.
  void add_parameter(element result, const std::string& name, std::vector<ValueId>* list) {
    const int64_t number = integer(at(result, "%"), "a result's id");
    const element type = at(result, "TT");
    if (error_) return;
    const Slot slot = define(number, type, name);
    if (error_) return;
    if (slot.ids.size() != 1 || parsed_.program.values[slot.ids.front()].type.kind != ProgramType::Kind::kTensor)
      return malformed("the parameter '" + name + "' is no tensor");
    if (list != nullptr) list->push_back(slot.ids.front());
  }

  // Lists of values live in slots only: combine makes one, split and slice take it apart.
  void read_list_operator(element op, std::string_view name) {
    const std::vector<Slot> inputs = operands(op);
    const std::vector<element> results = items(at(op, "O"), "'O'");
    if (error_) return;
    const auto bind = [&](element result, Slot slot) {
      const int64_t number = integer(at(result, "%"), "a result's id");
      if (error_) return;
      if (!slots_.emplace(number, std::move(slot)).second)
        return malformed("the value %" + std::to_string(number) + " is defined twice");
      defined_.push_back(number);
    };
    if (name == "combine") {
      if (results.size() != 1) return malformed("it has not one result");
      Slot all;
      for (size_t i = 0; i < inputs.size(); ++i) all.ids.push_back(single(inputs, i, "an operand"));
      return bind(results.front(), std::move(all));
    }
    if (inputs.size() != 1) return malformed("it has not one operand");
    const std::vector<ValueId>& parts = inputs.front().ids;
    if (name == "slice") {
      Operator facts;
      read_attributes(op, facts);
      if (error_) return;
      const auto index = facts.attributes.find("index");
      const auto* number = index == facts.attributes.end() ? nullptr : std::get_if<int64_t>(&index->second);
      if (results.size() != 1 || number == nullptr || *number < 0 || static_cast<size_t>(*number) >= parts.size())
        return malformed("its index is outside the list");
      return bind(results.front(), {{parts[static_cast<size_t>(*number)]}});
    }
    if (results.size() != parts.size()) return malformed("it has not one result for each part of the list");
    for (size_t i = 0; i < parts.size() && !error_; ++i) bind(results[i], {{parts[i]}});
  }

  void read_yield(element op, BlockId id) {
    const std::vector<Slot> inputs = operands(op);
    for (size_t i = 0; i < inputs.size() && !error_; ++i) {
      const ValueId value = single(inputs, i, "a yielded operand");
      block(id).results.push_back(value);
    }
  }

  void read_interface(element op, std::string_view kind, const Operator& facts) {
    const auto text_of = [&](const char* key) {
      const auto found = facts.attributes.find(key);
      const auto* value = found == facts.attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
      if (value == nullptr) malformed(std::string("the attribute '") + key + "' is missing");
      return value == nullptr ? std::string() : *value;
    };
    const auto column = facts.attributes.find("col");
    const auto* number = column == facts.attributes.end() ? nullptr : std::get_if<int64_t>(&column->second);
    if (kind == "data" || kind == "feed") {
      const element result = only_item(at(op, "O"), "an input's results");
      if (error_) return;
      const std::string name = text_of("name");
      const int64_t id = integer(at(result, "%"), "a result's id");
      const element type = at(result, "TT");
      if (error_) return;
      const Slot slot = define(id, type, name);
      if (error_) return;
      if (slot.ids.size() != 1) return malformed("an input is a list");
      feeds_.push_back({number == nullptr ? static_cast<int64_t>(feeds_.size()) : *number, slot.ids.front()});
      return;
    }
    const std::vector<Slot> inputs = operands(op);
    if (error_) return;
    const std::string name = text_of(kind == "fetch" ? "name" : "output_name");
    const ValueId value = single(inputs, 0, "an output's operand");
    if (error_) return;
    fetches_.push_back({number == nullptr ? static_cast<int64_t>(fetches_.size()) : *number, name, value});
    // The result of fetch is the fetched tensor itself, should anything read it.
    for (const element result : has(op, "O") ? items(at(op, "O"), "'O'") : std::vector<element>()) {
      const int64_t id = integer(at(result, "%"), "a result's id");
      if (!error_ && slots_.emplace(id, Slot{{value}}).second) defined_.push_back(id);
    }
  }

  static bool is_control_flow(const Operator& op) {
    return op.source_name == "if" || op.source_name == "while" || op.source_name == "pylayer";
  }

  // Operands and results by the names of our vocabulary.
  void name_operands(element op, Operator& result) {
    const std::vector<Slot> inputs = operands(op);
    if (error_) return;
    row_ = find_pir_row(result.source_name, inputs.size());
    result.name = row_ == nullptr ? result.source_name : std::string(row_->name);
    if (result.source_name == "pylayer") return;  // its block reads the outer values themselves
    if (is_control_flow(result)) {
      if (inputs.empty()) return malformed("the condition is missing");
      const ValueId condition = single(inputs, 0, "the condition");
      result.inputs.emplace_back("cond", std::vector<ValueId>{condition});
      std::vector<ValueId> carried;
      for (size_t i = 1; i < inputs.size() && !error_; ++i) carried.push_back(single(inputs, i, "a loop value"));
      if (result.source_name == "while") result.inputs.emplace_back("x", std::move(carried));
      return;
    }
    const auto names = row_ == nullptr ? std::vector<std::string_view>() : split_words(row_->inputs);
    // More operands than any version known here has must not be passed over.
    if (row_ != nullptr && inputs.size() > names.size()) {
      result.name += " with " + std::to_string(inputs.size()) + " operands";
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].ids.empty()) continue;
      const std::string name = i < names.size() ? std::string(names[i]) : "operand_" + std::to_string(i);
      result.inputs.emplace_back(name, inputs[i].ids);
    }
  }

  void read_results(element op, Operator& result) {
    const bool control = is_control_flow(result);
    const auto names = row_ == nullptr ? std::vector<std::string_view>() : split_words(row_->outputs);
    if (control) result.outputs.emplace_back("out", std::vector<ValueId>());
    size_t index = 0;
    for (const element item : items(at(op, "O"), "'O'")) {
      const int64_t number = integer(at(item, "%"), "a result's id");
      const element type = at(item, "TT");
      if (error_) return;
      const size_t position = index++;
      if (is_absent(type)) continue;
      const Slot slot = define(number, type, result.source_name + "_" + std::to_string(number));
      if (error_) return;
      if (control) {
        if (slot.ids.size() != 1) return malformed("a result is a list");
        result.outputs.front().second.push_back(slot.ids.front());
        continue;
      }
      const std::string name =
          position < names.size() ? std::string(names[position]) : "result_" + std::to_string(position);
      result.outputs.emplace_back(name, slot.ids);
    }
  }

  void read_regions(element op, BlockId parent, size_t index) {
    for (const element region : items(at(op, "regions"), "'regions'")) {
      if (error_) return;
      const auto id = static_cast<BlockId>(parsed_.program.blocks.size());
      parsed_.program.blocks.emplace_back();
      block(id).parent = parent;
      block(parent).operators[index].blocks.push_back(id);
      read_region(region, id);
      if (error_) return;
    }
    const Operator& owner = block(parent).operators[index];
    const size_t wanted = owner.outputs.empty() ? 0 : owner.outputs.front().second.size();
    const auto results_of = [&](size_t i) { return block(owner.blocks[i]).results.size(); };
    if (owner.name == "if" && (owner.blocks.size() != 2 || results_of(0) != wanted || results_of(1) != wanted))
      malformed("the branches do not yield one value for each result");
    if (owner.name == "pylayer" &&
        (owner.blocks.size() != 1 || results_of(0) != wanted || !block(owner.blocks[0]).arguments.empty()))
      malformed("its block does not yield one value for each result");
    const auto carried = [&] { return owner.inputs.back().second.size(); };
    if (owner.name == "while" && (owner.blocks.size() != 1 || carried() != wanted || results_of(0) != wanted + 1 ||
                                  block(owner.blocks[0]).arguments.size() != wanted))
      malformed("the body does not yield a condition and one value for each of the loop's");
  }

  ParsedProgram parsed_;
  std::unordered_map<int64_t, Slot> slots_;
  std::vector<int64_t> defined_;  // ids in slots_, in the order of definition
  std::vector<Feed> feeds_;
  std::vector<Fetch> fetches_;
  const PirRow* row_ = nullptr;  // of the operator at hand
  int64_t version_ = 0;
  std::string place_;
  std::optional<Diagnostic> error_;
};

}  // namespace

Result<ParsedProgram> parse_pir_program(std::span<const std::byte> bytes) {
  simdjson::dom::parser parser;
  element root;
  const auto status = parser.parse(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()).get(root);
  if (status != simdjson::SUCCESS) {
    return fail(kMalformedProgram, std::string("the program does not parse: the file is damaged or incomplete (") +
                                       simdjson::error_message(status) + ")");
  }
  return PirReader().read(root);
}

bool looks_like_pir_program(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 4096));
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' &&
         (text.find("\"base_code\"") != std::string_view::npos || text.find("\"program\"") != std::string_view::npos);
}

}  // namespace paddle2onnx
