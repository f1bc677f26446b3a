"""`api_budget`: all collectors of one host and credential share it, over processes and restarts."""

import threading
import time

import pytest
from api import items
from project import Postgres, Project, Sqlite, api, postgres, postgres_server, project, store  # noqa: F401 (fixtures)

SEARCH = {"calls": 2, "per": "1h", "resource": "search", "match_path": "/search/"}


def requester(path):
    return {"url_base": "https://api.example", "path": path, "authenticator": {"type": "bearer", "token": "${TOKEN}"},
            "error_handler": {"backoff": {"base": "1s", "cap": "1s", "max_attempts": 1}}}


def test_two_processes_keep_to_five_calls_a_second(postgres, api, project):  # noqa: F811
    arrivals, lock = [], threading.Lock()

    def answer(_):
        with lock:
            arrivals.append(time.monotonic())
        return items(1, 2)

    api.answer = answer
    names = [f"c{number}" for number in range(20)]
    for name in names:
        project.collector(name, parameters={"n": "{{ partition.n }}"}, api_budget={"calls": 5, "per": "1s"},
                          partition_router={"type": "list", "as": "n", "values": [1, 2]})
    with project.begin(*names[:10]) as first, project.begin(*names[10:]) as second:
        runs = [first.end(), second.end()]
    assert [run.code for run in runs] == [0, 0]
    assert [report["outcome"] for run in runs for report in run.reports] == ["success"] * 20
    assert len(arrivals) == 40
    arrivals.sort()
    crowded = [later - sooner for sooner, later in zip(arrivals, arrivals[6:]) if later - sooner <= 1]
    assert not crowded, f"more than six calls within {crowded} s"


def test_a_spent_budget_is_spent_for_the_next_process_and_for_nobody_else(store, api, project):  # noqa: F811
    api.answer = lambda request: items(1, 2)
    environment = {"TOKEN": "tok-4711"}
    for name, path in {"code": "/search/code", "users": "/search/users", "repos": "/repos/x"}.items():
        project.collector(name, requester=requester(path), api_budget=[SEARCH, {"calls": 100, "per": "1h"}])
    assert project.collect("code", environment=environment).summary() == (0, "success")
    assert project.collect("users", environment=environment).summary() == (0, "success")
    api.forget()
    run = project.collect("code", environment=environment)
    assert run.summary() == (75, "rate_limited") and api.requests == []
    assert "api.example (search): its budget (2 calls per 1 h) is used up; the next call may be sent in " in run.error
    assert project.collect("repos", environment=environment).summary() == (0, "success")
    assert project.collect("code", environment={"TOKEN": "tok-4712"}).summary() == (0, "success"), "another credential"
    table = store.ledger("http_budgets")
    assert store.query(f"SELECT count(*) FROM {table} WHERE resource = 'search'") == [("2",)]
    assert store.query(f"SELECT * FROM {table} WHERE state LIKE '%tok%' OR credential LIKE '%tok%'") == []


def test_one_run_stops_where_the_budget_does(store, api, project):  # noqa: F811
    api.answer = lambda request: items(1, 2)
    project.collector("code", requester=requester("/search/code") | {"request_parameters": {"n": "{{ partition.n }}"}},
                      partition_router={"type": "list", "as": "n", "values": [1, 2, 3]}, api_budget=SEARCH,
                      max_failed_partitions="100%")
    run = project.collect("code", environment={"TOKEN": "tok-4711"})
    assert api.asked("n") == ["1", "2"]
    assert run.code in (1, 75), run.summary()
    api.forget()
    run = project.collect("code", environment={"TOKEN": "tok-4711"})
    assert run.summary() == (75, "rate_limited") and api.requests == []
