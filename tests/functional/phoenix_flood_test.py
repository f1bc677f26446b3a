"""More than phoenix can do at once: its bound is exact, every tap is answered, nobody's result waits for a refusal,
memory stays where it was (QU1, QU2, QU4).
"""

import time

import pytest
from phoenix import FULL, USED, phoenix, wait_until, world  # noqa: F401 (fixtures)
from phoenix_crowd import (AT_ONCE, WAITING, Crowd, answers, at, memory, passed_by_rejections, percentile, results,
                           seconds, sent, tap, text)

CAPACITY = 1000  # the default
MEBIBYTE = 2**20
FLOOD_SECONDS = 10
SLICES = 40
BUTTONS = {"analise_over_gols": "goals", "analise_btts": "btts", "analise_resultado": "result"}
PATIENCE = 300


def commands(users):
    """Four of each user, round by round; in each round a quarter of the users types."""
    words = [*BUTTONS, None]
    for turn in range(4):
        for user in users:
            data = words[(user + turn) % 4]
            yield tap(user, data) if data else text(user, f"Time {user}")


def spread(crowd, actions, duration):
    """Evenly; each with its update, and when it was made."""
    begin, done = time.monotonic(), []
    size = -(-len(actions) // SLICES)
    for number, start in enumerate(range(0, len(actions), size)):
        at(begin + number * duration / SLICES)
        made, some = time.time(), actions[start:start + size]
        done += [(action, update, made) for action, update in zip(some, crowd.acts(some))]
    return done, time.monotonic() - begin


def used(phoenix):  # noqa: F811
    return phoenix.rows(USED)[0][0]


def jobs(phoenix):  # noqa: F811
    return phoenix.rows("SELECT user_id, kind, state FROM phoenix_jobs")


def written_and_sent(phoenix, events, priority):  # noqa: F811
    """Of each message of this urgency that is no answer: when it was written down, when it went out."""
    out = {}
    for event in events:
        if event["method"] in ("sendMessage", "editMessageText") and event["code"] == 200:
            out.setdefault((event["chat"], event["text"]), event["time_us"] / 1e6)
    rows = phoenix.rows("SELECT address, json_extract(body, '$.text'), created_at FROM phoenix_outbox "
                        "WHERE priority = ? AND state = 'sent'", priority)
    return [(seconds(created), out[int(chat), words]) for chat, words, created in rows]


def check_answers(done, events, accepted):
    """Every tap exactly once: in silence if its job was accepted, else with the sentence; returns the delays."""
    answered, delays, silent = answers(events), [], set()
    for action, update, made in done:
        if action["kind"] != "tap":
            continue
        answer = answered.pop(update["callback_query_id"])
        delays.append(answer["time_us"] / 1e6 - made)
        if "text" in answer:
            assert answer["text"] == FULL and answer["show_alert"], answer
        else:
            silent.add((action["user"], BUTTONS[action["data"]]))
    assert not answered, "somebody was answered who had not asked"
    assert silent == {(user, kind) for user, kind in accepted if kind != "search"}
    return delays


@pytest.fixture
def flooded(phoenix, world):  # noqa: F811
    """Users who have come, and a phoenix that may send as fast as it can."""
    crowd = Crowd(world)
    crowd.users = range(1, 5001)
    crowd.joins(crowd.users)
    world.telegram("POST", "limits", {"enforce": False})
    phoenix.start({"telegram": {"messages_per_second": 1000}, "shutdown": {"drain": "1s"}})
    world.hold("football")
    return crowd


def check_memory(peak, before):
    print(f"memory: {before / MEBIBYTE:.1f} MiB with {CAPACITY} accepted, at most {peak / MEBIBYTE:.1f} in the flood")
    assert peak <= before + 16 * MEBIBYTE


def test_a_flood(phoenix, world, flooded):  # noqa: F811
    actions = list(commands(flooded.users))
    done = [(action, update, time.time()) for action, update in
            zip(actions[:CAPACITY], flooded.acts(actions[:CAPACITY]))]
    wait_until(lambda: flooded.is_taken() and used(phoenix) == CAPACITY, "the first are accepted", PATIENCE)
    before = memory(phoenix.process, "VmRSS")

    more, took = spread(flooded, actions[CAPACITY:], FLOOD_SECONDS)
    done += more
    begin = time.monotonic()
    wait_until(lambda: world.state()["pending_updates"] == 0, "all updates are taken", PATIENCE)
    taken_after = time.monotonic() - begin
    wait_until(flooded.is_taken, "all taps are answered", PATIENCE)
    answered_after = time.monotonic() - begin
    peak = memory(phoenix.process, "VmHWM")

    accepted = jobs(phoenix)
    assert len(accepted) == used(phoenix) == CAPACITY
    assert {state for _, _, state in accepted} <= {"queued", "running"}
    wait_until(lambda: len(sent(flooded.events(), WAITING)) >= CAPACITY, "the placeholders", PATIENCE)
    events = flooded.events()
    assert sorted(event["chat"] for event in sent(events, WAITING)) == sorted(user for user, _, _ in accepted)
    delays = check_answers(done, events, {(user, kind) for user, kind, _ in accepted})
    told = [event["chat"] for event in sent(events, FULL)]
    assert len(told) == len(set(told)), "who types is told once"
    assert set(told) <= {action["user"] for action, _, _ in done if action["kind"] == "message"}
    late = passed_by_rejections(events, written_and_sent(phoenix, events, 2))
    assert not late, late[:3]
    print(f"{len(done)} updates in {took:.1f} s: all taken {taken_after:.2f} s after the last, all answered "
          f"{answered_after:.2f} s after it; first answer: p50 {percentile(delays, .5):.3f} s, "
          f"p99 {percentile(delays, .99):.3f} s, at most {max(delays):.3f} s; {len(told)} told in a message")
    check_memory(peak, before)

    world.release("football")
    begin = time.monotonic()
    wait_until(lambda: used(phoenix) == 0, "all jobs are done", PATIENCE)
    worked = time.monotonic() - begin
    wait_until(lambda: len(results(flooded.events())) >= CAPACITY, "all results", PATIENCE)
    print(f"{CAPACITY} jobs done {worked:.1f} s after the release, delivered after {time.monotonic() - begin:.1f} s")
    check_results(phoenix, flooded.events())


def check_results(phoenix, events):  # noqa: F811
    """Each accepted job has replaced its own placeholder, once, with what it was asked for."""
    assert {state for _, _, state in jobs(phoenix)} == {"done"}
    replaced = results(events)
    assert set(replaced) == {(event["chat"], event["message_id"]) for event in sent(events, WAITING)}
    for place, texts in replaced.items():
        assert len(texts) == 1 and not texts[0].startswith(("⚠️", "❌", "⌛")), (place, texts)


def test_all_at_once(phoenix, world, flooded):  # noqa: F811
    """20,000 updates wait when phoenix looks: how fast it takes them, and answers."""
    actions = list(commands(flooded.users))[:AT_ONCE]
    begin = time.monotonic()
    made = time.time()
    done = [(action, update, made) for action, update in zip(actions, flooded.acts(actions))]
    posted = time.monotonic()
    wait_until(lambda: world.state()["pending_updates"] == 0, "all updates are taken", PATIENCE)
    taken = time.monotonic()
    wait_until(flooded.is_taken, "all taps are answered", PATIENCE)
    answered = time.monotonic()
    taps = sum(action["kind"] == "tap" for action in actions)
    print(f"{len(actions)} updates, posted in {posted - begin:.2f} s: {len(actions) / (taken - begin):.0f}/s taken, "
          f"{taps / (answered - begin):.0f} answers/s")
    accepted = {(user, kind) for user, kind, _ in jobs(phoenix)}
    assert len(accepted) == used(phoenix) == CAPACITY
    check_answers(done, flooded.events(), accepted)
    assert phoenix.rows("SELECT count(*) FROM phoenix_inbox")[0][0] == len(actions)


def test_within_telegrams_limits(phoenix, world):  # noqa: F811
    """30 messages a second are too few for everybody: placeholders and results go first, refusals wait."""
    users, capacity = range(1, 261), 40
    crowd = Crowd(world)
    crowd.joins(users)
    phoenix.start({"queue": {"capacity": capacity}, "shutdown": {"drain": "1s"}})
    world.hold("football")
    before = world.state()["violations"]
    crowd.acts([text(user, "Time") for user in users])
    wait_until(lambda: used(phoenix) == capacity and world.state()["pending_updates"] == 0, "they are taken")
    wait_until(lambda: len(sent(crowd.events(), WAITING)) == capacity, "the placeholders")
    wait_until(lambda: sent(crowd.events(), FULL), "the first is refused")
    world.release("football")
    wait_until(lambda: len(results(crowd.events())) == capacity, "the results")
    waiting = phoenix.rows("SELECT count(*) FROM phoenix_outbox WHERE priority = 3 AND state = 'pending'")[0][0]
    wait_until(lambda: len(sent(crowd.events(), FULL)) == len(users) - capacity, "the refusals")
    events = crowd.events()
    print(f"{waiting} refusals waited when the last result was delivered")
    for urgency, number in ((1, capacity), (2, capacity)):
        times = written_and_sent(phoenix, events, urgency)
        assert len(times) >= number
        late = passed_by_rejections(events, times)
        assert not late, late[:3]
    state = world.state()
    assert state["violations"] == before, "the greetings' own are counted, too"
    assert "429" not in state["codes"]
