// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/half.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/module_graph.hpp>
#include <lingualinked/model/hyperparameters.hpp>
#include <lingualinked/model/llama.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test_support {

namespace ll = lingualinked;

/// Weights in memory; remembers how many bytes of each tensor were read.
class memory_source final : public ll::tensor_source {
 public:
  void add(const std::string& name, ll::dtype type, std::size_t rows, std::size_t columns, std::vector<std::byte> data) {
    index_.emplace(name, infos_.size());
    infos_.push_back({name, type, rows, columns, {rows, columns}, 0, 0, data.size()});
    data_.push_back(std::move(data));
  }
  [[nodiscard]] std::span<const ll::tensor_info> tensors() const noexcept override { return infos_; }
  [[nodiscard]] const ll::tensor_info* find(std::string_view name) const noexcept override {
    const auto at = index_.find(name);
    return at == index_.end() ? nullptr : &infos_[at->second];
  }
  [[nodiscard]] std::span<const ll::source_file> files() const noexcept override { return {}; }
  [[nodiscard]] ll::result<void> read(const ll::tensor_info& tensor, std::uint64_t offset,
                                      std::span<std::byte> out) const override {
    std::memcpy(out.data(), data_[index_.at(tensor.name)].data() + offset, out.size());
    read_bytes[tensor.name] += out.size();
    return {};
  }
  [[nodiscard]] std::vector<std::byte>& data(std::string_view name) { return data_[index_.find(name)->second]; }
  [[nodiscard]] std::span<const std::byte> data(std::string_view name) const { return data_[index_.find(name)->second]; }

  mutable std::map<std::string, std::uint64_t> read_bytes;

 private:
  std::vector<ll::tensor_info> infos_;
  std::vector<std::vector<std::byte>> data_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

struct tiny_model {
  ll::hyperparameters sizes;
  memory_source weights;
  ll::operation_graph graph;
};

/// What a random llama model is made of; `width` and the rest as in hyperparameters.
struct model_shape {
  ll::hyperparameters sizes;
  std::vector<ll::dtype> types{ll::dtype::f32};  // of the matrices, in turn
  bool tied = false;
  bool biases = false;
};

class model_maker {
 public:
  explicit model_maker(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1p-53;
  }
  [[nodiscard]] std::size_t below(std::size_t limit) { return random_() % limit; }
  template <class T>
  [[nodiscard]] T one_of(std::initializer_list<T> choices) {
    return choices.begin()[below(choices.size())];
  }
  [[nodiscard]] std::vector<ll::token_id> tokens(std::size_t count, std::size_t vocabulary) {
    std::vector<ll::token_id> ids(count);
    for (auto& id : ids) id = static_cast<ll::token_id>(below(vocabulary));
    return ids;
  }

  [[nodiscard]] tiny_model make(const model_shape& shape) {
    tiny_model m;
    m.sizes = shape.sizes;
    m.sizes.rotary_pairs = true;
    const ll::hyperparameters& h = m.sizes;
    std::size_t turn = 0;
    const auto matrix = [&](const std::string& name, std::size_t rows, std::size_t columns) {
      const ll::dtype type = shape.types[turn++ % shape.types.size()];
      m.weights.add(name, type, rows, columns, numbers(type, rows * columns, 2.0 / std::sqrt(static_cast<double>(columns)), 0));
    };
    const auto vector = [&](const std::string& name, std::size_t size, double centre) {
      m.weights.add(name, ll::dtype::f32, 1, size, numbers(ll::dtype::f32, size, 0.3, centre));
    };
    const auto layer_matrix = [&](const std::string& layer, const std::string& name, std::size_t rows, std::size_t columns) {
      matrix(layer + name + ".weight", rows, columns);
      if (shape.biases) vector(layer + name + ".bias", rows, 0);
    };
    m.weights.add("token_embd.weight", shape.types[0], h.vocabulary, h.width,
                  numbers(shape.types[0], h.vocabulary * h.width, 1, 0));
    for (std::size_t i = 0; i < h.layers; ++i) {
      const std::string layer = "blk." + std::to_string(i) + ".";
      vector(layer + "attn_norm.weight", h.width, 1);
      layer_matrix(layer, "attn_q", h.heads * h.head_size, h.width);
      layer_matrix(layer, "attn_k", h.kv_heads * h.head_size, h.width);
      layer_matrix(layer, "attn_v", h.kv_heads * h.head_size, h.width);
      layer_matrix(layer, "attn_output", h.width, h.heads * h.head_size);
      vector(layer + "ffn_norm.weight", h.width, 1);
      layer_matrix(layer, "ffn_gate", h.feed_forward, h.width);
      layer_matrix(layer, "ffn_up", h.feed_forward, h.width);
      layer_matrix(layer, "ffn_down", h.width, h.feed_forward);
    }
    vector("output_norm.weight", h.width, 1);
    if (!shape.tied) matrix("output.weight", h.vocabulary, h.width);
    m.graph = ll::build_llama(h, m.weights).value();
    return m;
  }

  /// centre + amplitude * [-1, 1) in the given type. For quantised types random codes with scales of that order, of either sign.
  [[nodiscard]] std::vector<std::byte> numbers(ll::dtype type, std::size_t count, double amplitude, double centre) {
    std::vector<std::byte> out(ll::bytes_of(type, count));
    if (ll::is_quantised(type)) {
      for (std::byte& b : out) b = static_cast<std::byte>(random_());
      const std::size_t block = ll::facts_of(type).block_bytes;
      const quantised_scales s = scales_of(type);
      for (std::size_t at = 0; at < out.size(); at += block) {
        for (const int place : {s.d, s.m}) {
          if (place < 0) continue;
          const double largest = amplitude / (place == s.d ? s.largest_code : s.largest_minimum);
          put<std::uint16_t>(out.data() + at + place, ll::f16_from_float(static_cast<float>(uniform(-largest, largest))));
        }
      }
      return out;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<float>(centre + amplitude * uniform(-1, 1));
      std::uint32_t bits = 0;
      std::memcpy(&bits, &value, 4);
      if (type == ll::dtype::f32) put(out.data() + 4 * i, bits);
      if (type == ll::dtype::f16) put(out.data() + 2 * i, ll::f16_from_float(value));
      if (type == ll::dtype::bf16) put(out.data() + 2 * i, static_cast<std::uint16_t>(bits >> 16));
    }
    return out;
  }

 private:
  struct quantised_scales {
    int d;
    int m;
    double largest_code;
    double largest_minimum;
  };
  static quantised_scales scales_of(ll::dtype type) {
    switch (type) {
      case ll::dtype::q8_0: return {0, -1, 127, 1};
      case ll::dtype::q4_0: return {0, -1, 8, 1};
      case ll::dtype::q4_1: return {0, 2, 15, 1};
      case ll::dtype::q5_0: return {0, -1, 16, 1};
      case ll::dtype::q5_1: return {0, 2, 31, 1};
      case ll::dtype::iq4_nl: return {0, -1, 127, 1};
      case ll::dtype::q2_k: return {80, 82, 3 * 15, 15};
      case ll::dtype::q3_k: return {108, -1, 4 * 32, 1};
      case ll::dtype::q4_k: return {0, 2, 15 * 63, 63};
      case ll::dtype::q5_k: return {0, 2, 31 * 63, 63};
      case ll::dtype::q6_k: return {208, -1, 32 * 128, 1};
      default: return {0, -1, 127 * 32, 1};  // iq4_xs
    }
  }
  template <class T>
  static void put(std::byte* where, T value) {
    std::memcpy(where, &value, sizeof(T));
  }

  std::mt19937_64 random_;
};

}  // namespace test_support
