// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once where lingualinked::models is linked.
#include <lingualinked/runtime/checks.ipp>
#include <lingualinked/runtime/coordinator.ipp>
#include <lingualinked/runtime/echo.ipp>
#include <lingualinked/runtime/stage.ipp>
#include <lingualinked/runtime/step_join.ipp>
#include <lingualinked/runtime/worker.ipp>
