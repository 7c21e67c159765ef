// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/bytes.hpp>
#include <lingualinked/core/checked.hpp>
#include <lingualinked/execution/stage_weights.hpp>
#include <lingualinked/formats/printable.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

/// Where a block keeps its float16 scales; -1: none.
struct scale_places {
  int first;
  int second;
};
[[nodiscard]] inline scale_places scales_of(dtype type) noexcept {
  switch (type) {
    case dtype::q8_0:
    case dtype::q4_0:
    case dtype::q5_0:
    case dtype::iq4_nl:
    case dtype::iq4_xs: return {0, -1};
    case dtype::q4_1:
    case dtype::q5_1:
    case dtype::q4_k:
    case dtype::q5_k: return {0, 2};
    case dtype::q2_k: return {80, 82};
    case dtype::q3_k: return {108, -1};
    case dtype::q6_k: return {208, -1};
    default: return {-1, -1};
  }
}

[[nodiscard]] inline bool finite_f16(const std::byte* at) noexcept { return (std::to_integer<unsigned>(at[1]) & 0x7CU) != 0x7CU; }

/// Where the stored rows of a matrix go.
struct row_places {
  row_order order = row_order::as_stored;
  std::size_t head_size = 0;
  std::size_t rotary = 0;

  [[nodiscard]] std::size_t of(std::size_t row) const noexcept {
    if (order == row_order::as_stored) return row;
    const std::size_t inside = row % head_size;
    return inside >= rotary ? row : row - inside + (inside % 2) * (rotary / 2) + inside / 2;
  }
  friend bool operator==(const row_places&, const row_places&) = default;
};

inline constexpr std::size_t load_piece_bytes = 1U << 20;

struct weight_request {
  const weight_ref* weight;
  row_places places;
};

/// The weights that operations name, each once: a tied matrix belongs to two operations.
/// Errors    unsupported when two operations want the rows of one matrix in different orders
class weight_list {
 public:
  void add(const weight_ref& w, row_places places = {}) {
    if (!w) return;
    const auto [at, added] = index_.try_emplace({w.name, w.first}, all_.size());
    if (added) return all_.push_back({&w, places});
    if (all_[at->second].places != places && !conflict_) conflict_ = w.name;
  }
  [[nodiscard]] result<std::vector<weight_request>> finish() && {
    if (conflict_) return error{errc::unsupported, "tensor '" + *conflict_ + "' is wanted in two orders of rows"};
    return std::move(all_);
  }

 private:
  std::vector<weight_request> all_;
  std::map<std::pair<std::string_view, std::size_t>, std::size_t> index_;  // of all_, by name and beginning
  std::optional<std::string> conflict_;
};

/// Reads one matrix, or a vector as a matrix of one row, piece by piece; hands each row to `use` and each piece's size to `tell`,
/// which may say stop. `room` is where pieces lie meanwhile: given from one matrix to the next, its memory is new only once.
template <class Use, class Tell>
[[nodiscard]] result<void> for_each_row(const tensor_source& source, const weight_ref& w, std::vector<std::byte>& room, Tell tell,
                                        Use use) {
  const tensor_info* info = source.find(w.name);
  const bool is_vector = info != nullptr && info->rows == 1;  // whose parts are elements
  const bool fits = info != nullptr && info->type == w.type &&
                    (is_vector ? w.rows == 1 && w.columns <= info->columns && w.first <= info->columns - w.columns
                               : w.columns == info->columns && w.rows <= info->rows && w.first <= info->rows - w.rows);
  if (!fits)
    return error{errc::malformed, "tensor '" + w.name + "' is not what it was when the model was opened. Open the model again"};
  const std::size_t row_bytes = bytes_of(w.type, w.columns);
  const std::size_t start = is_vector ? bytes_of(w.type, w.first) : w.first * row_bytes;
  const std::size_t piece_rows = std::max<std::size_t>(1, load_piece_bytes / row_bytes);
  room.resize(std::max(room.size(), std::min(piece_rows, w.rows) * row_bytes));
  for (std::size_t row = 0; row < w.rows;) {
    const std::size_t count = std::min(piece_rows, w.rows - row);
    const auto part = std::span(room).first(count * row_bytes);
    if (auto read = source.read(*info, start + row * row_bytes, part); !read) return read;
    const std::size_t bad = first_bad_block(w.type, part);
    const std::size_t row_blocks = w.columns / facts_of(w.type).block_elements;
    if (bad < count * row_blocks)
      return error{errc::malformed, "tensor " + printable(source.stored_name(w.name)) + " row " +
                                        std::to_string((is_vector ? 0 : w.first) + row + bad / row_blocks) +
                                        " holds a value that is not finite. The file is damaged"};
    for (std::size_t i = 0; i < count; ++i) use(row + i, part.subspan(i * row_bytes, row_bytes));
    row += count;
    if (!tell(part.size())) return error{errc::cancelled, "loading was given up"};
  }
  return {};
}

}  // namespace detail

