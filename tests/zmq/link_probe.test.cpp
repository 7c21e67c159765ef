// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/probe/link_probe.hpp>

#include <doctest/doctest.h>

#include <lingualinked/documents/control.hpp>
#include <lingualinked/pipeline/worker_loop.hpp>
#include <lingualinked/zmq/transport.hpp>

#include "runtime/fake_model.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace ll = lingualinked;

TEST_SUITE("zmq/link_probe") {
  TEST_CASE("the way to a worker is measured over ZeroMQ as well") {
    auto transport = ll::zmq_transport::open();
    REQUIRE(transport);
    const auto endpoint = transport->listen("tcp://127.0.0.1:0");
    REQUIRE(endpoint);
    const fake::model model(6);
    std::atomic<bool> stop = false;
    std::thread worker([&] {
      ll::serve_options options;
      options.identity = {"fake", 1, "fake"};
      const auto make = [&](const ll::control::deploy& plan,
                            const ll::load_progress&) -> ll::result<ll::made_executor<fake::executor>> {
        return ll::made_executor<fake::executor>{fake::executor(model, plan), 1, fake::vocabulary, 0};
      };
      CHECK(ll::serve<ll::json_control_codec>(*transport, make, options, stop));
    });
    {
      auto me = ll::zmq_transport::open();
      REQUIRE(me);
      ll::link_probe_options o;
      o.pings = 12;
      o.idle_gap = std::chrono::microseconds(100);
      o.answer_limit = std::chrono::seconds(60);
      const auto found = ll::probe_link<ll::json_control_codec>(*me, *endpoint, o);
      CHECK_MESSAGE(found.has_value(), (found ? std::string() : found.error().message));
      if (found) {
        CHECK(found->identity.model_fingerprint == "fake");
        CHECK(found->link.latency_seconds > 0);
        CHECK(found->link.bandwidth_there_bytes_per_second > 1e6);
      }
    }
    stop = true;
    transport->wake();
    worker.join();
  }
}
