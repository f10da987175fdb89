// Collective operators, as the program of one rank (process) of several holds them: what can be computed on that rank
// alone. Those that need the tensors of other ranks are identities if the operator says that there is one rank, and
// refused otherwise; those that cannot say so have their reason in known_operators.inc.
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

constexpr std::string_view kOneRank = "more ranks than one";

// Waits for devices, and what only the backward pass makes more of.
void same(OpContext& op) {
  const std::vector<Value> xs = op.ins("x");
  for (size_t i = 0; i < xs.size(); ++i) op.out("out", xs[i], i);
}

// Whether there is one rank; fails if that is not known.
void of_one_rank(OpContext& op) {
  const auto ranks = op.attr<int64_t>("nranks", 0);
  if (ranks > 1) {
    op.fail("distributed: it joins or shares out the tensors of " + std::to_string(ranks) +
                " ranks, and this file holds the program of one",
            "export the model from one process, with the parameters of all ranks");
  }
  if (ranks < 1) {
    op.fail("distributed: it joins or shares out the tensors of several ranks, and the file does not say of how many",
            "export the model from one process, with the parameters of all ranks");
  }
  op.out("out", op.in("x"));
}

// This rank's part of the last dimension.
void c_split(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto ranks = op.attr<int64_t>("nranks", 1);
  const auto rank = op.attr<int64_t>("rank", 0);
  if (rank < 0 || rank >= ranks) op.fail("rank " + std::to_string(rank) + " of " + std::to_string(ranks) + " ranks");
  if (ranks == 1) return op.out("out", x);
  const int64_t axis = rank_of(op, x) - 1;
  if (axis < 0) op.fail("a tensor of rank 0");
  if (x.dim(axis) >= 0 && x.dim(axis) % ranks != 0)
    op.fail("a last dimension of " + std::to_string(x.dim(axis)) + " in " + std::to_string(ranks) + " parts");
  const Value part = g.div(g.dim(x, axis), g.ints({ranks}));
  const Value start = g.mul(part, g.ints({rank}));
  op.out("out", g.slice(x, start, g.add(start, part), g.ints({axis})));
}

// The table holds the rows of this rank, from `start_index` on; the others' are zeros here. `vocab_size` is that of all
// ranks, which Paddle only checks the indices with.
void c_embedding(OpContext& op) {
  Builder& g = op.graph();
  const Value table = op.in("weight");
  Value row = g.cast(op.in("x"), DType::kInt64);
  if (const auto start = op.attr<int64_t>("start_index", 0); start != 0) row = g.sub(row, g.scalar_i64(start));
  const Value zero = g.scalar_i64(0);
  const Value here = g.logical_and(g.greater_equal(row, zero), g.less(row, as_scalar(g, g.dim(table, 0))));
  const Value rows = g.gather(table, g.where(here, row, zero), 0);
  op.out("out", g.where(g.unsqueeze(here, {-1}), rows, g.scalar(0, table.dtype())));
}

constexpr MapperEntry kEntries[] = {
    {"all_gather", 7, of_one_rank, kOneRank},
    {"c_embedding", 9, c_embedding},
    {"c_identity", 7, same},
    {"c_split", 7, c_split},
    {"c_wait_comm", 7, same},
    {"c_wait_compute", 7, same},
    {"dist_concat", 7, of_one_rank, kOneRank},
    {"reduce_scatter", 7, of_one_rank, kOneRank},
    {"sync_calc_stream", 7, same},
    {"sync_comm_stream", 7, same},
};

}  // namespace

extern const MapperTable kCollectiveMappers = kEntries;

}  // namespace paddle2onnx
