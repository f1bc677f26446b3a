"""A PostgreSQL server of the tests' own, in a temporary folder; the system's is not touched.

    with PostgresServer() as server:
        database = server.create_database()              # owned by the user `pulse`, who has a password
        configure(pulse, server.url(database))
        server.query("SELECT count(*) FROM cisa_kev", database)    # [("12",)]; NULL is None
        server.restart("immediate")                      # as after a crash: same port, same data

It listens on a free port of 127.0.0.1, with passwords (SCRAM), and on a socket in its folder, where query() asks as
the superuser. fsync is on. It ends with the process that started it, however that ends.
"""

import csv
import ctypes
import grp
import io
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

import pytest

START_SECONDS = 60
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
USER, PASSWORD = "pulse", "s3cr3t-w0rd"
ACCESS = """\
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""


def programs():
    """The newest that is installed: `psql` of another version would do as well, `postgres` would not."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    assert folders, "no PostgreSQL server: install the package postgresql"
    return folders[-1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop_with_parent():
    """Runs in the server's process: if the tests are killed, it stops at once, and its children with it."""
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


class PostgresServer:
    def __init__(self):
        self.bin, self.process, self.port = programs(), None, None
        self.folder = Path(tempfile.mkdtemp(prefix="pulse_pg_"))  # short: the path of a socket holds 107 bytes
        self.databases = 0
        try:
            self._own()
            self._run(self.bin / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync")
            (self.folder / "data/pg_hba.conf").write_text(ACCESS)
            self.start()
            self.query(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        except BaseException:
            self.end()
            raise

    def _own(self):
        """The server refuses to run as root."""
        self.identity = {}
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            groups = [group.gr_gid for group in grp.getgrall() if "postgres" in group.gr_mem]
            self.identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": groups}
            os.chown(self.folder, user.pw_uid, user.pw_gid)

    def _run(self, *command):
        done = subprocess.run([str(word) for word in command], cwd="/", capture_output=True, text=True, timeout=START_SECONDS,
                              **self.identity)
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"

    # ---- the server ----

    def start(self):
        """On the port it had, so that its URLs stay good; at first on a free one."""
        assert self.process is None, "it runs already"
        for _ in range(10):
            port = self.port or free_port()
            with open(self.folder / "log", "ab") as log:
                self.process = subprocess.Popen(
                    [str(self.bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(port),
                     "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}",
                     "-c", "fsync=on", "-c", "max_connections=60", "-c", "shared_buffers=32MB"],
                    cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=stop_with_parent, **self.identity)
            if self._answers(port):
                self.port = port
                return
            self.process = None  # somebody was faster and took the port
        raise AssertionError("the server does not start: " + self.log()[-2000:])

    def _answers(self, port):
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "the server does not answer: " + self.log()[-2000:]
            asked = subprocess.run([str(self.bin / "pg_isready"), "-q", "-h", str(self.folder), "-p", str(port)])
            if asked.returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def stop(self, mode="fast"):
        """smart: waits for all clients; fast: rolls back and disconnects them; immediate: as if the power went."""
        self.process.send_signal(STOP_SIGNALS[mode])
        self.process.wait(START_SECONDS)
        self.process = None

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def end(self):
        if self.process is not None:
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    # ---- what is in it ----

    def create_database(self, owner=USER):
        """An empty one; its name."""
        self.databases += 1
        name = f"t{self.databases}"
        self.query(f"CREATE DATABASE {name} OWNER {owner}")
        return name

    def url(self, database="postgres", user=USER, password=PASSWORD):
        secret = urllib.parse.quote(password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def query(self, sql, database="postgres"):
        """As the superuser, by an independent program: psql. Rows of texts; NULL is None."""
        null = "\\N"
        done = subprocess.run([str(self.bin / "psql"), "-X", "-q", "-t", "--csv", "-P", f"null={null}", "-v", "ON_ERROR_STOP=1",
                               "-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", database, "-c", sql],
                              capture_output=True, text=True, timeout=60, env={**os.environ, "PGCLIENTENCODING": "UTF8"})
        assert done.returncode == 0, f"{sql}: {done.stderr}"
        return [tuple(None if cell == null else cell for cell in row) for row in csv.reader(io.StringIO(done.stdout, newline=""))]


def configure(pulse, store=None, extra=""):
    """`store` as it stands in pulse.yaml; without one, none is set there. `extra`: more keys, as YAML."""
    pulse.write_config(extra=extra)
    lines = [line for line in pulse.config.read_text(encoding="utf-8").splitlines() if not line.startswith("store:")]
    if store is not None:
        lines.insert(0, "store: " + json.dumps(store))
    pulse.config.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def postgres_server():
    with PostgresServer() as server:
        yield server
