// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What libFuzzer calls, for the one target LINGUALINKED_FUZZ_TARGET that is linked in.
#include <cstddef>
#include <cstdint>

int LINGUALINKED_FUZZ_TARGET(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { return LINGUALINKED_FUZZ_TARGET(data, size); }
