"""SIGHUP: what the files say now counts, and what they cannot say any more changes nothing (SS4)."""

import signal

import pytest
from api import items
from daemon import daemons, every, hourly, project, ticks  # noqa: F401 (fixtures)
from project import api, postgres_server, store, wait_until  # noqa: F401 (fixtures)

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # where the engine changes nothing


@pytest.fixture
def ticking(project, api, store):  # noqa: F811
    """A collector that runs every second, whatever happens to others."""
    api.answer = items(1, 2, 3)
    project.collector("tick", schedule=every(1))


def reload(daemon, says):
    before = daemon.text().count(says)
    daemon.send(signal.SIGHUP)
    wait_until(lambda: daemon.text().count(says) > before)


def test_files_that_came_went_and_changed(project, api, daemons, store, ticking):  # noqa: F811
    for name in ("held", "rare", "removed"):
        project.collector(name, schedule=hourly())
    with api.hold(lambda request: request.path == "/held") as held:
        daemon = daemons()
        held.wait()
        wait_until(lambda: store.runs("rare") == store.runs("removed") == ["success"])
        project.collector("rare", schedule=every(1))
        project.collector("added", schedule=hourly())
        project.path("removed").unlink()
        reload(daemon, "INFO: reloaded collectors=4")
        ticks(store, "rare")
        wait_until(lambda: store.runs("added") == ["success"])
        assert daemon.is_ready() and daemon.collector("removed") is None and "removed" not in daemon.get("/")[1]
        assert store.runs("held") == ["running"] and held.count == 1
    wait_until(lambda: store.runs("held") == ["success"])
    wait_until(lambda: all(it["condition"] == "healthy" for it in daemon.status()["collectors"]))
    assert len(daemon.status()["collectors"]) == 4 and store.runs("removed") == ["success"]
    assert daemon.status()["warnings"] == []
    assert daemon.stop()[0] == 0


def test_what_runs_while_its_file_goes_is_finished(project, api, daemons, store, ticking):  # noqa: F811
    project.collector("held", schedule=hourly())
    with api.hold(lambda request: request.path == "/held") as held:
        daemon = daemons()
        held.wait()
        project.path("held").unlink()
        reload(daemon, "INFO: reloaded")
        ticks(store, "tick")
    wait_until(lambda: store.runs("held") == ["success"])
    assert daemon.collector("held") is None
    assert daemon.stop()[0] == 0


@on_sqlite
def test_a_faulty_pulse_yaml_changes_nothing(project, daemons, store, ticking):  # noqa: F811
    daemon = daemons()
    good = project.config.read_text()
    project.config.write_text("store: sqlite:elsewhere.db\nworkers: none\n")
    project.collector("added", schedule=hourly())
    reload(daemon, "reload refused")
    lines = daemon.lines("CRITICAL", "reload refused", "key=workers")
    assert len(lines) == 1 and "pulse.yaml:2:10" in lines[0]
    assert daemon.warned("The new configuration is faulty") and "The new configuration is faulty" in daemon.get("/")[1]
    ticks(store, "tick")
    assert daemon.is_ready() and daemon.collector("added") is None and not (project.folder / "elsewhere.db").exists()

    project.config.write_text(good)
    reload(daemon, "INFO: reloaded")
    assert daemon.status()["warnings"] == []
    wait_until(lambda: store.runs("added") == ["success"])
    assert daemon.stop()[0] == 0


@on_sqlite
def test_a_folder_that_is_gone_changes_nothing(project, daemons, store, ticking):  # noqa: F811
    daemon = daemons()
    folder = project.folder / "collectors"
    folder.rename(project.folder / "moved")
    reload(daemon, "reload refused")
    assert daemon.warned("The new configuration is faulty")
    ticks(store, "tick")
    (project.folder / "moved").rename(folder)
    reload(daemon, "INFO: reloaded")
    assert daemon.status()["warnings"] == []


@on_sqlite
def test_a_collector_whose_file_became_faulty_goes_on_as_it_was(project, daemons, store, ticking):  # noqa: F811
    daemon = daemons()
    ticks(store, "tick", 1)
    project.path("tick").write_text("name: tick\nschedule: never\n")
    reload(daemon, "INFO: reloaded")
    lines = daemon.lines("CRITICAL", "it goes on as it was", "collector=tick")
    assert len(lines) == 1 and "tick.yaml:2:11" in lines[0]
    assert daemon.warned("tick runs as it was before its file became faulty: ") and "tick.yaml:2:11" in daemon.get("/")[1]
    ticks(store, "tick")
    wait_until(lambda: daemon.condition("tick") == "healthy")
    reload(daemon, "INFO: reloaded")  # it stays as it was, as often as anybody asks
    ticks(store, "tick")

    project.collector("tick", schedule=every(1))
    reload(daemon, "INFO: reloaded")
    assert daemon.status()["warnings"] == []
    ticks(store, "tick")
    assert daemon.stop()[0] == 0


@on_sqlite
def test_a_faulty_file_is_mended(project, daemons, store, ticking):  # noqa: F811
    project.path("items").write_text("name: items\n")
    daemon = daemons()
    assert daemon.condition("items") == "invalid"
    project.collector("items", schedule=hourly())
    reload(daemon, "INFO: reloaded")
    wait_until(lambda: store.runs("items") == ["success"])
    wait_until(lambda: daemon.condition("items") == "healthy")
    assert daemon.stop()[0] == 0
