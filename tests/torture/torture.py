"""Proof that nothing is lost and nothing comes twice, by killing, cutting and crashing `pulse collect` many times.

    /usr/bin/python3 tests/torture/torture.py kills --count 500
    SEED=4711 /usr/bin/python3 tests/torture/torture.py kills --engine sqlite     one episode again

Modes: kills, power (cuts; SQLite), server (crashes; PostgreSQL), commits (lost answers; PostgreSQL), split (a broken
program must be caught), and the sets short and long of all of them. BIN_DIR names the folder of the programs.
"""

import argparse
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing.util import Finalize
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import commits
import crashes
import kills
import power
from cases import CASES
from invariants import Fault
from programs import PHASES, Tools, is_sanitized

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = 77  # to ctest

# mode → (the count that is wanted, engines, the episode)
MODES = {"kills": ("kills", ("sqlite", "postgresql"), kills.random_kills),
         "power": ("cuts", ("sqlite",), power.cuts),
         "server": ("crashes", ("postgresql",), crashes.crashes),
         "commits": ("answers lost", ("postgresql",), commits.lost_answers)}
SHORT = {"kills": 350, "power": 50, "server": 15, "commits": 15}
LONG = {"kills": 10_000, "power": 1_000, "server": 1_000, "commits": 1_000}
SPLIT_KILLS = 300  # at the latest then the split program is caught


# ---- in a worker

_tools = None


def one(bin_dir, program, episode, seed, engine, arguments):
    """The tally of an episode, or the story of its failure."""
    global _tools
    if _tools is None or _tools.program != _tools.bin / program:
        if _tools:
            _tools.end()
        _tools = Tools(bin_dir, program)
        Finalize(None, _tools.end, exitpriority=1)  # when the worker ends
    try:
        return episode(_tools, random.Random(seed), engine, *arguments), None
    except Fault as fault:
        return Counter(caught=1), str(fault)
    except Exception:  # a mistake of the torture's own, or of its surroundings
        return Counter(), traceback.format_exc()


# ---- the driver


