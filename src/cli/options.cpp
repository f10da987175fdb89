#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iterator>

#include "cli/dict.h"
#include "cli/list_ops.h"

namespace paddle2onnx::cli {
namespace {

// Short forms of several letters, which CLI11 would read as bundled flags.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kShortForms = {
    {{"-mf", "--model_filename"}, {"-pf", "--params_filename"}, {"-ov", "--opset_version"}}};

constexpr const char* kFooter = R"(
Examples:
  paddle2onnx --model_dir mobilenetv3 --save_file model.onnx
  paddle2onnx --model_dir mobilenetv3 --model_filename inference.pdmodel \
              --params_filename inference.pdiparams --save_file model.onnx --opset_version 13

Other commands:
  paddle2onnx list-ops [--json|--markdown]    what becomes of each of Paddle's operators

Exit codes:
  0 done · 2 usage · 3 input unreadable or malformed · 4 unsupported operator or attribute
  5 the result did not pass the check · 6 verification mismatch · 7 cannot write · 70 internal error)";

Diagnostic usage_error(int code, std::string message, std::string hint = {}) {
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  return diagnostic;
}

// Whether a flag's value says more than that there is none.
bool has_effect(const std::string& value) {
  std::string bare;
  std::ranges::copy_if(value, std::back_inserter(bare), [](char c) { return c != ' '; });
  return !bare.empty() && bare != "None" && bare != "none" && bare != "{}";
}

// Flags that are accepted for the sake of existing scripts. A value that asks for something that this version cannot do
// is an error, so that nothing is ignored silently.
struct Unavailable {
  std::string input_shape_dict;
  bool paddle_fallback = false;
  bool fp16 = false;
  std::string optimize_tool;
  bool dist_prim_all = false;

  void check(std::vector<Diagnostic>& errors) const {
    const auto refuse = [&](bool used, const char* flag, const char* what, const char* hint) {
      if (used)
        errors.push_back(usage_error(kFlagNotAvailable,
                                     std::string(flag) + ": " + what + " is not available in this version", hint));
    };
    refuse(has_effect(input_shape_dict), "--input_shape_dict", "fixing input shapes",
           "export the model from Paddle with the shapes that you want");
    refuse(paddle_fallback, "--enable_paddle_fallback", "falling back to Paddle's own operators", "");
    refuse(fp16, "--export_fp16_model", "the conversion to float16", "");
    refuse(has_effect(optimize_tool), "--optimize_tool", "running an external optimiser",
           "run it on the result, and pass --optimize_tool None here");
    refuse(dist_prim_all, "--enable_dist_prim_all", "decomposing operators with Paddle",
           "it is not needed: leave the flag out");
  }
};

// A flag with a literal value as Paddle2ONNX has them: True, False, true, 1, …; without one it means True.
void add_bool(CLI::App& app, const std::string& name, bool& value, const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&value, name](const std::string& text) {
           const std::string lower = CLI::detail::to_lower(text);
           if (lower == "true" || lower == "1" || lower == "yes" || lower == "on") {
             value = true;
           } else if (lower == "false" || lower == "0" || lower == "no" || lower == "off") {
             value = false;
           } else {
             throw CLI::ValidationError(name, "'" + text + "' is neither True nor False");
           }
         },
         help)
      ->expected(0, 1)
      ->default_str("True")
      ->type_name("BOOL");
}

std::string join(const std::string& text, bool value) { return text + (value ? " [True]" : " [False]"); }

CommandLine parse_list_ops(std::vector<std::string> arguments) {
  CommandLine result;
  result.finished = true;
  bool json = false;
  bool markdown = false;
  CLI::App app("Lists Paddle's operators: supported from which opset, with which restrictions, or why not.",
               "paddle2onnx list-ops");
  auto* as_json = app.add_flag("--json", json, "As JSON");
  app.add_flag("--markdown", markdown, "As docs/operators.md")->excludes(as_json);
  try {
    std::ranges::reverse(arguments);
    app.parse(std::move(arguments));
    result.output = json ? operators_as_json() : markdown ? operators_as_markdown() : operators_as_text();
  } catch (const CLI::CallForHelp&) {
    result.output = app.help();
  } catch (const CLI::ParseError& wrong) {
    result.errors.push_back(usage_error(kBadUsage, wrong.what(), "paddle2onnx list-ops --help lists the flags"));
    result.exit_code = static_cast<int>(Status::kUsage);
  }
  return result;
}

}  // namespace

