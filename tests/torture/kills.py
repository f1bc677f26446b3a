"""kill -9 of `pulse collect`: at call N for every N, and at random calls of every phase, several in a row."""

import signal
from collections import Counter

from cases import CASES, World
from invariants import check, check_whole, require, resumed
from programs import PHASES, Bench


def after_a_kill(bench, before, run, tally, draws_phase=True):
    """The state that the killed run left, which must be right already."""
    require(run.code in (-signal.SIGKILL, 0), lambda: f"pulse ended with {run.code}: {run.output[-2000:]}")
    after = bench.snapshot()
    check(bench.case, before, after, lambda run_id: bench.world.truth)
    if run.code == 0:
        check_whole(bench.case, after, bench.world.truth)
        tally["ran through"] += 1
    else:
        tally["kills"] += 1
        tally[run.phase if draws_phase else "in sweeps"] += 1
        tally[bench.case.name] += 1
        tally[bench.store.engine] += 1
    return after


def undisturbed(bench, before, tally, again=False):
    """A run that nothing happens to; two, if the first one only had to end what a run before it had begun."""
    run = bench.collect(STEPS=1)
    require(run.code == 0, lambda: f"an undisturbed run ended with {run.code}: {run.output[-2000:]}")
    after = bench.snapshot()
    check(bench.case, before, after, lambda run_id: bench.world.truth)
    check_whole(bench.case, after, bench.world.truth)
    tally["undisturbed"] += 1
    if resumed(bench.case, after, bench.world.truth):
        require(not again, "a run that followed a success left something out")
        return undisturbed(bench, after, tally, again=True)
    return after, run.calls


def random_kills(tools, rng, engine, kills=24):
    """An episode: a world, a store that begins empty, kills one to three in a row, undisturbed runs, ticks."""
    tally, case, folder = Counter(episodes=1), rng.choice(list(CASES.values())), tools.folder()
    with tools.simulator(folder, rng) as simulator:
        bench = Bench(tools, case, World(simulator, case), tools.store(engine, folder), folder)
        _, calls = undisturbed(bench, bench.snapshot(), tally)  # how many calls a first run makes
        bench.store.empty()
        state = bench.snapshot()
        while tally["kills"] < kills:
            for _ in range(rng.randint(1, 3)):
                phase = rng.choice([phase for phase in PHASES if calls[phase]])
                run = bench.collect(STEPS=1, PHASE=phase, KILL=rng.randint(1, calls[phase]))
                state = after_a_kill(bench, state, run, tally)
                if rng.random() < 0.3:
                    bench.world.tick()
            state, calls = undisturbed(bench, state, tally)
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                bench.world.tick()
    return tally


def sweep(tools, rng, engine, name, first):
    """At every write, sync, send and receive, of the collector's first run or of one that finds work to do. The first run
    of the first case also makes the ledger; those of the others find it made."""
    tally, case, folder = Counter(sweeps=1), CASES[name], tools.folder()
    with tools.simulator(folder, rng) as simulator:
        bench = Bench(tools, case, World(simulator, case), tools.store(engine, folder), folder)
        state, number = bench.snapshot(), 0
        if not first or name != next(iter(CASES)):
            state, _ = undisturbed(bench, state, tally)
        while True:
            number += 1
            if first:
                bench.store.empty() if name == next(iter(CASES)) else bench.store.forget()
                state = bench.snapshot()
            else:
                bench.world.tick(grow=False)  # a run that does more and more would never be swept through
            run = bench.collect(KILL=number)
            state = after_a_kill(bench, state, run, tally, draws_phase=False)
            if run.code == 0:
                return tally
            state, _ = undisturbed(bench, state, tally)
            require(number < 1000, "the sweep does not end")
