#include "writer/writer.h"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "common/mapped_file.h"
#include "graph/builder.h"
#include "pass/pass.h"
#include "program_text.h"
#include "writer/schemas.h"
#include "writer/sink.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// y = relu(x · w): a weight, a node whose type is not the interface's, two outputs of nodes.
std::unique_ptr<Graph> linear_graph(int opset = 17, const Dims& weight = {4, 3}) {
  auto graph = std::make_unique<Graph>();
  Builder g(*graph, opset);
  const Value x = g.new_value("x", DType::kFloat32, Dims{-1, 4});
  graph->inputs = {x};
  const Value w = g.constant(
      from_doubles(DType::kFloat32, weight, std::vector<double>(static_cast<size_t>(*element_count(weight)), 0.5)),
      "w");
  const Value y = g.relu(g.matmul(x, w));
  y.info()->name = "y";
  graph->outputs = {y};
  run_passes(*graph, true);
  return graph;
}

std::string written(const Graph& graph, const WriteOptions& options = {}, WrittenModel* summary = nullptr) {
  std::vector<std::byte> bytes;
  const auto result = write_model(graph, options, bytes);
  EXPECT_THAT(result, Succeeds());
  if (result && summary != nullptr) *summary = *result;
  return text_of(bytes);
}

onnx::ModelProto parsed(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

std::string dims_text(const onnx::ValueInfoProto& value) {
  std::string text;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    if (!text.empty()) text += ",";
    text += dim.has_dim_value() ? std::to_string(dim.dim_value()) : dim.has_dim_param() ? dim.dim_param() : "?";
  }
  return text;
}

TEST(IrVersion, IsTheLowestForTheOpset) {
  const std::map<int, int64_t> expected = {{7, 4},  {8, 4},   {9, 4},   {10, 5},  {11, 6},  {12, 7},
                                           {13, 7}, {14, 7},  {15, 8},  {17, 8},  {18, 8},  {19, 9},
                                           {20, 9}, {21, 10}, {22, 10}, {23, 11}, {24, 12}, {25, 13}};
  for (const auto& [opset, ir] : expected) EXPECT_EQ(ir_version_of(opset), ir) << opset;
}

TEST(Model, ParsesAndPassesTheFullCheckAtEveryOpset) {
  for (int opset = min_opset_version(); opset <= max_opset_version(); ++opset) {
    WrittenModel summary;
    const auto bytes = written(*linear_graph(opset), {opset, true}, &summary);
    const auto model = parsed(bytes);
    EXPECT_NO_THROW(onnx::checker::check_model(model, true)) << opset;
    EXPECT_EQ(model.opset_import(0).version(), opset);
    EXPECT_EQ(model.ir_version(), ir_version_of(opset));
    EXPECT_EQ(summary.ir_version, model.ir_version());
  }
}

TEST(Model, SummaryIsThatOfTheBytes) {
  WrittenModel summary;
  const auto bytes = written(*linear_graph(), {}, &summary);
  EXPECT_EQ(summary.bytes, bytes.size());
  EXPECT_EQ(summary.nodes, 2);
  EXPECT_EQ(summary.parameters, 12);
}

TEST(Model, WeightsAreInitializersAndNoInputs) {
  for (const int opset : {7, 17}) {
    const auto graph = parsed(written(*linear_graph(opset), {opset, true})).graph();
    ASSERT_EQ(graph.input_size(), 1) << opset;
    EXPECT_EQ(graph.input(0).name(), "x");
    ASSERT_EQ(graph.initializer_size(), 1);
    EXPECT_EQ(graph.initializer(0).name(), "w");
    EXPECT_EQ(graph.initializer(0).raw_data(), raw(std::vector<float>(12, 0.5F)));
  }
}

TEST(Model, BigWeightsThatTheCheckerNeverSeesAreWrittenWhole) {
  const auto graph = parsed(written(*linear_graph(17, {4, 100000}))).graph();
  EXPECT_EQ(graph.initializer(0).raw_data().size(), size_t{400000} * 4);
  EXPECT_EQ(graph.input_size(), 1);
}

TEST(Model, UnusedConstantsAreNotWritten) {
  auto graph = linear_graph();
  Builder(*graph, 17).constant(from_ints(DType::kInt64, {1}, {1}), "unused");
  EXPECT_EQ(parsed(written(*graph)).graph().initializer_size(), 1);
}

TEST(Model, BytesAreDeterministic) { EXPECT_EQ(written(*linear_graph()), written(*linear_graph())); }

TEST(Model, HasTypesOfWhatLiesBetween) {
  const auto graph = parsed(written(*linear_graph())).graph();
  ASSERT_EQ(graph.value_info_size(), 1);
  EXPECT_EQ(dims_text(graph.value_info(0)), "batch,3");
}

