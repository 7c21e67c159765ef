// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/json.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// How a config wants positions turned; what a scaling type does not use stays empty.
struct rope_parameters {
  std::string type = "default";  // default, linear, dynamic, yarn, longrope, llama3, ...: the model refuses what it does not know
  double theta = 10'000;
  std::optional<double> factor;
  std::optional<double> low_freq_factor;
  std::optional<double> high_freq_factor;
  std::optional<double> attention_factor;
  std::optional<double> beta_fast;
  std::optional<double> beta_slow;
  std::optional<double> mscale;
  std::optional<double> mscale_all_dim;
  std::optional<bool> truncate;
  std::optional<double> partial_rotary_factor;
  std::optional<std::uint64_t> original_max_position_embeddings;
  std::vector<double> short_factor;
  std::vector<double> long_factor;
};

/// The config.json of a Hugging Face model folder, of both generations: `rope_theta` and `rope_scaling`, or `rope_parameters`;
/// `torch_dtype` or `dtype`; a text model alone, or wrapped in `text_config`. Getters take the names that a setting has had over
/// time and read the first that is there; those that end in _or give `otherwise` when none is.
/// Errors    malformed, limit (by parse_json); every complaint names the field
class hf_config {
 public:
  /// `path` is the file or its folder.
  /// Errors    io, and as parse
  [[nodiscard]] LINGUALINKED_DECL static result<hf_config> open(const std::string& path);
  [[nodiscard]] LINGUALINKED_DECL static result<hf_config> parse(std::string_view text);

  /// E.g. "llama"; of a wrapped model, the type of its text part.
  [[nodiscard]] const std::string& model_type() const noexcept { return model_type_; }
  /// E.g. "LlamaForCausalLM"; empty when the config does not say.
  [[nodiscard]] const std::vector<std::string>& architectures() const noexcept { return architectures_; }

  using names = std::initializer_list<std::string_view>;
  /// The first of these that is there and not null, else the first, absent. Looks into the text part, then around it.
  [[nodiscard]] LINGUALINKED_DECL json_field field(names aliases) const;
  /// Whether the text part names this field, null or not: where absent means another default than null.
  [[nodiscard]] LINGUALINKED_DECL bool mentions(std::string_view name) const;
  /// Every field of the text part that is not null, so that a model can refuse switches that it does not know.
  [[nodiscard]] LINGUALINKED_DECL std::vector<std::string> fields() const;

  [[nodiscard]] LINGUALINKED_DECL result<std::uint64_t> get_uint(names aliases, std::uint64_t min, std::uint64_t max) const;
  [[nodiscard]] LINGUALINKED_DECL result<std::uint64_t> get_uint_or(names aliases, std::uint64_t otherwise, std::uint64_t min,
                                                                    std::uint64_t max) const;
  [[nodiscard]] LINGUALINKED_DECL result<double> get_float(names aliases, double min, double max) const;
  [[nodiscard]] LINGUALINKED_DECL result<double> get_float_or(names aliases, double otherwise, double min, double max) const;
  [[nodiscard]] LINGUALINKED_DECL result<bool> get_bool_or(names aliases, bool otherwise) const;
  [[nodiscard]] LINGUALINKED_DECL result<std::string> get_string_or(names aliases, std::string otherwise) const;
  /// A list of texts such as `layer_types`; empty when absent.
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<std::string>> get_strings(names aliases, std::size_t max_count) const;
  /// Token ids, written as one number or a list; empty when absent.
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<std::uint64_t>> get_ids(names aliases, std::uint64_t max_id) const;
  /// Names of the classes by id, from `id2label`; empty when absent. Ids must be 0 .. n-1.
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<std::string>> labels() const;

  /// The positions of a layer type as `layer_types` names it; configs with one kind of layer ignore the name. A scaling's
  /// parameter that this library has not heard of is refused by name. `usual_theta` is what the architecture takes when none is
  /// given.
  [[nodiscard]] LINGUALINKED_DECL result<rope_parameters> rope(std::string_view layer_type = {},
                                                               double usual_theta = 10'000) const;

 private:
  explicit hf_config(nlohmann::json document) : document_(std::make_unique<const nlohmann::json>(std::move(document))) {}
  [[nodiscard]] LINGUALINKED_DECL json_field text_part() const;

  std::unique_ptr<const nlohmann::json> document_;  // fields point into it, so it must not move
  std::string model_type_;
  std::vector<std::string> architectures_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/formats/hf_config.ipp>
#endif
