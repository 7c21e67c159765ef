#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# One model, three devices: builds the tool, fetches SmolLM2-135M-Instruct, plans it over examples/fleet.json, whose devices are
# so small that no two of them can hold it, starts a worker process for each and streams an answer.
#   examples/demo.sh [--no-install] [--prompt TEXT]
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

prompt="What is the capital of France, and what is it known for? Answer in two sentences."
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) no_install=true ;;
    --prompt) [ $# -ge 2 ] || bad_option "$1" "--prompt TEXT"; prompt="$2"; shift ;;
    -h|--help) sed -n '3,5s/^# //p' "$0"; exit 0 ;;
    *) bad_option "$1" "$program [--no-install] [--prompt TEXT]" ;;
  esac
  shift
done

install_packages tool model
model="$("$root/examples/get_model.sh" $($no_install && echo --no-install))"
configure_and_build release lingualinked
tool="$root/build/release/bin/lingualinked"
fleet="$root/examples/fleet.json"
scratch="$(mktemp -d)"

begin "planning over three devices" "'$tool doctor' checks this machine; 'plan --explain' says which limit binds"
"$tool" plan --model "$model" --fleet "$fleet" --context 2048 --explain

begin "asking three worker processes: $prompt" "'$tool doctor' checks this machine; ports on 127.0.0.1 must be free to use"
"$tool" chat --model "$model" --fleet "$fleet" --context 2048 --max-tokens 96 --temperature 0 --prompt "$prompt" \
  --report "$scratch/report.json"

begin "checking that three stages carried data" \
  "the report above says which device took no part; is examples/fleet.json as shipped?"
python3 - "$scratch/report.json" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1], encoding="utf-8"))
stats = report["stats"]
print()
print(f"{'device':12} {'modules':>9} {'busy s':>8} {'sent kB':>9} {'received kB':>12} {'peak MB':>8}")
for d in report["devices"]:
    print(f"{d['name']:12} {d['first_module']:4}-{d['last_module']:<4} {d['busy_seconds']:8.2f} {d['sent_bytes'] / 1e3:9.1f} "
          f"{d['received_bytes'] / 1e3:12.1f} {(d['peak_memory_bytes'] or 0) / 1e6:8.1f}")
print(f"first token after {stats['ttft_seconds'] or 0:.2f} s, then {stats['decode_tokens_per_second'] or 0:.1f} tokens/s "
      f"({stats['completion_tokens']} tokens)")
carried = [d for d in report["devices"] if d["sent_bytes"] > 0 and d["received_bytes"] > 0]
if len(carried) < 3:
    sys.exit(f"only {len(carried)} stages carried data; three should have")
PYTHON
say "done"