// onnx's shape inference would make a message of each element of a vector: 16 GB of these.
TEST(Model, LongVectorsAreNotFollowedElementByElement) {
  auto graph = std::make_unique<Graph>();
  Builder g(*graph, 17);
  const Value x = g.new_value("x", DType::kInt64, Dims{int64_t{1} << 27});
  graph->inputs = {x};
  graph->outputs = {g.add(g.mul(x, x), x)};
  run_passes(*graph, true);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const long kib = usage.ru_maxrss;
  EXPECT_EQ(dims_text(parsed(written(*graph)).graph().output(0)), std::to_string(int64_t{1} << 27));
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss - kib, 100'000);
}

TEST(Model, UncheckedHasTheSameNodesAndWeights) {
  const auto checked = parsed(written(*linear_graph(), {17, true})).graph();
  const auto unchecked = parsed(written(*linear_graph(), {17, false})).graph();
  EXPECT_EQ(checked.node_size(), unchecked.node_size());
  EXPECT_EQ(checked.initializer(0).raw_data(), unchecked.initializer(0).raw_data());
}

TEST(Model, SubgraphsAreWrittenAndTheirConstantsAreInitializersOfTheModel) {
  Graph graph;
  Builder g(graph, 17);
  const Value x = g.new_value("x", DType::kFloat32, Dims{2});
  const Value condition = g.new_value("condition", DType::kBool, Dims{});
  graph.inputs = {x, condition};
  const auto branch = [&](double addend) {
    auto body = std::make_shared<Graph>();
    Builder b(*body, 17);
    body->outputs = {b.add(x, g.constant(from_doubles(DType::kFloat32, {2}, {addend, addend}), "addend"))};
    return body;
  };
  graph.outputs = {
      g.node("If", {condition}, {{"then_branch", branch(1)}, {"else_branch", branch(2)}}, {DType::kFloat32, Dims{2}})};
  run_passes(graph, true);
  WrittenModel summary;
  const auto model = parsed(written(graph, {}, &summary));
  EXPECT_EQ(summary.nodes, 3) << "with those inside";
  EXPECT_EQ(model.graph().initializer_size(), 2);
  EXPECT_NO_THROW(onnx::checker::check_model(model, true));
}

// --- names of dimensions

struct Inputs {
  std::vector<std::pair<std::string, Dims>> inputs;
  std::function<Value(Builder&, const std::vector<Value>&)> combine;

  onnx::GraphProto write() const {
    Graph graph;
    Builder g(graph, 17);
    for (const auto& [name, dims] : inputs) graph.inputs.push_back(g.new_value(name, DType::kFloat32, dims));
    graph.outputs = {combine(g, graph.inputs)};
    run_passes(graph, true);
    return parsed(written(graph)).graph();
  }
};

TEST(DimensionNames, LeadingDimensionOfTheFirstInputIsTheBatch) {
  const auto graph = Inputs{{{"x", {-1, 3, -1}}}, [](Builder& g, const auto& v) { return g.relu(v[0]); }}.write();
  EXPECT_EQ(dims_text(graph.input(0)), "batch,3,x_dim_2");
  EXPECT_EQ(dims_text(graph.output(0)), "batch,3,x_dim_2");
}

TEST(DimensionNames, AreSharedWhereAnOperatorDemandsIt) {
  const auto graph = Inputs{
      {{"a", {-1, -1}}, {"b", {-1, -1}}}, [](Builder& g, const auto& v) {
        return g.concat({v[0], v[1]}, 1);
      }}.write();
  EXPECT_EQ(dims_text(graph.input(0)), "batch,a_dim_1");
  EXPECT_EQ(dims_text(graph.input(1)), "batch,b_dim_1") << "the axis of the concatenation may differ";
}

TEST(DimensionNames, ThatMayBeBroadcastAreNotShared) {
  const auto graph =
      Inputs{{{"a", {-1, -1}}, {"b", {-1, -1}}}, [](Builder& g, const auto& v) { return g.add(v[0], v[1]); }}.write();
  EXPECT_EQ(dims_text(graph.input(0)), "batch,a_dim_1");
  EXPECT_EQ(dims_text(graph.input(1)), "batch,b_dim_1");
}

TEST(DimensionNames, OfUnrelatedInputsAreNotShared) {
  const auto graph =
      Inputs{{{"a", {-1, 2}}, {"b", {2, -1}}}, [](Builder& g, const auto& v) { return g.matmul(v[0], v[1]); }}.write();
  EXPECT_EQ(dims_text(graph.input(1)), "2,b_dim_1");
  EXPECT_EQ(dims_text(graph.output(0)), "batch,b_dim_1");
}

// --- files

class File : public testing::Test {
 protected:
  Result<WrittenModel> write(const std::string& name, bool check = true) {
    return write_model(*linear_graph(), {17, check}, std::filesystem::path(folder / name));
  }
  Folder folder;
};

