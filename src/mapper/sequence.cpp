// The operators of older programs on sequences of different lengths that lie behind one another in one tensor (LoD).
#include <array>
#include <cmath>

#include "mapper/indices.h"
#include "mapper/lod.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// AVERAGE, SUM, SQRT (the sum over the root of the length), MAX, FIRST, LAST of each sequence: [sequences, …].
Value pool(OpContext& op, Value x, const Sequences& s, const std::string& type, double empty) {
  Builder& g = op.graph();
  const int64_t rank = rank_of(op, x);
  // [sequences] as [sequences, 1, …]
  const auto for_rows = [&](Value v) { return rank == 1 ? v : g.unsqueeze(v, count_from(1, rank)); };
  Value out;
  if (type == "FIRST" || type == "LAST") {
    const Value row = type == "FIRST" ? s.starts : g.sub(ends_of(g, s), g.ints({1}));
    // An empty sequence at the end begins behind the last row; what it reads is replaced below.
    const Value none = g.equal(s.lengths, g.ints({0}));
    out = g.gather(g.concat({x, row_of(g, x, empty)}, 0), g.where(none, g.dim(x, 0), row), 0);
    return out;
  }
  const bool max = type == "MAX";
  if (!max && type != "SUM" && type != "AVERAGE" && type != "SQRT") op.fail("the pooltype '" + type + "'");
  const Grid grid = make_grid(g, x, s);
  const Value fill = row_of(g, x, max ? -std::numeric_limits<double>::infinity() : 0);
  out = g.reduce(max ? "ReduceMax" : "ReduceSum", on_grid(g, x, grid, fill), Ints{1}, false);
  if (type == "AVERAGE" || type == "SQRT") {
    const Value length = g.cast(s.lengths, x.dtype());
    out = g.div(out, for_rows(type == "SQRT" ? g.sqrt(length) : length));
  }
  if (type == "SUM" && empty == 0) return out;
  return g.where(for_rows(g.equal(s.lengths, g.ints({0}))), g.scalar(empty, x.dtype()), out);
}

void sequence_pool(OpContext& op) {
  if (op.wants("max_index")) op.fail("the places of the largest elements, which only training needs");
  const auto type = op.attr<std::string>("pooltype", "AVERAGE");
  op.out("out", pool(op, op.in("x"), sequences_of(op, "x"), type, op.attr<double>("pad_value", 0)));
  op.set_lod("out", std::nullopt);
}

// x is [rows] or [rows, 1].
void sequence_softmax(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Grid grid = make_grid(g, x, sequences_of(op, "x"));
  const Value fill = row_of(g, x, -std::numeric_limits<double>::infinity());
  op.out("out", off_grid(g, g.softmax(on_grid(g, x, grid, fill), 1), grid));
}

// [sequences, padded_length, …], and the lengths.
void sequence_pad(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  const Sequences s = sequences_of(op, "X");
  const auto length = op.attr<int64_t>("padded_length", -1);
  const Value time = length < 0 ? longest(g, s) : g.ints({length});
  // One number, or a row.
  const Value row = g.shape(row_of(g, x, 0));
  const Value fill = g.expand(op.in("PadValue"), row);
  // Paddle declares a padded_length of -1 as 1.
  op.out_as_computed("Out", on_grid(g, x, make_grid(g, x, s, {.time = time}), fill));
  op.out("Length", s.lengths);
  op.set_lod("Out", std::nullopt);
  op.set_lod("Length", std::nullopt);
}

void sequence_unpad(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  const Value lengths = g.cast(g.flatten_to_1d(op.in("Length")), DType::kInt64);
  const Value time = g.dim(x, 1);
  const Value mask = g.less(steps_to(g, time), g.unsqueeze(lengths, {1}));
  const Value places = g.node("NonZero", {g.flatten_to_1d(mask)}, {}, {DType::kInt64, Dims{1, -1}});
  const Value rows = off_grid(g, x, {.rows = {}, .places = g.squeeze(places, {0})});
  op.out("Out", rank_of(op, x) == 2 ? g.unsqueeze(rows, {1}) : rows);
  op.set_lod("Out", Lod{.lengths = lengths});
}

