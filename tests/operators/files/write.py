"""Writes the programs in this folder: operators that Paddle reads from a file but that none of its functions in Python
writes. `python3 write.py` renews them; they are in the form of Paddle 3.3.1."""
import json
import pathlib

UNKNOWN = -1
PLACE = {"#": "1.a_place", "D": [0, 0, ""]}
DTYPES = {"f32": "float32", "f16": "float16", "i32": "int32", "i64": "int64", "f8e4m3fn": "float8_e4m3fn"}


def dtype_of(name):
    return {"#": "1.a_dtype", "D": DTYPES[name]}


FLOAT32 = dtype_of("f32")


def tensor(dtype, *dims):
    return {"#": "0.t_dtensor", "D": [{"#": "0.t_" + dtype}, list(dims), "NCHW", [], 0]}


def flag(value):
    return {"#": "0.a_bool", "D": value}


def sizes(*dims):
    return {"#": "1.a_intarray", "D": list(dims)}


class Program:
    def __init__(self):
        self.ops, self.types = [], []

    def add(self, op_name, operands=(), /, *results, **attributes):
        """The id of the first result, if there is one."""
        first = len(self.types) + 1
        op = {
            "#": op_name,
            "A": [{"AT": value, "N": key} for key, value in attributes.items()],
            "I": [{"%": i} for i in operands],
            "O": [],
            "OA": [],
        }
        if results:
            op["O"] = [{"%": first + i, "TT": result} for i, result in enumerate(results)]
            op["OA"] = [{"AT": {"#": "0.a_array", "D": [flag(True) for _ in results]}, "N": "stop_gradient"}]
            self.types += results
        self.ops.append(op)
        return first

    def input(self, name, *dims, dtype="f32"):
        return self.add("1.data", (), tensor(dtype, *dims), name={"#": "0.a_str", "D": name}, shape=sizes(*dims), dtype=dtype_of(dtype), place=PLACE)

    def list(self, *values):
        return self.add("0.combine", values, {"#": "0.t_vec", "D": [self.types[v - 1] for v in values]})

    def write(self, folder, *results):
        for i, value in enumerate(results):
            name, column = {"#": "0.a_str", "D": f"fetch_name_{i}"}, {"#": "0.a_i32", "D": i}
            self.add("1.fetch", [value], self.types[value - 1], name=name, col=column)
            self.ops[-1]["OA"].insert(0, {"AT": {"#": "0.a_array", "D": [flag(True)]}, "N": "persistable"})
        block = {"#": "block_0", "args": [], "ops": self.ops}
        file = {
            "base_code": {"magic": "pir", "trainable": False, "version": 4},
            "program": {"regions": [{"#": "region_0", "blocks": [block]}]},
        }
        path = pathlib.Path(__file__).parent / folder
        path.mkdir(exist_ok=True)
        (path / "inference.json").write_text(json.dumps(file) + "\n")
        (path / "inference.pdiparams").write_bytes(b"")


def shape_broadcast(program, x, y):
    shapes = [program.add("1.shape64", [v], tensor("i64", n)) for v, n in ((x, 2), (y, 3))]
    return program.add("1.shape_broadcast", shapes, tensor("i64", 3))


# Paddle 3.3.1 runs these two.
p = Program()
x, y = p.input("x", 2, 3), p.input("y", 4, 1, 3)
present = p.add("1.cast", [x], tensor("bool", 2, 3), dtype={"#": "1.a_dtype", "D": "bool"})
condition = p.add("1.all", [present], tensor("bool"), axis={"#": "0.a_array", "D": []}, keepdim=flag(False))
data = p.add("0.combine", [x], {"#": "0.t_vec", "D": [tensor("f32", 2, 3)]})
p.add("1.assert", [condition, data], summarize={"#": "0.a_i64", "D": -1})
p.add("1.share_var", [x])
p.write("no_function", shape_broadcast(p, x, y), p.add("1.exp", [x], tensor("f32", 2, 3)))

p = Program()
p.write("shape_broadcast", shape_broadcast(p, p.input("x", UNKNOWN, 3), p.input("y", UNKNOWN, 1, 3)))

