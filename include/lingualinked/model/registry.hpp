// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/formats/tensor_source.hpp>
#include <lingualinked/graph/operation.hpp>
#include <lingualinked/model/hyperparameters.hpp>

#include <span>
#include <string_view>

namespace lingualinked::inline v0 {

/// One architecture this library runs: the name that model files give it, and what turns its sizes and tensors into operations.
struct architecture {
  std::string_view name;
  result<operation_graph> (*build)(const hyperparameters&, const tensor_source&);
};

/// All of them. A new one is a line in registry.ipp and a file of its own.
[[nodiscard]] std::span<const architecture> architectures() noexcept;

/// Errors  unsupported, naming the architecture and those there are
[[nodiscard]] result<architecture> architecture_named(std::string_view name);

}  // namespace lingualinked::inline v0

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/model/registry.ipp>
#endif
