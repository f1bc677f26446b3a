"""Decoding and mapping, rows and bytes a second for each format, beside jq and Python on the same files.

    /usr/bin/python3 bench/decode_map.py [--megabytes 24] [--rounds 5] [--formats json,csv] [--results bench/results.md]
    /usr/bin/python3 bench/decode_map.py --check      only whether all programs see the same rows, on small files

A measure is the whole life of a process, from its start to its end, reading the file from the page cache. The programs
of one format run in turn, once to warm up and then `rounds` times; the table has medians.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import decode_map_peer as peer
from results import put

HERE = Path(__file__).resolve().parent
PYTHON = sys.executable  # Debian's, where feedparser is
FORMATS = {  # which peers, and how much of --megabytes the file has
    "json": ("json", "jq", 1),
    "json.gz": ("gzip, json", "gzip, jq", 1),
    "jsonl": ("json", "jq", 1),
    "csv": ("csv", None, 1),
    "oai": ("xml.etree", None, 1),
    "feed": ("feedparser", None, 1 / 8),   # it would need minutes for more
    "jsonstat": ("json", None, 1 / 8),     # 8 bytes a row: these are 350,000 rows
}
MARK = "<!-- decode_map -->", "<!-- /decode_map -->"


def commands(kind, path, program):
    """Name of the program → what runs it; jq only selects, it has no exact numbers and no times."""
    collector = HERE / "decode_map" / f"{kind.removesuffix('.gz')}.yaml"
    found = {"pulse": [program, collector, path]}
    if kind != "feed" or importlib.util.find_spec("feedparser"):
        found["python"] = [PYTHON, HERE / "decode_map_peer.py", kind, path]
    if FORMATS[kind][1] and shutil.which("jq"):
        script = HERE / "decode_map" / f"{kind.removesuffix('.gz')}.jq"
        found["jq"] = (["sh", "-c", 'gzip -dc "$1" | jq -c -f "$0"', script, path] if kind == "json.gz"
                       else ["jq", "-c", "-f", script, path])
    return found


def make_file(kind, folder, size):
    path = Path(folder) / f"bench.{kind}"
    subprocess.run([PYTHON, HERE / "decode_map_files.py", kind, path, str(int(size))], check=True)
    return str(path)


# ---- the same rows

def same(theirs, ours):
    """`theirs` is typed as the Python peer types it; `ours` came as JSON."""
    if theirs is None or ours is None:
        return theirs is ours
    if isinstance(theirs, bool):
        return theirs == (ours in (True, 1))
    if isinstance(theirs, Decimal):
        return theirs == Decimal(ours)
    if isinstance(theirs, datetime):
        other = datetime.fromisoformat(ours)
        return theirs == (other.replace(tzinfo=theirs.tzinfo) if other.tzinfo is None else other)
    return (theirs.isoformat() if isinstance(theirs, date) else theirs) == ours


def check(kind, folder, program):
    """How many rows were compared; an error names the first that differs."""
    path = make_file(kind, folder, 200_000)
    programs = commands(kind, path, program)
    if "python" not in programs:
        print(f"{kind}: not compared, because python3-feedparser is not installed")
        return
    expected = list(peer.ROWS[kind](path))
    for name in programs.keys() - {"python"}:
        rows = subprocess.run(programs[name] + (["--rows"] if name == "pulse" else []), check=True,
                              stdout=subprocess.PIPE).stdout.splitlines()
        got = [json.loads(row, parse_float=Decimal) for row in rows]
        if len(got) != len(expected):
            sys.exit(f"{kind}: {name} has {len(got)} rows, Python has {len(expected)}")
        for number, (ours, theirs) in enumerate(zip(got, expected), 1):
            if len(ours) != len(theirs) or not all(map(same, theirs, ours)):
                sys.exit(f"{kind}, row {number}:\n{name}: {ours}\npython: {theirs}")
    print(f"{kind}: {len(expected)} rows, the same in {', '.join(programs)}")


# ---- measuring

def run_once(command):
    """(seconds, peak bytes, standard output) of a process and its children."""
    with tempfile.TemporaryFile() as out:
        keeps = "jq" not in str(command)  # its rows would only fill the disk
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out if keeps else subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{command} ended with {process.returncode}")
        out.seek(0)
        return seconds, usage.ru_maxrss * 1024, out.read().decode()


def measure(kind, folder, options):
    """Name of the program → its medians; and rows and bytes of the file."""
    path = make_file(kind, folder, options.megabytes * 1e6 * FORMATS[kind][2])
    programs = commands(kind, path, options.program)
    samples = {name: [] for name in programs}
    rows = 0
    for round_number in range(options.rounds + 1):
        for name, command in programs.items():
            seconds, peak, out = run_once(command)
            if round_number:
                samples[name].append((seconds, peak))
            if name == "pulse":
                report = dict(pair.split("=") for pair in out.split())
                rows = int(report["rows"])
                if report["bad"] != "0" or rows == 0:
                    sys.exit(f"{kind}: {out}")
    size = os.path.getsize(path)
    os.remove(path)
    print(f"{kind}: done", file=sys.stderr)
    return {"kind": kind, "rows": rows, "size": size,
            **{name: [statistics.median(it) for it in zip(*taken)] for name, taken in samples.items()}}


def version(command):
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def environment(options):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    versions = [version([PYTHON, "--version"]), version(["jq", "--version"]),
                version([PYTHON, "-c", "import feedparser; print('feedparser', feedparser.__version__)"])]
    return ", ".join([f"{cpu} × {os.cpu_count()}", *filter(None, versions), f"medians of {options.rounds} in turn"])


def short(number):
    return f"{number / 1e6:.2f} M" if number >= 1e6 else f"{number / 1e3:.0f} k" if number >= 1e4 else f"{number:.0f}"


def table(results, options):
    lines = ["## Decode and map", "",
             "A file to the parameters of its rows: parsed, selected, ten columns picked and converted (exact numbers,",
             "times in UTC), no network, no database. Measured are whole processes, the file in the page cache, MB as",
             "on the disk; behind a slash is the peak memory (15 MB or less cannot be told apart); × says how many times as",
             "long the peer takes. jq only selects, it converts nothing. `/usr/bin/python3 bench/decode_map.py` does this",
             "alone.", "",
             environment(options), "",
             "| file | MB | rows | pulse: rows/s | MB/s | memory | Python with | rows/s | × | jq: rows/s | × |",
             "|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|"]
    for it in results:
        seconds, peak = it["pulse"]
        cells = [it["kind"], f"{it['size'] / 1e6:.1f}", short(it["rows"]), short(it["rows"] / seconds),
                 f"{it['size'] / 1e6 / seconds:.0f}", f"{peak / 1e6:.0f} MB", FORMATS[it["kind"]][0]]
        for name in ("python", "jq"):
            other = it.get(name)
            cells += [f"{short(it['rows'] / other[0])} / {other[1] / 1e6:.0f} MB", f"{other[0] / seconds:.1f}"] if other \
                else ["–", "–"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(HERE.parent / "build/bin/decode_map"), help="our program")
    parser.add_argument("--megabytes", type=float, default=24, help="of a file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--formats", default=",".join(FORMATS), help="some of them, with commas")
    parser.add_argument("--results", type=Path, help="the file to write the table into")
    parser.add_argument("--check", action="store_true", help="compare the rows, measure nothing")
    options = parser.parse_args()
    kinds = options.formats.split(",")
    if unknown := set(kinds) - set(FORMATS):
        parser.error(f"no format {', '.join(unknown)}; there are {', '.join(FORMATS)}")
    with tempfile.TemporaryDirectory(prefix="decode_map_") as folder:
        if options.check:
            for kind in kinds:
                check(kind, folder, options.program)
            return
        # Apart, because the peak memory of a process counts from its parent's.
        subprocess.run([PYTHON, __file__, "--check", "--program", options.program, "--formats", options.formats],
                       check=True, stdout=subprocess.DEVNULL)
        text = table([measure(kind, folder, options) for kind in kinds], options)
    print(text, end="")
    if options.results:
        put(text, MARK, options.results)


if __name__ == "__main__":
    main()
