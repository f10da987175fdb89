#include "reader/reader.h"

#include <sys/stat.h>

#include "program_text.h"

namespace paddle2onnx {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ModelSource source_of(const std::string& dir, const std::string& model = "", const std::string& params = "") {
  ModelSource source;
  source.model_dir = dir;
  source.model_filename = model;
  source.params_filename = params;
  return source;
}

class Reader : public testing::Test {
 protected:
  Result<LoadedModel> load(const std::string& model_file = "", const std::string& params_file = "") {
    return load_model(source_of(folder.path().string(), model_file, params_file));
  }
  Folder folder;
  std::string program = linear_program().bytes();
  std::string params = float_record({4, 3}, 1);
};

// --- layouts, each found by the folder alone

struct Layout {
  std::string label;
  std::string model;
  std::string params;
};

class EveryLayout : public testing::TestWithParam<Layout> {};

TEST_P(EveryLayout, IsFoundByItsFolder) {
  const Folder folder;
  folder.write(GetParam().model, linear_program().bytes());
  folder.write(GetParam().params, float_record({4, 3}));
  const auto loaded = load_model(source_of(folder.path().string()));
  ASSERT_THAT(loaded, Succeeds());
  EXPECT_EQ(loaded->model_file, folder / GetParam().model);
}

INSTANTIATE_TEST_SUITE_P(Reader, EveryLayout,
                         testing::Values(Layout{"inference", "inference.pdmodel", "inference.pdiparams"},
                                         Layout{"model", "model.pdmodel", "model.pdiparams"},
                                         Layout{"otherName", "ppocr.v4.pdmodel", "ppocr.v4.pdiparams"},
                                         Layout{"otherParamsName", "ppocr.pdmodel", "weights.pdiparams"},
                                         Layout{"combinedOld", "__model__", "__params__"},
                                         Layout{"separateOld", "__model__", "w"}),
                         [](const auto& test) { return test.param.label; });

TEST_F(Reader, ModelWithoutWeightsNeedsNoParameterFile) {
  folder.write("inference.pdmodel", one_operator("relu").bytes());
  const auto loaded = load();
  ASSERT_THAT(loaded, Succeeds());
  EXPECT_EQ(loaded->params_file, "");
}

TEST_F(Reader, EmptyParameterFileOfAModelWithoutWeights) {
  folder.write("inference.pdmodel", one_operator("relu").bytes());
  folder.write("inference.pdiparams", "");
  EXPECT_THAT(load(), Succeeds());
  EXPECT_THAT(load("inference.pdmodel", "inference.pdiparams"), Succeeds());
}

TEST_F(Reader, MissingParameterFile) {
  folder.write("inference.pdmodel", program);
  EXPECT_THAT(load(), FailsWith(kParamsMissing));
}

TEST_F(Reader, StandardNameWinsOverOthers) {
  folder.write("inference.pdmodel", program);
  folder.write("inference.pdiparams", params);
  folder.write("backup.pdmodel", one_operator("relu").bytes());
  const auto loaded = load();
  ASSERT_THAT(loaded, Succeeds());
  EXPECT_EQ(loaded->model_file, folder / "inference.pdmodel");
}

TEST_F(Reader, TheFormatThatWasTakenIsTold) {
  folder.write("inference.pdmodel", program);
  folder.write("inference.pdiparams", params);
  folder.write("inference.json", R"({"base_code":{"magic":"pir","version":4},"program":{}})");
  const auto loaded = load();
  ASSERT_THAT(loaded, Succeeds());
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_EQ(loaded->warnings[0].code, kOneOfTwoFormats);
  EXPECT_EQ(loaded->warnings[0].severity, Severity::kNote);
  EXPECT_EQ(loaded->warnings[0].hint, "--model_filename inference.json takes that one");
}

TEST_F(Reader, TheFormatThatWasTakenIsToldWhateverTheNames) {
  folder.write("model.pdmodel", program);
  folder.write("model.pdiparams", params);
  folder.write("config.json", R"({"Global":{}})");
  EXPECT_THAT(load()->warnings, IsEmpty());
  folder.write("exported.json", R"({"base_code":{"magic":"pir","version":4},"program":{}})");
  const auto loaded = load();
  ASSERT_THAT(loaded, Succeeds());
  EXPECT_EQ(loaded->model_file, folder / "model.pdmodel");
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_THAT(loaded->warnings[0].hint, HasSubstr("exported.json"));
  EXPECT_THAT(load("model.pdmodel")->warnings, IsEmpty());
}

TEST_F(Reader, SeveralModelsAreAmbiguous) {
  folder.write("a.pdmodel", program);
  folder.write("b.pdmodel", program);
  const auto loaded = load();
  ASSERT_THAT(loaded, FailsWith(kAmbiguousModel));
  EXPECT_THAT(loaded.error().message, HasSubstr("a.pdmodel, b.pdmodel"));
}

TEST_F(Reader, NamedModelIsNotAmbiguous) {
  folder.write("a.pdmodel", program);
  folder.write("a.pdiparams", params);
  folder.write("b.pdmodel", program);
  EXPECT_THAT(load("a.pdmodel"), Succeeds());
}

TEST_F(Reader, FolderWithoutModel) { EXPECT_THAT(load(), FailsWith(kFileNotFound)); }

TEST_F(Reader, MissingFolder) { EXPECT_THAT(load_model(source_of(folder / "no")), FailsWith(kFileNotFound)); }

TEST_F(Reader, MissingFiles) {
  EXPECT_THAT(load("no.pdmodel"), FailsWith(kFileNotFound));
  folder.write("inference.pdmodel", program);
  EXPECT_THAT(load("inference.pdmodel", "no.pdiparams"), FailsWith(kFileNotFound));
}

TEST_F(Reader, FolderInPlaceOfAFile) {
  std::filesystem::create_directory(folder / "sub");
  EXPECT_THAT(load("sub"), FailsWith(kFileUnreadable));
  folder.write("inference.pdmodel", program);
  EXPECT_THAT(load("inference.pdmodel", "sub"), FailsWith(kFileUnreadable));
}

TEST_F(Reader, PipeInPlaceOfAFileIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(load("pipe"), FailsWith(kFileUnreadable));
}

TEST_F(Reader, ModelFileInPlaceOfTheFolder) {
  folder.write("inference.pdmodel", program);
  folder.write("inference.pdiparams", params);
  EXPECT_THAT(load_model(source_of(folder / "inference.pdmodel")), Succeeds());
}

TEST_F(Reader, PathsThatContainTheFolderAlready) {
  folder.write("m.pdmodel", program);
  folder.write("p.pdiparams", params);
  EXPECT_THAT(load(folder / "m.pdmodel", folder / "p.pdiparams"), Succeeds());
}

TEST_F(Reader, PathsWithoutAFolder) {
  folder.write("m.pdmodel", program);
  folder.write("p.pdiparams", params);
  EXPECT_THAT(load_model(source_of("", folder / "m.pdmodel", folder / "p.pdiparams")), Succeeds());
}

TEST_F(Reader, FormatIsToldByContentAndNotByTheName) {
  folder.write("weights.bin", params);
  folder.write("network.json", program);
  EXPECT_THAT(load("network.json", "weights.bin"), Succeeds());
}

TEST_F(Reader, WeightsAreViewsOfTheMappedFileThatTheyKeepAlive) {
  folder.write("inference.pdmodel", program);
  folder.write("inference.pdiparams", float_record({4, 3}, 5));
  auto loaded = load();
  ASSERT_THAT(loaded, Succeeds());
  std::filesystem::remove(folder / "inference.pdiparams");
  for (const ProgramValue& value : loaded->program.values) {
    if (!value.data) continue;
    EXPECT_NE(value.data->bytes.file(), nullptr);
    EXPECT_EQ(as_doubles(*value.data), std::vector<double>(12, 5.0));
  }
}

// --- one file per variable

TEST_F(Reader, SeparateFilesMayLieInFolders) {
  folder.write("__model__", linear_program("block/w.0@x").bytes());
  folder.write("block/w.0@x", params);
  EXPECT_THAT(load(), Succeeds());
}

TEST_F(Reader, SeparateFilesOneOfWhichIsMissing) {
  ProgramText text = linear_program();
  text.param("z", {1});
  folder.write("__model__", text.bytes());
  folder.write("w", params);
  const auto loaded = load();
  ASSERT_THAT(loaded, FailsWith(kFileNotFound));
  EXPECT_THAT(loaded.error().message, HasSubstr(folder / "z"));
}

TEST_F(Reader, SeparateFilesTheFirstOfWhichIsMissing) {
  ProgramText text = linear_program();
  text.param("a", {1});
  folder.write("__model__", text.bytes());
  folder.write("a", float_record({1}));
  const auto loaded = load();
  ASSERT_THAT(loaded, FailsWith(kFileNotFound));
  EXPECT_THAT(loaded.error().message, HasSubstr(folder / "w"));
}

TEST_F(Reader, SeparateFileThatIsTooLong) {
  folder.write("__model__", program);
  folder.write("w", params + "x");
  EXPECT_THAT(load(), FailsWith(kParamsTooLong));
}

TEST_F(Reader, NamesThatLeaveTheFolderAreRefused) {
  folder.write("outside", params);
  for (const std::string& name : {std::string("../outside"), std::string("sub/../../outside"), folder / "outside"}) {
    ProgramText text = linear_program(name);
    text.param("a", {1});  // found first, so that the layout is told
    const Folder inner;
    inner.write("__model__", text.bytes());
    inner.write("a", float_record({1}));
    EXPECT_THAT(load_model(source_of(inner.path().string())), FailsWith(kMalformedProgram)) << name;
  }
}

// --- what people pass by mistake

TEST_F(Reader, SwappedModelAndParameters) {
  folder.write("m", program);
  folder.write("p", params);
  EXPECT_THAT(load("p", "m"), FailsWith(kFilesSwapped));
}

TEST_F(Reader, ProgramAsParameterFile) {
  folder.write("m", program);
  EXPECT_THAT(load("m", "m"), FailsWith(kFilesSwapped));
}

TEST_F(Reader, ParametersOfAnotherModel) {
  folder.write("inference.pdmodel", program);
  folder.write("inference.pdiparams", float_record({16}));
  EXPECT_THAT(load(), FailsWith(kParamsMismatch));
}

TEST_F(Reader, ParametersOfAModelWithoutWeights) {
  folder.write("inference.pdmodel", one_operator("relu").bytes());
  folder.write("p", params);
  EXPECT_THAT(load("", "p"), FailsWith(kParamsTooLong));
}

constexpr const char* kLfsPointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 12345\n";

TEST_F(Reader, GitLfsPointers) {
  folder.write("pointer", kLfsPointer);
  folder.write("m", program);
  EXPECT_THAT(load("pointer"), FailsWith(kGitLfsPointer));
  EXPECT_THAT(load("m", "pointer"), FailsWith(kGitLfsPointer));
}

TEST_F(Reader, GitLfsPointerAmongSeparateFiles) {
  folder.write("__model__", program);
  folder.write("w", kLfsPointer);
  EXPECT_THAT(load(), FailsWith(kGitLfsPointer));
}

TEST_F(Reader, EmptyFiles) {
  folder.write("empty", "");
  folder.write("m", program);
  EXPECT_THAT(load("empty"), FailsWith(kFileEmpty));
  EXPECT_THAT(load("m", "empty"), FailsWith(kFileEmpty));
}

TEST_F(Reader, PickleAsParameterFile) {
  folder.write("m", program);
  folder.write("p", "\x80\x04\x95pickle of a training");
  const auto loaded = load("m", "p");
  ASSERT_THAT(loaded, FailsWith(kMalformedParams));
  EXPECT_THAT(loaded.error().hint, HasSubstr("pickle"));
}

struct Foreign {
  std::string label;
  std::string content;
  std::string expected;
};

class ForeignFile : public testing::TestWithParam<Foreign> {};

TEST_P(ForeignFile, IsNamed) {
  const Folder folder;
  folder.write("file", GetParam().content);
  const auto loaded = load_model(source_of(folder.path().string(), "file"));
  ASSERT_THAT(loaded, FailsWith(kNotAModel));
  EXPECT_THAT(loaded.error().message, HasSubstr(GetParam().expected));
  EXPECT_THAT(loaded.error().message, HasSubstr(folder / "file"));
}

INSTANTIATE_TEST_SUITE_P(Reader, ForeignFile,
                         testing::Values(Foreign{"pickle", "\x80\x04\x95pickle", "pickle"},
                                         Foreign{"webPage", "<!DOCTYPE html><html>", "web page"},
                                         Foreign{"webPageAfterBlanks", "\r\n  <html>not found</html>", "web page"},
                                         Foreign{"zip", "PK\x03\x04 archive", "zip"},
                                         Foreign{"onnx", "\x08\x08\x12\x07pytorch", "ONNX"},
                                         Foreign{"text", "hello", "neither"}, Foreign{"oneByte", "x", "neither"},
                                         Foreign{"json", "{\"layers\": []}", "neither"}),
                         [](const auto& test) { return test.param.label; });

// A PIR program is told by its content, whatever its name.
TEST_F(Reader, PirProgramIsFoundAmongOtherJson) {
  const std::string pir =
      R"({"base_code":{"magic":"pir","version":4},"program":{"regions":[{"#":"r","blocks":[{"#":"b","args":[],"ops":[)"
      R"({"#":"1.data","A":[{"N":"name","AT":{"#":"0.a_str","D":"x"}}],"I":[],)"
      R"("O":[{"%":1,"TT":{"#":"0.t_dtensor","D":[{"#":"0.t_f32"},[2],"NCHW",[],0]}}]},)"
      R"({"#":"1.fetch","A":[{"N":"name","AT":{"#":"0.a_str","D":"y"}}],"I":[{"%":1}],"O":[]}]}]}]}})";
  folder.write("config.json", R"({"Global":{"model_name":"PP-OCRv5"}})");
  folder.write("detector.json", pir);
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->program.format, "PIR");
  EXPECT_TRUE(loaded->model_file.ends_with("detector.json"));
  folder.write("other.json", pir);
  EXPECT_THAT(load(), FailsWith(kAmbiguousModel));
}

