"""Eigenvalues, singular values and ranks. Vectors are compared by what they are for: their signs are free."""
import paddle
from dsl import *

RANDOM = np.random.RandomState(11)
GENERAL = RANDOM.normal(size=(3, 6, 6))
SYMMETRIC = GENERAL + GENERAL.transpose(0, 2, 1)
TALL = RANDOM.normal(size=(2, 7, 4))
TURN = np.linalg.qr(GENERAL[0])[0]
TWICE = TURN @ np.diag([3, 3, 3, -1, -1, 0.5]) @ TURN.T
DEFICIENT = TALL @ np.diag([1, 1, 0, 0]) @ RANDOM.normal(size=(4, 4))
SMALL = TURN @ np.diag([1, 0.1, 1e-2, 1e-3, 1e-4, 1e-5]) @ TURN.T
NEW = {"pdmodel": "it came with Paddle 3"}
NO_LIMITS = {"pdmodel": "the two limits came with Paddle 3"}
linalg = paddle.linalg


def spectral(x, uplo="L"):
    w, v = linalg.eigh(x, uplo)
    return w, paddle.matmul(v * w.unsqueeze(-2), v, transpose_y=True), paddle.matmul(v, v, transpose_x=True)


def singular(x, full=False):
    u, s, vh = linalg.svd(x, full)
    tall = x.shape[-2] > x.shape[-1]
    left = u[:, :, : x.shape[-1]] if full and tall else u
    right = vh[:, : x.shape[-2]] if full and not tall else vh
    product = paddle.matmul(left * s.unsqueeze(-2), right)
    return s, product, paddle.matmul(u, u, transpose_x=True), paddle.matmul(vh, vh, transpose_y=True)


