"""Trains and exports the models of this folder.

    train.py [lenet_digits] [lstm_reviews]

In the environment tools/requirements/train.txt (Paddle 2.6) it trains and writes NAME. In tools/requirements/paddle3.txt it writes
NAME_pir, the same network with the weights of NAME as Paddle 3 saves it. Every number comes from seeds, so that a second
run gives the same files.
"""
import itertools
import json
import os
import pathlib
import random
import sys

os.environ.setdefault("GLOG_minloglevel", "3")

import numpy as np
import paddle
import paddle.nn as nn
import paddle.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
from harness import paddle_side  # noqa: E402


class LeNet(nn.Layer):
    """LeNet-5's shape on 8 × 8 pixels."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2D(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2D(2, 2),
            nn.Conv2D(6, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2D(2, 2),
        )  # fmt: skip
        self.classifier = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 10))

    def forward(self, image):
        return F.softmax(self.classifier(paddle.flatten(self.features(image), 1)))


class ReviewClassifier(nn.Layer):
    """Word vectors, a bidirectional LSTM that stops at each sentence's own length, and its two last states."""

    def __init__(self, words):
        super().__init__()
        self.embedding = nn.Embedding(words, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 24, direction="bidirect")
        self.classifier = nn.Linear(48, 2)

    def forward(self, words, lengths):
        _, (last, _) = self.lstm(self.embedding(words), sequence_length=lengths)
        return F.softmax(self.classifier(paddle.concat([last[0], last[1]], axis=1)))


def train(net, batches, epochs, rate):
    """`batches(epoch)` yields (inputs, labels)."""
    optimizer = paddle.optimizer.Adam(rate, parameters=net.parameters())
    net.train()
    for epoch in range(epochs):
        for inputs, labels in batches(epoch):
            # The networks end in a softmax, as an inference model does.
            loss = F.nll_loss(paddle.log(net(*map(paddle.to_tensor, inputs)) + 1e-9), paddle.to_tensor(labels))
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
    net.eval()


SPECS = {
    "lenet_digits": [("image", [None, 1, 8, 8], "float32")],
    "lstm_reviews": [("words", [None, None], "int64"), ("lengths", [None], "int64")],
}


def shuffled(arrays, labels, size, epoch):
    order = np.random.default_rng(epoch).permutation(len(labels))
    for start in range(0, len(order), size):
        take = order[start : start + size]
        yield [a[take] for a in arrays], labels[take]


def without_paths(file):
    """op_callstack quotes the Python files that built an operator, with this machine's folders: keeps the model's own lines."""
    from paddle.base.proto import framework_pb2

    program = framework_pb2.ProgramDesc.FromString(file.read_bytes())
    for op in itertools.chain.from_iterable(block.ops for block in program.blocks):
        for attr in op.attrs:
            if attr.name != "op_callstack":
                continue
            frames = list(zip(attr.strings[::2], attr.strings[1::2]))
            own = [(where, code) for where, code in frames if "train.py" in where and where.endswith("in forward")]
            del attr.strings[:]
            for where, code in own:
                attr.strings.extend(['  File "models/train.py"' + where.split('"', 2)[2], code])
    file.write_bytes(program.SerializeToString(deterministic=True))


