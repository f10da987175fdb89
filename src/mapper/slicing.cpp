// Slices, and assignment to slices.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kSlicingMappers = {};

}  // namespace paddle2onnx
