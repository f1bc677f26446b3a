"""How `pulse run` begins: with a faulty file among good ones, without its database, beside another one (SS1, SS3)."""

import json
import signal
import socket

import pytest
from api import items
from daemon import STOP_PROMISE, daemons, every, hourly, project, ticks  # noqa: F401 (fixtures)
from postgres import PostgresServer
from project import Postgres, Sqlite, api, postgres_server, store, wait_until  # noqa: F401 (fixtures)


def test_one_broken_file_of_twenty(project, api, daemons, store):  # noqa: F811
    api.answer = items(1, 2, 3)
    good = [f"c{number:02}" for number in range(19)]
    for name in good:
        project.collector(name, schedule=hourly())
    broken = project.path("broken")
    broken.write_text("name: broken\nrequester:\n  url_base: 7\n")
    daemon = daemons()
    for name in good:
        wait_until(lambda: store.runs(name) == ["success"])
        assert store.query(f"SELECT count(*) FROM {name}") == [("3",)]
    where = "broken.yaml:3:13"
    lines = daemon.lines("CRITICAL", "collector=broken")
    assert any(where in line and "it does not run" in line for line in lines), lines
    wait_until(lambda: sum(it["condition"] == "healthy" for it in daemon.status()["collectors"]) == 19)
    shown = daemon.status()
    assert shown["totals"]["conditions"] == {"healthy": 19, "invalid": 1}
    assert where in daemon.collector("broken")["error"] and where in daemon.get("/")[1]
    assert daemon.is_ready()
    asked = project("status")
    assert asked.returncode == 1
    assert asked.stdout.count("CANNOT RUN") == 1 and where in asked.stdout
    assert [it["condition"] for it in json.loads(project("status", "--json").stdout)["collectors"]].count("healthy") == 19
    assert store.runs("broken") == []
    assert daemon.stop()[0] == 0


def test_a_faulty_pulse_yaml_is_the_only_thing_that_stops_it(project, api, tmp_path):  # noqa: F811
    project.settings(Sqlite(tmp_path / "pulse.db"))
    project.config.write_text("collectors: nowhere\nwrokers: 3\n")
    done = project("run")
    assert done.returncode == 78 and "pulse.yaml:2:1" in done.stderr


@pytest.fixture
def server():
    with PostgresServer() as it:
        yield it


def test_a_database_that_comes_late_and_goes_again(project, api, daemons, server):  # noqa: F811
    """One server of its own, for others must not see it stop."""
    api.answer = items(1, 2, 3)
    store = Postgres(server)  # noqa: F811
    project.settings(store)
    project.collector("items", schedule=every(1))
    server.stop()

    daemon = daemons(ready=False)
    daemon.wait_for("waiting for the store")
    assert daemon.get("/healthz")[0] == 200
    code, why = daemon.get("/readyz")
    assert code == 503 and "the store cannot be used" in why and str(server.port) in why
    assert daemon.warned("The store cannot be used") and "The store cannot be used" in daemon.get("/")[1]
    assert daemon.lines("CRITICAL", "waiting for the store", "reason=")
    project.collector("later", schedule=hourly())
    daemon.send(signal.SIGHUP)
    daemon.wait_for("INFO: reloaded collectors=2")

    server.start()
    daemon.wait_for("INFO: ready")
    assert daemon.is_ready() and daemon.status()["warnings"] == []
    ticks(store, "items")
    wait_until(lambda: daemon.condition("later") == "healthy")

    server.stop("immediate")
    wait_until(lambda: not daemon.is_ready())
    assert daemon.get("/healthz")[0] == 200
    assert "the store does not answer" in daemon.get("/readyz")[1]
    assert daemon.warned("The store does not answer since") and daemon.lines("CRITICAL", "the store does not answer")
    known = daemon.collector("later")
    project.collector("latest", schedule=hourly())
    daemon.send(signal.SIGHUP)
    daemon.wait_for("INFO: reloaded collectors=3")
    assert daemon.collector("later") == known  # what the ledger said before, until it is asked again
    server.start()
    wait_until(daemon.is_ready)
    assert daemon.lines("INFO", "the store answers again")
    ticks(store, "items")
    wait_until(lambda: daemon.status()["warnings"] == [])

    wait_until(lambda: store.runs("latest") == ["success"])

    server.stop()
    wait_until(lambda: not daemon.is_ready())
    code, took = daemon.stop()
    assert code == 0 and took < 10 * STOP_PROMISE


@pytest.mark.parametrize("kind", ["nobody listens", "nobody answers"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_waiting_for_a_database(project, api, daemons, kind, number):  # noqa: F811
    project.collector("items", schedule=hourly())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind == "nobody answers":
            listener.listen(64)

        class Nowhere:
            setting = f"postgresql://pulse@127.0.0.1:{listener.getsockname()[1]}/pulse"

        project.settings(Nowhere)
        daemon = daemons(ready=False)
        if kind == "nobody listens":
            daemon.wait_for("waiting for the store")
        assert daemon.get("/readyz")[0] == 503 and daemon.get("/healthz")[0] == 200
        code, took = daemon.stop(number)
        assert code == 0 and took < 10 * STOP_PROMISE


def test_a_second_daemon_of_one_file_is_a_mistake(project, api, daemons, tmp_path):  # noqa: F811
    api.answer = items(1, 2, 3)
    store = Sqlite(tmp_path / "pulse.db")  # noqa: F811
    project.settings(store)
    project.collector("items", schedule=every(1))
    first = daemons()
    done = project("run")
    assert done.returncode == 75 and "FATAL: another pulse run is at work" in done.stderr
    assert str(first.process.pid) in done.stderr
    ticks(store, "items")
    assert first.stop()[0] == 0


def test_a_file_that_a_command_holds_is_waited_for(project, api, daemons, tmp_path):  # noqa: F811
    api.answer = items(1, 2, 3)
    store = Sqlite(tmp_path / "pulse.db")  # noqa: F811
    project.settings(store)
    project.collector("items", schedule=every(1))
    with api.hold() as held, project.begin("items") as running:
        held.wait()
        daemon = daemons(ready=False)
        daemon.wait_for("waiting for the store")
        assert str(running.process.pid) in daemon.lines("CRITICAL", "waiting for the store")[0]
        assert daemon.get("/readyz")[0] == 503 and str(running.process.pid) in daemon.get("/readyz")[1]
        held.release()
        assert running.end().code == 0
    daemon.wait_for("INFO: ready")
    ticks(store, "items")
    assert daemon.status()["warnings"] == []
    assert daemon.stop()[0] == 0


def test_an_address_that_is_taken(project, api, tmp_path):  # noqa: F811
    """Said at once, and not waited for: two on one address are a mistake."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        project.settings(Sqlite(tmp_path / "pulse.db"), more={"listen": {"address": address}})
        project.collector()
        done = project("run")
    assert done.returncode == 69 and "FATAL: the status page cannot be shown" in done.stderr and address in done.stderr
