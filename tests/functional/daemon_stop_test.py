"""How `pulse run` ends and begins again: nothing is forgotten, and nobody is kept waiting (SS4)."""

import signal
import sqlite3
from contextlib import closing

import pytest
from api import items
from daemon import STOP_PROMISE, daemons, hourly, project, slots  # noqa: F401 (fixtures)
from project import Session, Sqlite, api, postgres, postgres_server, store, wait_until  # noqa: F401 (fixtures)

NAMES = ["one", "two", "three"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_runs_that_a_stop_cancels_are_made_at_the_next_start(project, api, daemons, store, number):  # noqa: F811
    api.answer = items(1, 2, 3)
    for name in NAMES:
        project.collector(name, schedule=hourly())
    with api.hold() as held:
        daemon = daemons()
        held.wait(3)
        code, took = daemon.stop(number)
    assert code == 0 and took < 10 * STOP_PROMISE
    for name in NAMES:
        assert store.runs(name) == ["cancelled"]
        assert [state for state, _, _ in slots(store, name)] == ["due"]
    again = daemons()
    for name in NAMES:
        wait_until(lambda: store.runs(name) == ["cancelled", "success"])
        wait_until(lambda: again.condition(name) == "healthy")
        assert [state for state, _, _ in slots(store, name)] == ["done"]
    assert store.query(f"SELECT DISTINCT started_by FROM {store.ledger('runs')} WHERE state = 'success'") == [("retry",)]
    assert again.stop()[0] == 0


class HangingCommit:
    """A table whose COMMIT waits for a lock that the test holds."""

    def __init__(self, store, table):  # noqa: F811
        store.query(f"""CREATE FUNCTION wait_for_42() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$;
                        CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION wait_for_42()""")
        self.store, self.session = store, Session(store)

    def __enter__(self):
        self.session.do("SELECT pg_advisory_lock(42)")
        return self

    def __exit__(self, *_):
        self.session.__exit__()

    def wait(self):
        wait_until(lambda: self.store.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") != [])

    def release(self):
        self.session.do("SELECT pg_advisory_unlock(42)")


@pytest.fixture
def hanging(project, api, postgres):  # noqa: F811
    """The table is there; a record more makes the next run's COMMIT hang."""
    project.collector("items")
    api.answer = items(1, 2, 3)
    assert project.collect("items").summary() == (0, "success")
    api.answer = items(1, 2, 3, 4)
    with HangingCommit(postgres, "items") as commit:
        yield commit


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_waits_for_nothing(project, daemons, hanging, number, code):  # noqa: F811
    project.collector("items", schedule="* * * * * *")
    daemon = daemons()
    hanging.wait()
    daemon.send(number)
    daemon.wait_for("waiting for a commit under way")
    assert daemon.process.poll() is None
    assert daemon.get("/readyz") == (503, "not ready: stopping\n")
    daemon.send(signal.SIGHUP)  # reloads nothing, and ends nothing
    ended, took = daemon.stop(number)
    assert ended == code and took < 10 * STOP_PROMISE


def test_a_commit_under_way_is_finished(project, daemons, hanging):  # noqa: F811
    project.collector("items", schedule="* * * * * *")
    daemon = daemons()
    hanging.wait()
    daemon.send(signal.SIGTERM)
    daemon.wait_for("stopping")
    hanging.release()
    assert daemon.wait() == 0
    assert hanging.store.runs("items") == ["success", "success"]
    assert hanging.store.query("SELECT count(*) FROM items") == [("4",)]


def test_a_run_beyond_its_timeout_is_stuck(project, daemons, hanging):  # noqa: F811
    """A COMMIT is not cut off: it is unknown what became of it. So the run is still there, and that is said."""
    project.collector("items", schedule="* * * * * *", timeout="1s")
    daemon = daemons()
    hanging.wait()
    wait_until(lambda: daemon.condition("items") == "stuck")
    assert daemon.lines("CRITICAL", "collector is stuck", "collector=items")
    hanging.release()
    wait_until(lambda: daemon.condition("items") == "healthy")


def test_a_foreign_program_that_holds_the_file_stops_no_stop(project, api, daemons, tmp_path):  # noqa: F811
    store = Sqlite(tmp_path / "pulse.db")  # noqa: F811
    project.settings(store)
    project.collector("items", schedule=hourly())
    api.answer = items(1, 2, 3)
    with api.hold() as held:
        daemon = daemons()
        held.wait()
        with closing(sqlite3.connect(store.path, isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")
            code, took = daemon.stop()
            foreign.execute("ROLLBACK")
    assert code == 0 and took < 10 * STOP_PROMISE
    assert daemon.lines("CRITICAL", "the end of the run could not be recorded")
    again = daemons()
    again.wait_for("run lost: its process ended without recording an end")
    assert store.runs("items")[0] == "lost"
    assert [state for state, _, _ in slots(store, "items")] == ["due"]
    assert again.stop()[0] == 0


def test_at_a_start_nothing_is_made_twice(project, api, daemons, store):  # noqa: F811
    """What ran is done until its next slot."""
    api.answer = items(1, 2, 3)
    project.collector("items", schedule={"every": "4w"})
    for _ in range(3):
        daemon = daemons()
        wait_until(lambda: daemon.condition("items") == "healthy")
        assert daemon.stop()[0] == 0
    assert store.runs("items") == ["success"]
    assert [state for state, _, _ in slots(store, "items")] == ["done"]
