"""kill -9 of `phoenix run` while users ask: whatever was accepted is answered, and no result comes twice (QU4, QU5, RT13).

An episode is a world, a store and a bot that is killed many times: while it takes updates (intake), runs jobs (run) and
delivers their results (edit), at a random call to the system or at a random moment. Each user asks for one thing only, so
that a chat that holds two results is a fault.
"""

import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing

from invariants import Fault, require
from phoenix import Phoenix, World

PHASES = ("intake", "run", "edit")
ANALYSES = {"analise_over_gols": "Over Gols", "analise_btts": "BTTS", "analise_dupla_chance": "Dupla Chance"}
SETTINGS = {"queue": {"workers": 4, "max_attempts": 20}, "shutdown": {"drain": "0s"}}
PATIENCE = 120
RECOVERY_PROMISE = 5  # seconds, to the first result; required are ten times as many
COUNT_CALLS = 60  # random kills fall among so many calls after the requests have been made


class SqliteLedger:
    engine, prefix, url = "sqlite", "phoenix_", "sqlite:phoenix.db"

    def __init__(self, folder):
        self.file = folder / "phoenix.db"

    def rows(self, sql):
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as connection:
            return [tuple(row) for row in connection.execute(sql.replace("{}", self.prefix))]

    def is_whole(self):
        return self.rows("PRAGMA integrity_check") == [("ok",)]


class PostgresLedger:
    engine, prefix = "postgresql", "phoenix."

    def __init__(self, server):
        self.server, self.database = server, server.create_database()
        self.url = server.url(self.database)

    def rows(self, sql):
        def value(text):
            return int(text) if text is not None and text.lstrip("-").isdigit() else text
        return [tuple(map(value, row)) for row in self.server.query(sql.replace("{}", self.prefix), self.database)]

    def is_whole(self):
        return True


