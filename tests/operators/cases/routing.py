"""How tokens find their experts. The kernels are for GPUs alone: the rows say what they compute (phi/kernels/gpu/{number_count,
limit_by_capacity,prune_gate_by_capacity,assign_pos,random_routing}_kernel.cu), token by token."""
from dsl import *

OUT = {"Out": "int64"}
GATE = i64["n"].values([np.array([1, 3, 3, 3, -1, 2, 1, 1]), np.array([0, 0, 2, 0, 1])])
SIZES = [{"n": 8}, {"n": 5}]


def count(numbers, upper=4):
    return np.array([(numbers == i).sum() for i in range(upper)], numbers.dtype)


def limited(counts, capacity, workers):
    left, result = capacity.copy(), []
    for row in counts.reshape(workers, -1):
        result.append(np.where(left >= row, row, np.maximum(left, 0)))
        left = left - row
    return np.concatenate(result)


def pruned(gate, capacity):
    left, result = capacity.copy(), []
    for token in gate.ravel():
        result.append(token if token >= 0 and left[token] > 0 else -1)
        if token >= 0:
            left[token] -= 1
    return np.array(result).reshape(gate.shape)


def places(numbers, ends, size):
    left, result = ends.copy(), np.zeros(int(np.ravel(size)[0]), "int64")
    for i, token in enumerate(numbers.ravel()):
        if token >= 0:
            left[token] -= 1
            result[left[token]] = i
    return result


def routed(prob, value, choice):
    result = choice.copy()
    result[:, 1] = np.where(2 * value[:, 1] < prob, -1, choice[:, 1])
    return result


raw("count", "number_count", inputs={"numbers": GATE}, outputs=OUT, attrs={"upper_range": 4}, sizes=SIZES, expect=count)
raw("count_choices", "number_count", inputs={"numbers": i64["n", 2].ints(-1, 6)}, outputs=OUT, attrs={"upper_range": 6}, expect=lambda x: count(x, 6))
raw("count_none", "number_count", inputs={"numbers": i64["n"]}, outputs=OUT, attrs={"upper_range": 0}, expect=count, error="an upper_range of 0")
raw("limit", "limit_by_capacity", inputs={"expert_count": i64[6].ints(0, 9), "capacity": i64[6].ints(0, 9)}, outputs=OUT, attrs={"n_worker": 1}, opset=9, expect=lambda c, n: limited(c, n, 1))
raw("limit_open", "limit_by_capacity", inputs={"expert_count": i64["n"].ints(0, 9), "capacity": i64["n"].ints(-2, 9)}, outputs=OUT, attrs={"n_worker": 1}, opset=9, expect=lambda c, n: limited(c, n, 1))
raw("limit_workers", "limit_by_capacity", inputs={"expert_count": i64[12].ints(0, 9), "capacity": i64[4].ints(0, 20)}, outputs=OUT, attrs={"n_worker": 3}, opset=11, expect=lambda c, n: limited(c, n, 3))
raw("prune", "prune_gate_by_capacity", inputs={"GateIdx": GATE, "ExpertCount": i64[4].values([2, 2, 1, 1])}, outputs={"NewGateIdx": "int64"}, attrs={"n_expert": 4, "n_worker": 1}, sizes=SIZES, opset=11, expect=pruned)
raw("prune_none", "prune_gate_by_capacity", inputs={"GateIdx": i64["n"].ints(0, 3), "ExpertCount": i64[3].values([0, 9, 9])}, outputs={"NewGateIdx": "int64"}, attrs={"n_expert": 3, "n_worker": 1}, opset=11, expect=pruned)
raw("places", "assign_pos", inputs={"X": GATE, "cum_count": i64[4].values([np.array([0, 3, 4, 7]), np.array([3, 4, 5, 5])]), "eff_num_len": i64[1].values([np.array([7]), np.array([5])])}, outputs=OUT, sizes=SIZES, opset=11, expect=places)
raw("places_i32", "assign_pos", inputs={"X": i32[3, 2].values([[0, 1], [1, -1], [0, 1]]), "cum_count": i64[2].values([2, 5]), "eff_num_len": i64[1].values([5])}, outputs=OUT, opset=11, expect=places)
raw("route", "random_routing", inputs={"Prob": f32["n"].range(0, 1), "TopK_Value": f32["n", 2].range(0, 1), "TopK_Idx": i64["n", 2].ints(0, 8)}, outputs=OUT, opset=9, expect=routed)
raw("route_f64", "random_routing", inputs={"Prob": f64["n"].range(0, 1), "TopK_Value": f64["n", 2].range(0, 1), "TopK_Idx": i64["n", 2].ints(0, 8)}, outputs=OUT, opset=9, expect=routed)
