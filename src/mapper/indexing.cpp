// Gathering and scattering by index tensors.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kIndexingMappers = {};

}  // namespace paddle2onnx
