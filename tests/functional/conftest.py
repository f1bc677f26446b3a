"""The real programs, started for one test and ended with it, whatever happens in between.

    def test_collects(simulator, pulse):
        simulator.tick(add=3)
        assert pulse("collect", "cisa-kev").returncode == 0
        assert pulse.rows("SELECT count(*) FROM cisa_kev") == [(simulator.records,)]

BIN_DIR names the folder of the programs. Seeds are printed; SEED=N repeats a run.
"""

import json
import os
import random
import re
import select
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30  # generous: sanitizers on a busy machine
END_SECONDS = 30


# In front of a program: the kernel kills it if the test is killed (a timeout of ctest, Ctrl-C twice).
END_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"]


def is_sanitized(program):
    """A preloaded library and a sanitizer's runtime exclude each other."""
    return b"__asan_init" in program.read_bytes() or b"__tsan_init" in program.read_bytes()


class Program:
    """A process of ours: `ready` is the match of its ready line; stderr goes to a file; end() is always safe."""

    def __init__(self, arguments, ready_pattern, log):
        self.log = log
        with open(log, "wb") as stderr:
            self.process = subprocess.Popen([*END_WITH_PARENT, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=stderr)
        try:
            self.ready = self._wait_for(ready_pattern)
        except BaseException:
            self.end()
            raise

    def _wait_for(self, pattern):
        """Reads whole lines off the raw pipe, so that a started line does not block beyond the deadline."""
        deadline, text, pipe = time.monotonic() + START_SECONDS, b"", self.process.stdout.fileno()
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([pipe], [], [], left)[0]:
                break
            data = os.read(pipe, 4096)
            text += data
            for line in text[:text.rfind(b"\n") + 1].decode().splitlines():
                if match := re.search(pattern, line):
                    return match
            if not data:
                break
        raise AssertionError(f"{self.process.args[len(END_WITH_PARENT)]} did not say it is ready, but {text!r}; "
                             f"stderr: {self.log.read_text(errors='replace')[-2000:]}")

    def end(self):
        """SIGTERM, then SIGKILL; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def http(method, url, body=None):
    """The decoded JSON answer, or None for an empty one."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy for loopback
    with opener.open(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


class Simulator(Program):
    """The fake outside world, and its controls."""

    def __init__(self, bin_dir, log, seed, records, *options):
        super().__init__([bin_dir / "simulator", "--port", "0", "--seed", seed, "--kev-records", records, *options],
                         r"simulator listening on (http://127\.0\.0\.1:(\d+))", log)
        self.seed, self.records = seed, records
        self.url, self.port = self.ready.group(1), int(self.ready.group(2))

    def tick(self, add=0, change=0, api="kev"):
        return http("POST", f"{self.url}/_sim/tick?api={api}&add={add}&change={change}")

    def edit(self, index, field, value, api="kev"):
        edit = {"api": api, "index": index, "field": field, "value": value}
        return http("POST", f"{self.url}/_sim/edit", edit)

    def truth(self, api="kev"):
        return http("GET", f"{self.url}/_sim/truth/{api}")

    def requests(self):
        return http("GET", f"{self.url}/_sim/requests")

    def faults(self, *faults):
        """Adds each; without any, removes all."""
        for fault in faults:
            http("POST", f"{self.url}/_sim/faults", fault)
        if not faults:
            http("DELETE", f"{self.url}/_sim/faults")


class FaultProxy(Program):
    """TCP between a program and a target, to be cut, slowed or silenced through its control address."""

    def __init__(self, bin_dir, log, target):
        super().__init__([bin_dir / "fault-proxy", "--target", target],
                         r"fault-proxy listening on (127\.0\.0\.1:\d+) control (127\.0\.0\.1:\d+)", log)
        self.url, self.control = f"http://{self.ready.group(1)}", self.ready.group(2)

    def command(self, line):
        """One line to the control port: `reset 1000`, `latency 50`, `clear`, `stats` …; its answer."""
        host, port = self.control.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(line.encode() + b"\n")
            answer = connection.makefile().readline().strip()
        assert not answer.startswith("error"), f"{line}: {answer}"
        return answer


class Pulse:
    """Runs `pulse` with a configuration of its own in a folder of its own, against the world at `url`."""

    def __init__(self, program, folder, url):
        self.program, self.folder, self.url = program, folder, url
        self.database = folder / "pulse.db"
        self.config = folder / "pulse.yaml"
        self.logs = folder / "logs"
        self.write_config()

    def write_config(self, url=None, extra="", collectors=ROOT / "collectors"):
        """JSON is YAML; `extra` is YAML text for more top-level keys."""
        keys = {"store": "sqlite:pulse.db",
                "collectors": str(collectors),
                "logs": {"directory": "logs"},
                "http": {"rewrite": {"https://": (url or self.url) + "/"}}}
        lines = [f"{key}: {json.dumps(value)}" for key, value in keys.items()]
        self.config.write_text("\n".join(lines + [extra, ""]), encoding="utf-8")

    def start(self, *arguments, environment=None, **options):
        """For tests that act while it runs; the caller ends it (`with pulse.start(…) as process`)."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([*END_WITH_PARENT, str(self.program), "--config", str(self.config), *map(str, arguments)],
                                cwd=self.folder, text=True, env=self.environment() | (environment or {}), **options)

    def __call__(self, *arguments, timeout=120, environment=None):
        """The completed process: returncode, stdout, stderr; also printed, for the report of a failure."""
        with self.start(*arguments, environment=environment) as process:
            try:
                done = subprocess.CompletedProcess(process.args, None, *process.communicate(timeout=timeout))
            except BaseException:
                process.kill()
                raise
        done.returncode = process.returncode
        print("$ pulse", *arguments, f"→ {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def environment(self):
        """Nothing that could lead a test to a real service or another configuration."""
        keep = {"PATH", "HOME", "LANG", "TZ", "TMPDIR"}
        return {name: value for name, value in os.environ.items()
                if name in keep or name.endswith("SAN_OPTIONS") or name.startswith("LLVM_")}

    def rows(self, sql, *parameters):
        """What the database holds, read by an independent program: Python's sqlite3."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()


@pytest.fixture(scope="session")
def bin_dir():
    folder = Path(os.environ.get("BIN_DIR", ROOT / "build/dev/bin")).resolve()
    assert folder.is_dir(), f"BIN_DIR: there is no folder {folder}"
    return folder


@pytest.fixture
def rng():
    """Randomness for one test; the seed is shown if it fails."""
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**31)))
    print(f"SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def simulator(bin_dir, tmp_path, rng):
    seed, records = rng.randrange(2**31), rng.randint(200, 2000)
    print(f"simulator --seed {seed} --kev-records {records}")
    with Simulator(bin_dir, tmp_path / "simulator.log", seed, records) as program:
        yield program


@pytest.fixture
def fault_proxy(bin_dir, tmp_path, simulator):
    with FaultProxy(bin_dir, tmp_path / "fault-proxy.log", f"127.0.0.1:{simulator.port}") as program:
        yield program


@pytest.fixture
def pulse(bin_dir, tmp_path, simulator):
    return Pulse(bin_dir / "pulse", tmp_path, simulator.url)
