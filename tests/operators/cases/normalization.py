"""Normalisations: batch, layer, group, instance, local response, l2, spectral, affine channel, data norm."""
import pathlib

import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *

IMAGE = f32["b", 4, "h", "w"]
POSITIVE = param(np.linspace(0.5, 2, 4))
CENTRE = param(np.linspace(-1, 1, 4))

case("batch_norm2d", nn.BatchNorm2D(4), x=IMAGE)
case("batch_norm2d_epsilon", nn.BatchNorm2D(4, epsilon=0.001), x=IMAGE)
case("batch_norm2d_no_scale", nn.BatchNorm2D(4, weight_attr=False, bias_attr=False), x=IMAGE)
case("batch_norm2d_nhwc", nn.BatchNorm2D(4, data_format="NHWC"), x=f32["b", "h", "w", 4])
case("batch_norm2d_global", nn.BatchNorm2D(4, use_global_stats=True), x=IMAGE)
case("batch_norm1d_rank2", nn.BatchNorm1D(4), x=f32["b", 4])
case("batch_norm1d_rank3", nn.BatchNorm1D(4), x=f32["b", 4, "n"])
case("batch_norm1d_nlc", nn.BatchNorm1D(4, data_format="NLC"), x=f32["b", "n", 4])
case("batch_norm3d", nn.BatchNorm3D(4), x=f32["b", 4, "d", "h", "w"])
case("batch_norm3d_ndhwc", nn.BatchNorm3D(4, data_format="NDHWC"), x=f32["b", "d", "h", "w", 4])
case("batch_norm_old_layer", nn.BatchNorm(4), x=IMAGE)
case("batch_norm_f64", lambda x, m, v: F.batch_norm(x, m, v), x=f64["b", 4, "n"], m=f64[4], v=f64[4].range(0.5, 2))
case("batch_norm_operands", lambda x, m, v, s, o: F.batch_norm(x, m, v, s, o), x=f32["b", "c", "h"], m=f32["c"],
     v=f32["c"].range(0.5, 2), s=f32["c"], o=f32["c"])
case("batch_norm_nonfinite", nn.BatchNorm2D(4), x=f32["b", 4, "h", "w"].nonfinite())
case("batch_norm_trains", lambda x, m, v, s, o: F.batch_norm(x, m, v, s, o, training=True, momentum=0.7), x=IMAGE,
     m=f32[4], v=f32[4].range(0.5, 2), s=f32[4], o=f32[4])
case("batch_norm_trains_nhwc", lambda x, m, v, s, o: F.batch_norm(x, m, v, s, o, training=True, data_format="NHWC"),
     x=f32["b", "h", "w", 4], m=f32[4], v=f32[4].range(0.5, 2), s=f32[4], o=f32[4])
case("batch_norm_static", lambda x: paddle.static.nn.batch_norm(x, is_test=True, data_layout="NHWC"), static=True,
     x=f32["b", "h", "w", 4], paddle_cannot={"pir": "paddle.static.nn.batch_norm has no PIR form"})
case("batch_norm_static_trains", lambda x: paddle.static.nn.batch_norm(x), static=True, x=IMAGE, paddle_cannot={"pir": "paddle.static.nn.batch_norm has no PIR form"})

case("layer_norm", nn.LayerNorm(6), x=f32["b", "n", 6])
case("layer_norm_epsilon", nn.LayerNorm(6, epsilon=0.001), x=f32["b", "n", 6])
case("layer_norm_two_axes", nn.LayerNorm([3, 6]), x=f32["b", "n", 3, 6])
case("layer_norm_plain", nn.LayerNorm(6, weight_attr=False, bias_attr=False), x=f32["b", "n", 6])
case("layer_norm_no_bias", nn.LayerNorm(6, bias_attr=False), x=f32["b", 6])
case("layer_norm_no_scale", nn.LayerNorm([3, 6], weight_attr=False), x=f32["b", "n", 3, 6])
case("layer_norm_rank1", nn.LayerNorm(6), x=f32[6], paddle_cannot={"pdmodel": "begin_norm_axis has to be greater than 0", "pir": "begin_norm_axis has to be greater than 0"})
case("layer_norm_f64", lambda x, s, o: F.layer_norm(x, [6], s, o), x=f64["b", 6], s=f64[6], o=f64[6])
case("layer_norm_large", nn.LayerNorm(6), x=f32["b", 6].range(3000, 3001), rtol=1e-2, atol=1e-2)
raw("raw_layer_norm_statistics", "layer_norm",
    inputs={"X": f32["b", "n", 6], "Scale": param(np.linspace(0.5, 2, 6)), "Bias": param(np.linspace(-1, 1, 6))},
    outputs={"Y": "float32", "Mean": "float32", "Variance": "float32"}, attrs={"begin_norm_axis": 2})
