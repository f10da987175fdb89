"""Suppression of boxes. Scores are unique: the order of equal ones is nobody's promise."""
import dataclasses

import paddle
from dsl import *


def of_type(spec, dtype):
    return dataclasses.replace(spec, dtype=dtype, fill=(spec.fill[0], [v.astype(dtype) for v in spec.fill[1]]))


def boxes(*dims, high=10.0, size=6.0):
    """Boxes with max >= min: [..., M, 4] for two runs. Overlaps of all degrees."""
    made = []
    for run in range(2):
        rng = np.random.default_rng([run, *dims[0]] if isinstance(dims[0], tuple) else [run])
        shape = dims[run] if isinstance(dims[0], tuple) else dims
        low = rng.uniform(0, high, (*shape, 2))
        made.append(np.concatenate([low, low + rng.uniform(0.1, size, (*shape, 2))], -1).astype("float32"))
    return made


def scores(*dims):
    made = []
    for run in range(2):
        shape = dims[run] if isinstance(dims[0], tuple) else dims
        count = int(np.prod(shape))
        rng = np.random.default_rng([7, run])
        made.append(((rng.permutation(count) + 0.5) / count).reshape(shape).astype("float32"))
    return made


B43 = f32[2, 30, 4].values(boxes(2, 30))
S43 = f32[2, 3, 30].values(scores(2, 3, 30))
DYNAMIC_B = f32["b", "m", 4].values(boxes((2, 40), (3, 25)))
DYNAMIC_S = f32["b", 3, "m"].values(scores((2, 3, 40), (3, 3, 25)))
ONE_B = f32[1, "m", 4].values(boxes((1, 40), (1, 25)))
ONE_S = f32[1, 3, "m"].values(scores((1, 3, 40), (1, 3, 25)))
# Some are cut off at the edges of an image that they lie outside of: their max is below their min.
OUTSIDE = f32[2, 30, 4].values([np.stack([b[..., 0].clip(4, None), b[..., 1], b[..., 2], b[..., 3].clip(None, 6)], -1) for b in boxes(2, 30)])
PIXEL_B = f32["b", "m", 4].values([50 * b for b in boxes((2, 40), (3, 25))])
MANY = {"b": 2, "m": 40}, {"b": 3, "m": 25}
NMS = dict(score_threshold=0.3, nms_top_k=-1, keep_top_k=-1, nms_threshold=0.3, normalized=True, nms_eta=1.0, background_label=-1)
THREE = {"Out": "float32", "Index": "int32", "NmsRoisNum": "int32"}

