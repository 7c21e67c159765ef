// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// The one translation unit of kernels/ in compiled mode; each simd/<isa>/src.hpp is another.
#include <lingualinked/kernels/blocks.ipp>
#include <lingualinked/kernels/encode.ipp>
#include <lingualinked/kernels/numeric.ipp>
#include <lingualinked/kernels/panels.ipp>
#include <lingualinked/kernels/reference/attention.ipp>
#include <lingualinked/kernels/reference/linear.ipp>
#include <lingualinked/kernels/reference/rows.ipp>
#include <lingualinked/kernels/table.ipp>
