// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "command.hpp"
#include "file_turn.hpp"
#include "interrupt.hpp"
#include "machine.hpp"
#include "model_choice.hpp"
#include "stage_maker.hpp"
#include "where.hpp"

#include <lingualinked/documents/control.hpp>
#include <lingualinked/execution/slowed_executor.hpp>
#include <lingualinked/pipeline/worker_loop.hpp>
#include <lingualinked/probe/machine.hpp>
#include <lingualinked/zmq/transport.hpp>

#include <spdlog/spdlog.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <csignal>
#include <iostream>
#include <memory>

namespace tool {

namespace {

struct worker_options {
  model_choice model;
  where_options where;
  std::string listen = "tcp://127.0.0.1:0";
  std::uint64_t memory_bytes = 0;
  bool insecure = false;
  bool leave_after_session = false;
  double slowdown = 1;
  std::string turns;
};

ll::result<int> work(const worker_options& o) {
#ifdef __linux__
  if (o.leave_after_session) prctl(PR_SET_PDEATHSIG, SIGTERM);  // whoever started this worker is gone: so is its purpose
#endif
  watch_for_interrupts();
  auto model = o.model.open();
  if (!model) return model.error();
  auto fingerprint = model->fingerprint();
  if (!fingerprint) return fingerprint.error();
  auto isa = o.where.instruction_set();
  if (!isa) return isa.error();

  std::shared_ptr<file_turn> turn;
  if (!o.turns.empty()) {
    auto opened = file_turn::open(o.turns);
    if (!opened) return opened.error();
    turn = *opened;
  }

  ll::zmq_options sockets;
  sockets.allow_remote = o.insecure;
  auto transport = ll::zmq_transport::open(sockets);
  if (!transport) return transport.error();
  auto endpoint = transport->listen(o.listen);
  if (!endpoint) return endpoint.error();
  if (const auto at = ll::parse_tcp_endpoint(*endpoint); at && !at->is_loopback())
    spdlog::warn("--insecure: anybody who reaches {} can use this worker, and what it is sent is not encrypted", *endpoint);
  std::cout << *endpoint << std::endl;

  ll::serve_options options;
  options.identity = {
      .isa = std::string(ll::kernels::name_of(*isa)), .threads = o.where.thread_count(), .model_fingerprint = *fingerprint};
  options.leave_after_session = o.leave_after_session;
  options.peak_memory_bytes = peak_memory_bytes;
  // Whoever started this worker for one session hears of a failure from its session, and says it in one line.
  options.log = [quiet = o.leave_after_session](ll::log_level level, std::string_view text) {
    spdlog::log(quiet                             ? spdlog::level::info
                : level == ll::log_level::error   ? spdlog::level::err
                : level == ll::log_level::warning ? spdlog::level::warn
                                                  : spdlog::level::info,
                "worker: {}", text);
  };
  using executor = ll::slowed_executor<ll::cpu_executor, file_turn>;
  const stage_maker maker(*model, *isa, o.where.thread_count());
  const auto make = [&](const ll::control::deploy& plan,
                        const ll::load_progress& progress) -> ll::result<ll::made_executor<executor>> {
    const std::uint64_t takes = stage_memory_bytes(*model, executor_options_for(plan, o.where.thread_count()));
    if (o.memory_bytes != 0 && takes > o.memory_bytes)
      return ll::error{ll::errc::infeasible, "the stage takes " + std::to_string(takes) + " bytes and this worker offers " +
                                                 std::to_string(o.memory_bytes) +
                                                 ". Plan with that limit, or raise --memory-bytes"};
    // What a coordinator elsewhere asks for must not take the machine down, whatever it is.
    const std::uint64_t free = ll::usable_memory_bytes().value_or(takes);
    if (o.memory_bytes == 0 && !o.leave_after_session && takes > free)
      return ll::error{ll::errc::infeasible, "the stage takes " + std::to_string(takes) + " bytes and this machine has " +
                                                 std::to_string(free) +
                                                 " left. Plan with that limit, or start the worker with "
                                                 "--memory-bytes to insist"};
    auto made = maker(plan, progress);
    if (!made) return made.error();
    return ll::made_executor<executor>{executor(std::move(made->executor), o.slowdown, turn), made->memory_bytes,
                                       made->logits_width, made->load_seconds};
  };
  if (auto served = ll::serve<ll::json_control_codec>(*transport, make, options, interrupt_flag()); !served)
    return served.error();
  return done;
}

}  // namespace

void add_worker(CLI::App& app, action& chosen) {
  auto o = std::make_shared<worker_options>();
  CLI::App* c =
      app.add_subcommand("worker", "Offer this machine to a coordinator; prints where it listens, then serves until interrupted");
  o->model.add_to(*c);
  c->add_option("--listen", o->listen, "Where to listen; port 0 takes a free one")->capture_default_str();
  c->add_option("-t,--threads", o->where.threads, "Threads; the physical cores if not given")->check(CLI::Range(1, 1024));
  c->add_option("--isa", o->where.isa, "Force an instruction set");
  c->add_option("--memory-bytes", o->memory_bytes, "Refuse stages that take more; what is free then if not given");
  c->add_flag("--insecure", o->insecure, "Allow addresses other than loopback, without encryption or authentication");
  c->add_option("--slowdown", o->slowdown, "Take so many times as long for every batch, to play a slower machine in experiments")
      ->check(CLI::Range(1.0, 1000.0));
  c->add_option("--turns", o->turns,
                "Compute only while no other worker does that names the same FILE, so that slowed ones do not disturb each other")
      ->type_name("FILE");
  c->add_flag("--leave-after-session", o->leave_after_session, "End when the first session is over");
  c->callback([o, &chosen] { chosen = [o] { return work(*o); }; });
}

}  // namespace tool
