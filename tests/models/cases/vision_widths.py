"""The other widths and depths of paddle.vision.models: the operators of vision.py's networks, in other numbers."""
import paddle.nn as nn
import paddle.vision.models as M
from dsl import *

IMAGE = f32["b", 3, "h", "w"]
SQUARE = f32["b", 3, 96, 96]  # as in vision.py: the channel shuffle refuses a dynamic height and width
SIZES = [{"b": 2, "h": 64, "w": 64}, {"b": 1, "h": 96, "w": 80}]
BATCH = {"b": 8, "h": 64, "w": 64}
BATCHES = [{"b": 1}, {"b": 2}]


def light(net):
    """VGG with one small fully connected layer in place of three large ones."""
    net.classifier = nn.Sequential(nn.Linear(512 * 7 * 7, 16), nn.ReLU())
    return net


case("vgg13", layer=lambda: light(M.vgg13()), x=IMAGE, sizes=SIZES)
case("vgg19", layer=lambda: light(M.vgg19()), x=IMAGE, sizes=SIZES)
case("resnet34", layer=M.resnet34, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("resnet101", layer=M.resnet101, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("resnext50_64x4d", layer=M.resnext50_64x4d, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("densenet161", layer=M.densenet161, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("densenet169", layer=M.densenet169, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("shufflenet_v2_x0_33", layer=M.shufflenet_v2_x0_33, x=SQUARE, sizes=BATCHES, calibrate={"b": 8})
case("shufflenet_v2_x0_5", layer=M.shufflenet_v2_x0_5, x=SQUARE, sizes=BATCHES, calibrate={"b": 8})
case("shufflenet_v2_x1_0", layer=M.shufflenet_v2_x1_0, x=SQUARE, sizes=BATCHES, calibrate={"b": 8})
case("shufflenet_v2_x1_5", layer=M.shufflenet_v2_x1_5, x=SQUARE, sizes=BATCHES, calibrate={"b": 8})
case("shufflenet_v2_x2_0", layer=M.shufflenet_v2_x2_0, x=SQUARE, sizes=BATCHES, calibrate={"b": 8})
case("wide_resnet101_2", layer=M.wide_resnet101_2, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("densenet201", layer=M.densenet201, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("densenet264", layer=M.densenet264, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("resnext101_32x4d", layer=M.resnext101_32x4d, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("resnext101_64x4d", layer=M.resnext101_64x4d, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("resnext152_32x4d", layer=M.resnext152_32x4d, x=IMAGE, sizes=SIZES, calibrate=BATCH)
case("resnext152_64x4d", layer=M.resnext152_64x4d, x=IMAGE, sizes=SIZES, calibrate=BATCH)
