// Normalisation layers.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kNormalizationMappers = {};

}  // namespace paddle2onnx
