// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/runtime/echo.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lingualinked::inline v0 {

LINGUALINKED_CORE_DECL frame_header echo_header(std::uint32_t rows, std::uint32_t width, std::uint32_t answer_rows,
                                                std::uint32_t step) {
  frame_header header;
  header.kind = frame_kind::activation;
  header.tensor = answer_rows;
  header.step = step;
  header.rows = rows;
  header.width = width;
  header.segments = 1;
  header.payload_bytes = segment_bytes + std::uint64_t{rows} * width * sizeof(float);
  return header;
}

LINGUALINKED_CORE_DECL std::vector<std::byte> echo_payload(const frame_header& header, std::vector<std::byte> buffer) {
  buffer.clear();
  const std::array<segment, 1> one{segment{1, 0, header.rows}};
  detail::begin_payload(buffer, one, std::size_t{header.rows} * header.width * sizeof(float));
  return buffer;
}

LINGUALINKED_CORE_DECL result<void> link_echo::answer(message& m, peer_id to, std::vector<worker_action>& out) {
  frame_header asked = m.header;
  asked.payload_bytes = m.payload.size();
  if (auto checked = check_frame(asked, m.payload); !checked) return checked;
  if (asked.kind != frame_kind::activation || asked.dtype != 0)
    return error{errc::protocol, "a frame came before any plan that is no echo: an activation frame of float32 rows"};
  const std::uint64_t bytes = std::uint64_t{asked.tensor} * asked.width * sizeof(float);
  if (asked.tensor == 0 || bytes > limits::echo_frame_bytes || m.payload.size() > limits::echo_frame_bytes + segment_bytes)
    return error{errc::protocol, "an echo of " + std::to_string(bytes) + " bytes was asked for with " +
                                     std::to_string(m.payload.size()) + "; at most " + std::to_string(limits::echo_frame_bytes) +
                                     " go each way"};
  bytes_ += bytes + m.payload.size();
  if (++frames_ > limits::echo_frames || bytes_ > limits::echo_bytes)
    return error{errc::protocol, "a session has at most " + std::to_string(limits::echo_frames) + " echoes of " +
                                     std::to_string(limits::echo_bytes) + " bytes together"};
  const frame_header header = echo_header(asked.tensor, asked.width, 0, asked.step);
  out.emplace_back(send_frame{to, header, echo_payload(header, std::move(m.payload))});
  return {};
}

}  // namespace lingualinked::inline v0
