"""A few networks of the other tables, which CI runs."""
import paddle
import paddle.nn as nn
from dsl import *
from zoo import packages

B = packages.paddleclas()
S = packages.paddleseg()
T = packages.paddlenlp()

IMAGE = f32["b", 3, "h", "w"]
SIZES = [{"b": 1, "h": 64, "w": 64}, {"b": 2, "h": 64, "w": 96}]
BATCH = {"b": 4, "h": 64, "w": 64}


class Exported(nn.Layer):
    """What paddleseg exports: the first of a network's results, as scores and as the class of each pixel."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        scores = self.net(image)[0]
        return scores, paddle.argmax(scores, axis=1, dtype="int32")


def ernie():
    return T.ErnieModel(T.ErnieConfig(vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64))


case("pp_lcnet", layer=lambda: B.PPLCNet_x0_25(class_num=10), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("mobilenet_v3_fixed", layer=lambda: B.MobileNetV3_small_x0_35(class_num=10), image=f32["b", 3, 64, 64], sizes=[{"b": 1}, {"b": 2}], calibrate={"b": 4})
case("pp_liteseg", layer=lambda: Exported(S.PPLiteSeg(4, S.backbones.STDC1())), image=IMAGE, sizes=SIZES, calibrate=BATCH)
case("ernie", layer=ernie, words=i64["b", "t"].ints(1, 50), sizes=[{"b": 1, "t": 7}, {"b": 3, "t": 12}])
