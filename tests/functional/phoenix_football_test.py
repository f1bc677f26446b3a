"""What phoenix makes of API-Football's failures: a true sentence each time, nothing wrong kept, old answers marked,
retries that wait, and as few requests as are needed.
"""

import json
import re
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from football_api import envelope, games_of_the_day, games_to_come, made_up_game, noon
from phoenix import Phoenix, World, phoenix, wait_until, world  # noqa: F401 (fixtures)

OWNER = 777
ACCESS = "O acesso aos dados de futebol está com um problema do nosso lado. O responsável foi avisado."
DAY = (r"O limite de consultas de hoje aos dados de futebol foi atingido\. Tente novamente a partir das \d\d:00 de "
       r"(hoje|amanhã) \(horário de Brasília\)\.")
BUSY = "Muitas consultas aos dados de futebol neste momento. Tente novamente em alguns minutos."
PAUSE = (r"O serviço de dados de futebol pediu uma pausa\. Tente novamente a partir das \d\d:\d\d de (hoje|amanhã) "
         r"\(horário de Brasília\)\.")
DOWN = "O serviço de dados de futebol não está disponível agora. Tente novamente em alguns minutos."
SLOW = ("O serviço de dados de futebol está demorando demais para responder. Tente novamente em alguns minutos.")
UNUSABLE = "O serviço de dados de futebol não deu uma resposta que eu possa usar. Tente novamente mais tarde."
MARK = "mark-of-a-fault"


def settings(simulated, **football):
    """Telegram has a name of its own here: what ails API-Football's host is not Telegram's, as in real life."""
    keys = {"limits": {"commands": {"calls": 1000}, "navigation": {"calls": 1000}},
            "telegram": {"base": f"http://localhost:{simulated.port}/api.telegram.org", "owners": [OWNER]}}
    return keys | ({"football": football} if football else {})


def body(text, content_type="application/json"):
    return {"kind": "body", "body": text, "content_type": content_type}


def refused(**errors):
    return body(envelope([], {name: f"{text} {MARK}" for name, text in errors.items()}))


def status(number, **headers):
    return {"kind": "status", "status": number, "headers": {k.replace("_", "-"): v for k, v in headers.items()}}


# What API-Football does, what its users read, and how often it is asked: all attempts, or one.
ALL, ONE = 5, 1
FAULTS = {
    "the key": (refused(token="Error/Missing application key."), ACCESS, ONE),
    "the plan": (refused(plan="Free plans do not have access to this season."), ACCESS, ONE),
    "the day's quota": (refused(requests="You have reached the request limit for the day"), DAY, ONE),
    "the minute's quota": (refused(rateLimit="Too many requests."), BUSY, None),
    "a parameter": (refused(date="The Date field must contain a valid date."), UNUSABLE, ONE),
    "its own bug": (refused(bug="This is on our side, please report us this bug"), DOWN, ALL),
    "429": (status(429), BUSY, ALL),
    "429, a short wait": (status(429, Retry_After="3"), BUSY, ALL),
    "429, a long wait": (status(429, Retry_After="5400"), PAUSE, ONE),
    "500": (status(500), DOWN, ALL),
    "502": (status(502), DOWN, ALL),
    "503": (status(503), DOWN, ALL),
    "504": (status(504), DOWN, ALL),
    "HTML": ({"kind": "html"}, DOWN, ALL),
    "nothing": (body(""), DOWN, ALL),
    "half an answer": (body(envelope([{"mark": MARK}])[:-9]), DOWN, ALL),
    "a count that is wrong": (body(envelope([], results=3)), UNUSABLE, ALL),
    "another JSON": (body(json.dumps({"mark": MARK})), UNUSABLE, ONE),
    "no answer": ({"kind": "lost_answer"}, DOWN, None),
    "silence": ({"kind": "delay", "milliseconds": 20_000}, SLOW, ALL),
}


def is_over(message):
    """A result, neither what waits for it nor the notice that follows one which took long."""
    return message["text"] and not message["text"].startswith(("⏳", "✅"))


def ask(user, text="/jogos"):
    """The result of a typed command."""
    before = len(user.chat()) if user.asked else 0
    user.asked = True
    user.writes(text)
    return wait_until(lambda: next(filter(is_over, user.chat()[before:]), None), f"an answer to {text}", 150)["plain"]


def new_user(program, number):
    user = program.user(number)
    user.asked = False
    return user


