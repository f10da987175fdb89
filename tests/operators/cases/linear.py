"""Matrix products, embeddings, einsum."""
import pathlib

import paddle
import paddle.nn as nn
import paddle.nn.functional as F
from dsl import *

# Matrices that are far from singular, for two sizes of the batch.
REGULAR = [np.random.RandomState(i).uniform(-1, 1, (i, 4, 4)) + 3 * np.eye(4) for i in (2, 3)]

# --- matmul -----------------------------------------------------------------------------------------------------------
case("matmul", paddle.matmul, x=f32["b", 4], y=f32[4, 5])
case("matmul_batch", paddle.matmul, x=f32["b", 3, "n", 4], y=f32["b", 3, 4, 5])
case("matmul_broadcast_left", paddle.matmul, x=f32["n", 4], y=f32["b", 3, 4, 5])
case("matmul_broadcast_right", paddle.matmul, x=f32["b", 3, "n", 4], y=f32[4, 5])
case("matmul_broadcast_both", paddle.matmul, x=f32["b", 1, "n", 4], y=f32[3, 4, 5])
case("matmul_broadcast_one_batch", lambda x, y: paddle.matmul(x, y) + 1, x=f32["b", 3, 4], y=f32[1, 4, 2])
case("matmul_broadcast_one_batch_left", paddle.matmul, x=f32[1, 1, 5, 1], y=f32[1, "n", 1, 5])
case("matmul_rank5", paddle.matmul, x=f32[2, 1, "b", 3, 4], y=f32[3, 1, 4, "n"])
case("matmul_transpose_x", lambda x, y: paddle.matmul(x, y, transpose_x=True), x=f32["b", 4, "n"], y=f32["b", 4, 5])
case("matmul_transpose_y", lambda x, y: paddle.matmul(x, y, transpose_y=True), x=f32["b", "n", 4], y=f32["b", 5, 4])
case("matmul_transpose_both", lambda x, y: paddle.matmul(x, y, True, True), x=f32[4, "n"], y=f32["b", 5, 4])
case("matmul_vectors", paddle.matmul, x=f32["n"], y=f32["n"])
case("matmul_vectors_transposed", lambda x, y: paddle.matmul(x, y, True, True), x=f32["n"], y=f32["n"])
case("matmul_vector_matrix", paddle.matmul, x=f32[4], y=f32[4, "n"])
case("matmul_vector_matrix_transposed", lambda x, y: paddle.matmul(x, y, True, True), x=f32[4], y=f32["n", 4])
case("matmul_vector_batch", paddle.matmul, x=f32[4], y=f32["b", 3, 4, 5])
case("matmul_matrix_vector", paddle.matmul, x=f32["n", 4], y=f32[4])
case("matmul_matrix_vector_transposed", lambda x, y: paddle.matmul(x, y, True, True), x=f32[4, "n"], y=f32[4])
case("matmul_batch_vector", paddle.matmul, x=f32["b", 3, "n", 4], y=f32[4])
case("matmul_f64", paddle.matmul, x=f64["b", 4], y=f64[4, 5])
raw("matmul_v2_i32", "matmul_v2", inputs={"X": i32["b", 4], "Y": i32[4, 5]}, outputs={"Out": "int32"})
raw("matmul_v2_i64", "matmul_v2", inputs={"X": i64["b", 4], "Y": i64[4, 5]}, outputs={"Out": "int64"}, opset=9)
case("matmul_nonfinite", paddle.matmul, x=f32["b", 4].nonfinite(), y=f32[4, 5])
case("matmul_batch_vector_transposed", lambda x, y: paddle.matmul(x, y, True), x=f32["b", 4, "n"], y=f32[4])
case("linear", nn.Linear(4, 6), x=f32["b", "n", 4])
case("linear_no_bias", nn.Linear(4, 6, bias_attr=False), x=f32["b", 4])
case("linear_rank1", nn.Linear(4, 6), x=f32[4])
raw("matmul_v2_parameter", "matmul_v2", inputs={"X": f32["b", 4], "Y": param(np.random.randn(5, 4))}, outputs={"Out": "float32"}, attrs={"trans_y": True})

