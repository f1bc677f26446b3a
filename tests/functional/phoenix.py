"""`phoenix run` against the simulated Telegram and API-Football, and the users who talk to it.

    def test_menu(bot):                               # a running phoenix, ready
        ana = bot.user(1)
        ana.writes("/start")
        menu = ana.message()                          # the newest one of the bot, as Ana sees it
        ana.taps("⚽ Over Gols")
        result = ana.waits_for(lambda m: "Over Gols" in m["text"] and "⏳" not in m["text"])

The store is SQLite, or PostgreSQL where the test says so. Everything that phoenix writes is in bot.folder.
"""

import json
import os
import re
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from conftest import END_WITH_PARENT, Simulator, http

PATIENCE = 60  # seconds: generous, for sanitizers on a busy machine
TOKEN = "1234567890:simulated-telegram-token-000000000"
KEY = "simulated-football-key"
LISTENING = re.compile(r"listening address=(\S+)")
READY = re.compile(r"INFO: ready ")
# How many places of the queue are taken: those that ended jobs left are folded in by the next admission.
USED = ("SELECT used - (SELECT coalesce(sum(places), 0) FROM phoenix_job_places) FROM phoenix_job_queues")
FULL = ("Estou processando um grande número de análises no momento. "
        "Por favor, tente novamente em alguns minutos.")


