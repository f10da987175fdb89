// Paddle's tensor arrays as ONNX's sequences. A sequence does not change: writing to an array gives another sequence.
#pragma once

#include "graph/builder.h"

namespace paddle2onnx {

Value empty_sequence(Builder& g, DType dtype);
Value sequence_length(Builder& g, Value sequence);           // int64 of rank 0
Value sequence_at(Builder& g, Value sequence, Value index);  // index: integer of rank 0, from the end if negative
Value sequence_append(Builder& g, Value sequence, Value x);
Value sequence_replace(Builder& g, Value sequence, Value x, Value index);  // index: of an element that there is
Value sequence_erase(Builder& g, Value sequence, Value index);

}  // namespace paddle2onnx
