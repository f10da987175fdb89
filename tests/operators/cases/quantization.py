"""Quantizers and dequantizers. A case of whole models: tests/models/cases/quantization.py."""
import paddle
from dsl import *

S1, S0 = param([1.5]), param([0.0])
SCALES = (np.random.RandomState(2).rand(3) + 0.5).astype("float32")
S3 = param(SCALES)
ZERO = param(np.zeros(1, "int32"))
NO_ROUNDING = {"pir": "Paddle 3.3 does not translate their round_type"}
# In units of a step: every half and whole number in reach, beyond the bound, and 0.
STEPS = (np.arange(-262, 262) / 2).astype("float32").reshape(2, 2, -1)
TIES = f32[2, 2, 131].values(STEPS)
S127 = param([127.0])  # a step of 1


def away(x):
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


def quantized_channels(x, others):
    """What the kernel gives in training; at inference it wants a scale, which the files of these rows do not hold."""
    largest = np.abs(x).max(others, keepdims=True)
    return [away(x / largest * 127), largest.reshape(-1)]


def lookup(table, ids):
    numbers = np.array([((row[1] - row[0]) / 256) * row[2:].view("uint8").astype("float32") + row[0] for row in table])
    return numbers.astype("float32")[ids]


# Rows of a least and a largest number and 8 bytes.
TABLE = np.concatenate([np.array([[-1, 1], [0, 3], [-2, 0.5]], "float32"), np.random.RandomState(3).randint(0, 127, (3, 8)).astype("uint8").view("float32")], 1)