raw("raw_layer_norm_default_axis", "layer_norm", inputs={"X": f32["b", "n", 6]},
    outputs={"Y": "float32", "Mean": "float32", "Variance": "float32"}, attrs={"epsilon": 1e-3})

case("group_norm", nn.GroupNorm(2, 4), x=IMAGE)
case("group_norm_each", nn.GroupNorm(4, 4, epsilon=0.01), x=IMAGE)
case("group_norm_one", nn.GroupNorm(1, 4), x=IMAGE)
case("group_norm_plain", nn.GroupNorm(2, 4, weight_attr=False, bias_attr=False), x=IMAGE)
case("group_norm_nhwc", nn.GroupNorm(2, 4, data_format="NHWC"), x=f32["b", "h", "w", 4])
case("group_norm_rank2", nn.GroupNorm(2, 4), x=f32["b", 4])
case("group_norm_rank3", nn.GroupNorm(2, 4), x=f32["b", 4, "n"])
case("group_norm_rank5", nn.GroupNorm(2, 4), x=f32["b", 4, "d", "h", "w"])
raw("raw_group_norm_f64", "group_norm", inputs={"X": f64["b", 4, "n"], "Scale": f64[4], "Bias": f64[4]},
    outputs={"Y": "float64", "Mean": None, "Variance": None}, attrs={"groups": 2})
case("group_norm_constant", nn.GroupNorm(2, 4), x=f32["b", 4, "h", "w"].range(5, 5))
raw("raw_group_norm_statistics", "group_norm", inputs={"X": IMAGE, "Scale": POSITIVE, "Bias": CENTRE},
    outputs={"Y": "float32", "Mean": "float32", "Variance": "float32"}, attrs={"groups": 2, "epsilon": 1e-3})

case("instance_norm2d", nn.InstanceNorm2D(4), x=IMAGE)
case("instance_norm2d_plain", nn.InstanceNorm2D(4, weight_attr=False, bias_attr=False), x=IMAGE)
case("instance_norm1d", nn.InstanceNorm1D(4, epsilon=0.01), x=f32["b", 4, "n"])
case("instance_norm3d", nn.InstanceNorm3D(4), x=f32["b", 4, "d", "h", "w"])
case("instance_norm_f64", lambda x: F.instance_norm(x), x=f64["b", 4, "h", "w"])
case("instance_norm_dynamic_channels", lambda x: F.instance_norm(x), x=f32["b", "c", "h", "w"])
case("instance_norm_rank2", lambda x: F.instance_norm(x), x=f32["b", 4])
raw("raw_instance_norm", "instance_norm", inputs={"X": IMAGE, "Scale": POSITIVE, "Bias": CENTRE},
    outputs={"Y": "float32", "SavedMean": None, "SavedVariance": None}, attrs={"epsilon": 1e-3})

case("local_response_norm", nn.LocalResponseNorm(5), x=f32[2, 4, 6, 5])
case("local_response_norm_nhwc", nn.LocalResponseNorm(3, alpha=0.1, beta=0.5, k=2.0, data_format="NHWC"),
     x=f32[2, 6, 5, 4])
raw("raw_lrn", "lrn", inputs={"X": f32["b", 6, "h", "w"]}, outputs={"Out": "float32", "MidOut": "float32"},
    attrs={"n": 5, "k": 1.5, "alpha": 0.1, "beta": 0.6})
