// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/hf_keys.hpp>
#include <lingualinked/model/hyperparameters.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

struct hf_description;

/// Families whose folders look like Llama's: the same names of settings and tensors, with few differences.
LINGUALINKED_DECL void describe_hf_llama(hf_keys& keys, hf_description& d);
LINGUALINKED_DECL void describe_hf_mistral(hf_keys& keys, hf_description& d);
LINGUALINKED_DECL void describe_hf_qwen2(hf_keys& keys, hf_description& d);
LINGUALINKED_DECL void describe_hf_qwen3(hf_keys& keys, hf_description& d);

namespace detail {

/// What a family takes where its config does not say.
struct hf_llama_usual {
  std::size_t head_size = 0;  // 0: width / heads
  double theta = 10'000;
  double turned = 1;  // part of a head that turns
  double epsilon = 1e-6;
  std::string_view layer_type = {};  // whose rope is read
  bool renames_longrope = false;     // early configs called longrope su or yarn
};

/// The sizes and the rope that all of them share.
LINGUALINKED_DECL void read_hf_llama_sizes(hf_keys& keys, hyperparameters& h, const hf_llama_usual& usual = {});
/// All of Mistral and what Mixtral shares with it. The first configs relied on what is usual.
LINGUALINKED_DECL void read_hf_mistral(hf_keys& keys, hf_description& d, const hf_llama_usual& usual, std::size_t usual_window);
/// Bias of q, k and v; bias of the projection behind attention; biases of the feed-forward part.
LINGUALINKED_DECL void add_hf_llama_tensors(hf_description& d, bool qkv_bias, bool output_bias, bool mlp_bias);
/// `layer_types`, or else what `usual` gives for each layer, into global_layers.
template <class Usual>
void read_hf_layer_types(hf_keys& keys, hyperparameters& h, Usual usual) {
  const auto types = keys.texts({"layer_types"}, max_layers);
  if (keys.failed()) return;
  if (!types.empty() && types.size() != h.layers)
    return keys.refuse("layer_types",
                       "names " + std::to_string(types.size()) + " layers, but there are " + std::to_string(h.layers));
  std::vector<bool> global(h.layers);
  for (std::size_t i = 0; i < h.layers; ++i) {
    global[i] = types.empty() ? usual(i) : types[i] == "full_attention";
    if (!types.empty() && !global[i] && types[i] != "sliding_attention")
      return keys.refuse("layer_types", "names the layer type " + printable(types[i]) + ", which is not supported",
                         errc::unsupported);
  }
  h.global_layers = std::move(global);
}

}  // namespace detail
}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_llama.ipp>
#endif
