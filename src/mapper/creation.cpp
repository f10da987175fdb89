// Tensors from nothing but numbers and shapes; what a tensor's shape and type say; copies and casts.
#include <charconv>
#include <cmath>

#include "graph/complex.h"
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// --- copies and casts -----------------------------------------------------------------------------------------------

template <FixedString Operand>
void identity(OpContext& op) {
  op.out("out", op.in(Operand.text));
}

void share_buffer(OpContext& op) {
  const auto xs = op.ins("x");
  for (size_t i = 0; i < xs.size(); ++i) {
    op.out("out", xs[i], i);
    op.out("xout", xs[i], i);
  }
}

// Operators that keep the order of others: their results are their operands.
void nop(OpContext& op) {
  const auto xs = op.ins("x");
  for (size_t i = 0; i < xs.size(); ++i) op.out("out", xs[i], i);
}

// Paddle writes the one that the mask says; what is read later is that one, so both may have it.
void select_output(OpContext& op) {
  for (const auto* name : {"false", "true"}) op.out(name, op.in("x"));
}

// A check at run time, or a word to Paddle's executor about memory: nothing of the result depends on it.
void no_effect(OpContext&) {}

// Of complex numbers as real ones, the real part.
void cast(OpContext& op) {
  Builder& g = op.graph();
  const auto dtype = op.attr<DType>("dtype");
  const Value x = op.in("x");
  op.out("out", g.cast(is_complex(dtype) ? x : g.real(x), dtype));
}

// --- one number everywhere ------------------------------------------------------------------------------------------

// `value`, or what str_value spells: Paddle reads it as a double, also for integers.
Value fill_value(OpContext& op, DType dtype) {
  const std::string text = op.attr<std::string>("str_value", "");
  if (op.has("value") || text.empty()) return op.scalar_value("value", dtype);
  const char* end = text.data() + text.size();
  double number = 0;
  if (const auto [stop, status] = std::from_chars(text.data(), end, number); status != std::errc() || stop != end)
    op.fail("str_value '" + text + "' is no number");
  return op.graph().scalar(number, dtype);
}

void full(OpContext& op) {
  const DType dtype = dtype_or(op, DType::kFloat32);
  op.out("out", op.graph().expand(fill_value(op, dtype), op.ints("shape").value));
}

void full_like(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.expand(op.scalar_value("value", dtype_or(op, x.dtype())), g.shape(x)));
}

template <int Number>
void filled_like(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  op.out("out", g.expand(g.scalar(Number, dtype_or(op, x.dtype())), g.shape(x)));
}

template <int Number>
void filled(OpContext& op) {
  Builder& g = op.graph();
  op.out("out", g.expand(g.scalar(Number, dtype_or(op, DType::kFloat32)), op.ints("shape").value));
}

// y[…, j] = j < x[…], for j up to max_len, or up to the largest x if that is negative.
void sequence_mask(OpContext& op) {
  Builder& g = op.graph();
  const Value x = g.cast(op.in("x"), DType::kInt64);
  const ScalarArgument given = op.scalar("max_len");
  Value length;
  if (given.known() && *given.number < 0) {
    length = g.reduce("ReduceMax", x, std::nullopt, false);
  } else {
    length = op.scalar_value("max_len", DType::kInt64);
  }
  const Value columns = positions(g, g.unsqueeze(length, {0}));
  const Value mask =
      g.less(g.cast(columns, DType::kFloat32), g.cast(g.unsqueeze(x, {rank_of(op, x)}), DType::kFloat32));
  const DType dtype = op.has_attr("out_dtype") ? op.attr<DType>("out_dtype") : dtype_or(op, op.out_dtype("y"));
  op.out("y", g.cast(mask, dtype));
}

void full_batch_size_like(OpContext& op) {
  const DType dtype = dtype_or(op, DType::kFloat32);
  op.out("out", op.graph().expand(fill_value(op, dtype), shape_with_batch(op)));
}

