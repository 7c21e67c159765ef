// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What Python's strings do, on UTF-8. Lengths and positions count code points; a byte that is not valid UTF-8 counts as one.
namespace lingualinked::inline v0::templates::detail {

[[nodiscard]] LINGUALINKED_DECL std::size_t length_of(std::string_view text) noexcept;
/// Without white space at the chosen ends, or without the characters of `set`.
[[nodiscard]] LINGUALINKED_DECL std::string stripped(std::string_view text, const std::string* set, bool left, bool right);
[[nodiscard]] LINGUALINKED_DECL std::string upper_case(std::string_view text);
/// First character in upper case, the rest in lower case.
[[nodiscard]] LINGUALINKED_DECL std::string capitalized(std::string_view text);
/// str.title(): a letter after something that is no letter in upper case, the other letters in lower case.
[[nodiscard]] LINGUALINKED_DECL std::string title_words(std::string_view text);
/// The filter `title`: words begin after white space and - ( { [ <.
[[nodiscard]] LINGUALINKED_DECL std::string title_filter(std::string_view text);
[[nodiscard]] LINGUALINKED_DECL std::vector<std::string_view> lines_of(std::string_view text);
/// str.split: at a separator, or (null) at runs of white space. most: splits at most, negative for all.
[[nodiscard]] LINGUALINKED_DECL std::vector<std::string_view> split_parts(std::string_view text, const std::string* separator,
                                                                          std::int64_t most);
/// strftime in English; `unknown` is set to the first directive that is not supported.
[[nodiscard]] LINGUALINKED_DECL std::string format_time(std::int64_t local_seconds, std::string_view format,
                                                        std::string& unknown);

}  // namespace lingualinked::inline v0::templates::detail
