"""Quantized models by paddleslim and paddle.quantization: a file for each kind of operator (tests/models/quantized).

Their results are Paddle's own, recorded with them: the executor of Paddle 3.3 computes dequantize_linear wrongly in PIR
programs, and weights stored as integers under a float declaration run in no Paddle at all."""
import pathlib

from dsl import *

MODELS = pathlib.Path(__file__).resolve().parents[1] / "quantized"


def images(model):
    array = np.load(MODELS / model / "inputs.npz")["x"]
    return [array, array[2:5]]


def recorded(model):
    result, all_images = np.load(MODELS / model / "outputs.npz")["out0"], images(model)[0]
    return lambda x: result if len(x) == len(all_images) else result[2:5]


saved("quantize_linear_and_deconvolution", MODELS / "deconv_iqat_onnx", x=f32["b", 1, "h", "w"].values(images("deconv_iqat_onnx")), expect=recorded("deconv_iqat_onnx"), rtol=1e-3, atol=1e-3)
saved("quantize_linear_twice_written", MODELS / "deconv_ptq_onnx_full", x=f32["b", 1, "h", "w"].values(images("deconv_ptq_onnx_full")), expect=recorded("deconv_ptq_onnx_full"), rtol=1e-3, atol=1e-3)
saved("quantize_linear_with_observers", {"pdmodel": MODELS / "lenet_ptq_onnx", "pir": MODELS / "p33tr_lenet_ptq_onnx"}, x=f32["b", 1, "h", "w"].values(images("lenet_ptq_onnx")), expect=recorded("lenet_ptq_onnx"), rtol=1e-3, atol=1e-3)
saved("fake_quantize_dequantize_full", MODELS / "deconv_ptq_fake_full", x=f32["b", 1, "h", "w"].values(images("deconv_ptq_fake_full")), expect=recorded("deconv_ptq_fake_full"), rtol=1e-3, atol=1e-3)
saved("fake_dequantize_max_abs", MODELS / "lenet_ptq_fake_maabsmaxw", x=f32["b", 1, "h", "w"].values(images("lenet_ptq_fake_maabsmaxw")), expect=recorded("lenet_ptq_fake_maabsmaxw"), rtol=1e-3, atol=1e-3)
saved("fake_channel_wise_with_int8_weights", MODELS / "lenet_sqat_int8", x=f32["b", 1, "h", "w"].values(images("lenet_sqat_int8")), expect=recorded("lenet_sqat_int8"), rtol=1e-3, atol=1e-3)
saved("weights_only", MODELS / "lenet_dyn8", x=f32["b", 1, "h", "w"].values(images("lenet_dyn8")), expect=recorded("lenet_dyn8"), rtol=1e-3, atol=1e-3, skip_run={"pir": "Paddle 3's translation leaves out the attributes that hold the scales"})
saved("recorders_of_scales", MODELS / "p33_lenet_iqat_fake", x=f32["b", 1, "h", "w"].values(images("p33_lenet_iqat_fake")), expect=recorded("p33_lenet_iqat_fake"), rtol=1e-3, atol=1e-3)
