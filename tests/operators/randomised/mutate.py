"""Every row of ../cases, changed: other dtypes, ranks, kinds of dimensions, empty dimensions, values that are not finite.

    tools/test.sh --mutate [KIND,…] [--family F,…] [--format F]     # kinds: dtypes, ranks, dimensions, empties, values (all)

What Paddle refuses is counted. The report goes to build/mutants/report.md; the exit code tells whether there was a mismatch that
explained.py doesn't name."""
import argparse
import collections
import concurrent.futures
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import run  # noqa: E402
from harness import exports  # noqa: E402

KINDS = ["dtypes", "ranks", "dimensions", "empties", "values"]
CASES = HERE.parent / "cases"
OUT = exports.ROOT / "build/mutants"
PARTS = 3  # processes of Paddle for each table and kind


def write_table(path, family, kind, part):
    text = f"import sys\n\nsys.path.insert(0, {str(HERE)!r})\nimport mutants\n\nmutants.add({str(CASES / family)!r} + '.py', {kind!r}, {part}, {PARTS})\n"
    digest = exports.hash_of([CASES / f"{family}.py", HERE / "mutants.py"])
    path.write_text(f"# {digest}\n{text}")


def report(path, results, seconds):
    counts = collections.Counter(kind for *_, kind in results)
    summary = (
        f"{counts['right']} passed, {counts['mismatch']} failed, {counts['explained']} explained, {counts['refused']} refused by the converter, "
        f"{counts['paddle']} refused by Paddle; {len(results)} rows"
    )
    lines = [f"{summary} ({seconds:.0f} s)."]
    lines += run.count_table("kind of change, format", [(f"{t.split('__')[1]}, {f}", k) for t, f, _, _, _, k in results])
    lines += run.count_table("table, format", [(f"{t.split('__')[0]}, {f}", k) for t, f, _, _, _, k in results])
    for wanted in ("mismatch", "refused", "explained"):
        lines += ["", f"## {run.KINDS[wanted]}", ""]
        for table, model_format, name, opset, problems, kind in sorted(results):
            if kind == wanted:
                lines.append(f"- {table.split('__')[0]}-{name} `{model_format}` opset {opset}: {' / '.join(' '.join(p[:400].split()) for p in problems[:2])}")
    path.write_text("\n".join(lines) + "\n")
    return counts["mismatch"], summary


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="?", default=",".join(KINDS))
    parser.add_argument("--family", help="comma-separated tables (default: all)")
    parser.add_argument("--format", choices=list(exports.PADDLES), help="only this one")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    kinds = args.kinds.split(",")
    unknown = set(kinds) - set(KINDS)
    if unknown:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")

    start = time.time()
    run.OUT = OUT
    (OUT / "cases").mkdir(parents=True, exist_ok=True)
    families = args.family.split(",") if args.family else sorted(p.stem for p in CASES.glob("*.py"))
    results, failed, summary = [], 0, "nothing was changed"
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        work = {}
        for family in families:
            for kind in kinds:
                for part in range(PARTS):
                    table = OUT / "cases" / f"{family}__{kind}__{part}.py"
                    write_table(table, family, kind, part)
                    for model_format in [args.format] if args.format else exports.PADDLES:
                        work[pool.submit(run.do_table, table, model_format, 0)] = (table.stem, model_format)
        for job in concurrent.futures.as_completed(work):
            table, model_format = work[job]
            for name, opset, problems, kind in job.result():
                reason = run.reason_of(f"{table.split('__')[0]}-{name}", model_format, opset, problems) if kind == "mismatch" else None
                results.append((table, model_format, name, opset, problems, "explained" if reason else kind))
            failed, summary = report(OUT / "report.md", results, time.time() - start)
            print(summary, flush=True)
    print(f"see {(OUT / 'report.md').relative_to(exports.ROOT)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
