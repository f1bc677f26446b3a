"""`pulse collect` while a daemon holds the SQLite store: done by the daemon, through its socket (SQ1)."""

import fcntl
import json
import os
import signal
import socket
import threading

import pytest


class Daemon:
    """Listens as the daemon does, and answers as the test says."""

    def __init__(self, path):
        self.path = str(path) + ".sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(60)
        self.listener.bind(self.path)
        self.listener.listen(10)

    def accept(self):
        client, _ = self.listener.accept()
        client.settimeout(60)
        return client, client.makefile("r", encoding="utf-8", newline="\n")

    def end(self):
        os.unlink(self.path)
        self.listener.close()


def say(client, *answers):
    for answer in answers:
        client.sendall(json.dumps(answer).encode() + b"\n")


@pytest.fixture
def daemon(pulse):
    daemon = Daemon(pulse.database)
    yield daemon
    if os.path.exists(daemon.path):
        daemon.end()


def test_the_daemon_does_it(pulse, daemon):
    (pulse.folder / "own.yaml").write_text("name: own\n")
    with pulse.start("collect", "cisa-kev", "own.yaml", "--set", "timeout=1m", "--resume", "--json", "--wait", "90s") as process:
        client, lines = daemon.accept()
        request = json.loads(lines.readline())
        say(client, {"accepted": True},
            {"progress": {"collector": "cisa-kev", "phase": "stage", "rows": 3, "records": 4}},
            {"message": "a warning\n"}, {"output": "[1, "}, {"output": "2]\n"}, {"end": {"code": 3}})
        client.close()
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (3, "[1, 2]\n", "a warning\n")
    assert request["version"] == 1 and request["command"] == "collect" and request["program"]
    wait = request["arguments"].pop("wait")
    assert 80 <= int(wait.rstrip("s")) <= 90
    assert request["arguments"] == {"names": ["cisa-kev", str(pulse.folder / "own.yaml")], "set": ["timeout=1m"],
                                    "fresh": False, "resume": True, "json": True}
    assert not pulse.database.exists()


def test_a_signal_cancels_and_waits_for_the_end(pulse, daemon):
    with pulse.start("collect", "cisa-kev") as process:
        client, lines = daemon.accept()
        lines.readline()
        say(client, {"accepted": True})
        process.send_signal(signal.SIGINT)
        assert json.loads(lines.readline()) == {"cancel": True}
        say(client, {"output": "cisa-kev: cancelled\n"}, {"end": {"code": 3}})
        output, _ = process.communicate(timeout=60)
        assert lines.readline() == "", "once"
    assert (process.returncode, output) == (130, "cisa-kev: cancelled\n")


def test_a_daemon_that_dies_in_the_middle(pulse, daemon):
    with pulse.start("collect", "cisa-kev") as process:
        client, lines = daemon.accept()
        lines.readline()
        say(client, {"accepted": True})
        lines.close()
        client.close()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 69 and "`pulse runs` shows what became of the run" in errors


def test_a_daemon_that_ends_before_it_took_the_request(pulse, daemon):
    with pulse.start("collect", "cisa-kev") as process:
        client, lines = daemon.accept()
        lines.close()
        client.close()
        daemon.end()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "success" in output
    assert pulse.rows("SELECT state FROM pulse_runs") == [("success",)]


def test_a_stale_socket(pulse, daemon):
    daemon.listener.close()
    assert pulse("collect", "cisa-kev").returncode == 0


def test_a_daemon_that_has_the_lock_and_listens_later(pulse):
    with open(str(pulse.database) + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert pulse("collect", "cisa-kev", "--wait", "0").returncode == 75
        with pulse.start("collect", "cisa-kev", "--wait", "10m") as process:
            for line in process.stderr:
                if "waiting for the database" in line:
                    break
            daemon = Daemon(pulse.database)
            client, lines = daemon.accept()
            lines.readline()
            say(client, {"accepted": True}, {"output": "done\n"}, {"end": {"code": 0}})
            client.close()
            output, _ = process.communicate(timeout=60)
            daemon.end()
    assert (process.returncode, output) == (0, "done\n")


def test_a_daemon_that_refuses(pulse, daemon):
    with pulse.start("collect", "cisa-kev") as process:
        client, lines = daemon.accept()
        lines.readline()
        say(client, {"error": {"code": "invalid_data", "message": "the daemon is version 0.1.0"}})
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 69 and "the daemon is version 0.1.0" in errors


def test_dry_runs_ask_no_daemon(pulse, daemon):
    assert pulse("collect", "cisa-kev", "--dry-run").returncode == 0
