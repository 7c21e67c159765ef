// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/result.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

/// Watches streamed text for stop strings, wherever token borders fall. Text that may be the beginning of a stop string is held
/// back until it is certain. The stop string that begins first wins; it and what follows are not part of the text.
class stop_matcher {
 public:
  static constexpr std::size_t stops_max = 16;
  static constexpr std::size_t stop_bytes_max = 1024;

  stop_matcher() = default;

  /// Errors    errc::invalid_argument for an empty stop string; errc::limit for too many or too long ones
  [[nodiscard]] static result<stop_matcher> create(std::vector<std::string> stops) {
    if (stops.size() > stops_max) {
      return error{errc::limit, std::to_string(stops.size()) + " stop strings; at most " + std::to_string(stops_max)};
    }
    for (const std::string& stop : stops) {
      if (stop.empty()) return error{errc::invalid_argument, "a stop string is empty"};
      if (stop.size() > stop_bytes_max) {
        return error{errc::limit,
                     "a stop string has " + std::to_string(stop.size()) + " bytes; at most " + std::to_string(stop_bytes_max)};
      }
    }
    stop_matcher made;
    made.stops_ = std::move(stops);
    return made;
  }

  /// The text that is now certain to come before any stop string; nothing more after a stop.
  [[nodiscard]] std::string push(std::string_view text) {
    if (stopped_) return {};
    held_.append(text);
    std::size_t first = held_.size();  // where the first stop string, or a possible beginning of one, begins
    bool whole = false;
    for (const std::string& stop : stops_) {
      const std::size_t at = held_.find(stop);
      const std::size_t place = at != std::string::npos ? at : unfinished(stop);
      if (place < first || (place == first && at != std::string::npos)) whole = at != std::string::npos;
      first = std::min(first, place);
    }
    if (first == held_.size()) whole = false;
    stopped_ = whole;
    std::string out = held_.substr(0, first);
    held_.erase(0, first);
    return out;
  }

  /// The end of the stream: what was held back is text after all, up to a stop string inside it.
  [[nodiscard]] std::string flush() {
    if (stopped_) return {};
    std::size_t first = std::string::npos;
    for (const std::string& stop : stops_) first = std::min(first, held_.find(stop));
    stopped_ = first != std::string::npos;
    held_.erase(std::min(first, held_.size()));
    return std::exchange(held_, {});
  }

  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

 private:
  /// Where the longest beginning of `stop` that ends the held text begins; its size when there is none.
  [[nodiscard]] std::size_t unfinished(std::string_view stop) const {
    const std::string_view held = held_;
    for (std::size_t n = std::min(stop.size() - 1, held.size()); n > 0; --n) {
      if (held.ends_with(stop.substr(0, n))) return held.size() - n;
    }
    return held.size();
  }

  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace lingualinked::inline v0
