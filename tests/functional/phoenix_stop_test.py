"""How phoenix ends, and what is left of it: SS4, SS5, RT13, QU5 (attempts) and R11."""

import re
import signal
import time

import pytest
from conftest import is_sanitized
from phoenix import PATIENCE, USED, phoenix, bot, wait_until, world  # noqa: F401 (fixtures)
from small_disk import filled, small_disk

PROMISE = 2  # seconds, of a stop that nothing holds up; tests allow ten times as many
RESULT = "Over Gols"


def stops(bot, number=signal.SIGTERM):  # noqa: F811
    """Exit code, and after how long."""
    began = time.monotonic()
    bot.signal(number)
    code = bot.wait()
    return code, time.monotonic() - began


def opens_menu(bot, users):  # noqa: F811
    users = [bot.user(number) for number in users]
    for user in users:
        user.writes("/start")
    for user in users:
        user.message()


def asks(bot, users, data="analise_over_gols"):  # noqa: F811
    """Each of them taps for an analysis; all are in the ledger when this returns."""
    before = bot.rows("SELECT count(*) FROM phoenix_jobs")[0][0]
    opens_menu(bot, users)
    for number in users:
        bot.user(number).taps(data=data)
    wait_until(lambda: bot.rows("SELECT count(*) FROM phoenix_jobs")[0][0] == before + len(users), "all are accepted")


def states(bot):  # noqa: F811
    return bot.rows("SELECT state, attempt FROM phoenix_jobs ORDER BY id")


def counts_agree(bot):  # noqa: F811
    (used,), = bot.rows(USED)
    (there,), = bot.rows("SELECT count(*) FROM phoenix_jobs WHERE state IN ('queued', 'running')")
    return used == there


def results(bot, user):  # noqa: F811
    """The messages of this user that are a result, and no placeholder, note or apology."""
    return [m for m in bot.user(user).chat() if RESULT in m["text"] and "⏳" not in m["text"] and not m["text"].startswith("✅")]


def answered_once(bot, users):  # noqa: F811
    for user in users:
        wait_until(lambda: results(bot, user), f"a result for user {user}", 2 * PATIENCE)
    time_of_silence = bot.rows("SELECT count(*) FROM phoenix_outbox WHERE state IN ('pending', 'sending')")
    wait_until(lambda: bot.rows("SELECT count(*) FROM phoenix_outbox WHERE state IN ('pending', 'sending')") == [(0,)],
               f"the outbox is empty; had {time_of_silence}", 2 * PATIENCE)
    for user in users:
        assert len(results(bot, user)) == 1, bot.user(user).chat()
        assert not [m for m in bot.user(user).chat() if "⏳" in m["text"]], "a placeholder was left behind"


# ---- nothing to do

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle(bot, number):  # noqa: F811
    """In the middle of its long poll."""
    wait_until(lambda: bot.world.state()["poll_waiting"])
    code, seconds = stops(bot, number)
    print(f"stopped after {seconds:.2f} s (promise: {PROMISE} s)")
    assert code == 0 and seconds < 10 * PROMISE
    assert "phoenix has stopped" in bot.text().splitlines()[-1]
    assert not re.search("WARNING|ERROR|CRITICAL|FATAL", bot.text())


def test_a_stop_before_it_is_ready(phoenix):  # noqa: F811
    phoenix.world.hold("football")
    phoenix.start(ready=False)
    phoenix.wait_for("phoenix starts")
    code, seconds = stops(phoenix)
    assert code == 128 + signal.SIGTERM and seconds < 10 * PROMISE
    phoenix.world.release("football")


# ---- under load

USERS = range(1, 21)
SHORT_DRAIN = {"shutdown": {"drain": "1s", "flush": "5s", "save": "5s"}, "queue": {"workers": 4}}


def test_under_load(phoenix):  # noqa: F811
    """What runs at the deadline goes back without having counted; after the next start each user is answered, once."""
    phoenix.start(SHORT_DRAIN)
    opens_menu(phoenix, [99])
    late = phoenix.user(99)
    phoenix.world.hold("football")
    asks(phoenix, USERS)
    wait_until(lambda: sum(state == "running" for state, _ in states(phoenix)) == 4)
    address = phoenix.address
    phoenix.signal(signal.SIGTERM)
    wait_until(lambda: phoenix.text().count("stopping: no more updates"))
    code = phoenix.wait()
    assert code == 0 and address
    assert "the jobs that still run go back to the queue" in phoenix.text()
    assert set(states(phoenix)) == {("queued", 0)}, "no attempt was burnt"
    assert counts_agree(phoenix)
    late.taps(RESULT)  # while nobody is there
    phoenix.world.release("football")

    phoenix.start(SHORT_DRAIN)
    answered_once(phoenix, [*USERS, 99])
    assert set(states(phoenix)) == {("done", 1)} and counts_agree(phoenix)


