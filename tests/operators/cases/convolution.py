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
case("conv2d_transpose_same_dynamic", nn.Conv2DTranspose(3, 4, 4, stride=3, padding="SAME"), opset=10,
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


def convolved(x, w, v, stride, pad, dilation, groups):
    """A convolution over the last axes, by its definition. All arguments after the arrays hold for every axis."""
    axes = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(pad, pad)] * axes)
    spans = [dilation * (k - 1) + 1 for k in w.shape[2:]]
    counts = [(size - span) // stride + 1 for size, span in zip(x.shape[2:], spans)]
    inner, outer = w.shape[1], w.shape[0] // groups
    y = np.zeros((x.shape[0], w.shape[0], *counts), x.dtype)
    for at in np.ndindex(*counts):
        window = x[(slice(None), slice(None), *(slice(i * stride, i * stride + s, dilation) for i, s in zip(at, spans)))]
        for m in range(w.shape[0]):
            g = m // outer
            part = window[:, g * inner : (g + 1) * inner]
            y[(slice(None), m, *at)] = (part * w[m]).reshape(len(x), -1).sum(1)
    return y + v.reshape(-1, *[1] * axes)


def transposed(x, w, v, stride, pad, groups):
    """The transposed convolution over two axes, by its definition."""
    inner, outer = w.shape[0] // groups, w.shape[1]
    height, width = ((n - 1) * stride + k for n, k in zip(x.shape[2:], w.shape[2:]))
    y = np.zeros((x.shape[0], outer * groups, height, width), x.dtype)
    for i, j in np.ndindex(*x.shape[2:]):
        for c in range(x.shape[1]):
            first = c // inner * outer
            y[:, first : first + outer, i * stride : i * stride + w.shape[2], j * stride : j * stride + w.shape[3]] += x[:, c, i, j, None, None, None] * w[c]
    return y[:, :, pad : height - pad, pad : width - pad] + v[:, None, None]


raw("depthwise_conv2d_bias", "depthwise_conv2d_bias", inputs={"input": f32["b", 3, "h", "w"], "filter": f32[6, 1, 3, 3], "bias": f32[6]}, outputs={"out": "float32"}, attrs={"strides": [2, 2], "paddings": [1, 1], "padding_algorithm": "EXPLICIT", "groups": 3, "dilations": [1, 1], "data_format": "NCHW"}, expect=lambda x, w, v: convolved(x, w, v, 2, 1, 1, 3))
raw("depthwise_conv2d_bias_dilated", "depthwise_conv2d_bias", inputs={"input": f32["b", 3, 9, "w"], "filter": f32[3, 1, 3, 2], "bias": f32[3]}, outputs={"out": "float32"}, attrs={"strides": [1, 1], "paddings": [0, 0], "padding_algorithm": "EXPLICIT", "groups": 3, "dilations": [2, 2], "data_format": "NCHW"}, expect=lambda x, w, v: convolved(x, w, v, 1, 0, 2, 3))
raw("depthwise_conv2d_bias_nhwc", "depthwise_conv2d_bias", inputs={"input": f32["b", 9, "w", 3], "filter": f32[6, 1, 3, 2], "bias": f32[6]}, outputs={"out": "float32"}, attrs={"strides": [1, 1], "paddings": [2, 1, 0, 1], "padding_algorithm": "EXPLICIT", "groups": 3, "dilations": [1, 1], "data_format": "NHWC"}, expect=lambda x, w, v: convolved(np.pad(x.transpose(0, 3, 1, 2), [(0, 0), (0, 0), (2, 1), (0, 1)]), w, v, 1, 0, 1, 3).transpose(0, 2, 3, 1))
raw("depthwise_conv2d_bias_same", "depthwise_conv2d_bias", inputs={"input": f32["b", 3, 9, 10], "filter": f32[3, 1, 3, 3]}, outputs={"out": "float32"}, attrs={"strides": [2, 2], "paddings": [0, 0], "padding_algorithm": "SAME", "groups": 3, "dilations": [2, 2], "data_format": "NCHW"}, expect=lambda x, w: convolved(np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 1)]), w, np.zeros(3, "float32"), 2, 0, 1, 3))
raw("depthwise_conv3d_bias", "depthwise_conv3d_bias", inputs={"input": f32["b", 2, 6, 7, 8], "filter": f32[4, 1, 3, 3, 3], "bias": f32[4]}, outputs={"out": "float32"}, attrs={"strides": [2, 2, 2], "paddings": [1, 1, 1], "padding_algorithm": "EXPLICIT", "groups": 2, "dilations": [1, 1, 1], "data_format": "NCDHW"}, expect=lambda x, w, v: convolved(x, w, v, 2, 1, 1, 2))
case("conv2d_transpose_bias", lambda x, w, v: paddle._C_ops.conv2d_transpose_bias(x, w, v, [2, 2], [1, 1], [], [], "EXPLICIT", 1, [1, 1], "NCHW"), x=f32["b", 3, 5, "w"], w=f32[3, 4, 3, 3], v=f32[4], expect=lambda x, w, v: transposed(x, w, v, 2, 1, 1), paddle_cannot={"pdmodel": "conv2d_transpose_bias as a function came with Paddle 3"})
case("conv2d_transpose_bias_groups", lambda x, w, v: paddle._C_ops.conv2d_transpose_bias(x, w, v, [1, 1], [0, 0], [], [], "EXPLICIT", 2, [1, 1], "NCHW"), x=f32["b", 4, 5, "w"], w=f32[4, 3, 2, 3], v=f32[6], expect=lambda x, w, v: transposed(x, w, v, 1, 0, 2), paddle_cannot={"pdmodel": "conv2d_transpose_bias as a function came with Paddle 3"})