// Newer files: x with a number everywhere. Older ones: a list of numbers under a shape.
void fill(OpContext& op) {
  Builder& g = op.graph();
  if (op.has("x")) {
    const Value x = op.in("x");
    return op.out("out", g.expand(op.scalar_value("value", x.dtype()), g.shape(x)));
  }
  const DType dtype = dtype_or(op, DType::kFloat32);
  op.out("out", g.constant(from_doubles(dtype, op.attr<Ints>("shape"), op.attr<std::vector<double>>("value"))));
}

void assign_value(OpContext& op) {
  op.out("out", values_of_attributes(op, op.graph(), op.attr<DType>("dtype"), op.attr<Ints>("shape")));
}

void full_int_array(OpContext& op) {
  const auto values = op.attr<Ints>("value");
  op.out("out",
         op.graph().constant(from_ints(dtype_or(op, DType::kInt64), {static_cast<int64_t>(values.size())}, values)));
}

// --- sequences ------------------------------------------------------------------------------------------------------

double rounded_to(DType dtype, double value) { return dtype == DType::kFloat32 ? static_cast<float>(value) : value; }

// start, start + step, … before end. Paddle adds the step up.
void arange(OpContext& op) {
  Builder& g = op.graph();
  const Value given = op.in_or_none("start");
  const DType dtype = dtype_or(op, given ? given.dtype() : op.out_dtype("out"));
  const auto [start, end, step] = std::tuple(op.scalar("start"), op.scalar("end"), op.scalar("step"));
  if (is_floating(dtype) && start.known() && end.known() && step.known() && *step.number != 0) {
    const double count = std::ceil((*end.number - *start.number) / *step.number);
    if (count < 1 << 16) {
      std::vector<double> values;
      double value = *start.number;
      for (; static_cast<double>(values.size()) < count; value = rounded_to(dtype, value + *step.number))
        values.push_back(value);
      const Dims dims = {static_cast<int64_t>(values.size())};
      return op.out("out", g.constant(from_doubles(dtype, dims, values)));
    }
  }
  op.out("out",
         g.range(op.scalar_value("start", dtype), op.scalar_value("end", dtype), op.scalar_value("step", dtype)));
}

// start, start + step, … up to end, which is included where a step ends there.
void range_with_end(OpContext& op) {
  Builder& g = op.graph();
  const Value given = op.in_or_none("start");
  const DType dtype = dtype_or(op, given ? given.dtype() : op.out_dtype("out"));
  const Value start = op.scalar_value("start", dtype);
  const Value step = op.scalar_value("step", dtype);
  const Value steps = g.cast(g.div(g.sub(op.scalar_value("end", dtype), start), step), DType::kInt64);
  const auto number = [&](double value) { return g.scalar(value, DType::kInt64); };
  const Value counted = g.range(number(0), g.add(steps, number(1)), number(1));
  op.out("out", g.add(start, g.mul(step, g.cast(counted, dtype))));
}

// number values from start to stop, both included; the second half is counted from the end.
Value line(OpContext& op, std::string_view number_name, DType dtype) {
  Builder& g = op.graph();
  const auto [start, stop, number] = std::tuple(op.scalar("start"), op.scalar("stop"), op.scalar(number_name));
  if (start.known() && stop.known() && number.known() && *number.number < 1 << 16) {
    const auto count = static_cast<int64_t>(*number.number);
    const double step = count > 1 ? (*stop.number - *start.number) / static_cast<double>(count - 1) : 0;
    std::vector<double> values;
    for (int64_t i = 0; i < count; ++i) {
      const bool first_half = i < count / 2 || count == 1;
      values.push_back(first_half ? *start.number + step * static_cast<double>(i)
                                  : *stop.number - step * static_cast<double>(count - i - 1));
    }
    return g.constant(from_doubles(dtype, {count}, values));
  }
  // Integers are truncated at the end.
  const DType inner = dtype == DType::kFloat32 ? dtype : DType::kFloat64;
  const Value first = op.scalar_value("start", inner);
  const Value last = op.scalar_value("stop", inner);
  const Value count = op.scalar_value(number_name, DType::kInt64);
  const Value one = g.scalar_i64(1);
  const Value gaps = g.sub(count, one);
  const Value step = g.div(g.sub(last, first), g.cast(g.where(g.equal(gaps, g.scalar_i64(0)), one, gaps), inner));
  const Value i = g.range(g.scalar_i64(0), count, one);
  const Value from_start = g.add(first, g.mul(step, g.cast(i, inner)));
  const Value from_end = g.sub(last, g.mul(step, g.cast(g.sub(gaps, i), inner)));
  const Value in_first_half = g.logical_or(g.less(i, g.div(count, g.scalar_i64(2))), g.equal(count, one));
  return g.cast(g.where(in_first_half, from_start, from_end), dtype);
}