CommandLine parse(std::vector<std::string> arguments) {
  if (!arguments.empty() && arguments.front() == "list-ops")
    return parse_list_ops({arguments.begin() + 1, arguments.end()});
  for (std::string& argument : arguments) {
    const auto form = std::ranges::find(kShortForms, std::string_view(argument),
                                        &std::pair<std::string_view, std::string_view>::first);
    if (form != kShortForms.end()) argument = form->second;
  }
  CommandLine result;
  Unavailable unavailable;
  bool show_version = false;
  bool no_meaning = false;
  std::string deploy_backend = "onnxruntime";
  std::string calibration_file;
  std::string custom_ops;

  CLI::App app("Converts PaddlePaddle inference models to ONNX.", "paddle2onnx");
  app.footer(kFooter);
  app.get_formatter()->column_width(44);

  app.option_defaults()->group("Model");
  app.add_option("-m,--model_dir", result.source.model_dir, "Folder of the model; enough where it holds one model")
      ->type_name("DIR");
  app.add_option("--model_filename", result.source.model_filename,
                 "Program file in the folder (short: -mf), found if left out")
      ->type_name("FILE");
  app.add_option("--params_filename", result.source.params_filename,
                 "Parameter file in the folder (short: -pf), found if left out")
      ->type_name("FILE");

  app.option_defaults()->group("Result");
  app.add_option("-s,--save_file", result.save_file, "ONNX file to write; missing folders are made")->type_name("FILE");
  app.add_option("--opset_version", result.options.opset_version,
                 "Opset of the result (short: -ov), " + std::to_string(min_opset_version()) + " to " +
                     std::to_string(max_opset_version()))
      ->type_name("N")
      ->capture_default_str();
  add_bool(app, "--enable_auto_update_opset", result.options.auto_upgrade_opset,
           join("Raise the opset to the lowest that the model needs", true));
  add_bool(app, "--enable_onnx_checker", result.options.check,
           join("Check the result with onnx's checker and shape inference", true));
  add_bool(app, "--enable_optimization", result.options.optimize, join("Simplify the graph", true));

  add_bool(app, "--remove_nms", result.options.remove_nms,
           join("End a detector before its NMS: its outputs are the boxes and scores", false));
  app.add_option("--custom_ops", custom_ops,
                 R"(Operators to write as they are, in another domain: {"paddle_op": "domain::OnnxOp"})")
      ->type_name("DICT");
  app.add_flag("--strict", result.options.strict,
               "Refuse operators whose results cannot be exactly Paddle's, instead of a warning");

  app.option_defaults()->group("External data (always where the model would be over 2 GiB)");
  add_bool(app, "--external_data", result.options.external_data,
           join("Store tensors in a file beside the model: its name and .data", false));
  app.add_option("--external_filename", result.options.external_filename,
                 "The same, in a file of this name in the model's folder")
      ->type_name("FILE");
  app.add_option("--external_threshold", result.options.external_threshold, "Smaller tensors stay in the model")
      ->check(CLI::NonNegativeNumber)
      ->type_name("BYTES")
      ->capture_default_str();
  add_bool(app, "--reference_params", result.options.reference_params,
           join("Leave weights in the parameter file, and refer to it", false));

  app.option_defaults()->group("Messages");
  add_bool(app, "--enable_verbose", result.verbose, join("Tell more", false));
  app.add_flag("--quiet", result.quiet, "Tell errors only");
  app.add_flag("-v,--version", show_version, "Print the version");
  app.set_help_flag("-h,--help", "Print this help")->group("Messages");

  app.option_defaults()->group("Quantised models (no effect on others)");
  app.add_option("-d,--deploy_backend", deploy_backend, "Runtime that the result is for")
      ->check(CLI::IsMember({"onnxruntime", "tensorrt", "rknn", "others"}))
      ->capture_default_str();
  app.add_option("--save_calibration_file", calibration_file, "Calibration cache for TensorRT")->type_name("FILE");

  app.option_defaults()->group("Accepted from other converters");
  add_bool(app, "--enable_dev_version", no_meaning, "No longer has a meaning: there is one converter");
  app.add_option("--input_shape_dict", unavailable.input_shape_dict, "Not available yet")->type_name("DICT");
  add_bool(app, "--enable_paddle_fallback", unavailable.paddle_fallback, "Not available");
  add_bool(app, "--export_fp16_model", unavailable.fp16, "Not available yet");
  app.add_option("--optimize_tool", unavailable.optimize_tool, "Not available; None is accepted")->type_name("NAME");
  add_bool(app, "--enable_dist_prim_all", unavailable.dist_prim_all, "Not available; not needed");

  const auto finish = [&](int code) {
    result.finished = true;
    result.exit_code = code;
  };
  try {
    std::ranges::reverse(arguments);  // CLI11 takes its vector from the back
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    result.output = app.help();
    finish(0);
    return result;
  } catch (const CLI::ParseError& wrong) {
    result.errors.push_back(usage_error(kBadUsage, wrong.what(), "paddle2onnx --help lists the flags"));
    finish(static_cast<int>(Status::kUsage));
    return result;
  }
  if (show_version) {
    result.output = std::string("paddle2onnx ") + version() + "\n";
    finish(0);
    return result;
  }
  if (!has_effect(result.options.external_filename)) result.options.external_filename.clear();
  unavailable.check(result.errors);
  if (auto dict = parse_dict(custom_ops)) {
    for (auto& [op, target] : *dict) result.options.custom_ops.emplace(std::move(op), std::move(target));
  } else {
    Diagnostic wrong = std::move(dict).error();
    wrong.message = "--custom_ops: " + wrong.message;
    result.errors.push_back(std::move(wrong));
  }
  if (result.source.model_dir.empty() && result.source.model_filename.empty()) {
    result.errors.push_back(usage_error(kBadUsage, "no model is given", "name its folder with --model_dir"));
  }
  if (result.save_file.empty()) {
    result.errors.push_back(usage_error(kBadUsage, "no output file is given", "name it with --save_file"));
  }
  if (!result.errors.empty()) finish(static_cast<int>(Status::kUsage));
  return result;
}

}  // namespace paddle2onnx::cli
