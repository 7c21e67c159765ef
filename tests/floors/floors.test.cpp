// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The house rules that a compiler does not check: which folder may include which, where a third-party header may be named,
// and what every source file looks like. They read the tree itself, so a new file is judged without being listed anywhere.
#include "source_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace source_tree;

// A folder may include itself and every folder of a lower floor. `only` narrows that to folders and single headers, and may
// name a neighbour; `third_party` are the foreign headers it may name, by prefix. README.md, "Floors", shows the same table.
struct folder_rule {
  int floor;
  std::set<std::string> only;
  std::vector<std::string> third_party;
};

const std::map<std::string, folder_rule> rules = {
    {"core", {0, {}, {}}},
    {"concepts", {1, {}, {}}},
    {"tensor", {2, {}, {}}},
    {"graph", {2, {"core", "concepts", "tensor"}, {}}},
    {"partition", {3, {}, {}}},
    {"glpk", {3, {"core", "concepts", "graph", "partition"}, {"glpk.h"}}},
    {"kernels", {3, {}, {"immintrin.h", "xmmintrin.h", "arm_neon.h", "cpuid.h", "sys/auxv.h", "asm/hwcap.h"}}},
    {"formats", {3, {}, {"nlohmann/"}}},
    {"text", {3, {}, {"utf8proc.h", "pcre2.h"}}},
    {"transport", {3, {}, {}}},
    {"zmq", {4, {}, {"zmq.hpp", "zmq_addon.hpp"}}},
    {"documents", {4, {}, {"nlohmann/"}}},
    {"model", {4, {}, {}}},
    {"execution", {5, {}, {}}},
    {"runtime", {6, {"core", "concepts", "tensor/dtype.hpp", "transport/frame.hpp"}, {}}},
    {"probe", {6, {"core", "concepts", "tensor", "graph", "kernels", "partition", "model", "execution", "runtime/echo.hpp"}, {}}},
    {"simulation", {7, {"core", "concepts", "graph", "partition", "runtime", "transport/frame.hpp"}, {}}},
    {"pipeline", {7, {"core", "concepts", "graph", "partition", "runtime"}, {}}},
};

// Headers that name what the rest of their folder does not.
const std::map<std::string, std::vector<std::string>> file_rules = {
    {"formats/input_file.ipp", {"fcntl.h", "sys/stat.h", "unistd.h"}},
    {"probe/machine.ipp", {"sys/resource.h", "unistd.h"}},
    {"zmq/wake_pipe.hpp", {"fcntl.h", "unistd.h"}},
    {"tensor/eigen.hpp", {"Eigen/"}},
    {"tensor/storage.hpp", {"sys/mman.h"}},
    {"tensor/xtensor.hpp", {"xtensor/"}},
};

// What a program may not find in a library that is embedded in other people's programs.
const std::vector<std::string> forbidden_words = {
    "std::cout", "std::cerr", "std::clog", "printf", "puts", "abort", "exit", "getenv", "setenv", "signal", "rand",
};

bool has_word(std::string_view line, std::string_view word) {
  for (std::size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word(line[at - 1])) && (end == line.size() || !is_word(line[end]))) return true;
  }
  return false;
}

bool starts_with_any(std::string_view name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& p) { return name.starts_with(p); });
}

// What is wrong with the includes of one header, `name` being its path below include/lingualinked/.
lines include_complaints(const std::string& name, const lines& text) {
  lines out;
  const std::string folder = name.substr(0, name.find('/'));
  if (name.find('/') == std::string::npos) return out;  // the umbrella and version.hpp
  const auto rule = rules.find(folder);
  if (rule == rules.end()) return {name + ": no floor is known for folder " + folder};
  for (const std::string& line : text) {
    const std::string target = included_by(line);
    if (target.empty()) continue;
    constexpr std::string_view own = "lingualinked/";
    if (target.starts_with(own)) {
      const std::string rest = target.substr(own.size());
      const std::string other = rest.substr(0, rest.find('/'));
      if (other == folder || rest == "version.hpp") continue;
      const auto other_rule = rules.find(other);
      const auto& only = rule->second.only;
      const bool named = only.contains(other) || only.contains(rest);
      if (other_rule == rules.end()) {
        out.push_back(name + " includes " + target + ", which is on no floor");
      } else if (!only.empty() && !named) {
        out.push_back(name + " includes " + target + "; " + folder + " may not know " + other);
      } else if (only.empty() && other_rule->second.floor >= rule->second.floor) {
        out.push_back(name + " (floor " + std::to_string(rule->second.floor) + ") includes " + target + " (floor " +
                      std::to_string(other_rule->second.floor) + ")");
      }
    } else if (target.find_first_of("./") != std::string::npos) {  // not a standard header
      const auto file_rule = file_rules.find(name);
      if (!starts_with_any(target, rule->second.third_party) &&
          (file_rule == file_rules.end() || !starts_with_any(target, file_rule->second))) {
        out.push_back(name + " names <" + target + ">, which its folder may not");
      }
    }
  }
  return out;
}