def football_requests(simulated):
    return [request for request in simulated.requests()
            if "api-sports" in request["host"] and not request["path"].startswith("/status")]


def suffer(bin_dir, folder, fault):
    """One phoenix and one world: a question while the fault lasts, and questions after it."""
    folder.mkdir()
    with World(bin_dir, folder / "simulator.log", 7, 10) as simulated:
        (folder / "phoenix").mkdir()
        program = Phoenix(bin_dir / "phoenix", folder / "phoenix", simulated)
        try:
            program.start(settings(simulated))
            owner, ana = new_user(program, OWNER), new_user(program, 1)
            owner.writes("/status")
            owner.message()
            simulated.forget()
            simulated.faults({"api": "football", "count": -1} | fault)
            seen = SimpleNamespace(sentence=ask(ana).removeprefix("⚠️ "), requests=football_requests(simulated),
                                   cached=program.metric("phoenix_cache_entries"), log="", again=None)
            simulated.faults()
            seen.quota_spent = bool(re.match(DAY, seen.sentence))
            seen.paused = bool(re.match(PAUSE, seen.sentence))
            if seen.quota_spent or seen.paused:  # it keeps to what it was told; a new start asks how things are
                seen.again = ask(ana)
                assert program.end() == 0
                if seen.paused:
                    return seen
                program.start(settings(simulated))
            deadline = time.monotonic() + 150  # a minute's limit passes, a breaker closes again
            seen.truth = ask(ana)
            while "Total:" not in seen.truth:
                assert time.monotonic() < deadline, seen.truth
                seen.truth = ask(ana)
            assert program.end() == 0
            seen.cache = (program.folder / "phoenix.cache").read_bytes()
            seen.log = program.text()
            seen.owner = [m["plain"] for m in owner.chat()]
            seen.games = len(games_of_the_day(simulated))
            return seen
        finally:
            program.end()
            print(program.text()[-1500:])


@pytest.fixture(scope="module")
def suffered(bin_dir, tmp_path_factory):
    """All at the same time: most of it is waiting."""
    folder = tmp_path_factory.mktemp("faults")
    with ThreadPoolExecutor(12) as pool:
        # The slowest first.
        order = sorted(FAULTS, key=lambda name: name not in ("silence", "the minute's quota"))
        running = {name: pool.submit(suffer, bin_dir, folder / re.sub(r"\W+", "_", name), FAULTS[name][0])
                   for name in order}
        yield running


@pytest.mark.parametrize("name", FAULTS)
def test_a_true_sentence_and_nothing_wrong_is_kept(suffered, name):
    seen = suffered[name].result()
    _, sentence, attempts = FAULTS[name]
    assert re.fullmatch(sentence if sentence in (DAY, PAUSE) else re.escape(sentence), seen.sentence), seen.sentence
    assert 1 <= len(seen.requests) <= 2 * ALL  # a connection that was kept open and proves dead is made anew at once
    if attempts:
        assert len(seen.requests) == attempts
    assert seen.cached == 0
    if seen.again is not None:
        assert seen.again.removeprefix("⚠️ ") == seen.sentence or seen.paused
    if seen.paused:
        return
    assert f"Total: {seen.games} jogos" in seen.truth
    assert b"/fixtures?date=" in seen.cache and MARK.encode() not in seen.cache


@pytest.mark.parametrize("name", ["503", "500", "429", "a count that is wrong"])
def test_retries_wait_longer_each_time(suffered, name):
    times = [datetime.fromisoformat(request["time"].replace("Z", "+00:00"))
             for request in suffered[name].result().requests]
    gaps = [(b - a).total_seconds() for a, b in zip(times, times[1:])]
    assert len(gaps) == 4, gaps
    for gap, wait in zip(gaps, (1, 2, 4, 8)):
        assert wait / 2 - 0.05 <= gap <= 10 * wait, gaps  # from half of it to all of it


def test_retry_after_is_kept(suffered):
    times = [datetime.fromisoformat(request["time"].replace("Z", "+00:00"))
             for request in suffered["429, a short wait"].result().requests]
    assert all((b - a).total_seconds() >= 2.95 for a, b in zip(times, times[1:])), times


