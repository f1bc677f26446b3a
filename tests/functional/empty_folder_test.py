"""`pulse run` before there are collectors."""

import json
import signal
import threading
import urllib.request

import pytest
from conftest import END_SECONDS
from project import Project


@pytest.fixture
def project(bin_dir, tmp_path):
    project = Project(bin_dir / "pulse", tmp_path, "http://127.0.0.1:1")
    project.config.write_text(json.dumps({"collectors": "collectors", "store": "sqlite:pulse.db", "logs": {"directory": "logs"},
                                          "listen": {"address": "127.0.0.1:0"}}))
    return project


def read_until(process, words):
    """The line of stderr with these words; the program is ended if it says nothing."""
    patience = threading.Timer(END_SECONDS, process.kill)
    patience.start()
    seen = []
    for line in process.stderr:
        seen.append(line)
        if words in line:
            patience.cancel()
            return line
    raise AssertionError("".join(seen))


def status(address):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{address}/api/v1/status", timeout=END_SECONDS) as answer:
        return json.load(answer)


def test_it_runs_with_none_and_takes_up_what_comes(project):
    with project.start("run") as process:
        try:
            read_until(process, "WARNING: the folder of collectors is empty; SIGHUP after adding some")
            address = read_until(process, "listening address=").rpartition("=")[2].strip()
            read_until(process, "ready collectors=0")
            empty = status(address)
            assert empty["collectors"] == []
            assert any("holds no collector files yet" in it for it in empty["warnings"])
            project.collector("items", enabled=False)
            process.send_signal(signal.SIGHUP)
            read_until(process, "reloaded collectors=1")
            full = status(address)
            assert [it["name"] for it in full["collectors"]] == ["items"] and full["warnings"] == []
            assert {"running_since", "last_success"} <= set(full["collectors"][0])
            (project.folder / "collectors/items.yaml").unlink()
            process.send_signal(signal.SIGHUP)
            read_until(process, "reloaded collectors=0")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=END_SECONDS)
            assert process.returncode == 0
        finally:
            process.kill()


def test_elsewhere_an_empty_folder_is_a_fault(project):
    for command in ("validate", "collect"):
        assert project(command, *(["items"] if command == "collect" else [])).returncode == 78
    project.config.write_text(json.dumps({"collectors": "nowhere", "store": "sqlite:pulse.db"}))
    assert project("run").returncode == 78
