// Padding, and moves between channels and space.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kPaddingMappers = {};

}  // namespace paddle2onnx
