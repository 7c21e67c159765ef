// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "probe_cache.hpp"

#include "command.hpp"
#include "machine.hpp"
#include "model_choice.hpp"

#include <lingualinked/core/sha256.hpp>
#include <lingualinked/documents/fleet.hpp>
#include <lingualinked/formats/fingerprint.hpp>
#include <lingualinked/version.hpp>

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <span>
#include <thread>

namespace tool {

namespace {

std::string digest(const std::string& text) {
  ll::sha256 hash;
  hash.update(std::as_bytes(std::span(text)));
  return ll::hex(hash.finish());
}

/// What this machine is: its name, its processor, its size.
std::string machine_text() {
  std::string processor;
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; processor.empty() && std::getline(cpuinfo, line);)
    if (line.starts_with("model name") || line.starts_with("CPU part")) processor = line;
  return host_name() + "\n" + processor + "\n" + std::to_string(std::thread::hardware_concurrency()) + "\n" +
         std::to_string(total_memory_bytes());
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "this-machine";
}

const std::string& build_name() {
  static const std::string name = [] {
    const std::string version = std::to_string(LINGUALINKED_VERSION_MAJOR) + "." + std::to_string(LINGUALINKED_VERSION_MINOR) +
                                "." + std::to_string(LINGUALINKED_VERSION_PATCH);
    const auto program = ll::file_sha256("/proc/self/exe");
    return program ? version + "-" + ll::hex(*program).substr(0, 12) : version;
  }();
  return name;
}

std::string profile_cache_path(const std::string& model_fingerprint, const ll::measure_options& how, bool quick) {
  const std::string key = model_fingerprint + "\n" + machine_text() + "\n" + how.build + "\n" + how.isa + "\n" +
                          std::string(ll::name_of(how.kv_type)) + "\n" + std::to_string(how.threads) + "\n" +
                          std::to_string(how.slowdown) + (quick ? "\nquick" : "");
  return cache_folder() + "/profiles/" + digest(key).substr(0, 32) + ".json";
}

std::optional<ll::device> read_cached_device(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  auto kept = ll::read_fleet(*text);
  if (!kept || kept->devices.size() != 1 || kept->devices[0].profiles.size() != 1) return std::nullopt;
  return std::move(kept->devices[0]);
}

void write_cached_device(const std::string& path, const ll::device& d) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  ll::fleet alone;
  alone.devices.push_back(d);
  static_cast<void>(write_file(path, ll::to_json(alone).dump() + "\n"));
}

}  // namespace tool
