"""Updates a second that the bot takes from Telegram, beside grammY and telegraf on the same simulator.

    /usr/bin/python3 bench/bot_updates.py [--updates 20000] [--rounds 5] [--results bench/results.md]
    /usr/bin/python3 bench/bot_updates.py --check     only whether all are taken once, few of them

Of ten updates five are /start, four a tap on a menu and one asks for an analysis, from thousands of users. They wait in the
simulator before the first question; a getUpdates brings 100. The libraries hand each to a function that counts it and
keep nothing. Ours, as the service does it: read, understood, limited, queued or turned down, answered into the outbox
and committed before they are confirmed; or only read and understood, as the libraries do. The contenders of a round
take turns, each with a new simulator and an empty store. The libraries are put into build/npm-bots by `./dev bench`.
"""

import argparse
import contextlib
import http.client
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

from load import Server, fsync_rate
from results import put

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/functional"))
from conftest import Simulator, http as ask  # noqa: E402: the tests' own

MARK = "<!-- bot_updates -->", "<!-- /bot_updates -->"
TOKEN = "1234567890:simulated-telegram-token-000000000"
LIBRARIES = "grammy", "telegraf"
USERS, CHUNK, CAPACITY = 5000, 5000, 1000
TEXTS = {
    "floor": "bare socket, thrown away: what the simulator can do",
    "route": "ours, read and understood",
    "grammy": "grammY, counted",
    "telegraf": "telegraf, counted",
    "memory": "ours, all of it, SQLite in memory",
    "sqlite": "ours, all of it, SQLite",
    "postgresql": "ours, all of it, PostgreSQL",
}


