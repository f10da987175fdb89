// All mappers, from one explicit list of tables.
#pragma once

#include <string_view>
#include <vector>

#include "mapper/mapper.h"

namespace paddle2onnx {

// The mapper of an operator for a target opset.
struct MapperChoice {
  Mapper map = nullptr;  // nullptr: none for this opset
  int first_opset = 0;   // the lowest opset that any mapper of the operator serves; 0: the operator is not known
  std::string_view lossy;
};

MapperChoice find_mapper(std::string_view op, int opset);

// The tables as registered, for the documentation and the tests (which refuse duplicates).
std::vector<MapperEntry> all_mappers();

}  // namespace paddle2onnx
