// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Included inside the target region of neon_dot/src.hpp only.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

/// Dot products of 4 signed weights with 4 signed activations in every lane, exact in 32 bits.
template <unsigned LargestCode>
struct dot {
  static constexpr bool signed_weights = true;
  static constexpr std::size_t groups_between_folds = 8;
  using vi = ops::vi;
  using weights = vi;
  static weights prepare(vi w) { return w; }
  static vi begin(vi total) { return total; }
  static vi add(vi part, const weights& w, vi a) { return vdotq_s32(part, vreinterpretq_s8_s32(w), vreinterpretq_s8_s32(a)); }
  static vi fold(vi, vi part) { return part; }
};

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA
