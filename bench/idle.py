"""What a `pulse run` costs that has nothing to do: private memory, share of a core, and how soon it is ready.

    /usr/bin/python3 bench/idle.py [--collectors 100,10000] [--rounds 5] [--idle 60] [--results bench/results.md]

The collectors are those of the catalogue, as often as it takes, each under a name of its own, due once a year and
with a healthy run behind it in the ledger (SQLite): so no request is ever made, and that is checked. Ready is READY=1
on NOTIFY_SOCKET.
"""

import argparse
import contextlib
import itertools
import os
import platform
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from results import put

HERE = Path(__file__).resolve().parent
MARK = "<!-- idle -->", "<!-- /idle -->"
SETTLE = 3  # seconds after it is ready
PATIENCE = 300
SCHEDULE = 'schedule: {{cron: "0 3 {day} {month} *", timezone: {zone}, recover_missed: none}}'
ZONES = "UTC", "America/Sao_Paulo", "Europe/Berlin", "America/New_York"
SECRETS = ("GITHUB_TOKEN", "NVD_API_KEY", "OPENALEX_API_KEY", "PRODUCTHUNT_TOKEN", "SPACEDEVS_TOKEN", "STACKEXCHANGE_KEY")


# ---- a project that has nothing to do

def make_ledger(options, folder):
    """Empty, as the program makes it, by a collector that runs by hand only."""
    (folder / "collectors").mkdir()
    (folder / "pulse.yaml").write_text("store: sqlite:pulse.db\nlogs: {directory: logs}\nlisten: {address: 127.0.0.1:0}\n",
                                       encoding="utf-8")
    file = folder / "collectors/by-hand.yaml"
    file.write_text("requester: {url_base: http://127.0.0.1}\nfields: {id: id}\ndestination: {table: items, primary_key: [id]}\n",
                    encoding="utf-8")
    with daemon(options, folder):
        file.unlink()


def write_project(folder, count):
    """The names of its collectors."""
    shipped = sorted((HERE.parent / "collectors").glob("*.yaml"))
    half_a_year_ago = datetime.now(timezone.utc) - timedelta(days=182)
    names = []
    for number, file in zip(range(count), itertools.cycle(shipped)):
        text, name = file.read_text(encoding="utf-8"), f"{file.stem}-{number}"
        schedule = SCHEDULE.format(day=1 + number % 28, month=half_a_year_ago.month, zone=ZONES[number % len(ZONES)])
        text, named = re.subn(r"^name: .*", f"name: {name}", text, flags=re.M)
        text, scheduled = re.subn(r"^schedule: .*", schedule, text, flags=re.M)
        if (named, scheduled) != (1, 1):
            sys.exit(f"{file}: the name and the schedule are not one line each")
        (folder / "collectors" / f"{name}.yaml").write_text(text, encoding="utf-8")
        names.append(name)
    return names


def write_ledger(folder, names):
    """A healthy run of each, an hour ago, for the slot of this moment."""
    at = (datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with contextlib.closing(sqlite3.connect(folder / "pulse.db")) as database, database:
        for name in names:
            database.execute("INSERT INTO pulse_runs (id, collector, state, host, process, started_at, finished_at, requests, "
                             "inserted, slot, started_by) VALUES (?, ?, 'success', 'host', 1, ?, ?, 1, 100, ?, 'schedule')",
                             (f"run-{name}", name, at, at, at))
            database.execute("INSERT INTO pulse_schedule_slots (collector, slot, state, reason, run, updated_at) "
                             "VALUES (?, ?, 'done', 'success', ?, ?)", (name, at, f"run-{name}", at))


def check_idle(folder, names):
    with contextlib.closing(sqlite3.connect(folder / "pulse.db")) as database:
        ((runs,),) = database.execute("SELECT count(*) FROM pulse_runs")
        ((slots,),) = database.execute("SELECT count(*) FROM pulse_schedule_slots")
    if (runs, slots) != (len(names), len(names)):
        sys.exit(f"it was not idle: {runs} runs and {slots} slots of {len(names)} collectors")


# ---- the program

def wait_until_ready(process, ready, deadline):
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(TimeoutError):
            if b"READY=1" in ready.recv(4096):
                return


@contextlib.contextmanager
def daemon(options, folder):
    """(process, seconds until it was ready)"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, open(folder / "stderr", "wb") as stderr:
        address = str(folder / "notify")
        Path(address).unlink(missing_ok=True)
        ready.bind(address)
        ready.settimeout(1)
        start = time.monotonic()
        process = subprocess.Popen([options.programs / "pulse", "run"], cwd=folder, stdin=subprocess.DEVNULL, stdout=stderr,
                                   stderr=stderr, env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": address,
                                                       **dict.fromkeys(SECRETS, "a-secret-of-the-benchmark")})
        try:
            wait_until_ready(process, ready, start + PATIENCE)
            yield process, time.monotonic() - start
            if process.poll() is not None:
                sys.exit(f"pulse ended: {(folder / 'stderr').read_text(encoding='utf-8')[-2000:]}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def memory(process):
    """Private bytes now, and the most that was resident."""
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        private = sum(int(line.split()[1]) for line in file if line.startswith("Private_"))
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
    return private * 1024, peak * 1024


def cpu(process):
    """Seconds on a core, of all threads, those that have ended among them: its CPU clock, clock_getcpuclockid(3)."""
    return time.clock_gettime((~process.pid << 3) | 2)


def measure(options, scratch, count):
    """Medians: seconds to ready, those of them on a core, private bytes, peak bytes; then the share of a core when idle,
    and the number of threads."""
    folder = scratch / str(count)
    folder.mkdir()
    make_ledger(options, folder)
    names = write_project(folder, count)
    write_ledger(folder, names)
    samples, share, threads = [], 0, 0
    for number in range(options.rounds):
        with daemon(options, folder) as (process, seconds):
            busy = cpu(process)
            time.sleep(SETTLE)
            if number == options.rounds - 1:
                before, start = cpu(process), time.monotonic()
                time.sleep(options.idle)
                share = (cpu(process) - before) / (time.monotonic() - start)
            samples.append((seconds, busy, *memory(process)))
            threads = len(os.listdir(f"/proc/{process.pid}/task"))
        print(f"{count} collectors: ready after {seconds * 1e3:.0f} ms ({busy * 1e3:.0f} ms of a core), "
              f"{samples[-1][2] / 1e6:.1f} MB private, {samples[-1][3] / 1e6:.1f} MB at most", file=sys.stderr)
        check_idle(folder, names)
    return *(statistics.median(column) for column in zip(*samples)), share, threads


# ---- the table

def environment(options):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        cpu_name = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return ", ".join([f"{cpu_name} × {os.cpu_count()}", f"Linux {platform.release().split('-')[0]}",
                      f"SQLite {sqlite3.sqlite_version}", f"load average before {options.load:.1f}",
                      f"medians of {options.rounds} starts"])


def table(results, options):
    lines = ["## Idle", "",
             "`pulse run` with collectors of the catalogue that are due once a year, on SQLite, with the status page and",
             "without a single request. Ready is the time from exec to READY=1 with warm files, beside it what of that was spent",
             f"on a core; memory is read {SETTLE} s later: private is what no other process shares (Private_* of smaps_rollup), peak",
             f"the most that was resident. Idle is all threads together over {options.idle:.0f} s. `/usr/bin/python3 bench/idle.py`",
             "does this alone.", "",
             environment(options), "",
             "| collectors | ready | on a core | private | peak | idle: of a core | threads |",
             "|--:|--:|--:|--:|--:|--:|--:|"]
    for count, (seconds, busy, private, peak, share, threads) in results.items():
        lines.append(f"| {count:,} | {seconds * 1e3:.0f} ms | {busy * 1e3:.0f} ms | {private / 1e6:.1f} MB | {peak / 1e6:.1f} MB | "
                     f"{share * 100:.3f} % | {threads} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, default=HERE.parent / "build/bin", help="the folder of our programs")
    parser.add_argument("--collectors", default="100,10000", help="how many, with commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=float, default=60, help="seconds of the last start in which the processor is watched")
    parser.add_argument("--results", type=Path, help="the file to write the table into")
    options = parser.parse_args()
    options.programs = options.programs.resolve()
    options.load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="idle_") as scratch:
        results = {count: measure(options, Path(scratch), count) for count in map(int, options.collectors.split(","))}
    text = table(results, options)
    print(text, end="")
    if options.results:
        put(text, MARK, options.results)


if __name__ == "__main__":
    main()