// Saved with trainable=False: whether the state was written depends on how the layer was built, and is not in the
// program.
TEST_F(Reader, ParameterFileOfAPirProgramTellsWhetherItHasScratchTensors) {
  const auto parameter = [](const std::string& id, const std::string& name, const std::string& dims) {
    return R"({"#":"p","A":[0,1,1,")" + name + R"("],"O":{"%":)" + id +
           R"(,"TT":{"#":"0.t_dtensor","D":[{"#":"0.t_f32"},)" + dims + R"(,"NCHW",[],0]}}},)";
  };
  folder.write(
      "inference.json",
      R"({"base_code":{"magic":"pir","version":1},"program":{"regions":[{"#":"r","blocks":[{"#":"b","args":[],"ops":[)" +
          parameter("1", "state__non_persistable", "[0]") + parameter("2", "w", "[2]") +
          R"({"#":"1.fetch","A":[{"N":"name","AT":{"#":"0.a_str","D":"y"}}],"I":[{"%":2}],"O":[]}]}]}]}})");
  for (const std::string& state : {std::string(), float_record({0})}) {
    folder.write("inference.pdiparams", state + float_record({2}, 5));
    const auto loaded = load();
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_THAT(as_doubles(*loaded->program.values[loaded->program.fetches[0].second].data), ElementsAre(5, 5));
  }
  folder.write("inference.pdiparams", float_record({0}) + float_record({2}) + float_record({2}));
  EXPECT_THAT(load(), FailsWith(kParamsMismatch));
}

TEST_F(Reader, PirProgramAsParameterFile) {
  folder.write("m", program);
  folder.write("p", R"({"base_code":{"magic":"pir","version":1},"program":{}})");
  EXPECT_THAT(load("m", "p"), FailsWith(kFilesSwapped));
}

TEST_F(Reader, ProgramThatIsCutOffIsDamagedAndNotForeign) {
  folder.write("inference.pdmodel", program.substr(0, program.size() / 2));
  EXPECT_THAT(load(), FailsWith(kMalformedProgram));
}

TEST_F(Reader, EveryTruncationOfAProgramIsAnError) {
  folder.write("p", params);
  for (size_t length = 0; length < program.size(); ++length) {
    ModelSource source = source_of("");
    const std::string cut = program.substr(0, length);
    source.model_bytes = bytes_of(cut);
    source.params_bytes = bytes_of(params);
    const auto loaded = load_model(source);
    // A program without version at its end is as whole as one that never had it.
    if (loaded) {
      ASSERT_EQ(loaded->program.version, "") << length;
    } else {
      ASSERT_EQ(loaded.error().code / 100, 3) << length;
    }
  }
}

// --- in memory

TEST_F(Reader, ModelInMemory) {
  ModelSource source;
  source.model_bytes = bytes_of(program);
  source.params_bytes = bytes_of(params);
  const auto loaded = load_model(source);
  ASSERT_THAT(loaded, Succeeds());
  for (const ProgramValue& value : loaded->program.values) {
    EXPECT_FALSE(value.data && value.data->bytes.file() != nullptr) << "the caller's memory must not be dropped";
  }
}

TEST_F(Reader, ModelInMemoryWithParametersInAFile) {
  folder.write("p", params);
  ModelSource source;
  source.model_bytes = bytes_of(program);
  source.params_filename = folder / "p";
  EXPECT_THAT(load_model(source), Succeeds());
}

TEST_F(Reader, ModelInMemoryDoesNotLookForFiles) {
  ModelSource source;
  source.model_bytes = bytes_of(program);
  EXPECT_THAT(load_model(source), FailsWith(kParamsMissing));
}

TEST_F(Reader, NamesOfModelsInMemoryAreForMessages) {
  ModelSource source;
  source.model_filename = "from the archive";
  source.model_bytes = bytes_of("junk");
  const auto loaded = load_model(source);
  ASSERT_THAT(loaded, FailsWith(kNotAModel));
  EXPECT_THAT(loaded.error().message, HasSubstr("from the archive"));
}

TEST_F(Reader, EmptyMemory) {
  ModelSource source;
  source.model_bytes = std::span<const std::byte>();
  EXPECT_THAT(load_model(source), FailsWith(kFileEmpty));
}

}  // namespace
}  // namespace paddle2onnx
