"""403 as GitHub means it: a rate limit is waited for, everything else is about credentials and final (RT2)."""

import json
import time

import pytest
from api import Answer, items
from project import Sqlite, api, project  # noqa: F401 (fixtures)

SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
             "documentation_url": "https://docs.api.example/rate-limits"}


@pytest.fixture
def collect(project, api, tmp_path):  # noqa: F811
    """One run; the API answers the first request with what `refusal` returns, called then, and the others well."""
    def collect(refusal):
        api.answer = lambda request: refusal() if len(api.requests) == 1 else items(1, 2)
        project.settings(Sqlite(tmp_path / "pulse.db"))
        project.collector(requester={"url_base": "https://api.example", "path": "/items", "authenticator": {"type": "bearer", "token": "${TOKEN}"},
                                     "error_handler": {"backoff": {"base": "1s", "cap": "1s", "jitter": "full", "max_attempts": 3}}})
        return project.collect(environment={"TOKEN": "a-token-of-the-test"})

    return collect


def forbidden(body, **headers):
    return Answer(json.dumps(body).encode(), 403, {name.replace("_", "-"): value for name, value in headers.items()})


def succeeded_after(seconds, run, api):  # noqa: F811
    assert run.summary() == (0, "success") and run.counts["requests"] == 2
    first, second = api.requests
    assert second.arrived - first.answered >= seconds


def test_with_retry_after_it_is_waited_for(collect, api):  # noqa: F811
    run = collect(lambda: forbidden({"message": "Forbidden"}, Retry_After="2"))
    succeeded_after(2, run, api)


def test_with_nothing_remaining_its_reset_is_waited_for(collect, api):  # noqa: F811
    resets = []

    def refusal():
        resets.append(int(time.time()) + 2)
        return forbidden({"message": "API rate limit exceeded for user ID 1."}, X_RateLimit_Limit="30", X_RateLimit_Remaining="0",
                         X_RateLimit_Reset=str(resets[0]), X_RateLimit_Resource="search")

    run = collect(refusal)
    succeeded_after(1, run, api)  # the rest of a second, and a whole one
    now, steady = time.time(), time.monotonic()
    assert api.requests[1].arrived >= resets[0] - now + steady - 0.1  # the clock may be set a little meanwhile


def test_with_a_body_that_names_a_limit_it_is_waited_for(collect, api):  # noqa: F811
    run = collect(lambda: forbidden(SECONDARY, Retry_After="1", X_RateLimit_Remaining="4000"))
    succeeded_after(1, run, api)


def test_a_body_that_names_a_limit_and_no_time_asks_for_a_minute(collect, api, project):  # noqa: F811
    """More than the run has: it is not tried again in a hurry."""
    api_answer = forbidden(SECONDARY)
    project.settings(Sqlite(project.folder / "pulse.db"))
    project.collector(timeout="10s", requester={"url_base": "https://api.example", "path": "/items",
                                                "error_handler": {"backoff": {"base": "1s", "cap": "1s", "max_attempts": 3}}})
    api.answer = api_answer
    run = project.collect()
    assert run.summary() == (75, "rate_limited") and len(api.requests) == 1


def test_bad_credentials_are_final(collect, api):  # noqa: F811
    run = collect(lambda: forbidden({"message": "Bad credentials"}, X_RateLimit_Limit="60", X_RateLimit_Remaining="57"))
    assert run.summary() == (3, "failed") and run.failure_type == "credentials"
    assert len(api.requests) == 1 and "Bad credentials" in run.error


def test_a_web_page_that_tells_of_limits_is_none(collect, api):  # noqa: F811
    page = b"<!DOCTYPE html><title>Forbidden</title><p>too many requests from your network</p>"
    run = collect(lambda: Answer(page, 403, {"Content-Type": "text/html"}))
    assert run.summary() == (3, "failed") and run.failure_type == "credentials"
    assert len(api.requests) == 1
