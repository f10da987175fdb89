// Decoders: paths through lattices and beams, and how far sequences are apart. They walk along time with Scan, so that
// the length may be known at run time only.
#include <functional>
#include <optional>
#include <tuple>

#include "mapper/indices.h"
#include "mapper/lod.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// --- Scan -----------------------------------------------------------------------------------------------------------

// One step of a walk: the states before and the elements of the step; gives the states behind and what is recorded.
struct Step {
  std::vector<Value> states;
  std::vector<Value> recorded;
};
using StepFunction = std::function<Step(const std::vector<Value>& states, const std::vector<Value>& elements)>;

// Walks along the first axis of `sequences`, from its end if `backwards`. The states keep their types and shapes; what
// the steps record stands in the order of the sequences.
Step walk(Builder& g, const std::vector<Value>& states, const std::vector<Value>& sequences, bool backwards,
          const StepFunction& step) {
  std::vector<Value> inputs;
  std::vector<Value> before;
  std::vector<Value> elements;
  for (const Value& state : states) {
    before.push_back(g.new_value(g.unique_value_name("state"), state.dtype(), state.dims()));
    inputs.push_back(before.back());
  }
  for (const Value& sequence : sequences) {
    const Dims dims(sequence.dims()->begin() + 1, sequence.dims()->end());
    elements.push_back(g.new_value(g.unique_value_name("element"), sequence.dtype(), dims));
    inputs.push_back(elements.back());
  }
  Step result;
  const auto body = g.inner_graph(inputs, [&] { result = step(before, elements); });
  std::vector<Value> outputs = result.states;
  outputs.insert(outputs.end(), result.recorded.begin(), result.recorded.end());
  g.set_outputs(*body, outputs);

  std::vector<ValueInfo> types;
  for (const Value& state : states) {
    ValueInfo& type = types.emplace_back();
    type.dtype = state.dtype();
    type.dims = state.dims();
  }
  for (const Value& recorded : result.recorded) {
    ValueInfo& type = types.emplace_back();
    type.dtype = recorded.dtype();
    type.dims = recorded.dims();
    if (type.dims) type.dims->insert(type.dims->begin(), sequences.front().dim(0));
  }
  NodeAttributes attributes = {{"body", body}, {"num_scan_inputs", static_cast<int64_t>(sequences.size())}};
  if (backwards) {
    attributes.emplace_back("scan_input_directions", Ints(sequences.size(), 1));
    attributes.emplace_back("scan_output_directions", Ints(result.recorded.size(), 1));
  }
  std::vector<Value> operands = states;
  operands.insert(operands.end(), sequences.begin(), sequences.end());
  const std::vector<Value> all = g.nodes_like("Scan", operands, std::move(attributes), types);
  const auto split = all.begin() + static_cast<std::ptrdiff_t>(states.size());
  return {{all.begin(), split}, {split, all.end()}};
}

Value gather_elements(Builder& g, Value x, Value indices, int64_t axis) {
  return g.node("GatherElements", {x, indices}, {{"axis", axis}}, {x.dtype(), indices.dims()});
}

// --- beams ----------------------------------------------------------------------------------------------------------

// The whole sequences of beams: from the last step back, each step's id is that of the beam it came from.
void gather_tree(OpContext& op) {
  Builder& g = op.graph();
  const Value ids = op.in("ids");
  const Value parents = g.cast(op.in("parents"), DType::kInt64);
  if (rank_of(op, ids) != 3) op.fail("ids that are not [time, batch, beams]");
  const Value beams = g.expand(positions(g, g.dim(ids, 2)), g.concat({g.dim(ids, 1), g.dim(ids, 2)}, 0));
  const Step walked = walk(g, {beams}, {ids, parents}, true, [&](const auto& states, const auto& elements) {
    return Step{{gather_elements(g, elements[1], states[0], 1)}, {gather_elements(g, elements[0], states[0], 1)}};
  });
  op.out("out", walked.recorded.front());
}

// --- paths
// ------------------------------------------------------------------------------------------------------------

struct Path {
  Value score;  // [batch]
  Value tags;   // int64 [batch, time], 0 behind the end
};