class Episode:
    def __init__(self, bin_dir, folder, world, ledger, rng):
        self.bin, self.world, self.ledger, self.rng = bin_dir, world, ledger, rng
        folder.mkdir(exist_ok=True)
        self.bot = Phoenix(bin_dir / "phoenix", folder, world, ledger.url)
        self.asked, self.tally, self.recoveries = {}, Counter(), []
        self.next_user, self.began = 1, 0.0

    # ---- users

    def meet(self, number):
        """So many users; some have the menu before them. The bot is running, and nothing happens to it."""
        users = [self.bot.user(n) for n in range(self.next_user, self.next_user + number)]
        self.next_user += number
        for user in users:
            user.has_menu = self.rng.random() < 0.2
            if user.has_menu:
                user.writes("/start")
                user.message()
        return users

    def ask(self, user):
        """For the list of the day, or for an analysis of all its games, which takes longer."""
        if user.has_menu:
            data = self.rng.choice(list(ANALYSES))
            self.asked[user.number] = (user.taps(data=data)["update_id"], ANALYSES[data])
        else:
            self.asked[user.number] = (user.writes("/jogos")["update_id"], "Jogos")

    # ---- starts and kills

    def start(self, kill_at=None, ready=True):
        environment = {}
        if kill_at is not None:
            environment = {"LD_PRELOAD": str(self.bin / "nth_call.so"), "NTH_CALL_KILL": str(kill_at)}
        self.began = time.time()
        self.bot.start(SETTINGS, environment, ready=ready)

    def is_dead(self):
        return self.bot.process.poll() is not None

    def until(self, condition, what):
        """Looks closely, for a kill is to hit the moment. False: it died meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.is_dead():
                return False
            require(time.monotonic() < deadline, lambda: f"it does not happen: {what}: {self.bot.text()[-3000:]}")
            time.sleep(0.001)
        return True

    def phase(self):
        """What the dead process was doing, the last step first: a result on its way, a job, an update not confirmed."""
        jobs = dict(self.ledger.rows("SELECT state, count(*) FROM {}jobs GROUP BY state"))
        on_its_way = self.ledger.rows("SELECT count(*) FROM {}outbox WHERE action = 'edit' AND priority = 1 "
                                      "AND state IN ('pending', 'sending')")[0][0]
        if self.world.state()["pending_updates"] > 0:
            return "intake"
        if on_its_way:
            return "edit"
        return "run" if jobs.get("running") else "between"

    def after_a_kill(self):
        code = self.bot.wait(PATIENCE)
        require(code == -signal.SIGKILL, lambda: f"phoenix ended with {code}: {self.bot.text()[-3000:]}")
        self.tally["kills"] += 1
        self.tally[self.phase()] += 1
        self.tally[self.ledger.engine] += 1
        self.check()

    def kill(self):
        if not self.is_dead():
            self.bot.process.kill()
        self.after_a_kill()

    # ---- what has to hold

    def check(self):
        """Always: nothing was confirmed that is not in the ledger, and the counter equals the rows."""
        if not self.ledger.is_whole():
            raise Fault("the database is damaged")
        known = {update for update, in self.ledger.rows("SELECT update_id FROM {}inbox")}
        confirmed = self.world.state()["confirmed_offset"]
        for user, (update, _) in self.asked.items():
            require(update in known or update >= confirmed, lambda: f"update {update} of user {user} is lost: below {confirmed}")
        (used,), = self.ledger.rows("SELECT used - (SELECT coalesce(sum(places), 0) FROM {}job_places) FROM {}job_queues")
        (there,), = self.ledger.rows("SELECT count(*) FROM {}jobs WHERE state IN ('queued', 'running')")
        require(used == there, lambda: f"the counter says {used}, there are {there} jobs")
        twice = self.ledger.rows("SELECT user_id FROM {}jobs GROUP BY user_id HAVING count(*) > 1")
        require(not twice, lambda: f"a request became two jobs: {twice}")

    def results(self, number):
        _, title = self.asked[number]
        return [m for m in self.bot.user(number).chat() if title in m["text"] and "⏳" not in m["text"] and "✅" not in m["text"][:2]]

    def check_answers(self):
        """At the end: every one asked has one result, in one message, and none that another one asked for."""
        deadline = time.monotonic() + 2 * PATIENCE
        for number in self.asked:
            while not self.results(number):
                require(not self.is_dead(), lambda: f"phoenix ended: {self.bot.text()[-3000:]}")
                require(time.monotonic() < deadline, lambda: f"user {number} has no answer, but {self.bot.user(number).chat()}")
                time.sleep(0.02)
        while self.ledger.rows("SELECT count(*) FROM {}outbox WHERE state IN ('pending', 'sending')") != [(0,)]:
            require(time.monotonic() < deadline, "the outbox does not become empty")
            time.sleep(0.02)
        for number in self.asked:
            found = self.results(number)
            require(len(found) == 1, lambda: f"user {number} has {len(found)} results: {found}")
            left = [m for m in self.bot.user(number).chat() if "⏳" in m["text"]]
            self.tally["placeholders left"] += len(left)  # sent twice, as nobody knew of the first one (RT13)
        events = self.world.events(method="editMessageText", code=200)
        for number, (_, title) in self.asked.items():
            messages = {e["message_id"] for e in events if e["chat"] == number and "⏳" not in e["text"] and title in e["text"]}
            require(len(messages) == 1, lambda: f"the result of user {number} was written into messages {messages}")
        self.check()
        states = self.ledger.rows("SELECT state, count(*) FROM {}jobs GROUP BY state")
        require(states == [("done", len(self.asked))], lambda: f"{len(self.asked)} were asked for; the jobs are {states}")
        self.tally["answered"] += len(self.asked)

    def measure_recovery(self):
        """From the start of the process to the first result that arrives, where one is due."""
        before = len(self.finished())  # first: a result may come at any moment
        open_jobs = self.ledger.rows("SELECT count(*) FROM {}jobs WHERE state IN ('queued', 'running')")[0][0]
        if open_jobs and self.until(lambda: len(self.finished()) > before, "a result after the start"):
            self.recoveries.append(min(at for at in self.finished()[before:]) - self.began)

    def finished(self):
        return [e["time_us"] / 1e6 for e in self.world.events(method="editMessageText", code=200) if "⏳" not in e["text"]]

    # ---- the course of it

    def strike(self, users, phase):
        """One kill: aimed at a phase, or at a random call to the system that follows the requests."""
        if phase == "intake":
            self.world.faults()
            wait = self.rng.uniform(0, 0.03)
            for user in users:
                self.ask(user)
            time.sleep(wait)
        elif phase == "run":
            self.world.hold("football")
            for user in users:
                self.ask(user)
            self.until(lambda: self.ledger.rows("SELECT count(*) FROM {}jobs WHERE state = 'running'") != [(0,)]
                       or all(self.results(user.number) for user in users), "a job runs, or the cache has sufficed")
            self.until(lambda: self.world.state()["pending_updates"] == 0, "the updates are confirmed")
            time.sleep(self.rng.uniform(0, 0.05))
        else:
            self.world.faults({"api": "telegram", "method": "editMessageText", "kind": self.rng.choice(("delay", "lost_answer")),
                               "milliseconds": 200, "count": 50})
            for user in users:
                self.ask(user)
            self.until(lambda: self.ledger.rows("SELECT count(*) FROM {}jobs WHERE state = 'done' AND placeholder IN "
                                                "(SELECT behind FROM {}outbox WHERE state IN ('pending', 'sending'))") != [(0,)],
                       "a result is on its way")
            time.sleep(self.rng.uniform(0, 0.2))
        self.kill()
        self.world.faults()
        self.world.release("football")

    def random_call(self, users):
        """The bot dies at one of the calls with which it begins, or serves what came while it was away."""
        for user in users:
            self.ask(user)
        self.start(kill_at=self.rng.randint(1, 10 * COUNT_CALLS), ready=False)
        if self.until(lambda: all(self.results(user.number) for user in users), "all are answered, or it is dead"):
            self.tally["ran through"] += 1
            self.bot.process.kill()
        self.after_a_kill()

    def run(self, kills):
        self.start()
        while self.tally["kills"] < kills:
            users = self.meet(4)
            self.strike(users[:2], self.rng.choice((*PHASES, "run")))
            if self.tally["kills"] < kills and self.rng.random() < 0.5:
                self.random_call(users[2:])
            self.start()
            self.measure_recovery()
        self.check_answers()
        require(self.bot.end() == 0, "the last one does not stop")
        return self.tally, self.recoveries


def random_kills(bin_dir, folder, ledger, seed, kills):
    """(tally, recovery times in seconds)"""
    rng = random.Random(seed)
    with World(bin_dir, folder / "simulator.log", rng.randrange(2**31), 20, "--football-quota", 10**6,
               "--football-per-minute", 10**6) as world:
        episode = Episode(bin_dir, folder / "phoenix", world, ledger, rng)
        try:
            return episode.run(kills)
        finally:
            episode.bot.kill()
            print(episode.bot.text()[-2000:])


def sweep(bin_dir, folder, ledger, seed, first, last, step):
    """At call number first, first + step …, of a start that finds requests waiting, until one runs through."""
    rng = random.Random(seed)
    with World(bin_dir, folder / "simulator.log", rng.randrange(2**31), 20, "--football-quota", 10**6,
               "--football-per-minute", 10**6) as world:
        episode = Episode(bin_dir, folder / "phoenix", world, ledger, rng)
        try:
            episode.start()
            for number in range(first, last, step):
                user, = episode.meet(1)
                episode.bot.process.kill()
                episode.bot.wait()
                episode.ask(user)
                episode.start(kill_at=number, ready=False)
                if episode.until(lambda user=user: episode.results(user.number), "it is answered, or phoenix is dead"):
                    episode.bot.process.kill()
                    episode.bot.wait()
                    break
                episode.after_a_kill()
                episode.start()
                episode.until(lambda user=user: episode.results(user.number), "the next start answers it")
            else:
                number = last
            if episode.is_dead():
                episode.start()
            episode.tally["swept up to"] = number
            episode.check_answers()
            return episode.tally
        finally:
            episode.bot.kill()
            print(episode.bot.text()[-2000:])
