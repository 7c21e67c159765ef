// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
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
  [[nodiscard]] result<bool> check(std::size_t input, std::uint32_t step) const;
  /// Requires  check(input, step) gave true for the step that is due
  void add(std::size_t input, step_input what);

  [[nodiscard]] bool complete() const noexcept { return !steps_.empty() && steps_.front().present == expected_.size(); }
  [[nodiscard]] bool empty() const noexcept { return steps_.empty(); }
  [[nodiscard]] std::uint32_t next_step() const noexcept { return next_; }

  /// The inputs of the next step. Requires  complete()
  [[nodiscard]] std::vector<step_input> take();

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
[[nodiscard]] bool keep_rows(std::vector<std::byte>& payload, std::size_t offset, std::size_t row_bytes,
                             const std::vector<segment>& segments, const std::vector<segment>& keep);

}  // namespace lingualinked::inline v0::detail

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/runtime/step_join.ipp>
#endif
