"""A million rows of ten columns, from JSON over HTTP into a table: `pulse collect` beside the floor and a script.

    /usr/bin/python3 bench/load.py [--rows 1000000] [--rounds 5] [--engines postgresql,sqlite] [--results bench/results.md]
    /usr/bin/python3 bench/load.py --check     only whether all programs load the same rows, few of them

Each round fills a fresh table three times: all rows new, all as before, one in ten changed. The contenders of one
round take turns; a checkpoint comes before each. The floor (load_floor.cpp) has its rows ready and neither fetches nor
decodes them.
"""

import argparse
import contextlib
import json
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import load_script
from results import put

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/functional"))
import postgres  # noqa: E402: the tests' own server

PAGE = 10_000
SCRIPT_ROWS = 50_000
STEPS = "all new", "all as before", "one in ten changed"
MARK = "<!-- load -->", "<!-- /load -->"
COLLECTOR = """\
name: items
requester: {{url_base: {url}, path: /rows}}
paginator: {{type: offset, offset_parameter: offset, limit_parameter: limit, limit: {page}, total_path: total}}
record_selector: {{field_path: items}}
fields:
  id:          {{path: id, type: bigint}}
  code:        code
  name:        name
  category:    category
  description: description
  price:       {{path: price, type: number}}
  quantity:    {{path: quantity, type: integer}}
  rating:      {{path: rating, type: double}}
  active:      {{path: active, type: boolean}}
  updated_at:  {{path: updated_at, type: timestamp}}
destination: {{table: items, primary_key: [id]}}
"""
COLUMNS = ("id bigint NOT NULL, code text, name text, category text, description text, price numeric, quantity integer, "
           "rating double precision, active boolean, updated_at timestamptz")
NAMES = [column.split()[0] for column in COLUMNS.split(", ")]
TABLE = (f"CREATE TABLE IF NOT EXISTS items ({COLUMNS}, _run_id text NOT NULL, _loaded_at timestamptz NOT NULL, "
         "PRIMARY KEY (id))")
FLOOR = [
    TABLE,
    "BEGIN",
    f"CREATE UNLOGGED TABLE staging ({COLUMNS})",
    "\\copy staging FROM '{file}' WITH (FORMAT binary)",
    f"INSERT INTO items SELECT *, 'floor', now() FROM staging ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in [*NAMES[1:], "_run_id", "_loaded_at"]) + " WHERE "
    + " OR ".join(f"items.{name} IS DISTINCT FROM excluded.{name}" for name in NAMES[1:]),
    "DROP TABLE staging",
    "COMMIT",
]


class Server(postgres.PostgresServer):
    """The tests' own, with as much memory as PostgreSQL takes if nobody sets anything."""

    def start(self):
        super().start()
        if self.query("SHOW shared_buffers") != [("128MB",)]:
            arguments = ["shared_buffers=128MB" if it == "shared_buffers=32MB" else it for it in self.process.args]
            self.stop()
            with open(self.folder / "log", "ab") as log:
                self.process = subprocess.Popen(arguments, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                preexec_fn=postgres.stop_with_parent, **self.identity)
            if not self._answers(self.port):
                sys.exit("the server does not start: " + self.log()[-2000:])


# ---- the source

