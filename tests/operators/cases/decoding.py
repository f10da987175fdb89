import paddle
import paddle.nn.functional as F
from dsl import *

case("gather_tree", F.gather_tree, ids=i64["t", "b", 3].ints(0, 9), parents=i64["t", "b", 3].ints(0, 3), opset=11)
case("gather_tree_i32", F.gather_tree, ids=i32[4, "b", 3].ints(0, 9), parents=i32[4, "b", 3].ints(0, 3), opset=11)
case("gather_tree_one_step", F.gather_tree, ids=i64[1, "b", 3].ints(0, 9), parents=i64[1, "b", 3].ints(0, 3), opset=11)
case("viterbi", lambda x, t, n: paddle.text.viterbi_decode(x, t, n), x=f32["b", "t", 5], t=f32[5, 5], n=i64["b"].values([np.array([4, 2]), np.array([3, 1, 6])]), sizes=[{"b": 2, "t": 4}, {"b": 3, "t": 6}], opset=11)
case("viterbi_without_tags", lambda x, t, n: paddle.text.viterbi_decode(x, t, n, False), x=f32["b", 6, 4], t=f32[4, 4], n=i64["b"].values([np.array([6, 2]), np.array([3, 1, 6])]), opset=11)
case("viterbi_shorter_than_padded", lambda x, t, n: paddle.text.viterbi_decode(x, t, n), x=f32[2, 7, 4], t=f32[4, 4], n=i64[2].values([3, 5]), opset=11)
case("viterbi_f64", lambda x, t, n: paddle.text.viterbi_decode(x, t, n), x=f64[2, 5, 4], t=f64[4, 4], n=i64[2].values([5, 5]), opset=11)
case("viterbi_ties", lambda x, t, n: paddle.text.viterbi_decode(x, t, n), x=f32[2, 5, 4].ints(0, 2), t=f32[4, 4].ints(0, 2), n=i64[2].values([5, 4]), opset=11)
raw("raw_crf", "crf_decoding", inputs={"Emission": f32["b", 6, 4], "Transition": f32[6, 4], "Length": i64["b", 1].ints(1, 6)}, outputs={"ViterbiPath": "int64"}, opset=11)
raw("raw_crf_label", "crf_decoding", inputs={"Emission": f32["b", 6, 4], "Transition": f32[6, 4], "Label": i64["b", 6].ints(0, 4), "Length": i64["b", 1].ints(1, 6)}, outputs={"ViterbiPath": "int64"}, opset=11)
raw("raw_crf_dynamic", "crf_decoding", inputs={"Emission": f32["b", "t", 4], "Transition": f32[6, 4], "Length": i64["b", 1].ints(1, 4)}, outputs={"ViterbiPath": "int64"}, sizes=[{"b": 2, "t": 4}, {"b": 3, "t": 5}], opset=11)
raw("raw_edit_distance", "edit_distance", inputs={"Hyps": i64["b", 6].ints(0, 3), "Refs": i64["b", 5].ints(0, 3), "HypsLength": i64["b"].ints(1, 7), "RefsLength": i64["b"].ints(1, 6)}, outputs={"Out": "float32", "SequenceNum": "int64"}, attrs={"normalized": False}, opset=11, paddle_cannot={"pir": "its translation swaps the dtypes of the results"})
raw("raw_edit_distance_normalized", "edit_distance", inputs={"Hyps": i64["b", "n"].ints(0, 3), "Refs": i64["b", "t"].ints(0, 3), "HypsLength": i64["b"].ints(1, 5), "RefsLength": i64["b"].ints(1, 5)}, outputs={"Out": "float32", "SequenceNum": "int64"}, attrs={"normalized": True}, sizes=[{"b": 2, "n": 5, "t": 6}, {"b": 3, "n": 7, "t": 5}], opset=11, paddle_cannot={"pir": "its translation swaps the dtypes of the results"})
raw("raw_crf_lod", "crf_decoding", inputs={"Emission": f32["n", 4].lod([3, 1, 2], [4]), "Transition": f32[6, 4]}, outputs={"ViterbiPath": "int64"}, opset=11)
raw("raw_crf_lod_label", "crf_decoding", inputs={"Emission": f32["n", 4].lod([3, 1, 2], [4]), "Transition": f32[6, 4], "Label": i64["n", 1].ints(0, 4).lod([3, 1, 2], [4], read=False)}, outputs={"ViterbiPath": "int64"}, opset=11)
raw("raw_edit_distance_lod", "edit_distance", inputs={"Hyps": i64["n", 1].ints(0, 3).lod([3, 1], [4]), "Refs": i64["t", 1].ints(0, 3).lod([2, 5], [3])}, outputs={"Out": "float32", "SequenceNum": "int64"}, attrs={"normalized": True}, opset=11, paddle_cannot={"pir": "its translation swaps the dtypes of the results"})
