// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Included inside the target region of avxvnni/src.hpp only.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

/// Dot products of 4 unsigned weights with 4 signed activations in every lane, exact in 32 bits. Signed weights come with 128
/// added.
template <unsigned LargestCode>
struct dot {
  static constexpr bool signed_weights = false;
  static constexpr std::size_t groups_between_folds = 8;
  using vi = ops::vi;
  using weights = vi;
  static weights prepare(vi w) { return w; }
  static vi begin(vi total) { return total; }
  static vi add(vi part, const weights& w, vi a) { return _mm256_dpbusd_avx_epi32(part, w, a); }
  static vi fold(vi, vi part) { return part; }
};

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA
