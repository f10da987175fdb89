#include "reader/outer_writes.h"

#include <algorithm>
#include <unordered_set>

namespace paddle2onnx {
namespace {

using framework::OpDesc;

// Batch norm writes its statistics back, unchanged in inference.
bool is_unchanged(const OpDesc& op, const OpDesc::Var& result) {
  const bool is_norm = op.type() == "batch_norm" || op.type() == "sync_batch_norm";
  return is_norm && (result.parameter() == "MeanOut" || result.parameter() == "VarianceOut");
}

class Writes {
 public:
  explicit Writes(const framework::ProgramDesc& program) : program_(program) {}

  void visit(int block) {
    std::unordered_set<std::string> declared;
    for (const auto& variable : program_.blocks(block).vars()) declared.insert(variable.name());
    declared_.push_back(std::move(declared));
    for (const OpDesc& op : program_.blocks(block).ops()) {
      for (const auto& attribute : op.attrs()) {
        // Blocks lie behind their parents, so this ends; deeper nesting than any program has is the reader's to refuse.
        constexpr size_t kMaxDepth = 64;
        if (attribute.type() == OpDesc::BLOCK && attribute.block_idx() > block &&
            attribute.block_idx() < program_.blocks_size() && declared_.size() < kMaxDepth)
          visit(attribute.block_idx());
      }
      // What control flow lists as its results is what its blocks write.
      if (op.type() == "while" || op.type() == "pylayer" || op.type().starts_with("conditional_block")) continue;
      for (const OpDesc::Var& result : op.outputs()) {
        if (is_unchanged(op, result)) continue;
        for (const std::string& name : result.arguments()) add(name);
      }
    }
    declared_.pop_back();
  }

  std::vector<std::string> take() { return std::move(names_); }

 private:
  void add(const std::string& name) {
    const bool own = std::ranges::any_of(declared_, [&](const auto& names) { return names.contains(name); });
    if (!own && name != "@EMPTY@" && seen_.insert(name).second) names_.push_back(name);
  }

  const framework::ProgramDesc& program_;
  std::vector<std::unordered_set<std::string>> declared_;  // of the blocks on the way in
  std::unordered_set<std::string> seen_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> outer_writes(const framework::ProgramDesc& program, int block) {
  Writes writes(program);
  writes.visit(block);
  return writes.take();
}

}  // namespace paddle2onnx
