// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lingualinked::inline v0 {

namespace templates {
struct parsed_template;
}

struct chat_message {
  std::string role;
  std::string content;

  friend bool operator==(const chat_message&, const chat_message&) = default;
};

/// What a template sees besides the messages.
struct chat_options {
  std::string bos_token;
  std::string eos_token;
  bool add_generation_prompt = true;
  /// What strftime_now tells: seconds since 1970-01-01 00:00 of the user's own clock, time zone included. Without it a template
  /// that asks for the time is refused, because the library reads no clock by itself.
  std::optional<std::int64_t> local_seconds;
};

/// A chat template in the part of the Jinja language that model files use, as their own tools render them: trim_blocks and
/// lstrip_blocks on, one final newline dropped, loop controls, a tojson that keeps UTF-8 and does not escape HTML. Lists and
/// dicts cannot be changed in place. Whatever lies outside that part is refused by name and line. Templates are hostile until
/// proved otherwise: parsing and rendering stay within the limits below. Thread-safe when const.
class chat_template {
 public:
  static constexpr std::size_t source_bytes_max = std::size_t{1} << 20;
  static constexpr std::size_t nesting_max = 128;           // of the syntax tree
  static constexpr std::size_t evaluation_depth_max = 512;  // across macro calls
  static constexpr std::size_t value_depth_max = 64;        // of lists inside lists
  static constexpr std::size_t range_items_max = 100'000;
  static constexpr std::uint64_t steps_max = 4'000'000;                      // evaluated nodes and visited elements
  static constexpr std::uint64_t work_bytes_max = std::uint64_t{512} << 20;  // text copied or searched on the way
  static constexpr std::size_t output_bytes_max = std::size_t{4} << 20;

  /// Errors    errc::malformed (a syntax error), errc::unsupported (a statement outside the subset), errc::limit; with the line
  [[nodiscard]] static result<chat_template> parse(std::string_view source);

  /// The prompt for these messages.
  /// Errors    errc::unsupported (the template raised an exception: its own message; or a filter, test, method or function
  ///           outside the subset), errc::malformed (an operation that makes no sense for its operands), errc::limit
  [[nodiscard]] result<std::string> render(std::span<const chat_message> messages, const chat_options& options) const;

 private:
  explicit chat_template(std::shared_ptr<const templates::parsed_template> parsed) : parsed_(std::move(parsed)) {}
  std::shared_ptr<const templates::parsed_template> parsed_;
};

}  // namespace lingualinked::inline v0
