"""The corners of JSON: each body has its one outcome: rows, a record set aside, or a named error. Never a crash."""

import base64
import json

import pytest

COLLECTOR = """
name: edge
requester: {url_base: "https://www.cisa.gov", path: /sites/default/files/feeds/known_exploited_vulnerabilities.json}
record_selector: {field_path: items}
fields:
  id: {path: id, type: integer}
  amount: {path: amount, type: number}
  title: title
destination: {table: edge, primary_key: [id]}
max_bad_rows: 50%
"""
GOOD = b'{"id": 1, "amount": 1, "title": "good"}'


def body(record):
    """The record in question beside a sound one."""
    return b'{"items": [' + GOOD + b', ' + record + b']}'


@pytest.fixture
def edge(simulator, pulse, tmp_path):
    (tmp_path / "collectors").mkdir()
    (tmp_path / "collectors/edge.yaml").write_text(COLLECTOR)
    pulse.write_config(collectors=tmp_path / "collectors")

    def collect(content):
        simulator.faults({"api": "kev", "kind": "body", "body_base64": base64.b64encode(content).decode(),
                          "content_type": "application/json", "count": 1})
        done = pulse("collect", "edge", "--json", "--set=requester.error_handler.backoff.max_attempts=1")
        assert done.returncode in (0, 1, 3)
        (report,) = json.loads(done.stdout)
        return report

    collect.pulse = pulse
    return collect


@pytest.mark.parametrize("record, row", [
    (b'{"id": 2, "amount": 1.10}', (2, "1.10", None)),
    (b'{"id": 2, "amount": 1234567890123456789012345678}', (2, "1234567890123456789012345678", None)),
    (b'{"id": 2, "amount": 0.1234567890123456789012345678}', (2, "0.1234567890123456789012345678", None)),
    (b'{"id": 2, "amount": 1e400}', (2, "1" + 400 * "0", None)),
    (b'{"id": 2, "amount": -0}', (2, "0", None)),
    (b'{"id": 2, "title": "a", "title": "b"}', (2, None, "b")),
    (b'{"id": 2, "title": "\\ud83d\\ude00 \\u00e9"}', (2, None, "\U0001f600 é")),
    (b'{"id": 2, "title": "' + b"x" * 100_000 + b'"}', (2, None, "x" * 100_000)),
    (b'{"id": 2.0, "title": ""}', (2, None, "")),
], ids=["1.10", "28-digits", "28-decimals", "1e400", "minus-zero", "duplicate-keys", "escapes", "long", "2.0"])
def test_is_a_row(edge, record, row):
    report = edge(body(record))
    assert report["outcome"] == "success"
    assert edge.pulse.rows("SELECT id, amount, title FROM edge ORDER BY id") == [(1, "1", "good"), row]
    assert report["counts"]["quarantined"] == 0


@pytest.mark.parametrize("record, reason", [
    (b'{"id": 2, "amount": 1e999999999}', "has more than 1,000 digits when written out"),
    (b'{"id": 2, "amount": NaN}', "NaN"),
    (b'{"id": 2, "amount": -Infinity}', "Infinity"),
    (b'{"id": 2, "title": "\\ud800"}', "lone surrogate"),
    (b'{"id": 2, "title": "caf\xe9"}', "invalid UTF-8"),
    (b'{"id": 2, "title": "a\x01b"}', "raw control character"),
    (b'{"id": 2, "title": "a\\u0000b"}', "NUL"),
    (b'{"id": 99999999999}', "out of range"),
    (b'{"id": 2.5}', "whole number"),
    (b'{"amount": 2}', "the key is missing"),
    (b'{"id": null}', "the key is missing"),
    (b'{"id": 2, "other": "\xff"}', "invalid UTF-8"),
    (b'"a text"', "not an object"),
], ids=["1e999999999", "NaN", "Infinity", "surrogate", "utf-8", "control", "nul", "large", "fraction", "no-key", "null-key", "elsewhere", "text"])
def test_is_set_aside_alone(edge, record, reason):
    report = edge(body(record))
    assert report["outcome"] == "success"
    assert edge.pulse.rows("SELECT id, title FROM edge") == [(1, "good")]
    ((found, raw),) = edge.pulse.rows("SELECT reason, raw FROM pulse_quarantine")
    assert reason in found
    assert raw == record.decode(errors="replace").replace("\x01", "\ufffd")


@pytest.mark.parametrize("content, message", [
    (b'{"items": [' + 10_000 * b"[" + 10_000 * b"]" + b"]}", "nest"),
    (10_000 * b'{"a":' + b"1" + 10_000 * b"}", "nest"),
    (b'{"items": []} x', "after"),
    (b'{"items": [1,]}', "column"),
    (b'{"items": [01]}', "column"),
    ("{\"items\": []}".encode("utf-16"), "UTF-16"),
], ids=["deep-lists", "deep-objects", "more", "comma", "leading-zero", "utf-16"])
def test_is_a_named_error(edge, content, message):
    report = edge(content)
    assert (report["outcome"], report["failure_type"]) == ("failed", "data")
    assert message in report["error"], report["error"]


def test_a_byte_order_mark_is_skipped(edge):
    assert edge(b"\xef\xbb\xbf" + body(b'{"id": 2}'))["counts"]["inserted"] == 2


def test_truncated_anywhere_it_is_an_error(edge):
    """At every tenth byte here; the unit tests of decode do every single one."""
    content = body(b'{"id": 2, "amount": 1.5e3, "title": "\\u00e9t\\u00e9"}')
    for length in range(1, len(content), 10):
        report = edge(content[:length])
        assert report["outcome"] == "failed", content[:length]
        if report["failure_type"] == "data":  # its last bracket is one of the right kind
            assert "line 1" in report["error"]
        else:
            assert "JSON that breaks off" in report["error"]
    assert edge(content)["counts"]["inserted"] == 2
