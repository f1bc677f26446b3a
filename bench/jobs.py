"""Durable jobs on PostgreSQL: our queue beside graphile-worker and pg-boss, and what its exact bound costs.

    /usr/bin/python3 bench/jobs.py [--jobs 40000] [--rounds 5] [--results bench/results.md]
    /usr/bin/python3 bench/jobs.py --check     only whether every job is done once and the bound holds, few of them

Jobs do nothing. All are in the queue before the first is taken; then they are taken and ended in batches of 100 by
four threads (ours), connections (pg-boss) or as the library is made for (graphile-worker: by itself, and with its
local queue). The bound is 1,000: clients offer jobs while two workers make room. All contenders of a round take turns
on one server of their own, each in a fresh database; both libraries are put into build/npm-queues by `./dev bench`.
"""

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from load import Server, fsync_rate
from results import put

HERE = Path(__file__).resolve().parent
MARK = "<!-- jobs -->", "<!-- /jobs -->"
PEERS = "graphile-batched", "graphile", "pg-boss"
LIBRARIES = "graphile-worker", "pg-boss"
THREADS, BATCH = 4, 100
# clients, jobs of an offer, the share of --jobs that is offered: those that go one by one are fewer.
ADMISSIONS = (1, 100, 1), (4, 100, 1), (16, 100, 1), (1, 1, 0.05), (16, 1, 0.05)
FLOOR_TABLES = """
CREATE TABLE counters (name text PRIMARY KEY, used bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE queued (id bigserial PRIMARY KEY, payload text NOT NULL);
INSERT INTO counters VALUES ('jobs', 0);
"""
FLOOR = """
BEGIN;
UPDATE counters SET used = used + :n WHERE name = 'jobs' AND used + :n <= 10000;
INSERT INTO queued (payload) SELECT '{"fixture":1035037,"page":0}' FROM generate_series(1, :n);
COMMIT;
BEGIN;
DELETE FROM queued WHERE id IN (SELECT id FROM queued ORDER BY id LIMIT :n FOR UPDATE SKIP LOCKED);
UPDATE counters SET used = used - :n WHERE name = 'jobs';
COMMIT;
"""


def run(words):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{words[0]} {words[1]} ended with {done.returncode}")
    return done.stdout


@contextlib.contextmanager
def database(options):
    """The URL of an empty one."""
    name = options.server.create_database()
    options.server.query("CHECKPOINT")
    yield options.server.url(name)
    options.server.query(f"DROP DATABASE {name}")


# ---- the contenders

def driver(options, what, *numbers):
    with database(options) as url:
        return json.loads(run([options.programs / "jobs_driver", what, url, *numbers]))


def ours(options):
    found = driver(options, "work", options.jobs, THREADS, BATCH)
    if not found["jobs"] == found["ended"] == found["done"]:
        sys.exit(f"jobs were lost, or ended twice: {found}")
    return found


def peer(options, name):
    with database(options) as url:
        found = json.loads(run(["node", HERE / "jobs_peer.mjs", options.modules, name, url, options.jobs, THREADS, BATCH]))
    if found["done"] != options.jobs:
        sys.exit(f"{name}: {found['done']} of {options.jobs} jobs were done")
    return found


def admission(options, clients, batch, share):
    found = driver(options, "admit", max(batch, int(options.jobs * share)), clients, batch)
    if found["most"] > found["bound"] or found["accepted"] != found["ended"]:
        sys.exit(f"the bound does not hold, or jobs were lost: {found}")
    return found


def check_bound(options, clients, batch):
    """Full to the last place, and not one more."""
    found = driver(options, "fill", clients, batch)
    if not found["accepted"] == found["stored"] == found["bound"]:
        sys.exit(f"the bound is not exact: {found}")


def floor(options, scratch, clients, batch):
    """Jobs a second of the bare statements, in and out again: a counter and a table, by pgbench."""
    script = scratch / "floor.sql"
    script.write_text(FLOOR, encoding="utf-8")
    name = options.server.create_database()
    options.server.query(FLOOR_TABLES, name)
    said = run([options.server.bin / "pgbench", "-n", "-M", "prepared", "-h", options.server.folder, "-p", options.server.port,
                "-U", "postgres", "-c", clients, "-j", min(clients, 2), "-T", options.floor_seconds, "-D", f"n={batch}",
                "-f", script, name])
    options.server.query(f"DROP DATABASE {name}")
    return float(re.search(r"tps = ([\d.]+)", said).group(1)) * batch


# ---- rounds

