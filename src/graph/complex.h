// Complex numbers. ONNX Runtime computes with none, so a complex value of this graph is a pair of real ones, its real
// and its imaginary part; the value itself is in no file. Nodes of complex inputs become nodes of the parts: mappers
// see complex values as any others, with the shape and the type that Paddle gives them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/builder.h"

namespace paddle2onnx {

// Thrown where a node has no form for complex numbers; the mapper room turns it into a diagnostic.
struct NoComplexForm {
  std::string what;  // "ReduceMax", "the model's input 'x'"
};

bool is_complex(DType dtype);
DType complex_dtype(DType part);  // complex64 of float32, complex128 of float64
DType part_dtype(DType complex);  // and back; other types are their own
// Whether a node computes with complex numbers.
bool has_complex_input(const std::vector<Value>& inputs);
// The results of a node at least one of whose inputs is complex.
std::vector<Value> complex_nodes(Builder& g, std::string_view op_type, const std::vector<Value>& inputs,
                                 const NodeAttributes& attributes, const std::vector<NodeResult>& results);
// The angle of the point (x, y) in (-π, π].
Value angle_of(Builder& g, Value y, Value x);

}  // namespace paddle2onnx
