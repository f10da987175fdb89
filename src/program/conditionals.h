// Joins the conditionals that Paddle 2 takes apart.
#pragma once

#include "program/program.h"

namespace paddle2onnx {

// An if/else of Paddle 2 is a conditional block, another one under the opposite condition, and an operator for each
// result that selects one of two values: in this vocabulary an `if` each, of which only one branch matters. Those that
// follow each other under the same or the opposite condition become one `if`.
// In programs that Paddle 3 translated it selects with an operator `select_input` (mask, false, true).
void merge_conditionals(Program& program);

}  // namespace paddle2onnx
