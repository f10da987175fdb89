#include "reader/params.h"

#include <limits>

#include "program_text.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

Result<Tensor> read(const std::string& bytes) {
  // Exactly as long as the bytes, so that the sanitizer sees a read behind the end.
  const std::vector<char> storage(bytes.begin(), bytes.end());
  size_t offset = 0;
  auto tensor = read_tensor_record(std::as_bytes(std::span(storage)), offset, nullptr);
  if (tensor) *tensor = make_tensor(tensor->dtype, tensor->dims, {tensor->bytes.begin(), tensor->bytes.end()});
  return tensor;
}

struct DTypeCase {
  int number;
  DType dtype;
};

class EveryDType : public testing::TestWithParam<DTypeCase> {};

TEST_P(EveryDType, IsReadAsItIsStored) {
  const auto [number, dtype] = GetParam();
  const std::string data(3 * item_size(dtype), '\x2a');
  const auto tensor = read(record(number, {3}, data));
  ASSERT_THAT(tensor, Succeeds());
  EXPECT_EQ(tensor->dtype, dtype);
  EXPECT_EQ(text_of(tensor->bytes), data);
}

INSTANTIATE_TEST_SUITE_P(Records, EveryDType,
                         testing::Values(DTypeCase{0, DType::kBool}, DTypeCase{1, DType::kInt16},
                                         DTypeCase{2, DType::kInt32}, DTypeCase{3, DType::kInt64},
                                         DTypeCase{4, DType::kFloat16}, DTypeCase{5, DType::kFloat32},
                                         DTypeCase{6, DType::kFloat64}, DTypeCase{19, DType::kUInt64},
                                         DTypeCase{20, DType::kUInt8}, DTypeCase{21, DType::kInt8},
                                         DTypeCase{22, DType::kBFloat16}, DTypeCase{32, DType::kFloat8E4M3FN},
                                         DTypeCase{33, DType::kFloat8E5M2}, DTypeCase{36, DType::kUInt16},
                                         DTypeCase{37, DType::kUInt32}, DTypeCase{38, DType::kUInt64}),
                         [](const auto& test) {
                           return std::string(to_string(test.param.dtype)) + "_" + std::to_string(test.param.number);
                         });

TEST(TensorRecord, IsTheExampleOfARealFile) {
  const std::string bytes("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x08\x05\x10\x02\0\0\0\0\0\0\x80\x3f", 32);
  const auto tensor = read(bytes);
  ASSERT_THAT(tensor, Succeeds());
  EXPECT_EQ(tensor->dims, Dims{2});
  EXPECT_THAT(as_doubles(*tensor), ElementsAre(0.0, 1.0));
}

TEST(TensorRecord, PackedDimensions) {
  const std::string description = "\x08\x05\x12\x02\x02\x03";
  const auto tensor = read(raw(uint32_t{0}) + raw(uint64_t{0}) + raw(uint32_t{0}) +
                           raw(static_cast<int32_t>(description.size())) + description + raw(std::vector<float>(6)));
  ASSERT_THAT(tensor, Succeeds());
  EXPECT_EQ(tensor->dims, (Dims{2, 3}));
}

TEST(TensorRecord, LodLevelsAreSkipped) {
  const auto tensor =
      read(record(VarType::FP32, {1}, raw(7.0F), {raw(std::vector<uint64_t>{0, 2, 5}), raw(uint64_t{0})}));
  ASSERT_THAT(tensor, Succeeds());
  EXPECT_THAT(as_doubles(*tensor), ElementsAre(7.0));
}

TEST(TensorRecord, RankZeroHasOneElement) {
  const auto tensor = read(record(VarType::FP32, {}, raw(2.5F)));
  ASSERT_THAT(tensor, Succeeds());
  EXPECT_EQ(tensor->dims, Dims{});
  EXPECT_THAT(as_doubles(*tensor), ElementsAre(2.5));
}

TEST(TensorRecord, ZeroDimensionHasNoData) {
  const auto tensor = read(record(VarType::FP32, {3, 0}, ""));
  ASSERT_THAT(tensor, Succeeds());
  EXPECT_TRUE(tensor->bytes.empty());
}

TEST(TensorRecord, OffsetMovesBehindTheRecord) {
  const std::string first = float_record({2}, 1);
  const std::string both = first + float_record({3}, 2);
  size_t offset = 0;
  ASSERT_THAT(read_tensor_record(bytes_of(both), offset, nullptr), Succeeds());
  EXPECT_EQ(offset, first.size());
  ASSERT_THAT(read_tensor_record(bytes_of(both), offset, nullptr), Succeeds());
  EXPECT_EQ(offset, both.size());
}

TEST(TensorRecord, OffsetStaysWhereReadingFails) {
  const std::string bytes = float_record({2}).substr(0, 20);
  size_t offset = 0;
  ASSERT_THAT(read_tensor_record(bytes_of(bytes), offset, nullptr), FailsWith(kParamsTooShort));
  EXPECT_EQ(offset, 0);
}

