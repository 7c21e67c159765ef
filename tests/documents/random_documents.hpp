// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/control.hpp>
#include <lingualinked/core/device.hpp>
#include <lingualinked/core/error.hpp>
#include <lingualinked/core/problem.hpp>
#include <lingualinked/documents/plan.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// Documents that hold everything their format can say, drawn from a seed.
namespace random_documents {

namespace ll = lingualinked;

class source {
 public:
  explicit source(std::uint64_t seed) : generator_(seed) {}

  std::uint64_t below(std::uint64_t end) { return generator_() % end; }
  bool coin() { return below(2) == 0; }
  /// Small ones, and those at the edges of their type.
  template <class T>
  T number() {
    if (below(4) == 0) return std::numeric_limits<T>::max();
    if (below(4) == 0) return static_cast<T>(generator_());
    return static_cast<T>(below(100));
  }
  /// Any finite, not negative double: figures of daily life, and raw bits.
  double real() {
    if (coin()) return static_cast<double>(below(1000000)) / 997.0;
    const double value = std::bit_cast<double>(generator_());
    return std::isfinite(value) ? std::fabs(value) : 0.1;
  }
  /// Above zero and of a size that solvers take.
  double seconds() { return static_cast<double>(1 + below(1000000)) / 997.0e3; }
  float real32() {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(generator_()));
    return std::isfinite(value) ? value : 0.7F;
  }
  std::string text() {
    constexpr std::string_view pieces[] = {"a", "phone", "-", " ", "\"", "\\", "\n", "\x01", "\xC3\xA9", "\xF0\x9F\x98\x80",
                                           "0", "/"};
    std::string made;
    for (std::uint64_t i = below(6); i > 0; --i) made += pieces[below(std::size(pieces))];
    return made;
  }
  template <class F>
  auto maybe(F&& f) -> std::optional<decltype(f())> {
    if (coin()) return std::nullopt;
    return f();
  }

 private:
  std::mt19937_64 generator_;
};

inline ll::link_quality quality(source& s) {
  return {s.real(), s.coin() ? 0 : s.real(), s.maybe([&] { return s.real(); })};
}

/// Rising, above zero.
inline std::vector<double> residuals(source& s) {
  std::vector<double> made;
  for (std::uint64_t i = s.below(6); i > 0; --i) made.push_back((made.empty() ? 0 : made.back()) + s.seconds());
  return made;
}

inline std::string digest(source& s) {
  std::string made;
  for (int i = 0; i < 64; ++i) made += "0123456789abcdef"[s.below(16)];
  return made;
}

inline ll::device_profile profile(source& s) {
  ll::device_profile p;
  p.model_sha256 = digest(s);
  p.build = s.text();
  p.isa = s.text();
  p.kv_dtype = s.coin() ? "f32" : "f16";
  p.contract = static_cast<std::uint32_t>(1 + s.below(3));
  p.threads = static_cast<std::uint32_t>(1 + s.below(64));
  p.stage_overhead_seconds = s.real();
  p.residuals = residuals(s);
  const std::size_t kinds = s.below(5);
  for (std::size_t k = 0; k < kinds; ++k) {
    ll::module_profile kind{s.text(), s.real(), s.real(), {}};
    for (std::uint64_t i = s.below(4); i > 0; --i)
      kind.prefill.push_back(
          {(kind.prefill.empty() ? 0 : kind.prefill.back().tokens) + static_cast<std::uint32_t>(1 + s.below(99)), s.real(),
           s.real()});
    for (std::uint64_t i = s.below(4); i > 0; --i)
      kind.batches.push_back(
          {(kind.batches.empty() ? 1 : kind.batches.back().sequences) + static_cast<std::uint32_t>(1 + s.below(9)), s.real()});
    p.kinds.push_back(std::move(kind));
  }
  if (kinds > 0)
    for (std::uint64_t i = s.below(9); i > 0; --i) p.module_kind.push_back(static_cast<std::uint32_t>(s.below(kinds)));
  return p;
}

