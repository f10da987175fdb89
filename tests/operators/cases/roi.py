"""Pooling of regions, and convolutions whose taps move."""
import paddle
from dsl import *

V = paddle.vision.ops


def regions(*counts, dtype="float32"):
    made = []
    for i, count in enumerate(counts):
        rng = np.random.default_rng(i)
        low = rng.uniform(-2, 20, (count, 2))
        made.append(np.concatenate([low, low + rng.uniform(0.2, 30, (count, 2))], 1).astype(dtype))
    return made


X, ROIS, NUM = f32["b", 3, "h", "w"], f32["r", 4].values(regions(5, 9)), i32["b"].values([np.array([2, 3]), np.array([4, 0, 5])])
SIZES = {"r": 5}, {"r": 9}
case("align", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=11)
case("align_aligned", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=16)
case("align_adaptive", lambda x, r, n: V.roi_align(x, r, n, (3, 2), 0.25, -1, aligned=False), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=11)
case("align_aligned_adaptive", lambda x, r, n: V.roi_align(x, r, n, (3, 2), 0.25), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=16)
case("align_one_image", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=f32[1, 3, "h", "w"], r=ROIS, n=i32[1].values([np.array([5]), np.array([9])]), sizes=[*SIZES], opset=10)
case("align_float64", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=f64["b", 3, "h", "w"], r=f64["r", 4].values(regions(5, 9)), n=NUM, sizes=[*SIZES], opset=11)
case("align_no_regions", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=X, r=f32["r", 4], n=i32["b"].values([np.array([0, 0]), np.array([0, 0, 0])]), sizes=[{"r": 0}, {"r": 0}], opset=11)
# Outside of the map, larger than it, ended before they start.
FAR = [np.array([[-30, -20, -9, -5], [-4, -4, 60, 70], [12, 9, 5, 3], [3, 3, 3, 3], [50, 2, 60, 8]]), np.array([[0, 0, 1, 1]] * 9)]
case("align_far", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=X, r=f32["r", 4].values(FAR), n=NUM, sizes=[*SIZES], opset=11)
case("align_far_aligned", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2), x=X, r=f32["r", 4].values(FAR), n=NUM, sizes=[*SIZES], opset=16)
case("align_far_adaptive", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, aligned=False), x=X, r=f32["r", 4].values(FAR), n=NUM, sizes=[*SIZES], opset=11)
case("align_far_aligned_adaptive", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5), x=X, r=f32["r", 4].values([np.delete(FAR[0], [2, 3], 0), FAR[1]]), n=i32["b"].values([np.array([1, 2]), np.array([4, 0, 5])]), sizes=[{"r": 3}, {"r": 9}], opset=16)
case("pool_far", lambda x, r, n: V.roi_pool(x, r, n, 3, 0.5), x=X, r=f32["r", 4].values(FAR), n=NUM, sizes=[*SIZES], opset=11)
case("pool", lambda x, r, n: V.roi_pool(x, r, n, 3, 0.5), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=11)
case("pool_sides", lambda x, r, n: V.roi_pool(x, r, n, (3, 2), 0.25), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=11)
case("pool_one_image", lambda x, r, n: V.roi_pool(x, r, n, 3, 0.5), x=f32[1, 3, "h", "w"], r=ROIS, n=i32[1].values([np.array([5]), np.array([9])]), sizes=[*SIZES], opset=8)
raw("pool_float64", "roi_pool", inputs={"X": f64["b", 3, "h", "w"], "ROIs": f64["r", 4].values(regions(5, 9)), "RoisNum": NUM}, outputs={"Out": "float64", "Argmax": None}, attrs={"pooled_height": 2, "pooled_width": 2, "spatial_scale": 1.0}, sizes=[*SIZES], opset=11)
raw("pool_places", "roi_pool", inputs={"X": X, "ROIs": ROIS, "RoisNum": NUM}, outputs={"Out": "float32", "Argmax": "int64"}, attrs={"pooled_height": 2, "pooled_width": 2}, sizes=[*SIZES], error="MaxRoiPool does not tell")
# (paddle.vision.ops.psroi_pool forgets boxes_num when it is exported.)
PSROI = {"output_channels": 2, "pooled_height": 3, "pooled_width": 3, "spatial_scale": 0.5}
LOD = f32[5, 4].values(regions(5)).lod([3, 2], [1, 4])
raw("align_lod", "roi_align", inputs={"X": f32[2, 3, "h", "w"], "ROIs": LOD}, outputs={"Out": "float32"}, attrs={"pooled_height": 2, "pooled_width": 3, "spatial_scale": 0.5, "sampling_ratio": 2, "aligned": True}, opset=16)
raw("pool_lod", "roi_pool", inputs={"X": f32[2, 3, "h", "w"], "ROIs": LOD}, outputs={"Out": "float32", "Argmax": None}, attrs={"pooled_height": 2, "pooled_width": 2, "spatial_scale": 1.0}, opset=11)
raw("pool_no_regions", "roi_pool", inputs={"X": X, "ROIs": f32["r", 4], "RoisNum": i32["b"].values([np.array([0, 0]), np.array([0, 0, 0])])}, outputs={"Out": "float32", "Argmax": None}, attrs={"pooled_height": 2, "pooled_width": 2, "spatial_scale": 1.0}, sizes=[{"r": 0}, {"r": 0}], opset=11)
raw("psroi_no_regions", "psroi_pool", inputs={"X": f32["b", 18, "h", "w"], "ROIs": f32["r", 4], "RoisNum": i32["b"].values([np.array([0, 0]), np.array([0, 0, 0])])}, outputs={"Out": "float32"}, attrs=PSROI, sizes=[{"r": 0}, {"r": 0}], opset=11)
raw("psroi", "psroi_pool", inputs={"X": f32["b", 18, "h", "w"], "ROIs": ROIS, "RoisNum": NUM}, outputs={"Out": "float32"}, attrs=PSROI, sizes=[*SIZES], opset=11)
raw("psroi_sides", "psroi_pool", inputs={"X": f32["b", 12, "h", "w"], "ROIs": ROIS, "RoisNum": NUM}, outputs={"Out": "float32"}, attrs={**PSROI, "pooled_width": 2, "spatial_scale": 0.25}, sizes=[*SIZES], opset=11)
raw("psroi_static", "psroi_pool", inputs={"X": f32[1, 18, 9, 7], "ROIs": f32[5, 4].values(regions(5)), "RoisNum": i32[1].values([5])}, outputs={"Out": "float32"}, attrs=PSROI, opset=9)
raw("psroi_float64", "psroi_pool", inputs={"X": f64["b", 18, "h", "w"], "ROIs": f64["r", 4].values(regions(5, 9)), "RoisNum": NUM}, outputs={"Out": "float64"}, attrs=PSROI, sizes=[*SIZES], opset=11)


