// Pooling.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kPoolingMappers = {};

}  // namespace paddle2onnx
