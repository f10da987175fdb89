// Elements and rows by index or mask: read, written, counted.
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// --- reading --------------------------------------------------------------------------------------------------------

// Where the axis is a tensor, Paddle declares the dimensions that axis 0 would give.
void gather(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const ScalarArgument axis = op.scalar("axis");
  if (!axis.known()) op.fail("an axis that is computed at run time", "ONNX's Gather needs a constant axis");
  const int64_t at = normalize_axis(op, static_cast<int64_t>(*axis.number), rank_of(op, x));
  const Value result = g.gather(x, as_indices(g, flat_index(op, op.in("index"))), at);
  if (op.has("axis")) return op.out_as_computed("out", result);
  op.out("out", result);
}

void index_select(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", 0), rank_of(op, x));
  op.out("out", g.gather(x, as_indices(g, flat_index(op, op.in("index"))), axis));
}

// out[i…] = x[index[i…]], the index's last dimension spread over the first dimensions of x.
Value gathered_nd(OpContext& op, Value x, Value index) {
  Builder& g = op.graph();
  const int64_t rank = rank_of(op, index);
  const int64_t depth = index.dim(-1);
  if (depth < 0) op.fail("how many dimensions the index covers is not known");
  index = g.cast(index, DType::kInt64);
  if (depth == 1) return g.gather(x, g.squeeze(index, {rank - 1}), 0);
  Dims dims(index.dims()->begin(), index.dims()->end() - 1);
  dims.insert(dims.end(), x.dims()->begin() + std::min(depth, rank_of(op, x)), x.dims()->end());
  if (depth == 0) {
    const Value shape = g.slice(g.shape(index), Ints{0}, Ints{rank - 1}, Ints{0});
    return g.expand(x, g.concat_ints({shape, g.shape(x)}));
  }
  return g.node("GatherND", {x, index}, {}, {x.dtype(), dims});
}

void gather_nd(OpContext& op) { op.out("out", gathered_nd(op, op.in("x"), op.in("index"))); }

Value gathered_elements(Builder& g, Value x, Value index, int64_t axis) {
  return g.node("GatherElements", {x, as_indices(g, index)}, {{"axis", axis}}, {x.dtype(), index.dims()});
}

// out[i, j] = x[i, index[i, j]]
void index_sample(OpContext& op) { op.out("out", gathered_elements(op.graph(), op.in("x"), op.in("index"), 1)); }

void take_along_axis(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("arr");
  const Value index = op.in("indices");
  if (rank_of(op, x) == 0) return op.out("out", g.gather(g.reshape(x, Ints{1}), as_indices(g, index), 0));
  op.out("out", gathered_elements(g, x, index, normalize_axis(op, op.attr<int64_t>("axis"), x.rank())));
}

// The children of nodes of a tree, [..., child_nums], and which of these are leaves. A row of `tree_info` is that of a
// node: its item (0 if it is no leaf), its layer, its parent, its children (0 if it has none). Node 0 is none.
void tdm_child(OpContext& op) {
  Builder& g = op.graph();
  const Value x = g.cast(op.in("x"), DType::kInt64);
  const Value tree = g.cast(op.in("tree_info"), DType::kInt64);
  const auto count = op.attr<int64_t>("child_nums");
  const DType dtype = dtype_or(op, DType::kInt32);
  if (dtype != DType::kInt32 && dtype != DType::kInt64) op.fail("results of another type than int32 and int64");
  if (rank_of(op, tree) != 2 || count < 1 || count > 1 << 20)
    op.fail("a tree_info that is no matrix, or child_nums below 1");
  const Value zero = g.scalar_i64(0);
  Value child = g.gather(g.slice(tree, {3}, {3 + count}, {1}), x, 0);
  const Value first = g.slice(child, {0}, {1}, {-1});
  const Value childless = g.logical_or(g.equal(g.unsqueeze(x, {-1}), zero), g.equal(first, zero));
  const Value item = g.gather(g.squeeze(g.slice(tree, {0}, {1}, {1}), {1}), child, 0);
  const Value leaf = g.logical_not(g.logical_or(childless, g.equal(item, zero)));
  child = g.where(childless, zero, child);
  op.out_as_computed("child", g.cast(child, dtype));
  op.out_as_computed("leaf_mask", g.cast(leaf, dtype));
}

