"""What phoenix was told in confidence appears in nothing that it writes, serves or sends, whatever goes wrong (TG6, DU3)."""

import json
import urllib.parse
import urllib.request

import pytest
from conftest import FaultProxy
from phoenix import KEY, TOKEN, phoenix, wait_until, world  # noqa: F401 (fixtures)
from postgres import postgres_server  # noqa: F401 (fixture)
from secrets_test import forms

PAGE_TOKEN, HOOK, PASSWORD = "page+t0ken/with=signs", "webh00k_s3cret-000", "pg+passw0rd/s3cret"
ASK = ("analise_over_gols", "analise_btts", "stats_dia", "analise_resultado")


def every_form(secret):
    return {form for form in [*forms(secret), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)]}


def served(phoenix):  # noqa: F811
    """What the page, the API and the metrics say, to who has the token and to who has not."""
    opener, said = urllib.request.build_opener(urllib.request.ProxyHandler({})), {}
    for path in ("/", "/api/v1/status", "/metrics", "/readyz", "/healthz", "/nowhere"):
        for token in (PAGE_TOKEN, "wr0ng", None):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            asked = urllib.request.Request(f"http://{phoenix.address}{path}", headers=headers)
            try:
                with opener.open(asked, timeout=30) as answer:
                    said[path, token] = answer.read()
            except urllib.error.HTTPError as refusal:
                said[path, token] = refusal.read() + str(refusal.headers).encode()
    return said


def ask_everything(world, first):  # noqa: F811
    for number, data in enumerate(ASK, first):
        world.telegram("POST", "tap", {"user": number, "data": data, "force": True})


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_secret_leaves(request, bin_dir, tmp_path, phoenix, kind):  # noqa: F811
    secrets = [TOKEN, KEY, PAGE_TOKEN, HOOK] + ([PASSWORD] if kind == "postgresql" else [])
    world = phoenix.world  # noqa: F811
    environment = {"PAGE_TOKEN": PAGE_TOKEN, "HOOK": HOOK}
    database = None
    if kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        if not server.query("SELECT 1 FROM pg_roles WHERE rolname = 'planted'"):
            server.query(f"CREATE ROLE planted LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
        database = server.create_database(owner="planted")
        phoenix.store = None
        environment["DATABASE_URL"] = server.url(database, user="planted", password=PASSWORD)
    log = tmp_path / "fault-proxy.log"
    with FaultProxy(bin_dir, log, f"127.0.0.1:{world.port}") as proxy:
        more = {"telegram": {"base": f"{proxy.url}/api.telegram.org", "owners": [7], "poll_timeout": "1s", "webhook": {"secret": "${HOOK}"}},
                "football": {"base": f"{proxy.url}/v3.football.api-sports.io"},
                "listen": {"address": "127.0.0.1:0", "token": "${PAGE_TOKEN}"},
                "logs": {"directory": "logs", "level": "debug"}}
        phoenix.start(more, environment)
        users = [phoenix.user(number) for number in range(100, 100 + 6 * len(ASK))]
        for one in users:
            one.writes("/start")
        for one in users:
            one.message()
        echo = " ".join(form for secret in secrets for form in every_form(secret))
        user = 100

        def round_of(*faults):
            nonlocal user
            world.faults(*faults)
            ask_everything(world, user)
            user += len(ASK)
            wait_until(lambda: phoenix.text().count("job ended") >= user - 100, "the jobs have ended")
            wait_until(lambda: not any(fault.get("api") == "telegram" for fault in left()), "Telegram's faults are used up")
            world.faults()

        def left():
            return json_of(f"{world.url}/_sim/faults")

        def bodies(api):  # a server that tells everybody what it was told
            refusal = {"ok": False, "error_code": 400, "description": echo}
            return [{"api": api, "kind": "body", "body": json.dumps(body), "content_type": "application/json", "count": 2}
                    for body in ({"errors": {"token": echo}, "response": []}, refusal)]

        def failures(api):
            return [{"api": api, "kind": "status", "status": 500, "count": 3}, {"api": api, "kind": "html", "count": 2},
                    {"api": api, "kind": "lost_answer", "count": 3}]

        for api in ("football", "telegram"):
            round_of(*bodies(api))
            round_of(*failures(api))
        round_of({"api": "football", "kind": "status", "status": 401, "count": 2})
        world.faults()
        proxy.command("refuse")
        ask_everything(world, user)
        user += len(ASK)
        wait_until(lambda: phoenix.text().count("part=updates") or phoenix.text().count("WARNING"), "the refusal is noticed")
        proxy.command("clear")
        ana = phoenix.user(7)
        ana.writes("/status")
        ana.waits_for(lambda m: "phoenix" in m["text"] and "Fila" in m["text"])
        # In the end the token is revoked.
        world.faults({"api": "telegram", "kind": "body", "content_type": "application/json", "count": -1,
                      "body": json.dumps({"ok": False, "error_code": 401, "description": echo})})
        phoenix.wait_for("CRITICAL: Telegram refuses TELEGRAM_BOT_TOKEN")
        told = served(phoenix)
        assert phoenix.end() == 0

    good = {path: path.read_bytes() for path in phoenix.folder.rglob("*") if path.is_file() and path.name != "phoenix.yaml"}
    assert phoenix.console in good and any(path.suffix == ".log" for path in good), "log files were written"
    assert any(path.name == "phoenix.cache" for path in good)
    assert b"phoenix_updates_total" in told["/metrics", PAGE_TOKEN]
    written = good | told
    chats = [world.telegram("GET", f"chat?user={number}") for number in [7, *range(100, user)]]
    written["messages to users"] = json.dumps([m for chat in chats for m in chat["messages"]], ensure_ascii=False).encode()
    written["what the bot did"] = json.dumps(world.events(), ensure_ascii=False).encode()
    assert b"Over Gols" in written["messages to users"]
    if database:
        for (table,) in server.query("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('phoenix', 'public')",
                                     database):
            written[table] = "\n".join(map(str, server.query(f"SELECT * FROM {table}", database))).encode()
        assert written["phoenix.outbox"]
    for place, content in written.items():
        for secret in secrets:
            for form in every_form(secret):
                assert form.encode() not in content, f"{form!r} in {place}: …{around(content, form)}…"


def around(content, form):
    at = content.find(form.encode())
    return content[max(0, at - 200):at + len(form) + 50]


def json_of(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=30) as answer:
        return json.loads(answer.read())
