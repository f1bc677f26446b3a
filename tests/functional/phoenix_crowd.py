"""Many users of phoenix at once: they act in bulk, and what became of it is read from the event log in bulk.

    crowd = Crowd(world)
    crowd.joins(range(1, 5001))                   # before phoenix starts: they have a message to tap on
    crowd.acts([tap(7, "analise_btts"), text(8, "Santos")])
    for event in crowd.answers(): …
"""

import concurrent.futures
import http.client
import json
import time
import urllib.parse
from bisect import bisect_left, bisect_right
from datetime import datetime

from phoenix import FULL, TOKEN, wait_until

GREETING = "Bom dia!"
WAITING = "⏳"
AT_ONCE = 20_000  # what the simulator takes in one call


def tap(user, data):
    return {"kind": "tap", "user": user, "data": data, "force": True}


def text(user, words):
    return {"kind": "message", "user": user, "text": words}


class Telegram:
    """The Bot API as another program with the bot's token uses it: one connection."""

    def __init__(self, world):
        address = urllib.parse.urlsplit(world.url)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=90)

    def __call__(self, method, **parameters):
        self.connection.request("POST", f"/api.telegram.org/bot{TOKEN}/{method}", json.dumps(parameters),
                                {"Content-Type": "application/json"})
        return json.loads(self.connection.getresponse().read())


class Crowd:
    def __init__(self, world):
        self.world = world

    def joins(self, users):
        """They have written once, and got an answer that they can tap on; nothing of it is pending."""
        users = list(users)
        self.acts([text(user, "Oi") for user in users])
        telegram = Telegram(self.world)
        telegram("getUpdates", offset=self.world.state()["next_update_id"], timeout=0)
        self.world.telegram("POST", "limits", {"enforce": False})

        def greet(some):
            bot = Telegram(self.world)
            for user in some:
                assert bot("sendMessage", chat_id=user, text=GREETING)["ok"]
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            list(threads.map(greet, [users[i::4] for i in range(4)]))
        self.world.telegram("POST", "limits", {"enforce": True})
        free_at = self.world.state()["limits_free_at_us"] / 1e6
        wait_until(lambda: time.time() > free_at, "the greetings no longer count against the limits")
        self.begin = self.world.state()["events"]

    def acts(self, actions):
        """The updates that came of it, in order."""
        results = []
        for start in range(0, len(actions), AT_ONCE):
            results += self.world.telegram("POST", "updates", actions[start:start + AT_ONCE])["results"]
        return results

    def is_taken(self):
        """Phoenix has confirmed all, and answered every tap."""
        state = self.world.state()
        return state["pending_updates"] == 0 and state["taps"]["unanswered"] == 0

    def events(self):
        return [event for event in self.world.events() if event["number"] > getattr(self, "begin", 0)]


def answers(events):
    """Callback query id → how it was answered, exactly once."""
    found = {}
    for event in events:
        if event["method"] == "answerCallbackQuery" and event["code"] == 200:
            assert event["callback_query_id"] not in found, f"answered twice: {event}"
            found[event["callback_query_id"]] = event
    return found


def sent(events, words=""):
    return [event for event in events
            if event["method"] == "sendMessage" and event["code"] == 200 and words in event["text"]]


def results(events):
    """Edits that replaced a placeholder for good: (chat, message) → their texts."""
    found = {}
    for event in events:
        if event["method"] == "editMessageText" and event["code"] == 200 and WAITING not in event["text"]:
            found.setdefault((event["chat"], event["message_id"]), []).append(event["text"])
    return found


def seconds(stamp):
    """Of a time in the ledger."""
    stamp = stamp.replace("Z", "+00:00").replace(" ", "T")
    return datetime.fromisoformat(stamp if len(stamp) != 22 else stamp + ":00").timestamp()


def passed_by_rejections(events, urgent, slack=3, abreast=1):
    """What is more urgent, had waited for `slack` seconds, and saw rejections go out before it: how many.

    urgent: (when it was written down, when it went out), in seconds since 1970. Requests are under way side by side:
    what arrives within `abreast` seconds of each other has no order."""
    out = sorted(event["time_us"] / 1e6 for event in sent(events, FULL))
    passed = [(one, bisect_left(out, one[1] - abreast) - bisect_right(out, one[0] + slack)) for one in urgent]
    return [one for one in passed if one[1] > 0]


def memory(process, name):
    """VmRSS, VmHWM: bytes."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith(name + ":"))
    return int(line.split()[1]) * 1024


def at(moment, what="its time"):
    """Returns then: the pace of those who act."""
    wait_until(lambda: time.monotonic() >= moment, what)


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
