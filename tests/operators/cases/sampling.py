"""grid_sample and affine_grid."""
import paddle
import paddle.nn.functional as F
from dsl import *

GRID = f32["b", "n", "m", 2].range(-1.4, 1.4)
GRID3 = f32["b", "d", "n", "m", 3].range(-1.4, 1.4)
# Every half pixel of a row of 6, from outside to outside.
HALVES = np.stack([(np.arange(17) * 0.5 - 1.5) * 2 / 5 - 1, np.zeros(17)], -1).reshape(1, 1, 17, 2)

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
case("grid_sample_nearest_halves", lambda x, grid: F.grid_sample(x, grid, mode="nearest"), x=f32[1, 2, 1, 6], grid=f32[1, 1, 17, 2].values(HALVES), opset=11)
case("grid_sample_static", lambda x, grid: F.grid_sample(x, grid), x=f32[2, 3, 5, 6], grid=f32[2, 4, 7, 2].range(-1.4, 1.4), opset=8)
case("grid_sample_static_border", lambda x, grid: F.grid_sample(x, grid, padding_mode="border"), x=f32[2, 3, 5, 6], grid=f32[2, 4, 7, 2].range(-1.4, 1.4), opset=8)
case("grid_sample_volume", lambda x, grid: F.grid_sample(x, grid), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_volume_unaligned", lambda x, grid: F.grid_sample(x, grid, align_corners=False), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_volume_border", lambda x, grid: F.grid_sample(x, grid, padding_mode="border"), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_volume_reflection", lambda x, grid: F.grid_sample(x, grid, padding_mode="reflection", align_corners=False), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_volume_nearest", lambda x, grid: F.grid_sample(x, grid, mode="nearest"), x=f32["b", 3, "k", "h", "w"], grid=GRID3, opset=11)
case("grid_sample_f64", lambda x, grid: F.grid_sample(x, grid, padding_mode="border"), x=f64["b", 3, "h", "w"], grid=f64["b", "n", "m", 2].range(-1.4, 1.4), opset=11)
case("grid_sample_volume_f64", lambda x, grid: F.grid_sample(x, grid), x=f64["b", 3, "k", "h", "w"], grid=f64["b", "d", "n", "m", 3].range(-1.4, 1.4), opset=11)
case("grid_sample_of_affine_grid", lambda x, theta: F.grid_sample(x, F.affine_grid(theta, [2, 3, 8, 9])), x=f32[2, 3, 5, 6], theta=f32[2, 2, 3], opset=8)

case("affine_grid", lambda theta: F.affine_grid(theta, [2, 3, 5, 7]), theta=f32[2, 2, 3], opset=8)
case("affine_grid_unaligned", lambda theta: F.affine_grid(theta, [2, 3, 5, 7], align_corners=False), theta=f32[2, 2, 3], opset=8)
case("affine_grid_one_pixel", lambda theta: F.affine_grid(theta, [2, 3, 1, 7], align_corners=False), theta=f32[2, 2, 3], opset=8)
case("affine_grid_f64", lambda theta: F.affine_grid(theta, [2, 3, 5, 7]), theta=f64[2, 2, 3], opset=8)
case("affine_grid_volume", lambda theta: F.affine_grid(theta, [2, 3, 4, 5, 7]), theta=f32[2, 3, 4], opset=8)
case("affine_grid_volume_unaligned", lambda theta: F.affine_grid(theta, [2, 3, 4, 5, 7], align_corners=False), theta=f32[2, 3, 4], opset=8)
case("affine_grid_dynamic_shape", lambda theta, shape: F.affine_grid(theta, shape), theta=f32["b", 2, 3], shape=i32_value([2, 3, 5, 7], [3, 2, 6, 4]), opset=11)
case("affine_grid_shape_of_image", lambda x, theta: F.affine_grid(theta, paddle.shape(x), align_corners=False), x=f32["b", 3, "h", "w"], theta=f32["b", 2, 3], opset=11)
