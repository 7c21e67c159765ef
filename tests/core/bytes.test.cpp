// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/core/bytes.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace ll = lingualinked;

TEST_SUITE("core/bytes") {
  TEST_CASE("numbers are little-endian, whatever the machine") {
    const auto bytes = ll::bytes_of(std::string_view("\x01\x02\x03\x04\xff\xff\x00\x00\x80\x3f\x88", 11));
    ll::byte_reader reader(bytes);
    CHECK(reader.read<std::uint32_t>() == 0x04030201U);
    CHECK(reader.read<std::int16_t>() == -1);
    CHECK(reader.read<float>() == 1.0F);
    CHECK(reader.read<std::uint8_t>() == 0x88);
    CHECK(reader.ok());
    CHECK(reader.remaining() == 0);
  }

  TEST_CASE("the first read past the end poisons all later ones") {
    const auto bytes = ll::bytes_of("abcde");
    ll::byte_reader reader(bytes);
    CHECK(reader.read<std::uint32_t>() != 0);
    CHECK(reader.read<std::uint16_t>() == 0);
    CHECK_FALSE(reader.ok());
    CHECK(reader.read<std::uint8_t>() == 0);
    CHECK(reader.take(0).empty());
    CHECK_FALSE(reader.ok());
    CHECK(reader.offset() == 4);
  }

  TEST_CASE("a count of any size cannot leave the bytes") {
    const auto bytes = ll::bytes_of("abcde");
    for (const std::uint64_t count : {std::uint64_t{6}, std::uint64_t{1} << 32, std::numeric_limits<std::uint64_t>::max()}) {
      ll::byte_reader reader(bytes);
      CHECK(reader.take(1).size() == 1);
      CHECK(reader.take(count).empty());
      CHECK_FALSE(reader.ok());
    }
    ll::byte_reader reader(bytes);
    CHECK(reader.take(5).data() == bytes.data());
    CHECK(reader.ok());
  }

  TEST_CASE("what is stored is read back") {
    std::array<std::byte, 8> raw{};
    const auto survives = [&](auto value) {
      ll::store_little_endian(raw.data(), value);
      return ll::byte_reader(raw).read<decltype(value)>() == value;
    };
    CHECK(survives(std::uint8_t{200}));
    CHECK(survives(std::int16_t{-30'000}));
    CHECK(survives(0x0102030405060708U));
    CHECK(survives(-1.25e300));
    CHECK(survives(std::int64_t{-5}));
    ll::store_little_endian(raw.data(), std::uint32_t{0x0A0B0C0D});
    CHECK(raw[0] == std::byte{0x0D});
    CHECK(raw[3] == std::byte{0x0A});
  }

  TEST_CASE("the bytes of a text are the text") {
    const std::string_view text("a\0b", 3);
    CHECK(ll::bytes_of(text).size() == 3);
    CHECK(ll::bytes_of(text)[2] == std::byte{'b'});
    CHECK(ll::bytes_of("").empty());
  }
}