// out[i] = inputs[index[i]][i]
void multiplex(OpContext& op) {
  Builder& g = op.graph();
  std::vector<Value> layers;
  for (const Value& input : op.ins("inputs")) layers.push_back(g.unsqueeze(input, {0}));
  const Value index = op.in("index");
  const Value layer = g.reshape(g.cast(index, DType::kInt64), Ints{-1, 1});
  const Value row = g.unsqueeze(positions(g, g.dim(index, 0)), {1});
  op.out("out", gathered_nd(op, g.concat(layers, 0), g.concat({layer, row}, 1)));
}

// --- writing --------------------------------------------------------------------------------------------------------

Value scattered_nd(Builder& g, Value x, Value index, Value updates, bool add) {
  NodeAttributes attributes;
  if (add) {
    g.need_opset(16, "ScatterND that adds");
    attributes.emplace_back("reduction", std::string("add"));
  }
  return g.node("ScatterND", {x, g.cast(index, DType::kInt64), updates}, std::move(attributes));
}

// Rows of x are replaced, or (overwrite false) set to zero and then added to.
void scatter(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  Value index = op.in("index");
  Value updates = op.in("updates");
  if (rank_of(op, index) == 0) updates = g.unsqueeze(updates, {0});
  index = g.reshape(index, Ints{-1, 1});
  if (op.attr<bool>("overwrite", true)) return op.out("out", scattered_nd(g, x, index, updates, false));
  const Value zeros = g.expand(g.scalar(0, x.dtype()), g.shape(updates));
  op.out("out", scattered_nd(g, scattered_nd(g, x, index, zeros, false), index, updates, true));
}

void scatter_nd_add(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value index = op.in("index");
  if (index.dim(-1) != 0) return op.out("out", scattered_nd(g, x, index, op.in("updates"), true));
  // An index of no dimensions: every update is one of the whole of x.
  Ints outer = count_from(0, rank_of(op, index) - 1);
  op.out("out", g.add(x, outer.empty() ? op.in("updates") : g.reduce("ReduceSum", op.in("updates"), outer, false)));
}

void index_add(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value updates = op.in("add_value");
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis", 0), rank_of(op, x));
  const Value index = spread_index(g, flat_index(op, op.in("index")), updates, axis);
  op.out("out", scattered_elements(g, x, index, updates, axis, "add"));
}

void put_along_axis(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("arr");
  const Value index = op.in("indices");
  const Value values = g.expand(op.in("values"), g.shape(index));
  const int64_t axis = normalize_axis(op, op.attr<int64_t>("axis"), rank_of(op, x));
  const std::string reduce = op.attr<std::string>("reduce", "assign");
  const bool include_self = op.attr<bool>("include_self", true);
  const auto everywhere = [&](double value) { return g.expand(g.scalar(value, x.dtype()), g.shape(values)); };
  // Without x itself the places start from what changes nothing.
  const auto start_from = [&](double neutral) {
    return include_self ? x : scattered_elements(g, x, index, everywhere(neutral), axis, "none");
  };
  if (reduce == "assign") return op.out("out", scattered_elements(g, x, index, values, axis, "none"));
  if (reduce == "add") return op.out("out", scattered_elements(g, start_from(0), index, values, axis, "add"));
  if (reduce == "mul" || reduce == "multiply")
    return op.out("out", scattered_elements(g, start_from(1), index, values, axis, "mul"));
  if (reduce == "amin" || reduce == "amax") {
    // Any of the values is a start that changes nothing.
    const Value start = include_self ? x : scattered_elements(g, x, index, values, axis, "none");
    return op.out("out", scattered_elements(g, start, index, values, axis, reduce == "amin" ? "min" : "max"));
  }
  if (reduce == "mean") {
    const Value sum = scattered_elements(g, start_from(0), index, values, axis, "add");
    const Value ones = g.expand(g.scalar(1, x.dtype()), g.shape(x));
    const Value base = include_self ? ones : scattered_elements(g, ones, index, everywhere(0), axis, "none");
    const Value count = scattered_elements(g, base, index, everywhere(1), axis, "add");
    const Value mean = g.div(sum, count);
    if (is_floating(x.dtype()) || op.attr<bool>("mean_truncates", false)) return op.out("out", mean);
    return op.out("out", g.sub(mean, g.cast(g.less(sum, g.mul(mean, count)), x.dtype())));
  }
  op.fail("the reduction '" + reduce + "'");
}

