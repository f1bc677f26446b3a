"""pulse collect against the simulated catalogue: what is served is what is stored, and the ledger says so."""

import json
import re
import sqlite3
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

COLUMNS = ["cve_id", "vendor_project", "product", "vulnerability_name", "date_added", "short_description",
           "required_action", "due_date", "known_ransomware_campaign_use", "notes"]
SERVED = ["cveID", "vendorProject", "product", "vulnerabilityName", "dateAdded", "shortDescription",
          "requiredAction", "dueDate", "knownRansomwareCampaignUse", "notes"]
FULL = "--set=requester.conditional=false"
QUICK = "--set=requester.error_handler.backoff={base: 1s, cap: 1s, jitter: full}"


def collect(pulse, *arguments, code=0):
    """The one report of `collect --json`."""
    done = pulse("collect", "cisa-kev", FULL, "--json", *arguments)
    assert done.returncode == code
    (report,) = json.loads(done.stdout)
    return report


def counts(report, *names):
    return tuple(report["counts"][name] for name in names)


@contextmanager
def served_by_itself(body):
    """Any static server will do: one body for every path. Gives its URL."""
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def stored(pulse):
    return set(pulse.rows(f"SELECT {', '.join(COLUMNS)} FROM cisa_kev"))


def served(simulator):
    return {tuple(record[name] for name in SERVED) for record in simulator.truth()}


