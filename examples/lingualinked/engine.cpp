// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine.hpp"

#include "interrupt.hpp"
#include "machine.hpp"
#include "own_address.hpp"
#include "stage_maker.hpp"
#include "worker_process.hpp"

#include <lingualinked/documents/control.hpp>
#include <lingualinked/pipeline/local_session.hpp>
#include <lingualinked/pipeline/session.hpp>
#include <lingualinked/transport/inproc.hpp>
#include <lingualinked/zmq/transport.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <iostream>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace tool {

namespace {

constexpr std::uint32_t local_chunk_tokens = 128;
constexpr std::uint64_t logits_frame_bytes = 8U << 20;  // well below what a frame may carry

using local_stages = ll::local_session<ll::inproc_transport, ll::cpu_executor>;
using remote_stages = ll::session<ll::json_control_codec, ll::zmq_transport>;

/// Rows of logits are many: fewer positions at a time then.
std::uint32_t chunk_for(std::uint32_t chunk, const ll::language_model& model, bool logits) {
  if (!logits) return chunk;
  const std::uint64_t row = std::max<std::uint64_t>(1, model.sizes().vocabulary * sizeof(float));
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(logits_frame_bytes / row, 1, chunk));
}

/// "loading 45 %" on a terminal, while it takes long enough to wonder.
class load_display {
 public:
  load_display(std::uint64_t total, std::size_t stages) : total_(total), done_(stages, 0), shown_(on_terminal(2)) {}
  void update(std::size_t stage, std::uint64_t bytes) {
    if (!shown_ || stage >= done_.size()) return;
    done_[stage] = bytes;
    std::uint64_t sum = 0;
    for (const std::uint64_t d : done_) sum += d;
    const auto percent = total_ == 0 ? 100 : std::min<std::uint64_t>(100, sum * 100 / total_);
    if (percent == percent_) return;
    percent_ = percent;
    std::cerr << "\rloading " << percent << " %" << std::flush;
    used_ = true;
  }
  ~load_display() {
    if (used_) std::cerr << "\r             \r" << std::flush;
  }

 private:
  std::uint64_t total_;
  std::vector<std::uint64_t> done_;
  bool shown_;
  bool used_ = false;
  std::uint64_t percent_ = 101;
};

}  // namespace

struct engine::backend {
  const ll::language_model* model = nullptr;
  ll::session_plan session;
  std::optional<ready_plan> plan;
  std::vector<std::string> names;  // of the stages' devices
  double load_seconds = 0;
  unsigned threads = 1;
  std::string isa;

  // In this order, so that the session says goodbye before its workers are stopped.
  std::vector<worker_process> workers;
  std::unique_ptr<local_stages> local;
  std::unique_ptr<remote_stages> remote;
};

engine::engine(std::unique_ptr<backend> made) : backend_(std::move(made)) {}
engine::engine(engine&&) noexcept = default;
engine::~engine() = default;

namespace {

ll::result<void> start_local(engine::backend& b, const ll::language_model& model, ll::kernels::isa isa) {
  load_display display(model.weight_bytes(), 1);
  const stage_maker make(model, isa, b.threads);
  const ll::inproc_hub hub;  // one stage has nobody to talk to but this thread, and so connects to nobody
  auto made = local_stages::start(
      b.session, [&](ll::peer_id) { return ll::inproc_transport(hub); },
      [&](const ll::control::deploy& plan, const ll::load_progress&) {
        return make(plan, [&](std::uint64_t bytes) {
          display.update(0, bytes);
          return !interrupt_flag().load();
        });
      });
  if (!made) return made.error();
  b.local = std::make_unique<local_stages>(*std::move(made));
  return {};
}

/// What the workers of this machine have to listen at for those of other machines; empty where none takes part.
ll::result<std::string> where_others_reach_us(std::span<const ll::planned_stage> stages, bool insecure) {
  for (const ll::planned_stage& stage : stages) {
    const auto there = ll::parse_tcp_endpoint(stage.endpoint);
    if (!there || there->is_loopback()) continue;
    if (!insecure)
      return ll::error{ll::errc::invalid_argument,
                       "device '" + stage.device + "' listens at " + stage.endpoint +
                           ", and nothing is encrypted yet. Add --insecure on a network that you trust"};
    const auto own = own_address_towards(*there);
    if (!own) return own.error();
    return "tcp://" + *own + ":0";
  }
  return std::string();
}

ll::result<void> start_workers(engine::backend& b, const ll::language_model& model, const where_options& where,
                               ll::kernels::isa isa) {
  auto listen = where_others_reach_us(b.session.stages, where.insecure);
  if (!listen) return listen.error();
  for (ll::planned_stage& stage : b.session.stages) {
    if (stage.endpoint != "local") continue;
    std::vector<std::string> words{"--model", model.path(), "--isa", std::string(ll::kernels::name_of(isa)),
                                   "--leave-after-session"};
    words.insert(words.end(), {"--threads", std::to_string(where.thread_count())});
    if (!listen->empty()) words.insert(words.end(), {"--insecure", "--listen", *listen});
    if (const auto type = model.rounded_to()) words.insert(words.end(), {"--weights", std::string(ll::name_of(*type))});
    auto started = worker_process::start(words);
    if (!started) return started.error();
    stage.endpoint = started->endpoint();
    spdlog::info("started worker {} for device '{}' at {}", started->id(), stage.device, stage.endpoint);
    b.workers.push_back(*std::move(started));
  }
  return {};
}

ll::result<void> start_remote(engine::backend& b, const ll::language_model& model, const where_options& where,
                              ll::kernels::isa isa) {
  if (auto started = start_workers(b, model, where, isa); !started) return started;
  ll::zmq_options sockets;
  sockets.allow_remote = where.insecure;
  auto transport = ll::zmq_transport::open(sockets);
  if (!transport) return transport.error();
  load_display display(model.weight_bytes(), b.session.stages.size());
  ll::session_options options;
  options.on_progress = [&](const ll::stage_progress& p) { display.update(p.stage, p.progress); };
  auto made = remote_stages::start(*std::move(transport), b.session, std::move(options), &interrupt_flag());
  if (!made) return made.error();
  b.remote = std::make_unique<remote_stages>(*std::move(made));
  return {};
}

}  // namespace

