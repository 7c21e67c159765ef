// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <limits>
#include <string>

// What every subcommand shares: how it is chosen, how it ends, what it prints.
namespace tool {

namespace ll = lingualinked;

enum exit_code : int {
  done = 0,
  internal_error = 1,
  wrong_usage = 2,
  unusable_input = 3,
  no_plan = 4,
  network_failed = 5,
  interrupted = 130
};

[[nodiscard]] exit_code exit_code_of(ll::errc code) noexcept;

/// What is wrong with a file is wrong with an input, even where the library calls it an argument or its limit.
[[nodiscard]] ll::error input_error(ll::error what);

/// What counts and sizes on the command line are checked by.
inline const CLI::Range positive(1, std::numeric_limits<int>::max());

/// What the chosen subcommand runs; its result is the exit code.
using action = std::function<ll::result<int>()>;

// Each adds one subcommand to the app; when it is the one the user named, it fills `chosen`.
void add_run(CLI::App& app, action& chosen);
void add_chat(CLI::App& app, action& chosen);
void add_plan(CLI::App& app, action& chosen);
void add_worker(CLI::App& app, action& chosen);
void add_probe(CLI::App& app, action& chosen);
void add_inspect(CLI::App& app, action& chosen);
void add_tokenize(CLI::App& app, action& chosen);
void add_eval(CLI::App& app, action& chosen);
void add_classify(CLI::App& app, action& chosen);
void add_bench(CLI::App& app, action& chosen);
void add_doctor(CLI::App& app, action& chosen);

/// Prints the one line on standard error that every failure ends with.
void print_error(std::string message);
/// Prints one JSON document on standard output; bytes that are not UTF-8 become U+FFFD.
void print_json(const nlohmann::ordered_json& document);
/// value, or null for "unknown".
template <class T>
[[nodiscard]] nlohmann::ordered_json or_null(bool known, T value) {
  return known ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}
[[nodiscard]] ll::result<std::string> read_file(const std::string& path);
[[nodiscard]] std::string read_standard_input();
[[nodiscard]] ll::result<void> write_file(const std::string& path, const std::string& text);

}  // namespace tool
