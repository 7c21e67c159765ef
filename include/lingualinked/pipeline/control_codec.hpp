// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/control.hpp>
#include <lingualinked/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace lingualinked::inline v0 {

/// Writes control messages as bytes and reads them back.
/// Meaning   decode(encode(m)) equals m. decode takes any bytes: an error, never a crash, for what encode would not write.
/// Models    json_control_codec
template <class C>
concept ControlCodec = requires(const control::message& m, std::span<const std::byte> bytes) {
  { C::encode(m) } -> std::same_as<std::vector<std::byte>>;
  { C::decode(bytes) } -> std::same_as<result<control::message>>;
};

}  // namespace lingualinked::inline v0
