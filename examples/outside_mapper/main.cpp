// Two mappers of one's own, for operators that a plugin or another Paddle brought in, and for one that the converter
// would write otherwise.
//
//   outside_mapper MODEL_DIR model.onnx
//
// `clipped_square`, which no Paddle knows, becomes Mul and Clip; `relu` becomes Max(x, 0), for a runtime that has no
// Relu.
#include <paddle2onnx/paddle2onnx.h>

#include <cstdio>
#include <string>

namespace {

using paddle2onnx::GraphValue;
using paddle2onnx::OperatorMapping;

// Out = min(X², limit)
void clipped_square(OperatorMapping& op) {
  const GraphValue x = op.input("X");
  if (op.element_type(x) != paddle2onnx::ElementType::kFloat32)
    return op.fail("clipped_square of anything but float32");
  const GraphValue limit = op.constant<float>({}, {static_cast<float>(op.number("limit", 6.0))});
  op.output("Out", op.node("Min", {op.node("Mul", {x, x}), limit}));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: outside_mapper MODEL_DIR model.onnx\n", stderr);
    return 2;
  }
  int relus = 0;
  paddle2onnx::Options options;
  options.mappers.push_back({.op = "clipped_square", .map = clipped_square, .first_opset = 8});
  options.mappers.push_back({.op = "relu",
                             .map =
                                 [&](OperatorMapping& op) {
                                   ++relus;
                                   const GraphValue zero = op.constant<float>({}, {0.0F});
                                   op.output("out", op.node("Max", {op.input("x"), zero}));
                                 },
                             .first_opset = 8,
                             .override_builtin = true});

  paddle2onnx::ModelSource source;
  source.model_dir = argv[1];
  const auto conversion = convert(source, options, argv[2]);
  for (const auto& diagnostic : conversion.diagnostics) std::fputs((to_string(diagnostic) + "\n").c_str(), stderr);
  if (conversion.ok()) std::printf("%s: %d relu written as Max\n", argv[2], relus);
  return static_cast<int>(conversion.status);
}
