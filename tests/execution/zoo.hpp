// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "execution/load_matrix.hpp"
#include "execution/random_model.hpp"

#include <lingualinked/model/registry.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace test_support {

/// An architecture as its paper has it, in a random size: what the tests make weights from and compute in double precision,
/// without looking at how the library builds its graph.
struct species {
  std::string name;
  ll::hyperparameters sizes;
  bool layer_norms = false;
  bool head_norms = false;
  bool norms_behind = false;  // each half of a layer is normed once more before it is added
  bool parallel = false;      // one norm for both halves of a layer, which are added to the same stream
  bool gated = true;
  bool fused_qkv = false;
  bool fused_gate = false;
  bool embedding_norm = false;
  bool positions = false;
  char biases = '-';  // '-' none, 'q' of q, k and v, 'a' of all linear layers
  double embedding_scale = 1;
};

inline std::vector<species> all_species(model_maker& random, std::size_t multiple) {
  std::vector<species> all;
  const auto add = [&](const char* name, const char* architecture, auto change) {
    species s;
    s.name = name;
    ll::hyperparameters& h = s.sizes;
    h.architecture = architecture;
    h.layers = 2 + random.below(2);
    h.kv_heads = 1 + random.below(3);
    h.heads = h.kv_heads * (1 + random.below(3));
    h.head_size = random.one_of<std::size_t>({8, 12, 16});
    if (multiple != 1) {
      h.head_size = 16;
      h.heads = random.one_of<std::size_t>({2, 4, 6});
      h.kv_heads = random.one_of<std::size_t>({1, 2});
    }
    h.width = multiple * (1 + random.below(60 / multiple + 1));
    h.feed_forward = multiple * (1 + random.below(90 / multiple + 1));
    h.vocabulary = 17 + random.below(40);
    h.context_length = 64;
    h.norm_epsilon = 1e-5F;
    h.rotary = h.head_size;
    change(s, h);
    all.push_back(std::move(s));
  };
  const auto ancient = [&](species& s, ll::hyperparameters& h) {
    s.layer_norms = true;
    s.gated = false;
    s.biases = 'a';
    h.kv_heads = h.heads;
    h.rotary = 0;
    h.activation = ll::activation_kind::gelu_tanh;
  };
  const auto gemma = [&](species& s, ll::hyperparameters& h) {
    s.embedding_scale = std::sqrt(static_cast<double>(h.width));
    h.activation = ll::activation_kind::gelu_tanh;
  };
  const auto experts = [&](ll::hyperparameters& h) {
    h.experts = 2 + random.below(6);
    h.experts_used = 1 + random.below(h.experts);
    h.expert_feed_forward = multiple * (1 + random.below(60 / multiple + 1));
    h.experts_sum_to_one = true;
  };
  add("llama with yarn", "llama", [&](species&, ll::hyperparameters& h) {
    h.rotary_pairs = true;
    h.rope_amplitude = 1.14;
    for (std::size_t i = 0; i < h.rotary / 2; ++i) h.rope_divisors.push_back(random.uniform(1, 8));
  });
  add("mixtral", "llama", [&](species&, ll::hyperparameters& h) {
    h.rotary_pairs = true;
    experts(h);
  });
  add("qwen2", "qwen2", [&](species& s, ll::hyperparameters&) { s.biases = 'q'; });
  add("qwen2moe", "qwen2moe", [&](species& s, ll::hyperparameters& h) {
    s.biases = 'q';
    experts(h);
    h.experts_sum_to_one = false;
    h.shared_feed_forward = multiple * (1 + random.below(60 / multiple + 1));
  });
  add("qwen3", "qwen3", [&](species& s, ll::hyperparameters&) { s.head_norms = true; });
  add("qwen3moe with layers that have no experts", "qwen3moe", [&](species& s, ll::hyperparameters& h) {
    s.head_norms = true;
    experts(h);
    h.dense_layers = {false, true, false};
  });
  add("gemma", "gemma", [&](species& s, ll::hyperparameters& h) { gemma(s, h); });
  add("gemma2", "gemma2", [&](species& s, ll::hyperparameters& h) {
    gemma(s, h);
    s.norms_behind = true;
    h.window = 5;
    h.global_layers = {false, true, false};
    h.attention_cap = 2.5F;
    h.logit_cap = 3;
    h.attention_scale = 0.21;
  });
  add("gemma3", "gemma3", [&](species& s, ll::hyperparameters& h) {
    gemma(s, h);
    s.norms_behind = s.head_norms = true;
    h.window = 7;
    h.global_layers = {false, true, false};
    h.window_rope_base = 700;
    h.rope_divisors.assign(h.rotary / 2, 8);
  });
  add("gpt2", "gpt2", [&](species& s, ll::hyperparameters& h) {
    ancient(s, h);
    s.fused_qkv = s.positions = true;
    h.activation = random.one_of({ll::activation_kind::gelu, ll::activation_kind::gelu_tanh});
    h.scaled_by_layer = random.one_of({false, true});
  });
  for (const bool after : {false, true})
    add(after ? "bloom with the residual after the norm" : "bloom", "bloom", [&](species& s, ll::hyperparameters& h) {
      ancient(s, h);
      s.fused_qkv = s.embedding_norm = true;
      h.alibi_bias = 8;
      h.residual_after_norm = after;
    });
  for (const bool after : {false, true})
    add(after ? "opt with norms after the residual" : "opt", "opt", [&](species& s, ll::hyperparameters& h) {
      ancient(s, h);
      s.positions = true;
      h.position_offset = 2;
      h.activation = ll::activation_kind::relu;
      h.norm_after_residual = after;
      h.embedding_width = after ? multiple * 2 : 0;
    });
  add("phi3", "phi3", [&](species& s, ll::hyperparameters& h) {
    s.fused_qkv = s.fused_gate = true;
    h.rotary = h.head_size / 2 / 2 * 2;
    h.window = 6;
  });
  add("stablelm", "stablelm", [&](species& s, ll::hyperparameters& h) {
    s.layer_norms = true;
    h.rotary = 4;
    s.biases = random.one_of({'-', 'q'});
  });
  add("stablelm with norms of heads and parallel halves", "stablelm", [&](species& s, ll::hyperparameters& h) {
    s.layer_norms = s.head_norms = s.parallel = true;
    h.rotary = 4;
  });
  add("a classifier", "llama", [&](species&, ll::hyperparameters& h) {
    h.labels = {"no", "perhaps", "yes"};
    h.logit_cap = 2;  // of language models only
  });
  return all;
}

