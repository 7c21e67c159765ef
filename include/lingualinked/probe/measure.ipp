// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/control.hpp>
#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/partition/profile_seconds.hpp>
#include <lingualinked/probe/fit.hpp>
#include <lingualinked/probe/machine.hpp>
#include <lingualinked/probe/measure.hpp>
#include <lingualinked/probe/module_kinds.hpp>
#include <lingualinked/probe/schedule.hpp>
#include <lingualinked/probe/stage_timer.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace lingualinked::inline v0 {

namespace detail {

/// Measures one model, stage by stage.
class model_meter {
 public:
  model_meter(const language_model& model, const measure_options& options, const measure_progress& progress)
      : model_(model),
        options_(options),
        progress_(progress),
        modules_(model.modules(options.kv_type)),
        kinds_(find_module_kinds(model.graph(), modules_)),
        decode_(kinds_.names.size()),
        prefill_(kinds_.names.size()),
        batches_(kinds_.names.size()),
        share_(kinds_.names.size(), 0) {
    longest_ = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(model.sizes().context_length, 64, 2048));
  }

  [[nodiscard]] result<measured_model> run() {
    machine_load_meter load;
    for (std::size_t first = 0; first < modules_.node_count();) {
      if (auto done = measure_stage(first, last_that_fits(first)); !done) return done.error();
      // On to the next kind that no stage so far had.
      while (first < modules_.node_count() && share_[kinds_.of_modules[first]] > 0) ++first;
    }
    auto digest = model_.sha256();
    if (!digest) return digest.error();
    measured_model made;
    made.profile = profile(*std::move(digest));
    made.compute_flops_per_second = prefill_seconds_ > 0 ? prefill_flops_ / prefill_seconds_ : 0;
    made.other_cores = load.other_cores();
    return made;
  }

 private:
  [[nodiscard]] executor_options executor_for(std::size_t first, std::size_t last, std::size_t rows) const {
    executor_options o;
    o.first_module = first;
    o.last_module = last;
    o.context_tokens = longest_;
    o.sequences = probe_batch_sizes.back();
    o.rows = rows;
    o.kv_type = options_.kv_type;
    o.threads = options_.threads;
    o.kernels = options_.kernels;
    return o;
  }
  [[nodiscard]] static std::uint32_t largest_chunk(std::uint32_t context) {
    std::uint32_t largest = 0;
    for (const auto& s : probe_round(context, 1))
      for (const std::uint32_t c : s.chunks) largest = std::max(largest, c);
    return largest;
  }
  [[nodiscard]] std::size_t last_that_fits(std::size_t first) const {
    const std::uint64_t buffers = buffer_bytes_estimate(model_.graph(), executor_for(first, first, largest_chunk(longest_)));
    std::uint64_t used = buffers;
    std::size_t last = first;
    for (std::size_t m = first; m < modules_.node_count(); ++m) {
      const node_cost cost = modules_.cost(static_cast<std::uint32_t>(m));
      used += cost.weight_bytes + cost.kv_bytes_per_context_token * longest_ * probe_batch_sizes.back();
      if (m > first && used > options_.memory_bytes) break;
      last = m;
    }
    return last;
  }
  [[nodiscard]] result<void> told(double share) const {
    if (progress_ && !progress_(share)) return error{errc::cancelled, "the measurement was stopped"};
    return {};
  }

