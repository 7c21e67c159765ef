// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace testing_tool {

/// A run of the tool that goes on beside the test, with a standard input that stays open and empty. It is killed when this ends.
class background_tool {
 public:
  explicit background_tool(const std::vector<std::string>& words);
  background_tool(const background_tool&) = delete;
  background_tool& operator=(const background_tool&) = delete;
  ~background_tool();

  /// The next line of standard output; what there is of it when the output ends, or a minute has passed.
  [[nodiscard]] std::string line();
  /// Whether something is there to read on its standard output; false when nothing comes within a minute.
  [[nodiscard]] bool speaks() const;
  void send(int signal) const;
  /// Its exit status, 128 + signal when it was killed, -1 when it does not end within a minute.
  [[nodiscard]] int wait();
  /// What it said on standard error so far.
  [[nodiscard]] std::string errors() const;

 private:
  pid_t process_ = -1;
  int input_ = -1;
  int output_ = -1;
  int status_ = -1;
  std::string error_file_;
};

}  // namespace testing_tool