/// Random weights in the given types, in turn.
inline tiny_model make_species(model_maker& random, const species& s, std::span<const ll::dtype> types) {
  const ll::hyperparameters& h = s.sizes;
  tiny_model m;
  m.sizes = h;
  std::size_t turn = 0;
  const auto matrix = [&](const std::string& name, std::size_t rows, std::size_t columns) {
    const ll::dtype type = types[turn++ % types.size()];
    m.weights.add(name + ".weight", type, rows, columns,
                  random.numbers(type, rows * columns, 1.7 / std::sqrt(static_cast<double>(columns)), 0));
  };
  const auto vector = [&](const std::string& name, std::size_t size, double centre) {
    m.weights.add(name, ll::dtype::f32, 1, size, random.numbers(ll::dtype::f32, size, 0.3, centre));
  };
  const auto linear = [&](const std::string& name, std::size_t rows, std::size_t columns, bool of_qkv = false) {
    matrix(name, rows, columns);
    if (s.biases == 'a' || (s.biases == 'q' && of_qkv)) vector(name + ".bias", rows, 0);
  };
  const auto norm = [&](const std::string& name, std::size_t size) {
    vector(name + ".weight", size, 1);
    if (s.layer_norms) vector(name + ".bias", size, 0);
  };
  const std::size_t q = h.heads * h.head_size;
  const std::size_t kv = h.kv_heads * h.head_size;
  const std::size_t embedding = h.embedding_width != 0 ? h.embedding_width : h.width;
  matrix("token_embd", h.vocabulary, embedding);
  if (h.embedding_width != 0) {
    matrix("project_in", h.width, embedding);
    matrix("project_out", embedding, h.width);
  }
  if (s.positions) matrix("position_embd", h.context_length + h.position_offset, h.width);
  if (s.embedding_norm) norm("token_embd_norm", h.width);
  for (std::size_t i = 0; i < h.layers; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    norm(layer + "attn_norm", h.width);
    if (s.fused_qkv) {
      linear(layer + "attn_qkv", q + 2 * kv, h.width, true);
    } else {
      linear(layer + "attn_q", q, h.width, true);
      linear(layer + "attn_k", kv, h.width, true);
      linear(layer + "attn_v", kv, h.width, true);
    }
    if (s.head_norms) {
      const auto of_heads = [&](const char* name, std::size_t heads) {
        if (!s.layer_norms) return vector(layer + name, h.head_size, 1);
        m.weights.add(layer + name, ll::dtype::f32, heads, h.head_size,
                      random.numbers(ll::dtype::f32, heads * h.head_size, 0.3, 1));
      };
      of_heads("attn_q_norm.weight", h.heads);
      of_heads("attn_k_norm.weight", h.kv_heads);
    }
    linear(layer + "attn_output", h.width, q);
    if (!s.parallel) norm(layer + "ffn_norm", h.width);
    if (s.norms_behind) {
      norm(layer + "post_attention_norm", h.width);
      norm(layer + "post_ffw_norm", h.width);
    }
    if (h.mixes(i)) {
      m.weights.add(layer + "ffn_gate_inp.weight", ll::dtype::f32, h.experts, h.width,
                    random.numbers(ll::dtype::f32, h.experts * h.width, 0.5, 0));
      matrix(layer + "ffn_gate_exps", h.experts * h.expert_feed_forward, h.width);
      matrix(layer + "ffn_up_exps", h.experts * h.expert_feed_forward, h.width);
      matrix(layer + "ffn_down_exps", h.experts * h.width, h.expert_feed_forward);
      if (h.shared_feed_forward != 0) {
        matrix(layer + "ffn_gate_inp_shexp", 1, h.width);
        matrix(layer + "ffn_gate_shexp", h.shared_feed_forward, h.width);
        matrix(layer + "ffn_up_shexp", h.shared_feed_forward, h.width);
        matrix(layer + "ffn_down_shexp", h.width, h.shared_feed_forward);
      }
      continue;
    }
    if (s.gated && !s.fused_gate) linear(layer + "ffn_gate", h.feed_forward, h.width);
    linear(layer + "ffn_up", (s.fused_gate ? 2 : 1) * h.feed_forward, h.width);
    linear(layer + "ffn_down", h.width, h.feed_forward);
  }
  if (!h.norm_after_residual) norm("output_norm", h.width);
  if (!h.labels.empty()) matrix("cls.output", h.labels.size(), h.width);
  m.graph = ll::architecture_named(h.architecture).value().build(m.sizes, m.weights).value();
  return m;
}

