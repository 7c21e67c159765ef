// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/concepts/transport.hpp>
#include <lingualinked/core/clock.hpp>
#include <lingualinked/core/control.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/probe/link_meter.hpp>
#include <lingualinked/runtime/echo.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lingualinked::inline v0 {

struct link_probe_options {
  std::uint64_t message_bytes = 2304;  // an activation row of the model
  std::size_t pings = 200;
  duration idle_gap = std::chrono::milliseconds(10);  // before each ping, as between tokens
  duration answer_limit = std::chrono::seconds(10);   // for one answer
  std::function<bool(double share)> progress;         // false stops
};

/// What a worker says of itself, and how it is reached.
struct probed_worker {
  control::welcome identity;
  measured_link link;
};

/// Measures the way to a worker that serves nobody: greets it, has frames of a stage's size echoed (link_echo), and says goodbye.
///   The gap before each ping is waited for in receive, so that the worker's threads and the network sleep as they do in use.
/// Requires  `self` and `peer` are free on the transport
/// Errors    those of connect; timeout when an answer does not come; busy, unsupported: what the worker answers; peer_lost,
///           protocol, cancelled
template <class Codec, ConnectingTransport T>
[[nodiscard]] result<probed_worker> probe_link(T& transport, const std::string& endpoint, const link_probe_options& options,
                                               peer_id self = 1, peer_id peer = 2) {
  if (auto connected = transport.connect(self, peer, endpoint); !connected) return connected.error();
  message m;
  const auto send_control = [&](const control::message& what) {
    const auto payload = Codec::encode(what);
    frame_header header;
    header.payload_bytes = payload.size();
    return transport.send(peer, header, payload);
  };
  // What comes from the worker until `end`, or until `wanted` says that it is what was waited for.
  const auto receive_until = [&](time_point end, const auto& wanted) -> result<bool> {
    for (;;) {
      const auto event = transport.receive(m, end - steady_now());
      if (!event) return event.error();
      if (*event == receive_event::peer_lost)
        return error{errc::peer_lost, endpoint + ": the connection is gone. See that a worker listens there"};
      if (*event == receive_event::message && m.header.kind == frame_kind::control) {
        const auto what = Codec::decode(m.payload);
        if (!what) return what.error().in(endpoint);
        if (const auto* failed = std::get_if<control::failed>(&*what)) return failed->what.in(endpoint);
        if (wanted(&*what)) return true;
      } else if (*event == receive_event::message && wanted(nullptr)) {
        return true;
      }
      if (steady_now() >= end) return false;
    }
  };
  const auto measure = [&]() -> result<probed_worker> {
    probed_worker found;
    if (auto sent = send_control(control::hello{control::protocol_version, control::contract_version, peer}); !sent)
      return sent.error();
    const auto greeted = receive_until(steady_now() + options.answer_limit, [&](const control::message* what) {
      const auto* welcome = what == nullptr ? nullptr : std::get_if<control::welcome>(what);
      if (welcome != nullptr) found.identity = *welcome;
      return welcome != nullptr;
    });
    if (!greeted) return greeted.error();
    if (!*greeted) return error{errc::timeout, endpoint + ": no worker answers. See that one listens there"};
    link_meter meter(options.message_bytes, options.pings);
    std::vector<std::byte> payload;
    time_point alive = steady_now();
    for (std::uint32_t step = 1; !meter.done(); ++step) {
      if (steady_now() - alive > std::chrono::seconds(1)) {
        if (auto sent = send_control(control::heartbeat{step}); !sent) return sent.error();
        alive = steady_now();
      }
      const auto gap = receive_until(steady_now() + options.idle_gap, [](const control::message*) { return false; });
      if (!gap) return gap.error();
      const link_ping ping = meter.next();
      const frame_header header = echo_header(static_cast<std::uint32_t>(ping.there_bytes / sizeof(float)), 1,
                                              static_cast<std::uint32_t>(ping.back_bytes / sizeof(float)), step);
      payload = echo_payload(header, std::move(payload));
      const time_point begin = steady_now();
      if (auto sent = transport.send(peer, header, payload); !sent) return sent.error();
      const auto back = receive_until(begin + options.answer_limit, [&](const control::message* what) {
        return what == nullptr && m.header.kind == frame_kind::activation && m.header.step == step;
      });
      if (!back) return back.error();
      if (!*back)
        return error{errc::timeout, endpoint + ": no answer within " + std::to_string(in_seconds(options.answer_limit)) +
                                        " s. The link is too slow to be measured"};
      meter.answered(in_seconds(steady_now() - begin));
      if (options.progress && !options.progress(meter.share_done())) return error{errc::cancelled, "the measurement was stopped"};
    }
    found.link = meter.verdict();
    return found;
  };
  auto found = measure();
  static_cast<void>(send_control(control::bye{}));
  static_cast<void>(transport.receive(m, std::chrono::milliseconds(20)));  // lets the goodbye out
  transport.disconnect(peer);
  return found;
}

}  // namespace lingualinked::inline v0
