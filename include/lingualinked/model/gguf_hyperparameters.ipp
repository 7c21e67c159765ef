// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/gguf_hyperparameters.hpp>
#include <lingualinked/model/rope_scaling.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

/// Reads keys of one architecture, remembers which, and keeps the first mistake.
class architecture_keys {
 public:
  explicit architecture_keys(const gguf_file& file) : metadata_(file.metadata()), prefix_(file.architecture() + ".") {}

  /// One number, or an array that says the same number for each layer.
  [[nodiscard]] std::uint64_t number(const char* key, std::uint64_t min, std::uint64_t max) {
    return is_array(key) ? uniform(key, min, max) : keep(metadata_.get_uint(name(key), min, max));
  }
  [[nodiscard]] std::uint64_t number_or(const char* key, std::uint64_t otherwise, std::uint64_t min, std::uint64_t max) {
    return has(key) ? number(key, min, max) : otherwise;
  }
  [[nodiscard]] double real(const char* key, double min, double max) { return keep(metadata_.get_float(name(key), min, max)); }
  [[nodiscard]] double real_or(const char* key, double otherwise, double min, double max) {
    return keep(metadata_.get_float_or(name(key), otherwise, min, max));
  }
  [[nodiscard]] std::string text_or(const char* key, std::string otherwise) {
    return keep(metadata_.get_string_or(name(key), std::move(otherwise)));
  }
  [[nodiscard]] bool flag_or(const char* key, bool otherwise) { return keep(metadata_.get_bool_or(name(key), otherwise)); }
  [[nodiscard]] bool has(const char* key) const { return metadata_.has(prefix_ + key); }
  [[nodiscard]] bool is_array(const char* key) const {
    const metadata_value* value = metadata_.find(prefix_ + key);
    return value != nullptr && value->is_array;
  }
  [[nodiscard]] std::vector<bool> flags(const char* key) { return keep(metadata_.get_bools(name(key))); }
  void ignore(const char* key) { static_cast<void>(name(key)); }
  void refuse(const char* key, const std::string& what, errc code = errc::malformed) {
    if (!mistake_) mistake_ = error{code, metadata_.complaint(name(key), what).message};
  }
  [[nodiscard]] bool failed() const noexcept { return mistake_.has_value(); }

  /// The first mistake, or a key of the architecture that nobody read.
  [[nodiscard]] std::optional<error> verdict() {
    for (const metadata_entry& entry : metadata_.all()) {
      if (mistake_) break;
      if (entry.key.starts_with(prefix_) && !read_.contains(entry.key))
        mistake_ = error{
            errc::unsupported,
            metadata_.complaint(entry.key, "is a switch that this library does not know. Ignoring it would give wrong answers")
                .message};
    }
    return mistake_;
  }

 private:
  [[nodiscard]] std::uint64_t uniform(const char* key, std::uint64_t min, std::uint64_t max) {
    const auto all = keep(metadata_.get_ints(name(key), static_cast<std::int64_t>(min), static_cast<std::int64_t>(max)));
    if (all.empty()) return refuse(key, "is an empty array"), min;
    for (const std::int64_t each : all)
      if (each != all[0]) return refuse(key, "differs from layer to layer, which is not supported", errc::unsupported), min;
    return static_cast<std::uint64_t>(all[0]);
  }
  std::string name(const char* key) {
    std::string full = prefix_ + key;
    read_.insert(full);
    return full;
  }
  template <class T>
  T keep(result<T> r) {
    if (r) return *std::move(r);
    if (!mistake_) mistake_ = r.error();
    return T{};
  }

  const gguf_metadata& metadata_;
  std::string prefix_;
  std::set<std::string, std::less<>> read_;
  std::optional<error> mistake_;
};

[[nodiscard]] inline result<std::vector<double>> read_rope_divisors(const gguf_file& file, const char* name, std::size_t rotary) {
  const tensor_info* info = file.find(name);
  if (info == nullptr) return std::vector<double>{};
  const std::string shown = "tensor '" + std::string(name) + "'";
  if (info->type != dtype::f32 || info->rows != 1 || info->columns != rotary / 2)
    return error{errc::malformed, shown + " must be " + std::to_string(rotary / 2) + " f32 numbers"};
  std::vector<std::byte> raw(info->bytes);
  if (auto read = file.read(*info, 0, raw); !read) return read.error();
  byte_reader reader(raw);
  std::vector<double> divisors(rotary / 2);
  for (double& d : divisors) {
    d = static_cast<double>(reader.read<float>());
    if (!std::isfinite(d) || d <= 0) return error{errc::malformed, shown + " holds a divisor that is not a positive number"};
  }
  return divisors;
}

}  // namespace detail

