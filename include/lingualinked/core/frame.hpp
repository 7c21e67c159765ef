// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <lingualinked/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lingualinked::inline v0 {

/// Who is meant on a transport. The value 0 is nobody.
using peer_id = std::uint64_t;

enum class frame_kind : std::uint8_t {
  control = 1,     // payload: one control message
  activation = 2,  // payload: segments, then rows of width elements
  token = 3,       // payload: segments, then one int32 token id for each
  logits = 4,      // payload: segments, then rows of width float32
};

/// What stands in front of every payload; 64 bytes on the wire (transport/frame.hpp has the layout).
struct frame_header {
  frame_kind kind = frame_kind::control;
  std::uint8_t dtype = 0;     // of the rows: the wire code of tensor/dtype.hpp
  std::uint32_t epoch = 0;    // version of the plan; a frame of an older epoch is dropped
  std::uint32_t tensor = 0;   // index into the plan's transmission map
  std::uint64_t request = 0;  // which request of the session, for reports
  std::uint32_t step = 0;     // counts the batches of the first stage
  std::uint32_t rows = 0;
  std::uint32_t width = 0;
  std::uint32_t segments = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t stage_nanoseconds = 0;  // busy time of the sending stage for this step

  friend bool operator==(const frame_header&, const frame_header&) = default;
};

/// One received frame. The payload buffer is reused from frame to frame.
struct message {
  peer_id from = 0;
  frame_header header;
  std::vector<std::byte> payload;
};

}  // namespace lingualinked::inline v0
