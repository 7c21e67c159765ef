// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/runtime/step_join.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

LINGUALINKED_CORE_DECL result<bool> step_join::check(std::size_t input, std::uint32_t step) const {
  if (step < expected_[input]) return false;
  if (step > expected_[input])
    return error{errc::protocol,
                 "step " + std::to_string(step) + " came where step " + std::to_string(expected_[input]) + " was due"};
  if (step - next_ >= window_)
    return error{errc::limit, "step " + std::to_string(step) + " came while step " + std::to_string(next_) +
                                  " is not done; at most " + std::to_string(window_) + " may be under way"};
  return true;
}

LINGUALINKED_CORE_DECL void step_join::add(std::size_t input, step_input what) {
  const std::size_t slot = expected_[input]++ - next_;
  if (slot >= steps_.size()) steps_.resize(slot + 1);
  if (steps_[slot].inputs.empty()) steps_[slot].inputs.resize(expected_.size());
  steps_[slot].inputs[input] = std::move(what);
  ++steps_[slot].present;
}

LINGUALINKED_CORE_DECL std::vector<step_input> step_join::take() {
  auto inputs = std::move(steps_.front().inputs);
  steps_.pop_front();
  ++next_;
  return inputs;
}

LINGUALINKED_CORE_DECL bool keep_rows(std::vector<std::byte>& payload, std::size_t offset, std::size_t row_bytes,
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