// Viterbi's algorithm. `first` are the scores of the tags at the first step [batch, tags], `others` what each later
// step adds to them [time - 1, batch, tags], `transition` [tags, tags] what the way from one tag to another adds,
// `last` [tags] what the end adds; `lengths` int64 [batch].
Path best_path(Builder& g, Value first, Value others, Value transition, Value last, Value lengths) {
  const Value times = g.add(positions(g, g.dim(others, 0)), g.scalar_i64(1));
  const Value length = g.unsqueeze(lengths, {1});
  Dims places(first.dims()->begin(), first.dims()->end());
  const Step forward = walk(g, {first}, {others, times}, false, [&](const auto& states, const auto& elements) {
    const Value scores = g.add(g.unsqueeze(states[0], {2}), transition);  // [batch, from, to]
    const Value from =
        g.node("ArgMax", {scores}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}, {DType::kInt64, places});
    const Value next = g.add(g.reduce("ReduceMax", scores, Ints{1}, false), elements[0]);
    return Step{{g.where(g.less(elements[1], length), next, states[0])}, {from}};
  });
  Value scores = forward.states.front();
  if (last) scores = g.add(scores, last);
  Dims one = places;
  one.back() = 1;
  const Value end = g.node("ArgMax", {scores}, {{"axis", int64_t{1}}, {"keepdims", int64_t{1}}}, {DType::kInt64, one});
  const Step back =
      walk(g, {end}, {forward.recorded.front(), times}, true, [&](const auto& states, const auto& elements) {
        const Value from = gather_elements(g, elements[0], states[0], 1);
        const Value tag = g.where(g.less(elements[1], length), from, states[0]);
        return Step{{tag}, {tag}};
      });
  // [time, batch, 1] to [batch, time]
  const Value tags = g.concat({back.recorded.front(), g.unsqueeze(end, {0})}, 0);
  const Value path = g.squeeze(g.transpose(tags, {1, 0, 2}), {2});
  const Value all_times = positions(g, g.dim(path, 1));
  return {g.reduce("ReduceMax", scores, Ints{1}, false), g.where(g.less(all_times, length), path, g.scalar_i64(0))};
}

struct Emissions {
  Value first;   // [batch, tags]
  Value others;  // [time - 1, batch, tags]
};

Emissions by_time(Builder& g, Value emissions) {
  const Value time_first = g.transpose(emissions, {1, 0, 2});
  return {g.squeeze(g.slice(time_first, Ints{0}, Ints{1}, Ints{0}), {0}),
          g.slice(time_first, Ints{1}, Ints{kToTheEnd}, Ints{0})};
}

Value row(Builder& g, Value matrix, int64_t number) {
  const int64_t end = number == -1 ? kToTheEnd : number + 1;
  return g.squeeze(g.slice(matrix, Ints{number}, Ints{end}, Ints{0}), {0});
}

// The way begins with the transitions of the last tag and ends with those of the last but one, if they are included.
// Steps behind the longest sequence are cut off.
void viterbi_decode(OpContext& op) {
  Builder& g = op.graph();
  Value potentials = op.in("potentials");
  if (rank_of(op, potentials) != 3) op.fail("potentials that are not [batch, time, tags]");
  const Value transition = op.in("transition_params");
  const Value lengths = g.cast(op.in("lengths"), DType::kInt64);
  const Value longest = g.reduce("ReduceMax", lengths, Ints{0}, true);
  potentials = g.slice(potentials, g.ints({0}), longest, g.ints({1}));
  auto [first, others] = by_time(g, potentials);
  Value last;
  if (op.attr<bool>("include_bos_eos_tag", true)) {
    first = g.add(first, row(g, transition, -1));
    last = row(g, transition, -2);
  }
  const Path path = best_path(g, first, others, transition, last, lengths);
  op.out_as_computed("scores", path.score);
  op.out_as_computed("path", path.tags);
}

// The transitions' first two rows are those from the begin and to the end. With labels: where the path agrees with
// them.
void crf_decoding(OpContext& op) {
  Builder& g = op.graph();
  Value emission = op.in("emission");
  const Value weights = op.in("transition");
  Value lengths;
  std::optional<Grid> grid;  // of sequences behind one another (LoD)
  if (const Value given = op.in_or_none("length")) {
    if (rank_of(op, emission) != 3) op.fail("emissions that are not [batch, time, tags]");
    lengths = g.reshape(g.cast(given, DType::kInt64), Ints{-1});
  } else {
    const Sequences s = sequences_of(op, "emission");
    lengths = s.lengths;
    grid = make_grid(g, emission, s);
    emission = on_grid(g, emission, *grid, row_of(g, emission, 0));
  }
  const auto [first, others] = by_time(g, emission);
  const Value transition = g.slice(weights, Ints{2}, Ints{kToTheEnd}, Ints{0});
  const Path path = best_path(g, g.add(first, row(g, weights, 0)), others, transition, row(g, weights, 1), lengths);
  Value out = path.tags;
  if (grid) {
    out = off_grid(g, g.unsqueeze(out, {2}), *grid);  // [rows, 1]
    if (const Value label = op.in_or_none("label"))
      out = g.cast(g.equal(g.reshape(g.cast(label, DType::kInt64), g.shape(out)), out), DType::kInt64);
    return op.out("viterbi_path", out);
  }
  if (Value label = op.in_or_none("label")) {
    label = g.reshape(g.cast(label, DType::kInt64), g.shape(out));
    const Value inside = g.less(positions(g, g.dim(out, 1)), g.unsqueeze(lengths, {1}));
    out = g.cast(g.logical_and(g.equal(label, out), inside), DType::kInt64);
  }
  op.out("viterbi_path", out);
}

