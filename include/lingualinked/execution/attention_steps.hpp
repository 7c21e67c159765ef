// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/execution/batch_state.hpp>
#include <lingualinked/execution/kv_cache.hpp>
#include <lingualinked/execution/linear_steps.hpp>
#include <lingualinked/execution/rope_table.hpp>
#include <lingualinked/kernels/table.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace lingualinked::inline v0::detail {

struct attention_shape {
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_size = 0;
  float scale = 1;
  std::size_t window = 0;
  float soft_cap = 0;
  std::vector<float> slopes;  // [heads], or empty
  std::size_t layer = 0;      // in the cache
  std::size_t tiles = 0;      // of the longest context

  [[nodiscard]] std::size_t group() const noexcept { return heads / kv_heads; }  // query heads of one kv head
};

/// Tile results, shared by the attention layers of a program. Two layouts of the same memory, by the size of the batch:
///   few    [kv head][tile][row of the batch, up to 8][group]: threads share the tiles of a row; who ends the last one merges
///   other  [thread][tile][row of a block, up to 8][group]: a thread does all tiles of a (block, kv head) and merges at once
/// Both merge the same tiles in the same order, so the numbers are the same.
struct attention_scratch {
  void reserve(const attention_shape& s, unsigned threads) {
    const std::size_t lanes = s.tiles * query_block_rows * s.group();
    const std::size_t sets = std::max<std::size_t>(s.kv_heads, threads);
    maxima = std::max(maxima, sets * lanes);
    outputs = std::max(outputs, sets * lanes * s.head_size);
    queries = std::max(queries, query_block_rows * s.group() * s.head_size);
    query_rows = std::max(query_rows, query_block_rows * s.group());
    team = std::max<std::size_t>(team, threads);
    floats = storage((2 * maxima + outputs + team * (queries + query_rows)) * sizeof(float));
    keys = storage(team * 2 * query_rows * sizeof(std::uint32_t));
    kv_heads = std::max(kv_heads, s.kv_heads);
    ended = std::make_unique<std::atomic<std::uint32_t>[]>(query_block_rows * kv_heads);
  }
  /// One more tile of this kv head of block number `block` has ended. True for the one who ends the last of `tiles`.
  [[nodiscard]] bool ends(std::size_t block, std::size_t kv_head, std::size_t tiles) noexcept {
    std::atomic<std::uint32_t>& count = ended[block * kv_heads + kv_head];
    if (count.fetch_add(1, std::memory_order_acq_rel) + 1 != tiles) return false;
    count.store(0, std::memory_order_relaxed);
    return true;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return floats.size() + keys.size(); }
  [[nodiscard]] float* m() noexcept { return floats.as<float>().data(); }
  [[nodiscard]] float* l() noexcept { return m() + maxima; }
  [[nodiscard]] float* o() noexcept { return l() + maxima; }
  [[nodiscard]] float* query_copy(unsigned thread) noexcept { return o() + outputs + thread * queries; }
  [[nodiscard]] float* slopes(unsigned thread) noexcept { return query_copy(0) + team * queries + thread * query_rows; }
  [[nodiscard]] std::uint32_t* first_key(unsigned thread) noexcept {
    return keys.as<std::uint32_t>().data() + std::size_t{thread} * 2 * query_rows;
  }
  [[nodiscard]] std::uint32_t* end_key(unsigned thread) noexcept { return first_key(thread) + query_rows; }

  std::size_t maxima = 0;
  std::size_t outputs = 0;
  std::size_t queries = 0;
  std::size_t query_rows = 0;
  std::size_t team = 0;
  std::size_t kv_heads = 0;
  storage floats;
  storage keys;
  std::unique_ptr<std::atomic<std::uint32_t>[]> ended;  // [blocks of a small batch, kv heads]
};

enum class attention_phase : unsigned char { store, attend };

/// The two phases of attention. A batch of few rows has no first one: who attends to a tile first stores the keys that it gets.
struct attention_step {
  attention_phase phase = attention_phase::store;
  const kernels::table* kernels = nullptr;
  kv_cache* cache = nullptr;
  attention_scratch* scratch = nullptr;
  attention_shape shape;
  float* q = nullptr;  // [rows, heads * d]
  float* k = nullptr;  // [rows, kv_heads * d]
  float* v = nullptr;
  const rope_table* turn_q = nullptr;  // null: already turned, or positions enter elsewhere
  const rope_table* turn_k = nullptr;
  float* out = nullptr;  // [rows, heads * d]
  bool rounds = false;
  kernels::quantised_rows rounded;