def export(name, net, inputs, about):
    """Saves a network with its recorded inputs and outputs; with Paddle 3 under its own name, with the weights of NAME."""
    folder = HERE / name
    if paddle_side.FORMAT == "pir":
        weights = paddle_side.older_weights(folder)
        for parameter in net.state_dict().values():
            parameter.set_value(weights[parameter.name])
        folder = HERE / f"{name}_pir"
    folder.mkdir(exist_ok=True)
    paddle_side.save_layer(net, SPECS[name], str(folder))
    if paddle_side.FORMAT == "pdmodel":
        without_paths(folder / "inference.pdmodel")
    described, [(feeds, results)] = paddle_side.run_exported(str(folder), [inputs])
    np.savez_compressed(folder / "inputs.npz", **{i["name"]: a for i, a in zip(described["inputs"], feeds)})
    np.savez_compressed(folder / "outputs.npz", **{o["name"]: a for o, a in zip(described["outputs"], results)})
    (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n")
    right = float((results[0].argmax(1) == about["labels"]).mean())
    print(f"{folder.name}: {right:.1%} of {len(about['labels'])} recorded inputs right")


def trained(name):
    """What export() wants of a model that Paddle 2.6 wrote, but for the weights."""
    about = json.loads((HERE / name / "about.json").read_text())
    net = LeNet() if name == "lenet_digits" else ReviewClassifier(len(about["vocabulary"]))
    return net, dict(np.load(HERE / name / "inputs.npz")), about


def lenet_digits():
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images / 16).astype("float32")[:, None]
    labels = digits.target.astype("int64")
    held_out = np.random.default_rng(0).permutation(len(labels))[:64]
    rest = np.setdiff1d(np.arange(len(labels)), held_out)
    net = LeNet()
    train(net, lambda epoch: shuffled([images[rest]], labels[rest], 64, epoch), 30, 2e-3)
    about = {"classes": [str(i) for i in range(10)], "task": "handwritten digits, 8 x 8 pixels", "labels": labels[held_out].tolist()}
    return net, {"image": images[held_out]}, about


GOOD = "good great wonderful moving funny clever beautiful brilliant".split()
BAD = "bad dull boring awful silly clumsy ugly terrible".split()
THINGS = "film plot music acting ending dialogue camera story".split()
DEGREES = ["", "", "", "very", "really", "rather", "so"]
FRAMES = ["the {t} was {j}", "i found the {t} {j}", "its {t} seemed {j}", "we all thought the {t} was {j}"]


def review(rng):
    """One or two clauses about a film. 'not' turns a clause round, and what follows 'but' decides."""
    clauses, verdict = [], 0
    for _ in range(rng.choice([1, 1, 2])):
        good = rng.random() < 0.5
        judgement = [rng.choice(DEGREES), rng.choice(GOOD if good else BAD)]
        if rng.random() < 0.4:
            judgement.insert(0, "not")
            good = not good
        clauses.append(rng.choice(FRAMES).format(t=rng.choice(THINGS), j=" ".join(filter(None, judgement))))
        verdict = int(good)
    return " but ".join(clauses), verdict


def lstm_reviews():
    rng = random.Random(7)
    seen = dict(review(rng) for _ in range(6000))  # every sentence once
    sentences, labels = list(seen), np.array(list(seen.values()), "int64")
    vocabulary = ["<pad>", *sorted({w for s in sentences for w in s.split()})]
    number = {w: i for i, w in enumerate(vocabulary)}
    lengths = np.array([len(s.split()) for s in sentences], "int64")
    words = np.zeros((len(sentences), lengths.max()), "int64")
    for row, sentence in zip(words, sentences):
        row[: len(sentence.split())] = [number[w] for w in sentence.split()]
    held_out, rest = np.arange(32), np.arange(32, len(sentences))
    net = ReviewClassifier(len(vocabulary))
    train(net, lambda epoch: shuffled([words[rest], lengths[rest]], labels[rest], 64, epoch), 6, 5e-3)
    about = {"classes": ["negative", "positive"], "task": "film reviews of a small grammar", "vocabulary": vocabulary}
    about["labels"] = labels[held_out].tolist()
    return net, {"words": words[held_out], "lengths": lengths[held_out]}, about


if __name__ == "__main__":
    train_one = {"lenet_digits": lenet_digits, "lstm_reviews": lstm_reviews}
    for name in sys.argv[1:] or train_one:
        paddle.seed(1)
        with paddle.utils.unique_name.guard():
            export(name, *(trained(name) if paddle_side.FORMAT == "pir" else train_one[name]()))
