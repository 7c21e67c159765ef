// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A pipeline of four hand-written parts. Its "model" continues a Collatz sequence in three modules, one for each device.
// Prints  3 stages: 7 22 11 34 17 52 26 13 40 20 10 5 16 8 4 2 1
#include <lingualinked/pipeline/pipeline.hpp>

#include <cstring>
#include <deque>
#include <iostream>
#include <map>
namespace ll = lingualinked;
struct collatz_graph {  // module 0 feeds 1 and, straight past its device, 2
  using node_id = std::uint32_t;
  std::size_t node_count() const noexcept { return 3; }
  std::vector<node_id> successors(node_id u) const { return std::vector<std::vector<node_id>>{{1, 2}, {2}, {}}[u]; }
  ll::node_cost cost(node_id) const noexcept { return {}; }
  std::uint64_t edge_bytes(node_id, node_id) const noexcept { return sizeof(ll::token_id); }
};
struct one_module_each {
  ll::result<ll::placement> partition(const ll::problem<collatz_graph>&) const {
    return ll::placement{
        .solver = "by hand", .status = ll::solve_status::feasible, .stages = {{0, 0, 0}, {1, 1, 1}, {2, 2, 2}}, .reason = ""};
  }
};
struct letter_box {
  static inline std::map<ll::peer_id, std::deque<ll::message>> post;
  ll::peer_id self;
  ll::result<void> send(ll::peer_id to, const ll::frame_header& header, std::span<const std::byte> payload) {
    return post[to].push_back({self, header, {payload.begin(), payload.end()}}), ll::result<void>{};
  }
  ll::result<ll::receive_event> receive(ll::message& into, ll::duration) {
    into = post[self].at(0);  // the pipeline asks only for what has been sent
    post[self].pop_front();
    return ll::receive_event::message;
  }
  void wake() noexcept {}
  void close() noexcept {}
};
struct collatz_stage {  // remembers nothing: the next number depends on the last one only
  ll::control::deploy plan;
  ll::result<void> open(ll::sequence_id, const ll::sequence_options&) { return {}; }
  ll::result<void> run(const ll::stage_batch& batch) {
    ll::token_id made[3] = {batch.tokens.empty() ? 0 : batch.tokens[0]};  // by module
    for (const auto& in : batch.inputs) std::memcpy(&made[plan.transmissions[in.tensor].producer_module], in.rows.data(), 4);
    if (plan.stage == 1) made[1] = made[0] % 2 == 0 ? made[0] / 2 : 3 * made[0];
    if (plan.stage == 2) batch.sampled[0] = made[1] + made[0] % 2;
    for (const auto& out : batch.outputs) std::memcpy(out.rows.data(), &made[plan.transmissions[out.tensor].producer_module], 4);
    return {};
  }
  void release(ll::sequence_id) noexcept {}
};
int main() {
  const ll::fleet fleet{std::vector<ll::device>(3), {}, {}, {}};
  auto ends = [](ll::peer_id self) { return letter_box{self}; };
  auto stages = [](const ll::control::deploy& plan, auto&) { return ll::made_executor<collatz_stage>{{plan}}; };
  auto p = ll::pipeline<collatz_graph, one_module_each, letter_box, collatz_stage>::make({}, {}, fleet, {}, ends, stages);
  std::cout << p.value().plan().stages.size() << " stages: 7";
  auto print = [](ll::token_id token) { std::cout << ' ' << token << (token == 1 ? "\n" : ""); };
  return p->generate({.prompt = {7}, .max_tokens = 100, .end_tokens = {1}, .sampling = {}}, print) ? 0 : 1;
}
