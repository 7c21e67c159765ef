// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/error.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

namespace lingualinked::inline v0 {

/// A value, or the error that stands in its place; the subset of std::expected (C++23) that we use.
/// Never switched by the standard version, because a type that changes with -std breaks ABI between translation units.
/// Errors    value() throws failure with the same code when there is no value
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;

  template <class U = T>
  requires std::constructible_from<T, U&&> && (!std::same_as<std::remove_cvref_t<U>, result>) &&
           (!std::same_as<std::remove_cvref_t<U>, lingualinked::error>)
  result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}    // NOLINT: implicit by design
  result(lingualinked::error e) : state_(std::in_place_index<1>, std::move(e)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& value() & { return require(), *std::get_if<0>(&state_); }
  [[nodiscard]] const T& value() const& { return require(), *std::get_if<0>(&state_); }
  [[nodiscard]] T&& value() && { return require(), std::move(*std::get_if<0>(&state_)); }

  /// Requires  has_value()
  [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }
  [[nodiscard]] const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  /// Requires  !has_value()
  [[nodiscard]] const lingualinked::error& error() const& noexcept { return *std::get_if<1>(&state_); }
  [[nodiscard]] lingualinked::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

  /// f(value) where f returns a result, else the same error.
  template <class F>
  auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
    if (!has_value()) return std::move(*this).error();
    return std::invoke(std::forward<F>(f), *std::move(*this));
  }
  /// result(f(value)), else the same error.
  template <class F>
  auto transform(F&& f) && -> result<std::invoke_result_t<F, T&&>> {
    if (!has_value()) return std::move(*this).error();
    return std::invoke(std::forward<F>(f), *std::move(*this));
  }

 private:
  void require() const {
    if (!has_value()) throw failure(std::get<1>(state_));
  }
  std::variant<T, lingualinked::error> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;
  result() = default;
  result(lingualinked::error e) : error_(std::move(e)), failed_(true) {}  // NOLINT: implicit by design

  [[nodiscard]] bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (failed_) throw failure(error_);
  }
  /// Requires  !has_value()
  [[nodiscard]] const lingualinked::error& error() const& noexcept { return error_; }
  [[nodiscard]] lingualinked::error&& error() && noexcept { return std::move(error_); }

 private:
  lingualinked::error error_;
  bool failed_ = false;
};

}  // namespace lingualinked::inline v0
