"""Messages along the edges of graphs, lists of neighbours."""
import paddle
from dsl import *

G = paddle.geometric
# Five edges between four nodes, seven between six. Two edges lead to one node, to the last one leads none.
SRC = [np.array([0, 2, 1, 3, 0]), np.array([5, 0, 1, 2, 2, 4, 3])]
DST = [np.array([1, 1, 0, 2, 2]), np.array([1, 0, 4, 4, 4, 2, 1])]
S, D = i64["e"].values(SRC), i64["e"].values(DST)
S32, D32 = i32["e"].values(SRC), i32["e"].values(DST)
X = f32["v", 3]
SIZES = [{"v": 4, "e": 5}, {"v": 6, "e": 7}]
OUT = {"Out": "float32", "Dst_count": None}

# --- send_u_recv ------------------------------------------------------------------------------------------------------
case("u_sum", lambda x, s, d: G.send_u_recv(x, s, d), x=X, s=S, d=D, sizes=SIZES, opset=16)
case("u_mean", lambda x, s, d: G.send_u_recv(x, s, d, "mean"), x=X, s=S, d=D, sizes=SIZES, opset=16)
case("u_max", lambda x, s, d: G.send_u_recv(x, s, d, "max"), x=X, s=S, d=D, sizes=SIZES, opset=18)
case("u_min", lambda x, s, d: G.send_u_recv(x, s, d, "min"), x=X, s=S, d=D, sizes=SIZES, opset=18)
case("u_max_below_zero", lambda x, s, d: G.send_u_recv(x, s, d, "max"), x=X.range(-3, -1), s=S, d=D, sizes=SIZES, opset=18)
case("u_min_above_zero", lambda x, s, d: G.send_u_recv(x, s, d, "min"), x=X.range(1, 3), s=S, d=D, sizes=SIZES, opset=18)
case("u_sum_i32_indices", lambda x, s, d: G.send_u_recv(x, s, d), x=X, s=S32, d=D32, sizes=SIZES, opset=16)
case("u_mean_i32_indices", lambda x, s, d: G.send_u_recv(x, s, d, "mean"), x=X, s=S32, d=D32, sizes=SIZES, opset=16)
case("u_sum_f64", lambda x, s, d: G.send_u_recv(x, s, d), x=f64["v", 3], s=S, d=D, sizes=SIZES, opset=16)
case("u_mean_i32", lambda x, s, d: G.send_u_recv(x, s, d, "mean"), x=i32["v", 3], s=S, d=D, sizes=SIZES, opset=16)
case("u_mean_i64", lambda x, s, d: G.send_u_recv(x, s, d, "mean"), x=i64["v", 3], s=S, d=D, sizes=SIZES, opset=16)
case("u_max_i64", lambda x, s, d: G.send_u_recv(x, s, d, "max"), x=i64["v", 3], s=S, d=D, sizes=SIZES, opset=18)
case("u_min_i32", lambda x, s, d: G.send_u_recv(x, s, d, "min"), x=i32["v", 3], s=S, d=D, sizes=SIZES, opset=18)
case("u_sum_rank1", lambda x, s, d: G.send_u_recv(x, s, d), x=f32["v"], s=S, d=D, sizes=SIZES, opset=16)
case("u_mean_rank1", lambda x, s, d: G.send_u_recv(x, s, d, "mean"), x=f32["v"], s=S, d=D, sizes=SIZES, opset=16)
case("u_mean_rank3", lambda x, s, d: G.send_u_recv(x, s, d, "mean"), x=f32["v", 2, "w"], s=S, d=D, sizes=SIZES, opset=16)
case("u_max_rank3", lambda x, s, d: G.send_u_recv(x, s, d, "max"), x=f32["v", 2, 3], s=S, d=D, sizes=SIZES, opset=18)
case("u_sum_static", lambda x, s, d: G.send_u_recv(x, s, d), x=f32[4, 3], s=i64[5].values(SRC[0]), d=i64[5].values(DST[0]), opset=16)
case("u_sum_fewer", lambda x, s, d: G.send_u_recv(x, s, d, out_size=5), x=f32["v", 3], s=S, d=D, sizes=SIZES, opset=16)
case("u_mean_more", lambda x, s, d: G.send_u_recv(x, s, d, "mean", out_size=9), x=f32["v", 3], s=S, d=D, sizes=SIZES, opset=16)
case("u_max_more", lambda x, s, d: G.send_u_recv(x, s, d, "max", out_size=9), x=f32["v", 3], s=S, d=D, sizes=SIZES, opset=18)
case("u_size_zero", lambda x, s, d: G.send_u_recv(x, s, d, out_size=0), x=f32["v", 3], s=S, d=D, sizes=SIZES, opset=16)
case("u_size_tensor", lambda x, s, d, n: G.send_u_recv(x, s, d, out_size=n), x=f32["v", 3], s=S, d=D, n=i32_value([5], [8]), sizes=SIZES, opset=16)
case("u_size_tensor_i64", lambda x, s, d, n: G.send_u_recv(x, s, d, "mean", out_size=n), x=f32["v", 3], s=S, d=D, n=i64_value([5], [8]), sizes=SIZES, opset=16)
case("u_size_tensor_zero", lambda x, s, d, n: G.send_u_recv(x, s, d, "min", out_size=n), x=f32["v", 3], s=S, d=D, n=i32_value([0], [7]), sizes=SIZES, opset=18)
case("u_no_edges", lambda x, s, d: G.send_u_recv(x, s, d), x=f32["v", 3], s=i64["e"].ints(0, 1), d=i64["e"].ints(0, 1), sizes=[{"v": 4, "e": 0}, {"v": 4, "e": 3}], opset=16)
case("u_sum_nonfinite", lambda x, s, d: G.send_u_recv(x, s, d), x=X.infinite(), s=S, d=D, sizes=SIZES, opset=16)
case("u_layer", lambda x, s, d: paddle.nn.functional.relu(G.send_u_recv(paddle.matmul(x, x, transpose_y=True), s, d, "mean")), x=X, s=S, d=D, sizes=SIZES, opset=16)
raw("raw_count", "graph_send_recv", inputs={"X": X, "Src_index": S, "Dst_index": D}, outputs={"Out": "float32", "Dst_count": "int32"}, attrs={"reduce_op": "MEAN", "out_size": [0]}, sizes=SIZES, opset=16)
raw("raw_count_of_sum", "graph_send_recv", inputs={"X": X, "Src_index": S, "Dst_index": D}, outputs={"Out": "float32", "Dst_count": "int32"}, attrs={"reduce_op": "SUM", "out_size": [0]}, sizes=SIZES, expect=lambda x, s, d: (x, s), error="leaves without a value")
raw("raw_columns", "graph_send_recv", inputs={"X": X, "Src_index": i64[5, 1].values(SRC[0][:, None]), "Dst_index": i64[5, 1].values(DST[0][:, None])}, outputs=OUT, attrs={"reduce_op": "SUM", "out_size": [0]}, sizes=[{"v": 4}, {"v": 6}], opset=16)



