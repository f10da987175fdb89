"""The judging half: runs the converter, then checks the ONNX file and runs it against what Paddle computed."""
from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
import subprocess

import numpy as np
import onnx
import onnx.checker
import onnx.helper
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PADDLE2ONNX_BINARY", ROOT / "build/release/paddle2onnx"))
# Files that failed stay here.
KEPT = ROOT / "build/onnx-of-failures"
# Absolute and relative tolerance where a case names none.
TOLERANCE = {"float16": (1e-3, 2e-3)}
DEFAULT_TOLERANCE = (1e-5, 1e-4)
LOWEST_IR = {}
for _, _ir, _opset, *_ in onnx.helper.VERSION_TABLE:
    # IR 3 wants initializers among the inputs: 4 is the lowest without that, also for opsets 7 and 8.
    LOWEST_IR[_opset] = max(4, min(_ir, LOWEST_IR.get(_opset, _ir)))


@functools.cache
def newest_opset():
    """The newest opset of the onnx package that the installed ONNX Runtime loads."""
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    for opset in range(onnx.defs.onnx_opset_version(), 6, -1):
        model = onnx.helper.make_model(
            graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=LOWEST_IR[opset]
        )
        try:
            session(model.SerializeToString())
            return opset
        except Exception:
            continue
    raise RuntimeError("ONNX Runtime loads no model at all")


def session(model, threads=1):
    """`model`: bytes or a path."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@dataclasses.dataclass
class Conversion:
    code: int
    messages: str
    path: pathlib.Path

    @property
    def done(self):
        return self.code == 0

    def brief(self):
        """What a failed test should show of the converter's messages."""
        text = self.messages.strip()
        return f"exit code {self.code}: {text if len(text) < 1500 else text[:1500] + ' …'}"


def convert(folder, save_file, opset, *, model=None, params="inference.pdiparams", flags=()):
    folder, save_file = pathlib.Path(folder), pathlib.Path(save_file)
    save_file.unlink(missing_ok=True)
    if model is None:
        model = next(n for n in ("inference.pdmodel", "inference.json") if (folder / n).exists())
    command = [BINARY, "--model_dir", folder, "--model_filename", model]
    if (folder / params).exists():
        command += ["--params_filename", params]
    command += ["--save_file", save_file, "--opset_version", str(opset), *flags]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", timeout=300)
    messages = done.stderr
    if done.stdout:
        messages += f"\n(on standard output, which should stay clean: {done.stdout[:300]})"
    if done.returncode == 0 and not save_file.exists():
        return Conversion(-999, f"exit code 0, but no file\n{messages}", save_file)
    return Conversion(done.returncode, messages, save_file)


def opset_of(model):
    return next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))


def graphs(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from graphs(attribute.g)


def structure_problems(model, path, inputs, outputs, custom_domains=()):
    """What is wrong with the file itself. `inputs`, `outputs`: [{"name", "shape"}] as Paddle declares them."""
    problems = []
    try:
        # By path: large models exceed what the checker takes as bytes.
        onnx.checker.check_model(str(path), full_check=True)
    except Exception as error:
        problems.append(f"onnx.checker: {str(error).strip()[:800]}")
    opset = opset_of(model)
    if model.ir_version != LOWEST_IR[opset]:
        problems.append(f"IR version {model.ir_version}, though opset {opset} needs only {LOWEST_IR[opset]}")
    foreign = {o.domain for o in model.opset_import} - {"", *custom_domains}
    if foreign:
        problems.append(f"domains besides ONNX's own: {sorted(foreign)}")
    graph = model.graph
    names = [i.name for i in graph.input]
    listed = set(names) & {t.name for t in graph.initializer}
    if listed:
        problems.append(f"initializers listed as inputs: {sorted(listed)[:5]}")
    if names != [i["name"] for i in inputs]:
        problems.append(f"inputs {names}, Paddle's feeds {[i['name'] for i in inputs]}")
    # Paddle 3 may fetch an input itself, which ONNX wants another name for.
    fetches = [o["name"] + ".1" if o["name"] in names else o["name"] for o in outputs]
    names = [o.name for o in graph.output]
    if [n if f else f for n, f in zip(names, fetches)] != fetches or len(names) != len(fetches):
        problems.append(f"outputs {names}, Paddle's fetches {fetches}")
    nodes = [n.name for g in graphs(graph) for n in g.node]
    if len(set(nodes)) != len(nodes) or "" in nodes:
        problems.append("node names are missing or used twice")
    for value, paddle in zip(list(graph.input) + list(graph.output), inputs + outputs):
        if not value.type.tensor_type.HasField("shape"):
            problems.append(f"{value.name}: no shape declared, Paddle's is {paddle['shape']}")
    return problems


def declared_problems(model, feeds, results):
    """Whether what the model declares agrees with the arrays of one run; a dimension's name has one value in a run."""
    problems, bound = [], {}
    for value, array in zip(list(model.graph.input) + list(model.graph.output), list(feeds) + list(results)):
        tensor = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type) if tensor.elem_type else None
        if dtype != array.dtype:
            problems.append(f"{value.name}: declared as {dtype}, came as {array.dtype}")
        dims = tensor.shape.dim
        text = "[" + ", ".join(d.dim_param or (str(d.dim_value) if d.HasField("dim_value") else "?") for d in dims) + "]"
        fits = len(dims) == array.ndim
        for dim, size in zip(dims, array.shape):
            if dim.HasField("dim_value"):
                fits &= dim.dim_value == size
            elif dim.dim_param:
                fits &= bound.setdefault(dim.dim_param, size) == size
        if not fits and tensor.HasField("shape"):
            problems.append(f"{value.name}: declared as {text}, came as {list(array.shape)} (names so far: {bound})")
    return problems


