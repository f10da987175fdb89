"""The half of the harness that runs inside Paddle, 2.6 or 3.x: saving models and recording what Paddle computes."""
import contextlib
import io
import os
import pathlib
import warnings

os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("FLAGS_call_stack_level", "0")
os.environ.setdefault("OMP_NUM_THREADS", "1")
warnings.filterwarnings("ignore")

import numpy as np
import paddle

PADDLE_VERSION = paddle.__version__
# What this Paddle writes, and where it puts the program.
FORMAT = "pdmodel" if PADDLE_VERSION.startswith("2.") else "pir"
BASENAME = "inference"
PROGRAM = BASENAME + {"pdmodel": ".pdmodel", "pir": ".json"}[FORMAT]
PARAMETERS = BASENAME + ".pdiparams"


@contextlib.contextmanager
def quiet():
    """Paddle prints progress and advice on both streams; only the results count here."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def static_mode():
    paddle.enable_static()
    try:
        with paddle.static.scope_guard(paddle.static.Scope()), paddle.utils.unique_name.guard():
            yield
    finally:
        paddle.disable_static()


def new_values(name, old, rng):
    """Seeded contents for a parameter. Nothing stays at its initial value: a bias of 0, a scale of 1, a mean of 0 or
    a variance of 1 would hide a converter that drops it."""
    shape, tail = old.shape, name.rsplit(".", 1)[-1].rsplit("/", 1)[-1]
    if old.dtype.kind != "f":
        return old
    if "variance" in tail or tail.endswith("_scale"):
        new = rng.uniform(0.5, 1.5, shape)
    elif len(shape) <= 1 and ("weight" in tail or ".w_" in name):
        new = rng.uniform(0.5, 1.5, shape)
    elif len(shape) <= 1:
        new = 0.3 * rng.standard_normal(shape)
    else:
        # What passes through keeps its size: convolutions are [out, in, …] and mostly followed by a relu, matrices [in, out].
        spread = np.sqrt(2 / max(1, np.prod(shape[1:]))) if len(shape) > 2 else np.sqrt(1 / max(1, shape[0]))
        new = rng.standard_normal(shape, "float32") * np.float32(spread)
    return np.asarray(new).astype(old.dtype)


def randomise(layer, rng):
    for name, tensor in layer.state_dict().items():
        if name.endswith(("weight_u", "weight_v")):  # spectral norm's vectors: unit length matters
            continue
        tensor.set_value(new_values(name, tensor.numpy(), rng))


def calibrate(layer, inputs):
    """Gives every batch norm the statistics of these inputs, as training would."""
    # The branches of a residual network add little to what passes by; with random weights of full size, 152 layers make
    # a visible difference of the last bit of a float.
    for block in layer.sublayers():
        if isinstance(block, paddle.vision.models.resnet.BottleneckBlock):
            block.bn3.weight.set_value(block.bn3.weight * 0.3)
    norms = [n for n in layer.sublayers() if isinstance(n, paddle.nn.layer.norm._BatchNormBase)]
    for norm in norms:
        norm._momentum = 0.0
    layer.train()
    with paddle.no_grad(), quiet():
        layer(*map(paddle.to_tensor, inputs))
    layer.eval()


def save_layer(layer, specs, folder):
    """`specs`: [(name, shape with None, dtype)]."""
    specs = [paddle.static.InputSpec(shape, dtype, name) for name, shape, dtype in specs]
    layer.eval()
    with quiet():
        paddle.jit.save(layer, os.path.join(folder, BASENAME), input_spec=specs)
    # A pickle of names that no reader of the format needs.
    pathlib.Path(folder, BASENAME + ".pdiparams.info").unlink(missing_ok=True)


def save_program(folder, feeds, fetches, executor, program, whole=False):
    """`whole`: with what Paddle thinks only training needs."""
    more = {"clip_extra": False} if whole else {}
    with quiet():
        paddle.static.save_inference_model(os.path.join(folder, BASENAME), feeds, fetches, executor, program=program, **more)


def _load_older(source):
    """The program of a .pdmodel file in Paddle 3, and its parameters, loaded into the current scope."""
    from paddle.pir_utils import OldIrGuard

    with OldIrGuard():
        program = paddle.base.framework.Program.parse_from_string(pathlib.Path(source, BASENAME + ".pdmodel").read_bytes())
        weights = [v for v in program.list_vars() if v.persistable and v.name not in ("feed", "fetch")]
        if weights:
            executor = paddle.static.Executor(paddle.CPUPlace())
            paddle.static.io.load_vars(executor, str(source), program, weights, filename=PARAMETERS)
    return program, weights


def older_weights(source):
    """{name: array} of the parameters beside a .pdmodel file, in Paddle 3."""
    with static_mode(), quiet():
        _, weights = _load_older(source)
        return {v.name: np.array(paddle.static.global_scope().find_var(v.name).get_tensor()) for v in weights}


def upgrade(source, folder):
    """Writes the .pdmodel model of the folder `source` as a PIR model: Paddle 3's own translation of its older programs."""
    with static_mode(), quiet():
        older, weights = _load_older(source)
        program = paddle.pir.translate_to_pir(older.desc)
        paddle.base.core.serialize_pir_program(program, os.path.join(folder, PROGRAM), True, False, True)
        if weights:
            paddle.static.io.save_vars_pir(str(folder), program, filename=PARAMETERS)


