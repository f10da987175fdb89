"""Whole ends of detectors in one operator. Scores are unique: the order of equal ones is nobody's promise."""
from dsl import *


def unit(*shapes, seed=0):
    return [((np.random.default_rng([seed, i]).permutation(int(np.prod(s))) + 0.5) / np.prod(s)).reshape(s).astype("float32") for i, s in enumerate(shapes)]


def anchors(count, size):
    rng = np.random.default_rng([count, size])
    low = rng.uniform(0, 60, (count, 2))
    return np.concatenate([low, low + rng.uniform(size / 2, size, (count, 2))], 1).astype("float32")


# --- RetinaNet: two levels of the pyramid

RETINA = dict(score_threshold=0.3, nms_top_k=20, keep_top_k=10, nms_threshold=0.4, nms_eta=1.0)
DELTAS = [f32["b", "m", 4].range(-0.5, 0.5), f32["b", "k", 4].range(-0.5, 0.5)]
SCORES = [f32["b", "m", 3].values(unit((2, 16, 3), (3, 12, 3))), f32["b", "k", 3].values(unit((2, 6, 3), (3, 5, 3), seed=1))]
ANCHORS = [f32["m", 4].values([anchors(16, 20), anchors(12, 20)]), f32["k", 4].values([anchors(6, 50), anchors(5, 50)])]
INFO = f32["b", 3].values([np.array([[64, 48, 1.0], [60, 70, 0.8]]), np.array([[64, 80, 1.5], [50, 50, 1.0], [33, 77, 0.9]])])
AT = [{"b": 2, "m": 16, "k": 6}, {"b": 3, "m": 12, "k": 5}]
INPUTS = {"BBoxes": DELTAS, "Scores": SCORES, "Anchors": ANCHORS, "ImInfo": INFO}
ONE = {"BBoxes": [f32[1, 16, 4].range(-0.5, 0.5)], "Scores": [f32[1, 16, 3].values(unit((1, 16, 3)))], "Anchors": [f32[16, 4].values(anchors(16, 20))], "ImInfo": f32[1, 3].values([[64, 48, 1.2]])}
NO_RETINA = {"pir": "Paddle 3 has no such operator"}
raw("retina", "retinanet_detection_output", inputs=INPUTS, outputs={"Out": "float32"}, attrs=RETINA, sizes=AT, opset=11, paddle_cannot=NO_RETINA)
raw("retina_one_level", "retinanet_detection_output", inputs=ONE, outputs={"Out": "float32"}, attrs={**RETINA, "nms_top_k": 40}, opset=10, paddle_cannot=NO_RETINA)
raw("retina_all", "retinanet_detection_output", inputs=INPUTS, outputs={"Out": "float32"}, attrs={**RETINA, "nms_top_k": -1, "keep_top_k": 1000, "score_threshold": -1.0}, sizes=AT, opset=11, paddle_cannot=NO_RETINA)
raw("retina_eta", "retinanet_detection_output", inputs=INPUTS, outputs={"Out": "float32"}, attrs={**RETINA, "nms_top_k": 30, "keep_top_k": 30, "nms_threshold": 0.7, "nms_eta": 0.8}, sizes=AT, opset=11, paddle_cannot=NO_RETINA)
raw("retina_nothing_but_in_the_last", "retinanet_detection_output", inputs=INPUTS, outputs={"Out": "float32"}, attrs={**RETINA, "score_threshold": 2.0}, sizes=AT, opset=11, paddle_cannot=NO_RETINA)
raw("retina_float64", "retinanet_detection_output", inputs={"BBoxes": [f64[2, 16, 4].range(-0.5, 0.5)], "Scores": [f64[2, 16, 3].range(0, 1)], "Anchors": [f64[16, 4].values(anchors(16, 20))], "ImInfo": f64[2, 3].values([[64, 48, 1.2], [30, 40, 1.0]])}, outputs={"Out": "float64"}, attrs=RETINA, opset=11, paddle_cannot=NO_RETINA)


# --- YOLO: Paddle's kernel is for GPUs; this is its formula


