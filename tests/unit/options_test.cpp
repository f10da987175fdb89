#include "cli/options.h"

#include <map>

#include "program_text.h"

namespace paddle2onnx::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// With a model and an output, so that only `more` decides.
CommandLine with(std::vector<std::string> more) {
  std::vector<std::string> arguments = {"--model_dir", "m", "--save_file", "o.onnx"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return parse(arguments);
}

void expect_usage_error(const CommandLine& command, const std::string& what, int code = 201) {
  EXPECT_TRUE(command.finished);
  EXPECT_EQ(command.exit_code, 2);
  EXPECT_EQ(command.output, "");
  ASSERT_THAT(command.errors, SizeIs(1));
  EXPECT_EQ(command.errors[0].code, code);
  EXPECT_THAT(command.errors[0].message, HasSubstr(what));
}

TEST(Options, Defaults) {
  const CommandLine command = with({});
  EXPECT_FALSE(command.finished);
  EXPECT_THAT(command.errors, IsEmpty());
  EXPECT_EQ(command.source.model_dir, "m");
  EXPECT_EQ(command.save_file, "o.onnx");
  EXPECT_EQ(command.options.opset_version, 17);
  EXPECT_TRUE(command.options.check);
  EXPECT_TRUE(command.options.auto_upgrade_opset);
  EXPECT_TRUE(command.options.optimize);
  EXPECT_FALSE(command.verbose);
  EXPECT_FALSE(command.quiet);
}

TEST(Options, ShortForms) {
  const CommandLine command =
      parse({"-m", "dir", "-mf", "model", "-pf", "params", "-s", "out", "-ov", "11", "-d", "tensorrt"});
  ASSERT_FALSE(command.finished);
  EXPECT_EQ(command.source.model_dir, "dir");
  EXPECT_EQ(command.source.model_filename, "model");
  EXPECT_EQ(command.source.params_filename, "params");
  EXPECT_EQ(command.save_file, "out");
  EXPECT_EQ(command.options.opset_version, 11);
}

TEST(Options, ValuesAfterAnEqualsSign) {
  const CommandLine command = with({"--opset_version=13", "--enable_onnx_checker=False"});
  ASSERT_FALSE(command.finished);
  EXPECT_EQ(command.options.opset_version, 13);
  EXPECT_FALSE(command.options.check);
}

TEST(Options, SeedLineOfTheReadme) {
  const CommandLine command =
      parse({"--model_dir", "m", "--model_filename", "a.pdmodel", "--params_filename", "a.pdiparams", "--save_file",
             "o.onnx", "--enable_dev_version", "True", "--opset_version", "13", "--enable_onnx_checker", "True"});
  EXPECT_FALSE(command.finished);
  EXPECT_THAT(command.errors, IsEmpty());
}

TEST(Options, LiteralValues) {
  for (const char* value : {"True", "true", "TRUE", "1", "yes", "on"}) {
    EXPECT_TRUE(with({"--enable_verbose", value}).verbose) << value;
  }
  for (const char* value : {"False", "false", "FALSE", "0", "no", "off"}) {
    EXPECT_FALSE(with({"--enable_onnx_checker", value}).options.check) << value;
  }
}

TEST(Options, BooleanWithoutValueIsTrue) {
  EXPECT_TRUE(with({"--enable_verbose"}).verbose);
  const CommandLine command = parse({"--enable_verbose", "--model_dir", "m", "--save_file", "o"});
  EXPECT_TRUE(command.verbose);
  EXPECT_EQ(command.source.model_dir, "m");
}

TEST(Options, OtherLiteralsAreRefused) {
  for (const char* value : {"maybe", "2", ""}) expect_usage_error(with({"--enable_onnx_checker", value}), "True");
}

struct BooleanFlag {
  std::string name;
  bool (*read)(const CommandLine&);
};

class Boolean : public testing::TestWithParam<BooleanFlag> {};

TEST_P(Boolean, TakesBothValues) {
  EXPECT_TRUE(GetParam().read(with({GetParam().name, "True"})));
  EXPECT_FALSE(GetParam().read(with({GetParam().name, "False"})));
}

INSTANTIATE_TEST_SUITE_P(
    Options, Boolean,
    testing::Values(BooleanFlag{"--enable_auto_update_opset",
                                [](const CommandLine& c) { return c.options.auto_upgrade_opset; }},
                    BooleanFlag{"--enable_onnx_checker", [](const CommandLine& c) { return c.options.check; }},
                    BooleanFlag{"--enable_optimization", [](const CommandLine& c) { return c.options.optimize; }},
                    BooleanFlag{"--enable_verbose", [](const CommandLine& c) { return c.verbose; }}),
    [](const auto& test) { return test.param.name.substr(2); });

TEST(Options, Quiet) { EXPECT_TRUE(with({"--quiet"}).quiet); }

// --- usage errors

TEST(UsageError, UnknownFlag) { expect_usage_error(with({"--no_such_flag"}), "--no_such_flag"); }
TEST(UsageError, StrayArgument) { expect_usage_error(with({"stray"}), "stray"); }
TEST(UsageError, MissingValue) { expect_usage_error(with({"--opset_version"}), "--opset_version"); }
TEST(UsageError, OpsetThatIsNoNumber) { expect_usage_error(with({"-ov", "new"}), "new"); }
TEST(UsageError, UnknownBackend) { expect_usage_error(with({"-d", "abacus"}), "abacus"); }
TEST(UsageError, NoModel) { expect_usage_error(parse({"-s", "o.onnx"}), "no model"); }
TEST(UsageError, NoOutput) { expect_usage_error(parse({"-m", "dir"}), "no output"); }

TEST(UsageError, ModelFileWithoutFolderIsEnough) { EXPECT_FALSE(parse({"-mf", "m.pdmodel", "-s", "o"}).finished); }

TEST(UsageError, AllAreToldAtOnce) { EXPECT_THAT(parse({"--custom_ops", "{1:2}"}).errors, SizeIs(3)); }

TEST(ExternalData, FlagsAreTaken) {
  const CommandLine none = with({});
  EXPECT_FALSE(none.options.external_data);
  EXPECT_EQ(none.options.external_threshold, 1024);
  EXPECT_FALSE(none.options.reference_params);
  const CommandLine all = with(
      {"--external_data", "--external_filename", "w.bin", "--external_threshold", "7", "--reference_params", "True"});
  EXPECT_FALSE(all.finished);
  EXPECT_TRUE(all.options.external_data);
  EXPECT_EQ(all.options.external_filename, "w.bin");
  EXPECT_EQ(all.options.external_threshold, 7);
  EXPECT_TRUE(all.options.reference_params);
  EXPECT_EQ(with({"--external_filename", "None"}).options.external_filename, "");
  expect_usage_error(with({"--external_threshold", "-1"}), "--external_threshold", 201);
}

// --- custom operators

using CustomOps = std::map<std::string, std::string>;

TEST(CustomOps, AreReadAsJsonOrPython) {
  const CustomOps expected = {{"a", "d::A"}, {"b", "B"}};
  for (const char* text : {R"({"a": "d::A", "b": "B"})", "{'a':'d::A','b':'B'}", "  { 'a' : \"d::A\",\n'b':'B' , } "}) {
    const CommandLine command = with({"--custom_ops", text});
    EXPECT_THAT(command.errors, IsEmpty()) << text;
    EXPECT_EQ(command.options.custom_ops, expected) << text;
  }
}

TEST(CustomOps, MayBeNone) {
  for (const char* text : {"", "{}", "{ }", "None", " None "}) {
    const CommandLine command = with({"--custom_ops", text});
    EXPECT_FALSE(command.finished) << text;
    EXPECT_TRUE(command.options.custom_ops.empty());
  }
}

TEST(CustomOps, Escapes) {
  const CommandLine command = with({"--custom_ops", R"({"a\"\\\/\n\u00e9\u20ac\ud83d\ude00": 'it\'s'})"});
  ASSERT_THAT(command.errors, IsEmpty());
  EXPECT_EQ(command.options.custom_ops, (CustomOps{{"a\"\\/\n\u00e9\u20ac\U0001f600", "it's"}}));
}

struct BadDict {
  std::string text;
  std::string what;
};

TEST(CustomOps, MistakesAreToldWithTheirPlace) {
  for (const auto& [text, what] :
       std::vector<BadDict>{{"a", "character 1: '{'"},
                            {"{1: 2}", "character 2: a quoted string"},
                            {"{'a'}", "character 5: ':'"},
                            {"{'a': b}", "character 7: a quoted string"},
                            {"{'a': 'b' 'c': 'd'}", "character 11: ',' or '}'"},
                            {"{'a': 'b'", "character 10: ',' or '}'"},
                            {"{'a': 'b", "character 7: the string that starts here has no end"},
                            {"{'a': 'b'} x", "character 12: nothing more"},
                            {"{'a': 'b', 'a': 'c'}", "character 12: the key 'a' is there twice"},
                            {R"({'a': '\x41'})", "escape"},
                            {R"({'a': '\ud800'})", "escape"},
                            {R"({'a': '\u12g4'})", "escape"},
                            {R"({'a': '\)", "escape"},
                            {"{,}", "character 2: a quoted string"},
                            {"__import__('os').system('true')", "character 1: '{'"}}) {
    expect_usage_error(with({"--custom_ops", text}), what);
  }
}

// --- flags whose feature is not there

struct AbsentFeature {
  std::string flag;
  std::string with_effect;
  std::vector<std::string> without_effect;
};

class Unavailable : public testing::TestWithParam<AbsentFeature> {};

TEST_P(Unavailable, IsAnErrorWithAnEffect) {
  expect_usage_error(with({GetParam().flag, GetParam().with_effect}), GetParam().flag, 202);
}

TEST_P(Unavailable, IsAcceptedWithoutAnEffect) {
  for (const std::string& value : GetParam().without_effect) {
    EXPECT_FALSE(with({GetParam().flag, value}).finished) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Options, Unavailable,
    testing::Values(AbsentFeature{"--input_shape_dict", "{'x':[1,3,224,224]}", {"None", "{}", "{ }", ""}},
                    AbsentFeature{"--enable_paddle_fallback", "True", {"False", "0"}},
                    AbsentFeature{"--export_fp16_model", "True", {"False"}},
                    AbsentFeature{"--optimize_tool", "onnxoptimizer", {"None", "none"}},
                    AbsentFeature{"--enable_dist_prim_all", "1", {"False"}}),
    [](const auto& test) { return test.param.flag.substr(2); });

TEST(Accepted, WithoutAMeaning) {
  for (const char* value : {"True", "False"}) EXPECT_FALSE(with({"--enable_dev_version", value}).finished);
  EXPECT_FALSE(with({"--enable_dev_version"}).finished);
}

TEST(Accepted, ForQuantisedModelsOnly) {
  for (const char* backend : {"onnxruntime", "tensorrt", "rknn", "others"}) {
    EXPECT_FALSE(with({"--deploy_backend", backend}).finished) << backend;
  }
  EXPECT_FALSE(with({"--save_calibration_file", "calibration.cache"}).finished);
}

// --- help and version

TEST(Help, GoesToStandardOutput) {
  for (const char* flag : {"--help", "-h"}) {
    const CommandLine command = parse({flag});
    EXPECT_TRUE(command.finished);
    EXPECT_EQ(command.exit_code, 0);
    EXPECT_THAT(command.errors, IsEmpty());
    EXPECT_THAT(command.output, AllOf(HasSubstr("Examples:"), HasSubstr("Exit codes:")));
  }
}

TEST(Help, HasGroupsAndTwoExamples) {
  const std::string help = parse({"--help"}).output;
  for (const char* group : {"Model:", "Result:", "Messages:", "Quantised models", "Accepted from other converters:"}) {
    EXPECT_THAT(help, HasSubstr(group));
  }
  const size_t first = help.find("  paddle2onnx --model_dir");
  ASSERT_NE(first, std::string::npos);
  EXPECT_NE(help.find("  paddle2onnx --model_dir", first + 1), std::string::npos);
}

TEST(Help, NamesEveryFlag) {
  const std::string help = parse({"--help"}).output;
  for (const char* flag : {"--model_dir",
                           "--model_filename",
                           "-mf",
                           "--params_filename",
                           "-pf",
                           "--save_file",
                           "--opset_version",
                           "-ov",
                           "--input_shape_dict",
                           "--enable_dev_version",
                           "--enable_onnx_checker",
                           "--enable_auto_update_opset",
                           "--enable_paddle_fallback",
                           "--deploy_backend",
                           "--save_calibration_file",
                           "--external_data",
                           "--external_filename",
                           "--external_threshold",
                           "--reference_params",
                           "--export_fp16_model",
                           "--custom_ops",
                           "--enable_optimization",
                           "--optimize_tool",
                           "--enable_dist_prim_all",
                           "--enable_verbose",
                           "--version",
                           "--help",
                           "--quiet"}) {
    EXPECT_THAT(help, HasSubstr(flag));
  }
}

TEST(Version, GoesToStandardOutput) {
  for (const char* flag : {"--version", "-v"}) {
    const CommandLine command = parse({flag});
    EXPECT_TRUE(command.finished);
    EXPECT_EQ(command.exit_code, 0);
    EXPECT_EQ(command.output, std::string("paddle2onnx ") + version() + "\n");
  }
}

}  // namespace
}  // namespace paddle2onnx::cli
