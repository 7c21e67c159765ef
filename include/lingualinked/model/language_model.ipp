// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sha256.hpp>
#include <lingualinked/formats/fingerprint.hpp>
#include <lingualinked/model/gguf_hyperparameters.hpp>
#include <lingualinked/model/gguf_tokenizer.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/model/registry.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL result<language_model> language_model::open(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return error{errc::unsupported,
                 "'" + path + "' is a folder; this version reads .gguf files. Name one, or convert the folder to GGUF"};
  auto file = gguf_file::open(path);
  if (!file) return file.error();
  language_model m;
  m.path_ = path;
  m.file_ = std::make_unique<gguf_file>(*std::move(file));
  auto arch = architecture_named(m.file_->architecture());
  if (!arch) return arch.error().in(path);
  auto sizes = hyperparameters_from(*m.file_, arch->gguf);
  if (!sizes) return sizes.error().in(path);
  m.sizes_ = *std::move(sizes);
  auto graph = arch->build(m.sizes_, *m.file_);
  if (!graph) return graph.error().in(path);
  m.graph_ = *std::move(graph);
  if (auto cut = cut_into_modules(m.graph_, sizeof(float)); !cut) return cut.error().in(path);
  return m;
}

LINGUALINKED_DECL module_graph language_model::modules(dtype kv_type) const {
  return cut_into_modules(graph_, facts_of(kv_type).block_bytes).value();  // open() has seen that the graph can be cut
}

LINGUALINKED_DECL dtype language_model::default_kv_type() const noexcept {
  const bool quantised = std::ranges::any_of(file_->tensors(), [](const tensor_info& t) { return is_quantised(t.type); });
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
  for (const tensor_info& t : file_->tensors()) sum += t.rows * t.columns;
  return sum;
}

LINGUALINKED_DECL std::uint64_t language_model::weight_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const tensor_info& t : file_->tensors()) sum += t.bytes;
  return sum;
}

LINGUALINKED_DECL result<std::string> language_model::fingerprint() const {
  return lingualinked::fingerprint(file_->files()).transform([](const auto& digest) { return hex(digest); });
}

LINGUALINKED_DECL result<std::string> language_model::sha256() const {
  std::string digests;
  for (const source_file& f : file_->files()) {
    auto digest = file_sha256(f.path);
    if (!digest) return digest.error();
    digests += hex(*digest);
  }
  if (file_->files().size() == 1) return digests;
  lingualinked::sha256 all;
  all.update(std::as_bytes(std::span(digests)));
  return hex(all.finish());
}

LINGUALINKED_DECL result<tokenizer> language_model::make_tokenizer() const {
  auto spec = tokenizer_spec_from(file_->metadata());
  if (!spec) return spec.error().in(path_);
  return tokenizer::create(*std::move(spec));
}

LINGUALINKED_DECL std::optional<std::string> language_model::chat_template() const {
  auto text = file_->metadata().get_string("tokenizer.chat_template");
  if (!text) return std::nullopt;
  return *std::move(text);
}

}  // namespace lingualinked::inline v0
