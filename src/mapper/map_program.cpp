#include "mapper/map_program.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <tuple>
#include <unordered_set>

#include "graph/complex.h"
#include "mapper/catalogue.h"
#include "mapper/mapper.h"
#include "mapper/registry.h"

namespace paddle2onnx {
namespace {

constexpr size_t kMaxPlaces = 8;  // of one finding, spelled out

std::string place_of(size_t block, size_t index) {
  return "block " + std::to_string(block) + ", operator " + std::to_string(index);
}

// Findings of the same kind at several operators are one diagnostic with a count and the places.
class Findings {
 public:
  void add(Severity severity, Code code, std::string message, std::string hint, const Program& program, size_t block,
           size_t index) {
    const Operator& op = program.blocks[block].operators[index];
    const auto key = std::tuple(int{code}, op.source_name, message);
    const auto [found, fresh] = index_.emplace(key, items_.size());
    if (fresh) {
      Diagnostic diagnostic = error(code, std::move(message), std::move(hint));
      diagnostic.severity = severity;
      diagnostic.op = op.source_name;
      diagnostic.source = op.source;
      for (const auto& [slot, ids] : op.outputs) {
        for (const ValueId id : ids) diagnostic.outputs.push_back(program.values[id].name);
      }
      items_.push_back({std::move(diagnostic), {}, 0});
    }
    Item& item = items_[found->second];
    ++item.count;
    if (item.places.size() < kMaxPlaces) item.places.push_back(place_of(block, index));
  }

  bool has_errors() const {
    return std::ranges::any_of(items_, [](const Item& item) { return item.diagnostic.severity == Severity::kError; });
  }

  void append_to(std::vector<Diagnostic>& diagnostics) {
    for (Item& item : items_) {
      std::string places;
      for (const std::string& place : item.places) places += (places.empty() ? "" : "; ") + place;
      if (item.count > item.places.size())
        places += "; and " + std::to_string(item.count - item.places.size()) + " more";
      if (item.count > 1) item.diagnostic.message += " (" + std::to_string(item.count) + " times)";
      item.diagnostic.place = std::move(places);
      diagnostics.push_back(std::move(item.diagnostic));
    }
  }

 private:
  struct Item {
    Diagnostic diagnostic;
    std::vector<std::string> places;
    size_t count;
  };
  std::vector<Item> items_;
  std::map<std::tuple<int, std::string, std::string>, size_t> index_;
};

// What Paddle's optimiser put into an operator and program/fusions.h could not take apart.
constexpr std::string_view kFusedInto[] = {"Scale_in",
                                           "Scale_in_eltwise",
                                           "Scale_out",
                                           "Scale_weights",
                                           "Scale_x",
                                           "Scale_y",
                                           "Shift",
                                           "fuse_activation",
                                           "fuse_brelu",
                                           "fuse_relu",
                                           "fuse_relu_before_depthwise_conv",
                                           "fuse_residual_connection",
                                           "fuse_with_relu",
                                           "fused_output_scale",
                                           "fused_reshape2_shape",
                                           "fused_reshape_Out",
                                           "fused_reshape_X",
                                           "fused_reshape_Y",
                                           "fused_squeeze2_axes",
                                           "fused_transpose_Out",
                                           "fused_transpose_X",
                                           "fused_transpose_Y",
                                           "fused_unsqueeze2_axes",
                                           "output_data_type"};

void refuse_fused(const OpContext& op) {
  for (const std::string_view name : kFusedInto) {
    const auto found = op.op().attributes.find(name);
    if (found == op.op().attributes.end()) continue;
    // A scale of quantisation is 1 where there is none.
    const bool scale = name.starts_with("Scale_") || name == "fused_output_scale";
    const bool used = std::visit(
        [&](const auto& value) {
          using T = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<T, double>) {
            return value != 0 && !(scale && value == 1);
          } else if constexpr (std::is_same_v<T, std::vector<double>>) {
            return !std::ranges::all_of(value, [&](double number) { return scale && number == 1; });
          } else if constexpr (requires { value.empty(); }) {
            return !value.empty();
          } else {
            return value != T();
          }
        },
        found->second);
    if (used)
      op.fail(std::string(name) + " is set: the model was optimised for one kind of machine",
              "convert the model as it was exported");
  }
}

// Whether Paddle's optimiser for oneDNN chose a kernel that rounds float32 operands to bfloat16.
bool rounds_to_bfloat16(OpContext& op) {
  const auto found = op.op().attributes.find("mkldnn_data_type");
  if (found == op.op().attributes.end() || found->second != Attribute(std::string("bfloat16"))) return false;
  const Value first = op.op().inputs.empty() ? Value() : op.in_or_none(op.op().inputs.front().first);
  return first && first.dtype() == DType::kFloat32;
}

// Which values anything uses: an operator, a block or the program itself as a result.
std::vector<bool> used_values(const Program& program) {
  std::vector<bool> used(program.values.size());
  for (const Block& block : program.blocks) {
    for (const Operator& op : block.operators) {
      for (const auto& [slot, ids] : op.inputs) {
        for (const ValueId id : ids) used[id] = true;
      }
    }
    for (const ValueId id : block.results) used[id] = true;
  }
  for (const auto& [name, id] : program.fetches) used[id] = true;
  return used;
}

// One run over the program at one target opset.
class Attempt : private BlockMapper {
 public:
  Attempt(const Program& program, const MapOptions& options, int opset)
      : program_(program),
        options_(options),
        used_(used_values(program)),
        graph_(std::make_unique<Graph>()),
        builder_(*graph_, opset) {}

