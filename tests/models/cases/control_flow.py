"""Networks that loop at run time: decoders that feed themselves, search, loops that end early."""
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *


class AttentionCell(nn.Layer):
    """Bahdanau's attention over an image's columns, then a GRU step (the head of SAR, SLANet and RARE)."""

    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.i2h, self.h2h = nn.Linear(channels, hidden, bias_attr=False), nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1, bias_attr=False)
        self.rnn = nn.GRUCell(channels + classes, hidden)

    def forward(self, hidden, features, onehot):
        energy = self.score(paddle.tanh(self.i2h(features) + self.h2h(hidden).unsqueeze(1)))
        alpha = F.softmax(energy, axis=1).transpose([0, 2, 1])
        context = paddle.squeeze(paddle.matmul(alpha, features), axis=1)
        return self.rnn(paddle.concat([context, onehot], 1), hidden)[1], alpha


class GreedyDecoder(nn.Layer):
    """Appends one step per turn to its outputs; ends when every sequence has reached the end, or at the limit."""

    def __init__(self, channels=6, hidden=8, classes=10, end=0, limit=12):
        super().__init__()
        self.cell, self.head = AttentionCell(channels, hidden, classes), nn.Linear(hidden, classes)
        self.hidden, self.classes, self.end, self.limit = hidden, classes, end, limit

    def forward(self, features):
        batch = paddle.shape(features)[0]
        hidden = paddle.zeros([batch, self.hidden])
        word = paddle.ones([batch], "int64")
        done = paddle.zeros([batch], "bool")
        probabilities = paddle.zeros([batch, 1, self.classes])
        step = paddle.zeros([], "int64")
        while step < self.limit:
            hidden, _ = self.cell(hidden, features, F.one_hot(word, self.classes))
            scores = self.head(hidden)
            word = scores.argmax(-1)
            probabilities = paddle.concat([probabilities, F.softmax(scores, -1).unsqueeze(1)], 1)
            done = paddle.logical_or(done, word == self.end)
            step += 1
            if paddle.all(done):
                break
        return probabilities[:, 1:], step


class ListDecoder(GreedyDecoder):
    """The same with a Python list of the steps, as many as the input says."""

    def forward(self, features, steps):
        batch = paddle.shape(features)[0]
        hidden = paddle.zeros([batch, self.hidden])
        word = paddle.ones([batch], "int64")
        outputs = []
        for _ in range(steps):
            hidden, _ = self.cell(hidden, features, F.one_hot(word, self.classes))
            scores = self.head(hidden)
            word = scores.argmax(-1)
            outputs.append(scores)
        return paddle.stack(outputs, 1)


class TableDecoder(GreedyDecoder):
    """Writes each step into its place of tensors of full length, structure and boxes, as SLANet's head does."""

    def __init__(self):
        super().__init__()
        self.box = nn.Linear(8, 4)

    def forward(self, features):
        batch = paddle.shape(features)[0]
        hidden = paddle.zeros([batch, self.hidden])
        word = paddle.zeros([batch], "int64")
        structure = paddle.zeros([batch, self.limit + 1, self.classes])
        boxes = paddle.zeros([batch, self.limit + 1, 4])
        step = paddle.zeros([], "int64")
        while step < self.limit + 1:
            hidden, _ = self.cell(hidden, features, F.one_hot(word, self.classes))
            scores = self.head(hidden)
            structure[:, step, :] = scores
            boxes[:, step, :] = F.sigmoid(self.box(hidden))
            word = scores.argmax(-1)
            step += 1
        return F.softmax(structure, -1), boxes


