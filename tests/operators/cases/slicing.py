import paddle
from dsl import *

# --- slice
case("slice", lambda x: paddle.slice(x, [0, 1], [0, 1], [1, 3]), x=f32["b", 4])
case("slice_negative", lambda x: paddle.slice(x, [1], [-3], [-1]), x=f32["b", 6])
case("slice_negative_dynamic_dim", lambda x: paddle.slice(x, [1], [-3], [-1]), x=f32["b", "n"])
case("slice_out_of_range", lambda x: paddle.slice(x, [0, 1], [-100, 1], [100, 2**31 - 1]), x=f32["b", 6])
case("slice_negative_axis", lambda x: paddle.slice(x, [-1], [1], [3]), x=f32["b", 6])
case("slice_empty", lambda x: paddle.slice(x, [1], [3], [3]), x=f32["b", 6])
case("slice_tensor", lambda x, s, e: paddle.slice(x, [0, 1], s, e), x=f32["b", 6], s=i32_value([0, 1], [1, -3]), e=i32_value([1, 3], [2, 6]), opset=10)
case("slice_list", lambda x, s: paddle.slice(x, [0, 1], [0, s], [2, 6]), x=f32["b", 6], s=i32_value(1, -2), opset=10)
case("slice_list_both", lambda x, s, e: paddle.slice(x, [1], [s], [e]), x=f32["b", 6], s=i32_value(1, 2), e=i32_value(-1, 2**31 - 1), opset=10)
case("slice_const_tensor", lambda x: paddle.slice(x, [1], paddle.to_tensor([1]), paddle.to_tensor([3])), x=f32["b", 6])
case("slice_i32", lambda x: paddle.slice(x, [1], [1], [3]), x=i32["b", 4])
case("slice_i64", lambda x: paddle.slice(x, [1], [1], [3]), x=i64["b", 4])
case("slice_bool", lambda x: x[:, 1:3], x=b8["b", 4])
case("slice_f64", lambda x: x[:, 1:3], x=f64["b", 4])
case("slice_f16", lambda x: x[:, 1:3], x=f16["b", 4])
case("index_first", lambda x: x[0], x=f32["b", 4])
case("index_last", lambda x: x[-1], x=f32["b", 4])
case("index_to_rank0", lambda x: x[2], x=f32[5])
case("index_two_to_rank0", lambda x: x[1, -1], x=f32[5, 3])
case("index_second", lambda x: x[:, 1], x=f32["b", 4, 3])
case("index_and_slice", lambda x: x[1, :, 1:], x=f32["b", 4, 3])
case("index_ellipsis", lambda x: x[..., -1], x=f32["b", 4, 3])
case("index_none", lambda x: x[:, None, 1:, None], x=f32["b", 4, 3])
case("index_tensor", lambda x, i: x[i], x=f32[6, 4], i=i64_value(1, -1))
case("index_tensor_second", lambda x, i: x[:, i], x=f32["b", 4], i=i32_value(0, -1))
case("index_tensor_slice", lambda x, i: x[:, i:], x=f32["b", 4], i=i32_value(1, -1), opset=10)
case("index_tensor_range", lambda x, i: x[i : i + 2, 0], x=f32[6, 4], i=i32_value(1, 3), opset=10)
case("index_list", lambda x: x[[0, 2]], x=f32[6, 4])
case("index_mask", lambda x: x[x > 0], x=f32["b", 4], opset={"pdmodel": 11, "pir": 9})
case("index_index_tensor", lambda x, i: x[i], x=f32[6, 4], i=i64_value([1, 3, 0], [5, 5, 2]))
case("slice_of_shape", lambda x: paddle.shape(x)[1:], x=f32["b", 3, "n"])
case("index_of_shape", lambda x: paddle.shape(x)[0] + 1, x=f32["b", 3])
raw("raw_slice_to_rank0", "slice", inputs={"Input": f32[4]}, outputs={"Out": "float32"}, attrs={"axes": [0], "starts": [1], "ends": [2], "infer_flags": [1], "decrease_axis": [0]})
raw("raw_slice_last", "slice", inputs={"Input": f32["b", 4]}, outputs={"Out": "float32"}, attrs={"axes": [1], "starts": [-1], "ends": [2**31 - 1], "infer_flags": [1], "decrease_axis": [1]})
raw("raw_slice_lists", "slice", inputs={"Input": f32["b", 6], "StartsTensorList": [i32_value([1]), param(np.array([-4], "int32"))], "EndsTensorList": [param(np.array([2], "int32")), i32_value([-1])]}, outputs={"Out": "float32"}, attrs={"axes": [0, 1], "starts": [-1, -1], "ends": [-1, -1], "infer_flags": [-1, -1]}, opset=10)
raw("raw_slice_tensor", "slice", inputs={"Input": f32["b", 6], "StartsTensor": i32_value([1]), "EndsTensor": i32_value([3], [5])}, outputs={"Out": "float32"}, attrs={"axes": [1], "starts": [-1], "ends": [-1], "infer_flags": [-1]}, opset=10)
raw("raw_slice_half_tensor", "slice", inputs={"Input": f32["b", 6], "EndsTensor": i32_value([3], [5])}, outputs={"Out": "float32"}, attrs={"axes": [1], "starts": [1], "ends": [-1], "infer_flags": [-1]}, opset=10)
raw("raw_slice_minus_one_decreased", "slice", inputs={"Input": f32["b", 6], "StartsTensorList": [i32_value([-1], [2])], "EndsTensorList": [i32_value([0], [3])]}, outputs={"Out": "float32"}, attrs={"axes": [1], "starts": [-1], "ends": [-1], "infer_flags": [-1], "decrease_axis": [1]})

