"""What phoenix finds out before it takes the first update (R2, SS1, SS2), and its other commands."""

import json
import re
import signal
import socket
import threading
import time
from contextlib import contextmanager

import pytest
from phoenix import KEY, PATIENCE, TOKEN, Phoenix, phoenix, wait_until, world  # noqa: F401 (fixtures)
from postgres import PASSWORD, USER, free_port, postgres_server  # noqa: F401 (fixture)

OTHER_TOKEN = "987654321:another-bots-t0ken-000000000000000"
OTHER_KEY = "an0ther-f00tball-key"
WRONG, UNREACHABLE, TRY_AGAIN = 78, 69, 75
READY_PROMISE, STOP_PROMISE = 1, 2  # seconds; tests allow ten times as many


def refuses(phoenix, code, more=None, environment=None, seconds=PATIENCE):  # noqa: F811
    """It ends by itself with this code, and has said why: its FATAL lines, but for the last one that all have."""
    phoenix.start(more, environment, ready=False)
    assert phoenix.wait(seconds) == code, phoenix.text()
    *lines, last = [line for line in phoenix.text().splitlines() if "FATAL: " in line]
    assert f"FATAL: phoenix does not start exit_code={code}" in last
    assert "INFO: ready" not in phoenix.text()
    return lines


def keeps(phoenix, *secrets):  # noqa: F811
    """None of these in what it printed or wrote."""
    for path in phoenix.folder.rglob("*"):
        if path.is_file() and path.name != "phoenix.yaml":
            content = path.read_bytes()
            for secret in secrets:
                assert secret.encode() not in content, f"{secret} in {path}"