# Halves: on GPUs alone.
def received(x, s, d, mean=False, y=0):
    out, count = np.zeros(x.shape, "float32"), np.zeros(len(x))
    np.add.at(out, d, x[s].astype("float32") + y)
    np.add.at(count, d, 1)
    return (out / np.maximum(count, 1)[:, None] if mean else out).astype(x.dtype)


def greatest(x, s, d):
    out = np.zeros_like(x)
    np.maximum.at(out, d, x[s])
    return out


HALF = f16["v", 3]
case("u_sum_f16", lambda x, s, d: G.send_u_recv(x, s, d), x=HALF, s=S, d=D, sizes=SIZES, opset=16, expect=received)
case("u_mean_f16", lambda x, s, d: G.send_u_recv(x, s, d, "mean"), x=HALF, s=S, d=D, sizes=SIZES, opset=16, expect=lambda x, s, d: received(x, s, d, True))
case("ue_add_f16", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "add", "sum"), x=HALF, y=f16["e", 3], s=S, d=D, sizes=SIZES, opset=16, expect=lambda x, y, s, d: received(x, s, d, y=y))
case("u_max_f16", lambda x, s, d: G.send_u_recv(x, s, d, "max"), x=HALF.range(1, 9), s=S, d=D, sizes=SIZES, opset=18, expect=greatest)
case("uv_mul_f16", lambda x, y, s, d: G.send_uv(x, y, s, d, "mul"), x=HALF, y=HALF, s=S, d=D, sizes=SIZES, expect=lambda x, y, s, d: x[s] * y[d])

# --- send_ue_recv -----------------------------------------------------------------------------------------------------
case("ue_add_sum", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "add", "sum"), x=X, y=f32["e", 3], s=S, d=D, sizes=SIZES, opset=16)
case("ue_sub_mean", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "sub", "mean"), x=X, y=f32["e", 3], s=S, d=D, sizes=SIZES, opset=16)
case("ue_mul_max", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "mul", "max"), x=X, y=f32["e", 3], s=S, d=D, sizes=SIZES, opset=18)
case("ue_div_min", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "div", "min"), x=X, y=f32["e", 3].range(1, 2), s=S, d=D, sizes=SIZES, opset=18)
case("ue_mul_mean", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "mul", "mean"), x=X, y=f32["e", 3], s=S, d=D, sizes=SIZES, opset=16)
case("ue_add_min", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "add", "min"), x=X, y=f32["e", 3], s=S, d=D, sizes=SIZES, opset=18)
case("ue_edge_numbers", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "mul", "sum"), x=X, y=f32["e"], s=S, d=D, sizes=SIZES, opset=16)
case("ue_edge_columns", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "mul", "max"), x=X, y=f32["e", 1], s=S, d=D, sizes=SIZES, opset=18)
case("ue_node_numbers", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "add", "mean"), x=f32["v"], y=f32["e", 3], s=S, d=D, sizes=SIZES, opset=16)
case("ue_numbers", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "add", "sum"), x=f32["v"], y=f32["e"], s=S, d=D, sizes=SIZES, opset=16)
case("ue_heads", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "mul", "sum"), x=f32["v", 2, 3], y=f32["e", 2, 1], s=S, d=D, sizes=SIZES, opset=16)
case("ue_both_broadcast", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "add", "max"), x=f32["v", 2, 1], y=f32["e", 1, 3], s=S, d=D, sizes=SIZES, opset=18)
case("ue_rank_differs", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "mul", "sum"), x=f32["v", 2, 3], y=f32["e", 3], s=S, d=D, sizes=SIZES, opset=16)
case("ue_i32", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "sub", "mean"), x=i32["v", 3], y=i32["e", 3], s=S32, d=D32, sizes=SIZES, opset=16)
case("ue_i64", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "mul", "min"), x=i64["v", 3], y=i64["e", 3], s=S, d=D, sizes=SIZES, opset=18)
case("ue_f64", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "mul", "sum"), x=f64["v", 3], y=f64["e", 3].range(1, 2), s=S, d=D, sizes=SIZES, opset=16)
case("ue_size", lambda x, y, s, d: G.send_ue_recv(x, y, s, d, "add", "mean", out_size=8), x=X, y=f32["e", 3], s=S, d=D, sizes=SIZES, opset=16)
case("ue_size_tensor", lambda x, y, s, d, n: G.send_ue_recv(x, y, s, d, "add", "max", out_size=n), x=X, y=f32["e", 1], s=S, d=D, n=i32_value([5], [9]), sizes=SIZES, opset=18)
raw("raw_ue_count", "graph_send_ue_recv", inputs={"X": X, "Y": f32["e", 3], "Src_index": S, "Dst_index": D}, outputs={"Out": "float32", "Dst_count": "int32"}, attrs={"message_op": "MUL", "reduce_op": "MEAN", "out_size": [7]}, sizes=SIZES, opset=16)

