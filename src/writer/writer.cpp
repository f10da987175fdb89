#include "writer/writer.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "graph/onnx_ops.h"
#include "writer/schemas.h"
#include "writer/sink.h"

namespace paddle2onnx {
namespace {

// Constants up to this size are in the messages that are checked: shape inference reads shapes, axes and scales from
// them.
constexpr size_t kSmall = 1024;
// In external files, tensors that are worth it are aligned so that a runtime can map them instead of reading them: 64
// KiB is the granularity of mappings on Windows, and a multiple of every page size in use. The others for their
// elements.
constexpr size_t kWorthMapping = size_t{1} << 20;
constexpr size_t kMapAlignment = size_t{64} << 10;
constexpr size_t kAlignment = 64;

void set_type(onnx::ValueInfoProto& proto, const ValueInfo& value, bool name_unknown_dims = false) {
  proto.set_name(value.name);
  auto* whole = proto.mutable_type();
  if (value.sequence) whole = whole->mutable_sequence_type()->mutable_elem_type();
  auto* type = whole->mutable_tensor_type();
  type->set_elem_type(onnx_dtype(value.dtype));
  if (!value.dims) return;
  auto* shape = type->mutable_shape();
  for (size_t i = 0; i < value.dims->size(); ++i) {
    auto* dim = shape->add_dim();
    const int64_t size = (*value.dims)[i];
    if (size >= 0) {
      dim->set_dim_value(size);
    } else if (name_unknown_dims) {
      dim->set_dim_param(value.name + "_dim_" + std::to_string(i));
    }
  }
}

void set_tensor_header(onnx::TensorProto& proto, const Tensor& tensor, const std::string& name) {
  for (const int64_t dim : tensor.dims) proto.add_dims(dim);
  proto.set_data_type(onnx_dtype(tensor.dtype));
  if (!name.empty()) proto.set_name(name);
}

void set_tensor(onnx::TensorProto& proto, const Tensor& tensor, const std::string& name) {
  set_tensor_header(proto, tensor, name);
  std::string& data = *proto.mutable_raw_data();
  data.resize(tensor.bytes.size());
  tensor.bytes.read(0, std::as_writable_bytes(std::span(data)));
}

void set_graph(onnx::GraphProto& proto, const Graph& graph, bool is_inner = false);

void set_node(onnx::NodeProto& proto, const Node& node) {
  for (const Value& input : node.inputs) proto.add_input(input ? input.name() : "");
  for (const Value& output : node.outputs) proto.add_output(output ? output.name() : "");
  proto.set_name(node.name);
  proto.set_op_type(node.op_type);
  if (!node.domain.empty()) proto.set_domain(node.domain);
  for (const auto& [name, value] : node.attributes) {
    onnx::AttributeProto& attribute = *proto.add_attribute();
    attribute.set_name(name);
    if (const auto* number = std::get_if<int64_t>(&value)) {
      attribute.set_type(onnx::AttributeProto::INT);
      attribute.set_i(*number);
    } else if (const auto* real = std::get_if<float>(&value)) {
      attribute.set_type(onnx::AttributeProto::FLOAT);
      attribute.set_f(*real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      attribute.set_type(onnx::AttributeProto::STRING);
      attribute.set_s(*text);
    } else if (const auto* numbers = std::get_if<std::vector<int64_t>>(&value)) {
      attribute.set_type(onnx::AttributeProto::INTS);
      attribute.mutable_ints()->Add(numbers->begin(), numbers->end());
    } else if (const auto* reals = std::get_if<std::vector<float>>(&value)) {
      attribute.set_type(onnx::AttributeProto::FLOATS);
      attribute.mutable_floats()->Add(reals->begin(), reals->end());
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
      attribute.set_type(onnx::AttributeProto::STRINGS);
      for (const std::string& item : *texts) attribute.add_strings(item);
    } else if (const auto* tensor = std::get_if<Tensor>(&value)) {
      attribute.set_type(onnx::AttributeProto::TENSOR);
      set_tensor(*attribute.mutable_t(), *tensor, "");
    } else if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&value)) {
      attribute.set_type(onnx::AttributeProto::GRAPH);
      set_graph(*attribute.mutable_g(), **body, true);
    }
  }
}

// Nodes, inputs, outputs and the types of what lies between; constants are the caller's.
void set_graph(onnx::GraphProto& proto, const Graph& graph, bool is_inner) {
  proto.set_name(graph.name.empty() ? "paddle2onnx" : graph.name);
  std::unordered_set<const ValueInfo*> outputs;
  for (const Value& output : graph.outputs) outputs.insert(output.info());
  for (const Node& node : graph.nodes) {
    set_node(*proto.add_node(), node);
    for (const Value& output : node.outputs) {
      if (output && (output.dims() || output.is_sequence()) && output.dtype() != DType::kUndefined &&
          !outputs.contains(output.info())) {
        set_type(*proto.add_value_info(), *output.info());
      }
    }
  }
  for (const Value& input : graph.inputs) set_type(*proto.add_input(), *input.info(), !is_inner);
  for (const Value& output : graph.outputs) set_type(*proto.add_output(), *output.info());
}

// All constants that nodes of the graph and its subgraphs use, in the order of first use.
void collect_constants(const Graph& graph, std::vector<const ValueInfo*>& constants,
                       std::unordered_set<const ValueInfo*>& seen) {
  for (const Node& node : graph.nodes) {
    for (const Value& input : node.inputs) {
      if (input && input.info()->constant && seen.insert(input.info()).second) constants.push_back(input.info());
    }
    for (const auto& [name, attribute] : node.attributes) {
      if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute))
        collect_constants(**body, constants, seen);
    }
  }
}