// Each sequence of x (each row, if x has none) as often as y's sequence of the same number is long.
void sequence_expand(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  if (op.attr<int64_t>("ref_level", -1) > 0) op.fail("ref_level above 0: sequences of one level only");
  const Value times = places_of_rows(g, sequences_of(op, "y")).sequence;
  if (!op.carries_lod("x")) {
    op.out("out", g.gather(x, times, 0));
    op.set_lod("out", std::nullopt);
    return;
  }
  const Sequences s = sequences_of(op, "x");
  const Sequences repeated = {g.gather(s.starts, times, 0), g.gather(s.lengths, times, 0)};
  op.out("out", take_rows(g, x, repeated));
  op.set_lod("out", Lod{.lengths = repeated.lengths});
}

// Each row as often as y's sequence of the same number is long.
void sequence_expand_as(OpContext& op) {
  Builder& g = op.graph();
  op.out("Out", g.gather(op.in("X"), places_of_rows(g, sequences_of(op, "Y")).sequence, 0));
  op.set_lod("Out", op.lod("Y"));
}

// Rows of another length, which the sequences' lengths have to fit.
void sequence_reshape(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  const auto size = op.attr<int64_t>("new_dim");
  if (size < 1) op.fail("new_dim " + std::to_string(size));
  op.out("Out", g.reshape(x, Ints{-1, size}));
  const Sequences s = sequences_of(op, "X");
  op.set_lod("Out", Lod{.lengths = g.div(g.mul(s.lengths, g.dim(x, 1)), g.ints({size}))});
}

void sequence_reverse(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  const Sequences s = sequences_of(op, "X");
  const Value turn = g.sub(g.add(s.starts, ends_of(g, s)), g.ints({1}));  // first + last
  const Value rows = g.sub(g.gather(turn, places_of_rows(g, s).sequence, 0), steps_to(g, g.dim(x, 0)));
  op.out("Y", g.gather(x, rows, 0));
}

// The first sequences of all operands, then the second ones, …
void sequence_concat(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> xs = op.ins("X");
  std::vector<Value> starts;
  std::vector<Value> lengths;
  Value before = g.ints({0});  // rows of the operands before
  Value total;
  for (size_t i = 0; i < xs.size(); ++i) {
    const Sequences s = sequences_of(op, "X", i);
    starts.push_back(g.unsqueeze(g.add(s.starts, before), {1}));
    lengths.push_back(g.unsqueeze(s.lengths, {1}));
    before = g.add(before, g.dim(xs[i], 0));
    total = total ? g.add(total, s.lengths) : s.lengths;
  }
  if (xs.empty()) op.fail("no operands");
  const auto in_turn = [&](const std::vector<Value>& parts) { return g.flatten_to_1d(g.concat(parts, 1)); };
  op.out("Out", take_rows(g, g.concat(xs, 0), {in_turn(starts), in_turn(lengths)}));
  op.set_lod("Out", Lod{.lengths = total});
}

void sequence_slice(OpContext& op) {
  Builder& g = op.graph();
  const auto numbers = [&](std::string_view name) {
    return g.flatten_to_1d(g.cast(op.in(name), DType::kInt64));  // [sequences, 1]
  };
  const Sequences part = {g.add(sequences_of(op, "X").starts, numbers("Offset")), numbers("Length")};
  op.out("Out", take_rows(g, op.in("X"), part));
  op.set_lod("Out", Lod{.lengths = part.lengths});
}

// The rows within a window from each row, [rows, size]: a row's number; `behind` where the window leaves the sequence.
struct Windows {
  Value rows;     // int64: the row there, were it in the sequence
  Value too_low;  // bool: it would be before the first
  Value too_high;
  Value starts;  // int64 [rows, 1]: of the sequence
  Value ends;
};

Windows windows_of(Builder& g, Value x, const Sequences& s, int64_t first, int64_t size) {
  const Value sequence = places_of_rows(g, s).sequence;
  Windows w;
  w.starts = g.unsqueeze(g.gather(s.starts, sequence, 0), {1});
  w.ends = g.unsqueeze(g.gather(ends_of(g, s), sequence, 0), {1});
  w.rows = g.add(g.unsqueeze(steps_to(g, g.dim(x, 0)), {1}), g.ints(count_from(first, first + size)));
  w.too_low = g.less(w.rows, w.starts);
  w.too_high = g.logical_not(g.less(w.rows, w.ends));
  return w;
}

