// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Included inside the target regions of avx2/src.hpp and avxvnni/src.hpp.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

/// 8 lanes: a panel is two vectors.
struct ops {
  static constexpr std::size_t lanes = 8;
  static constexpr std::size_t tile_tokens = 4;      // of the quantised linear tile
  static constexpr std::size_t tile_parts = 2;       // vectors of a panel in a tile of 1 or 2 tokens,
  static constexpr std::size_t full_tile_parts = 2;  // and of more: 8 integer accumulators; the float ones rest in the cache
  static constexpr std::size_t float_vectors = 8;
  static constexpr std::size_t attention_rows = 2;
  static constexpr std::size_t attention_vectors = 4;
  using vf = __m256;
  using vi = __m256i;

  static vf zero() { return _mm256_setzero_ps(); }
  static vf set1(float x) { return _mm256_set1_ps(x); }
  static vf load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, vf x) { _mm256_storeu_ps(p, x); }
  static vf load_f16(const std::byte* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static vf load_bf16(const std::byte* p) {
    return as_float(shl<16>(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))));
  }
  static void store_f16(std::byte* p, vf x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static vf fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
  static vf fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
  static vf fms(vf a, vf b, vf c) { return _mm256_fmsub_ps(a, b, c); }
  static vf add(vf a, vf b) { return _mm256_add_ps(a, b); }
  static vf sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
  static vf mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
  static vf div(vf a, vf b) { return _mm256_div_ps(a, b); }
  static vf max(vf a, vf b) { return _mm256_max_ps(a, b); }  // a > b ? a : b
  static vf min(vf a, vf b) { return _mm256_min_ps(a, b); }  // a < b ? a : b
  static vf if_less(vf a, vf b, vf then, vf otherwise) {
    return _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
  }
  static vf if_nan(vf x, vf then, vf otherwise) { return _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps(x, x, _CMP_UNORD_Q)); }
  static unsigned equal_lanes(vf a, vf b) { return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_EQ_OQ))); }

  static vi int_zero() { return _mm256_setzero_si256(); }
  static vi int_set1(std::int32_t x) { return _mm256_set1_epi32(x); }
  static vi int_load(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static vi int_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
  static vi int_mul(vi a, vi b) { return _mm256_mullo_epi32(a, b); }
  static vi int_and(vi a, vi b) { return _mm256_and_si256(a, b); }
  static vi int_or(vi a, vi b) { return _mm256_or_si256(a, b); }
  static vi int_xor(vi a, vi b) { return _mm256_xor_si256(a, b); }
  static vi unsigned_max(vi a, vi b) { return _mm256_max_epu32(a, b); }
  template <int N>
  static vi shl(vi a) {
    return _mm256_slli_epi32(a, N);
  }
  template <int N>
  static vi shr(vi a) {
    return _mm256_srli_epi32(a, N);
  }
  static vi load_u8(const std::byte* p) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))); }
  static vi load_i8(const std::byte* p) { return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))); }
  static vf to_float(vi a) { return _mm256_cvtepi32_ps(a); }
  static vi round_to_int(vf a) { return _mm256_cvtps_epi32(a); }
  static void store_int8(std::int8_t* p, vi a) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
  }
  static vf as_float(vi a) { return _mm256_castsi256_ps(a); }
  static vi as_int(vf a) { return _mm256_castps_si256(a); }
  static std::int32_t sum(vi a) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1)));
  }
  static std::uint32_t largest(vi a) {
    __m128i s = _mm_max_epu32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_max_epu32(s, _mm_shuffle_epi32(s, 0x4E));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_max_epu32(s, _mm_shuffle_epi32(s, 0xB1))));
  }

  /// 16 partial results reduced by a tree: i with i + 8, + 4, + 2, + 1.
  static float tree_sum(const vf (&part)[2]) {
    const __m256 eight = _mm256_add_ps(part[0], part[1]);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  static float tree_max(const vf (&part)[2]) {
    const __m256 eight = _mm256_max_ps(part[0], part[1]);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }

  /// 16 bytes looked up by the codes 0..15 in every byte of `codes`.
  static vi look_up(const std::int8_t* bytes, vi codes) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))), codes);
  }
};

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA
