"""The memory of phoenix, and the size of its ledger, when it has talked with 100,000 users.

    /usr/bin/python3 bench/bot_memory.py [--users 100000] [--results bench/results.md]
    /usr/bin/python3 bench/bot_memory.py --check     only whether everybody is answered, few of them

Each user writes /start and then taps a button of the menu that comes. Telegram's and API-Football's parts are played by
the simulator, which does not hold the bot to its send limits; the bot's own are as wide as its settings allow. Memory
is read once everything is delivered.
"""

import argparse
import contextlib
import json
import os
import platform
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from results import put

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/functional"))
from conftest import END_WITH_PARENT, Simulator, http  # noqa: E402: the tests' own

MARK = "<!-- bot_memory -->", "<!-- /bot_memory -->"
TOKEN, KEY = "1234567890:simulated-telegram-token-000000000", "simulated-football-key"
STEP = 2000  # users at once: the newest of them waits less for an answer than a menu may
PATIENCE = 600
STAGES = "start", "half", "all"


@contextlib.contextmanager
def phoenix(options, folder, url):
    keys = {"telegram": {"base": f"{url}/api.telegram.org", "messages_per_second": 1000},
            "football": {"base": f"{url}/v3.football.api-sports.io"},
            "store": "sqlite:phoenix.db", "logs": {"directory": "logs"}, "listen": {"address": "127.0.0.1:0"}}
    (folder / "phoenix.yaml").write_text(json.dumps(keys), encoding="utf-8")
    console = folder / "console"
    with open(console, "wb") as output:
        process = subprocess.Popen([*END_WITH_PARENT, options.programs / "phoenix", "run"], cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=output,
                                   env={"PATH": os.environ["PATH"], "TELEGRAM_BOT_TOKEN": TOKEN, "API_FOOTBALL_KEY": KEY})
    try:
        wait_until(lambda: re.search(r"INFO: ready ", console.read_text(encoding="utf-8", errors="replace")), process, console)
        yield process, console
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def wait_until(condition, process, console):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"phoenix does not go on: {console.read_text(encoding='utf-8', errors='replace')[-2000:]}")
        time.sleep(0.02)


def memory(process):
    """Private bytes, and the most that was resident."""
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        private = sum(int(line.split()[1]) for line in file if line.startswith(("Private_Dirty", "Private_Clean")))
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
    return private * 1024, peak * 1024


def talk(simulator, process, console, users):
    """Both updates of these users; returns when everything that they get has come."""
    post = f"{simulator.url}/_sim/telegram/"
    methods = http("GET", post + "state")["methods"]
    for kind, data, counted in (("message", {"text": "/start"}, "sendMessage"),
                                ("tap", {"data": "configuracoes"}, "editMessageText")):
        wanted = methods.get(counted, 0) + len(users)
        done = http("POST", post + "updates", [{"kind": kind, "user": user, **data} for user in users])["done"]
        if done != len(users):
            sys.exit(f"only {done} of {len(users)} updates of the kind {kind} could be made")
        wait_until(lambda counted=counted, wanted=wanted: http("GET", post + "state")["methods"].get(counted, 0) >= wanted,
                   process, console)


def wait_for_ledger(database, process, console):
    """Everything is written down that was delivered."""
    def settled():
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as ledger:
            return ledger.execute("SELECT count(*) FROM phoenix_outbox WHERE state IN ('pending', 'sending')").fetchone() == (0,)
    wait_until(settled, process, console)


def check(database, state, users):
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as ledger:
        taken, known = ledger.execute("SELECT count(*), count(DISTINCT user_id) FROM phoenix_inbox").fetchone()
        sent, = ledger.execute("SELECT count(*) FROM phoenix_outbox WHERE state = 'sent'").fetchone()
    if (taken, known, sent) != (2 * users, users, 3 * users):
        sys.exit(f"{taken} updates of {known} users were taken and {sent} messages sent; {users} users were there")
    if state["taps"]["answered"] != users or state["taps"]["unanswered"] != 0:
        sys.exit(f"taps were not answered: {state['taps']}")


def measure(options, scratch):
    """Stage → private bytes; the peak, the size of the ledger, and seconds."""
    folder = scratch / "phoenix"
    folder.mkdir()
    database = folder / "phoenix.db"
    found = {}
    with Simulator(options.programs, scratch / "simulator.log", 1, 0, "--telegram-token", TOKEN, "--football-key",
                   KEY) as simulator:
        http("POST", f"{simulator.url}/_sim/telegram/limits", {"enforce": False})
        with phoenix(options, folder, simulator.url) as (process, console):
            found["start"], _ = memory(process)
            begin = time.monotonic()
            for first in range(1, options.users + 1, STEP):
                last = min(first + STEP - 1, options.users)
                talk(simulator, process, console, range(first, last + 1))
                if "half" not in found and last >= options.users // 2:
                    found["half"], _ = memory(process)
                print(f"{last} users: {memory(process)[0] / 1e6:.1f} MB private", file=sys.stderr)
            found["seconds"] = time.monotonic() - begin
            wait_for_ledger(database, process, console)
            found["all"], found["peak"] = memory(process)
            check(database, http("GET", f"{simulator.url}/_sim/telegram/state"), options.users)
        found["ledger"] = database.stat().st_size
    return found


def table(found, options):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    megabytes = {name: f"{found[name] / 1e6:.1f} MB" for name in (*STAGES, "peak", "ledger")}
    return "\n".join([
        "## Memory of the bot", "",
        f"`phoenix run` on SQLite, after {options.users:,} users have written /start and tapped a button of the menu each: {2 * options.users:,}",
        f"updates and {3 * options.users:,} answers within {found['seconds']:.0f} s. Private is what no other process shares (Private_Dirty and",
        "Private_Clean of smaps_rollup), peak the most that was resident. The ledger holds every update and answer for as",
        "long as its retention says. `/usr/bin/python3 bench/bot_memory.py` does this alone.", "",
        f"{cpu} × {os.cpu_count()}, Linux {platform.release().split('-')[0]}, SQLite {sqlite3.sqlite_version}, load average before "
        f"{options.load:.1f}, once", "",
        "| private at start | after half of them | after all | peak | ledger | a user |", "|--:|--:|--:|--:|--:|--:|",
        f"| {megabytes['start']} | {megabytes['half']} | {megabytes['all']} | {megabytes['peak']} | {megabytes['ledger']} | "
        f"{found['ledger'] / options.users:.0f} B |", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, default=HERE.parent / "build/bin", help="the folder of our programs")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--results", type=Path, help="the file to write the table into")
    parser.add_argument("--check", action="store_true", help="few users: only whether all are answered")
    options = parser.parse_args()
    options.programs = options.programs.resolve()
    options.load = os.getloadavg()[0]
    if options.check:
        options.users = 200
    with tempfile.TemporaryDirectory(prefix="bot_memory_") as scratch:
        found = measure(options, Path(scratch))
    text = table(found, options)
    print(text, end="")
    if options.results:
        put(text, MARK, options.results)


if __name__ == "__main__":
    main()
