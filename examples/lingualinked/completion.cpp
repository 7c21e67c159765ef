// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "completion.hpp"

#include "machine.hpp"

#include <lingualinked/pipeline/context_shift.hpp>
#include <lingualinked/text/detokenizer.hpp>
#include <lingualinked/text/log_probabilities.hpp>
#include <lingualinked/text/stop_matcher.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace tool {

namespace {

using clock = std::chrono::steady_clock;

double seconds_between(clock::time_point a, clock::time_point b) { return std::chrono::duration<double>(b - a).count(); }

std::string name_of(ll::finish_reason reason) {
  switch (reason) {
    case ll::finish_reason::stop: return "stop";
    case ll::finish_reason::length: return "length";
    case ll::finish_reason::cancelled: return "cancelled";
  }
  return "cancelled";
}

/// Adds one entry a token. The rows are computed again from the whole text, which gives the same bits as while it was written.
ll::result<void> add_log_probabilities(nlohmann::ordered_json& entries, engine& e, std::vector<ll::token_id> ids,
                                       std::span<const ll::token_id> tokens, std::size_t top, const ll::tokenizer* t) {
  if (tokens.empty()) return {};
  const std::size_t first = ids.size() - 1;  // this row is about the first token
  ids.insert(ids.end(), tokens.begin(), tokens.end() - 1);
  const auto entry = [&](const ll::token_log_probability& p) {
    const nlohmann::ordered_json piece = t != nullptr ? nlohmann::ordered_json(t->piece(p.id)) : nlohmann::ordered_json(nullptr);
    return nlohmann::ordered_json{{"id", p.id}, {"piece", piece}, {"logprob", p.log_probability}};
  };
  std::optional<ll::error> failure;
  std::vector<ll::token_log_probability> row;
  auto made = e.logits(std::move(ids), [&](std::uint32_t position, std::uint32_t width, std::span<const float> values) {
    for (std::size_t at = 0; at * width < values.size(); ++at) {
      if (position + at < first || failure) continue;
      auto fine = ll::log_probabilities(values.subspan(at * width, width), tokens[position + at - first], top, row);
      if (!fine) {
        failure = fine.error();
        continue;
      }
      auto one = entry(row.front());
      one["top"] = nlohmann::ordered_json::array();
      for (std::size_t i = 1; i < row.size(); ++i) one["top"].push_back(entry(row[i]));
      entries.push_back(std::move(one));
    }
  });
  if (!made) return made.error();
  if (failure) return *std::move(failure);
  return {};
}

ll::result<nlohmann::ordered_json> log_probabilities_of(engine& e, const ll::shifted_generation& all, std::size_t top,
                                                        const ll::tokenizer* t) {
  auto entries = nlohmann::ordered_json::array();
  std::span<const ll::token_id> rest = all.made.tokens;
  for (const auto& window : all.windows) {
    if (auto added = add_log_probabilities(entries, e, window.prompt, rest.first(window.tokens), top, t); !added)
      return added.error();
    rest = rest.subspan(window.tokens);
  }
  return entries;
}

/// One context, or as many as the text takes. wanted: 0 for as long as it goes.
ll::result<ll::shifted_generation> write(engine& e, const ll::sequence_options& options, const ll::context_shift& how, bool shift,
                                         const engine::on_token& tell) {
  if (shift)
    return ll::generate_shifting([&](const ll::sequence_options& o, const auto& f) { return e.generate(o, f); }, options, how,
                                 tell);
  auto made = e.generate(options, tell);
  if (!made) return made.error();
  ll::shifted_generation all{*std::move(made), {}};
  all.windows.push_back({options.prompt, all.made.tokens.size()});
  return all;
}

}  // namespace

