// Tensors made from numbers: constants, ranges, casts, shapes.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kCreationMappers = {};

}  // namespace paddle2onnx
