#include "graph/graph.h"

namespace paddle2onnx {

int64_t Value::dim(int64_t axis) const {
  if (!info_->dims) return -1;
  const auto rank = static_cast<int64_t>(info_->dims->size());
  if (axis < 0) axis += rank;
  return axis >= 0 && axis < rank ? (*info_->dims)[static_cast<size_t>(axis)] : -1;
}

}  // namespace paddle2onnx
