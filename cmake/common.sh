# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Sourced by the scripts in examples/ and tests/. Everything they say goes to standard error.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
program="$(basename "$0")"
step="start"
remedy=""
no_install=false
scratch=""  # a folder that is removed at the end

say() { printf '%s: %s\n' "$program" "$*" >&2; }

# begin STEP REMEDY: names what follows, and what to do should it fail.
begin() {
  step="$1"
  remedy="$2"
  say "$step"
}

# bad_option ARGUMENT USAGE
bad_option() {
  step="reading the options"
  remedy="$2"
  say "unknown argument '$1'"
  exit 2
}

on_exit() {
  local status=$?
  [ -z "$scratch" ] || rm -rf "$scratch"
  if [ "$status" -ne 0 ]; then
    say "failed at: $step"
    [ -z "$remedy" ] || say "what to do: $remedy"
  fi
}
trap on_exit EXIT

# install_packages GROUP...: Debian packages of these groups, only those that are missing.
install_packages() {
  local group wanted="" missing="" package as_root=""
  for group in "$@"; do
    wanted+=" $(sed -n "s/^$group: *//p" "$root/cmake/debian-packages.txt")"
  done
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "no apt-get here: going on with what is installed; Debian's names of what is needed:$wanted"
    return 0
  fi
  for package in $wanted; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=" $package"
  done
  [ -n "$missing" ] || return 0
  if $no_install; then
    say "not installed, and --no-install given:$missing"
    return 0
  fi
  begin "installing$missing" "check the network and 'apt-get update', or install these packages yourself and give --no-install"
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      remedy="run as root, or have root install the packages named above"
      return 1
    fi
    as_root="sudo"
  fi
  $as_root apt-get update -q >&2
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2
}

# A compiler cache is used where there is one, and never asked for.
if command -v ccache >/dev/null && [ -z "${CMAKE_CXX_COMPILER_LAUNCHER+set}" ]; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

# configure_and_build PRESET [TARGET] [CMAKE_ARGUMENT...]: quiet unless something fails. The files of one program are compiled in
# batches: they share the headers that they read and what they instantiate, which halves the time from nothing.
configure_and_build() {
  local preset="$1" target="${2:-}"
  shift; [ $# -eq 0 ] || shift
  begin "configuring preset $preset" "read the message above; a stale build/$preset may be deleted and configured anew"
  (cd "$root" && cmake --preset "$preset" -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 "$@" >&2) || return 1
  begin "building ${target:-everything} (build/$preset)" \
        "the compiler's message is above; 'cmake --build --preset $preset' repeats it. Needed: g++ 12 or clang 16, 2 GB of memory"
  (cd "$root" && cmake --build --preset "$preset" ${target:+--target "$target"} >&2) || return 1
}
