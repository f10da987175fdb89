"""Generating text with a cache of keys and values. The kernels are for GPUs: the rows say what they compute."""
import pathlib

import paddle
from dsl import *
from harness.written import written

RANDOM = np.random.RandomState(11)


def numbers(*dims):
    return RANDOM.randn(*dims).astype("float32") * 0.5


def pieces(cache):
    """The keys of a cache [2, batch, heads, positions, size] as their memory lies: [batch, heads, size / n, positions, n], n elements in 16 bytes."""
    _, batch, heads, positions, size = cache.shape
    n = 16 // cache.itemsize
    return cache[0].reshape(batch, heads, size // n, positions, n)


# phi/kernels/fusion/gpu/masked_multihead_attention_kernel.cu with mmha_util.cu.h, token by token and head by head.
def turned(x, cos, sin, halves, parts):
    y = x.astype("float32").copy()
    last = len(x) // parts
    for i in range(len(x)):
        if halves:
            first = i % last < last // 2
            other = i + last // 2 if first else i - last // 2
        else:
            first = i % 2 == 0
            other = i + 1 if first else i - 1
        y[i] = np.float32(x[i]) * cos[i] + (-1 if first else 1) * np.float32(x[other]) * sin[i]
    return y.astype(x.dtype)


def step(qkv, cache, mask=None, lengths=None, time=None, rotary=None, halves=False, parts=1):
    """qkv is [batch, heads + 2 * shared, size]. The kernel of fused_multi_transformer (time) does not add the mask of the token itself."""
    batch, shared, size = cache.shape[1], cache.shape[2], cache.shape[4]
    cache = cache.copy()
    keys, values = pieces(cache), cache[1]
    heads = qkv.shape[1] - 2 * shared
    out = np.zeros((batch, heads, size), "float32")
    for b in range(batch):
        t = int(lengths.reshape(-1)[b]) if lengths is not None else mask.shape[3] - 1 if time is None else time
        for h in range(heads):
            i = h // (heads // shared)
            q, k, v = qkv[b, h], qkv[b, heads + i], qkv[b, heads + shared + i]
            if rotary is not None:
                cos, sin = rotary.reshape(2, batch, size)[:, b]
                q, k = turned(q, cos, sin, halves, parts), turned(k, cos, sin, halves, parts)
            keys[b, i, :, t] = k.reshape(keys.shape[2], -1)
            values[b, i, t] = v
            scores = np.array([keys[b, i, :, j].reshape(-1).astype("float32") @ q.astype("float32") for j in range(t + 1)]) * size**-0.5
            if mask is not None:
                scores[: t + (time is None)] += mask[b, h % mask.shape[1], 0, : t + (time is None)]
            weights = np.exp(scores - scores.max())
            out[b, h] = weights / (weights.sum() + 1e-6) @ values[b, i, : t + 1].astype("float32")
    return out.reshape(batch, -1).astype(cache.dtype), cache


def mmha(x, cache, bias=0, **rest):
    return step((x + bias).reshape(len(x), -1, cache.shape[4]).astype(cache.dtype), cache, **rest)


def in_bytes(x, scale, away):
    y = x.astype("float32") * np.float32(scale * 127)
    return np.clip(np.sign(y) * np.floor(abs(y) + 0.5) if away else np.rint(y), -127, 127).astype("int8")


MMHA = {"seq_len": 1, "rotary_emb_dims": 0, "use_neox_rotary_style": False, "compute_dtype": "default", "out_scale": -1.0, "quant_round_type": 1, "quant_max_bound": 127.0, "quant_min_bound": -127.0}
X, CACHE, LENGTHS, TABLE = f32["b", 48], f32[2, "b", 2, 12, 8], i32["b", 1].ints(0, 12), f32[2, "b", 1, 1, 8]
HALVES = {"rotary_emb_dims": 1, "use_neox_rotary_style": True}


def decode(names, **attrs):
    """The operator as Paddle's function writes it: the cache and the result of it have one name, without which Paddle 3 does not translate it."""

    def written_in_place(*values):
        operands = dict(zip(names.split(), values))
        x, cache = operands["x"], operands["cache_kv"]
        dtype = "float16" if cache.dtype == paddle.float16 else "float32"
        shape = [-1, x.shape[1] - 2 * cache.shape[2] * cache.shape[4]]
        results = {"out": ("int8" if attrs.get("out_scale", -1) > 0 else dtype, shape), "cache_kv_out": (dtype, cache.shape)}
        out, _ = written("masked_multihead_attention", operands, results, {**MMHA, **attrs})
        ops = paddle.static.default_main_program().global_block().desc
        ops.op(ops.op_size() - 1).set_output("cache_kv_out", [cache.name])
        return out, cache

    return written_in_place


def decoded_and_used(x, cache, n):
    out, cache = decode("x cache_kv sequence_lengths")(x, cache, n)
    return out + x[:, :16], cache * 2


case("masked_multihead_attention", decode("x cache_kv sequence_lengths"), static="older", x=X, cache=CACHE, n=LENGTHS, expect=lambda x, cache, n: mmha(x, cache, lengths=n), opset=9)
case("masked_multihead_attention_used", decoded_and_used, static="older", x=X, cache=CACHE, n=LENGTHS, expect=lambda x, cache, n: [y + x[:, :16] if i == 0 else y * 2 for i, y in enumerate(mmha(x, cache, lengths=n))], opset=9)
case("masked_multihead_attention_mask", decode("x cache_kv src_mask"), static="older", x=X, cache=CACHE, mask=f32["b", 1, 1, "t"], sizes=[{"t": 5}, {"t": 12}, {"t": 1}], expect=lambda x, cache, mask: mmha(x, cache, mask=mask), opset=10)
case("masked_multihead_attention_bias_heads", decode("x cache_kv bias src_mask sequence_lengths"), static="older", x=X, cache=CACHE, bias=f32[3, 2, 8], mask=f32["b", 2, 1, 9], n=i32["b", 1].ints(0, 9), expect=lambda x, cache, bias, mask, n: mmha(x, cache, bias.reshape(-1), mask=mask, lengths=n), opset=9)
case("masked_multihead_attention_dynamic", decode("x cache_kv sequence_lengths"), static="older", x=X, cache=f32[2, "b", 2, "m", 8], n=i32["b", 1].ints(0, 8), sizes=[{"m": 8}, {"m": 14}], expect=lambda x, cache, n: mmha(x, cache, lengths=n), opset=11)
case("masked_multihead_attention_groups", decode("x cache_kv sequence_lengths"), static="older", x=f32["b", 64], cache=CACHE, n=LENGTHS, expect=lambda x, cache, n: mmha(x, cache, lengths=n), opset=9)
case("masked_multihead_attention_rotary", decode("x cache_kv sequence_lengths rotary_tensor", rotary_emb_dims=1), static="older", x=X, cache=CACHE, n=LENGTHS, table=TABLE, expect=lambda x, cache, n, table: mmha(x, cache, lengths=n, rotary=table), opset=9)
case("masked_multihead_attention_rotary_halves", decode("x cache_kv sequence_lengths rotary_tensor", **HALVES), static="older", x=X, cache=CACHE, n=LENGTHS, table=TABLE, expect=lambda x, cache, n, table: mmha(x, cache, lengths=n, rotary=table, halves=True), opset=9)
case("masked_multihead_attention_rotary_two_parts", decode("x cache_kv bias sequence_lengths rotary_tensor", rotary_emb_dims=2, use_neox_rotary_style=True), static="older", x=X, cache=CACHE, bias=f32[3, 2, 8], n=LENGTHS, table=TABLE, expect=lambda x, cache, bias, n, table: mmha(x, cache, bias.reshape(-1), lengths=n, rotary=table, halves=True, parts=2), opset=9)
case("masked_multihead_attention_f16", decode("x cache_kv sequence_lengths"), static="older", x=f16["b", 48], cache=f16[2, "b", 2, 12, 8], n=LENGTHS, expect=lambda x, cache, n: mmha(x, cache, lengths=n), opset=9)
case("masked_multihead_attention_f16_pieces", decode("x cache_kv src_mask sequence_lengths"), static="older", x=f16["b", 96], cache=f16[2, "b", 2, 6, 16], mask=f16["b", 1, 1, 6], n=i32["b", 1].ints(0, 6), expect=lambda x, cache, mask, n: mmha(x, cache, mask=mask, lengths=n), opset=9)
case("masked_multihead_attention_smooth", decode("x cache_kv sequence_lengths out_shift out_smooth"), static="older", x=X, cache=CACHE, n=LENGTHS, shift=f32[16], smooth=f32[16], expect=lambda x, cache, n, shift, smooth: [(y + shift) * smooth if i == 0 else y for i, y in enumerate(mmha(x, cache, lengths=n))], opset=9)
case("masked_multihead_attention_int8", decode("x cache_kv sequence_lengths", out_scale=0.5), static="older", x=X, cache=CACHE, n=LENGTHS, expect=lambda x, cache, n: [in_bytes(y, 0.5, True) if i == 0 else y for i, y in enumerate(mmha(x, cache, lengths=n))], opset=9)
case("masked_multihead_attention_int8_even", decode("x cache_kv sequence_lengths", out_scale=0.7, quant_round_type=0), static="older", x=X, cache=CACHE, n=LENGTHS, expect=lambda x, cache, n: [in_bytes(y, 0.7, False) if i == 0 else y for i, y in enumerate(mmha(x, cache, lengths=n))], opset=11)
case("masked_multihead_attention_int32", decode("x cache_kv sequence_lengths qkv_out_scale", compute_dtype="fp32"), static="older", x=i32["b", 48], cache=CACHE, n=LENGTHS, scale=f32[3, 2, 8].range(0.01, 0.1), expect=lambda x, cache, n, scale: mmha(x * scale.reshape(-1), cache, lengths=n), opset=9)
case("masked_multihead_attention_beams", decode("x cache_kv sequence_lengths beam_cache_offset"), static="older", x=X, cache=CACHE, n=LENGTHS, beams=i32["b", 1, 12], expect=lambda x, cache, *_: (x, cache), error="beam_cache_offset")
case("masked_multihead_attention_nowhere", decode("x cache_kv"), static="older", x=X, cache=CACHE, expect=lambda x, cache: (x, cache), error="neither sequence_lengths nor src_mask")

NO_TWIN = {"pir": "Paddle 3 does not translate it: its own ends with an underscore"}
# phi/kernels/fusion/gpu/fused_multi_transformer_kernel.cu with fused_multi_transformer_helper.cu.h (Paddle 2.6 and later), and the one of
# fluid/operators/fused (2.3 to 2.5), which differs in a mask of a whole text: there it is the mask alone that counts.
STACK = {"pre_layer_norm": True, "epsilon": 1e-4, "residual_alpha": 1.0, "rotary_emb_dims": 0, "dropout_rate": 0.0, "is_test": True, "dropout_implementation": "upscale_in_train", "act_method": "relu", "trans_qkvw": True, "ring_id": -1, "norm_type": "layernorm", "use_neox_rotary_style": False, "gqa_group_size": -1}
SHAPES = {"LnScale": (8,), "LnBias": (8,), "QKVW": (3, 2, 4, 8), "QKVBias": (3, 2, 4), "OutLinearW": (8, 8), "OutLinearBias": (8,), "FFNLnScale": (8,), "FFNLnBias": (8,), "FFN1Weight": (8, 6), "FFN1Bias": (6,), "FFN2Weight": (6, 8), "FFN2Bias": (8,)}
WEIGHTS = {name: [numbers(*dims) for _ in range(2)] for name, dims in SHAPES.items()}
# Four heads of queries for two of keys and values.
GROUPED = {**WEIGHTS, "QKVW": [numbers(8, 4, 8) for _ in range(2)], "QKVBias": [numbers(8, 4) for _ in range(2)], "OutLinearW": [numbers(16, 8) for _ in range(2)]}


def params(weights):
    return {name: [param(w) for w in ws] for name, ws in weights.items()}


def text(qkv, cache, mask=None, lengths=None):
    """qkv is [batch, tokens, heads + 2 * shared, size]: what the tokens of each text see, and their keys and values in the cache."""
    cache = cache.copy()
    keys, values = pieces(cache), cache[1]
    batch, count, every, size = qkv.shape
    shared = cache.shape[2]
    heads = every - 2 * shared
    out = np.zeros((batch, count, heads, size), "float32")
    for b in range(batch):
        n = count if lengths is None else int(lengths.reshape(-1)[b])
        for h in range(heads):
            i = h // (heads // shared)
            q, k, v = qkv[b, :n, h], qkv[b, :n, heads + i], qkv[b, :n, heads + shared + i]
            for t in range(n):
                keys[b, i, :, t] = k[t].reshape(keys.shape[2], -1)
                values[b, i, t] = v[t]
                seen = n if mask is not None else t + 1
                scores = k[:seen] @ q[t] * size**-0.5 + (0 if mask is None else mask[b, h % mask.shape[1], t, :n])
                weights = np.exp(scores - scores.max())
                out[b, t, h] = weights / weights.sum() @ v[:seen]
    return out.reshape(batch, count, -1), cache


def transformer(x, caches, weights=WEIGHTS, mask=None, lengths=None, time=None):
    def norm(y, scale, shift):
        centred = y - y.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-4) * scale + shift

    written = []
    for i, cache in enumerate(caches):
        w = {name: ws[i] for name, ws in weights.items()}
        matrix = w["QKVW"].reshape(-1, 8)
        qkv = (norm(x, w["LnScale"], w["LnBias"]) @ matrix.T + w["QKVBias"].reshape(-1)).reshape(*x.shape[:2], -1, 4)
        if time is not None:
            seen, cache = step(qkv[:, 0], cache, mask, lengths, time)
            seen = seen[:, None]
        else:
            seen, cache = text(qkv, cache, mask, lengths)
        written.append(cache)
        x = x + seen @ w["OutLinearW"] + w["OutLinearBias"]
        y = np.maximum(norm(x, w["FFNLnScale"], w["FFNLnBias"]) @ w["FFN1Weight"] + w["FFN1Bias"], 0)
        x = x + y @ w["FFN2Weight"] + w["FFN2Bias"]
    if lengths is not None and time is None:
        x = x * (np.arange(x.shape[1]) < lengths.reshape(-1, 1))[..., None]
    return [c.astype("float32") for c in written] + [x.astype("float32")]


