"""Windows on both engines: a run that was cut short is gone on with at its cursor (CO1, CO5)."""

import pytest
from project import api, postgres_server, project, store  # noqa: F401 (fixtures)

DAYS = [f"2024-01-{day:02}" for day in range(1, 11)]


def sync(**more):
    return {"incremental_sync": {"cursor_field": "at", "start": "2024-01-01", "end": "2024-01-11", "step": "1d", **more}}


PARAMETERS = {"from": "{{ window.start | date('%Y-%m-%d') }}", "p": "{{ partition.p }}"}
FIELDS = {"id": {"path": "id"}, "at": {"path": "at", "type": "timestamp"}}


EMPTY = [DAYS[4], DAYS[9]]  # a window without records moves the cursor to its end; others to the largest record


def record(request):
    """The other days have one each, at midnight."""
    day = request.query["from"]
    return {"items": [] if day in EMPTY else [{"id": request.query.get("p", "") + day, "at": day + "T00:00:00Z"}]}


def with_records(days):
    return [day for day in days if day not in EMPTY]


@pytest.fixture
def ids(store):  # noqa: F811
    return lambda: [cell for (cell,) in store.query("SELECT id FROM items ORDER BY id")]


def cursors(store):  # noqa: F811
    rows = store.query(f"SELECT partition, covered_until FROM {store.ledger('cursors')} ORDER BY partition")
    return {partition: until[:10] for partition, until in rows}


@pytest.mark.parametrize("disposition", [{}, {"write_disposition": "append"}], ids=["merge", "append"])
def test_a_killed_run_is_gone_on_with_at_the_cursor(store, api, project, ids, disposition):  # noqa: F811
    api.answer = record
    project.collector(parameters={"from": PARAMETERS["from"]}, fields=FIELDS, destination=disposition, **sync())
    with api.hold(lambda request: request.query["from"] == DAYS[5]) as held, project.begin() as process:
        held.wait()
        process.kill()
    assert ids() == with_records(DAYS[:5]) and cursors(store) == {"": DAYS[5]}
    store.expire_leases()

    api.forget()
    run = project.collect()
    assert run.summary() == (0, "success") and run.counts["inserted"] == 4
    assert api.asked("from") == DAYS[5:]
    assert ids() == with_records(DAYS) and cursors(store) == {"": "2024-01-11"}
    assert store.runs("items") == ["lost", "success"]
    assert len(store.slices("items")) == len(DAYS)

    api.forget()
    assert project.collect().summary() == (0, "success")
    assert api.requests == []  # all up to the end has been collected


def test_of_two_partitions_only_the_one_that_failed_is_fetched_again(store, api, project, ids):  # noqa: F811
    broken = True
    api.answer = lambda request: 500 if broken and request.query["p"] == "b" and request.query["from"] == DAYS[5] else record(request)
    project.collector(parameters=PARAMETERS, fields=FIELDS, max_failed_partitions="50%",
                      partition_router={"type": "list", "values": ["a", "b"], "as": "p"}, **sync())

    def collect():
        api.forget()
        return project.collect().summary(), [request.query["p"] + request.query["from"] for request in api.requests]

    def named(partition, days):
        return [partition + day for day in days]

    assert collect() == ((1, "partial"), named("a", DAYS) + named("b", DAYS[:6]))  # no window overtakes one that failed
    assert ids() == named("a", with_records(DAYS)) + named("b", with_records(DAYS[:5]))
    assert cursors(store) == {"p=a": "2024-01-11", "p=b": DAYS[5]}
    assert collect() == ((1, "partial"), named("b", [DAYS[5]]))
    broken = False
    assert collect() == ((0, "success"), named("b", DAYS[5:]))
    assert ids() == named("a", with_records(DAYS)) + named("b", with_records(DAYS))
    assert store.runs("items") == ["partial", "partial", "success"]
    assert len(store.slices("items")) == 2 * len(DAYS)


def test_a_lookback_asks_again_and_adds_nothing(store, api, project, ids):  # noqa: F811
    api.answer = record
    project.collector(parameters={"from": PARAMETERS["from"]}, fields=FIELDS, **sync(lookback_window="2d"))
    assert project.collect().summary() == (0, "success")
    api.forget()
    again = project.collect()
    assert again.summary() == (0, "success") and (again.counts["inserted"], again.counts["unchanged"]) == (0, 1)
    assert api.asked("from") == DAYS[8:]
    assert ids() == with_records(DAYS)
