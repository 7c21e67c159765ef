// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace lingualinked::inline v0 {

/// A cheap identity of a model, for handshakes: SHA-256 over, for each file, its size, its header and 64 samples of 64 KiB evenly
/// spread over all of it (the whole of a smaller file). Two models that differ in header, size or any sampled byte differ; names
/// and places of the files do not count. It tells mixed-up models apart, not forged ones: for that, compare file_sha256.
/// Errors    io
/// Cost      reads at most 4 MiB and the header of each file
[[nodiscard]] LINGUALINKED_DECL result<std::array<std::byte, 32>> fingerprint(std::span<const source_file> files);

/// SHA-256 of a whole file, read in pieces of 1 MiB.
/// Errors    io
[[nodiscard]] LINGUALINKED_DECL result<std::array<std::byte, 32>> file_sha256(const std::string& path);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/formats/fingerprint.ipp>
#endif
