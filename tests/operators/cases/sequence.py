"""Sequences of different lengths, one behind the other in a tensor (LoD): the operators of older programs."""
import paddle
from dsl import *
from written import written

lod = getattr(paddle.static.nn, "sequence_lod", None)  # Paddle 3 has no layers for them
X = f32["t", 3].lod([3, 1, 4], [2, 5])
ONE = f32["t", 3].lod([4], [1])
EMPTY = f32["t", 3].lod([2, 0, 3], [0, 4, 0], [0, 4])
SAME = f32["t", 3].lod([2, 3], [4, 1, 6])
OUT = {"Out": "float32"}
POOL = {"Out": "float32", "MaxIndex": None}
NO_OPERATOR = {"pir": "Paddle 3 has no such operator"}


def operator(name, inputs, outputs, **attrs):
    """The results of an operator that Paddle's Python has no function for. `outputs`: {slot: dtype}."""
    block = paddle.static.default_main_program().global_block()
    made = {slot: block.create_var(name=paddle.utils.unique_name.generate(name), dtype=dtype) for slot, dtype in outputs.items()}
    block.append_op(type=name, inputs=inputs, outputs=made, attrs=attrs)
    return list(made.values())


# --- sequence_pool ----------------------------------------------------------------------------------------------------
raw("pool_average", "sequence_pool", inputs={"X": X}, outputs=POOL, attrs={"pooltype": "AVERAGE", "is_test": True}, opset=9)
raw("pool_sum", "sequence_pool", inputs={"X": X}, outputs=POOL, attrs={"pooltype": "SUM", "is_test": True}, opset=9)
raw("pool_sqrt", "sequence_pool", inputs={"X": X}, outputs=POOL, attrs={"pooltype": "SQRT", "is_test": True}, opset=9)
raw("pool_max", "sequence_pool", inputs={"X": X}, outputs=POOL, attrs={"pooltype": "MAX", "is_test": True}, opset=9)
raw("pool_first", "sequence_pool", inputs={"X": X}, outputs=POOL, attrs={"pooltype": "FIRST", "is_test": True}, opset=9)
raw("pool_last", "sequence_pool", inputs={"X": X}, outputs=POOL, attrs={"pooltype": "LAST", "is_test": True}, opset=9)
raw("pool_average_one", "sequence_pool", inputs={"X": ONE}, outputs=POOL, attrs={"pooltype": "AVERAGE", "is_test": True}, opset=9)
raw("pool_max_one", "sequence_pool", inputs={"X": ONE}, outputs=POOL, attrs={"pooltype": "MAX", "is_test": True}, opset=9)
raw("pool_average_empty", "sequence_pool", inputs={"X": EMPTY}, outputs=POOL, attrs={"pooltype": "AVERAGE", "pad_value": 0.5, "is_test": True}, opset=9)
raw("pool_sum_empty", "sequence_pool", inputs={"X": EMPTY}, outputs=POOL, attrs={"pooltype": "SUM", "is_test": True}, opset=9)
raw("pool_sum_empty_padded", "sequence_pool", inputs={"X": EMPTY}, outputs=POOL, attrs={"pooltype": "SUM", "pad_value": 2.0, "is_test": True}, opset=9)
raw("pool_sqrt_empty", "sequence_pool", inputs={"X": EMPTY}, outputs=POOL, attrs={"pooltype": "SQRT", "pad_value": 2.0, "is_test": True}, opset=9)
raw("pool_max_empty", "sequence_pool", inputs={"X": EMPTY}, outputs=POOL, attrs={"pooltype": "MAX", "pad_value": -3.0, "is_test": True}, opset=9)
raw("pool_first_empty", "sequence_pool", inputs={"X": EMPTY}, outputs=POOL, attrs={"pooltype": "FIRST", "pad_value": 1.5, "is_test": True}, opset=9)
raw("pool_last_empty", "sequence_pool", inputs={"X": EMPTY}, outputs=POOL, attrs={"pooltype": "LAST", "pad_value": 1.5, "is_test": True}, opset=9)
raw("pool_max_rank3", "sequence_pool", inputs={"X": f32["t", 2, 3].lod([3, 1], [2, 2, 5])}, outputs=POOL, attrs={"pooltype": "MAX", "is_test": True}, opset=9)
raw("pool_average_rank3_open", "sequence_pool", inputs={"X": f32["t", 2, "w"].lod([3, 1], [2, 2, 5])}, outputs=POOL, attrs={"pooltype": "AVERAGE", "is_test": True}, opset=9)
raw("pool_sqrt_f64", "sequence_pool", inputs={"X": f64["t", 3].lod([3, 1, 4], [2, 5])}, outputs={"Out": "float64", "MaxIndex": None}, attrs={"pooltype": "SQRT", "is_test": True}, opset=9)
raw("pool_places", "sequence_pool", inputs={"X": X}, outputs={"Out": "float32", "MaxIndex": "int32"}, attrs={"pooltype": "MAX", "is_test": False}, error="only training needs")

# --- softmax, padding, expansion --------------------------------------------------------------------------------------
raw("softmax", "sequence_softmax", inputs={"X": f32["t"].lod([3, 1, 4], [2, 5])}, outputs=OUT, opset=9)
raw("softmax_column", "sequence_softmax", inputs={"X": f32["t", 1].lod([3, 1, 4], [2, 5])}, outputs=OUT, opset=9)
raw("softmax_one", "sequence_softmax", inputs={"X": f32["t"].lod([4], [1])}, outputs=OUT, opset=9)
raw("softmax_empty", "sequence_softmax", inputs={"X": f32["t", 1].lod([2, 0, 3], [0, 4])}, outputs=OUT, opset=9)
raw("softmax_f64", "sequence_softmax", inputs={"X": f64["t"].lod([3, 1, 4], [2, 5])}, outputs={"Out": "float64"}, opset=9)
raw("pad", "sequence_pad", inputs={"X": X, "PadValue": param([0.5])}, outputs={"Out": "float32", "Length": "int64"}, attrs={"padded_length": -1}, opset=9, paddle_cannot=NO_OPERATOR)
raw("pad_length", "sequence_pad", inputs={"X": X, "PadValue": param([0.5])}, outputs={"Out": "float32", "Length": "int64"}, attrs={"padded_length": 6}, opset=9, paddle_cannot=NO_OPERATOR)
raw("pad_row", "sequence_pad", inputs={"X": EMPTY, "PadValue": f32[3]}, outputs={"Out": "float32", "Length": "int64"}, attrs={"padded_length": -1}, opset=9, paddle_cannot=NO_OPERATOR)
raw("pad_integers", "sequence_pad", inputs={"X": i64["t", 1].lod([3, 1, 4], [2, 5]), "PadValue": i64[1]}, outputs={"Out": "int64", "Length": "int64"}, attrs={"padded_length": -1}, opset=9, paddle_cannot=NO_OPERATOR)
raw("pad_rank3", "sequence_pad", inputs={"X": f32["t", 2, "w"].lod([3, 1], [2, 2, 5]), "PadValue": param([1.0])}, outputs={"Out": "float32", "Length": "int64"}, attrs={"padded_length": 5}, opset=9, paddle_cannot=NO_OPERATOR)
raw("unpad", "sequence_unpad", inputs={"X": f32["b", "n", 3], "Length": i64["b"].values([np.array([2, 5]), np.array([7, 1, 0])])}, outputs=OUT, opset=9, paddle_cannot=NO_OPERATOR)
raw("unpad_rank2", "sequence_unpad", inputs={"X": i64["b", "n"], "Length": i64["b"].values([np.array([2, 5]), np.array([7, 1, 0])])}, outputs={"Out": "int64"}, opset=9, paddle_cannot=NO_OPERATOR)
raw("expand", "sequence_expand", inputs={"X": SAME, "Y": f32["u", 1].lod([3, 1], [2, 0, 4])}, outputs=OUT, attrs={"ref_level": 0}, opset=9)
raw("expand_last_level", "sequence_expand", inputs={"X": SAME, "Y": f32["u", 1].lod([3, 1], [2, 0, 4])}, outputs=OUT, attrs={"ref_level": -1}, opset=9)
raw("expand_rows", "sequence_expand", inputs={"X": f32["s", 3].rows_apart(2, 3), "Y": f32["u", 1].lod([3, 1], [2, 0, 4])}, outputs=OUT, attrs={"ref_level": -1}, sizes=[{"s": 2}, {"s": 3}], opset={"pdmodel": 9, "pir": 9})
case("expand_pooled", lambda x, y: lod.sequence_expand(lod.sequence_pool(x, "max"), y), static="older", x=SAME, y=f32["u", 1].lod([3, 1], [2, 0, 4]), opset=9)
raw("expand_as", "sequence_expand_as", inputs={"X": f32["s", 3], "Y": f32["u", 1].lod([3, 1], [2, 0, 4])}, outputs=OUT, sizes=[{"s": 2}, {"s": 3}], opset=9, paddle_cannot=NO_OPERATOR)


