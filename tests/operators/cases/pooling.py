"""Poolings: paddings, ceil_mode, exclusive, global, adaptive (even and uneven, static and dynamic), indices."""
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *

IMAGE = f32["b", 3, "h", "w"]
FIXED = f32["b", 3, 12, 10]

case("max_pool2d", nn.MaxPool2D(3, stride=2, padding=1), x=IMAGE)
case("max_pool2d_kernel_stride", nn.MaxPool2D((2, 3), stride=(1, 2)), x=IMAGE)
case("max_pool2d_tblr", nn.MaxPool2D(3, stride=2, padding=[0, 1, 1, 0]), x=IMAGE)
case("max_pool2d_ceil", nn.MaxPool2D(3, stride=2, ceil_mode=True), x=IMAGE)
case("max_pool2d_ceil_static", nn.MaxPool2D(3, stride=2, ceil_mode=True), x=f32["b", 3, 12, 11])
case("max_pool2d_ceil_padding", nn.MaxPool2D(2, stride=2, padding=1, ceil_mode=True), x=f32["b", 3, 7, 8])
case("max_pool2d_ceil_no_need", nn.MaxPool2D(3, stride=1, ceil_mode=True), x=IMAGE)
case("max_pool2d_ceil_gap", nn.MaxPool2D(1, stride=3, ceil_mode=True), x=f32["b", 3, 5, 6])
case("max_pool2d_same", nn.MaxPool2D(3, stride=2, padding="SAME"), x=IMAGE)
case("max_pool2d_same_static", nn.MaxPool2D(4, stride=3, padding="SAME"), x=FIXED)
case("max_pool2d_valid", nn.MaxPool2D(3, stride=2, padding="VALID"), x=IMAGE)
case("max_pool2d_nhwc", nn.MaxPool2D(3, stride=2, padding=1, data_format="NHWC"), x=f32["b", "h", "w", 3])
case("max_pool2d_f64", nn.MaxPool2D(2), x=f64["b", 3, "h", "w"], opset=8)
case("max_pool1d", nn.MaxPool1D(3, stride=2, padding=1), x=f32["b", 3, "n"])
case("max_pool1d_ceil", nn.MaxPool1D(2, ceil_mode=True), x=f32["b", 3, "n"])
case("max_pool3d", nn.MaxPool3D(2, stride=2, padding=1), x=f32["b", 2, "d", "h", "w"])
case("max_pool3d_ceil_ndhwc", nn.MaxPool3D(3, stride=2, ceil_mode=True, data_format="NDHWC"),
     x=f32["b", "d", "h", "w", 2])
case("max_pool2d_mask", nn.MaxPool2D(2, stride=2, return_mask=True), x=f32["b", 3, "h", "w"].unique(), opset=8)
case("max_pool2d_mask_ties", nn.MaxPool2D(3, stride=2, padding=1, return_mask=True), x=f32["b", 2, 7, 8].ints(0, 3), opset=8)
case("max_pool2d_mask_ceil", nn.MaxPool2D(3, stride=2, return_mask=True, ceil_mode=True), x=f32["b", 3, 8, 9].unique(),
     opset=8)
case("max_pool1d_mask", nn.MaxPool1D(2, return_mask=True), x=f32["b", 3, "n"].unique(), opset=8)
case("max_pool3d_mask", nn.MaxPool3D(2, stride=1, return_mask=True), x=f32["b", 2, 3, "h", "w"].unique(), opset=8)

case("avg_pool2d", nn.AvgPool2D(3, stride=2, padding=1), x=IMAGE)
case("avg_pool2d_inclusive", nn.AvgPool2D(3, stride=2, padding=1, exclusive=False), x=IMAGE)
case("avg_pool2d_tblr", nn.AvgPool2D(3, stride=1, padding=[0, 2, 1, 0]), x=IMAGE)
case("avg_pool2d_tblr_inclusive", nn.AvgPool2D(3, stride=1, padding=[0, 2, 2, 1], exclusive=False), x=IMAGE)
case("avg_pool2d_ceil", nn.AvgPool2D(3, stride=2, padding=1, ceil_mode=True), x=IMAGE)
case("avg_pool2d_ceil_static", nn.AvgPool2D(3, stride=2, ceil_mode=True), x=f32["b", 3, 8, 9])
case("avg_pool2d_ceil_inclusive", nn.AvgPool2D(3, stride=2, padding=1, ceil_mode=True, exclusive=False), x=IMAGE)
case("avg_pool2d_ceil_inclusive_static", nn.AvgPool2D(4, stride=3, padding=1, ceil_mode=True, exclusive=False),
     x=f32["b", 3, 9, 10])
