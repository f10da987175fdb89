// Operators of graph learning: messages along the edges of a graph, and lists of neighbours. A graph is a list of edges
// (the nodes that they come from and lead to), or, to look neighbours up, compressed: `colptr` [nodes + 1] tells where
// each node's neighbours begin and end in `row`.
#include "mapper/indices.h"
#include "mapper/lod.h"
#include "mapper/random.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// --- messages -------------------------------------------------------------------------------------------------------

// The rows of x at the nodes that the edges come from or lead to, [edges, …].
Value rows_at(OpContext& op, Value x, std::string_view index) {
  return op.graph().gather(x, as_indices(op.graph(), flat_index(op, op.in(index))), 0);
}

// Both [edges, …] in one; what is behind the edges is broadcast.
Value message(OpContext& op, Value a, Value b) {
  Builder& g = op.graph();
  const int64_t missing = rank_of(op, a) - rank_of(op, b);
  if (missing > 0) b = g.unsqueeze(b, count_from(1, 1 + missing));
  if (missing < 0) a = g.unsqueeze(a, count_from(1, 1 - missing));
  const auto type = op.attr<std::string>("message_op", "ADD");
  if (type == "ADD") return g.add(a, b);
  if (type == "MUL") return g.mul(a, b);
  op.fail("the message_op '" + type + "'");
}

// How many nodes receive, int64 [1]: out_size, or those of x where it is not positive.
Value receivers(OpContext& op, Value x) {
  Builder& g = op.graph();
  const Value nodes = g.dim(x, 0);
  if (!op.has_number("out_size")) return nodes;
  const IntsArgument size = op.ints("out_size");
  if (size.count_known && size.size() == 0) return nodes;
  if (const auto known = known_number(size, 0)) return *known > 0 ? g.ints({*known}) : nodes;
  const Value given = number_at(op, "out_size", size, 0);
  return g.where(g.greater(given, g.ints({0})), given, nodes);
}

// What each node receives of the messages that lead to it; zeros if there are none.
void receive(OpContext& op, Value x, Value messages) {
  Builder& g = op.graph();
  const Value nodes = receivers(op, x);
  const Value target = flat_index(op, op.in("dst_index"));
  const auto zeros = [&](Value shape, DType dtype) { return g.expand(g.scalar(0, dtype), shape); };
  const Value rest = g.slice(g.shape(messages), Ints{1}, Ints{kToTheEnd}, Ints{0});
  const Value nothing = zeros(rank_of(op, messages) > 1 ? g.concat({nodes, rest}, 0) : nodes, messages.dtype());
  const Value index = spread_index(g, target, messages, 0);
  const auto type = op.attr<std::string>("reduce_op", "SUM");
  if (type == "SUM") return op.out_as_computed("out", scattered_elements(g, nothing, index, messages, 0, "add"));
  if (type == "MIN" || type == "MAX") {
    // Any of the messages is a start that changes nothing.
    const Value start = scattered_elements(g, nothing, index, messages, 0, "none");
    return op.out_as_computed("out", scattered_elements(g, start, index, messages, 0, type == "MIN" ? "min" : "max"));
  }
  if (type != "MEAN") op.fail("the reduce_op '" + type + "'");
  const Value ones = g.expand(g.constant(from_ints(DType::kInt32, {}, {1})), g.shape(target));
  const Value count = scattered_elements(g, zeros(nodes, DType::kInt32), g.cast(target, DType::kInt64), ones, 0, "add");
  Value divisor = g.cast(g.max(count, g.constant(from_ints(DType::kInt32, {}, {1}))), messages.dtype());
  if (messages.rank() > 1) divisor = g.unsqueeze(divisor, count_from(1, messages.rank()));
  op.out_as_computed("out", g.div(scattered_elements(g, nothing, index, messages, 0, "add"), divisor));
  op.out_as_computed("dst_count", count);
}

// Paddle counts what a node receives for a mean only.
void check_count(const OpContext& op) {
  if (op.wants("dst_count") && op.attr<std::string>("reduce_op", "SUM") != "MEAN")
    op.fail("dst_count of another reduce_op than MEAN, which Paddle leaves without a value");
}

void send_u_recv(OpContext& op) {
  check_count(op);
  const Value x = op.in("x");
  receive(op, x, rows_at(op, x, "src_index"));
}

void send_ue_recv(OpContext& op) {
  check_count(op);
  const Value x = op.in("x");
  receive(op, x, message(op, rows_at(op, x, "src_index"), op.in("y")));
}

// A message of both ends of each edge.
void send_uv(OpContext& op) {
  op.out_as_computed("out", message(op, rows_at(op, op.in("x"), "src_index"), rows_at(op, op.in("y"), "dst_index")));
}

// --- neighbours -----------------------------------------------------------------------------------------------------

