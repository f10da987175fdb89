#include "writer/writer.h"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "graph/builder.h"
#include "pass/pass.h"
#include "program_text.h"
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
