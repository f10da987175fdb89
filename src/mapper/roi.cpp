#include "mapper/tables.h"
namespace paddle2onnx { namespace { constexpr MapperEntry kE[]={{"zzz_Roi",7,nullptr}}; } extern const MapperTable kRoiMappers = kE; }
