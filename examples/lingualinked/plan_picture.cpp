// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan_picture.hpp"

#include <lingualinked/partition/evaluate.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

namespace tool {

namespace ll = lingualinked;

namespace {

constexpr double picture_width = 1000;
constexpr double bars_left = 210;  // where bars begin; names stand before
constexpr double bar_width = picture_width - bars_left - 20;
constexpr double bar_height = 20;
constexpr double device_height = 50;  // of a row: the bar, and room for what is sent to the next
constexpr double work_height = 28;
constexpr double line_height = 18;
constexpr std::size_t name_characters = 26;  // that fit before the bars
constexpr std::size_t line_characters = 165;
constexpr std::uint32_t most_sequences_drawn = 16;
constexpr std::size_t most_unused_drawn = 12;
constexpr const char* colours[] = {"#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2", "#9c755f", "#edc948"};
constexpr const char* small_text = " font-size=\"11\"";
constexpr const char* grey_text = " font-size=\"11\" fill=\"#555\"";
constexpr const char* on_lines = " font-size=\"11\" fill=\"#555\" stroke=\"white\" stroke-width=\"3\" paint-order=\"stroke\"";
constexpr const char* before_lines =
    " font-size=\"11\" fill=\"#555\" stroke=\"white\" stroke-width=\"3\" paint-order=\"stroke\" text-anchor=\"end\"";
constexpr const char* bold_text = " font-weight=\"bold\"";

/// Text as XML holds it: names of devices come from files.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20) out += ' ';
    else out += c;
  }
  return out;
}

/// At most so many characters (code points of UTF-8), the last of them dots where something is left out.
std::string shortened(std::string_view text, std::size_t most) {
  std::size_t count = 0;
  std::size_t kept = 0;  // bytes of the first most - 3 characters
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (count == most - 3) kept = i;
    ++count;
  }
  return count <= most ? std::string(text) : std::string(text.substr(0, kept)) + "...";
}

std::string label(double x, double y, std::string_view text, const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", x, y, more, escaped(text));
}

std::string bar(double x, double y, double wide, double high, std::size_t colour, std::string_view title, double opacity = 1) {
  return fmt::format(
      "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" fill=\"{}\" fill-opacity=\"{}\" stroke=\"white\" "
      "stroke-width=\"0.5\"><title>{}</title></rect>\n",
      x, y, std::max(wide, 0.5), high, colours[colour % std::size(colours)], opacity, escaped(title));
}

std::string stroke(double x1, double y1, double x2, double y2, std::string_view more) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#333\"{}", x1, y1, x2, y2, more);
}

std::string bytes_text(std::uint64_t bytes) {
  const double b = static_cast<double>(bytes);
  return b < 1e3 ? fmt::format("{} B", bytes) : b < 1e6 ? fmt::format("{:.1f} kB", b / 1e3) : fmt::format("{:.1f} MB", b / 1e6);
}

double message_seconds(const ll::placement_instance& p, std::size_t from, std::size_t to, std::uint64_t bytes) {
  for (const ll::link& l : p.links)
    if (l.from == from && l.to == to && l.quality.bandwidth_bytes_per_second > 0)
      return l.quality.latency_seconds + static_cast<double>(bytes) / l.quality.bandwidth_bytes_per_second;
  return 0;
}

struct busy_time {
  std::size_t stage = 0;
  std::uint32_t sequence = 0;
  double start = 0;
  double seconds = 0;
  double arrives = 0;  // at the next stage, or, the token, where it is read
};

/// When each stage works on each sequence if all begin together: a stage serves one at a time, in order.
std::vector<busy_time> one_round(const ll::placement_instance& p, const ll::placement& placed, const ll::evaluation& cost) {
  std::vector<busy_time> all;
  const auto& stages = placed.stages;
  const std::size_t header = p.header.value_or(stages.front().device);
  std::vector<double> free_at(stages.size(), 0.0);
  for (std::uint32_t k = 0; k < std::min(p.sequences, most_sequences_drawn); ++k) {
    double arrives = message_seconds(p, header, stages.front().device, p.token_bytes);
    for (std::size_t s = 0; s < stages.size(); ++s) {
      const double start = std::max(arrives, free_at[s]);
      free_at[s] = start + cost.stage_seconds[s];
      const bool last = s + 1 == stages.size();
      arrives = free_at[s] + message_seconds(p, stages[s].device, last ? header : stages[s + 1].device,
                                             last ? p.token_bytes : p.modules[stages[s].last_module].cut_bytes);
      all.push_back({s, k, start, cost.stage_seconds[s], arrives});
    }
  }
  return all;
}

