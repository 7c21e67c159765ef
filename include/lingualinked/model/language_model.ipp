// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sha256.hpp>
#include <lingualinked/formats/fingerprint.hpp>
#include <lingualinked/model/gguf_hyperparameters.hpp>
#include <lingualinked/model/gguf_tokenizer.hpp>
#include <lingualinked/model/hf_folder.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/model/quantised_weights.hpp>
#include <lingualinked/model/registry.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<language_model> language_model::open(const std::string& path, std::optional<dtype> weights) {
  language_model m;
  m.path_ = path;
  m.rounded_to_ = weights;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    auto folder = hf_folder::open(path);
    if (!folder) return folder.error();
    m.sizes_ = std::move(folder->sizes);
    m.weights_ = std::make_unique<hf_weights>(std::move(folder->weights));
  } else {
    auto file = gguf_file::open(path);
    if (!file) return file.error();
    const auto known = architecture_named(file->architecture());
    if (!known) return known.error().in(path);
    auto sizes = hyperparameters_from(*file, known->gguf);
    if (!sizes) return sizes.error().in(path);
    m.sizes_ = *std::move(sizes);
    auto owned = std::make_unique<gguf_file>(*std::move(file));
    m.gguf_ = owned.get();
    m.weights_ = std::move(owned);
  }
  if (weights) {
    auto rounded = quantised_weights::create(std::move(m.weights_), *weights);
    if (!rounded) return rounded.error().in(path);
    m.weights_ = std::make_unique<quantised_weights>(*std::move(rounded));
  }
  auto arch = architecture_named(m.sizes_.architecture);
  if (!arch) return arch.error().in(path);
  auto graph = arch->build(m.sizes_, *m.weights_);
  if (!graph) return graph.error().in(path);
  m.graph_ = *std::move(graph);
  if (auto cut = cut_into_modules(m.graph_, sizeof(float)); !cut) return cut.error().in(path);
  return m;
}

LINGUALINKED_DECL module_graph language_model::modules(dtype kv_type) const {
  return cut_into_modules(graph_, facts_of(kv_type).block_bytes).value();  // open() has seen that the graph can be cut
}

LINGUALINKED_DECL dtype language_model::default_kv_type() const noexcept {
  const bool quantised = std::ranges::any_of(weights_->tensors(), [](const tensor_info& t) { return is_quantised(t.type); });
  return quantised ? dtype::f16 : dtype::f32;
}

LINGUALINKED_DECL std::uint64_t language_model::tied_bytes() const noexcept {
  auto last = graph_.operations.rbegin();
  if (std::holds_alternative<soft_cap_operation>(last->kind)) ++last;
  const auto* head = std::get_if<linear_operation>(&last->kind);
  const auto* table = std::get_if<embedding_operation>(&graph_.operations.front().kind);
  return head != nullptr && table != nullptr && head->weight.name == table->table.name ? table->table.resident_bytes : 0;
}

LINGUALINKED_DECL std::uint64_t language_model::parameters() const noexcept {
  std::uint64_t sum = 0;
  for (const tensor_info& t : weights_->tensors())
    if (!weights_->stored_name(t.name).empty()) sum += t.rows * t.columns;  // not the ones of a norm without weights
  return sum;
}

LINGUALINKED_DECL std::uint64_t language_model::weight_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const tensor_info& t : weights_->tensors()) sum += t.bytes;
  return sum;
}

/// One digest of one file stays as it is, so that it is what sha256sum prints; several, or a rounding, are hashed together.
LINGUALINKED_DECL std::string language_model::identity(std::string digests) const {
  if (rounded_to_) digests += " weights " + std::string(name_of(*rounded_to_));
  if (digests.size() == 64) return digests;
  lingualinked::sha256 all;
  all.update(std::as_bytes(std::span(digests)));
  return hex(all.finish());
}

LINGUALINKED_DECL result<std::string> language_model::fingerprint() const {
  return lingualinked::fingerprint(weights_->files()).transform([this](const auto& digest) { return identity(hex(digest)); });
}

LINGUALINKED_DECL result<std::string> language_model::sha256() const {
  std::string digests;
  for (const source_file& f : weights_->files()) {
    auto digest = file_sha256(f.path);
    if (!digest) return digest.error();
    digests += hex(*digest);
  }
  return identity(std::move(digests));
}

LINGUALINKED_DECL result<tokenizer> language_model::make_tokenizer() const {
  auto spec = gguf_ != nullptr ? tokenizer_spec_from(gguf_->metadata()) : tokenizer_spec_from_folder(path_);
  if (!spec) return gguf_ != nullptr ? spec.error().in(path_) : spec.error();
  return tokenizer::create(*std::move(spec));
}

LINGUALINKED_DECL std::optional<std::string> language_model::chat_template() const {
  if (gguf_ == nullptr) {
    auto text = chat_template_from_folder(path_);
    return text ? *std::move(text) : std::nullopt;
  }
  auto text = gguf_->metadata().get_string("tokenizer.chat_template");
  if (!text) return std::nullopt;
  return *std::move(text);
}

}  // namespace lingualinked::inline v0
