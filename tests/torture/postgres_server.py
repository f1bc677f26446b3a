"""A PostgreSQL server of our own, to be crashed, and libpq by ctypes: the standard library has no client."""

import ctypes
import functools
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

PATIENCE = 60


class Lost(Exception):
    """No server, or no longer."""


@functools.cache
def libpq():
    library = ctypes.CDLL("libpq.so.5")
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
            ("PQconnectdb", pointer, [text]), ("PQstatus", number, [pointer]), ("PQfinish", None, [pointer]),
            ("PQerrorMessage", text, [pointer]), ("PQexec", pointer, [pointer, text]), ("PQclear", None, [pointer]),
            ("PQresultStatus", number, [pointer]), ("PQntuples", number, [pointer]), ("PQnfields", number, [pointer]),
            ("PQgetvalue", text, [pointer, number, number]), ("PQgetisnull", number, [pointer, number, number])):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Connection:
    def __init__(self, url):
        self.handle = libpq().PQconnectdb(url.encode())
        if libpq().PQstatus(self.handle) != 0:
            raise Lost(self.complaint())
        self.query("SET client_min_messages = error")

    def complaint(self):
        return libpq().PQerrorMessage(self.handle).decode(errors="replace").strip()

    def query(self, sql):
        """Rows of texts and None."""
        answer = libpq().PQexec(self.handle, sql.encode())
        try:
            if libpq().PQresultStatus(answer) not in (1, 2):  # COMMAND_OK, TUPLES_OK
                kept = libpq().PQstatus(self.handle) == 0 and not self.complaint().startswith(("server closed", "WARNING:  term"))
                raise (RuntimeError if kept else Lost)(f"{self.complaint()} [{sql}]")
            return [tuple(None if libpq().PQgetisnull(answer, row, column) else
                          libpq().PQgetvalue(answer, row, column).decode()
                          for column in range(libpq().PQnfields(answer))) for row in range(libpq().PQntuples(answer))]
        finally:
            libpq().PQclear(answer)

    def __del__(self):
        libpq().PQfinish(self.handle)


def quit_with_parent():
    """Runs in the child: a server does not outlive the torture, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


class Cluster:
    """fsync is on; what the folder lies on decides what that costs. The server refuses to run as root."""

    def __init__(self, folder):
        self.folder, self.process = Path(folder), None
        homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(re.sub(r"\D", "", str(path)) or 0))
        if not homes:
            raise SystemExit("torture: there is no PostgreSQL server: install the package postgresql")
        self.programs = homes[-1]
        self.owner = {}
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self.owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self._run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                  "--no-sync", "--wal-segsize=1")
        (self.folder / "data/postgresql.conf").write_text(
            f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nmax_connections = 30\n"
            "shared_buffers = 16MB\nfsync = on\nsynchronous_commit = off\nmin_wal_size = 4MB\nmax_wal_size = 16MB\n"
            "timezone = 'America/Sao_Paulo'\nautovacuum_naptime = 10s\nlogging_collector = off\n")
        self.start()
        Connection(self.url("postgres", "postgres")).query("CREATE ROLE pulse LOGIN")

    def _run(self, program, *arguments):
        done = subprocess.run([self.programs / program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              cwd=self.folder, **self.owner)
        if done.returncode != 0:
            raise SystemExit(f"torture: {program} failed: {done.stderr[-1000:]}")

    def url(self, database, user="pulse"):
        if user == "torture-check":
            user = "postgres"
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def create(self, database):
        Connection(self.url("postgres", "postgres")).query(f"CREATE DATABASE {database} OWNER pulse")

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.programs / "postgres", "-D", self.folder / "data"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.folder, preexec_fn=quit_with_parent, **self.owner)
        self.wait_for(self.answers, "the server to start")

    def answers(self):
        try:
            Connection(self.url("postgres", "postgres"))
            return True
        except Lost:
            if self.process.poll() is not None:
                raise SystemExit(f"torture: no server: {(self.folder / 'log').read_text(errors='replace')[-1000:]}") from None
            return False

    @staticmethod
    def wait_for(holds, what):
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise SystemExit(f"torture: waited {PATIENCE} s for {what}")
            time.sleep(0.003)

    def crash(self):
        """What `pg_ctl stop -m immediate` does: no checkpoint, every process drops what it is at."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def end(self):
        if self.process:
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)
