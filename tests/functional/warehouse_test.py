"""Rows in another database than the ledger: after a kill -9 at any point the next run completes them, once (CO2)."""

import pytest
from api import items
from conftest import is_sanitized
from project import Postgres, Sqlite, api, postgres_server, project  # noqa: F401 (fixtures)

ROWS, POINTS = 5, 8
WHOLE = [(str(number), f"n{number}") for number in range(1, ROWS + 1)]
KEYLESS = {"write_disposition": "append", "primary_key": None}


@pytest.fixture(params=["sqlite_to_postgresql", "postgresql_to_sqlite", "postgresql_to_postgresql"])
def pair(request, tmp_path, postgres_server, project):  # noqa: F811
    """The store and the warehouse, as they are when everything was collected once."""
    def make(kind, name):
        return Sqlite(tmp_path / f"{name}.db") if kind == "sqlite" else Postgres(postgres_server)

    store_kind, rows_kind = request.param.split("_to_")
    store, warehouse = make(store_kind, "store"), make(rows_kind, "warehouse")
    project.settings(store, warehouse=warehouse)
    return store, warehouse


@pytest.fixture
def collector(api, project):  # noqa: F811
    """Makes another one, with a table of its own."""
    api.answer = items(*range(1, ROWS + 1))

    def collector(name, disposition, **more):
        project.collector(name, destination={"database": "warehouse", **disposition}, **more)

    return collector


def rows(warehouse, name):
    return warehouse.query(f"SELECT id, name FROM {name} ORDER BY id") if warehouse.has(name) else []


def test_rows_go_there_and_the_ledger_stays(pair, collector, project, api):  # noqa: F811
    store, warehouse = pair
    collector("items", {})
    first = project.collect()
    assert first.summary() == (0, "success") and first.counts["inserted"] == ROWS
    assert rows(warehouse, "items") == WHOLE and not store.has("items")
    assert not warehouse.has(warehouse.ledger("runs"))
    api.answer = {"items": [{"id": 1, "name": "changed"}, {"id": 9, "name": "n9"}]}
    second = project.collect()
    assert (second.counts["inserted"], second.counts["updated"]) == (1, 1)
    assert len(rows(warehouse, "items")) == ROWS + 1
    assert store.runs("items") == ["success"] * 2 and store.slices("items") == ["all"] * 2


@pytest.mark.parametrize("disposition", [{}, KEYLESS], ids=["merge", "append"])
def test_a_kill_at_any_point_loses_and_doubles_nothing(bin_dir, tmp_path, pair, collector, project, rng, disposition):  # noqa: F811
    if is_sanitized(bin_dir / "pulse"):
        pytest.skip("a preloaded library and a sanitizer's runtime exclude each other")
    store, warehouse = pair
    collector("warm", disposition)
    preload = {"LD_PRELOAD": str(bin_dir / "nth_call.so")}
    log = tmp_path / "calls"
    assert project.collect("warm").summary() == (0, "success")
    collector("counted", disposition)
    assert project.collect("counted", environment=preload | {"NTH_CALL_LOG_FILE": str(log)}).summary() == (0, "success")
    total = len(log.read_text().splitlines())
    step = total / POINTS
    found = {"nothing": 0, "rows": 0, "all": 0}
    for point in range(POINTS):
        name, number = f"items{point}", 1 + int(point * step + rng.random() * step)
        collector(name, disposition)
        killed = project.collect(name, environment=preload | {"NTH_CALL_KILL": str(number)})
        assert killed.code in (-9, 0)  # the calls of two runs need not be as many
        state = store.runs(name)
        assert rows(warehouse, name) in ([], WHOLE), "half a batch"
        assert rows(warehouse, name) == WHOLE or not store.slices(name)
        found["all" if store.slices(name) else "rows" if rows(warehouse, name) else "nothing"] += 1
        if state == ["success"]:
            continue  # it died after its end was recorded
        store.expire_leases()
        again = project.collect(name, "--wait", "60s")
        assert again.summary() == (0, "success"), f"after a kill at call {number} of {total}"
        assert rows(warehouse, name) == WHOLE, f"after a kill at call {number} of {total}"
        assert store.runs(name) == ["lost"] * len(state) + ["success"]
        if disposition == KEYLESS:
            assert store.slices(name) == ["all"], f"after a kill at call {number} of {total}"
        else:
            assert set(store.slices(name)) == {"all"}
    print(f"killed at {POINTS} of {total} calls, with this in the databases: {found}")


@pytest.mark.parametrize("disposition", [{}, KEYLESS], ids=["merge", "append"])
def test_a_kill_between_the_two_commits_is_made_good(bin_dir, tmp_path, pair, collector, project, api, disposition):  # noqa: F811
    """The rows are there, the ledger knows nothing: it learns of them, and rows without a key are not fetched again."""
    if is_sanitized(bin_dir / "pulse"):
        pytest.skip("a preloaded library and a sanitizer's runtime exclude each other")
    store, warehouse = pair
    preload = {"LD_PRELOAD": str(bin_dir / "nth_call.so")}
    log = tmp_path / "calls"
    collector("counted", disposition)
    assert project.collect("counted", environment=preload | {"NTH_CALL_LOG_FILE": str(log)}).code == 0
    early, late, name = 1, len(log.read_text().splitlines()), ""  # killed then, the rows are not there; they are
    while late - early > 1:
        number = (early + late) // 2
        name = f"items{number}"
        collector(name, disposition)
        project.collect(name, environment=preload | {"NTH_CALL_KILL": str(number)})
        there, known = bool(rows(warehouse, name)), bool(store.slices(name))
        if there and not known:
            break
        early, late = (early, number) if known else (number, late)
    assert there and not known, f"no call lies between the commits: {early}, {late}"
    store.expire_leases()
    api.forget()
    assert project.collect(name).summary() == (0, "success")
    assert rows(warehouse, name) == WHOLE
    runs, slices = store.ledger("runs"), store.ledger("slices")
    assert store.query(f"SELECT r.state, s.inserted FROM {runs} r JOIN {slices} s ON s.run = r.id WHERE r.collector = '{name}' "
                       "AND r.state = 'lost'") == [("lost", str(ROWS))]
    assert len(api.requests) == (0 if disposition == KEYLESS else 1)


def test_partitions_that_are_there_are_not_fetched_again(pair, collector, project, api):  # noqa: F811
    store, warehouse = pair
    router = {"type": "list", "values": ["1", "2", "3", "4"], "as": "n"}
    collector("items", {}, parameters={"n": "{{ partition.n }}"}, partition_router=router)
    api.answer = lambda request: items(int(request.query["n"]))
    with api.hold(lambda request: request.query["n"] == "3") as held, project.begin() as process:
        held.wait()
        process.kill()
    store.expire_leases()
    api.forget()
    assert project.collect().summary() == (0, "success")
    assert api.asked("n") == ["3", "4"]
    assert rows(warehouse, "items") == WHOLE[:4]
    assert sorted(store.slices("items")) == ["n=1", "n=2", "n=3", "n=4"]
