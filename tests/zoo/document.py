"""Writes docs/zoo.md from what the last runs of the zoo left in build/: python3 tests/zoo/document.py"""
import collections
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = {
    "classification": "paddleclas 2.6.0",
    "segmentation": "paddleseg 2.8.0, with the argmax of its export tool",
    "nlp": "paddlenlp 2.8.1, in small configurations",
    "gan": "ppgan 2.1.0",
    "diffusion": "ppdiffusers 0.29.0, in small configurations",
    "detection": "paddledet 2.6.0, with its post-processing and NMS",
}
# Why a network differs that is converted as it should be.
EXPLAINED = {
    "classification-levit_fixed": "random attention is one-hot with near ties: ONNX Runtime differs as much from itself at other optimisation levels",
    **dict.fromkeys(("detection-mask_rcnn", "detection-mask_rcnn_fixed"), "boxes agree; of a million pixels of the masks 160 or less lie within rounding of the threshold"),
    "classification-starnet": "it agrees at 64 × 64, where its norms were calibrated; at 96 × 128 it is chaotic: 1e-7 of the image changes ONNX Runtime's own result as much",
}
INTRODUCTION = """# The zoo, network by network

Networks of Paddle's model packages with random weights (`tests/zoo`), run at two batch or image sizes each and compared with Paddle: the largest
difference over all outputs and opsets, relative to the output's largest value. `_fixed` has a fixed image size, the others an open one.
`.pdmodel` was saved by Paddle 2.6.2, PIR by 3.3.1.

Written by `tests/zoo/document.py` after `tools/test.sh --zoo`.
"""


def cell(row):
    differences = [d["relative"] for d in row["opsets"].values()]
    worst = f"{max(differences):.0e}" if differences else ""
    if not row["failed"]:
        return worst
    return f"**differs** {worst}".strip() if differences else "**fails**"


def rows_of():
    """{family: {network: {format: what to say}}}, {family: {format: Counter}}"""
    found = collections.defaultdict(lambda: collections.defaultdict(dict))
    counts = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    for path in sorted((ROOT / "build/zoo-rows").glob("*.json")):
        row = json.loads(path.read_text())
        model_format = "pir" if row["model"].endswith("-pir") else "pdmodel"
        label = row["model"].removesuffix("-pir")
        family, _, network = label.partition("-")
        if family not in PACKAGES:
            continue
        found[family][network][model_format] = cell(row) + (f" ({EXPLAINED[label]})" if row["failed"] and label in EXPLAINED else "")
        counts[family][model_format]["agree" if not row["failed"] else "explained" if label in EXPLAINED else "differ"] += 1
    for path in sorted((ROOT / "build/zoo-cases").glob("*/*/manifest.json")):
        model_format, family = path.parts[-3:-1]
        for record in json.loads(path.read_text())["cases"] if family in PACKAGES else []:
            if "paddle_error" not in record:
                continue
            error = record["options"]["paddle_cannot"] or record["paddle_error"].strip().splitlines()[-1][:200]
            found[family][record["name"]][model_format] = f"Paddle cannot: {error}".replace("|", "\\|")
            counts[family][model_format]["cannot"] += 1
    return found, counts


def main():
    found, counts = rows_of()
    lines = [INTRODUCTION, "| | format | agree | differ | differ, and why is known | Paddle cannot export |", "|---|---|---|---|---|---|"]
    for family in PACKAGES:
        for model_format, name in (("pdmodel", ".pdmodel"), ("pir", "PIR")):
            count = counts[family][model_format]
            lines.append(f"| {family} | {name} | {count['agree']} | {count['differ']} | {count['explained']} | {count['cannot']} |")
    for family, package in PACKAGES.items():
        lines += ["", f"## {family.capitalize()}: {package}", "", "| network | .pdmodel | PIR |", "|---|---|---|"]
        lines += [f"| {n} | {c.get('pdmodel', 'not run')} | {c.get('pir', 'not run')} |" for n, c in sorted(found[family].items())]
    (ROOT / "docs/zoo.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
