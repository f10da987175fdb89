import paddle
import paddle.nn.functional as F
from dsl import *

# --- reading
case("gather", lambda x, i: paddle.gather(x, i), x=f32[6, 4], i=i64["n"].ints(0, 6))
case("gather_axis", lambda x, i: paddle.gather(x, i, axis=1), x=f32["b", 6, 4], i=i32["n"].ints(0, 6))
case("gather_column_index", lambda x, i: paddle.gather(x, i), x=f32[6, 4], i=i64["n", 1].ints(0, 6))
case("gather_rank0_index", lambda x, i: paddle.gather(x, i, axis=1), x=f32["b", 6], i=i64_value(2, 5))
case("gather_rank1", lambda x, i: paddle.gather(x, i), x=f32[6], i=i64["n"].ints(0, 6))
case("gather_axis_tensor", lambda x, i: paddle.gather(x, i, axis=paddle.to_tensor(1)), x=f32["b", 6], i=i64["n"].ints(0, 6))
case("gather_computed_axis", lambda x, i, a: paddle.gather(x, i, axis=a), x=f32[6, 6], i=i64["n"].ints(0, 6), a=i32_value([1]), error="axis that is computed")
case("gather_i64", lambda x, i: paddle.gather(x, i), x=i64[6, 4], i=i64["n"].ints(0, 6))
case("gather_i32", lambda x, i: paddle.gather(x, i), x=i32[6, 4], i=i64["n"].ints(0, 6))
case("gather_u8", lambda x, i: paddle.gather(x, i), x=u8[6, 4], i=i64["n"].ints(0, 6))
case("gather_f64", lambda x, i: paddle.gather(x, i), x=f64[6, 4], i=i64["n"].ints(0, 6))
case("gather_const_index", lambda x: paddle.gather(x, paddle.to_tensor([2, 0]), axis=1), x=f32["b", 6])
case("gather_nd", lambda x, i: paddle.gather_nd(x, i), x=f32[3, 4, 5], i=i64["n", 2].ints(0, 3), opset=11)
case("gather_nd_full", lambda x, i: paddle.gather_nd(x, i), x=f32[3, 4], i=i32["n", 2].ints(0, 3), opset=11)
case("gather_nd_rows", lambda x, i: paddle.gather_nd(x, i), x=f32[6, 4], i=i64["b", "n", 1].ints(0, 6))
case("gather_nd_rank1_index", lambda x, i: paddle.gather_nd(x, i), x=f32[3, 4, 5], i=i64_value([1, 2], [2, 0]), opset=11)
case("gather_nd_i64", lambda x, i: paddle.gather_nd(x, i), x=i64[3, 4, 5], i=i64["n", 2].ints(0, 3), opset=11)
case("gather_nd_bool", lambda x, i: paddle.gather_nd(x, i), x=b8[3, 4, 5], i=i64["n", 2].ints(0, 3), opset=11)
case("index_select", lambda x, i: paddle.index_select(x, i), x=f32[6, 4], i=i64["n"].ints(0, 6))
case("index_select_axis", lambda x, i: paddle.index_select(x, i, axis=1), x=f32["b", 6, 4], i=i32["n"].ints(0, 6))
case("index_select_negative_axis", lambda x, i: paddle.index_select(x, i, axis=-2), x=f32["b", 6, 4], i=i64["n"].ints(0, 6))
case("index_select_i64", lambda x, i: paddle.index_select(x, i), x=i64[6, 4], i=i64["n"].ints(0, 6))
case("index_sample", lambda x, i: paddle.index_sample(x, i), x=f32["b", 6], i=i64["b", "n"].ints(0, 6), opset=11)
case("index_sample_i32", lambda x, i: paddle.index_sample(x, i), x=i32["b", 6], i=i32["b", 3].ints(0, 6), opset=11)
case("take_along_axis", lambda x, i: paddle.take_along_axis(x, i, 1), x=f32["b", 6], i=i64["b", "n"].ints(0, 6), opset=11)
case("take_along_axis_broadcast", lambda x, i: paddle.take_along_axis(x, i, 0), x=f32[6, 4], i=i64[1, 4].ints(0, 6), opset=11)
case("take_along_axis_negative_axis", lambda x, i: paddle.take_along_axis(x, i, -2), x=f32[3, 6, 4], i=i32[3, 2, 4].ints(0, 6), opset=11)
case("take_along_axis_i64", lambda x, i: paddle.take_along_axis(x, i, 1), x=i64[3, 6], i=i64[3, 2].ints(0, 6), opset=11)
case("take", lambda x, i: paddle.take(x, i), x=f32[3, 4], i=i64["n"].ints(0, 12), opset=9)
case("multiplex", lambda x, y, i: paddle.multiplex([x, y], i), x=f32[4, 3], y=f32[4, 3], i=i32[4, 1].ints(0, 2), opset=11)
raw("raw_gather_axis", "gather", inputs={"X": f32["b", 6], "Index": i64["n"].ints(0, 6)}, outputs={"Out": "float32"}, attrs={"axis": 1})
raw("raw_take_along_axis_smaller", "take_along_axis", inputs={"Input": f32[3, 6], "Index": i64[2, 6].ints(0, 3)}, outputs={"Result": "float32"}, attrs={"Axis": 0}, opset=11)