@dataclasses.dataclass
class Difference:
    """The largest differences over all outputs and runs."""

    absolute: float = 0.0
    relative: float = 0.0
    compared: int = 0  # arrays

    def take(self, other):
        self.compared += 1
        self.absolute, self.relative = max(self.absolute, other.absolute), max(self.relative, other.relative)


def compare(label, got, want, rtol=None, atol=None, of_size=False):
    """A problem (or None) and the difference of two arrays. `of_size`: for networks with random weights, whose results have any size and
    are sums of parts that are larger still. `atol` counts in the array's largest value, and one in a thousand whole numbers, the argmax
    of scores that are alike but for their last bits, may differ."""
    difference = Difference()
    if got.dtype != want.dtype:
        return f"{label}: dtype {got.dtype}, Paddle's {want.dtype}", difference
    if got.shape != want.shape:
        return f"{label}: shape {list(got.shape)}, Paddle's {list(want.shape)}", difference
    if want.dtype.kind not in "fc":
        bad = got != want
        if of_size and np.count_nonzero(bad) <= 1e-3 * want.size:
            return None, difference
    else:
        default = TOLERANCE.get(str(want.dtype), DEFAULT_TOLERANCE)
        a, b = (v.astype("complex128" if v.dtype.kind == "c" else "float64") for v in (got, want))
        with np.errstate(all="ignore"):
            delta = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
            if delta.size:
                finite = delta[np.isfinite(delta)]
                difference.absolute = float(finite.max(initial=0.0))
                # Relative to the tensor's own size: single values near zero say nothing.
                size = np.abs(b[np.isfinite(b)]).max(initial=0.0)
                difference.relative = difference.absolute / size if size else difference.absolute
            if of_size and atol is not None:
                atol = atol * (np.abs(b[np.isfinite(b)]).max(initial=0.0) or 1.0)
            bad = ~np.isclose(a, b, rtol=default[1] if rtol is None else rtol, atol=default[0] if atol is None else atol, equal_nan=True)
    count = int(np.count_nonzero(bad))
    if not count:
        return None, difference
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    return (
        f"{label}: {count} of {want.size} values differ, the largest difference is {difference.absolute:.3g}; "
        f"at {list(where)} {got[where]!s}, Paddle's {want[where]!s}"
    ), difference


def tells_samples_apart(runs, rtol, atol):
    """Whether a wrong model would be seen: in some output a tenth of Paddle's values differ between two samples (the first and second of a
    batch, or of two runs) by more than `compare` with of_size lets pass. Samples that are alike say nothing of what computed them."""
    samples = {}
    for _, results in runs:
        for i, array in enumerate(results):
            rows = array[:2] if array.ndim else []
            samples.setdefault((i, array.shape[1:]), []).extend((row, np.abs(array[np.isfinite(array)]).max(initial=0.0)) for row in rows)
    for found in samples.values():
        for (a, size), (b, _) in zip(found, found[1:]):
            a, b = a.astype("float64"), b.astype("float64")
            if a.size and np.mean(~np.isclose(a, b, rtol=rtol, atol=atol * size, equal_nan=True)) >= 0.1:
                return True
    return False


