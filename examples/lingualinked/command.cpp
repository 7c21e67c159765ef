// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "command.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <utility>

namespace tool {

exit_code exit_code_of(ll::errc code) noexcept {
  switch (code) {
    case ll::errc::invalid_argument:
    case ll::errc::limit: return wrong_usage;
    case ll::errc::io:
    case ll::errc::malformed:
    case ll::errc::unsupported:
    case ll::errc::numeric: return unusable_input;
    case ll::errc::infeasible: return no_plan;
    case ll::errc::timeout:
    case ll::errc::closed:
    case ll::errc::peer_lost:
    case ll::errc::protocol:
    case ll::errc::busy: return network_failed;
    case ll::errc::cancelled: return interrupted;
    case ll::errc::internal: return internal_error;
  }
  return internal_error;
}

ll::error input_error(ll::error what) {
  if (what.code == ll::errc::invalid_argument || what.code == ll::errc::limit) what.code = ll::errc::malformed;
  return what;
}

void print_error(std::string message) {
  for (char& c : message)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  std::cerr << "lingualinked: error: " << message << std::endl;
}

void print_json(const nlohmann::ordered_json& document) {
  std::cout << document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

ll::result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return ll::error{ll::errc::io, "'" + path + "' cannot be opened. See that it exists and may be read"};
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return ll::error{ll::errc::io, "'" + path + "' cannot be read"};
  return std::move(text).str();
}

std::string read_standard_input() { return {std::istreambuf_iterator<char>(std::cin), {}}; }

ll::result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return ll::error{ll::errc::io, "'" + path + "' cannot be written. See that its folder exists and may be written"};
  return {};
}

}  // namespace tool
