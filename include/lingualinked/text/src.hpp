// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once.
#include <lingualinked/text/chat_template.ipp>
#include <lingualinked/text/named_pre_tokenizer.ipp>
#include <lingualinked/text/normalizer.ipp>
#include <lingualinked/text/pre_tokenizer.ipp>
#include <lingualinked/text/regex.ipp>
#include <lingualinked/text/sampler.ipp>
#include <lingualinked/text/splitters.ipp>
#include <lingualinked/text/tokenizer.ipp>
#include <lingualinked/text/unicode.ipp>