raw("matmul_v2_f16", "matmul_v2", inputs={"X": f16["b", 4], "Y": f16[4, 5]}, outputs={"Out": "float16"}, expect=lambda x, y: x @ y)

# --- matmul of 1.x ----------------------------------------------------------------------------------------------------
raw("v1_matmul", "matmul", inputs={"X": f32["b", "n", 4], "Y": f32["b", 4, 5]}, outputs={"Out": "float32"})
raw("v1_matmul_alpha", "matmul", inputs={"X": f32["b", "n", 4], "Y": f32["b", 5, 4]}, outputs={"Out": "float32"}, attrs={"transpose_Y": True, "alpha": 0.25})
raw("v1_matmul_transpose_x", "matmul", inputs={"X": f32["b", 4, "n"], "Y": f32[4, 5]}, outputs={"Out": "float32"}, attrs={"transpose_X": True})
raw("v1_matmul_batch_right", "matmul", inputs={"X": f32["n", 4], "Y": f32["b", 3, 4, 5]}, outputs={"Out": "float32"})
raw("v1_matmul_batches_merged", "matmul", inputs={"X": f32[2, 3, 5, 4], "Y": f32[6, 4, 5]}, outputs={"Out": "float32"}, paddle_cannot={"pir": "it translates matmul as matmul_v2, which multiplies these shapes differently"})
raw("v1_matmul_batches_rearranged", "matmul", inputs={"X": f32[2, 3, 5, 4], "Y": f32[3, 2, 4, 5]}, outputs={"Out": "float32"}, paddle_cannot={"pir": "it translates matmul as matmul_v2, which multiplies these shapes differently"})
raw("v1_matmul_vectors", "matmul", inputs={"X": f32[4], "Y": f32[4]}, outputs={"Out": "float32"})
raw("v1_matmul_outer", "matmul", inputs={"X": f32[4], "Y": f32[5]}, outputs={"Out": "float32"}, attrs={"transpose_X": True, "transpose_Y": True}, paddle_cannot={"pir": "it translates matmul as matmul_v2, which multiplies these shapes differently"})
raw("v1_matmul_vector_matrix", "matmul", inputs={"X": f32[4], "Y": f32[4, "n"]}, outputs={"Out": "float32"})
raw("v1_matmul_vector_batch", "matmul", inputs={"X": f32[4], "Y": f32["b", 4, 5]}, outputs={"Out": "float32"})
raw("v1_matmul_matrix_vector", "matmul", inputs={"X": f32["n", 4], "Y": f32[4]}, outputs={"Out": "float32"})
raw("v1_matmul_batch_vector", "matmul", inputs={"X": f32["b", "n", 4], "Y": f32[4]}, outputs={"Out": "float32"})
raw("v1_matmul_row", "matmul", inputs={"X": f32[4], "Y": f32[1, 4]}, outputs={"Out": "float32"}, attrs={"transpose_Y": True})
raw("v1_matmul_heads", "matmul", inputs={"X": f32["b", 3, 8], "Y": f32["b", 8, 5]}, outputs={"Out": "float32"}, attrs={"head_number": 4})
raw("v1_matmul_heads_matrix", "matmul", inputs={"X": f32["b", 8], "Y": f32[8, 5]}, outputs={"Out": "float32"}, attrs={"head_number": 2})
raw("v1_matmul_f64", "matmul", inputs={"X": f64["b", "n", 4], "Y": f64["b", 4, 5]}, outputs={"Out": "float64"}, attrs={"alpha": 2.0})

