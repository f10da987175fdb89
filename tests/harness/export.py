"""Exports one table of cases with Paddle and records what Paddle computes. Run by the harness in Paddle's environment.

    export.py --table tests/operators/cases/conv.py --out build/operators-cases/pdmodel/conv

Paddle 2.6 writes .pdmodel files and Paddle 3 PIR. Rows of the older vocabulary come to Paddle 3 as the files that 2.6 wrote
(--older, that table's folder), which it translates.

Each case has a folder with the model, runs.npz and case.json; manifest.json has all of them. A case whose key has not
changed is kept. The name of the case in work stands in the file `current`, so that a crash of Paddle can be pinned on it.
"""
import argparse
import filecmp
import json
import linecache
import os
import pathlib
import shutil
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # tables say `from dsl import *`

import numpy as np
import paddle

import dsl
from harness import paddle_side


def wrap(case):
    """A layer whose forward has the case's own argument names: to_static reads a signature and source text."""
    body, factory = case.body
    net = factory() if factory else body if isinstance(body, paddle.nn.Layer) else None
    function = None if isinstance(body, paddle.nn.Layer) else body
    args = ", ".join(case.inputs)
    call = f"self.function({'self.net, ' if net is not None else ''}{args})" if function else f"self.net({args})"
    source = f"def forward(self, {args}):\n    return {call}\n"
    filename = f"<case {case.name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    scope = {}
    exec(compile(source, filename, "exec"), scope)
    layer = type("Case", (paddle.nn.Layer,), {"forward": scope["forward"]})()
    layer.net, layer.function = net, function
    return layer


def declare(name, spec):
    sequences = {"lod_level": 1} if spec.lengths and spec.told != "onnx" else {}
    return paddle.static.data(name, spec.static_shape(), spec.dtype, **sequences)


def save_static(case, folder, rng):
    """Builds the program of a raw() or static case and saves it."""
    with paddle_side.static_mode():
        main, startup = paddle.static.Program(), paddle.static.Program()
        executor, scope = paddle.static.Executor(paddle.CPUPlace()), paddle.static.global_scope()
        given = {}
        with paddle.static.program_guard(main, startup):
            block = main.global_block()
            feeds, slots = [], {}
            for slot, operands in case.inputs.items():
                many = isinstance(operands, list)
                slots[slot] = []
                for i, operand in enumerate(operands if many else [operands]):
                    name = input_name(case, slot, i if many else None)
                    if isinstance(operand, dsl.Param):
                        array = operand.array
                        var = block.create_var(name=name, shape=array.shape, dtype=str(array.dtype), persistable=True)
                        given[name] = array
                    else:
                        var = declare(name, operand)
                        feeds.append(var)
                    slots[slot].append(var)
            if case.kind == "raw":
                op, outputs, attrs = case.body
                made, fetches = {}, []
                for slot, dtypes in outputs.items():
                    dtypes = dtypes if isinstance(dtypes, list) else [dtypes]
                    made[slot] = [block.create_var(name=f"{slot.lower()}_{i}", dtype=d or "float32") for i, d in enumerate(dtypes)]
                    fetches += [v for v, d in zip(made[slot], dtypes) if d]
                try:
                    block.append_op(type=op, inputs=slots, outputs=made, attrs=attrs)
                except (RuntimeError, ValueError) as error:
                    if not (case.expect and "registered" in str(error)):
                        raise
                    append_unknown_op(block, op, slots, made, attrs, fetches, case)
            else:
                fetches = case.body[0](*[v for vs in slots.values() for v in vs])
                fetches = list(fetches) if isinstance(fetches, (list, tuple)) else [fetches]
            executor.run(startup)
            for var in sorted(block.all_parameters(), key=lambda var: var.name):
                tensor = scope.find_var(var.name).get_tensor()
                tensor.set(paddle_side.new_values(var.name, np.array(tensor), rng), paddle.CPUPlace())
            for name, array in given.items():
                scope.var(name).get_tensor().set(array, paddle.CPUPlace())
            # Without the results that only training needs, Paddle 2.6 does not run `gru`.
            paddle_side.save_program(folder, feeds, fetches, executor, main, whole=bool(sequences(case)))


def append_unknown_op(block, op, slots, made, attrs, fetches, case):
    """An operator that this Paddle has no kernel of, or doesn't know at all, cannot tell the shapes of its results: the case does."""
    block.desc._remove_op(block.desc.op_size() - 1, block.desc.op_size())
    desc = block.desc.append_op()
    desc.set_type(op)
    for slot, variables in slots.items():
        desc.set_input(slot, [v.name for v in variables])
    for slot, variables in made.items():
        desc.set_output(slot, [v.name for v in variables])
    for name, value in attrs.items():
        desc._set_attr(name, value)
    results = [case.expect(*arrays(case, sizes, i).values()) for i, sizes in enumerate(case.sizes)]
    results = [r if isinstance(r, (list, tuple)) else [r] for r in results]
    for var, *shapes in zip(fetches, *[[np.shape(a) for a in r] for r in results]):
        var.desc.set_shape([n if all(s[i] == n for s in shapes) else -1 for i, n in enumerate(shapes[0])])
    block._sync_with_cpp()


def input_name(case, slot, i=None):
    if case.kind != "raw":
        return slot
    return slot.lower() if i is None else f"{slot.lower()}_{i}"


def specs(case):
    """{name: spec} of the inputs."""
    for slot, operands in case.inputs.items():
        many = isinstance(operands, list)
        for i, operand in enumerate(operands if many else [operands]):
            if isinstance(operand, dsl.Spec):
                yield input_name(case, slot, i if many else None), operand