  [[nodiscard]] result<void> measure_stage(std::size_t first, std::size_t last) {
    const std::uint32_t rows = largest_chunk(longest_);
    auto loaded = cpu_executor::create(model_.graph(), modules_, model_.weights(), executor_for(first, last, rows),
                                       [&](std::uint64_t, std::uint64_t) { return told(0).has_value(); });
    if (!loaded) return loaded.error();
    const bool tail = last + 1 == modules_.node_count();
    const std::size_t width = model_.graph().operations[modules_.modules()[0].end_operation - 1].width;
    stage_timer stage(*std::move(loaded), options_.slowdown, first == 0, tail, width, rows, model_.sizes().vocabulary);

    // A first look: warms pages, and says how much there is time for.
    if (auto begun = stage.begin(32); !begun) return begun.error();
    double chunk_token = 0;
    double token = 0;
    for (const std::uint32_t tokens : {16U, 16U, 1U, 1U, 1U}) {
      const auto ran = stage.run(tokens);
      if (!ran) return ran.error();
      (tokens == 1 ? token : chunk_token) = ran->seconds() / tokens;
    }
    const probe_effort effort = probe_effort_for(longest_, options_.decode_repeats, chunk_token, token, options_.budget_seconds);
    const std::uint32_t repeats =
        std::clamp<std::uint32_t>((options_.decode_repeats + effort.rounds - 1) / effort.rounds, 1, effort.context / 4);
    const auto round = probe_round(effort.context, repeats + settling_tokens);
    double work = batch_work(repeats) * token;
    for (const auto& s : round) work += s.prompt_tokens() * chunk_token + s.decode_tokens * token;
    double done = 0;
    runs_.clear();
    for (std::uint32_t r = 0; r < effort.rounds; ++r) {
      for (const probe_sequence& s : round) {
        if (auto begun = stage.begin(s.prompt_tokens() + 1); !begun) return begun;
        for (const std::uint32_t chunk : s.chunks) {
          if (auto ran = take(stage, first, chunk, 0, true); !ran) return ran;
          done += chunk * chunk_token;
          if (auto fine = told(done / (work * effort.rounds)); !fine) return fine;
        }
        for (std::uint32_t i = 0; i < s.decode_tokens; ++i) {
          if (auto ran = take(stage, first, 1, s.decode_group, i >= settling_tokens); !ran) return ran;
          done += token;
          if (auto fine = told(std::min(1.0, done / (work * effort.rounds))); !fine) return fine;
        }
      }
      for (const std::uint32_t sequences : probe_batch_sizes) {
        if (auto begun = stage.begin(1, sequences); !begun) return begun;
        for (std::uint32_t i = 0; i < batch_repeats(repeats) + settling_tokens; ++i) {
          if (auto ran = take_together(stage, first, sequences, i >= settling_tokens); !ran) return ran;
          done += 2 * token;
          if (auto fine = told(std::min(1.0, done / (work * effort.rounds))); !fine) return fine;
        }
      }
    }
    learn_fits(first, last);
    if (auto begun = stage.begin(0); !begun) return begun;
    const double each = in_seconds(stage_pause) + 2 * token;
    const auto most = static_cast<std::uint32_t>(std::min(stage_pause_budget_seconds / each, 50.0));
    auto extra = hand_over_seconds(stage, std::clamp<std::uint32_t>(std::min(most, longest_ / 4), 2, 50), stage_pause);
    if (!extra) return extra.error();
    overheads_.push_back(std::max(0.0, median(*std::move(extra))));
    return {};
  }

  /// About what a stage waits for the others between two tokens: behind a shorter pause, processors are quicker again.
  static constexpr duration stage_pause = std::chrono::milliseconds(40);
  static constexpr double stage_pause_budget_seconds = 3;

  /// The first tokens after a long piece of a prompt find the caches full of other things.
  static constexpr std::uint32_t settling_tokens = 2;

