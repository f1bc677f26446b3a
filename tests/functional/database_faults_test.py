"""A database server that fails in each of the ways servers do: what is said, with which exit code, that nothing is
lost, and that the next run is fine."""

import os
import resource
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from api import items
from conftest import FaultProxy
from project import Postgres, Session, Sqlite, api, postgres, postgres_server, project, wait_until  # noqa: F401 (fixtures)

ROWS = 3
WHOLE = [(str(number), f"n{number}") for number in range(1, ROWS + 1)]
KEYLESS = {"write_disposition": "append", "primary_key": None}
FUSE = """
CREATE SEQUENCE fuse;
CREATE FUNCTION blow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  IF nextval('fuse') <= {times} THEN RAISE EXCEPTION 'blown' USING ERRCODE = '{state}'; END IF; RETURN NULL; END $$;
CREATE TRIGGER blow BEFORE INSERT ON items FOR EACH STATEMENT EXECUTE FUNCTION blow();
"""


@pytest.fixture
def server(postgres):  # noqa: F811
    yield postgres.server
    if postgres.server.process is None:
        postgres.server.start()


@pytest.fixture
def proxied(bin_dir, tmp_path, postgres, project):  # noqa: F811
    """The proxy between pulse and the server."""
    port = postgres.server.port
    with FaultProxy(bin_dir, tmp_path / "proxy.log", f"127.0.0.1:{port}") as proxy:
        postgres.setting = postgres.setting.replace(f":{port}/", f":{proxy.url.rsplit(':', 1)[1]}/")
        project.settings(postgres)
        yield proxy


@pytest.fixture(autouse=True)
def records(api, project):  # noqa: F811
    api.answer = items(*range(1, ROWS + 1))
    project.collector()


class SmallDisk:
    """File systems in memory, of a given size: root makes them."""

    def __init__(self, base):
        self.base, self.mounted = base, []

    def __call__(self, size, identity=None):
        folder = Path(self.base) / f"disk{len(self.mounted)}"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"no file system of a small size can be mounted here: {done.stderr.strip()}")
        self.mounted.append(folder)
        if identity:
            os.chown(folder, identity["user"], identity["group"])
        return folder

    def grow(self):
        subprocess.run(["mount", "-o", "remount,size=64m", str(self.mounted[-1])], check=True)

    def end(self):
        for folder in self.mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def small_disk():
    with tempfile.TemporaryDirectory(prefix="pulse_disk_") as base:
        os.chmod(base, 0o755)
        disk = SmallDisk(base)
        try:
            yield disk
        finally:
            disk.end()


def rows(database, table="items"):
    return database.query(f"SELECT id, name FROM {table} ORDER BY id")


def assert_fine(project, database, before=()):  # noqa: F811
    """The next run repairs all."""
    assert project.collect().summary() == (0, "success")
    assert rows(database) == WHOLE
    assert database.runs("items") == [*before, "success"]


def refused(project, api, *words):  # noqa: F811
    """A run that ends before its first request."""
    api.forget()
    run = project.collect("items", "--wait", "1h")
    assert run.summary() == (3, "failed") and run.failure_type == "configuration"
    for word in words:
        assert word in run.error
    assert api.requests == []


# ---- it is not there ----


def test_down_at_the_start(server, postgres, api, project):  # noqa: F811
    server.stop()
    run = project.collect("items", "--wait", "1s")
    assert run.code == 69 and run.reports == []
    assert "the database cannot be used" in run.stderr and "Connection refused" in run.stderr
    assert api.requests == []
    server.start()
    assert_fine(project, postgres)


@pytest.mark.parametrize("disposition", [{}, KEYLESS], ids=["merge", "append"])
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_stopped_during_copy(server, postgres, proxied, api, project, mode, disposition):  # noqa: F811
    many = range(1, 5001)
    api.answer = {"items": [{"id": number, "name": "x" * 100} for number in many]}
    project.collector(destination=disposition)
    with api.hold() as held, project.begin() as process:
        held.wait()
        proxied.command("bandwidth 20000")  # 25 s for what is to come
        held.release()
        wait_until(lambda: postgres.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY %' AND state = 'active' "
                                          "AND usename = 'pulse'"))
        server.stop(mode)
        proxied.command("clear")
        process.wait_for("the database failed")
        server.start()
        run = process.end()
    assert run.summary() == (0, "success") and run.counts["inserted"] == len(many)
    assert len(api.requests) == 2
    assert postgres.query("SELECT count(*), count(DISTINCT id) FROM items") == [(str(len(many)),) * 2]
    assert (postgres.runs("items"), postgres.slices("items")) == (["success"], ["all"])


