#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs lingualinked and llama.cpp by turns on the same file with as many threads, and prints medians and ratios.
#   benchmarks/compare_llama_cpp.sh [--model FILE] [--threads N] [--prompt N] [--generate N] [--sequences N] [--repetitions N]
# llama.cpp is built once into build/llama.cpp, with native flags, from the source in the Python package llama-cpp-python; of
# flash attention on and off the faster counts. A round runs each engine once; figures far from their medians mean a busy machine.
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

version=0.3.36
model="" threads=1 prompt=512 generate=128 sequences=8 repetitions=5
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '3,6s/^# //p' "$0"; exit 0 ;;
    --model|--threads|--prompt|--generate|--sequences|--repetitions)
      [ $# -ge 2 ] || bad_option "$1" "give a value after $1"
      printf -v "${1#--}" %s "$2"
      shift 2 ;;
    *) bad_option "$1" "see $program --help" ;;
  esac
done
[ -n "$model" ] || model="$("$root/examples/get_model.sh")"

peer="$root/build/llama.cpp"
if [ ! -x "$peer/bin/llama-bench" ] || [ ! -x "$peer/bin/llama-batched-bench" ]; then
  install_packages model
  begin "fetching the source of llama.cpp (llama-cpp-python $version)" "check the network"
  scratch="$(mktemp -d)"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: -d "$scratch" \
    "llama-cpp-python==$version" >&2
  tar -xzf "$scratch"/llama_cpp_python-*.tar.gz -C "$scratch"
  begin "building llama.cpp (minutes)" "the compiler's message is above"
  cmake -S "$scratch"/llama_cpp_python-*/vendor/llama.cpp -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF \
    >"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
  cmake --build "$scratch/build" --target llama-bench llama-batched-bench >"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
  mkdir -p "$peer/bin"
  cp "$scratch/build/bin/llama-bench" "$scratch/build/bin/llama-batched-bench" "$peer/bin/"
fi
configure_and_build release lingualinked
tool="$root/build/release/bin/lingualinked"

begin "running both, $repetitions rounds" "run one of them alone to see its message"
runs="$(mktemp)"
trap 'rm -f "$runs"; on_exit' EXIT
ours() {
  "$tool" bench --model "$model" --threads "$threads" --repetitions 1 --json "$@"
}
for round in $(seq "$repetitions"); do
  say "round $round"
  printf 'ours\t%s\n' "$(ours --prompt-tokens "$prompt" --generate-tokens "$generate" | tr -d '\n')" >>"$runs"
  printf 'ours_together\t%s\n' \
    "$(ours --prompt-tokens 32 --generate-tokens "$generate" --sequences "$sequences" | tr -d '\n')" >>"$runs"
  for flash in 0 1; do
    printf 'theirs\t%s\n' "$("$peer/bin/llama-bench" -m "$model" -t "$threads" -fa "$flash" -p "$prompt" -n "$generate" -r 1 \
      -o json 2>/dev/null | tr -d '\n')" >>"$runs"
  done
  printf 'theirs_together\t%s\n' "$("$peer/bin/llama-batched-bench" -m "$model" -t "$threads" \
    -c $((sequences * (32 + generate))) -npp 32 -ntg "$generate" -npl "$sequences" --output-format jsonl 2>/dev/null |
    grep '^{' | tail -1)" >>"$runs"
done

python3 - "$runs" "$model" "$threads" "$prompt" "$generate" "$sequences" <<'PYTHON'
import json, os, re, statistics, sys

runs, model, threads, prompt, generate, sequences = sys.argv[1:]
ours = {"prefill": [], "decode": [], "together": []}
theirs = {"prefill": [[], []], "decode": [[], []], "together": [[]]}
limit, flash, version = [], 0, "?"
for line in open(runs):
    kind, _, text = line.rstrip("\n").partition("\t")
    said = json.loads(text)
    if kind == "ours":
        ours["prefill"].append(said["prefill_tokens_per_second"])
        ours["decode"].append(said["decode_tokens_per_second"])
        limit.append(said["decode_of_bandwidth_limit"])
        isa = said["isa"]
    elif kind == "ours_together":
        ours["together"].append(said["decode_tokens_per_second"])
    elif kind == "theirs":
        for run in said:
            theirs["prefill" if run["n_prompt"] else "decode"][flash].append(run["avg_ts"])
            version = run.get("build_commit", "?")
        flash = 1 - flash
    else:
        theirs["together"][0].append(said["speed_tg"])
cpu = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read()) if os.path.exists("/proc/cpuinfo") else None
print(f"{cpu.group(1) if cpu else 'unknown processor'}; {threads} threads; {os.path.basename(model)}; lingualinked {isa}; "
      f"llama.cpp {version}, native flags")
print(f"{'tokens/s':<34}{'lingualinked':>14}{'llama.cpp':>12}{'ratio':>8}   smallest to largest ratio of a round")
for name, label in (("prefill", f"prefill {prompt} tokens"), ("decode", f"decode {generate} tokens"),
                    ("together", f"decode, {sequences} sequences together")):
    a = ours[name]
    b = max(theirs[name], key=statistics.median)
    rounds = sorted(x / y for x, y in zip(a, b))
    print(f"{label:<34}{statistics.median(a):>14.1f}{statistics.median(b):>12.1f}{statistics.median(rounds):>8.2f}"
          f"   {rounds[0]:.2f} to {rounds[-1]:.2f}")
print(f"decode reads weights at {100 * statistics.median(limit):.0f} % of the bandwidth measured over a buffer of their size")
PYTHON
