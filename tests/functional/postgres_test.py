"""PostgreSQL as the store: what reaches it, who may, and what is said when it cannot be reached."""

import json
import socket

import pytest
from postgres import PASSWORD, configure, free_port, postgres_server  # noqa: F401 (a fixture)

VARIABLE = "${DB_PASSWORD}"
COLLECT = ["collect", "cisa-kev", "--set=requester.conditional=false"]


def everything_said(pulse, *runs):
    logs = [path.read_text() for path in pulse.logs.glob("*")] if pulse.logs.exists() else []
    return "".join([run.stdout + run.stderr for run in runs] + logs)


@pytest.fixture
def server(postgres_server):  # noqa: F811
    return postgres_server


@pytest.fixture
def database(server):
    return server.create_database()


def test_rows_and_runs_reach_the_server(server, database, simulator, pulse):
    configure(pulse, server.url(database, password=VARIABLE).replace("%24%7BDB_PASSWORD%7D", VARIABLE))
    environment = {"DB_PASSWORD": PASSWORD}
    assert pulse("validate", "cisa-kev", environment=environment).returncode == 0
    nothing = pulse("runs", environment=environment)
    assert nothing.returncode == 69 and f"127.0.0.1:{server.port}/{database} holds no runs" in nothing.stderr

    first = pulse(*COLLECT, environment=environment)
    assert first.returncode == 0
    rows = server.query("SELECT cve_id, _run_id FROM public.cisa_kev ORDER BY 1", database)
    assert [row[0] for row in rows] == sorted(record["cveID"] for record in simulator.truth())

    second = pulse(*COLLECT, environment=environment)
    assert second.returncode == 0
    assert server.query("SELECT cve_id, _run_id FROM cisa_kev ORDER BY 1", database) == rows

    simulator.tick(add=3, change=2)
    third = pulse(*COLLECT, environment=environment)
    assert third.returncode == 0
    assert len(server.query("SELECT 1 FROM cisa_kev", database)) == simulator.records + 3

    listed = pulse("runs", "--json", environment=environment)
    assert listed.returncode == 0
    counts = [(run["counts"]["inserted"], run["counts"]["updated"], run["counts"]["unchanged"])
              for run in reversed(json.loads(listed.stdout))]
    assert counts[:2] == [(simulator.records, 0, 0), (0, 0, simulator.records)]
    assert counts[2][0] == 3 and sum(counts[2]) == simulator.records + 3
    assert len(json.loads(pulse("runs", "--json", "--since", "1h", "--limit", "2", environment=environment).stdout)) == 2
    assert PASSWORD not in everything_said(pulse, nothing, first, second, third, listed)
    assert not pulse.database.exists()


def test_database_url_stands_in_for_a_store_that_is_not_set(server, database, pulse):
    environment = {"DATABASE_URL": server.url(database)}
    configure(pulse)
    assert pulse(*COLLECT, environment=environment).returncode == 0
    assert server.query("SELECT count(*) FROM pulse.runs", database) == [("1",)]
    pulse.write_config()  # with a store of its own
    assert pulse(*COLLECT, environment=environment).returncode == 0
    assert server.query("SELECT count(*) FROM pulse.runs", database) == [("1",)]
    assert pulse.rows("SELECT count(*) FROM pulse_runs") == [(1,)]


def test_a_wrong_password_is_not_repeated_to_anybody(server, database, pulse):
    wrong = "wr0ng/p@ss:word"
    configure(pulse, server.url(database, password=wrong))
    run, listed = pulse(*COLLECT, "--wait", "1h"), pulse("runs")
    assert run.returncode == 69 and listed.returncode == 69
    assert "password authentication failed" in run.stderr and "check the user and the password" in run.stderr
    assert "waiting for the database" not in run.stderr
    said = everything_said(pulse, run, listed)
    for form in [wrong, "wr0ng", "p%40ss", PASSWORD]:
        assert form not in said