  void run() {
    values_.resize(program_.values.size());
    sequences_.resize(program_.values.size());
    reserve_interface_names();
    add_parameters();
    add_feeds();
    map_operators(0);
    add_lod_inputs();
    if (!findings_.has_errors() && needs_.empty()) add_fetches();
  }

  // Which operators need a newer opset than the target, and which.
  struct Need {
    std::string op;
    std::string what;
    int opset;
    bool operator<(const Need& other) const {
      return std::tie(op, what, opset) < std::tie(other.op, other.what, other.opset);
    }
  };
  const std::set<Need>& needs() const { return needs_; }
  int lowest_need() const {
    int lowest = 0;
    for (const Need& need : needs_) lowest = lowest == 0 ? need.opset : std::min(lowest, need.opset);
    return lowest;
  }
  Findings& findings() { return findings_; }
  std::unique_ptr<Graph> take_graph() { return std::move(graph_); }

 private:
  // Inputs and outputs keep exactly Paddle's names, so nothing else may take them.
  void reserve_interface_names() {
    std::set<std::string> names;
    for (const ValueId id : program_.feeds) names.insert(program_.values[id].name);
    for (const auto& [name, id] : program_.fetches) names.insert(name);
    for (const std::string& name : names) builder_.unique_value_name(name);
  }

  void add_parameters() {
    for (size_t id = 0; id < program_.values.size(); ++id) {
      const ProgramValue& value = program_.values[id];
      if (value.data) values_[id] = builder_.constant(*value.data, value.name);
    }
  }

  void add_feeds() {
    std::set<std::string> seen;
    for (const ValueId id : program_.feeds) {
      const ProgramValue& value = program_.values[id];
      const std::string name = seen.insert(value.name).second ? value.name : builder_.unique_value_name(value.name);
      values_[id] = builder_.new_value(name, value.type.dtype, value.type.dims);
      graph_->inputs.push_back(values_[id]);
      sequences_[id] = Division{id, std::nullopt, value.type.lod_level != 0};
    }
  }

  void add_lod_inputs() {
    for (const ValueId id : program_.feeds) {
      if (const auto lod = lod_inputs_.find(id); lod != lod_inputs_.end()) graph_->inputs.push_back(lod->second);
    }
  }

  void add_fetches() {
    builder_.set_scope("fetch");
    std::set<std::string> taken;
    std::unordered_set<const ValueInfo*> bound;  // to an input or an output
    for (const Value& input : graph_->inputs) {
      taken.insert(input.name());
      bound.insert(input.info());
    }
    for (const auto& [fetch_name, id] : program_.fetches) {
      Value value = values_[id];
      if (!value) {
        Diagnostic diagnostic = error(kMalformedProgram, "the output '" + fetch_name + "' is never written");
        orphans_.push_back(std::move(diagnostic));
        continue;
      }
      if (is_complex(value.dtype())) {
        orphans_.push_back(error(kUnsupportedDType, "the output '" + fetch_name + "' is complex",
                                 "ONNX Runtime has no complex tensors: return paddle.as_real of it"));
        continue;
      }
      if (!value.has_rank() || value.is_sequence()) {
        std::string message = "the output '" + fetch_name + "' ";
        message += value.is_sequence() ? "is a tensor array" : "has another rank from run to run";
        message += ": an ONNX model states its outputs' ranks";
        orphans_.push_back(error(kUnsupportedAttribute, std::move(message)));
        continue;
      }
      if (!bound.insert(value.info()).second || value.constant() != nullptr) {
        const Value source = value;
        value = builder_.new_value("", source.dtype(), source.dims());
        graph_->nodes.push_back({"Identity", "", "fetch", {source}, {value}, {}});
      }
      value.info()->name = taken.insert(fetch_name).second ? fetch_name : builder_.unique_value_name(fetch_name);
      graph_->outputs.push_back(value);
    }
  }

  void map_operators(BlockId block) {
    for (size_t i = 0; i < program_.blocks[block].operators.size(); ++i) map_operator(block, i);
  }

  void map_operator(BlockId block, size_t index) {
    const Operator& op = program_.blocks[block].operators[index];
    builder_.set_scope(op.scope.empty() ? op.name + "_" + std::to_string(counters_[op.name]++) : op.scope);
    std::vector<std::string> lossy;
    OpContext context(program_, op, builder_, *this, values_, used_, lossy);
    const size_t nodes = builder_.graph().nodes.size();
    for_results(op, [&](ValueId id) { sequences_[id].reset(); });
    const auto unsupported = [&](Code code, std::string message, std::string hint) {
      findings_.add(Severity::kError, code, std::move(message), std::move(hint), program_, block, index);
    };
    try {
      const bool outside = outside_.has(op);
      const MapperChoice choice = outside ? MapperChoice() : find_mapper(op.name, builder_.opset());
      if (choice.map == nullptr && choice.first_opset > 0) throw OpsetTooLow{choice.first_opset, op.name};
      if (outside) {
        outside_.map(context);
      } else if (choice.map == nullptr) {
        unsupported(kUnsupportedOperator, not_supported(op), "");
        for (const BlockId inner : op.blocks) look_into(inner);
      } else {
        refuse_fused(context);
        choice.map(context);
        if (!choice.lossy.empty() && lossy.empty()) lossy.emplace_back(choice.lossy);
        if (rounds_to_bfloat16(context)) lossy.emplace_back("the optimised model computes it in bfloat16");
      }
    } catch (const OpsetTooLow& low) {
      needs_.insert({op.source_name, low.what, low.needed});
    } catch (const MapperFailure& failure) {
      unsupported(kUnsupportedAttribute, named(op) + ": " + failure.message, failure.hint);
    } catch (const NoComplexForm& none) {
      unsupported(kUnsupportedDType, named(op) + ": " + none.what + " is complex, for which ONNX has no form",
                  "compute with the real and the imaginary part");
    } catch (const std::out_of_range&) {
      unsupported(kUnsupportedAttribute,
                  named(op) + ": an attribute or operand is out of range for the operand's rank or shape",
                  "is the model file damaged?");
    }
    for (const std::string& reason : lossy) {
      if (options_.strict) {
        findings_.add(Severity::kError, kLossy, named(op) + " cannot be converted exactly: " + reason,
                      "without --strict this is a warning", program_, block, index);
      } else {
        findings_.add(Severity::kWarning, kLossy, named(op) + ": " + reason, "", program_, block, index);
      }
    }
    share_sequences(op);
    // What a failed operator should have given is stood in for, so that the ones behind it are judged too.
    for (const auto& [slot, ids] : op.outputs) {
      for (const ValueId id : ids) {
        const ProgramType& type = program_.values[id].type;
        if (!values_[id] && (builder_.graph().nodes.size() == nodes || failed())) {
          const auto stand_in = [&](DType dtype) { return builder_.new_value("", dtype, type.dims); };
          const DType part = part_dtype(type.dtype);
          values_[id] = is_complex(type.dtype) ? builder_.complex(stand_in(part), stand_in(part)) : stand_in(part);
        }
      }
    }
  }

  static void for_results(const Operator& op, const std::function<void(ValueId)>& visit) {
    for (const auto& [slot, ids] : op.outputs) std::ranges::for_each(ids, visit);
  }