@contextmanager
def silence():
    """An address that takes connections, and what is sent, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = []

        def take():
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in taken:
            connection.close()


# ---- one thing is wrong

TOKENS = {"refused": (OTHER_TOKEN, "TELEGRAM_BOT_TOKEN"), "no token": ("not-a-t0ken-at-all", "TELEGRAM_BOT_TOKEN"),
          "missing": (None, "TELEGRAM_BOT_TOKEN"), "empty": ("", "TELEGRAM_BOT_TOKEN")}
KEYS = {"refused": OTHER_KEY, "missing": None, "empty": ""}


@pytest.mark.parametrize("case", TOKENS)
def test_a_wrong_token(phoenix, case):  # noqa: F811
    token, name = TOKENS[case]
    line, = refuses(phoenix, WRONG, environment={"TELEGRAM_BOT_TOKEN": token})
    assert name in line
    assert "API_FOOTBALL_KEY is right" in phoenix.text(), "the others are asked all the same"
    keeps(phoenix, KEY, *([token] if token else []))


@pytest.mark.parametrize("case", KEYS)
def test_a_wrong_key(phoenix, case):  # noqa: F811
    """Refused: the API says so with HTTP 200 (5.2, item 1)."""
    line, = refuses(phoenix, WRONG, environment={"API_FOOTBALL_KEY": KEYS[case]})
    assert "API_FOOTBALL_KEY" in line
    assert "TELEGRAM_BOT_TOKEN is that of @" in phoenix.text()
    keeps(phoenix, TOKEN, *([KEYS[case]] if KEYS[case] else []))


def test_a_key_that_is_refused_by_status(phoenix):  # noqa: F811
    phoenix.world.faults({"api": "football", "kind": "status", "status": 403, "count": -1})
    line, = refuses(phoenix, WRONG)
    assert "API_FOOTBALL_KEY" in line


def test_a_database_that_is_not_there(phoenix):  # noqa: F811
    phoenix.store = None
    address = f"postgresql://u:s3cret-w0rd@127.0.0.1:{free_port()}/d"
    line, = refuses(phoenix, UNREACHABLE, environment={"DATABASE_URL": address})
    assert "DATABASE_URL" in line
    keeps(phoenix, "s3cret-w0rd")


@pytest.mark.parametrize("url", ["postgresql://u:s3cret-w0rd@:x:/d", "mysql://u:s3cret-w0rd@h/d", "nonsense",
                                 "postgresql://u:s3cret-w0rd@127.0.0.1/d?no_such_option=1"])
def test_a_database_url_of_the_wrong_form(phoenix, url):  # noqa: F811
    phoenix.store = None
    line, = refuses(phoenix, WRONG, environment={"DATABASE_URL": url})
    assert "DATABASE_URL" in line or "store" in line
    assert "DATABASE_URL is not set" not in phoenix.text()
    assert not list(phoenix.folder.rglob("*.db")), "the embedded one stands in for nothing that is set and wrong"
    keeps(phoenix, "s3cret-w0rd")


def test_a_wrong_password_of_the_database(phoenix, postgres_server):  # noqa: F811
    phoenix.store = None
    url = postgres_server.url(postgres_server.create_database(), password="wr0ng-w0rd")
    line, = refuses(phoenix, WRONG, environment={"DATABASE_URL": url})
    assert "DATABASE_URL" in line
    keeps(phoenix, "wr0ng-w0rd", PASSWORD)


# ---- several things are

def test_all_at_once(phoenix, postgres_server):  # noqa: F811
    """One run shows every finding: three to mend, and what is unreachable changes nothing of the code."""
    phoenix.store = None
    url = postgres_server.url(postgres_server.create_database(), password="wr0ng-w0rd")
    lines = refuses(phoenix, WRONG, environment={
        "TELEGRAM_BOT_TOKEN": OTHER_TOKEN, "API_FOOTBALL_KEY": OTHER_KEY, "DATABASE_URL": url})
    assert len(lines) == 3
    for name in ("TELEGRAM_BOT_TOKEN", "API_FOOTBALL_KEY", "DATABASE_URL"):
        assert sum(name in line for line in lines) == 1, lines
    keeps(phoenix, OTHER_TOKEN, OTHER_KEY, "wr0ng-w0rd")


def test_all_of_the_wrong_form(phoenix):  # noqa: F811
    phoenix.store = None
    lines = refuses(phoenix, WRONG, {"queue": {"capacity": 0}},
                    {"TELEGRAM_BOT_TOKEN": None, "API_FOOTBALL_KEY": None, "DATABASE_URL": "nonsense"})
    for name in ("TELEGRAM_BOT_TOKEN", "API_FOOTBALL_KEY", "DATABASE_URL", "queue.capacity"):
        assert any(name in line for line in lines), lines


def test_wrong_outranks_unreachable(phoenix):  # noqa: F811
    phoenix.store = None
    lines = refuses(phoenix, WRONG, environment={
        "TELEGRAM_BOT_TOKEN": OTHER_TOKEN, "DATABASE_URL": f"postgresql://u:s3cret-w0rd@127.0.0.1:{free_port()}/d"})
    assert len(lines) == 2


# ---- nobody is there

def test_nobody_answers(phoenix):  # noqa: F811
    phoenix.store = None
    lines = refuses(phoenix, UNREACHABLE, {"telegram": {"base": f"http://127.0.0.1:{free_port()}"},
                                           "football": {"base": f"http://127.0.0.1:{free_port()}"}},
                    {"DATABASE_URL": f"postgresql://u:s3cret-w0rd@127.0.0.1:{free_port()}/d"}, 3 * PATIENCE)
    assert len(lines) == 3
    keeps(phoenix, TOKEN, KEY, "s3cret-w0rd")


def test_servers_that_say_nothing(phoenix):  # noqa: F811
    """They do not hold the start up for ever; and a stop is heard meanwhile."""
    phoenix.store = None
    with silence() as telegram, silence() as football, silence() as database:
        settings = {"telegram": {"base": f"http://{telegram}"}, "football": {"base": f"http://{football}"}}
        environment = {"DATABASE_URL": f"postgresql://u:s3cret-w0rd@{database}/d"}
        began = time.monotonic()
        lines = refuses(phoenix, UNREACHABLE, settings, environment, 4 * PATIENCE)
        print(f"gave up after {time.monotonic() - began:.1f} s")
        assert len(lines) == 3
        keeps(phoenix, TOKEN, KEY, "s3cret-w0rd")

        phoenix.start(settings, environment, ready=False)
        phoenix.wait_for("phoenix starts")
        phoenix.signal(signal.SIGTERM)
        began = time.monotonic()
        assert phoenix.wait() == 128 + signal.SIGTERM
        assert time.monotonic() - began < 10 * STOP_PROMISE


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 502}, {"kind": "html"}, {"kind": "lost_answer"}])
def test_telegram_is_down(phoenix, fault):  # noqa: F811
    phoenix.world.faults({"api": "telegram", "count": -1} | fault)
    line, = refuses(phoenix, UNREACHABLE, seconds=3 * PATIENCE)
    assert "Telegram" in line and "TELEGRAM_BOT_TOKEN is wrong" not in line
    keeps(phoenix, TOKEN, KEY)


# ---- all is right

def test_ready(phoenix):  # noqa: F811
    began = time.monotonic()
    phoenix.start()
    seconds = time.monotonic() - began
    print(f"ready after {seconds:.2f} s (promise: {READY_PROMISE} s)")
    assert seconds < 10 * READY_PROMISE
    assert phoenix.get("/readyz")[0] == phoenix.get("/healthz")[0] == 200
    wait_until(lambda: phoenix.world.state()["commands"], "setMyCommands")
    assert "DATABASE_URL is not set" not in phoenix.text()
    assert phoenix.end() == 0
    assert [line for line in phoenix.text().splitlines() if re.search("FATAL|CRITICAL|ERROR|WARNING", line)] == []


def test_without_a_database_url_the_embedded_one(phoenix):  # noqa: F811
    phoenix.store = None
    phoenix.start()
    assert "DATABASE_URL is not set: the embedded database is used" in phoenix.text()
    assert (phoenix.folder / "var/phoenix.db").exists()


def test_database_url_of_a_server(phoenix, postgres_server):  # noqa: F811
    phoenix.store = None
    database = postgres_server.create_database()
    phoenix.start(environment={"DATABASE_URL": postgres_server.url(database)})
    ana = phoenix.user(1)
    ana.writes("/start")
    assert "Olá" in ana.message()["text"]
    assert postgres_server.query("SELECT count(*) FROM phoenix.inbox", database) == [("1",)]
    assert not list(phoenix.folder.rglob("*.db"))


@pytest.mark.parametrize("method", ["getWebhookInfo", "setMyCommands"])
@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "status", "status": 404}, {"kind": "html"}])
def test_what_is_not_needed_only_warns(phoenix, method, fault):  # noqa: F811
    phoenix.world.faults({"api": "telegram", "method": method, "count": -1} | fault)
    phoenix.start()
    ana = phoenix.user(1)
    ana.writes("/start")
    assert "Olá" in ana.message()["text"]
    wanted = "getWebhookInfo" if method == "getWebhookInfo" else "list of commands"
    phoenix.wait_for(wanted)
    warnings = [line for line in phoenix.text().splitlines() if "WARNING" in line]
    assert len(warnings) == 1 and wanted in warnings[0]


def test_a_slow_telegram_does_not_delay_the_start(phoenix):  # noqa: F811
    """What is not needed is waited for by nobody, and is done once it can be."""
    world = phoenix.world
    for method in ("getWebhookInfo", "setMyCommands", "deleteWebhook"):
        world.faults({"api": "telegram", "method": method, "kind": "delay", "milliseconds": 60_000, "count": 1})
    began = time.monotonic()
    phoenix.start()
    seconds = time.monotonic() - began
    print(f"ready after {seconds:.2f} s (promise: {READY_PROMISE} s)")
    assert seconds < 10 * READY_PROMISE
    ana = phoenix.user(1)
    ana.writes("/start")
    assert "Olá" in ana.message()["text"]
    wait_until(lambda: world.state()["commands"], "setMyCommands, at last")


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500, "count": 4}, {"kind": "html", "count": 4}])
def test_commands_are_set_once_telegram_takes_them(phoenix, fault):  # noqa: F811
    phoenix.world.faults({"api": "telegram", "method": "setMyCommands"} | fault)
    phoenix.start()
    wait_until(lambda: phoenix.world.state()["commands"], "setMyCommands, at last")
    assert phoenix.text().count("the list of commands could not be set") == 1


def webhook(world, url):  # noqa: F811
    from conftest import http
    http("POST", f"{world.url}/api.telegram.org/bot{TOKEN}/setWebhook", {"url": url})


def test_a_webhook_is_removed(phoenix):  # noqa: F811
    webhook(phoenix.world, "https://old.example/hook")
    assert phoenix.world.state()["webhook"]
    ana = phoenix.user(1)
    ana.writes("/start")  # before: it must not be lost (5.2, item 11)
    phoenix.start()
    assert "Olá" in ana.message()["text"]
    assert not phoenix.world.state()["webhook"]
    assert phoenix.world.state()["conflicts"] == 0, "it was gone before the first question for updates"
    assert "a webhook is set, which is removed" in phoenix.text()


def test_a_webhook_that_nobody_tells_of_is_removed(phoenix):  # noqa: F811
    webhook(phoenix.world, "https://old.example/hook")
    phoenix.world.faults({"api": "telegram", "method": "getWebhookInfo", "kind": "status", "status": 500, "count": -1})
    ana = phoenix.user(1)
    ana.writes("/start")
    phoenix.start()
    assert "Olá" in ana.message()["text"]
    assert phoenix.world.state()["conflicts"] == 0


def test_a_webhook_that_cannot_be_removed_at_once(phoenix):  # noqa: F811
    webhook(phoenix.world, "https://old.example/hook")
    phoenix.world.faults({"api": "telegram", "method": "deleteWebhook", "kind": "status", "status": 404, "count": 2})
    ana = phoenix.user(1)
    ana.writes("/start")
    phoenix.start()
    phoenix.wait_for("the webhook could not be removed")
    assert "Olá" in ana.message()["text"], "once it could"
    assert not phoenix.world.state()["webhook"]


def test_a_webhook_that_telegram_does_not_speak_of_is_removed_too(phoenix):  # noqa: F811
    """Beside it nobody may ask for updates: phoenix would be deaf until its next start."""
    webhook(phoenix.world, "https://old.example/hook")
    phoenix.world.faults({"api": "telegram", "method": "getWebhookInfo", "count": -1, "kind": "status", "status": 500})
    phoenix.start()
    ana = phoenix.user(1)
    ana.writes("/start")
    assert "Olá" in ana.message()["text"]


# ---- two of them

def test_a_second_one_on_the_same_file(phoenix):  # noqa: F811
    """It is neither a setting that is wrong nor a service that is away: it may try again when the first one has ended."""
    phoenix.start()
    first, asked = phoenix.process, phoenix.console
    second = Phoenix(phoenix.program, phoenix.folder, phoenix.world)
    second.starts = 10
    line, = refuses(second, TRY_AGAIN)
    assert f"is in use by process {first.pid}" in line and "stop the other one" in line and "--wait" not in line
    assert first.poll() is None and "CRITICAL" not in asked.read_text()
    ana = phoenix.user(1)
    ana.writes("/start")
    assert "Olá" in ana.message()["text"]


def test_wrong_outranks_a_store_in_use(phoenix):  # noqa: F811
    phoenix.start()
    second = Phoenix(phoenix.program, phoenix.folder, phoenix.world)
    second.starts = 10
    assert len(refuses(second, WRONG, environment={"API_FOOTBALL_KEY": OTHER_KEY})) == 2


# ---- the other commands

def test_doctor_finds_the_same(phoenix, postgres_server):  # noqa: F811
    phoenix.settings()
    done = phoenix.command("doctor")
    assert done.returncode == 0 and done.stderr == ""
    assert "TELEGRAM_BOT_TOKEN is that of @" in done.stdout and "API_FOOTBALL_KEY is right" in done.stdout

    phoenix.store = None
    phoenix.settings()
    url = postgres_server.url(postgres_server.create_database(), password="wr0ng-w0rd")
    wrong = {"TELEGRAM_BOT_TOKEN": OTHER_TOKEN, "API_FOOTBALL_KEY": OTHER_KEY, "DATABASE_URL": url}
    done = phoenix.command("doctor", "--json", environment=wrong)
    assert done.returncode == WRONG
    found = {it["check"]: it for it in json.loads(done.stdout)}
    for check in ("Telegram", "API-Football", "store"):
        assert found[check]["state"] == "wrong", found[check]
    for secret in (OTHER_TOKEN, OTHER_KEY, "wr0ng-w0rd"):
        assert secret not in done.stdout + done.stderr

    dead = {"DATABASE_URL": f"postgresql://u:s3cret-w0rd@127.0.0.1:{free_port()}/d"}
    done = phoenix.command("doctor", "--json", environment=dead)
    assert done.returncode == UNREACHABLE
    assert {it["check"]: it["state"] for it in json.loads(done.stdout)}["store"] == "unreachable"


def test_doctor_changes_nothing(phoenix):  # noqa: F811
    webhook(phoenix.world, "https://old.example/hook")
    phoenix.settings()
    before = sorted(phoenix.folder.rglob("*"))
    assert phoenix.command("doctor").returncode == 0
    assert sorted(phoenix.folder.rglob("*")) == before
    assert phoenix.world.state()["webhook"] and not phoenix.world.state()["commands"]
    assert set(phoenix.world.state()["methods"]) <= {"getMe", "getWebhookInfo", "setWebhook"}
    assert phoenix.command("doctor", "--strict").returncode == 1, "the webhook is a warning"


def test_doctor_beside_one_that_runs(phoenix):  # noqa: F811
    phoenix.start()
    assert phoenix.command("doctor").returncode == 0
    assert phoenix.world.state()["conflicts"] == 0
    assert phoenix.get("/readyz")[0] == 200


def test_analyze(phoenix):  # noqa: F811
    phoenix.settings()
    date = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 3 * 3600))
    from urllib.request import ProxyHandler, Request, build_opener
    asked = Request(f"{phoenix.world.url}/v3.football.api-sports.io/fixtures?date={date}&timezone=America/Sao_Paulo",
                    headers={"x-apisports-key": KEY})
    games = json.load(build_opener(ProxyHandler({})).open(asked, timeout=30))["response"]
    first, second = (game["fixture"]["id"] for game in games[:2])
    texts = {}
    for game in (first, second):
        done = phoenix.command("analyze", "--fixture", game, environment={"TELEGRAM_BOT_TOKEN": None})
        assert done.returncode == 0 and done.stderr == ""
        texts[game] = done.stdout
    assert texts[first] != texts[second]
    names = games[0]["teams"]
    assert names["home"]["name"] in texts[first] and names["away"]["name"] in texts[first]
    document = json.loads(phoenix.command("analyze", "--json", "--fixture", first).stdout)
    assert document["fixture"] == first and isinstance(document["picks"], list)
    assert not list(phoenix.folder.rglob("*.db")), "it needs no store"

    assert phoenix.command("analyze", "--fixture", first, environment={"API_FOOTBALL_KEY": OTHER_KEY}).returncode == WRONG
    assert phoenix.command("analyze", "--fixture", "0").returncode == 64
    unknown = phoenix.command("analyze", "--fixture", "1")
    assert unknown.returncode in (1, UNREACHABLE) and unknown.stdout == "" and unknown.stderr


def test_reference(phoenix):  # noqa: F811
    done = phoenix.command("reference")
    assert done.returncode == 0
    for key in ("telegram.token", "football.key", "queue.capacity", "shutdown.drain", "limits.commands.calls"):
        assert f"`{key}`" in done.stdout or key in done.stdout
    schema = json.loads(phoenix.command("reference", "--schema").stdout)
    assert set(schema["properties"]) >= {"telegram", "football", "queue", "limits", "shutdown", "store"}
