// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/model/language_model.hpp>

#include "model/tiny_gguf.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <variant>
#include <vector>

namespace {

namespace ll = lingualinked;
using namespace test_support;

ll::result<ll::language_model> open(const tiny_gguf& file) {
  const temporary_folder folder;
  return ll::language_model::open(folder.write("tiny.gguf", file.build()));
}

struct attack {
  std::string what;
  void (*change)(tiny_gguf&);
  ll::errc code;
  const char* says;
};

}  // namespace

TEST_SUITE("model/language_model") {
  TEST_CASE("a sound file opens, with sizes, defaults and modules") {
    const auto m = open({}).value();
    const auto& h = m.sizes();
    CHECK(h.architecture == "llama");
    CHECK(h.layers == 1);
    CHECK(h.width == 16);
    CHECK(h.feed_forward == 24);
    CHECK(h.heads == 2);
    CHECK(h.kv_heads == 1);
    CHECK(h.head_size == 8);
    CHECK(h.rotary == 8);
    CHECK(h.vocabulary == 11);
    CHECK(h.context_length == 64);
    CHECK(h.norm_epsilon == 1e-5F);
    CHECK(h.rope_base == 10000.0);
    CHECK(h.rope_divisors.empty());
    CHECK(h.window == 0);
    CHECK(m.default_kv_type() == ll::dtype::f32);
    const auto modules = m.modules(ll::dtype::f16);
    REQUIRE(modules.node_count() == 4);
    CHECK(modules.name(0) == "embedding");
    CHECK(modules.name(1) == "layer 0 attention");
    CHECK(modules.name(2) == "layer 0 feed-forward");
    CHECK(modules.name(3) == "head");
    CHECK(modules.cost(1).kv_bytes_per_context_token == 2 * 8 * 2);
    // The head is the embedding: counted in both, kept once by whoever holds both.
    CHECK(m.tied_bytes() == modules.cost(0).weight_bytes);
    CHECK(m.parameters() == 11 * 16 + 3 * 16 + 16 * 16 * 2 + 16 * 8 * 2 + 16 * 24 * 3);
    CHECK(m.weight_bytes() == 4 * m.parameters());
    CHECK(!m.chat_template());
    CHECK(!m.make_tokenizer());
  }

  TEST_CASE("a head of its own is not tied, biases and rope divisors are taken where the file has them") {
    tiny_gguf file;
    file.matrix("output.weight", {16, 11}).matrix("blk.0.attn_q.bias", {16}).matrix("rope_freqs.weight", {4});
    const auto m = open(file).value();
    CHECK(m.tied_bytes() == 0);
    CHECK(m.sizes().rope_divisors == std::vector<double>(4, 1.0));
    std::size_t biases = 0;
    for (const auto& op : m.graph().operations)
      if (const auto* l = std::get_if<ll::linear_operation>(&op.kind)) biases += l->bias ? 1 : 0;
    CHECK(biases == 1);
  }

  TEST_CASE("linear rope scaling stretches every frequency") {
    tiny_gguf file;
    file.text("llama.rope.scaling.type", "linear").number("llama.rope.scaling.factor", 4.0F);
    CHECK(open(file).value().sizes().rope_divisors == std::vector<double>(4, 4.0));
  }

  TEST_CASE("partial rotation, key length and window come from the file") {
    tiny_gguf file;
    file.number("llama.rope.dimension_count", std::uint32_t{6}).number("llama.attention.sliding_window", std::uint32_t{5});
    const auto m = open(file).value();
    CHECK(m.sizes().rotary == 6);
    for (const auto& op : m.graph().operations) {
      if (const auto* l = std::get_if<ll::linear_operation>(&op.kind); l != nullptr && l->order == ll::row_order::pairs_to_halves)
        CHECK(l->rotary == 6);
      if (const auto* a = std::get_if<ll::attention_operation>(&op.kind)) {
        CHECK(a->window == 5);
        CHECK(a->scale == static_cast<float>(1 / std::sqrt(8.0)));
      }
    }
  }

  TEST_CASE("what does not fit is refused with the place and the numbers") {
    using f = tiny_gguf;
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const attack table[] = {
        {"no architecture", [](f& g) { g.without("general.architecture"); }, ll::errc::malformed, "general.architecture"},
        {"unknown architecture", [](f& g) { g.text("general.architecture", "qwen99"); }, ll::errc::unsupported, "qwen99"},
        {"architecture of control characters", [](f& g) { g.text("general.architecture", "a\n\x1b[2J"); }, ll::errc::unsupported,
         "supported: llama"},
        {"no layers key", [](f& g) { g.without("llama.block_count"); }, ll::errc::malformed, "llama.block_count"},
        {"no layers", [](f& g) { g.number("llama.block_count", std::uint32_t{0}); }, ll::errc::malformed, "llama.block_count"},
        {"too many layers", [](f& g) { g.number("llama.block_count", UINT32_MAX); }, ll::errc::malformed, "llama.block_count"},
        {"one layer too many", [](f& g) { g.number("llama.block_count", std::uint32_t{2}); }, ll::errc::malformed,
         "blk.1.attn_norm.weight"},
        {"no width", [](f& g) { g.without("llama.embedding_length"); }, ll::errc::malformed, "llama.embedding_length"},
        {"width of a text", [](f& g) { g.text("llama.embedding_length", "16"); }, ll::errc::malformed, "llama.embedding_length"},
        {"width of 2^40", [](f& g) { g.number("llama.embedding_length", std::uint64_t{1} << 40); }, ll::errc::malformed,
         "llama.embedding_length"},
        {"no feed-forward", [](f& g) { g.without("llama.feed_forward_length"); }, ll::errc::malformed,
         "llama.feed_forward_length"},
        {"no heads", [](f& g) { g.number("llama.attention.head_count", std::uint32_t{0}); }, ll::errc::malformed, "head_count"},
        {"kv heads that do not divide",
         [](f& g) {
           g.number("llama.attention.head_count", std::uint32_t{4}).number("llama.attention.head_count_kv", std::uint32_t{3});
         },
         ll::errc::malformed, "3 does not divide the 4 heads"},
        {"more kv heads than heads", [](f& g) { g.number("llama.attention.head_count_kv", std::uint32_t{4}); },
         ll::errc::malformed, "does not divide"},
        {"no kv heads", [](f& g) { g.number("llama.attention.head_count_kv", std::uint32_t{0}); }, ll::errc::malformed,
         "head_count_kv"},
        {"no context", [](f& g) { g.without("llama.context_length"); }, ll::errc::malformed, "llama.context_length"},
        {"context of 2^32", [](f& g) { g.number("llama.context_length", std::uint64_t{1} << 32); }, ll::errc::malformed,
         "llama.context_length"},
        {"negative context", [](f& g) { g.number("llama.context_length", std::int32_t{-1}); }, ll::errc::malformed,
         "llama.context_length"},
        {"no epsilon", [](f& g) { g.without("llama.attention.layer_norm_rms_epsilon"); }, ll::errc::malformed,
         "layer_norm_rms_epsilon"},
        {"epsilon zero", [](f& g) { g.number("llama.attention.layer_norm_rms_epsilon", 0.0F); }, ll::errc::malformed,
         "layer_norm_rms_epsilon"},
        {"epsilon not a number", [](f& g) { g.number("llama.attention.layer_norm_rms_epsilon", nan); }, ll::errc::malformed,
         "layer_norm_rms_epsilon"},
        {"epsilon infinite", [](f& g) { g.number("llama.attention.layer_norm_rms_epsilon", infinity); }, ll::errc::malformed,
         "layer_norm_rms_epsilon"},
        {"epsilon negative", [](f& g) { g.number("llama.attention.layer_norm_rms_epsilon", -1e-5F); }, ll::errc::malformed,
         "layer_norm_rms_epsilon"},
        {"rope base below one", [](f& g) { g.number("llama.rope.freq_base", 0.5F); }, ll::errc::malformed, "rope.freq_base"},
        {"rope base not a number", [](f& g) { g.number("llama.rope.freq_base", nan); }, ll::errc::malformed, "rope.freq_base"},
        {"rotation beyond the head", [](f& g) { g.number("llama.rope.dimension_count", std::uint32_t{10}); }, ll::errc::malformed,
         "at most the head size 8"},
        {"odd rotation", [](f& g) { g.number("llama.rope.dimension_count", std::uint32_t{7}); }, ll::errc::malformed,
         "must be even"},
        {"yarn without a factor", [](f& g) { g.text("llama.rope.scaling.type", "yarn"); }, ll::errc::malformed,
         "no rope.scaling.factor"},
        {"long rope without factors", [](f& g) { g.text("llama.rope.scaling.type", "longrope"); }, ll::errc::malformed,
         "'rope_factors_short.weight' is missing"},
        {"long rope without short factors", [](f& g) { g.matrix("rope_factors_long.weight", {4}); }, ll::errc::malformed,
         "'rope_factors_short.weight' is missing"},
        {"sizes that differ from layer to layer",
         [](f& g) {
           g.numbers<std::int32_t>("llama.attention.head_count_kv", {1, 2});
         },
         ll::errc::unsupported, "differs from layer to layer"},
        {"an empty list of sizes", [](f& g) { g.numbers<std::int32_t>("llama.feed_forward_length", {}); }, ll::errc::malformed,
         "is an empty array"},
        {"scaling by zero", [](f& g) { g.text("llama.rope.scaling.type", "linear").number("llama.rope.scaling.factor", 0.0F); },
         ll::errc::malformed, "rope.scaling.factor"},
        {"value length", [](f& g) { g.number("llama.attention.value_length", std::uint32_t{16}); }, ll::errc::unsupported,
         "value_length"},
        {"key length that no tensor has",
         [](f& g) {
           g.number("llama.attention.key_length", std::uint32_t{32}).number("llama.attention.value_length", std::uint32_t{32});
         },
         ll::errc::malformed, "64 x 16"},
        {"experts of which none is used", [](f& g) { g.number("llama.expert_count", std::uint32_t{8}); }, ll::errc::malformed,
         "0 must be 1 to the 8 experts"},
        {"experts without their tensors",
         [](f& g) { g.number("llama.expert_count", std::uint32_t{8}).number("llama.expert_used_count", std::uint32_t{2}); },
         ll::errc::malformed, "'blk.0.ffn_gate_inp.weight' is missing"},
        {"unknown switch", [](f& g) { g.boolean("llama.attention.causal", false); }, ll::errc::unsupported,
         "llama.attention.causal"},
        {"vocabulary that differs", [](f& g) { g.number("llama.vocab_size", std::uint32_t{12}); }, ll::errc::malformed,
         "12 differs from the 11 rows"},
        {"tokens that differ",
         [](f& g) {
           g.texts("tokenizer.ggml.tokens", {"a", "b"});
         },
         ll::errc::malformed, "2 tokens"},
        {"missing tensor", [](f& g) { g.without("blk.0.ffn_up.weight"); }, ll::errc::malformed,
         "'blk.0.ffn_up.weight' is missing"},
        {"missing table", [](f& g) { g.without("token_embd.weight"); }, ll::errc::malformed, "'token_embd.weight' is missing"},
        {"missing last norm", [](f& g) { g.without("output_norm.weight"); }, ll::errc::malformed, "output_norm.weight"},
        {"wrong shape",
         [](f& g) {
           g.matrix("blk.0.attn_k.weight", {16, 16});
         },
         ll::errc::malformed, "is 16 x 16, but the model's sizes ask for 8 x 16"},
        {"transposed",
         [](f& g) {
           g.matrix("blk.0.ffn_down.weight", {16, 24});
         },
         ll::errc::malformed, "blk.0.ffn_down.weight"},
        {"bias of another size", [](f& g) { g.matrix("blk.0.attn_v.bias", {16}); }, ll::errc::malformed, "blk.0.attn_v.bias"},
        {"unknown tensor", [](f& g) { g.matrix("blk.0.attn_sinks.weight", {16}); }, ll::errc::unsupported,
         "blk.0.attn_sinks.weight"},
        {"tensor of a layer beyond",
         [](f& g) {
           g.matrix("blk.1.attn_q.weight", {16, 16});
         },
         ll::errc::unsupported, "blk.1.attn_q.weight"},
        {"norm in f16",
         [](f& g) {
           g.stored("output_norm.weight", {{16}, 1, std::string(32, '\0')});
         },
         ll::errc::unsupported, "norms must be f32"},
        {"bias in f16",
         [](f& g) {
           g.stored("blk.0.attn_v.bias", {{8}, 1, std::string(16, '\0')});
         },
         ll::errc::unsupported, "biases must be f32"},
        {"weights in i32",
         [](f& g) {
           g.stored("blk.0.attn_q.weight", {{16, 16}, 26, std::string(1024, '\0')});
         },
         ll::errc::unsupported, "blk.0.attn_q.weight"},
        {"rope divisors, too few", [](f& g) { g.matrix("rope_freqs.weight", {3}); }, ll::errc::malformed, "must be 4 f32"},
        {"rope divisor zero",
         [](f& g) {
           g.stored("rope_freqs.weight", {{4}, 0, std::string(16, '\0')});
         },
         ll::errc::malformed, "not a positive number"},
    };
    for (const attack& a : table) {
      CAPTURE(a.what);
      tiny_gguf file;
      a.change(file);
      const auto opened = open(file);
      REQUIRE(!opened);
      INFO(opened.error().message);
      CHECK(opened.error().code == a.code);
      CHECK(opened.error().message.find(a.says) != std::string::npos);
      CHECK(opened.error().message.find("tiny.gguf") != std::string::npos);
      for (const char c : opened.error().message) CHECK(static_cast<unsigned char>(c) >= 0x20);
    }
  }

  TEST_CASE("an empty folder and a file that is not there are said to be so") {
    const temporary_folder folder;
    CHECK(ll::language_model::open(folder.path().string()).error().code == ll::errc::io);
    CHECK(ll::language_model::open(folder.file("none.gguf")).error().code == ll::errc::io);
  }

  TEST_CASE("the hash of the file is that of its bytes, and the fingerprint sees a changed header") {
    const temporary_folder folder;
    const auto a = ll::language_model::open(folder.write("a.gguf", tiny_gguf().build())).value();
    const auto same = ll::language_model::open(folder.write("b.gguf", tiny_gguf().build())).value();
    tiny_gguf changed;
    changed.number("llama.context_length", std::uint32_t{65});
    const auto other = ll::language_model::open(folder.write("c.gguf", changed.build())).value();
    CHECK(a.fingerprint().value().size() == 64);
    CHECK(a.sha256().value() == same.sha256().value());
    CHECK(a.sha256().value() != other.sha256().value());
    CHECK(a.fingerprint().value() == same.fingerprint().value());
    CHECK(a.fingerprint().value() != other.fingerprint().value());
  }

  TEST_CASE("a model of version 2 in several files is the model of one") {
    const temporary_folder folder;
    const auto whole = ll::language_model::open(folder.write("whole.gguf", tiny_gguf().build())).value();
    const auto files = tiny_gguf().build_splits(3);
    for (std::size_t i = files.size(); i-- > 0;) {
      CHECK(!ll::language_model::open(folder.file("tiny-00001-of-00003.gguf")));  // until all are there
      folder.write("tiny-0000" + std::to_string(i + 1) + "-of-00003.gguf", files[i]);
    }
    const auto split = ll::language_model::open(folder.file("tiny-00001-of-00003.gguf"));
    REQUIRE_MESSAGE(split.has_value(), split.error().message);
    CHECK(split->graph().operations.size() == whole.graph().operations.size());
    CHECK(split->parameters() == whole.parameters());
    CHECK(split->weights().files().size() == 3);
    CHECK(split->fingerprint().value() != whole.fingerprint().value());
    CHECK(split->sha256().value().size() == 64);
    for (const ll::tensor_info& t : whole.weights().tensors()) {
      CAPTURE(t.name);
      std::vector<std::byte> one(t.bytes);
      std::vector<std::byte> other(t.bytes);
      REQUIRE(whole.weights().read(t, 0, one).has_value());
      REQUIRE(split->weights().read(*split->weights().find(t.name), 0, other).has_value());
      CHECK(one == other);
    }
  }
}
