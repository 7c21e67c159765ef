// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Heavy code stands in *.ipp files. With LINGUALINKED_HEADER_ONLY every thin header includes its own, and the definitions are
// inline; without, they are compiled once, from the src.hpp of their folder.
#ifdef LINGUALINKED_HEADER_ONLY
#define LINGUALINKED_DECL inline
#else
#define LINGUALINKED_DECL
#endif

// Core has no library of its own: its *.ipp files are included and inline. Where lingualinked::models is linked as a static
// library, that compiles them once for everybody and says so with LINGUALINKED_COMPILED_CORE.
#ifdef LINGUALINKED_COMPILED_CORE
#define LINGUALINKED_CORE_DECL
#else
#define LINGUALINKED_CORE_DECL inline
#endif
