// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/runtime/checks.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL result<void> check_deploy(const control::deploy& d, peer_id self) {
  const auto wrong = [](std::string what) { return error{errc::protocol, "the plan " + std::move(what)}; };
  const auto over = [](std::string what) { return error{errc::limit, "the plan " + std::move(what)}; };
  const auto n = [](auto value) { return std::to_string(value); };
  if (d.stages.empty()) return wrong("has no stages");
  if (d.stages.size() > limits::max_stages)
    return over("has " + n(d.stages.size()) + " stages; at most " + n(limits::max_stages) + " are possible");
  if (d.stage >= d.stages.size())
    return wrong("has " + n(d.stages.size()) + " stages; the receiver cannot be stage " + n(d.stage));
  if (d.stages[d.stage].peer != self) return wrong("gives stage " + n(d.stage) + " to another worker than its receiver");
  if (d.module_count == 0 || d.module_count > limits::max_modules)
    return over("has " + n(d.module_count) + " modules; 1 to " + n(limits::max_modules) + " are possible");
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < d.stages.size(); ++i) {
    const auto& s = d.stages[i];
    if (s.peer == 0) return wrong("gives stage " + n(i) + " to nobody (peer 0)");
    for (std::size_t j = 0; j < i; ++j)
      if (d.stages[j].peer == s.peer) return wrong("gives stages " + n(j) + " and " + n(i) + " to the same worker");
    if (s.first_module != next || s.last_module < s.first_module || s.last_module >= d.module_count)
      return wrong("gives modules " + n(s.first_module) + ".." + n(s.last_module) + " to stage " + n(i) +
                   ", which should begin with " + n(next) + " and end below " + n(d.module_count));
    next = s.last_module + 1;
  }
  if (next != d.module_count) return wrong("leaves out the modules from " + n(next) + " to " + n(d.module_count - 1));
  if (d.kv_dtype > 1) return wrong("wants a cache of dtype " + n(unsigned{d.kv_dtype}) + "; 0 (f32) and 1 (f16) are possible");
  if (d.context_tokens == 0 || d.context_tokens > limits::max_context_tokens)
    return over("wants a context of " + n(d.context_tokens) + " tokens; 1 to " + n(limits::max_context_tokens) + " are possible");
  if (d.sequences == 0 || d.sequences > limits::max_sequences)
    return over("wants " + n(d.sequences) + " sequences; 1 to " + n(limits::max_sequences) + " are possible");
  if (d.chunk_tokens == 0 || d.chunk_tokens > limits::max_chunk_tokens)
    return over("wants batches of " + n(d.chunk_tokens) + " tokens; 1 to " + n(limits::max_chunk_tokens) + " are possible");
  if (d.transmissions.size() > limits::max_transmissions)
    return over("has " + n(d.transmissions.size()) + " transmissions; at most " + n(limits::max_transmissions) + " are possible");
  for (std::size_t i = 0; i < d.transmissions.size(); ++i) {
    const transmission& t = d.transmissions[i];
    const std::string name = "transmission " + n(i);
    if (t.from_stage >= t.to_stage || t.to_stage >= d.stages.size())
      return wrong("sends " + name + " from stage " + n(t.from_stage) + " to stage " + n(t.to_stage) + " of " +
                   n(d.stages.size()));
    const auto& from = d.stages[t.from_stage];
    const auto& to = d.stages[t.to_stage];
    if (t.producer_module < from.first_module || t.producer_module > from.last_module)
      return wrong("lets stage " + n(t.from_stage) + " send " + name + ", made by module " + n(t.producer_module) +
                   ", which it does not run");
    if (t.consumer_module < to.first_module || t.consumer_module > to.last_module)
      return wrong("sends " + name + " to stage " + n(t.to_stage) + " for module " + n(t.consumer_module) +
                   ", which it does not run");
    if (t.bytes_per_token == 0 || t.bytes_per_token % sizeof(float) != 0)
      return wrong("gives " + name + " " + n(t.bytes_per_token) + " bytes per token; a positive multiple of 4 is needed");
    if (t.bytes_per_token > limits::max_frame_rows_bytes / d.chunk_tokens)
      return over("gives " + name + " " + n(t.bytes_per_token) + " bytes per token; batches of " + n(d.chunk_tokens) +
                  " tokens would exceed frames of " + n(limits::max_frame_rows_bytes) + " bytes");
  }
  for (std::size_t i = 1; i < d.stages.size(); ++i) {
    bool fed = false;
    for (const transmission& t : d.transmissions) fed = fed || t.to_stage == i;
    if (!fed) return wrong("sends nothing to stage " + n(i));
  }
  return {};
}

LINGUALINKED_CORE_DECL result<sequence_options> admit(sequence_options options, std::uint32_t context_tokens) {
  if (options.prompt.empty()) return error{errc::invalid_argument, "the prompt is empty; at least one token is needed"};
  const std::size_t wanted = options.prompt.size() + (options.max_tokens > 0 ? 1 : 0);
  if (wanted > context_tokens)
    return error{errc::limit, "a prompt of " + std::to_string(options.prompt.size()) + " tokens does not fit into a context of " +
                                  std::to_string(context_tokens) + ". Shorten it or raise the context"};
  for (const token_id t : options.prompt)
    if (t < 0) return error{errc::invalid_argument, "token id " + std::to_string(t) + " in the prompt is negative"};
  if (options.past.recent.size() > limits::max_context_tokens)
    return error{errc::limit, std::to_string(options.past.recent.size()) + " tokens of a past were given; at most " +
                                  std::to_string(limits::max_context_tokens) + " are possible"};
  if (auto fine = check_sampling(options.sampling); !fine) return std::move(fine).error();
  const auto room = static_cast<std::uint32_t>(context_tokens - options.prompt.size());
  options.max_tokens = std::min(options.max_tokens, room);
  return options;
}

}  // namespace lingualinked::inline v0