FMT_OUT = {"CacheKVOut": ["float32", "float32"], "Out": "float32"}
TEXT, ONE = f32["b", "n", 8], f32["b", 1, 8]
CACHES = [f32[2, "b", 2, 12, 4], f32[2, "b", 2, 12, 4]]
N = i32["b"].ints(1, 6)


def causal(n, lengths):
    """The mask that such models make."""
    there = (np.arange(n) <= np.arange(n)[:, None]) & (np.arange(n) < np.reshape(lengths, (-1, 1, 1)))
    return np.where(there, 0, -1e4)[:, None].astype("float32")


raw("fused_multi_transformer_text", "fused_multi_transformer", inputs={"X": TEXT, **params(WEIGHTS), "CacheKV": CACHES, "SrcMask": f32["b", 1, "n", "n"]}, outputs=FMT_OUT, attrs=STACK, expect=lambda x, a, b, mask: transformer(x, [a, b], mask=mask), opset=10, paddle_cannot=NO_TWIN)
raw("fused_multi_transformer_text_lengths", "fused_multi_transformer", inputs={"X": TEXT, **params(WEIGHTS), "CacheKV": CACHES, "SeqLengths": N}, outputs=FMT_OUT, attrs=STACK, expect=lambda x, a, b, n: transformer(x, [a, b], lengths=n), opset=11, paddle_cannot=NO_TWIN)
raw("fused_multi_transformer_text_lengths_mask", "fused_multi_transformer", inputs={"X": f32[2, 5, 8], **params(WEIGHTS), "CacheKV": [f32[2, 2, 2, 12, 4], f32[2, 2, 2, 12, 4]], "SeqLengths": i32[2].values([5, 3]), "SrcMask": f32[2, 1, 5, 5].values(causal(5, [5, 3]))}, outputs=FMT_OUT, attrs=STACK, expect=lambda x, a, b, n, mask: transformer(x, [a, b], lengths=n), opset=9, paddle_cannot=NO_TWIN)
raw("fused_multi_transformer_token", "fused_multi_transformer", inputs={"X": ONE, **params(WEIGHTS), "CacheKV": CACHES, "TimeStep": i32_value([4], [11]), "SrcMask": f32["b", 1, 1, "t"]}, outputs=FMT_OUT, attrs=STACK, sizes=[{"t": 5}, {"t": 12}], expect=lambda x, a, b, time, mask: transformer(x, [a, b], mask=mask, time=int(time[0])), opset=10, paddle_cannot=NO_TWIN)
raw("fused_multi_transformer_token_lengths", "fused_multi_transformer", inputs={"X": ONE, **params(WEIGHTS), "CacheKV": CACHES, "TimeStep": i32_value([7]), "SeqLengths": N}, outputs=FMT_OUT, attrs=STACK, expect=lambda x, a, b, time, n: transformer(x, [a, b], lengths=n, time=7), opset=9, paddle_cannot=NO_TWIN)
raw("fused_multi_transformer_text_groups", "fused_multi_transformer", inputs={"X": TEXT, **params(GROUPED), "CacheKV": CACHES, "SeqLengths": N}, outputs=FMT_OUT, attrs={**STACK, "gqa_group_size": 2}, expect=lambda x, a, b, n: transformer(x, [a, b], GROUPED, lengths=n), opset=11, paddle_cannot=NO_TWIN)
raw("fused_multi_transformer_token_groups", "fused_multi_transformer", inputs={"X": ONE, **params(GROUPED), "CacheKV": CACHES, "TimeStep": i32_value([7]), "SeqLengths": N}, outputs=FMT_OUT, attrs={**STACK, "gqa_group_size": 2}, expect=lambda x, a, b, time, n: transformer(x, [a, b], GROUPED, lengths=n, time=7), opset=9, paddle_cannot=NO_TWIN)
raw("fused_multi_transformer_two_tokens", "fused_multi_transformer", inputs={"X": f32["b", 2, 8], **params(WEIGHTS), "CacheKV": CACHES, "TimeStep": i32_value([7])}, outputs=FMT_OUT, attrs=STACK, expect=lambda x, *_: x, error="2 tokens where the cache takes one", paddle_cannot=NO_TWIN)
raw("fused_multi_transformer_rotary", "fused_multi_transformer", inputs={"X": ONE, **params(WEIGHTS), "CacheKV": CACHES, "TimeStep": i32_value([7]), "RotaryPosEmb": f32[2, "b", 1, 1, 4]}, outputs=FMT_OUT, attrs={**STACK, "rotary_emb_dims": 1}, expect=lambda x, *_: x, error="rotary_tensor", paddle_cannot=NO_TWIN)