# --- sequences of other lengths, in another order ---------------------------------------------------------------------------
raw("reshape", "sequence_reshape", inputs={"X": f32["t", 4].lod([2, 1, 4], [3, 5])}, outputs=OUT, attrs={"new_dim": 2}, paddle_cannot=NO_OPERATOR)
raw("reshape_wider", "sequence_reshape", inputs={"X": f32["t", 4].lod([2, 0, 4], [6])}, outputs=OUT, attrs={"new_dim": 8}, paddle_cannot=NO_OPERATOR)
raw("reverse", "sequence_reverse", inputs={"X": X}, outputs={"Y": "float32"}, paddle_cannot=NO_OPERATOR, opset=9)
raw("reverse_empty", "sequence_reverse", inputs={"X": EMPTY}, outputs={"Y": "float32"}, paddle_cannot=NO_OPERATOR, opset=9)
raw("reverse_integers", "sequence_reverse", inputs={"X": i64["t", 1].lod([3, 1, 4], [2, 5])}, outputs={"Y": "int64"}, paddle_cannot=NO_OPERATOR, opset=9)
raw("concat", "sequence_concat", inputs={"X": [SAME, f32["u", 3].lod([3, 1], [2, 0, 4])]}, outputs=OUT, paddle_cannot=NO_OPERATOR, opset=9)
raw("concat_three", "sequence_concat", inputs={"X": [SAME, f32["u", 3].lod([3, 1], [2, 1, 4]), f32["v", 3].lod([1, 1], [2, 1, 1])]}, outputs=OUT, paddle_cannot=NO_OPERATOR, opset=9)
raw("slice", "sequence_slice", inputs={"X": f32["t", 3].lod([2, 3], [4, 6]), "Offset": i64[2, 1].values([np.array([[1], [0]]), np.array([[2], [3]])]), "Length": i64[2, 1].values([np.array([[1], [2]]), np.array([[2], [3]])])}, outputs=OUT, paddle_cannot=NO_OPERATOR, opset=9)
raw("slice_constant", "sequence_slice", inputs={"X": f32["t", 3].lod([2, 3], [4, 6]), "Offset": param(np.array([[1], [0]])), "Length": param(np.array([[1], [2]]))}, outputs=OUT, paddle_cannot=NO_OPERATOR, opset=9)
raw("enumerate", "sequence_enumerate", inputs={"X": i64["t", 1].lod([3, 1, 4], [2, 5])}, outputs={"Out": "int64"}, attrs={"win_size": 3, "pad_value": -7}, paddle_cannot=NO_OPERATOR, opset=9)
raw("enumerate_i32", "sequence_enumerate", inputs={"X": i32["t", 1].lod([3, 0, 4], [2, 5])}, outputs={"Out": "int32"}, attrs={"win_size": 2, "pad_value": 0}, paddle_cannot=NO_OPERATOR, opset=9)
raw("erase", "sequence_erase", inputs={"X": i64["t", 1].ints(0, 5).lod([3, 1, 4], [2, 5])}, outputs={"Out": "int64"}, attrs={"tokens": [1, 3]}, paddle_cannot=NO_OPERATOR, opset=9)
raw("erase_i32", "sequence_erase", inputs={"X": i32["t", 1].ints(0, 3).lod([9, 1, 4], [12, 5])}, outputs={"Out": "int32"}, attrs={"tokens": [1]}, paddle_cannot=NO_OPERATOR, opset=9)
raw("erase_nothing", "sequence_erase", inputs={"X": i64["t", 1].ints(0, 5).lod([3, 1, 4], [2, 5], read=False)}, outputs={"Out": "int64"}, attrs={"tokens": []}, paddle_cannot=NO_OPERATOR)
raw("scatter", "sequence_scatter", inputs={"X": f32["s", 6], "Ids": i64["t", 1].ints(0, 6).lod([3, 5], [4, 1, 9]), "Updates": f32["t", 1].lod([3, 5], [4, 1, 9], read=False)}, outputs=OUT, sizes=[{"s": 2}, {"s": 3}], paddle_cannot=NO_OPERATOR, opset=9)
raw("scatter_integers", "sequence_scatter", inputs={"X": i64["s", "w"], "Ids": i64["t", 1].ints(0, 10).lod([3, 5], [4, 1, 9]), "Updates": i64["t", 1].lod([3, 5], [4, 1, 9], read=False)}, outputs={"Out": "int64"}, sizes=[{"s": 2}, {"s": 3}], paddle_cannot=NO_OPERATOR, opset=9)
case("lengths_made_here", lambda x: lod.sequence_pool(operator("sequence_erase", {"X": x}, {"Out": "int64"}, tokens=[1])[0].astype("float32"), "sum"), static="older", x=i64["t", 1].ints(0, 3).lod([9, 2, 4], [12, 5]), paddle_cannot=NO_OPERATOR, opset=11)
case("lengths_unpadded", lambda x, n: lod.sequence_softmax(lod.sequence_unpad(x, n)), static="older", x=f32["b", "n", 1], n=i64["b"].values([np.array([2, 5]), np.array([7, 1, 3])]), paddle_cannot=NO_OPERATOR, opset=11)
case("lengths_sliced", lambda x: lod.sequence_reverse(lod.sequence_slice(x, paddle.full([2, 1], 1, "int64"), paddle.full([2, 1], 2, "int64"))), static="older", x=f32["t", 3].lod([3, 4], [6, 5]), paddle_cannot=NO_OPERATOR, opset=11)
case("lengths_repeated", lambda x, y: lod.sequence_pool(lod.sequence_expand(x, y), "average"), static="older", x=SAME, y=f32["u", 1].lod([3, 1], [2, 0, 4]), opset=11)
case("lengths_joined", lambda x, y: lod.sequence_pool(lod.sequence_concat([x, y]), "last"), static="older", x=SAME, y=f32["u", 3].lod([3, 1], [2, 0, 4]), paddle_cannot=NO_OPERATOR, opset=11)
case("lengths_reshaped", lambda x: lod.sequence_pool(lod.sequence_reshape(x, 2), "max"), static="older", x=f32["t", 4].lod([2, 1, 4], [3, 5]), paddle_cannot=NO_OPERATOR, opset=11)
case("lengths_of_expanded_rows", lambda x, y: lod.sequence_pool(lod.sequence_expand_as(x, y), "max"), static="older", x=f32["s", 3], y=f32["u", 1].lod([3, 1], [2, 2, 4]), sizes=[{"s": 2}, {"s": 3}], paddle_cannot=NO_OPERATOR, opset=9)

