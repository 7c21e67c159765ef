// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/model/quantised_weights.hpp>

#include <lingualinked/kernels/encode.hpp>
#include <lingualinked/kernels/panels.hpp>
#include <lingualinked/model/language_model.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace ll = lingualinked;
using ll::dtype;
using ll::errc;

const std::string test_data = LINGUALINKED_TEST_DATA;

std::vector<std::byte> bytes_of(const ll::tensor_source& source, const std::string& name, std::size_t piece) {
  const auto& tensor = *source.find(name);
  std::vector<std::byte> all(tensor.bytes);
  for (std::size_t at = 0; at < all.size(); at += piece)
    REQUIRE(source.read(tensor, at, std::span(all).subspan(at, std::min(piece, all.size() - at))).has_value());
  return all;
}

/// Two tensors, of which nothing is read: norms of two heads, and a matrix.
class named_source final : public ll::tensor_source {
 public:
  [[nodiscard]] std::span<const ll::tensor_info> tensors() const noexcept override { return all_; }
  [[nodiscard]] const ll::tensor_info* find(std::string_view name) const noexcept override {
    const auto found = std::ranges::find(all_, name, &ll::tensor_info::name);
    return found == all_.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::span<const ll::source_file> files() const noexcept override { return {}; }
  [[nodiscard]] ll::result<void> read(const ll::tensor_info&, std::uint64_t, std::span<std::byte>) const override { return {}; }

 private:
  std::vector<ll::tensor_info> all_{{"blk.0.attn_q_norm.weight", dtype::f32, 2, 32, {2, 32}, 0, 0, 256},
                                    {"blk.0.ffn_up.weight", dtype::f32, 2, 32, {2, 32}, 0, 0, 256}};
};

}  // namespace

TEST_SUITE("model/quantised_weights") {
  TEST_CASE("a matrix is rounded row by row, to the same bits however it is read") {
    const auto floats = ll::language_model::open(test_data + "/models/llama-rope3").value();
    const auto rounded = ll::language_model::open(test_data + "/models/llama-rope3", dtype::q5_1).value();
    const std::string name = "blk.1.attn_output.weight";
    const auto& stored = *floats.weights().find(name);
    REQUIRE(rounded.weights().find(name)->type == dtype::q5_1);
    std::vector<float> numbers(stored.rows * stored.columns);
    REQUIRE(ll::kernels::decode(stored.type, bytes_of(floats.weights(), name, 1 << 20), numbers).has_value());
    std::vector<std::byte> expected(ll::bytes_of(dtype::q5_1, numbers.size()));
    REQUIRE(ll::kernels::encode(dtype::q5_1, numbers, expected).has_value());
    for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}, std::size_t{7}, std::size_t{500}})
      CHECK(bytes_of(rounded.weights(), name, piece) == expected);
    // 72 is no multiple of 32, and a norm is no matrix.
    CHECK(rounded.weights().find("blk.0.ffn_down.weight")->type == dtype::f16);
    CHECK(rounded.weights().find("output_norm.weight")->type == dtype::f32);
    CHECK(rounded.default_kv_type() == dtype::f16);
    CHECK(rounded.weight_bytes() < floats.weight_bytes());
    CHECK(rounded.weights().stored_name(name) == floats.weights().stored_name(name));
  }

  TEST_CASE("norms stay as they are, also where each head has one of its own") {
    const auto rounded = ll::quantised_weights::create(std::make_unique<named_source>(), dtype::q8_0).value();
    CHECK(rounded.find("blk.0.attn_q_norm.weight")->type == dtype::f32);
    CHECK(rounded.find("blk.0.ffn_up.weight")->type == dtype::q8_0);
  }

  TEST_CASE("what weights are rounded to is part of a model's identity") {
    const std::string path = test_data + "/gguf/llama-rope3.gguf";
    const auto stored = ll::language_model::open(path).value();
    const auto eight = ll::language_model::open(path, dtype::q8_0).value();
    const auto four = ll::language_model::open(path, dtype::q4_0).value();
    CHECK(stored.fingerprint().value() != eight.fingerprint().value());
    CHECK(eight.fingerprint().value() != four.fingerprint().value());
    CHECK(eight.sha256().value() != four.sha256().value());
    CHECK(eight.fingerprint().value() == ll::language_model::open(path, dtype::q8_0)->fingerprint().value());
    CHECK(eight.sha256().value().size() == 64);
  }

  TEST_CASE("what cannot be rounded is refused by name") {
    const auto legacy = ll::language_model::open(test_data + "/gguf/llama-legacy.gguf", dtype::q8_0);
    CHECK(legacy.error().code == errc::unsupported);
    CHECK(legacy.error().message.find("quantised already") != std::string::npos);
    const auto odd = ll::language_model::open(test_data + "/models/llama-gqa", dtype::q8_0);
    CHECK(odd.error().code == errc::unsupported);
    CHECK(odd.error().message.find("multiple of 32") != std::string::npos);
    CHECK(ll::quantised_type_named("q4_1").value() == dtype::q4_1);
    CHECK(ll::quantised_type_named("q4_k").error().code == errc::invalid_argument);
    CHECK(ll::quantised_type_named("f33").error().message.find("q8_0, q4_0, q4_1, q5_0, q5_1") != std::string::npos);
  }
}
