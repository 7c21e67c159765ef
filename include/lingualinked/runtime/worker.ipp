// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/runtime/worker.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL void worker::control(peer_id from, const control::message& what, time_point now,
                                            std::vector<worker_action>& out) {
  if (const auto* hello = std::get_if<control::hello>(&what)) return greet(from, *hello, now, out);
  if (state_ == state::idle || from != coordinator_) return;
  heard(now);
  if (const auto* deploy = std::get_if<control::deploy>(&what)) return take_plan(*deploy, out);
  if (std::holds_alternative<control::bye>(what)) return end(out);
  if (std::holds_alternative<control::heartbeat>(what)) return;
  if (const auto* open = std::get_if<control::open>(&what)) {
    if (state_ != state::serving) return fail({errc::protocol, "a sequence was opened before the stage was ready"}, out);
    if (!broken_) stage_->open(open->sequence, open->options, out);
    return;
  }
  if (const auto* close = std::get_if<control::close>(&what)) {
    if (state_ != state::serving) return fail({errc::protocol, "a sequence was closed before the stage was ready"}, out);
    stage_->close(close->sequence, peak_memory_bytes_, out);
    return;
  }
  fail({errc::protocol, "the coordinator sent a message that only workers send"}, out);
}

LINGUALINKED_CORE_DECL void worker::peer_lost(peer_id peer, std::vector<worker_action>& out, const std::string& why) {
  if (state_ == state::idle) return;
  if (peer == coordinator_) return end(out);
  for (const control::stage_peer& other : plan_.stages)
    if (other.peer == peer && partners_.contains(peer))
      return fail({errc::peer_lost, "its connection to the device of modules " + std::to_string(other.first_module) + " to " +
                                        std::to_string(other.last_module) + " is gone" + (why.empty() ? "" : ": " + why) +
                                        ". See that both workers run, then try again"},
                  out);
}

LINGUALINKED_CORE_DECL void worker::prepared(std::uint64_t session, const result<prepared_stage>& outcome,
                                             std::vector<worker_action>& out) {
  if (session != session_ || state_ != state::preparing) return;
  if (!outcome) {
    state_ = state::greeted;
    return fail(outcome.error(), out);
  }
  state_ = state::serving;
  ready_ = {plan_.epoch, outcome->memory_bytes, outcome->load_seconds};
  stage_.emplace(plan_, coordinator_, session_, outcome->logits_width);
  out.emplace_back(send_control{coordinator_, ready_});
}

LINGUALINKED_CORE_DECL void worker::tick(time_point now, std::vector<worker_action>& out) {
  if (state_ == state::idle) return;
  // Time that this process slept through is not the coordinator's silence.
  if (const duration late = now - next_heartbeat_; late > limits::own_delay) silence_deadline_ += late;
  if (now >= silence_deadline_) return end(out);
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + limits::heartbeat_interval;
  out.emplace_back(send_control{coordinator_, control::heartbeat{load_progress_ + (stage_ ? stage_->progress() : 0)}});
}

LINGUALINKED_CORE_DECL void worker::greet(peer_id from, const control::hello& hello, time_point now,
                                          std::vector<worker_action>& out) {
  const auto refuse = [&](errc code, std::string what) {
    out.emplace_back(send_control{from, control::failed{0, {code, std::move(what)}}});
  };
  if (state_ != state::idle && from != coordinator_)
    return refuse(errc::busy, "the worker serves another coordinator. Wait until that session is over, or use another worker");
  if (hello.protocol != control::protocol_version || hello.contract != control::contract_version)
    return refuse(errc::protocol, "the coordinator speaks protocol " + std::to_string(hello.protocol) +
                                      " and computes by contract " + std::to_string(hello.contract) + "; the worker has " +
                                      std::to_string(control::protocol_version) + " and " +
                                      std::to_string(control::contract_version) + ". Use the same release on all devices");
  if (hello.you == 0 || from == 0) return refuse(errc::protocol, "peer id 0 is nobody");
  if (state_ == state::idle) {
    ++session_;
    state_ = state::greeted;
    coordinator_ = from;
    self_ = hello.you;
    next_heartbeat_ = now + limits::heartbeat_interval;
  }
  heard(now);
  out.emplace_back(send_control{from, control::welcome{control::protocol_version, control::contract_version, identity_.isa,
                                                       identity_.threads, identity_.model_fingerprint}});
}

LINGUALINKED_CORE_DECL void worker::take_plan(const control::deploy& plan, std::vector<worker_action>& out) {
  if (broken_) return;
  if (state_ != state::greeted) {
    if (plan != plan_) return fail({errc::protocol, "a second plan came within one session"}, out);
    if (state_ == state::serving) out.emplace_back(send_control{coordinator_, ready_});
    return;
  }
  if (plan.model_fingerprint != identity_.model_fingerprint)
    return fail({errc::unsupported, "the worker's model (" + identity_.model_fingerprint + ") is not the coordinator's (" +
                                        plan.model_fingerprint + "). Start the worker with the same model file"},
                out);
  if (auto checked = check_deploy(plan, self_); !checked) return fail(checked.error(), out);
  plan_ = plan;
  state_ = state::preparing;
  // A stage reaches the stages that it sends to; the tail also answers the first.
  std::set<std::size_t> consumers;
  for (const transmission& t : plan_.transmissions) {
    if (t.from_stage == plan_.stage) consumers.insert(t.to_stage);
    if (t.to_stage == plan_.stage) partners_.insert(plan_.stages[t.from_stage].peer);
  }
  if (plan_.stage + 1 == plan_.stages.size() && plan_.stage != 0) consumers.insert(0);
  if (plan_.stage == 0 && plan_.stages.size() > 1) partners_.insert(plan_.stages.back().peer);
  for (const std::size_t consumer : consumers) {
    partners_.insert(plan_.stages[consumer].peer);
    out.emplace_back(connect_peer{self_, plan_.stages[consumer].peer, plan_.stages[consumer].endpoint});
  }
  out.emplace_back(prepare_stage{session_, plan_});
}

LINGUALINKED_CORE_DECL void worker::end(std::vector<worker_action>& out) {
  for (const peer_id partner : partners_) out.emplace_back(disconnect_peer{partner});
  out.emplace_back(disconnect_peer{coordinator_});
  out.emplace_back(end_session{leave_after_session_});
  state_ = state::idle;
  broken_ = false;
  coordinator_ = 0;
  stage_.reset();
  plan_ = {};
  partners_.clear();
  load_progress_ = 0;
  echo_.reset();
}

}  // namespace lingualinked::inline v0
