// Complex numbers and their parts. What computes with complex numbers otherwise has no mapper of its own: the builder
// takes the operators of real numbers apart (graph/complex.h).
#include "graph/complex.h"

#include <numbers>

#include "mapper/indices.h"
#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

// Both parts are broadcast to one shape.
void complex(OpContext& op) {
  Builder& g = op.graph();
  Value re = op.in("real");
  Value im = g.cast(op.in("imag"), re.dtype());
  if (re.dims() != im.dims() || !re.is_static()) {
    const bool alike = re.dims() == im.dims() && re.has_rank() && std::ranges::count(*re.dims(), -1) == 0;
    if (!alike) {
      // A sum has the shape of both.
      const Value shape = g.shape(g.add(re, im));
      re = g.expand(re, shape);
      im = g.expand(im, shape);
    }
  }
  op.out("out", g.complex(re, im));
}

void real(OpContext& op) { op.out("out", op.graph().real(op.in("x"))); }
void imag(OpContext& op) { op.out("out", op.graph().imag(op.in("x"))); }

void conj(OpContext& op) {
  Builder& g = op.graph();
  const Value z = op.in("x");
  op.out("out", is_complex(z.dtype()) ? g.complex(g.real(z), g.neg(g.imag(z))) : z);
}

// The angle of a complex number; of real ones π where they are negative.
void angle(OpContext& op) {
  Builder& g = op.graph();
  const Value z = op.in("x");
  if (is_complex(z.dtype())) return op.out("out", angle_of(g, g.imag(z), g.real(z)));
  const auto number = [&](double value) { return g.scalar(value, z.dtype()); };
  const Value angle = g.where(g.less(z, number(0)), number(std::numbers::pi), number(0));
  op.out("out", is_floating(z.dtype()) ? g.where(g.node("IsNaN", {z}), z, angle) : angle);
}

// The last dimension holds real and imaginary part.
void as_complex(OpContext& op) {
  Builder& g = op.graph();
  const Value x = op.in("x");
  const int64_t last = rank_of(op, x) - 1;
  const std::vector<Value> parts = g.split(x, {1, 1}, last);
  op.out("out", g.complex(g.squeeze(parts[0], {last}), g.squeeze(parts[1], {last})));
}

void as_real(OpContext& op) {
  Builder& g = op.graph();
  const Value z = op.in("x");
  const int64_t rank = rank_of(op, z);
  op.out("out", g.concat({g.unsqueeze(g.real(z), {rank}), g.unsqueeze(g.imag(z), {rank})}, rank));
}

constexpr MapperEntry kEntries[] = {
    {"angle", 9, angle},     {"as_complex", 7, as_complex},
    {"as_real", 7, as_real}, {"complex", 8, complex},
    {"conj", 7, conj},       {"imag", 7, imag},
    {"real", 7, real},
};

}  // namespace

extern const MapperTable kComplexMappers = kEntries;

}  // namespace paddle2onnx
