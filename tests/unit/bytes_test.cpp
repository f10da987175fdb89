#include "common/bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>

#include "graph/builder.h"
#include "graph/fold.h"
#include "program_text.h"

namespace paddle2onnx {
namespace {

using namespace test;

std::string pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

TEST(MappedFile, RangesAreThoseOfTheFile) {
  const Folder folder;
  const std::string content = pattern(300000);
  folder.write("file", content);
  const auto file = MappedFile::open(folder / "file");
  ASSERT_THAT(file, Succeeds());
  const Bytes bytes = Bytes::of_file((*file)->bytes().subspan(11, 200000), *file);
  EXPECT_EQ((*file)->offset_of(bytes.view()), 11);
  EXPECT_EQ(bytes.file(), file->get());
  EXPECT_EQ(text_of(bytes.copy()), content.substr(11, 200000));
  EXPECT_EQ(text_of(bytes.part(5, 9).copy()), content.substr(16, 9));
  EXPECT_EQ(bytes.part(5, 9).file(), file->get());
}

TEST(MappedFile, PagesThatWereReadAreGivenBack) {
  const Folder folder;
  constexpr size_t kSize = size_t{40} << 20;
  folder.write("file", std::string(kSize, 'x'));
  const auto file = MappedFile::open(folder / "file");
  ASSERT_THAT(file, Succeeds());
  const Bytes bytes = Bytes::of_file((*file)->bytes(), *file);
  std::vector<std::byte> piece(size_t{64} << 10);
  size_t most = 0;
  const auto own_pages = [] {  // of this process that are a file's: the third number is that of shared pages
    std::ifstream statm("/proc/self/statm");
    size_t total = 0, resident = 0, shared = 0;
    statm >> total >> resident >> shared;
    return shared * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  };
  const size_t before = own_pages();
  for (size_t at = 0; at < kSize; at += piece.size()) {
    bytes.read(at, piece);
    most = std::max(most, own_pages());
  }
  EXPECT_LT(most - std::min(most, before), size_t{24} << 20);
  EXPECT_EQ(piece.back(), std::byte{'x'});
}

TEST(MappedFile, OpensAgainOnlyItself) {
  const Folder folder;
  folder.write("file", "first");
  const auto file = MappedFile::open(folder / "file");
  ASSERT_THAT(file, Succeeds());
  const int again = (*file)->open_again();
  EXPECT_GE(again, 0);
  ::close(again);
  folder.write("other", "second");
  std::filesystem::rename(folder / "other", folder / "file");
  EXPECT_EQ((*file)->open_again(), -1);
  std::filesystem::remove(folder / "file");
  EXPECT_EQ((*file)->open_again(), -1);
}

TEST(Bytes, SameContent) {
  const std::string a = pattern(3000000);
  std::string b = a;
  EXPECT_TRUE(same_content(bytes_of(a), bytes_of(b)));
  b.back() ^= 1;
  EXPECT_FALSE(same_content(bytes_of(a), bytes_of(b)));
  EXPECT_FALSE(same_content(bytes_of(a), bytes_of(std::string_view(a).substr(1))));
}

// --- constants that are computed when they are read

// 0, 1, 2, … as float32, float64, int16 or int8 of these dimensions, in memory.
Tensor counted(DType dtype, const Dims& dims) {
  Ints values(static_cast<size_t>(element_count(dims).value()));
  std::iota(values.begin(), values.end(), 0);
  return from_ints(dtype, dims, values);
}

class Computed : public testing::Test {
 protected:
  Tensor fold(std::string_view op, const std::vector<Tensor>& tensors, const NodeAttributes& attributes = {},
              DType dtype = DType::kUndefined) {
    std::vector<Value> inputs;
    inputs.reserve(tensors.size());
    for (const Tensor& tensor : tensors) inputs.push_back(g.constant(tensor));
    auto folded = fold_node(op, inputs, attributes, 1, dtype == DType::kUndefined ? tensors.front().dtype : dtype);
    EXPECT_TRUE(folded.has_value());
    return folded ? folded->front() : Tensor{};
  }

  // Read in ranges of several sizes, all of it is what it is at once.
  static void expect_ranges(const Tensor& tensor) {
    EXPECT_TRUE(tensor.bytes.are_computed());
    const auto whole = tensor.bytes.copy();
    const size_t item = item_size(tensor.dtype);
    for (const size_t elements : {size_t{1}, size_t{7}, size_t{64}, size_t{1000}}) {
      std::vector<std::byte> joined(whole.size());
      for (size_t at = 0; at < whole.size(); at += elements * item) {
        const size_t count = std::min(elements * item, whole.size() - at);
        tensor.bytes.read(at, std::span(joined).subspan(at, count));
      }
      EXPECT_EQ(joined, whole) << elements;
    }
    EXPECT_EQ(std::vector<std::byte>(tensor.bytes.begin(), tensor.bytes.end()), whole);
  }