// x [rows, 1]: each row and the ones behind it, [rows, win_size].
void sequence_enumerate(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  const auto size = op.attr<int64_t>("win_size");
  if (size < 1) op.fail("win_size " + std::to_string(size));
  const Windows w = windows_of(g, x, sequences_of(op, "X"), 0, size);
  const Value fill = g.constant(from_ints(x.dtype(), {1}, {op.attr<int64_t>("pad_value", 0)}));
  op.out("Out", g.gather(g.concat({g.flatten_to_1d(x), fill}, 0), g.where(w.too_high, g.dim(x, 0), w.rows), 0));
}

// x [rows, 1] without some numbers.
void sequence_erase(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  const Ints tokens = op.attr<Ints>("tokens", {});
  if (tokens.empty()) return op.out("Out", x);
  const Sequences s = sequences_of(op, "X");
  const Value list = g.constant(from_ints(x.dtype(), {static_cast<int64_t>(tokens.size())}, tokens));
  const Value found = g.reduce("ReduceMax", g.cast(g.equal(x, list), DType::kInt32), Ints{1}, false);
  const Value kept = g.equal(found, g.constant(from_ints(DType::kInt32, {}, {0})));
  const Value rows = g.squeeze(g.node("NonZero", {kept}, {}, {DType::kInt64, Dims{1, -1}}), {0});
  op.out("Out", g.gather(x, rows, 0));
  const Value count = g.cast(kept, DType::kInt64);
  const Grid grid = make_grid(g, count, s);
  op.set_lod("Out", Lod{.lengths = g.reduce("ReduceSum", on_grid(g, count, grid, g.ints({0})), Ints{1}, false)});
}

// x [sequences, columns] plus, in each row, the updates [rows, 1] of its sequence at the columns `ids`.
void sequence_scatter(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("X");
  const Value ids = g.cast(op.in("Ids"), DType::kInt64);
  const Value updates = g.reshape(op.in("Updates"), Ints{-1, 1});
  // A row for each update, zeros but in its column; then the sums of the sequences.
  const Value here = g.equal(g.reshape(ids, Ints{-1, 1}), steps_to(g, g.dim(x, 1)));
  const Value rows = g.where(here, updates, g.scalar(0, x.dtype()));
  const Grid grid = make_grid(g, rows, sequences_of(op, "Ids"));
  const Value sums = g.reduce("ReduceSum", on_grid(g, rows, grid, row_of(g, rows, 0)), Ints{1}, false);
  op.out("Out", g.add(x, sums));
  op.set_lod("Out", std::nullopt);
}

// The rows within a window around each row side by side, times the filter [size · columns, out]. What is outside the
// sequence is zeros, or rows of `padding`: first those before the sequence, then those behind it.
Value convolve(OpContext& op, Value x, Value filter, Value padding, int64_t first, int64_t size) {
  Builder& g = op.graph();
  if (size < 1) op.fail("a context of " + std::to_string(size) + " rows");
  const Windows w = windows_of(g, x, sequences_of(op, "x"), first, size);
  const Value count = g.dim(x, 0);
  const Value before = g.ints({std::max<int64_t>(-first, 0)});
  Value rows;
  if (padding) {
    rows = g.where(w.too_high, g.add(g.add(count, before), g.sub(w.rows, w.ends)), w.rows);
    rows = g.where(w.too_low, g.add(g.add(count, before), g.sub(w.rows, w.starts)), rows);
  } else {
    padding = row_of(g, x, 0);
    rows = g.where(g.logical_or(w.too_low, w.too_high), count, w.rows);
  }
  const Value context = g.gather(g.concat({x, padding}, 0), rows, 0);  // [rows, size, columns]
  const Value columns = g.mul(g.dim(x, 1), g.ints({size}));
  return g.matmul(g.reshape(context, g.concat_ints({g.ints({-1}), columns})), filter);
}

void sequence_conv(OpContext& op) {
  if (op.attr<int64_t>("context_stride", 1) != 1) op.fail("a context_stride other than 1, which Paddle lacks too");
  const bool trained = op.attr<bool>("padding_trainable", false);
  op.out("out", convolve(op, op.in("x"), op.in("filter"), trained ? op.in("padding_data") : Value(),
                         op.attr<int64_t>("context_start", 0), op.attr<int64_t>("context_length")));
}