raw("raw_lrn_nhwc", "lrn", inputs={"X": f32["b", "h", "w", 6]}, outputs={"Out": "float32", "MidOut": "float32"},
    attrs={"alpha": 0.1, "data_format": "NHWC"})
case("normalize", lambda x: F.normalize(x, axis=1), x=f32["b", 4, "n"], opset=8)
raw("raw_norm", "norm", inputs={"X": f32["b", 4, "n"]}, outputs={"Out": "float32", "Norm": None},
    attrs={"axis": 1, "epsilon": 0.001}, paddle_cannot={"pir": "its translation wants the output Norm in a test program"})
raw("raw_norm_negative_axis", "norm", inputs={"X": f64["b", 4, "n"]}, outputs={"Out": "float64", "Norm": None},
    attrs={"axis": -1}, paddle_cannot={"pir": "its translation wants the output Norm in a test program"})
case("spectral_norm", nn.SpectralNorm([4, 3, 2], dim=1, power_iters=3), x=f32[4, 3, 2])
case("spectral_norm_no_iteration", nn.SpectralNorm([4, 6], dim=0, power_iters=0), x=f32[4, 6])
raw("raw_affine_channel", "affine_channel", inputs={"X": IMAGE, "Scale": POSITIVE, "Bias": CENTRE},
    outputs={"Out": "float32"}, attrs={"data_layout": "NCHW"})
raw("raw_affine_channel_nhwc", "affine_channel", inputs={"X": f32["b", "h", "w", 4], "Scale": POSITIVE, "Bias": CENTRE},
    outputs={"Out": "float32"}, attrs={"data_layout": "NHWC"})
raw("raw_data_norm", "data_norm",
    inputs={"X": f32["b", 4], "BatchSize": param([4., 5, 6, 7]), "BatchSum": param([1., -2, 3, 4]),
            "BatchSquareSum": param([2., 3, 4, 9])},
    outputs={"Y": "float32", "Means": "float32", "Scales": "float32"}, attrs={"epsilon": 1e-4}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_data_norm_slots", "data_norm",
    inputs={"X": f32["b", 4].values([np.array([[0., 1, 2, 3], [1, 0, 0, 2]]), np.array([[5., 1, 0, 3], [0, 0, 1, 2], [0, 1, 0, 1]])]),
            "BatchSize": param([4., 5, 6, 7]), "BatchSum": param([1., -2, 3, 4]), "BatchSquareSum": param([2., 3, 4, 9])},
    outputs={"Y": "float32", "Means": "float32", "Scales": "float32"}, attrs={"epsilon": 1e-4, "slot_dim": 2}, opset=9, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_data_norm_scale_shift", "data_norm",
    inputs={"X": f32["b", 4], "BatchSize": param([4., 5, 6, 7]), "BatchSum": param([1., -2, 3, 4]),
            "BatchSquareSum": param([2., 3, 4, 9]), "scale_w": param([1., 2, 3, 4]), "bias": param([0.5, 0, -1, 2])},
    outputs={"Y": "float32", "Means": "float32", "Scales": "float32"},
    attrs={"epsilon": 1e-4, "enable_scale_and_shift": True}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
case("batch_norm_f16", lambda x, m, v, s, o: F.batch_norm(x, m, v, s, o), x=f16["b", 4, "n"], m=f32[4], v=f32[4].range(0.5, 2),
     s=f32[4], o=f32[4], expect=lambda x, m, v, s, o: ((x.astype("f4") - m[:, None]) / np.sqrt(v[:, None] + 1e-5)
                                                       * s[:, None] + o[:, None]).astype("f2"))

RMS_SCALE = np.random.RandomState(6).rand(4).astype("float32")


# phi/kernels/gpu/rms_norm_kernel.cu of 2.6 to 3.2: a bias counts beside a residual only; int8 as in funcs/load_store_util.h
def rms(x):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * RMS_SCALE


raw("fast_rms_norm", "fast_rms_norm", inputs={"x": f32["b", "n", 4], "scale": param(RMS_SCALE)}, outputs={"y": "float32", "invvar": None}, attrs={"epsilon": 1e-5}, expect=rms)
raw("fast_ln", "fast_ln", inputs={"x": f32["b", "n", 4], "scale": param(RMS_SCALE), "bias": param(RMS_SCALE - 1)}, outputs={"y": "float32", "mean": None, "invvar": None}, attrs={"epsilon": 1e-3},
    expect=lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + np.float32(1e-3)) * RMS_SCALE + RMS_SCALE - 1)
