"""Region proposals. Scores are unique: the order of equal ones is nobody's promise."""
import paddle
from dsl import *


def anchors(h, w, kinds):
    rng = np.random.default_rng([h, w])
    center = np.stack(np.meshgrid(np.arange(w) * 8 + 4, np.arange(h) * 8 + 4), -1)[:, :, None]
    half = rng.uniform(4, 20, (1, 1, kinds, 2))
    return np.concatenate([center - half, center + half], -1).astype("float32")


def unit_scores(*shapes):
    return [((np.random.default_rng(i).permutation(int(np.prod(s))) + 0.5) / np.prod(s)).reshape(s).astype("float32") for i, s in enumerate(shapes)]


SCORES = f32["b", 3, "h", "w"].values(unit_scores((2, 3, 6, 5), (3, 3, 4, 7)))
DELTAS = f32["b", 12, "h", "w"].range(-1, 1)
SHAPE = f32["b", 2].values([np.array([[44, 36], [30, 40]]), np.array([[32, 50], [20, 20], [25, 56]])])
ANCHORS = f32["h", "w", 3, 4].values([anchors(6, 5, 3), anchors(4, 7, 3)])
VARIANCES = f32["h", "w", 3, 4].range(0.5, 1)
AT = {"b": 2, "h": 6, "w": 5}, {"b": 3, "h": 4, "w": 7}
OUT = {"RpnRois": "float32", "RpnRoiProbs": "float32", "RpnRoisNum": "int32"}
INPUTS = {"Scores": SCORES, "BboxDeltas": DELTAS, "ImShape": SHAPE, "Anchors": ANCHORS, "Variances": VARIANCES}
ATTRS = {"pre_nms_topN": 50, "post_nms_topN": 12, "nms_thresh": 0.5, "min_size": 3.0, "eta": 1.0, "pixel_offset": False}

raw("proposals", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs=ATTRS, sizes=[*AT], opset=11)
raw("proposals_static", "generate_proposals_v2", inputs={"Scores": f32[2, 3, 6, 5].values(unit_scores((2, 3, 6, 5))), "BboxDeltas": f32[2, 12, 6, 5].range(-1, 1), "ImShape": f32[2, 2].values([[44, 36], [30, 40]]), "Anchors": param(anchors(6, 5, 3)), "Variances": param(np.ones((6, 5, 3, 4)))}, outputs=OUT, attrs=ATTRS, opset=11)
raw("proposals_pixels", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs={**ATTRS, "pixel_offset": True}, sizes=[*AT], opset=11)
raw("proposals_of_all_anchors", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs={**ATTRS, "pre_nms_topN": 0, "post_nms_topN": 0}, sizes=[*AT], opset=11)
raw("proposals_pre_more_than_anchors", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs={**ATTRS, "pre_nms_topN": 1000, "post_nms_topN": 1000}, sizes=[*AT], opset=11)
raw("proposals_small_boxes_dropped", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs={**ATTRS, "min_size": 20.0}, sizes=[*AT], opset=11)
raw("proposals_none", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs={**ATTRS, "min_size": 1000.0}, sizes=[*AT], opset=11)
raw("proposals_none_of_one_image", "generate_proposals_v2", inputs={**INPUTS, "ImShape": f32["b", 2].values([np.array([[44, 36], [2, 40]]), np.array([[2, 2], [32, 50], [25, 56]])])}, outputs=OUT, attrs=ATTRS, sizes=[*AT], opset=11)
raw("proposals_growth_limited", "generate_proposals_v2", inputs={**INPUTS, "BboxDeltas": f32["b", 12, "h", "w"].range(-9, 9)}, outputs=OUT, attrs={**ATTRS, "nms_thresh": 0.8}, sizes=[*AT], opset=11)
raw("proposals_float64", "generate_proposals_v2", inputs={"Scores": f64["b", 3, "h", "w"].values(unit_scores((2, 3, 6, 5), (3, 3, 4, 7))), "BboxDeltas": f64["b", 12, "h", "w"].range(-1, 1), "ImShape": f64["b", 2].values([np.array([[44, 36], [30, 40]]), np.array([[32, 50], [20, 20], [25, 56]])]), "Anchors": f64["h", "w", 3, 4].values([anchors(6, 5, 3), anchors(4, 7, 3)]), "Variances": f64["h", "w", 3, 4].range(0.5, 1)}, outputs={"RpnRois": "float64", "RpnRoiProbs": "float64", "RpnRoisNum": "int32"}, attrs=ATTRS, sizes=[*AT], opset=11)
raw("proposals_eta", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs={**ATTRS, "nms_thresh": 0.7, "eta": 0.9}, sizes=[*AT], opset=11)
raw("proposals_eta_all", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs={**ATTRS, "pre_nms_topN": 0, "post_nms_topN": 0, "nms_thresh": 0.9, "eta": 0.8, "pixel_offset": True}, sizes=[*AT], opset=11)
raw("proposals_unsuppressed", "generate_proposals_v2", inputs=INPUTS, outputs=OUT, attrs={**ATTRS, "nms_thresh": 0.0}, error="without suppression")
case("proposals_api", lambda s, d, i, a, v: paddle.vision.ops.generate_proposals(s, d, i, a, v, 50, 10, 0.6, return_rois_num=True), s=SCORES, d=DELTAS, i=SHAPE, a=ANCHORS, v=VARIANCES, sizes=[*AT], opset=11)

