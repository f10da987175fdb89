#include "writer/sink.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>

namespace paddle2onnx {
namespace {

constexpr size_t kBuffer = size_t{64} << 10;
// Mapped weights are written and dropped in pieces of this size, so that they never are in memory as a whole.
constexpr size_t kPiece = size_t{8} << 20;

tl::unexpected<Diagnostic> write_failed(const std::filesystem::path& path, int reason) {
  return fail(kWriteFailed, "cannot write " + path.string() + ": " + std::strerror(reason));
}

int write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return 0;
}

// Gives the whole pages inside `bytes` back to the system; they are read again from the file if they are needed again.
void drop_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data() + bytes.size()) / page * page;
  if (begin < end)
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

Result<void> MemorySink::write(std::span<const std::byte> bytes, bool /*mapped*/) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return {};
}

Result<std::unique_ptr<FileSink>> FileSink::create(const std::filesystem::path& path) {
  std::error_code failed;
  if (!path.has_filename() || std::filesystem::is_directory(path, failed))
    return fail(kWriteFailed, path.string() + " is a folder", "name a file with --save_file");
  // The rename would put a file in the place of a device or a pipe.
  if (std::filesystem::exists(path, failed) && !std::filesystem::is_regular_file(path, failed))
    return fail(kWriteFailed, path.string() + " is not a regular file", "name a file with --save_file");
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), failed);
    if (failed)
      return fail(kWriteFailed, "cannot make the folder " + path.parent_path().string() + ": " + failed.message());
  }
  // Not mkostemp, which makes the file private: here the user's umask decides, as for any other file.
  std::random_device random;
  for (;;) {
    std::string temporary = path.string() + "." + std::to_string(random()) + ".part";
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) return std::unique_ptr<FileSink>(new FileSink(path, std::move(temporary), descriptor));
    if (errno != EEXIST) return write_failed(path, errno);
  }
}

FileSink::~FileSink() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> FileSink::flush() {
  const int reason = write_all(descriptor_, buffer_);
  buffer_.clear();
  if (reason != 0) return write_failed(path_, reason);
  return {};
}

Result<void> FileSink::write(std::span<const std::byte> bytes, bool mapped) {
  if (buffer_.size() + bytes.size() > kBuffer) {
    if (auto status = flush(); !status) return status;
  }
  if (bytes.size() <= kBuffer) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kPiece));
    if (const int reason = write_all(descriptor_, piece); reason != 0) return write_failed(path_, reason);
    if (mapped) drop_pages(piece);
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

Result<void> FileSink::commit() {
  if (auto status = flush(); !status) return status;
  if (::fsync(descriptor_) != 0) return write_failed(path_, errno);
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) return write_failed(path_, errno);
  temporary_.clear();
  return {};
}

}  // namespace paddle2onnx
