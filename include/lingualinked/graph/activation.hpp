// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace lingualinked::inline v0 {

/// The functions that stand between the layers of a feed-forward network.
enum class activation_kind : unsigned char {
  silu,       // x * sigmoid(x)
  gelu_tanh,  // x * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) / 2
  gelu,       // x * (1 + erf(x / sqrt(2))) / 2
  relu,       // x < 0 ? 0 : x, so that a NaN is not lost
};

}  // namespace lingualinked::inline v0
