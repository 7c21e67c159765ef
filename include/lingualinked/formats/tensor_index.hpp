// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/input_file.hpp>
#include <lingualinked/formats/printable.hpp>
#include <lingualinked/formats/tensor_source.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace lingualinked::inline v0 {

/// Finds tensors by name. Shared by the formats.
class tensor_index {
 public:
  /// Errors    malformed (a name stands twice; the place of the second is named)
  [[nodiscard]] result<void> build(std::span<const tensor_info> tensors) {
    order_.resize(tensors.size());
    std::iota(order_.begin(), order_.end(), 0U);
    const auto by_name = [&](std::uint32_t a, std::uint32_t b) {
      return std::tie(tensors[a].name, a) < std::tie(tensors[b].name, b);
    };
    std::sort(order_.begin(), order_.end(), by_name);
    const auto twice = std::adjacent_find(order_.begin(), order_.end(),
                                          [&](std::uint32_t a, std::uint32_t b) { return tensors[a].name == tensors[b].name; });
    if (twice == order_.end()) return {};
    const auto& second = tensors[*(twice + 1)];
    return error{errc::malformed, "tensor " + printable(second.name) + ": the name stands twice; its second data is at byte " +
                                      std::to_string(second.offset) + " of file " + std::to_string(second.file)};
  }
  [[nodiscard]] const tensor_info* find(std::span<const tensor_info> tensors, std::string_view name) const noexcept {
    const auto found = std::lower_bound(order_.begin(), order_.end(), name,
                                        [&](std::uint32_t i, std::string_view n) { return tensors[i].name < n; });
    return found != order_.end() && tensors[*found].name == name ? &tensors[*found] : nullptr;
  }

 private:
  std::vector<std::uint32_t> order_;  // indices, ascending by name
};

/// The tensor of that name, for a source that makes its tensors out of another's.
/// Errors    invalid_argument when there is none, or some of `count` bytes from byte_offset on are not its own
[[nodiscard]] inline result<const tensor_info*> find_range(const tensor_source& source, std::string_view name,
                                                           std::uint64_t byte_offset, std::uint64_t count) {
  const tensor_info* found = source.find(name);
  if (found == nullptr || byte_offset > found->bytes || count > found->bytes - byte_offset)
    return error{errc::invalid_argument, "tensor " + printable(name) + ": bytes " + std::to_string(byte_offset) + " + " +
                                             std::to_string(count) + " lie outside it"};
  return found;
}

/// tensor_source::read over open files.
/// Errors    invalid_argument (beyond the tensor), io
[[nodiscard]] inline result<void> read_tensor(std::span<const input_file> files, const tensor_info& tensor,
                                              std::uint64_t byte_offset, std::span<std::byte> out) {
  if (tensor.file >= files.size() || byte_offset > tensor.bytes || out.size() > tensor.bytes - byte_offset) {
    return error{errc::invalid_argument, "tensor " + printable(tensor.name) + ": bytes " + std::to_string(byte_offset) + " + " +
                                             std::to_string(out.size()) + " lie outside its " + std::to_string(tensor.bytes)};
  }
  return files[tensor.file].read(tensor.offset + byte_offset, out);
}

}  // namespace lingualinked::inline v0
