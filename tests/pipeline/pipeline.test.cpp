// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/pipeline/pipeline.hpp>

#include <doctest/doctest.h>

#include <lingualinked/concepts/archetypes.hpp>
#include <lingualinked/transport/inproc.hpp>

#include "runtime/fake_model.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

/// Stages where a test wants them.
struct given_stages {
  std::vector<ll::stage_interval> stages;
  std::string reason;
  template <ll::Graph G>
  [[nodiscard]] ll::result<ll::placement> partition(const ll::problem<G>&) const {
    ll::placement p;
    p.stages = stages;
    p.reason = reason;
    return p;
  }
};
static_assert(ll::Partitioner<given_stages>);

using pipeline = ll::pipeline<fake::model, given_stages, ll::inproc_transport, fake::executor>;

ll::result<pipeline> make(const fake::model& m, const given_stages& partitioner, std::size_t devices = 3) {
  ll::fleet fleet;
  fleet.devices.resize(devices);
  ll::planning_options options;
  options.context_tokens = 64;
  ll::inproc_hub hub;
  std::vector<ll::peer_id> made;
  return pipeline::make(
      m, partitioner, fleet, options,
      [&](ll::peer_id self) -> ll::result<ll::inproc_transport> {
        ll::inproc_transport end(hub);
        if (auto heard = end.listen(std::to_string(self)); !heard) return heard.error();
        for (const ll::peer_id other : made)
          if (auto connected = end.connect(self, other, std::to_string(other)); !connected) return connected.error();
        made.push_back(self);
        return end;
      },
      [&](const ll::control::deploy& plan, const ll::load_progress&) {
        return ll::made_executor<fake::executor>{fake::executor(m, plan), 1, fake::vocabulary, 0};
      });
}

}  // namespace

TEST_SUITE("pipeline/pipeline") {
  TEST_CASE("the archetypes compose, so nothing is asked for that the concepts do not say") {
    using least =
        ll::pipeline<ll::archetypes::graph, ll::archetypes::partitioner, ll::archetypes::transport, ll::archetypes::executor>;
    const auto none = least::make(
        {}, {}, {}, {}, [](ll::peer_id) { return ll::archetypes::transport{}; },
        [](const ll::control::deploy&, const ll::load_progress&) { return ll::made_executor<ll::archetypes::executor>{}; });
    REQUIRE(!none);
    CHECK(none.error().code == ll::errc::infeasible);
  }

  TEST_CASE("a plan of any partitioner gives the tokens of the undivided graph, residual edges and all") {
    fake::model m(7);
    m.add_edge(0, 3);
    m.add_edge(1, 6);
    m.add_edge(1, 5);
    ll::sequence_options options;
    options.prompt.assign(40, 3);
    options.max_tokens = 10;
    for (const auto& stages :
         std::vector<std::vector<ll::stage_interval>>{{{0, 0, 6}}, {{2, 0, 3}, {0, 4, 6}}, {{1, 0, 1}, {2, 2, 4}, {0, 5, 6}}}) {
      CAPTURE(stages.size());
      auto p = make(m, {stages, ""});
      if (!p) FAIL(p.error().message);
      CHECK(p->plan().stages == stages);
      CHECK(p->generate(options)->tokens == m.generate(options));
      std::size_t rows = 0;
      CHECK(p->logits({1, 2, 3}, [&](std::uint32_t, std::uint32_t width, auto values) { rows += values.size() / width; }));
      CHECK(rows == 3);
    }
  }

  TEST_CASE("no plan, a plan that leaves modules out, and a device that is not there are errors") {
    const fake::model m(4);
    const auto none = make(m, {{}, "nobody has room"});
    REQUIRE(!none);
    CHECK(none.error() == ll::error{ll::errc::infeasible, "nobody has room"});
    CHECK(make(m, {{{0, 0, 2}}, ""}).error().code == ll::errc::invalid_argument);
    CHECK(make(m, {{{3, 0, 3}}, ""}).error().code == ll::errc::internal);
  }
}