# --- send_uv ----------------------------------------------------------------------------------------------------------
case("uv_add", lambda x, y, s, d: G.send_uv(x, y, s, d, "add"), x=X, y=X, s=S, d=D, sizes=SIZES)
case("uv_sub", lambda x, y, s, d: G.send_uv(x, y, s, d, "sub"), x=X, y=X, s=S, d=D, sizes=SIZES)
case("uv_mul", lambda x, y, s, d: G.send_uv(x, y, s, d, "mul"), x=X, y=X, s=S32, d=D32, sizes=SIZES)
case("uv_div", lambda x, y, s, d: G.send_uv(x, y, s, d, "div"), x=X, y=X.range(1, 2), s=S, d=D, sizes=SIZES, opset=8)
case("uv_numbers", lambda x, y, s, d: G.send_uv(x, y, s, d, "mul"), x=f32["v"], y=X, s=S, d=D, sizes=SIZES)
case("uv_broadcast", lambda x, y, s, d: G.send_uv(x, y, s, d, "add"), x=f32["v", 2, 1], y=f32["v", 1, 3], s=S, d=D, sizes=SIZES)
case("uv_rank_differs", lambda x, y, s, d: G.send_uv(x, y, s, d, "mul"), x=f32["v", 3], y=f32["v", 2, 3], s=S, d=D, sizes=SIZES)
case("uv_i64", lambda x, y, s, d: G.send_uv(x, y, s, d, "sub"), x=i64["v", 3], y=i64["v", 3], s=S, d=D, sizes=SIZES)
case("uv_i32", lambda x, y, s, d: G.send_uv(x, y, s, d, "mul"), x=i32["v", 3], y=i32["v", 3], s=S, d=D, sizes=SIZES)
case("uv_f64", lambda x, y, s, d: G.send_uv(x, y, s, d, "add"), x=f64["v", 3], y=f64["v", 3], s=S, d=D, sizes=SIZES)

# --- neighbours -------------------------------------------------------------------------------------------------------
# What the neighbours of nodes 0, 1, … are: node i's are 10 · i and the numbers behind it.
DEGREES = np.array([2, 0, 5, 3, 1])
ROW = np.concatenate([10 * i + np.arange(n) for i, n in enumerate(DEGREES)])
COLPTR = np.cumsum([0, *DEGREES])
ROW64, COL64 = i64[11].values(ROW), i64[6].values(COLPTR)
NODES = i64["n"].values([np.array([2, 0]), np.array([3, 1, 4, 2])])
N = [{"n": 2}, {"n": 4}]


WEIGHT = f32[11].range(0.5, 4)
NO_KERNEL = {28: "ONNX Runtime has no kernels for the random operators as opset 22 defines them"}


def every(row, colptr, nodes):
    lists = [row[colptr[i] : colptr[i + 1]] for i in nodes]
    return np.concatenate(lists), np.array([len(found) for found in lists], "int32")


def sure(sample):
    """What is sure of a sample: whose neighbours they are, how many, and that none comes twice."""
    found, count = sample
    return found // 10, count, paddle.numel(paddle.unique(found))


def often(found):
    """How often each of node 2's five neighbours comes, in tenths of all, rounded: far enough from a half."""
    return paddle.floor(paddle.bincount(found - 20, minlength=5).astype("float32") * 10 / paddle.numel(found).astype("float32") + 0.7)


def aggregate(src, dst, nodes):
    return G.send_u_recv(nodes.astype("float32").unsqueeze(-1), src, dst, "mean")


