// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "bandwidth.hpp"

#include <lingualinked/execution/thread_team.hpp>
#include <lingualinked/tensor/storage.hpp>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

namespace tool {

namespace ll = lingualinked;

namespace {

/// Adds up words in eight independent chains, so that loads and not additions limit it.
std::uint64_t sum_words(const std::uint64_t* words, std::size_t count) {
  std::uint64_t sums[8] = {};
  for (std::size_t i = 0; i + 8 <= count; i += 8)
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += words[i + lane];
  return std::accumulate(sums, sums + 8, std::uint64_t{0});
}

}  // namespace

double read_bandwidth(std::uint64_t bytes, unsigned threads) {
  constexpr int passes = 8;
  ll::storage buffer(bytes / 64 * 64);
  const auto words = buffer.as<std::uint64_t>();
  std::fill(words.begin(), words.end(), 1);
  ll::thread_team team(threads);
  std::vector<std::uint64_t> sums(threads);
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    team.run([&](unsigned thread) {
      const std::size_t begin = words.size() * thread / threads;
      const std::size_t end = words.size() * (thread + 1) / threads;
      sums[thread] += sum_words(words.data() + begin, end - begin);
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(buffer.size()) / took.count());
  }
  // The sums are compared so that the reading cannot be left out.
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}) == 0 ? 0 : best;
}

}  // namespace tool
