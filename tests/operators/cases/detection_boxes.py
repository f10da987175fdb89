"""Boxes of detection heads: priors and anchors, coding against them, YOLO's boxes, overlaps."""
import paddle
from dsl import *

FEATURE, IMAGE = f32["b", 8, "h", "w"], f32["b", 3, "ih", "iw"]
SIZES = {"ih": 96, "iw": 80}, {"ih": 72, "iw": 105}
PRIOR = {"Boxes": "float32", "Variances": "float32"}
VARIANCES = [0.1, 0.1, 0.2, 0.2]

case("prior_box", lambda x, image: paddle.vision.ops.prior_box(x, image, [10.0, 20.0]), x=f32[2, 8, 6, 5], image=f32[2, 3, 48, 40])
case("prior_box_dynamic", lambda x, image: paddle.vision.ops.prior_box(x, image, [10.0, 20.0]), x=FEATURE, image=IMAGE, sizes=[*SIZES], opset=11)
case("prior_box_max_sizes", lambda x, image: paddle.vision.ops.prior_box(x, image, [10.0, 20.0], [20.0, 40.0], [2.0, 3.0], flip=True), x=FEATURE, image=IMAGE, sizes=[*SIZES], opset=11)
case("prior_box_min_max_order", lambda x, image: paddle.vision.ops.prior_box(x, image, [10.0, 20.0], [20.0, 40.0], [2.0, 3.0], flip=True, min_max_aspect_ratios_order=True), x=FEATURE, image=IMAGE, sizes=[*SIZES], opset=11)
case("prior_box_ratios_without_flip", lambda x, image: paddle.vision.ops.prior_box(x, image, [10.0], None, [1.0, 2.0, 0.5, 2.0]), x=FEATURE, image=IMAGE, sizes=[*SIZES], opset=11)
case("prior_box_flipped_ratio_again", lambda x, image: paddle.vision.ops.prior_box(x, image, [10.0], None, [2.0, 0.5], flip=True), x=FEATURE, image=IMAGE, sizes=[*SIZES], opset=11)
case("prior_box_clip", lambda x, image: paddle.vision.ops.prior_box(x, image, [30.0], clip=True, offset=0.25), x=FEATURE, image=IMAGE, sizes=[*SIZES], opset=11)
case("prior_box_steps", lambda x, image: paddle.vision.ops.prior_box(x, image, [30.0], steps=[8.0, 6.0], variance=[0.3, 0.4, 0.5, 0.6]), x=FEATURE, image=IMAGE, sizes=[*SIZES], opset=11)
case("prior_box_one_step", lambda x, image: paddle.vision.ops.prior_box(x, image, [30.0], steps=[8.0, 0.0]), x=FEATURE, image=IMAGE, sizes=[*SIZES], opset=11)
case("prior_box_float64", lambda x, image: paddle.vision.ops.prior_box(x, image, [10.0, 20.0], [20.0, 40.0], [2.0]), x=f64["b", 8, "h", "w"], image=f64["b", 3, "ih", "iw"], sizes=[*SIZES], opset=11)

