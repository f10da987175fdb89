"""Convolutions and transposed convolutions: paddings, strides, dilations, groups, data formats, sizes of the result."""
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *


def weight(*dims):
    return (np.arange(np.prod(dims)).reshape(dims) % 7 - 3) / 4


case("conv2d", nn.Conv2D(3, 6, 3), x=f32["b", 3, "h", "w"])
case("conv2d_no_bias", nn.Conv2D(3, 6, 3, bias_attr=False), x=f32["b", 3, "h", "w"])
case("conv2d_groups", nn.Conv2D(4, 6, 3, groups=2), x=f32["b", 4, "h", "w"])
case("conv2d_depthwise", nn.Conv2D(4, 4, 3, padding=1, groups=4), x=f32["b", 4, "h", "w"])
case("conv2d_depthwise_multiplier", nn.Conv2D(4, 8, 3, groups=4), x=f32["b", 4, "h", "w"])
case("conv2d_stride_dilation", nn.Conv2D(3, 4, (3, 2), stride=(2, 1), dilation=(1, 2)), x=f32["b", 3, "h", "w"])
case("conv2d_padding_hw", nn.Conv2D(3, 4, 3, padding=[2, 1]), x=f32["b", 3, "h", "w"])
case("conv2d_padding_tblr", nn.Conv2D(3, 4, 3, padding=[0, 1, 2, 3]), x=f32["b", 3, "h", "w"])
case("conv2d_padding_pairs", nn.Conv2D(3, 4, 3, padding=[[0, 0], [0, 0], [2, 0], [1, 3]]), x=f32["b", 3, "h", "w"])
case("conv2d_padding_reflect", nn.Conv2D(3, 4, 3, padding=1, padding_mode="reflect"), x=f32["b", 3, "h", "w"])
case("conv2d_padding_circular", nn.Conv2D(3, 4, 3, padding=1, padding_mode="circular"), x=f32["b", 3, "h", "w"])
case("conv2d_same", nn.Conv2D(3, 4, 3, padding="SAME"), x=f32["b", 3, "h", "w"])
case("conv2d_same_stride", nn.Conv2D(3, 4, 3, stride=2, padding="SAME"), x=f32["b", 3, "h", "w"])
case("conv2d_same_stride_static", nn.Conv2D(3, 4, (3, 4), stride=(2, 3), padding="SAME"), x=f32["b", 3, 8, 11])
case("conv2d_same_dilation", nn.Conv2D(3, 4, 3, dilation=2, padding="SAME"), x=f32["b", 3, "h", "w"])
case("conv2d_valid", nn.Conv2D(3, 4, 3, stride=2, padding="VALID"), x=f32["b", 3, "h", "w"])
case("conv2d_nhwc", nn.Conv2D(3, 4, 3, padding=[1, 2, 0, 1], data_format="NHWC"), x=f32["b", "h", "w", 3])
case("conv2d_nhwc_same", nn.Conv2D(3, 4, 3, stride=2, padding="SAME", data_format="NHWC"), x=f32["b", "h", "w", 3])
case("conv2d_f64", lambda x, w: F.conv2d(x, w), x=f64["b", 3, "h", "w"], w=f64[4, 3, 3, 3])
case("conv2d_filter_input", lambda x, w: F.conv2d(x, w, padding=1), x=f32["b", 3, "h", "w"], w=f32["m", 3, 3, 3])
case("conv2d_bias_input", lambda x, w, v: F.conv2d(x, w, v), x=f32["b", 3, "h", "w"], w=f32[4, 3, 2, 2], v=f32[4])
case("conv1d", nn.Conv1D(3, 4, 3), x=f32["b", 3, "n"])
case("conv1d_stride_padding", nn.Conv1D(4, 4, 3, stride=2, padding=2, groups=2), x=f32["b", 4, "n"])
case("conv1d_padding_pair", nn.Conv1D(3, 4, 3, padding=[1, 2]), x=f32["b", 3, "n"])
case("conv1d_same", nn.Conv1D(3, 4, 4, stride=2, padding="SAME"), x=f32["b", 3, "n"])
case("conv1d_dilation", nn.Conv1D(3, 4, 2, dilation=3), x=f32["b", 3, "n"])
case("conv1d_depthwise", nn.Conv1D(4, 4, 3, padding=1, groups=4), x=f32["b", 4, "n"])
case("conv1d_nlc", nn.Conv1D(3, 4, 3, padding=1, data_format="NLC"), x=f32["b", "n", 3])
case("conv3d", nn.Conv3D(2, 4, 3), x=f32["b", 2, 5, "h", "w"])
case("conv3d_full", nn.Conv3D(2, 4, (2, 3, 1), stride=(1, 2, 1), padding=(0, 1, 2), dilation=(2, 1, 1), groups=2),
     x=f32["b", 2, "d", "h", "w"])
case("conv3d_padding_six", nn.Conv3D(2, 4, 3, padding=[1, 0, 2, 1, 0, 3]), x=f32["b", 2, "d", "h", "w"])
case("conv3d_same", nn.Conv3D(2, 4, 3, stride=2, padding="SAME"), x=f32["b", 2, "d", "h", "w"])
case("conv3d_ndhwc", nn.Conv3D(2, 4, 3, padding=1, data_format="NDHWC"), x=f32["b", "d", "h", "w", 2])
raw("raw_conv2d_padding_one", "conv2d", inputs={"Input": f32["b", 2, "h", "w"], "Filter": param(weight(3, 2, 3, 3))},
    outputs={"Output": "float32"}, attrs={"paddings": [1, 1], "strides": [1, 1], "dilations": [1, 1], "groups": 1})