# --- mul, fc ----------------------------------------------------------------------------------------------------------
raw("mul", "mul", inputs={"X": f32["b", 4], "Y": param(np.random.randn(4, 5))}, outputs={"Out": "float32"})
raw("mul_flatten_x", "mul", inputs={"X": f32["b", 2, 3], "Y": f32[6, 5]}, outputs={"Out": "float32"})
raw("mul_x_num_col_dims_2", "mul", inputs={"X": f32["b", "n", 4], "Y": f32[4, 5]}, outputs={"Out": "float32"}, attrs={"x_num_col_dims": 2}, paddle_cannot={"pir": "its translation reshapes to two dynamic dimensions"})
raw("mul_x_num_col_dims_2_flatten", "mul", inputs={"X": f32["b", "n", 2, 3], "Y": f32[6, 5]}, outputs={"Out": "float32"}, attrs={"x_num_col_dims": 2}, paddle_cannot={"pir": "its translation reshapes to two dynamic dimensions"})
raw("mul_y_num_col_dims_2", "mul", inputs={"X": f32["b", 6], "Y": f32[2, 3, 5]}, outputs={"Out": "float32"}, attrs={"y_num_col_dims": 2})
raw("mul_y_rank3", "mul", inputs={"X": f32["b", "n", 4], "Y": f32[4, 2, 5]}, outputs={"Out": "float32"}, attrs={"x_num_col_dims": 2}, paddle_cannot={"pir": "its translation reshapes to two dynamic dimensions"})
raw("mul_y_dynamic", "mul", inputs={"X": f32["b", "n", 4], "Y": f32[2, 2, "m", 5]}, outputs={"Out": "float32"}, attrs={"x_num_col_dims": 2, "y_num_col_dims": 2}, paddle_cannot={"pir": "its translation reshapes to two dynamic dimensions"})
raw("mul_f64", "mul", inputs={"X": f64["b", 4], "Y": f64[4, 5]}, outputs={"Out": "float64"})
raw("fc", "fc", inputs={"Input": f32["b", 4], "W": param(np.random.randn(4, 5)), "Bias": param(np.random.randn(5))}, outputs={"Out": "float32"}, paddle_cannot={"pir": "it cannot read back the onednn_op.fc that it wrote"})
raw("fc_relu", "fc", inputs={"Input": f32["b", 2, 3], "W": param(np.random.randn(6, 5)), "Bias": param(np.random.randn(5))}, outputs={"Out": "float32"}, attrs={"activation_type": "relu"}, paddle_cannot={"pir": "it cannot read back the onednn_op.fc that it wrote"})
raw("fc_bias_row", "fc", inputs={"Input": f32["b", "n", 4], "W": param(np.random.randn(4, 5)), "Bias": param(np.random.randn(1, 5))}, outputs={"Out": "float32"}, attrs={"in_num_col_dims": 2}, paddle_cannot={"pir": "it cannot read back the onednn_op.fc that it wrote"})
raw("fc_no_bias", "fc", inputs={"Input": f32["b", "n", 4], "W": param(np.random.randn(4, 5))}, outputs={"Out": "float32"}, attrs={"in_num_col_dims": 2}, paddle_cannot={"pir": "it cannot read back the onednn_op.fc that it wrote"})
raw("fc_padded_weight", "fc", inputs={"Input": f32["b", 4], "W": param(np.random.randn(8, 9)), "Bias": param(np.random.randn(5))}, outputs={"Out": "float32"}, attrs={"padding_weights": True}, paddle_cannot={"pir": "it cannot read back the onednn_op.fc that it wrote"})
raw("fc_f64", "fc", inputs={"Input": f64["b", 4], "W": f64[4, 5], "Bias": f64[5]}, outputs={"Out": "float64"}, paddle_cannot={"pir": "it cannot read back the onednn_op.fc that it wrote"})

