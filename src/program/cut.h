// Rewrites of a program that cut something off, before it is mapped.
#pragma once

#include "common/result.h"
#include "program/program.h"

namespace paddle2onnx {

// Ends a detector before its suppression of overlapping boxes (multiclass_nms and its kin), which many runtimes do
// themselves: in place of the outputs that depend on it the model has its operands, first the boxes, then the scores,
// under their own names. What only served the rest goes: operators, and inputs. An error if there is no such operator.
Result<void> cut_before_nms(Program& program);

}  // namespace paddle2onnx
