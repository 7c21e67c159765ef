// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ids.hpp"

#include <lingualinked/formats/json.hpp>

#include <cstdint>
#include <limits>

namespace tool {

namespace {

ll::result<std::vector<ll::token_id>> ids_from(const std::string& text) {
  auto document = ll::parse_json(text);
  if (!document) return document.error();
  if (!document->is_array()) return ll::error{ll::errc::malformed, "token ids must be a JSON array of whole numbers"};
  std::vector<ll::token_id> ids;
  for (const auto& item : *document) {
    if (!item.is_number_unsigned() || item.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<ll::token_id>::max()})
      return ll::error{ll::errc::malformed, "token id [" + std::to_string(ids.size()) + "] is not a whole number from 0 on"};
    ids.push_back(static_cast<ll::token_id>(item.get<std::uint64_t>()));
  }
  return ids;
}

}  // namespace

ll::result<std::vector<ll::token_id>> parse_ids(const std::string& text) {
  const bool bare = text.find('[') == std::string::npos;
  return ids_from(bare ? "[" + text + "]" : text);
}

ll::result<std::vector<ll::token_id>> read_ids(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  auto ids = ids_from(*text);
  if (!ids) return input_error(ids.error().in(path));
  return ids;
}

ll::result<void> check_ids(const std::vector<ll::token_id>& ids, std::size_t vocabulary) {
  for (const ll::token_id id : ids)
    if (id < 0 || static_cast<std::size_t>(id) >= vocabulary)
      return ll::error{ll::errc::invalid_argument,
                       "token id " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(vocabulary)};
  return {};
}

ll::result<std::vector<std::string>> read_texts(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text.error();
  auto document = ll::parse_json(*text);
  if (!document) return input_error(document.error().in(path));
  if (!document->is_array()) return ll::error{ll::errc::malformed, path + ": must be a JSON array of strings"};
  std::vector<std::string> texts;
  for (const auto& item : *document) {
    if (!item.is_string())
      return ll::error{ll::errc::malformed, path + ": [" + std::to_string(texts.size()) + "] is not a string"};
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace tool
