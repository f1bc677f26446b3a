"""telegram.mode: webhook: the simulated Telegram delivers updates to a running phoenix, which takes each once."""

import collections
import http.client
import json
import signal
import socket
import threading

import pytest
from phoenix import PATIENCE, TOKEN, Phoenix, phoenix, wait_until, world  # noqa: F401
from postgres import PostgresServer, free_port

SECRET = "wh-s3cr3t_0123456789"
PATH = "/telegram/hook"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
def port():
    return free_port()


def webhook(port, listen=None):
    return {"telegram": {"mode": "webhook",
                         "webhook": {"url": f"http://127.0.0.1:{port}{PATH}", "secret": SECRET,
                                     "listen": f"127.0.0.1:{listen or port}"}}}


def deliver(port, body, secret=SECRET, method="POST", path=PATH):
    """As Telegram does, or somebody who would like to be taken for it: status and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {HEADER: secret} if secret is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def update(number, user, text="/start"):
    person = {"id": user, "is_bot": False, "first_name": f"U{user}"}
    return json.dumps({"update_id": number, "message": {"message_id": 1, "date": 1_760_000_000, "from": person,
                                                        "chat": {"id": user, "type": "private"}, "text": text}})


def all_delivered(world):
    wait_until(lambda: world.state()["pending_updates"] == 0, f"all updates are delivered: {world.state()}")
    return world.state()["delivery"]


def sent_to(world):
    """User → how many messages were sent, of whatever kind."""
    return collections.Counter(event["chat"] for event in world.events(method="sendMessage", code=200))


def test_conversation(phoenix, world, port):
    phoenix.start(webhook(port))
    ana = phoenix.user(1)
    ana.writes("/start")
    assert "Over Gols" in str(ana.message()["buttons"])
    ana.taps("Over Gols")
    wait_until(lambda: world.state()["taps"]["answered"] == 1, "the tap is answered")
    delivery = all_delivered(world)
    assert (delivery["delivered"], delivery["failed"], delivery["last_status"]) == (2, 0, 200)
    state = world.state()
    assert state["polls"] == 0 and state["conflicts"] == 0, "nobody asks for updates"
    assert state["allowed_updates"] == ["message", "callback_query"]
    assert phoenix.rows("SELECT count(*) FROM phoenix_inbox") == [(2,)]
    assert phoenix.metric('phoenix_webhook_requests_total{code="200"}') == 2
    assert phoenix.metric("phoenix_updates_total") == 2
    phoenix.signal(signal.SIGTERM)
    assert phoenix.wait() == 0
    everything = phoenix.text() + "".join(p.read_text() for p in (phoenix.folder / "logs").iterdir())
    assert SECRET not in everything and TOKEN.split(":")[1] not in everything


def test_a_wrong_secret_is_refused(phoenix, world, port):
    phoenix.start(webhook(port))
    for secret in (None, "", SECRET[:-1], SECRET + "x", "x" * len(SECRET)):
        assert deliver(port, update(5, 7), secret) == (401, b"")
    assert deliver(port, update(5, 7), SECRET, path="/")[0] == 404
    for method in ("GET", "PUT", "DELETE"):
        assert deliver(port, update(5, 7), SECRET, method)[0] == 405
    assert deliver(port, "no update", SECRET) == (400, b"")
    assert phoenix.rows("SELECT count(*) FROM phoenix_inbox") == [(0,)]
    assert phoenix.metric('phoenix_webhook_requests_total{code="401"}') == 5
    assert phoenix.metric('phoenix_webhook_requests_total{code="400"}') == 1
    assert deliver(port, update(5, 7), SECRET) == (200, b"")
    assert phoenix.rows("SELECT update_id, user_id FROM phoenix_inbox") == [(5, 7)]


def test_a_repeated_delivery_changes_nothing(phoenix, world, port):
    settings = webhook(port)
    phoenix.start(settings)
    ana = phoenix.user(1)
    ana.writes("/start")
    ana.message()
    all_delivered(world)
    for times in (1, 2):
        world.telegram("POST", "repeat", {})
        wait_until(lambda: world.state()["delivery"]["repeated"] == 1, "it comes again")  # of this webhook
        assert phoenix.metric("phoenix_updates_repeated_total") == 1
        if times == 1:  # and once more to a process that has never seen it
            wait_until(lambda: phoenix.rows("SELECT count(*) FROM phoenix_outbox WHERE state <> 'sent'") == [(0,)])
            phoenix.kill()
            phoenix.start(settings)
    ana.writes("/ajuda")
    wait_until(lambda: len(ana.chat()) == 2, "the answer to the next one")
    assert phoenix.rows("SELECT count(*) FROM phoenix_inbox") == [(2,)]
    assert sent_to(world) == {1: 2}


def test_updates_wait_at_telegram_while_we_are_away(phoenix, world, port):
    settings = webhook(port)
    phoenix.start(settings)
    phoenix.signal(signal.SIGTERM)
    assert phoenix.wait() == 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "the receiver is closed"
    users = [phoenix.user(number) for number in range(1, 6)]
    for user in users:
        user.writes("/start")
    wait_until(lambda: world.state()["delivery"]["failed"] > 0, "a delivery fails")
    assert world.state()["delivery"]["last_error"] == "Connection refused"
    found = phoenix.command("doctor")
    assert "5 updates wait for the webhook; the last delivery failed: Connection refused" in found.stdout
    phoenix.start(settings)
    for user in users:
        user.message()
    all_delivered(world)
    assert sent_to(world) == {user.number: 1 for user in users}


def test_killed_between(phoenix, world, port, rng):
    settings, rounds, burst = webhook(port), 6, 15
    for round_ in range(rounds):
        phoenix.start(settings)
        before = world.state()["delivery"]["delivered"]
        for number in range(burst):
            phoenix.user(1 + round_ * burst + number).writes("/start")
        wanted = before + rng.randrange(1, burst)
        wait_until(lambda: world.state()["delivery"]["delivered"] >= wanted or
                   world.state()["pending_updates"] == 0, "some are delivered")
        phoenix.kill()
    phoenix.start(settings)
    all_delivered(world)
    everybody = set(range(1, rounds * burst + 1))
    assert phoenix.rows("SELECT count(*), count(DISTINCT update_id) FROM phoenix_inbox") == [(len(everybody),) * 2]
    wait_until(lambda: phoenix.rows("SELECT count(*) FROM phoenix_outbox WHERE ended_at IS NULL") == [(0,)],
               "all answers are sent")
    attempts = {int(address): attempt for address, attempt in phoenix.rows("SELECT address, attempt FROM phoenix_outbox")}
    assert sorted(attempts) == sorted(everybody), "one answer for each"
    # A menu that was on its way at a kill may have arrived: it is rather sent twice than not at all (RT13).
    sent = sent_to(world)
    assert set(sent) == everybody
    assert all(times <= attempts[user] for user, times in sent.items())


def test_what_was_acknowledged_before_a_stop_is_kept(phoenix, port):
    phoenix.start(webhook(port))
    acknowledged, over = [], threading.Event()

    def send(first):
        for number in range(first, first + 100_000):
            try:
                if over.is_set() or deliver(port, update(number, number))[0] != 200:
                    return
            except (OSError, http.client.HTTPException):  # the receiver is closed
                return
            acknowledged.append(number)

    senders = [threading.Thread(target=send, args=(100_000 * number,)) for number in range(1, 9)]
    try:
        for sender in senders:
            sender.start()
        wait_until(lambda: len(acknowledged) >= 50, "some are taken")
        phoenix.signal(signal.SIGTERM)
        assert phoenix.wait() == 0
    finally:
        over.set()
        for sender in senders:
            sender.join()
    assert set(acknowledged) <= {number for number, in phoenix.rows("SELECT update_id FROM phoenix_inbox")}


def test_polling_takes_the_webhook_away(phoenix, world, port):
    phoenix.start(webhook(port))
    assert world.state()["webhook"].endswith(PATH)
    phoenix.end()
    phoenix.user(1).writes("/start")
    phoenix.start()
    phoenix.user(1).message()
    assert world.state()["webhook"] == "" and world.state()["polls"] > 0
    phoenix.end()
    phoenix.start(webhook(port))
    phoenix.user(2).writes("/start")
    phoenix.user(2).message()
    assert phoenix.rows("SELECT count(*) FROM phoenix_inbox") == [(2,)]


def test_the_database_stops_and_starts_again(bin_dir, tmp_path, world, port):
    with PostgresServer() as server:
        database = server.create_database()

        def made(name):
            (tmp_path / name).mkdir()
            return Phoenix(bin_dir / "phoenix", tmp_path / name, world, server.url(database))

        first, second, other_port = made("first"), made("second"), free_port()
        try:
            first.start(webhook(port))
            first.user(1).writes("/start")
            first.user(1).message()
            server.stop("immediate")
            for number in range(2, 7):
                first.user(number).writes("/start")
            wait_until(lambda: world.state()["delivery"]["failed"] >= 2, "two deliveries fail")
            state = world.state()
            assert state["pending_updates"] == 5 and state["delivery"]["last_status"] == 503
            server.start()
            for number in range(2, 7):
                first.user(number).message()
            all_delivered(world)
            # Whichever process it comes to: it is taken, and taken once.
            second.start(webhook(port, other_port))
            first.user(8).writes("/start")
            first.user(8).message()
            all_delivered(world)
            assert deliver(other_port, update(8, 9)) == (200, b"")
            assert deliver(port, update(8, 9)) == (200, b"")
            assert second.metric("phoenix_updates_total") == 1 and first.metric("phoenix_updates_repeated_total") == 1
            assert sent_to(world) == {number: 1 for number in (1, 2, 3, 4, 5, 6, 8)}
        finally:
            print(first.text()[-3000:])
            codes = [it.end() for it in (first, second) if it.starts]
        assert codes == [0, 0]


@pytest.mark.parametrize("fault, code, words", [
    ({"status": 400, "body": json.dumps({"ok": False, "error_code": 400,
                                         "description": "Bad Request: bad webhook: IP address is reserved"})},
     78, ["bad webhook: IP address is reserved", "telegram.webhook.url"]),
    ({"status": 503, "body": "{}"}, 69, ["setWebhook", "start again"]),
])
def test_a_webhook_that_telegram_does_not_take(phoenix, world, port, fault, code, words):
    world.faults({"api": "telegram", "method": "setWebhook", "kind": "body", "count": -1,
                  "content_type": "application/json"} | fault)
    phoenix.start(webhook(port), ready=False)
    assert phoenix.wait() == code
    for word in words + ["phoenix does not start"]:
        assert word in phoenix.text()
    assert SECRET not in phoenix.text()


def test_a_taken_port(phoenix, world, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        phoenix.start(webhook(port), ready=False)
        assert phoenix.wait() == 69
    assert "set telegram.webhook.listen to a free port" in phoenix.text()
    assert world.state()["webhook"] == "", "Telegram was not told of what nobody answers"
