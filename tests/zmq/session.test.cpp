// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <lingualinked/zmq/transport.hpp>

#include <doctest/doctest.h>

#include <lingualinked/documents/control.hpp>
#include <lingualinked/pipeline/session.hpp>
#include <lingualinked/pipeline/worker_loop.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/fake_model.hpp"

namespace ll = lingualinked;

namespace {

using session = ll::session<ll::json_control_codec, ll::zmq_transport>;

/// Who sent how many frames of which tensor to whom.
class traffic {
 public:
  void count(ll::peer_id to, const ll::frame_header& header) {
    if (header.kind != ll::frame_kind::activation) return;
    const std::lock_guard lock(mutex_);
    ++frames_[{to, header.tensor}];
  }
  std::map<std::pair<ll::peer_id, std::uint32_t>, int> frames() {
    const std::lock_guard lock(mutex_);
    return frames_;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<ll::peer_id, std::uint32_t>, int> frames_;
};

/// A ZeroMQ transport that is watched.
struct watched_transport {
  ll::zmq_transport inner;
  std::shared_ptr<traffic> seen;
  ll::result<void> send(ll::peer_id to, const ll::frame_header& header, std::span<const std::byte> payload) {
    auto sent = inner.send(to, header, payload);
    if (sent) seen->count(to, header);
    return sent;
  }
  ll::result<ll::receive_event> receive(ll::message& into, ll::duration limit) { return inner.receive(into, limit); }
  void wake() noexcept { inner.wake(); }
  void close() noexcept { inner.close(); }
  ll::result<void> connect(ll::peer_id self, ll::peer_id peer, const std::string& endpoint) {
    return inner.connect(self, peer, endpoint);
  }
  void disconnect(ll::peer_id peer) noexcept { inner.disconnect(peer); }
};

auto maker(const fake::model& m) {
  return [&m](const ll::control::deploy& plan, const ll::load_progress&) -> ll::result<ll::made_executor<fake::executor>> {
    return ll::made_executor<fake::executor>{fake::executor(m, plan), 1, fake::vocabulary, 0};
  };
}

/// A worker in a thread of this process.
struct worker_thread {
  explicit worker_thread(const fake::model& m) {
    auto made = ll::zmq_transport::open();
    REQUIRE(made);
    transport = std::make_unique<watched_transport>(watched_transport{*std::move(made), std::make_shared<traffic>()});
    auto bound = transport->inner.listen("tcp://127.0.0.1:0");
    REQUIRE(bound);
    endpoint = *bound;
    thread = std::thread([this, &m] {
      ll::serve_options options;
      options.identity = {"fake", 1, "fake"};
      ended_well = ll::serve<ll::json_control_codec>(*transport, maker(m), options, stop).has_value();
      transport->close();
    });
  }
  ~worker_thread() {
    stop = true;
    transport->wake();
    thread.join();
  }
  std::unique_ptr<watched_transport> transport;
  std::string endpoint;
  std::atomic<bool> stop = false;
  bool ended_well = false;
  std::thread thread;
};

/// A worker in a process of its own, which can be killed.
struct worker_process {
  explicit worker_process(const fake::model& m) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    id = fork();
    REQUIRE(id >= 0);
    if (id == 0) {
      auto made = ll::zmq_transport::open();
      const auto bound = made->listen("tcp://127.0.0.1:0");
      const std::string line = bound.value() + "\n";
      if (write(ends[1], line.data(), line.size()) < 0) _exit(1);
      ll::serve_options options;
      options.identity = {"fake", 1, "fake"};
      const std::atomic<bool> stop = false;
      static_cast<void>(ll::serve<ll::json_control_codec>(*made, maker(m), options, stop));
      _exit(0);
    }
    ::close(ends[1]);
    for (char c = 0; read(ends[0], &c, 1) == 1 && c != '\n';) endpoint += c;
    ::close(ends[0]);
  }
  ~worker_process() { kill(); }
  void kill() {
    if (id <= 0) return;
    ::kill(id, SIGKILL);
    waitpid(id, nullptr, 0);
    id = 0;
  }
  pid_t id = 0;
  std::string endpoint;
};

template <class Workers>
void place(ll::session_plan& plan, const Workers& workers) {
  for (std::size_t i = 0; i < plan.stages.size(); ++i) plan.stages[i].endpoint = workers[i]->endpoint;
}

ll::sequence_options ask(std::vector<ll::token_id> prompt, std::uint32_t max_tokens) {
  ll::sequence_options options;
  options.prompt = std::move(prompt);
  options.max_tokens = max_tokens;
  return options;
}

}  // namespace

TEST_SUITE("zmq/session") {
  TEST_CASE("over sockets, a residual tensor goes straight to its consumer and the answer is that of the undivided model") {
    fake::model m(6);
    m.add_edge(1, 5);
    auto plan = fake::plan_of(m, {2, 4});
    std::vector<std::unique_ptr<worker_thread>> workers;
    for (int i = 0; i < 3; ++i) workers.push_back(std::make_unique<worker_thread>(m));
    place(plan, workers);
    auto transport = ll::zmq_transport::open();
    REQUIRE(transport);
    auto s = session::start(*std::move(transport), plan);
    if (!s) FAIL(s.error().message);
    const auto options = ask({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 7);
    const auto made = s->generate(options);
    if (!made) FAIL(made.error().message);
    CHECK(made->tokens == m.generate(options));
    // Two pieces of the prompt, then six tokens that are fed back; sequential edges 0 -> 1 and 1 -> 2, residual edge 0 -> 2.
    const auto peer = [&](std::size_t stage) { return plan.stages[stage].peer; };
    using frames = std::map<std::pair<ll::peer_id, std::uint32_t>, int>;
    CHECK(workers[0]->transport->seen->frames() == frames{{{peer(1), 0}, 8}, {{peer(2), 1}, 8}});
    CHECK(workers[1]->transport->seen->frames() == frames{{{peer(2), 2}, 8}});
    CHECK(workers[2]->transport->seen->frames().empty());
    REQUIRE(made->stages.size() == 3);
    CHECK(made->stages[0].sent_bytes == 8 * (64 + 16 + 64 + 16) + 16 * (8 * (1 + 1 % 3) * 2));
    std::uint32_t rows = 0;
    const auto logits = s->logits({1, 2, 3, 4, 5, 6, 7, 8, 9}, [&](std::uint32_t first, std::uint32_t width, auto values) {
      CHECK(first == rows);
      rows += static_cast<std::uint32_t>(values.size()) / width;
    });
    CHECK(logits);
    CHECK(rows == 9);
  }

  TEST_CASE("random splits and residual edges over sockets give the tokens of the undivided model, session after session") {
    std::mt19937_64 random(3);
    const fake::model m = fake::model::random(8, 4, random);
    std::vector<std::unique_ptr<worker_thread>> workers;
    for (int i = 0; i < 4; ++i) workers.push_back(std::make_unique<worker_thread>(m));
    for (std::uint64_t nonce = 1; nonce <= 8; ++nonce) {
      CAPTURE(nonce);
      const std::vector<std::vector<std::uint32_t>> splits{{1, 3, 4}, {4}, {2, 7}, {}};
      auto plan = fake::plan_of(m, splits[nonce % 4], nonce);
      place(plan, workers);
      ll::result<session> s = ll::error{ll::errc::busy, ""};
      // A worker may not have heard the last goodbye yet.
      while (!s && s.error().code == ll::errc::busy) s = session::start(*ll::zmq_transport::open(), plan);
      if (!s) FAIL(s.error().message);
      std::vector<std::thread> users;
      std::atomic<int> right = 0;
      for (int user = 0; user < 3; ++user) {
        users.emplace_back([&, user] {
          const auto options = ask({user, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 10);
          const auto made = s->generate(options);
          if (made && made->tokens == m.generate(options)) ++right;
        });
      }
      for (std::thread& user : users) user.join();
      CHECK(right == 3);
    }
  }

  TEST_CASE("a worker process that is killed ends the request with an error that names it, and the others serve on") {
    const fake::model m(6);
    std::vector<std::unique_ptr<worker_process>> workers;
    for (int i = 0; i < 4; ++i) workers.push_back(std::make_unique<worker_process>(m));
    for (std::size_t victim = 0; victim < 2; ++victim) {
      CAPTURE(victim);
      auto plan = fake::plan_of(m, {3}, victim + 1);
      place(plan, workers);
      ll::result<session> s = ll::error{ll::errc::busy, ""};
      while (!s && s.error().code == ll::errc::busy) s = session::start(*ll::zmq_transport::open(), plan);
      if (!s) FAIL(s.error().message);
      int tokens = 0;
      const auto made = s->generate(ask({1, 2, 3}, 60), [&](ll::token_id) {
        if (++tokens == 4) workers[victim]->kill();
        return true;
      });
      REQUIRE(!made);
      CHECK(made.error().code == ll::errc::peer_lost);
      CHECK(made.error().message.find("device ") == 0);
      workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(victim));
    }
  }
}
