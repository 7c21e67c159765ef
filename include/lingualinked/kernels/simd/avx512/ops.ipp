// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Included inside the target region of avx512/src.hpp only.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

/// 16 lanes: a panel is one vector.
struct ops {
  static constexpr std::size_t lanes = 16;
  static constexpr std::size_t tile_tokens = 8;        // of the quantised linear tile: 8 integer and 8 to 16 float accumulators
  static constexpr std::size_t tile_parts = 1;         // vectors of a panel in a tile of 1 or 2 tokens,
  static constexpr std::size_t full_tile_parts = 1;    // and of more
  static constexpr std::size_t float_vectors = 16;     // accumulators of the float linear tile
  static constexpr std::size_t attention_rows = 4;     // query rows, each with
  static constexpr std::size_t attention_vectors = 4;  // so many accumulators
  using vf = __m512;
  using vi = __m512i;

  static vf zero() { return _mm512_setzero_ps(); }
  static vf set1(float x) { return _mm512_set1_ps(x); }
  static vf load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, vf x) { _mm512_storeu_ps(p, x); }
  static vf load_f16(const std::byte* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static vf load_bf16(const std::byte* p) {
    return as_float(shl<16>(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))));
  }
  static void store_f16(std::byte* p, vf x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static vf fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
  static vf fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
  static vf fms(vf a, vf b, vf c) { return _mm512_fmsub_ps(a, b, c); }
  static vf add(vf a, vf b) { return _mm512_add_ps(a, b); }
  static vf sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
  static vf mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
  static vf div(vf a, vf b) { return _mm512_div_ps(a, b); }
  static vf max(vf a, vf b) { return _mm512_max_ps(a, b); }  // a > b ? a : b
  static vf min(vf a, vf b) { return _mm512_min_ps(a, b); }  // a < b ? a : b
  static vf if_less(vf a, vf b, vf then, vf otherwise) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), otherwise, then);
  }
  static vf if_nan(vf x, vf then, vf otherwise) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), otherwise, then);
  }
  static unsigned equal_lanes(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }

  static vi int_zero() { return _mm512_setzero_si512(); }
  static vi int_set1(std::int32_t x) { return _mm512_set1_epi32(x); }
  static vi int_load(const std::byte* p) { return _mm512_loadu_si512(p); }
  static vi int_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
  static vi int_mul(vi a, vi b) { return _mm512_mullo_epi32(a, b); }
  static vi int_and(vi a, vi b) { return _mm512_and_si512(a, b); }
  static vi int_or(vi a, vi b) { return _mm512_or_si512(a, b); }
  static vi int_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
  static vi unsigned_max(vi a, vi b) { return _mm512_max_epu32(a, b); }
  template <int N>
  static vi shl(vi a) {
    return _mm512_slli_epi32(a, N);
  }
  template <int N>
  static vi shr(vi a) {
    return _mm512_srli_epi32(a, N);
  }
  static vi load_u8(const std::byte* p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static vi load_i8(const std::byte* p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static vf to_float(vi a) { return _mm512_cvtepi32_ps(a); }
  static vi round_to_int(vf a) { return _mm512_cvtps_epi32(a); }
  static void store_int8(std::int8_t* p, vi a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a)); }
  static vf as_float(vi a) { return _mm512_castsi512_ps(a); }
  static vi as_int(vf a) { return _mm512_castps_si512(a); }
  static std::int32_t sum(vi a) { return _mm512_reduce_add_epi32(a); }
  static std::uint32_t largest(vi a) { return _mm512_reduce_max_epu32(a); }

  /// 16 partial results reduced by a tree: i with i + 8, + 4, + 2, + 1.
  static float tree_sum(const vf (&part)[1]) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(part[0]), _mm512_extractf32x8_ps(part[0], 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static float tree_max(const vf (&part)[1]) {
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(part[0]), _mm512_extractf32x8_ps(part[0], 1));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }

  /// 16 bytes looked up by the codes 0..15 in every byte of `codes`.
  static vi look_up(const std::int8_t* bytes, vi codes) {
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))), codes);
  }
};

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
  static vi add(vi part, const weights& w, vi a) { return _mm512_dpbusd_epi32(part, w, a); }
  static vi fold(vi, vi part) { return part; }
};

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA
