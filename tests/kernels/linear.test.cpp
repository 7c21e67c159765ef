// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/kernels/table.hpp>

#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace kernel_tests;

namespace {

// One linear layer with everything it needs.
struct layer {
  lk::panels weights;
  std::vector<float> x;
  rounded_rows rounded;
  std::vector<float> bias;
  std::vector<float> residual;
  std::size_t tokens = 0;
  std::size_t x_stride = 0;

  layer(draws& random, ll::dtype type, std::size_t rows, std::size_t columns, std::size_t t)
      : weights(random_panels(random, type, rows, columns)),
        x(random.floats(t * (columns + 3), -2, 2)),
        rounded(t, columns),
        bias(random.floats(rows)),
        residual(random.floats(t * rows)),
        tokens(t),
        x_stride(columns + 3) {
    if (columns % 32 == 0) lk::table_for(lk::isa::scalar).value()->quantise(x.data(), x_stride, t, columns, rounded.view());
  }

  lk::linear_call call(std::vector<float>& out, bool with_bias, bool with_residual) {
    const lk::panel_view w = weights.view();
    return {.weights = w,
            .panel_begin = 0,
            .panel_end = w.panels(),
            .input = {.x = x.data(), .x_stride = x_stride, .rounded = rounded.view(), .rows = tokens},
            .out = out.data(),
            .out_stride = w.rows,
            .bias = with_bias ? bias.data() : nullptr,
            .residual = with_residual ? residual.data() : nullptr,
            .residual_stride = w.rows};
  }
  std::vector<float> run(const lk::table& t, bool with_bias = false, bool with_residual = false) {
    std::vector<float> out(tokens * weights.view().rows, -7);
    t.linear(call(out, with_bias, with_residual));
    return out;
  }
};

}  // namespace

