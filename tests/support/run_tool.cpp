// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <support/run_tool.hpp>

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace testing_tool {

namespace {

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

class scratch_folder {
 public:
  scratch_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "lingualinked-tool-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

const std::string& folder() {
  static const scratch_folder made;
  return made.path();
}

}  // namespace

outcome run_tool(const std::vector<std::string>& words, const std::string& output) {
  const std::string out = output.empty() ? scratch_path("stdout") : output;
  const std::string err = scratch_path("stderr");
  std::string line = quoted(LINGUALINKED_TOOL);
  for (const std::string& w : words) line += " " + quoted(w);
  line += " </dev/null >" + quoted(out) + " 2>" + quoted(err);
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), output.empty() ? contents(out) : std::string(),
          contents(err)};
}

std::string data(const std::string& path) { return std::string(LINGUALINKED_TEST_DATA) + "/" + path; }

std::string scratch_path(const std::string& name) { return folder() + "/" + name; }

std::string scratch_file(const std::string& name, const std::string& text) {
  const std::string path = scratch_path(name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace testing_tool