TEST_F(File, HasTheBytesOfTheModelInMemory) {
  ASSERT_THAT(write("model.onnx"), Succeeds());
  EXPECT_EQ(folder.read("model.onnx"), written(*linear_graph()));
  EXPECT_THAT(folder.entries(), ElementsAre("model.onnx"));
}

TEST_F(File, BiggerThanTheBufferIsWritten) {
  const auto graph = linear_graph(17, {4, 3000000});  // several pieces
  ASSERT_THAT(write_model(*graph, {}, std::filesystem::path(folder / "big.onnx")), Succeeds());
  EXPECT_EQ(folder.read("big.onnx"), written(*graph));
}

TEST_F(File, MissingParentFoldersAreMade) {
  EXPECT_THAT(write("a/b/model.onnx"), Succeeds());
  EXPECT_TRUE(std::filesystem::exists(folder / "a/b/model.onnx"));
}

TEST_F(File, RelativePathWithoutFolder) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_THAT(write_model(*linear_graph(), {}, std::filesystem::path("model.onnx")), Succeeds());
  std::filesystem::current_path(before);
  EXPECT_THAT(folder.entries(), ElementsAre("model.onnx"));
}

TEST_F(File, ExistingFileIsReplaced) {
  folder.write("model.onnx", "old");
  ASSERT_THAT(write("model.onnx"), Succeeds());
  EXPECT_EQ(folder.read("model.onnx"), written(*linear_graph()));
}

TEST_F(File, ModeFollowsTheUmask) {
  const mode_t before = ::umask(027);
  const auto result = write("model.onnx");
  ::umask(before);
  ASSERT_THAT(result, Succeeds());
  struct stat status = {};
  ASSERT_EQ(::stat((folder / "model.onnx").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640);
}

// The umask is the process's: other threads would meet what a writer sets it to, however short.
TEST_F(File, UmaskIsNotTouched) {
  const mode_t before = ::umask(077);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) {
      auto sink = FileSink::create(folder / "x");
      if (sink) static_cast<void>(FileSink::publish({&*sink, 1}));
    }
    done = true;
  });
  bool open_to_others = false;
  while (!done) {
    struct stat status = {};
    std::filesystem::remove(folder / "private");
    folder.write("private", "");
    if (::stat((folder / "private").c_str(), &status) == 0 && (status.st_mode & 077) != 0) open_to_others = true;
  }
  writer.join();
  ::umask(before);
  EXPECT_FALSE(open_to_others);
}

TEST_F(File, FolderAsTargetIsRefused) {
  std::filesystem::create_directory(folder / "model.onnx");
  EXPECT_THAT(write("model.onnx"), FailsWith(kWriteFailed));
  EXPECT_THAT(folder.entries(), ElementsAre("model.onnx"));
}

TEST_F(File, PathThatEndsInASlashIsRefused) {
  EXPECT_THAT(write("sub/"), FailsWith(kWriteFailed));
  EXPECT_THAT(folder.entries(), IsEmpty());
}

TEST_F(File, FileInPlaceOfAParentFolder) {
  folder.write("file", "");
  EXPECT_THAT(write("file/model.onnx"), FailsWith(kWriteFailed));
  EXPECT_THAT(folder.entries(), ElementsAre("file"));
}

// A rename would put a file in the place of the device.
TEST_F(File, SpecialFileAsTargetIsRefused) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(write("pipe"), FailsWith(kWriteFailed));
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
}

TEST_F(File, NameThatIsTooLong) {
  EXPECT_THAT(write(std::string(255, 'a')), FailsWith(kWriteFailed));
  EXPECT_THAT(folder.entries(), IsEmpty());
}

TEST_F(File, FolderThatCannotBeWritten) {
  EXPECT_THAT(write_model(*linear_graph(), {}, std::filesystem::path("/proc/model.onnx")), FailsWith(kWriteFailed));
}

TEST_F(File, FullDiskLeavesTheOldFileAndNothingElse) {
  folder.write("model.onnx", "old");
  // A limit of the file size fails as a full disk does, once its signal is ignored.
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limited = {100000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limited);
  const auto result = write_model(*linear_graph(17, {4, 100000}), {}, std::filesystem::path(folder / "model.onnx"));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(result, FailsWith(kWriteFailed));
  EXPECT_EQ(folder.read("model.onnx"), "old");
  EXPECT_THAT(folder.entries(), ElementsAre("model.onnx"));
}

TEST_F(File, AbandonedSinkLeavesNothing) {
  {
    auto sink = FileSink::create(folder / "model.onnx");
    ASSERT_THAT(sink, Succeeds());
    ASSERT_THAT((*sink)->write(bytes_of("half")), Succeeds());
  }
  EXPECT_THAT(folder.entries(), IsEmpty());
}

