#include "writer/schemas.h"

#include <onnx/defs/operator_sets.h>

#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace paddle2onnx {
namespace {

struct Definition {
  std::string_view op_type;
  int since;
  onnx::OpSchema (*make)();
};

// onnx_schemas.inc is made of onnx's operator_sets.h when the build is configured.
#define PADDLE2ONNX_SCHEMA(since, name) \
  {#name, since, &onnx::GetOpSchema<onnx::ONNX_OPERATOR_SET_SCHEMA_CLASS_NAME(Onnx, since, name)>},
constexpr Definition kDefinitions[] = {
#include "onnx_schemas.inc"
};
#undef PADDLE2ONNX_SCHEMA

class Schemas : public onnx::ISchemaRegistry {
 public:
  Schemas() {
    for (const Definition& definition : kDefinitions)
      by_name_[definition.op_type][definition.since] = {definition.make, nullptr};
  }

  const onnx::OpSchema* GetSchema(const std::string& op_type, int opset, const std::string& domain) const override {
    if (domain.starts_with("ai.onnx.")) return onnx::OpSchemaRegistry::Instance()->GetSchema(op_type, opset, domain);
    const auto found = by_name_.find(op_type);
    if (!domain.empty() || found == by_name_.end()) return nullptr;
    // The newest that is not newer than the opset.
    const auto behind = found->second.upper_bound(opset);
    if (behind == found->second.begin()) return nullptr;
    const Version& version = std::prev(behind)->second;
    const std::scoped_lock lock(mutex_);
    if (version.schema == nullptr) {
      version.schema = std::make_unique<onnx::OpSchema>(version.make());
      version.schema->Finalize();
    }
    return version.schema.get();
  }

 private:
  struct Version {
    onnx::OpSchema (*make)();
    mutable std::unique_ptr<onnx::OpSchema> schema;
  };
  std::unordered_map<std::string_view, std::map<int, Version>> by_name_;
  mutable std::mutex mutex_;
};

}  // namespace

const onnx::ISchemaRegistry& schemas() {
  static const Schemas registry;
  return registry;
}

}  // namespace paddle2onnx
