// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/text/templates/text_functions.hpp>
#include <lingualinked/text/unicode.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace lingualinked::inline v0::templates::detail {

inline bool is_white(std::string_view character) noexcept {
  const utf8_step step = step_utf8(character, 0);
  if (step.status != utf8_status::complete) return false;
  return class_of(step.code_point) == character_class::space || (step.code_point >= 0x1C && step.code_point <= 0x1F);
}

/// The last character of a text that is not empty.
inline std::string_view last_character(std::string_view text) noexcept {
  for (std::size_t bytes = std::min<std::size_t>(4, text.size()); bytes > 1; --bytes) {
    const std::string_view tail = text.substr(text.size() - bytes);
    if (character_bytes(tail, 0) == bytes) return tail;
  }
  return text.substr(text.size() - 1);
}

inline bool is_letter(std::string_view character) noexcept {
  const utf8_step step = step_utf8(character, 0);
  return step.status == utf8_status::complete && class_of(step.code_point) == character_class::letter;
}

inline void append_upper(std::string& out, std::string_view character, bool title) {
  const utf8_step step = step_utf8(character, 0);
  if (step.status != utf8_status::complete) {
    out.append(character);
  } else if (step.code_point == 0xDF) {  // sharp s
    out.append(title ? "Ss" : "SS");
  } else {
    const auto c = static_cast<utf8proc_int32_t>(step.code_point);
    append_utf8(out, static_cast<char32_t>(title ? utf8proc_totitle(c) : utf8proc_toupper(c)));
  }
}

template <class OnCharacter>
void for_each_character(std::string_view text, OnCharacter on_character) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text, at);
    on_character(text.substr(at, bytes));
    at += bytes;
  }
}

LINGUALINKED_DECL std::size_t length_of(std::string_view text) noexcept {
  std::size_t length = 0;
  for_each_character(text, [&](std::string_view) { ++length; });
  return length;
}

LINGUALINKED_DECL std::string stripped(std::string_view text, const std::string* set, bool left, bool right) {
  const auto goes = [&](std::string_view c) { return set == nullptr ? is_white(c) : set->find(c) != std::string::npos; };
  while (left && !text.empty()) {
    const std::size_t bytes = character_bytes(text, 0);
    if (!goes(text.substr(0, bytes))) break;
    text.remove_prefix(bytes);
  }
  while (right && !text.empty()) {
    const std::string_view last = last_character(text);
    if (!goes(last)) break;
    text.remove_suffix(last.size());
  }
  return std::string(text);
}

LINGUALINKED_DECL std::string upper_case(std::string_view text) {
  std::string out;
  for_each_character(text, [&](std::string_view c) { append_upper(out, c, false); });
  return out;
}

LINGUALINKED_DECL std::string capitalized(std::string_view text) {
  std::string out;
  if (text.empty()) return out;
  const std::size_t first = character_bytes(text, 0);
  append_upper(out, text.substr(0, first), true);
  return out + lowercase(text.substr(first));
}

LINGUALINKED_DECL std::string title_words(std::string_view text) {
  std::string out;
  bool inside = false;
  for_each_character(text, [&](std::string_view c) {
    if (inside) {
      out += lowercase(c);
    } else {
      append_upper(out, c, true);
    }
    inside = is_letter(c);
  });
  return out;
}

LINGUALINKED_DECL std::string title_filter(std::string_view text) {
  std::string out;
  bool inside = false;
  for_each_character(text, [&](std::string_view c) {
    const bool border = is_white(c) || c == "-" || c == "(" || c == "{" || c == "[" || c == "<";
    if (inside) {
      out += lowercase(c);
    } else {
      append_upper(out, c, false);
    }
    inside = !border;
  });
  return out;
}

LINGUALINKED_DECL std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n' && text[i] != '\r') continue;
    lines.push_back(text.substr(begin, i - begin));
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
    begin = i + 1;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

