// What the readers of both formats give: a program whose parameters have no data yet.
#pragma once

#include <vector>

#include "common/result.h"
#include "program/program.h"

namespace paddle2onnx {

struct ParsedProgram {
  Program program;
  std::vector<ValueId> parameters;  // persistable tensors, still without data
  // Such tensors of which only the parameter file tells whether it has them; it has all or none.
  std::vector<ValueId> perhaps_saved;
  std::vector<Diagnostic> warnings;
};

}  // namespace paddle2onnx
