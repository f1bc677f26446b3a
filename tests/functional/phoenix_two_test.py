"""Two processes of phoenix on one PostgreSQL: they share limits, the queue and its bound; one speaks with Telegram, and
the other takes over when it dies (QU1, QU4, QU5, TG6).
"""

import threading
import time
from collections import Counter

import pytest
from phoenix import FULL, PATIENCE, USED, Phoenix, wait_until, world  # noqa: F401 (a fixture)
from phoenix_crowd import WAITING, Crowd, answers, at, results, sent, tap, text
from postgres import postgres_server  # noqa: F401 (a fixture)

TAKES_OVER, REDONE = 4, 5  # seconds that are promised; ten times as many are allowed
SETTINGS = {"limits": {"commands": {"calls": 1000}}, "shutdown": {"drain": "1s"}}
FRONT = "this process asks for updates"
USERS = range(1, 61)


class Pair:
    def __init__(self, bin_dir, folder, world, server):  # noqa: F811
        self.server, self.database = server, server.create_database()
        self.each = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            self.each.append(Phoenix(bin_dir / "phoenix", folder / name, world, server.url(self.database)))

    def start(self, more=None):
        for phoenix in self.each:
            phoenix.start(SETTINGS | (more or {}))
        wait_until(self.fronts, "one asks for updates")

    def fronts(self):
        """Those that ask for updates, by what they said last."""
        def is_front(phoenix):
            lines = [line for line in phoenix.text().splitlines()
                     if "asks for updates" in line or "does not ask for updates" in line]
            return lines and FRONT in lines[-1] and phoenix.process.poll() is None
        return [phoenix for phoenix in self.each if is_front(phoenix)]

    def other(self, phoenix):
        return next(one for one in self.each if one is not phoenix)

    def rows(self, sql):
        return self.server.query(f"SET search_path = phoenix, pulse; {sql}", self.database)

    def number(self, sql):
        return int(self.rows(sql)[0][0])

    def jobs(self, state):
        return self.number(f"SELECT count(*) FROM jobs WHERE state = '{state}'")


@pytest.fixture
def crowd(world):  # noqa: F811
    crowd = Crowd(world)
    crowd.joins(USERS)
    return crowd


@pytest.fixture
def pair(bin_dir, tmp_path, world, postgres_server):  # noqa: F811
    pair = Pair(bin_dir, tmp_path, world, postgres_server)
    yield pair
    for phoenix in pair.each:
        phoenix.end()
    for phoenix in pair.each:
        if phoenix.starts:
            print(phoenix.text()[-4000:])


class Stream:
    """Users who ask one after the other, ten a second, while something else happens."""

    def __init__(self, crowd, per_second=10):
        self.crowd, self.asked, self.failures = crowd, [], []
        self.thread = threading.Thread(target=self._run, args=(per_second,))

    def _run(self, per_second):
        begin = time.monotonic()
        try:
            for user in USERS:
                self.asked += self.crowd.acts([tap(user, "analise_btts")])
                at(begin + user / per_second)
        except BaseException as failure:
            self.failures.append(failure)
            raise

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()
        assert not self.failures


def check_nothing_lost_or_doubled(pair, crowd, stream):
    """Each of the users has one job, one answer, and one result."""
    wait_until(lambda: len({chat for chat, _ in results(crowd.events())}) == len(USERS), "all have results", 2 * PATIENCE)
    wait_until(lambda: pair.jobs("done") == len(USERS), "all jobs are done")
    assert Counter(row[0] for row in pair.rows("SELECT user_id FROM jobs")) == Counter(str(user) for user in USERS)
    seen = {int(row[0]) for row in pair.rows("SELECT update_id FROM inbox")}
    assert seen == {update["update_id"] for update in stream.asked}
    assert pair.number(USED.replace("phoenix_job", "job")) == 0
    per_user = Counter(chat for chat, _ in results(crowd.events()))
    assert set(per_user.values()) == {1}, "a result message twice"
    ok = {event["callback_query_id"] for event in crowd.events()
          if event["method"] == "answerCallbackQuery" and event["code"] == 200}
    assert ok == {update["callback_query_id"] for update in stream.asked}


def test_limits_and_bound_are_shared(pair, crowd, world):  # noqa: F811
    capacity = 100
    pair.start({"queue": {"capacity": capacity, "workers": 2}, "limits": {"commands": {"calls": 3, "per": "1h"}}})
    world.hold("football")
    kinds = ["analise_over_gols", "analise_btts", "analise_resultado", "analise_dupla_chance"]
    updates, begin = [], time.monotonic()
    actions = [tap(user, data) for data in kinds for user in USERS]
    for part in range(10):
        updates += crowd.acts(actions[part * 24:part * 24 + 24])
        at(begin + part / 5)
    wait_until(crowd.is_taken, "all taps are answered")
    assert pair.number("SELECT count(*) FROM jobs") == pair.number(USED.replace("phoenix_job", "job")) == capacity
    found = answers(crowd.events())
    said = Counter(found[update["callback_query_id"]].get("text", "")[:10] for update in updates)
    assert said == {"": capacity, FULL[:10]: len(actions) - capacity}
    wait_until(lambda: pair.jobs("running") == 4, "both work")
    owners = {row[0] for row in pair.rows("SELECT owner FROM jobs WHERE state = 'running'")}
    assert len(owners) == 2, owners
    assert len(pair.fronts()) == 1 and world.state()["conflicts"] == 0
    world.release("football")
    wait_until(lambda: pair.jobs("done") == capacity, "all are done")
    assert all(phoenix.metric("phoenix_jobs_total") > 0 for phoenix in pair.each)

    front, = pair.fronts()
    front.kill()
    wait_until(pair.fronts, "the other takes over", 10 * TAKES_OVER)
    third, fourth = crowd.acts([tap(1, "aposta_simples"), tap(1, "analise_completa")])
    wait_until(crowd.is_taken, "they are answered")
    found = answers(crowd.events())
    assert "text" not in found[third["callback_query_id"]]
    assert found[fourth["callback_query_id"]]["text"].startswith("Limite de 3 pedidos"), "the first two were with the dead"
    assert pair.number("SELECT count(*) FROM jobs WHERE user_id = 1") == 3


def test_the_other_takes_over(pair, crowd, world):  # noqa: F811
    pair.start()
    with Stream(crowd) as stream:
        wait_until(lambda: len(stream.asked) >= len(USERS) / 3, "some have asked")
        front, = pair.fronts()
        heir = pair.other(front)
        front.kill()
        died = time.monotonic()
        wait_until(lambda: heir in pair.fronts(), "the other takes over", 10 * TAKES_OVER)
        print(f"taken over after {time.monotonic() - died:.1f} s")
    check_nothing_lost_or_doubled(pair, crowd, stream)
    assert world.state()["conflicts"] <= 3, "a poll of the dead one may still be open, once"


def test_jobs_of_the_dead_are_done_by_the_other(pair, crowd, world):  # noqa: F811
    pair.start({"queue": {"workers": 2}})
    world.hold("football")
    updates = crowd.acts([tap(user, "analise_btts") for user in (1, 2, 3, 4)])
    wait_until(lambda: pair.jobs("running") == 4, "both work")
    died = pair.other(pair.fronts()[0])
    lost = {row[0] for row in pair.rows("SELECT id FROM jobs WHERE state = 'running' AND owner LIKE "
                                        f"'%/{died.process.pid}'")}
    assert len(lost) == 2
    died.kill()
    killed = time.monotonic()
    world.release("football")
    wait_until(lambda: pair.jobs("done") == len(updates), "they are done again", 10 * REDONE)
    print(f"done by the other after {time.monotonic() - killed:.1f} s")
    attempts = dict(pair.rows("SELECT id, attempt FROM jobs"))
    assert {attempts[job] for job in lost} == {"2"}, "counted when they were claimed"
    wait_until(lambda: len(results(crowd.events())) == len(updates), "the results")
    assert all(len(texts) == 1 for texts in results(crowd.events()).values())
    assert len(sent(crowd.events(), WAITING)) == len(updates)


def test_the_database_restarts(pair, crowd, world):  # noqa: F811
    pair.start()
    with Stream(crowd) as stream:
        wait_until(lambda: len(stream.asked) >= len(USERS) / 3, "some have asked")
        pair.server.restart("immediate")
        back = time.monotonic()
    check_nothing_lost_or_doubled(pair, crowd, stream)
    print(f"all done {time.monotonic() - back:.1f} s after the server was back")
    assert all(phoenix.process.poll() is None for phoenix in pair.each)
    wait_until(lambda: len(pair.fronts()) == 1, "one asks for updates")
    assert world.state()["conflicts"] <= 3
