"""What one user may ask for, and what others notice of it; Telegram's own limits and moods (QU1, QU3, QU6, TG1–TG3,
RT13).
"""

import json
import re
import threading
import time
from collections import Counter

import pytest
from conftest import http
from phoenix import phoenix, wait_until, world  # noqa: F401 (fixtures)
from phoenix_crowd import (WAITING, Crowd, Telegram, answers, at, results, seconds, sent, tap, text)

ANALYSES = ["analise_over_gols", "analise_btts", "analise_resultado", "analise_dupla_chance", "aposta_simples",
            "analise_completa"]
LIMITED, BUSY = "Limite de 5 pedidos", "Você já tem 5 pedidos em andamento. Espere um deles terminar."
ALREADY = "Já estou trabalhando nisso: Over Gols. O resultado aparece nesta conversa."
TOO_LATE = "esperou tempo demais"
QUICK_STOP = {"shutdown": {"drain": "1s"}}
GENEROUS = {"limits": {"commands": {"calls": 1000}}} | QUICK_STOP


@pytest.fixture
def crowd(world):  # noqa: F811
    crowd = Crowd(world)
    crowd.joins(range(1, 13))
    return crowd


def texts_of(crowd, updates):
    """How these taps were answered: the alert's text, "" for none."""
    ids = [update["callback_query_id"] for update in updates]
    wait_until(lambda: set(ids) <= set(answers(crowd.events())), "the taps are answered")
    found = answers(crowd.events())
    for one in ids:
        assert found[one]["show_alert"] == ("text" in found[one])
    return [found[one].get("text", "") for one in ids]


def counted(phoenix, state=None):  # noqa: F811
    where = f" WHERE state = '{state}'" if state else ""
    return phoenix.rows("SELECT count(*) FROM phoenix_jobs" + where)[0][0]


def unsent(phoenix):  # noqa: F811
    return phoenix.rows("SELECT count(*) FROM phoenix_outbox WHERE state IN ('pending', 'sending')")[0][0]


# ---- the user's own limits

def test_twelve_menu_taps_are_not_limited(phoenix, crowd):  # noqa: F811
    phoenix.start(QUICK_STOP)
    views = ["ajuda", "voltar_menu", "configuracoes", "config_confianca"] * 3
    assert texts_of(crowd, crowd.acts([tap(1, data) for data in views])) == [""] * 12
    assert phoenix.metric('phoenix_requests_total{fate="shown"}') == 12
    assert phoenix.metric('phoenix_requests_total{fate="limited"}') == 0
    wait_until(lambda: "Confiança mínima" in phoenix.user(1).message()["plain"], "the last view")


def test_the_sixth_analysis_is_limited_and_said_once(phoenix, crowd, world):  # noqa: F811
    phoenix.start({"queue": {"per_user": 100}} | QUICK_STOP)
    world.hold("football")
    updates = crowd.acts([tap(1, data) for data in ANALYSES] + [tap(1, ANALYSES[0]), tap(1, "ajuda")])
    told = texts_of(crowd, updates)
    assert told[:5] == [""] * 5 and told[5].startswith(LIMITED) and told[6:] == ["", ""]
    assert counted(phoenix) == 5
    crowd.acts([text(1, "Santos"), text(2, "Santos")])
    wait_until(lambda: counted(phoenix) == 6, "the other user's")
    wait_until(lambda: [event for event in sent(crowd.events(), WAITING) if event["chat"] == 2], "placeholder")
    assert not sent(crowd.events(), "Limite"), "who was told by an alert is not told again"
    assert phoenix.rows("SELECT DISTINCT user_id FROM phoenix_jobs WHERE kind = 'search'") == [(2,)]


def test_who_types_is_told_in_a_message(phoenix, crowd, world):  # noqa: F811
    phoenix.start({"queue": {"per_user": 100}} | QUICK_STOP)
    world.hold("football")
    crowd.acts([text(1, f"Time {number}") for number in range(9)])
    wait_until(lambda: sent(crowd.events(), LIMITED), "it is said")
    wait_until(lambda: len(sent(crowd.events(), WAITING)) == 5, "the placeholders")
    assert len(sent(crowd.events(), LIMITED)) == 1 and counted(phoenix) == 5