ll::result<engine> engine::start(const ll::language_model& model, const where_options& where, const engine_needs& needs) {
  const auto begin = std::chrono::steady_clock::now();
  auto isa = where.instruction_set();
  if (!isa) return isa.error();
  auto kv = where.kv_for(model);
  if (!kv) return kv.error();
  if (!where.cut.empty() && where.devices == 0) return ll::error{ll::errc::invalid_argument, "--cut needs --devices"};
  if (where.fleet.empty() && (where.private_layers || where.max_stages))
    return ll::error{ll::errc::invalid_argument, "--private-layers and --max-stages need --fleet"};
  if (int{!where.fleet.empty() && where.plan.empty()} + int{where.devices != 0} + int{!where.plan.empty()} > 1)
    return ll::error{ll::errc::invalid_argument,
                     "give one of --fleet, --devices and --plan (a fleet beside a plan is checked against it)"};

  auto b = std::make_unique<backend>();
  b->model = &model;
  b->threads = where.thread_count();
  b->isa = std::string(ll::kernels::name_of(*isa));
  planning_request request;
  request.options.context_tokens = needs.context_tokens;
  request.options.prompt_tokens = needs.prompt_tokens;
  request.options.generate_tokens = needs.generate_tokens;
  request.options.sequences = needs.sequences;
  where.limit(request.options);
  request.options.chunk_tokens = {stage_chunk_tokens};
  request.kv_type = *kv;
  request.threads = b->threads;
  if (where.distributed()) {
    ll::result<ready_plan> planned = ll::error{ll::errc::internal, "no plan was asked for"};
    if (!where.plan.empty()) {
      planned = plan_from_file(model, where.plan, where.fleet, request);
    } else if (where.devices != 0) {
      planned = plan_over_devices(model, where.devices, where.cut, request);
    } else {
      auto machines = read_fleet(where.fleet);
      if (!machines) return machines.error();
      planned = plan_over_fleet(model, *machines, request);
    }
    if (!planned) return planned.error();
    b->plan = *std::move(planned);
    if (b->plan->placed.stages.empty()) return ll::error{ll::errc::infeasible, "no feasible plan: " + b->plan->placed.reason};
  }

  ll::session_plan& s = b->session;
  auto fingerprint = model.fingerprint();
  if (!fingerprint) return fingerprint.error();
  s.model_fingerprint = *fingerprint;
  s.module_count = static_cast<std::uint32_t>(model.modules(*kv).node_count());
  s.kv_dtype = static_cast<std::uint8_t>(*kv);
  s.context_tokens = needs.context_tokens;
  s.sequences = needs.sequences;
  if (b->plan) {
    if (where.context != 0 && where.context != b->plan->document.context_tokens)
      return ll::error{ll::errc::invalid_argument, "the plan was made for a context of " +
                                                       std::to_string(b->plan->document.context_tokens) +
                                                       " tokens; leave --context out, or plan again with it"};
    s.context_tokens = b->plan->document.context_tokens;
    s.sequences = b->plan->document.sequences;
    s.micro_batch_sequences = b->plan->document.micro_batch_sequences.value_or(0);
    const std::string planned = b->plan->document.kv_dtype.value_or(std::string(ll::name_of(*kv)));
    if (planned != ll::name_of(*kv) && !where.kv.empty())
      return ll::error{ll::errc::invalid_argument, "the plan was made for a KV cache of " + planned + "; leave --kv out"};
    s.kv_dtype = static_cast<std::uint8_t>(planned == "f32" ? ll::dtype::f32 : ll::dtype::f16);
    for (const ll::stage_interval& i : b->plan->placed.stages) {
      const ll::device& d = b->plan->machines.devices[i.device];
      s.stages.push_back({.device = d.name,
                          .endpoint = d.endpoint,
                          .first_module = static_cast<std::uint32_t>(i.first_module),
                          .last_module = static_cast<std::uint32_t>(i.last_module),
                          .threads = where.threads != 0 ? where.threads : d.threads.value_or(0)});
    }
    s.transmissions = b->plan->transmissions;
    s.chunk_tokens = chunk_for(chunk_tokens_of(b->plan->document), model, needs.logits);
  } else {
    s.stages.push_back({.device = "local", .endpoint = "local", .first_module = 0, .last_module = s.module_count - 1});
    s.chunk_tokens = chunk_for(local_chunk_tokens, model, needs.logits);
  }
  for (const ll::planned_stage& stage : s.stages) b->names.push_back(stage.device);
  ll::assign_peers(s, fresh_number(56));

  watch_for_interrupts();  // so far there was nothing to leave in good order
  const auto started = b->plan ? start_remote(*b, model, where, *isa) : start_local(*b, model, *isa);
  if (!started) return started.error();
  b->load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return engine(std::move(b));
}

