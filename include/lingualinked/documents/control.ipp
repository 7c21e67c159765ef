// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/documents/control.hpp>
#include <lingualinked/documents/field_reader.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace lingualinked::inline v0 {

namespace detail {

using control_json = nlohmann::ordered_json;

[[nodiscard]] inline control_json state_json(const sampler_state& s) {
  return s.mirostat_mu ? control_json(*s.mirostat_mu) : control_json(nullptr);
}

[[nodiscard]] inline control_json sampling_json(const sampling_parameters& s) {
  auto biases = control_json::array();
  for (const token_bias& b : s.logit_bias) biases.push_back({b.id, b.bias});
  return {{"temperature", s.temperature},
          {"top_k", s.top_k},
          {"top_p", s.top_p},
          {"min_p", s.min_p},
          {"typical_p", s.typical_p},
          {"repeat_penalty", s.repeat_penalty},
          {"frequency_penalty", s.frequency_penalty},
          {"presence_penalty", s.presence_penalty},
          {"repeat_window_tokens", s.repeat_window_tokens},
          {"logit_bias", std::move(biases)},
          {"mirostat", static_cast<unsigned>(s.mirostat)},
          {"mirostat_tau", s.mirostat_tau},
          {"mirostat_eta", s.mirostat_eta},
          {"seed", s.seed}};
}

struct control_writer {
  control_json operator()(const control::hello& m) const {
    return {{"kind", "hello"}, {"protocol", m.protocol}, {"contract", m.contract}, {"you", m.you}};
  }
  control_json operator()(const control::deploy& m) const {
    control_json stages = control_json::array();
    for (const auto& s : m.stages)
      stages.push_back(
          {{"peer", s.peer}, {"endpoint", s.endpoint}, {"first_module", s.first_module}, {"last_module", s.last_module}});
    control_json map = control_json::array();
    for (const auto& t : m.transmissions)
      map.push_back({t.producer_module, t.consumer_module, t.from_stage, t.to_stage, t.bytes_per_token});
    return {{"kind", "deploy"},
            {"epoch", m.epoch},
            {"model_fingerprint", m.model_fingerprint},
            {"module_count", m.module_count},
            {"stage", m.stage},
            {"stages", stages},
            {"transmissions", map},
            {"kv_dtype", m.kv_dtype},
            {"context_tokens", m.context_tokens},
            {"sequences", m.sequences},
            {"chunk_tokens", m.chunk_tokens},
            {"micro_batch_sequences", m.micro_batch_sequences},
            {"threads", m.threads}};
  }
  control_json operator()(const control::open& m) const {
    return {{"kind", "open"},
            {"sequence", m.sequence},
            {"prompt", m.options.prompt},
            {"max_tokens", m.options.max_tokens},
            {"end_tokens", m.options.end_tokens},
            {"sampling", sampling_json(m.options.sampling)},
            {"past",
             {{"dropped_tokens", m.options.past.dropped_tokens},
              {"recent", m.options.past.recent},
              {"mirostat_mu", state_json(m.options.past.sampling)}}},
            {"all_logits", m.options.all_logits}};
  }
  control_json operator()(const control::close& m) const { return {{"kind", "close"}, {"sequence", m.sequence}}; }
  control_json operator()(const control::bye&) const { return {{"kind", "bye"}}; }
  control_json operator()(const control::welcome& m) const {
    return {{"kind", "welcome"}, {"protocol", m.protocol}, {"contract", m.contract},
            {"isa", m.isa},      {"threads", m.threads},   {"model_fingerprint", m.model_fingerprint}};
  }
  control_json operator()(const control::ready& m) const {
    return {{"kind", "ready"}, {"epoch", m.epoch}, {"memory_bytes", m.memory_bytes}, {"load_seconds", m.load_seconds}};
  }
  control_json operator()(const control::opened& m) const { return {{"kind", "opened"}, {"sequence", m.sequence}}; }
  control_json operator()(const control::report& m) const {
    return {{"kind", "report"},
            {"sequence", m.sequence},
            {"busy_seconds", m.busy_seconds},
            {"sent_bytes", m.sent_bytes},
            {"received_bytes", m.received_bytes},
            {"peak_memory_bytes", m.peak_memory_bytes},
            {"mirostat_mu", state_json(m.sampling)}};
  }
  control_json operator()(const control::failed& m) const {
    constexpr std::size_t longest = control_limits::text_bytes / 3;  // a byte that is no UTF-8 becomes three
    return {{"kind", "failed"},
            {"sequence", m.sequence},
            {"code", name_of(m.what.code)},
            {"message", m.what.message.substr(0, longest)}};
  }
  control_json operator()(const control::heartbeat& m) const { return {{"kind", "heartbeat"}, {"progress", m.progress}}; }
};

/// Reads the fields of one message.
class control_parser {
 public:
  explicit control_parser(const json_field& root) : root_(root) {}

