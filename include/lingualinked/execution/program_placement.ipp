// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/linear_steps.hpp>
#include <lingualinked/execution/program_compiler.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Gives each value a buffer from the step that first writes it to the step that last reads it; buffers go back to a pool and are
/// taken again by the smallest value that fits, so that a stage of many layers needs the memory of about one. They rest until a
/// step at which threads meet anyway: taken at once, they would make a thread wait for others that still read what was there.
LINGUALINKED_DECL void program_compiler::place() {
  const std::size_t steps = planned_.size();
  const value_index output = static_cast<value_index>(end_ - 1);
  const bool answers = end_ == graph_.operations.size();
  for (value& v : values_) v.first_step = steps;
  if (input_) at(*input_).first_step = 0;
  for (std::size_t s = 0; s < steps; ++s) {
    for (const auto* list : {&planned_[s].writes, &planned_[s].reads}) {
      for (const value_index i : *list) {
        value& v = at(i);
        v.first_step = std::min(v.first_step, s);
        v.last_step = std::max(v.last_step, s);
      }
    }
  }
  if (!answers) at(output).last_step = steps;

  struct pooled {
    std::byte* data;
    std::size_t bytes;
  };
  std::vector<pooled> pool;
  std::vector<pooled> resting;
  std::vector<std::pair<value_index, pooled>> taken;
  for (std::size_t s = 0; s < steps; ++s) {
    for (value_index i = 0; i < end_; ++i) {
      value& v = values_[i];
      if (v.alias || v.first_step != s || (answers && &v == &at(output))) continue;
      const std::size_t rounded_row = v.rounded ? detail::rounded_row_bytes(v.width) : 0;
      const std::size_t rows = v.copies ? std::max(limits_.rows, limits_.threads * limits_.copied_rows()) : limits_.rows;
      const std::size_t float_bytes = detail::align_up(rows * v.width * sizeof(float));
      const std::size_t bytes = float_bytes + detail::align_up(rows * rounded_row) + 3 * storage::alignment_bytes;
      const auto fits =
          std::ranges::min_element(pool, {}, [bytes](const pooled& p) { return p.bytes >= bytes ? p.bytes : SIZE_MAX; });
      pooled mine{};
      if (fits != pool.end() && fits->bytes >= bytes) {
        mine = *fits;
        pool.erase(fits);
      } else {
        mine = {take_buffer(bytes), bytes};
      }
      v.buffer = mine.data;
      v.floats = reinterpret_cast<float*>(mine.data);
      if (v.rounded) v.rounded_rows = detail::place_rounded(mine.data + float_bytes, rows, v.width);
      taken.emplace_back(i, mine);
    }
    std::erase_if(taken, [&](const auto& t) {
      if (values_[t.first].last_step > s) return false;
      resting.push_back(t.second);
      return true;
    });
    if (planned_[s].touches != reach::all) continue;
    pool.insert(pool.end(), resting.begin(), resting.end());
    resting.clear();
  }
  if (input_) {
    made_->input_ = at(*input_).floats;
    made_->input_width_ = at(*input_).width;
  }
  made_->output_ = answers ? nullptr : at(output).floats;
  made_->output_width_ = values_[output].width;
}

/// Whether threads must meet between two steps, because one touches what another thread has written or still reads.
LINGUALINKED_DECL bool program_compiler::must_wait(const planned_step& earlier, const planned_step& later,
                                                   program_step::mode mode) {
  const auto by_rows = [mode](bool selected) { return selected ? mode.selected_rows : mode.all == row_sharing::rows; };
  const auto own_rows = [&](const planned_step& s) {
    return s.touches == reach::rows || (s.touches == reach::rows_or_all && by_rows(s.selected));
  };
  const bool same_rows = own_rows(earlier) && own_rows(later) && earlier.selected == later.selected;
  if (!same_rows && earlier.scratch != nullptr && earlier.scratch == later.scratch) return true;
  const auto meet = [&](const std::vector<value_index>& some, const std::vector<value_index>& others) {
    for (const value_index a : some) {
      for (const value_index b : others) {
        const value& x = at(a);
        const value& y = at(b);
        if (&x != &y && (x.buffer != y.buffer || x.buffer == nullptr)) continue;
        if (&x != &y) return true;  // other numbers in the same memory
        if (!same_rows && (!x.copies || by_rows(x.selected))) return true;
      }
    }
    return false;
  };
  return meet(earlier.writes, later.reads) || meet(earlier.writes, later.writes) || meet(earlier.reads, later.writes);
}

LINGUALINKED_DECL void program_compiler::place_barriers() {
  for (const program_step::mode mode : program_step::modes) {
    std::vector<const planned_step*> since;  // the last barrier
    for (std::size_t s = 0; s < planned_.size(); ++s) {
      if (planned_[s].of_many && mode.all == row_sharing::few) {
        made_->steps_[s].runs &= ~mode.bit();
        continue;
      }
      if (std::ranges::any_of(since, [&](const planned_step* p) { return must_wait(*p, planned_[s], mode); })) {
        made_->steps_[s].waits |= mode.bit();
        since.clear();
      }
      since.push_back(&planned_[s]);
    }
  }
}

}  // namespace lingualinked::inline v0