// A file system without unnamed files.
TEST_F(File, TemporaryNameGoesWithItsSinkOrASignal) {
  {
    auto sink = FileSink::create(folder / "model.onnx", true);
    ASSERT_THAT(sink, Succeeds());
    EXPECT_EQ(folder.entries().size(), 1);
  }
  EXPECT_THAT(folder.entries(), IsEmpty());
  auto sink = FileSink::create(folder / "model.onnx", true);
  ASSERT_THAT(sink, Succeeds());
  remove_temporary_files();
  EXPECT_THAT(folder.entries(), IsEmpty());
}

TEST_F(File, ThatHadATemporaryNameIsPublished) {
  auto sink = FileSink::create(folder / "model.onnx", true);
  ASSERT_THAT(sink, Succeeds());
  ASSERT_THAT((*sink)->write(bytes_of("all")), Succeeds());
  ASSERT_THAT(FileSink::publish({&*sink, 1}), Succeeds());
  EXPECT_THAT(folder.entries(), ElementsAre("model.onnx"));
  EXPECT_EQ(folder.read("model.onnx"), "all");
  sink->reset();
  EXPECT_THAT(folder.entries(), ElementsAre("model.onnx"));
}

TEST_F(File, HasNoNameWhileItIsWritten) {
  auto sink = FileSink::create(folder / "model.onnx");
  ASSERT_THAT(sink, Succeeds());
  EXPECT_THAT(folder.entries(), IsEmpty()) << "the file system of the temporary folder has no unnamed files?";
}

TEST_F(File, OfSeveralAllAppearOrNone) {
  folder.write("a", "old");
  std::vector<std::unique_ptr<FileSink>> files;
  for (const char* name : {"a", "b", "c"}) {
    auto sink = FileSink::create(folder / name);
    ASSERT_THAT(sink, Succeeds());
    ASSERT_THAT((*sink)->write(bytes_of("new")), Succeeds());
    files.push_back(std::move(*sink));
  }
  std::filesystem::create_directory(folder / "c");  // in the meantime
  EXPECT_THAT(FileSink::publish(files), FailsWith(kWriteFailed));
  files.clear();
  EXPECT_EQ(folder.read("a"), "old");
  EXPECT_THAT(folder.entries(), testing::UnorderedElementsAre("a", "c"));
}

// --- weights of files

class ParamFile : public testing::Test {
 protected:
  // `data` with some bytes before it, so that source and target are not aligned alike.
  Bytes weight(const std::string& data) {
    folder.write("params", "head" + data);
    const auto file = MappedFile::open(folder / "params");
    EXPECT_THAT(file, Succeeds());
    return Bytes::of_file((*file)->bytes().subspan(4), *file);
  }
  Result<void> copy(const Bytes& bytes) {
    auto sink = FileSink::create(folder / "out");
    auto status = (*sink)->write(bytes_of("x"));
    if (status) status = (*sink)->write_constant(bytes);
    if (status) status = (*sink)->write(bytes_of("y"));
    if (status) status = FileSink::publish({&*sink, 1});
    return status;
  }
  Folder folder;
};

TEST_F(ParamFile, IsCopied) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, size_t{262144}, size_t{262145}, size_t{3000001}}) {
    std::string data(size, '\0');
    for (size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 7 + i / 251);
    const Bytes bytes = weight(data);
    ASSERT_THAT(copy(bytes), Succeeds());
    EXPECT_EQ(folder.read("out"), "x" + data + "y") << size;
  }
}

TEST_F(ParamFile, ThatWasReplacedIsCopiedAsItWas) {
  const std::string data(1000000, 'a');
  const Bytes bytes = weight(data);
  folder.write("other", "other");
  std::filesystem::rename(folder / "other", folder / "params");
  ASSERT_THAT(copy(bytes), Succeeds());
  EXPECT_EQ(folder.read("out"), "x" + data + "y");
}

TEST_F(ParamFile, ThatIsCutOffMeanwhileIsAnError) {
  const Bytes bytes = weight(std::string(1000000, 'a'));
  std::filesystem::resize_file(folder / "params", 500000);
  EXPECT_THAT(copy(bytes), FailsWith(kFileUnreadable));
  EXPECT_THAT(folder.entries(), ElementsAre("params"));
}

