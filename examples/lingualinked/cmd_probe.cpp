// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "command.hpp"
#include "interrupt.hpp"
#include "machine.hpp"
#include "model_choice.hpp"
#include "planning.hpp"
#include "probe_cache.hpp"
#include "where.hpp"

#include <lingualinked/documents/control.hpp>
#include <lingualinked/documents/fleet.hpp>
#include <lingualinked/probe/link_probe.hpp>
#include <lingualinked/probe/machine.hpp>
#include <lingualinked/probe/measure.hpp>
#include <lingualinked/probe/merge.hpp>
#include <lingualinked/zmq/transport.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace tool {

namespace {

struct probe_options {
  model_choice model;
  where_options where;
  std::string out;
  std::string name;
  std::string endpoint = "local";
  std::vector<std::string> connect;
  std::vector<std::string> merge;
  bool quick = false;
  double slowdown = 1;
  bool fresh = false;
  bool insecure = false;
  bool json = false;
};

/// "measuring this machine  37 %", on a terminal only.
class progress_line {
 public:
  explicit progress_line(std::string what) : what_(std::move(what)), shown_(on_terminal(2)) {}
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() {
    if (shown_ && last_ >= 0) std::cerr << "\r\033[K" << std::flush;
  }
  void update(double share) {
    const int percent = static_cast<int>(share * 100);
    if (!shown_ || percent == last_) return;
    last_ = percent;
    std::cerr << '\r' << what_ << "  " << percent << " %" << std::flush;
  }

 private:
  std::string what_;
  bool shown_;
  int last_ = -1;
};

/// This machine, measured or from the cache.
ll::result<ll::device> measure_machine(const ll::language_model& model, const probe_options& o, bool& from_cache) {
  auto isa = o.where.instruction_set();
  if (!isa) return isa.error();
  auto table = ll::kernels::table_for(*isa);
  if (!table) return table.error();
  auto kv = o.where.kv_for(model);
  if (!kv) return kv.error();
  auto fingerprint = model.fingerprint();
  if (!fingerprint) return fingerprint.error();

  ll::measure_options how;
  how.kv_type = *kv;
  how.threads = o.where.thread_count();
  how.kernels = *table;
  how.build = build_name();
  how.isa = ll::kernels::name_of(*isa);
  const auto usable = ll::usable_memory_bytes();
  how.memory_bytes = usable.value_or(UINT64_MAX);
  if (o.quick) {
    how.budget_seconds = 5;
    how.decode_repeats = 12;
  }
  how.slowdown = o.slowdown;
  const std::string cached = profile_cache_path(*fingerprint, how, o.quick);
  ll::device d;
  if (auto kept = o.fresh ? std::nullopt : read_cached_device(cached)) {
    d = *std::move(kept);
    from_cache = true;
  } else {
    progress_line line("measuring this machine");
    auto made = ll::measure_model(model, how, [&](double share) {
      line.update(share);
      return !interrupt_flag();
    });
    if (!made) return made.error();
    if (made->other_cores > 0.2)
      spdlog::warn(
          "other programs used {:.1f} cores meanwhile: times may be too long. Measure again when the machine is idle, "
          "with --fresh",
          made->other_cores);
    d.profiles.push_back(std::move(made->profile));
    if (made->compute_flops_per_second > 0) d.compute_flops_per_second = made->compute_flops_per_second;
    d.memory_bandwidth_bytes_per_second = ll::read_bandwidth(bandwidth_bytes, how.threads) / how.slowdown;
    d.threads = how.threads;
    d.contract = ll::control::contract_version;
    d.name = "cached";
    write_cached_device(cached, d);
  }
  d.name = o.name.empty() ? host_name() : o.name;
  d.endpoint = o.endpoint;
  d.memory_bytes = usable;
  return d;
}

/// Measures the way to the worker at an endpoint and back; its device is the one of the merged files that listens there, else a
/// new one that is named after the endpoint.
ll::result<void> measure_link(const ll::language_model& model, const std::string& endpoint, std::size_t here, ll::fleet& machines,
                              const probe_options& o) {
  ll::zmq_options sockets;
  sockets.allow_remote = o.insecure;
  auto transport = ll::zmq_transport::open(sockets);
  if (!transport) return transport.error();
  progress_line line("measuring the way to " + endpoint);
  ll::link_probe_options how;
  const ll::module_graph modules = model.modules(model.default_kv_type());
  how.message_bytes = modules.node_count() > 1 ? modules.edge_bytes(0, 1) : 4;
  if (o.quick) how.pings = 40;
  how.progress = [&](double share) {
    line.update(share);
    return !interrupt_flag();
  };
  auto found = ll::probe_link<ll::json_control_codec>(*transport, endpoint, how);
  if (!found) return found.error();
  const auto known = std::ranges::find(machines.devices, endpoint, &ll::device::endpoint);
  std::size_t there = static_cast<std::size_t>(known - machines.devices.begin());
  if (known == machines.devices.end()) {
    ll::device d;
    d.name = endpoint.substr(endpoint.rfind('/') + 1);
    d.endpoint = endpoint;
    if (found->identity.threads > 0) d.threads = found->identity.threads;
    there = ll::put_device(machines, std::move(d));
    spdlog::warn("{} is in none of the merged files: run probe there as well, with --endpoint {}, and --merge what it writes",
                 endpoint, endpoint);
  }
  const ll::measured_link& l = found->link;
  ll::put_link(machines, {here, there, {l.latency_seconds, l.bandwidth_there_bytes_per_second}, l.residuals});
  ll::put_link(machines, {there, here, {l.latency_seconds, l.bandwidth_back_bytes_per_second}, l.residuals});
  if (!o.json)
    std::cout << endpoint << ": " << l.latency_seconds * 1e3 << " ms one way (" << l.latency_p95_seconds * 1e3
              << " ms for the slowest twentieth), " << l.bandwidth_there_bytes_per_second / 1e6 << " MB/s there, "
              << l.bandwidth_back_bytes_per_second / 1e6 << " MB/s back\n";
  return {};
}

void tell(const ll::device& d, bool from_cache) {
  const ll::device_profile& p = d.profiles.front();
  double token = 0;
  for (const std::uint32_t kind : p.module_kind) token += p.kinds[kind].decode_seconds;
  double growth = 0;
  for (const std::uint32_t kind : p.module_kind) growth += p.kinds[kind].decode_seconds_per_context_token;
  std::cout << d.name << ": " << token * 1e3 << " ms for a token at the start of a text, " << (token + 1000 * growth) * 1e3
            << " ms behind 1000 others; " << p.kinds.size() << " kinds of modules, " << p.threads << " threads, " << p.isa
            << (from_cache ? "; measured earlier (--fresh measures again)" : "") << '\n';
}

ll::result<int> probe(const probe_options& o) {
  watch_for_interrupts();
  auto model = o.model.open();
  if (!model) return model.error();
  ll::fleet machines;
  for (const std::string& path : o.merge) {
    auto other = read_fleet(path);
    if (!other) return other.error();
    ll::merge_fleet(machines, *other);
  }
  bool from_cache = false;
  auto d = measure_machine(*model, o, from_cache);
  if (!d) return d.error();
  if (!o.json) tell(*d, from_cache);
  const std::size_t here = ll::put_device(machines, *std::move(d));
  for (const std::string& endpoint : o.connect)
    if (auto measured = measure_link(*model, endpoint, here, machines, o); !measured) return measured.error();
  const auto document = ll::to_json(machines);
  if (!o.out.empty())
    if (auto written = write_file(o.out, document.dump(2) + "\n"); !written) return written.error();
  if (o.json) print_json(document);
  else if (!o.out.empty()) std::cout << "written to " << o.out << '\n';
  return done;
}

}  // namespace

