// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/execution/slowed_executor.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace lingualinked::inline v0::detail {

/// One batch that was run and timed.
struct timed_run {
  std::uint32_t tokens = 0;            // of each sequence
  std::uint32_t context = 0;           // tokens before it
  std::vector<double> module_seconds;  // of the stage's modules, in order
  [[nodiscard]] double seconds() const noexcept { return seconds_of_first(module_seconds.size()); }
  [[nodiscard]] double seconds_of_first(std::size_t modules) const noexcept {
    double sum = 0;
    for (std::size_t m = 0; m < modules; ++m) sum += module_seconds[m];
    return sum;
  }
};

/// Runs batches of one sequence, or tokens of several, through one stage and times its modules. What the tokens and rows say does
/// not matter to time.
class stage_timer {
 public:
  /// Requires  room for `rows` in a batch; vocabulary: of the model; slowdown >= 1
  stage_timer(cpu_executor executor, double slowdown, bool first, bool tail, std::size_t input_width, std::size_t rows,
              std::size_t vocabulary)
      : slowdown_(slowdown),
        output_width_(executor.output_width()),
        executor_(timed(std::move(executor)), slowdown, nullptr),
        first_(first),
        tail_(tail),
        inputs_(first ? 0 : rows * input_width, 0.25F),
        outputs_(tail ? 0 : rows * output_width_),
        tokens_(rows),
        input_width_(input_width) {
    for (std::size_t i = 0; i < rows; ++i) tokens_[i] = static_cast<token_id>((i * 7919 + 11) % vocabulary);
  }
  stage_timer(const stage_timer&) = delete;  // the executor knows where times_ lies
  stage_timer& operator=(const stage_timer&) = delete;

  /// Begins anew at position 0. Up to `prompt_tokens` nothing is sampled, as in a prompt before its last piece.
  [[nodiscard]] result<void> begin(std::uint32_t prompt_tokens, std::uint32_t sequences = 1) {
    for (sequence_id s = 1; s <= parts_.size(); ++s) executor_.release(s);
    position_ = 0;
    parts_.assign(sequences, {});
    sampled_.assign(sequences, -1);
    sequence_options options;
    options.prompt.assign(prompt_tokens, 0);
    options.max_tokens = UINT32_MAX;
    for (sequence_id s = 1; s <= sequences; ++s)
      if (auto opened = executor_.open(s, options); !opened) return opened;
    return {};
  }

  /// `tokens` more of every sequence.
  [[nodiscard]] result<timed_run> run(std::uint32_t tokens) {
    for (std::size_t s = 0; s < parts_.size(); ++s) parts_[s] = {s + 1, position_, tokens};
    const std::size_t rows = parts_.size() * tokens;
    stage_batch batch;
    batch.segments = parts_;
    const stage_input in{0, std::as_bytes(std::span(inputs_).first(first_ ? 0 : rows * input_width_))};
    const stage_output out{0, std::as_writable_bytes(std::span(outputs_).first(tail_ ? 0 : rows * output_width_))};
    if (first_) batch.tokens = std::span(tokens_).first(rows);
    else batch.inputs = {&in, 1};
    if (tail_) batch.sampled = sampled_;
    else batch.outputs = {&out, 1};
    if (auto ran = executor_.run(batch); !ran) return ran.error();
    timed_run made{tokens, position_, {}};
    for (const duration d : times_) made.module_seconds.push_back(slowdown_ * in_seconds(d));
    position_ += tokens;
    return made;
  }

 private:
  [[nodiscard]] cpu_executor timed(cpu_executor executor) {
    executor.time_modules(&times_);
    return executor;
  }

  double slowdown_;
  std::size_t output_width_;
  std::vector<duration> times_;
  slowed_executor<cpu_executor> executor_;  // writes times_
  bool first_;
  bool tail_;
  std::vector<float> inputs_;
  std::vector<float> outputs_;
  std::vector<token_id> tokens_;
  std::vector<segment> parts_;  // one for each sequence that is open
  std::vector<token_id> sampled_;
  std::size_t input_width_;
  std::uint32_t position_ = 0;
};

/// What one decoded token takes beside its modules when another thread hands it over after a pause, as a worker's does: the pause
/// puts threads to sleep and the processor at ease. Most of that shows between the modules and in the first half of them.
/// They are compared with those of a token right behind; the others would bring more noise than they tell.
/// Requires  room for 2 * repeats tokens behind the current position
[[nodiscard]] inline result<std::vector<double>> hand_over_seconds(stage_timer& stage, std::size_t repeats, duration pause) {
  std::mutex mutex;
  std::condition_variable changed;
  bool wanted = false;
  bool leaving = false;
  std::optional<result<timed_run>> answer;
  std::thread worker([&] {
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return wanted || leaving; });
      if (leaving) return;
      wanted = false;
      lock.unlock();
      auto ran = stage.run(1);
      lock.lock();
      answer = std::move(ran);
      changed.notify_all();
    }
  });
  const auto hand_over = [&]() -> result<timed_run> {
    std::unique_lock lock(mutex);
    answer.reset();
    wanted = true;
    changed.notify_all();
    changed.wait(lock, [&] { return answer.has_value(); });
    return *std::move(answer);
  };
  std::vector<double> extra;
  std::optional<error> failed;
  for (std::size_t i = 0; i < repeats && !failed; ++i) {
    std::this_thread::sleep_for(pause);
    const time_point begin = steady_now();
    const auto after_pause = hand_over();
    const double whole = in_seconds(steady_now() - begin);
    const auto at_once = hand_over();
    if (!after_pause) failed = after_pause.error();
    else if (!at_once) failed = at_once.error();
    else {
      const std::size_t half = (after_pause->module_seconds.size() + 1) / 2;
      extra.push_back(whole - after_pause->seconds() + after_pause->seconds_of_first(half) - at_once->seconds_of_first(half));
    }
  }
  {
    const std::lock_guard lock(mutex);
    leaving = true;
  }
  changed.notify_all();
  worker.join();
  if (failed) return *failed;
  return extra;
}

}  // namespace lingualinked::inline v0::detail