def test_the_owner_is_told_of_a_key_that_is_refused(suffered):
    for name in ("the key", "the plan"):
        seen = suffered[name].result()
        told = [text for text in seen.owner if "recusou a chave ou o plano" in text]
        assert len(told) == 1 and "API_FOOTBALL_KEY" in told[0] and MARK in told[0]
        assert seen.log.count("CRITICAL: API-Football refuses the key or the plan") == 1
        assert "owners_told=1" in seen.log
    others = [name for name in FAULTS if FAULTS[name][1] != ACCESS and name != "429, a long wait"]
    for name in others:
        assert not any("recusou" in text for text in suffered[name].result().owner)
        assert "CRITICAL" not in suffered[name].result().log


def test_the_owner_is_told_once_an_hour_over_restarts(phoenix, world):
    phoenix.start(settings(world))
    owner, ana = new_user(phoenix, OWNER), new_user(phoenix, 1)
    owner.writes("/start")
    owner.message()
    refusal = {"api": "football", "count": -1} | FAULTS["the key"][0]
    for start in (1, 2):
        world.faults(refusal)
        for _ in range(3):
            assert ask(ana).removeprefix("⚠️ ") == ACCESS
        page = phoenix.get("/")[1]
        assert "API-Football refuses the key or the plan" in page
        assert phoenix.text().count("CRITICAL: API-Football refuses the key") == 1
        world.faults()
        assert phoenix.end() == 0
        if start == 1:
            phoenix.start(settings(world))
    assert sum("recusou a chave" in m["plain"] for m in owner.chat()) == 1


# ---- old answers


