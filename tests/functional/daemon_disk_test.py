"""A disk runs full under a daemon that logs and collects: it says so, breaks nothing, and goes on when there is space again.

The disk is a small tmpfs; without the right to mount one the test is skipped."""

import re

import pytest
from api import items
from daemon import daemons, every, project, ticks  # noqa: F401 (fixtures)
from project import Sqlite, api, wait_until  # noqa: F401 (fixtures)
from small_disk import filled, small_disk

SIZE = 4 << 20
ROWS = 200


@pytest.fixture
def disk(tmp_path):
    yield from small_disk(tmp_path, SIZE)


def says_whole_lines(file):
    """What was torn when the space ran out stands alone; whatever came later is whole."""
    lines = file.read_text(encoding="utf-8").splitlines()
    odd = [line for line in lines if not re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] [A-Z]+: \S", line)]
    assert len(odd) <= 1, odd
    return lines


def whole(store):  # noqa: F811
    """Of each collector: what its committed slices inserted, and what is in its table, all of complete answers."""
    assert store.query("PRAGMA integrity_check") == [("ok",)]
    for name in ("one", "two"):
        (said,), = store.query("SELECT coalesce(sum(inserted), 0) FROM pulse_slices "
                               f"WHERE collector = '{name}' AND state = 'committed'")
        (there,), = store.query(f"SELECT count(*) FROM {name}")
        assert said == there and int(there) % ROWS == 0, (name, said, there)


def test_a_full_disk(project, api, daemons, disk):  # noqa: F811
    """Each answer brings new rows; the database and the logs lie on the disk that runs full."""
    counter = iter(range(10**9))
    text = "x" * 40

    def answer(_):
        first = next(counter) * ROWS
        return {"items": [{"id": number, "name": f"{text}{number}"} for number in range(first, first + ROWS)]}

    api.answer = answer
    store = Sqlite(disk / "pulse.db")
    project.settings(store, more={"logs": {"directory": str(disk / "logs"), "level": "debug"}})
    for name in ("one", "two"):
        project.collector(name, schedule=every(1))
    daemon = daemons()
    ticks(store, "one", 1)
    ticks(store, "two", 1)

    with filled(disk):
        wait_until(lambda: daemon.lines("CRITICAL", "full"))
        wait_until(lambda: any("full" in warning for warning in daemon.status()["warnings"]))
        assert "full" in daemon.get("/")[1]
        assert daemon.get("/healthz")[0] == 200
        committed = store.query("SELECT run, slice FROM pulse_slices WHERE state = 'committed'")
        whole(store)

    ticks(store, "one")
    ticks(store, "two")
    wait_until(lambda: daemon.status()["warnings"] == [])
    wait_until(lambda: all(it["condition"] == "healthy" for it in daemon.status()["collectors"]))
    assert set(committed) <= set(store.query("SELECT run, slice FROM pulse_slices WHERE state = 'committed'"))
    assert daemon.stop()[0] == 0
    whole(store)
    assert set(store.runs("one") + store.runs("two")) <= {"success", "failed", "lost", "cancelled"}
    assert "FINISHED: one" in "\n".join(says_whole_lines(disk / "logs/one.log")[-40:])  # the stop may have cancelled one


def test_a_full_disk_of_the_logs_alone(project, api, daemons, tmp_path, disk):  # noqa: F811
    """The runs go on, and somebody says that their log does not."""
    api.answer = items(1, 2, 3)
    store = Sqlite(tmp_path / "pulse.db")
    project.settings(store, more={"logs": {"directory": str(disk / "logs")}})
    project.collector("one", schedule=every(1))
    daemon = daemons()
    ticks(store, "one", 1)
    with filled(disk):
        daemon.wait_for("CRITICAL: lines of the log files are lost")
        assert daemon.warned("The log files in") and "The log files in" in daemon.get("/")[1]
        ticks(store, "one")
        assert daemon.condition("one") == "healthy" and daemon.is_ready()
    before = (disk / "logs/one.log").stat().st_size
    ticks(store, "one")
    assert daemon.stop()[0] == 0
    assert len(daemon.lines("lines of the log files are lost")) == 1
    assert (disk / "logs/one.log").stat().st_size > before
    says_whole_lines(disk / "logs/one.log")
