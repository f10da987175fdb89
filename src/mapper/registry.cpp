#include "mapper/registry.h"

#include <algorithm>
#include <cassert>
#include <map>

#include "mapper/tables.h"

namespace paddle2onnx {
namespace {

using ByName = std::multimap<std::string_view, const MapperEntry*>;

const ByName& by_name() {
  static const ByName index = [] {
    ByName result;
    for (const MapperTable* table : kMapperTableList) {
      for (const MapperEntry& entry : *table) {
        assert(std::none_of(result.lower_bound(entry.op), result.upper_bound(entry.op),
                            [&](const auto& other) { return other.second->since == entry.since; }));
        result.emplace(entry.op, &entry);
      }
    }
    return result;
  }();
  return index;
}

}  // namespace

MapperChoice find_mapper(std::string_view op, int opset) {
  MapperChoice choice;
  int best = 0;
  const auto [first, last] = by_name().equal_range(op);
  for (auto item = first; item != last; ++item) {
    const MapperEntry& entry = *item->second;
    if (choice.first_opset == 0 || entry.since < choice.first_opset) choice.first_opset = entry.since;
    if (entry.since <= opset && entry.since > best) {
      best = entry.since;
      choice.map = entry.map;
      choice.lossy = entry.lossy;
    }
  }
  return choice;
}

std::vector<MapperEntry> all_mappers() {
  std::vector<MapperEntry> entries;
  for (const MapperTable* table : kMapperTableList) entries.insert(entries.end(), table->begin(), table->end());
  return entries;
}

}  // namespace paddle2onnx
