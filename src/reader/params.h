// Parameter files: tensor records as Paddle writes them, one after the other (.pdiparams, __params__) or one per file.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/mapped_file.h"
#include "common/result.h"
#include "program/program.h"

namespace paddle2onnx {

// Parses one record at `offset` and moves `offset` behind it. The tensor is a view of `bytes`; complex types are
// refused. `file` is the mapped file; none where the bytes are the caller's memory. Errors (kMalformedParams,
// kParamsTooShort, kUnsupportedDType) do not name the file: the caller knows it.
Result<Tensor> read_tensor_record(std::span<const std::byte> bytes, size_t& offset,
                                  const std::shared_ptr<const MappedFile>& file);

// Whether `bytes` start like a tensor record (to tell swapped arguments).
bool looks_like_params(std::span<const std::byte> bytes);

// How many whole records there are, up to the end or to one that cannot be read.
size_t count_tensor_records(std::span<const std::byte> bytes);

// Gives each of `parameters` (ids of values without data) its data from a combined file: records stand in the bytewise
// order of the names. `name` is for messages. Checks count, dims and size against the program's declarations.
Result<void> attach_combined_params(Program& program, std::vector<ValueId> parameters, std::span<const std::byte> bytes,
                                    const std::shared_ptr<const MappedFile>& file, const std::string& name);

}  // namespace paddle2onnx