size_t count_nodes(const Graph& graph) {
  size_t count = graph.nodes.size();
  for (const Node& node : graph.nodes) {
    for (const auto& [name, attribute] : node.attributes) {
      if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute)) count += count_nodes(**body);
    }
  }
  return count;
}

void collect_domains(const Graph& graph, std::set<std::string>& domains) {
  for (const Node& node : graph.nodes) {
    if (!node.domain.empty()) domains.insert(node.domain);
    for (const auto& [name, attribute] : node.attributes) {
      if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute)) collect_domains(**body, domains);
    }
  }
}

// --- symbolic dimensions

// Which symbols must be the same: sets that merge.
class SameSymbols {
 public:
  const std::string& find(const std::string& symbol) {
    std::string& parent = parents_.emplace(symbol, symbol).first->second;
    if (parent == symbol) return parent;
    parent = find(parent);
    return parent;
  }
  void merge(const std::string& a, const std::string& b) {
    const std::string x = find(a);
    const std::string y = find(b);
    if (x != y) parents_[y] = x;
  }

 private:
  std::map<std::string, std::string> parents_;
};

using Shapes = std::unordered_map<std::string, const onnx::TensorShapeProto*>;

Shapes shapes_of(const onnx::GraphProto& graph) {
  Shapes shapes;
  for (const auto* list : {&graph.input(), &graph.output(), &graph.value_info()}) {
    for (const auto& value : *list) {
      if (value.type().tensor_type().has_shape()) shapes[value.name()] = &value.type().tensor_type().shape();
    }
  }
  return shapes;
}

// Two inputs' unknown dimensions are one where an operator demands it: all but the axis of a concatenation; the batch
// of a recurrent network's input, states and lengths; the leading one, the batch, of elementwise operators and matrix
// products. (Other dimensions of those could be broadcast, and a name shared by dimensions that differ makes ONNX
// Runtime reuse buffers of the wrong size.)
void merge_symbols(const onnx::GraphProto& graph, const std::set<std::string>& inputs, SameSymbols& same) {
  static constexpr std::array<std::string_view, 6> kBatched = {"Add", "Sub", "Mul", "Div", "Where", "MatMul"};
  static constexpr std::array<std::string_view, 3> kRecurrent = {"LSTM", "GRU", "RNN"};
  const Shapes shapes = shapes_of(graph);
  const auto rank_of = [&](const std::string& value) {
    const auto shape = shapes.find(value);
    return shape == shapes.end() ? -1 : shape->second->dim_size();
  };
  const auto symbol_at = [&](const std::string& value, int axis) -> std::string {
    return axis < rank_of(value) ? shapes.at(value)->dim(axis).dim_param() : "";
  };
  const auto merge = [&](const std::string& a, int a_axis, const std::string& b, int b_axis) {
    const std::string x = symbol_at(a, a_axis);
    const std::string y = symbol_at(b, b_axis);
    if (inputs.contains(x) && inputs.contains(y)) same.merge(std::min(x, y), std::max(x, y));
  };
  for (const auto& node : graph.node()) {
    const auto is_one_of = [&](const auto& types) { return std::ranges::count(types, node.op_type()) > 0; };
    if (is_one_of(kRecurrent)) {
      if (node.input_size() > 4) merge(node.input(0), 1, node.input(4), 0);
      for (int i = 5; i < node.input_size(); ++i) merge(node.input(0), 1, node.input(i), 1);
      continue;
    }
    if (node.op_type() != "Concat" && !is_one_of(kBatched)) continue;
    int64_t concat_axis = 0;
    for (const auto& attribute : node.attribute()) {
      if (attribute.name() == "axis") concat_axis = attribute.i();
    }
    for (int i = 1; i < node.input_size(); ++i) {
      const int rank = rank_of(node.input(i));
      if (rank != rank_of(node.input(i - 1)) || (node.op_type() == "MatMul" && rank < 3)) continue;
      if (node.op_type() != "Concat") {
        merge(node.input(i - 1), 0, node.input(i), 0);
        continue;
      }
      for (int axis = 0; axis < rank; ++axis) {
        if (axis != (concat_axis < 0 ? concat_axis + rank : concat_axis))
          merge(node.input(i - 1), axis, node.input(i), axis);
      }
    }
  }
}

