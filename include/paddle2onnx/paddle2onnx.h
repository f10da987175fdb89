// The public C++ API: converts a PaddlePaddle inference model to ONNX.
//
// No exception crosses this interface and no type of protobuf or onnx is part of it. Every function may be called
// from several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "paddle2onnx/mapper.h"

#if defined(_WIN32)
#define PADDLE2ONNX_API __declspec(dllexport)
#else
#define PADDLE2ONNX_API __attribute__((visibility("default")))
#endif

namespace paddle2onnx {

// The outcome of a conversion, and the exit code of the command.
enum class Status : int {
  kOk = 0,
  kUsage = 2,        // contradictory or impossible options
  kBadInput = 3,     // a file that cannot be read or is malformed
  kUnsupported = 4,  // an operator or attribute that has no mapping
  kCheckFailed = 5,  // the result did not pass onnx's checker
  kMismatch = 6,     // verification against recorded outputs failed
  kCannotWrite = 7,  // the output cannot be written
  kInternal = 70,    // an error of this program
};

enum class Severity { kNote, kWarning, kError };

// One finding. `code` is stable between releases and is printed as P2O0401; code / 100 is the Status that an
// error of this kind leads to.
struct Diagnostic {
  Severity severity = Severity::kError;
  int code = 0;
  std::string message;
  std::string op;                    // the operator's name in the model file, empty where none is concerned
  std::vector<std::string> outputs;  // names of the operator's outputs
  std::string place;                 // block and index in the program: "block 0, operator 17"
  std::string source;                // file and line in the user's Python source, where the model carries it
  std::string hint;                  // what to try
};

// "error[P2O0401]: …" with the operator, its place and the hint on further lines.
PADDLE2ONNX_API std::string to_string(const Diagnostic& diagnostic);

// Where the model is: files, or memory (then the file names are used in messages only).
struct ModelSource {
  std::string model_dir;        // the folder; may be empty if model_filename is a path
  std::string model_filename;   // empty: found in the folder
  std::string params_filename;  // empty: found in the folder; a model without weights has none
  std::optional<std::span<const std::byte>> model_bytes;
  std::optional<std::span<const std::byte>> params_bytes;
};

struct Options {
  int opset_version = 17;          // of the default domain ai.onnx; 7 to max_opset_version()
  bool auto_upgrade_opset = true;  // raise the opset to the lowest that the model's operators need
  bool check = true;               // onnx's checker and strict shape inference
  bool optimize = true;            // graph passes
  bool strict = false;             // refuse operators whose results cannot be Paddle's (random, approximated)
  // End a detector before its suppression of overlapping boxes: its outputs are the boxes and scores that go into it.
  bool remove_nms = false;
  // Operators that are written as they are, with all operands, attributes and results, in a domain that the runtime
  // knows:
  // {"paddle_op", "domain::OnnxOp"}, by any of the operator's names; without a domain it is Paddle. They come before
  // all mappers.
  std::map<std::string, std::string> custom_ops;
  std::vector<OutsideMapper> mappers;  // of the calling program

  // External data: tensors in a file beside the model instead of in it. A model that would be larger than the 2 GiB
  // that an ONNX file can hold always has it; these ask for it where it isn't needed. Not for a model in memory.
  bool external_data = false;
  std::string external_filename;     // the file, in the model's folder; empty: the model's name with .data behind it.
                                     // A name asks for external data
  size_t external_threshold = 1024;  // bytes; smaller tensors stay in the model
  // Weights that did not change stay in the parameter file, and the model refers to it; it must lie in the model's
  // folder.
  bool reference_params = false;
};

// What was written.
struct Summary {
  std::string model_file;   // the program that was read
  std::string params_file;  // empty for a model without weights
  int opset_version = 0;
  int64_t ir_version = 0;
  size_t operators = 0;       // of the Paddle program
  size_t nodes = 0;           // of the ONNX graph
  size_t parameters = 0;      // elements of all initializers
  size_t bytes = 0;           // of the ONNX model's own file
  std::string external_file;  // written beside the model, relative to its folder; empty: none
  size_t external_bytes = 0;  // of that file
  double seconds = 0;
};

struct Conversion {
  Status status = Status::kInternal;
  std::vector<Diagnostic> diagnostics;
  Summary summary;
  bool ok() const { return status == Status::kOk; }
};

// Converts and writes `save_file`, and external data beside it where there is any; missing parent folders are made. The
// files appear whole or not at all.
PADDLE2ONNX_API Conversion convert(const ModelSource& source, const Options& options, const std::string& save_file);

// Converts to memory: `model` receives the serialised ModelProto, and is left alone on failure. A model over 2 GiB is
// an error.
PADDLE2ONNX_API Conversion convert(const ModelSource& source, const Options& options, std::vector<std::byte>& model);

// What the converter makes of an operator of Paddle. One for each operator of an inference model's file, whatever its
// format; several may be one to the converter (bilinear_interp, bilinear_interp_v2).
struct OperatorInfo {
  std::string name;                  // in the converter's vocabulary: Paddle's current one
  std::vector<std::string> pdmodel;  // its names in .pdmodel files
  std::vector<std::string> pir;      // its names in PIR files, without dialect and in-place underscore
  bool supported = false;
  bool rare = false;        // written by Paddle's fusion passes or by versions before 2.0 only
  std::vector<int> opsets;  // the first opset of each of its forms; empty if it isn't supported, or leaves no nodes
  std::vector<int> tested_opsets;  // opsets that it is compared with Paddle at
  std::string restriction;         // what of it is refused
  std::string lossy;               // why the result's numbers cannot be Paddle's; empty: they are
  std::string reason;              // why it is not supported, or has no form of its own
};

// Sorted by name.
PADDLE2ONNX_API std::vector<OperatorInfo> list_operators();

PADDLE2ONNX_API const char* version();
PADDLE2ONNX_API int min_opset_version();
PADDLE2ONNX_API int max_opset_version();

}  // namespace paddle2onnx
