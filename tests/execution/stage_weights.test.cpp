// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/execution/stage_weights.hpp>

#include "execution/random_model.hpp"

#include <lingualinked/core/half.hpp>
#include <lingualinked/kernels/panels.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace test_support;

model_shape plain_shape() {
  model_shape shape;
  shape.sizes = {.architecture = "llama",
                 .layers = 2,
                 .width = 64,
                 .feed_forward = 96,
                 .heads = 4,
                 .kv_heads = 2,
                 .head_size = 16,
                 .vocabulary = 40,
                 .context_length = 64,
                 .norm_epsilon = 1e-5F,
                 .rotary = 12};
  return shape;
}

std::vector<float> row_of(const ll::kernels::panel_view& m, std::size_t row) {
  std::vector<float> out(m.columns);
  ll::kernels::panels::decode_row(m, row, out);
  return out;
}

/// A stored row, decoded.
std::vector<float> stored_row(const tiny_model& m, const ll::weight_ref& w, std::size_t row) {
  const std::size_t bytes = ll::bytes_of(w.type, w.columns);
  std::vector<float> out(w.columns);
  ll::kernels::decode(w.type, m.weights.data(w.name).subspan(row * bytes, bytes), out).value();
  return out;
}

std::span<const ll::operation> all_of(const tiny_model& m) { return m.graph.operations; }

}  // namespace

