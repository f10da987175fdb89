// Paddings, and operators that trade channels for places.
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
  const Value x = op.in("x");
  const IntsArgument amounts = op.ints("paddings");
  const bool last = channels_last(op);
  const Ints order = last ? Ints{-1, 4, 2, 0, -1, -1, 5, 3, 1, -1} : Ints{-1, -1, 4, 2, 0, -1, -1, 5, 3, 1};
  const Value fill = g.scalar(op.attr<double>("pad_value", 0), x.dtype());
  op.out("out", pad_by_mode(op, x, arranged_pads(g, amounts, order), op.attr<std::string>("mode", "constant"), fill));
}

// paddings: top, bottom, left, right.
void pad2d(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const IntsArgument amounts = op.ints("paddings");
  const bool last = channels_last(op);
  const Ints order = last ? Ints{-1, 0, 2, -1, -1, 1, 3, -1} : Ints{-1, -1, 0, 2, -1, -1, 1, 3};
  const Value fill = g.scalar(op.attr<double>("pad_value", 0), x.dtype());
  op.out("out", pad_by_mode(op, x, arranged_pads(g, amounts, order), op.attr<std::string>("mode", "constant"), fill));
}

// paddings: before and after for each axis.
void pad(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  Ints order;
  for (int64_t i = 0; i < x.rank(); ++i) order.push_back(2 * i);
  for (int64_t i = 0; i < x.rank(); ++i) order.push_back(2 * i + 1);
  op.out("out",
         g.pad(x, arranged_pads(g, op.ints("paddings"), order), "constant", op.scalar_value("pad_value", x.dtype())));
}

// y is padded behind to the shape of x.
void pad_constant_like(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const Value y = op.in("y");
  std::vector<Value> pads = {g.ints(Ints(static_cast<size_t>(y.rank()), 0))};
  for (int64_t i = 0; i < y.rank(); ++i) pads.push_back(g.sub(g.dim(x, i), g.dim(y, i)));
  op.out("out", g.pad(y, g.concat_ints(pads), "constant", g.scalar(op.attr<double>("pad_value", 0), y.dtype())));
}

// x [N, C, H, W] or [N, H, W, C] taken apart to `parts`, one list of sizes for each axis (0: the axis' own size by
// those parts that are given), with the parts then put in the order `perm` and joined again as `joined` says.
Value rearrange(Builder& g, Value x, const std::vector<Value>& parts, const Ints& perm,
                const std::vector<Value>& joined) {
  return g.reshape(g.transpose(g.reshape(x, g.concat_ints(parts)), perm), g.concat_ints(joined));
}

Value times(Builder& g, Value a, int64_t factor) { return g.mul(a, g.ints({factor})); }
Value by(Builder& g, Value a, int64_t divisor) { return g.div(a, g.ints({divisor})); }

// [N, C · r², H, W] → [N, C, H · r, W · r]: a channel's r² neighbours become one channel's r × r block.
void pixel_shuffle(OpContext& op) {
  Builder& g = op.graph();
  const int64_t r = op.attr<int64_t>("upscale_factor", 1);
  const bool last = channels_last(op);
  const Value x = last ? channels_to_front(g, op.in("x")) : op.in("x");
  const Value block = g.ints({r});
  const Value y = rearrange(
      g, x, {g.ints({0}), by(g, g.dim(x, 1), r * r), block, block, g.dim(x, 2), g.dim(x, 3)}, {0, 1, 4, 2, 5, 3},
      {g.ints({0}), by(g, g.dim(x, 1), r * r), times(g, g.dim(x, 2), r), times(g, g.dim(x, 3), r)});
  op.out("out", last ? channels_to_back(g, y) : y);
}

void pixel_shuffle_crd(OpContext& op) {
  Builder& g = op.graph();
  const int64_t r = op.attr<int64_t>("upscale_factor", 1);
  const bool last = channels_last(op);
  const Value x = last ? channels_to_front(g, op.in("x")) : op.in("x");
  const auto scaled = [&](int64_t axis) { return x.dim(axis) < 0 ? -1 : x.dim(axis) * r; };
  const Dims dims = {x.dim(0), x.dim(1) < 0 ? -1 : x.dim(1) / (r * r), scaled(2), scaled(3)};
  const Value y = g.node("DepthToSpace", {x}, {{"blocksize", r}, {"mode", std::string("CRD")}}, {x.dtype(), dims});
  op.out("out", last ? channels_to_back(g, y) : y);
}

// [N, C, H, W] → [N, C · r², H / r, W / r], the inverse of pixel_shuffle.
void pixel_unshuffle(OpContext& op) {
  Builder& g = op.graph();
  const int64_t r = op.attr<int64_t>("downscale_factor", 1);
  const bool last = channels_last(op);
  const Value x = last ? channels_to_front(g, op.in("x")) : op.in("x");
  const Value block = g.ints({r});
  const Value y = rearrange(
      g, x, {g.ints({0}), g.dim(x, 1), by(g, g.dim(x, 2), r), block, by(g, g.dim(x, 3), r), block}, {0, 1, 3, 5, 2, 4},
      {g.ints({0}), times(g, g.dim(x, 1), r * r), by(g, g.dim(x, 2), r), by(g, g.dim(x, 3), r)});
  op.out("out", last ? channels_to_back(g, y) : y);
}

// The channels as [groups, C / groups] become [C / groups, groups].
void shuffle_channels(OpContext& op) {
  Builder& g = op.graph();
  const int64_t groups = op.has_attr("groups") ? op.attr<int64_t>("groups") : op.attr<int64_t>("group", 1);
  const Value x = op.in("x");
  if (channels_last(op)) {
    const Value grouped = g.concat_ints({g.ints({0, -1, groups}), by(g, g.dim(x, -1), groups)});
    op.out("out", g.reshape(g.transpose(g.reshape(x, grouped), {0, 1, 3, 2}), g.shape(x)));
  } else {
    const Value grouped = g.concat_ints({g.ints({0, groups}), by(g, g.dim(x, 1), groups), g.ints({-1})});
    op.out("out", g.reshape(g.transpose(g.reshape(x, grouped), {0, 2, 1, 3}), g.shape(x)));
  }
}

constexpr MapperEntry kEntries[] = {
    {"channel_shuffle", 7, shuffle_channels},
    {"pad", 7, pad},
    {"pad2d", 7, pad2d},
    {"pad3d", 7, pad3d},
    {"pad_constant_like", 7, pad_constant_like},
    {"pixel_shuffle", 7, pixel_shuffle},
    {"pixel_shuffle", 11, pixel_shuffle_crd},
    {"pixel_unshuffle", 7, pixel_unshuffle},
    {"shuffle_channel", 7, shuffle_channels},
};

}  // namespace

extern const MapperTable kPaddingMappers = kEntries;

}  // namespace paddle2onnx