case("eigvalsh", linalg.eigvalsh, x=f32[6, 6].values(SYMMETRIC[0]), opset=11, rtol=1e-5)
case("eigvalsh_f64", linalg.eigvalsh, x=f64["b", 6, 6].values([SYMMETRIC[:2], SYMMETRIC]), opset=11, rtol=1e-11)
case("eigvalsh_odd", linalg.eigvalsh, x=f64[2, 5, 5].values(SYMMETRIC[:2, :5, :5]), opset=11, rtol=1e-11)
case("eigvalsh_lower", lambda x: linalg.eigvalsh(x, "L"), x=f64[3, 6, 6].values(GENERAL), opset=11, rtol=1e-11)
case("eigvalsh_upper", lambda x: linalg.eigvalsh(x, "U"), x=f64[3, 6, 6].values(GENERAL), opset=11, rtol=1e-11)
case("eigvalsh_multiple", linalg.eigvalsh, x=f64[6, 6].values(TWICE), opset=11, rtol=1e-11)
case("eigvalsh_diagonal", linalg.eigvalsh, x=f32[4, 4].values(np.diag([3, -1, 2, 0])), opset=11)
case("eigvalsh_zeros", linalg.eigvalsh, x=f32[3, 3].values(np.zeros((3, 3))), opset=11)
case("eigvalsh_1", linalg.eigvalsh, x=f32["b", 1, 1], opset=11)
case("eigvalsh_2", linalg.eigvalsh, x=f32["b", 2, 2], opset=11)
case("eigvalsh_3", linalg.eigvalsh, x=f32["b", 3, 3], opset=11, rtol=1e-5)
case("eigvalsh_rank4", linalg.eigvalsh, x=f32["b", 2, 4, 4], opset=11, rtol=1e-5)
case("eigvalsh_33", linalg.eigvalsh, x=f64["b", 33, 33], opset=11, rtol=1e-10, atol=1e-12)
case("eigvalsh_tiny", linalg.eigvalsh, x=f64[6, 6].values(SYMMETRIC[0] * 1e-200), opset=11, rtol=1e-11, atol=0)
case("eigvalsh_huge", linalg.eigvalsh, x=f64[6, 6].values(SYMMETRIC[0] * 1e200), opset=11, rtol=1e-11)
case("eigvalsh_complex", linalg.eigvalsh, x=c64[3, 3], error="a complex matrix")
case("eigvalsh_unknown", linalg.eigvalsh, x=f32["n", "n"], error="not known")
case("eigh", spectral, x=f32[6, 6].values(SYMMETRIC[0]), opset=11)
case("eigh_f64", spectral, x=f64["b", 6, 6].values([SYMMETRIC[:2], SYMMETRIC]), opset=11, rtol=1e-10, atol=1e-12)
case("eigh_odd", spectral, x=f64["b", 5, 5].values([SYMMETRIC[:2, :5, :5], SYMMETRIC[:, :5, :5]]), opset=11, rtol=1e-10, atol=1e-12)
case("eigh_upper", lambda x: linalg.eigh(x, "U")[0], x=f64[3, 6, 6].values(GENERAL), opset=11, rtol=1e-10)
case("eigh_multiple", spectral, x=f64[6, 6].values(TWICE), opset=11, rtol=1e-10, atol=1e-12)
case("eigh_1", lambda x: linalg.eigh(x)[0], x=f32["b", 1, 1], opset=11)
case("svdvals", lambda x: linalg.svdvals(x), x=f32[6, 6].values(GENERAL[0]), opset=11, rtol=1e-5, paddle_cannot=NEW)
case("svdvals_tall", lambda x: linalg.svdvals(x), x=f64["b", 7, 4].values([TALL, np.concatenate([TALL, TALL[:1] * 2])]), opset=11, rtol=1e-11, paddle_cannot=NEW)
case("svdvals_wide", lambda x: linalg.svdvals(x), x=f64["b", 3, 8], opset=11, rtol=1e-11, paddle_cannot=NEW)
case("svdvals_column", lambda x: linalg.svdvals(x), x=f32["b", 4, 1], opset=11, rtol=1e-5, paddle_cannot=NEW)
case("svdvals_small", lambda x: linalg.svdvals(x), x=f64[6, 6].values(SMALL), opset=11, rtol=1e-9, atol=0, paddle_cannot=NEW)
case("svdvals_deficient", lambda x: linalg.svdvals(x), x=f32[2, 7, 4].values(DEFICIENT), opset=11, paddle_cannot=NEW)
case("svd", singular, x=f32[6, 6].values(GENERAL[0]), opset=11)
case("svd_tall", singular, x=f64["b", 7, 4], opset=11, rtol=1e-10, atol=1e-12)
case("svd_wide", singular, x=f64["b", 3, 8], opset=11, rtol=1e-10, atol=1e-12)
case("svd_odd", singular, x=f64["b", 5, 5], opset=11, rtol=1e-10, atol=1e-12)
case("svd_deficient", singular, x=f64[2, 7, 4].values(DEFICIENT), opset=11, rtol=1e-10, atol=1e-12)
case("svd_zeros", singular, x=f32[4, 3].values(np.zeros((4, 3))), opset=11)
case("svd_full_tall", lambda x: singular(x, True), x=f64["b", 7, 4], opset=11, rtol=1e-10, atol=1e-12)
case("svd_full_wide", lambda x: singular(x, True), x=f64["b", 3, 8], opset=11, rtol=1e-10, atol=1e-12)
case("pinv", linalg.pinv, x=f32["b", 5, 3], opset=11, rtol=1e-3)
case("pinv_hermitian", lambda x: linalg.pinv(x, hermitian=True), x=f64[3, 6, 6].values(SYMMETRIC), opset=11, rtol=1e-9)
case("matrix_rank", linalg.matrix_rank, x=f32[2, 7, 4].values(DEFICIENT), opset=11)
case("matrix_rank_full", linalg.matrix_rank, x=f32["b", 4, 6], opset=11)
case("matrix_rank_one", linalg.matrix_rank, x=f64[6, 6].values(SMALL), opset=11)
case("matrix_rank_limit", lambda x: linalg.matrix_rank(x, 3e-3), x=f64[6, 6].values(SMALL), opset=11)
case("matrix_rank_hermitian", lambda x: linalg.matrix_rank(x, 0.6, hermitian=True), x=f64[6, 6].values(TWICE), opset=11)
case("matrix_rank_tensor", lambda x, t: linalg.matrix_rank(x, t), x=f32[2, 6, 6].values(np.stack([SMALL, TWICE])), t=f32[2].values([3e-4, 0.6]), opset=11)
case("matrix_rank_tensor_1", lambda x, t: linalg.matrix_rank(x, t), x=f64[2, 6, 6].values(np.stack([SMALL, TWICE])), t=f64[1].values([3e-4]), opset=11)
case("matrix_rank_atol", lambda x: linalg.matrix_rank(x, atol=3e-3), x=f64[6, 6].values(SMALL), opset=11, paddle_cannot=NO_LIMITS)
case("matrix_rank_rtol", lambda x: linalg.matrix_rank(x, rtol=3e-3), x=f64[2, 6, 6].values(np.stack([SMALL * 5, TWICE])), opset=11, paddle_cannot=NO_LIMITS)
case("matrix_rank_both", lambda x, a: linalg.matrix_rank(x, atol=a, rtol=3e-3), x=f64[2, 6, 6].values(np.stack([SMALL * 5, TWICE])), a=f64[2].values([0.1, 0.7]), opset=11, paddle_cannot=NO_LIMITS)