# --- windows ------------------------------------------------------------------------------------------------------------
raw("conv", "sequence_conv", inputs={"X": X, "Filter": param(np.random.randn(9, 2))}, outputs=OUT, attrs={"contextLength": 3, "contextStart": -1, "contextStride": 1}, opset=9)
raw("conv_ahead", "sequence_conv", inputs={"X": X, "Filter": param(np.random.randn(9, 2))}, outputs=OUT, attrs={"contextLength": 3, "contextStart": 1, "contextStride": 1}, opset=9)
raw("conv_behind", "sequence_conv", inputs={"X": X, "Filter": param(np.random.randn(6, 2))}, outputs=OUT, attrs={"contextLength": 2, "contextStart": -3, "contextStride": 1}, opset=9)
raw("conv_one", "sequence_conv", inputs={"X": ONE, "Filter": param(np.random.randn(12, 2))}, outputs=OUT, attrs={"contextLength": 4, "contextStart": -1, "contextStride": 1}, opset=9)
raw("conv_padding", "sequence_conv", inputs={"X": X, "PaddingData": param(np.random.randn(2, 3)), "Filter": param(np.random.randn(9, 2))}, outputs=OUT, attrs={"contextLength": 3, "contextStart": -1, "contextStride": 1, "paddingTrainable": True}, opset=9)
raw("conv_padding_wide", "sequence_conv", inputs={"X": X, "PaddingData": param(np.random.randn(4, 3)), "Filter": param(np.random.randn(15, 2))}, outputs=OUT, attrs={"contextLength": 5, "contextStart": -2, "contextStride": 1, "paddingTrainable": True}, opset=9)
case("conv_layer", lambda x: lod.sequence_conv(x, 2, 3, act="tanh"), static="older", x=X, opset=9)
raw("im2sequence", "im2sequence", inputs={"X": f32["b", 2, 5, 6]}, outputs=OUT, attrs={"kernels": [2, 3], "strides": [1, 1], "paddings": [0, 0, 0, 0]}, opset=8)
raw("im2sequence_strides", "im2sequence", inputs={"X": f32["b", 2, 5, 6]}, outputs=OUT, attrs={"kernels": [2, 3], "strides": [2, 3], "paddings": [0, 1, 2, 1]}, opset=8)
raw("im2sequence_open", "im2sequence", inputs={"X": f32["b", 2, "h", "w"]}, outputs=OUT, attrs={"kernels": [3, 2], "strides": [2, 2], "paddings": [1, 0, 0, 1]}, opset=9)
raw("im2sequence_columns", "im2sequence", inputs={"X": f32["b", 2, 4, "w"]}, outputs=OUT, attrs={"kernels": [4, 1], "strides": [1, 1], "paddings": [0, 0, 0, 0]}, opset=9)
raw("im2sequence_sizes", "im2sequence", inputs={"X": f32["b", 2, 5, 6], "Y": f32["b", 2].values([np.array([[10, 12], [7, 9]]), np.array([[9, 5], [10, 12], [4, 11]])])}, outputs=OUT, attrs={"kernels": [2, 3], "strides": [1, 1], "paddings": [0, 0, 0, 0], "out_stride": [2, 2]}, opset=9)
raw("im2sequence_sizes_padded", "im2sequence", inputs={"X": f32["b", 2, "h", "w"], "Y": f32["b", 2].values([np.array([[12, 10], [7, 8]]), np.array([[9, 5], [9, 13], [4, 11]])])}, outputs=OUT, attrs={"kernels": [3, 2], "strides": [2, 1], "paddings": [1, 0, 1, 1], "out_stride": [1, 1]}, opset=9)
case("im2sequence_sizes_pooled", lambda x, y: lod.sequence_pool(operator("im2sequence", {"X": x, "Y": y}, {"Out": "float32"}, kernels=[2, 2], strides=[1, 1], paddings=[0, 0, 0, 0], out_stride=[1, 1])[0], "max"), static="older", x=f32["b", 2, 5, 6], y=f32["b", 2].values([np.array([[5, 6], [3, 4]]), np.array([[2, 5], [5, 2], [4, 4]])]), opset=11)
case("im2sequence_pooled", lambda x: lod.sequence_pool(operator("im2sequence", {"X": x}, {"Out": "float32"}, kernels=[2, 2], strides=[1, 1], paddings=[0, 0, 0, 0])[0], "max"), static="older", x=f32["b", 2, "h", 4], opset=11)