raw("nms3", "multiclass_nms3", inputs={"BBoxes": B43, "Scores": S43}, outputs=THREE, attrs=NMS, opset=10)
raw("nms3_dynamic", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs=NMS, sizes=[*MANY], opset=11)
raw("nms3_pixels", "multiclass_nms3", inputs={"BBoxes": PIXEL_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "normalized": False}, sizes=[*MANY], opset=11)
raw("nms3_background_first", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "background_label": 0}, sizes=[*MANY], opset=11)
raw("nms3_background_between", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "background_label": 1}, sizes=[*MANY], opset=11)
raw("nms3_background_last", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "background_label": 2}, sizes=[*MANY], opset=11)
raw("nms3_background_beyond", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "background_label": 3}, sizes=[*MANY], opset=11)
raw("nms3_keep_top_k", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "keep_top_k": 9}, sizes=[*MANY], opset=11)
raw("nms3_keep_top_k_of_many", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "keep_top_k": 1000}, sizes=[*MANY], opset=11)
raw("nms3_nms_top_k", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "nms_top_k": 8}, sizes=[*MANY], opset=11)
raw("nms3_nms_top_k_of_many", "multiclass_nms3", inputs={"BBoxes": B43, "Scores": S43}, outputs=THREE, attrs={**NMS, "nms_top_k": 30}, opset=10)
raw("nms3_all_limits", "multiclass_nms3", inputs={"BBoxes": PIXEL_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "nms_top_k": 12, "keep_top_k": 7, "background_label": 0, "normalized": False}, sizes=[*MANY], opset=11)
raw("nms3_one_image", "multiclass_nms3", inputs={"BBoxes": ONE_B, "Scores": ONE_S}, outputs=THREE, attrs={**NMS, "nms_top_k": 12, "keep_top_k": 7}, sizes=[{"m": 40}, {"m": 25}], opset=11)
raw("nms3_one_image_keeps_all", "multiclass_nms3", inputs={"BBoxes": ONE_B, "Scores": ONE_S}, outputs=THREE, attrs=NMS, sizes=[{"m": 40}, {"m": 25}], opset=10)
raw("nms3_nothing", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "score_threshold": 2.0, "keep_top_k": 5}, sizes=[*MANY], opset=11)
raw("nms3_one_image_nothing", "multiclass_nms3", inputs={"BBoxes": ONE_B, "Scores": ONE_S}, outputs=THREE, attrs={**NMS, "score_threshold": 2.0, "keep_top_k": 5}, sizes=[{"m": 40}, {"m": 25}], opset=11)
raw("nms3_some_images_nothing", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "score_threshold": 0.985, "keep_top_k": 5}, sizes=[*MANY], opset=11)
raw("nms3_threshold_0", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "nms_threshold": 0.0}, sizes=[*MANY], opset=11)
raw("nms3_threshold_1", "multiclass_nms3", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=THREE, attrs={**NMS, "nms_threshold": 1.0}, sizes=[*MANY], opset=11)
raw("nms3_inverted_boxes", "multiclass_nms3", inputs={"BBoxes": OUTSIDE, "Scores": S43}, outputs=THREE, attrs=NMS, opset=10)
raw("nms3_inverted_boxes_pixels", "multiclass_nms3", inputs={"BBoxes": OUTSIDE, "Scores": S43}, outputs=THREE, attrs={**NMS, "normalized": False}, opset=10)
raw("nms3_float64", "multiclass_nms3", inputs={"BBoxes": f64["b", "m", 4].values(boxes((2, 40), (3, 25))), "Scores": f64["b", 3, "m"].values(scores((2, 3, 40), (3, 3, 25)))}, outputs={**THREE, "Out": "float64"}, attrs={**NMS, "nms_top_k": 12, "keep_top_k": 7}, sizes=[*MANY], opset=11)
raw("nms3_eta_without_effect", "multiclass_nms3", inputs={"BBoxes": B43, "Scores": S43}, outputs=THREE, attrs={**NMS, "nms_eta": 0.9}, opset=10)
# An adaptive threshold takes boxes that overlap much to have an effect.
CLOSE_B = f32["b", "m", 4].values([np.repeat(b[:, :8], 5, 1) + np.random.default_rng(3).uniform(-0.6, 0.6, b[:, :40].shape).astype("float32") for b in boxes((2, 40), (3, 40))])
CLOSE_S = f32["b", 3, "m"].values(scores((2, 3, 40), (3, 3, 40)))
CLOSE = [{"b": 2, "m": 40}, {"b": 3, "m": 40}]
ETA = {**NMS, "nms_eta": 0.9, "nms_threshold": 0.85, "score_threshold": 0.1}
raw("nms3_eta", "multiclass_nms3", inputs={"BBoxes": CLOSE_B, "Scores": CLOSE_S}, outputs=THREE, attrs=ETA, sizes=CLOSE, opset=11)
raw("nms3_eta_static", "multiclass_nms3", inputs={"BBoxes": B43, "Scores": S43}, outputs=THREE, attrs=ETA, opset=11)
raw("nms3_eta_pixels", "multiclass_nms3", inputs={"BBoxes": CLOSE_B, "Scores": CLOSE_S}, outputs=THREE, attrs={**ETA, "normalized": False}, sizes=CLOSE, opset=11)
raw("nms3_eta_limits", "multiclass_nms3", inputs={"BBoxes": CLOSE_B, "Scores": CLOSE_S}, outputs=THREE, attrs={**ETA, "nms_top_k": 25, "keep_top_k": 9, "background_label": 1, "nms_threshold": 0.7}, sizes=CLOSE, opset=11)
raw("nms3_eta_small", "multiclass_nms3", inputs={"BBoxes": CLOSE_B, "Scores": CLOSE_S}, outputs=THREE, attrs={**ETA, "nms_eta": 0.3}, sizes=CLOSE, opset=11)
raw("nms3_eta_nothing", "multiclass_nms3", inputs={"BBoxes": CLOSE_B, "Scores": CLOSE_S}, outputs=THREE, attrs={**ETA, "score_threshold": 2.0}, sizes=CLOSE, opset=11)
raw("nms3_eta_inverted_boxes", "multiclass_nms3", inputs={"BBoxes": OUTSIDE, "Scores": S43}, outputs=THREE, attrs=ETA, opset=11)
raw("nms3_eta_float64", "multiclass_nms3", inputs={"BBoxes": of_type(CLOSE_B, "float64"), "Scores": of_type(CLOSE_S, "float64")}, outputs={**THREE, "Out": "float64"}, attrs=ETA, sizes=CLOSE, opset=11)
raw("nms3_polygons", "multiclass_nms3", inputs={"BBoxes": f32[2, 30, 8], "Scores": S43}, outputs=THREE, attrs=NMS, error="polygons of 4 points")
raw("nms3_without_index", "multiclass_nms3", inputs={"BBoxes": B43, "Scores": S43}, outputs={"Out": "float32", "Index": None, "NmsRoisNum": None}, attrs=NMS, opset=10)

