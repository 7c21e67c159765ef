// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/hf_config.hpp>
#include <lingualinked/formats/input_file.hpp>
#include <lingualinked/formats/safetensors.hpp>
#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_folder.hpp>
#include <lingualinked/model/tokenizer_json.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {
namespace detail {

inline constexpr std::size_t hf_template_bytes_max = std::size_t{1} << 20;

/// A text file of a folder; empty where it is not there.
[[nodiscard]] inline result<std::string> read_hf_text(const std::string& folder, const char* name, std::size_t max_bytes) {
  const auto path = std::filesystem::path(folder) / name;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::string();
  return read_text_file(path.string(), max_bytes);
}

/// The end tokens that the folder's own generation settings name, in their order.
[[nodiscard]] inline result<std::vector<std::uint64_t>> hf_end_ids(const std::string& folder) {
  std::vector<std::uint64_t> all;
  for (const char* name : {"config.json", "generation_config.json"}) {
    auto text = read_hf_text(folder, name, json_limits{}.max_bytes);
    if (!text) return text.error();
    if (text->empty()) continue;
    const auto document = parse_json(*text);
    if (!document) return document.error().in(name);
    const json_field field = json_field(*document, name).member("eos_token_id");
    if (!field.present()) continue;
    auto items = field.is_array() ? field.items(64) : result<std::vector<json_field>>(std::vector{field});
    if (!items) return items.error();
    for (const json_field& item : *items) {
      const auto id = item.get_uint(0, max_vocabulary);
      if (!id) return id.error();
      if (std::ranges::find(all, *id) == all.end()) all.push_back(*id);
    }
  }
  return all;
}

}  // namespace detail

LINGUALINKED_DECL result<hf_folder> hf_folder::open(const std::string& path) {
  const auto config = hf_config::open(path);
  if (!config) return config.error();
  auto description = describe_hf(*config);
  if (!description) return description.error().in(path + "/config.json");
  auto files = safetensors_model::open(path);
  if (!files) return files.error();
  auto weights = hf_weights::create(*std::move(files), *description);
  if (!weights) return weights.error().in(path);
  return hf_folder{std::move(description->sizes), *std::move(weights)};
}

LINGUALINKED_DECL result<tokenizer_spec> tokenizer_spec_from_folder(const std::string& path) {
  const auto main = read_text_file((std::filesystem::path(path) / "tokenizer.json").string(), tokenizer_json_bytes_max);
  if (!main) return main.error();
  const auto config = detail::read_hf_text(path, "tokenizer_config.json", tokenizer_json_bytes_max);
  if (!config) return config.error();
  auto spec = tokenizer_spec_from_json(*main, *config);
  if (!spec) return spec.error().in(path);
  const auto ends = detail::hf_end_ids(path);
  if (!ends) return ends.error().in(path);
  for (const std::uint64_t end : *ends) {
    const auto id = static_cast<token_id>(end);
    if (end >= spec->tokens.size() || spec->eos == id || spec->end_of_turn == id) continue;
    for (auto* free : {&spec->eos, &spec->end_of_turn, &spec->end_of_message}) {
      if (*free) continue;
      *free = id;
      break;
    }
  }
  return spec;
}

LINGUALINKED_DECL result<std::optional<std::string>> chat_template_from_folder(const std::string& path) {
  auto alone = detail::read_hf_text(path, "chat_template.jinja", detail::hf_template_bytes_max);
  if (!alone) return alone.error();
  if (!alone->empty()) return std::optional<std::string>(*std::move(alone));
  const auto config = detail::read_hf_text(path, "tokenizer_config.json", tokenizer_json_bytes_max);
  if (!config) return config.error();
  if (config->empty()) return std::optional<std::string>{};
  auto text = chat_template_from_json(*config);
  if (!text) return text.error().in(path);
  return text;
}

}  // namespace lingualinked::inline v0