def _operators(block):
    """Every operator of a PIR block and of the blocks inside it."""
    for op in block.ops:
        yield op
        for inner in op.blocks():
            yield from _operators(inner)


def _described(name, shape):
    return {"name": name, "shape": list(shape)}


def _pir_interface(program):
    """The inputs and outputs of a PIR program [{name, shape}], the values to fetch, the names of its operators."""
    top = program.global_block().ops
    feeds = [op for op in top if op.name() == "pd_op.data"]
    feeds += sorted((op for op in top if op.name() == "pd_op.feed"), key=lambda op: op.attrs()["col"])
    fetches = sorted((op for op in top if op.name() == "pd_op.fetch"), key=lambda op: op.attrs()["col"])
    inputs = [_described(op.attrs()["name"], op.result(0).shape) for op in feeds]
    outputs = [_described(op.attrs()["name"], op.result(0).shape) for op in fetches]
    names = {op.name().split(".", 1)[1] for op in _operators(program.global_block())}
    return inputs, outputs, [op.operand_source(0) for op in fetches], names - {"data", "feed", "fetch", "parameter"}


def _columns(block, op_type, slot, side):
    ops = [op for op in block.ops if op.type == op_type]
    return [getattr(op, side)(slot)[0] for op in sorted(ops, key=lambda op: op.attr("col"))]


def _pdmodel_interface(program, targets):
    """The same of a .pdmodel program."""
    block = program.global_block()
    # A feed op reads the variable `feed`; the model's input is its output.
    feeds, fetches = _columns(block, "feed", "Out", "output"), _columns(block, "fetch", "X", "input")
    inputs, outputs = ([_described(n, block.var(n).shape) for n in names] for names in (feeds, fetches))
    by_name = {t.name: t for t in targets}
    names = {op.type for b in program.blocks for op in b.ops}
    return inputs, outputs, [by_name[name] for name in fetches], names - {"feed", "fetch"}


def _before_nms(program):
    """The boxes and scores that go into a program's suppression of overlapping boxes, as described outputs and values to fetch.
    What the values are called is the converter's affair."""
    nms = ("multiclass_nms", "multiclass_nms2", "multiclass_nms3", "matrix_nms", "locality_aware_nms")
    if FORMAT == "pir":
        found = [op for op in program.global_block().ops if op.name().split(".", 1)[1] in nms]
        values = [op.operand_source(i) for op in found for i in range(2)]
        # Both these and the program's own would be fetched to the same columns.
        for op in [op for op in program.global_block().ops if op.name() == "pd_op.fetch"]:
            program.global_block().remove_op(op)
    else:
        found = [op for op in program.global_block().ops if op.type in nms]
        values = [program.global_block().var(op.input(slot)[0]) for op in found for slot in ("BBoxes", "Scores")]
    return [_described(None, value.shape) for value in values], values


def _with_sequences(array, offsets):
    core = paddle.base.core
    tensor = (core.LoDTensor if hasattr(core, "LoDTensor") else core.DenseTensor)()
    tensor.set(array, paddle.CPUPlace())
    tensor.set_lod([offsets.tolist()])
    return tensor


def run_exported(folder, runs, before_nms=False, sequences=None):
    """Loads the saved files again and runs them: these files are the truth that a conversion is judged by. `before_nms`: up to the
    suppression of boxes. `sequences`: {input: who is told}, of inputs whose rows are the sequences that the run's `<input>.lod` tells.

    Returns what the program says about itself and [(feeds, results)] for each run."""
    with static_mode(), quiet():
        executor = paddle.static.Executor(paddle.CPUPlace())
        program, _, targets = paddle.static.load_inference_model(os.path.join(folder, BASENAME), executor)
        interface = _pir_interface(program) if FORMAT == "pir" else _pdmodel_interface(program, targets)
        inputs, outputs, targets, operators = interface
        if before_nms:
            outputs, targets = _before_nms(program)
        described = {"inputs": inputs, "outputs": outputs, "operators": sorted(operators)}
        recorded = []
        sequences = sequences or {}
        inputs += [_described(i["name"] + ".lod", [-1]) for i in inputs if sequences.get(i["name"]) in ("both", "onnx")]
        for run in runs:
            feed = {i["name"]: run[i["name"]] for i in inputs}
            feeds = list(feed.values())
            feed = {n: a for n, a in feed.items() if not n.endswith(".lod")}
            for name, told in sequences.items():
                if told != "onnx":
                    feed[name] = _with_sequences(feed[name], run[name + ".lod"])
            results = executor.run(program, feed=feed, fetch_list=targets, return_numpy=False)
            recorded.append((feeds, [np.array(r) for r in results]))
    return described, recorded


def save_runs(path, recorded):
    arrays = {}
    for i, (feeds, results) in enumerate(recorded):
        arrays.update({f"{i}_in_{j}": a for j, a in enumerate(feeds)})
        arrays.update({f"{i}_out_{j}": a for j, a in enumerate(results)})
    np.savez(path, **arrays)
