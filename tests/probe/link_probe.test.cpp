// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/probe/link_probe.hpp>

#include <doctest/doctest.h>

#include <lingualinked/documents/control.hpp>
#include <lingualinked/pipeline/worker_loop.hpp>
#include <lingualinked/transport/inproc.hpp>

#include "runtime/fake_model.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace ll = lingualinked;

namespace {

ll::link_probe_options quick() {
  ll::link_probe_options o;
  o.pings = 12;
  o.idle_gap = std::chrono::microseconds(100);
  o.answer_limit = std::chrono::seconds(60);
  return o;
}

/// A worker in a thread of this process.
struct worker_thread {
  explicit worker_thread(const ll::inproc_hub& hub) : transport(hub) {
    REQUIRE(transport.listen("here"));
    thread = std::thread([this] {
      ll::serve_options options;
      options.identity = {"fake", 3, "fake"};
      const auto make = [this](const ll::control::deploy& plan,
                               const ll::load_progress&) -> ll::result<ll::made_executor<fake::executor>> {
        return ll::made_executor<fake::executor>{fake::executor(model, plan), 1, fake::vocabulary, 0};
      };
      ended_well = ll::serve<ll::json_control_codec>(transport, make, options, stop).has_value();
      transport.close();
    });
  }
  ~worker_thread() {
    stop = true;
    transport.wake();
    thread.join();
    CHECK(ended_well);
  }
  fake::model model{6};
  ll::inproc_transport transport;
  std::atomic<bool> stop = false;
  bool ended_well = false;
  std::thread thread;
};

}  // namespace

TEST_SUITE("probe/link_probe") {
  TEST_CASE("a worker that serves nobody echoes what measures the way to it, and serves the next afterwards") {
    const ll::inproc_hub hub;
    worker_thread worker(hub);
    for (int round = 0; round < 2; ++round) {
      CAPTURE(round);
      ll::inproc_transport me(hub);
      double share = 0;
      auto o = quick();
      o.progress = [&](double s) {
        share = s;
        return true;
      };
      const auto found = ll::probe_link<ll::json_control_codec>(me, "here", o);
      REQUIRE_MESSAGE(found.has_value(), found.error().message);
      CHECK(share == 1);
      CHECK(found->identity.threads == 3);
      CHECK(found->identity.isa == "fake");
      CHECK(found->link.bandwidth_there_bytes_per_second > 0);
      CHECK(found->link.bandwidth_back_bytes_per_second > 0);
      CHECK(found->link.latency_seconds >= 0);
    }
  }
  TEST_CASE("it stops when it is told to") {
    const ll::inproc_hub hub;
    worker_thread worker(hub);
    ll::inproc_transport me(hub);
    auto o = quick();
    o.progress = [](double) { return false; };
    CHECK(ll::probe_link<ll::json_control_codec>(me, "here", o).error().code == ll::errc::cancelled);
  }
  TEST_CASE("where nobody answers there is an error, not a wait for ever") {
    const ll::inproc_hub hub;
    ll::inproc_transport silent(hub);
    REQUIRE(silent.listen("here"));
    ll::inproc_transport me(hub);
    auto o = quick();
    o.answer_limit = std::chrono::milliseconds(5);
    const auto found = ll::probe_link<ll::json_control_codec>(me, "here", o);
    CHECK(found.error().code == ll::errc::timeout);
    CHECK(found.error().message.find("here") != std::string::npos);
  }
}