raw("fused_rms_norm_ext", "fused_rms_norm_ext", inputs={"x": f32["b", "n", 4], "scale": param(RMS_SCALE)}, outputs={"y": "float32", "invvar": None}, attrs={"epsilon": 1e-5}, expect=rms)
# What Paddle 3.3 calls rms_norm can't be built on a CPU: files/write.py wrote it. (phi/kernels/gpu/rms_norm_cuda_kernel.h)
FILES = pathlib.Path(__file__).parents[1] / "files"
PIR_ALONE = {"pdmodel": "2.6 knows another operator of this name"}
saved("rms_norm", FILES / "rms_norm", x=f32["b", 3, 4], scale=f32[4], expect=lambda x, scale: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-3) * scale, paddle_cannot=PIR_ALONE)
saved("rms_norm_two_axes", FILES / "rms_norm_two_axes", x=f32["b", 3, 4], scale=f32[3, 4], expect=lambda x, scale: [x / np.sqrt((x * x).mean((1, 2), keepdims=True) + 1e-3) * scale, 1 / np.sqrt((x * x).mean((1, 2)) + 1e-3)], paddle_cannot=PIR_ALONE)
raw("rms_norm_26", "rms_norm", inputs={"x": f32["b", "n", 4], "norm_weight": param(RMS_SCALE)}, outputs={"out": "float32", "residual_out": None, "inv_var": None}, attrs={"epsilon": 1e-5, "begin_norm_axis": 2, "quant_scale": -1.0, "quant_round_type": 0, "quant_max_bound": 0.0, "quant_min_bound": 0.0}, expect=rms, paddle_cannot={"pir": "Paddle 3.3 changed the operator"})
raw("rms_norm_26_residual", "rms_norm", inputs={"x": f32["b", "n", 4], "bias": param(RMS_SCALE + 1), "residual": f32["b", "n", 4], "norm_weight": param(RMS_SCALE), "norm_bias": param(RMS_SCALE - 1)}, outputs={"out": "float32", "residual_out": "float32", "inv_var": None}, attrs={"epsilon": 1e-5, "begin_norm_axis": 2, "quant_scale": -1.0, "quant_round_type": 0, "quant_max_bound": 0.0, "quant_min_bound": 0.0}, expect=lambda x, r: (rms(x + r + RMS_SCALE + 1) + RMS_SCALE - 1, x + r + RMS_SCALE + 1), paddle_cannot={"pir": "Paddle 3.3 changed the operator"})
# What SyncBatchNorm becomes where a model is exported on GPUs; Paddle has no kernel for CPUs, and only its optimiser's in-place form in PIR.
STATISTICS = {"Mean": [0.1, -0.2, 0.3, 0.5], "Variance": [0.5, 1.5, 2, 0.1], "Scale": [1, -2, 0.5, 3], "Bias": [0, 1, -1, 0.25]}
STATISTICS = {slot: np.array(values, "float32") for slot, values in STATISTICS.items()}
SYNC = {slot: param(values) for slot, values in STATISTICS.items()}
SYNC_OUT = {"Y": "float32", "MeanOut": None, "VarianceOut": None, "SavedMean": None, "SavedVariance": None, "ReserveSpace": None}
SYNC_IN_PIR = {"pir": "its translator knows the in-place form alone: the saved row"}


def sync_batch_norm(x, mean, variance, scale, bias, epsilon):
    mean, variance, scale, bias = (v.reshape(-1, *[1] * (x.ndim - 2)) for v in (mean, variance, scale, bias))
    return (x - mean) / np.sqrt(variance + np.float32(epsilon)) * scale + bias