raw("fusion_repeated_fc_relu", "fusion_repeated_fc_relu", inputs={"X": f32["b", 6], "W": [param(np.random.randn(6, 5)), param(np.random.randn(5, 4)), param(np.random.randn(4, 3))], "Bias": [param(np.random.randn(5)), param(np.random.randn(4)), param(np.random.randn(3))]}, outputs={"ReluOut": ["float32", "float32"], "Out": "float32"})
raw("fusion_squared_mat_sub", "fusion_squared_mat_sub", inputs={"X": f32["b", 6], "Y": f32[6, 5]}, outputs={"SquaredX": "float32", "SquaredY": "float32", "SquaredXY": "float32", "Out": "float32"}, attrs={"scalar": 0.5})

# --- other products ---------------------------------------------------------------------------------------------------
case("bmm", paddle.bmm, x=f32["b", "n", 4], y=f32["b", 4, 5])
case("bmm_f64", paddle.bmm, x=f64["b", "n", 4], y=f64["b", 4, 5])
case("mv", paddle.mv, x=f32["n", 4], vec=f32[4])
case("mv_f64", paddle.mv, x=f64["n", 4], vec=f64[4])
case("dot", paddle.dot, x=f32["n"], y=f32["n"])
case("dot_rows", paddle.dot, x=f32["b", 4], y=f32["b", 4])
case("dot_i32", paddle.dot, x=i32["n"], y=i32["n"])
case("dot_i64", paddle.dot, x=i64["b", 4], y=i64["b", 4])
case("dot_f64", paddle.dot, x=f64["n"], y=f64["n"])
case("addmm", lambda i, x, y: paddle.addmm(i, x, y, beta=0.5, alpha=2.0), i=f32["b", 5], x=f32["b", 4], y=f32[4, 5])
case("addmm_row", lambda i, x, y: paddle.addmm(i, x, y), i=f32[1, 5], x=f32["b", 4], y=f32[4, 5])
case("addmm_vector", lambda i, x, y: paddle.addmm(i, x, y, beta=-1.0), i=f32[5], x=f32["b", 4], y=f32[4, 5])
case("addmm_f64", lambda i, x, y: paddle.addmm(i, x, y, beta=0.5), i=f64["b", 5], x=f64["b", 4], y=f64[4, 5])
case("multi_dot", lambda x, y, z: paddle.linalg.multi_dot([x, y, z]), x=f32["b", 4], y=f32[4, 5], z=f32[5, 2])
case("multi_dot_vectors", lambda x, y, z: paddle.linalg.multi_dot([x, y, z]), x=f32[4], y=f32[4, 5], z=f32[5])
case("kron", paddle.kron, x=f32["b", 3], y=f32[2, "n"])
case("kron_ranks", paddle.kron, x=f32["b", 2, 3], y=f32["n"])
case("kron_ranks_left", paddle.kron, x=f32["n"], y=f32["b", 2, 3])
case("kron_i64", paddle.kron, x=i64[2, 3], y=i64["n", 2])
case("cross", lambda x, y: paddle.cross(x, y, axis=1), x=f32["b", 3, 4], y=f32["b", 3, 4])
case("cross_negative_axis", lambda x, y: paddle.cross(x, y, axis=-1), x=f32["b", 4, 3], y=f32["b", 4, 3])
case("cross_first_of_three", paddle.cross, x=f32[4, 3, 3], y=f32[4, 3, 3])
case("cross_i32", lambda x, y: paddle.cross(x, y, axis=0), x=i32[3, "n"], y=i32[3, "n"])
case("dist", lambda x, y: paddle.dist(x, y), x=f32["b", 4], y=f32["b", 4])
case("dist_broadcast", lambda x, y: paddle.dist(x, y, 3), x=f32["b", 1, 4], y=f32[3, 1])
case("dist_p0", lambda x, y: paddle.dist(x, y, 0), x=f32["b", 4].ints(0, 3), y=f32["b", 4].ints(0, 3))
case("dist_p1", lambda x, y: paddle.dist(x, y, 1), x=f32["b", 4], y=f32["b", 4])
case("dist_inf", lambda x, y: paddle.dist(x, y, float("inf")), x=f32["b", 4], y=f32["b", 4])
case("dist_minus_inf", lambda x, y: paddle.dist(x, y, float("-inf")), x=f32["b", 4], y=f32["b", 4])
case("dist_fraction", lambda x, y: paddle.dist(x, y, 1.5), x=f64["b", 4], y=f64["b", 4])
case("bilinear", nn.Bilinear(3, 4, 5), x=f32["b", 3], y=f32["b", 4])
case("bilinear_no_bias", nn.Bilinear(3, 4, 5, bias_attr=False), x=f32["b", 3], y=f32["b", 4])
case("matrix_power", lambda x: paddle.linalg.matrix_power(x, 5), x=f32["b", 3, 3], paddle_cannot={"pir": "matrix_power wants a static batch"})
case("matrix_power_1", lambda x: paddle.linalg.matrix_power(x, 1), x=f64[3, 3])
case("matrix_power_fixed_batch", lambda x: paddle.linalg.matrix_power(x, 5), x=f32[2, 3, 3])
case("matrix_power_0", lambda x: paddle.linalg.matrix_power(x, 0), x=f32["b", 3, 3], opset=8, paddle_cannot={"pir": "matrix_power wants a static batch"})
case("matrix_power_negative", lambda x: paddle.linalg.matrix_power(x, -2), x=f32[3, 3].values(REGULAR[0][0, :3, :3]), opset=9)
case("inverse", paddle.inverse, x=f32["b", 4, 4].values(REGULAR), opset=9)
case("inverse_rank2", paddle.inverse, x=f32[3, 3].values([r[0, :3, :3] for r in REGULAR]), opset=9)
case("inverse_2", paddle.inverse, x=f32["b", 1, 2, 2].values([r[:, None, :2, :2] for r in REGULAR]), opset=9)
case("inverse_1", paddle.inverse, x=f32["b", 1, 1].range(1, 2), opset=9)
case("inverse_f64", paddle.inverse, x=f64["b", 4, 4].values(REGULAR), opset=9)
case("inverse_dynamic", paddle.inverse, x=f32["n", "n"], error="not known")
case("det_f64", paddle.linalg.det, x=f64["b", 3, 3], opset=11)
case("det", paddle.linalg.det, x=f32["b", 3, 3], opset=11)
case("det_rank2", paddle.linalg.det, x=f32[4, 4], opset=11)
case("slogdet", paddle.linalg.slogdet, x=f32["b", 3, 3], opset=11)
case("slogdet_rank2", paddle.linalg.slogdet, x=f32[3, 3], opset=11)

