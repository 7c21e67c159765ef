// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// A fixed team of threads that runs one job at a time, the caller being thread 0. Work is split by thread index, never stolen:
/// which thread computes a number does not matter to the number.
///
/// Between jobs threads are parked: what comes next may be another process's stage, on this processor. Inside a job waiting spins
/// briefly, then parks in the kernel, so that more threads than cores slow down gracefully. It does not yield in between: a
/// thread that gives its turn away waits behind every other program of a busy machine, while one that sleeps is put in front when
/// it wakes (measured under a load of 11 on 2 cores: 20 times the tokens per second). Only std::atomic::wait of libstdc++ does
/// so, four times before it sleeps. A team of more threads than processors does not spin at all: the processor is wanted by who
/// is waited for.
class thread_team {
 public:
  /// Requires  1 <= threads < 2^16. enter runs once on every thread but the caller's, before its first job.
  /// Errors    std::system_error when the system gives no more threads
  explicit thread_team(unsigned threads, std::function<void()> enter = {});
  ~thread_team();
  thread_team(const thread_team&) = delete;
  thread_team& operator=(const thread_team&) = delete;

  [[nodiscard]] unsigned size() const noexcept { return size_; }

  /// Calls job(thread) on every thread and returns when all are done. job must not throw. One caller at a time. No allocation.
  template <class Job>
  void run(Job&& job) {
    job_ = &job;
    call_ = [](void* j, unsigned thread) { (*static_cast<std::remove_reference_t<Job>*>(j))(thread); };
    start_and_join();
  }

  /// Inside a job: returns when every thread of the team has arrived. Writes before it are seen by all after it.
  void arrive_and_wait() noexcept;

 private:
  void serve(unsigned thread);
  void stop() noexcept;
  void start_and_join();

  unsigned size_;
  int spins_ = 2000;  // some tens of microseconds: about the length of a kernel call
  std::function<void()> enter_;
  void* job_ = nullptr;
  void (*call_)(void*, unsigned) = nullptr;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<std::uint32_t> started_{0};  // counts jobs
  // The barrier in one word, so that one thread's coming is all that another waits for: the lower half counts who has arrived,
  // the upper half barriers passed.
  alignas(64) std::atomic<std::uint32_t> barrier_{0};
  std::vector<std::thread> threads_;
};

namespace detail {

inline void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Adds and wakes who waits. Sequentially consistent, because notify_all skips the system call when it sees nobody parked: a
/// weaker store could still be on its way when a thread compares the old value and parks for good.
inline void advance(std::atomic<std::uint32_t>& value, std::uint32_t by) noexcept {
  value.fetch_add(by, std::memory_order_seq_cst);
  value.notify_all();
}

/// Waits until the bits `mask` of `value` differ from those of `old`, at first looking `spins` times without sleeping.
inline void wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old, std::uint32_t mask, int spins) noexcept {
  for (int i = 0; i < spins; ++i) {
    if (((value.load(std::memory_order_acquire) ^ old) & mask) != 0) return;
    pause_briefly();
  }
  for (;;) {
    const std::uint32_t now = value.load(std::memory_order_acquire);
    if (((now ^ old) & mask) != 0) return;
    value.wait(now, std::memory_order_acquire);
  }
}

}  // namespace detail

inline thread_team::thread_team(unsigned threads, std::function<void()> enter)
    : size_(threads == 0 ? 1 : threads), enter_(std::move(enter)) {
  const unsigned processors = std::thread::hardware_concurrency();  // 0: the system does not tell
  if (processors != 0 && size_ > processors) spins_ = 0;
  threads_.reserve(size_ - 1);
  try {
    for (unsigned i = 1; i < size_; ++i) threads_.emplace_back([this, i] { serve(i); });
  } catch (...) {
    stop();
    throw;
  }
}

inline thread_team::~thread_team() { stop(); }

inline void thread_team::stop() noexcept {
  stop_.store(true, std::memory_order_relaxed);
  detail::advance(started_, 1);
  for (std::thread& t : threads_) t.join();
}

inline void thread_team::serve(unsigned thread) {
  if (enter_) enter_();
  std::uint32_t seen = 0;
  for (;;) {
    detail::wait_for_change(started_, seen, ~0U, 0);
    ++seen;
    if (stop_.load(std::memory_order_relaxed)) return;
    call_(job_, thread);
    arrive_and_wait();
  }
}

inline void thread_team::start_and_join() {
  if (size_ > 1) detail::advance(started_, 1);
  call_(job_, 0);
  arrive_and_wait();
}

inline void thread_team::arrive_and_wait() noexcept {
  if (size_ == 1) return;
  constexpr std::uint32_t passed = 1U << 16U;
  const std::uint32_t now = barrier_.fetch_add(1, std::memory_order_acq_rel) + 1;
  if (now % passed == size_) return detail::advance(barrier_, passed - size_);
  detail::wait_for_change(barrier_, now, ~(passed - 1), spins_);
}

}  // namespace lingualinked::inline v0