  // The results of an operator that says nothing else are divided as its first operand that is, as Paddle has it for
  // nearly all of them. Where it has not, nobody asks, but an operator that can do without; for that one the file
  // tells.
  void share_sequences(const Operator& op) {
    std::optional<Division> shared;
    if (op.blocks.empty()) {
      for (const auto& [slot, ids] : op.inputs) {
        for (const ValueId id : ids) {
          const auto& candidate = sequences_[id];
          if (candidate && (!shared || (candidate->carried && !shared->carried))) shared = candidate;
        }
      }
    }
    for_results(op, [&](ValueId id) {
      if (sequences_[id] || (values_[id] && values_[id].is_sequence())) return;
      sequences_[id] = shared;
      if (const int level = program_.values[id].type.lod_level; shared && level >= 0)
        sequences_[id]->carried = level > 0;
    });
  }

  static std::string named(const Operator& op) {
    return op.name == op.source_name ? "'" + op.name + "'" : "'" + op.source_name + "' (" + op.name + ")";
  }

  static std::string not_supported(const Operator& op) {
    const std::string_view reason = reason_without_mapper(op.name);
    return "the operator " + named(op) + " is not supported" + (reason.empty() ? "" : ": " + std::string(reason));
  }

  bool failed() const { return findings_.has_errors() || !needs_.empty(); }

  // The operators of a block whose own operator has no mapper: at least tell all that is missing.
  void look_into(BlockId block) {
    const auto& operators = program_.blocks[block].operators;
    for (size_t i = 0; i < operators.size(); ++i) {
      if (!outside_.has(operators[i]) && find_mapper(operators[i].name, builder_.opset()).first_opset == 0)
        findings_.add(Severity::kError, kUnsupportedOperator, not_supported(operators[i]), "", program_, block, i);
      for (const BlockId inner : operators[i].blocks) look_into(inner);
    }
  }

  // --- for the mappers of control flow

  std::optional<std::vector<Value>> map_block(BlockId id, const std::vector<Value>& arguments) override {
    // protobuf's readers go 100 messages deep; a graph within a graph is three, and its types and tensors are six.
    constexpr int kMaxDepth = 30;
    if (depth_ == kMaxDepth)
      throw MapperFailure{"control flow is nested more than " + std::to_string(kMaxDepth) +
                              " deep: ONNX files with more cannot be read",
                          ""};
    const Block& block = program_.blocks[id];
    for (size_t i = 0; i < arguments.size(); ++i) values_.at(block.arguments.at(i)) = arguments[i];
    ++depth_;
    map_operators(id);
    --depth_;
    std::vector<Value> results;
    for (const ValueId result : block.results) results.push_back(values_[result]);
    // What is made in here cannot be used outside.
    for (const ValueId argument : block.arguments) values_[argument] = Value();
    for (const Operator& op : block.operators) {
      for (const auto& [slot, ids] : op.outputs) {
        for (const ValueId value : ids) values_[value] = Value();
      }
    }
    if (failed()) return std::nullopt;
    for (size_t i = 0; i < results.size(); ++i) {
      if (!results[i])
        throw MapperFailure{"its block never writes the result '" + program_.values[block.results[i]].name + "'", ""};
    }
    return results;
  }

  void keep_if(const std::function<bool()>& emit) override {
    Builder::State state = builder_.state();
    const size_t nodes = builder_.graph().nodes.size();
    auto saved = std::tuple(findings_, needs_, counters_, lod_inputs_);
    if (emit()) return;
    builder_.graph().nodes.resize(nodes);
    builder_.go_back(std::move(state));
    std::tie(findings_, needs_, counters_, lod_inputs_) = std::move(saved);
  }

  std::vector<LoopValue>& loop_values(const Operator& op) override { return loop_values_[&op]; }

  // --- for the mappers of sequences

  Lod lod(ValueId id) override {
    const ProgramValue& value = program_.values[id];
    const auto none = [&] { return MapperFailure{"'" + value.name + "' is not divided into sequences (LoD)", ""}; };
    const auto& sequences = sequences_[id];
    if (!sequences) throw none();
    if (sequences->said) {
      if (!sequences->said->offsets && !sequences->said->lengths) throw none();
      return *sequences->said;
    }
    const ProgramValue& feed = program_.values[sequences->feed];
    if (std::max(value.type.lod_level, feed.type.lod_level) > 1)
      throw MapperFailure{"the sequences of '" + value.name + "' are divided further (a LoD of several levels)",
                          "export it with sequences of one level"};
    Value& offsets = lod_inputs_[sequences->feed];
    if (!offsets) {
      offsets = builder_.new_value(builder_.unique_value_name(values_[sequences->feed].name() + ".lod"), DType::kInt64,
                                   Dims{-1});
    }
    return {.offsets = offsets};
  }

