// What a mapper sees: one operator of the Paddle program, and the builder that it writes ONNX nodes with.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "graph/builder.h"
#include "graph/fold.h"
#include "program/program.h"

namespace paddle2onnx {

// Thrown by OpContext::fail and its required reads. Caught where the mapper was called: it never leaves this room.
struct MapperFailure {
  std::string message;
  std::string hint;
};

// Integers that Paddle takes as an attribute, a tensor or a list of tensors (axes, shapes, starts, sizes).
struct IntsArgument {
  Value value;        // int64 [n], always there
  Elements elements;  // what is known of each; empty with `count_known` false if not even their number is
  bool count_known = false;

  // All of them, if all are known.
  std::optional<Ints> constant() const;
  size_t size() const { return elements.size(); }
};

// One number that Paddle takes as an attribute or a tensor.
struct ScalarArgument {
  Value value;                     // none if it is known
  std::optional<double> number;    // if it is known
  std::optional<int64_t> integer;  // if it is known and an integer
  bool known() const { return number.has_value(); }
};

// The sequences that a tensor's rows are divided into, one behind the other: Paddle's level of detail (LoD) of one
// level. One of the two is there; lod.h makes what is wanted of either.
struct Lod {
  Value offsets = {};  // int64 [sequences + 1], from 0 to the number of rows
  Value lengths = {};  // int64 [sequences]
};

// What a loop learns of one of its values while its body is mapped. Only ever gets less definite.
struct LoopValue {
  enum class Change : uint8_t { kAssumed, kNever, kCertain };
  Change change = Change::kAssumed;    // from turn to turn; kNever: the body gives back what it got
  std::optional<ValueInfo> info = {};  // in every turn; nothing: not mapped yet
};

// The driver, as the mappers of control flow and of sequences see it.
class BlockMapper {
 public:
  virtual ~BlockMapper() = default;
  // Writes a block's operators to the graph at hand, with these values for its arguments, and returns its results.
  // Nothing if an operator failed: what comes of stand-ins is not worth looking at.
  virtual std::optional<std::vector<Value>> map_block(BlockId block, const std::vector<Value>& arguments) = 0;
  // Undoes all that `emit` wrote and found if it returns false.
  virtual void keep_if(const std::function<bool()>& emit) = 0;
  // What is known of a loop, through all the rounds of the loops around it.
  virtual std::vector<LoopValue>& loop_values(const Operator& op) = 0;
  // OpContext::lod, carries_lod, set_lod
  virtual Lod lod(ValueId id) = 0;
  virtual bool carries_lod(ValueId id) const = 0;
  virtual void set_lod(ValueId id, std::optional<Lod> lod) = 0;
};

class OpContext {
 public:
  OpContext(const Program& program, const Operator& op, Builder& builder, BlockMapper& blocks,
            std::vector<Value>& values, const std::vector<bool>& used, std::vector<std::string>& lossy)
      : program_(program), op_(op), builder_(builder), blocks_(blocks), values_(values), used_(used), lossy_(lossy) {}

  Builder& graph() { return builder_; }
  const Operator& op() const { return op_; }
  const Program& program() const { return program_; }
  BlockMapper& blocks() { return blocks_; }

  // --- operands
  // -------------------------------------------------------------------------------------------------------
  bool has(std::string_view name) const;  // the operand is there
  Value in(std::string_view name);        // required; fails if absent
  Value in_or_none(std::string_view name);
  std::vector<Value> ins(std::string_view name);  // a list; empty if absent

  // --- results
  // --------------------------------------------------------------------------------------------------------
  bool wants(std::string_view name) const;  // the result is there and something uses it
  bool wants(std::string_view name, size_t index) const;
  size_t out_count(std::string_view name) const;
  // Paddle's declared type of a result; kUndefined or nothing if it doesn't say.
  DType out_dtype(std::string_view name, size_t index = 0) const;
  std::optional<Dims> out_dims(std::string_view name, size_t index = 0) const;
  // Binds a result; ignored if the program has no such result. Its dtype must be exactly what Paddle computes.
  void out(std::string_view name, Value value, size_t index = 0);
  // The same for a result whose dimensions Paddle declares wrongly where they are known at run time only.
  void out_as_computed(std::string_view name, Value value, size_t index = 0);

