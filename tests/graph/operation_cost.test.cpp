// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/graph/operation_cost.hpp>

#include <doctest/doctest.h>

namespace ll = lingualinked;

TEST_SUITE("graph/operation_cost") {
  TEST_CASE("an embedding keeps its table and reads one row") {
    const ll::operation op{ll::embedding_operation{{"t", ll::dtype::q4_1, 100, 64, 4000}, 1}, {}, 64, true, ""};
    const ll::node_cost expected{.weight_bytes = 4000, .read_bytes_per_token = 40};
    CHECK(ll::cost_of(op, 2) == expected);
    const ll::operation positions{ll::position_embedding_operation{{"p", ll::dtype::f16, 50, 64, 6400}, 2}, {0}, 64, true, ""};
    const ll::node_cost row{.weight_bytes = 6400, .read_bytes_per_token = 128};
    CHECK(ll::cost_of(positions, 2) == row);
    // A table without rows is nobody's, but costs nothing rather than a division by zero.
    CHECK(ll::cost_of({ll::embedding_operation{}, {}, 0, false, ""}, 2) == ll::node_cost{});
  }
  TEST_CASE("a linear layer multiplies and adds once for each weight, and reads weights and bias") {
    const ll::operation op{
        ll::linear_operation{{"w", ll::dtype::f16, 30, 20, 1280}, {"b", ll::dtype::f32, 1, 30, 120}}, {0}, 30, false, ""};
    const ll::node_cost expected{.flops_per_token = 1200, .weight_bytes = 1400, .read_bytes_per_token = 1400};
    CHECK(ll::cost_of(op, 2) == expected);
  }
  TEST_CASE("attention costs flops and cache for every token of context") {
    const ll::operation op{ll::attention_operation{.heads = 9, .kv_heads = 3, .head_size = 64}, {0, 1, 2}, 576, false, ""};
    // q k^T and p v: 2 flops each for every head and element; keys and values of 3 heads.
    const ll::node_cost expected{.flops_per_token_and_context_token = 2.0 * 2 * 9 * 64,
                                 .kv_bytes_per_context_token = 2 * 3 * 64 * 4};
    CHECK(ll::cost_of(op, 4) == expected);
    CHECK(ll::cost_of(op, 2).kv_bytes_per_context_token == 2 * 3 * 64 * 2);
  }
  TEST_CASE("norms cost their weights, and what only moves numbers costs nothing") {
    const ll::operation norm{ll::rms_norm_operation{{"n", ll::dtype::f32, 1, 64, 256}, 1e-5F, 0}, {0}, 64, false, ""};
    const ll::node_cost expected{.weight_bytes = 256, .read_bytes_per_token = 256};
    CHECK(ll::cost_of(norm, 2) == expected);
    const ll::operation centred{
        ll::layer_norm_operation{{"n", ll::dtype::f32, 1, 64, 256}, {"b", ll::dtype::f32, 1, 64, 256}, 1e-5F},
        {0},
        64,
        false,
        ""};
    const ll::node_cost twice{.weight_bytes = 512, .read_bytes_per_token = 512};
    CHECK(ll::cost_of(centred, 2) == twice);
    for (const ll::operation_kind& kind :
         {ll::operation_kind(ll::select_operation{}),
          ll::operation_kind(ll::rope_operation{.head_size = 8, .rotary = 8, .divisors = {}}),
          ll::operation_kind(ll::gated_operation{}), ll::operation_kind(ll::activation_operation{}),
          ll::operation_kind(ll::soft_cap_operation{}), ll::operation_kind(ll::add_operation{})})
      CHECK(ll::cost_of({kind, {0}, 8, false, ""}, 2) == ll::node_cost{});
  }
  TEST_CASE("costs add up field by field") {
    const ll::node_cost a{1, 2, 3, 4, 5};
    const ll::node_cost b{10, 20, 30, 40, 50};
    const ll::node_cost sum{11, 22, 33, 44, 55};
    CHECK(a + b == sum);
  }
}
