"""Mixtures of experts. The kernels are for GPUs: the rows say what they compute. Paddle 2.6 writes what later versions do in that format."""
import pathlib

from dsl import *
from harness.written import written

RANDOM = np.random.RandomState(5)
NOT_LATER = {"pir": "Paddle 3.3 has it no longer"}


def numbers(*dims):
    return RANDOM.randn(*dims).astype("float32") * 0.5


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def one(name, inputs, shape, attrs, result="out", dtype="float32"):
    return written(name, inputs, {result: (dtype, shape)}, attrs)[0]


# phi/kernels/fusion/cutlass/moe/fused_moe_{helper,op}.h, moe_{dispatch,ffn,reduce}_kernel.cu: softmax, the greatest k (of equals the
# first), a stable sort by experts, swiglu, the sum of what the experts make.
def chosen(probabilities, k):
    order = np.argsort(-probabilities, axis=-1, kind="stable")[:, :k]
    return order, np.take_along_axis(probabilities, order, 1)


def expert(x, w1, b1, w2):
    a, b = np.split(x @ w1 + (0 if b1 is None else b1.reshape(-1)), 2, -1)
    return a / (1 + np.exp(-a)) * b @ w2


def mixture(x, gate, w1, w2, b1=None, b2=None, k=2, normed=True):
    rows = x.reshape(-1, x.shape[-1]).astype("float32")
    experts, scales = chosen(softmax(rows @ gate), k)
    out = np.zeros_like(rows)
    for t, row in enumerate(rows):
        for e, scale in zip(experts[t], scales[t]):
            out[t] += scale * (expert(row, w1[e], None if b1 is None else b1[e], w2[e]) + (0 if b2 is None else b2[e].reshape(-1)))
    return (out / (scales.sum(-1, keepdims=True) if normed else 1)).reshape(x.shape).astype(x.dtype)


MOE = {"quant_method": "None", "moe_topk": 2, "group_moe": False, "norm_topk_prob": True}


def fused(x, attrs, shape=(-1, -1, 8), **given):
    return one("fused_moe", {"x": x, **given}, list(shape), {**MOE, **attrs}, dtype="float16" if "16" in str(x.dtype) else "float32")


# `read=False`: saving keeps the attributes then.
X = f32["b", "n", 8].lod([1, 1], [1, 1, 1], read=False)
case("fused_moe", lambda x, gate, w1, w2: fused(x, {}, gate_weight=gate, ffn1_weight=w1, ffn2_weight=w2), static="older", x=X, gate=f32[8, 5], w1=f32[5, 8, 12], w2=f32[5, 6, 8], expect=lambda x, gate, w1, w2, *_: mixture(x, gate, w1, w2), paddle_cannot=NOT_LATER)
case("fused_moe_biases", lambda x, gate, w1, w2, b1, b2: fused(x, {"norm_topk_prob": False, "moe_topk": 3}, gate_weight=gate, ffn1_weight=w1, ffn2_weight=w2, ffn1_bias=b1, ffn2_bias=b2), static="older", x=X, gate=f32[8, 5], w1=f32[5, 8, 12], w2=f32[5, 6, 8], b1=f32[5, 1, 12], b2=f32[5, 1, 8], expect=lambda x, gate, w1, w2, b1, b2, *_: mixture(x, gate, w1, w2, b1, b2, 3, False), paddle_cannot=NOT_LATER)
case("fused_moe_rows_f16", lambda x, gate, w1, w2: fused(x, {"moe_topk": 1}, (-1, 8), gate_weight=gate, ffn1_weight=w1, ffn2_weight=w2), static="older", x=f16["n", 8].lod([2, 3], [4, 3], read=False), gate=f32[8, 4], w1=f16[4, 8, 4], w2=f16[4, 2, 8], expect=lambda x, gate, w1, w2, *_: mixture(x, gate, w1.astype("float32"), w2.astype("float32"), k=1), paddle_cannot=NOT_LATER)
case("fused_moe_groups", lambda x, gate, w1, w2: fused(x, {"group_moe": True}, gate_weight=gate, ffn1_weight=w1, ffn2_weight=w2), static="older", x=X, gate=f32[8, 4], w1=f32[4, 8, 12], w2=f32[4, 6, 8], expect=lambda x, *_: x, error="group_moe", paddle_cannot=NOT_LATER)