TEST_SUITE("kernels/linear") {
  TEST_CASE("the contract is close to the exact product of what the weights decode to") {
    const std::uint64_t seed = 21;
    CAPTURE(seed);
    draws random(seed);
    for (const ll::dtype type : weight_types) {
      CAPTURE(ll::name_of(type));
      layer l(random, type, 19, 768, 3);
      const std::vector<float> out = l.run(*lk::table_for(lk::isa::scalar).value());
      double worst = 0;
      for (std::size_t n = 0; n < 19; ++n) {
        const std::vector<float> w = decoded_row(l.weights.view(), n);
        for (std::size_t t = 0; t < 3; ++t) {
          double exact = 0;
          double size = 0;
          for (std::size_t k = 0; k < 768; ++k) {
            // Quantised weights meet the rounded activations: their rounding is not this kernel's error.
            const double a = ll::is_quantised(type) ? static_cast<double>(l.rounded.d[t * 24 + k / 32]) *
                                                          static_cast<double>(l.rounded.q[t * 768 + k])
                                                    : static_cast<double>(l.x[t * l.x_stride + k]);
            exact += static_cast<double>(w[k]) * a;
            size += std::abs(static_cast<double>(w[k]) * a);
          }
          worst = std::max(worst, std::abs(static_cast<double>(out[t * 19 + n]) - exact) / size);
        }
      }
      // A chain of n roundings errs by at most n * 2^-24 of the sum of magnitudes, and far less in practice.
      CHECK(worst < 64 * 0x1p-24);
    }
  }

  TEST_CASE("every instruction set gives the bits of the scalar contract") {
    const std::uint64_t seed = 22;
    CAPTURE(seed);
    draws random(seed);
    const std::vector<const lk::table*> all = tables();
    for (const ll::dtype type : weight_types) {
      const std::size_t block = ll::facts_of(type).block_elements;
      for (const std::size_t tokens : sizes{1, 2, 3, 4, 5, 7, 8, 9, 16, 21, 40, 67}) {
        std::vector<std::size_t> widths{32, 64, 96, 576};
        if (block == 256) widths = {256, 768};
        if (block == 1) widths = {1, 31, 64, 577};
        const std::size_t columns = widths[random.below(widths.size())];
        const std::size_t rows = 1 + random.below(tokens > 16 ? 40 : 150);
        CAPTURE(ll::name_of(type));
        CAPTURE(tokens);
        CAPTURE(columns);
        CAPTURE(rows);
        layer l(random, type, rows, columns, tokens);
        const bool with_bias = random.below(2) == 0;
        const bool with_residual = random.below(2) == 0;
        const std::vector<float> expected = l.run(*all[0], with_bias, with_residual);
        for (std::size_t i = 1; i < all.size(); ++i) {
          CAPTURE(all[i]->name);
          CHECK(difference(l.run(*all[i], with_bias, with_residual), expected) == "");
        }
      }
    }
  }

  TEST_CASE("rows of 2048 numbers, tokens of more than one pack and an odd number of rows give the scalar bits too") {
    const std::uint64_t seed = 29;
    CAPTURE(seed);
    draws random(seed);
    const std::vector<const lk::table*> all = tables();
    for (const ll::dtype type : {ll::dtype::q4_1, ll::dtype::q8_0, ll::dtype::q6_k, ll::dtype::f16}) {
      CAPTURE(ll::name_of(type));
      layer l(random, type, 129, 2048, 66);
      const std::vector<float> expected = l.run(*all[0], true, true);
      for (std::size_t i = 1; i < all.size(); ++i) {
        CAPTURE(all[i]->name);
        CHECK(difference(l.run(*all[i], true, true), expected) == "");
      }
    }
  }

  TEST_CASE("weights and activations at the ends of their ranges stay exact") {
    draws random(23);
    const std::vector<const lk::table*> all = tables();
    for (const ll::dtype type : weight_types) {
      if (!ll::is_quantised(type)) continue;
      CAPTURE(ll::name_of(type));
      for (const int fill : {0x00, 0x7F, 0x80, 0xFF}) {
        layer l(random, type, 16, 512, 9);
        for (std::size_t r = 0; r < 16; ++r) {
          // Codes all alike, scales kept finite by taking a random row's.
          std::vector<std::byte> row = random_row(random, type, 512);
          const std::vector<std::byte> scales = row;
          const std::size_t bytes = ll::facts_of(type).block_bytes;
          for (std::size_t i = 0; i < row.size(); ++i) {
            const std::size_t at = i % bytes;
            const bool front = at < 4;
            const bool back = at + 4 >= bytes;
            row[i] = front || back ? scales[i] : static_cast<std::byte>(fill);
          }
          l.weights.set_row(r, row);
        }
        for (std::size_t i = 0; i < l.rounded.q.size(); ++i) l.rounded.q[i] = i / 512 % 2 == 0 ? 127 : -127;
        for (std::size_t b = 0; b < l.rounded.sum.size(); ++b) l.rounded.sum[b] = b / 16 % 2 == 0 ? 32 * 127 : -32 * 127;
        const std::vector<float> expected = l.run(*all[0]);
        for (const lk::table* t : all) {
          CAPTURE(t->name);
          CHECK(difference(l.run(*t), expected) == "");
        }
      }
    }
  }

  TEST_CASE("an output does not depend on which panels and tokens are computed together") {
    draws random(24);
    for (const ll::dtype type : {ll::dtype::q4_1, ll::dtype::q8_0, ll::dtype::q6_k, ll::dtype::f16}) {
      for (const lk::table* t : tables()) {
        CAPTURE(ll::name_of(type));
        CAPTURE(t->name);
        layer l(random, type, 100, 512, 37);
        const std::vector<float> expected = l.run(*t, true, true);
        std::vector<float> out(expected.size());
        for (std::size_t token = 0; token < 37;) {
          const std::size_t count = std::min<std::size_t>(37 - token, 1 + random.below(12));
          for (std::size_t panel = 0; panel < 7;) {
            const std::size_t end = std::min<std::size_t>(7, panel + 1 + random.below(3));
            lk::linear_call c = l.call(out, true, true);
            c.panel_begin = panel;
            c.panel_end = end;
            c.input.x += token * l.x_stride;
            c.input.rounded.q += token * 512;
            c.input.rounded.d += token * 16;
            c.input.rounded.sum += token * 16;
            c.input.rows = count;
            c.out += token * 100;
            c.residual += token * 100;
            t->linear(c);
            panel = end;
          }
          token += count;
        }
        CHECK(difference(out, expected) == "");
      }
    }
  }

  TEST_CASE("the residual may be the output itself, and rows outside the panels asked for stay") {
    draws random(25);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      layer l(random, ll::dtype::q5_1, 40, 96, 3);
      const std::vector<float> separate = l.run(*t, true, true);
      std::vector<float> out = l.residual;
      lk::linear_call c = l.call(out, true, true);
      c.residual = out.data();
      t->linear(c);
      CHECK(difference(out, separate) == "");
      std::vector<float> some(120, 5.0F);
      c = l.call(some, false, false);
      c.panel_begin = 1;
      c.panel_end = 2;
      t->linear(c);
      for (std::size_t i = 0; i < 120; ++i) CHECK((some[i] == 5.0F) == (i % 40 < 16 || i % 40 >= 32));
    }
  }

  TEST_CASE("a NaN or infinity among the activations reaches every output of its token") {
    draws random(26);
    for (const lk::table* t : tables()) {
      for (const ll::dtype type : {ll::dtype::q8_0, ll::dtype::q4_1, ll::dtype::q6_k, ll::dtype::f32}) {
        CAPTURE(t->name);
        CAPTURE(ll::name_of(type));
        for (const float poison : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
          layer l(random, type, 16, 256, 2);
          l.x[l.x_stride + 40] = poison;
          t->quantise(l.x.data(), l.x_stride, 2, 256, l.rounded.view());
          const std::vector<float> out = l.run(*t);
          for (std::size_t n = 0; n < 16; ++n) {
            CHECK(std::isfinite(out[n]));
            CHECK_FALSE(std::isfinite(out[16 + n]));
          }
        }
      }
    }
  }
}