/// The species' equations in double precision over the weights as they are stored.
class species_oracle {
 public:
  using matrix = test_support::matrix;

  species_oracle(const species& s, const ll::tensor_source& weights) : s_(s), h_(s.sizes), weights_(weights) {}

  [[nodiscard]] matrix logits(std::span<const ll::token_id> tokens) const {
    const matrix table = load("token_embd.weight");
    matrix x(static_cast<Eigen::Index>(tokens.size()), table.cols());
    for (Eigen::Index t = 0; t < x.rows(); ++t) x.row(t) = s_.embedding_scale * table.row(tokens[static_cast<std::size_t>(t)]);
    if (h_.embedding_width != 0) x = x * load("project_in.weight").transpose();
    if (s_.positions) x += load("position_embd.weight").middleRows(static_cast<Eigen::Index>(h_.position_offset), x.rows());
    if (s_.embedding_norm) x = norm(x, "token_embd_norm");
    for (std::size_t i = 0; i < h_.layers; ++i) {
      layer_ = "blk." + std::to_string(i) + ".";
      if (s_.parallel) {
        const matrix n = norm(x, layer_ + "attn_norm");
        x = x + attention(n, i) + feed_forward(n, i);
        continue;
      }
      x = half(x, "attn_norm", "post_attention_norm", attention(in(x, "attn_norm"), i));
      x = half(x, "ffn_norm", "post_ffw_norm", feed_forward(in(x, "ffn_norm"), i));
    }
    if (!h_.norm_after_residual) x = norm(x, "output_norm");
    if (!h_.labels.empty()) return x * load("cls.output.weight").transpose();
    if (h_.embedding_width != 0) x = x * load("project_out.weight").transpose();
    x = x * table.transpose();
    if (h_.logit_cap != 0) x = cap(x, h_.logit_cap);
    return x;
  }

