#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What does a header cost? Prints, for each header compiled alone at -O0: seconds, preprocessed lines, and its name; slowest last.
#   benchmarks/compile_time.sh [FOLDER]     CXX=clang++-16 benchmarks/compile_time.sh core
# The first line names machine, compiler, flags and commit, so that a stored run can be compared.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
compiler="${CXX:-g++}"
flags="-std=c++20 -O0 -I$root/include"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

printf '# %s; %s; -std=c++20 -O0; %s\n' \
  "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -1)" "$("$compiler" --version | head -1)" \
  "$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo 'no commit')"
printf '%8s %8s  %s\n' seconds lines header
now() { date +%s%N; }
cd "$root/include"
find "lingualinked${1:+/$1}" -name '*.hpp' ! -name src.hpp | sort | while read -r header; do
  printf '#include <%s>\n' "$header" >"$scratch/one.cpp"
  started="$(now)"
  # shellcheck disable=SC2086
  if "$compiler" $flags -c -o "$scratch/one.o" "$scratch/one.cpp" 2>"$scratch/messages"; then
    elapsed=$((($(now) - started) / 1000000))
    # shellcheck disable=SC2086
    lines="$("$compiler" $flags -E -P "$scratch/one.cpp" | wc -l)"
    printf '%5d.%02d %8d  %s\n' $((elapsed / 1000)) $((elapsed % 1000 / 10)) "$lines" "$header"
  else
    printf '%8s %8s  %s\n' - - "$header (does not compile here: $(sed -n 's/.*error: //p' "$scratch/messages" | head -1))"
  fi
done | sort -n
