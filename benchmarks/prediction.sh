#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Is 'plan --simulate' right? Lets real worker processes, slowed by known factors, some behind a relay that delays what they are
# sent and some in network namespaces with slower links, run placements, predicts them from probes slowed alike, and prints the
# errors.
#   benchmarks/prediction.sh [--model FILE] [--fleets 1,2,...] [--rows FILE]
# --fleets runs some of the fleets only (the fifth has the namespaces and needs root); --rows adds what was measured to FILE and
# sums up all of it. The machine should have nothing else to do: about 25 minutes in all. Workers compute in turn, as on devices
# of their own none would slow another. The machine's speed may change even so, by half and for seconds or minutes where
# neighbours share the hardware: so probes and runs take turns, and medians count on both sides.
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

model="" fleets="" rows=""
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '3,10s/^# //p' "$0"; exit 0 ;;
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
