// Computes nodes of constants. Small integer arithmetic, for shapes; movement of data (slices, concatenations,
// transpositions) of any type and size, for weights.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace paddle2onnx {

// The results of a node all of whose inputs are constants, or nothing if it is not folded. `dtype` is the first
// output's.
std::optional<std::vector<Tensor>> fold_node(std::string_view op_type, const std::vector<Value>& inputs,
                                             const NodeAttributes& attributes, size_t outputs, DType dtype);

// The known elements of a node's result where its inputs are known in part: rank-0 and rank-1 integers only.
using Elements = std::vector<std::optional<int64_t>>;
std::optional<Elements> fold_elements(std::string_view op_type, const std::vector<Value>& inputs,
                                      const NodeAttributes& attributes);

// The elements of a constant or partly known integer value of rank 0 or 1.
std::optional<Elements> known_elements(Value value);

// ONNX's Slice along one axis: the first element and how many there are. step is not 0.
std::pair<int64_t, int64_t> slice_range(int64_t extent, int64_t start, int64_t end, int64_t step);

// The dimensions of a node's first result, as far as they follow from the inputs' and are cheap to tell.
std::optional<Dims> infer_dims(std::string_view op_type, const std::vector<Value>& inputs,
                               const NodeAttributes& attributes);

}  // namespace paddle2onnx
