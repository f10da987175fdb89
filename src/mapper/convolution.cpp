// Convolutions and transposed convolutions.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kConvolutionMappers = {};

}  // namespace paddle2onnx
