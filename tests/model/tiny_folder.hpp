// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "support/temporary_folder.hpp"

#include <lingualinked/core/bytes.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace test_support {

/// A safetensors file of float32 tensors of ones, unless a tensor says otherwise.
class tiny_safetensors {
 public:
  struct tensor {
    std::vector<std::uint64_t> shape;
    std::string type = "F32";
    std::string data;  // empty: ones
  };

  tiny_safetensors& set(const std::string& name, const std::vector<std::uint64_t>& shape) {
    tensors[name] = {shape, "F32", {}};
    return *this;
  }
  [[nodiscard]] std::string build() const {
    nlohmann::ordered_json header;
    std::string data;
    for (const auto& [name, t] : tensors) {
      std::string bytes = t.data;
      if (bytes.empty()) {
        std::uint64_t count = 1;
        for (const auto n : t.shape) count *= n;
        for (std::uint64_t i = 0; i < count; ++i) bytes += std::string("\0\0\x80\x3f", 4);
      }
      header[name] = {{"dtype", t.type}, {"shape", t.shape}, {"data_offsets", {data.size(), data.size() + bytes.size()}}};
      data += bytes;
    }
    const std::string text = header.dump();
    std::array<std::byte, 8> length{};
    lingualinked::store_little_endian(length.data(), std::uint64_t{text.size()});
    return std::string(reinterpret_cast<const char*>(length.data()), length.size()) + text + data;
  }

  std::map<std::string, tensor> tensors;
};

/// A Llama folder of one layer, 16 wide, 2 heads of 8, 11 tokens, whose parts can be replaced before it is written.
class tiny_folder {
 public:
  tiny_folder() {
    config = {{"model_type", "llama"},
              {"architectures", {"LlamaForCausalLM"}},
              {"num_hidden_layers", 1},
              {"hidden_size", 16},
              {"intermediate_size", 24},
              {"num_attention_heads", 2},
              {"num_key_value_heads", 1},
              {"max_position_embeddings", 64},
              {"rms_norm_eps", 1e-5},
              {"vocab_size", 11},
              {"tie_word_embeddings", false},
              {"torch_dtype", "float32"},
              {"use_cache", true}};
    const std::string layer = "model.layers.0.";
    weights.set("model.embed_tokens.weight", {11, 16})
        .set(layer + "input_layernorm.weight", {16})
        .set(layer + "self_attn.q_proj.weight", {16, 16})
        .set(layer + "self_attn.k_proj.weight", {8, 16})
        .set(layer + "self_attn.v_proj.weight", {8, 16})
        .set(layer + "self_attn.o_proj.weight", {16, 16})
        .set(layer + "post_attention_layernorm.weight", {16})
        .set(layer + "mlp.gate_proj.weight", {24, 16})
        .set(layer + "mlp.up_proj.weight", {24, 16})
        .set(layer + "mlp.down_proj.weight", {16, 24})
        .set("model.norm.weight", {16})
        .set("lm_head.weight", {11, 16});
  }

  /// Writes it and gives its path, which lives as long as this.
  std::string write() const {
    folder_.write("config.json", config.dump());
    folder_.write("model.safetensors", weights.build());
    return folder_.path().string();
  }
  [[nodiscard]] const temporary_folder& folder() const noexcept { return folder_; }

  nlohmann::json config;
  tiny_safetensors weights;

 private:
  temporary_folder folder_;
};

}  // namespace test_support