void fusion_seqconv_eltadd_relu(OpContext& op) {
  Builder& g = op.graph();
  if (op.attr<int64_t>("context_stride", 1) != 1) op.fail("a context_stride other than 1, which Paddle lacks too");
  const Value out = convolve(op, op.in("x"), op.in("filter"), {}, op.attr<int64_t>("context_start", 0),
                             op.attr<int64_t>("context_length"));
  op.out("out", g.relu(g.add(out, op.in("bias"))));
}

// The first operand's rows beside the others' row of the same sequence, through a fully connected layer.
void fusion_seqexpand_concat_fc(OpContext& op) {
  Builder& g = op.graph();
  std::vector<Value> xs = op.ins("x");
  const Value sequence = places_of_rows(g, sequences_of(op, "x")).sequence;
  for (size_t i = 1; i < xs.size(); ++i) xs[i] = g.gather(xs[i], sequence, 0);
  Value out = g.matmul(g.concat(xs, 1), op.in("fc_weight"));
  if (const Value bias = op.in_or_none("fc_bias")) out = g.add(out, g.flatten_to_1d(bias));
  const auto activation = op.attr<std::string>("fc_activation", "identity");
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kActivations = {
      {{"sigmoid", "Sigmoid"}, {"tanh", "Tanh"}, {"relu", "Relu"}}};
  const auto found = std::ranges::find(kActivations, activation, [](const auto& row) { return row.first; });
  if (found == kActivations.end() && activation != "identity") op.fail("the activation '" + activation + "'");
  op.out("out", found == kActivations.end() ? out : g.node(found->second, {out}));
}

// The pools of all operands side by side; `columns`: what to make of each.
void pools(OpContext& op, const std::function<Value(Value)>& columns) {
  const std::vector<Value> xs = op.ins("x");
  std::vector<Value> parts;
  for (size_t i = 0; i < xs.size(); ++i)
    parts.push_back(columns(pool(op, xs[i], sequences_of(op, "x", i), op.attr<std::string>("pooltype", "SUM"), 0)));
  if (parts.empty()) op.fail("no operands");
  op.out("out", op.graph().concat(parts, op.attr<int64_t>("axis", 1)));
  op.set_lod("out", std::nullopt);
}

void fusion_seqpool_concat(OpContext& op) {
  pools(op, [](Value x) { return x; });
}

// The first two columns are how often something was shown and clicked: their logarithms, of shown and of the rate.
Value with_rates(Builder& g, Value x) {
  const auto log1p = [&](int64_t column) {
    return g.log(g.add(g.slice(x, Ints{column}, Ints{column + 1}, Ints{1}), g.scalar(1, x.dtype())));
  };
  const Value shown = log1p(0);
  return g.concat({shown, g.sub(log1p(1), shown), g.slice(x, Ints{2}, Ints{kToTheEnd}, Ints{1})}, 1);
}

void fusion_seqpool_cvm_concat(OpContext& op) {
  if (!op.attr<bool>("use_cvm", true)) op.fail("use_cvm false, which Paddle lacks too");
  pools(op, [&](Value x) { return with_rates(op.graph(), x); });
}

// The sums of all operands' sequences (their rows, if they have none), and pad_value more; with the rates, or without
// the first cvm_offset columns.
void fused_seqpool_cvm(OpContext& op) {
  Builder& g = op.graph();
  if (const auto type = op.attr<std::string>("pooltype", "SUM"); type != "SUM")
    op.fail("the pooltype '" + type + "', which Paddle's kernel lacks too");
  const bool use = op.attr<bool>("use_cvm", true);
  const auto offset = op.attr<int64_t>("cvm_offset", 2);
  if (offset < 0) op.fail("a cvm_offset of " + std::to_string(offset));
  const std::vector<Value> xs = op.ins("x");
  for (size_t i = 0; i < xs.size(); ++i) {
    Value sum = op.carries_lod("x") ? pool(op, xs[i], sequences_of(op, "x", i), "SUM", 0) : xs[i];
    if (const auto more = op.attr<double>("pad_value", 0); more != 0) sum = g.add(sum, g.scalar(more, sum.dtype()));
    op.out_as_computed("out", use ? with_rates(g, sum) : g.slice(sum, Ints{offset}, Ints{kToTheEnd}, Ints{1}), i);
    op.set_lod("out", i, std::nullopt);
  }
}

