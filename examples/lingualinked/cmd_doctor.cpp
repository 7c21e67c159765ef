// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "command.hpp"
#include "machine.hpp"
#include "model_choice.hpp"

#include <lingualinked/core/control.hpp>
#include <lingualinked/kernels/table.hpp>
#include <lingualinked/model/language_model.hpp>
#include <lingualinked/version.hpp>
#include <lingualinked/zmq/transport.hpp>

#include <spdlog/spdlog.h>
#include <zmq.h>

#include <filesystem>
#include <iostream>
#include <memory>

namespace tool {

namespace {

struct finding {
  std::string name;
  bool ok = false;
  std::string message;
  std::string remedy;  // empty when all is well
};

finding check_arithmetic() {
  const auto fine = ll::kernels::check_numeric_environment();
  if (fine) return {"arithmetic", true, "floating point keeps the bit contract", ""};
  return {"arithmetic", false, fine.error().message,
          "Build without -ffast-math and run outside tools that change floating point"};
}

finding check_instructions() {
  std::string there;
  for (const auto which : {ll::kernels::isa::scalar, ll::kernels::isa::avx2, ll::kernels::isa::avxvnni, ll::kernels::isa::avx512,
                           ll::kernels::isa::neon, ll::kernels::isa::neon_dot})
    if (ll::kernels::available(which)) there += (there.empty() ? "" : ", ") + std::string(ll::kernels::name_of(which));
  const bool vector = ll::kernels::best_available() != ll::kernels::isa::scalar;
  return {"instruction sets", vector, "available: " + there,
          vector ? "" : "Only portable kernels fit this machine; expect low speed"};
}

finding check_build() {
#ifdef NDEBUG
  constexpr const char* contracts = "";
#else
  constexpr const char* contracts = ", with contracts checked, which is slow";
#endif
  return {"build", true,
          fmt::format("lingualinked {}.{}.{}, bit contract {}, protocol {}, compiler {}{}", LINGUALINKED_VERSION_MAJOR,
                      LINGUALINKED_VERSION_MINOR, LINGUALINKED_VERSION_PATCH, ll::control::contract_version,
                      ll::control::protocol_version, __VERSION__, contracts),
          ""};
}

finding check_libraries() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
  return {"libraries", true,
          fmt::format("ZeroMQ {}.{}.{}, nlohmann/json {}.{}.{}, CLI11 {}, spdlog {}.{}.{}", major, minor, patch,
                      NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH, CLI11_VERSION,
                      SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH),
          ""};
}

finding check_memory() {
  const std::uint64_t bytes = total_memory_bytes();
  return {"memory", bytes != 0, std::to_string(bytes >> 20) + " MiB, " + std::to_string(physical_cores()) + " cores",
          bytes != 0 ? "" : "The system does not tell; give devices their memory in the fleet file"};
}

finding check_profiles() {
  std::size_t count = 0;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(cache_folder() + "/profiles", none))
    count += entry.path().extension() == ".json" ? 1 : 0;
  return {"profiles", true,
          count == 0 ? "this machine is not measured; 'lingualinked probe --out fleet.json' does it"
                     : std::to_string(count) + " measurements kept by 'probe'",
          ""};
}

finding check_sockets() {
  auto transport = ll::zmq_transport::open();
  if (!transport) return {"sockets", false, transport.error().message, "Raise the limit on open files (ulimit -n)"};
  auto endpoint = transport->listen("tcp://127.0.0.1:0");
  if (!endpoint) return {"sockets", false, endpoint.error().message, "Allow programs to listen on 127.0.0.1"};
  return {"sockets", true, "can listen on loopback", ""};
}

finding check_solver() {
#ifdef LINGUALINKED_TOOL_HAS_GLPK
  return {"solver", true, "GLPK and the exact chain solver", ""};
#else
  return {"solver", true, "the exact chain solver; this build has no GLPK", ""};
#endif
}

finding check_model(const model_choice& choice) {
  const std::string remedy = "Fetch the default model with examples/get_model.sh, or name another with --model";
  auto path = choice.path();
  if (!path) return {"model", false, path.error().message, remedy};
  auto model = choice.open();
  if (!model) return {"model", false, model.error().message, remedy};
  auto t = model->make_tokenizer();
  if (!t) return {"model", false, t.error().message, "Use token ids, or convert the model anew"};
  return {"model", true, *path + ": " + model->sizes().architecture + ", " + std::to_string(model->sizes().layers) + " layers",
          ""};
}

finding check_cache() {
  std::error_code failed;
  const std::string folder = cache_folder();
  const auto space = std::filesystem::space(std::filesystem::exists(folder, failed) ? folder : "/", failed);
  const bool enough = !failed && space.available > (std::uint64_t{256} << 20);
  return {"cache", enough, folder + ": " + std::to_string(failed ? 0 : space.available >> 20) + " MiB free",
          enough ? "" : "Free some space, or name another folder in LINGUALINKED_CACHE"};
}

ll::result<int> doctor(const model_choice& model, bool json) {
  const finding all[] = {check_build(),   check_libraries(), check_arithmetic(), check_instructions(), check_memory(),
                         check_sockets(), check_solver(),    check_cache(),      check_profiles(),     check_model(model)};
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const finding& f : all) {
    list.push_back({{"name", f.name}, {"ok", f.ok}, {"message", f.message}, {"remedy", or_null(!f.remedy.empty(), f.remedy)}});
    if (json) continue;
    std::cout << (f.ok ? "ok    " : "look  ") << f.name << ": " << f.message << '\n';
    if (!f.remedy.empty()) std::cout << "      " << f.remedy << '\n';
  }
  if (json) print_json({{"checks", list}});
  return done;
}

}  // namespace

void add_doctor(CLI::App& app, action& chosen) {
  auto model = std::make_shared<model_choice>();
  auto json = std::make_shared<bool>(false);
  CLI::App* c = app.add_subcommand("doctor", "Check machine, build, libraries, ports and model; say what to do");
  model->add_to(*c);
  c->add_flag("--json", *json, "Print one JSON document");
  c->callback([model, json, &chosen] { chosen = [model, json] { return doctor(*model, *json); }; });
}

}  // namespace tool
