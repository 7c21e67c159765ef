// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/pipeline/session.hpp>
#include <lingualinked/pipeline/worker_loop.hpp>

#include <doctest/doctest.h>

#include <lingualinked/transport/inproc.hpp>

#include "number_codec.hpp"
#include "runtime/fake_model.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ll = lingualinked;

namespace {

using session = ll::session<fake::number_codec, ll::inproc_transport>;

/// Worker threads that listen where a plan says.
class workers {
 public:
  workers(const fake::model& m, ll::inproc_hub hub, const ll::session_plan& plan, const std::string& fingerprint = "fake",
          bool leave_after_session = false) {
    for (const ll::planned_stage& s : plan.stages) {
      running_.push_back(std::make_unique<one>());
      one& w = *running_.back();
      w.transport = std::make_unique<ll::inproc_transport>(hub);
      REQUIRE(w.transport->listen(s.endpoint));
      w.options.identity = {"fake", 1, fingerprint};
      w.options.leave_after_session = leave_after_session;
      w.thread = std::thread([&w, &m] {
        const auto make = [&m](const ll::control::deploy& plan,
                               const ll::load_progress& progress) -> ll::result<ll::made_executor<fake::executor>> {
          if (!progress(1)) return ll::error{ll::errc::cancelled, "not wanted"};
          return ll::made_executor<fake::executor>{fake::executor(m, plan), 7, fake::vocabulary, 0};
        };
        w.ended = ll::serve<fake::number_codec>(*w.transport, make, w.options, w.stop).has_value();
        w.transport->close();
      });
    }
  }
  ~workers() {
    for (std::size_t i = 0; i < running_.size(); ++i) stop(i);
  }
  /// Ends a worker as a signal would.
  void stop(std::size_t stage) {
    running_[stage]->stop = true;
    running_[stage]->transport->wake();
    join(stage);
  }
  /// Takes a worker's connections away, as a kill would.
  void kill(std::size_t stage) {
    running_[stage]->transport->close();
    join(stage);
  }
  void join(std::size_t stage) {
    if (running_[stage]->thread.joinable()) running_[stage]->thread.join();
  }
  [[nodiscard]] bool ended_well(std::size_t stage) const { return running_[stage]->ended; }

 private:
  struct one {
    std::unique_ptr<ll::inproc_transport> transport;
    ll::serve_options options;
    std::atomic<bool> stop = false;
    bool ended = false;
    std::thread thread;
  };
  std::vector<std::unique_ptr<one>> running_;
};

ll::sequence_options request_for(std::vector<ll::token_id> prompt, std::uint32_t max_tokens) {
  ll::sequence_options options;
  options.prompt = std::move(prompt);
  options.max_tokens = max_tokens;
  return options;
}

}  // namespace

