#include "reader/params.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstring>

#include "framework.pb.h"

namespace paddle2onnx {
namespace {

constexpr uint64_t kMaxLodLevels = 64;
constexpr size_t kMaxRank = 64;

// Reads a little-endian number at `offset`, or nothing at the end of the bytes.
template <typename T>
std::optional<T> take(std::span<const std::byte> bytes, size_t& offset) {
  if (bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  offset += sizeof(T);
  return value;
}

std::string dims_text(const Dims& dims) {
  std::string text = "[";
  for (const int64_t dim : dims) text += (text.size() > 1 ? ", " : "") + std::to_string(dim);
  return text + "]";
}

}  // namespace

// uint32 version · uint64 number of LoD levels, each uint64 length and bytes · uint32 version · int32 length and
// TensorDesc message · data.
Result<Tensor> read_tensor_record(std::span<const std::byte> bytes, size_t& offset,
                                  const std::shared_ptr<const MappedFile>& file) {
  const auto short_of = [&](const char* what) {
    return fail(kParamsTooShort, std::string("the file ends inside ") + what);
  };
  size_t at = offset;
  const auto stream_version = take<uint32_t>(bytes, at);
  const auto levels = take<uint64_t>(bytes, at);
  if (!stream_version || !levels) return short_of("the header of a tensor");
  if (*stream_version != 0) {
    return fail(kMalformedParams, "tensor stream version " + std::to_string(*stream_version) + " is not known (0 is)");
  }
  if (*levels > kMaxLodLevels)
    return fail(kMalformedParams, "impossible number of LoD levels " + std::to_string(*levels));
  for (uint64_t level = 0; level < *levels; ++level) {
    const auto length = take<uint64_t>(bytes, at);
    if (!length || *length > bytes.size() - at) return short_of("a LoD table");
    at += *length;
  }
  const auto tensor_version = take<uint32_t>(bytes, at);
  const auto length = take<int32_t>(bytes, at);
  if (!tensor_version || !length) return short_of("the header of a tensor");
  if (*tensor_version != 0) {
    return fail(kMalformedParams, "tensor version " + std::to_string(*tensor_version) + " is not known (0 is)");
  }
  if (*length < 0) return fail(kMalformedParams, "negative length of a tensor description");
  if (static_cast<size_t>(*length) > bytes.size() - at) return short_of("a tensor description");
  framework::VarType::TensorDesc description;
  // (Parse… would print to standard error where a required field is missing.)
  if (!description.ParsePartialFromArray(bytes.data() + at, *length) || !description.IsInitialized()) {
    return fail(kMalformedParams, "a tensor description does not parse");
  }
  at += static_cast<size_t>(*length);

  Tensor tensor;
  tensor.dtype = dtype_of_framework(description.data_type());
  if (tensor.dtype == DType::kUndefined) {
    return fail(kUnsupportedDType, "element type number " + std::to_string(description.data_type()) + " is not known");
  }
  if (tensor.dtype == DType::kComplex64 || tensor.dtype == DType::kComplex128) {
    return fail(kUnsupportedDType, std::string(to_string(tensor.dtype)) + " parameters cannot be expressed in ONNX",
                "keep real and imaginary part as two parameters in the model");
  }
  if (static_cast<size_t>(description.dims_size()) > kMaxRank) return fail(kMalformedParams, "impossible tensor rank");
  tensor.dims.assign(description.dims().begin(), description.dims().end());
  const auto count = element_count(tensor.dims);
  int64_t size = 0;
  if (!count || __builtin_mul_overflow(*count, static_cast<int64_t>(item_size(tensor.dtype)), &size)) {
    return fail(kMalformedParams, "impossible tensor dimensions " + dims_text(tensor.dims));
  }
  if (static_cast<uint64_t>(size) > bytes.size() - at) {
    return fail(kParamsTooShort, "the file ends inside the data of a tensor " + dims_text(tensor.dims) + ": " +
                                     std::to_string(size) + " bytes are declared, " +
                                     std::to_string(bytes.size() - at) + " left");
  }
  if (file != nullptr) file->was_read(bytes.subspan(offset, at - offset));
  const auto data = bytes.subspan(at, static_cast<size_t>(size));
  tensor.bytes = file == nullptr ? Bytes(data) : Bytes::of_file(data, file);
  offset = at + static_cast<size_t>(size);
  return tensor;
}

bool looks_like_params(std::span<const std::byte> bytes) {
  size_t offset = 0;
  const auto version = take<uint32_t>(bytes, offset);
  const auto levels = take<uint64_t>(bytes, offset);
  return version && levels && *version == 0 && *levels <= kMaxLodLevels;
}

size_t count_tensor_records(std::span<const std::byte> bytes) {
  size_t count = 0;
  for (size_t offset = 0; offset < bytes.size() && read_tensor_record(bytes, offset, nullptr); ++count) {
  }
  return count;
}

Result<void> attach_combined_params(Program& program, std::vector<ValueId> parameters, std::span<const std::byte> bytes,
                                    const std::shared_ptr<const MappedFile>& file, const std::string& name) {
  const auto name_of = [&](ValueId id) -> const std::string& { return program.values[id].name; };
  std::ranges::sort(parameters, {}, name_of);
  size_t offset = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    ProgramValue& value = program.values[parameters[i]];
    const std::string place = "record " + std::to_string(i + 1) + " of " + std::to_string(parameters.size()) +
                              " (parameter '" + value.name + "') of " + name;
    if (offset == bytes.size()) {
      return fail(kParamsTooShort,
                  name + " is too short: it holds " + std::to_string(i) + " of the program's " +
                      std::to_string(parameters.size()) + " parameters; '" + value.name +
                      "' is the first that is missing",
                  "the download may be incomplete, or the file belongs to another model");
    }
    auto tensor = read_tensor_record(bytes, offset, file);
    if (!tensor) {
      Diagnostic diagnostic = std::move(tensor).error();
      diagnostic.message = place + ": " + diagnostic.message;
      if (diagnostic.code == kParamsTooShort) diagnostic.hint = "the download may be incomplete";
      return tl::make_unexpected(std::move(diagnostic));
    }
    // Quantised models store scales as [], [1] or [1, C] under a declaration [1] or [C], and int8 weights under
    // float32: what is stored counts. Another number of elements is another model.
    if (value.type.dims && element_count(*value.type.dims) && element_count(*value.type.dims) != tensor->count()) {
      return fail(kParamsMismatch,
                  place + " has the shape " + dims_text(tensor->dims) + ", the program declares " +
                      dims_text(*value.type.dims) + ": the file belongs to another model",
                  "give the parameter file that was saved together with this program");
    }
    value.type.dims = tensor->dims;
    value.type.dtype = tensor->dtype;
    value.data = std::move(*tensor);
  }
  if (offset != bytes.size()) {
    return fail(kParamsTooLong,
                name + " is too long: " + std::to_string(bytes.size() - offset) + " bytes follow the program's " +
                    std::to_string(parameters.size()) + " parameters",
                "give the parameter file that was saved together with this program");
  }
  return {};
}

}  // namespace paddle2onnx
