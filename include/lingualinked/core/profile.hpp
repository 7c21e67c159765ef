// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lingualinked::inline v0 {

/// What a profile may hold; whatever is longer is refused by name.
namespace profile_limits {
inline constexpr std::size_t profiles = 64;  // of one device
inline constexpr std::size_t kinds = 1024;
inline constexpr std::size_t modules = 4096;
inline constexpr std::size_t chunk_sizes = 32;
inline constexpr std::size_t batch_sizes = 32;
inline constexpr std::size_t residuals = 64;
}  // namespace profile_limits

/// A measured piece of a prompt: `tokens` of them behind a context of c take seconds + seconds_per_context_token * c.
struct prefill_profile {
  std::uint32_t tokens = 0;
  double seconds = 0;
  double seconds_per_context_token = 0;

  friend bool operator==(const prefill_profile&, const prefill_profile&) = default;
};

/// A measured batch of decoding: a token of each of `sequences`, without their contexts.
struct batch_profile {
  std::uint32_t sequences = 0;
  double seconds = 0;

  friend bool operator==(const batch_profile&, const batch_profile&) = default;
};

/// Modules of the same shape and type, which take the same time. One token behind a context of c takes
/// decode_seconds + decode_seconds_per_context_token * c; the context of each sequence of a batch adds as much.
struct module_profile {
  std::string name;
  double decode_seconds = 0;
  double decode_seconds_per_context_token = 0;
  std::vector<prefill_profile> prefill = {};  // by rising tokens
  std::vector<batch_profile> batches = {};    // by rising sequences, of two and more

  friend bool operator==(const module_profile&, const module_profile&) = default;
};

/// What one machine takes for the modules of one model, measured with the kernels that will run them.
struct device_profile {
  std::string model_sha256;
  std::string build;     // which release, and with what it was compiled
  std::string isa;       // instruction set of the kernels
  std::string kv_dtype;  // of the KV cache: f32 or f16
  std::uint32_t contract = 1;
  std::uint32_t threads = 1;
  double stage_overhead_seconds = 0;  // once for every visit of a stage, beside its modules
  std::vector<double> residuals;      // ascending quantiles of measured / fitted, around 1
  std::vector<module_profile> kinds;
  std::vector<std::uint32_t> module_kind;  // [module]: index into kinds

  friend bool operator==(const device_profile&, const device_profile&) = default;
};

}  // namespace lingualinked::inline v0
