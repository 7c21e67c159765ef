// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/runtime/checks.hpp>

#include <doctest/doctest.h>

#include "fake_model.hpp"

#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace ll = lingualinked;

namespace {

ll::control::deploy good_plan() {
  fake::model m(8);
  m.add_edge(1, 6);
  return ll::deploy_for(fake::plan_of(m, {3, 5}), 1);
}

}  // namespace

TEST_SUITE("runtime/checks") {
  TEST_CASE("a good plan passes for its receiver and nobody else") {
    const auto d = good_plan();
    CHECK(ll::check_deploy(d, d.stages[1].peer));
    CHECK(!ll::check_deploy(d, d.stages[0].peer));
  }

  TEST_CASE("every way to break a plan is refused, with words that name it") {
    struct broken {
      std::string words;
      ll::errc code;
      std::function<void(ll::control::deploy&)> how;
    };
    const auto protocol = ll::errc::protocol;
    const auto limit = ll::errc::limit;
    const auto most = std::numeric_limits<std::uint32_t>::max();
    const std::vector<broken> ways{
        {"has no stages", protocol, [](auto& d) { d.stages.clear(); }},
        {"65 stages", limit, [](auto& d) { d.stages.resize(65); }},
        {"cannot be stage 3", protocol, [](auto& d) { d.stage = 3; }},
        {"0 modules", limit, [](auto& d) { d.module_count = 0; }},
        {"4294967295 modules", limit, [&](auto& d) { d.module_count = most; }},
        {"to nobody", protocol, [](auto& d) { d.stages[2].peer = 0; }},
        {"to the same worker", protocol, [](auto& d) { d.stages[2].peer = d.stages[0].peer; }},
        {"gives modules 1..2 to stage 0", protocol, [](auto& d) { d.stages[0].first_module = 1; }},
        {"to stage 1, which should begin with 3", protocol, [](auto& d) { d.stages[1].first_module = 4; }},
        {"to stage 1, which should begin with 3", protocol, [](auto& d) { d.stages[1].first_module = 2; }},
        {"to stage 1, which should begin with 3", protocol, [](auto& d) { d.stages[1].last_module = 2; }},
        {"end below 8", protocol, [](auto& d) { d.stages[2].last_module = 8; }},
        {"to stage 1", protocol, [&](auto& d) { d.stages[0].last_module = 7; }},
        {"leaves out the modules from 7 to 7", protocol, [](auto& d) { d.stages[2].last_module = 6; }},
        {"dtype 2", protocol, [](auto& d) { d.kv_dtype = 2; }},
        {"context of 0", limit, [](auto& d) { d.context_tokens = 0; }},
        {"context of 4294967295", limit, [&](auto& d) { d.context_tokens = most; }},
        {"wants 0 sequences", limit, [](auto& d) { d.sequences = 0; }},
        {"sequences", limit, [&](auto& d) { d.sequences = most; }},
        {"batches of 0", limit, [](auto& d) { d.chunk_tokens = 0; }},
        {"batches of", limit, [&](auto& d) { d.chunk_tokens = most; }},
        {"transmissions", limit, [](auto& d) { d.transmissions.resize(ll::limits::max_transmissions + 1); }},
        {"from stage 2 to stage 2", protocol, [](auto& d) { d.transmissions[0].from_stage = 2; }},
        {"to stage 3 of 3", protocol, [](auto& d) { d.transmissions[0].to_stage = 3; }},
        {"made by module 3", protocol, [](auto& d) { d.transmissions[0].producer_module = 3; }},
        {"for module 4, which it does not run", protocol, [](auto& d) { d.transmissions[0].consumer_module = 4; }},
        {"0 bytes per token", protocol, [](auto& d) { d.transmissions[0].bytes_per_token = 0; }},
        {"6 bytes per token", protocol, [](auto& d) { d.transmissions[0].bytes_per_token = 6; }},
        {"would exceed frames", limit, [](auto& d) { d.transmissions[0].bytes_per_token = std::uint64_t{1} << 62; }},
        {"sends nothing to stage 1", protocol,
         [](auto& d) { std::erase_if(d.transmissions, [](auto& t) { return t.to_stage == 1; }); }},
    };
    for (const broken& way : ways) {
      CAPTURE(way.words);
      auto d = good_plan();
      const ll::peer_id self = d.stages[1].peer;
      way.how(d);
      const auto checked = ll::check_deploy(d, self);
      REQUIRE(!checked);
      CHECK(checked.error().code == way.code);
      CAPTURE(checked.error().message);
      CHECK(checked.error().message.find(way.words) != std::string::npos);
    }
  }

  TEST_CASE("a request is admitted with what fits into the context") {
    ll::sequence_options o;
    o.prompt = {1, 2, 3};
    o.max_tokens = 100;
    CHECK(ll::admit(o, 10)->max_tokens == 7);
    o.max_tokens = 5;
    CHECK(ll::admit(o, 10)->max_tokens == 5);
    CHECK(ll::admit(o, 3).error().code == ll::errc::limit);
    o.max_tokens = 0;
    CHECK(ll::admit(o, 3)->max_tokens == 0);
    CHECK(ll::admit(o, 2).error().code == ll::errc::limit);
    o.prompt = {1, -1};
    CHECK(ll::admit(o, 10).error().code == ll::errc::invalid_argument);
    o.prompt.clear();
    CHECK(ll::admit(o, 10).error().code == ll::errc::invalid_argument);
    for (float ll::sampling_parameters::*field : {&ll::sampling_parameters::temperature, &ll::sampling_parameters::top_p,
                                                  &ll::sampling_parameters::min_p, &ll::sampling_parameters::repeat_penalty,
                                                  &ll::sampling_parameters::typical_p, &ll::sampling_parameters::mirostat_tau}) {
      for (const float value : {-1.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        ll::sequence_options bad;
        bad.prompt = {1};
        bad.sampling.*field = value;
        CHECK(ll::admit(bad, 10).error().code == ll::errc::invalid_argument);
      }
    }
  }
}
