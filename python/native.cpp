// The Python module paddle2onnx._native: the public C++ API as it is. Its types are described in _native.pyi;
// everything that users call is Python, in the package around it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "paddle2onnx/paddle2onnx.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace paddle2onnx {
namespace {

// Names in messages come from model files and paths: bytes that are no UTF-8 are shown escaped.
nb::str text(const std::string& bytes) {
  PyObject* decoded = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "backslashreplace");
  if (decoded == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(decoded);
}

nb::tuple texts(const std::vector<std::string>& all) {
  nb::list list;
  for (const std::string& bytes : all) list.append(text(bytes));
  return nb::tuple(list);
}

// What a diagnostic is compared, shown and pickled by.
nb::tuple fields(const Diagnostic& d) {
  return nb::make_tuple(d.severity, d.code, text(d.message), text(d.op), texts(d.outputs), text(d.place),
                        text(d.source), text(d.hint));
}

std::string path(const nb::bytes& bytes) { return {bytes.c_str(), bytes.size()}; }

// The diagnostics are a list, the model is bytes where no file is named and the conversion succeeded, else None.
std::tuple<Status, nb::list, Summary, nb::object> convert_model(const nb::bytes& model_dir,
                                                                const nb::bytes& model_filename,
                                                                const nb::bytes& params_filename,
                                                                const std::optional<nb::bytes>& save_file,
                                                                const Options& options) {
  ModelSource source;
  source.model_dir = path(model_dir);
  source.model_filename = path(model_filename);
  source.params_filename = path(params_filename);
  const std::optional<std::string> file = save_file ? std::optional(path(*save_file)) : std::nullopt;
  std::vector<std::byte> model;
  Conversion conversion;
  {
    nb::gil_scoped_release others_may_run;
    conversion = file ? convert(source, options, *file) : convert(source, options, model);
  }
  nb::list diagnostics;
  for (Diagnostic& diagnostic : conversion.diagnostics) diagnostics.append(std::move(diagnostic));
  nb::object result = nb::none();
  if (!file && conversion.ok()) result = nb::bytes(model.data(), model.size());
  return {conversion.status, std::move(diagnostics), std::move(conversion.summary), std::move(result)};
}

}  // namespace
}  // namespace paddle2onnx

NB_MODULE(_native, m) {
  using namespace paddle2onnx;
  nb::set_leak_warnings(false);  // an exception that is still held when the interpreter ends is no defect

  nb::enum_<Status>(m, "Status", nb::is_arithmetic(), "The outcome of a conversion, and the exit code of the command.")
      .value("OK", Status::kOk)
      .value("USAGE", Status::kUsage)
      .value("BAD_INPUT", Status::kBadInput)
      .value("UNSUPPORTED", Status::kUnsupported)
      .value("CHECK_FAILED", Status::kCheckFailed)
      .value("MISMATCH", Status::kMismatch)
      .value("CANNOT_WRITE", Status::kCannotWrite)
      .value("INTERNAL", Status::kInternal);

  nb::enum_<Severity>(m, "Severity", nb::is_arithmetic())
      .value("NOTE", Severity::kNote)
      .value("WARNING", Severity::kWarning)
      .value("ERROR", Severity::kError);

  nb::class_<Diagnostic>(m, "Diagnostic", "One finding. `code` is stable between releases; docs/errors.md lists them.")
      .def(
          "__init__",
          [](Diagnostic* self, Severity severity, int code, std::string message, std::string op,
             std::vector<std::string> outputs, std::string place, std::string source, std::string hint) {
            new (self) Diagnostic{severity,           code,
                                  std::move(message), std::move(op),
                                  std::move(outputs), std::move(place),
                                  std::move(source),  std::move(hint)};
          },
          "severity"_a, "code"_a, "message"_a, "op"_a = "", "outputs"_a = std::vector<std::string>(), "place"_a = "",
          "source"_a = "", "hint"_a = "")
      .def_ro("severity", &Diagnostic::severity)
      .def_ro("code", &Diagnostic::code)
      .def_prop_ro("message", [](const Diagnostic& d) { return text(d.message); })
      .def_prop_ro("op", [](const Diagnostic& d) { return text(d.op); })
      .def_prop_ro("outputs", [](const Diagnostic& d) { return texts(d.outputs); })
      .def_prop_ro("place", [](const Diagnostic& d) { return text(d.place); })
      .def_prop_ro("source", [](const Diagnostic& d) { return text(d.source); })
      .def_prop_ro("hint", [](const Diagnostic& d) { return text(d.hint); })
      .def("__str__", [](const Diagnostic& d) { return text(to_string(d)); })
      .def("__repr__", [](const Diagnostic& d) { return nb::str("Diagnostic{}").format(nb::repr(fields(d))); })
      .def(
          "__eq__", [](const Diagnostic& a, const Diagnostic& b) { return fields(a).equal(fields(b)); }, "other"_a,
          nb::is_operator())
      .def("__hash__", [](const Diagnostic& d) { return nb::hash(fields(d)); })
      .def("__reduce__", [](const Diagnostic& d) { return nb::make_tuple(nb::type<Diagnostic>(), fields(d)); });

  nb::class_<Summary>(m, "Summary", "What was read and written.")
      .def_prop_ro("model_file", [](const Summary& s) { return text(s.model_file); })
      .def_prop_ro("params_file", [](const Summary& s) { return text(s.params_file); })
      .def_ro("opset_version", &Summary::opset_version)
      .def_ro("ir_version", &Summary::ir_version)
      .def_ro("operators", &Summary::operators)
      .def_ro("nodes", &Summary::nodes)
      .def_ro("parameters", &Summary::parameters)
      .def_ro("bytes", &Summary::bytes)
      .def_prop_ro("external_file", [](const Summary& s) { return text(s.external_file); })
      .def_ro("external_bytes", &Summary::external_bytes)
      .def_ro("seconds", &Summary::seconds);

  m.def(
      "convert",
      [](const nb::bytes& model_dir, const nb::bytes& model_filename, const nb::bytes& params_filename,
         const std::optional<nb::bytes>& save_file, int opset_version, bool auto_upgrade_opset, bool check,
         bool optimize, bool strict, bool remove_nms, std::map<std::string, std::string> custom_ops, bool external_data,
         const nb::bytes& external_filename, size_t external_threshold, bool reference_params) {
        Options options;
        options.opset_version = opset_version;
        options.auto_upgrade_opset = auto_upgrade_opset;
        options.check = check;
        options.optimize = optimize;
        options.strict = strict;
        options.remove_nms = remove_nms;
        options.custom_ops = std::move(custom_ops);
        options.external_data = external_data;
        options.external_filename = path(external_filename);
        options.external_threshold = external_threshold;
        options.reference_params = reference_params;
        return convert_model(model_dir, model_filename, params_filename, save_file, options);
      },
      nb::kw_only(), "model_dir"_a, "model_filename"_a, "params_filename"_a, "save_file"_a.none(), "opset_version"_a,
      "auto_upgrade_opset"_a, "check"_a, "optimize"_a, "strict"_a, "remove_nms"_a, "custom_ops"_a, "external_data"_a,
      "external_filename"_a, "external_threshold"_a, "reference_params"_a);
  m.def("version", &version);
  m.def("min_opset_version", &min_opset_version);
  m.def("max_opset_version", &max_opset_version);
}
