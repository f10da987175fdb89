// What operators on images and volumes share: the place of the channels, sliding windows and their paddings.
#pragma once

#include <string_view>

#include "mapper/mapper.h"

namespace paddle2onnx {

// Whether a data format puts the channels last: NHWC, NDHWC, NLC, NWC.
bool channels_last(std::string_view data_format);
// The operator's own answer, by its attribute data_format.
bool channels_last(const OpContext& op);
// [N, …, C] → [N, C, …], and back.
Value channels_to_front(Builder& g, Value x);
Value channels_to_back(Builder& g, Value x);

// An operand of at least rank `least`; fails otherwise, also if its rank isn't known.
Value ranked(OpContext& op, std::string_view name, int64_t least);
// An operand as [N, C, …], whatever the operator's data format is.
Value image(OpContext& op, std::string_view name, int64_t least = 3);

// Paddings as Paddle writes them ([p], one for each axis, or before and after for each axis), for `rank` spatial axes.
struct Paddings {
  Ints before;
  Ints after;
};
Paddings read_paddings(const OpContext& op, const Ints& paddings, int64_t rank);

// `values`, one for each of `rank` axes; a single one stands for all.
Ints for_each_axis(const OpContext& op, Ints values, int64_t rank, std::string_view name);

// The zeros that padding_algorithm SAME adds to one axis: as many as give ceil(in / stride) windows, the odd one
// behind.
int64_t same_padding(int64_t in, int64_t kernel, int64_t stride);

// ONNX's order of paddings: all befores, then all afters.
Ints onnx_pads(const Ints& before, const Ints& after);

// How many windows of `span` elements fit into in + before + after; -1 if `in` is.
int64_t window_count(int64_t in, int64_t span, int64_t stride, int64_t before, int64_t after, bool ceil = false);

}  // namespace paddle2onnx
