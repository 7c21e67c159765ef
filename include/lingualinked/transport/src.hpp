// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once where lingualinked::models is linked.
#include <lingualinked/transport/frame.ipp>
#include <lingualinked/transport/inproc.ipp>
