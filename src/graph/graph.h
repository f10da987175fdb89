// The ONNX graph under construction, in light types of its own. Only writer/ knows onnx's messages.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/dtype.h"

namespace paddle2onnx {

// What is known of a value. Addresses are stable: a Value is a pointer to this.
struct ValueInfo {
  std::string name;
  DType dtype = DType::kUndefined;
  std::optional<Dims> dims;  // -1: known at run time only; nothing: not even the rank is known
  // A sequence of tensors of this dtype; `dims` are those of every element, `length` is how many there are, if known.
  bool sequence = false;
  std::optional<int64_t> length = std::nullopt;
  // A constant: an initializer, once a node uses it.
  std::optional<Tensor> constant = std::nullopt;
  bool parameter =
      false;  // a constant with the name of a weight of the program; what is computed from it keeps the name
  // Of an integer tensor of rank 0 or 1 that is no constant: the elements that are known all the same (the static
  // dimensions of a shape). Makes shape arithmetic fold.
  std::optional<std::vector<std::optional<int64_t>>> elements = std::nullopt;
  // Of a complex value: what it is a pair of (complex.h).
  ValueInfo* real_part = nullptr;
  ValueInfo* imaginary_part = nullptr;
  // The dimensions that Paddle declares for it and for all that is computed from it are not to be trusted.
  bool misdeclared = false;
  // The rank is another one from run to run, so none that Paddle declares is trusted.
  bool varying_rank = false;
  // The sequence whose length this integer is.
  const ValueInfo* length_of = nullptr;
};

// A value of the graph, or none (an absent optional input). Cheap to copy.
class Value {
 public:
  Value() = default;
  explicit Value(ValueInfo* info) : info_(info) {}

  explicit operator bool() const { return info_ != nullptr; }
  bool operator==(const Value&) const = default;

  const std::string& name() const { return info_->name; }
  DType dtype() const { return info_->dtype; }
  bool has_rank() const { return info_->dims.has_value(); }
  // The rank, or -1 if it isn't known.
  int64_t rank() const { return info_->dims ? static_cast<int64_t>(info_->dims->size()) : -1; }
  const std::optional<Dims>& dims() const { return info_->dims; }
  // One dimension, counted from the end if negative; -1 if it isn't known.
  int64_t dim(int64_t axis) const;
  bool is_sequence() const { return info_->sequence; }
  bool is_static() const { return info_->dims && element_count(*info_->dims).has_value(); }

  const Tensor* constant() const { return info_->constant ? &*info_->constant : nullptr; }
  ValueInfo* info() const { return info_; }

 private:
  ValueInfo* info_ = nullptr;
};

struct Graph;

using AttributeValue = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                                    std::vector<std::string>, Tensor, std::shared_ptr<Graph>>;
using NodeAttributes = std::vector<std::pair<std::string, AttributeValue>>;

struct Node {
  std::string op_type;
  std::string domain;  // empty: ai.onnx
  std::string name;
  std::vector<Value> inputs;  // none: absent
  std::vector<Value> outputs;
  NodeAttributes attributes;
};

// Nodes in topological order. Constants that nodes refer to become initializers when the model is written. The values
// of inner graphs are held by the outermost one.
struct Graph {
  std::string name;
  std::deque<ValueInfo> values;
  std::vector<Node> nodes;
  std::vector<Value> inputs;
  std::vector<Value> outputs;
};

}  // namespace paddle2onnx
