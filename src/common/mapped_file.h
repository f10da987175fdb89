// A file mapped into memory, read-only.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "common/result.h"

namespace paddle2onnx {

class MappedFile {
 public:
  // Fails with kFileNotFound, kFileUnreadable, or kFileUnreadable for a folder. An empty file is mapped as no bytes.
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }
  // Where a part of bytes() lies in the file.
  size_t offset_of(std::span<const std::byte> part) const {
    return static_cast<size_t>(part.data() - static_cast<const std::byte*>(data_));
  }

  // A descriptor of the file for reading, which the caller closes; -1 if another file lies at its path by now. (None is
  // held: a model may have thousands of parameter files.)
  int open_again() const;

  // Tells that a part of bytes() has been read. Pages that were read count as this process's memory: from time to time
  // all are given back to the system, which reads them again from the file where they are needed again.
  void was_read(std::span<const std::byte> part) const;

 private:
  MappedFile(std::filesystem::path path, void* data, size_t size, uint64_t device, uint64_t inode)
      : path_(std::move(path)), data_(data), size_(size), device_(device), inode_(inode) {}

  std::filesystem::path path_;
  void* data_;
  size_t size_;
  uint64_t device_;
  uint64_t inode_;
  mutable std::atomic<size_t> resident_ = 0;       // an upper bound, in bytes
  mutable std::atomic<uintptr_t> last_block_ = 0;  // of was_read
};

}  // namespace paddle2onnx
