"""Runs a converted model on its recorded inputs and prints the results beside Paddle's.

    run.py lenet_digits model.onnx
"""
import json
import pathlib
import sys

import numpy as np
import onnxruntime

SHADES = " .:-=+*#%@"


def picture(image):
    """An 8 × 8 digit in characters, two to a pixel."""
    return ["".join(SHADES[min(9, int(v * 9.99))] * 2 for v in row) for row in image[0]]


def main(name, model):
    folder = pathlib.Path(__file__).resolve().parent / name
    about = json.loads((folder / "about.json").read_text())
    inputs = dict(np.load(folder / "inputs.npz"))
    (output, wanted), = np.load(folder / "outputs.npz").items()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (got,) = session.run([output], inputs)

    print(f"{about['task']}: some of {len(got)} recorded inputs")
    firsts = {label: i for i, label in reversed(list(enumerate(about["labels"])))}  # one of each class
    for i in sorted(firsts.values())[:3]:
        if "vocabulary" in about:
            print("  " + " ".join(about["vocabulary"][w] for w in inputs["words"][i][: inputs["lengths"][i]]))
        else:
            print("\n".join("  " + line for line in picture(inputs["image"][i])))
        for source, values in (("ONNX Runtime", got[i]), ("Paddle", wanted[i])):
            best = int(values.argmax())
            print(f"    {source:12}  {about['classes'][best]:8}  {values[best]:.7f}")
        print(f"    {'right is':12}  {about['classes'][about['labels'][i]]}")
    right = np.mean(got.argmax(1) == about["labels"])
    difference = float(np.abs(got - wanted).max())
    print(f"  {right:.1%} of {len(got)} right; largest difference from Paddle {difference:.1e}")
    # A demonstration that shows a wrong result must not end well.
    return 0 if got.shape == wanted.shape and np.allclose(got, wanted, rtol=1e-4, atol=1e-5) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
