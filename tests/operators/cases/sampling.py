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


def sampled(x, grid, mode, padding):
    """What Paddle 3 computes of images where the grid is not finite."""
    n = np.arange(len(x)).reshape(-1, 1, 1)
    last = np.array(x.shape[:1:-1]) - 1  # of w, h
    with np.errstate(all="ignore"):
        at = (grid + 1) / 2 * last
        if padding == "reflection":
            rest = np.abs(at) % (2 * last)
            at = np.minimum(rest, 2 * last - rest)
        if padding != "zeros":
            at = np.clip(at, 0, last)
        low = np.rint(at) if mode == "nearest" else np.floor(at)

        def pixels(place):
            known = ((place >= 0) & (place <= last)).all(-1)
            w, h = np.moveaxis(np.where(known[..., None], place, 0).astype(int), -1, 0)
            return np.where(known[..., None], x[n, :, h, w], 0)

        if mode == "nearest":
            out = pixels(low)
        else:
            share = at - low
            out = sum(pixels(low + [i, j]) * (np.abs(1 - i - share[..., :1]) * np.abs(1 - j - share[..., 1:])) for i in (0, 1) for j in (0, 1))
    return np.moveaxis(out, -1, 1).astype(x.dtype)


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
# Of what is not finite, the kernel of 2.6 reads wherever in memory, so that it must not run; these are Paddle 3's results.
for mode in ("bilinear", "nearest"):
    for padding in ("zeros", "border", "reflection"):
        case(f"grid_sample_{mode}_{padding}_nonfinite", lambda x, grid, m=mode, p=padding: F.grid_sample(x, grid, mode=m, padding_mode=p), x=f32["b", 3, "h", "w"], grid=f32["b", "n", "m", 2].range(-1.4, 1.4).nonfinite(), opset=11, expect={"pdmodel": lambda x, grid, m=mode, p=padding: sampled(x, grid, m, p)})
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
