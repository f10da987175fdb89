# Random numbers are others in each run. What a row compares are statistics of many of them, rounded so coarsely that
# chance does not change them: a mean to a tenth of the distribution's width, limits, shapes, what is never drawn.
import paddle
import paddle.nn.functional as F
from dsl import *
from written import written

NO_KERNEL = {28: "ONNX Runtime has no kernels for the random operators as opset 22 defines them"}


def coarse(x, step=1.0):
    """Mean and standard deviation in steps that both are near a multiple of."""
    x = paddle.cast(x, "float32")
    mean = paddle.mean(x)
    deviation = paddle.sqrt(paddle.mean((x - mean) * (x - mean)))
    return paddle.round(paddle.stack([mean, deviation]) / step)


# --- creation
case("uniform_shape", lambda x: paddle.shape(paddle.uniform([paddle.shape(x)[0], 3])), x=f32["b", 3], opset=8, skip_run=NO_KERNEL)
case("uniform_range", lambda x: paddle.floor(paddle.uniform([2, 3], min=1.25, max=1.75)) + x, x=f32[3], skip_run=NO_KERNEL)
case("uniform_moments", lambda x: coarse(paddle.uniform([40000], min=-3, max=5), 0.77) + x, x=f32[1], opset=9, skip_run=NO_KERNEL)
case("uniform_f64", lambda x: paddle.floor(paddle.uniform([9], "float64", 2, 3)) + x, x=f64[1], skip_run=NO_KERNEL)
case("randint_range", lambda x: paddle.randint(4, 5, [2, 3]) + x, x=i64[3], skip_run=NO_KERNEL)
case("randint_limits", lambda x: paddle.stack([paddle.min(x + paddle.randint(-2, 3, [400])), paddle.max(x + paddle.randint(-2, 3, [400]))]), x=i64[1].values([0]), skip_run=NO_KERNEL)
case("randint_shape", lambda x: paddle.shape(paddle.randint(0, 5, [paddle.shape(x)[0], 3])), x=f32["b", 3], opset=8, skip_run=NO_KERNEL)
case("randint_i32", lambda x: paddle.randint(4, 5, [2, 3], dtype="int32") + x, x=i32[3], skip_run=NO_KERNEL)
case("gaussian_narrow", lambda x: paddle.cast(paddle.normal(2.5, 0.001, [2, 3]), "int32") + x, x=i32[3], skip_run=NO_KERNEL)
case("gaussian_moments", lambda x: coarse(paddle.normal(3.0, 2.0, [40000])) + x, x=f32[1], opset=9, skip_run=NO_KERNEL)
case("randn_f64", lambda x: coarse(paddle.randn([40000], "float64")) + x, x=f32[1], opset=9, skip_run=NO_KERNEL)
case("randperm_sorted", lambda x: paddle.sort(paddle.randperm(6)) + x, x=i64[6], opset=11, skip_run=NO_KERNEL)
raw("raw_uniform_batch_size_like", "uniform_random_batch_size_like", inputs={"Input": f32["b", 3]}, outputs={"Out": "float32"}, attrs={"shape": [-1, 4], "min": 2.0, "max": 2.0, "seed": 3, "dtype": 5}, opset=8, skip_run=NO_KERNEL)
raw("raw_truncated_gaussian_narrow", "truncated_gaussian_random", inputs={}, outputs={"Out": "float32"}, attrs={"shape": [2, 3], "mean": 2.5, "std": 1e-6, "a": -2.0, "b": 2.0, "dtype": 5}, opset=9, skip_run=NO_KERNEL, paddle_cannot={"pir": "its translation wants the attribute a, which 2.6 does not write"})
raw("raw_seed", "seed", inputs={}, outputs={"Out": "int32"}, attrs={"seed": 17})

# --- in the place of an operand
raw("raw_uniform_inplace", "uniform_random_inplace", inputs={"X": f32["b", 3]}, outputs={"Out": "float32"}, attrs={"min": 2.0, "max": 2.000001}, opset=8, skip_run=NO_KERNEL)
case("gaussian_inplace", lambda x: coarse(paddle._C_ops.gaussian_inplace(x, 3.0, 2.0, 0)), x=f32[2, 20000], opset=9, skip_run=NO_KERNEL, paddle_cannot={"pdmodel": "gaussian_inplace came with Paddle 3"})
case("exponential_", lambda x: coarse(paddle.assign(x).exponential_(0.5)), x=f32[2, 20000], opset=9, skip_run=NO_KERNEL)