# --- strided_slice
case("strided_slice", lambda x: paddle.strided_slice(x, [1], [1], [6], [2]), x=f32["b", 8], opset=10)
case("strided_slice_two", lambda x: paddle.strided_slice(x, [0, 2], [0, -1], [2, 1], [1, -2]), x=f32["b", 3, 8], opset=11)
case("strided_slice_backward", lambda x: paddle.strided_slice(x, [1], [6], [1], [-1]), x=f32["b", 8], opset=10)
case("strided_slice_backward_all", lambda x: paddle.strided_slice(x, [1], [7], [-1], [-1]), x=f32["b", 8], opset=10)
case("strided_slice_backward_far", lambda x: paddle.strided_slice(x, [1], [7], [-100], [-1]), x=f32["b", 8], opset=10)
case("strided_slice_backward_negative_end", lambda x: paddle.strided_slice(x, [1], [-1], [-5], [-2]), x=f32["b", 8], opset=10)
case("strided_slice_backward_negative_end_dynamic", lambda x: paddle.strided_slice(x, [1], [-1], [-6], [-1]), x=f32["b", "n"], opset={"pdmodel": 10, "pir": 11})
case("strided_slice_past_end", lambda x: paddle.strided_slice(x, [1], [0], [100], [3]), x=f32["b", 8], opset=10)
case("strided_slice_backward_past_end", lambda x: paddle.strided_slice(x, [1], [100], [2], [-3]), x=f32["b", 8], opset=10)
case("strided_slice_tensors", lambda x, s, e, t: paddle.strided_slice(x, [1], s, e, t), x=f32["b", 8], s=i32_value([1], [7]), e=i32_value([7], [2]), t=i32_value([2], [-1]), opset=10)
case("strided_slice_lists", lambda x, s, e: paddle.strided_slice(x, [1], [s], [e], [2]), x=f32["b", 8], s=i32_value(1, -7), e=i32_value(7, 100), opset=10)
case("strided_slice_backward_tensor_end", lambda x, e: paddle.strided_slice(x, [1], [7], [e], [-2]), x=f32["b", 8], e=i32_value(-1, 2), opset=10)
case("strided_slice_i64", lambda x: x[:, ::2], x=i64["b", 8], opset=10)
case("strided_slice_bool", lambda x: x[:, ::2], x=b8["b", 8], opset=10)
case("index_step", lambda x: x[::2, 1::3], x=f32["n", 8], opset=11)
case("index_backward", lambda x: x[:, ::-1], x=f32["b", 8], opset=10)
case("index_backward_dynamic", lambda x: x[::-1], x=f32["n", 2], opset=11)
case("slice_at_10", lambda x: x[1:-1, 1:], x=f32["n", "h"], opsets=[10], opset=11)
case("index_step_and_index", lambda x: x[1, ::2], x=f32["b", 8], opset=11)
raw("raw_strided_slice_step1", "strided_slice", inputs={"Input": f32["b", 6]}, outputs={"Out": "float32"}, attrs={"axes": [1], "starts": [1], "ends": [4], "strides": [1], "infer_flags": [1]})
raw("raw_strided_slice_tensor", "strided_slice", inputs={"Input": f32["b", 6], "StartsTensor": param(np.array([5], "int32")), "EndsTensor": param(np.array([0], "int32")), "StridesTensor": param(np.array([-2], "int32"))}, outputs={"Out": "float32"}, attrs={"axes": [1], "starts": [-1], "ends": [-1], "strides": [-1], "infer_flags": [-1]}, opset=10)

