// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a fuzz target once over each file of a corpus, without a fuzzer: program TARGET FILE_OR_FOLDER...
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fuzz_targets.inc>  // made by CMake: LINGUALINKED_FUZZ_TARGETS(f) is f(x) for each tests/fuzz/x.cpp

#define LINGUALINKED_DECLARE(name) int fuzz_##name(const std::uint8_t* data, std::size_t size);
LINGUALINKED_FUZZ_TARGETS(LINGUALINKED_DECLARE)

namespace {

struct target {
  std::string_view name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};

#define LINGUALINKED_LIST(name) target{#name, fuzz_##name},
constexpr target targets[] = {LINGUALINKED_FUZZ_TARGETS(LINGUALINKED_LIST)};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  const auto found = std::find_if(std::begin(targets), std::end(targets), [&](const target& t) { return t.name == name; });
  if (found == std::end(targets)) {
    std::printf("no fuzz target '%s'\n", argc > 1 ? argv[1] : "");
    return 1;
  }
  std::vector<std::filesystem::path> files;
  for (int i = 2; i < argc; ++i) {
    const std::filesystem::path path = argv[i];
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
    } else {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    std::printf("%s (%zu bytes)\n", file.string().c_str(), bytes.size());
    std::fflush(stdout);
    found->run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%zu inputs\n", files.size());
  return files.empty() ? 1 : 0;
}
