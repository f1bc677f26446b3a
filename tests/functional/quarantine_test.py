"""Records that do not fit: set aside with their reasons, the others loaded, on both engines to the byte alike (CO10)."""

import json

import pytest
from project import Postgres, Sqlite, api, postgres_server, project  # noqa: F401 (fixtures)

FIELDS = {"id": {"path": "id", "type": "integer", "required": True},
          "name": {"path": "name", "type": "text", "max_length": 8},
          "title": {"path": "title", "type": "varchar(12)"},
          "amount": {"path": "amount", "type": "number(8,2)"},
          "exact": {"path": "exact", "type": "number"},
          "size": {"path": "size", "type": "bigint"},
          "ratio": {"path": "ratio", "type": "double"},
          "day": {"path": "day", "type": "date"},
          "seen": {"path": "seen", "type": "timestamp"},
          "flag": {"path": "flag", "type": "boolean"},
          "code": {"path": "code", "type": "uuid"}}

GOOD = [
    r'{"id": 1, "name": "short", "title": "Ünïcödé ☃", "amount": 1.10, "size": 9223372036854775807, "ratio": 0.5, "day": "2024-02-29", '
    r'"seen": "2024-01-31T10:00:00.123456Z", "flag": true, "code": "6f9619ff-8b86-d011-b42d-00c04fc964ff"}',
    r'{"id": -2147483648, "name": "", "title": null, "amount": -999999.99, "size": -9223372036854775808, "ratio": 1e-300, '
    r'"day": "0001-01-01", "seen": "9999-12-31T23:59:59Z", "flag": false}',
    r'{"id": 2147483647, "name": "12345678", "title": "\"q\" \\ a\tb", "amount": 0.00, "exact": 123456789012345678901234567890.10, "day": "9999-12-31"}',
    r'{"id": 4, "name": "😀😀😀😀😀😀😀😀"}',  # eight characters, however many bytes
]
BAD = {  # record → the column that spoils it
    r'{"id": 10, "name": "far too long"}': "name",
    r'{"id": 11, "title": "thirteen char"}': "title",
    r'{"id": 12, "name": "a\u0000b"}': "name",
    r'{"id": 13, "amount": 1000000}': "amount",
    r'{"id": 14, "size": 9223372036854775808}': "size",
    r'{"id": 2147483648}': "id",
    r'{"id": 15, "ratio": 1e400}': "ratio",
    r'{"id": 16, "day": "10000-01-01"}': "day",
    r'{"id": 17, "day": "2023-02-29"}': "day",
    r'{"id": 18, "seen": "10000-01-01T00:00:00Z"}': "seen",
    r'{"name": "no key"}': "id",
    r'{"id": null, "name": "nokey"}': "id",
    r'{"id": "x1"}': "id",
    r'{"id": 19, "flag": "perhaps"}': "flag",
    r'{"id": 20, "code": "not-a-uuid"}': "code",
    '{"id": 21, "name": "\\ud800"}': "",  # is not even JSON
    r'[1, 2]': "",
}

# One form for what the engines keep each in its own.
COLUMNS = {"sqlite": "id, name, title, amount, exact, size, CAST(ratio * 1024 AS INTEGER), day, substr(seen, 1, 26), flag, code",
           "postgresql": "id, name, title, amount, exact, size, (ratio * 1024)::bigint, to_char(day, 'YYYY-MM-DD'), "
                         "to_char(seen AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), flag::int, code"}
QUARANTINE = "SELECT fingerprint, column_name, reason, raw, times FROM {} ORDER BY fingerprint"


def body(records):
    return ('{"items": [' + ",".join(records) + "]}").encode()


@pytest.fixture
def load(api, project):  # noqa: F811
    def load(database):
        project.settings(database)
        run = project.collect()
        rows = database.query(f"SELECT {COLUMNS[database.kind]} FROM items ORDER BY id") if database.has("items") else []
        return run, rows, database.query(QUARANTINE.format(database.ledger("quarantine")))

    return load


def test_both_engines_keep_and_set_aside_the_same(tmp_path, postgres_server, project, api, load):  # noqa: F811
    mixed = [record for pair in zip(list(BAD), GOOD * 5) for record in pair][:2 * len(BAD)]
    api.answer = body(mixed)
    project.collector(fields=FIELDS, max_bad_rows="100%")
    engines = [Sqlite(tmp_path / "pulse.db"), Postgres(postgres_server)]
    (run, rows, quarantine), (other, *same) = [load(engine) for engine in engines]
    assert [rows, quarantine] == same
    for it in (run, other):
        assert it.summary() == (0, "success")
        assert (it.counts["inserted"], it.counts["quarantined"]) == (len(GOOD), len(BAD))
    assert len(rows) == len(GOOD)

    set_aside = {raw: (column or "", reason) for _, column, reason, raw, _ in quarantine}
    assert len(set_aside) == len(BAD)
    by_meaning = {json.dumps(json.loads(raw)): found for raw, found in set_aside.items()}
    for record, column in BAD.items():
        found = by_meaning[json.dumps(json.loads(record))]
        assert found[0] == column and len(found[1]) > 5, (record, found)
    for record, words in [(r'{"id": 10, "name": "far too long"}', "8"), (r'{"id": 12, "name": "a\u0000b"}', "NUL"),
                          (r'{"id": 16, "day": "10000-01-01"}', "10000-01-01")]:
        assert words in by_meaning[json.dumps(json.loads(record))][1], by_meaning[json.dumps(json.loads(record))]

    again = [load(engine) for engine in engines]  # the same records in every run are one row each, counted
    assert again[0][1:] == again[1][1:]
    assert again[0][1] == rows
    assert {times for *_, times in again[0][2]} == {"2"}


def test_too_many_hold_back_the_batch_and_are_kept_all_the_same(tmp_path, postgres_server, project, api, load):  # noqa: F811
    api.answer = body(GOOD + list(BAD))
    project.collector(fields=FIELDS)
    results = [load(engine) for engine in [Sqlite(tmp_path / "pulse.db"), Postgres(postgres_server)]]
    for run, rows, quarantine in results:
        assert run.summary() == (1, "rejected") and run.failure_type == "data" and "max_bad_rows" in run.error
        assert rows == [] and len(quarantine) == len(BAD)
    assert results[0][2] == results[1][2]
