// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/tensor/storage.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ll = lingualinked;

TEST_SUITE("tensor/storage") {
  TEST_CASE("memory is zero, aligned to a cache line and of the size asked for") {
    for (const std::size_t bytes : {0U, 1U, 63U, 64U, 65U, 100'000U, 4'194'303U, 4'194'304U, 5'000'001U}) {
      CAPTURE(bytes);
      const ll::storage memory(bytes);
      CHECK(memory.size() == bytes);
      CHECK(reinterpret_cast<std::uintptr_t>(memory.data()) % ll::storage::alignment_bytes == 0);
      CHECK(std::all_of(memory.data(), memory.data() + bytes, [](std::byte b) { return b == std::byte{0}; }));
    }
  }

  TEST_CASE("bytes are seen as numbers, whole ones only") {
    ll::storage memory(14);
    CHECK(memory.as<float>().size() == 3);
    memory.as<std::uint16_t>()[6] = 7;
    CHECK(std::as_const(memory).as<std::uint16_t>()[6] == 7);
    ll::storage moved = std::move(memory);
    CHECK(moved.as<std::uint16_t>()[6] == 7);
  }
}
