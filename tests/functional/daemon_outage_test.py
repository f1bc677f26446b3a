"""A host that fails for all its collectors, and comes back (RT9, RT10)."""

import pytest
from api import items
from daemon import daemons, hourly, project  # noqa: F401 (fixtures)
from project import api, postgres_server, store, wait_until  # noqa: F401 (fixtures)

NAMES = [f"c{number:02}" for number in range(12)]
OPEN = 'pulse_http_circuit_open{host="api.example"} '


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_dead_host_is_asked_by_one_and_its_return_noticed_by_all(project, api, daemons, store):  # noqa: F811
    api.answer = 503
    for name in NAMES:
        project.collector(name, schedule=hourly())
    daemon = daemons()
    wait_until(lambda: OPEN + "1" in daemon.get("/metrics")[1])
    wait_until(lambda: daemon.warned("api.example keeps failing"))
    wait_until(lambda: all(daemon.condition(name) == "recovering" for name in NAMES))
    assert all(daemon.collector(name)["next_is"] == "retry" for name in NAMES)
    assert len(api.requests) <= len(NAMES)  # no collector asks twice

    api.answer = items(1)
    wait_until(lambda: all(daemon.condition(name) == "healthy" for name in NAMES))
    assert OPEN + "0" in daemon.get("/metrics")[1] and daemon.lines("the host is back", "host=api.example")
    wait_until(lambda: not daemon.warned("api.example keeps failing"))
    runs = project("runs", NAMES[0]).stdout
    assert "retry 1" in runs and "schedule" in runs
