// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "completion.hpp"
#include "interrupt.hpp"
#include "machine.hpp"
#include "model_choice.hpp"

#include <lingualinked/formats/json.hpp>
#include <lingualinked/text/chat_template.hpp>

#include <ctime>
#include <iostream>
#include <memory>
#include <optional>

namespace tool {

namespace {

struct chat_options {
  model_choice model;
  where_options where;
  writing_options writing;
  std::string prompt;
  std::string prompt_file;
  bool has_prompt = false;
  std::string system;
  bool has_system = false;
  std::string messages_file;
  std::string template_file;
  std::optional<std::string> bos_token;
  std::optional<std::string> eos_token;
  bool no_generation_prompt = false;
  bool render = false;
};

ll::result<std::vector<ll::chat_message>> read_messages(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  auto document = ll::parse_json(*text);
  if (!document) return input_error(document.error().in(path));
  if (!document->is_array()) return ll::error{ll::errc::malformed, path + ": must be a JSON array of {\"role\", \"content\"}"};
  std::vector<ll::chat_message> messages;
  for (const auto& item : *document) {
    const std::string where = path + ": [" + std::to_string(messages.size()) + "]";
    if (!item.is_object() || !item.contains("role") || !item.contains("content") || !item["role"].is_string() ||
        !item["content"].is_string())
      return ll::error{ll::errc::malformed, where + " must be an object with the texts \"role\" and \"content\""};
    messages.push_back({item["role"].get<std::string>(), item["content"].get<std::string>()});
  }
  return messages;
}

/// A conversation's template with all that it sees.
struct renderer {
  ll::chat_template code;
  ll::chat_options seen;

