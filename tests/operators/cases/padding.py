"""Paddings of every mode, rank and format."""
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *

case("pad2d_constant", nn.Pad2D([1, 2, 3, 0], value=0.5), x=f32["b", 3, "h", "w"])
case("pad2d_reflect", nn.Pad2D([1, 2, 3, 0], mode="reflect"), x=f32["b", 3, "h", "w"])
case("pad2d_replicate", nn.Pad2D([1, 2, 3, 0], mode="replicate"), x=f32["b", 3, "h", "w"])
case("pad2d_circular", nn.Pad2D([1, 2, 3, 0], mode="circular"), x=f32["b", 3, "h", "w"])
case("pad2d_nhwc", nn.Pad2D([1, 2, 3, 0], data_format="NHWC"), x=f32["b", "h", "w", 3])
case("pad2d_circular_nhwc", nn.Pad2D([1, 2, 3, 0], mode="circular", data_format="NHWC"), x=f32["b", "h", "w", 3])
case("pad1d_constant", nn.Pad1D([1, 2], value=-1.0), x=f32["b", 3, "n"])
case("pad1d_reflect", nn.Pad1D([1, 2], mode="reflect"), x=f32["b", 3, "n"])
case("pad1d_replicate_nlc", nn.Pad1D([1, 2], mode="replicate", data_format="NLC"), x=f32["b", "n", 3])
case("pad1d_circular", nn.Pad1D([3, 2], mode="circular"), x=f32["b", 3, "n"])
case("pad3d_constant", nn.Pad3D([1, 2, 0, 1, 2, 0]), x=f32["b", 2, "d", "h", "w"])
case("pad3d_reflect", nn.Pad3D([1, 2, 0, 1, 2, 0], mode="reflect"), x=f32["b", 2, "d", "h", "w"])
case("pad3d_replicate_ndhwc", nn.Pad3D([1, 2, 0, 1, 2, 0], mode="replicate", data_format="NDHWC"),
     x=f32["b", "d", "h", "w", 2])
case("pad3d_circular", nn.Pad3D([1, 2, 0, 1, 2, 0], mode="circular"), x=f32["b", 2, "d", "h", "w"])
case("pad2d_i32", lambda x: F.pad(x, [1, 2, 3, 0], value=7), x=i32["b", 3, "h", "w"])
case("pad2d_i64", lambda x: F.pad(x, [1, 2, 3, 0], value=7), x=i64["b", 3, "h", "w"], opset=11)
case("pad2d_f64", lambda x: F.pad(x, [1, 2, 3, 0], mode="reflect"), x=f64["b", 3, "h", "w"])
case("pad2d_tensor", lambda x, p: F.pad(x, p, value=2.0), x=f32["b", 3, "h", "w"], p=i32_value([1, 2, 3, 0], [0, 1, 2, 3]),
     opset=11)
case("pad2d_tensor_reflect", lambda x, p: F.pad(x, p, mode="reflect"), x=f32["b", 3, "h", "w"],
     p=i32_value([1, 2, 3, 0], [0, 1, 2, 3]), opset=11)
case("pad2d_tensor_circular", lambda x, p: F.pad(x, p, mode="circular"), x=f32["b", 3, "h", "w"],
     p=i32_value([1, 2, 3, 0], [0, 1, 2, 3]), opset=19)
case("pad1d_tensor_nlc", lambda x, p: F.pad(x, p, mode="replicate", data_format="NLC"), x=f32["b", "n", 3],
     p=i32_value([1, 2], [3, 0]), opset=11)
case("zero_pad2d", nn.ZeroPad2D([1, 0, 2, 3]), x=f32["b", 3, "h", "w"])
case("pad_all_axes", lambda x: F.pad(x, [0, 1, 2, 0, 1, 1], value=3.0), x=f32["b", 3, "n"])
case("pad_rank1", lambda x: F.pad(x, [2, 3], value=3.0), x=f32["n"])
case("pad_rank6", lambda x: F.pad(x, [0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 1, 1]), x=f32["b", 2, 1, "n", 2, 3])
case("pad_i64", lambda x: F.pad(x, [0, 1, 2, 0], value=3), x=i64["b", 3], opset=11)
case("pad_f64", lambda x: F.pad(x, [0, 1, 2, 0], value=0.1), x=f64["b", 3])
case("pad_value_tensor", lambda x, v: F.pad(x, [0, 1, 2, 0], value=v), x=f32["b", 3], v=f32_value([2.5]), opset=11)
raw("raw_pad2d", "pad2d", inputs={"X": f32["b", 3, "h", "w"]}, outputs={"Out": "float32"},
    attrs={"paddings": [1, 2, 3, 0], "mode": "constant", "pad_value": 1.5},
    expect=lambda X: np.pad(X, [(0, 0), (0, 0), (1, 2), (3, 0)], constant_values=1.5), paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_pad2d_edge_nhwc", "pad2d", inputs={"X": f32["b", "h", "w", 3]}, outputs={"Out": "float32"},
    attrs={"paddings": [1, 2, 3, 0], "mode": "edge", "data_format": "NHWC"},
    expect=lambda X: np.pad(X, [(0, 0), (1, 2), (3, 0), (0, 0)], "edge"), paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_pad2d_reflect", "pad2d", inputs={"X": f32["b", 3, "h", "w"]}, outputs={"Out": "float32"},
    attrs={"paddings": [1, 2, 3, 0], "mode": "reflect"},
    expect=lambda X: np.pad(X, [(0, 0), (0, 0), (1, 2), (3, 0)], "reflect"), paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_pad2d_tensor", "pad2d", inputs={"X": f32["b", 3, "h", "w"], "Paddings": i32_value([1, 2, 3, 0], [2, 0, 1, 1])},
    outputs={"Out": "float32"}, attrs={"paddings": [0, 0, 0, 0], "mode": "constant"}, opset=11,
    expect=lambda X, Paddings: np.pad(X, [(0, 0), (0, 0), tuple(Paddings[:2]), tuple(Paddings[2:])]), paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_pad3d", "pad3d", inputs={"X": f32["b", 2, "d", "h", "w"]}, outputs={"Out": "float32"},
    attrs={"paddings": [1, 2, 3, 0, 0, 1], "mode": "constant", "value": 1.5})

# --- how they meet: formats, paddings, sizes, NaN and infinities
case("pad2d_replicate_f64", lambda x: F.pad(x, [1, 2, 3, 0], mode="replicate"), x=f64["b", 3, "h", "w"])
case("pad2d_negative", lambda x: F.pad(x, [-1, 2, 0, -1], value=1.0), x=f32["b", 3, 8, 9])
case("pad3d_replicate", lambda x: F.pad(x, [1, 2, 0, 1, 2, 0], mode="replicate", data_format="NCDHW"), x=f32["b", 2, 3, 4, 5])