// What is wrong with the looks of one file.
lines look_complaints(const std::string& name, const lines& text) {
  lines out;
  const auto complain = [&](std::size_t line, const std::string& what) {
    out.push_back(name + ":" + std::to_string(line + 1) + ": " + what);
  };
  const bool is_header = name.ends_with(".hpp") || name.ends_with(".ipp");
  const bool is_cpp = is_header || name.ends_with(".cpp");
  const std::string spdx = std::string(is_cpp ? "//" : "#") + " SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception";
  const std::size_t spdx_line = !text.empty() && text[0].starts_with("#!") ? 1 : 0;
  if (text.size() <= spdx_line || text[spdx_line] != spdx) complain(spdx_line, "the line should be " + spdx);
  // The vector kernels are included once for each instruction set, inside its target region.
  const bool many_times = name.starts_with("include/lingualinked/kernels/simd/") && name.ends_with(".ipp");
  if (is_header && !many_times && std::find(text.begin(), text.end(), "#pragma once") == text.end())
    complain(0, "no #pragma once");
  if (is_header && text.size() > 500) complain(500, "longer than 500 lines; split it by idea");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string& line = text[i];
    if (line.size() > 130) complain(i, "longer than 130 columns");
    if (line.ends_with(' ') || line.ends_with('\t') || line.ends_with('\r')) complain(i, "white space at the end");
    const auto is_odd = [](char c) { return static_cast<unsigned char>(c) > 126 || (c < ' ' && c != '\r'); };
    if (std::any_of(line.begin(), line.end(), is_odd)) {
      complain(i, "a character that is not printable ASCII");
    }
  }
  return out;
}

// Words of the forbidden list in the code, comments aside.
lines word_complaints(const std::string& name, const lines& text) {
  lines out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i].starts_with("using namespace")) out.push_back(name + ":" + std::to_string(i + 1) + ": using namespace for all");
    const std::string_view code = std::string_view(text[i]).substr(0, text[i].find("//"));
    for (const std::string& word : forbidden_words) {
      if (has_word(code, word)) out.push_back(name + ":" + std::to_string(i + 1) + ": " + word + " in the library");
    }
  }
  return out;
}

std::string joined(const lines& complaints) {
  std::string out;
  for (const std::string& c : complaints) out += "\n" + c;
  return out;
}

void report(const lines& complaints) {
  INFO(joined(complaints));
  CHECK(complaints.empty());
}

}  // namespace

