"""Ctrl-C, SIGTERM and kill -9 in the middle of a run."""

import signal
import time

import pytest

HELD = {"api": "kev", "kind": "delay", "milliseconds": 600_000, "count": 1}
PROMISE = 2.0  # seconds (SS4); a test on a busy machine allows ten times that


def wait_for_request(simulator, process, before):
    deadline = time.monotonic() + 60
    while len(simulator.requests()) == before:
        assert process.poll() is None and time.monotonic() < deadline


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_is_on_record(simulator, pulse, number):
    simulator.faults(HELD)
    with pulse.start("collect", "cisa-kev") as process:
        wait_for_request(simulator, process, 0)
        began = time.monotonic()
        process.send_signal(number)
        output = process.communicate(timeout=60)
        took = time.monotonic() - began
    print(f"ended in {took:.3f} s", *output)
    assert process.returncode == 128 + number
    assert took < 10 * PROMISE
    assert pulse.rows("SELECT state, failure_type FROM pulse_runs") == [("cancelled", None)]
    assert pulse("collect", "cisa-kev").returncode == 0


def test_a_stray_signal_changes_nothing(simulator, pulse):
    simulator.faults(HELD)
    with pulse.start("collect", "cisa-kev") as process:
        wait_for_request(simulator, process, 0)
        process.send_signal(signal.SIGUSR2)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    assert process.returncode == 129
    assert pulse.rows("SELECT state FROM pulse_runs") == [("cancelled",)]


def test_a_signal_ends_a_wait_for_the_next_attempt(simulator, pulse):
    simulator.faults({"api": "kev", "kind": "status", "status": 503, "count": -1})
    with pulse.start("collect", "cisa-kev", "--set=requester.error_handler.backoff={base: 1h, cap: 1h}", "--set=timeout=24h") as process:
        wait_for_request(simulator, process, 0)
        for line in process.stderr:
            if "attempt failed" in line:
                break
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        print(f"ended in {time.monotonic() - began:.3f} s")
    assert process.returncode == 130
    assert time.monotonic() - began < 10 * PROMISE
    assert pulse.rows("SELECT state FROM pulse_runs") == [("cancelled",)]


def test_a_killed_run_is_lost_and_said_so_by_the_next(simulator, pulse):
    simulator.faults(HELD)
    with pulse.start("collect", "cisa-kev") as process:
        wait_for_request(simulator, process, 0)
        process.kill()
    assert pulse.rows("SELECT state FROM pulse_runs") == [("running",)]
    done = pulse("collect", "cisa-kev")
    assert done.returncode == 0
    assert "run lost" in done.stderr and str(process.pid) in done.stderr
    assert pulse.rows("SELECT state FROM pulse_runs ORDER BY started_at") == [("lost",), ("success",)]
