#include "reader/reader.h"

#include <algorithm>
#include <filesystem>

#include "common/mapped_file.h"
#include "reader/params.h"
#include "reader/pir_program.h"
#include "reader/program_desc.h"

namespace paddle2onnx {
namespace {

namespace fs = std::filesystem;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Content {
  std::span<const std::byte> bytes;
  std::shared_ptr<const MappedFile> file;
};

bool is_git_lfs_pointer(std::span<const std::byte> bytes) {
  return as_text(bytes).starts_with("version https://git-lfs.github.com/spec/");
}

std::optional<Diagnostic> refuse_placeholder(std::span<const std::byte> bytes, const std::string& file) {
  if (bytes.empty()) return error(kFileEmpty, file + " is empty");
  if (is_git_lfs_pointer(bytes)) {
    return error(kGitLfsPointer, file + " is a Git LFS pointer, not the file itself",
                 "run 'git lfs pull' in that repository");
  }
  return std::nullopt;
}

// What else people pass as a model.
Diagnostic not_a_model(std::span<const std::byte> bytes, const std::string& file) {
  const auto text = as_text(bytes);
  if (looks_like_params(bytes)) {
    return error(kFilesSwapped, file + " holds parameters, not a program",
                 "are the model and the parameter file swapped?");
  }
  if (text.starts_with("\x80")) {
    return error(kNotAModel,
                 file + " is a Python pickle (a training checkpoint such as .pdparams), not an inference model",
                 "export the network with paddle.jit.save and convert the .pdmodel file");
  }
  if (text.starts_with("\x08")) {
    return error(kNotAModel, file + " is not a Paddle program; it may already be an ONNX model");
  }
  if (text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size())).starts_with('<'))
    return error(kNotAModel, file + " is a web page or XML, not a model", "download the file itself");
  if (text.starts_with("PK")) return error(kNotAModel, file + " is a zip archive, not a model", "unpack it first");
  return error(kNotAModel, file + " is neither a .pdmodel program nor a PIR program");
}

Result<Content> open_file(const fs::path& path) {
  auto file = MappedFile::open(path);
  if (!file) return tl::make_unexpected(std::move(file).error());
  return Content{(*file)->bytes(), *file};
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// The files of a folder with an extension, sorted.
std::vector<fs::path> files_with_extension(const fs::path& folder, const char* extension) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (auto entry = fs::directory_iterator(folder, failed); !failed && entry != fs::directory_iterator();
       entry.increment(failed)) {
    if (is_file(entry->path()) && entry->path().extension() == extension) found.push_back(entry->path());
  }
  std::ranges::sort(found);
  return found;
}

// The PIR programs of a folder, sorted. Other JSON files lie in many folders: the content tells.
std::vector<fs::path> pir_programs(const fs::path& folder) {
  auto programs = files_with_extension(folder, ".json");
  std::erase_if(programs, [](const fs::path& path) {
    const auto opened = open_file(path);
    return !opened || !looks_like_pir_program(opened->bytes);
  });
  return programs;
}

Result<fs::path> find_model_file(const ModelSource& source) {
  const fs::path folder = source.model_dir;
  if (!source.model_filename.empty()) {
    const fs::path in_folder = folder / source.model_filename;
    // A file name that already contains the folder is common in scripts.
    if (!is_file(in_folder) && is_file(source.model_filename)) return fs::path(source.model_filename);
    return in_folder;
  }
  if (is_file(folder)) return folder;
  if (!is_folder(folder)) return fail(kFileNotFound, "no such folder: " + folder.string());
  for (const char* name : {"inference.pdmodel", "model.pdmodel"}) {
    if (is_file(folder / name)) return folder / name;
  }
  auto programs = files_with_extension(folder, ".pdmodel");
  for (const char* name : {"__model__", "inference.json", "model.json"}) {
    if (programs.empty() && is_file(folder / name)) return folder / name;
  }
  if (programs.empty()) programs = pir_programs(folder);
  if (programs.size() > 1) {
    std::string names;
    for (const auto& path : programs) names += (names.empty() ? "" : ", ") + path.filename().string();
    return fail(kAmbiguousModel, folder.string() + " holds several models: " + names, "name one with --model_filename");
  }
  if (programs.size() == 1) return programs.front();
  return fail(kFileNotFound,
              "no model in " + folder.string() + " (looked for *.pdmodel, __model__ and PIR programs in *.json)",
              "name the file with --model_filename");
}

// A note that names the PIR program beside an older program that was taken because none was named.
std::optional<Diagnostic> other_format(const ModelSource& source, const fs::path& taken) {
  if (!source.model_filename.empty() || !is_folder(source.model_dir) || taken.extension() == ".json")
    return std::nullopt;
  const auto programs = pir_programs(source.model_dir);
  if (programs.empty()) return std::nullopt;
  // That of the same name, where there are several.
  const auto twin = std::ranges::find(programs, taken.stem(), &fs::path::stem);
  const std::string name = (twin == programs.end() ? programs.front() : *twin).filename().string();
  Diagnostic note = error(kOneOfTwoFormats,
                          "the folder holds programs of both formats: " + taken.string() + " was taken, not " + name);
  note.severity = Severity::kNote;
  note.hint = "--model_filename " + name + " takes that one";
  return note;
}

// The combined parameter file that belongs to a model file, or nothing.
std::optional<fs::path> find_params_file(const fs::path& model) {
  fs::path beside = model;
  beside.replace_extension(".pdiparams");
  if (is_file(beside)) return beside;
  if (const auto old = model.parent_path() / "__params__"; is_file(old)) return old;
  auto candidates = files_with_extension(model.parent_path().empty() ? "." : model.parent_path(), ".pdiparams");
  if (candidates.size() == 1) return candidates.front();
  return std::nullopt;
}

