// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace testing_tool {

/// What a run of the tool left behind.
struct outcome {
  int status = -1;  // exit status; 128 + signal when it was killed
  std::string out;
  std::string err;

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out); }
};

/// Runs the tool with these words and an empty standard input, and waits for its end. Standard output goes into `output`, or a
/// scratch file.
[[nodiscard]] outcome run_tool(const std::vector<std::string>& words, const std::string& output = {});

/// A path below the folder of test data.
[[nodiscard]] std::string data(const std::string& path);

/// A file with this text in a folder of this process, removed at its end.
[[nodiscard]] std::string scratch_file(const std::string& name, const std::string& text);
[[nodiscard]] std::string scratch_path(const std::string& name);
[[nodiscard]] std::string contents(const std::string& path);

}  // namespace testing_tool