void linspace(OpContext& op) {
  const Value start = op.in_or_none("start");
  op.out("out", line(op, "number", dtype_or(op, start ? start.dtype() : DType::kFloat32)));
}

// base to the powers of a linspace.
void logspace(OpContext& op) {
  Builder& g = op.graph();
  const DType dtype = dtype_or(op, DType::kFloat32);
  const DType inner = dtype == DType::kFloat32 ? dtype : DType::kFloat64;
  op.out("out", g.cast(g.pow(op.scalar_value("base", inner), line(op, "num", inner)), dtype));
}

// --- one-hot --------------------------------------------------------------------------------------------------------

// Indices and their shape without the classes. Paddle 1.x puts the classes in the place of a last dimension of 1.
Value class_indices(OpContext& op, bool legacy) {
  Builder& g = op.graph();
  const Value x = g.cast(op.in("x"), DType::kInt64);
  return legacy && rank_of(op, x) > 0 && x.dim(-1) == 1 ? g.squeeze(x, {x.rank() - 1}) : x;
}

// 1 where the class is the index: out of range there is none.
Value one_hot_by_comparison(OpContext& op, Value x, Value depth, DType dtype) {
  Builder& g = op.graph();
  return g.cast(g.equal(g.unsqueeze(x, {rank_of(op, x)}), positions(g, depth)), dtype);
}

// A negative index is an error in Paddle 2 unless allow_out_of_range; ONNX would count it from the end.
void one_hot_like(OpContext& op, std::string_view depth_name, bool legacy) {
  Builder& g = op.graph();
  const Value x = class_indices(op, legacy);
  const Value depth = g.reshape(op.scalar_value(depth_name, DType::kInt64), Ints{1});
  const DType dtype = dtype_or(op, DType::kFloat32);
  if (op.attr<bool>("allow_out_of_range", true) || x.rank() == 0)
    return op.out("out", one_hot_by_comparison(op, x, depth, dtype));
  std::optional<Dims> dims = x.dims();
  const auto known = known_elements(depth);
  if (dims) dims->push_back(known && known->size() == 1 ? known->front().value_or(-1) : -1);
  const Value off_on = g.constant(from_ints(dtype, {2}, {0, 1}));
  op.out("out", g.node("OneHot", {x, depth, off_on}, {{"axis", int64_t{-1}}}, {dtype, dims}));
}

void one_hot(OpContext& op) { one_hot_like(op, "num_classes", false); }
void legacy_one_hot(OpContext& op) { one_hot_like(op, "depth", true); }

void one_hot_compared_like(OpContext& op, std::string_view depth_name, bool legacy) {
  Builder& g = op.graph();
  const Value depth = g.reshape(op.scalar_value(depth_name, DType::kInt64), Ints{1});
  if (depth.constant() == nullptr) g.need_opset(9, "OneHot");
  op.out("out", one_hot_by_comparison(op, class_indices(op, legacy), depth, dtype_or(op, DType::kFloat32)));
}

