// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine.hpp"
#include "ids.hpp"
#include "model_choice.hpp"
#include "where.hpp"

#include <lingualinked/model/label_scores.hpp>

#include <iostream>
#include <memory>
#include <vector>

namespace tool {

namespace {

struct classify_options {
  model_choice model;
  where_options where;
  std::string text;
  bool has_text = false;
  std::string ids_file;
  bool json = false;
};

/// The ids of the text with all that the tokenizer adds, as the model was trained to see it.
ll::result<std::vector<ll::token_id>> ids_to_judge(const classify_options& o, const ll::language_model& model) {
  if (!o.ids_file.empty()) return read_ids(o.ids_file);
  auto t = model_choice::tokenizer_of(model);
  if (!t) return t.error();
  std::string text = o.has_text ? o.text : o.model.word(0);
  if (!o.has_text && text.empty()) text = read_standard_input();
  return t->encode(text, {.parse_special = true, .add_bos_eos = true});
}

ll::result<int> classify(const classify_options& o) {
  if (o.has_text && !o.ids_file.empty()) return ll::error{ll::errc::invalid_argument, "give one of --text and --ids-file"};
  auto model = o.model.open();
  if (!model) return model.error();
  const auto& labels = model->sizes().labels;
  if (labels.empty())
    return ll::error{ll::errc::unsupported, model->path() +
                                                ": is a language model without labels; 'classify' needs a sequence "
                                                "classifier (a folder whose config.json says ...ForSequenceClassification)"};
  auto all = ids_to_judge(o, *model);
  if (!all) return all.error();
  const auto judged = ll::without_padding(*all, model->sizes().padding);
  const std::vector<ll::token_id> ids(judged.begin(), judged.end());
  if (ids.empty()) return ll::error{ll::errc::invalid_argument, "there are no tokens to classify"};
  const std::size_t most = model->sizes().context_length;
  if (ids.size() > most)
    return ll::error{ll::errc::limit, "the text has " + std::to_string(ids.size()) + " tokens and the model was made for " +
                                          std::to_string(most) + ". Shorten it"};
  if (auto inside = check_ids(ids, model->sizes().vocabulary); !inside) return inside.error();

  const auto count = static_cast<std::uint32_t>(ids.size());
  auto e =
      engine::start(*model, o.where, {.context_tokens = count, .prompt_tokens = count, .generate_tokens = 0, .logits = true});
  if (!e) return e.error();
  std::vector<float> last;
  auto made = e->logits(ids, [&](std::uint32_t, std::uint32_t width, std::span<const float> values) {
    const auto row = values.last(width);
    last.assign(row.begin(), row.end());
  });
  if (!made) return made.error();
  if (last.size() != labels.size())
    return ll::error{ll::errc::internal, "the model gave " + std::to_string(last.size()) + " logits for " +
                                             std::to_string(labels.size()) + " labels"};
  const auto scores = ll::label_scores(last, labels, model->sizes().scores);
  if (!o.json) {
    for (const ll::label_score& s : scores) std::cout << s.score << '\t' << s.label << '\n';
    return done;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ll::label_score& s : scores) list.push_back({{"label", s.label}, {"score", s.score}});
  auto plan = e->plan();
  if (!plan) return plan.error();
  print_json(
      {{"labels", list}, {"logits", last}, {"tokens", ids.size()}, {"plan", *std::move(plan)}, {"devices", e->devices(*made)}});
  return done;
}

}  // namespace

void add_classify(CLI::App& app, action& chosen) {
  auto o = std::make_shared<classify_options>();
  CLI::App* c = app.add_subcommand("classify", "Labels for a text, by a sequence classifier");
  o->model.add_to(*c, "TEXT");
  CLI::Option* text = c->add_option("--text", o->text, "The text; from standard input if not given");
  c->add_option("--ids-file", o->ids_file, "A JSON array of token ids, used as it is");
  o->where.add_to(*c, false);
  c->add_flag("--json", o->json, "Print one JSON document");
  c->callback([o, text, &chosen] {
    o->has_text = text->count() > 0;
    chosen = [o] { return classify(*o); };
  });
}

}  // namespace tool
