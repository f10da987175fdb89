"""What Paddle's optimiser and some of its layers join into one operator, which program/fusions.cpp takes apart."""
import math
import pathlib

import paddle
from dsl import *
from numpy.lib.stride_tricks import sliding_window_view
from written import written

OLDER = {"pir": "the translation wants the attributes of Paddle 2.5"}
ACROSS = {"pir": "Paddle writes its onednn_op dialect but does not read it"}


def onednn(op, inputs, outputs, attrs=None):
    """An operator that runs in oneDNN, as the optimiser leaves it in a saved program."""
    made = written(op, inputs, outputs, attrs or {})
    block = paddle.static.default_main_program().global_block()
    desc = block.desc.op(block.desc.op_size() - 1)
    for name, value in {"use_mkldnn": True, **(attrs or {})}.items():
        if isinstance(value, bool):  # of an attribute that this Paddle does not know, written() makes a number
            desc._set_bool_attr(name, value)
    block._sync_with_cpp()
    return made


def heads(x):
    return x.reshape(*x.shape[:2], 2, -1).transpose(0, 2, 1, 3)


def convolved(x, w, padding=0, stride=1, dilation=1, groups=1):
    """On [N, C, H, W], in float64."""
    x = np.pad(x.astype("float64"), [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    spans = [dilation * (k - 1) + 1 for k in w.shape[2:]]
    windows = sliding_window_view(x, spans, (2, 3))[:, :, ::stride, ::stride, ::dilation, ::dilation]
    parts = zip(np.split(windows, groups, 1), np.split(w.astype("float64"), groups, 0))
    return np.concatenate([np.einsum("nchwij,mcij->nmhw", a, b) for a, b in parts], 1)


def last(x):
    return x.transpose(0, 2, 3, 1)


def first(x):
    return x.transpose(0, 3, 1, 2)


def normed(x, scale, bias, mean=None, variance=None, epsilon=1e-5):
    """By channels, the last axis; without statistics by those of x."""
    x = x.astype("float64")
    mean = x.mean((0, 1, 2)) if mean is None else mean
    variance = x.var((0, 1, 2)) if variance is None else variance
    return (x - mean) / np.sqrt(variance + epsilon) * scale + bias


def relu(x):
    return np.maximum(x, 0)


def silu(x):
    return x / (1 + np.exp(-x))


def leaky(x):
    return np.where(x > 0, x, 0.3 * x)


RANDOM = np.random.RandomState(3)
PARTS = [RANDOM.uniform(0.5, 1.5, 4).astype("float32") for _ in range(12)]
SCALE, BIAS, MEAN, VARIANCE = PARTS[:4]
NORM = {"Scale": param(SCALE), "Bias": param(BIAS), "Mean": param(MEAN), "Variance": param(VARIANCE)}
NORM_OUT = {"MeanOut": None, "VarianceOut": None, "SavedMean": None, "SavedVariance": None, "ReserveSpace": None}
HALF = dict(rtol=4e-3, atol=4e-3)


def elementwise(op, **attrs):
    return lambda x, y: onednn("fused_elementwise_" + op, {"X": x, "Y": y}, {"Out": ("float32", attrs.pop("shape", [-1, 3, 4]))}, {"axis": -1, **attrs})


# The sequences keep save_inference_model from dropping what Paddle thinks only training needs: use_mkldnn.
X = f32["b", 3, 4].lod([1, 1], [1, 1, 1], read=False)
POSITIVE = f32["b", 3, 4].range(0.5, 2).lod([1, 1], [1, 1, 1], read=False)
Y = f32["b", 3, 4]

# --- phi/kernels/fusion/onednn/fused_elementwise_kernel.cc
case("add_relu", elementwise("add", fuse_activation="relu"), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_plain", elementwise("add"), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("subtract_tanh", elementwise("sub", fuse_activation="tanh"), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("multiply_sigmoid", elementwise("mul", fuse_activation="sigmoid"), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("divide_abs", elementwise("div", fuse_activation="abs"), static="older", x=X, y=POSITIVE, paddle_cannot=ACROSS)
case("add_sqrt", elementwise("add", fuse_activation="sqrt"), static="older", x=POSITIVE, y=POSITIVE, paddle_cannot=ACROSS)
case("add_clip", elementwise("add", fuse_activation="clip", fuse_alpha=-0.5, fuse_beta=0.75), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_relu6", elementwise("add", fuse_activation="relu6", fuse_beta=1.5), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_gelu", elementwise("add", fuse_activation="gelu"), static="older", x=X, y=Y, paddle_cannot=ACROSS, opset=9)
case("add_gelu_erf", elementwise("add", fuse_activation="gelu_erf"), static="older", x=X, y=Y, paddle_cannot=ACROSS, opset=9)
case("add_gelu_tanh", elementwise("add", fuse_activation="gelu_tanh"), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_hard_sigmoid", elementwise("add", fuse_activation="hard_sigmoid", fuse_alpha=0.3, fuse_beta=0.4), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_hard_swish", elementwise("add", fuse_activation="hard_swish", fuse_alpha=1 / 6, fuse_beta=0.5), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_hard_swish_steep", elementwise("add", fuse_activation="hard_swish", fuse_alpha=0.4, fuse_beta=0.3), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_leaky_relu", elementwise("add", fuse_activation="leaky_relu", fuse_alpha=0.2), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_relu_slope", elementwise("add", fuse_activation="relu", fuse_alpha=0.2), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_mish", elementwise("add", fuse_activation="mish"), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_swish", elementwise("add", fuse_activation="swish", fuse_alpha=1.0), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_swish_beta", elementwise("add", fuse_activation="swish", fuse_alpha=1.7), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_output_scale", elementwise("add", fuse_activation="relu", fused_output_scale=0.25), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_unsqueeze", elementwise("add", fused_unsqueeze2_axes=[2, 0], shape=[1, -1, 1, 3, 4]), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("multiply_unsqueeze_last", elementwise("mul", fused_unsqueeze2_axes=[-1], shape=[-1, 3, 4, 1]), static="older", x=X, y=Y, paddle_cannot=ACROSS)
case("add_axis", elementwise("add", axis=1, fuse_activation="relu"), static="older", x=X, y=f32[3], paddle_cannot=ACROSS)
case("multiply_vector", elementwise("mul", fuse_activation="relu"), static="older", x=X, y=f32[4], paddle_cannot=ACROSS)
case("add_quantised", elementwise("add", scale_x=2.0), static="older", x=X, y=Y, error="Scale_x is set", paddle_cannot=ACROSS)
case("add_unknown", elementwise("add", fuse_activation="cube"), static="older", x=X, y=Y, error="fuse_activation is set", paddle_cannot=ACROSS)


# --- fused_softplus_kernel.cc
def softplus(**attrs):
    return lambda x: onednn("fused_softplus", {"X": x}, {"Out": ("float32", [-1, 3, 4])}, attrs)


case("softplus_tanh", softplus(fuse_activation="tanh"), static="older", x=X, paddle_cannot=ACROSS)
case("softplus_beta", softplus(beta=2.0, fuse_activation="leaky_relu", fuse_alpha=0.1), static="older", x=X, paddle_cannot=ACROSS)
case("softplus_threshold", softplus(threshold=0.5, fuse_activation="relu"), static="older", x=X, paddle_cannot=ACROSS)


# --- fused_transpose_kernel.cc
def transpose(perm, shape, **attrs):
    return lambda x: onednn("fused_transpose", {"X": x}, {"Out": ("float32", shape), "XShape": ("float32", [0, -1, 3, 4])}, {"axis": perm, **attrs})[0]


case("transpose", transpose([0, 2, 1], [-1, 4, 3]), static="older", x=X, paddle_cannot=ACROSS)
case("transpose_unsqueeze", transpose([0, 2, 1], [-1, 4, 1, 3, 1], fused_unsqueeze2_axes=[2, 4]), static="older", x=X, paddle_cannot=ACROSS)
case("transpose_reshape", transpose([1, 0, 2], [3, -1], fused_reshape2_shape=[3, -1]), static="older", x=X, paddle_cannot=ACROSS)
case("transpose_squeeze", transpose([1, 0, 2], [3, -1, 4], fused_squeeze2_axes=[1]), static="older", x=f32["b", 1, 3, 4].lod([1, 1], [1, 1, 1], read=False), paddle_cannot=ACROSS)
case("transpose_float", transpose([0, 2, 1], [-1, 4, 3], output_data_type="fp32"), static="older", x=X, paddle_cannot=ACROSS)
case("transpose_int8", transpose([0, 2, 1], [-1, 4, 3], output_data_type="int8", scale=20.0), static="older", x=X, error="Scale_out is set", paddle_cannot=ACROSS)


# --- fused_matmul_kernel.cc
def matmul(shape, **attrs):
    return lambda x, y, r=None: onednn("fused_matmul", {"X": x, "Y": y, "ResidualData": r}, {"Out": ("float32", shape)}, attrs)


WIDE = f32["b", 5, 6].lod([1, 1], [1, 1, 1], read=False)
case("matmul", matmul([-1, 5, 3]), static="older", x=WIDE, y=f32["b", 6, 3], paddle_cannot=ACROSS)
case("matmul_transposed", matmul([-1, 6, 3], trans_x=True, trans_y=True, matmul_alpha=0.5), static="older", x=WIDE, y=f32["b", 3, 5], paddle_cannot=ACROSS)
case("matmul_activation", matmul([-1, 5, 3], fuse_activation="clip", fuse_alpha=-1.0, fuse_beta=0.5, fused_output_scale=2.0), static="older", x=WIDE, y=f32[6, 3], paddle_cannot=ACROSS)
case("matmul_residual", matmul([-1, 5, 3], fuse_activation="relu"), static="older", x=WIDE, y=f32["b", 6, 3], r=f32["b", 5, 3], paddle_cannot=ACROSS)
case("matmul_heads", matmul([-1, 2, 5, 5], trans_y=True, fused_reshape_X=[0, 0, 2, 3], fused_transpose_X=[0, 2, 1, 3], fused_reshape_Y=[0, 0, 2, 3], fused_transpose_Y=[0, 2, 1, 3]), static="older", x=WIDE, y=f32["b", 5, 6], paddle_cannot=ACROSS)
case("matmul_merged", matmul([-1, 5, 6], fused_transpose_Out=[0, 2, 1, 3], fused_reshape_Out=[0, 0, 6]), static="older", x=f32["b", 2, 5, 4].lod([1, 1], [1, 1, 1], read=False), y=f32["b", 2, 4, 3], paddle_cannot=ACROSS)
case("matmul_half_fused", matmul([-1, 5, 3], fused_reshape_X=[0, 0, 2, 3]), static="older", x=WIDE, y=f32["b", 6, 3], error="fused_reshape_X is set", paddle_cannot=ACROSS)


# --- fused_conv_kernel.cc, phi/kernels/onednn/conv_handler.h
def conv(shape, op="fused_conv2d", **attrs):
    def run(x, w, b=None, r=None):
        spatial = len(shape) - 2
        usual = {"strides": [1] * spatial, "paddings": [1] * spatial, "dilations": [1] * spatial, "groups": 1, "padding_algorithm": "EXPLICIT"}
        return onednn(op, {"Input": x, "Filter": w, "Bias": b, "ResidualData": r}, {"Output": ("float32", shape)}, {**usual, **attrs})

    return run


IMAGE = f32["b", 4, "h", "w"].lod([1, 1], [1, 1, 1], read=False)
OUT = [-1, 6, -1, -1]
case("conv2d", conv(OUT), static="older", x=IMAGE, w=f32[6, 4, 3, 3], paddle_cannot=ACROSS)
case("conv2d_relu", conv(OUT, fuse_activation="relu"), static="older", x=IMAGE, w=f32[6, 4, 3, 3], b=f32[6], paddle_cannot=ACROSS)
case("conv2d_residual", conv(OUT, fuse_residual_connection=True, fuse_activation="swish", fuse_alpha=1.0), static="older", x=IMAGE, w=f32[6, 4, 3, 3], b=f32[6], r=f32["b", 6, "h", "w"], paddle_cannot=ACROSS)
case("conv2d_depthwise", conv([-1, 4, -1, -1], groups=4, strides=[2, 1], fuse_activation="relu6", fuse_beta=6.0), static="older", x=IMAGE, w=f32[4, 1, 3, 3], b=f32[4], paddle_cannot=ACROSS)
case("conv2d_same", conv(OUT, padding_algorithm="SAME", fuse_activation="leaky_relu", fuse_alpha=0.1), static="older", x=IMAGE, w=f32[6, 4, 3, 3], paddle_cannot=ACROSS)
case("conv2d_ordinary", conv(OUT, op="conv2d", fuse_activation="relu"), static="older", x=IMAGE, w=f32[6, 4, 3, 3], paddle_cannot=OLDER)
case("conv2d_bias_of_four", conv(OUT, op="conv2d"), static="older", x=IMAGE, w=f32[6, 4, 3, 3], b=f32[1, 6, 1, 1], expect=lambda x, w, b, _: (convolved(x, w, 1) + b).astype("float32"), paddle_cannot=OLDER)
case("conv2d_quantised", conv(OUT, Scale_in=3.0), static="older", x=IMAGE, w=f32[6, 4, 3, 3], error="Scale_in is set", paddle_cannot=ACROSS)
case("conv2d_no_residual", conv(OUT, fuse_residual_connection=True), static="older", x=IMAGE, w=f32[6, 4, 3, 3], error="fuse_residual_connection is set", paddle_cannot=ACROSS)
case("conv3d_relu", conv([-1, 6, -1, -1, 7], op="fused_conv3d", fuse_activation="relu"), static="older", x=f32["b", 4, "h", "w", 7].lod([1, 1], [1, 1, 1], read=False), w=f32[6, 4, 3, 3, 3], b=f32[6], paddle_cannot=ACROSS)
case("conv3d_residual", conv([-1, 6, -1, -1, 7], op="fused_conv3d", fuse_residual_connection=True), static="older", x=f32["b", 4, "h", "w", 7].lod([1, 1], [1, 1, 1], read=False), w=f32[6, 4, 3, 3, 3], b=f32[6], r=f32["b", 6, "h", "w", 7], paddle_cannot=ACROSS)


# --- the attributes where Paddle to 2.4 had them
def batch_norm_relu(x):
    y = paddle.static.nn.batch_norm(x, is_test=True)
    block = paddle.static.default_main_program().global_block()
    for name in ("use_mkldnn", "fuse_with_relu"):
        block.desc.op(block.desc.op_size() - 1)._set_bool_attr(name, True)
    return y


case("fc_relu", lambda x, w, b: onednn("fc", {"Input": x, "W": w, "Bias": b}, {"Out": ("float32", [-1, 3, 5])}, {"in_num_col_dims": 2, "fuse_activation": "tanh", "fused_output_scale": 3.0}), static="older", x=X, w=f32[4, 5], b=f32[5], paddle_cannot=OLDER)
case("fc_residual", lambda x, w, b, r: onednn("fc", {"Input": x, "W": w, "Bias": b, "ResidualData": r}, {"Out": ("float32", [-1, 3, 5])}, {"in_num_col_dims": 2, "fuse_residual_connection": True, "activation_type": "relu"}), static="older", x=X, w=f32[4, 5], b=f32[5], r=f32["b", 3, 5], expect=lambda x, w, b, r, _: relu(x @ w + b + r), paddle_cannot=OLDER)
case("batch_norm_relu", batch_norm_relu, static="older", x=IMAGE, paddle_cannot=ACROSS)
case("conv2d_fuse_relu", lambda x, w: onednn("conv2d", {"Input": x, "Filter": w}, {"Output": ("float32", OUT)}, {"paddings": [1, 1], "fuse_relu": True}), static="older", x=IMAGE, w=f32[6, 4, 3, 3], expect=lambda x, w, _: relu(convolved(x, w, 1)).astype("float32"), paddle_cannot=OLDER)
case("conv2d_fuse_brelu", lambda x, w: onednn("conv2d", {"Input": x, "Filter": w}, {"Output": ("float32", OUT)}, {"paddings": [1, 1], "fuse_brelu": True, "fuse_brelu_threshold": 2.0}), static="older", x=IMAGE, w=f32[6, 4, 3, 3], expect=lambda x, w, _: np.clip(convolved(x, w, 1), 0, 2).astype("float32"), paddle_cannot=OLDER)
case("conv2d_relu_before", lambda x, w: onednn("depthwise_conv2d", {"Input": x, "Filter": w}, {"Output": ("float32", [-1, 4, -1, -1])}, {"groups": 4, "paddings": [1, 1], "fuse_relu_before_depthwise_conv": True}), static="older", x=IMAGE, w=f32[4, 1, 3, 3], expect=lambda x, w, _: convolved(relu(x), w, 1, groups=4).astype("float32"), paddle_cannot=OLDER)
case("matmul_ordinary", lambda x, y: onednn("matmul_v2", {"X": x, "Y": y}, {"Out": ("float32", [-1, 2, 5, 5])}, {"trans_y": True, "fused_reshape_X": [0, 0, 2, 3], "fused_transpose_X": [0, 2, 1, 3], "fused_reshape_Y": [0, 0, 2, 3], "fused_transpose_Y": [0, 2, 1, 3]}), static="older", x=WIDE, y=f32["b", 5, 6], expect=lambda x, y, _: heads(x) @ heads(y).transpose(0, 1, 3, 2), paddle_cannot=OLDER)


# --- phi/kernels/fusion/gpu/fused_bn_activation_kernel.cu, fused_bn_add_activation_kernel.cu: in training mode always
LAST = f32["b", "h", "w", 4]
raw("batch_norm_act", "fused_batch_norm_act", inputs={"X": LAST, **NORM}, outputs={"Y": "float32", **NORM_OUT}, attrs={"epsilon": 1e-5, "momentum": 0.9, "act_type": "relu"}, expect=lambda x: relu(normed(x, SCALE, BIAS)).astype("float32"))
raw("batch_norm_act_least_epsilon", "fused_batch_norm_act", inputs={"X": LAST.range(0, 0.01), **NORM}, outputs={"Y": "float32", **NORM_OUT}, attrs={"epsilon": 0.0, "momentum": 0.9, "act_type": "relu"}, expect=lambda x: relu(normed(x, SCALE, BIAS)).astype("float32"))
raw("batch_norm_act_sigmoid", "fused_batch_norm_act", inputs={"X": f16["b", "h", "w", 4], **NORM}, outputs={"Y": "float16", **NORM_OUT}, attrs={"epsilon": 1e-3, "momentum": 0.9, "act_type": "sigmoid"}, expect=lambda x: (1 / (1 + np.exp(-normed(x, SCALE, BIAS, epsilon=1e-3)))).astype("float16"), **HALF)
raw("bn_add_activation", "fused_bn_add_activation", inputs={"X": f16["b", "h", "w", 4], "Z": f16["b", "h", "w", 4], **NORM}, outputs={"Y": "float16", **NORM_OUT}, attrs={"epsilon": 1e-5, "momentum": 0.9, "act_type": "relu"}, expect=lambda x, z: relu(normed(x, SCALE, BIAS) + z).astype("float16"), **HALF)

# --- phi/kernels/fusion/gpu/fused_conv2d_add_act_kernel.cu: with the channels of x, those of the filter are last
FILTER = RANDOM.randn(4, 4, 3, 3).astype("float32") / 4
POINTS = RANDOM.randn(4, 4, 1, 1).astype("float32") / 2
CONV = {"strides": [1, 1], "paddings": [1, 1], "padding_algorithm": "EXPLICIT", "dilations": [1, 1], "groups": 1, "data_format": "NCHW", "split_channels": [], "exhaustive_search": False, "workspace_size_MB": 32, "fuse_alpha": 0.0}
CHANNELS = BIAS.reshape(-1, 1, 1)
raw("conv2d_add_act", "fused_conv2d_add_act", inputs={"Input": f32["b", 4, "h", "w"], "Filter": param(FILTER), "Bias": param(BIAS), "ResidualData": f32["b", 4, "h", "w"]}, outputs={"Output": "float32"}, attrs={**CONV, "activation": "relu"}, expect=lambda x, r: relu(convolved(x, FILTER, 1) + CHANNELS + r).astype("float32"))
raw("conv2d_add_act_identity", "fused_conv2d_add_act", inputs={"Input": f32["b", 4, "h", "w"], "Filter": param(FILTER), "Bias": param(BIAS)}, outputs={"Output": "float32"}, attrs={**CONV, "activation": "identity"}, expect=lambda x: (convolved(x, FILTER, 1) + CHANNELS).astype("float32"))
raw("conv2d_add_act_swish", "fused_conv2d_add_act", inputs={"Input": f32["b", "h", "w", 4], "Filter": param(last(FILTER)), "Bias": param(BIAS)}, outputs={"Output": "float32"}, attrs={**CONV, "activation": "swish", "data_format": "NHWC"}, expect=lambda x: last(silu(convolved(first(x), FILTER, 1) + CHANNELS)).astype("float32"))
raw("conv2d_add_act_leaky", "fused_conv2d_add_act", inputs={"Input": f32["b", 4, "h", "w"], "Filter": param(FILTER), "Bias": param(BIAS)}, outputs={"Output": "float32"}, attrs={**CONV, "activation": "leaky_relu", "fuse_alpha": 0.3}, expect=lambda x: leaky(convolved(x, FILTER, 1) + CHANNELS).astype("float32"))
raw("conv2d_add_act_split", "fused_conv2d_add_act", inputs={"Input": f32[1, 4, "h", "w"], "Filter": param(FILTER), "Bias": param(BIAS)}, outputs={"Output": None, "Outputs": ["float32", "float32"]}, attrs={**CONV, "activation": "relu", "split_channels": [1, 3]}, expect=lambda x: [p.astype("float32") for p in np.split(relu(convolved(x, FILTER, 1) + CHANNELS), [1], 1)])
raw("conv2d_fusion", "conv2d_fusion", inputs={"Input": f32["b", 4, "h", "w"], "Filter": param(FILTER), "Bias": param(BIAS)}, outputs={"Output": "float32"}, attrs={**CONV, "activation": "relu6"}, expect=lambda x: np.clip(convolved(x, FILTER, 1) + CHANNELS, 0, 6).astype("float32"), paddle_cannot={"pir": "the name of Paddle to 2.5"})


# --- phi/kernels/fusion/cutlass/gemm_epilogue_kernel.cu
def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / np.sqrt(2)))


GEMM = [RANDOM.randn(*s).astype("float16") for s in ((12, 8), (8,), (6, 8))]
GEMM_ATTRS = {"in_num_col_dims": 1, "padding_weights": False}
raw("gemm_epilogue", "gemm_epilogue", inputs={"input": f16["b", 3, 4], "w": param(GEMM[0]), "bias": param(GEMM[1])}, outputs={"out": "float16"}, attrs={**GEMM_ATTRS, "activation_type": "relu"}, expect=lambda x: relu(x.reshape(-1, 12) @ GEMM[0].astype("float64") + GEMM[1]).astype("float16"), **HALF)
raw("gemm_epilogue_gelu", "gemm_epilogue", inputs={"input": f16["b", "n", 12], "w": param(GEMM[0]), "bias": param(GEMM[1])}, outputs={"out": "float16"}, attrs={**GEMM_ATTRS, "in_num_col_dims": 2, "activation_type": "gelu"}, expect=lambda x: gelu(x @ GEMM[0].astype("float64") + GEMM[1]).astype("float16"), opset=9, **HALF)
raw("gemm_epilogue_rows", "gemm_epilogue", inputs={"input": f16[2, 3, 12], "w": param(GEMM[0]), "bias": param(GEMM[2])}, outputs={"out": "float16"}, attrs={**GEMM_ATTRS, "in_num_col_dims": 2, "activation_type": "identity"}, expect=lambda x: (x @ GEMM[0].astype("float64") + GEMM[2].reshape(2, 3, 8)).astype("float16"), **HALF)


# --- fluid/operators/fused/fused_elemwise_activation_op.h
def compound(op, functors, **rest):
    return dict(op=op, inputs={"X": f32["b", 3, 4], "Y": f32["b", 3, 4]}, outputs={"Out": "float32", "IntermediateOut": "float32"}, attrs={"functor_list": functors, "axis": -1, "scale": 0.0, "save_intermediate_out": True, **rest})


raw("elemwise_relu_add", **compound("fused_elemwise_activation", ["relu", "elementwise_add"]))
raw("elemwise_add_relu", **compound("fused_elemwise_activation", ["elementwise_add", "relu"]))
raw("elemwise_scale_add", **compound("fused_elemwise_activation", ["scale", "elementwise_add"], scale=0.3))
raw("elemwise_add_scale", **compound("fused_elemwise_activation", ["elementwise_add", "scale"], scale=0.3))
raw("elemwise_mul_scale", **compound("fused_elemwise_activation", ["elementwise_mul", "scale"], scale=-2.0))
raw("elemwise_tanh_add", **compound("fused_elemwise_activation", ["tanh", "elementwise_add"]))
raw("elemwise_mul_tanh", **compound("fused_elemwise_activation", ["elementwise_mul", "tanh"]))
raw("elemwise_mul_sigmoid", **compound("fused_elemwise_activation", ["elementwise_mul", "sigmoid"]))
raw("elemwise_gelu_add", **compound("fused_elemwise_activation", ["gelu", "elementwise_add"]))
raw("elemwise_axis", "fused_elemwise_activation", inputs={"X": f32["b", 3, 4], "Y": f32[3]}, outputs={"Out": "float32", "IntermediateOut": None}, attrs={"functor_list": ["relu", "elementwise_add"], "axis": 1, "scale": 0.0, "save_intermediate_out": False})
raw("elemwise_add_activation", **compound("fused_elemwise_add_activation", ["relu", "elementwise_add"]))
raw("elemwise_add_activation_inner", "fused_elemwise_add_activation", inputs={"X": f32["b", 3, 4], "Y": f32[4]}, outputs={"Out": "float32", "IntermediateOut": "float32"}, attrs={"functor_list": ["elementwise_add", "relu"], "axis": -1, "scale": 0.0, "save_intermediate_out": True})

# --- fluid/operators/fused/fusion_transpose_flatten_concat_op.cu.cc
raw("transpose_flatten_concat", "fusion_transpose_flatten_concat", inputs={"X": [f32["b", 3, 4, 5], f32["b", 2, 4, 5]]}, outputs={"Out": "float32"}, attrs={"trans_axis": [0, 2, 3, 1], "flatten_axis": 1, "concat_axis": 1}, expect=lambda a, b: np.concatenate([last(v).reshape(len(v), -1) for v in (a, b)], 1))
raw("transpose_flatten_concat_rows", "fusion_transpose_flatten_concat", inputs={"X": [f32["b", 3, "n", 5], f32["b", 2, "n", 5]]}, outputs={"Out": "float32"}, attrs={"trans_axis": [1, 0, 2, 3], "flatten_axis": 2, "concat_axis": 0}, expect=lambda a, b: np.concatenate([v.transpose(1, 0, 2, 3).reshape(v.shape[0] * v.shape[1], -1) for v in (a, b)], 0))

# --- phi/kernels/fusion/gpu/fused_scale_bias_add_relu_kernel.cu, fused_scale_bias_relu_conv_bn_kernel.cu
SCALE2, BIAS2 = PARTS[4:6]
HALVES = [a.astype("float16") for a in (SCALE, BIAS, SCALE2, BIAS2)]
raw("scale_bias_add_relu", "fused_scale_bias_add_relu", inputs={"x1": f16["b", "h", "w", 4], "scale1": param(HALVES[0]), "bias1": param(HALVES[1]), "x2": f16["b", "h", "w", 4]}, outputs={"out": "float16"}, attrs={"fuse_dual": False, "exhaustive_search": False}, expect=lambda x, y: relu(x * HALVES[0] + HALVES[1] + y), **HALF)
raw("scale_bias_add_relu_dual", "fused_scale_bias_add_relu", inputs={"x1": f16["b", "h", "w", 4], "scale1": param(HALVES[0]), "bias1": param(HALVES[1]), "x2": f16["b", "h", "w", 4], "scale2": param(HALVES[2]), "bias2": param(HALVES[3])}, outputs={"out": "float16"}, attrs={"fuse_dual": True, "exhaustive_search": False}, expect=lambda x, y: relu(x * HALVES[0] + HALVES[1] + y * HALVES[2] + HALVES[3]), **HALF)


def scaled_convolution(x, prologue=True):
    x = x.astype("float64")
    y = last(convolved(first(relu(x * HALVES[0] + HALVES[1]) if prologue else x), FILTER.astype("float16"), 1))
    mean, inverse = y.mean((0, 1, 2)), 1 / np.sqrt(y.var((0, 1, 2)) + 1e-4)
    factor = SCALE2 * inverse
    return [y.astype("float16"), mean.astype("float32"), inverse.astype("float32"), factor.astype("float16"), (BIAS2 - mean * factor).astype("float16")]


NORMED = {"bn_scale": param(SCALE2), "bn_bias": param(BIAS2), "input_running_mean": param(MEAN), "input_running_var": param(VARIANCE)}
NORMED_OUT = {"out": "float16", "out_running_mean": None, "out_running_var": None, "saved_mean": "float32", "saved_var": "float32", "eq_scale": "float16", "eq_bias": "float16"}
NORMED_CONV = {"paddings": [1, 1], "dilations": [1, 1], "strides": [1, 1], "padding_algorithm": "EXPLICIT", "groups": 1, "data_format": "NHWC", "momentum": 0.9, "epsilon": 1e-4, "exhaustive_search": False, "accumulation_count": 0}
raw("scale_bias_relu_conv_bn", "fused_scale_bias_relu_conv_bn", inputs={"x": f16["b", "h", "w", 4], "w": param(FILTER.astype("float16")), "scale": param(HALVES[0]), "bias": param(HALVES[1]), **NORMED}, outputs=NORMED_OUT, attrs={**NORMED_CONV, "fuse_prologue": True}, expect=scaled_convolution, **HALF)
raw("scale_bias_relu_conv_bn_plain", "fused_scale_bias_relu_conv_bn", inputs={"x": f16["b", "h", "w", 4], "w": param(FILTER.astype("float16")), **NORMED}, outputs=NORMED_OUT, attrs={**NORMED_CONV, "fuse_prologue": False}, expect=lambda x: scaled_convolution(x, False), **HALF)


# --- phi/kernels/fusion/gpu/resnet_unit_kernel.cu (cuDNN: float16, channels last), fluid/operators/fused/resnet_unit_op_xpu.cc (channels first)
def unit_operands(side, w, parts, shape):
    return {f"Filter{side}": param(w), **{f"{name}{side}": param(p.reshape(shape)) for name, p in zip(("Scale", "Bias", "Mean", "Var"), parts)}}


UNIT = {"stride": 1, "stride_z": 1, "padding": 1, "dilation": 1, "group": 1, "momentum": 0.9, "epsilon": 1e-5, "data_format": "NHWC", "fuse_add": False, "has_shortcut": False, "use_global_stats": False, "is_test": True, "use_addto": False, "act_type": "relu"}
UNIT_OUT = {"Y": "float16", "BitMask": None, "ConvX": None, "SavedMeanX": None, "SavedInvstdX": None, "RunningMeanX": None, "RunningVarX": None}
ROWS = (1, 1, 1, 4)
LASTLY = last(FILTER).astype("float16")
raw("resnet_unit", "resnet_unit", inputs={"X": f16["b", "h", "w", 4], **unit_operands("X", LASTLY, PARTS[:4], ROWS)}, outputs=UNIT_OUT, attrs=UNIT, expect=lambda x: relu(normed(last(convolved(first(x), first(LASTLY), 1)), *PARTS[:4])).astype("float16"), **HALF)
raw("resnet_unit_add", "resnet_unit", inputs={"X": f16["b", "h", "w", 4], **unit_operands("X", LASTLY, PARTS[:4], ROWS), "Z": f16["b", "h", "w", 4]}, outputs={**UNIT_OUT, "ConvX": "float16"}, attrs={**UNIT, "fuse_add": True}, expect=lambda x, z: [relu(normed(last(convolved(first(x), first(LASTLY), 1)), *PARTS[:4]) + z).astype("float16"), last(convolved(first(x), first(LASTLY), 1)).astype("float16")], **HALF)
raw("resnet_unit_shortcut", "resnet_unit", inputs={"X": f16["b", "h", "w", 4], **unit_operands("X", POINTS.astype("float16"), PARTS[:4], ROWS), "Z": f16["b", "v", "u", 4], **unit_operands("Z", last(POINTS).astype("float16"), PARTS[4:8], ROWS)}, outputs={**UNIT_OUT, "ConvZ": None, "SavedMeanZ": None, "SavedInvstdZ": None, "RunningMeanZ": None, "RunningVarZ": None}, attrs={**UNIT, "has_shortcut": True, "padding": 0, "stride_z": 2}, sizes=[{"h": 6, "w": 4, "v": 12, "u": 8}, {"h": 3, "w": 5, "v": 6, "u": 10}], expect=lambda x, z: relu(normed(last(convolved(first(x), POINTS.astype("float16"))), *PARTS[:4]) + normed(last(convolved(first(z), POINTS.astype("float16"), stride=2)), *PARTS[4:8])).astype("float16"), **HALF)
raw("resnet_unit_channels_first", "resnet_unit", inputs={"X": f32["b", 4, "h", "w"], **unit_operands("X", FILTER, PARTS[:4], (1, 4, 1, 1))}, outputs={**UNIT_OUT, "Y": "float32"}, attrs={**UNIT, "data_format": "NCHW", "stride": 2, "use_global_stats": True, "is_test": False}, expect=lambda x: relu(first(normed(last(convolved(x, FILTER, 1, 2)), *PARTS[:4]))).astype("float32"))


# --- fluid/operators/fused/resnet_basic_block_op_xpu.cc
def stage(x, w, parts, padding, stride=1):
    return first(normed(last(convolved(x, w, padding, stride)), *parts))


def block_operands(i, w, parts):
    return {f"Filter{i}": param(w), **{f"{name}{i}": param(p) for name, p in zip(("Scale", "Bias", "Mean", "Var"), parts)}}


def block_results(*stages):
    names = [n for i in stages for n in (f"Conv{i}", f"SavedMean{i}", f"SavedInvstd{i}", f"Mean{i}Out", f"Var{i}Out")]
    return {"Y": "float32", **{n: None for n in [*names, "Conv2Input"]}, **{f"Max{n}{i}": None for i in stages for n in ("Input", "Filter")}}


BLOCK = {**{f"stride{i}": 1 for i in (1, 2, 3)}, "padding1": 1, "padding2": 1, "padding3": 0, **{f"dilation{i}": 1 for i in (1, 2, 3)}, "group": 1, "momentum": 0.9, "epsilon": 1e-5, "data_format": "NCHW", "has_shortcut": False, "use_global_stats": False, "is_test": True, "trainable_statistics": False, "act_type": "relu", "find_conv_input_max": True}
raw("resnet_basic_block", "resnet_basic_block", inputs={"X": f32["b", 4, "h", "w"], **block_operands(1, FILTER, PARTS[:4]), **block_operands(2, -FILTER, PARTS[4:8])}, outputs=block_results(1, 2), attrs=BLOCK, expect=lambda x: relu(stage(relu(stage(x, FILTER, PARTS[:4], 1)), -FILTER, PARTS[4:8], 1) + x).astype("float32"))
raw("resnet_basic_block_shortcut", "resnet_basic_block", inputs={"X": f32["b", 4, "h", "w"], **block_operands(1, FILTER, PARTS[:4]), **block_operands(2, -FILTER, PARTS[4:8]), **block_operands(3, POINTS, PARTS[8:])}, outputs=block_results(1, 2, 3), attrs={**BLOCK, "has_shortcut": True, "stride1": 2, "stride3": 2}, expect=lambda x: relu(stage(relu(stage(x, FILTER, PARTS[:4], 1, 2)), -FILTER, PARTS[4:8], 1) + stage(x, POINTS, PARTS[8:], 0, 2)).astype("float32"))

# --- a network, as Config.enable_save_optim_model() saves it behind the passes for oneDNN
saved("network", pathlib.Path(__file__).parents[1] / "files/optimised", x=f32["b", 3, 8, 8], paddle_cannot=ACROSS, opset=9)
