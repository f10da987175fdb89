"""Channels, places and time of images against each other: shuffles, windows as columns, maxout."""
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *

case("pixel_shuffle", nn.PixelShuffle(2), x=f32["b", 8, "h", "w"])
case("pixel_shuffle_nhwc", nn.PixelShuffle(3, data_format="NHWC"), x=f32["b", "h", "w", 18])
case("pixel_shuffle_f64", nn.PixelShuffle(2), x=f64["b", 8, 3, 4])
case("pixel_unshuffle", nn.PixelUnshuffle(2), x=f32["b", 3, 4, 6])
case("pixel_unshuffle_nhwc", nn.PixelUnshuffle(3, data_format="NHWC"), x=f32["b", 3, 6, 2])
case("channel_shuffle", nn.ChannelShuffle(3), x=f32["b", 6, "h", "w"])
case("channel_shuffle_nhwc", nn.ChannelShuffle(2, data_format="NHWC"), x=f32["b", "h", "w", 6])
raw("raw_shuffle_channel", "shuffle_channel", inputs={"X": f32["b", 6, "h", "w"]}, outputs={"Out": "float32"},
    attrs={"group": 2})
case("maxout", nn.Maxout(2), x=f32["b", 6, "h", "w"])
case("maxout_axis", nn.Maxout(3, axis=-1), x=f32["b", "h", "w", 6])
case("temporal_shift", lambda x: F.temporal_shift(x, 3, 0.2), x=f32["b", 10, "h", "w"], sizes=[{"b": 6}, {"b": 9}])
case("temporal_shift_channels", lambda x: F.temporal_shift(x, 3, 0.2), x=f32["b", "c", "h", "w"], sizes=[{"b": 6, "c": 10}, {"b": 9, "c": 4}], opset=10)
case("temporal_shift_nhwc", lambda x: F.temporal_shift(x, 2, data_format="NHWC"), x=f32[4, "h", "w", 8])
case("unfold", nn.Unfold(3), x=f32["b", 2, 6, 7])
case("unfold_full", nn.Unfold([3, 2], strides=[2, 1], paddings=[1, 2], dilations=[1, 2]), x=f32["b", 2, 6, 7])
case("unfold_tlbr", nn.Unfold(2, paddings=[0, 1, 2, 3]), x=f32["b", 2, 6, 7])
case("unfold_dynamic", nn.Unfold([3, 2], strides=[2, 3], paddings=1), x=f32["b", 2, "h", "w"], opset=11)
case("unfold_nonfinite", nn.Unfold(2), x=f32["b", 2, 6, 7].nonfinite())
case("fold", nn.Fold([5, 6], 2), x=f32["b", 12, 20], paddle_cannot={"pir": "fold wants a static batch"})
case("fold_full", nn.Fold([7, 8], [3, 2], strides=[2, 3], paddings=[1, 2], dilations=[1, 2]), x=f32["b", 12, 16], paddle_cannot={"pir": "fold wants a static batch"})
case("fold_tlbr", nn.Fold([4, 5], 2, strides=2, paddings=[1, 0, 1, 2]), x=f32["b", 8, 9],
     paddle_cannot={"pdmodel": "shape inference and kernel disagree on the number of windows", "pir": "fold wants a static batch"})
case("fold_f64", nn.Fold([5, 6], 2), x=f64["b", 12, 20], paddle_cannot={"pir": "fold wants a static batch"})
case("fold_fixed_batch", nn.Fold([7, 8], [3, 2], strides=[2, 3], paddings=[1, 2], dilations=[1, 2]), x=f32[2, 12, 16])