case("inner", paddle.inner, x=f32["b", 4], y=f32[5, 4])
case("inner_ranks", paddle.inner, x=f32["b", 3, 4], y=f32[4])
case("outer", paddle.outer, x=f32["n"], y=f32[4])
case("outer_flattens", paddle.outer, x=f32["b", 3], y=f32[2, 4])
case("tensordot", lambda x, y: paddle.tensordot(x, y, axes=2), x=f32["b", 3, 4], y=f32[3, 4, 5])
case("cosine_similarity", lambda x, y: F.cosine_similarity(x, y, axis=1), x=f32["b", 4], y=f32["b", 4])
case("cdist", lambda x, y: paddle.cdist(x, y), x=f32["b", 3, 4], y=f32["b", 5, 4])
case("cdist_p1", lambda x, y: paddle.cdist(x, y, p=1.0), x=f32["b", 3, 4], y=f32["b", 5, 4])

# --- einsum -----------------------------------------------------------------------------------------------------------
case("einsum_matmul", lambda x, y: paddle.einsum("ij,jk->ik", x, y), x=f32["b", 4], y=f32[4, 5], opset=12)
case("einsum_implicit", lambda x, y: paddle.einsum("bij,bjk", x, y), x=f32["b", 3, 4], y=f32["b", 4, 5], opset=12)
case("einsum_attention", lambda q, k: paddle.einsum("bqhd,bkhd->bhqk", q, k), q=f32["b", "n", 2, 4], k=f32["b", "m", 2, 4], opset=12)
case("einsum_ellipsis", lambda x, y: paddle.einsum("...ij,...jk->...ik", x, y), x=f32[2, 3, "n", 4], y=f32[3, 4, 5], opset=12)
case("einsum_transpose", lambda x: paddle.einsum("ijk->kij", x), x=f32["b", 3, "n"], opset=12)
case("einsum_sum", lambda x: paddle.einsum("ij->", x), x=f32["b", 4], opset=12)
case("einsum_outer", lambda x, y: paddle.einsum("i,j->ij", x, y), x=f32["n"], y=f32[4], opset=12)
case("einsum_three", lambda x, y, z: paddle.einsum("ij,jk,kl->il", x, y, z), x=f32["b", 4], y=f32[4, 5], z=f32[5, 2], opset=12)
case("einsum_trace", lambda x: paddle.einsum("ii->i", x), x=f32[4, 4], opset=12)
case("einsum_f64", lambda x, y: paddle.einsum("ij,kj->ik", x, y), x=f64["b", 4], y=f64[5, 4], opset=12)