# Regions of all images: boxes [M, C, 4], scores [M, C].
REGION_B = f32["m", 3, 4].values(boxes((20, 3), (33, 3)))
REGION_S = f32["m", 3].values(scores((20, 3), (33, 3)))
REGION_N = i32["b"].values([np.array([12, 8]), np.array([10, 0, 23])])
REGION_SIZES = {"m": 20, "b": 2}, {"m": 33, "b": 3}
raw("nms3_regions", "multiclass_nms3", inputs={"BBoxes": REGION_B, "Scores": REGION_S, "RoisNum": REGION_N}, outputs=THREE, attrs=NMS, sizes=[*REGION_SIZES], opset=11)
raw("nms3_regions_limits", "multiclass_nms3", inputs={"BBoxes": REGION_B, "Scores": REGION_S, "RoisNum": REGION_N}, outputs=THREE, attrs={**NMS, "nms_top_k": 7, "keep_top_k": 6, "background_label": 0, "normalized": False}, sizes=[*REGION_SIZES], opset=11)
raw("nms3_regions_background", "multiclass_nms3", inputs={"BBoxes": REGION_B, "Scores": REGION_S, "RoisNum": REGION_N}, outputs=THREE, attrs={**NMS, "background_label": 1}, sizes=[*REGION_SIZES], opset=11)
raw("nms3_regions_one_image", "multiclass_nms3", inputs={"BBoxes": REGION_B, "Scores": REGION_S, "RoisNum": i32[1].values([np.array([20]), np.array([33])])}, outputs=THREE, attrs={**NMS, "keep_top_k": 10}, sizes=[{"m": 20}, {"m": 33}], opset=11)
raw("nms3_regions_nothing", "multiclass_nms3", inputs={"BBoxes": REGION_B, "Scores": REGION_S, "RoisNum": REGION_N}, outputs=THREE, attrs={**NMS, "score_threshold": 2.0, "keep_top_k": 6}, sizes=[*REGION_SIZES], opset=11)
raw("nms3_regions_float64", "multiclass_nms3", inputs={"BBoxes": f64["m", 3, 4].values(boxes((20, 3), (33, 3))), "Scores": f64["m", 3].values(scores((20, 3), (33, 3))), "RoisNum": REGION_N}, outputs={**THREE, "Out": "float64"}, attrs={**NMS, "keep_top_k": 9}, sizes=[*REGION_SIZES], opset=11)

CLOSE_REGIONS = f32["m", 3, 4].values([b[:, None] + np.random.default_rng(4).uniform(-0.3, 0.3, (len(b), 3, 4)).astype("float32") for b in (np.repeat(boxes(5)[0], 4, 0), np.repeat(boxes(11)[0], 3, 0))])
raw("nms3_regions_eta", "multiclass_nms3", inputs={"BBoxes": CLOSE_REGIONS, "Scores": REGION_S, "RoisNum": REGION_N}, outputs=THREE, attrs={**ETA, "nms_top_k": 7, "keep_top_k": 9}, sizes=[*REGION_SIZES], opset=11)