OLD = {k: v for k, v in ATTRS.items() if k != "pixel_offset"}
INFO = f32["b", 3].values([np.array([[44, 36, 2], [30, 40, 0.5]]), np.array([[32, 50, 1.5], [20, 20, 1], [25, 56, 4]])])
raw("old_proposals", "generate_proposals", inputs={**{k: v for k, v in INPUTS.items() if k != "ImShape"}, "ImInfo": INFO}, outputs=OUT, attrs={**OLD, "min_size": 8.0}, sizes=[*AT], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})


def regions(*counts, dtype="float32"):
    """Sides from 2 to 500, so that all levels get some."""
    made = []
    for i, count in enumerate(counts):
        rng = np.random.default_rng(i)
        low = rng.uniform(0, 50, (count, 2))
        made.append(np.concatenate([low, low + np.exp(rng.uniform(0.7, 6.2, (count, 2)))], 1).astype(dtype))
    return made


LEVELS = {"MultiFpnRois": ["float32"] * 4, "RestoreIndex": "int32", "MultiLevelRoIsNum": ["int32"] * 4}
LEVEL = {"min_level": 2, "max_level": 5, "refer_level": 4, "refer_scale": 224, "pixel_offset": True}
# (Paddle's kernel cannot slice an image without regions.)
ROIS, COUNTS = f32["r", 4].values(regions(20, 33)), i32["b"].values([np.array([12, 8]), np.array([10, 1, 22])])
ROI_SIZES = {"r": 20, "b": 2}, {"r": 33, "b": 3}
raw("distribute", "distribute_fpn_proposals", inputs={"FpnRois": ROIS, "RoisNum": COUNTS}, outputs=LEVELS, attrs=LEVEL, sizes=[*ROI_SIZES], opset=11)
raw("distribute_normalized", "distribute_fpn_proposals", inputs={"FpnRois": ROIS, "RoisNum": COUNTS}, outputs=LEVELS, attrs={**LEVEL, "pixel_offset": False, "refer_scale": 100, "refer_level": 3}, sizes=[*ROI_SIZES], opset=11)
raw("distribute_one_image", "distribute_fpn_proposals", inputs={"FpnRois": ROIS, "RoisNum": i32[1].values([np.array([20]), np.array([33])])}, outputs=LEVELS, attrs=LEVEL, sizes=[{"r": 20}, {"r": 33}], opset=11)
raw("distribute_empty_levels", "distribute_fpn_proposals", inputs={"FpnRois": ROIS, "RoisNum": COUNTS}, outputs=LEVELS, attrs={**LEVEL, "refer_scale": 1}, sizes=[*ROI_SIZES], opset=11)
raw("distribute_inverted", "distribute_fpn_proposals", inputs={"FpnRois": f32["r", 4].range(0, 300), "RoisNum": COUNTS}, outputs=LEVELS, attrs=LEVEL, sizes=[*ROI_SIZES], opset=11)
raw("distribute_float64", "distribute_fpn_proposals", inputs={"FpnRois": f64["r", 4].values(regions(20, 33)), "RoisNum": COUNTS}, outputs={**LEVELS, "MultiFpnRois": ["float64"] * 4}, attrs=LEVEL, sizes=[*ROI_SIZES], opset=11)
case("distribute_api", lambda r, n: paddle.vision.ops.distribute_fpn_proposals(r, 2, 5, 4, 224, rois_num=n), r=ROIS, n=COUNTS, sizes=[*ROI_SIZES], opset=11)

