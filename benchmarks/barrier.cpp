// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What it costs that the threads of a team meet, and that a job starts and ends: nanoseconds of one barrier, and of one run of a
// job that does nothing. With more threads than processors a barrier is as long as the machine takes to let another thread run.
//   benchmark_barrier --benchmark_repetitions=9 --benchmark_report_aggregates_only
#include <lingualinked/execution/thread_team.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <thread>

namespace ll = lingualinked;

namespace {

void barrier(benchmark::State& state, unsigned threads) {
  constexpr int rounds = 1000;
  ll::thread_team team(threads);
  for (auto _ : state)
    team.run([&](unsigned) {
      for (int i = 0; i < rounds; ++i) team.arrive_and_wait();
    });
  state.counters["one barrier"] = benchmark::Counter(static_cast<double>(state.iterations()) * rounds,
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void job(benchmark::State& state, unsigned threads) {
  ll::thread_team team(threads);
  for (auto _ : state) team.run([](unsigned) {});
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  for (unsigned threads = 2; threads <= std::max(2U, processors); threads *= 2) {
    const std::string count = std::to_string(threads);
    benchmark::RegisterBenchmark(("barrier/threads:" + count).c_str(), barrier, threads)->UseRealTime();
    benchmark::RegisterBenchmark(("job/threads:" + count).c_str(), job, threads)->UseRealTime();
  }
  const unsigned many = 2 * processors;
  benchmark::RegisterBenchmark(("barrier/oversubscribed:" + std::to_string(many)).c_str(), barrier, many)->UseRealTime();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
