// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/kernels/table.hpp>

#include "support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace kernel_tests;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr ll::activation_kind activations[] = {ll::activation_kind::silu, ll::activation_kind::gelu_tanh,
                                               ll::activation_kind::gelu, ll::activation_kind::relu};
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_SUITE("kernels/rows") {
  TEST_CASE("rounding to 8 bits follows its definition") {
    draws random(31);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      std::vector<float> x = random.floats(5 * 99, -3, 3);
      for (std::size_t i = 0; i < 32; ++i) x[99 + i] = 0;
      rounded_rows r(5, 96);
      t->quantise(x.data(), 99, 5, 96, r.view());
      for (std::size_t b = 0; b < 15; ++b) {
        const float* block = x.data() + b / 3 * 99 + b % 3 * 32;
        float a = 0;
        for (std::size_t i = 0; i < 32; ++i) a = std::max(a, std::abs(block[i]));
        CHECK(r.d[b] == a / 127.0F);
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < 32; ++i) {
          const double scaled = a == 0 ? 0 : static_cast<double>(block[i] * (127.0F / a));
          CHECK(r.q[b * 32 + i] == static_cast<int>(std::nearbyint(std::clamp(scaled, -127.0, 127.0))));
          sum += r.q[b * 32 + i];
        }
        CHECK(r.sum[b] == sum);
      }
    }
  }

  TEST_CASE("rounding ends at 2^-100 and lets nothing non-finite hide") {
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      const auto round = [&](float first, float rest) {
        std::vector<float> x(32, rest);
        x[7] = first;
        rounded_rows r(1, 32);
        t->quantise(x.data(), 32, 1, 32, r.view());
        return r;
      };
      CHECK(round(0x1p-100F, 0).d[0] == 0x1p-100F / 127.0F);
      CHECK(round(0x1p-100F, 0).q[7] == 127);
      CHECK(round(0x1.fffffep-101F, 0x1p-140F).d[0] == 0.0F);
      CHECK(round(-0x1.fffffep-101F, 0x1p-140F).q[7] == 0);
      CHECK(round(1.0F, 0x1p-140F).q[0] == 0);
      CHECK(round(-2.0F, 2.0F).q[7] == -127);
      CHECK(round(-2.0F, 2.0F).sum[0] == 30 * 127);
      CHECK(round(std::numeric_limits<float>::max(), 1).q[7] == 127);
      CHECK(round(infinity, 1).d[0] == infinity);
      CHECK(std::isnan(round(not_a_number, 1).d[0]));
      CHECK(std::isnan(round(-not_a_number, infinity).d[0]));
    }
  }

  TEST_CASE("every instruction set gives the bits of the scalar contract") {
    const std::uint64_t seed = 32;
    CAPTURE(seed);
    draws random(seed);
    const std::vector<const lk::table*> all = tables();
    for (const std::size_t n : sizes{1, 7, 8, 15, 16, 17, 31, 33, 64, 100, 576, 1536}) {
      CAPTURE(n);
      std::vector<float> x = random.floats(n, -30, 30);
      const std::vector<float> w = random.floats(n, -2, 2);
      for (std::size_t i = 0; i < n; i += 9) x[i] = random.in(-100, 100);
      for (const lk::table* t : all) {
        CAPTURE(t->name);
        std::vector<float> got(n), expected(n);
        t->rms_norm(x.data(), w.data(), 1e-5F, n, got.data());
        all[0]->rms_norm(x.data(), w.data(), 1e-5F, n, expected.data());
        CHECK(difference(got, expected) == "");
        t->silu_multiply(x.data(), w.data(), n, got.data());
        all[0]->silu_multiply(x.data(), w.data(), n, expected.data());
        CHECK(difference(got, expected) == "");
        for (const float* bias : {w.data(), static_cast<const float*>(nullptr)}) {
          t->layer_norm(x.data(), x.data(), bias, 1e-5F, n, got.data());
          all[0]->layer_norm(x.data(), x.data(), bias, 1e-5F, n, expected.data());
          CHECK(difference(got, expected) == "");
        }
        got = expected = x;
        t->add_scaled(w.data(), 0.7F, n, got.data());
        for (std::size_t i = 0; i < n; ++i) expected[i] = std::fma(0.7F, w[i], x[i]);
        CHECK(difference(got, expected) == "");
        t->soft_cap(x.data(), 2.5F, n, got.data());
        all[0]->soft_cap(x.data(), 2.5F, n, expected.data());
        CHECK(difference(got, expected) == "");
        for (const auto kind : activations) {
          t->activate(kind, x.data(), n, got.data());
          all[0]->activate(kind, x.data(), n, expected.data());
          CHECK(difference(got, expected) == "");
        }
        got = x;
        t->rms_norm(got.data(), w.data(), 1e-5F, n, got.data());
        t->silu_multiply(got.data(), got.data(), n, got.data());
        expected = x;
        all[0]->rms_norm(expected.data(), w.data(), 1e-5F, n, expected.data());
        all[0]->silu_multiply(expected.data(), expected.data(), n, expected.data());
        CHECK(difference(got, expected) == "");
        for (const std::size_t half : {n / 2, n / 3}) {
          const std::vector<float> heads = random.floats(3 * n);
          got = heads;
          t->rope(got.data(), 3, n, half, x.data(), w.data());
          expected = heads;
          all[0]->rope(expected.data(), 3, n, half, x.data(), w.data());
          CHECK(difference(got, expected) == "");
        }
        rounded_rows a(2, 1568), b(2, 1568);
        const std::vector<float> rows = random.floats(2 * 1568, -1 / static_cast<double>(n), 1);
        t->quantise(rows.data(), 1568, 2, 1568, a.view());
        all[0]->quantise(rows.data(), 1568, 2, 1568, b.view());
        CHECK(a.q == b.q);
        CHECK(difference(a.d, b.d) == "");
        CHECK(a.sum == b.sum);
        CHECK(t->argmax(x.data(), n) == all[0]->argmax(x.data(), n));
      }
    }
  }

  TEST_CASE("the activation of every size of gate has the scalar bits") {
    const std::vector<const lk::table*> all = tables();
    std::vector<float> gate;
    for (std::uint32_t bits = 0; bits < 0x7F800000U; bits += 100'003) {
      gate.push_back(std::bit_cast<float>(bits));
      gate.push_back(std::bit_cast<float>(bits | 0x80000000U));
    }
    for (int i = -2000; i < 2000; ++i) gate.push_back(-87.33F + 0.00001F * static_cast<float>(i));
    for (const float x : {infinity, -infinity, 0.0F, -0.0F, 88.7F, 88.8F}) gate.push_back(x);
    const std::vector<float> up(gate.size(), 1.5F);
    std::vector<float> expected(gate.size()), got(gate.size());
    all[0]->silu_multiply(gate.data(), up.data(), gate.size(), expected.data());
    for (const lk::table* t : all) {
      CAPTURE(t->name);
      t->silu_multiply(gate.data(), up.data(), gate.size(), got.data());
      CHECK(difference(got, expected) == "");
    }
    for (const auto kind : activations) {
      CAPTURE(static_cast<int>(kind));
      all[0]->activate(kind, gate.data(), gate.size(), expected.data());
      for (const lk::table* t : all) {
        CAPTURE(t->name);
        got = gate;
        t->activate(kind, got.data(), got.size(), got.data());
        CHECK(std::equal(got.begin(), got.end(), expected.begin(), [](float a, float b) {
          return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
        }));
      }
    }
  }

  TEST_CASE("no activation hides a number that is not one") {
    for (const lk::table* t : tables())
      for (const auto kind : activations) {
        std::vector<float> x(19, not_a_number);
        t->activate(kind, x.data(), x.size(), x.data());
        CHECK(std::all_of(x.begin(), x.end(), [](float v) { return std::isnan(v); }));
      }
  }

  TEST_CASE("layer norm and activations are close to double precision") {
    draws random(34);
    const std::size_t n = 331;
    const std::vector<float> x = random.floats(n, -6, 9), w = random.floats(n), b = random.floats(n);
    double mean = 0, variance = 0;
    for (const float v : x) mean += double{v} / static_cast<double>(n);
    for (const float v : x) variance += (double{v} - mean) * (double{v} - mean) / static_cast<double>(n);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      std::vector<float> norm(n);
      t->layer_norm(x.data(), w.data(), b.data(), 1e-5F, n, norm.data());
      for (std::size_t i = 0; i < n; ++i)
        CHECK(std::abs(double{norm[i]} - ((double{x[i]} - mean) / std::sqrt(variance + 1e-5) * double{w[i]} + double{b[i]})) <
              1e-6);
      std::vector<float> capped(n);
      t->soft_cap(x.data(), 3, n, capped.data());
      for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(double{capped[i]} - 3 * std::tanh(double{x[i]} / 3)) < 1e-6);
      for (const auto kind : activations) {
        CAPTURE(static_cast<int>(kind));
        std::vector<float> y(n);
        t->activate(kind, x.data(), n, y.data());
        for (std::size_t i = 0; i < n; ++i) {
          const double v = x[i];
          double expected = std::max(v, 0.0);
          if (kind == ll::activation_kind::silu) expected = v / (1 + std::exp(-v));
          if (kind == ll::activation_kind::gelu) expected = v * std::erfc(-v / std::sqrt(2.0)) / 2;
          if (kind == ll::activation_kind::gelu_tanh)
            expected = v * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (v + 0.044715 * v * v * v))) / 2;
          CHECK(std::abs(double{y[i]} - expected) < 1e-6 * std::max(1.0, std::abs(v)));
        }
      }
    }
  }

  TEST_CASE("norm, activation and rotation are close to double precision") {
    draws random(33);
    const std::size_t n = 576;
    const std::vector<float> x = random.floats(n, -4, 4), w = random.floats(n), c = random.floats(n), s = random.floats(n);
    for (const lk::table* t : tables()) {
      std::vector<float> norm(n), silu(n), turned = x;
      t->rms_norm(x.data(), w.data(), 1e-5F, n, norm.data());
      t->silu_multiply(x.data(), w.data(), n, silu.data());
      t->rope(turned.data(), 1, n, n / 2, c.data(), s.data());
      double square = 0;
      for (const float v : x) square += static_cast<double>(v) * static_cast<double>(v);
      const double r = 1 / std::sqrt(square / static_cast<double>(n) + 1e-5);
      for (std::size_t i = 0; i < n; ++i) {
        const auto xi = static_cast<double>(x[i]);
        const auto wi = static_cast<double>(w[i]);
        CHECK(static_cast<double>(norm[i]) == doctest::Approx(xi * r * wi).epsilon(1e-6));
        CHECK(static_cast<double>(silu[i]) == doctest::Approx(xi / (1 + std::exp(-xi)) * wi).epsilon(1e-6));
      }
      for (std::size_t i = 0; i < n / 2; ++i) {
        const double a = static_cast<double>(x[i]), b = static_cast<double>(x[i + n / 2]);
        const double ci = static_cast<double>(c[i]), si = static_cast<double>(s[i]);
        CHECK(std::abs(static_cast<double>(turned[i]) - (a * ci - b * si)) < 1e-6);
        CHECK(std::abs(static_cast<double>(turned[i + n / 2]) - (b * ci + a * si)) < 1e-6);
      }
    }
  }

  TEST_CASE("rotation leaves what lies past the rotated part") {
    for (const lk::table* t : tables()) {
      std::vector<float> x(2 * 80, 3.0F);
      const std::vector<float> c(32, 0.0F), s(32, 1.0F);
      t->rope(x.data(), 2, 80, 32, c.data(), s.data());
      for (std::size_t i = 0; i < 160; ++i) CHECK(x[i] == (i % 80 < 32 ? -3.0F : 3.0F));
    }
  }

  TEST_CASE("exponentials of doubles are those of the scalar contract, at and beyond the ends of the range too") {
    draws random(46);
    std::vector<double> x{0.0,
                          -0.0,
                          1.0,
                          -1.0,
                          709.7,
                          709.79,
                          -708.3,
                          -708.5,
                          -745.0,
                          1e300,
                          -1e300,
                          std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN()};
    for (const float f : random.floats(5000, -100, 100)) x.push_back(double{f} * 1.1);
    std::vector<double> expected = x;
    for (double& e : expected) e = ll::elementary::exp(e);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      std::vector<double> got = x;
      t->exponentials(got.data(), got.size());
      CHECK(difference(std::span<const double>(got), std::span<const double>(expected)) == "");
      t->exponentials(nullptr, 0);
    }
  }

  TEST_CASE("argmax finds the lowest index of the largest value and refuses what is not finite") {
    draws random(34);
    for (const lk::table* t : tables()) {
      CAPTURE(t->name);
      CHECK(t->argmax(nullptr, 0) == 0);
      for (const std::size_t n : sizes{1, 5, 16, 17, 100}) {
        std::vector<float> x = random.floats(n);
        const std::size_t at = random.below(n);
        x[at] = 2;
        CHECK(t->argmax(x.data(), n) == at);
        x[n - 1] = 2;
        CHECK(t->argmax(x.data(), n) == at);
        for (const float bad : {infinity, -infinity, not_a_number, -not_a_number}) {
          std::vector<float> y = x;
          y[random.below(n)] = bad;
          CHECK(t->argmax(y.data(), n) == n);
        }
      }
      std::vector<float> zeros(40, -0.0F);
      zeros[20] = 0.0F;
      CHECK(t->argmax(zeros.data(), 40) == 0);
      std::vector<float> negative(40, -std::numeric_limits<float>::max());
      CHECK(t->argmax(negative.data(), 40) == 0);
      negative[39] = -1;
      CHECK(t->argmax(negative.data(), 40) == 39);
    }
  }
}
