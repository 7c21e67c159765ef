// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Types of a metadata value, with the codes that GGUF gives them.
enum class gguf_type : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};
[[nodiscard]] LINGUALINKED_DECL std::string_view name_of(gguf_type type) noexcept;

/// One value of a GGUF header, kept as the file wrote it: little-endian bytes, and for strings their texts one after the other
/// with where each ends. So a header never takes more memory than it takes in the file, whatever it claims to hold.
struct metadata_value {
  gguf_type type = gguf_type::u8;  // of an array: of its elements
  bool is_array = false;
  std::uint64_t count = 1;        // elements of an array
  std::uint64_t file_offset = 0;  // of the value
  std::vector<std::byte> data;
  std::vector<std::uint64_t> string_ends;  // of strings only

  /// Requires  type is string and i < count
  [[nodiscard]] std::string_view text(std::uint64_t i = 0) const noexcept {
    const auto begin = i == 0 ? 0 : string_ends[static_cast<std::size_t>(i - 1)];
    const auto end = string_ends[static_cast<std::size_t>(i)];
    return {reinterpret_cast<const char*>(data.data()) + begin, static_cast<std::size_t>(end - begin)};
  }
  [[nodiscard]] bool is_integer() const noexcept {
    return type != gguf_type::f32 && type != gguf_type::f64 && type != gguf_type::boolean && type != gguf_type::string;
  }
  /// Element i as a number; an integer below zero comes back with `negative` set and its magnitude.
  /// Requires  is_integer() or a boolean, and i < count
  struct integer {
    std::uint64_t magnitude = 0;
    bool negative = false;
  };
  [[nodiscard]] LINGUALINKED_DECL integer as_integer(std::uint64_t i = 0) const noexcept;
  /// Requires  type is f32 or f64, and i < count
  [[nodiscard]] LINGUALINKED_DECL double as_float(std::uint64_t i = 0) const noexcept;
};

/// For people: numbers as they are, texts in quotes, arrays as type, length and first elements, cut at about `longest` bytes.
[[nodiscard]] LINGUALINKED_DECL std::string describe(const metadata_value& value, std::size_t longest = 80);

struct metadata_entry {
  std::string key;
  metadata_value value;
};

/// The key-value pairs of a GGUF header. Getters check presence, type and range; every complaint names key and byte offset.
/// Those that end in _or give `otherwise` when the key is absent, and still refuse one that is there and wrong.
/// Errors    malformed, limit (an array of more than max_elements)
class gguf_metadata {
 public:
  /// Longest array that a getter copies: 20 times the largest vocabulary in use, at most 64 MiB of views.
  static constexpr std::uint64_t max_elements = std::uint64_t{1} << 22;

  gguf_metadata() = default;
  /// Errors    malformed (a key stands twice)
  [[nodiscard]] LINGUALINKED_DECL static result<gguf_metadata> make(std::vector<metadata_entry> entries);

  /// All pairs, in the order of the file.
  [[nodiscard]] std::span<const metadata_entry> all() const noexcept { return entries_; }
  [[nodiscard]] LINGUALINKED_DECL const metadata_value* find(std::string_view key) const noexcept;
  [[nodiscard]] bool has(std::string_view key) const noexcept { return find(key) != nullptr; }

  [[nodiscard]] LINGUALINKED_DECL result<std::uint64_t> get_uint(
      std::string_view key, std::uint64_t min = 0, std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) const;
  /// Finite. An integer is not taken for a float.
  [[nodiscard]] LINGUALINKED_DECL result<double> get_float(std::string_view key,
                                                           double min = std::numeric_limits<double>::lowest(),
                                                           double max = std::numeric_limits<double>::max()) const;
  [[nodiscard]] LINGUALINKED_DECL result<bool> get_bool(std::string_view key) const;
  [[nodiscard]] LINGUALINKED_DECL result<std::string> get_string(std::string_view key) const;

  [[nodiscard]] LINGUALINKED_DECL result<std::uint64_t> get_uint_or(
      std::string_view key, std::uint64_t otherwise, std::uint64_t min = 0,
      std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) const;
  [[nodiscard]] LINGUALINKED_DECL result<double> get_float_or(std::string_view key, double otherwise,
                                                              double min = std::numeric_limits<double>::lowest(),
                                                              double max = std::numeric_limits<double>::max()) const;
  [[nodiscard]] LINGUALINKED_DECL result<bool> get_bool_or(std::string_view key, bool otherwise) const;
  [[nodiscard]] LINGUALINKED_DECL result<std::string> get_string_or(std::string_view key, std::string otherwise) const;

  /// An array of strings; the views live as long as this object. Cost  16 bytes per element.
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<std::string_view>> get_strings(std::string_view key) const;
  /// An array of integers of any width, each in min .. max.
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<std::int64_t>> get_ints(
      std::string_view key, std::int64_t min = std::numeric_limits<std::int64_t>::min(),
      std::int64_t max = std::numeric_limits<std::int64_t>::max()) const;
  /// An array of finite floats.
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<float>> get_floats(std::string_view key) const;
  [[nodiscard]] LINGUALINKED_DECL result<std::vector<bool>> get_bools(std::string_view key) const;

  /// An error about a key, for checks of the caller's own: "metadata 'KEY' at byte N: WHAT".
  [[nodiscard]] LINGUALINKED_DECL error complaint(std::string_view key, std::string_view what) const;

 private:
  [[nodiscard]] LINGUALINKED_DECL result<const metadata_value*> require(std::string_view key, bool array,
                                                                        std::string_view expected) const;

  std::vector<metadata_entry> entries_;
  std::vector<std::uint32_t> by_key_;  // indices of entries_, ascending by key
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/formats/gguf_metadata.ipp>
#endif
