"""What the schedule's words mean, seen from outside: order, groups, overlaps, timeouts (SC1, SC3, SC5)."""

import pytest
from api import items
from daemon import daemons, every, hourly, project, slots, ticks  # noqa: F401 (fixtures)
from project import api, postgres_server, store, wait_until  # noqa: F401 (fixtures)

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # where the engine changes nothing


@pytest.fixture
def tick(project, api, store):  # noqa: F811
    """A collector that runs every second: it tells that time has passed."""
    api.answer = items(1, 2, 3)
    project.collector("tick", schedule=every(1))


def times(store, collector):  # noqa: F811
    return store.query(f"SELECT started_at, finished_at FROM {store.ledger('runs')} WHERE collector = '{collector}' "
                       "ORDER BY started_at")


@on_sqlite
def test_what_is_off_does_not_run(project, api, daemons, store, tick):  # noqa: F811
    project.collector("off", schedule=every(1), enabled=False)
    project.collector("by-hand", table="by_hand")
    daemon = daemons()
    ticks(store, "tick", 3)
    assert (daemon.condition("off"), daemon.condition("by-hand")) == ("paused", "never_ran")
    assert daemon.collector("off")["next_start"] is None and daemon.collector("by-hand")["next_start"] is None
    assert {request.path for request in api.requests} == {"/tick"}


def test_one_waits_for_another(project, api, daemons, store, tick):  # noqa: F811
    project.collector("first", schedule=hourly())
    project.collector("second", schedule=hourly(), after=["first"])
    with api.hold(lambda request: request.path == "/first") as held:
        daemons()
        held.wait()
        ticks(store, "tick")
        assert "/second" not in {request.path for request in api.requests}
    wait_until(lambda: store.runs("second") == ["success"])
    (_, end_of_first), = times(store, "first")
    (start_of_second, _), = times(store, "second")
    assert start_of_second >= end_of_first


@on_sqlite
def test_one_waits_for_nobody_who_exists(project, api, daemons, store, tick):  # noqa: F811
    project.collector("second", schedule=hourly(), after=["frist"])
    daemon = daemons()
    ticks(store, "tick", 1)
    assert daemon.condition("second") == "invalid" and "frist" in daemon.collector("second")["error"]


def test_of_a_group_one_runs_at_a_time(project, api, daemons, store, tick):  # noqa: F811
    group = ["a", "b", "c"]
    for name in group:
        project.collector(name, schedule=hourly(), concurrency_group="mirror.example")
    with api.hold(lambda request: request.path.strip("/") in group) as held:
        daemons()
        held.wait()
        ticks(store, "tick")
        assert held.count == 1
    for name in group:
        wait_until(lambda: store.runs(name) == ["success"])
    spans = sorted(times(store, name)[0] for name in group)
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:]))


def test_a_slot_that_comes_during_a_run(project, api, daemons, store, tick):  # noqa: F811
    overlaps = ["skip", "queue", "cancel"]
    for overlap in overlaps:
        project.collector(overlap, schedule=every(1) | {"overlap": overlap})
    with api.hold(lambda request: request.path == "/skip") as skip, \
            api.hold(lambda request: request.path == "/queue") as queue, \
            api.hold(lambda request: request.path == "/cancel") as cancel:
        daemon = daemons()
        for held in (skip, queue, cancel):
            held.wait()
        wait_until(lambda: len([1 for state, reason, _ in slots(store, "skip") if (state, reason) == ("missed", "overlap")]) >= 2)
        cancel.wait(3)
        assert (skip.count, queue.count) == (1, 1)
        assert store.runs("skip") == store.runs("queue") == ["running"]
        assert store.runs("cancel")[:2] == ["cancelled", "cancelled"]
        assert [state for state, _, _ in slots(store, "queue")] == ["claimed"]  # the next one waits, and is not missed
    for overlap in overlaps:
        wait_until(lambda: store.runs(overlap).count("success") >= 2)
    wait_until(lambda: all(daemon.condition(overlap) == "healthy" for overlap in overlaps))
    assert daemon.stop()[0] == 0


@on_sqlite
def test_a_run_that_takes_too_long(project, api, daemons, store, tick):  # noqa: F811
    project.collector("slow", schedule=hourly(), timeout="1s")
    with api.hold(lambda request: request.path == "/slow"):
        daemon = daemons()
        wait_until(lambda: store.runs("slow") == ["timeout"])
        wait_until(lambda: daemon.condition("slow") == "recovering")
    shown = daemon.collector("slow")
    assert shown["last_run"]["outcome"] == "timeout" and shown["error"]  # in the words of whoever noticed first: the request, or the run
    (state, reason, _), = slots(store, "slow")
    assert (state, reason) == ("due", "ladder") and shown["next_start"] is not None
    ticks(store, "tick", 1)


@on_sqlite
def test_a_failure_is_seen_at_once(project, api, daemons, store, tick):  # noqa: F811
    """Credentials: nothing mends that but a person, so nothing is tried again before the next slot."""
    api.answer = lambda request: 401 if request.path == "/locked" else items(1)
    project.collector("locked", schedule=hourly())
    daemon = daemons()
    wait_until(lambda: daemon.condition("locked") == "failing")
    assert daemon.lines("CRITICAL", "collector is failing", "collector=locked")
    assert "401" in daemon.collector("locked")["error"] and "401" in daemon.get("/")[1]
    assert [state for state, _, _ in slots(store, "locked")] == ["done"] and store.runs("locked") == ["failed"]
    assert project("status", "locked").returncode == 1