# --- the sequences themselves -----------------------------------------------------------------------------------------------
raw("lod_reset_alone", "lod_reset", inputs={"X": f32["t", 3].lod([2, 4], [3, 3], read=False)}, outputs=OUT, attrs={"target_lod": [0, 1, 6]}, paddle_cannot={"pir": "Paddle 3 does not run lod_reset: its shape inference stops"})
case("lod_reset_attribute", lambda x: lod.sequence_pool(operator("lod_reset", {"X": x}, {"Out": "float32"}, target_lod=[0, 1, 6])[0], "sum"), static="older", x=f32["t", 3].lod([2, 4], [3, 3], read=False), opset=9, paddle_cannot={"pir": "Paddle 3 does not run lod_reset: its shape inference stops"})
case("lod_reset_numbers", lambda x, y: lod.sequence_pool(operator("lod_reset", {"X": x, "Y": y}, {"Out": "float32"})[0], "sum"), static="older", x=f32[6, 3], y=i32[3].values([np.array([0, 2, 6]), np.array([0, 5, 6])]), opset=9, paddle_cannot={"pir": "Paddle 3 does not run lod_reset: its shape inference stops"})
case("lod_reset_like", lambda x, y: lod.sequence_pool(operator("lod_reset", {"X": x, "Y": y}, {"Out": "float32"})[0], "sum"), static="older", x=f32["t", 3].lod([2, 4], [3, 3], read=False), y=f32["t", 1].lod([1, 2, 3], [3, 3]), opset=9, paddle_cannot={"pir": "Paddle 3 does not run lod_reset: its shape inference stops"})
case("not_read", lambda x: paddle.nn.functional.relu(x), static="older", x=f32["t", 3].lod([2, 4], [3, 3], read=False))
case("shared", lambda x, y: lod.sequence_pool(paddle.concat([paddle.tanh(x) * 2, paddle.nn.functional.softmax(y)], 1), "max"), static="older", x=X, y=f32["t", 2].lod([3, 1, 4], [2, 5], read=False), opset=9)


