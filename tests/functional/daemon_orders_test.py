"""`pulse collect` beside a daemon that does it: what it reads after a reload, and what is said when it cannot begin."""

import json
import signal
import socket
from contextlib import suppress

import pytest
from api import items
from daemon import daemons, hourly, project  # noqa: F401 (fixtures)
from project import api, postgres_server, store, wait_until  # noqa: F401 (fixtures)

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # else no daemon is asked


def connect(project):  # noqa: F811
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(f"{project.database}.sock")
    return client


def request(*names):
    arguments = {"names": names, "wait": "600s"}
    return json.dumps({"version": 1, "command": "collect", "arguments": arguments}).encode() + b"\n"


def test_after_a_reload_the_new_files_count(project, api, daemons, store):  # noqa: F811
    api.answer = items(1, 2, 3)
    project.settings(store, more={"collectors": "collectors"})
    project.collector("before", schedule=hourly())
    daemon = daemons()
    wait_until(lambda: store.runs("before") == ["success"])
    (project.folder / "collectors").rename(project.folder / "moved")
    project.settings(store, more={"collectors": "moved", "overrides": {"before": {"destination.table": "elsewhere"}}})
    (project.folder / "collectors").mkdir()
    project.collector("added", requester={
        "url_base": "https://api.example", "path": "/added",
        "authenticator": {"type": "bearer", "token": "${NEW_TOKEN}"}})
    project.path("added").rename(project.folder / "moved" / "added.yaml")
    (project.folder / ".env").write_text("NEW_TOKEN=a-secret-that-came-later\n")
    (project.folder / ".env").chmod(0o600)
    daemon.send(signal.SIGHUP)
    daemon.wait_for("INFO: reloaded")
    done = project("collect", "added", "before")
    assert done.returncode == 0, done.stderr
    assert store.runs("added") == ["success"] and store.has("elsewhere")


def test_what_is_in_the_way_is_said(project, api, daemons, store):  # noqa: F811
    api.answer = items(1, 2, 3)
    project.settings(store, more={"workers": 1})
    project.collector("held", schedule=hourly())
    project.collector("other")
    with api.hold(lambda request: request.path == "/held") as held:
        daemons()
        held.wait()
        done = project("collect", "other", "--wait", "0")
        assert done.returncode == 75 and "all workers of the daemon are busy (1 of 1" in done.stdout, done.stdout
        done = project("collect", "held", "--wait", "0")
        assert done.returncode == 75 and "the daemon is collecting it already" in done.stdout, done.stdout


def test_who_waits_can_be_interrupted_at_once(project, api, daemons, store):  # noqa: F811
    """Without that the daemon would notice it when something is due, which here is in an hour."""
    api.answer = items(1, 2, 3)
    project.collector("held", schedule=hourly(), concurrency_group="g")
    project.collector("a-quick")
    project.collector("third")
    project.collector("other", concurrency_group="g")
    with api.hold(lambda request: request.path == "/held") as held:
        daemon = daemons()
        held.wait()
        with connect(project) as client, client.makefile("r", encoding="utf-8") as lines:
            client.sendall(request("a-quick", "other"))
            while "a-quick: success" not in json.loads(lines.readline()).get("output", ""):
                pass
            assert project("collect", "third").returncode == 0  # meanwhile the other one has come to wait
            client.sendall(b'{"cancel": true}\n')
            client.settimeout(20)  # the scheduler looks once a minute by itself
            answers = [json.loads(line) for line in lines]
        assert "end" in answers[-1] and store.runs("other") == []
    wait_until(lambda: store.runs("held") == ["success"])
    assert daemon.stop()[0] == 0


def test_who_asks_a_daemon_that_stops_is_refused(project, daemons, store):  # noqa: F811
    project.collector("items")
    daemon = daemons()
    with connect(project) as client, client.makefile("r", encoding="utf-8") as lines:
        daemon.send(signal.SIGTERM)
        daemon.wait_for("INFO: stopping")
        answers = []
        with suppress(ConnectionError):  # it may have ended already
            client.sendall(request("items"))
            answers = [json.loads(line) for line in lines]
    assert daemon.wait() == 0
    assert [it["error"]["code"] for it in answers] in ([], ["unavailable"])
    assert store.runs("items") == []