  void operator()(const batch_state& b, unsigned thread) const {
    const bool few = b.sharing(false) == row_sharing::few;
    if (phase == attention_phase::attend) return few ? share_tiles(b, thread) : share_blocks(b, thread);
    if (few) return;
    const auto [begin, end] = share_of(b.rows.size(), b.team->size(), thread);
    for (std::size_t r = begin; r < end; ++r) {
      if (turn_q != nullptr) turn(*turn_q, b.rows[r].position, q + r * query_width(), shape.heads);
      for (std::size_t h = 0; h < shape.kv_heads; ++h) store(b, r, h);
    }
  }

 private:
  [[nodiscard]] std::size_t query_width() const noexcept { return shape.heads * shape.head_size; }
  [[nodiscard]] std::size_t group_width() const noexcept { return shape.group() * shape.head_size; }

  [[nodiscard]] std::size_t first_visible(std::size_t position) const noexcept {
    return shape.window == 0 || position < shape.window ? 0 : position + 1 - shape.window;
  }
  struct tile_range {
    std::size_t begin;
    std::size_t end;
    [[nodiscard]] std::size_t count() const noexcept { return end - begin; }
  };
  [[nodiscard]] tile_range tiles_of(const batch_state& b, const query_block& block) const noexcept {
    const std::size_t first = b.rows[block.first_row].position;
    const std::size_t last = b.rows[block.first_row + block.rows - 1].position;
    return {first_visible(first) / kernels::attention_tile, last / kernels::attention_tile + 1};
  }

  void turn(const rope_table& table, std::size_t position, float* x, std::size_t heads) const {
    kernels->rope(x, heads, shape.head_size, table.half(), table.cosines(position), table.sines(position));
  }

  void store(const batch_state& b, std::size_t row, std::size_t kv_head) const {
    const std::size_t p = b.rows[row].position;
    const std::size_t at = (row * shape.kv_heads + kv_head) * shape.head_size;
    if (turn_k != nullptr) turn(*turn_k, p, k + at, 1);
    kernels->store_kv(cache->head(b.rows[row].slot, shape.layer, kv_head), p % cache->positions(shape.layer), k + at, v + at);
  }

  /// Everything of a tile call that does not depend on the tile. Queries that were not turned when keys were stored are now.
  [[nodiscard]] kernels::attention_tile_call prepare(const batch_state& b, const query_block& block, std::size_t kv_head,
                                                     unsigned thread, bool turns) const {
    const std::size_t group = shape.group();
    kernels::attention_tile_call c;
    c.cache = cache->head(b.rows[block.first_row].slot, shape.layer, kv_head);
    c.query_stride = shape.head_size;
    c.rows = block.rows * group;
    c.scale = shape.scale;
    c.soft_cap = shape.soft_cap;
    float* copy = scratch->query_copy(thread);
    std::uint32_t* first = scratch->first_key(thread);
    std::uint32_t* end = scratch->end_key(thread);
    for (std::size_t r = 0; r < block.rows; ++r) {
      const std::size_t p = b.rows[block.first_row + r].position;
      const float* row = q + (block.first_row + r) * query_width() + kv_head * group_width();
      std::memcpy(copy + r * group_width(), row, group_width() * sizeof(float));
      if (turns && turn_q != nullptr) turn(*turn_q, p, copy + r * group_width(), group);
      std::fill_n(first + r * group, group, static_cast<std::uint32_t>(first_visible(p)));
      std::fill_n(end + r * group, group, static_cast<std::uint32_t>(p + 1));
    }
    c.queries = copy;
    c.first_key = first;
    c.end_key = end;
    if (!shape.slopes.empty()) {
      float* slopes = scratch->slopes(thread);
      for (std::size_t r = 0; r < block.rows; ++r) std::copy_n(shape.slopes.data() + kv_head * group, group, slopes + r * group);
      c.alibi = slopes;
    }
    return c;
  }

