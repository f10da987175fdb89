// Emits ONNX nodes for the mappers and hides the target opset where the meaning is the same: axes as attribute or as
// input, operators that are younger than the target, element types that ONNX Runtime has no kernel for. Nodes whose
// inputs are all constants are computed at once (fold.h), so that shape arithmetic of static shapes leaves no nodes
// behind.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace paddle2onnx {

// Thrown where the graph cannot be built at the target opset; the mapper room turns it into a diagnostic or
// raises the opset. Never leaves that room.
struct OpsetTooLow {
  int needed;
  std::string what;  // "GatherND", or what needs it
};

using Ints = std::vector<int64_t>;

// Results of Builder::node that cannot be told from the inputs.
struct NodeResult {
  DType dtype = DType::kUndefined;  // kUndefined: as ONNX defines it for the operator, else as the first input
  std::optional<Dims> dims = std::nullopt;
};

class Builder {
 public:
  Builder(Graph& graph, int opset) : graph_(graph), opset_(opset) {}

  Graph& graph() { return *current_; }  // which new nodes go to
  int opset() const { return opset_; }
  // Throws OpsetTooLow unless the target is at least this.
  void need_opset(int opset, std::string_view what) const;

  // What new nodes belong to: the pass assign_names makes `scope`/<operator> of it.
  void set_scope(std::string scope) { scope_ = std::move(scope); }

  // --- nodes ------------------------------------------------------------------------------------------------------
  Value node(std::string_view op_type, std::vector<Value> inputs, NodeAttributes attributes = {},
             NodeResult result = {});
  // A node with several outputs; `results` has one item per output.
  std::vector<Value> nodes(std::string_view op_type, std::vector<Value> inputs, NodeAttributes attributes,
                           std::vector<NodeResult> results, std::string_view domain = {});
  // A value that nothing produces (a graph input, the stand-in for a failed operator's result).
  Value new_value(std::string name, DType dtype, std::optional<Dims> dims);
  // A name that no other value has: `wanted`, or with a number behind it.
  std::string unique_value_name(std::string_view wanted);

  // --- inner graphs
  // ---------------------------------------------------------------------------------------------------
  // The graph of what `emit` writes. Its nodes may use any value of the graphs around it.
  std::shared_ptr<Graph> inner_graph(std::vector<Value> inputs, const std::function<void()>& emit);
  // Ends an inner graph. An output that is not made there, or is one already, is copied.
  void set_outputs(Graph& inner, const std::vector<Value>& outputs);
  // A node written as it is, whose outputs are of these types: control flow and sequences, where nothing can be folded,
  // cast or inferred.
  std::vector<Value> nodes_like(std::string_view op_type, std::vector<Value> inputs, NodeAttributes attributes,
                                const std::vector<ValueInfo>& types);
  // A new value that looks like another, without its name and contents.
  Value new_value_like(const ValueInfo& info);
  // What the builder knew at a time; going back to it drops all values and names since then.
  struct State {
    size_t values;
    std::map<std::string, int, std::less<>> value_names;
    std::map<std::string, Value, std::less<>> shared_constants;
  };
  State state() const { return {graph_.values.size(), value_names_, shared_constants_}; }
  void go_back(State state);

  // --- constants: equal small ones are shared -----------------------------------------------------------------------
  // A name is that of a weight.
  Value constant(Tensor tensor, std::string_view name = {});
  Value ints(const Ints& values);           // int64 [n]
  Value scalar(double value, DType dtype);  // rank 0
  Value scalar_i64(int64_t value) { return constant(from_ints(DType::kInt64, {}, {value})); }
  Value filled(double value, DType dtype, const Dims& dims);  // a tensor of one value

  // --- complex numbers (complex.h)
  Value complex(Value real, Value imaginary);  // of two values of one shape and type, or one of them of rank 0
  Value real(Value z);                         // of a real value: itself
  Value imag(Value z);                         // of a real value: zeros