  [[nodiscard]] result<control::message> parse() {
    const std::string kind = text("kind");
    if (kind == "hello")
      return done(control::hello{number<std::uint32_t>("protocol"), number<std::uint32_t>("contract"), number<peer_id>("you")});
    if (kind == "deploy") return deploy();
    if (kind == "open") return open();
    if (kind == "close") return done(control::close{number<sequence_id>("sequence")});
    if (kind == "bye") return done(control::bye{});
    if (kind == "welcome")
      return done(control::welcome{number<std::uint32_t>("protocol"), number<std::uint32_t>("contract"), text("isa"),
                                   number<std::uint32_t>("threads"), text("model_fingerprint")});
    if (kind == "ready")
      return done(control::ready{number<std::uint32_t>("epoch"), number<std::uint64_t>("memory_bytes"),
                                 r_.real(root_.member("load_seconds"), 0)});
    if (kind == "opened") return done(control::opened{number<sequence_id>("sequence")});
    if (kind == "report")
      return done(control::report{number<sequence_id>("sequence"), r_.real(root_.member("busy_seconds"), 0),
                                  number<std::uint64_t>("sent_bytes"), number<std::uint64_t>("received_bytes"),
                                  number<std::uint64_t>("peak_memory_bytes"), state(root_)});
    if (kind == "failed") return failed();
    if (kind == "heartbeat") return done(control::heartbeat{number<std::uint64_t>("progress")});
    if (!r_.ok()) return r_.mistake();
    return root_.member("kind").complaint("is no kind of control message");
  }

 private:
  template <class T>
  [[nodiscard]] T number(const char* name) {
    return r_.number<T>(root_.member(name));
  }
  [[nodiscard]] std::string text(const char* name) { return bounded(root_.member(name)); }
  [[nodiscard]] std::string bounded(const json_field& f) {
    std::string value = r_.text(f);
    if (value.size() > control_limits::text_bytes)
      r_.fail(f.complaint("is longer than " + std::to_string(control_limits::text_bytes) + " bytes"));
    return value;
  }
  template <class M>
  [[nodiscard]] result<control::message> done(M m) const {
    return r_.verdict(control::message(std::move(m)));
  }
  [[nodiscard]] token_id token(const json_field& f) {
    constexpr auto most = static_cast<std::uint32_t>(std::numeric_limits<token_id>::max());
    return static_cast<token_id>(r_.number<std::uint32_t>(f, 0, most));
  }
  [[nodiscard]] std::vector<token_id> tokens(const json_field& list, std::size_t max_count) {
    std::vector<token_id> ids;
    for (const json_field& f : r_.items(list, max_count)) ids.push_back(token(f));
    return ids;
  }
  [[nodiscard]] sampler_state state(const json_field& holder) {
    const json_field mu = holder.member("mirostat_mu");
    if (!mu.present()) return {};
    return {r_.real(mu, -control_limits::surprise_bits, control_limits::surprise_bits)};
  }
  [[nodiscard]] float real(const json_field& f) {
    constexpr double most = std::numeric_limits<float>::max();
    return static_cast<float>(r_.real(f, -most, most));
  }

