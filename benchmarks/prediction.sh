#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Is 'plan --simulate' right? Lets real worker processes on loopback, slowed by known factors and some behind a relay that delays
# what they are sent, run placements that were predicted before from a probe of this machine, and prints the errors.
#   benchmarks/prediction.sh [--model FILE] [--fleets 1,2,...] [--rows FILE]
# --fleets runs some of the fleets only; --rows adds what was measured to FILE and sums up all of it. The machine should have
# nothing else to do: about 20 minutes in all. Its speed changes even so, by half and within seconds where neighbours share the
# hardware; so the machine is probed five times, and of all times the quickest quarter counts. One process is timed before every
# run, and predictions are scaled by what it lost or gained. The workers of several sequences work at once and share memory and
# processors, which devices of their own would not: these runs are summed up apart as well.
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

model="" fleets="" rows=""
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '3,11s/^# //p' "$0"; exit 0 ;;
    --model|--fleets|--rows)
      [ $# -ge 2 ] || bad_option "$1" "give a value after $1"
      printf -v "${1#--}" %s "$2"
      shift 2 ;;
    *) bad_option "$1" "see $program --help" ;;
  esac
done
[ -n "$model" ] || model="$("$root/examples/get_model.sh")"
tool="${LINGUALINKED_TOOL:-}"
if [ -z "$tool" ]; then
  configure_and_build release lingualinked
  tool="$root/build/release/bin/lingualinked"
fi
scratch="$(mktemp -d)"
begin "predicting and measuring" "the tool's message is above"
python3 "$root/benchmarks/prediction.py" "$tool" "$model" "$scratch" "$fleets" "$rows"
