"""Recurrent networks of older programs, on sequences of different lengths in one tensor (LoD)."""
import paddle
from dsl import *

LSTM = {"Hidden": "float32", "Cell": None, "BatchGate": None, "BatchCellPreAct": None}
CELLS = {**LSTM, "Cell": "float32"}
GRU = {"Hidden": "float32", "BatchGate": None, "BatchResetHiddenPrev": None, "BatchHidden": None}
GATES4 = f32["t", 20].lod([3, 1, 4], [2, 5])
GATES3 = f32["t", 15].lod([3, 1, 4], [2, 5])
STATE = f32["b", 5]
SIZES = [{"b": 3}, {"b": 2}]


def weight(*shape):
    return param(0.5 * np.random.RandomState(sum(shape)).randn(*shape))


def operator(name, inputs, outputs, **attrs):
    """The results of an operator that Paddle's Python has no function for. `outputs`: {slot: dtype}."""
    block = paddle.static.default_main_program().global_block()
    made = {slot: block.create_var(name=paddle.utils.unique_name.generate(name), dtype=dtype) for slot, dtype in outputs.items()}
    block.append_op(type=name, inputs=inputs, outputs=made, attrs=attrs)
    return made


def parameter(*shape):
    return paddle.create_parameter(shape, "float32")


def lstm(x, size=5, h0=None, c0=None, cell=False, use_peepholes=True, **attrs):
    """Behind a fully connected layer, as dynamic_lstm is used."""
    bias = parameter(1, (7 if use_peepholes else 4) * size)
    x = paddle.static.nn.fc(x, 4 * size)
    states = {} if h0 is None else {"H0": h0, "C0": c0}
    made = operator("lstm", {"Input": x, "Weight": parameter(size, 4 * size), "Bias": bias, **states}, dict.fromkeys(CELLS, "float32"), use_peepholes=use_peepholes, **{"is_test": True, **attrs})
    return [made["Hidden"], made["Cell"]] if cell else made["Hidden"]


def gru(x, size=5, h0=None, bias=True, **attrs):
    x = paddle.static.nn.fc(x, 3 * size, bias_attr=bias)
    more = {**({} if h0 is None else {"H0": h0}), **({"Bias": parameter(1, 3 * size)} if bias else {})}
    return operator("gru", {"Input": x, "Weight": parameter(size, 3 * size), **more}, dict.fromkeys(GRU, "float32"), **{"is_test": True, **attrs})["Hidden"]


# --- by themselves: the input is projected already, so it's a recurrence step by step ------------------------------------
raw("lstm", "lstm", inputs={"Input": GATES4, "Weight": weight(5, 20), "Bias": weight(1, 20)}, outputs=LSTM, attrs={"use_peepholes": False, "is_test": True}, opset=9)
raw("lstm_cells", "lstm", inputs={"Input": GATES4, "Weight": weight(5, 20), "Bias": weight(1, 20)}, outputs=CELLS, attrs={"use_peepholes": False, "is_test": True}, opset=9)
raw("lstm_peepholes", "lstm", inputs={"Input": GATES4, "Weight": weight(5, 20), "Bias": weight(1, 35)}, outputs=CELLS, attrs={"use_peepholes": True, "is_test": True}, opset=9)
raw("lstm_reverse", "lstm", inputs={"Input": GATES4, "Weight": weight(5, 20), "Bias": weight(1, 35)}, outputs=CELLS, attrs={"use_peepholes": True, "is_reverse": True, "is_test": True}, opset=9)
raw("lstm_states", "lstm", inputs={"Input": GATES4, "H0": STATE, "C0": STATE, "Weight": weight(5, 20), "Bias": weight(1, 35)}, outputs=CELLS, attrs={"use_peepholes": True, "is_test": True}, sizes=SIZES, opset=9)
raw("lstm_states_reverse", "lstm", inputs={"Input": GATES4, "H0": STATE, "C0": STATE, "Weight": weight(5, 20), "Bias": weight(1, 20)}, outputs=CELLS, attrs={"use_peepholes": False, "is_reverse": True, "is_test": True}, sizes=SIZES, opset=9)
raw("lstm_activations", "lstm", inputs={"Input": GATES4, "Weight": weight(5, 20), "Bias": weight(1, 35)}, outputs=CELLS, attrs={"use_peepholes": True, "gate_activation": "tanh", "candidate_activation": "identity", "cell_activation": "relu", "is_test": True}, opset=9)
raw("lstm_weights_given", "lstm", inputs={"Input": GATES4, "Weight": f32[5, 20], "Bias": f32[1, 35]}, outputs=CELLS, attrs={"use_peepholes": True, "is_test": True}, opset=9)
raw("lstm_empty", "lstm", inputs={"Input": f32["t", 20].lod([2, 0, 3], [0, 4, 0]), "H0": f32[3, 5], "C0": f32[3, 5], "Weight": weight(5, 20), "Bias": weight(1, 35)}, outputs=CELLS, attrs={"use_peepholes": True, "is_test": True}, opset=9)
raw("lstm_f64", "lstm", inputs={"Input": f64["t", 20].lod([3, 1, 4], [2, 5]), "Weight": f64[5, 20], "Bias": f64[1, 35]}, outputs={"Hidden": "float64", "Cell": "float64", "BatchGate": None, "BatchCellPreAct": None}, attrs={"use_peepholes": True, "is_test": True}, opset=9)
raw("lstm_gates", "lstm", inputs={"Input": GATES4, "Weight": weight(5, 20), "Bias": weight(1, 20)}, outputs={**LSTM, "BatchGate": "float32"}, attrs={"use_peepholes": False}, error="only training needs")
raw("gru", "gru", inputs={"Input": GATES3, "Weight": weight(5, 15), "Bias": weight(1, 15)}, outputs=GRU, attrs={"is_test": True}, opset=9)
raw("gru_no_bias", "gru", inputs={"Input": GATES3, "Weight": weight(5, 15)}, outputs=GRU, attrs={"is_test": True}, opset=9)
raw("gru_origin", "gru", inputs={"Input": GATES3, "Weight": weight(5, 15), "Bias": weight(1, 15)}, outputs=GRU, attrs={"origin_mode": True, "is_test": True}, opset=9)
raw("gru_reverse", "gru", inputs={"Input": GATES3, "H0": STATE, "Weight": weight(5, 15), "Bias": weight(1, 15)}, outputs=GRU, attrs={"is_reverse": True, "is_test": True}, sizes=SIZES, opset=9)
raw("gru_activations", "gru", inputs={"Input": GATES3, "H0": STATE, "Weight": weight(5, 15), "Bias": weight(1, 15)}, outputs=GRU, attrs={"gate_activation": "tanh", "activation": "relu", "is_test": True}, sizes=SIZES, opset=9)
raw("gru_empty", "gru", inputs={"Input": f32["t", 15].lod([2, 0, 3], [0, 4, 0]), "H0": f32[3, 5], "Weight": weight(5, 15), "Bias": weight(1, 15)}, outputs=GRU, attrs={"is_test": True}, opset=9)
raw("gru_f64", "gru", inputs={"Input": f64["t", 15].lod([3, 1, 4], [2, 5]), "Weight": f64[5, 15], "Bias": f64[1, 15]}, outputs={**GRU, "Hidden": "float64"}, attrs={"is_test": True}, opset=9)

# --- behind a fully connected layer: ONNX's operators, which project themselves ---------------------------------------------
case("lstm_layer", lambda x: lstm(x), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), opset=9)
case("lstm_layer_one", lambda x: lstm(x), static="older", x=f32["t", 4].lod([4], [1]), opset=9)
case("lstm_layer_reverse", lambda x: lstm(x, is_reverse=True), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), opset=9)
case("lstm_layer_states", lambda x, h, c: lstm(x, h0=h, c0=c, use_peepholes=False), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), h=STATE, c=STATE, sizes=SIZES, opset=9)
case("lstm_layer_activations", lambda x: lstm(x, gate_activation="tanh", candidate_activation="identity", cell_activation="relu"), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), opset=9)
case("lstm_layer_cells", lambda x: lstm(x, cell=True), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), opset=9)
case("lstm_layer_empty", lambda x, h, c: lstm(x, h0=h, c0=c), static="older", x=f32["t", 4].lod([2, 0, 3], [0, 4, 0]), h=f32[3, 5], c=f32[3, 5], opset=9)
case("gru_layer", lambda x: gru(x), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), opset=9)
case("gru_layer_no_bias", lambda x: gru(x, bias=False), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), opset=9)
case("gru_layer_origin", lambda x: gru(x, origin_mode=True, gate_activation="relu", activation="identity"), static="older", x=f32["t", 4].lod([2, 1, 3], [2, 2]), opset=9)
case("gru_layer_reverse", lambda x, h: gru(x, h0=h, is_reverse=True), static="older", x=f32["t", 4].lod([3, 1, 4], [2, 5]), h=STATE, sizes=SIZES, opset=9)
case("gru_layer_empty", lambda x, h: gru(x, h0=h), static="older", x=f32["t", 4].lod([2, 0, 3], [0, 4, 0]), h=f32[3, 5], opset=9)

# Two directions and two layers over embedded words, pooled: a text classifier of Paddle 1.
case("text_classifier", lambda ids: paddle.static.nn.fc(paddle.static.nn.sequence_lod.sequence_pool(lstm(paddle.concat([lstm(paddle.static.nn.embedding(ids, (9, 4))), lstm(paddle.static.nn.embedding(ids, (9, 4)), is_reverse=True)], 1)), "max"), 2, activation="softmax"), static="older", ids=i64["t", 1].ints(0, 9).lod([3, 1, 4], [2, 5]), opset=9)
raw("row_conv", "row_conv", inputs={"X": f32["t", 3].lod([3, 1, 4], [2, 5]), "Filter": weight(3, 3)}, outputs={"Out": "float32"}, opset=9)
raw("row_conv_one", "row_conv", inputs={"X": f32["t", 3].lod([4], [1]), "Filter": weight(2, 3)}, outputs={"Out": "float32"}, opset=9)

# --- what Paddle's own optimiser makes of them: with their projection ------------------------------------------------------------
FUSED_LSTM = dict.fromkeys(("Hidden", "Cell", "XX", "BatchedInput", "BatchedHidden", "BatchedCell", "ReorderedH0", "ReorderedC0", "CheckedCell")) | {"Hidden": "float32"}
FUSED_GRU = dict.fromkeys(("Hidden", "XX", "BatchedInput", "BatchedOut", "ReorderedH0")) | {"Hidden": "float32"}
raw("fusion_lstm", "fusion_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 20), "WeightH": weight(5, 20), "Bias": weight(1, 20)}, outputs=FUSED_LSTM, attrs={"use_peepholes": False, "use_seq": True}, opset=9)
raw("fusion_lstm_peepholes", "fusion_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 20), "WeightH": weight(5, 20), "Bias": weight(1, 35), "H0": STATE, "C0": STATE}, outputs=FUSED_LSTM | {"Cell": "float32"}, attrs={"use_peepholes": True, "is_reverse": True, "use_seq": True}, sizes=SIZES, opset=9)
raw("fusion_gru", "fusion_gru", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 15), "WeightH": weight(5, 15), "Bias": weight(1, 15)}, outputs=FUSED_GRU, attrs={"use_seq": True}, opset=9)
raw("fusion_gru_reverse", "fusion_gru", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 15), "WeightH": weight(5, 15), "H0": STATE}, outputs=FUSED_GRU, attrs={"is_reverse": True, "use_seq": True}, sizes=SIZES, opset=9)
raw("fusion_gru_origin", "fusion_gru", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 15), "WeightH": weight(5, 15)}, outputs=FUSED_GRU, attrs={"origin_mode": True, "use_seq": True}, error="origin_mode")
raw("fusion_lstm_activations", "fusion_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 20), "WeightH": weight(5, 20), "Bias": weight(1, 20)}, outputs=FUSED_LSTM, attrs={"use_peepholes": False, "use_seq": True, "gate_activation": "sigmoid", "candidate_activation": "relu", "cell_activation": "relu"}, opset=9)
raw("fusion_lstm_identity_of_candidates", "fusion_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 20), "WeightH": weight(5, 20), "Bias": weight(1, 20)}, outputs=FUSED_LSTM, attrs={"use_peepholes": False, "use_seq": True, "candidate_activation": "identity"}, opset=9)
raw("fusion_lstm_identity_of_cells", "fusion_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 20), "WeightH": weight(5, 20), "Bias": weight(1, 20)}, outputs=FUSED_LSTM, attrs={"use_peepholes": False, "use_seq": True, "cell_activation": "identity"}, opset=9)
raw("fusion_lstm_by_steps", "fusion_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 20), "WeightH": weight(5, 20), "Bias": weight(1, 35), "H0": STATE, "C0": STATE}, outputs=FUSED_LSTM, attrs={"use_peepholes": True, "use_seq": False, "is_reverse": True}, sizes=SIZES, opset=9)
raw("fusion_gru_activations", "fusion_gru", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 15), "WeightH": weight(5, 15), "Bias": weight(1, 15)}, outputs=FUSED_GRU, attrs={"use_seq": True, "gate_activation": "sigmoid", "activation": "relu"}, opset=9)
raw("fusion_gru_identity", "fusion_gru", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 15), "WeightH": weight(5, 15), "Bias": weight(1, 15)}, outputs=FUSED_GRU, attrs={"use_seq": True, "activation": "identity"}, opset=9)
raw("fusion_gru_by_steps", "fusion_gru", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "WeightX": weight(4, 15), "WeightH": weight(5, 15), "H0": STATE}, outputs=FUSED_GRU, attrs={"use_seq": False, "is_reverse": True}, sizes=SIZES, opset=9)
EMBEDDED = dict.fromkeys(("Hidden", "Cell", "XX", "BatchedInput", "BatchedHidden", "BatchedCell", "ReorderedH0", "ReorderedC0")) | {"Hidden": "float32", "Cell": "float32"}
WORDS = i64["t", 1].ints(0, 9).lod([3, 1, 4], [2, 5])
raw("fused_embedding_fc_lstm", "fused_embedding_fc_lstm", inputs={"Ids": WORDS, "Embeddings": weight(9, 20), "WeightH": weight(5, 20), "Bias": weight(1, 20)}, outputs=EMBEDDED, attrs={"use_peepholes": False, "use_seq": True}, opset=9)
raw("fused_embedding_fc_lstm_peepholes", "fused_embedding_fc_lstm", inputs={"Ids": WORDS, "Embeddings": weight(9, 20), "WeightH": weight(5, 20), "Bias": weight(1, 35), "H0": STATE, "C0": STATE}, outputs=EMBEDDED, attrs={"use_peepholes": True, "is_reverse": True, "use_seq": True}, sizes=SIZES, opset=9)
raw("fused_embedding_fc_lstm_activations", "fused_embedding_fc_lstm", inputs={"Ids": i64["t", 1].ints(0, 9).lod([4], [1]), "Embeddings": weight(9, 20), "WeightH": weight(5, 20), "Bias": weight(1, 20)}, outputs=EMBEDDED, attrs={"use_peepholes": False, "use_seq": True, "candidate_activation": "identity", "cell_activation": "relu"}, opset=9)
raw("fused_embedding_fc_lstm_identity", "fused_embedding_fc_lstm", inputs={"Ids": WORDS, "Embeddings": weight(9, 20), "WeightH": weight(5, 20), "Bias": weight(1, 20)}, outputs=EMBEDDED, attrs={"use_peepholes": False, "cell_activation": "identity"}, error="the forgotten cell")