# --- of an operand's distribution
case("bernoulli_certain", paddle.bernoulli, x=f32["b", 9].ints(0, 2), opset=8, skip_run=NO_KERNEL)
case("bernoulli_f64", paddle.bernoulli, x=f64["b", 9].ints(0, 2), opset=8, skip_run=NO_KERNEL)
case("bernoulli_moments", lambda x: coarse(paddle.bernoulli(x), 0.2), x=f32[2, 20000].values(np.full((2, 20000), 0.2)), opset=9, skip_run=NO_KERNEL)
case("multinomial_certain", lambda x: paddle.multinomial(x, 3, replacement=True), x=f32[2, 4].values([[0, 0, 5, 0], [0, 1, 0, 0]]), opset=8, skip_run=NO_KERNEL)
case("multinomial_vector", lambda x: paddle.multinomial(x, 4, replacement=True), x=f32[4].values([0, 0, 5, 0]), opset=8, skip_run=NO_KERNEL)
case("multinomial_all", lambda x: paddle.sort(paddle.multinomial(x, 3), 1), x=f32[2, 4].values([[1, 0, 5, 2], [0, 1, 3, 2]]), opset=11, skip_run=NO_KERNEL)
case("multinomial_f64", lambda x: paddle.multinomial(x, 1), x=f64["b", 3].values([[0, 1, 0], [1, 0, 0]]), opset=8, skip_run=NO_KERNEL, sizes=[{"b": 2}])
case("multinomial_moments", lambda x: coarse(paddle.multinomial(x, 40000, replacement=True), 0.26), x=f32[3].values([0.2, 0.3, 0.5]), opset=9, skip_run=NO_KERNEL)
case("multinomial_samples_tensor", lambda x, n: paddle.shape(paddle.multinomial(x, n, replacement=True)), x=f32["b", 3].range(0, 1), n=i32_value([2], [5]), opset=8, skip_run=NO_KERNEL)
case("gumbel_softmax_sum", lambda x: paddle.sum(F.gumbel_softmax(x, 0.7), -1), x=f32["b", 5], opset=8, skip_run=NO_KERNEL)
case("gumbel_softmax_hard", lambda x: F.gumbel_softmax(x, hard=True), x=f32[2, 3].values([[0, 200, 0], [200, 0, 0]]), opset=8, skip_run=NO_KERNEL)
case("gumbel_softmax_hard_axis", lambda x: F.gumbel_softmax(x, hard=True, axis=0), x=f32[2, 3].values([[0, 200, 0], [200, 0, 200]]), opset=8, skip_run=NO_KERNEL)
case("gumbel_softmax_hard_moments", lambda x: coarse(F.gumbel_softmax(x, hard=True)[:, 0], 0.15), x=f32[40000, 2].values(np.tile(np.log(np.array([0.3, 0.7])), (40000, 1))), opset=9, skip_run=NO_KERNEL)
case("gumbel_softmax_f64", lambda x: paddle.sum(F.gumbel_softmax(x), -1), x=f64["b", 5], opset=8, skip_run=NO_KERNEL)
case("poisson", lambda x: coarse(paddle.poisson(x)), x=f32[2, 20000].values(np.full((2, 20000), 4.0)), opset=11, skip_run=NO_KERNEL)
case("poisson_zero", lambda x: paddle.poisson(x), x=f32[2, 3].values(np.zeros((2, 3))), opset=11, skip_run=NO_KERNEL)
case("binomial", lambda n, p: coarse(paddle.binomial(n, p), 0.64), n=i64[40000].values(np.full(40000, 10)), p=f32[40000].values(np.full(40000, 0.2)), opset=11, skip_run=NO_KERNEL, paddle_cannot={"pdmodel": "binomial came with Paddle 3"})
case("dirichlet", lambda x: paddle.sum(paddle.distribution.Dirichlet(x).sample([3]), -1), x=f32["b", 4].range(0.3, 3), opset=11, skip_run=NO_KERNEL)
case("dirichlet_moments", lambda x: coarse(paddle.distribution.Dirichlet(x).sample([20000])[:, 0], 0.28), x=f32[2].values([0.6, 1.4]), opset=11, skip_run=NO_KERNEL)
case("standard_gamma", lambda x: coarse(paddle.standard_gamma(x), 0.75), x=f32[40000].values(np.full(40000, 2.25)), opset=11, skip_run=NO_KERNEL, paddle_cannot={"pdmodel": "standard_gamma came with Paddle 3"})
case("standard_gamma_small", lambda x: coarse(paddle.standard_gamma(x), 0.25), x=f32[40000].values(np.full(40000, 0.25)), opset=11, skip_run=NO_KERNEL, paddle_cannot={"pdmodel": "standard_gamma came with Paddle 3"})
raw("raw_sampling_id", "sampling_id", inputs={"X": f32[3, 4].values([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])}, outputs={"Out": "int64"}, attrs={"min": 0.0, "max": 1.0, "seed": 0}, opset=12, skip_run=NO_KERNEL, paddle_cannot={"pir": "Paddle 3 does not translate it"})
case("random_range", lambda x: paddle._C_ops.random(x, 4, 5), x=f32["b", 3], opset=8, skip_run=NO_KERNEL, paddle_cannot={"pdmodel": "random came with Paddle 3"})
case("random_limits", lambda x: paddle.stack([paddle.min(y := paddle._C_ops.random(x, -2, 3)), paddle.max(y)]), x=f32[400], skip_run=NO_KERNEL, paddle_cannot={"pdmodel": "random came with Paddle 3"})
case("random_i64", lambda x: paddle._C_ops.random(x, 7, 8), x=i64["b", 3], opset=8, skip_run=NO_KERNEL, paddle_cannot={"pdmodel": "random came with Paddle 3"})
case("randperm_largest", lambda x: paddle.max(paddle.cast(paddle.randperm(6), "float32")) + x, x=f32[1], skip_run=NO_KERNEL)
raw("raw_uniform_batch_size_like_static", "uniform_random_batch_size_like", inputs={"Input": f32[2, 3]}, outputs={"Out": "float32"}, attrs={"shape": [-1, 4], "min": 2.0, "max": 2.0, "seed": 3, "dtype": 5}, skip_run=NO_KERNEL)
TOP_P = {"out": "float32", "ids": "int64"}
raw("top_p_sampling_certain", "top_p_sampling", inputs={"x": f32["b", 4].values([np.array([[0, 0, 1, 0], [0, 1, 0, 0]]), np.array([[0.3, 0.1, 0.2, 0.4]] * 3)]), "ps": f32["b"].values([np.array([0.9, 0.9]), np.array([0.3] * 3)])}, outputs=TOP_P, attrs={"seed": -1, "k": 0, "mode": "truncated"}, opset=11, skip_run=NO_KERNEL, expect=lambda x, ps: (x.max(1, keepdims=True), x.argmax(1)[:, None]))
# phi/kernels/gpu/top_p_sampling_kernel.cu. With one class within ps, or none above the threshold, nothing is left to chance.
PEAKED = f32[2, 4].values([[0.6, 0.3, 0.1, 0.0], [0.05, 0.05, 0.1, 0.8]])
TOP_P_ATTRS = {"seed": -1, "k": 0, "mode": "truncated"}
raw("top_p_sampling_threshold", "top_p_sampling", inputs={"x": PEAKED, "ps": f32[2].values([1.0, 1.0]), "threshold": f32[2].values([0.5, 0.5])}, outputs=TOP_P, attrs=TOP_P_ATTRS, opset=11, skip_run=NO_KERNEL, expect=lambda x, ps, t: (x.max(1, keepdims=True), x.argmax(1)[:, None]))
raw("top_p_sampling_all_below", "top_p_sampling", inputs={"x": PEAKED, "ps": f32[2].values([1.0, 1.0]), "threshold": f32[2].values([0.9, 0.9])}, outputs=TOP_P, attrs=TOP_P_ATTRS, opset=11, skip_run=NO_KERNEL, expect=lambda x, ps, t: (x.max(1, keepdims=True), x.argmax(1)[:, None]))
raw("top_p_sampling_seeds", "top_p_sampling", inputs={"x": PEAKED, "ps": f32[2].values([0.3, 0.6]), "topp_seed": i64[2, 1]}, outputs=TOP_P, attrs=TOP_P_ATTRS, opset=11, skip_run=NO_KERNEL, expect=lambda x, ps, s: (x.max(1, keepdims=True), x.argmax(1)[:, None]))


