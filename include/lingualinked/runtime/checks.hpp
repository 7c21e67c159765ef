// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/limits.hpp>

#include <cstdint>

namespace lingualinked::inline v0 {

/// Whether a deploy message makes sense to its receiver, who is called `self`.
/// Errors    protocol, limit: which field, and what would be right
[[nodiscard]] result<void> check_deploy(const control::deploy& d, peer_id self);

/// The options of a request as they can be served in a context of so many tokens: max_tokens is lowered to what fits.
///   Prompt and completion together have at most context_tokens tokens.
/// Errors    invalid_argument, limit
[[nodiscard]] result<sequence_options> admit(sequence_options options, std::uint32_t context_tokens);

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/runtime/checks.ipp>
#endif
