"""schema/collector.schema.json is what `pulse reference collector --schema` prints, and agrees with `pulse validate`.

A schema sees one place at a time: keys, types, bounds. What it cannot see is listed below, file by file, so that the
list says what only `pulse validate` finds.
"""

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest
from yaml_core import load

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
PULSE = Path(os.environ["BIN_DIR"]) / "pulse"
SCHEMA = ROOT / "schema/collector.schema.json"
GOOD = sorted(ROOT.glob("collectors/*.yaml")) + sorted(ROOT.glob("examples/starter/collectors/*.yaml"))

# No YAML, or another one for the loader here: the schema is never asked.
NOT_YAML = {"duplicate_key", "encoding", "indentation", "not_yaml", "second_document", "tag"}

UNSEEN = {
    # what several keys say together
    "after_self", "append", "append_windows", "authenticator_api_key", "authenticator_bearer", "backoff_cap", "body_get", "body_two", "database",
    "decoder_keys", "dedup_sort", "field_source", "field_text", "kept_names", "oauth2_user", "on_conflict_columns",
    "paginator_body", "paginator_needs", "paginator_target", "paginator_type", "primary_key", "replace_sync",
    "origin", "router_as", "router_chunk", "sync_date", "sync_integer", "sync_start",
    # texts in a language of their own: JMESPath, templates, regular expressions, time formats and zones
    "decoder_delimiter", "field_default", "field_regex", "field_time", "many_faults", "path", "template_name",
    "template_variable",
    # numbers inside of texts, names in any case, the environment
    "duration_overflow", "duration_range", "kept_table", "kept_table_phoenix", "missing_secret", "url", "url_port", "variable",
}


def printed():
    done = subprocess.run([PULSE, "reference", "collector", "--schema"], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(printed())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def accepts(validator, path):
    return validator.is_valid(load(path.read_text(encoding="utf-8")))


def test_the_shipped_file_is_up_to_date():
    if os.environ.get("UPDATE_GOLDEN"):
        SCHEMA.write_text(printed())
    assert SCHEMA.read_text() == printed(), "run ./dev update-golden"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_sound_files_pass(validator, path):
    errors = [f"{'.'.join(map(str, error.path))}: {error.message}"
              for error in validator.iter_errors(load(path.read_text(encoding="utf-8")))]
    assert errors == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("collectors/*.yaml")), ids=lambda path: path.name)
def test_shipped_collectors_name_the_schema(path):
    assert path.read_text().splitlines()[0] == "# yaml-language-server: $schema=../schema/collector.schema.json"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.bad.yaml")), ids=lambda path: path.name)
def test_faulty_files_are_refused_where_a_schema_can_see_it(validator, path):
    name = path.name.removesuffix(".bad.yaml")
    if name in NOT_YAML:
        pytest.skip("not for a schema to judge")
    assert accepts(validator, path) == (name in UNSEEN)


def test_the_lists_name_files_that_exist():
    names = {path.name.removesuffix(".bad.yaml") for path in FOLDER.glob("*.bad.yaml")}
    assert (NOT_YAML | UNSEEN) - names == set()


@pytest.mark.parametrize("text, sound", [
    ("timeout: ${LIMIT}", True), ("timeout: 1h30m", True), ("timeout: 90", False), ("timeout: 1 h", False),
    ("max_bad_rows: 5%", True), ("max_bad_rows: 5", True), ("max_bad_rows: -1", False), ("allow_empty: 7d", True),
    ("requester: {url_base: 'https://h', conditional: false}", True),
    ("requester: {url_base: '{{ partition.host }}'}", True), ("requester: {url_base: 'ftp://h'}", False),
    ("requester: {url_base: 'https://h', idempotent: '${REPEAT}'}", True),
    ("requester: {url_base: 'https://h', request_parameters: {a: [1, b, true], c: 0.5}}", True),
    ("requester: {url_base: 'https://h', request_parameters: {a: {b: c}}}", False),
    ("requester: {url_base: 'https://h', request_body_json: {a: [1, {b: null}]}}", True),
    ("fields: {id: id, tags: {path: tags, type: 'text[]'}, sum: {path: s, type: 'number(12, 2)'}}", True),
    ("fields: {_id: id}", False), ("fields: {id: [id]}", False), ("fields: {id: {path: id, kind: text}}", False),
    ("partition_router: {type: product, of: [{type: list, values: [a, {b: 1}], as: x}, {type: list, values: [c], as: y}]}",
     True),
    ("partition_router: {type: product, of: [{kind: list}]}", False),
    ("partition_router: {type: substream, as: x, parent: {requester: {url_base: 'https://h'}, decoder: {type: csv}}}", True),
    ("partition_router: {type: substream, as: x, parent: {decoder: {type: csv}}}", False),
    ("incremental_sync: {cursor_field: a, cursor_format: '%d/%m/%Y', start: 2020-01-01, step: 30d}", True),
    ("incremental_sync: {cursor_field: a, cursor_format: dmy}", False),
])
def test_types(validator, text, sound):
    sample = {"name": "a", "requester": {"url_base": "https://h"}, "fields": {"id": "id"},
              "destination": {"table": "t", "primary_key": ["id"]}}
    assert validator.is_valid({**sample, **load(text)}) == sound