// Names come from the file: one that leaves the folder is refused.
bool stays_inside(const std::string& name) {
  const fs::path path = name;
  return !name.empty() && path.is_relative() && std::ranges::count(path, fs::path("..")) == 0;
}

Result<void> attach_separate_params(Program& program, const std::vector<ValueId>& parameters, const fs::path& folder) {
  for (const ValueId id : parameters) {
    ProgramValue& value = program.values[id];
    if (!stays_inside(value.name))
      return fail(kMalformedProgram, "parameter name '" + value.name + "' is no file name");
    const std::string file = (folder / value.name).string();
    auto content = open_file(file);
    if (!content) return tl::make_unexpected(std::move(content).error());
    if (auto refused = refuse_placeholder(content->bytes, file)) return tl::make_unexpected(std::move(*refused));
    if (auto status = attach_combined_params(program, {id}, content->bytes, content->file, file); !status)
      return status;
  }
  return {};
}

Result<void> load_params(const ModelSource& source, const fs::path& model, ParsedProgram& parsed, LoadedModel& loaded) {
  Content content;
  if (source.params_bytes) {
    content.bytes = *source.params_bytes;
    loaded.params_file = source.params_filename.empty() ? "the parameters in memory" : source.params_filename;
  } else if (!source.params_filename.empty()) {
    fs::path path = fs::path(source.model_dir) / source.params_filename;
    if (!is_file(path) && is_file(source.params_filename)) path = source.params_filename;
    loaded.params_file = path.string();
  } else if (const auto found = source.model_bytes ? std::nullopt : find_params_file(model)) {
    if (parsed.parameters.empty()) return {};
    loaded.params_file = found->string();
  } else {
    if (parsed.parameters.empty()) return {};
    const fs::path folder = model.parent_path();
    const auto has_file = [&](ValueId id) {
      const std::string& name = parsed.program.values[id].name;
      return stays_inside(name) && is_file(folder / name);
    };
    if (source.model_bytes || std::ranges::none_of(parsed.parameters, has_file)) {
      return fail(
          kParamsMissing,
          "the model has " + std::to_string(parsed.parameters.size()) + " parameters, but no parameter file was found",
          "name it with --params_filename");
    }
    loaded.params_file = folder.string();
    return attach_separate_params(parsed.program, parsed.parameters, folder);
  }
  if (!source.params_bytes) {
    auto opened = open_file(loaded.params_file);
    if (!opened) return tl::make_unexpected(std::move(opened).error());
    content = std::move(*opened);
  }
  if (content.bytes.empty() && parsed.parameters.empty()) return {};
  if (auto refused = refuse_placeholder(content.bytes, loaded.params_file))
    return tl::make_unexpected(std::move(*refused));
  if (looks_like_program_desc(content.bytes) || looks_like_pir_program(content.bytes)) {
    return fail(kFilesSwapped, loaded.params_file + " holds a program, not parameters",
                "are the model and the parameter file swapped?");
  }
  if (!looks_like_params(content.bytes)) {
    return fail(kMalformedParams, loaded.params_file + " is not a Paddle parameter file",
                as_text(content.bytes).starts_with("\x80")
                    ? "it is a Python pickle (.pdparams?): a .pdiparams file is wanted"
                    : "");
  }
  std::vector<ValueId>& parameters = parsed.parameters;
  const std::vector<ValueId>& perhaps = parsed.perhaps_saved;
  if (!perhaps.empty() && count_tensor_records(content.bytes) == parameters.size() + perhaps.size())
    parameters.insert(parameters.end(), perhaps.begin(), perhaps.end());
  return attach_combined_params(parsed.program, parameters, content.bytes, content.file, loaded.params_file);
}

}  // namespace

Result<LoadedModel> load_model(const ModelSource& source) {
  LoadedModel loaded;
  Content content;
  fs::path path;
  if (source.model_bytes) {
    content.bytes = *source.model_bytes;
    loaded.model_file = source.model_filename.empty() ? "the model in memory" : source.model_filename;
  } else {
    auto found = find_model_file(source);
    if (!found) return tl::make_unexpected(std::move(found).error());
    path = *found;
    loaded.model_file = path.string();
    auto opened = open_file(path);
    if (!opened) return tl::make_unexpected(std::move(opened).error());
    content = std::move(*opened);
  }
  if (auto refused = refuse_placeholder(content.bytes, loaded.model_file))
    return tl::make_unexpected(std::move(*refused));
  const bool is_pir = looks_like_pir_program(content.bytes);
  if (!is_pir && !looks_like_program_desc(content.bytes))
    return tl::make_unexpected(not_a_model(content.bytes, loaded.model_file));

  auto parsed = is_pir ? parse_pir_program(content.bytes) : parse_program_desc(content.bytes);
  if (!parsed) {
    Diagnostic diagnostic = std::move(parsed).error();
    diagnostic.message = loaded.model_file + ": " + diagnostic.message;
    return tl::make_unexpected(std::move(diagnostic));
  }
  if (auto status = load_params(source, path, *parsed, loaded); !status)
    return tl::make_unexpected(std::move(status).error());
  loaded.program = std::move(parsed->program);
  loaded.warnings = std::move(parsed->warnings);
  if (auto note = other_format(source, path)) loaded.warnings.push_back(std::move(*note));
  return loaded;
}

}  // namespace paddle2onnx
