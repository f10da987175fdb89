// The command: a thin shell around the public API. Standard output stays clean; all messages go to standard error.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>

#include "cli/options.h"
#include "paddle2onnx/paddle2onnx.h"
#include "writer/sink.h"

namespace {

using paddle2onnx::Conversion;
using paddle2onnx::Diagnostic;
using paddle2onnx::Severity;

// The level's name comes from the logger, coloured on a terminal (https://no-color.org respected); messages carry the
// rest.
std::shared_ptr<spdlog::logger> make_logger(bool verbose, bool quiet) {
  const char* no_color = std::getenv("NO_COLOR");
  const auto mode =
      no_color != nullptr && *no_color != '\0' ? spdlog::color_mode::never : spdlog::color_mode::automatic;
  auto logger =
      std::make_shared<spdlog::logger>("paddle2onnx", std::make_shared<spdlog::sinks::stderr_color_sink_st>(mode));
  logger->set_pattern("%^%l%$%v");
  logger->set_level(quiet ? spdlog::level::err : verbose ? spdlog::level::debug : spdlog::level::info);
  return logger;
}

void log(spdlog::logger& logger, const Diagnostic& diagnostic) {
  const auto level = diagnostic.severity == Severity::kError     ? spdlog::level::err
                     : diagnostic.severity == Severity::kWarning ? spdlog::level::warn
                                                                 : spdlog::level::info;
  const std::string text = to_string(diagnostic);
  logger.log(level, "{}", text.substr(text.find('[')));
}

std::string human_bytes(size_t bytes) {
  if (bytes < 1000000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

void log_summary(spdlog::logger& logger, const Conversion& conversion, const std::string& save_file) {
  const auto& summary = conversion.summary;
  logger.debug(": read {} ({} operators){}", summary.model_file, summary.operators,
               summary.params_file.empty() ? ", which has no parameters" : " and " + summary.params_file);
  const std::string external =
      summary.external_file.empty()
          ? ""
          : fmt::format(" and {} in {}", human_bytes(summary.external_bytes), summary.external_file);
  logger.info(": wrote {}: opset {}, IR version {}, {} nodes, {} parameters, {}{}, in {:.3f} s", save_file,
              summary.opset_version, summary.ir_version, summary.nodes, summary.parameters, human_bytes(summary.bytes),
              external, summary.seconds);
}

int run(int argc, char** argv) {
  const auto command = paddle2onnx::cli::parse({argv + 1, argv + argc});
  const auto logger = make_logger(command.verbose, command.quiet);
  std::fputs(command.output.c_str(), stdout);
  for (const Diagnostic& diagnostic : command.errors) log(*logger, diagnostic);
  if (command.finished) return command.exit_code;
  const Conversion conversion = convert(command.source, command.options, command.save_file);
  for (const Diagnostic& diagnostic : conversion.diagnostics) log(*logger, diagnostic);
  if (conversion.ok()) log_summary(*logger, conversion, command.save_file);
  return static_cast<int>(conversion.status);
}

void end_by_signal(int signal) {
  paddle2onnx::remove_temporary_files();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

int main(int argc, char** argv) {
  // A limit of the file size is to fail like a full disk: with a message, and without a leftover file.
  std::signal(SIGXFSZ, SIG_IGN);
  for (const int ending : {SIGINT, SIGTERM, SIGHUP}) {
    // One that is ignored (nohup) stays so.
    if (std::signal(ending, end_by_signal) == SIG_IGN) std::signal(ending, SIG_IGN);
  }
  try {
    return run(argc, argv);
  } catch (const std::exception& unexpected) {
    std::fprintf(stderr, "error[P2O7001]: %s\n", unexpected.what());
    return static_cast<int>(paddle2onnx::Status::kInternal);
  }
}
