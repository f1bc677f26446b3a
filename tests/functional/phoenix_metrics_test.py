"""/metrics of phoenix: read as Prometheus reads it, and described in docs/phoenix.md, neither more nor less."""

import re
import shutil
import subprocess

from conftest import ROOT
from phoenix import bot, phoenix, wait_until, world  # noqa: F401

FAMILY = re.compile(r"^# TYPE (\S+) (\S+)$", re.MULTILINE)


def documented():
    text = (ROOT / "docs/phoenix.md").read_text(encoding="utf-8")
    table = re.search(r"^\| metric \|.*?\n\n", text, re.MULTILINE | re.DOTALL)[0]
    return {name for row in table.strip().splitlines() for name in re.findall(r"`(phoenix_\w+)`", row.split("|")[1])}


def in_the_sources():
    """Names are written whole, or without the program's prefix where both programs count the same."""
    names = set()
    for folder in ("src", "apps"):
        for path in (ROOT / folder).rglob("*.cpp"):
            if not path.name.endswith("_test.cpp") and "pulse" not in path.parts and "simulator" not in path.parts:
                text = path.read_text(encoding="utf-8")
                names |= set(re.findall(r'"(phoenix_[a-z_]+)"', text))
                names |= {f"phoenix_{name}" for name in re.findall(r'named\(\s*"([a-z_]+)"', text)}
    return names


def test_every_metric_is_described_and_every_description_true(bot):  # noqa: F811
    user = bot.user(1)
    user.writes("/start")
    user.message()
    user.taps("⚽ Over Gols")
    user.result("Over Gols")
    wait_until(lambda: bot.metric('phoenix_jobs_total{kind="goals",outcome="done"}') == 1, "the job is counted")
    text = bot.get("/metrics")[1]
    told = {name for name, _ in FAMILY.findall(text)}
    assert told <= documented(), "not in the table of docs/phoenix.md"
    assert documented() == in_the_sources(), "what nobody counts, or nobody describes"
    assert {"phoenix_requests_total", "phoenix_queue_used", "phoenix_football_answers_total", "phoenix_http_requests_total"} <= told
    assert bot.metric('phoenix_requests_total{fate="accepted"}') == 1 and bot.metric('phoenix_requests_total{fate="shown"}') == 1


def test_prometheus_reads_it(bot):  # noqa: F811
    program = shutil.which("promtool")
    assert program, "no promtool: install the package prometheus"
    done = subprocess.run([program, "check", "metrics"], input=bot.get("/metrics")[1], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "", done.stderr
