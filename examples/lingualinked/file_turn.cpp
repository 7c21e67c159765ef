// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "file_turn.hpp"

#include <lingualinked/formats/printable.hpp>

#include <cerrno>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace tool {

ll::result<std::shared_ptr<file_turn>> file_turn::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (descriptor < 0)
    return ll::error{ll::errc::io,
                     ll::printable(path, 300) + ": cannot open for taking turns: " + std::generic_category().message(errno)};
  return std::make_shared<file_turn>(descriptor);
}

file_turn::~file_turn() { ::close(descriptor_); }

void file_turn::lock() noexcept {
  constexpr ll::duration between_tries = std::chrono::microseconds(100);
  const ll::time_point end = ll::steady_now() + longest_turn;
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && ll::steady_now() < end) std::this_thread::sleep_for(between_tries);
}

void file_turn::unlock() noexcept { ::flock(descriptor_, LOCK_UN); }

}  // namespace tool
