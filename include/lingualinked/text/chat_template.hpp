// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// The class chat_template; apart from this header because the parts of its evaluator need it complete.
#include <lingualinked/core/config.hpp>
#include <lingualinked/text/templates/interface.hpp>

#ifdef LINGUALINKED_HEADER_ONLY
#include <lingualinked/text/chat_template.ipp>
#endif
