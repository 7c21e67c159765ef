// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/graph/module_graph.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>
#include <lingualinked/tensor/dtype.hpp>
#include <lingualinked/text/tokenizer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace lingualinked::inline v0 {

/// A model, opened and understood, without its weights in memory: sizes, operations, modules, tokenizer.
class language_model {
 public:
  /// Opens a .gguf file (or the first of its splits), or a folder with config.json and safetensors; builds and checks the
  /// operation graph.
  /// weights   a quantised type that float weights are rounded to as they are loaded (quantised_weights); none: as stored
  /// Errors    io, malformed, unsupported, limit: one line that names the place
  [[nodiscard]] static result<language_model> open(const std::string& path, std::optional<dtype> weights = {});

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// What open() was asked to round weights to.
  [[nodiscard]] std::optional<dtype> rounded_to() const noexcept { return rounded_to_; }
  [[nodiscard]] const hyperparameters& sizes() const noexcept { return sizes_; }
  [[nodiscard]] const operation_graph& graph() const noexcept { return graph_; }
  [[nodiscard]] const tensor_source& weights() const noexcept { return *weights_; }

  /// Modules with costs for a KV cache of this type; the modules themselves do not depend on it.
  [[nodiscard]] module_graph modules(dtype kv_type) const;
  /// float32 when every matrix is F32, F16 or BF16, else float16 (the bit contract).
  [[nodiscard]] dtype default_kv_type() const noexcept;
  /// Bytes that a stage with both ends of the model saves because the head is the embedding; 0 when they are two matrices.
  [[nodiscard]] std::uint64_t tied_bytes() const noexcept;
  [[nodiscard]] std::uint64_t parameters() const noexcept;
  [[nodiscard]] std::uint64_t weight_bytes() const noexcept;  // as stored

  // Identities also tell apart what one file's weights are rounded to.
  /// Identity for handshakes (cheap), as 64 hexadecimal digits.
  [[nodiscard]] result<std::string> fingerprint() const;
  /// SHA-256 of the whole file, as 64 hexadecimal digits; of the digests' text for a model of several files.
  [[nodiscard]] result<std::string> sha256() const;

  [[nodiscard]] result<tokenizer> make_tokenizer() const;
  /// The model's own chat template, when it has one.
  [[nodiscard]] std::optional<std::string> chat_template() const;

 private:
  language_model() = default;
  [[nodiscard]] std::string identity(std::string digests) const;
  std::string path_;
  std::optional<dtype> rounded_to_;
  std::unique_ptr<tensor_source> weights_;
  const gguf_file* gguf_ = nullptr;  // among weights_; null for a folder
  hyperparameters sizes_;
  operation_graph graph_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/language_model.ipp>
#endif