def dispatched(x, gate, k=2, chooses=True):
    rows, gate = x.reshape(-1, x.shape[-1]), gate.reshape(-1, gate.shape[-1])
    experts, scales = chosen(softmax(gate) if chooses else gate, k)
    tokens = len(rows)
    sources = [n * tokens + t for t in range(tokens) for n in range(k)]
    order = np.argsort(experts.reshape(-1), kind="stable")
    places = np.zeros(k * tokens, "int32")
    permuted = np.zeros((k * tokens, rows.shape[1]), x.dtype)
    for place, i in enumerate(order):
        places[sources[i]] = place
        permuted[place] = rows[sources[i] % tokens]
    counts = np.cumsum(np.bincount(experts.reshape(-1), minlength=gate.shape[1]))
    return [permuted, counts.astype("int64"), places.reshape(k, tokens), scales.astype("float32"), experts.astype("int32")]


def dispatch(x, gate, tokens, k=2, only=False):
    results = {"permute_input": ("float32", [-1, 6]), "token_nums_per_expert": ("int64", [gate.shape[-1]]), "permute_indices_per_token": ("int32", [k, tokens]), "expert_scales_float": ("float32", [tokens, k]), "top_k_indices": ("int32", [tokens, k])}
    return written("moe_dispatch", {"X": x, "gating_output": gate}, results, {"moe_topk": k, "group_moe": False, "topk_only_mode": only})


case("moe_dispatch", lambda x, gate: dispatch(x, gate, -1), static="older", x=f32["t", 6].lod([1, 3], [4, 2], read=False), gate=f32["t", 4].unique(), expect=lambda x, gate, *_: dispatched(x, gate), opset=11, paddle_cannot=NOT_LATER)
case("moe_dispatch_probabilities", lambda x, gate: dispatch(x, gate, 6, 3, True), static="older", x=f32[2, 3, 6].lod([1, 1], [1, 1], read=False), gate=f32[2, 3, 4].range(0, 1), expect=lambda x, gate, *_: dispatched(x, gate, 3, False), opset=11, paddle_cannot=NOT_LATER)


def by_experts(rows, ends, w1, w2, b1=None):
    out, start = np.zeros_like(rows), 0
    for e, end in enumerate(ends):
        out[start:end] = expert(rows[start:end], w1[e], None if b1 is None else b1[e], w2[e])
        start = end
    return out


case("moe_ffn", lambda x, ends, w1, w2, b1: one("moe_ffn", {"permute_input": x, "token_nums_per_expert": ends, "ffn1_weight": w1, "ffn2_weight": w2, "ffn1_bias": b1}, [7, 8], {"quant_method": "None"}, "ffn_out"), static="older", x=f32[7, 8].lod([3, 4], [7], read=False), ends=i64[4].values([np.array([2, 2, 5, 7]), np.array([0, 3, 3, 7])]), w1=f32[4, 8, 12], w2=f32[4, 6, 8], b1=f32[4, 1, 12], expect=lambda x, ends, w1, w2, b1, *_: by_experts(x, ends, w1, w2, b1), opset=9, paddle_cannot=NOT_LATER)
case("moe_ffn_dynamic", lambda x, ends, w1, w2: one("moe_ffn", {"permute_input": x, "token_nums_per_expert": ends, "ffn1_weight": w1, "ffn2_weight": w2}, [-1, 8], {"quant_method": "None"}, "ffn_out"), static="older", x=f32["r", 8].lod([4], [6], read=False), ends=i64[3].values([np.array([1, 3, 4]), np.array([0, 5, 6])]), w1=f32[3, 8, 12], w2=f32[3, 6, 8], expect=lambda x, ends, w1, w2, *_: by_experts(x, ends, w1, w2), opset=11, paddle_cannot=NOT_LATER)


def reduced(rows, scales, places, experts, bias=None, normed=False, factor=1.0):
    scales = scales.reshape(experts.shape)
    out = np.zeros((len(experts), rows.shape[1]), "float32")
    for t in range(len(experts)):
        for n, e in enumerate(experts[t]):
            out[t] += scales[t, n] * (rows[places[n, t]] + (0 if bias is None else bias[e].reshape(-1)))
        out[t] = out[t] / (scales[t].sum() if normed else 1) * factor
    return out


REDUCE = {"norm_topk_prob": False, "routed_scaling_factor": 1.0}
PLACES = i32[2, 3].values(np.random.RandomState(1).permutation(6).reshape(2, 3))
case("moe_reduce", lambda y, w, p, e: one("moe_reduce", {"ffn_out": y, "expert_scales_float": w, "permute_indices_per_token": p, "top_k_indices": e}, [3, 8], REDUCE, "output"), static="older", y=f32[6, 8].lod([6], [2, 4], read=False), w=f32[3, 2].range(0.1, 1), p=PLACES, e=i32[3, 2].ints(0, 4), expect=lambda y, w, p, e, *_: reduced(y, w, p, e), paddle_cannot=NOT_LATER)
case("moe_reduce_normed", lambda y, w, p, e, b: one("moe_reduce", {"ffn_out": y, "expert_scales_float": w, "permute_indices_per_token": p, "top_k_indices": e, "ffn2_bias": b}, [-1, 8], {"norm_topk_prob": True, "routed_scaling_factor": 2.5}, "output"), static="older", y=f32["r", 8].lod([6], [3, 5], read=False), w=f32["t", 2, 1, 1].range(0.1, 1), p=i32[2, "t"].values([np.random.RandomState(i).permutation(2 * n).reshape(2, n) for i, n in enumerate((3, 4))]), e=i32["t", 2].ints(0, 4), b=f32[4, 1, 8], sizes=[{"r": 6, "t": 3}, {"r": 8, "t": 4}], expect=lambda y, w, p, e, b, *_: reduced(y, w, p, e, b, True, 2.5), paddle_cannot=NOT_LATER)

# phi/kernels/fusion/cutlass/moe_kernel.cu with moe/moe_kernel_impl.h: of 128 tokens each expert takes 8; what it makes of them is added to x.
erf = np.vectorize(__import__("math").erf)