/// The devices of the plan with their modules, what they keep besides, and what they send. Moves y below it.
std::string draw_devices(const ll::placement_instance& instance, const ll::placement& placed, const ll::evaluation& cost,
                         std::span<const ll::transmission> map, const ll::plan_document& document, double& y) {
  const double each = bar_width / static_cast<double>(instance.modules.size());
  const auto module_x = [&](std::size_t m) { return bars_left + each * static_cast<double>(m); };
  const double top = y;
  const auto row_y = [&](std::size_t s) { return top + device_height * static_cast<double>(s); };
  std::string body;
  for (std::size_t s = 0; s < placed.stages.size(); ++s) {
    const ll::stage_interval& stage = placed.stages[s];
    const auto& device = instance.devices[stage.device];
    body += label(10, row_y(s) + 9, shortened(device.name, name_characters));
    body += label(10, row_y(s) + 23,
                  fmt::format("{}-{}, {:.2f} ms, {:.1f} MB", stage.first_module, stage.last_module, cost.stage_seconds[s] * 1e3,
                              static_cast<double>(cost.stage_memory_bytes[s]) / 1e6),
                  grey_text);
    for (std::size_t m = stage.first_module; m <= stage.last_module; ++m)
      body += bar(module_x(m), row_y(s), each, bar_height, s, instance.modules[m].name);
    const auto kept = document.stages[s].overlap;
    const auto keeps = [&](std::size_t first, std::size_t end) {
      if (first < end)
        body += bar(module_x(first), row_y(s) + 4, module_x(end) - module_x(first), bar_height - 8, s,
                    fmt::format("kept as well: modules {} to {}", first, end - 1), 0.35);
    };
    if (kept) {
      keeps(kept->first, stage.first_module);
      keeps(stage.last_module + 1, kept->second + 1);
    }
  }
  std::string labels;  // over all lines
  for (const ll::transmission& t : map) {
    const bool cut = t.consumer_module == t.producer_module + 1;
    const double x = module_x(t.consumer_module) + (cut ? 0 : each / 2);
    const std::size_t from = placed.stages[t.from_stage].device;
    const std::size_t to = placed.stages[t.to_stage].device;
    const std::string what =
        fmt::format("{}, {:.2f} ms", bytes_text(t.bytes_per_token), message_seconds(instance, from, to, t.bytes_per_token) * 1e3);
    body += stroke(cut ? x : module_x(t.producer_module) + each / 2, row_y(t.from_stage) + bar_height, x, row_y(t.to_stage),
                   cut ? " marker-end=\"url(#arrow)\"" : " marker-end=\"url(#arrow)\" stroke-dasharray=\"4 3\"");
    body += fmt::format("><title>{} a token</title></line>\n", escaped(what));
    if (!cut) continue;
    const bool right = x < picture_width - 160;
    labels += label(right ? x + 6 : x - 6, row_y(t.from_stage) + bar_height + 18, what, right ? on_lines : before_lines);
  }
  body += labels;
  y = row_y(placed.stages.size());
  if (document.overlaps && document.overlaps->extra_bytes > 0) {
    body += label(10, y, "Pale: modules of a neighbour that a device keeps as well, for when one slows down.", grey_text);
    y += line_height;
  }
  return body;
}