def test_no_window_holds_more_than_five(phoenix, crowd):  # noqa: F811
    """A user who taps all the time: five, and never two fives around the edge of a window."""
    per = 4
    phoenix.start({"queue": {"per_user": 1000}, "limits": {"commands": {"per": f"{per}s"}}} | QUICK_STOP)
    tapped, begin = [], time.monotonic()
    while counted(phoenix) < 14:
        tapped += crowd.acts([tap(1, f"analisar_jogo_{len(tapped)}")])
        at(begin + len(tapped) * per / 25)
        assert time.monotonic() < begin + 10 * 2 * per + 60, "five in each window are allowed"
    came = dict(phoenix.rows("SELECT update_id, received_at FROM phoenix_inbox"))
    taken = [json.loads(payload)["fixture"] for payload, in phoenix.rows("SELECT payload FROM phoenix_jobs ORDER BY id")]
    times = [came[tapped[number]["update_id"]] for number in taken]
    for first, sixth in zip(times, times[5:]):
        assert sixth - first >= per * 1000
    assert len(tapped) > len(taken), "some were limited"


def test_limits_survive_a_restart(phoenix, crowd, world):  # noqa: F811
    settings = {"limits": {"commands": {"per": "1h"}, "navigation": {"calls": 2, "per": "1h"}}} | QUICK_STOP
    phoenix.start(settings)
    world.hold("football")
    assert texts_of(crowd, crowd.acts([tap(1, data) for data in ANALYSES[:5]] + [tap(1, "ajuda")] * 2)) == [""] * 7
    assert phoenix.end() == 0
    world.release("football")
    phoenix.start(settings)
    told = texts_of(crowd, crowd.acts([tap(1, ANALYSES[5]), tap(1, "ajuda"), tap(2, "ajuda")]))
    assert told[0].startswith(LIMITED) and told[1].startswith("Muitos toques") and told[2] == ""
    phoenix.kill()
    phoenix.start(settings)
    assert texts_of(crowd, crowd.acts([tap(1, ANALYSES[5]), tap(1, "ajuda")])) == ["", ""], "told already"
    assert counted(phoenix) == 5


def test_five_jobs_at_once(phoenix, crowd, world):  # noqa: F811
    phoenix.start(GENEROUS)
    world.hold("football")
    told = texts_of(crowd, crowd.acts([tap(1, data) for data in ANALYSES]))
    assert told == [""] * 5 + [BUSY] and counted(phoenix) == 5
    world.release("football")
    wait_until(lambda: counted(phoenix, "done") == 5, "they are done")
    assert texts_of(crowd, crowd.acts([tap(1, ANALYSES[5])])) == [""]


def test_the_same_again_is_one_job(phoenix, crowd, world):  # noqa: F811
    phoenix.start(GENEROUS)
    world.hold("football")
    updates = crowd.acts([tap(1, ANALYSES[0])] * 2 + [tap(2, ANALYSES[0]), tap(1, ANALYSES[1])])
    assert texts_of(crowd, updates) == ["", ALREADY, "", ""] and counted(phoenix) == 3
    world.release("football")
    wait_until(lambda: counted(phoenix, "done") == 3, "they are done")
    assert texts_of(crowd, crowd.acts([tap(1, ANALYSES[0])])) == [""], "afterwards it may be asked for again"


def test_the_same_for_two_users_is_fetched_once(phoenix, crowd, world):  # noqa: F811
    phoenix.start(QUICK_STOP)
    world.hold("football")
    world.forget()
    crowd.acts([tap(1, ANALYSES[0]), tap(2, ANALYSES[0])])
    wait_until(lambda: counted(phoenix, "running") == 2, "both run")
    world.release("football")
    wait_until(lambda: len(results(crowd.events())) == 2, "both results")
    first, second = results(crowd.events()).values()
    assert first[0].split("\n")[0] == second[0].split("\n")[0]
    calls = Counter(world.football_calls())
    assert calls and set(calls.values()) == {1}, calls


# ---- one user and the others

def test_two_hundred_jobs_of_one_user_delay_nobody(phoenix, crowd, world):  # noqa: F811
    workers, many = 2, 200
    phoenix.start({"queue": {"per_user": 1000, "deduplicate": False, "workers": workers}} | GENEROUS)
    world.faults({"api": "football", "kind": "delay", "milliseconds": 100, "count": -1})
    crowd.acts([tap(1, f"analisar_jogo_{900_000 + number}") for number in range(many)])
    ended = "SELECT finished_at FROM phoenix_jobs WHERE user_id = 1 AND finished_at IS NOT NULL"
    wait_until(lambda: counted(phoenix) == many and phoenix.rows(ended), "some have ended")
    assert texts_of(crowd, crowd.acts([tap(2, "analisar_jogo_1")])) == [""]
    wait_until(lambda: [1 for chat, _ in results(crowd.events()) if chat == 2], "the other's result")
    others = phoenix.rows("SELECT created_at, finished_at FROM phoenix_jobs WHERE user_id = 2")
    (created, finished), = [(seconds(created), seconds(finished)) for created, finished in others]
    between = sum(created < seconds(end) < finished for end, in phoenix.rows(ended))
    print(f"{between} jobs of the first user ended while the other's waited and ran")
    assert between <= 3 * workers
    assert len([1 for chat, _ in results(crowd.events()) if chat == 1]) < many / 2


