"""`pulse doctor`: everything that can be known before the first run."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import time

import pytest
from project import Postgres, Project, Sqlite
from project import postgres_server  # noqa: F401 (a fixture)

LISTEN = 8787
UTF8 = {"LC_ALL": "C.UTF-8"}


@pytest.fixture
def project(bin_dir, tmp_path):
    project = Project(bin_dir / "pulse", tmp_path, "http://127.0.0.1:1")
    project.settings(Sqlite(tmp_path / "pulse.db"))
    project.collector("items")
    return project


def examine(project, *arguments):
    """Exit code, and the findings by check; the port is the machine's, who may have it in use."""
    done = project("doctor", "--json", *arguments)
    findings = [it for it in json.loads(done.stdout) if it["check"] != "listen"]
    return done.returncode, {it["check"]: it for it in findings}


def states(findings):
    return {check: it["state"] for check, it in findings.items()}


def port_is_free():
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", LISTEN))
        except OSError:
            return False
    return True


def test_all_is_well_and_nothing_is_made(project):
    before = sorted(project.folder.rglob("*"))
    _, findings = examine(project)
    assert set(states(findings).values()) == {"ok"}
    assert sorted(project.folder.rglob("*")) == before
    assert {"settings", "collectors", "secrets", "store", "disk of store", "log folder", "disk of the log", "time zones",
            "clock"} <= set(findings)
    text = project("doctor", environment=UTF8).stdout
    assert re.search(r"^✅ settings — .*pulse\.yaml is valid$", text, re.MULTILINE)
    assert project("doctor", environment={"LC_ALL": "C"}).stdout.isascii()


def test_the_exit_code_when_all_is_well(project):
    if not port_is_free():
        pytest.skip("somebody has the port")
    assert project("doctor").returncode == 0


def listening(project, **listen):
    """The exit code, and what is said of the address."""
    keys = json.loads(project.config.read_text())
    project.config.write_text(json.dumps(keys | {"listen": listen}))
    done = project("doctor", "--json")
    return done.returncode, [(it["state"], it["message"]) for it in json.loads(done.stdout) if it["check"] == "listen"]


def test_the_address_that_the_settings_name(project):
    assert listening(project, address="off") == (0, [])
    assert listening(project, address="127.0.0.1:0") == (0, [("ok", "127.0.0.1:0: any free port")])
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert listening(project, address=f"127.0.0.1:{port}") == (78, [("wrong", f"another program has 127.0.0.1:{port}")])
    assert listening(project, address=f"127.0.0.1:{port}") == (0, [("ok", f"127.0.0.1:{port} is free")])
    code, ((state, message),) = listening(project, address="0.0.0.0:8787")
    assert (code, state) == (78, "wrong") and "other machines could read everything" in message
    assert listening(project, address="0.0.0.0:0", token="k" * 16)[0] == 0


def test_a_wrong_setting(project):
    project.config.write_text("stoer: sqlite:x.db\nlogs: {level: loud}\n")
    code, _ = examine(project)
    done = project("doctor", environment=UTF8)
    assert code == done.returncode == 78
    assert "pulse.yaml:1:1" in done.stdout and "pulse.yaml:2:15" in done.stdout and done.stdout.count("❌ settings") == 2


def test_a_faulty_collector_and_a_missing_secret(project):
    project.collector("broken", requester=7)
    project.collector("keyed", requester={"url_base": "https://api.example", "path": "/",
                                          "authenticator": {"type": "bearer", "token": "${KEY_OF_TESTS}"}})
    project.collector("free", requester={"url_base": "https://api.example", "path": "/",
                                         "authenticator": {"type": "bearer", "token": "${OTHER_KEY}", "optional": True}})
    done = project("doctor", environment=UTF8)
    assert done.returncode == 78
    assert re.search(r"❌ collectors — \S*broken\.yaml:1:\d+: ", done.stdout)
    assert "❌ secrets — KEY_OF_TESTS is not set; needed by keyed; " in done.stdout
    assert "2 of 4 are valid" in done.stdout and "OTHER_KEY is not set" not in done.stdout
    with_key = project("doctor", environment=UTF8 | {"KEY_OF_TESTS": "s3cr3t-key"})
    assert "optional and not set: OTHER_KEY" in with_key.stdout and "s3cr3t-key" not in with_key.stdout