// x[indices…] = value, or += value. A mask stands for the positions where it is true.
void index_put(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  std::vector<Value> columns;
  for (const Value& index : op.ins("indices")) {
    if (index.dtype() != DType::kBool) {
      columns.push_back(g.cast(index, DType::kInt64));
      continue;
    }
    const Value found = g.node("NonZero", {index}, {}, {DType::kInt64, Dims{rank_of(op, index), -1}});
    for (int64_t i = 0; i < index.rank(); ++i)
      columns.push_back(g.squeeze(g.slice(found, Ints{i}, Ints{i + 1}, Ints{0}), {0}));
  }
  if (columns.empty()) op.fail("no index is given");
  // The indices are broadcast to each other.
  std::vector<Value> parts;
  for (size_t i = 0; i < columns.size(); ++i) {
    Value column = columns[i];
    for (size_t k = 0; k < columns.size(); ++k) {
      if (k != i && columns[k].dims() != column.dims()) column = g.expand(column, g.shape(columns[k]));
    }
    parts.push_back(g.unsqueeze(column, {-1}));
  }
  const Value index = g.concat(parts, -1);
  const int64_t depth = static_cast<int64_t>(parts.size());
  if (depth > rank_of(op, x)) op.fail("more indices than the tensor has dimensions");
  const Value places = g.slice(g.shape(index), Ints{0}, Ints{-1}, Ints{0});
  const Value rest = g.slice(g.shape(x), Ints{depth}, Ints{kToTheEnd}, Ints{0});
  const Value updates = g.expand(op.in("value"), depth == x.rank() ? places : g.concat_ints({places, rest}));
  op.out("out", scattered_nd(g, x, index, updates, op.attr<bool>("accumulate", false)));
}

// --- masks ----------------------------------------------------------------------------------------------------------

void where(OpContext& op) {
  Builder& g = op.graph();
  op.out("out", g.where(g.cast(op.in("condition"), DType::kBool), op.in("x"), op.in("y")));
}

// The positions of all elements that are not zero, [n, rank].
void nonzero(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("condition");
  const int64_t rank = rank_of(op, x);
  // Exact for every type; most have no kernel.
  if (x.dtype() != DType::kFloat32 && x.dtype() != DType::kInt32 && x.dtype() != DType::kInt64)
    x = g.cast(x, DType::kBool);
  if (rank == 0) {
    // One row of no columns, or no row.
    const Value count = g.reshape(g.cast(g.cast(x, DType::kBool), DType::kInt64), Ints{1});
    return op.out("out", g.expand(g.constant(from_ints(DType::kInt64, {1, 0}, {})), g.concat({count, g.ints({0})}, 0)));
  }
  op.out("out", g.transpose(g.node("NonZero", {x}, {}, {DType::kInt64, Dims{rank, -1}}), {1, 0}));
}

// The places of `total_true_num` true elements, counted over all axes.
void restrict_nonzero(OpContext& op) {
  Builder& g = op.graph();
  const Value flat = g.flatten_to_1d(g.cast(op.in("condition"), DType::kBool));
  const auto count = op.attr<int64_t>("total_true_num");
  if (count < 0) op.fail("total_true_num " + std::to_string(count));
  op.out("out", g.squeeze(g.node("NonZero", {flat}, {}, {DType::kInt64, Dims{1, count}}), {0}));
}

void masked_select(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  Value mask = op.in("mask");
  if (!x.is_static() || x.dims() != mask.dims()) {
    const bool same_rank = x.has_rank() && x.rank() == mask.rank();
    const bool same = same_rank && std::ranges::equal(*x.dims(), *mask.dims(), [](int64_t a, int64_t b) {
                        return a == b || (a != 1 && b != 1);
                      });
    if (!same) {
      const Value shape = g.shape(mask);
      mask = g.expand(mask, g.shape(x));
      x = g.expand(x, shape);
    }
  }
  if (x.rank() == 0) x = g.flatten_to_1d(x);
  op.out("out", g.node("Compress", {x, g.flatten_to_1d(mask)}, {}, {x.dtype(), Dims{-1}}));
}

void masked_fill(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.where(op.in("mask"), g.cast(op.in("value"), x.dtype()), x));
}

// --- unique ---------------------------------------------------------------------------------------------------------