  [[nodiscard]] result<control::message> deploy() {
    control::deploy m;
    m.epoch = number<std::uint32_t>("epoch");
    m.model_fingerprint = text("model_fingerprint");
    m.module_count = number<std::uint32_t>("module_count");
    m.stage = number<std::uint32_t>("stage");
    for (const json_field& f : r_.items(root_.member("stages"), control_limits::stages))
      m.stages.push_back({r_.number<peer_id>(f.member("peer")), bounded(f.member("endpoint")),
                          r_.number<std::uint32_t>(f.member("first_module")), r_.number<std::uint32_t>(f.member("last_module"))});
    for (const json_field& f : r_.items(root_.member("transmissions"), control_limits::transmissions)) {
      const auto parts = r_.items(f, 5);
      if (parts.size() != 5) {
        r_.fail(f.complaint("must have five numbers"));
        break;
      }
      m.transmissions.push_back({r_.number<std::size_t>(parts[0]), r_.number<std::size_t>(parts[1]),
                                 r_.number<std::size_t>(parts[2]), r_.number<std::size_t>(parts[3]),
                                 r_.number<std::uint64_t>(parts[4])});
    }
    m.kv_dtype = number<std::uint8_t>("kv_dtype");
    m.context_tokens = number<std::uint32_t>("context_tokens");
    m.sequences = number<std::uint32_t>("sequences");
    m.chunk_tokens = number<std::uint32_t>("chunk_tokens");
    m.micro_batch_sequences = r_.number_if<std::uint32_t>(root_.member("micro_batch_sequences")).value_or(0);
    m.threads = number<std::uint32_t>("threads");
    return done(std::move(m));
  }

  [[nodiscard]] result<control::message> open() {
    control::open m;
    m.sequence = number<sequence_id>("sequence");
    m.options.prompt = tokens(root_.member("prompt"), control_limits::prompt_tokens);
    m.options.max_tokens = number<std::uint32_t>("max_tokens");
    m.options.end_tokens = tokens(root_.member("end_tokens"), control_limits::end_tokens);
    m.options.sampling = sampling(root_.member("sampling"));
    const json_field past = root_.member("past");
    m.options.past.dropped_tokens = r_.number<std::uint64_t>(past.member("dropped_tokens"));
    m.options.past.recent = tokens(past.member("recent"), control_limits::prompt_tokens);
    m.options.past.sampling = state(past);
    m.options.all_logits = r_.truth(root_.member("all_logits"));
    return done(std::move(m));
  }

  [[nodiscard]] sampling_parameters sampling(const json_field& s) {
    sampling_parameters p;
    p.temperature = real(s.member("temperature"));
    p.top_k = r_.number<std::uint32_t>(s.member("top_k"));
    p.top_p = real(s.member("top_p"));
    p.min_p = real(s.member("min_p"));
    p.typical_p = real(s.member("typical_p"));
    p.repeat_penalty = real(s.member("repeat_penalty"));
    p.frequency_penalty = real(s.member("frequency_penalty"));
    p.presence_penalty = real(s.member("presence_penalty"));
    p.repeat_window_tokens = r_.number<std::uint32_t>(s.member("repeat_window_tokens"));
    for (const json_field& f : r_.items(s.member("logit_bias"), token_biases_max)) {
      const auto parts = r_.items(f, 2);
      if (parts.size() != 2) {
        r_.fail(f.complaint("must have a token and its bias"));
        break;
      }
      p.logit_bias.push_back({token(parts[0]), real(parts[1])});
    }
    p.mirostat = static_cast<mirostat_version>(r_.number<std::uint8_t>(s.member("mirostat"), 0, 2));
    p.mirostat_tau = real(s.member("mirostat_tau"));
    p.mirostat_eta = real(s.member("mirostat_eta"));
    p.seed = r_.number<std::uint64_t>(s.member("seed"));
    return p;
  }

  [[nodiscard]] result<control::message> failed() {
    control::failed m;
    m.sequence = number<sequence_id>("sequence");
    const std::string code = text("code");
    m.what.code = errc::internal;  // also what a newer version's code becomes
    for (int c = 0; c <= static_cast<int>(errc::internal); ++c)
      if (name_of(static_cast<errc>(c)) == code) m.what.code = static_cast<errc>(c);
    m.what.message = text("message");
    return done(std::move(m));
  }

  json_field root_;
  field_reader r_;
};

}  // namespace detail

LINGUALINKED_DECL std::vector<std::byte> json_control_codec::encode(const control::message& what) {
  const std::string text =
      std::visit(detail::control_writer{}, what).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::vector<std::byte> bytes(text.size());
  std::ranges::transform(text, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

LINGUALINKED_DECL result<control::message> json_control_codec::decode(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto document = parse_json(text, {.max_bytes = control_limits::bytes, .max_depth = 8, .max_values = control_limits::values});
  if (!document) return document.error().in("control message");
  auto message = detail::control_parser(json_field(*document)).parse();
  if (!message) return message.error().in("control message");
  return message;
}

}  // namespace lingualinked::inline v0
