// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "command.hpp"
#include "ids.hpp"
#include "model_choice.hpp"

#include <lingualinked/formats/gguf.hpp>
#include <lingualinked/model/gguf_tokenizer.hpp>
#include <lingualinked/model/hf_folder.hpp>
#include <lingualinked/text/tokenizer.hpp>

#include <filesystem>
#include <iostream>
#include <memory>

namespace tool {

namespace {

struct tokenize_options {
  model_choice model;
  std::string text;
  bool has_text = false;
  std::string texts_file;
  std::string ids;
  bool no_special = false;
  bool add_bos_eos = false;
  bool json = false;
};

/// Of a .gguf file, or a folder with tokenizer.json; no weights are needed.
ll::result<ll::tokenizer> open_tokenizer(const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    auto spec = ll::tokenizer_spec_from_folder(path);
    if (!spec) return spec.error();
    return ll::tokenizer::create(*std::move(spec));
  }
  auto file = ll::gguf_file::open(path);
  if (!file) return file.error();
  auto spec = ll::tokenizer_spec_from(file->metadata());
  if (!spec) return spec.error().in(path);
  return ll::tokenizer::create(*std::move(spec));
}

nlohmann::ordered_json describe(const ll::tokenizer& t, const std::vector<ll::token_id>& ids) {
  nlohmann::ordered_json pieces = nlohmann::ordered_json::array();
  for (const ll::token_id id : ids) pieces.push_back(t.piece(id));
  return {{"ids", ids}, {"pieces", std::move(pieces)}, {"text", t.decode(ids)}};
}

ll::result<int> tokenize(const tokenize_options& o) {
  if (int{o.has_text} + int{!o.texts_file.empty()} + int{!o.ids.empty()} > 1)
    return ll::error{ll::errc::invalid_argument, "give one of --text, --texts-file and --ids"};
  auto path = o.model.path();
  if (!path) return path.error();
  auto t = open_tokenizer(*path);
  if (!t) return t.error();
  const ll::encode_options how{.parse_special = !o.no_special, .add_bos_eos = o.add_bos_eos};

  if (!o.texts_file.empty()) {
    auto texts = read_texts(o.texts_file);
    if (!texts) return texts.error();
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const std::string& text : *texts) {
      auto ids = t->encode(text, how);
      if (!ids) return ids.error();
      all.push_back(describe(*t, *ids));
    }
    print_json(all);
    return done;
  }
  std::vector<ll::token_id> ids;
  if (!o.ids.empty()) {
    auto parsed = parse_ids(o.ids);
    if (!parsed) return parsed.error();
    ids = *std::move(parsed);
  } else {
    std::string text = o.has_text ? o.text : o.model.word(0);
    if (!o.has_text && text.empty()) text = read_standard_input();
    auto encoded = t->encode(text, how);
    if (!encoded) return encoded.error();
    ids = *std::move(encoded);
  }
  if (o.json) {
    print_json(describe(*t, ids));
  } else if (!o.ids.empty()) {
    std::cout << t->decode(ids) << '\n';
  } else {
    for (const ll::token_id id : ids) std::cout << id << '\t' << t->piece(id) << '\n';
  }
  return done;
}

}  // namespace

void add_tokenize(CLI::App& app, action& chosen) {
  auto o = std::make_shared<tokenize_options>();
  CLI::App* c = app.add_subcommand("tokenize", "Turn text into token ids and back; loads no weights");
  o->model.add_to(*c, "TEXT");
  CLI::Option* text = c->add_option("--text", o->text, "The text; from standard input if not given");
  c->add_option("--texts-file", o->texts_file, "A JSON array of texts; prints a JSON array");
  c->add_option("--ids", o->ids, "Token ids to turn into text: 1,2,3 or a JSON array");
  c->add_flag("--no-special", o->no_special, "Read special tokens in the text as plain text");
  c->add_flag("--add-bos-eos", o->add_bos_eos, "Add what the tokenizer adds around a text");
  c->add_flag("--json", o->json, "Print one JSON document");
  c->callback([o, text, &chosen] {
    o->has_text = text->count() > 0;
    chosen = [o] { return tokenize(*o); };
  });
}

}  // namespace tool