def measure(options, scratch):
    """(what, key) → its values, one a round; and the versions."""
    samples, versions = {}, {}
    for number in range(options.rounds):
        def take(what, found, keys):
            for key in keys:
                samples.setdefault((what, key), []).append(found[key])
        speeds = "inserted_per_second", "worked_per_second"
        take("ours", ours(options), speeds)
        for name in PEERS if options.peers else ():
            found = peer(options, name)
            versions[name.removesuffix("-batched")] = found["version"]
            take(name, found, speeds)
        for it in ADMISSIONS:
            take(it, admission(options, *it), ("accepted_per_second", "p50_ms", "p99_ms"))
            take(it, {"floor": floor(options, scratch, *it[:2])}, ["floor"])
        for clients, batch in ((16, 1), (16, 7)):
            check_bound(options, clients, batch)
        print(f"round {number + 1} of {options.rounds}: " + ", ".join(
            f"{what} {taken[-1]:.0f}" for (what, key), taken in samples.items() if key.endswith("_per_second")), file=sys.stderr)
    return samples, versions


def median(samples, what, key):
    return statistics.median(samples[what, key])


def ratio(samples, what, key):
    """How many times ours is theirs, within a round."""
    return statistics.median(mine / other for mine, other in zip(samples["ours", key], samples[what, key]))


def environment(options, versions, scratch):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    server = options.server.query("SHOW server_version")[0][0].split()[0]
    return ", ".join([f"{cpu} × {os.cpu_count()}", f"PostgreSQL {server}", f"Node.js {node}",
                      f"graphile-worker {versions['graphile']}", f"pg-boss {versions['pg-boss']}",
                      f"{options.synced:.0f} synced writes a second before and {fsync_rate(scratch):.0f} after",
                      f"load average before {options.load:.1f}", f"medians of {options.rounds} in turn"])


def table(samples, versions, options, scratch):
    names = {"ours": "ours", "graphile-batched": "graphile-worker, localQueue 500", "graphile": "graphile-worker, as it is",
             "pg-boss": "pg-boss, fetch and complete 100"}
    lines = ["## Jobs", "",
             f"{options.jobs:,} durable jobs that do nothing, put into the queue in batches of {BATCH} and then taken and ended,",
             f"by {THREADS} threads or connections (graphile-worker with its local queue: 24 at once, 10 connections).",
             "Ours end a batch and claim the next in one transaction. × says how many times ours is theirs in the same",
             "round. Client and server share the machine. `/usr/bin/python3 bench/jobs.py` does this alone.", "",
             environment(options, versions, scratch), "",
             "| queue | put in: jobs/s | × | taken and ended: jobs/s | × |", "|---|--:|--:|--:|--:|"]
    for name, text in names.items():
        cells = [text]
        for key in ("inserted_per_second", "worked_per_second"):
            cells.append(f"{median(samples, name, key):,.0f}")
            cells.append("1" if name == "ours" else f"{ratio(samples, name, key):.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["",
              "Jobs let in past the exact bound of 1,000, queued and running together, while two workers claim and end them,",
              "and the time of one offer, from BEGIN to the answer of COMMIT. Offers that come at the same time stand in a row:",
              "the counter is held until the commit is on the disk. Beside it the bare statements, a counter and a row a job,",
              "in and out again (pgbench).", "",
              "| clients | jobs an offer | let in: jobs/s | median | p99 | bare SQL: jobs/s |", "|--:|--:|--:|--:|--:|--:|"]
    for it in ADMISSIONS:
        lines.append(f"| {it[0]} | {it[1]} | {median(samples, it, 'accepted_per_second'):,.0f} | "
                     f"{median(samples, it, 'p50_ms'):.1f} ms | {median(samples, it, 'p99_ms'):.1f} ms | "
                     f"{median(samples, it, 'floor'):,.0f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, default=HERE.parent / "build/bin", help="the folder of our programs")
    parser.add_argument("--modules", type=Path, default=HERE.parent / "build/npm-queues/node_modules",
                        help="the folder with the packages of npm")
    parser.add_argument("--jobs", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, help="the file to write the table into")
    parser.add_argument("--check", action="store_true", help="few jobs, once, ours alone: only whether they are right")
    options = parser.parse_args()
    options.programs, options.modules = options.programs.resolve(), options.modules.resolve()
    options.load = os.getloadavg()[0]
    options.peers, options.floor_seconds = not options.check, 3
    if options.check:
        options.jobs, options.rounds, options.floor_seconds = 2000, 1, 1
    elif not shutil.which("node") or not all((options.modules / name).is_dir() for name in LIBRARIES):
        sys.exit(f"node, or one of {', '.join(LIBRARIES)} in {options.modules}, is missing: ./dev bench installs them")
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jobs_")))
        options.server = stack.enter_context(Server())
        options.synced = fsync_rate(scratch)
        samples, versions = measure(options, scratch)
        text = "" if options.check else table(samples, versions, options, scratch)
    print(text, end="")
    if options.results:
        put(text, MARK, options.results)


if __name__ == "__main__":
    main()
