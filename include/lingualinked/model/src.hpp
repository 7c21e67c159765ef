// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of this folder that is compiled once.
#include <lingualinked/model/bloom.ipp>
#include <lingualinked/model/decoder_builder.ipp>
#include <lingualinked/model/gemma.ipp>
#include <lingualinked/model/gemma2.ipp>
#include <lingualinked/model/gemma3.ipp>
#include <lingualinked/model/gguf_hyperparameters.ipp>
#include <lingualinked/model/gguf_tokenizer.ipp>
#include <lingualinked/model/gpt2.ipp>
#include <lingualinked/model/graph_builder.ipp>
#include <lingualinked/model/hf_bloom.ipp>
#include <lingualinked/model/hf_description.ipp>
#include <lingualinked/model/hf_experts.ipp>
#include <lingualinked/model/hf_folder.ipp>
#include <lingualinked/model/hf_gemma.ipp>
#include <lingualinked/model/hf_gpt2.ipp>
#include <lingualinked/model/hf_keys.ipp>
#include <lingualinked/model/hf_llama.ipp>
#include <lingualinked/model/hf_opt.ipp>
#include <lingualinked/model/hf_phi.ipp>
#include <lingualinked/model/hf_weights.ipp>
#include <lingualinked/model/language_model.ipp>
#include <lingualinked/model/llama.ipp>
#include <lingualinked/model/opt.ipp>
#include <lingualinked/model/phi3.ipp>
#include <lingualinked/model/quantised_weights.ipp>
#include <lingualinked/model/qwen2.ipp>
#include <lingualinked/model/qwen3.ipp>
#include <lingualinked/model/registry.ipp>
#include <lingualinked/model/stablelm.ipp>
#include <lingualinked/model/tokenizer_json.ipp>