/// Every pair at most once.
inline std::vector<ll::link> links(source& s, std::size_t devices) {
  std::vector<ll::link> made;
  for (std::size_t from = 0; from < devices; ++from)
    for (std::size_t to = 0; to < devices; ++to)
      if (from != to && s.coin()) made.push_back({from, to, quality(s), residuals(s)});
  return made;
}

inline ll::fleet fleet(source& s) {
  ll::fleet f;
  const std::size_t count = 1 + s.below(5);
  for (std::size_t i = 0; i < count; ++i) {
    ll::device d;
    d.name = s.text() + std::to_string(i);
    if (s.coin()) d.endpoint = "tcp://192.0.2." + std::to_string(i) + ":5555";
    d.compute_flops_per_second = s.maybe([&] { return s.seconds() * 1e12; });
    d.memory_bandwidth_bytes_per_second = s.maybe([&] { return s.seconds() * 1e9; });
    d.memory_bytes = s.maybe([&] { return s.number<std::uint64_t>(); });
    d.power_active_watts = s.maybe([&] { return s.real(); });
    d.power_idle_watts = s.maybe([&] { return s.real(); });
    d.battery_joules = s.maybe([&] { return s.real(); });
    d.threads = s.maybe([&] { return static_cast<unsigned>(1 + s.below(64)); });
    d.trusted = s.coin();
    d.contract = static_cast<std::uint32_t>(1 + s.below(3));
    for (std::uint64_t n = s.below(3); n > 0; --n) d.profiles.push_back(profile(s));
    f.devices.push_back(d);
  }
  f.links = links(s, count);
  f.default_link = s.maybe([&] { return quality(s); });
  f.header = s.maybe([&] { return static_cast<std::size_t>(s.below(count)); });
  return f;
}

inline ll::placement_instance instance(source& s) {
  ll::placement_instance p;
  const std::size_t modules = 1 + s.below(6);
  for (std::size_t i = 0; i < modules; ++i)
    p.modules.push_back({s.text(), s.below(1U << 30), s.below(1U << 20), s.below(1U << 20)});
  for (std::size_t i = 0; i + 1 < modules; ++i)
    if (s.coin()) p.edges.push_back({i, i + 1 + s.below(modules - i - 1), s.below(1U << 20)});
  p.goal = static_cast<ll::objective>(s.below(4));
  p.prompt_tokens = static_cast<std::uint32_t>(1 + s.below(999));
  p.generate_tokens = static_cast<std::uint32_t>(s.below(999));
  for (std::uint64_t n = s.below(3) + (p.goal == ll::objective::completion ? 1 : 0); n > 0; --n)
    p.chunk_tokens.push_back((p.chunk_tokens.empty() ? 0 : p.chunk_tokens.back()) + static_cast<std::uint32_t>(1 + s.below(99)));
  const bool needs_power = p.goal == ll::objective::energy || s.coin();
  const std::size_t count = 1 + s.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    ll::placement_instance::device d{s.text() + std::to_string(i), s.below(std::uint64_t{1} << 40), {}};
    for (std::size_t m = 0; m < modules; ++m) d.module_seconds.push_back(s.seconds());
    if (s.coin()) d.stage_seconds = s.seconds();
    for (std::size_t m = 0; m < modules; ++m)
      if (s.below(4) == 0) d.forbidden_modules.push_back(m);
    d.contract = static_cast<std::uint32_t>(1 + s.below(3));
    d.power_idle_watts = s.maybe([&] { return s.seconds(); });
    d.power_active_watts = s.maybe([&] { return s.seconds(); });
    if (needs_power) {
      d.power_idle_watts = s.seconds();
      d.power_active_watts = *d.power_idle_watts + s.seconds();
      d.battery_joules = s.maybe([&] { return s.seconds(); });
    }
    for (std::size_t c = 0; c < p.chunk_tokens.size(); ++c)
      for (d.prefill_seconds.emplace_back(); d.prefill_seconds.back().size() < modules;)
        d.prefill_seconds.back().push_back(s.seconds());
    p.devices.push_back(d);
  }
  for (std::size_t from = 0; from < count; ++from)
    for (std::size_t to = 0; to < count; ++to)
      if (from != to && s.coin())
        p.links.push_back({from, to, {s.seconds(), s.seconds() * 1e9, s.maybe([&] { return s.seconds(); })}, residuals(s)});
  p.sequences = static_cast<std::uint32_t>(1 + s.below(8));
  if (s.coin()) p.micro_batch_sequences = static_cast<std::uint32_t>(1 + s.below(8));
  p.context_tokens = static_cast<std::uint32_t>(s.below(10000));
  p.token_bytes = s.below(16);
  p.max_stages = s.maybe([&] { return static_cast<std::uint32_t>(1 + s.below(8)); });
  p.tied_bytes = modules > 1 ? std::min(p.modules.front().weight_bytes, p.modules.back().weight_bytes) / 2 : 0;
  p.header = s.maybe([&] { return static_cast<std::size_t>(s.below(count)); });
  return p;
}

inline ll::plan_document plan(source& s) {
  using document = ll::plan_document;
  document p;
  const auto real = [&] { return s.real(); };
  p.objective = s.coin() ? "latency" : "throughput";
  p.sequences = static_cast<std::uint32_t>(1 + s.below(8));
  p.micro_batch_sequences = s.maybe([&] { return static_cast<std::uint32_t>(1 + s.below(8)); });
  p.context_tokens = static_cast<std::uint32_t>(1 + s.below(8192));
  p.model_sha256 = s.maybe([&] { return digest(s); });
  p.fleet_sha256 = s.maybe([&] { return digest(s); });
  p.kv_dtype = s.maybe([&] { return std::string(s.coin() ? "f32" : "f16"); });
  p.solver = "chain";
  p.objective_value = s.maybe(real);
  p.objective_seconds = s.maybe(real);
  p.bound = s.maybe(real);
  p.gap = s.maybe(real);
  p.solve_seconds = s.real();
  p.reason = s.maybe([&] { return s.text(); });
  p.predicted = {s.maybe(real), s.maybe(real), s.maybe(real), s.maybe(real), {},
                 s.maybe(real), s.maybe(real), s.maybe(real), s.maybe(real), s.maybe(real)};
  p.predicted.prefill_chunk_tokens = s.maybe([&] { return static_cast<std::uint32_t>(1 + s.below(512)); });
  const auto baseline = [&] { return document::baseline{s.coin(), s.maybe(real), s.maybe([&] { return s.text(); })}; };
  for (const char* rule : {"even", "fastest_device"})
    if (s.coin()) p.baselines[rule] = baseline();
  p.overlaps =
      s.maybe([&] { return document::windows{s.text(), "warm", 1 + s.real(), s.maybe(real), s.maybe(real), s.below(1U << 30)}; });
  std::size_t next = 0;
  for (std::size_t i = s.below(5); i > 0; --i) {
    const std::size_t last = next + s.below(9);
    document::stage stage{.device = s.text() + std::to_string(i),
                          .endpoint = s.maybe([] { return std::string("local"); }),
                          .first_module = next,
                          .last_module = last,
                          .seconds = s.real(),
                          .memory_bytes = s.number<std::uint64_t>(),
                          .reserve_bytes = s.maybe([&] { return s.below(1000); }),
                          .threads = s.maybe([&] { return static_cast<unsigned>(1 + s.below(1024)); }),
                          .overlap = {}};
    stage.overlap = s.maybe([&] { return std::pair<std::size_t, std::size_t>(next, last + s.below(3)); });
    p.stages.push_back(stage);
    next = last + 1;
  }
  p.module_count = next;
  p.status = p.stages.empty() ? "infeasible" : s.coin() ? "optimal" : "feasible";
  if (p.stages.empty()) p.module_count = 1 + s.below(100);
  for (std::size_t i = 0; i + 1 < p.stages.size(); ++i)
    p.transmissions.push_back({"residual@" + std::to_string(p.stages[i + 1].first_module), p.stages[i].device,
                               p.stages[i + 1].device, s.number<std::uint64_t>(), s.coin() ? "sequential" : "residual"});
  for (std::size_t i = s.below(3); i > 0; --i) p.unused.push_back({s.text(), s.text()});
  return p;
}

