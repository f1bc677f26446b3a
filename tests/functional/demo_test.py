"""What `./dev run` is made of: the catalogue under the demo's settings, the world that moves, and run.sh itself."""

import json
import os
import re
import signal
import shutil
import socket
import sqlite3
import subprocess
import textwrap

import pytest
import yaml

from conftest import END_SECONDS, END_WITH_PARENT, ROOT, Pulse, Simulator, http
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
    for later in range(3):
        reports = collect_all(demo)
        assert sorted(reports) == NAMES
        for name, report in reports.items():
            old = later and report["outcome"] == "not_modified"
            assert old or report["outcome"] == "success" and rows_of(report) > 0, (name, report)
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
        process = subprocess.Popen([*END_WITH_PARENT, str(DEMO / "world.py"), simulator.url, *options], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL)
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


def run_demo(bin_dir, tmp_path, *arguments, variables=None, **options):
    others = {name: value for name, value in os.environ.items() if not name.endswith(("_TOKEN", "_KEY"))}
    environment = {**others, **(variables or {}), "DEMO_BIN": str(bin_dir), "DEMO_HOME": str(tmp_path / "demo")}
    return subprocess.Popen([*END_WITH_PARENT, str(DEMO / "run.sh"), *arguments], env=environment, text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


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
    for page in ("the status page", "the status page of phoenix"):
        assert re.search(rf"== {page}: http://127\.0\.0\.1:\d+/\n", out)
    check_conversation(out, tmp_path)


def check_conversation(out, tmp_path):
    """Printed as it was: the ledger of the bot knows one job, done, and both programs stopped in order."""
    said = out[out.index("== a conversation with the bot"):out.index("== the status page:")]
    order = [said.index(part) for part in ("user │ /start", "[⚽ Over Gols]", "user │ [⚽ Over Gols]", "in its place:",
                                           "[🔙 Voltar ao Menu]")]
    assert order == sorted(order)
    assert "jogo" in said[order[-2]:order[-1]], "what there is today, or that there is nothing more to come"
    with sqlite3.connect(tmp_path / "demo/phoenix/phoenix.db") as ledger:
        assert ledger.execute("SELECT kind, state FROM phoenix_jobs").fetchall() == [("goals", "done")]
        assert ledger.execute("SELECT DISTINCT state FROM phoenix_outbox").fetchall() == [("sent",)]
    assert "INFO: phoenix has stopped" in (tmp_path / "demo/phoenix.log").read_text(encoding="utf-8")


@pytest.fixture
def broken_bot(bin_dir, tmp_path):
    """The programs, but for a phoenix that is ready and ends with an exit code of 7 when it is told to stop."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pulse", "simulator"):
        (folder / name).symlink_to(bin_dir / name)
    (folder / "phoenix").write_text(textwrap.dedent(f"""\
        #!/bin/bash
        {bin_dir}/phoenix "$@" &
        trap 'kill $!; wait $!; exit 7' TERM
        wait $!
        """), encoding="utf-8")
    (folder / "phoenix").chmod(0o755)
    return folder


def test_the_bots_exit_code_counts(broken_bot, tmp_path):
    with run_demo(broken_bot, tmp_path, "--for", "1s") as process:
        try:
            out, _ = process.communicate(timeout=300)
        finally:
            process.terminate()
    assert process.returncode == 1 and "phoenix ended with exit code 7" in out, out


def test_a_bot_that_cannot_start_ends_the_demo(bin_dir, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pulse", "simulator"):
        (folder / name).symlink_to(bin_dir / name)
    shutil.copy("/bin/false", folder / "phoenix")
    with run_demo(folder, tmp_path) as process:
        try:
            out, _ = process.communicate(timeout=300)
        finally:
            process.terminate()
    assert process.returncode == 1 and "phoenix ended before it was ready" in out, out


def test_a_conversation_without_an_answer_is_an_error(simulator):
    """There is no bot in this world."""
    done = subprocess.run([DEMO / "phoenix.py", simulator.url, "--patience", "0.5"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "the menu did not come" in done.stderr
    assert done.stdout == "      user │ /start\n"


@pytest.mark.parametrize("missing", ["TELEGRAM_BOT_TOKEN", "API_FOOTBALL_KEY"])
def test_for_real_there_is_no_bot_without_its_secrets(bin_dir, tmp_path, missing):
    """Nothing is asked of any host: pulse cannot start, and by then it was decided."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pulse", "phoenix", "simulator"):
        shutil.copy("/bin/false", folder / name)
    secrets = {name: "1:of-no-meaning-here" for name in ("TELEGRAM_BOT_TOKEN", "API_FOOTBALL_KEY") if name != missing}
    with run_demo(folder, tmp_path, "--real", variables=secrets) as process:
        out, _ = process.communicate(timeout=60)
    assert "without a bot: TELEGRAM_BOT_TOKEN and API_FOOTBALL_KEY are not both set" in out
    assert process.returncode == 1 and "pulse ended before it was ready" in out
    assert not (tmp_path / "demo/phoenix").exists()


def test_ctrl_c_stops_everything(bin_dir, tmp_path):
    if not has_run(bin_dir):
        pytest.skip("this pulse has no run and status")
    with run_demo(bin_dir, tmp_path, start_new_session=True) as process:
        try:
            for line in process.stdout:
                if "Ctrl-C stops everything" in line:
                    break
            assert "INFO: ready" in (tmp_path / "demo/phoenix.log").read_text(encoding="utf-8")
            os.killpg(process.pid, signal.SIGINT)
            out, _ = process.communicate(timeout=120)
        finally:
            process.terminate()
    assert process.returncode == 0, out
    assert "INFO: phoenix has stopped" in (tmp_path / "demo/phoenix.log").read_text(encoding="utf-8")
    said = (tmp_path / "demo/pulse.yaml").read_text(encoding="utf-8")
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", said).group(1))
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the simulator is gone, too"