# --- writing
case("scatter", lambda x, i, u: paddle.scatter(x, i, u), x=f32[6, 4], i=i64[3].values([4, 0, 2]), u=f32[3, 4], opset=11)
case("scatter_column_index", lambda x, i, u: paddle.scatter(x, i, u), x=f32[6, 4], i=i32[3, 1].values([[4], [0], [2]]), u=f32[3, 4], opset=11)
case("scatter_rank0_index", lambda x, i, u: paddle.scatter(x, i, u), x=f32[6, 4], i=i64_value(2, 5), u=f32[4], opset=11)
case("scatter_add", lambda x, i, u: paddle.scatter(x, i, u, overwrite=False), x=f32[6, 4], i=i64["n"].ints(0, 6), u=f32["n", 4], opset=16)
case("scatter_rank1", lambda x, i, u: paddle.scatter(x, i, u, overwrite=False), x=f32[6], i=i64["n"].ints(0, 6), u=f32["n"], opset=16)
case("scatter_i64", lambda x, i, u: paddle.scatter(x, i, u), x=i64[6, 4], i=i64[2].values([4, 0]), u=i64[2, 4], opset=11)
case("scatter_dynamic", lambda x, i, u: paddle.scatter(x, i, u), x=f32["n", 4], i=i64[2].values([4, 0]), u=f32[2, 4], opset=11)
case("scatter_nd_add", lambda x, i, u: paddle.scatter_nd_add(x, i, u), x=f32[3, 4, 5], i=i64["n", 2].ints(0, 3), u=f32["n", 5], opset=16)
case("scatter_nd_add_rows", lambda x, i, u: paddle.scatter_nd_add(x, i, u), x=f32[6, 4], i=i32["b", "n", 1].ints(0, 6), u=f32["b", "n", 4], opset=16)
case("scatter_nd_add_i64", lambda x, i, u: paddle.scatter_nd_add(x, i, u), x=i64[3, 4], i=i64["n", 2].ints(0, 3), u=i64["n"], opset=16)
case("scatter_nd", lambda i, u: paddle.scatter_nd(i, u, [3, 4]), i=i64["n", 2].ints(0, 3), u=f32["n"], opset=16)
case("put_along_axis", lambda x, i, v: paddle.put_along_axis(x, i, v, 1), x=f32[3, 6], i=i64[3, 2].values([[0, 4], [1, 2], [5, 3]]), v=f32[3, 2], opset=11)
case("put_along_axis_scalar", lambda x, i: paddle.put_along_axis(x, i, paddle.full([1, 1], 7.0), 0), x=f32[6, 4], i=i64[1, 4].ints(0, 6), opset=11)
case("put_along_axis_add", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="add"), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=16)
case("put_along_axis_mul", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="mul"), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=16)
case("put_along_axis_multiply", lambda x, i, v: paddle.put_along_axis(x, i, v, -1, reduce="multiply"), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=16)
case("put_along_axis_amin", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="amin"), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=18)
case("put_along_axis_amax", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="amax"), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=18)
case("put_along_axis_mean", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="mean"), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=16)
case("put_along_axis_add_only", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="add", include_self=False), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=16)
case("put_along_axis_mul_only", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="mul", include_self=False), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=16)
case("put_along_axis_amin_only", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="amin", include_self=False), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=18)
case("put_along_axis_amax_only", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="amax", include_self=False), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=18)
case("put_along_axis_mean_only", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="mean", include_self=False), x=f32[3, 6], i=i64[3, 4].ints(0, 6), v=f32[3, 4], opset=16)
case("put_along_axis_mean_i32", lambda x, i, v: paddle.put_along_axis(x, i, v, 1, reduce="mean"), x=i32[3, 6], i=i64[3, 4].ints(0, 6), v=i32[3, 4], opset=16)
case("put_along_axis_i64", lambda x, i, v: paddle.put_along_axis(x, i, v, 0, reduce="add"), x=i64[3, 6], i=i64[2, 6].ints(0, 3), v=i64[2, 6], opset=16)
case("index_add", lambda x, i, v: paddle.index_add(x, i, 0, v), x=f32[6, 4], i=i64["n"].ints(0, 6), v=f32["n", 4], opset=16)
case("index_add_axis", lambda x, i, v: paddle.index_add(x, i, 1, v), x=f32["b", 6, 4], i=i32["n"].ints(0, 6), v=f32["b", "n", 4], opset=16)
case("index_add_f16", lambda x, i, v: paddle.index_add(x, i, 0, v), x=f16[6, 4], i=i32["n"].ints(0, 6), v=f16["n", 4], opset=16)
case("index_put", lambda x, i, v: paddle.index_put(x, (i,), v), x=f32[6, 4], i=i64[3].values([4, 0, 2]), v=f32[3, 4], opset=11)
case("index_put_two", lambda x, i, j, v: paddle.index_put(x, (i, j), v), x=f32[6, 4], i=i64[3].values([4, 0, 2]), j=i64[3].values([1, 3, 0]), v=f32[3], opset=11)
case("index_put_broadcast", lambda x, i, v: paddle.index_put(x, (i,), v), x=f32[6, 4], i=i64[3].values([4, 0, 2]), v=f32[1], opset=11)
case("index_put_accumulate", lambda x, i, j, v: paddle.index_put(x, (i, j), v, accumulate=True), x=f32[6, 4], i=i64["n"].ints(0, 6), j=i64["n"].ints(0, 4), v=f32["n"], opset=16)
case("index_put_accumulate_f16", lambda x, i, j, v: paddle.index_put(x, (i, j), v, accumulate=True), x=f16[6, 4], i=i64["n"].ints(0, 6), j=i64["n"].ints(0, 4), v=f16["n"], opset=16)
case("index_put_mask", lambda x, m, v: paddle.index_put(x, (m,), v), x=f32["b", 4], m=b8["b", 4], v=f32[1], opset=11)
case("index_put_row_mask", lambda x, m, v: paddle.index_put(x, (m,), v), x=f32["b", 4], m=b8["b"].values([np.array([True, False]), np.array([False, True, True])]), v=f32[1], opset=11)

