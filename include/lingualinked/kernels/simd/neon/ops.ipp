// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Included by neon/src.hpp and neon_dot/src.hpp only.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

/// 4 lanes: a panel is four vectors.
struct ops {
  static constexpr std::size_t lanes = 4;
  static constexpr std::size_t tile_tokens = 4;
  static constexpr std::size_t tile_parts = 4;       // vectors of a panel in a tile of 1 or 2 tokens,
  static constexpr std::size_t full_tile_parts = 1;  // and of more
  static constexpr std::size_t float_vectors = 16;
  static constexpr std::size_t attention_rows = 4;
  static constexpr std::size_t attention_vectors = 4;
  using vf = float32x4_t;
  using vi = int32x4_t;

  static vf zero() { return vdupq_n_f32(0); }
  static vf set1(float x) { return vdupq_n_f32(x); }
  static vf load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, vf x) { vst1q_f32(p, x); }
  static vf load_f16(const std::byte* p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(reinterpret_cast<const std::uint16_t*>(p))));
  }
  static vf load_bf16(const std::byte* p) {
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(reinterpret_cast<const std::uint16_t*>(p)), 16));
  }
  static void store_f16(std::byte* p, vf x) {
    vst1_u16(reinterpret_cast<std::uint16_t*>(p), vreinterpret_u16_f16(vcvt_f16_f32(x)));
  }
  static vf fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
  static vf fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
  static vf fms(vf a, vf b, vf c) { return vfmaq_f32(vnegq_f32(c), a, b); }
  static vf add(vf a, vf b) { return vaddq_f32(a, b); }
  static vf sub(vf a, vf b) { return vsubq_f32(a, b); }
  static vf mul(vf a, vf b) { return vmulq_f32(a, b); }
  static vf div(vf a, vf b) { return vdivq_f32(a, b); }
  static vf max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }  // a > b ? a : b
  static vf min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }  // a < b ? a : b
  static vf if_less(vf a, vf b, vf then, vf otherwise) { return vbslq_f32(vcltq_f32(a, b), then, otherwise); }
  static vf if_nan(vf x, vf then, vf otherwise) { return vbslq_f32(vceqq_f32(x, x), otherwise, then); }
  static unsigned equal_lanes(vf a, vf b) {
    const uint32x4_t bits = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(vceqq_f32(a, b), bits));
  }

  static vi int_zero() { return vdupq_n_s32(0); }
  static vi int_set1(std::int32_t x) { return vdupq_n_s32(x); }
  static vi int_load(const std::byte* p) { return vld1q_s32(reinterpret_cast<const std::int32_t*>(p)); }
  static vi int_add(vi a, vi b) { return vaddq_s32(a, b); }
  static vi int_mul(vi a, vi b) { return vmulq_s32(a, b); }
  static vi int_and(vi a, vi b) { return vandq_s32(a, b); }
  static vi int_or(vi a, vi b) { return vorrq_s32(a, b); }
  static vi int_xor(vi a, vi b) { return veorq_s32(a, b); }
  static vi unsigned_max(vi a, vi b) {
    return vreinterpretq_s32_u32(vmaxq_u32(vreinterpretq_u32_s32(a), vreinterpretq_u32_s32(b)));
  }
  template <int N>
  static vi shl(vi a) {
    return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(N)));
  }
  template <int N>
  static vi shr(vi a) {
    return vreinterpretq_s32_u32(vshlq_u32(vreinterpretq_u32_s32(a), vdupq_n_s32(-N)));
  }
  static vi load_u8(const std::byte* p) {
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(word_at(p)))))));
  }
  static vi load_i8(const std::byte* p) { return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(word_at(p)))))); }
  static vf to_float(vi a) { return vcvtq_f32_s32(a); }
  static vi round_to_int(vf a) { return vcvtnq_s32_f32(a); }
  static void store_int8(std::int8_t* p, vi a) {
    const int16x4_t words = vmovn_s32(a);
    const std::uint32_t bytes = vget_lane_u32(vreinterpret_u32_s8(vmovn_s16(vcombine_s16(words, words))), 0);
    std::memcpy(p, &bytes, sizeof(bytes));
  }
  static vf as_float(vi a) { return vreinterpretq_f32_s32(a); }
  static vi as_int(vf a) { return vreinterpretq_s32_f32(a); }
  static std::int32_t sum(vi a) { return vaddvq_s32(a); }
  static std::uint32_t largest(vi a) { return vmaxvq_u32(vreinterpretq_u32_s32(a)); }

  /// 16 partial results reduced by a tree: i with i + 8, + 4, + 2, + 1.
  static float tree_sum(const vf (&part)[4]) {
    const vf four = vaddq_f32(vaddq_f32(part[0], part[2]), vaddq_f32(part[1], part[3]));
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
  }
  static float tree_max(const vf (&part)[4]) {
    const vf four = max(max(part[0], part[2]), max(part[1], part[3]));
    const vf two = max(four, vextq_f32(four, four, 2));
    return vgetq_lane_f32(max(two, vextq_f32(two, two, 1)), 0);
  }

  /// 16 bytes looked up by the codes 0..15 in every byte of `codes`.
  static vi look_up(const std::int8_t* bytes, vi codes) {
    return vreinterpretq_s32_s8(vqtbl1q_s8(vld1q_s8(bytes), vreinterpretq_u8_s32(codes)));
  }

 private:
  static std::uint32_t word_at(const std::byte* p) {
    std::uint32_t word;
    std::memcpy(&word, p, sizeof(word));
    return word;
  }
};

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA
