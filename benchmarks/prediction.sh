#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Is 'plan --simulate' right? Probes this machine, then lets real worker processes on loopback, slowed by known factors and some
# behind a relay that delays what they are sent, run placements that were predicted before, and prints the errors.
#   benchmarks/prediction.sh [--model FILE] [--fleets 1,2,...] [--rows FILE] [--profile FILE]
# --fleets runs some of the fleets only; --rows adds what was measured to FILE and sums up all of it; --profile keeps what was
# probed, or uses what is there. The machine should have nothing else to do: about six minutes in all. It was probed with one
# process at work. The workers of several sequences work at once and share its memory and processors, which devices of their own
# would not: these runs are summed up apart as well.
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

model="" fleets="" rows="" profile=""
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '3,10s/^# //p' "$0"; exit 0 ;;
    --model|--fleets|--rows|--profile)
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
if [ -z "$profile" ] || [ ! -s "$profile" ]; then
  begin "probing this machine" "run '$tool probe' by itself to see its message"
  "$tool" probe --model "$model" --threads 1 --name machine --out "${profile:-$scratch/machine.json}" >&2
fi
begin "predicting and measuring" "the tool's message is above"
python3 "$root/benchmarks/prediction.py" "$tool" "$model" "${profile:-$scratch/machine.json}" "$scratch" "$fleets" "$rows"
