// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/sha256.hpp>
#include <lingualinked/formats/fingerprint.hpp>
#include <lingualinked/formats/input_file.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {
namespace detail {

[[nodiscard]] inline result<void> hash_file_range(const input_file& file, std::uint64_t offset, std::uint64_t bytes,
                                                  std::vector<std::byte>& buffer, sha256& hash) {
  while (bytes > 0) {
    const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, buffer.size())));
    if (auto done = file.read(offset, part); !done) return done;
    hash.update(part);
    offset += part.size();
    bytes -= part.size();
  }
  return {};
}

}  // namespace detail

LINGUALINKED_DECL result<std::array<std::byte, 32>> fingerprint(std::span<const source_file> files) {
  constexpr std::uint64_t samples = 64;
  constexpr std::uint64_t sample_bytes = std::uint64_t{64} << 10;
  std::vector<std::byte> buffer(sample_bytes);
  sha256 hash;
  for (const auto& source : files) {
    const auto file = input_file::open(source.path);
    if (!file) return file.error();
    const auto size = file->size();
    std::array<std::byte, 8> raw{};
    store_little_endian(raw.data(), size);
    hash.update(raw);
    const auto header = size <= samples * sample_bytes ? size : std::min(source.header_bytes, size);
    if (auto done = detail::hash_file_range(*file, 0, header, buffer, hash); !done) return std::move(done).error();
    if (header == size) continue;
    const auto step = (size - sample_bytes) / (samples - 1);
    for (std::uint64_t i = 0; i < samples; ++i) {
      const auto at = i + 1 == samples ? size - sample_bytes : i * step;
      if (auto done = detail::hash_file_range(*file, at, sample_bytes, buffer, hash); !done) return std::move(done).error();
    }
  }
  return hash.finish();
}

LINGUALINKED_DECL result<std::array<std::byte, 32>> file_sha256(const std::string& path) {
  const auto file = input_file::open(path);
  if (!file) return file.error();
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  sha256 hash;
  if (auto done = detail::hash_file_range(*file, 0, file->size(), buffer, hash); !done) return std::move(done).error();
  return hash.finish();
}

}  // namespace lingualinked::inline v0
