"""Attention in the forms of language models, and feed-forward parts. Their kernels are for GPUs: the rows say what they compute."""
import paddle
from dsl import *

erf = np.vectorize(__import__("math").erf)
SCALES, SHIFT, SMOOTH = [(np.random.RandomState(i).rand(8) + 0.5).astype("float32") for i in range(3)]
# All attributes, as Paddle 3 translates no defaults.
FLASH = {"dropout": 0.0, "causal": False, "return_softmax": False, "is_test": True, "rng_name": ""}
ACT = {"compute_dtype": "default", "quant_scale": -1.0, "quant_round_type": 1, "quant_max_bound": 127.0, "quant_min_bound": -127.0}
QKV3 = {"out": "float32", "softmax": None, "softmax_lse": None, "seed_offset": None}
CU_Q, CU_K = np.array([0, 2, 5, 9]), np.array([0, 3, 7, 12])


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attend(q, k, v, factor=None, mask=0.0, hidden=False):
    """On [batch, heads, length, size]; zeros where all is hidden."""
    times = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, times, 1), np.repeat(v, times, 1)
    scores = q @ k.swapaxes(-1, -2) * (factor or q.shape[-1] ** -0.5) + mask
    hidden = np.broadcast_to(hidden, scores.shape)
    weights = softmax(np.where(hidden, -1e30, scores)) * ~hidden.all(-1, keepdims=True)
    return (weights @ v).astype("float32")


def front(x):
    return x.swapaxes(1, 2)


# phi/kernels/fusion/cutlass/memory_efficient_attention.cu, memory_efficient_attention/kernel_forward.h: a causal mask begins in the first corner, causal_diagonal keys farther.
def efficient(q, k, v, mask=0.0, causal=False, factor=None, diagonal=0):
    hidden = causal and np.arange(k.shape[1])[None] > np.arange(q.shape[1])[:, None] + np.reshape(diagonal, (-1, 1, 1, 1))
    return front(attend(front(q), front(k), front(v), factor, mask, hidden))


def efficient_sequences(q, k, v, cu_q, cu_k, diagonal=None, lengths=None, causal=False, factor=None):
    out = np.zeros_like(q)
    for i in range(len(cu_q) - 1):
        rows, keys = slice(cu_q[i], cu_q[i + 1]), slice(cu_k[i], cu_k[i + 1] if lengths is None else cu_k[i] + lengths[i])
        out[:, rows] = efficient(q[:, rows], k[:, keys], v[:, keys], causal=causal, factor=factor, diagonal=0 if diagonal is None else diagonal[i])
    return out


# phi/kernels/gpu/flash_attn_kernel.cu and, for the masks, csrc/flash_attn/src/{softmax,flash_fwd_kernel}.h of PaddlePaddle/flash-attention.
def packed(qkv, causal=False):
    q = qkv[:, :, :-2].reshape(*qkv.shape[:2], -1, qkv.shape[-1])
    n = qkv.shape[1]
    hidden = causal and np.arange(n)[None] > np.arange(n)[:, None]
    return front(attend(front(q), front(qkv[:, :, -2]), front(qkv[:, :, -1]), hidden=hidden))


def unpadded(q, k, v, cu_q, cu_k, causal=False, factor=None, window=None, cap=0):
    """Causal from the first corner; a window (of FlashAttention 3) ends in the last one."""
    out = np.zeros_like(q)
    for i in range(len(cu_q) - 1):
        a, b = slice(cu_q[i], cu_q[i + 1]), slice(cu_k[i], cu_k[i + 1])
        n, m = cu_q[i + 1] - cu_q[i], cu_k[i + 1] - cu_k[i]
        if window:
            out[a] = windowed(*[x[None] for x in (q[a], k[b], v[b])], *window, cap, factor)[0]
            continue
        hidden = causal and np.arange(m)[None] > np.arange(n)[:, None]
        out[a] = attend(*[x.swapaxes(0, 1)[None] for x in (q[a], k[b], v[b])], factor, hidden=hidden)[0].swapaxes(0, 1)
    return out