TEST(TensorRecord, ComplexIsRefused) {
  EXPECT_THAT(read(record(VarType::COMPLEX64, {1}, std::string(8, '\0'))), FailsWith(kUnsupportedDType));
  EXPECT_THAT(read(record(VarType::COMPLEX128, {1}, std::string(16, '\0'))), FailsWith(kUnsupportedDType));
}

TEST(TensorRecord, UnknownElementTypeIsRefused) {
  EXPECT_THAT(read(record(VarType::RAW, {1}, raw(0.0F))), FailsWith(kUnsupportedDType));
  EXPECT_THAT(read(record(-3, {1}, raw(0.0F))), FailsWith(kUnsupportedDType));
}

TEST(TensorRecord, UnknownVersionsAreRefused) {
  std::string stream = float_record({1});
  stream[0] = 1;
  EXPECT_THAT(read(stream), FailsWith(kMalformedParams));
  std::string tensor = float_record({1});
  tensor[12] = 1;
  EXPECT_THAT(read(tensor), FailsWith(kMalformedParams));
}

TEST(TensorRecord, ImpossibleLodLevelsAreRefused) {
  std::string bytes = float_record({1});
  bytes.replace(4, 8, raw(std::numeric_limits<uint64_t>::max()));
  EXPECT_THAT(read(bytes), FailsWith(kMalformedParams));
}

TEST(TensorRecord, HugeLodTableIsRefused) {
  std::string bytes = record(VarType::FP32, {1}, raw(0.0F), {raw(uint64_t{0})});
  bytes.replace(12, 8, raw(std::numeric_limits<uint64_t>::max() - 4));
  EXPECT_THAT(read(bytes), FailsWith(kParamsTooShort));
}

TEST(TensorRecord, NegativeDescriptionLengthIsRefused) {
  std::string bytes = float_record({1});
  bytes.replace(16, 4, raw(int32_t{-1}));
  EXPECT_THAT(read(bytes), FailsWith(kMalformedParams));
}

TEST(TensorRecord, HugeDescriptionLengthIsRefused) {
  std::string bytes = float_record({1});
  bytes.replace(16, 4, raw(std::numeric_limits<int32_t>::max()));
  EXPECT_THAT(read(bytes), FailsWith(kParamsTooShort));
}

TEST(TensorRecord, DescriptionThatIsNoMessageIsRefused) {
  std::string bytes = float_record({1});
  bytes.replace(20, 2, "\xff\xff");
  EXPECT_THAT(read(bytes), FailsWith(kMalformedParams));
}

TEST(TensorRecord, DescriptionWithoutElementTypeIsRefusedSilently) {
  testing::internal::CaptureStderr();  // protobuf would log it by itself
  EXPECT_THAT(read(raw(uint32_t{0}) + raw(uint64_t{0}) + raw(uint32_t{0}) + raw(int32_t{0})),
              FailsWith(kMalformedParams));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(TensorRecord, ImpossibleDimensionsAreRefused) {
  constexpr int64_t kBig = int64_t{1} << 62;
  for (const Dims& dims : {Dims{-1}, Dims{2, -5}, Dims{kBig, 4}, Dims{kBig}, Dims{0, kBig, kBig}}) {
    EXPECT_THAT(read(record(VarType::FP32, dims, raw(0.0F))), FailsWith(kMalformedParams))
        << testing::PrintToString(dims);
  }
}

TEST(TensorRecord, ImpossibleRankIsRefused) {
  EXPECT_THAT(read(record(VarType::FP32, Dims(65, 1), raw(0.0F))), FailsWith(kMalformedParams));
}

TEST(TensorRecord, EveryTruncationIsAnError) {
  const std::string bytes = record(VarType::FP32, {2, 3}, raw(std::vector<float>(6)), {raw(uint64_t{6})});
  ASSERT_THAT(read(bytes), Succeeds());
  for (size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_THAT(read(bytes.substr(0, length)), testing::Not(Succeeds())) << length;
  }
}

TEST(TensorRecord, EveryChangedByteGivesATensorOrAnError) {
  const std::string bytes = record(VarType::FP32, {2, 3}, raw(std::vector<float>(6)), {raw(uint64_t{6})});
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const char value : {'\x00', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string changed = bytes;
      changed[i] = value;
      const auto tensor = read(changed);
      if (!tensor) continue;
      ASSERT_EQ(tensor->bytes.size(), static_cast<size_t>(tensor->count()) * item_size(tensor->dtype));
    }
  }
}

TEST(LooksLikeParams, ByVersionAndLodLevels) {
  EXPECT_TRUE(looks_like_params(bytes_of(float_record({1}))));
  EXPECT_FALSE(looks_like_params(bytes_of(linear_program().bytes())));
  EXPECT_FALSE(looks_like_params(bytes_of(std::string(11, '\0')))) << "shorter than a header";
}

