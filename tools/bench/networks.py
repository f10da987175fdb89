"""Exports networks with the Paddle of this interpreter: 2.6 writes .pdmodel, 3 writes PIR .json. Run by tools/bench.py.

    python networks.py FOLDER [NAME...]
"""
import contextlib
import io
import os
import pathlib
import sys

os.environ.setdefault("GLOG_minloglevel", "3")
import paddle
from paddle import nn
from paddle.vision import models


class Encoder(nn.Layer):
    """An encoder of BERT-base's size: 12 layers, 768 wide, 12 heads, over the sum of word, position and type embeddings."""

    def __init__(self, words=30522, width=768, heads=12, depth=12, length=512):
        super().__init__()
        self.words, self.positions, self.types = nn.Embedding(words, width), nn.Embedding(length, width), nn.Embedding(2, width)
        self.norm = nn.LayerNorm(width)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(width, heads, 4 * width, activation="gelu"), depth)
        self.pooler = nn.Linear(width, width)

    def forward(self, tokens, types):
        positions = paddle.arange(128, dtype="int64")
        x = self.norm(self.words(tokens) + self.positions(positions) + self.types(types))
        x = self.encoder(x)
        return x, paddle.tanh(self.pooler(x[:, 0]))


class VisionTransformer(nn.Layer):
    """ViT-B/16."""

    def __init__(self, image=224, patch=16, width=768, heads=12, depth=12, classes=1000):
        super().__init__()
        self.patches = nn.Conv2D(3, width, patch, stride=patch)
        self.token = self.create_parameter([1, 1, width])
        self.positions = self.create_parameter([1, (image // patch) ** 2 + 1, width])
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, activation="gelu", normalize_before=True)
        self.encoder = nn.TransformerEncoder(layer, depth, nn.LayerNorm(width))
        self.head = nn.Linear(width, classes)

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose([0, 2, 1])
        token = self.token.expand([paddle.shape(image)[0], -1, -1])
        return self.head(self.encoder(paddle.concat([token, x], axis=1) + self.positions)[:, 0])


def image(channels, size):
    return [paddle.static.InputSpec([None, channels, size, size], "float32", "image")]


NETWORKS = {
    "lenet": (models.LeNet, image(1, 28)),
    "mobilenet_v3_small": (models.mobilenet_v3_small, image(3, 224)),
    "resnet50": (models.resnet50, image(3, 224)),
    "resnet152": (models.resnet152, image(3, 224)),
    "vit_b_16": (VisionTransformer, image(3, 224)),
    "bert_base": (Encoder, [paddle.static.InputSpec([None, 128], "int64", name) for name in ("tokens", "types")]),
}


def main():
    root = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or NETWORKS:
        folder = root / name
        if (folder / "inference.pdiparams").exists():
            continue
        network, specs = NETWORKS[name]
        paddle.seed(1)
        with contextlib.redirect_stdout(io.StringIO()):
            layer = network()
            layer.eval()
            paddle.jit.save(layer, str(folder / "inference"), input_spec=specs)


if __name__ == "__main__":
    main()