# fmha_grouped.h and autogen_variable in phi/kernels/fusion/cutlass/memory_efficient_attention: the cache lengthens the keys, not the causal mask.
def variable(q, k, v, lengths, kv_lengths, mask=0.0, causal=False, cached=0, factor=0.5):
    hidden = np.arange(k.shape[2]) >= kv_lengths.reshape(-1, 1, 1, 1) + cached
    if causal:
        hidden = hidden | (np.arange(k.shape[2])[None] > np.arange(q.shape[2])[:, None])
    return attend(q, k, v, factor, mask, hidden)


# The table of paddle.nn.functional.flashmask_attention (flashmask_to_densemask).
def flashmask(q, k, v, bounds, causal):
    rows, columns = np.arange(q.shape[1])[:, None], np.arange(k.shape[1])
    b = [bounds[..., i][:, :, None] for i in range(bounds.shape[-1])]
    if causal:
        hidden = (rows >= b[0]) & (rows < b[1] if len(b) == 2 else True) | (rows < columns)
    else:
        hidden = (rows >= b[0]) | (rows < b[1]) if len(b) == 2 else (rows >= b[0]) & (rows < b[1]) | (rows >= b[2]) & (rows < b[3])
    if hidden.shape[1] not in (1, q.shape[2]):
        hidden = np.repeat(hidden, q.shape[2] // hidden.shape[1], 1)
    return front(attend(front(q), front(k), front(v), hidden=hidden))


def gelu(x):
    return (x * 0.5 * (1 + erf(x / 2**0.5))).astype("float32")


# phi/kernels/fusion/gpu/fused_bias_act_kernel.cu with phi/kernels/funcs/load_store_util.h: (activated + shift) · smooth, then rounded and limited.
def in_bytes(y, scale, away):
    y = y.astype("float32") * np.float32(scale * 127)
    return np.clip(np.sign(y) * np.floor(abs(y) + 0.5) if away else np.rint(y), -127, 127).astype("int8")


def silu(x):
    return x / (1 + np.exp(-x))


NO_DOUBLE = {"pir": "Paddle 3.3 does not translate their dropout_p"}
MEA = {"output": "float32", "logsumexp": None, "seed_and_offset": None}
MEA_ATTRS = {"max_seqlen_q": -1.0, "max_seqlen_k": -1.0, "dropout_p": 0.0, "is_test": True}
raw("memory_efficient_attention", "memory_efficient_attention", inputs={"query": f32["b", "n", 2, 4], "key": f32["b", "m", 2, 4], "value": f32["b", "m", 2, 4]}, outputs=MEA, attrs={"causal": False, "scale": -1.0, **MEA_ATTRS}, expect=efficient, paddle_cannot=NO_DOUBLE)
raw("memory_efficient_attention_scale", "memory_efficient_attention", inputs={"query": f32["b", "n", 2, 4], "key": f32["b", "m", 2, 4], "value": f32["b", "m", 2, 4]}, outputs=MEA, attrs={"causal": False, "scale": 0.3, **MEA_ATTRS}, expect=lambda q, k, v: efficient(q, k, v, factor=0.3), paddle_cannot=NO_DOUBLE)
raw("memory_efficient_attention_causal", "memory_efficient_attention", inputs={"query": f32["b", "n", 2, 4], "key": f32["b", "n", 2, 4], "value": f32["b", "n", 2, 4]}, outputs=MEA, attrs={"causal": True, "scale": -1.0, **MEA_ATTRS}, expect=lambda q, k, v: efficient(q, k, v, causal=True), paddle_cannot=NO_DOUBLE, opset=11)
raw("memory_efficient_attention_bias", "memory_efficient_attention", inputs={"query": f32["b", "n", 2, 4], "key": f32["b", "m", 2, 4], "value": f32["b", "m", 2, 4], "bias": f32["b", 2, "n", "m"]}, outputs=MEA, attrs={"causal": False, "scale": -1.0, **MEA_ATTRS}, expect=efficient, paddle_cannot=NO_DOUBLE)
raw("memory_efficient_attention_scale_0", "memory_efficient_attention", inputs={"query": f32["b", "n", 2, 4], "key": f32["b", "m", 2, 4], "value": f32["b", "m", 2, 4]}, outputs=MEA, attrs={"causal": False, "scale": 0.0, **MEA_ATTRS}, expect=lambda q, k, v: efficient(q, k, v, factor=1e-30), paddle_cannot=NO_DOUBLE)
raw("memory_efficient_attention_diagonal", "memory_efficient_attention", inputs={"query": f32[2, "n", 2, 4], "key": f32[2, 9, 2, 4], "value": f32[2, 9, 2, 4], "causal_diagonal": i32[2].values([1, 3])}, outputs=MEA, attrs={"causal": True, "scale": -1.0, **MEA_ATTRS}, expect=lambda q, k, v, diagonal: efficient(q, k, v, causal=True, diagonal=diagonal), paddle_cannot=NO_DOUBLE, opset=11)
PACKED = {"query": f32[1, 9, 2, 4], "key": f32[1, 12, 2, 4], "value": f32[1, 12, 2, 4], "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_K)}
MEA_PACKED = {**MEA_ATTRS, "max_seqlen_q": 4.0, "max_seqlen_k": 5.0}
raw("memory_efficient_attention_sequences", "memory_efficient_attention", inputs=PACKED, outputs=MEA, attrs={**MEA_PACKED, "causal": False, "scale": 0.3}, expect=lambda *x: efficient_sequences(*x, factor=0.3), paddle_cannot=NO_DOUBLE)
raw("memory_efficient_attention_sequences_causal", "memory_efficient_attention", inputs={**PACKED, "query": f32[1, "r", 2, 4].values([np.random.RandomState(i).randn(1, 9, 2, 4) for i in range(2)])}, outputs=MEA, attrs={**MEA_PACKED, "causal": True, "scale": -1.0}, expect=lambda *x: efficient_sequences(*x, causal=True), paddle_cannot=NO_DOUBLE, opset=11)
raw("memory_efficient_attention_sequences_in_caches", "memory_efficient_attention", inputs={**PACKED, "causal_diagonal": i32[3].values([1, 0, 1]), "seqlen_k": i32[3].values([2, 4, 3])}, outputs=MEA, attrs={**MEA_PACKED, "causal": True, "scale": -1.0}, expect=lambda *x: efficient_sequences(*x, causal=True), paddle_cannot=NO_DOUBLE)
raw("memory_efficient_attention_sequences_bias", "memory_efficient_attention", inputs={**PACKED, "bias": f32[1, 2, 9, 12]}, outputs=MEA, attrs={**MEA_PACKED, "causal": False, "scale": -1.0}, expect=lambda *x: efficient_sequences(*x[:5]), error="a bias beside cu_seqlens", paddle_cannot=NO_DOUBLE)

raw("flash_attn_qkvpacked", "flash_attn_qkvpacked", inputs={"qkv": f32["b", "n", 3, 2, 4]}, outputs=QKV3, attrs=FLASH, expect=packed)
raw("flash_attn_qkvpacked_groups", "flash_attn_qkvpacked", inputs={"qkv": f32["b", "n", 5, 2, 4]}, outputs=QKV3, attrs=FLASH, expect=packed)
raw("flash_attn_qkvpacked_causal", "flash_attn_qkvpacked", inputs={"qkv": f32["b", "n", 3, 2, 4]}, outputs=QKV3, attrs={**FLASH, "causal": True}, expect=lambda qkv: packed(qkv, True), opset=11)

UNPADDED = {**FLASH, "max_seqlen_q": 9, "max_seqlen_k": 12}
raw("flash_attn_unpadded", "flash_attn_unpadded", inputs={"q": f32[9, 2, 4], "k": f32[12, 2, 4], "v": f32[12, 2, 4], "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_K)}, outputs=QKV3, attrs={"scale": 0.5, **UNPADDED}, expect=lambda *x: unpadded(*x, factor=0.5))
raw("flash_attn_unpadded_dynamic", "flash_attn_unpadded", inputs={"q": f32["r", 4, 4].values([np.random.RandomState(7).randn(9, 4, 4), np.random.RandomState(8).randn(9, 4, 4)]), "k": f32[12, 2, 4], "v": f32[12, 2, 4], "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_K)}, outputs=QKV3, attrs={"scale": 0.5, **UNPADDED}, expect=lambda *x: unpadded(*x, factor=0.5), opset=11)
raw("flash_attn_unpadded_causal", "flash_attn_unpadded", inputs={"q": f32[9, 2, 4], "k": f32[12, 2, 4], "v": f32[12, 2, 4], "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_K)}, outputs=QKV3, attrs={**UNPADDED, "scale": 0.5, "causal": True}, expect=lambda *x: unpadded(*x, causal=True, factor=0.5))
raw("flash_attn_varlen_qkvpacked", "flash_attn_varlen_qkvpacked", inputs={"qkv": f32[9, 4, 2, 4], "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_Q)}, outputs=QKV3, attrs={"scale": 0.5, "varlen_padded": False, **UNPADDED}, expect=lambda qkv, a, b: unpadded(qkv[:, :-2].reshape(9, 4, 4), qkv[:, -2], qkv[:, -1], a, b, factor=0.5))


def padded(qkv, cu, most, causal=False):
    """Sequences of `most` rows, of which as many count as cu_seqlens says; zeros for the others."""
    out = np.zeros((len(qkv), (qkv.shape[1] - 2) * qkv.shape[2], qkv.shape[3]), "float32")
    for i, n in enumerate(np.diff(cu)):
        out[i * most : i * most + n] = packed(qkv[None, i * most : i * most + n], causal)[0]
    return out


PADDED = {**UNPADDED, "scale": 0.5, "varlen_padded": True, "max_seqlen_q": 4, "max_seqlen_k": 4}
raw("flash_attn_varlen_qkvpacked_padded", "flash_attn_varlen_qkvpacked", inputs={"qkv": f32[12, 4, 2, 4], "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_Q)}, outputs=QKV3, attrs=PADDED, expect=lambda qkv, a, b: padded(qkv, a, 4))
raw("flash_attn_varlen_qkvpacked_padded_causal", "flash_attn_varlen_qkvpacked", inputs={"qkv": f32["r", 3, 2, 4].values([np.random.RandomState(i).randn(12, 3, 2, 4) for i in range(2)]), "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_Q)}, outputs=QKV3, attrs={**PADDED, "causal": True}, expect=lambda qkv, a, b: padded(qkv, a, 4, True), opset=11)

raw("variable_length_memory_efficient_attention", "variable_length_memory_efficient_attention", inputs={"query": f32[2, 2, "n", 4], "key": f32[2, 2, 6, 4], "value": f32[2, 2, 6, 4], "seq_lens": i32[2, 1].values([[5], [5]]), "kv_seq_lens": i32[2, 1].values([[6], [3]])}, outputs={"out": "float32"}, attrs={"scale": 0.5, "causal": False, "pre_cache_length": 0}, expect=variable)
raw("variable_length_memory_efficient_attention_causal_mask", "variable_length_memory_efficient_attention", inputs={"query": f32[2, 4, "n", 4], "key": f32[2, 2, "n", 4], "value": f32[2, 2, "n", 4], "seq_lens": i32[2, 1].values([[5], [5]]), "kv_seq_lens": i32[2, 1].values([[5], [3]]), "mask": f32[2, 1, "n", "n"]}, outputs={"out": "float32"}, attrs={"scale": 0.5, "causal": True, "pre_cache_length": 0}, expect=lambda *x: variable(*x, causal=True), opset=11)

raw("variable_length_memory_efficient_attention_cache", "variable_length_memory_efficient_attention", inputs={"query": f32[2, 2, "n", 4], "key": f32[2, 2, 9, 4], "value": f32[2, 2, 9, 4], "seq_lens": i32[2, 1].values([[5], [5]]), "kv_seq_lens": i32[2, 1].values([[7], [3]]), "mask": f32[2, 1, "n", 9]}, outputs={"out": "float32"}, attrs={"scale": 0.5, "causal": True, "pre_cache_length": 2}, expect=lambda *x: variable(*x, causal=True, cached=2), opset=11)
raw("variable_length_memory_efficient_attention_mask_heads", "variable_length_memory_efficient_attention", inputs={"query": f32[2, 2, "n", 4], "key": f32[2, 2, 6, 4], "value": f32[2, 2, 6, 4], "seq_lens": i32[2, 1].values([[5], [5]]), "kv_seq_lens": i32[2, 1].values([[6], [3]]), "mask": f32[2, 2, "n", 6]}, outputs={"out": "float32"}, attrs={"scale": -0.25, "causal": False, "pre_cache_length": 0}, expect=lambda *x: variable(*x, factor=-0.25))

raw("flashmask_attention_causal", "flashmask_attention", inputs={"q": f32["b", 6, 2, 4], "k": f32["b", 6, 2, 4], "v": f32["b", 6, 2, 4], "startend_row_indices": i32["b", 1, 6, 1].ints(0, 7)}, outputs=QKV3, attrs={**FLASH, "causal": True}, expect=lambda *x: flashmask(*x, True))
raw("flashmask_attention_causal_ends", "flashmask_attention", inputs={"q": f32["b", "n", 4, 4], "k": f32["b", "n", 2, 4], "v": f32["b", "n", 2, 4], "startend_row_indices": i32["b", 2, "n", 2].ints(0, 7)}, outputs=QKV3, attrs={**FLASH, "causal": True}, expect=lambda *x: flashmask(*x, True), opset=11)
raw("flashmask_attention_both_sides", "flashmask_attention", inputs={"q": f32["b", 6, 2, 4], "k": f32["b", 6, 2, 4], "v": f32["b", 6, 2, 4], "startend_row_indices": i32["b", 1, 6, 2].ints(0, 7)}, outputs=QKV3, attrs=FLASH, expect=lambda *x: flashmask(*x, False))
raw("flashmask_attention_four_bounds", "flashmask_attention", inputs={"q": f32["b", 6, 2, 4], "k": f32["b", 6, 2, 4], "v": f32["b", 6, 2, 4], "startend_row_indices": i32["b", 2, 6, 4].ints(0, 7)}, outputs=QKV3, attrs=FLASH, expect=lambda *x: flashmask(*x, False))

raw("fused_bias_act_gelu", "fused_bias_act", inputs={"x": f32["b", "n", 8], "bias": param(SHIFT)}, outputs={"out": "float32"}, attrs={"act_method": "gelu", **ACT}, expect=lambda x: gelu(x + SHIFT), opset=9)
raw("fused_bias_act_swiglu", "fused_bias_act", inputs={"x": f32["b", "n", 8], "bias": param(SHIFT)}, outputs={"out": "float32"}, attrs={"act_method": "swiglu", **ACT}, expect=lambda x: silu((x + SHIFT)[..., :4]) * (x + SHIFT)[..., 4:])
raw("fused_bias_act_geglu_smooth", "fused_bias_act", inputs={"x": f32["b", "n", 8], "shift": param(SHIFT[:4]), "smooth": param(SMOOTH[:4])}, outputs={"out": "float32"}, attrs={"act_method": "geglu", **ACT}, expect=lambda x: (gelu(x[..., :4]) * x[..., 4:] + SHIFT[:4]) * SMOOTH[:4], opset=9)
raw("fused_bias_act_dequantize", "fused_bias_act", inputs={"x": i32["b", 8], "dequant_scales": param(SCALES)}, outputs={"out": "float32"}, attrs={**ACT, "act_method": "relu", "compute_dtype": "fp32"}, expect=lambda x: np.maximum(x * SCALES, 0).astype("float32"))
raw("fused_bias_act_dequantize_f16", "fused_bias_act", inputs={"x": i32["b", 8], "dequant_scales": param(SCALES)}, outputs={"out": "float16"}, attrs={**ACT, "act_method": "relu", "compute_dtype": "fp16"}, expect=lambda x: np.maximum((x * SCALES).astype("float16"), 0))
raw("fused_bias_act_int8_away", "fused_bias_act", inputs={"x": f32["b", 8], "bias": param(SHIFT), "shift": param(SCALES), "smooth": param(SMOOTH)}, outputs={"out": "int8"}, attrs={**ACT, "act_method": "relu", "quant_scale": 0.3}, expect=lambda x: in_bytes((np.maximum(x + SHIFT, 0) + SCALES) * SMOOTH, 0.3, True), opset=9)
raw("fused_bias_act_int8_even", "fused_bias_act", inputs={"x": i32["b", 8], "dequant_scales": param(SCALES)}, outputs={"out": "int8"}, attrs={**ACT, "act_method": "swiglu", "compute_dtype": "fp32", "quant_scale": 0.1, "quant_round_type": 0}, expect=lambda x: in_bytes(silu((x * SCALES)[:, :4]) * (x * SCALES)[:, 4:], 0.1, False), opset=11)
raw("fused_bias_act_unknown", "fused_bias_act", inputs={"x": f32["b", 8]}, outputs={"out": "float32"}, attrs={"act_method": "tanh", **ACT}, expect=lambda x: x, error="act_method 'tanh'")
raw("fused_bias_act_no_dtype", "fused_bias_act", inputs={"x": i32["b", 8], "dequant_scales": param(SCALES)}, outputs={"out": "float32"}, attrs={**ACT, "act_method": "relu"}, expect=lambda x: x, error="the compute_dtype 'default' for integers")
raw("fused_bias_act_no_scales", "fused_bias_act", inputs={"x": i32["b", 8]}, outputs={"out": "float32"}, attrs={**ACT, "act_method": "relu", "compute_dtype": "fp32"}, expect=lambda x: x, error="dequant_scales for floats, or integers without them")


# phi/kernels/gpu/flash_attn_v3_kernel.cu: causal is a window to the right of 0; windows end in the last corner; scores are limited after scaling.
def windowed(q, k, v, left, right, cap, factor):
    q, k, v = front(q), front(np.repeat(k, q.shape[2] // k.shape[2], 2)), front(np.repeat(v, q.shape[2] // v.shape[2], 2))
    scores = q @ k.swapaxes(-1, -2) * factor
    if cap:
        scores = np.tanh(scores / cap) * cap
    ahead = np.arange(k.shape[2])[None] - np.arange(q.shape[2])[:, None] - (k.shape[2] - q.shape[2])
    hidden = (ahead < -left if left >= 0 else False) | (ahead > right if right >= 0 else False) | np.zeros_like(scores, bool)
    weights = softmax(np.where(hidden, -1e30, scores)) * ~hidden.all(-1, keepdims=True)
    return front(weights @ v).astype("float32")


V3 = {"softmax_scale": 0.4, "is_causal": False, "window_size_left": -1, "window_size_right": -1, "softcap": 0.0, "num_splits": 1, "manual_set_pack_gqa": False, "pack_gqa_": False, "sm_margin": 0}
V3_OUT = {"out": "float32", "softmax_lse": None}
V3_IN = {"q": f32["b", "n", 4, 4], "k": f32["b", 6, 2, 4], "v": f32["b", 6, 2, 4]}
raw("flash_attn_v3", "flash_attn_v3", inputs=V3_IN, outputs=V3_OUT, attrs=V3, expect=lambda *x: windowed(*x, -1, -1, 0, 0.4))
raw("flash_attn_v3_causal_softcap", "flash_attn_v3", inputs=V3_IN, outputs=V3_OUT, attrs={**V3, "is_causal": True, "softcap": 0.5}, expect=lambda *x: windowed(*x, -1, 0, 0.5, 0.4), opset=11)
raw("flash_attn_v3_window", "flash_attn_v3", inputs=V3_IN, outputs=V3_OUT, attrs={**V3, "window_size_left": 2, "window_size_right": 1}, expect=lambda *x: windowed(*x, 2, 1, 0, 0.4), opset=11)
raw("flash_attn_v3_varlen", "flash_attn_v3_varlen", inputs={"q": f32[9, 2, 4], "k": f32[12, 2, 4], "v": f32[12, 2, 4], "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_K)}, outputs=V3_OUT, attrs={"softmax_scale": 0.5, "causal": True, "window_size_left": -1, "window_size_right": 0, "softcap": 0.0, "num_splits": 1, "manual_set_pack_gqa": False, "pack_gqa": False, "sm_margin": 0, "max_seqlen_q": 9, "max_seqlen_k": 12}, expect=lambda *x: unpadded(*x, factor=0.5, window=(-1, 0)))
raw("flash_attn_v3_varlen_window", "flash_attn_v3_varlen", inputs={"q": f32[9, 4, 4], "k": f32[12, 2, 4], "v": f32[12, 2, 4], "cu_seqlens_q": i32[4].values(CU_Q), "cu_seqlens_k": i32[4].values(CU_K)}, outputs=V3_OUT, attrs={"softmax_scale": 0.5, "causal": False, "window_size_left": 1, "window_size_right": 1, "softcap": 0.7, "num_splits": 1, "manual_set_pack_gqa": False, "pack_gqa": False, "sm_margin": 0, "max_seqlen_q": 9, "max_seqlen_k": 12}, expect=lambda *x: unpadded(*x, factor=0.5, window=(1, 1), cap=0.7))
raw("flashmask_attention_v2", "flashmask_attention_v2", inputs={"q": f32["b", 6, 2, 4], "k": f32["b", 6, 2, 4], "v": f32["b", 6, 2, 4], "startend_row_indices": i32["b", 1, 6, 1].ints(0, 7)}, outputs=V3_OUT, attrs={"softmax_scale": 0.5, "is_causal": True}, expect=lambda *x: flashmask(*x, True))


# --- pairs that are named ---------------------------------------------------------------------------------------------
# fluid/operators/sparse_attention_op.cu: the softmax goes over the pairs of a row that the matrix names.
def named_attention(q, k, v, offset, columns, keys=None, pairs=None):
    dots, out = [], np.zeros_like(q)
    weights = np.zeros([*columns.shape], q.dtype)
    dots = np.zeros([*columns.shape], q.dtype)
    for at in np.ndindex(*q.shape[:3]):
        b, h, row = at
        part = slice(offset[b, h, row], offset[b, h, row + 1])
        column = columns[b, h, part]
        if not column.size:
            continue
        dots[b, h, part] = k[b, h, column] @ q[at]
        score = dots[b, h, part] / np.sqrt(q.shape[-1])
        score[(keys is not None and keys[b, column] == 0) | (pairs is not None and pairs[row, column] == 0)] = -np.inf
        weights[b, h, part] = softmax(score)
        out[at] = weights[b, h, part] @ v[b, h, column]
    return out, dots, weights


HEAD = f32[2, 2, 4, 8]
NAMED = {"Q": HEAD, "K": HEAD, "V": HEAD, "Offset": i32[2, 2, 5].values([[[0, 2, 2, 5, 6], [0, 0, 1, 3, 6]], [[0, 4, 6, 6, 6], [0, 1, 2, 3, 6]]]), "Columns": i32[2, 2, 6].values([[[0, 3, 1, 2, 3, 0], [2, 0, 1, 0, 2, 3]], [[0, 1, 2, 3, 1, 0], [3, 3, 3, 0, 1, 2]]])}
ALL = {"Out": "float32", "SparseDotSdd": "float32", "Softmax": "float32"}
KEYS = f32[2, 4].values([[1, 1, 0, 1], [1, 1, 1, 1]])
PAIRS = f32[4, 4].values([[1, 1, 1, 1], [1, 0, 1, 1], [0, 1, 1, 1], [1, 1, 0, 1]])
OPEN = f32["b", 2, "n", 4]
# The example of Paddle's documentation, and what it says of it.
SHOWN = [[[[0, 1], [2, 3], [0, 1], [2, 3]]]]
raw("sparse_attention", "sparse_attention", inputs=NAMED, outputs=ALL, opset=16, expect=named_attention)
raw("sparse_attention_masks", "sparse_attention", inputs={**NAMED, "KeyPaddingMask": KEYS, "AttnMask": PAIRS}, outputs=ALL, opset=16, expect=named_attention)
raw("sparse_attention_keys", "sparse_attention", inputs={**NAMED, "KeyPaddingMask": KEYS}, outputs=ALL, opset=16, expect=named_attention)
raw("sparse_attention_all_hidden", "sparse_attention", inputs={**NAMED, "KeyPaddingMask": f32[2, 4].values([[0, 1, 1, 1], [1, 1, 1, 0]])}, outputs=ALL, opset=16, expect=named_attention)
raw("sparse_attention_pairs", "sparse_attention", inputs={**NAMED, "AttnMask": PAIRS}, outputs=ALL, opset=16, expect=lambda q, k, v, o, c, pairs: named_attention(q, k, v, o, c, None, pairs))
raw("sparse_attention_f64", "sparse_attention", inputs={"Q": f64[1, 1, 4, 2].values(SHOWN), "K": f64[1, 1, 4, 2].values(SHOWN), "V": f64[1, 1, 4, 2].values(SHOWN), "Offset": i32[1, 1, 5].values([[[0, 2, 4, 6, 8]]]), "Columns": i32[1, 1, 8].values([[[0, 1, 0, 1, 2, 3, 2, 3]]]), "KeyPaddingMask": f64[1, 4].values([[1, 1, 1, 0]]), "AttnMask": f64[4, 4].values([[1, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]])}, outputs={"Out": "float64", "SparseDotSdd": None, "Softmax": None}, opset=16, atol=1e-7, expect=lambda *x: np.array([[[[0, 1], [1.99830270, 2.99830270], [0, 1], [0, 1]]]]))
raw("sparse_attention_open", "sparse_attention", inputs={"Q": OPEN, "K": OPEN, "V": OPEN, "Offset": i32["b", 2, "m"].values([np.tile(np.arange(0, 11, 2), (2, 2, 1)), np.tile(np.arange(0, 15, 2), (3, 2, 1))]), "Columns": i32["b", 2, "p"].values([np.tile(np.arange(10) % 5, (2, 2, 1)), np.tile(np.arange(14) % 7, (3, 2, 1))])}, outputs=ALL, sizes=[{"m": 6, "p": 10}, {"m": 8, "p": 14}], opset=16, expect=named_attention)


# phi/kernels/fusion/gpu/fused_token_prune_kernel.cu
def pruned(attn, x, mask, new, first=True, ordered=False):
    score = np.where(mask >= 0, attn, 0).sum((1, 2))
    if first:
        score[:, 0] = np.inf
    kept = np.argsort(-score, 1, kind="stable")[:, : new.shape[2]]
    kept = np.sort(kept, 1) if ordered else kept
    return np.take_along_axis(x, kept[..., None], 1), kept


TOKENS = {"Attn": f32["b", 2, "n", "n"].unique(), "X": f32["b", "n", 3], "Mask": f32["b", 2, "n", "n"], "NewMask": f32["b", 2, 3, 3]}
PRUNED = {"SlimmedX": "float32", "CLSInds": "int64"}
raw("token_prune", "fused_token_prune", inputs=TOKENS, outputs=PRUNED, attrs={"keep_first_token": True, "keep_order": False}, opset=11, expect=pruned)
raw("token_prune_in_order", "fused_token_prune", inputs=TOKENS, outputs=PRUNED, attrs={"keep_first_token": True, "keep_order": True}, opset=11, expect=lambda *x: pruned(*x, ordered=True))
raw("token_prune_any", "fused_token_prune", inputs=TOKENS, outputs=PRUNED, attrs={"keep_first_token": False, "keep_order": True}, opset=11, expect=lambda *x: pruned(*x, False, True))
raw("token_prune_open", "fused_token_prune", inputs={"Attn": f64["b", 1, 6, 6].unique(), "X": f64["b", 6, 4], "Mask": f64["b", 1, 6, 6], "NewMask": f64["b", 1, "k", "k"]}, outputs={"SlimmedX": "float64", "CLSInds": "int64"}, attrs={"keep_first_token": True, "keep_order": False}, sizes=[{"k": 2}, {"k": 5}], opset=11, expect=pruned)
