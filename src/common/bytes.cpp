#include "common/bytes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

namespace paddle2onnx {

struct Bytes::Computed {
  std::shared_ptr<const ComputedBytes> source;
  std::once_flag made;
  std::vector<std::byte> whole;
};

Bytes Bytes::computed(std::shared_ptr<const ComputedBytes> source, size_t size) {
  Bytes bytes;
  bytes.size_ = size;
  bytes.computed_ = std::make_shared<Computed>();
  bytes.computed_->source = std::move(source);
  return bytes;
}

std::span<const std::byte> Bytes::whole() const {
  std::call_once(computed_->made, [this] {
    computed_->whole.resize(size_);
    computed_->source->read(0, computed_->whole);
  });
  return computed_->whole;
}

void Bytes::read(size_t begin, std::span<std::byte> out) const {
  if (out.empty()) return;
  if (computed_ != nullptr) return computed_->source->read(begin, out);
  const auto part = view_.subspan(begin, out.size());
  if (file_ == nullptr) {
    std::memcpy(out.data(), part.data(), part.size());
    return;
  }
  constexpr size_t kPiece = size_t{1} << 20;  // so that a big range does not have all of its pages in memory at once
  for (size_t at = 0; at < part.size(); at += kPiece) {
    const auto piece = part.subspan(at, std::min(kPiece, part.size() - at));
    std::memcpy(out.data() + at, piece.data(), piece.size());
    file_->was_read(piece);
  }
}

Bytes Bytes::part(size_t begin, size_t size) const {
  Bytes bytes = *this;
  bytes.view_ = view_.subspan(begin, size);
  bytes.size_ = size;
  return bytes;
}

std::vector<std::byte> Bytes::copy() const {
  std::vector<std::byte> bytes(size_);
  read(0, bytes);
  return bytes;
}

bool same_content(const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return false;
  std::vector<std::byte> left(std::min(a.size(), size_t{1} << 20));
  std::vector<std::byte> right(left.size());
  for (size_t at = 0; at < a.size(); at += left.size()) {
    const size_t count = std::min(left.size(), a.size() - at);
    a.read(at, std::span(left).first(count));
    b.read(at, std::span(right).first(count));
    if (std::memcmp(left.data(), right.data(), count) != 0) return false;
  }
  return true;
}

}  // namespace paddle2onnx
