"""Writes `optimised`: a network behind Paddle 2.6's optimiser for oneDNN. `python3 write_optimised.py` in Paddle 2.6 renews it."""
import pathlib
import shutil
import tempfile

import numpy as np
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from paddle import inference

FOLDER = pathlib.Path(__file__).parent / "optimised"


class Network(nn.Layer):
    """A residual block, activations of all kinds, and attention: each is joined in its own way."""

    def __init__(self):
        super().__init__()
        self.convs = nn.LayerList([nn.Conv2D(3 if i == 0 else 4, 4, 3 if i < 2 else 1, padding=1 if i < 2 else 0) for i in range(6)])
        self.norms = nn.LayerList([nn.BatchNorm2D(4) for _ in range(2)])
        self.query, self.key, self.out = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)
        self.norm = nn.LayerNorm(4)

    def heads(self, x):
        return paddle.transpose(paddle.reshape(x, [0, 0, 2, 2]), [0, 2, 1, 3])

    def forward(self, x):
        x = F.relu(self.norms[0](self.convs[0](x)))
        x = F.relu(x + self.norms[1](self.convs[1](x)))
        x = F.hardswish(F.softplus(self.convs[2](x)))
        x = F.leaky_relu(self.convs[3](x))
        x = F.swish(self.convs[4](x))
        x = F.gelu(self.convs[5](x))
        x = self.norm(paddle.transpose(paddle.reshape(x, [0, 4, -1]), [0, 2, 1]))
        query, key = self.heads(self.query(x)), self.heads(self.key(x))
        seen = paddle.matmul(F.softmax(paddle.matmul(query, key, transpose_y=True) * 0.5), key)
        seen = paddle.reshape(paddle.transpose(seen, [0, 2, 1, 3]), [0, 0, 4])
        return F.relu(self.out(F.tanh(F.softplus(F.relu(x * F.sigmoid(x + seen))).mean(1))))


paddle.seed(1)
network = Network()
rng = np.random.RandomState(1)
for name, tensor in network.state_dict().items():
    spread = rng.uniform(0.5, 1.5, tensor.shape) if "variance" in name else rng.standard_normal(tensor.shape) * 0.5
    tensor.set_value(spread.astype("float32"))
network.eval()
with tempfile.TemporaryDirectory() as work:
    paddle.jit.save(network, work + "/plain", input_spec=[paddle.static.InputSpec([None, 3, 8, 8], "float32", "x")])
    config = inference.Config(work + "/plain.pdmodel", work + "/plain.pdiparams")
    config.disable_gpu()
    config.enable_mkldnn()
    config.set_optim_cache_dir(work)
    config.enable_save_optim_model(True)
    inference.create_predictor(config)
    FOLDER.mkdir(exist_ok=True)
    shutil.copy(work + "/_optimized.pdiparams", FOLDER / "inference.pdiparams")
    paddle.enable_static()
    program = paddle.static.Program.parse_from_string(pathlib.Path(work, "_optimized.pdmodel").read_bytes())
    for op in program.global_block().ops:  # where the lines of this file were on the disk is nobody's business
        op.desc.remove_attr("op_callstack")
    (FOLDER / "inference.pdmodel").write_bytes(program.desc.serialize_to_string())
