// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "completion.hpp"
#include "ids.hpp"
#include "model_choice.hpp"

#include <lingualinked/formats/npy.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>

namespace tool {

namespace {

struct eval_options {
  model_choice model;
  where_options where;
  std::string text_file;
  std::string ids_file;
  std::string logits_file;
  bool json = false;
};

/// Nats that the model paid for `next`: log of the sum of exp(logits), less its logit.
double surprise(std::span<const float> logits, ll::token_id next) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x) - largest);
  return largest + std::log(sum) - static_cast<double>(logits[static_cast<std::size_t>(next)]);
}

ll::result<int> eval(const eval_options& o) {
  if (o.text_file.empty() == o.ids_file.empty())
    return ll::error{ll::errc::invalid_argument, "give one of --text-file and --ids-file"};
  auto model = o.model.open();
  if (!model) return model.error();
  if (auto suits = model_choice::require_words(*model); !suits) return suits.error();
  ll::result<std::vector<ll::token_id>> ids = ll::error{};
  if (!o.ids_file.empty()) {
    ids = read_ids(o.ids_file);
  } else {
    auto text = read_file(o.text_file);
    if (!text) return text.error();
    auto t = model_choice::tokenizer_of(*model);
    if (!t) return t.error();
    ids = t->encode(*text, {.parse_special = true, .add_prefix = true});
  }
  if (!ids) return ids.error();
  if (ids->empty()) return ll::error{ll::errc::invalid_argument, "there are no tokens to evaluate"};
  const std::size_t most = model->sizes().context_length;
  if (ids->size() > most)
    return ll::error{ll::errc::limit, "the text has " + std::to_string(ids->size()) + " tokens and the model was made for " +
                                          std::to_string(most) + ". Shorten it"};
  if (auto inside = check_ids(*ids, model->sizes().vocabulary); !inside) return inside.error();

  std::optional<ll::npy_writer> file;
  if (!o.logits_file.empty()) {
    auto made = ll::npy_writer::create(o.logits_file, std::array<std::uint64_t, 2>{ids->size(), model->sizes().vocabulary});
    if (!made) return made.error();
    file.emplace(*std::move(made));
  }
  const auto count = static_cast<std::uint32_t>(ids->size());
  auto e =
      engine::start(*model, o.where, {.context_tokens = count, .prompt_tokens = count, .generate_tokens = 0, .logits = true});
  if (!e) return e.error();
  double nats = 0;
  std::optional<ll::error> unwritten;
  auto made = e->logits(*ids, [&](std::uint32_t first, std::uint32_t width, std::span<const float> values) {
    for (std::size_t r = 0; r < values.size() / width; ++r) {
      const auto row = values.subspan(r * width, width);
      if (file && !unwritten)
        if (auto written = file->append(row); !written) unwritten = written.error();
      if (first + r + 1 < ids->size()) nats += surprise(row, (*ids)[first + r + 1]);
    }
  });
  if (!made) return made.error();
  if (unwritten) return *unwritten;
  if (file)
    if (auto closed = file->finish(); !closed) return closed.error();

  const std::size_t predictions = ids->size() - 1;
  const double mean = predictions == 0 ? 0 : nats / static_cast<double>(predictions);
  if (!o.json) {
    std::cout << predictions << " predictions, " << mean << " nats per token, perplexity " << std::exp(mean) << '\n';
    return done;
  }
  auto plan = e->plan();
  if (!plan) return plan.error();
  print_json({{"tokens", predictions},
              {"nll_nats_per_token", or_null(predictions > 0, mean)},
              {"perplexity", or_null(predictions > 0, std::exp(mean))},
              {"plan", *std::move(plan)},
              {"devices", e->devices(*made)}});
  return done;
}

}  // namespace

void add_eval(CLI::App& app, action& chosen) {
  auto o = std::make_shared<eval_options>();
  CLI::App* c = app.add_subcommand("eval", "Logits and likelihood of a text");
  o->model.add_to(*c);
  c->add_option("--text-file", o->text_file, "The text, byte for byte");
  c->add_option("--ids-file", o->ids_file, "A JSON array of token ids, used as it is");
  c->add_option("--logits", o->logits_file, "Write a row of float32 logits for each position to this NumPy file");
  o->where.add_to(*c, false);
  c->add_flag("--json", o->json, "Print one JSON document");
  c->callback([o, &chosen] { chosen = [o] { return eval(*o); }; });
}

}  // namespace tool