TEST_F(ParamFile, HolesStayHoles) {
  weight("begin");
  std::filesystem::resize_file(folder / "params", 100000000);
  {
    std::fstream file(folder / "params", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(50000000);
    file << "middle";
  }
  const auto file = MappedFile::open(folder / "params");
  ASSERT_THAT(file, Succeeds());
  ASSERT_THAT(copy(Bytes::of_file((*file)->bytes().subspan(4), *file)), Succeeds());
  EXPECT_EQ(folder.read("out").substr(1, 99999996), folder.read("params").substr(4));
  struct stat status = {};
  ASSERT_EQ(::stat((folder / "out").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 99999998);
  EXPECT_LT(status.st_blocks * 512, 2000000);
}

// --- external data

// y = x · big · small + bias: weights of 4 MiB, 16 kB and 64 bytes; the biggest is that of a file.
class External : public testing::Test {
 protected:
  External() {
    folder.write("model/params", "head" + std::string(4194304, 'b'));
    const auto file = MappedFile::open(folder / "model/params");
    EXPECT_THAT(file, Succeeds());
    Builder g(graph, 17);
    const Value x = g.new_value("x", DType::kFloat32, Dims{-1, 1024});
    graph.inputs = {x};
    const Value big =
        g.constant({DType::kFloat32, {1024, 1024}, Bytes::of_file((*file)->bytes().subspan(4), *file)}, "big");
    const Value small = g.constant(from_doubles(DType::kFloat32, {1024, 4}, std::vector<double>(4096, 0.25)), "small");
    const Value bias = g.constant(from_doubles(DType::kFloat32, {16}, std::vector<double>(16, 2)), "bias");
    const Value y = g.add(g.reshape(g.matmul(g.matmul(x, big), small), Ints{-1, 16}), bias);
    y.info()->name = "y";
    graph.outputs = {y};
    run_passes(graph, true);
  }
  Result<WrittenModel> write(const ExternalData& external, const std::string& name = "model/m.onnx") {
    return write_model(graph, {17, true, external}, std::filesystem::path(folder / name));
  }
  // {"location", "offset", "length"} of a weight; empty if it lies in the model.
  std::vector<std::string> place(const std::string& weight, const std::string& name = "model/m.onnx") const {
    const auto model = parsed(folder.read(name));
    for (const auto& tensor : model.graph().initializer()) {
      if (tensor.name() != weight) continue;
      std::vector<std::string> values;
      for (const auto& entry : tensor.external_data()) values.push_back(entry.value());
      EXPECT_EQ(tensor.data_location() == onnx::TensorProto::EXTERNAL, !values.empty());
      EXPECT_EQ(tensor.has_raw_data(), values.empty());
      return values;
    }
    ADD_FAILURE() << weight;
    return {};
  }
  void expect_checked(const std::string& name = "model/m.onnx") const {
    EXPECT_NO_THROW(onnx::checker::check_model(folder / name, true));
  }
  Folder folder;
  Graph graph;
};

TEST_F(External, IsOnlyThereWhereItIsNeeded) {
  const auto result = write({});
  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->external_file, "");
  EXPECT_FALSE(std::filesystem::exists(folder / "model/m.onnx.data"));
  EXPECT_THAT(place("big"), IsEmpty());
}

TEST_F(External, LiesBesideTheModel) {
  const auto result = write({true});
  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->external_file, "m.onnx.data");
  EXPECT_EQ(result->external_bytes, std::filesystem::file_size(folder / "model/m.onnx.data"));
  EXPECT_EQ(result->bytes, std::filesystem::file_size(folder / "model/m.onnx"));
  EXPECT_THAT(place("big"), ElementsAre("m.onnx.data", "0", "4194304"));
  EXPECT_THAT(place("small"), ElementsAre("m.onnx.data", "4194304", "16384"));
  EXPECT_THAT(place("bias"), IsEmpty());
  EXPECT_EQ(folder.read("model/m.onnx.data"), std::string(4194304, 'b') + raw(std::vector<float>(4096, 0.25)));
  expect_checked();
}

TEST_F(External, BigTensorsAreAligned) {
  Graph other;
  Builder g(other, 17);
  const Value x = g.new_value("x", DType::kFloat32, Dims{1, 300});
  other.inputs = {x};
  const auto weight = [&](int64_t rows, int64_t columns, const char* name) {
    return g.constant(
        from_doubles(DType::kFloat32, {rows, columns}, std::vector<double>(static_cast<size_t>(rows * columns), 0.5)),
        name);
  };
  other.outputs = {
      g.matmul(g.matmul(g.matmul(x, weight(300, 1001, "a")), weight(1001, 301, "b")), weight(301, 301, "c"))};
  run_passes(other, true);
  ASSERT_THAT(write_model(other, {17, true, {true}}, std::filesystem::path(folder / "model/m.onnx")), Succeeds());
  EXPECT_EQ(place("a")[1], "0");
  EXPECT_EQ(place("b")[1], std::to_string(19 * 65536)) << "the next multiple of 64 KiB after 1201200 bytes";
  EXPECT_EQ(place("c")[1], std::to_string((19 * 65536 + 1205204 + 63) / 64 * 64));
  expect_checked();
}

