#include "writer/sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <random>

namespace paddle2onnx {
namespace {

// Of this size, read and write are as fast as can be: measured on ext4, copy_file_range and sendfile are several times
// slower where source and target are not aligned alike, as here.
constexpr size_t kBuffer = size_t{256} << 10;
constexpr size_t kSmallestHole = size_t{64} << 10;

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

// --- temporary names that a signal's handler must know: slots, as it may neither lock nor allocate

std::array<std::atomic<const char*>, 16> temporary_names;

// `name` must stay where it is until it is forgotten. With all slots taken, a signal leaves the file behind.
void remember(const char* name) {
  for (auto& slot : temporary_names) {
    const char* expected = nullptr;
    if (slot.compare_exchange_strong(expected, name)) return;
  }
}

void forget(const char* name) {
  for (auto& slot : temporary_names) {
    const char* expected = name;
    if (slot.compare_exchange_strong(expected, nullptr)) return;
  }
}

class SignalsWait {
 public:
  SignalsWait() {
    sigset_t ending;
    sigemptyset(&ending);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&ending, signal);
    ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
  }
  ~SignalsWait() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  sigset_t before_ = {};
};

std::string temporary_name(const std::filesystem::path& path) {
  std::random_device random;
  return path.string() + "." + std::to_string(random()) + ".part";
}

std::string self_link(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

void remove_temporary_files() noexcept {
  for (auto& slot : temporary_names) {
    if (const char* name = slot.load()) ::unlink(name);
  }
}

Result<void> MemorySink::write(std::span<const std::byte> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return {};
}

Result<void> MemorySink::write_constant(const Bytes& bytes) {
  bytes_.resize(bytes_.size() + bytes.size());
  bytes.read(0, std::span(bytes_).last(bytes.size()));
  return {};
}

FileSink::FileSink(std::filesystem::path path, std::string temporary, int descriptor)
    : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {
  if (!temporary_.empty()) remember(temporary_.c_str());
}

Result<std::unique_ptr<FileSink>> FileSink::create(const std::filesystem::path& path, bool named) {
  std::error_code failed;
  if (!path.has_filename() || std::filesystem::is_directory(path, failed))
    return fail(kWriteFailed, path.string() + " is a folder", "name a file with --save_file");
  // The rename would put a file in the place of a device or a pipe.
  if (std::filesystem::exists(path, failed) && !std::filesystem::is_regular_file(path, failed))
    return fail(kWriteFailed, path.string() + " is not a regular file", "name a file with --save_file");
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::filesystem::create_directories(folder, failed);
  if (failed) return fail(kWriteFailed, "cannot make the folder " + folder.string() + ": " + failed.message());
  if (!named) {
    const int descriptor = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    // It gets its name through /proc.
    if (descriptor >= 0 && ::access(self_link(descriptor).c_str(), F_OK) == 0)
      return std::unique_ptr<FileSink>(new FileSink(path, "", descriptor));
    if (descriptor >= 0) ::close(descriptor);
  }
  // Not mkostemp, which makes the file private: here the user's umask decides, as for any other file.
  for (;;) {
    const SignalsWait until_remembered;
    std::string temporary = temporary_name(path);
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) return std::unique_ptr<FileSink>(new FileSink(path, std::move(temporary), descriptor));
    if (errno != EEXIST) return write_failed(path, errno);
  }
}

FileSink::~FileSink() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  forget(temporary_.c_str());
}

Result<void> FileSink::flush() {
  const int reason = write_all(descriptor_, buffer_);
  buffer_.clear();
  if (reason != 0) return write_failed(path_, reason);
  return {};
}

Result<void> FileSink::write(std::span<const std::byte> bytes) {
  written_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBuffer) {
    if (auto status = flush(); !status) return status;
  }
  if (bytes.size() <= kBuffer) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }
  if (const int reason = write_all(descriptor_, bytes); reason != 0) return write_failed(path_, reason);
  return {};
}

Result<void> FileSink::skip_to(size_t offset) {
  if (auto status = flush(); !status) return status;
  if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0) return write_failed(path_, errno);
  written_ = offset;
  return {};
}

