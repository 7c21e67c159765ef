// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <support/background_tool.hpp>
#include <support/run_tool.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <ctime>

namespace testing_tool {

namespace {

constexpr int patience_milliseconds = 60'000;
std::atomic<int> runs{0};

bool readable(int file) {
  pollfd waited{file, POLLIN, 0};
  return poll(&waited, 1, patience_milliseconds) == 1;  // something, or the end
}

int status_of(int waited) { return WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited); }

}  // namespace

background_tool::background_tool(const std::vector<std::string>& words)
    : error_file_(scratch_path("stderr-" + std::to_string(runs++))) {
  int in[2] = {-1, -1};
  int out[2] = {-1, -1};
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return;
  std::vector<std::string> all{LINGUALINKED_TOOL};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  for (std::string& w : all) pointers.push_back(w.data());
  pointers.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {
    const int err = open(error_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(err, 2);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
}

background_tool::~background_tool() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  if (input_ >= 0) close(input_);
  if (output_ >= 0) close(output_);
}

std::string background_tool::line() {
  std::string text;
  for (char c = 0; readable(output_) && read(output_, &c, 1) == 1 && c != '\n';) text += c;
  return text;
}

bool background_tool::speaks() const {
  pollfd waited{output_, POLLIN, 0};
  return poll(&waited, 1, patience_milliseconds) == 1 && (waited.revents & POLLIN) != 0;
}

void background_tool::send(int signal) const {
  if (process_ > 0) kill(process_, signal);  // a negative number would name a group, or everybody
}

int background_tool::wait() {
  // Its end closes its standard output, which can be waited for with a deadline.
  for (char rest[256]; readable(output_);) {
    if (read(output_, rest, sizeof(rest)) > 0) continue;
    int waited = 0;
    waitpid(process_, &waited, 0);
    process_ = -1;
    status_ = status_of(waited);
    break;
  }
  return status_;
}

std::string background_tool::errors() const { return contents(error_file_); }

}  // namespace testing_tool