void rename_symbols(onnx::GraphProto& graph, const std::map<std::string, std::string>& names) {
  for (auto* list : {graph.mutable_input(), graph.mutable_output(), graph.mutable_value_info()}) {
    for (auto& value : *list) {
      if (!value.type().has_tensor_type()) continue;
      auto* type = value.mutable_type()->mutable_tensor_type();
      if (!type->has_shape()) continue;
      for (auto& dim : *type->mutable_shape()->mutable_dim()) {
        if (!dim.has_dim_param()) continue;
        const auto name = names.find(dim.dim_param());
        if (name == names.end()) {
          dim.clear_dim_param();  // a symbol that shape inference made up says no more than an unknown dimension
        } else {
          dim.set_dim_param(name->second);
        }
      }
    }
  }
  for (auto& node : *graph.mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) rename_symbols(*attribute.mutable_g(), names);
    }
  }
}

// Names for the inputs' unknown dimensions: the leading one is the batch, by Paddle's convention, and all that are the
// same dimension share one name.
std::map<std::string, std::string> symbol_names(const onnx::GraphProto& graph, const Graph& source) {
  std::set<std::string> symbols;
  std::vector<std::string> leading;
  for (const Value& input : source.inputs) {
    for (size_t i = 0; input.dims() && i < input.dims()->size(); ++i) {
      if ((*input.dims())[i] >= 0) continue;
      const std::string symbol = input.name() + "_dim_" + std::to_string(i);
      symbols.insert(symbol);
      if (i == 0) leading.push_back(symbol);
    }
  }
  SameSymbols same;
  merge_symbols(graph, symbols, same);
  std::map<std::string, std::string> names;
  for (const std::string& symbol : symbols) names[symbol] = same.find(symbol);
  if (!leading.empty()) {
    const std::string batch = same.find(leading.front());
    for (auto& [symbol, name] : names) {
      if (name == batch) name = "batch";
    }
  }
  return names;
}

// --- streaming

void append_varint(std::string& bytes, uint64_t value) {
  std::array<uint8_t, 10> buffer{};
  const uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(value, buffer.data());
  bytes.append(reinterpret_cast<const char*>(buffer.data()), static_cast<size_t>(end - buffer.data()));
}

// The head of a length-delimited field.
std::string field_head(int number, size_t length) {
  std::string head;
  append_varint(head, static_cast<uint64_t>(number) << 3 | 2);
  append_varint(head, length);
  return head;
}

// Where a constant's bytes are: in the model, or in a file beside it.
struct Place {
  std::string location;  // the file, relative to the model's folder; empty: in the model
  size_t offset = 0;
};

// A constant in the stream: `head`, then, if it is in the model, its bytes, which end the field.
struct Piece {
  std::string head;
  const Bytes* bytes;
  Place place;
  size_t size() const { return head.size() + (place.location.empty() ? bytes->size() : 0); }
};

