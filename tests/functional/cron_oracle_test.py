"""500 random cron expressions in many time zones, asked of our scheduler and of npm's croner, an independent
implementation. Where the clocks change, dialects differ, so that every question keeps more than 25 hours away from
such a change; what happens there is written out by hand in src/schedule/timetable_test.cpp. SEED=N repeats a run,
COUNT=N asks more.
"""

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from conftest import ROOT

COUNT = int(os.environ.get("COUNT", 500))
SLOTS = 40
CRONER = ROOT / "build/npm/node_modules/croner"  # ./dev test puts it there
ZONES = ["UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
         "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia", "Pacific/Chatham", "Asia/Kathmandu", "Asia/Tokyo",
         "Africa/Johannesburg", "America/St_Johns"]
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()
AWAY = timedelta(hours=25)

ASK_CRONER = """
const {Cron} = require(process.argv[1]);
const questions = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(questions.map(({since, zone, cron}) =>
  new Cron(cron, {timezone: zone}).nextRuns(%d, new Date(since * 1000)).map(it => it.getTime() / 1000))));
""" % SLOTS


def field(rng, low, high, names=None):
    """A field in all forms that both take to mean the same."""
    value = lambda: rng.randint(low, high)
    name = lambda it: names[it - low] if names and rng.random() < 0.5 else str(it)
    pick = rng.randrange(8)
    if pick < 3:
        return "*"
    if pick == 3:
        return f"*/{rng.randint(2, (high - low + 1) // 2)}"
    if pick == 4:
        return name(value())
    if pick == 5:
        return ",".join(name(value()) for _ in range(rng.randint(2, 4)))
    first, last = sorted(rng.sample(range(low, high + 1), 2))  # SUN-SUN: croner takes the second for 7
    text = f"{name(first)}-{name(last)}"
    return text if pick == 6 or last - first < 2 else f"{first}-{last}/{rng.randint(1, last - first)}"


def expression(rng):
    parts = [field(rng, 0, 59), field(rng, 0, 23), field(rng, 1, 28), field(rng, 1, 12, MONTHS),
             field(rng, 0, 6, WEEKDAYS)]
    if rng.random() < 0.2:
        parts.insert(0, field(rng, 0, 59))
    return " ".join(parts)


def quiet(zone, since, until):
    """No change of the clocks from 25 hours before to 25 hours after."""
    info, offsets = ZoneInfo(zone), set()
    time = since - AWAY
    while time < until + AWAY:
        offsets.add(time.astimezone(info).utcoffset())
        time += timedelta(hours=6)
    offsets.add((until + AWAY).astimezone(info).utcoffset())
    return len(offsets) == 1


def question(rng):
    while True:
        zone = rng.choice(ZONES)
        since = datetime(2000, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=rng.randrange(35 * 365 * 86400))
        until = since + timedelta(days=rng.choice([1, 7, 40]))
        if quiet(zone, since, until):
            return {"since": int(since.timestamp()), "until": int(until.timestamp()), "zone": zone,
                    "cron": expression(rng)}


def ask_ours(bin_dir, questions):
    lines = "".join(f"{it['since']}\t{SLOTS}\t{it['zone']}\t{it['cron']}\n" for it in questions)
    done = subprocess.run([bin_dir / "cron_next"], input=lines, capture_output=True, text=True, timeout=300, check=True)
    answers = done.stdout.split("\n")[:-1]
    assert len(answers) == len(questions)
    assert not [answer for answer in answers if answer.startswith("fault")]
    return [[int(slot) for slot in answer.split()] for answer in answers]


def ask_croner(questions):
    done = subprocess.run(["node", "-e", ASK_CRONER, str(CRONER)], input=json.dumps(questions), capture_output=True,
                          text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_time(slots, it):
    return [slot for slot in slots if slot <= it["until"]]


@pytest.mark.skipif(not CRONER.is_dir(), reason=f"there is no {CRONER}; ./dev test installs it")
def test_same_slots(bin_dir, rng):
    questions = [question(rng) for _ in range(COUNT)]
    compared = 0
    differences = []
    for it, ours, theirs in zip(questions, ask_ours(bin_dir, questions), ask_croner(questions), strict=True):
        ours, theirs = in_time(ours, it), in_time(theirs, it)
        compared += len(ours)
        if ours != theirs:
            differences.append((it, ours[:5], theirs[:5]))
    assert not differences, f"{len(differences)} of {COUNT} differ, the first: {differences[:3]}"
    assert compared > 5 * COUNT
