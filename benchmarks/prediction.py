# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The part of prediction.sh that predicts, measures and compares; see there."""
import copy
import json
import os
import queue
import socket
import statistics
import subprocess
import sys
import threading
import time

tool, model, scratch, only, rows_path = sys.argv[1:]

# Of each worker: how many times slower it is made, the seconds by which a relay delays what is sent to it (0: no relay), and the
# Mbit/s at which the kernel lets it receive (0: not shaped). The factors leave room for all workers to compute in turn.
FLEETS = [
    ([3, 3], [0, 0], [0, 0]),
    ([2, 4], [0, 0], [0, 0]),
    ([5, 3, 4], [0, 0, 0], [0, 0, 0]),
    ([3, 3], [0.004, 0.004], [0, 0]),
    ([4, 3, 5], [0, 0, 0], [200, 50, 100]),
]
# First modules of the later stages, of 62 modules; three placements for each number of devices.
CUTS = {2: ["12", "31", "46"], 3: ["12,30", "21,42", "30,52"]}
# Sequences, prompt tokens, generated tokens.
LOADS = [(1, 64, 16), (1, 192, 16), (2, 64, 16), (4, 64, 16)]
PROBES = 5
VISITS = 3  # of every placement of a fleet, in turn, so that a slow minute of the machine does not fall on one alone
RUNS = 2    # at every visit
SAME = 0.02  # two placements whose predicted or measured times differ by less are in any order


class shaped_network:
    """Network namespaces: one for the header, through which the others reach each other, and one for each worker. What a worker
    receives is held to its rate by the kernel's token bucket, since few kernels have the delaying queue."""

    def __init__(self, rates):
        self.hub = f"llhub{os.getpid()}"
        self.spaces = [f"llw{os.getpid()}x{i}" for i in range(len(rates))]
        try:
            self.set_up(rates)
        except BaseException:
            self.remove()
            raise

    def set_up(self, rates):
        for space in [self.hub, *self.spaces]:
            command("ip", "netns", "add", space)
            command("ip", "-n", space, "link", "set", "lo", "up")
        command("ip", "netns", "exec", self.hub, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        for i, (space, rate) in enumerate(zip(self.spaces, rates)):
            command("ip", "-n", self.hub, "link", "add", f"to{i}", "type", "veth", "peer", "name", "out", "netns", space)
            for where, link, end in ((self.hub, f"to{i}", 1), (space, "out", 2)):
                command("ip", "-n", where, "addr", "add", f"10.77.{i}.{end}/24", "dev", link)
                command("ip", "-n", where, "link", "set", link, "up")
            command("ip", "-n", space, "route", "add", "default", "via", f"10.77.{i}.1")
            command("ip", "netns", "exec", self.hub, "tc", "qdisc", "add", "dev", f"to{i}", "root", "tbf", "rate", f"{rate}mbit",
                    "burst", "16kb", "latency", "1s")

    def remove(self):
        for space in [*self.spaces, self.hub]:
            subprocess.run(["ip", "netns", "del", space], stderr=subprocess.DEVNULL)

    def at_header(self):
        return ["ip", "netns", "exec", self.hub]

    def at_worker(self, i):
        return ["ip", "netns", "exec", self.spaces[i]]

    def listen(self, i):
        return ["--listen", f"tcp://10.77.{i}.2:7000", "--insecure"]


def command(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: {done.stdout.strip()}\nShaped links need root, iproute2 and a kernel with namespaces; "
                 "leave those fleets out with --fleets")


def relay(port, delay):
    """Passes bytes on to a port of this machine, each `delay` seconds later there, at once back. Gives its own port."""
    server = socket.create_server(("127.0.0.1", 0))

    def pump(source, sink, wait):
        line = queue.Queue()

        def write():
            while True:
                due, data = line.get()
                time.sleep(max(0, due - time.monotonic()))
                try:
                    sink.sendall(data) if data else sink.shutdown(socket.SHUT_WR)
                except OSError:
                    return
                if not data:
                    return

        threading.Thread(target=write, daemon=True).start()
        data = b"-"
        while data:
            try:
                data = source.recv(1 << 20)
            except OSError:
                data = b""
            line.put((time.monotonic() + wait, data))

    def serve():
        while True:
            near = server.accept()[0]
            far = socket.create_connection(("127.0.0.1", port))
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=pump, args=(near, far, delay), daemon=True).start()
            threading.Thread(target=pump, args=(far, near, delay), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1]


