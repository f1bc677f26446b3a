"""COMMITs without an answer: the connection breaks when the COMMIT of a slice is on its way, or just done."""

from collections import Counter

from cases import CASES, World
from commit_proxy import ANSWER_LOST, COMMIT_LOST, SERVER_LOST, CommitProxy
from invariants import check, check_whole, require
from kills import undisturbed
from programs import Bench

LOSSES = 24  # of one episode


def lost_answers(tools, rng, engine):
    tally, case, folder = Counter(episodes=1), rng.choice(list(CASES.values())), tools.folder()
    with tools.simulator(folder, rng) as simulator:
        store = tools.store(engine, folder)
        proxy = CommitProxy(folder / "proxy", tools.server().folder)
        store.url = store.url.replace(str(tools.server().folder), str(proxy.folder))
        bench = Bench(tools, case, World(simulator, case), store, folder)
        try:
            proxy.arm(None, 0)
            state, _ = undisturbed(bench, bench.snapshot(), tally)
            require(proxy.commits > 0, "the proxy saw no COMMIT of a slice")
            for _ in range(LOSSES):
                commits = proxy.commits or 1
                bench.world.tick()
                kind = rng.choice((ANSWER_LOST, ANSWER_LOST, COMMIT_LOST, SERVER_LOST))
                proxy.arm(kind, rng.randint(1, commits))
                run = bench.collect()
                after = bench.snapshot()
                check(case, state, after, lambda run_id: bench.world.truth)
                if not proxy.happened:
                    tally["ran through"] += 1
                else:
                    tally["answers lost"] += 1
                    tally[kind] += kind != ANSWER_LOST
                    require(kind != ANSWER_LOST or run.code == 0, lambda run=run:
                            f"a run whose COMMIT lost its answer ended with {run.code}: {run.output[-2000:]}")
                if run.code == 0:
                    check_whole(case, after, bench.world.truth)
                proxy.arm(None, 0)
                state, _ = undisturbed(bench, after, tally)
        finally:
            proxy.close()
    return tally
