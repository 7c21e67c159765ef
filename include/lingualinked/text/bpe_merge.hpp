// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sequence.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// One symbol of a word while it is being merged. `bytes` is 0 once the symbol has gone into its left neighbour.
struct bpe_symbol {
  token_id id = -1;  // -1: not in the vocabulary
  std::uint32_t begin = 0;
  std::uint32_t bytes = 0;
};

/// What two neighbours become, and how early: lower ranks merge first.
struct bpe_merge {
  std::uint32_t rank = 0;
  token_id id = -1;
};

/// Byte-pair merging: while any two neighbours have a merge, the one of lowest rank happens, the leftmost on ties. An object
/// keeps its buffers between words; one thread at a time.
/// Cost      n log n: each merge adds at most two candidates to a heap; candidates that have become stale are dropped when met
/// Source    Sennrich, Haddow, Birch 2016, Neural Machine Translation of Rare Words with Subword Units, arXiv 1508.07909
class bpe_merger {
 public:
  /// symbols   at least one byte each, in order, fewer than 2^32; merged in place, what is left keeps its order
  /// find      (const bpe_symbol& left, const bpe_symbol& right) -> std::optional<bpe_merge>
  template <class Find>
  void merge(std::vector<bpe_symbol>& symbols, Find&& find) {
    links_.resize(symbols.size());
    heap_.clear();
    const auto consider = [&](std::uint32_t left, std::uint32_t right) {
      if (left == none || right == none) return false;
      const std::optional<bpe_merge> merge = find(std::as_const(symbols[left]), std::as_const(symbols[right]));
      if (!merge) return false;
      const std::uint64_t order = (std::uint64_t{merge->rank} << 32) | left;
      heap_.push_back({order, symbols[left].bytes + symbols[right].bytes, merge->id});
      return true;
    };
    const auto last = static_cast<std::uint32_t>(symbols.size()) - 1;
    for (std::uint32_t i = 0; i < symbols.size(); ++i) {
      links_[i] = {i == 0 ? none : i - 1, i == last ? none : i + 1};
      if (i > 0) consider(i - 1, i);
    }
    std::make_heap(heap_.begin(), heap_.end());
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      const candidate best = heap_.back();
      heap_.pop_back();
      const auto at = static_cast<std::uint32_t>(best.order);
      bpe_symbol& left = symbols[at];
      const std::uint32_t next = links_[at].second;
      if (left.bytes == 0 || next == none || left.bytes + symbols[next].bytes != best.bytes) continue;
      left.id = best.id;
      left.bytes = best.bytes;
      symbols[next].bytes = 0;
      links_[at].second = links_[next].second;
      if (links_[next].second != none) links_[links_[next].second].first = at;
      if (consider(links_[at].first, at)) std::push_heap(heap_.begin(), heap_.end());
      if (consider(at, links_[at].second)) std::push_heap(heap_.begin(), heap_.end());
    }
    std::erase_if(symbols, [](const bpe_symbol& s) { return s.bytes == 0; });
  }

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFFU;
  struct candidate {
    std::uint64_t order;  // rank, then place of the left symbol
    std::uint32_t bytes;  // of both: no other pair that starts there has this sum, so a different sum means stale
    token_id id;
    bool operator<(const candidate& other) const noexcept { return order > other.order; }  // heaps put the largest first
  };
  std::vector<std::pair<std::uint32_t, std::uint32_t>> links_;  // previous, next
  std::vector<candidate> heap_;
};

/// The merges of a vocabulary by the ids of their halves: open addressing in one block of memory, because a long word asks for
/// millions of pairs.
class merge_table {
 public:
  void reserve(std::size_t merges) {
    std::size_t slots = 16;
    while (slots < 2 * merges) slots *= 2;
    slots_.assign(slots, {empty, {}});
  }
  /// Keeps the first of equal pairs.
  /// Requires  reserve(n) before, and at most n calls; ids are not negative
  void add(token_id left, token_id right, bpe_merge merge) {
    slot& s = slots_[place(key_of(left, right))];
    if (s.key == empty) s = {key_of(left, right), merge};
  }
  [[nodiscard]] std::optional<bpe_merge> find(token_id left, token_id right) const noexcept {
    if (left < 0 || right < 0 || slots_.empty()) return std::nullopt;
    const slot& s = slots_[place(key_of(left, right))];
    return s.key == empty ? std::nullopt : std::optional(s.merge);
  }

 private:
  static constexpr std::uint64_t empty = ~std::uint64_t{0};  // no pair of ids, which are below 2^31
  struct slot {
    std::uint64_t key;
    bpe_merge merge;
  };
  [[nodiscard]] static std::uint64_t key_of(token_id left, token_id right) noexcept {
    return (std::uint64_t{static_cast<std::uint32_t>(left)} << 32) | static_cast<std::uint32_t>(right);
  }
  /// Where the key stands, or the free slot where it would.
  [[nodiscard]] std::size_t place(std::uint64_t key) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::uint64_t hash = key * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 32;
    for (std::size_t i = static_cast<std::size_t>(hash) & mask;; i = (i + 1) & mask) {
      if (slots_[i].key == key || slots_[i].key == empty) return i;
    }
  }
  std::vector<slot> slots_;
};

}  // namespace lingualinked::inline v0