# --- masks
case("where", lambda c, x, y: paddle.where(c, x, y), c=b8["b", 4], x=f32["b", 4], y=f32["b", 4], opset=9)
case("where_broadcast", lambda c, x, y: paddle.where(c, x, y), c=b8["b", 1], x=f32["b", 4], y=f32[4], opset=9)
case("where_scalars", lambda x: paddle.where(x > 0, x, paddle.full([1], 0.5)), x=f32["b", 4], opset=9)
case("where_rank0", lambda c, x, y: paddle.where(c, x, y), c=b8[()], x=f32[()], y=f32[()], opset=9)
case("where_i64", lambda c, x, y: paddle.where(c, x, y), c=b8["b", 4], x=i64["b", 4], y=i64["b", 4], opset=9)
case("where_i32", lambda c, x, y: paddle.where(c, x, y), c=b8["b", 4], x=i32["b", 4], y=i32["b", 4], opset=9)
case("where_f64", lambda c, x, y: paddle.where(c, x, y), c=b8["b", 4], x=f64["b", 4], y=f64["b", 4], opset=9)
case("where_nan", lambda c, x, y: paddle.where(c, x, y), c=b8["b", 8], x=f32["b", 8].nonfinite(), y=f32["b", 8], opset=9)
case("where_positions", lambda c: paddle.where(c), c=b8["b", 4], opset=9)
case("nonzero", lambda x: paddle.nonzero(x), x=f32["b", 4].ints(-1, 2), opset=9)
case("nonzero_tuple", lambda x: paddle.nonzero(x, as_tuple=True), x=f32["b", 4].ints(-1, 2), opset=9)
case("nonzero_rank1", lambda x: paddle.nonzero(x), x=i32["n"].ints(-1, 2), opset=9)
case("nonzero_rank3", lambda x: paddle.nonzero(x), x=i64["b", 2, "n"].ints(-1, 2), opset=9)
case("nonzero_f64", lambda x: paddle.nonzero(x), x=f64["b", 4].values([np.array([[0, 1e-300, -1, 0], [2, 0, 0, 3.0]]), np.eye(3, 4)]), opset=9)
case("nonzero_bool", lambda x: paddle.nonzero(x), x=b8["b", 4], opset=9)
case("nonzero_nan", lambda x: paddle.nonzero(x), x=f32["b", 8].ints(-1, 2).nonfinite(), opset=9)
case("masked_select", lambda x, m: paddle.masked_select(x, m), x=f32["b", 4], m=b8["b", 4], opset=9)
case("masked_select_rank0", lambda x, m: paddle.masked_select(x, m), x=f32[()], m=b8[()].values([np.array(True), np.array(False)]), opset=9)
case("masked_select_i64", lambda x, m: paddle.masked_select(x, m), x=i64["b", 2, 4], m=b8["b", 2, 4], opset=9)
case("masked_select_f64", lambda x, m: paddle.masked_select(x, m), x=f64[3, 4], m=b8[3, 4], opset=9)
case("masked_fill", lambda x, m: paddle.masked_fill(x, m, -1.5), x=f32["b", 4], m=b8["b", 4], opset=9)
case("masked_fill_tensor", lambda x, m, v: paddle.masked_fill(x, m, v), x=f32["b", 4], m=b8[4], v=f32_value(2.5, -1.0), opset=9)