def deformable(x, rois, trans, limits=None, **attrs):
    """deformable_psroi_pooling, whose regions tell their image by the LoD."""
    helper = paddle.common_ops_import.LayerHelper("deformable_psroi_pooling")
    held = helper.create_variable_for_type_inference("float32")
    helper.append_op(type="lod_reset", inputs={"X": rois}, outputs={"Out": held}, attrs={"target_lod": limits or [0, rois.shape[0]]})
    out, count = (helper.create_variable_for_type_inference(x.dtype) for _ in range(2))
    inputs = {"Input": x, "ROIs": held, "Trans": trans}
    helper.append_op(type="deformable_psroi_pooling", inputs=inputs, outputs={"Output": out, "TopCount": count}, attrs={**DPSROI, **attrs})
    return out, count


DPSROI = {"spatial_scale": 0.5, "output_dim": 4, "group_size": [1, 1], "pooled_height": 3, "pooled_width": 2, "part_size": [3, 2], "sample_per_part": 3, "trans_std": 0.1, "no_trans": False}
DP_X, DP_ROIS = f32[1, 4, "h", "w"], f32[5, 4].values(regions(5))
NO_DPSROI = {"pir": "Paddle 3 has no such operator"}
case("deformable_psroi", lambda x, r, t: deformable(x, r, t), static=True, x=DP_X, r=DP_ROIS, t=f32[5, 4, 3, 2], opset=11, paddle_cannot=NO_DPSROI)
case("deformable_psroi_still", lambda x, r, t: deformable(x, r, t, no_trans=True), static=True, x=DP_X, r=DP_ROIS, t=f32[5, 2, 3, 2], opset=11, paddle_cannot=NO_DPSROI)
case("deformable_psroi_far", lambda x, r, t: deformable(x, r, t, trans_std=0.9), static=True, x=DP_X, r=DP_ROIS, t=f32[5, 2, 3, 2], opset=11, paddle_cannot=NO_DPSROI)
case("deformable_psroi_groups", lambda x, r, t: deformable(x, r, t, group_size=[2, 3], part_size=[2, 2], output_dim=2), static=True, x=f32[1, 12, "h", "w"], r=DP_ROIS, t=f32[5, 4, 2, 2], opset=11, paddle_cannot=NO_DPSROI)
case("deformable_psroi_static", lambda x, r, t: deformable(x, r, t, sample_per_part=1), static=True, x=f32[1, 4, 8, 9], r=DP_ROIS, t=f32[5, 8, 3, 2], opset=11, paddle_cannot=NO_DPSROI)
case("deformable_psroi_images", lambda x, r, t: deformable(x, r, t, [0, 3, 5]), static=True, x=f32[2, 4, 8, 9], r=DP_ROIS, t=f32[5, 2, 3, 2], opset=11, paddle_cannot=NO_DPSROI)
case("deformable_psroi_images_dynamic", lambda x, r, t: deformable(x, r, t, [0, 1, 1, 5], trans_std=0.5), static=True, x=f32["b", 4, "h", "w"], r=DP_ROIS, t=f32[5, 4, 3, 2], sizes=[{"b": 3, "h": 8, "w": 9}, {"b": 3, "h": 11, "w": 7}], opset=11, paddle_cannot=NO_DPSROI)