# phi/kernels/gpu/yolo_box_post_kernel.cu
def post(b0, b1, b2, shape, scale, threshold=0.5, overlap=0.45):
    rows, counts = [], []
    for image in range(len(shape)):
        height, width = (shape[image] / scale[image]).astype("float32")
        found = []
        for x, anchors, ratio in zip((b0, b1, b2), YOLO_ANCHORS, (32, 16, 8)):
            size = x.shape[2]
            cells = x[image].reshape(len(anchors) // 2, 5 + YOLO["class_num"], size, size)
            for kind, row, column in np.ndindex(len(anchors) // 2, size, size):
                cell = cells[kind, :, row, column]
                if cell[4] < threshold:
                    continue
                cx, cy = (cell[0] + column) * width / size, (cell[1] + row) * height / size
                w, h = cell[2] * anchors[2 * kind] * width / (ratio * size), cell[3] * anchors[2 * kind + 1] * height / (ratio * size)
                box = [max(cx - w / 2, 0), max(cy - h / 2, 0), min(cx + w / 2, width - 1), min(cy + h / 2, height - 1)]
                chances = cell[5:] * cell[4]
                best = int(chances.argmax()) if chances.max() > 0 else -1
                found.append([best, cell[4], *box, chances[best] if best >= 0 else cell[4]])
        found.sort(key=lambda f: (f[0], -f[6]))
        for i, a in enumerate(found):
            for b in found[i + 1 :]:
                if a[1] and b[1] and a[0] == b[0] and about_first_corners(a[2:6], b[2:6]) > overlap:
                    b[1] = 0
        rows += [f[:6] for f in found]
        counts.append(len(found))
    return np.array(rows or [[0] * 6], "float32"), np.array(counts, "int32")


def about_first_corners(a, b):
    """The overlap that two boxes would have, were their first corners their centers: what the kernel compares."""
    w, h = (min(a[i] + (a[i + 2] - a[i]) / 2, b[i] + (b[i + 2] - b[i]) / 2) - max(a[i] - (a[i + 2] - a[i]) / 2, b[i] - (b[i + 2] - b[i]) / 2) for i in (0, 1))
    common = w * h if w > 0 and h > 0 else 0
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


YOLO_ANCHORS = [116, 90, 156, 198, 373, 326], [30, 61, 62, 45, 59, 119], [10, 13, 16, 30]
YOLO = dict(anchors0=YOLO_ANCHORS[0], anchors1=YOLO_ANCHORS[1], anchors2=YOLO_ANCHORS[2], class_num=3, conf_thresh=0.5, downsample_ratio0=32, downsample_ratio1=16, downsample_ratio2=8, clip_bbox=True, scale_x_y=1.0, nms_threshold=0.45)
HEADS = {"Boxes0": f32["b", 24, "s", "s"].range(0, 1), "Boxes1": f32["b", 24, "t", "t"].range(0, 1), "Boxes2": f32["b", 16, "u", "u"].range(0, 1), "ImageShape": f32["b", 2].range(60, 90), "ImageScale": f32["b", 2].range(0.5, 1.5)}
POST = {"Out": "float32", "NmsRoisNum": "int32"}
SQUARES = [{"b": 1, "s": 2, "t": 4, "u": 8}, {"b": 3, "s": 3, "t": 6, "u": 12}]
raw("yolo_box_post", "yolo_box_post", inputs=HEADS, outputs=POST, attrs=YOLO, sizes=SQUARES, opset=11, expect=post)
raw("yolo_box_post_static", "yolo_box_post", inputs={"Boxes0": f32[2, 24, 2, 2].range(0, 1), "Boxes1": f32[2, 24, 4, 4].range(0, 1), "Boxes2": f32[2, 16, 8, 8].range(0, 1), "ImageShape": f32[2, 2].range(60, 90), "ImageScale": f32[2, 2].range(0.5, 1.5)}, outputs=POST, attrs=YOLO, opset=11, expect=post)
raw("yolo_box_post_few", "yolo_box_post", inputs=HEADS, outputs=POST, attrs={**YOLO, "conf_thresh": 0.97, "nms_threshold": 0.1}, sizes=SQUARES, opset=11, expect=lambda *x: post(*x, threshold=np.float32(0.97), overlap=0.1))
raw("yolo_box_post_nothing", "yolo_box_post", inputs=HEADS, outputs=POST, attrs={**YOLO, "conf_thresh": 2.0}, sizes=SQUARES, opset=11, expect=lambda *x: post(*x, threshold=2))
raw("yolo_box_post_no_class", "yolo_box_post", inputs={**HEADS, "Boxes1": f32["b", 24, "t", "t"].range(-1, 1)}, outputs=POST, attrs=YOLO, sizes=SQUARES, opset=11, expect=post)
raw("yolo_box_post_not_square", "yolo_box_post", inputs={**HEADS, "Boxes0": f32["b", 24, 2, 3]}, outputs=POST, attrs=YOLO, error="not as high as it is wide", expect=lambda *x: (np.zeros((1, 6), "float32"), np.zeros(len(x[3]), "int32")))
