"""The language of the tables in */cases/*.py (operators/README.md explains it by example).

Only this file and the tables are needed to read a table; export.py turns its rows into files.
"""
from __future__ import annotations

import ast
import dataclasses
import hashlib
import pathlib
import sys

import numpy as np

__all__ = ["case", "raw", "saved", "param", "np", "f32", "f64", "f16", "i8", "i16", "i32", "i64", "u8", "b8", "c64",
           "i64_value", "i32_value", "f32_value", "b8_value"]  # fmt: skip

# Two sizes for each name of a dynamic dimension. Names that are not listed get a pair from OTHER_SIZES, in order of appearance.
SIZES = {"b": (2, 3), "n": (5, 7), "h": (12, 9), "w": (10, 13)}
OTHER_SIZES = [(4, 6), (8, 5), (6, 11), (9, 4), (11, 8), (3, 10), (7, 12), (13, 3)]


@dataclasses.dataclass(frozen=True)
class Spec:
    """Dtype, dimensions and contents of one input. Every modifier gives a new spec."""

    dtype: str
    dims: tuple | None = None
    fill: tuple = ()
    sprinkle: tuple = ()
    lengths: tuple = ()  # of the sequences that the rows are, for each run
    told: str = "both"  # whom they are told: "both" Paddle and ONNX, only "paddle", only "onnx"

    def __getitem__(self, dims):
        dims = dims if isinstance(dims, tuple) else (dims,)
        if not all(isinstance(d, (int, str)) for d in dims):
            raise TypeError(f"dimensions are ints or names, not {dims}")
        return dataclasses.replace(self, dims=dims)

    def range(self, low, high):
        """Floats drawn evenly from [low, high)."""
        return dataclasses.replace(self, fill=("range", low, high))

    def ints(self, low, high):
        """Whole numbers drawn from [low, high), of whatever dtype."""
        return dataclasses.replace(self, fill=("ints", low, high))

    def values(self, values):
        """These values: one array (or nested list) for all runs, or a list of numpy arrays, one for each run."""
        per_run = isinstance(values, list) and values and all(isinstance(v, np.ndarray) for v in values)
        arrays = [np.asarray(v).astype(self.dtype) for v in (values if per_run else [values])]
        return dataclasses.replace(self, fill=("values", arrays))

    def unique(self):
        """No two values alike, so that sorting and top-k have one right answer."""
        return dataclasses.replace(self, fill=("unique",))

    def nonfinite(self):
        """NaN and both infinities here and there."""
        return dataclasses.replace(self, sprinkle=(np.nan, np.inf, -np.inf))

    def infinite(self):
        """Both infinities, for operators whose CPU kernel in Paddle loses a NaN (relu is one)."""
        return dataclasses.replace(self, sprinkle=(np.inf, -np.inf))

    def lod(self, *lengths, read=True):
        """The rows are sequences of these lengths, a list for each run. `read=False`: the converter has no use for them."""
        return dataclasses.replace(self, lengths=lengths, told="both" if read else "paddle")

    def rows_apart(self, *counts):
        """No sequences. PIR doesn't say so: there its converter has to be told that each row is one of its own."""
        if _table.format == "pdmodel":
            return self
        return dataclasses.replace(self, lengths=tuple([1] * n for n in counts), told="onnx")

    def offsets(self, run):
        """Where the sequences of one run begin and the last one ends."""
        return np.cumsum([0, *self.lengths[run % len(self.lengths)]]).astype("int64")

    def names(self):
        return [d for d in self.dims if isinstance(d, str)]

    def static_shape(self):
        """The shape that Paddle is told: None where the dimension is dynamic."""
        return [None if isinstance(d, str) else d for d in self.dims]

    def make(self, rng, sizes, run):
        """The array of one run. `sizes` maps the names of dimensions to numbers."""
        shape = tuple(sizes[d] if isinstance(d, str) else d for d in self.dims)
        kind = self.fill[0] if self.fill else "default"
        if kind == "values":
            array = self.fill[1][run % len(self.fill[1])]
            if array.ndim != len(shape) or any(isinstance(d, int) and d != n for d, n in zip(self.dims, array.shape)):
                raise ValueError(f"values of shape {array.shape} do not fit the dimensions {self.dims}")
        elif kind == "range":
            array = rng.uniform(self.fill[1], self.fill[2], shape)
        elif kind == "ints":
            array = rng.integers(self.fill[1], self.fill[2], shape)
        elif kind == "unique":
            count = int(np.prod(shape))
            step = 1 if np.dtype(self.dtype).kind in "iu" else 0.125
            first = 0 if np.dtype(self.dtype).kind == "u" else count // 2
            array = (rng.permutation(count) - first).reshape(shape) * step
        elif self.dtype == "bool":
            array = rng.integers(0, 2, shape)
        elif np.dtype(self.dtype).kind in "iu":
            array = rng.integers(0 if self.dtype == "uint8" else -9, 10, shape)
        elif np.dtype(self.dtype).kind == "c":
            array = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        else:
            array = rng.standard_normal(shape)
        array = np.array(array).astype(self.dtype)
        if self.sprinkle and array.size:
            # At least one of each where there's room, and about a tenth in all.
            spots = rng.permutation(array.size)[: max(len(self.sprinkle), array.size // 10)]
            array.reshape(-1)[spots] = np.resize(self.sprinkle, len(spots))
        return array


f32, f64, f16 = Spec("float32"), Spec("float64"), Spec("float16")
i8, i16, i32, i64, u8, b8 = Spec("int8"), Spec("int16"), Spec("int32"), Spec("int64"), Spec("uint8"), Spec("bool")
c64 = Spec("complex64")


def _value(dtype, per_run):
    arrays = [np.asarray(v).astype(dtype) for v in per_run]
    dims = tuple(n if all(a.shape[i] == n for a in arrays) else f"value_{i}" for i, n in enumerate(arrays[0].shape))
    return Spec(dtype, dims, ("values", arrays))


def i64_value(*per_run):
    """A tensor with this value at run time: 0-D for a number, 1-D for a list; several arguments = one for each run."""
    return _value("int64", per_run)


def i32_value(*per_run):
    return _value("int32", per_run)


def f32_value(*per_run):
    return _value("float32", per_run)


def b8_value(*per_run):
    return _value("bool", per_run)


@dataclasses.dataclass(frozen=True)
class Param:
    """An input of raw() that is saved with the model."""

    array: np.ndarray


def param(array):
    array = np.asarray(array)
    # Python numbers mean Paddle's default dtype.
    return Param(array.astype("float32") if array.dtype == "float64" else array)


FORMATS = ("pdmodel", "pir")

# Every option of case() and raw() with its default. A dict of formats gives each its own: {"pir": 9}, the other has the default. They travel to the judging side by the manifest.
OPTIONS = {
    "opset": 7,  # the lowest opset that can express the case
    "opsets": None,  # these opsets in place of the usual ones
    "rtol": None,
    "atol": None,
    "skip_run": None,  # a reason, or {opset: reason}: converted and checked, but not run
    "error": None,  # the converter must refuse with a message that contains this
    "code": None,  # … and this exit code; 4 where only `error` is given
    "flags": None,  # further flags of the converter
    "paddle_cannot": None,  # the reason why Paddle itself cannot export or run the case
}


@dataclasses.dataclass
class Case:
    name: str
    kind: str  # "layer": through to_static; "static": a function run in static mode, "older": of Paddle 2.6 alone; "raw": one operator; "saved": files
    body: tuple
    inputs: dict
    options: dict
    sizes: list
    seed: int
    expect: object = None  # a function: numpy's answer, where Paddle cannot run what it exports
    calibrate: dict | None = None  # sizes of a pass in training mode, which gives batch norms fitting statistics
    key: str = ""  # hash of all that the exported files depend on


class Table:
    """The rows of one file."""

    def __init__(self, path):
        self.path = str(path)
        self.cases: dict[str, Case] = {}
        source = open(path, encoding="utf-8").read()
        # A row is a statement of its own; everything else in the file counts for each of them.
        self._rows, common = {}, []
        for node in ast.parse(source, self.path).body:
            segment = ast.get_source_segment(source, node)
            call = node.value if isinstance(node, ast.Expr) else None
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("case", "raw", "saved"):
                for line in range(node.lineno, node.end_lineno + 1):
                    self._rows[line] = segment
            else:
                common.append(segment)
        self._common = "\n".join(common)

    def load(self, model_format="pdmodel"):
        """The rows with the options that they have in this format."""
        global _table
        _table, self.format = self, model_format
        np.random.seed(0)  # param(np.random.randn(…)) in a row
        try:
            scope = {"__name__": "cases", "__file__": self.path}
            exec(compile(open(self.path, encoding="utf-8").read(), self.path, "exec"), scope)
        finally:
            _table = None
        return self.cases

    def add(self, case, line):
        if case.name in self.cases:
            raise ValueError(f"{self.path}:{line}: the name {case.name!r} is taken")
        if not case.name.replace("_", "").replace(".", "").isalnum():
            raise ValueError(f"{self.path}:{line}: a name of letters, digits, '_' and '.', not {case.name!r}")
        case.key = hashlib.sha256(f"{self._common}\0{self._rows.get(line, '')}\0{case.name}".encode()).hexdigest()
        self.cases[case.name] = case


_table: Table | None = None


def _in_format(value, default=None):
    """An option's value in the format that the table is loaded for."""
    per_format = isinstance(value, dict) and value and set(value) <= set(FORMATS)
    return value.get(_table.format, default) if per_format else value


def _add(name, kind, body, inputs, options, line):
    options = {k: _in_format(v, OPTIONS.get(k)) for k, v in options.items()}
    expect, calibrate = options.pop("expect", None), options.pop("calibrate", None)
    sizes = options.pop("sizes", None)
    unknown = set(options) - set(OPTIONS)
    if unknown:
        raise TypeError(f"{name}: no such option or input: {', '.join(sorted(unknown))}")
    options = {**OPTIONS, **options}
    if options["error"] and options["code"] is None:
        options["code"] = 4
    specs = [s for v in inputs.values() for s in (v if isinstance(v, list) else [v]) if isinstance(s, Spec)]
    if any(s.dims is None for s in specs):
        raise TypeError(f"{name}: an input without dimensions")
    names = list(dict.fromkeys(n for s in specs for n in s.names()))
    others = [n for n in names if n not in SIZES]
    pairs = {n: SIZES[n] if n in SIZES else OTHER_SIZES[others.index(n) % len(OTHER_SIZES)] for n in names}
    # Without a dynamic dimension the second run still has other values.
    runs = [{n: pairs[n][i] for n in names} for i in range(2)]
    if sizes is not None:
        runs = [{**runs[i % 2], **given} for i, given in enumerate(sizes)]
    divided = [s for s in specs if s.lengths]
    if divided:
        count = max(len(s.lengths) for s in divided)
        runs = [runs[i % len(runs)].copy() for i in range(count)]
        for i, run in enumerate(runs):
            run.update({s.dims[0]: int(s.offsets(i)[-1]) for s in divided})
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    _table.add(Case(name, kind, body, inputs, options, runs, seed, expect, calibrate), line)


def case(name, body=None, *, layer=None, static=False, **rest):
    """One behaviour: a function of the inputs, or an nn.Layer, or `layer=` (a factory; with a function too, that
    function takes the layer as its first argument)."""
    inputs = {k: v for k, v in rest.items() if isinstance(v, Spec)}
    options = {k: v for k, v in rest.items() if k not in inputs}
    if body is None and layer is None:
        raise TypeError(f"{name}: nothing to export")
    kind = "older" if static == "older" else "static" if static else "layer"
    _add(name, kind, (body, layer), inputs, options, sys._getframe(1).f_lineno)


def raw(name, op, *, inputs, outputs, attrs=None, **options):
    """One operator of the old vocabulary, appended to an empty program as it is."""
    _add(name, "raw", (op, outputs, attrs or {}), inputs, options, sys._getframe(1).f_lineno)


def saved(name, folder, **rest):
    """A model that exists as inference.pdmodel or inference.json, with inference.pdiparams, in `folder`.

    A .pdmodel is translated by Paddle 3 where there's no folder for its format: {"pdmodel": folder, "pir": folder}."""
    inputs = {k: v for k, v in rest.items() if isinstance(v, Spec)}
    options = {k: v for k, v in rest.items() if k not in inputs}
    folder = pathlib.Path(_in_format(folder))
    _add(name, "saved", (folder,), inputs, options, sys._getframe(1).f_lineno)
    files = b"".join(path.read_bytes() for path in sorted(folder.glob("inference.*")))
    _table.cases[name].key += hashlib.sha256(files).hexdigest()
