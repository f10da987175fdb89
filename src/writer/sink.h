// Where a model's bytes go.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"

namespace paddle2onnx {

class Sink {
 public:
  virtual ~Sink() = default;
  // `mapped`: the bytes are pages of a file mapping; they may be dropped from memory once written.
  virtual Result<void> write(std::span<const std::byte> bytes, bool mapped) = 0;
};

class MemorySink : public Sink {
 public:
  Result<void> write(std::span<const std::byte> bytes, bool mapped) override;
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// A file that appears under its name when commit() succeeds and not before; without commit() nothing stays behind.
class FileSink : public Sink {
 public:
  static Result<std::unique_ptr<FileSink>> create(const std::filesystem::path& path);
  ~FileSink() override;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  Result<void> write(std::span<const std::byte> bytes, bool mapped) override;
  Result<void> commit();

 private:
  FileSink(std::filesystem::path path, std::string temporary, int descriptor)
      : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}
  Result<void> flush();

  std::filesystem::path path_;
  std::string temporary_;  // empty once renamed
  int descriptor_;
  std::vector<std::byte> buffer_;
};

}  // namespace paddle2onnx
