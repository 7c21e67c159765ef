# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The part of prediction.sh that predicts, measures and compares; see there."""
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
VISITS = 2  # of every placement of a fleet, in turn, so that a slow minute of the machine does not fall on one alone
RUNS = 3    # of every placement at a visit
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


def median_profile(many):
    """Of several profiles of one machine, figure by figure."""
    if isinstance(many[0], dict):
        return {key: median_profile([m[key] for m in many]) for key in many[0]}
    if isinstance(many[0], list):
        return [median_profile(list(m)) for m in zip(*many)]
    return statistics.median(many) if isinstance(many[0], float) else many[0]


def probed(factor):
    """This machine slowed down, as a device of a fleet."""
    words = ["--model", model, "--threads", "1", "--slowdown", str(factor)]
    return run("probe", *words, "--fresh", "--json")["devices"][0]


def median_device(probes):
    return {**probes[0], "profiles": median_profile([p["profiles"] for p in probes]), "memory_bytes": None}


class fleet_of_workers:
    """Workers that wait, the ways to them and back, and fleet files of them: they, then the header, this process."""

    def __init__(self, number, factors, delays, rates):
        self.factors = factors
        self.path = f"{scratch}/fleet-{number}.json"
        self.workers, self.endpoints, self.links = [], [], []
        self.network = shaped_network(rates) if any(rates) else None
        self.at = self.network.at_header() if self.network else []
        self.remote = ["--insecure"] if self.network else []
        try:
            self.start(delays)
        except BaseException:
            self.stop()
            raise

    def start(self, delays):
        there, back = [], []
        for i, (factor, delay) in enumerate(zip(self.factors, delays)):
            place = self.network.at_worker(i) if self.network else []
            worker = subprocess.Popen([*place, tool, "worker", "--model", model, "--threads", "1", "--slowdown", str(factor),
                                       "--turns", f"{scratch}/turns", *(self.network.listen(i) if self.network else [])],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            self.workers.append(worker)
            endpoint = worker.stdout.readline().strip()
            if not endpoint:
                sys.exit("a worker did not start; run 'lingualinked worker' to see its message")
            if delay:
                endpoint = f"tcp://127.0.0.1:{relay(int(endpoint.rsplit(':', 1)[1]), delay)}"
            self.endpoints.append(endpoint)
            links = run("probe", "--model", model, "--threads", "1", "--connect", endpoint, "--name", "header", "--json",
                        "--quick", *self.remote, at=self.at)["links"]
            there += [link for link in links if link["from"] == "header"]
            back += [link for link in links if link["to"] == "header"]
        # What a worker sends to another takes that one's way; to the header it goes back on the header's own connection.
        names = [f"worker-{i}" for i in range(len(self.factors))]
        for source in [*names, "header"]:
            self.links += [{**way, "from": source, "to": target} for target, way in zip(names, there) if source != target]
        self.links += [{**way, "from": name, "to": "header"} for name, way in zip(names, back)]

    def stop(self):
        for worker in self.workers:
            worker.terminate()
            worker.wait()
        if self.network:
            self.network.remove()

    def plan(self, probes, row, *words):
        devices = [{**median_device(probes[factor]), "name": f"worker-{i}", "endpoint": endpoint}
                   for i, (factor, endpoint) in enumerate(zip(self.factors, self.endpoints))]
        devices.append({**devices[0], "name": "header", "endpoint": "local"})
        with open(self.path, "w") as out:
            json.dump({"devices": devices, "links": self.links, "header": "header"}, out)
        return run("plan", "--model", model, "--fleet", self.path, "--cut", row["cut"], "--simulate", "--json", "--context",
                   str(row["prompt"] + row["generate"]), "--prompt-tokens", str(row["prompt"]), "--generate-tokens",
                   str(row["generate"]), "--sequences", str(row["sequences"]), *words)

    def runs(self, path, row):
        """Of every run, the seconds for a token, and to the first one of all sequences."""
        runs = run("bench", "--model", model, "--plan", path, *self.remote, "--repetitions", str(RUNS), "--json",
                   "--prompt-tokens", str(row["prompt"]), "--generate-tokens", str(row["generate"]), "--sequences",
                   str(row["sequences"]), at=self.at)["runs"]
        return [{"token": 1 / r["decode_tokens_per_second"],
                 "first": row["sequences"] * row["prompt"] / r["prefill_tokens_per_second"]} for r in runs]


def measure(number, factors, delays, rates):
    rows = [{"fleet": number, "factors": factors, "delays": delays, "rates": rates, "cut": cut, "sequences": sequences,
             "prompt": prompt, "generate": generate}
            for sequences, prompt, generate in LOADS for cut in CUTS[len(factors)]]
    fleet = fleet_of_workers(number, factors, delays, rates)
    probes, runs = {factor: [] for factor in factors}, [[] for _ in rows]
    try:
        for _ in range(VISITS):
            for factor in probes:
                probes[factor].append(probed(factor))
            for i, row in enumerate(rows):
                path = f"{scratch}/plan-{i}.json"
                if "batch" not in row:
                    plan = fleet.plan(probes, row)
                    row["batch"] = plan["micro_batch_sequences"]
                    with open(path, "w") as out:
                        json.dump(plan, out)
                runs[i] += fleet.runs(path, row)
        for row, measured in zip(rows, runs):
            said = fleet.plan(probes, row, "--micro-batch", str(row["batch"]))["predicted"]
            row["said"] = {"token": said["token_seconds"], "first": said["prefill_seconds"]}
            row["measured"] = {what: statistics.median(r[what] for r in measured) for what in measured[0]}
            tell(row)
    finally:
        fleet.stop()
    return rows


def error(row, what):
    return row["said"][what] / row["measured"][what] - 1


def tell(r):
    print(f"{r['fleet']:5} {'/'.join(f'{f:g}' for f in r['factors']):>8} {r['cut']:>6} {r['sequences']:3} {r['batch']:5}"
          + f" {r['prompt']:6}"
          + "".join(f" {r['said'][what] * 1e3:9.2f} {r['measured'][what] * 1e3:8.2f} {100 * error(r, what):6.1f}"
                    for what in ("token", "first")), flush=True)


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
            print(f"  {label}: median error {100 * statistics.median(errors):.1f} % (target {target} %), "
                  f"nine in ten within {100 * errors[int(0.9 * (len(errors) - 1))]:.1f} %")
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
print("fleet  factors    cut seq batch prompt  token said measured  err % first said measured  err %   (ms)")
for number in chosen:
    new = measure(number, *FLEETS[number - 1])
    rows += new
    if rows_path:
        with open(rows_path, "a") as out:
            out.writelines(json.dumps(r) + "\n" for r in new)
sum_up(rows)
