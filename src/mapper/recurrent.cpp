// Recurrent networks.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kRecurrentMappers = {};

}  // namespace paddle2onnx
