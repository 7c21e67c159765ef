// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
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

/// Byte-pair merging: while any two neighbours have a merge, the one of lowest rank happens, the leftmost on ties.
/// symbols   at least one byte each, in order; merged in place, what is left keeps its order
/// find      (const bpe_symbol& left, const bpe_symbol& right) -> std::optional<bpe_merge>
/// Cost      n log n: each merge adds at most two candidates to a heap; candidates that have become stale are dropped when met
/// Source    Sennrich, Haddow, Birch 2016, Neural Machine Translation of Rare Words with Subword Units, arXiv 1508.07909
template <class Find>
void merge_pairs(std::vector<bpe_symbol>& symbols, Find&& find) {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct candidate {
    bpe_merge merge;
    std::size_t left;
    std::uint32_t bytes;  // of both: no other pair starting here has this sum, so a different sum means stale
    bool operator<(const candidate& other) const noexcept {
      return merge.rank != other.merge.rank ? merge.rank > other.merge.rank : left > other.left;
    }
  };
  std::vector<std::pair<std::size_t, std::size_t>> links(symbols.size());  // previous, next
  std::vector<candidate> storage;
  storage.reserve(symbols.size());
  std::priority_queue<candidate> queue(std::less<candidate>{}, std::move(storage));
  const auto consider = [&](std::size_t left, std::size_t right) {
    if (left == none || right == none) return;
    const std::optional<bpe_merge> merge = find(std::as_const(symbols[left]), std::as_const(symbols[right]));
    if (merge) queue.push({*merge, left, symbols[left].bytes + symbols[right].bytes});
  };
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    links[i] = {i == 0 ? none : i - 1, i + 1 == symbols.size() ? none : i + 1};
    if (i > 0) consider(i - 1, i);
  }
  while (!queue.empty()) {
    const candidate best = queue.top();
    queue.pop();
    bpe_symbol& left = symbols[best.left];
    const std::size_t next = links[best.left].second;
    if (left.bytes == 0 || next == none || left.bytes + symbols[next].bytes != best.bytes) continue;
    left.id = best.merge.id;
    left.bytes = best.bytes;
    symbols[next].bytes = 0;
    links[best.left].second = links[next].second;
    if (links[next].second != none) links[links[next].second].first = best.left;
    consider(links[best.left].first, best.left);
    consider(best.left, links[best.left].second);
  }
  std::erase_if(symbols, [](const bpe_symbol& s) { return s.bytes == 0; });
}

}  // namespace lingualinked::inline v0
