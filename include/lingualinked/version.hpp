// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// The one place the version is written; CMake reads it from here.
#define LINGUALINKED_VERSION_MAJOR 0
#define LINGUALINKED_VERSION_MINOR 1
#define LINGUALINKED_VERSION_PATCH 0
