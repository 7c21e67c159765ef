// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "command.hpp"

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace tool {

/// A worker started on this machine; stopped when the object goes.
class worker_process {
 public:
  /// Starts this program again as a worker on loopback and waits until it says where it listens.
  /// Errors    io when it cannot be started, timeout when it says nothing
  [[nodiscard]] static ll::result<worker_process> start(const std::vector<std::string>& arguments);
  worker_process(worker_process&& other) noexcept;
  worker_process& operator=(worker_process&& other) noexcept;
  ~worker_process();

  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] pid_t id() const noexcept { return id_; }

 private:
  worker_process(pid_t id, std::string endpoint) : id_(id), endpoint_(std::move(endpoint)) {}
  void stop() noexcept;
  pid_t id_ = -1;
  std::string endpoint_;
};

}  // namespace tool
