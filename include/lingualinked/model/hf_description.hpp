// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/hf_config.hpp>
#include <lingualinked/model/hyperparameters.hpp>

#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// How a tensor of a Hugging Face model lies, other than as GGUF has it.
enum class hf_layout : unsigned char {
  same,
  transposed,    // [inputs, outputs]
  qkv_by_heads,  // rows are, for each head, its q, its k and its v; GGUF: all q, all k, all v
  less_one,      // a norm's weight without the 1 that is added to it
  joined,        // one tensor for each expert or head; GGUF: all in one, one behind the other
  plain,         // not stored: a norm that only centres and scales. GGUF: a weight of ones and a bias of zeros
};

/// Which layers have a tensor.
enum class hf_layers : unsigned char { all, with_experts, without_experts };

/// A tensor of the model or of each layer and what GGUF calls it. The first '*' is the number of the layer, the second in
/// `stored` that of an expert or a head.
struct hf_rule {
  std::string_view stored;  // without .weight and .bias, and without the prefix of the description
  std::string_view name;    // the same in GGUF
  hf_layout layout = hf_layout::same;
  bool bias = false;      // there is a .bias too
  bool outside = false;   // stands outside the prefix, as heads do
  std::size_t parts = 1;  // tensors that are joined; numbers of one that is not stored
  hf_layers layers = hf_layers::all;
};

/// What a config.json says of a model: its sizes, and exactly which tensors its files must hold.
struct hf_description {
  hyperparameters sizes{};
  std::string_view prefix{};  // of nearly all names, e.g. "model."; exports of a model without head lack it
  std::vector<hf_rule> tensors{};
  std::vector<std::string_view> ignored{};  // whole names after the prefix: tables that older exports stored and nobody reads
  bool tied = false;                        // the head is the embedding: a stored head is not read
};

/// Understands a config.json: its family, its sizes, its head (causal language model or sequence classification).
/// Errors    unsupported for a family, a head, a rope scaling or a switch that this library does not do, by name; malformed for
///           sizes that are missing, out of range or contradict each other
[[nodiscard]] LINGUALINKED_DECL result<hf_description> describe_hf(const hf_config& config);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/hf_description.ipp>
#endif