def test_what_runs_may_end_in_time(phoenix):  # noqa: F811
    """And the users get it before the program has gone; what still waits, waits on."""
    phoenix.start({"shutdown": {"drain": "10m", "flush": "10m"}, "queue": {"workers": 2}})
    phoenix.world.hold("football")
    users = range(1, 5)
    asks(phoenix, users)
    wait_until(lambda: sum(state == "running" for state, _ in states(phoenix)) == 2)
    phoenix.signal(signal.SIGTERM)
    phoenix.wait_for("stopping: no more updates")
    code, text = phoenix.get("/readyz")
    assert code == 503 and "stopping" in text
    assert "stopping" in phoenix.get("/")[1] and phoenix.get("/healthz")[0] == 200
    phoenix.world.release("football")
    assert phoenix.wait(2 * PATIENCE) == 0
    assert sorted(states(phoenix)) == [("done", 1), ("done", 1), ("queued", 0), ("queued", 0)]
    assert sum(len(results(phoenix, user)) for user in users) == 2
    phoenix.start()
    answered_once(phoenix, users)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(phoenix, second):  # noqa: F811
    phoenix.start({"shutdown": {"drain": "10m"}})
    phoenix.world.hold("football")
    asks(phoenix, [1, 2])
    wait_until(lambda: all(state == "running" for state, _ in states(phoenix)))
    phoenix.signal(signal.SIGTERM)
    phoenix.wait_for("stopping: no more updates")
    code, seconds = stops(phoenix, second)
    assert code == 128 + second and seconds < 10 * PROMISE
    phoenix.world.release("football")
    phoenix.start()
    assert "jobs of a process that died are in the queue again" in phoenix.text()
    answered_once(phoenix, [1, 2])


# ---- SIGHUP

def test_a_reload_changes_the_limits(phoenix):  # noqa: F811
    """And nothing else: who runs goes on, and the old file comes back with a bad new one."""
    limits = {"limits": {"commands": {"calls": 2, "per": "1h"}}}  # of which /start is one
    phoenix.start(limits)
    ana = phoenix.user(1)
    opens_menu(phoenix, [1])
    ana.taps(data="analise_over_gols", force=True)
    wait_until(lambda: phoenix.metric('phoenix_requests_total{fate="accepted"}') == 1)
    ana.taps(data="analise_btts", force=True)
    wait_until(lambda: phoenix.metric('phoenix_requests_total{fate="limited"}') == 1)

    phoenix.settings({"limits": {"commands": {"calls": 0}}})
    phoenix.signal(signal.SIGHUP)
    phoenix.wait_for("CRITICAL: reload refused")
    assert "the new settings are faulty" in phoenix.get("/")[1] and phoenix.get("/readyz")[0] == 200
    ana.taps(data="analise_btts", force=True)
    wait_until(lambda: phoenix.metric('phoenix_requests_total{fate="limited"}') == 2)

    phoenix.settings({"limits": {"commands": {"calls": 100, "per": "1h"}}})
    phoenix.signal(signal.SIGHUP)
    phoenix.wait_for("INFO: reloaded")
    assert "the new settings are faulty" not in phoenix.get("/")[1]
    ana.taps(data="analise_btts", force=True)
    wait_until(lambda: phoenix.metric('phoenix_requests_total{fate="accepted"}') == 2)
    assert phoenix.end() == 0


def test_hangups_never_end_it(phoenix):  # noqa: F811
    """Neither before it is ready nor while it stops."""
    phoenix.world.hold("football")
    phoenix.start(ready=False)
    phoenix.wait_for("phoenix starts")
    phoenix.signal(signal.SIGHUP)
    phoenix.world.release("football")
    phoenix.wait_for("INFO: ready ")
    phoenix.wait_for("INFO: reloaded")
    phoenix.world.hold("football")
    asks(phoenix, [1])
    wait_until(lambda: states(phoenix) == [("running", 1)])
    phoenix.signal(signal.SIGTERM)
    phoenix.wait_for("stopping: no more updates")
    phoenix.signal(signal.SIGHUP)
    phoenix.world.release("football")
    assert phoenix.wait() == 0


# ---- the cache

def day_list(phoenix, user):  # noqa: F811
    phoenix.user(user).writes("/jogos")
    return phoenix.user(user).waits_for(lambda m: "⏳" not in m["text"] and "Jogos" in m["text"])


