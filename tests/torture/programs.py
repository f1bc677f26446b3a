"""The programs under torture, and one worker's folder for them."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "functional"))
from conftest import Pulse, Simulator, is_sanitized  # noqa: E402, F401

import cases  # noqa: E402
import postgres_server as postgres  # noqa: E402
import stores  # noqa: E402

PHASES = ("before", "fetch", "stage", "merge", "commit", "after")
TIMEOUT = 120


class Run:
    """One `pulse collect`: its exit code, what it printed, and the calls of each phase, if it came to its end."""

    def __init__(self, code, output, folder):
        self.code, self.output = code, output
        self.calls, self.phase = {}, None
        if (counts := folder / "calls").exists():
            lines = (line.split() for line in counts.read_text().splitlines())
            self.calls = {name.removeprefix("phase:"): int(count) for name, count in lines}
            counts.unlink()
        if (phase := folder / "phase").exists():
            self.phase = phase.read_text()
            phase.unlink()


class Bench(Pulse):
    """A case in a store of its own, in a folder of its own."""

    def __init__(self, tools, case, world, store, folder, program=None):
        super().__init__(program or tools.program, folder, world.simulator.url)
        self.tools, self.case, self.world, self.store = tools, case, world, store
        self.write_config(collectors=cases.COLLECTORS)
        text = self.config.read_text()
        self.config.write_text(text.replace('"sqlite:pulse.db"', f'"{store.url}"'))

    def begin(self, preload="nth_call.so", **settings):
        """settings: KILL=3, PHASE="merge" … of nth_call.so. No other run of this store may be alive."""
        self.store.end_leases()
        environment = self.world.environment() | {
            "LD_PRELOAD": str(self.tools.bin / preload), "NTH_CALL_COUNT_FILE": str(self.folder / "calls"),
            "NTH_CALL_PHASE_FILE": str(self.folder / "phase")}
        environment |= {name if "_" in name else f"NTH_CALL_{name}": str(value) for name, value in settings.items()}
        return self.start("collect", self.case.name, environment=environment, stderr=subprocess.STDOUT)

    def end_of(self, process):
        with process:
            try:
                output, _ = process.communicate(timeout=TIMEOUT)
            except BaseException:
                process.kill()
                raise
        return Run(process.returncode, output, self.folder)

    def collect(self, **settings):
        return self.end_of(self.begin(**settings))

    def snapshot(self):
        return self.store.snapshot(self.case)


class Tools:
    """A worker's: programs, a scratch folder, and a database server once somebody asks for it."""

    def __init__(self, folder, program="pulse"):
        self.bin = Path(folder)
        self.program = self.bin / program
        shared = Path("/dev/shm")
        roomy = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 2**30
        self.scratch = Path(tempfile.mkdtemp(prefix="torture-", dir=shared if roomy else None))
        self.scratch.chmod(0o755)  # the server's user has to get through
        self.cluster, self.episodes = None, 0

    def server(self):
        if self.cluster is None:
            self.cluster = postgres.Cluster(self.scratch / "server")
        return self.cluster

    def store(self, engine, folder, database="torture"):
        if engine == "sqlite":
            return stores.SqliteStore(folder)
        cluster = self.server()
        known = postgres.Connection(cluster.url("postgres", "postgres"))
        if not known.query(f"SELECT 1 FROM pg_database WHERE datname = '{database}'"):
            cluster.create(database)
        store = stores.PostgresStore(cluster, database)
        store.empty()
        return store

    def folder(self):
        """A fresh one; those before are gone, so that the scratch folder stays small."""
        for old in self.scratch.glob("episode-*"):
            shutil.rmtree(old)
        self.episodes += 1
        folder = self.scratch / f"episode-{self.episodes}"
        folder.mkdir()
        return folder

    def simulator(self, folder, rng, records=30):
        return Simulator(self.bin, folder / "simulator.log", rng.randrange(2**31), records)

    def end(self):
        if self.cluster:
            self.cluster.end()
            self.cluster = None
        shutil.rmtree(self.scratch, ignore_errors=True)