def fnv(data):
    total = 0xcbf29ce484222325
    for byte in data:
        total = (total ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return total


def age(file, by):
    """Makes what the cache's file holds older."""
    data = bytearray(file.read_bytes()[:-8])
    count, = struct.unpack_from("<Q", data, 20)
    at = 36
    for _ in range(count):
        key, length, told = struct.unpack_from("<IIq", data, at)
        struct.pack_into("<q", data, at + 8, told - int(by.total_seconds() * 1e6))
        at += 32 + key + length
    assert at == len(data)
    file.write_bytes(data + struct.pack("<Q", fnv(data)))


@pytest.mark.parametrize("fault", ["503", "429, a long wait", "HTML"])
def test_old_answers_are_served_and_marked(phoenix, world, fault):
    game = games_to_come(world, timedelta(minutes=10))[-1]
    question = f"/buscar {game['teams']['home']['name']} {game['teams']['away']['name']}"
    phoenix.start(settings(world))
    ana = new_user(phoenix, 1)
    fresh = ask(ana, question)
    assert "EVIDÊNCIAS" in fresh and "Sem dados novos" not in fresh
    assert phoenix.end() == 0
    age(phoenix.folder / "phoenix.cache", timedelta(hours=2))
    then = datetime.now(timezone.utc) - timedelta(hours=2)

    phoenix.start(settings(world))
    phoenix.wait_for(re.compile(r"the cache is loaded entries=[1-9]"))
    world.faults({"api": "football", "count": -1} | FAULTS[fault][0])
    old = ask(ana, question)
    marked = re.search(r"• Sem dados novos da fonte agora: os mostrados são das (\d\d):(\d\d) de [\d/]{10}\.", old)
    assert marked, old
    shown = (then - timedelta(hours=3)).replace(hour=int(marked.group(1)), minute=int(marked.group(2)))
    assert abs((shown - (then - timedelta(hours=3))).total_seconds()) <= 180
    body_of = lambda text: text.split("⚠️ AVISOS")[0].strip()  # noqa: E731
    assert body_of(old) == body_of(fresh), "the same dossier"

    world.faults()
    deadline = time.monotonic() + 150
    while fault != "429, a long wait" and "Sem dados novos" in ask(ana, question):
        assert time.monotonic() < deadline


def test_old_answers_do_not_hide_a_key_that_is_refused(phoenix, world):
    phoenix.start(settings(world))
    ana = new_user(phoenix, 1)
    assert "Total:" in ask(ana)
    assert phoenix.end() == 0
    age(phoenix.folder / "phoenix.cache", timedelta(hours=2))
    phoenix.start(settings(world))
    world.faults({"api": "football", "count": -1} | FAULTS["the key"][0])
    assert ask(ana).removeprefix("⚠️ ") == ACCESS


# ---- how often it is asked


def test_requests_are_few(phoenix, world):
    game = games_to_come(world, timedelta(minutes=10))[0]
    phoenix.start(settings(world))
    ana = new_user(phoenix, 1)
    question = f"/buscar {game['teams']['home']['name']} {game['teams']['away']['name']}"
    counts = {}
    for name, text in (("cold dossier", question), ("warm dossier", question), ("warm day", "/jogos")):
        world.forget()
        assert "EVIDÊNCIAS" in ask(ana, text) or text == "/jogos"
        calls = world.football_calls()
        counts[name] = len([call for call in calls if "date=" not in call]) + any("date=" in call for call in calls)
    print(counts)  # two lists of a day count as one: in the evening tomorrow's is asked for as well
    assert 1 < counts["cold dossier"] <= 5
    assert counts["warm dossier"] == counts["warm day"] == 0


def test_a_day_list_is_one_request(phoenix, world):
    phoenix.start(settings(world))
    ana = new_user(phoenix, 1)
    ask(ana)
    calls = world.football_calls()
    print(calls)
    assert 1 <= len(calls) <= 2 and len(set(calls)) == len(calls)  # late in the evening tomorrow as well
    assert all("date=" in call and "timezone=America%2FSao_Paulo" in call for call in calls)


def test_a_day_of_sixty_games_in_twenty_leagues(phoenix, world):
    """Worse than most days: three games a league, so that hardly anything is shared."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    games = []
    for league in range(1, 21):
        teams = [(100 * league + number, f"Time {league}-{number}") for number in range(1, 7)]
        place = (league, f"Liga {league}", "Brazil")
        for number in range(40):
            pair = [teams[(number + k * (1 + number % 5)) % 6] for k in (0, 1)]
            games.append(made_up_game(10_000 * league + number, now - timedelta(days=60) + timedelta(hours=30 * number),
                                      pair[0], pair[1], "FT", ((number * 7 + league) % 4, (number * 3) % 3), place))
        for number in range(3):
            games.append(made_up_game(10_000 * league + 9000 + number, now + timedelta(seconds=100),
                                      teams[2 * number], teams[2 * number + 1], league=place))
    phoenix.start(settings(world, timezone=noon(now)))
    world.faults({"api": "football", "count": -1} | body(envelope(games)))
    ana = new_user(phoenix, 1)
    ana.writes("/start")
    ana.waits_for(lambda m: "Escolha uma análise" in m["text"])
    world.forget()
    ana.taps("Análise Completa")
    shown = ana.waits_for(lambda m: "analisado" in m["text"], 150)
    calls = world.football_calls()
    print(len(calls), shown["plain"])
    assert "60 jogos analisados" in shown["plain"]
    assert len(calls) <= 200
    seasons = [call for call in calls if call.startswith("/fixtures?league=")]
    assert len(seasons) == len(set(seasons)) == 20, "one request a league"


def test_the_reserve_is_never_touched(bin_dir, tmp_path):
    """Of 20 calls a tenth is kept back: 18 are used, however much is asked."""
    with World(bin_dir, tmp_path / "simulator.log", 7, 10, "--football-quota", 20) as simulated:
        (tmp_path / "phoenix").mkdir()
        program = Phoenix(bin_dir / "phoenix", tmp_path / "phoenix", simulated)
        try:
            program.start(settings(simulated, daily_reserve=100))
            ana = new_user(program, 1)
            for game in games_of_the_day(simulated)[:12]:
                said = ask(ana, f"/buscar {game['teams']['home']['name']} {game['teams']['away']['name']}")
                assert "EVIDÊNCIAS" in said or re.fullmatch(DAY, said.removeprefix("⚠️ ")), said
            assert len(simulated.football_calls()) == 18, "the test's own are among them"
            assert program.metric("phoenix_football_calls_remaining") == 2
        finally:
            program.end()
            print(program.text()[-1500:])


def test_the_rate_of_the_minute_is_kept(phoenix, world):
    phoenix.start(settings(world, per_minute=6))
    ana = new_user(phoenix, 1)
    games = games_of_the_day(world)
    world.forget()
    for game in games[:3]:
        ask(ana, f"/buscar {game['teams']['home']['name']} {game['teams']['away']['name']}")
    times = sorted(datetime.fromisoformat(request["time"].replace("Z", "+00:00"))
                   for request in football_requests(world))
    assert len(times) > 6
    for first, seventh in zip(times, times[6:]):
        assert (seventh - first).total_seconds() >= 59