void add_probe(CLI::App& app, action& chosen) {
  auto o = std::make_shared<probe_options>();
  CLI::App* c = app.add_subcommand(
      "probe", "Measure this machine with the model's own kernels, and links to workers; write a fleet file for 'plan --fleet'");
  o->model.add_to(*c);
  c->add_option("--out", o->out, "The fleet file to write");
  c->add_option("--connect", o->connect, "Measure the way to the worker at this endpoint and back; may be given several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  c->add_option("--merge", o->merge, "Begin with what this fleet file knows; may be given several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  c->add_option("--name", o->name, "What this machine is called in the fleet; its host name if not given");
  c->add_option("--endpoint", o->endpoint, "Where others reach a worker on this machine, tcp://HOST:PORT")->capture_default_str();
  c->add_option("-t,--threads", o->where.threads, "Threads; the physical cores if not given")->check(CLI::Range(1, 1024));
  c->add_option("--isa", o->where.isa, "Force an instruction set");
  c->add_option("--kv", o->where.kv, "Type of the KV cache: f32 or f16; by the model if not given");
  c->add_option("--slowdown", o->slowdown, "Measure the slower machine that 'worker --slowdown' plays with this factor")
      ->check(CLI::Range(1.0, 1000.0));
  c->add_flag("--quick", o->quick, "Measure for some seconds only");
  c->add_flag("--fresh", o->fresh, "Measure again, whatever is in the cache");
  c->add_flag("--insecure", o->insecure, "Connect to addresses other than loopback, without encryption or authentication");
  c->add_flag("--json", o->json, "Print the fleet as one JSON document");
  c->callback([o, &chosen] { chosen = [o] { return probe(*o); }; });
}

}  // namespace tool
