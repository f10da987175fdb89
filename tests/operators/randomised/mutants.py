"""Every row of ../cases with other dtypes, ranks, kinds of dimensions, sizes and values: what a table's author didn't think of.

Loaded inside Paddle's process by the tables that mutate.py writes."""
import dataclasses
import hashlib
import pathlib

import dsl
import numpy as np

# Operators that read memory by strides in bytes.
BY_STRIDES = ("index_elementwise", "set")
FLOATS = ("float64", "float16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")


def with_dtype(spec, dtype):
    fill = spec.fill
    if fill[:1] == ("values",):
        fill = ("values", [np.asarray(a).astype(dtype) for a in fill[1]])
    return dataclasses.replace(spec, dtype=dtype, fill=fill, sprinkle=spec.sprinkle if np.dtype(dtype).kind == "f" else ())


def with_dims(spec, change):
    """`change`: of the dimensions, and the same one of given values."""
    dims = change(spec.dims)
    fill = spec.fill
    if fill[:1] == ("values",):
        fill = ("values", [np.broadcast_to(a, [d if isinstance(d, int) else 2 for d in change(a.shape)]) for a in fill[1]])
    return dataclasses.replace(spec, dims=tuple(dims), fill=fill)


def is_float(spec):
    return np.dtype(spec.dtype).kind == "f"


def is_integer(spec):
    return np.dtype(spec.dtype).kind in "iu"


def dtypes(case):
    for dtype in (*FLOATS, *INTEGERS, "bool"):
        yield dtype, {is_float: lambda s, d=dtype: with_dtype(s, d)}
    # Of others than these two Paddle's kernels read indices as what they are not.
    for dtype in ("int64", "int32"):
        yield f"integers_{dtype}", {is_integer: lambda s, d=dtype: with_dtype(s, d)}


def ranks(case):
    def data(spec):
        return not spec.lengths and (is_float(spec) or len(spec.dims) > 1)

    yield "leading", {data: lambda s: with_dims(s, lambda d: (2, *d))}
    yield "leading_dynamic", {data: lambda s: with_dims(s, lambda d: ("lead", *d))}
    yield "trailing", {data: lambda s: dataclasses.replace(s, dims=(*s.dims, 2)) if s.fill[:1] != ("values",) else s}
    yield "without_first", {data: lambda s: dataclasses.replace(s, dims=s.dims[1:]) if s.dims and s.fill[:1] != ("values",) else s}
    yield "without_last", {data: lambda s: dataclasses.replace(s, dims=s.dims[:-1]) if s.dims and s.fill[:1] != ("values",) else s}
    yield "rank0", {data: lambda s: dataclasses.replace(s, dims=()) if s.fill[:1] != ("values",) else s}


def dimensions(case):
    numbers = {}

    def dynamic(spec):
        return dataclasses.replace(spec, dims=tuple(d if isinstance(d, str) else numbers.setdefault((i, d), f"of_{d}") for i, d in enumerate(spec.dims)))

    def static(spec):
        return dataclasses.replace(spec, dims=tuple(case.sizes[0].get(d, d) for d in spec.dims))

    def shape_unknown(spec):
        return spec.fill[:1] != ("values",) and not spec.lengths

    yield "dynamic", {shape_unknown: dynamic}
    yield "static", {lambda s: not s.lengths: static}


def empties(case):
    """Batches of nothing: the first dimension of an input, where it is open."""
    for name in dict.fromkeys(s.dims[0] for s in specs(case) if s.dims and isinstance(s.dims[0], str)):
        yield f"no_{name}", name


def values(case):
    yield "nonfinite", {is_float: lambda s: s if s.fill[:1] == ("values",) else s.nonfinite()}
    yield "infinite", {is_float: lambda s: s if s.fill[:1] == ("values",) else s.infinite()}
    yield "large", {is_float: lambda s: dataclasses.replace(s, fill=("range", -100, 100)) if not s.fill else s}


def specs(case):
    return [s for v in case.inputs.values() for s in (v if isinstance(v, list) else [v]) if isinstance(s, dsl.Spec)]


def changed(case, change):
    """The inputs after a change {which: how}, or None where nothing is changed."""
    different = False

    def apply(operand):
        nonlocal different
        for which, how in change.items():
            if isinstance(operand, dsl.Spec) and which(operand):
                made = how(operand)
                different = different or made is not operand and (made.dtype, made.dims, made.sprinkle, made.fill[:1]) != (
                    operand.dtype, operand.dims, operand.sprinkle, operand.fill[:1])  # fmt: skip
                return made
        return operand

    inputs = {name: [apply(o) for o in v] if isinstance(v, list) else apply(v) for name, v in case.inputs.items()}
    return inputs if different else None


def in_dtype(factory, dtype):
    """A layer's parameters have the dtype of its input."""

    def make():
        import paddle

        usual = paddle.get_default_dtype()
        paddle.set_default_dtype(dtype)
        try:
            return factory()
        finally:
            paddle.set_default_dtype(usual)

    return make


def mutants(case, kind):
    """(label, case) of all that one kind of change makes of a row."""
    if kind == "empties":
        for label, name in empties(case):
            sizes = [{**case.sizes[0], name: 0}, *case.sizes[1:2]]
            yield label, dataclasses.replace(case, sizes=sizes)
        return
    for label, change in {"dtypes": dtypes, "ranks": ranks, "dimensions": dimensions, "values": values}[kind](case):
        inputs = changed(case, change)
        if inputs is None:
            continue
        body = case.body
        if kind == "dtypes" and label in FLOATS and case.kind == "layer" and body[1] is not None:
            body = (body[0], in_dtype(body[1], label))
        names = {n for v in inputs.values() for s in (v if isinstance(v, list) else [v]) if isinstance(s, dsl.Spec) for n in s.names()}
        sizes = [{n: size(n, run, i) for n in names} for i, run in enumerate(case.sizes)]
        # Half precision has three digits; what the row is meant to show is shown in single precision.
        options = {**case.options, "rtol": 1e-2, "atol": 1e-2} if label == "float16" else case.options
        yield label, dataclasses.replace(case, inputs=inputs, sizes=sizes, body=body, options=options)


def size(name, run, i):
    """Of a dynamic dimension that the row doesn't have: the number that it had, or 2 and 3 for new ones."""
    if name in run:
        return run[name]
    return int(name[3:]) if name.startswith("of_") else (2, 3)[i % 2]


def add(path, kind, part, parts):
    """Puts the mutants of a part of a table's rows into the table that is being loaded."""
    outer = dsl._table
    inner = dsl.Table(path)
    try:
        inner.load(outer.format)
    finally:
        dsl._table = outer
    source = hashlib.sha256(pathlib.Path(path).read_bytes() + pathlib.Path(__file__).read_bytes()).hexdigest()
    rows = [c for c in inner.cases.values() if c.kind in ("layer", "static") or (c.kind == "raw" and outer.format == "pdmodel")]
    for case in rows[part::parts]:
        # The attributes of one operator alone are for its shapes; what they say of others, Paddle does not always check.
        if kind == "ranks" and (case.kind == "raw" or case.name.startswith(BY_STRIDES)):
            continue
        if case.name.startswith(BY_STRIDES) and kind == "dtypes":
            continue
        if case.options["error"] or case.options["paddle_cannot"] or case.expect or case.options["skip_run"] or case.options["flags"]:
            continue
        for label, mutant in mutants(case, kind):
            name = f"{case.name}.{label}"
            seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
            outer.cases[name] = dataclasses.replace(mutant, name=name, seed=seed, key=hashlib.sha256(f"{source} {name}".encode()).hexdigest())