void writing_options::add_to(CLI::App& app, float default_temperature) {
  sampling.temperature = default_temperature;
  app.add_option("-n,--max-tokens", max_tokens, "Most tokens to write; until a stop or the context is full if not given")
      ->check(positive);
  app.add_option("--temperature", sampling.temperature, "0 takes the likeliest token; higher is more varied")
      ->capture_default_str();
  app.add_option("--top-k", sampling.top_k, "Draw from the k likeliest tokens only; 0 for all")->capture_default_str();
  app.add_option("--top-p", sampling.top_p, "Draw from the likeliest tokens that make up this share")->capture_default_str();
  app.add_option("--min-p", sampling.min_p, "Leave out tokens below this share of the likeliest")->capture_default_str();
  app.add_option("--typical-p", sampling.typical_p, "Draw from the tokens of most usual surprise that make up this share")
      ->capture_default_str();
  app.add_option("--repeat-penalty", sampling.repeat_penalty, "Make recent tokens less likely; 1 is off")->capture_default_str();
  app.add_option("--frequency-penalty", sampling.frequency_penalty, "Taken from a token's logit for each time it is recent")
      ->capture_default_str();
  app.add_option("--presence-penalty", sampling.presence_penalty, "Taken from a token's logit once if it is recent")
      ->capture_default_str();
  app.add_option("--repeat-last-n", sampling.repeat_window_tokens, "How many tokens are recent")->capture_default_str();
  app.add_option("--logit-bias", logit_bias, "ID=BIAS is added to the logit of a token; may be given several times")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--mirostat", mirostat, "Hold the surprise at --mirostat-tau bits instead of the filters; 1 or 2, 0 is off")
      ->check(CLI::Range(0, 2))
      ->capture_default_str();
  app.add_option("--mirostat-tau", sampling.mirostat_tau, "The surprise that mirostat aims at, in bits")->capture_default_str();
  app.add_option("--mirostat-eta", sampling.mirostat_eta, "How fast mirostat gets there")->capture_default_str();
  app.add_option("--logprobs", logprobs, "Report how likely each token was, and the N likeliest, in the JSON document")
      ->check(CLI::Range(0, static_cast<int>(ll::top_log_probabilities_max)));
  app.add_option("-s,--seed", seed, "Seed of the draws; drawn and reported if not given");
  app.add_option("--stop", stops, "Stop before this text; may be given several times")->take_all()->allow_extra_args(false);
  app.add_flag("--ignore-eos", ignore_eos, "Go on past the end token");
  app.add_flag("--context-shift", context_shift,
               "When the context is full, go on with its first --keep tokens and the newer half of the others");
  app.add_option("--keep", keep, "With --context-shift: the first tokens that always stay; bos if not given");
  app.add_option("--report", report, "Write the JSON document to this file as well");
  app.add_flag("--json", json, "Print one JSON document instead of streaming text");
}

ll::result<ll::sampling_parameters> writing_options::parameters() const {
  ll::sampling_parameters p = sampling;
  p.mirostat = static_cast<ll::mirostat_version>(mirostat);
  for (const std::string& text : logit_bias) {
    ll::token_bias b;
    if (const std::size_t sign = text.find('='); sign == std::string::npos ||
                                                 !CLI::detail::lexical_cast(text.substr(0, sign), b.id) ||
                                                 !CLI::detail::lexical_cast(text.substr(sign + 1), b.bias))
      return ll::error{ll::errc::invalid_argument, "--logit-bias '" + text + "' is not ID=BIAS, such as 42=-1.5"};
    p.logit_bias.push_back(b);
  }
  if (auto fine = ll::check_sampling(p); !fine) return std::move(fine).error();
  return p;
}