def run_problems(model, path, runs, rtol=None, atol=None, threads=1, of_size=False):
    """Runs the file on recorded runs [(feeds, results)]; problems and the largest difference."""
    problems, largest = [], Difference()
    try:
        onnx_session = session(str(path), threads)
    except Exception as error:
        return [f"ONNX Runtime does not load it: {str(error).strip()[:600]}"], largest
    names, outputs = [i.name for i in model.graph.input], [o.name for o in model.graph.output]
    for number, (feeds, wanted) in enumerate(runs):
        try:
            results = onnx_session.run(outputs, dict(zip(names, feeds)))
        except Exception as error:
            problems.append(f"run {number}: ONNX Runtime fails: {str(error).strip()[:600]}")
            continue
        problems += [f"run {number}: {p}" for p in declared_problems(model, feeds, results)]
        for i, (got, want) in enumerate(zip(results, wanted)):
            problem, difference = compare(f"output {i}", got, want, rtol, atol, of_size)
            largest.take(difference)
            if problem:
                problems.append(f"run {number}: {problem}")
    return problems, largest


def load_runs(path, count, inputs, outputs):
    with np.load(path) as file:
        return [
            ([file[f"{i}_in_{j}"] for j in range(inputs)], [file[f"{i}_out_{j}"] for j in range(outputs)])
            for i in range(count)
        ]


def judge_case(folder, label, record, opsets, rtol=None, atol=None, threads=1, convert_options=None, of_size=False):
    """Converts one exported case (a folder and its case.json) at these opsets.

    Returns the problems, one string each, and {written opset: Difference}."""
    options, written, differences = record["options"], None, {}
    rtol, atol = options["rtol"] or rtol, options["atol"] or atol
    problems: dict[str, list[str]] = {}  # the same problem at several opsets is told once
    runs = load_runs(folder / "runs.npz", record["runs"], len(record["inputs"]), len(record["outputs"]))
    KEPT.mkdir(parents=True, exist_ok=True)
    for asked in opsets:
        if written is not None and asked <= written:
            continue  # raised to what was judged already
        path = KEPT / f"{label}-{os.getpid()}.onnx"
        done = convert(folder, path, asked, flags=options["flags"] or (), **(convert_options or {}))
        if not done.done:
            problems.setdefault(done.brief(), []).append(str(asked))
            continue
        model = onnx.load(path)
        written = opset_of(model)
        found = structure_problems(model, path, record["inputs"], record["outputs"])
        lowest = max(asked, options["opset"])
        if written != lowest:
            found.append(f"opset {written} was written where {lowest} is right (the case says: lowest {options['opset']})")
        skip = options["skip_run"]
        if not (skip.get(str(written)) if isinstance(skip, dict) else skip):
            failed, difference = run_problems(model, path, runs, rtol, atol, threads, of_size=of_size)
            found += failed
            if difference.compared:
                differences[written] = difference
        kept = KEPT / f"{label}-{written}.onnx"
        if found:
            path.rename(kept)
            for problem in [*found, f"see {KEPT.relative_to(ROOT)}/{label}-*.onnx"]:
                problems.setdefault(problem, []).append(str(asked) if asked == written else f"{asked} (raised to {written})")
        else:
            path.unlink()
            kept.unlink(missing_ok=True)
    return [f"opset {', '.join(where)}: {problem}" for problem, where in problems.items()], differences


def refused_problems(folder, label, record, opsets):
    """A case that the converter has to refuse."""
    problems, options = [], record["options"]
    KEPT.mkdir(parents=True, exist_ok=True)
    for opset in sorted({opsets[0], opsets[-1]}):
        target = KEPT / f"{label}-{os.getpid()}.onnx"
        done = convert(folder, target, opset, flags=options["flags"] or ())
        if done.code != options["code"] or options["error"] not in done.messages:
            problems.append(f"opset {opset}: wanted exit code {options['code']} and {options['error']!r}, got {done.brief()}")
        if target.exists():
            problems.append(f"opset {opset}: it left a file")
            target.unlink()
    return problems
