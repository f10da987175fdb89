"""Pooling of regions, and convolutions whose taps move."""
import paddle
from dsl import *

V = paddle.vision.ops
NO_KERNEL = {"22": "ONNX Runtime 1.32 has no kernel for RoiAlign and MaxRoiPool of opset 22", "28": "the same"}


def regions(*counts, dtype="float32"):
    made = []
    for i, count in enumerate(counts):
        rng = np.random.default_rng(i)
        low = rng.uniform(-2, 20, (count, 2))
        made.append(np.concatenate([low, low + rng.uniform(0.2, 30, (count, 2))], 1).astype(dtype))
    return made


X, ROIS, NUM = f32["b", 3, "h", "w"], f32["r", 4].values(regions(5, 9)), i32["b"].values([np.array([2, 3]), np.array([4, 0, 5])])
SIZES = {"r": 5}, {"r": 9}
case("align", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=11, skip_run=NO_KERNEL)
case("align_aligned", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=16, skip_run=NO_KERNEL)
case("align_adaptive", lambda x, r, n: V.roi_align(x, r, n, (3, 2), 0.25, -1, aligned=False), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=11, skip_run=NO_KERNEL)
case("align_aligned_adaptive", lambda x, r, n: V.roi_align(x, r, n, (3, 2), 0.25), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=16, skip_run=NO_KERNEL)
case("align_one_image", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=f32[1, 3, "h", "w"], r=ROIS, n=i32[1].values([np.array([5]), np.array([9])]), sizes=[*SIZES], opset=10, skip_run=NO_KERNEL)
case("align_float64", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=f64["b", 3, "h", "w"], r=f64["r", 4].values(regions(5, 9)), n=NUM, sizes=[*SIZES], opset=11, skip_run=NO_KERNEL)
case("align_no_regions", lambda x, r, n: V.roi_align(x, r, n, 3, 0.5, 2, aligned=False), x=X, r=f32["r", 4], n=i32["b"].values([np.array([0, 0]), np.array([0, 0, 0])]), sizes=[{"r": 0}, {"r": 0}], opset=11, skip_run=NO_KERNEL)
case("pool", lambda x, r, n: V.roi_pool(x, r, n, 3, 0.5), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=11, skip_run=NO_KERNEL)
case("pool_sides", lambda x, r, n: V.roi_pool(x, r, n, (3, 2), 0.25), x=X, r=ROIS, n=NUM, sizes=[*SIZES], opset=11, skip_run=NO_KERNEL)
case("pool_one_image", lambda x, r, n: V.roi_pool(x, r, n, 3, 0.5), x=f32[1, 3, "h", "w"], r=ROIS, n=i32[1].values([np.array([5]), np.array([9])]), sizes=[*SIZES], opset=8, skip_run=NO_KERNEL)
raw("pool_float64", "roi_pool", inputs={"X": f64["b", 3, "h", "w"], "ROIs": f64["r", 4].values(regions(5, 9)), "RoisNum": NUM}, outputs={"Out": "float64", "Argmax": None}, attrs={"pooled_height": 2, "pooled_width": 2, "spatial_scale": 1.0}, sizes=[*SIZES], opset=11, skip_run=NO_KERNEL)
raw("pool_places", "roi_pool", inputs={"X": X, "ROIs": ROIS, "RoisNum": NUM}, outputs={"Out": "float32", "Argmax": "int64"}, attrs={"pooled_height": 2, "pooled_width": 2}, sizes=[*SIZES], error="MaxRoiPool does not tell")
# (paddle.vision.ops.psroi_pool forgets boxes_num when it is exported.)
PSROI = {"output_channels": 2, "pooled_height": 3, "pooled_width": 3, "spatial_scale": 0.5}
raw("psroi", "psroi_pool", inputs={"X": f32["b", 18, "h", "w"], "ROIs": ROIS, "RoisNum": NUM}, outputs={"Out": "float32"}, attrs=PSROI, sizes=[*SIZES], opset=11)
raw("psroi_sides", "psroi_pool", inputs={"X": f32["b", 12, "h", "w"], "ROIs": ROIS, "RoisNum": NUM}, outputs={"Out": "float32"}, attrs={**PSROI, "pooled_width": 2, "spatial_scale": 0.25}, sizes=[*SIZES], opset=11)
raw("psroi_static", "psroi_pool", inputs={"X": f32[1, 18, 9, 7], "ROIs": f32[5, 4].values(regions(5)), "RoisNum": i32[1].values([5])}, outputs={"Out": "float32"}, attrs=PSROI, opset=9)
raw("psroi_float64", "psroi_pool", inputs={"X": f64["b", 18, "h", "w"], "ROIs": f64["r", 4].values(regions(5, 9)), "RoisNum": NUM}, outputs={"Out": "float64"}, attrs=PSROI, sizes=[*SIZES], opset=11)

D, M = f32["b", 18, "h", "w"], f32["b", 9, "h", "w"].range(0, 1)
case("deform", lambda net, x, o: net(x, o), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1), x=f32["b", 4, "h", "w"], o=D, opset=11)
case("deform_mask", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1), x=f32["b", 4, "h", "w"], o=D, m=M, opset=11)
case("deform_static", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1, bias_attr=False), x=f32[2, 4, 6, 7], o=f32[2, 18, 6, 7], m=f32[2, 9, 6, 7].range(0, 1), opset=9)
case("deform_far", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1), x=f32["b", 4, "h", "w"], o=f32["b", 18, "h", "w"].range(-8, 8), m=M, opset=11)
case("deform_groups", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, 3, padding=1, groups=2, deformable_groups=2), x=f32["b", 4, "h", "w"], o=f32["b", 36, "h", "w"], m=f32["b", 18, "h", "w"].range(0, 1), opset=11)
case("deform_deformable_groups", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 8, 3, padding=1, deformable_groups=4), x=f32["b", 4, "h", "w"], o=f32["b", 72, "h", "w"], m=f32["b", 36, "h", "w"].range(0, 1), opset=11)
case("deform_stride", lambda net, x, o, m: net(x, o, m), layer=lambda: V.DeformConv2D(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2)), x=f32[2, 4, 9, 8], o=f32[2, 12, 5, 10], m=f32[2, 6, 5, 10].range(0, 1), opset=9)
case("deform_float64", lambda x, o, m, f: V.deform_conv2d(x, o, f, padding=1, mask=m), x=f64[2, 4, 6, 7], o=f64[2, 18, 6, 7], m=f64[2, 9, 6, 7].range(0, 1), f=f64[6, 4, 3, 3], opset=9)
