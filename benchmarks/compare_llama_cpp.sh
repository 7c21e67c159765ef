#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs lingualinked and llama.cpp by turns on the same file with as many threads, and prints medians and ratios.
#   benchmarks/compare_llama_cpp.sh [--model FILE] [--threads N] [--prompt N] [--generate N] [--sequences N] [--rounds N]
#                                   [--llama-cpp FOLDER | --prebuilt] [--keep FILE]
# FOLDER holds llama-bench and llama-batched-bench; default build/llama.cpp/bin, where they are built once (many minutes, 1 GB)
# with native flags from the source in the Python package llama-cpp-python. --prebuilt takes the package xllamacpp instead, which
# is compiled for AVX2: right where the processor has no more, too slow elsewhere. Of flash attention on and off the faster
# counts. A round runs each once; rounds far from each other mean a busy machine. --sequences 0 leaves decoding together out.
# --keep FILE keeps what each run said.
source "$(dirname "${BASH_SOURCE[0]}")/../cmake/common.sh"

version=0.3.36
model="" threads=1 prompt=512 generate=128 sequences=8 rounds=5 peer="$root/build/llama.cpp/bin" keep="" prebuilt=false
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '3,11s/^# //p' "$0"; exit 0 ;;
    --model|--threads|--prompt|--generate|--sequences|--rounds|--llama-cpp|--keep)
      [ $# -ge 2 ] || bad_option "$1" "give a value after $1"
      name="${1#--}"
      [ "$name" = llama-cpp ] && name=peer
      printf -v "$name" %s "$2"
      shift 2 ;;
    --prebuilt) prebuilt=true; shift ;;
    *) bad_option "$1" "see $program --help" ;;
  esac
done
for name in threads prompt generate sequences rounds; do
  [[ "${!name}" =~ ^[0-9]+$ ]] || bad_option "${!name}" "--$name wants a number"
done
[ -n "$model" ] || model="$("$root/examples/get_model.sh")"

scratch="$(mktemp -d)"
if $prebuilt; then
  if [ ! -d "$root/build/xllamacpp/xllamacpp" ]; then
    install_packages model
    begin "fetching xllamacpp (30 MB)" "check the network, or give --llama-cpp FOLDER"
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$root/build/xllamacpp" xllamacpp >&2
  fi
elif [ ! -x "$peer/llama-bench" ] || [ ! -x "$peer/llama-batched-bench" ]; then
  install_packages tool model
  begin "fetching the source of llama.cpp (llama-cpp-python $version)" "check the network, or give --llama-cpp FOLDER"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-python \
    -d "$scratch" "llama-cpp-python==$version" >&2
  tar -xzf "$scratch"/llama_cpp_python-*.tar.gz -C "$scratch"
  begin "building llama.cpp (minutes)" "the compiler's message is above"
  cmake -S "$scratch"/llama_cpp_python-*/vendor/llama.cpp -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF \
    >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
  cmake --build "$scratch/build" --target llama-bench llama-batched-bench >"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
  mkdir -p "$peer"
  cp "$scratch/build/bin/llama-bench" "$scratch/build/bin/llama-batched-bench" "$peer/"
fi
if $prebuilt; then
  built="package xllamacpp $(PYTHONPATH="$root/build/xllamacpp" python3 -c \
    'from importlib.metadata import version; print(version("xllamacpp"))'), prebuilt"
elif [ "$peer" = "$root/build/llama.cpp/bin" ]; then
  built="llama-cpp-python $version, Release, GGML_NATIVE=ON"
else
  built="$peer"
fi
tool="$root/build/release/bin/lingualinked"
[ -x "$tool" ] || configure_and_build release lingualinked

