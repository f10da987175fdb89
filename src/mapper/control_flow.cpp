// Conditionals and loops: ONNX's If and Loop. (program.h states the form of `if` and `while`.)
#include <array>

#include "graph/complex.h"
#include "mapper/indices.h"
#include "mapper/sequences.h"
#include "mapper/tables.h"
#include "program/undefined.h"

namespace paddle2onnx {
namespace {

// As ONNX wants a condition: a bool of rank 0. Paddle's may have one element of any rank.
Value condition(Builder& g, Value x) {
  x = g.cast(x, DType::kBool);
  if (x.rank() == 0) return x;
  return x.rank() == 1 ? g.squeeze(x, {0}) : g.reshape(x, Ints{});
}

std::optional<bool> known_condition(Value x) {
  const Tensor* tensor = x.constant();
  if (tensor == nullptr || tensor->count() != 1) return std::nullopt;
  return as_doubles(*tensor).front() != 0;
}

bool is_undefined(Value x) {
  const Tensor* tensor = x.constant();
  return tensor != nullptr && is_floating(tensor->dtype) && tensor->count() == 1 &&
         static_cast<float>(as_doubles(*tensor).front()) == kUndefined;
}

// Whether another type would do as well: nothing is in it.
bool is_untyped(Value x) { return is_undefined(x) || (x.is_sequence() && x.info()->length == 0); }

// In the place of an untyped value: something of a type.
Value stand_in(Builder& g, const ValueInfo& type) {
  if (type.sequence) return empty_sequence(g, type.dtype);
  Ints sizes;
  for (const int64_t dim : type.dims.value_or(Dims{})) sizes.push_back(dim < 0 ? 1 : dim);
  return g.expand(g.filled(0, type.dtype, Dims(sizes.size(), 1)), g.ints(sizes));
}

// The type of a value without its contents: what a value may be told to be that is this one or others.
ValueInfo type_of(Value x) {
  ValueInfo type;
  type.dtype = x.dtype();
  type.dims = x.dims();
  type.sequence = x.is_sequence();
  type.misdeclared = x.info()->misdeclared;
  type.varying_rank = x.info()->varying_rank;
  return type;
}

// Takes out of `type` what doesn't hold for a value of the type `other`, which has the same dtype. Says whether that
// was anything.
bool relax(ValueInfo& type, const ValueInfo& other) {
  const ValueInfo before = type;
  if (type.dims && other.dims && type.dims->size() == other.dims->size()) {
    for (size_t i = 0; i < type.dims->size(); ++i) {
      if ((*type.dims)[i] != (*other.dims)[i]) (*type.dims)[i] = -1;
    }
  } else if (type.dims) {
    type.varying_rank |= other.dims.has_value();
    type.dims.reset();
  }
  // Paddle infers a body once, from the types before the first turn, and a conditional from one branch.
  type.misdeclared |= other.misdeclared || type.dims != before.dims;
  type.varying_rank |= other.varying_rank;
  return type.dims != before.dims || type.misdeclared != before.misdeclared || type.varying_rank != before.varying_rank;
}

std::string describe(const ValueInfo& type) {
  return (type.sequence ? "a tensor array of " : "") + std::string(to_string(type.dtype));
}

// Paddle's branches may give int32 in one and int64 in the other, as a size read from a shape and a number do:
// int64 holds both.
bool is_index(const ValueInfo& type) {
  return !type.sequence && (type.dtype == DType::kInt32 || type.dtype == DType::kInt64);
}

bool same_kind(const ValueInfo& a, const ValueInfo& b) { return a.dtype == b.dtype && a.sequence == b.sequence; }

// --- if

void conditional(OpContext& op) {
  Builder& g = op.graph();
  if (op.op().blocks.size() != 2) op.fail("it has " + std::to_string(op.op().blocks.size()) + " blocks, not two");
  const Value cond = condition(g, op.in("cond"));
  if (const auto known = known_condition(cond)) {
    const auto results = op.blocks().map_block(op.op().blocks[*known ? 0 : 1], {});
    for (size_t i = 0; results && i < results->size(); ++i) op.out("out", (*results)[i], i);
    return;
  }

  using Results = std::optional<std::vector<Value>>;
  std::array<Results, 2> results;
  std::array<std::shared_ptr<Graph>, 2> graphs;
  for (const size_t k : {0, 1})
    graphs[k] = g.inner_graph({}, [&] { results[k] = op.blocks().map_block(op.op().blocks[k], {}); });
  if (!results[0] || !results[1]) return;

  std::array<std::vector<Value>, 2> outputs;
  std::vector<ValueInfo> types;
  std::vector<size_t> places;
  for (size_t i = 0; i < op.out_count("out"); ++i) {
    if (!op.wants("out", i)) continue;
    std::array<Value, 2> either = {results[0]->at(i), results[1]->at(i)};
    if (either[0] == either[1]) {
      op.out("out", either[0], i);
      continue;
    }
    bool undefined = false;
    for (const size_t k : {0, 1}) {
      const ValueInfo other = type_of(either[1 - k]);
      // What is undefined in one branch has the other one's type and dimensions; an empty array the type.
      undefined |= is_undefined(either[k]);
      if (is_undefined(either[k]) || (is_untyped(either[k]) && !same_kind(type_of(either[k]), other)))
        either[k] = stand_in(g, other);
    }
    if (is_index(type_of(either[0])) && is_index(type_of(either[1])) && either[0].dtype() != either[1].dtype()) {
      const size_t narrow = either[0].dtype() == DType::kInt32 ? 0 : 1;
      const auto widening = g.inner_graph({}, [&] { either[narrow] = g.cast(either[narrow], DType::kInt64); });
      graphs[narrow]->nodes.insert(graphs[narrow]->nodes.end(), widening->nodes.begin(), widening->nodes.end());
    }
    const size_t typed = is_untyped(results[0]->at(i)) ? 1 : 0;
    ValueInfo type = type_of(either[typed]);
    if (!undefined && !is_untyped(either[1 - typed])) {
      const ValueInfo other = type_of(either[1 - typed]);
      if (!same_kind(type, other))
        op.fail("its result " + std::to_string(i) + " is " + describe(type_of(either[0])) + " in one branch and " +
                describe(type_of(either[1])) + " in the other: an ONNX value has one type");
      relax(type, other);
    }
    for (const size_t k : {0, 1}) outputs[k].push_back(either[k]);
    if (is_complex(type.dtype)) op.fail("its result " + std::to_string(i) + " is complex");
    // Up to 10 shape inference wants one rank.
    if (type.varying_rank) g.need_opset(11, "If whose branches have different ranks");
    types.push_back(std::move(type));
    places.push_back(i);
  }
  if (places.empty()) return;
  for (const size_t k : {0, 1}) g.set_outputs(*graphs[k], outputs[k]);
  const std::vector<Value> out =
      g.nodes_like("If", {cond}, {{"then_branch", graphs[0]}, {"else_branch", graphs[1]}}, types);
  for (size_t i = 0; i < places.size(); ++i) op.out("out", out[i], places[i]);
}

// What a PyLayer (a Python class with a forward and a backward of its own) does forward: as if it stood here.
void pylayer(OpContext& op) {
  if (op.op().blocks.size() != 1) op.fail("it has " + std::to_string(op.op().blocks.size()) + " blocks, not one");
  const auto results = op.blocks().map_block(op.op().blocks[0], {});
  for (size_t i = 0; results && i < results->size(); ++i) op.out("out", (*results)[i], i);
}

// --- while

// One loop, whose body is mapped until what is assumed of the loop's values holds for what the body makes of them.
class Loop {
 public:
  explicit Loop(OpContext& op)
      : op_(op),
        g_(op.graph()),
        block_(op.op().blocks.at(0)),
        first_(condition(g_, op.in("cond"))),
        initial_(op.ins("x")),
        values_(op.blocks().loop_values(op.op())) {
    const Block& body = op.program().blocks[block_];
    if (body.arguments.size() != initial_.size() || body.results.size() != initial_.size() + 1)
      op.fail("its body takes " + std::to_string(body.arguments.size()) + " values and gives " +
              std::to_string(body.results.size()) + ", which does not fit " + std::to_string(initial_.size()) +
              " values and a condition");
    values_.resize(initial_.size());
  }

