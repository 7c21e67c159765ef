// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast each kernel is, for every instruction set this machine can run: GB/s of weights read, GOP/s (2 a multiply-add) and the
// share of that instruction set's measured int8 peak. Rates are per second of processor time.
//   benchmark_kernels --benchmark_filter=linear/avx512/q4_1 --benchmark_repetitions=9 --benchmark_report_aggregates_only
#include <lingualinked/core/half.hpp>
#include <lingualinked/core/random.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/probe/int8_peak.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace ll = lingualinked;
namespace lk = lingualinked::kernels;

namespace {

constexpr std::size_t small_rows = 1536;          // a matrix that stays in the second-level cache
constexpr std::size_t large_bytes = 128U << 20U;  // one that does not fit any cache
constexpr std::size_t columns = 768;

// A row in file layout: random codes, scales of 0.01.
std::vector<std::byte> make_row(ll::dtype type) {
  std::vector<std::byte> row(ll::bytes_of(type, columns));
  for (std::size_t i = 0; i < row.size(); ++i)
    row[i] = static_cast<std::byte>(ll::philox4x32({static_cast<std::uint32_t>(i), 0, 0, 0}, {1, 2})[0]);
  const std::uint16_t scale = ll::f16_from_float(0.01F);
  const std::size_t block = ll::facts_of(type).block_bytes;
  for (std::size_t at = 0; ll::is_quantised(type) && at < row.size(); at += block) {
    for (const std::size_t field : {std::size_t{0}, std::size_t{2}, block - 4, block - 2})
      std::memcpy(row.data() + at + field, &scale, 2);
  }
  if (!ll::is_quantised(type)) std::fill(row.begin(), row.end(), std::byte{0x3C});
  return row;
}

lk::panels make_matrix(ll::dtype type, std::size_t rows) {
  lk::panels out = lk::panels::make(type, rows, columns).value();
  const std::vector<std::byte> row = make_row(type);
  for (std::size_t r = 0; r < rows; ++r) out.set_row(r, row);
  return out;
}

void linear(benchmark::State& state, lk::isa which, double peak, ll::dtype type, std::size_t rows, std::size_t tokens) {
  const lk::table* const kernels = lk::table_for(which).value();
  const lk::panels weights = make_matrix(type, rows);
  std::vector<float> x(tokens * columns), out(tokens * rows);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(ll::uniform_draw(3, i)) - 0.5F;
  std::vector<std::int8_t> q(x.size());
  std::vector<float> d(x.size() / 32);
  std::vector<std::int32_t> sum(x.size() / 32);
  const lk::quantised_rows rounded{q.data(), d.data(), sum.data()};
  kernels->quantise(x.data(), columns, tokens, columns, rounded);
  const lk::linear_call call{.weights = weights.view(),
                             .panel_begin = 0,
                             .panel_end = weights.view().panels(),
                             .input = {.x = x.data(), .x_stride = columns, .rounded = rounded, .rows = tokens},
                             .out = out.data(),
                             .out_stride = rows};
  for (auto _ : state) {
    kernels->linear(call);
    benchmark::ClobberMemory();
  }
  const double calls = static_cast<double>(state.iterations());
  const double operations = 2.0 * static_cast<double>(rows * columns * tokens) * calls;
  state.counters["GB/s"] = benchmark::Counter(static_cast<double>(weights.bytes()) * calls / 1e9, benchmark::Counter::kIsRate);
  state.counters["GOP/s"] = benchmark::Counter(operations / 1e9, benchmark::Counter::kIsRate);
  if (peak > 0) state.counters["%peak"] = benchmark::Counter(100.0 * operations / peak, benchmark::Counter::kIsRate);
}

void store_rows(benchmark::State& state, ll::dtype type) {
  lk::panels weights = lk::panels::make(type, 64, columns).value();
  const std::vector<std::byte> row = make_row(type);
  for (auto _ : state)
    for (std::size_t r = 0; r < 64; ++r) weights.set_row(r, row);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(64 * row.size()));
}

// Head size 64, float16 cache, every key visible; the tiles of a context one after the other.
void attention(benchmark::State& state, const lk::table* kernels, std::size_t rows, std::size_t tiles) {
  constexpr std::size_t size = 64;
  std::vector<std::byte> keys(tiles * 64 * size * 2), values(tiles * 64 * size * 2);
  const lk::kv_head_view cache{ll::dtype::f16, keys.data(), values.data(), size};
  std::vector<float> q(rows * size), m(rows), l(rows), o(rows * size);
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = static_cast<float>(ll::uniform_draw(4, i)) - 0.5F;
  for (std::size_t p = 0; p < 64 * tiles; ++p) kernels->store_kv(cache, p, q.data(), q.data());
  const std::vector<std::uint32_t> first(rows, 0), end(rows, static_cast<std::uint32_t>(64 * tiles));
  lk::attention_tile_call call{.cache = cache,
                               .queries = q.data(),
                               .query_stride = size,
                               .rows = rows,
                               .first_key = first.data(),
                               .end_key = end.data(),
                               .scale = 0.125F,
                               .m = m.data(),
                               .l = l.data(),
                               .o = o.data()};
  for (auto _ : state) {
    kernels->attention_tile(call);
    benchmark::ClobberMemory();
    call.tile = (call.tile + 1) % tiles;
  }
  state.counters["GOP/s"] =
      benchmark::Counter(4.0 * 64 * size * static_cast<double>(rows * static_cast<std::size_t>(state.iterations())) / 1e9,
                         benchmark::Counter::kIsRate);
  state.counters["GB/s"] =
      benchmark::Counter(64 * size * 4 * static_cast<double>(state.iterations()) / 1e9, benchmark::Counter::kIsRate);
}

