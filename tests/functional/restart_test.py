"""Fifty collectors at once, and their server restarts under them: each succeeds, once (CO1, CO2)."""

from contextlib import ExitStack

import pytest
from api import items
from project import api, postgres, postgres_server, project, wait_until  # noqa: F401 (fixtures)

PROCESSES, ROWS = 50, 20
NAMES = [f"c{number:02}" for number in range(PROCESSES)]


@pytest.mark.parametrize("mode, limit", [("fast", -1), ("immediate", 20)], ids=["fast", "immediate"])
def test_fifty_processes_live_through_a_restart(postgres, api, project, mode, limit):  # noqa: F811
    server = postgres.server
    for name in NAMES:
        project.collector(name)
    api.answer = items(*range(1, ROWS + 1))
    server.query(f"ALTER ROLE pulse CONNECTION LIMIT {limit}")
    refusals = server.log().count("too many connections")
    try:
        with ExitStack() as stack:
            held = stack.enter_context(api.hold())
            running = [stack.enter_context(project.begin(name, "--wait", "10m")) for name in NAMES]
            held.wait(15)  # so many have begun their run, and hold a connection
            if limit > 0:
                wait_until(lambda: server.log().count("too many connections") > refusals)
            assert postgres.query("SELECT count(*) >= 15 FROM pulse.runs WHERE state = 'running'") == [("t",)]
            server.restart(mode)
            held.release()
            wait_until(lambda: int(postgres.query("SELECT count(*) FROM pulse.slices")[0][0]) >= 5)  # now others are at it
            server.restart(mode)
            runs = [process.end() for process in running]
    finally:
        server.query("ALTER ROLE pulse CONNECTION LIMIT -1")
    assert [run.summary() for run in runs] == [(0, "success")] * PROCESSES
    whole = [(str(number), f"n{number}") for number in range(1, ROWS + 1)]
    for name, run in zip(NAMES, runs):
        assert postgres.query(f"SELECT id, name FROM {name} ORDER BY id") == whole
        assert run.counts["inserted"] + run.counts["unchanged"] == ROWS
    assert postgres.query("SELECT collector, state FROM pulse.runs ORDER BY collector") == [(name, "success") for name in NAMES]
    assert postgres.query("SELECT collector, slice, state, inserted FROM pulse.slices ORDER BY collector") == [
        (name, "all", "committed", str(ROWS)) for name in NAMES]
    assert postgres.query("SELECT count(*) FROM pulse.runs r WHERE NOT EXISTS "
                          "(SELECT 1 FROM pulse.slices s WHERE s.run = r.id)") == [("0",)]