# --- embeddings -------------------------------------------------------------------------------------------------------
case("embedding", nn.Embedding(10, 4), x=i64["b", "n"].ints(0, 10))
case("embedding_i32", nn.Embedding(10, 4), x=i32["b", "n"].ints(0, 10))
case("embedding_rank0", nn.Embedding(10, 4), x=i64[()].ints(0, 10))
case("embedding_rank1", nn.Embedding(10, 4), x=i64["n"].ints(0, 10))
case("embedding_rank3", nn.Embedding(10, 4), x=i64["b", 2, 3].ints(0, 10))
case("embedding_padding", nn.Embedding(10, 4, padding_idx=3), x=i64["b", "n"].ints(2, 5))
case("embedding_padding_negative", nn.Embedding(10, 4, padding_idx=-1), x=i64["b", "n"].ints(7, 10))
case("embedding_weight_given", lambda x, w: F.embedding(x, w), x=i64["b", "n"].ints(0, 6), w=f32[6, 4])
case("embedding_weight_given_padding", lambda x, w: F.embedding(x, w, padding_idx=1), x=i64["b", "n"].ints(0, 3), w=f32[6, 4])
case("embedding_f64", lambda x, w: F.embedding(x, w), x=i64["b", "n"].ints(0, 6), w=f64[6, 4])
raw("lookup_table_v2_f16", "lookup_table_v2", inputs={"Ids": i32["b", "n"].ints(0, 6), "W": f16[6, 4]}, outputs={"Out": "float16"})
raw("lookup_table_v2_first_row", "lookup_table_v2", inputs={"Ids": i64["b", "n"].ints(0, 3), "W": param(np.random.randn(6, 4))}, outputs={"Out": "float32"}, attrs={"padding_idx": 0})
raw("lookup_table_v2_last_row", "lookup_table_v2", inputs={"Ids": i64["b", "n"].ints(3, 6), "W": param(np.random.randn(6, 4))}, outputs={"Out": "float32"}, attrs={"padding_idx": 5})
raw("lookup_table_v1", "lookup_table", inputs={"Ids": i64["b", 1].ints(0, 6), "W": param(np.random.randn(6, 4))}, outputs={"Out": "float32"})
raw("lookup_table_v1_padding", "lookup_table", inputs={"Ids": i64["b", "n", 1].ints(0, 6), "W": param(np.random.randn(6, 4))}, outputs={"Out": "float32"}, attrs={"padding_idx": 2})

