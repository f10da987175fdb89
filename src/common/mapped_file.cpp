#include "common/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace paddle2onnx {
namespace {

// Linux maps more than the page that is touched: all of the page cache's folio that it lies in, up to 2 MiB.
constexpr uintptr_t kBlock = uintptr_t{2} << 20;
constexpr size_t kMaxResident = size_t{8} << 20;

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK, a pipe would be waited for before it can be refused.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    const int reason = errno;
    if (reason == ENOENT || reason == ENOTDIR) return fail(kFileNotFound, "no such file: " + path.string());
    return fail(kFileUnreadable, "cannot open " + path.string() + ": " + std::strerror(reason));
  }
  struct stat status = {};
  const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = regular ? static_cast<size_t>(status.st_size) : 0;
  void* data = nullptr;
  if (size > 0) data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int reason = errno;
  ::close(descriptor);
  if (!regular) return fail(kFileUnreadable, path.string() + " is not a regular file");
  if (data == MAP_FAILED) return fail(kFileUnreadable, "cannot map " + path.string() + ": " + std::strerror(reason));
  return std::shared_ptr<const MappedFile>(new MappedFile(path, data, size, status.st_dev, status.st_ino));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

int MappedFile::open_again() const {
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return -1;
  struct stat status = {};
  if (::fstat(descriptor, &status) == 0 && status.st_dev == device_ && status.st_ino == inode_) return descriptor;
  ::close(descriptor);
  return -1;
}

void MappedFile::was_read(std::span<const std::byte> part) const {
  if (part.empty()) return;
  const uintptr_t first = reinterpret_cast<uintptr_t>(part.data()) / kBlock;
  const uintptr_t last = reinterpret_cast<uintptr_t>(part.data() + part.size() - 1) / kBlock;
  if (last_block_.exchange(last) == last && first == last) return;
  const size_t more = (last - first + 1) * kBlock;
  if (resident_.fetch_add(more) + more < kMaxResident) return;
  resident_ = 0;
  ::madvise(data_, size_, MADV_DONTNEED);
}

}  // namespace paddle2onnx
