"""An update that no transaction can take: it is set aside, and everybody else is served."""

import json
import re
import sqlite3

from phoenix import phoenix, wait_until, world  # noqa: F401 (fixtures)
from postgres import free_port

POISONED, OWNER = 66, 900
SECRET = "the-webhooks-s3cret-word-1"
OWNERS = {"telegram": {"owners": [OWNER]}}
WORDS = "/start what-the-user-wrote"


def poison(phoenix):  # noqa: F811
    """From now on each message to that user breaks a constraint of the ledger."""
    with sqlite3.connect(phoenix.folder / "phoenix.db") as ledger:
        ledger.execute(f"CREATE UNIQUE INDEX poison ON phoenix_outbox (address) WHERE address = '{POISONED}'")
        ledger.execute("INSERT INTO phoenix_outbox (channel, address, action, body, priority, repeatable, state, created_at) "
                       f"VALUES ('telegram', '{POISONED}', 'send', '', 2, 1, 'dropped', '2020-01-01T00:00:00.000000Z')")


def dead_on_the_page(phoenix):  # noqa: F811
    return re.search(r'"updates\.dead": ?"(\d+)"', phoenix.get("/api/v1/status")[1]).group(1)


def is_seen(phoenix, number):  # noqa: F811
    """In the log, the ledger, the metrics, on the page and by the owner; and the log has nothing that a user wrote."""
    line, = (line for line in phoenix.text().splitlines() if "cannot be taken" in line)
    assert " ERROR: " in line and f"update_id={number}" in line
    assert "what-the-user-wrote" not in phoenix.text()
    (update, body, reason), = phoenix.rows("SELECT update_id, body, reason FROM phoenix_dead_updates")
    assert update == number and json.loads(body)["message"]["text"] == WORDS and "UNIQUE" in reason
    assert phoenix.metric("phoenix_updates_dead_total") == 1
    wait_until(lambda: dead_on_the_page(phoenix) == "1", "the page counts it")
    owner = phoenix.user(OWNER)
    owner.writes("/status")
    owner.waits_for(lambda message: "não puderam ser processadas: 1" in message["plain"])


def test_polling(phoenix):  # noqa: F811
    phoenix.start()
    assert phoenix.end() == 0
    poison(phoenix)
    before, after = [phoenix.user(n) for n in range(1, 6)], [phoenix.user(n) for n in range(11, 16)]
    for user in before:
        user.writes("/start")
    number = phoenix.user(POISONED).writes(WORDS)["update_id"]
    for user in after:
        user.writes("/start")
    phoenix.start(OWNERS)  # one answer holds all of them
    for user in before + after:
        assert "Olá" in user.message()["text"]
    is_seen(phoenix, number)
    assert phoenix.user(POISONED).chat() == []
    wait_until(lambda: phoenix.world.state()["pending_updates"] == 0, "it is confirmed, too")


def test_webhook(phoenix, world):  # noqa: F811
    phoenix.start()
    assert phoenix.end() == 0
    poison(phoenix)
    port = free_port()
    phoenix.start({"telegram": OWNERS["telegram"] | {"mode": "webhook", "webhook": {
        "url": f"http://127.0.0.1:{port}/hook", "secret": SECRET, "listen": f"127.0.0.1:{port}"}}})
    number = phoenix.user(POISONED).writes(WORDS)["update_id"]
    ana = phoenix.user(1)
    ana.writes("/start")
    assert "Olá" in ana.message()["text"]
    is_seen(phoenix, number)
    delivery = world.state()["delivery"]
    assert delivery["failed"] == 0 and delivery["last_status"] == 200
