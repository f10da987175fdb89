"""What a user does with Paddle and the package in one process: run by test_paddle.py in an environment with Paddle, one scenario each.

    python scenarios.py SCENARIO [ARGUMENT...]

in an empty folder, with the package on PYTHONPATH.
"""
import importlib
import os
import pathlib
import sys
import tempfile
import warnings


def compare(file, network, *inputs):
    """ONNX Runtime's results on the file are the network's own."""
    import numpy as np
    import onnxruntime
    import paddle

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    assert len(names) == len(inputs), names
    network.eval()
    expected = network(*map(paddle.to_tensor, inputs)).numpy()
    (found,) = session.run(None, dict(zip(names, inputs)))
    assert found.dtype == expected.dtype and found.shape == expected.shape, (found.dtype, found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def images(batch, *shape):
    import numpy as np

    return np.random.default_rng(7).random((batch, *shape), dtype="float32")


def lenet_and_spec():
    import paddle
    from paddle.static import InputSpec

    paddle.seed(3)
    return paddle.vision.models.LeNet(), [InputSpec([None, 1, 28, 28], "float32", "x")]


def paddle_onnx_export():
    """Paddle's own function, unchanged, as its documentation has it."""
    import onnx
    import paddle
    from paddle.static import InputSpec

    lenet = paddle.vision.models.LeNet()
    paddle.onnx.export(lenet, "onnx.save/lenet", input_spec=[InputSpec([None, 1, 28, 28], "float32", "x")], opset_version=11)
    for batch in (1, 5):
        compare("onnx.save/lenet.onnx", lenet, images(batch, 1, 28, 28))
    model = onnx.load("onnx.save/lenet.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 11)]
    assert [i.name for i in model.graph.input] == ["x"]
    assert [str(p) for p in pathlib.Path().rglob("*")] == ["onnx.save", "onnx.save/lenet.onnx"]


def any_order(*modules):
    """The four libraries in one process, imported in this order, each used."""
    for name in modules:
        importlib.import_module(name)
    paddle_onnx_export()


def no_paddle_until_it_is_needed():
    import paddle2onnx

    assert "paddle" not in sys.modules
    lenet, spec = lenet_and_spec()
    paddle2onnx.dygraph2onnx(lenet, "lenet.onnx", spec)
    compare("lenet.onnx", lenet, images(2, 1, 28, 28))


def saved_model():
    """What paddle.jit.save writes, by file names and by folder."""
    import paddle
    import paddle2onnx

    lenet, spec = lenet_and_spec()
    paddle.jit.save(lenet, "saved/inference", spec)
    (program,) = (p for p in pathlib.Path("saved").iterdir() if p.suffix in (".json", ".pdmodel"))
    assert paddle2onnx.export(str(program), "saved/inference.pdiparams", "named.onnx", opset_version=13) is None
    compare("named.onnx", lenet, images(3, 1, 28, 28))
    assert paddle2onnx.export("saved", opset_version=13) == pathlib.Path("named.onnx").read_bytes()


def options_of_dygraph2onnx():
    import onnx
    import paddle
    import paddle2onnx
    from paddle.static import InputSpec

    class Two(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.linear = paddle.nn.Linear(4, 3)

        def forward(self, x, y):
            first = self.linear(x)
            return first, first + self.linear(y)

    network = Two()
    spec = [InputSpec([None, 4], "float32", "x"), InputSpec([None, 4], "float32", "y")]
    static = paddle.jit.to_static(network, input_spec=spec, full_graph=True)
    outputs = static.forward.outputs
    # output_spec and input_names_after_prune go to paddle.jit.save, the others to export.
    paddle2onnx.dygraph2onnx(
        static, "first.onnx", spec, 13, output_spec=outputs[:1], input_names_after_prune=["x"], enable_onnx_checker=True,
        enable_auto_update_opset=False, enable_optimization=False, enable_verbose=False, enable_dev_version=True,
    )
    model = onnx.load("first.onnx")
    assert [i.name for i in model.graph.input] == ["x"] and len(model.graph.output) == 1

    for wrong in ({"enable_everything": True}, {"model_dir": "here"}):
        try:
            paddle2onnx.dygraph2onnx(*lenet_and_spec()[:1], "no.onnx", lenet_and_spec()[1], **wrong)
        except TypeError as refused:
            assert list(wrong)[0] in str(refused), refused
        else:
            raise AssertionError(f"{wrong} is accepted")
    assert not os.path.exists("no.onnx")


def failure_is_raised():
    """An operator that ONNX does not have: through Paddle's function, with the diagnostics, and no file is left."""
    import paddle
    import paddle2onnx
    from paddle.static import InputSpec

    class Unsupported(paddle.nn.Layer):
        def forward(self, x):
            return paddle.real(paddle.linalg.eigvals(paddle.nn.functional.relu(x))) + paddle.lgamma(x)[0]

    folders = set(os.listdir(tempfile.gettempdir()))
    try:
        paddle.onnx.export(Unsupported(), "out/unsupported", input_spec=[InputSpec([3, 3], "float32", "x")], opset_version=17)
    except paddle2onnx.UnsupportedOperatorError as refused:
        assert refused.status == paddle2onnx.Status.UNSUPPORTED
        assert refused.operators and all(d.message for d in refused.diagnostics), refused
        assert "error[P2O04" in str(refused)
        if paddle.__version__.startswith("2."):  # Paddle 3 doesn't save the lines of the source
            assert "scenarios.py" in str(refused)
    else:
        raise AssertionError("no exception")
    assert not list(pathlib.Path().rglob("*.onnx"))
    assert not {f for f in set(os.listdir(tempfile.gettempdir())) - folders if f.startswith("paddle2onnx-")}


def reservation_is_a_warning():
    import paddle
    import paddle2onnx
    from paddle.static import InputSpec

    class Random(paddle.nn.Layer):
        def forward(self, x):
            return x + paddle.uniform([2, 3], dtype="float32")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        paddle2onnx.dygraph2onnx(Random(), "random.onnx", [InputSpec([2, 3], "float32", "x")], 13)
    found = [w for w in caught if w.category is paddle2onnx.ConversionWarning]
    assert len(found) == 1 and "P2O0406" in str(found[0].message), [str(w.message) for w in caught]
    try:
        paddle2onnx.dygraph2onnx(Random(), "strict.onnx", [InputSpec([2, 3], "float32", "x")], 13, strict=True)
    except paddle2onnx.UnsupportedOperatorError as refused:
        assert refused.operators and not os.path.exists("strict.onnx")
    else:
        raise AssertionError("strict has no effect")


def detector_without_nms():
    """remove_nms: the boxes and scores that went into it, in place of what it keeps."""
    import numpy as np
    import onnxruntime
    import paddle
    import paddle2onnx
    from paddle.static import InputSpec

    class Head(paddle.nn.Layer):
        def forward(self, boxes, logits):
            scores = paddle.nn.functional.sigmoid(logits)
            kept, *_ = paddle.vision.ops.matrix_nms(boxes * 2.0, scores, 0.1, 0.05, 50, 20)
            return kept

    spec = [InputSpec([2, 10, 4], "float32", "boxes"), InputSpec([2, 3, 10], "float32", "logits")]
    paddle2onnx.dygraph2onnx(Head(), "whole.onnx", spec, 13)
    paddle2onnx.dygraph2onnx(Head(), "head.onnx", spec, 13, remove_nms=True)
    boxes, logits = images(2, 10, 4), images(2, 3, 10)
    found = {}
    for name in ("whole", "head"):
        session = onnxruntime.InferenceSession(f"{name}.onnx", providers=["CPUExecutionProvider"])
        found[name] = session.run(None, {"boxes": boxes, "logits": logits})
    assert [a.shape[1:] for a in found["whole"]] == [(6,)], [a.shape for a in found["whole"]]
    left, scores = found["head"]
    np.testing.assert_allclose(left, boxes * 2, rtol=1e-5)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-logits)), rtol=1e-5)


