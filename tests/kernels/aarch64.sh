#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Cross-builds the kernel tests for aarch64 and runs them on processors without the dot product, with it, and with everything.
#   tests/kernels/aarch64.sh [build directory]
# Needs g++-aarch64-linux-gnu, qemu-user-static and doctest's header (Debian); exits with 77, "skipped", where they are missing.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=${1:-"$root/build/aarch64"}
compiler=aarch64-linux-gnu-g++
for tool in "$compiler" qemu-aarch64-static; do
  command -v "$tool" > /dev/null || { echo "skipped: no $tool"; exit 77; }
done
mkdir -p "$build/include"
# Only doctest from the machine's own headers, which are not the target's.
[ -d /usr/include/doctest ] || { echo "skipped: no doctest"; exit 77; }
ln -sfn /usr/include/doctest "$build/include/doctest"
flags="-std=c++20 -I$root/include -I$root/tests -I$build/include -DDOCTEST_CONFIG_USE_STD_HEADERS"
objects=""
compile() { # output, level, source
  $compiler $flags -DLINGUALINKED_TEST_DATA="\"$root/tests/data\"" "$2" -c "$3" -o "$build/$1"
  objects="$objects $build/$1"
}
for unit in kernels kernels/simd/neon kernels/simd/neon_dot; do
  name=$(echo "$unit" | tr / _)
  echo "#include <lingualinked/$unit/src.hpp>" > "$build/$name.cpp"
  compile "$name.o" -O2 "$build/$name.cpp"
done
for test in "$root"/tests/kernels/*.test.cpp; do
  echo "#include \"$test\""
done > "$build/tests.cpp"  # as one unit, which shares what it instantiates
compile tests.o -O1 "$build/tests.cpp"
compile doctest_main.o -O1 "$root/tests/support/doctest_main.cpp"
$compiler -static $objects -o "$build/test_kernels"
for processor in cortex-a72 cortex-a76 max; do
  echo "== $processor"
  qemu-aarch64-static -cpu "$processor" "$build/test_kernels" --no-version
done