// The different elements, or slices along an axis; sorted, or (the old form) in the order of their first occurrence.
void unique(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Ints axes = op.attr<Ints>("axis", Ints{});
  const DType index = dtype_or(op, DType::kInt64);
  NodeAttributes attributes = {{"sorted", int64_t{op.attr<bool>("is_sorted", true)}}};
  Dims dims = {-1};
  if (!axes.empty()) {
    const int64_t axis = normalize_axis(op, axes.front(), rank_of(op, x));
    attributes.emplace_back("axis", axis);
    dims = *x.dims();
    dims.at(static_cast<size_t>(axis)) = -1;
  }
  const NodeResult numbers = {DType::kInt64, Dims{-1}};
  const auto found = g.nodes("Unique", {x}, std::move(attributes), {{x.dtype(), dims}, numbers, numbers, numbers});
  op.out_as_computed("out", found[0]);
  const std::string_view names[] = {"indices", "inverse", "counts"};
  for (size_t i = 0; i < 3; ++i) {
    if (op.wants(names[i])) op.out_as_computed(names[i], g.cast(found[i + 1], index));
  }
}

// Runs of equal elements, or of equal slices along an axis, become one.
void unique_consecutive(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const Ints axes = op.attr<Ints>("axis", Ints{});
  const DType index = dtype_or(op, DType::kInt64);
  if (axes.empty()) x = g.flatten_to_1d(x);
  const int64_t axis = axes.empty() ? 0 : normalize_axis(op, axes.front(), rank_of(op, x));
  const auto along = [&](int64_t start, int64_t end) { return g.slice(x, Ints{start}, Ints{end}, Ints{axis}); };
  // An element that differs from the one before begins a run; so does the first.
  Value differs = g.cast(g.logical_not(g.equal(along(1, kToTheEnd), along(0, -1))), DType::kInt64);
  Ints others;
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (i != axis) others.push_back(i);
  }
  if (!others.empty()) differs = g.reduce("ReduceMax", differs, others, false);
  const Value begins = g.concat({g.ints({1}), differs}, 0);
  const Value mask = g.cast(begins, DType::kBool);
  std::optional<Dims> dims = x.dims();
  dims->at(static_cast<size_t>(axis)) = -1;
  op.out_as_computed("out", g.node("Compress", {x, mask}, {{"axis", axis}}, {x.dtype(), dims}));
  if (op.wants("index")) {
    const Value run = g.sub(g.node("CumSum", {begins, g.scalar_i64(0)}), g.ints({1}));
    op.out_as_computed("index", g.cast(run, index));
  }
  if (op.wants("counts")) {
    const Value size = g.dim(x, axis);
    const Value starts =
        g.node("Compress", {positions(g, size), mask}, {{"axis", int64_t{0}}}, {DType::kInt64, Dims{-1}});
    const Value ends = g.concat({g.slice(starts, Ints{1}, Ints{kToTheEnd}, Ints{0}), size}, 0);
    op.out_as_computed("counts", g.cast(g.sub(ends, starts), index));
  }
}

// --- strides --------------------------------------------------------------------------------------------------------

// A distance in memory, told in bytes, as a number of elements.
int64_t elements_of(const OpContext& op, int64_t bytes, DType dtype) {
  const auto item = static_cast<int64_t>(item_size(dtype));
  if (item == 0 || bytes % item != 0) op.fail(std::to_string(bytes) + " bytes are no whole number of elements");
  return bytes / item;
}

// offset + i · strides[0] + j · strides[1] + …, int64 that can be broadcast to `dims`.
Value strided_numbers(OpContext& op, const Ints& dims, const Ints& strides, int64_t offset) {
  Builder& g = op.graph();
  if (dims.size() != strides.size()) op.fail("as many strides as dimensions are needed");
  Value number = g.scalar_i64(offset);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] < 0) op.fail("a dimension that is known at run time only");
    if (strides[i] == 0) continue;
    const Value step = g.mul(positions(g, g.ints({dims[i]})), g.ints({strides[i]}));
    number = g.add(number, g.unsqueeze(step, count_from(1, static_cast<int64_t>(dims.size() - i))));
  }
  return number;
}

// Element (i, j, …) of the result is the one with that number; the offset is told in bytes.
Value strided_view(OpContext& op, Value x) {
  Builder& g = op.graph();
  const Ints dims = op.attr<Ints>("dims");
  const int64_t offset = elements_of(op, op.attr<int64_t>("offset", 0), x.dtype());
  const Value number = strided_numbers(op, dims, op.attr<Ints>("stride"), offset);
  return g.expand(g.gather(g.flatten_to_1d(x), number, 0), g.ints(dims));
}