# For these it has descriptions, but no kernels.
p = Program()
x = p.input("x", 5, 3)
ones = p.add("1.ones", (), tensor("f32", 2, 3), shape=sizes(2, 3), dtype=FLOAT32, place=PLACE)
zeros = p.add("1.zeros", (), tensor("f32", 4), shape=sizes(4), dtype=FLOAT32, place=PLACE)
like = p.add("1.ones_like", [x], tensor("f32", 5, 3), dtype=FLOAT32, place=PLACE)
copy = p.add("1.copy_to", [x], tensor("f32", 5, 3), place=PLACE, blocking=flag(True))
p.write("no_kernel", ones, zeros, like, copy)

p = Program()
x, scale = p.input("x", UNKNOWN, 3, 4), p.input("scale", 4)
epsilon = {"#": "0.a_f64", "D": 1e-3}
one = {"#": "0.a_array", "D": [{"#": "0.a_i64", "D": 4}]}
y = p.add("1.rms_norm", [x, scale], tensor("f32", UNKNOWN, 3, 4), tensor("f32", UNKNOWN, 3), normalized_shape=one, epsilon=epsilon)
p.write("rms_norm", y)

p = Program()
x, scale = p.input("x", UNKNOWN, 3, 4), p.input("scale", 3, 4)
two = {"#": "0.a_array", "D": [{"#": "0.a_i64", "D": 3}, {"#": "0.a_i64", "D": 4}]}
y = p.add("1.rms_norm", [x, scale], tensor("f32", UNKNOWN, 3, 4), tensor("f32", UNKNOWN), normalized_shape=two, epsilon=epsilon)
p.write("rms_norm_two_axes", y, y + 1)


def number(value):
    return {"#": "0.a_f32", "D": value}


def text(value):
    return {"#": "0.a_str", "D": value}


def whole(value):
    return {"#": "0.a_i32", "D": value}


# ln_scales, qkv_weights, out_linear_weights, ffn_ln_scales, ffn1_weights, ffn2_weights: lists of one.
p = Program()
x, mask = p.input("x", UNKNOWN, UNKNOWN, 8), p.input("mask", UNKNOWN, 1, UNKNOWN, UNKNOWN)
shapes = [(8,), (3, 2, 4, 8), (8, 8), (8,), (8, 6), (6, 8)]
given = [p.input(f"w{i}", *dims) for i, dims in enumerate(shapes)]
lists = [p.list(w) for w in given]
operands = [x, lists[0], 0, lists[1], 0, 0, 0, 0, 0, 0, 0, mask, lists[2], 0, lists[3], 0, lists[4], 0, lists[5], 0]
STACK = {
    "pre_layer_norm": flag(True),
    "epsilon": number(1e-4),
    "residual_alpha": number(1.0),
    "dropout_rate": number(0.5),
    "rotary_emb_dims": whole(0),
    "is_test": flag(True),
    "dropout_implementation": text("downgrade_in_infer"),
    "act_method": text("gelu"),
    "trans_qkvw": flag(True),
    "ring_id": whole(-1),
    "norm_type": text("layernorm"),
    "use_neox_rotary_style": flag(False),
    "gqa_group_size": whole(-1),
}
y = p.add("1.fused_multi_transformer_", operands, {"#": "NULL"}, tensor("f32", UNKNOWN, UNKNOWN, 8), **STACK)
p.write("fused_multi_transformer", y + 1)

# The same of two layers, for one token, with caches.
p = Program()
x, time, lengths = p.input("x", UNKNOWN, 1, 8), p.input("time", 1, dtype="i32"), p.input("n", UNKNOWN, dtype="i32")
caches = p.list(*[p.input(f"cache{i}", 2, UNKNOWN, 2, 12, 4) for i in range(2)])
lists = [p.list(*[p.input(f"w{2 * i + j}", *dims) for j in range(2)]) for i, dims in enumerate(shapes)]
operands = [x, lists[0], 0, lists[1], 0, caches, 0, 0, 0, time, lengths, 0, lists[2], 0, lists[3], 0, lists[4], 0, lists[5], 0]
y = p.add("1.fused_multi_transformer_", operands, p.types[caches - 1], tensor("f32", UNKNOWN, 1, 8), **{**STACK, "act_method": text("relu")})
after = p.add("0.split", [y], *p.types[caches - 1]["D"])
p.write("fused_multi_transformer_token", p.add("1.add", [y + 1, x], tensor("f32", UNKNOWN, 1, 8)), after, after + 1)

