// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/transport/frame.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;

namespace {

struct sample {
  ll::frame_header header;
  std::vector<std::byte> payload;
};

std::vector<std::byte> random_bytes(std::size_t count, std::mt19937_64& generator) {
  std::vector<std::byte> bytes(count);
  for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
  return bytes;
}

/// A valid frame of any kind.
sample random_frame(std::mt19937_64& generator) {
  sample s;
  s.header.kind = static_cast<ll::frame_kind>(1 + generator() % 4);
  s.header.dtype = static_cast<std::uint8_t>(generator() % 3);
  s.header.epoch = static_cast<std::uint32_t>(generator());
  s.header.tensor = static_cast<std::uint32_t>(generator());
  s.header.request = generator();
  s.header.step = static_cast<std::uint32_t>(generator());
  s.header.stage_nanoseconds = generator();
  if (s.header.kind == ll::frame_kind::control) {
    s.payload = random_bytes(generator() % 300, generator);
  } else {
    std::vector<ll::segment> segments(generator() % 5);
    for (ll::segment& g : segments) {
      g = {generator(), static_cast<std::uint32_t>(generator() % 5000), static_cast<std::uint32_t>(1 + generator() % 7)};
      s.header.rows += g.tokens;
    }
    s.header.segments = static_cast<std::uint32_t>(segments.size());
    s.header.width = static_cast<std::uint32_t>(generator() % 40);
    s.header.payload_bytes = ll::expected_payload_bytes(s.header).value();
    s.payload = random_bytes(s.header.payload_bytes, generator);
    ll::store_segments(segments, s.payload);
  }
  s.header.payload_bytes = s.payload.size();
  return s;
}

/// Two sequences, five rows of three floats.
sample activation_frame() {
  sample s;
  s.header.kind = ll::frame_kind::activation;
  s.header.rows = 5;
  s.header.width = 3;
  s.header.segments = 2;
  s.payload.resize(2 * 16 + 5 * 3 * 4);
  const ll::segment segments[] = {{7, 10, 4}, {8, 0, 1}};
  ll::store_segments(segments, s.payload);
  s.header.payload_bytes = s.payload.size();
  return s;
}

template <class T>
void put(ll::frame_header_wire& wire, std::size_t offset, T value) {
  ll::store_little_endian(wire.data() + offset, value);
}

}  // namespace

