// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// How much JSON is accepted from anybody; what lies above is refused before it costs memory.
struct json_limits {
  std::size_t max_bytes = std::size_t{8} << 20;
  std::size_t max_depth = 64;  // the document itself has depth 1 when it is an array or an object
  std::size_t max_values = std::size_t{1} << 20;
};

/// Reads one JSON document and nothing after it. Duplicate keys are refused, because readers disagree on which one counts.
/// Errors    malformed (syntax, UTF-8, duplicate key, number out of range; with the byte offset), limit (size, depth, values)
/// Cost      linear; besides its text a value takes 16 bytes and a member of an object about 100
[[nodiscard]] LINGUALINKED_DECL result<nlohmann::json> parse_json(std::string_view text, const json_limits& limits = {});

/// A place inside a JSON document that knows its own path, so that every complaint names the field:
/// "devices[3].memory_bytes: ...". Steps never fail: a missing member gives a field that is absent, and null is the same as
/// absent. Getters check type and range; an integer must be written as one (no 1.9, no -1 read as 2^64-1).
/// Requires  the document outlives the field
/// Errors    malformed, always with the path
class json_field {
 public:
  explicit json_field(const nlohmann::json& document, std::string path = {}) : value_(&document), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Neither missing nor null.
  [[nodiscard]] bool present() const noexcept { return value_ != nullptr && !value_->is_null(); }
  [[nodiscard]] bool is_object() const noexcept { return value_ != nullptr && value_->is_object(); }
  [[nodiscard]] bool is_array() const noexcept { return value_ != nullptr && value_->is_array(); }
  [[nodiscard]] bool is_string() const noexcept { return value_ != nullptr && value_->is_string(); }
  [[nodiscard]] bool is_number() const noexcept { return value_ != nullptr && value_->is_number(); }
  [[nodiscard]] bool is_boolean() const noexcept { return value_ != nullptr && value_->is_boolean(); }

  /// The member `name`.
  [[nodiscard]] LINGUALINKED_DECL json_field member(std::string_view name) const;
  /// Fails unless this is an object.
  [[nodiscard]] LINGUALINKED_DECL result<void> require_object() const;
  /// The elements of an array, at most `max_count` of them.
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<json_field>> items(
      std::size_t max_count = std::numeric_limits<std::size_t>::max()) const;
  /// The names of an object's members, in ascending byte order.
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<std::string>> names() const;

  [[nodiscard]] LINGUALINKED_DECL result<std::uint64_t> get_uint(
      std::uint64_t min = 0, std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) const;
  [[nodiscard]] LINGUALINKED_DECL result<std::int64_t> get_int(std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                                               std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  /// A finite number, written as integer or not.
  [[nodiscard]] LINGUALINKED_DECL result<double> get_float(double min = std::numeric_limits<double>::lowest(),
                                                           double max = std::numeric_limits<double>::max()) const;
  [[nodiscard]] LINGUALINKED_DECL result<bool> get_bool() const;
  [[nodiscard]] LINGUALINKED_DECL result<std::string> get_string() const;

  /// An error that carries this field's path, for checks of the caller's own.
  [[nodiscard]] LINGUALINKED_DECL error complaint(std::string_view what) const;

 private:
  json_field(const nlohmann::json* value, std::string path, bool orphan)
      : value_(value), path_(std::move(path)), orphan_(orphan) {}
  [[nodiscard]] LINGUALINKED_DECL error mismatch(std::string_view expected) const;

  const nlohmann::json* value_;  // null when missing
  std::string path_;
  bool orphan_ = false;  // missing because what should hold it is no object
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/formats/json.ipp>
#endif
