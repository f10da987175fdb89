"""The table of models × opsets with the largest difference from Paddle: build/<suite>-differences.{md,json}."""
import dataclasses
import json

from harness.exports import ROOT

# One file for each model, so that several processes can write and a partial run updates its own rows.
def rows_of(suite):
    return ROOT / f"build/{suite}-rows"


def keep_row(suite, label, problems, differences):
    rows_of(suite).mkdir(parents=True, exist_ok=True)
    row = {"model": label, "failed": bool(problems), "opsets": {o: dataclasses.asdict(d) for o, d in differences.items()}}
    (rows_of(suite) / f"{label}.json").write_text(json.dumps(row))


def write_table(suite):
    rows = [json.loads(path.read_text()) for path in sorted(rows_of(suite).glob("*.json"))]
    if not rows:
        return
    opsets = sorted({o for row in rows for o in row["opsets"]}, key=int)
    lines = [
        "Largest absolute difference from Paddle over all outputs and runs, and in parentheses the same relative to the",
        "largest value of the output. An empty place: not run at this opset.",
        "",
        "| model | " + " | ".join(f"opset {o}" for o in opsets) + " |",
        "|---|" + "---|" * len(opsets),
    ]
    for row in rows:
        cells = [row["opsets"].get(o) for o in opsets]
        texts = [f"{c['absolute']:.1e} ({c['relative']:.1e})" if c else "" for c in cells]
        lines.append(f"| {row['model']}{' **failed**' if row['failed'] else ''} | " + " | ".join(texts) + " |")
    (ROOT / f"build/{suite}-differences.md").write_text("\n".join(lines) + "\n")
    (ROOT / f"build/{suite}-differences.json").write_text(json.dumps(rows, indent=1) + "\n")
