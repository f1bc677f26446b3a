"""`pulse run` is killed: what was going is lost, found, and made again; what brings it down again and again rests (SS3)."""

import re
import signal
from collections import Counter

from api import items
from daemon import daemons, every, hourly, project, slots, ticks  # noqa: F401 (fixtures)
from project import api, postgres, postgres_server, store, wait_until  # noqa: F401 (fixtures)


def test_what_was_going_at_three_crashes_is_held_back(project, api, daemons, store):  # noqa: F811
    """Its request is held open each time the daemon is killed; another collector is never in flight then."""
    api.answer = items(1, 2, 3)
    project.collector("deadly", schedule=every(1))
    project.collector("other", schedule=hourly())
    with api.hold(lambda request: request.path == "/deadly") as held:
        for crash in range(1, 4):
            daemon = daemons()
            held.wait(crash)
            wait_until(lambda: store.runs("other") == ["success"])
            assert not daemon.lines("CRITICAL", "held back")
            daemon.kill()
            store.expire_leases()
        daemon = daemons()
        daemon.wait_for("CRITICAL: held back: it was running each time pulse crashed")
        assert held.count == 3
        until = re.search(r"until=(\S+)", daemon.lines("CRITICAL", "held back")[0]).group(1)
        assert "collector=deadly" in daemon.lines("CRITICAL", "held back")[0]
        shown = daemon.collector("deadly")
        assert shown["error"].startswith(f"held back until {until}: it was running at the last 3 crashes of pulse")
        assert shown["next_start"] == until and shown["condition"] == "recovering"
        assert f"held back until {until}" in daemon.get("/")[1]
        assert f"held back until {until}" in project("status", "deadly").stdout

        project.collector("other", schedule=every(1))
        project.collector("new", schedule=every(1))
        daemon.send(signal.SIGHUP)
        wait_until(lambda: store.runs("new") != [])
        ticks(store, "new")
        ticks(store, "other")
        assert held.count == 3 and store.runs("deadly") == ["lost"] * 3
    assert store.runs("deadly") == ["lost"] * 3 and daemon.collector("deadly")["next_start"] == until
    # By hand, and by another program than the daemon, it may.
    assert daemon.stop()[0] == 0
    assert project.collect("deadly").summary() == (0, "success")


TEN = [f"c{number}" for number in range(10)]


def test_two_daemons_share_the_slots_and_each_does_the_work_of_the_other(project, api, daemons, postgres):  # noqa: F811
    api.answer = items(1, 2, 3)
    project.collector("held", schedule=hourly())
    with api.hold(lambda request: request.path == "/held") as held:
        both = [daemons(), daemons()]
        held.wait()
        holder = holder_of(both, postgres)
        for name in TEN:
            project.collector(name, schedule=every(2))
        for daemon in both:
            daemon.send(signal.SIGHUP)
        enough = "SELECT count(DISTINCT slot) >= 5 FROM pulse.schedule_slots WHERE state = 'done'"
        shared = "SELECT count(DISTINCT process) = 2 FROM pulse.runs WHERE collector LIKE 'c%' AND state = 'success'"
        quiet = "SELECT count(*) = 1 FROM pulse.runs WHERE state = 'running'"
        wait_until(lambda: postgres.query(f"SELECT ({enough}) AND ({shared}) AND ({quiet})") == [("t",)])
        holder.kill()
        killed_at = postgres.query("SELECT now()")[0][0]
        assert held.count == 1
    survivor = both[1] if holder is both[0] else both[0]

    wait_until(lambda: postgres.runs("held") == ["lost", "success"])
    assert postgres.query(f"SELECT extract(epoch FROM finished_at::timestamptz - '{killed_at}') < 60 FROM pulse.runs "
                          "WHERE collector = 'held' AND state = 'success'") == [("t",)]
    assert postgres.query("SELECT process, started_by FROM pulse.runs WHERE collector = 'held' AND state = 'success'") == [
        (str(survivor.process.pid), "retry")]
    assert [state for state, _, _ in slots(postgres, "held")] == ["done"]
    assert survivor.lines("WARNING", "run lost", f"process={holder.process.pid}")
    of_the_dead = f"SELECT 1 FROM pulse.runs WHERE state = 'running' AND process = {holder.process.pid}"
    wait_until(lambda: postgres.query(of_the_dead) == [])
    for name in TEN:
        ticks(postgres, name, 1)
    assert survivor.stop()[0] == 0

    # No slot twice but where a try was lost, and both had their share.
    twice = postgres.query("SELECT collector, slot FROM pulse.runs WHERE slot IS NOT NULL AND state NOT IN ('lost', 'cancelled') "
                           "GROUP BY collector, slot HAVING count(*) > 1")
    assert twice == []
    share = Counter(dict((int(process), int(count)) for process, count in postgres.query(
        "SELECT process, count(*) FROM pulse.runs WHERE collector LIKE 'c%' AND state = 'success' AND "
        f"started_at::timestamptz < '{killed_at}' GROUP BY process")))
    print("runs a process:", share)
    assert set(share) == {daemon.process.pid for daemon in both}
    # Every slot is there: done, due again, or missed for a reason.
    for name in TEN:
        assert {state for state, _, _ in slots(postgres, name)} <= {"done", "missed", "due"}
        gaps = postgres.query(
            "SELECT count(*) FROM (SELECT coalesce(first_slot, slot)::timestamptz - lag(slot::timestamptz) OVER (ORDER BY slot) "
            f"AS gap FROM pulse.schedule_slots WHERE collector = '{name}') AS gaps WHERE gap <> interval '2 s'")
        assert gaps == [("0",)], slots(postgres, name)


def holder_of(both, postgres):  # noqa: F811
    (process,), = postgres.query("SELECT process FROM pulse.runs WHERE collector = 'held' AND state = 'running'")
    return next(daemon for daemon in both if str(daemon.process.pid) == process)


def test_a_lost_run_is_on_record_at_the_next_start(project, api, daemons, store):  # noqa: F811
    api.answer = items(1, 2, 3)
    project.collector("held", schedule=hourly())
    with api.hold() as held:
        daemon = daemons()
        held.wait()
        daemon.kill()
    store.expire_leases()
    again = daemons()
    assert again.lines("WARNING", "run lost", f"process={daemon.process.pid}")
    assert store.runs("held")[0] == "lost" and [state for state, _, _ in slots(store, "held")] == ["due"]
    assert again.collector("held")["condition"] == "recovering" and again.collector("held")["next_start"] is not None
    assert again.stop()[0] == 0