TEST_SUITE("floors") {
  TEST_CASE("headers include only lower floors, their own folder, and the libraries their folder may name") {
    const auto files = files_below("include", {".hpp", ".ipp"});
    REQUIRE(files.size() > 10);
    lines complaints;
    for (const auto& file : files) {
      const std::string name = fs::relative(file, "include/lingualinked").generic_string();
      const auto found = include_complaints(name, lines_of(source_dir / file));
      complaints.insert(complaints.end(), found.begin(), found.end());
    }
    report(complaints);
  }

  TEST_CASE("the library never prints, ends the process, or reads the environment") {
    lines complaints;
    for (const auto& file : files_below("include", {".hpp", ".ipp"})) {
      const auto found = word_complaints(file.generic_string(), lines_of(source_dir / file));
      complaints.insert(complaints.end(), found.begin(), found.end());
    }
    report(complaints);
  }

  TEST_CASE("every file names its licence, is ASCII, and is no wider than 130 columns") {
    lines complaints;
    const auto look = [&](const fs::path& file) {
      const auto found = look_complaints(file.generic_string(), lines_of(source_dir / file));
      complaints.insert(complaints.end(), found.begin(), found.end());
    };
    for (const char* folder : {"include", "tests", "examples", "benchmarks", "cmake"}) {
      for (const auto& file : files_below(folder, {".hpp", ".ipp", ".cpp", ".cmake", ".sh"})) look(file);
    }
    for (const char* file : {"CMakeLists.txt", "tests/CMakeLists.txt", "examples/CMakeLists.txt", "benchmarks/CMakeLists.txt",
                             ".ci/run", ".clang-format", ".clang-tidy"}) {
      look(file);
    }
    report(complaints);
  }

  TEST_CASE("the top level holds what everybody expects there and nothing else") {
    const std::set<std::string> expected{"CMakeLists.txt", "CMakePresets.json", "LICENSE",     "README.md",  "CONTRIBUTING.md",
                                         "CHANGELOG.md",   ".clang-format",     ".clang-tidy", ".gitignore", ".ci",
                                         "cmake",          "include",           "examples",    "benchmarks", "tests"};
    const std::set<std::string> not_ours{".git", "build"};
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(source_dir)) {
      const std::string name = entry.path().filename().string();
      if (!not_ours.contains(name)) found.insert(name);
    }
    CHECK(found == expected);
  }

  TEST_CASE("a test file includes the header it is named after first") {
    lines complaints;
    for (const auto& file : files_below("tests", {".cpp"})) {
      const std::string name = file.generic_string();
      if (!name.ends_with(".test.cpp")) continue;
      const std::string stem = name.substr(6, name.size() - 6 - std::string_view(".test.cpp").size());
      const std::string header = "lingualinked/" + stem + ".hpp";
      if (!fs::exists(source_dir / "include" / header)) continue;
      const lines text = lines_of(source_dir / file);
      const auto first = std::find_if(text.begin(), text.end(), [](const std::string& l) { return !included_by(l).empty(); });
      if (first == text.end() || included_by(*first) != header) {
        complaints.push_back(name + ": the first include should be <" + header + ">");
      }
    }
    report(complaints);
  }

  TEST_CASE("the rules see what they forbid") {
    CHECK(include_complaints("core/a.hpp", {"#include <lingualinked/concepts/graph.hpp>"}).size() == 1);
    CHECK(include_complaints("tensor/a.hpp", {"#include <lingualinked/graph/operation.hpp>"}).size() == 1);
    CHECK(include_complaints("runtime/a.hpp", {"#include <lingualinked/model/llama.hpp>"}).size() == 1);
    CHECK(include_complaints("model/a.hpp", {"  #include <nlohmann/json.hpp>"}).size() == 1);
    CHECK(include_complaints("tensor/view.hpp", {"#include <Eigen/Core>"}).size() == 1);
    CHECK(include_complaints("nowhere/a.hpp", {}).size() == 1);
    CHECK(include_complaints("tensor/eigen.hpp", {"#include <Eigen/Core>", "#include <lingualinked/core/half.hpp>"}).empty());
    CHECK(include_complaints("glpk/a.hpp", {"#include <glpk.h>", "#include <vector>"}).empty());
    CHECK(word_complaints("a.hpp", {"  std::abort();", "// abort is never called", "int exit_code;"}).size() == 1);
    const std::string spdx = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception";
    CHECK(look_complaints("a.hpp", {spdx, "#pragma once"}).empty());
    CHECK(look_complaints("a.hpp", {spdx}).size() == 1);
    CHECK(look_complaints("a.cpp", {"int x;"}).size() == 1);
    CHECK(look_complaints("a.cpp", {spdx, std::string(131, 'x'), "caf\xc3\xa9", "x "}).size() == 3);
    CHECK(look_complaints("a.sh", {"#!/bin/sh", spdx}).size() == 1);
    CHECK(look_complaints("a.hpp", lines(501, spdx)).size() == 2);
  }
}
