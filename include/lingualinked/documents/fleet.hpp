// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/device.hpp>
#include <lingualinked/core/result.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string_view>

namespace lingualinked::inline v0 {

/// Devices that a fleet file may list.
inline constexpr std::size_t max_fleet_devices = 65'536;
/// Size of a fleet file.
inline constexpr std::size_t max_fleet_bytes = std::size_t{64} << 20;

[[nodiscard]] nlohmann::ordered_json to_json(const fleet& machines);

/// Reads a fleet file (README.md, "JSON"). Missing is the same as null; unknown fields are left alone.
/// Errors    malformed, naming the field: a name twice or unknown, a number that is negative or makes no sense; limit
[[nodiscard]] result<fleet> read_fleet(std::string_view text);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/documents/fleet.ipp>
#endif
