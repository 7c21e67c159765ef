#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs what the tests need, builds preset release, runs its tests and closes with "N passed, N failed".
#   tests/run.sh [--ci] [--no-install]
# --ci adds the tests labelled thorough (each header alone, consumers of the package, what must not compile, every way through
# the default model, emulated processors), the format check and the lanes asan-ubsan (everything, compiled by the second
# compiler), tsan (what has threads) and clang (what computes, optimised by the second compiler).
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

lanes="release"
quick=(--label-exclude thorough)
groups="tool tests model"
for argument in "$@"; do
  case "$argument" in
    --ci) lanes="format release asan-ubsan tsan clang"; quick=(); groups+=" lanes" ;;
    --no-install) no_install=true ;;
    -h|--help) sed -n '3,7s/^# //p' "$0"; exit 0 ;;
    *) bad_option "$argument" "$program [--ci] [--no-install]" ;;
  esac
done
# shellcheck disable=SC2086
install_packages $groups

# The tests of tests/model_file and the tool need the default model.
begin "looking for the default model" "examples/get_model.sh says more; the tests need 100 MB of downloads once"
model="$("$root/examples/get_model.sh" $($no_install && echo --no-install))"

passed=0
failed=0
skipped=0

# run_tests PRESET [CTEST_ARGUMENT...]: adds to the counts; a failing test is no reason to stop.
run_tests() {
  local preset="$1" report="$root/build/$1/test-report.xml" head tests failures not_run
  shift
  begin "testing (preset $preset)" "'ctest --preset $preset --rerun-failed' repeats what failed"
  rm -f "$report"
  (cd "$root" && ctest --preset "$preset" --output-junit "$report" "$@" >&2) || true
  if [ ! -f "$report" ]; then
    failed=$((failed + 1))
    return 0
  fi
  head="$(tr '\n\t' '  ' <"$report" | grep -o '<testsuite [^>]*>' | sed -n 1p)"
  count() { sed -E "s/.* $1=\"([0-9]+)\".*/\1/" <<<"$head"; }
  tests="$(count tests)"
  failures="$(count failures)"
  not_run=$(($(count skipped) + $(count disabled)))
  passed=$((passed + tests - failures - not_run))
  failed=$((failed + failures))
  skipped=$((skipped + not_run))
}

# A test of style: a stranger's editor and ours agree on it.
check_format() {
  begin "checking the format" "clang-format-16 -i on the files named above"
  if (cd "$root" && find include tests examples benchmarks \( -name '*.hpp' -o -name '*.ipp' -o -name '*.cpp' \) -print0 |
        xargs -0 clang-format-16 --dry-run -Werror >&2); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
}

# build_and_test PRESET TARGET CMAKE_ARGUMENT [CTEST_ARGUMENT...]
build_and_test() {
  local preset="$1" target="$2" definition="$3"
  shift 3
  if configure_and_build "$preset" "$target" ${definition:+"$definition"}; then
    run_tests "$preset" "$@"
  else
    say "failed at: $step; $remedy"
    failed=$((failed + 1))
  fi
}

for lane in $lanes; do
  started=$SECONDS
  case "$lane" in
    format) check_format ;;
    release)
      build_and_test release all "-DLINGUALINKED_TEST_MODEL=$model" "${quick[@]}"
      if [ ${#quick[@]} -gt 0 ]; then  # those left to --ci are said to be skipped
        left="$(cd "$root" && ctest --preset release -N --label-regex thorough | sed -n 's/^Total Tests: *//p' || true)"
        skipped=$((skipped + ${left:-0}))
      fi ;;
    asan-ubsan) build_and_test asan-ubsan all "" --label-exclude static ;;
    tsan) build_and_test tsan threaded_tests "" --label-regex threads ;;
    clang) build_and_test clang numeric_tests "" --label-regex numeric ;;
  esac
  say "lane $lane: $((SECONDS - started)) s; so far $passed passed, $failed failed"
done

closing="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || closing+=", $skipped skipped"
step="the tests themselves"
remedy="the names are above; 'ctest --preset release --rerun-failed --output-on-failure' repeats them"
printf '%s\n' "$closing"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
