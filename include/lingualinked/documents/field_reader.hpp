// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/error.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/json.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Reads fields one after another and keeps the first mistake, so that a document is read like its own description and checked
/// once at the end. After a mistake every read gives an empty value.
class field_reader {
 public:
  [[nodiscard]] bool ok() const noexcept { return !mistake_; }
  [[nodiscard]] const error& mistake() const { return *mistake_; }
  void fail(error what) {
    if (!mistake_) mistake_ = std::move(what);
  }

  template <std::unsigned_integral T>
  [[nodiscard]] T number(const json_field& f, T min = 0, T max = std::numeric_limits<T>::max()) {
    return static_cast<T>(keep(f.get_uint(min, max)));
  }
  [[nodiscard]] double real(const json_field& f, double min, double max = std::numeric_limits<double>::max()) {
    return keep(f.get_float(min, max));
  }
  [[nodiscard]] std::string text(const json_field& f) { return keep(f.get_string()); }
  [[nodiscard]] bool truth(const json_field& f) { return keep(f.get_bool()); }
  [[nodiscard]] std::vector<json_field> items(const json_field& f, std::size_t max_count) { return keep(f.items(max_count)); }
  /// The names of an object's members; none when the field is missing or null.
  [[nodiscard]] std::vector<std::string> names(const json_field& f) {
    return f.present() ? keep(f.names()) : std::vector<std::string>();
  }

  /// Empty when the field is missing or null.
  [[nodiscard]] std::optional<double> real_if(const json_field& f, double min) {
    return f.present() ? std::optional(real(f, min)) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> text_if(const json_field& f) {
    return f.present() ? std::optional(text(f)) : std::nullopt;
  }
  template <std::unsigned_integral T>
  [[nodiscard]] std::optional<T> number_if(const json_field& f, T min = 0, T max = std::numeric_limits<T>::max()) {
    return f.present() ? std::optional(number<T>(f, min, max)) : std::nullopt;
  }

  /// The value, or the first mistake.
  template <class T>
  [[nodiscard]] result<T> verdict(T value) const {
    if (mistake_) return *mistake_;
    return value;
  }

 private:
  template <class T>
  [[nodiscard]] T keep(result<T> r) {
    if (r && ok()) return *std::move(r);
    if (!r) fail(r.error());
    return T{};
  }
  std::optional<error> mistake_;
};

/// The value, or null for "unknown".
template <class T>
[[nodiscard]] nlohmann::ordered_json null_unless_known(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace lingualinked::inline v0::detail
