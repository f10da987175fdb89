// Errors are values: a Result holds what was asked for or the Diagnostic that says why not.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "paddle2onnx/paddle2onnx.h"

namespace paddle2onnx {

template <typename T>
using Result = tl::expected<T, Diagnostic>;

// The diagnostic codes. code / 100 is the Status; a code never changes its meaning.
enum Code : int {
  kBadOption = 201,
  kBadUsage = kBadOption,  // of the command line
  kFlagNotAvailable = 202,

  kFileNotFound = 301,
  kFileUnreadable = 302,
  kFileEmpty = 303,
  kGitLfsPointer = 304,
  kNotAModel = 305,     // content of an unknown kind
  kFilesSwapped = 306,  // model and parameter arguments exchanged
  kMalformedProgram = 307,
  kMalformedParams = 308,
  kParamsMismatch = 309,  // a parameter file of another model
  kParamsTooShort = 310,
  kParamsTooLong = 311,
  kParamsMissing = 312,
  kAmbiguousModel = 313,  // several models in the folder
  kFormatNotSupported = 314,
  kUnknownFormatVersion = 315,  // a warning
  kOneOfTwoFormats = 316,       // a note

  kUnsupportedOperator = 401,
  kUnsupportedAttribute = 402,  // the operator is known, this use of it isn't
  kOpsetTooLow = 403,
  kUnsupportedDType = 404,
  kOpsetRaised = 405,   // a note
  kLossy = 406,         // a warning; an error where the conversion has to be strict
  kCustomUnused = 407,  // a warning: no operator of the model has that name

  kCheckerRefused = 501,

  kWriteFailed = 701,
  kTooLarge = 702,

  kInternalError = 7001,
};

inline Diagnostic error(Code code, std::string message, std::string hint = {}) {
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  return diagnostic;
}

inline tl::unexpected<Diagnostic> fail(Code code, std::string message, std::string hint = {}) {
  return tl::make_unexpected(error(code, std::move(message), std::move(hint)));
}

}  // namespace paddle2onnx