raw("raw_sync_batch_norm", "sync_batch_norm", inputs={"X": IMAGE, **SYNC}, outputs=SYNC_OUT, attrs={"is_test": True, "momentum": 0.9, "epsilon": 1e-3, "data_layout": "NCHW"},
    expect=lambda x: sync_batch_norm(x, *STATISTICS.values(), 1e-3), paddle_cannot=SYNC_IN_PIR)
raw("raw_sync_batch_norm_nhwc", "sync_batch_norm", inputs={"X": f32["b", "h", "w", 4], **SYNC}, outputs=SYNC_OUT,
    attrs={"is_test": False, "use_global_stats": True, "momentum": 0.9, "epsilon": 1e-5, "data_layout": "NHWC"},
    expect=lambda x: np.moveaxis(sync_batch_norm(np.moveaxis(x, -1, 1), *STATISTICS.values(), 1e-5), 1, -1), paddle_cannot=SYNC_IN_PIR)
saved("sync_batch_norm", FILES / "sync_batch_norm", x=IMAGE, mean=f32[4], variance=f32[4].range(0.5, 2), scale=f32[4], bias=f32[4], expect=lambda *operands: sync_batch_norm(*operands, 1e-3),
      paddle_cannot={"pdmodel": "the form of PIR"})

# --- how they meet: formats, paddings, sizes, NaN and infinities
case("batch_norm_f64_nhwc", lambda x, m, v, s, o: F.batch_norm(x, m, v, s, o, data_format="NHWC"), x=f64["b", "h", "w", 4], m=f64[4], v=f64[4].range(0.5, 2), s=f64[4], o=f64[4])
raw("raw_layer_norm_dynamic_axes", "layer_norm", inputs={"X": f32["b", 3, "n"]}, outputs={"Y": "float32", "Mean": None, "Variance": None}, attrs={"begin_norm_axis": 1, "epsilon": 1e-5})
case("layer_norm_nonfinite", nn.LayerNorm(6), x=f32["b", 6].nonfinite())
case("layer_norm_empty_batch", nn.LayerNorm(6), x=f32["b", 6], sizes=[{"b": 0}, {"b": 2}])
case("instance_norm2d_one_pixel", nn.InstanceNorm2D(4), x=f32["b", 4, 1, 1])
case("normalize_p1", lambda x: F.normalize(x, p=1, axis=-1), x=f32["b", 4, "n"], opset=8)
case("normalize_zeros", lambda x: F.normalize(x, axis=1), x=f32["b", 4].ints(0, 1), opset=8)
case("normalize_f64", lambda x: F.normalize(x, axis=0, epsilon=1e-3), x=f64["b", 4], opset=8)