Piece initializer_piece(const ValueInfo& value, const Place& place) {
  const Tensor& tensor = *value.constant;
  onnx::TensorProto header;
  set_tensor_header(header, tensor, value.name);
  std::string head;
  size_t size = 0;
  if (place.location.empty()) {
    head = header.SerializeAsString() + field_head(onnx::TensorProto::kRawDataFieldNumber, tensor.bytes.size());
    size = head.size() + tensor.bytes.size();
  } else {
    header.set_data_location(onnx::TensorProto::EXTERNAL);
    const auto say = [&](const char* key, const std::string& what) {
      auto& entry = *header.add_external_data();
      entry.set_key(key);
      entry.set_value(what);
    };
    say("location", place.location);
    say("offset", std::to_string(place.offset));
    say("length", std::to_string(tensor.bytes.size()));
    head = header.SerializeAsString();
    size = head.size();
  }
  return {field_head(onnx::GraphProto::kInitializerFieldNumber, size) + head, &tensor.bytes, place};
}

// The parameter file's path as a model in `folder` names it; empty if the file lies outside.
std::string location_in(const std::filesystem::path& folder, const std::filesystem::path& file) {
  std::error_code failed;
  const auto base = std::filesystem::canonical(folder, failed);
  if (failed) return {};
  const auto whole = std::filesystem::canonical(file, failed);
  if (failed) return {};
  const auto relative = whole.lexically_relative(base);
  return relative.empty() || *relative.begin() == ".." ? "" : relative.generic_string();
}

std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// Whether shape inference may follow the elements of shapes through the graph. It takes every vector for one that could
// be, at about 120 bytes an element, so long ones (a flattened volume) would cost gigabytes.
bool may_follow_shapes(const Graph& graph) {
  constexpr int64_t kMost = 1 << 20;  // elements in all
  int64_t count = 0;
  for (const ValueInfo& value : graph.values) {
    if (!value.dims || value.dims->size() != 1 || value.dims->front() < 0) continue;
    if (value.dims->front() > kMost - count) return false;
    count += value.dims->front();
  }
  return true;
}

