// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"

#include <lingualinked/core/clock.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace tool {

/// A mutex among the processes of one machine that name the same file.
///   One that is held for `longest_turn`, say by a process that was stopped, is not waited for any longer: turns make experiments
/// more exact, and nothing depends on them.
class file_turn {
 public:
  static constexpr ll::duration longest_turn = std::chrono::seconds(10);

  /// Makes the file where it is missing, and leaves it empty.
  [[nodiscard]] static ll::result<std::shared_ptr<file_turn>> open(const std::string& path);

  explicit file_turn(int descriptor) : descriptor_(descriptor) {}
  file_turn(const file_turn&) = delete;
  file_turn& operator=(const file_turn&) = delete;
  ~file_turn();

  void lock() noexcept;
  void unlock() noexcept;

 private:
  int descriptor_;
};

}  // namespace tool