# --- unique
case("unique", lambda x: paddle.unique(x), x=f32["b", 6].ints(-3, 3), opset=11)
case("unique_all", lambda x: paddle.unique(x, return_index=True, return_inverse=True, return_counts=True), x=i64["b", 6], opset=11)
case("unique_i32_indices", lambda x: paddle.unique(x, return_index=True, return_inverse=True, return_counts=True, dtype="int32"), x=i32["b", 6], opset=11)
case("unique_axis", lambda x: paddle.unique(x, return_index=True, return_inverse=True, return_counts=True, axis=0), x=f32["n", 2].ints(0, 2), opset=11)
case("unique_axis1", lambda x: paddle.unique(x, axis=1), x=i64[2, "n"].ints(0, 2), opset=11)
case("unique_f64", lambda x: paddle.unique(x), x=f64["b", 6].ints(-3, 3), opset=11)
raw("raw_unique_unsorted", "unique", inputs={"X": i64["n"].ints(0, 4)}, outputs={"Out": "int64", "Index": "int32"}, attrs={"dtype": 2}, opset=11, paddle_cannot={"pir": "its translation drops the dtype"})
case("unique_consecutive", lambda x: paddle.unique_consecutive(x), x=i64["n"].ints(0, 2), opset=9)
case("unique_consecutive_all", lambda x: paddle.unique_consecutive(x, return_inverse=True, return_counts=True), x=i64["n"].ints(0, 2), opset=11)
case("unique_consecutive_axis", lambda x: paddle.unique_consecutive(x, return_inverse=True, return_counts=True, axis=0), x=f32["n", 2].ints(0, 2), opset=11)
case("unique_consecutive_matrix", lambda x: paddle.unique_consecutive(x), x=f32["n", 2].ints(0, 2), opset=11)