# x, mean, variance, scale, bias: what paddle.nn.SyncBatchNorm writes on a GPU.
p = Program()
x = p.input("x", UNKNOWN, 4, UNKNOWN, UNKNOWN)
statistics = [p.input(name, 4) for name in ("mean", "variance", "scale", "bias")]
y = p.add(
    "1.sync_batch_norm_",
    [x, *statistics],
    tensor("f32", UNKNOWN, 4, UNKNOWN, UNKNOWN),
    *[tensor("f32", 4)] * 4,
    tensor("f32", UNKNOWN),
    is_test=flag(True),
    momentum=number(0.9),
    epsilon=number(1e-3),
    data_format=text("NCHW"),
    use_global_stats=flag(False),
    trainable_statistics=flag(False),
)
p.write("sync_batch_norm", y)


def long(value):
    return {"#": "0.a_i64", "D": value}


# What the gate sends to the experts, and back.
p = Program()
x, gate, w, ids = p.input("x", UNKNOWN, 6), p.input("gate", UNKNOWN, 4), p.input("w", 4, 6, 6), p.input("ids", UNKNOWN, 2, dtype="i32")
y = p.add(
    "1.moe_gate_dispatch",
    [x, gate, 0],
    tensor("f32", 20, 6),
    tensor("f32", UNKNOWN, 2),
    tensor("i32", 2, UNKNOWN),
    tensor("i64", 4),
    tensor("i32", UNKNOWN, 2),
    k=long(2),
    capacity=long(5),
    use_pad=flag(True),
)
fives = {"#": "0.a_array", "D": [long(5)] * 4}
made = p.add("1.batched_gemm", [y, w], tensor("f32", 20, 6), batch_sizes=fives, trans_lhs=flag(False), trans_rhs=flag(False))
swapped = {"#": "0.a_array", "D": [whole(1), whole(0)]}
places = p.add("1.transpose", [y + 2], tensor("i32", UNKNOWN, 2), perm=swapped)
back = p.add("1.moe_combine", [made, y + 1, places], tensor("f32", UNKNOWN, 6))
numbers = {"num_expert_per_modality": long(4), "group_size": long(3), "modality_offset": long(1), "is_group_expert": flag(False)}
p.write("experts", back, p.add("1.expand_modality_expert_id", [ids], tensor("i32", UNKNOWN, 2), **numbers))

# Parts of language models.
p = Program()
x, cos, sin = p.input("x", UNKNOWN, UNKNOWN, 2, 10), p.input("cos", 1, UNKNOWN, 1, 6), p.input("sin", 1, UNKNOWN, 1, 6)
encoder, decoder, batch = [p.input(name, UNKNOWN, dtype="i32") for name in ("encoder", "decoder", "batch")]
turned = p.add("1.fused_partial_rope", [x, cos, sin], tensor("f32", UNKNOWN, UNKNOWN, 2, 10))
longest = p.add("1.blha_get_max_len", [encoder, decoder, batch], tensor("i32", 1), tensor("i32", 1))
p.write("language_models", turned, longest, longest + 1)


def as_float8(program, v):
    dims = program.types[v - 1]["D"][1]
    return program.add("1.cast", [v], tensor("f8e4m3fn", *dims), dtype=dtype_of("f8e4m3fn"))


p = Program()
x, y, bias = p.input("x", UNKNOWN, UNKNOWN, 16), p.input("y", UNKNOWN, 4, 16), p.input("bias", 4, dtype="f16")
a, b = as_float8(p, x), as_float8(p, y)
gemm = {"transpose_x": flag(False), "transpose_y": flag(True), "scale": number(0.25), "output_dtype": text("float16")}
products = [
    p.add("1.fp8_fp8_half_gemm_fused", [a, b, offset], tensor("f16", UNKNOWN, UNKNOWN, 4), **gemm, activation_type=text(activation))
    for offset, activation in ((0, "identity"), (bias, "relu"), (bias, "gelu"))
]
p.write("float8_gemm", *products)