ATTENTION = dict.fromkeys(("Hidden", "Cell", "AttentionedX", "AttentionFCOut", "LSTMX", "LSTMOUT")) | {"Hidden": "float32", "Cell": "float32"}
raw("attention_lstm", "attention_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "C0": STATE, "AttentionWeight": weight(9, 1), "LSTMWeight": weight(9, 20), "LSTMBias": weight(1, 20)}, outputs=ATTENTION, sizes=SIZES, opset=9)
raw("attention_lstm_all", "attention_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "C0": STATE, "H0": STATE, "AttentionWeight": weight(9, 1), "AttentionBias": param([[0.3]]), "AttentionScalar": param([[-1.5]]), "AttentionScalarBias": param([[0.8]]), "LSTMWeight": weight(9, 20), "LSTMBias": weight(1, 20)}, outputs=ATTENTION, sizes=SIZES, opset=9)
raw("attention_lstm_activations", "attention_lstm", inputs={"X": f32["t", 4].lod([4], [1]), "C0": f32[1, 5], "AttentionWeight": weight(9, 1), "AttentionScalar": param([[1.5]]), "LSTMWeight": weight(9, 20), "LSTMBias": weight(1, 20)}, outputs=ATTENTION, attrs={"gate_activation": "sigmoid", "candidate_activation": "identity", "cell_activation": "relu"}, opset=9)
raw("attention_lstm_identity", "attention_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "C0": STATE, "AttentionWeight": weight(9, 1), "LSTMWeight": weight(9, 20), "LSTMBias": weight(1, 20)}, outputs=ATTENTION, attrs={"cell_activation": "identity"}, sizes=SIZES, opset=9)
raw("attention_lstm_gates", "attention_lstm", inputs={"X": f32["t", 4].lod([3, 1, 4], [2, 5]), "C0": STATE, "AttentionWeight": weight(9, 1), "LSTMWeight": weight(9, 20), "LSTMBias": weight(1, 20)}, outputs=ATTENTION, attrs={"gate_activation": "relu", "candidate_activation": "sigmoid", "cell_activation": "tanh"}, sizes=SIZES, opset=9)