# In PIR programs, Paddle 3.0 to 3.3 run the quantizer in the place of dequantize_linear: those rows have the formula of the dequantizer's kernel. Its bound is qmax, 127 in translations, whatever bit_length says.
raw("quantize_linear", "quantize_linear", inputs={"X": f32["b", 3, "n"].range(-2, 2), "Scale": S1, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 8})
raw("quantize_linear_ties", "quantize_linear", inputs={"X": TIES, "Scale": S127, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 8})
raw("quantize_linear_ties_away", "quantize_linear", inputs={"X": TIES, "Scale": S127, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 8, "round_type": 1})
raw("quantize_linear_channels", "quantize_linear", inputs={"X": f32["b", 3, "n"].range(-2, 2), "Scale": S3, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": 1, "bit_length": 8})
raw("quantize_linear_4_bits", "quantize_linear", inputs={"X": f32["b", 3, "n"].range(-2, 2), "Scale": S1, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 4})
raw("quantize_linear_4_bits_channels_away", "quantize_linear", inputs={"X": f32["b", 3, "n"].range(-2, 2), "Scale": S3, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": 1, "bit_length": 4, "round_type": 1}, opset=8)
case("quantize_linear_qmax", lambda x, s, z: paddle._C_ops.quantize_linear(x, s, z, z, z, -1, 4, -8, 7, 0, True, False)[0], x=f32["b", 3, "n"].range(-2, 2), s=f32[1].values([1.5]), z=f32[1].values([0]), opset=8, paddle_cannot={"pdmodel": "quantize_linear as a function came with Paddle 3"})
raw("quantize_linear_zero_scale", "quantize_linear", inputs={"X": f32["b", 3].values(np.zeros((2, 3))), "Scale": S0, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 8}, sizes=[{"b": 2}])
raw("quantize_linear_observer", "quantize_linear", inputs={"X": f32["b", 3], "Scale": S1, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 8, "only_observer": True})
raw("dequantize_linear_observer", "dequantize_linear", inputs={"X": f32["b", 3], "Scale": S1, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 8, "only_observer": True})
raw("dequantize_linear_floats", "dequantize_linear", inputs={"X": f32["b", 3].ints(-128, 128), "Scale": S1, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 8}, expect={"pir": lambda x: x * np.float32(1.5) / 127})
raw("dequantize_linear_channels", "dequantize_linear", inputs={"X": f32["b", 3, "n"].ints(-128, 128), "Scale": S3, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": 1, "bit_length": 8}, expect={"pir": lambda x: x * SCALES[:, None] / 127})
raw("dequantize_linear_16_bits", "dequantize_linear", inputs={"X": f32["b", 3].ints(-32768, 32768), "Scale": S1, "ZeroPoint": ZERO}, outputs={"Y": "float32"}, attrs={"quant_axis": -1, "bit_length": 16}, expect={"pir": lambda x: x * np.float32(1.5) / 127})

raw("fake_quantize_abs_max", "fake_quantize_abs_max", inputs={"X": f32["b", 3, "n"]}, outputs={"Out": "float32", "OutScale": "float32"}, attrs={"bit_length": 8, "round_type": 1}, opset=8, paddle_cannot=NO_ROUNDING)
raw("fake_quantize_abs_max_to_even", "fake_quantize_abs_max", inputs={"X": f32["b", 3, "n"]}, outputs={"Out": "float32", "OutScale": "float32"}, attrs={"bit_length": 8, "round_type": 0}, opset=8, paddle_cannot=NO_ROUNDING)
raw("fake_quantize_abs_max_16_bits", "fake_quantize_abs_max", inputs={"X": f32["b", 3, "n"]}, outputs={"Out": "float32", "OutScale": "float32"}, attrs={"bit_length": 16, "round_type": 1}, opset=8, atol=1, paddle_cannot=NO_ROUNDING)
raw("fake_quantize_dequantize_abs_max", "fake_quantize_dequantize_abs_max", inputs={"X": f32["b", 3, "n"]}, outputs={"Out": "float32", "OutScale": "float32"}, attrs={"bit_length": 8, "round_type": 1}, opset=8, paddle_cannot=NO_ROUNDING)
raw("fake_channel_wise_quantize_abs_max", "fake_channel_wise_quantize_abs_max", inputs={"X": f32[4, 3, "n"]}, outputs={"Out": "float32", "OutScale": "float32"}, attrs={"bit_length": 8, "round_type": 1, "quant_axis": 0}, opset=8, expect=lambda x: quantized_channels(x, (1, 2)), paddle_cannot=NO_ROUNDING)
raw("fake_channel_wise_quantize_abs_max_axis1", "fake_channel_wise_quantize_abs_max", inputs={"X": f32["b", 3, "n"]}, outputs={"Out": "float32", "OutScale": "float32"}, attrs={"bit_length": 8, "round_type": 1, "quant_axis": 1}, opset=8, expect=lambda x: quantized_channels(x, (0, 2)), paddle_cannot=NO_ROUNDING)


def by_stored_scale(x):
    """At inference the scale is read from the variable that training writes."""
    block = paddle.static.default_main_program().global_block()
    out = block.create_var(dtype="float32", shape=x.shape)
    scale = paddle.static.create_global_var([4], 1.5, "float32", persistable=True)
    block.append_op(type="fake_channel_wise_quantize_abs_max", inputs={"X": x}, outputs={"Out": out, "OutScale": scale}, attrs={"bit_length": 8, "quant_axis": 0, "is_test": True})
    return out


case("fake_channel_wise_quantize_abs_max_stored", by_stored_scale, static="older", x=f32[4, 3, "n"], opset=8, paddle_cannot=NO_ROUNDING)
raw("fake_channel_wise_quantize_dequantize_abs_max", "fake_channel_wise_quantize_dequantize_abs_max", inputs={"X": f32[4, 3, "n"]}, outputs={"Out": "float32", "OutScale": "float32"}, attrs={"bit_length": 8, "round_type": 1, "quant_axis": 0}, opset=8, paddle_cannot=NO_ROUNDING)
raw("fake_channel_wise_quantize_dequantize_abs_max_axis1", "fake_channel_wise_quantize_dequantize_abs_max", inputs={"X": f32["b", 3, "n"]}, outputs={"Out": "float32", "OutScale": "float32"}, attrs={"bit_length": 8, "round_type": 1, "quant_axis": 1}, opset=8, paddle_cannot=NO_ROUNDING)

raw("fake_quantize_range_abs_max", "fake_quantize_range_abs_max", inputs={"X": f32["b", 3, "n"], "InScale": S1}, outputs={"Out": "float32", "OutScale": None}, attrs={"bit_length": 8, "round_type": 1, "is_test": True})
raw("fake_quantize_moving_average_abs_max", "fake_quantize_moving_average_abs_max", inputs={"X": f32["b", 3, "n"], "InScale": S1}, outputs={"Out": "float32", "OutScale": None}, attrs={"bit_length": 8, "round_type": 1, "is_test": True})
raw("fake_quantize_moving_average_abs_max_ties", "fake_quantize_moving_average_abs_max", inputs={"X": TIES, "InScale": S127}, outputs={"Out": "float32", "OutScale": None}, attrs={"bit_length": 8, "round_type": 1, "is_test": True})
raw("fake_quantize_moving_average_abs_max_to_even", "fake_quantize_moving_average_abs_max", inputs={"X": TIES, "InScale": S127}, outputs={"Out": "float32", "OutScale": None}, attrs={"bit_length": 8, "is_test": True, "round_type": 0})
raw("fake_quantize_dequantize_moving_average_abs_max", "fake_quantize_dequantize_moving_average_abs_max", inputs={"X": f32["b", 3, "n"], "InScale": S1}, outputs={"Out": "float32", "OutScale": None}, attrs={"bit_length": 8, "round_type": 1, "is_test": True})
raw("fake_quantize_dequantize_moving_average_abs_max_ties", "fake_quantize_dequantize_moving_average_abs_max", inputs={"X": TIES, "InScale": S127}, outputs={"Out": "float32", "OutScale": None}, attrs={"bit_length": 8, "round_type": 1, "is_test": True})
raw("fake_quantize_dequantize_moving_average_abs_max_4_bits", "fake_quantize_dequantize_moving_average_abs_max", inputs={"X": f32["b", 3, "n"], "InScale": S1}, outputs={"Out": "float32", "OutScale": None}, attrs={"bit_length": 4, "round_type": 1, "is_test": True})
raw("moving_average_abs_max_scale", "moving_average_abs_max_scale", inputs={"X": f32["b", 3, "n"]}, outputs={"Out": "float32", "OutScale": None}, attrs={"is_test": True})

raw("fake_dequantize_max_abs", "fake_dequantize_max_abs", inputs={"X": f32["b", 3].ints(-128, 128), "Scale": S1}, outputs={"Out": "float32"}, attrs={"max_range": 127.0})
raw("fake_channel_wise_dequantize_max_abs", "fake_channel_wise_dequantize_max_abs", inputs={"X": f32[3, "n", 2].ints(-128, 128), "Scales": [S3]}, outputs={"Out": "float32"}, attrs={"quant_bits": [8], "quant_axis": 0})
raw("fake_channel_wise_dequantize_max_abs_axis1", "fake_channel_wise_dequantize_max_abs", inputs={"X": f32["b", 3, "n"].ints(-128, 128), "Scales": [S3]}, outputs={"Out": "float32"}, attrs={"quant_bits": [8], "quant_axis": 1})
raw("fake_channel_wise_dequantize_max_abs_result", "fake_channel_wise_dequantize_max_abs", inputs={"X": f32["b", 3, "n"].ints(-9999, 9999), "Scales": [S3, S1]}, outputs={"Out": "float32"}, attrs={"quant_bits": [8, 8], "quant_axis": 0, "x_num_col_dims": 1})
raw("fake_channel_wise_dequantize_max_abs_result_of_matmul", "fake_channel_wise_dequantize_max_abs", inputs={"X": f32["b", "n", 3].ints(-9999, 9999), "Scales": [S3, S1]}, outputs={"Out": "float32"}, attrs={"quant_bits": [8, 8], "quant_axis": 1, "x_num_col_dims": 2})

raw("dequantize_abs_max", "dequantize_abs_max", inputs={"X": i8["b", 3], "Scale": S1}, outputs={"Out": "float32"}, attrs={"max_range": 127.0})
raw("dequantize_abs_max_i16", "dequantize_abs_max", inputs={"X": i16["b", 3], "Scale": S1}, outputs={"Out": "float32"}, attrs={"max_range": 32767.0})
raw("dequantize_log", "dequantize_log", inputs={"X": i8["b", 3].ints(-128, 128), "Dict": param(np.linspace(-2, 2, 128))}, outputs={"Out": "float32"})
raw("lookup_table_dequant", "lookup_table_dequant", inputs={"W": param(TABLE), "Ids": i64["b", "n", 1].ints(0, 3)}, outputs={"Out": "float32"})
raw("lookup_table_dequant_padding", "lookup_table_dequant", inputs={"W": param(TABLE), "Ids": i64["n", 1].ints(0, 3)}, outputs={"Out": "float32"}, attrs={"padding_idx": 1})
# phi/kernels/gpu/apply_per_channel_scale_kernel.cu: matrices of halves
raw("apply_per_channel_scale", "apply_per_channel_scale", inputs={"x": f16["n", 8], "scales": f16[8]}, outputs={"out": "float16"}, expect=lambda x, scales: x * scales)
raw("apply_per_channel_scale_rank3", "apply_per_channel_scale", inputs={"x": f16["b", "n", 8], "scales": f16[8]}, outputs={"out": "float16"}, expect=lambda x, scales: x * scales, error="an operand of rank 3")

# phi/kernels/impl/quant_linear_kernel_impl.h with funcs/quant_dequant.h: what is called away from zero goes there from any fraction.
QUANT_LINEAR = {"in_num_col_dims": 1, "activation_type": "", "padding_weights": False, "scale_in": 0.3, "scale_weights": [0.1, 0.25, 0.4], "quant_round_type": 1, "quant_max_bound": 127.0, "quant_min_bound": -127.0}
WHOLE, OFFSETS = np.random.RandomState(3).randint(-127, 128, (4, 3)).astype("int8"), np.random.RandomState(4).randn(3).astype("float32")


def by_integers(x, even=False, bias=0.0, relu=False):
    q = np.float32(127 * 0.3) * x.reshape(-1, 4)
    q = np.clip(np.rint(q) if even else np.where(q > 0, np.ceil(q), np.floor(q)), -127, 127)
    y = (q.astype("int32") @ WHOLE.astype("int32")) / (127.0 * 127.0 * 0.3 * np.array([0.1, 0.25, 0.4])) + bias
    return (np.maximum(y, 0) if relu else y).astype("float32")


NO_PIR = {"pir": "Paddle 3 has it no longer"}
raw("quant_linear", "quant_linear", inputs={"x": f32["b", 4], "w": param(WHOLE)}, outputs={"out": "float32"}, attrs=QUANT_LINEAR, expect=by_integers, paddle_cannot=NO_PIR)
raw("quant_linear_even", "quant_linear", inputs={"x": f32["b", 4], "w": param(WHOLE)}, outputs={"out": "float32"}, attrs={**QUANT_LINEAR, "quant_round_type": 0}, expect=lambda x: by_integers(x, True), paddle_cannot=NO_PIR)
raw("quant_linear_relu", "quant_linear", inputs={"x": f32["b", 2, 2], "w": param(WHOLE), "bias": param(OFFSETS)}, outputs={"out": "float32"}, attrs={**QUANT_LINEAR, "activation_type": "relu"}, expect=lambda x: by_integers(x, bias=OFFSETS, relu=True), paddle_cannot=NO_PIR)
raw("quant_linear_rank_3", "quant_linear", inputs={"x": f32["b", "n", 4], "w": param(WHOLE), "bias": param(OFFSETS)}, outputs={"out": "float32"}, attrs={**QUANT_LINEAR, "in_num_col_dims": 2}, expect=lambda x: by_integers(x, bias=OFFSETS).reshape(*x.shape[:2], 3), paddle_cannot=NO_PIR)
raw("quant_linear_padded", "quant_linear", inputs={"x": f32["b", 4], "w": param(WHOLE)}, outputs={"out": "float32"}, attrs={**QUANT_LINEAR, "padding_weights": True}, expect=by_integers, error="padding_weights", paddle_cannot=NO_PIR)