void one_hot_compared(OpContext& op) { one_hot_compared_like(op, "num_classes", false); }
void legacy_one_hot_compared(OpContext& op) { one_hot_compared_like(op, "depth", true); }

// --- what is known of a tensor --------------------------------------------------------------------------------------

// int32 in Paddle 2, int64 in Paddle 3.
void shape(OpContext& op) {
  Builder& g = op.graph();
  const DType declared = op.out_dtype("out");
  op.out("out", g.cast(g.shape(op.in("input")), declared == DType::kUndefined ? DType::kInt32 : declared));
}

void shape64(OpContext& op) { op.out("out", op.graph().shape(op.in("input"))); }

void numel(OpContext& op) { op.out("size", element_count_of(op.graph(), op.in("x"))); }

void is_empty(OpContext& op) {
  Builder& g = op.graph();
  op.out("out", g.equal(element_count_of(g, op.in("x")), g.scalar_i64(0)));
}

void increment(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const double step = op.has_attr("value") ? op.attr<double>("value") : op.attr<double>("step", 1);
  op.out("out", g.add(x, g.scalar(step, x.dtype())));
}

// The index within its shard, or ignore_value in another shard's range.
void shard_index(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const auto shards = op.attr<int64_t>("nshards");
  const auto number = [&](int64_t value) { return g.constant(from_ints(x.dtype(), {}, {value})); };
  const Value size = number((op.attr<int64_t>("index_num") + shards - 1) / shards);
  const Value shard = g.div(x, size);
  const Value mine = g.equal(shard, number(op.attr<int64_t>("shard_id")));
  op.out("out", g.where(mine, g.sub(x, g.mul(shard, size)), number(op.attr<int64_t>("ignore_value", -1))));
}

void transfer_dtype(OpContext& op) { op.out("Out", op.graph().cast(op.in("X"), op.out_dtype("Out"))); }

constexpr MapperEntry kEntries[] = {
    {"assign", 7, identity<"x">},
    {"assign_out", 7, identity<"x">},
    {"copy_to", 7, identity<"x">},
    {"npu_identity", 7, identity<"x">},
    {"share_data", 7, identity<"x">},
    {"transfer_dtype", 7, transfer_dtype},
    {"share_buffer", 7, share_buffer},
    {"memcpy", 7, identity<"x">},
    {"memcpy_d2h", 7, identity<"x">},
    {"memcpy_h2d", 7, identity<"x">},
    {"print", 7, identity<"in">},
    {"depend", 7, identity<"x">},
    {"assert", 7, no_effect},
    {"nop", 7, nop},
    {"select_output", 7, select_output},
    {"share_var", 7, no_effect},
    {"cast", 7, cast},
    {"full", 7, full},
    {"full_with_tensor", 8, full},
    {"full_like", 7, full_like},
    {"full_batch_size_like", 7, full_batch_size_like},
    {"full_int_array", 7, full_int_array},
    {"zeros_like", 7, filled_like<0>},
    {"ones_like", 7, filled_like<1>},
    {"empty_like", 7, filled_like<0>},
    {"zeros", 7, filled<0>},
    {"ones", 7, filled<1>},
    {"sequence_mask", 7, sequence_mask},
    {"empty", 7, filled<0>},  // any contents will do
    {"fill", 7, fill},
    {"assign_value", 7, assign_value},
    {"arange", 7, arange},
    {"range_v2", 7, range_with_end},
    {"linspace", 7, linspace},
    {"logspace", 7, logspace},
    {"one_hot", 7, one_hot_compared},
    {"one_hot", 9, one_hot},
    {"legacy_one_hot", 7, legacy_one_hot_compared},
    {"legacy_one_hot", 9, legacy_one_hot},
    {"shape", 7, shape},
    {"shape64", 7, shape64},
    {"numel", 7, numel},
    {"is_empty", 7, is_empty},
    {"increment", 7, increment},
    {"shard_index", 9, shard_index},
};

}  // namespace

extern const MapperTable kCreationMappers = kEntries;

}  // namespace paddle2onnx
