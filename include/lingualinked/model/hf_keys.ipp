// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/printable.hpp>
#include <lingualinked/model/hf_keys.hpp>

#include <algorithm>
#include <array>

namespace lingualinked::inline v0 {
namespace detail {

// What configs hold beside the model itself: where it came from, how it was trained, how to generate with it, names of its
// tokens, layouts of other software's memory. None of it changes what the model computes from ids.
inline constexpr std::array hf_harmless_fields{
    std::string_view("_attn_implementation"),
    std::string_view("_attn_implementation_autoset"),
    std::string_view("_flash_attn_2_enabled"),
    std::string_view("_name_or_path"),
    std::string_view("_num_labels"),
    std::string_view("activation_dropout"),
    std::string_view("architectures"),
    std::string_view("attention_dropout"),
    std::string_view("attention_softmax_in_fp32"),
    std::string_view("attn_pdrop"),
    std::string_view("auto_map"),
    std::string_view("bad_words_ids"),
    std::string_view("begin_suppress_tokens"),
    std::string_view("bias_dropout_fusion"),
    std::string_view("bos_token_id"),
    std::string_view("cache_implementation"),
    std::string_view("chunk_size_feed_forward"),
    std::string_view("classifier_dropout"),
    std::string_view("decoder_start_token_id"),
    std::string_view("diversity_penalty"),
    std::string_view("do_sample"),
    std::string_view("dropout"),
    std::string_view("dtype"),
    std::string_view("early_stopping"),
    std::string_view("embd_pdrop"),
    std::string_view("encoder_no_repeat_ngram_size"),
    std::string_view("eos_token_id"),
    std::string_view("exponential_decay_length_penalty"),
    std::string_view("finetuning_task"),
    std::string_view("forced_bos_token_id"),
    std::string_view("forced_eos_token_id"),
    std::string_view("hidden_dropout"),
    std::string_view("gradient_checkpointing"),
    std::string_view("id2label"),
    std::string_view("init_std"),
    std::string_view("initializer_factor"),
    std::string_view("initializer_range"),
    std::string_view("is_decoder"),
    std::string_view("is_llama_config"),
    std::string_view("label2id"),
    std::string_view("layerdrop"),
    std::string_view("length_penalty"),
    std::string_view("masked_softmax_fusion"),
    std::string_view("max_length"),
    std::string_view("max_sequence_length"),
    std::string_view("min_length"),
    std::string_view("model_max_length"),
    std::string_view("model_type"),
    std::string_view("n_special"),
    std::string_view("no_repeat_ngram_size"),
    std::string_view("num_beam_groups"),
    std::string_view("num_beams"),
    std::string_view("num_labels"),
    std::string_view("num_return_sequences"),
    std::string_view("offset_alibi"),
    std::string_view("output_attentions"),
    std::string_view("output_hidden_states"),
    std::string_view("output_past"),
    std::string_view("output_router_logits"),
    std::string_view("output_scores"),
    std::string_view("pad_token_id"),
    std::string_view("predict_special_tokens"),
    std::string_view("prefix"),
    std::string_view("pretraining_tp"),
    std::string_view("problem_type"),
    std::string_view("remove_invalid_values"),
    std::string_view("reorder_and_upcast_attn"),
    std::string_view("repetition_penalty"),
    std::string_view("resid_pdrop"),
    std::string_view("return_dict"),
    std::string_view("return_dict_in_generate"),
    std::string_view("router_aux_loss_coef"),
    std::string_view("router_jitter_noise"),
    std::string_view("sep_token_id"),
    std::string_view("skip_bias_add"),
    std::string_view("skip_bias_add_qkv"),
    std::string_view("suppress_tokens"),
    std::string_view("task_specific_params"),
    std::string_view("temperature"),
    std::string_view("tf_legacy_loss"),
    std::string_view("tie_encoder_decoder"),
    std::string_view("tokenizer_class"),
    std::string_view("top_k"),
    std::string_view("top_p"),
    std::string_view("torch_dtype"),
    std::string_view("torchscript"),
    std::string_view("transformers.js_config"),
    std::string_view("transformers_version"),
    std::string_view("typical_p"),
    std::string_view("unk_token_id"),
    std::string_view("unsloth_fixed"),
    std::string_view("unsloth_version"),
    std::string_view("use_bfloat16"),
    std::string_view("use_cache"),
    std::string_view("use_return_dict"),
};

struct hf_activation {
  std::string_view name;
  activation_kind kind;
};
inline constexpr std::array hf_activations{
    hf_activation{"silu", activation_kind::silu},           hf_activation{"swish", activation_kind::silu},
    hf_activation{"gelu_new", activation_kind::gelu_tanh},  hf_activation{"gelu_pytorch_tanh", activation_kind::gelu_tanh},
    hf_activation{"gelu_fast", activation_kind::gelu_tanh}, hf_activation{"gelu", activation_kind::gelu},
    hf_activation{"relu", activation_kind::relu},
};

}  // namespace detail

LINGUALINKED_DECL activation_kind hf_keys::activation_or(names aliases, std::string_view otherwise) {
  const std::string name = text_or(aliases, std::string(otherwise));
  const auto known = std::ranges::find(detail::hf_activations, name, &detail::hf_activation::name);
  if (known != detail::hf_activations.end()) return known->kind;
  refuse(*aliases.begin(), "names the activation " + printable(name) + ", which is not supported", errc::unsupported);
  return activation_kind::silu;
}

LINGUALINKED_DECL rope_parameters hf_keys::rope(std::string_view layer_type, double usual_theta) {
  const names read{"rope_theta", "rotary_emb_base", "rope_scaling", "rope_parameters", "rope_local_base_freq"};
  return keep(read, config_.rope(layer_type, usual_theta));
}

LINGUALINKED_DECL void hf_keys::must_be(std::string_view name, bool value) {
  if (flag_or({name}, value) != value && !failed())
    refuse(name, value ? "is switched off, which is not supported" : "is switched on, which is not supported", errc::unsupported);
}

LINGUALINKED_DECL void hf_keys::refuse(std::string_view name, const std::string& what, errc code) {
  refuse(error{code, config_.field({name}).complaint(what).message});
}

LINGUALINKED_DECL std::optional<error> hf_keys::verdict() {
  must_be("is_encoder_decoder", false);
  must_be("add_cross_attention", false);
  for (const std::string& name : config_.fields()) {
    if (failed()) break;
    if (read_.contains(name) || std::ranges::find(detail::hf_harmless_fields, name) != detail::hf_harmless_fields.end()) continue;
    const json_field field = config_.field({name});
    if (name == "pruned_heads" && field.is_object() && field.names()->empty()) continue;
    if (name == "quantization_config")
      refuse(name, "the weights are quantised in a way of their own. Use the unquantised model, or a GGUF file",
             errc::unsupported);
    else refuse(name, "is a switch that this library does not know. Ignoring it could give wrong answers", errc::unsupported);
  }
  return mistake_;
}

}  // namespace lingualinked::inline v0
