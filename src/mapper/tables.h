// The families of operators, one table each. To add a family: declare its table here and add it to the list.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

extern const MapperTable kActivationMappers;
extern const MapperTable kElementwiseMappers;

inline const MapperTable* const kMapperTableList[] = {
    &kActivationMappers,
    &kElementwiseMappers,
};

}  // namespace paddle2onnx
