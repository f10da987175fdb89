// The public API: joins the rooms, and keeps exceptions inside.
#include <onnx/defs/schema.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <new>

#include "common/result.h"
#include "mapper/map_program.h"
#include "paddle2onnx/paddle2onnx.h"
#include "pass/pass.h"
#include "program/cut.h"
#include "reader/reader.h"
#include "writer/writer.h"

namespace paddle2onnx {
namespace {

constexpr int kMinOpset = 7;

void close(Conversion& conversion, Diagnostic diagnostic) {
  conversion.status = static_cast<Status>(diagnostic.code / 100);
  conversion.diagnostics.push_back(std::move(diagnostic));
}

using Write = std::function<Result<WrittenModel>(const Graph&, const WriteOptions&)>;

// The result must not take the place of what it is made of.
bool is_input(const LoadedModel& loaded, const std::filesystem::path& file) {
  std::error_code none_there;
  return std::filesystem::equivalent(file, loaded.model_file, none_there) ||
         std::filesystem::equivalent(file, loaded.params_file, none_there);
}

// `save_file`: empty for a model in memory.
void run(const ModelSource& source, const Options& options, const std::filesystem::path& save_file, const Write& write,
         Conversion& conversion) {
  if (options.opset_version < min_opset_version() || options.opset_version > max_opset_version()) {
    return close(conversion, error(kBadOption, "opset " + std::to_string(options.opset_version) + " is outside " +
                                                   std::to_string(min_opset_version()) + " to " +
                                                   std::to_string(max_opset_version())));
  }
  MapOptions mapping{options.opset_version, options.auto_upgrade_opset, options.strict, {}, options.mappers};
  for (const auto& [op, target] : options.custom_ops) {
    auto custom = parse_custom_operator(op, target);
    if (!custom) return close(conversion, std::move(custom).error());
    mapping.custom_ops.emplace(op, std::move(*custom));
  }
  auto loaded = load_model(source);
  if (!loaded) return close(conversion, std::move(loaded).error());
  conversion.diagnostics = std::move(loaded->warnings);
  Summary& summary = conversion.summary;
  summary.model_file = loaded->model_file;
  summary.params_file = loaded->params_file;
  for (const Block& block : loaded->program.blocks) summary.operators += block.operators.size();
  if (options.remove_nms) {
    if (auto cut = cut_before_nms(loaded->program); !cut) return close(conversion, std::move(cut).error());
  }

  if (options.reference_params && source.params_bytes) {
    return close(conversion, error(kBadOption, "parameters in memory cannot be referred to",
                                   "name the parameter file, or leave reference_params out"));
  }
  std::vector<std::filesystem::path> targets;
  if (!save_file.empty()) targets.push_back(save_file);
  if (!save_file.empty() && !options.external_filename.empty())
    targets.push_back(save_file.parent_path() / options.external_filename);
  for (const auto& file : targets) {
    if (is_input(*loaded, file))
      return close(conversion, error(kBadOption, file.string() + " is a file of the model that is read"));
  }

  MappedGraph mapped = map_program(loaded->program, mapping, conversion.diagnostics);
  summary.opset_version = mapped.opset_version;
  if (!mapped.graph) {
    // Of several kinds of errors the first decides; unsupported operators before what they may have caused.
    conversion.status = Status::kUnsupported;
    for (const Diagnostic& diagnostic : conversion.diagnostics) {
      if (diagnostic.severity == Severity::kError && diagnostic.code / 100 != static_cast<int>(Status::kUnsupported)) {
        conversion.status = static_cast<Status>(diagnostic.code / 100);
      }
    }
    return;
  }
  loaded->program = {};  // what the graph needs of it, it has
  run_passes(*mapped.graph, options.optimize);
  const ExternalData external = {options.external_data || !options.external_filename.empty(), options.external_filename,
                                 options.external_threshold, options.reference_params};
  auto written = write(*mapped.graph, {mapped.opset_version, options.check, external});
  if (!written) return close(conversion, std::move(written).error());
  summary.ir_version = written->ir_version;
  summary.nodes = written->nodes;
  summary.parameters = written->parameters;
  summary.bytes = written->bytes;
  summary.external_file = written->external_file;
  summary.external_bytes = written->external_bytes;
  conversion.status = Status::kOk;
}

Conversion convert_with(const ModelSource& source, const Options& options, const std::filesystem::path& save_file,
                        const Write& write) {
  const auto start = std::chrono::steady_clock::now();
  Conversion conversion;
  try {
    run(source, options, save_file, write, conversion);
  } catch (const std::bad_alloc&) {
    close(conversion, error(kInternalError, "out of memory"));
  } catch (const std::exception& unexpected) {
    close(conversion, error(kInternalError, std::string("unexpected error: ") + unexpected.what(),
                            "this is a defect of paddle2onnx: please report it with the model"));
  }
  conversion.summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return conversion;
}

}  // namespace

Conversion convert(const ModelSource& source, const Options& options, const std::string& save_file) {
  const std::filesystem::path path = save_file;
  return convert_with(source, options, path,
                      [&](const Graph& graph, const WriteOptions& write) { return write_model(graph, write, path); });
}

Conversion convert(const ModelSource& source, const Options& options, std::vector<std::byte>& model) {
  return convert_with(source, options, {},
                      [&](const Graph& graph, const WriteOptions& write) { return write_model(graph, write, model); });
}

std::string to_string(const Diagnostic& diagnostic) {
  static constexpr const char* kSeverities[] = {"info", "warning", "error"};
  const std::string digits = std::to_string(diagnostic.code);
  std::string text = std::string(kSeverities[static_cast<int>(diagnostic.severity)]) + "[P2O" +
                     std::string(4 - std::min<size_t>(4, digits.size()), '0') + digits + "]: " + diagnostic.message;
  if (!diagnostic.place.empty()) text += "\n  at " + diagnostic.place;
  if (!diagnostic.outputs.empty()) {
    text += "\n  output";
    for (size_t i = 0; i < diagnostic.outputs.size(); ++i)
      text += (i == 0 ? " '" : ", '") + diagnostic.outputs[i] + "'";
  }
  if (!diagnostic.source.empty()) text += "\n  from " + diagnostic.source;
  if (!diagnostic.hint.empty()) text += "\n  hint: " + diagnostic.hint;
  return text;
}

const char* version() { return PADDLE2ONNX_VERSION; }

int min_opset_version() { return kMinOpset; }

int max_opset_version() { return onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second; }

}  // namespace paddle2onnx