def test_no_settings_file_is_only_a_warning(bin_dir, project, tmp_path):
    folder = tmp_path / "elsewhere"
    (folder / "collectors").mkdir(parents=True)
    (folder / "collectors/items.yaml").write_text((project.folder / "collectors/items.yaml").read_text())
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([str(bin_dir / "pulse"), "doctor", "--json"], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=60)
    first = json.loads(done.stdout)[0]
    assert first["check"] == "settings" and first["state"] == "warning" and "pulse init" in first["remedy"]


def test_a_store_of_a_newer_program_and_one_that_is_none(project):
    project.collector("items")
    store = project.folder / "pulse.db"
    with sqlite3.connect(store) as connection:
        connection.execute("CREATE TABLE pulse_schema_migrations (version INTEGER PRIMARY KEY, name TEXT, sha256 TEXT, "
                           "applied_at TEXT)")
        connection.execute("INSERT INTO pulse_schema_migrations VALUES (999, 'x', 'x', 'x')")
    code, findings = examine(project)
    assert code == 78 and "999" in findings["store, its ledger"]["message"]
    store.write_bytes(b"x" * 5000)
    code, findings = examine(project)
    assert code == 69 and "not a database" in findings["store"]["message"]


def test_paths_that_cannot_be_used(project):
    (project.folder / "file").write_text("")
    project.config.write_text(json.dumps({"store": "sqlite:file/pulse.db", "collectors": "collectors",
                                          "logs": {"directory": "file"}, "databases": {"wh": "sqlite:wh.db"}}))
    code, findings = examine(project)
    assert code == 78
    assert states(findings)["folder of store"] == states(findings)["log folder"] == "wrong"
    assert states(findings)["wh"] == "ok"


def test_a_postgresql_store(project, postgres_server):
    store = Postgres(postgres_server)
    project.settings(store, warehouse=Sqlite(project.folder / "warehouse.db"))
    _, findings = examine(project)
    assert set(states(findings).values()) == {"ok"}
    assert re.search(r"version 1\d$", findings["store"]["message"])
    assert findings["clock of store"]["state"] == "ok" and "none yet" in findings["store, its ledger"]["message"]
    assert not store.has("pulse.schema_migrations"), "nothing is made"
    postgres_server.query(f"ALTER DATABASE {store.name} SET default_transaction_read_only = on")
    code, findings = examine(project)
    assert code == 78 and "default_transaction_read_only" in findings["store"]["message"]


def test_a_postgresql_server_that_does_not_answer(project, postgres_server):
    silent = socket.create_server(("127.0.0.1", 0))  # connects, and says nothing
    with silent, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = "postgresql://pulse:pass-w0rd@127.0.0.1:{}/pulse"
        project.config.write_text(json.dumps({"store": url.format(silent.getsockname()[1]), "collectors": "collectors",
                                              "databases": {"down": url.format(closed.getsockname()[1])}}))
        began = time.monotonic()
        code, findings = examine(project)
        assert time.monotonic() - began < 60
    if port_is_free():
        assert code == 69
    assert states(findings)["store"] == states(findings)["down"] == "unreachable"
    assert "pass-w0rd" not in json.dumps(findings)


def test_a_wrong_password_is_a_setting(project, postgres_server):
    project.settings(Postgres(postgres_server, password="wrong-w0rd"))
    code, findings = examine(project)
    assert code == 78 and findings["store"]["state"] == "wrong"
    assert "wrong-w0rd" not in json.dumps(findings)
