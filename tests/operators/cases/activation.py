import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *

case("relu", F.relu, x=f32["b", 3, "n"])
case("relu_rank0", F.relu, x=f32[()])
case("relu_f64", F.relu, x=f64["b", 3])
case("relu_infinite", F.relu, x=f32["b", 8].infinite())
case("leaky_relu_slope", lambda x: F.leaky_relu(x, 0.3), x=f32["b", 3, "n"])
case("prelu_channels", nn.PReLU(4), x=f32["b", 4, "h", "w"])
case("gelu", F.gelu, x=f32[2, 3, "n"], opset=9)
case("gelu_tanh", lambda x: F.gelu(x, approximate=True), x=f32[2, 3, "n"])
case("softmax_axis1", lambda x: F.softmax(x, axis=1), x=f32["b", 3, "n"])
case("softmax_last", nn.Softmax(), x=f32["b", 3, "n"])
case("log_softmax_axis0", lambda x: F.log_softmax(x, axis=0), x=f32["b", 3])
case("linear_relu", nn.Sequential(nn.Linear(4, 6), nn.ReLU()), x=f32["b", 4])

raw("raw_relu6", "relu6", inputs={"X": f32["b", 5].range(-3, 9)}, outputs={"Out": "float32"}, attrs={"threshold": 5.0})
