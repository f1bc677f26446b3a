#!/usr/bin/python3
"""A user of the bot, in the simulated Telegram: opens the menu, taps a button, and waits for the result.

    deploy/demo/phoenix.py http://127.0.0.1:PORT [--patience SECONDS]

Prints the conversation as Telegram's side has received it: the simulator's log, not what phoenix says of itself. Exit
code 1 if no result comes in time.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request

USER, NAME = 1, "user"
BUTTON = "Over Gols"
LINES = 14  # of one message; the rest is counted


class Telegram:
    """The simulator's own endpoints for it."""

    def __init__(self, url, patience):
        self.url, self.end = f"{url}/_sim/telegram", time.monotonic() + patience
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy for loopback

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        with self.opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    def received(self):
        """What the bot has sent or edited and Telegram has taken, the oldest first."""
        events = self.ask("GET", "events?since=0&limit=10000")["events"]
        return [event for event in events if event["method"] in ("sendMessage", "editMessageText") and event["code"] == 200]

    def message(self, message_id):
        """As it stands in the chat now."""
        chat = self.ask("GET", f"chat?user={USER}")["messages"]
        return next(message for message in chat if message["message_id"] == message_id)

    def wait_for(self, condition, what):
        while not (found := next((event for event in self.received() if condition(event)), None)):
            if time.monotonic() > self.end:
                raise TimeoutError(f"{what} did not come")
            time.sleep(0.05)
        return found


def show(who, message):
    """With its buttons, a row a line."""
    lines = message["plain"].strip().splitlines()
    shown = lines[:LINES] + ([f"… and {len(lines) - LINES} more"] if len(lines) > LINES else [])
    shown += [" ".join(f"[{button['text']}]" for button in row) for row in message["buttons"]]
    for number, line in enumerate(shown):
        print(f"  {who if number == 0 else '':>8} │ {line}".rstrip())


def say(text):
    print(f"  {NAME:>8} │ {text}", flush=True)


def converse(telegram):
    say("/start")
    telegram.ask("POST", "message", {"user": USER, "name": NAME, "text": "/start"})
    menu = telegram.message(telegram.wait_for(lambda event: True, "the menu")["message_id"])
    show("phoenix", menu)
    button = next(button for row in menu["buttons"] for button in row if BUTTON in button["text"])
    say(f"[{button['text']}]")
    telegram.ask("POST", "tap", {"user": USER, "data": button["data"], "message_id": menu["message_id"]})
    waiting = telegram.wait_for(lambda event: event["message_id"] != menu["message_id"], "the answer to the tap")
    began = time.monotonic()
    result = telegram.wait_for(lambda event: event["method"] == "editMessageText"
                               and event["message_id"] == waiting["message_id"] and "⏳" not in event["text"], "the result")
    print(f"  {'phoenix':>8} │ ⏳ a message that waits, and {time.monotonic() - began:.1f} s later in its place:")
    show("", telegram.message(result["message_id"]))


def main():
    parser = argparse.ArgumentParser(description="A user of the bot, in the simulated Telegram.")
    parser.add_argument("url", help="of the simulator")
    parser.add_argument("--patience", type=float, default=60, metavar="SECONDS", help="for the whole of it")
    arguments = parser.parse_args()
    try:
        converse(Telegram(arguments.url, arguments.patience))
    except (TimeoutError, urllib.error.URLError, OSError, ValueError, LookupError, StopIteration) as error:
        print(f"the conversation ended early: {error or type(error).__name__}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