TEST_F(External, ThresholdDecides) {
  ASSERT_THAT(write({true, "", 16385}), Succeeds());
  EXPECT_THAT(place("small"), IsEmpty());
  EXPECT_EQ(std::filesystem::file_size(folder / "model/m.onnx.data"), 4194304);
  ASSERT_THAT(write({true, "", 0}), Succeeds());
  EXPECT_EQ(place("bias")[2], "64");
  expect_checked();
  const auto none = write({true, "", size_t{1} << 40});
  ASSERT_THAT(none, Succeeds());
  EXPECT_EQ(none->external_file, "");
}

TEST_F(External, ComesByItselfOverTheLimit) {
  WriteOptions options;
  options.size_limit = 100000;
  const auto result = write_model(graph, options, std::filesystem::path(folder / "model/m.onnx"));
  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->external_file, "m.onnx.data");
  EXPECT_LE(result->bytes, 100000);
  expect_checked();
}

TEST_F(External, LimitIsThatOfTheSerialisedModel) {
  const size_t size = write({})->bytes;
  WriteOptions options;
  options.size_limit = size;
  EXPECT_EQ(write_model(graph, options, std::filesystem::path(folder / "model/m.onnx"))->external_file, "");
  options.size_limit = size - 1;
  EXPECT_EQ(write_model(graph, options, std::filesystem::path(folder / "model/m.onnx"))->external_file, "m.onnx.data");
}

TEST_F(External, TooLargeAllTheSame) {
  WriteOptions options;
  options.size_limit = 200;
  EXPECT_THAT(write_model(graph, options, std::filesystem::path(folder / "new/m.onnx")), FailsWith(kTooLarge));
  EXPECT_THAT(folder.entries(), ElementsAre("model")) << "before anything is written";
  options.size_limit = 100000;
  std::vector<std::byte> model;
  EXPECT_THAT(write_model(graph, options, model), FailsWith(kTooLarge));
}

TEST_F(External, NamesAreInsideOfTheFolder) {
  for (const char* name : {"w.bin", "sub/w.bin", "./w.bin", "sub/../w.bin"}) {
    ASSERT_THAT(write({true, name}), Succeeds()) << name;
    expect_checked();
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "model/sub/w.bin"));
  EXPECT_EQ(place("big")[0], "w.bin");
  for (const char* name : {"../w.bin", "/tmp/w.bin", "sub/../../w.bin", "..", ".", "sub/", "m.onnx", "./m.onnx"}) {
    EXPECT_THAT(write({true, name}), FailsWith(kBadOption)) << name;
  }
}

TEST_F(External, LinksDoNotLeadOut) {
  std::filesystem::create_directory(folder / "outside");
  std::filesystem::create_directory_symlink(folder / "outside", folder / "model/link");
  EXPECT_THAT(write({true, "link/w.bin"}), FailsWith(kBadOption));
  EXPECT_THAT(Folder::entries_of(folder / "outside"), IsEmpty());
}

TEST_F(External, RelativePathWithoutFolder) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder / "model");
  const auto result = write_model(graph, {17, true, {true}}, std::filesystem::path("m.onnx"));
  std::filesystem::current_path(before);
  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(place("big")[0], "m.onnx.data");
}

TEST_F(External, BothFilesAppearOrNeither) {
  folder.write("model/m.onnx", "old");
  std::filesystem::create_directory(folder / "model/w.bin");
  EXPECT_THAT(write({true, "w.bin"}), FailsWith(kWriteFailed));
  EXPECT_EQ(folder.read("model/m.onnx"), "old");
  EXPECT_THAT(Folder::entries_of(folder / "model"), testing::UnorderedElementsAre("m.onnx", "params", "w.bin"));
}

TEST_F(External, ParametersCanBeReferredTo) {
  const auto result = write({false, "", 1024, true});
  ASSERT_THAT(result, Succeeds());
  EXPECT_EQ(result->external_file, "") << "nothing was written";
  EXPECT_THAT(place("big"), ElementsAre("params", "4", "4194304"));
  EXPECT_THAT(place("small"), IsEmpty()) << "it is not in the file";
  expect_checked();
  ASSERT_THAT(write({true, "", 1024, true}), Succeeds());
  EXPECT_EQ(place("big")[0], "params");
  EXPECT_EQ(place("small")[0], "m.onnx.data");
  expect_checked();
  ASSERT_THAT(write({false, "", 1024, true}, "m.onnx"), Succeeds());
  EXPECT_EQ(place("big", "m.onnx")[0], "model/params");
  EXPECT_THAT(write({false, "", 1024, true}, "other/m.onnx"), FailsWith(kBadOption));
}

TEST_F(External, NotForAModelInMemory) {
  std::vector<std::byte> model;
  EXPECT_THAT(write_model(graph, {17, true, {true}}, model), FailsWith(kBadOption));
  EXPECT_THAT(write_model(graph, {17, true, {false, "", 1024, true}}, model), FailsWith(kBadOption));
}