// The sums of each sequence's rows of the table, [sequences, numbers · width]; those of padding_idx are zeros.
void fused_embedding_seq_pool(OpContext& op) {
  Builder& g = op.graph();
  if (const auto combiner = op.attr<std::string>("combiner", "sum"); combiner != "sum")
    op.fail("the combiner '" + combiner + "', which Paddle's kernel lacks too");
  const Value table = op.in("w");
  const Value numbers = g.cast(op.in("ids"), DType::kInt64);
  Value rows = g.gather(table, numbers, 0);
  if (const auto padding = op.attr<int64_t>("padding_idx", -1); padding >= 0) {
    const Value padded = g.unsqueeze(g.equal(numbers, g.scalar_i64(padding)), {-1});
    rows = g.where(padded, g.scalar(0, table.dtype()), rows);
  }
  Value width = g.dim(table, 1);
  for (int64_t axis = 1; axis < rank_of(op, numbers); ++axis) width = g.mul(width, g.dim(numbers, axis));
  rows = g.reshape(rows, g.concat_ints({g.ints({-1}), width}));
  op.out("out", pool(op, rows, sequences_of(op, "ids"), "SUM", 0));
  op.set_lod("out", std::nullopt);
}

// The windows of images as rows [images · windows, channels · height · width], each image a sequence. `y` [images, 2]
// tells the heights and widths that the pictures had before `out_stride` made them smaller: then only the windows
// within count.
void im2sequence(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  if (rank_of(op, x) != 4) op.fail("x is no batch of images");
  const Ints kernel = op.attr<Ints>("kernels");
  const Ints strides = op.attr<Ints>("strides", {1, 1});
  const Ints pads = op.attr<Ints>("paddings", {0, 0, 0, 0});  // up, left, down, right
  const Ints shrunk = op.attr<Ints>("out_stride", {1, 1});
  if (kernel.size() != 2 || strides.size() != 2 || pads.size() != 4 || shrunk.size() != 2 ||
      std::min({strides[0], strides[1], shrunk[0], shrunk[1]}) < 1)
    op.fail("kernels, strides, paddings or out_stride of other numbers of axes than two");
  const Value images = g.dim(x, 0);
  x = g.pad(x, g.ints({0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]}));
  // How many windows there are along an axis of padded size `extent`.
  const auto count_in = [&](Value extent, size_t i) {
    return g.div(g.sub(extent, g.ints({kernel[i] - strides[i]})), g.ints({strides[i]}));
  };
  std::vector<Value> counts;
  for (size_t i = 0; i < 2; ++i) {
    const auto axis = static_cast<int64_t>(2 + 2 * i);  // H, then W behind [windows, kernel] of H
    counts.push_back(count_in(g.dim(x, axis), i));
    const Value starts = g.unsqueeze(g.mul(steps_to(g, counts[i]), g.ints({strides[i]})), {1});
    x = g.gather(x, g.add(starts, g.ints(count_from(0, kernel[i]))), axis);
  }
  // [images, channels, rows, kh, columns, kw] to [images, rows, columns, channels, kh, kw]
  x = g.transpose(x, {0, 2, 4, 1, 3, 5});
  const Value size = g.mul(g.dim(x, 3), g.ints({kernel[0] * kernel[1]}));
  const Value windows = g.reshape(x, g.concat_ints({g.ints({-1}), size}));
  if (!op.has("y")) {
    op.out("out", windows);
    op.set_lod("out", Lod{.lengths = g.expand(g.mul(counts[0], counts[1]), images)});
    return;
  }
  std::vector<Value> own;     // windows of each image, int64 [images]
  std::vector<Value> inside;  // bool, [images, rows, 1] and [images, 1, columns]
  const std::vector<Value> sizes = g.split_evenly(g.cast(op.in("y"), DType::kInt64), 2, 1);
  for (size_t i = 0; i < 2; ++i) {
    const Value extent = g.div(g.add(g.flatten_to_1d(sizes[i]), g.ints({shrunk[i] - 1})), g.ints({shrunk[i]}));
    own.push_back(count_in(g.add(extent, g.ints({pads[i] + pads[i + 2]})), i));
    inside.push_back(g.unsqueeze(g.less(steps_to(g, counts[i]), g.unsqueeze(own[i], {1})), {i == 0 ? 2 : 1}));
  }
  const Value taken = g.flatten_to_1d(g.logical_and(inside[0], inside[1]));
  const Value rows = g.squeeze(g.node("NonZero", {taken}, {}, {DType::kInt64, Dims{1, -1}}), {0});
  op.out_as_computed("out", g.gather(windows, rows, 0));
  op.set_lod("out", Lod{.lengths = g.mul(own[0], own[1])});
}