@contextlib.contextmanager
def source(options, changed):
    """The URL that serves the rows."""
    process = subprocess.Popen([options.programs / "load_server", str(options.rows), str(PAGE),
                                *(["changed"] if changed else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        port = re.search(rb"\d+", process.stdout.readline()).group().decode()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        process.wait()


def measure_source(url, rows):
    """(rows a second, bytes a row): how fast it serves somebody who throws all away."""
    start, size = time.perf_counter(), 0
    for offset in range(0, rows, PAGE):
        with urllib.request.urlopen(f"{url}/rows?offset={offset}&limit={PAGE}") as answer:
            while part := answer.read(1 << 20):
                size += len(part)
    return rows / (time.perf_counter() - start), size / rows


# ---- the contenders: each returns seconds, and peak bytes or None

def run(command, **options):
    start = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    said = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}: {said}")
    return seconds, usage.ru_maxrss * 1024, said


def pulse(options, folder, store, url, expected):
    (folder / "items.yaml").write_text(COLLECTOR.format(url=url, page=PAGE), encoding="utf-8")
    (folder / "pulse.yaml").write_text(f"store: {json.dumps(store)}\nlogs: {{directory: logs}}\n", encoding="utf-8")
    seconds, peak, _ = run([options.programs / "pulse", "--config", folder / "pulse.yaml", "collect", folder / "items.yaml"],
                           cwd=folder)
    with (sqlite3.connect(folder / "pulse.db") if store.startswith("sqlite") else contextlib.nullcontext()) as database:
        sql = "SELECT inserted, updated, unchanged FROM {} ORDER BY started_at DESC LIMIT 1"
        counts = (database.execute(sql.format("pulse_runs")).fetchone() if database
                  else options.server.query(sql.format("pulse.runs"), store.rsplit("/", 1)[1])[0])
    if tuple(map(int, counts)) != expected:
        sys.exit(f"pulse: inserted, updated, unchanged are {counts}, not {expected}")
    return seconds, peak


def postgres_floor(options, database, file):
    statements = [part for sql in FLOOR for part in ("-c", sql.format(file=file))]
    return run([options.server.bin / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                options.server.port, "-U", postgres.USER, "-d", database, *statements],
               env={**os.environ, "PGPASSWORD": postgres.PASSWORD})[:2]


def sqlite_floor(options, path, changed):
    *_, said = run([options.programs / "load_floor", "sqlite", options.rows, path, *(["changed"] if changed else [])])
    return float(said), None


def script(options, target, url):
    """Its time for all rows, reckoned from that for some of them."""
    rows = min(options.rows, SCRIPT_ROWS)
    seconds, peak, _ = run([sys.executable, HERE / "load_script.py", target, url, rows, PAGE])
    return seconds * options.rows / rows, peak


# ---- one round

def expected_counts(rows):
    changed = -(-rows // 10)
    return (rows, 0, 0), (0, 0, rows), (0, changed, rows - changed)


def postgres_round(options, folder, urls, files, take):
    server, names = options.server, {}
    for name in ("pulse", "floor", "script"):
        names[name] = server.create_database()
    for step, url, expected in zip(STEPS, urls, expected_counts(options.rows)):
        server.query("CHECKPOINT")
        take("pulse", step, pulse(options, folder, server.url(names["pulse"]), url, expected))
        server.query("CHECKPOINT")
        take("floor", step, postgres_floor(options, names["floor"], files[url]))
        if step == STEPS[0] and load_script.version():
            server.query("CHECKPOINT")
            take("script", step, script(options, server.url(names["script"]), url))
    counted = "SELECT count(*), sum(price), md5(string_agg(i::text, '' ORDER BY id)) FROM (SELECT {} FROM items) AS i"
    ours, theirs = (server.query(counted.format(", ".join(NAMES)), names[it]) for it in ("pulse", "floor"))
    for name in names.values():
        server.query(f"DROP DATABASE {name}")
    return ours, theirs


def sqlite_round(options, folder, urls, _, take):
    for step, url, expected in zip(STEPS, urls, expected_counts(options.rows)):
        os.sync()
        take("pulse", step, pulse(options, folder, "sqlite:pulse.db", url, expected))
        os.sync()
        take("floor", step, sqlite_floor(options, folder / "floor.db", step == STEPS[2]))
        if step == STEPS[0]:
            os.sync()
            take("script", step, script(options, f"sqlite:{folder}/script.db", url))
    rows = []
    for name in ("pulse.db", "floor.db"):
        with contextlib.closing(sqlite3.connect(folder / name)) as database:
            sums = database.execute("SELECT count(*), total(length(code || name || category || description || price)), "
                                    "sum(quantity), total(rating), sum(active), min(updated_at), max(updated_at), "
                                    "total(price) FROM items")
            rows.append([*sums, *database.execute(f"SELECT {', '.join(NAMES)} FROM items WHERE id % 997 = 1 ORDER BY id")])
    for path in folder.glob("*.db*"):
        path.unlink()
    return rows


ENGINES = {"postgresql": postgres_round, "sqlite": sqlite_round}


def measure(engine, options, scratch, urls, files):
    """(contender, step) → medians of seconds and of how many times pulse's they are in the same round; peak bytes."""
    samples = {}
    folder = scratch / engine
    folder.mkdir()
    for number in range(options.rounds):
        def take(name, step, sample):
            samples.setdefault((name, step), []).append(sample)
        ours, theirs = ENGINES[engine](options, folder, urls, files, take)
        if ours != theirs:
            sys.exit(f"{engine}: pulse and the floor do not hold the same rows:\n{ours[:3]}\n{theirs[:3]}")
        print(f"{engine}, round {number + 1}: " + ", ".join(f"{name} {taken[-1][0]:.2f} s" for (name, _), taken in
                                                           samples.items()), file=sys.stderr)
    return summarize(samples)


def summarize(samples):
    """A ratio is taken within a round: the machine may be slower in another."""
    return {(name, step): (statistics.median(it[0] for it in taken),
                           statistics.median(it[0] / ours[0] for it, ours in zip(taken, samples["pulse", step])),
                           max(it[1] or 0 for it in taken))
            for (name, step), taken in samples.items()}


# ---- the table

def fsync_rate(folder):
    """Synced writes of 8 kB a second."""
    with open(folder / "fsync", "wb", buffering=0) as file:
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < 1:
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.perf_counter() - start)


def environment(options, scratch):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    version = options.server.query("SHOW server_version")[0][0].split()[0] if options.server else None
    return ", ".join(filter(None, [
        f"{cpu} × {os.cpu_count()}", version and f"PostgreSQL {version}", f"SQLite {sqlite3.sqlite_version}",
        f"Python {platform.python_version()}", load_script.version(), f"{fsync_rate(scratch):.0f} synced writes a second",
        f"load average before {options.load:.1f}, medians of {options.rounds} in turn"]))


def table(results, options, scratch, served):
    rate, size = served
    lines = ["## Load", "",
             f"{options.rows:,} rows of ten columns, {size:.0f} bytes of JSON each, in pages of {PAGE:,}: fetched, decoded,",
             "mapped, staged, checked and committed by `pulse collect`, all of which its seconds contain. The floor has its",
             "rows ready: for PostgreSQL one psql with a binary COPY into an unlogged table and one INSERT … ON CONFLICT",
             "in a transaction, for SQLite a prepared upsert from memory in a transaction (WAL, synchronous=FULL). The script",
             f"(Python, a statement a row, one COMMIT at the end) loads {min(options.rows, SCRIPT_ROWS):,} rows, and its "
             "seconds are reckoned",
             "from these. Pages come from a server that alone gives a Python reader",
             f"{rate / 1e6:.1f} M rows a second. Of the floor: how many times pulse's rows a second are the floor's; × says how many",
             "times as long the script takes, both within a round. `/usr/bin/python3 bench/load.py` does this alone.", "",
             environment(options, scratch), "",
             "| into | rows are | pulse: s | rows/s | memory | floor: s | of the floor | script: s | × |",
             "|---|---|--:|--:|--:|--:|--:|--:|--:|"]
    for engine, medians in results.items():
        for step in STEPS:
            seconds, _, peak = medians["pulse", step]
            floor, share, _ = medians["floor", step]
            cells = [engine, step, f"{seconds:.2f}", f"{options.rows / seconds / 1e3:.0f} k", f"{peak / 1e6:.0f} MB",
                     f"{floor:.2f}", f"{share:.2f}"]
            other = medians.get(("script", step))
            cells += [f"{other[0]:.0f}", f"{other[1]:.1f}"] if other else ["–", "–"]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, default=HERE.parent / "build/bin", help="the folder of our programs")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", default=",".join(ENGINES), help="some of them, with commas")
    parser.add_argument("--results", type=Path, help="the file to write the table into")
    parser.add_argument("--check", action="store_true", help="few rows, once: only whether they are the same")
    options = parser.parse_args()
    options.programs = options.programs.resolve()
    options.load = os.getloadavg()[0]
    engines = options.engines.split(",")
    if unknown := set(engines) - set(ENGINES):
        parser.error(f"no engine {', '.join(unknown)}; there are {', '.join(ENGINES)}")
    if options.check:
        options.rows, options.rounds = 25_000, 1
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="load_")))
        options.server = stack.enter_context(Server()) if "postgresql" in engines else None
        first, changed = (stack.enter_context(source(options, it)) for it in (False, True))
        files = {}
        for url, suffix in ((first, []), (changed, ["changed"])):
            files[url] = scratch / f"rows{len(files)}"
            with open(files[url], "wb") as file:
                subprocess.run([options.programs / "load_floor", "copy", str(options.rows), *suffix], check=True, stdout=file)
        served = measure_source(first, options.rows)
        urls = first, first, changed
        results = {engine: measure(engine, options, scratch, urls, files) for engine in engines}
        text = table(results, options, scratch, served)
    print(text, end="")
    if options.results:
        put(text, MARK, options.results)


if __name__ == "__main__":
    main()