  // --- attributes
  // -------------------------------------------------------------------------------------------------------
  bool has_attr(std::string_view name) const { return op_.attributes.contains(name); }
  // T: bool, int64_t, double, std::string, std::vector of these, DType. Numbers convert by value. Fails if absent.
  template <typename T>
  T attr(std::string_view name) const;
  template <typename T>
  T attr(std::string_view name, T fallback) const {
    return has_attr(name) ? attr<T>(name) : fallback;
  }

  // --- numbers that may be attributes or tensors --------------------------------------------------------------------
  // The operand of that name (a tensor, or a list of tensors of one element) if there, else the attribute.
  IntsArgument ints(std::string_view name);
  ScalarArgument scalar(std::string_view name);
  // The same as a rank-0 value of a type.
  Value scalar_value(std::string_view name, DType dtype);
  bool has_number(std::string_view name) const { return has(name) || has_attr(name); }

  // --- sequences in one tensor (LoD)
  // -----------------------------------------------------------------------------------
  // The sequences of an operand's rows. They are those that the operator before said; else those of its own first
  // operand that has some; those of an input of the model are another input, `<name>.lod`, made when it is first asked
  // for. Fails if there are none, or if they are divided further.
  Lod lod(std::string_view name, size_t index = 0);
  // Whether Paddle has sequences for this operand, for operators that do without.
  bool carries_lod(std::string_view name) const;
  // Says what the rows of a result are; nothing: no sequences. Unsaid, they are as described above.
  void set_lod(std::string_view name, std::optional<Lod> lod);
  void set_lod(std::string_view name, size_t index, std::optional<Lod> lod);

  // --- errors
  // ----------------------------------------------------------------------------------------------------------- What is
  // unsupported and why; the driver adds the operator and its place.
  [[noreturn]] void fail(std::string message, std::string hint = {}) const;
  // Marks the conversion of this operator as not exact (a random operator, an approximation).
  void lossy(std::string reason) {
    if (std::ranges::find(lossy_, reason) == lossy_.end()) lossy_.push_back(std::move(reason));
  }

 private:
  const std::vector<ValueId>* find(const std::vector<std::pair<std::string, std::vector<ValueId>>>& slots,
                                   std::string_view name) const;

  const Program& program_;
  const Operator& op_;
  Builder& builder_;
  BlockMapper& blocks_;
  std::vector<Value>& values_;     // by ValueId
  const std::vector<bool>& used_;  // by ValueId
  std::vector<std::string>& lossy_;
};

using Mapper = void (*)(OpContext&);

// An operator may have several mappers: the newest that the target opset allows is picked.
struct MapperEntry {
  std::string_view op;
  int since;  // the first opset it serves
  Mapper map;
  std::string_view restriction = {};  // what of the operator it refuses, for the documentation
  std::string_view lossy = {};        // why its numbers cannot be Paddle's (random, approximated); empty: they are
  std::string_view lossy_where =
      {};  // the same if only some of its attributes or types make it so: OpContext::lossy tells
};

using MapperTable = std::span<const MapperEntry>;

// An axis counted from the end if negative, checked against the rank; fails otherwise.
int64_t normalize_axis(const OpContext& op, int64_t axis, int64_t rank);
Ints normalize_axes(const OpContext& op, Ints axes, int64_t rank);

// Both operands 'x' and 'y' of an elementwise operator, of x's type and placed for a numpy broadcast. In older programs
// `axis` k ≥ 0 puts y's first dimension at x's dimension k: y gets dimensions of 1 around its own. If y has the higher
// rank, x is the one that is placed.
std::pair<Value, Value> broadcast_operands(OpContext& op);

// A string as a template argument: unary<"Relu">.
template <size_t N>
struct FixedString {
  char text[N];
  constexpr FixedString(const char (&literal)[N]) {
    std::copy_n(literal, N, text);
  }  // NOLINT(google-explicit-constructor)
};

// out = OnnxOp(x, y), with broadcasting
template <FixedString OnnxOp>
void binary(OpContext& op) {
  const auto [x, y] = broadcast_operands(op);
  op.out("out", op.graph().node(OnnxOp.text, {x, y}));
}

// out = OnnxOp(x)
template <FixedString OnnxOp>
void unary(OpContext& op) {
  op.out("out", op.graph().node(OnnxOp.text, {op.in("x")}));
}

}  // namespace paddle2onnx
