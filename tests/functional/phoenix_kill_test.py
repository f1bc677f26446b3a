"""kill -9 in every phase of a request: the short set; `./dev test --long` does a thousand (tests/torture/bot_kills.py)."""

import os
import sys

import pytest
from conftest import ROOT, is_sanitized
from phoenix import USED, phoenix, wait_until, world  # noqa: F401 (fixtures)
from postgres import postgres_server  # noqa: F401 (fixture)

sys.path.append(str(ROOT / "tests/torture"))
import bot_kills  # noqa: E402

KILLS = {"sqlite": 20, "postgresql": 6}


def ledger_of(kind, request, folder):
    if kind == "postgresql":
        return bot_kills.PostgresLedger(request.getfixturevalue("postgres_server"))
    (folder / "phoenix").mkdir()
    return bot_kills.SqliteLedger(folder / "phoenix")


def tell(tally, recoveries=()):
    kinds = sum(tally[phase] for phase in bot_kills.PHASES)
    print(dict(tally), {phase: f"{100 * tally[phase] / max(kinds, 1):.0f} %" for phase in bot_kills.PHASES})
    if recoveries:
        print(f"recovery, start to first result: median {sorted(recoveries)[len(recoveries) // 2]:.2f} s, "
              f"longest {max(recoveries):.2f} s of {len(recoveries)} (promise: {bot_kills.RECOVERY_PROMISE} s)")


@pytest.fixture(autouse=True)
def can_be_preloaded(bin_dir):
    if is_sanitized(bin_dir / "phoenix"):
        pytest.skip("a preloaded library and a sanitizer's runtime exclude each other")


@pytest.mark.parametrize("kind", KILLS)
def test_random_kills(request, bin_dir, tmp_path, rng, kind):
    tally, recoveries = bot_kills.random_kills(bin_dir, tmp_path, ledger_of(kind, request, tmp_path), rng.randrange(2**31),
                                               KILLS[kind])
    tell(tally, recoveries)
    assert tally["kills"] >= KILLS[kind]
    assert recoveries and max(recoveries) < 10 * bot_kills.RECOVERY_PROMISE


def test_every_so_many_calls(request, bin_dir, tmp_path, rng):
    """A coarse sweep, from another first call each time."""
    first = int(os.environ.get("FIRST", rng.randint(1, 150)))
    tell(bot_kills.sweep(bin_dir, tmp_path, ledger_of("sqlite", request, tmp_path), rng.randrange(2**31), first, 3000, 150))


def test_a_job_that_is_killed_again_and_again(phoenix):  # noqa: F811
    """It counts its attempts, so it ends, and its user hears of it (QU5)."""
    phoenix.start()
    ana = phoenix.user(1)
    ana.writes("/start")
    ana.message()
    phoenix.world.hold("football")
    ana.taps("Over Gols")
    for attempt in (1, 2, 3):
        wait_until(lambda: phoenix.rows("SELECT state, attempt FROM phoenix_jobs") == [("running", attempt)])
        phoenix.kill()
        if attempt < 3:  # the check of the key is answered, and then no more
            phoenix.world.release("football")
            phoenix.start(environment=None, ready=False)
            phoenix.wait_for("API_FOOTBALL_KEY is right")
            phoenix.world.hold("football")
    phoenix.world.release("football")
    phoenix.start()
    ana.waits_for(lambda m: "Não foi possível terminar" in m["text"])
    assert phoenix.rows("SELECT state FROM phoenix_jobs") == [("dead",)]
    assert phoenix.rows(USED) == [(0,)]