# phi/kernels/gpu/group_norm_kernel.cu (GroupNormNDHWCKernel): for halves and channels that stand last; a residual is as large as x or a number for each channel.
def silu_of_groups(x, residual, scale, bias, groups, silu=True):
    x = x.astype("float32") + residual
    g = x.reshape(len(x), -1, groups, x.shape[-1] // groups)
    y = ((g - g.mean((1, 3), keepdims=True)) / np.sqrt(g.var((1, 3), keepdims=True) + 1e-5)).reshape(x.shape) * scale + bias
    return (y / (1 + np.exp(-y)) if silu else y).astype("float16"), x.astype("float16")


HALF_SCALE, HALF_BIAS, HALF_SHIFT = [v.astype("float16") for v in (RMS_SCALE, RMS_SCALE - 1, RMS_SCALE * 3 - 2)]
GROUPS_OUT = {"y": "float16", "residual_out": "float16", "mean": None, "variance": None}
SILU = {"epsilon": 1e-5, "groups": 2, "data_format": "NHWC", "activation": "silu"}
NO_EPSILON = {"pir": "Paddle 3 does not translate its epsilon"}
raw("add_group_norm_silu", "add_group_norm_silu", inputs={"x": f16["b", "h", "w", 4], "residual": f16["b", "h", "w", 4], "scale": param(HALF_SCALE), "bias": param(HALF_BIAS)}, outputs=GROUPS_OUT, attrs=SILU, rtol=5e-3, atol=5e-3, expect=lambda x, r: silu_of_groups(x, r, HALF_SCALE, HALF_BIAS, 2), paddle_cannot=NO_EPSILON)
raw("add_group_norm_silu_plain", "add_group_norm_silu", inputs={"x": f16["b", "h", 4], "residual": f16["b", "h", 4], "scale": param(HALF_SCALE), "bias": param(HALF_BIAS)}, outputs=GROUPS_OUT, attrs={**SILU, "activation": ""}, rtol=5e-3, atol=5e-3, expect=lambda x, r: silu_of_groups(x, r, HALF_SCALE, HALF_BIAS, 2, False), paddle_cannot=NO_EPSILON)
raw("add_group_norm_silu_channels", "add_group_norm_silu", inputs={"x": f16["b", "h", "w", 4], "residual": param(HALF_SHIFT), "scale": param(HALF_SCALE), "bias": param(HALF_BIAS)}, outputs=GROUPS_OUT, attrs=SILU, rtol=5e-3, atol=5e-3, expect=lambda x: silu_of_groups(x, HALF_SHIFT, HALF_SCALE, HALF_BIAS, 2), paddle_cannot=NO_EPSILON)
raw("add_group_norm_silu_no_residual", "add_group_norm_silu", inputs={"x": f16["b", "h", "w", 4], "scale": param(HALF_SCALE), "bias": param(HALF_BIAS)}, outputs={**GROUPS_OUT, "residual_out": None}, attrs=SILU, rtol=5e-3, atol=5e-3, expect=lambda x: silu_of_groups(x, 0, HALF_SCALE, HALF_BIAS, 2)[0], paddle_cannot=NO_EPSILON)
raw("add_group_norm_silu_residual", "add_group_norm_silu", inputs={"x": f16["b", 5, 6, 4], "residual": f16["b", 1, 1, 4], "scale": param(HALF_SCALE), "bias": param(HALF_BIAS)}, outputs=GROUPS_OUT, attrs=SILU, expect=lambda x, r: [x, x], error="neither as large as x nor a number for each channel", paddle_cannot=NO_EPSILON)
raw("add_group_norm_silu_nchw", "add_group_norm_silu", inputs={"x": f16["b", 4, "h", "w"], "residual": f16["b", 4, "h", "w"], "scale": param(HALF_SCALE), "bias": param(HALF_BIAS)}, outputs=GROUPS_OUT, attrs={**SILU, "data_format": "NCHW"}, expect=lambda x, r: [x, x], error="data_format 'NCHW'", paddle_cannot=NO_EPSILON)
RMS_QUANT = {"out": "float32", "residual_out": None, "inv_var": None}
RMS_BOUNDS = {"epsilon": 1e-5, "begin_norm_axis": 2, "quant_max_bound": 127.0, "quant_min_bound": -127.0}
raw("fused_rms_norm_quant_plain", "fused_rms_norm_quant", inputs={"x": f32["b", "n", 4], "norm_weight": param(RMS_SCALE)}, outputs=RMS_QUANT, attrs={**RMS_BOUNDS, "quant_scale": -1.0, "quant_round_type": 0}, expect={"pdmodel": rms})
raw("fused_rms_norm_quant_even", "fused_rms_norm_quant", inputs={"x": f32["b", "n", 4], "norm_weight": param(RMS_SCALE)}, outputs={**RMS_QUANT, "out": "int8"}, attrs={**RMS_BOUNDS, "quant_scale": 0.7, "quant_round_type": 0}, expect=lambda x: np.clip(np.rint(rms(x) * 0.7 * 127), -127, 127).astype("int8"), opset=11)
raw("fused_rms_norm_quant_away", "fused_rms_norm_quant", inputs={"x": f32["b", "n", 4], "norm_weight": param(RMS_SCALE)}, outputs={**RMS_QUANT, "out": "int8"}, attrs={**RMS_BOUNDS, "quant_scale": 0.7, "quant_round_type": 1}, expect=lambda x: np.clip(np.sign(rms(x)) * np.floor(abs(rms(x)) * np.float32(0.7 * 127) + 0.5), -127, 127).astype("int8"), opset=9)
