// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/half.hpp>
#include <lingualinked/core/random.hpp>
#include <lingualinked/core/strict_float.hpp>
#include <lingualinked/kernels/layout.hpp>
#include <lingualinked/kernels/panels.hpp>
#include <lingualinked/kernels/table.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace kernel_tests {

namespace ll = lingualinked;
namespace lk = lingualinked::kernels;
using sizes = std::initializer_list<std::size_t>;

inline constexpr ll::dtype weight_types[] = {ll::dtype::f32,  ll::dtype::f16,    ll::dtype::bf16,  ll::dtype::q8_0,
                                             ll::dtype::q4_0, ll::dtype::q4_1,   ll::dtype::q5_0,  ll::dtype::q5_1,
                                             ll::dtype::q2_k, ll::dtype::q3_k,   ll::dtype::q4_k,  ll::dtype::q5_k,
                                             ll::dtype::q6_k, ll::dtype::iq4_nl, ll::dtype::iq4_xs};

LINGUALINKED_STRICT_FLOAT_BEGIN

/// Draws that depend on the seed alone: the same bits on every machine.
class draws {
 public:
  explicit draws(std::uint64_t seed) : seed_(seed) {}
  double uniform() { return ll::uniform_draw(seed_, counter_++); }
  float in(double low, double high) { return static_cast<float>(low + (high - low) * uniform()); }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(uniform() * static_cast<double>(n)); }
  std::vector<float> floats(std::size_t n, double low = -1, double high = 1) {
    std::vector<float> out(n);
    for (float& x : out) x = in(low, high);
    return out;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

LINGUALINKED_STRICT_FLOAT_END

/// A row of weights in file layout: random bits, and scales of either sign about as large as real ones.
inline std::vector<std::byte> random_row(draws& random, ll::dtype type, std::size_t columns) {
  std::vector<std::byte> row(ll::bytes_of(type, columns));
  for (std::byte& b : row) b = static_cast<std::byte>(random.below(256));
  const auto put = [&row](std::size_t at, std::uint16_t bits) { std::memcpy(row.data() + at, &bits, 2); };
  const std::size_t block = ll::facts_of(type).block_bytes;
  for (std::size_t at = 0; at < row.size(); at += block) {
    const std::uint16_t d = ll::f16_from_float(random.in(-0.1, 0.1));
    const std::uint16_t m = ll::f16_from_float(random.in(-0.5, 0.5));
    switch (type) {
      case ll::dtype::f32: {
        const float x = random.in(-1, 1);
        std::memcpy(row.data() + at, &x, 4);
        break;
      }
      case ll::dtype::f16: put(at, ll::f16_from_float(random.in(-1, 1))); break;
      case ll::dtype::bf16: {
        const float x = random.in(-1, 1);
        std::memcpy(row.data() + at, reinterpret_cast<const char*>(&x) + 2, 2);
        break;
      }
      case ll::dtype::q2_k: put(at + 80, d), put(at + 82, m); break;
      case ll::dtype::q3_k: put(at + 108, d); break;
      case ll::dtype::q6_k: put(at + 208, d); break;
      case ll::dtype::q4_1:
      case ll::dtype::q5_1:
      case ll::dtype::q4_k:
      case ll::dtype::q5_k: put(at, d), put(at + 2, m); break;
      default: put(at, d); break;
    }
  }
  return row;
}

/// A random matrix in panels.
inline lk::panels random_panels(draws& random, ll::dtype type, std::size_t rows, std::size_t columns) {
  lk::panels out = lk::panels::make(type, rows, columns).value();
  for (std::size_t r = 0; r < rows; ++r) out.set_row(r, random_row(random, type, columns));
  return out;
}

inline std::vector<float> decoded_row(const lk::panel_view& w, std::size_t row) {
  std::vector<float> out(w.columns);
  lk::panels::decode_row(w, row, out);
  return out;
}

/// Rounded activations and what owns them.
struct rounded_rows {
  std::vector<std::int8_t> q;
  std::vector<float> d;
  std::vector<std::int32_t> sum;

  rounded_rows(std::size_t rows, std::size_t columns) : q(rows * columns), d(rows * columns / 32), sum(rows * columns / 32) {}
  lk::quantised_rows view() { return {q.data(), d.data(), sum.data()}; }
};

/// Tables this machine can run, the scalar one first.
inline std::vector<const lk::table*> tables() {
  std::vector<const lk::table*> out;
  for (const lk::isa which :
       {lk::isa::scalar, lk::isa::avx2, lk::isa::avxvnni, lk::isa::avx512, lk::isa::neon, lk::isa::neon_dot})
    if (lk::available(which)) out.push_back(lk::table_for(which).value());
  return out;
}

/// "" when the bits are equal, else where they first differ and what stands there.
template <class T>
std::string difference(std::span<const T> got, std::span<const T> expected) {
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (std::memcmp(&got[i], &expected[i], sizeof(T)) != 0)
      return "at " + std::to_string(i) + ": " + std::to_string(got[i]) + " instead of " + std::to_string(expected[i]);
  return "";
}
template <class T>
std::string difference(const std::vector<T>& got, const std::vector<T>& expected) {
  return difference(std::span<const T>(got), std::span<const T>(expected));
}

}  // namespace kernel_tests
