"""Seventy-nine commands at once on one SQLite store (SQ1, SQ2), with a daemon that holds it and without one."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest
from project import Project, Sqlite, wait_until
from project import api  # noqa: F401 (a fixture, handed on)

COLLECTORS = [f"items-{number}" for number in range(12)]
COMMANDS = 79


@pytest.fixture
def project(bin_dir, tmp_path, api):  # noqa: F811
    it = Project(bin_dir / "pulse", tmp_path, api.url)
    it.store = Sqlite(tmp_path / "pulse.db")
    it.settings(it.store)
    settings = json.loads(it.config.read_text())
    it.config.write_text(json.dumps(settings | {"listen": {"address": "off"}, "workers": 4}))
    api.answer = {"items": [{"id": n, "name": f"item {n}"} for n in range(5)]}
    for name in COLLECTORS:
        it.collector(name, table=name.replace("-", "_"))
    return it


@contextmanager
def daemon(project):
    log = project.folder / "daemon.log"
    with open(log, "wb") as stderr, project.start("run", stderr=stderr) as process:
        wait_until(lambda: " ready " in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield
        process.terminate()
        assert process.wait(60) == 0, log.read_text()


def arguments(number, wait):
    """Two of three collect; the others look."""
    name = COLLECTORS[number * 2 // 3 % len(COLLECTORS)]
    looks = [["runs", "--json"], ["status", "--json"], ["validate"], ["next", "0 3 * * *"], ["runs", name]]
    return ["collect", name, "--json", "--wait", wait] if number % 3 else looks[number // 3 % len(looks)]


@pytest.mark.parametrize("with_daemon", [True, False], ids=["daemon", "alone"])
@pytest.mark.parametrize("wait", ["10m", "0"])
def test_all_at_once(project, with_daemon, wait):
    assert project("collect", COLLECTORS[0]).returncode == 0  # so that there is something to look at
    before = len(project.store.query("SELECT id FROM pulse_runs"))
    with daemon(project) if with_daemon else nullcontext(), ThreadPoolExecutor(COMMANDS) as threads:
        all_arguments = [arguments(number, wait) for number in range(COMMANDS)]
        done = list(threads.map(lambda it: project(*it, timeout=300), all_arguments))
    collected = [it for it, words in zip(done, all_arguments) if words[0] == "collect"]
    looked = [it for it, words in zip(done, all_arguments) if words[0] != "collect"]

    assert not [it.stderr for it in done if "database is locked" in it.stderr or "Traceback" in it.stderr]
    # Health is another matter than whether it could be read: most collectors never ran when it was asked for.
    assert {it.returncode for it in looked} <= {0, 1}
    assert {it.returncode for it in collected} <= ({0} if wait == "10m" else {0, 75})
    zeros = [it for it in collected if it.returncode == 0]
    runs = [json.loads(it.stdout)[0]["run"] for it in zeros]
    on_record = project.store.query(f"SELECT id FROM pulse_runs WHERE state = 'success' ORDER BY started_at LIMIT -1 OFFSET {before}")
    assert sorted(runs) == sorted(run for (run,) in on_record) and zeros
    assert project.store.query("SELECT count(*) FROM pulse_runs WHERE state <> 'success'") == [("0",)]
    for name in COLLECTORS if wait == "10m" else []:
        assert project.store.query(f"SELECT count(*) FROM {name.replace('-', '_')}") == [("5",)]