def wait_until(condition, what="", seconds=PATIENCE):
    """Its first true value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"it does not happen: {what or condition}"
        time.sleep(0.02)
    return value


class World(Simulator):
    """The simulator, seen from Telegram and API-Football."""

    def telegram(self, method, path, body=None):
        return http(method, f"{self.url}/_sim/telegram/{path}", body)

    def state(self):
        return self.telegram("GET", "state")

    def events(self, **wanted):
        """All that the bot did, with these values."""
        found, since = [], 0
        while batch := self.telegram("GET", f"events?since={since}&limit=10000")["events"]:
            found += batch
            since = batch[-1]["number"]
        return [event for event in found if all(event.get(key) == value for key, value in wanted.items())]

    def football_calls(self):
        """Requests to API-Football that count, since the last look at it was forgotten."""
        return [f"{request['path']}?{request['query']}" for request in self.requests()
                if "api-sports" in request["host"] and not request["path"].startswith("/status")]

    def forget(self):
        http("DELETE", f"{self.url}/_sim/requests")

    def hold(self, api):
        http("POST", f"{self.url}/_sim/hold?api={api}")

    def release(self, api):
        http("DELETE", f"{self.url}/_sim/hold?api={api}")


class User:
    def __init__(self, world, number):
        self.world, self.number = world, number

    def writes(self, text):
        return self.world.telegram("POST", "message", {"user": self.number, "text": text, "name": f"U{self.number}"})

    def taps(self, label=None, data=None, message_id=None, force=False):
        if data is None:
            data = self.button(label)
        body = {"user": self.number, "data": data}
        if message_id:
            body["message_id"] = message_id
        if force:
            body["force"] = True
        return self.world.telegram("POST", "tap", body)

    def chat(self):
        """What the bot has written and is still there, the oldest first."""
        return [message for message in self.world.telegram("GET", f"chat?user={self.number}")["messages"]
                if message["from"] == "bot" and not message["deleted"]]

    def message(self):
        return wait_until(self.chat, f"a message for user {self.number}")[-1]

    def button(self, label):
        for message in reversed(self.chat()):
            for row in message["buttons"]:
                for button in row:
                    if label in button["text"]:
                        return button["data"]
        raise AssertionError(f"no button {label!r} in {self.chat()}")

    def waits_for(self, condition, seconds=PATIENCE):
        """The newest message that fulfils it."""
        def look():
            return next((m for m in reversed(self.chat()) if condition(m)), None)
        try:
            return wait_until(look, f"for user {self.number}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; has {[m['text'][:300] for m in self.chat()]}") from None

    def result(self, words, seconds=PATIENCE):
        """Of an analysis: the placeholder is gone, these words are there."""
        return self.waits_for(lambda m: words in m["text"] and "⏳" not in m["text"], seconds)


class Phoenix:
    """One process of it; `more` replaces keys of phoenix.yaml, `environment` variables (None: not set)."""

    def __init__(self, program, folder, world, store="sqlite:phoenix.db"):
        self.program, self.folder, self.world, self.store = program, folder, world, store
        self.starts = 0
        self.process = None

    def settings(self, more=None):
        keys = {"telegram": {"base": f"{self.world.url}/api.telegram.org"},
                "football": {"base": f"{self.world.url}/v3.football.api-sports.io"},
                "listen": {"address": "127.0.0.1:0"},
                "logs": {"directory": "logs"},
                "cache": {"file": "phoenix.cache"}} | (more or {})
        if self.store:
            keys["store"] = self.store
        for section, values in (more or {}).items():
            if section in ("telegram", "football", "cache"):
                keys[section] = {"telegram": {"base": f"{self.world.url}/api.telegram.org"},
                                 "football": {"base": f"{self.world.url}/v3.football.api-sports.io"},
                                 "cache": {"file": "phoenix.cache"}}[section] | values
        (self.folder / "phoenix.yaml").write_text(json.dumps(keys, indent=1), encoding="utf-8")

    def environment(self, more=None):
        keep = {"PATH", "HOME", "LANG", "TZ", "TMPDIR"}
        variables = {name: value for name, value in os.environ.items()
                     if name in keep or name.endswith("SAN_OPTIONS") or name.startswith("LLVM_")}
        variables |= {"TELEGRAM_BOT_TOKEN": TOKEN, "API_FOOTBALL_KEY": KEY}
        for name, value in (more or {}).items():
            variables.pop(name, None)
            if value is not None:
                variables[name] = value
        return variables

    def command(self, *arguments, environment=None, timeout=120):
        """A command that ends by itself."""
        done = subprocess.run([str(self.program), *map(str, arguments)], cwd=self.folder, text=True,
                              env=self.environment(environment), capture_output=True, timeout=timeout,
                              stdin=subprocess.DEVNULL)
        print("$ phoenix", *arguments, f"→ {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self, more=None, environment=None, ready=True, prefix=()):
        self.settings(more)
        self.starts += 1
        self.console = self.folder / f"console-{self.starts}.txt"
        with open(self.console, "wb") as output:
            self.process = subprocess.Popen([*END_WITH_PARENT, *prefix, str(self.program), "run"], cwd=self.folder,
                                            env=self.environment(environment), stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output)
        if ready:
            self.wait_for(READY)
            self.address = LISTENING.search(self.text()).group(1)
        return self

    def text(self):
        return self.console.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, what, seconds=PATIENCE):
        pattern = re.compile(re.escape(what)) if isinstance(what, str) else what
        deadline = time.monotonic() + seconds
        while not (match := pattern.search(self.text())):
            assert self.process.poll() is None or pattern.search(self.text()), f"it ended: {self.text()[-3000:]}"
            assert time.monotonic() < deadline, f"{pattern.pattern} does not come: {self.text()[-3000:]}"
            time.sleep(0.01)
        return match

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=PATIENCE):
        return self.process.wait(seconds)

    def end(self):
        """Exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()

    def user(self, number):
        return User(self.world, number)

    def get(self, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://{self.address}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def metric(self, name):
        """Sum over all series whose line begins with this."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if line.startswith(name)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def rows(self, sql, *parameters):
        """What an SQLite ledger holds, read by an independent program."""
        connection = sqlite3.connect(f"file:{self.folder / 'phoenix.db'}?mode=ro", uri=True)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()


@pytest.fixture
def world(bin_dir, tmp_path, rng):
    seed = rng.randrange(2**31)
    print(f"simulator --seed {seed}")
    with World(bin_dir, tmp_path / "simulator.log", seed, 200) as program:
        yield program


@pytest.fixture
def phoenix(bin_dir, tmp_path, world):
    """Not started yet."""
    folder = tmp_path / "phoenix"
    folder.mkdir()
    program = Phoenix(bin_dir / "phoenix", folder, world)
    yield program
    program.end()
    if program.starts:
        print(program.text()[-6000:])


@pytest.fixture
def bot(phoenix):
    return phoenix.start()
