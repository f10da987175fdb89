// The tables that translate the operators of files, of whatever format and age, into this project's vocabulary.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace paddle2onnx {

// An operator of .pdmodel files; the columns are described in vocabulary.inc.
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

// An operator of PIR programs; the columns are described in pir_operators.inc.
struct PirRow {
  std::string_view pir;
  std::string_view name;
  std::string_view inputs;
  std::string_view outputs;
};

// The row of an operator's name in a PIR program, without its dialect, that fits the number of operands best; or
// nullptr.
const PirRow* find_pir_row(std::string_view pir, size_t operands);

// The words of a column, which spaces separate.
std::vector<std::string_view> split_words(std::string_view column);

}  // namespace paddle2onnx
