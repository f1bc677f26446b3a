"""kill -9 before the Nth write, sync, send or receive of one `pulse collect`, for every N until the run gets through.

Each time the table is as before or complete, the ledger agrees with it, and the next run finishes the work.
"""

import shutil
import sqlite3
from contextlib import closing

import pytest
from conftest import Pulse, Simulator

RECORDS = 40


def is_sanitized(program):
    return b"__asan_init" in program.read_bytes() or b"__tsan_init" in program.read_bytes()


@pytest.fixture
def world(bin_dir, tmp_path, rng):
    with Simulator(bin_dir, tmp_path / "simulator.log", rng.randrange(2**31), RECORDS) as simulator:
        yield simulator


class State:
    """What a folder's database holds. Read off a copy: opening it rolls back what was left half done, and that is
    the next pulse's work, not ours."""

    def __init__(self, folder):
        copy = folder.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        self.rows, self.runs, self.committed = set(), {}, set()
        if not (copy / "pulse.db").exists():
            return
        with closing(sqlite3.connect(copy / "pulse.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            if "cisa_kev" in tables:
                self.rows = set(connection.execute("SELECT cve_id, product, notes FROM cisa_kev"))
            if "pulse_slices" in tables:
                self.runs = dict(connection.execute("SELECT id, state FROM pulse_runs"))
                self.committed = {run for (run,) in connection.execute("SELECT run FROM pulse_slices WHERE state = 'committed'")}


def check(before, after, complete):
    """`after`: what the killed run left."""
    assert after.rows in (before.rows, complete), "half a batch"
    assert after.committed <= set(after.runs)
    for run, state in after.runs.items():
        assert state in ("running", "success")
        assert state == "running" or run in after.committed
    new = after.committed - before.committed
    assert len(new) <= 1
    assert after.rows == (complete if new else before.rows)


def sweep(bin_dir, folder, world, prepare):
    """Returns how many kills it took. `prepare` makes the state that each attempt begins with."""
    template = folder / "template"
    template.mkdir()
    prepare(Pulse(bin_dir / "pulse", template, world.url))
    complete = {(r["cveID"], r["product"], r["notes"]) for r in world.truth()}
    kills, number = 0, 0
    while True:
        number += 1
        attempt = folder / "attempt"
        shutil.rmtree(attempt, ignore_errors=True)
        shutil.copytree(template, attempt)
        pulse = Pulse(bin_dir / "pulse", attempt, world.url)
        before = State(attempt)
        done = pulse("collect", "cisa-kev", environment={"LD_PRELOAD": str(bin_dir / "nth_call.so"), "NTH_CALL_KILL": str(number)})
        after = State(attempt)
        check(before, after, complete)
        if done.returncode == 0:
            assert after.rows == complete
            return kills
        assert done.returncode == -9
        kills += 1
        again = pulse("collect", "cisa-kev")
        assert again.returncode == 0, f"the run after a kill at call {number} failed"
        done = State(attempt)
        assert done.rows == complete
        assert set(done.runs.values()) <= {"lost", "success"}


def test_first_run_of_all(bin_dir, tmp_path, world):
    if is_sanitized(bin_dir / "pulse"):
        pytest.skip("a preloaded library and a sanitizer's runtime exclude each other")
    kills = sweep(bin_dir, tmp_path, world, prepare=lambda pulse: None)
    print(f"killed at each of {kills} calls")
    assert kills >= 30


def test_run_that_inserts_and_updates(bin_dir, tmp_path, world):
    if is_sanitized(bin_dir / "pulse"):
        pytest.skip("a preloaded library and a sanitizer's runtime exclude each other")

    def prepare(pulse):
        assert pulse("collect", "cisa-kev").returncode == 0
        world.tick(add=5, change=5)

    kills = sweep(bin_dir, tmp_path, world, prepare)
    print(f"killed at each of {kills} calls")
    assert kills >= 20