namespace detail {

/// Keys that say nothing about what is computed, or nothing that the sizes and tensors do not say.
///   rope.scaling.finetuned                 whether the scaling was trained with
///   rope.scaling.original_context_length   read by the scalings that use it
///   tensor_data_layout                     which script wrote the file
///   use_parallel_residual                  told by the tensors of the layers; converters write it where it does not hold
inline constexpr const char* harmless_gguf_keys[] = {"rope.scaling.finetuned", "rope.scaling.original_context_length",
                                                     "tensor_data_layout", "use_parallel_residual"};

inline void read_gguf_rotation(architecture_keys& keys, hyperparameters& h, const gguf_conventions& unsaid) {
  h.rotary = keys.number_or("rope.dimension_count", h.head_size, 2, max_width);
  h.rotary_pairs = unsaid.rotary_pairs;
  h.rope_base = keys.real_or("rope.freq_base", 10000.0, 1.0, 1e12);
  h.window_rope_base = keys.real_or("rope.freq_base_swa", unsaid.window_rope_base, 1.0, 1e12);
  if (h.rotary > h.head_size || h.rotary % 2 != 0)
    keys.refuse("rope.dimension_count",
                std::to_string(h.rotary) + " must be even and at most the head size " + std::to_string(h.head_size));
  // The oldest files name a factor without a type.
  const char* factor_key = keys.has("rope.scale_linear") ? "rope.scale_linear" : "rope.scaling.factor";
  const bool scales = keys.has(factor_key);
  const double factor = keys.real_or(factor_key, 1.0, 1e-6, 1e6);
  const std::string scaling = keys.text_or("rope.scaling.type", scales ? "linear" : "none");
  const double attention = keys.real_or("rope.scaling.attn_factor", 1.0, 1e-3, 1e3);
  h.rope_amplitude = attention;
  if (keys.failed() || scaling == "none" || scaling == "longrope") return;
  if (scaling == "linear") {
    h.rope_divisors.assign(h.rotary / 2, factor);
  } else if (scaling == "yarn") {
    yarn_scaling how;
    how.factor = factor;
    how.original_context =
        static_cast<double>(keys.number_or("rope.scaling.original_context_length", h.context_length, 1, max_context_length));
    how.beta_fast = keys.real_or("rope.scaling.yarn_beta_fast", how.beta_fast, 1e-3, 1e6);
    how.beta_slow = keys.real_or("rope.scaling.yarn_beta_slow", how.beta_slow, 1e-3, 1e6);
    if (!(factor >= 1))
      return keys.refuse("rope.scaling.type", "asks for 'yarn', which needs a rope.scaling.factor of at least 1");
    if (!scales) return keys.refuse("rope.scaling.type", "asks for 'yarn', but there is no rope.scaling.factor");
    if (!(h.rope_base > 1)) return keys.refuse("rope.freq_base", "must be above 1 where 'yarn' scales");
    h.rope_divisors = yarn_divisors(how, h.rotary, h.rope_base);
    h.rope_amplitude = attention * yarn_amplitude(factor);
  } else {
    keys.refuse("rope.scaling.type", "asks for " + printable(scaling) + ", which is not supported", errc::unsupported);
  }
}

/// Which layers have no window: an array names those that have one, a number n leaves each n-th without.
inline void read_gguf_windows(architecture_keys& keys, hyperparameters& h, const gguf_conventions& unsaid) {
  constexpr const char* pattern = "attention.sliding_window_pattern";
  h.window = keys.number_or("attention.sliding_window", unsaid.window, 0, max_context_length);
  std::vector<bool> windowed;
  if (keys.is_array(pattern)) {
    windowed = keys.flags(pattern);
    if (!keys.failed() && windowed.size() != h.layers)
      keys.refuse(pattern, "names " + std::to_string(windowed.size()) + " layers, but there are " + std::to_string(h.layers));
  } else if (const std::size_t n = keys.number_or(pattern, unsaid.global_every, 0, max_layers); n != 0) {
    windowed.resize(h.layers);
    for (std::size_t i = 0; i < h.layers; ++i) windowed[i] = (i + 1) % n != 0;
  }
  if (h.window == 0) return;
  h.global_layers = std::move(windowed);
  h.global_layers.flip();
}

inline void read_gguf_attention(architecture_keys& keys, hyperparameters& h, const gguf_conventions& unsaid) {
  h.head_size = keys.number_or("attention.key_length", h.width / h.heads, 1, max_width);
  const std::uint64_t value_size = keys.number_or("attention.value_length", h.head_size, 1, max_width);
  if (h.kv_heads == 0 || h.heads % h.kv_heads != 0)
    keys.refuse("attention.head_count_kv",
                std::to_string(h.kv_heads) + " does not divide the " + std::to_string(h.heads) + " heads");
  if (value_size != h.head_size)
    keys.refuse("attention.value_length", "differs from the key length, which is not supported", errc::unsupported);
  if (!keys.flag_or("attention.causal", true))
    keys.refuse("attention.causal", "asks for attention to later tokens, which is not supported", errc::unsupported);
  h.attention_cap = static_cast<float>(keys.real_or("attn_logit_softcapping", unsaid.attention_cap, 0, 1e6));
  h.logit_cap = static_cast<float>(keys.real_or("final_logit_softcapping", unsaid.logit_cap, 0, 1e6));
  h.attention_scale = keys.real_or("attention.scale", 0, 0, 1e6);
  if (h.attention_scale == 0 && unsaid.layers_scaled_by_width == h.layers)
    h.attention_scale = 1 / std::sqrt(static_cast<double>(h.width / h.heads));
  if (unsaid.alibi_bias != 0) h.alibi_bias = keys.real_or("attention.max_alibi_bias", unsaid.alibi_bias, 1e-3, 1e3);
}

inline void read_gguf_experts(architecture_keys& keys, hyperparameters& h, const gguf_conventions& unsaid) {
  h.experts = keys.number_or("expert_count", 0, 0, max_experts);
  h.experts_used = keys.number_or("expert_used_count", 0, 0, max_experts);
  if (h.experts == 0) return;
  if (!unsaid.mixtures)
    return keys.refuse("expert_count", "asks for a mixture of experts, which this architecture does not have here",
                       errc::unsupported);
  if (h.experts * h.layers > max_experts_in_all)
    return keys.refuse("expert_count",
                       std::to_string(h.experts) + " in each of " + std::to_string(h.layers) + " layers are more than " +
                           std::to_string(max_experts_in_all),
                       errc::limit);
  h.expert_feed_forward = keys.number_or("expert_feed_forward_length", h.feed_forward, 1, max_width);
  h.shared_feed_forward = keys.number_or("expert_shared_feed_forward_length", 0, 0, max_width);
  h.experts_sum_to_one = keys.flag_or("expert_weights_norm", unsaid.experts_sum_to_one);
  if (h.experts_used == 0 || h.experts_used > h.experts)
    keys.refuse("expert_used_count",
                std::to_string(h.experts_used) + " must be 1 to the " + std::to_string(h.experts) + " experts");
  if (keys.number_or("expert_gating_func", 1, 0, 16) != 1)
    keys.refuse("expert_gating_func", "asks for something other than softmax, which is not supported", errc::unsupported);
  if (keys.real_or("expert_weights_scale", 1, 0, 1e6) != 1)
    keys.refuse("expert_weights_scale", "differs from 1, which is not supported", errc::unsupported);
}

}  // namespace detail

