// From the finished graph to a checked ONNX model. The only room that knows onnx's messages.
//
// Weights never enter a message: the graph is checked with the big ones declared as inputs, and written as a stream in
// which each weight's bytes come straight from where they lie.
#pragma once

#include <filesystem>
#include <vector>

#include "common/result.h"
#include "graph/graph.h"

namespace paddle2onnx {

struct WriteOptions {
  int opset_version = 17;
  bool check = true;  // onnx's checker and strict shape inference
};

struct WrittenModel {
  int64_t ir_version = 0;
  size_t nodes = 0;
  size_t parameters = 0;  // elements of all initializers
  size_t bytes = 0;
};

// The lowest IR version in which an opset can be written with initializers that are not inputs.
int64_t ir_version_of(int opset);

// Writes to a temporary file beside `path`, syncs and renames it, so that the file appears whole or not at all. Makes
// missing parent folders. Fails with kCheckerRefused, kWriteFailed, kTooLarge.
Result<WrittenModel> write_model(const Graph& graph, const WriteOptions& options, const std::filesystem::path& path);

// Writes to memory; `model` is replaced on success only.
Result<WrittenModel> write_model(const Graph& graph, const WriteOptions& options, std::vector<std::byte>& model);

}  // namespace paddle2onnx
