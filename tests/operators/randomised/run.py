"""The randomised run: draws rows, lets Paddle export and run them, converts each at a drawn opset and compares.

    tools/test.sh --random [N]      # rows (5000), two thirds in .pdmodel and a third in PIR

A report goes to build/random/report.md, renewed after every table; the exit code tells whether there was a mismatch that explained.py
doesn't name. What Paddle itself refuses is counted. A run that was stopped goes on where it was: exports and results are kept."""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import draw  # noqa: E402
import explained  # noqa: E402
import further  # noqa: E402
from harness import exports, judge  # noqa: E402

exports.PATIENCE = 60  # a row takes less than a second
OUT = exports.ROOT / "build/random"
PER_TABLE = 250  # rows that one process of Paddle exports
HEAD = "import paddle\nimport paddle.nn as nn\nimport paddle.nn.functional as F\nfrom dsl import *\n\n"
KINDS = {"right": "right", "mismatch": "mismatch", "explained": "explained mismatch", "refused": "refused, with a message", "paddle": "Paddle refuses"}


def opset_of(name, number):
    return random.Random(f"{number} {name}").choice([*range(7, judge.newest_opset() + 1)])


def problems_of(folder, label, record, opset):
    """What is wrong with one row at one opset; the second value: the converter refused it."""
    path = OUT / "onnx" / f"{label}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
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


def judged(folder, key):
    """{row: [opset, problems, kind]} of earlier processes that judged this table, with the same files and the same converter."""
    path, known = folder / "results.jsonl", {}
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                found_key, name, *rest = json.loads(line)
            except ValueError:
                continue  # the process died while it wrote
            if found_key == key:
                known[name] = rest
    return known


def judge_table(folder, label, key, number):
    """Judges the rows that have no result yet; in a process of its own, since ONNX Runtime may take it along."""
    known = judged(folder, key)
    with open(folder / "results.jsonl", "a") as file:

        def tell(name, opset, problems, kind):
            file.write(json.dumps([key, name, opset, problems, kind]) + "\n")
            file.flush()

        for record in json.loads((folder / "manifest.json").read_text())["cases"]:
            name = record["name"]
            if name in known:
                continue
            if "paddle_error" in record:
                tell(name, 0, [record["paddle_error"].strip().splitlines()[-1][:300]], "paddle")
                continue
            # Below the row's own opset another formula may serve, for which its tolerance is not meant.
            opset = max(opset_of(name, number), record["options"]["opset"])
            (folder / "judging").write_text(json.dumps([name, opset]))
            try:
                problems, refused = problems_of(folder / name, f"{label}-{folder.name}-{name}", record, opset)
            except Exception as error:
                problems, refused = [f"{type(error).__name__}: {error}"], False
            tell(name, opset, problems, "refused" if refused else "mismatch" if problems else "right")
    (folder / "judging").unlink(missing_ok=True)


def do_table(table, model_format, number):
    """[(row, opset, problems, kind)] of one table, exported and judged."""
    manifest = exports.export_table(table, OUT, exports.PADDLES[model_format], False)
    if "error" in manifest:
        return [(table.stem, 0, [manifest["error"]], "mismatch")]
    folder = OUT / model_format / table.stem
    key = exports.hash_of([judge.BINARY, judge.__file__], manifest["stamp"], str(number))
    while True:
        (folder / "judging").unlink(missing_ok=True)
        command = [sys.executable, __file__, "--judge", folder, model_format, key, str(number)]
        done = subprocess.run([str(c) for c in command], stderr=subprocess.PIPE, text=True, errors="replace")
        if done.returncode == 0:
            return [(name, *rest) for name, rest in judged(folder, key).items()]
        if not (folder / "judging").exists():
            return [(table.stem, 0, [f"judging failed: {done.stderr[-2000:]}"], "mismatch")]
        name, opset = json.loads((folder / "judging").read_text())
        with open(folder / "results.jsonl", "a") as file:
            file.write("\n" + json.dumps([key, name, opset, [f"the judging process died, exit code {done.returncode}: {done.stderr[-300:]}"], "mismatch"]) + "\n")


