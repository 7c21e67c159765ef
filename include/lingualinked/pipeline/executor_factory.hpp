// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/executor.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/result.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

namespace lingualinked::inline v0 {

/// A stage's executor, and what the others must know of it.
template <Executor E>
struct made_executor {
  E executor;
  std::uint64_t memory_bytes = 0;  // weights, cache and buffers
  std::size_t logits_width = 0;    // tail: entries of a row of logits
  double load_seconds = 0;
};

/// Told how far loading has come, in bytes since its start. False: nobody wants the executor any more, give up with
/// errc::cancelled.
using load_progress = std::function<bool(std::uint64_t bytes)>;

namespace detail {
template <class R>
struct executor_of_result;
template <class E>
struct executor_of_result<result<made_executor<E>>> {
  using type = E;
};
}  // namespace detail

/// The executor type that a factory makes.
template <class M>
using factory_executor_t =
    typename detail::executor_of_result<std::invoke_result_t<M&, const control::deploy&, const load_progress&>>::type;

/// Makes the executor of the stage that a deploy message gives to the receiver.
/// Meaning   The message has been checked: intervals, indices and limits hold. make(plan, progress) may take long; it calls
///           progress more often than every limits::progress_limit, or the coordinator takes it for stuck.
template <class M>
concept ExecutorFactory = requires { typename factory_executor_t<M>; };

}  // namespace lingualinked::inline v0
