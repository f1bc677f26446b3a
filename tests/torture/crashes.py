"""PostgreSQL that drops everything (`stop -m immediate`) while two collectors of two databases are at work.

One of the two sends the server SIGQUIT from inside of a random call of a random phase; the other one is wherever it is.
"""

import time
from collections import Counter

from cases import CASES, World
from invariants import check, check_whole, require
from kills import undisturbed
from programs import PHASES, Bench

CRASHES = 20  # of one episode
PATIENCE = 0.2  # seconds that a server stays away, in half of the cases


def crash_while_running(cluster, striker, other, rng, calls):
    """Returns both runs; afterwards the server is up. A run without a phase did not reach its call: no crash."""
    phase = rng.choice([phase for phase in PHASES if calls[phase]])
    at_once, victim = rng.random() < 0.5, cluster.process
    second = other.begin()
    first = striker.begin(STEPS=1, PHASE=phase, KILL=rng.randint(1, calls[phase]), VICTIM=victim.pid, SIGNAL=3)
    deadline = time.monotonic() + PATIENCE
    while first.poll() is None or second.poll() is None:
        down = cluster.process is victim and victim.poll() is not None
        if down and (at_once or time.monotonic() > deadline):
            cluster.start()
        time.sleep(0.002)
    runs = striker.end_of(first), other.end_of(second)
    if runs[0].phase is not None:  # the signal was sent; it may not yet have arrived
        victim.wait()
        if cluster.process is victim:
            cluster.start()
    return runs


def crashes(tools, rng, engine):
    tally, folder, cluster = Counter(episodes=1), tools.folder(), tools.server()
    names = rng.sample(sorted(CASES), 2)
    while CASES[names[0]].api == CASES[names[1]].api:  # a tick of the one would change the other's world
        names = rng.sample(sorted(CASES), 2)
    with tools.simulator(folder, rng) as simulator:
        benches, states = [], []
        for number, name in enumerate(names):
            own = folder / name
            own.mkdir()
            bench = Bench(tools, CASES[name], World(simulator, CASES[name]), tools.store(engine, own, f"torture{number}"), own)
            state, calls = undisturbed(bench, bench.snapshot(), tally)
            benches.append((bench, calls))
            states.append(state)
        for _ in range(CRASHES):
            for bench, _ in benches:
                bench.world.tick()
            chosen = rng.randrange(2)
            striker, other = benches[chosen], benches[1 - chosen]
            runs = crash_while_running(cluster, striker[0], other[0], rng, striker[1])
            happened = runs[0].phase is not None
            tally["crashes" if happened else "ran through"] += 1
            tally[runs[0].phase or "ran through"] += happened
            for place, run in ((chosen, runs[0]), (1 - chosen, runs[1])):
                bench = benches[place][0]
                state = bench.snapshot()
                check(bench.case, states[place], state, lambda run_id, bench=bench: bench.world.truth)
                require(run.code >= 0, lambda run=run: f"pulse died of signal {-run.code}: {run.output[-2000:]}")
                if run.code == 0:
                    check_whole(bench.case, state, bench.world.truth)
                    tally["reported a success"] += 1
                if rng.random() < 0.6:
                    state, _ = undisturbed(bench, state, tally)
                states[place] = state
    return tally
