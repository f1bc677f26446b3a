"""Many kills of `phoenix run`: bot_kills.py says what has to hold. BIN_DIR names the folder of the programs.

    /usr/bin/python3 tests/torture/bot_torture.py --count 1000
    SEED=4711 /usr/bin/python3 tests/torture/bot_torture.py --engine sqlite     one episode again
"""

import argparse
import contextlib
import io
import os
import random
import sys
import tempfile
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "functional")]
import bot_kills  # noqa: E402
from conftest import ROOT, is_sanitized  # noqa: E402
from postgres import PostgresServer  # noqa: E402

KILLS = 25  # of one episode
SWEEPS = 10  # first calls, of each of which every tenth call follows
SKIPPED = 77  # to ctest


def one(bin_dir, kind, seed):
    """What happened, how long recoveries took, and the story if something was wrong."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="bot-torture-") as name, contextlib.redirect_stdout(said):
        folder = Path(name)
        (folder / "phoenix").mkdir()
        try:
            if kind == "postgresql":
                folder.chmod(0o755)
                with PostgresServer() as server:
                    return (*bot_kills.random_kills(bin_dir, folder, bot_kills.PostgresLedger(server), seed, KILLS), None)
            ledger = bot_kills.SqliteLedger(folder / "phoenix")
            if kind == "sweep":
                first = seed % SWEEPS + 1
                return bot_kills.sweep(bin_dir, folder, ledger, seed, first, 3000, SWEEPS), [], None
            return (*bot_kills.random_kills(bin_dir, folder, ledger, seed, KILLS), None)
        except Exception:
            return Counter(), [], f"{traceback.format_exc()}{said.getvalue()[-3000:]}"


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="kills; a fifth of them on PostgreSQL")
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "sweep"], help="only these; with SEED: of that episode")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def episodes(options):
    if seed := os.environ.get("SEED"):
        return [(options.engine or "sqlite", int(seed))]
    number = max(1, -(-options.count // KILLS))
    kinds = [options.engine] * number if options.engine else ["postgresql" if i % 5 == 4 else "sqlite" for i in range(number)]
    if not options.engine and options.count >= 1000:
        kinds.append("sweep")
    return [(kind, random.SystemRandom().randrange(2**31)) for kind in kinds]


def main():
    options = read_options()
    bin_dir = Path(os.environ.get("BIN_DIR", ROOT / "build/bin")).resolve()
    if is_sanitized(bin_dir / "phoenix"):
        print("a preloaded library and a sanitizer's runtime exclude each other")
        return SKIPPED
    tally, recoveries, failures = Counter(), [], 0
    with ProcessPoolExecutor(options.workers) as pool:
        running = {pool.submit(one, bin_dir, *episode): episode for episode in episodes(options)}
        for future in as_completed(running):
            kind, seed = running[future]
            own, times, story = future.result()
            if kind == "sweep":  # it draws no phases
                own = Counter({f"sweep: {name}": count for name, count in own.items()})
            tally += own
            recoveries += times
            if story:
                failures += 1
                print(f"FAILED: {story}\n  again: SEED={seed} BIN_DIR={bin_dir} /usr/bin/python3 tests/torture/bot_torture.py "
                      f"--engine {kind}", flush=True)
    kinds = sum(tally[phase] for phase in bot_kills.PHASES)
    for name, count in sorted(tally.items()):
        print(f"  {name:<24}{count:>8}" + (f"  {100 * count / kinds:4.1f} %" if name in bot_kills.PHASES else ""))
    if recoveries:
        recoveries.sort()
        print(f"  recovery: median {recoveries[len(recoveries) // 2]:.2f} s, longest {recoveries[-1]:.2f} s "
              f"(promise: {bot_kills.RECOVERY_PROMISE} s)")
    rare = [phase for phase in bot_kills.PHASES if kinds >= 100 and tally[phase] < 0.05 * kinds]
    if rare:
        print(f"FAILED: less than 5 % of the kills came in the phase {', '.join(rare)}")
    slow = bool(recoveries) and recoveries[-1] > 10 * bot_kills.RECOVERY_PROMISE
    return 1 if failures or rare or slow else 0


if __name__ == "__main__":
    sys.exit(main())
