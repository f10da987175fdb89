// Facts on ONNX operators, as data: since when they exist, what they return, and the element types that ONNX Runtime's
// CPU kernels take (kernels.inc). The one place for all of that.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/dtype.h"

namespace paddle2onnx {

// The first opset of ai.onnx that has the operator; 1 where it has been there from the start (of this project's range).
int first_opset(std::string_view op_type);

// The dtype of the first output where ONNX fixes it (bool of Equal, int64 of Shape); kUndefined: that of the inputs.
DType fixed_result_dtype(std::string_view op_type);

// The number of a type in ONNX's TensorProto.DataType; 0 for kUndefined.
int onnx_dtype(DType dtype);

struct ComputeType {
  DType dtype;
  int needs_opset;  // 0: the asked one does
};

// The type in which an operator is computed for inputs of `dtype`: that itself, or a wider one that both the
// definition at `opset` and ONNX Runtime's kernels take, with casts around. If no exact one is there but a later
// definition has it, that opset is named. A type that loses digits is the last resort (int64 of a float-only operator).
ComputeType computable_dtype(std::string_view op_type, int opset, DType dtype);

// Whether an input takes part in the operator's type (data), or has a type of its own (indices, axes, sizes).
bool is_typed_input(std::string_view op_type, size_t input);

}  // namespace paddle2onnx