def pooled_in_turns(x, n):
    """A loop that reads the sequences of an input of the model."""
    def turn(i, total):
        return [i + 1, total + lod.sequence_pool(x * paddle.cast(i, "float32"), "sum")]

    return paddle.static.nn.while_loop(lambda i, total: i < n, turn, [paddle.zeros([1], "int64"), paddle.zeros([2, 3])])[1]


case("in_a_loop", pooled_in_turns, static="older", x=f32["t", 3].lod([3, 1], [2, 5]), n=i64[1].values([np.array([2]), np.array([4])]), opset=9)
# --- what Paddle's own optimiser makes of them --------------------------------------------------------------------------------
raw("fusion_seqconv_eltadd_relu", "fusion_seqconv_eltadd_relu", inputs={"X": X, "Filter": param(np.random.randn(9, 2)), "Bias": param(np.random.randn(1, 2))}, outputs={"Out": "float32", "ColMat": None}, attrs={"contextLength": 3, "contextStart": -1, "contextStride": 1}, opset=9)
raw("fusion_seqconv_eltadd_relu_ahead", "fusion_seqconv_eltadd_relu", inputs={"X": X, "Filter": param(np.random.randn(6, 2)), "Bias": param(np.random.randn(2))}, outputs={"Out": "float32", "ColMat": None}, attrs={"contextLength": 2, "contextStart": 0, "contextStride": 1}, opset=9)
raw("fusion_seqconv_eltadd_relu_behind", "fusion_seqconv_eltadd_relu", inputs={"X": X, "Filter": param(np.random.randn(9, 2)), "Bias": param(np.random.randn(2))}, outputs={"Out": "float32", "ColMat": None}, attrs={"contextLength": 3, "contextStart": -2, "contextStride": 1}, opset=9)
raw("fusion_seqconv_eltadd_relu_far_ahead", "fusion_seqconv_eltadd_relu", inputs={"X": X, "Filter": param(np.random.randn(6, 2)), "Bias": param(np.random.randn(2))}, outputs={"Out": "float32", "ColMat": None}, attrs={"contextLength": 2, "contextStart": 1, "contextStride": 1}, opset=9)
raw("fusion_seqconv_eltadd_relu_wide", "fusion_seqconv_eltadd_relu", inputs={"X": X, "Filter": param(np.random.randn(15, 2)), "Bias": param(np.random.randn(2))}, outputs={"Out": "float32", "ColMat": None}, attrs={"contextLength": 5, "contextStart": -2, "contextStride": 1}, opset=9)
raw("fusion_seqconv_eltadd_relu_one", "fusion_seqconv_eltadd_relu", inputs={"X": X, "Filter": param(np.random.randn(3, 2)), "Bias": param(np.random.randn(2))}, outputs={"Out": "float32", "ColMat": None}, attrs={"contextLength": 1, "contextStart": 0, "contextStride": 1}, opset=9)
raw("fusion_seqexpand_concat_fc", "fusion_seqexpand_concat_fc", inputs={"X": [X, f32["b", 2].lod([1, 1, 1], [1, 1], read=False), f32["b", 4].lod([1, 1, 1], [1, 1], read=False)], "FCWeight": param(np.random.randn(9, 5)), "FCBias": param(np.random.randn(1, 5))}, outputs={"Out": "float32", "FCOut": None}, attrs={"fc_activation": "relu"}, opset=9, paddle_cannot=NO_OPERATOR)
raw("fusion_seqexpand_concat_fc_plain", "fusion_seqexpand_concat_fc", inputs={"X": [X, f32["b", 2].lod([1, 1, 1], [1, 1], read=False)], "FCWeight": param(np.random.randn(5, 5))}, outputs={"Out": "float32", "FCOut": None}, attrs={"fc_activation": "identity"}, opset=9, paddle_cannot=NO_OPERATOR)
raw("fusion_seqpool_concat", "fusion_seqpool_concat", inputs={"X": [X, f32["u", 3].lod([1, 1, 2], [4, 1])]}, outputs=OUT, attrs={"pooltype": "SUM", "axis": 1}, opset=9)
raw("fusion_seqpool_concat_average", "fusion_seqpool_concat", inputs={"X": [X, f32["u", 3].lod([1, 1, 2], [4, 1])]}, outputs=OUT, attrs={"pooltype": "AVERAGE", "axis": 1}, opset=9)
raw("fusion_seqpool_concat_sqrt", "fusion_seqpool_concat", inputs={"X": [X]}, outputs=OUT, attrs={"pooltype": "SQRT", "axis": 1}, opset=9)
raw("fusion_seqpool_cvm_concat_average", "fusion_seqpool_cvm_concat", inputs={"X": [f32["t", 4].range(0, 3).lod([3, 1, 4], [2, 5])], "CVM": param(np.random.rand(3, 2))}, outputs=OUT, attrs={"pooltype": "AVERAGE", "use_cvm": True, "axis": 1}, opset=9)
raw("fusion_seqpool_cvm_concat", "fusion_seqpool_cvm_concat", inputs={"X": [f32["t", 4].range(0, 3).lod([3, 1, 4], [2, 5]), f32["u", 4].range(0, 3).lod([1, 1, 2], [4, 1])], "CVM": param(np.random.rand(3, 2))}, outputs=OUT, attrs={"pooltype": "SUM", "use_cvm": True, "axis": 1}, opset=9)
case("fusion_seqpool_cvm_concat_no_cvm", lambda x, cvm: written("fusion_seqpool_cvm_concat", {"X": x, "CVM": cvm}, {"Out": ("float32", (-1, 2))}, {"pooltype": "SUM", "use_cvm": False, "axis": 1}), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), cvm=f32["b", 2], expect=lambda x, *_: x, error="use_cvm false")


