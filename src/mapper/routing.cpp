// How tokens find their experts (mixture of experts), on one machine. Where Paddle's kernels let the tokens race for
// the places of an expert, the first token wins here.
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

constexpr std::string_view kRace =
    "the tokens of an expert race for its places in Paddle: here they have them in order";

// bool [tokens, experts]: whether a token goes to an expert. `experts` is int64 [1].
Value choices(Builder& g, Value tokens, Value experts) {
  return g.equal(g.unsqueeze(tokens, {1}), positions(g, experts));
}

// How many tokens before it go to the same expert, int64 [tokens].
Value turn_of(Builder& g, Value tokens, Value experts) {
  const Value chosen = g.cast(choices(g, tokens, experts), DType::kInt64);
  const Value before = g.node("CumSum", {chosen, g.scalar_i64(0)}, {{"exclusive", int64_t{1}}});
  return g.reduce("ReduceSum", g.mul(before, chosen), Ints{1}, false);
}

Value tokens_of(OpContext& op, std::string_view name) {
  return op.graph().cast(op.graph().flatten_to_1d(op.in(name)), DType::kInt64);
}

// How often each of 0, 1, … upper_range - 1 occurs.
void number_count(OpContext& op) {
  Builder& g = op.graph();
  const auto experts = op.attr<int64_t>("upper_range");
  if (experts < 1 || experts > 1 << 20) op.fail("an upper_range of " + std::to_string(experts));
  const Value chosen = choices(g, tokens_of(op, "numbers"), g.ints({experts}));
  const Value count = g.reduce("ReduceSum", g.cast(chosen, DType::kInt64), Ints{0}, false);
  op.out("out", g.cast(count, op.in("numbers").dtype()));
}

// Of the counts [workers · experts], what the capacity [experts] leaves each.
void limit_by_capacity(OpContext& op) {
  Builder& g = op.graph();
  const Value count = op.in("expert_count");
  Value left = op.in("capacity");
  const auto workers = op.attr<int64_t>("n_worker");
  if (workers < 1) op.fail("an n_worker of " + std::to_string(workers));
  Value counts = count;
  if (workers > 1) {
    op.lossy("workers race for the capacity of an expert in Paddle: here the first have it");
    counts = g.reshape(count, Ints{workers, -1});
    left = g.sub(left, g.node("CumSum", {counts, g.scalar_i64(0)}, {{"exclusive", int64_t{1}}}));
  }
  const Value limited = g.min(counts, g.max(left, g.constant(from_ints(left.dtype(), {1}, {0}))));
  op.out("out", workers > 1 ? g.reshape(limited, g.shape(count)) : limited);
}

// -1 for the tokens that find their expert full.
void prune_gate_by_capacity(OpContext& op) {
  Builder& g = op.graph();
  const Value gate = op.in("gate_idx");
  const Value tokens = tokens_of(op, "gate_idx");
  const Value capacity = tokens_of(op, "expert_count");
  const Value fits = g.less(turn_of(g, tokens, g.dim(capacity, 0)), g.gather(capacity, tokens, 0));
  const Value kept = g.where(fits, tokens, g.scalar_i64(-1));
  op.out("out_gate_idx", g.cast(g.reshape(kept, g.shape(gate)), gate.dtype()));
}

// The tokens expert by expert, those of an expert from the end of its places on; `cum_count` tells where these end.
// Tokens of no expert (-1) are left out.
void assign_pos(OpContext& op) {
  Builder& g = op.graph();
  const Value tokens = tokens_of(op, "x");
  const Value ends = tokens_of(op, "cum_count");
  const Value one = g.scalar_i64(1);
  const Value place = g.sub(g.sub(g.gather(ends, tokens, 0), one), turn_of(g, tokens, g.dim(ends, 0)));
  const Value sent = g.greater(tokens, g.scalar_i64(-1));
  const auto of_sent = [&](Value v) {
    return g.node("Compress", {v, sent}, {{"axis", int64_t{0}}}, {DType::kInt64, Dims{-1}});
  };
  const Value size = as_one_dimension(g, g.cast(op.in("eff_num_len"), DType::kInt64));
  const Value nothing = g.expand(g.scalar_i64(0), size);
  const Value numbers = of_sent(positions(g, g.dim(tokens, 0)));
  const Value out = scattered_elements(g, nothing, of_sent(place), numbers, 0, "none");
  op.out_as_computed("out", g.cast(out, op.in("cum_count").dtype()));
}

// The second choice of a token is given up (-1) where twice its value is below a number of the token's.
void random_routing(OpContext& op) {
  Builder& g = op.graph();
  const Value choice = op.in("topk_idx");
  const Value value = op.in("topk_value");
  const Value second = g.equal(positions(g, g.dim(choice, 1)), g.ints({1}));
  const Value low = g.less(g.mul(value, g.scalar(2, value.dtype())), g.unsqueeze(op.in("prob"), {1}));
  const Value none = g.constant(from_ints(choice.dtype(), {}, {-1}));
  op.out("out", g.where(g.logical_and(low, second), none, choice));
}

constexpr MapperEntry kEntries[] = {
    {"assign_pos", 11, assign_pos, {}, kRace},
    {"limit_by_capacity", 9, limit_by_capacity, {}, {}, "of several workers, which race for the capacity in Paddle"},
    {"number_count", 7, number_count},
    {"prune_gate_by_capacity", 11, prune_gate_by_capacity, {}, kRace},
    {"random_routing", 9, random_routing},
};

}  // namespace

extern const MapperTable kRoutingMappers = kEntries;

}  // namespace paddle2onnx
