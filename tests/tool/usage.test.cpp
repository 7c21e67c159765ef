// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <doctest/doctest.h>

#include <support/run_tool.hpp>

using namespace testing_tool;

TEST_SUITE("tool/usage") {
  TEST_CASE("mistakes end with the documented status, one line for people and one document for programs") {
    const std::string model = data("gguf/llama-gqa.gguf");
    const std::string ids = scratch_file("ids.json", "[1,5,9]");
    const std::string far = scratch_file("far.json", "[1,99999]");
    const std::string broken = scratch_file("broken.gguf", "GGUF but not really");
    const std::string elsewhere =
        scratch_file("elsewhere.json", R"({"devices": [{"name": "phone", "endpoint": "tcp://192.0.2.1:7",
        "compute_flops_per_second": 1e9, "memory_bandwidth_bytes_per_second": 1e9, "memory_bytes": 1000000000}]})");
    const std::string deep = scratch_file("deep.json", std::string(2000, '[') + std::string(2000, ']'));
    const std::string deep_template =
        scratch_file("deep.jinja", "{{ " + std::string(2000, '(') + "1" + std::string(2000, ')') + " }}");
    struct row {
      std::string what;
      std::vector<std::string> words;
      int status;
      std::string code;
    };
    const row rows[] = {
        {"an unknown option", {"run", "--bogus"}, 2, "invalid_argument"},
        {"no subcommand", {}, 2, "invalid_argument"},
        {"an unknown subcommand", {"no-such"}, 2, "invalid_argument"},
        {"a missing model", {"run", "-m", "/nonexistent.gguf", "-p", "x"}, 3, "io"},
        {"a model that is no model", {"run", "-m", broken, "-p", "x"}, 3, "unsupported"},
        {"an instruction set that is not here",
         {"run", "-m", model, "--ids-file", ids, "--isa", "none-such"},
         2,
         "invalid_argument"},
        {"a cut that is no module",
         {"run", "-m", model, "--ids-file", ids, "--devices", "2", "--cut", "99"},
         2,
         "invalid_argument"},
        {"cuts without devices", {"run", "-m", model, "--ids-file", ids, "--cut", "2"}, 2, "invalid_argument"},
        {"more devices than modules", {"run", "-m", model, "--ids-file", ids, "--devices", "60"}, 2, "invalid_argument"},
        {"a token outside the vocabulary", {"eval", "-m", model, "--ids-file", far}, 2, "invalid_argument"},
        {"a prompt outside the vocabulary", {"run", "-m", model, "--ids-file", far}, 2, "invalid_argument"},
        {"a context beyond the model's", {"run", "-m", model, "--ids-file", ids, "-c", "100000000"}, 2, "limit"},
        {"a temperature below zero", {"run", "-m", model, "--ids-file", ids, "--temperature", "-1"}, 2, "invalid_argument"},
        {"a fleet file that is not there", {"plan", "-m", model, "--fleet", "/nonexistent.json"}, 3, "io"},
        {"listening beyond loopback", {"worker", "-m", model, "--listen", "tcp://0.0.0.0:0"}, 2, "invalid_argument"},
        {"a worker elsewhere", {"run", "-m", model, "--ids-file", ids, "--fleet", elsewhere}, 2, "invalid_argument"},
        {"turns that cannot be taken", {"worker", "-m", model, "--turns", "/nonexistent/turn"}, 3, "io"},
        {"a language model asked for labels", {"classify", "-m", model, "--ids-file", ids}, 3, "unsupported"},
        {"a classifier asked for words", {"run", "-m", data("models/llama-cls"), "--ids-file", ids}, 3, "unsupported"},
        {"a classifier asked for likelihoods", {"eval", "-m", data("models/llama-cls"), "--ids-file", ids}, 3, "unsupported"},
        {"weights of an unknown type", {"eval", "-m", model, "--ids-file", ids, "--weights", "q9_9"}, 2, "invalid_argument"},
        {"weights that are quantised already",
         {"eval", "-m", data("gguf/llama-legacy.gguf"), "--ids-file", ids, "--weights", "q8_0"},
         3,
         "unsupported"},
        {"a fleet beside a bare instance", {"plan", "--instance", ids, "--kv", "f32"}, 2, "invalid_argument"},
        {"a document that is too deep", {"run", "-m", model, "--ids-file", deep}, 3, "malformed"},
        {"a template that is too deep", {"chat", "--render", "--template", deep_template, "-p", "x"}, 3, "malformed"},
        {"two prompts", {"chat", "-m", model, "-p", "x", "-f", ids}, 2, "invalid_argument"},
        {"a tensor that is not there",
         {"inspect", "-m", model, "--tensor", "x", "--npy", scratch_path("x.npy")},
         2,
         "invalid_argument"},
    };
    for (const row& r : rows) {
      CAPTURE(r.what);
      std::vector<std::string> words = r.words;
      words.push_back("--json");
      if (!r.words.empty() && r.words.front() == "worker") words.pop_back();
      const outcome o = run_tool(words);
      CHECK(o.status == r.status);
      CHECK(o.err.starts_with("lingualinked: error: "));
      CHECK(o.err.find('\n') == o.err.size() - 1);
      if (words.size() > r.words.size()) CHECK(o.json()["error"]["code"] == r.code);
    }
  }

  TEST_CASE("help is given everywhere and is no error") {
    for (const char* command : {"run", "chat", "plan", "worker", "inspect", "tokenize", "eval", "classify", "bench", "doctor"}) {
      CAPTURE(command);
      const outcome o = run_tool({command, "--help"});
      CHECK(o.status == 0);
      CHECK(o.out.find("--help") != std::string::npos);
    }
    CHECK(run_tool({"--help"}).out.find("Exit status") != std::string::npos);
  }

  TEST_CASE("what cannot be written to standard output is no success") {
    const std::string model = data("gguf/llama-gqa.gguf");
    const std::string ids = scratch_file("ids.json", "[1,5,9]");
    const std::vector<std::vector<std::string>> ways = {{"run", "-m", model, "--ids-file", ids, "-n", "2", "--json"},
                                                        {"inspect", "-m", model},
                                                        {"run", "--help"},
                                                        {"eval", "-m", model, "--ids-file", ids}};
    for (const auto& words : ways) {
      CAPTURE(words.front());
      const outcome o = run_tool(words, "/dev/full");
      CHECK(o.status == 3);
      CHECK(o.err ==
            "lingualinked: error: standard output cannot be written. See that there is room and that its reader stays\n");
    }
  }

  TEST_CASE("doctor lists its checks as a document") {
    const auto checks = run_tool({"doctor", "-m", data("gguf/llama-gqa.gguf"), "--json"}).json()["checks"];
    REQUIRE(checks.is_array());
    CHECK(checks.size() >= 5);
    for (const auto& c : checks) {
      CHECK(c["name"].is_string());
      CHECK(c["ok"].is_boolean());
      CHECK(c["ok"].get<bool>() == c["remedy"].is_null());
    }
  }

  TEST_CASE("a template renders without a model, and a template that raises is unusable input") {
    const std::string plain =
        scratch_file("plain.jinja", "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}");
    const std::string raising = scratch_file("raising.jinja", "{{ raise_exception('no') }}");
    const std::string messages = scratch_file("messages.json", R"([{"role":"user","content":"caf\u00e9"}])");
    const outcome o = run_tool({"chat", "--render", "--json", "--template", plain, "--messages", messages, "--bos-token", "<s>"});
    CHECK(o.status == 0);
    CHECK(o.json()["text"] == "<s>[user] caf\u00e9\n");
    CHECK(run_tool({"chat", "--render", "--template", raising, "--messages", messages}).status == 3);
  }
}