class BeamDecoder(nn.Layer):
    """Beam search: the best k continuations of k hypotheses, their histories gathered along at every step."""

    def __init__(self, hidden=8, classes=11, beams=3, end=1, limit=9):
        super().__init__()
        self.embedding, self.cell, self.head = nn.Embedding(classes, hidden), nn.GRUCell(hidden, hidden), nn.Linear(hidden, classes)
        self.hidden, self.classes, self.beams, self.end, self.limit = hidden, classes, beams, end, limit

    def forward(self, state):
        k, classes = self.beams, self.classes
        batch = paddle.shape(state)[0]
        state = paddle.reshape(paddle.tile(state.unsqueeze(1), [1, k, 1]), [-1, self.hidden])
        word = paddle.zeros([batch, k], "int64")
        history = paddle.zeros([batch, k, 1], "int64")
        first = paddle.to_tensor([0.0] + [-1e9] * (k - 1))
        total = paddle.zeros([batch, k]) + first
        finished = paddle.zeros([batch, k], "bool")
        # After the end only the end follows, at no cost.
        closed = paddle.to_tensor([-1e9] * self.end + [0.0] + [-1e9] * (classes - self.end - 1))
        step = paddle.zeros([], "int64")
        while step < self.limit and not paddle.all(finished):
            _, state = self.cell(self.embedding(paddle.reshape(word, [-1])), state)
            scores = paddle.reshape(F.log_softmax(self.head(state), -1), [-1, k, classes])
            scores = paddle.where(finished.unsqueeze(-1), closed, scores) + total.unsqueeze(-1)
            total, index = paddle.topk(paddle.reshape(scores, [-1, k * classes]), k, axis=1)
            parent, word = index // classes, index % classes
            rows = paddle.reshape(parent + paddle.arange(0, batch, dtype="int64").unsqueeze(1) * k, [-1])
            state = paddle.gather(state, rows)
            history = paddle.reshape(paddle.gather(paddle.reshape(history, [batch * k, -1]), rows), [batch, k, -1])
            history = paddle.concat([history, word.unsqueeze(-1)], -1)
            finished = paddle.logical_or(paddle.reshape(paddle.gather(paddle.reshape(finished, [-1]).astype("int64"), rows), [-1, k]).astype("bool"), word == self.end)
            step += 1
        return history[:, :, 1:], total


class Pyramid(nn.Layer):
    """Halves an image until it is small enough; convolves what is left, in one way or another by its size."""

    def __init__(self):
        super().__init__()
        self.small, self.large = nn.Conv2D(3, 4, 3, padding=1), nn.Conv2D(3, 4, 5, stride=2, padding=2)

    def forward(self, x):
        while paddle.shape(x)[2] > 16:
            x = F.avg_pool2d(x, 2)
        if paddle.shape(x)[2] > 9:
            y = self.large(x)
        else:
            y = self.small(x)
        return F.relu(y)


class AdaptiveDepth(nn.Layer):
    """Applies its block again and again, each row of the batch until it has halted."""

    def __init__(self, size=8):
        super().__init__()
        self.block, self.halt = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.LayerNorm(size)), nn.Linear(size, 1)

    def forward(self, x):
        remaining = paddle.ones([paddle.shape(x)[0], 1])
        out = paddle.zeros_like(x)
        for step in range(paddle.to_tensor(8)):
            x = self.block(x)
            p = F.sigmoid(self.halt(x))
            if step % 2 == 1:
                continue
            out += remaining * p * x
            remaining = remaining * (1 - p)
            if remaining.max() < 0.05:
                break
        return out, remaining


FEATURES = f32["b", "columns", 6]
case("greedy_attention", layer=GreedyDecoder, features=FEATURES)
case("greedy_attention_list", layer=ListDecoder, features=FEATURES, steps=i64_value(5), sizes=[{}], opset=13)
case("table_structure", layer=TableDecoder, features=FEATURES)
case("beam_search", layer=BeamDecoder, state=f32["b", 8])
case("pyramid", layer=Pyramid, x=f32["b", 3, "h", "w"], sizes=[{"h": 64, "w": 40}, {"h": 12, "w": 9}, {"h": 32, "w": 8}, {"h": 9, "w": 9}])
case("adaptive_depth", layer=AdaptiveDepth, x=f32["b", 8])
