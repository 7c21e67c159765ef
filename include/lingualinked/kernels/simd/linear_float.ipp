// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear layers with float32, float16 and bfloat16 weights. Included inside a target region, after linear_rounded.ipp.

namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA {

template <dtype Type>
LINGUALINKED_ALWAYS_INLINE ops::vf load_weights(const std::byte* at) {
  if constexpr (Type == dtype::f32) {
    return ops::load(reinterpret_cast<const float*>(at));
  } else if constexpr (Type == dtype::f16) {
    return ops::load_f16(at);
  } else {
    return ops::load_bf16(at);
  }
}

/// T tokens times `Panels` panels: enough independent chains over k to hide the latency of fma.
template <dtype Type, std::size_t T, std::size_t Panels>
void run_float_tile(const linear_call& call, std::size_t panel, std::size_t token) {
  using vf = ops::vf;
  constexpr std::size_t parts = panel_rows / ops::lanes;
  constexpr std::size_t V = Panels * parts;
  constexpr std::size_t size = facts_of(Type).block_bytes;
  const std::byte* base[Panels];
  for (std::size_t i = 0; i < Panels; ++i) base[i] = call.weights.data + (panel + i) * call.weights.panel_bytes;
  const float* x[T];
  for (std::size_t t = 0; t < T; ++t) x[t] = call.input.x + (token + t) * call.input.x_stride;
  vf acc[T][V];
  LINGUALINKED_UNROLL
  for (std::size_t t = 0; t < T; ++t) {
    LINGUALINKED_UNROLL
    for (std::size_t v = 0; v < V; ++v) acc[t][v] = ops::zero();
  }
  for (std::size_t k = 0; k < call.weights.columns; ++k) {
    vf w[V];
    LINGUALINKED_UNROLL
    for (std::size_t v = 0; v < V; ++v)
      w[v] = load_weights<Type>(base[v / parts] + (k * panel_rows + v % parts * ops::lanes) * size);
    LINGUALINKED_UNROLL
    for (std::size_t t = 0; t < T; ++t) {
      const vf a = ops::set1(x[t][k]);
      LINGUALINKED_UNROLL
      for (std::size_t v = 0; v < V; ++v) acc[t][v] = ops::fma(w[v], a, acc[t][v]);
    }
  }
  for (std::size_t t = 0; t < T; ++t)
    for (std::size_t v = 0; v < V; ++v) store_outputs(call, token + t, panel * panel_rows + v * ops::lanes, acc[t][v]);
}

/// All tokens against `Panels` panels.
template <dtype Type, std::size_t Panels>
void run_float_panels(const linear_call& call, std::size_t panel) {
  for (std::size_t t = 0; t < call.input.rows;) {
    const std::size_t tile = tile_of(call.input.rows - t);
    // Many tokens need few panels for the same number of accumulators.
    constexpr std::size_t parts = panel_rows / ops::lanes;
    constexpr std::size_t wide = std::min(Panels, std::max<std::size_t>(1, ops::float_vectors / (ops::tile_tokens * parts)));
    if (tile == ops::tile_tokens) {
      for (std::size_t i = 0; i < Panels; i += wide) run_float_tile<Type, ops::tile_tokens, wide>(call, panel + i, t);
    } else if (tile >= 2) {
      constexpr std::size_t some = std::min<std::size_t>(Panels, 2);
      for (std::size_t i = 0; i < Panels; i += some)
        for (std::size_t j = 0; j < tile; j += 2) run_float_tile<Type, 2, some>(call, panel + i, t + j);
    } else {
      run_float_tile<Type, 1, Panels>(call, panel, t);
    }
    t += tile;
  }
}

template <dtype Type>
void linear_float(const linear_call& call) {
  std::size_t panel = call.panel_begin;
  for (; panel + 4 <= call.panel_end; panel += 4) run_float_panels<Type, 4>(call, panel);
  for (; panel < call.panel_end; ++panel) run_float_panels<Type, 1>(call, panel);
}

inline void linear(const linear_call& call) {
  LINGUALINKED_EXPECTS(call.panel_begin <= call.panel_end && call.panel_end <= call.weights.panels());
  switch (call.weights.type) {
    case dtype::f32: return linear_float<dtype::f32>(call);
    case dtype::f16: return linear_float<dtype::f16>(call);
    case dtype::bf16: return linear_float<dtype::bf16>(call);
    case dtype::q8_0: return linear_rounded<dtype::q8_0>(call);
    case dtype::q4_0: return linear_rounded<dtype::q4_0>(call);
    case dtype::q4_1: return linear_rounded<dtype::q4_1>(call);
    case dtype::q5_0: return linear_rounded<dtype::q5_0>(call);
    case dtype::q5_1: return linear_rounded<dtype::q5_1>(call);
    case dtype::q2_k: return linear_rounded<dtype::q2_k>(call);
    case dtype::q3_k: return linear_rounded<dtype::q3_k>(call);
    case dtype::q4_k: return linear_rounded<dtype::q4_k>(call);
    case dtype::q5_k: return linear_rounded<dtype::q5_k>(call);
    case dtype::q6_k: return linear_rounded<dtype::q6_k>(call);
    case dtype::iq4_nl: return linear_rounded<dtype::iq4_nl>(call);
    case dtype::iq4_xs: return linear_rounded<dtype::iq4_xs>(call);
    case dtype::i32: break;  // panels are never made of it
  }
}

}  // namespace lingualinked::inline v0::kernels::simd::LINGUALINKED_KERNELS_ISA
