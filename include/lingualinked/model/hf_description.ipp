// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/hf_bloom.hpp>
#include <lingualinked/model/hf_description.hpp>
#include <lingualinked/model/hf_experts.hpp>
#include <lingualinked/model/hf_gemma.hpp>
#include <lingualinked/model/hf_gpt2.hpp>
#include <lingualinked/model/hf_keys.hpp>
#include <lingualinked/model/hf_llama.hpp>
#include <lingualinked/model/hf_opt.hpp>
#include <lingualinked/model/hf_phi.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace lingualinked::inline v0 {
namespace detail {

struct hf_family {
  std::string_view model_type;
  void (*describe)(hf_keys&, hf_description&);
};

// A new family is a line here and a file of its own.
inline constexpr std::array hf_families{
    hf_family{"bloom", &describe_hf_bloom},       hf_family{"gemma", &describe_hf_gemma},
    hf_family{"gemma2", &describe_hf_gemma2},     hf_family{"gemma3_text", &describe_hf_gemma3},
    hf_family{"gpt2", &describe_hf_gpt2},         hf_family{"llama", &describe_hf_llama},
    hf_family{"mistral", &describe_hf_mistral},   hf_family{"mixtral", &describe_hf_mixtral},
    hf_family{"opt", &describe_hf_opt},           hf_family{"phi3", &describe_hf_phi3},
    hf_family{"qwen2", &describe_hf_qwen2},       hf_family{"qwen2_moe", &describe_hf_qwen2_moe},
    hf_family{"qwen3", &describe_hf_qwen3},       hf_family{"qwen3_moe", &describe_hf_qwen3_moe},
    hf_family{"stablelm", &describe_hf_stablelm},
};

/// True for a sequence classifier, false for a language model.
[[nodiscard]] inline result<bool> hf_classifies(const hf_config& config) {
  for (const std::string& name : config.architectures()) {
    if (name.ends_with("ForSequenceClassification")) return true;
    if (name.ends_with("ForCausalLM") || name.ends_with("LMHeadModel") || name.ends_with("Model")) continue;
    return error{errc::unsupported, "architectures: " + printable(name) +
                                        " is not supported; there are language models (ForCausalLM) and text classifiers "
                                        "(ForSequenceClassification)"};
  }
  return false;
}

/// How logits become scores: as the reference's own text classification does it.
[[nodiscard]] inline result<score_rule> hf_scores(const hf_config& config, std::size_t labels) {
  const auto kind = config.get_string_or({"problem_type"}, "");
  if (!kind) return kind.error();
  if (*kind == "regression") return score_rule::none;
  if (*kind == "multi_label_classification" || labels == 1) return score_rule::sigmoid;
  if (*kind == "single_label_classification" || kind->empty()) return score_rule::softmax;
  return error{errc::unsupported, "problem_type: " + printable(*kind) +
                                      " is not supported; there are single_label_classification, multi_label_classification "
                                      "and regression"};
}

/// Names of the classes. A config says nothing where there are two without names.
[[nodiscard]] inline result<std::vector<std::string>> hf_labels(const hf_config& config) {
  auto labels = config.labels();
  if (!labels) return labels;
  if (!labels->empty()) return labels;
  const auto count = config.get_uint_or({"num_labels"}, 2, 1, max_width);
  if (!count) return count.error();
  for (std::uint64_t i = 0; i < *count; ++i) labels->push_back("LABEL_" + std::to_string(i));
  return labels;
}

}  // namespace detail

LINGUALINKED_DECL result<hf_description> describe_hf(const hf_config& config) {
  const auto family = std::ranges::find(detail::hf_families, config.model_type(), &detail::hf_family::model_type);
  if (family == detail::hf_families.end()) {
    std::string known;
    for (const auto& f : detail::hf_families) known += (known.empty() ? "" : ", ") + std::string(f.model_type);
    return error{errc::unsupported, "model_type: " + printable(config.model_type()) + " is not supported; supported: " + known};
  }
  const auto classifies = detail::hf_classifies(config);
  if (!classifies) return classifies.error();
  hf_keys keys(config);
  hf_description d;
  family->describe(keys, d);
  if (auto mistake = keys.verdict()) return *std::move(mistake);
  if (*classifies) {
    auto labels = detail::hf_labels(config);
    if (!labels) return labels.error();
    d.sizes.labels = *std::move(labels);
    const auto scores = detail::hf_scores(config, d.sizes.labels.size());
    if (!scores) return scores.error();
    d.sizes.scores = *scores;
    if (const auto field = config.field({"pad_token_id"}); field.present()) {
      const auto id = field.get_int(-1, static_cast<std::int64_t>(max_vocabulary));  // -1 says that there is none
      if (!id) return id.error();
      if (*id >= 0) d.sizes.padding = static_cast<std::int32_t>(*id);
    }
    d.tensors.push_back({.stored = "score", .name = "cls.output", .outside = true});
  } else if (!d.tied) {
    d.tensors.push_back({.stored = "lm_head", .name = "output", .outside = true});
  }
  return d;
}

}  // namespace lingualinked::inline v0
