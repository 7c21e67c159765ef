// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/core/sha256.hpp>

#include <lingualinked/core/bytes.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;

namespace {

std::string digest_of(std::string_view text) {
  ll::sha256 hash;
  hash.update(ll::bytes_of(text));
  return ll::hex(hash.finish());
}

/// Bytes that need no file: byte i of text n is the top byte of (i + 1) * (n + 1) * 0x9E3779B1 modulo 2^32.
std::string pattern(std::uint32_t n, std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i)
    text[i] = static_cast<char>((static_cast<std::uint32_t>(i + 1) * (n + 1) * 0x9E3779B1U) >> 24);
  return text;
}

}  // namespace

TEST_SUITE("core/sha256") {
  TEST_CASE("the examples of the standard") {
    CHECK(digest_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(digest_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(digest_of(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }

  // The right-hand sides were made with an independent program over the same patterns.
  TEST_CASE("lengths around the padding's edges agree with an independent implementation") {
    struct row {
      std::size_t length;
      std::string_view digest;
    };
    constexpr row rows[] = {
        {1, "dabd3aff769f07eb2965401eb029974ebba3407afd02b26ddb564ea5f8efae72"},
        {55, "14d0d2f2aa7cb1a5ddb1e624f692610cf1e77701d5399a8be93a29e2a3c29da3"},
        {56, "3ec5ac354a968c697d6bc40b7acf3ec1db19964f6c8662df67cd5c3806aca236"},
        {57, "1a119a86a3312ca54e8d2d05be58c6c641912c89963a1766feef2606f7d28c89"},
        {63, "ed3f2ed468d40342a2c8ea98939050704272eeb76d65c111cb9b388e4fd874fa"},
        {64, "99e53e839cde5c7f3f76fd30ef58713bc54436c294a0b51100aff065f3791bb8"},
        {65, "20884b01524644386e4d7f2b9114f774a99a9bb23890238d57e5de41ed88b126"},
        {111, "119a2af65e5a2f9251e7f8a8326c1193c1be9e8ab3f67d34e48f9a7e949d2e8d"},
        {112, "d8a9ea58a8039f3e845818f3252251b5268bc5b92c291524ee9961de9d0b6cc9"},
        {119, "62069fd4273b93789ba05856fa538325e3ac2f2b710b2e0df1267c963b696392"},
        {120, "4b6d02092e1a4a1a7505a9e63abaaa9d931a103b927e0f1f982eab2bdef9e4c6"},
        {127, "347750e76291296496ce26f02de4e259b1fcf7f94689192ac5bcd93ceb7803f8"},
        {128, "e64140251a1b951b2d82d3c22d831288c13880aedb1f7c3eb58e1bf640c371fc"},
        {129, "0116de86b4526419d634fef072361080e4423fe76192c3f15198d262384ba412"},
        {1000, "1bd3183e831e46d043df07b9d1f358a215fe81eba79844dee997eb72fb840a61"},
        {4096, "d5edd4c95c48c82ec5dd598e94e11634cceea9bdea19e3e767670dc7c6c66f44"},
        {100003, "f0403cf4cf35d3e2657af23acfee66419365cfb395c83cbf6839b0c88b138788"},
    };
    for (const row& r : rows) {
      CAPTURE(r.length);
      CHECK(digest_of(pattern(static_cast<std::uint32_t>(r.length), r.length)) == r.digest);
    }
  }

  TEST_CASE("the digest does not depend on how the bytes are cut into pieces") {
    std::mt19937 generator(7);
    const std::string text = pattern(3, 5000);
    const std::string whole = digest_of(text);
    for (int round = 0; round < 200; ++round) {
      ll::sha256 hash;
      std::string_view rest = text;
      while (!rest.empty()) {
        const std::size_t part = std::min<std::size_t>(rest.size(), generator() % 200);
        hash.update(ll::bytes_of(rest.substr(0, part)));
        rest.remove_prefix(part);
      }
      CAPTURE(round);
      REQUIRE(ll::hex(hash.finish()) == whole);
    }
  }

  TEST_CASE("after finish the object starts anew") {
    ll::sha256 hash;
    hash.update(ll::bytes_of("left behind"));
    static_cast<void>(hash.finish());
    CHECK(ll::hex(hash.finish()) == digest_of(""));
  }
}
