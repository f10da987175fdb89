"""LSTM, GRU and SimpleRNN: directions, layers, lengths, time-major, initial states."""
import paddle
import paddle.nn as nn
from dsl import *

X = f32["b", "t", 6]
STATES = f32[4, "b", 5]  # 2 layers × 2 directions
LENGTHS = i64["b"].values([np.array([6, 3]), np.array([8, 1, 5])])
SIZES = [{"b": 2, "t": 6}, {"b": 3, "t": 8}]


class Seq2Seq(nn.Layer):
    """An encoder whose last state starts a decoder that reads its own outputs for four steps."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 6)
        self.encoder = nn.GRU(6, 8)
        self.cell = nn.GRUCell(6, 8)
        self.head = nn.Linear(8, 20)

    def forward(self, words):
        _, state = self.encoder(self.embedding(words))
        state, word, steps = state[0], words[:, -1], []
        for _ in range(4):
            out, state = self.cell(self.embedding(word), state)
            scores = self.head(out)
            word = paddle.argmax(scores, axis=-1)
            steps.append(scores)
        return paddle.stack(steps, axis=1), word


case("lstm", layer=lambda: nn.LSTM(6, 5), x=X, sizes=SIZES)
case("lstm_bidirectional", layer=lambda: nn.LSTM(6, 5, direction="bidirect"), x=X, sizes=SIZES)
case("lstm_2_layers", layer=lambda: nn.LSTM(6, 5, num_layers=2), x=X, sizes=SIZES)
case("lstm_2_layers_bidirectional", layer=lambda: nn.LSTM(6, 5, num_layers=2, direction="bidirect", dropout=0.3), x=X, sizes=SIZES)
case("lstm_lengths", lambda net, x, n: net(x, sequence_length=n), layer=lambda: nn.LSTM(6, 5), x=X, n=LENGTHS, sizes=SIZES)
case("lstm_lengths_bidirectional", lambda net, x, n: net(x, sequence_length=n), layer=lambda: nn.LSTM(6, 5, num_layers=2, direction="bidirect"), x=X, n=LENGTHS, sizes=SIZES)
case("lstm_states", lambda net, x, h, c: net(x, (h, c)), layer=lambda: nn.LSTM(6, 5, num_layers=2, direction="bidirect"), x=X, h=STATES, c=STATES, sizes=SIZES)
case("lstm_states_lengths", lambda net, x, h, c, n: net(x, (h, c), n), layer=lambda: nn.LSTM(6, 5, num_layers=2, direction="bidirect"), x=X, h=STATES, c=STATES, n=LENGTHS, sizes=SIZES)
case("lstm_time_major", layer=lambda: nn.LSTM(6, 5, time_major=True, direction="bidirect"), x=f32["t", "b", 6], sizes=SIZES)
case("lstm_fixed_batch", layer=lambda: nn.LSTM(6, 5, num_layers=2), x=f32[2, 7, 6])
case("gru", layer=lambda: nn.GRU(6, 5), x=X, sizes=SIZES)
case("gru_2_layers_bidirectional", layer=lambda: nn.GRU(6, 5, num_layers=2, direction="bidirect"), x=X, sizes=SIZES)
case("gru_lengths", lambda net, x, n: net(x, sequence_length=n), layer=lambda: nn.GRU(6, 5, direction="bidirect"), x=X, n=LENGTHS, sizes=SIZES)
case("gru_states_time_major", lambda net, x, h: net(x, h), layer=lambda: nn.GRU(6, 5, num_layers=2, direction="bidirect", time_major=True), x=f32["t", "b", 6], h=STATES, sizes=SIZES)
case("rnn_tanh", layer=lambda: nn.SimpleRNN(6, 5), x=X, sizes=SIZES)
case("rnn_relu_bidirectional", layer=lambda: nn.SimpleRNN(6, 5, num_layers=2, direction="bidirect", activation="relu"), x=X, sizes=SIZES)
case("rnn_lengths", lambda net, x, n: net(x, sequence_length=n), layer=lambda: nn.SimpleRNN(6, 5, direction="bidirect"), x=X, n=LENGTHS, sizes=SIZES)
case("rnn_states", lambda net, x, h: net(x, h), layer=lambda: nn.SimpleRNN(6, 5, num_layers=2, direction="bidirect"), x=X, h=STATES, sizes=SIZES)
case("lstm_cell", lambda net, x, h, c: net(x, (h, c)), layer=lambda: nn.LSTMCell(6, 5), x=f32["b", 6], h=f32["b", 5], c=f32["b", 5])
case("gru_cell", lambda net, x, h: net(x, h), layer=lambda: nn.GRUCell(6, 5), x=f32["b", 6], h=f32["b", 5])
case("seq2seq", layer=Seq2Seq, words=i64["b", "t"].ints(0, 20), sizes=SIZES)
