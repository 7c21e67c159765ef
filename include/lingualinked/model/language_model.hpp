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

/// A model file, opened and understood, without its weights in memory: sizes, operations, modules, tokenizer.
class language_model {
 public:
  /// Opens a .gguf file (or the first of its splits), builds and checks the operation graph.
  /// Errors    io, malformed, unsupported, limit: one line that names the place
  [[nodiscard]] static result<language_model> open(const std::string& path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const hyperparameters& sizes() const noexcept { return sizes_; }
  [[nodiscard]] const operation_graph& graph() const noexcept { return graph_; }
  [[nodiscard]] const gguf_file& file() const noexcept { return *file_; }
  [[nodiscard]] const tensor_source& weights() const noexcept { return *file_; }

  /// Modules with costs for a KV cache of this type; the modules themselves do not depend on it.
  [[nodiscard]] module_graph modules(dtype kv_type) const;
  /// float32 when every matrix is F32, F16 or BF16, else float16 (the bit contract).
  [[nodiscard]] dtype default_kv_type() const noexcept;
  /// Bytes that a stage with both ends of the model saves because the head is the embedding; 0 when they are two matrices.
  [[nodiscard]] std::uint64_t tied_bytes() const noexcept;
  [[nodiscard]] std::uint64_t parameters() const noexcept;
  [[nodiscard]] std::uint64_t weight_bytes() const noexcept;  // as stored

  /// Identity for handshakes (cheap), as 64 hexadecimal digits.
  [[nodiscard]] result<std::string> fingerprint() const;
  /// SHA-256 of the whole file, as 64 hexadecimal digits; of the digests' text for a model of several files.
  [[nodiscard]] result<std::string> sha256() const;

  [[nodiscard]] result<tokenizer> make_tokenizer() const;
  /// The file's own chat template, when it has one.
  [[nodiscard]] std::optional<std::string> chat_template() const;

 private:
  language_model() = default;
  std::string path_;
  std::unique_ptr<gguf_file> file_;
  hyperparameters sizes_;
  operation_graph graph_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/language_model.ipp>
#endif