raw("raw_conv2d_defaults", "conv2d", inputs={"Input": f32["b", 2, "h", "w"], "Filter": param(weight(3, 2, 3, 3))},
    outputs={"Output": "float32"})
raw("raw_depthwise_conv2d", "depthwise_conv2d",
    inputs={"Input": f32["b", 2, "h", "w"], "Filter": param(weight(2, 1, 3, 3))},
    outputs={"Output": "float32"}, attrs={"groups": 2, "strides": [2, 1]})

case("conv2d_transpose", nn.Conv2DTranspose(3, 4, 3), x=f32["b", 3, "h", "w"])
case("conv2d_transpose_stride", nn.Conv2DTranspose(3, 4, 3, stride=2, padding=1), x=f32["b", 3, "h", "w"])
case("conv2d_transpose_groups", nn.Conv2DTranspose(4, 6, (2, 3), stride=(2, 3), groups=2), x=f32["b", 4, "h", "w"])
case("conv2d_transpose_depthwise", nn.Conv2DTranspose(4, 4, 4, stride=2, padding=1, groups=4, bias_attr=False),
     x=f32["b", 4, "h", "w"])
case("conv2d_transpose_dilation", nn.Conv2DTranspose(3, 4, 3, stride=2, dilation=2), x=f32["b", 3, "h", "w"])
case("conv2d_transpose_tblr", nn.Conv2DTranspose(3, 4, 4, stride=2, padding=[0, 1, 2, 1]), x=f32["b", 3, "h", "w"])
case("conv2d_transpose_output_padding", nn.Conv2DTranspose(3, 4, 3, stride=2, padding=1, output_padding=1),
     x=f32["b", 3, "h", "w"])
case("conv2d_transpose_output_size", lambda net, x: net(x, output_size=[9, 12]),
     layer=lambda: nn.Conv2DTranspose(3, 4, 3, stride=2, padding=1), x=f32["b", 3, 5, 6])
case("conv2d_transpose_output_size_dynamic", lambda net, x: net(x, output_size=[24, 30]), opset=7,
     layer=lambda: nn.Conv2DTranspose(3, 4, 3, stride=3), x=f32["b", 3, "h", "w"], sizes=[{"h": 8, "w": 10}])
case("conv2d_transpose_output_size_tensor", lambda net, x, s: net(x, output_size=s), opset=10,
     layer=lambda: nn.Conv2DTranspose(3, 4, 3, stride=2), x=f32["b", 3, 5, 6], s=i32_value([11, 14], [12, 13]))
case("conv2d_transpose_output_size_like", lambda net, x, y: net(x, output_size=paddle.shape(y)[2:]), opset=10,
     layer=lambda: nn.Conv2DTranspose(3, 4, 2, stride=2), x=f32["b", 3, "i", "j"], y=f32["b", 4, "k", "l"],
     sizes=[{"i": 3, "j": 4, "k": 7, "l": 8}, {"i": 5, "j": 2, "k": 10, "l": 5}])
case("conv2d_transpose_same", nn.Conv2DTranspose(3, 4, 4, stride=2, padding="SAME"), x=f32["b", 3, 5, 8])
case("conv2d_transpose_same_dynamic", nn.Conv2DTranspose(3, 4, 4, stride=3, padding="SAME"), opset=12,
     x=f32["b", 3, "h", "w"])
case("conv2d_transpose_valid", nn.Conv2DTranspose(3, 4, 3, stride=2, padding="VALID"), x=f32["b", 3, "h", "w"])
case("conv2d_transpose_nhwc", nn.Conv2DTranspose(3, 4, 3, stride=2, padding=1, data_format="NHWC"),
     x=f32["b", "h", "w", 3])
case("conv1d_transpose", nn.Conv1DTranspose(3, 4, 3, stride=2, padding=1), x=f32["b", 3, "n"])
case("conv1d_transpose_output_padding", nn.Conv1DTranspose(4, 4, 3, stride=2, output_padding=1, groups=2),
     x=f32["b", 4, "n"])
case("conv1d_transpose_output_size", lambda net, x: net(x, output_size=[14]),
     layer=lambda: nn.Conv1DTranspose(3, 4, 3, stride=2), x=f32["b", 3, 6])
case("conv1d_transpose_nlc", nn.Conv1DTranspose(3, 4, 3, stride=2, data_format="NLC"), x=f32["b", "n", 3])
case("conv3d_transpose", nn.Conv3DTranspose(2, 4, 3, stride=2, padding=1), x=f32["b", 2, 3, "h", "w"])
case("conv3d_transpose_groups", nn.Conv3DTranspose(4, 2, (1, 2, 3), stride=(1, 2, 3), output_padding=(0, 1, 2), groups=2),
     x=f32["b", 4, 3, "h", "w"])
case("conv3d_transpose_output_size", lambda net, x: net(x, output_size=[6, 8, 10]),
     layer=lambda: nn.Conv3DTranspose(2, 4, 2, stride=2), x=f32["b", 2, 3, 4, 5])
case("conv3d_transpose_ndhwc", nn.Conv3DTranspose(2, 4, 2, stride=2, data_format="NDHWC"), x=f32["b", 3, "h", "w", 2])
raw("raw_depthwise_conv2d_transpose", "depthwise_conv2d_transpose",
    inputs={"Input": f32["b", 2, "h", "w"], "Filter": param(weight(2, 1, 3, 3))},
    outputs={"Output": "float32"}, attrs={"groups": 2, "strides": [2, 2], "paddings": [1, 0]})