  void map() {
    if (known_condition(first_) == false) {
      for (size_t i = 0; i < initial_.size(); ++i) op_.out("out", initial_[i], i);
      return;
    }
    for (size_t i = 0; i < initial_.size(); ++i) {
      undefined_.push_back(is_undefined(initial_[i]) || is_placeholder(i));
      assume(i);
    }
    bool settled = false;
    while (!settled) {
      op_.blocks().keep_if([&] {
        settled = map_body();
        return settled;
      });
    }
  }

 private:
  bool reads(BlockId id, ValueId value) const {
    const auto contains = [&](const std::vector<ValueId>& ids) { return std::ranges::count(ids, value) > 0; };
    const Block& block = op_.program().blocks[id];
    if (contains(block.results)) return true;
    return std::ranges::any_of(block.operators, [&](const Operator& op) {
      return std::ranges::any_of(op.inputs, [&](const auto& slot) { return contains(slot.second); }) ||
             std::ranges::any_of(op.blocks, [&](BlockId inner) { return reads(inner, value); });
    });
  }

  // Paddle 2 gives a number of rank 0 to a variable that the loop writes before it reads it, of whatever rank.
  bool is_placeholder(size_t i) const {
    const auto declared = op_.out_dims("out", i);
    if (initial_[i].constant() == nullptr || initial_[i].rank() != 0 || !declared || declared->empty()) return false;
    return !reads(block_, op_.program().blocks[block_].arguments[i]);
  }

