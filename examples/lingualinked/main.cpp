// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// lingualinked: plan one language model over several devices and run it there. See --help, and README.md for the JSON it prints.
#include "command.hpp"
#include "interrupt.hpp"

#include <lingualinked/version.hpp>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <ios>
#include <iostream>
#include <new>
#include <string>
#include <string_view>

namespace {

bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]) == "--json") return true;
  return false;
}

/// One line for people; with --json also one document for programs.
int report(const lingualinked::error& what, bool json) {
  std::cout.exceptions(std::ios::goodbit);
  tool::print_error(what.message);
  if (json) tool::print_json({{"error", {{"code", lingualinked::name_of(what.code)}, {"message", what.message}}}});
  return tool::exit_code_of(what.code);
}

int report_unwritable_output() {
  return report({lingualinked::errc::io, "standard output cannot be written. See that there is room and that its reader stays"},
                false);
}

std::string version() {
  return std::to_string(LINGUALINKED_VERSION_MAJOR) + "." + std::to_string(LINGUALINKED_VERSION_MINOR) + "." +
         std::to_string(LINGUALINKED_VERSION_PATCH);
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = wants_json(argc, argv);
  spdlog::set_default_logger(spdlog::stderr_color_mt("lingualinked"));
  spdlog::set_pattern("lingualinked: %l: %v");
  spdlog::set_level(spdlog::level::warn);
  tool::end_on_interrupts();  // the subcommands that can end in good order watch for themselves
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App app{"Runs one language model over the devices you own, with the same answer for every split.", "lingualinked"};
  app.require_subcommand(1);
  app.set_version_flag("--version", version());
  app.add_flag_callback(
      "-v,--verbose", [] { spdlog::set_level(spdlog::level::info); }, "Say on standard error what is going on");
  app.footer(
      "Exit status: 0 done, 1 internal error, 2 wrong usage, 3 unusable model, file or template,\n"
      "4 no feasible plan, 5 a peer or the network failed, 130 interrupted.");
  app.fallthrough();
  tool::action chosen;
  tool::add_run(app, chosen);
  tool::add_chat(app, chosen);
  tool::add_plan(app, chosen);
  tool::add_worker(app, chosen);
  tool::add_probe(app, chosen);
  tool::add_inspect(app, chosen);
  tool::add_tokenize(app, chosen);
  tool::add_eval(app, chosen);
  tool::add_classify(app, chosen);
  tool::add_bench(app, chosen);
  tool::add_doctor(app, chosen);
  if (const std::string name = argc > 1 ? argv[1] : "";
      !name.empty() && name.front() != '-' &&
      app.get_subcommands([&](const CLI::App* c) { return c->get_name() == name; }).empty())
    return report({lingualinked::errc::invalid_argument, "no subcommand '" + name + "'. See lingualinked --help"}, json);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) {  // --help, --version
      const int shown = app.exit(e);
      return std::cout.flush() ? shown : report_unwritable_output();
    }
    return report({lingualinked::errc::invalid_argument, std::string(e.what()) + ". See lingualinked --help"}, json);
  }
  try {
    std::cout.exceptions(std::ios::badbit);  // what cannot be told is no success, and ends what is told
    const auto ended = chosen();
    std::cout.flush();
    return ended ? *ended : report(ended.error(), json);
  } catch (const std::ios_base::failure&) {
    return tool::interrupt_flag().load() ? tool::interrupted : report_unwritable_output();
  } catch (const lingualinked::failure& e) {
    return report({e.code(), e.what()}, json);
  } catch (const std::bad_alloc&) {
    return report({lingualinked::errc::internal, "out of memory. Choose a smaller context or model, or more devices"}, json);
  } catch (const std::exception& e) {
    return report({lingualinked::errc::internal, e.what()}, json);
  }
}