TEST_SUITE("execution/stage_weights") {
  TEST_CASE("matrices arrive whole, and rotated rows where the kernels want them") {
    for (const auto type : {ll::dtype::f32, ll::dtype::f16, ll::dtype::q8_0, ll::dtype::q4_1}) {
      model_shape shape = plain_shape();
      shape.types = {type};
      shape.biases = true;
      const tiny_model m = model_maker(1).make(shape);
      const auto loaded = ll::stage_weights::load(all_of(m), m.weights).value();
      std::size_t turned = 0;
      for (const ll::operation& op : m.graph.operations) {
        const auto* l = std::get_if<ll::linear_operation>(&op.kind);
        if (l == nullptr) continue;
        const auto matrix = loaded.matrix(l->weight);
        // Written out for heads of 16 of which 12 turn: pairs (0,1) .. (10,11) become (0,6) .. (5,11).
        const std::size_t order[16] = {0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11, 12, 13, 14, 15};
        const bool turns = l->order == ll::row_order::pairs_to_halves;
        turned += turns ? 1 : 0;
        for (std::size_t n = 0; n < l->weight.rows; ++n) {
          const std::size_t from = turns ? n / 16 * 16 + order[n % 16] : n;
          CHECK(row_of(matrix, n) == stored_row(m, l->weight, from));
          if (!l->bias) continue;
          float bias = 0;
          std::memcpy(&bias, m.weights.data(l->bias.name).data() + 4 * from, 4);
          CHECK(loaded.vector(l->bias)[n] == bias);
        }
      }
      CHECK(turned == 4);
    }
  }

  TEST_CASE("a stage reads its own tensors, each byte once") {
    const tiny_model m = model_maker(2).make(plain_shape());
    const auto modules = ll::cut_into_modules(m.graph, 4).value();
    for (std::size_t first = 0; first < modules.node_count(); ++first) {
      for (std::size_t last = first; last < modules.node_count(); ++last) {
        m.weights.read_bytes.clear();
        const std::size_t begin = modules.modules()[first].first_operation;
        const std::size_t end = modules.modules()[last].end_operation;
        const auto loaded = ll::stage_weights::load(all_of(m).subspan(begin, end - begin), m.weights).value();
        std::map<std::string, std::uint64_t> expected;
        std::uint64_t cost = 0;
        for (std::size_t i = begin; i < end; ++i) {
          const auto note = [&](const ll::weight_ref& w) {
            if (!w) return;
            expected[w.name] = m.weights.find(w.name)->bytes;
            cost += w.resident_bytes;
          };
          if (const auto* e = std::get_if<ll::embedding_operation>(&m.graph.operations[i].kind)) note(e->table);
          if (const auto* n = std::get_if<ll::rms_norm_operation>(&m.graph.operations[i].kind)) note(n->weight);
          if (const auto* l = std::get_if<ll::linear_operation>(&m.graph.operations[i].kind)) note(l->weight);
        }
        CHECK(m.weights.read_bytes == expected);
        CHECK(loaded.bytes() == cost);  // what plans count is what a stage keeps
      }
    }
  }

  TEST_CASE("a tied matrix is read and kept once") {
    model_shape shape = plain_shape();
    shape.tied = true;
    const tiny_model m = model_maker(3).make(shape);
    const auto loaded = ll::stage_weights::load(all_of(m), m.weights).value();
    CHECK(m.weights.read_bytes["token_embd.weight"] == m.weights.find("token_embd.weight")->bytes);
    const auto& table = std::get<ll::embedding_operation>(m.graph.operations.front().kind).table;
    const auto& head = std::get<ll::linear_operation>(m.graph.operations.back().kind).weight;
    CHECK(loaded.matrix(table).data == loaded.matrix(head).data);

    // The same matrix with its rows in another order would be a different one.
    ll::operation_graph twisted = m.graph;
    std::get<ll::linear_operation>(twisted.operations.back().kind).order = ll::row_order::pairs_to_halves;
    const auto refused = ll::stage_weights::load(twisted.operations, m.weights);
    REQUIRE(!refused);
    CHECK(refused.error().code == ll::errc::unsupported);
  }

  TEST_CASE("a value that is not finite is refused with tensor and row") {
    struct bad {
      ll::dtype type;
      std::size_t offset;  // in the row, of the bytes that spoil it
      std::vector<unsigned char> bytes;
    };
    const std::vector<unsigned char> f16_infinity{0x00, 0x7C};
    const std::vector<unsigned char> f16_nan{0x01, 0xFE};
    const bad table[] = {
        {ll::dtype::f32, 4 * 63, {0x00, 0x00, 0x80, 0x7F}},
        {ll::dtype::f32, 0, {0x00, 0x00, 0x80, 0xFF}},
        {ll::dtype::f32, 8, {0x01, 0x00, 0x80, 0x7F}},
        {ll::dtype::f16, 2 * 63, f16_infinity},
        {ll::dtype::f16, 0, f16_nan},
        {ll::dtype::bf16, 6, {0x80, 0x7F}},
        {ll::dtype::bf16, 2 * 63, {0xC0, 0xFF}},
        {ll::dtype::q8_0, 34, f16_infinity},
        {ll::dtype::q4_1, 20 + 2, f16_nan},
    };
    for (const bad& b : table) {
      for (const std::size_t row : {std::size_t{0}, std::size_t{17}, std::size_t{95}}) {
        CAPTURE(ll::name_of(b.type));
        CAPTURE(row);
        model_shape shape = plain_shape();
        shape.types = {b.type};
        tiny_model m = model_maker(4).make(shape);
        std::memcpy(m.weights.data("blk.1.ffn_up.weight").data() + row * ll::bytes_of(b.type, 64) + b.offset, b.bytes.data(),
                    b.bytes.size());
        const auto loaded = ll::stage_weights::load(all_of(m), m.weights);
        REQUIRE(!loaded);
        CHECK(loaded.error().code == ll::errc::malformed);
        INFO(loaded.error().message);
        CHECK(loaded.error().message.find("tensor 'blk.1.ffn_up.weight' row " + std::to_string(row) + " ") == 0);
      }
    }
    tiny_model m = model_maker(4).make(plain_shape());
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(m.weights.data("output_norm.weight").data() + 20, &nan, 4);
    const auto loaded = ll::stage_weights::load(all_of(m), m.weights);
    REQUIRE(!loaded);
    CHECK(loaded.error().message.find("output_norm.weight") != std::string::npos);
  }

  TEST_CASE("first_bad_block finds any block that decodes to something not finite, for every weight type") {
    for (const auto& facts : ll::dtype_table) {
      if (facts.type == ll::dtype::i32) continue;
      CAPTURE(facts.name);
      model_maker random(static_cast<std::uint64_t>(facts.type));
      constexpr std::size_t blocks = 5;
      const auto good = random.numbers(facts.type, blocks * facts.block_elements, 1, 0);
      CHECK(ll::first_bad_block(facts.type, good) == blocks);
      CHECK(ll::first_bad_block(facts.type, {}) == 0);
      // Every pair of bytes in turn as an infinity of each 16-bit format: a block is bad exactly when it decodes so.
      for (std::size_t at = 0; at + 1 < facts.block_bytes; ++at) {
        for (const unsigned high : {0x7CU, 0xFCU, 0x7FU}) {
          auto bytes = good;
          bytes[3 * facts.block_bytes + at] = static_cast<std::byte>(high == 0x7F ? 0x80 : 0);
          bytes[3 * facts.block_bytes + at + 1] = static_cast<std::byte>(high);
          std::vector<float> values(blocks * facts.block_elements);
          ll::kernels::decode(facts.type, bytes, values).value();
          std::size_t expected = blocks;
          for (std::size_t i = values.size(); i-- > 0;)
            if (!std::isfinite(values[i])) expected = i / facts.block_elements;
          CAPTURE(at);
          const std::size_t found = ll::first_bad_block(facts.type, bytes);
          // A scale that is infinite but multiplies only zeros is refused as well.
          CHECK((found == expected || (found == 3 && expected == blocks && facts.block_elements > 1)));
        }
      }
    }
  }

  TEST_CASE("progress goes up to all bytes and may stop the loading") {
    model_shape shape = plain_shape();
    shape.tied = true;
    shape.sizes.vocabulary = 9000;  // more than one piece
    const tiny_model m = model_maker(5).make(shape);
    std::uint64_t last = 0;
    std::uint64_t total = 0;
    std::size_t calls = 0;
    CHECK(ll::stage_weights::load(all_of(m), m.weights, [&](std::uint64_t done, std::uint64_t of) {
      CHECK(done > last);
      CHECK((total == 0 || total == of));
      last = done;
      total = of;
      ++calls;
      return true;
    }));
    std::uint64_t stored = 0;
    for (const auto& t : m.weights.tensors()) stored += t.bytes;
    CHECK(total == stored);
    CHECK(last == total);
    CHECK(calls > m.weights.tensors().size());
    const auto stopped = ll::stage_weights::load(all_of(m), m.weights, [&](std::uint64_t, std::uint64_t) { return --calls > 5; });
    REQUIRE(!stopped);
    CHECK(stopped.error().code == ll::errc::cancelled);
  }

  TEST_CASE("a source that changed since the graph was built is refused") {
    const tiny_model m = model_maker(6).make(plain_shape());
    for (const int change : {0, 1, 2, 3}) {
      ll::operation_graph other = m.graph;
      auto& w = std::get<ll::embedding_operation>(other.operations.front().kind).table;
      if (change == 0) w.name = "gone";
      if (change == 1) w.rows += 1;
      if (change == 2) w.columns -= 32;
      if (change == 3) w.type = ll::dtype::f16;
      const auto loaded = ll::stage_weights::load(other.operations, m.weights);
      REQUIRE(!loaded);
      CHECK(loaded.error().code == ll::errc::malformed);
    }
  }
}