LINGUALINKED_DECL std::size_t first_bad_block(dtype type, std::span<const std::byte> blocks) noexcept {
  const std::size_t block_bytes = facts_of(type).block_bytes;
  const std::size_t count = blocks.size() / block_bytes;
  const auto places = detail::scales_of(type);
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* block = blocks.data() + i * block_bytes;
    bool fine = true;
    switch (type) {
      case dtype::f32:
        fine = (std::to_integer<unsigned>(block[3]) & 0x7FU) != 0x7FU || std::to_integer<unsigned>(block[2]) < 0x80U;
        break;
      case dtype::bf16:
        fine = (std::to_integer<unsigned>(block[1]) & 0x7FU) != 0x7FU || std::to_integer<unsigned>(block[0]) < 0x80U;
        break;
      case dtype::f16: fine = detail::finite_f16(block); break;
      default:
        if (places.first >= 0) fine = detail::finite_f16(block + places.first);
        if (places.second >= 0) fine = fine && detail::finite_f16(block + places.second);
    }
    if (!fine) return i;
  }
  return count;
}

LINGUALINKED_DECL result<stage_weights> stage_weights::load(std::span<const operation> operations, const tensor_source& source,
                                                            const weight_progress& progress) {
  detail::weight_list matrix_list;
  detail::weight_list vector_list;
  for (const operation& op : operations) {
    if (const auto* e = std::get_if<embedding_operation>(&op.kind)) matrix_list.add(e->table);
    if (const auto* p = std::get_if<position_embedding_operation>(&op.kind)) matrix_list.add(p->table);
    if (const auto* n = std::get_if<rms_norm_operation>(&op.kind)) vector_list.add(n->weight);
    if (const auto* n = std::get_if<layer_norm_operation>(&op.kind)) {
      vector_list.add(n->weight);
      vector_list.add(n->bias);
    }
    if (const auto* m = std::get_if<mixture_operation>(&op.kind))
      for (const auto* list : {&m->gate, &m->up, &m->down})
        for (const weight_ref& w : *list) matrix_list.add(w);
    if (const auto* l = std::get_if<linear_operation>(&op.kind)) {
      const detail::row_places places{l->order, l->head_size, l->rotary};
      matrix_list.add(l->weight, places);
      vector_list.add(l->bias, places);
    }
  }
  const auto matrices = std::move(matrix_list).finish();
  if (!matrices) return matrices.error();
  const auto vectors = std::move(vector_list).finish();
  if (!vectors) return vectors.error();

  std::uint64_t total = 0;
  for (const auto* list : {&*matrices, &*vectors})
    for (const auto& r : *list) total += bytes_of(r.weight->type, r.weight->rows * r.weight->columns);
  std::uint64_t done = 0;
  const auto tell = [&](std::uint64_t bytes) {
    done += bytes;
    return !progress || progress(done, total);
  };

  // All matrices in one piece of memory, in the order in which a token passes them: most alone are too small for huge pages.
  checked_size room = 0;
  for (const auto& r : *matrices)
    room = room + checked_size{kernels::panels::bytes_for(r.weight->type, r.weight->rows, r.weight->columns)};
  if (!room.at_most(PTRDIFF_MAX)) return error{errc::limit, "the weights are too large for this machine's addresses"};
  stage_weights loaded;
  loaded.panels_ = storage(static_cast<std::size_t>(room.value_or(0)));
  std::byte* next = loaded.panels_.data();
  std::vector<std::byte> piece;
  for (const auto& [weight, places] : *matrices) {
    auto made = kernels::panels::make(weight->type, weight->rows, weight->columns, next);
    if (!made) return made.error().in("tensor '" + weight->name + "'");
    next += made->bytes();
    auto read = detail::for_each_row(source, *weight, piece, tell, [&](std::size_t row, std::span<const std::byte> bytes) {
      made->set_row(places.of(row), bytes);
    });
    if (!read) return read.error();
    loaded.bytes_ += made->bytes();
    loaded.matrices_.emplace(part_key{weight->name, weight->first}, *std::move(made));
  }
  for (const auto& [weight, places] : *vectors) {
    std::vector<float> values(weight->rows * weight->columns);
    auto read = detail::for_each_row(source, *weight, piece, tell, [&](std::size_t row, std::span<const std::byte> bytes) {
      byte_reader stored(bytes);
      for (std::size_t i = 0; i < weight->columns; ++i) values[places.of(row * weight->columns + i)] = stored.read<float>();
    });
    if (!read) return read.error();
    loaded.bytes_ += values.size() * sizeof(float);
    loaded.vectors_.emplace(part_key{weight->name, weight->first}, std::move(values));
  }
  return loaded;
}

}  // namespace lingualinked::inline v0