// Other sequences of the same rows: those of y, or with these limits.
void lod_reset(OpContext& op) {
  Builder& g = op.graph();
  if (op.attr<bool>("append", false)) op.fail("append: a further level of sequences");
  op.out("out", op.in("x"));
  if (!op.has("y")) return op.set_lod("out", Lod{.offsets = g.ints(op.attr<Ints>("target_lod", {}))});
  op.set_lod("out",
             op.carries_lod("y") ? op.lod("y") : Lod{.offsets = g.flatten_to_1d(g.cast(op.in("y"), DType::kInt64))});
}

// Sequences of X's elements, whose limits are an operand, as rows of `len` elements: cut off, or filled up with zeros.
void unzip(OpContext& op) {
  Builder& g = op.graph();
  const Value x = g.flatten_to_1d(op.in("X"));
  const Value limits = g.reshape(g.cast(op.in("lod"), DType::kInt64), Ints{-1, 1});
  const Value starts = g.slice(limits, {0}, {-1}, {0});
  const Value lengths = g.sub(g.slice(limits, {1}, {kToTheEnd}, {0}), starts);
  const auto length = op.attr<int64_t>("len", 1);
  if (length < 0 || length > 1 << 20) op.fail("rows of " + std::to_string(length) + " elements");
  const Value steps = g.ints(count_from(0, length));
  const Value places = g.where(g.less(steps, lengths), g.add(starts, steps), g.dim(x, 0));
  op.out("Y", g.gather(g.concat({x, g.filled(0, x.dtype(), {1})}, 0), places, 0));
}

constexpr std::string_view kOneLevel = "sequences of several levels";

constexpr MapperEntry kEntries[] = {
    {"fused_embedding_seq_pool", 9, fused_embedding_seq_pool, kOneLevel},
    {"fused_seqpool_cvm", 9, fused_seqpool_cvm, kOneLevel},
    {"fusion_seqconv_eltadd_relu", 9, fusion_seqconv_eltadd_relu, kOneLevel},
    {"fusion_seqexpand_concat_fc", 9, fusion_seqexpand_concat_fc, kOneLevel},
    {"fusion_seqpool_concat", 9, fusion_seqpool_concat, kOneLevel},
    {"fusion_seqpool_cvm_concat", 9, fusion_seqpool_cvm_concat, kOneLevel},
    {"im2sequence", 8, im2sequence},
    {"lod_reset", 7, lod_reset, "append"},
    {"sequence_concat", 9, sequence_concat, kOneLevel},
    {"sequence_conv", 9, sequence_conv, kOneLevel},
    {"sequence_enumerate", 9, sequence_enumerate, kOneLevel},
    {"sequence_erase", 7, sequence_erase, kOneLevel},
    {"sequence_expand", 9, sequence_expand, kOneLevel},
    {"sequence_expand_as", 9, sequence_expand_as, kOneLevel},
    {"sequence_pad", 9, sequence_pad, kOneLevel},
    {"sequence_pool", 9, sequence_pool, "sequences of several levels; the places of the largest elements"},
    {"sequence_reshape", 7, sequence_reshape, kOneLevel},
    {"sequence_reverse", 9, sequence_reverse, kOneLevel},
    {"sequence_scatter", 9, sequence_scatter, kOneLevel},
    {"sequence_slice", 9, sequence_slice, kOneLevel},
    {"sequence_softmax", 9, sequence_softmax, kOneLevel},
    {"sequence_unpad", 9, sequence_unpad},
    {"unzip", 9, unzip},
};

}  // namespace

extern const MapperTable kSequenceMappers = kEntries;

}  // namespace paddle2onnx