def run(*words, at=()):
    done = subprocess.run([*at, tool, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout)


def runs_of(*words, sequences=1, prompt=128, generate=24, at=()):
    """Of every run, the seconds for a token, and to the first one of all sequences."""
    runs = run("bench", "--model", model, "--repetitions", str(RUNS), "--json", "--prompt-tokens", str(prompt),
               "--generate-tokens", str(generate), "--sequences", str(sequences), *words, at=at)["runs"]
    return [{"token": 1 / r["decode_tokens_per_second"], "first": sequences * prompt / r["prefill_tokens_per_second"]}
            for r in runs]


def median_run(runs):
    return {what: statistics.median(r[what] for r in runs) for what in runs[0]}


def one_process():
    return runs_of("--threads", "1")


def median_profile(many):
    """Of several profiles of one machine, figure by figure."""
    if isinstance(many[0], dict):
        return {key: median_profile([m[key] for m in many]) for key in many[0]}
    if isinstance(many[0], list):
        return [median_profile(list(m)) for m in zip(*many)]
    return statistics.median(many) if isinstance(many[0], float) else many[0]


def probed():
    """This machine as a device of a fleet, and one process about that time."""
    devices, alone = [], []
    for _ in range(PROBES):
        alone += one_process()
        devices.append(run("probe", "--model", model, "--threads", "1", "--name", "machine", "--fresh", "--json")["devices"][0])
    device = devices[0]
    device["profiles"] = median_profile([d["profiles"] for d in devices])
    return device, median_run(alone)


def slower(device, factor, name, endpoint):
    """The probed machine as it is when slowed down."""
    made = copy.deepcopy(device)
    made.update(name=name, endpoint=endpoint, memory_bytes=None)
    for figure in ("compute_flops_per_second", "memory_bandwidth_bytes_per_second"):
        if made.get(figure):
            made[figure] /= factor
    # The longer part of a hand-over is that the first modules find the caches cold: the slowed worker is slower at that too.
    made["profiles"][0]["stage_overhead_seconds"] *= factor
    for kind in made["profiles"][0]["kinds"]:
        kind["decode_seconds"] *= factor
        kind["decode_seconds_per_context_token"] *= factor
        for batch in kind["batches"]:
            batch["seconds"] *= factor
        for piece in kind["prefill"]:
            piece["seconds"] *= factor
            piece["seconds_per_context_token"] *= factor
    return made


def fleet_of(machine, number, factors, delays, network, workers):
    """Starts the workers, measures the ways to them and back, and writes the fleet: they, then the header, this process."""
    names = [f"worker-{i}" for i in range(len(factors))]
    devices, there, back = [], [], []
    for i, (name, factor, delay) in enumerate(zip(names, factors, delays)):
        place = network.at_worker(i) if network else []
        worker = subprocess.Popen([*place, tool, "worker", "--model", model, "--threads", "1", "--slowdown", str(factor),
                                   "--turns", f"{scratch}/turns", *(network.listen(i) if network else [])],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        workers.append(worker)
        endpoint = worker.stdout.readline().strip()
        if not endpoint:
            sys.exit("a worker did not start; run 'lingualinked worker' to see its message")
        if delay:
            endpoint = f"tcp://127.0.0.1:{relay(int(endpoint.rsplit(':', 1)[1]), delay)}"
        devices.append(slower(machine, factor, name, endpoint))
        links = run("probe", "--model", model, "--threads", "1", "--connect", endpoint, "--name", "header", "--json", "--quick",
                    *(["--insecure"] if network else []), at=network.at_header() if network else ())["links"]
        there += [link for link in links if link["from"] == "header"]
        back += [link for link in links if link["to"] == "header"]
    header = slower(machine, 1, "header", "local")
    # What a worker sends to another takes that one's way; to the header it goes back on the header's own connection.
    links = [{**way, "from": source, "to": target} for target, way in zip(names, there) for source in names + ["header"]
             if source != target]
    links += [{**way, "from": name, "to": "header"} for name, way in zip(names, back)]
    path = f"{scratch}/fleet-{number}.json"
    json.dump({"devices": devices + [header], "links": links, "header": "header"}, open(path, "w"))
    return path


def measure(machine, then, number, factors, delays, rates):
    workers, rows, alone = [], [], []
    network = shaped_network(rates) if any(rates) else None
    try:
        fleet = fleet_of(machine, number, factors, delays, network, workers)
        for sequences, prompt, generate in LOADS:
            for cut in CUTS[len(factors)]:
                plan = run("plan", "--model", model, "--fleet", fleet, "--cut", cut, "--simulate", "--json",
                           "--context", str(prompt + generate), "--prompt-tokens", str(prompt), "--generate-tokens",
                           str(generate), "--sequences", str(sequences))
                path = f"{scratch}/plan-{len(rows)}.json"
                json.dump(plan, open(path, "w"))
                said = plan["predicted"]
                rows.append({"fleet": number, "factors": factors, "delays": delays, "rates": rates, "cut": cut,
                             "sequences": sequences, "prompt": prompt, "generate": generate,
                             "batch": plan["micro_batch_sequences"],
                             "said": {"token": said["token_seconds"], "first": said["prefill_seconds"]}, "runs": []})
        for _ in range(VISITS):
            for i, row in enumerate(rows):
                if i % 4 == 0:
                    alone += one_process()
                row["runs"] += runs_of("--plan", f"{scratch}/plan-{i}.json", *(["--insecure"] if network else []),
                                       sequences=row["sequences"], prompt=row["prompt"], generate=row["generate"],
                                       at=network.at_header() if network else ())
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
        if network:
            network.remove()
    now = median_run(alone)
    for row in rows:
        row["measured"] = median_run(row.pop("runs"))
        row["drift"] = {what: now[what] / then[what] for what in then}
        tell(row)
    return rows


def error(row, what, drifted=True):
    return row["said"][what] * (row["drift"][what] if drifted else 1) / row["measured"][what] - 1


def tell(r):
    print(f"{r['fleet']:5} {'/'.join(f'{f:g}' for f in r['factors']):>8} {r['cut']:>6} {r['sequences']:3} {r['batch']:5}"
          + f" {r['prompt']:6}"
          + "".join(f" {r['said'][what] * 1e3:9.2f} {r['measured'][what] * 1e3:8.2f} {r['drift'][what]:6.3f}"
                    f" {100 * error(r, what):6.1f}" for what in ("token", "first")), flush=True)


def in_order(placements):
    """Whether the three quickest by prediction are in the order of what was measured."""
    top = sorted(placements, key=lambda r: r["said"]["token"])[:3]
    return all(b["measured"]["token"] > a["measured"]["token"] * (1 - SAME)
               or b["said"]["token"] < a["said"]["token"] * (1 + SAME) for a, b in zip(top, top[1:]))


def sum_up(rows):
    alone = [r for r in rows if r["sequences"] == 1]
    crowded = [r for r in rows if r["sequences"] > 1]
    for some, which in ((rows, "all"), (alone, "one sequence"), (crowded, "several, where stages work at once")):
        if not some:
            continue
        print(f"{which}, {len(some)} runs:")
        for what, label, target in (("token", "time per token", 5), ("first", "time to the first token", 10)):
            errors = sorted(abs(error(r, what)) for r in some)
            undrifted = statistics.median(abs(error(r, what, drifted=False)) for r in some)
            print(f"  {label}: median error {100 * statistics.median(errors):.1f} % (target {target} %), "
                  f"nine in ten within {100 * errors[int(0.9 * (len(errors) - 1))]:.1f} %; "
                  f"drift left in, {100 * undrifted:.1f} %")
        settings = {}
        for r in some:
            settings.setdefault((r["fleet"], r["sequences"], r["prompt"], r["generate"]), []).append(r)
        right = sum(in_order(placements) for placements in settings.values())
        print(f"  order of the top three placements right in {right} of {len(settings)} settings, "
              f"{100 * right / len(settings):.0f} % (target 95 %; {100 * SAME:.0f} % counts as equal)")


rows = []
if rows_path:
    try:
        rows = [json.loads(line) for line in open(rows_path)]
    except FileNotFoundError:
        pass
chosen = [int(n) for n in only.split(",")] if only else range(1, len(FLEETS) + 1)
print("fleet  factors    cut seq batch prompt  token said measured  drift  err % first said measured  drift  err %   (ms)")
machine, then = probed()
for number in chosen:
    new = measure(machine, then, number, *FLEETS[number - 1])
    rows += new
    if rows_path:
        with open(rows_path, "a") as out:
            out.writelines(json.dumps(r) + "\n" for r in new)
sum_up(rows)
