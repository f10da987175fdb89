// Operators on tensors whose rows are sequences, one behind the other (Paddle's LoD). Sequences of different lengths
// are laid on a grid, one beside the other, where ordinary operators can work, and taken off it again. Needs opset 9.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// Runs of rows of a tensor; int64 [sequences] both. They may overlap and leave rows out.
struct Sequences {
  Value starts;
  Value lengths;
};

// The sequences of an operand (OpContext::lod).
Sequences sequences_of(OpContext& op, std::string_view name, size_t index = 0);

// Those that lie one behind the other and have these lengths; needs opset 11.
Sequences consecutive(Builder& g, Value lengths);

// The row behind the last of each, int64 [sequences].
Value ends_of(Builder& g, const Sequences& s);

// The number of sequences, int64 [1].
Value count_of(Builder& g, const Sequences& s);

// 0, 1, … n - 1, int64 [n]; n is int64 [1]. As `positions`, at opset 9.
Value steps_to(Builder& g, Value n);

// The length of the longest, int64 [1].
Value longest(Builder& g, const Sequences& s);

// The rows of the sequences, one behind the other: to which sequence each belongs and which of its rows it is; int64
// [rows] both.
struct RowPlaces {
  Value sequence;
  Value step;
};
RowPlaces places_of_rows(Builder& g, const Sequences& s);

// x's rows of these sequences, one behind the other.
Value take_rows(Builder& g, Value x, const Sequences& s);

struct GridOptions {
  bool time_first = false;
  bool reversed = false;  // the last row of a sequence is its first on the grid
  Value time = {};        // the extent, int64 [1], at least that of the longest; none: that, and at least 1
};

struct Grid {
  Value
      rows;  // int64 [sequences, time] or [time, sequences]: which row is there; where none is, the one behind the last
  Value places;  // int64 [rows]: where each row is on the grid, flattened
};

// `x`: whose rows they are.
Grid make_grid(Builder& g, Value x, const Sequences& s, const GridOptions& options = {});

// x on the grid, [sequences, time, …] or [time, sequences, …]. `fill`, [1, …], stands where no row is.
Value on_grid(Builder& g, Value x, const Grid& grid, Value fill);

// The inverse: from [sequences, time, …] to [rows, …].
Value off_grid(Builder& g, Value x, const Grid& grid);

// [1, …]: a row like those of x, all of one value.
Value row_of(Builder& g, Value x, double value);

}  // namespace paddle2onnx
