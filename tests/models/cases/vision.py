"""Every architecture of paddle.vision.models: seeded weights, statistics of a calibration pass, two batch and image sizes.

Heads are smaller than ImageNet's and VGG's fully connected layers are mostly left out, which saves gigabytes of weights that
add nothing to what is tested.
"""
import paddle.nn as nn
import paddle.vision.models as M
from dsl import *

IMAGE = f32["b", 3, "h", "w"]
FIXED = f32["b", 3, 224, 224]  # networks with a fully connected layer for one image size
SQUARE = f32["b", 3, 96, 96]  # Paddle's own reshape in the channel shuffle refuses a dynamic height and width
SMALL = [{"b": 2, "h": 64, "w": 64}, {"b": 3, "h": 96, "w": 80}]
LARGER = [{"b": 2, "h": 96, "w": 96}, {"b": 1, "h": 112, "w": 107}]
BATCH = {"b": 16, "h": 96, "w": 96}  # what the norm statistics are taken from
BATCHES = [{"b": 1}, {"b": 2}]


def light(net):
    """VGG with one small fully connected layer in place of three large ones."""
    net.classifier = nn.Sequential(nn.Linear(512 * 7 * 7, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10))
    return net


case("lenet", layer=M.LeNet, x=f32["b", 1, 28, 28])
case("alexnet", layer=lambda: M.alexnet(num_classes=10), x=FIXED, sizes=BATCHES)
case("vgg11", layer=lambda: light(M.vgg11()), x=IMAGE, sizes=SMALL)
case("vgg16", layer=lambda: M.vgg16(num_classes=10), x=IMAGE, sizes=SMALL)
case("vgg16_bn", layer=lambda: light(M.vgg16(batch_norm=True)), x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("resnet18", layer=M.resnet18, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("resnet50", layer=M.resnet50, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("resnet152", layer=M.resnet152, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("resnext50_32x4d", layer=M.resnext50_32x4d, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("wide_resnet50_2", layer=M.wide_resnet50_2, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("mobilenet_v1", layer=M.mobilenet_v1, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("mobilenet_v2", layer=M.mobilenet_v2, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("mobilenet_v3_small", layer=M.mobilenet_v3_small, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("mobilenet_v3_large", layer=M.mobilenet_v3_large, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("densenet121", layer=M.densenet121, x=IMAGE, sizes=SMALL, calibrate=BATCH)
case("inception_v3", layer=M.inception_v3, x=IMAGE, sizes=LARGER, calibrate={"b": 16, "h": 112, "w": 112})
case("googlenet", layer=M.googlenet, x=FIXED, sizes=BATCHES)
case("shufflenet_v2_x0_25", layer=M.shufflenet_v2_x0_25, x=SQUARE, sizes=BATCHES, calibrate=BATCH)
case("shufflenet_v2_swish", layer=M.shufflenet_v2_swish, x=SQUARE, sizes=BATCHES, calibrate=BATCH)
case("squeezenet1_0", layer=M.squeezenet1_0, x=IMAGE, sizes=SMALL)
case("squeezenet1_1", layer=M.squeezenet1_1, x=IMAGE, sizes=SMALL)
