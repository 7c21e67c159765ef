// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Included by neon/src.hpp only.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

/// Dot products of 4 signed weights with 4 signed activations in every lane, exact: a sum of two products fits 16 bits, since
/// activations are never -128.
template <unsigned LargestCode>
struct dot {
  static constexpr bool signed_weights = true;
  static constexpr std::size_t groups_between_folds = 8;
  using vi = ops::vi;
  using weights = vi;
  static weights prepare(vi w) { return w; }
  static vi begin(vi total) { return total; }
  static vi add(vi part, const weights& w, vi a) {
    const int8x16_t x = vreinterpretq_s8_s32(w);
    const int8x16_t y = vreinterpretq_s8_s32(a);
    const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(y));
    return vpadalq_s16(part, vpaddq_s16(low, vmull_high_s8(x, y)));
  }
  static vi fold(vi, vi part) { return part; }
};

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA
