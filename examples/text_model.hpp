// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// A model file or folder as a pipeline, shared by the examples that write and judge text: two stages that share this process.
// Between machines the stages are the same; see the tool for how they find each other.
#include <lingualinked/execution/cpu_executor.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/partition/even.hpp>
#include <lingualinked/pipeline/pipeline.hpp>
#include <lingualinked/text/detokenizer.hpp>
#include <lingualinked/transport/inproc.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ll = lingualinked;

struct text_model {
  using stages = ll::pipeline<ll::module_graph, ll::even_partitioner, ll::inproc_transport, ll::cpu_executor>;

  ll::language_model model;
  ll::tokenizer words;
  stages run;

  /// What the model writes after a prompt, until it ends, `stop` comes or max_tokens are written.
  /// framed  the prompt holds what opens a text (bos) already, as chat templates write it
  std::string write(const std::string& prompt, std::uint32_t max_tokens, const std::string& stop = "\n\n", bool framed = false) {
    ll::sequence_options options;
    options.prompt = words.encode(prompt, {.parse_special = true, .add_bos_eos = !framed}).value();
    options.max_tokens = max_tokens;
    options.end_tokens = words.end_tokens();
    ll::detokenizer text(words, true, false);
    std::string all;
    const auto go_on = [&](ll::token_id token) { return (all += text.push(token)).find(stop) == std::string::npos; };
    if (auto made = run.generate(options, go_on); !made) throw ll::failure(made.error());
    return all.substr(0, all.find(stop));
  }
};

/// Throws ll::failure with one line that says what is wrong.
inline text_model open_text_model(const std::string& path) {
  auto model = ll::language_model::open(path).value();
  auto words = model.make_tokenizer().value();
  const ll::dtype kv = model.default_kv_type();
  const ll::module_graph modules = model.modules(kv);
  ll::fleet here;  // two devices of equal speed, whatever it is
  here.devices.resize(2);
  for (ll::device& d : here.devices) {
    d.name = &d == &here.devices.front() ? "first" : "second";
    d.compute_flops_per_second = 1e10;
  }
  here.default_link = ll::link_quality{1e-6, 1e10};
  ll::planning_options planning;
  planning.context_tokens = static_cast<std::uint32_t>(std::min<std::size_t>(model.sizes().context_length, 2048));

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
    auto made = ll::cpu_executor::create(model.graph(), modules, model.weights(), o,
                                         [&](std::uint64_t bytes, std::uint64_t) { return tell(bytes); });
    if (!made) return made.error();
    const auto memory = made->memory_bytes();
    const auto width = made->vocabulary();
    return ll::made_executor<ll::cpu_executor>{*std::move(made), memory, width, 0};
  };
  auto run = text_model::stages::make(modules, ll::even_partitioner{}, here, planning, join, load).value();
  return {std::move(model), std::move(words), std::move(run)};
}