def test_gone_for_longer_than_the_run_may_take(server, postgres, api, project):  # noqa: F811
    project.collector(timeout="2s")
    with api.hold() as held, project.begin() as process:
        held.wait()
        server.stop("immediate")
        held.release()
        process.wait_for("the end of the run is not recorded yet")
        server.start()
        run = process.end()
    assert run.summary() == (3, "timeout") and "longer than its timeout of 2.0 s; the database: " in run.error
    assert postgres.runs("items") == ["timeout"] and not postgres.has("items")
    project.collector()
    assert_fine(project, postgres, ["timeout"])


def test_a_signal_ends_the_waiting_for_a_server_that_is_gone(server, postgres, api, project):  # noqa: F811
    project.collector(timeout="1s")
    with api.hold() as held, project.begin() as process:
        held.wait()
        server.stop("immediate")
        held.release()
        process.wait_for("the end of the run is not recorded yet")
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(30) == 143  # the waiting alone would take 60 s
        run = process.end()
    assert "the end of the run could not be recorded" in run.stderr
    server.start()
    assert postgres.runs("items") == ["running"]
    postgres.expire_leases()
    project.collector()
    assert_fine(project, postgres, ["lost"])


def in_warehouse(postgres, proxied, project):  # noqa: F811
    """A destination of its own behind the proxy."""
    warehouse = Postgres(postgres.server)
    warehouse.setting = warehouse.setting.replace(f":{postgres.server.port}/", f":{proxied.url.rsplit(':', 1)[1]}/")
    project.settings(postgres, warehouse=warehouse)
    return warehouse


@pytest.mark.parametrize("foreign", [False, True], ids=["store", "warehouse"])
@pytest.mark.parametrize("happened", [True, False], ids=["committed", "rolled_back"])
def test_the_connection_is_cut_at_commit(postgres, proxied, api, project, foreign, happened):  # noqa: F811
    """What became of it is looked up, and only what did not happen is done again."""
    destination = in_warehouse(postgres, proxied, project) if foreign else postgres
    keys = KEYLESS | ({"database": "warehouse"} if foreign else {})
    project.collector("warm", destination=keys)
    assert project.collect("warm").summary() == (0, "success")
    table = "pulse.loads" if foreign else "pulse.slices"
    destination.query("CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS "
                      "$$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$; "
                      f"CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
                      "FOR EACH ROW WHEN (NEW.slice = 'all') EXECUTE FUNCTION gate()")
    project.collector(destination=keys)
    api.forget()
    in_commit = "SELECT pid FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'advisory' AND usename = 'pulse'"
    with Session(destination) as gate:
        gate.do("SELECT pg_advisory_lock(7)")
        with project.begin() as process:
            wait_until(lambda: destination.query(in_commit))
            if happened:
                proxied.command("reset 1 count 20")
            else:
                destination.query(f"SELECT pg_terminate_backend(pid) FROM ({in_commit}) it")
            gate.do("SELECT pg_advisory_unlock(7)")
            process.wait_for("the outcome of the commit is unknown")
            proxied.command("clear")
            run = process.end()
    assert run.summary() == (0, "success") and run.counts["inserted"] == ROWS
    assert len(api.requests) == (1 if happened else 2)
    assert rows(destination) == WHOLE
    assert (postgres.runs("items"), postgres.slices("items")) == (["success"], ["all"])


@pytest.mark.parametrize("foreign", [False, True], ids=["store", "warehouse"])
def test_answers_of_the_server_are_lost(server, postgres, proxied, api, project, rng, foreign):  # noqa: F811
    """Any, a few of them by chance; SWEEP=all takes each. Without a key, a row that came twice would stay twice."""
    destination = Postgres(server) if foreign else postgres
    destination = in_warehouse(postgres, proxied, project) if foreign else postgres
    destination_keys = KEYLESS | ({"database": "warehouse"} if foreign else {})

    def exchanges():
        return int(proxied.command("stats").split("exchanges=")[1].split()[0])

    def collect(number):
        name = f"items{number}"
        project.collector(name, destination=destination_keys)
        return name, project.collect(name, "--wait", "60s")

    collect(0)
    before = exchanges()
    collect(1)
    count = exchanges() - before
    assert count > 15
    numbers = range(1, count + 1) if os.environ.get("SWEEP") == "all" else sorted(rng.sample(range(1, count + 1), 8))
    for number in numbers:
        proxied.command(f"drop-answer {number}")
        name, run = collect(number + 1)
        proxied.command("clear")
        assert run.summary() == (0, "success"), f"answer {number} of {count}"
        assert run.counts["inserted"] == ROWS
        assert rows(destination, name) == WHOLE
        assert (postgres.runs(name), postgres.slices(name)) == (["success"], ["all"])


# ---- it does not permit ----