  /// Merges the tiles of a block that stand from lane `base` on, and rounds the result where the next layer wants that.
  void finish(const query_block& block, std::size_t kv_head, tile_range tiles, std::size_t base) const {
    const std::size_t group = shape.group();
    const std::size_t d = shape.head_size;
    const std::size_t stride = query_block_rows * group;
    for (std::size_t r = 0; r < block.rows; ++r) {
      const std::size_t lane = base + tiles.begin * stride + r * group;
      const std::size_t row = block.first_row + r;
      kernels::attention_merge_call c;
      c.m = scratch->m() + lane;
      c.l = scratch->l() + lane;
      c.o = scratch->o() + lane * d;
      c.tiles = tiles.end - tiles.begin;
      c.tile_stride = stride;
      c.rows = group;
      c.head_size = d;
      c.out = out + row * query_width() + kv_head * group_width();
      c.out_stride = d;
      kernels->attention_merge(c);
      if (rounds)
        kernels->quantise(c.out, query_width(), 1, group_width(),
                          rounded_from(rounded, query_width(), row, kv_head * group_width()));
    }
  }

  /// Where the cache of a layer with a window begins again, a tile lies earlier than its positions say: what its rows see moves
  /// along with it.
  void move_into_cache(kernels::attention_tile_call& c, const batch_state& b, const query_block& block, std::size_t tile,
                       unsigned thread) const {
    c.tile = tile % (cache->positions(shape.layer) / kernels::attention_tile);
    if (shape.window == 0) return;
    const std::size_t start = tile * kernels::attention_tile;
    const std::size_t end = start + kernels::attention_tile;
    const std::size_t moved = start - c.tile * kernels::attention_tile;
    for (std::size_t r = 0; r < block.rows; ++r) {
      const std::size_t p = b.rows[block.first_row + r].position;
      const std::size_t group = shape.group();
      std::fill_n(scratch->first_key(thread) + r * group, group,
                  static_cast<std::uint32_t>(std::clamp(first_visible(p), start, end) - moved));
      std::fill_n(scratch->end_key(thread) + r * group, group, static_cast<std::uint32_t>(std::clamp(p + 1, start, end) - moved));
    }
  }

  void run_tile(kernels::attention_tile_call& c, const batch_state& b, const query_block& block, std::size_t tile,
                std::size_t lane, unsigned thread) const {
    move_into_cache(c, b, block, tile, thread);
    c.m = scratch->m() + lane;
    c.l = scratch->l() + lane;
    c.o = scratch->o() + lane * shape.head_size;
    kernels->attention_tile(c);
  }

  /// Threads share the tiles of all blocks and kv heads, each a run of them, so that it reads on where it is.
  void share_tiles(const batch_state& b, unsigned thread) const {
    std::size_t tiles_in_all = 0;
    for (const query_block& block : b.blocks) tiles_in_all += tiles_of(b, block).count() * shape.kv_heads;
    const auto [begin, end] = share_of(tiles_in_all, b.team->size(), thread);
    std::size_t before = 0;
    for (std::size_t n = 0; n < b.blocks.size(); ++n) {
      const query_block& block = b.blocks[n];
      const tile_range tiles = tiles_of(b, block);
      for (std::size_t h = 0; h < shape.kv_heads; ++h, before += tiles.count()) {
        const std::size_t from = std::clamp(begin, before, before + tiles.count()) - before + tiles.begin;
        const std::size_t to = std::clamp(end, before, before + tiles.count()) - before + tiles.begin;
        if (from == to) continue;
        const std::size_t base = (h * shape.tiles * query_block_rows + block.first_row) * shape.group();
        auto c = prepare(b, block, h, thread, true);
        for (std::size_t t = from; t < to; ++t) {
          for (std::size_t r = block.first_row; r < block.first_row + block.rows; ++r)
            if (b.rows[r].position / kernels::attention_tile == t) store(b, r, h);
          run_tile(c, b, block, t, base + t * query_block_rows * shape.group(), thread);
          if (scratch->ends(n, h, tiles.count())) finish(block, h, tiles, base);
        }
      }
    }
  }

  void share_blocks(const batch_state& b, unsigned thread) const {
    const std::size_t base = thread * shape.tiles * query_block_rows * shape.group();
    std::size_t unit = 0;
    for (const query_block& block : b.blocks) {
      const tile_range tiles = tiles_of(b, block);
      for (std::size_t h = 0; h < shape.kv_heads; ++h, ++unit) {
        if (unit % b.team->size() != thread) continue;
        auto c = prepare(b, block, h, thread, false);
        for (std::size_t t = tiles.begin; t < tiles.end; ++t)
          run_tile(c, b, block, t, base + t * query_block_rows * shape.group(), thread);
        finish(block, h, tiles, base);
      }
    }
  }
};

}  // namespace lingualinked::inline v0::detail
