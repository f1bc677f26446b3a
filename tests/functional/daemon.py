"""`pulse run`, started for one test and ended with it, and a project folder made for it.

    def test_runs(project, api, daemons, store):
        project.collector("items", schedule={"every": "1h"})
        daemon = daemons()                            # waits for its `ready`; daemons(ready=False) for its address only
        wait_until(lambda: store.runs("items") == ["success"])
        assert daemon.get("/readyz") == (200, "ready\n")
        assert daemon.collector("items")["condition"] == "healthy"
        assert daemon.end() == 0

What it says on its console is in a file; the test's report shows it.
"""

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request

import pytest
from api import PATIENCE
from project import Project, wait_until

STOP_PROMISE = 2.0  # seconds (SS4); tests allow ten times that
LISTENING = re.compile(r"listening address=(\S+)")


class DaemonProject(Project):
    """Its page listens on a free port, and a collector asks once; `more` replaces keys of pulse.yaml."""

    def settings(self, store, more=None, **databases):
        super().settings(store, **databases)
        keys = json.loads(self.config.read_text()) | {"listen": {"address": "127.0.0.1:0"}} | (more or {})
        self.config.write_text(json.dumps(keys, indent=1))

    def path(self, name):
        return self.folder / "collectors" / f"{name}.yaml"


class Daemon:
    def __init__(self, project, number, ready=True, environment=None):
        self.console = project.folder / f"console-{number}.txt"
        with open(self.console, "wb") as stderr:
            self.process = project.start("run", environment=environment, stderr=stderr, stdout=stderr)
        try:
            self.address = self.wait_for(LISTENING).group(1)
            if ready:
                self.wait_for(re.compile(r"INFO: ready "))
        except BaseException:
            self.end()
            raise

    # ---- what it says ----

    def text(self):
        return self.console.read_text(encoding="utf-8", errors="replace")

    def lines(self, *words):
        """Those that hold all of these words."""
        return [line for line in self.text().splitlines() if all(word in line for word in words)]

    def wait_for(self, what, seconds=PATIENCE):
        """Until its console shows these words, or a match of this pattern, which is returned."""
        pattern = re.compile(re.escape(what)) if isinstance(what, str) else what
        deadline = time.monotonic() + seconds
        while not (match := pattern.search(self.text())):
            assert self.process.poll() is None or pattern.search(self.text()), f"it ended: {self.text()[-3000:]}"
            assert time.monotonic() < deadline, f"{pattern.pattern} does not come: {self.text()[-3000:]}"
            time.sleep(0.02)
        return match

    # ---- what it shows ----

    def get(self, path, token=None):
        """Status and text of an answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"http://{self.address}{path}", headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def is_ready(self):
        return self.get("/readyz")[0] == 200

    def status(self, token=None):
        code, text = self.get("/api/v1/status", token)
        assert code == 200, text
        return json.loads(text)

    def collector(self, name):
        """Nothing: it has none of that name."""
        return next((it for it in self.status()["collectors"] if it["name"] == name), None)

    def condition(self, name):
        collector = self.collector(name)
        return collector and collector["condition"]

    def warned(self, words):
        return any(words in warning for warning in self.status()["warnings"])

    # ---- how it ends ----

    def send(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Its exit code."""
        return self.process.wait(PATIENCE)

    def stop(self, number=signal.SIGTERM):
        """Exit code, and the seconds it took."""
        began = time.monotonic()
        self.send(number)
        return self.wait(), time.monotonic() - began

    def kill(self):
        self.process.kill()
        assert self.wait() == -signal.SIGKILL

    def end(self):
        """Always safe; its exit code, however it came to its end."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except Exception:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


@pytest.fixture
def project(bin_dir, tmp_path, api):
    return DaemonProject(bin_dir / "pulse", tmp_path, api.url)


@pytest.fixture
def daemons(project):
    """Starts one more; all end with the test."""
    started = []

    def start(**options):
        started.append(Daemon(options.pop("project", project), len(started) + 1, **options))
        return started[-1]

    yield start
    for daemon in started:
        code = daemon.end()
        print(f"==== {daemon.console.name}: {code}\n{daemon.text()[-20000:]}")


def hourly():
    """Due once, at the first start."""
    return {"every": "1h"}


def every(seconds):
    return {"every": f"{seconds}s"}


def slots(store, collector):
    """State, reason and run of each, the oldest first."""
    return store.query(f"SELECT state, reason, run FROM {store.ledger('schedule_slots')} "
                       f"WHERE collector = '{collector}' ORDER BY slot")


def ticks(store, collector, more=2):
    """Waits until that collector has succeeded so many times more: the daemon works meanwhile."""
    goal = store.runs(collector).count("success") + more
    wait_until(lambda: store.runs(collector).count("success") >= goal)
