"""`pulse next`: when a collector, or a cron expression, comes next."""

import json

FROM = ["--timezone", "Europe/Berlin", "--from", "2026-03-28T00:00:00Z", "--json"]


def local(done):
    assert done.returncode == 0
    return [fire["local"] for fire in json.loads(done.stdout)]


def test_an_expression_around_a_gap_in_the_clocks(pulse):
    # 02:30 does not exist on the 29th: that run comes once, at the gap's end.
    assert local(pulse("next", "30 2 * * *", "--count", 3, *FROM)) == [
        "2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]


def test_a_collector_with_a_splay(pulse, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "items.yaml").write_text(
        "name: items\nrequester: {url_base: 'https://api.example', path: /items}\nfields: {id: id}\n"
        "schedule: {cron: '0 6 * * *', timezone: America/Sao_Paulo, splay: 30m}\ndestination: {table: items, write_disposition: append}\n")
    pulse.write_config(collectors=folder)
    fires = json.loads(pulse("next", "items", "--from", "2026-11-22T00:00:00Z", "--count", 2, "--json").stdout)
    assert [fire["slot"] for fire in fires] == ["2026-11-22T09:00:00.000000Z", "2026-11-23T09:00:00.000000Z"]
    assert [fire["local"] for fire in fires] == ["2026-11-22T06:00:00-03:00", "2026-11-23T06:00:00-03:00"]
    for fire in fires:
        assert fire["slot"] < fire["start"] < fire["slot"].replace("09:00", "09:30")
    shown = pulse("next", "items")
    assert shown.returncode == 0 and shown.stdout.count("its splay") == 5


def test_what_cannot_be_answered_says_why(pulse):
    wrong = pulse("next", "61 * * * *")
    assert wrong.returncode == 64 and "column 1: 61 is out of range" in wrong.stderr
    zone = pulse("next", "@daily", "--timezone", "Mars/Olympus")
    assert zone.returncode == 64 and "Mars/Olympus" in zone.stderr
    never = pulse("next", "0 0 31 2 *")
    assert never.returncode == 64 and "never comes" in never.stderr
    assert pulse("next", "nobody").returncode == 78
    (pulse.folder / "own.yaml").write_text("name: own\nrequester: {url_base: 'https://api.example', path: /}\n"
                                           "fields: {a: a}\ndestination: {table: own, primary_key: [a]}\n")
    by_hand = pulse("next", str(pulse.folder / "own.yaml"))
    assert by_hand.returncode == 78 and "has no schedule" in by_hand.stderr
    assert pulse("next", "@daily", "--from", "yesterday").returncode == 64
