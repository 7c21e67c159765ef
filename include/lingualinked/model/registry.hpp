// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/activation.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace lingualinked::inline v0 {

/// What a GGUF file of an architecture leaves unsaid.
struct gguf_conventions {
  bool layer_norms = false;  // the epsilon is that of layer norms, not of root-mean-square norms
  bool rotary = true;        // positions enter by rotation
  bool rotary_pairs = false;
  activation_kind activation = activation_kind::silu;
  double alibi_bias = 0;
  std::size_t window = 0;        // where the file names none
  std::size_t global_every = 0;  // n: of the layers with a window each n-th has none
  double window_rope_base = 0;
  bool mixtures = false;  // there may be experts
  bool experts_sum_to_one = true;
  float attention_cap = 0;                 // where the file names none
  float logit_cap = 0;                     // where the file names none
  std::size_t layers_scaled_by_width = 0;  // a model of so many layers scales scores by 1 / sqrt(width / heads)
};

/// One architecture this library runs: the name that model files give it, and what turns its sizes and tensors into operations.
struct architecture {
  std::string_view name;
  result<operation_graph> (*build)(const hyperparameters&, const tensor_source&);
  gguf_conventions gguf{};
};

/// All of them. A new one is a line in registry.ipp and a file of its own.
[[nodiscard]] std::span<const architecture> architectures() noexcept;

/// Errors  unsupported, naming the architecture and those there are
[[nodiscard]] result<architecture> architecture_named(std::string_view name);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/registry.ipp>
#endif
