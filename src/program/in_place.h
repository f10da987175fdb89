// Gives every change of a value in place a value of its own.
#pragma once

#include "program/program.h"

namespace paddle2onnx {

// Some operators of PIR programs change an operand: array_write_, increment_, set_value_ and other names that end with
// an underscore. What reads the operand behind them reads what they made of it, in outer blocks too. Here each such
// reader gets the operator's result instead; loops and conditionals carry the outer values that their blocks change.
void separate_in_place(Program& program);

}  // namespace paddle2onnx