LINGUALINKED_DECL result<hyperparameters> hyperparameters_from(const gguf_file& file, const gguf_conventions& unsaid) {
  detail::architecture_keys keys(file);
  hyperparameters h;
  h.architecture = file.architecture();
  h.activation = unsaid.activation;
  h.layers = keys.number("block_count", 1, max_layers);
  h.width = keys.number("embedding_length", 1, max_width);
  h.feed_forward = keys.number("feed_forward_length", 1, max_width);
  h.heads = keys.number("attention.head_count", 1, max_heads);
  h.kv_heads = keys.number_or("attention.head_count_kv", h.heads, 1, max_heads);
  h.context_length = keys.number("context_length", 1, max_context_length);
  h.norm_epsilon = static_cast<float>(
      keys.real(unsaid.layer_norms ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", 1e-12, 1.0));
  if (keys.failed()) return *keys.verdict();

  h.vocabulary = keys.number_or("vocab_size", 0, 0, max_vocabulary);
  detail::read_gguf_attention(keys, h, unsaid);
  detail::read_gguf_windows(keys, h, unsaid);
  if (unsaid.rotary) detail::read_gguf_rotation(keys, h, unsaid);
  if (file.find("rope_factors_long.weight") != nullptr || keys.text_or("rope.scaling.type", "none") == "longrope") {
    // Beyond the original context a longrope model turns by its long factors; here the short ones bound it.
    h.context_length = std::min<std::size_t>(
        h.context_length, keys.number_or("rope.scaling.original_context_length", h.context_length, 1, max_context_length));
    if (file.find("rope_factors_short.weight") == nullptr)
      return error{errc::malformed,
                   "the file asks for rope scaling 'longrope', but tensor 'rope_factors_short.weight' is missing"};
  }
  detail::read_gguf_experts(keys, h, unsaid);
  for (const char* key : detail::harmless_gguf_keys) keys.ignore(key);
  if (auto mistake = keys.verdict()) return *mistake;
  for (const char* name : {"rope_freqs.weight", "rope_factors_short.weight"}) {
    const auto divisors = detail::read_rope_divisors(file, name, h.rotary);
    if (!divisors) return divisors.error();
    if (h.rope_divisors.empty()) h.rope_divisors.assign(divisors->size(), 1.0);
    for (std::size_t i = 0; i < divisors->size(); ++i) h.rope_divisors[i] *= (*divisors)[i];
  }
  const tensor_info* table = file.find("token_embd.weight");
  if (table == nullptr) return error{errc::malformed, "tensor 'token_embd.weight' is missing"};
  if (h.vocabulary != 0 && h.vocabulary != table->rows)
    return error{errc::malformed, "the vocabulary size " + std::to_string(h.vocabulary) + " differs from the " +
                                      std::to_string(table->rows) + " rows of 'token_embd.weight'"};
  if (table->rows > max_vocabulary) return error{errc::limit, "more than " + std::to_string(max_vocabulary) + " tokens"};
  h.vocabulary = table->rows;
  return h;
}

}  // namespace lingualinked::inline v0
