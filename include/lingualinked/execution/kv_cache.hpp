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
};

/// Keys and values of every attention operation of a stage, for a fixed number of sequences (slots) of a fixed longest context.
/// All memory is taken at construction: a sequence that was admitted cannot run out later.
class kv_cache {
 public:
  kv_cache() = default;
  /// Requires  type is f32 or f16, and bytes_for() is a size of this machine. Errors  std::bad_alloc
  kv_cache(dtype type, std::vector<kv_shape> layers, std::size_t context_tokens, std::size_t slots);

  [[nodiscard]] kernels::kv_head_view head(std::size_t slot, std::size_t layer, std::size_t kv_head) noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::size_t slots() const noexcept { return slots_; }

  /// What the constructor would take; invalid where that is no size.
  [[nodiscard]] static checked_size bytes_for(dtype type, const std::vector<kv_shape>& layers, std::uint64_t context_tokens,
                                              std::uint64_t slots) noexcept;

 private:
  dtype type_ = dtype::f16;
  std::vector<kv_shape> layers_;
  std::vector<std::size_t> layer_offset_;
  std::size_t capacity_ = 0;  // positions, a multiple of the attention tile
  std::size_t slot_bytes_ = 0;
  std::size_t slots_ = 0;
  storage bytes_;
};

inline checked_size kv_cache::bytes_for(dtype type, const std::vector<kv_shape>& layers, std::uint64_t context_tokens,
                                        std::uint64_t slots) noexcept {
  checked_size per_position = 0;
  for (const kv_shape& l : layers)
    per_position = per_position + checked_size{2 * facts_of(type).block_bytes} * l.kv_heads * l.head_size;
  return per_position * round_up(checked_size{context_tokens}, kernels::attention_tile) * slots;
}

inline kv_cache::kv_cache(dtype type, std::vector<kv_shape> layers, std::size_t context_tokens, std::size_t slots)
    : type_(type),
      layers_(std::move(layers)),
      capacity_(round_up(checked_size{context_tokens}, kernels::attention_tile).value_or(0)),
      slots_(slots) {
  for (const kv_shape& l : layers_) {
    layer_offset_.push_back(slot_bytes_);
    slot_bytes_ += 2 * l.kv_heads * l.head_size * facts_of(type).block_bytes * capacity_;
  }
  bytes_ = storage(slot_bytes_ * slots_);
}

inline kernels::kv_head_view kv_cache::head(std::size_t slot, std::size_t layer, std::size_t kv_head) noexcept {
  const std::size_t head_size = layers_[layer].head_size;
  const std::size_t half = head_size * capacity_ * facts_of(type_).block_bytes;  // keys, then values
  std::byte* at = bytes_.data() + slot * slot_bytes_ + layer_offset_[layer] + kv_head * 2 * half;
  return {type_, at, at + half, head_size};
}

}  // namespace lingualinked::inline v0