COLLECT = {"MultiLevelRois": [f32["r", 4], f32["s", 4]], "MultiLevelScores": [f32["r", 1].unique(), f32["s", 1].values([0.01 + s for s in unit_scores((9, 1), (14, 1))])], "MultiLevelRoIsNum": [i32["b"].values([np.array([12, 8]), np.array([10, 4, 19])]), i32["b"].values([np.array([3, 6]), np.array([5, 9, 0])])]}
COLLECT_SIZES = {"r": 20, "s": 9, "b": 2}, {"r": 33, "s": 14, "b": 3}
raw("collect", "collect_fpn_proposals", inputs=COLLECT, outputs={"FpnRois": "float32", "RoisNum": "int32"}, attrs={"post_nms_topN": 22}, sizes=[*COLLECT_SIZES], opset=11)
raw("collect_all", "collect_fpn_proposals", inputs=COLLECT, outputs={"FpnRois": "float32", "RoisNum": "int32"}, attrs={"post_nms_topN": 1000}, sizes=[*COLLECT_SIZES], opset=11)
raw("collect_one_image", "collect_fpn_proposals", inputs={"MultiLevelRois": [f32[20, 4], f32[9, 4]], "MultiLevelScores": [f32[20, 1].unique(), f32[9, 1].values(unit_scores((9, 1))[0] + 0.01)], "MultiLevelRoIsNum": [i32[1].values([20]), i32[1].values([9])]}, outputs={"FpnRois": "float32", "RoisNum": "int32"}, attrs={"post_nms_topN": 12})

# --- whose image the LoD tells alone
LOD_ROIS = f32[20, 4].values(regions(20)).lod([12, 8], [5, 15])
raw("distribute_lod", "distribute_fpn_proposals", inputs={"FpnRois": LOD_ROIS}, outputs=LEVELS, attrs=LEVEL, opset=11)


def levels_and_back(rois):
    """distribute_fpn_proposals and collect_fpn_proposals, whose levels tell their images by the LoD; and pooled regions of one level."""
    helper = paddle.common_ops_import.LayerHelper("levels")
    made = [helper.create_variable_for_type_inference("float32") for _ in range(4)]
    restore, collected = helper.create_variable_for_type_inference("int32"), helper.create_variable_for_type_inference("float32")
    helper.append_op(type="distribute_fpn_proposals", inputs={"FpnRois": rois}, outputs={"MultiFpnRois": made, "RestoreIndex": restore}, attrs=LEVEL)
    scores = [level[:, 2:3] for level in made]
    helper.append_op(type="collect_fpn_proposals", inputs={"MultiLevelRois": made, "MultiLevelScores": scores}, outputs={"FpnRois": collected}, attrs={"post_nms_topN": 14})
    means = []
    for tensor in (made[1], collected):
        mean = helper.create_variable_for_type_inference("float32")
        helper.append_op(type="sequence_pool", inputs={"X": tensor}, outputs={"Out": mean, "MaxIndex": helper.create_variable_for_type_inference("int32")}, attrs={"pooltype": "SUM"})
        means.append(mean)
    return [collected, restore, *means]


case("levels_lod", levels_and_back, static=True, rois=LOD_ROIS, opset=11, paddle_cannot={"pir": "Paddle 3 has no sequence_pool"})