def make_updates(options):
    """Those who write, then those who tap, each one of them once an analysis."""
    tappers, updates = options.updates // 10, []
    for number in range(options.updates):
        if number % 10 < 5:
            updates.append({"kind": "message", "user": 1 + number % USERS, "text": "/start"})
        else:
            data = "analise_over_gols" if number % 10 == 9 else "configuracoes"
            updates.append({"kind": "tap", "user": 1 + USERS + number // 10 % tappers, "data": data, "force": True})
    return updates


def send_menus(url, users):
    """A message of the bot in the chat of each, which they can tap on; they are known from now on."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)

    def call(path, body):
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"the simulator answers {answer.status} to {path.rsplit('/', 1)[1]}: {text[:300]}")
        return json.loads(text)
    control, api = "/_sim/telegram/", f"/api.telegram.org/bot{TOKEN}/"
    call(control + "limits", {"enforce": False})
    call(control + "updates", [{"kind": "message", "user": user, "text": "Oi"} for user in users])
    last = call(api + "getUpdates", {"offset": -1})["result"][-1]["update_id"]  # these are not what is measured
    call(api + "getUpdates", {"offset": last + 1, "timeout": 0})
    for user in users:
        call(api + "sendMessage", {"chat_id": user, "text": "Menu"})
    connection.close()


@contextlib.contextmanager
def telegram(options, scratch):
    """The URL of a Bot API in which the updates wait."""
    with Simulator(options.programs, scratch / "simulator.log", 1, 0, "--telegram-token", TOKEN) as simulator:
        send_menus(simulator.url, range(1 + USERS, 1 + USERS + options.updates // 10))
        updates = make_updates(options)
        for at in range(0, len(updates), CHUNK):
            ask("POST", f"{simulator.url}/_sim/telegram/updates", updates[at:at + CHUNK])
        yield simulator.url + "/api.telegram.org"


def run(words):
    done = subprocess.run(list(map(str, words)), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{words[0]} {words[1]} ended with {done.returncode}")
    return json.loads(done.stdout)


@contextlib.contextmanager
def store(options, scratch, name):
    """An empty one, as the driver is told of it."""
    if name == "memory":
        yield "sqlite::memory:"
    elif name == "sqlite":
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            yield f"sqlite:{folder}/phoenix.db"
    else:
        database = options.server.create_database()
        options.server.query("CHECKPOINT")
        yield options.server.url(database)
        options.server.query(f"DROP DATABASE {database}")


def contender(options, scratch, name):
    with telegram(options, scratch) as url:
        if name in LIBRARIES:
            found = run(["node", HERE / "bot_updates_peer.mjs", options.modules, name, url, TOKEN, options.updates])
        elif name in ("floor", "route"):
            found = run([options.programs / "bot_updates_driver", name, url, TOKEN, options.updates])
        else:
            with store(options, scratch, name) as place:
                found = run([options.programs / "bot_updates_driver", "durable", url, TOKEN, options.updates, place])
            check(options, name, found["by_fate"])
    if found["updates"] != options.updates:
        sys.exit(f"{name}: {found['updates']} of {options.updates} updates were taken")
    return found


def check(options, name, fates):
    """What must have become of them: no limit is reached but that of the queue."""
    analyses = sum(1 for number in range(options.updates) if number % 10 == 9)
    wanted = {"shown": options.updates - analyses, "accepted": min(analyses, CAPACITY), "full": max(0, analyses - CAPACITY)}
    if {fate: number for fate, number in wanted.items() if number} != fates:
        sys.exit(f"{name}: {fates} became of the updates, not {wanted}")


def measure(options, scratch):
    samples, versions = {}, {}
    for number in range(options.rounds):
        for name in options.contenders:
            found = contender(options, scratch, name)
            samples.setdefault(name, []).append(found["updates"] / found["seconds"])
            if "version" in found:
                versions[name] = found["version"]
        print(f"round {number + 1} of {options.rounds}: " + ", ".join(f"{name} {taken[-1]:.0f}" for name, taken in
                                                                     samples.items()), file=sys.stderr)
    return samples, versions


def environment(options, versions, scratch):
    with open("/proc/cpuinfo", encoding="ascii") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    node = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    server = options.server.query("SHOW server_version")[0][0].split()[0]
    return ", ".join([f"{cpu} × {os.cpu_count()}", f"PostgreSQL {server}", f"SQLite {sqlite3.sqlite_version}", f"Node.js {node}",
                      f"grammY {versions['grammy']}", f"telegraf {versions['telegraf']}",
                      f"{options.synced:.0f} synced writes a second before and {fsync_rate(scratch):.0f} after",
                      f"load average before {options.load:.1f}", f"medians of {options.rounds} in turn"])


def table(samples, versions, options, scratch):
    lines = ["## Updates of Telegram", "",
             f"{options.updates:,} updates of {USERS + options.updates // 10:,} users that wait in the simulated Bot API, 100 a getUpdates: half /start, four",
             "tenths taps on a menu, one tenth an analysis. All of it: read, understood, limited, queued or turned down,",
             "answered into the outbox and committed before they are confirmed, each a transaction of 100. The libraries",
             "keep nothing. The simulator shares the machine, and its own speed bounds every row. × says how many times the",
             "row's updates a second are those of the library in the same round.",
             "`/usr/bin/python3 bench/bot_updates.py` does this alone.", "",
             environment(options, versions, scratch), "",
             "| | updates/s | × grammY | × telegraf |", "|---|--:|--:|--:|"]
    for name in options.contenders:
        cells = [TEXTS[name], f"{statistics.median(samples[name]):,.0f}"]
        for library in LIBRARIES:
            cells.append(f"{statistics.median(one / other for one, other in zip(samples[name], samples[library])):.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=Path, default=HERE.parent / "build/bin", help="the folder of our programs")
    parser.add_argument("--modules", type=Path, default=HERE.parent / "build/npm-bots/node_modules",
                        help="the folder with the packages of npm")
    parser.add_argument("--updates", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, help="the file to write the table into")
    parser.add_argument("--check", action="store_true", help="few updates, once, ours alone: only whether all are taken")
    options = parser.parse_args()
    options.programs, options.modules = options.programs.resolve(), options.modules.resolve()
    options.load = os.getloadavg()[0]
    options.contenders = list(TEXTS)
    if options.check:
        options.updates, options.rounds = 1050, 1
        options.contenders = [name for name in TEXTS if name not in LIBRARIES]
    elif not shutil.which("node") or not all((options.modules / name).is_dir() for name in LIBRARIES):
        sys.exit(f"node, or one of {', '.join(LIBRARIES)} in {options.modules}, is missing: ./dev bench installs them")
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bot_updates_")))
        options.server = stack.enter_context(Server())
        options.synced = fsync_rate(scratch)
        samples, versions = measure(options, scratch)
        text = "" if options.check else table(samples, versions, options, scratch)
    print(text, end="")
    if options.results:
        put(text, MARK, options.results)


if __name__ == "__main__":
    main()
