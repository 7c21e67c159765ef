// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "support/gguf_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace test_support {

/// A llama file of one layer, 16 wide, 2 heads of 8, 11 tokens, whose parts can be replaced and taken out before it is written.
class tiny_gguf {
 public:
  struct tensor {
    std::vector<std::uint64_t> shape;  // contiguous dimension first
    std::uint32_t type_code = 0;
    std::string data;
  };

  tiny_gguf() {
    text("general.architecture", "llama");
    number("llama.block_count", std::uint32_t{1});
    number("llama.context_length", std::uint32_t{64});
    number("llama.embedding_length", std::uint32_t{16});
    number("llama.feed_forward_length", std::uint32_t{24});
    number("llama.attention.head_count", std::uint32_t{2});
    number("llama.attention.head_count_kv", std::uint32_t{1});
    number("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    matrix("token_embd.weight", {16, 11});
    matrix("blk.0.attn_norm.weight", {16});
    matrix("blk.0.attn_q.weight", {16, 16});
    matrix("blk.0.attn_k.weight", {16, 8});
    matrix("blk.0.attn_v.weight", {16, 8});
    matrix("blk.0.attn_output.weight", {16, 16});
    matrix("blk.0.ffn_norm.weight", {16});
    matrix("blk.0.ffn_gate.weight", {16, 24});
    matrix("blk.0.ffn_up.weight", {16, 24});
    matrix("blk.0.ffn_down.weight", {24, 16});
    matrix("output_norm.weight", {16});
  }

  template <class T>
  tiny_gguf& number(const std::string& key, T value) {
    return pair(key, [=](gguf_builder& b) { b.number(key, value); });
  }
  tiny_gguf& text(const std::string& key, const std::string& value) {
    return pair(key, [=](gguf_builder& b) { b.text(key, value); });
  }
  tiny_gguf& texts(const std::string& key, const std::vector<std::string>& values) {
    return pair(key, [=](gguf_builder& b) { b.texts(key, values); });
  }
  template <class T>
  tiny_gguf& numbers(const std::string& key, const std::vector<T>& values) {
    return pair(key, [=](gguf_builder& b) { b.numbers(key, values); });
  }
  tiny_gguf& boolean(const std::string& key, bool value) {
    return pair(key, [=](gguf_builder& b) { b.boolean(key, value ? 1 : 0); });
  }
  tiny_gguf& pair(const std::string& key, std::function<void(gguf_builder&)> write) {
    pairs_[key] = std::move(write);
    return *this;
  }
  /// A float32 tensor of ones.
  tiny_gguf& matrix(const std::string& name, const std::vector<std::uint64_t>& shape) {
    std::size_t count = 1;
    for (const auto n : shape) count *= n;
    const std::vector<float> ones(count, 1.0F);
    tensors_[name] = {shape, 0, bytes_of_numbers(std::span<const float>(ones))};
    return *this;
  }
  tiny_gguf& stored(const std::string& name, tensor value) {
    tensors_[name] = std::move(value);
    return *this;
  }
  tiny_gguf& without(const std::string& name) {
    pairs_.erase(name);
    tensors_.erase(name);
    return *this;
  }

  [[nodiscard]] std::string build() const {
    gguf_builder b;
    for (const auto& [key, write] : pairs_) write(b);
    for (const auto& [name, t] : tensors_) b.tensor(name, t.shape, t.type_code, t.data);
    return b.build();
  }
  /// The same as `count` files of version 2, tensors in turn.
  [[nodiscard]] std::vector<std::string> build_splits(std::size_t count) const {
    std::vector<std::string> files;
    for (std::size_t file = 0; file < count; ++file) {
      gguf_builder b;
      b.version(2);
      if (file == 0)
        for (const auto& [key, write] : pairs_) write(b);
      b.number("split.no", static_cast<std::uint16_t>(file)).number("split.count", static_cast<std::uint16_t>(count));
      b.number("split.tensors.count", static_cast<std::int32_t>(tensors_.size()));
      std::size_t turn = 0;
      for (const auto& [name, t] : tensors_)
        if (turn++ % count == file) b.tensor(name, t.shape, t.type_code, t.data);
      files.push_back(b.build());
    }
    return files;
  }

 private:
  std::map<std::string, std::function<void(gguf_builder&)>> pairs_;
  std::map<std::string, tensor> tensors_;
};

}  // namespace test_support
