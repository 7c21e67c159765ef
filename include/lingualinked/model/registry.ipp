// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/bloom.hpp>
#include <lingualinked/model/gemma.hpp>
#include <lingualinked/model/gemma2.hpp>
#include <lingualinked/model/gemma3.hpp>
#include <lingualinked/model/gpt2.hpp>
#include <lingualinked/model/llama.hpp>
#include <lingualinked/model/opt.hpp>
#include <lingualinked/model/phi3.hpp>
#include <lingualinked/model/qwen2.hpp>
#include <lingualinked/model/qwen3.hpp>
#include <lingualinked/model/registry.hpp>
#include <lingualinked/model/stablelm.hpp>

#include <array>
#include <string>

namespace lingualinked::inline v0 {

LINGUALINKED_DECL std::span<const architecture> architectures() noexcept {
  static constexpr std::array all{
      architecture{"llama", &build_llama, {.rotary_pairs = true, .mixtures = true}},
      architecture{"qwen2", &build_qwen2, {}},
      architecture{"qwen3", &build_qwen3, {}},
      architecture{"qwen2moe", &build_qwen2, {.mixtures = true, .experts_sum_to_one = false}},
      architecture{"qwen3moe", &build_qwen3, {.mixtures = true}},
      architecture{"gemma", &build_gemma, {.activation = activation_kind::gelu_tanh}},
      architecture{"gemma2",
                   &build_gemma2,
                   {.activation = activation_kind::gelu_tanh,
                    .window = 4096,
                    .global_every = 2,
                    .attention_cap = 50,
                    .logit_cap = 30,
                    .layers_scaled_by_width = 46}},
      architecture{"gemma3",
                   &build_gemma3,
                   {.activation = activation_kind::gelu_tanh,
                    .global_every = 6,
                    .window_rope_base = 10'000,
                    .layers_scaled_by_width = 62}},
      architecture{"gpt2", &build_gpt2, {.layer_norms = true, .rotary = false, .activation = activation_kind::gelu_tanh}},
      architecture{"bloom",
                   &build_bloom,
                   {.layer_norms = true, .rotary = false, .activation = activation_kind::gelu_tanh, .alibi_bias = 8}},
      architecture{"phi3", &build_phi3, {}},
      architecture{"stablelm", &build_stablelm, {.layer_norms = true}},
      architecture{"opt", &build_opt, {.layer_norms = true, .rotary = false, .activation = activation_kind::relu}},
  };
  return all;
}

LINGUALINKED_DECL result<architecture> architecture_named(std::string_view name) {
  std::string known;
  for (const architecture& a : architectures()) {
    if (a.name == name) return a;
    known += (known.empty() ? "" : ", ") + std::string(a.name);
  }
  return error{errc::unsupported, "architecture " + printable(name) + " is not supported; supported: " + known};
}

}  // namespace lingualinked::inline v0
