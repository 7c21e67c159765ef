// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace test_support {

// Kept up to date by the operators new and delete of allocation_meter.cpp, in binaries that hold that file.
inline std::atomic<std::size_t> allocated_bytes{0};
inline std::atomic<std::size_t> most_allocated_bytes{0};

/// The most memory that operator new had given out at once since the meter was made, over what it had then.
class allocation_meter {
 public:
  allocation_meter() : before_(allocated_bytes) { most_allocated_bytes = before_; }
  [[nodiscard]] std::size_t peak_bytes() const {
    return most_allocated_bytes - std::min<std::size_t>(before_, most_allocated_bytes);
  }

 private:
  std::size_t before_;
};

}  // namespace test_support
