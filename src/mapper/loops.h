// Loops that mappers write themselves.
#pragma once

#include <functional>
#include <vector>

#include "graph/builder.h"

namespace paddle2onnx {

// What one turn makes of the states, and what is kept of it.
struct Turn {
  std::vector<Value> states;
  std::vector<Value> recorded;
  Value again = {};  // whether another turn follows, bool of rank 0; none: it does
};
using TurnFunction = std::function<Turn(Value number, const std::vector<Value>& states)>;

// ONNX's Loop of at most `count` (int64 of rank 0) turns, numbered from 0 (int64 of rank 0). States keep their types
// and shapes. Gives the states behind the last turn, and what all turns recorded, one behind another along a first
// axis.
Turn repeat(Builder& g, Value count, const std::vector<Value>& states, const TurnFunction& turn);

}  // namespace paddle2onnx
