"""Several processes at one collector: one works, the others wait or give up, and whoever was taken for dead commits no
more."""

import re
import signal
import socket

import pytest
from api import items
from project import Postgres, Sqlite, api, postgres, postgres_server, project  # noqa: F401 (fixtures)


@pytest.fixture
def collector(api, project):  # noqa: F811
    api.answer = items(*range(1, 101))
    project.collector()


def test_one_that_does_not_wait_says_who_is_at_work(postgres, api, project, collector):  # noqa: F811
    with api.hold() as held, project.begin() as first:
        held.wait()
        second = project.collect("items", "--wait", "0s")
        assert second.code == 75
        assert f"items is being collected by process {first.process.pid} on {socket.gethostname()} since " in second.error
        held.release()
        assert first.end().summary() == (0, "success")
    assert postgres.runs("items") == ["success"]  # one that did not begin leaves no trace
    assert postgres.query("SELECT count(*) FROM items") == [("100",)]


def test_one_that_waits_works_afterwards(postgres, api, project, collector):  # noqa: F811
    with api.hold() as held, project.begin() as first:
        held.wait()
        with project.begin("items", "--wait", "60s") as second:
            second.wait_for(f"by process {first.process.pid} on")
            assert len(api.requests) == 1
            held.release()
            assert [first.end().summary(), second.end().summary()] == [(0, "success")] * 2
    assert postgres.runs("items") == ["success", "success"]
    assert postgres.query("SELECT count(*), count(DISTINCT _run_id) FROM items") == [("100", "1")]


def test_on_a_file_one_process_works_at_a_time(tmp_path, api, project, collector):  # noqa: F811
    store = Sqlite(tmp_path / "pulse.db")
    project.settings(store)
    with api.hold() as held, project.begin() as first:
        held.wait()
        second = project.collect("items", "--wait", "0s")
        assert second.code == 75 and str(first.process.pid) in second.stderr
        with project.begin("items", "--wait", "60s") as third:
            third.wait_for("waiting for the database")
            held.release()
            assert [first.end().summary(), third.end().summary()] == [(0, "success")] * 2
    assert store.runs("items") == ["success", "success"]


@pytest.mark.parametrize("foreign", [False, True], ids=["store", "warehouse"])
def test_one_that_slept_through_its_lease_commits_nothing(postgres_server, postgres, api, project, foreign):  # noqa: F811
    rows = postgres
    if foreign:
        rows = Postgres(postgres_server)
        project.settings(postgres, warehouse=rows)
    project.collector(destination={"database": "warehouse" if foreign else "store"})
    api.answer = {"items": [{"id": 1, "name": "of the first"}, {"id": 2, "name": "of the first"}]}
    with api.hold() as held, project.begin() as first:
        held.wait()
        first.process.send_signal(signal.SIGSTOP)
        postgres.expire_leases()
        held.release()  # its answer lies ready
        api.answer = {"items": [{"id": 1, "name": "of the second"}]}
        assert project.collect("items", "--wait", "60s").summary() == (0, "success")
        assert postgres.runs("items") == ["lost", "success"]
        first.process.send_signal(signal.SIGCONT)
        run = first.end()
    assert run.summary() == (3, "lost") and run.failure_type == "transient"
    assert "its lease passed" in run.error and "another process took this run for dead" in run.error
    assert rows.query("SELECT id, name FROM items") == [("1", "of the second")]
    assert postgres.runs("items") == ["lost", "success"]
    assert len(postgres.slices("items")) == 1
    assert postgres.query("SELECT inserted FROM pulse.runs WHERE state = 'lost'") == [("0",)]
    assert project.collect().summary() == (0, "success")


def test_one_that_fell_asleep_between_two_partitions_keeps_what_was_committed(postgres, api, project):  # noqa: F811
    router = {"type": "list", "values": ["1", "2", "3"], "as": "n"}
    project.collector(parameters={"n": "{{ partition.n }}"}, partition_router=router)
    api.answer = lambda request: items(int(request.query["n"]))
    with api.hold(lambda request: request.query["n"] == "2") as held, project.begin() as first:
        held.wait()
        first.process.send_signal(signal.SIGSTOP)
        postgres.expire_leases()
        held.release()
        api.forget()
        assert project.collect().summary() == (0, "success")
        assert api.asked("n") == ["2", "3"]
        first.process.send_signal(signal.SIGCONT)
        assert first.end().summary() == (3, "lost")
    assert postgres.query("SELECT id FROM items ORDER BY id") == [("1",), ("2",), ("3",)]
    assert sorted(postgres.slices("items")) == ["n=1", "n=2", "n=3"]


def test_a_dead_process_holds_its_collector_until_its_lease_has_passed(postgres, api, project, collector):  # noqa: F811
    with api.hold() as held, project.begin() as first:
        held.wait()
        first.kill()
    early = project.collect("items", "--wait", "0s")
    assert early.code == 75 and re.search(rf"by process {first.process.pid} on .* since ", early.error)
    with project.begin("items", "--wait", "10m") as second:
        second.wait_for("is being collected by")
        postgres.expire_leases()
        assert second.end().summary() == (0, "success")
    assert postgres.runs("items") == ["lost", "success"]