def kept_folder():
    import paddle2onnx

    tempfile.tempdir = os.getcwd()
    os.environ["P2O_KEEP_TEMP_MODEL"] = "True"
    lenet, spec = lenet_and_spec()
    paddle2onnx.dygraph2onnx(lenet, "lenet.onnx", spec)
    (kept,) = pathlib.Path().glob("paddle2onnx-*")
    assert paddle2onnx.export(kept, opset_version=9) == pathlib.Path("lenet.onnx").read_bytes()


def batch_norm_and_dropout():
    """Two layers that train otherwise than they infer: a network in training is exported for inference, and stays in training."""
    import paddle
    import paddle2onnx
    from paddle.static import InputSpec

    network = paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4), paddle.nn.ReLU(), paddle.nn.Dropout(0.5))
    network.train()
    network(paddle.to_tensor(images(4, 3, 8, 8)))
    paddle2onnx.dygraph2onnx(network, "network.onnx", [InputSpec([None, 3, None, None], "float32", "x")], opset_version=11)
    assert network.training
    for batch, size in ((1, 8), (2, 11)):
        compare("network.onnx", network, images(batch, 3, size, size))


def parameters_in_every_form():
    """Parameters in the order and with the facts that Paddle gives them: frozen ones, buffers of both kinds, names that sort otherwise
    than they were made, an LSTM's scratch tensor; in one file and in many, and saved again as a program that cannot be trained."""
    import numpy as np
    import paddle
    import paddle2onnx
    from paddle.static import InputSpec

    class Network(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4)
            self.lstm = paddle.nn.LSTM(4, 5, 2, direction="bidirect", dropout=0.5)
            self.frozen = paddle.nn.Linear(10, 6)
            for parameter in self.frozen.parameters():
                parameter.stop_gradient = True
            self.register_buffer("kept", paddle.to_tensor(np.arange(1, 5, dtype="float32")))
            self.register_buffer("fresh", paddle.to_tensor(np.arange(5, 9, dtype="float32")), persistable=False)
            for name, trainable in (("a_first", True), ("Z last", False)):
                self.add_parameter(name[0], self.create_parameter([6], paddle.ParamAttr(name=name, trainable=trainable)))

        def forward(self, x):
            y = self.norm(self.conv(x)).flatten(2).transpose([0, 2, 1])
            return self.frozen(self.lstm(y * self.kept + self.fresh)[0]) * self.Z + self.a

    network = Network()
    network.eval()
    rng = np.random.default_rng(5)
    for name, tensor in network.state_dict().items():  # no two alike: a wrong order shows
        tensor.set_value(rng.uniform(0.2, 0.8, tensor.shape).astype("float32"))

    def check(folder):
        paddle2onnx.export(folder, save_file=f"{folder}.onnx", opset_version=13)
        for batch, size in ((1, 5), (3, 6)):
            compare(f"{folder}.onnx", network, images(batch, 3, size, size))

    paddle.jit.save(network, "saved/inference", [InputSpec([None, 3, None, None], "float32", "x")])
    check("saved")
    if paddle.__version__.startswith("2."):
        return
    paddle.jit.save(network, "apart/inference", [InputSpec([None, 3, None, None], "float32", "x")], separate_parameters=True)
    assert {"__model__.json", "a_first", "Z last"} < set(os.listdir("apart"))
    check("apart")

    def saved_again(folder, **options):
        paddle.enable_static()
        executor = paddle.static.Executor(paddle.CPUPlace())
        with paddle.static.scope_guard(paddle.static.Scope()):
            program, _, results = paddle.static.load_inference_model("saved/inference", executor)
            inputs = [op.result(0) for op in program.global_block().ops if op.name() == "pd_op.data"]
            paddle.static.save_inference_model(f"{folder}/inference", inputs, results, executor, program=program, **options)
        paddle.disable_static()
        check(folder)

    saved_again("again")
    saved_again("readable", readable=True)
    saved_again("for_inference", trainable=False)
    assert '"trainable":false' in pathlib.Path("for_inference/inference.json").read_text()
    saved_again("for_inference_apart", trainable=False, separate_parameters=True)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
