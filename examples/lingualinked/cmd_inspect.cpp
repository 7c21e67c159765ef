// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "command.hpp"
#include "model_choice.hpp"

#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/formats/npy.hpp>
#include <lingualinked/formats/safetensors.hpp>
#include <lingualinked/kernels/panels.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <vector>

namespace tool {

namespace {

struct inspect_options {
  model_choice model;
  std::string tensor;
  std::string npy;
  bool metadata = false;
  bool json = false;
};

/// One tensor as float32, row by row, in the shape that its file gives it.
ll::result<int> write_tensor(const ll::tensor_source& weights, const inspect_options& o) {
  const std::string& name = o.tensor;
  const ll::tensor_info* info = weights.find(name);
  if (info == nullptr)
    return ll::error{ll::errc::invalid_argument, "the model has no tensor '" + name + "'; 'inspect' without --tensor lists them"};
  const auto shape = info->shape.empty() ? std::vector<std::uint64_t>{1} : info->shape;
  auto file = ll::npy_writer::create(o.npy, shape);
  if (!file) return file.error();
  const std::size_t row_bytes = ll::bytes_of(info->type, info->columns);
  std::vector<std::byte> stored(row_bytes);
  std::vector<float> row(info->columns);
  for (std::uint64_t r = 0; r < info->rows; ++r) {
    if (auto read = weights.read(*info, r * row_bytes, stored); !read) return read.error();
    if (auto decoded = ll::kernels::decode(info->type, stored, row); !decoded) return decoded.error().in("tensor '" + name + "'");
    if (auto written = file->append(row); !written) return written.error();
  }
  if (auto closed = file->finish(); !closed) return closed.error();
  if (o.json) print_json({{"tensor", name}, {"type", ll::name_of(info->type)}, {"shape", shape}});
  return done;
}

/// How heads turn with the position; a scaling shows as divisors of the frequencies, from the quickest to the slowest.
nlohmann::ordered_json describe_rope(const ll::hyperparameters& h) {
  nlohmann::ordered_json divisors = nullptr;
  if (!h.rope_divisors.empty()) divisors = {h.rope_divisors.front(), h.rope_divisors.back()};
  return {{"base", h.rope_base},
          {"window_base", or_null(h.window_rope_base != 0, h.window_rope_base)},
          {"elements", h.rotary},
          {"divisors", divisors},
          {"amplitude", h.rope_amplitude}};
}

nlohmann::ordered_json describe(const ll::language_model& model) {
  const ll::hyperparameters& h = model.sizes();
  const ll::module_graph graph = model.modules(model.default_kv_type());
  nlohmann::ordered_json modules = nlohmann::ordered_json::array();
  for (std::uint32_t u = 0; u < graph.node_count(); ++u) {
    const ll::node_cost cost = graph.cost(u);
    modules.push_back({{"name", graph.name(u)},
                       {"weight_bytes", cost.weight_bytes},
                       {"flops_per_token", cost.flops_per_token},
                       {"flops_per_token_and_context_token", cost.flops_per_token_and_context_token},
                       {"read_bytes_per_token", cost.read_bytes_per_token},
                       {"kv_bytes_per_context_token", cost.kv_bytes_per_context_token},
                       {"cut_bytes_per_token", or_null(u + 1 < graph.node_count(), graph.edge_bytes(u, u + 1))}});
  }
  std::size_t windowed = 0;
  for (std::size_t i = 0; i < h.layers; ++i) windowed += h.window_of(i) != 0 ? 1 : 0;
  std::map<std::string, std::size_t> types;
  for (const ll::tensor_info& t : model.weights().tensors()) ++types[std::string(ll::name_of(t.type))];
  nlohmann::ordered_json tokenizer = nullptr;
  if (auto t = model.make_tokenizer()) {
    tokenizer = {{"vocabulary", t->size()},
                 {"bos", or_null(t->bos().has_value(), t->bos().value_or(0))},
                 {"eos", or_null(t->eos().has_value(), t->eos().value_or(0))},
                 {"end_tokens", t->end_tokens()}};
  }
  return {{"architecture", h.architecture},
          {"parameters", model.parameters()},
          {"weight_bytes", model.weight_bytes()},
          {"context_length", h.context_length},
          {"vocabulary", h.vocabulary},
          {"layers", h.layers},
          {"width", h.width},
          {"feed_forward", h.feed_forward},
          {"heads", h.heads},
          {"kv_heads", h.kv_heads},
          {"head_size", h.head_size},
          {"window", or_null(h.window != 0, h.window)},
          {"windowed_layers", windowed},
          {"rope", or_null(h.rotary != 0, describe_rope(h))},
          {"attention_cap", or_null(h.attention_cap != 0, h.attention_cap)},
          {"logit_cap", or_null(h.logit_cap != 0, h.logit_cap)},
          {"experts", or_null(h.experts != 0, h.experts)},
          {"experts_used", or_null(h.experts != 0, h.experts_used)},
          {"labels", h.labels},
          {"kv_dtype", ll::name_of(model.default_kv_type())},
          {"tied_bytes", model.tied_bytes()},
          {"tensor_types", types},
          {"tokenizer", tokenizer},
          {"chat_template", model.chat_template().has_value()},
          {"modules", modules}};
}

/// Arrays as people are shown them: a vocabulary is long, and 'tokenize' knows it.
nlohmann::ordered_json as_json(const ll::metadata_value& v) {
  if (v.is_array) return ll::describe(v);
  if (v.type == ll::gguf_type::string) return v.text();
  if (v.type == ll::gguf_type::boolean) return v.as_integer().magnitude != 0;
  if (!v.is_integer()) return v.as_float();
  const auto number = v.as_integer();
  if (number.negative) return static_cast<std::int64_t>(0 - number.magnitude);
  return number.magnitude;
}

void print_for_people(const ll::language_model& model, const nlohmann::ordered_json& d) {
  std::cout << model.path() << "\n";
  for (const auto& [key, value] : d.items())
    if (key != "modules")
      std::cout << "  " << key << std::string(18 - std::min<std::size_t>(key.size(), 17), ' ') << value.dump() << '\n';
  std::cout << "modules (a stage may end after each)\n";
  std::size_t i = 0;
  for (const auto& m : d["modules"]) {
    std::cout << "  " << i << '\t' << m["weight_bytes"].get<std::uint64_t>() / 1024 << " KiB\t" << m["name"].get<std::string>()
              << '\n';
    ++i;
  }
  std::cout << "tensors\n";
  for (const ll::tensor_info& t : model.weights().tensors())
    std::cout << "  " << model.weights().stored_name(t.name) << '\t' << ll::name_of(t.type) << '\t' << t.rows << " x "
              << t.columns << '\n';
}

ll::result<int> inspect(const inspect_options& o) {
  if (o.tensor.empty() != o.npy.empty()) return ll::error{ll::errc::invalid_argument, "--tensor NAME and --npy OUT go together"};
  auto path = o.model.path();
  if (!path) return path.error();
  if (!o.tensor.empty()) {
    if (std::filesystem::is_directory(*path)) {
      auto files = ll::safetensors_model::open(*path);
      if (!files) return files.error();
      return write_tensor(*files, o);
    }
    auto file = ll::gguf_file::open(*path);
    if (!file) return file.error();
    return write_tensor(*file, o);
  }
  if (o.metadata && std::filesystem::is_directory(*path))
    return ll::error{ll::errc::invalid_argument,
                     "--metadata lists what a .gguf file says; read the folder's config.json instead"};
  if (o.metadata) {
    auto file = ll::gguf_file::open(*path);
    if (!file) return file.error();
    nlohmann::ordered_json document = nlohmann::ordered_json::object();
    for (const ll::metadata_entry& entry : file->metadata().all()) {
      if (o.json) document[entry.key] = as_json(entry.value);
      else std::cout << entry.key << " = " << ll::describe(entry.value) << '\n';
    }
    if (o.json) print_json(document);
    return done;
  }
  auto model = o.model.open();
  if (!model) return model.error();
  const auto document = describe(*model);
  if (o.json) print_json(document);
  else print_for_people(*model, document);
  return done;
}

}  // namespace

void add_inspect(CLI::App& app, action& chosen) {
  auto o = std::make_shared<inspect_options>();
  CLI::App* c = app.add_subcommand("inspect", "Show a model: sizes, tensor types, tokenizer, modules and cuts");
  o->model.add_to(*c);
  c->add_option("--tensor", o->tensor, "Write this tensor, decoded to float32, to the file of --npy");
  c->add_option("--npy", o->npy, "NumPy file to write");
  c->add_flag("--metadata", o->metadata, "List the file's own metadata");
  c->add_flag("--json", o->json, "Print one JSON document");
  c->callback([o, &chosen] { chosen = [o] { return inspect(*o); }; });
}

}  // namespace tool