case("avg_pool2d_ceil_inclusive_tblr", nn.AvgPool2D(3, stride=2, padding=[2, 0, 1, 2], ceil_mode=True, exclusive=False),
     x=f32["b", 3, 8, 9])
case("avg_pool2d_ceil_inclusive_tblr_dynamic",
     layer=lambda: nn.AvgPool2D(3, stride=2, padding=[0, 1, 1, 2], ceil_mode=True, exclusive=False), x=IMAGE)
case("avg_pool2d_divisor", nn.AvgPool2D(2, divisor_override=3), x=IMAGE)
case("avg_pool2d_same", nn.AvgPool2D(3, stride=2, padding="SAME"), x=IMAGE)
case("avg_pool2d_same_inclusive", nn.AvgPool2D(3, stride=2, padding="SAME", exclusive=False), x=FIXED)
case("avg_pool2d_valid", nn.AvgPool2D(2, stride=2, padding="VALID"), x=IMAGE)
case("avg_pool2d_nhwc", nn.AvgPool2D(3, stride=2, padding=1, data_format="NHWC"), x=f32["b", "h", "w", 3])
case("avg_pool2d_f64", nn.AvgPool2D(2), x=f64["b", 3, "h", "w"])
case("avg_pool2d_nonfinite", nn.AvgPool2D(2), x=f32["b", 3, "h", "w"].nonfinite())
case("avg_pool1d", nn.AvgPool1D(3, stride=2, padding=1), x=f32["b", 3, "n"])
case("avg_pool1d_inclusive", nn.AvgPool1D(3, stride=2, padding=1, exclusive=False), x=f32["b", 3, "n"])
case("avg_pool3d", nn.AvgPool3D(2, stride=2, padding=1), x=f32["b", 2, "d", "h", "w"])
case("avg_pool3d_inclusive_ceil", nn.AvgPool3D(3, stride=2, padding=1, exclusive=False, ceil_mode=True),
     x=f32["b", 2, "d", "h", "w"])
raw("raw_pool2d_global_avg", "pool2d", inputs={"X": IMAGE}, outputs={"Out": "float32"},
    attrs={"pooling_type": "avg", "ksize": [1, 1], "global_pooling": True})
raw("raw_pool2d_global_max_nhwc", "pool2d", inputs={"X": f32["b", "h", "w", 3]}, outputs={"Out": "float32"},
    attrs={"pooling_type": "max", "ksize": [1, 1], "global_pooling": True, "data_format": "NHWC"})
raw("raw_pool3d_global_avg", "pool3d", inputs={"X": f32["b", 2, "d", "h", "w"]}, outputs={"Out": "float32"},
    attrs={"pooling_type": "avg", "ksize": [1, 1, 1], "global_pooling": True})
raw("raw_max_pool2d_with_index_global", "max_pool2d_with_index", inputs={"X": IMAGE},
    outputs={"Out": "float32", "Mask": "int32"}, attrs={"ksize": [1, 1], "global_pooling": True})

case("adaptive_avg_pool2d_one", nn.AdaptiveAvgPool2D(1), x=IMAGE)
case("adaptive_avg_pool2d_even", nn.AdaptiveAvgPool2D((4, 5)), x=FIXED)
case("adaptive_avg_pool2d_overlap", nn.AdaptiveAvgPool2D(3), x=f32["b", 3, 7, 7])
case("adaptive_avg_pool2d_uneven", nn.AdaptiveAvgPool2D((5, 7)), x=FIXED)
case("adaptive_avg_pool2d_larger", nn.AdaptiveAvgPool2D((7, 4)), x=f32["b", 3, 4, 3])
case("adaptive_avg_pool2d_dynamic", nn.AdaptiveAvgPool2D(7), x=IMAGE, opset=11)
case("adaptive_avg_pool2d_dynamic_small", nn.AdaptiveAvgPool2D((6, 4)), x=f32["b", 2, "p", "q"], opset=11,
     sizes=[{"p": 3, "q": 1}, {"p": 13, "q": 8}, {"p": 64, "q": 33}])
