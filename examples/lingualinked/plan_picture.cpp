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

constexpr double width = 960;
constexpr double left = 170;  // where bars begin; names stand before
constexpr double bar_width = width - left - 20;
constexpr double row_height = 44;
constexpr std::uint32_t most_sequences_drawn = 16;
constexpr const char* colours[] = {"#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2", "#9c755f", "#edc948"};

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

std::string label(double x, double y, std::string_view text, const char* more = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", x, y, more, escaped(text));
}

std::string bar(double x, double y, double wide, double high, std::size_t colour, std::string_view title) {
  return fmt::format(
      "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" fill=\"{}\" stroke=\"white\" "
      "stroke-width=\"0.5\"><title>{}</title></rect>\n",
      x, y, std::max(wide, 0.5), high, colours[colour % std::size(colours)], escaped(title));
}

double hop_seconds(const ll::placement_instance& p, std::size_t from, std::size_t to, std::uint64_t bytes) {
  for (const ll::link& l : p.links)
    if (l.from == from && l.to == to && l.quality.bandwidth_bytes_per_second > 0)
      return l.quality.latency_seconds + static_cast<double>(bytes) / l.quality.bandwidth_bytes_per_second;
  return 0;
}

struct work {
  std::size_t stage = 0;
  std::uint32_t sequence = 0;
  double start = 0;
  double seconds = 0;
};

/// When each stage works on each sequence if all begin together: a stage serves one at a time, in order.
std::vector<work> one_round(const ll::placement_instance& p, const ll::placement& placed, const ll::evaluation& cost) {
  std::vector<work> all;
  std::vector<double> free_at(placed.stages.size(), 0.0);
  for (std::uint32_t k = 0; k < std::min(p.sequences, most_sequences_drawn); ++k) {
    double arrives = 0;
    for (std::size_t s = 0; s < placed.stages.size(); ++s) {
      const double start = std::max(arrives, free_at[s]);
      all.push_back({s, k, start, cost.stage_seconds[s]});
      free_at[s] = start + cost.stage_seconds[s];
      arrives = free_at[s];
      if (s + 1 < placed.stages.size())
        arrives += hop_seconds(p, placed.stages[s].device, placed.stages[s + 1].device,
                               p.modules[placed.stages[s].last_module].cut_bytes);
    }
  }
  return all;
}

}  // namespace

std::string draw_plan(const ll::placement_instance& instance, const ll::placement& placed,
                      std::span<const ll::transmission> map) {
  const auto cost = ll::evaluate(instance, placed.stages);
  if (!cost) return {};
  const std::size_t rows = placed.stages.size();
  const double modules = static_cast<double>(instance.modules.size());
  const auto module_x = [&](std::size_t m) { return left + bar_width * static_cast<double>(m) / modules; };
  std::string body = label(10, 24, "Modules by device", " font-weight=\"bold\"");
  const auto row_y = [](std::size_t s) { return 40 + row_height * static_cast<double>(s); };
  for (std::size_t s = 0; s < rows; ++s) {
    const ll::stage_interval& stage = placed.stages[s];
    const std::string text = fmt::format("{}-{}, {:.2f} ms, {:.1f} MB", stage.first_module, stage.last_module,
                                         cost->stage_seconds[s] * 1e3, static_cast<double>(cost->stage_memory_bytes[s]) / 1e6);
    body += label(10, row_y(s) + 15, instance.devices[stage.device].name);
    for (std::size_t m = stage.first_module; m <= stage.last_module; ++m)
      body += bar(module_x(m), row_y(s), bar_width / modules, 20, s, instance.modules[m].name);
    body += label(std::min(module_x(stage.first_module), width - 250), row_y(s) + 34, text, " font-size=\"11\"");
  }
  for (const ll::transmission& t : map) {
    const double x = module_x(t.sequential() ? t.consumer_module : t.producer_module + 1);
    body += fmt::format(
        "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#333\"{} marker-end=\"url(#arrow)\">"
        "<title>{} bytes a token</title></line>\n",
        x, row_y(t.from_stage) + 20, module_x(t.consumer_module), row_y(t.to_stage),
        t.sequential() ? "" : " stroke-dasharray=\"4 3\"", t.bytes_per_token);
  }
  const std::vector<work> round = one_round(instance, placed, *cost);
  double end = 0;
  for (const work& w : round) end = std::max(end, w.start + w.seconds);
  const double chart = row_y(rows) + 30;
  body += label(10, chart, fmt::format("One round: {:.2f} ms for {} sequence(s)", cost->tau_seconds * 1e3, instance.sequences),
                " font-weight=\"bold\"");
  const double scale = end > 0 ? bar_width / end : 0;
  for (std::size_t s = 0; s < rows; ++s)
    body += label(10, chart + 26 + 26 * static_cast<double>(s), instance.devices[placed.stages[s].device].name);
  for (const work& w : round)
    body += bar(left + w.start * scale, chart + 12 + 26 * static_cast<double>(w.stage), w.seconds * scale, 20, w.sequence,
                fmt::format("sequence {}: {:.2f} ms from {:.2f} ms", w.sequence + 1, w.seconds * 1e3, w.start * 1e3));
  const double height = chart + 40 + 26 * static_cast<double>(rows);
  body += label(left, height - 8, "0 ms", " font-size=\"11\"");
  body += label(width - 20, height - 8, fmt::format("{:.2f} ms", end * 1e3), " font-size=\"11\" text-anchor=\"end\"");
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
             "font-family=\"sans-serif\" font-size=\"13\">\n"
             "<defs><marker id=\"arrow\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"4\" orient=\"auto\">"
             "<path d=\"M0,0 L8,4 L0,8 z\" fill=\"#333\"/></marker></defs>\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
             width, height) +
         body + "</svg>\n";
}

}  // namespace tool