TEST_SUITE("transport/frame") {
  TEST_CASE("the layout is fixed to the byte") {
    ll::frame_header header{
        ll::frame_kind::logits, 0, 0x01020304, 0x05060708, 0x1112131415161718, 0x21222324, 0x31323334, 0x41424344, 0x51525354, 0,
        0x6162636465666768};
    const std::vector<std::byte> payload(3, std::byte{9});
    const ll::frame_header_wire wire = ll::encode_header(header, payload);
    const unsigned char expected[56] = {'L',  'L',  'N',  'K',  1,    0,    4,    0,    0x04, 0x03, 0x02, 0x01, 0x08, 0x07,
                                        0x06, 0x05, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x24, 0x23, 0x22, 0x21,
                                        0x34, 0x33, 0x32, 0x31, 0x44, 0x43, 0x42, 0x41, 0x54, 0x53, 0x52, 0x51, 3,    0,
                                        0,    0,    0,    0,    0,    0,    0x68, 0x67, 0x66, 0x65, 0x64, 0x63, 0x62, 0x61};
    CHECK(std::memcmp(wire.data(), expected, sizeof(expected)) == 0);
    ll::byte_reader hash{std::span(wire).subspan(56)};
    CHECK(hash.read<std::uint64_t>() == ll::xxh3_64(payload, ll::xxh3_64(std::span(wire).first(56))));
  }

  TEST_CASE("what was encoded is decoded, for random frames of every kind") {
    std::mt19937_64 generator(11);
    for (int i = 0; i < 2000; ++i) {
      CAPTURE(i);
      const sample s = random_frame(generator);
      const ll::frame_header_wire wire = ll::encode_header(s.header, s.payload);
      const auto header = ll::decode_header(wire);
      REQUIRE(header.has_value());
      REQUIRE(*header == s.header);
      REQUIRE(ll::check_payload(*header, wire, s.payload).has_value());
    }
  }

  TEST_CASE("any changed bit of header or payload is noticed") {
    std::mt19937_64 generator(12);
    for (int i = 0; i < 20; ++i) {
      CAPTURE(i);
      sample s = random_frame(generator);
      ll::frame_header_wire wire = ll::encode_header(s.header, s.payload);
      const auto accepted = [&] {
        const auto header = ll::decode_header(wire);
        return header && ll::check_payload(*header, wire, s.payload);
      };
      REQUIRE(accepted());
      for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
        CAPTURE(bit);
        wire[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        REQUIRE_FALSE(accepted());
        wire[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      }
      for (std::size_t bit = 0; bit < s.payload.size() * 8; bit += 5) {
        s.payload[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        REQUIRE_FALSE(accepted());
        s.payload[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      }
    }
  }

  TEST_CASE("random headers are refused without harm") {
    std::mt19937_64 generator(13);
    for (int i = 0; i < 20000; ++i) {
      auto bytes = random_bytes(64, generator);
      if (i % 2 == 1) {  // far enough in to reach the size arithmetic
        const auto start = ll::encode_header({}, {});
        std::copy_n(start.begin(), 6, bytes.begin());
        bytes[6] = static_cast<std::byte>(1 + generator() % 4);
        bytes[7] = static_cast<std::byte>(generator() % 16);
      }
      const auto header = ll::decode_header(bytes);
      if (header) CHECK(header->payload_bytes <= ll::max_payload_bytes);
    }
  }

  TEST_CASE("a header that lies is refused by name") {
    const sample s = activation_frame();
    struct row {
      std::string_view what;
      std::function<void(ll::frame_header_wire&)> damage;
      ll::errc code;
      std::string_view says;
    };
    const row rows[] = {
        {"magic", [](auto& w) { put(w, 0, std::uint32_t{0x12345678}); }, ll::errc::malformed, "LLNK"},
        {"future version", [](auto& w) { put(w, 4, std::uint16_t{2}); }, ll::errc::unsupported, "version 2"},
        {"version zero", [](auto& w) { put(w, 4, std::uint16_t{0}); }, ll::errc::unsupported, "version 0"},
        {"kind zero", [](auto& w) { put(w, 6, std::uint8_t{0}); }, ll::errc::malformed, "kind 0"},
        {"kind unknown", [](auto& w) { put(w, 6, std::uint8_t{5}); }, ll::errc::malformed, "kind 5"},
        {"dtype unknown", [](auto& w) { put(w, 7, std::uint8_t{200}); }, ll::errc::malformed, "dtype 200"},
        {"dtype in blocks", [](auto& w) { put(w, 7, std::uint8_t{5}); }, ll::errc::malformed, "q4_1"},
        {"too many rows", [](auto& w) { put(w, 28, std::uint32_t{6}); }, ll::errc::malformed, "104"},
        {"product beyond the limit", [](auto& w) { put(w, 28, ~std::uint32_t{0}), put(w, 32, ~std::uint32_t{0}); },
         ll::errc::limit, "more than 2^64"},
        {"product wraps in 32 bits", [](auto& w) { put(w, 28, std::uint32_t{1} << 31), put(w, 32, std::uint32_t{2}); },
         ll::errc::limit, "limit"},
        {"segments beyond the limit", [](auto& w) { put(w, 36, std::uint32_t{65537}); }, ll::errc::limit, "65537"},
        {"payload bytes", [](auto& w) { put(w, 40, std::uint64_t{91}); }, ll::errc::malformed, "91"},
        {"payload bytes at 2^64-1", [](auto& w) { put(w, 40, ~std::uint64_t{0}); }, ll::errc::malformed, "18446744073709551615"},
    };
    for (const row& r : rows) {
      CAPTURE(r.what);
      ll::frame_header_wire wire = ll::encode_header(s.header, s.payload);
      r.damage(wire);
      const auto header = ll::decode_header(wire);
      REQUIRE_FALSE(header.has_value());
      CHECK(header.error().code == r.code);
      CAPTURE(header.error().message);
      CHECK(header.error().message.find(r.says) != std::string::npos);
    }
  }

  TEST_CASE("a header of any other length than 64 is refused") {
    const sample s = activation_frame();
    const ll::frame_header_wire wire = ll::encode_header(s.header, s.payload);
    std::vector<std::byte> longer(wire.begin(), wire.end());
    longer.push_back(std::byte{0});
    CHECK(ll::decode_header(longer).error().code == ll::errc::malformed);
    for (std::size_t length = 0; length < 64; ++length) {
      CHECK(ll::decode_header(std::span(wire).first(length)).error().code == ll::errc::malformed);
      CHECK(ll::check_payload(s.header, std::span(wire).first(length), s.payload).error().code == ll::errc::malformed);
    }
  }

  TEST_CASE("a payload of another length is refused") {
    const sample s = activation_frame();
    const ll::frame_header_wire wire = ll::encode_header(s.header, s.payload);
    CHECK_FALSE(ll::check_payload(s.header, wire, std::span(s.payload).first(s.payload.size() - 1)).has_value());
    CHECK_FALSE(ll::check_payload(s.header, wire, {}).has_value());
  }

  TEST_CASE("segments must be filled, end before 2^32 and add up to the rows") {
    sample s = activation_frame();
    const auto with = [&](ll::segment first, ll::segment second) {
      const ll::segment segments[] = {first, second};
      ll::store_segments(segments, s.payload);
      return ll::check_frame(s.header, s.payload).has_value();
    };
    CHECK(with({7, 10, 4}, {8, 0, 1}));
    CHECK(with({7, 0xFFFFFFFAU, 4}, {8, 0, 1}));
    CHECK_FALSE(with({7, 10, 5}, {8, 0, 0}));
    CHECK_FALSE(with({7, 10, 4}, {8, 0, 2}));
    CHECK_FALSE(with({7, 10, 0xFFFFFFFFU}, {8, 0, 6}));
    CHECK_FALSE(with({7, 0xFFFFFFFCU, 4}, {8, 0, 1}));
  }

  TEST_CASE("the limits themselves are allowed, one more is not") {
    ll::frame_header control;
    control.payload_bytes = ll::max_control_bytes;
    CHECK(ll::expected_payload_bytes(control).has_value());
    ++control.payload_bytes;
    CHECK(ll::expected_payload_bytes(control).error().code == ll::errc::limit);
    ll::frame_header rows;
    rows.kind = ll::frame_kind::activation;
    rows.rows = 4096;
    rows.width = 4096;
    CHECK(ll::expected_payload_bytes(rows).value() == ll::max_payload_bytes);
    rows.rows = 4097;
    CHECK(ll::expected_payload_bytes(rows).error().code == ll::errc::limit);
    rows.segments = 1;
    rows.rows = 4096;
    CHECK(ll::expected_payload_bytes(rows).error().code == ll::errc::limit);
  }

  TEST_CASE("segments and tokens are read back as written") {
    const ll::segment segments[] = {{1, 5, 1}, {~std::uint64_t{0}, 0, 2}};
    const ll::token_id tokens[] = {-1, 49151};
    ll::frame_header header;
    header.kind = ll::frame_kind::token;
    header.segments = 2;
    header.rows = 3;
    header.payload_bytes = ll::expected_payload_bytes(header).value();
    std::vector<std::byte> payload(header.payload_bytes);
    ll::store_segments(segments, payload);
    ll::store_tokens(tokens, ll::tensor_part(header, std::span(payload)));
    REQUIRE(ll::check_frame(header, payload).has_value());
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(ll::segment_at(payload, i) == segments[i]);
      CHECK(ll::token_at(header, payload, i) == tokens[i]);
    }
  }
}
