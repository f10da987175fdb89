// What several families need of the decompositions of matrices.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

// The size of square matrices, the last two dimensions; fails unless it is known and small enough to be unrolled.
int64_t unrolled_size(const OpContext& op, Value matrices);

// X with A · X = B of matrices A [.., n, n] and B [.., n, k], by elimination with row pivoting.
Value solution(OpContext& op, Value a, Value b);

}  // namespace paddle2onnx