void as_strided(OpContext& op) { op.out("out", strided_view(op, op.in("input"))); }

// x becomes a view of the source.
void set(OpContext& op) { op.out("out", strided_view(op, op.in("source"))); }

// x[…, index, …]
void index_select_strided(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto index = op.attr<int64_t>("index");
  if (index < 0) op.fail("a negative index, for which Paddle reads in front of the axis");
  op.out("out", g.gather(x, g.scalar_i64(index), normalize_axis(op, op.attr<int64_t>("axis", 0), rank_of(op, x))));
}

// The numbers of the elements that the index tensors pick out of x, int64 of the shape `input_dims`. The strides of the
// axes that are indexed, and the offset, are told in bytes, those of the others in elements. Behind the sizes of the
// indexed axes stand a -1 and the shape of the index tensors.
Value indexed_numbers(OpContext& op) {
  Builder& g = op.graph();
  const DType dtype = op.in("x").dtype();
  const Ints dims = op.attr<Ints>("input_dims");
  Value number = strided_numbers(op, dims, op.attr<Ints>("input_strides"),
                                 elements_of(op, op.attr<int64_t>("slice_offset", 0), dtype));
  Ints sizes = op.attr<Ints>("index_dims");
  sizes.erase(std::ranges::find(sizes, -1), sizes.end());
  const Ints strides = op.attr<Ints>(op.has_attr("index_stride") ? "index_stride" : "index_strides");
  const std::vector<Value> indices = op.ins("index");
  if (sizes.empty() || sizes.size() > indices.size() || sizes.size() > strides.size())
    op.fail("index tensors, sizes and strides of the axes that are indexed differ in number");
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Value index = g.cast(indices[i], DType::kInt64);
    const Value from_end = g.add(index, g.scalar_i64(sizes[i]));
    const Value place = g.where(g.less(index, g.scalar_i64(0)), from_end, index);
    number = g.add(number, g.mul(place, g.scalar_i64(elements_of(op, strides[i], dtype))));
  }
  return g.expand(number, g.ints(dims));
}

// x[…, indices, …], with x taken as it lies in memory: what Paddle makes of an index of tensors after it has worked out
// shapes and strides.
void index_elementwise_get(OpContext& op) {
  Builder& g = op.graph();
  const Value numbers = indexed_numbers(op);
  op.out("out", g.gather(g.flatten_to_1d(op.in("x")), numbers, 0));
}

// x[…, indices, …] = value
void index_elementwise_put(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value numbers = indexed_numbers(op);
  const Value value = op.has("value") ? op.in("value") : op.scalar_value("value", x.dtype());
  const Value updates = g.expand(g.cast(value, x.dtype()), g.ints(op.attr<Ints>("input_dims")));
  const Value put = scattered_nd(g, g.flatten_to_1d(x), g.unsqueeze(numbers, {-1}), updates, false);
  op.out("out", g.reshape(put, g.shape(x)));
}

constexpr MapperEntry kEntries[] = {
    {"gather", 7, gather},
    {"index_select", 7, index_select},
    {"gather_nd", 7, gather_nd},
    {"index_sample", 11, index_sample},
    {"take_along_axis", 11, take_along_axis},
    {"multiplex", 11, multiplex},
    {"tdm_child", 9, tdm_child},
    {"scatter", 11, scatter},
    {"scatter_nd_add", 16, scatter_nd_add},
    {"index_add", 16, index_add},
    {"put_along_axis", 11, put_along_axis},
    {"index_put", 11, index_put},
    {"where", 9, where},
    {"nonzero", 9, nonzero},
    {"restrict_nonzero", 9, restrict_nonzero},
    {"masked_select", 9, masked_select},
    {"masked_fill", 9, masked_fill},
    {"unique", 11, unique},
    {"unique_consecutive", 9, unique_consecutive},
    {"as_strided", 7, as_strided},
    {"set", 7, set},
    {"index_select_strided", 7, index_select_strided, "negative indices, which Paddle reads wrongly"},
    {"index_elementwise_get", 9, index_elementwise_get},
    {"index_elementwise_put", 11, index_elementwise_put},
    {"index_elementwise_put_with_tensor", 11, index_elementwise_put},
};

}  // namespace

extern const MapperTable kIndexingMappers = kEntries;

}  // namespace paddle2onnx
