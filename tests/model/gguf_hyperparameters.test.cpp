// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/model/gguf_hyperparameters.hpp>

#include "model/tiny_gguf.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

namespace {

namespace ll = lingualinked;
using namespace test_support;

/// Metadata of a model of six layers, 16 wide, with 4 heads, in the name of an architecture.
class metadata {
 public:
  explicit metadata(std::string architecture) : name_(std::move(architecture)) {
    for (const char* key : {"block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count",
                            "attention.head_count_kv", "attention.layer_norm_rms_epsilon"})
      file_.without("llama." + std::string(key));
    file_.text("general.architecture", name_);
    number("block_count", std::uint32_t{6});
    number("context_length", std::uint32_t{64});
    number("embedding_length", std::uint32_t{16});
    number("feed_forward_length", std::uint32_t{24});
    number("attention.head_count", std::uint32_t{4});
    number(ll::architecture_named(name_).value().gguf.layer_norms ? "attention.layer_norm_epsilon"
                                                                  : "attention.layer_norm_rms_epsilon",
           1e-5F);
  }
  template <class T>
  metadata& number(const std::string& key, T value) {
    file_.number(name_ + "." + key, value);
    return *this;
  }
  template <class T>
  metadata& numbers(const std::string& key, const std::vector<T>& values) {
    file_.numbers(name_ + "." + key, values);
    return *this;
  }
  metadata& text(const std::string& key, const std::string& value) {
    file_.text(name_ + "." + key, value);
    return *this;
  }
  metadata& flag(const std::string& key, bool value) {
    file_.boolean(name_ + "." + key, value);
    return *this;
  }
  metadata& flags(const std::string& key, const std::vector<std::uint8_t>& values) {
    file_.pair(name_ + "." + key, [=, full = name_ + "." + key](gguf_builder& b) { b.booleans(full, values); });
    return *this;
  }
  [[nodiscard]] ll::result<ll::hyperparameters> read() const {
    const temporary_folder folder;
    const auto file = ll::gguf_file::open(folder.write("tiny.gguf", file_.build())).value();
    return ll::hyperparameters_from(file, ll::architecture_named(name_).value().gguf);
  }

 private:
  std::string name_;
  tiny_gguf file_;
};

}  // namespace

TEST_SUITE("model/gguf_hyperparameters") {
  TEST_CASE("what files of an architecture leave unsaid is filled in") {
    const auto bloom = metadata("bloom").read().value();
    CHECK(bloom.alibi_bias == 8);
    CHECK(bloom.rotary == 0);
    CHECK(bloom.activation == ll::activation_kind::gelu_tanh);
    CHECK(bloom.kv_heads == 4);
    const auto gpt2 = metadata("gpt2").read().value();
    CHECK(gpt2.alibi_bias == 0);
    CHECK(gpt2.rotary == 0);
    const auto llama = metadata("llama").read().value();
    CHECK(llama.rotary_pairs);
    CHECK(llama.rotary == 4);
    CHECK(llama.activation == ll::activation_kind::silu);
    for (const char* halves : {"qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3", "stablelm", "qwen2moe", "qwen3moe"}) {
      CAPTURE(halves);
      CHECK(!metadata(halves).read().value().rotary_pairs);
    }
  }

  TEST_CASE("which layers have a window comes from a number, a list, or the architecture") {
    const std::vector<bool> every_sixth{false, false, false, false, false, true};
    const std::vector<bool> every_second{false, true, false, true, false, true};
    const auto gemma3 = metadata("gemma3").number("attention.sliding_window", std::uint32_t{8}).read().value();
    CHECK(gemma3.window == 8);
    CHECK(gemma3.global_layers == every_sixth);
    CHECK(gemma3.window_of(4) == 8);
    CHECK(gemma3.window_of(5) == 0);
    CHECK(gemma3.window_rope_base == 10'000);
    const auto gemma2 = metadata("gemma2").read().value();
    CHECK(gemma2.window == 4096);
    CHECK(gemma2.global_layers == every_second);
    CHECK(gemma2.window_rope_base == 0);
    const auto counted = metadata("gemma3")
                             .number("attention.sliding_window", std::uint32_t{8})
                             .number("attention.sliding_window_pattern", std::uint32_t{2})
                             .number("rope.freq_base_swa", 500.0F)
                             .read()
                             .value();
    CHECK(counted.global_layers == every_second);
    CHECK(counted.window_rope_base == 500);
    const auto listed = [](const std::vector<std::uint8_t>& windowed) {
      return metadata("gemma3")
          .number("attention.sliding_window", std::uint32_t{8})
          .flags("attention.sliding_window_pattern", windowed)
          .read();
    };
    CHECK(listed({1, 0, 1, 1, 0, 0}).value().global_layers == std::vector<bool>{false, true, false, false, true, true});
    CHECK(listed({1, 0}).error().message.find("names 2 layers, but there are 6") != std::string::npos);
    const auto llama = metadata("llama").number("attention.sliding_window", std::uint32_t{8}).read().value();
    CHECK(llama.global_layers.empty());
    CHECK(llama.window_of(5) == 8);
  }

  TEST_CASE("caps and scales come from the file, else from the architecture") {
    const auto gemma2 = metadata("gemma2").read().value();
    CHECK(gemma2.attention_cap == 50);
    CHECK(gemma2.logit_cap == 30);
    CHECK(gemma2.attention_scale == 0);
    const auto said = metadata("gemma2")
                          .number("attn_logit_softcapping", 0.0F)
                          .number("final_logit_softcapping", 7.0F)
                          .number("attention.scale", 0.25F)
                          .read()
                          .value();
    CHECK(said.attention_cap == 0);
    CHECK(said.logit_cap == 7);
    CHECK(said.attention_scale == 0.25);
    const auto large = metadata("gemma2")
                           .number("block_count", std::uint32_t{46})
                           .number("attention.key_length", std::uint32_t{12})
                           .number("attention.value_length", std::uint32_t{12});
    CHECK(large.read().value().attention_scale == 1 / std::sqrt(4.0));
    CHECK(metadata("llama").read().value().logit_cap == 0);
  }

  TEST_CASE("yarn keeps what turns often, divides what turns seldom, and raises the amplitude") {
    const auto h = metadata("qwen2")
                       .number("attention.key_length", std::uint32_t{128})
                       .number("attention.value_length", std::uint32_t{128})
                       .number("rope.freq_base", 1e6F)
                       .text("rope.scaling.type", "yarn")
                       .number("rope.scaling.factor", 4.0F)
                       .number("rope.scaling.original_context_length", std::uint32_t{32768})
                       .read()
                       .value();
    REQUIRE(h.rope_divisors.size() == 64);
    CHECK(h.rope_amplitude == doctest::Approx(0.1 * std::log(4.0) + 1).epsilon(1e-12));
    const auto dimension = [](double turns) {
      return 128 * std::log(32768 / (turns * 2 * std::acos(-1.0))) / (2 * std::log(1e6));
    };
    const double low = std::floor(dimension(32));
    const double high = std::ceil(dimension(1));
    for (std::size_t i = 0; i < 64; ++i) {
      const double r = std::min(1.0, std::max(0.0, (static_cast<double>(i) - low) / (high - low)));
      CHECK(1 / h.rope_divisors[i] == doctest::Approx(r / 4 + 1 - r).epsilon(1e-12));
    }
    CHECK(h.rope_divisors.front() == 1);
    CHECK(h.rope_divisors.back() == 4);
  }

  TEST_CASE("a factor without a type scales linearly, also under its oldest name") {
    CHECK(metadata("llama").number("rope.scaling.factor", 2.0F).read().value().rope_divisors == std::vector<double>(2, 2.0));
    CHECK(metadata("llama").number("rope.scale_linear", 2.0F).read().value().rope_divisors == std::vector<double>(2, 2.0));
    const auto none = metadata("llama").number("rope.scaling.factor", 2.0F).text("rope.scaling.type", "none").read().value();
    CHECK(none.rope_divisors.empty());
  }

  TEST_CASE("experts are read where the architecture may have them") {
    const auto mixtral =
        metadata("llama").number("expert_count", std::uint32_t{8}).number("expert_used_count", std::uint32_t{2}).read().value();
    CHECK(mixtral.experts == 8);
    CHECK(mixtral.experts_used == 2);
    CHECK(mixtral.expert_feed_forward == 24);
    CHECK(mixtral.experts_sum_to_one);
    const auto qwen = metadata("qwen2moe")
                          .number("expert_count", std::uint32_t{8})
                          .number("expert_used_count", std::uint32_t{2})
                          .number("expert_feed_forward_length", std::uint32_t{5})
                          .number("expert_shared_feed_forward_length", std::uint32_t{7})
                          .read()
                          .value();
    CHECK(qwen.expert_feed_forward == 5);
    CHECK(qwen.shared_feed_forward == 7);
    CHECK(!qwen.experts_sum_to_one);
    CHECK(metadata("bloom").number("expert_count", std::uint32_t{8}).read().error().code == ll::errc::unsupported);
    const auto too_many =
        metadata("qwen3moe").number("expert_count", std::uint32_t{2}).number("expert_used_count", std::uint32_t{3}).read();
    REQUIRE(!too_many);
    CHECK(too_many.error().message.find("3 must be 1 to the 2 experts") != std::string::npos);
    const auto far_too_many = metadata("qwen3moe")
                                  .number("block_count", std::uint32_t{100})
                                  .number("expert_count", std::uint32_t{1000})
                                  .number("expert_used_count", std::uint32_t{3})
                                  .read();
    REQUIRE(!far_too_many);
    CHECK(far_too_many.error().code == ll::errc::limit);
    const auto sigmoid = metadata("qwen3moe")
                             .number("expert_count", std::uint32_t{2})
                             .number("expert_used_count", std::uint32_t{1})
                             .number("expert_gating_func", std::uint32_t{2})
                             .read();
    REQUIRE(!sigmoid);
    CHECK(sigmoid.error().message.find("expert_gating_func") != std::string::npos);
  }

  TEST_CASE("keys that change nothing are passed over, all others refused by name") {
    CHECK(metadata("llama")
              .flag("rope.scaling.finetuned", true)
              .number("rope.scaling.original_context_length", std::uint32_t{32})
              .text("tensor_data_layout", "Meta AI original pth")
              .flag("attention.causal", true)
              .number("expert_count", std::uint32_t{0})
              .read());
    CHECK(metadata("stablelm").flag("use_parallel_residual", true).read());
    CHECK(metadata("llama").numbers<std::int32_t>("attention.head_count_kv", {2, 2, 2, 2, 2, 2}).read().value().kv_heads == 2);
    for (const char* architecture : {"llama", "qwen2", "gemma3", "gpt2", "bloom"}) {
      const auto refused = metadata(architecture).number("attention.clamp_kqv", 8.0F).read();
      REQUIRE(!refused);
      CHECK(refused.error().code == ll::errc::unsupported);
      CHECK(refused.error().message.find(std::string(architecture) + ".attention.clamp_kqv") != std::string::npos);
    }
    // Positions do not enter by rotation here.
    CHECK(metadata("bloom").number("rope.freq_base", 1e6F).read().error().message.find("bloom.rope.freq_base") !=
          std::string::npos);
    CHECK(metadata("gpt2").number("attention.max_alibi_bias", 8.0F).read().error().code == ll::errc::unsupported);
  }
}