X, Y = f64[2, 7, 4].values(TALL), f64[2, 7, 3]
WIDE = f64[2, 4, 7].values(TALL.transpose(0, 2, 1))
case("lstsq", lambda x, y: linalg.lstsq(x, y)[0], x=f32[7, 4].values(TALL[0]), y=f32[7, 2], opset=11)
case("lstsq_gels", lambda x, y: linalg.lstsq(x, y, driver="gels")[:2], x=X, y=Y, opset=11, rtol=1e-10)
case("lstsq_gelsy", lambda x, y: linalg.lstsq(x, y, driver="gelsy")[:3], x=X, y=Y, opset=11, rtol=1e-10)
case("lstsq_gelsd", lambda x, y: linalg.lstsq(x, y, driver="gelsd")[::2], x=X, y=Y, opset=11, rtol=1e-10)
case("lstsq_gelsd_values", lambda x, y: linalg.lstsq(x, y, driver="gelsd")[3], x=X, y=Y, opset=11, rtol=1e-10)
case("lstsq_gelss_residuals", lambda x, y: linalg.lstsq(x, y, driver="gelss")[1], x=X, y=Y, opset=11, rtol=1e-10, error=None if paddle.__version__.startswith("3.0") else {"pir": "depending on the ranks"})
case("lstsq_wide", lambda x, y: linalg.lstsq(x, y, driver="gelsd")[:3], x=WIDE, y=f64[2, 4, 3], opset=11, rtol=1e-10)
case("lstsq_wide_gels", lambda x, y: linalg.lstsq(x, y, driver="gels")[:2], x=WIDE, y=f64[2, 4, 3], opset=11, rtol=1e-10)
case("lstsq_square", lambda x, y: linalg.lstsq(x, y)[:3], x=f64[3, 6, 6].values(GENERAL), y=f64[3, 6, 1], opset=11, rtol=1e-9)
case("lstsq_deficient", lambda x, y: linalg.lstsq(x, y, rcond=1e-10, driver="gelss")[::2], x=f64[2, 7, 4].values(DEFICIENT), y=Y, opset=11, rtol=1e-9)
case("lstsq_rcond", lambda x, y: linalg.lstsq(x, y, rcond=5e-3, driver="gelsd")[::2], x=f64[6, 6].values(SMALL), y=f64[6, 2], opset=11, rtol=1e-9)
case("lstsq_batch_of_one", lambda x, y: linalg.lstsq(x, y)[0], x=f64[1, 7, 4].values(TALL[:1]), y=f64[1, 7, 3], opset=11, rtol=1e-10)
case("lstsq_dynamic_batch", lambda x, y: linalg.lstsq(x, y)[0], x=f64["b", 7, 4], y=f64["b", 7, 3], opset=11, rtol=1e-10)
