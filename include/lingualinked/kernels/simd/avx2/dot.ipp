// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Included inside the target region of avx2/src.hpp only.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

/// Keeps the compiler from turning a chain of additions into a tree, whose parts would not fit the registers.
LINGUALINKED_ALWAYS_INLINE ops::vi in_order(ops::vi x) {
  asm("" : "+x"(x));
  return x;
}

/// Dot products of 4 unsigned weights with 4 signed activations in every lane, exact: vpmaddubsw adds pairs in 16 bits, and so
/// many groups are added there that 2 * LargestCode * 127 * groups stays below 2^15.
template <unsigned LargestCode>
struct dot {
  static constexpr bool signed_weights = false;
  static constexpr std::size_t groups_between_folds = LargestCode <= 15 ? 8 : LargestCode <= 31 ? 4 : 2;
  static_assert(2 * LargestCode * 127 * groups_between_folds < 32768);
  using vi = ops::vi;
  using weights = vi;
  static weights prepare(vi w) { return w; }
  static vi begin(vi) { return ops::int_zero(); }
  static vi add(vi part, const weights& w, vi a) { return in_order(_mm256_add_epi16(part, _mm256_maddubs_epi16(w, a))); }
  static vi fold(vi total, vi part) { return _mm256_add_epi32(total, _mm256_madd_epi16(part, _mm256_set1_epi16(1))); }
};

/// Signed 8-bit weights: |w| times a with w's sign. 2 * 128 * 127 fits 16 bits once, so every group is folded.
template <>
struct dot<255> {
  static constexpr bool signed_weights = true;
  static constexpr std::size_t groups_between_folds = 1;
  using vi = ops::vi;
  struct weights {
    vi magnitude;
    vi sign;
  };
  static weights prepare(vi w) { return {_mm256_abs_epi8(w), w}; }
  static vi begin(vi) { return ops::int_zero(); }
  static vi add(vi, const weights& w, vi a) { return _mm256_maddubs_epi16(w.magnitude, _mm256_sign_epi8(a, w.sign)); }
  static vi fold(vi total, vi part) { return in_order(_mm256_add_epi32(total, _mm256_madd_epi16(part, _mm256_set1_epi16(1)))); }
};

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA
