"""Linear layers with weights of 8 and 4 bits. Paddle's CPU has weight_quantize alone, of float16 and bfloat16."""
import paddle
from dsl import *
from harness.written import written
from paddle.nn.quant import weight_quantize

RANDOM = np.random.RandomState(7)
NO_GROUPS = {"pdmodel": "groups came with Paddle 3"}
# The largest of each group is such that both bounds, 127 and 7, give scales that float16 holds: Paddle 2.6 doesn't round them.
# The second and the fourth column are halves in units of these scales, the third has nothing.
LARGEST = 889 / 1024 / 2 ** (np.arange(32) % 4)
WEIGHT = RANDOM.uniform(-0.99, 0.99, size=(128, 32)) * LARGEST
WEIGHT[::64] = -LARGEST
WEIGHT[1:, 1] = np.arange(-127, 127, 2) * 7 / 2**12
WEIGHT[1:, 3] = np.resize(np.arange(-13, 15, 2), 127) * 127 / 2**14
WEIGHT[64, [1, 3]] = LARGEST[[1, 3]]
WEIGHT[:, 2] = 0
W = f16[128, 32].values(WEIGHT)

if paddle.__version__ < "3":
    # Paddle 2.6 drops attributes that it doesn't know. Groups came with 3.0, whose builds for CPUs can only translate these.
    for operator in ("weight_dequantize", "weight_only_linear"):
        paddle.base.framework.OpProtoHolder.instance().get_op_proto(operator).attrs.add(name="group_size", type=0, comment="", generated=False)


def stored(q, bits, arch):
    """Whole numbers [k, n] as weight_quantize lays them, step by step as its kernel does."""
    k, n = q.shape
    u = q + 2 ** (bits - 1)
    register = 32 // bits
    if arch != 70:
        tile = np.arange(128 // bits)
        rows = 8 * (tile % register // 2) + tile % 2 + 2 * (tile // register)
        columns = u.reshape(-1, len(tile), n)[:, rows].reshape(k, n).T
        u = columns.reshape(-1, 16 // bits, k // 64, 64).swapaxes(1, 2)
    u = u.reshape(-1, register)[:, [*range(0, register, 2), *range(1, register, 2)]]
    if bits == 4:
        u = u.reshape(-1, 2) @ [1, 16]
    return u.astype("uint8").view("int8").reshape(n * bits // 8, k)


def whole(k, n, bits):
    return RANDOM.randint(1 - 2 ** (bits - 1), 2 ** (bits - 1), size=(k, n))


def times(matrix, scale):
    """A row of scales for each group of the matrix's rows."""
    scale = np.atleast_2d(scale)
    return (matrix * np.repeat(scale, len(matrix) // len(scale), 0)).astype(scale.dtype)


def operands(x, weight, scale, bias=None):
    slots = {"x": x, "weight": param(weight), "weight_scale": param(scale)}
    return slots if bias is None else slots | {"bias": param(bias)}


def form(kind="int8", arch=80, group_size=-1):
    return {"weight_dtype": kind, "arch": arch, "group_size": group_size}


def linear(matrix, scale, bias=0):
    w = times(matrix, scale)
    return lambda x: (x.astype("float32") @ w.astype("float32") + bias).astype(x.dtype)


Q8, Q4 = whole(128, 16, 8), whole(128, 16, 4)
S = (RANDOM.rand(16) / 64 + 0.01).astype("float16")
S128, S64 = S[None], np.stack([S, 2 * S])
BIAS = RANDOM.normal(size=16).astype("float16")
# Too large to be computed at conversion: the file keeps the bytes.
LARGE8, LARGE4 = whole(512, 288, 8), whole(512, 288, 4)
LARGE_S = np.float32(RANDOM.rand(288) / 64 + 0.01)
LARGE_S64 = np.float32(RANDOM.rand(8, 288) / 64 + 0.01)
X = f16["b", "n", 128]

case("weight_quantize_int8", lambda w: weight_quantize(w, "weight_only_int8", 80), w=W, opset=9)
case("weight_quantize_int8_75", lambda w: weight_quantize(w, "weight_only_int8", 75), w=W, opset=9)
case("weight_quantize_int8_86", lambda w: weight_quantize(w, "weight_only_int8", 86), w=W, opset=9)
case("weight_quantize_int8_89", lambda w: weight_quantize(w, "weight_only_int8", 89), w=W, opset=9, paddle_cannot={"pdmodel": "Paddle 2.6 knows architectures to 86"})
case("weight_quantize_int8_90", lambda w: weight_quantize(w, "weight_only_int8", 90), w=W, opset=9, paddle_cannot={"pdmodel": "Paddle 2.6 knows architectures to 86"})
case("weight_quantize_int8_70", lambda w: weight_quantize(w, "weight_only_int8", 70), w=W, opset=9)
case("weight_quantize_int4", lambda w: weight_quantize(w, "weight_only_int4", 80), w=W, opset=9)
case("weight_quantize_int4_70", lambda w: weight_quantize(w, "weight_only_int4", 70), w=W, opset=9)
case("weight_quantize_bfloat16", lambda w: [o if o.dtype == paddle.int8 else o.cast("float32") for o in weight_quantize(w.cast("bfloat16"), "weight_only_int8", 80)], w=f32[64, 32].values(np.concatenate([np.full((1, 32), 127), RANDOM.randint(-127, 128, (63, 32))]) / 128), opset=13)
case("weight_quantize_int8_groups", lambda w: weight_quantize(w, "weight_only_int8", 80, 64), w=W, opset=9, paddle_cannot=NO_GROUPS)
case("weight_quantize_int4_groups", lambda w: weight_quantize(w, "weight_only_int4", 80, 64), w=W, opset=9, paddle_cannot=NO_GROUPS)
case("weight_quantize_int8_groups_70", lambda w: weight_quantize(w, "weight_only_int8", 70, 128), w=W, opset=9, paddle_cannot=NO_GROUPS)
case("weight_quantize_int4_groups_70", lambda w: weight_quantize(w, "weight_only_int4", 70, 64), w=W, opset=9, paddle_cannot=NO_GROUPS)
case("weight_quantize_llm_int8", lambda w: [o if o.dtype == paddle.int8 else o.cast("float32") for o in weight_quantize(w, "llm.int8", 80)], w=W, opset=9)
case("weight_quantize_unknown", lambda w: weight_quantize(w, "weight_only_int8", 80), w=f16["b", 64], error="whose size is not known", paddle_cannot={"pdmodel": "2.6 wants to know the size"})

raw("weight_dequantize_int8", "weight_dequantize", inputs={"x": i8[16, 128].values(stored(Q8, 8, 80)), "scale": param(S)}, outputs={"out": "float16"}, attrs={"algo": "weight_only_int8", "group_size": -1}, opset=9, expect=lambda x: times(Q8, S))
raw("weight_dequantize_int4", "weight_dequantize", inputs={"x": i8[8, 128].values(stored(Q4, 4, 80)), "scale": param(S)}, outputs={"out": "float16"}, attrs={"algo": "weight_only_int4", "group_size": -1}, opset=9, expect=lambda x: times(Q4, S))
raw("weight_dequantize_int8_groups", "weight_dequantize", inputs={"x": i8[16, 128].values(stored(Q8, 8, 80)), "scale": f16[2, 16].values(S64)}, outputs={"out": "float16"}, attrs={"algo": "weight_only_int8", "group_size": 64}, opset=9, expect=lambda x, scale: times(Q8, S64))
raw("weight_dequantize_int4_groups", "weight_dequantize", inputs={"x": i8[8, 128].values(stored(Q4, 4, 80)), "scale": f16[1, 16].values(S128)}, outputs={"out": "float16"}, attrs={"algo": "weight_only_int4", "group_size": 128}, opset=9, expect=lambda x, scale: times(Q4, S128))

raw("weight_only_linear_int8", "weight_only_linear", inputs=operands(X, stored(Q8, 8, 80), S), outputs={"out": "float16"}, attrs=form(), expect=linear(Q8, S))
raw("weight_only_linear_int8_75", "weight_only_linear", inputs=operands(X, stored(Q8, 8, 75), S, BIAS), outputs={"out": "float16"}, attrs=form(arch=75), expect=linear(Q8, S, BIAS))
raw("weight_only_linear_int8_90", "weight_only_linear", inputs=operands(X, stored(Q8, 8, 90), S, BIAS), outputs={"out": "float16"}, attrs=form(arch=90), expect=linear(Q8, S, BIAS))
raw("weight_only_linear_int8_70", "weight_only_linear", inputs=operands(f16["b", 128], stored(Q8, 8, 70), S, BIAS), outputs={"out": "float16"}, attrs=form(arch=70), expect=linear(Q8, S, BIAS))
raw("weight_only_linear_int4", "weight_only_linear", inputs=operands(X, stored(Q4, 4, 86), S, BIAS), outputs={"out": "float16"}, attrs=form("int4", 86), expect=linear(Q4, S, BIAS))
raw("weight_only_linear_int4_70", "weight_only_linear", inputs=operands(X, stored(Q4, 4, 70), S), outputs={"out": "float16"}, attrs=form("int4", 70), expect=linear(Q4, S))
raw("weight_only_linear_int8_groups", "weight_only_linear", inputs=operands(X, stored(Q8, 8, 80), S64, BIAS), outputs={"out": "float16"}, attrs=form(group_size=64), expect=linear(Q8, S64, BIAS))
raw("weight_only_linear_int8_groups_70", "weight_only_linear", inputs=operands(X, stored(Q8, 8, 70), S64), outputs={"out": "float16"}, attrs=form("int8", 70, 64), expect=linear(Q8, S64))
raw("weight_only_linear_int4_groups", "weight_only_linear", inputs=operands(X, stored(Q4, 4, 89), S64), outputs={"out": "float16"}, attrs=form("int4", 89, 64), expect=linear(Q4, S64))
raw("weight_only_linear_int4_groups_128", "weight_only_linear", inputs=operands(X, stored(Q4, 4, 80), S128), outputs={"out": "float16"}, attrs=form("int4", 80, 128), expect=linear(Q4, S128))
raw("weight_only_linear_float32", "weight_only_linear", inputs=operands(f32["b", "n", 128], stored(Q8, 8, 80), S.astype("float32")), outputs={"out": "float32"}, attrs=form(), expect=linear(Q8, S.astype("float32")))
raw("weight_only_linear_large_int8", "weight_only_linear", inputs=operands(f32["b", 512], stored(LARGE8, 8, 80), LARGE_S), outputs={"out": "float32"}, attrs=form(), atol=1e-3, expect=linear(LARGE8, LARGE_S))
raw("weight_only_linear_large_int8_70", "weight_only_linear", inputs=operands(f32["b", 512], stored(LARGE8, 8, 70), LARGE_S64), outputs={"out": "float32"}, attrs=form("int8", 70, 64), atol=1e-3, expect=linear(LARGE8, LARGE_S64))
raw("weight_only_linear_large_int4", "weight_only_linear", inputs=operands(f32["b", 512], stored(LARGE4, 4, 80), LARGE_S64), outputs={"out": "float32"}, attrs=form("int4", 80, 64), atol=1e-3, expect=linear(LARGE4, LARGE_S64))
raw("weight_only_linear_large_int4_70", "weight_only_linear", inputs=operands(f32["b", 512], stored(LARGE4, 4, 70), LARGE_S), outputs={"out": "float32"}, attrs=form("int4", 70), atol=1e-3, expect=linear(LARGE4, LARGE_S))
raw("weight_only_linear_input", "weight_only_linear", inputs={"x": X, "weight": i8[8, 128].values(stored(Q4, 4, 80)), "weight_scale": f16[16].values(S)}, outputs={"out": "float16"}, attrs=form("int4"), opset=9, expect=lambda x, weight, weight_scale: linear(Q4, S)(x))
raw("weight_only_linear_architecture", "weight_only_linear", inputs=operands(X, stored(Q8, 8, 80), S), outputs={"out": "float16"}, attrs=form(arch=60), expect=linear(Q8, S), error="architecture 60")
raw("weight_only_linear_rows", "weight_only_linear", inputs=operands(f16["b", 32], np.zeros((16, 32), "int8"), S), outputs={"out": "float16"}, attrs=form(), expect=linear(np.zeros((32, 16)), S), error="a multiple of 64")


# A mixture of experts (experts.py), whose weights weight_quantize gave bytes that were then called [experts, rows, columns].
def experts(bits):
    wholes = [[whole(64, 128, bits) for _ in range(3)], [whole(64, 64, bits) for _ in range(3)]]
    scales = [(RANDOM.rand(3, n) / 999 + 0.001).astype("float16") for n in (128, 64)]
    bytes_ = [np.stack([stored(q, bits, 80).reshape(64, -1) for q in qs]) for qs in wholes]
    matrices = [[times(q, s).astype("float32") for q, s in zip(qs, ss)] for qs, ss in zip(wholes, scales)]
    return bytes_, scales, matrices


def mixture(x, gate, matrices):
    out = []
    for row in x.reshape(-1, 64).astype("float32"):
        p = np.exp(row @ gate)
        best = np.argsort(-p, kind="stable")[:2]
        halves = [np.split(row @ matrices[0][e], 2) for e in best]
        made = [(a / (1 + np.exp(-a)) * b).astype("float16").astype("float32") @ matrices[1][e] for (a, b), e in zip(halves, best)]
        out.append(p[best] @ np.array(made) / p[best].sum())
    return np.array(out).reshape(x.shape).astype(x.dtype)


def fused_moe(x, gate, w1, w2, s1, s2, bits):
    given = {"x": x, "gate_weight": gate, "ffn1_weight": w1, "ffn2_weight": w2, "ffn1_scale": s1, "ffn2_scale": s2}
    attrs = {"quant_method": f"weight_only_int{bits}", "moe_topk": 2, "group_moe": False, "norm_topk_prob": True}
    return written("fused_moe", given, {"out": ("float16", [-1, 64])}, attrs)


E8, E4 = experts(8), experts(4)
ROWS, NOT_LATER = f16["t", 64].lod([2, 2], [3, 4], read=False), {"pir": "Paddle 3.3 has it no longer"}
case("fused_moe_int8", lambda x, gate, w1, w2, s1, s2: fused_moe(x, gate, w1, w2, s1, s2, 8), static="older", x=ROWS, gate=f32[64, 3], w1=i8[3, 64, 128].values(E8[0][0]), w2=i8[3, 64, 64].values(E8[0][1]), s1=f16[3, 128].values(E8[1][0]), s2=f16[3, 64].values(E8[1][1]), expect=lambda x, gate, *_: mixture(x, gate, E8[2]), opset=9, paddle_cannot=NOT_LATER)
case("fused_moe_int4", lambda x, gate, w1, w2, s1, s2: fused_moe(x, gate, w1, w2, s1, s2, 4), static="older", x=ROWS, gate=f32[64, 3], w1=i8[3, 64, 64].values(E4[0][0]), w2=i8[3, 64, 32].values(E4[0][1]), s1=f16[3, 128].values(E4[1][0]), s2=f16[3, 64].values(E4[1][1]), expect=lambda x, gate, *_: mixture(x, gate, E4[2]), opset=9, paddle_cannot=NOT_LATER)


# phi/kernels/impl/llm_int8_matmul_kernel_impl.h. Columns with a number over the threshold are multiplied apart, and for them the weight is read
# as if weight_quantize had arranged it (permute_index), which it doesn't for llm.int8.
PLAIN, LLM_SCALE = whole(64, 16, 8).T.astype("int8"), (RANDOM.rand(16) / 500 + 0.001).astype("float32")


def by_rows(x, weight, scale, threshold=6.0, bias=0.0):
    rows = x.reshape(-1, x.shape[-1]).astype("float32")
    n, k = weight.shape
    over = abs(rows) > np.float32(np.float16(threshold))
    apart = over.any(0)
    ranges = np.where(over, 0, abs(rows)).max(1, keepdims=True)
    inverse = np.float32(1) / np.where(ranges == 0, 1, ranges)
    q = rows * np.float32(127) * inverse
    q = np.clip(np.sign(q) * np.floor(abs(q) + 0.5), -127, 127) * ~apart
    out = (q @ weight.T.astype("float32") * ranges * scale / 127).astype(x.dtype)
    arranged = np.zeros((n, k), "float32")
    for row in range(n):
        for column in range(k):
            low, high = column % 8, column % 16 // 8
            place = low + high + (high + 1) % 2 * (column % 16) + low * high + column // 16 * 16
            byte = int(weight.reshape(-1)[place % 64 + place // 64 * 128 + 64 * (row % 2) + k * 2 * (row // 2)]) - 128
            arranged[row, column] = (byte + 128) % 256 - 128
    arranged = (arranged * scale[:, None]).astype(x.dtype).astype("float32")
    apart_out = ((rows * apart) @ arranged.T).astype(x.dtype)
    return (apart_out + out + np.asarray(bias, x.dtype)).reshape(*x.shape[:-1], n).astype(x.dtype)


LLM = {"x": f16["b", "n", 64], "weight": param(PLAIN), "weight_scale": param(LLM_SCALE)}
raw("llm_int8_linear", "llm_int8_linear", inputs=LLM, outputs={"out": "float16"}, opset=9, attrs={"threshold": 6.0}, expect=lambda x: by_rows(x, PLAIN, LLM_SCALE))
raw("llm_int8_linear_outliers", "llm_int8_linear", inputs={**LLM, "x": f16["n", 64], "bias": param(BIAS)}, outputs={"out": "float16"}, opset=9, attrs={"threshold": 2.5}, expect=lambda x: by_rows(x, PLAIN, LLM_SCALE, 2.5, BIAS))
raw("llm_int8_linear_zeros", "llm_int8_linear", inputs={**LLM, "x": f16["n", 64].ints(0, 1)}, outputs={"out": "float16"}, opset=9, attrs={"threshold": 6.0}, expect=lambda x: by_rows(x, PLAIN, LLM_SCALE))
