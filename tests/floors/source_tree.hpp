// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The source tree as the tests of this folder read it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace source_tree {

namespace fs = std::filesystem;
using lines = std::vector<std::string>;

inline const fs::path source_dir = LINGUALINKED_SOURCE_DIR;

inline lines lines_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  lines out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// Files below `folder`, as paths from the root of the repository, sorted.
inline std::vector<fs::path> files_below(const fs::path& folder, const std::set<std::string>& extensions) {
  std::vector<fs::path> out;
  if (!fs::exists(source_dir / folder)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(source_dir / folder)) {
    if (entry.is_regular_file() && extensions.contains(entry.path().extension().string())) {
      out.push_back(fs::relative(entry.path(), source_dir));
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// The name between <> or "" of an include line; empty for any other line.
inline std::string included_by(std::string_view line) {
  constexpr std::string_view directive = "#include";
  const std::size_t at = line.find_first_not_of(" \t");
  if (at == std::string_view::npos || line.substr(at, directive.size()) != directive) return {};
  const std::size_t open = line.find_first_of("<\"", at);
  const std::size_t close = open == std::string_view::npos ? open : line.find_first_of(">\"", open + 1);
  return close == std::string_view::npos ? std::string{} : std::string(line.substr(open + 1, close - open - 1));
}

}  // namespace source_tree
