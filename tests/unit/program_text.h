// Programs, parameter files and folders for the tests, in few words.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/dtype.h"
#include "common/result.h"
#include "framework.pb.h"
#include "reader/program_desc.h"

namespace paddle2onnx {

// How GoogleTest prints what it compares.
inline void PrintTo(DType dtype, std::ostream* out) { *out << to_string(dtype); }

namespace test {

using framework::OpDesc;
using framework::VarType;

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The little-endian bytes of numbers.
template <typename T>
std::string raw(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <typename T>
std::string raw(T value) {
  return raw(std::vector<T>{value});
}

// A tensor record of a parameter file; `lod` has the bytes of each LoD level.
inline std::string record(int dtype, const Dims& dims, const std::string& data,
                          const std::vector<std::string>& lod = {}) {
  framework::VarType::TensorDesc description;
  description.set_data_type(dtype);
  for (const int64_t dim : dims) description.add_dims(dim);
  const std::string message = description.SerializeAsString();
  std::string bytes = raw(uint32_t{0}) + raw(static_cast<uint64_t>(lod.size()));
  for (const std::string& level : lod) bytes += raw(static_cast<uint64_t>(level.size())) + level;
  return bytes + raw(uint32_t{0}) + raw(static_cast<int32_t>(message.size())) + message + data;
}

// float32 of the given dims, all elements `value`.
inline std::string float_record(const Dims& dims, float value = 0) {
  return record(VarType::FP32, dims, raw(std::vector<float>(static_cast<size_t>(element_count(dims).value()), value)));
}

// --- attributes of operators

inline OpDesc::Attr& new_attr(OpDesc& op, const std::string& name, OpDesc::AttrType type) {
  OpDesc::Attr& attr = *op.add_attrs();
  attr.set_name(name);
  attr.set_type(type);
  return attr;
}
inline void set(OpDesc& op, const std::string& name, int value) { new_attr(op, name, OpDesc::INT).set_i(value); }
inline void set(OpDesc& op, const std::string& name, int64_t value) { new_attr(op, name, OpDesc::LONG).set_l(value); }
inline void set(OpDesc& op, const std::string& name, float value) { new_attr(op, name, OpDesc::FLOAT).set_f(value); }
inline void set(OpDesc& op, const std::string& name, double value) {
  new_attr(op, name, OpDesc::FLOAT64).set_float64(value);
}
inline void set(OpDesc& op, const std::string& name, bool value) { new_attr(op, name, OpDesc::BOOLEAN).set_b(value); }
inline void set(OpDesc& op, const std::string& name, const char* value) {
  new_attr(op, name, OpDesc::STRING).set_s(value);
}
inline void set(OpDesc& op, const std::string& name, const std::vector<int>& values) {
  new_attr(op, name, OpDesc::INTS).mutable_ints()->Add(values.begin(), values.end());
}
inline void set(OpDesc& op, const std::string& name, const std::vector<std::string>& values) {
  auto& attr = new_attr(op, name, OpDesc::STRINGS);
  for (const std::string& value : values) attr.add_strings(value);
}
inline void set_variables(OpDesc& op, const std::string& name, const std::vector<std::string>& variables) {
  auto& attr = new_attr(op, name, OpDesc::VARS);
  for (const std::string& variable : variables) attr.add_vars_name(variable);
}
inline void set_block(OpDesc& op, const std::string& name, int block) {
  new_attr(op, name, OpDesc::BLOCK).set_block_idx(block);
}

using Slots = std::vector<std::pair<std::string, std::vector<std::string>>>;

// A ProgramDesc with its main block.
struct ProgramText {
  framework::ProgramDesc desc;

  ProgramText() {
    block(-1);
    desc.mutable_version()->set_version(2006002);
  }

  int block(int parent) {
    auto& added = *desc.add_blocks();
    added.set_idx(desc.blocks_size() - 1);
    added.set_parent_idx(parent);
    return desc.blocks_size() - 1;
  }

  framework::VarDesc& var(const std::string& name, const Dims& dims, VarType::Type dtype = VarType::FP32,
                          int block = 0) {
    auto& variable = *desc.mutable_blocks(block)->add_vars();
    variable.set_name(name);
    variable.mutable_type()->set_type(VarType::DENSE_TENSOR);
    auto& tensor = *variable.mutable_type()->mutable_dense_tensor()->mutable_tensor();
    tensor.set_data_type(dtype);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    return variable;
  }

  void param(const std::string& name, const Dims& dims, VarType::Type dtype = VarType::FP32) {
    var(name, dims, dtype).set_persistable(true);
  }

  OpDesc& op(const std::string& type, const Slots& inputs, const Slots& outputs, int block = 0) {
    auto& added = *desc.mutable_blocks(block)->add_ops();
    added.set_type(type);
    const auto fill = [](auto* vars, const Slots& slots) {
      for (const auto& [slot, arguments] : slots) {
        auto& var = *vars->Add();
        var.set_parameter(slot);
        for (const std::string& argument : arguments) var.add_arguments(argument);
      }
    };
    fill(added.mutable_inputs(), inputs);
    fill(added.mutable_outputs(), outputs);
    return added;
  }

  void feed(const std::string& name, int column = 0) {
    set(op("feed", {{"X", {"feed"}}}, {{"Out", {name}}}), "col", column);
  }
  void fetch(const std::string& name, int column = 0) {
    set(op("fetch", {{"X", {name}}}, {{"Out", {"fetch"}}}), "col", column);
  }
  // A variable that is fed.
  void input(const std::string& name, const Dims& dims, VarType::Type dtype = VarType::FP32, int column = 0) {
    var(name, dims, dtype);
    feed(name, column);
  }

  std::string bytes() const { return desc.SerializeAsString(); }
  Result<ParsedProgram> parse() const { return parse_program_desc(bytes_of(bytes())); }
};

// x [-1, 4] → matmul_v2 with `weight` [4, 3] → relu → y. The smallest program that has everything.
inline ProgramText linear_program(const std::string& weight = "w") {
  ProgramText program;
  program.input("x", {-1, 4});
  program.param(weight, {4, 3});
  program.var("h", {-1, 3});
  program.var("y", {-1, 3});
  program.op("matmul_v2", {{"X", {"x"}}, {"Y", {weight}}}, {{"Out", {"h"}}});
  program.op("relu", {{"X", {"h"}}}, {{"Out", {"y"}}});
  program.fetch("y");
  return program;
}

// One operator from x (and other operands) to y.
inline ProgramText one_operator(const std::string& type, const Dims& x = {-1, 4}) {
  ProgramText program;
  program.input("x", x);
  program.var("y", x);
  program.op(type, {{"X", {"x"}}}, {{"Out", {"y"}}});
  program.fetch("y");
  return program;
}

// --- files

// A folder that is removed at the end of the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "paddle2onnx.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  void write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> entries() const { return entries_of(path_); }
  static std::vector<std::string> entries_of(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      names.push_back(entry.path().filename().string());
    return names;
  }

 private:
  std::filesystem::path path_;
};

// --- what is expected of results

MATCHER_P(FailsWith, code, "fails with code " + std::to_string(static_cast<int>(code))) {
  if (arg.has_value()) {
    *result_listener << "which succeeded";
    return false;
  }
  *result_listener << "which failed with " << to_string(arg.error());
  return arg.error().code == static_cast<int>(code);
}

MATCHER(Succeeds, "succeeds") {
  if (!arg.has_value()) *result_listener << "which failed with " << to_string(arg.error());
  return arg.has_value();
}

}  // namespace test
}  // namespace paddle2onnx
