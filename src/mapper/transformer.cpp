// The forms of attention that Paddle's libraries of language models call: packed, of sequences without padding, with a
// cache, with sparse masks. Their kernels are for GPUs; the formulas are those of these kernels. Where queries and keys
// differ in number, causal masks begin in the first corner in FlashAttention 2 (Paddle's branch of it) and in the
// memory-efficient kernels, and end in the last corner in FlashAttention 3.
#include <cmath>
#include <limits>

#include "mapper/attention.h"
#include "mapper/indices.h"
#include "mapper/quantization.h"
#include "mapper/tables.h"

namespace paddle2onnx {

Value hiding(Builder& g, Value allowed, DType dtype) {
  // Not -inf: a row that may look at nothing would be NaN.
  constexpr double kHidden = -1e30;
  const Value hidden = g.cast(g.logical_not(allowed), DType::kFloat32);
  return g.cast(g.mul(hidden, g.scalar(kHidden, DType::kFloat32)), dtype);
}

namespace {

double factor_of(const OpContext& op, int64_t size) {
  const auto scale = op.attr<double>(op.has_attr("softmax_scale") ? "softmax_scale" : "scale", 0);
  if (scale > 0) return scale;
  if (size < 0) op.fail("an unknown size of the heads");
  return 1 / std::sqrt(static_cast<double>(size));
}

Value heads_to_front(Builder& g, Value x) { return g.transpose(x, {0, 2, 1, 3}); }

int64_t times_of(const OpContext& op, Value q, Value k, int64_t axis) {
  if (q.rank() != 4 || k.rank() != 4) op.fail("operands that are not of rank 4");
  if (q.dim(axis) == k.dim(axis)) return 1;
  if (q.dim(axis) < 0 || k.dim(axis) < 1 || q.dim(axis) % k.dim(axis) != 0)
    op.fail(std::to_string(q.dim(axis)) + " heads of queries for " + std::to_string(k.dim(axis)) + " of keys");
  return q.dim(axis) / k.dim(axis);
}

// Integers as floats, which every opset compares.
Value counts(Builder& g, Value x) { return g.cast(x, DType::kFloat32); }

// attend() where `allowed` is true (everywhere without it), with zeros for a row that may look at nothing. A cap limits
// the scores to ±cap by tanh.
Value attend_where(Builder& g, Value q, Value k, Value v, double factor, Value allowed, Value mask = {},
                   double cap = 0) {
  Value bias = allowed ? hiding(g, allowed, q.dtype()) : mask;
  if (allowed && mask) bias = g.add(bias, mask);
  Value out;
  if (cap > 0) {
    const auto number = [&](double value) { return g.scalar(value, q.dtype()); };
    Value scores = g.mul(g.matmul(q, g.transpose(k, {0, 1, 3, 2})), number(factor / cap));
    scores = g.mul(g.tanh(scores), number(cap));
    out = g.matmul(g.softmax(bias ? g.add(scores, bias) : scores, 3), v);
  } else {
    out = attend(g, q, k, v, factor, bias);
  }
  if (!allowed) return out;
  const Value any = g.reduce("ReduceMax", g.cast(allowed, DType::kFloat32), Ints{-1}, true);
  return g.mul(out, g.cast(any, q.dtype()));
}

// Queries may look `left` keys back and `right` ahead of their own; -1 is no limit. Nothing where there is none.
Value within(Builder& g, Value ahead, int64_t left, int64_t right) {
  const auto limit = [&](int64_t value) { return g.scalar(static_cast<double>(value), DType::kFloat32); };
  const Value not_far = left >= 0 ? g.logical_not(g.less(ahead, limit(-left))) : Value();
  const Value not_ahead = right >= 0 ? g.logical_not(g.greater(ahead, limit(right))) : Value();
  return not_far && not_ahead ? g.logical_and(not_far, not_ahead) : not_far ? not_far : not_ahead;
}

// --- attention on [batch, length, heads, size] ----------------------------------------------------------------------

// qkv is [batch, length, groups + 2, heads of keys, size]: the groups of query heads, keys, values.
void flash_attn_qkvpacked(OpContext& op) {
  refuse_training(op, "dropout");
  Builder& g = op.graph();
  const Value qkv = op.in("qkv");
  if (qkv.rank() != 5 || qkv.dim(2) < 3 || qkv.dim(3) < 0 || qkv.dim(4) < 0)
    op.fail("an operand that isn't [batch, length, groups + 2, heads, size] with known groups, heads and size");
  if (op.attr<bool>("return_softmax", false)) op.fail("return_softmax, which is a training aid");
  const int64_t groups = qkv.dim(2) - 2;
  const int64_t heads = qkv.dim(3);
  const int64_t size = qkv.dim(4);
  const auto part = [&](int64_t from, int64_t to) {
    return heads_to_front(g, g.reshape(g.slice(qkv, {from}, {to}, {2}), Ints{0, 0, (to - from) * heads, size}));
  };
  const Value q = part(0, groups);
  const Value k = part(groups, groups + 1);
  const Value causal = op.attr<bool>("causal", false) ? causal_mask(op, qkv, 1, qkv, 1) : Value();
  const Value out =
      attend_flash(op, q, repeat_heads(op, k, groups), repeat_heads(op, part(groups + 1, groups + 2), groups),
                   1 / std::sqrt(static_cast<double>(size)), op.in_or_none("attn_mask"), causal);
  op.out("out", heads_to_front(g, out));
}

// startend_row_indices is [batch, heads or 1, keys, 1, 2 or 4]: for each key the rows that do not see it, from start to
// end below and above the diagonal. (paddle.nn.functional.flashmask_attention)
void flashmask_attention(OpContext& op) {
  refuse_training(op, "dropout");
  Builder& g = op.graph();
  if (op.has("block_mask")) op.fail("block_mask, the blocks that its kernel may skip");
  const Value q = op.in("q");
  const Value k = op.in("k");
  const Value given = op.in("startend_row_indices");
  const int64_t bounds = given.dim(-1);
  const bool causal = op.attr<bool>(op.has_attr("is_causal") ? "is_causal" : "causal", false);
  if (given.rank() != 4 || !(causal ? bounds == 1 || bounds == 2 : bounds == 2 || bounds == 4))
    op.fail("startend_row_indices with " + std::to_string(bounds) + " numbers for each key");
  const int64_t times = times_of(op, q, k, 2);
  const Value rows = counts(g, g.unsqueeze(positions(g, g.dim(q, 1)), {1}));  // [rows, 1]
  const auto bound = [&](int64_t i) {
    Value b = counts(g, g.squeeze(g.slice(given, {i}, {i + 1}, {3}), {3}));  // [batch, heads, keys]
    b = g.unsqueeze(b, {2});
    return given.dim(1) == 1 || given.dim(1) == q.dim(2) ? b : repeat_heads(op, b, times);
  };
  const auto from = [&](int64_t i) { return g.logical_not(g.less(rows, bound(i))); };
  const auto before = [&](int64_t i) { return g.less(rows, bound(i)); };
  Value hidden;
  if (causal) {
    hidden = bounds == 2 ? g.logical_and(from(0), before(1)) : from(0);
    hidden = g.logical_or(hidden, g.less(rows, counts(g, positions(g, g.dim(k, 1)))));
  } else if (bounds == 2) {
    hidden = g.logical_or(from(0), before(1));
  } else {
    hidden = g.logical_or(g.logical_and(from(0), before(1)), g.logical_and(from(2), before(3)));
  }
  const auto arranged = [&](Value x) { return repeat_heads(op, heads_to_front(g, x), times); };
  const Value out = attend_where(g, heads_to_front(g, q), arranged(k), arranged(op.in("v")), factor_of(op, q.dim(3)),
                                 g.logical_not(hidden));
  op.out("out", heads_to_front(g, out));
}

// How far a query may look, of FlashAttention 3.
struct Window {
  int64_t left;
  int64_t right;
  double cap;
};

Window read_window(const OpContext& op) {
  // Paddle 3.1 calls the varlen operator's attribute is_causal, later ones causal.
  const bool causal = op.attr<bool>("is_causal", false) || op.attr<bool>("causal", false);
  return {op.attr<int64_t>("window_size_left", -1), causal ? 0 : op.attr<int64_t>("window_size_right", -1),
          op.attr<double>("softcap", 0)};
}

// The last query's own key is the last one.
void flash_attn_v3(OpContext& op) {
  Builder& g = op.graph();
  for (const std::string_view name : {"q_v_", "q_descale_", "k_descale_", "v_descale_"}) {
    if (op.has(name)) op.fail("its operand '" + std::string(name) + "', which is for 8-bit floats");
  }
  const Value q = op.in("q");
  const Value k = op.in("k");
  const int64_t times = times_of(op, q, k, 2);
  const auto arranged = [&](Value x) { return repeat_heads(op, heads_to_front(g, x), times); };
  const Window window = read_window(op);
  Value allowed;
  if (window.left >= 0 || window.right >= 0) {
    const Value more = counts(g, g.sub(g.dim(k, 1), g.dim(q, 1)));
    const Value own = g.add(counts(g, g.unsqueeze(positions(g, g.dim(q, 1)), {1})), more);
    allowed = within(g, g.sub(counts(g, positions(g, g.dim(k, 1))), own), window.left, window.right);
  }
  const Value out = attend_where(g, heads_to_front(g, q), arranged(k), arranged(op.in("v")), factor_of(op, q.dim(3)),
                                 allowed, {}, window.cap);
  op.out("out", heads_to_front(g, out));
}

// --- sequences one behind the other ---------------------------------------------------------------------------------

// Sequences of a batch without padding: cu_seqlens[i] is the first row of sequence i, the last number the end of all.
struct Rows {
  Value sequence;  // of each row, int64 [rows]
  Value place;     // of each row in its sequence, float32 [rows]
  Value length;    // of its sequence, float32 [rows]
};

// With padding between them: every sequence has `most` rows, of which the first ones count, as many as cu_seqlens says.
Rows read_padded_rows(OpContext& op, Value rows, Value given, int64_t most) {
  Builder& g = op.graph();
  const Value starts = counts(g, g.flatten_to_1d(given));
  const Value lengths =
      g.sub(g.slice(starts, Ints{1}, Ints{kToTheEnd}, Ints{0}), g.slice(starts, Ints{0}, Ints{-1}, Ints{0}));
  const Value row = positions(g, rows);
  const Value sequence = g.div(row, g.scalar_i64(most));
  const Value place = g.sub(row, g.mul(sequence, g.scalar_i64(most)));
  return {sequence, counts(g, place), g.gather(lengths, sequence, 0)};
}

Rows read_rows(OpContext& op, Value rows, Value given) {
  Builder& g = op.graph();
  const Value starts = g.cast(g.flatten_to_1d(given), DType::kInt64);
  const Value ends = g.slice(starts, Ints{1}, Ints{kToTheEnd}, Ints{0});
  const Value row = positions(g, rows);
  const Value passed = g.logical_not(g.less(counts(g, g.unsqueeze(row, {1})), counts(g, ends)));
  const Value sequence = g.cast(g.reduce("ReduceSum", g.cast(passed, DType::kFloat32), Ints{1}, false), DType::kInt64);
  // Rows behind the last sequence belong to one of their own, which has no rows.
  const Value more = g.concat({starts, g.slice(starts, Ints{-1}, Ints{kToTheEnd}, Ints{0})}, 0);
  const Value first = g.gather(more, sequence, 0);
  const Value end = g.gather(more, g.add(sequence, g.scalar_i64(1)), 0);
  return {sequence, counts(g, g.sub(row, first)), counts(g, g.sub(end, first))};
}

// By Reshape: through Unsqueeze, onnx's checker takes numbers that it knows for a list still, and cannot subtract lists
// of two lengths.
Value column(Builder& g, Value x) { return g.reshape(x, Ints{-1, 1}); }

// Whether the rows of queries and those of keys belong to the same sequence: [rows, rows].
Value same_sequence(Builder& g, const Rows& queries, const Rows& keys) {
  const Value distance = g.abs(g.sub(column(g, counts(g, queries.sequence)), counts(g, keys.sequence)));
  return g.less(distance, g.scalar(0.5, DType::kFloat32));
}

// A number of each sequence for each row, float32 [rows]; 0 for rows behind the last sequence.
Value for_rows(Builder& g, Value numbers, const Rows& rows) {
  const Value zero = g.constant(from_doubles(DType::kFloat32, {1}, {0}));
  return g.gather(g.concat({counts(g, g.flatten_to_1d(numbers)), zero}, 0), rows.sequence, 0);
}

// q is [rows, heads, size].
Value attend_rows(OpContext& op, Value q, Value k, Value v, Value allowed, double factor, double cap) {
  Builder& g = op.graph();
  const auto arranged = [&](Value x) { return g.unsqueeze(g.transpose(x, {1, 0, 2}), {0}); };
  const Value heads = arranged(q);
  const Value keys = arranged(k);
  const int64_t times = times_of(op, heads, keys, 1);
  const Value out = attend_where(g, heads, repeat_heads(op, keys, times), repeat_heads(op, arranged(v), times), factor,
                                 allowed, {}, cap);
  return g.transpose(g.squeeze(out, {0}), {1, 0, 2});
}

// A causal mask of this operator lets the first query see the first key, and `causal_diagonal` more of them. Without
// cu_seqlens all sequences of a batch are as long as the tensors, whatever seqlen_k says, which the kernel reads only
// beside cu_seqlens: the first seqlen_k keys of each sequence count there.
void memory_efficient_attention(OpContext& op) {
  refuse_training(op, "dropout_p");
  Builder& g = op.graph();
  const Value q = op.in("query");
  const Value k = op.in("key");
  const Value v = op.in("value");
  const int64_t times = times_of(op, q, k, 2);
  const auto scale = op.attr<double>("scale", -1);
  const double factor = scale < 0 ? factor_of(op, q.dim(3)) : scale;
  const bool causal = op.attr<bool>("causal", false);
  const Value diagonal = causal ? op.in_or_none("causal_diagonal") : Value();
  if (const Value starts_q = op.in_or_none("cu_seqlens_q")) {
    if (op.has("bias")) op.fail("a bias beside cu_seqlens");
    const auto of_one = [&](Value x) {
      if (x.dim(0) > 1) op.fail("a batch of " + std::to_string(x.dim(0)) + " beside cu_seqlens");
      return g.squeeze(x, {0});
    };
    const Rows queries = read_rows(op, g.dim(q, 1), starts_q);
    const Rows keys = read_rows(op, g.dim(k, 1), op.in("cu_seqlens_k"));
    Value allowed = same_sequence(g, queries, keys);
    if (const Value lengths = op.in_or_none("seqlen_k"))
      allowed = g.logical_and(allowed, g.less(keys.place, for_rows(g, lengths, keys)));
    if (causal) {
      const Value last = diagonal ? g.add(queries.place, for_rows(g, diagonal, queries)) : queries.place;
      allowed = g.logical_and(allowed, g.logical_not(g.greater(keys.place, column(g, last))));
    }
    return op.out("output", g.unsqueeze(attend_rows(op, of_one(q), of_one(k), of_one(v), allowed, factor, 0), {0}));
  }
  const auto arranged = [&](Value x) { return repeat_heads(op, heads_to_front(g, x), times); };
  Value mask = op.in_or_none("bias");
  if (causal) {
    Value rows = counts(g, g.unsqueeze(positions(g, g.dim(q, 1)), {1}));
    if (diagonal) rows = g.add(rows, g.reshape(counts(g, diagonal), Ints{-1, 1, 1, 1}));
    const Value hides = hiding(g, g.logical_not(g.greater(counts(g, positions(g, g.dim(k, 1))), rows)), q.dtype());
    mask = mask ? g.add(mask, hides) : hides;
  }
  op.out("output", heads_to_front(g, attend(g, heads_to_front(g, q), arranged(k), arranged(v), factor, mask)));
}

// Where the diagonal of a pair of sequences of different lengths lies.
enum class Corner { kFirst, kLast };

// q is [rows, heads, size].
Value attend_unpadded(OpContext& op, Value q, Value k, Value v, Corner corner, bool padded = false) {
  Builder& g = op.graph();
  if (op.attr<bool>("return_softmax", false)) op.fail("return_softmax, which is a training aid");
  const auto read = [&](Value x, std::string_view starts, std::string_view longest, std::string_view used) {
    Rows rows;
    if (padded) {
      const ScalarArgument most = op.scalar(longest);
      if (!most.known() || *most.number < 1) op.fail(std::string(longest) + " that is not known, or below 1");
      rows = read_padded_rows(op, g.dim(x, 0), op.in(starts), static_cast<int64_t>(*most.number));
    } else {
      rows = read_rows(op, g.dim(x, 0), op.in(starts));
    }
    if (const Value lengths = op.in_or_none(used)) rows.length = for_rows(g, lengths, rows);
    return rows;
  };
  const Rows a = read(q, "cu_seqlens_q", "max_seqlen_q", "seqused_q");
  const Rows b = read(k, "cu_seqlens_k", "max_seqlen_k", "seqused_k");
  Value allowed = same_sequence(g, a, b);
  if (padded || op.has("seqused_k")) allowed = g.logical_and(allowed, g.less(b.place, b.length));
  if (padded || op.has("seqused_q")) allowed = g.logical_and(allowed, g.less(column(g, a.place), column(g, a.length)));
  const Window window = read_window(op);
  if (window.left >= 0 || window.right >= 0) {
    const auto place = [&](const Rows& rows) {
      return corner == Corner::kFirst ? rows.place : g.sub(rows.place, rows.length);
    };
    allowed = g.logical_and(allowed, within(g, g.sub(place(b), column(g, place(a))), window.left, window.right));
  }
  return attend_rows(op, q, k, v, allowed, factor_of(op, q.dim(2)), window.cap);
}

void flash_attn_unpadded(OpContext& op) {
  refuse_training(op, "dropout");
  if (op.has("attn_mask")) op.fail("attn_mask, which has rows and columns for the longest sequence");
  op.out("out", attend_unpadded(op, op.in("q"), op.in("k"), op.in("v"), Corner::kFirst));
}

void flash_attn_v3_varlen(OpContext& op) {
  for (const std::string_view name : {"qv", "q_descale", "k_descale", "v_descale"}) {
    if (op.has(name)) op.fail("its operand '" + std::string(name) + "'");
  }
  op.out("out", attend_unpadded(op, op.in("q"), op.in("k"), op.in("v"), Corner::kLast));
}

// qkv is [rows, groups + 2, heads of keys, size].
void flash_attn_varlen_qkvpacked(OpContext& op) {
  refuse_training(op, "dropout");
  Builder& g = op.graph();
  const Value qkv = op.in("qkv");
  if (qkv.rank() != 4 || qkv.dim(1) < 3 || qkv.dim(2) < 0 || qkv.dim(3) < 0)
    op.fail("an operand that isn't [rows, groups + 2, heads, size] with known groups, heads and size");
  if (op.has("attn_mask")) op.fail("attn_mask, which has rows and columns for the longest sequence");
  const int64_t groups = qkv.dim(1) - 2;
  const auto part = [&](int64_t from, int64_t to) {
    return g.reshape(g.slice(qkv, {from}, {to}, {1}), Ints{0, (to - from) * qkv.dim(2), qkv.dim(3)});
  };
  op.out("out", attend_unpadded(op, part(0, groups), part(groups, groups + 1), part(groups + 1, groups + 2),
                                Corner::kFirst, op.attr<bool>("varlen_padded", true)));
}

// [batch, heads, length, size] with the number of keys of each sequence that count, behind those of the cache. A causal
// mask does not know of the cache. (Queries behind seq_lens are not computed in Paddle.)
void variable_length_attention(OpContext& op) {
  Builder& g = op.graph();
  const Value q = op.in("query");
  const Value k = op.in("key");
  const int64_t times = times_of(op, q, k, 1);
  const auto before = op.attr<int64_t>("pre_cache_length", 0);
  const Value lengths = counts(g, g.reshape(op.in("kv_seq_lens"), Ints{-1, 1, 1, 1}));
  const Value columns = counts(g, positions(g, g.dim(k, 2)));
  Value allowed = g.less(columns, g.add(lengths, g.scalar(static_cast<double>(before), DType::kFloat32)));
  if (op.attr<bool>("causal", false)) {
    const Value rows = counts(g, g.unsqueeze(positions(g, g.dim(q, 2)), {1}));
    allowed = g.logical_and(allowed, g.less_equal(columns, rows));
  }
  op.out("out", attend_where(g, q, repeat_heads(op, k, times), repeat_heads(op, op.in("value"), times),
                             op.attr<double>("scale"), allowed, op.in_or_none("mask")));
}

// Attention between the pairs of rows that a matrix in compressed rows names, and no others: `columns` [batch, heads,
// pairs] row by row, `offset` [batch, heads, rows + 1] where the rows begin. A zero in a mask hides what is named too.
void sparse_attention(OpContext& op) {
  Builder& g = op.graph();
  const Value q = op.in("q");
  const Value offset = g.cast(op.in("offset"), DType::kInt64);
  const Value columns = g.cast(op.in("columns"), DType::kInt64);
  if (rank_of(op, q) != 4 || rank_of(op, offset) != 3 || rank_of(op, columns) != 3)
    op.fail("operands of other ranks than 4 (q, k, v) and 3 (offset, columns)");
  const Value rows = g.dim(q, 2);
  const Value pairs = g.dim(columns, 2);
  const Value heads = g.concat_ints({g.dim(q, 0), g.dim(q, 1)});
  const auto filled = [&](int64_t value, Value shape) { return g.expand(g.scalar_i64(value), shape); };
  // The row of a pair is that of the last that begins there or before; those that begin behind all pairs are empty.
  const Value begins = g.slice(offset, Ints{0}, Ints{-1}, Ints{2});
  const Value marks = scattered_elements(g, filled(0, g.concat({heads, g.add(pairs, g.ints({1}))}, 0)), begins,
                                         filled(1, g.shape(begins)), 2, "add");
  const Value row = g.sub(g.node("CumSum", {g.slice(marks, Ints{0}, Ints{-1}, Ints{2}), g.scalar_i64(2)}), g.ints({1}));
  const Value place = g.add(g.mul(row, rows), columns);
  const Value flat = g.concat({heads, g.mul(rows, rows)}, 0);
  const Value square = g.concat({heads, rows, rows}, 0);
  const Value found = scattered_elements(g, filled(0, flat), place, filled(1, g.shape(place)), 2, "none");
  const Value named = g.cast(g.reshape(found, square), DType::kBool);

  const DType dtype = q.dtype();
  const Value none = g.scalar(-std::numeric_limits<double>::infinity(), dtype);
  const Value dots = g.matmul(q, g.transpose(op.in("k"), {0, 1, 3, 2}));
  Value scores = g.mul(dots, g.scalar(factor_of(op, q.dim(3)), dtype));
  const double epsilon = dtype == DType::kFloat64 ? std::numeric_limits<double>::epsilon()
                                                  : static_cast<double>(std::numeric_limits<float>::epsilon());
  const auto hide = [&](std::string_view mask, const Ints& axes) {
    if (!op.has(mask)) return;
    const Value hidden = g.less(g.abs(op.in(mask)), g.scalar(epsilon, dtype));
    scores = g.where(g.unsqueeze(hidden, axes), none, scores);
  };
  hide("key_padding_mask", {1, 2});
  hide("attn_mask", {0, 1});
  // Where all that is named is hidden Paddle gives NaN; where nothing is named, zeros.
  const Value weights = g.where(named, g.softmax(g.where(named, scores, none), 3), g.scalar(0, dtype));
  op.out("out", g.matmul(weights, op.in("v")));
  const auto of_pairs = [&](std::string_view name, Value x) {
    if (!op.wants(name)) return;
    op.out_as_computed(
        name, g.node("GatherElements", {g.reshape(x, flat), place}, {{"axis", int64_t{2}}}, {dtype, place.dims()}));
  };
  of_pairs("sparse_dot_sdd", dots);
  of_pairs("softmax", weights);
}

// The tokens of x [batch, tokens, width] that are paid most attention to, as many as new_mask [batch, heads, kept,
// kept] has, and their numbers. Attention counts where the mask is not negative.
void fused_token_prune(OpContext& op) {
  Builder& g = op.graph();
  const Value attention = op.in("attn");
  const Value x = op.in("x");
  const DType dtype = attention.dtype();
  if (rank_of(op, attention) != 4 || rank_of(op, x) != 3) op.fail("operands of other ranks than 4 (attn) and 3 (x)");
  const Value zero = g.scalar(0, dtype);
  const Value counted = g.where(g.greater_equal(op.in("mask"), zero), attention, zero);
  Value score = g.reduce("ReduceSum", counted, Ints{1, 2}, false);
  if (op.attr<bool>("keep_first_token", true)) {
    const double most = dtype == DType::kFloat64 ? std::numeric_limits<double>::max()
                                                 : static_cast<double>(std::numeric_limits<float>::max());
    score = g.where(g.equal(positions(g, g.dim(score, 1)), g.ints({0})), g.scalar(most, dtype), score);
  }
  const Value count = g.dim(op.in("new_mask"), 2);
  Value kept = g.topk(score, count, 1, true, true).second;
  if (op.attr<bool>("keep_order", false)) kept = g.topk(kept, count, 1, false, true).first;
  const Value spread = g.expand(g.unsqueeze(kept, {2}), g.concat({g.shape(kept), g.dim(x, 2)}, 0));
  op.out("slimmed_x", g.node("GatherElements", {x, spread}, {{"axis", int64_t{1}}}, {x.dtype(), spread.dims()}));
  op.out("cls_inds", kept);
}

// --- feed-forward ---------------------------------------------------------------------------------------------------

// (activation(x + bias) + shift) · smooth
void fused_bias_act(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("x");
  const bool integers = x.dtype() == DType::kInt32;
  if (op.has("dequant_scales") != integers) op.fail("dequant_scales for floats, or integers without them");
  if (integers) {
    x = g.mul(g.cast(x, DType::kFloat32), g.cast(op.in("dequant_scales"), DType::kFloat32));
    const auto computed = op.attr<std::string>("compute_dtype", "default");
    if (computed != "fp32" && computed != "fp16" && computed != "bf16")
      op.fail("the compute_dtype '" + computed + "' for integers, which Paddle refuses too");
    if (computed == "fp16") x = g.cast(x, DType::kFloat16);
    if (computed == "bf16") x = g.cast(x, DType::kBFloat16);
  }
  if (Value bias = op.in_or_none("bias")) x = g.add(x, bias);
  x = activate(op, x, op.attr<std::string>("act_method", "gelu"));
  // Paddle looks at `smooth` only where there's a shift.
  if (Value shift = op.in_or_none("shift")) x = g.mul(g.add(x, shift), op.in("smooth"));
  op.out("out", op.attr<double>("quant_scale", -1) > 0 ? quantised_result(op, x) : x);
}

constexpr MapperEntry kEntries[] = {
    {"flash_attn_qkvpacked", 7, flash_attn_qkvpacked, "return_softmax"},
    {"flash_attn_unpadded", 7, flash_attn_unpadded, "return_softmax; attn_mask"},
    {"flash_attn_varlen_qkvpacked", 7, flash_attn_varlen_qkvpacked, "return_softmax; attn_mask"},
    {"flash_attn_v3", 7, flash_attn_v3, "8-bit floats (descale)"},
    {"flash_attn_v3_varlen", 7, flash_attn_v3_varlen, "8-bit floats (descale)"},
    {"flashmask_attention", 7, flashmask_attention},
    {"flashmask_attention_v2", 7, flashmask_attention, "block_mask"},
    {"fused_bias_act", 7, fused_bias_act, kFloat8Results},
    {"fused_token_prune", 11, fused_token_prune},
    {"memory_efficient_attention", 7, memory_efficient_attention, "a bias beside cu_seqlens"},
    {"sparse_attention", 16, sparse_attention},
    {"variable_length_memory_efficient_attention", 7, variable_length_attention},
};

}  // namespace

extern const MapperTable kTransformerMappers = kEntries;

}  // namespace paddle2onnx