case("adaptive_avg_pool2d_dynamic_height", nn.AdaptiveAvgPool2D((1, 4)), x=f32["b", 3, "h", 8], opset=11)
case("adaptive_avg_pool2d_nonfinite", nn.AdaptiveAvgPool2D(3), x=f32["b", 2, "h", "w"].nonfinite(), opset=11)
case("adaptive_avg_pool2d_none", nn.AdaptiveAvgPool2D((None, 5)), x=FIXED)
case("adaptive_avg_pool2d_none_dynamic", nn.AdaptiveAvgPool2D((None, 5)), x=f32["b", 3, "h", 10],
     paddle_cannot={"pdmodel": "its pool2d gets the size -1", "pir": "its pool2d gets the size -1"})
case("adaptive_avg_pool2d_nhwc", nn.AdaptiveAvgPool2D(3, data_format="NHWC"), x=f32["b", "h", "w", 2], opset=11)
case("adaptive_avg_pool2d_f64", nn.AdaptiveAvgPool2D(3), x=f64["b", 2, "h", "w"], opset=11)
case("adaptive_avg_pool2d_size_tensor", lambda x, s: F.adaptive_avg_pool2d(x, [s, 3]), x=IMAGE, s=i32_value([4], [5]),
     opset=11)
case("adaptive_avg_pool1d", nn.AdaptiveAvgPool1D(4), x=f32["b", 3, 8])
case("adaptive_avg_pool1d_dynamic", nn.AdaptiveAvgPool1D(4), x=f32["b", 3, "n"], opset=11)
case("adaptive_avg_pool3d_one", nn.AdaptiveAvgPool3D(1), x=f32["b", 2, "d", "h", "w"])
case("adaptive_avg_pool3d_uneven", nn.AdaptiveAvgPool3D((2, 3, 4)), x=f32["b", 2, 5, 7, 8])
case("adaptive_avg_pool3d_dynamic", nn.AdaptiveAvgPool3D((2, 3, 4)), x=f32["b", 2, "d", "h", "w"], opset=11)
case("adaptive_max_pool2d_one", nn.AdaptiveMaxPool2D(1), x=IMAGE)
case("adaptive_max_pool2d_even", nn.AdaptiveMaxPool2D((4, 5)), x=FIXED)
case("adaptive_max_pool2d_uneven", nn.AdaptiveMaxPool2D((5, 7)), x=FIXED)
case("adaptive_max_pool2d_dynamic", nn.AdaptiveMaxPool2D((5, 7)), x=IMAGE, opset=11)
case("adaptive_max_pool2d_mask", nn.AdaptiveMaxPool2D((5, 4), return_mask=True), x=f32["b", 3, 12, 10].unique())
case("adaptive_max_pool2d_mask_even", nn.AdaptiveMaxPool2D((4, 5), return_mask=True), x=f32["b", 3, 12, 10].unique(), opset=8)
case("adaptive_max_pool2d_mask_dynamic", nn.AdaptiveMaxPool2D((5, 4), return_mask=True), x=f32["b", 3, "h", "w"].unique(),
     opset=11)
case("adaptive_max_pool1d_mask", nn.AdaptiveMaxPool1D(3, return_mask=True), x=f32["b", 3, 8].ints(0, 4))
case("adaptive_max_pool3d", nn.AdaptiveMaxPool3D((2, 3, 2)), x=f32["b", 2, 5, 7, 6])
case("adaptive_max_pool3d_mask", nn.AdaptiveMaxPool3D((2, 3, 2), return_mask=True), x=f32["b", 2, 5, 7, 6].unique(), opset=8)
raw("raw_pool2d_adaptive_max", "pool2d", inputs={"X": f32["b", 3, 7, 9]}, outputs={"Out": "float32"},
    attrs={"pooling_type": "max", "ksize": [3, 4], "adaptive": True}, error="adaptive max pooling by pool2d")

INDICES = [[[[5, 7, 2], [13, 15, 16]]], [[[0, 3, 8], [20, 22, 23]]]]
case("max_unpool2d", lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_mask=True), 2), x=f32["b", 3, 8, 6].unique(), opset=9)
case("max_unpool2d_output_size", lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_mask=True), 2, output_size=[9, 7]),
     x=f32["b", 3, 9, 7].unique(), opset=9)
case("max_unpool1d", lambda x: F.max_unpool1d(*F.max_pool1d(x, 2, return_mask=True), 2), x=f32["b", 3, 8].unique(), opset=9)
case("max_unpool3d", lambda x: F.max_unpool3d(*F.max_pool3d(x, 2, return_mask=True), 2), x=f32["b", 2, 4, 6, 4].unique(),
     opset=9)
