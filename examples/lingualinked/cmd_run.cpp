// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "completion.hpp"
#include "ids.hpp"
#include "model_choice.hpp"

#include <algorithm>
#include <iostream>
#include <memory>

namespace tool {

namespace {

struct run_options {
  model_choice model;
  where_options where;
  writing_options writing;
  std::string prompt;
  bool has_prompt = false;
  std::string prompt_file;
  std::string ids_file;
};

ll::result<std::vector<ll::token_id>> prompt_ids(const run_options& o, const ll::tokenizer* t) {
  if (int{o.has_prompt} + int{!o.prompt_file.empty()} + int{!o.ids_file.empty()} > 1)
    return ll::error{ll::errc::invalid_argument, "give one of --prompt, --prompt-file and --ids-file"};
  if (!o.ids_file.empty()) return read_ids(o.ids_file);
  std::string text = o.has_prompt ? o.prompt : o.model.word(0);
  if (!o.prompt_file.empty()) {
    auto read = read_file(o.prompt_file);
    if (!read) return read.error();
    text = *std::move(read);
  } else if (!o.has_prompt && text.empty()) {
    text = read_standard_input();
  }
  return t->encode(text, {.parse_special = true, .add_prefix = true});
}

ll::result<int> run(const run_options& o) {
  auto model = o.model.open();
  if (!model) return model.error();
  if (auto suits = model_choice::require_words(*model); !suits) return suits.error();
  auto t = model_choice::tokenizer_of(*model);
  if (!t && o.ids_file.empty()) return t.error();
  auto ids = prompt_ids(o, t ? &*t : nullptr);
  if (!ids) return ids.error();
  if (auto inside = check_ids(*ids, model->sizes().vocabulary); !inside) return inside.error();
  auto context = o.where.context_for(*model);
  if (!context) return context.error();
  engine_needs needs{.context_tokens = *context,
                     .prompt_tokens = static_cast<std::uint32_t>(std::min<std::size_t>(ids->size(), *context))};
  if (o.writing.max_tokens != 0) needs.generate_tokens = o.writing.max_tokens;
  needs.logits = o.writing.logprobs.has_value();
  auto e = engine::start(*model, o.where, needs);
  if (!e) return e.error();
  auto made = complete(*e, t ? &*t : nullptr, *std::move(ids), o.writing, true, [&](const std::string& text) {
    if (!o.writing.json) std::cout << text << std::flush;
  });
  if (!made) return made.error();
  if (o.writing.json) print_json(made->document);
  else std::cout << std::endl;
  print_speed(made->document);
  return made->finish_reason == "cancelled" ? interrupted : done;
}

}  // namespace

void add_run(CLI::App& app, action& chosen) {
  auto o = std::make_shared<run_options>();
  CLI::App* c = app.add_subcommand("run", "Complete a raw prompt");
  o->model.add_to(*c, "PROMPT");
  CLI::Option* prompt = c->add_option("-p,--prompt", o->prompt, "The text to go on with; from standard input if not given");
  c->add_option("-f,--prompt-file", o->prompt_file, "A file with the text");
  c->add_option("--ids-file", o->ids_file, "A JSON array of token ids, used as it is");
  o->writing.add_to(*c, 0.0F);
  o->where.add_to(*c);
  c->callback([o, prompt, &chosen] {
    o->has_prompt = prompt->count() > 0;
    chosen = [o] { return run(*o); };
  });
}

}  // namespace tool