  /// Sums of a run's times by kind, divided by how many modules of it there are.
  [[nodiscard]] std::vector<double> seconds_of_kinds(const timed_run& ran, std::size_t first) const {
    std::vector<double> sums(kinds_.names.size(), 0.0);
    std::vector<double> counted(kinds_.names.size(), 0.0);
    for (std::size_t i = 0; i < ran.module_seconds.size(); ++i) {
      sums[kinds_.of_modules[first + i]] += ran.module_seconds[i];
      counted[kinds_.of_modules[first + i]] += 1;
    }
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k] = counted[k] == 0 ? -1 : sums[k] / counted[k];
    return sums;
  }
  [[nodiscard]] result<void> take_together(stage_timer& stage, std::size_t first, std::uint32_t sequences, bool counts) {
    const auto ran = stage.run(1);
    if (!ran) return ran.error();
    if (!counts) return {};
    const std::vector<double> seconds = seconds_of_kinds(*ran, first);
    for (std::size_t k = 0; k < seconds.size(); ++k) {
      if (seconds[k] < 0) continue;
      measured_group& at = batches_[k].here[sequences];
      at.at += ran->context;
      at.seconds.push_back(seconds[k]);
    }
    return {};
  }
  [[nodiscard]] result<void> take(stage_timer& stage, std::size_t first, std::uint32_t tokens, std::size_t group, bool counts) {
    auto ran = stage.run(tokens);
    if (!ran) return ran.error();
    if (!counts) return {};
    const std::vector<double> seconds = seconds_of_kinds(*ran, first);
    for (std::size_t k = 0; k < seconds.size(); ++k) {
      if (seconds[k] < 0) continue;
      auto& at = tokens == 1 ? decode_[k].here[group] : prefill_[k].here[{tokens, ran->context}];
      at.at += ran->context;
      at.seconds.push_back(seconds[k]);
    }
    if (tokens > 1 && tokens >= largest_) {
      if (tokens > largest_) prefill_flops_ = prefill_seconds_ = 0;
      largest_ = tokens;
      prefill_seconds_ += ran->seconds();
      for (std::size_t i = 0; i < ran->module_seconds.size(); ++i) {
        const node_cost cost = modules_.cost(static_cast<std::uint32_t>(first + i));
        const bool head = first + i + 1 == modules_.node_count();
        if (!head)
          prefill_flops_ +=
              tokens * (cost.flops_per_token + cost.flops_per_token_and_context_token * (ran->context + tokens / 2.0));
      }
    }
    runs_.push_back(*std::move(ran));
    return {};
  }

  /// Fits the kinds of a stage. Where an earlier stage had a kind as well, the stage with more modules of it counts.
  void learn_fits(std::size_t first, std::size_t last) {
    std::vector<std::size_t> counted(kinds_.names.size(), 0);
    for (std::size_t m = first; m <= last; ++m) ++counted[kinds_.of_modules[m]];
    fits_.resize(kinds_.names.size());
    std::vector<module_profile> here(kinds_.names.size());
    for (std::size_t k = 0; k < counted.size(); ++k) {
      if (counted[k] == 0) continue;
      module_profile& fit = here[k];
      fit.name = kinds_.names[k];
      const fitted_line line = fit_line(means(decode_[k].here));
      fit.decode_seconds = line.offset;
      fit.decode_seconds_per_context_token = line.slope;
      std::map<std::uint32_t, std::vector<measured_group>> by_size;
      for (auto& [key, group] : prefill_[k].here) {
        group.at = key.second;
        by_size[key.first].push_back(group);
      }
      for (const auto& [tokens, groups] : by_size) {
        const fitted_line piece = fit_line(groups);
        fit.prefill.push_back({tokens, piece.offset, piece.slope});
      }
      for (const auto& [sequences, group] : batches_[k].here) {
        const double contexts = static_cast<double>(sequences) * group.at / static_cast<double>(group.seconds.size());
        const double seconds = std::max(0.0, median(group.seconds) - line.slope * contexts);
        fit.batches.push_back({static_cast<std::uint32_t>(sequences), seconds});
      }
      decode_[k].here.clear();
      prefill_[k].here.clear();
      batches_[k].here.clear();
      if (counted[k] <= share_[k]) {
        counted[k] = 0;
        continue;
      }
      share_[k] = counted[k];
      fits_[k] = fit;
    }
    std::vector<double> decode_factors;
    std::vector<double> prefill_factors;
    for (const timed_run& r : runs_) {
      double fitted = 0;
      for (std::size_t m = first; m <= last; ++m) {
        const module_profile& kind = here[kinds_.of_modules[m]];
        fitted += r.tokens == 1 ? decode_seconds(kind, r.context) : prefill_seconds(kind, r.tokens, r.context);
      }
      if (fitted > 0) (r.tokens == 1 ? decode_factors : prefill_factors).push_back(r.seconds() / fitted);
    }
    // The median of a sum is not the sum of medians: what is interrupted is another module each time.
    const double decode_bias = bias_of(decode_factors);
    const double prefill_bias = bias_of(prefill_factors);
    for (std::size_t k = 0; k < counted.size(); ++k) {
      if (counted[k] == 0) continue;
      fits_[k].decode_seconds = here[k].decode_seconds * decode_bias;
      fits_[k].decode_seconds_per_context_token = here[k].decode_seconds_per_context_token * decode_bias;
      for (batch_profile& b : fits_[k].batches) b.seconds *= decode_bias;
      for (prefill_profile& p : fits_[k].prefill) {
        p.seconds *= prefill_bias;
        p.seconds_per_context_token *= prefill_bias;
      }
    }
    for (const double f : decode_factors) factors_.push_back(f / decode_bias);
  }
  [[nodiscard]] static double bias_of(const std::vector<double>& factors) {
    const double bias = median(factors);
    return bias > 0 ? bias : 1;
  }
  [[nodiscard]] static std::vector<measured_group> means(const std::map<std::size_t, measured_group>& groups) {
    std::vector<measured_group> made;
    for (const auto& [unused, g] : groups) {
      made.push_back(g);
      made.back().at /= static_cast<double>(g.seconds.size());
    }
    return made;
  }

  [[nodiscard]] device_profile profile(std::string digest) {
    device_profile p;
    p.model_sha256 = std::move(digest);
    p.build = options_.build;
    p.isa = options_.isa;
    p.kv_dtype = name_of(options_.kv_type);
    p.contract = control::contract_version;
    p.threads = options_.threads;
    p.stage_overhead_seconds = median(overheads_);
    p.residuals = residual_quantiles(factors_);
    p.kinds = fits_;
    p.module_kind = kinds_.of_modules;
    return p;
  }

  struct decode_samples {
    std::map<std::size_t, measured_group> here;  // by context, or by sequences; of the current stage
  };
  struct prefill_samples {
    std::map<std::pair<std::uint32_t, std::uint32_t>, measured_group> here;  // by tokens and context
  };

  const language_model& model_;
  const measure_options& options_;
  const measure_progress& progress_;
  module_graph modules_;
  module_kinds kinds_;
  std::vector<decode_samples> decode_;    // [kind]
  std::vector<prefill_samples> prefill_;  // [kind]
  std::vector<decode_samples> batches_;   // [kind]
  std::vector<std::size_t> share_;        // [kind]: modules of it in the stage that its fit comes from
  std::vector<module_profile> fits_;      // [kind]
  std::vector<timed_run> runs_;           // of one sequence, of the current stage
  std::vector<double> factors_;
  std::vector<double> overheads_;
  std::uint32_t longest_ = 0;
  std::uint32_t largest_ = 0;  // piece of a prompt so far
  double prefill_flops_ = 0;
  double prefill_seconds_ = 0;
};

}  // namespace detail

LINGUALINKED_DECL result<measured_model> measure_model(const language_model& model, const measure_options& options,
                                                       const measure_progress& progress) {
  return detail::model_meter(model, options, progress).run();
}

}  // namespace lingualinked::inline v0