 private:
  [[nodiscard]] static matrix cap(const matrix& x, double c) {
    return x.unaryExpr([c](double v) { return c * std::tanh(v / c); });
  }
  [[nodiscard]] matrix load(const std::string& name) const { return load_matrix(weights_, name); }
  [[nodiscard]] matrix linear(const matrix& x, const std::string& name) const {
    matrix y = x * load(layer_ + name + ".weight").transpose();
    if (weights_.find(layer_ + name + ".bias") != nullptr) y.rowwise() += load(layer_ + name + ".bias").row(0);
    return y;
  }
  [[nodiscard]] matrix norm(matrix x, const matrix& w, bool centres) const {
    for (Eigen::Index t = 0; t < x.rows(); ++t) {
      if (centres) x.row(t).array() -= x.row(t).mean();
      x.row(t) *= 1 / std::sqrt(x.row(t).squaredNorm() / static_cast<double>(x.cols()) + double{h_.norm_epsilon});
      x.row(t) = x.row(t).cwiseProduct(w.row(0));
    }
    return x;
  }
  [[nodiscard]] matrix norm(const matrix& x, const std::string& name) const {
    matrix y = norm(x, load(name + ".weight"), s_.layer_norms);
    if (s_.layer_norms) y.rowwise() += load(name + ".bias").row(0);
    return y;
  }
  [[nodiscard]] matrix in(const matrix& x, const std::string& name) const {
    return h_.norm_after_residual ? x : norm(x, layer_ + name);
  }
  [[nodiscard]] matrix half(const matrix& x, const std::string& before, const std::string& behind, matrix made) const {
    if (s_.norms_behind) made = norm(made, layer_ + behind);
    if (h_.norm_after_residual) return norm(x + made, layer_ + before);
    return made + (h_.residual_after_norm ? norm(x, layer_ + before) : x);
  }
  [[nodiscard]] double activated(double x) const {
    switch (h_.activation) {
      case ll::activation_kind::silu: return x / (1 + std::exp(-x));
      case ll::activation_kind::gelu_tanh:
        return x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x))) / 2;
      case ll::activation_kind::gelu: return x * std::erfc(-x / std::sqrt(2.0)) / 2;
      case ll::activation_kind::relu: break;
    }
    return std::max(x, 0.0);
  }
  [[nodiscard]] matrix turn(matrix x, std::size_t layer) const {
    const bool local = h_.window_rope_base != 0 && h_.window_of(layer) != 0;
    const auto d = static_cast<Eigen::Index>(h_.head_size);
    const auto pairs = static_cast<Eigen::Index>(h_.rotary / 2);
    for (Eigen::Index t = 0; t < x.rows(); ++t) {
      for (Eigen::Index head = 0; head < x.cols(); head += d) {
        for (Eigen::Index i = 0; i < pairs; ++i) {
          double angle = static_cast<double>(t) / std::pow(local ? h_.window_rope_base : h_.rope_base,
                                                           static_cast<double>(i) / static_cast<double>(pairs));
          if (!local && !h_.rope_divisors.empty()) angle /= h_.rope_divisors[static_cast<std::size_t>(i)];
          const double size = local ? 1 : h_.rope_amplitude;
          double& first = x(t, head + (h_.rotary_pairs ? 2 * i : i));
          double& second = x(t, head + (h_.rotary_pairs ? 2 * i + 1 : i + pairs));
          const double was = first;
          first = size * (was * std::cos(angle) - second * std::sin(angle));
          second = size * (was * std::sin(angle) + second * std::cos(angle));
        }
      }
    }
    return x;
  }
  [[nodiscard]] matrix heads(matrix x, const std::string& name) const {
    const auto d = static_cast<Eigen::Index>(h_.head_size);
    if (!s_.head_norms) return x;
    const matrix w = load(layer_ + name + ".weight");  // [1 or heads, d]
    for (Eigen::Index c = 0; c < x.cols(); c += d)
      x.middleCols(c, d) = norm(matrix(x.middleCols(c, d)), w.row(c / d % w.rows()), s_.layer_norms);
    return x;
  }
  [[nodiscard]] double slope(std::size_t head) const {
    if (h_.alibi_bias == 0) return 0;
    double n = 1;
    while (2 * n <= static_cast<double>(h_.heads)) n *= 2;
    const auto i = static_cast<double>(head);
    return i < n ? std::pow(std::pow(2.0, -h_.alibi_bias / n), i + 1)
                 : std::pow(std::pow(2.0, -h_.alibi_bias / (2 * n)), 2 * (i - n) + 1);
  }
  [[nodiscard]] matrix attention(const matrix& x, std::size_t layer) const {
    const auto d = static_cast<Eigen::Index>(h_.head_size);
    const auto q_width = static_cast<Eigen::Index>(h_.heads) * d;
    const auto kv_width = static_cast<Eigen::Index>(h_.kv_heads) * d;
    matrix q, k, v;
    if (s_.fused_qkv) {
      const matrix all = linear(x, "attn_qkv");
      q = all.leftCols(q_width);
      k = all.middleCols(q_width, kv_width);
      v = all.rightCols(kv_width);
    } else {
      q = linear(x, "attn_q");
      k = linear(x, "attn_k");
      v = linear(x, "attn_v");
    }
    q = turn(heads(q, "attn_q_norm"), layer);
    k = turn(heads(k, "attn_k_norm"), layer);
    matrix out(x.rows(), q_width);
    double scale = h_.attention_scale != 0 ? h_.attention_scale : 1 / std::sqrt(static_cast<double>(d));
    if (h_.scaled_by_layer) scale /= static_cast<double>(layer + 1);
    const auto window = static_cast<Eigen::Index>(h_.window_of(layer));
    for (Eigen::Index t = 0; t < x.rows(); ++t) {
      const Eigen::Index first = window == 0 ? 0 : std::max<Eigen::Index>(0, t + 1 - window);
      for (std::size_t head = 0; head < h_.heads; ++head) {
        const Eigen::Index kv = static_cast<Eigen::Index>(head / (h_.heads / h_.kv_heads)) * d;
        matrix w = q.block(t, static_cast<Eigen::Index>(head) * d, 1, d) * k.block(first, kv, t + 1 - first, d).transpose();
        w *= scale;
        if (h_.attention_cap != 0) w = cap(w, h_.attention_cap);
        for (Eigen::Index i = 0; i < w.cols(); ++i) w(0, i) -= slope(head) * static_cast<double>(w.cols() - 1 - i);
        w = (w.array() - w.maxCoeff()).exp();
        out.block(t, static_cast<Eigen::Index>(head) * d, 1, d) = w / w.sum() * v.block(first, kv, t + 1 - first, d);
      }
    }
    return linear(out, "attn_output");
  }
  [[nodiscard]] matrix through(const matrix& gate, const matrix& up) const {
    return gate.unaryExpr([this](double x) { return activated(x); }).cwiseProduct(up);
  }
  [[nodiscard]] matrix feed_forward(const matrix& x, std::size_t layer) const {
    if (h_.mixes(layer)) return routed(x);
    const matrix up = linear(x, "ffn_up");
    if (!s_.gated) return linear(through(up, matrix::Ones(up.rows(), up.cols())), "ffn_down");
    if (!s_.fused_gate) return linear(through(linear(x, "ffn_gate"), up), "ffn_down");
    return linear(through(up.leftCols(up.cols() / 2), up.rightCols(up.cols() / 2)), "ffn_down");
  }
  [[nodiscard]] matrix routed(const matrix& x) const {
    const auto f = static_cast<Eigen::Index>(h_.expert_feed_forward);
    const matrix gates = load(layer_ + "ffn_gate_exps.weight");
    const matrix ups = load(layer_ + "ffn_up_exps.weight");
    const matrix downs = load(layer_ + "ffn_down_exps.weight");
    matrix p = linear(x, "ffn_gate_inp").array().exp();
    matrix y = matrix::Zero(x.rows(), x.cols());
    for (Eigen::Index t = 0; t < x.rows(); ++t) {
      p.row(t) /= p.row(t).sum();
      std::vector<Eigen::Index> order(h_.experts);
      std::iota(order.begin(), order.end(), Eigen::Index{0});
      std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) { return p(t, a) > p(t, b); });
      order.resize(h_.experts_used);
      double sum = 0;
      for (const Eigen::Index e : order) sum += p(t, e);
      for (const Eigen::Index e : order) {
        const matrix made =
            through(x.row(t) * gates.middleRows(e * f, f).transpose(), x.row(t) * ups.middleRows(e * f, f).transpose()) *
            downs.middleRows(e * x.cols(), x.cols()).transpose();
        y.row(t) += p(t, e) / (h_.experts_sum_to_one ? sum : 1) * made;
      }
    }
    if (h_.shared_feed_forward == 0) return y;
    const matrix shared = linear(through(linear(x, "ffn_gate_shexp"), linear(x, "ffn_up_shexp")), "ffn_down_shexp");
    const matrix weight = linear(x, "ffn_gate_inp_shexp").unaryExpr([](double v) { return 1 / (1 + std::exp(-v)); });
    for (Eigen::Index t = 0; t < x.rows(); ++t) y.row(t) += weight(t, 0) * shared.row(t);
    return y;
  }

  const species& s_;
  const ll::hyperparameters& h_;
  const ll::tensor_source& weights_;
  mutable std::string layer_;
};

}  // namespace test_support
