// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <doctest/doctest.h>

#include <support/run_tool.hpp>

#include <functional>
#include <string>
#include <vector>

using namespace testing_tool;
using nlohmann::json;

namespace {

/// Six modules that no device holds alone, on three devices that all reach each other.
json small_problem() {
  json p = {{"sequences", 1}, {"context_tokens", 0}, {"token_bytes", 4}, {"tied_bytes", 0}, {"header", nullptr}};
  for (int j = 0; j < 6; ++j)
    p["modules"].push_back(
        {{"name", "m" + std::to_string(j)}, {"weight_bytes", 100}, {"kv_bytes_per_token", 0}, {"cut_bytes", 1000}});
  const std::vector<std::string> names{"a", "b", "c"};
  for (std::size_t d = 0; d < names.size(); ++d)
    p["devices"].push_back({{"name", names[d]},
                            {"memory_bytes", 400},
                            {"module_seconds", std::vector<double>(6, 0.01 * static_cast<double>(d + 1))}});
  p["links"] = json::array();
  for (const auto& from : names)
    for (const auto& to : names)
      if (from != to)
        p["links"].push_back({{"from", from}, {"to", to}, {"latency_seconds", 0.001}, {"bandwidth_bytes_per_second", 1e6}});
  return p;
}

outcome plan(const std::string& text, const std::string& solver) {
  return run_tool({"plan", "--instance", scratch_file("problem.json", text), "--json", "--solver", solver});
}

/// The exact solvers of this build.
const std::vector<std::string>& solvers() {
  static const bool has_glpk = plan(small_problem().dump(), "glpk").status == 0;
  static const std::vector<std::string> names =
      has_glpk ? std::vector<std::string>{"glpk", "chain"} : std::vector<std::string>{"chain"};
  return names;
}

struct attack {
  std::string what;
  std::function<void(json&)> spoil;
  int status = 0;
  std::string says;  // part of the reason or the message
};

}  // namespace