begin "running both, $rounds rounds" "the message of the program that failed is above; it can be run alone"
runs="$scratch/runs"
# run KIND COMMAND...: one line of KIND, a tab and the JSON that the command says last.
run() {
  local kind="$1" said
  shift
  said="$("$@" 2>"$scratch/log")" || { cat "$scratch/log" >&2; return 1; }
  [ "$kind" = theirs_together ] && said="$(grep '^{' <<<"$said" | tail -n 1)"
  printf '%s\t%s\n' "$kind" "$(tr -d '\n' <<<"$said")" >>"$runs"
}
package=(env "PYTHONPATH=$root/build/xllamacpp" python3 "$root/benchmarks/xllamacpp_rates.py" "$model" "$threads")
ours=("$tool" bench --model "$model" --threads "$threads" --repetitions 1 --json)
for round in $(seq "$rounds"); do
  say "round $round"
  run ours "${ours[@]}" --prompt-tokens "$prompt" --generate-tokens "$generate"
  for flash in off on; do
    if $prebuilt; then run theirs "${package[@]}" "$flash" "$prompt" "$generate" 1
    else run theirs "$peer/llama-bench" -m "$model" -t "$threads" -fa "$flash" -p "$prompt" -n "$generate" -r 1 -o json
    fi
  done
  [ "$sequences" -gt 0 ] || continue
  run ours_together "${ours[@]}" --prompt-tokens 32 --generate-tokens "$generate" --sequences "$sequences"
  for flash in off on; do
    if $prebuilt; then run theirs_together "${package[@]}" "$flash" 32 "$generate" "$sequences"
    else
      run theirs_together "$peer/llama-batched-bench" -m "$model" -t "$threads" -tb "$threads" -fa "$flash" \
        -c $((sequences * (32 + generate))) -npp 32 -ntg "$generate" -npl "$sequences" --output-format jsonl
    fi
  done
done

[ -z "$keep" ] || cp "$runs" "$keep"
python3 - "$runs" "$model" "$threads" "$prompt" "$generate" "$sequences" "$("$tool" --version | head -n 1)" \
  "$built" <<'PYTHON'
import json, os, re, statistics, sys

runs, model, threads, prompt, generate, sequences, tool, built = sys.argv[1:]
flash = ("off", "on")
ours = {"prefill": [], "decode": [], "together": []}
theirs = {name: {f: [] for f in flash} for name in ours}
limit, turn, version, isa = [], {"theirs": 0, "theirs_together": 0}, "?", "?"
for line in open(runs):
    kind, _, text = line.rstrip("\n").partition("\t")
    said = json.loads(text)
    if kind == "ours":
        ours["prefill"].append(said["prefill_tokens_per_second"])
        ours["decode"].append(said["decode_tokens_per_second"])
        limit.append(said["decode_of_bandwidth_limit"])
        isa = said["isa"]
        continue
    if kind == "ours_together":
        ours["together"].append(said["decode_tokens_per_second"])
        continue
    now = flash[turn[kind] % 2]
    turn[kind] += 1
    if kind == "theirs":
        for run in said:
            theirs["prefill" if run["n_prompt"] else "decode"][now].append(run["avg_ts"])
            version = run.get("build_commit", "?")
    else:
        theirs["together"][now].append(said["speed_tg"])
cpu = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read()) if os.path.exists("/proc/cpuinfo") else None
cpu = cpu.group(1) if cpu else "unknown processor"
print(f"{cpu}, {os.cpu_count()} processors; {threads} threads; {os.path.basename(model)}")
print(f"{tool} (release, {isa}); llama.cpp {version}, {built}; {len(limit)} rounds")
print(f"{'tokens/s, medians':<32}{'lingualinked':>13}{'fa off':>9}{'fa on':>9}{'ratio':>8}   smallest to largest of a round")
for name, label in (("prefill", f"prefill {prompt} tokens"), ("decode", f"decode {generate} tokens"),
                    ("together", f"decode, {sequences} sequences together")):
    if not ours[name]:
        continue
    medians = {f: statistics.median(theirs[name][f]) for f in flash}
    better = theirs[name][max(flash, key=medians.get)]
    rounds = sorted(x / y for x, y in zip(ours[name], better))
    print(f"{label:<32}{statistics.median(ours[name]):>13.1f}{medians['off']:>9.1f}{medians['on']:>9.1f}"
          f"{statistics.median(rounds):>8.2f}   {rounds[0]:.2f} to {rounds[-1]:.2f}")
mine = 100 * statistics.median(limit)
other = mine * max(statistics.median(v) for v in theirs["decode"].values()) / statistics.median(ours["decode"])
print(f"of the bandwidth measured over a buffer of the weights' size decode uses {mine:.0f} %, llama.cpp's {other:.0f} %")
PYTHON
