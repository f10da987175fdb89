#include "mapper/tables.h"
namespace paddle2onnx { namespace { constexpr MapperEntry kE[]={{"zzz_Proposal",7,nullptr}}; } extern const MapperTable kProposalMappers = kE; }
