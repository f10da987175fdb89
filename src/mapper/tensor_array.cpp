// Tensor arrays: ONNX's sequences.
#include <functional>

#include "graph/onnx_ops.h"
#include "mapper/sequences.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

ValueInfo sequence_type(DType dtype, std::optional<Dims> dims, std::optional<int64_t> length) {
  ValueInfo type;
  type.dtype = dtype;
  type.dims = std::move(dims);
  type.sequence = true;
  type.length = length;
  return type;
}

Value sequence_node(Builder& g, std::string_view op_type, std::vector<Value> inputs, const ValueInfo& type,
                    NodeAttributes attributes = {}) {
  Value sequence = g.nodes_like(op_type, std::move(inputs), std::move(attributes), {type}).front();
  sequence.info()->length = type.length;
  return sequence;
}

std::optional<int64_t> longer(Value sequence, int64_t by) {
  const auto& length = sequence.info()->length;
  return length ? std::optional(*length + by) : std::nullopt;
}

// The dimensions that x has in common with the elements there are.
std::optional<Dims> common_dims(Value sequence, Value x) {
  if (!sequence.dims() || sequence.rank() != x.rank()) return std::nullopt;
  Dims dims = *x.dims();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] != (*sequence.dims())[i]) dims[i] = -1;
  }
  return dims;
}

// The type of the sequence with x in it too.
ValueInfo with(Value sequence, Value x, std::optional<int64_t> length) {
  ValueInfo type = sequence_type(x.dtype(), common_dims(sequence, x), length);
  type.misdeclared = sequence.info()->misdeclared || x.info()->misdeclared;
  type.varying_rank = sequence.info()->varying_rank || x.info()->varying_rank;
  return type;
}

}  // namespace

Value empty_sequence(Builder& g, DType dtype) {
  return sequence_node(g, "SequenceEmpty", {}, sequence_type(dtype, std::nullopt, 0),
                       {{"dtype", int64_t{onnx_dtype(dtype)}}});
}

Value sequence_length(Builder& g, Value sequence) {
  if (sequence.info()->length) return g.scalar_i64(*sequence.info()->length);
  ValueInfo type;
  type.dtype = DType::kInt64;
  type.dims.emplace();
  return g.nodes_like("SequenceLength", {sequence}, {}, {type}).front();
}

Value sequence_at(Builder& g, Value sequence, Value index) {
  ValueInfo type = *sequence.info();
  type.sequence = false;
  return g.nodes_like("SequenceAt", {sequence, index}, {}, {type}).front();
}

Value sequence_append(Builder& g, Value sequence, Value x) {
  // Of whatever type the empty sequence was to be.
  if (sequence.info()->length == 0) {
    ValueInfo type = with(sequence, x, 1);
    type.dims = x.dims();
    return sequence_node(g, "SequenceConstruct", {x}, type);
  }
  return sequence_node(g, "SequenceInsert", {sequence, x}, with(sequence, x, longer(sequence, 1)));
}

Value sequence_erase(Builder& g, Value sequence, Value index) {
  ValueInfo type = *sequence.info();
  type.length = longer(sequence, -1);
  return sequence_node(g, "SequenceErase", {sequence, index}, type);
}

Value sequence_replace(Builder& g, Value sequence, Value x, Value index) {
  const Value rest = sequence_erase(g, sequence, index);
  return sequence_node(g, "SequenceInsert", {rest, x, index}, with(sequence, x, sequence.info()->length));
}

