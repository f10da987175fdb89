"""Recurrent networks: the operator by itself, Paddle's layers, cells, the older operators."""
import paddle
import paddle.nn as nn
from dsl import *


def weights(gates, size=5, input_size=4, layers=1, directions=1, dtype="float32"):
    """As the operator wants them: input and recurrent weights of each layer and direction, then the biases."""
    random, matrices, biases = np.random.RandomState(0), [], []
    for layer in range(layers):
        for _ in range(directions):
            columns = input_size if layer == 0 else size * directions
            matrices += [0.5 * random.randn(gates * size, columns), 0.5 * random.randn(gates * size, size)]
            biases += [0.5 * random.randn(gates * size), 0.5 * random.randn(gates * size)]
    return [weight(v, dtype) for v in matrices + biases]


def weight(v, dtype):
    return param(v) if dtype == "float32" else f64[v.shape].values(v)


def lstm(x, h, c):
    """One layer, from weights(4)."""
    w, r, bias, more = [p.array for p in weights(4)]
    sigmoid, out, h, c = lambda v: 1 / (1 + np.exp(-v)), [], h[0], c[0]
    for step in x:
        i, f, g, o = np.split(step @ w.T + bias + h @ r.T + more, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return [np.stack(out), h[None], c[None]]


X = f32["t", "b", 4]
LENGTHS = i32["b"].values([np.array([6, 3]), np.array([1, 8, 5])])
SIZES = [{"t": 6, "b": 2}, {"t": 8, "b": 3}]
LSTM_OUT = {"Out": "float32", "State": ["float32", "float32"], "DropoutState": None, "Reserve": None}
GRU_OUT = {"Out": "float32", "State": ["float32"], "DropoutState": None, "Reserve": None}
ONE, TWO, FOUR = f32[1, "b", 5], f32[2, "b", 5], f32[4, "b", 5]

# --- the operator rnn -------------------------------------------------------------------------------------------------
raw("rnn_lstm", "rnn", inputs={"Input": X, "PreState": [ONE, ONE], "WeightList": weights(4)}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "is_test": True})
raw("rnn_lstm_lengths", "rnn", inputs={"Input": X, "PreState": [ONE, ONE], "WeightList": weights(4), "SequenceLength": LENGTHS}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_lstm_bidirectional", "rnn", inputs={"Input": X, "PreState": [TWO, TWO], "WeightList": weights(4, directions=2)}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "is_bidirec": True, "is_test": True})
raw("rnn_lstm_bidirectional_lengths", "rnn", inputs={"Input": X, "PreState": [TWO, TWO], "WeightList": weights(4, directions=2), "SequenceLength": LENGTHS}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "is_bidirec": True, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_lstm_layers", "rnn", inputs={"Input": X, "PreState": [TWO, TWO], "WeightList": weights(4, layers=2)}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "num_layers": 2, "dropout_prob": 0.4, "is_test": True})
raw("rnn_lstm_layers_bidirectional_lengths", "rnn", inputs={"Input": X, "PreState": [FOUR, FOUR], "WeightList": weights(4, layers=2, directions=2), "SequenceLength": LENGTHS}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "num_layers": 2, "is_bidirec": True, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_lstm_weights_given", "rnn", inputs={"Input": X, "PreState": [ONE, ONE], "WeightList": [f32[20, 4], f32[20, 5], f32[20], f32[20]]}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "is_test": True})
raw("rnn_gru", "rnn", inputs={"Input": X, "PreState": [ONE], "WeightList": weights(3)}, outputs=GRU_OUT, attrs={"mode": "GRU", "hidden_size": 5, "input_size": 4, "is_test": True})
raw("rnn_gru_layers_bidirectional", "rnn", inputs={"Input": X, "PreState": [FOUR], "WeightList": weights(3, layers=2, directions=2)}, outputs=GRU_OUT, attrs={"mode": "GRU", "hidden_size": 5, "input_size": 4, "num_layers": 2, "is_bidirec": True, "is_test": True})
raw("rnn_gru_lengths", "rnn", inputs={"Input": X, "PreState": [TWO], "WeightList": weights(3, directions=2), "SequenceLength": LENGTHS}, outputs=GRU_OUT, attrs={"mode": "GRU", "hidden_size": 5, "input_size": 4, "is_bidirec": True, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_tanh", "rnn", inputs={"Input": X, "PreState": [ONE], "WeightList": weights(1)}, outputs=GRU_OUT, attrs={"mode": "RNN_TANH", "hidden_size": 5, "input_size": 4, "is_test": True})
raw("rnn_relu_bidirectional_lengths", "rnn", inputs={"Input": X, "PreState": [TWO], "WeightList": weights(1, directions=2), "SequenceLength": LENGTHS}, outputs=GRU_OUT, attrs={"mode": "RNN_RELU", "hidden_size": 5, "input_size": 4, "is_bidirec": True, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_relu_layers", "rnn", inputs={"Input": X, "PreState": [TWO], "WeightList": weights(1, layers=2)}, outputs=GRU_OUT, attrs={"mode": "RNN_RELU", "hidden_size": 5, "input_size": 4, "num_layers": 2, "is_test": True})

raw("rnn_lstm_f64", "rnn", inputs={"Input": f64["t", "b", 4], "PreState": [f64[2, "b", 5], f64[2, "b", 5]], "WeightList": weights(4, directions=2, dtype="float64"), "SequenceLength": LENGTHS}, outputs={"Out": "float64", "State": ["float64", "float64"], "DropoutState": None, "Reserve": None}, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "is_bidirec": True, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_relu_f64", "rnn", inputs={"Input": f64["t", "b", 4], "PreState": [f64[1, "b", 5]], "WeightList": weights(1, dtype="float64")}, outputs={"Out": "float64", "State": ["float64"], "DropoutState": None, "Reserve": None}, attrs={"mode": "RNN_RELU", "hidden_size": 5, "input_size": 4, "is_test": True})
raw("rnn_gru_empty_sequence", "rnn", inputs={"Input": X, "PreState": [TWO], "WeightList": weights(3, directions=2), "SequenceLength": i32["b"].values([np.array([6, 0]), np.array([0, 8, 5])])}, outputs=GRU_OUT, attrs={"mode": "GRU", "hidden_size": 5, "input_size": 4, "is_bidirec": True, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_lstm_empty_sequence", "rnn", inputs={"Input": X, "PreState": [TWO, TWO], "WeightList": weights(4, directions=2), "SequenceLength": i32["b"].values([np.array([6, 0]), np.array([0, 8, 5])])}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "is_bidirec": True, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_tanh_empty_sequence", "rnn", inputs={"Input": X, "PreState": [ONE], "WeightList": weights(1), "SequenceLength": i32["b"].values([np.array([6, 0]), np.array([0, 8, 5])])}, outputs=GRU_OUT, attrs={"mode": "RNN_TANH", "hidden_size": 5, "input_size": 4, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_lengths_i64", "rnn", inputs={"Input": X, "PreState": [ONE], "WeightList": weights(1), "SequenceLength": i64["b"].values([np.array([6, 3]), np.array([1, 8, 5])])}, outputs=GRU_OUT, attrs={"mode": "RNN_TANH", "hidden_size": 5, "input_size": 4, "is_test": True}, sizes=SIZES, opset=9)
raw("rnn_short_of_time", "rnn", inputs={"Input": X, "PreState": [TWO, TWO], "WeightList": weights(4, directions=2), "SequenceLength": i32["b"].values([np.array([4, 3]), np.array([1, 6, 5])])}, outputs=LSTM_OUT, attrs={"mode": "LSTM", "hidden_size": 5, "input_size": 4, "is_bidirec": True, "is_test": True}, sizes=SIZES, opset=9)

# --- older ------------------------------------------------------------------------------------------------------------
raw("gru_unit", "gru_unit", inputs={"Input": f32["b", 15], "HiddenPrev": f32["b", 5], "Weight": param(np.random.randn(5, 15)), "Bias": param(np.random.randn(1, 15))}, outputs={"Gate": "float32", "ResetHiddenPrev": "float32", "Hidden": "float32"})
raw("gru_unit_origin", "gru_unit", inputs={"Input": f32["b", 15], "HiddenPrev": f32["b", 5], "Weight": param(np.random.randn(5, 15))}, outputs={"Gate": None, "ResetHiddenPrev": None, "Hidden": "float32"}, attrs={"origin_mode": True})
raw("gru_unit_activations", "gru_unit", inputs={"Input": f32["b", 15], "HiddenPrev": f32["b", 5], "Weight": f32[5, 15]}, outputs={"Gate": None, "ResetHiddenPrev": None, "Hidden": "float32"}, attrs={"activation": 3, "gate_activation": 0})
raw("gru_unit_f64", "gru_unit", inputs={"Input": f64["b", 15], "HiddenPrev": f64["b", 5], "Weight": f64[5, 15]}, outputs={"Gate": None, "ResetHiddenPrev": None, "Hidden": "float64"})
raw("cudnn_lstm", "cudnn_lstm", inputs={"Input": X, "InitH": ONE, "InitC": ONE, "WeightList": weights(4)}, outputs={"Out": "float32", "LastH": "float32", "LastC": "float32", "Reserve": None, "StateOut": None}, attrs={"hidden_size": 5, "is_test": True}, expect=lstm)
raw("cudnn_lstm_packed", "cudnn_lstm", inputs={"Input": X, "InitH": ONE, "InitC": ONE, "W": param(np.random.randn(220))}, outputs={"Out": "float32", "LastH": "float32", "LastC": "float32", "Reserve": None, "StateOut": None}, attrs={"hidden_size": 5, "is_test": True}, error="cuDNN")
raw("row_conv", "row_conv", inputs={"X": f32["b", "t", 4], "Filter": param(np.random.randn(3, 4))}, outputs={"Out": "float32"})
raw("ctc_align", "ctc_align", inputs={"Input": i32["b", "t"].ints(0, 3), "InputLength": i32["b", 1].values([np.array([[6], [3]]), np.array([[1], [8], [5]])])}, outputs={"Output": "int32", "OutputLength": "int32"}, attrs={"blank": 0, "padding_value": 9}, sizes=SIZES, opset=11)
raw("ctc_align_lod", "ctc_align", inputs={"Input": i32["n", 1].values([np.array([[1], [1], [0], [2], [2], [0], [1]]), np.array([[0], [2], [2], [1]])]).lod([4, 3], [4])}, outputs={"Output": "int32"}, attrs={"blank": 0, "merge_repeated": True}, opset=11)
raw("ctc_align_lod_nothing", "ctc_align", inputs={"Input": i32["n", 1].values([np.array([[0], [0], [0]]), np.array([[0], [3]])]).lod([2, 1], [2])}, outputs={"Output": "int32"}, attrs={"blank": 0, "merge_repeated": True}, opset=11)
raw("ctc_align_unmerged", "ctc_align", inputs={"Input": i64["b", "t"].ints(0, 3), "InputLength": i64["b", 1].values([np.array([[6], [3]]), np.array([[1], [8], [5]])])}, outputs={"Output": "int64", "OutputLength": "int64"}, attrs={"blank": 2, "merge_repeated": False}, sizes=SIZES, opset=11)


# --- layers (whole networks are in tests/models) ----------------------------------------------------------------------
case("layer_lstm", nn.LSTM(4, 5), x=f32["b", "t", 4], opset=8)
case("layer_gru_lengths", lambda net, x, n: net(x, sequence_length=n), layer=lambda: nn.GRU(4, 5, direction="bidirect"), x=f32["b", "t", 4], n=LENGTHS, sizes=SIZES, opset=8)
case("layer_simple_rnn_states", lambda net, x, h: net(x, h), layer=lambda: nn.SimpleRNN(4, 5, num_layers=2), x=f32["b", "t", 4], h=TWO)
case("layer_lstm_time_major", nn.LSTM(4, 5, time_major=True, direction="bidirect"), x=f32["t", "b", 4], opset=8)
case("layer_lstm_static", nn.LSTM(4, 5, num_layers=2), x=f32[2, 7, 4])
case("layer_lstm_cell", lambda net, x, h, c: net(x, (h, c)), layer=lambda: nn.LSTMCell(4, 5), x=f32["b", 4], h=f32["b", 5], c=f32["b", 5])
case("layer_gru_cell", lambda net, x, h: net(x, h), layer=lambda: nn.GRUCell(4, 5), x=f32["b", 4], h=f32["b", 5])