D, M = f32["b", 18, "h", "w"], f32["b", 9, "h", "w"].range(0, 1)
case("deform", lambda net, x, o: net(x, o), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1), x=f32["b", 4, "h", "w"], o=D, opset=11)
case("deform_mask", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1), x=f32["b", 4, "h", "w"], o=D, m=M, opset=11)
case("deform_static", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1, bias_attr=False), x=f32[2, 4, 6, 7], o=f32[2, 18, 6, 7], m=f32[2, 9, 6, 7].range(0, 1), opset=9)
case("deform_far", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1), x=f32["b", 4, "h", "w"], o=f32["b", 18, "h", "w"].range(-8, 8), m=M, opset=11)
case("deform_groups", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1, groups=2, deformable_groups=2), x=f32["b", 4, "h", "w"], o=f32["b", 36, "h", "w"], m=f32["b", 18, "h", "w"].range(0, 1), opset=11)
case("deform_deformable_groups", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 8, 3, padding=1, deformable_groups=4), x=f32["b", 4, "h", "w"], o=f32["b", 72, "h", "w"], m=f32["b", 36, "h", "w"].range(0, 1), opset=11)
case("deform_stride", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2)), x=f32[2, 4, 9, 8], o=f32[2, 12, 5, 10], m=f32[2, 6, 5, 10].range(0, 1), opset=9)
case("deform_float64", lambda x, o, m, f: V.deform_conv2d(x, o, f, padding=1, mask=m), x=f64[2, 4, 6, 7], o=f64[2, 18, 6, 7], m=f64[2, 9, 6, 7].range(0, 1), f=f64[6, 4, 3, 3], opset=9)
