// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/graph/activation.hpp>
#include <lingualinked/kernels/calls.hpp>

#include <cstddef>
#include <string_view>

/// Kernels: one table of function pointers for each instruction set, all equal bit for bit to the scalar one, which is the
/// contract (kernels/reference/).
namespace lingualinked::inline v0::kernels {

/// One instruction set's kernels. Every entry is set in every table.
struct table {
  std::string_view name;

  /// Rounds T rows of K floats. Requires  K % 32 == 0.
  void (*quantise)(const float* x, std::size_t x_stride, std::size_t rows, std::size_t columns, const quantised_rows& out);
  void (*linear)(const linear_call&);
  /// out[j] = (x[j] * r) * w[j], r = 1 / sqrt(sum x^2 / n + eps); the sum in 16 partial sums. x may be out.
  void (*rms_norm)(const float* x, const float* w, float eps, std::size_t n, float* out);
  /// out[j] = fma((x[j] - m) * r, w[j], b[j]), or without b ((x[j] - m) * r) * w[j]; m = sum x / n, r = 1 / sqrt(sum (x - m)^2 /
  /// n + eps); both sums in 16 partial sums. b may be null, x may be out.
  void (*layer_norm)(const float* x, const float* w, const float* b, float eps, std::size_t n, float* out);
  /// Rotates pairs (i, i + half) of each head in place: x0' = fma(x0, c, -(x1*s)), x1' = fma(x1, c, x0*s).
  /// x [heads, head_size]; cosines and sines [half] of this row's position; elements past 2*half stay.
  void (*rope)(float* x, std::size_t heads, std::size_t head_size, std::size_t half, const float* cosines, const float* sines);
  /// Stores one position's key and value [d] into the cache.
  void (*store_kv)(const kv_head_view& cache, std::size_t position, const float* key, const float* value);
  void (*attention_tile)(const attention_tile_call&);
  void (*attention_merge)(const attention_merge_call&);
  /// out[i] = (gate[i] * sigmoid(gate[i])) * up[i]. out may be gate or up.
  void (*silu_multiply)(const float* gate, const float* up, std::size_t n, float* out);
  /// out[i] = kind(x[i]); silu x * sigmoid(x); gelu_tanh (x * 0.5) * (1 + tanh(0.79788456 * fma(x * x * 0.044715, x, x))); gelu
  /// (x * 0.5) * (1 + erf(x * 0.70710678)). x may be out.
  void (*activate)(activation_kind kind, const float* x, std::size_t n, float* out);
  /// out[i] = cap * tanh(x[i] / cap). x may be out.
  void (*soft_cap)(const float* x, float cap, std::size_t n, float* out);
  /// y[i] = fma(w, x[i], y[i]).
  void (*add_scaled)(const float* x, float w, std::size_t n, float* y);
  /// x[i] = e^x[i], elementary::exp of doubles: the weights of tokens that are drawn.
  void (*exponentials)(double* x, std::size_t n);
  /// The index of the largest value, the lowest on ties; n when any value is not finite or n is 0.
  std::size_t (*argmax)(const float* x, std::size_t n);
};

/// The instruction sets that exist, best last within one architecture.
enum class isa : unsigned char { scalar, avx2, avxvnni, avx512, neon, neon_dot };

[[nodiscard]] std::string_view name_of(isa which) noexcept;
[[nodiscard]] result<isa> isa_named(std::string_view name);
/// Whether this build has kernels for it and this machine can run them.
[[nodiscard]] bool available(isa which) noexcept;
[[nodiscard]] isa best_available() noexcept;
/// Errors  unsupported when !available(which)
[[nodiscard]] result<const table*> table_for(isa which);

/// Checks that this thread's floating-point environment keeps the contract: round to nearest, subnormals kept, no contraction
/// of a*b+c, correct f16 conversion. Errors  numeric naming what is broken. Cheap; call it once at start.
[[nodiscard]] result<void> check_numeric_environment();
/// Clears flush-to-zero and denormals-are-zero on this thread. Worker threads call it first.
void set_numeric_environment() noexcept;

}  // namespace lingualinked::inline v0::kernels

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/kernels/numeric.ipp>
#include <lingualinked/kernels/table.ipp>
#endif