def test_no_right_to_the_table(postgres, api, project):  # noqa: F811
    assert_fine(project, postgres)
    postgres.query("ALTER TABLE items OWNER TO postgres; GRANT SELECT ON items TO pulse")
    refused(project, api, "permission denied for table items", "GRANT SELECT, INSERT, UPDATE, DELETE ON")
    postgres.query("GRANT SELECT, INSERT, UPDATE, DELETE ON items TO pulse")
    assert_fine(project, postgres, ["success", "failed"])


def test_a_right_that_is_withdrawn_in_the_middle(postgres, api, project):  # noqa: F811
    assert_fine(project, postgres)
    api.answer = items(*range(1, ROWS + 2))
    with api.hold() as held, project.begin() as process:
        held.wait()
        postgres.query("ALTER TABLE items OWNER TO postgres; GRANT SELECT ON items TO pulse")
        held.release()
        run = process.end()
    assert run.summary() == (3, "failed") and run.failure_type == "configuration"  # not the API's credentials
    assert "permission denied for table items (SQLSTATE 42501); GRANT the right to this user" in run.error
    assert rows(postgres) == WHOLE and len(postgres.slices("items")) == 1


def test_a_store_that_is_read_only(postgres, api, project):  # noqa: F811
    assert_fine(project, postgres)
    postgres.query(f"ALTER DATABASE {postgres.name} SET default_transaction_read_only = on")
    run = project.collect("items", "--wait", "1s")
    assert run.code == 69 and "read-only transaction (SQLSTATE 25006)" in run.stderr
    assert len(api.requests) == 1
    postgres.query(f"BEGIN READ WRITE; ALTER DATABASE {postgres.name} RESET default_transaction_read_only; COMMIT")
    assert_fine(project, postgres, ["success"])


def test_a_destination_that_is_read_only(server, postgres, api, project):  # noqa: F811
    warehouse = Postgres(server)
    project.settings(postgres, warehouse=warehouse)
    project.collector(destination={"database": "warehouse"}, timeout="1s")
    server.query(f"ALTER DATABASE {warehouse.name} SET default_transaction_read_only = on")
    run = project.collect()  # a server that has become a standby may be the primary again: it is waited for
    assert run.summary() == (3, "timeout") and "read-only transaction (SQLSTATE 25006)" in run.error
    assert api.requests == []
    project.collector(destination={"database": "warehouse"})
    server.query(f"ALTER DATABASE {warehouse.name} RESET default_transaction_read_only")
    assert project.collect().summary() == (0, "success")
    assert rows(warehouse) == WHOLE


def test_too_many_connections(server, postgres, api, project):  # noqa: F811
    server.query("ALTER ROLE pulse CONNECTION LIMIT 0")
    try:
        run = project.collect("items", "--wait", "1s")
        assert run.code == 69 and "too many connections for role" in run.stderr and "(SQLSTATE 53300)" in run.stderr
        assert "max_connections" in run.stderr and api.requests == []
        with project.begin("items", "--wait", "10m") as process:
            process.wait_for("waiting for the database")
            server.query("ALTER ROLE pulse CONNECTION LIMIT -1")
            assert process.end().summary() == (0, "success")
    finally:
        server.query("ALTER ROLE pulse CONNECTION LIMIT -1")
    assert_fine(project, postgres, ["success"])


# ---- others are in the way ----


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
def test_a_conflict_is_tried_again_without_fetching_again(postgres, api, project, state):  # noqa: F811
    assert_fine(project, postgres)
    api.answer = items(*range(1, ROWS + 2))
    postgres.query(FUSE.format(times=2, state=state))
    api.forget()
    run = project.collect()
    assert run.summary() == (0, "success") and run.counts["inserted"] == 1
    assert len(api.requests) == 1
    assert postgres.query("SELECT last_value FROM fuse") == [("3",)]
    assert len(rows(postgres)) == ROWS + 1


def test_a_conflict_that_stays_ends_the_run_at_its_timeout(postgres, project):  # noqa: F811
    assert_fine(project, postgres)
    postgres.query(FUSE.format(times=1_000_000, state="40P01"))
    project.collector(timeout="3s")
    run = project.collect()
    assert run.code == 3 and run.failure_type == "transient" and "blown (SQLSTATE 40P01)" in run.error
    assert run.outcome in ("timeout", "failed")  # failed, if the last try ends with the time
    assert rows(postgres) == WHOLE
    postgres.query("DROP TRIGGER blow ON items")
    project.collector()
    assert_fine(project, postgres, ["success", run.outcome])


