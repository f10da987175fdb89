#include "program/vocabulary.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace paddle2onnx {
namespace {

constexpr VocabularyRow kRows[] = {
#include "program/vocabulary.inc"
};

static_assert(std::ranges::is_sorted(kRows, {}, &VocabularyRow::legacy), "vocabulary.inc must stay sorted");

constexpr PirRow kPirRows[] = {
#include "program/pir_operators.inc"
};

static_assert(std::ranges::is_sorted(kPirRows, {}, &PirRow::pir), "pir_operators.inc must stay sorted");

}  // namespace

const VocabularyRow* find_vocabulary_row(std::string_view legacy) {
  const auto row = std::ranges::lower_bound(kRows, legacy, {}, &VocabularyRow::legacy);
  return row != std::end(kRows) && row->legacy == legacy ? &*row : nullptr;
}

std::span<const VocabularyRow> vocabulary() { return kRows; }

const PirRow* find_pir_row(std::string_view pir, size_t operands) {
  const PirRow* best = nullptr;
  for (auto row = std::ranges::lower_bound(kPirRows, pir, {}, &PirRow::pir);
       row != std::end(kPirRows) && row->pir == pir; row = std::next(row)) {
    if (best == nullptr || split_words(row->inputs).size() == operands) best = &*row;
  }
  // An in-place twin.
  if (best == nullptr && pir.ends_with('_')) return find_pir_row(pir.substr(0, pir.size() - 1), operands);
  return best;
}

std::vector<std::string_view> split_words(std::string_view column) {
  std::vector<std::string_view> words;
  while (!column.empty()) {
    const size_t end = std::min(column.find(' '), column.size());
    if (end > 0) words.push_back(column.substr(0, end));
    column.remove_prefix(std::min(end + 1, column.size()));
  }
  return words;
}

}  // namespace paddle2onnx