# --- crop
case("crop", lambda x: paddle.crop(x, [2, 3], [0, 1]), x=f32["b", 6])
case("crop_to_end", lambda x: paddle.crop(x, [-1, 3], [1, 2]), x=f32["b", 6])
case("crop_no_offsets", lambda x: paddle.crop(x, [1, 3]), x=f32["b", 6])
case("crop_tensors", lambda x, s, o: paddle.crop(x, s, o), x=f32["b", 6], s=i32_value([2, 3], [1, 4]), o=i32_value([0, 1], [1, 2]), opset=10)
case("crop_lists", lambda x, s, o: paddle.crop(x, [s, -1], [0, o]), x=f32["b", 6], s=i32_value(2, 1), o=i32_value(1, 3), opset=10, paddle_cannot={"pir": "it concatenates a scalar and a vector"})
case("crop_i64", lambda x: paddle.crop(x, [2, 3], [0, 1]), x=i64["b", 6])
raw("raw_crop_1x", "crop", inputs={"X": f32["b", 6]}, outputs={"Out": "float32"}, attrs={"shape": [2, 3], "offsets": [0, 1]}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_crop_1x_like", "crop", inputs={"X": f32[4, 6], "Y": f32[2, 3]}, outputs={"Out": "float32"}, attrs={"offsets": [1, 2]}, paddle_cannot={"pir": "Paddle 3 does not translate it"})
raw("raw_crop_1x_offsets", "crop", inputs={"X": f32[4, 6], "Y": f32[2, 3], "Offsets": i32_value([0, 1], [2, 3])}, outputs={"Out": "float32"}, opset=10, paddle_cannot={"pir": "Paddle 3 does not translate it"})


# --- set_value
def assign(index, value):
    def function(x):
        y = x * 1
        y[index] = value
        return y

    return function


def assign_tensor(index):
    def function(x, v):
        y = x * 1
        y[index] = v
        return y

    return function


def assign_at(x, i, v):
    y = x * 1
    y[i] = v
    return y


def assign_from(x, i, v):
    y = x * 1
    y[:, i:] = v
    return y


def assign_up_to(x, i):
    y = x * 1
    y[:, 1:i] = 5.0
    return y


case("set_value_scalar", assign(0, 5.0), x=f32[4, 3])
case("set_value_slice", assign((slice(None), slice(1, 3)), 5.0), x=f32["b", 6], opset=8)
case("set_value_negative", assign((slice(None), slice(-3, -1)), 5.0), x=f32["b", 6], opset=8)
case("set_value_two_axes", assign((slice(1, 3), slice(2, None)), 5.0), x=f32[4, 6])
case("set_value_two_axes_dynamic", assign((slice(1, 3), slice(2, None)), 5.0), x=f32["n", "h"], opset=8)
case("set_value_index", assign((slice(None), 1), 5.0), x=f32["b", 6], opset=8)
case("set_value_last", assign((slice(None), -1), 5.0), x=f32["b", "n"], opset=8)
case("set_value_all", assign(slice(None), 2.0), x=f32["b", 6], opset=8)
case("set_value_ellipsis", assign((Ellipsis, slice(0, 2)), 2.0), x=f32["b", 3, 6], opset=8)
case("set_value_step", assign((slice(None), slice(0, 6, 2)), 5.0), x=f32["b", 6], opset=11)
case("set_value_backward", assign((slice(None), slice(4, 0, -2)), 5.0), x=f32["b", 6], opset=11)
case("set_value_backward_all", assign(slice(None, None, -1), 5.0), x=f32["n", 2], opset=11)
case("set_value_overlapping_dynamic", assign((slice(None), slice(2, -2)), 5.0), x=f32["b", "n"], opset=11)
case("set_value_i64", assign((slice(None), slice(1, 3)), 2**53 + 1), x=i64["b", 6], opset=8)
case("set_value_i32", assign((slice(None), slice(1, 3)), 7), x=i32["b", 6], opset=8)
case("set_value_bool", lambda x: assign((slice(None), slice(1, 3)), True)(paddle.cast(x, "bool")), x=i32["b", 6], opset=8)
case("set_value_f64", assign((slice(None), slice(1, 3)), 0.1), x=f64["b", 6], opset=8)
case("set_value_array", assign((slice(None), slice(1, 4)), np.array([1.0, 2.0, 3.0], "float32")), x=f32["b", 6], opset=8)
case("set_value_tensor", assign_tensor((slice(None), slice(1, 4))), x=f32["b", 6], v=f32[3], opset=8)
case("set_value_tensor_full", assign_tensor((slice(None), slice(1, 4))), x=f32["b", 6], v=f32["b", 3], opset=8)
case("set_value_tensor_backward", assign_tensor((slice(None), slice(None, None, -1))), x=f32["b", 6], v=f32["b", 6], opset=11)
case("set_value_tensor_decreased", assign_tensor((slice(None), 1)), x=f32["b", 3, 4], v=f32["b", 4], opset=8)
case("set_value_tensor_decreased_first", assign_tensor((0, slice(1, 3))), x=f32["b", 3, 4], v=f32[2, 4], opset=8)
case("set_value_tensor_more_rank", assign_tensor((slice(None), 1)), x=f32["b", 3], v=f32[1, "b"], opset=8)
case("set_value_tensor_none", assign_tensor((slice(None), None, slice(1, 3))), x=f32["b", 4], v=f32["b", 1, 2], opset=8)
case("set_value_tensor_none_and_index", assign_tensor((1, None, slice(1, 3))), x=f32["b", 4, 3], v=f32[1, 2, 3], opset=8)
case("set_value_tensor_rank0", assign_tensor((slice(None), slice(1, 3))), x=f32["b", 6], v=f32[()], opset=8)
case("set_value_tensor_i64", assign_tensor((slice(None), slice(1, 3))), x=i64["b", 6], v=i64[2], opset=8)
case("set_value_at", assign_at, x=f32[6, 4], i=i32_value(1, 4), v=f32[4], opset=11)
case("set_value_from", assign_from, x=f32["b", 6], i=i32_value(1, -2), v=f32[1], opset=11)
case("set_value_up_to", assign_up_to, x=f32["b", 6], i=i32_value(3, 1), opset=11)
case("set_value_rank5", assign((0, slice(1, 3), 1, slice(0, 2), -1), 5.0), x=f32["b", 4, 2, 3, 2], opset=8)
raw("raw_set_value_fp32_values", "set_value", inputs={"Input": f32["b", 4]}, outputs={"Out": "float32"}, attrs={"dtype": 5, "axes": [1], "starts": [1], "ends": [3], "steps": [1], "shape": [2], "values": [1.5, 2.5]}, opset=8)
raw("raw_set_value_starts_list", "set_value", inputs={"Input": f32["b", 4], "StartsTensorList": [i64_value([1], [0])], "EndsTensorList": [i64_value([3], [4])], "StepsTensorList": [i64_value([1], [2])]}, outputs={"Out": "float32"}, attrs={"dtype": 5, "axes": [1], "shape": [1], "values": [1.5]}, opset=11)

# --- how they meet: formats, paddings, sizes, NaN and infinities
case("index_two_of_dynamic", lambda x: x[-1, 0], x=f32["b", "n"])
