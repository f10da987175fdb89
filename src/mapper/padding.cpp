// Paddings of every mode.
#include <limits>

#include "mapper/spatial.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// Paddings of the spatial axes as numbers or a computed tensor, in ONNX's order for a tensor of `rank`. `order` says at
// which place of `amounts` the befores of axis 0, 1, … and then their afters are; -1 stands for 0.
Value arranged_pads(Builder& g, const IntsArgument& amounts, const Ints& order) {
  if (const auto numbers = amounts.constant()) {
    Ints pads;
    for (const int64_t at : order) pads.push_back(at < 0 ? 0 : numbers->at(static_cast<size_t>(at)));
    return g.ints(pads);
  }
  // The 0 is put behind the last.
  const Value with_zero = g.concat({amounts.value, g.ints({0})}, 0);
  Ints at = order;
  for (int64_t& place : at) {
    if (place < 0) place = static_cast<int64_t>(amounts.size());
  }
  return g.gather(with_zero, g.ints(at), 0);
}

// x continued periodically: its end in front, its beginning behind; negative amounts cut off.
Value pad_circular(Builder& g, Value x, const Ints& pads) {
  const int64_t rank = x.rank();
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  for (int64_t axis = 0; axis < rank; ++axis) {
    const int64_t before = pads[static_cast<size_t>(axis)];
    const int64_t after = pads[static_cast<size_t>(axis + rank)];
    std::vector<Value> parts = {x};
    if (before > 0) parts.insert(parts.begin(), g.slice(x, Ints{-before}, Ints{kEnd}, Ints{axis}));
    if (after > 0) parts.push_back(g.slice(x, Ints{0}, Ints{after}, Ints{axis}));
    x = g.concat(parts, axis);
    if (before < 0) x = g.slice(x, Ints{-before}, Ints{kEnd}, Ints{axis});
    if (after < 0) x = g.slice(x, Ints{0}, Ints{after}, Ints{axis});
  }
  return x;
}

// mode: constant, reflect, replicate (also called edge) or circular
Value pad_by_mode(OpContext& op, Value x, Value pads, const std::string& mode, Value fill) {
  Builder& g = op.graph();
  if (mode == "constant") return g.pad(x, pads, "constant", fill);
  if (mode == "reflect") return g.pad(x, pads, "reflect");
  if (mode == "replicate" || mode == "edge") return g.pad(x, pads, "edge");
  if (mode != "circular") op.fail("mode '" + mode + "'");
  if (pads.constant() != nullptr) return pad_circular(g, x, as_ints(*pads.constant()));
  g.need_opset(19, "circular paddings that are known at run time only");
  return g.pad(x, pads, "wrap");
}

// paddings: left, right, top, bottom, front, back.
void pad3d(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 5);
  const IntsArgument amounts = op.ints("paddings");
  const bool last = channels_last(op);
  const Ints order = last ? Ints{-1, 4, 2, 0, -1, -1, 5, 3, 1, -1} : Ints{-1, -1, 4, 2, 0, -1, -1, 5, 3, 1};
  const Value fill = g.scalar(op.attr<double>("pad_value", 0), x.dtype());
  op.out("out", pad_by_mode(op, x, arranged_pads(g, amounts, order), op.attr<std::string>("mode", "constant"), fill));
}

// paddings: top, bottom, left, right.
void pad2d(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 4);
  const IntsArgument amounts = op.ints("paddings");
  const bool last = channels_last(op);
  const Ints order = last ? Ints{-1, 0, 2, -1, -1, 1, 3, -1} : Ints{-1, -1, 0, 2, -1, -1, 1, 3};
  const Value fill = g.scalar(op.attr<double>("pad_value", 0), x.dtype());
  op.out("out", pad_by_mode(op, x, arranged_pads(g, amounts, order), op.attr<std::string>("mode", "constant"), fill));
}

// paddings: before and after for each axis.
void pad(OpContext& op) {
  Builder& g = op.graph();
  const Value x = ranked(op, "x", 0);
  Ints order;
  for (int64_t i = 0; i < x.rank(); ++i) order.push_back(2 * i);
  for (int64_t i = 0; i < x.rank(); ++i) order.push_back(2 * i + 1);
  op.out("out",
         g.pad(x, arranged_pads(g, op.ints("paddings"), order), "constant", op.scalar_value("pad_value", x.dtype())));
}

constexpr MapperEntry kEntries[] = {
    {"pad", 7, pad},
    {"pad2d", 7, pad2d},
    {"pad3d", 7, pad3d},
};

}  // namespace

extern const MapperTable kPaddingMappers = kEntries;

}  // namespace paddle2onnx