def unzipped(x, limits, length):
    rows = np.zeros((len(limits) - 1, length), x.dtype)
    for i, (start, end) in enumerate(zip(limits, limits[1:])):
        rows[i, : end - start] = x.reshape(-1)[start : min(end, start + length)]
    return rows


raw("unzip", "unzip", inputs={"X": f32["n", 1], "lod": i64[5].values([np.array([0, 2, 2, 4, 5]), np.array([0, 3, 4, 4, 7])])}, outputs={"Y": "float32"}, attrs={"len": 3}, opset=9, expect=lambda x, lod: unzipped(x, lod, 3), paddle_cannot=NO_OPERATOR)
raw("unzip_cut", "unzip", inputs={"X": f64["n", 1], "lod": i32[3].values([np.array([0, 4, 5]), np.array([0, 0, 7])])}, outputs={"Y": "float64"}, attrs={"len": 2}, opset=9, expect=lambda x, lod: unzipped(x, lod, 2), paddle_cannot=NO_OPERATOR)
raw("unzip_i64", "unzip", inputs={"X": i64["n", 1], "lod": i64[3].values([np.array([0, 1, 5]), np.array([0, 3, 7])])}, outputs={"Y": "int64"}, attrs={"len": 4}, opset=9, expect=lambda x, lod: unzipped(x, lod, 4), paddle_cannot=NO_OPERATOR)

