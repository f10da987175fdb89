"""Conversion against `cp` of the parameter file: medians of alternating runs, and peak memory. Nothing is asserted.

    python3 tools/bench.py FOLDER... [--runs 9] [--opset 17] [--binary build/release/paddle2onnx] [--json build/bench.json]

FOLDER holds inference.pdmodel and inference.pdiparams (build/models-cases/pdmodel/vision/resnet152, for example).
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def measured(command):
    """Seconds and peak resident bytes of one process."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    messages = process.stderr.read()
    # wait4 rather than RUSAGE_CHILDREN, which keeps the maximum over all children.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{messages}")
    return seconds, usage.ru_maxrss * 1024


def bench(folder, args, scratch):
    weights = folder / "inference.pdiparams"
    target = scratch / "model.onnx"
    convert = [str(args.binary), "--model_dir", str(folder), "--save_file", str(target), "--opset_version", str(args.opset)]
    # The same work without onnx's checker, which costs about 20 ms for its schemas alone.
    unchecked = [*convert, "--enable_onnx_checker", "False"]
    commands = {"converted": convert, "unchecked": unchecked}
    if weights.exists():
        commands["cp"] = ["cp", str(weights), str(scratch / "copy")]
    times = {name: [] for name in commands}
    peak = 0
    for run in range(args.runs + 1):
        for name, command in commands.items():
            seconds, resident = measured(command)
            if run:  # the first one warms the page cache
                times[name].append(seconds)
            peak = max(peak, resident) if name == "converted" else peak
    size = weights.stat().st_size if weights.exists() else 0
    row = {"model": folder.name, "weights": size, "onnx": target.stat().st_size, "peak": peak}
    row.update({name: statistics.median(values) for name, values in times.items()})
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--opset", type=int, default=17)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/paddle2onnx")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()

    print("| model | weights | cp | conversion | without checker | × cp | peak memory | × weights |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    # Inside the build folder, so that source and target lie on one file system.
    (ROOT / "build").mkdir(exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(dir=ROOT / "build"))
    try:
        for folder in args.folders:
            row = bench(folder, args, scratch)
            rows.append(row)
            mib = 1024 * 1024
            copied = f"{row['cp']:.3f} s" if "cp" in row else "-"
            times = f"{row['converted'] / row['cp']:.1f}" if "cp" in row else "-"
            share = f"{row['peak'] / row['weights']:.2f}" if row["weights"] else "-"
            print(
                f"| {row['model']} | {row['weights'] / mib:.1f} MiB | {copied} | {row['converted']:.3f} s | {row['unchecked']:.3f} s"
                f" | {times} | {row['peak'] / mib:.0f} MiB | {share} |",
                flush=True,
            )
    finally:
        shutil.rmtree(scratch)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
