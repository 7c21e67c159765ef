// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>

#include <nlohmann/json.hpp>

#include <string_view>

namespace lingualinked::inline v0 {

[[nodiscard]] nlohmann::ordered_json to_json(const placement_instance& instance);

/// Reads a planning problem in plain numbers (README.md, "JSON"). What is read has the right form; that its numbers make a
/// problem is checked by the solvers (partition/validate.hpp), and here already as far as a field can be named.
/// Errors    malformed, naming the field; limit
[[nodiscard]] result<placement_instance> read_instance(std::string_view text);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/documents/instance.ipp>
#endif
