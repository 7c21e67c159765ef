// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/checked.hpp>
#include <lingualinked/core/config.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/core/result.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace lingualinked::inline v0 {

/// Limits of an instance. Whatever is larger is refused by name before anything is allocated for it.
namespace placement_limits {
inline constexpr std::size_t modules = 4096;
inline constexpr std::size_t devices = 1024;
inline constexpr std::size_t edges = 65536;
inline constexpr std::size_t chunks = 16;
inline constexpr std::uint32_t chunk_tokens = 65536;
inline constexpr double joules = 1e15;   // and watts
inline constexpr double seconds = 1e15;  // for one module, one link or a sum; beyond it doubles lose the small terms
}  // namespace placement_limits

/// What a module keeps resident: weight_bytes + kv_bytes_per_token * context_tokens * sequences.
[[nodiscard]] inline checked_size resident_bytes(const placement_instance& instance, std::size_t module) noexcept {
  const auto& m = instance.modules[module];
  return checked_size{m.weight_bytes} +
         checked_size{m.kv_bytes_per_token} * checked_size{instance.context_tokens} * checked_size{instance.sequences};
}

namespace detail {

inline error malformed_field(const std::string& field, const std::string& what) {
  return error{errc::malformed, field + " " + what};
}

/// A number for people: short, six digits at most.
inline std::string number_text(double value) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.6g", value);
  return std::string(text.data(), static_cast<std::size_t>(std::max(length, 0)));
}

inline std::string indexed(const char* list, std::size_t i, const char* field) {
  return std::string(list) + "[" + std::to_string(i) + "]" + (*field != '\0' ? "." : "") + field;
}

/// Empty when `value` is a time or a rate that can be computed with; else what is wrong with it.
std::string number_fault(double value, double limit);

/// Whether any device has a battery that must last for a request.
[[nodiscard]] inline bool has_batteries(const placement_instance& instance) {
  return instance.generate_tokens > 0 && std::any_of(instance.devices.begin(), instance.devices.end(),
                                                     [](const auto& d) { return d.battery_joules.has_value(); });
}

}  // namespace detail

/// Whether an instance makes sense: every number finite and not negative, names of devices and pairs of links given once,
/// lists as long as they must be, edges forward, no sum beyond 64 bits.
/// Errors    malformed naming the field, or limit
/// Cost      linear in the size of the instance
[[nodiscard]] result<void> validate_instance(const placement_instance& instance);

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/partition/validate.ipp>
#endif
