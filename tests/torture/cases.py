"""The collectors that are tortured, and what each has to hold: told by the simulator's truth, not by its answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

COLLECTORS = Path(__file__).with_name("collectors")
TIME = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


@dataclass(frozen=True)
class Item:
    """A record of the truth as the row that it becomes, and the slice that it belongs to."""
    partition: str
    at: str  # its cursor as an ISO time, "" without one
    row: tuple


@dataclass(frozen=True)
class Truth:
    """What the world serves from one tick to the next."""
    items: tuple
    start: str = ""  # with windows: what is due, [start, end)
    end: str = ""

    def due(self):
        return [item for item in self.items if not self.start or self.start <= item.at < self.end]


@dataclass(frozen=True)
class Case:
    name: str
    api: str
    table: str
    columns: tuple
    key: int  # how many of the columns, from the first on
    disposition: str  # merge | append | replace
    tick: dict
    item: object  # a record of the truth → Item or None
    keyless: bool = False
    windows: object = None  # (world) → (start, end) as datetimes
    high_water: str = ""  # how the largest cursor is written: a pattern of strptime(), or "epoch"
    timestamps: tuple = ()  # columns of that type

    def select(self, engine):
        texts = [TIME.format(column) if engine == "postgresql" and column in self.timestamps else f"CAST({column} AS text)"
                 for column in self.columns]
        return f"{', '.join(texts)}, _run_id"

    def cursor_time(self, text):
        if not text:
            return ""
        if len(text) > 10 and text[10] == "T":  # the latest time allowed, where the largest value lies behind it
            return iso(datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
        return iso(datetime.utcfromtimestamp(int(text)) if self.high_water == "epoch" else datetime.strptime(text, self.high_water))


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def kev_item(record):
    return Item("", "", (record["cveID"], record["product"], record["notes"]))


def population_item(partition):
    def item(record):
        if record["year"] != 2024:
            return None
        indicator = record["indicator_code"]
        return Item(partition and f"indicator={indicator}", "", (indicator, record["country_iso2"], record["value"]))
    return item


def rate_item(record):
    series = str(record["series_code"])
    return Item(f"series={series}", record["date"] + "T00:00:00.000000Z", (series, record["date"], record["value"]))


def story_item(record):
    return Item("", record["created_at"], (record["object_id"], record["title"], record["author"], record["created_at"]))


def rate_windows(world):
    """Up to the day after the last working day; a monthly rate that is further ahead waits for its window. What is
    older than 20 days may be out of the reach of lookback_window, and is not asked for."""
    last = max(record["date"] for record in world.records if record["series_code"] == 1)
    end = datetime.fromisoformat(last) + timedelta(days=1)
    return end - timedelta(days=20), end


def story_windows(world):
    """Up to the world's own time: a tick adds stories that are younger than it was before."""
    end = datetime(2025, 8, 25, 17, 4, 19) + timedelta(hours=6 * world.ticks)
    return end - timedelta(hours=8), end


CASES = {case.name: case for case in (
    Case("kev-replace", "kev", "kev", ("cve_id", "product", "notes"), 1, "replace",
         {"add": 2, "change": 3}, kev_item),
    Case("population-replace", "worldbank", "population", ("indicator", "country", "value"), 2, "replace",
         {"add": 30, "change": 40}, population_item(""), keyless=True),
    Case("population-merge", "worldbank", "population", ("indicator", "country", "value"), 2, "merge",
         {"add": 30, "change": 40}, population_item("indicator")),
    Case("rates-merge", "bacen_sgs", "rates", ("series", "date", "value"), 2, "merge",
         {"add": 6, "change": 30}, rate_item, windows=rate_windows, high_water="%d/%m/%Y"),
    Case("stories-append", "hackernews", "stories", ("story_id", "title", "author", "created_at"), 1, "append",
         {"add": 7, "change": 2}, story_item, windows=story_windows, high_water="epoch",
         timestamps=("created_at",)),
)}


class World:
    """One case's data at a simulator of its own. `truth` is replaced, never changed, so that it may be kept."""

    def __init__(self, simulator, case):
        self.simulator, self.case, self.ticks = simulator, case, 0
        self.start = None
        self._read()

    def _read(self):
        self.records = self.simulator.truth(self.case.api)
        items = tuple(item for item in map(self.case.item, self.records) if item)
        if not self.case.windows:
            self.truth = Truth(items)
            return
        start, end = self.case.windows(self)
        self.start = self.start or iso(start)
        self.truth = Truth(items, self.start if self.case.disposition == "append" else iso(start), iso(end))

    def tick(self, grow=True):
        """Without growth only old records change; where only new windows are read, there is nothing else. Dates stay
        in the past: pulse's cursor does not go beyond the server's clock, of which the model knows nothing."""
        near = self.case.windows and self.truth.end > iso(datetime.utcnow() - timedelta(days=20))
        more = {"add": 0} if near or not (grow or self.case.windows) else {}
        self.simulator.tick(api=self.case.api, **self.case.tick | more)
        self.ticks += 1
        self._read()

    def environment(self):
        return {"SYNC_START": self.start, "SYNC_END": self.truth.end} if self.case.windows else {}
