#include "cli/dict.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace paddle2onnx::cli {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Dict> dict() {
    Dict result;
    skip_spaces();
    if (at_end() || rest() == "None" || rest() == "none") return result;
    if (!take('{')) return wrong("'{' is expected");
    while (!take('}')) {
      if (!result.empty() && !take(',')) return wrong("',' or '}' is expected");
      if (!result.empty() && take('}')) break;  // Python allows a last comma
      const size_t start = position_;
      auto key = string();
      if (!key) return tl::make_unexpected(key.error());
      if (!take(':')) return wrong("':' is expected");
      auto value = string();
      if (!value) return tl::make_unexpected(value.error());
      if (std::ranges::any_of(result, [&](const auto& item) { return item.first == *key; })) {
        position_ = start;
        return wrong("the key '" + *key + "' is there twice");
      }
      result.emplace_back(std::move(*key), std::move(*value));
    }
    if (!at_end()) return wrong("nothing more is expected");
    return result;
  }

 private:
  Result<std::string> string() {
    skip_spaces();
    if (at_end() || (text_[position_] != '"' && text_[position_] != '\'')) return wrong("a quoted string is expected");
    const size_t start = position_;
    const char quote = text_[position_++];
    std::string result;
    while (position_ < text_.size() && text_[position_] != quote) {
      const char c = text_[position_++];
      if (c != '\\') {
        result += c;
      } else if (!escape(result)) {
        --position_;
        return wrong("an escape sequence that neither JSON nor Python has");
      }
    }
    if (position_ == text_.size()) {
      position_ = start;
      return wrong("the string that starts here has no end");
    }
    ++position_;
    skip_spaces();
    return result;
  }

  // What follows a backslash.
  bool escape(std::string& result) {
    constexpr std::string_view kLetters = "\"'\\/nrtbf";
    constexpr std::string_view kMeanings = "\"'\\/\n\r\t\b\f";
    if (position_ == text_.size()) return false;
    const char c = text_[position_++];
    if (c == 'u') return unicode(result);
    const size_t letter = kLetters.find(c);
    if (letter == std::string_view::npos) return false;
    result += kMeanings[letter];
    return true;
  }

  std::optional<uint32_t> four_digits() {
    if (text_.size() - position_ < 4) return std::nullopt;
    uint32_t number = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = text_[position_++];
      const bool digit = c >= '0' && c <= '9';
      const char lower = static_cast<char>(c | 0x20);
      if (!digit && (lower < 'a' || lower > 'f')) return std::nullopt;
      number = number * 16 + static_cast<uint32_t>(digit ? c - '0' : lower - 'a' + 10);
    }
    return number;
  }

  // Four hexadecimal digits, or a surrogate pair of them, in UTF-8.
  bool unicode(std::string& result) {
    const auto first = four_digits();
    if (!first || (*first >= 0xDC00 && *first < 0xE000)) return false;
    uint32_t code = *first;
    if (code >= 0xD800 && code < 0xDC00) {
      if (text_.substr(position_, 2) != "\\u") return false;
      position_ += 2;
      const auto second = four_digits();
      if (!second || *second < 0xDC00 || *second >= 0xE000) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (*second - 0xDC00);
    }
    const auto put = [&](uint32_t byte) { result += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6);
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    }
    return true;
  }

  bool take(char c) {
    skip_spaces();
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    skip_spaces();
    return true;
  }

  void skip_spaces() {
    while (!at_end() && std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos) ++position_;
  }
  bool at_end() const { return position_ == text_.size(); }
  std::string_view rest() const {
    const std::string_view rest = text_.substr(position_);
    return rest.substr(0, rest.find_last_not_of(" \t\r\n") + 1);
  }

  tl::unexpected<Diagnostic> wrong(const std::string& what) const {
    return fail(kBadUsage, "character " + std::to_string(position_ + 1) + ": " + what,
                R"(write {"name": "value"} or {'name': 'value'})");
  }

  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace

Result<Dict> parse_dict(std::string_view text) { return Reader(text).dict(); }

}  // namespace paddle2onnx::cli
