// Generating text token by token: attention to a cache of keys and values, which the kernels (for GPUs) change in
// place. Here the changed cache is a result.
#include <cmath>

#include "mapper/attention.h"
#include "mapper/indices.h"
#include "mapper/quantization.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// Elements in one of the 16-byte pieces of the keys.
int64_t piece_of(DType dtype) { return 16 / static_cast<int64_t>(item_size(dtype)); }

void check_heads(const OpContext& op, const Cache& cache, Value keys) {
  if (cache.keys.dim(1) == keys.dim(1) && cache.keys.dim(3) == keys.dim(3)) return;
  op.fail("a cache of " + std::to_string(cache.keys.dim(1)) + " heads of " + std::to_string(cache.keys.dim(3)) +
          " for " + std::to_string(keys.dim(1)) + " of " + std::to_string(keys.dim(3)));
}

// The numbers of positions, as floats.
Value places(Builder& g, Value count) { return g.cast(positions(g, count), DType::kFloat32); }

}  // namespace

Cache read_cache(OpContext& op, Value cache) {
  Builder& g = op.graph();
  if (cache.rank() != 5 || cache.dim(0) != 2 || cache.dim(2) < 1 || cache.dim(4) < 1)
    op.fail("a cache that isn't [2, batch, heads, positions, size] with known heads and size");
  if (cache.dtype() != DType::kFloat32 && cache.dtype() != DType::kFloat16 && cache.dtype() != DType::kBFloat16)
    op.fail("a cache of " + std::string(to_string(cache.dtype())));
  const int64_t size = cache.dim(4);
  const int64_t piece = piece_of(cache.dtype());
  if (size % piece != 0) op.fail("heads of " + std::to_string(size) + " elements, which 16 bytes don't divide");
  const auto part = [&](int64_t i) { return g.squeeze(g.slice(cache, {i}, {i + 1}, {0}), {0}); };
  const Value pieces = g.reshape(part(0), Ints{0, 0, size / piece, cache.dim(3), piece});  // -1 if it isn't known
  return {g.reshape(g.transpose(pieces, {0, 1, 3, 2, 4}), Ints{0, 0, 0, size}), part(1)};
}

Value written(Builder& g, const Cache& cache) {
  const int64_t size = cache.keys.dim(3);
  const int64_t piece = piece_of(cache.keys.dtype());
  const Value pieces = g.transpose(g.reshape(cache.keys, Ints{0, 0, 0, size / piece, piece}), {0, 1, 3, 2, 4});
  const Value keys = g.reshape(pieces, Ints{0, 0, cache.keys.dim(2), size});
  return g.concat({g.unsqueeze(keys, {0}), g.unsqueeze(cache.values, {0})}, 0);
}

Cache with_beginning(OpContext& op, const Cache& cache, Value keys, Value values, Value lengths) {
  Builder& g = op.graph();
  check_heads(op, cache, keys);
  const Value inside =
      lengths ? g.less(g.reshape(places(g, g.dim(cache.keys, 2)), Ints{-1, 1}), lengths) : Value();  // [batch, 1, …, 1]
  const auto begun = [&](Value before, Value beginning) {
    const Value rest = g.slice(before, g.dim(beginning, 2), g.ints({kToTheEnd}), g.ints({2}));
    const Value joined = g.concat({beginning, rest}, 2);
    return inside ? g.where(inside, joined, before) : joined;
  };
  return {begun(cache.keys, keys), begun(cache.values, values)};
}

Step next_token(OpContext& op, const Cache& cache, Value q, Value k, Value v, Value at, Value mask, bool masks_itself) {
  Builder& g = op.graph();
  const int64_t heads = q.dim(1);
  const int64_t shared = k.dim(1);
  const int64_t size = q.dim(3);
  check_heads(op, cache, k);
  if (q.dim(2) >= 0 && q.dim(2) != 1) op.fail(std::to_string(q.dim(2)) + " tokens where the cache takes one");
  if (mask && mask.rank() != 4) op.fail("a mask that isn't [batch, heads, 1, positions]");
  const auto number = [&](double value) { return g.scalar(value, DType::kFloat32); };
  const Value place = places(g, g.dim(cache.keys, 2));
  const auto is_here = [&](Value x) { return g.less(g.abs(g.sub(x, at)), number(0.5)); };
  const Value here = is_here(g.reshape(place, Ints{-1, 1}));  // [batch or 1, 1, positions, 1]
  Step step;
  step.cache = {g.where(here, k, cache.keys), g.where(here, v, cache.values)};

  Value keys = step.cache.keys;
  Value values = step.cache.values;
  Value seen = place;
  if (mask && !(mask.dim(3) >= 0 && mask.dim(3) == keys.dim(2))) {
    const auto first = [&](Value x, int64_t axis) { return g.slice(x, g.ints({0}), g.dim(mask, 3), g.ints({axis})); };
    keys = first(keys, 2);
    values = first(values, 2);
    seen = first(seen, 0);
  }
  if (mask && !masks_itself) mask = g.where(is_here(seen), g.scalar(0, mask.dtype()), mask);
  const Value hidden = hiding(g, g.less(seen, g.add(at, number(0.5))), q.dtype());  // [batch or 1, 1, 1, positions]
  step.seen = attend(g, q, repeat_heads(op, keys, heads / shared), repeat_heads(op, values, heads / shared),
                     1 / std::sqrt(static_cast<double>(size)), mask ? g.add(hidden, mask) : hidden);
  return step;
}