  bool carries_lod(ValueId id) const override { return sequences_[id] && sequences_[id]->carried; }

  void set_lod(ValueId id, std::optional<Lod> lod) override {
    sequences_[id] = Division{0, lod.value_or(Lod()), lod.has_value()};
  }

 public:
  std::vector<Diagnostic>& orphans() { return orphans_; }

 private:
  const Program& program_;
  const MapOptions& options_;
  const OutsideMappers outside_{options_.custom_ops, options_.mappers};
  const std::vector<bool> used_;
  std::unique_ptr<Graph> graph_;
  Builder builder_;
  std::vector<Value> values_;
  std::map<std::string, int, std::less<>> counters_;
  std::map<const Operator*, std::vector<LoopValue>> loop_values_;
  // How a value's rows are divided into sequences: as an operator said, or as those of a feed.
  struct Division {
    ValueId feed = 0;
    std::optional<Lod> said = std::nullopt;  // neither offsets nor lengths: it isn't
    bool carried = false;                    // Paddle has it for this very value, as far as the file tells
  };
  std::vector<std::optional<Division>> sequences_;  // by ValueId
  std::map<ValueId, Value> lod_inputs_;             // of feeds
  int depth_ = 0;                                   // of the block in work
  std::set<Need> needs_;
  Findings findings_;
  std::vector<Diagnostic> orphans_;
};

std::string list_needs(const std::set<Attempt::Need>& needs) {
  std::string text;
  for (const auto& need : needs) {
    text += (text.empty() ? "" : ", ") + need.op + " needs " + std::to_string(need.opset);
    if (need.what != need.op) text += " (" + need.what + ")";
  }
  return text;
}

}  // namespace

MappedGraph map_program(const Program& program, const MapOptions& options, std::vector<Diagnostic>& diagnostics) {
  int opset = options.opset_version;
  for (const std::string& name : OutsideMappers(options.custom_ops, options.mappers).unused(program)) {
    diagnostics.push_back(
        error(kCustomUnused, "custom operator '" + name + "': the model has no operator of that name"));
    diagnostics.back().severity = Severity::kWarning;
  }
  std::set<Attempt::Need> reasons;
  for (;;) {
    Attempt attempt(program, options, opset);
    attempt.run();
    // The lowest need first: in the forms of a slightly newer opset the program may do without what else was missed.
    if (const int next = attempt.lowest_need(); next > opset && next <= max_opset_version()) {
      for (const Attempt::Need& need : attempt.needs()) {
        if (need.opset == next) reasons.insert(need);
      }
      opset = next;
      continue;
    }
    const bool refused = !reasons.empty() && !options.auto_upgrade_opset;
    if (!reasons.empty()) {
      const int from = options.opset_version;
      const std::string needs = list_needs(reasons);
      std::ostringstream message;
      std::ostringstream hint;
      if (refused) {
        message << "opset " << from << " is too low, " << opset << " is needed: " << needs;
        hint << "ask for --opset_version " << opset << " or allow --enable_auto_update_opset True";
      } else {
        message << "the opset was raised from " << from << " to " << opset << ": " << needs;
      }
      Diagnostic diagnostic = error(refused ? kOpsetTooLow : kOpsetRaised, message.str(), hint.str());
      diagnostic.severity = refused ? Severity::kError : Severity::kNote;
      diagnostics.push_back(std::move(diagnostic));
    }
    if (!attempt.needs().empty()) {
      diagnostics.push_back(
          error(kOpsetTooLow, "no opset of this version's onnx is enough: " + list_needs(attempt.needs())));
    }
    const bool failed =
        refused || !attempt.needs().empty() || attempt.findings().has_errors() || !attempt.orphans().empty();
    attempt.findings().append_to(diagnostics);
    for (Diagnostic& orphan : attempt.orphans()) diagnostics.push_back(std::move(orphan));
    MappedGraph result;
    result.opset_version = opset;
    if (!failed) result.graph = attempt.take_graph();
    return result;
  }
}

}  // namespace paddle2onnx
