"""Where pulse writes, and what an independent program reads there: Python's sqlite3, or libpq."""

import shutil
import sqlite3
from contextlib import closing

import postgres_server as postgres
from invariants import COUNTS, Fault, Snapshot


def read(case, engine, tables, query):
    """A snapshot by query(sql) → rows of texts and numbers; tables: the names of those there are."""
    ledger = "pulse." if engine == "postgresql" else "pulse_"
    counts = ", ".join(COUNTS)

    def moment(column):
        if engine == "sqlite":
            return column
        return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

    def integers(row):
        return tuple(int(value) for value in row)

    snapshot = Snapshot()
    if case.table in tables:
        snapshot.rows = query(f"SELECT {case.select(engine)} FROM {case.table}")
    if f"_prev_{case.table}" in tables:
        columns = case.select(engine).removesuffix(", _run_id")
        snapshot.previous = query(f"SELECT {columns} FROM _prev_{case.table}")
    if f"{ledger}cursors" not in tables:  # of the last migration
        return snapshot
    snapshot.runs = {run: (state, integers(own)) for run, state, *own in
                     query(f"SELECT id, state, {counts} FROM {ledger}runs ORDER BY started_at")}
    for run, name, partition, start, end, *own in query(
            f"SELECT run, slice, partition, {moment('window_start')}, {moment('window_end')}, {counts} FROM {ledger}slices "
            f"WHERE state = 'committed' ORDER BY committed_at, slice"):
        snapshot.slices.append((run, name, partition or "", start, end, integers(own)))
    snapshot.cursors = {partition: (covered, case.cursor_time(largest), run) for partition, covered, largest, run in
                        query(f"SELECT partition, {moment('covered_until')}, high_water, run FROM {ledger}cursors")}
    return snapshot


class SqliteStore:
    engine = "sqlite"
    url = "sqlite:pulse.db"

    def __init__(self, folder):
        self.folder = folder

    def empty(self):
        for suffix in ("", "-wal", "-shm", ".lock"):
            (self.folder / f"pulse.db{suffix}").unlink(missing_ok=True)

    def forget(self):
        """Empty, but with the ledger's tables: the work of migrations is done."""
        with closing(sqlite3.connect(self.folder / "pulse.db")) as connection, connection:
            for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                if name not in ("pulse_schema_migrations", "sqlite_sequence"):
                    connection.execute(f'DELETE FROM "{name}"' if name.startswith("pulse_") else f'DROP TABLE "{name}"')

    def end_leases(self):
        """Nothing to do: whoever holds the lock file knows that no other run is alive."""

    def snapshot(self, case):
        """Off a copy: opening it rolls back what was left half done, and that is the next pulse's work, not ours."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for suffix in ("", "-wal"):
            if (self.folder / f"pulse.db{suffix}").exists():
                shutil.copyfile(self.folder / f"pulse.db{suffix}", copy / f"pulse.db{suffix}")
        if not (copy / "pulse.db").exists():
            return Snapshot()
        try:
            with closing(sqlite3.connect(copy / "pulse.db")) as connection:
                def query(sql):
                    return connection.execute(sql).fetchall()
                if (answer := query("PRAGMA integrity_check")) != [("ok",)]:
                    raise Fault(f"integrity_check: {answer[:3]}")
                return read(case, self.engine, {name for (name,) in query("SELECT name FROM sqlite_master")}, query)
        except sqlite3.DatabaseError as error:
            raise Fault(f"SQLite: {error}") from error


class PostgresStore:
    engine = "postgresql"

    def __init__(self, cluster, database, url=None):
        self.cluster, self.database = cluster, database
        self.url = url or cluster.url(database)
        self.connection = None

    def query(self, sql):
        if self.connection is None:
            self.connection = postgres.Connection(self.cluster.url(self.database, "torture-check"))
        try:
            return self.connection.query(sql)
        except postgres.Lost:
            self.connection = postgres.Connection(self.cluster.url(self.database, "torture-check"))
            return self.connection.query(sql)

    def empty(self):
        self.settle()
        tables = [name for name in self._tables() if not name.startswith("pulse.")]
        self.query("DROP SCHEMA IF EXISTS pulse CASCADE")
        for name in tables:
            self.query(f'DROP TABLE "{name}"')

    def forget(self):
        """Empty, but with the ledger's tables: the work of migrations is done."""
        self.settle()
        for name in sorted(self._tables() - {"pulse.schema_migrations"}, reverse=True):  # slices before their runs
            self.query(f"DELETE FROM {name}" if name.startswith("pulse.") else f'DROP TABLE "{name}"')

    def _tables(self):
        return {name if schema == "public" else f"{schema}.{name}" for schema, name in
                self.query("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'pulse')")}

    def settle(self):
        """Until the server has noticed that its client died; what it had not committed is then undone."""
        self.cluster.wait_for(lambda: self.query(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'") == [("0",)], "the last session of a dead client to end")

    def snapshot(self, case):
        self.settle()
        return read(case, self.engine, self._tables(), self.query)

    def end_leases(self):
        """As if the 30 s of the dead runs had passed."""
        if "pulse.runs" in self._tables():
            self.query("UPDATE pulse.runs SET lease_until = now() - interval '1 second' WHERE state = 'running'")
