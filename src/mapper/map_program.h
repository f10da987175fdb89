// Maps a whole Paddle program to an ONNX graph.
#pragma once

#include <memory>
#include <vector>

#include "common/result.h"
#include "graph/graph.h"
#include "mapper/outside.h"
#include "program/program.h"

namespace paddle2onnx {

struct MapOptions {
  int opset_version = 17;
  bool auto_upgrade_opset = true;
  bool strict = false;  // operators whose numbers cannot be Paddle's are errors, not warnings
  CustomOperators custom_ops = {};
  std::vector<OutsideMapper> mappers = {};
};

struct MappedGraph {
  std::unique_ptr<Graph> graph;  // none if there were errors
  int opset_version = 0;         // at least the asked one
};

// Errors and notes of all operators go to `diagnostics`; nothing stops at the first.
MappedGraph map_program(const Program& program, const MapOptions& options, std::vector<Diagnostic>& diagnostics);

}  // namespace paddle2onnx
