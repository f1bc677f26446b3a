"""Every collector of the catalogue against the simulated outside world: the table equals the truth, value by value.

The files are written for the real hosts; `http.rewrite` leads their requests to the simulator.
"""

import json
import re
import sqlite3
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
import yaml

from catalogue import blank, day, digits, equal, moment, of_positions
from catalogue_cases import CASES
from conftest import ROOT

NAMES = sorted(CASES)
NO_LIMIT = "--set=api_budget={calls: 1000, per: 1s}"  # the files' own would have us wait for hours
WINDOWED = [name for name in NAMES if CASES[name].since]


class Collection:
    """One collector, its simulated API and its table."""

    def __init__(self, name, simulator, pulse):
        self.name, self.case, self.simulator, self.pulse = name, CASES[name], simulator, pulse

    def collect(self, *overrides, ticks=0, code=0):
        done = self.pulse("collect", self.name, "--json", NO_LIMIT, *self.case.overrides(ticks), *overrides,
                          environment=self.case.environment)
        assert done.returncode == code
        (report,) = json.loads(done.stdout)
        return report

    def counts(self, *overrides, ticks=0):
        report = self.collect(*overrides, ticks=ticks)
        assert report["counts"]["quarantined"] == report["counts"]["conflicts"] == 0
        return report["counts"]["inserted"], report["counts"]["updated"]

    def truth(self):
        return self.simulator.truth(self.case.api)

    def tick(self, add, change):
        """(truth's keys that are new, keys that changed)"""
        before = self.truth()
        self.simulator.tick(add, change, self.case.api)
        return self.case.changes(before, self.truth())

    def table(self):
        connection = sqlite3.connect(f"file:{self.pulse.database}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(f"SELECT * FROM {self.case.table}")]
        finally:
            connection.close()

    def differences(self, truth=None):
        return self.case.differences(self.truth() if truth is None else truth, self.table())

    def asked(self, since=0):
        """The parameters of the API's requests after the first `since`."""
        requests = [it for it in self.simulator.requests() if it["api"] == self.case.api]
        return [{name: values[0] for name, values in parse_qs(it["query"]).items()} for it in requests[since:]]


@pytest.fixture
def collection(simulator, pulse):
    return lambda name: Collection(name, simulator, pulse)


def wanted_packages(it):
    """npm is asked package by package: new ones must be named."""
    if it.name != "npm-downloads":
        return []
    return ["--set=partition_router.values=" + json.dumps([row["package"] for row in it.truth()])]


def test_every_file_has_its_test():
    assert sorted(path.stem for path in (ROOT / "collectors").glob("*.yaml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_table_equals_the_truth(collection, name, rng):
    it = collection(name)
    truth = it.truth()
    assert it.counts() == (sum(map(it.case.wanted, truth)), 0)
    assert it.differences() == []
    assert it.counts() == (0, 0)

    new, changed = it.tick(add=rng.randint(1, 9), change=rng.randint(1, 9))
    assert it.counts(*wanted_packages(it), ticks=1) == (len(new), len(changed))
    assert it.differences() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_single_altered_value_is_seen(collection, name):
    """What the comparison is worth: it names the one value that differs, and a row that is missing or too many."""
    it = collection(name)
    truth = it.truth()
    field, value = it.case.edit
    index = next(i for i, row in enumerate(truth) if it.case.wanted(row) and row[field] != value)
    it.simulator.edit(index, field, value, api=it.case.api)
    it.collect()
    key, column = it.case.key_of(truth[index]), it.case.columns[field][0]
    (difference,) = it.differences(truth)
    assert difference.startswith(f"{key}: {field} is ") and f", {column} holds " in difference
    assert it.differences() == []

    now = it.truth()
    assert it.differences(now[:index] + now[index + 1:]) == [f"{key}: stored, and not in the truth"]
    table = it.table()
    gone = table.pop()
    assert it.case.differences(now, table) == [f"{it.case.key_in_table(gone)}: not stored"]
    assert it.case.differences(now, [*table, gone, gone]) == [f"{it.case.key_in_table(gone)}: stored twice"]


@pytest.mark.parametrize("compare, truth, cells, others", [
    (equal, 7, [7, "7"], [8, None, "7.5", 7.0]), (equal, True, [1], [0, None, "1"]), (equal, None, [None], ["", 0, "None"]),
    (equal, "a", ["a"], ["a ", "A", None]), (equal, ["a", "b"], ['["a","b"]'], ['["b","a"]', "[]", None]), (equal, [], ["[]"], [None, '["a"]']),
    (digits, "1.10", ["1.10"], ["1.1", 1.1, None]), (digits, None, [None], ["0", ""]),
    (moment, "2025-08-25T17:04:19.98Z", ["2025-08-25T17:04:19.980000Z"], ["2025-08-25T17:04:19.979999Z", None]),
    (day, "2025-01-02T00:00:00", ["2025-01-02"], ["2025-01-03", None]), (blank, None, [""], [None, "x"]),
    (of_positions, "to be to", ['{"be": [1], "to": [0, 2]}'], ['{"be": [0], "to": [1, 2]}', None]),
])
def test_the_comparisons_know_equal_from_other(compare, truth, cells, others):
    assert all(compare(truth, cell) for cell in cells)
    assert not any(compare(truth, cell) for cell in others)


@pytest.mark.parametrize("name", NAMES)
def test_no_key_can_be_null(name):
    file = yaml.safe_load((ROOT / "collectors" / f"{name}.yaml").read_text(encoding="utf-8"))
    for column in file["destination"]["primary_key"]:
        field = file["fields"][column]
        assert isinstance(field, dict) and (field.get("required") or "default" in field), column


@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_what_it_is_and_whom_it_asks(name):
    text = (ROOT / "collectors" / f"{name}.yaml").read_text(encoding="utf-8")
    file = yaml.safe_load(text)
    assert file["name"] == name and file["description"] and file["labels"]["group"]
    assert re.match(r"# .+\n(#.*\n)*# http", text), "the comment at the top names the API and its page"
    assert re.fullmatch(r"https://[a-z0-9.-]+", file["requester"]["url_base"])
    assert not re.search(r"127\.0\.0\.1|localhost|\.example", text)


def test_a_required_secret_is_asked_for(collection):
    it = collection("producthunt-posts")
    done = it.pulse("collect", it.name)
    assert done.returncode == 78 and "PRODUCTHUNT_TOKEN" in done.stderr
    assert it.asked() == []


# ---- windows: a later run asks for what is new, and for what it looks back to

FIRST_DAY = {  # of a request: the name of the parameter, and where its date stands
    "bacen-sgs": ("dataInicial", r"(\d+)/(\d+)/(\d+)"),
    "nvd-cves": ("lastModStartDate", r"([\d-]+)T"),
    "openalex-works": ("filter", r"from_publication_date:([\d-]+)"),
    "github-repositories": ("q", r"created:([\d-]+)"),
    "scielo-articles": ("from", r"(.+)"),
    "hackernews-stories": ("numericFilters", r"created_at_i>=(\d+)"),
}


def first_days(name, asked):
    parameter, pattern = FIRST_DAY[name]
    days = []
    for parameters in asked:
        if match := re.search(pattern, parameters.get(parameter, "")):
            days.append("-".join(reversed(match.groups())))
    return days


@pytest.mark.parametrize("name, lookback, earliest", [
    ("bacen-sgs", "30d", "2025-05-01"), ("nvd-cves", "1h", "2025-08-20"), ("openalex-works", "5d", "2025-03-01"),
    ("github-repositories", "2d", "2025-08-01"), ("scielo-articles", "2d", "2025-08-22"),
    ("hackernews-stories", "1d", str(1_755_990_000))])
def test_a_later_run_asks_only_for_the_new_window(collection, name, lookback, earliest):
    it = collection(name)
    it.collect()
    before = len(it.asked())
    new, _ = it.tick(add=7, change=0)
    report = it.collect(f"--set=incremental_sync.lookback_window={lookback}", ticks=1)
    asked = first_days(name, it.asked(before))
    assert asked and min(asked) >= earliest
    assert (report["counts"]["inserted"], report["counts"]["updated"]) == (len(new), 0)
    assert it.differences() == []


@pytest.mark.parametrize("name", WINDOWED)
def test_the_windows_of_the_file_itself_are_accepted(collection, name):
    """By today's clock: most windows lie behind everything that the simulator tells of."""
    it = collection(name)
    done = it.pulse("collect", name, "--json", NO_LIMIT, environment=it.case.environment)
    (report,) = json.loads(done.stdout)
    assert report["outcome"] in ("success", "empty") and report["failure_type"] is None
    statuses = {request["status"] for request in it.simulator.requests()}
    assert statuses == ({200, 404} if name == "bacen-sgs" else {200})


# ---- pages: smaller ones, so that there are many

@pytest.mark.parametrize("name, overrides", [
    ("nvd-cves", ["paginator.limit=50"]),
    ("hackernews-stories", ["paginator.page_size=7"]),
    ("arxiv-papers", ["paginator.limit=50"]),
    ("worldbank-indicators", ["paginator.page_size=50"]),  # 200 rows an indicator: the last page is a full one
    ("openalex-works", ["paginator.page_size=3"]),
    ("stackexchange-tags", ["paginator.page_size=32"]),    # 640 tags: the last page is a full one
    ("space-launches", ["requester.request_parameters.limit=25"]),
    ("nih-projects", ["paginator.limit=10"]),
    ("vscode-extensions", ["paginator.page_size=45"]),
    ("github-repositories", ["requester.request_parameters.per_page=10"]),
    ("producthunt-posts", ["requester.request_body_json.variables.first=10"]),
])
def test_smaller_pages_hold_the_same(collection, name, overrides):
    it = collection(name)
    report = it.collect(*[f"--set={override}" for override in overrides])
    assert report["counts"]["pages"] >= 10
    assert it.differences() == []


def test_a_search_with_a_ceiling_is_cut_into_windows(collection):
    """GitHub shows 1,000 results of a search: 1,340 repositories are found all the same."""
    it = collection("github-repositories")
    it.simulator.tick(700, 0, api="github_search")
    assert len(it.truth()) == 1340
    it.collect(ticks=1)
    assert it.differences() == []


def test_a_ceiling_that_is_met_is_no_success(collection):
    it = collection("github-repositories")
    it.simulator.tick(700, 0, api="github_search")
    report = it.collect("--set=incremental_sync.step=3y", ticks=1, code=1)
    assert report["outcome"] in ("incomplete", "partial")
    assert len(it.table()) == 1000


# ---- faults as these APIs tell them

@pytest.mark.parametrize("name, fault, outcome, failure_type", [
    ("worldbank-indicators", {"body": "[{\"message\":[{\"id\":\"120\",\"value\":\"The provided parameter value is not valid\"}]}]"},
     "failed", "configuration"),
    ("stackexchange-tags", {"status": 400, "body": "{\"error_id\":502,\"error_name\":\"throttle_violation\",\"error_message\":\"too many\"}"},
     "rate_limited", None),
    ("stackexchange-tags", {"status": 400, "body": "{\"error_id\":400,\"error_name\":\"bad_parameter\",\"error_message\":\"site\"}"},
     "failed", "configuration"),
    ("producthunt-posts", {"body": "{\"errors\":[{\"message\":\"Field 'x' doesn't exist on type 'Post'\"}]}"}, "failed", "configuration"),
    ("producthunt-posts", {"status": 401, "body": "{\"data\":null,\"errors\":[{\"error\":\"invalid_oauth_token\"}]}"}, "failed", "credentials"),
    ("exchange-rates", {"body": "{\"result\":\"error\",\"error-type\":\"unsupported-code\"}"}, "failed", "configuration"),
    ("github-repositories", {"status": 403, "body": "{\"message\":\"API rate limit exceeded for 192.0.2.1.\"}"}, "rate_limited", None),
    ("github-repositories", {"body": "{\"total_count\":2,\"incomplete_results\":true,\"items\":[]}"}, "failed", "transient"),
    ("nvd-cves", {"status": 403, "body": "Request forbidden by administrative rules."}, "rate_limited", None),
    ("bacen-sgs", {"status": 404, "body": "{\"erro\":{\"detail\":\"SGSNegocioException: Série 1 não encontrada\"}}"}, "failed", "endpoint_gone"),
    ("scielo-articles", {"content_type": "text/xml",
                         "body": "<OAI-PMH xmlns=\"http://www.openarchives.org/OAI/2.0/\"><error code=\"badArgument\">x</error></OAI-PMH>"},
     "failed", "data"),
    ("arxiv-papers", {"status": 400, "content_type": "application/atom+xml",
                      "body": "<feed><entry><id>http://arxiv.org/api/errors#start</id></entry></feed>"}, "failed", "configuration"),
])
def test_faults_have_their_names(collection, name, fault, outcome, failure_type):
    it = collection(name)
    it.simulator.faults({"api": it.case.api, "kind": "body", "content_type": "application/json", "count": -1, **fault})
    done = it.pulse("collect", it.name, "--json", NO_LIMIT, *it.case.overrides(), "--set=requester.error_handler.backoff={base: 1s, cap: 1s, max_attempts: 1}",
                    environment=it.case.environment)
    (report,) = json.loads(done.stdout)
    assert report["outcome"] == outcome
    assert failure_type is None or report["failure_type"] == failure_type
    assert done.returncode != 0


def test_a_window_without_values_is_no_failure(collection):
    """Banco Central answers 404 for it: the daily series begin in 2025, the windows in 2010."""
    it = collection("bacen-sgs")
    assert it.collect()["outcome"] == "success"
    assert 404 in [request["status"] for request in it.simulator.requests()]


# ---- values that mean something else than they look like

def test_signs_for_values_become_what_they_mean(collection):
    """IBGE writes "-" for an exact zero, and says in three ways that there is no value."""
    it = collection("ibge-sidra")
    it.collect()
    ((zeros, nulls),) = it.pulse.rows("SELECT count(*) FILTER (WHERE value = '0'), count(*) FILTER (WHERE value IS NULL) FROM ibge_sidra")
    truth = [row["value"] for row in it.truth()]
    assert (zeros, nulls) == (truth.count("0"), truth.count(None)) and zeros and nulls


# ---- keys that hold all that tells rows apart

@pytest.mark.parametrize("name, key", [
    ("ibge-sidra", "[table_code, territory_code, period_code]"),
    ("who-gho-indicators", "[indicator_code, spatial_dim, time_dim]"),
    ("eurostat-indicators", "[dataset, geo, time]"),
    ("ilostat-indicators", "[indicator, ref_area, year]"),
])
def test_a_key_that_holds_too_little_loses_rows(collection, name, key):
    """What the following tests are worth."""
    it = collection(name)
    report = it.collect(f"--set=destination.primary_key={key}")
    assert report["counts"]["conflicts"] > 0
    assert any(difference.endswith(": not stored") for difference in it.differences())


def test_variables_of_one_month_do_not_overwrite_each_other(collection):
    it = collection("ibge-sidra")
    it.collect()
    assert it.pulse.rows("SELECT table_code, count(DISTINCT variable_code) FROM ibge_sidra GROUP BY table_code, period_code"
                         ) == [("1737", 4)] * 66 + [("6381", 2)] * 66


def test_sexes_of_one_country_and_year_do_not_overwrite_each_other(collection):
    it = collection("who-gho-indicators")
    it.collect()
    kinds = it.pulse.rows("SELECT count(DISTINCT dim1), min(dim3), max(dim3) FROM who_gho_indicators "
                          "GROUP BY indicator_code, spatial_dim, time_dim")
    assert kinds and set(kinds) == {(3, "", "")}


def test_dimensions_that_do_not_exist_are_equal_in_the_next_run(collection):
    """NULLs in a key would never meet again, and every run would add all rows once more."""
    it = collection("who-gho-indicators")
    it.collect()
    rows = len(it.table())
    assert it.counts() == (0, 0) and len(it.table()) == rows


def test_a_second_run_in_one_period_adds_nothing_and_a_new_period_adds_a_row(collection):
    it = collection("npm-downloads")
    it.collect()
    assert it.counts() == (0, 0)
    (old,) = [row for row in it.table() if row["package_name"] == "react"]
    it.simulator.edit(0, "start", "2025-08-26", api="npm")
    it.simulator.edit(0, "end", "2025-09-25", api="npm")
    assert it.counts() == (1, 0)
    both = sorted(row["period_start"] for row in it.table() if row["package_name"] == "react")
    assert both == [old["period_start"], "2025-08-26"]


def test_more_cves_than_one_page_holds_are_stored(collection):
    it = collection("nvd-cves")
    it.collect("--set=paginator.limit=100")
    assert {"100", "200"} <= {parameters["startIndex"] for parameters in it.asked() if "startIndex" in parameters}
    assert len(it.table()) == len(it.truth()) == 700


def test_a_record_whose_key_is_null_is_set_aside(collection):
    it = collection("tech-conferences")
    it.collect()
    rows = len(it.table())
    it.simulator.edit(0, "startDate", None, api="conferences")
    report = it.collect()
    assert report["counts"]["quarantined"] == 1 and len(it.table()) == rows
    assert it.pulse.rows("SELECT count(*) FROM tech_conferences WHERE start_date IS NULL") == [(0,)]


def test_rates_of_another_day_do_not_overwrite_the_history(collection):
    it = collection("exchange-rates")
    it.collect()
    rates = it.truth()
    it.simulator.edit(0, "updated_at", "2025-08-26T00:02:31Z", api="exchange_rates")
    assert it.counts() == (len(rates), 0)
    dates = it.pulse.rows("SELECT rate_date, count(*) FROM exchange_rates GROUP BY 1 ORDER BY 1")
    assert dates == [("2025-08-25", len(rates)), ("2025-08-26", len(rates))]


def test_numbers_are_stored_digit_by_digit(collection):
    it = collection("worldbank-indicators")
    it.collect()
    sent = {row["value"] for row in it.truth()} - {None}
    assert any(value.endswith("0") and "." in value for value in sent), "trailing zeros belong to the test"
    stored = {value for (value,) in it.pulse.rows("SELECT value FROM worldbank_indicators")} - {None}
    assert stored == sent and all(isinstance(value, str) and Decimal(value) for value in stored)


def test_a_withdrawn_article_keeps_its_row_and_nothing_else(collection):
    it = collection("scielo-articles")
    it.collect()
    held = [row for row in it.truth() if not row["deleted"]]
    for _ in range(3):
        it.simulator.tick(0, 100, api="scielo")
    now = {row["identifier"]: row for row in it.truth()}
    gone = [row["identifier"] for row in held if now[row["identifier"]]["deleted"]]
    it.collect("--set=incremental_sync.end=2025-08-26T12:00:00Z", "--set=incremental_sync.start=2024-01-01")
    stored = {row["identifier"]: row for row in it.table()}
    assert gone and all(stored[key]["deleted"] == 1 and stored[key]["title"] is None for key in gone)
    assert it.differences() == []
