#include "mapper/catalogue.h"

#include <algorithm>
#include <map>
#include <set>

#include "mapper/registry.h"
#include "paddle2onnx/paddle2onnx.h"
#include "program/vocabulary.h"

namespace paddle2onnx {
namespace {

struct KnownOperator {
  std::string_view pdmodel;
  std::string_view pir;  // separated by spaces
  std::string_view reason;
};

constexpr std::string_view kRead = "part of the form of a program";
constexpr std::string_view kRankTable =
    "no ONNX form: a part of Paddle 1's DynamicRNN and IfElse, which sort sequences by length in a table that is no "
    "tensor";
constexpr std::string_view kOptimised =
    "made by Paddle's own optimiser for one kind of machine: the program that was exported can be converted";
constexpr std::string_view kTakenApart = "converted as the operators that Paddle joined in it";
constexpr std::string_view kXpu =
    "made by Paddle's optimiser for Kunlun XPUs, weights packed for them: the program that was exported can be "
    "converted";
constexpr std::string_view kOtherRanks =
    "distributed: it needs the tensors of the program's other ranks, which a file of one rank lacks; export the model "
    "from one process, with the parameters of all ranks";
constexpr std::string_view kProcesses =
    "distributed: it connects processes, between which an ONNX file cannot pass tensors; export the model from one "
    "process, with the parameters of all";
constexpr std::string_view kOptimiser = "training only: an optimiser";
constexpr std::string_view kNotMapped = "not mapped yet";

constexpr KnownOperator kKnownOperators[] = {
#include "mapper/known_operators.inc"
};

// The opsets of tests/operators/test_operators.py besides the newest; tests/command compares.
constexpr int kTestedOpsets[] = {7, 11, 13, 17};

std::string_view our_name(std::string_view pdmodel) {
  const VocabularyRow* row = find_vocabulary_row(pdmodel);
  return row == nullptr ? pdmodel : row->name;
}

std::string_view our_name_of_pir(std::string_view pir) {
  const PirRow* row = find_pir_row(pir, 0);
  return row == nullptr ? pir : row->name;
}

using Registry = std::map<std::string_view, std::vector<MapperEntry>>;

Registry registry_by_name() {
  Registry result;
  for (const MapperEntry& entry : all_mappers()) result[entry.op].push_back(entry);
  for (auto& [name, entries] : result) std::ranges::sort(entries, {}, &MapperEntry::since);
  return result;
}

void describe(OperatorInfo& info, const std::vector<MapperEntry>& entries) {
  info.supported = true;
  for (const MapperEntry& entry : entries) {
    info.opsets.push_back(entry.since);
    if (info.restriction.empty()) info.restriction = entry.restriction;
    if (info.lossy.empty()) info.lossy = entry.lossy.empty() ? entry.lossy_where : entry.lossy;
  }
  info.tested_opsets.push_back(info.opsets.front());
  for (const int opset : kTestedOpsets) {
    if (opset > info.opsets.front()) info.tested_opsets.push_back(opset);
  }
  if (max_opset_version() > info.tested_opsets.back()) info.tested_opsets.push_back(max_opset_version());
}

}  // namespace

std::string_view reason_without_mapper(std::string_view op) {
  for (const KnownOperator& known : kKnownOperators) {
    const auto pir = split_words(known.pir);
    if ((known.pdmodel == op || our_name(known.pdmodel) == op || std::ranges::count(pir, op) > 0) &&
        !known.reason.empty() && known.reason != kRead) {
      return known.reason == kTakenApart ? "joined of what no kernel of Paddle knows" : known.reason;
    }
  }
  return {};
}

std::vector<OperatorInfo> list_operators() {
  const Registry registry = registry_by_name();
  std::vector<OperatorInfo> result;
  std::set<std::string_view> listed;
  for (const KnownOperator& known : kKnownOperators) {
    OperatorInfo info;
    std::vector<std::string_view> names;
    if (!known.pdmodel.empty()) {
      info.pdmodel.emplace_back(known.pdmodel);
      names.push_back(our_name(known.pdmodel));
    }
    for (const std::string_view pir : split_words(known.pir)) {
      info.pir.emplace_back(pir);
      names.push_back(our_name_of_pir(pir));
    }
    info.name = names.front();
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      const auto found = registry.find(*name);
      if (found == registry.end()) continue;
      info.name = *name;
      info.opsets.clear();
      info.tested_opsets.clear();
      describe(info, found->second);
      listed.insert(found->first);
    }
    if (known.reason == kRead || known.reason == kTakenApart) info.supported = true;
    info.reason = !known.reason.empty() ? known.reason : info.supported ? "" : kNotMapped;
    result.push_back(std::move(info));
  }
  // What only passes of Paddle or very old programs write.
  for (const auto& [name, entries] : registry) {
    if (listed.contains(name)) continue;
    OperatorInfo info;
    info.name = name;
    info.rare = true;
    for (const VocabularyRow& row : vocabulary()) {
      if (row.name == name) info.pdmodel.emplace_back(row.legacy);
    }
    if (info.pdmodel.empty()) info.pdmodel.emplace_back(name);  // without a row: it keeps the name of the file
    describe(info, entries);
    result.push_back(std::move(info));
  }
  std::ranges::stable_sort(result, {}, &OperatorInfo::name);
  return result;
}

}  // namespace paddle2onnx
