// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model_choice.hpp"

#include <lingualinked/model/quantised_weights.hpp>

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace tool {

namespace {
constexpr const char* default_model = "SmolLM2-135M-Instruct.Q4_1.gguf";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}
}  // namespace

std::string cache_folder() {
  if (const std::string own = environment("LINGUALINKED_CACHE"); !own.empty()) return own;
  if (const std::string shared = environment("XDG_CACHE_HOME"); !shared.empty()) return shared + "/lingualinked";
  return environment("HOME") + "/.cache/lingualinked";
}

void model_choice::add_to(CLI::App& app, const std::string& rest) {
  app.add_option("-m,--model", model,
                 "A .gguf file, the first of its splits, or a folder with config.json and safetensors; the cached default "
                 "model if not given");
  app.add_option("--weights", weights,
                 "Round float weights to q8_0, q4_0, q4_1, q5_0 or q5_1 while loading; as stored if not given");
  app.add_option("words", words, rest.empty() ? "MODEL, unless given with -m" : "MODEL, unless given with -m, then " + rest)
      ->type_name(rest.empty() ? "[MODEL]" : "[MODEL] [" + rest + "]")
      ->expected(0, rest.empty() ? 1 : 2);
}

ll::result<std::string> model_choice::path() const {
  if (!model.empty()) return model;
  if (!words.empty()) return words.front();
  const std::string cached = cache_folder() + "/models/" + default_model;
  if (std::filesystem::exists(cached)) return cached;
  return ll::error{ll::errc::io, "no model was given and the default one is not at '" + cached +
                                     "'. Name a .gguf file or a folder with --model, or fetch it with examples/get_model.sh"};
}

ll::result<ll::language_model> model_choice::open() const {
  auto chosen = path();
  if (!chosen) return chosen.error();
  std::optional<ll::dtype> type;
  if (!weights.empty()) {
    auto named = ll::quantised_type_named(weights);
    if (!named) return named.error().in("--weights");
    type = *named;
  }
  auto opened = ll::language_model::open(*chosen, type);
  if (!opened) return input_error(opened.error());
  return opened;
}

ll::result<ll::tokenizer> model_choice::tokenizer_of(const ll::language_model& model) {
  auto made = model.make_tokenizer();
  if (!made) return input_error(made.error());
  return made;
}

ll::result<void> model_choice::require_words(const ll::language_model& model) {
  if (model.sizes().labels.empty()) return {};
  return ll::error{ll::errc::unsupported, model.path() + ": is a text classifier of " +
                                              std::to_string(model.sizes().labels.size()) +
                                              " labels and writes no text. Use 'classify'"};
}

std::string model_choice::word(std::size_t n) const {
  const std::size_t at = model.empty() ? n + 1 : n;
  return at < words.size() ? words[at] : std::string();
}

}  // namespace tool
