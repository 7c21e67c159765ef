# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rates of the llama.cpp inside the Python package xllamacpp, as compare_llama_cpp.sh reads them.

xllamacpp_rates.py MODEL THREADS FLASH PROMPT GENERATE SEQUENCES, FLASH on or off. One sequence: a list as llama-bench prints it,
prompt and generation apart. More: {"speed_tg": all tokens over the time of the slowest}. The times are those that llama.cpp's own
server reports, so queues and JSON are not in them; a run of a few tokens comes first.
"""
import json
import sys
import threading

import xllamacpp

model, threads, flash, prompt, generate, sequences = sys.argv[1], *sys.argv[2:]
threads, prompt, generate, sequences = int(threads), int(prompt), int(generate), int(sequences)
params = xllamacpp.CommonParams()
params.model.path = model
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
params.flash_attn_type = getattr(
    xllamacpp.llama_flash_attn_type,
    "LLAMA_FLASH_ATTN_TYPE_ENABLED" if flash == "on" else "LLAMA_FLASH_ATTN_TYPE_DISABLED")
params.n_parallel = sequences
params.n_ctx = sequences * (prompt + generate + 16)
params.n_gpu_layers = 0
params.verbosity = -1
server = xllamacpp.Server(params)


def complete(tokens, count, out):
    asked = {"prompt": [(i * 7919 + 11) % 49000 for i in range(tokens)], "n_predict": count, "temperature": 0,
             "ignore_eos": True, "cache_prompt": False, "stream": False}
    said = server.handle_completions(asked)
    out.append((json.loads(said) if isinstance(said, (str, bytes)) else said)["timings"])


def together(tokens, count):
    out = []
    all_of_them = [threading.Thread(target=complete, args=(tokens, count, out)) for _ in range(sequences)]
    for t in all_of_them:
        t.start()
    for t in all_of_them:
        t.join()
    return out


together(8, 4)
timings = together(prompt, generate)
version = f"of xllamacpp {xllamacpp.__version__} ({xllamacpp.BUILD_INFO['compiler']}, AVX2)"
if sequences > 1:
    tokens = sum(t["predicted_n"] for t in timings)
    print(json.dumps({"speed_tg": 1000 * tokens / max(t["predicted_ms"] for t in timings)}))
else:
    print(json.dumps([
        {"n_prompt": prompt, "n_gen": 0, "avg_ts": timings[0]["prompt_per_second"], "build_commit": version},
        {"n_prompt": 0, "n_gen": generate, "avg_ts": timings[0]["predicted_per_second"], "build_commit": version}]))