# All of them: Paddle's kernel for CPUs fails, that for GPUs (phi/kernels/gpu/graph_sample_neighbors_kernel.cu) does it.
case("neighbors_all", lambda r, c, x: G.sample_neighbors(r, c, x), r=ROW64, c=COL64, x=NODES, sizes=N, opset=11, expect=every)
case("weighted_all", lambda r, c, w, x: G.weighted_sample_neighbors(r, c, w, x), r=ROW64, c=COL64, w=WEIGHT, x=NODES, sizes=N, opset=11, expect=lambda r, c, w, x: every(r, c, x))
case("neighbors_enough", lambda r, c, x: G.sample_neighbors(r, c, x, 5), r=ROW64, c=COL64, x=NODES, sizes=N, opset=11, skip_run=NO_KERNEL)
case("neighbors_i32", lambda r, c, x: G.sample_neighbors(r, c, x, 9), r=i32[11].values(ROW), c=i32[6].values(COLPTR), x=i32["n"].values([np.array([2, 0]), np.array([3, 1, 4, 2])]), sizes=N, opset=11, skip_run=NO_KERNEL)
case("neighbors_eids", lambda r, c, x, e: G.sample_neighbors(r, c, x, 9, eids=e, return_eids=True), r=ROW64, c=COL64, x=NODES, e=i64[11], sizes=N, opset=11, skip_run=NO_KERNEL)
case("neighbors_columns", lambda r, c, x: G.sample_neighbors(r, c, x, 9), r=i64[11, 1].values(ROW[:, None]), c=i64[6, 1].values(COLPTR[:, None]), x=NODES, sizes=N, opset=11, skip_run=NO_KERNEL)
case("neighbors_sampled", lambda r, c, x: sure(G.sample_neighbors(r, c, x, 2)), r=ROW64, c=COL64, x=NODES, sizes=N, opset=11, skip_run=NO_KERNEL)
case("neighbors_sampled_none", lambda r, c, x: G.sample_neighbors(r, c, x, 0), r=ROW64, c=COL64, x=NODES, sizes=N, opset=11, skip_run=NO_KERNEL)
case("neighbors_of_none", lambda r, c, x: G.sample_neighbors(r, c, x, 3), r=ROW64, c=COL64, x=i64["n"].values([np.array([1]), np.array([1, 1])]), sizes=[{"n": 1}, {"n": 2}], opset=11, skip_run=NO_KERNEL)
case("neighbors_moments", lambda r, c, x: often(G.sample_neighbors(r, c, x, 2)[0]), r=ROW64, c=COL64, x=i64[4000].values(np.full(4000, 2)), opset=11, skip_run=NO_KERNEL)
case("weighted_enough", lambda r, c, w, x: G.weighted_sample_neighbors(r, c, w, x, 5), r=ROW64, c=COL64, w=WEIGHT, x=NODES, sizes=N, opset=11, skip_run=NO_KERNEL)
case("weighted_eids", lambda r, c, w, x, e: G.weighted_sample_neighbors(r, c, w, x, 5, eids=e, return_eids=True), r=ROW64, c=COL64, w=WEIGHT, x=NODES, e=i64[11], sizes=N, opset=11, skip_run=NO_KERNEL)
case("weighted_sampled", lambda r, c, w, x: sure(G.weighted_sample_neighbors(r, c, w, x, 2)), r=ROW64, c=COL64, w=WEIGHT, x=NODES, sizes=N, opset=11, skip_run=NO_KERNEL)
case("weighted_moments", lambda r, c, w, x: often(G.weighted_sample_neighbors(r, c, w, x, 1)[0]), r=ROW64, c=COL64, w=f32[11].values([1, 1, 1, 2, 3, 4, 10, 1, 1, 1, 1]), x=i64[20000].values(np.full(20000, 2)), opset=11, skip_run=NO_KERNEL)
case("weighted_tiny_weights", lambda r, c, w, x: sure(G.weighted_sample_neighbors(r, c, w, x, 2)), r=ROW64, c=COL64, w=f32[11].values(np.full(11, 1e-8)), x=NODES, sizes=N, opset=11, skip_run=NO_KERNEL)

# --- neighbours of neighbours -----------------------------------------------------------------------------------------
# fluid/operators/graph_khop_sampler_op.cu: where nobody has more neighbours than are drawn.
def rounds(row, colptr, x, count, eids=None):
    nodes = x[np.concatenate([[True], x[1:] != x[:-1]])]
    targets, owners, edges = [], [], []
    for _ in range(count):
        found = [np.arange(colptr[i], colptr[i + 1]) for i in nodes]
        targets += list(nodes)
        owners += [i for i, f in zip(nodes, found) for _ in f]
        edges += list(np.concatenate([*found, []]).astype(int))
        nodes = np.setdiff1d(row[np.concatenate([*found, []]).astype(int)], nodes)
    order = list(dict.fromkeys([*targets, *row[edges]]))
    number = np.vectorize(order.index, otypes=["int64"])
    results = number(row[edges])[:, None], number(owners)[:, None], np.array(order), number(x)
    results = [r.astype(row.dtype) for r in results]
    return results if eids is None else [*results, eids[edges]]


