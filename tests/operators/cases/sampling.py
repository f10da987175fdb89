"""grid_sample and affine_grid."""
import paddle
import paddle.nn.functional as F
from dsl import *

GRID = f32["b", "n", "m", 2].range(-1.4, 1.4)
GRID3 = f32["b", "d", "n", "m", 3].range(-1.4, 1.4)


def nearest_in_volume(x, grid):
    """What Paddle 3 computes; of volumes, the kernel of 2.6 gives 0 at places within them."""
    sizes = np.array(x.shape[2:])
    at = np.rint((grid[..., ::-1] + 1) / 2 * (sizes - 1)).astype(int)
    known = ((at >= 0) & (at < sizes)).all(-1)
    d, h, w = np.moveaxis(np.clip(at, 0, sizes - 1), -1, 0)
    n = np.arange(len(x)).reshape(-1, 1, 1, 1)
    return np.where(known[:, None], np.moveaxis(x[n, :, d, h, w], -1, 1), 0).astype(x.dtype)


case("grid_sample", lambda x, grid: F.grid_sample(x, grid), x=f32["b", 3, "h", "w"], grid=GRID, opset=11)
case("grid_sample_unaligned", lambda x, grid: F.grid_sample(x, grid, align_corners=False), x=f32["b", 3, "h", "w"], grid=GRID, opset=11)
case("grid_sample_border", lambda x, grid: F.grid_sample(x, grid, padding_mode="border"), x=f32["b", 3, "h", "w"], grid=GRID, opset=11)
case("grid_sample_border_unaligned", lambda x, grid: F.grid_sample(x, grid, padding_mode="border", align_corners=False), x=f32["b", 3, "h", "w"], grid=GRID, opset=11)
case("grid_sample_reflection", lambda x, grid: F.grid_sample(x, grid, padding_mode="reflection"), x=f32["b", 3, "h", "w"], grid=f32["b", "n", "m", 2].range(-5, 5), opset=11, rtol=1e-3, atol=1e-4)
case("grid_sample_reflection_unaligned", lambda x, grid: F.grid_sample(x, grid, padding_mode="reflection", align_corners=False), x=f32["b", 3, "h", "w"], grid=f32["b", "n", "m", 2].range(-5, 5), opset=11, rtol=1e-3, atol=1e-4)
case("grid_sample_nearest", lambda x, grid: F.grid_sample(x, grid, mode="nearest"), x=f32["b", 3, "h", "w"], grid=GRID, opset=11)
case("grid_sample_nearest_unaligned", lambda x, grid: F.grid_sample(x, grid, mode="nearest", align_corners=False), x=f32["b", 3, "h", "w"], grid=GRID, opset=11)
case("grid_sample_nearest_border", lambda x, grid: F.grid_sample(x, grid, mode="nearest", padding_mode="border"), x=f32["b", 3, "h", "w"], grid=GRID, opset=11)
case("grid_sample_nearest_reflection", lambda x, grid: F.grid_sample(x, grid, mode="nearest", padding_mode="reflection"), x=f32["b", 3, "h", "w"], grid=GRID, opset=11)
case("grid_sample_static", lambda x, grid: F.grid_sample(x, grid), x=f32[2, 3, 5, 6], grid=f32[2, 4, 7, 2].range(-1.4, 1.4), opset=8)
case("grid_sample_static_border", lambda x, grid: F.grid_sample(x, grid, padding_mode="border"), x=f32[2, 3, 5, 6], grid=f32[2, 4, 7, 2].range(-1.4, 1.4), opset=8)
case("grid_sample_volume", lambda x, grid: F.grid_sample(x, grid), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_volume_unaligned", lambda x, grid: F.grid_sample(x, grid, align_corners=False), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_volume_border", lambda x, grid: F.grid_sample(x, grid, padding_mode="border"), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_volume_reflection", lambda x, grid: F.grid_sample(x, grid, padding_mode="reflection", align_corners=False), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_volume_nearest", lambda x, grid: F.grid_sample(x, grid, mode="nearest"), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11, expect={"pdmodel": nearest_in_volume})
# From 16 on ONNX Runtime's GridSample takes the first pixel for what is not a number.
case("grid_sample_nan", lambda x, grid: F.grid_sample(x, grid), x=f32["b", 3, "h", "w"], grid=f32["b", "n", "m", 2].nonfinite(), opset=11, opsets=[11, 13], paddle_cannot={"pdmodel": "Paddle 2.6 reads at random places"})
case("grid_sample_f64", lambda x, grid: F.grid_sample(x, grid, padding_mode="border"), x=f64["b", 3, "h", "w"], grid=f64["b", "n", "m", 2].range(-1.4, 1.4), opset=11)
case("grid_sample_volume_f64", lambda x, grid: F.grid_sample(x, grid), x=f64["b", 3, "k", "h", "w"], grid=f64["b", "d", "n", "m", 3].range(-1.4, 1.4), opset=11)
case("grid_sample_of_affine_grid", lambda x, theta: F.grid_sample(x, F.affine_grid(theta, [2, 3, 8, 9])), x=f32[2, 3, 5, 6], theta=f32[2, 2, 3], opset=8)

case("affine_grid", lambda theta: F.affine_grid(theta, [2, 3, 5, 7]), theta=f32[2, 2, 3])
case("affine_grid_unaligned", lambda theta: F.affine_grid(theta, [2, 3, 5, 7], align_corners=False), theta=f32[2, 2, 3])
case("affine_grid_one_pixel", lambda theta: F.affine_grid(theta, [2, 3, 1, 7], align_corners=False), theta=f32[2, 2, 3])
case("affine_grid_f64", lambda theta: F.affine_grid(theta, [2, 3, 5, 7]), theta=f64[2, 2, 3])
case("affine_grid_volume", lambda theta: F.affine_grid(theta, [2, 3, 4, 5, 7]), theta=f32[2, 3, 4])
case("affine_grid_volume_unaligned", lambda theta: F.affine_grid(theta, [2, 3, 4, 5, 7], align_corners=False), theta=f32[2, 3, 4])
case("affine_grid_dynamic_shape", lambda theta, shape: F.affine_grid(theta, shape), theta=f32["b", 2, 3], shape=i32_value([2, 3, 5, 7], [3, 2, 6, 4]), opset=11)
case("affine_grid_shape_of_image", lambda x, theta: F.affine_grid(theta, paddle.shape(x), align_corners=False), x=f32["b", 3, "h", "w"], theta=f32["b", 2, 3], opset=11)
