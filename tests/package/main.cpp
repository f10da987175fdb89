// Converts a model through the installed library, to memory and to a file, beside a protobuf of its own.
#include <paddle2onnx/paddle2onnx.h>

#include <cstdio>
#include <vector>

#include "framework.pb.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  paddle::framework::proto::ProgramDesc own;
  own.set_version(paddle2onnx::max_opset_version());
  if (own.ByteSizeLong() == 0) return 3;

  paddle2onnx::ModelSource source;
  source.model_dir = argv[1];
  std::vector<std::byte> model;
  for (const auto& conversion : {convert(source, {}, model), convert(source, {}, argv[2])}) {
    for (const auto& diagnostic : conversion.diagnostics) std::puts(to_string(diagnostic).c_str());
    if (!conversion.ok() || conversion.summary.bytes != model.size()) return 1;
  }
  if (paddle2onnx::list_operators().size() < 100) return 5;
  source.model_dir = "/nonexistent";
  return convert(source, {}, model).status == paddle2onnx::Status::kBadInput ? 0 : 4;
}
