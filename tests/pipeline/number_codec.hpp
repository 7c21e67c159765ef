// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/control.hpp>
#include <lingualinked/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <span>
#include <vector>

namespace fake {

/// A control codec for threads of one process: the bytes are a number, the message waits under it.
struct number_codec {
  static std::vector<std::byte> encode(const lingualinked::control::message& m) {
    const std::lock_guard lock(mutex());
    const std::uint64_t number = store().size() + 1;
    store()[number] = m;
    std::vector<std::byte> bytes(sizeof number);
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
  }
  static lingualinked::result<lingualinked::control::message> decode(std::span<const std::byte> bytes) {
    const std::lock_guard lock(mutex());
    std::uint64_t number = 0;
    if (bytes.size() == sizeof number) std::memcpy(&number, bytes.data(), sizeof number);
    if (!store().contains(number)) return lingualinked::error{lingualinked::errc::malformed, "not a message of this process"};
    return store()[number];
  }

 private:
  static std::mutex& mutex() {
    static std::mutex m;
    return m;
  }
  static std::map<std::uint64_t, lingualinked::control::message>& store() {
    static std::map<std::uint64_t, lingualinked::control::message> s;
    return s;
  }
};

}  // namespace fake
