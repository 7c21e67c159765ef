// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/formats/json.hpp>
#include <lingualinked/formats/printable.hpp>

#include <cmath>
#include <locale>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {
namespace detail {

// Builds the document from parser events. The parser itself does not recurse, keeps the last of two equal keys and has no depth
// limit, so both checks stand here, before anything is stored.
class json_builder {
 public:
  using json = nlohmann::json;
  explicit json_builder(const json_limits& limits) : limits_(limits) {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(json::number_integer_t value) { return add(value); }
  bool number_unsigned(json::number_unsigned_t value) { return add(value); }
  bool number_float(json::number_float_t value, const json::string_t&) { return add(value); }
  bool string(json::string_t& value) { return add(std::move(value)); }
  bool binary(json::binary_t&) { return fail(errc::malformed, "binary values are not JSON"); }
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(json::string_t& name) {
    const auto [place, fresh] = open_.back()->get_ref<json::object_t&>().try_emplace(std::move(name));
    if (!fresh) return fail(errc::malformed, "the key " + printable(place->first) + " stands twice in one object");
    member_ = &place->second;
    keys_.back() = &place->first;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& e) {
    constexpr std::size_t longest = 200;
    std::string what = e.what();
    if (const auto end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    if (what.size() > longest) what = what.substr(0, longest) + "...";
    const std::string where = path();
    return fail(errc::malformed, "byte " + std::to_string(position) + (where.empty() ? "" : ", " + where) + ": " + what);
  }

  [[nodiscard]] json& document() { return document_; }
  [[nodiscard]] const error& problem() const { return problem_; }

 private:
  template <class T>
  json* place(T&& value) {
    if (open_.empty()) return &(document_ = std::forward<T>(value));
    if (open_.back()->is_object()) return &(*member_ = std::forward<T>(value));
    auto& list = open_.back()->get_ref<json::array_t&>();
    return &list.emplace_back(std::forward<T>(value));
  }
  template <class T>
  bool add(T&& value) {
    if (++values_ > limits_.max_values) return fail(errc::limit, "more than " + std::to_string(limits_.max_values) + " values");
    place(std::forward<T>(value));
    return true;
  }
  bool open(json container) {
    if (open_.size() >= limits_.max_depth) {
      return fail(errc::limit, "nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    }
    if (++values_ > limits_.max_values) return fail(errc::limit, "more than " + std::to_string(limits_.max_values) + " values");
    open_.push_back(place(std::move(container)));
    keys_.push_back(nullptr);
    return true;
  }
  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }
  /// Of the value that is being read, as json_field writes it; cut where it is long.
  [[nodiscard]] std::string path() const {
    constexpr std::size_t longest = 200;
    std::string text;
    for (std::size_t i = 0; i < open_.size() && text.size() < longest; ++i) {
      const bool last = i + 1 == open_.size();
      if (open_[i]->is_array()) text += "[" + std::to_string(open_[i]->size() - (last ? 0 : 1)) + "]";
      else if (keys_[i] != nullptr) text = json_field(document_, text).member(*keys_[i]).path();
    }
    return text;
  }
  bool fail(errc code, std::string message) {
    problem_ = {code, std::move(message)};
    return false;
  }

  json_limits limits_;
  std::size_t values_ = 0;
  json document_;
  std::vector<json*> open_;               // stay valid: an open container is the last element of its own
  std::vector<const std::string*> keys_;  // [i]: the last key of open_[i], where that is an object that has one
  json* member_ = nullptr;
  error problem_;
};

[[nodiscard]] inline std::string json_number_text(double value) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out.precision(17);
  out << value;
  return out.str();
}

}  // namespace detail

LINGUALINKED_DECL result<nlohmann::json> parse_json(std::string_view text, const json_limits& limits) {
  if (text.size() > limits.max_bytes) {
    return error{errc::limit,
                 "JSON of " + std::to_string(text.size()) + " bytes; at most " + std::to_string(limits.max_bytes) + " are read"};
  }
  detail::json_builder builder(limits);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return builder.problem();
  return std::move(builder.document());
}

LINGUALINKED_DECL json_field json_field::member(std::string_view name) const {
  // A name from a file may hold anything; one that would blur the path is quoted.
  const bool plain =
      !name.empty() &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == std::string_view::npos;
  std::string path = path_;
  if (plain) {
    if (!path.empty()) path += '.';
    path += name;
  } else {
    path += '[' + printable(name) + ']';
  }
  if (!is_object()) return {nullptr, std::move(path), true};
  const auto& members = value_->get_ref<const nlohmann::json::object_t&>();
  const auto found = members.find(std::string(name));
  return {found == members.end() ? nullptr : &found->second, std::move(path), false};
}

LINGUALINKED_DECL error json_field::complaint(std::string_view what) const {
  return {errc::malformed, (path_.empty() ? std::string("document") : path_) + ": " + std::string(what)};
}

LINGUALINKED_DECL error json_field::mismatch(std::string_view expected) const {
  if (orphan_) return complaint("missing, because what should hold it is not an object");
  if (value_ == nullptr) return complaint("missing; expected " + std::string(expected));
  std::string shown = value_->type_name();
  if (value_->is_string()) shown += ' ' + printable(value_->get_ref<const std::string&>());
  if (value_->is_number_unsigned()) shown += ' ' + std::to_string(value_->get<std::uint64_t>());
  else if (value_->is_number_integer()) shown += ' ' + std::to_string(value_->get<std::int64_t>());
  else if (value_->is_number_float()) shown += ' ' + detail::json_number_text(value_->get<double>());
  return complaint("expected " + std::string(expected) + ", got " + shown);
}

LINGUALINKED_DECL result<void> json_field::require_object() const {
  if (!is_object()) return mismatch("an object");
  return {};
}

LINGUALINKED_DECL result<std::vector<json_field>> json_field::items(std::size_t max_count) const {
  if (!is_array()) return mismatch("an array");
  const auto& list = value_->get_ref<const nlohmann::json::array_t&>();
  if (list.size() > max_count) {
    return complaint(std::to_string(list.size()) + " elements; at most " + std::to_string(max_count) + " are accepted");
  }
  std::vector<json_field> out;
  out.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    out.push_back(json_field(&list[i], path_ + '[' + std::to_string(i) + ']', false));
  }
  return out;
}

LINGUALINKED_DECL result<std::vector<std::string>> json_field::names() const {
  if (!is_object()) return mismatch("an object");
  std::vector<std::string> out;
  for (const auto& [name, unused] : value_->get_ref<const nlohmann::json::object_t&>()) out.push_back(name);
  return out;
}

LINGUALINKED_DECL result<std::uint64_t> json_field::get_uint(std::uint64_t min, std::uint64_t max) const {
  const std::string expected = "an integer in " + std::to_string(min) + " .. " + std::to_string(max);
  if (value_ == nullptr || !value_->is_number_unsigned()) return mismatch(expected);
  const auto value = value_->get<std::uint64_t>();
  if (value < min || value > max) return mismatch(expected);
  return value;
}

LINGUALINKED_DECL result<std::int64_t> json_field::get_int(std::int64_t min, std::int64_t max) const {
  const std::string expected = "an integer in " + std::to_string(min) + " .. " + std::to_string(max);
  if (value_ == nullptr || !value_->is_number_integer()) return mismatch(expected);
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value_->is_number_unsigned() && value_->get<std::uint64_t>() > largest) return mismatch(expected);
  const auto value = value_->get<std::int64_t>();
  if (value < min || value > max) return mismatch(expected);
  return value;
}

LINGUALINKED_DECL result<double> json_field::get_float(double min, double max) const {
  if (!is_number()) return mismatch("a number");
  const double value = value_->get<double>();
  if (!std::isfinite(value) || value < min || value > max) {
    return mismatch("a number in " + detail::json_number_text(min) + " .. " + detail::json_number_text(max));
  }
  return value;
}

LINGUALINKED_DECL result<bool> json_field::get_bool() const {
  if (!is_boolean()) return mismatch("true or false");
  return value_->get<bool>();
}

LINGUALINKED_DECL result<std::string> json_field::get_string() const {
  if (!is_string()) return mismatch("a string");
  return value_->get_ref<const std::string&>();
}

}  // namespace lingualinked::inline v0