// The neighbours of nodes one behind the other: whose they are, and which of its neighbours; int64 [neighbours] both.
// `degree` is int64 [nodes]. As places_of_rows does, but of a size that does not grow with the largest degree.
RowPlaces places_of_neighbors(Builder& g, Value degree) {
  // Where the neighbours of a node begin stands how much its number is above that of the node before that has some.
  const Value nodes = g.squeeze(g.node("NonZero", {degree}, {}, {DType::kInt64, Dims{1, -1}}), {0});
  const Value before = g.concat({g.ints({0}), g.slice(nodes, Ints{0}, Ints{-1}, Ints{0})}, 0);
  const Value starts = consecutive(g, degree).starts;
  const Value total = g.reduce("ReduceSum", degree, Ints{0}, true);
  const Value steps =
      scattered_elements(g, g.expand(g.scalar_i64(0), total), g.gather(starts, nodes, 0),
                         g.sub(nodes, g.slice(before, g.ints({0}), g.shape(nodes), g.ints({0}))), 0, "none");
  RowPlaces places;
  places.sequence = g.node("CumSum", {steps, g.scalar_i64(0)});
  places.step = g.sub(positions(g, total), g.gather(starts, places.sequence, 0));
  return places;
}

// New numbers for nodes, in the order in which they appear: the nodes by these numbers, and the number of each, int64.
struct Numbered {
  Value nodes;
  Value numbers;
};
Numbered numbered(Builder& g, Value nodes) {
  const NodeResult numbers = {DType::kInt64, Dims{-1}};
  const auto found =
      g.nodes("Unique", {nodes}, {{"sorted", int64_t{0}}}, {{nodes.dtype(), Dims{-1}}, numbers, numbers, numbers});
  return {found[0], found[2]};
}

// The nodes `x` and their neighbours by new numbers, those of x first. `count` tells how many neighbours each of x has;
// of several kinds of edges, one kind behind the other.
void reindex_graph(OpContext& op) {
  Builder& g = op.graph();
  const Value x = flat_index(op, op.in("x"));
  const Numbered all = numbered(g, g.concat({x, flat_index(op, op.in("neighbors"))}, 0));
  const Value nodes = g.dim(x, 0);
  op.out_as_computed("out_nodes", all.nodes);
  op.out_as_computed("reindex_src", g.cast(g.slice(all.numbers, nodes, g.ints({kToTheEnd}), g.ints({0})), x.dtype()));
  const Value count = g.cast(flat_index(op, op.in("count")), DType::kInt64);
  const Value owner = places_of_neighbors(g, count).sequence;
  op.out_as_computed("reindex_dst", g.cast(g.node("Mod", {owner, nodes}), x.dtype()));
}

struct Sample {
  Value edges;  // int64: where the neighbours stand in `row`
  Value count;  // int64 [nodes]
};

// The neighbours of nodes, those of one node behind those of the one before: all of them, or `size` of each node that
// has more, drawn without putting back, with probabilities as the weights. A negative size is that of all, which Paddle
// documents and its kernels for CPUs get wrong.
Sample sample(OpContext& op, Value nodes, int64_t size, Value weight) {
  Builder& g = op.graph();
  const Value limits = g.cast(flat_index(op, op.in("colptr")), DType::kInt64);
  const Value starts = g.gather(limits, nodes, 0);
  const Value degree = g.sub(g.gather(limits, g.add(nodes, g.ints({1})), 0), starts);
  const RowPlaces places = places_of_neighbors(g, degree);
  const Value edges = g.add(g.gather(starts, places.sequence, 0), places.step);
  if (size < 0) return {edges, degree};
  op.lossy(std::string(kRandom));
  constexpr DType kKey = DType::kFloat64;
  const Value limit = g.ints({size});
  // The edges by random keys in [0, 1], node by node. Of exponential numbers divided by weights each of the rest is the
  // smallest with a probability as its weight.
  const Value one = g.scalar(1, kKey);
  Value key = weight ? g.div(one, g.add(one, g.div(g.cast(g.gather(flat_index(op, weight), edges, 0), kKey),
                                                   exponential_numbers(op, g.shape(edges), kKey))))
                     : uniform_numbers(op, g.shape(edges), 0, 1, kKey);
  // A node that has no more keeps the order of its neighbours.
  const Value of_node = g.gather(degree, places.sequence, 0);
  key = g.where(g.greater(of_node, limit), key, g.div(g.cast(places.step, kKey), g.cast(of_node, kKey)));
  key = g.add(key, g.mul(g.cast(places.sequence, kKey), g.scalar(2, kKey)));
  const Value order = g.topk(key, g.shape(edges), 0, false, true).second;
  const Value drawn = g.node("Compress", {g.gather(edges, order, 0), g.less(places.step, limit)},
                             {{"axis", int64_t{0}}}, {DType::kInt64, Dims{-1}});
  return {drawn, g.min(degree, limit)};
}

Value nodes_of(OpContext& op, std::string_view name) {
  return op.graph().cast(flat_index(op, op.in(name)), DType::kInt64);
}

