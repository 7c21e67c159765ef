// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <exception>

namespace lingualinked::inline v0 {

/// Called when a caller breaks a documented requirement. The default throws contract_violation; it must not return.
class contract_violation : public std::exception {
 public:
  explicit contract_violation(const char* what) noexcept : what_(what) {}
  [[nodiscard]] const char* what() const noexcept override { return what_; }

 private:
  const char* what_;
};

}  // namespace lingualinked::inline v0

/// Checks a caller's promise inside hot code: on unless NDEBUG. Never used to validate files, frames or user input.
#ifdef NDEBUG
#define LINGUALINKED_EXPECTS(condition) static_cast<void>(0)
#else
#define LINGUALINKED_EXPECTS(condition) \
  ((condition) ? static_cast<void>(0) : throw ::lingualinked::contract_violation("contract violated: " #condition))
#endif