def test_the_cache_outlasts_a_restart(phoenix):  # noqa: F811
    phoenix.start()
    before = day_list(phoenix, 1)["text"]
    assert phoenix.world.football_calls()
    assert phoenix.end() == 0
    phoenix.world.forget()
    phoenix.start()
    assert int(re.search(r"the cache is loaded entries=(\d+)", phoenix.text()).group(1)) > 0
    assert day_list(phoenix, 2)["text"] == before
    assert phoenix.world.football_calls() == []


@pytest.mark.parametrize("content", ["", "no cache at all", None, "half", "folder"])
def test_a_damaged_cache_is_empty(phoenix, content):  # noqa: F811
    phoenix.start()
    day_list(phoenix, 1)
    assert phoenix.end() == 0
    file = phoenix.folder / "phoenix.cache"
    whole = file.read_bytes()
    if content == "folder":
        file.unlink()
        file.mkdir()
    elif content == "half":
        file.write_bytes(whole[:len(whole) // 2])
    elif content is None:
        file.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    else:
        file.write_text(content)
    phoenix.start()
    warning = re.search("WARNING: the cache is empty.*", phoenix.text())
    assert warning and "phoenix.cache" in warning.group(0)
    phoenix.world.forget()
    day_list(phoenix, 2)
    assert phoenix.world.football_calls(), "it asks anew"
    assert phoenix.end() == 0
    if content != "folder":
        phoenix.start()
        assert "WARNING: the cache is empty" not in phoenix.text()


@pytest.mark.parametrize("already", [False, True])
def test_a_disk_of_the_cache_that_hangs(phoenix, bin_dir, already):  # noqa: F811
    """In the save at the end, or in one before that did not come back: the stop waits no longer than it was told."""
    if is_sanitized(phoenix.program):
        pytest.skip("a preloaded library and a sanitizer's runtime exclude each other")
    phoenix.start()
    day_list(phoenix, 1)
    assert phoenix.end() == 0
    file, hangs = phoenix.folder / "phoenix.cache", phoenix.folder / "hangs"
    half_written = phoenix.folder / "phoenix.cache.tmp"
    before = file.read_bytes()
    phoenix.world.forget()
    phoenix.start({"shutdown": {"save": "1s"}, "cache": {"save_every": "10s" if already else "24h"}},
                  {"LD_PRELOAD": str(bin_dir / "hung_disk.so"), "HUNG_DISK_PREFIX": str(file.resolve()), "HUNG_DISK_WHILE": str(hangs)})
    hangs.touch()
    asks(phoenix, [2])
    answered_once(phoenix, [2])
    assert phoenix.world.football_calls(), "there is something new to save"
    if already:
        wait_until(half_written.exists, "it saves")
    code, seconds = stops(phoenix)
    print(f"stopped after {seconds:.2f} s (promise: {1 + PROMISE} s)")
    assert code == 0 and seconds < 10 * PROMISE
    assert "ERROR: the cache could not be saved in time, the file before stays" in phoenix.text()
    assert "phoenix has stopped" in phoenix.text().splitlines()[-1]
    assert file.read_bytes() == before and half_written.exists()
    hangs.unlink()
    phoenix.start()
    assert "WARNING: the cache is empty" not in phoenix.text()
    assert states(phoenix) == [("done", 1)] * 2 and counts_agree(phoenix)
    day_list(phoenix, 3)
    asks(phoenix, [4], "analise_btts")
    assert phoenix.end() == 0
    assert not half_written.exists() and file.read_bytes() != before


@pytest.fixture
def disk(tmp_path):
    yield from small_disk(tmp_path, 1 << 20)


def test_a_full_disk_of_the_cache(phoenix, disk):  # noqa: F811
    """The stop says so and is a stop all the same; the file before is whole."""
    more = {"cache": {"file": str(disk / "phoenix.cache")}}
    phoenix.start(more)
    day_list(phoenix, 1)
    assert phoenix.end() == 0
    before = (disk / "phoenix.cache").read_bytes()
    phoenix.start(more)
    asks(phoenix, [2])
    answered_once(phoenix, [2])
    with filled(disk):
        assert phoenix.end() == 0
        assert "ERROR: the cache could not be saved" in phoenix.text()
    assert [path.name for path in disk.iterdir()] == ["phoenix.cache"]
    assert (disk / "phoenix.cache").read_bytes() == before
    phoenix.start(more)
    assert "WARNING: the cache is empty" not in phoenix.text()