def arrays(case, sizes, run):
    rng = np.random.default_rng([case.seed, run])
    feed = {name: spec.make(rng, sizes, run) for name, spec in specs(case)}
    feed.update({name + ".lod": spec.offsets(run) for name, spec in specs(case) if spec.lengths})
    return feed


def sequences(case):
    return {name: spec.told for name, spec in specs(case) if spec.lengths}


def upgrade(source, folder):
    """The model that Paddle 2.6 wrote for a row of the older vocabulary, in Paddle 3's words."""
    described = source / "case.json"
    error = json.loads(described.read_text()).get("paddle_error") if described.exists() else None
    if error and not (source / "inference.pdmodel").exists():
        raise RuntimeError(f"there is no .pdmodel to translate: {error}")
    paddle_side.upgrade(source, folder)


def copy_saved(source, folder):
    """A model that exists, in the format of this Paddle or as a .pdmodel that it can translate."""
    if not (source / paddle_side.PROGRAM).exists():
        paddle_side.upgrade(source, folder)
        return
    for name in (paddle_side.PROGRAM, paddle_side.PARAMETERS):
        shutil.copy(source / name, folder)


def save(case, folder, older, rng):
    """Writes the model of a case. `older`: the folder of Paddle 2.6's exports of this table, for Paddle 3."""
    if case.kind == "layer":
        with paddle.utils.unique_name.guard():
            layer = wrap(case)
            paddle_side.randomise(layer, rng)
            if case.calibrate:
                paddle_side.calibrate(layer, arrays(case, case.calibrate, 98).values())
            inputs = [(n, s.static_shape(), s.dtype) for n, s in case.inputs.items()]
            paddle_side.save_layer(layer, inputs, folder)
    elif case.kind == "saved":
        copy_saved(pathlib.Path(case.body[0]), folder)
    elif older and case.kind in ("raw", "older"):
        upgrade(older / case.name, folder)
    else:
        save_static(case, folder, rng)


def share_weights(folder, twin):
    """Parameters that are the same in both formats are on the disk once: those of the networks are gigabytes."""
    ours, theirs = folder / paddle_side.PARAMETERS, twin / paddle_side.PARAMETERS
    if ours.exists() and theirs.exists() and filecmp.cmp(ours, theirs, shallow=False):
        ours.unlink()
        os.link(theirs, ours)


def blank_record(case):
    return {"name": case.name, "key": case.key, "format": paddle_side.FORMAT, "options": case.options}


def export(case, folder, older):
    """Returns case.json's content."""
    rng = np.random.default_rng([case.seed, 99])
    paddle.seed(case.seed)
    np.random.seed(case.seed % 2**31)
    record = blank_record(case)
    try:
        try:
            save(case, folder, older, rng)
        except Exception:
            # Paddle 3 refuses to build what its CPU has no kernel for (float16); 2.6 did not.
            if not (case.expect and older):
                raise
            upgrade(older / case.name, folder)
        if case.options["error"]:
            return record  # nobody will run it
        runs = [arrays(case, sizes, i) for i, sizes in enumerate(case.sizes)]
        if case.expect:
            # Paddle has no kernel for this on the CPU: its program, but the table's own numbers.
            described, _ = paddle_side.run_exported(folder, [])
            feeds = [[run[i["name"]] for i in described["inputs"]] for run in runs]
            results = [case.expect(*run.values()) for run in runs]
            recorded = [(f, list(r) if isinstance(r, (list, tuple)) else [r]) for f, r in zip(feeds, results)]
        else:
            before_nms = "--remove_nms" in (case.options["flags"] or ())
            described, recorded = paddle_side.run_exported(folder, runs, before_nms, sequences(case))
        record.update(described)
        record["runs"] = len(recorded)
        paddle_side.save_runs(folder / "runs.npz", recorded)
    except Exception:
        record["paddle_error"] = traceback.format_exc()[-3000:]
    return record


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--older", type=pathlib.Path, help="the same table's exports by Paddle 2.6")
    parser.add_argument("--twin", type=pathlib.Path, help="the same table's exports in the other format, where --older is not given")
    parser.add_argument("--key", default="", help="hash of the harness; part of every case's key")
    args = parser.parse_args()

    manifest = {"key": args.key, "cases": []}
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        cases = dsl.Table(args.table).load(paddle_side.FORMAT)
    except Exception:
        manifest["error"] = traceback.format_exc()[-3000:]
        cases = {}
    for old in args.out.iterdir():
        if "error" not in manifest and old.is_dir() and old.name not in cases:
            shutil.rmtree(old)
    fresh = 0
    for name, case in cases.items():
        folder = args.out / name
        case.key = f"{args.key} {case.key}"
        described = folder / "case.json"
        record = json.loads(described.read_text()) if described.exists() else {}
        if record.get("key") != case.key:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (args.out / "current").write_text(json.dumps(blank_record(case)))
            record = export(case, folder, args.older)
            if args.older or args.twin:
                share_weights(folder, (args.older or args.twin) / name)
            described.write_text(json.dumps(record))
            fresh += 1
        manifest["cases"].append(record)
    (args.out / "current").unlink(missing_ok=True)
    (args.out / "manifest.json").write_text(json.dumps(manifest))
    failed = sum("paddle_error" in c for c in manifest["cases"])
    print(f"{args.table.stem}: {len(cases)} cases, {fresh} exported" + (f", {failed} refused by Paddle" if failed else ""))


if __name__ == "__main__":
    main()
