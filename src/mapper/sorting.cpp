// Sorting and searching: argmax, top-k, sort, cumulative sums.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kSortingMappers = {};

}  // namespace paddle2onnx
