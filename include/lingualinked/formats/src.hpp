// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Everything of formats/ that is compiled once; the compiled build makes one translation unit of it.
#include <lingualinked/formats/fingerprint.ipp>
#include <lingualinked/formats/gguf.ipp>
#include <lingualinked/formats/gguf_metadata.ipp>
#include <lingualinked/formats/hf_config.ipp>
#include <lingualinked/formats/input_file.ipp>
#include <lingualinked/formats/json.ipp>
#include <lingualinked/formats/npy.ipp>
#include <lingualinked/formats/safetensors.ipp>
