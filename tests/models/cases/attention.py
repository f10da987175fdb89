"""Transformers: Paddle's own layers, and small ViT- and Swin-like networks."""
import paddle
import paddle.nn as nn
from dsl import *

X = f32["b", "n", 16]
MEMORY = f32["b", "m", 16]
MASK = f32["n", "n"].values([np.triu(np.full((n, n), -1e9), 1) for n in (5, 7)])


class Vit(nn.Layer):
    """Patches, a class token, learned positions, pre-norm blocks."""

    def __init__(self, image=32, patch=8, width=32, heads=4, depth=2):
        super().__init__()
        self.patches = nn.Conv2D(3, width, patch, stride=patch)
        self.token = self.create_parameter([1, 1, width])
        self.positions = self.create_parameter([1, (image // patch) ** 2 + 1, width])
        self.blocks = nn.LayerList([VitBlock(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, epsilon=1e-6)
        self.head = nn.Linear(width, 10)

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose([0, 2, 1])
        token = self.token.expand([paddle.shape(x)[0], -1, -1])
        x = paddle.concat([token, x], axis=1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


class VitBlock(nn.Layer):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        n, width = x.shape[1:]
        q, k, v = self.qkv(self.norm1(x)).reshape((-1, n, 3, self.heads, width // self.heads)).transpose((2, 0, 3, 1, 4))
        weights = nn.functional.softmax(q.matmul(k.transpose((0, 1, 3, 2))) * self.scale, axis=-1)
        x = x + self.out(weights.matmul(v).transpose((0, 2, 1, 3)).reshape((-1, n, width)))
        return x + self.mlp(self.norm2(x))


def windows(x, size):
    """[b, h, w, c] to [b × windows, size², c]."""
    b, h, w, c = x.shape
    x = x.reshape([-1, h // size, size, w // size, size, c]).transpose([0, 1, 3, 2, 4, 5])
    return x.reshape([-1, size * size, c])


class SwinBlock(nn.Layer):
    """Attention within windows, every second time shifted by half a window; a learned bias for each relative position."""

    def __init__(self, width, heads, resolution, window, shift):
        super().__init__()
        self.heads, self.resolution, self.window, self.shift = heads, resolution, window, shift
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.bias = self.create_parameter([(2 * window - 1) ** 2, heads])
        spot = np.stack(np.meshgrid(np.arange(window), np.arange(window), indexing="ij")).reshape(2, -1)
        apart = spot[:, :, None] - spot[:, None, :] + window - 1
        self.register_buffer("index", paddle.to_tensor((apart[0] * (2 * window - 1) + apart[1]).reshape(-1)))
        # A shifted window joins pieces of the image that are not neighbours: those must not see each other.
        region = np.zeros((resolution, resolution), "float32")
        if shift:
            cuts = [slice(0, -window), slice(-window, -shift), slice(-shift, None)]
            for i, rows in enumerate(cuts):
                for j, columns in enumerate(cuts):
                    region[rows, columns] = 3 * i + j
        region = windows(paddle.to_tensor(region[None, :, :, None]), window).squeeze(-1).numpy()
        self.register_buffer("mask", paddle.to_tensor(np.where(region[:, None] != region[:, :, None], -100.0, 0.0).astype("float32")))

    def forward(self, x):
        side, size, width = self.resolution, self.window, x.shape[-1]
        area, count = size * size, (side // size) ** 2
        y = self.norm1(x).reshape([-1, side, side, width])
        if self.shift:
            y = paddle.roll(y, shifts=(-self.shift, -self.shift), axis=(1, 2))
        y = windows(y, size)
        qkv = self.qkv(y).reshape([-1, area, 3, self.heads, width // self.heads]).transpose([2, 0, 3, 1, 4])
        scores = paddle.matmul(qkv[0] * (width // self.heads) ** -0.5, qkv[1], transpose_y=True)
        bias = paddle.index_select(self.bias, self.index).reshape([area, area, self.heads]).transpose([2, 0, 1])
        scores = scores + bias.unsqueeze(0)
        if self.shift:
            scores = scores.reshape([-1, count, self.heads, area, area]) + self.mask.unsqueeze(1).unsqueeze(0)
            scores = scores.reshape([-1, self.heads, area, area])
        y = paddle.matmul(nn.functional.softmax(scores), qkv[2]).transpose([0, 2, 1, 3]).reshape([-1, area, width])
        y = self.out(y).reshape([-1, side // size, side // size, size, size, width]).transpose([0, 1, 3, 2, 4, 5])
        y = y.reshape([-1, side, side, width])
        if self.shift:
            y = paddle.roll(y, shifts=(self.shift, self.shift), axis=(1, 2))
        x = x + y.reshape([-1, side * side, width])
        return x + self.mlp(self.norm2(x))


class Merge(nn.Layer):
    """Halves height and width: four neighbours become one position of twice the width."""

    def __init__(self, resolution, width):
        super().__init__()
        self.resolution = resolution
        self.norm, self.reduce = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias_attr=False)

    def forward(self, x):
        x = x.reshape([-1, self.resolution, self.resolution, x.shape[-1]])
        x = paddle.concat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], axis=-1)
        return self.reduce(self.norm(x.reshape([-1, (self.resolution // 2) ** 2, x.shape[-1]])))


class Swin(nn.Layer):
    def __init__(self, width=16):
        super().__init__()
        self.patches = nn.Conv2D(3, width, 2, stride=2)
        self.body = nn.Sequential(
            SwinBlock(width, 2, 16, 4, 0), SwinBlock(width, 2, 16, 4, 2), Merge(16, width),
            SwinBlock(2 * width, 4, 8, 4, 0), SwinBlock(2 * width, 4, 8, 4, 2), nn.LayerNorm(2 * width),
        )  # fmt: skip
        self.pool, self.head = nn.AdaptiveAvgPool1D(1), nn.Linear(2 * width, 10)

    def forward(self, image):
        x = self.body(self.patches(image).flatten(2).transpose([0, 2, 1]))
        return self.head(self.pool(x.transpose([0, 2, 1])).flatten(1))


def generate(net, x):
    """Two steps of decoding with the keys and values of earlier steps kept."""
    cache = net.gen_cache(x[:, :1])
    first, cache = net(x[:, :1], None, cache)
    second, cache = net(x[:, 1:2], None, cache)
    return first, second


case("multi_head_attention", lambda net, q, m: net(q, m, m), layer=lambda: nn.MultiHeadAttention(16, 4), q=X, m=MEMORY)
case("multi_head_attention_dims", lambda net, q, k, v: net(q, k, v), layer=lambda: nn.MultiHeadAttention(16, 4, kdim=8, vdim=12, need_weights=True), q=X, k=f32["b", "m", 8], v=f32["b", "m", 12])
case("multi_head_attention_mask", lambda net, x, mask: net(x, x, x, mask), layer=lambda: nn.MultiHeadAttention(16, 4), x=X, mask=MASK)
case("encoder", layer=lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32), 2), x=X)
case("encoder_pre_norm_gelu", layer=lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32, activation="gelu", normalize_before=True), 2, nn.LayerNorm(16)), x=X)
case("encoder_mask", lambda net, x, mask: net(x, mask), layer=lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32), 2), x=X, mask=MASK)
case("decoder", lambda net, x, m: net(x, m), layer=lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(16, 4, 32), 2), x=X, m=MEMORY)
case("transformer_mask", lambda net, s, t, mask: net(s, t, None, mask, None), layer=lambda: nn.Transformer(16, 4, 2, 2, 32), s=MEMORY, t=X, mask=MASK)
case("encoder_cache", generate, layer=lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 4, 32), 2), x=X)
case("vit", layer=Vit, image=f32["b", 3, 32, 32])
case("swin", layer=Swin, image=f32["b", 3, 32, 32])
