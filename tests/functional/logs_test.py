"""`pulse logs`: the log of a collector as it is, and as it grows."""

import datetime
import gzip
import json
import signal

import pytest
from conftest import END_SECONDS
from project import Project


def line(minutes_ago, text):
    """As the program writes it; its zone is set to UTC."""
    time = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes_ago)
    return f"[{time:%Y-%m-%d %H:%M:%S}] INFO: {text}\n"


@pytest.fixture
def project(bin_dir, tmp_path):
    project = Project(bin_dir / "pulse", tmp_path, "http://127.0.0.1:1")
    project.config.write_text(json.dumps({"collectors": "collectors", "logs": {"directory": "logs", "timezone": "UTC"}}))
    project.collector("items")
    project.logs.mkdir()
    return project


def test_last_lines_over_packed_days(project):
    with gzip.open(project.logs / "items-2025-11-20.log.gz", "wt") as file:
        file.write("".join(f"packed {n}\n" for n in range(40)))
    (project.logs / "items-2025-11-21.log").write_text("".join(f"finished {n}\n" for n in range(10)))
    (project.logs / "items.log").write_text('{"time":"2025-11-22T10:30:02.000Z","level":"INFO","event":"json"}\nlast\n')
    (project.logs / "others.log").write_text("of others\n")
    done = project("logs", "items")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 50 and not done.stderr
    assert lines[0] == "packed 2" and lines[37] == "packed 39" and lines[38] == "finished 0" and lines[-1] == "last"
    assert project("logs", "items", "--lines", 1).stdout == "last\n"
    assert len(project("logs", "items", "--lines", 1000).stdout.splitlines()) == 52


def test_since(project):
    lines = [line(300, "too old"), line(90, "of this time"), "  and what belongs to it\n", line(1, "new")]
    (project.logs / "items.log").write_text("".join(lines))
    assert project("logs", "items", "--since", "2h").stdout == "".join(lines[1:])
    assert project("logs", "items", "--since", "2h", "--lines", 1).stdout == lines[-1]
    assert project("logs", "items", "--since", "1d").stdout == "".join(lines)
    wrong = project("logs", "items", "--since", "yesterday")
    assert wrong.returncode == 64 and "--since yesterday" in wrong.stderr


def test_a_real_run_has_a_log(pulse):
    assert pulse("collect", "cisa-kev").returncode == 0
    done = pulse("logs", "cisa-kev")
    assert done.returncode == 0 and done.stdout == (pulse.logs / "cisa-kev.log").read_text()


def test_unknown_and_without_a_log(project):
    unknown = project("logs", "item")
    assert unknown.returncode == 64 and 'did you mean "items"?' in unknown.stderr
    nothing = project("logs", "items")
    assert nothing.returncode == 0 and not nothing.stdout and "items has no log yet" in nothing.stderr
    (project.logs / "gone.log").write_text("of a collector that was removed\n")
    assert project("logs", "gone").stdout == "of a collector that was removed\n"


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_follows_over_midnight(project, number, code):
    today = project.logs / "items.log"
    with project.start("logs", "items", "--follow") as process:
        assert "waiting for its first line" in process.stderr.readline()
        today.write_text("one\n")
        assert process.stdout.readline() == "one\n"
        with open(today, "a", encoding="utf-8") as file:
            file.write("two\n")
        assert process.stdout.readline() == "two\n"
        today.rename(project.logs / "items-2025-11-21.log")
        today.write_text("three\n")
        assert process.stdout.readline() == "three\n"
        process.send_signal(number)
        assert process.wait(END_SECONDS) == code
        assert process.stdout.read() == ""


def test_a_reader_that_leaves_ends_it(project):
    today = project.logs / "items.log"
    today.write_text("one\n")
    with project.start("logs", "items", "--follow") as process:
        assert process.stdout.readline() == "one\n"
        process.stdout.close()
        with open(today, "a", encoding="utf-8") as file:
            file.write("two\n")
        assert process.wait(END_SECONDS) == 0
