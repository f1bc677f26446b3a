"""Power cuts: pulse on the files that a disk may hold when the power goes at any moment of some runs.

A log of every write, truncation, sync, creation and removal is made once for each episode; each cut builds the files
at a random place of it. What was synced stays. Of the rest each file keeps all, nothing, or a random part, in which
the last write may be torn; a file whose name was never synced may be gone, and one removed may be there again.
"""

import shutil
import struct
from collections import Counter
from dataclasses import dataclass, field

from cases import CASES, World
from invariants import check, check_whole, require
from programs import Bench

HEADER = struct.Struct("<cQQQ")
SECTOR = 512
CUTS = 12  # of one log


@dataclass
class File:
    """Its content on the disk, and what was done to it since its last sync."""
    content: bytes = b""
    pending: list = field(default_factory=list)  # (w | t, offset, data)
    on_disk: bool = True                         # its name
    removed: bool = False                        # but the folder not yet synced


def read_log(path):
    data, at = path.read_bytes(), 0
    while at < len(data):
        what, name, offset, size = HEADER.unpack_from(data, at)
        at += HEADER.size
        yield what.decode(), data[at:at + name].decode(), offset, data[at + name:at + name + size]
        at += name + size


def apply(content, operation):
    what, offset, data = operation
    if what == "t":
        return content[:offset].ljust(offset, b"\0")
    return content[:offset].ljust(offset, b"\0") + data + content[offset + len(data):]


def play(files, operations):
    """`files` as they are known to the disk after the operations; what is pending is still open."""
    for what, name, offset, data in operations:
        if what == "c":
            files[name] = File(on_disk=False)
        elif what in "wt":
            files[name].pending.append((what, offset, data))
        elif what == "s":
            file = files[name]
            for operation in file.pending:
                file.content = apply(file.content, operation)
            file.pending, file.on_disk = [], True
        elif what == "d":
            for known in [known for known, file in files.items() if file.removed]:
                del files[known]
            for file in files.values():
                file.on_disk = True
        elif what == "u":
            files[name].removed = True
        else:
            raise AssertionError(f"the log holds {what} of {name}: no cut knows what that leaves")


def left_of(file, rng):
    """What the disk holds of it: None if not even the name."""
    keep = rng.choice(("all", "none", "some", "some", "torn"))
    if not file.on_disk and keep != "all" and rng.random() < 0.5:
        return None
    if file.removed and rng.random() < 0.7:
        return None
    pending = file.pending
    if keep == "none":
        pending = []
    elif keep in ("some", "torn"):
        pending = [operation for operation in pending if rng.random() < 0.6]
    if keep == "torn" and pending and pending[-1][0] == "w":
        what, offset, data = pending[-1]
        half = rng.randrange(len(data) // SECTOR + 1) * SECTOR if rng.random() < 0.7 else rng.randrange(len(data) + 1)
        pending = [*pending[:-1], (what, offset, data[:half])]
    content = file.content
    for operation in pending:
        content = apply(content, operation)
    return content


def record(bench, folder, rng):
    """One to three runs into one log; returns where in it each had been reported, and each run's truth."""
    log, reported, truths = folder / "log", [], {}
    for number in range(rng.randint(1, 3)):
        if number:
            bench.world.tick()
        run = bench.collect(preload="disk_log.so", DISK_LOG_PREFIX=str(bench.database), DISK_LOG_FILE=str(log))
        require(run.code == 0, lambda run=run: f"a recorded run ended with {run.code}: {run.output[-2000:]}")
        state = bench.snapshot()
        check_whole(bench.case, state, bench.world.truth)
        name = list(state.runs)[-1]
        truths[name] = bench.world.truth
        reported.append((sum(1 for _ in read_log(log)), name, state))
    return list(read_log(log)), reported, truths


def cut(bench, initial, operations, start, rng):
    """Writes the files as they may be after a random part of the log; returns how long that part was."""
    length = rng.randint(0, len(operations))
    files = {name: File(content) for name, content in initial.items()}
    play(files, operations[:length])
    bench.store.empty()
    for name, file in files.items():
        content = left_of(file, rng)
        if content is not None:
            (bench.folder / name.rpartition("/")[2]).write_bytes(content)
    if rng.random() < 0.3:  # it is no file of the disk's: anything may be in it
        (bench.folder / "pulse.db-shm").write_bytes(rng.randbytes(32768))
    return length


def cuts(tools, rng, engine):
    tally, case, folder = Counter(episodes=1), rng.choice(list(CASES.values())), tools.folder()
    with tools.simulator(folder, rng) as simulator:
        bench = Bench(tools, case, World(simulator, case), tools.store(engine, folder), folder)
        start = bench.snapshot()
        if rng.random() < 0.6:
            require(bench.collect().code == 0, "the first run failed")
            start = bench.snapshot()
            bench.world.tick()
        initial = {str(path): path.read_bytes() for path in (bench.database, folder / "pulse.db-wal") if path.exists()}
        operations, reported, truths = record(bench, folder, rng)
        require(len(operations) > 5, "the log is empty: disk_log.so saw nothing")
        for _ in range(CUTS):
            length = cut(bench, initial, operations, start, rng)
            state = bench.snapshot()
            check(case, start, state, truths.__getitem__)
            for place, name, _ in reported:
                if place <= length:
                    require(state.runs.get(name, ("gone",))[0] in ("success", "empty"),
                            f"the run {name} had reported its success before the power went; it is {state.runs.get(name)}")
            run = bench.collect()
            require(run.code == 0, lambda run=run: f"after a power cut pulse ended with {run.code}: {run.output[-2000:]}")
            after = bench.snapshot()
            check(case, state, after, lambda run_id: bench.world.truth)
            check_whole(case, after, bench.world.truth)
            tally["cuts"] += 1
            tally[case.name] += 1
            tally["after a report" if reported[0][0] <= length else "in the first run"] += 1
        shutil.rmtree(folder / "copy", ignore_errors=True)
    return tally
