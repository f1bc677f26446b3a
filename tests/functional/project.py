"""A project folder with collectors of the test's own, and databases of both engines behind one form of questions.

    project = Project(bin_dir / "pulse", tmp_path, api.url)
    store = Postgres(server)                               # or Sqlite(tmp_path / "pulse.db")
    project.settings(store, warehouse=Sqlite(tmp_path / "warehouse.db"))
    project.collector("items", table="things")             # of https://api.example/items, which is `api`
    run = project.collect("items")
    assert (run.code, run.outcome) == (0, "success")
    assert store.query("SELECT count(*) FROM things") == [("1",)]
    assert store.runs("items") == ["success"]
"""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing

import pytest
from api import PATIENCE, Api
from conftest import Pulse
from postgres import postgres_server  # noqa: F401 (a fixture, handed on)



def wait_until(true):
    """For what only shows when it is asked for."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.02)


class Sqlite:
    kind, is_server = "sqlite", False

    def __init__(self, path):
        self.path, self.setting = path, f"sqlite:{path}"

    def ledger(self, table):
        return f"pulse_{table}"

    def query(self, sql):
        """Rows of texts; NULL is None. Changes are committed."""
        with closing(sqlite3.connect(self.path)) as connection:
            with connection:
                rows = connection.execute(sql).fetchall()
        return [tuple(cell if cell is None else str(cell) for cell in row) for row in rows]

    def has(self, table):
        return bool(self.query(f"SELECT 1 FROM sqlite_master WHERE name = '{table}'"))

    def expire_leases(self):
        """A file has none: whoever opens it knows that nobody else has it."""


class Postgres:
    kind, is_server = "postgresql", True

    def __init__(self, server, **identity):
        self.server, self.name = server, server.create_database()
        self.setting = server.url(self.name, **identity)

    def ledger(self, table):
        return f"pulse.{table}"

    def query(self, sql):
        return self.server.query(sql, self.name)

    def has(self, table):
        return self.query(f"SELECT to_regclass('{table}')") != [(None,)]

    def expire_leases(self):
        """As if the last renewal were longer ago than the lease is long."""
        if self.has("pulse.runs"):
            self.query("UPDATE pulse.runs SET lease_until = now() - interval '1 s' WHERE state = 'running'")


def add_questions(engine):
    def runs(self, collector):
        """The outcomes, the oldest first."""
        return [state for (state,) in self.query(
            f"SELECT state FROM {self.ledger('runs')} WHERE collector = '{collector}' ORDER BY started_at, id")]

    def slices(self, collector):
        """Names of those that were committed, in that order; the same twice is twice."""
        return [name for (name,) in self.query(
            f"SELECT slice FROM {self.ledger('slices')} WHERE collector = '{collector}' AND state = 'committed' "
            "ORDER BY committed_at, slice")]

    engine.runs, engine.slices = runs, slices
    return engine


add_questions(Sqlite)
add_questions(Postgres)


class Run:
    """A `pulse collect` that ended."""

    def __init__(self, done):
        self.code, self.stderr = done.returncode, done.stderr
        self.reports = json.loads(done.stdout) if done.stdout.strip() else []
        self.report = self.reports[0] if len(self.reports) == 1 else None
        self.outcome = self.report and self.report["outcome"]
        self.error = self.report and (self.report.get("error") or "")
        self.failure_type = self.report and self.report.get("failure_type")
        self.counts = self.report and self.report["counts"]

    def summary(self):
        return self.code, self.outcome


class Project(Pulse):
    def __init__(self, program, folder, url):
        (folder / "collectors").mkdir(parents=True, exist_ok=True)
        super().__init__(program, folder, url)

    def settings(self, store, **databases):
        self.config.write_text(json.dumps({
            "store": store.setting, "collectors": "collectors", "logs": {"directory": "logs"},
            "databases": {name: database.setting for name, database in databases.items()},
            "http": {"rewrite": {"https://api.example": self.url}}}))

    def collector(self, name="items", table=None, destination=None, parameters=None, fields=None, **more):
        """Asks once, with time for a request that is held, and loads also what it has already, unless `more` says
        otherwise; `destination` and `more` replace keys."""
        keys = {"name": name,
                "requester": {"url_base": "https://api.example", "path": f"/{name}", "request_parameters": parameters or {},
                              "conditional": False, "timeout": "5m",
                              "error_handler": {"backoff": {"base": "1s", "cap": "1s", "max_attempts": 1}}},
                "record_selector": {"field_path": "items"},
                "fields": fields or {"id": {"path": "id", "type": "integer"}, "name": "name"},
                "destination": {"table": table or name, "primary_key": ["id"], **(destination or {})}}
        keys["destination"] = {key: value for key, value in keys["destination"].items() if value is not None}
        path = self.folder / "collectors" / f"{name}.yaml"
        path.write_text(json.dumps(keys | more))

    def collect(self, name="items", *arguments, **options):
        with self.begin(name, *arguments, **options) as running:
            return running.end()

    def begin(self, name="items", *arguments, **options):
        return Running(self.start("collect", name, "--json", *arguments, **options))


class Running:
    """A `pulse collect` under way; it ends with the block at the latest."""

    def __init__(self, process):
        self.process, self.lines, self.changed, self.closed = process, [], threading.Condition(), False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def wait_for(self, words):
        """Until it says so on stderr."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.closed or any(words in line for line in self.lines), PATIENCE)
            assert any(words in line for line in self.lines), "".join(self.lines)

    def kill(self):
        self.process.kill()
        assert self.process.wait(PATIENCE) == -signal.SIGKILL

    def end(self):
        """What it came to."""
        hangs = threading.Timer(PATIENCE, self.process.kill)
        hangs.start()
        stdout = self.process.stdout.read()
        self.process.wait()
        self.reader.join()
        hangs.cancel()
        done = subprocess.CompletedProcess(self.process.args, self.process.returncode, stdout, "".join(self.lines))
        print(f"$ {' '.join(map(str, done.args))} → {done.returncode}\n{done.stdout}{done.stderr}")
        return Run(done)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Session:
    """A second client of a server, by psql: holds what it locked until it says otherwise."""

    def __init__(self, database):
        server = database.server
        self.process = subprocess.Popen(
            [str(server.bin / "psql"), "-X", "-q", "-t", "-A", "-h", str(server.folder), "-p", str(server.port),
             "-U", "postgres", "-d", database.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def send(self, sql):
        """Without waiting for the answer: it may be blocked."""
        self.process.stdin.write(sql + ";\n")
        self.process.stdin.flush()

    def do(self, sql):
        """What it said."""
        self.send(sql)
        self.process.stdin.write("\\echo -- done\n")
        self.process.stdin.flush()
        said = []
        while (line := self.process.stdout.readline().rstrip("\n")) != "-- done":
            assert line or self.process.poll() is None
            said.append(line)
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def api():
    with Api() as server:
        yield server


@pytest.fixture
def project(bin_dir, tmp_path, api):
    return Project(bin_dir / "pulse", tmp_path, api.url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path, project):
    """Each test that asks for it runs on both engines."""
    database = Sqlite(tmp_path / "pulse.db") if request.param == "sqlite" else Postgres(request.getfixturevalue("postgres_server"))
    project.settings(database)
    return database


@pytest.fixture
def postgres(postgres_server, project):
    database = Postgres(postgres_server)
    project.settings(database)
    return database
