// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

extern char** environ;

namespace tool {

namespace {

constexpr std::chrono::seconds start_limit{20};
constexpr std::chrono::seconds stop_limit{2};
constexpr std::size_t longest_line = 256;

/// The first line that comes out of a pipe, without its end.
ll::result<std::string> first_line(int pipe) {
  const auto deadline = std::chrono::steady_clock::now() + start_limit;
  std::string line;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wait{pipe, POLLIN, 0};
    const int found = left.count() > 0 ? poll(&wait, 1, static_cast<int>(left.count())) : 0;
    if (found < 0 && errno == EINTR) continue;
    if (found <= 0)
      return ll::error{ll::errc::timeout, "a local worker did not say where it listens within 20 s. See its messages above"};
    char letter = 0;
    const ssize_t got = read(pipe, &letter, 1);
    if (got <= 0) return ll::error{ll::errc::peer_lost, "a local worker ended at once. See its message above"};
    if (letter == '\n') return line;
    line += letter;
    if (line.size() > longest_line) return ll::error{ll::errc::protocol, "a local worker said something strange"};
  }
}

}  // namespace

ll::result<worker_process> worker_process::start(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"lingualinked", "worker"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> raw;
  for (std::string& w : words) raw.push_back(w.data());
  raw.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ll::error{ll::errc::io, std::string("no pipe for a worker: ") + std::strerror(errno)};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  // A Ctrl-C on the terminal is for the coordinator, which then says goodbye to its workers.
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&how, 0);
  pid_t id = -1;
  const int failed = posix_spawn(&id, "/proc/self/exe", &files, &how, raw.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&how);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    return ll::error{ll::errc::io, std::string("a local worker cannot be started: ") + std::strerror(failed)};
  }
  worker_process made(id, {});
  auto endpoint = first_line(ends[0]);
  close(ends[0]);
  if (!endpoint) return endpoint.error();
  made.endpoint_ = *std::move(endpoint);
  return made;
}

worker_process::worker_process(worker_process&& other) noexcept
    : id_(std::exchange(other.id_, -1)), endpoint_(std::move(other.endpoint_)) {}

worker_process& worker_process::operator=(worker_process&& other) noexcept {
  if (this != &other) {
    stop();
    id_ = std::exchange(other.id_, -1);
    endpoint_ = std::move(other.endpoint_);
  }
  return *this;
}

worker_process::~worker_process() { stop(); }

/// A worker leaves by itself when its session is over, or when asked; one that does not, or is stopped, is made to.
void worker_process::stop() noexcept {
  if (id_ <= 0) return;
  kill(id_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + stop_limit;
  for (;;) {
    int status = 0;
    const pid_t changed = waitpid(id_, &status, WNOHANG | WUNTRACED);
    const bool stopped = changed == id_ && WIFSTOPPED(status);
    if ((changed == id_ && !stopped) || (changed < 0 && errno != EINTR)) break;
    if (stopped || std::chrono::steady_clock::now() > deadline) kill(id_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  id_ = -1;
}

}  // namespace tool
