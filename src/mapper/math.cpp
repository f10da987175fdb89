// Functions of one tensor that are no activations.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kMathMappers = {};

}  // namespace paddle2onnx