class ModelWriter {
 public:
  ModelWriter(const Graph& graph, const WriteOptions& options)
      : graph_(graph), options_(options), model_(*google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena_)) {
    std::unordered_set<const ValueInfo*> seen;
    collect_constants(graph, constants_, seen);
    model_.set_ir_version(ir_version_of(options.opset_version));
    model_.set_producer_name("paddle2onnx");
    model_.set_producer_version(version());
    auto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(options.opset_version);
    std::set<std::string> domains;
    collect_domains(graph, domains);
    for (const std::string& domain : domains) {
      auto* import = model_.add_opset_import();
      import->set_domain(domain);
      import->set_version(1);
    }
    set_graph(*model_.mutable_graph(), graph);
  }

  // onnx's checker and shape inference, whose types join what Paddle declared.
  Result<void> check() {
    onnx::GraphProto& graph = *model_.mutable_graph();
    const int inputs = graph.input_size();
    add_constants(graph);
    try {
      onnx::checker::CheckerContext context;
      context.set_schema_registry(&schemas());
      context.set_ir_version(static_cast<int>(model_.ir_version()));
      std::unordered_map<std::string, int> opsets;
      for (const auto& import : model_.opset_import()) opsets[import.domain()] = static_cast<int>(import.version());
      context.set_opset_imports(opsets);
      onnx::checker::check_graph(graph, context, {});
      const onnx::ShapeInferenceOptions strict(true, 1, may_follow_shapes(graph_));
      onnx::shape_inference::InferShapes(model_, &schemas(), strict);
    } catch (const std::exception& refusal) {
      return fail(kCheckerRefused, std::string("onnx's checker refuses the result: ") + refusal.what(),
                  "this is a defect of paddle2onnx: please report it with the model");
    }
    graph.clear_initializer();
    graph.mutable_input()->DeleteSubrange(inputs, graph.input_size() - inputs);
    rename_symbols(graph, symbol_names(graph, graph_));
    return {};
  }

  // Everything that can be told before a byte is written. The model will lie in `folder`, and `data_file` beside it has
  // the external data, if there is any; neither for a model in memory.
  Result<void> plan(const std::filesystem::path* folder, const std::string& data_file) {
    graph_bytes_ = model_.graph().SerializeAsString();
    model_.clear_graph();
    written_.ir_version = model_.ir_version();
    written_.nodes = count_nodes(graph_);
    std::vector<Place> places(constants_.size());
    if (options_.external.reference) {
      if (auto status = refer_to_params(*folder, places); !status) return status;
    }
    lay_out(places);
    const bool to_file = folder != nullptr && (options_.external.always || written_.bytes > options_.size_limit);
    if (to_file) {
      size_t end = 0;
      for (size_t i = 0; i < places.size(); ++i) {
        const size_t size = constants_[i]->constant->bytes.size();
        if (!places[i].location.empty() || !may_be_external(*constants_[i])) continue;
        const size_t alignment = size >= kWorthMapping ? kMapAlignment : kAlignment;
        places[i] = {data_file, (end + alignment - 1) / alignment * alignment};
        end = places[i].offset + size;
      }
      lay_out(places);
      written_.external_bytes = end;
      if (end > 0) written_.external_file = data_file;
    }
    if (written_.bytes > options_.size_limit) {
      return fail(kTooLarge,
                  "the model would have " + std::to_string(written_.bytes) + " bytes, more than the " +
                      std::to_string(options_.size_limit) + " that an ONNX file can hold",
                  folder == nullptr ? "convert it to a file: its weights then are external data"
                                    : "store smaller tensors as external data, too, with --external_threshold");
    }
    return {};
  }

  const WrittenModel& written() const { return written_; }

  Result<void> write_model(Sink& sink) const {
    auto status = sink.write(as_bytes(head_));
    if (status) status = sink.write(as_bytes(graph_bytes_));
    for (const Piece& piece : pieces_) {
      if (status) status = sink.write(as_bytes(piece.head));
      if (status && piece.place.location.empty()) status = sink.write_constant(*piece.bytes);
    }
    return status;
  }

  Result<void> write_external(FileSink& sink) const {
    for (const Piece& piece : pieces_) {
      if (piece.place.location != written_.external_file) continue;
      if (auto status = sink.skip_to(piece.place.offset); !status) return status;
      if (auto status = sink.write_constant(*piece.bytes); !status) return status;
    }
    return {};
  }

 private:
  // For the check, big constants stand as inputs of their types.
  void add_constants(onnx::GraphProto& graph) const {
    for (const ValueInfo* value : constants_) {
      if (value->constant->bytes.size() <= kSmall) {
        set_tensor(*graph.add_initializer(), *value->constant, value->name);
      } else {
        set_type(*graph.add_input(), *value);
      }
    }
  }

  // What shape inference has to read stays in the model, whatever the threshold: it refuses to look into other files.
  bool may_be_external(const ValueInfo& value) const {
    const Tensor& tensor = *value.constant;
    const bool may_be_a_shape = !value.parameter || (is_integer(tensor.dtype) && tensor.dims.size() <= 1);
    return tensor.bytes.size() >= std::max<size_t>(options_.external.threshold, 1) &&
           !(may_be_a_shape && tensor.bytes.size() <= kSmall);
  }

  // Weights that are as they are in the parameter file stay there.
  Result<void> refer_to_params(const std::filesystem::path& folder, std::vector<Place>& places) const {
    std::map<const MappedFile*, std::string> locations;
    for (size_t i = 0; i < places.size(); ++i) {
      const Bytes& bytes = constants_[i]->constant->bytes;
      if (bytes.file() == nullptr || !may_be_external(*constants_[i])) continue;
      auto [known, fresh] = locations.emplace(bytes.file(), "");
      if (fresh) known->second = location_in(folder, bytes.file()->path());
      if (known->second.empty()) {
        return fail(kBadOption,
                    bytes.file()->path().string() + " cannot be referred to: it does not lie in the model's folder " +
                        folder.string() + ", and an ONNX model must not refer to files outside of it",
                    "write the model into the folder of the parameter file, or leave --reference_params out");
      }
      places[i] = {known->second, bytes.file()->offset_of(bytes.view())};
    }
    return {};
  }

  // The model's stream and its size, with constants where `places` says.
  void lay_out(const std::vector<Place>& places) {
    pieces_.clear();
    written_.parameters = 0;
    size_t constant_bytes = 0;
    for (size_t i = 0; i < constants_.size(); ++i) {
      pieces_.push_back(initializer_piece(*constants_[i], places[i]));
      constant_bytes += pieces_.back().size();
      written_.parameters += static_cast<size_t>(constants_[i]->constant->count());
    }
    const size_t graph_size = graph_bytes_.size() + constant_bytes;
    head_ = model_.SerializeAsString() + field_head(onnx::ModelProto::kGraphFieldNumber, graph_size);
    written_.bytes = head_.size() + graph_size;
  }

  const Graph& graph_;
  const WriteOptions& options_;
  std::vector<const ValueInfo*> constants_;
  google::protobuf::Arena arena_;  // millions of small parts are made and dropped at once
  onnx::ModelProto& model_;        // without its constants
  std::string head_;
  std::string graph_bytes_;
  std::vector<Piece> pieces_;
  WrittenModel written_;
};

