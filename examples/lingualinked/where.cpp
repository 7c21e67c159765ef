// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "where.hpp"

#include "machine.hpp"

#include <algorithm>
#include <cstdlib>

namespace tool {

namespace {
constexpr std::uint32_t default_context = 4096;
}

void where_options::add_to(CLI::App& app, bool with_context) {
  app.add_option("--fleet", fleet, "Fleet file: the planner chooses among its devices; \"local\" ones are started here");
  app.add_option("--devices", devices, "Start this many local workers and use exactly so many stages")->check(CLI::Range(1, 64));
  app.add_option("--cut", cut, "With --devices: the first modules of stages 2..N, e.g. 20,41");
  add_limits_to(app);
  app.add_option("--plan", plan, "Obey a plan that 'plan --json' printed");
  app.add_option("-t,--threads", threads, "Threads of each device; its physical cores if not given")->check(CLI::Range(1, 1024));
  app.add_flag("--insecure", insecure, "Use workers at addresses other than loopback, without encryption or authentication");
  app.add_option("--isa", isa, "Force an instruction set: scalar, avx2, avxvnni, avx512, neon, neon_dot");
  app.add_option("--kv", kv, "Type of the KV cache: f32 or f16; by the model if not given");
  if (with_context)
    app.add_option("-c,--context", context, "Longest context in tokens; the model's own, at most 4096, if not given")
        ->check(positive);
}

void where_options::add_limits_to(CLI::App& app) {
  app.add_option("--private-layers", private_layers,
                 "With --fleet: the embedding, the first and the last so many layers and the head stay on devices that the fleet "
                 "file calls trusted, and on its header")
      ->check(CLI::Range(0, 65536));
  app.add_option("--max-stages", max_stages, "With --fleet: at most so many devices in one plan")->check(positive);
}

void where_options::limit(ll::planning_options& options) const {
  if (private_layers) options.private_modules = 1 + 2 * std::size_t{*private_layers};
  options.max_stages = max_stages;
}

ll::result<std::uint32_t> where_options::context_for(const ll::language_model& model) const {
  const auto most = static_cast<std::uint32_t>(model.sizes().context_length);
  if (context > most)
    return ll::error{ll::errc::limit, "--context " + std::to_string(context) + " is more than the " + std::to_string(most) +
                                          " tokens the model was made for. Ask for less"};
  return context != 0 ? context : std::min(most, default_context);
}

ll::result<ll::dtype> where_options::kv_for(const ll::language_model& model) const {
  if (kv.empty()) return model.default_kv_type();
  if (kv == "f32") return ll::dtype::f32;
  if (kv == "f16") return ll::dtype::f16;
  return ll::error{ll::errc::invalid_argument, "--kv '" + kv + "' is unknown; it is f32 or f16"};
}

ll::result<ll::kernels::isa> where_options::instruction_set() const {
  const char* forced = std::getenv("LINGUALINKED_ISA");
  const bool by_environment = isa.empty() && forced != nullptr;
  const std::string wanted = by_environment ? forced : isa;
  if (wanted.empty()) return ll::kernels::best_available();
  const char* const source = by_environment ? "LINGUALINKED_ISA" : "--isa";
  auto named = ll::kernels::isa_named(wanted);
  if (!named) return ll::error{ll::errc::invalid_argument, named.error().message}.in(source);
  if (auto table = ll::kernels::table_for(*named); !table)
    return ll::error{ll::errc::invalid_argument, table.error().message}.in(source);
  return *named;
}

unsigned where_options::thread_count() const { return threads != 0 ? threads : physical_cores(); }

}  // namespace tool
