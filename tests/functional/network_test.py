"""pulse collect through a network that misbehaves: every fault has its outcome, and none of them half a table."""

import json

import pytest

FAST = "--set=requester.error_handler.backoff={base: 1s, cap: 1s, max_attempts: 3, jitter: full}"
SHORT = "--set=requester.timeout=1s"


@pytest.fixture
def through(pulse, fault_proxy):
    """pulse, with the proxy between it and the simulator."""
    pulse.write_config(url=fault_proxy.url)
    return pulse


def collect(pulse, *arguments):
    done = pulse("collect", "cisa-kev", FAST, "--json", *arguments)
    (report,) = json.loads(done.stdout)
    return done.returncode, report


def rows(pulse):
    try:
        return pulse.rows("SELECT count(*) FROM cisa_kev")[0][0]
    except Exception:
        return 0


@pytest.mark.parametrize("fault", ["reset 5000 count 2", "truncate 5000 count 2", "refuse count 2", "drop-answer 1"],
                         ids=["reset", "truncate", "refuse", "drop-answer"])
def test_a_broken_answer_is_fetched_again(simulator, through, fault_proxy, fault):
    fault_proxy.command(fault)
    code, report = collect(through)
    assert (code, report["outcome"]) == (0, "success")
    assert report["counts"]["requests"] > 1
    assert rows(through) == simulator.records


@pytest.mark.parametrize("fault, arguments, cause", [
    ("reset 5000", [], "the connection broke"),
    ("truncate 5000", [], "the body broke off"),
    ("refuse", [], "Connection reset"),
    ("half-open", [SHORT], "no complete answer within"),
    ("black-hole", [SHORT], "no complete answer within"),
    ("bandwidth 2000", [SHORT], "no complete answer within"),
], ids=["reset", "truncate", "refuse", "half-open", "black-hole", "drip"])
def test_a_network_that_stays_broken_fails_the_run_and_changes_nothing(simulator, through, fault_proxy, fault, arguments, cause):
    fault_proxy.command(fault)
    code, report = collect(through, *arguments)
    assert (code, report["outcome"], report["failure_type"]) == (3, "failed", "transient")
    assert report["counts"]["requests"] == 3
    assert "www.cisa.gov" in report["error"] and "3 attempts" in report["error"]
    assert cause in report["error"]
    assert rows(through) == 0
    fault_proxy.command("clear")
    assert collect(through)[0] == 0
    assert rows(through) == simulator.records


def test_a_slow_network_is_only_slow(simulator, through, fault_proxy):
    fault_proxy.command("latency 100")
    code, report = collect(through)
    assert code == 0 and report["counts"]["requests"] == 1
    assert report["duration_seconds"] >= 0.2


def test_the_timeout_of_a_run_ends_it(simulator, through, fault_proxy):
    fault_proxy.command("half-open")
    code, report = collect(through, "--set=timeout=1s", "--set=requester.timeout=1m")
    assert code == 3
    assert report["outcome"] == "timeout"


def test_an_answer_too_large_is_refused(simulator, through):
    code, report = collect(through, "--set=requester.max_response_size=10kB")
    assert (code, report["failure_type"], report["counts"]["requests"]) == (3, "data", 1)
    assert "max_response_size" in report["error"]
    assert rows(through) == 0


def test_a_host_that_does_not_exist(pulse):
    pulse.write_config(url="http://no-such-host.invalid")
    code, report = collect(pulse)
    assert (code, report["failure_type"]) == (3, "transient")
