"""Every row of every table: export (see conftest.py), convert at several opsets, check, run, compare."""
import os

import onnx
import pytest
from conftest import CASES
from harness import exports, judge

KEPT = exports.ROOT / "build/operator-onnx"


def test_operator(operator_case, opsets, pytestconfig):
    model_format, family, record = operator_case
    if "table_error" in record:
        pytest.fail(record["table_error"], pytrace=False)
    options = record["options"]
    if "paddle_error" in record:
        if options["paddle_cannot"]:
            pytest.skip(options["paddle_cannot"])
        pytest.fail("Paddle cannot export or run this case:\n" + record["paddle_error"], pytrace=False)
    if options["paddle_cannot"]:
        pytest.fail("Paddle exports and runs this case: take paddle_cannot out", pytrace=False)
    if pytestconfig.getoption("--export-only"):
        return
    if not judge.BINARY.exists():
        pytest.fail(f"{judge.BINARY} is not built", pytrace=False)
    folder = CASES / model_format / family / record["name"]
    opsets = options["opsets"] or opsets
    judged = refused if options["error"] else converted
    problems = judged(folder, f"{model_format}-{family}-{record['name']}", record, opsets)
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


def refused(folder, label, record, opsets):
    problems = []
    for opset in sorted({opsets[0], opsets[-1]}):
        target = KEPT / f"{label}-{os.getpid()}.onnx"
        done = judge.convert(folder, target, opset, flags=record["options"]["flags"] or ())
        wanted = record["options"]
        if done.code != wanted["code"] or wanted["error"] not in done.messages:
            problems.append(f"opset {opset}: wanted exit code {wanted['code']} and {wanted['error']!r}, got {done.brief()}")
        if target.exists():
            problems.append(f"opset {opset}: it left a file")
            target.unlink()
    return problems


def converted(folder, label, record, opsets):
    options, written = record["options"], None
    problems: dict[str, list[str]] = {}  # the same problem at several opsets is told once
    runs = judge.load_runs(folder / "runs.npz", record["runs"], len(record["inputs"]), len(record["outputs"]))
    KEPT.mkdir(parents=True, exist_ok=True)
    for asked in opsets:
        if written is not None and asked <= written:
            continue  # raised to what was judged already
        path = KEPT / f"{label}-{os.getpid()}.onnx"
        done = judge.convert(folder, path, asked, flags=options["flags"] or ())
        if not done.done:
            problems.setdefault(done.brief(), []).append(str(asked))
            continue
        model = onnx.load(path)
        written = judge.opset_of(model)
        found = judge.structure_problems(model, path, record["inputs"], record["outputs"])
        lowest = max(asked, options["opset"])
        if written != lowest:
            found.append(f"opset {written} was written where {lowest} is right (the case says: lowest {options['opset']})")
        skip = options["skip_run"]
        if not (skip.get(str(written)) if isinstance(skip, dict) else skip):
            found += judge.run_problems(model, path, runs, options["rtol"], options["atol"])[0]
        kept = KEPT / f"{label}-{written}.onnx"
        if found:
            path.rename(kept)
            for problem in [*found, f"see {KEPT.relative_to(exports.ROOT)}/{label}-*.onnx"]:
                problems.setdefault(problem, []).append(str(asked) if asked == written else f"{asked} (raised to {written})")
        else:
            path.unlink()
            kept.unlink(missing_ok=True)
    return [f"opset {', '.join(where)}: {problem}" for problem, where in problems.items()]
