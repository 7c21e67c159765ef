// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// What one producer sent for one step.
struct step_input {
  std::vector<segment> segments;
  std::vector<std::byte> payload;
};

/// Collects the inputs of each step, which come from several producers at their own pace, and hands out the steps in order.
/// Each producer sends each step once, without gaps; so what comes again is a replay, and what comes too early is an error.
class step_join {
 public:
  step_join(std::size_t inputs, std::uint32_t window) : expected_(inputs, 0), window_(window) {}

  /// Whether `step` of `input` is new. A replay is not; a gap, or more steps than may be under way, is an error.
  [[nodiscard]] result<bool> check(std::size_t input, std::uint32_t step) const {
    if (step < expected_[input]) return false;
    if (step > expected_[input])
      return error{errc::protocol,
                   "step " + std::to_string(step) + " came where step " + std::to_string(expected_[input]) + " was due"};
    if (step - next_ >= window_)
      return error{errc::limit, "step " + std::to_string(step) + " came while step " + std::to_string(next_) +
                                    " is not done; at most " + std::to_string(window_) + " may be under way"};
    return true;
  }
  /// Requires  check(input, step) gave true for the step that is due
  void add(std::size_t input, step_input what) {
    const std::size_t slot = expected_[input]++ - next_;
    if (slot >= steps_.size()) steps_.resize(slot + 1);
    if (steps_[slot].inputs.empty()) steps_[slot].inputs.resize(expected_.size());
    steps_[slot].inputs[input] = std::move(what);
    ++steps_[slot].present;
  }

  [[nodiscard]] bool complete() const noexcept { return !steps_.empty() && steps_.front().present == expected_.size(); }
  [[nodiscard]] bool empty() const noexcept { return steps_.empty(); }
  [[nodiscard]] std::uint32_t next_step() const noexcept { return next_; }

  /// The inputs of the next step. Requires  complete()
  [[nodiscard]] std::vector<step_input> take() {
    auto inputs = std::move(steps_.front().inputs);
    steps_.pop_front();
    ++next_;
    return inputs;
  }

 private:
  struct step {
    std::vector<step_input> inputs;
    std::size_t present = 0;
  };
  std::vector<std::uint32_t> expected_;  // by input
  std::deque<step> steps_;               // from next_ on
  std::uint32_t next_ = 0;
  std::uint32_t window_;
};

/// Drops the rows of all segments that `keep` does not name, in place. The rows start at `offset`. False when `keep` is not a
/// subsequence of `segments`.
[[nodiscard]] inline bool keep_rows(std::vector<std::byte>& payload, std::size_t offset, std::size_t row_bytes,
                                    const std::vector<segment>& segments, const std::vector<segment>& keep) {
  const auto at = [&](std::size_t where) { return payload.begin() + static_cast<std::ptrdiff_t>(where); };
  std::size_t from = offset;
  std::size_t to = offset;
  std::size_t kept = 0;
  for (const segment& s : segments) {
    const std::size_t bytes = s.tokens * row_bytes;
    if (kept < keep.size() && keep[kept] == s) {
      if (from != to) std::copy_n(at(from), bytes, at(to));
      to += bytes;
      ++kept;
    }
    from += bytes;
  }
  return kept == keep.size();
}

}  // namespace lingualinked::inline v0::detail
