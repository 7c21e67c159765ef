// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A model as a whole, on one device: tokens per second of a prompt, and what share of the processor's int8 peak its layers use;
// of decoding behind contexts of several lengths, and of eight sequences together, with the bytes of weights and KV cache read
// per second, and their share of what plain reading of as many bytes reaches; and bytes per second of loading. GB/s at two
// depths compare as tokens/s would, had both as many bytes to read.
//   benchmark_inference MODEL.gguf --benchmark_filter=decode --benchmark_repetitions=5 --benchmark_report_aggregates_only
#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/probe/int8_peak.hpp>
#include <lingualinked/probe/machine.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace ll = lingualinked;

namespace {

constexpr std::size_t chunk = 128;  // rows of one batch of a prompt

/// The whole model in this process, with sequences 0, 1, ...
class runner {
 public:
  runner(const ll::language_model& model, unsigned threads, std::size_t context, std::size_t sequences)
      : vocabulary_(model.sizes().vocabulary),
        executor_(ll::cpu_executor::create(model.graph(), model.modules(model.default_kv_type()), model.weights(),
                                           {.last_module = model.modules(model.default_kv_type()).node_count() - 1,
                                            .context_tokens = context,
                                            .sequences = sequences,
                                            .rows = chunk,
                                            .kv_type = model.default_kv_type(),
                                            .threads = threads})
                      .value()),
        positions_(sequences, 0),
        sampled_(sequences, 0) {}

  /// Opens every sequence anew behind `prompt` tokens.
  void restart(std::size_t prompt, std::size_t generate) {
    for (ll::sequence_id id = 0; id < positions_.size(); ++id) {
      executor_.release(id);
      ll::sequence_options options;
      for (std::size_t i = 0; i < prompt; ++i) options.prompt.push_back(static_cast<ll::token_id>((i * 7919 + 11) % vocabulary_));
      options.max_tokens = static_cast<std::uint32_t>(generate);
      executor_.open(id, options).value();
      positions_[id] = 0;
      for (std::size_t at = 0; at < prompt; at += chunk)
        run({{id, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(std::min(chunk, prompt - at))}},
            {options.prompt.begin() + static_cast<std::ptrdiff_t>(at),
             options.prompt.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk, prompt))});
    }
  }
  /// One more token of every sequence.
  void decode() {
    std::vector<ll::segment> segments;
    std::vector<ll::token_id> tokens(positions_.size(), 1);
    for (ll::sequence_id id = 0; id < positions_.size(); ++id) segments.push_back({id, positions_[id], 1});
    run(segments, tokens);
  }

 private:
  void run(const std::vector<ll::segment>& segments, const std::vector<ll::token_id>& tokens) {
    ll::stage_batch batch;
    batch.segments = segments;
    batch.tokens = tokens;
    batch.sampled = std::span(sampled_).first(segments.size());
    executor_.run(batch).value();
    for (const ll::segment& s : segments) positions_[s.sequence] += s.tokens;
  }

  std::size_t vocabulary_;
  ll::cpu_executor executor_;
  std::vector<std::uint32_t> positions_;
  std::vector<ll::token_id> sampled_;
};

/// Operations of one token in the linear layers but the head, which only the last token of a prompt passes.
double operations_per_token(const ll::language_model& model) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < model.graph().operations.size(); ++i)
    if (const auto* l = std::get_if<ll::linear_operation>(&model.graph().operations[i].kind))
      sum += 2.0 * static_cast<double>(l->weight.rows * l->weight.columns);
  return sum;
}

/// Bytes that one step of decoding reads: weights once, and of every sequence the keys and values of `depth` positions.
std::uint64_t bytes_per_step(const ll::language_model& model, std::size_t depth, std::size_t sequences) {
  const ll::module_graph modules = model.modules(model.default_kv_type());
  std::uint64_t bytes = 0;
  for (std::uint32_t u = 0; u < modules.node_count(); ++u) bytes += modules.cost(u).read_bytes_per_token;
  for (const ll::operation& op : model.graph().operations)
    if (const auto* a = std::get_if<ll::attention_operation>(&op.kind))
      bytes += 2 * ll::facts_of(model.default_kv_type()).block_bytes * a->kv_heads * a->head_size * sequences *
               (a->window == 0 ? depth : std::min(depth, a->window));
  return bytes;
}

/// What the machine gives to threads that only read so much, measured once.
double reading_rate(std::uint64_t bytes, unsigned threads) {
  static std::map<std::pair<std::uint64_t, unsigned>, double> known;
  const auto [at, added] = known.try_emplace({bytes, threads}, 0);
  if (added) at->second = ll::read_bandwidth(bytes, threads);
  return at->second;
}

void load(benchmark::State& state, const ll::language_model* model) {
  for (auto _ : state) benchmark::DoNotOptimize(ll::stage_weights::load(model->graph().operations, model->weights()).value());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(model->weight_bytes()));
}

void prefill(benchmark::State& state, const ll::language_model* model, unsigned threads, double peak, std::size_t tokens) {
  runner r(*model, threads, tokens + 1, 1);
  for (auto _ : state) r.restart(tokens, 1);
  const double done = static_cast<double>(tokens) * static_cast<double>(state.iterations());
  state.counters["tokens/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  if (peak > 0)
    state.counters["%peak"] =
        benchmark::Counter(100 * operations_per_token(*model) * done / (peak * threads), benchmark::Counter::kIsRate);
}

void decode(benchmark::State& state, const ll::language_model* model, unsigned threads, std::size_t depth,
            std::size_t sequences) {
  constexpr std::size_t stretch = 64;
  const std::uint64_t bytes = bytes_per_step(*model, depth + stretch / 2, sequences);
  const double rate = reading_rate(bytes, threads);
  runner r(*model, threads, depth + stretch, sequences);
  std::size_t left = 0;
  for (auto _ : state) {
    if (left == 0) {
      state.PauseTiming();
      r.restart(depth, stretch);
      left = stretch;
      state.ResumeTiming();
    }
    r.decode();
    --left;
  }
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(sequences) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  const double read = static_cast<double>(bytes) * static_cast<double>(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(read / 1e9, benchmark::Counter::kIsRate);
  state.counters["%read"] = benchmark::Counter(100 * read / rate, benchmark::Counter::kIsRate);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::cerr << "usage: benchmark_inference MODEL [--benchmark_...]\n";
    return 2;
  }
  const auto model = ll::language_model::open(argv[1]);
  if (!model) {
    std::cerr << model.error().message << "\n";
    return 1;
  }
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  const double peak = ll::int8_peak(ll::kernels::best_available());
  benchmark::RegisterBenchmark("load", load, &*model);
  for (unsigned threads = 1; threads <= 2 * processors; threads *= 2) {  // the last: twice as many as there are processors
    const std::string suffix = "/threads:" + std::to_string(threads);
    benchmark::RegisterBenchmark(("prefill/512" + suffix).c_str(), prefill, &*model, threads, peak, std::size_t{512})
        ->UseRealTime();
    for (const std::size_t depth : {std::size_t{1}, std::size_t{512}, std::size_t{1984}})
      benchmark::RegisterBenchmark(("decode/depth:" + std::to_string(depth) + suffix).c_str(), decode, &*model, threads, depth,
                                   std::size_t{1})
          ->UseRealTime();
    benchmark::RegisterBenchmark(("decode/sequences:8" + suffix).c_str(), decode, &*model, threads, std::size_t{16},
                                 std::size_t{8})
        ->UseRealTime();
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