# files/write.py wrote these.
FILES = pathlib.Path(__file__).parents[1] / "files"
PIR = {"paddle_cannot": {"pdmodel": "an operator of PIR alone"}, "opset": {"pir": 9}}
PLAIN = {name: [w * 0 for w in ws] if name.endswith("Bias") else ws for name, ws in WEIGHTS.items()}
GIVEN_ONES = {f"w{i}": f32[w.shape].values(w) for i, w in enumerate(w for name, ws in WEIGHTS.items() if not name.endswith("Bias") for w in ws)}


def token(x, time, n, a, b, *weights):
    a, b, y = transformer(x, [a, b], PLAIN, lengths=n, time=7)
    return y + x, a, b


saved("fused_multi_transformer_token_pir", FILES / "fused_multi_transformer_token", x=ONE, time=i32[1].values([7]), n=N, cache0=CACHES[0], cache1=CACHES[1], **GIVEN_ONES, expect=token, **PIR)


# phi/kernels/fusion/gpu/fused_partial_rope_kernel.cu and blha_get_max_len.cu
def partly_turned(x, cos, sin):
    size = cos.shape[-1]
    y = x.copy()
    pairs = np.concatenate([x[..., -size::2], x[..., 1 - size :: 2]], -1)
    for i in range(size):
        other = -pairs[..., i + size // 2] if i < size // 2 else pairs[..., i - size // 2]
        y[..., x.shape[-1] - size + i] = pairs[..., i] * cos[..., i] + other * sin[..., i]
    return y


def longest(lengths, batch):
    return np.array([max([0, *lengths[: len(batch)]])], "int32")


saved("language_models_pir", FILES / "language_models", x=f32["b", "n", 2, 10], cos=f32[1, "n", 1, 6], sin=f32[1, "n", 1, 6], encoder=i32["l"].ints(0, 9), decoder=i32["l"].values([np.zeros(4), np.arange(6)]), batch=i32["k"], sizes=[{"l": 4, "k": 3}, {"l": 6, "k": 6}], expect=lambda x, cos, sin, encoder, decoder, batch: [partly_turned(x, cos, sin), longest(encoder, batch), longest(decoder, batch)], paddle_cannot={"pdmodel": "operators of PIR alone"}, opset={"pir": 10})