def choosing(x, gate, w0, b0, w1, b1, gelu=True):
    out, p = x.copy(), softmax(gate)
    for b in range(len(x)):
        for e in range(len(w0)):
            for t in np.argsort(-p[b, :, e], kind="stable")[: x.shape[1] // 16]:
                y = x[b, t] @ w0[e] + b0[e, 0]
                y = y * 0.5 * (1 + erf(y / 2**0.5)) if gelu else np.maximum(y, 0)
                out[b, t] += p[b, t, e] * (y @ w1[e] + b1[e, 0])
    return out.astype(x.dtype)


BMM = {"Bmm0": numbers(3, 4, 6), "Bias0": numbers(3, 1, 6), "Bmm1": numbers(3, 6, 4), "Bias1": numbers(3, 1, 4)}
raw("moe", "moe", inputs={"X": f32["b", 128, 4], "Gate": f32["b", 128, 3], **{n: param(w) for n, w in BMM.items()}}, outputs={"Out": "float32"}, attrs={"act_type": "gelu"}, expect=lambda x, gate: choosing(x, gate, *BMM.values()), opset=9, paddle_cannot=NOT_LATER)
raw("moe_relu", "moe", inputs={"X": f32["b", 128, 4], "Gate": f32["b", 128, 3], **{n: param(w) for n, w in BMM.items()}}, outputs={"Out": "float32"}, attrs={"act_type": "relu"}, expect=lambda x, gate: choosing(x, gate, *BMM.values(), gelu=False), opset=9, paddle_cannot=NOT_LATER)
raw("moe_longer", "moe", inputs={"X": f32["b", 256, 4], "Gate": f32["b", 256, 3], **{n: param(w) for n, w in BMM.items()}}, outputs={"Out": "float32"}, attrs={"act_type": "gelu"}, expect=lambda x, gate: x, error="another length than 128", paddle_cannot=NOT_LATER)


# phi/kernels/gpu/moe_{combine,gate_dispatch}_kernel.cu with moe_fuse_op.h: the sort is by experts, then (padded) by a token's first and second choice.
def combined(x, weights, places):
    out = np.zeros((len(weights), x.shape[1]), x.dtype)
    for t in range(len(weights)):
        for n in range(weights.shape[1]):
            out[t] += weights[t, n] * x[places[t, n]]
    return out


def gated(x, gate, bias=None, k=2, capacity=2, padded=True):
    tokens, count = gate.shape
    experts = np.argsort(-(gate if bias is None else gate + bias.reshape(-1)), axis=-1, kind="stable")[:, :k]
    weights = np.take_along_axis(gate, experts, 1).astype("float32")
    choices = [(experts[t, n], n if padded else 0, i, t, n) for i, (t, n) in enumerate((t, n) for t in range(tokens) for n in range(k))]
    ends = np.cumsum(np.bincount(experts.reshape(-1), minlength=count))
    y = np.zeros((count * capacity if padded else tokens * k, x.shape[1]), x.dtype)
    places = np.zeros((k, tokens), "int32")
    for place, (e, _, _, t, n) in enumerate(sorted(choices)):
        row = place - (ends[e - 1] if e else 0)
        if row >= capacity:
            weights[t, n] = 0
            continue
        places[n, t] = e * capacity + row if padded else place
        y[places[n, t]] = x[t]
    return [y, weights, places, ends.astype("int64"), experts.astype("int32")]


def gate_dispatch(x, gate, bias=None, k=2, capacity=2, padded=True, tokens=-1):
    results = {"y": ("float32", [4 * capacity if padded else -1, 6]), "combine_weights": ("float32", [tokens, k]), "scatter_index": ("int32", [k, tokens]), "expert_offset": ("int64", [4]), "expert_id": ("int32", [tokens, k])}
    return written("moe_gate_dispatch", {"x": x, "gate_logits": gate, "corr_bias": bias}, results, {"k": k, "capacity": capacity, "use_pad": padded})


ROWS, GATE = f32["t", 6].lod([1, 4], [4, 4], read=False), f32["t", 4].range(0, 1)
case("moe_gate_dispatch", lambda x, gate: gate_dispatch(x, gate), static="older", x=ROWS, gate=GATE, sizes=[{"t": 5}, {"t": 8}], expect=lambda x, gate, *_: gated(x, gate), opset=11)
case("moe_gate_dispatch_bias", lambda x, gate, bias: gate_dispatch(x, gate, bias, 3, 4), static="older", x=ROWS, gate=GATE, bias=f32[1, 4], sizes=[{"t": 5}, {"t": 8}], expect=lambda x, gate, bias, *_: gated(x, gate, bias, 3, 4), opset=11)
case("moe_gate_dispatch_unpadded", lambda x, gate: gate_dispatch(x, gate, capacity=3, padded=False), static="older", x=ROWS, gate=GATE, sizes=[{"t": 5}, {"t": 8}], expect=lambda x, gate, *_: gated(x, gate, capacity=3, padded=False), opset=11)
case("moe_combine", lambda x, w, i: one("moe_combine", {"x": x, "combine_weights": w, "scatter_index": i}, [-1, 6], {}, "y"), static="older", x=f32[9, 6].lod([9], [9], read=False), w=f32["t", 2], i=i32["t", 2].ints(0, 9), expect=lambda x, w, i, *_: combined(x, w, i))


# phi/kernels/gpu/expand_modality_expert_id_kernel.cu
def expanded(ids, per=0, size=0, offset=0, groups=False):
    out = ids.copy()
    for t in range(ids.shape[0]):
        for n in range(ids.shape[1]):
            e = ids[t, n] + (n * size if groups else 0)
            out[t, n] = e // per * per * 2 + e % per + offset * per if per > 0 else e
    return out


MODALITY = {"num_expert_per_modality": 4, "group_size": 3, "modality_offset": 1, "is_group_expert": False}
case("expand_modality_expert_id", lambda e: one("expand_modality_expert_id", {"expert_id": e}, [-1, 2], MODALITY, "expert_id_out", "int32"), static="older", e=i32["t", 2].ints(0, 16).lod([2, 2], [1, 5], read=False), expect=lambda e, *_: expanded(e, 4, 3, 1))
case("expand_modality_expert_id_groups", lambda e: one("expand_modality_expert_id", {"expert_id": e}, [-1, 2], {**MODALITY, "is_group_expert": True}, "expert_id_out", "int64"), static="older", e=i64["t", 2].ints(0, 3).lod([2, 2], [1, 5], read=False), expect=lambda e, *_: expanded(e, 4, 3, 1, True))
case("expand_modality_expert_id_one", lambda e: one("expand_modality_expert_id", {"expert_id": e}, [-1, 2], {**MODALITY, "is_group_expert": True, "num_expert_per_modality": 0}, "expert_id_out", "int32"), static="older", e=i32["t", 2].ints(0, 3).lod([2, 2], [1, 5], read=False), expect=lambda e, *_: expanded(e, 0, 3, 1, True))

# phi/kernels/gpu/batched_gemm.cu: runs of rows, each by a matrix of its own.
GEMM = {"trans_lhs": False, "trans_rhs": False}


def runs(x, sizes):
    return np.split(x, np.cumsum(sizes)[:-1])


case("batched_gemm", lambda x, w: one("batched_gemm", {"lhs": x, "rhs": w}, [6, 5], {**GEMM, "batch_sizes": [1, 3, 2]}, "output"), static="older", x=f32[6, 4].lod([6], [6], read=False), w=f32[3, 4, 5], expect=lambda x, w, *_: np.concatenate([a @ b for a, b in zip(runs(x, [1, 3, 2]), w)]))
case("batched_gemm_turned_matrices", lambda x, w: one("batched_gemm", {"lhs": x, "rhs": w}, [6, 5], {**GEMM, "trans_rhs": True, "batch_sizes": [4, 0, 2]}, "output"), static="older", x=f32[6, 4].lod([6], [6], read=False), w=f32[3, 5, 4], expect=lambda x, w, *_: np.concatenate([a @ b.T for a, b in zip(runs(x, [4, 0, 2]), w)]))
case("batched_gemm_turned_rows", lambda x, w: one("batched_gemm", {"lhs": x, "rhs": w}, [2, 4, 5], {**GEMM, "trans_lhs": True, "batch_sizes": [4, 2]}, "output"), static="older", x=f32[6, 4].lod([6], [6], read=False), w=f32[6, 5], expect=lambda x, w, *_: np.stack([a.T @ b for a, b in zip(runs(x, [4, 2]), runs(w, [4, 2]))]))

# files/write.py wrote it: what the gate sends to the experts, and back.
FILES = pathlib.Path(__file__).parents[1] / "files"


def there_and_back(x, gate, w, ids):
    y, weights, places, _, _ = gated(x, gate, capacity=5)
    made = np.concatenate([a @ b for a, b in zip(runs(y, [5] * 4), w)])
    return combined(made, weights, places.T), expanded(ids, 4, 3, 1)


saved("experts_pir", FILES / "experts", x=f32["t", 6], gate=GATE, w=f32[4, 6, 6], ids=i32["t", 2].ints(0, 16), sizes=[{"t": 5}, {"t": 8}], expect=there_and_back, paddle_cannot={"pdmodel": "operators of PIR alone"}, opset={"pir": 11})
