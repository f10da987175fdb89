// Concatenation, splitting, stacking, repetition.
#include "mapper/tables.h"

namespace paddle2onnx {

extern const MapperTable kJoiningMappers = {};

}  // namespace paddle2onnx
