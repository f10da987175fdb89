// Interpolation (resizing).
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kInterpolationMappers = {};

}  // namespace paddle2onnx