class Driver:
    def __init__(self, options, workers):
        self.options, self.workers, self.failures = options, workers, []
        folder = os.environ.get("BIN_DIR", ROOT / "build/bin")
        self.bin = Path(folder).resolve()
        self.pool = ProcessPoolExecutor(2 * workers)
        self.seed = os.environ.get("SEED")

    def run(self, mode, count, program="pulse", until_failure=False):
        """Episodes until `count` is reached; returns the tally."""
        unit, engines, episode = MODES[mode]
        engines = [engine for engine in engines if engine in self.options.engines]
        tally, began, waiting = Counter(), time.monotonic(), set()
        jobs = self.jobs(mode, episode, engines, program)
        at_once = self.workers * (2 if mode == "commits" and not self.seed else 1)  # those wait for backoffs
        while engines:
            while len(waiting) < at_once and tally[unit] < count and (job := next(jobs, None)):
                future = self.pool.submit(one, self.bin, program, *job)
                future.job = job
                waiting.add(future)
            if not waiting:
                break
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                own, story = future.result()
                tally += own
                if story:
                    if until_failure and own["caught"]:
                        print(f"  caught: {story.splitlines()[0]}")
                        count = 0
                    else:
                        self.report(mode, future.job, story)
            if len(self.failures) >= 3:
                break
        wait(waiting)
        self.table(mode, program, tally, time.monotonic() - began)
        return tally

    def jobs(self, mode, episode, engines, program):
        """(episode, seed, engine, arguments), without an end; SEED=N: that one alone."""
        if self.seed:
            yield (*self.named(episode), int(self.seed), engines[0], self.arguments())
            return
        master = random.SystemRandom()
        if mode == "kills" and program == "pulse":
            for name, first, engine in self.sweeps():
                if engine in engines:
                    yield kills.sweep, master.randrange(2**31), engine, (name, first)
        while True:
            for engine in engines:
                yield episode, master.randrange(2**31), engine, ()

    def named(self, episode):
        return (kills.sweep if self.options.sweep else episode,)

    def arguments(self):
        if not self.options.sweep:
            return ()
        name, which = self.options.sweep.split(":")
        return name, which == "first"

    def sweeps(self):
        if self.options.mode == "short":
            return [("kev-replace", True, "sqlite"), ("population-merge", False, "sqlite")]
        return [(name, first, engine) for name in CASES for first in (True, False) for engine in self.options.engines]

    def report(self, mode, job, story):
        episode, seed, engine, arguments = job
        again = f"SEED={seed} BIN_DIR={self.bin} /usr/bin/python3 tests/torture/torture.py {mode} --engine {engine}"
        if episode is kills.sweep:
            again += f" --sweep {arguments[0]}:{'first' if arguments[1] else 'update'}"
        self.failures.append(story)
        print(f"FAILED: {story.rstrip()}\n  again: {again}", flush=True)

    @staticmethod
    def table(mode, program, tally, seconds):
        print(f"{mode} ({program}), {seconds:.0f} s")
        known = [*PHASES, *CASES, "sqlite", "postgresql"]
        kinds = sum(tally[phase] for phase in PHASES)
        for name in sorted(tally, key=lambda name: (name in known, known.index(name) if name in known else 0, name)):
            share = f"  {100 * tally[name] / kinds:4.1f} %" if name in PHASES and kinds else ""
            print(f"  {name:<24}{tally[name]:>8}{share}")
        sys.stdout.flush()

    def close(self):
        self.pool.shutdown(cancel_futures=True)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=[*MODES, "split", "short", "long"])
    parser.add_argument("--count", type=int, help="how many kills, cuts, crashes or lost answers; default: as the long set")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], help="default: both")
    parser.add_argument("--sweep", help="with SEED: the sweep of CASE:first or CASE:update")
    parser.add_argument("--workers", type=int, default=os.cpu_count() + 1)
    options = parser.parse_args()
    options.engines = [options.engine] if options.engine else ["sqlite", "postgresql"]
    return options


def split_is_caught(driver):
    """On each engine a program whose slices take two transactions must be found out."""
    engines, caught = driver.options.engines, True
    for engine in engines:
        driver.options.engines = [engine]
        tally = driver.run("kills", SPLIT_KILLS, program="pulse-split", until_failure=True)
        caught = caught and tally["caught"] > 0
        print(f"  a split transaction on {engine}: {'caught' if tally['caught'] else 'NOT CAUGHT'}")
    driver.options.engines = engines
    return caught


def check_phases(tally):
    """A phase that is hardly ever killed is not tested. Sweeps do not draw: they are not among these."""
    total = sum(tally[phase] for phase in PHASES)
    rare = [phase for phase in PHASES if tally[phase] < 0.05 * total]
    if total >= 100 and rare:
        print(f"FAILED: less than 5 % of the random kills came in the phase {', '.join(rare)}")
    return not (total >= 100 and rare)


def main():
    options = read_options()
    driver = Driver(options, 1 if os.environ.get("SEED") else options.workers)
    if is_sanitized(driver.bin / "pulse"):
        print("a preloaded library and a sanitizer's runtime exclude each other")
        return SKIPPED
    fine = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and folders go, too
    try:
        counts = {"short": SHORT, "long": LONG}.get(options.mode) or {options.mode: options.count or LONG.get(options.mode)}
        for mode, count in counts.items():
            if mode != "split":
                tally = driver.run(mode, count)
                fine = fine and (mode != "kills" or bool(driver.seed) or check_phases(tally))
        if options.mode in ("split", "short", "long"):
            fine = split_is_caught(driver) and fine
    finally:
        driver.close()
    return 0 if fine and not driver.failures else 1


if __name__ == "__main__":
    sys.exit(main())
