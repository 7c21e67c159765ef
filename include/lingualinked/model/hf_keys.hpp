// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/error.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/hf_config.hpp>
#include <lingualinked/graph/operation.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Reads the fields of a config.json for one model family. It remembers which fields were read and keeps the first mistake, so
/// that a family reads like a list of its settings and asks for the error once, at the end. After a mistake values are zeros.
class hf_keys {
 public:
  using names = hf_config::names;
  explicit hf_keys(const hf_config& config) : config_(config) {}

  [[nodiscard]] std::size_t number(names aliases, std::size_t min, std::size_t max) {
    return keep(aliases, config_.get_uint(aliases, min, max));
  }
  [[nodiscard]] std::size_t number_or(names aliases, std::size_t otherwise, std::size_t min, std::size_t max) {
    return keep(aliases, config_.get_uint_or(aliases, otherwise, min, max));
  }
  [[nodiscard]] double real_or(names aliases, double otherwise, double min, double max) {
    return keep(aliases, config_.get_float_or(aliases, otherwise, min, max));
  }
  [[nodiscard]] bool flag_or(names aliases, bool otherwise) { return keep(aliases, config_.get_bool_or(aliases, otherwise)); }
  [[nodiscard]] std::string text_or(names aliases, std::string otherwise) {
    return keep(aliases, config_.get_string_or(aliases, std::move(otherwise)));
  }
  [[nodiscard]] std::vector<std::string> texts(names aliases, std::size_t max_count) {
    return keep(aliases, config_.get_strings(aliases, max_count));
  }
  /// Numbers of tokens or of layers; empty when absent.
  [[nodiscard]] std::vector<std::uint64_t> ids(std::string_view name, std::uint64_t max_id) {
    return keep({name}, config_.get_ids({name}, max_id));
  }
  /// An activation by the name that configs give it.
  [[nodiscard]] LINGUALINKED_DECL activation_kind activation_or(names aliases, std::string_view otherwise);
  [[nodiscard]] LINGUALINKED_DECL rope_parameters rope(std::string_view layer_type, double usual_theta);

  /// A switch that must stand as this library computes it, where it stands at all.
  LINGUALINKED_DECL void must_be(std::string_view name, bool value);
  /// A field that may stand there and changes nothing for this family.
  void ignore(names aliases) { read_.insert(aliases.begin(), aliases.end()); }
  LINGUALINKED_DECL void refuse(std::string_view name, const std::string& what, errc code = errc::malformed);
  void refuse(error what) {
    if (!mistake_) mistake_ = std::move(what);
  }
  [[nodiscard]] bool failed() const noexcept { return mistake_.has_value(); }
  [[nodiscard]] const hf_config& config() const noexcept { return config_; }

  /// The first mistake, or a field that nobody read and that is not known to change nothing.
  [[nodiscard]] LINGUALINKED_DECL std::optional<error> verdict();

 private:
  template <class T>
  T keep(names aliases, result<T> r) {
    ignore(aliases);
    if (r) return *std::move(r);
    refuse(r.error());
    return T{};
  }

  const hf_config& config_;
  std::set<std::string, std::less<>> read_;
  std::optional<error> mistake_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_keys.ipp>
#endif
