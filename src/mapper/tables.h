// The families of operators, one table each. To add a family: declare its table here and add it to the list.
#pragma once

#include "mapper/mapper.h"

namespace paddle2onnx {

extern const MapperTable kActivationMappers;
extern const MapperTable kAttentionMappers;
extern const MapperTable kChannelMappers;
extern const MapperTable kCollectiveMappers;
extern const MapperTable kComparisonMappers;
extern const MapperTable kComplexMappers;
extern const MapperTable kControlFlowMappers;
extern const MapperTable kConvolutionMappers;
extern const MapperTable kCreationMappers;
extern const MapperTable kDecodingMappers;
extern const MapperTable kDecompositionMappers;
extern const MapperTable kDetectionBoxMappers;
extern const MapperTable kDetectionOutputMappers;
extern const MapperTable kEigenvalueMappers;
extern const MapperTable kElementwiseMappers;
extern const MapperTable kExpertMappers;
extern const MapperTable kGenerationMappers;
extern const MapperTable kGraphLearningMappers;
extern const MapperTable kIndexingMappers;
extern const MapperTable kInterpolationMappers;
extern const MapperTable kJoiningMappers;
extern const MapperTable kLayoutMappers;
extern const MapperTable kLinearMappers;
extern const MapperTable kLossMappers;
extern const MapperTable kMathMappers;
extern const MapperTable kMatrixMappers;
extern const MapperTable kNmsMappers;
extern const MapperTable kNormalizationMappers;
extern const MapperTable kPaddingMappers;
extern const MapperTable kPoolingMappers;
extern const MapperTable kRandomMappers;
extern const MapperTable kProposalMappers;
extern const MapperTable kRecurrentMappers;
extern const MapperTable kQuantizationMappers;
extern const MapperTable kReductionMappers;
extern const MapperTable kSignalMappers;
extern const MapperTable kRoiMappers;
extern const MapperTable kRoutingMappers;
extern const MapperTable kSamplingMappers;
extern const MapperTable kSequenceMappers;
extern const MapperTable kSlicingMappers;
extern const MapperTable kSortingMappers;
extern const MapperTable kTensorArrayMappers;
extern const MapperTable kSpecialMappers;
extern const MapperTable kStatisticsMappers;
extern const MapperTable kTransformerMappers;
extern const MapperTable kWeightOnlyMappers;

// A line for each:
// clang-format off
inline const MapperTable* const kMapperTableList[] = {
    &kActivationMappers,
    &kAttentionMappers,
    &kChannelMappers,
    &kCollectiveMappers,
    &kComparisonMappers,
    &kComplexMappers,
    &kControlFlowMappers,
    &kConvolutionMappers,
    &kCreationMappers,
    &kDecodingMappers,
    &kDecompositionMappers,
    &kDetectionBoxMappers,
    &kDetectionOutputMappers,
    &kEigenvalueMappers,
    &kElementwiseMappers,
    &kExpertMappers,
    &kGenerationMappers,
    &kGraphLearningMappers,
    &kIndexingMappers,
    &kInterpolationMappers,
    &kJoiningMappers,
    &kLayoutMappers,
    &kLinearMappers,
    &kLossMappers,
    &kMathMappers,
    &kMatrixMappers,
    &kNmsMappers,
    &kNormalizationMappers,
    &kPaddingMappers,
    &kPoolingMappers,
    &kRandomMappers,
    &kProposalMappers,
    &kRecurrentMappers,
    &kQuantizationMappers,
    &kReductionMappers,
    &kSignalMappers,
    &kRoiMappers,
    &kRoutingMappers,
    &kSamplingMappers,
    &kSequenceMappers,
    &kSlicingMappers,
    &kSortingMappers,
    &kTensorArrayMappers,
    &kSpecialMappers,
    &kStatisticsMappers,
    &kTransformerMappers,
    &kWeightOnlyMappers,
};
// clang-format on

}  // namespace paddle2onnx
