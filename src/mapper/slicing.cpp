// Parts of tensors: read (slice, strided_slice, crop) and written (set_value).
#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// Along one axis: [start, end) in steps, as ONNX counts. Each is an int64 [1].
struct Cut {
  int64_t axis;
  Value start;
  Value end;
  Value step;
};

// One Slice for all cuts.
Value cut_out(Builder& g, Value x, const std::vector<Cut>& cuts) {
  if (cuts.empty()) return x;
  std::vector<Value> starts;
  std::vector<Value> ends;
  std::vector<Value> steps;
  Ints axes;
  bool plain = true;
  for (const Cut& cut : cuts) {
    starts.push_back(cut.start);
    // So Paddle 3 writes the open end of a backward slice.
    ends.push_back(cut.end == g.ints({std::numeric_limits<int32_t>::min()}) ? g.ints({kBeforeTheStart}) : cut.end);
    steps.push_back(cut.step ? cut.step : g.ints({1}));
    plain &= steps.back() == g.ints({1});
    axes.push_back(cut.axis);
  }
  return g.slice(x, g.concat_ints(starts), g.concat_ints(ends), g.ints(axes), plain ? Value() : g.concat_ints(steps));
}

// start … start + 1: what Paddle cuts where it removes the axis afterwards. The last element ends at 0 by that count.
Value behind(Builder& g, Value start) {
  const auto known = known_elements(start);
  if (known && known->size() == 1 && known->front()) {
    const int64_t first = *known->front();
    return g.ints({first == -1 ? kToTheEnd : first + 1});
  }
  const Value next = g.add(start, g.ints({1}));
  return g.where(g.equal(next, g.ints({0})), g.ints({kToTheEnd}), next);
}

Ints decreased_axes(OpContext& op, std::string_view name, int64_t rank) {
  return normalize_axes(op, op.attr<Ints>(name, Ints{}), rank);
}

// Before Paddle 2.5 nothing had rank 0: where all axes are decreased, [1] is declared. (Later ones know these programs
// by FLAGS_set_to_1d.)
void out_decreased(OpContext& op, Value x) {
  const auto declared = op.out_dims("out");
  const bool older = x.rank() == 0 && declared && declared->size() == 1;
  op.out("out", older ? op.graph().unsqueeze(x, {0}) : x);
}

void slice(OpContext& op) {
  Builder& g = op.graph();
  Value x = op.in("input");
  const int64_t rank = rank_of(op, x);
  const Ints axes = normalize_axes(op, op.attr<Ints>("axes"), rank);
  const Ints decreased = decreased_axes(op, "decrease_axis", rank);
  const IntsArgument starts = op.ints("starts");
  const IntsArgument ends = op.ints("ends");
  if (axes.size() == 1 && decreased == axes) {
    // One element at a known place that counts from the start: Gather drops the axis by itself.
    auto index = known_number(starts, 0);
    const int64_t extent = x.dim(axes[0]);
    if (index && *index < 0 && extent >= 0) index = *index + extent;
    if (index && *index >= 0 && (extent < 0 || *index < extent))
      return out_decreased(op, g.gather(x, g.scalar_i64(*index), axes[0]));
  }
  std::vector<Cut> cuts;
  std::vector<std::pair<int64_t, Value>> picks;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Value start = number_at(op, "starts", starts, i);
    const bool single = is_in(decreased, axes[i]);
    if (single && !known_number(starts, i)) {
      // One element at a computed place: Gather takes one from the end as well.
      picks.emplace_back(axes[i], start);
    } else if (single && (!known_number(ends, i) || (known_number(starts, i) == -1 && known_number(ends, i) == 0))) {
      cuts.push_back({axes[i], start, behind(g, start), {}});
    } else {
      cuts.push_back({axes[i], start, number_at(op, "ends", ends, i), {}});
    }
  }
  x = cut_out(g, x, cuts);
  for (const auto& [axis, index] : picks) x = g.gather(x, index, axis);
  out_decreased(op, g.squeeze(x, decreased));
}

// With a negative step Paddle 2's end -1 stands before the first element; others that lie further back stop at the
// first.
Value older_end_of_backward(Builder& g, Value x, int64_t axis, Value end) {
  const auto known = known_elements(end);
  if (known && known->size() == 1 && known->front()) {
    const int64_t last = *known->front();
    if (last >= 0) return end;
    if (last == -1) return g.ints({kBeforeTheStart});
    return g.max(g.add(g.dim(x, axis), end), g.ints({0}));
  }
  const Value wrapped = g.where(g.less(end, g.ints({0})), g.max(g.add(end, g.dim(x, axis)), g.ints({0})), end);
  return g.where(g.equal(end, g.ints({-1})), g.ints({kBeforeTheStart}), wrapped);
}