def test_a_job_that_waited_too_long_is_answered_and_not_run(phoenix, crowd, world):  # noqa: F811
    phoenix.start({"queue": {"workers": 1, "deadline": "1s"}} | QUICK_STOP)
    world.hold("football")
    crowd.acts([tap(1, ANALYSES[0])])
    wait_until(lambda: counted(phoenix, "running") == 1, "it runs")
    crowd.acts([tap(2, "analisar_jogo_77")])
    wait_until(lambda: counted(phoenix) == 2, "it waits")
    at(time.monotonic() + 1.5, "the deadline has passed")
    world.forget()
    world.release("football")
    wait_until(lambda: len(results(crowd.events())) == 2, "both are answered")
    told = {chat: words for (chat, _), words in results(crowd.events()).items()}
    assert len(told[2]) == 1 and TOO_LATE in told[2][0] and TOO_LATE not in told[1][0]
    assert not [call for call in world.football_calls() if re.search(r"=77(&|$)", call)]
    assert phoenix.rows("SELECT state, error FROM phoenix_jobs WHERE user_id = 2") == [("failed", "it waited too long")]


def test_nobody_waits_for_one_who_has_blocked_the_bot(phoenix, crowd, world):  # noqa: F811
    crowd.acts([tap(user, ANALYSES[0]) for user in (1, 2, 3)])
    world.telegram("POST", "block", {"user": 1})
    phoenix.start(QUICK_STOP)
    wait_until(lambda: {chat for chat, _ in results(crowd.events())} == {2, 3}, "the others' results")
    wait_until(lambda: unsent(phoenix) == 0, "nothing waits")
    dropped = phoenix.rows("SELECT address, action, reason FROM phoenix_outbox WHERE state = 'dropped'")
    assert ("1", "send", "blocked") in dropped and {address for address, _, _ in dropped} == {"1"}
    written = [event for event in crowd.events() if event["method"] != "answerCallbackQuery"]
    refused = [event["code"] for event in written if event.get("chat") == 1]
    assert refused == [403], "he is not written to again and again"
    assert counted(phoenix, "done") == 3


# ---- what Telegram does

def too_many_requests(wait, count, method="sendMessage"):
    body = json.dumps({"ok": False, "error_code": 429, "description": f"Too Many Requests: retry after {wait}",
                       "parameters": {"retry_after": wait}})
    return {"api": "telegram", "method": method, "kind": "status", "status": 429, "count": count, "body": body}


def shown(crowd, user):
    """When this user got something, since 1970."""
    return [event["time_us"] / 1e6 for event in sent(crowd.events()) if event["chat"] == user]


@pytest.mark.parametrize("chats", [1, 2])
def test_too_many_requests(phoenix, crowd, world, chats):  # noqa: F811
    """Of one chat: it waits, the others go on. Of a second chat meanwhile: then all wait."""
    wait = 4
    phoenix.start(QUICK_STOP)
    world.faults(too_many_requests(wait, chats))
    refused_after = time.time()
    for user in range(1, chats + 1):
        crowd.acts([text(user, "/ajuda")])
        wait_until(lambda: phoenix.rows("SELECT count(*) FROM phoenix_outbox WHERE reason = 'flood'")[0][0] == user,
                   f"user {user} is put off")
    crowd.acts([text(9, "/ajuda")])
    wait_until(lambda: shown(crowd, 9), "the other is served")
    wait_until(lambda: all(shown(crowd, user) for user in range(1, chats + 1)), "those that waited are served")
    for user in range(1, chats + 1):
        assert len(shown(crowd, user)) == 1 and shown(crowd, user)[0] >= refused_after + wait
    if chats == 1:
        assert shown(crowd, 9)[0] < shown(crowd, 1)[0], "one chat's wait is not the others'"
    else:
        assert shown(crowd, 9)[0] >= refused_after + wait, "the whole bot waits"