# --- how they meet: formats, paddings, sizes, NaN and infinities
case("conv2d_same_kernel_below_stride", nn.Conv2D(3, 4, 2, stride=3, padding="SAME"), x=f32["b", 3, "h", "w"])
case("conv2d_nhwc_same_dilation", nn.Conv2D(3, 4, 3, dilation=2, padding="SAME", data_format="NHWC"), x=f32["b", "h", "w", 3])
case("conv2d_nhwc_groups", nn.Conv2D(4, 6, 3, groups=2, data_format="NHWC"), x=f32["b", "h", "w", 4])
case("conv2d_nhwc_depthwise", nn.Conv2D(4, 4, 3, padding=1, groups=4, data_format="NHWC"), x=f32["b", "h", "w", 4])
case("conv2d_padding_replicate", nn.Conv2D(3, 4, 3, padding=1, padding_mode="replicate"), x=f32["b", 3, "h", "w"])
case("conv2d_nhwc_padding_reflect", nn.Conv2D(3, 4, 3, padding=1, padding_mode="reflect", data_format="NHWC"), x=f32["b", "h", "w", 3])
case("conv1d_nlc_same", nn.Conv1D(3, 4, 4, stride=2, padding="SAME", data_format="NLC"), x=f32["b", "n", 3])
case("conv1d_f64", lambda x, w: F.conv1d(x, w, padding=1), x=f64["b", 3, "n"], w=f64[4, 3, 3])
case("conv3d_f64", lambda x, w: F.conv3d(x, w, padding=1), x=f64["b", 2, 4, 5, 6], w=f64[4, 2, 3, 3, 3])
case("conv3d_ndhwc_same", nn.Conv3D(2, 4, 3, stride=2, padding="SAME", data_format="NDHWC"), x=f32["b", "d", "h", "w", 2])
case("conv2d_transpose_f64", lambda x, w: F.conv2d_transpose(x, w, stride=2), x=f64["b", 3, "h", "w"], w=f64[3, 4, 3, 3])
case("conv2d_transpose_filter_input", lambda x, w, v: F.conv2d_transpose(x, w, v, stride=2), x=f32["b", 3, "h", "w"], w=f32[3, 4, 3, 3], v=f32[4])
case("conv2d_transpose_tblr_output_padding", nn.Conv2DTranspose(3, 4, 3, stride=3, padding=[0, 1, 2, 1], output_padding=[1, 2]), x=f32["b", 3, "h", "w"])
case("conv2d_transpose_tblr_output_size", lambda net, x: net(x, output_size=[15, 17]), layer=lambda: nn.Conv2DTranspose(3, 4, 4, stride=3, padding=[0, 1, 2, 1]), x=f32["b", 3, 5, 6])
case("conv2d_transpose_nhwc_output_size", lambda net, x: net(x, output_size=[12, 13]), layer=lambda: nn.Conv2DTranspose(3, 4, 3, stride=2, data_format="NHWC"), x=f32["b", 5, 6, 3])
case("conv2d_transpose_nhwc_groups", nn.Conv2DTranspose(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, data_format="NHWC"), x=f32["b", "h", "w", 4])
case("conv2d_transpose_same_dilation", nn.Conv2DTranspose(3, 4, 3, stride=2, dilation=2, padding="SAME"), x=f32["b", 3, 5, 8])
case("conv2d_transpose_nhwc_same", nn.Conv2DTranspose(3, 4, 4, stride=2, padding="SAME", data_format="NHWC"), x=f32["b", 5, 8, 3])
case("conv2d_transpose_padding_pairs", nn.Conv2DTranspose(3, 4, 4, stride=2, padding=[[0, 0], [0, 0], [1, 0], [2, 1]]), x=f32["b", 3, "h", "w"])
case("conv2d_transpose_kernel_below_stride", nn.Conv2DTranspose(3, 4, 1, stride=3), x=f32["b", 3, "h", "w"])
case("conv2d_transpose_depthwise_multiplier", nn.Conv2DTranspose(4, 8, 3, stride=2, groups=4), x=f32["b", 4, "h", "w"])
case("conv2d_transpose_same_one_stride", nn.Conv2DTranspose(1, 1, [3, 4], stride=[1, 2], padding="SAME"), opset=10, x=f32["b", 1, "h", "w"])
case("conv2d_transpose_same_one_dynamic", nn.Conv2DTranspose(2, 1, 4, stride=2, padding="SAME"), opset=10, x=f32["b", 2, 7, "w"])

