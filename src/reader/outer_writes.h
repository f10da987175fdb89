// Which outer variables a block of a .pdmodel program writes: control flow of that format assigns to names, not values.
#pragma once

#include <string>
#include <vector>

#include "framework.pb.h"

namespace paddle2onnx {

// The names that `block` or blocks inside it write but do not declare, in the order of their first write. A declared
// name is the block's own, whatever outer blocks declare. All block indices of the program must be in range.
std::vector<std::string> outer_writes(const framework::ProgramDesc& program, int block);

}  // namespace paddle2onnx
