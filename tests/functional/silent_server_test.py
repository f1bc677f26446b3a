"""A stop while the database server says nothing: a frozen machine, a network that swallows all (SS4)."""

import os
import signal
import time

import pytest
from api import items
from postgres import PostgresServer
from project import Postgres, api, project  # noqa: F401 (fixtures)

PROMISE = 2  # seconds; asserted at ten times that


@pytest.fixture
def server():
    with PostgresServer() as server:
        yield server


def processes_of(server):
    """The postmaster and its children."""
    listed = os.popen(f"ps -o pid= --ppid {server.process.pid}").read().split()
    return [server.process.pid, *map(int, listed)]


def test_a_stop_does_not_wait_for_a_silent_server(server, api, project):  # noqa: F811
    store = Postgres(server)
    project.settings(store)
    api.answer = items(*range(1, 101))
    project.collector()
    frozen = []
    with api.hold() as held, project.begin() as run:
        held.wait()
        try:
            for process in processes_of(server):
                os.kill(process, signal.SIGSTOP)
                frozen.append(process)
            began = time.monotonic()
            run.process.send_signal(signal.SIGTERM)
            ended = run.end()
            took = time.monotonic() - began
        finally:
            for process in frozen:
                os.kill(process, signal.SIGCONT)
    print(f"ended {took:.2f} s after the signal")
    assert ended.code == 143
    assert took < 10 * PROMISE
    # The end could not be recorded: the lease passes, and the next run says so.
    assert store.runs("items") in (["running"], ["cancelled"])