LINEAR_W, LINEAR_B = np.random.RandomState(4).randn(6, 4).astype("float32"), np.random.RandomState(5).randn(4).astype("float32")
raw("linear_v2", "linear_v2", inputs={"input": f32["b", "n", 6], "weight": param(LINEAR_W), "bias": param(LINEAR_B)}, outputs={"out": "float32"}, attrs={"transpose_weight": False}, expect={"pdmodel": lambda x: x @ LINEAR_W + LINEAR_B})
raw("linear_v2_transposed", "linear_v2", inputs={"input": f32["b", "n", 6], "weight": param(LINEAR_W.T.copy()), "bias": param(LINEAR_B)}, outputs={"out": "float32"}, attrs={"transpose_weight": True}, expect={"pdmodel": lambda x: x @ LINEAR_W + LINEAR_B})
case("baddbmm", lambda i, x, y: paddle._C_ops.baddbmm(i, x, y, 1.0, 1.0), i=f32["b", 3, 5], x=f32["b", 3, 4], y=f32["b", 4, 5], paddle_cannot={"pdmodel": "baddbmm came with Paddle 3"})
case("baddbmm_alpha_beta", lambda i, x, y: paddle._C_ops.baddbmm(i, x, y, 0.5, -2.0), i=f32["b", "n", 5], x=f32["b", "n", 4], y=f32["b", 4, 5], paddle_cannot={"pdmodel": "baddbmm came with Paddle 3"})
case("baddbmm_f64", lambda i, x, y: paddle._C_ops.baddbmm(i, x, y, 2.0, 3.0), i=f64["b", 3, 5], x=f64["b", 3, 4], y=f64["b", 4, 5], paddle_cannot={"pdmodel": "baddbmm came with Paddle 3"})
case("slogdet_v2", lambda x: paddle._C_ops.slogdet_v2(x), x=f32["b", 4, 4], opset=11, paddle_cannot={"pdmodel": "slogdet_v2 came with Paddle 3"})
case("slogdet_v2_rank2", lambda x: paddle._C_ops.slogdet_v2(x), x=f64[3, 3], opset=11, paddle_cannot={"pdmodel": "slogdet_v2 came with Paddle 3"})

# --- products of images, of ranks; with an activation
raw("raw_fsp", "fsp", inputs={"X": f32["b", 3, "h", "w"], "Y": f32["b", 6, "h", "w"]}, outputs={"Out": "float32"}, paddle_cannot={"pir": "it knows no such operator"})


# phi/kernels/fusion/gpu/fused_gemm_epilogue_kernel.cu. cuBLASLt's GELU is that by tanh: test/legacy_test/test_fused_gemm_epilogue_op.py.
def epilogue(x, y, bias, act):
    v = x @ y + bias
    return {"none": v, "relu": np.maximum(v, 0), "gelu": v / 2 * (1 + np.tanh((2 / np.pi) ** 0.5 * (v + 0.044715 * v**3)))}[act].astype("float32")


GEMM_WEIGHT, GEMM_BIAS = [np.random.RandomState(i).randn(*s).astype("float32") for i, s in enumerate([(4, 5), (5,)])]
raw("fused_gemm_epilogue", "fused_gemm_epilogue", inputs={"X": f32["b", "n", 4], "Y": param(GEMM_WEIGHT), "Bias": param(GEMM_BIAS)}, outputs={"Out": "float32"}, attrs={"trans_x": False, "trans_y": False, "activation": "none"}, expect=lambda x: epilogue(x, GEMM_WEIGHT, GEMM_BIAS, "none"), opset=7)
raw("fused_gemm_epilogue_relu", "fused_gemm_epilogue", inputs={"X": f32[4, "n"], "Y": param(GEMM_WEIGHT.T.copy()), "Bias": param(GEMM_BIAS)}, outputs={"Out": "float32"}, attrs={"trans_x": True, "trans_y": True, "activation": "relu"}, expect=lambda x: epilogue(x.T, GEMM_WEIGHT, GEMM_BIAS, "relu"), opset=7)
raw("fused_gemm_epilogue_gelu", "fused_gemm_epilogue", inputs={"X": f32["b", 4], "Y": param(GEMM_WEIGHT), "Bias": param(GEMM_BIAS)}, outputs={"Out": "float32"}, attrs={"trans_x": False, "trans_y": False, "activation": "gelu"}, expect=lambda x: epilogue(x, GEMM_WEIGHT, GEMM_BIAS, "gelu"), opset=7)
raw("fused_gemm_epilogue_transposed_rank4", "fused_gemm_epilogue", inputs={"X": f32[4, "b", 3, "n"], "Y": param(GEMM_WEIGHT), "Bias": param(GEMM_BIAS)}, outputs={"Out": "float32"}, attrs={"trans_x": True, "trans_y": False, "activation": "relu"}, expect=lambda x: epilogue(x.transpose(1, 2, 3, 0), GEMM_WEIGHT, GEMM_BIAS, "relu"), opset=7)


