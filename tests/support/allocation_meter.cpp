// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Replaces operator new and delete of this test binary, to bound what a hostile file can make a parser allocate.
#include "support/allocation_meter.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace {

constexpr std::size_t least_alignment = 16;

// In front of each block stand its size and the distance to what malloc gave.
struct block_note {
  std::size_t bytes;
  std::size_t distance;
};
static_assert(sizeof(block_note) <= least_alignment);

void* take(std::size_t bytes, std::size_t alignment) {
  const std::size_t distance = std::max(alignment, least_alignment);
  if (bytes > static_cast<std::size_t>(-1) / 2) throw std::bad_alloc();
  const std::size_t whole = (bytes + 2 * distance - 1) / distance * distance;
  auto* const start = static_cast<char*>(distance > least_alignment ? std::aligned_alloc(distance, whole) : std::malloc(whole));
  if (start == nullptr) throw std::bad_alloc();
  const block_note note{bytes, distance};
  std::memcpy(start + distance - sizeof note, &note, sizeof note);
  const std::size_t now = test_support::allocated_bytes += bytes;
  std::size_t most = test_support::most_allocated_bytes;
  while (now > most && !test_support::most_allocated_bytes.compare_exchange_weak(most, now)) {}
  return start + distance;
}

void give_back(void* block) noexcept {
  if (block == nullptr) return;
  block_note note{};
  std::memcpy(&note, static_cast<char*>(block) - sizeof note, sizeof note);
  test_support::allocated_bytes -= note.bytes;
  std::free(static_cast<char*>(block) - note.distance);
}

}  // namespace

void* operator new(std::size_t bytes) { return take(bytes, least_alignment); }
void* operator new[](std::size_t bytes) { return take(bytes, least_alignment); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return take(bytes, static_cast<std::size_t>(alignment)); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return take(bytes, static_cast<std::size_t>(alignment)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return take(bytes, least_alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* block) noexcept { give_back(block); }
void operator delete[](void* block) noexcept { give_back(block); }
void operator delete(void* block, std::size_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t) noexcept { give_back(block); }
void operator delete(void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete[](void* block, std::align_val_t) noexcept { give_back(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { give_back(block); }
