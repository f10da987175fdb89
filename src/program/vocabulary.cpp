#include "program/vocabulary.h"

#include <algorithm>
#include <array>

namespace paddle2onnx {
namespace {

constexpr VocabularyRow kRows[] = {
#include "program/vocabulary.inc"
};

static_assert(std::ranges::is_sorted(kRows, {}, &VocabularyRow::legacy), "vocabulary.inc must stay sorted");

}  // namespace

const VocabularyRow* find_vocabulary_row(std::string_view legacy) {
  const auto row = std::ranges::lower_bound(kRows, legacy, {}, &VocabularyRow::legacy);
  return row != std::end(kRows) && row->legacy == legacy ? &*row : nullptr;
}

std::span<const VocabularyRow> vocabulary() { return kRows; }

}  // namespace paddle2onnx
