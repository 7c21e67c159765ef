// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/documents/field_reader.hpp>
#include <lingualinked/documents/profile.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

namespace detail {

[[nodiscard]] inline bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Factors around 1, by size.
[[nodiscard]] inline std::vector<double> read_residuals(field_reader& r, const json_field& list) {
  std::vector<double> factors;
  if (!list.present()) return factors;
  for (const json_field& f : r.items(list, profile_limits::residuals)) {
    const double factor = r.real(f, 0);
    if (!r.ok()) break;
    if (factor == 0) r.fail(f.complaint("must be above 0"));
    if (!factors.empty() && factor < factors.back()) r.fail(f.complaint("is smaller than the one before; residuals rise"));
    factors.push_back(factor);
  }
  return factors;
}

[[nodiscard]] inline module_profile read_kind(field_reader& r, const json_field& f) {
  module_profile kind;
  kind.name = r.text_if(f.member("name")).value_or("");
  kind.decode_seconds = r.real(f.member("decode_seconds"), 0);
  kind.decode_seconds_per_context_token = r.real_if(f.member("decode_seconds_per_context_token"), 0).value_or(0);
  if (f.member("batches").present())
    for (const json_field& batch : r.items(f.member("batches"), profile_limits::batch_sizes)) {
      const batch_profile b{r.number<std::uint32_t>(batch.member("sequences"), 2), r.real(batch.member("seconds"), 0)};
      if (!r.ok()) break;
      if (!kind.batches.empty() && b.sequences <= kind.batches.back().sequences)
        r.fail(batch.member("sequences").complaint("is not above the one before; batch sizes rise"));
      kind.batches.push_back(b);
    }
  if (!f.member("prefill").present()) return kind;
  for (const json_field& chunk : r.items(f.member("prefill"), profile_limits::chunk_sizes)) {
    prefill_profile p;
    p.tokens = r.number<std::uint32_t>(chunk.member("tokens"), 1);
    p.seconds = r.real(chunk.member("seconds"), 0);
    p.seconds_per_context_token = r.real_if(chunk.member("seconds_per_context_token"), 0).value_or(0);
    if (!r.ok()) break;
    if (!kind.prefill.empty() && p.tokens <= kind.prefill.back().tokens)
      r.fail(chunk.member("tokens").complaint("is not above the one before; chunk sizes rise"));
    kind.prefill.push_back(p);
  }
  return kind;
}

[[nodiscard]] inline device_profile read_profile(field_reader& r, const json_field& f) {
  device_profile p;
  p.model_sha256 = r.text(f.member("model_sha256"));
  if (r.ok() && !is_sha256(p.model_sha256)) r.fail(f.member("model_sha256").complaint("must be 64 digits 0-9, a-f"));
  p.build = r.text_if(f.member("build")).value_or("");
  p.isa = r.text_if(f.member("isa")).value_or("");
  p.kv_dtype = r.text(f.member("kv_dtype"));
  if (r.ok() && p.kv_dtype != "f32" && p.kv_dtype != "f16") r.fail(f.member("kv_dtype").complaint("must be f32 or f16"));
  p.contract = r.number_if<std::uint32_t>(f.member("contract"), 1).value_or(1);
  p.threads = r.number_if<std::uint32_t>(f.member("threads"), 1, 1024).value_or(1);
  p.stage_overhead_seconds = r.real_if(f.member("stage_overhead_seconds"), 0).value_or(0);
  p.residuals = read_residuals(r, f.member("residuals"));
  for (const json_field& kind : r.items(f.member("kinds"), profile_limits::kinds)) {
    p.kinds.push_back(read_kind(r, kind));
    if (!r.ok()) break;
  }
  for (const json_field& kind : r.items(f.member("module_kind"), profile_limits::modules)) {
    const auto index = r.number<std::uint32_t>(kind);
    if (r.ok() && index >= p.kinds.size())
      r.fail(kind.complaint("is " + std::to_string(index) + ", but there are " + std::to_string(p.kinds.size()) + " kinds"));
    if (!r.ok()) break;
    p.module_kind.push_back(index);
  }
  return p;
}

[[nodiscard]] inline std::vector<device_profile> read_profiles(field_reader& r, const json_field& list) {
  std::vector<device_profile> profiles;
  if (!list.present()) return profiles;
  for (const json_field& f : r.items(list, profile_limits::profiles)) {
    profiles.push_back(read_profile(r, f));
    if (!r.ok()) break;
  }
  return profiles;
}

}  // namespace detail

LINGUALINKED_DECL nlohmann::ordered_json to_json(const device_profile& profile) {
  using json = nlohmann::ordered_json;
  json kinds = json::array();
  for (const module_profile& kind : profile.kinds) {
    json prefill = json::array();
    for (const prefill_profile& p : kind.prefill)
      prefill.push_back(
          {{"tokens", p.tokens}, {"seconds", p.seconds}, {"seconds_per_context_token", p.seconds_per_context_token}});
    json batches = json::array();
    for (const batch_profile& b : kind.batches) batches.push_back({{"sequences", b.sequences}, {"seconds", b.seconds}});
    kinds.push_back({{"name", kind.name},
                     {"decode_seconds", kind.decode_seconds},
                     {"decode_seconds_per_context_token", kind.decode_seconds_per_context_token},
                     {"prefill", std::move(prefill)},
                     {"batches", std::move(batches)}});
  }
  return {{"model_sha256", profile.model_sha256},
          {"build", profile.build},
          {"isa", profile.isa},
          {"kv_dtype", profile.kv_dtype},
          {"contract", profile.contract},
          {"threads", profile.threads},
          {"stage_overhead_seconds", profile.stage_overhead_seconds},
          {"residuals", profile.residuals},
          {"kinds", std::move(kinds)},
          {"module_kind", profile.module_kind}};
}

LINGUALINKED_DECL result<device_profile> read_profile(std::string_view text) {
  auto document = parse_json(text, {.max_bytes = std::size_t{4} << 20, .max_depth = 16, .max_values = std::size_t{1} << 18});
  if (!document) return document.error();
  detail::field_reader r;
  device_profile profile = detail::read_profile(r, json_field(*document));
  return r.verdict(std::move(profile));
}

}  // namespace lingualinked::inline v0
