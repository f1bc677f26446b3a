"""What the status page says when phoenix cannot do its work, and that it says so, whatever hangs (SS4)."""

import os
import signal
import time
from pathlib import Path

import pytest
from phoenix import Phoenix, phoenix, wait_until, world  # noqa: F401 (fixtures)
from postgres import PostgresServer

LOOK, SAVE, LEFT_OVER = 3, 5, 15  # seconds that are promised: of a look at the page, and of a stop without a drain
SHUTDOWN = {"drain": "0s", "flush": "0s", "save": f"{SAVE}s"}


def family(pid):
    """A process and those that it started."""
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return [pid, *children]


def signal_all(server, number):
    for pid in family(server.process.pid):
        os.kill(pid, number)


@pytest.fixture
def frozen(bin_dir, tmp_path, world):  # noqa: F811
    """A phoenix that is ready, and whose database has stopped to answer."""
    with PostgresServer() as server:
        (tmp_path / "phoenix").mkdir()
        program = Phoenix(bin_dir / "phoenix", tmp_path / "phoenix", world, server.url(server.create_database()))
        try:
            program.start({"shutdown": SHUTDOWN})
            program.user(1).writes("/start")
            program.user(1).message()
            signal_all(server, signal.SIGSTOP)
            yield program
        finally:
            signal_all(server, signal.SIGCONT)
            program.end()
            print(program.text()[-4000:])


def test_the_page_says_so_and_a_stop_ends_it(frozen):
    for path in ("/metrics", "/", "/metrics", "/healthz"):  # more than the page has threads
        began = time.monotonic()
        assert frozen.get(path)[0] == 200
        assert time.monotonic() - began < 10 * LOOK, path
    wait_until(lambda: "The database does not answer" in frozen.get("/")[1], "the page says so")
    began = time.monotonic()
    frozen.signal(signal.SIGTERM)
    assert frozen.wait(10 * (SAVE + LEFT_OVER)) == 0
    assert "phoenix has stopped" in frozen.text()
    print(f"stopped after {time.monotonic() - began:.1f} s")


@pytest.mark.parametrize("status, words", [(502, "asking for updates"), (401, "Telegram refuses TELEGRAM_BOT_TOKEN")])
def test_the_page_says_that_no_updates_come(phoenix, world, status, words):  # noqa: F811
    bot = phoenix.start({"telegram": {"poll_timeout": "1s"}})
    wait_until(lambda: "All is well" in bot.get("/")[1], "all is well")
    world.faults({"api": "telegram", "method": "getUpdates", "kind": "status", "status": status, "count": -1})
    wait_until(lambda: words in bot.get("/")[1], "the page says so")
    assert "Works, with warnings" in bot.get("/")[1]
    if status == 502:  # who refuses the token is asked again after a pause
        world.faults()
        wait_until(lambda: "All is well" in bot.get("/")[1], "all is well again")
