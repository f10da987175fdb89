// The in-memory Paddle program: what a reader makes of a file and what the mappers read.
//
// One vocabulary whatever the file's format and age: operators have Paddle's current names (those of PIR without the
// dialect prefix and the in-place underscore: conv2d, matmul, add, …) with its named operands, results and attributes;
// vocabulary.h translates. Values are in single-assignment form: a name that the file writes twice is two values here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/dtype.h"

namespace paddle2onnx {

using ValueId = uint32_t;  // an index into Program::values
using BlockId = uint32_t;  // an index into Program::blocks

struct ProgramType {
  enum class Kind : uint8_t { kTensor, kTensorArray, kOther };
  Kind kind = Kind::kTensor;
  DType dtype = DType::kUndefined;
  std::optional<Dims> dims;  // nothing: not even the rank is known
  // How often the rows are divided into sequences and these into longer ones (level of detail, LoD); -1: the file
  // doesn't say, as PIR never does.
  int lod_level = -1;
};

struct ProgramValue {
  std::string name;  // as in the file; several values may share one
  ProgramType type;
  std::optional<Tensor> data;  // of a parameter
};

// Any integer type is held as int64, any float as double, a Scalar by its kind. Lists likewise.
using Attribute = std::variant<bool, int64_t, double, std::string, std::vector<bool>, std::vector<int64_t>,
                               std::vector<double>, std::vector<std::string>, DType>;

struct Operator {
  std::string name;         // in this project's vocabulary
  std::string source_name;  // in the file
  // Slots in the file's order; a slot holds one value or a list, an absent optional one is not listed.
  std::vector<std::pair<std::string, std::vector<ValueId>>> inputs;
  std::vector<std::pair<std::string, std::vector<ValueId>>> outputs;
  std::map<std::string, Attribute, std::less<>> attributes;
  std::vector<BlockId> blocks;  // of control flow
  std::string source;           // "file.py:12 (forward)": the user's line, from op_callstack
  std::string scope;            // the layer's path, from struct_name
};

// Control flow has one form, that of PIR, whatever the file's format:
//   if     operand `cond`, results `out`; blocks {then, else}, whose results are the values of `out`
//   pylayer  results `out`; one block, which runs once and whose results are the values of `out`
//   while  operands `cond` and `x` (the loop's values), results `out`; one block, whose arguments are the loop's values
//          and whose results are the next condition and the next values
//   recurrent  operands `inputs` (tensors whose first axis is walked along) and `initial_states`, results `outputs`, an
//          attribute `reverse`; one block, whose arguments are the parts of the inputs and the states, and whose
//          results are the next states and the parts of the outputs
// Blocks read values of outer blocks directly.
struct Block {
  std::optional<BlockId> parent;
  std::vector<ValueId> arguments;
  std::vector<Operator> operators;
  std::vector<ValueId> results;
};

struct Program {
  std::string format;   // "ProgramDesc" or "PIR"
  std::string version;  // of the Paddle that wrote it, "2.6.2"; empty if the file doesn't say
  std::vector<ProgramValue> values;
  std::vector<Block> blocks;  // blocks[0] is the main one
  // In the order of the file's feed and fetch columns. A name of `fetches` is that of the model's output.
  std::vector<ValueId> feeds;
  std::vector<std::pair<std::string, ValueId>> fetches;
};

}  // namespace paddle2onnx
