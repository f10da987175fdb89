"""The randomised run: draws rows, lets Paddle export and run them, converts each at a drawn opset and compares.

    tools/test.sh --random [N]      # rows (5000), two thirds in .pdmodel and a third in PIR

A report goes to build/random/report.md; the exit code tells whether there was a mismatch. What Paddle itself refuses is counted."""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import draw  # noqa: E402
from harness import exports, judge  # noqa: E402

OUT = exports.ROOT / "build/random"
PER_TABLE = 250  # rows that one process of Paddle exports
HEAD = "import paddle\nimport paddle.nn as nn\nimport paddle.nn.functional as F\nfrom dsl import *\n\n"


def problems_of(folder, label, record, opset):
    """What is wrong with one row at one opset; the second value: the converter refused it."""
    path = OUT / "onnx" / f"{label}.onnx"
    done = judge.convert(folder, path, opset, flags=())
    if not done.done:
        return [done.brief()], done.code == 4
    model = judge.onnx.load(path)
    found = judge.structure_problems(model, path, record["inputs"], record["outputs"])
    runs = judge.load_runs(folder / "runs.npz", record["runs"], len(record["inputs"]), len(record["outputs"]))
    failed, _ = judge.run_problems(model, path, runs, record["options"]["rtol"], record["options"]["atol"])
    if not found and not failed:
        path.unlink()
    return found + failed, False


def judge_table(job):
    label, folder, records, number = job
    results = []
    for record in records:
        if "paddle_error" in record:
            results.append((record["name"], label, 0, ["Paddle: " + record["paddle_error"].strip().splitlines()[-1][:200]], "paddle"))
            continue
        opset = random.Random(f"{number} {record['name']}").choice([7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, judge.newest_opset()])
        problems, refused = problems_of(folder / record["name"], f"{label}-{record['name']}", record, opset)
        results.append((record["name"], label, opset, problems, "refused" if refused else "mismatch" if problems else "right"))
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=5000)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--format", choices=list(exports.PADDLES), help="only this one")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()

    start = time.time()
    rows = draw.rows(args.count, args.seed)
    texts = dict(rows)
    shutil.rmtree(OUT / "onnx", ignore_errors=True)
    for folder in (OUT / "cases", OUT / "onnx"):
        folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        work = []
        for i in range(0, len(rows), PER_TABLE):
            table = OUT / "cases" / f"rows_{i:05}.py"
            table.write_text(HEAD + "".join(f'case("{name}", {text})\n' for name, text in rows[i : i + PER_TABLE]))
            model_format = args.format or ("pir" if i // PER_TABLE % 3 == 2 else "pdmodel")
            work.append((model_format, table, pool.submit(exports.export_table, table, OUT, exports.PADDLES[model_format], False)))
        for model_format, table, job in work:
            manifest = job.result()
            if "error" in manifest:
                sys.exit(manifest["error"])
            jobs.append((model_format, OUT / model_format / table.stem, manifest["cases"], args.seed))
    exported = time.time()
    results = []
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        for done in pool.map(judge_table, jobs):
            results += done
    counts = collections.Counter(kind for *_, kind in results)
    lines = [
        f"{len(rows)} rows drawn with seed {args.seed}: {counts['right']} right, {counts['mismatch']} mismatches, {counts['refused']} refused by the "
        f"converter, {counts['paddle']} that Paddle itself refuses. Exported in {exported - start:.0f} s, judged in {time.time() - exported:.0f} s.",
    ]
    for kind, title in (("mismatch", "Mismatches"), ("refused", "Refused by the converter"), ("paddle", "Refused by Paddle")):
        lines += ["", f"## {title}", ""]
        for name, label, opset, problems, is_kind in results:
            if is_kind == kind:
                lines += [f"- `{label}` opset {opset}: `case(\"{name}\", {texts[name]})`", *(f"  - {p[:500]}" for p in problems[:3])]
    (OUT / "report.md").write_text("\n".join(lines) + "\n")
    (OUT / "report.json").write_text(json.dumps({"counts": counts, "rows": len(rows), "seed": args.seed}) + "\n")
    print(lines[0])
    print(f"see {(OUT / 'report.md').relative_to(exports.ROOT)}")
    sys.exit(1 if counts["mismatch"] else 0)


if __name__ == "__main__":
    main()