  // Whether another type would do as well for what is there before the loop.
  bool starts_untyped(size_t i) const { return undefined_[i] || is_untyped(initial_[i]); }

  void assume(size_t i) {
    ValueInfo type = type_of(initial_[i]);
    std::optional<ValueInfo>& known = values_[i].info;
    if (is_complex(type.dtype)) op_.fail("its value " + std::to_string(i) + " is complex");
    if (undefined_[i]) {
      // The first turn writes it; Paddle's declaration is of what is written then.
      type.dims = op_.out_dims("out", i);
      if (const DType declared = op_.out_dtype("out", i); declared != DType::kUndefined) type.dtype = declared;
    }
    if (!known) {
      known = std::move(type);
    } else if (!starts_untyped(i)) {
      check_kind(i, type, *known);
      relax(*known, type);
    }
  }

  bool changes(size_t i) const { return values_[i].change != LoopValue::Change::kNever; }

  void check_kind(size_t i, const ValueInfo& before, const ValueInfo& after) const {
    if (same_kind(before, after)) return;
    const ValueId id = op_.program().blocks[block_].arguments[i];
    op_.fail("its value '" + op_.program().values[id].name + "' is " + describe(before) +
             " before a turn of the loop and " + describe(after) + " after it: an ONNX value has one type");
  }

  // Whether the body's result is what was assumed of the loop's value; if not, other things are assumed now.
  bool holds(size_t i, Value argument, Value& result) {
    using Change = LoopValue::Change;
    Change& change = values_[i].change;
    if (change == Change::kNever) {
      if (result == initial_[i]) return true;
      change = Change::kCertain;
      return false;
    }
    if (change == Change::kAssumed && result == argument) {
      change = Change::kNever;
      return false;
    }
    change = Change::kCertain;
    ValueInfo& assumed = *values_[i].info;
    if (is_undefined(result)) result = stand_in(g_, assumed);
    const ValueInfo type = type_of(result);
    if (!same_kind(type, assumed) && starts_untyped(i)) {
      assumed = type;
      return false;
    }
    check_kind(i, assumed, type);
    return !relax(assumed, type);
  }

  // Says whether the loop is written. It isn't if the body shows that too much was assumed.
  bool map_body() {
    const Block& body = op_.program().blocks[block_];
    std::vector<Value> arguments;
    std::vector<Value> inputs = {g_.new_value(g_.unique_value_name("turn"), DType::kInt64, Dims{}),
                                 g_.new_value(g_.unique_value_name("continues"), DType::kBool, Dims{})};
    for (size_t i = 0; i < initial_.size(); ++i) {
      if (changes(i)) {
        inputs.push_back(g_.new_value_like(*values_[i].info));
        inputs.back().info()->name = g_.unique_value_name(op_.program().values[body.arguments[i]].name);
      }
      arguments.push_back(changes(i) ? inputs.back() : initial_[i]);
    }
    std::optional<std::vector<Value>> results;
    Value next;
    const auto inner = g_.inner_graph(inputs, [&] {
      results = op_.blocks().map_block(block_, arguments);
      if (results) next = condition(g_, results->front());
    });
    if (!results) return true;

    bool settled = true;
    for (size_t i = 0; i < initial_.size(); ++i) settled &= holds(i, arguments[i], (*results)[i + 1]);
    if (!settled) return false;

    std::vector<Value> before = {Value(), first_};  // no limit to the number of turns
    std::vector<Value> after = {next};
    std::vector<ValueInfo> types;
    for (size_t i = 0; i < initial_.size(); ++i) {
      if (!changes(i)) continue;
      const bool fits = !undefined_[i] && same_kind(type_of(initial_[i]), *values_[i].info);
      before.push_back(fits ? initial_[i] : stand_in(g_, *values_[i].info));
      after.push_back((*results)[i + 1]);
      types.push_back(*values_[i].info);
    }
    std::vector<Value> out;
    if (!types.empty()) {
      g_.set_outputs(*inner, after);
      out = g_.nodes_like("Loop", before, {{"body", inner}}, types);
    }
    size_t k = 0;
    for (size_t i = 0; i < initial_.size(); ++i) op_.out("out", changes(i) ? out[k++] : initial_[i], i);
    return true;
  }

