"""Attention and the parts of transformers that Paddle fuses. Most have kernels for GPUs only: those rows say what they compute."""
import pathlib

import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *
from written import written

W_QKV, B_QKV, W, TABLE, MORE = [np.random.RandomState(i).randn(*s).astype("float32") for i, s in enumerate([(8, 3, 8), (3, 8), (6, 8), (9, 8), (4, 8)])]
SCALE, BIAS, BIAS0 = [np.random.RandomState(9 + i).randn(8).astype("float32") for i in range(3)]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x, scale=SCALE, bias=BIAS, axes=(-1,), epsilon=1e-5):
    y = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)
    return y * scale + bias


def attend(q, k, v, factor=None, mask=0.0, causal=False):
    """On [batch, length, heads, size]. Causal from the first corner: PaddlePaddle/flash-attention, csrc/flash_attn/src/softmax.h."""
    q, k, v = [a.transpose(0, 2, 1, 3) for a in (q, k, v)]
    if k.shape[1] != q.shape[1]:
        k, v = [np.repeat(a, q.shape[1] // a.shape[1], axis=1) for a in (k, v)]
    scores = q @ k.transpose(0, 1, 3, 2) * (factor or q.shape[-1] ** -0.5) + mask
    if causal:
        n, m = scores.shape[-2:]
        scores = np.where(np.arange(m)[None] <= np.arange(n)[:, None], scores, -np.inf)
    return (softmax(scores) @ v).transpose(0, 2, 1, 3)


def multihead(x, mask=0.0):
    qkv = (x @ W_QKV.reshape(8, 24) + B_QKV.reshape(-1)).reshape(*x.shape[:2], 3, 2, 4)
    return attend(*[qkv[:, :, i] for i in range(3)], factor=0.5, mask=mask).reshape(x.shape)


# phi/kernels/fusion/gpu/fused_rope_utils.h of Paddle 2.6 (no base, no time_major), 3.0 and 3.3 (tables of a part of the head).
def rotary(x, angles, halves=False):
    """`angles`: […, length, 1, size]."""
    if angles.shape[-1] < x.shape[-1]:
        size = angles.shape[-1]
        return np.concatenate([rotary(x[..., :size], angles, halves), x[..., size:]], -1)
    if halves:
        middle = x.shape[-1] // 2
        partner = np.concatenate([-x[..., middle:], x[..., :middle]], -1)
    else:
        partner = np.stack([-x[..., 1::2], x[..., 0::2]], -1).reshape(x.shape)
    return (x * np.cos(angles) + partner * np.sin(angles)).astype("float32")


def angles(positions, base=10000):
    return (positions[..., None, None] * base ** -(np.arange(8) // 2 * 2 / 8)).astype("float32")


ANGLES = np.random.RandomState(5).randn(1, 7, 1, 8).astype("float32")

raw("multihead_matmul", "multihead_matmul", inputs={"Input": f32["b", "n", 8], "W": param(W_QKV), "Bias": param(B_QKV)}, outputs={"Out": "float32"}, attrs={"alpha": 0.5, "head_number": 2}, expect=multihead)
raw("multihead_matmul_mask", "multihead_matmul", inputs={"Input": f32["b", "n", 8], "W": param(W_QKV), "Bias": param(B_QKV), "BiasQK": f32["b", 1, 1, "n"]}, outputs={"Out": "float32"}, attrs={"alpha": 0.5, "head_number": 2}, expect=multihead)
raw("multihead_matmul_mask_heads", "multihead_matmul", inputs={"Input": f32["b", "n", 8], "W": param(W_QKV), "Bias": param(B_QKV), "BiasQK": f32["b", 2, "n", "n"]}, outputs={"Out": "float32"}, attrs={"alpha": 0.5, "head_number": 2}, expect=multihead)
raw("multihead_matmul_mask_shared", "multihead_matmul", inputs={"Input": f32["b", "n", 8], "W": param(W_QKV), "Bias": param(B_QKV), "BiasQK": f32[1, 1, "n", "n"]}, outputs={"Out": "float32"}, attrs={"alpha": 0.5, "head_number": 2}, expect=multihead)
raw("multihead_matmul_mask_rank2", "multihead_matmul", inputs={"Input": f32["b", "n", 8], "W": param(W_QKV), "Bias": param(B_QKV), "BiasQK": f32["b", "n"]}, outputs={"Out": "float32"}, attrs={"alpha": 0.5, "head_number": 2}, expect=lambda x, mask: multihead(x, mask[:, None, None]), error="a bias_qk of rank 2")
raw("self_dp_attention", "self_dp_attention", inputs={"X": f32["b", "n", 3, 2, 4]}, outputs={"Out": "float32"}, attrs={"alpha": 0.5, "head_number": 2})

FLASH_OUT = {"out": "float32", "softmax": None, "softmax_lse": None, "seed_offset": None}
# Paddle 3 translates only what names every attribute.
FLASH = {"dropout": 0.0, "causal": False, "return_softmax": False, "is_test": True, "rng_name": ""}
raw("flash_attn", "flash_attn", inputs={"q": f32["b", "n", 2, 4], "k": f32["b", "m", 2, 4], "v": f32["b", "m", 2, 4]}, outputs=FLASH_OUT, attrs=FLASH, expect=attend)
raw("flash_attn_causal", "flash_attn", inputs={"q": f32["b", "n", 2, 4], "k": f32["b", "n", 2, 4], "v": f32["b", "n", 2, 4]}, outputs=FLASH_OUT, attrs={**FLASH, "causal": True}, expect=lambda q, k, v: attend(q, k, v, causal=True), opset=11)
raw("flash_attn_causal_static", "flash_attn", inputs={"q": f32["b", 3, 2, 4], "k": f32["b", 5, 2, 4], "v": f32["b", 5, 2, 4]}, outputs=FLASH_OUT, attrs={**FLASH, "causal": True}, expect=lambda q, k, v: attend(q, k, v, causal=True))
raw("flash_attn_mask", "flash_attn", inputs={"q": f32["b", "n", 2, 4], "k": f32["b", "m", 2, 4], "v": f32["b", "m", 2, 4], "attn_mask": f32["b", 1, "n", "m"]}, outputs=FLASH_OUT, attrs=FLASH, expect=lambda q, k, v, mask: attend(q, k, v, mask=mask), opset=9)
# Rows that see nothing are zeros (csrc/flash_attn/src/flash_fwd_kernel.h); the lowest finite number hides none.
LOWEST = np.finfo("float32").min
HOLES = np.array([[0, -np.inf, 0], [-np.inf] * 3, [LOWEST] * 3, [LOWEST, -np.inf, -np.inf]], "float32").reshape(1, 1, 4, 3)
raw("flash_attn_mask_hides_rows", "flash_attn", inputs={"q": f32[1, 4, 2, 4], "k": f32[1, 3, 2, 4], "v": f32[1, 3, 2, 4], "attn_mask": f32[1, 1, 4, 3].values(HOLES)}, outputs=FLASH_OUT, attrs=FLASH, expect=lambda q, k, v, mask: np.nan_to_num(attend(q, k, v, mask=mask)), opset=9)
raw("flash_attn_mask_of_rank_5", "flash_attn", inputs={"q": f32[2, 4, 2, 4], "k": f32[2, 3, 2, 4], "v": f32[2, 3, 2, 4], "attn_mask": f32[1, 2, 1, 4, 3]}, outputs=FLASH_OUT, attrs=FLASH, expect=lambda q, k, v, mask: attend(q, k, v, mask=mask[0]), error="attn_mask that isn't [batch, heads, rows, columns]")
raw("flash_attn_groups", "flash_attn", inputs={"q": f32["b", "n", 4, 4], "k": f32["b", "m", 2, 4], "v": f32["b", "m", 2, 4]}, outputs=FLASH_OUT, attrs=FLASH, expect=attend)
case("scaled_dot_product_attention", F.scaled_dot_product_attention, q=f32["b", "n", 2, 4], k=f32["b", "m", 2, 4], v=f32["b", "m", 2, 4])
case("scaled_dot_product_attention_causal", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), q=f32["b", 5, 2, 4], k=f32["b", 5, 2, 4], v=f32["b", 5, 2, 4], expect={"pdmodel": lambda q, k, v: attend(q, k, v, causal=True)}, opset={"pir": 9})

case("softmax_mask_fuse", paddle.incubate.softmax_mask_fuse, x=f32["b", 2, "n", "n"], mask=f32["b", 1, "n", "n"])
raw("softmax_mask_upper_triangle", "fused_softmax_mask_upper_triangle", inputs={"X": f32["b", 2, "n", "n"]}, outputs={"Out": "float32"}, opset=11, expect=lambda x: softmax(np.where(np.tri(x.shape[-1]) > 0, x, -np.inf)))
raw("softmax_mask_upper_triangle_static", "fused_softmax_mask_upper_triangle", inputs={"X": f32["b", 2, 5, 5]}, outputs={"Out": "float32"}, expect=lambda x: softmax(np.where(np.tri(5) > 0, x, -np.inf)))

raw("skip_layernorm", "skip_layernorm", inputs={"X": f32["b", "n", 8], "Y": f32["b", "n", 8], "Scale": param(SCALE), "Bias": param(BIAS)}, outputs={"Out": "float32"}, attrs={"epsilon": 1e-3, "begin_norm_axis": 2}, expect=lambda x, y: layer_norm(x + y, epsilon=1e-3))
# phi/kernels/fusion/gpu/skip_layernorm_kernel.cu and phi/kernels/funcs/skip_layernorm_functor.cu: the last of three axes is normalized, whatever begin_norm_axis says.
raw("skip_layernorm_other_axis", "skip_layernorm", inputs={"X": f32["b", "n", 8], "Y": f32["b", "n", 8], "Scale": param(SCALE), "Bias": param(BIAS)}, outputs={"Out": "float32"}, attrs={"epsilon": 1e-5, "begin_norm_axis": 1}, expect=lambda x, y: layer_norm(x + y))
raw("skip_layernorm_f16", "skip_layernorm", inputs={"X": f16["b", "n", 8], "Y": f16["b", "n", 8], "Scale": param(SCALE.astype("float16")), "Bias": param(BIAS.astype("float16"))}, outputs={"Out": "float16"}, attrs={"epsilon": 1e-5, "begin_norm_axis": 2}, rtol=5e-3, atol=5e-3, expect=lambda x, y: layer_norm((x + y).astype("float32")).astype("float16"))
raw("skip_layernorm_parameters", "skip_layernorm", inputs={"X": f32["b", 2, 4], "Y": f32["b", 2, 4], "Scale": param(SCALE), "Bias": param(BIAS)}, outputs={"Out": "float32"}, attrs={"epsilon": 1e-5, "begin_norm_axis": 1}, expect=lambda x, y: x + y, error="'scale' of 8 numbers for rows of 4")
raw("skip_layernorm_rank4", "skip_layernorm", inputs={"X": f32["b", 2, 3, 8], "Y": f32["b", 2, 3, 8], "Scale": param(SCALE), "Bias": param(BIAS)}, outputs={"Out": "float32"}, attrs={"epsilon": 1e-5, "begin_norm_axis": 3}, expect=lambda x, y: x + y, error="operands that aren't [batch, length, hidden]")
# phi/kernels/fusion/gpu/fused_embedding_eltwise_layernorm_kernel.cu
raw("embedding_layernorm", "fused_embedding_eltwise_layernorm", inputs={"Ids": [i64["b", "n", 1].ints(0, 9), i64["b", "n", 1].ints(0, 4)], "Embs": [param(TABLE), param(MORE)], "Bias": param(BIAS), "Scale": param(SCALE)}, outputs={"Out": "float32"}, attrs={"epsilon": 1e-5}, expect=lambda a, b: layer_norm(TABLE[a[..., 0]] + MORE[b[..., 0]]))
raw("embedding_layernorm_rank2", "fused_embedding_eltwise_layernorm", inputs={"Ids": [i64["b", "n"].ints(0, 9), i64["b", "n"].ints(0, 4)], "Embs": [param(TABLE), param(MORE)], "Bias": param(BIAS), "Scale": param(SCALE)}, outputs={"Out": "float32"}, attrs={"epsilon": 1e-5}, expect=lambda a, b: layer_norm(TABLE[a] + MORE[b]))
# phi/kernels/fusion/gpu/fused_fc_elementwise_layernorm_kernel.cu: rows are normalized, whatever begin_norm_axis says.
raw("fc_layernorm", "fused_fc_elementwise_layernorm", inputs={"X": f32["b", 2, 3], "W": param(W), "Y": f32["b", 8], "Bias0": param(BIAS0), "Scale": param(SCALE), "Bias1": param(BIAS)}, outputs={"Out": "float32", "Mean": None, "Variance": None}, attrs={"x_num_col_dims": 1, "begin_norm_axis": 1, "epsilon": 1e-5, "activation_type": "relu"}, expect=lambda x, y: layer_norm(np.maximum(x.reshape(-1, 6) @ W + BIAS0, 0) + y))
raw("fc_layernorm_plain", "fused_fc_elementwise_layernorm", inputs={"X": f32["b", "n", 6], "W": param(W), "Y": f32["b", "n", 8]}, outputs={"Out": "float32", "Mean": None, "Variance": None}, attrs={"activation_type": "", "epsilon": 1e-5, "x_num_col_dims": 2, "begin_norm_axis": 2}, expect=lambda x, y: layer_norm(x @ W + y, 1, 0))
raw("fc_layernorm_statistics", "fused_fc_elementwise_layernorm", inputs={"X": f32["b", 3, 6], "W": param(W), "Y": f32["b", 3, 8], "Scale": param(SCALE), "Bias1": param(BIAS)}, outputs={"Out": "float32", "Mean": "float32", "Variance": "float32"}, attrs={"x_num_col_dims": 2, "begin_norm_axis": 2, "epsilon": 1e-5, "activation_type": ""}, expect=lambda x, y: [layer_norm(x @ W + y), (x @ W + y).mean(-1).reshape(-1), (x @ W + y).var(-1).reshape(-1)])
raw("fc_layernorm_f64", "fused_fc_elementwise_layernorm", inputs={"X": f64["b", 3, 6], "W": f64[6, 8], "Y": f64["b", 3, 8], "Bias0": f64[1, 8], "Scale": f64[8], "Bias1": f64[8]}, outputs={"Out": "float64", "Mean": None, "Variance": None}, attrs={"x_num_col_dims": 2, "begin_norm_axis": 2, "epsilon": 1e-5, "activation_type": ""}, rtol=1e-9, atol=1e-9, expect=lambda x, w, y, bias0, scale, bias1: layer_norm(x @ w + bias0 + y, scale, bias1))
# phi/kernels/fusion/gpu/fused_bias_dropout_residual_layer_norm_kernel.cu, fused_dropout_helper.h
raw("bias_dropout_residual_layernorm", "fused_bias_dropout_residual_layer_norm", inputs={"X": f32["b", "n", 8], "Residual": f32["b", "n", 8], "Bias": param(BIAS0), "LnScale": param(SCALE), "LnBias": param(BIAS)}, outputs={"Y": "float32", "BiasDropoutResidualOut": "float32", "DropoutMaskOut": None, "LnMean": None, "LnVariance": None}, attrs={"dropout_seed": 0, "dropout_fix_seed": False, "is_test": True, "dropout_rate": 0.25, "dropout_implementation": "downgrade_in_infer", "ln_epsilon": 1e-5}, expect=lambda x, r: [layer_norm(r + 0.75 * (x + BIAS0)), r + 0.75 * (x + BIAS0)])
raw("bias_dropout_residual_layernorm_upscale", "fused_bias_dropout_residual_layer_norm", inputs={"X": f32["b", "n", 8], "Residual": f32["b", "n", 8], "LnScale": param(SCALE), "LnBias": param(BIAS)}, outputs={"Y": "float32", "BiasDropoutResidualOut": None, "DropoutMaskOut": None, "LnMean": None, "LnVariance": None}, attrs={"dropout_seed": 0, "dropout_fix_seed": False, "is_test": True, "dropout_rate": 0.25, "dropout_implementation": "upscale_in_train", "ln_epsilon": 1e-5}, expect=lambda x, r: layer_norm(r + x))
raw("bias_dropout_residual_layernorm_f16", "fused_bias_dropout_residual_layer_norm", inputs={"X": f16["b", "n", 8], "Residual": f16["b", "n", 8], "Bias": param(BIAS0.astype("float16")), "LnScale": param(SCALE), "LnBias": param(BIAS)}, outputs={"Y": "float16", "BiasDropoutResidualOut": None, "DropoutMaskOut": None, "LnMean": None, "LnVariance": None}, attrs={"dropout_seed": 0, "dropout_fix_seed": False, "is_test": True, "dropout_rate": 0.25, "dropout_implementation": "upscale_in_train", "ln_epsilon": 1e-5}, rtol=5e-3, atol=5e-3, expect=lambda x, r: layer_norm((r + x).astype("float32") + BIAS0.astype("float16")).astype("float16"))
raw("bias_dropout_residual_layernorm_rate_1", "fused_bias_dropout_residual_layer_norm", inputs={"X": f32["b", "n", 8], "Residual": f32["b", "n", 8], "Bias": param(BIAS0), "LnScale": param(SCALE), "LnBias": param(BIAS)}, outputs={"Y": "float32", "BiasDropoutResidualOut": "float32", "DropoutMaskOut": None, "LnMean": None, "LnVariance": None}, attrs={"dropout_seed": 0, "dropout_fix_seed": False, "is_test": True, "dropout_rate": 1.0, "dropout_implementation": "upscale_in_train", "ln_epsilon": 1e-5}, expect=lambda x, r: [layer_norm(r), r])
raw("dropout_add", "fused_dropout_add", inputs={"x": f32["b", 4], "y": f32["b", 4]}, outputs={"out": "float32", "seed_offset": None}, attrs={"seed": 0, "fix_seed": False, "p": 0.25, "is_test": True, "mode": "downscale_in_infer"}, expect=lambda x, y: 0.75 * x + y)
raw("dropout_add_upscale", "fused_dropout_add", inputs={"x": f32["b", 4], "y": f32["b", 4]}, outputs={"out": "float32", "seed_offset": None}, attrs={"seed": 0, "fix_seed": False, "p": 0.25, "is_test": True, "mode": "upscale_in_train"}, expect=lambda x, y: x + y)

def turned(q, k=None, v=None, sin=None, cos=None, position_ids=None, halves=False, time_major=False, base=10000.0):
    given = {"q": q, "k": k, "v": v, "sin": sin, "cos": cos, "position_ids": position_ids}
    results = {"out_" + slot: ("float32", x.shape) for slot, x in (("q", q), ("k", k), ("v", v)) if x is not None}
    return written("fused_rotary_position_embedding", given, results, {"use_neox_rotary_style": not halves, "time_major": time_major, "rotary_emb_base": base})


POSITIONS = i64["b", 5].ints(0, 7)
SIN, COS = f32[1, 7, 1, 8].values(np.sin(ANGLES)), f32[1, 7, 1, 8].values(np.cos(ANGLES))
SIN2, COS2 = f32[7, 8].values(np.sin(ANGLES[0, :, 0])), f32[7, 8].values(np.cos(ANGLES[0, :, 0]))
case("rotary", lambda q, k, v, sin, cos: turned(q, k, v, sin, cos), static="older", q=f32["b", 7, 2, 8].lod([1, 1], [1, 1, 1], read=False), k=f32["b", 7, 1, 8], v=f32["b", 7, 3, 8], sin=SIN, cos=COS, expect=lambda q, k, v, sin, cos, *_: [rotary(x, ANGLES) for x in (q, k, v)])
case("rotary_halves", lambda q, k, sin, cos: turned(q, k, None, sin, cos, halves=True), static="older", q=f32["b", 7, 2, 8].lod([1, 1], [1, 1, 1], read=False), k=f32["b", 7, 2, 8], sin=SIN, cos=COS, expect=lambda q, k, sin, cos, *_: [rotary(x, ANGLES, True) for x in (q, k)])
case("rotary_positions", lambda q, k, sin, cos, at: turned(q, k, None, sin, cos, at), static="older", q=f32["b", 5, 2, 8].lod([1, 1], [1, 1, 1], read=False), k=f32["b", 5, 2, 8], sin=SIN, cos=COS, at=POSITIONS, expect=lambda q, k, sin, cos, at, *_: [rotary(x, ANGLES[0][at]) for x in (q, k)])
case("rotary_time_major", lambda q, k, sin, cos: turned(q, k, None, sin, cos, time_major=True), static="older", q=f32[7, "b", 2, 8].lod([7], [7], read=False), k=f32[7, "b", 1, 8], sin=SIN, cos=COS, expect=lambda q, k, sin, cos, *_: [rotary(x, ANGLES.swapaxes(0, 1)) for x in (q, k)])
case("rotary_time_major_positions", lambda q, k, sin, cos, at: turned(q, k, None, sin, cos, at, True, True), static="older", q=f32[5, "b", 2, 8].lod([5], [5], read=False), k=f32[5, "b", 1, 8], sin=SIN2, cos=COS2, at=POSITIONS, expect=lambda q, k, sin, cos, at, *_: [rotary(x, ANGLES[0][at.T], True) for x in (q, k)])
case("rotary_part_of_head", lambda q, k, sin, cos: turned(q, k, None, sin, cos, halves=True), static="older", q=f32["b", 7, 2, 12].lod([1, 1], [1, 1, 1], read=False), k=f32["b", 7, 1, 12], sin=SIN2, cos=COS2, expect=lambda q, k, sin, cos, *_: [rotary(x, ANGLES, True) for x in (q, k)])
case("rotary_computed", lambda q: turned(q), static="older", q=f32["b", "n", 2, 8].lod([1, 1], [1, 1, 1], read=False), opset=11, expect=lambda q, *_: rotary(q, angles(np.arange(q.shape[1])[None])))
case("rotary_computed_base", lambda q: turned(q, base=500.0), static="older", q=f32["b", "n", 2, 8].lod([1, 1], [1, 1, 1], read=False), opset=11, expect=lambda q, *_: rotary(q, angles(np.arange(q.shape[1])[None], 500)))
case("rotary_computed_time_major", lambda q: turned(q, time_major=True), static="older", q=f32["n", "b", 2, 8].lod([5], [7], read=False), opset=11, expect=lambda q, *_: rotary(q, angles(np.arange(q.shape[0])[:, None])))
case("rotary_computed_halves", lambda q: turned(q, halves=True), static="older", q=f32["b", 5, 2, 8].lod([1, 1], [1, 1, 1], read=False), expect=lambda q, *_: rotary(q, angles(np.arange(5)[None]), True))
case("rotary_computed_positions", lambda q, at: turned(q, position_ids=at), static="older", q=f32["b", 5, 2, 8].lod([1, 1], [1, 1, 1], read=False), at=POSITIONS, expect=lambda q, at, *_: q, error="position_ids without sines")
raw("rotary_26", "fused_rotary_position_embedding", inputs={"q": f32["b", 7, 2, 8], "k": f32["b", 7, 2, 8], "sin": param(np.sin(ANGLES)), "cos": param(np.cos(ANGLES))}, outputs={"out_q": "float32", "out_k": "float32"}, attrs={"use_neox_rotary_style": False}, expect=lambda q, k: [rotary(x, ANGLES, True) for x in (q, k)], paddle_cannot={"pir": "its translation wants rotary_emb_base, which 2.6 does not write"})

# phi/kernels/fusion/gpu/fused_layernorm_kernel.cu. int8: rint (round type 0) or round (away from zero) of max_bound · scale · y, then limits.
PLAIN = {"epsilon": 1e-5, "residual_alpha": 0.5, "begin_norm_axis": 1, "quant_scale": -1.0, "quant_round_type": 0, "quant_max_bound": 0.0, "quant_min_bound": 0.0}
BOUNDS = {"quant_scale": 0.7, "quant_max_bound": 127.0, "quant_min_bound": -127.0}
SUM_OUT = {"out": "float32", "residual_out": "float32", "mean": None, "variance": None}


def in_bytes(y, away):
    y = y.astype("float32") * np.float32(0.7 * 127)
    return np.clip(np.sign(y) * np.floor(abs(y) + 0.5) if away else np.rint(y), -127, 127).astype("int8")


raw("fused_bias_residual_layernorm", "fused_bias_residual_layernorm", inputs={"x": f32["n", 8], "bias": param(BIAS0), "residual": f32["n", 8], "norm_weight": param(SCALE), "norm_bias": param(BIAS)}, outputs=SUM_OUT, attrs=PLAIN, expect={"pdmodel": lambda x, residual: [layer_norm(x + BIAS0 + 0.5 * residual), x + BIAS0 + 0.5 * residual]})
raw("fused_bias_residual_layernorm_no_residual", "fused_bias_residual_layernorm", inputs={"x": f32["n", 2, 4], "bias": param(BIAS0), "norm_weight": param(SCALE), "norm_bias": param(BIAS)}, outputs={**SUM_OUT, "residual_out": None}, attrs=PLAIN, expect={"pdmodel": lambda x: layer_norm(x, SCALE.reshape(2, 4), BIAS.reshape(2, 4), (1, 2))})
raw("fused_bias_residual_layernorm_sum", "fused_bias_residual_layernorm", inputs={"x": f32["n", 8], "bias": param(BIAS0), "residual": f32["n", 8]}, outputs={**SUM_OUT, "residual_out": None}, attrs=PLAIN, expect={"pdmodel": lambda x, residual: x + BIAS0 + 0.5 * residual})
raw("fused_bias_residual_layernorm_int8", "fused_bias_residual_layernorm", inputs={"x": f32["n", 8], "bias": param(BIAS0), "residual": f32["n", 8], "norm_weight": param(SCALE), "norm_bias": param(BIAS)}, outputs={**SUM_OUT, "out": "int8"}, attrs={**PLAIN, **BOUNDS}, opset=11, expect=lambda x, residual: [in_bytes(layer_norm(x + BIAS0 + 0.5 * residual), False), x + BIAS0 + 0.5 * residual])
raw("fused_bias_residual_layernorm_int8_away", "fused_bias_residual_layernorm", inputs={"x": f32["n", 8], "norm_weight": param(SCALE), "norm_bias": param(BIAS)}, outputs={**SUM_OUT, "out": "int8", "residual_out": None}, attrs={**PLAIN, **BOUNDS, "quant_round_type": 1}, opset=9, expect=lambda x: in_bytes(layer_norm(x), True))
raw("fused_bias_residual_layernorm_float8", "fused_bias_residual_layernorm", inputs={"x": f32["n", 8], "norm_weight": param(SCALE), "norm_bias": param(BIAS)}, outputs={**SUM_OUT, "out": "int8", "residual_out": None}, attrs={**PLAIN, **BOUNDS, "quant_max_bound": 448.0}, expect=lambda x: x.astype("int8"), error="float8")
raw("fused_bias_residual_layernorm_two_axes", "fused_bias_residual_layernorm", inputs={"x": f32["n", 2, 4], "bias": param(BIAS0.reshape(2, 4)), "residual": f32["n", 2, 4], "norm_weight": param(SCALE), "norm_bias": param(BIAS)}, outputs=SUM_OUT, attrs=PLAIN, expect={"pdmodel": lambda x, residual: [layer_norm(x + BIAS0.reshape(2, 4) + 0.5 * residual, SCALE.reshape(2, 4), BIAS.reshape(2, 4), (1, 2)), x + BIAS0.reshape(2, 4) + 0.5 * residual]})
raw("fused_bias_residual_layernorm_last_axis", "fused_bias_residual_layernorm", inputs={"x": f32["b", "n", 8], "residual": f32["b", "n", 8], "norm_weight": param(SCALE)}, outputs=SUM_OUT, attrs={**PLAIN, "begin_norm_axis": 2}, expect={"pdmodel": lambda x, residual: [layer_norm(x + 0.5 * residual, bias=0), x + 0.5 * residual]})
raw("fused_bias_residual_layernorm_f16", "fused_bias_residual_layernorm", inputs={"x": f16["n", 8], "bias": param(BIAS0.astype("float16")), "residual": f16["n", 8], "norm_weight": param(SCALE), "norm_bias": param(BIAS)}, outputs={**SUM_OUT, "out": "float16", "residual_out": None}, attrs=PLAIN, rtol=5e-3, atol=5e-3, expect=lambda x, residual: layer_norm((x + BIAS0.astype("float16") + np.float16(0.5) * residual).astype("float32")).astype("float16"))
raw("fused_bias_residual_layernorm_int8_f16", "fused_bias_residual_layernorm", inputs={"x": f16["n", 8], "norm_weight": param(SCALE), "norm_bias": param(BIAS)}, outputs={**SUM_OUT, "out": "int8", "residual_out": None}, attrs={**PLAIN, **BOUNDS}, opset=11, expect=lambda x: in_bytes(layer_norm(x.astype("float32")), False))
raw("fused_bias_residual_layernorm_nothing", "fused_bias_residual_layernorm", inputs={"x": f32["n", 8], "bias": param(BIAS0)}, outputs={**SUM_OUT, "residual_out": None}, attrs=PLAIN, expect=lambda x: x, error="neither a residual nor a norm's parameters")

# --- whole layers: fluid/operators/fused/{fused_attention_op,fused_feedforward_op,fused_gate_attention_op}.{cc,cu} of 2.6, phi/kernels/fusion/gpu/fmha_ref.h,
# phi/kernels/funcs/fused_gate_attention.h and, in words, paddle.incubate.nn.functional
erf = np.vectorize(__import__("math").erf)
HEADS_W = np.random.RandomState(20).randn(3, 2, 4, 8).astype("float32") * 0.5
HEADS_B, OUT_W, OUT_B = [np.random.RandomState(21 + i).randn(*dims).astype("float32") for i, dims in enumerate([(3, 2, 4), (8, 8), (8,)])]
SCALE2, BIAS2 = [np.random.RandomState(30 + i).randn(8).astype("float32") for i in range(2)]
LAYER = {"num_heads": 2, "transpose_qkv_wb": False, "pre_layer_norm": False, "epsilon": 1e-4, "attn_dropout_rate": 0.25, "is_test": True, "attn_dropout_fix_seed": False, "attn_dropout_seed": 0, "attn_dropout_implementation": "upscale_in_train", "dropout_rate": 0.5, "dropout_fix_seed": False, "dropout_seed": 0, "dropout_implementation": "upscale_in_train", "ln_epsilon": 1e-3, "add_residual": True, "ring_id": -1}
TRAINING = "LnMean LnVariance LnOut QKVOut QKVBiasOut TransposeOut2 QKOut QKTVOut SoftmaxOut AttnDropoutMaskOut AttnDropoutOut SrcMaskOut FMHAOut OutLinearOut DropoutMaskOut Ln2Mean Ln2Variance BiasDropoutResidualOut"
LAYER_OUT = {**dict.fromkeys(TRAINING.split()), "Y": "float32"}
PRE, POST = {"LnScale": param(SCALE), "LnBias": param(BIAS)}, {"Ln2Scale": param(SCALE2), "Ln2Bias": param(BIAS2)}
BIASES = {"QKVBias": param(HEADS_B), "OutLinearBias": param(OUT_B)}
HIDDEN = f32["b", "n", 8]


def layer(x, mask=0.0, cache=None, pre=False, post=True, kept=(1, 1), residual=True, biases=True):
    y = layer_norm(x, epsilon=1e-4) if pre else x
    qkv = np.einsum("bnd,thsd->tbnhs", y, HEADS_W) + (HEADS_B[:, None, None] if biases else 0)
    k, v = qkv[1:] if cache is None else np.concatenate([cache.swapaxes(2, 3), qkv[1:]], 2)
    seen = attend(qkv[0], k, v, mask=mask).reshape(*x.shape[:2], 8) * kept[0]
    out = (seen @ OUT_W + (OUT_B if biases else 0)) * kept[1] + (x if residual else 0)
    out = layer_norm(out, SCALE2, BIAS2, epsilon=1e-3) if post else out
    return out if cache is None else [np.stack([k, v]).swapaxes(2, 3), out]


raw("fused_attention", "fused_attention", inputs={"X": HIDDEN, **POST, "QKVW": param(HEADS_W), **BIASES, "OutLinearW": param(OUT_W)}, outputs=LAYER_OUT, attrs=LAYER, expect=layer)
raw("fused_attention_no_biases", "fused_attention", inputs={"X": HIDDEN, **POST, "QKVW": param(HEADS_W), "OutLinearW": param(OUT_W), "SrcMask": f32["b", 1, "n", "n"]}, outputs=LAYER_OUT, attrs=LAYER, expect=lambda x, mask: layer(x, mask, biases=False))
raw("fused_attention_pre_norm", "fused_attention", inputs={"X": HIDDEN, **PRE, "QKVW": param(HEADS_W), **BIASES, "OutLinearW": param(OUT_W)}, outputs=LAYER_OUT, attrs={**LAYER, "pre_layer_norm": True}, expect=lambda x: layer(x, pre=True, post=False))
raw("fused_attention_downgrade", "fused_attention", inputs={"X": HIDDEN, **PRE, "QKVW": param(HEADS_W), **BIASES, "OutLinearW": param(OUT_W)}, outputs=LAYER_OUT, attrs={**LAYER, "pre_layer_norm": True, "add_residual": False, "attn_dropout_implementation": "downgrade_in_infer", "dropout_implementation": "downgrade_in_infer"}, expect=lambda x: layer(x, pre=True, post=False, residual=False, kept=(0.75, 0.5)))
raw("fused_attention_matrix", "fused_attention", inputs={"X": HIDDEN, **POST, "QKVW": param(HEADS_W.reshape(24, 8).T.copy()), "QKVBias": param(HEADS_B.reshape(-1)), "OutLinearW": param(OUT_W), "OutLinearBias": param(OUT_B)}, outputs=LAYER_OUT, attrs={**LAYER, "transpose_qkv_wb": True}, expect=layer)
raw("fused_attention_cache", "fused_attention", inputs={"X": HIDDEN, **POST, "QKVW": param(HEADS_W), **BIASES, "CacheKV": f32[2, "b", 2, "m", 4], "SrcMask": f32["b", 2, "n", "k"], "OutLinearW": param(OUT_W)}, outputs={**dict.fromkeys(TRAINING.split()), "CacheKVOut": "float32", "Y": "float32"}, attrs=LAYER, sizes=[{"n": 3, "m": 2, "k": 5}, {"n": 1, "m": 6, "k": 7}], expect=lambda x, cache, mask: layer(x, mask, cache))
raw("fused_attention_ring", "fused_attention", inputs={"X": HIDDEN, **POST, "QKVW": param(HEADS_W), **BIASES, "OutLinearW": param(OUT_W)}, outputs=LAYER_OUT, attrs={**LAYER, "ring_id": 0}, expect=layer, error="ring_id")

FEED = {"pre_layer_norm": False, "ln1_epsilon": 1e-4, "ln2_epsilon": 1e-3, "act_method": "relu", "dropout1_rate": 0.25, "dropout2_rate": 0.5, "dropout1_implementation": "upscale_in_train", "dropout2_implementation": "upscale_in_train", "is_test": True, "dropout1_fix_seed": False, "dropout2_fix_seed": False, "dropout1_seed": 0, "dropout2_seed": 0, "add_residual": True, "ring_id": -1}
FEED_OUT = {"Out": "float32", **dict.fromkeys("Dropout1Mask Dropout2Mask Ln1Mean Ln1Variance Ln2Mean Ln2Variance Linear1Out Ln1Out Dropout1Out Dropout2Out".split())}
W1, B1, W2 = [np.random.RandomState(40 + i).randn(*dims).astype("float32") * 0.5 for i, dims in enumerate([(8, 6), (6,), (6, 8)])]
LINEARS = {"Linear1Weight": param(W1), "Linear1Bias": param(B1), "Linear2Weight": param(W2), "Linear2Bias": param(OUT_B)}


def feed(x, pre=False, gelu=False, kept=(1, 1), residual=True, biases=True):
    y = (layer_norm(x, epsilon=1e-4) if pre else x) @ W1 + (B1 if biases else 0)
    y = (y * 0.5 * (1 + erf(y / 2**0.5)) if gelu else np.maximum(y, 0)) * kept[0]
    y = (y @ W2 + (OUT_B if biases else 0)) * kept[1] + (x if residual else 0)
    return (y if pre else layer_norm(y, SCALE2, BIAS2, epsilon=1e-3)).astype("float32")


raw("fused_feedforward", "fused_feedforward", inputs={"X": HIDDEN, **LINEARS, **POST}, outputs=FEED_OUT, attrs=FEED, expect=feed)
raw("fused_feedforward_no_biases", "fused_feedforward", inputs={"X": HIDDEN, "Linear1Weight": param(W1), "Linear2Weight": param(W2), **POST}, outputs=FEED_OUT, attrs=FEED, expect=lambda x: feed(x, biases=False))
raw("fused_feedforward_pre_norm", "fused_feedforward", inputs={"X": HIDDEN, **LINEARS, "Ln1Scale": param(SCALE), "Ln1Bias": param(BIAS)}, outputs=FEED_OUT, attrs={**FEED, "pre_layer_norm": True, "act_method": "gelu"}, expect=lambda x: feed(x, True, True), opset=9)
raw("fused_feedforward_downgrade", "fused_feedforward", inputs={"X": HIDDEN, **LINEARS, "Ln1Scale": param(SCALE), "Ln1Bias": param(BIAS)}, outputs=FEED_OUT, attrs={**FEED, "pre_layer_norm": True, "add_residual": False, "dropout1_implementation": "downgrade_in_infer", "dropout2_implementation": "downgrade_in_infer"}, expect=lambda x: feed(x, True, kept=(0.75, 0.5), residual=False))
raw("fused_feedforward_unknown", "fused_feedforward", inputs={"X": HIDDEN, **LINEARS, **POST}, outputs=FEED_OUT, attrs={**FEED, "act_method": "swish"}, expect=feed, error="act_method 'swish'")
raw("fused_feedforward_ring", "fused_feedforward", inputs={"X": HIDDEN, **LINEARS, **POST}, outputs=FEED_OUT, attrs={**FEED, "ring_id": 1}, expect=feed, error="ring_id")

GATE_W, GATE_B, GATE_OUT = [np.random.RandomState(50 + i).randn(*dims).astype("float32") * 0.5 for i, dims in enumerate([(8, 2, 4), (2, 4), (2, 4, 8)])]
THREE_W = [np.random.RandomState(60 + i).randn(n, 2, 4).astype("float32") * 0.5 for i, n in enumerate([8, 6, 6])]
GATED = {"has_gating": True, "merge_qkv": True, "use_flash_attn": False}
GATED_OUT = {**dict.fromkeys("QueryTransposeOut KeyTransposeOut ValueTransposeOut QKVTransposeOut SoftmaxOut SoftmaxLse FMHAOut GateOut".split()), "Out": "float32"}
ROWS = f32["b", 3, "n", 8]
GATES, LAST = {"GateWeight": param(GATE_W), "GateBias": param(GATE_B)}, {"OutLinearWeight": param(GATE_OUT), "OutLinearBias": param(OUT_B)}


def gated(query, mask, bias=0.0, key=None, gating=True):
    weights = THREE_W if key is not None else HEADS_W.transpose(0, 3, 1, 2)
    q, k, v = [np.einsum("brnd,dhs->brhns", x, w) for x, w in zip((query, *(2 * [query if key is None else key])), weights)]
    out = np.einsum("brhnm,brhms->brnhs", softmax(q @ k.swapaxes(-1, -2) * 0.5 + mask + bias), v)
    if gating:
        out = out / (1 + np.exp(-(np.einsum("brnd,dhs->brnhs", query, GATE_W) + GATE_B)))
    return (np.einsum("brnhs,hsd->brnd", out, GATE_OUT) + OUT_B).astype("float32")


raw("fused_gate_attention", "fused_gate_attention", inputs={"Query": ROWS, "QKVWeight": param(HEADS_W), "SrcMask": f32["b", 3, 1, 1, "n"], **GATES, **LAST}, outputs=GATED_OUT, attrs=GATED, expect=gated)
raw("fused_gate_attention_bias", "fused_gate_attention", inputs={"Query": ROWS, "QKVWeight": param(HEADS_W), "NonbatchedBias": f32["b", 1, 2, "n", "n"], "SrcMask": f32["b", 3, 1, 1, "n"], **LAST}, outputs=GATED_OUT, attrs={**GATED, "has_gating": False}, expect=lambda x, bias, mask: gated(x, mask, bias, gating=False))
raw("fused_gate_attention_key", "fused_gate_attention", inputs={"Query": ROWS, "Key": f32["b", 3, "m", 6], "QueryWeight": param(THREE_W[0]), "KeyWeight": param(THREE_W[1]), "ValueWeight": param(THREE_W[2]), "SrcMask": f32["b", 3, 1, 1, "m"], **GATES, **LAST}, outputs=GATED_OUT, attrs={**GATED, "merge_qkv": False}, expect=lambda x, key, mask: gated(x, mask, key=key))

# phi/kernels/fusion/gpu/fused_multi_transformer_helper.cu.h, fluid/operators/fused/fused_multi_transformer_op.{cc,cu}: nothing is dropped out.
STACK = {"pre_layer_norm": True, "epsilon": 1e-4, "residual_alpha": 1.0, "rotary_emb_dims": 0, "dropout_rate": 0.5, "is_test": True, "dropout_implementation": "downgrade_in_infer", "act_method": "gelu", "trans_qkvw": True, "ring_id": -1, "norm_type": "layernorm", "use_neox_rotary_style": False, "gqa_group_size": -1}
STACKS = {
    "LnScale": [(8,)] * 2, "LnBias": [(8,)] * 2, "QKVW": [(3, 2, 4, 8)] * 2, "QKVBias": [(3, 2, 4)] * 2, "OutLinearW": [(8, 8)] * 2, "OutLinearBias": [(8,)] * 2, "FFNLnScale": [(8,)] * 2,
    "FFNLnBias": [(8,)] * 2, "FFN1Weight": [(8, 6)] * 2, "FFN1Bias": [(6,)] * 2, "FFN2Weight": [(6, 8)] * 2, "FFN2Bias": [(8,)] * 2,
}  # fmt: skip
STACKS = {name: [np.random.RandomState(100 + 10 * k + i).randn(*dims).astype("float32") * 0.5 for i, dims in enumerate(shapes)] for k, (name, shapes) in enumerate(STACKS.items())}
# Of a gated activation, the second weight has half as many rows.
GLU = {**STACKS, "FFN2Weight": [w[:3] for w in STACKS["FFN2Weight"]]}
STACK_OUT = {"CacheKVOut": None, "Out": "float32"}


def params(weights, without=()):
    return {name: [param(w) for w in ws] for name, ws in weights.items() if name not in without}


def stack(x, mask=0.0, weights=STACKS, pre=True, act="gelu", root=False, biases=True):
    def norm(v, scale, shift):
        return v / np.sqrt((v * v).mean(-1, keepdims=True) + 1e-4) * scale + shift if root else layer_norm(v, scale, shift, epsilon=1e-4)

    for i in range(2):
        w = {name: ws[i] * (biases or not name.endswith("Bias")) for name, ws in weights.items()}
        y = norm(x, w["LnScale"], w["LnBias"]) if pre else x
        q, k, v = np.einsum("bnd,thsd->tbnhs", y, w["QKVW"]) + w["QKVBias"][:, None, None]
        x = x + attend(q, k, v, mask=mask).reshape(x.shape) @ w["OutLinearW"] + w["OutLinearBias"]
        x = x if pre else norm(x, w["LnScale"], w["LnBias"])
        y = (norm(x, w["FFNLnScale"], w["FFNLnBias"]) if pre else x) @ w["FFN1Weight"] + w["FFN1Bias"]
        halves = y[..., :3], y[..., 3:]
        y = {"gelu": lambda: y * 0.5 * (1 + erf(y / 2**0.5)), "relu": lambda: np.maximum(y, 0), "swiglu": lambda: halves[0] / (1 + np.exp(-halves[0])) * halves[1], "geglu": lambda: halves[0] * 0.5 * (1 + erf(halves[0] / 2**0.5)) * halves[1]}[act]()
        x = x + y @ w["FFN2Weight"] + w["FFN2Bias"]
        x = x if pre else norm(x, w["FFNLnScale"], w["FFNLnBias"])
    return x.astype("float32")


NO_STACK = {"pir": "Paddle 3 does not translate it: its own ends with an underscore"}
BIASES_OF_STACK = ("LnBias", "QKVBias", "OutLinearBias", "FFNLnBias", "FFN1Bias", "FFN2Bias")
raw("fused_multi_transformer", "fused_multi_transformer", inputs={"X": HIDDEN, **params(STACKS), "SrcMask": f32["b", 1, "n", "n"]}, outputs=STACK_OUT, attrs=STACK, expect=stack, opset=9, paddle_cannot=NO_STACK)
raw("fused_multi_transformer_post_norm", "fused_multi_transformer", inputs={"X": HIDDEN, **params(STACKS)}, outputs=STACK_OUT, attrs={**STACK, "pre_layer_norm": False, "act_method": "relu"}, expect=lambda x: stack(x, pre=False, act="relu"), paddle_cannot=NO_STACK)
raw("fused_multi_transformer_rms_swiglu", "fused_multi_transformer", inputs={"X": HIDDEN, **params(GLU, BIASES_OF_STACK), "SrcMask": f32["b", 2, "n", "n"]}, outputs=STACK_OUT, attrs={**STACK, "norm_type": "rmsnorm", "act_method": "swiglu"}, expect=lambda x, mask: stack(x, mask, GLU, act="swiglu", root=True, biases=False), paddle_cannot=NO_STACK)
raw("fused_multi_transformer_geglu_turned", "fused_multi_transformer", inputs={"X": HIDDEN, **params({**GLU, "QKVW": [w.transpose(3, 0, 1, 2).copy() for w in STACKS["QKVW"]]})}, outputs=STACK_OUT, attrs={**STACK, "trans_qkvw": False, "act_method": "geglu"}, expect=lambda x: stack(x, weights=GLU, act="geglu"), opset=9, paddle_cannot=NO_STACK)
raw("fused_multi_transformer_ring", "fused_multi_transformer", inputs={"X": HIDDEN, **params(STACKS)}, outputs=STACK_OUT, attrs={**STACK, "ring_id": 0}, expect=stack, error="ring_id", paddle_cannot=NO_STACK)
# files/write.py wrote it, one layer without biases.
ONE = {name: STACKS[name][:1] for name in STACKS if not name.endswith("Bias")}


def one(x, mask, *weights):
    twice = {name: [w, w * 0] for name, w in zip(ONE, weights)}
    return stack(x, mask, {**twice, **{name: [w * 0 for w in STACKS[name]] for name in BIASES_OF_STACK}})


saved("fused_multi_transformer_pir", pathlib.Path(__file__).parents[1] / "files/fused_multi_transformer", x=HIDDEN, mask=f32["b", 1, "n", "n"], **{f"w{i}": f32[w[0].shape].values(w[0]) for i, w in enumerate(ONE.values())}, expect=one, paddle_cannot={"pdmodel": "an operator of PIR alone"}, opset={"pir": 9})

# paddle.incubate.nn.functional.cudnn_flash_attention: cuDNN's causal masks begin in the first corner.
CUDNN = {"scaling_factor": 0.4, "dropout_probability": 0.0, "is_training": False, "mask_type_str": "none", "bias_type_str": "none"}
CUDNN_IN = {"q": f32["b", "n", 2, 4], "k": f32["b", "n", 2, 4], "v": f32["b", "n", 2, 4]}
CUDNN_OUT = {"out": "float32", "softmax_out": None, "rng_state": None}
raw("fused_dot_product_attention", "fused_dot_product_attention", inputs=CUDNN_IN, outputs=CUDNN_OUT, attrs=CUDNN, expect=lambda *x: attend(*x, factor=0.4))
raw("fused_dot_product_attention_causal", "fused_dot_product_attention", inputs=CUDNN_IN, outputs=CUDNN_OUT, attrs={**CUDNN, "mask_type_str": "causal"}, expect=lambda *x: attend(*x, factor=0.4, causal=True), opset=11)
raw("fused_dot_product_attention_post_scale", "fused_dot_product_attention", inputs={**CUDNN_IN, "bias": f32[1, 2, "n", "n"]}, outputs=CUDNN_OUT, attrs={**CUDNN, "bias_type_str": "post_scale_bias"}, expect=lambda q, k, v, bias: attend(q, k, v, factor=0.4, mask=bias))
raw("fused_dot_product_attention_pre_scale", "fused_dot_product_attention", inputs={**CUDNN_IN, "bias": f32["b", 1, "n", "n"]}, outputs=CUDNN_OUT, attrs={**CUDNN, "bias_type_str": "pre_scale_bias"}, expect=lambda q, k, v, bias: attend(q, k, v, factor=0.4, mask=0.4 * bias))
raw("fused_dot_product_attention_padding", "fused_dot_product_attention", inputs=CUDNN_IN, outputs=CUDNN_OUT, attrs={**CUDNN, "mask_type_str": "padding"}, expect=lambda *x: attend(*x), error="mask_type 'padding'")


def reduced_scores(q, k, lse):
    q, k = (x.transpose(0, 2, 1, 3) for x in (q, k))
    k = np.repeat(k, q.shape[1] // k.shape[1], axis=1)
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(np.float32(q.shape[-1]))
    return np.exp(scores - lse[:, :, : q.shape[2], None]).sum(2, keepdims=True)


# flash_attn's sums have a row for each query, rounded up to 128.
REDUCED = {"q": f32["b", "n", 4, 8], "k": f32["b", "m", 2, 8], "softmax_lse": f32["b", 4, 128]}
raw("calc_reduced_attn_scores", "calc_reduced_attn_scores", inputs=REDUCED, outputs={"reduced_scores": "float32"}, attrs={}, opset=10, expect=reduced_scores)
raw("calc_reduced_attn_scores_fixed", "calc_reduced_attn_scores", inputs={"q": f32["b", 5, 2, 8], "k": f32["b", 3, 2, 8], "softmax_lse": f32["b", 2, 128]}, outputs={"reduced_scores": "float32"}, attrs={}, expect=reduced_scores)
raw("fused_dot_product_attention_training", "fused_dot_product_attention", inputs=CUDNN_IN, outputs=CUDNN_OUT, attrs={**CUDNN, "is_training": True, "dropout_probability": 0.5}, expect=lambda *x: attend(*x), error="dropout_probability in training mode")