void strided_slice(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const Ints axes = normalize_axes(op, op.attr<Ints>("axes"), rank);
  const Ints decreased = decreased_axes(op, "decrease_axis", rank);
  const IntsArgument starts = op.ints("starts");
  const IntsArgument ends = op.ints("ends");
  const IntsArgument strides = op.ints("strides");
  const bool older_ends = op.attr<bool>("older_ends", false);
  std::vector<Cut> cuts;
  for (size_t i = 0; i < axes.size(); ++i) {
    Cut cut{axes[i], number_at(op, "starts", starts, i), number_at(op, "ends", ends, i),
            number_at(op, "strides", strides, i)};
    const auto stride = known_number(strides, i);
    if (is_in(decreased, axes[i])) {
      cut.end = behind(g, cut.start);
      cut.step = {};
    } else if (older_ends && !stride) {
      const Value backward = older_end_of_backward(g, x, axes[i], cut.end);
      cut.end = g.where(g.less(cut.step, g.ints({0})), backward, cut.end);
    } else if (older_ends && *stride < 0) {
      cut.end = older_end_of_backward(g, x, axes[i], cut.end);
    }
    cuts.push_back(cut);
  }
  out_decreased(op, g.squeeze(cut_out(g, x, cuts), decreased));
}

// A block of `shape` at `offsets`; -1 reaches to the end.
void crop(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const IntsArgument offsets = op.ints("offsets");
  // Paddle 1.x may give a tensor whose shape is meant.
  const Value like = op.in_or_none("y");
  const IntsArgument shape = like ? IntsArgument{} : op.ints("shape");
  std::vector<Cut> cuts;
  for (int64_t axis = 0; axis < rank; ++axis) {
    const auto i = static_cast<size_t>(axis);
    const bool from_start = offsets.count_known && offsets.size() == 0;
    const Value start = from_start ? g.ints({0}) : number_at(op, "offsets", offsets, i);
    const Value size = like ? g.dim(like, axis) : number_at(op, "shape", shape, i);
    Value end = g.ints({kToTheEnd});
    if (like || known_number(shape, i).value_or(0) >= 0) end = g.add(start, size);
    if (!like && !known_number(shape, i)) end = g.where(g.less(size, g.ints({0})), g.ints({kToTheEnd}), end);
    cuts.push_back({axis, start, end, {}});
  }
  op.out("out", cut_out(g, x, cuts));
}

// --- set_value ------------------------------------------------------------------------------------------------------

struct Region {
  std::vector<Cut> cuts;
  Ints decreased;
  Ints none_axes;
};

// The value under as many dimensions as x, so that it broadcasts to the region: Paddle broadcasts it to the region
// without the decreased axes and with a new axis before each of none_axes.
Value aligned_value(OpContext& op, Value value, int64_t rank, const Region& region) {
  Builder& g = op.graph();
  Ints layout;  // of the broadcast: an axis of x, or -1 for a new one
  Ints none = region.none_axes;
  for (int64_t axis = 0; axis < rank; ++axis) {
    for (; !none.empty() && none.front() <= axis; none.erase(none.begin())) layout.push_back(-1);
    if (!is_in(region.decreased, axis)) layout.push_back(axis);
  }
  layout.insert(layout.end(), none.size(), -1);
  const auto wanted = static_cast<int64_t>(layout.size());
  const int64_t given = rank_of(op, value);
  if (given > wanted) value = g.squeeze(value, count_from(0, given - wanted));
  // The last `common` of the layout are those that the value has.
  const int64_t common = std::min(given, wanted);
  Ints gone;
  for (int64_t i = 0; i < common; ++i) {
    if (layout[static_cast<size_t>(wanted - common + i)] < 0) gone.push_back(i);
  }
  value = g.squeeze(value, gone);
  Ints present;  // axes of x that the value has now
  for (int64_t i = wanted - common; i < wanted; ++i) {
    if (layout[static_cast<size_t>(i)] >= 0) present.push_back(layout[static_cast<size_t>(i)]);
  }
  if (present.empty()) return value;
  Ints missing;
  for (int64_t axis = present.front(); axis < rank; ++axis) {
    if (!is_in(present, axis)) missing.push_back(axis - present.front());
  }
  return g.unsqueeze(value, missing);
}

