#include "mapper/spatial.h"

#include <algorithm>
#include <numeric>

namespace paddle2onnx {

bool channels_last(std::string_view data_format) { return data_format.size() > 2 && data_format.back() == 'C'; }

bool channels_last(const OpContext& op) { return channels_last(op.attr<std::string>("data_format", "NCHW")); }

Value channels_to_front(Builder& g, Value x) {
  Ints perm(static_cast<size_t>(x.rank()));
  std::iota(perm.begin(), perm.end(), 0);
  std::rotate(perm.begin() + 1, perm.end() - 1, perm.end());
  return g.transpose(x, perm);
}

Value channels_to_back(Builder& g, Value x) {
  Ints perm(static_cast<size_t>(x.rank()));
  std::iota(perm.begin(), perm.end(), 0);
  std::rotate(perm.begin() + 1, perm.begin() + 2, perm.end());
  return g.transpose(x, perm);
}

Value ranked(OpContext& op, std::string_view name, int64_t least) {
  const Value x = op.in(name);
  if (!x.has_rank()) op.fail("the rank of '" + std::string(name) + "' is not known");
  if (x.rank() < least)
    op.fail("'" + std::string(name) + "' has rank " + std::to_string(x.rank()) + " where at least " +
            std::to_string(least) + " is needed");
  return x;
}

Value image(OpContext& op, std::string_view name, int64_t least) {
  const Value x = ranked(op, name, least);
  return channels_last(op) && x.rank() > 2 ? channels_to_front(op.graph(), x) : x;
}

Paddings read_paddings(const OpContext& op, const Ints& paddings, int64_t rank) {
  const auto n = static_cast<size_t>(rank);
  if (paddings.size() == 1) return {Ints(n, paddings[0]), Ints(n, paddings[0])};
  if (paddings.size() == n) return {paddings, paddings};
  if (paddings.size() != 2 * n)
    op.fail(std::to_string(paddings.size()) + " paddings for " + std::to_string(rank) + " spatial axes");
  Paddings result;
  for (size_t i = 0; i < n; ++i) {
    result.before.push_back(paddings[2 * i]);
    result.after.push_back(paddings[2 * i + 1]);
  }
  return result;
}

Ints for_each_axis(const OpContext& op, Ints values, int64_t rank, std::string_view name) {
  const auto n = static_cast<size_t>(rank);
  if (values.size() == 1) values.resize(n, values[0]);
  if (values.size() != n)
    op.fail(std::to_string(values.size()) + " " + std::string(name) + " for " + std::to_string(rank) + " spatial axes");
  return values;
}

int64_t same_padding(int64_t in, int64_t kernel, int64_t stride) {
  return std::max<int64_t>(((in + stride - 1) / stride - 1) * stride + kernel - in, 0);
}

Ints onnx_pads(const Ints& before, const Ints& after) {
  Ints pads = before;
  pads.insert(pads.end(), after.begin(), after.end());
  return pads;
}

int64_t window_count(int64_t in, int64_t span, int64_t stride, int64_t before, int64_t after, bool ceil) {
  if (in < 0) return -1;
  return (in + before + after - span + (ceil ? stride - 1 : 0)) / stride + 1;
}

}  // namespace paddle2onnx