K = paddle.incubate.graph_khop_sampler
LINKS = i64[11].values([0, 2, 2, 4, 1, 3, 0, 3, 0, 2, 4])
PATH, PATH_LIMITS = i64[9].values([1, 2, 0, 3, 4, 3, 5, 6, 4]), i64[8].values([0, 2, 3, 4, 6, 7, 8, 9])
STARTS = i64["n"].values([np.array([0, 3]), np.array([4, 2, 0])])
case("khop_one", lambda r, c, x: K(r, c, x, [9]), r=LINKS, c=COL64, x=STARTS, sizes=[{"n": 2}, {"n": 3}], opset=11, skip_run=NO_KERNEL)
case("khop_one_all", lambda r, c, x: K(r, c, x, [-1]), r=LINKS, c=COL64, x=STARTS, sizes=[{"n": 2}, {"n": 3}], opset=11, expect=lambda r, c, x: rounds(r, c, x, 1))
case("khop_two", lambda r, c, x: K(r, c, x, [-1, -1]), r=LINKS, c=COL64, x=STARTS, sizes=[{"n": 2}, {"n": 3}], opset=11, expect=lambda r, c, x: rounds(r, c, x, 2))
case("khop_four", lambda r, c, x: K(r, c, x, [-1, 5, -1, 5]), r=PATH, c=PATH_LIMITS, x=i64["n"].values([np.array([0]), np.array([6, 1])]), sizes=[{"n": 1}, {"n": 2}], opset=11, skip_run=NO_KERNEL, expect=lambda r, c, x: rounds(r, c, x, 4))
case("khop_back_and_forth", lambda r, c, x: K(r, c, x, [-1, -1, -1]), r=i32[4].values([1, 0, 2, 1]), c=i32[4].values([0, 1, 3, 4]), x=i32[1].values([0]), opset=11, expect=lambda r, c, x: rounds(r, c, x, 3))
case("khop_eids", lambda r, c, x, e: K(r, c, x, [-1, -1], sorted_eids=e, return_eids=True), r=LINKS, c=COL64, x=i64[3].values([3, 3, 0]), e=i64[11], opset=11, expect=lambda r, c, x, e: rounds(r, c, x, 2, e))

# --- new numbers ------------------------------------------------------------------------------------------------------
REINDEX = {"x": i64["n"].values([np.array([0, 1, 2]), np.array([7, 3])]), "near": i64["e"].values([np.array([8, 9, 0, 4, 7, 6, 7]), np.array([3, 5, 9, 5])]), "count": i32["n"].values([np.array([2, 3, 2]), np.array([0, 4])])}
BOTH = [{"n": 3, "e": 7}, {"n": 2, "e": 4}]
case("reindex", lambda x, near, count: G.reindex_graph(x, near, count), **REINDEX, sizes=BOTH, opset=11)
case("reindex_no_neighbors", lambda x, near, count: G.reindex_graph(x, near, count), x=i64[3].values([4, 9, 2]), near=i64["e"].values([np.array([], "int64"), np.array([7, 2])]), count=i32[3].values([np.array([0, 0, 0]), np.array([0, 2, 0])]), sizes=[{"e": 0}, {"e": 2}], opset=11)
case("reindex_i32", lambda x, near, count: G.reindex_graph(x, near, count), x=i32[3].values([5, 1, 2]), near=i32[4].values([1, 9, 5, 9]), count=i32[3].values([1, 1, 2]), opset=11)
case("reindex_buffers", lambda x, near, count, v, i: G.reindex_graph(x, near, count, v, i), **REINDEX, v=i32[10].values(np.full(10, -1)), i=i32[10].values(np.full(10, -1)), sizes=BOTH, opset=11)
case("reindex_two_kinds", lambda x, n1, c1, n2, c2: paddle.geometric.reindex_heter_graph(x, [n1, n2], [c1, c2]), x=i64[3].values([0, 1, 2]), n1=i64[7].values([8, 9, 0, 4, 7, 6, 7]), c1=i32[3].values([2, 3, 2]), n2=i64[5].values([0, 2, 3, 5, 1]), c2=i32[3].values([1, 3, 1]), opset=11)
case("reindex_messages", lambda x, near, count: aggregate(*G.reindex_graph(x, near, count)), **REINDEX, sizes=BOTH, opset=16)
