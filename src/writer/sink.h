// Where a model's bytes go.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"

namespace paddle2onnx {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<void> write(std::span<const std::byte> bytes) = 0;
  // The bytes of a constant, which never are in memory as a whole unless they are there already.
  virtual Result<void> write_constant(const Bytes& bytes) = 0;
};

class MemorySink : public Sink {
 public:
  Result<void> write(std::span<const std::byte> bytes) override;
  Result<void> write_constant(const Bytes& bytes) override;
  // How many bytes will come.
  void reserve(size_t bytes) { bytes_.reserve(bytes); }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// A file that appears under its name when it is published and not before; without that nothing stays behind, whatever
// ends the process. Parts of mapped files go from file to file with a small buffer between, and their holes stay holes.
class FileSink : public Sink {
 public:
  // While it is written, a file has no name where the file system can do that (O_TMPFILE), else a temporary one beside
  // `path`; `named` asks for the latter.
  static Result<std::unique_ptr<FileSink>> create(const std::filesystem::path& path, bool named = false);
  ~FileSink() override;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  Result<void> write(std::span<const std::byte> bytes) override;
  Result<void> write_constant(const Bytes& bytes) override;
  // Leaves a hole, up to an offset of the file that is not before what has been written.
  Result<void> skip_to(size_t offset);

  // All files appear under their names, replacing what was there, or none does. A signal waits until it is done. The
  // files are not synced, as with cp.
  static Result<void> publish(std::span<const std::unique_ptr<FileSink>> files);

 private:
  FileSink(std::filesystem::path path, std::string temporary, int descriptor);
  Result<void> flush();
  Result<void> copy(const MappedFile& file, std::span<const std::byte> part, int source);
  // Everything is written, and the file has a temporary name.
  Result<void> finish();

  std::filesystem::path path_;
  std::string temporary_;  // its name as long as it has not its own; empty: it has none
  int descriptor_;
  size_t written_ = 0;  // with the buffer's
  std::vector<std::byte> buffer_;
};

// For handlers of signals that end the process: removes the temporary files of all sinks that are at work.
void remove_temporary_files() noexcept;

}  // namespace paddle2onnx