def test_every_row_is_what_was_served_and_counted(simulator, pulse):
    first = collect(pulse)
    assert first["outcome"] == "success"
    assert counts(first, "records", "inserted", "updated", "unchanged") == (simulator.records, simulator.records, 0, 0)
    assert stored(pulse) == served(simulator)

    again = collect(pulse)
    assert counts(again, "inserted", "updated", "unchanged") == (0, 0, simulator.records)

    simulator.edit(simulator.records // 2, "product", "Changed By Hand")
    edited = collect(pulse)
    assert counts(edited, "inserted", "updated", "unchanged") == (0, 1, simulator.records - 1)
    assert stored(pulse) == served(simulator)
    assert pulse.rows("SELECT count(*) FROM cisa_kev WHERE _run_id = ?", edited["run"]) == [(1,)]


def test_a_test_that_cannot_see_a_difference_is_none(simulator, pulse):
    collect(pulse)
    simulator.edit(0, "notes", "altered after it was collected")
    assert stored(pulse) != served(simulator)


def test_an_impossible_date_is_set_aside_alone(simulator, pulse):
    collect(pulse)
    simulator.edit(7, "dateAdded", "2025-02-30")
    report = collect(pulse)
    assert report["outcome"] == "success"
    assert counts(report, "inserted", "updated", "unchanged", "quarantined") == (0, 0, simulator.records - 1, 1)
    ((column, reason, raw, times),) = pulse.rows("SELECT column_name, reason, raw, times FROM pulse_quarantine")
    assert (column, reason, times) == ("date_added", '"2025-02-30" is a day that does not exist', 1)
    assert json.loads(raw)["cveID"] == simulator.truth()[7]["cveID"]
    collect(pulse)
    assert pulse.rows("SELECT times FROM pulse_quarantine") == [(2,)]


def test_growth_and_change_are_counted_apart(simulator, pulse, rng):
    collect(pulse)
    add, change = rng.randint(1, 20), rng.randint(1, 20)
    simulator.tick(add=add, change=change)
    assert counts(collect(pulse), "inserted", "updated", "unchanged") == (add, change, simulator.records - change)
    assert stored(pulse) == served(simulator)


def test_too_many_bad_records_reject_the_batch_whole(simulator, pulse):
    collect(pulse)
    before = stored(pulse)
    for index in range(simulator.records // 50):
        simulator.edit(index, "cveID", None)
    report = collect(pulse, code=1)
    assert (report["outcome"], report["failure_type"]) == ("rejected", "data")
    assert "record 1: cve_id the key is missing" in report["error"]
    assert stored(pulse) == before
    assert pulse.rows("SELECT count(*) FROM pulse_quarantine") == [(simulator.records // 50,)]  # what was wrong is kept


def test_dry_run_writes_nothing(simulator, pulse):
    simulator.faults({"api": "kev", "kind": "status", "status": 503, "count": 1})
    report = collect(pulse, "--dry-run", QUICK)
    assert {tuple(row[column] for column in COLUMNS) for row in report["rows"]} == served(simulator)
    assert not pulse.database.exists() and not pulse.logs.exists()


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "html"}, {"kind": "status", "status": 429}],
                         ids=["503", "html", "429"])
def test_trouble_that_passes_is_survived(simulator, pulse, fault):
    simulator.faults({"api": "kev", "count": 2, **fault})
    report = collect(pulse, QUICK)
    assert report["outcome"] == "success"
    assert counts(report, "requests", "inserted") == (3, simulator.records)


@pytest.mark.parametrize("fault, outcome, failure_type, code, requests", [
    ({"kind": "status", "status": 500}, "failed", "transient", 3, 2),
    ({"kind": "html"}, "failed", "transient", 3, 2),
    ({"kind": "status", "status": 429}, "rate_limited", "transient", 75, 2),
    ({"kind": "status", "status": 401}, "failed", "credentials", 3, 1),
    ({"kind": "status", "status": 404}, "failed", "endpoint_gone", 3, 1),
    ({"kind": "body", "body": "{\"vulnerabilities\": [", "content_type": "application/json"}, "failed", "transient", 3, 2),
    ({"kind": "body", "body": "{\"vulnerabilities\": [,]}", "content_type": "application/json"}, "failed", "data", 3, 1),
    ({"kind": "body", "body": "{\"renamed\": []}", "content_type": "application/json"}, "failed", "data", 3, 1),
    ({"kind": "body", "body": "{\"vulnerabilities\": []}", "content_type": "application/json"}, "empty", None, 1, 1),
], ids=["500", "html", "429", "401", "404", "broken-off", "broken", "renamed", "empty"])
def test_trouble_that_stays_has_its_name(simulator, pulse, fault, outcome, failure_type, code, requests):
    collect(pulse)
    before = stored(pulse)
    simulator.faults({"api": "kev", "count": -1, **fault})
    report = collect(pulse, QUICK, "--set=requester.error_handler.backoff.max_attempts=2", code=code)
    assert (report["outcome"], report["failure_type"]) == (outcome, failure_type)
    assert counts(report, "requests", "inserted", "updated") == (requests, 0, 0)
    assert stored(pulse) == before
    assert pulse.rows("SELECT state, failure_type FROM pulse_runs ORDER BY started_at DESC LIMIT 1") == [(outcome, failure_type)]


def test_an_empty_answer_may_be_normal(simulator, pulse):
    simulator.faults({"api": "kev", "kind": "body", "body": "{\"vulnerabilities\": []}", "content_type": "application/json", "count": 1})
    assert collect(pulse, "--set=allow_empty=true")["outcome"] == "empty"


def test_the_log_tells_the_story(simulator, pulse):
    report = collect(pulse)
    log = (pulse.logs / "cisa-kev.log").read_text()
    for line in ["START: cisa-kev", "FINISHED: cisa-kev", f"Rows inserted: {simulator.records},", "Status: SUCCESS", f"Run: {report['run']}"]:
        assert line in log
    assert all(re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] (INFO|WARNING|ERROR): ", line) for line in log.splitlines())


def test_runs_lists_what_happened(simulator, pulse):
    first, second = collect(pulse), collect(pulse)
    listed = json.loads(pulse("runs", "--json").stdout)
    assert [run["run"] for run in listed] == [second["run"], first["run"]]
    assert listed[1]["counts"] == first["counts"]
    assert json.loads(pulse("runs", "nobody", "--json").stdout) == []
    assert len(json.loads(pulse("runs", "cisa-kev", "--limit", "1", "--json").stdout)) == 1


def test_metrics_are_written_as_prometheus_reads_them(simulator, pulse, tmp_path):
    collect(pulse, f"--metrics={tmp_path}/pulse.prom")
    text = (tmp_path / "pulse.prom").read_text()
    assert 'pulse_runs_total{collector="cisa-kev",outcome="success"} 1' in text
    assert f'pulse_rows_total{{collector="cisa-kev",result="inserted"}} {simulator.records}' in text
    assert 'pulse_http_requests_total{code_class="2xx",host="www.cisa.gov"} 1' in text


def test_two_at_once_wait_for_each_other(simulator, pulse):
    simulator.faults({"api": "kev", "kind": "delay", "milliseconds": 500, "count": 4})
    started = [pulse.start("collect", "cisa-kev", FULL) for _ in range(4)]
    outputs = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * 4, outputs
    assert sorted(pulse.rows("SELECT inserted FROM pulse_runs")) == [(0,), (0,), (0,), (simulator.records,)]


def test_who_will_not_wait_is_told_who_holds_it(simulator, pulse):
    collect(pulse)
    simulator.faults({"api": "kev", "kind": "delay", "milliseconds": 20_000, "count": 1})
    asked = len(simulator.requests())
    with pulse.start("collect", "cisa-kev", FULL) as holder:
        while len(simulator.requests()) == asked and holder.poll() is None:
            pass  # until it is inside of its request
        done = pulse("collect", "cisa-kev", "--wait", "0s")
        listed = pulse("runs", "--json")
        holder.kill()
    assert done.returncode == 75
    assert str(holder.pid) in done.stderr
    assert json.loads(listed.stdout)[0]["outcome"] == "running"  # reading waits for nobody


def test_each_key_twice_is_folded_in_good_time(simulator, pulse):
    records = [{"cveID": f"CVE-2024-{i}", "dateAdded": "2024-01-01", "product": str(copy)} for copy in (1, 2) for i in range(50_000)]
    with served_by_itself(json.dumps({"vulnerabilities": records})) as url:
        pulse.write_config(url=url)
        report = collect(pulse, "--set=timeout=100s")
    assert counts(report, "records", "staged", "inserted", "conflicts") == (100_000, 50_000, 50_000, 50_000)
    assert pulse.rows("SELECT DISTINCT product FROM cisa_kev") == [("2",)]


def test_words_of_a_secret_do_not_spoil_the_report(simulator, pulse, tmp_path):
    """Only free text is redacted, never the numbers and names around it."""
    done = pulse("collect", "cisa-kev", "--json", "--set=requester.request_parameters={a: \"${A}\", b: \"${B}\"}",
                 environment={"A": "process", "B": str(simulator.records)})
    (report,) = json.loads(done.stdout)
    assert report["process"] > 0 and report["counts"]["inserted"] == simulator.records


def test_json_is_json_whatever_goes_wrong(simulator, pulse, tmp_path):
    (tmp_path / "broken.yaml").write_text("name: broken\n")
    done = pulse("collect", "cisa-kev", "./broken.yaml", "--json")
    assert done.returncode == 78
    good, bad = json.loads(done.stdout)
    assert good["outcome"] == "success" and good["recorded"]
    assert (bad["collector"], bad["outcome"]) == ("broken", "invalid")
    assert bad["faults"][0]["line"] == 1
    assert json.loads(pulse("collect", "nobody", "--json").stdout) == []


def test_a_table_that_does_not_fit_costs_the_api_nothing(simulator, pulse):
    pulse("collect", "cisa-kev")
    with sqlite3.connect(pulse.database) as connection:
        connection.executescript("""
            CREATE TABLE foreign_made (cve_id TEXT PRIMARY KEY, owner TEXT NOT NULL);
            CREATE TABLE in_capitals (CVE_ID TEXT PRIMARY KEY);
            CREATE VIEW looked_at AS SELECT cve_id FROM cisa_kev;
        """)
    asked = len(simulator.requests())
    fields = "--set=fields={cve_id: cveID}"
    for table, reason in [("foreign_made", "owner"), ("looked_at", "is a view")]:
        report = collect(pulse, fields, f"--set=destination.table={table}", code=3)
        assert report["failure_type"] == "configuration" and reason in report["error"]
    assert len(simulator.requests()) == asked
    assert collect(pulse, fields, "--set=destination.table=in_capitals")["outcome"] == "success"


def test_a_column_that_takes_no_null_sets_records_aside(simulator, pulse):
    collect(pulse, "--set=fields.notes={path: notes, required: true}")
    simulator.edit(3, "notes", None)
    report = collect(pulse)
    assert report["outcome"] == "success" and counts(report, "quarantined") == (1,)


def test_overrides_stand_where_the_user_puts_them(simulator, pulse):
    assert pulse("validate", "--set", "timeout=5m", "cisa-kev").returncode == 0
    assert pulse("collect", "--set", "timeout=5m", "cisa-kev", "--set", "allow_empty=true").returncode == 0


def test_wrong_words_on_the_command_line(pulse):
    assert pulse("collect").returncode == 64
    assert pulse("colect", "x").returncode == 64
    assert pulse("collect", "cisa-kev", "--wait", "soon").returncode == 64
    assert pulse("runs", "--since", "soon").returncode == 64
    assert pulse("collect", "cisa-kv").returncode == 78
    assert pulse("collect", "cisa-kev", "--set", "timeout=soon").returncode == 78
    assert pulse("runs").returncode == 69  # nothing was collected yet


def test_a_folder_that_cannot_be_written(simulator, pulse):
    pulse.write_config(extra="")
    pulse.config.write_text(pulse.config.read_text().replace("sqlite:pulse.db", "sqlite:/proc/no/pulse.db"))
    done = pulse("collect", "cisa-kev")
    assert done.returncode == 69
    assert "/proc/no" in done.stderr


def test_a_reader_that_goes_away_or_a_full_disk_does_not_stop_the_work(simulator, pulse):
    with open("/dev/full", "w") as full:
        with pulse.start("collect", "cisa-kev", FULL, stdout=full, stderr=full) as process:
            process.wait(timeout=60)
    assert process.returncode == 74
    assert pulse.rows("SELECT state, inserted FROM pulse_runs") == [("success", simulator.records)]
    with pulse.start("runs") as process:
        process.stdout.close()
        process.wait(timeout=60)
    assert process.returncode == 0