// The external file's name: relative to the model's folder, and inside it.
Result<std::string> data_file_name(const ExternalData& external, const std::filesystem::path& model) {
  if (external.file.empty()) return model.filename().string() + ".data";
  const std::filesystem::path file = std::filesystem::path(external.file).lexically_normal();
  bool inside = file.is_relative() && file.has_filename() && file != "." && *file.begin() != "..";
  if (inside && file.has_parent_path()) {
    // A folder in it may be a link that leads out.
    std::error_code failed;
    const auto base = std::filesystem::weakly_canonical(std::filesystem::absolute(model).parent_path(), failed);
    const auto place = std::filesystem::weakly_canonical(base / file.parent_path(), failed);
    inside = !failed && *place.lexically_relative(base).begin() != "..";
  }
  if (!inside || file == model.filename()) {
    return fail(kBadOption, "the external data cannot be stored as " + external.file,
                "give a file name: the file lies in the folder of the model, which refers to it by that name");
  }
  return file.generic_string();
}

}  // namespace

int64_t ir_version_of(int opset) {
  // https://github.com/onnx/onnx/blob/main/docs/Versioning.md, the table of released versions. Opsets 7 and 8 came with
  // IR version 3, which wants every initializer among the graph's inputs, where it looks like something to feed; 4 is
  // the lowest without that.
  static constexpr std::array<std::pair<int, int>, 11> kFirstOpsets = {
      {{7, 4}, {10, 5}, {11, 6}, {12, 7}, {15, 8}, {19, 9}, {21, 10}, {23, 11}, {24, 12}, {25, 13}, {28, 14}}};
  int64_t version = 4;
  for (const auto& [first, ir] : kFirstOpsets) {
    if (opset >= first) version = ir;
  }
  return version;
}

Result<WrittenModel> write_model(const Graph& graph, const WriteOptions& options, const std::filesystem::path& path) {
  const auto data_file = data_file_name(options.external, path);
  if (!data_file) return tl::make_unexpected(data_file.error());
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  ModelWriter writer(graph, options);
  Result<void> status;
  if (options.check) status = writer.check();
  if (status) status = writer.plan(&folder, *data_file);
  if (!status) return tl::make_unexpected(std::move(status).error());

  std::vector<std::unique_ptr<FileSink>> files;
  const auto create = [&](const std::filesystem::path& file) {
    auto sink = FileSink::create(file);
    if (!sink) return Result<void>(tl::make_unexpected(std::move(sink).error()));
    files.push_back(std::move(*sink));
    return Result<void>();
  };
  status = create(path);
  if (status) status = writer.write_model(*files.front());
  if (status && !writer.written().external_file.empty()) {
    status = create(folder / writer.written().external_file);
    if (status) status = writer.write_external(*files.back());
  }
  // The data first: there is no moment at which the model lacks it.
  std::ranges::reverse(files);
  if (status) status = FileSink::publish(files);
  if (!status) return tl::make_unexpected(std::move(status).error());
  return writer.written();
}

Result<WrittenModel> write_model(const Graph& graph, const WriteOptions& options, std::vector<std::byte>& model) {
  if (options.external.always || options.external.reference) {
    return fail(kBadOption, "a model in memory cannot have external data", "convert it to a file");
  }
  ModelWriter writer(graph, options);
  Result<void> status;
  if (options.check) status = writer.check();
  if (status) status = writer.plan(nullptr, "");
  MemorySink sink;
  if (status) {
    sink.reserve(writer.written().bytes);
    status = writer.write_model(sink);
  }
  if (!status) return tl::make_unexpected(std::move(status).error());
  model = std::move(sink.bytes());
  return writer.written();
}

}  // namespace paddle2onnx