Result<void> FileSink::write_constant(const Bytes& bytes) {
  // Computed ones in bigger pieces: a transposition goes through all of its source for each.
  constexpr size_t kComputed = size_t{8} << 20;
  if (bytes.file() != nullptr && bytes.size() > kBuffer) {
    const Descriptor source(bytes.file()->open_again());
    if (source.get() >= 0) return copy(*bytes.file(), bytes.view(), source.get());
  }
  if (bytes.file() == nullptr && !bytes.are_computed()) return write(bytes.view());
  std::vector<std::byte> piece(std::min(bytes.size(), bytes.are_computed() ? kComputed : kBuffer));
  for (size_t at = 0; at < bytes.size(); at += piece.size()) {
    const auto some = std::span(piece).first(std::min(piece.size(), bytes.size() - at));
    bytes.read(at, some);
    if (auto status = write(some); !status) return status;
  }
  return {};
}

Result<void> FileSink::copy(const MappedFile& file, std::span<const std::byte> part, int source) {
  if (auto status = flush(); !status) return status;
  auto at = static_cast<off_t>(file.offset_of(part));
  const off_t end = at + static_cast<off_t>(part.size());
  const auto cut_off = [&] { return fail(kFileUnreadable, file.path().string() + " was cut off while it was read"); };
  std::vector<std::byte> piece(kBuffer);
  while (at < end) {
    // Where there is something next; at once where the file system knows of no holes.
    off_t data = ::lseek(source, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO && ::lseek(source, 0, SEEK_END) < end) return cut_off();
    if (data < 0) data = errno == ENXIO ? end : at;
    data = std::min(data, end);
    if (data - at >= static_cast<off_t>(kSmallestHole) || data == end) {
      if (auto status = skip_to(written_ + static_cast<size_t>(data - at)); !status) return status;
      at = data;
      continue;
    }
    off_t hole = ::lseek(source, data, SEEK_HOLE);
    if (hole < 0 || hole > end) hole = end;
    while (at < hole) {
      const auto wanted = std::min(piece.size(), static_cast<size_t>(hole - at));
      const ssize_t got = ::pread(source, piece.data(), wanted, at);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail(kFileUnreadable, "cannot read " + file.path().string() + ": " + std::strerror(errno));
      if (got == 0) return cut_off();
      const auto some = std::span(piece).first(static_cast<size_t>(got));
      if (const int reason = write_all(descriptor_, some); reason != 0) return write_failed(path_, reason);
      written_ += some.size();
      at += got;
    }
  }
  return {};
}

Result<void> FileSink::finish() {
  if (auto status = flush(); !status) return status;
  // A hole at the end is there only once the size says so.
  if (::ftruncate(descriptor_, static_cast<off_t>(written_)) != 0) return write_failed(path_, errno);
  while (temporary_.empty()) {
    std::string name = temporary_name(path_);
    if (::linkat(AT_FDCWD, self_link(descriptor_).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = std::move(name);
      remember(temporary_.c_str());
    } else if (errno != EEXIST) {
      return write_failed(path_, errno);
    }
  }
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) return write_failed(path_, errno);
  return {};
}

Result<void> FileSink::publish(std::span<const std::unique_ptr<FileSink>> files) {
  const SignalsWait until_done;
  for (const auto& file : files) {
    if (auto status = file->finish(); !status) return status;
  }
  // What is replaced keeps a second name until all is done.
  std::vector<std::string> kept(files.size());
  Result<void> status;
  size_t done = 0;
  for (; done < files.size() && status; ++done) {
    FileSink& file = *files[done];
    if (files.size() > 1) {
      kept[done] = temporary_name(file.path_);
      if (::link(file.path_.c_str(), kept[done].c_str()) != 0) kept[done].clear();
    }
    if (::rename(file.temporary_.c_str(), file.path_.c_str()) != 0) {
      status = write_failed(file.path_, errno);
      break;
    }
    forget(file.temporary_.c_str());
    file.temporary_.clear();
  }
  for (size_t i = 0; i < files.size(); ++i) {
    if (!status && i < done && kept[i].empty()) ::unlink(files[i]->path_.c_str());
    if (kept[i].empty()) continue;
    if (!status && i < done) {
      ::rename(kept[i].c_str(), files[i]->path_.c_str());
    } else {
      ::unlink(kept[i].c_str());
    }
  }
  return status;
}

}  // namespace paddle2onnx
