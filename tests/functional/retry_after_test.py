"""Retry-After through the real program: the next request never comes earlier than it was asked for (RT3)."""

from email.utils import formatdate

import pytest
from api import Answer, items
from project import Sqlite, api, project  # noqa: F401 (fixtures)

BACKOFF = {"base": "1s", "cap": "1s", "jitter": "full", "max_attempts": 3}  # alone, it waits less than a second
NOON = 1763726400  # Fri, 21 Nov 2025 12:00:00 GMT


def date(time):
    return formatdate(time, usegmt=True)


@pytest.fixture
def collect(project, api, tmp_path):  # noqa: F811
    """One run against an API that gives these answers in turn, and then a good one."""
    def collect(*answers, **keys):
        left = list(answers)
        api.answer = lambda request: left.pop(0) if left else items(1, 2)
        project.settings(Sqlite(tmp_path / "pulse.db"))
        project.collector(requester={"url_base": "https://api.example", "path": "/items", "error_handler": {"backoff": BACKOFF}}, **keys)
        return project.collect()

    return collect


def waited(api):  # noqa: F811
    """Between each answer and the request that came after it."""
    return [after.arrived - before.answered for before, after in zip(api.requests, api.requests[1:])]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("headers, seconds", [
    ({"Retry-After": "0"}, 0),
    ({"Retry-After": "1"}, 1),
    ({"Retry-After": "2"}, 2),
    ({"Retry-After": ["2", "1"]}, 2),
    ({"Retry-After": date(NOON + 2), "Date": date(NOON)}, 2),  # by a clock that stands elsewhere than ours
    ({"Retry-After": "Friday, 21-Nov-25 12:00:02 GMT", "Date": date(NOON)}, 2),
    ({"Retry-After": date(NOON - 3600), "Date": date(NOON)}, 0),
], ids=["0", "1", "2", "two", "date", "rfc850", "past"])
def test_the_next_request_never_comes_early(collect, api, status, headers, seconds):  # noqa: F811
    run = collect(Answer(status=status, headers=headers))
    assert run.summary() == (0, "success") and run.counts["requests"] == 2
    (wait,) = waited(api)
    assert wait >= seconds


def test_each_answer_has_its_own_wait(collect, api):  # noqa: F811
    run = collect(Answer(status=429, headers={"Retry-After": "2"}), Answer(status=503, headers={"Retry-After": "1"}))
    assert run.summary() == (0, "success")
    first, second = waited(api)
    assert first >= 2 and second >= 1


@pytest.mark.parametrize("value", ["-3", "+3", "1.5", "soon"])
def test_what_is_malformed_leaves_it_to_the_backoff(collect, api, value):  # noqa: F811
    run = collect(Answer(status=503, headers={"Retry-After": value}))
    assert run.summary() == (0, "success") and len(api.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["3600", date(NOON + 3600)], ids=["seconds", "date"])
def test_a_wait_beyond_the_timeout_of_the_run_ends_it_at_once(collect, api, status, value):  # noqa: F811
    """A run that slept would end as `timeout`."""
    run = collect(Answer(status=status, headers={"Retry-After": value, "Date": date(NOON)}), timeout="5s")
    assert run.summary() == (75, "rate_limited")
    assert len(api.requests) == 1 and "api.example" in run.error
