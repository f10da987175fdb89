// Dictionaries on the command line: {"a": "b"} as JSON writes them, or {'a': 'b'} as Python does. They are read, never
// run.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"

namespace paddle2onnx::cli {

using Dict = std::vector<std::pair<std::string, std::string>>;

// A dictionary of strings, in its own order; empty for an empty text, {} and None. Fails with kBadUsage and the
// position.
Result<Dict> parse_dict(std::string_view text);

}  // namespace paddle2onnx::cli