TEST_SUITE("pipeline/session") {
  TEST_CASE("several users of one session over several workers each get the tokens of the undivided model") {
    std::mt19937_64 random(1);
    const fake::model m = fake::model::random(9, 4, random);
    const ll::inproc_hub hub;
    const auto plan = fake::plan_of(m, {2, 5});
    workers w(m, hub, plan);
    auto s = session::start(ll::inproc_transport(hub), plan);
    REQUIRE(s);
    CHECK(s->stages().size() == 3);
    CHECK(s->stages()[1].memory_bytes == 7);
    std::vector<std::future<bool>> users;
    for (int user = 0; user < 6; ++user) {
      users.push_back(std::async(std::launch::async, [&, user] {
        for (int i = 0; i < 5; ++i) {
          const auto options = request_for({user, i, 3, 4, 5, 6, 7, 8, 9, 10}, 12);
          std::vector<ll::token_id> streamed;
          const auto made = s->generate(options, [&](ll::token_id t) {
            streamed.push_back(t);
            return true;
          });
          if (!made || made->tokens != m.generate(options) || streamed != made->tokens) return false;
        }
        return true;
      }));
    }
    for (auto& u : users) CHECK(u.get());
    std::uint32_t rows = 0;
    const auto made = s->logits({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, [&](std::uint32_t first, std::uint32_t width, auto values) {
      CHECK(first == rows);
      rows += static_cast<std::uint32_t>(values.size()) / width;
    });
    REQUIRE(made);
    CHECK(rows == 11);
    s->close();
    CHECK(s->generate(request_for({1}, 1)).error().code == ll::errc::cancelled);
  }

  TEST_CASE("workers outlive a session and serve the next, and leave with the first when told to") {
    const fake::model m(6);
    const ll::inproc_hub hub;
    {
      workers w(m, hub, fake::plan_of(m, {3}));
      for (std::uint64_t nonce = 1; nonce <= 3; ++nonce) {
        const auto plan = fake::plan_of(m, {3}, nonce);
        // A worker may still be saying goodbye to the last coordinator; it says that it is busy then.
        auto s = session::start(ll::inproc_transport(hub), plan);
        while (!s && s.error().code == ll::errc::busy)
          s = session::start(ll::inproc_transport(hub), fake::plan_of(m, {3}, ++nonce));
        REQUIRE(s);
        const auto options = request_for({1, 2, 3}, 5);
        CHECK(s->generate(options)->tokens == m.generate(options));
      }
    }
    const auto plan = fake::plan_of(m, {3}, 100);
    workers w(m, hub, plan, "fake", true);
    {
      auto s = session::start(ll::inproc_transport(hub), plan);
      REQUIRE(s);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      w.join(i);
      CHECK(w.ended_well(i));
    }
  }

  TEST_CASE("a worker that is stopped or killed ends running requests with an error that names it") {
    const fake::model m(6);
    for (const bool killed : {false, true}) {
      for (std::size_t stage = 0; stage < 3; ++stage) {
        CAPTURE(killed);
        CAPTURE(stage);
        const ll::inproc_hub hub;
        const auto plan = fake::plan_of(m, {2, 4});
        workers w(m, hub, plan);
        auto s = session::start(ll::inproc_transport(hub), plan);
        REQUIRE(s);
        std::size_t tokens = 0;
        const auto made = s->generate(request_for({1, 2, 3}, 60), [&](ll::token_id) {
          if (++tokens == 5) killed ? w.kill(stage) : w.stop(stage);
          return true;
        });
        REQUIRE(!made);
        CHECK(made.error().code == ll::errc::peer_lost);
        CHECK(made.error().message.find("device ") == 0);
        CHECK(!s->generate(request_for({1}, 1)));
      }
    }
  }

  TEST_CASE("a worker with another model is refused by name, an absent one is lost, a busy one says so") {
    const fake::model m(6);
    const ll::inproc_hub hub;
    const auto plan = fake::plan_of(m, {3});
    {
      const auto absent = session::start(ll::inproc_transport(hub), plan);
      REQUIRE(!absent);
      CHECK(absent.error().code == ll::errc::peer_lost);
    }
    {
      workers w(m, hub, plan, "other");
      const auto refused = session::start(ll::inproc_transport(hub), plan);
      REQUIRE(!refused);
      CHECK(refused.error().code == ll::errc::unsupported);
      CHECK(refused.error().message.find("another model (other, not fake)") != std::string::npos);
    }
    workers w(m, hub, plan);
    auto s = session::start(ll::inproc_transport(hub), plan);
    REQUIRE(s);
    const auto second = session::start(ll::inproc_transport(hub), fake::plan_of(m, {3}, 8));
    REQUIRE(!second);
    CHECK(second.error().code == ll::errc::busy);
    const auto options = request_for({1, 2, 3}, 5);
    CHECK(s->generate(options)->tokens == m.generate(options));
  }

  TEST_CASE("a request is cancelled by its callback, by a flag, or by an exception") {
    const fake::model m(6);
    const ll::inproc_hub hub;
    const auto plan = fake::plan_of(m, {3});
    workers w(m, hub, plan);
    auto s = session::start(ll::inproc_transport(hub), plan);
    REQUIRE(s);
    const auto by_callback = s->generate(request_for({1, 2, 3}, 60), [](ll::token_id) { return false; });
    REQUIRE(by_callback);
    CHECK(by_callback->reason == ll::finish_reason::cancelled);
    auto first_token = m.generate(request_for({1, 2, 3}, 60));
    first_token.resize(1);
    CHECK(by_callback->tokens == first_token);
    const std::atomic<bool> flag = true;
    const auto by_flag = s->generate(request_for({1, 2, 3}, 60), {}, &flag);
    REQUIRE(by_flag);
    CHECK_THROWS_AS(
        static_cast<void>(s->generate(request_for({1}, 9), [](ll::token_id) -> bool { throw std::runtime_error("no"); })),
        std::runtime_error);
    CHECK_THROWS_AS(static_cast<void>(s->logits({1, 2}, [](auto...) { throw std::runtime_error("no"); })), std::runtime_error);
    const auto never = session::start(ll::inproc_transport(ll::inproc_hub()), plan, {}, &flag);
    CHECK(!never);
    const auto options = request_for({1, 2, 3}, 5);
    CHECK(s->generate(options)->tokens == m.generate(options));
  }
}
