// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/checked.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// The shape of one attention operation's cache.
struct kv_shape {
  std::size_t kv_heads = 0;
  std::size_t head_size = 0;
  std::size_t reach = 0;  // 0: every position is kept; else only the last so many have to be

  /// Positions of memory for a context, whole tiles; fewer than it has where few are kept: then position p lies at p modulo this.
  /// The positions within reach lie in different places, also where they begin and end inside a tile.
  [[nodiscard]] checked_size positions(std::uint64_t context_tokens) const noexcept {
    const checked_size all = round_up(checked_size{context_tokens}, kernels::attention_tile);
    if (reach == 0) return all;
    const checked_size kept = round_up(checked_size{reach}, kernels::attention_tile) + checked_size{kernels::attention_tile};
    return kept.valid() && all.valid() && kept.value_or(0) < all.value_or(0) ? kept : all;
  }
};

/// Keys and values of every attention operation of a stage, for a fixed number of sequences (slots) of a fixed longest context.
/// All memory is taken at construction: a sequence that was admitted cannot run out later.
class kv_cache {
 public:
  kv_cache() = default;
  /// Requires  type is f32 or f16, and bytes_for() is a size of this machine. Errors  std::bad_alloc
  kv_cache(dtype type, std::vector<kv_shape> layers, std::size_t context_tokens, std::size_t slots);

  [[nodiscard]] kernels::kv_head_view head(std::size_t slot, std::size_t layer, std::size_t kv_head) noexcept;
  /// Positions that a layer has memory for, a multiple of the attention tile: position p lies at p modulo this.
  [[nodiscard]] std::size_t positions(std::size_t layer) const noexcept { return positions_[layer]; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::size_t slots() const noexcept { return slots_; }

  /// What the constructor would take; invalid where that is no size.
  [[nodiscard]] static checked_size bytes_for(dtype type, const std::vector<kv_shape>& layers, std::uint64_t context_tokens,
                                              std::uint64_t slots) noexcept;

 private:
  dtype type_ = dtype::f16;
  std::vector<kv_shape> layers_;
  std::vector<std::size_t> layer_offset_;
  std::vector<std::size_t> positions_;
  std::size_t slot_bytes_ = 0;
  std::size_t slots_ = 0;
  storage bytes_;
};

inline checked_size kv_cache::bytes_for(dtype type, const std::vector<kv_shape>& layers, std::uint64_t context_tokens,
                                        std::uint64_t slots) noexcept {
  checked_size slot = 0;
  for (const kv_shape& l : layers)
    slot = slot + checked_size{2 * facts_of(type).block_bytes} * l.kv_heads * l.head_size * l.positions(context_tokens);
  return slot * slots;
}

inline kv_cache::kv_cache(dtype type, std::vector<kv_shape> layers, std::size_t context_tokens, std::size_t slots)
    : type_(type), layers_(std::move(layers)), slots_(slots) {
  for (const kv_shape& l : layers_) {
    positions_.push_back(static_cast<std::size_t>(l.positions(context_tokens).value_or(0)));
    layer_offset_.push_back(slot_bytes_);
    slot_bytes_ += 2 * l.kv_heads * l.head_size * facts_of(type).block_bytes * positions_.back();
  }
  bytes_ = storage(slot_bytes_ * slots_);
}

inline kernels::kv_head_view kv_cache::head(std::size_t slot, std::size_t layer, std::size_t kv_head) noexcept {
  const std::size_t head_size = layers_[layer].head_size;
  const std::size_t half = head_size * positions_[layer] * facts_of(type_).block_bytes;  // keys, then values
  std::byte* at = bytes_.data() + slot * slot_bytes_ + layer_offset_[layer] + kv_head * 2 * half;
  return {type_, at, at + half, head_size};
}

}  // namespace lingualinked::inline v0