/// When each stage works during one round. Moves y below it.
std::string draw_round(const ll::placement_instance& instance, const ll::placement& placed, const ll::evaluation& cost,
                       double& y) {
  const std::vector<busy_time> round = one_round(instance, placed, cost);
  double end = cost.tau_seconds;
  for (const busy_time& w : round) end = std::max(end, w.arrives);
  const double scale = end > 0 ? bar_width / end : 0;
  const std::size_t rows = placed.stages.size();
  const double top = y + 34;
  const auto row_y = [&](std::size_t s) { return top + work_height * static_cast<double>(s); };
  const std::string time = fmt::format("{:.2f} ms", cost.tau_seconds * 1e3);
  const bool one = instance.all_sequences() == 1;
  const std::uint32_t together = instance.micro_batch_sequences;
  std::string body =
      label(10, y,
            one ? "One token: " + time
                : fmt::format("One token of each of {} sequences that begin together; once under way a round takes {}",
                              instance.all_sequences(), time),
            bold_text);
  std::string legend = one             ? ""
                       : together == 1 ? "a colour for each sequence; "
                                       : fmt::format("a colour for each batch of {} sequences; ", together);
  legend += "lines: on the way to the next device";
  if (!instance.edges.empty()) legend += "; tensors past a neighbour (dashed above) are not drawn";
  body += label(10, y + 16, legend, grey_text);
  for (std::size_t s = 0; s < rows; ++s)
    body += label(10, row_y(s) + 14, shortened(instance.devices[placed.stages[s].device].name, name_characters));
  for (const busy_time& w : round) {
    const double done = bars_left + (w.start + w.seconds) * scale;
    const double next = w.stage + 1 < rows ? row_y(w.stage + 1) : row_y(w.stage) + bar_height + 4;
    body += stroke(done, row_y(w.stage) + bar_height, bars_left + w.arrives * scale, next, " stroke-width=\"0.7\"/>\n");
    body += bar(bars_left + w.start * scale, row_y(w.stage), w.seconds * scale, bar_height, w.sequence,
                fmt::format("{} {}: {:.2f} ms from {:.2f} ms", together == 1 ? "sequence" : "batch", w.sequence + 1,
                            w.seconds * 1e3, w.start * 1e3));
  }
  y = row_y(rows) + 4;
  constexpr int marks = 4;
  for (int i = 0; i <= marks; ++i) {
    const double x = bars_left + bar_width * i / marks;
    body += stroke(x, y - 4, x, y, " stroke-width=\"0.7\"/>\n");
    body += label(x, y + 12, fmt::format("{:.2f} ms", end * 1e3 * i / marks),
                  i == 0       ? " font-size=\"11\""
                  : i == marks ? " font-size=\"11\" text-anchor=\"end\""
                               : " font-size=\"11\" text-anchor=\"middle\"");
  }
  y += 2 * line_height;
  if (instance.sequences > most_sequences_drawn) {
    body += label(10, y, fmt::format("The first {} {} are drawn.", most_sequences_drawn, together == 1 ? "sequences" : "batches"),
                  grey_text);
    y += line_height;
  }
  return body;
}

}  // namespace

std::string draw_plan(const ll::placement_instance& instance, const ll::placement& placed, std::span<const ll::transmission> map,
                      const ll::plan_document& document) {
  const auto cost = ll::evaluate(instance, placed.stages);
  if (!cost) return {};
  double y = 24;
  std::string body = label(10, y,
                           fmt::format("{} modules on {} of {} devices, {} by {}", instance.modules.size(), placed.stages.size(),
                                       instance.devices.size(), document.status, document.solver),
                           bold_text);
  y += 26;
  body += draw_devices(instance, placed, *cost, map, document, y);
  y += line_height;
  body += draw_round(instance, placed, *cost, y);
  for (std::size_t i = 0; i < document.unused.size(); ++i) {
    const auto& u = document.unused[i];
    const bool enough = i == most_unused_drawn;
    body += label(10, y,
                  enough ? fmt::format("Without a stage: {} more", document.unused.size() - i)
                         : shortened(fmt::format("Without a stage: {}: {}", u.device, u.reason), line_characters),
                  small_text);
    y += line_height;
    if (enough) break;
  }
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
             "font-family=\"sans-serif\" font-size=\"13\">\n"
             "<defs><marker id=\"arrow\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"4\" orient=\"auto\">"
             "<path d=\"M0,0 L8,4 L0,8 z\" fill=\"#333\"/></marker></defs>\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
             picture_width, y) +
         body + "</svg>\n";
}

}  // namespace tool