raw("nms2", "multiclass_nms2", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs={"Out": "float32", "Index": "int32"}, attrs={**NMS, "keep_top_k": 9}, sizes=[*MANY], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("nms2_nothing", "multiclass_nms2", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs={"Out": "float32", "Index": "int32"}, attrs={**NMS, "score_threshold": 2.0}, sizes=[*MANY], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("nms1", "multiclass_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs={"Out": "float32"}, attrs={**NMS, "nms_top_k": 12, "keep_top_k": 9}, sizes=[*MANY], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("nms1_nothing", "multiclass_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs={"Out": "float32"}, attrs={**NMS, "score_threshold": 2.0}, sizes=[*MANY], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("nms1_keeps_all", "multiclass_nms", inputs={"BBoxes": B43, "Scores": S43}, outputs={"Out": "float32"}, attrs=NMS, opset=10, paddle_cannot={"pir": "Paddle 3 does not translate it"})

raw("nms1_eta", "multiclass_nms", inputs={"BBoxes": CLOSE_B, "Scores": CLOSE_S}, outputs={"Out": "float32"}, attrs={**ETA, "keep_top_k": 9}, sizes=CLOSE, opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})

# Boxes in the order of the text: one often overlaps the one before it.
LINES_B = f32["b", "m", 4].values([np.repeat(b[:, :10], 4, 1) + np.random.default_rng(5).uniform(-0.8, 0.8, b.shape).astype("float32") for b in boxes((2, 40), (3, 40))])
LOCALITY = dict(score_threshold=0.3, nms_top_k=-1, keep_top_k=-1, nms_threshold=0.4, normalized=True, nms_eta=1.0, background_label=-1)
NO_LOCALITY = {"pir": "Paddle 3 has no such operator"}
raw("locality", "locality_aware_nms", inputs={"BBoxes": LINES_B, "Scores": CLOSE_S}, outputs={"Out": "float32"}, attrs=LOCALITY, sizes=CLOSE, opset=11, paddle_cannot=NO_LOCALITY)
raw("locality_one_class", "locality_aware_nms", inputs={"BBoxes": LINES_B, "Scores": f32["b", 1, "m"].values(scores((2, 1, 40), (3, 1, 40)))}, outputs={"Out": "float32"}, attrs=LOCALITY, sizes=CLOSE, opset=11, paddle_cannot=NO_LOCALITY)
raw("locality_pixels", "locality_aware_nms", inputs={"BBoxes": LINES_B, "Scores": CLOSE_S}, outputs={"Out": "float32"}, attrs={**LOCALITY, "normalized": False}, sizes=CLOSE, opset=11, paddle_cannot=NO_LOCALITY)
raw("locality_limits", "locality_aware_nms", inputs={"BBoxes": LINES_B, "Scores": CLOSE_S}, outputs={"Out": "float32"}, attrs={**LOCALITY, "nms_top_k": 9, "keep_top_k": 8, "background_label": 1}, sizes=CLOSE, opset=11, paddle_cannot=NO_LOCALITY)
raw("locality_eta", "locality_aware_nms", inputs={"BBoxes": LINES_B, "Scores": CLOSE_S}, outputs={"Out": "float32"}, attrs={**LOCALITY, "nms_threshold": 0.6, "nms_eta": 0.8}, sizes=CLOSE, opset=11, paddle_cannot=NO_LOCALITY)
raw("locality_nothing", "locality_aware_nms", inputs={"BBoxes": LINES_B, "Scores": CLOSE_S}, outputs={"Out": "float32"}, attrs={**LOCALITY, "score_threshold": 100.0}, sizes=CLOSE, opset=11, paddle_cannot=NO_LOCALITY)
raw("locality_static", "locality_aware_nms", inputs={"BBoxes": B43, "Scores": S43}, outputs={"Out": "float32"}, attrs={**LOCALITY, "nms_threshold": 0.1}, opset=11, paddle_cannot=NO_LOCALITY)
raw("locality_float64", "locality_aware_nms", inputs={"BBoxes": of_type(LINES_B, "float64"), "Scores": of_type(CLOSE_S, "float64")}, outputs={"Out": "float64"}, attrs=LOCALITY, sizes=CLOSE, opset=11, paddle_cannot=NO_LOCALITY)
raw("locality_polygons", "locality_aware_nms", inputs={"BBoxes": f32[2, 30, 8], "Scores": S43}, outputs={"Out": "float32"}, attrs=LOCALITY, error="no intersection of polygons", paddle_cannot=NO_LOCALITY)

MATRIX = dict(score_threshold=0.3, nms_top_k=-1, keep_top_k=-1, post_threshold=0.1, use_gaussian=False, gaussian_sigma=2.0, background_label=-1, normalized=True)
MATRIX_OUT = {"Out": "float32", "Index": "int32", "RoisNum": "int32"}
raw("matrix", "matrix_nms", inputs={"BBoxes": B43, "Scores": S43}, outputs=MATRIX_OUT, attrs=MATRIX, opset=11)
raw("matrix_dynamic", "matrix_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=MATRIX_OUT, attrs=MATRIX, sizes=[*MANY], opset=11)
raw("matrix_gaussian", "matrix_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=MATRIX_OUT, attrs={**MATRIX, "use_gaussian": True}, sizes=[*MANY], opset=11)
raw("matrix_gaussian_sigma", "matrix_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=MATRIX_OUT, attrs={**MATRIX, "use_gaussian": True, "gaussian_sigma": 0.7, "normalized": False}, sizes=[*MANY], opset=11)
raw("matrix_pixels", "matrix_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=MATRIX_OUT, attrs={**MATRIX, "normalized": False}, sizes=[*MANY], opset=11)
raw("matrix_limits", "matrix_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=MATRIX_OUT, attrs={**MATRIX, "nms_top_k": 9, "keep_top_k": 8, "background_label": 0}, sizes=[*MANY], opset=11)
raw("matrix_background", "matrix_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=MATRIX_OUT, attrs={**MATRIX, "background_label": 1}, sizes=[*MANY], opset=11)
raw("matrix_nothing", "matrix_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=MATRIX_OUT, attrs={**MATRIX, "score_threshold": 2.0, "keep_top_k": 5}, sizes=[*MANY], opset=11)
raw("matrix_nothing_decays_enough", "matrix_nms", inputs={"BBoxes": DYNAMIC_B, "Scores": DYNAMIC_S}, outputs=MATRIX_OUT, attrs={**MATRIX, "post_threshold": 2.0}, sizes=[*MANY], opset=11)
raw("matrix_equal_boxes", "matrix_nms", inputs={"BBoxes": f32[2, 30, 4].values(np.repeat(boxes(2, 10)[0], 3, 1)), "Scores": S43}, outputs=MATRIX_OUT, attrs=MATRIX, opset=11)
raw("matrix_inverted_boxes", "matrix_nms", inputs={"BBoxes": f32[2, 30, 4].range(0, 10), "Scores": S43}, outputs=MATRIX_OUT, attrs=MATRIX, opset=11)
raw("matrix_float64", "matrix_nms", inputs={"BBoxes": f64["b", "m", 4].values(boxes((2, 40), (3, 25))), "Scores": f64["b", 3, "m"].values(scores((2, 3, 40), (3, 3, 25)))}, outputs={**MATRIX_OUT, "Out": "float64"}, attrs=MATRIX, sizes=[*MANY], opset=11)

case("nms_boxes", lambda x: paddle.vision.ops.nms(x, 0.3), x=f32["m", 4].values(boxes((40,), (25,))), sizes=[{"m": 40}, {"m": 25}], opset=11)
case("nms_scores", lambda x, s: paddle.vision.ops.nms(x, 0.3, s), x=f32["m", 4].values(boxes((40,), (25,))), s=f32["m"].unique(), sizes=[{"m": 40}, {"m": 25}], opset=11)
case("nms_categories", lambda x, s, c: paddle.vision.ops.nms(x, 0.3, s, c, [0, 1, 2], 10), x=f32[40, 4].values(boxes(40)), s=f32[40].unique(), c=i64[40].ints(0, 3), opset=11)
raw("nms_float64", "nms", inputs={"Boxes": f64["m", 4].values(boxes((40,), (25,)))}, outputs={"KeepBoxesIdxs": "int64"}, attrs={"iou_threshold": 0.5}, sizes=[{"m": 40}, {"m": 25}], opset=11)


def detector(x, s):
    """Boxes and scores of their own, and an output that no suppression comes before."""
    box = paddle.concat([x[..., :2], x[..., :2] + paddle.exp(x[..., 2:])], -1) * 10
    return paddle.vision.ops.matrix_nms(box, paddle.nn.functional.sigmoid(s) * 0.9, 0.3, 0.1, 10, 5, return_index=True, background_label=-1)[:2]


case("remove_nms", detector, x=f32["b", "m", 4], s=f32["b", 3, "m"], flags=["--remove_nms"])
case("keep_nms", detector, x=f32["b", "m", 4], s=f32["b", 3, "m"].unique(), opset=11)
case("remove_no_nms", lambda x: paddle.tanh(x), x=f32[3], flags=["--remove_nms"], error="no suppression of boxes", code=2)

# --- regions whose image the LoD tells
LOD_B, LOD_S = f32[20, 3, 4].values(boxes((20, 3), (20, 3))).lod([12, 8], [5, 15]), f32[20, 3].values(scores((20, 3), (20, 3)))
raw("nms3_regions_lod", "multiclass_nms3", inputs={"BBoxes": LOD_B, "Scores": LOD_S}, outputs=THREE, attrs=NMS, opset=11)
raw("nms1_regions_lod", "multiclass_nms", inputs={"BBoxes": LOD_B, "Scores": LOD_S}, outputs={"Out": "float32"}, attrs={**NMS, "keep_top_k": 9}, opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
