// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/graph/activation.hpp>
#include <lingualinked/kernels/calls.hpp>

#include <cstddef>

/// The bit contract in plain C++: each output as one fixed sequence of float32 operations. Every other table must equal it bit
/// for bit, so speed is no concern here and clarity is.
namespace lingualinked::inline v0::kernels::reference {

void quantise(const float* x, std::size_t x_stride, std::size_t rows, std::size_t columns, const quantised_rows& out);
void linear(const linear_call& call);
void rms_norm(const float* x, const float* w, float eps, std::size_t n, float* out);
void layer_norm(const float* x, const float* w, const float* b, float eps, std::size_t n, float* out);
void rope(float* x, std::size_t heads, std::size_t head_size, std::size_t half, const float* cosines, const float* sines);
void store_kv(const kv_head_view& cache, std::size_t position, const float* key, const float* value);
void attention_tile(const attention_tile_call& call);
void attention_merge(const attention_merge_call& call);
void silu_multiply(const float* gate, const float* up, std::size_t n, float* out);
void activate(activation_kind kind, const float* x, std::size_t n, float* out);
void soft_cap(const float* x, float cap, std::size_t n, float* out);
void add_scaled(const float* x, float w, std::size_t n, float* y);
void exponentials(double* x, std::size_t n);
[[nodiscard]] std::size_t argmax(const float* x, std::size_t n);

}  // namespace lingualinked::inline v0::kernels::reference

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/kernels/reference/attention.ipp>
#include <lingualinked/kernels/reference/linear.ipp>
#include <lingualinked/kernels/reference/rows.ipp>
#endif
