"""Interpolation: methods, alignments, formats, sizes and scales as numbers and as tensors, growing and shrinking."""
import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *

IMAGE = f32["b", 3, "h", "w"]
FIXED = f32["b", 3, 6, 5]

case("nearest_scale2", nn.Upsample(scale_factor=2), x=IMAGE)
case("nearest_scale_static", lambda x: F.interpolate(x, scale_factor=1.7), x=FIXED)
case("nearest_scale_down", lambda x: F.interpolate(x, scale_factor=[0.5, 0.7]), x=IMAGE, opset=11)
case("nearest_scale_pair", lambda x: F.interpolate(x, scale_factor=[3.0, 1.0]), x=IMAGE)
case("nearest_size", lambda x: F.interpolate(x, size=[13, 4]), x=FIXED)
case("nearest_size_dynamic", lambda x: F.interpolate(x, size=[17, 9]), x=IMAGE, opset=11)
case("nearest_same_size", lambda x: F.interpolate(x, size=[6, 5]), x=FIXED)
case("nearest_nhwc", lambda x: F.interpolate(x, scale_factor=2, data_format="NHWC"), x=f32["b", "h", "w", 3])
case("nearest_5d", lambda x: F.interpolate(x, scale_factor=2, data_format="NCDHW"), x=f32["b", 2, "d", "h", "w"])
case("nearest_5d_ndhwc", lambda x: F.interpolate(x, size=[3, 4, 9], data_format="NDHWC"), x=f32["b", 5, 6, 7, 2])
case("nearest_i64", lambda x: F.interpolate(x, size=[13, 4]), x=i64["b", 3, 6, 5])
case("nearest_i32", lambda x: F.interpolate(x, scale_factor=2), x=i32["b", 3, "h", "w"])
case("nearest_f64_dynamic", lambda x: F.interpolate(x, scale_factor=2), x=f64["b", 3, "h", "w"], opset=11)
case("nearest_size_tensor", lambda x, s: F.interpolate(x, size=s), x=IMAGE, s=i32_value([7, 20], [30, 5]), opset=11)
case("nearest_size_list", lambda x, s: F.interpolate(x, size=[s, 8]), x=IMAGE, s=i32_value([7], [30]), opset=11)
case("nearest_size_like", lambda x, y: F.interpolate(x, size=paddle.shape(y)[2:]), x=IMAGE, y=f32["b", 3, "k", "l"], opset=11)
case("nearest_scale_tensor", lambda x, s: F.interpolate(x, scale_factor=s), x=IMAGE, s=f32_value([2.0], [3.0]), opset=11)
case("nearest_many_sizes", lambda x: F.interpolate(x, size=[49, 61]), x=f32["b", 1, 27, 35])

# Whole numbers are cut off, so the last bit of a sum counts. In Paddle 3.3 places along the first of two axes come of one instruction that
# rounds once, so these rows have ratios there that need no rounding.
BYTES = u8["b", 3, "h", "w"].ints(0, 256)
FLAT = u8[2, 3, 8, 8].values([np.full((2, 3, 8, 8), 77), np.full((2, 3, 8, 8), 255)])
case("bilinear_u8", lambda x: F.interpolate(x, size=[10, 11], mode="bilinear"), x=u8["b", 3, 5, 7].ints(0, 256))
case("bilinear_u8_flat", lambda x: F.interpolate(x, size=[16, 24], mode="bilinear"), x=FLAT)
case("bilinear_u8_flat_corners", lambda x: F.interpolate(x, size=[20, 24], mode="bilinear", align_corners=True), x=FLAT)
case("bilinear_u8_mode1", lambda x: F.interpolate(x, size=[4, 5], mode="bilinear", align_mode=1), x=u8["b", 3, 17, 13].ints(0, 256))
case("bilinear_u8_scale", lambda x: F.interpolate(x, scale_factor=[2.0, 0.6], mode="bilinear", data_format="NHWC"), x=u8["b", "h", "w", 3].ints(0, 256), opset=11)
case("bilinear_u8_dynamic", lambda x: F.interpolate(x, size=[24, 9], mode="bilinear"), x=BYTES, opset=9)
case("bilinear_u8_dynamic_corners", lambda x: F.interpolate(x, size=[17, 9], mode="bilinear", align_corners=True), x=BYTES, opset=9)
case("bilinear_u8_size_tensor", lambda x, s: F.interpolate(x, size=s, mode="bilinear"), x=BYTES, s=i32_value([24, 20], [1, 5]), opset=11)
case("bilinear_u8_scale_tensor", lambda x, s: F.interpolate(x, scale_factor=s, mode="bilinear"), x=BYTES, s=f32_value([2.0], [4.0]), opset=11)
case("linear_u8", lambda x: F.interpolate(x, size=[11], mode="linear", data_format="NCW"), x=u8["b", 3, 5].ints(0, 256))
case("linear_u8_one_dynamic", lambda x: F.interpolate(x, size=[1], mode="linear", data_format="NCW"), x=u8["b", 3, "n"].ints(0, 256), opset=9)
case("trilinear_u8", lambda x: F.interpolate(x, size=[8, 5, 9], mode="trilinear", data_format="NCDHW"), x=u8["b", 2, 4, 6, 5].ints(0, 256))