# --- sums of rows of tables, sums with rates --------------------------------------------------------------------------
TABLE = param(np.random.RandomState(3).rand(9, 4).astype("float32"))
raw("embedding_pool", "fused_embedding_seq_pool", inputs={"W": TABLE, "Ids": i64["t", 1].ints(0, 9).lod([3, 1, 4], [2, 5])}, outputs=OUT, attrs={"combiner": "sum", "padding_idx": -1, "is_sparse": False}, opset=9, paddle_cannot=NO_OPERATOR)
raw("embedding_pool_padding", "fused_embedding_seq_pool", inputs={"W": TABLE, "Ids": i64["t", 1].ints(0, 3).lod([3, 1, 4], [2, 5])}, outputs=OUT, attrs={"combiner": "sum", "padding_idx": 2, "is_sparse": False}, opset=9, paddle_cannot=NO_OPERATOR)
raw("embedding_pool_two", "fused_embedding_seq_pool", inputs={"W": TABLE, "Ids": i64["t", 2, 1].ints(0, 9).lod([3, 1, 4], [2, 5])}, outputs=OUT, attrs={"combiner": "sum", "padding_idx": 0, "is_sparse": False}, opset=9, paddle_cannot=NO_OPERATOR)
raw("embedding_pool_empty", "fused_embedding_seq_pool", inputs={"W": TABLE, "Ids": i64["t", 1].ints(0, 9).lod([2, 0, 3], [0, 4, 0])}, outputs=OUT, attrs={"combiner": "sum", "padding_idx": -1, "is_sparse": False}, opset=9, paddle_cannot=NO_OPERATOR)


# phi/kernels/fusion/gpu/fused_seqpool_cvm_kernel.cu: each sum begins with pad_value.
def sums(x, offsets, pad=0.0):
    return np.stack([x[a:b].sum(0) + np.float32(pad) for a, b in zip(offsets, offsets[1:])])


def rates(x):
    return np.concatenate([np.log(x[:, :1] + 1), np.log(x[:, 1:2] + 1) - np.log(x[:, :1] + 1), x[:, 2:]], 1)


def parted(x, limits):
    """x, its rows told to be the sequences within these limits."""
    return operator("lod_reset", {"X": x}, {"Out": "float32"}, target_lod=limits)[0]


def with_rates(*xs, cvm, **attrs):
    block = paddle.static.default_main_program().global_block()
    outs = [block.create_var(name=paddle.utils.unique_name.generate("out"), dtype="float32") for _ in xs]
    attrs = {"pooltype": "SUM", "pad_value": 0.0, "use_cvm": True, "cvm_offset": 2, **attrs}
    block.append_op(type="fused_seqpool_cvm", inputs={"X": list(xs), "CVM": cvm}, outputs={"Out": outs}, attrs=attrs)
    return outs


SHOWN, SEQS, SEQS2, GAPS = f32[8, 5].range(0, 3), [0, 3, 4, 8], [0, 1, 5, 8], [0, 3, 3, 8]
case("seqpool_cvm", lambda x, y, c: with_rates(parted(x, SEQS), parted(y, SEQS2), cvm=c), static="older", x=SHOWN, y=SHOWN, c=f32["b", 2], opset=9, expect=lambda x, y, c: (rates(sums(x, SEQS)), rates(sums(y, SEQS2))))
case("seqpool_cvm_without", lambda x, c: with_rates(parted(x, SEQS), cvm=c, use_cvm=False), static="older", x=SHOWN, c=f32["b", 2], opset=9, expect=lambda x, c: sums(x, SEQS)[:, 2:])
case("seqpool_cvm_offset", lambda x, c: with_rates(parted(x, SEQS), cvm=c, use_cvm=False, cvm_offset=3), static="older", x=SHOWN, c=f32["b", 2], opset=9, expect=lambda x, c: sums(x, SEQS)[:, 3:])
case("seqpool_cvm_padded", lambda x, c: with_rates(parted(x, GAPS), cvm=c, pad_value=0.5), static="older", x=SHOWN, c=f32["b", 2], opset=9, expect=lambda x, c: rates(sums(x, GAPS, 0.5)))
case("seqpool_cvm_rows", lambda x, c: with_rates(lod.sequence_pool(parted(x, SEQS), "sum", is_test=True), cvm=c), static="older", x=SHOWN, c=f32["b", 2], opset=9, expect=lambda x, c: rates(sums(x, SEQS)))