  Graph graph;
  Builder g{graph, 17};
};

TEST_F(Computed, TranspositionsOfEveryItemSize) {
  for (const DType dtype : {DType::kInt8, DType::kInt16, DType::kFloat32, DType::kFloat64}) {
    const Tensor source = counted(dtype, {70, 90});
    const Tensor turned = fold("Transpose", {source}, {{"perm", Ints{1, 0}}});
    EXPECT_EQ(turned.dims, (Dims{90, 70}));
    expect_ranges(turned);
    const auto from = as_doubles(source);
    const auto to = as_doubles(turned);
    for (size_t i = 0; i < 90; ++i) {
      for (size_t k = 0; k < 70; ++k) ASSERT_EQ(to[i * 70 + k], from[k * 90 + i]) << i << ' ' << k;
    }
  }
}

TEST_F(Computed, TranspositionsOfFourAxes) {
  const Dims dims = {5, 6, 7, 8};
  const Tensor source = counted(DType::kInt32, dims);
  Ints perm = {0, 1, 2, 3};
  while (std::ranges::next_permutation(perm).found) {
    const Tensor turned = fold("Transpose", {source}, {{"perm", perm}});
    expect_ranges(turned);
    const auto values = as_ints(turned);
    std::array<int64_t, 4> index{};
    for (const int64_t value : values) {
      std::array<int64_t, 4> at{};
      for (size_t axis = 0; axis < 4; ++axis) at.at(static_cast<size_t>(perm[axis])) = index.at(axis);
      ASSERT_EQ(value, ((at[0] * 6 + at[1]) * 7 + at[2]) * 8 + at[3]);
      for (size_t axis = 4; axis-- > 0;) {
        if (++index.at(axis) < dims[static_cast<size_t>(perm[axis])]) break;
        index.at(axis) = 0;
      }
    }
  }
}

TEST_F(Computed, SlicesAlongTheFirstAxisStayWhereTheyAre) {
  const Folder folder;
  folder.write("file", pattern(40000));
  const auto file = MappedFile::open(folder / "file");
  ASSERT_THAT(file, Succeeds());
  const Tensor source{DType::kInt32, {100, 100}, Bytes::of_file((*file)->bytes(), *file)};
  const Tensor rows = fold("Slice", {source, from_ints(DType::kInt64, {1}, {20}), from_ints(DType::kInt64, {1}, {70}),
                                     from_ints(DType::kInt64, {1}, {0})});
  EXPECT_FALSE(rows.bytes.are_computed());
  EXPECT_EQ((*file)->offset_of(rows.bytes.view()), 8000);
  EXPECT_EQ(rows.bytes.size(), 20000);
}

TEST_F(Computed, SlicesWithSteps) {
  const Tensor source = counted(DType::kInt32, {60, 100});
  const auto one = [](int64_t value) { return from_ints(DType::kInt64, {1}, {value}); };
  const Tensor part = fold("Slice", {source, one(90), one(1), one(1), one(-3)});
  EXPECT_EQ(part.dims, (Dims{60, 30}));
  expect_ranges(part);
  EXPECT_EQ(as_ints(part)[31], 100 + 87);
}

TEST_F(Computed, ConcatenationsAlongEachAxis) {
  const Tensor a = counted(DType::kInt32, {40, 30});
  const Tensor b = counted(DType::kInt32, {40, 50});
  const Tensor side = fold("Concat", {a, b, a}, {{"axis", int64_t{1}}});
  EXPECT_EQ(side.dims, (Dims{40, 110}));
  expect_ranges(side);
  const auto values = as_ints(side);
  EXPECT_EQ(values[110 * 3 + 29], 3 * 30 + 29);
  EXPECT_EQ(values[110 * 3 + 30], 3 * 50);
  EXPECT_EQ(values[110 * 3 + 80], 3 * 30);
  const Tensor below = fold("Concat", {a, counted(DType::kInt32, {0, 30}), a}, {{"axis", int64_t{0}}});
  EXPECT_EQ(below.dims, (Dims{80, 30}));
  expect_ranges(below);
  EXPECT_EQ(as_ints(below)[1200], 0);
}

TEST_F(Computed, Gathered) {
  const Tensor source = counted(DType::kInt32, {20, 30, 4});
  const Tensor picked = fold("Gather", {source, from_ints(DType::kInt64, {3}, {29, -30, 5})}, {{"axis", int64_t{1}}});
  EXPECT_EQ(picked.dims, (Dims{20, 3, 4}));
  EXPECT_EQ(as_ints(picked)[12 * 7 + 4 * 2 + 1], 7 * 120 + 5 * 4 + 1);
  const Tensor many = fold("Gather", {source, from_ints(DType::kInt64, {29}, Ints(29, 3))}, {{"axis", int64_t{1}}});
  expect_ranges(many);
}

TEST_F(Computed, Casts) {
  const Tensor wide = fold("Cast", {counted(DType::kFloat32, {10000})}, {}, DType::kFloat64);
  EXPECT_EQ(wide.dtype, DType::kFloat64);
  expect_ranges(wide);
  EXPECT_EQ(as_doubles(wide)[9999], 9999);
  EXPECT_EQ(as_ints(fold("Cast", {counted(DType::kInt64, {5000})}, {}, DType::kInt32))[4999], 4999);
}

// As the gates of a recurrent network are put into ONNX's order.
TEST_F(Computed, OneOfAnother) {
  const Tensor source = counted(DType::kFloat32, {40, 60});
  const Tensor turned = fold("Transpose", {source}, {{"perm", Ints{1, 0}}});
  const auto sizes = from_ints(DType::kInt64, {2}, {20, 40});
  const auto parts =
      fold_node("Split", {g.constant(turned), g.constant(sizes)}, {{"axis", int64_t{0}}}, 2, DType::kFloat32);
  ASSERT_TRUE(parts.has_value());
  const Tensor swapped = fold("Concat", {(*parts)[1], (*parts)[0]}, {{"axis", int64_t{0}}});
  const Tensor back = fold("Transpose", {swapped}, {{"perm", Ints{1, 0}}});
  expect_ranges(back);
  EXPECT_EQ(back.dims, (Dims{40, 60}));
  const auto values = as_ints(back);
  for (size_t i = 0; i < 40; ++i) {
    for (size_t k = 0; k < 60; ++k) ASSERT_EQ(values[i * 60 + k], i * 60 + (k + 20) % 60);
  }
}

}  // namespace
}  // namespace paddle2onnx
