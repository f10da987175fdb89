"""How fast and how big: this converter, `cp` of the weights, and other converters, in alternating runs. Nothing is asserted.

    tools/bench.sh                              # all models, all converters; writes docs/performance.md
    tools/bench.sh --models resnet152 --runs 9  # prints only

Each of a run's processes is waited for alone; medians are over the runs, after one that warms the page cache.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import tempfile

import synthetic
from measure import measure

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "build/bench"
NETWORKS = ["lenet", "mobilenet_v3_small", "resnet50", "resnet152", "vit_b_16", "bert_base"]
SYNTHETIC = {
    "weights_3gb": lambda folder: synthetic.weights(folder, 3),
    "weights_10gb": lambda folder: synthetic.weights(folder, 10),
    "transposed_10gb": lambda folder: synthetic.transposed(folder, 10),
    "operators_20k": lambda folder: synthetic.operators(folder, 20_000),
    "operators_200k": lambda folder: synthetic.operators(folder, 200_000),
}
OURS = "paddle2onnx (this one)"


def commands(name, args, out):
    """{tool: command} for a model."""
    program = MODELS / ("synthetic" if name in SYNTHETIC else "pdmodel") / name
    pir = MODELS / "pir" / name
    ours = lambda folder: [str(args.binary), "--model_dir", str(folder), "--save_file", str(out / "ours.onnx"), "--quiet"]
    weights = program / "inference.pdiparams"
    table = {"cp": ["cp", str(weights), str(out / "copy")]}
    # The same formats for all: PIR where the others read that only.
    table[OURS + ", .pdmodel"] = ours(program)
    if pir.exists():
        table[OURS + ", PIR"] = ours(pir)
    if name in SYNTHETIC and name.startswith("weights"):
        table[OURS + ", --reference_params"] = [
            str(args.binary), "--model_dir", str(program), "--save_file", str(program / "reference.onnx"), "--reference_params", "--quiet"
        ]
    if args.p2o and pir.exists():
        table["p2o 0.1.2, PIR"] = [args.p2o, str(pir / "inference.json"), str(pir / "inference.pdiparams"), str(out / "p2o.onnx"), "--opset", "17"]
    flags = ["--model_filename", "", "--params_filename", "inference.pdiparams", "--opset_version", "17"]
    for tool, label, folder, file in (
        (args.paddle2onnx2, "Paddle2ONNX 2.1.0, PIR", pir, "inference.json"),
        (args.paddle2onnx1, "Paddle2ONNX 1.3.1, .pdmodel", program, "inference.pdmodel"),
    ):
        if tool and folder.exists():
            flags[1] = file
            table[label] = [tool, "--model_dir", str(folder), *flags, "--save_file", str(out / "peer.onnx")]
    # The others see no holes: they would hold and write all 10 GB.
    return {tool: c for tool, c in table.items() if not name.endswith("_10gb") or not tool.startswith(("Paddle2ONNX", "p2o"))}


def bench(name, args, out):
    table = commands(name, args, out)
    results = {tool: [] for tool in table}
    for run in range(args.runs + 1):
        for tool, command in table.items():
            if results[tool] is None:
                continue
            result = measure(command, args.limit)
            if result is None:
                results[tool] = None
            elif run:
                results[tool].append(result)
    rows = {}
    for tool, runs in results.items():
        rows[tool] = runs and [statistics.median(values) for values in zip(*runs)]
    return rows


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def size(value):
    return f"{value / 2**20:.0f} MiB" if value < 2**30 else f"{value / 2**30:.1f} GiB"


def table_of(name, rows, limit):
    program = MODELS / ("synthetic" if name in SYNTHETIC else "pdmodel") / name
    weights = (program / "inference.pdiparams").stat().st_size
    lines = [f"### {name}", "", f"{size(weights) if weights >= 2**20 else f'{weights / 1024:.0f} KiB'} of weights.", ""]
    lines += ["| | wall | × cp | × this | CPU | peak memory |", "|---|---|---|---|---|---|"]
    for tool, row in rows.items():
        if row is None:
            lines.append(f"| {tool} | failed, or more than {limit} s | | | | |")
            continue
        wall, cpu, peak = row
        own = rows[OURS + (", PIR" if tool.endswith("PIR") else ", .pdmodel")]
        times = f"{wall / own[0]:.1f}" if own else "-"
        lines.append(f"| {tool} | {seconds(wall)} | {wall / rows['cp'][0]:.1f} | {times} | {seconds(cpu)} | {size(peak)} |")
    return "\n".join(lines) + "\n"


def start_up(args):
    wall, _, peak = (statistics.median(values) for values in zip(*(measure([str(args.binary), "--version"], args.limit) for _ in range(21))))
    return f"Start-up (`paddle2onnx --version`): {wall * 1000:.1f} ms, {size(peak)}.\n\n"


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} × {model}, {size(memory)}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f} at the start"


INTRODUCTION = """# Performance

Written by `tools/bench.sh` on {machine}. Medians of {runs} alternating runs after one
that warms the page cache; results and sources lie on the same file system. On a busy machine CPU time tells more than wall time.

*× this*: how many times as long as this converter needs for the same format. Peak memory is what the operating system counts for
the process, mapped pages included (less than 10 MiB is not told apart). The weights of the synthetic models are mostly holes, which both
`cp` and this converter keep. In *transposed_10gb* every weight has to be transposed, so all of it is read and written. *operators_20k* and
*operators_200k* are programs of as many operators: no pass is quadratic, but the greater one no longer fits into the processor's caches.

"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join([*NETWORKS, *SYNTHETIC]), help="comma-separated")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit", type=int, default=300, help="seconds after which a process counts as failed")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/paddle2onnx")
    for tool in ("p2o", "paddle2onnx1", "paddle2onnx2"):
        parser.add_argument(f"--{tool}", help="command; left out if not given")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()

    started = machine()
    names = args.models.split(",")
    for name in names:
        folder = MODELS / "synthetic" / name
        if name in SYNTHETIC and not (folder / "inference.pdiparams").exists():
            SYNTHETIC[name](folder)
    text, all_rows = start_up(args), {}
    print(text)
    # Inside the build folder, so that source and target lie on one file system.
    out = pathlib.Path(tempfile.mkdtemp(dir=ROOT / "build"))
    try:
        for name in names:
            all_rows[name] = bench(name, args, out)
            table = table_of(name, all_rows[name], args.limit)
            print(table, flush=True)
            text += table + "\n"
            for file in out.iterdir():
                file.unlink()
    finally:
        shutil.rmtree(out)
    if args.json:
        args.json.write_text(json.dumps(all_rows, indent=1) + "\n")
    if args.write:
        (ROOT / "docs/performance.md").write_text(INTRODUCTION.format(machine=started, runs=args.runs) + text.rstrip() + "\n")


if __name__ == "__main__":
    main()