def test_a_token_that_is_refused_is_said_once(phoenix, crowd, world):  # noqa: F811
    phoenix.start(QUICK_STOP)
    body = json.dumps({"ok": False, "error_code": 401, "description": "Unauthorized"})
    world.faults({"api": "telegram", "method": "sendMessage", "kind": "status", "status": 401, "count": 3, "body": body})
    crowd.acts([text(user, "/ajuda") for user in (1, 2, 3)])
    put_off = "SELECT count(*) FROM phoenix_outbox WHERE state = 'pending' AND reason = 'refused'"
    wait_until(lambda: phoenix.rows(put_off)[0][0] == 3, "all are put off")
    assert len(re.findall("CRITICAL: .*Unauthorized", phoenix.text())) == 1
    assert "Telegram refuses messages" in phoenix.get("/")[1]
    crowd.acts([text(4, "/ajuda")])
    wait_until(lambda: shown(crowd, 4), "the next one is served")
    wait_until(lambda: "Telegram refuses messages" not in phoenix.get("/")[1], "the page takes it back")


def test_another_poller(phoenix, crowd, world):  # noqa: F811
    """It takes updates away and makes 409s: nothing is lost, nothing comes twice, and nobody storms."""
    phoenix.start(QUICK_STOP)
    polls = world.state()["polls"]
    rival, begin, rounds, stop = Telegram(world), time.monotonic(), [], threading.Event()

    def poll():
        while not stop.is_set():
            rival("getUpdates", timeout=2)
            rounds.append(1)
    thread = threading.Thread(target=poll)
    thread.start()
    try:
        for user in range(1, 13):
            crowd.acts([text(user, "/ajuda")])
            at(begin + user / 2)
        wait_until(lambda: world.state()["conflicts"] >= 3, "they have met")
    finally:
        stop.set()
        thread.join()
    wait_until(lambda: len(sent(crowd.events())) == 12, "all are served")
    took = time.monotonic() - begin
    assert Counter(event["chat"] for event in sent(crowd.events())) == Counter(range(1, 13))
    made = world.state()["polls"] - polls - len(rounds)
    print(f"{made} polls of phoenix and {len(rounds)} of the other in {took:.1f} s, {world.state()['conflicts']} conflicts")
    assert made <= 10 + 2 * took + 12, "no storm"
    assert "somebody else" in phoenix.text()


def test_a_placeholder_whose_answer_is_lost(phoenix, crowd, world):  # noqa: F811
    phoenix.start(QUICK_STOP)
    world.faults({"api": "telegram", "method": "sendMessage", "kind": "lost_answer"})
    crowd.acts([tap(1, ANALYSES[0])])
    wait_until(lambda: results(crowd.events()), "the result")
    wait_until(lambda: unsent(phoenix) == 0, "nothing is left")
    assert len(results(crowd.events())) == 1, "one result message"
    assert len(sent(crowd.events(), WAITING)) <= 2


def test_a_result_whose_answer_is_lost(phoenix, crowd, world):  # noqa: F811
    phoenix.start(QUICK_STOP)
    world.hold("football")
    crowd.acts([tap(1, ANALYSES[0])])
    wait_until(lambda: sent(crowd.events(), WAITING), "the placeholder")
    world.faults({"api": "telegram", "method": "editMessageText", "kind": "lost_answer"})
    world.release("football")
    wait_until(lambda: phoenix.rows("SELECT count(*) FROM phoenix_outbox WHERE priority = 1 AND state = 'sent'") == [(1,)],
               "it is known to have gone out")
    again = [event for event in crowd.events() if event["method"] == "editMessageText" and event["code"] != 200]
    assert [event["code"] for event in again] == [400] and "not modified" in again[0]["description"]
    assert [len(texts) for texts in results(crowd.events()).values()] == [1]
    assert len([m for m in phoenix.user(1).chat() if "Over Gols" in m["plain"] and WAITING not in m["plain"]]) == 1


def test_updates_whose_answer_is_lost(phoenix, crowd, world):  # noqa: F811
    """They come again, and are taken once."""
    phoenix.start({"telegram": {"poll_timeout": "1s"}} | QUICK_STOP)
    world.faults({"api": "telegram", "method": "getUpdates", "kind": "lost_answer", "count": 3})
    for user in range(1, 13):
        crowd.acts([text(user, "/ajuda")])
    wait_until(lambda: len(sent(crowd.events())) == 12, "all are served")
    wait_until(lambda: not http("GET", f"{world.url}/_sim/faults"), "the faults are used up")
    crowd.acts([text(1, "/start")])
    wait_until(lambda: sent(crowd.events(), "Olá"), "the last")
    assert Counter(event["chat"] for event in sent(crowd.events())) == Counter([*range(1, 13), 1])
    assert phoenix.rows("SELECT count(*) FROM phoenix_inbox") == [(13,)]
