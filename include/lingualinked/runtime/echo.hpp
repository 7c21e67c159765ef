// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/config.hpp>
#include <lingualinked/core/frame.hpp>
#include <lingualinked/core/result.hpp>
#include <lingualinked/core/sequence.hpp>
#include <lingualinked/runtime/actions.hpp>
#include <lingualinked/runtime/frames.hpp>
#include <lingualinked/runtime/limits.hpp>
#include <lingualinked/transport/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0 {

/// An activation frame that asks for one with `answer_rows` rows of the same width. Before a plan is deployed, such frames only
/// serve to measure the way: header.tensor is the number of rows wanted, header.step tells one from the other.
[[nodiscard]] frame_header echo_header(std::uint32_t rows, std::uint32_t width, std::uint32_t answer_rows, std::uint32_t step);
[[nodiscard]] std::vector<std::byte> echo_payload(const frame_header& header, std::vector<std::byte> buffer = {});

/// The worker's half of a measurement of its link: answers what a coordinator without a plan sends, within limits.
class link_echo {
 public:
  /// Errors    malformed, limit: what check_frame says; protocol: no activation frame, rows of another type than float32, none
  ///           wanted, or more frames or bytes than limits:: allows for one session
  [[nodiscard]] result<void> answer(message& m, peer_id to, std::vector<worker_action>& out);
  void reset() noexcept { frames_ = bytes_ = 0; }

 private:
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace lingualinked::inline v0

#ifndef LINGUALINKED_COMPILED_CORE
#include <lingualinked/runtime/echo.ipp>
#endif
