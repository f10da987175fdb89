// Comparison, logic and bits.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kComparisonMappers = {};

}  // namespace paddle2onnx
