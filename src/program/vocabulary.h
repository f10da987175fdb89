// The table that translates operators of .pdmodel files, of whatever age, into this project's vocabulary.
#pragma once

#include <span>
#include <string_view>

namespace paddle2onnx {

// One row; the columns are described in vocabulary.inc.
struct VocabularyRow {
  std::string_view legacy;
  std::string_view name;
  std::string_view inputs;
  std::string_view outputs;
  std::string_view attributes;
};

// The row of an operator's name in a .pdmodel file, or nullptr. Names without a row keep their own names and slots.
const VocabularyRow* find_vocabulary_row(std::string_view legacy);

// All rows, sorted by the name in .pdmodel files.
std::span<const VocabularyRow> vocabulary();

}  // namespace paddle2onnx
