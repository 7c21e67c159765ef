// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/pipeline/executor_factory.hpp>
#include <lingualinked/pipeline/frame_backlog.hpp>
#include <lingualinked/runtime/actions.hpp>
#include <lingualinked/runtime/worker.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0::detail {

/// Runs `f`; what it throws becomes an error. For a worker, a request that is too big is no reason to die.
template <class F>
auto as_result(F&& f) -> std::invoke_result_t<F> {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return error{errc::busy, "the device is out of memory"};
  } catch (const failure& e) {
    return error{e.code(), e.what()};
  } catch (const std::exception& e) {
    return error{errc::internal, e.what()};
  }
}

/// The thread that owns the executor. It does what it is given in order, and tells `notify` when an answer is there to take.
template <ExecutorFactory M>
class compute_thread {
 public:
  using executor_type = factory_executor_t<M>;
  using task = std::variant<prepare_stage, open_sequence, release_sequence, run_batch, end_session>;

  struct prepared_answer {
    std::uint64_t session = 0;
    result<prepared_stage> outcome;
  };
  struct opened_answer {
    std::uint64_t session = 0;
    sequence_id sequence = 0;
    result<void> outcome;
  };
  struct ran_answer {
    stage_job job;
    result<void> outcome;
    duration busy{};
  };
  using answer = std::variant<prepared_answer, opened_answer, ran_answer>;

  compute_thread(M make, std::function<void()> notify)
      : make_(std::move(make)), notify_(std::move(notify)), thread_([this] { work(); }) {}
  compute_thread(const compute_thread&) = delete;
  compute_thread& operator=(const compute_thread&) = delete;
  ~compute_thread() {
    abandon();
    {
      const std::lock_guard lock(mutex_);
      leaving_ = true;
      tasks_.clear();
    }
    changed_.notify_one();
    thread_.join();
  }

  void give(task t) {
    if (const auto* prepare = std::get_if<prepare_stage>(&t)) {
      loaded_bytes_ = 0;
      wanted_session_ = prepare->session;
    }
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(t));
    }
    changed_.notify_one();
  }
  /// Moves the answers that are there to the end of `into`.
  void take(std::vector<answer>& into) {
    const std::lock_guard lock(mutex_);
    for (answer& a : answers_) into.push_back(std::move(a));
    answers_.clear();
  }
  /// Lets a preparation that is under way give up.
  void abandon() noexcept { wanted_session_ = 0; }
  [[nodiscard]] std::uint64_t loaded_bytes() const noexcept { return loaded_bytes_; }

 private:
  void work() {
    for (;;) {
      std::optional<task> t;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return leaving_ || !tasks_.empty(); });
        if (leaving_) return;
        t = std::move(tasks_.front());
        tasks_.pop_front();
      }
      std::visit([this](auto& what) { this->carry_out(what); }, *t);
    }
  }
  void reply(answer a) {
    {
      const std::lock_guard lock(mutex_);
      answers_.push_back(std::move(a));
    }
    notify_();
  }

  void carry_out(prepare_stage& what) {
    executor_.reset();
    const load_progress progress = [&](std::uint64_t bytes) {
      const bool wanted = wanted_session_ == what.session;
      if (wanted) loaded_bytes_ = bytes;
      return wanted;
    };
    auto made = as_result([&] { return std::invoke(make_, std::as_const(what.plan), progress); });
    if (!made) return reply(prepared_answer{what.session, made.error()});
    const prepared_stage facts{made->memory_bytes, made->logits_width, made->load_seconds};
    executor_.emplace(std::move(made->executor));
    reply(prepared_answer{what.session, facts});
  }
  void carry_out(open_sequence& what) {
    if (!executor_) return;
    reply(opened_answer{what.session, what.sequence, as_result([&] { return executor_->open(what.sequence, what.options); })});
  }
  void carry_out(release_sequence& what) {
    if (executor_) executor_->release(what.sequence);
  }
  void carry_out(run_batch& what) {
    if (!executor_) return;
    const time_point begin = steady_now();
    auto outcome = as_result([&] { return what.job.run_on(*executor_); });
    const duration busy = steady_now() - begin;
    reply(ran_answer{std::move(what.job), std::move(outcome), busy});
  }
  void carry_out(end_session&) { executor_.reset(); }

  M make_;
  std::function<void()> notify_;
  std::optional<executor_type> executor_;  // the thread's own
  std::atomic<std::uint64_t> wanted_session_ = 0;
  std::atomic<std::uint64_t> loaded_bytes_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<task> tasks_;
  std::vector<answer> answers_;
  bool leaving_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace lingualinked::inline v0::detail
