// Operators that the converter does not decide about: those of --custom_ops, and the mappers of a program that uses the
// library.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/result.h"
#include "mapper/mapper.h"
#include "paddle2onnx/mapper.h"

namespace paddle2onnx {

// The ONNX operator that a custom operator becomes.
struct CustomOperator {
  std::string domain;
  std::string op_type;
};

// "domain::OnnxOp", or "OnnxOp" in the domain Paddle, as Paddle2ONNX names it. Fails with kBadOption.
Result<CustomOperator> parse_custom_operator(const std::string& op, const std::string& target);

using CustomOperators = std::map<std::string, CustomOperator, std::less<>>;  // by a name of the Paddle operator

class OutsideMappers {
 public:
  OutsideMappers(const CustomOperators& custom, const std::vector<OutsideMapper>& mappers)
      : custom_(custom), mappers_(mappers) {}

  // Whether an operator is mapped from outside: asked for by name, or by a mapper that is no mere addition to the
  // registry.
  bool has(const Operator& op) const;
  // Maps it. Throws as mappers do.
  void map(OpContext& op) const;

  // Names of custom operators that no operator of the program has.
  std::vector<std::string> unused(const Program& program) const;

 private:
  const CustomOperator* find_custom(const Operator& op) const;
  const OutsideMapper* find_mapper(const Operator& op) const;

  const CustomOperators& custom_;
  const std::vector<OutsideMapper>& mappers_;
};

}  // namespace paddle2onnx