def test_a_server_that_does_not_answer_is_waited_for_and_named(pulse):
    port = free_port()
    configure(pulse, f"postgresql://pulse:{PASSWORD}@127.0.0.1:{port}/pulse")
    for wait, waited in [("1s", 1), ("0s", 0)]:
        run = pulse(*COLLECT, "--wait", wait)
        assert run.returncode == 69
        assert run.stderr.count("waiting for the database") == waited
        assert f"store=postgresql://127.0.0.1:{port}/pulse" in run.stderr
        assert PASSWORD not in everything_said(pulse, run)


def test_a_server_that_comes_back_is_found_in_time(server, database, pulse):
    configure(pulse, server.url(database))
    server.stop("immediate")
    try:
        with pulse.start(*COLLECT, "--wait", "120s") as process:
            while "waiting for the database" not in process.stderr.readline():
                assert process.poll() is None
            server.start()
            process.communicate(timeout=120)
    finally:
        if server.process is None:
            server.start()
    assert process.returncode == 0
    assert server.query("SELECT state FROM pulse.runs", database) == [("success",)]


def test_a_user_needs_the_rights_of_the_guide_and_no_more(server, pulse):
    database = server.create_database(owner="postgres")
    configure(pulse, server.url(database))
    refused = pulse(*COLLECT, "--wait", "1h")
    assert refused.returncode == 69 and "permission denied for database" in refused.stderr
    server.query(f"GRANT CONNECT, CREATE ON DATABASE {database} TO pulse", database)
    server.query("GRANT USAGE, CREATE ON SCHEMA public TO pulse", database)
    assert pulse(*COLLECT).returncode == 0


@pytest.mark.parametrize("key", ["store", "databases.warehouse"])
def test_a_url_that_libpq_refuses_is_a_fault_at_its_place(pulse, key):
    url = f"postgresql://pulse:{PASSWORD}%zz@h/d?no_such_word=1"
    if key == "store":
        configure(pulse, url)
        place = ":1:8: "
    else:
        configure(pulse, "sqlite:pulse.db", extra=f"databases:\n  warehouse: {json.dumps(url)}")
        place = ":14: "
    for command in [["validate"], ["runs"], ["collect", "cisa-kev"]]:
        run = pulse(*command)
        assert run.returncode == 78
        assert f"{place}{key}: not a PostgreSQL URL" in run.stderr
        assert PASSWORD not in everything_said(pulse, run)


def test_a_destination_may_only_name_a_database_of_the_settings(pulse):
    override = "cisa-kev:destination.database=warehuose"
    configure(pulse, "sqlite:pulse.db", extra='databases: {warehouse: "sqlite:warehouse.db"}')
    for command in [["validate", "cisa-kev"], ["collect", "cisa-kev"]]:
        run = pulse(*command, "--set", override)
        assert run.returncode == 78
        assert '"warehuose" is the name of no database; did you mean "warehouse"?' in run.stdout + run.stderr
    said = pulse("validate", "cisa-kev", "--explain", "--set", "destination.database=warehouse")
    assert said.returncode == 0 and "in the database warehouse" in said.stdout


def test_two_processes_collect_at_once(server, database, pulse):
    configure(pulse, server.url(database))
    assert pulse(*COLLECT).returncode == 0
    with pulse.start(*COLLECT) as one, pulse.start(*COLLECT) as two:
        for process in (one, two):
            process.communicate(timeout=120)
    assert one.returncode == 0 and two.returncode == 0
    assert server.query("SELECT state FROM pulse.runs", database) == [("success",)] * 3


@pytest.mark.parametrize("mode", ["smart", "fast"])
def test_the_server_of_these_tests_restarts_as_it_is_told(server, database, mode):
    server.query("CREATE TABLE kept (x text); INSERT INTO kept VALUES (NULL), ('a,\"b\"')", database)
    before = server.port
    server.restart(mode)
    assert server.port == before
    assert server.query("SELECT x FROM kept ORDER BY x", database) == [('a,"b"',), (None,)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30):
        pass
