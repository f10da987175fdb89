// Reshaping: the same elements under other dimensions.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kLayoutMappers = {};

}  // namespace paddle2onnx