  OpContext& op_;
  Builder& g_;
  BlockId block_;
  Value first_;
  std::vector<Value> initial_;
  std::vector<bool> undefined_;  // the first turn writes what it reads of these
  std::vector<LoopValue>& values_;
};

void loop(OpContext& op) { Loop(op).map(); }

// --- recurrent

// The states' types are assumed and relaxed as those of a while loop's values are.
void recurrent(OpContext& op) {
  Builder& g = op.graph();
  const BlockId block = op.op().blocks.at(0);
  const Block& step = op.program().blocks[block];
  const std::vector<Value> inputs = op.ins("inputs");
  const std::vector<Value> initial = op.ins("initial_states");
  if (inputs.empty()) op.fail("no inputs, which tell the number of steps");
  for (const Value& input : inputs) {
    if (input.is_sequence() || is_complex(input.dtype()) || rank_of(op, input) < 1)
      op.fail("an input that is no real tensor with steps");
  }
  std::vector<LoopValue>& values = op.blocks().loop_values(op.op());
  values.resize(initial.size());
  for (size_t i = 0; i < initial.size(); ++i) {
    const ValueInfo type = type_of(initial[i]);
    if (is_complex(type.dtype)) op.fail("its state " + std::to_string(i) + " is complex");
    if (!values[i].info) values[i].info = type;
    relax(*values[i].info, type);
  }
  if (initial.empty()) g.need_opset(11, "Loop without values");
  const Value count = as_scalar(g, g.dim(inputs[0], 0));
  const bool reverse = op.attr<bool>("reverse", false);

  const auto map_step = [&]() -> bool {
    std::vector<Value> arguments = {g.new_value(g.unique_value_name("turn"), DType::kInt64, Dims{}),
                                    g.new_value(g.unique_value_name("continues"), DType::kBool, Dims{})};
    std::vector<Value> states;
    for (size_t i = 0; i < initial.size(); ++i) {
      states.push_back(g.new_value_like(*values[i].info));
      states.back().info()->name = g.unique_value_name(op.program().values[step.arguments[inputs.size() + i]].name);
    }
    arguments.insert(arguments.end(), states.begin(), states.end());
    std::optional<std::vector<Value>> results;
    const auto inner = g.inner_graph(arguments, [&] {
      const Value place = reverse ? g.sub(g.sub(count, g.scalar_i64(1)), arguments[0]) : arguments[0];
      std::vector<Value> given;
      given.reserve(step.arguments.size());
      for (const Value& input : inputs) given.push_back(g.gather(input, place, 0));
      given.insert(given.end(), states.begin(), states.end());
      results = op.blocks().map_block(block, given);
    });
    if (!results) return true;
    bool settled = true;
    for (size_t i = 0; i < states.size(); ++i) {
      const ValueInfo type = type_of((*results)[i]);
      if (!same_kind(type, *values[i].info))
        op.fail("its state '" + op.program().values[step.results[i]].name + "' is " + describe(*values[i].info) +
                " before a step and " + describe(type) + " after it: an ONNX value has one type");
      settled &= !relax(*values[i].info, type);
    }
    if (!settled) return false;

    std::vector<Value> before = {count, Value()};
    before.insert(before.end(), initial.begin(), initial.end());
    std::vector<Value> after = {g.scalar(1, DType::kBool)};
    after.insert(after.end(), results->begin(), results->end());
    std::vector<ValueInfo> types;
    for (size_t i = 0; i < results->size(); ++i) {
      types.push_back(i < states.size() ? *values[i].info : type_of((*results)[i]));
      if (i < states.size() || !types[i].dims) continue;
      types[i].dims->insert(types[i].dims->begin(), inputs[0].dim(0));
    }
    g.set_outputs(*inner, after);
    const std::vector<Value> made = g.nodes_like("Loop", before, {{"body", inner}}, types);
    for (size_t i = states.size(); i < made.size(); ++i) {
      const Value out = reverse ? g.slice(made[i], {-1}, {kBeforeTheStart}, {0}, {-1}) : made[i];
      op.out("outputs", out, i - states.size());
    }
    return true;
  };
  bool settled = false;
  while (!settled) {
    op.blocks().keep_if([&] {
      settled = map_step();
      return settled;
    });
  }
}

constexpr MapperEntry kEntries[] = {
    {"if", 7, conditional, "branches that give different element types other than int32 and int64"},
    {"pylayer", 7, pylayer},
    {"recurrent", 7, recurrent, "a state whose element type changes"},
    {"while", 7, loop, "a value whose element type changes in the loop"},
};

}  // namespace

extern const MapperTable kControlFlowMappers = kEntries;

}  // namespace paddle2onnx
