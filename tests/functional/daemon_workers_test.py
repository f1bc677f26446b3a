"""All workers of a daemon may be busy with slow servers at once; it goes on planning, and keeps their leases."""

from api import items
from daemon import daemons, every, hourly, project, ticks  # noqa: F401 (fixtures)
from project import api, postgres, postgres_server, wait_until  # noqa: F401 (fixtures)


def test_fifteen_slow_runs_hold_up_nobody(project, api, daemons, postgres):  # noqa: F811
    """16 workers; each run keeps a connection from its begin to its end."""
    api.answer = items(1, 2, 3)
    names = [f"c{number:02}" for number in range(15)]
    for name in names:
        project.collector(name, schedule=hourly())
    project.collector("tick", schedule=every(1))
    with api.hold(lambda request: request.path != "/tick") as held:
        daemon = daemons()
        held.wait(15)
        ticks(postgres, "tick", 3)
        renewed = postgres.query("SELECT min(lease_until) FROM pulse.runs WHERE state = 'running' AND collector <> 'tick'")
        wait_until(lambda: postgres.query("SELECT min(lease_until) FROM pulse.runs WHERE state = 'running' AND "
                                          "collector <> 'tick'") > renewed)
        assert daemon.is_ready() and daemon.status()["warnings"] == [] and daemon.lines("CRITICAL") == []
    for name in names:
        wait_until(lambda: postgres.runs(name) == ["success"])
    assert daemon.stop()[0] == 0