TEST_SUITE("tool/plan") {
  TEST_CASE("problems that nobody owns get a proven plan, the limit that rules it out, or the field that is wrong") {
    const std::vector<attack> attacks{
        {"as it is", [](json&) {}, 0, ""},
        {"no bandwidth",
         [](json& p) {
           for (auto& l : p["links"]) l["bandwidth_bytes_per_second"] = 0;
         },
         4, "links: "},
        {"one way only",
         [](json& p) {
           p["links"] = json::array({p["links"][0], p["links"][3]});
         },
         4, "no link from"},
        {"every device too small",
         [](json& p) {
           for (auto& d : p["devices"]) d["memory_bytes"] = 50;
         },
         4, "needs 100 bytes"},
        {"no device that may hold the first module",
         [](json& p) {
           for (auto& d : p["devices"]) d["forbidden_modules"] = {0};
         },
         4, "private: no trusted device can hold module 0 ('m0')"},
        {"one stage only", [](json& p) { p["max_stages"] = 1; }, 4, "stages: "},
        {"every device by itself",
         [](json& p) {
           for (int d = 0; d < 3; ++d) p["devices"][static_cast<std::size_t>(d)]["contract"] = 1 + d;
         },
         4, "contracts: "},
        {"a forbidden module that is not there", [](json& p) { p["devices"][0]["forbidden_modules"] = {6}; }, 3,
         "devices[0].forbidden_modules[0]"},
        {"one device too small", [](json& p) { p["devices"][0]["memory_bytes"] = 50; }, 0, ""},
        {"a name twice", [](json& p) { p["devices"][1]["name"] = "a"; }, 3, "devices[1].name"},
        {"no number", [](json& p) { p["devices"][0]["module_seconds"][2] = nullptr; }, 3, "devices[0].module_seconds[2]"},
        {"a negative time", [](json& p) { p["devices"][0]["module_seconds"][2] = -1; }, 3, "devices[0].module_seconds[2]"},
        {"too few times", [](json& p) { p["devices"][1]["module_seconds"].erase(0); }, 3, "devices[1].module_seconds"},
        {"a backward edge",
         [](json& p) {
           p["edges"] = {{{"from_module", 3}, {"to_module", 1}, {"bytes", 1}}};
         },
         3, "edges[0]"},
        {"a header that is not there", [](json& p) { p["header"] = "z"; }, 3, "header"},
        {"a link so slow that it is none", [](json& p) { p["links"][0]["bandwidth_bytes_per_second"] = 1e-300; }, 3, "links[0]"},
        {"times of nothing",
         [](json& p) {
           for (auto& d : p["devices"]) d["module_seconds"] = std::vector<double>(6, 0.0);
         },
         0, ""},
        {"no links at all", [](json& p) { p.erase("links"); }, 4, "links: "},
        {"links that are null", [](json& p) { p["links"] = nullptr; }, 4, "links: "},
        {"a link to itself", [](json& p) { p["links"][1]["to"] = "a"; }, 3, "links[1]"},
        {"a link twice", [](json& p) { p["links"].push_back(p["links"][0]); }, 3, "links[6]"},
        {"a link to nobody", [](json& p) { p["links"][0]["to"] = "z"; }, 3, "links[0].to"},
        {"ways of ages", [](json& p) { p["links"][0]["latency_seconds"] = 1e300; }, 3, "links[0].latency_seconds"},
        {"ways of long ages, but not for ever",
         [](json& p) {
           for (auto& l : p["links"]) l["latency_seconds"] = 1e14;
         },
         0, ""},
        {"a device of long ages, which is needed",
         [](json& p) {
           p["devices"][2]["memory_bytes"] = 1;
           p["devices"][1]["module_seconds"] = std::vector<double>(6, 1e14);
         },
         0, ""},
        {"hardly any time",
         [](json& p) {
           for (auto& d : p["devices"]) d["module_seconds"] = std::vector<double>(6, 1e-300);
         },
         0, ""},
        {"bandwidth beyond measure",
         [](json& p) {
           for (auto& l : p["links"]) l["bandwidth_bytes_per_second"] = 1e308;
         },
         0, ""},
        {"nothing costs anything",
         [](json& p) {
           for (auto& d : p["devices"]) d["module_seconds"] = std::vector<double>(6, 0.0);
           for (auto& l : p["links"]) l["latency_seconds"] = 0;
           for (auto& m : p["modules"]) m["cut_bytes"] = 0;
           p["token_bytes"] = 0;
         },
         0, ""},
        {"modules of no weight",
         [](json& p) {
           for (auto& m : p["modules"]) m["weight_bytes"] = 0;
         },
         0, ""},
        {"weights beyond 64 bits", [](json& p) { p["modules"][0]["weight_bytes"] = UINT64_MAX; }, 3, "modules["},
        {"an edge to itself",
         [](json& p) {
           p["edges"] = {{{"from_module", 1}, {"to_module", 1}, {"bytes", 1}}};
         },
         3, "edges[0]"},
        {"an edge beyond the end",
         [](json& p) {
           p["edges"] = {{{"from_module", 1}, {"to_module", 6}, {"bytes", 1}}};
         },
         3, "edges[0]"},
        {"an edge twice",
         [](json& p) {
           p["edges"] = {{{"from_module", 0}, {"to_module", 5}, {"bytes", 9}},
                         {{"from_module", 0}, {"to_module", 5}, {"bytes", 9}}};
         },
         0, ""},
        {"nothing to place",
         [](json& p) {
           p["modules"] = json::array();
           for (auto& d : p["devices"]) d["module_seconds"] = json::array();
         },
         3, "modules is empty"},
        {"nowhere to place it", [](json& p) { p["devices"] = p["links"] = json::array(); }, 3, "devices is empty"},
        {"one module",
         [](json& p) {
           p["modules"] = json::array({p["modules"][0]});
           for (auto& d : p["devices"]) d["module_seconds"] = {0.5};
         },
         0, ""},
        {"no sequences", [](json& p) { p["sequences"] = 0; }, 3, "sequences"},
        {"all the sequences there are", [](json& p) { p["sequences"] = UINT32_MAX; }, 0, ""},
        {"a header without memory",
         [](json& p) {
           p["header"] = "a";
           p["devices"][0]["memory_bytes"] = 0;
         },
         0, ""},
        {"a header that is not heard",
         [](json& p) {
           p["header"] = "a";
           p["devices"][0]["memory_bytes"] = 0;
           p["links"][0]["bandwidth_bytes_per_second"] = p["links"][1]["bandwidth_bytes_per_second"] = 0;
         },
         4, "no link from 'a'"},
        {"more devices than any plan uses",
         [](json& p) {
           for (int i = 0; i < 5000; ++i)
             p["devices"].push_back(
                 {{"name", std::to_string(i)}, {"memory_bytes", 1}, {"module_seconds", std::vector<double>(6, 1.0)}});
         },
         3, "devices"},
    };
    for (const attack& a : attacks) {
      for (const std::string& solver : solvers()) {
        CAPTURE(a.what);
        CAPTURE(solver);
        json p = small_problem();
        a.spoil(p);
        const outcome o = plan(p.dump(), solver);
        REQUIRE_MESSAGE(o.status == a.status, o.err);
        const json d = o.json();
        if (o.status == 0) {
          CHECK(d["status"] == "optimal");
        } else if (o.status == 4) {
          CHECK(d["status"] == "infeasible");
          CHECK(d["stages"].empty());
          CHECK(d["reason"].get<std::string>().find(a.says) != std::string::npos);
        } else {
          CHECK(d["error"]["message"].get<std::string>().find(a.says) != std::string::npos);
        }
      }
    }
  }
  TEST_CASE("a number that JSON does not know, or that no machine holds, is exit 3 and names its field") {
    for (const char* number : {"NaN", "Infinity", "-Infinity", "1e999"}) {
      CAPTURE(number);
      std::string text = small_problem().dump();
      text.replace(text.find("0.01"), 4, number);
      const outcome o = plan(text, "chain");
      CHECK(o.status == 3);
      CHECK(o.err.find("devices[0].module_seconds[0]") != std::string::npos);
    }
  }
  TEST_CASE("what chain does not follow it leaves to glpk, by name") {
    json p = small_problem();
    for (int i = 0; i < 4; ++i) p["edges"].push_back({{"from_module", i}, {"to_module", 5}, {"bytes", 300}});
    const outcome declined = plan(p.dump(), "chain");
    CHECK(declined.status == 2);
    CHECK(declined.err.find("use glpk") != std::string::npos);
    if (solvers().front() == "glpk") CHECK(plan(p.dump(), "glpk").json()["status"] == "optimal");
  }
  TEST_CASE("baselines are solvers too, and none of them beats the proof") {
    const double best = plan(small_problem().dump(), "chain").json()["objective_seconds"];
    for (const char* rule : {"even", "memory_proportional", "speed_proportional", "lingualinked"}) {
      CAPTURE(rule);
      const outcome o = plan(small_problem().dump(), rule);
      REQUIRE(o.status == 0);
      CHECK(o.json()["solver"] == rule);
      CHECK(o.json()["objective_seconds"].get<double>() >= best);
    }
    const json counted = plan(small_problem().dump(), "counts").json();
    CHECK(counted["status"] == "optimal");
    CHECK(counted["objective_seconds"].get<double>() == doctest::Approx(best).epsilon(1e-9));
    json uneven = small_problem();
    uneven["modules"][3]["weight_bytes"] = 90;
    const outcome declined = plan(uneven.dump(), "counts");
    CHECK(declined.status == 2);
    CHECK(declined.err.find("use chain") != std::string::npos);
    CHECK(plan(small_problem().dump(), "guess").status == 2);
  }
  TEST_CASE("an explanation names the limit, every baseline and what would help, with and without a plan") {
    json p = small_problem();
    const auto explain = [&](bool as_json) {
      std::vector<std::string> words{"plan", "--instance", scratch_file("problem.json", p.dump()), "--explain"};
      if (as_json) words.push_back("--json");
      return run_tool(words);
    };
    const json explained = explain(true).json();
    constexpr double rounding = 1 - 1e-6;
    const json& e = explained["explanation"];
    CHECK(e["limit"].get<std::string>().find("the lap of one token") == 0);
    CHECK(explained["baselines"]["fastest_device"]["feasible"] == false);  // none holds everything
    for (const char* name : {"even", "memory_proportional", "speed_proportional", "lingualinked"})
      CHECK(explained["baselines"][name]["token_seconds"].get<double>() >=
            explained["predicted"]["token_seconds"].get<double>() * rounding);
    CHECK(e["changes"].size() == 6);  // memory of three devices, twins of the two with stages, and the link between these
    const outcome text = explain(false);
    CHECK(text.out.find("what limits it: ") != std::string::npos);
    CHECK(text.out.find("unused: c: ") != std::string::npos);
    CHECK(text.out.find("lingualinked") != std::string::npos);
    CHECK(e["windows"].size() == 2);
    CHECK(e["windows"][1]["token_seconds"].get<double>() * rounding <= e["windows"][0]["token_seconds"].get<double>());
    CHECK(text.out.find("after a device slows down 2x") != std::string::npos);
    for (auto& d : p["devices"]) d["memory_bytes"] = 50;
    const json none = explain(true).json();
    CHECK(none["stages"].empty());
    CHECK(none["explanation"]["changes"][0]["token_seconds"].is_number());
  }
  TEST_CASE("past its time limit a plan is there all the same, and what was not tried is said to be unknown") {
    for (const auto& solver : solvers()) {
      CAPTURE(solver);
      const std::vector<std::string> words{"plan",         "--instance", scratch_file("problem.json", small_problem().dump()),
                                           "--time-limit", "1e-6",       "--solver",
                                           solver,         "--explain",  "--json"};
      const outcome late = run_tool(words);
      CHECK(late.status == 0);
      const json said = late.json();
      CHECK((said["status"] == "feasible" || said["gap"] <= 1e-6));
      for (const json& change : said["explanation"]["changes"]) {
        CHECK(change["status"] == "unknown");
        CHECK(change["token_seconds"].is_null());
      }
      if (said["status"] == "optimal") continue;  // a proof that took no time says why as well
      for (const json& u : said["unused"]) CHECK(u["reason"] == "no time was left to look into it");
    }
  }
  TEST_CASE("stages keep modules of their neighbours as well, within memory, unless told not to") {
    json p = small_problem();
    p["devices"][1]["module_seconds"] = std::vector<double>(6, 0.015);  // so that b is the faster one when a slows down
    const auto windows = [&](const std::string& rule) {
      return run_tool({"plan", "--instance", scratch_file("problem.json", p.dump()), "--json", "--windows", rule}).json();
    };
    for (const char* rule : {"expected", "max-bytes"}) {
      CAPTURE(rule);
      const json d = windows(rule);
      std::uint64_t extra = 0;
      for (const json& s : d["stages"]) {
        const auto first = s["overlap"]["first_module"].get<int>();
        const auto last = s["overlap"]["last_module"].get<int>();
        CHECK(first <= s["first_module"].get<int>());
        CHECK(last >= s["last_module"].get<int>());
        CHECK(100 * (last - first + 1) <= 400);
        extra += static_cast<std::uint64_t>(100 * (last - first - s["last_module"].get<int>() + s["first_module"].get<int>()));
      }
      CHECK(d["windows"]["extra_bytes"] == extra);
      CHECK(extra > 0);
      CHECK(d["windows"]["token_seconds"].get<double>() <= d["windows"]["without_token_seconds"].get<double>() * (1 + 1e-9));
    }
    const json none = windows("none");
    CHECK(none["windows"].is_null());
    CHECK(none["stages"][0]["overlap"].is_null());
    CHECK(run_tool({"plan", "--instance", scratch_file("problem.json", p.dump()), "--windows", "all"}).status == 2);
    json edges = p;
    edges["edges"] = {{{"from_module", 0}, {"to_module", 5}, {"bytes", 300}}};
    const std::string file = scratch_file("edges.json", edges.dump());
    CHECK(run_tool({"plan", "--instance", file, "--windows", "expected"}).status == 2);
    CHECK(run_tool({"plan", "--instance", file, "--json"}).json()["windows"].is_null());
  }
  TEST_CASE("a plan can be drawn, and names from a file stay text") {
    json p = small_problem();
    p["sequences"] = 3;
    for (auto& l : p["links"])
      for (const char* end : {"from", "to"})
        if (l[end] == "a") l[end] = "<b onload=\"x\">&";
    p["devices"][0]["name"] = "<b onload=\"x\">&";
    const std::string path = scratch_path("plan.svg");
    const outcome o =
        run_tool({"plan", "--instance", scratch_file("problem.json", p.dump()), "--svg", path, "--json", "--windows", "none"});
    REQUIRE(o.status == 0);
    const std::string svg = contents(path);
    CHECK(svg.find("<svg ") == 0);
    CHECK(svg.find("</svg>") != std::string::npos);
    CHECK(svg.find("<b onload") == std::string::npos);
    CHECK(svg.find("&lt;b onload=&quot;x&quot;&gt;&amp;") != std::string::npos);
    std::size_t bars = 0;
    for (std::size_t at = svg.find("<title>"); at != std::string::npos; at = svg.find("<title>", at + 1)) ++bars;
    const std::size_t stages = o.json()["stages"].size();
    CHECK(bars == 6 + (stages - 1) + 3 * stages);  // modules, transmissions, and every stage for each sequence
    CHECK(run_tool({"plan", "--instance", scratch_file("problem.json", p.dump()), "--svg", "/nonexistent/x.svg"}).status == 3);
  }
  TEST_CASE("a simulated plan predicts what the formula says where that is exact, and more") {
    json fleet = {{"devices", json::array()},
                  {"default_link", {{"latency_seconds", 0.002}, {"bandwidth_bytes_per_second", 1e9}}}};
    for (const char* name : {"a", "b"})
      fleet["devices"].push_back({{"name", name}, {"endpoint", "local"}, {"compute_flops_per_second", 1e7}});
    const auto simulate = [&](const std::vector<std::string>& more) {
      std::vector<std::string> words{"plan",
                                     "--model",
                                     data("models/llama-gqa"),
                                     "--fleet",
                                     scratch_file("fleet.json", fleet.dump()),
                                     "--cut",
                                     "3",
                                     "--prompt-tokens",
                                     "20",
                                     "--generate-tokens",
                                     "30",
                                     "--context",
                                     "64"};
      words.insert(words.end(), more.begin(), more.end());
      return run_tool(words);
    };
    const json plain = simulate({"--json"}).json();
    CHECK(plain["stages"].size() == 2);
    CHECK(plain["stages"][1]["first_module"] == 3);
    CHECK(plain["predicted"]["gap_median_seconds"].is_null());
    const json said = simulate({"--simulate", "--json"}).json()["predicted"];
    CHECK(said["lap_seconds"] == plain["predicted"]["lap_seconds"]);
    CHECK(said["token_seconds"].get<double>() == doctest::Approx(said["lap_seconds"].get<double>()).epsilon(2e-3));
    CHECK(said["gap_p95_seconds"].get<double>() == doctest::Approx(said["lap_seconds"].get<double>()).epsilon(0.05));
    CHECK(said["tokens_per_second"].get<double>() * said["token_seconds"].get<double>() == doctest::Approx(1));
    // Several sequences take their turns, so together they are faster than one.
    const json several = simulate({"--simulate", "--sequences", "3", "--json"}).json()["predicted"];
    CHECK(several["tokens_per_second"].get<double>() > 1.1 * said["tokens_per_second"].get<double>());
    CHECK(several["prefill_seconds"].get<double>() > said["prefill_seconds"].get<double>());
    CHECK(simulate({"--simulate"}).out.find("simulated: ") != std::string::npos);
    CHECK(simulate({"--simulate", "--generate-tokens", "60"}).status == 2);
    CHECK(run_tool({"plan", "--instance", scratch_file("problem.json", small_problem().dump()), "--simulate"}).status == 2);
  }

  TEST_CASE("a bare instance is dumped as it stands, and what only a fleet tells of its stages is null") {
    const std::string file = scratch_file("problem.json", small_problem().dump());
    const std::string dump = scratch_path("dumped.json");
    const outcome o = run_tool({"plan", "--instance", file, "--dump-instance", dump, "--json"});
    REQUIRE_MESSAGE(o.status == 0, o.err);
    const json stages = o.json()["stages"];
    CHECK(!stages.empty());
    for (const json& stage : stages)
      for (const char* key : {"endpoint", "reserve_bytes", "threads"}) CHECK(stage.at(key).is_null());
    const outcome again = run_tool({"plan", "--instance", dump, "--json"});
    CHECK(again.json()["stages"] == stages);
  }
}