// --- distances
// --------------------------------------------------------------------------------------------------------

// Levenshtein's distance of hyps [batch, m] and refs [batch, n]. Row i of the table from row i - 1: what deletion and
// substitution give, c[j]; then insertions, min over k ≤ j of c[k] + j - k.
void edit_distance(OpContext& op) {
  Builder& g = op.graph();
  if (op.has("hypslength") != op.has("refslength")) op.fail("lengths of one side only");
  // [batch, length], and the lengths [batch, 1]; without these, sequences behind one another (LoD).
  const auto padded = [&](std::string_view name, std::string_view length) -> std::pair<Value, Value> {
    const Value x = op.in(name);
    if (rank_of(op, x) != 2) op.fail("sequences that are not [batch, length]");
    if (op.has(length)) return {x, g.reshape(g.cast(op.in(length), DType::kInt64), Ints{-1, 1})};
    const Sequences s = sequences_of(op, name);
    const Value flat = g.flatten_to_1d(x);
    return {on_grid(g, flat, make_grid(g, flat, s), row_of(g, flat, 0)), g.unsqueeze(s.lengths, {1})};
  };
  Value hyps;
  Value hyp_length;
  Value refs;
  Value ref_length;
  std::tie(hyps, hyp_length) = padded("hyps", "hypslength");
  std::tie(refs, ref_length) = padded("refs", "refslength");
  const DType dtype = DType::kFloat32;
  const Value one = g.scalar(1, dtype);
  const Value places = positions(g, g.add(g.dim(hyps, 1), g.ints({1})));  // 0 … m
  const Value column = g.cast(places, dtype);
  const Value start = g.expand(column, g.concat({g.dim(hyps, 0), g.ints({1})}, 0));
  const Value prefix = g.less_equal(places, g.unsqueeze(places, {1}));  // [m + 1, m + 1]: k ≤ j
  const Value times = g.add(positions(g, g.dim(refs, 1)), g.scalar_i64(1));
  const Value tokens = g.unsqueeze(g.transpose(refs, {1, 0}), {2});  // [n, batch, 1]
  const Step walked = walk(g, {start}, {tokens, times}, false, [&](const auto& states, const auto& elements) {
    const Value above = states[0];
    const Value differs = g.cast(g.logical_not(g.equal(hyps, elements[0])), dtype);
    const Value substituted = g.add(g.slice(above, Ints{0}, Ints{-1}, Ints{1}), differs);
    const Value deleted = g.add(above, one);
    const Value first = g.slice(deleted, Ints{0}, Ints{1}, Ints{1});
    const Value others = g.min(substituted, g.slice(deleted, Ints{1}, Ints{kToTheEnd}, Ints{1}));
    const Value without = g.sub(g.concat({first, others}, 1), column);
    const Value choices = g.where(prefix, g.unsqueeze(without, {1}), g.scalar(1e30, dtype));
    const Value next = g.add(g.reduce("ReduceMin", choices, Ints{2}, false), column);
    return Step{{g.where(g.less(ref_length, elements[1]), above, next)}, {}};
  });
  Value out = gather_elements(g, walked.states.front(), hyp_length, 1);
  if (op.attr<bool>("normalized", false)) out = g.div(out, g.cast(ref_length, dtype));
  op.out("out", out);
  op.out("sequencenum", g.dim(hyps, 0));
}

constexpr MapperEntry kEntries[] = {
    {"crf_decoding", 11, crf_decoding, "sequences of several levels"},
    {"edit_distance", 11, edit_distance, "sequences of several levels"},
    {"gather_tree", 11, gather_tree},
    {"viterbi_decode", 11, viterbi_decode},
};

}  // namespace

extern const MapperTable kDecodingMappers = kEntries;

}  // namespace paddle2onnx