  // --- casts and shapes
  // -----------------------------------------------------------------------------------------------
  Value cast(Value x, DType dtype);           // x itself if it is of the type
  Value shape(Value x);                       // int64 [rank]; constant if the shape is static
  Value dim(Value x, int64_t axis);           // int64 [1]; constant if it is known
  Value reshape(Value x, const Ints& shape);  // 0 copies, -1 infers. A static identity is x itself
  Value reshape(Value x, Value shape);
  Value flatten_to_1d(Value x) { return reshape(x, Ints{-1}); }
  Value squeeze(Value x, Ints axes);
  Value unsqueeze(Value x, Ints axes);
  Value transpose(Value x, Ints perm);
  Value expand(Value x, Value shape);  // numpy broadcast to the shape (int64 [n])
  Value concat(const std::vector<Value>& xs, int64_t axis);
  // A shape from constant and run-time parts, each an int64 [n].
  Value concat_ints(const std::vector<Value>& parts) { return parts.size() == 1 ? parts.front() : concat(parts, 0); }
  Value slice(Value x, const Ints& starts, const Ints& ends, const Ints& axes, const Ints& steps = {});
  Value slice(Value x, Value starts, Value ends, Value axes, Value steps = {});
  std::vector<Value> split(Value x, const Ints& sizes, int64_t axis);
  std::vector<Value> split_evenly(Value x, int64_t count, int64_t axis);
  Value gather(Value x, Value indices, int64_t axis);
  Value tile(Value x, Value repeats);
  Value pad(Value x, Value pads, std::string_view mode = "constant", Value fill = {});  // pads int64 [2 * rank]
  Value identity(Value x) { return node("Identity", {x}); }

  // --- arithmetic, numpy broadcast -----------------------------------------------------------------------------------
  Value add(Value a, Value b) { return node("Add", {a, b}); }
  Value sub(Value a, Value b) { return node("Sub", {a, b}); }
  Value mul(Value a, Value b) { return node("Mul", {a, b}); }
  Value div(Value a, Value b) { return node("Div", {a, b}); }  // integers: towards zero
  Value pow(Value a, Value b) { return node("Pow", {a, b}); }
  Value min(Value a, Value b) { return node("Min", {a, b}); }
  Value max(Value a, Value b) { return node("Max", {a, b}); }
  Value neg(Value a) { return node("Neg", {a}); }
  Value abs(Value a) { return node("Abs", {a}); }
  Value exp(Value a) { return node("Exp", {a}); }
  Value log(Value a) { return node("Log", {a}); }
  Value sqrt(Value a) { return node("Sqrt", {a}); }
  Value tanh(Value a) { return node("Tanh", {a}); }
  Value sigmoid(Value a) { return node("Sigmoid", {a}); }
  Value erf(Value a) { return node("Erf", {a}); }
  Value floor(Value a) { return node("Floor", {a}); }
  Value ceil(Value a) { return node("Ceil", {a}); }
  Value relu(Value a) { return node("Relu", {a}); }
  Value matmul(Value a, Value b) { return node("MatMul", {a, b}); }
  // x limited to [low, high]; an absent limit is none. The limits are of x's type.
  Value clip(Value x, std::optional<double> low, std::optional<double> high);
  Value clip(Value x, Value low, Value high);  // limits of rank 0, of x's type

  // --- comparison and logic
  // -------------------------------------------------------------------------------------------
  Value equal(Value a, Value b) { return node("Equal", {a, b}); }
  Value less(Value a, Value b) { return node("Less", {a, b}); }
  Value greater(Value a, Value b) { return node("Greater", {a, b}); }
  Value less_equal(Value a, Value b);     // false for NaN, at every opset
  Value greater_equal(Value a, Value b);  // false for NaN, at every opset
  Value logical_not(Value a) { return node("Not", {a}); }
  Value logical_and(Value a, Value b) { return node("And", {a, b}); }
  Value logical_or(Value a, Value b) { return node("Or", {a, b}); }
  Value where(Value condition, Value a, Value b) { return node("Where", {condition, a, b}); }

  // --- reductions and others
  // -------------------------------------------------------------------------------------------- op_type is ReduceSum,
  // ReduceMean, …; nothing in `axes`: all of them.
  Value reduce(std::string_view op_type, Value x, const std::optional<Ints>& axes, bool keepdims);
  Value softmax(Value x, int64_t axis, std::string_view op_type = "Softmax");
  // {values, indices (int64)}; k is int64 [1].
  std::pair<Value, Value> topk(Value x, Value k, int64_t axis, bool largest, bool sorted);
  Value range(Value start, Value limit, Value delta);  // rank-0 values of one type

 private:
  Graph& graph_;
  Graph* current_ = &graph_;
  int opset_;
  std::string scope_;
  std::map<std::string, int, std::less<>> value_names_;
  std::map<std::string, Value, std::less<>> shared_constants_;
};

}  // namespace paddle2onnx
