// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "execution/load_matrix.hpp"
#include "execution/random_model.hpp"

#include <lingualinked/core/sequence.hpp>

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace test_support {

/// Llama in double precision, written from the equations over the weights as GGUF stores them (rotation pairs adjacent):
/// independent of the operation graph and of every kernel but block decoding.
class llama_oracle {
 public:
  using matrix = test_support::matrix;

  llama_oracle(const ll::hyperparameters& sizes, const ll::tensor_source& weights) : h_(sizes), weights_(weights) {}

  /// [T, V]
  [[nodiscard]] matrix logits(std::span<const ll::token_id> tokens) const {
    const auto rows = static_cast<Eigen::Index>(tokens.size());
    const matrix table = load("token_embd.weight");
    matrix x(rows, table.cols());
    for (Eigen::Index t = 0; t < rows; ++t) x.row(t) = table.row(tokens[static_cast<std::size_t>(t)]);
    for (std::size_t i = 0; i < h_.layers; ++i) {
      const std::string layer = "blk." + std::to_string(i) + ".";
      const matrix a = norm(x, layer + "attn_norm.weight");
      x += linear(attend(turn(linear(a, layer + "attn_q")), turn(linear(a, layer + "attn_k")), linear(a, layer + "attn_v")),
                  layer + "attn_output");
      const matrix f = norm(x, layer + "ffn_norm.weight");
      const matrix gate = linear(f, layer + "ffn_gate");
      const matrix silu = gate.unaryExpr([](double g) { return g / (1 + std::exp(-g)); });
      x += linear(silu.cwiseProduct(linear(f, layer + "ffn_up")), layer + "ffn_down");
    }
    x = norm(x, "output_norm.weight");
    return x * load(weights_.find("output.weight") != nullptr ? "output.weight" : "token_embd.weight").transpose();
  }

 private:
  [[nodiscard]] matrix load(const std::string& name) const { return load_matrix(weights_, name); }
  [[nodiscard]] matrix linear(const matrix& x, const std::string& name) const {
    matrix y = x * load(name + ".weight").transpose();
    if (weights_.find(name + ".bias") != nullptr) y.rowwise() += load(name + ".bias").row(0);
    return y;
  }
  [[nodiscard]] matrix norm(const matrix& x, const std::string& name) const {
    const matrix w = load(name);
    matrix y = x;
    for (Eigen::Index t = 0; t < x.rows(); ++t)
      y.row(t) = x.row(t).cwiseProduct(w.row(0)) /
                 std::sqrt(x.row(t).squaredNorm() / static_cast<double>(x.cols()) + double{h_.norm_epsilon});
    return y;
  }
  [[nodiscard]] matrix turn(matrix x) const {
    const auto d = static_cast<Eigen::Index>(h_.head_size);
    for (Eigen::Index t = 0; t < x.rows(); ++t) {
      for (Eigen::Index head = 0; head < x.cols(); head += d) {
        for (std::size_t i = 0; i < h_.rotary / 2; ++i) {
          double angle =
              static_cast<double>(t) * std::pow(h_.rope_base, -2.0 * static_cast<double>(i) / static_cast<double>(h_.rotary));
          if (!h_.rope_divisors.empty()) angle /= h_.rope_divisors[i];
          double& first = x(t, head + static_cast<Eigen::Index>(2 * i));
          double& second = x(t, head + static_cast<Eigen::Index>(2 * i + 1));
          const double was = first;
          first = was * std::cos(angle) - second * std::sin(angle);
          second = was * std::sin(angle) + second * std::cos(angle);
        }
      }
    }
    return x;
  }
  [[nodiscard]] matrix attend(const matrix& q, const matrix& k, const matrix& v) const {
    const auto d = static_cast<Eigen::Index>(h_.head_size);
    const auto group = static_cast<Eigen::Index>(h_.heads / h_.kv_heads);
    matrix out(q.rows(), q.cols());
    for (Eigen::Index t = 0; t < q.rows(); ++t) {
      const auto window = static_cast<Eigen::Index>(h_.window);
      const Eigen::Index first = window == 0 ? 0 : std::max<Eigen::Index>(0, t + 1 - window);
      const Eigen::Index count = t + 1 - first;
      for (Eigen::Index head = 0; head < q.cols() / d; ++head) {
        const Eigen::Index kv = head / group * d;
        Eigen::VectorXd s =
            k.block(first, kv, count, d) * q.block(t, head * d, 1, d).transpose() / std::sqrt(static_cast<double>(d));
        s = (s.array() - s.maxCoeff()).exp();
        out.block(t, head * d, 1, d) = s.transpose() * v.block(first, kv, count, d) / s.sum();
      }
    }
    return out;
  }

  const ll::hyperparameters& h_;
  const ll::tensor_source& weights_;
};

}  // namespace test_support
