"""/metrics, read as Prometheus reads it: by promtool."""

import re
import shutil
import subprocess

import pytest
from api import items
from daemon import daemons, every, hourly, project, ticks  # noqa: F401 (fixtures)
from project import Sqlite, api, wait_until  # noqa: F401 (fixtures)

NAMES = {  # those of the first pages that operators build on
    "pulse_build_info": {"version"},
    "pulse_collector_healthy": {"collector"},
    "pulse_http_request_duration_seconds": {"host"},
    "pulse_http_circuit_open": {"host"},
    "pulse_http_requests_total": {"host", "code_class"},
    "pulse_http_retries_total": {"host", "reason"},
    "pulse_page_requests_total": {"route", "code_class"},
    "pulse_rows_total": {"collector", "result"},
    "pulse_run_duration_seconds": {"collector"},
    "pulse_run_last_success_timestamp_seconds": {"collector"},
    "pulse_runs_in_progress": set(),
    "pulse_runs_total": {"collector", "outcome"},
    "pulse_schedule_last_tick_timestamp_seconds": set(),
}
ROUTES = {"/", "/api/v1/status", "/healthz", "/readyz", "/metrics"}
LINE = re.compile(r"([a-z_]+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@pytest.fixture
def promtool():
    program = shutil.which("promtool")
    assert program, "no promtool: install the package prometheus"
    return program


def samples(text):
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = LINE.fullmatch(line).groups()
            yield name, dict(LABEL.findall(labels or "")), float(value)


def test_metrics(project, api, daemons, tmp_path, promtool):  # noqa: F811
    secret_path = "/with/a-path-of-its-own"

    def answer(request):
        if request.path == "/slow-down":
            return 503 if request.query.get("n") == "1" and api.asked("n").count("1") == 1 else items(1)
        return {"/gone": 404, "/locked": 401, "/nonsense": b"<html>"}.get(request.path, items(1, 2, 3))

    api.answer = answer
    store = Sqlite(tmp_path / "pulse.db")
    project.settings(store)
    project.collector("tick", schedule=every(1))
    for name in ("gone", "locked", "nonsense"):
        project.collector(name, schedule=hourly())
    project.collector("slow-down", table="slow_down", schedule=hourly(), requester={
        "url_base": "https://api.example", "path": "/slow-down", "request_parameters": {"n": "1"},
        "error_handler": {"backoff": {"base": "1s", "cap": "1s", "max_attempts": 3}}})
    project.collector("elsewhere", schedule=hourly(), requester={
        "url_base": "http://127.0.0.1:1", "path": secret_path, "error_handler": {"backoff": {"max_attempts": 1}}})
    project.path("broken").write_text("name: broken\n")
    daemon = daemons()
    for name in ("gone", "locked", "nonsense", "elsewhere"):
        wait_until(lambda: store.runs(name) != [] and store.runs(name)[0] == "failed")
    wait_until(lambda: store.runs("slow-down") == ["success"])
    ticks(store, "tick")
    for path in ("/", "/nowhere", "/api/v1/status", "/healthz", "/readyz?token=nobody's"):
        daemon.get(path)

    code, text = daemon.get("/metrics")
    assert code == 200
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")

    found = list(samples(text))
    labels = {}
    for name, given, _ in found:
        labels.setdefault(name, set()).update(set(given) - {"le"})
    assert labels == NAMES
    values = {(name, tuple(sorted(given.items()))): value for name, given, value in found}
    one = lambda name, **given: values.get((name, tuple(sorted(given.items()))))  # noqa: E731
    assert one("pulse_runs_total", collector="gone", outcome="failed") == 1
    assert one("pulse_runs_total", collector="slow-down", outcome="success") == 1
    assert one("pulse_rows_total", collector="tick", result="inserted") == 3
    assert one("pulse_collector_healthy", collector="tick") == 1
    assert one("pulse_collector_healthy", collector="broken") == one("pulse_collector_healthy", collector="gone") == 0
    assert one("pulse_schedule_last_tick_timestamp_seconds") > 1.7e9
    # A label holds no URL, path or error text, and has few values.
    collectors = {"tick", "gone", "locked", "nonsense", "slow-down", "elsewhere", "broken"}
    for name, given, _ in found:
        assert given.get("collector", "tick") in collectors
        for label, value in given.items():
            assert "/" not in value or (label == "route" and value in ROUTES), (name, given)
            assert " " not in value and len(value) < 80, (name, given)
        assert given.get("host", "api.example") in {"api.example", "127.0.0.1:1"}
    assert secret_path not in text
    assert daemon.stop()[0] == 0
