// onnx's operator definitions, each made when it is asked for. (onnx's own registry makes all of them, of every opset,
// the first time that it is asked for one: ten milliseconds, most of the conversion of a small model.)
#pragma once

#include <onnx/defs/schema.h>

namespace paddle2onnx {

// May be asked from several threads at once. Knows nothing of domains but onnx's.
const onnx::ISchemaRegistry& schemas();

}  // namespace paddle2onnx
