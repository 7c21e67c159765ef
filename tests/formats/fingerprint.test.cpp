// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/formats/fingerprint.hpp>

#include "support/temporary_folder.hpp"

#include <lingualinked/core/sha256.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ll = lingualinked;
using test_support::temporary_folder;

namespace {

std::string noise(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 draw(seed);
  std::string out(bytes, '\0');
  for (auto& c : out) c = static_cast<char>(draw());
  return out;
}

}  // namespace

TEST_SUITE("formats/fingerprint") {
  TEST_CASE("the hash of a whole file is the published one") {
    const temporary_folder folder;
    const auto of = [&](std::string_view text) { return ll::hex(ll::file_sha256(folder.write("f", text)).value()); };
    // FIPS 180-4 examples: the empty text, "abc", a million times "a".
    CHECK(of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(of(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    CHECK_FALSE(ll::file_sha256(folder.file("absent")).has_value());
  }

  TEST_CASE("the fingerprint of a small file covers every byte of it") {
    const temporary_folder folder;
    const auto bytes = noise(3000, 1);
    const auto path = folder.write("f", bytes);
    const std::vector<ll::source_file> files{{path, bytes.size(), 100}};
    const auto original = ll::fingerprint(files).value();
    for (const std::size_t at : {0U, 99U, 100U, 1500U, 2999U}) {
      CAPTURE(at);
      auto other = bytes;
      other[at] = static_cast<char>(other[at] ^ 1);
      folder.write("f", other);
      CHECK(ll::fingerprint(files).value() != original);
    }
    folder.write("f", bytes + '\0');
    CHECK(ll::fingerprint(files).value() != original);
    folder.write("f", bytes);
    CHECK(ll::fingerprint(files).value() == original);
  }

  TEST_CASE("the fingerprint of a large file covers size, header, both ends and evenly spread samples") {
    const temporary_folder folder;
    constexpr std::size_t size = std::size_t{9} << 20;
    const auto bytes = noise(size, 2);
    const auto path = folder.write("f", bytes);
    const std::vector<ll::source_file> files{{path, size, 200'000}};
    const auto original = ll::fingerprint(files).value();
    const auto changed_by = [&](std::size_t at) {
      auto other = bytes;
      other[at] = static_cast<char>(other[at] ^ 1);
      folder.write("f", other);
      return ll::fingerprint(files).value() != original;
    };
    for (const std::size_t at : {std::size_t{0}, std::size_t{199'999}, size - 1, size - 65'536}) {
      CAPTURE(at);
      CHECK(changed_by(at));
    }
    // 64 samples of 64 KiB cover 4 of 9 MiB; no gap between two is wider than one step.
    const std::size_t step = (size - 65'536) / 63;
    std::size_t seen = 0;
    for (std::size_t i = 0; i < 60; ++i) seen += changed_by(300'000 + i * 149'993);
    CHECK(seen > 60 * 65'536 / step / 2);
    CHECK(seen < 60);
    CHECK(changed_by(step * 31 + 40'000));
    folder.write("f", bytes.substr(0, size - 1));
    CHECK(ll::fingerprint(files).value() != original);
  }

  TEST_CASE("names do not count, order of files does") {
    const temporary_folder folder;
    const auto a = folder.write("a", "one");
    const auto b = folder.write("b", "two");
    const auto c = folder.write("c", "one");
    const auto of = [](std::vector<std::string> paths) {
      std::vector<ll::source_file> files;
      for (const auto& path : paths) files.push_back({path, 3, 0});
      return ll::fingerprint(files).value();
    };
    CHECK(of({a}) == of({c}));
    CHECK(of({a, b}) == of({c, b}));
    CHECK(of({a, b}) != of({b, a}));
    CHECK(of({a}) != of({b}));
    std::vector<ll::source_file> absent{{folder.file("absent"), 3, 0}};
    CHECK_FALSE(ll::fingerprint(absent).has_value());
  }
}