ll::result<completion> complete(engine& e, const ll::tokenizer* t, std::vector<ll::token_id> prompt, const writing_options& o,
                                bool keep_special, const std::function<void(const std::string&)>& tell) {
  if (prompt.empty())
    return ll::error{ll::errc::invalid_argument,
                     "the prompt is empty. Give some text, or a tokenizer that begins texts with a token"};
  const std::uint32_t context = e.context_tokens();
  if (o.keep && !o.context_shift) return ll::error{ll::errc::invalid_argument, "--keep needs --context-shift"};
  if (prompt.size() >= context && !o.context_shift)
    return ll::error{ll::errc::limit, "the prompt has " + std::to_string(prompt.size()) + " tokens and the context " +
                                          std::to_string(context) + ". Shorten it, raise --context, or allow --context-shift"};
  const bool begins = t != nullptr && t->bos() && prompt.front() == *t->bos();
  const ll::context_shift shift{context, o.keep.value_or(begins ? 1 : 0)};
  auto stops = ll::stop_matcher::create(o.stops);
  if (!stops) return stops.error();
  if (!o.stops.empty() && t == nullptr)
    return ll::error{ll::errc::invalid_argument, "--stop needs the model's tokenizer, and the model has none"};

  ll::sequence_options options;
  options.prompt = std::move(prompt);
  options.max_tokens = o.max_tokens;
  if (!o.context_shift) {
    const auto room = static_cast<std::uint32_t>(context - options.prompt.size());
    options.max_tokens = o.max_tokens == 0 ? room : std::min(o.max_tokens, room);
  }
  auto sampling = o.parameters();
  if (!sampling) return sampling.error();
  options.sampling = *std::move(sampling);
  const bool draws = o.sampling.temperature > 0;
  options.sampling.seed = o.seed.value_or(draws ? fresh_number(53) : 0);
  if (t != nullptr && !o.ignore_eos) options.end_tokens = t->end_tokens();

  completion c;
  std::optional<ll::detokenizer> words;
  if (t != nullptr) words.emplace(*t, true, keep_special);
  bool stopped_by_text = false;
  const auto say = [&](const std::string& text) {
    c.text += text;
    if (!text.empty() && tell) tell(text);
  };
  const clock::time_point start = clock::now();
  clock::time_point first = start;
  clock::time_point last = start;
  auto made = write(e, options, shift, o.context_shift, [&](ll::token_id token) {
    last = clock::now();
    if (c.tokens.empty()) first = last;
    c.tokens.push_back(token);
    if (!words || std::ranges::find(options.end_tokens, token) != options.end_tokens.end()) return true;
    say(stops->push(words->push(token)));
    stopped_by_text = stops->stopped();
    return !stopped_by_text;
  });
  if (!made) return made.error();
  if (!stopped_by_text) say(stops->flush());
  c.finish_reason = stops->stopped() ? "stop" : name_of(made->made.reason);

  nlohmann::ordered_json plan = nullptr;
  if (o.json || !o.report.empty()) {
    auto shown = e.plan();
    if (!shown) return shown.error();
    plan = *std::move(shown);
  }
  auto logprobs = o.logprobs ? log_probabilities_of(e, *made, *o.logprobs, t) : ll::result<nlohmann::ordered_json>(nullptr);
  if (!logprobs) return logprobs.error();
  const std::size_t count = c.tokens.size();
  const std::size_t shifts = made->windows.size() - 1 + (options.prompt.size() >= context ? 1 : 0);
  const double ttft = seconds_between(start, first);
  const double decode = seconds_between(first, last);
  c.document = {{"text", t != nullptr ? nlohmann::ordered_json(c.text) : nlohmann::ordered_json(nullptr)},
                {"tokens", c.tokens},
                {"prompt_tokens", options.prompt},
                {"finish_reason", c.finish_reason},
                {"logprobs", *std::move(logprobs)},
                {"stats",
                 {{"load_seconds", e.load_seconds()},
                  {"ttft_seconds", or_null(count > 0, ttft)},
                  {"prefill_tokens_per_second",
                   or_null(count > 0 && ttft > 0, static_cast<double>(made->windows.front().prompt.size()) / ttft)},
                  {"decode_tokens_per_second", or_null(count > 1 && decode > 0, static_cast<double>(count - 1) / decode)},
                  {"completion_tokens", count},
                  {"context_shifts", shifts},
                  {"seed", or_null(draws, options.sampling.seed)}}},
                {"plan", std::move(plan)},
                {"devices", e.devices(made->made)}};
  if (!o.report.empty())
    if (auto written = write_file(o.report, c.document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
        !written)
      return written.error();
  return c;
}

void print_speed(const nlohmann::ordered_json& document) {
  const auto& s = document["stats"];
  const auto figure = [](const nlohmann::ordered_json& v) {
    return v.is_null() ? std::string("-") : fmt::format("{:.1f}", v.get<double>());
  };
  spdlog::info("{} prompt tokens at {} tokens/s, {} tokens at {} tokens/s, first after {} ms", document["prompt_tokens"].size(),
               figure(s["prefill_tokens_per_second"]), s["completion_tokens"].get<std::size_t>(),
               figure(s["decode_tokens_per_second"]),
               s["ttft_seconds"].is_null() ? std::string("-") : fmt::format("{:.0f}", s["ttft_seconds"].get<double>() * 1e3));
}

}  // namespace tool