raw("raw_unpool_overlap", "unpool", inputs={"X": f32[2, 1, 2, 3], "Indices": i32[2, 1, 2, 3].values(np.array(INDICES))},
    outputs={"Out": "float32"}, opset=9,
    attrs={"ksize": [2, 2], "strides": [2, 2], "paddings": [0, 0], "unpooling_type": "max", "output_size": [4, 6]})

# --- how they meet: formats, paddings, sizes, NaN and infinities
case("avg_pool2d_ceil_nhwc", nn.AvgPool2D(3, stride=2, padding=1, ceil_mode=True, data_format="NHWC"), x=f32["b", "h", "w", 3])
case("avg_pool2d_ceil_inclusive_nhwc", nn.AvgPool2D(3, stride=2, padding=1, ceil_mode=True, exclusive=False, data_format="NHWC"), x=f32["b", "h", "w", 3])
case("max_pool2d_ceil_tblr", nn.MaxPool2D(3, stride=2, padding=[0, 1, 1, 2], ceil_mode=True), x=f32["b", 3, "h", "w"])
raw("max_pool2d_padding_alone", "pool2d", inputs={"X": f32["b", 2, 5, 6]}, outputs={"Out": "float32"}, attrs={"pooling_type": "max", "ksize": [2, 2], "strides": [1, 1], "paddings": [3, 2]})
raw("max_pool2d_padding_alone_f64", "pool2d", inputs={"X": f64["b", 2, 5, 6]}, outputs={"Out": "float64"}, attrs={"pooling_type": "max", "ksize": [2, 2], "strides": [1, 1], "paddings": [3, 2]}, opset=8)
case("max_pool2d_infinite", nn.MaxPool2D(3, stride=2, padding=1), x=f32["b", 3, "h", "w"].infinite())
case("max_pool2d_same_ceil", nn.MaxPool2D(3, stride=2, padding="SAME", ceil_mode=True), x=f32["b", 3, "h", "w"])
case("avg_pool2d_same_ceil", nn.AvgPool2D(3, stride=2, padding="SAME", ceil_mode=True), x=f32["b", 3, "h", "w"])
case("avg_pool2d_padding_pairs", nn.AvgPool2D(3, stride=2, padding=[[0, 0], [0, 0], [1, 0], [0, 1]]), x=f32["b", 3, "h", "w"])
case("avg_pool3d_ndhwc", nn.AvgPool3D(2, stride=2, padding=1, data_format="NDHWC"), x=f32["b", "d", "h", "w", 2])
case("avg_pool3d_divisor", nn.AvgPool3D(2, stride=2, divisor_override=3), x=f32["b", 2, "d", "h", "w"])
case("avg_pool2d_divisor_padding", nn.AvgPool2D(3, stride=2, padding=1, divisor_override=5), x=f32["b", 3, "h", "w"])
case("avg_pool1d_ceil", nn.AvgPool1D(3, stride=2, padding=1, ceil_mode=True), x=f32["b", 3, "n"])
case("avg_pool1d_ceil_inclusive", nn.AvgPool1D(3, stride=2, padding=1, ceil_mode=True, exclusive=False), x=f32["b", 3, "n"])
case("max_pool3d_f64", nn.MaxPool3D(2), x=f64["b", 2, "d", "h", "w"], opset=8)
case("max_pool2d_empty_batch", nn.MaxPool2D(2), x=f32["b", 3, 6, 6], sizes=[{"b": 0}, {"b": 2}])
case("adaptive_avg_pool3d_ndhwc", nn.AdaptiveAvgPool3D((2, 3, 4), data_format="NDHWC"), x=f32["b", 5, 7, 8, 2])
case("adaptive_max_pool2d_f64", nn.AdaptiveMaxPool2D(3), x=f64["b", 2, 7, 8])
case("adaptive_max_pool2d_infinite", nn.AdaptiveMaxPool2D(3), x=f32["b", 2, 7, 8].infinite())
case("max_pool2d_mask_f64", nn.MaxPool2D(2, return_mask=True), x=f64["b", 2, "h", "w"].unique(), opset=8)
case("max_pool2d_ceil_padding_dynamic", nn.MaxPool2D(2, stride=2, padding=1, ceil_mode=True), x=IMAGE)
case("max_pool2d_ceil_gap_dynamic", nn.MaxPool2D(1, stride=3, ceil_mode=True), x=IMAGE)
case("avg_pool2d_ceil_beyond_padding", nn.AvgPool2D(3, stride=2, padding=[0, 1, 1, 2], ceil_mode=True), x=IMAGE, error="wholly in the padding")
case("avg_pool2d_ceil_beyond_inclusive", lambda x: F.avg_pool2d(x, 2, stride=3, ceil_mode=True, exclusive=False), x=f32["b", 2, 5, 9], error="wholly behind")
case("avg_pool2d_same_inclusive_dynamic", nn.AvgPool2D([2, 3], stride=[1, 3], padding="SAME", exclusive=False), x=f32["b", 2, "h", "w"], opset=11)
case("avg_pool2d_same_inclusive_dynamic_even", nn.AvgPool2D([4, 3], stride=[4, 2], padding="SAME", exclusive=False), x=f32["b", 2, "h", "w"], opset=11)
case("avg_pool3d_same_inclusive_dynamic", nn.AvgPool3D(4, stride=[2, 3, 1], padding="SAME", exclusive=False), x=f32["b", 2, "d", 7, "w"], opset=11)
case("avg_pool2d_same_inclusive_gaps", nn.AvgPool2D(1, stride=2, padding="SAME", exclusive=False), x=f32["b", 2, "h", "w"], error="gaps between windows")

