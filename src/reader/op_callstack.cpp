#include "reader/op_callstack.h"

#include <algorithm>
#include <ranges>

namespace paddle2onnx {
namespace {

// Whether a Python file is one of the installed paddle package, or of its source tree.
bool is_of_paddle(std::string file) {
  std::ranges::replace(file, '\\', '/');
  static constexpr std::string_view kFolders[] = {"site-packages/paddle/", "dist-packages/paddle/", "/python/paddle/"};
  return std::ranges::any_of(kFolders, [&](auto folder) { return file.find(folder) != std::string::npos; });
}

}  // namespace

std::string user_source(std::span<const std::string_view> callstack) {
  for (size_t i = callstack.size(); i-- > 0;) {
    const std::string_view frame = callstack[i];
    const size_t begin = frame.find("File \"");
    if (begin == std::string_view::npos) continue;
    const size_t path = begin + 6;
    const size_t path_end = frame.find('"', path);
    const size_t line = frame.find(", line ", path);
    if (path_end == std::string_view::npos || line == std::string_view::npos) continue;
    const std::string file(frame.substr(path, path_end - path));
    const size_t line_end = frame.find_first_not_of("0123456789", line + 7);
    if (is_of_paddle(file) || file.starts_with('<') || line_end == line + 7 || line + 7 == frame.size()) continue;
    std::string text = file + ":" + std::string(frame.substr(line + 7, line_end - line - 7));
    const size_t function = frame.find(", in ", line);
    if (function != std::string_view::npos)
      text += " (" + std::string(frame.substr(function + 5, frame.find('\n', function) - function - 5)) + ")";
    return text;
  }
  return {};
}

}  // namespace paddle2onnx