def reason_of(text, model_format, opset, problems):
    """Why every one of the problems isn't the converter's, if explained.py says so."""
    reasons = []
    for problem in problems:
        for row, message, only_format, reason in explained.EXPLAINED:
            if only_format in (None, model_format) and re.search(row, text) and re.search(message, problem):
                reasons.append(reason)
                break
        else:
            return None
    return "; ".join(dict.fromkeys(reasons))


def count_table(title, rows):
    """A Markdown table; rows: [(label, kind)]."""
    counts = collections.defaultdict(collections.Counter)
    for label, kind in rows:
        counts[label][kind] += 1
        counts["all"][kind] += 1
    lines = ["", f"| {title} | rows | {' | '.join(KINDS.values())} |", "|---" * (len(KINDS) + 2) + "|"]
    for label in [*sorted(k for k in counts if k != "all"), "all"]:
        lines.append(f"| {label} | {sum(counts[label].values())} | {' | '.join(str(counts[label][k]) for k in KINDS)} |")
    return lines


def report(path, results, texts, drawn, number, seconds):
    """Writes the report; the number of mismatches without an explanation, and a line that sums up."""
    rows = []
    for model_format, name, opset, problems, kind in results:
        reason = reason_of(texts.get(name, ""), model_format, opset, problems) if kind == "mismatch" else None
        rows.append((model_format, name, opset, problems, "explained" if reason else kind, reason))
    counts = collections.Counter(row[4] for row in rows)
    summary = (
        f"{counts['right']} passed, {counts['mismatch']} failed, {counts['explained']} explained, {counts['refused']} refused by the converter, "
        f"{counts['paddle']} refused by Paddle; {len(rows)} of {drawn} rows done"
    )
    lines = [f"{summary} (seed {number}, {seconds:.0f} s)."]
    lines += count_table("format", [(f, k) for f, _, _, _, k, _ in rows])
    lines += count_table("family", [(f"{n.rpartition('_')[0]}, {f}", k) for f, n, _, _, k, _ in rows])
    lines += count_table("asked opset", [(f"{o:2}", k) for _, _, o, _, k, _ in rows if k != "paddle"])
    for wanted in ("mismatch", "explained", "refused", "paddle"):
        lines += ["", f"## {KINDS[wanted]}", ""]
        for model_format, name, opset, problems, kind, reason in rows:
            if kind == wanted:
                lines.append(f"- `{model_format}` opset {opset}: `case(\"{name}\", {texts.get(name)})`" + (f": {reason}" if reason else ""))
                lines += [f"  - {' '.join(p[:500].split())}" for p in problems[:3]]
    path.write_text("\n".join(lines) + "\n")
    return counts["mismatch"], summary


def main():
    if sys.argv[1:2] == ["--judge"]:
        folder, label, key, number = sys.argv[2:]
        return judge_table(pathlib.Path(folder), label, key, int(number))
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=5000)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--format", choices=list(exports.PADDLES), help="only this one")
    parser.add_argument("--further", action="store_true", help="the second draw: formats, paddings, computed shapes, special values, layers in a row")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()

    start = time.time()
    rows = draw.rows(args.count, args.seed, further.STRATEGIES if args.further else draw.STRATEGIES)
    texts = dict(rows)
    for folder in (OUT / "cases", OUT / "onnx"):
        folder.mkdir(parents=True, exist_ok=True)
    told = OUT / ("report-further.md" if args.further else "report.md")
    results, failed, summary = [], 0, "nothing was drawn"
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        work = {}
        for i in range(0, len(rows), PER_TABLE):
            table = OUT / "cases" / f"{'further' if args.further else 'rows'}_{i:05}.py"
            table.write_text(HEAD + "".join(f'case("{name}", {text})\n' for name, text in rows[i : i + PER_TABLE]))
            model_format = args.format or ("pir" if i // PER_TABLE % 3 == 2 else "pdmodel")
            work[pool.submit(do_table, table, model_format, args.seed)] = model_format
        for job in concurrent.futures.as_completed(work):
            results += [(work[job], *result) for result in job.result()]
            failed, summary = report(told, sorted(results, key=lambda r: r[1]), texts, len(rows), args.seed, time.time() - start)
            print(summary, flush=True)
    print(f"see {told.relative_to(exports.ROOT)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