def drawn(x, ps, threshold=None):
    return written("top_p_sampling", {"x": x, "ps": ps, "threshold": threshold}, {"out": ("float32", [2, 1]), "ids": ("int64", [2, 1])}, {**TOP_P_ATTRS, "mode": "non-truncated"})


case("top_p_sampling_drawn", drawn, static="older", x=PEAKED.lod([2], [2], read=False), ps=f32[2].values([0.6, 0.95]), threshold=f32[2].values([0.0, 0.5]), opset=11, skip_run=NO_KERNEL, expect=lambda x, ps, t, *_: (x.max(1, keepdims=True), x.argmax(1)[:, None]))
case("top_p_sampling_drawn_too_little", drawn, static="older", x=f32[2, 4].values([[0.1, 0.3, 0.2, 0.1], [0.1, 0.1, 0.2, 0.0]]).lod([2], [2], read=False), ps=f32[2].values([0.9, 0.9]), opset=11, skip_run=NO_KERNEL, expect=lambda x, ps, *_: (x.max(1, keepdims=True), x.argmax(1)[:, None]))

# --- numbers on a diagonal, of which the kernel of uniform_random_inplace takes no notice
raw("raw_uniform_inplace_diagonal", "uniform_random_inplace", inputs={"X": f32[3, 4]}, outputs={"Out": "float32"}, attrs={"min": 2.0, "max": 2.000001, "diag_num": 3, "diag_step": 3, "diag_val": -1.5}, opset=8, skip_run=NO_KERNEL)
raw("raw_uniform_batch_size_like_diagonal", "uniform_random_batch_size_like", inputs={"Input": f32[3, 4]}, outputs={"Out": "float32"}, attrs={"shape": [-1, 4], "min": 2.0, "max": 2.0, "diag_num": 3, "diag_step": 3, "diag_val": -1.5, "dtype": 5}, opset=11, skip_run=NO_KERNEL)
raw("raw_uniform_diagonal", "uniform_random", inputs={}, outputs={"Out": "float32"}, attrs={"shape": [3, 4], "min": 2.0, "max": 2.000001, "diag_num": 3, "diag_step": 3, "diag_val": -1.5, "dtype": 5}, opset={"pdmodel": 11, "pir": 7}, skip_run=NO_KERNEL)
