// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once.
#include <lingualinked/model/gguf_hyperparameters.ipp>
#include <lingualinked/model/gguf_tokenizer.ipp>
#include <lingualinked/model/graph_builder.ipp>
#include <lingualinked/model/language_model.ipp>
#include <lingualinked/model/llama.ipp>
#include <lingualinked/model/registry.ipp>
#include <lingualinked/model/tokenizer_json.ipp>