// The weights of a vocabulary of tokens.
void exponentials(benchmark::State& state, const lk::table* kernels) {
  std::vector<double> given(49'152);
  for (std::size_t i = 0; i < given.size(); ++i) given[i] = -30 * ll::uniform_draw(5, i);
  std::vector<double> x;
  for (auto _ : state) {
    x = given;
    kernels->exponentials(x.data(), x.size());
    benchmark::DoNotOptimize(x.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(given.size()));
}

// What the machine gives to one thread that only reads: the yardstick for linear with one token.
void read_memory(benchmark::State& state, std::size_t bytes) {
  std::vector<std::uint64_t> words(bytes / 8, 1);
  std::uint64_t total = 0;
  for (auto _ : state) {
    std::uint64_t part[8] = {};
    for (std::size_t i = 0; i + 8 <= words.size(); i += 8)
      for (std::size_t j = 0; j < 8; ++j) part[j] += words[i + j];
    for (const std::uint64_t p : part) total += p;
    benchmark::DoNotOptimize(total);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes));
}

}  // namespace

int main(int argc, char** argv) {
  for (const std::size_t bytes : {std::size_t{1} << 20U, large_bytes})
    benchmark::RegisterBenchmark(("read/" + std::to_string(bytes >> 20U) + "MiB").c_str(), read_memory, bytes);
  constexpr ll::dtype types[] = {ll::dtype::q4_1, ll::dtype::q8_0, ll::dtype::q4_0, ll::dtype::q5_0,   ll::dtype::q5_1,
                                 ll::dtype::q4_k, ll::dtype::q5_k, ll::dtype::q6_k, ll::dtype::q2_k,   ll::dtype::q3_k,
                                 ll::dtype::f16,  ll::dtype::bf16, ll::dtype::f32,  ll::dtype::iq4_nl, ll::dtype::iq4_xs};
  std::map<lk::isa, double> peaks;
  const auto peak_of = [&](lk::isa which) {
    return peaks.try_emplace(which, peaks.contains(which) ? 0 : ll::int8_peak(which)).first->second;
  };
  for (const ll::dtype type : types) {
    const std::string name(ll::name_of(type));
    benchmark::RegisterBenchmark(("set_row/" + name).c_str(), store_rows, type);
    for (const lk::isa which : {lk::isa::avx2, lk::isa::avxvnni, lk::isa::avx512, lk::isa::neon, lk::isa::neon_dot}) {
      if (!lk::available(which)) continue;
      const std::string prefix = "linear/" + std::string(lk::name_of(which)) + "/" + name + "/";
      for (const std::size_t tokens : {std::size_t{1}, std::size_t{2}, std::size_t{8}, std::size_t{128}})
        benchmark::RegisterBenchmark((prefix + std::to_string(tokens)).c_str(), linear, which, peak_of(which), type, small_rows,
                                     tokens);
      const std::size_t rows = large_bytes / (lk::panels::bytes_for(type, 16, columns) / 16);
      benchmark::RegisterBenchmark((prefix + "memory").c_str(), linear, which, peak_of(which), type, rows, std::size_t{1});
    }
  }
  for (const lk::isa which :
       {lk::isa::scalar, lk::isa::avx2, lk::isa::avxvnni, lk::isa::avx512, lk::isa::neon, lk::isa::neon_dot}) {
    if (lk::available(which))
      benchmark::RegisterBenchmark(("exponentials/" + std::string(lk::name_of(which))).c_str(), exponentials,
                                   lk::table_for(which).value());
  }
  for (const lk::isa which : {lk::isa::avx2, lk::isa::avxvnni, lk::isa::avx512, lk::isa::neon, lk::isa::neon_dot}) {
    if (!lk::available(which)) continue;
    const std::string prefix = "attention/" + std::string(lk::name_of(which)) + "/";
    const lk::table* const kernels = lk::table_for(which).value();
    for (const std::size_t rows : {std::size_t{3}, std::size_t{96}})
      benchmark::RegisterBenchmark((prefix + std::to_string(rows)).c_str(), attention, kernels, rows, std::size_t{1});
    benchmark::RegisterBenchmark((prefix + "memory").c_str(), attention, kernels, std::size_t{3}, std::size_t{4096});
  }
  lk::set_numeric_environment();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
