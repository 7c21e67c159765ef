// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"

#include <lingualinked/core/sequence.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace tool {

/// "1,2,3" or "[1,2,3]". Errors: malformed.
[[nodiscard]] ll::result<std::vector<ll::token_id>> parse_ids(const std::string& text);
/// A file with a JSON array of token ids.
[[nodiscard]] ll::result<std::vector<ll::token_id>> read_ids(const std::string& path);
/// Refuses ids outside a vocabulary.
[[nodiscard]] ll::result<void> check_ids(const std::vector<ll::token_id>& ids, std::size_t vocabulary);
/// A file with a JSON array of strings.
[[nodiscard]] ll::result<std::vector<std::string>> read_texts(const std::string& path);

}  // namespace tool