# phi/kernels/gpu/correlation_kernel.cu
def correlate(x, y, pad, kernel, reach, stride1, stride2):
    x, y = [np.pad(v, [(0, 0), (0, 0), (pad, pad), (pad, pad)]) for v in (x, y)]
    radius, steps = kernel // 2, reach // stride2
    height, width = [-(-(n - 2 * (radius + reach)) // stride1) for n in x.shape[2:]]
    out = np.zeros((len(x), (2 * steps + 1) ** 2, height, width), "float32")
    for c in range(out.shape[1]):
        down, right = [(i - steps) * stride2 for i in divmod(c, 2 * steps + 1)]
        for i in range(height):
            for j in range(width):
                a, b = i * stride1 + reach - radius, j * stride1 + reach - radius
                window = x[:, :, a:a + kernel, b:b + kernel] * y[:, :, a + down:a + down + kernel, b + right:b + right + kernel]
                out[:, c, i, j] = window.mean((1, 2, 3))
    return out


raw("correlation", "correlation", inputs={"Input1": f32["b", 3, 8, 9], "Input2": f32["b", 3, 8, 9]}, outputs={"Output": "float32"}, attrs={"pad_size": 4, "kernel_size": 1, "max_displacement": 4, "stride1": 1, "stride2": 1, "corr_type_multiply": 1}, expect=lambda x, y: correlate(x, y, 4, 1, 4, 1, 1))
raw("correlation_strides", "correlation", inputs={"Input1": f32["b", 3, "h", "w"], "Input2": f32["b", 3, "h", "w"]}, outputs={"Output": "float32"}, attrs={"pad_size": 5, "kernel_size": 3, "max_displacement": 5, "stride1": 2, "stride2": 2, "corr_type_multiply": 1}, expect=lambda x, y: correlate(x, y, 5, 3, 5, 2, 2))