namespace {

Value array_operand(OpContext& op, std::string_view name) {
  const Value array = op.in(name);
  if (!array.is_sequence()) op.fail("its operand '" + std::string(name) + "' is no tensor array");
  return array;
}

// The sequence of `element(i)` for i from 0 to count (int64 of rank 0), whose elements are as those of another one.
Value generate(Builder& g, Value count, Value like, const std::function<Value(Value)>& element) {
  const Value turn = g.new_value(g.unique_value_name("turn"), DType::kInt64, Dims{});
  const Value continues = g.new_value(g.unique_value_name("continues"), DType::kBool, Dims{});
  const ValueInfo type = sequence_type(like.dtype(), like.dims(), std::nullopt);
  const Value before = g.new_value_like(type);
  before.info()->name = g.unique_value_name("elements");
  Value after;
  const auto body =
      g.inner_graph({turn, continues, before}, [&] { after = sequence_append(g, before, element(turn)); });
  g.set_outputs(*body, {g.scalar(1, DType::kBool), after});
  return g.nodes_like("Loop", {count, Value(), empty_sequence(g, like.dtype())}, {{"body", body}}, {type}).front();
}

void create_array(OpContext& op) {
  DType dtype = op.attr<DType>("dtype", DType::kUndefined);
  if (dtype == DType::kUndefined) dtype = op.out_dtype("out");
  // Of no type: the first write tells it.
  op.out("out", empty_sequence(op.graph(), dtype == DType::kUndefined ? DType::kFloat32 : dtype));
}

void array_write(OpContext& op) {
  Builder& g = op.graph();
  const Value array = array_operand(op, "array");
  const Value x = op.in("x");
  const std::optional<int64_t> length = array.info()->length;
  if (length.value_or(0) > 0 && x.dtype() != array.dtype())
    op.fail("an element of " + std::string(to_string(x.dtype())) + " in a tensor array of " +
            std::string(to_string(array.dtype())));
  const ScalarArgument index = op.scalar("i");
  const bool at_end = index.value ? index.value.info()->length_of == array.info() : index.integer == length;
  if (at_end || length == 0) return op.out("out", sequence_append(g, array, x));
  if (index.integer && length) {
    if (*index.integer < 0 || *index.integer > *length)
      op.fail("element " + std::to_string(*index.integer) + " of a tensor array of " + std::to_string(*length) +
              ": ONNX's sequences have no gaps");
    return op.out("out", sequence_replace(g, array, x, g.scalar_i64(*index.integer)));
  }
  // Known at run time only whether the element is there already. Paddle's arrays grow as needed; a gap is an error of
  // the runtime here.
  const Value at = op.scalar_value("i", DType::kInt64);
  Value replaced;
  Value appended;
  const auto then_branch = g.inner_graph({}, [&] { replaced = sequence_replace(g, array, x, at); });
  const auto else_branch = g.inner_graph({}, [&] { appended = sequence_append(g, array, x); });
  g.set_outputs(*then_branch, {replaced});
  g.set_outputs(*else_branch, {appended});
  const Value exists = g.less(at, sequence_length(g, array));
  op.out("out", g.nodes_like("If", {exists}, {{"then_branch", then_branch}, {"else_branch", else_branch}},
                             {with(array, x, std::nullopt)})
                    .front());
}

void array_read(OpContext& op) {
  const Value array = array_operand(op, "array");
  op.out("out", sequence_at(op.graph(), array, op.scalar_value("i", DType::kInt64)));
}

void array_length(OpContext& op) {
  Builder& g = op.graph();
  const Value array = array_operand(op, "x");
  Value length = sequence_length(g, array);
  const auto dims = op.out_dims("out");
  if (!dims || dims->size() == 1) length = g.unsqueeze(length, {0});
  if (length.constant() == nullptr) length.info()->length_of = array.info();
  op.out("out", length);
}

void array_to_tensor(OpContext& op) {
  Builder& g = op.graph();
  const Value array = array_operand(op, "x");
  const bool stack = op.attr<bool>("use_stack", false);
  auto axis = op.attr<int64_t>("axis", 0);
  const auto length = array.info()->length;
  ValueInfo type = *array.info();
  type.sequence = false;
  if (array.has_rank()) {
    axis = normalize_axis(op, axis, array.rank() + (stack ? 1 : 0));
    const auto at = type.dims->begin() + axis;
    if (stack) {
      type.dims->insert(at, length.value_or(-1));
    } else {
      *at = length && *at >= 0 ? *length * *at : -1;
    }
  }
  // Paddle declares a dimension of 0 where an element's is open.
  op.out_as_computed(
      "out",
      g.nodes_like("ConcatFromSequence", {array}, {{"axis", axis}, {"new_axis", int64_t{stack}}}, {type}).front());
  if (!op.wants("out_index")) return;

  // The extent of each element along the axis; a stack's new one behind all others is none of an element's.
  const bool of_none = stack && array.has_rank() && axis == array.rank();
  const Value turn = g.new_value(g.unique_value_name("turn"), DType::kInt64, Dims{});
  const Value continues = g.new_value(g.unique_value_name("continues"), DType::kBool, Dims{});
  Value extent;
  const auto body = g.inner_graph({turn, continues}, [&] {
    extent = of_none ? g.scalar_i64(0) : g.gather(g.shape(sequence_at(g, array, turn)), g.scalar_i64(axis), 0);
  });
  g.set_outputs(*body, {g.scalar(1, DType::kBool), extent});
  ValueInfo extents;
  extents.dtype = DType::kInt64;
  extents.dims = Dims{length.value_or(-1)};
  const Value index = g.nodes_like("Loop", {sequence_length(g, array), Value()}, {{"body", body}}, {extents}).front();
  op.out("out_index", g.cast(index, DType::kInt32));
}

// Elements from starts to ends, both clipped to what there is.
void slice_array(OpContext& op) {
  Builder& g = op.graph();
  const Value array = array_operand(op, "input");
  const Value length = sequence_length(g, array);
  const auto limit = [&](std::string_view name) {
    const Value x = op.scalar_value(name, DType::kInt64);
    const Value zero = g.scalar_i64(0);
    const Value from_front = g.where(g.less(x, zero), g.add(x, length), x);
    return g.min(g.max(from_front, zero), length);
  };
  const Value start = limit("starts");
  const Value count = g.max(g.sub(limit("ends"), start), g.scalar_i64(0));
  op.out("out", generate(g, count, array, [&](Value i) { return sequence_at(g, array, g.add(start, i)); }));
}

void slice_array_dense(OpContext& op) {
  const Value array = array_operand(op, "input");
  op.out("out", sequence_at(op.graph(), array, op.scalar_value("starts", DType::kInt64)));
}

void array_pop(OpContext& op) {
  Builder& g = op.graph();
  const Value array = array_operand(op, "array");
  const Value index = g.scalar_i64(op.attr<int64_t>("index", -1));
  op.out("out", sequence_at(g, array, index));
  op.out("array_out", sequence_erase(g, array, index));
}

void assign_array(OpContext& op) { op.out("out", array_operand(op, "x")); }

// Tensors of one value, as many and as big as those of the other array.
void create_array_like(OpContext& op) {
  Builder& g = op.graph();
  const Value array = array_operand(op, "input");
  const Value value = g.scalar(op.attr<double>("val", 0), array.dtype());
  op.out("out", generate(g, sequence_length(g, array), array,
                         [&](Value i) { return g.expand(value, g.shape(sequence_at(g, array, i))); }));
}

// The sums of the elements at the same place.
void add_n_array(OpContext& op) {
  Builder& g = op.graph();
  const std::vector<Value> arrays = op.ins("inputs");
  if (arrays.empty()) op.fail("it adds nothing");
  for (const Value& array : arrays) {
    if (!array.is_sequence() || array.dtype() != arrays.front().dtype()) op.fail("it adds arrays of different kinds");
  }
  if (arrays.size() == 1) return op.out("out", arrays.front());
  op.out("out", generate(g, sequence_length(g, arrays.front()), arrays.front(), [&](Value i) {
           Value sum = sequence_at(g, arrays.front(), i);
           for (size_t k = 1; k < arrays.size(); ++k) sum = g.add(sum, sequence_at(g, arrays[k], i));
           return sum;
         }));
}

constexpr MapperEntry kEntries[] = {
    {"create_array", 11, create_array},
    {"array_write", 11, array_write, "an index behind the end of the array"},
    {"array_read", 11, array_read},
    {"array_length", 11, array_length},
    {"array_to_tensor", 11, array_to_tensor},
    {"slice_array", 13, slice_array},
    {"slice_array_dense", 11, slice_array_dense},
    {"array_pop", 11, array_pop},
    {"assign_array", 11, assign_array},
    {"create_array_like", 13, create_array_like},
    {"add_n_array", 13, add_n_array, "arrays of different lengths"},
};

}  // namespace

extern const MapperTable kTensorArrayMappers = kEntries;

}  // namespace paddle2onnx