void edge_numbers(OpContext& op, Value edges) {
  if (!op.wants("out_eids")) return;
  op.out_as_computed("out_eids", op.graph().gather(flat_index(op, op.in("eids")), edges, 0));
}

void neighbors(OpContext& op, const Sample& drawn, std::string_view result) {
  Builder& g = op.graph();
  op.out_as_computed(result, g.gather(flat_index(op, op.in("row")), drawn.edges, 0));
  op.out_as_computed("out_count", g.cast(drawn.count, DType::kInt32));
  edge_numbers(op, drawn.edges);
}

void graph_sample_neighbors(OpContext& op) {
  neighbors(op, sample(op, nodes_of(op, "x"), op.attr<int64_t>("sample_size", -1), {}), "out");
}

void weighted_sample_neighbors(OpContext& op) {
  const auto size = op.attr<int64_t>("sample_size", -1);
  neighbors(op, sample(op, nodes_of(op, "input_nodes"), size, op.in("edge_weight")), "out_neighbors");
}

// Neighbours, the neighbours of those that are new among them, and so on, all by new numbers. As Paddle's kernel for
// GPUs does it; that for CPUs takes no notice of how many are new.
void graph_khop_sampler(OpContext& op) {
  Builder& g = op.graph();
  const Ints sizes = op.attr<Ints>("sample_sizes");
  if (sizes.empty() || sizes.size() > 64) op.fail(std::to_string(sizes.size()) + " rounds of neighbours");
  const Value row = flat_index(op, op.in("row"));
  const auto taken = [&](Value nodes, Value mask) {
    return g.node("Compress", {nodes, mask}, {{"axis", int64_t{0}}}, {DType::kInt64, Dims{-1}});
  };
  // Runs of one node in x are one.
  const Value x = nodes_of(op, "x");
  const auto part = [&](int64_t start, int64_t end) { return g.slice(x, Ints{start}, Ints{end}, Ints{0}); };
  const Value differs = g.logical_not(g.equal(part(1, kToTheEnd), part(0, -1)));
  const Value begins = g.concat({g.ints({1}), g.cast(differs, DType::kInt64)}, 0);
  Value nodes = taken(x, g.cast(begins, DType::kBool));
  std::vector<Value> asked;
  std::vector<Value> counts;
  std::vector<Value> edges;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (i > 0) {
      // The last neighbours but those whose neighbours they are, sorted.
      const Value both = g.concat({nodes, g.cast(g.gather(row, edges.back(), 0), DType::kInt64)}, 0);
      const NodeResult numbers = {DType::kInt64, Dims{-1}};
      const auto found = g.nodes("Unique", {both}, {{"sorted", int64_t{1}}}, {numbers, numbers, numbers, numbers});
      nodes = taken(found[0], g.logical_not(g.less(found[1], g.dim(nodes, 0))));
    }
    const Sample drawn = sample(op, nodes, sizes[i], {});
    asked.push_back(nodes);
    counts.push_back(drawn.count);
    edges.push_back(drawn.edges);
  }
  const Value targets = g.concat(asked, 0);
  const Value edge = g.concat(edges, 0);
  const Numbered all = numbered(g, g.concat({targets, g.cast(g.gather(row, edge, 0), DType::kInt64)}, 0));
  const auto column = [&](Value numbers) { return g.cast(g.unsqueeze(numbers, {1}), row.dtype()); };
  const Value owner = places_of_neighbors(g, g.concat(counts, 0)).sequence;
  op.out_as_computed("out_src", column(g.slice(all.numbers, g.dim(targets, 0), g.ints({kToTheEnd}), g.ints({0}))));
  op.out_as_computed("out_dst", column(g.gather(all.numbers, owner, 0)));
  op.out_as_computed("sample_index", g.cast(all.nodes, row.dtype()));
  const Value run = g.sub(g.node("CumSum", {begins, g.scalar_i64(0)}), g.ints({1}));
  op.out_as_computed("reindex_x", g.cast(g.gather(all.numbers, run, 0), row.dtype()));
  edge_numbers(op, edge);
}

constexpr std::string_view kWhereSampled = "of a sample of the neighbours: drawn by another generator";

constexpr MapperEntry kEntries[] = {
    {"graph_khop_sampler", 11, graph_khop_sampler, {}, {}, kWhereSampled},
    {"graph_sample_neighbors", 11, graph_sample_neighbors, {}, {}, kWhereSampled},
    {"reindex_graph", 11, reindex_graph},
    {"send_u_recv", 16, send_u_recv},
    {"send_ue_recv", 16, send_ue_recv},
    {"send_uv", 7, send_uv},
    {"weighted_sample_neighbors", 11, weighted_sample_neighbors, {}, {}, kWhereSampled},
};

}  // namespace

extern const MapperTable kGraphLearningMappers = kEntries;

}  // namespace paddle2onnx
