"""What a guard costs around a call that does nothing, beside libraries for Node.js and Python.

    /usr/bin/python3 bench/guarded_call.py [--rounds 5] [--seconds 0.2] [--results bench/results.md]

C++ has no such library, so these are the nearest: cockatiel, opossum and p-retry (npm, put into build/npm-guards by
`./dev bench`) and tenacity (Debian). All run in turn, each in a process of its own, and first show that their guards
work. Figures are CPU time, because other programs use the machine as well.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

from results import put

HERE = Path(__file__).resolve().parent
MARK = "<!-- guarded_call -->", "<!-- /guarded_call -->"
NODE_LIBRARIES = "cockatiel", "opossum", "p-retry"
# A row: what it is, our benchmark, the name that the peers have for it.
ROWS = (
    ("none (ours: a pipeline without policies)", "call_bare", "nothing"),
    ("breaker, closed: counts calls", "call_breaker_of_calls", "breaker"),
    ("breaker, closed: counts time", "call_breaker_of_time", "breaker of time"),
    ("bulkhead", "call_bulkhead", "bulkhead"),
    ("rate limit, GCRA", "call_gcra", None),
    ("rate limit, token bucket", "call_bucket", None),
    ("budget and retry", "call_retry", "retry"),
    ("timeout", "call_timeout", "timeout"),
    ("all: limit, breaker (calls), budget, retry, timeout", "call_all", "all"),
    ("all, with bulkhead and breaker (time)", "call_all_of_time", None),
    ("rejection by an open breaker", "call_open", "open"),
    ("the breaker alone, closed: calls", "closed_of_calls", None),
    ("the breaker alone, closed: time", "closed_of_time", None),
    ("the breaker alone, open", "open_alone", None),
    ("reading the clock", "read_clock", None),
)


def run(words):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{words} ended with {done.returncode}")
    return json.loads(done.stdout)


def ours(options):
    """Name of the benchmark → nanoseconds; with two threads under NAME/2; and the allocations of all together."""
    report = run([options.program, "--benchmark_format=json", f"--benchmark_min_time={options.seconds}"])
    found, allocations = {}, 0
    for it in report["benchmarks"]:
        name = it["name"].removesuffix("/threads:1").replace("/threads:2", "/2")
        found[name] = it["cpu_time"]
        allocations += it.get("allocations", 0)
    # A library that is started may take memory now and then; a call that does would take one each.
    found["allocations"] = round(allocations, 3)
    return found


def tenacity_times(seconds):
    """In a process of its own: guarded_call.py --tenacity."""
    import tenacity

    def retries(wait):
        return tenacity.Retrying(stop=tenacity.stop_after_attempt(5), wait=wait, reraise=True)

    made = 0

    def flaky():
        nonlocal made
        made += 1
        if made < 5:
            raise OSError("503")

    retries(tenacity.wait_none())(flaky)
    if made != 5:
        sys.exit("tenacity: does not retry")
    retry = retries(tenacity.wait_exponential_jitter(initial=1, max=8))
    found = {"version": metadata.version("tenacity")}
    for name, call in (("nothing", lambda: 1), ("retry", lambda: retry(int))):
        count = 1000
        while True:
            start = time.process_time()
            for _ in range(count):
                call()
            spent = time.process_time() - start
            if spent >= seconds:
                break
            count *= 2
        found[name] = spent / count * 1e9
    print(json.dumps(found))


def measure(options):
    """Program → name → the median of its rounds (and what is no number as it is)."""
    programs = {"ours": lambda: ours(options)}
    for name in NODE_LIBRARIES:
        words = ["node", HERE / "guarded_call_peer.mjs", options.modules, name, options.seconds]
        programs[name] = lambda words=words: run(words)
    programs["tenacity"] = lambda: run([sys.executable, __file__, "--tenacity", "--seconds", options.seconds])
    samples = {name: [] for name in programs}
    for number in range(options.rounds):
        for name, program in programs.items():
            samples[name].append(program())
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    return {name: {key: taken[0][key] if isinstance(taken[0][key], str) else statistics.median(it[key] for it in taken)
                   for key in taken[0]} for name, taken in samples.items()}


def environment(results, options):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    versions = [f"{name} {results[name]['version']}" for name in (*NODE_LIBRARIES, "tenacity")]
    return ", ".join([f"{cpu} × {os.cpu_count()}", f"Node.js {node}", f"Python {platform.python_version()}", *versions,
                      f"load average before {options.load:.1f}", f"medians of {options.rounds} in turn"])


def table(results, options):
    peers = (*NODE_LIBRARIES, "tenacity")
    lines = ["## Guarded call", "",
             "Nanoseconds of CPU time for a call that does nothing and succeeds, and for its rejection; one thread, and two",
             "that share the policies. A pipeline reads the clock once, which is its largest part. × says how many times as",
             "long a peer takes, its own bare call included; those of Node.js are asynchronous, and \"all\" is what each has:",
             "bulkhead, retry, breaker and timeout (cockatiel), bulkhead, breaker and timeout (opossum, whose bulkhead is never",
             "without its breaker). – : it has none.",
             f"Memory taken by ours, of all rows together: {results['ours']['allocations']:g} allocations a call.",
             "`/usr/bin/python3 bench/guarded_call.py` does this alone.", "",
             environment(results, options), "",
             "| guard | ours | two threads | " + " | ".join(f"{name} | ×" for name in peers) + " |",
             "|---|--:|--:|" + "--:|--:|" * len(peers)]
    for text, name, theirs in ROWS:
        own = results["ours"][name]
        two = results["ours"].get(f"{name}/2")
        cells = [text, f"{own:.1f}", f"{two:.1f}" if two else "–"]
        for peer in peers:
            other = results[peer].get(theirs)
            cells += [f"{other:.0f}", f"{other / own:.0f}"] if other else ["–", "–"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=HERE.parent / "build/bin/resilience_bench", help="our program")
    parser.add_argument("--modules", type=Path, default=HERE.parent / "build/npm-guards/node_modules",
                        help="the folder with the packages of npm")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2, help="at least, of each figure")
    parser.add_argument("--results", type=Path, help="the file to write the table into")
    parser.add_argument("--tenacity", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tenacity:
        tenacity_times(options.seconds)
        return
    options.modules = options.modules.resolve()
    if not shutil.which("node") or not all((options.modules / name).is_dir() for name in NODE_LIBRARIES):
        sys.exit(f"node, or one of {', '.join(NODE_LIBRARIES)} in {options.modules}, is missing: ./dev bench installs them")
    options.load = os.getloadavg()[0]
    text = table(measure(options), options)
    print(text, end="")
    if options.results:
        put(text, MARK, options.results)


if __name__ == "__main__":
    main()