# --- how they meet: formats, paddings, sizes, NaN and infinities
case("gather_nothing", lambda x, i: paddle.gather(x, i), x=f32[4, 3], i=i64["b"].ints(0, 4), sizes=[{"b": 0}, {"b": 2}])
# phi/kernels/stride/{as_strided,index_select}_kernel.cc: offsets are in bytes.
raw("raw_as_strided", "as_strided", inputs={"input": f32[4, 3]}, outputs={"out": "float32"}, attrs={"dims": [2, 3], "stride": [1, 2], "offset": 4}, expect=lambda x: x.ravel()[[[1, 3, 5], [2, 4, 6]]])
raw("raw_as_strided_repeats", "as_strided", inputs={"input": i64["b", 6]}, outputs={"out": "int64"}, attrs={"dims": [3, 2, 2], "stride": [2, 0, 1], "offset": 8}, opset=8, expect=lambda x: x.ravel()[1 + np.arange(3)[:, None, None] * 2 + np.arange(2) + np.zeros([1, 2, 1], int)])
raw("raw_unique_with_counts", "unique_with_counts", inputs={"X": i64["n"].ints(0, 4)}, outputs={"Out": "int64", "Index": "int32", "Count": "int32"}, attrs={"dtype": 2}, opset=11, paddle_cannot={"pir": "it knows no such operator"})
case("set", lambda x, y: paddle._C_ops.set(paddle.assign(x), paddle.assign(y), [2, 3], [1, 4], 8), x=f32[3, 4], y=f32[5, 4], paddle_cannot={"pdmodel": "it has no such operator"})
case("set_i64", lambda x, y: paddle._C_ops.set(paddle.assign(x), paddle.assign(y), [4], [3], 0), x=i64[3, 4], y=i64["b", 12], paddle_cannot={"pdmodel": "it has no such operator"})
raw("raw_index_select_strided", "index_select_strided", inputs={"x": f32["b", 3, 4]}, outputs={"out": "float32"}, attrs={"index": 2, "axis": 1}, expect=lambda x: x[:, 2])
raw("raw_index_select_strided_last", "index_select_strided", inputs={"x": i64["b", 3, 4]}, outputs={"out": "int64"}, attrs={"index": 0, "axis": -1}, expect=lambda x: x[..., 0])
raw("raw_index_select_strided_negative", "index_select_strided", inputs={"x": f32[3, 4]}, outputs={"out": "float32"}, attrs={"index": -1, "axis": 0}, expect=lambda x: x[-1], error="negative index")

# --- an index of tensors after Paddle 3 has worked out shapes and strides: the attributes are as its eager mode makes them
def laid_out(shape, axes, index, item):
    """Attributes of x[…, indices, …]: axes that follow each other are indexed by tensors of the shape `index`."""
    strides = np.cumprod([1, *shape[:0:-1]])[::-1].tolist()
    first, behind = axes[0], axes[-1] + 1
    dims = [*shape[:first], *index, *shape[behind:]]
    kept = [*strides[:first], *[0] * len(index), *strides[behind:]]
    sizes = [*[shape[a] for a in axes], -1, *[1] * first, *index, *[1] * (len(shape) - behind), -1]
    return dims, kept, sizes, [strides[a] * item for a in axes]