// --- equal constants

class EqualConstants : public testing::Test {
 protected:
  // x + a + b + …; how many initializers that are.
  size_t count(const std::vector<Tensor>& tensors) {
    Graph graph;
    Builder g(graph, 17);
    Value sum = g.new_value("x", DType::kFloat32, Dims{});
    graph.inputs = {sum};
    for (size_t i = 0; i < tensors.size(); ++i) {
      Value addend = g.constant(tensors[i], "w" + std::to_string(i));
      if (addend.dtype() != DType::kFloat32) addend = g.node("Cast", {addend}, {{"to", int64_t{1}}}, {DType::kFloat32});
      sum = g.add(sum, addend);
    }
    sum.info()->name = "y";
    graph.outputs = {sum};
    run_passes(graph, true);
    const auto model = parsed(written(graph));
    first = model.graph().initializer(0).name();
    return static_cast<size_t>(model.graph().initializer_size());
  }
  static Tensor filled(const Dims& dims, float value, size_t changed = std::string::npos) {
    std::vector<float> values(static_cast<size_t>(element_count(dims).value()), value);
    if (changed != std::string::npos) values[changed] += 1;
    return make_tensor(DType::kFloat32, dims, values);
  }
  std::string first;
};

TEST_F(EqualConstants, AreOne) {
  EXPECT_EQ(count({filled({100000}, 1), filled({100000}, 2), filled({100000}, 1), filled({100000}, 1)}), 2);
  EXPECT_EQ(first, "w0");
  EXPECT_EQ(count({filled({3}, 1), filled({3}, 1)}), 1);
}

TEST_F(EqualConstants, ThatDifferAnywhereAreNot) {
  for (const size_t changed : {0, 1, 31, 777, 49999, 50000, 99999})
    EXPECT_EQ(count({filled({100000}, 1), filled({100000}, 1, changed)}), 2) << changed;
}

TEST_F(EqualConstants, OfOtherDimensionsAreNot) { EXPECT_EQ(count({filled({6}, 0), filled({1, 6}, 0)}), 2); }

TEST_F(EqualConstants, OfOtherTypesAreNot) {
  Graph graph;
  Builder g(graph, 17);
  for (const DType dtype : {DType::kFloat32, DType::kInt32}) {
    graph.inputs.push_back(g.new_value(std::string(to_string(dtype)), dtype, Dims{6}));
    graph.outputs.push_back(g.add(graph.inputs.back(), g.constant(from_ints(dtype, {6}, Ints(6, 0)), "w")));
  }
  run_passes(graph, true);
  EXPECT_EQ(parsed(written(graph)).graph().initializer_size(), 2);
}

// --- the checker

// With an operator that onnx does not know.
std::unique_ptr<Graph> wrong_graph() {
  auto graph = linear_graph();
  graph->nodes.back().op_type = "NoSuchOperator";
  return graph;
}

TEST_F(File, WhatTheCheckerRefusesIsNotWritten) {
  folder.write("model.onnx", "old");
  const auto result = write_model(*wrong_graph(), {}, std::filesystem::path(folder / "model.onnx"));
  ASSERT_THAT(result, FailsWith(kCheckerRefused));
  EXPECT_EQ(result.error().code / 100, static_cast<int>(Status::kCheckFailed));
  EXPECT_THAT(result.error().message, HasSubstr("NoSuchOperator"));
  EXPECT_EQ(folder.read("model.onnx"), "old");
  EXPECT_THAT(folder.entries(), ElementsAre("model.onnx"));
}

TEST_F(File, WhatTheCheckerRefusesMakesNoFolder) {
  ASSERT_THAT(write_model(*wrong_graph(), {}, std::filesystem::path(folder / "sub/model.onnx")),
              FailsWith(kCheckerRefused));
  EXPECT_THAT(folder.entries(), IsEmpty());
}

TEST(Memory, IsLeftAloneOnFailure) {
  std::vector<std::byte> model(3);
  ASSERT_THAT(write_model(*wrong_graph(), {}, model), FailsWith(kCheckerRefused));
  EXPECT_EQ(model.size(), 3);
}

TEST(Memory, CheckCanBeLeftOut) {
  std::vector<std::byte> model;
  EXPECT_THAT(write_model(*wrong_graph(), {17, false}, model), Succeeds());
}

// --- operator definitions

