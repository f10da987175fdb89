// The bytes of a constant, wherever they are: in memory, in a mapped file, or nowhere until they are computed.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "common/mapped_file.h"

namespace paddle2onnx {

// Bytes that are computed when they are read, a range at a time, so that they are never in memory as a whole.
class ComputedBytes {
 public:
  virtual ~ComputedBytes() = default;
  // Fills `out` with what stands at `begin` and behind. Both are in bytes and multiples of the element's size.
  virtual void read(size_t begin, std::span<std::byte> out) const = 0;
};

// Cheap to copy. A range of bytes; the whole of computed ones is made and kept when it is first asked for, so read what
// may be big in parts.
class Bytes {
 public:
  Bytes() = default;
  // Memory that lives as long as `owner`; without one it is the caller's.
  Bytes(std::span<const std::byte> memory, std::shared_ptr<const void> owner = nullptr)  // NOLINT(google-explicit-*)
      : view_(memory), size_(memory.size()), owner_(std::move(owner)) {}
  // A part of file->bytes().
  static Bytes of_file(std::span<const std::byte> part, const std::shared_ptr<const MappedFile>& file) {
    Bytes bytes(part, file);
    bytes.file_ = file.get();
    return bytes;
  }
  static Bytes computed(std::shared_ptr<const ComputedBytes> source, size_t size);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // The file that they are a part of, or none.
  const MappedFile* file() const { return file_; }
  bool are_computed() const { return computed_ != nullptr; }

  // A range of bytes that are not computed, without a copy.
  Bytes part(size_t begin, size_t size) const;
  // Copies a range; the way to read what may be big.
  void read(size_t begin, std::span<std::byte> out) const;
  std::vector<std::byte> copy() const;

  std::span<const std::byte> view() const { return computed_ == nullptr ? view_ : whole(); }
  using Iterator = std::span<const std::byte>::iterator;
  const std::byte* data() const { return view().data(); }
  Iterator begin() const { return view().begin(); }
  Iterator end() const { return view().end(); }

 private:
  struct Computed;
  std::span<const std::byte> whole() const;

  std::span<const std::byte> view_;
  size_t size_ = 0;
  std::shared_ptr<const void> owner_;
  const MappedFile* file_ = nullptr;
  std::shared_ptr<Computed> computed_;
};

// Whether both hold the same, read side by side in ranges.
bool same_content(const Bytes& a, const Bytes& b);

}  // namespace paddle2onnx
