"""What must hold of a store after anything: nothing lost, nothing twice, no half slice.

The model is exact. Between two snapshots the ledger says which slices were committed; what each of them had to do to
the table, to its cursor and to its own counts follows from the truth at the time of its run. Everything else must be
as it was.
"""

from dataclasses import dataclass, field

COUNTS = ("staged", "inserted", "updated", "unchanged", "deleted")
FINAL = ("success", "empty", "not_modified", "partial", "incomplete", "held", "rejected", "rate_limited", "failed",
         "timeout", "cancelled", "unverified", "lost")


class Fault(AssertionError):
    """The program broke its promise."""


def require(holds, text):
    if not holds:
        raise Fault(text() if callable(text) else text)


@dataclass
class Snapshot:
    rows: list = field(default_factory=list)      # (values…, run)
    previous: list = field(default_factory=list)  # the generation before, of a table that is replaced
    runs: dict = field(default_factory=dict)      # id → (state, counts), the newest last
    slices: list = field(default_factory=list)    # (run, name, partition, window start, end, counts), in their order
    cursors: dict = field(default_factory=dict)   # partition → (covered until, largest seen, run)


def by_key(case, rows):
    table = {}
    for row in rows:
        key = row[:case.key]
        require(key not in table, lambda key=key: f"twice in {case.table}: {key}")
        table[key] = row
    return table


def in_slice(truth, partition, start, end):
    return [item for item in truth.items if item.partition == partition and (not start or start <= item.at < end)]


def apply_slice(case, table, items, run):
    """Changes the table as the slice had to, and returns its counts."""
    counts = dict.fromkeys(COUNTS, 0) | {"staged": len(items)}
    fresh = {item.row[:case.key]: item.row + (run,) for item in items}
    if case.disposition == "replace":
        if case.keyless:
            counts |= {"inserted": len(fresh), "deleted": len(table)}
            table.clear()
            table.update(fresh)
            return tuple(counts[name] for name in COUNTS)
        for key in [key for key in table if key not in fresh]:
            del table[key]
            counts["deleted"] += 1
    for key, row in fresh.items():
        if key not in table:
            counts["inserted"] += 1
            table[key] = row
        elif table[key][:-1] == row[:-1] or case.disposition == "append":
            counts["unchanged"] += 1
        else:
            counts["updated"] += 1
            table[key] = row
    return tuple(counts[name] for name in COUNTS)


def apply_cursor(cursors, items, partition, end, run):
    """Up to the largest that came; where nothing came, up to the window's end. Never back."""
    covered, largest, _ = before = cursors.get(partition, ("", "", ""))
    newest = max((item.at for item in items), default="")
    after = (max(covered, min(newest or end, end)), max(largest, newest))
    if after != before[:2]:
        cursors[partition] = (*after, run)


def difference(case, expected, actual):
    def keys(table, other):
        found = sorted(key for key in table if table[key] != other.get(key))
        return f"{len(found)} {found[:3]}"
    return (f"the table {case.table} is not what its slices say: {len(actual)} rows, expected {len(expected)}; "
            f"differing there {keys(actual, expected)}, here {keys(expected, actual)}")


def check_slices(case, before, after, truth_of):
    """Table, generation before, cursors and counts are those of `before` and the new slices, whole ones only."""
    require(after.slices[:len(before.slices)] == before.slices, "slices that were committed are gone or changed")
    table, cursors = by_key(case, before.rows), dict(before.cursors)
    previous = before.previous
    for run, name, partition, start, end, counts in after.slices[len(before.slices):]:
        items = in_slice(truth_of(run), partition, start, end)
        generation = sorted(table.values())
        expected = apply_slice(case, table, items, run)
        if case.disposition == "replace" and generation and sum(expected[i] for i in (1, 2, 4)):
            previous = [row[:-1] for row in generation]
        require(counts == expected, f"the slice {name} of {run} says {COUNTS} {counts}, it was {expected}")
        if end:
            apply_cursor(cursors, items, partition, end, run)
    actual = by_key(case, after.rows)
    require(actual == table, lambda: difference(case, table, actual))
    require(sorted(after.previous) == sorted(previous), lambda: f"_prev_{case.table} is not the generation before: "
            f"{len(after.previous)} rows, expected {len(previous)}")
    require(after.cursors == cursors, lambda: f"cursors are {after.cursors}, expected {cursors}")


def check_runs(before, after):
    for run, (state, counts) in before.runs.items():
        require(run in after.runs, f"the run {run} is gone")
        if state != "running":
            require(after.runs[run] == (state, counts), f"the run {run} was {state} {counts}, is {after.runs[run]}")
    named = [(run, name) for run, name, *_ in after.slices]
    require(len(named) == len(set(named)), "a slice was committed twice by one run")
    for run, _ in named:
        require(run in after.runs, f"a slice of an unknown run {run}")
    for run, (state, counts) in after.runs.items():
        require(state in ("running", *FINAL), f"the run {run} is {state}")
        own = [line[5] for line in after.slices if line[0] == run]
        total = tuple(map(sum, zip(*own))) if own else (0,) * len(COUNTS)
        require(state == "running" or counts == total,
                f"the run {run} is {state} and says {COUNTS} {counts}, its slices have {total}")


def check(case, before, after, truth_of):
    """After whatever happened between the two snapshots. truth_of(run): what the world served to it."""
    check_runs(before, after)
    check_slices(case, before, after, truth_of)


def resumed(case, after, truth):
    """Whether the newest run left out what a run before it had committed: then that may be of an older truth."""
    newest = list(after.runs)[-1]
    fetched = {partition for run, _, partition, *_ in after.slices if run == newest}
    return case.disposition == "merge" and not fetched >= {item.partition for item in truth.due()}


def check_whole(case, after, truth):
    """After a run that fetched everything and said it succeeded: the truth, the whole truth."""
    for run, (state, _) in after.runs.items():
        require(state in FINAL, f"the run {run} is still {state}")
    newest = list(after.runs)[-1]
    require(after.runs[newest][0] in ("success", "empty"), f"the run {newest} is {after.runs[newest][0]}")
    if resumed(case, after, truth):
        return
    actual = {key: row[:-1] for key, row in by_key(case, after.rows).items()}
    expected = {item.row[:case.key]: item.row for item in truth.due()}
    everything = {item.row[:case.key] for item in truth.items}
    for key in actual:
        require(key in everything, f"nobody ever served {key}")
    shown = actual if not truth.start else {key: row for key, row in actual.items() if key in expected}
    require(shown == expected, lambda: "after a run that succeeded: " + difference(case, expected, shown))