# phi/kernels/gpu/rank_attention_kernel.cu, phi/kernels/funcs/rank_attention.cu.h
def ranked(x, offsets, w):
    help, ranks = np.zeros((3, 8), "float32"), offsets[:, :1].astype("float32")
    out = np.zeros((len(x), w.shape[1]), "float32")
    for i, (own, *pairs) in enumerate(offsets):
        for k, (other, at) in enumerate(zip(pairs[::2], pairs[1::2])):
            if own > 0 and other > 0:
                help[i, k * 4 : k * 4 + 4] = x[at]
                place = (own - 1) * 2 + other - 1
                out[i] += x[at] @ w[place * x.shape[1]:][: x.shape[1]]
    return help, out, ranks


RANKED = {"X": f32[3, 4], "RankOffset": i32[3, 5].values([[1, 1, 0, 2, 2], [0, 1, 1, 0, 0], [2, 0, -1, 2, 1]]), "RankParam": f32[16, 5]}
raw("rank_attention", "rank_attention", inputs=RANKED, outputs={"InputHelp": "float32", "Out": "float32", "InsRank": "float32"}, attrs={"MaxRank": 2, "MaxSize": 0}, expect=ranked, opset=9)
raw("rank_attention_max_size", "rank_attention", inputs=RANKED, outputs={"InputHelp": "float32", "Out": "float32", "InsRank": "float32"}, attrs={"MaxRank": 2, "MaxSize": 5}, expect=ranked, error="max_size")
raw("rank_attention_max_size_unseen", "rank_attention", inputs=RANKED, outputs={"InputHelp": None, "Out": "float32", "InsRank": None}, attrs={"MaxRank": 2, "MaxSize": 5}, expect=lambda *x: ranked(*x)[1], opset=9)
case("embedding_scaled_gradient", lambda x, w: F.embedding(x, w, padding_idx=2, scale_grad_by_freq=True), x=i64["b", "n"].ints(0, 10), w=f32[10, 4], paddle_cannot={"pdmodel": "2.6 has no scale_grad_by_freq"})


# phi/kernels/fusion/fp8_gemm/fp8_gemm_with_cublasLt/cublaslt_gemm.h; files/write.py wrote it. cuBLAS's GELU has the tanh form.
def float8_products(x, y, bias):
    plain = 0.25 * x @ y.swapaxes(1, 2)
    z = plain + bias.astype("float32")
    return [v.astype("float16") for v in (plain, np.maximum(z, 0), z * 0.5 * (1 + np.tanh((2 / np.pi) ** 0.5 * (z + 0.044715 * z**3))))]


# Whole numbers to 16 are 8-bit floats.
saved("float8_gemm_pir", pathlib.Path(__file__).parents[1] / "files/float8_gemm", x=f32["b", "n", 16].ints(-4, 5), y=f32["b", 4, 16].ints(-4, 5), bias=f16[4], expect=float8_products, paddle_cannot={"pdmodel": "an operator of PIR alone"}, opset={"pir": 19})
