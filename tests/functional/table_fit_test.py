"""Tables that were made by hand and do not fit: each fault is named with its SQL before anything is requested (CO11)."""

import re

import pytest
from api import items
from project import Sqlite, api, postgres, postgres_server, project, store  # noqa: F401 (fixtures)


@pytest.fixture
def refuse(api, project):  # noqa: F811
    """A run that must not get as far as a request: its error."""
    def refuse():
        run = project.collect()
        assert run.summary() == (3, "failed") and run.failure_type == "configuration"
        assert api.requests == []
        return run.error

    api.answer = items(1, 2, 3)
    return refuse


def repairs(error):
    """The SQL that the messages end with; what follows a statement in brackets is the server's own word."""
    return [sql.strip() for sql in re.findall(r"(?:with: |it with: |or add it with: )((?:ALTER|CREATE)[^\n]*?;)", error)]


def collect_after(project, database, statements):  # noqa: F811
    for sql in statements:
        database.query(sql)
    run = project.collect()
    assert run.summary() == (0, "success") and run.counts["inserted"] == 3
    assert database.query("SELECT count(*) FROM items") == [("3",)]


def test_all_faults_at_once_on_postgresql(postgres, project, refuse):  # noqa: F811
    postgres.query("CREATE TABLE items (id integer, name varchar(1), region text NOT NULL, country text NOT NULL DEFAULT 'x'); "
                   "ALTER TABLE items OWNER TO pulse")
    project.collector()
    error = refuse()
    assert 'a column "name" of character varying(1), which is too narrow for a field of type text' in error
    assert 'give the field max_length: 1' in error
    assert 'wants a value for its column "region", which no field fills' in error
    assert 'cannot be merged into by the primary_key ("id"), because it has no unique key' in error
    assert "country" not in error
    statements = repairs(error)
    assert len(statements) == 3, error
    collect_after(project, postgres, statements)
    assert postgres.runs("items") == ["failed", "success"]
    columns = [name for (name,) in postgres.query("SELECT column_name FROM information_schema.columns WHERE table_name = 'items' ORDER BY 1")]
    assert columns == ["country", "id", "name", "region"]  # a foreign table gets no column of ours


@pytest.mark.parametrize("table, words", [
    ("id integer PRIMARY KEY, name text, region text NOT NULL", 'column "region", which no field fills'),
    ("id integer PRIMARY KEY, name varchar(1)", 'column "name" of character varying(1)'),
    ("id integer, name text", "has no unique key of exactly these columns"),
    ("name text", 'lacks "id", a column of destination.primary_key'),
    ("id integer PRIMARY KEY", "lacks 1 of the collector's columns"),
    ("id text PRIMARY KEY, name text", 'column "id" of text, which does not take'),
    ("id smallint PRIMARY KEY, name text", 'column "id" of smallint, which is too narrow'),
    ("id integer PRIMARY KEY, name text GENERATED ALWAYS AS ('x') STORED", 'computes its column "name" itself'),
], ids=["not_null", "narrow", "no_key", "key_column", "column", "type", "small", "computed"])
def test_one_fault_on_postgresql(postgres, project, refuse, table, words):  # noqa: F811
    postgres.query(f"CREATE TABLE items ({table}); ALTER TABLE items OWNER TO pulse")
    project.collector()
    error = refuse()
    assert words in error
    statements = repairs(error)
    assert statements, error
    for sql in statements:
        postgres.query(sql)
    if "lacks \"id\"" in error:  # the column is there now, its key is the next fault
        statements = repairs(refuse())
        assert statements
    collect_after(project, postgres, statements if "lacks \"id\"" in error else [])


@pytest.mark.parametrize("table, words", [
    ("id INTEGER, name TEXT", "has no unique key of exactly these columns"),
    ("id INTEGER PRIMARY KEY", "lacks 1 of the collector's columns"),
], ids=["no_key", "column"])
def test_one_fault_on_sqlite(tmp_path, project, refuse, table, words):  # noqa: F811
    database = Sqlite(tmp_path / "pulse.db")
    project.settings(database)
    database.query(f"CREATE TABLE items ({table})")
    project.collector()
    error = refuse()
    assert words in error
    collect_after(project, database, repairs(error))


def test_not_null_on_sqlite_which_has_no_sql_to_drop_it(tmp_path, project, refuse):  # noqa: F811
    database = Sqlite(tmp_path / "pulse.db")
    project.settings(database)
    database.query("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, region TEXT NOT NULL)")
    project.collector()
    error = refuse()
    assert 'wants a value for its column "region", which no field fills; add a field for it, or give the column a default' in error
    fields = {"id": {"path": "id", "type": "integer"}, "name": "name", "region": {"value": "somewhere"}}
    project.collector(fields=fields)
    collect_after(project, database, [])


def test_a_schema_that_is_not_there(postgres, project, refuse):  # noqa: F811
    project.collector(destination={"schema": "facts"})
    statements = repairs(refuse())
    assert statements == ['CREATE SCHEMA "facts";']
    for sql in statements:
        postgres.query(sql)
    postgres.query("GRANT USAGE, CREATE ON SCHEMA facts TO pulse")
    assert project.collect().summary() == (0, "success")
    assert postgres.query("SELECT count(*) FROM facts.items") == [("3",)]
