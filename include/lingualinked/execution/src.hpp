// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once.
#include <lingualinked/execution/cpu_executor.ipp>
#include <lingualinked/execution/program.ipp>
#include <lingualinked/execution/stage_weights.ipp>