NO_ELEMENTWISE = {"pdmodel": "Paddle 2 has no such operator"}
case("index_elementwise_get", lambda x, i: paddle._C_ops.index_elementwise_get(x, [i], *laid_out([3, 4, 5], [1], [2], 4), 0, True, False), x=f32[3, 4, 5], i=i64[1, 2, 1].ints(-4, 4), opset=9, paddle_cannot=NO_ELEMENTWISE)
case("index_elementwise_get_matrix", lambda x, i: paddle._C_ops.index_elementwise_get(x, [i], *laid_out([3, 4, 5], [0], [2, 3], 4), 0, True, False), x=i32[3, 4, 5], i=i64[2, 3, 1, 1].ints(-3, 3), opset=9, paddle_cannot=NO_ELEMENTWISE)
case("index_elementwise_get_two", lambda x, i, j: paddle._C_ops.index_elementwise_get(x, [i, j], *laid_out([3, 4, 5], [1, 2], [6], 8), 0, True, False), x=f64[3, 4, 5], i=i64[1, 6].ints(0, 4), j=i64[1, 6].ints(-5, 5), opset=9, paddle_cannot=NO_ELEMENTWISE)
case("index_elementwise_get_offset", lambda x, i: paddle._C_ops.index_elementwise_get(x, [i], [2, 3], [5, 0], [5, -1, 1, 3, -1], [4], 20, True, False), x=f32[4, 5], i=i64[1, 3].ints(0, 5), opset=9, paddle_cannot=NO_ELEMENTWISE)
case("index_elementwise_put", lambda x, i: paddle._C_ops.index_elementwise_put_(x * 1, [i], 7.5, *laid_out([3, 4, 5], [1], [2], 4), 0), x=f32[3, 4, 5], i=i64[1, 2, 1].ints(-4, 4), opset=11, paddle_cannot=NO_ELEMENTWISE)
case("index_elementwise_put_i64", lambda x, i: paddle._C_ops.index_elementwise_put_(x * 1, [i], 3.0, *laid_out([6, 4], [0], [2], 8), 0), x=i64[6, 4], i=i64[2, 1].ints(-6, 6), opset=11, paddle_cannot=NO_ELEMENTWISE)
case("index_elementwise_put_with_tensor", lambda x, i, v: paddle._C_ops.index_elementwise_put_with_tensor_(x * 1, [i], v, *laid_out([3, 4, 5], [1], [2], 4), 0), x=f32[3, 4, 5], i=i64[1, 2, 1].values([[[3], [-4]]]), v=f32[3, 2, 5], opset=11, paddle_cannot=NO_ELEMENTWISE)
case("index_elementwise_put_with_tensor_broadcast", lambda x, i, j, v: paddle._C_ops.index_elementwise_put_with_tensor_(x * 1, [i, j], v, *laid_out([3, 4, 5], [0, 1], [3], 4), 0), x=f32[3, 4, 5], i=i64[3, 1].values([[0], [2], [-2]]), j=i64[3, 1].values([[0], [2], [-2]]), v=f32[3, 1], opset=11, paddle_cannot=NO_ELEMENTWISE)

# --- trees: of a node its item, layer, parent and children
TREE = [[0, 0, 0, 1, 2], [0, 1, 0, 3, 4], [0, 1, 0, 5, 6], [0, 2, 1, 7, 0], [8, 2, 1, 0, 0], [9, 2, 2, 0, 0], [4, 2, 2, 0, 0], [5, 3, 3, 0, 0]]
TREES = {"X": i32["b", 3].ints(0, 8), "TreeInfo": i32[8, 5].values(TREE)}
CHILDREN = {"Child": "int32", "LeafMask": "int32"}
raw("raw_tdm_child", "tdm_child", inputs=TREES, outputs=CHILDREN, attrs={"child_nums": 2, "dtype": 2}, opset=9)
raw("raw_tdm_child_first", "tdm_child", inputs=TREES, outputs=CHILDREN, attrs={"child_nums": 1, "dtype": 2}, opset=9)
raw("raw_tdm_child_column", "tdm_child", inputs={"X": i64[8, 1].values([[i] for i in range(8)]), "TreeInfo": i64[8, 5].values(TREE)}, outputs={"Child": "int64", "LeafMask": "int64"}, attrs={"child_nums": 2, "dtype": 3}, opset=9)
raw("raw_tdm_child_mixed", "tdm_child", inputs={"X": i64["b", 3].ints(0, 8), "TreeInfo": param(np.array(TREE, "int32"))}, outputs={"Child": "int64", "LeafMask": "int64"}, attrs={"child_nums": 2, "dtype": 3}, opset=9)
raw("restrict_nonzero", "restrict_nonzero", inputs={"condition": b8_value([True, False, True, True], [False, True, True, True])}, outputs={"out": "int64"}, attrs={"total_true_num": 3}, opset=9, expect=lambda x: np.flatnonzero(x))
raw("restrict_nonzero_none", "restrict_nonzero", inputs={"condition": b8_value([False, False])}, outputs={"out": "int64"}, attrs={"total_true_num": 0}, opset=9, expect=lambda x: np.flatnonzero(x))
