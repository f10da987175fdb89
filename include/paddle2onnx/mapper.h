// Mappers from outside: how a program that uses the library says what becomes of an operator of its own.
//
//   paddle2onnx::Options options;
//   options.mappers.push_back({.op = "my_scale", .map = [](paddle2onnx::OperatorMapping& op) {
//     const auto factor = op.constant<float>({}, {2.0F});
//     op.output("Out", op.node("Mul", {op.input("X"), factor}));
//   }});
//
// No type of protobuf or onnx is part of this interface. The functions of OperatorMapping do not throw: the first error
// is kept, what follows does nothing, and the conversion reports it. What a mapper throws is caught and reported as
// well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace paddle2onnx {

// Numbers of ONNX's TensorProto.DataType.
enum class ElementType : int {
  kUndefined = 0,
  kFloat32 = 1,
  kUInt8 = 2,
  kInt8 = 3,
  kUInt16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kFloat64 = 11,
  kUInt32 = 12,
  kUInt64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBFloat16 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E5M2 = 19,
};

// An attribute of a Paddle operator. Any integer type comes as int64_t, any float as double; an element type as
// ElementType.
using OperatorAttribute = std::variant<bool, int64_t, double, std::string, std::vector<bool>, std::vector<int64_t>,
                                       std::vector<double>, std::vector<std::string>, ElementType>;

// An attribute of an ONNX node.
struct NodeAttribute {
  std::string name;
  std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>, std::vector<std::string>> value;
};

// A tensor of the ONNX graph under construction: a handle, which only means something to the OperatorMapping that it
// comes from. Number 0 is none, an absent optional input.
struct GraphValue {
  uint32_t number = 0;
  explicit operator bool() const { return number != 0; }
};

// What cannot be told of a node's output from its inputs.
struct OutputType {
  ElementType type = ElementType::kUndefined;  // kUndefined: as ONNX defines it, else that of the first input
  std::optional<std::vector<int64_t>> dims = std::nullopt;  // -1: known at run time; nothing: inferred, or unknown
};

// One operator of the Paddle program, and the graph that its nodes are written to.
class OperatorMapping {
 public:
  // --- the operator: names of operands, results and attributes are those of the converter's vocabulary, which for an
  // operator that it does not know are those of the file
  virtual std::string name() const = 0;
  virtual int opset() const = 0;  // of ai.onnx, that the graph is written in
  virtual std::vector<std::string> inputs() const = 0;
  virtual std::vector<std::string> outputs() const = 0;
  virtual std::vector<std::string> attributes() const = 0;
  virtual size_t input_count(std::string_view name) const = 0;  // tensors of an operand; 0: it is absent
  virtual size_t output_count(std::string_view name) const = 0;
  virtual GraphValue input(std::string_view name, size_t index = 0) = 0;                  // an error if absent
  virtual std::optional<OperatorAttribute> attribute(std::string_view name) const = 0;    // nothing if absent
  virtual OutputType declared_output(std::string_view name, size_t index = 0) const = 0;  // as Paddle declares it

  // --- values
  virtual ElementType element_type(GraphValue value) const = 0;
  virtual std::optional<std::vector<int64_t>> dims(GraphValue value) const = 0;  // -1: known at run time only

  // --- the graph
  // A constant: little-endian, row-major, copied. An error if the number of bytes does not fit.
  virtual GraphValue constant(ElementType type, const std::vector<int64_t>& dims, std::span<const std::byte> bytes) = 0;
  // A node; one OutputType for each output. In a domain of its own the types of the outputs have to be given where they
  // are not that of the first input. Axes and the like are written in the form of opset().
  virtual std::vector<GraphValue> nodes(std::string_view op_type, const std::vector<GraphValue>& inputs,
                                        const std::vector<NodeAttribute>& attributes,
                                        const std::vector<OutputType>& outputs, std::string_view domain = {}) = 0;
  // Says which value is a result of the operator. Every result that the program uses needs one.
  virtual void output(std::string_view name, GraphValue value, size_t index = 0) = 0;
  // Gives up: what is not supported, and why.
  virtual void fail(std::string message) = 0;

  // --- shorter forms
  GraphValue node(std::string_view op_type, const std::vector<GraphValue>& inputs,
                  const std::vector<NodeAttribute>& attributes = {}, OutputType output = {},
                  std::string_view domain = {}) {
    const std::vector<GraphValue> values = nodes(op_type, inputs, attributes, {std::move(output)}, domain);
    return values.empty() ? GraphValue{} : values.front();
  }

  template <typename T>
  GraphValue constant(const std::vector<int64_t>& dims, const std::vector<T>& values) {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, int32_t> ||
                  std::is_same_v<T, int64_t>);
    constexpr ElementType kType = std::is_same_v<T, float>     ? ElementType::kFloat32
                                  : std::is_same_v<T, double>  ? ElementType::kFloat64
                                  : std::is_same_v<T, int32_t> ? ElementType::kInt32
                                                               : ElementType::kInt64;
    return constant(kType, dims, std::as_bytes(std::span<const T>(values)));
  }

  // An attribute as a number, whatever its type; the fallback if it is absent or no number.
  double number(std::string_view name, double fallback) const {
    const auto found = attribute(name);
    if (!found) return fallback;
    if (const auto* real = std::get_if<double>(&*found)) return *real;
    if (const auto* integer = std::get_if<int64_t>(&*found)) return static_cast<double>(*integer);
    if (const auto* flag = std::get_if<bool>(&*found)) return *flag ? 1 : 0;
    return fallback;
  }

 protected:
  ~OperatorMapping() = default;
};

// What is done with an operator of Paddle, by its name in .pdmodel files, in PIR files, or in the converter's
// vocabulary. An operator that the converter maps itself is left to it, unless `override_builtin` is set.
struct OutsideMapper {
  std::string op;
  std::function<void(OperatorMapping&)> map;
  int first_opset = 7;  // asked for less, the converter raises the opset to this or says so
  bool override_builtin = false;
};

}  // namespace paddle2onnx