// --- combined files

struct Declared {
  std::string name;
  Dims dims;
  VarType::Type dtype = VarType::FP32;
};

// A program with these parameters, read from `bytes`; values by name.
Result<std::map<std::string, Tensor>> attach(const std::vector<Declared>& parameters, const std::string& bytes) {
  ProgramText text;
  for (const auto& [name, dims, dtype] : parameters) text.param(name, dims, dtype);
  text.fetch(parameters.front().name);
  auto parsed = text.parse();
  if (!parsed) return tl::make_unexpected(parsed.error());
  if (auto status = attach_combined_params(parsed->program, parsed->parameters, bytes_of(bytes), nullptr, "file");
      !status)
    return tl::make_unexpected(status.error());
  std::map<std::string, Tensor> tensors;
  for (const ValueId id : parsed->parameters) {
    const ProgramValue& value = parsed->program.values[id];
    tensors[value.name] =
        make_tensor(value.data->dtype, value.data->dims, {value.data->bytes.begin(), value.data->bytes.end()});
  }
  return tensors;
}

TEST(CombinedParams, StandInBytewiseOrderOfTheirNames) {
  // In the order of the file; declared in another one.
  const std::vector<std::string> order = {"Z_big",     "_under",   "a_small",    "linear_1",
                                          "linear_10", "linear_2", "linear_2.b", "\xc3\xa9t\xc3\xa9"};
  std::string bytes;
  for (size_t i = 0; i < order.size(); ++i) bytes += float_record({1}, static_cast<float>(i));
  std::vector<Declared> declared;
  for (const size_t i : {4, 0, 7, 2, 6, 1, 5, 3}) declared.push_back({order[i], {1}});
  const auto tensors = attach(declared, bytes);
  ASSERT_THAT(tensors, Succeeds());
  for (size_t i = 0; i < order.size(); ++i) {
    EXPECT_THAT(as_doubles(tensors->at(order[i])), ElementsAre(static_cast<double>(i))) << order[i];
  }
}

TEST(CombinedParams, TooFewRecordsNameTheFirstThatIsMissing) {
  const auto tensors = attach({{"a", {1}}, {"b", {2}}}, float_record({1}));
  ASSERT_THAT(tensors, FailsWith(kParamsTooShort));
  EXPECT_THAT(tensors.error().message, HasSubstr("'b'"));
}

TEST(CombinedParams, RecordThatIsCutOffNamesItsParameter) {
  const std::string bytes = float_record({1}) + float_record({2});
  const auto tensors = attach({{"a", {1}}, {"b", {2}}}, bytes.substr(0, bytes.size() - 1));
  ASSERT_THAT(tensors, FailsWith(kParamsTooShort));
  EXPECT_THAT(tensors.error().message, HasSubstr("'b'"));
}

TEST(CombinedParams, BytesBehindTheLastRecordAreRefused) {
  EXPECT_THAT(attach({{"a", {1}}}, float_record({1}) + float_record({1})), FailsWith(kParamsTooLong));
  EXPECT_THAT(attach({{"a", {1}}}, float_record({1}) + "x"), FailsWith(kParamsTooLong));
}

TEST(CombinedParams, OtherShapesAreAnotherModel) {
  const auto tensors = attach({{"a", {2, 3}}}, float_record({7}));
  ASSERT_THAT(tensors, FailsWith(kParamsMismatch));
  EXPECT_THAT(tensors.error().message, HasSubstr("[7]"));
  EXPECT_THAT(tensors.error().message, HasSubstr("[2, 3]"));
}

TEST(CombinedParams, StoredShapeCountsWhereTheElementsAreAsMany) {
  const auto tensors = attach({{"scale", {1, 3}}}, float_record({3}));
  ASSERT_THAT(tensors, Succeeds());
  EXPECT_EQ(tensors->at("scale").dims, Dims{3});
}

TEST(CombinedParams, StoredTypeCounts) {
  const auto tensors = attach({{"w", {2}}}, record(VarType::INT8, {2}, "\x01\xff"));
  ASSERT_THAT(tensors, Succeeds());
  EXPECT_EQ(tensors->at("w").dtype, DType::kInt8);
  EXPECT_THAT(as_ints(tensors->at("w")), ElementsAre(1, -1));
}

TEST(CombinedParams, EveryTruncationIsTooShort) {
  const std::string bytes = float_record({1}) + float_record({2}) + record(VarType::INT64, {}, raw(int64_t{1}));
  const std::vector<Declared> declared = {{"a", {1}}, {"b", {2}}, {"c", {}, VarType::INT64}};
  ASSERT_THAT(attach(declared, bytes), Succeeds());
  for (size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_THAT(attach(declared, bytes.substr(0, length)), FailsWith(kParamsTooShort)) << length;
  }
}

}  // namespace
}  // namespace paddle2onnx
