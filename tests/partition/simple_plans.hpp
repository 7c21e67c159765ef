// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/problem.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace planning_reference {

/// `devices` devices that are alike and fully linked, and modules that take the given seconds.
inline lingualinked::placement_instance alike(std::size_t devices, const std::vector<double>& module_seconds) {
  lingualinked::placement_instance p;
  for (std::size_t j = 0; j < module_seconds.size(); ++j) p.modules.push_back({"m" + std::to_string(j), 10, 0, 4});
  for (std::size_t d = 0; d < devices; ++d) p.devices.push_back({"d" + std::to_string(d), 1000, module_seconds});
  for (std::size_t from = 0; from < devices; ++from)
    for (std::size_t to = 0; to < devices; ++to)
      if (from != to) p.links.push_back({from, to, {0.001, 1e6}});
  return p;
}

}  // namespace planning_reference