LINGUALINKED_DECL std::vector<std::string_view> split_parts(std::string_view text, const std::string* separator,
                                                            std::int64_t most) {
  std::vector<std::string_view> parts;
  const auto more = [&] { return most < 0 || parts.size() < static_cast<std::uint64_t>(most); };
  if (separator != nullptr) {
    std::size_t begin = 0;
    for (std::size_t at = text.find(*separator); at != std::string_view::npos && more(); at = text.find(*separator, begin)) {
      parts.push_back(text.substr(begin, at - begin));
      begin = at + separator->size();
    }
    parts.push_back(text.substr(begin));
    return parts;
  }
  std::size_t at = 0;
  const auto run_end = [&](bool white) {
    while (at < text.size() && is_white(text.substr(at, character_bytes(text, at))) == white) at += character_bytes(text, at);
    return at;
  };
  while (run_end(true) < text.size()) {
    const std::size_t begin = at;
    if (!more()) {
      parts.push_back(text.substr(begin));
      break;
    }
    parts.push_back(text.substr(begin, run_end(false) - begin));
  }
  return parts;
}

LINGUALINKED_DECL std::string format_time(std::int64_t local_seconds, std::string_view format, std::string& unknown) {
  static constexpr std::array<std::string_view, 12> months{"January", "February", "March",     "April",   "May",      "June",
                                                           "July",    "August",   "September", "October", "November", "December"};
  static constexpr std::array<std::string_view, 7> days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                        "Thursday", "Friday", "Saturday"};
  constexpr std::int64_t far = std::int64_t{1} << 38;  // some 8700 years each way: within what std::chrono's years hold
  using std::chrono::floor;
  const std::chrono::sys_seconds now{std::chrono::seconds(std::min(std::max(local_seconds, -far), far))};
  const auto day = floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{now - day};
  const auto month = static_cast<std::size_t>(static_cast<unsigned>(date.month()) - 1);
  const std::size_t weekday = std::chrono::weekday{day}.c_encoding();
  const int hour12 = static_cast<int>((time.hours().count() + 11) % 12 + 1);
  std::string out;
  const auto number = [&](int n, std::size_t width, bool padded) {
    const std::string digits = std::to_string(n);
    if (padded && digits.size() < width) out.append(width - digits.size(), '0');
    out += digits;
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out.push_back(format[i]);
      continue;
    }
    const std::size_t begin = i++;
    const bool padded = i >= format.size() || format[i] != '-';
    if (!padded) ++i;
    switch (i < format.size() ? format[i] : '\0') {
      case 'Y': number(static_cast<int>(date.year()), 4, padded); break;
      case 'y': number((static_cast<int>(date.year()) % 100 + 100) % 100, 2, padded); break;
      case 'm': number(static_cast<int>(month) + 1, 2, padded); break;
      case 'd': number(static_cast<int>(static_cast<unsigned>(date.day())), 2, padded); break;
      case 'H': number(static_cast<int>(time.hours().count()), 2, padded); break;
      case 'I': number(hour12, 2, padded); break;
      case 'M': number(static_cast<int>(time.minutes().count()), 2, padded); break;
      case 'S': number(static_cast<int>(time.seconds().count()), 2, padded); break;
      case 'j': number(static_cast<int>((day - std::chrono::sys_days{date.year() / 1 / 1}).count()) + 1, 3, padded); break;
      case 'p': out += time.hours().count() < 12 ? "AM" : "PM"; break;
      case 'B': out += months[month]; break;
      case 'b': out += months[month].substr(0, 3); break;
      case 'A': out += days[weekday]; break;
      case 'a': out += days[weekday].substr(0, 3); break;
      case '%': out.push_back('%'); break;
      default:
        if (unknown.empty()) unknown = std::string(format.substr(begin, i - begin + 1));
    }
  }
  return out;
}

}  // namespace lingualinked::inline v0::templates::detail
