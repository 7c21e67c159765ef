// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "text_model.hpp"

#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/partition/even.hpp>
#include <lingualinked/pipeline/pipeline.hpp>
#include <lingualinked/text/detokenizer.hpp>
#include <lingualinked/transport/inproc.hpp>

#include <algorithm>
#include <span>
#include <utility>

using pipeline = ll::pipeline<ll::module_graph, ll::even_partitioner, ll::inproc_transport, ll::cpu_executor>;

struct text_model::stages {
  pipeline run;
};

text_model::text_model(text_model&&) noexcept = default;
text_model& text_model::operator=(text_model&&) noexcept = default;
text_model::~text_model() = default;

text_model::text_model(const std::string& path)
    : model_(ll::language_model::open(path).value()), words_(model_.make_tokenizer().value()) {
  const ll::dtype kv = model_.default_kv_type();
  const ll::module_graph modules = model_.modules(kv);
  ll::fleet here;  // two devices of equal speed, whatever it is
  here.devices.resize(2);
  for (ll::device& d : here.devices) {
    d.name = &d == &here.devices.front() ? "first" : "second";
    d.compute_flops_per_second = 1e10;
  }
  here.default_link = ll::link_quality{1e-6, 1e10};
  ll::planning_options planning;
  planning.context_tokens = static_cast<std::uint32_t>(std::min<std::size_t>(model_.sizes().context_length, 2048));

  const ll::inproc_hub hub;
  std::vector<ll::peer_id> there;
  const auto join = [&](ll::peer_id self) -> ll::result<ll::inproc_transport> {
    ll::inproc_transport end(hub);
    if (auto heard = end.listen(std::to_string(self)); !heard) return heard.error();
    for (const ll::peer_id other : there) end.connect(self, other, std::to_string(other)).value();
    there.push_back(self);
    return end;
  };
  const auto load = [&](const ll::control::deploy& plan,
                        const ll::load_progress& tell) -> ll::result<ll::made_executor<ll::cpu_executor>> {
    ll::executor_options o;
    o.first_module = plan.stages[plan.stage].first_module;
    o.last_module = plan.stages[plan.stage].last_module;
    o.context_tokens = plan.context_tokens;
    o.rows = plan.chunk_tokens + 1;
    o.kv_type = kv;
    auto made = ll::cpu_executor::create(model_.graph(), modules, model_.weights(), o,
                                         [&](std::uint64_t bytes, std::uint64_t) { return tell(bytes); });
    if (!made) return made.error();
    const auto memory = made->memory_bytes();
    const auto width = made->vocabulary();
    return ll::made_executor<ll::cpu_executor>{*std::move(made), memory, width, 0};
  };
  run_ = std::make_unique<stages>(stages{pipeline::make(modules, ll::even_partitioner{}, here, planning, join, load).value()});
}

std::string text_model::write(const std::string& prompt, std::uint32_t max_tokens, const std::string& stop, bool framed) {
  ll::sequence_options options;
  options.prompt = words_.encode(prompt, {.parse_special = true, .add_prefix = !framed}).value();
  options.max_tokens = max_tokens;
  options.end_tokens = words_.end_tokens();
  ll::detokenizer text(words_, true, false);
  std::string all;
  const auto go_on = [&](ll::token_id token) { return (all += text.push(token)).find(stop) == std::string::npos; };
  if (auto made = run_->run.generate(options, go_on); !made) throw ll::failure(made.error());
  return all.substr(0, all.find(stop));
}

std::vector<float> text_model::last_logits(std::vector<ll::token_id> tokens) {
  std::vector<float> last;
  const auto keep = [&](std::uint32_t, std::uint32_t width, std::span<const float> rows) {
    last.assign(rows.end() - width, rows.end());
  };
  if (auto made = run_->run.logits(std::move(tokens), keep); !made) throw ll::failure(made.error());
  return last;
}
