"""kill -9 before the Nth write, sync, send or receive of one `pulse collect`, for every N until the run gets through.

Each time the table is as before or complete, the ledger agrees with it, and the next run finishes the work.
"""

import os
import shutil
from pathlib import Path

import pytest
from conftest import Pulse, Simulator

RECORDS = 40


def is_sanitized(program):
    return b"__asan_init" in program.read_bytes() or b"__tsan_init" in program.read_bytes()


@pytest.fixture
def world(bin_dir, tmp_path, rng):
    with Simulator(bin_dir, tmp_path / "simulator.log", rng.randrange(2**31), RECORDS) as simulator:
        yield simulator


def contents(pulse):
    try:
        return set(pulse.rows("SELECT cve_id, product, notes FROM cisa_kev"))
    except Exception as error:
        assert "no such table" in str(error) or "unable to open" in str(error)
        return set()


def check_ledger(pulse, before, after, complete):
    """`after`: what the killed run left."""
    if not pulse.database.exists() or not pulse.rows("SELECT 1 FROM sqlite_master WHERE name = 'pulse_slices'"):
        assert after == before
        return
    runs = dict(pulse.rows("SELECT id, state FROM pulse_runs"))
    committed = {run for (run,) in pulse.rows("SELECT run FROM pulse_slices WHERE state = 'committed'")}
    assert committed <= set(runs)
    for run, state in runs.items():
        assert state in ("running", "success")
        if state == "success":
            assert run in committed
    new = committed - pulse.settled
    assert len(new) <= 1
    assert (after == complete) if new else (after == before)


def sweep(bin_dir, folder, world, prepare):
    """Yields nothing; asserts at every N. `prepare` makes the state that each attempt begins with."""
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
        pulse.settled = set()
        if pulse.database.exists():
            pulse.settled = {run for (run,) in pulse.rows("SELECT run FROM pulse_slices")}
        before = contents(pulse)
        done = pulse("collect", "cisa-kev", environment={"LD_PRELOAD": str(bin_dir / "nth_call.so"), "NTH_CALL_KILL": str(number)})
        after = contents(pulse)
        assert after in (before, complete), f"half a batch after a kill at call {number}"
        check_ledger(pulse, before, after, complete)
        if done.returncode == 0:
            assert after == complete
            return kills
        assert done.returncode == -9
        kills += 1
        again = pulse("collect", "cisa-kev")
        assert again.returncode == 0, f"the run after a kill at call {number} failed"
        assert contents(pulse) == complete
        states = {state for (state,) in pulse.rows("SELECT state FROM pulse_runs")}
        assert states <= {"lost", "success"}, f"after a kill at call {number}: {states}"


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