def test_a_real_deadlock(postgres, api, project):  # noqa: F811
    """The other one waits already when our statement closes the circle, and looks for deadlocks later than ours."""
    assert_fine(project, postgres)
    postgres.query("CREATE FUNCTION turn() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NULL; END $$; "
                   "CREATE TRIGGER turn BEFORE INSERT ON items FOR EACH STATEMENT EXECUTE FUNCTION turn()")
    api.answer = {"items": [{"id": 1, "name": "changed"}]}
    blocked = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND usename = '{}'"

    def waits(user):
        wait_until(lambda: postgres.query(blocked.format(user)) != [("0",)])

    with Session(postgres) as gate, Session(postgres) as other:
        gate.do("SELECT pg_advisory_lock(7)")
        other.do("SET deadlock_timeout = '1h'")
        other.do("BEGIN")
        other.do("UPDATE items SET name = 'the other was here' WHERE id = 1")
        with project.begin() as process:
            waits("pulse")  # in its transaction, which holds the run's row
            other.send("UPDATE pulse.runs SET error = error WHERE state = 'running'")
            waits("postgres")
            gate.do("SELECT pg_advisory_unlock(7)")
            wait_until(lambda: "deadlock detected" in postgres.server.log())
            other.do("ROLLBACK")
            run = process.end()
    assert run.summary() == (0, "success") and run.counts["updated"] == 1
    assert rows(postgres)[0] == ("1", "changed")
    assert len(api.requests) == 2  # one a run


def test_a_table_that_another_has_locked_is_waited_for(postgres, project):  # noqa: F811
    assert_fine(project, postgres)
    with Session(postgres) as other:
        other.do("BEGIN")
        other.do("LOCK TABLE items IN SHARE MODE")
        with project.begin() as process:
            wait_until(lambda: postgres.query("SELECT 1 FROM pg_locks WHERE NOT granted"))
            other.do("COMMIT")
            assert process.end().summary() == (0, "success")


@pytest.mark.parametrize("sql, state", [
    ("ALTER TABLE items ADD CHECK (id < 4)", "23514"),
    (FUSE.format(times=1_000_000, state="P0001"), "P0001"),
], ids=["check", "trigger"])
def test_a_table_that_refuses_a_row_keeps_all_others(postgres, api, project, sql, state):  # noqa: F811
    assert_fine(project, postgres)
    postgres.query(sql)
    api.answer = items(*range(1, ROWS + 2))
    run = project.collect()
    assert run.summary() == (3, "failed") and run.failure_type == "data"
    assert f"(SQLSTATE {state})" in run.error
    assert rows(postgres) == WHOLE and len(postgres.slices("items")) == 1


# ---- its disk is full ----

BIG = {"items": [{"id": number, "name": "x" * 500} for number in range(1, 8001)]}


def test_a_full_disk_of_the_server(server, postgres, api, project, small_disk):  # noqa: F811
    folder = small_disk("2m", server.identity)
    server.query(f"CREATE TABLESPACE small LOCATION '{folder}'")
    try:
        server.query("GRANT CREATE ON TABLESPACE small TO pulse")
        server.query(f"ALTER DATABASE {postgres.name} SET default_tablespace = small")
        assert_fine(project, postgres)
        api.answer = BIG
        run = project.collect()
        assert run.summary() == (3, "failed") and run.failure_type == "transient"
        assert "No space left on device (SQLSTATE 53100); free space on the database server's disk" in run.error
        assert rows(postgres) == WHOLE and len(postgres.slices("items")) == 1
        small_disk.grow()
        again = project.collect()
        assert again.summary() == (0, "success")
        assert postgres.query("SELECT count(*) FROM items") == [("8000",)]
    finally:
        server.query(f"DROP DATABASE {postgres.name} WITH (FORCE)")
        server.query("DROP TABLESPACE small")


def test_a_full_disk_of_a_file(tmp_path, api, project, small_disk):  # noqa: F811
    store = Sqlite(small_disk("1m") / "pulse.db")
    project.settings(store)
    assert_fine(project, store)
    api.answer = BIG
    run = project.collect()
    assert run.summary() == (3, "failed") and run.failure_type == "transient"
    assert "full" in run.error
    assert store.query("PRAGMA integrity_check") == [("ok",)]
    assert rows(store) == WHOLE and len(store.slices("items")) == 1
    small_disk.grow()
    assert project.collect().summary() == (0, "success")
    assert store.query("SELECT count(*) FROM items") == [("8000",)]


def test_a_limit_on_the_size_of_files(tmp_path, api, project):  # noqa: F811
    store = Sqlite(tmp_path / "pulse.db")
    project.settings(store)
    assert_fine(project, store)
    api.answer = BIG
    limit = 1 << 20
    run = project.collect("items", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert run.summary() == (3, "failed") and run.failure_type == "transient"
    assert store.query("PRAGMA integrity_check") == [("ok",)]
    assert rows(store) == WHOLE and len(store.slices("items")) == 1
    assert project.collect().summary() == (0, "success")
    assert store.query("SELECT count(*) FROM items") == [("8000",)]
