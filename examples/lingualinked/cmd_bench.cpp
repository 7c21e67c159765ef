// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine.hpp"
#include "model_choice.hpp"
#include "where.hpp"

#include <lingualinked/probe/int8_peak.hpp>
#include <lingualinked/probe/machine.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <vector>

namespace tool {

namespace {

struct bench_options {
  model_choice model;
  where_options where;
  std::uint32_t prompt_tokens = 512;
  std::uint32_t generate_tokens = 128;
  std::uint32_t sequences = 1;
  std::uint32_t repetitions = 5;
  bool json = false;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return n == 0 ? 0 : n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/// Weights that one token of decoding touches.
std::uint64_t bytes_per_token(const ll::module_graph& modules) {
  std::uint64_t sum = 0;
  for (std::uint32_t u = 0; u < modules.node_count(); ++u) sum += modules.cost(u).read_bytes_per_token;
  return sum;
}

/// Operations of one token of a prompt in the linear layers: not the head, which only the last token passes.
double operations_per_token(const ll::module_graph& modules) {
  double sum = 0;
  for (std::uint32_t u = 0; u + 1 < modules.node_count(); ++u) sum += modules.cost(u).flops_per_token;
  return sum;
}

ll::result<int> bench(const bench_options& o) {
  using clock = std::chrono::steady_clock;
  auto model = o.model.open();
  if (!model) return model.error();
  if (auto suits = model_choice::require_words(*model); !suits) return suits.error();
  const std::uint64_t most = model->sizes().context_length;
  if (std::uint64_t{o.prompt_tokens} + o.generate_tokens > most)
    return ll::error{ll::errc::limit,
                     "prompt and generation together exceed the " + std::to_string(most) + " tokens the model was made for"};
  auto e = engine::start(*model, o.where,
                         {.context_tokens = o.prompt_tokens + o.generate_tokens,
                          .prompt_tokens = o.prompt_tokens,
                          .generate_tokens = o.generate_tokens,
                          .sequences = o.sequences});
  if (!e) return e.error();

  ll::sequence_options options;
  options.max_tokens = o.generate_tokens;
  for (std::uint32_t i = 0; i < o.prompt_tokens; ++i)  // any ids do: speed does not depend on them
    options.prompt.push_back(static_cast<ll::token_id>((i * 7919ULL + 11) % model->sizes().vocabulary));
  std::vector<double> prefill;
  std::vector<double> decode;
  nlohmann::ordered_json runs = nlohmann::ordered_json::array();
  for (std::uint32_t r = 0; r < o.repetitions + 1; ++r) {
    // Decoding begins when the last sequence has its first token; before, its prompt shares the batches with others' tokens.
    clock::time_point first;
    std::size_t begun = 0;
    std::size_t count = 0;
    std::vector<bool> has_token(o.sequences, false);
    const auto start = clock::now();
    const auto made = e->generate_together(options, o.sequences, [&](std::size_t i) {
      if (begun == o.sequences) ++count;
      if (has_token[i]) return;
      has_token[i] = true;
      if (++begun == o.sequences) first = clock::now();
    });
    const auto end = clock::now();
    if (!made) return made.error();
    if (r == 0) continue;  // warms caches and pages
    prefill.push_back(static_cast<double>(o.sequences) * o.prompt_tokens / std::chrono::duration<double>(first - start).count());
    if (count > 0) decode.push_back(static_cast<double>(count) / std::chrono::duration<double>(end - first).count());
    runs.push_back({{"prefill_tokens_per_second", prefill.back()},
                    {"decode_tokens_per_second", or_null(count > 0, count > 0 ? decode.back() : 0)}});
  }
  const ll::module_graph modules = model->modules(model->default_kv_type());
  const std::uint64_t touched = bytes_per_token(modules);
  const double bandwidth = ll::read_bandwidth(std::max<std::uint64_t>(touched, 1U << 20), e->threads());
  // A step reads the weights once, for a token of every sequence.
  const double limit = touched == 0 ? 0 : o.sequences * bandwidth / static_cast<double>(touched);
  // Of all threads; 0 where there is no such measure.
  const auto isa = ll::kernels::isa_named(e->isa());
  const double peak = isa ? e->threads() * ll::int8_peak(*isa) : 0;
  const double of_peak = peak > 0 ? median(prefill) * operations_per_token(modules) / peak : 0;
  const nlohmann::ordered_json document = {
      {"prefill_tokens_per_second", median(prefill)},
      {"decode_tokens_per_second", or_null(!decode.empty(), median(decode))},
      {"threads", e->threads()},
      {"devices", e->stages()},
      {"isa", e->isa()},
      {"model", model->path()},
      {"weight_bytes", model->weight_bytes()},
      {"bytes_per_token", touched},
      {"memory_bandwidth_bytes_per_second", bandwidth},
      {"decode_of_bandwidth_limit", or_null(!decode.empty() && limit > 0, limit > 0 ? median(decode) / limit : 0)},
      {"prefill_of_int8_peak", or_null(peak > 0, of_peak)},
      {"prompt_tokens", o.prompt_tokens},
      {"generate_tokens", o.generate_tokens},
      {"sequences", o.sequences},
      {"runs", runs}};
  if (o.json) {
    print_json(document);
  } else {
    std::cout << "prefill " << median(prefill) << " tokens/s (" << o.prompt_tokens << " tokens), decode " << median(decode)
              << " tokens/s (" << o.generate_tokens << " tokens, " << o.sequences << " at a time): medians of " << o.repetitions
              << " runs, " << e->threads() << " threads, " << e->isa() << "\nreading " << touched / 1000000 << " MB goes at "
              << bandwidth / 1e9 << " GB/s here, so decode is at " << (limit > 0 ? 100 * median(decode) / limit : 0)
              << " % of what memory allows\n";
    if (peak > 0)
      std::cout << "int8 products go at " << peak / 1e9 << " GOP/s here, so prefill is at " << 100 * of_peak
                << " % of their peak\n";
  }
  return done;
}

}  // namespace

void add_bench(CLI::App& app, action& chosen) {
  auto o = std::make_shared<bench_options>();
  CLI::App* c = app.add_subcommand("bench", "Measure prefill and decode speed, and what this machine's memory would allow");
  o->model.add_to(*c);
  c->add_option("--prompt-tokens", o->prompt_tokens, "Length of the prompt")->capture_default_str()->check(positive);
  c->add_option("--generate-tokens", o->generate_tokens, "Tokens to write")->capture_default_str()->check(positive);
  c->add_option("--sequences", o->sequences, "Generations at a time; speeds are of all of them together")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  c->add_option("--repetitions", o->repetitions, "Runs that count, after one that does not")
      ->capture_default_str()
      ->check(positive);
  o->where.add_to(*c, false);
  c->add_flag("--json", o->json, "Print one JSON document");
  c->callback([o, &chosen] { chosen = [o] { return bench(*o); }; });
}

}  // namespace tool
