// Rewrites of the ONNX graph, each for itself. All run in time linear in the nodes.
#pragma once

#include "graph/graph.h"

namespace paddle2onnx {

// Drops nodes none of whose results is used.
void remove_dead_nodes(Graph& graph);

// Constants with equal content become one, that which is used first. Whole contents are compared only where samples of
// them are equal.
void merge_equal_constants(Graph& graph);

// Gives every node and value that has none a unique, readable name: `scope`/<operator>, and `…_out` for results.
void assign_names(Graph& graph);

// All passes in order. `optimize` false leaves out what the result does not need to be valid.
void run_passes(Graph& graph, bool optimize);

}  // namespace paddle2onnx