case("bilinear_size", lambda x: F.interpolate(x, size=[13, 4], mode="bilinear"), x=FIXED)
case("bilinear_dynamic", lambda x: F.interpolate(x, size=[17, 9], mode="bilinear"), x=IMAGE, opset=11)
case("bilinear_corners", lambda x: F.interpolate(x, size=[13, 4], mode="bilinear", align_corners=True), x=FIXED)
case("bilinear_corners_dynamic", lambda x: F.interpolate(x, size=[17, 9], mode="bilinear", align_corners=True), x=IMAGE,
     opset=11)
case("bilinear_mode1", lambda x: F.interpolate(x, size=[13, 4], mode="bilinear", align_mode=1), x=FIXED)
case("bilinear_mode1_dynamic", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_mode=1), x=IMAGE)
case("bilinear_mode1_corners", lambda x: F.interpolate(x, size=[13, 8], mode="bilinear", align_mode=1, align_corners=True),
     x=FIXED)
case("bilinear_scale", lambda x: F.interpolate(x, scale_factor=1.5, mode="bilinear"), x=IMAGE, opset=11)
case("bilinear_scale_static", lambda x: F.interpolate(x, scale_factor=[1.7, 0.6], mode="bilinear"), x=FIXED)
case("bilinear_scale_corners", lambda x: F.interpolate(x, scale_factor=1.5, mode="bilinear", align_corners=True), x=IMAGE,
     opset=11)
case("bilinear_one_pixel", lambda x: F.interpolate(x, size=[1, 7], mode="bilinear"), x=IMAGE, opset=11)
case("bilinear_one_pixel_corners", lambda x: F.interpolate(x, size=[1, 7], mode="bilinear", align_corners=True), x=IMAGE,
     opset=11)
case("bilinear_nhwc", lambda x: F.interpolate(x, size=[9, 20], mode="bilinear", data_format="NHWC"), x=f32["b", "h", "w", 3],
     opset=11)
case("bilinear_f64", lambda x: F.interpolate(x, size=[13, 4], mode="bilinear"), x=f64["b", 3, 6, 5])
case("bilinear_size_tensor", lambda x, s: F.interpolate(x, size=s, mode="bilinear"), x=IMAGE, s=i32_value([7, 20], [30, 5]),
     opset=11)
case("bilinear_size_list", lambda x, s: F.interpolate(x, size=[8, s], mode="bilinear", align_corners=True), x=IMAGE,
     s=i32_value([7], [30]), opset=11)
case("bilinear_scale_tensor", lambda x, s: F.interpolate(x, scale_factor=s, mode="bilinear"), x=IMAGE,
     s=f32_value([1.5, 2.5], [0.7, 3.1]), opset=11)
case("upsampling_bilinear2d", nn.UpsamplingBilinear2D(scale_factor=2), x=IMAGE, opset=11)
case("upsampling_nearest2d", nn.UpsamplingNearest2D(size=[24, 10]), x=f32["b", 3, 12, 5])