namespace {

// x is [batch, (heads + 2 · heads of the cache) · size]: query, key and value of one token. It goes behind the
// sequence_lengths tokens in the cache, or to the last position of the mask.
void masked_multihead_attention(OpContext& op) {
  Builder& g = op.graph();
  for (const std::string_view name : {"cum_offsets", "beam_cache_offset"}) {
    if (op.has(name)) op.fail("its operand '" + std::string(name) + "'");
  }
  Value x = op.in("x");
  const Value given = op.in("cache_kv");
  const Cache cache = read_cache(op, given);
  const DType dtype = given.dtype();
  const int64_t shared = given.dim(2);
  const int64_t size = given.dim(4);
  const int64_t width = x.dim(-1);
  const int64_t heads = width / size - 2 * shared;
  if (width < 0 || width % size != 0 || heads < 1 || heads % shared != 0)
    op.fail(std::to_string(width) + " numbers of queries, keys and values for a cache of " + std::to_string(shared) +
            " heads of " + std::to_string(size));
  if (const Value scale = op.in_or_none("qkv_out_scale")) {
    if (heads != shared) op.fail("qkv_out_scale for groups of heads");
    x = g.mul(g.cast(x, DType::kFloat32), g.flatten_to_1d(g.cast(scale, DType::kFloat32)));
  }
  x = g.cast(x, dtype);
  if (const Value bias = op.in_or_none("bias")) x = g.add(x, g.flatten_to_1d(bias));
  const std::vector<Value> parts =
      g.split(g.reshape(x, Ints{0, heads + 2 * shared, 1, size}), {heads, shared, shared}, 1);

  Value q = parts[0];
  Value k = parts[1];
  if (const auto divided = op.attr<int64_t>("rotary_emb_dims", 0); divided > 0) {
    // Sines and cosines of the token, of each element.
    const Value table = op.in("rotary_tensor");
    const int64_t rank = table.rank();
    bool plain = rank >= 3 && table.dim(0) == 2 && table.dim(-1) == size;
    for (int64_t i = 2; i < rank - 1; ++i) plain = plain && table.dim(i) == 1;
    if (!plain) op.fail("a rotary_tensor that isn't [2, batch, 1, 1, size]");
    const bool neighbours = !op.attr<bool>("use_neox_rotary_style", false);
    if (size % (neighbours ? 2 : 2 * divided) != 0)
      op.fail("heads of " + std::to_string(size) + " in " + std::to_string(divided) + " rotary parts");
    const auto [partners, signs] = pairs_of(size, neighbours, neighbours ? 1 : divided);
    const auto part = [&](int64_t i) {
      return g.reshape(g.cast(g.slice(table, {i}, {i + 1}, {0}), DType::kFloat32), Ints{-1, 1, 1, size});
    };
    const Value cos = part(0);
    const Value sin = g.mul(part(1), g.constant(from_doubles(DType::kFloat32, {size}, signs)));
    const Value order = g.ints(partners);
    const auto turned = [&](Value v) {
      v = g.cast(v, DType::kFloat32);
      return g.cast(g.add(g.mul(v, cos), g.mul(g.gather(v, order, 3), sin)), dtype);
    };
    q = turned(q);
    k = turned(k);
  }

  const Value mask = op.in_or_none("src_mask");
  Value at;
  if (const Value lengths = op.in_or_none("sequence_lengths")) {
    at = g.reshape(g.cast(lengths, DType::kFloat32), Ints{-1, 1, 1, 1});
  } else if (mask) {
    if (mask.rank() != 4) op.fail("a src_mask that isn't [batch, heads, 1, positions]");
    at = g.cast(g.sub(g.dim(mask, 3), g.scalar_i64(1)), DType::kFloat32);
  } else {
    op.fail("neither sequence_lengths nor src_mask, of which one says where the token goes");
  }
  const Step step = next_token(op, cache, q, k, parts[2], at, mask);
  op.out("cache_kv_out", written(g, step.cache));
  Value out = g.reshape(step.seen, Ints{0, heads * size});
  if (const Value shift = op.in_or_none("out_shift"))
    out = g.mul(g.add(out, g.flatten_to_1d(shift)), g.flatten_to_1d(op.in("out_smooth")));
  op.out("out", op.attr<double>("out_scale", -1) > 0 ? quantised_result(op, out, "out_scale") : out);
}

// The longest of the first sequences, as many as batch_size has elements.
void longest_sequences(OpContext& op) {
  Builder& g = op.graph();
  const Value count = g.dim(op.in("batch_size"), 0);
  const auto longest = [&](std::string_view name, std::string_view result) {
    const Value lengths = g.slice(g.flatten_to_1d(op.in(name)), g.ints({0}), count, g.ints({0}));
    const Value none = g.constant(from_ints(lengths.dtype(), {1}, {0}));  // where there are no sequences
    op.out(result, g.cast(g.reduce("ReduceMax", g.concat({none, lengths}, 0), Ints{0}, true), DType::kInt32));
  };
  longest("seq_lens_encoder", "max_enc_len_this_time");
  longest("seq_lens_decoder", "max_dec_len_this_time");
}

constexpr MapperEntry kEntries[] = {
    {"blha_get_max_len", 7, longest_sequences},
    {"masked_multihead_attention", 9, masked_multihead_attention, "beams (beam_cache_offset)"},
};

}  // namespace

extern const MapperTable kGenerationMappers = kEntries;

}  // namespace paddle2onnx
