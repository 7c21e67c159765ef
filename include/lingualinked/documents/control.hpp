// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/result.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace lingualinked::inline v0 {

/// Limits of one control message; what lies above is refused before it costs memory.
namespace control_limits {
inline constexpr std::size_t bytes = std::size_t{8} << 20;
inline constexpr std::size_t stages = 256;
inline constexpr std::size_t transmissions = 65'536;
inline constexpr std::size_t prompt_tokens = std::size_t{1} << 20;
inline constexpr std::size_t end_tokens = 1024;
inline constexpr double surprise_bits = 1e40;                    // mirostat's tau is a float
inline constexpr std::size_t values = 2 * prompt_tokens + 8192;  // of any kind, in the whole message
inline constexpr std::size_t text_bytes = 4096;                  // of one text: an endpoint, a message
}  // namespace control_limits

/// Control messages as JSON: {"kind": "open", ...}. Models ControlCodec. 64-bit numbers are exact; texts that are not UTF-8 are
/// mended.
struct json_control_codec {
  [[nodiscard]] static std::vector<std::byte> encode(const control::message& what);
  /// Errors    malformed, naming the field; limit
  [[nodiscard]] static result<control::message> decode(std::span<const std::byte> bytes);
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/documents/control.ipp>
#endif
