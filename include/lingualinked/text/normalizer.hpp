// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/text/charsmap.hpp>
#include <lingualinked/text/regex.hpp>
#include <lingualinked/text/tokenizer_spec.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lingualinked::inline v0 {

/// Changes text before it is cut into pieces, step by step. Thread-safe when const.
class normalizer {
 public:
  static constexpr std::size_t steps_max = 64;
  /// A text may become so many times longer (compatibility decomposition makes it at most eleven times), and so much more.
  static constexpr std::size_t growth_max = 64;
  static constexpr std::size_t growth_bytes = std::size_t{1} << 20;

  normalizer() = default;

  /// Errors    what the expressions and compiled rules of the steps give; errc::limit for too many steps
  [[nodiscard]] static result<normalizer> create(std::vector<normalizer_step> steps);

  /// Errors    errc::limit when an expression gives up or the text grows beyond growth_max times its size and growth_bytes
  [[nodiscard]] result<std::string> apply(std::string_view text) const;
  [[nodiscard]] bool empty() const noexcept { return steps_.empty(); }

 private:
  struct compiled_step {
    normalizer_step step;
    std::optional<regex> pattern;
    std::optional<charsmap> rules;
  };
  std::vector<compiled_step> steps_;
};

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/normalizer.ipp>
#endif
