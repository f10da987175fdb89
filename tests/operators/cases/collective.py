"""Collective operators as the program of one rank holds them. Paddle's CPU has kernels for few of them."""
from dsl import *

NO_RANKS = {"ring_id": 0, "use_calc_stream": True}
MODEL = {**NO_RANKS, "use_model_parallel": True}
OUT = {"Out": "float32"}
out = {"out": "float32"}
LEGACY = {"pir": "Paddle 3 has no such operator"}
X = f32["b", 4, 6]


def one(x):
    return x


# --- identities -------------------------------------------------------------------------------------------------------
raw("identity", "c_identity", inputs={"X": X}, outputs=OUT, attrs=MODEL, expect=one)
raw("identity_i64", "c_identity", inputs={"X": i64["b", 6]}, outputs={"Out": "int64"}, attrs=MODEL, expect=one)
raw("sync_calc", "c_sync_calc_stream", inputs={"X": X}, outputs=OUT, expect=one)
raw("sync_comm", "c_sync_comm_stream", inputs={"X": [X]}, outputs={"Out": ["float32"]}, attrs={"ring_id": 0}, expect=one)
raw("wait_comm", "c_wait_comm", inputs={"X": [X]}, outputs={"Out": ["float32"]}, attrs={"ring_id": 0}, expect=one, paddle_cannot=LEGACY)
raw("wait_compute", "c_wait_compute", inputs={"X": [X, f32["b"]]}, outputs={"Out": ["float32", "float32"]}, attrs={"ring_id": 0}, expect=lambda x, y: (x, y), paddle_cannot=LEGACY)

# --- what one rank computes alone -------------------------------------------------------------------------------------
TABLE = param(np.random.RandomState(0).rand(5, 3).astype("float32"))
raw("embedding", "c_embedding", inputs={"W": TABLE, "Ids": i64["b", 4].ints(0, 5)}, outputs=OUT, attrs={"start_index": 0, "vocab_size": 5}, opset=9)
raw("embedding_of_second_rank", "c_embedding", inputs={"W": TABLE, "Ids": i64["b", 9].ints(0, 15)}, outputs=OUT, attrs={"start_index": 5, "vocab_size": 15}, opset=9)
raw("embedding_i32", "c_embedding", inputs={"W": TABLE, "Ids": i32["b", 9].ints(0, 15)}, outputs=OUT, attrs={"start_index": 10, "vocab_size": 15}, opset=9)
raw("embedding_f64", "c_embedding", inputs={"W": f64[5, 3], "Ids": i64["b"].ints(0, 15)}, outputs={"Out": "float64"}, attrs={"start_index": 3, "vocab_size": 15}, opset=9)
# phi/kernels/gpu/c_split_kernel.cu
raw("split", "c_split", inputs={"X": X}, outputs=OUT, attrs={"rank": 1, "nranks": 3, **MODEL}, expect=lambda x: x[..., 2:4])
raw("split_last", "c_split", inputs={"X": f32["b", 8]}, outputs=OUT, attrs={"rank": 1, "nranks": 2, **MODEL}, expect=lambda x: x[..., 4:])

# --- one rank, or refused ---------------------------------------------------------------------------------------------
raw("allgather_of_four", "c_allgather", inputs={"X": X}, outputs=OUT, attrs={"nranks": 4, **NO_RANKS}, expect=one, error="the tensors of 4 ranks", paddle_cannot=LEGACY)
raw("all_gather_of_one", "all_gather", inputs={"x": X}, outputs=out, attrs={"ring_id": 0, "nranks": 1}, expect=one)
raw("all_gather_of_none", "all_gather", inputs={"x": X}, outputs=out, attrs={"ring_id": 0, "nranks": 0}, expect=one, error="does not say of how many")
raw("reduce_scatter_of_one", "reduce_scatter", inputs={"x": X}, outputs=out, attrs={"ring_id": 0, "nranks": 1}, expect=one)
raw("reduce_scatter_of_two", "reduce_scatter", inputs={"x": X}, outputs=out, attrs={"ring_id": 0, "nranks": 2}, expect=one, error="the tensors of 2 ranks")
raw("reducescatter_of_one", "c_reducescatter", inputs={"X": X}, outputs=OUT, attrs={"nranks": 1, **NO_RANKS}, expect=one, paddle_cannot=LEGACY)
raw("dist_concat_of_one", "dist_concat", inputs={"x": X}, outputs=out, attrs={"ring_id": 0, "nranks": 1}, expect=one, paddle_cannot=LEGACY)
raw("dist_concat_of_two", "dist_concat", inputs={"x": X}, outputs=out, attrs={"ring_id": 0, "nranks": 2}, expect=one, error="the tensors of 2 ranks", paddle_cannot=LEGACY)

# --- never an identity ------------------------------------------------------------------------------------------------
RANKS = "the tensors of the program's other ranks"
raw("allreduce_sum", "c_allreduce_sum", inputs={"X": X}, outputs=OUT, attrs=MODEL, expect=one, error=RANKS)
raw("allreduce_max", "c_allreduce_max", inputs={"X": X}, outputs=OUT, attrs=MODEL, expect=one, error=RANKS, paddle_cannot=LEGACY)
raw("mp_allreduce_sum", "mp_allreduce_sum", inputs={"X": X}, outputs=OUT, attrs=NO_RANKS, expect=one, error=RANKS)
raw("all_reduce", "all_reduce", inputs={"x": X}, outputs=out, attrs={"ring_id": 0, "reduce_type": 0}, expect=one, error=RANKS)
raw("broadcast", "broadcast", inputs={"x": X}, outputs=out, attrs={"ring_id": 0, "root": 0}, expect=one, error=RANKS)
raw("c_broadcast", "c_broadcast", inputs={"X": X}, outputs=OUT, attrs={"root": 0, **NO_RANKS}, expect=one, error=RANKS, paddle_cannot=LEGACY)
raw("reduce_sum", "c_reduce_sum", inputs={"X": X}, outputs=OUT, attrs={"root_id": 0, **NO_RANKS}, expect=one, error=RANKS, paddle_cannot=LEGACY)
raw("alltoall", "alltoall", inputs={"X": X}, outputs=OUT, attrs=NO_RANKS, expect=one, error=RANKS, paddle_cannot=LEGACY)
raw("barrier", "barrier", inputs={"X": X}, outputs=OUT, attrs={"ring_id": 0}, expect=one, error="distributed: it connects processes")
raw("received", "recv_v2", inputs={}, outputs=OUT, attrs={"ring_id": 0, "peer": 1, "dtype": 5, "out_shape": [2, 3], "use_calc_stream": True, "dynamic_shape": False}, expect=lambda: np.zeros((2, 3)), error="distributed: it connects processes")
raw("concat_of_two", "c_concat", inputs={"X": X}, outputs=OUT, attrs={"rank": 0, "nranks": 2, **MODEL}, expect=one, error=RANKS)
raw("scatter_of_two", "c_scatter", inputs={"X": X}, outputs=OUT, attrs={"root": 0, "nranks": 2, **NO_RANKS}, expect=one, error=RANKS)
raw("partial_allgather_of_two", "partial_allgather", inputs={"X": X}, outputs=OUT, attrs={"rank": 0, "nranks": 2, **NO_RANKS}, expect=one, error=RANKS)