/// `kind`: index into control::message.
inline ll::control::message control_message(source& s, std::size_t kind) {
  namespace control = ll::control;
  const auto u32 = [&] { return s.number<std::uint32_t>(); };
  const auto u64 = [&] { return s.number<std::uint64_t>(); };
  const auto ids = [&] {
    std::vector<ll::token_id> made(s.below(40));
    for (ll::token_id& id : made) id = static_cast<ll::token_id>(s.number<std::uint32_t>() & 0x7FFFFFFFU);
    return made;
  };
  const auto state = [&] { return ll::sampler_state{s.maybe([&] { return static_cast<double>(s.below(1000)) / 7 - 9; })}; };
  switch (kind) {
    case 0: return control::hello{u32(), u32(), u64()};
    case 1: {
      control::deploy d{u32(), s.text(), u32(), u32(), {},   {}, static_cast<std::uint8_t>(s.below(2)),
                        u32(), u32(),    u32(), u32(), u32()};
      for (std::uint64_t i = s.below(5); i > 0; --i) d.stages.push_back({u64(), s.text(), u32(), u32()});
      for (std::uint64_t i = s.below(5); i > 0; --i) d.transmissions.push_back({u32(), u32(), u32(), u32(), u64()});
      return d;
    }
    case 2: {
      control::open o{u64(), {}};
      o.options = {ids(), u32(), ids(), {}, {u64(), ids(), state()}, s.coin()};
      ll::sampling_parameters& p = o.options.sampling;
      for (float* x : {&p.temperature, &p.top_p, &p.min_p, &p.typical_p, &p.repeat_penalty, &p.frequency_penalty,
                       &p.presence_penalty, &p.mirostat_tau, &p.mirostat_eta})
        *x = s.real32();
      p.top_k = u32();
      p.repeat_window_tokens = u32();
      p.seed = u64();
      p.mirostat = static_cast<ll::mirostat_version>(s.below(3));
      for (const ll::token_id id : ids()) p.logit_bias.push_back({id, s.real32()});
      return o;
    }
    case 3: return control::close{u64()};
    case 4: return control::bye{};
    case 5: return control::welcome{u32(), u32(), s.text(), u32(), s.text()};
    case 6: return control::ready{u32(), u64(), s.real()};
    case 7: return control::opened{u64()};
    case 8: return control::report{u64(), s.real(), u64(), u64(), u64(), state()};
    case 9: return control::failed{u64(), {static_cast<ll::errc>(s.below(14)), s.text()}};
    default: return control::heartbeat{u64()};
  }
}

/// A copy with a few bytes changed, removed, doubled or replaced by what JSON is made of.
inline std::string damaged(std::string text, source& s) {
  constexpr std::string_view spice = "{}[]\",:0-1e9.ntfu\\ \xFF";
  for (std::uint64_t i = 1 + s.below(4); i > 0 && !text.empty(); --i) {
    const std::size_t at = s.below(text.size());
    switch (s.below(4)) {
      case 0: text[at] = static_cast<char>(s.below(256)); break;
      case 1: text[at] = spice[s.below(spice.size())]; break;
      case 2: text.erase(at, 1 + s.below(20)); break;
      default: text.insert(at, text.substr(s.below(text.size()), s.below(20))); break;
    }
  }
  return text;
}

}  // namespace random_documents
