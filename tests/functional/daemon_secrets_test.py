"""What a daemon was told in confidence appears in nothing that it writes or serves."""

import json
import signal
from urllib.parse import quote

import pytest
from api import items
from daemon import daemons, every, hourly, project, ticks  # noqa: F401 (fixtures)
from project import Postgres, Sqlite, api, postgres_server, wait_until  # noqa: F401 (fixtures)
from secrets_test import forms

SECRETS = {"API_TOKEN": "t0ken+with/strange=signs", "PARAMETER": "para&meter s3cret", "LISTEN_TOKEN": "listen-t0ken-s3cret",
           "STORE_PASSWORD": "pg+passw0rd/s3cret"}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_secret_leaves(request, project, api, daemons, tmp_path, kind):  # noqa: F811
    secrets = [secret for name, secret in SECRETS.items() if kind == "postgresql" or name != "STORE_PASSWORD"]
    echo = " ".join(form for secret in secrets for form in forms(secret))

    def answer(asked):  # a server that tells everybody what it was told
        return {"/refused": json.dumps({"error": echo}).encode(),
                "/wrong": {"items": [{"id": echo, "name": "n"}]}}.get(asked.path, items(1, 2, 3))

    api.answer = answer
    password = quote(SECRETS["STORE_PASSWORD"], safe="")
    if kind == "sqlite":
        store = Sqlite(tmp_path / "pulse.db")
    else:
        server = request.getfixturevalue("postgres_server")
        server.query(f"CREATE ROLE planted LOGIN SUPERUSER PASSWORD '{SECRETS['STORE_PASSWORD']}'")
        store = Postgres(server, user="planted", password=SECRETS["STORE_PASSWORD"])
    project.settings(store, more={"store": store.setting.replace(password, "${STORE_PASSWORD_IN_URL}"),
                                  "listen": {"address": "127.0.0.1:0", "token": "${LISTEN_TOKEN}"},
                                  "logs": {"directory": "logs", "level": "debug"}})
    for name in ("tick", "refused", "wrong"):
        project.collector(name, schedule=every(1) if name == "tick" else hourly(), requester={
            "url_base": "https://api.example", "path": f"/{name}", "conditional": False, "request_parameters": {"key": "${PARAMETER}"},
            "authenticator": {"type": "bearer", "token": "${API_TOKEN}"},
            "error_handler": {"backoff": {"base": "1s", "cap": "1s", "max_attempts": 1}}})
    daemon = daemons(environment=SECRETS | {"STORE_PASSWORD_IN_URL": password})
    ticks(store, "tick")
    for name in ("refused", "wrong"):
        wait_until(lambda: store.runs(name) not in ([], ["running"]))
    good = project.config.read_text()
    project.config.write_text(good.replace("127.0.0.1:0", "somewhere"))
    daemon.send(signal.SIGHUP)
    daemon.wait_for("reload refused")
    project.config.write_text(good)

    token = SECRETS["LISTEN_TOKEN"]
    served = {path: daemon.get(path, token)[1].encode() for path in ("/", "/api/v1/status", "/metrics", "/readyz")}
    served["refused"] = daemon.get("/", "wr0ng")[1].encode()
    assert b"tick" in served["/"] and b"pulse_runs_total" in served["/metrics"]
    assert SECRETS["PARAMETER"] in api.asked("key"), "it did arrive where it belongs"
    assert daemon.stop()[0] == 0

    if kind == "postgresql":
        for (table,) in store.query("SELECT schemaname || '.' || tablename FROM pg_tables "
                                    "WHERE schemaname IN ('pulse', 'public')"):
            served[table] = "\n".join(map(str, store.query(f"SELECT * FROM {table}"))).encode()
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".yaml"}
    assert any(path.suffix == ".log" for path in written) and daemon.console in written
    for place, content in (written | served).items():
        for secret in secrets:
            for form in forms(secret):
                assert form.encode() not in content, f"{form!r} in {place}"
