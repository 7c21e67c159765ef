// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

namespace lingualinked::inline v0::detail {

/// Lets any thread, or a signal handler, end a poll. The flag tells; the pipe only makes the poll return.
class wake_pipe {
 public:
  wake_pipe() = default;
  wake_pipe(const wake_pipe&) = delete;
  wake_pipe& operator=(const wake_pipe&) = delete;
  ~wake_pipe() {
    if (ends_[0] < 0) return;
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  /// Errors    io when the process has no file descriptor left
  [[nodiscard]] result<void> open() {
    if (::pipe(ends_) != 0) {
      ends_[0] = -1;
      return error{errc::io, std::string("cannot make a pipe: ") + std::strerror(errno)};
    }
    for (const int end : ends_) {
      ::fcntl(end, F_SETFL, ::fcntl(end, F_GETFL) | O_NONBLOCK);
      ::fcntl(end, F_SETFD, FD_CLOEXEC);
    }
    return {};
  }

  [[nodiscard]] int file_descriptor() const noexcept { return ends_[0]; }

  void wake() noexcept {
    if (woken_.exchange(true)) return;
    const int kept = errno;
    [[maybe_unused]] const auto written = ::write(ends_[1], "", 1);
    errno = kept;
  }

  /// Whether wake() was called since the last time.
  [[nodiscard]] bool take() noexcept { return woken_.exchange(false); }

  /// Empties the pipe, so that the next poll waits again.
  void drain() noexcept {
    char bytes[64];
    while (::read(ends_[0], bytes, sizeof(bytes)) > 0) {}
  }

 private:
  std::atomic<bool> woken_{false};
  int ends_[2] = {-1, -1};
};

}  // namespace lingualinked::inline v0::detail
