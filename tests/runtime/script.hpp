// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/actions.hpp>
#include <lingualinked/runtime/frames.hpp>
#include <lingualinked/tensor/dtype.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

/// What tests that play a machine's surroundings by hand need: to pick what it asked for, and to make frames, good and bad.
namespace script {

namespace ll = lingualinked;

/// Takes all actions of one kind out of `out`.
template <class A, class V>
std::vector<A> all(std::vector<V>& out) {
  std::vector<A> found;
  for (auto i = out.begin(); i != out.end();) {
    if (auto* a = std::get_if<A>(&*i)) {
      found.push_back(std::move(*a));
      i = out.erase(i);
    } else {
      ++i;
    }
  }
  return found;
}
/// Takes the control messages of one kind out of `out`.
template <class M, class V>
std::vector<M> messages(std::vector<V>& out) {
  std::vector<M> found;
  for (auto i = out.begin(); i != out.end();) {
    auto* a = std::get_if<ll::send_control>(&*i);
    if (auto* m = a ? std::get_if<M>(&a->what) : nullptr) {
      found.push_back(std::move(*m));
      i = out.erase(i);
    } else {
      ++i;
    }
  }
  return found;
}
/// The error of the only failed message, if there is one.
template <class V>
std::optional<ll::control::failed> failure(std::vector<V>& out) {
  auto found = messages<ll::control::failed>(out);
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

inline ll::message frame(ll::peer_id from, ll::frame_kind kind, std::uint32_t step, const std::vector<ll::segment>& segments,
                         std::size_t body_bytes) {
  ll::message m;
  m.from = from;
  m.header.kind = kind;
  m.header.epoch = 1;
  m.header.step = step;
  m.header.segments = static_cast<std::uint32_t>(segments.size());
  m.header.rows = static_cast<std::uint32_t>(ll::detail::row_count(segments));
  ll::detail::begin_payload(m.payload, segments, body_bytes);
  m.header.payload_bytes = m.payload.size();
  return m;
}
/// Rows of zeros.
inline ll::message activation(ll::peer_id from, std::uint32_t tensor, std::uint32_t step,
                              const std::vector<ll::segment>& segments, std::uint32_t width) {
  ll::message m =
      frame(from, ll::frame_kind::activation, step, segments, ll::detail::row_count(segments) * width * sizeof(float));
  m.header.tensor = tensor;
  m.header.width = width;
  return m;
}
inline ll::message tokens(ll::peer_id from, std::uint32_t step, const std::vector<ll::segment>& segments,
                          const std::vector<ll::token_id>& ids) {
  ll::message m = frame(from, ll::frame_kind::token, step, segments, ids.size() * sizeof(ll::token_id));
  m.header.dtype = static_cast<std::uint8_t>(ll::dtype::i32);
  ll::store_tokens(ids, ll::tensor_part(m.header, std::span<std::byte>(m.payload)));
  return m;
}
inline ll::message logits(ll::peer_id from, ll::segment rows, std::uint32_t width) {
  ll::message m = frame(from, ll::frame_kind::logits, 0, {rows}, std::size_t{rows.tokens} * width * sizeof(float));
  m.header.width = width;
  return m;
}

}  // namespace script
