// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/hf_config.hpp>
#include <lingualinked/formats/input_file.hpp>
#include <lingualinked/formats/printable.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

namespace lingualinked::inline v0 {
namespace detail {

// Labels, ids and factors: far above every list in use.
inline constexpr std::size_t hf_max_list = 65'536;

[[nodiscard]] inline result<std::vector<double>> hf_floats(const json_field& field) {
  std::vector<double> out;
  const auto items = field.items(hf_max_list);
  if (!items) return items.error();
  for (const auto& item : *items) {
    const auto value = item.get_float();
    if (!value) return value.error();
    out.push_back(*value);
  }
  return out;
}

// Reads the scaling object of either generation; a missing one leaves the default.
[[nodiscard]] inline result<void> read_hf_rope(const json_field& object, rope_parameters& out) {
  if (!object.present()) return {};
  const auto names = object.names();
  if (!names) return names.error();
  struct number {
    std::string_view name;
    std::optional<double>* value;
  };
  const std::array<number, 9> numbers{{{"factor", &out.factor},
                                       {"low_freq_factor", &out.low_freq_factor},
                                       {"high_freq_factor", &out.high_freq_factor},
                                       {"attention_factor", &out.attention_factor},
                                       {"beta_fast", &out.beta_fast},
                                       {"beta_slow", &out.beta_slow},
                                       {"mscale", &out.mscale},
                                       {"mscale_all_dim", &out.mscale_all_dim},
                                       {"partial_rotary_factor", &out.partial_rotary_factor}}};
  constexpr double largest = 1e12;  // far above every factor and base in use
  for (const auto& name : *names) {
    const auto field = object.member(name);
    if (!field.present()) continue;
    const auto known = std::find_if(numbers.begin(), numbers.end(), [&](const auto& n) { return n.name == name; });
    if (known != numbers.end()) {
      const auto value = field.get_float(0, largest);
      if (!value) return value.error();
      *known->value = *value;
    } else if (name == "rope_theta") {
      const auto value = field.get_float(1e-6, largest);
      if (!value) return value.error();
      out.theta = *value;
    } else if (name == "original_max_position_embeddings") {
      const auto value = field.get_uint(1, std::uint64_t{1} << 40);
      if (!value) return value.error();
      out.original_max_position_embeddings = *value;
    } else if (name == "truncate") {
      const auto value = field.get_bool();
      if (!value) return value.error();
      out.truncate = *value;
    } else if (name == "short_factor" || name == "long_factor") {
      auto values = hf_floats(field);
      if (!values) return std::move(values).error();
      (name == "short_factor" ? out.short_factor : out.long_factor) = *std::move(values);
    } else if (name != "rope_type" && name != "type") {
      return error{errc::unsupported, field.complaint("this parameter of rope is not supported").message};
    }
  }
  // Early configs said "type"; where both stand, "rope_type" is the newer.
  const auto type = object.member("rope_type").present() ? object.member("rope_type") : object.member("type");
  if (!type.present()) return {};
  auto text = type.get_string();
  if (!text) return std::move(text).error();
  out.type = *std::move(text);
  return {};
}

}  // namespace detail

LINGUALINKED_DECL result<hf_config> hf_config::open(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const auto file = fs::is_directory(path, ignored) ? (fs::path(path) / "config.json").string() : path;
  const auto text = read_text_file(file, json_limits{}.max_bytes);
  if (!text) return text.error();
  auto config = parse(*text);
  if (!config) return config.error().in(printable(file, 300));
  return config;
}

LINGUALINKED_DECL result<hf_config> hf_config::parse(std::string_view text) {
  auto document = parse_json(text);
  if (!document) return std::move(document).error();
  hf_config config(*std::move(document));
  if (auto object = json_field(*config.document_).require_object(); !object) return std::move(object).error();
  const auto wrapped = json_field(*config.document_).member("text_config");
  if (wrapped.present()) {
    if (auto object = wrapped.require_object(); !object) return std::move(object).error();
  }
  auto model_type = config.field({"model_type"}).get_string();
  if (!model_type) return std::move(model_type).error();
  config.model_type_ = *std::move(model_type);
  auto architectures = config.get_strings({"architectures"}, 16);
  if (!architectures) return std::move(architectures).error();
  config.architectures_ = *std::move(architectures);
  return config;
}

LINGUALINKED_DECL json_field hf_config::text_part() const {
  const json_field root(*document_);
  const auto wrapped = root.member("text_config");
  return wrapped.present() ? wrapped : root;
}

LINGUALINKED_DECL json_field hf_config::field(names aliases) const {
  const json_field root(*document_);
  for (const auto& place : {text_part(), root}) {
    for (const auto alias : aliases) {
      auto found = place.member(alias);
      if (found.present()) return found;
    }
  }
  return text_part().member(aliases.size() == 0 ? std::string_view{} : *aliases.begin());
}

LINGUALINKED_DECL bool hf_config::mentions(std::string_view name) const {
  const auto all = text_part().names().value();  // parse() has made sure that it is an object
  return std::find(all.begin(), all.end(), name) != all.end();
}

LINGUALINKED_DECL std::vector<std::string> hf_config::fields() const {
  const auto part = text_part();
  auto all = part.names().value();  // parse() has made sure that it is an object
  std::erase_if(all, [&](const auto& name) { return !part.member(name).present(); });
  return all;
}

LINGUALINKED_DECL result<std::uint64_t> hf_config::get_uint(names aliases, std::uint64_t min, std::uint64_t max) const {
  return field(aliases).get_uint(min, max);
}

LINGUALINKED_DECL result<std::uint64_t> hf_config::get_uint_or(names aliases, std::uint64_t otherwise, std::uint64_t min,
                                                               std::uint64_t max) const {
  const auto found = field(aliases);
  return found.present() ? found.get_uint(min, max) : otherwise;
}

LINGUALINKED_DECL result<double> hf_config::get_float(names aliases, double min, double max) const {
  return field(aliases).get_float(min, max);
}

LINGUALINKED_DECL result<double> hf_config::get_float_or(names aliases, double otherwise, double min, double max) const {
  const auto found = field(aliases);
  return found.present() ? found.get_float(min, max) : otherwise;
}

LINGUALINKED_DECL result<bool> hf_config::get_bool_or(names aliases, bool otherwise) const {
  const auto found = field(aliases);
  return found.present() ? found.get_bool() : otherwise;
}

LINGUALINKED_DECL result<std::string> hf_config::get_string_or(names aliases, std::string otherwise) const {
  const auto found = field(aliases);
  if (!found.present()) return otherwise;
  return found.get_string();
}

LINGUALINKED_DECL result<std::vector<std::string>> hf_config::get_strings(names aliases, std::size_t max_count) const {
  std::vector<std::string> out;
  const auto found = field(aliases);
  if (!found.present()) return out;
  const auto items = found.items(max_count);
  if (!items) return items.error();
  for (const auto& item : *items) {
    auto text = item.get_string();
    if (!text) return std::move(text).error();
    out.push_back(*std::move(text));
  }
  return out;
}

LINGUALINKED_DECL result<std::vector<std::uint64_t>> hf_config::get_ids(names aliases, std::uint64_t max_id) const {
  std::vector<std::uint64_t> out;
  const auto found = field(aliases);
  if (!found.present()) return out;
  std::vector<json_field> items{found};
  if (found.is_array()) {
    auto list = found.items(detail::hf_max_list);
    if (!list) return std::move(list).error();
    items = *std::move(list);
  }
  for (const auto& item : items) {
    const auto id = item.get_uint(0, max_id);
    if (!id) return id.error();
    out.push_back(*id);
  }
  return out;
}

LINGUALINKED_DECL result<std::vector<std::string>> hf_config::labels() const {
  std::vector<std::string> out;
  const auto found = field({"id2label"});
  if (!found.present()) return out;
  const auto ids = found.names();
  if (!ids) return ids.error();
  if (ids->size() > detail::hf_max_list) return found.complaint("more than " + std::to_string(detail::hf_max_list) + " labels");
  for (std::size_t id = 0; id < ids->size(); ++id) {
    auto label = found.member(std::to_string(id)).get_string();
    if (!label) return std::move(label).error();
    out.push_back(*std::move(label));
  }
  return out;
}

LINGUALINKED_DECL result<rope_parameters> hf_config::rope(std::string_view layer_type, double usual_theta) const {
  rope_parameters out;
  out.theta = usual_theta;
  const auto theta = field({"rope_theta", "rotary_emb_base"});
  if (theta.present()) {
    const auto value = theta.get_float(1e-6, 1e12);
    if (!value) return value.error();
    out.theta = *value;
  }
  auto object = field({"rope_parameters"});
  if (object.present()) {
    // With several kinds of layers, one object for each stands where a single kind has its numbers.
    const auto names = object.names();
    if (!names) return names.error();
    const bool nested = !names->empty() && object.member(names->front()).is_object();
    if (nested) object = object.member(layer_type);
    if (nested && !object.present()) return object.complaint("missing; this config has one entry for each layer type");
  } else if (const auto local = field({"rope_local_base_freq"}); layer_type == "sliding_attention" && local.present()) {
    // The first generation of two-base configs: local layers have their own base and are never scaled.
    const auto value = local.get_float(1e-6, 1e12);
    if (!value) return value.error();
    out.theta = *value;
    return out;
  } else {
    object = field({"rope_scaling"});
  }
  if (auto read = detail::read_hf_rope(object, out); !read) return std::move(read).error();
  return out;
}

}  // namespace lingualinked::inline v0