TEST(Schemas, AreThoseOfTheRegistry) {
  const auto* registry = onnx::OpSchemaRegistry::Instance();
  size_t count = 0;
  for (const onnx::OpSchema& known : onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    if (!known.domain().empty()) continue;
    ++count;
    for (const int opset : {known.SinceVersion() - 1, known.SinceVersion(), known.SinceVersion() + 1, 1000}) {
      const onnx::OpSchema* expected = registry->GetSchema(known.Name(), opset, "");
      const onnx::OpSchema* mine = schemas().GetSchema(known.Name(), opset, "");
      ASSERT_EQ(mine != nullptr, expected != nullptr) << known.Name() << ' ' << opset;
      if (mine == nullptr) continue;
      EXPECT_EQ(mine->SinceVersion(), expected->SinceVersion()) << known.Name() << ' ' << opset;
      EXPECT_EQ(mine->Name(), expected->Name());
      EXPECT_EQ(mine->domain(), "");
      EXPECT_EQ(mine->attributes().size(), expected->attributes().size());
      EXPECT_EQ(mine->max_input(), expected->max_input());
      EXPECT_EQ(mine->min_output(), expected->min_output());
      EXPECT_EQ(mine->typeConstraintMap().size(), expected->typeConstraintMap().size());
      EXPECT_EQ(mine, schemas().GetSchema(known.Name(), opset, "")) << "made once";
    }
  }
  EXPECT_GT(count, 500);
  EXPECT_EQ(schemas().GetSchema("NoSuchOperator", 17, ""), nullptr);
  EXPECT_EQ(schemas().GetSchema("Relu", 17, "com.example"), nullptr);
  EXPECT_NE(schemas().GetSchema("Normalizer", 1, "ai.onnx.ml"), nullptr);
}

// --- the public API

ModelSource in_memory(const std::string& program, const std::string& params) {
  ModelSource source;
  source.model_bytes = bytes_of(program);
  source.params_bytes = bytes_of(params);
  return source;
}

TEST(Convert, FromMemoryToMemory) {
  const std::string program = linear_program().bytes();
  const std::string params = float_record({4, 3}, 1);
  std::vector<std::byte> model;
  const Conversion conversion = convert(in_memory(program, params), {}, model);
  ASSERT_TRUE(conversion.ok());
  EXPECT_EQ(conversion.summary.bytes, model.size());
  EXPECT_EQ(conversion.summary.opset_version, 17);
  EXPECT_EQ(conversion.summary.operators, 2);
  EXPECT_NO_THROW(onnx::checker::check_model(parsed(text_of(model)), true));
}

TEST(Convert, OpsetOutsideOfTheRangeIsAUsageError) {
  for (const int opset : {-1, 6, max_opset_version() + 1}) {
    std::vector<std::byte> model;
    Options options;
    options.opset_version = opset;
    EXPECT_EQ(convert(ModelSource(), options, model).status, Status::kUsage) << opset;
  }
}

TEST(Convert, ParametersInMemoryCannotBeReferredTo) {
  const Folder folder;
  const std::string program = linear_program().bytes();
  const std::string params = float_record({4, 3}, 1);
  Options options;
  options.reference_params = true;
  EXPECT_EQ(convert(in_memory(program, params), options, folder / "model.onnx").status, Status::kUsage);
  EXPECT_THAT(folder.entries(), IsEmpty());
}

TEST(Convert, ExternalDataIsInTheSummary) {
  const Folder folder;
  const std::string program = linear_program().bytes();
  const std::string params = float_record({4, 3}, 1);
  Options options;
  options.external_filename = "w.bin";
  options.external_threshold = 48;
  const Conversion conversion = convert(in_memory(program, params), options, folder / "model.onnx");
  ASSERT_TRUE(conversion.ok());
  EXPECT_EQ(conversion.summary.external_file, "w.bin");
  EXPECT_EQ(conversion.summary.external_bytes, 48);
  EXPECT_EQ(folder.read("w.bin"), raw(std::vector<float>(12, 1)));
  std::vector<std::byte> model;
  EXPECT_EQ(convert(in_memory(program, params), options, model).status, Status::kUsage);
}

TEST(Convert, StatusOfUnsupportedOperators) {
  const std::string program = one_operator("own_op").bytes();
  std::vector<std::byte> model;
  const Conversion conversion = convert(in_memory(program, ""), {}, model);
  EXPECT_EQ(conversion.status, Status::kUnsupported);
  EXPECT_TRUE(model.empty());
}

TEST(Convert, DiagnosticsAsText) {
  Diagnostic diagnostic = error(kUnsupportedOperator, "what", "do");
  diagnostic.place = "block 0, operator 1";
  diagnostic.outputs = {"a", "b"};
  diagnostic.source = "n.py:1";
  EXPECT_EQ(to_string(diagnostic),
            "error[P2O0401]: what\n  at block 0, operator 1\n  output 'a', 'b'\n  from n.py:1\n  hint: do");
  EXPECT_EQ(to_string(error(kInternalError, "x")), "error[P2O7001]: x");
}

}  // namespace
}  // namespace paddle2onnx
