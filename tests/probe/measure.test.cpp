// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/probe/measure.hpp>

#include <doctest/doctest.h>

#include <lingualinked/documents/profile.hpp>
#include <lingualinked/probe/module_kinds.hpp>

#include "execution/fixture.hpp"

#include <set>
#include <string>
#include <vector>

namespace ll = lingualinked;
using test_support::golden_model;

namespace {

ll::measure_options little() {
  ll::measure_options o;
  o.decode_repeats = 3;
  o.budget_seconds = 0.05;
  o.build = "test";
  o.isa = "any";
  o.kv_type = ll::dtype::f32;
  return o;
}

}  // namespace

TEST_SUITE("probe/measure") {
  TEST_CASE("modules are of one kind when they do the same work on the same sizes") {
    const golden_model m("llama-gqa");
    const auto modules = m.model.modules(ll::dtype::f32);
    const auto kinds = ll::find_module_kinds(m.model.graph(), modules);
    const std::size_t count = modules.node_count();
    REQUIRE(kinds.of_modules.size() == count);
    CHECK(kinds.names.size() >= 4);  // embedding, attention, feed-forward, head
    CHECK(std::set<std::uint32_t>(kinds.of_modules.begin(), kinds.of_modules.end()).size() == kinds.names.size());
    CHECK(kinds.of_modules[0] != kinds.of_modules[1]);
    CHECK(kinds.of_modules[1] != kinds.of_modules[2]);
    for (std::uint32_t u = 0; u < count; ++u)
      for (std::uint32_t v = 0; v < u; ++v)
        if (kinds.of_modules[u] == kinds.of_modules[v]) CHECK(modules.cost(u).flops_per_token == modules.cost(v).flops_per_token);
  }
  TEST_CASE("every kind of module gets times, and the profile is one that files can hold") {
    const golden_model m("llama-gqa");
    double last = 0;
    const auto made = ll::measure_model(m.model, little(), [&](double share) {
      last = share;
      return true;
    });
    REQUIRE_MESSAGE(made.has_value(), made.error().message);
    const ll::device_profile& p = made->profile;
    CHECK(last > 0);
    CHECK(p.model_sha256 == m.model.sha256().value());
    CHECK(p.kv_dtype == "f32");
    CHECK(p.module_kind.size() == m.model.modules(ll::dtype::f32).node_count());
    for (const auto& kind : p.kinds) {
      CAPTURE(kind.name);
      CHECK(kind.decode_seconds + kind.decode_seconds_per_context_token > 0);
      CHECK_FALSE(kind.prefill.empty());
      REQUIRE(kind.batches.size() == 3);
      CHECK(kind.batches[0].sequences == 2);
      CHECK(kind.batches[2].sequences == 8);
      if (kind.name != "embedding") CHECK(kind.batches[2].seconds > 0);
    }
    CHECK(made->compute_flops_per_second > 0);
    CHECK(p.residuals.size() > 1);
    CHECK(ll::read_profile(ll::to_json(p).dump()).value() == p);
  }
  TEST_CASE("a model larger than memory is measured part by part") {
    const golden_model m("llama-gqa");
    auto o = little();
    o.memory_bytes = 1;
    const auto made = ll::measure_model(m.model, o);
    REQUIRE_MESSAGE(made.has_value(), made.error().message);
    for (const auto& kind : made->profile.kinds) CHECK(kind.decode_seconds + kind.decode_seconds_per_context_token > 0);
  }
  TEST_CASE("it stops when it is told to") {
    const golden_model m("llama-gqa");
    const auto made = ll::measure_model(m.model, little(), [](double share) { return share < 0.2; });
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == ll::errc::cancelled);
  }
}
