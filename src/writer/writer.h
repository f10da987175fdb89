// From the finished graph to a checked ONNX model. The only room that knows onnx's messages.
//
// Weights never enter a message: the graph is checked with the big ones declared as inputs, and written as a stream in
// which each weight's bytes come straight from where they lie.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/result.h"
#include "graph/graph.h"

namespace paddle2onnx {

// Tensors that lie in files beside the model instead of in it.
struct ExternalData {
  bool always = false;      // else only where the model would be larger than an ONNX file can be
  std::string file = {};    // its name in the model's folder; empty: the model's with .data behind it
  size_t threshold = 1024;  // bytes; smaller tensors stay in the model
  bool reference = false;   // leave weights that did not change in the parameter file, and refer to it
};

struct WriteOptions {
  int opset_version = 17;
  bool check = true;  // onnx's checker and strict shape inference
  ExternalData external = {};
  size_t size_limit = (size_t{1} << 31) - 1;  // of a message in protobuf
};

struct WrittenModel {
  int64_t ir_version = 0;
  size_t nodes = 0;
  size_t parameters = 0;      // elements of all initializers
  size_t bytes = 0;           // of the model's own file
  std::string external_file;  // relative to the model's folder; empty: none was written
  size_t external_bytes = 0;  // of that file
};

// The lowest IR version in which an opset can be written with initializers that are not inputs.
int64_t ir_version_of(int opset);

// Writes `path`, and the external data beside it where there is any: all files appear whole, or none does. Makes
// missing parent folders. Fails with kCheckerRefused, kWriteFailed, kTooLarge, kBadOption (impossible external data).
Result<WrittenModel> write_model(const Graph& graph, const WriteOptions& options, const std::filesystem::path& path);

// Writes to memory; `model` is replaced on success only. Fails with kTooLarge where external data would be needed.
Result<WrittenModel> write_model(const Graph& graph, const WriteOptions& options, std::vector<std::byte>& model);

}  // namespace paddle2onnx