# --- Lp, pyramids, fractional
NOT_IN_2 = {"pdmodel": "Paddle 2 has no such operator"}
case("lp_pool2d", lambda x: F.lp_pool2d(x, 2, 2), x=IMAGE, paddle_cannot=NOT_IN_2)
case("lp_pool2d_cubes", lambda x: F.lp_pool2d(x, 3, (2, 3), stride=1), x=f32["b", 3, "h", "w"].range(0, 2), paddle_cannot=NOT_IN_2)
case("lp_pool2d_sign", lambda x: F.lp_pool2d(x, 3, 2), x=IMAGE, paddle_cannot=NOT_IN_2)
case("lp_pool2d_sum", lambda x: F.lp_pool2d(x, 1, 3, stride=2, padding=1), x=IMAGE, paddle_cannot=NOT_IN_2)
case("lp_pool2d_fraction", lambda x: F.lp_pool2d(x, 2.5, 3, stride=2, padding=1), x=f32["b", 3, "h", "w"].range(0, 2), paddle_cannot=NOT_IN_2)
case("lp_pool2d_tblr", lambda x: F.lp_pool2d(x, 2, 3, stride=2, padding=[0, 2, 1, 0]), x=IMAGE, paddle_cannot=NOT_IN_2)
case("lp_pool2d_wide_padding", lambda x: F.lp_pool2d(x, 2, 2, stride=2, padding=[0, 2, 3, 0]), x=IMAGE, paddle_cannot=NOT_IN_2)
case("lp_pool2d_ceil", lambda x: F.lp_pool2d(x, 2, 3, stride=2, ceil_mode=True), x=IMAGE, paddle_cannot=NOT_IN_2)
case("lp_pool2d_ceil_static", lambda x: F.lp_pool2d(x, 2, 2, stride=3, ceil_mode=True), x=f32["b", 3, 12, 11], paddle_cannot=NOT_IN_2)
case("lp_pool2d_same", lambda x: F.lp_pool2d(x, 2, 3, stride=2, padding="SAME"), x=IMAGE, paddle_cannot=NOT_IN_2)
case("lp_pool2d_same_static", lambda x: F.lp_pool2d(x, 2, 4, stride=3, padding="SAME"), x=FIXED, paddle_cannot=NOT_IN_2)
case("lp_pool2d_valid_nhwc", lambda x: F.lp_pool2d(x, 2, 2, padding="VALID", data_format="NHWC"), x=f32["b", "h", "w", 3], paddle_cannot=NOT_IN_2)
case("lp_pool2d_f64", lambda x: F.lp_pool2d(x, 2, 2), x=f64["b", 3, "h", "w"], paddle_cannot=NOT_IN_2)
case("lp_pool1d", lambda x: F.lp_pool1d(x, 2, 3, stride=2), x=f32["b", 3, "n"], paddle_cannot=NOT_IN_2)
case("lp_pool2d_global", lambda x: paddle._C_ops.lp_pool2d(x, [1, 1], [1, 1], [0, 0], False, True, "NCHW", "lp", True, False, "EXPLICIT", 2.0), x=IMAGE, paddle_cannot=NOT_IN_2)
case("lp_pool2d_adaptive", lambda x: paddle._C_ops.lp_pool2d(x, [5, 4], [1, 1], [0, 0], False, True, "NCHW", "lp", False, True, "EXPLICIT", 2.0), x=FIXED, paddle_cannot=NOT_IN_2)
raw("raw_spp_max", "spp", inputs={"X": f32["b", 3, 12, 10]}, outputs={"Out": "float32"}, attrs={"pyramid_height": 3, "pooling_type": "max"}, paddle_cannot={"pir": "it knows no such operator"})
raw("raw_spp_avg", "spp", inputs={"X": f32["b", 3, 7, 9]}, outputs={"Out": "float32"}, attrs={"pyramid_height": 3, "pooling_type": "avg"}, paddle_cannot={"pir": "it knows no such operator"})
raw("raw_spp_empty_windows", "spp", inputs={"X": f32["b", 3, 5, 12]}, outputs={"Out": "float32"}, attrs={"pyramid_height": 3, "pooling_type": "max"}, paddle_cannot={"pir": "it knows no such operator"})
raw("raw_spp_dynamic", "spp", inputs={"X": f32["b", 3, "h", "w"]}, outputs={"Out": "float32"}, attrs={"pyramid_height": 3, "pooling_type": "max"}, opset=11, paddle_cannot={"pir": "it knows no such operator"})
raw("raw_max_pool2d_v2", "max_pool2d_v2", inputs={"x": f32["b", 3, 12, 10]}, outputs={"out": "float32", "saved_idx": None}, attrs={"kernel_size": [2, 2], "strides": [2, 2], "paddings": [0, 0], "data_format": "NCHW", "global_pooling": False, "adaptive": False}, expect=lambda x: x.reshape(-1, 3, 6, 2, 5, 2).max((3, 5)))
raw("raw_max_pool2d_v2_nhwc", "max_pool2d_v2", inputs={"x": f32["b", 7, 8, 3]}, outputs={"out": "float32", "saved_idx": None}, attrs={"kernel_size": [3, 2], "strides": [3, 2], "paddings": [1, 0], "data_format": "NHWC", "global_pooling": False, "adaptive": False}, expect=lambda x: np.pad(x, [(0, 0), (1, 1), (0, 0), (0, 0)], constant_values=-np.inf).reshape(-1, 3, 3, 4, 2, 3).max((2, 4)))
raw("raw_max_pool2d_v2_global", "max_pool2d_v2", inputs={"x": f32["b", 3, "h", "w"]}, outputs={"out": "float32", "saved_idx": None}, attrs={"kernel_size": [2, 2], "strides": [2, 2], "paddings": [1, 1], "data_format": "NCHW", "global_pooling": True, "adaptive": False}, expect=lambda x: x.max((2, 3), keepdims=True))
case("fractional_max_pool2d", lambda x: F.fractional_max_pool2d(x, (5, 4), random_u=0.3), x=FIXED, paddle_cannot=NOT_IN_2)
case("fractional_max_pool2d_kernel", lambda x: F.fractional_max_pool2d(x, (5, 4), kernel_size=(3, 2), random_u=0.77), x=FIXED, paddle_cannot=NOT_IN_2)
case("fractional_max_pool2d_mask", lambda x: F.fractional_max_pool2d(x, 5, random_u=0.5, return_mask=True), x=FIXED.unique(), paddle_cannot=NOT_IN_2)
case("fractional_max_pool2d_mask_ties", lambda x: F.fractional_max_pool2d(x, 5, kernel_size=2, random_u=0.5, return_mask=True), x=FIXED.ints(0, 3), paddle_cannot=NOT_IN_2)
case("fractional_max_pool2d_dynamic", lambda x: paddle._C_ops.fractional_max_pool2d(x, [5, 6], [0, 0], 0.9, True), x=f32["b", 3, "h", "w"].unique(), opset=11, paddle_cannot=NOT_IN_2)
case("fractional_max_pool2d_f64", lambda x: F.fractional_max_pool2d(x, 5, random_u=0.5), x=f64["b", 3, 12, 10], paddle_cannot=NOT_IN_2)
case("fractional_max_pool2d_random", lambda x: F.fractional_max_pool2d(x, 5), x=FIXED, flags=["--strict"], error="its windows are random", code=4, paddle_cannot=NOT_IN_2)
case("fractional_max_pool3d", lambda x: F.fractional_max_pool3d(x, (3, 4, 2), random_u=0.3), x=f32["b", 2, 7, 9, 6], paddle_cannot=NOT_IN_2)
case("fractional_max_pool3d_mask", lambda x: F.fractional_max_pool3d(x, 3, kernel_size=2, random_u=0.6, return_mask=True), x=f32["b", 2, 7, 9, 6].unique(), paddle_cannot=NOT_IN_2)