case("bicubic_one_pixel_by_tensor", lambda x, s: F.interpolate(x, size=s, mode="bicubic"), x=IMAGE, s=i32_value([1, 5], [7, 1]), opset=11)
case("bicubic_one_pixel_by_scale", lambda x: F.interpolate(x, scale_factor=[0.15, 0.5], mode="bicubic"), x=IMAGE, opset=11)
case("bicubic_one_pixel_by_scale_of_one", lambda x: F.interpolate(x, scale_factor=[0.15, 0.5], mode="bicubic"), x=f32["b", 3, 9, "w"], opset=11)
case("bicubic", lambda x: F.interpolate(x, size=[13, 4], mode="bicubic"), x=FIXED)
case("bicubic_dynamic", lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"), x=IMAGE, opset=11)
case("bicubic_corners", lambda x: F.interpolate(x, size=[13, 8], mode="bicubic", align_corners=True), x=FIXED)
case("bicubic_corners_dynamic", lambda x: F.interpolate(x, size=[13, 8], mode="bicubic", align_corners=True), x=IMAGE,
     opset=11)
case("bicubic_one_pixel", lambda x: F.interpolate(x, size=[1, 8], mode="bicubic"), x=FIXED)
case("bicubic_nhwc", lambda x: F.interpolate(x, size=[13, 4], mode="bicubic", data_format="NHWC"), x=f32["b", "h", "w", 3],
     opset=11)
case("linear", lambda x: F.interpolate(x, size=[9], mode="linear", data_format="NCW"), x=f32["b", 3, "n"], opset=11)
case("linear_static", lambda x: F.interpolate(x, size=[9], mode="linear", data_format="NCW"), x=f32["b", 3, 6])
case("linear_corners", lambda x: F.interpolate(x, scale_factor=2, mode="linear", data_format="NCW", align_corners=True),
     x=f32["b", 3, "n"], opset=11)
case("linear_mode1", lambda x: F.interpolate(x, scale_factor=[2], mode="linear", data_format="NCW", align_mode=1),
     x=f32["b", 3, "n"])
case("linear_nwc", lambda x: F.interpolate(x, size=[9], mode="linear", data_format="NWC"), x=f32["b", "n", 3], opset=11)
case("linear_size_tensor", lambda x, s: F.interpolate(x, size=s, mode="linear", data_format="NCW"), x=f32["b", 3, "n"],
     s=i32_value([9], [4]), opset=11)
case("trilinear", lambda x: F.interpolate(x, size=[4, 9, 7], mode="trilinear", data_format="NCDHW"), x=f32["b", 2, 3, 5, 6])
case("trilinear_dynamic", lambda x: F.interpolate(x, size=[4, 9, 7], mode="trilinear", data_format="NCDHW"),
     x=f32["b", 2, "d", "h", "w"], opset=11)
case("trilinear_corners", lambda x: F.interpolate(x, scale_factor=2, mode="trilinear", data_format="NCDHW", align_corners=True),
     x=f32["b", 2, "d", "h", "w"], opset=11)
case("trilinear_ndhwc", lambda x: F.interpolate(x, size=[4, 9, 7], mode="trilinear", data_format="NDHWC", align_mode=1),
     x=f32["b", "d", "h", "w", 2], opset=11)
case("area", lambda x: F.interpolate(x, size=[4, 5], mode="area"), x=f32["b", 3, 8, 10])
case("area_dynamic", lambda x: F.interpolate(x, size=[4, 5], mode="area"), x=IMAGE, opset=11)

raw("raw_nearest_interp_defaults", "nearest_interp", inputs={"X": FIXED}, outputs={"Out": "float32"},
    attrs={"out_h": 11, "out_w": 8, "interp_method": "nearest"}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_nearest_interp_scale", "nearest_interp", inputs={"X": f32["b", 3, 7, 5]}, outputs={"Out": "float32"},
    attrs={"scale": 1.7, "align_corners": False, "interp_method": "nearest"}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_nearest_interp_out_size", "nearest_interp", inputs={"X": IMAGE, "OutSize": i32_value([7, 20], [30, 5])},
    outputs={"Out": "float32"}, attrs={"align_corners": False, "out_h": 3, "out_w": 3, "interp_method": "nearest"}, opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_bilinear_interp", "bilinear_interp", inputs={"X": FIXED}, outputs={"Out": "float32"},
    attrs={"out_h": 11, "out_w": 8, "interp_method": "bilinear", "align_corners": False, "align_mode": 1}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_bilinear_interp_f64", "bilinear_interp", inputs={"X": f64[2, 3, 5, 4]}, outputs={"Out": "float64"},
    attrs={"out_h": 10, "out_w": 8, "interp_method": "bilinear", "align_corners": False, "align_mode": 1}, opsets=[7, 9, 10, 11, 28], paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_bilinear_interp_scale", "bilinear_interp", inputs={"X": f32["b", 3, 7, 5]}, outputs={"Out": "float32"},
    attrs={"scale": 1.7, "align_corners": False, "align_mode": 0, "interp_method": "bilinear"}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_bilinear_interp_scale_tensor", "bilinear_interp", inputs={"X": f32["b", 3, 7, 5], "Scale": f32_value([1.7], [2.3])},
    outputs={"Out": "float32"}, attrs={"align_corners": False, "align_mode": 0, "interp_method": "bilinear"}, opset=11, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_bicubic_interp", "bicubic_interp", inputs={"X": FIXED}, outputs={"Out": "float32"},
    attrs={"out_h": 11, "out_w": 8, "interp_method": "bicubic"}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_trilinear_interp", "trilinear_interp", inputs={"X": f32["b", 2, 3, 5, 6]}, outputs={"Out": "float32"},
    attrs={"out_d": 5, "out_h": 11, "out_w": 8, "interp_method": "trilinear"}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_linear_interp", "linear_interp", inputs={"X": f32["b", 2, 6]}, outputs={"Out": "float32"},
    attrs={"out_w": 8, "interp_method": "linear"}, paddle_cannot={"pir": "Paddle 3 does not translate it"})

# --- how they meet: formats, paddings, sizes, NaN and infinities
raw("raw_nearest_interp_v2_corners", "nearest_interp_v2", inputs={"X": f32["b", 3, 6, 5]}, outputs={"Out": "float32"}, attrs={"out_h": 11, "out_w": 8, "interp_method": "nearest", "align_corners": True, "data_layout": "NCHW", "out_d": 0, "align_mode": 1, "scale": []})
raw("raw_nearest_interp_v2_corners_dynamic", "nearest_interp_v2", inputs={"X": f32["b", 3, "h", "w"]}, outputs={"Out": "float32"}, attrs={"out_h": 11, "out_w": 8, "interp_method": "nearest", "align_corners": True, "data_layout": "NCHW", "out_d": 0, "align_mode": 1, "scale": []}, opset=11)
case("bilinear_scales_nhwc", lambda x: F.interpolate(x, scale_factor=[1.7, 0.6], mode="bilinear", data_format="NHWC"), x=f32["b", "h", "w", 3], opset=11)
case("bicubic_scale_tensor", lambda x, s: F.interpolate(x, scale_factor=s, mode="bicubic"), x=f32["b", 3, "h", "w"], s=f32_value([1.5, 2.5], [0.7, 3.1]), opset=11)
case("bicubic_size_tensor", lambda x, s: F.interpolate(x, size=s, mode="bicubic"), x=f32["b", 3, "h", "w"], s=i32_value([7, 20], [30, 5]), opset=11)
case("bicubic_f64", lambda x: F.interpolate(x, size=[13, 4], mode="bicubic"), x=f64["b", 3, 6, 5])
case("bicubic_scale_fraction", lambda x: F.interpolate(x, scale_factor=[1.7, 0.6], mode="bicubic"), x=f32["b", 3, "h", "w"], opset=11)
case("trilinear_size_tensor", lambda x, s: F.interpolate(x, size=s, mode="trilinear", data_format="NCDHW"), x=f32["b", 2, "d", "h", "w"], s=i32_value([4, 9, 7], [5, 3, 20]), opset=11)
case("trilinear_scale_fraction", lambda x: F.interpolate(x, scale_factor=1.7, mode="trilinear", data_format="NCDHW"), x=f32["b", 2, "d", "h", "w"], opset=11)
case("bilinear_mode1_size_dynamic", lambda x: F.interpolate(x, size=[17, 9], mode="bilinear", align_mode=1), x=f32["b", 3, "h", "w"], opset=11)
case("bilinear_mode1_scale_fraction", lambda x: F.interpolate(x, scale_factor=1.7, mode="bilinear", align_mode=1), x=f32["b", 3, "h", "w"], opset=11)
case("nearest_5d_size_dynamic", lambda x: F.interpolate(x, size=[4, 9, 7], data_format="NCDHW"), x=f32["b", 2, "d", "h", "w"], opset=11)
case("nearest_scale_third", lambda x: F.interpolate(x, scale_factor=1 / 3), x=f32["b", 3, 9, 12])
case("nearest_scale_third_dynamic", lambda x: F.interpolate(x, scale_factor=1 / 3), x=f32["b", 3, "h", "w"], opset=11)
# --- antialias
NOT_IN_2 = {"pdmodel": "Paddle 2 has no such operator"}
case("antialias_linear", lambda x: F.interpolate(x, size=[5, 4], mode="bilinear", antialias=True), x=f32["b", 3, 12, 10], paddle_cannot=NOT_IN_2)
case("antialias_linear_grows", lambda x: F.interpolate(x, size=[5, 23], mode="bilinear", antialias=True), x=f32["b", 3, 12, 10], paddle_cannot=NOT_IN_2)
case("antialias_linear_corners", lambda x: F.interpolate(x, size=[5, 1], mode="bilinear", antialias=True, align_corners=True), x=f32["b", 3, 12, 10], paddle_cannot=NOT_IN_2)
case("antialias_cubic", lambda x: F.interpolate(x, size=[7, 4], mode="bicubic", antialias=True), x=f32["b", 3, 12, 10], paddle_cannot=NOT_IN_2)
case("antialias_cubic_corners", lambda x: F.interpolate(x, size=[5, 23], mode="bicubic", antialias=True, align_corners=True), x=f32["b", 3, 12, 10], paddle_cannot=NOT_IN_2)
case("antialias_cubic_scale", lambda x: F.interpolate(x, scale_factor=[0.4, 1.7], mode="bicubic", antialias=True), x=f32["b", 3, 12, 10], paddle_cannot=NOT_IN_2)
case("antialias_nhwc", lambda x: F.interpolate(x, size=[5, 4], mode="bilinear", antialias=True, data_format="NHWC"), x=f32["b", 12, 10, 3], paddle_cannot=NOT_IN_2)
case("antialias_u8", lambda x: F.interpolate(x, size=[5, 17], mode="bilinear", antialias=True), x=u8["b", 3, 12, 10].ints(0, 256), opset=8, paddle_cannot=NOT_IN_2)
case("antialias_cubic_u8", lambda x: F.interpolate(x, size=[5, 17], mode="bicubic", antialias=True), x=u8["b", 3, 12, 10].ints(0, 256), opset=8, paddle_cannot=NOT_IN_2)
case("antialias_u8_scale", lambda x: F.interpolate(x, scale_factor=[0.4, 1.7], mode="bilinear", antialias=True, data_format="NHWC"), x=u8["b", 12, 10, 3].ints(0, 256), opset=8, paddle_cannot=NOT_IN_2)
case("antialias_u8_dynamic", lambda x: F.interpolate(x, size=[5, 17], mode="bilinear", antialias=True), x=u8["b", 3, "h", "w"].ints(0, 256), opset=11, paddle_cannot=NOT_IN_2)
case("antialias_cubic_u8_size_tensor", lambda x, s: F.interpolate(x, size=s, mode="bicubic", antialias=True), x=u8["b", 3, "h", "w"].ints(0, 256), s=i32_value([5, 4], [6, 13]), opset=11, paddle_cannot=NOT_IN_2)
case("antialias_f64", lambda x: F.interpolate(x, size=[5, 4], mode="bicubic", antialias=True), x=f64["b", 3, 12, 10], paddle_cannot=NOT_IN_2)
case("antialias_linear_dynamic", lambda x: F.interpolate(x, size=[5, 4], mode="bilinear", antialias=True), x=f32["b", 3, "h", "w"], opset=11, paddle_cannot=NOT_IN_2)
case("antialias_cubic_dynamic_corners", lambda x: F.interpolate(x, size=[5, 1], mode="bicubic", antialias=True, align_corners=True), x=f32["b", 3, "h", "w"], opset=11, paddle_cannot=NOT_IN_2)
case("antialias_linear_dynamic_scale", lambda x: F.interpolate(x, scale_factor=0.4, mode="bilinear", antialias=True), x=f32["b", 3, "h", "w"], opset=11, paddle_cannot=NOT_IN_2)
case("antialias_cubic_size_tensor", lambda x, s: F.interpolate(x, size=s, mode="bicubic", antialias=True), x=f32["b", 3, "h", "w"], s=i32_value([5, 4], [6, 13]), opset=11, paddle_cannot=NOT_IN_2)


def sliced(x, grid, guide, offset):
    """The formula of Paddle's CUDA kernel, pixel by pixel."""
    n, inputs, height, width = x.shape
    _, coefficients, depth, rows, columns = grid.shape
    pixels = np.concatenate([x, np.ones_like(x[:, :1])], 1) if offset else x
    m = grid.reshape(n, -1, pixels.shape[1], depth, rows, columns)
    out = np.zeros((n, m.shape[1], height, width))
    for b, i, j in np.ndindex(n, height, width):
        gx, gy, gz = (j + 0.5) * columns / width, (i + 0.5) * rows / height, guide[b, i, j] * depth
        for xx in np.floor(gx - 0.5) + np.arange(2):
            for yy in np.floor(gy - 0.5) + np.arange(2):
                for zz in np.floor(gz - 0.5) + np.arange(2):
                    weight = max(1 - abs(xx + 0.5 - gx), 0) * max(1 - abs(yy + 0.5 - gy), 0) * max(1 - np.hypot(zz + 0.5 - gz, 1e-4), 0)
                    at = [int(np.clip(v, 0, last - 1)) for v, last in ((zz, depth), (yy, rows), (xx, columns))]
                    out[b, :, i, j] += weight * m[(b, slice(None), slice(None), *at)] @ pixels[b, :, i, j]
    return out.astype("float32")


NO_SLICE = {"pir": "Paddle 3 knows no such operator"}
raw("bilateral_slice", "bilateral_slice", inputs={"X": f32["b", 3, 6, 8], "Grid": f32["b", 12, 4, 3, 2], "Guide": f32["b", 6, 8].range(-0.2, 1.2)}, outputs={"Out": "float32"}, attrs={"has_offset": True}, expect=lambda *x: sliced(*x, True), opset=9, paddle_cannot=NO_SLICE)
raw("bilateral_slice_dynamic", "bilateral_slice", inputs={"X": f32["b", 3, "h", "w"], "Grid": f32["b", 6, 4, 3, 2], "Guide": f32["b", "h", "w"].range(0, 1)}, outputs={"Out": "float32"}, attrs={"has_offset": False}, expect=lambda *x: sliced(*x, False), opset=11, paddle_cannot=NO_SLICE)

# --- one pixel, which Paddle 3.3 takes from the middle
case("linear_one_pixel", lambda x: F.interpolate(x, size=[1], mode="linear", align_corners=False, data_format="NCW"), x=f32["b", 3, 6])
case("linear_one_pixel_dynamic", lambda x: F.interpolate(x, size=[1], mode="linear", align_corners=False, data_format="NCW"), x=f32["b", 3, "w"], opset=11)
case("linear_one_pixel_mode1", lambda x: F.interpolate(x, size=[1], mode="linear", align_corners=False, align_mode=1, data_format="NCW"), x=f32["b", 3, 6])
case("trilinear_one_pixel", lambda x: F.interpolate(x, size=[1, 8, 5], mode="trilinear", data_format="NCDHW"), x=f32["b", 2, 11, 5, 9])
case("trilinear_one_pixel_dynamic", lambda x: F.interpolate(x, size=[1, 8, 1], mode="trilinear", data_format="NCDHW"), x=f32["b", 2, "d", "h", "w"], opset=11)
case("bicubic_one_pixel_dynamic", lambda x: F.interpolate(x, size=[7, 1], mode="bicubic"), x=IMAGE, opset=11)
case("bicubic_one_pixel_nhwc_dynamic", lambda x: F.interpolate(x, size=[1, 11], mode="bicubic", data_format="NHWC"), x=f32["b", "h", "w", 2], opset=11)
case("bicubic_one_pixel_of_one", lambda x: F.interpolate(x, size=[1, 5], mode="bicubic"), x=IMAGE, sizes=[{"h": 1}, {"h": 2}], opset=11)
case("bicubic_one_pixel_corners_dynamic", lambda x: F.interpolate(x, size=[1, 5], mode="bicubic", align_corners=True), x=IMAGE, opset=11)
