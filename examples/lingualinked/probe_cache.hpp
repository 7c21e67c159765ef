// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/device.hpp>
#include <lingualinked/probe/measure.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace tool {

namespace ll = lingualinked;

/// Read at once to tell what memory gives: more than caches hold.
inline constexpr std::uint64_t bandwidth_bytes = std::uint64_t{128} << 20;

[[nodiscard]] std::string host_name();
/// Version and digest of this program: another build measures anew.
[[nodiscard]] const std::string& build_name();

/// Where a measurement is kept: one file for each model, machine, build and way of measuring.
[[nodiscard]] std::string profile_cache_path(const std::string& model_fingerprint, const ll::measure_options& how, bool quick);
/// Empty when there is none, or none that can be read.
[[nodiscard]] std::optional<ll::device> read_cached_device(const std::string& path);
/// Does nothing where the folder cannot be written: the cache only saves time.
void write_cached_device(const std::string& path, const ll::device& d);

}  // namespace tool
