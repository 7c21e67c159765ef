// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Heavy code stands in *.ipp files. With LINGUALINKED_HEADER_ONLY every thin header includes its own, and the definitions are
// inline; without, they are compiled once, from the src.hpp of their folder.
#ifdef LINGUALINKED_HEADER_ONLY
#define LINGUALINKED_DECL inline
#else
#define LINGUALINKED_DECL
#endif
