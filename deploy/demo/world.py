#!/usr/bin/python3
"""Keeps the simulated outside world moving: data change all the time, and now and then something breaks.

    deploy/demo/world.py http://127.0.0.1:PORT [--seed N] [--calm-after SECONDS]

Every fault is one that its collector gets over by itself. After --calm-after no more are made, and those that wait
are taken back; so it is at the end (SIGTERM). What it does goes to standard output, a line each.
"""

import argparse
import json
import random
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

TICK_SECONDS = 5   # each API changes about that often; with every change its world moves on by six hours
FAULT_SECONDS = 3  # between two faults, on average
GARBAGE = '{"status": "ok", "results": [{"id": 1, "na\x00\x01\x02'

# (weight, text, what POST /_sim/faults takes)
FAULTS = [
    (4, "answers with 503", lambda rng: {"kind": "status", "status": 503, "count": rng.randint(1, 3)}),
    (2, "is slow", lambda rng: {"kind": "delay", "milliseconds": rng.randint(1000, 4000), "count": rng.randint(1, 2)}),
    (2, "answers with 429", lambda rng: {"kind": "status", "status": 429, "count": 1,
                                         "headers": {"Retry-After": str(rng.randint(1, 3))}}),
    (1, "sends a web page", lambda rng: {"kind": "html", "count": 1}),
    (1, "sends garbage", lambda rng: {"kind": "body", "body": GARBAGE, "content_type": "application/json", "count": 1}),
]


class World:
    def __init__(self, url, rng):
        self.url, self.rng = url, rng
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy for loopback
        self.apis = [api["name"] for api in self.ask("GET", "health")["apis"]]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        with self.opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    def change_one(self):
        add, change = self.rng.choice([(0, 1), (0, 2), (1, 0), (1, 2)])
        self.ask("POST", f"tick?api={self.rng.choice(self.apis)}&add={add}&change={change}")

    def break_one(self):
        _, text, make = self.rng.choices(FAULTS, weights=[weight for weight, _, _ in FAULTS])[0]
        api = self.rng.choice(self.apis)
        self.ask("POST", "faults", {"api": api, **make(self.rng)})
        print(f"{api} {text}", flush=True)

    def mend_all(self):
        self.ask("DELETE", "faults")


def move(world, calm_after, stop):
    """Until `stop` is set. `calm_after`: seconds from now, or None."""
    began = time.monotonic()
    pause = TICK_SECONDS / len(world.apis)
    calm = False
    while not stop.wait(pause):
        world.change_one()
        if calm_after is not None and not calm and time.monotonic() - began >= calm_after:
            calm = True
            world.mend_all()
            print("no more faults", flush=True)
        if not calm and world.rng.random() < pause / FAULT_SECONDS:
            world.break_one()
    world.mend_all()


def main():
    parser = argparse.ArgumentParser(description="Keeps the simulated outside world moving.")
    parser.add_argument("url", help="of the simulator")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm-after", type=float, metavar="SECONDS", help="no faults from then on")
    arguments = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        move(World(arguments.url, random.Random(arguments.seed)), arguments.calm_after, stop)
    except (urllib.error.URLError, OSError, ValueError) as error:
        print(f"world: {arguments.url}: {error}; is the simulator still running?", file=sys.stderr)
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