// x with value (broadcast) in the place of the cuts from `first` on, each [start, end) with known ends: the part
// before, the new one, the part behind.
Value replaced_by_joining(Builder& g, Value x, Value value, const std::vector<Cut>& cuts, size_t first) {
  if (first == cuts.size()) return g.expand(value, g.shape(x));
  const Cut& cut = cuts[first];
  const auto at = [&](Value start, Value end) { return cut_out(g, x, {{cut.axis, start, end, {}}}); };
  const Value zero = g.ints({0});
  const Value before = at(zero, cut.start);
  const Value behind = at(cut.end, g.ints({kToTheEnd}));
  std::vector<Value> parts;
  if (cut.start != zero && before.dim(cut.axis) != 0) parts.push_back(before);
  parts.push_back(replaced_by_joining(g, at(cut.start, cut.end), value, cuts, first + 1));
  if (cut.end != g.ints({kToTheEnd}) && behind.dim(cut.axis) != 0) parts.push_back(behind);
  return g.concat(parts, cut.axis);
}

// x with value (broadcast) in the place of any cuts: the same cuts of the elements' numbers say where it goes.
Value replaced_by_scattering(Builder& g, Value x, Value value, const std::vector<Cut>& cuts) {
  const Value places = cut_out(g, element_numbers(g, x), cuts);
  const Value updates = g.expand(value, g.shape(places));
  const Value flat = g.node("ScatterElements", {g.flatten_to_1d(x), g.flatten_to_1d(places), g.flatten_to_1d(updates)},
                            {{"axis", int64_t{0}}});
  return g.reshape(flat, g.shape(x));
}

// Whether [start, end) can be told to have start ≤ end, so that before, inside and behind don't overlap.
bool is_plain(Value x, const Cut& cut) {
  const auto number = [](Value v) {
    const auto known = known_elements(v);
    return known && known->size() == 1 ? known->front() : std::nullopt;
  };
  const auto start = number(cut.start);
  const auto end = number(cut.end);
  if (!start || !end || (cut.step && number(cut.step) != 1)) return false;
  const int64_t extent = x.dim(cut.axis);
  if (extent >= 0) {
    const auto place = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + extent : at, 0, extent); };
    return place(*start) <= place(*end);
  }
  return (*start <= *end && (*start < 0) == (*end < 0)) || *end == kToTheEnd;
}

void set_value(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t rank = rank_of(op, x);
  const Ints axes = normalize_axes(op, op.attr<Ints>("axes"), rank);
  const IntsArgument starts = op.ints("starts");
  const IntsArgument ends = op.ints("ends");
  const IntsArgument steps = op.ints("steps");
  Region region;
  region.decreased = decreased_axes(op, "decrease_axes", rank);
  region.none_axes = op.attr<Ints>("none_axes", Ints{});
  bool plain = true;
  for (size_t i = 0; i < axes.size(); ++i) {
    Cut cut{axes[i], number_at(op, "starts", starts, i), number_at(op, "ends", ends, i),
            number_at(op, "steps", steps, i)};
    const auto step = known_number(steps, i);
    if (is_in(region.decreased, axes[i])) {
      cut.end = behind(g, cut.start);
      cut.step = {};
    } else if (step.value_or(-1) < 0) {
      // Counted backwards the end -1 stands before the first element.
      const Value backward = g.where(g.equal(cut.end, g.ints({-1})), g.ints({kBeforeTheStart}), cut.end);
      cut.end = step ? backward : g.where(g.less(cut.step, g.ints({0})), backward, cut.end);
    }
    if (const auto end = known_elements(cut.end);
        end && end->size() == 1 && end->front().value_or(0) >= std::numeric_limits<int32_t>::max())
      cut.end = g.ints({kToTheEnd});
    plain &= is_plain(x, cut);
    region.cuts.push_back(cut);
  }
  Value value = op.in_or_none("values");
  if (!value) value = values_of_attributes(op, g, x.dtype(), op.attr<Ints>("shape"));
  value = aligned_value(op, g.cast(value, x.dtype()), rank, region);
  op.out("out",
         plain ? replaced_by_joining(g, x, value, region.cuts, 0) : replaced_by_scattering(g, x, value, region.cuts));
}

constexpr MapperEntry kEntries[] = {
    {"slice", 7, slice},         {"strided_slice", 7, strided_slice},     {"crop", 7, crop},
    {"set_value", 7, set_value}, {"set_value_with_tensor", 8, set_value},
};

}  // namespace

extern const MapperTable kSlicingMappers = kEntries;

}  // namespace paddle2onnx
