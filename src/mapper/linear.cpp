// Matrix products and embeddings.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kLinearMappers = {};

}  // namespace paddle2onnx
