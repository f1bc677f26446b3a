"""Comparing a table with the simulated truth: every row, every column, by the type of each.

    faults = CASES["nvd-cves"].differences(simulator.truth("nvd"), table)     # [] if all is well
"""

import json
from datetime import date, datetime, timezone
from decimal import Decimal

ENDS = ("2025-08-25T17:04:20Z", "2025-08-25T23:04:20Z")  # the simulated now, at first and after a tick


def equal(truth, cell):
    """By the truth's own type; texts to the last character."""
    if isinstance(truth, bool):
        return isinstance(cell, int) and cell == int(truth)
    if isinstance(truth, int):
        return not isinstance(cell, float) and cell is not None and Decimal(str(cell)) == truth
    if isinstance(truth, list):
        return cell is not None and json.loads(cell) == truth
    return truth == cell and isinstance(truth, (str, type(None)))


def digits(truth, cell):
    """A decimal number, digit by digit: 1.10 is not 1.1."""
    return cell is None if truth is None else str(cell) == str(truth)


def moment(truth, cell):
    if truth is None or cell is None:
        return truth is cell
    assert cell.endswith("Z"), f"{cell}: not in UTC"
    read = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (truth, cell)]
    return all(time.tzinfo is not None for time in read) and read[0] == read[1]


def day(truth, cell):
    """The truth may have a midnight behind it: "2025-01-01T00:00:00"."""
    return cell is None if truth is None else cell is not None and date.fromisoformat(cell) == datetime.fromisoformat(truth).date()


def trimmed(truth, cell):
    return cell is None if truth is None else truth.strip() == cell


def blank(truth, cell):
    """What does not exist is an empty text in a key."""
    return cell == ("" if truth is None else truth)


def of_positions(truth, cell):
    """A text told as {word: [positions]}."""
    if truth is None or cell is None:
        return truth is cell
    places = {place: word for word, all_places in json.loads(cell).items() for place in all_places}
    return truth == " ".join(places[i] for i in range(len(places)))


class Case:
    """One collector file.

    key          the truth's names that tell its rows apart
    columns      truth name → column, or → (column, comparison)
    constants    columns that the truth knows nothing of → their value; None: any but NULL
    edit         (truth name, another value): for the test that a difference is seen
    since, ends  where the windows of the first run begin, and where those of the first and of the later runs end
    later        overrides of the run after a tick: to look back as far as the simulator changes things
    wanted       which of the truth's rows the file asks for
    """

    def __init__(self, api, table, key, columns, constants=(), edit=None, since=None, ends=ENDS, later=(),
                 environment=None, wanted=lambda row: True):
        self.api, self.table, self.key = api, table, key
        self.columns = {name: it if isinstance(it, tuple) else (it, equal) for name, it in columns.items()}
        self.constants = dict(constants)
        self.edit, self.since, self.ends, self.later = edit, since, ends, list(later)
        self.environment = environment
        self.wanted = wanted

    def overrides(self, ticks=0):
        """The simulated world lives in 2025, and windows end at its now."""
        if self.since is None:
            return []
        later = self.later if ticks else []
        return [f"--set={it}" for it in [f"incremental_sync.start={self.since}", f"incremental_sync.end={self.ends[ticks]}", *later]]

    def key_of(self, row):
        return "|".join(str(row[name]) for name in self.key)

    def key_in_table(self, cells):
        columns = [self.columns[name] for name in self.key]
        return "|".join(str(None if compare is blank and cells[column] == "" else cells[column]) for column, compare in columns)

    def by_key(self, truth):
        rows = {self.key_of(row): row for row in truth if self.wanted(row)}
        assert len(rows) == sum(map(self.wanted, truth)), f"{self.api}: {self.key} is no key"
        return rows

    def changes(self, before, after):
        """(keys that are new, keys whose row is another one)"""
        before, after = self.by_key(before), self.by_key(after)
        assert before.keys() <= after.keys(), "the simulated APIs never take a record away"
        return ({key for key in after if key not in before},
                {key for key in before if before[key] != after[key]})

    def differences(self, truth, table):
        """`table`: a list of maps, column → cell. Everything that is wrong, as texts."""
        wrong = []
        stored = {}
        for cells in table:
            key = self.key_in_table(cells)
            if key in stored:
                wrong.append(f"{key}: stored twice")
            stored[key] = cells
        expected = self.by_key(truth)
        wrong += [f"{key}: not stored" for key in expected.keys() - stored.keys()]
        wrong += [f"{key}: stored, and not in the truth" for key in stored.keys() - expected.keys()]
        for key in expected.keys() & stored.keys():
            row, cells = expected[key], stored[key]
            known = {column for column, _ in self.columns.values()} | self.constants.keys() | {"_run_id", "_loaded_at"}
            wrong += [f"{key}: column {column} is compared with nothing" for column in cells.keys() - known]
            wrong += [f"{key}: {name} has no column" for name in row.keys() - self.columns.keys()]
            for name, (column, compare) in self.columns.items():
                if not compare(row[name], cells[column]):
                    wrong.append(f"{key}: {name} is {row[name]!r}, {column} holds {cells[column]!r}")
            for column, value in self.constants.items():
                if cells[column] is None or value is not None and cells[column] != value:
                    wrong.append(f"{key}: {column} is {value!r} everywhere, here {cells[column]!r}")
        return wrong


def same(*names):
    return {name: name for name in names}


def kinds(compare, **columns):
    return {name: (column, compare) for name, column in columns.items()}


KEV = {"cveID": "cve_id", "vendorProject": "vendor_project", "product": "product", "vulnerabilityName": "vulnerability_name",
       "shortDescription": "short_description", "requiredAction": "required_action", "notes": "notes", "cwes": "cwes",
       "knownRansomwareCampaignUse": "known_ransomware_campaign_use", **kinds(day, dateAdded="date_added", dueDate="due_date")}
