"""What `./dev run` is made of: the catalogue under the demo's settings, the world that moves, and run.sh itself."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest
import yaml

from conftest import ROOT, END_SECONDS, Pulse, Simulator, end_with_parent, http
from project import wait_until

DEMO = ROOT / "deploy/demo"
SETTINGS = (DEMO / "demo.yaml").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in (ROOT / "collectors").glob("*.yaml"))


def has_run(bin_dir):
    done = subprocess.run([bin_dir / "pulse", "--help"], capture_output=True, text=True, timeout=60)
    return all(re.search(rf"^  {command} ", done.stdout, re.MULTILINE) for command in ("run", "status"))


@pytest.fixture
def simulator(bin_dir, tmp_path, rng):
    """A world of today, as the demo's."""
    with Simulator(bin_dir, tmp_path / "simulator.log", rng.randrange(2**31), 500, "--live") as program:
        yield program


@pytest.fixture
def demo(bin_dir, tmp_path, simulator):
    pulse = Pulse(bin_dir / "pulse", tmp_path, simulator.url)
    pulse.write_config(extra=SETTINGS)
    return pulse


def collect_all(demo):
    done = demo("collect", "--json", *NAMES, environment={"PRODUCTHUNT_TOKEN": "simulated-token"})
    return {report["collector"]: report for report in json.loads(done.stdout)}


def rows_of(report):
    return sum(report["counts"][name] for name in ("inserted", "updated", "unchanged"))


def test_every_collector_has_rows_again_and_again(demo, simulator):
    apis = [api["name"] for api in http("GET", f"{simulator.url}/_sim/health")["apis"]]
    for _ in range(3):
        reports = collect_all(demo)
        assert sorted(reports) == NAMES
        for name, report in reports.items():
            assert report["outcome"] == "success" and rows_of(report) > 0, (name, report)
        for api in apis * 5:
            simulator.tick(add=1, change=1, api=api)
    changed = [name for name, report in reports.items() if report["counts"]["inserted"] + report["counts"]["updated"]]
    assert len(changed) >= len(NAMES) - 2, "the world's changes reach the tables"


def test_the_settings_override_what_is_about_time_alone():
    overrides = yaml.safe_load(SETTINGS)
    assert list(overrides) == ["overrides"]
    assert set(overrides["overrides"]) - {"*"} <= set(NAMES)
    for name, keys in overrides["overrides"].items():
        assert set(keys) <= {"schedule", "api_budget"}
        if "schedule" in keys:
            assert set(keys["schedule"]) == {"every", "splay"}
            assert 5 <= int(keys["schedule"]["every"].removesuffix("s")) <= 20, name


@pytest.fixture
def world(simulator, tmp_path):
    started = []

    def start(*options):
        log = open(tmp_path / "world.log", "wb")
        process = subprocess.Popen([str(DEMO / "world.py"), simulator.url, *options], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)
        started.append((process, log))
        return process
    yield start
    for process, log in started:
        process.kill()
        process.wait()
        log.close()


def test_the_world_moves_and_breaks_until_it_is_calm(world, simulator, tmp_path):
    def log():
        return (tmp_path / "world.log").read_text(encoding="utf-8")
    before = simulator.truth("kev")
    process = world("--calm-after=6")
    wait_until(lambda: "no more faults" in log() or process.poll() is not None)
    wait_until(lambda: simulator.truth("kev") != before or process.poll() is not None)
    assert process.poll() is None, log()
    said = log().splitlines()
    assert said[-1] == "no more faults", "and none after that"
    for line in said[:-1]:
        assert re.fullmatch(r"\w+ (answers with (503|429)|is slow|sends (a web page|garbage))", line)
    process.send_signal(signal.SIGTERM)
    assert process.wait(END_SECONDS) == 0


def test_the_world_mends_what_it_broke(world, simulator, tmp_path):
    process = world("--seed=2")
    wait_until(lambda: (tmp_path / "world.log").stat().st_size > 0 or process.poll() is not None)
    process.send_signal(signal.SIGTERM)
    assert process.wait(END_SECONDS) == 0
    assert http("GET", f"{simulator.url}/_sim/faults") == []


def test_without_a_simulator_there_is_no_world(world, simulator, tmp_path):
    simulator.end()
    assert world().wait(END_SECONDS) == 69
    assert "is the simulator still running?" in (tmp_path / "world.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["--for"], ["--for", "soon"], ["--for", "0s"], ["--for=1d"], ["--fast"], ["60s"]])
def test_usage(arguments):
    done = subprocess.run([DEMO / "run.sh", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and done.stdout == "" and done.stderr.startswith("usage: ")


def run_demo(bin_dir, tmp_path, *arguments, **options):
    environment = {**os.environ, "DEMO_BIN": str(bin_dir), "DEMO_HOME": str(tmp_path / "demo")}
    return subprocess.Popen([str(DEMO / "run.sh"), *arguments], env=environment, text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=end_with_parent, **options)


def test_it_says_what_is_missing(tmp_path):
    with run_demo(tmp_path / "empty", tmp_path) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "empty/pulse is missing: ./dev build" in out


def test_the_whole_of_it(bin_dir, tmp_path):
    if not has_run(bin_dir):
        pytest.skip("this pulse has no run and status")
    with run_demo(bin_dir, tmp_path, "--for", "45s") as process:
        try:
            out, _ = process.communicate(timeout=300)
        finally:
            process.terminate()
    assert process.returncode == 0, out
    assert "all collectors are healthy, and sqlite3 finds their rows" in out
    assert re.search(r"== the status page: http://127\.0\.0\.1:\d+/\n", out)


def test_ctrl_c_stops_everything(bin_dir, tmp_path):
    if not has_run(bin_dir):
        pytest.skip("this pulse has no run and status")
    with run_demo(bin_dir, tmp_path, start_new_session=True) as process:
        try:
            for line in process.stdout:
                if "Ctrl-C stops everything" in line:
                    break
            os.killpg(process.pid, signal.SIGINT)
            out, _ = process.communicate(timeout=120)
        finally:
            process.terminate()
    assert process.returncode == 0, out
    said = (tmp_path / "demo/pulse.yaml").read_text(encoding="utf-8")
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", said).group(1))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the simulator is gone, too"
