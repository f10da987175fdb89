// Reductions.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kReductionMappers = {};

}  // namespace paddle2onnx