DENSITY = dict(variances=VARIANCES, clip=True, flatten_to_2d=False, step_w=0.0, step_h=0.0, offset=0.5, fixed_sizes=[16.0, 32.0], fixed_ratios=[1.0, 2.0], densities=[2, 3])
raw("density_prior_box", "density_prior_box", inputs={"Input": f32[2, 8, 6, 5], "Image": f32[2, 3, 48, 40]}, outputs=PRIOR, attrs=DENSITY, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("density_prior_box_dynamic", "density_prior_box", inputs={"Input": FEATURE, "Image": IMAGE}, outputs=PRIOR, attrs=DENSITY, sizes=[*SIZES], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("density_prior_box_unclipped", "density_prior_box", inputs={"Input": FEATURE, "Image": IMAGE}, outputs=PRIOR, attrs={**DENSITY, "clip": False}, sizes=[*SIZES], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("density_prior_box_steps", "density_prior_box", inputs={"Input": FEATURE, "Image": IMAGE}, outputs=PRIOR, attrs={**DENSITY, "step_w": 7.5, "step_h": 9.0, "offset": 0.3}, sizes=[*SIZES], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("density_prior_box_flat", "density_prior_box", inputs={"Input": FEATURE, "Image": IMAGE}, outputs=PRIOR, attrs={**DENSITY, "flatten_to_2d": True}, sizes=[*SIZES], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("density_prior_box_float64", "density_prior_box", inputs={"Input": f64["b", 8, "h", "w"], "Image": f64["b", 3, "ih", "iw"]}, outputs={"Boxes": "float64", "Variances": "float64"}, attrs=DENSITY, sizes=[*SIZES], opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})

ANCHORS = dict(anchor_sizes=[32.0, 64.0], aspect_ratios=[0.5, 1.0, 2.0], variances=VARIANCES, stride=[16.0, 16.0], offset=0.5)
raw("anchor_generator", "anchor_generator", inputs={"Input": f32[2, 8, 6, 5]}, outputs={"Anchors": "float32", "Variances": "float32"}, attrs=ANCHORS)
raw("anchor_generator_dynamic", "anchor_generator", inputs={"Input": FEATURE}, outputs={"Anchors": "float32", "Variances": "float32"}, attrs=ANCHORS, opset=11)
raw("anchor_generator_stride", "anchor_generator", inputs={"Input": FEATURE}, outputs={"Anchors": "float32", "Variances": "float32"}, attrs={**ANCHORS, "stride": [8.0, 12.0], "offset": 0.0}, opset=11)
raw("anchor_generator_float64", "anchor_generator", inputs={"Input": f64["b", 8, "h", "w"]}, outputs={"Anchors": "float64", "Variances": "float64"}, attrs=ANCHORS, opset=11)


def boxes(*shape, dtype="float32"):
    low = np.random.uniform(0, 20, (*shape, 2))
    return np.concatenate([low, low + np.random.uniform(1, 20, (*shape, 2))], -1).astype(dtype)


P, T2 = f32[7, 4].values(boxes(7)), f32[5, 4].values(boxes(5))
case("box_coder_encode", lambda p, v, t: paddle.vision.ops.box_coder(p, v, t), p=P, v=f32[7, 4].range(0.1, 0.5), t=T2)
case("box_coder_encode_dynamic", lambda p, v, t: paddle.vision.ops.box_coder(p, v, t), p=f32["n", 4].values([boxes(5), boxes(7)]), v=f32["n", 4].range(0.1, 0.5), t=f32["b", 4].values([boxes(2), boxes(3)]))
case("box_coder_encode_pixels", lambda p, v, t: paddle.vision.ops.box_coder(p, v, t, box_normalized=False), p=P, v=f32[7, 4].range(0.1, 0.5), t=T2)
case("box_coder_encode_variance", lambda p, t: paddle.vision.ops.box_coder(p, [0.1, 0.1, 0.2, 0.2], t), p=P, t=T2)
raw("box_coder_encode_alone", "box_coder", inputs={"PriorBox": P, "TargetBox": T2}, outputs={"OutputBox": "float32"}, attrs={"code_type": "encode_center_size", "box_normalized": True})
case("box_coder_decode", lambda p, v, t: paddle.vision.ops.box_coder(p, v, t, "decode_center_size"), p=P, v=f32[7, 4].range(0.1, 0.5), t=f32["b", 7, 4])
case("box_coder_decode_dynamic", lambda p, v, t: paddle.vision.ops.box_coder(p, v, t, "decode_center_size"), p=f32["n", 4].values([boxes(5), boxes(7)]), v=f32["n", 4].range(0.1, 0.5), t=f32["b", "n", 4])
case("box_coder_decode_pixels", lambda p, v, t: paddle.vision.ops.box_coder(p, v, t, "decode_center_size", box_normalized=False), p=P, v=f32[7, 4].range(0.1, 0.5), t=f32["b", 7, 4])
case("box_coder_decode_axis1", lambda p, v, t: paddle.vision.ops.box_coder(p, v, t, "decode_center_size", axis=1), p=P, v=f32[7, 4].range(0.1, 0.5), t=f32[7, "b", 4])
case("box_coder_decode_variance", lambda p, t: paddle.vision.ops.box_coder(p, [0.1, 0.1, 0.2, 0.2], t, "decode_center_size", axis=1), p=P, t=f32[7, "b", 4])
raw("box_coder_decode_alone", "box_coder", inputs={"PriorBox": P, "TargetBox": f32["b", 7, 4].range(-1, 1)}, outputs={"OutputBox": "float32"}, attrs={"code_type": "decode_center_size", "box_normalized": False, "axis": 0})
case("box_coder_float64", lambda p, v, t: paddle.vision.ops.box_coder(p, v, t, "decode_center_size"), p=f64[7, 4].values(boxes(7, dtype="float64")), v=f64[7, 4].range(0.1, 0.5), t=f64["b", 7, 4])


INFO = np.array([[40, 30, 2], [33, 45, 1.5], [20, 20, 1]])
raw("box_clip", "box_clip", inputs={"Input": f32["n", 4].range(-10, 40).lod([5], [7], read=False), "ImInfo": f32[1, 3].values(INFO[:1])}, outputs={"Output": "float32"}, opset=8)
raw("box_clip_images", "box_clip", inputs={"Input": f32["b", 6, 4].range(-10, 40).lod([1, 1], [1, 1, 1], read=False), "ImInfo": f32["b", 3].values([INFO[:2], INFO])}, outputs={"Output": "float32"}, opset=8)
raw("box_clip_lod", "box_clip", inputs={"Input": f32[9, 4].range(-10, 40).lod([5, 1, 3], [1, 6, 2]), "ImInfo": f32[3, 3].values(INFO)}, outputs={"Output": "float32"}, opset=11)

raw("iou_similarity", "iou_similarity", inputs={"X": f32["n", 4].values([boxes(5), boxes(7)]), "Y": T2}, outputs={"Out": "float32"}, attrs={"box_normalized": True}, opset=8, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("iou_similarity_pixels", "iou_similarity", inputs={"X": f32["n", 4].range(0, 10), "Y": f32[5, 4].range(0, 10)}, outputs={"Out": "float32"}, attrs={"box_normalized": False}, opset=8, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("iou_similarity_float64", "iou_similarity", inputs={"X": f64[6, 4].values(boxes(6, dtype="float64")), "Y": f64[5, 4].values(boxes(5, dtype="float64"))}, outputs={"Out": "float64"}, attrs={"box_normalized": True}, opset=8, paddle_cannot={"pir": "Paddle 3 does not translate it"})

raw("polygon_box_transform", "polygon_box_transform", inputs={"Input": f32["b", 8, "h", "w"]}, outputs={"Output": "float32"}, opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("polygon_box_transform_static", "polygon_box_transform", inputs={"Input": f64[2, 10, 5, 6]}, outputs={"Output": "float64"}, paddle_cannot={"pir": "Paddle 3 does not translate it"})

HEAD, SIZE = f32["b", 21, "h", "w"], i32["b", 2].ints(50, 200)
case("yolo_box", lambda x, size: paddle.vision.ops.yolo_box(x, size, [10, 13, 16, 30, 33, 23], 2, 0.3, 32), x=f32[2, 21, 6, 5], size=i32[2, 2].ints(50, 200), opset=9)
case("yolo_box_dynamic", lambda x, size: paddle.vision.ops.yolo_box(x, size, [10, 13, 16, 30, 33, 23], 2, 0.3, 32), x=HEAD, size=SIZE, opset=11)
case("yolo_box_unclipped", lambda x, size: paddle.vision.ops.yolo_box(x, size, [10, 13, 16, 30, 33, 23], 2, 0.5, 16, clip_bbox=False), x=HEAD, size=SIZE, opset=11)
case("yolo_box_scale", lambda x, size: paddle.vision.ops.yolo_box(x, size, [10, 13, 16, 30, 33, 23], 2, 0.3, 8, scale_x_y=1.05), x=HEAD, size=SIZE, opset=11)
case("yolo_box_iou_aware", lambda x, size: paddle.vision.ops.yolo_box(x, size, [10, 13, 16, 30, 33, 23], 2, 0.4, 32, iou_aware=True, iou_aware_factor=0.4), x=f32["b", 24, "h", "w"], size=SIZE, opset=11)
case("yolo_box_nothing", lambda x, size: paddle.vision.ops.yolo_box(x, size, [10, 13, 16, 30, 33, 23], 2, 1.5, 32), x=HEAD, size=SIZE, opset=11)
case("yolo_box_float64", lambda x, size: paddle.vision.ops.yolo_box(x, size, [10, 13, 16, 30], 5, 0.3, 32), x=f64["b", 20, "h", "w"], size=SIZE, opset=11)


# phi/kernels/gpu/yolo_box_head_kernel.cu
def activated(x):
    y = x.reshape(x.shape[0], 2, 7, *x.shape[2:]).astype("float64")
    sides = (np.arange(7) == 2) | (np.arange(7) == 3)
    return np.where(sides[:, None, None], np.exp(y), 1 / (1 + np.exp(-y))).reshape(x.shape).astype(x.dtype)


raw("yolo_box_head", "yolo_box_head", inputs={"X": f32["b", 14, "h", "w"]}, outputs={"Out": "float32"}, attrs={"anchors": [10, 13, 16, 30], "class_num": 2}, expect=activated)

PRIORS = f32["n", 4].values([boxes(5) * 30, boxes(7) * 30])


def for_classes(classes):
    return {"PriorBox": PRIORS, "PriorBoxVar": f32[4].range(0.1, 0.5), "TargetBox": f32["n", 4 * classes].range(-3, 3), "BoxScore": f32["n", classes]}


DECODED = {"DecodeBox": "float32", "OutputAssignBox": "float32"}
NO_DECODER = {"pir": "Paddle 3 has no such operator"}
raw("box_decoder_and_assign", "box_decoder_and_assign", inputs=for_classes(6), outputs=DECODED, attrs={"box_clip": 4.135}, opset=11, paddle_cannot=NO_DECODER)
raw("box_decoder_and_assign_clip", "box_decoder_and_assign", inputs=for_classes(6), outputs=DECODED, attrs={"box_clip": 0.5}, opset=11, paddle_cannot=NO_DECODER)
raw("box_decoder_and_assign_low_scores", "box_decoder_and_assign", inputs={**for_classes(4), "BoxScore": f32["n", 4].range(-1.5, -0.5)}, outputs=DECODED, attrs={"box_clip": 4.135}, opset=11, paddle_cannot=NO_DECODER)
raw("box_decoder_and_assign_one_class", "box_decoder_and_assign", inputs=for_classes(1), outputs=DECODED, attrs={"box_clip": 4.135}, opset=8, paddle_cannot=NO_DECODER)
raw("box_decoder_and_assign_static", "box_decoder_and_assign", inputs={"PriorBox": f64[5, 4].values(boxes(5) * 30), "PriorBoxVar": f64[4].range(0.1, 0.5), "TargetBox": f64[5, 12], "BoxScore": f64[5, 3]}, outputs={k: "float64" for k in DECODED}, attrs={"box_clip": 4.135}, opset=9, paddle_cannot=NO_DECODER)

MATCHES = {"ColToRowMatchIndices": "int32", "ColToRowMatchDist": "float32"}
raw("match", "bipartite_match", inputs={"DistMat": f32["n", "m"].unique()}, outputs=MATCHES, attrs={"match_type": "bipartite"}, opset=11)
raw("match_more_rows", "bipartite_match", inputs={"DistMat": f32[9, 4].range(0, 1)}, outputs=MATCHES, opset=11)
raw("match_more_columns", "bipartite_match", inputs={"DistMat": f32[4, 9].range(0, 1)}, outputs=MATCHES, opset=11)
raw("match_equal", "bipartite_match", inputs={"DistMat": f32[5, 6].ints(0, 3)}, outputs=MATCHES, opset=11)
raw("match_near_nothing", "bipartite_match", inputs={"DistMat": f32[5, 6].range(0, 4e-6)}, outputs=MATCHES, opset=11)
raw("match_nothing", "bipartite_match", inputs={"DistMat": f32["n", "m"].range(-1, 0)}, outputs=MATCHES, opset=11)
raw("match_many_rows", "bipartite_match", inputs={"DistMat": f32[140, 20].unique()}, outputs=MATCHES, opset=11)
raw("match_many_rows_near_nothing", "bipartite_match", inputs={"DistMat": f32[140, 5].range(-2e-6, 9e-7)}, outputs=MATCHES, opset=11)
raw("match_per_prediction", "bipartite_match", inputs={"DistMat": f32["n", "m"].range(0, 1)}, outputs=MATCHES, attrs={"match_type": "per_prediction", "dist_threshold": 0.4}, sizes=[{"n": 3, "m": 12}, {"n": 4, "m": 15}], opset=11)
raw("match_per_prediction_all", "bipartite_match", inputs={"DistMat": f32[3, 14].range(-0.5, 1)}, outputs=MATCHES, attrs={"match_type": "per_prediction", "dist_threshold": 0.0}, opset=11)
raw("match_float64", "bipartite_match", inputs={"DistMat": f64[6, 9].range(0, 1)}, outputs={**MATCHES, "ColToRowMatchDist": "float64"}, attrs={"match_type": "per_prediction", "dist_threshold": 0.6}, opset=11)