  /// The prompt. A template that refuses its messages is unusable input, whatever the library calls that.
  [[nodiscard]] ll::result<std::string> operator()(const std::vector<ll::chat_message>& messages) const {
    auto text = code.render(messages, seen);
    if (!text) return ll::error{ll::errc::malformed, text.error().message};
    return text;
  }
};

ll::result<renderer> make_renderer(const chat_options& o, const ll::language_model* model, const ll::tokenizer* t) {
  std::string source;
  if (!o.template_file.empty()) {
    auto read = read_file(o.template_file);
    if (!read) return read.error();
    source = *std::move(read);
  } else {
    const auto own = model->chat_template();
    if (!own) return ll::error{ll::errc::unsupported, "the model has no chat template. Give one with --template, or use 'run'"};
    source = *own;
  }
  auto parsed = ll::chat_template::parse(source);
  if (!parsed) return input_error(parsed.error());
  const auto piece = [&](const std::optional<std::string>& given, std::optional<ll::token_id> id) {
    return given ? *given : t != nullptr && id ? std::string(t->piece(*id)) : std::string();
  };
  renderer r{*std::move(parsed), {}};
  r.seen.bos_token = piece(o.bos_token, t != nullptr ? t->bos() : std::nullopt);
  r.seen.eos_token = piece(o.eos_token, t != nullptr ? t->eos() : std::nullopt);
  r.seen.add_generation_prompt = !o.no_generation_prompt;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  r.seen.local_seconds = static_cast<std::int64_t>(now) + local.tm_gmtoff;
  return r;
}

ll::result<std::vector<ll::chat_message>> first_messages(const chat_options& o) {
  std::vector<ll::chat_message> messages;
  if (!o.messages_file.empty()) {
    auto read = read_messages(o.messages_file);
    if (!read) return read.error();
    messages = *std::move(read);
  }
  if (o.has_system) messages.insert(messages.begin(), {"system", o.system});
  if (o.has_prompt && !o.prompt_file.empty())
    return ll::error{ll::errc::invalid_argument, "give one of --prompt and --prompt-file"};
  if (!o.prompt_file.empty()) {
    auto read = read_file(o.prompt_file);
    if (!read) return read.error();
    messages.push_back({"user", *std::move(read)});
  } else if (o.has_prompt) messages.push_back({"user", o.prompt});
  else if (const std::string word = o.model.word(0); !word.empty()) messages.push_back({"user", word});
  return messages;
}

/// One turn: renders, writes the answer, keeps it in the conversation.
ll::result<completion> turn(engine& e, const ll::tokenizer& t, const renderer& render, std::vector<ll::chat_message>& messages,
                            const writing_options& o) {
  auto text = render(messages);
  if (!text) return text.error();
  auto ids = t.encode(*text);
  if (!ids) return ids.error();
  auto made = complete(e, &t, *std::move(ids), o, false, [&](const std::string& piece) {
    if (!o.json) std::cout << piece << std::flush;
  });
  if (!made) return made;
  if (!o.json) std::cout << std::endl;
  messages.push_back({"assistant", made->text});
  print_speed(made->document);
  return made;
}

ll::result<int> converse(engine& e, const ll::tokenizer& t, const renderer& render, std::vector<ll::chat_message> messages,
                         const writing_options& o) {
  std::cerr << "Type a message and press Enter; an empty line or Ctrl-D ends the conversation.\n";
  for (;;) {
    std::cerr << "> " << std::flush;
    std::string line;
    if (!std::getline(std::cin, line) || line.empty()) return interrupt_flag().load() ? interrupted : done;
    messages.push_back({"user", line});
    auto made = turn(e, t, render, messages, o);
    if (!made) return made.error();
    if (interrupt_flag().load()) return interrupted;
  }
}

ll::result<int> print_prompt(const renderer& render, const std::vector<ll::chat_message>& messages, bool json) {
  auto text = render(messages);
  if (!text) return text.error();
  if (json) print_json({{"text", *text}});
  else std::cout << *text << std::flush;
  return done;
}

ll::result<int> chat(const chat_options& o) {
  auto messages = first_messages(o);
  if (!messages) return messages.error();
  if (o.render && !o.template_file.empty()) {  // needs no model
    auto render = make_renderer(o, nullptr, nullptr);
    if (!render) return render.error();
    return print_prompt(*render, *messages, o.writing.json);
  }
  auto model = o.model.open();
  if (!model) return model.error();
  if (!o.render)
    if (auto suits = model_choice::require_words(*model); !suits) return suits.error();
  auto t = model_choice::tokenizer_of(*model);
  if (!t) return t.error();
  auto render = make_renderer(o, &*model, &*t);
  if (!render) return render.error();
  const bool asked = !messages->empty() && messages->back().role != "system";
  const bool interactive = !asked && on_terminal(0) && !o.writing.json;
  if (!asked && !interactive) messages->push_back({"user", read_standard_input()});
  if (o.render) return print_prompt(*render, *messages, o.writing.json);
  auto context = o.where.context_for(*model);
  if (!context) return context.error();
  engine_needs needs{.context_tokens = *context};
  if (o.writing.max_tokens != 0) needs.generate_tokens = o.writing.max_tokens;
  needs.logits = o.writing.logprobs.has_value();
  auto e = engine::start(*model, o.where, needs);
  if (!e) return e.error();
  if (interactive) return converse(*e, *t, *render, *std::move(messages), o.writing);
  auto made = turn(*e, *t, *render, *messages, o.writing);
  if (!made) return made.error();
  if (o.writing.json) print_json(made->document);
  return made->finish_reason == "cancelled" ? interrupted : done;
}

}  // namespace

void add_chat(CLI::App& app, action& chosen) {
  auto o = std::make_shared<chat_options>();
  CLI::App* c = app.add_subcommand("chat", "Talk through the model's chat template; one turn with --prompt, else a conversation");
  o->model.add_to(*c, "PROMPT");
  CLI::Option* prompt = c->add_option("-p,--prompt", o->prompt, "What the user says");
  c->add_option("-f,--prompt-file", o->prompt_file, "A file with what the user says");
  CLI::Option* system = c->add_option("--system", o->system, "The system message");
  c->add_option("--messages", o->messages_file, "A JSON array of {\"role\", \"content\"} that came before");
  c->add_option("--template", o->template_file, "Use this template instead of the model's own");
  c->add_option("--bos-token", o->bos_token, "What the template sees as bos_token");
  c->add_option("--eos-token", o->eos_token, "What the template sees as eos_token");
  c->add_flag("--no-generation-prompt", o->no_generation_prompt, "Do not open the assistant's turn");
  c->add_flag("--render", o->render, "Only print the prompt that would be sent");
  o->writing.add_to(*c, 0.7F);
  o->where.add_to(*c);
  c->callback([o, prompt, system, &chosen] {
    o->has_prompt = prompt->count() > 0;
    o->has_system = system->count() > 0;
    chosen = [o] { return chat(*o); };
  });
}

}  // namespace tool
