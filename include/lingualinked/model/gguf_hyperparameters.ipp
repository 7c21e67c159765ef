// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/gguf_hyperparameters.hpp>

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

  [[nodiscard]] std::uint64_t number(const char* key, std::uint64_t min, std::uint64_t max) {
    return keep(metadata_.get_uint(name(key), min, max));
  }
  [[nodiscard]] std::uint64_t number_or(const char* key, std::uint64_t otherwise, std::uint64_t min, std::uint64_t max) {
    return keep(metadata_.get_uint_or(name(key), otherwise, min, max));
  }
  [[nodiscard]] double real(const char* key, double min, double max) { return keep(metadata_.get_float(name(key), min, max)); }
  [[nodiscard]] double real_or(const char* key, double otherwise, double min, double max) {
    return keep(metadata_.get_float_or(name(key), otherwise, min, max));
  }
  [[nodiscard]] std::string text_or(const char* key, std::string otherwise) {
    return keep(metadata_.get_string_or(name(key), std::move(otherwise)));
  }
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

[[nodiscard]] inline result<std::vector<double>> read_rope_divisors(const gguf_file& file, std::size_t rotary) {
  const tensor_info* info = file.find("rope_freqs.weight");
  if (info == nullptr) return std::vector<double>{};
  if (info->type != dtype::f32 || info->rows != 1 || info->columns != rotary / 2)
    return error{errc::malformed, "tensor 'rope_freqs.weight' must be " + std::to_string(rotary / 2) + " f32 numbers"};
  std::vector<std::byte> raw(info->bytes);
  if (auto read = file.read(*info, 0, raw); !read) return read.error();
  byte_reader reader(raw);
  std::vector<double> divisors(rotary / 2);
  for (double& d : divisors) {
    d = static_cast<double>(reader.read<float>());
    if (!std::isfinite(d) || d <= 0)
      return error{errc::malformed, "tensor 'rope_freqs.weight' holds a divisor that is not a positive number"};
  }
  return divisors;
}

}  // namespace detail

LINGUALINKED_DECL result<hyperparameters> hyperparameters_from(const gguf_file& file) {
  detail::architecture_keys keys(file);
  hyperparameters h;
  h.architecture = file.architecture();
  h.rotary_pairs = true;
  h.layers = keys.number("block_count", 1, max_layers);
  h.width = keys.number("embedding_length", 1, max_width);
  h.feed_forward = keys.number("feed_forward_length", 1, max_width);
  h.heads = keys.number("attention.head_count", 1, max_heads);
  h.kv_heads = keys.number_or("attention.head_count_kv", h.heads, 1, max_heads);
  h.context_length = keys.number("context_length", 1, max_context_length);
  h.norm_epsilon = static_cast<float>(keys.real("attention.layer_norm_rms_epsilon", 1e-12, 1.0));
  h.rope_base = keys.real_or("rope.freq_base", 10000.0, 1.0, 1e12);
  h.window = keys.number_or("attention.sliding_window", 0, 0, max_context_length);
  if (keys.failed()) return *keys.verdict();

  h.head_size = keys.number_or("attention.key_length", h.width / h.heads, 1, max_width);
  const std::uint64_t value_size = keys.number_or("attention.value_length", h.head_size, 1, max_width);
  h.rotary = keys.number_or("rope.dimension_count", h.head_size, 2, max_width);
  h.vocabulary = keys.number_or("vocab_size", 0, 0, max_vocabulary);
  const double linear_factor = keys.real_or("rope.scaling.factor", 1.0, 1e-6, 1e6);
  const std::string scaling = keys.text_or("rope.scaling.type", "none");
  static_cast<void>(keys.number_or("rope.scaling.original_context_length", 1, 1, max_context_length));
  if (keys.number_or("expert_count", 0, 0, max_heads) != 0)
    keys.refuse("expert_count", "asks for a mixture of experts, which is not supported", errc::unsupported);
  static_cast<void>(keys.number_or("expert_used_count", 0, 0, max_heads));
  if (h.kv_heads == 0 || h.heads % h.kv_heads != 0)
    keys.refuse("attention.head_count_kv",
                std::to_string(h.kv_heads) + " does not divide the " + std::to_string(h.heads) + " heads");
  if (value_size != h.head_size)
    keys.refuse("attention.value_length", "differs from the key length, which is not supported", errc::unsupported);
  if (h.rotary > h.head_size || h.rotary % 2 != 0)
    keys.refuse("rope.dimension_count",
                std::to_string(h.rotary) + " must be even and at most the head size " + std::to_string(h.head_size));
  if (scaling != "none" && scaling != "linear")
    keys.refuse("rope.scaling.type", "asks for " + printable(scaling) + ", which is not supported", errc::unsupported);
  if (auto mistake = keys.verdict()) return *mistake;

  auto divisors = detail::read_rope_divisors(file, h.rotary);
  if (!divisors) return divisors.error();
  h.rope_divisors = *std::move(divisors);
  if (scaling == "linear") {
    if (h.rope_divisors.empty()) h.rope_divisors.assign(h.rotary / 2, 1.0);
    for (double& d : h.rope_divisors) d *= linear_factor;
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