ll::result<ll::generation> engine::generate(const ll::sequence_options& options, const on_token& tell) {
  if (backend_->remote) return backend_->remote->generate(options, tell, &interrupt_flag());
  return backend_->local->generate(options, tell, &interrupt_flag());
}

namespace {

/// Of a measurement or a judgement half is nothing, unlike of a text.
ll::result<ll::generation> uninterrupted(ll::result<ll::generation> made) {
  if (made && made->reason == ll::finish_reason::cancelled) return ll::error{ll::errc::cancelled, "interrupted"};
  return made;
}

}  // namespace

ll::result<void> engine::generate_together(const ll::sequence_options& options, std::uint32_t count,
                                           const std::function<void(std::size_t)>& tell) {
  std::vector<ll::result<ll::generation>> made;
  if (backend_->remote) {
    std::mutex telling;
    std::vector<std::future<ll::result<ll::generation>>> users;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto on_token = [&tell, &telling, i](ll::token_id) {
        const std::lock_guard lock(telling);
        tell(i);
        return true;
      };
      users.push_back(std::async(std::launch::async, [this, &options, on_token] {
        return backend_->remote->generate(options, on_token, &interrupt_flag());
      }));
    }
    for (auto& user : users) made.push_back(user.get());
  } else {
    made = backend_->local->generate_all(
        std::vector<ll::sequence_options>(count, options), [&](std::size_t i, ll::token_id) { tell(i); }, &interrupt_flag());
  }
  for (auto& one : made)
    if (auto all = uninterrupted(std::move(one)); !all) return all.error();
  return {};
}

ll::result<ll::generation> engine::logits(std::vector<ll::token_id> ids, const on_rows& tell) {
  return uninterrupted(backend_->remote ? backend_->remote->logits(std::move(ids), tell, &interrupt_flag())
                                        : backend_->local->logits(std::move(ids), tell, &interrupt_flag()));
}

std::size_t engine::stages() const noexcept { return backend_->session.stages.size(); }
std::uint32_t engine::context_tokens() const noexcept { return backend_->session.context_tokens; }

ll::result<nlohmann::ordered_json> engine::plan() const {
  if (!backend_->plan) return nlohmann::ordered_json(nullptr);
  ll::plan_document document = backend_->plan->document;
  if (!document.model_sha256) {
    auto digest = backend_->model->sha256();
    if (!digest) return digest.error();
    document.model_sha256 = *std::move(digest);
  }
  return ll::to_json(document);
}

nlohmann::ordered_json engine::devices(const ll::generation& last) const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < backend_->session.stages.size(); ++i) {
    const ll::planned_stage& stage = backend_->session.stages[i];
    const bool known = i < last.stages.size();
    const ll::control::report r = known ? last.stages[i] : ll::control::report{};
    const std::uint64_t peak = backend_->local ? peak_memory_bytes() : r.peak_memory_bytes;
    list.push_back({{"name", backend_->names[i]},
                    {"first_module", stage.first_module},
                    {"last_module", stage.last_module},
                    {"busy_seconds", or_null(known, r.busy_seconds)},
                    {"sent_bytes", or_null(known, r.sent_bytes)},
                    {"received_bytes", or_null(known, r.received_bytes)},
                    {"peak_memory_bytes", or_null(peak != 0, peak)}});
  }
  return list;
}

double engine::load_seconds() const noexcept { return backend_->load_seconds; }
unsigned engine::threads() const noexcept { return backend_->threads; }
std::string engine::isa() const { return backend_->isa; }

}  // namespace tool
