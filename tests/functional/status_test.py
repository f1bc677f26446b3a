"""`pulse status`: how well the collectors are, for people, for programs, and live."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pytest
from conftest import END_SECONDS
from project import Project

UTF8 = {"LC_ALL": "C.UTF-8"}
ASCII = {"LC_ALL": "C"}
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


@pytest.fixture
def project(bin_dir, tmp_path):
    project = Project(bin_dir / "pulse", tmp_path, "http://127.0.0.1:1")
    project.config.write_text(json.dumps({"collectors": "collectors", "store": "sqlite:pulse.db", "logs": {"directory": "logs"}}))
    project.collector("items")
    return project


def test_a_broken_file_is_the_worst_and_hides_nobody(project):
    (project.folder / "collectors/broken.yaml").write_text("name: broken\nrequester: 7\n")
    done = project("status", environment=UTF8)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "⛔ broken — CANNOT RUN" and "broken.yaml:2:12" in lines[1]
    assert any(line.startswith("⚪ items — NEVER RAN") for line in lines)
    assert lines[lines.index("📊 SUMMARY") + 1:] == ["Total collectors: 2", "Healthy: 0", "Invalid: 1", "Never ran: 1"]
    assert project("status", "items").stdout.count("broken") == 0


def test_ascii_where_the_locale_is_no_utf8(project):
    done = project("status", environment=ASCII)
    assert done.returncode == 1 and done.stdout.isascii() and "[NEVER RAN] items - NEVER RAN" in done.stdout


def test_paused_is_not_unhealthy(project):
    project.collector("items", enabled=False)
    done = project("status", environment=UTF8)
    assert done.returncode == 0 and "💤 items — PAUSED" in done.stdout


def test_json_is_filtered_by_name(project):
    project.collector("others")
    done = project("status", "--json", "others")
    assert done.returncode == 1
    status = json.loads(done.stdout)
    assert status["program"] == "pulse" and status["totals"]["collectors"] == 1
    assert [it["name"] for it in status["collectors"]] == ["others"]
    assert [it["name"] for it in json.loads(project("status", "--json").stdout)["collectors"]] == ["items", "others"]


def test_what_cannot_be_answered(project):
    unknown = project("status", "item")
    assert unknown.returncode == 64 and 'did you mean "items"?' in unknown.stderr and not unknown.stdout
    assert project("status", "--watch", "--interval", "soon").returncode == 64
    assert project("status", "--watch", "--json").returncode == 64
    project.config.write_text("collectors: nowhere\n")
    nowhere = project("status")
    assert nowhere.returncode == 78 and "nowhere" in nowhere.stderr


class OnTerminal:
    """`pulse status --watch` on a terminal of 60 columns and 10 rows."""

    def __init__(self, project):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 60, 0, 0))
        self.process = project.start("status", "--watch", "--interval", "1s", stdin=slave, stdout=slave, stderr=slave,
                                     environment=UTF8 | {"TERM": "xterm"})
        os.close(slave)
        self.seen = b""

    def read_until(self, pattern):
        deadline = time.monotonic() + END_SECONDS
        while not re.search(pattern, self.seen, re.DOTALL):
            assert time.monotonic() < deadline, self.seen
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.master, 4096)
                except OSError:  # its last writer is gone
                    assert re.search(pattern, self.seen, re.DOTALL), self.seen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_screen_comes_back_after_a_signal(project, number, code):
    with OnTerminal(project) as terminal:
        terminal.read_until(rb"items.*items")  # drawn twice
        assert terminal.seen.startswith(ENTER) and terminal.seen.count(ENTER) == 1 and LEAVE not in terminal.seen
        terminal.process.send_signal(number)
        terminal.read_until(re.escape(LEAVE))
        assert terminal.process.wait(END_SECONDS) == code
    assert terminal.seen.endswith(LEAVE)


def test_the_screen_comes_back_after_a_quit(project):
    with OnTerminal(project) as terminal:
        terminal.read_until(rb"items")
        terminal.process.send_signal(signal.SIGQUIT)
        terminal.read_until(re.escape(LEAVE))
        assert terminal.process.wait(END_SECONDS) == -signal.SIGQUIT


def test_the_page_of_the_daemon_is_named(project):
    keys = json.loads(project.config.read_text())
    project.config.write_text(json.dumps(keys | {"listen": {"address": "127.0.0.1:18787"}}))
    with OnTerminal(project) as terminal:
        terminal.read_until(rb"http://127\.0\.0\.1:18787/")


def test_elsewhere_watch_says_each_change(project):
    with project.start("status", "--watch", "--interval", "1s", environment=UTF8) as process:
        assert re.fullmatch(r"\[.{19}\] items: never_ran\n", process.stdout.readline())
        project.collector("items", enabled=False)
        assert re.fullmatch(r"\[.{19}\] items: never_ran → paused\n", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(END_SECONDS) == 130
        assert process.stdout.read() == ""
