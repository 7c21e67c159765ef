// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once.
#include <lingualinked/probe/machine.ipp>
#include <lingualinked/probe/measure.ipp>
