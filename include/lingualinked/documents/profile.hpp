// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/profile.hpp>
#include <lingualinked/core/result.hpp>

#include <nlohmann/json.hpp>

#include <string_view>

namespace lingualinked::inline v0 {

[[nodiscard]] nlohmann::ordered_json to_json(const device_profile& profile);

/// Reads one profile, as a fleet file holds it under a device's `profiles`.
/// Errors    malformed, naming the field: a number that is negative or makes no sense, a list out of order or beyond
///           profile_limits; limit (size)
[[nodiscard]] result<device_profile> read_profile(std::string_view text);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/documents/profile.ipp>
#endif
