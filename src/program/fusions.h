// Takes apart what Paddle's optimiser, and some of its layers, joined into one operator.
#pragma once

#include "program/program.h"

namespace paddle2onnx {

// A model that was saved behind Paddle's optimiser (Config::EnableSaveOptimModel) holds operators that do more than
// their name says: a convolution that adds a residual and activates the sum, a product of matrices that it reshapes
// first. In place of each, the program gets the operators that were joined, in the order in which Paddle's kernel
// computes them. What cannot be told apart keeps its attributes (fuse_activation, Scale_in, …), which mapping refuses.
//
// In Paddle to 2.4 the ordinary operators carry these attributes, later ones of their own (fused_conv2d), which the
// vocabulary gives the ordinary names.
void take_fusions_apart(Program& program);

}  // namespace paddle2onnx
